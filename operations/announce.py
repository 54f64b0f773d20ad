"""Messages to people and to the engine: rows of the outbox, written in the transaction of the act they report.

Keys are facts (of which installation, which entry of its ledger, to whom), so the same fact is never announced twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.canonical import dumps
from models import Account, Counter, OutboxMessage, RoleGrant
from models.types import table
from operations import identity, seal
from rules.lifecycle import Role, Stage

_O, _A, _N = (table(model).c for model in (OutboxMessage, Account, Counter))
_INSERT = sa.insert(table(OutboxMessage))
_WAITING = (
    sa.select(_O.id).where(_O.kind == "stage_entered", _O.state == "queued", _O.topic == sa.bindparam("about")).limit(1)
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One letter to one recipient; `kind` names its template, `about` the fact that makes its key unique."""

    kind: str
    about: str
    to: str | None  # an address; None: the recipient has none, nothing is queued
    recipient: str  # code or username, for the key: never the address itself
    context: dict[str, Any]

    @property
    def key(self) -> str:
        """The fact that is told, within its installation."""
        return f"{self.kind}/{self.about}/{self.recipient}"


def notices(session: Session, batch: Sequence[Notice]) -> int:
    """Queue letters; those without an address are left out. Returns how many were queued.

    Times in the outbox are the wall clock's: back-off and leases are about machines, not about law.
    """
    told = [notice for notice in batch if notice.to]
    if not told:
        return 0
    now, own = datetime.now(UTC), identity.of(session)
    kept = _evidence(session) if (watching := _inspectors(session, told)) else None
    rows = [
        {
            "key": f"{own}/{notice.key}",
            "kind": "letter",
            "topic": notice.kind,
            "recipient": notice.to,
            "context": dumps(
                notice.context | ({"ledger": kept} if kept and notice.recipient in watching else {})
            ).decode(),
            "state": "queued",
            "attempts": 0,
            "queued_at": now,
            "due_at": now,
        }
        for notice in told
    ]
    session.connection().execute(_INSERT, rows)
    return len(rows)


def _inspectors(session: Session, batch: Sequence[Notice]) -> set[str]:
    """Which of these recipients have been given the inspector's role."""
    query = (
        sa.select(_A.username)
        .join_from(Account, RoleGrant, table(RoleGrant).c.account_id == _A.id)
        .where(table(RoleGrant).c.role == Role.INSPECTOR.value)
    )
    return {notice.recipient for notice in batch} & set(session.execute(query).scalars())


def _evidence(session: Session) -> dict[str, str] | None:
    """What an inspector keeps outside of the system: the newest signed note, and the last number of each series."""
    signed = seal.newest(session)
    if signed is None:
        return None
    numbers = session.execute(sa.select(_N.name, _N.value).order_by(_N.name))
    return {"note": signed.note, "numbers": "; ".join(f"{name}={value}" for name, value in numbers)}


def stage(session: Session, round_code: str, stage: Stage, *, index: int) -> None:
    """Tell the engine that a round has work in this stage; one waiting message a stage is enough."""
    topic = f"{round_code}/{stage}"
    waiting = session.connection().execute(_WAITING, {"about": topic}).first()
    if waiting is None:
        now = datetime.now(UTC)
        session.connection().execute(
            _INSERT,
            {
                "key": f"{identity.of(session)}/stage_entered/{topic}/{index}",
                "kind": "stage_entered",
                "topic": topic,
                "recipient": None,
                "context": dumps({"round": round_code, "stage": str(stage)}).decode(),
                "state": "queued",
                "attempts": 0,
                "queued_at": now,
                "due_at": now,
            },
        )


def round_run(session: Session, round_code: str, *, by: str) -> str:
    """Ask the engine for a run of the whole round; one that still waits is enough. Returns the message's key."""
    of_round = sa.select(_O.key).where(_O.kind == "round_run", _O.topic == round_code)
    waiting: str | None = session.execute(of_round.where(_O.state == "queued").limit(1)).scalar()
    if waiting is not None:
        return waiting
    asked = session.execute(sa.select(sa.func.count()).select_from(of_round.subquery())).scalar_one()
    now = datetime.now(UTC)
    key = f"{identity.of(session)}/round_run/{round_code}/{asked + 1}"
    session.connection().execute(
        _INSERT,
        {
            "key": key,
            "kind": "round_run",
            "topic": round_code,
            "recipient": None,
            "context": dumps({"round": round_code, "by": by}).decode(),
            "state": "queued",
            "attempts": 0,
            "queued_at": now,
            "due_at": now,
        },
    )
    return key


def notices_once(session: Session, batch: Sequence[Notice]) -> int:
    """Queue those letters whose key was never used: for what a reconciling flow says again and again."""
    facts = {notice.key: notice for notice in batch}
    if not facts:
        return 0
    # Before a restore, or before keys named their installation, they began otherwise: told is told.
    under = {f"{own}{fact}": fact for own in ("", *(f"{one}/" for one in identity.every(session))) for fact in facts}
    found = session.exec(select(OutboxMessage.key).where(col(OutboxMessage.key).in_(list(under))))
    known = {under[key] for key in found}
    return notices(session, [notice for fact, notice in facts.items() if fact not in known])
