"""Bodies as they were received: kept outside of memory where they are long, read by worker threads, within limits."""

import tempfile
from collections.abc import AsyncGenerator, Coroutine
from typing import IO, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from rules.refusal import Unreadable
from web.limits import MB, Limit

T = TypeVar("T")
_PIECE = 64 * 1024  # bytes
_IN_MEMORY = 1 * MB
_STATE = "received_body"


class Body:
    """What somebody sent, whole. Whoever made it closes it."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 -- closed by `close`
        self.length = 0

    @property
    def on_disk(self) -> bool:
        return self.length > _IN_MEMORY

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        self.file.write(piece)

    def close(self) -> None:
        self.file.close()

    def lay_to(self, state: dict[str, Any]) -> None:
        """Let the request's routes find it."""
        self.file.seek(0)
        state[_STATE] = self


def of(request: Request) -> Body | None:
    """The body of this request; None where none was received."""
    found: Body | None = request.scope.get("state", {}).get(_STATE)
    return found


def form(request: Request, limit: Limit) -> FormData:
    """The form in a request's body; no form, none that can be read or an empty one is empty fields.

    To be called by a worker thread. Raises Unreadable `bad_form` for more than the limit has room for.
    """
    body = of(request)
    if body is None:
        return FormData()
    body.file.seek(0)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart(request, body, limit)
    if kind == "application/x-www-form-urlencoded":
        return _urlencoded(body.file.read(limit.text + 1), limit)
    return FormData()


def _urlencoded(content: bytes, limit: Limit) -> FormData:
    if content.count(b"&") >= limit.fields:
        raise _too_many(limit.fields)
    return FormData([*parse_qsl(content.decode("latin-1"), keep_blank_values=True, errors="replace")])


def _multipart(request: Request, body: Body, limit: Limit) -> FormData:
    parser = MultiPartParser(
        request.headers,
        _pieces(body.file),
        max_files=limit.files,
        max_fields=limit.fields,
        max_part_size=limit.text,
    )
    parser.spool_max_size = 0  # the body is bounded: a file within it stays in memory, and writing it never waits
    try:
        return _at_once(parser.parse())
    except MultiPartException as reason:
        if reason.message.startswith("Too many"):
            raise _too_many(limit.fields) from None
        raise Unreadable("bad_form", "Không đọc được biểu mẫu gửi lên. Hãy tải lại trang rồi gửi lại.") from None


def _too_many(fields: int) -> Unreadable:
    return Unreadable("bad_form", f"Biểu mẫu gửi lên có quá nhiều mục (tối đa {fields}). Hãy gửi làm nhiều lần.")


async def _pieces(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    while piece := file.read(_PIECE):
        yield piece


def _at_once(steps: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing: here it only reads from memory and the disk."""
    try:
        steps.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    steps.close()
    raise RuntimeError("a form's parser waited")


def has_too_many_values(body: Body, limit: Limit) -> bool:
    """Does a JSON document have more values than the limit has room for? Commas within texts count, too: a bound."""
    body.file.seek(0)
    content = body.file.read(limit.text)
    return sum(content.count(sign) for sign in (b",", b"[", b"{")) > limit.items
