"""One's own account: first password by a one-time link, confirming who one is, second factor, sessions, tokens."""

from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from models.database import Session
from operations.access import Actor
from operations.people import browser_sessions, links, own_account, tokens
from rules.policy import Permission
from rules.refusal import Refusal
from web import pages
from web.forms import Form, Submitted
from web.language import words
from web.routes.sign_in import inside, with_session
from web.visit import Permit, Visit

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]
Own = Annotated[Visit, Depends(Permit(Permission.OWN_ACCOUNT))]


# A one-time link sets the first password, or a new one after it was forgotten.


@router.get("/first/{link}")
def first(visit: Public, link: str) -> Response:
    """Choose a password by a one-time link."""
    with visit.reading() as session:
        username = links.owner(session, link, now=visit.now)
    return pages.render(visit, "account/first.html", username=username, link=link, errors={})


@router.post("/first/{link}")
def redeem(visit: Public, link: str, form: Submitted) -> Response:
    """Set the password; the link is used up and the person signed in."""
    password, again = _password(form, "password"), _password(form, "again")
    if password and password != again:
        form.errors["again"] = words("Hai lần gõ không giống nhau; hãy gõ lại.")
    with visit.reading() as session:
        username = links.owner(session, link, now=visit.now)
    if not form.errors:
        try:
            links.redeem(visit.installation.database, link, password=password, now=visit.now)
        except Refusal as refusal:
            if refusal.code != "weak_password":
                raise
            form.errors["password"] = refusal.message
    if form.errors:
        return pages.render(visit, "account/first.html", status=422, username=username, link=link, errors=form.errors)
    address = visit.request.client.host if visit.request.client else "?"
    try:
        token = browser_sessions.enter(
            visit.installation, username=username, password=password, code=None, address=address, now=visit.now
        )
    except Refusal:  # a second factor is asked, or it was tried too often: the password is set all the same
        return RedirectResponse("/login", status_code=303)
    return with_session(RedirectResponse("/inbox", status_code=303), visit.request, token)


def _password(form: Form, name: str) -> str:
    """A password as it was typed, outer spaces included."""
    raw = form.data.get(name)
    if not isinstance(raw, str) or not raw:
        form.errors[name] = words("Hãy gõ mật khẩu.")
        return ""
    return raw


# Voting and signing ask again who one is.


@router.get("/confirm")
def ask(visit: Own, next: str = "/inbox") -> Response:  # noqa: A002 -- the same name as at /login
    """Type the password again before a vote or a signature."""
    return pages.render(visit, "account/confirm.html", wanted=inside(next), errors={})


@router.post("/confirm")
def confirm(visit: Own, form: Submitted) -> Response:
    """Good for five minutes; then on to what was wanted."""
    wanted = inside(form.text("next"))
    try:
        password = _password(form, "password")
        if not form.errors:
            confirmed(visit, password, form.text("code") or None)
            return RedirectResponse(wanted, status_code=303)
    except Refusal as refusal:
        form.errors["code" if "factor" in refusal.code else "password"] = refusal.message
    return pages.render(visit, "account/confirm.html", status=422, wanted=wanted, errors=form.errors)


def confirmed(visit: Visit, password: str, code: str | None) -> None:
    """Confirm this session by password (and second factor). Raises Refusal `wrong_password`, `second_factor_needed`."""
    browser_sessions.confirm(visit.installation, visit.token or "", password=password, code=code, now=visit.now)


# The account's own page.


@router.get("/account")
def show(visit: Own) -> Response:
    """The visitor's own account: roles, authorisations, sessions, second factor, tokens."""
    return _account(visit)


def _account(visit: Visit, *, status: int = 200, errors: dict[str, str] | None = None, **shown: Any) -> Response:
    with visit.reading() as session:
        about = own_account.about(session, visit.actor, token=visit.token or "", now=visit.now)
        mine = tokens.of(session, visit.actor, now=visit.now)
    return pages.render(
        visit, "account/account.html", status=status, about=about, tokens=mine, errors=errors or {}, **shown
    )


