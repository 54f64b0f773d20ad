"""The office's own regulations (Quy chế): registered with their exact text, and which of them a round is bound to."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Regulation, ReviewRound
from operations import record
from rules import regulation


def in_use(session: Session) -> Regulation | None:
    """The regulation that a round opened without a file of its own would be bound to: the newest registered."""
    return session.exec(select(Regulation).order_by(col(Regulation.id).desc())).first()


def listing(session: Session) -> Sequence[Regulation]:
    """Every regulation that was registered, the newest first."""
    return session.exec(select(Regulation).order_by(col(Regulation.id).desc())).all()


def register(session: Session, text: str, *, now: datetime, by: str) -> Regulation:
    """Keep the regulation's exact text and who brought it; the same text is kept once. Raises Unreadable on a bad file.

    Thresholds and quorum stand in it: only the secretary's opening of a round brings one in, never an administrator.
    """
    parsed = regulation.parse(text)
    known = session.exec(select(Regulation).where(Regulation.sha256 == parsed.sha256)).one_or_none()
    if known is not None:
        return known
    row = Regulation(
        sha256=parsed.sha256,
        document=parsed.document,
        number=parsed.number,
        issued_on=parsed.date,
        text=text,
        registered_at=now,
    )
    session.add(row)
    session.flush()
    record.record(
        session,
        Kind.REGULATION_REGISTERED,
        [(row.sha256, aspects(row))],
        by=by,
    )
    return row


def aspects(row: Regulation) -> dict[str, Any]:
    """A regulation as the ledger commits to it; the newest by number is the next round's."""
    return {
        "document": row.document,
        "number": row.number,
        "issued_on": row.issued_on,
        "registered": [row.id, row.registered_at],
    }


_parsed = lru_cache(maxsize=32)(regulation.parse)


def of_round(session: Session, round_: ReviewRound) -> regulation.Regulation:
    """The regulation that the round was opened under, as rules."""
    row = session.get_one(Regulation, round_.regulation_id)
    return _parsed(row.text)
