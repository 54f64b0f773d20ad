"""The council (Law 06/2022 Art. 90), and stage 3 before the ballot: convene, invite, attend, stand aside."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import (
    Account,
    AgendaItem,
    Conflict,
    Council,
    CouncilMember,
    CouncilSession,
    Nomination,
    Recusal,
    ReviewRound,
    RoleGrant,
    SessionMember,
)
from models.types import by_first, table
from operations import (
    access,
    announce,
    free_text,
    numbering,
    record,
    rounds,
    transition,
)
from operations.access import Actor
from operations.council_vote import conflicts_found
from operations.people import accounts
from rules import conflicts
from rules import regulation as regulations
from rules.lifecycle import Role, State
from rules.refusal import Citation, Refusal

# The council as its decision made it ---------------------------------------------------------------------------------


def set_up(session: Session, *, code: str, name: str, decision_number: str, valid_from: date, actor: Actor) -> Council:
    """Enter a council that a decision has set up; from that day on sessions are of its members.

    Raises Refusal `missing_value`, `code_taken`.
    """
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    for what, text, most in (("Mã", code, 40), ("Tên", name, 300), ("Số quyết định thành lập", decision_number, 80)):
        _require_text(f"{what} Hội đồng", text, most)
    if session.exec(select(Council).where(Council.code == code.strip())).one_or_none() is not None:
        raise Refusal("code_taken", f"Đã có Hội đồng mang mã «{code}». Hãy chọn mã khác.")
    return accounts.set_up_council(
        session,
        code=code.strip(),
        name=name.strip(),
        decision_number=decision_number.strip(),
        valid_from=valid_from,
        by=actor.username,
    )


def appoint(
    session: Session,
    *,
    council_code: str,
    username: str,
    title: str,
    body: str,
    valid_from: date,
    actor: Actor,
    chairs: bool = False,
    teller: bool = False,
) -> CouncilMember:
    """Seat somebody who stands for a body, from a day on; the roles that a seat needs come with it.

    Raises Refusal `unknown_council`, `unknown_account`, `missing_value`, `before_the_council`, `already_a_member`,
    `already_chaired`, `administrator_cannot_sit`, `separation_of_duties`.
    """
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    if actor.username == username:
        raise Refusal("separation_of_duties", "Không ai tự đưa mình vào Hội đồng; hãy để người khác nhập quyết định.")
    council = council_named(session, council_code)
    account = accounts.account_named(session, username)
    _require_text("Chức danh trong Hội đồng", title, 200)
    _require_text("Cơ quan, tổ chức mà thành viên đại diện", body, 200)
    if valid_from < council.valid_from:
        raise Refusal(
            "before_the_council",
            f"Hội đồng {council.code} được thành lập từ ngày {council.valid_from:%d/%m/%Y}; không cử thành viên từ ngày "
            f"{valid_from:%d/%m/%Y} được.",
        )
    held = {grant["role"] for grant in accounts.roles_of(session, account, on=valid_from)}
    if Role.ADMINISTRATOR.value in held:
        raise Refusal(
            "administrator_cannot_sit",
            f"«{username}» là quản trị hệ thống nên không làm thành viên Hội đồng: người vận hành không bỏ phiếu.",
        )
    for seat, name in _seats_from(session, council, valid_from):
        if seat.account_id == account.id:
            raise Refusal(
                "already_a_member",
                f"«{username}» đang là thành viên Hội đồng {council.code}. Muốn đổi chức danh, hãy cho thôi trước.",
            )
        if chairs and seat.chairs:
            raise Refusal("already_chaired", f"Hội đồng {council.code} đã có Chủ tịch Hội đồng: {name}.")
    for role in (Role.COUNCIL_MEMBER, *([Role.TELLER] if teller else [])):
        if role.value not in held:
            accounts.grant(
                session,
                account,
                role,
                valid_from=valid_from,
                document_number=council.decision_number,
                by=actor.username,
            )
    return accounts.appoint(
        session,
        council,
        account,
        title=title.strip(),
        body=body.strip(),
        valid_from=valid_from,
        chairs=chairs,
        teller=teller,
        by=actor.username,
    )


def dismiss(session: Session, *, council_code: str, username: str, until: date, actor: Actor) -> CouncilMember:
    """End somebody's seat and the roles that came with it: on the day `until` they are no longer a member.

    Raises Refusal `unknown_council`, `unknown_account`, `not_a_member`, `bad_dates`.
    """
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    council = council_named(session, council_code)
    account = accounts.account_named(session, username)
    seat = session.exec(
        select(CouncilMember).where(
            CouncilMember.council_id == council.id,
            CouncilMember.account_id == account.id,
            col(CouncilMember.valid_to).is_(None),
        )
    ).one_or_none()
    if seat is None:
        raise Refusal("not_a_member", f"«{username}» không phải thành viên đương nhiệm của Hội đồng {council.code}.")
    if until <= seat.valid_from:
        raise Refusal(
            "bad_dates", f"Ngày thôi phải sau ngày bắt đầu ({seat.valid_from:%d/%m/%Y}); đã nhập {until:%d/%m/%Y}."
        )
    grants = session.exec(
        select(RoleGrant).where(
            RoleGrant.account_id == account.id,
            col(RoleGrant.role).in_((Role.COUNCIL_MEMBER.value, Role.TELLER.value)),
            RoleGrant.document_number == council.decision_number,
            RoleGrant.valid_from < until,
            col(RoleGrant.valid_to).is_(None),
        )
    ).all()
    for row in (seat, *grants):
        row.valid_to = until
        session.add(row)
    session.flush()
    said = {"by": actor.username}
    record.record(
        session,
        "council_member:dismissed",
        [(f"{council.code}/{username}/{seat.valid_from.isoformat()}", accounts.member_aspects(seat) | said)],
    )
    record.record(
        session,
        "role:ended",
        [(accounts.grant_subject(username, row, ""), accounts.grant_aspects(row) | said) for row in grants],
    )
    return seat


def council_named(session: Session, code: str) -> Council:
    """The council of this code. Raises Refusal `unknown_council`."""
    found = session.exec(select(Council).where(Council.code == code)).one_or_none()
    if found is None:
        raise Refusal(
            "unknown_council",
            f"Không có Hội đồng mang mã «{code}». Hãy kiểm tra lại mã (dòng lệnh: `vinhdanh council list`).",
        )
    return found


def listing(session: Session, *, on: date) -> list[dict[str, Any]]:
    """Every council with its members of a day, newest first."""
    return [
        {
            "code": council.code,
            "name": council.name,
            "decision_number": council.decision_number,
            "valid_from": council.valid_from,
            "valid_to": council.valid_to,
            "members": [
                {
                    "username": account.username,
                    "name": account.display_name,
                    "title": seat.title,
                    "body": seat.body,
                    "chairs": seat.chairs,
                    "teller": seat.teller,
                    "valid_from": seat.valid_from,
                    "valid_to": seat.valid_to,
                }
                for seat, account in _people(session, council, on)
            ],
        }
        for council in session.exec(select(Council).order_by(col(Council.valid_from).desc(), col(Council.id)))
    ]


def seated(session: Session, *, on: date) -> list[dict[str, Any]]:
    """The council of a day and those set up to follow it, newest first, each with whoever sits from that day on.

    `missing_bodies` and `warnings` hold it against the regulation in use: on this day, or on the day on which it begins.
    """
    in_use = rounds.regulation_in_use(session)
    wanted = regulations.parse(in_use.text) if in_use else None
    usernames = by_first(session.execute(sa.select(table(Account).c.id, table(Account).c.username)))
    found = []
    standing = col(Council.valid_to).is_(None) | (col(Council.valid_to) > on)
    order = (col(Council.valid_from).desc(), col(Council.id).desc())
    for council in session.exec(select(Council).where(standing).order_by(*order)):
        people = [seat for seat, _ in _people(session, council, max(on, council.valid_from))]
        held_against = _against(wanted, people) if wanted else {"missing_bodies": [], "warnings": []}
        members = [
            {
                "username": usernames[seat.account_id],
                "name": name,
                "title": seat.title,
                "body": seat.body,
                "chairs": seat.chairs,
                "teller": seat.teller,
                "valid_from": seat.valid_from,
                "valid_to": seat.valid_to,
            }
            for seat, name in _seats_from(session, council, on)
        ]
        about = {
            "code": council.code,
            "name": council.name,
            "decision_number": council.decision_number,
            "valid_from": council.valid_from,
            "present": council.valid_from <= on,
        }
        found.append(about | {"members": members} | held_against)
        if council.valid_from <= on:
            break  # what stood before it has been replaced
    return found


def candidates(session: Session, *, actor: Actor, on: date) -> list[tuple[str, str]]:
    """(username, name) of those who may be given a seat by this actor: neither an administrator nor oneself."""
    a, g = table(Account).c, table(RoleGrant).c
    administers = sa.exists().where(
        g.account_id == a.id,
        g.role == Role.ADMINISTRATOR.value,
        g.valid_from <= on,
        g.valid_to.is_(None) | (g.valid_to > on),
    )
    query = sa.select(a.username, a.display_name).where(
        a.disabled_at.is_(None), a.username != actor.username, ~administers
    )
    return [(username, name) for username, name in session.execute(query.order_by(a.display_name, a.username))]


def _require_text(what: str, text: str, most: int) -> None:
    if not text.strip():
        raise Refusal("missing_value", f"{what}: chưa ghi.")
    free_text.check(what, text, most)


def _seats_from(session: Session, council: Council, day: date) -> list[tuple[CouncilMember, str]]:
    """Seats that are held on this day or later, with who holds them."""
    return list(
        session.exec(
            select(CouncilMember, Account.display_name)
            .join(Account, col(CouncilMember.account_id) == col(Account.id))
            .where(
                CouncilMember.council_id == council.id,
                col(CouncilMember.valid_to).is_(None) | (col(CouncilMember.valid_to) > day),
            )
            .order_by(col(CouncilMember.id))
        )
    )


def _people(session: Session, council: Council, day: date) -> list[tuple[CouncilMember, Account]]:
    """The seats of a day, in the order of their appointment."""
    return list(
        session.exec(
            select(CouncilMember, Account)
            .join(Account, col(CouncilMember.account_id) == col(Account.id))
            .where(
                CouncilMember.council_id == council.id,
                CouncilMember.valid_from <= day,
                col(CouncilMember.valid_to).is_(None) | (col(CouncilMember.valid_to) > day),
            )
            .order_by(col(CouncilMember.id))
        )
    )


def _council_on(session: Session, day: date) -> Council | None:
    return session.exec(
        select(Council)
        .where(Council.valid_from <= day, col(Council.valid_to).is_(None) | (col(Council.valid_to) > day))
        .order_by(col(Council.valid_from).desc())
    ).first()


# A session -----------------------------------------------------------------------------------------------------------


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
    access.bar_administrator(actor)
    for member in members_of(session, sitting):
        if member.username == actor.username:
            return member
    raise _not_a_member(sitting, actor.username)


def require_count_staff(session: Session, sitting: CouncilSession, actor: Actor) -> None:
    """Who opens, closes and counts a session's ballot: the secretary, the engine, and the session's own tellers.

    Raises Refusal `not_your_role`, `not_a_member`, `not_a_teller`.
    """
    access.require(actor, Role.SECRETARY, Role.TELLER, Role.ENGINE)
    if actor.holds(Role.SECRETARY, Role.ENGINE):
        return
    if not seat_of(session, sitting, actor).teller:
        raise Refusal(
            "not_a_teller",
            f"Bạn không ở trong tổ kiểm phiếu của phiên {sitting.code}. Hãy để tổ kiểm phiếu hoặc thư ký Hội đồng làm.",
            reach=True,
        )


def _not_a_member(sitting: CouncilSession, name: str) -> Refusal:
    return Refusal(
        "not_a_member",
        f"«{name}» không phải thành viên Hội đồng của phiên {sitting.code}. "
        "Danh sách thành viên ở trang phiên họp (dòng lệnh: `vinhdanh council members`).",
        citation=Citation(document="06/2022/QH15", article="90"),
        reach=True,
    )


def convene(
    session: Session, *, round_code: str, at: datetime, place: str, actor: Actor, now: datetime
) -> CouncilSession:
    """Call the council for a round: members are taken as of the day of the session and invited by letter.

    Who stood aside from a nomination in an earlier session of the round still does; the data are looked at for further
    ties, and whom they concern is asked by letter (`ties.look`).
    A closed round's council meets only for what was paused and has been taken up again since.
    Raises Refusal `no_council` when no council stands on that day, `round_closed`, `date_in_the_past`.
    """
    access.require(actor, Role.SECRETARY)
    round_ = rounds.by_code(session, round_code)
    if round_.closed_at is not None and not rounds.counts(session, round_)["states"].get(State.ELIGIBLE):
        raise Refusal(
            "round_closed",
            f"Đợt xét {round_code} đã đóng và không còn hồ sơ nào chờ Hội đồng, nên không triệu tập phiên họp nữa.",
        )
    day = access.local_date(at)
    council = _council_on(session, day)
    if council is None:
        raise Refusal(
            "no_council",
            f"Không có Hội đồng Thi đua – Khen thưởng nào được thành lập cho ngày {day:%d/%m/%Y}. "
            "Hãy khai báo quyết định thành lập Hội đồng.",
            citation=Citation(document="06/2022/QH15", article="90"),
        )
    _require_meeting(day, place, now=now)
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
        for position, (member, account) in enumerate(_people(session, council, day), start=1)
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
                    "invited": sitting.invitation_sequence,
                },
            )
        ],
    )
    record.record(session, "member:called", [(f"{sitting.code}/{m.member}", member_aspects(m)) for m in snapshot])
    _invite(session, sitting, now=now, about=str(index))
    _carry_over(session, sitting, snapshot, now=now)
    conflicts_found.look(session, sitting, now=now)
    return sitting


def _require_meeting(day: date, place: str, *, now: datetime) -> None:
    if not place.strip():
        raise Refusal("missing_place", "Giấy mời phải ghi địa điểm họp.")
    free_text.check("Địa điểm họp", place, 300)
    if day < access.local_date(now):
        raise Refusal(
            "date_in_the_past", f"Ngày họp {day:%d/%m/%Y} đã qua; hãy triệu tập cho một ngày từ hôm nay trở đi."
        )


def _carry_over(session: Session, sitting: CouncilSession, members: Sequence[SessionMember], *, now: datetime) -> None:
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
        _stand_aside(session, sitting, old.username, numbers[old.username], row, ground=old.ground, now=now)


def member_aspects(member: SessionMember) -> dict[str, Any]:
    return {
        "who": [member.username, member.name, member.email, int(member.chairs), int(member.teller)],
        "attended": int(member.attended),
    }


def _invite(session: Session, sitting: CouncilSession, *, now: datetime, about: str, reason: str | None = None) -> None:
    """The invitation, its change or its cancellation, to every member; calendars know which by UID and SEQUENCE."""
    round_ = session.get_one(ReviewRound, sitting.round_id)
    agenda = len(waiting_for_council(session, sitting))
    announce.letters(
        session,
        [
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
                    "cancelled": sitting.state == "cancelled",
                    "stamped_at": now.astimezone(access.LOCAL).isoformat(),
                    "reason": reason,
                },
            )
            for member in members_of(session, sitting)
        ],
    )


def reschedule(
    session: Session,
    session_code: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    at: datetime | None = None,
    place: str | None = None,
) -> CouncilSession:
    """Another time or place for a session whose ballot is not open; every member's calendar entry is changed.

    Raises Refusal `reason_required`, `nothing_changed`, `missing_place`, `date_in_the_past`, `members_changed`.
    """
    access.require(actor, Role.SECRETARY)
    sitting = by_code(session, session_code)
    require_convened(sitting)
    _require_reason("Thay đổi giấy mời họp", reason)
    moved, place = at or sitting.held_at, sitting.place if place is None else place.strip()
    if (moved, place) == (sitting.held_at, sitting.place):
        raise Refusal("nothing_changed", "Thời gian và địa điểm vẫn như giấy mời đã gửi; không có gì để báo lại.")
    _require_meeting(access.local_date(moved), place, now=now)
    if moved != sitting.held_at:
        _require_same_members(session, sitting, access.local_date(moved))
        # Who was noted as present was so at another hour.
        _note_attendance(session, sitting, [m for m in members_of(session, sitting) if m.attended], present=False)
    sitting.held_at, sitting.place = moved, place
    sitting.invitation_sequence += 1
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(
        session,
        "session:rescheduled",
        [
            (
                sitting.code,
                {
                    "when": [sitting.held_at, sitting.place],
                    "invited": sitting.invitation_sequence,
                    "reason": reason.strip(),
                    "by": actor.username,
                },
            )
        ],
    )
    _invite(session, sitting, now=now, about=str(index), reason=reason.strip())
    return sitting


def cancel(session: Session, session_code: str, *, reason: str, actor: Actor, now: datetime) -> None:
    """Call a session off before its ballot opens; every member gets a calendar cancellation."""
    access.require(actor, Role.SECRETARY)
    sitting = by_code(session, session_code)
    require_convened(sitting)
    _require_reason("Hủy phiên họp", reason)
    sitting.state = "cancelled"
    sitting.invitation_sequence += 1
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(
        session,
        "session:cancelled",
        [
            (
                sitting.code,
                {
                    "state": sitting.state,
                    "invited": sitting.invitation_sequence,
                    "reason": reason.strip(),
                    "by": actor.username,
                },
            )
        ],
    )
    _invite(session, sitting, now=now, about=str(index), reason=reason.strip())


def _require_reason(what: str, reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason_required", f"{what} phải nêu lý do.")
    free_text.check(f"Lý do ({what.lower()})", reason, transition.LONGEST_REASON)


def require_convened(sitting: CouncilSession) -> None:
    """Raise Refusal `ballot_opened`, `ballot_closed`: from its opening on nothing of a session's list changes."""
    if sitting.state != "convened":
        raise Refusal(
            "ballot_closed" if sitting.state in {"closed", "tallied"} else "ballot_opened",
            f"Phiên {sitting.code} đã mở phiếu hoặc đã kết thúc; danh sách dự họp và việc tránh không đổi được nữa.",
        )


