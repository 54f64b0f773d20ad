"""The council's sessions before their ballot (`ballot`): convened, attended, conflicts settled; and what each comes to.

Nobody is shown a nomination from which they stand aside, nor its number.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import access, transition
from operations.access import Actor
from operations.council_vote import (
    ballot_box,
    conflicts_answered,
    convening,
    counting,
    recusals,
    sessions,
    waiting_shares,
)
from operations.views import agenda
from operations.views.agenda import Sitting
from rules import conflicts, vocabulary
from rules.policy import Permission
from rules.vocabulary import ConflictGround, ConflictState, Outcome, SessionState
from web import pages
from web.council_pages import KINDS, PAGE, STATES, fingerprint_of, sitting_of
from web.forms import Form, Submitted, SubmittedLong
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Reader = Annotated[Visit, Depends(Permit(Permission.SEE_SESSION))]
Convener = Annotated[Visit, Depends(Permit(Permission.CONVENE))]

OUTCOMES = vocabulary.names(Outcome)
SETTLED = vocabulary.names(ConflictState)


def _may(visit: Visit, sitting: Sitting, *acts: Permission) -> dict[str, bool]:
    return {act.value: visit.may(act, relation=sitting.relation) for act in acts}


# The sessions -----------------------------------------------------------------------------------------------------


@router.get("/council")
def index(visit: Reader) -> Response:
    """Sessions, the newest first: all for the office, their own for members."""
    with visit.reading() as session:
        rows = agenda.listing(session, actor=visit.actor)
    return pages.render(
        visit,
        "council/sessions.html",
        rows=rows,
        states=STATES,
        may_convene=visit.may(Permission.CONVENE),
        may_set_up=visit.may(Permission.SET_UP_COUNCIL),
    )


@router.get("/council/new")
def new(visit: Convener) -> Response:
    """The form of an invitation: round, day, hour, place."""
    typed = {"round": visit.request.query_params.get("round", ""), "day": "", "hour": "08:00", "place": ""}
    return _new(visit, typed, {})


def _new(visit: Visit, typed: Mapping[str, str], errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        known = agenda.rounds_to_convene(session)
    return pages.render(
        visit, "council/new.html", status=422 if errors else 200, rounds=known, typed=typed, errors=errors
    )


def _moment(form: Form) -> datetime | None:
    """Day and hour of a meeting, in Vietnam."""
    day = form.day("day", required=words("Hãy ghi ngày họp."))
    said = form.text("hour", required=words("Hãy ghi giờ họp."))
    try:
        hour = time.fromisoformat(said.zfill(5)) if said else None
    except ValueError:
        form.errors.setdefault("hour", words("Giờ viết như 08:00."))
        return None
    return datetime.combine(day, hour.replace(tzinfo=None), tzinfo=access.LOCAL) if day and hour else None


@router.post("/council")
def convene(visit: Convener, form: SubmittedLong) -> Response:
    """Call the council for a round; the members are invited by letter. 303 to the session."""
    code = form.text("round", required=words("Hãy chọn đợt xét."))
    at = _moment(form)
    place = form.text("place", required=words("Giấy mời phải ghi địa điểm họp."), longest=300)
    if form.errors or at is None:
        return _new(visit, {name: form.text(name) for name in ("round", "day", "hour", "place")}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = convening.convene(session, round_code=code, at=at, place=place, actor=actor, now=visit.now)
        found = sessions.representation(session, row)
        missing = (
            [f"Hội đồng chưa có đại diện: {', '.join(found['missing_bodies'])}."] if found["missing_bodies"] else []
        )
        return {
            "code": row.code,
            "message": f"Đã triệu tập phiên {row.code}",
            "details": " ".join(["Giấy mời đã được xếp gửi.", *missing, *found["warnings"]]),
        }

    answer = visit.act("council.convene", code, change, once=form.once)
    return pages.done(f"/council/{answer['code']}", form.once)


@router.get("/council/{code}")
def show(visit: Reader, code: str, after: str = "", award: str = "", outcome: str = "") -> Response:
    """One session: next steps, members, agenda and, once counted, the results, all or of one award or outcome."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.SEE_SESSION)
        may = _may(
            visit, sitting, Permission.RESCHEDULE, Permission.CANCEL_SESSION, Permission.ATTEND, Permission.OPEN_BALLOT, Permission.CLOSE_BALLOT, Permission.TALLY,
            Permission.ANNUL_BALLOT, Permission.CAST, Permission.SIGN_ROLL, Permission.COUNT_BY_HAND, Permission.SEE_RESULT, Permission.VERIFY_BALLOT,
            Permission.WAIVE, Permission.TAKE_SHARE,
        )  # fmt: skip
        outcome = outcome if sitting.row.state == SessionState.TALLIED and outcome in OUTCOMES else ""
        items, next_key = agenda.items(session, sitting, after=after or None, limit=PAGE, award=award, outcome=outcome)
        signed = ballot_box.voted(session, sitting.row)
        taken = waiting_shares.taken(session, sitting.row)
        questions = agenda.questions(session, sitting)
        total = agenda.size(session, sitting)
        found = agenda.size(session, sitting, award=award, outcome=outcome) if award or outcome else total
        awards = agenda.awards_seen(session, sitting)
        hand = [username for username, _ in counting.hand_counts(session, sitting.row)] if may["tally"] else []
    mine = next((member for member in sitting.members if member.username == visit.actor.username), None)
    return pages.render(
        visit,
        "council/session.html",
        sitting=sitting,
        session=sitting.row,
        ballot=sitting.ballot,
        members=sitting.members,
        mine=mine,
        states=STATES,
        kinds=KINDS,
        may=may,
        items=items,
        next_key=next_key,
        total=total,
        found=found,
        awards=awards,
        award_name=transition.award_name,
        filters={"award": award, "outcome": outcome},
        questions=questions,
        early=sessions.early(sitting.row, visit.now),
        # The names and the number of voters are shown to the secretariat and the tellers; a member sees the own vote's state.
        roll=signed if may["close_ballot"] else None,
        voted=visit.actor.username in signed,
        hand=hand,
        taken=taken,
        fingerprint=fingerprint_of(sitting),
        outcomes=OUTCOMES,
    )


