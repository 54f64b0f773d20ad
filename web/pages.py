"""Pages from templates: the frame every page shares, and what a template may ask for."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from operations import access, idempotency, transition, visibility
from rules import lifecycle, policy
from rules.policy import Permission
from rules.wording import thousands
from web import language, reauthentication
from web.forms import Form, fresh_key
from web.language import words
from web.visit import Visit

# (path, words, the act that opens it): what the frame's menu shows to whom.
MENU: tuple[tuple[str, str, Permission], ...] = (
    ("/inbox", words("Việc của tôi"), Permission.SEE_INBOX),
    ("/nominations", words("Hồ sơ"), Permission.SEE_NOMINATION),
    ("/rounds", words("Đợt xét"), Permission.SEE_ROUND),
    ("/council", words("Hội đồng"), Permission.SEE_SESSION),
    ("/sign", words("Trình ký"), Permission.SIGN),
    ("/petitions", words("Phản ánh, kiến nghị"), Permission.SEE_PETITIONS),
    ("/dashboard", words("Bảng theo dõi"), Permission.SEE_DASHBOARD),
    ("/administration", words("Quản trị"), Permission.ADMINISTER),
    ("/administration/authorisations", words("Ủy quyền"), Permission.AUTHORISE),
    ("/administration/security", words("Nhật ký an ninh"), Permission.SEE_SECURITY_LOG),
)


@cache
def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["day"] = _day
    found.filters["moment"] = _moment
    found.filters["number"] = _number
    found.filters["size"] = _size
    found.globals.update(
        state_names=lifecycle.STATE_NAMES,
        stage_names=lifecycle.STAGE_NAMES,
        role_names=lifecycle.ROLE_NAMES,
        stages=lifecycle.STAGES,
    )
    return found


def _day(value: date | datetime | str | None) -> str:
    """24/11/2026, in Vietnam."""
    if not value:
        return "–"
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    found = access.local_date(value) if isinstance(value, datetime) else value
    return f"{found:%d/%m/%Y}"


def _moment(value: datetime | str | None) -> str:
    """14:05 24/11/2026, in Vietnam."""
    if not value:
        return "–"
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.astimezone(access.LOCAL):%H:%M %d/%m/%Y}"


def _number(value: int | None) -> str:
    """1.780, as Vietnamese writes it."""
    return "–" if value is None else thousands(value)


def _size(value: int) -> str:
    """Bytes as 12 KB, 3,4 MB."""
    return f"{max(1, round(value / 1000))} KB" if value < 1_000_000 else f"{value / 1_000_000:.1f} MB".replace(".", ",")


def render(visit: Visit, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page in the visitor's language. A template gets `visit`, `_`, `menu`, `done` and what is handed in."""
    say = language.says(visit.language)
    html = (
        environment()
        .get_template(template)
        .render(
            visit=visit,
            _=say,
            once=fresh_key,  # each form shown has its own key, however many buttons it has
            menu=_menu(visit, say),
            here=visit.request.url.path,
            done=confirmation(visit),
            clock=visit.installation.business_clock,
            idle_warning=max(60, int(visit.installation.idle.total_seconds()) - 420),
            **{"asks_password": reauthentication.asks(visit), **context},
        )
    )
    return HTMLResponse(html, status_code=status)


def pdf(content: bytes, name: str) -> Response:
    """A PDF to be looked at in the browser."""
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


def _menu(visit: Visit, say: Callable[[str], str]) -> list[tuple[str, str, bool]]:
    """(path, words, is it where the visitor is): the nearest one only, however many begin alike."""
    offered = [(path, say(name)) for path, name, act in MENU if visit.visitor and _opens(visit, act)]
    here = visit.request.url.path
    above = [path for path, _ in offered if here == path or here.startswith(f"{path}/")]
    current = max(above, key=len, default="")
    return [(path, name, path == current) for path, name in offered]


def _opens(visit: Visit, act: Permission) -> bool:
    return policy.ever(visit.actor.roles, act)


def done(to: str, key: str) -> RedirectResponse:
    """After an act: the page `to`, which shows the confirmation of the form with this key."""
    joint = "&" if "?" in to else "?"
    return RedirectResponse(f"{to}{joint}done={key}" if key else to, status_code=303)


def sent_before(visit: Visit, form: Form) -> bool:
    """Has this very form been submitted before, and done what it asked for?"""
    with visit.reading() as session:
        return bool(form.once) and idempotency.answer_to(session, key=form.once, actor=visit.actor) is not None


def confirmation(visit: Visit) -> Mapping[str, Any] | None:
    """The answer of the act of `?done=KEY`, for its own actor only: a reload or a second submit shows the same."""
    key = visit.request.query_params.get("done")
    if not key or visit.visitor is None:
        return None
    with visit.reading() as session:
        said = idempotency.answer_to(session, key=key, actor=visit.actor)
        if said is None:
            return None
        # A confirmation keeps codes; whose they are is looked up for whoever may still read them.
        codes = [row["code"] for row in said.get("results", [])]
        readable = visibility.readable(session, codes, actor=visit.actor) if codes else set()
        standing = transition.snapshots(session, [code for code in codes if code in readable])
    named = [
        {"name": standing[row["code"]].nominee if row["code"] in standing else "", **row}
        for row in said.get("results", [])
    ]
    return {"message": "", "details": "", "refused": 0, **said, "results": named}
