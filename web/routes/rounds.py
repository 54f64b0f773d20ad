"""Review rounds: their list, opening one, and the board that the secretariat watches all day."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import access, outbox, regulations, rounds, transition
from operations.access import Actor
from operations.public_disclosure import disclosure, paper_numbers
from operations.views import agenda, board, due, papers
from rules import catalogue, regulation, vocabulary
from rules.lifecycle import STAGE_NAMES, STAGES, TRANSITIONS, Action, Stage, State
from rules.policy import Permission
from rules.refusal import Refusal
from rules.vocabulary import DecisionState, RoundKind, SuperiorAnswer
from web import act_pages, pages
from web.act_pages import DEEDS
from web.council_pages import STATES
from web.forms import Form, Submitted, SubmittedFiles, SubmittedList
from web.language import words
from web.routes import revocation
from web.visit import Permit, Visit

router = APIRouter()
Reader = Annotated[Visit, Depends(Permit(Permission.SEE_ROUND))]
Opener = Annotated[Visit, Depends(Permit(Permission.OPEN_ROUND))]
Extender = Annotated[Visit, Depends(Permit(Permission.EXTEND_ROUND))]
Runner = Annotated[Visit, Depends(Permit(Permission.RUN_ROUND))]
Advancer = Annotated[Visit, Depends(Permit(Permission.ADVANCE_ROUND))]
Pauser = Annotated[Visit, Depends(Permit(Permission.PAUSE))]
Discloser = Annotated[Visit, Depends(Permit(Permission.DISCLOSE))]
Recorder = Annotated[Visit, Depends(Permit(Permission.RECORD_ANSWER))]

_PAGE = 50
_BULK = (Action.RETURN, Action.PAUSE, Action.RESUME)
LONGEST_REGULATION = 200_000  # bytes; a regulation has a few thousand
# Law 06/2022 Art. 8: the kinds of commendation.
KIND_NAMES = vocabulary.names(RoundKind)


# The list, and a new one ------------------------------------------------------------------------------------------


@router.get("/rounds")
def index(visit: Reader) -> Response:
    """Every round, the newest first."""
    with visit.reading() as session:
        rows = rounds.listing(session)[::-1]
    return pages.render(
        visit, "rounds/list.html", rows=rows, kinds=KIND_NAMES, may_open=visit.may(Permission.OPEN_ROUND)
    )


@router.get("/rounds/new")
def new(visit: Opener) -> Response:
    """The form that opens a round."""
    typed = {"kind": RoundKind.CONG_TRANG.value, "year": str(access.local_date(visit.now).year), "title": "", "due": ""}
    return _new(visit, typed, {})


def _new(visit: Visit, typed: Mapping[str, str], errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        in_use = regulations.in_use(session)
    return pages.render(
        visit,
        "rounds/new.html",
        status=422 if errors else 200,
        typed=typed,
        errors=errors,
        kinds=list(KIND_NAMES.items()),
        in_use=in_use,
        votes=regulation.parse(in_use.text).vote if in_use else {},
        no_law=not _has_law(access.local_date(visit.now)),
        award_name=transition.award_name,
    )


def _has_law(day: date) -> bool:
    """Is a complete rule pack in force that day? Without one no dossier can be concluded on and nothing signed."""
    pack = catalogue.pack_on(day)
    return pack is not None and pack.complete


@router.post("/rounds")
def open_round(visit: Opener, form: SubmittedFiles) -> Response:
    """Open a round; the units are called for proposals. 303 to its board."""
    kind, said = form.text("kind"), form.text("year", required=words("Hãy ghi năm xét."))
    title = form.text("title", required=words("Hãy đặt tên để các đơn vị nhận ra đợt xét."), longest=300)
    if kind not in KIND_NAMES:
        form.errors["kind"] = words("Hãy chọn loại hình khen thưởng.")
    if said and not (said.isascii() and said.isdecimal() and 2000 <= int(said[:9]) <= 2100):
        form.errors["year"] = words("Năm xét là một số từ 2000 đến 2100.")
    due = form.day("due")
    regulation = _text_of(form, "regulation")
    if form.errors:
        return _new(visit, {name: form.text(name) for name in ("kind", "year", "title", "due")}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = rounds.open_round(
            session,
            kind=kind,
            year=int(said),
            title=title,
            actor=actor,
            now=visit.now,
            regulation_text=regulation,
            proposals_due=due,
        )
        return {"code": row.code, "message": f"Đã mở đợt xét {row.code}", "details": _invited(visit)}

    answer = visit.act("round.open", title, change, once=form.once)
    return pages.done(f"/rounds/{answer['code']}", form.once)


def _invited(visit: Visit) -> str:
    """The state of the units' letters: they are queued until a mail server takes them."""
    if visit.installation.settings.get("SMTP_URL"):
        return "Thư mời các đơn vị đã xếp gửi."
    return "Thư mời các đơn vị đã xếp gửi, nhưng chưa đặt máy chủ thư nên chưa thư nào đi; hãy báo quản trị hệ thống."