def attend(session: Session, session_code: str, members: Sequence[str], *, actor: Actor, present: bool = True) -> int:
    """Note who is present, or with `present=False` who is not after all, before the ballot opens.

    Returns how many are present now.
    """
    access.require(actor, Role.SECRETARY)
    sitting = by_code(session, session_code)
    require_convened(sitting)
    named = {found.member: found for found in (member_named(session, sitting, name) for name in members)}
    _note_attendance(session, sitting, [one for one in named.values() if one.attended != present], present=present)
    return sum(member.attended for member in members_of(session, sitting))


def _note_attendance(
    session: Session, sitting: CouncilSession, members: Sequence[SessionMember], *, present: bool
) -> None:
    for member in members:
        member.attended = present
        session.add(member)
    session.flush()
    record.record(
        session,
        "member:attended" if present else "member:left",
        [(f"{sitting.code}/{member.member}", {"attended": int(present)}) for member in members],
    )


# Who stands for whom -------------------------------------------------------------------------------------------------


def representation(session: Session, sitting: CouncilSession) -> dict[str, list[str]]:
    """Held against `[composition]` of the office's regulation: {"missing_bodies", "warnings"}."""
    rule = rounds.regulation_of(session, session.get_one(ReviewRound, sitting.round_id))
    council = session.get_one(Council, sitting.council_id)
    called = {member.username for member in members_of(session, sitting)}
    people = [
        seat
        for seat, account in _people(session, council, access.local_date(sitting.held_at))
        if account.username in called
    ]
    return _against(rule, people)


