"""The council as its decisions make it: set up, members appointed and dismissed, each from a day on."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import access
from operations.access import Actor
from operations.council_vote import council
from rules.policy import Permission
from rules.refusal import Refusal
from web import pages
from web.forms import Form, Submitted
from web.language import words
from web.visit import Permit, Visit

router = APIRouter(prefix="/council/members")
Keeper = Annotated[Visit, Depends(Permit(Permission.SET_UP_COUNCIL))]

# What each form of the page is filled in with; a field's name is its own, all stand on one page.
_FIELDS = {
    "set_up": ("code", "name", "decision", "begins"),
    "appoint": ("council", "member", "title", "body", "from", "chairs", "teller"),
    "dismiss": ("seat_of", "seat", "until"),
}
# Which field a refusal is about; what is not here is a refusal of its own.
_FIELD_OF = {
    "code_taken": "code", "before_the_council": "from", "already_a_member": "member", "already_chaired": "chairs",
    "administrator_cannot_sit": "member", "separation_of_duties": "member", "unknown_account": "member",
    "not_a_member": "seat", "bad_dates": "until",
}  # fmt: skip


@router.get("")
def index(visit: Keeper) -> Response:
    """Today's council and those to come: who sits for which body, who is missing, and the forms that change it."""
    return _page(visit)


def _page(visit: Visit, form: Form | None = None, filled: str = "") -> Response:
    """The page; with a form that will not do, that one open with what was typed."""
    today = access.local_date(visit.now)
    with visit.reading() as session:
        councils = council.seated(session, on=today)
        people = council.candidates(session, actor=visit.actor, on=today)
    typed = {name: "" for names in _FIELDS.values() for name in names} | {
        name: today.isoformat() for name in ("begins", "from", "until")
    }
    if form is not None:
        typed |= {name: form.text(name) for name in _FIELDS[filled]}
    return pages.render(
        visit,
        "members/members.html",
        status=422 if form is not None else 200,
        councils=councils,
        people=[("", "–"), *((username, f"{name} ({username})") for username, name in people)],
        typed=typed,
        filled=filled,
        errors=form.errors if form is not None else {},
    )


def _attempt(
    visit: Visit, form: Form, filled: str, subject: str, change: Callable[[Session, Actor], dict[str, Any]]
) -> Response:
    """Do it and show the confirmation; or say at which field it will not do."""
    if not form.errors:
        try:
            visit.act(f"council.{filled}", subject, change, once=form.once)
        except Refusal as refusal:
            field = _FIELD_OF.get(refusal.code)
            if field not in _FIELDS[filled]:
                raise
            form.errors[field] = refusal.message
    if form.errors:
        return _page(visit, form, filled)
    return pages.done("/council/members", form.once)


@router.post("/set-up")
def set_up(visit: Keeper, form: Submitted) -> Response:
    """Enter a council that a decision has set up."""
    code = form.text("code", required=words("Hãy đặt mã Hội đồng, ví dụ HD-2024."), longest=40)
    name = form.text("name", required=words("Hãy ghi tên Hội đồng như trong quyết định thành lập."), longest=300)
    decision = form.text("decision", required=words("Hãy ghi số quyết định thành lập."), longest=80)
    begins = form.day("begins", required=words("Hãy ghi ngày Hội đồng được thành lập."))

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        assert begins is not None
        row = council.set_up(session, code=code, name=name, decision_number=decision, valid_from=begins, actor=actor)
        return {
            "message": f"Đã khai báo Hội đồng {row.code}",
            "details": f"Theo quyết định {row.decision_number}, từ ngày {row.valid_from:%d/%m/%Y}. Nay cử các thành viên.",
        }

    return _attempt(visit, form, "set_up", code, change)


@router.post("/appoint")
def appoint(visit: Keeper, form: Submitted) -> Response:
    """Seat somebody who stands for a body, from a day on."""
    code = form.text("council")
    member = form.text("member", required=words("Hãy chọn người được cử."))
    title = form.text("title", required=words("Hãy ghi chức danh trong Hội đồng."), longest=200)
    body = form.text("body", required=words("Hãy ghi cơ quan, tổ chức mà thành viên đại diện."), longest=200)
    since = form.day("from", required=words("Hãy ghi ngày bắt đầu."))
    chairs, teller = form.text("chairs") == "1", form.text("teller") == "1"

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        assert since is not None
        council.appoint(
            session, council_code=code, username=member, title=title, body=body, valid_from=since, actor=actor,
            now=visit.now, chairs=chairs, teller=teller,
        )  # fmt: skip
        return {
            "message": f"Đã cử «{member}» vào Hội đồng {code}",
            "details": f"{title}, đại diện {body}, từ ngày {since:%d/%m/%Y}.",
        }

    return _attempt(visit, form, "appoint", f"{code}/{member}", change)


@router.post("/dismiss")
def dismiss(visit: Keeper, form: Submitted) -> Response:
    """End somebody's seat on a day, and the roles that came with it."""
    code = form.text("seat_of")
    member = form.text("seat", required=words("Hãy chọn thành viên thôi tham gia."))
    until = form.day("until", required=words("Hãy ghi ngày thôi tham gia."))

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        assert until is not None
        council.dismiss(session, council_code=code, username=member, until=until, actor=actor)
        return {
            "message": f"Đã cho «{member}» thôi tham gia Hội đồng {code}",
            "details": f"Từ ngày {until:%d/%m/%Y} không còn là thành viên.",
        }

    return _attempt(visit, form, "dismiss", f"{code}/{member}", change)
