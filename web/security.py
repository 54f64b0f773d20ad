"""Rules for every answer and request: strict headers, requests to our own names and from our own pages."""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from operations import security_log
from web.problems import problem
from web.visit import LOOPBACK

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^"';\s]*)""", re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8"})
_HEADERS = {
    # No inline script or style, nothing from elsewhere, no frames, forms only to ourselves.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class Guard:
    """ASGI middleware: headers on every answer; a request to a name that is not ours or from another site is refused.

    `hosts` are the names under which this site is known, besides this machine's own.
    """

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], *, https: bool, hosts: Collection[str] = ()
    ) -> None:
        self.app = app
        self.hosts = LOOPBACK | {host.lower() for host in hosts}
        self.headers = dict(_HEADERS)
        if https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        security_log.CALLER.set(str((scope.get("client") or ("",))[0]))
        begun = False

        async def dressed(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, dressed)
            return
        try:
            await self.app(scope, receive, dressed)
        except Exception:
            if not begun:  # the server's own log gets the exception; a visitor learns nothing of the inside
                await _fault(scope)(scope, receive, dressed)
            raise

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_ours(scope, headers.getlist("host")):
            return PlainTextResponse(
                "Máy chủ này không phục vụ địa chỉ đó. Hãy dùng đúng địa chỉ mà cơ quan đã công bố; quản trị hệ thống ghi địa chỉ "
                "ấy vào VINHDANH_BASE_URL.",
                status_code=421,
            )
        charset = _CHARSET.search(headers.get("content-type", ""))
        if charset is not None and charset[1].lower() not in _UTF_8:
            # Python's other character tables can say half a surrogate pair, or are no tables of text at all.
            return plain(
                scope["path"], 422, "bad_encoding", "Nội dung gửi lên phải viết bằng UTF-8.", title="Sai bảng mã"
            )
        if scope["method"] in SAFE or scope["path"].startswith("/api/"):
            return None  # the API takes no cookie: a bearer token cannot be sent by another site
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return PlainTextResponse("Yêu cầu đến từ trang khác nên không được nhận.", status_code=403)
        origin = headers.get("origin")
        if origin is not None and _host_of(origin) != headers.get("host"):
            return PlainTextResponse("Yêu cầu đến từ trang khác nên không được nhận.", status_code=403)
        return None

    def _is_ours(self, scope: Scope, said: list[str]) -> bool:
        """Is this one Host, and a name of ours?

        A stranger's name may lead to this machine (DNS rebinding): a page of theirs would be of one origin with ours.
        An address in figures cannot be led astray: the one that was reached is ours.
        """
        written = _HOST.fullmatch(said[0]) if len(said) == 1 else None
        if written is None:
            return False
        name = (written[1] or written[2]).lower()
        if name in self.hosts:
            return True
        server = scope.get("server") or ("", None)
        try:
            return _plain(name) == _plain(server[0])
        except ValueError:  # not an address in figures
            return False


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; of IPv4 written as IPv6 the IPv4 one. Raises ValueError."""
    found = ipaddress.ip_address(address)
    return (isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # no address at all
        return None


def _fault(scope: Scope) -> Response:
    said = "Hệ thống gặp lỗi. Chưa có gì thay đổi; hãy thử lại, nếu vẫn lỗi hãy báo quản trị hệ thống."
    return plain(scope["path"], 500, "fault", said, title="Hệ thống gặp lỗi")


def plain(path: str, status: int, code: str, said: str, *, title: str) -> Response:
    """An answer that needs nothing of the site, no session, database or template: a page, for programs a problem."""
    if path.startswith("/api/"):
        return problem(status, code, said)
    return HTMLResponse(
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title} – Vinh Danh</title><h1>{title}</h1><p>{said}</p>",
        status_code=status,
    )