def _against(rule: regulations.Regulation, people: Sequence[CouncilMember]) -> dict[str, list[str]]:
    wanted = rule.composition
    deputies = sum("phó chủ tịch" in seat.title.casefold() for seat in people)
    warnings = []
    if wanted.members is not None and len(people) != wanted.members:
        warnings.append(f"Hội đồng có {len(people)} thành viên, Quy chế quy định {wanted.members}.")
    if wanted.deputies is not None and deputies != wanted.deputies:
        warnings.append(f"Hội đồng có {deputies} Phó Chủ tịch, Quy chế quy định {wanted.deputies}.")
    if not any(seat.chairs for seat in people):
        warnings.append("Hội đồng chưa có Chủ tịch Hội đồng.")
    return {"missing_bodies": list(wanted.missing_bodies(seat.body for seat in people)), "warnings": warnings}


def require_representative(session: Session, sitting: CouncilSession) -> list[str]:
    """Raise Refusal `members_changed`, or `council_not_representative` while a body that must sit has nobody.

    Returns what else differs from the regulation's `[composition]`, as warnings.
    """
    _require_same_members(session, sitting, access.local_date(sitting.held_at))
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


def _require_same_members(session: Session, sitting: CouncilSession, day: date) -> None:
    """The list of a session is of the day of the session: somebody dismissed meanwhile has no seat in it."""
    council = session.get_one(Council, sitting.council_id)
    now_seated = {(account.username, seat.chairs, seat.teller) for seat, account in _people(session, council, day)}
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


