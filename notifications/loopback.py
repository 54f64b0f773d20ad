"""A real SMTP server on loopback that keeps every letter in a file: for the demo, and for tests of delivery."""

import asyncio
import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from aiosmtpd import smtp

_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_KEY = re.compile(rb"^X-Vinhdanh-Key:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Received:
    message_id: str
    key: str
    recipient: str


class LoopbackServer:
    """Listens on 127.0.0.1 in a thread of its own, from `with` to the end of it; port 0 takes any free one.

    Every accepted letter is appended to `folder`/letters.mbox (mboxrd; Python's `mailbox` and mail programs read it)
    before the server says 250; without a folder it is only recorded. Nothing is synced to disk: these are no evidence.
    """

    def __init__(self, folder: Path | None = None, *, port: int = 0) -> None:
        self._folder = folder
        self._asked_port = port
        self._received: list[Received] = []
        self._connections: set[asyncio.BaseTransport] = set()
        self._accepts = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="loopback-smtp", daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """For VINHDANH_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    @property
    def received(self) -> tuple[Received, ...]:
        """The accepted letters, in order."""
        return tuple(self._received)

    @property
    def accepts(self) -> int:
        """How many connections were ever made."""
        return self._accepts

    def __enter__(self) -> Self:
        # aiosmtpd logs each command at INFO; a root logger at INFO would drown in letters.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 -- handed to the thread that waits in __enter__
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        spool = None
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            spool = (self._folder / "letters.mbox").open("ab")
        try:
            server = await loop.create_server(lambda: _Connection(self, spool), "127.0.0.1", self._asked_port)
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._stopping.wait()
            server.close()
            for transport in list(self._connections):
                transport.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)
        finally:
            if spool is not None:
                spool.close()

    def keep(self, spool: BinaryIO | None, content: bytes, recipient: str) -> None:
        """Store one accepted letter; runs in the server's thread."""
        head = content.partition(b"\r\n\r\n")[0]
        if spool is not None:
            body = _FROM_LINE.sub(rb">\1", content.replace(b"\r\n", b"\n"))
            spool.write(b"From vinhdanh Thu Jan  1 00:00:00 1970\n" + body + b"\n")
            spool.flush()
        self._received.append(Received(_header(_MESSAGE_ID, head), _header(_KEY, head), recipient))

    def connected(self, transport: asyncio.BaseTransport) -> None:
        self._accepts += 1
        self._connections.add(transport)

    def disconnected(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is not None:
            self._connections.discard(transport)


def _header(pattern: re.Pattern[bytes], head: bytes) -> str:
    found = pattern.search(head)
    return found[1].decode("ascii", "replace").strip() if found else ""


class _Handler:
    """aiosmtpd calls these by name."""

    def __init__(self, house: LoopbackServer, spool: BinaryIO | None) -> None:
        self._house = house
        self._spool = spool

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        for recipient in envelope.rcpt_tos:
            self._house.keep(self._spool, envelope.content, recipient)
        return "250 2.0.0 OK"


class _Connection(smtp.SMTP):
    def __init__(self, house: LoopbackServer, spool: BinaryIO | None) -> None:
        self._house = house
        super().__init__(
            _Handler(house, spool), hostname="localhost", ident="Vinh Danh", loop=asyncio.get_running_loop()
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._house.connected(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._house.disconnected(self.transport)
        super().connection_lost(error)
