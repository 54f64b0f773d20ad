"""Voting and signing ask once more who one is, on the very form that votes or signs."""

from rules.refusal import Refusal
from web.forms import Form
from web.language import words
from web.visit import Visit


def asks(visit: Visit) -> bool:
    """Must the form show its password field? Always, but where a one-time code was given within five minutes.

    A code works once: whoever has just signed in with one could not vote before the next.
    """
    visitor = visit.visitor
    return visitor is None or not (visitor.has_second_factor and visitor.confirmed())


def check(visit: Visit, form: Form) -> None:
    """What is wrong with the password or code becomes the form's error. Raises Refusal `too_many_attempts`."""
    from operations.people import browser_sessions

    if not asks(visit):
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
            visit.installation, visit.token or "", password=password, code=form.text("code") or None, now=visit.now
        )
    except Refusal as refusal:
        fields = {"wrong_password": "password", "second_factor_needed": "code", "wrong_code": "code"}
        if refusal.code not in fields:
            raise
        form.errors[fields[refusal.code]] = refusal.message
