"""The outbox: claim by lease, settle by result. The only reader is the dispatcher's side; a crash loses nothing.

A claim writes a lease that ends by itself; a sender that dies leaves rows that the next one takes. What was sent but
not settled is sent again with the same key, hence the same Message-ID.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import OutboxMessage
from models.types import as_mapping, table

_O = table(OutboxMessage).c
LEASE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Claimed:
    id: int
    key: str
    topic: str
    recipient: str
    context: str
    attempts: int
    queued_at: datetime


def claim(session: Session, *, kind: str, limit: int, at: datetime | None = None) -> list[Claimed]:
    """Lease up to `limit` due messages of a kind; rows leased to nobody alive any more are due again."""
    now = at or datetime.now(UTC)
    query = (
        sa.select(_O.id)
        .where(_O.kind == kind, _O.state.in_(["queued", "leased"]), _O.due_at <= now)
        .order_by(_O.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.execute(query).scalars())
    if not ids:
        return []
    lease = secrets.token_hex(8)
    for start in range(0, len(ids), 400):
        session.execute(
            sa.update(OutboxMessage)
            .where(_O.id.in_(ids[start : start + 400]))
            .values(state="leased", lease=lease, due_at=now + LEASE, attempts=_O.attempts + 1)
        )
    rows = session.execute(
        sa.select(_O.id, _O.key, _O.topic, _O.recipient, _O.context, _O.attempts, _O.queued_at)
        .where(_O.lease == lease)
        .order_by(_O.id)
    )
    return [Claimed(*row) for row in rows]


def settle(session: Session, outcomes: Iterable[dict[str, Any]]) -> None:
    """Write down what came of claimed messages: {"key", "state", "reply", "due_at"}; `queued` waits until `due_at`."""
    now = datetime.now(UTC)
    rows = [
        {
            "of": outcome["key"],
            "new_state": outcome["state"],
            "new_reply": (outcome.get("reply") or "")[:500] or None,
            "new_due": outcome.get("due_at") or now,
            "new_settled": None if outcome["state"] == "queued" else now,
        }
        for outcome in outcomes
    ]
    if rows:
        session.connection().execute(
            table(OutboxMessage)
            .update()
            .where(_O.key == sa.bindparam("of"), _O.state == "leased")
            .values(
                state=sa.bindparam("new_state"),
                reply=sa.bindparam("new_reply"),
                due_at=sa.bindparam("new_due"),
                settled_at=sa.bindparam("new_settled"),
                lease=None,
            ),
            rows,
        )


def release(session: Session, keys: Iterable[str]) -> None:
    """Give leases back unused, so that the messages are due at once."""
    settle(session, [{"key": key, "state": "queued"} for key in keys])


def due(session: Session, *, kind: str) -> int:
    """How many messages of a kind could be sent now."""
    found: int = session.execute(
        sa.select(sa.func.count())
        .select_from(OutboxMessage)
        .where(_O.kind == kind, _O.state.in_(["queued", "leased"]), _O.due_at <= datetime.now(UTC))
    ).scalar_one()
    return found


def status(session: Session) -> dict[str, int]:
    """Letters: {"queued" (ever), "accepted" by the server, "failed" for good, "waiting"}."""
    found = as_mapping(
        session.execute(sa.select(_O.state, sa.func.count()).where(_O.kind == "letter").group_by(_O.state))
    )
    return {
        "queued": sum(found.values()),
        "accepted": found.get("accepted", 0),
        "failed": found.get("failed", 0),
        "waiting": found.get("queued", 0) + found.get("leased", 0),
    }


def waiting_since(session: Session) -> datetime | None:
    """When the letter that waits longest was queued, by the wall clock; None when none waits."""
    found: datetime | None = session.execute(
        sa.select(sa.func.min(_O.queued_at)).where(_O.kind == "letter", _O.state.in_(["queued", "leased"]))
    ).scalar_one()
    return found


def failures(session: Session, *, limit: int | None = None) -> list[dict[str, Any]]:
    """Letters that the server refused for good, newest first: key, kind and the server's words."""
    rows = session.execute(
        sa.select(_O.key, _O.topic, _O.reply, _O.attempts)
        .where(_O.kind == "letter", _O.state == "failed")
        .order_by(_O.id.desc())
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's documented row mapping


def later(pause: timedelta) -> datetime:
    """The wall clock's moment after a pause."""
    return datetime.now(UTC) + pause


def due_batch(session: Session) -> int | None:
    """A number for the letters that are due now (the oldest one's id), or None when there are none."""
    found: int | None = session.execute(
        sa.select(sa.func.min(_O.id)).where(
            _O.kind == "letter", _O.state.in_(["queued", "leased"]), _O.due_at <= datetime.now(UTC)
        )
    ).scalar_one()
    return found


def newest_untried(session: Session) -> int | None:
    """A number for the newest letter that no delivery has tried (its id), or None when there is none."""
    untried = sa.select(sa.func.max(_O.id)).where(_O.kind == "letter", _O.state == "queued", _O.attempts == 0)
    found: int | None = session.execute(untried).scalar_one()
    return found


def unsent_now(session: Session) -> int:
    """Letters that are under way or could go now; what waits for its back-off is not counted."""
    found: int = session.execute(
        sa.select(sa.func.count())
        .select_from(OutboxMessage)
        .where(
            _O.kind == "letter",
            (_O.state == "leased") | ((_O.state == "queued") & (_O.due_at <= datetime.now(UTC))),
        )
    ).scalar_one()
    return found


def reclaim(session: Session) -> int:
    """Give back every lease: for a start that knows no sender of this folder is alive. Returns how many."""
    return (
        session.connection()
        .execute(
            sa.update(table(OutboxMessage))
            .where(_O.state == "leased")
            .values(state="queued", lease=None, due_at=datetime.now(UTC))
        )
        .rowcount
    )


def answer(session: Session, key: str) -> tuple[str, str | None]:
    """State of a message and what came of it: the run's page, for what the dispatcher settled."""
    state, reply = session.execute(sa.select(_O.state, _O.reply).where(_O.key == key)).one()
    return state, reply


def last_run(session: Session, round_code: str) -> tuple[datetime, str] | None:
    """When the last run of the whole round was started, and its page; None when none ever was."""
    found = session.execute(
        sa.select(_O.settled_at, _O.reply)
        .where(_O.kind == "round_run", _O.topic == round_code, _O.reply.is_not(None))
        .order_by(_O.id.desc())
        .limit(1)
    ).first()
    return (found.settled_at, found.reply) if found else None
