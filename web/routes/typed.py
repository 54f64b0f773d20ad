"""What was typed before a session ended, for whoever typed it; and how long the present one may still lie idle."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from rules.policy import Permission
from web import cookies, pages, typed_text
from web.visit import Permit, Visit

router = APIRouter()
Own = Annotated[Visit, Depends(Permit(Permission.SEE_INBOX))]
Public = Annotated[Visit, Depends(Permit(None))]


@router.get(typed_text.PAGE)
def typed(visit: Own) -> Response:
    """The text as it was sent, to be sent again; another account gets the inbox."""
    found = typed_text.SHELF.get(cookies.kept(visit.request, typed_text.COOKIE), visit.actor.account_id or 0)
    if found is None:
        return RedirectResponse("/inbox", status_code=303)
    return pages.render(visit, "refusals/typed.html", typed=found)


@router.get("/idle")
def idle(visit: Public) -> Response:
    """The warning that a page asks for by itself before its session ends; asking keeps nothing awake."""
    left = None
    if visit.visitor is not None:
        ends = min(visit.visitor.seen_at + visit.installation.idle, visit.visitor.ends_at)
        left = max(0, int((ends - datetime.now(UTC)).total_seconds()) // 60)
    return pages.render(visit, "refusals/idle.html", left=left)
