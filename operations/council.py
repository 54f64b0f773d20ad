"""Stage 3, council_vote, before the ballot: convene, invite, attend, stand aside (Law 06/2022 Art. 90)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from models import (
    Account,
    AgendaItem,
    Council,
    CouncilMember,
    CouncilSession,
    Nomination,
    Recusal,
    ReviewRound,
    SessionMember,
)
from operations import access, announce, numbering, record, rounds, transition, written
from operations.access import Actor
from rules.lifecycle import Role, State
from rules.refusal import Citation, Refusal


def by_code(session: Session, code: str) -> CouncilSession:
    """The council session of this code. Raises Refusal `unknown_session`."""
    found = session.exec(select(CouncilSession).where(CouncilSession.code == code)).one_or_none()
    if found is None:
        raise Refusal("unknown_session", f"Không có phiên họp Hội đồng mang mã «{code}».")
    return found


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
    for member in members_of(session, sitting):
        if member.username == actor.username:
            return member
    raise _not_a_member(sitting, actor.username)


def _not_a_member(sitting: CouncilSession, name: str) -> Refusal:
    return Refusal(
        "not_a_member",
        f"«{name}» không phải thành viên Hội đồng của phiên {sitting.code}. "
        "Danh sách thành viên xem bằng `vinhdanh council members`.",
        citation=Citation(document="06/2022/QH15", article="90"),
        reach=True,
    )


def convene(
    session: Session, *, round_code: str, at: datetime, place: str, actor: Actor, now: datetime
) -> CouncilSession:
    """Call the council for a round: members are taken as of the day of the session and invited by letter.

    Raises Refusal `no_council` when no council stands on that day, `round_closed`, `date_in_the_past`.
    """
    access.require(actor, Role.SECRETARY)
    round_ = rounds.by_code(session, round_code)
    if round_.closed_at is not None:
        raise Refusal("round_closed", f"Đợt xét {round_code} đã đóng; không triệu tập Hội đồng được nữa.")
    day = access.local_date(at)
    council = session.exec(
        select(Council)
        .where(
            Council.valid_from <= day,
            col(Council.valid_to).is_(None) | (col(Council.valid_to) > day),
        )
        .order_by(col(Council.valid_from).desc())
    ).first()
    if council is None:
        raise Refusal(
            "no_council",
            f"Không có Hội đồng Thi đua – Khen thưởng nào được thành lập cho ngày {day:%d/%m/%Y}. "
            "Hãy khai báo quyết định thành lập Hội đồng.",
            citation=Citation(document="06/2022/QH15", article="90"),
        )
    if not place.strip():
        raise Refusal("missing_place", "Giấy mời phải ghi địa điểm họp.")
    written.check("Địa điểm họp", place, 300)
    if day < access.local_date(now):
        raise Refusal(
            "date_in_the_past", f"Ngày họp {day:%d/%m/%Y} đã qua; hãy triệu tập cho một ngày từ hôm nay trở đi."
        )
    rule = rounds.regulation_of(session, round_)
    number = numbering.take(session, f"session/{round_.year}")[0]
    sitting = CouncilSession(
        code=f"PH-{round_.year}-{number:02d}",
        round_id=round_.id or 0,
        council_id=council.id or 0,
        held_at=at,
        place=place.strip(),
        state="convened",
        regulation_sha256=rule.sha256,
    )
    session.add(sitting)
    session.flush()
    people = session.exec(
        select(CouncilMember, Account)
        .join(Account, col(CouncilMember.account_id) == col(Account.id))
        .where(
            CouncilMember.council_id == council.id,
            CouncilMember.valid_from <= day,
            col(CouncilMember.valid_to).is_(None) | (col(CouncilMember.valid_to) > day),
        )
        .order_by(col(CouncilMember.id))
    ).all()
    snapshot = [
        SessionMember(
            session_id=sitting.id or 0,
            member=f"TV{position:02d}",
            username=account.username,
            name=account.display_name,
            email=account.email,
            chairs=member.chairs,
            teller=member.teller,
        )
        for position, (member, account) in enumerate(people, start=1)
    ]
    session.add_all(snapshot)
    session.flush()
    index = record.record(
        session,
        "session:convened",
        [
            (
                sitting.code,
                {
                    "of": [round_.code, council.code],
                    "when": [sitting.held_at, sitting.place],
                    "regulation": sitting.regulation_sha256,
                    "state": sitting.state,
                },
            )
        ],
    )
    record.record(session, "member:called", [(f"{sitting.code}/{m.member}", member_aspects(m)) for m in snapshot])
    announce.letters(session, _invitations(sitting, round_, snapshot, agenda=0, now=now, about=str(index)))
    return sitting


def member_aspects(member: SessionMember) -> dict[str, Any]:
    return {
        "who": [member.username, member.name, int(member.chairs), int(member.teller)],
        "attended": int(member.attended),
    }


def _invitations(
    sitting: CouncilSession,
    round_: ReviewRound,
    members: Sequence[SessionMember],
    *,
    agenda: int,
    now: datetime,
    about: str,
    cancelled: bool = False,
) -> list[announce.Letter]:
    return [
        announce.Letter(
            kind="council_invitation",
            about=f"{sitting.code}/{about}",
            to=member.email,
            recipient=member.member,
            context={
                "member_name": member.name,
                "session_code": sitting.code,
                "at": sitting.held_at.astimezone(access.LOCAL).isoformat(),
                "place": sitting.place,
                "round_title": round_.title,
                "agenda_count": agenda,
                "sequence": sitting.invitation_sequence,
                "cancelled": cancelled,
                "stamped_at": now.astimezone(access.LOCAL).isoformat(),
            },
        )
        for member in members
    ]


def cancel(session: Session, session_code: str, *, reason: str, actor: Actor, now: datetime) -> None:
    """Call a session off before its ballot opens; every member gets a calendar cancellation."""
    access.require(actor, Role.SECRETARY)
    sitting = by_code(session, session_code)
    _require_convened(sitting)
    if not reason.strip():
        raise Refusal("reason_required", "Hủy phiên họp phải nêu lý do.")
    written.check("Lý do hủy phiên họp", reason, transition.LONGEST_REASON)
    sitting.state = "cancelled"
    sitting.invitation_sequence += 1
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(session, "session:cancelled", [(sitting.code, {"state": sitting.state})])
    round_ = session.get_one(ReviewRound, sitting.round_id)
    announce.letters(
        session,
        _invitations(
            sitting, round_, members_of(session, sitting), agenda=0, now=now, about=str(index), cancelled=True
        ),
    )


def _require_convened(sitting: CouncilSession) -> None:
    if sitting.state != "convened":
        raise Refusal(
            "ballot_closed" if sitting.state in {"closed", "tallied"} else "ballot_opened",
            f"Phiên {sitting.code} đã mở phiếu hoặc đã kết thúc; danh sách dự họp và việc tránh không đổi được nữa.",
        )


def attend(session: Session, session_code: str, members: Sequence[str], *, actor: Actor) -> int:
    """Note who is present, before the ballot opens. Returns how many are present now."""
    access.require(actor, Role.SECRETARY)
    sitting = by_code(session, session_code)
    _require_convened(sitting)
    present = [member_named(session, sitting, name) for name in members]
    fresh = [member for member in present if not member.attended]
    for member in fresh:
        member.attended = True
        session.add(member)
    session.flush()
    record.record(session, "member:attended", [(f"{sitting.code}/{m.member}", {"attended": 1}) for m in fresh])
    return sum(member.attended for member in members_of(session, sitting))


def recuse(
    session: Session, session_code: str, *, member: str, nomination: str, ground: str, actor: Actor, now: datetime
) -> None:
    """A member stands aside from one nomination, declared by the member or entered by the secretary."""
    sitting = by_code(session, session_code)
    who = member_named(session, sitting, member)
    if actor.username != who.username:
        access.require(actor, Role.SECRETARY)
    _require_convened(sitting)
    if not ground.strip():
        raise Refusal("reason_required", "Phải ghi lý do tránh (quan hệ thân nhân, cấp trên trực tiếp, đồng tác giả…).")
    written.check("Lý do tránh", ground, 500)
    row = session.exec(select(Nomination).where(Nomination.code == nomination)).one_or_none()
    if row is None:
        raise transition.unknown(nomination)
    if row.round_id != sitting.round_id:
        raise Refusal("other_round", f"Hồ sơ {nomination} không thuộc đợt xét của phiên {sitting.code}.")
    known = session.exec(
        select(Recusal).where(
            Recusal.session_id == sitting.id, Recusal.username == who.username, Recusal.nomination_id == row.id
        )
    ).one_or_none()
    if known is not None:
        return
    session.add(
        Recusal(
            session_id=sitting.id or 0,
            username=who.username,
            nomination_id=row.id or 0,
            ground=ground.strip(),
            at=now,
        )
    )
    session.flush()
    record.record(
        session, "recusal:declared", [(f"{sitting.code}/{who.member}/{row.code}", {"ground": ground.strip()})]
    )


def recusals(session: Session, sitting: CouncilSession) -> set[tuple[str, str]]:
    """(username, nomination code) of every recusal of a session."""
    return set(
        session.exec(
            select(Recusal.username, Nomination.code)
            .join(Nomination, col(Nomination.id) == col(Recusal.nomination_id))
            .where(Recusal.session_id == sitting.id)
        )
    )


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
