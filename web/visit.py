"""One visit: whose request this is, in which language, at which hour, and the two ways it may reach the database.

`reading()` looks; `act()` does one act in one transaction, exactly like the command line's door: the same operation, the
same refusals, the same note in the security log when somebody reaches beyond their rights.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request

from models.database import Session
from operations import access, idempotency, record, security_log
from operations.access import Actor
from operations.installation import Installation
from operations.people import asking, browser_sessions
from rules import policy
from rules.policy import Permission, Relation
from rules.refusal import Refusal
from web import language, reauthentication

HOST_COOKIE = "__Host-vinhdanh"
# Python, curl and older browsers send no Secure cookie to http://127.0.0.1: there, and only there, a plain one is set.
LOOPBACK_COOKIE = "vinhdanh"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def on_loopback(request: Request) -> bool:
    """Does the browser stand on this machine and speak plain HTTP? There, and only there, a cookie may be plain."""
    return request.url.scheme == "http" and request.url.hostname in LOOPBACK


@cache
def installation() -> Installation:
    """The installation this process serves: VINHDANH_DATA, else ./data."""
    return Installation.at(Path(os.environ.get("VINHDANH_DATA") or "./data"))


class SignInFirst(Exception):  # noqa: N818 -- an answer (303 to /login), not a fault
    """Raised when nobody is signed in; carries the requested page for afterwards."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class ConfirmFirst(Exception):  # noqa: N818 -- an answer (303 to /confirm), not a fault
    """The password must be typed again before a vote or a signature; afterwards the browser goes on to `wanted`."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass
class Visit:
    """A page's view of its request. `visitor` is None for the public."""

    request: Request
    token: str | None
    visitor: browser_sessions.Visitor | None
    language: str
    now: datetime
    installation: Installation = field(default_factory=installation)

    @classmethod
    def of(cls, request: Request) -> "Visit":
        """The visitor of this request, by the session cookie; determined once a request."""
        known: Visit | None = getattr(request.state, "visit", None)
        if known is not None:
            return known
        office = installation()
        now = office.now()
        # A neighbour's site under our domain can set the plain cookie for us too, and so sign people in as somebody.
        plain = request.cookies.get(LOOPBACK_COOKIE) if on_loopback(request) else None
        token = request.cookies.get(HOST_COOKIE) or plain
        visitor = None
        if token:
            if "HX-Request" in request.headers:
                # A page that asks by itself, every so often: nobody needs to be there.
                with office.database.read() as session:
                    visitor = browser_sessions.visitor(session, token, now=now, idle=office.idle)
            else:
                visitor = browser_sessions.recognise(office.database, token, now=now, idle=office.idle)
        visit = cls(request, token if visitor else None, visitor, language.of(request), now, office)
        request.state.visit = visit
        return visit

    @property
    def actor(self) -> Actor:
        """The acting person. Raises SignInFirst for the public."""
        if self.visitor is None:
            raise SignInFirst(str(self.request.url.path))
        return self.visitor.actor

    @property
    def csrf(self) -> str:
        """The token in this session's forms; masked anew at each rendering against compression attacks (BREACH)."""
        if not self.token:
            return ""
        from web import typed_text

        token = csrf_token(self.token)
        return token + typed_text.mark(self, token[:16])

    def may(self, act: Permission, *, relation: frozenset[Relation] = frozenset(), state: Any = None) -> bool:
        """Does the policy let this visitor do this? For showing a button; the operation decides again."""
        if self.visitor is None:
            return False
        return policy.may(self.actor.roles, act, relation=relation, state=state)

    def require(self, act: Permission) -> None:
        """Raise Refusal `not_your_role` where the policy never lets this visitor do this."""
        if not policy.ever(self.actor.roles, act):
            raise policy.not_your_role(act)

    def require_confirmed(self, wanted: str = "") -> None:
        """Raise ConfirmFirst unless the password was typed within the last five minutes: before a vote, a signature.

        `wanted` is where to go on afterwards: this page, or for a form that was sent the page that shows it.
        """
        if self.visitor is not None and not self.visitor.confirmed():
            raise ConfirmFirst(wanted or self.request.url.path)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A snapshot to look at."""
        with self.installation.database.read() as session:
            yield session

    def act(
        self,
        verb: str,
        subject: str,
        change: Callable[[Session, Actor], dict[str, Any]],
        *,
        once: str = "",
    ) -> dict[str, Any]:
        """One act, one transaction; with `once` (the form's own key) a second submit gets the first one's answer.

        `change` returns what can be said of it as JSON. Raises what the operation refuses, PasswordNeeded where what
        is about to be committed decides something and the person has not been asked: then nothing is done.
        """
        try:
            try:
                return self._act(verb, change, once)
            except reauthentication.PasswordNeeded:
                reauthentication.require(self)
                return self._act(verb, change, once)
        except Refusal as refusal:
            self.note(verb, subject, refusal)
            raise

    def _act(self, verb: str, change: Callable[[Session, Actor], dict[str, Any]], once: str) -> dict[str, Any]:
        with self.installation.database.begin() as session:
            # Roles as of now: the page may have been open for hours.
            present = access.actor(session, self.actor.username, now=self.now)
            with record.naming(session, present.username):
                if once:
                    answer = idempotency.once(
                        session, key=once, verb=verb, actor=present, now=self.now, act=lambda: change(session, present)
                    )
                else:
                    answer = change(session, present)
            if asking.needed(session) and not reauthentication.proven(self):
                raise reauthentication.PasswordNeeded({})
            return answer

    def note(self, verb: str, subject: str, refusal: Refusal) -> None:
        """Write a reach beyond somebody's rights to the security log."""
        if refusal.reach:
            self.request.state.noted = True
            who = self.visitor.actor.username if self.visitor else "?"
            with self.installation.database.begin_unrecorded() as session:
                security_log.reach(session, actor=who, verb=verb, subject=subject, refusal=refusal)


def csrf_token(session_token: str) -> str:
    nonce = secrets.token_hex(8)
    return nonce + _seal(session_token, nonce)


def csrf_fits(said: str, session_token: str) -> bool:
    return secrets.compare_digest(said[16:80].encode(), _seal(session_token, said[:16]).encode())


def _seal(session_token: str, nonce: str) -> str:
    return hmac.new(session_token.encode(), f"vinhdanh/csrf/1/{nonce}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Permit:
    """A route's declaration of what it lets somebody do: `Depends(Permit(Permission.SEE_INBOX))`; None: the public may.

    Answers 303 to /login without a session and refuses (403) a role the policy never lets do it. A test fails for a
    route without one.
    """

    act: Permission | None

    def __call__(self, request: Request) -> Visit:
        visit = Visit.of(request)
        if self.act is None:
            return visit
        if visit.visitor is None:
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            raise SignInFirst(wanted if request.method == "GET" else "/inbox")
        visit.require(self.act)
        return visit
