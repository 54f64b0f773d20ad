"""Nominations: look for them, look at one, propose one, mend one, and the acts of its stages."""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import access, rights, transition, visibility
from operations.access import Actor
from operations.home_affairs_review import cases, comments, review
from operations.public_disclosure import petitions
from operations.unit_proposal import attachments, intake, mending, proposal
from operations.unit_proposal.mending import Written
from operations.unit_proposal.proposal import RowErrors
from operations.unit_proposal.workbook import facts, heads
from operations.views import nominations, timeline
from rules import catalogue, lifecycle, policy
from rules.lifecycle import State
from rules.policy import Permission
from rules.refusal import Citation, Refusal
from rules.standards.facts import spoken
from rules.vocabulary import FindingVerdict
from web import act_pages, language, pages
from web.act_pages import DEEDS, Deed
from web.forms import Form, Submitted, SubmittedLong
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Reader = Annotated[Visit, Depends(Permit(Permission.SEE_NOMINATION))]
Proposer = Annotated[Visit, Depends(Permit(Permission.PROPOSE))]
Mender = Annotated[Visit, Depends(Permit(Permission.MEND))]
_FILTERS = ("round", "unit", "award", "state", "dossier", "text")
# The fields of a proposal's form: those of a workbook's columns, read by the same rules.
TYPED = tuple(head.field for head in heads.HEADS if head.field and head.field != "attachments")
# The nominee's fields, by the heads of a workbook.
_PERSON = ("name", "honorific", "title", "workplace", "gender", "ethnicity", "birth_date", "email")
_ANOTHER = "another"  # the answer to a question about a namesake: said with a form, kept nowhere by itself
_MENDED = ("achievement", "rating", "initiative", "object_class", "field", "prior_decision", "grounds", "facts")
_KIND_WORDS = {str(kind): name for kind, name in heads.KIND_NAMES.items()}
_FIELD_OF = {head.name: head.field for head in heads.HEADS} | {"position": "title", heads.ATTACHMENTS: "parts"}


# Look for them -----------------------------------------------------------------------------------------------------


@router.get("/nominations")
def search(
    visit: Reader,
    round: str = "",  # noqa: A002 -- the address says it as people do
    unit: str = "",
    award: str = "",
    state: str = "",
    dossier: str = "",
    text: str = "",
    after: str = "",
) -> Response:
    """The nominations this visitor may read, newest first, by filters."""
    wanted = dict(zip(_FILTERS, (round, unit, award, state, dossier, text), strict=True))
    with visit.reading() as session:
        rows, key = nominations.search(
            session,
            actor=visit.actor,
            round_code=round,
            unit=unit,
            award=award,
            state=state,
            dossier=dossier,
            text=text,
            after=after or None,
        )
        units = nominations.units(session, actor=visit.actor, on=access.local_date(visit.now))
        rounds = nominations.round_choices(session)
        taking = [code for code, _ in nominations.round_choices(session, taking=True)]
    say = language.says(visit.language)
    return pages.render(
        visit,
        "nominations/list.html",
        rows=rows,
        next_key=key,
        wanted=wanted,
        units=units,
        rounds=rounds,
        awards=_awards(),
        states=[(state.value, say(name)) for state, name in lifecycle.STATE_NAMES.items()],
        all_of=lambda found: [("", say(words("Tất cả"))), *found],
        may_propose=policy.ever(visit.actor.roles, Permission.PROPOSE),
        # A workbook goes to one round: the one that is looked at, else the newest that still takes proposals.
        intake=next((code for code in taking if round in {"", code}), ""),
    )


def _awards() -> list[tuple[str, str]]:
    return [(award.id, award.name) for award in intake.award_names()]


# Propose one -------------------------------------------------------------------------------------------------------


@router.get("/nominations/new")
def blank(visit: Proposer, round: str = "") -> Response:  # noqa: A002 -- the address says it as people do
    """The empty form."""
    return _new(visit, {"round": round, "kind": "individual", "papers": "all"}, {})