# Standing aside ------------------------------------------------------------------------------------------------------


def recuse(
    session: Session, session_code: str, *, member: str, nomination: str, ground: str, actor: Actor, now: datetime
) -> None:
    """A member stands aside from one nomination, declared by the member or entered by the secretary.

    Whatever was asked of the member about that nomination is settled with it.
    """
    sitting = by_code(session, session_code)
    who = member_named(session, sitting, member)
    if actor.username != who.username:
        access.require(actor, Role.SECRETARY)
    require_convened(sitting)
    if not ground.strip():
        raise Refusal("reason_required", "Phải ghi lý do tránh (quan hệ thân nhân, cấp trên trực tiếp, đồng tác giả…).")
    free_text.check("Lý do tránh", ground, 500)
    row = nomination_of(session, sitting, nomination)
    _stand_aside(session, sitting, who.username, who.member, row, ground=ground.strip(), now=now)
    conflicts_found.settle(
        session, sitting, who.username, [row.id or 0], state="recused", by=actor.username, reason=ground, now=now
    )


def nomination_of(session: Session, sitting: CouncilSession, code: str) -> Nomination:
    """A nomination of the session's round. Raises Refusal `unknown_nomination`, `other_round`."""
    row = session.exec(select(Nomination).where(Nomination.code == code)).one_or_none()
    if row is None:
        raise transition.unknown(code)
    if row.round_id != sitting.round_id:
        raise Refusal("other_round", f"Hồ sơ {code} không thuộc đợt xét của phiên {sitting.code}.")
    return row


def _stand_aside(
    session: Session,
    sitting: CouncilSession,
    username: str,
    number: str,
    row: Nomination,
    *,
    ground: str,
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
    record.record(session, "recusal:declared", [(f"{sitting.code}/{number}/{row.code}", recusal_aspects(aside))])


def recusal_aspects(row: Recusal) -> dict[str, Any]:
    return {"ground": row.ground, "at": row.at}


def stands_aside(session: Session, username: str) -> set[str]:
    """Codes of the nominations that this person must neither read nor see counted.

    Those from which they stand aside in whatever session, and those to which the data tie them for certain while
    nobody has cleared it.
    """
    recused = select(Nomination.code).join(Recusal, col(Recusal.nomination_id) == col(Nomination.id))
    uncleared = (
        select(Nomination.code)
        .join(Conflict, col(Conflict.nomination_id) == col(Nomination.id))
        .join(CouncilSession, col(CouncilSession.id) == col(Conflict.session_id))
        .where(
            Conflict.username == username,
            Conflict.strength == "certain",
            col(Conflict.state).in_(conflicts.UNCLEARED),
            CouncilSession.state == "convened",
        )
    )
    return {*session.exec(recused.where(Recusal.username == username)), *session.exec(uncleared)}


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
