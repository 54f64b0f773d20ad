"""Stage 3, council_vote, before the ballot: convene a session, invite, note who attends, move it, call it off."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from ledger.kinds import Kind
from models import (
    CouncilSession,
    ReviewRound,
    SessionMember,
)
from operations import (
    access,
    announce,
    free_text,
    identity,
    numbering,
    record,
    regulations,
    rounds,
    transition,
)
from operations.access import Actor
from operations.council_vote import conflicts_found, council, recusals, sessions
from rules import near_days
from rules.lifecycle import Role, State
from rules.refusal import Citation, Refusal
from rules.vocabulary import SessionState


def convene(
    session: Session, *, round_code: str, at: datetime, place: str, actor: Actor, now: datetime
) -> CouncilSession:
    """Call the council for a round: members are taken as of the day of the session and invited by letter.

    Who stood aside from a nomination in an earlier session of the round still does; the data are looked at for further
    ties, and whom they concern is asked by letter (`conflicts_found.look`).
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
    _require_meeting(day, place, now=now)
    standing = council.standing_on(session, day)
    if standing is None:
        raise Refusal(
            "no_council",
            f"Không có Hội đồng Thi đua – Khen thưởng nào được thành lập cho ngày {day:%d/%m/%Y}. "
            "Hãy khai báo quyết định thành lập Hội đồng.",
            citation=Citation(document="06/2022/QH15", article="90"),
        )
    rule = regulations.of_round(session, round_)
    number = numbering.take(session, f"session/{round_.year}")[0]
    code = f"PH-{round_.year}-{number:02d}"
    sitting = CouncilSession(
        code=code,
        uid=identity.meeting(session, code),
        round_id=round_.id or 0,
        council_id=standing.id or 0,
        held_at=at,
        place=place.strip(),
        state=SessionState.CONVENED.value,
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
        for position, (member, account) in enumerate(council.people_on(session, standing, day), start=1)
    ]
    session.add_all(snapshot)
    session.flush()
    index = record.record(
        session,
        Kind.SESSION_CONVENED,
        [
            (
                sitting.code,
                {
                    "of": [round_.code, standing.code],
                    **sessions.aspects(sitting, "when", "regulation", "state", "invited"),
                },
            )
        ],
        by=actor.username,
    )
    record.record(
        session,
        Kind.MEMBER_CALLED,
        [(f"{sitting.code}/{m.member}", sessions.seat_aspects(m)) for m in snapshot],
        by=actor.username,
    )
    _invite(session, sitting, now=now, about=str(index))
    recusals.carry_over(session, sitting, snapshot, by=actor.username, now=now)
    conflicts_found.look(session, sitting, by=actor.username, now=now)
    return sitting


def _require_meeting(day: date, place: str, *, now: datetime) -> None:
    if not place.strip():
        raise Refusal("missing_place", "Giấy mời phải ghi địa điểm họp.")
    free_text.check("Địa điểm họp", place, 300)
    near_days.judge("Ngày họp", day, today=access.local_date(now), ahead=2)
    if day < access.local_date(now):
        raise Refusal(
            "date_in_the_past", f"Ngày họp {day:%d/%m/%Y} đã qua; hãy triệu tập cho một ngày từ hôm nay trở đi."
        )


def _invite(session: Session, sitting: CouncilSession, *, now: datetime, about: str, reason: str | None = None) -> None:
    """The invitation, its change or its cancellation, to every member; calendars know which by UID and SEQUENCE."""
    round_ = session.get_one(ReviewRound, sitting.round_id)
    agenda = len(sessions.waiting_for_council(session, sitting))
    announce.notices(
        session,
        [
            announce.Notice(
                kind="council_invitation",
                about=f"{sitting.code}/{about}",
                to=member.email,
                recipient=member.member,
                context={
                    "member_name": member.name,
                    "session_code": sitting.code,
                    "uid": sitting.uid,
                    "at": sitting.held_at.astimezone(access.LOCAL).isoformat(),
                    "place": sitting.place,
                    "round_title": round_.title,
                    "agenda_count": agenda,
                    "sequence": sitting.invitation_sequence,
                    "cancelled": sitting.state == SessionState.CANCELLED,
                    "stamped_at": now.astimezone(access.LOCAL).isoformat(),
                    "reason": reason,
                },
            )
            for member in sessions.members_of(session, sitting)
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
    sitting = sessions.by_code(session, session_code)
    sessions.require_convened(sitting)
    _require_reason("Thay đổi giấy mời họp", reason)
    moved, place = at or sitting.held_at, sitting.place if place is None else place.strip()
    if (moved, place) == (sitting.held_at, sitting.place):
        raise Refusal("nothing_changed", "Thời gian và địa điểm vẫn như giấy mời đã gửi; không có gì để báo lại.")
    _require_meeting(access.local_date(moved), place, now=now)
    if moved != sitting.held_at:
        sessions.require_same_members(session, sitting, access.local_date(moved))
        # Who was noted as present was so at another hour.
        _note_attendance(
            session,
            sitting,
            [m for m in sessions.members_of(session, sitting) if m.attended],
            present=False,
            by=actor.username,
        )
    sitting.held_at, sitting.place = moved, place
    sitting.invitation_sequence += 1
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(
        session,
        Kind.SESSION_RESCHEDULED,
        [
            (
                sitting.code,
                {
                    **sessions.aspects(sitting, "when", "invited"),
                    "reason": reason.strip(),
                },
            )
        ],
        by=actor.username,
    )
    _invite(session, sitting, now=now, about=str(index), reason=reason.strip())
    return sitting


def cancel(session: Session, session_code: str, *, reason: str, actor: Actor, now: datetime) -> None:
    """Call a session off before its ballot opens; every member gets a calendar cancellation."""
    access.require(actor, Role.SECRETARY)
    sitting = sessions.by_code(session, session_code)
    sessions.require_convened(sitting)
    _require_reason("Hủy phiên họp", reason)
    sitting.state = SessionState.CANCELLED.value
    sitting.invitation_sequence += 1
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(
        session,
        Kind.SESSION_CANCELLED,
        [
            (
                sitting.code,
                {
                    **sessions.aspects(sitting, "state", "invited"),
                    "reason": reason.strip(),
                },
            )
        ],
        by=actor.username,
    )
    _invite(session, sitting, now=now, about=str(index), reason=reason.strip())


def _require_reason(what: str, reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason_required", f"{what} phải nêu lý do.")
    free_text.check(f"Lý do ({what.lower()})", reason, transition.LONGEST_REASON)


def attend(session: Session, session_code: str, members: Sequence[str], *, actor: Actor, present: bool = True) -> int:
    """Note who is present, or with `present=False` who is not after all, before the ballot opens.

    Returns how many are present now.
    """
    access.require(actor, Role.SECRETARY)
    sitting = sessions.by_code(session, session_code)
    sessions.require_convened(sitting)
    named = {found.member: found for found in (sessions.member_named(session, sitting, name) for name in members)}
    _note_attendance(
        session, sitting, [one for one in named.values() if one.attended != present], present=present, by=actor.username
    )
    return sum(member.attended for member in sessions.members_of(session, sitting))


def _note_attendance(
    session: Session, sitting: CouncilSession, members: Sequence[SessionMember], *, present: bool, by: str
) -> None:
    for member in members:
        member.attended = present
        session.add(member)
    session.flush()
    record.record(
        session,
        Kind.MEMBER_ATTENDED if present else Kind.MEMBER_LEFT,
        [(f"{sitting.code}/{member.member}", {"attended": int(present)}) for member in members],
        by=by,
    )
