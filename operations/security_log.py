"""The security log: who reached beyond their rights, who signed in and out, with what and from where. By the wall clock.

It is only added to. Once a day its digest goes into the ledger, so that a log that was emptied or edited is found
(`ledger verify`, `doctor`); nothing of it is ever deleted, and nothing of it is published.
"""

import hashlib
import json
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import canonical
from ledger.kinds import ENGINE, Kind
from models import LedgerEntry, LedgerOpening, SecurityEvent
from models.types import table
from operations import access, record
from rules.refusal import Refusal

DONE = "done"  # the code of what was not refused
COMMAND_LINE = "cli"
# From where this act is asked for: set by its door, once a request.
CALLER: ContextVar[str] = ContextVar("caller", default="")
_S = table(SecurityEvent).c


def note(
    session: Session, *, actor: str, verb: str, subject: str = "", code: str = DONE, wall: datetime | None = None
) -> None:
    """Write one line, in the caller's own transaction."""
    session.add(
        SecurityEvent(
            at=wall or datetime.now(UTC),
            actor=actor[:80],
            verb=verb[:60],
            subject=subject[:200],
            code=code[:60],
            address=CALLER.get()[:60] or None,
        )
    )


def reach(
    session: Session, *, actor: str, verb: str, subject: str, refusal: Refusal, wall: datetime | None = None
) -> None:
    """Somebody reached beyond their rights. Called by the door, in an act of its own."""
    note(session, actor=actor, verb=verb, subject=subject, code=refusal.code, wall=wall)


# Its digest in the ledger -----------------------------------------------------------------------------------------


def due(session: Session, *, wall: datetime | None = None) -> bool:
    """Has no digest been written today, although there is something new?"""
    last = session.execute(sa.select(sa.func.max(_S.id))).scalar_one()
    if last is None:
        return False
    newest = _newest(session)
    today = access.local_date(wall or datetime.now(UTC)).isoformat()
    return newest is None or (newest[0] < today and newest[1] < last)


def digest(session: Session, *, wall: datetime | None = None) -> bool:
    """Write the digest of all that came since the last one into the ledger, once a day; was it due?"""
    if session.get_bind().dialect.name != "sqlite":  # lines that are being written get their number before their commit
        session.execute(sa.text("LOCK TABLE security_event IN SHARE MODE"))
    if not due(session, wall=wall):
        return False
    newest = _newest(session)
    first = newest[1] + 1 if newest else 1
    last = session.execute(sa.select(sa.func.max(_S.id))).scalar_one()
    day = access.local_date(wall or datetime.now(UTC)).isoformat()
    record.record(session, Kind.SECURITY_LOG_DIGESTED, [(day, aspects(session, first, last))], by=ENGINE)
    return True


def aspects(session: Session, first: int, last: int) -> dict[str, Any]:
    """The ledger's summary of a range of lines: their number and their digest."""
    hashed, count = hashlib.sha256(), 0
    for row in session.execute(sa.select(table(SecurityEvent)).where(_S.id.between(first, last)).order_by(_S.id)):
        line = [row.id, record.plain(row.at), row.actor, row.verb, row.subject, row.code, row.address or ""]
        hashed.update(canonical.dumps(line) + b"\n")
        count += 1
    return {"rows": [first, last, count], "digest": hashed.hexdigest()}


def digested(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    """(day, what the lines say now) for each digest in the ledger."""
    query = (
        select(LedgerEntry.subject, LedgerOpening.openings)
        .join(LedgerOpening, col(LedgerOpening.index) == col(LedgerEntry.index))
        .where(LedgerEntry.kind == Kind.SECURITY_LOG_DIGESTED)
        .order_by(col(LedgerEntry.index))
    )
    for day, text in session.exec(query).all():
        bounds = _rows(text)
        if bounds is not None:
            yield day, aspects(session, *bounds)


def altered(session: Session) -> Iterator[str]:
    """The days whose lines are not as their digest in the ledger says."""
    query = select(LedgerEntry.subject, LedgerOpening.openings).join(
        LedgerOpening, col(LedgerOpening.index) == col(LedgerEntry.index)
    )
    for day, text in session.exec(query.where(LedgerEntry.kind == Kind.SECURITY_LOG_DIGESTED)).all():
        said, bounds = json.loads(text), _rows(text)
        if bounds is None or any(said[name][1] != value for name, value in aspects(session, *bounds).items()):
            yield day


def _newest(session: Session) -> tuple[str, int] | None:
    """The day and the last number of the newest digest."""
    query = (
        select(LedgerEntry.subject, LedgerOpening.openings)
        .join(LedgerOpening, col(LedgerOpening.index) == col(LedgerEntry.index))
        .where(LedgerEntry.kind == Kind.SECURITY_LOG_DIGESTED)
        .order_by(col(LedgerEntry.index).desc())
        .limit(1)
    )
    found = session.exec(query).first()
    bounds = _rows(found[1]) if found else None
    return (found[0], bounds[1]) if found and bounds else None


def _rows(text: str) -> tuple[int, int] | None:
    try:
        first, last, _ = json.loads(text)["rows"][1]
        return int(first), int(last)
    except (ValueError, KeyError, TypeError, IndexError):
        return None  # an opening that does not open: said elsewhere
