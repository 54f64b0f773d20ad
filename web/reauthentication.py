"""Deciding acts ask for the person's identity again on the same request: voting, signing, opening and counting a ballot …"""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.people import browser_sessions
from rules.refusal import Refusal
from web.language import words

if TYPE_CHECKING:
    from web.forms import Form
    from web.visit import Visit


class PasswordNeeded(Exception):  # noqa: N818 -- an answer (a page that asks for it), not a fault
    """The input is valid except for the password: the page that asks for it carries the form along."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def asks(visit: Visit) -> bool:
    """Must the form show its password field? Always, but where a one-time code was given within five minutes.

    A code works once: whoever has just signed in with one could not vote before the next.
    """
    visitor = visit.visitor
    return visitor is None or not (visitor.has_second_factor and visitor.confirmed())


def proven(visit: Visit) -> bool:
    """Has the person said who they are on this request, or just before with a one-time code?"""
    return getattr(visit.request.state, "proven", False) or not asks(visit)


def check(visit: Visit, form: Form) -> None:
    """An error of the password or code becomes the form's error. Raises Refusal `too_many_attempts`."""
    if proven(visit):
        return
    raw = form.data.get("password")
    password = raw if isinstance(raw, str) else ""  # outer spaces belong to a password
    if not password:
        form.errors["password"] = words("Hãy gõ mật khẩu của bạn.")
        return
    if form.errors:
        return  # a code works once: it is not spent on a form that will not do anyway
    try:
        browser_sessions.confirm(
            visit.installation, visit.token or "", password=password, code=form.text("otp") or None, now=visit.now
        )
    except Refusal as refusal:
        fields = {"wrong_password": "password", "second_factor_needed": "otp", "wrong_code": "otp"}
        if refusal.code not in fields:
            raise
        form.errors[fields[refusal.code]] = refusal.message
        return
    visit.request.state.proven = True


def require(visit: Visit) -> None:
    """The person behind the request that was sent. Raises PasswordNeeded, Refusal `too_many_attempts`."""
    form: Form | None = getattr(visit.request.state, "form", None)
    if form is None:
        raise PasswordNeeded({})
    asked = "password" in form.data
    check(visit, form)
    if not proven(visit):
        raise PasswordNeeded(dict(form.errors) if asked else {})
