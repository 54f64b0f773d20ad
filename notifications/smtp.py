"""Delivery by SMTP: a few connections that are kept, and one outcome for every letter whatever the server does."""

import asyncio
import base64
import inspect
import ipaddress
import re
import socket
import ssl
import urllib.parse
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Literal, Self

import aiosmtplib

from notifications import letters, message
from rules.refusal import Unreadable

MAX_ATTEMPTS = 12
_PAUSES = [
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15)),
    *(timedelta(hours=hours) for hours in (1, 4, 4, 6, 6, 8, 8, 8)),
]
_DEFAULT_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
# Our account or our encryption is at fault, not the letter (RFC 4954 §6, RFC 3207 §4): these 5xx are tried again.
_ACCOUNT_CODES = frozenset({530, 534, 535, 538})
_CLOSING = 421
_REPLY_LENGTH = 500
_CONNECT_SECONDS = 10.0
_POLITE_SECONDS = 5.0  # for RSET and QUIT, whose answers change nothing
_IDLE_SECONDS = 60.0


def back_off(attempt: int) -> timedelta | None:
    """How long to wait after the attempt of this number (1, 2, …) came back as `retry`; None: that was the last one.

    1, 5, 15 minutes, then hours, `MAX_ATTEMPTS` in about two days: longer than a weekend's server is ever down
    unseen, shorter than the four or five days of RFC 5321 §4.5.4.1, because a letter about a deadline gets stale.
    """
    if attempt < 1:
        raise ValueError("Attempts are counted from 1.")
    return _PAUSES[attempt - 1] if attempt < MAX_ATTEMPTS else None


