"""A session of the council: its members and their seats, its agenda, and whether the bodies that must sit are represented."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from models import (
    AgendaItem,
    Council,
    CouncilSession,
    Nomination,
    ReviewRound,
    SessionMember,
)
from operations import (
    access,
    regulations,
    transition,
)
from operations.access import Actor
from operations.council_vote import conflicts_found, council
from rules import lifecycle, policy
from rules.lifecycle import State
from rules.policy import Permission, Relation
from rules.refusal import Citation, Refusal
from rules.vocabulary import SessionState


def by_code(session: Session, code: str) -> CouncilSession:
    """The council session of this code. Raises Refusal `unknown_session`."""
    found = session.exec(select(CouncilSession).where(CouncilSession.code == code)).one_or_none()
    if found is None:
        raise Refusal("unknown_session", f"Không có phiên họp Hội đồng mang mã «{code}».")
    return found


def of_round(session: Session, round_code: str, *, state: str) -> list[CouncilSession]:
    """A round's sessions in this state, oldest first."""
    return list(
        session.exec(
            select(CouncilSession)
            .join(ReviewRound, col(ReviewRound.id) == col(CouncilSession.round_id))
            .where(ReviewRound.code == round_code, CouncilSession.state == state)
            .order_by(col(CouncilSession.id))
        )
    )


def aspects(row: CouncilSession, *only: str) -> dict[str, Any]:
    """A session as the ledger commits to it, whole or some of it; whose it is comes apart."""
    whole = {
        "when": [row.held_at, row.place],
        "regulation": row.regulation_sha256,
        "state": row.state,
        "invited": row.invitation_sequence,
        "frozen": row.frozen_sha256,
        "opened": row.opened_at,
        "closed": row.closed_at,
        "batch": row.batch_sha256,
    }
    return {name: whole[name] for name in only or whole}


def seat_aspects(member: SessionMember) -> dict[str, Any]:
    return {
        "who": [member.username, member.name, member.email, int(member.chairs), int(member.teller)],
        "attended": int(member.attended),
    }


def members_of(session: Session, sitting: CouncilSession) -> list[SessionMember]:
    return list(
        session.exec(
            select(SessionMember).where(SessionMember.session_id == sitting.id).order_by(col(SessionMember.id))
        )
    )


def member_named(session: Session, sitting: CouncilSession, name: str) -> SessionMember:
    """The member by number or username. Raises Refusal `not_a_member`."""
    for member in members_of(session, sitting):
        if name in {member.member, member.username}:
            return member
    raise _not_a_member(sitting, name)


def seat_of(session: Session, sitting: CouncilSession, actor: Actor) -> SessionMember:
    """The actor's own seat, by username only: an account called «TV03» is not member TV03. Raises `not_a_member`."""
    access.bar_administrator(actor)
    for member in members_of(session, sitting):
        if member.username == actor.username:
            return member
    raise _not_a_member(sitting, actor.username)


def relation_of(members: Iterable[SessionMember], actor: Actor) -> frozenset[Relation]:
    """The actor's seat in a session with these members."""
    mine = next((member for member in members if member.username == actor.username), None)
    if mine is None:
        return frozenset()
    return frozenset({Relation.MEMBER, Relation.TELLER}) if mine.teller else frozenset({Relation.MEMBER})


def require(sitting: CouncilSession, act: Permission, *, actor: Actor, relation: frozenset[Relation]) -> None:
    """Raise Refusal `not_your_role`, `not_a_member`, `not_a_teller` unless the policy lets this actor do this here."""
    refused = policy.decide(actor.roles, act, relation=relation)
    if refused is None:
        return
    if refused.relation is Relation.MEMBER or (refused.relation is Relation.TELLER and not relation):
        raise _not_a_member(sitting, actor.username)
    if refused.relation is Relation.TELLER:
        raise Refusal(
            "not_a_teller",
            f"Bạn không ở trong tổ kiểm phiếu của phiên {sitting.code}. Hãy để tổ kiểm phiếu hoặc thư ký Hội đồng làm.",
            citation=Citation(document=lifecycle.LAW, article="90"),
            reach=True,
        )
    raise policy.not_your_role(act)


def require_for(session: Session, sitting: CouncilSession, act: Permission, *, actor: Actor) -> None:
    """The same for a verb that has not looked at the members yet."""
    require(sitting, act, actor=actor, relation=relation_of(members_of(session, sitting), actor))


def _not_a_member(sitting: CouncilSession, name: str) -> Refusal:
    return Refusal(
        "not_a_member",
        f"«{name}» không phải thành viên Hội đồng của phiên {sitting.code}. "
        "Danh sách thành viên ở trang phiên họp (dòng lệnh: `vinhdanh council members`).",
        citation=Citation(document="06/2022/QH15", article="90"),
        reach=True,
    )


