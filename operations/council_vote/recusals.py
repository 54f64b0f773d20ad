"""Recusals: declared before the ballot opens, kept from session to session of a round."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import (
    CouncilSession,
    Nomination,
    Recusal,
    SessionMember,
)
from operations import (
    access,
    free_text,
    record,
    rights,
)
from operations.access import Actor
from operations.council_vote import conflicts_found, sessions
from rules.lifecycle import Role, State
from rules.refusal import Refusal
from rules.vocabulary import ConflictState


def carry_over(
    session: Session, sitting: CouncilSession, members: Sequence[SessionMember], *, by: str, now: datetime
) -> None:
    """A kinship does not end with a session that was called off or annulled."""
    numbers = {member.username: member.member for member in members}
    earlier = session.exec(
        select(Recusal, Nomination)
        .join(Nomination, col(Nomination.id) == col(Recusal.nomination_id))
        .where(
            Nomination.round_id == sitting.round_id,
            Nomination.state == State.ELIGIBLE,
            col(Recusal.username).in_(sorted(numbers)),
        )
        .order_by(col(Recusal.id))
    ).all()
    for old, row in earlier:
        stand_aside(session, sitting, old.username, numbers[old.username], row, ground=old.ground, by=by, now=now)


def recuse(
    session: Session, session_code: str, *, member: str, nomination: str, ground: str, actor: Actor, now: datetime
) -> None:
    """A member stands aside from one nomination, declared by the member or entered by the secretary.

    Whatever was asked of the member about that nomination is settled with it.
    """
    sitting = sessions.by_code(session, session_code)
    who = sessions.member_named(session, sitting, member)
    if actor.username != who.username:
        access.require(actor, Role.SECRETARY)
    sessions.require_convened(sitting)
    if not ground.strip():
        raise Refusal("reason_required", "Phải ghi lý do tránh (quan hệ thân nhân, cấp trên trực tiếp, đồng tác giả…).")
    free_text.check("Lý do tránh", ground, 500)
    row = sessions.nomination_of(session, sitting, nomination)
    stand_aside(session, sitting, who.username, who.member, row, ground=ground.strip(), by=actor.username, now=now)
    conflicts_found.settle(
        session,
        sitting,
        who.username,
        [row.id or 0],
        state=ConflictState.RECUSED,
        by=actor.username,
        reason=ground,
        now=now,
    )


def stand_aside(
    session: Session,
    sitting: CouncilSession,
    username: str,
    number: str,
    row: Nomination,
    *,
    ground: str,
    by: str,
    now: datetime,
) -> None:
    """Once is enough: what was said first stands."""
    known = session.exec(
        select(Recusal).where(
            Recusal.session_id == sitting.id, Recusal.username == username, Recusal.nomination_id == row.id
        )
    ).one_or_none()
    if known is not None:
        return
    aside = Recusal(session_id=sitting.id or 0, username=username, nomination_id=row.id or 0, ground=ground, at=now)
    session.add(aside)
    session.flush()
    record.record(
        session, Kind.RECUSAL_DECLARED, [(f"{sitting.code}/{number}/{row.code}", recusal_aspects(aside))], by=by
    )


def recusal_aspects(row: Recusal) -> dict[str, Any]:
    return {"ground": row.ground, "at": row.at}


def barred(session: Session, username: str) -> set[str]:
    """Codes of the nominations that this person neither reads nor sees counted (`rights.barred`)."""
    return set(session.exec(select(Nomination.code).where(col(Nomination.id).in_(rights.barred(username)))))


def of(session: Session, sitting: CouncilSession) -> set[tuple[str, str]]:
    """(username, nomination code) of every recusal of a session."""
    return set(
        session.exec(
            select(Recusal.username, Nomination.code)
            .join(Nomination, col(Nomination.id) == col(Recusal.nomination_id))
            .where(Recusal.session_id == sitting.id)
        )
    )