class Tls(StrEnum):
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    tls: Tls
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtp://user:pass@host:port?tls=starttls|implicit|none`. Raises Unreadable `bad_smtp_url`.

        Without `tls` it is `none` on loopback and `starttls` elsewhere; without port 25, 587 or 465. User and password
        are percent-decoded, and refused without encryption unless the host is loopback. No error repeats the URL.
        """
        if not url.isprintable() or " " in url:
            raise _bad_url("url", "có ký tự không được phép")
        try:
            parts = urllib.parse.urlsplit(url)
            host, port = parts.hostname or "", parts.port
            query = urllib.parse.parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise _bad_url("url", "không đọc được máy chủ, cổng hoặc tham số") from None
        if parts.scheme != "smtp":
            raise _bad_url("scheme", "phải bắt đầu bằng smtp://")
        if not host or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host):
            raise _bad_url("host", "thiếu hoặc sai tên máy chủ")
        if port == 0:
            raise _bad_url("port", "cổng phải từ 1 đến 65535")
        if parts.path not in {"", "/"} or parts.fragment or "#" in url:
            raise _bad_url("path", "sau máy chủ và cổng chỉ được có ?tls=…")
        if set(query) - {"tls"} or len(query.get("tls", [])) > 1:
            raise _bad_url("query", "chỉ có một tham số tls")
        loopback = is_loopback(host)
        asked = query.get("tls", ["none" if loopback else "starttls"])[0]
        if asked not in _DEFAULT_PORTS:
            raise _bad_url("tls", "tls phải là starttls, implicit hoặc none")
        tls = Tls(asked)
        username, password = _unquote(parts.username, "user"), _unquote(parts.password, "password")
        if (username is None) != (password is None) or username == "":
            raise _bad_url("user", "tên và mật khẩu phải đi cùng nhau")
        if username is not None and tls is Tls.NONE and not loopback:
            raise _bad_url(
                "tls", "không gửi mật khẩu tới máy khác mà không mã hóa: dùng tls=starttls hoặc tls=implicit"
            )
        return cls(host=host, port=port or _DEFAULT_PORTS[asked], tls=tls, username=username, password=password)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _bad_url(part: str, why: str) -> Unreadable:
    return Unreadable(
        "bad_smtp_url", f"VINHDANH_SMTP_URL: {why}.", where={"setting": "VINHDANH_SMTP_URL", "part": part}
    )


def _unquote(value: str | None, part: str) -> str | None:
    if value is None:
        return None
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise _bad_url(part, "mã hóa phần trăm bị sai")
    try:
        decoded = urllib.parse.unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise _bad_url(part, "mã hóa phần trăm bị sai") from None
    if any(ord(char) < 32 or ord(char) == 127 for char in decoded):
        raise _bad_url(part, "có ký tự điều khiển")
    return decoded


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter ready to go. `sender` and `recipient` are the envelope's bare addresses, `data` comes from compose."""

    key: str
    recipient: str
    sender: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`accepted`: the server said 250. `failed`: it will never take it. `retry`: anything else, also not knowing."""

    key: str
    status: Literal["accepted", "retry", "failed"]
    code: int | None
    reply: str


class _Down(Exception):  # noqa: N818 -- a state of the server, reported as outcomes
    """No connection can be had. `hopeless`: trying again now would be the same, or would lock our account."""

    def __init__(self, reply: str, *, code: int | None = None, hopeless: bool = False) -> None:
        super().__init__(reply)
        self.reply = reply
        self.code = code
        self.hopeless = hopeless


class _Lost(Exception):  # noqa: N818 -- as above
    """The connection can carry no further letter. `unsent`: DATA had not begun, so this one may go again at once."""

    def __init__(self, reply: str, *, unsent: bool, code: int | None = None) -> None:
        super().__init__(reply)
        self.reply = reply
        self.unsent = unsent
        self.code = code


class Courier:
    """Delivers letters over at most `connections` connections, kept from one `deliver` to the next.

    `timeout` bounds each letter and each attempt to connect, in seconds, however slowly the server drips. After
    `give_up_after` lost connections in a row, without an answered letter between, the rest of the batch is `retry`
    at once. TLS certificates are verified against the system's authorities, or those of `tls_context`.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        connections: int = 4,
        timeout: float = 30.0,
        give_up_after: int = 3,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._timeout = timeout
        self._give_up_after = give_up_after
        self._tls_context = tls_context
        self._lines: list[aiosmtplib.SMTP | None] = [None] * connections
        self._failures = 0
        self._down: _Down | None = None
        self._idle_since = 0.0
        self._delivering = asyncio.Lock()
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._say_goodbye()

    async def deliver(
        self,
        batch: AsyncIterable[Letter] | Iterable[Letter],
        on_result: Callable[[Outcome], Awaitable[None] | None],
    ) -> None:
        """Send each letter and report exactly one outcome of it, one report at a time, in the order of the answers.

        Nothing that a server does is raised. What `batch` or `on_result` raise ends the delivery and is raised;
        letters under way then have no outcome and may have been accepted: sent again, they have the same Message-ID.
        """
        async with self._delivering:
            if asyncio.get_running_loop().time() - self._idle_since > _IDLE_SECONDS:
                await self._say_goodbye()  # a firewall may have forgotten these connections without a word
            self._failures, self._down = 0, None
            source = _asynchronous(batch)
            handed_back: list[Letter] = []
            taking, reporting = asyncio.Lock(), asyncio.Lock()

            async def work(slot: int, *, alone: bool = False) -> None:
                while True:
                    async with taking:
                        letter = handed_back.pop() if handed_back else await anext(source, None)
                    if letter is None:
                        return
                    try:
                        outcome = await self._carry(slot, letter)
                    except _Down as down:
                        if not alone and self._others_connected(slot):
                            # The server takes fewer connections than we offer: those that stand do the work.
                            handed_back.append(letter)
                            return
                        outcome = Outcome(letter.key, "retry", down.code, down.reply)
                    async with reporting:
                        answer = on_result(outcome)
                        if inspect.isawaitable(answer):
                            await answer

            workers = [asyncio.create_task(work(slot)) for slot in range(len(self._lines))]
            try:
                await asyncio.gather(*workers)
                await work(self._any_connected(), alone=True)  # what was handed back after the others had gone home
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                await source.aclose()
                self._idle_since = asyncio.get_running_loop().time()

    async def _carry(self, slot: int, letter: Letter) -> Outcome:
        """The letter's outcome. A kept connection may have died unseen: then the letter goes again on a new one.

        Raises _Down when there is no connection for it.
        """
        try:
            message.check_address(letter.recipient)
            message.check_address(letter.sender)
        except message.UnsafeLetter as error:
            return Outcome(letter.key, "failed", None, str(error))
        while True:
            line, fresh = self._lines[slot], False
            if line is None or not line.is_connected:
                line, fresh = await self._open(slot), True
            try:
                outcome = await self._converse(line, letter)
            except _Lost as lost:
                self._drop(slot)
                if lost.unsent and not fresh:
                    continue
                self._count_failure(_Down(lost.reply, code=lost.code))
                return Outcome(letter.key, "retry", lost.code, lost.reply)
            except BaseException:
                self._drop(slot)  # cancelled in the middle of a letter: nobody may go on here
                raise
            if outcome.status != "accepted":
                await self._reset(line)
            self._failures = 0
            return outcome

    async def _converse(self, line: aiosmtplib.SMTP, letter: Letter) -> Outcome:
        """MAIL, RCPT, DATA (RFC 5321 §3.3). Raises _Lost when the connection can carry no further letter."""
        sending = False
        try:
            async with asyncio.timeout(self._timeout):
                await line.mail(letter.sender)
                await line.rcpt(letter.recipient)
                sending = True
                answer = await line.data(letter.data)
        except aiosmtplib.SMTPResponseException as refused:
            code, reply = _code(refused), self._readable(refused)
            if code is None:
                # Garbage, or the answer to something else: whether the letter was taken is unknown.
                raise _Lost(f"Máy chủ trả lời không đúng giao thức: {reply}", unsent=False) from None
            if code == _CLOSING:
                raise _Lost(reply, unsent=not sending, code=code) from None
            lasting = code >= 500 and code not in _ACCOUNT_CODES
            return Outcome(letter.key, "failed" if lasting else "retry", code, reply)
        except TimeoutError:
            raise _Lost(f"Máy chủ không trả lời trong {self._timeout:g} giây.", unsent=False) from None
        except Exception as error:  # noqa: BLE001 -- whatever a server makes the library raise is this letter's outcome
            raise _Lost(f"Mất kết nối: {self._readable(error)}", unsent=not sending) from None
        return Outcome(letter.key, "accepted", answer.code, _clean(answer.message))

    async def _reset(self, line: aiosmtplib.SMTP) -> None:
        """Forget the refused envelope. A server that cannot even do this is left (RFC 5321 §4.1.1.5)."""
        try:
            async with asyncio.timeout(min(self._timeout, _POLITE_SECONDS)):
                await line.rset()
        except Exception:  # noqa: BLE001 -- the letter's outcome is known; the next one opens a new connection
            _abort(line)

    async def _open(self, slot: int) -> aiosmtplib.SMTP:
        """A new connection: greeting, EHLO, TLS, AUTH. One at a time: a wrong password is tried once, not four times."""
        async with self._connecting:
            if self._down is not None:
                raise _Down(self._down.reply, code=self._down.code)
            settings, limit = self._settings, min(self._timeout, _CONNECT_SECONDS)
            line = aiosmtplib.SMTP(
                hostname=settings.host,
                port=settings.port,
                timeout=self._timeout,
                local_hostname=_local_hostname(),
                use_tls=settings.tls is Tls.IMPLICIT,
                start_tls=settings.tls is Tls.STARTTLS,
                tls_context=self._tls_context,
            )
            try:
                async with asyncio.timeout(limit):
                    await self._introduce(line)
            except asyncio.CancelledError:
                _abort(line)
                raise
            except Exception as error:  # noqa: BLE001 -- as in _converse
                _abort(line)
                down = error if isinstance(error, _Down) else self._explain(error, limit)
                if not self._others_connected(slot):
                    self._count_failure(down)
                raise down from None
            self._lines[slot] = line
            return line

    async def _introduce(self, line: aiosmtplib.SMTP) -> None:
        starttls = self._settings.tls is Tls.STARTTLS
        try:
            await line.connect()
            if line.is_ehlo_or_helo_needed:
                try:
                    await line.ehlo()
                except aiosmtplib.SMTPHeloError:
                    await line.helo()
        except (aiosmtplib.SMTPResponseException, OSError):
            raise
        except aiosmtplib.SMTPException as error:
            if starttls and "STARTTLS" in str(error):
                raise _Down("Máy chủ không có STARTTLS; thư không được gửi khi chưa mã hóa.", hopeless=True) from None
            raise
        if self._settings.username is None:
            return
        try:
            await line.login(self._settings.username, self._settings.password or "")
        except aiosmtplib.SMTPAuthenticationError as refused:
            reply = f"Máy chủ từ chối đăng nhập: {self._readable(refused)}"
            raise _Down(reply, code=_code(refused), hopeless=refused.code >= 500) from None
        except OSError:  # the connection ended or timed out
            raise
        except (aiosmtplib.SMTPException, ValueError):
            # Not the library's text: it could quote what was said, and what was said is the password.
            raise _Down("Máy chủ không có cách đăng nhập phù hợp.", hopeless=True) from None

    def _explain(self, error: Exception, limit: float) -> _Down:
        if isinstance(error, TimeoutError):
            return _Down(f"Không kết nối được máy chủ thư: không trả lời trong {limit:g} giây.")
        if isinstance(error, ssl.SSLCertVerificationError):
            return _Down(f"Chứng thư của máy chủ thư không tin được: {_clean(error.verify_message)}", hopeless=True)
        code = _code(error) if isinstance(error, aiosmtplib.SMTPResponseException) else None
        return _Down(f"Không kết nối được máy chủ thư: {self._readable(error)}", code=code)

    def _count_failure(self, down: _Down) -> None:
        self._failures += 1
        if self._down is None and (down.hopeless or self._failures >= self._give_up_after):
            self._down = down

    def _others_connected(self, slot: int) -> bool:
        return any(line is not None and line.is_connected for at, line in enumerate(self._lines) if at != slot)

    def _any_connected(self) -> int:
        return next((at for at, line in enumerate(self._lines) if line is not None and line.is_connected), 0)

    def _readable(self, error: Exception) -> str:
        """A server's words as one short clean line, without our credentials should it repeat them."""
        reply = error.message if isinstance(error, aiosmtplib.SMTPResponseException) else str(error)
        user, password = self._settings.username, self._settings.password
        if user is not None and password is not None:
            plain = f"\0{user}\0{password}"
            secrets = [*(base64.b64encode(text.encode()).decode() for text in (plain, password)), password]
            for secret in filter(None, secrets):
                reply = reply.replace(secret, "•••")
        return _clean(reply) or type(error).__name__

    def _drop(self, slot: int) -> None:
        line, self._lines[slot] = self._lines[slot], None
        if line is not None:
            _abort(line)

    async def _say_goodbye(self) -> None:
        lines = [line for line in self._lines if line is not None]
        self._lines = [None] * len(self._lines)
        await asyncio.gather(*(self._quit(line) for line in lines))

    async def _quit(self, line: aiosmtplib.SMTP) -> None:
        try:
            async with asyncio.timeout(min(self._timeout, _POLITE_SECONDS)):
                await line.quit()
        except Exception:  # noqa: BLE001, S110 -- every letter has its outcome; how the server parts does not matter
            pass
        finally:
            _abort(line)


async def _asynchronous(batch: AsyncIterable[Letter] | Iterable[Letter]) -> AsyncGenerator[Letter, None]:
    if isinstance(batch, AsyncIterable):
        async for letter in batch:
            yield letter
    else:
        for letter in batch:
            yield letter


def _abort(line: aiosmtplib.SMTP) -> None:
    """Drop the connection without waiting: a plain close would first try to send what a hung server does not read."""
    transport = line.transport
    line.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _code(refused: aiosmtplib.SMTPResponseException) -> int | None:
    return refused.code if 400 <= refused.code <= 599 else None


def _clean(reply: str) -> str:
    return letters.fold(reply.encode("utf-8", "replace").decode())[:_REPLY_LENGTH]


def _local_hostname() -> str:
    """The name for EHLO. Not socket.getfqdn, which may ask a silent name server for seconds."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name) else "localhost"
