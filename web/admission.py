"""Limits on request bodies, decided from the head before the body is received.

A body is received for a route that takes one, from somebody who may ask there, as long as the route's limit allows and
as fast as a line that works; it is whole before the application begins. Whatever else comes is refused and the
connection ended. A stranger's request costs a look at its head.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute

from operations.people import rate_limit
from rules.refusal import Refusal, Unreadable
from web import bodies, limits, security
from web.api.caller import TokenNeeded
from web.limits import Limit
from web.route_table import Served, served
from web.security import Receive, Scope, Send
from web.visit import ConfirmFirst, SignInFirst

_LOG = logging.getLogger("vinhdanh.web")
_SAFE_LENGTH = 64 * limits.KB  # of a body that nobody reads
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Gone(Exception):  # noqa: N818 -- the sender, not a fault
    """The connection ended before the body did."""


class _Refused(Exception):  # noqa: N818 -- ends the reception of a body
    def __init__(self, status: int, code: str, said: str, title: str) -> None:
        super().__init__(code)
        self.status, self.code, self.said, self.title = status, code, said, title

    def answer(self, path: str) -> Response:
        return security.plain(path, self.status, self.code, self.said, title=self.title)


def _too_long(most: int) -> _Refused:
    size = f"{most // limits.MB} MB" if most >= limits.MB else f"{most // limits.KB} KB"
    said = (
        f"Nội dung gửi lên quá lớn (tối đa {size}). Chưa có gì thay đổi. Hãy quay lại trang trước, viết ngắn hơn hoặc chọn tệp "
        "nhỏ hơn: quét ở 200–300 dpi, hay chia thành nhiều tệp."
    )
    return _Refused(413, "too_long", said, "Nội dung quá lớn")


def _too_slow() -> _Refused:
    said = "Đường truyền ngắt quãng nên nội dung gửi lên không đến đủ. Chưa có gì thay đổi; hãy gửi lại."
    return _Refused(408, "too_slow", said, "Chưa nhận đủ nội dung")


def _no_length() -> _Refused:
    said = "Yêu cầu phải nói trước độ dài nội dung (Content-Length)."
    return _Refused(411, "length_needed", said, "Thiếu độ dài nội dung")


def _too_many() -> _Refused:
    said = "Đang có quá nhiều nội dung gửi đến cùng lúc. Chưa có gì thay đổi; hãy gửi lại sau một phút."
    return _Refused(429, "too_many_at_once", said, "Hệ thống đang bận")


class Admission:
    """ASGI middleware around the site whose `routes` these are."""

    def __init__(self, app: Application, *, routes: Callable[[], Iterable[BaseRoute]]) -> None:
        self.app = app
        self._routes = routes
        self._texts, self._files = _Places(*limits.STRANGERS), _Places(*limits.STRANGERS_FILES)

    @cached_property
    def _table(self) -> tuple[Served, ...]:
        return tuple(served(self._routes()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        chunked = "transfer-encoding" in headers
        declared = _length(headers.get("content-length", "0"))
        if scope["type"] != "http" or not (declared or chunked):
            await self.app(scope, receive, send)
            return
        route = self._find(scope["method"], scope["path"])
        known = False
        try:
            limit = route.limit if route is not None else limits.NOTHING
            if limit is limits.NOTHING:
                if chunked or declared > _SAFE_LENGTH:
                    raise _too_long(_SAFE_LENGTH)
            elif route is not None and route.for_known:
                known = await run_in_threadpool(_knows, route, Request(scope))
            short = limits.FORM.size("") >= declared > 0 and not chunked
            if route is not None and route.for_known and not known and short and _is_written_form(scope, headers):
                limit = (
                    limits.FORM
                )  # as anybody's: the form of somebody whose session ended comes back after signing in
            elif limit is limits.NOTHING or (route is not None and route.for_known and not known):
                # The application answers from the head alone, as it would have with the body.
                await self.app(scope, _without_body(receive), _ending(send) if declared > 0 or chunked else send)
                return
            await self._received(scope, receive, send, limit=limit, known=known, declared=declared, chunked=chunked)
        except _Refused as refused:
            await refused.answer(scope["path"])(scope, receive, _ending(send))
        except _Gone:
            where = route.path if route is not None else "?"  # an address may hold a secret (/first/…)
            _LOG.warning("%s %s: the sender left before the body was there", scope["method"], where)

    def _find(self, method: str, path: str) -> Served | None:
        return next((one for one in self._table if one.method == method and one.pattern.match(path)), None)

    async def _received(
        self, scope: Scope, receive: Receive, send: Send, *, limit: Limit, known: bool, declared: int, chunked: bool
    ) -> None:
        if chunked and not known:
            raise _no_length()
        most = limit.size(Headers(scope=scope).get("content-type", ""))
        if declared > most:
            raise _too_long(most)
        body = bodies.Body()
        try:
            async with self._place(scope, limit, most, known=known):
                await _collect(receive, body, most=most, slowest=limits.SLOWEST if known else limits.SLOWEST_STRANGER)
            if limit.items and await run_in_threadpool(bodies.has_too_many_values, body, limit):
                raise _Refused(
                    422, "bad_body", f"Nội dung gửi lên có quá {limit.items} giá trị; hãy gửi làm nhiều lần.", ""
                )
            body.lay_to(scope.setdefault("state", {}))
            await self.app(scope, _replayed(body, receive), send)
        finally:
            body.close()

    @asynccontextmanager
    async def _place(self, scope: Scope, limit: Limit, most: int, *, known: bool) -> AsyncIterator[None]:
        """A stranger's place among those whose bodies are on their way."""
        if known:
            yield
            return
        places = self._files if most > limit.text else self._texts
        who = rate_limit.place((scope.get("client") or ("?", 0))[0])
        places.take(who)
        try:
            yield
        finally:
            places.leave(who)