@router.post("/nominations/new")
def propose(visit: Proposer, form: SubmittedLong) -> Response:
    """Check what was typed; show it once more; file it, as a draft or handed in."""
    typed = _typed(form, ("round", "unit", *TYPED))
    step = form.text("step")
    if step == "change":
        return _new(visit, typed, {})
    if not typed["round"]:
        form.errors["round"] = words("Hãy chọn đợt xét.")
    if not typed["unit"]:
        form.errors["unit"] = words("Hãy chọn đơn vị đề nghị.")
    row = _proposed(form, typed, typed["name"], _KIND_WORDS.get(typed["kind"], ""), typed["award"])
    if form.errors or row is None:
        return _new(visit, typed, form.errors, status=422)
    given: dict[str, Any] = {"round_code": typed["round"], "unit_code": typed["unit"], "proposals": [row]}
    if step not in {"submit", "draft"}:
        with visit.reading() as session:
            checked = proposal.check(session, actor=visit.actor, now=visit.now, **given)
        if checked.errors:
            return _new(visit, typed, _by_field(checked.errors), status=422)
        return _new(visit, typed, {}, checking=True, warnings=checked.warnings)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        filed = proposal.file(session, actor=actor, now=visit.now, submit=step == "submit", **given)
        did = "Đã nộp" if step == "submit" else "Đã lưu bản nháp"
        return {"message": f"{did} hồ sơ {filed.codes[0]}", "code": filed.codes[0]}

    try:
        said = visit.act("nominations.propose", f"{typed['round']}/{typed['unit']}", change, once=form.once)
    except RowErrors as only:
        return _new(visit, typed, _by_field(only.checked.errors), status=422)
    return pages.done(f"/nominations/{said['code']}", form.once)


def _typed(form: Form, names: tuple[str, ...]) -> dict[str, Any]:
    typed: dict[str, Any] = {name: form.text(name) for name in names}
    typed["papers"] = "some" if form.text("papers") == "some" else "all"
    typed["parts"] = [part for part in form.texts("part") if part in intake.PART_NAMES]
    return typed


def _proposed(form: Form, typed: Mapping[str, Any], name: str, kind: str, award: str) -> proposal.Proposed | None:
    """The typed proposal, read by the rules of the workbook; its errors go to the form."""
    listed = typed["papers"] == "some"
    if listed and not typed["parts"]:
        form.errors["parts"] = words("Hãy đánh dấu các giấy tờ kèm theo.")
    book = intake.typed(
        {name: typed[name] for name in TYPED if name in typed}
        | {"name": name, "kind": kind, "award": award}
        | {"attachments": "; ".join(intake.PART_NAMES[part] for part in typed["parts"]) if listed else ""}
    )
    form.errors.update(_by_field(book.errors))
    return None if form.errors or not book.rows else intake.proposed(book.rows[0])