@router.post("/account/password")
def change_password(visit: Own, form: Submitted) -> Response:
    """A new password; every other session of the account ends."""
    old, new, again = (_password(form, name) for name in ("old", "password", "again"))
    if new and new != again:
        form.errors["again"] = words("Hai lần gõ không giống nhau; hãy gõ lại.")
    if not form.errors:
        try:
            own_account.change_password(visit.installation, visit.token or "", old=old, new=new, now=visit.now)
        except Refusal as refusal:
            form.errors["password" if refusal.code == "weak_password" else "old"] = refusal.message
    if form.errors:
        return _account(visit, status=422, errors=form.errors)
    return RedirectResponse("/account#new-password", status_code=303)


@router.post("/account/sessions")
def end_sessions(visit: Own, form: Submitted) -> Response:
    """End every other session of this account."""
    del form
    browser_sessions.leave_elsewhere(visit.installation.database, visit.token or "", now=visit.now)
    return RedirectResponse("/account#sessions", status_code=303)


@router.get("/account/second-factor")
def second_factor(visit: Own) -> Response:
    """Set up one-time codes: the key as a picture for the phone and as letters to type."""
    visit.require_confirmed()
    return _second_factor(visit, {})


def _second_factor(visit: Visit, errors: dict[str, str]) -> Response:
    offer = own_account.second_factor_offer(visit.installation, visit.actor, again=bool(errors))
    picture = segno.make(offer.uri, error="m").svg_inline(scale=5, omitsize=False, svgclass="qr", lineclass=None)
    return pages.render(
        visit,
        "account/second_factor.html",
        status=422 if errors else 200,
        picture=picture,
        letters=offer.secret,
        errors=errors,
    )


@router.post("/account/second-factor")
def confirm_second_factor(visit: Own, form: Submitted) -> Response:
    """Switched on by password, once a code of the phone was right."""
    visit.require_confirmed("/account/second-factor")
    code = form.text("code", required=words("Hãy gõ sáu chữ số mà ứng dụng đang hiện."))
    password = _password(form, "password")
    if not form.errors:
        try:
            own_account.second_factor_on(
                visit.installation, visit.actor, password=password, code=code, now=visit.now, token=visit.token
            )
        except Refusal as refusal:
            if refusal.code == "too_many_attempts":
                raise
            form.errors["password" if refusal.code == "wrong_password" else "code"] = refusal.message
    if form.errors:
        return _second_factor(visit, form.errors)
    return RedirectResponse("/account#second-factor", status_code=303)


@router.post("/account/second-factor/off")
def second_factor_off(visit: Own, form: Submitted) -> Response:
    """Switched off by password."""
    password = _password(form, "off_password")
    if not form.errors:
        try:
            own_account.second_factor_off(
                visit.installation, visit.actor, password=password, now=visit.now, token=visit.token
            )
        except Refusal as refusal:
            form.errors["off_password"] = refusal.message
    if form.errors:
        return _account(visit, status=422, errors=form.errors)
    return RedirectResponse("/account#second-factor", status_code=303)


@router.post("/account/tokens")
def issue_token(visit: Own, form: Submitted) -> Response:
    """A bearer token for a program, shown once."""
    visit.require_confirmed("/account")
    days = form.text("days", required=words("Hãy ghi số ngày."))
    if days and not (days.isascii() and days.isdecimal() and len(days) < 4 and 1 <= int(days) <= 366):
        form.errors["days"] = words("Số ngày từ 1 đến 366.")
    if form.errors:
        return _account(visit, status=422, errors=form.errors)
    scope = "write" if form.text("scope") == "write" else "read"
    made: list[str] = []

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        made.append(tokens.issue(session, scope=scope, days=int(days), actor=actor, now=visit.now))
        return {"message": "Đã cấp mã truy cập", "details": "Mã chỉ hiện một lần, ở lần gửi đầu."}

    visit.act("token.create", scope, change, once=form.once)
    # Sent a second time: the token stood in the first answer and is kept nowhere.
    return _account(visit, fresh_token=made[0]) if made else pages.done("/account", form.once)


@router.post("/account/tokens/revoke")
def revoke_token(visit: Own, form: Submitted) -> Response:
    """End one of one's own tokens."""
    wanted = form.text("token")
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 else 0

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        tokens.revoke(session, number, actor=actor, now=visit.now)
        return {}

    visit.act("token.revoke", str(number), change, once=form.once)
    return RedirectResponse("/account#tokens", status_code=303)