def _text_of(form: Form, name: str) -> str | None:
    file = form.file(name)
    if file is None:
        return None
    content = file.file.read(LONGEST_REGULATION + 1)
    try:
        if len(content) <= LONGEST_REGULATION:
            return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    form.errors.setdefault(name, words("Tệp này không phải Quy chế dạng văn bản TOML (UTF-8)."))
    return None


# The board --------------------------------------------------------------------------------------------------------


@router.get("/rounds/{code}")
def show(visit: Reader, code: str, stage: str = "", state: str = "", unit: str = "", after: str = "") -> Response:
    """The board: every dossier that this visitor may read, by stage; who blocks it; what is due; when it may be over."""
    return _board(visit, code, stage=stage, state=state, unit=unit, after=after)


@router.get("/rounds/{code}/live")
def live(visit: Reader, code: str, stage: str = "", state: str = "", unit: str = "", after: str = "") -> Response:
    """Counts and table alone, for the page that asks again every 15 seconds."""
    found = _found(visit, code, stage=stage, state=state, unit=unit, after=after)
    return pages.render(visit, "rounds/live.html", **found, ticked=frozenset(), errors={})


def _board(
    visit: Visit,
    code: str,
    *,
    stage: str,
    state: str,
    unit: str,
    after: str,
    ticked: frozenset[str] = frozenset(),
    **more: Any,
) -> Response:
    found = _found(visit, code, stage=stage, state=state, unit=unit, after=after)
    here: board.Board = found["board"]
    with visit.reading() as session:
        row = rounds.by_code(session, code)
        signed = papers.of_round(session, row, actor=visit.actor)
        for paper in signed["decisions"]:
            paper["may_revoke"] = paper["state"] == DecisionState.IN_FORCE and revocation.offered(
                session, visit, paper["award"]
            )
        sessions = agenda.of_round(session, row, actor=visit.actor)
        units = board.units(session)
        silent = board.silent(session, row, actor=visit.actor, now=visit.now)
        # Counts of the whole round: for those who watch the whole of it.
        watches = visit.may(Permission.SEE_DASHBOARD)
        standings = due.of_round(session, code, now=visit.now) if watches else []
        last_run = outbox.last_run(session, code) if watches else None
    errors: dict[str, str] = more.get("errors", {})
    return pages.render(
        visit,
        "rounds/round.html",
        status=422 if errors else 200,
        **found,
        errors=errors,
        ticked=ticked,
        papers=signed,
        sessions=sessions,
        silent=silent,
        standings=standings,
        last_run=last_run,
        session_states=STATES,
        units=units,
        kinds=KIND_NAMES,
        may={
            "extend": visit.may(Permission.EXTEND_ROUND) and not here.closed,
            "advance": visit.may(Permission.ADVANCE_ROUND) and not here.closed,
            "run": visit.may(Permission.RUN_ROUND) and not here.closed,
            "convene": visit.may(Permission.CONVENE) and (not here.closed or bool(here.states.get(State.ELIGIBLE))),
            "disclose": visit.may(Permission.DISCLOSE),
            "answer": visit.may(Permission.RECORD_ANSWER),
            "import": row.closed_at is None
            and row.frozen_at is None
            and (visit.may(Permission.IMPORT_WORKBOOK) or bool(visit.actor.units)),
        },
    )


def _found(visit: Visit, code: str, *, stage: str, state: str, unit: str, after: str) -> dict[str, Any]:
    with visit.reading() as session:
        found = board.of_round(
            session,
            code,
            now=visit.now,
            actor=visit.actor,
            stage=stage or None,
            state=state or None,
            unit=unit or None,
            after=after or None,
            limit=_PAGE,
        )
    sources = {
        row.source.value for deed in _deeds_of(visit) for row in TRANSITIONS if row.action is deed.action and row.source
    }
    return {
        "board": found,
        "dues": {one["stage"]: one for one in found.deadlines},
        "filters": {"stage": stage, "state": state, "unit": unit},
        "after": after,
        "deeds": _deeds_of(visit),
        "movable": sources,
    }


