"""What somebody typed and did not get through with (session ended, signed in elsewhere, refused) comes back to its writer.

A form carries a mark of the account that it was shown to, which nobody else can make: only that account sees the text
again. Passwords, shares, receipts and ballots are never kept. The text waits in this process for an hour at most.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from rules.refusal import Unreadable
from web import bodies, limits
from web.visit import Visit

COOKIE, PAGE = "vinhdanh_typed", "/typed"
SECONDS = 3600
_MOST, _EACH = 200, 3  # texts in all, and of one account
_LARGEST = 64 * 1024  # characters
_NEVER = re.compile(
    r"/(?:login|logout|language|confirm|first|account|verify)\b|/(?:ballot|tally|share|count|receipt)(?:/|$)"
)
_SECRET = re.compile(r"csrf|once|pass|otp|secret|share|receipt|token|website", re.IGNORECASE)
# Forms that show themselves again, filled in, when they are sent with this step; elsewhere a step would be an act.
_SHOWS_AGAIN = re.compile(r"/nominations/(?:new|[^/]+/(?:mend|correct))|/decisions/[^/]+/revoke")


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of a form that went nowhere, and where it was sent."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def opens_form(self) -> bool:
        return _SHOWS_AGAIN.fullmatch(self.path) is not None

    @property
    def written(self) -> list[tuple[str, str]]:
        """What people write, to be shown; the rest goes along unseen."""
        return [(name, said) for name, said in self.fields if _is_text(name, said)]

    @property
    def beside(self) -> list[tuple[str, str]]:
        return [(name, said) for name, said in self.fields if not _is_text(name, said) and name != "step"]

    @property
    def step(self) -> str:
        return dict(self.fields).get("step", "")


def _is_text(name: str, said: str) -> bool:
    return name not in {"code", "step"} and (
        " " in said.strip() or len(said) > 40 or name in {"reason", "text", "name", "answer"}
    )


class _Shelf:
    """Texts that wait for their writer, the oldest fall off first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, float, Typed]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, account: int, typed: Typed) -> str:
        key = secrets.token_urlsafe(24)
        with self._lock:
            own = [name for name, (owner, _, _) in self._kept.items() if owner == account]
            for name in own[: max(0, len(own) - _EACH + 1)]:
                del self._kept[name]
            self._kept[key] = (account, time.monotonic(), typed)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return key

    def get(self, key: str, account: int) -> Typed | None:
        with self._lock:
            owner, at, typed = self._kept.get(key, (0, 0.0, None))
        return typed if typed is not None and owner == account and time.monotonic() - at < SECONDS else None


SHELF = _Shelf()


def mark(visit: Visit, nonce: str) -> str:
    """Whose form this is, for `writer`: the account's number under a seal of this installation's."""
    account = visit.actor.account_id
    return f"{account}.{_seal(visit, account, nonce)}"


def _seal(visit: Visit, account: int | None, nonce: str) -> str:
    said = f"vinhdanh/typed/1/{account}/{nonce}".encode()
    return hmac.new(visit.installation.sealing_key, said, hashlib.sha256).hexdigest()


def writer(visit: Visit, csrf: str) -> int | None:
    """The account that a form with this token was shown to; None where no form of ours says so."""
    nonce, rest = csrf[:16], csrf[80:]
    number, _, seal = rest.partition(".")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    account = int(number)
    return account if secrets.compare_digest(seal.encode(), _seal(visit, account, nonce).encode()) else None


def of(request: Request, pairs: Any) -> Typed | None:
    """What of a sent form may come back; None where nothing was written, or it is none to be kept."""
    path = request.url.path
    if _NEVER.search(path):
        return None
    fields = tuple(
        (name, said) for name, said in pairs if isinstance(said, str) and not _SECRET.search(name) and said.strip()
    )
    found = Typed(path, fields)
    return found if found.written and sum(len(said) for _, said in fields) <= _LARGEST else None


def kept(request: Request, visit: Visit) -> str:
    """Keep what was sent without a session for the account whose form it was; its key for the cookie, else nothing."""
    try:
        data = bodies.form(request, limits.LONG_FORM)
    except Unreadable:
        return ""
    account = writer(visit, str(data.get("csrf", "")))
    typed = of(request, data.multi_items()) if account is not None else None
    return SHELF.put(account, typed) if account is not None and typed is not None else ""