def require_convened(sitting: CouncilSession) -> None:
    """Raise Refusal `ballot_opened`, `ballot_closed`: from its opening on nothing of a session's list changes."""
    if sitting.state != SessionState.CONVENED:
        raise Refusal(
            "ballot_closed" if sitting.state in {SessionState.CLOSED, SessionState.TALLIED} else "ballot_opened",
            f"Phiên {sitting.code} đã mở phiếu hoặc đã kết thúc; danh sách dự họp và việc tránh không đổi được nữa.",
        )


def early(sitting: CouncilSession, now: datetime) -> list[str]:
    """A warning where somebody acts as if the meeting were held while its day has not come; it stops nothing."""
    today, day = access.local_date(now), access.local_date(sitting.held_at)
    if today >= day:
        return []
    return [
        f"Giấy mời ghi phiên họp ngày {day:%d/%m/%Y}, hôm nay mới là ngày {today:%d/%m/%Y}: có đúng là đang họp không? Nếu "
        "họp sớm hơn, hãy đổi lịch trước khi mở phiếu; mở nhầm thì hủy cuộc bỏ phiếu."
    ]


def representation(session: Session, sitting: CouncilSession) -> dict[str, list[str]]:
    """Held against `[composition]` of the office's regulation: {"missing_bodies", "warnings"}."""
    rule = regulations.of_round(session, session.get_one(ReviewRound, sitting.round_id))
    standing = session.get_one(Council, sitting.council_id)
    called = {member.username for member in members_of(session, sitting)}
    people = [
        seat
        for seat, account in council.people_on(session, standing, access.local_date(sitting.held_at))
        if account.username in called
    ]
    return council.composition_gaps(rule, people)


def require_representative(session: Session, sitting: CouncilSession) -> list[str]:
    """Raise Refusal `members_changed`, or `council_not_representative` while a body that must sit has nobody.

    Returns what else differs from the regulation's `[composition]`, as warnings.
    """
    require_same_members(session, sitting, access.local_date(sitting.held_at))
    found = representation(session, sitting)
    if found["missing_bodies"]:
        raise Refusal(
            "council_not_representative",
            f"Hội đồng thiếu đại diện của {', '.join(found['missing_bodies'])} theo Quy chế. Hãy cử thêm thành viên bằng "
            f"quyết định, hủy phiên {sitting.code} rồi triệu tập lại (dòng lệnh: `vinhdanh council appoint`).",
            citation=conflicts_found.basis(session, sitting),
            details={"missing_bodies": found["missing_bodies"]},
        )
    return found["warnings"]


def require_same_members(session: Session, sitting: CouncilSession, day: date) -> None:
    """The list of a session is of the day of the session: somebody dismissed meanwhile has no seat in it."""
    standing = session.get_one(Council, sitting.council_id)
    now_seated = {
        (account.username, seat.chairs, seat.teller) for seat, account in council.people_on(session, standing, day)
    }
    listed = {(member.username, member.chairs, member.teller) for member in members_of(session, sitting)}
    if now_seated != listed:
        changed = sorted({username for username, *_ in now_seated ^ listed})
        raise Refusal(
            "members_changed",
            f"Thành viên Hội đồng ngày {day:%d/%m/%Y} khác danh sách đã mời ({', '.join(changed)}). Hãy hủy phiên "
            f"{sitting.code} và triệu tập lại để mời đúng người.",
            citation=conflicts_found.basis(session, sitting),
            details={"changed": changed},
        )


def nomination_of(session: Session, sitting: CouncilSession, code: str) -> Nomination:
    """A nomination of the session's round. Raises Refusal `unknown_nomination`, `other_round`."""
    row = session.exec(select(Nomination).where(Nomination.code == code)).one_or_none()
    if row is None:
        raise transition.unknown(code)
    if row.round_id != sitting.round_id:
        raise Refusal("other_round", f"Hồ sơ {code} không thuộc đợt xét của phiên {sitting.code}.")
    return row


def agenda_codes(session: Session, sitting: CouncilSession) -> list[str]:
    return list(
        session.exec(
            select(Nomination.code)
            .join(AgendaItem, col(AgendaItem.nomination_id) == col(Nomination.id))
            .where(AgendaItem.session_id == sitting.id)
            .order_by(Nomination.code)
        )
    )


def waiting_for_council(session: Session, sitting: CouncilSession) -> list[str]:
    """Codes of the round's eligible nominations, which the ballot will be about."""
    return list(
        session.exec(
            select(Nomination.code)
            .where(Nomination.round_id == sitting.round_id, Nomination.state == State.ELIGIBLE)
            .order_by(Nomination.code)
        )
    )