def _deeds_of(visit: Visit) -> list[act_pages.Deed]:
    return [DEEDS[action.value] for action in _BULK if visit.may(DEEDS[action.value].move.act)]


# Acts of the board ------------------------------------------------------------------------------------------------


@router.post("/rounds/{code}/acts")
def acts(visit: Pauser, code: str, form: SubmittedList) -> Response:
    """Return, pause or resume many at once, with a reason, after a check; each gets its own result."""
    deed = DEEDS.get(form.text("act"))
    if deed is None or deed.action not in _BULK:
        raise Refusal("unknown_act", "Không có việc này trên bảng của đợt xét; hãy tải lại trang.")
    visit.require(deed.move.act)
    wanted = act_pages.chosen(form)
    if not wanted:
        return _board(
            visit,
            code,
            stage=form.text("stage"),
            state=form.text("state"),
            unit=form.text("unit"),
            after=form.text("after"),
            errors={"items": words("Hãy đánh dấu ít nhất một hồ sơ.")},
        )
    return act_pages.handle(visit, deed, form, wanted, place=(f"/rounds/{code}/acts", f"/rounds/{code}"), bulk=True)


@router.get("/rounds/{code}/advance")
def closing(visit: Advancer, code: str) -> Response:
    """Check before a stage is closed for good: what ends, what goes on, who has not proposed; or why it may not yet."""
    with visit.reading() as session:
        row = rounds.by_code(session, code)
        found = rounds.ending(session, row)
        silent = board.silent(session, row, actor=visit.actor, now=visit.now)
    return pages.render(visit, "rounds/advance.html", round=row, ending=found, silent=silent)


@router.post("/rounds/{code}/advance")
def advance(visit: Advancer, code: str, form: Submitted) -> Response:
    """Close the present stage and begin the next; refused with the counts of what still waits."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        shown = form.text("from_stage")
        row = rounds.by_code(session, code)
        if shown and row.stage != shown:
            raise Refusal(
                "stale_round",
                f"Đợt xét {code} vừa được chuyển sang khâu «{STAGE_NAMES[Stage(row.stage)]}». "
                "Hãy tải lại bảng rồi quyết định tiếp.",
            )
        moved = rounds.advance(session, code, actor=actor, now=visit.now)
        name = STAGE_NAMES[Stage(moved.stage)]
        return {"message": f"Đợt xét {code} đã chuyển sang «{name}»"}

    visit.act("round.advance", code, change, once=form.once)
    return pages.done(f"/rounds/{code}", form.once)


@router.post("/rounds/{code}/run")
def run(visit: Runner, code: str, form: Submitted) -> Response:
    """Ask for the machine's part of every stage now, instead of at the next time of the schedule."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        rounds.call_run(session, code, actor=actor)
        return {
            "message": f"Đã gọi lượt xử lý của đợt xét {code}",
            "details": "Bộ chạy luồng làm ngay khi rảnh, thường trong vài giây; tải lại trang này để xem kết quả từng khâu.",
        }

    visit.act("round.run", code, change, once=form.once)
    return pages.done(f"/rounds/{code}", form.once)


@router.get("/rounds/{code}/extend")
def extension(visit: Extender, code: str, stage: str = "") -> Response:
    """The form of an extension: stage, day, reason."""
    return _extension(visit, code, {"stage": stage, "until": "", "reason": ""}, {})


