"""Signing in and out, and the language of the pages."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from operations.people import browser_sessions
from rules.refusal import Refusal
from web import cookies, language, pages, typed_text
from web.forms import Submitted
from web.language import words
from web.visit import HOST_COOKIE, LOOPBACK_COOKIE, Permit, Visit, on_loopback

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]


def inside(path: str) -> str:
    """A path of this site to go on to; anything that leads elsewhere becomes the inbox."""
    try:
        parts = urlsplit(path)
    except ValueError:  # "//[" begins an address that never ends
        return "/inbox"
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if ours and path.isprintable() else "/inbox"


@router.get("/login")
def show(visit: Public, next: str = "/inbox") -> Response:  # noqa: A002 -- the parameter's name in docs/contract.md
    """The form; somebody signed in already goes on."""
    if visit.visitor is not None:
        return RedirectResponse(inside(next), status_code=303)
    return _form(visit, inside(next))


def _form(
    visit: Visit, wanted: str, *, said: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    return pages.render(
        visit,
        "sign_in/sign_in.html",
        status=status,
        wanted=wanted,
        kept=wanted == typed_text.PAGE,
        said=said,
        errors=errors or {},
        outside=bool(visit.installation.settings.get("OIDC_ISSUER")),
    )


@router.post("/login")
def enter(visit: Public, form: Submitted) -> Response:
    """303 to the page that was wanted (/inbox), with the session's cookie; the form again when it will not do."""
    wanted = inside(form.text("next") or "/inbox")
    username = form.text("username", required=words("Hãy gõ tên đăng nhập."))
    raw = form.data.get("password")
    password = raw if isinstance(raw, str) else ""
    if not password:
        form.errors["password"] = words("Hãy gõ mật khẩu.")
    if form.errors:
        return _form(visit, wanted, said=username, errors=form.errors, status=422)
    address = visit.request.client.host if visit.request.client else "?"
    try:
        token = browser_sessions.enter(
            visit.installation,
            username=username,
            password=password,
            code=form.text("code") or None,
            address=address,
            now=visit.now,
        )
    except Refusal as refusal:
        field = "code" if "factor" in refusal.code or "code" in refusal.code else "username"
        status = 429 if refusal.code == "too_many_attempts" else 422
        return _form(visit, wanted, said=username, errors={field: refusal.message}, status=status)
    return with_session(RedirectResponse(wanted, status_code=303), visit.request, token)


def with_session(response: RedirectResponse, request: Request, token: str) -> RedirectResponse:
    """Hand the browser its session: HttpOnly, this host only, not sent along from other sites."""
    response.set_cookie(HOST_COOKIE, token, secure=True, httponly=True, samesite="lax", path="/")
    if on_loopback(request):
        response.set_cookie(LOOPBACK_COOKIE, token, httponly=True, samesite="lax", path="/")
    return response


@router.post("/logout")
def leave(visit: Public, form: Submitted) -> Response:
    """End this session on the server and forget its cookie."""
    del form
    if visit.token is not None:
        browser_sessions.leave(visit.installation.database, visit.token)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(HOST_COOKIE, secure=True, httponly=True, samesite="lax", path="/")
    response.delete_cookie(LOOPBACK_COOKIE, httponly=True, samesite="lax", path="/")
    for name in cookies.beginning(visit.request, cookies.RECEIPT):  # whoever comes next sees no receipt of a ballot
        cookies.forget(response, visit.request, name)
    return response


@router.post("/language")
def choose(visit: Public, form: Submitted) -> Response:
    """Vietnamese or English, remembered by the browser for a year."""
    del visit
    chosen = language.ENGLISH if form.text("to") == language.ENGLISH else language.VIETNAMESE
    response = RedirectResponse(inside(form.text("next")), status_code=303)
    response.set_cookie(language.COOKIE, chosen, max_age=31_536_000, httponly=True, samesite="lax", path="/")
    return response
