"""People's answers to conflicts of interest in a council session: declare, deny, waive; each once, with its reason.

A member who declares stands aside at once. What the data ask, the member answers: stand aside (`council.recuse` or
`declare`) or deny. A tie that the data call certain is cleared by two people: the member denies, the secretary waives.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from models import Conflict, CouncilSession, Nomination, SessionMember
from models.types import table
from operations import access, free_text, transition
from operations.access import Actor
from operations.council_vote import conflicts_found, recusals, sessions
from rules import conflicts
from rules.lifecycle import Role
from rules.refusal import Refusal
from rules.vocabulary import ConflictGround, ConflictSource, ConflictState, ConflictStrength

LONGEST_REASON = 500
_C, _N, _M = (table(model).c for model in (Conflict, Nomination, SessionMember))


def look_again(session: Session, session_code: str, *, actor: Actor, now: datetime) -> list[Conflict]:
    """Look at the data again, for nominations that came after the convening. Returns what is new."""
    access.require(actor, Role.SECRETARY)
    sitting = sessions.by_code(session, session_code)
    sessions.require_convened(sitting)
    return conflicts_found.look(session, sitting, by=actor.username, now=now)


def declare(
    session: Session, session_code: str, *, nomination: str, kind: str, actor: Actor, now: datetime, note: str = ""
) -> dict[str, Any]:
    """A member says why they stand aside from a nomination, and does. Said twice, it is said once.

    Raises Unreadable `unknown_ground`; Refusal `not_a_member`, `ballot_opened`, `reason_required`, `unknown_nomination`,
    `other_round`. Returns {"member", "nomination", "ground", "reason", "citation"}.
    """
    sitting = sessions.by_code(session, session_code)
    seat = sessions.seat_of(session, sitting, actor)
    sessions.require_convened(sitting)
    free_text.check("Ghi chú", note, LONGEST_REASON)
    row = sessions.nomination_of(session, sitting, nomination)
    said = conflicts.declared(
        kind,
        member=conflicts.Member(seat.username, conflicts.Person(seat.username, seat.name, "")),
        nominee=conflicts.Nominee(row.code, row.name, "", "", ""),
        note=note,
    )
    basis = conflicts_found.basis(session, sitting)
    reason = f"{said.sentence} Căn cứ: {basis}."
    if len(reason) > LONGEST_REASON:
        raise Refusal("too_long", "Ghi chú quá dài để ghi vào biên bản. Hãy viết ngắn lại.")
    known = session.exec(
        select(Conflict).where(
            Conflict.session_id == sitting.id,
            Conflict.username == seat.username,
            Conflict.nomination_id == row.id,
        )
    ).all()
    if said.ground.value not in {one.ground for one in known}:
        fresh = Conflict(
            session_id=sitting.id or 0,
            username=seat.username,
            nomination_id=row.id or 0,
            ground=said.ground.value,
            source=ConflictSource.DECLARED.value,
            strength=ConflictStrength.CERTAIN.value,
            message=said.sentence,
            found_at=now,
        )
        conflicts_found.number(known, [fresh])
        session.add(fresh)
        session.flush()
    recusals.recuse(
        session, session_code, member=seat.member, nomination=nomination, ground=reason, actor=actor, now=now
    )
    return {
        "member": seat.member,
        "nomination": row.code,
        "ground": said.ground.value,
        "reason": said.sentence,
        "citation": str(basis),
    }


def deny(
    session: Session, session_code: str, nominations: Sequence[str], *, reason: str, actor: Actor, now: datetime
) -> int:
    """A member answers that what the data ask about these nominations does not concern them, and why.

    Raises Refusal `not_a_member`, `ballot_opened`, `reason_required`, `no_conflict`. Returns how many were answered.
    """
    sitting = sessions.by_code(session, session_code)
    seat = sessions.seat_of(session, sitting, actor)
    return _settle(session, sitting, seat, nominations, ConflictState.DENIED, reason=reason, actor=actor, now=now)


def waive(
    session: Session,
    session_code: str,
    nominations: Sequence[str],
    *,
    member: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """The secretary finds that a member may vote on these nominations all the same, and why: on record.

    Raises Refusal `not_your_role`, `own_conflict`, `not_a_member`, `ballot_opened`, `reason_required`, `no_conflict`.
    Returns how many were waived.
    """
    access.require(actor, Role.SECRETARY)
    sitting = sessions.by_code(session, session_code)
    seat = sessions.member_named(session, sitting, member)
    if seat.username == actor.username:
        raise Refusal(
            "own_conflict",
            "Không ai tự xác nhận cho mình; hãy để thư ký khác xác nhận, hoặc tránh hồ sơ này.",
            citation=conflicts_found.basis(session, sitting),
            reach=True,
        )
    return _settle(session, sitting, seat, nominations, ConflictState.WAIVED, reason=reason, actor=actor, now=now)


def _settle(
    session: Session,
    sitting: CouncilSession,
    seat: SessionMember,
    nominations: Sequence[str],
    state: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    sessions.require_convened(sitting)
    if not reason.strip():
        raise Refusal("reason_required", "Phải ghi lý do: câu trả lời này vào sổ và được xem lại khi có khiếu nại.")
    free_text.check("Lý do", reason, LONGEST_REASON)
    wanted = {code: sessions.nomination_of(session, sitting, code).id or 0 for code in nominations}
    rows = conflicts_found.settle(
        session,
        sitting,
        seat.username,
        list(wanted.values()),
        state=state,
        by=actor.username,
        reason=reason,
        now=now,
    )
    unasked = set(wanted.values()) - {row.nomination_id for row in rows}
    if unasked or not wanted:
        codes = ", ".join(code for code, row_id in wanted.items() if row_id in unasked)
        raise Refusal(
            "no_conflict",
            f"Không có câu hỏi nào đang chờ trả lời về {seat.name} và hồ sơ {codes or '(chưa nêu hồ sơ nào)'}: chưa phát "
            "hiện gì, hoặc đã giải quyết.",
        )
    return len(rows)


def listing(session: Session, session_code: str, *, only: str | None = None) -> list[dict[str, Any]]:
    """Every conflict of a session as it stands, by member and nomination; `only` limits it to one username's."""
    sitting = sessions.by_code(session, session_code)
    rows = session.execute(
        sa.select(
            _M.member, _M.username, _M.name, _N.code, _N.award, _N.name.label("nominee"),
            *(_C[name] for name in (
                "ground", "source", "strength", "state", "message", "reason", "settled_by", "settled_at", "found_at",
            )),
        )
        .join_from(Conflict, Nomination, _C.nomination_id == _N.id)
        .join(SessionMember, (_M.session_id == _C.session_id) & (_M.username == _C.username))
        .where(_C.session_id == sitting.id, *([] if only is None else [_C.username == only]))
        .order_by(_M.member, _N.code, _C.id)
    )  # fmt: skip
    return [
        {
            "member": row.member,
            "username": row.username,
            "name": row.name,
            "nomination": row.code,
            "nominee": row.nominee,
            "award": transition.award_name(row.award),
            "ground": row.ground,
            "ground_name": ConflictGround(row.ground).word,
            "source": row.source,
            "strength": row.strength,
            "state": row.state,
            # The patterns name other people: they are for the secretary, not for the member they are about.
            "message": row.message if only is None else None,
            "reason": row.reason,
            "settled_by": row.settled_by,
            "settled_at": row.settled_at,
            "found_at": row.found_at,
        }
        for row in rows
    ]