class _Places:
    """So many at once in all, so many from one place."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._taken: Counter[str] = Counter()

    def take(self, who: str) -> None:
        if self._taken.total() >= self._most or self._taken[who] >= self._most_of_one:
            raise _too_many()
        self._taken[who] += 1

    def leave(self, who: str) -> None:
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]


def _length(said: str) -> int:
    """A declared length; what is none is longer than any."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 16 else 10**15


def _knows(route: Served, request: Request) -> bool:
    """May whoever asks here at all, going by the head? Why not is the application's to say."""
    try:
        for permit in route.permits:
            permit(request)
    except (SignInFirst, ConfirmFirst, TokenNeeded, Refusal, Unreadable):
        return False
    return True


def _is_written_form(scope: Scope, headers: Headers) -> bool:
    """Does a browser send a form of text to a page? A program is answered from the head alone."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        scope["method"] == "POST"
        and kind == "application/x-www-form-urlencoded"
        and not scope["path"].startswith("/api/")
    )


async def _collect(receive: Receive, body: bodies.Body, *, most: int, slowest: int) -> None:
    """Receive a body into `body`. Raises _Refused for one that is too long or too slow, _Gone."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    more = True
    while more:
        patience = limits.SHORT_STALL if 0 < body.length < limits.A_PACKET else limits.STALL
        message = await _next(receive, patience)
        if message["type"] == "http.disconnect":
            raise _Gone
        piece = message.get("body", b"")
        if body.length + len(piece) > most:
            raise _too_long(most)
        if body.on_disk:
            await run_in_threadpool(body.add, piece)
        else:
            body.add(piece)
        more = message.get("more_body", False)
        took = loop.time() - began
        if more and took > limits.GRACE and body.length < slowest * took:
            raise _too_slow()


async def _next(receive: Receive, patience: float) -> Any:
    try:
        return await asyncio.wait_for(receive(), patience)
    except TimeoutError:
        pass
    try:  # what came while this process was busy itself lies there already
        return await asyncio.wait_for(receive(), 0.05)
    except TimeoutError:
        raise _too_slow() from None


def _replayed(body: bodies.Body, receive: Receive) -> Receive:
    """The body again, piece by piece, for what reads it itself; then only the end of the connection."""
    left = body.length

    async def replay() -> Any:
        nonlocal left
        if left <= 0:
            return await _until_end(receive)
        if body.on_disk:
            piece = await run_in_threadpool(body.file.read, _SAFE_LENGTH)
        else:
            piece = body.file.read(_SAFE_LENGTH)
        left = left - len(piece) if piece else 0
        return {"type": "http.request", "body": piece, "more_body": left > 0}

    return replay


def _without_body(receive: Receive) -> Receive:
    begun = False

    async def nothing() -> Any:
        nonlocal begun
        if begun:
            return await _until_end(receive)
        begun = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return nothing


async def _until_end(receive: Receive) -> Any:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message


def _ending(send: Send) -> Send:
    """An answer after which the connection ends: what is still to come of the body is not waited for."""

    async def last(message: Any) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        await send(message)

    return last
