"""A connection that waits for nobody: heads come at once, bodies piece by piece, and a refused sender still reads why.

uvicorn waits for a head as long as it takes, handles whatever came in one go, and closes a connection while its sender
is still writing, which lets the system throw the answer away.
"""

import asyncio
import contextlib
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_BYTE: Final = 10.0  # seconds: browsers open connections beforehand
HEAD: Final = 5.0  # seconds for a head that came in part
SHORT_HEAD: Final = 0.8  # seconds, while it is shorter than the packet in which a browser sends one
A_PACKET: Final = 512  # bytes
PIECE: Final = 8192  # bytes handled before others have their turn
LINGER: Final = 30.0  # seconds, and bytes, that a refused sender may still write
LINGER_BYTES: Final = 64 * 1024 * 1024
_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 with these limits."""

    _waits: asyncio.TimerHandle | None = None
    _feeds: asyncio.Handle | None = None
    _deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # -- as uvicorn has it
        self._pending = bytearray()
        self._head_bytes = 0
        self._discarded = 0
        self._raw = transport
        super().connection_made(_Lingering(transport, self))  # type: ignore[arg-type] # -- stands for it in all that uvicorn asks
        self._wait(FIRST_BYTE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwait()
        if self._feeds is not None:
            self._feeds.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self._raw.abort()
            return
        self._pending += data
        if self._feeds is None:
            self._feed()

    def _feed(self) -> None:
        """Hand one piece on; the next after whoever else has something to do."""
        self._feeds = None
        if self._deaf or self._raw.is_closing():
            self._pending.clear()
            return
        piece = bytes(self._pending[:PIECE])
        del self._pending[:PIECE]
        super().data_received(piece)
        self._look_at_head(len(piece))
        if self._pending:
            self._feeds = self.loop.call_soon(self._feed)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look_at_head(0)

    # Heads -----------------------------------------------------------------------------------------------------------

    def _look_at_head(self, came: int) -> None:
        """A head that has begun must go on; while a request is handled, its body is the application's to wait for."""
        begun = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if not begun:
            self._head_bytes = 0
            if self.conn.their_state is not h11.IDLE or self.cycle is not None:
                self._unwait()
            return
        if not self._head_bytes:
            self._wait(SHORT_HEAD)
        self._head_bytes += max(came, 1)

    def _wait(self, seconds: float) -> None:
        self._unwait()
        self._waits = self.loop.call_later(seconds, self._waited, seconds)

    def _unwait(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _waited(self, seconds: float) -> None:
        self._waits = None
        if seconds == SHORT_HEAD and self._head_bytes >= A_PACKET:
            self._wait(HEAD)
            return
        if self._head_bytes:
            self._raw.write(_SLOW)
        self.transport.close()

    # Ends ------------------------------------------------------------------------------------------------------------

    def linger(self) -> None:
        """Say that nothing more will be said; let the other side finish, and listen to none of it."""
        if self._deaf:
            return
        self._deaf = True
        self._pending.clear()
        self.flow.resume_reading()
        with contextlib.suppress(OSError):  # the other side is gone already
            self._raw.write_eof()
        self._unset_keepalive_if_required()
        self._unwait()
        self._waits = self.loop.call_later(LINGER, self._raw.abort)

    @property
    def is_written_to(self) -> bool:
        """Is the other side in the middle of a request?"""
        return self.conn.their_state is h11.SEND_BODY or bool(self._pending)


class _Lingering:
    """The transport as uvicorn sees it: closing it in the middle of a request lingers instead."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection = connection
        self._closed = False

    def close(self) -> None:
        self._closed = True
        if self._connection.is_written_to:
            self._connection.linger()
        else:
            self._transport.close()

    def is_closing(self) -> bool:
        return self._closed or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