def _extension(visit: Visit, code: str, typed: Mapping[str, str], errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        found = board.of_round(session, code, now=visit.now, limit=1)
    return pages.render(
        visit,
        "rounds/extend.html",
        status=422 if errors else 200,
        board=found,
        typed={**typed, "stage": typed["stage"] or (found.stage if found.stage != Stage.ENDED else STAGES[-1].value)},
        errors=errors,
    )


@router.post("/rounds/{code}/extend")
def extend(visit: Extender, code: str, form: Submitted) -> Response:
    """Move a stage's deadline; everybody who waits is told why."""
    stage = form.text("stage")
    if stage not in set(STAGES):
        form.errors["stage"] = words("Hãy chọn khâu được gia hạn.")
    until = form.day("until", required=words("Hãy ghi hạn mới."))
    reason = form.text("reason", required=words("Hãy ghi lý do: lý do được gửi cho mọi đơn vị đang chờ."), longest=2000)
    if until is not None and until < access.local_date(visit.now):
        form.errors["until"] = words("Ngày này đã qua; hãy chọn một ngày từ hôm nay trở đi.")
    if form.errors or until is None:
        return _extension(visit, code, {name: form.text(name) for name in ("stage", "until", "reason")}, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = rounds.extend(session, code, stage=stage, until=until, reason=reason, actor=actor, now=visit.now)
        name = STAGE_NAMES[Stage(stage)]
        return {
            "message": f"Đã gia hạn khâu «{name}» đến hết ngày {row.due_on:%d/%m/%Y}",
            "details": rounds.explained(row),
        }

    visit.act("round.extend", code, change, once=form.once)
    return pages.done(f"/rounds/{code}", form.once)


# Papers of the round ----------------------------------------------------------------------------------------------


@router.get("/rounds/{code}/disclose")
def publication(visit: Discloser, code: str, paper: str = "") -> Response:
    """Check before a paper is public: its number, and whose names everybody reads at once."""
    with visit.reading() as session:
        found = papers.publishable(session, paper, round_code=code)
    return pages.render(
        visit,
        "rounds/disclose.html",
        code=code,
        paper=found,
        named=found.waiting[: act_pages.MOST_LISTED],
        days=disclosure.POSTING_DAYS,
        award_name=transition.award_name,
    )


@router.post("/rounds/{code}/disclose")
def disclose(visit: Discloser, code: str, form: Submitted) -> Response:
    """Publish one signed decision, or what a superior granted."""
    paper = form.text("paper")

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        url = f"{visit.installation.base_url}/decisions/{paper_numbers.paper(session, paper).code}"
        count = disclosure.disclose(session, paper, actor=actor, now=visit.now, url=url)
        return {
            "message": f"Đã công khai {papers.symbol(session, paper)}: {count} hồ sơ",
            "details": "Thư báo kết quả đã được xếp gửi.",
        }

    visit.act("decisions.disclose", paper, change, once=form.once)
    return pages.done(f"/rounds/{code}", form.once)


@router.get("/rounds/{code}/letters/{letter}")
def letter_form(visit: Recorder, code: str, letter: str) -> Response:
    """The form for the superior's answer to a tờ trình."""
    typed = {"number": "", "on": access.local_date(visit.now).isoformat(), "outcome": "granted", "reason": ""}
    return _letter(visit, code, letter, typed, {}, refused=frozenset())


def _letter(
    visit: Visit, code: str, letter: str, typed: Mapping[str, str], errors: dict[str, str], *, refused: frozenset[str]
) -> Response:
    with visit.reading() as session:
        row, waiting = papers.letter(session, letter, round_code=code)
    return pages.render(
        visit,
        "rounds/letter.html",
        status=422 if errors else 200,
        code=code,
        letter=row,
        waiting=waiting,
        award_name=transition.award_name,
        typed=typed,
        refused=refused,
        errors=errors,
    )


@router.post("/rounds/{code}/letters/{letter}")
def record_answer(visit: Recorder, code: str, letter: str, form: SubmittedList) -> Response:
    """Note the superior's document and whom it did not grant."""
    number = form.text("number", required=words("Hãy ghi số văn bản trả lời."), longest=80)
    on = form.day("on", required=words("Hãy ghi ngày của văn bản trả lời."))
    outcome = form.text("outcome")
    if outcome not in {SuperiorAnswer.GRANTED, SuperiorAnswer.PARTLY, SuperiorAnswer.REFUSED}:
        form.errors["outcome"] = words("Hãy chọn kết quả.")
    refused = form.texts("code") if outcome == SuperiorAnswer.PARTLY else []
    if outcome == SuperiorAnswer.PARTLY and not refused:
        form.errors["refused"] = words("Hãy đánh dấu hồ sơ không được khen thưởng.")
    needs = (
        words("Hãy ghi lý do cấp trên không khen thưởng.")
        if outcome in {SuperiorAnswer.PARTLY, SuperiorAnswer.REFUSED}
        else ""
    )
    reason = form.text("reason", required=needs, longest=transition.LONGEST_REASON)
    if form.errors or on is None:
        typed = {name: form.text(name) for name in ("number", "on", "outcome", "reason")}
        return _letter(visit, code, letter, typed, form.errors, refused=frozenset(refused))

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = disclosure.record_answer(
            session,
            letter,
            number=number,
            on=on,
            refused=refused,
            all_refused=outcome == SuperiorAnswer.REFUSED,
            reason=reason,
            actor=actor,
            now=visit.now,
        )
        return {"message": f"Đã ghi trả lời {number} cho tờ trình {paper_numbers.dated(row.symbol, row.signed_on)}"}

    visit.act("decisions.answer", letter, change, once=form.once)
    return pages.done(f"/rounds/{code}", form.once)
