"""A slip corrected after a nomination was handed in: what is wrong, shown beside what stands, done with a reason."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import transition
from operations.access import Actor
from operations.home_affairs_review import correcting
from operations.unit_proposal.workbook import heads
from rules import birth_date
from rules.policy import Permission
from rules.refusal import Refusal, Unreadable
from web import act_pages, pages
from web.forms import Form, Submitted
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Corrector = Annotated[Visit, Depends(Permit(Permission.CORRECT))]
_FIELDS = ("name", "honorific", "position", "workplace", "gender", "ethnicity", "birth_date", "email")


@router.get("/nominations/{code}/correct")
def form(visit: Corrector, code: str) -> Response:
    """The form with what the nomination says now. Raises Refusal `wrong_state` where nothing may be corrected."""
    with visit.reading() as session:
        row = correcting.correctable(session, code, actor=visit.actor)
    return _page(visit, row, _said(row) | {"reason": ""}, {}, version=row.version)


def _said(row: Any) -> dict[str, str]:
    shown = {name: getattr(row, name) or "" for name in _FIELDS}
    return shown | {"birth_date": f"{row.birth_date:%d/%m/%Y}" if row.birth_date else ""}


def _page(
    visit: Visit, row: Any, typed: Mapping[str, str], errors: dict[str, str], *, version: int, checking: bool = False
) -> Response:
    return pages.render(
        visit,
        "nominations/correct.html",
        status=422 if errors else 200,
        row=row,
        award_name=transition.award_name(row.award),
        typed=typed,
        was=_said(row),
        fields=_FIELDS,
        genders=list(heads.GENDER_WORDS),
        version=version,
        errors=errors,
        checking=checking,
        options=lambda first, keys: [*first, *((key, key) for key in keys)],
    )


@router.post("/nominations/{code}/correct")
def correct(visit: Corrector, code: str, form: Submitted) -> Response:
    """Check what was typed; show what changes; correct it."""
    with visit.reading() as session:
        row = correcting.correctable(session, code, actor=visit.actor)
    version = next(iter(act_pages.chosen(form).values()), 0)
    was = _said(row)
    typed = {name: form.text(name) if name in form.data else was[name] for name in _FIELDS}
    typed["reason"] = form.text(
        "reason", required=words("Hãy ghi lý do: sai ở đâu, theo giấy tờ nào."), longest=transition.LONGEST_REASON
    )
    if form.text("step") == "change":
        return _page(visit, row, typed, {}, version=version)
    person = _changes(form, typed, was)
    if not person and not form.errors:
        form.errors["name"] = words("Bạn chưa sửa gì.")
    if form.errors:
        return _page(visit, row, typed, form.errors, version=version)
    if form.text("step") != "do":
        return _page(visit, row, typed, {}, version=version, checking=True)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        correcting.correct(
            session, code, person=person, reason=typed["reason"], version=version, actor=actor, now=visit.now
        )
        return {"message": f"Đã đính chính hồ sơ {code}", "details": "Đơn vị được báo bằng thư."}

    try:
        visit.act("nominations.correct", code, change, once=form.once)
    except Refusal as refusal:
        if refusal.code == "stale":
            return act_pages.stale(visit, code, version, refusal, typed)
        if refusal.code in {"another_person", "nothing_corrected", "missing_value"}:
            return _page(visit, row, typed, {"name": refusal.message}, version=version)
        raise
    except Unreadable as error:
        return _page(visit, row, typed, {str(error.where.get("key", "email")): error.message}, version=version)
    return pages.done(f"/nominations/{code}", form.once)


def _changes(form: Form, typed: Mapping[str, str], was: Mapping[str, str]) -> dict[str, Any]:
    """The fields that differ from the stored ones; an invalid date becomes an error of the form."""
    changed: dict[str, Any] = {name: typed[name] for name in _FIELDS if typed[name] != was[name]}
    if changed.get("birth_date"):
        try:
            changed["birth_date"] = birth_date.read(changed["birth_date"])
        except Unreadable as error:
            form.errors["birth_date"] = error.message
    elif "birth_date" in changed:
        changed["birth_date"] = None
    return changed
