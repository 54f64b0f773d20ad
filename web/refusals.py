"""Failures as answers: a lawful refusal, unreadable input, a missing page. Each is a page, or problem+json."""

from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from rules.refusal import Refusal, Unreadable
from web import cookies, language, pages, typed_text
from web.forms import Form
from web.problems import problem
from web.reauthentication import PasswordNeeded
from web.visit import ConfirmFirst, SignInFirst, Visit

_FORBIDDEN = frozenset(
    {"not_your_role", "not_your_unit", "separation_of_duties", "no_authorisation", "not_a_member", "account_disabled",
     "unknown_account", "stale_form", "recused_from", "token_scope", "four_eyes", "not_a_teller"}
)  # fmt: skip
_NOT_SENT_AGAIN = frozenset({"csrf", "password", "otp"})


def status_of(refusal: Refusal) -> int:
    """403 beyond one's rights, 404 for what is not there, 429 too often, else 409: the state of things forbids it."""
    if refusal.code in _FORBIDDEN:
        return 403
    if refusal.code.startswith("unknown_") and refusal.code != "unknown_multiplier":  # a figure nobody verified yet
        return 404
    if refusal.code in {"too_many_attempts", "too_many_today", "too_many_files_today"}:
        return 429
    return 409


def install(app: FastAPI) -> None:
    """Every exception that may reach a door, as an answer for people or for programs."""

    @app.exception_handler(SignInFirst)
    def _sign_in(request: Request, wanted: SignInFirst) -> Response:
        key = typed_text.kept(request, Visit.of(request)) if request.method == "POST" else ""
        wanted_page = typed_text.PAGE if key else wanted.wanted
        response = RedirectResponse(f"/login?next={quote(wanted_page, safe='/')}", status_code=303)
        if key:
            cookies.keep(response, request, typed_text.COOKIE, key, seconds=typed_text.SECONDS, samesite="lax")
        return response

    @app.exception_handler(ConfirmFirst)
    def _confirm(request: Request, wanted: ConfirmFirst) -> Response:
        del request
        return RedirectResponse(f"/confirm?next={quote(wanted.wanted, safe='/')}", status_code=303)

    @app.exception_handler(PasswordNeeded)
    def _password(request: Request, needed: PasswordNeeded) -> Response:
        form: Form | None = getattr(request.state, "form", None)
        sent = form.data.multi_items() if form else []
        return pages.render(
            Visit.of(request),
            "refusals/password.html",
            status=422,
            target=request.url.path,
            back=_came_from(request),
            sent=[(name, said) for name, said in sent if isinstance(said, str) and name not in _NOT_SENT_AGAIN],
            errors=needed.errors,
        )

    @app.exception_handler(Refusal)
    def _refusal(request: Request, refusal: Refusal) -> Response:
        status = status_of(refusal)
        if _for_programs(request):
            return problem(
                status,
                refusal.code,
                refusal.message,
                citation=refusal.citation.model_dump() if refusal.citation else None,
            )
        visit = Visit.of(request)
        if not getattr(request.state, "noted", False):  # already noted by an act
            visit.note("see" if request.method == "GET" else "send", request.url.path, refusal)
        return pages.render(
            visit,
            "refusals/refusal.html",
            status=status,
            refusal=refusal,
            gist=language.gists().get(refusal.code) if visit.language == language.ENGLISH else None,
            back=_came_from(request),
            typed=_typed(request, visit),
            title="Việc này không thực hiện được",
        )

    @app.exception_handler(Unreadable)
    def _unreadable(request: Request, error: Unreadable) -> Response:
        if _for_programs(request):
            return problem(422, error.code, error.message, where=error.where)
        return pages.render(Visit.of(request), "refusals/unreadable.html", status=422, error=error)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        if _for_programs(request):
            return problem(error.status_code, "http", str(error.detail), headers=dict(error.headers or {}))
        return pages.render(
            Visit.of(request),
            "refusals/no_page.html",
            status=error.status_code,
            asked_for=request.url.path,
            title="Không có trang này",
        )

    @app.exception_handler(RequestValidationError)
    def _validation(request: Request, error: RequestValidationError) -> Response:
        if _for_programs(request):
            where = [{"field": "/".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
            return problem(422, "invalid_request", "Yêu cầu không đúng mẫu.", where=where)
        return pages.render(
            Visit.of(request),
            "refusals/no_page.html",
            status=422,
            asked_for=request.url.path,
            title="Không có trang này",
        )


def _typed(request: Request, visit: Visit) -> typed_text.Typed | None:
    """What a refused form said, for whoever it was shown to: the account that is signed in now, and no other."""
    form: Form | None = getattr(request.state, "form", None)
    sent = form.data.multi_items() if form else getattr(request.state, "typed", [])
    if visit.visitor is None or not sent:
        return None
    if typed_text.writer(visit, str(dict(sent).get("csrf", ""))) != visit.actor.account_id:
        return None
    return typed_text.of(request, sent)


def _came_from(request: Request) -> str:
    """The page of this site that led here, its path alone: what a form carried in its address stays behind."""
    said = urlsplit(request.headers.get("referer", ""))
    same = (said.scheme, said.netloc) == (request.url.scheme, request.url.netloc)
    # Two slashes at its head would name another host.
    return said.path if same and said.path != request.url.path and not said.path.startswith("//") else ""


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith("/api/")