def _by_field(errors: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(_FIELD_OF.get(error["column"], error["column"]), error["message"])
    return found


def _new(
    visit: Visit,
    typed: Mapping[str, Any],
    errors: dict[str, str],
    *,
    checking: bool = False,
    warnings: tuple[dict[str, Any], ...] = (),
    status: int = 200,
) -> Response:
    with visit.reading() as session:
        units = nominations.units(session, actor=visit.actor, on=access.local_date(visit.now))
        rounds = nominations.round_choices(session, taking=True)
    values = dict.fromkeys((*TYPED, "round", "unit", "papers"), "") | {"parts": []} | dict(typed)
    values["round"] = values["round"] or (rounds[0][0] if len(rounds) == 1 else "")
    values["unit"] = values["unit"] or (units[0][0] if len(units) == 1 else "")
    return pages.render(
        visit,
        "nominations/new.html",
        status=status,
        typed=values,
        errors=_ordered(errors),
        checking=checking,
        warnings=warnings,
        units=units,
        rounds=rounds,
        **_choices(),
    )


def _ordered(errors: dict[str, str]) -> dict[str, str]:
    """In the order of the page."""
    order = ["round", "unit", "kind", "name", "award", *TYPED, "parts"]
    return dict(sorted(errors.items(), key=lambda one: order.index(one[0]) if one[0] in order else 99))


def _choices() -> dict[str, Any]:
    return {
        "awards": _awards(),
        "kinds": list(heads.KIND_NAMES),
        "ratings": list(heads.RATING_WORDS),
        "genders": heads.GENDER_WORDS,
        "part_names": dict(reversed(intake.PART_NAMES.items())),
        "how": facts.HOW,
        "names": list(TYPED),
        "options": _options,
    }


def _options(first: list[tuple[str, str]], keys: Any, named: Mapping[str, str]) -> list[tuple[str, str]]:
    return [*first, *((key, named.get(key, key)) for key in keys)]


# Look at one -------------------------------------------------------------------------------------------------------


@router.get("/nominations/{code}")
def show(visit: Reader, code: str, remarks: str = "") -> Response:
    """One nomination: where it stands, what it says, findings, papers, what may be done, remarks, what happened."""
    return _whole(visit, code, remarks=remarks)


def _whole(
    visit: Visit, code: str, *, remarks: str = "", errors: dict[str, str] | None = None, said: str = ""
) -> Response:
    with visit.reading() as session:
        row = visibility.require(session, code, actor=visit.actor)
        relation = rights.relations(session, [row], actor=visit.actor, now=visit.now)[row.id or 0]
        found = nominations.whole(session, row)
        reason = nominations.reason_seen(session, row, actor=visit.actor)
        appraisal = review.latest(session, [code]).get(code)
        findings = json.loads(appraisal.findings) if appraisal else []
        fields = policy.fields_of_nominee(visit.actor.roles, relation)
        thread, more_remarks = comments.of(session, code, actor=visit.actor, after=remarks or None)
        events = timeline.events(session, code, actor=visit.actor)
        # The mere existence of a petition can identify the complainant: staff only, like its page.
        open_petitions = (
            [one for one in petitions.about(session, code) if one["state"] in petitions.OPEN]
            if visit.may(Permission.SEE_PETITIONS)
            else []
        )
        sees_papers = visit.may(Permission.SEE_PAPERS, relation=relation)
        scans = attachments.of(session, code, actor=visit.actor) if sees_papers else []
    state = State(row.state)
    held = [{**part, "scans": [one for one in scans if one["part"] == part["id"]]} for part in found["parts"]]
    counted = found["item"] is not None and found["item"].outcome is not None
    return pages.render(
        visit,
        "nominations/nomination.html",
        status=422 if errors else 200,
        **{name: value for name, value in found.items() if name != "parts"},
        parts_held=held,  # the templates' own `parts` are macros
        further_scans=[one for one in scans if one["part"] not in {part["id"] for part in held}],
        cited=lambda said: str(Citation(**said)),
        state=state,
        reason=reason if "reason" in fields else None,
        facts=_facts(found, fields),
        fields=fields,
        appraisal=appraisal,
        # While it is paused nobody knows whether what was found still holds: that is what it waits for.
        pack_name=_pack_name(appraisal.pack) if appraisal and appraisal.pack else "–",
        outdated=appraisal is not None
        and (state is State.PAUSED or (appraisal.nomination_version != row.version and state in _JUDGED_AGAIN)),
        seen=_seen,
        # Failed findings first: they call for action.
        findings=sorted(
            findings, key=lambda one: {FindingVerdict.NOT_MET: 0, FindingVerdict.UNKNOWN: 1}.get(one["verdict"], 2)
        ),
        stages_done=nominations.places(row, found["round"], [event.kind for event in events]),
        open_petitions=open_petitions,
        sees_result=counted and visit.may(Permission.SEE_RESULT, relation=relation),
        sees_session=found["session"] is not None and visit.may(Permission.SEE_SESSION, relation=relation),
        sees_papers=sees_papers,
        may_attach=visit.may(Permission.ATTACH, relation=relation, state=state),
        sees_findings=visit.may(Permission.SEE_FINDINGS, relation=relation) and "findings" in fields,
        may_mend=visit.may(Permission.MEND, relation=relation, state=state),
        may_correct=visit.may(Permission.CORRECT, relation=relation, state=state),
        may_revoke=found["decision"] is not None and visit.may(Permission.REVOKE, relation=relation, state=state),
        may_comment=visit.may(Permission.COMMENT, relation=relation),
        may_sign=visit.may(Permission.SIGN, relation=relation, state=state),
        acts=act_pages.offered(visit.actor, relation, state),
        events=events,
        thread=thread,
        more_remarks=more_remarks,
        longest=comments.LONGEST,
        errors=errors or {},
        said=said,
    )


# States from which a nomination comes (again) before the rules; later ones stand on the appraisal they were passed with.
_JUDGED_AGAIN = frozenset({State.DRAFT, State.RETURNED, State.SUBMITTED, State.PAUSED})


def _pack_name(pack_id: str) -> str:
    """The rules of a pack by level and time, as people tell them apart; one that is gone keeps its name."""
    pack = next((one for one in catalogue.packs() if one.id == pack_id), None)
    if pack is None:
        return pack_id
    until = f" đến {pack.valid_to:%d/%m/%Y}" if pack.valid_to else ""
    return f"{catalogue.LEVEL_NAMES[pack.level]} từ {pack.valid_from:%d/%m/%Y}{until}"


def _seen(found: str | None) -> str:
    """The value found by a rule, in Vietnamese where it is one of the rules' own words."""
    if not found or found == "attested":
        return ""
    ratings = {str(rating): words for rating, words in heads.RATING_WORDS.items()}
    known = (catalogue.DECIDER_NAMES, ratings, cases.GROUP_NAMES)
    # What is left may be several words of the rules in one: "HTXSNV; attested".
    return next((said[found] for said in known if found in said), None) or spoken(found)


def _facts(found: Mapping[str, Any], fields: frozenset[str]) -> list[tuple[str, Any]]:
    """(field, value) of what this reader may see of the nominee and the case, in the order of a paper."""
    row = found["row"]
    said: dict[str, Any] = json.loads(row.facts)
    values = {
        "honorific": row.honorific,
        "title": row.position,
        "workplace": row.workplace,
        "gender": row.gender,
        "ethnicity": row.ethnicity,
        "birth_date": row.birth_date,
        "email": row.email,
        "achievement": row.achievement,
        "rating": row.rating,
        "initiative": row.initiative,
        "object_class": row.object_class,
        "field": row.field,
        "prior_decision": row.prior_decision,
        "grounds": ", ".join(said.get("grounds", [])),
        "facts": facts.write(said) or "",
    }
    # A workbook's heads and the policy's whitelist call two of them differently.
    known_as = {"title": "position", "grounds": "findings", "facts": "findings"}
    return [(name, value) for name, value in values.items() if value and known_as.get(name, name) in fields]


@router.post("/nominations/{code}/comments")
def comment(visit: Annotated[Visit, Depends(Permit(Permission.COMMENT))], code: str, form: Submitted) -> Response:
    """Add a remark."""
    text = form.text("text", required=words("Hãy viết nội dung ý kiến."), longest=comments.LONGEST)
    if form.errors:
        return _whole(visit, code, errors=form.errors, said=text)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        visibility.require(session, code, actor=actor, act=Permission.COMMENT)
        comments.write(session, code, text=text, actor=actor, now=visit.now)
        return {"message": "Đã ghi ý kiến"}

    visit.act("nominations.comment", code, change, once=form.once)
    return pages.done(f"/nominations/{code}", form.once)


# Mend one ----------------------------------------------------------------------------------------------------------


@router.get("/nominations/{code}/mend")
def mending_form(visit: Mender, code: str) -> Response:
    """The form with what the nomination says now. Raises Refusal `wrong_state` where nothing may be mended."""
    with visit.reading() as session:
        was = mending.mendable(session, code, actor=visit.actor)
    return _mend(visit, was, _as_said(was) | _as_named(was), {}, version=was.row.version)


def _as_said(was: Written) -> dict[str, Any]:
    """The nomination's details, as its form shows them."""
    row = was.row
    said: dict[str, Any] = json.loads(row.facts)
    attested = row.parts == proposal.ATTESTED
    return {
        **{
            name: getattr(row, name) or ""
            for name in ("achievement", "rating", "initiative", "object_class", "field", "prior_decision")
        },
        "grounds": ", ".join(said.get("grounds", [])),
        "facts": facts.write(said) or "",
        "papers": "all" if attested else "some",
        "parts": [] if attested else row.parts.split(","),
    }


def _as_named(was: Written) -> dict[str, str]:
    """The nominee's details, as the form shows them."""
    row = was.row
    return {
        "name": row.name,
        "honorific": row.honorific or "",
        "title": row.position or "",
        "workplace": row.workplace or "",
        "gender": row.gender or "",
        "ethnicity": row.ethnicity or "",
        "birth_date": f"{row.birth_date:%d/%m/%Y}" if row.birth_date else "",
        "email": row.email or "",
    }


@router.post("/nominations/{code}/mend")
def mend(visit: Mender, code: str, form: SubmittedLong) -> Response:
    """Check what was typed; show what changes; save it, and hand the nomination in again where that was asked."""
    with visit.reading() as session:
        was = mending.written(session, code, actor=visit.actor)
    version = next(iter(act_pages.chosen(form).values()), 0)
    typed = _typed(form, _MENDED)
    # A page that did not show whom it is about leaves them as they are.
    typed |= {name: form.text(name) if name in form.data else said for name, said in _as_named(was).items()}
    typed[_ANOTHER] = form.text(_ANOTHER)
    step = form.text("step")
    if step == "change":
        return _mend(visit, was, typed, {}, version=version)
    proposed = _proposed(form, typed, typed["name"], _KIND_WORDS[was.kind], was.row.award)
    if form.errors or proposed is None:
        return _mend(visit, was, typed, form.errors, version=version, status=422)
    changes, person = mending.changes_of(was, proposed), mending.changes_of_person(was, proposed)
    if step not in {"save", "submit"}:
        if not changes and not person:
            unchanged = {"achievement": words("Bạn chưa sửa gì. Hãy sửa nội dung, hoặc nộp hồ sơ từ trang của nó.")}
            return _mend(visit, was, typed, unchanged, version=version, status=422)
        return _mend(visit, was, typed, {}, version=version, checking=True)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        mending.mend(
            session,
            code,
            actor=actor,
            now=visit.now,
            version=version,
            person=person,
            another=proposed.another,
            **changes,
        )
        if step == "submit":
            transition.only_result(proposal.submit(session, [code], actor=actor, now=visit.now))
            return {"message": f"Đã sửa và nộp hồ sơ {code}"}
        return {"message": f"Đã lưu hồ sơ {code}", "details": "Hồ sơ chưa được nộp; nộp khi đã xong."}

    try:
        visit.act("nominations.mend", code, change, once=form.once)
    except Refusal as refusal:
        if refusal.code == "stale":
            shown = {
                name: said if isinstance(said, str) else ", ".join(said)
                for name, said in typed.items()
                if name != "papers"
            }
            return act_pages.stale(visit, code, version, refusal, shown)
        if refusal.code in {"maybe_same_person", "already_proposed"}:  # a question about what was typed
            return _mend(visit, was, typed, {"name": refusal.message}, version=version, status=422)
        raise
    return pages.done(f"/nominations/{code}", form.once)


def _mend(
    visit: Visit,
    written: Written,
    typed: Mapping[str, Any],
    errors: dict[str, str],
    *,
    version: int,
    checking: bool = False,
    status: int = 200,
) -> Response:
    row = written.row
    return pages.render(
        visit,
        "nominations/mend.html",
        status=status,
        row=row,
        award_name=transition.award_name(row.award),
        typed={_ANOTHER: ""} | dict(typed),
        was=_as_said(written) | _as_named(written),
        version=version,
        errors=_ordered(errors),
        checking=checking,
        mended=(*_PERSON, *_MENDED),
        person=_PERSON,
        speaks_facts=facts.write(json.loads(row.facts)) is not None,
        **_choices(),
    )


# The acts of its stages --------------------------------------------------------------------------------------------


def _offer(deed: Deed) -> None:
    path = f"/nominations/{{code}}/{deed.move.word}"
    permit = Depends(Permit(deed.move.act))

    def ask(*, visit: Visit = permit, code: str) -> Response:
        return act_pages.ask(visit, deed, code)

    def handle(*, visit: Visit = permit, code: str, form: Submitted) -> Response:
        version = act_pages.chosen(form).get(code, 0)
        return act_pages.handle(visit, deed, form, {code: version}, place=act_pages.place_of(deed, code))

    named: dict[str, Callable[..., Response]] = {f"ask_{deed.action}": ask, f"{deed.action}": handle}
    for (name, endpoint), method in zip(named.items(), ("GET", "POST"), strict=True):
        router.add_api_route(path, endpoint, methods=[method], name=name)


for _deed in DEEDS.values():
    _offer(_deed)
