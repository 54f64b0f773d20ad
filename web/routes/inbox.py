"""The visitor's tasks: due first, with counts by kind, and bulk acts."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations.access import Actor
from operations.views import inbox
from rules.policy import Permission
from rules.refusal import Refusal
from web import act_pages, pages
from web.act_pages import DEEDS
from web.forms import Form, SubmittedList
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Mine = Annotated[Visit, Depends(Permit(Permission.SEE_INBOX))]
_PAGE = 50
_CLEAN = "eligible"  # the verdict by which the list of what waits for review may be cut down
# An unpublished paper is handled on the board of its round.
_ON_BOARD = frozenset({"disclose", "answer"})


@router.get("/inbox")
def show(visit: Mine, kind: str = "", verdict: str = "", after: str = "") -> Response:
    """A page of what waits; `kind` and `verdict` show only those."""
    return _page(visit, kind=kind, verdict=verdict, after=after)


@router.get("/inbox/counts")
def counts(visit: Mine, kind: str = "") -> Response:
    """The counts alone, for a page that looks again every half minute: ticked boxes stay as they are."""
    with visit.reading() as session:
        found = inbox.counts(session, visit.actor, now=visit.now)
    return pages.render(visit, "inbox/counts.html", counts=found, kinds=inbox.KINDS, kind=kind)


def _page(
    visit: Visit,
    *,
    kind: str = "",
    verdict: str = "",
    after: str = "",
    ticked: frozenset[str] = frozenset(),
    errors: dict[str, str] | None = None,
) -> Response:
    with visit.reading() as session:
        found = inbox.counts(session, visit.actor, now=visit.now)
        here = inbox.counts(session, visit.actor, now=visit.now, verdict=verdict) if verdict else found
        items, key = inbox.of(
            session,
            visit.actor,
            now=visit.now,
            kind=kind or None,
            verdict=verdict or None,
            after=after or None,
            limit=_PAGE,
        )
    offered = {act for item in items for act in item.acts}
    return pages.render(
        visit,
        "inbox/inbox.html",
        status=422 if errors else 200,
        counts=found,
        kinds=inbox.KINDS,
        kind=kind,
        verdict=verdict,
        items=[(item, _link(item)) for item in items],
        total=here.get(kind, 0),
        next_key=key,
        deeds=[deed for name, deed in DEEDS.items() if name in offered],
        to_sign="sign" in found,
        ticked=ticked,
        errors=errors or {},
    )


def _link(item: inbox.Item) -> str:
    if item.kind in _ON_BOARD:
        return f"/rounds/{item.round}" if item.round else "/rounds"
    return "/" + "/".join(item.link)


@router.post("/inbox/acts")
def act(visit: Mine, form: SubmittedList) -> Response:
    """One act on the nominations that were ticked: asked for, checked, done, with a result for each."""
    deed = DEEDS.get(form.text("act"))
    if deed is None:
        raise Refusal("unknown_act", "Không có việc này. Hãy chọn một việc trong danh sách rồi làm lại.")
    Permit(deed.move.act)(visit.request)
    if pages.sent_before(visit, form):
        return pages.done(_back(form), form.once)
    kind, verdict = form.text("kind"), form.text("verdict")
    whole = None
    if form.text("whole") and kind in inbox.KINDS:

        def versions(session: Session, actor: Actor) -> dict[str, int]:
            return inbox.versions(
                session, actor, now=visit.now, kind=kind, verdict=verdict or None, act=deed.action.value
            )

        whole = act_pages.Whole({"whole": "1", "kind": kind, "verdict": verdict}, versions)
        with visit.reading() as session:
            wanted = versions(session, visit.actor)
    else:
        wanted = act_pages.chosen(form)
    if not wanted:
        return _page(
            visit,
            kind=kind,
            verdict=verdict,
            errors={"items": words("Hãy đánh dấu ít nhất một hồ sơ rồi chọn việc cần làm.")},
        )
    return act_pages.handle(visit, deed, form, wanted, place=("/inbox/acts", _back(form)), bulk=True, whole=whole)


def _back(form: Form) -> str:
    """The list from which the act came."""
    kind, verdict = form.text("kind"), form.text("verdict")
    if kind not in inbox.KINDS:
        return "/inbox"
    return f"/inbox?kind={kind}" + (f"&verdict={verdict}" if verdict == _CLEAN else "")