# Before the ballot ------------------------------------------------------------------------------------------------


@router.post("/council/{code}/attendance")
def attendance(visit: Annotated[Visit, Depends(Permit(Permission.ATTEND))], code: str, form: SubmittedLong) -> Response:
    """Note who is present: ticked is present, not ticked is not."""
    ticked = set(form.texts("member"))

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        everybody = [member.member for member in sessions.members_of(session, sessions.by_code(session, code))]
        here = [member for member in everybody if member in ticked]
        convening.attend(session, code, [m for m in everybody if m not in ticked], actor=actor, present=False)
        present = convening.attend(session, code, here, actor=actor)
        early = sessions.early(sessions.by_code(session, code), visit.now) if here else []
        return {"message": f"Có mặt {present} trong {len(everybody)} thành viên", "details": " ".join(early)}

    visit.act("council.attend", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


@router.get("/council/{code}/reschedule")
def meeting(visit: Annotated[Visit, Depends(Permit(Permission.RESCHEDULE))], code: str) -> Response:
    """Another day, hour or place; or call the session off."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.RESCHEDULE)
    held = sitting.row.held_at.astimezone(access.LOCAL)
    typed = {
        "day": f"{held:%Y-%m-%d}",
        "hour": f"{held:%H:%M}",
        "place": sitting.row.place,
        "reason": "",
        "cancel_reason": "",
    }
    return _meeting(visit, sitting, typed, {})


def _meeting(visit: Visit, sitting: Sitting, typed: Mapping[str, str], errors: dict[str, str]) -> Response:
    sessions.require_convened(sitting.row)
    return pages.render(
        visit, "council/meeting.html", status=422 if errors else 200, session=sitting.row, typed=typed, errors=errors
    )


@router.post("/council/{code}/reschedule")
def reschedule(visit: Annotated[Visit, Depends(Permit(Permission.RESCHEDULE))], code: str, form: Submitted) -> Response:
    """Every member gets an updated invitation."""
    at = _moment(form)
    place = form.text("place", required=words("Giấy mời phải ghi địa điểm họp."), longest=300)
    reason = form.text("reason", required=words("Hãy ghi lý do: lý do được gửi cho các thành viên."), longest=2000)
    if form.errors or at is None:
        with visit.reading() as session:
            sitting = sitting_of(session, visit, code, Permission.RESCHEDULE)
        typed = {name: form.text(name) for name in ("day", "hour", "place", "reason", "cancel_reason")}
        return _meeting(visit, sitting, typed, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = convening.reschedule(session, code, at=at, place=place, reason=reason, actor=actor, now=visit.now)
        when = row.held_at.astimezone(access.LOCAL)
        return {"message": f"Phiên {code} chuyển sang {when:%H:%M} ngày {when:%d/%m/%Y}, {row.place}",
                "details": "Giấy mời mới đã được xếp gửi."}  # fmt: skip

    visit.act("council.reschedule", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


@router.post("/council/{code}/cancel")
def cancel(visit: Annotated[Visit, Depends(Permit(Permission.CANCEL_SESSION))], code: str, form: Submitted) -> Response:
    """Call the session off; every member gets a cancellation."""
    reason = form.text("cancel_reason", required=words("Hãy ghi lý do hủy phiên họp."), longest=2000)
    if form.errors:
        with visit.reading() as session:
            sitting = sitting_of(session, visit, code, Permission.CANCEL_SESSION)
        held = sitting.row.held_at.astimezone(access.LOCAL)
        typed = {"day": f"{held:%Y-%m-%d}", "hour": f"{held:%H:%M}", "place": sitting.row.place, "reason": "",
                 "cancel_reason": form.text("cancel_reason")}  # fmt: skip
        return _meeting(visit, sitting, typed, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        convening.cancel(session, code, reason=reason, actor=actor, now=visit.now)
        return {"message": f"Đã hủy phiên {code}", "details": "Thư báo hủy đã được xếp gửi."}

    visit.act("council.cancel", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


# Conflicts of interest --------------------------------------------------------------------------------------------


@router.get("/council/{code}/conflicts")
def ties(visit: Reader, code: str) -> Response:
    """Questions from the data and members' declarations; a member sees only their own."""
    return _ties(visit, code, {}, {})


def _ties(visit: Visit, code: str, typed: Mapping[str, str], errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.SEE_SESSION)
        may = _may(
            visit, sitting, Permission.WAIVE, Permission.RECUSE, Permission.ANSWER_CONFLICT, Permission.SEE_SESSION
        )
        rows = agenda.conflicts(session, sitting)
        aside = agenda.stand_asides(session, sitting)
    names = {member.username: f"{member.name} ({member.member})" for member in sitting.members}
    return pages.render(
        visit,
        "council/conflicts.html",
        status=422 if errors else 200,
        session=sitting.row,
        members=sitting.members,
        rows=rows,
        aside=[(names.get(username, username), nomination) for username, nomination in aside],
        settled=SETTLED,
        grounds=conflicts.DECLARABLE,
        ground_names={ground: ground.word for ground in ConflictGround},
        may=may,
        mine=bool(sitting.relation),
        whole=sitting.sees_all_conflicts,
        typed={"nomination": "", "kind": "", "note": "", "member": "", "of": "", "ground": "", **typed},
        errors=errors,
    )


@router.post("/council/{code}/conflicts/look")
def look_again(visit: Annotated[Visit, Depends(Permit(Permission.WAIVE))], code: str, form: Submitted) -> Response:
    """Look at the data again, for nominations that came after the convening."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        found = conflicts_answered.look_again(session, code, actor=actor, now=visit.now)
        return {"message": f"Đã rà lại dữ liệu: {len(found)} câu hỏi mới"}

    visit.act("council.conflicts", code, change, once=form.once)
    return pages.done(f"/council/{code}/conflicts", form.once)


@router.post("/council/{code}/conflicts/declare")
def declare(visit: Annotated[Visit, Depends(Permit(Permission.RECUSE))], code: str, form: Submitted) -> Response:
    """A member says why they stand aside, and does."""
    nomination = form.text("nomination", required=words("Hãy ghi mã hồ sơ."), longest=40)
    kind, note = form.text("kind"), form.text("note", longest=conflicts_answered.LONGEST_REASON)
    if kind not in set(conflicts.DECLARABLE):
        form.errors["kind"] = words("Hãy chọn lý do tránh.")
    elif kind == ConflictGround.OTHER and not note:
        form.errors["note"] = words("Hãy ghi rõ lý do khác.")
    if form.errors:
        return _ties(visit, code, {"nomination": nomination, "kind": kind, "note": note}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        said = conflicts_answered.declare(
            session, code, nomination=nomination, kind=kind, note=note, actor=actor, now=visit.now
        )
        return {"message": f"Đã ghi bạn tránh hồ sơ {said['nomination']}", "details": f"Căn cứ: {said['citation']}."}

    visit.act("council.declare", f"{code}/{nomination}", change, once=form.once)
    return pages.done(f"/council/{code}/conflicts", form.once)


@router.post("/council/{code}/conflicts/deny")
def deny(visit: Annotated[Visit, Depends(Permit(Permission.ANSWER_CONFLICT))], code: str, form: Submitted) -> Response:
    """A member answers that what the data ask does not concern them."""
    nomination = form.text("asked")
    field = f"reason-{form.text('row')}"
    reason = form.text(field, required=words("Hãy ghi vì sao bạn không liên quan."), longest=500)
    if form.errors:
        return _ties(visit, code, {field: reason}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        conflicts_answered.deny(session, code, [nomination], reason=reason, actor=actor, now=visit.now)
        return {"message": f"Đã ghi câu trả lời của bạn về hồ sơ {nomination}"}

    visit.act("council.deny", f"{code}/{nomination}", change, once=form.once)
    return pages.done(f"/council/{code}/conflicts", form.once)


@router.post("/council/{code}/conflicts/waive")
def waive(visit: Annotated[Visit, Depends(Permit(Permission.WAIVE))], code: str, form: Submitted) -> Response:
    """The secretary finds that a member may vote all the same, and why."""
    nomination, member = form.text("asked"), form.text("asked_member")
    field = f"reason-{form.text('row')}"
    reason = form.text(field, required=words("Hãy ghi vì sao thành viên vẫn được bỏ phiếu."), longest=500)
    if form.errors:
        return _ties(visit, code, {field: reason}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        conflicts_answered.waive(session, code, [nomination], member=member, reason=reason, actor=actor, now=visit.now)
        return {"message": f"Đã xác nhận {member} được bỏ phiếu hồ sơ {nomination}"}

    visit.act("council.waive", f"{code}/{nomination}", change, once=form.once)
    return pages.done(f"/council/{code}/conflicts", form.once)


@router.post("/council/{code}/conflicts/recuse")
def recuse(visit: Annotated[Visit, Depends(Permit(Permission.RECUSE))], code: str, form: Submitted) -> Response:
    """Enter a recusal: the secretary for a member, a member for themselves."""
    member = form.text("member", required=words("Hãy chọn thành viên."))
    nomination = form.text("of", required=words("Hãy ghi mã hồ sơ."), longest=40)
    ground = form.text("ground", required=words("Hãy ghi lý do tránh."), longest=500)
    if form.errors:
        return _ties(visit, code, {"member": member, "of": nomination, "ground": ground}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        recusals.recuse(session, code, member=member, nomination=nomination, ground=ground, actor=actor, now=visit.now)
        return {"message": f"Đã ghi {member} tránh hồ sơ {nomination}"}

    visit.act("council.recuse", f"{code}/{nomination}", change, once=form.once)
    return pages.done(f"/council/{code}/conflicts", form.once)
