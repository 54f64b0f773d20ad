"""Public answers kept in the process until the ledger grows: what many ask for is rendered once.

Everything the public may see changes by an act, and every act is an entry of the ledger: an answer made at one size of
it holds until the next. Browsers and proxies may keep it too, but must ask whether it still holds (RFC 9111, RFC 9110
§8.8.3).
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from operations import record
from web.visit import Visit

REVALIDATE = "public, max-age=0, must-revalidate"
_MOST = 300  # answers; about 15 MB
_LARGEST = 200_000  # bytes of one that is kept
_PACKED_FROM = 800  # bytes; the threshold of the compressing middleware
_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer as it goes out, plain and packed."""

    body: bytes
    packed: bytes
    media_type: str
    tag: str
    disposition: str

    @classmethod
    def of(cls, body: bytes, media_type: str, *, disposition: str = "") -> "Kept":
        packed = gzip.compress(body, 6, mtime=0) if len(body) >= _PACKED_FROM else b""
        return cls(body, packed, media_type, hashlib.sha256(body).hexdigest()[:32], disposition)

    def answer(self, request: Request) -> Response:
        """200 with the body, or 304 when the client's copy is current."""
        packs = bool(self.packed) and "gzip" in request.headers.get("accept-encoding", "")
        # Weak ETag: shared by the gzip and the plain variant (RFC 9110 §8.8.1).
        headers = {"Cache-Control": REVALIDATE, "ETag": f'W/"{self.tag}"', "Vary": "Accept-Encoding, Cookie"}
        if has_already(request, self.tag):
            return Response(status_code=304, headers=headers)
        if packs:
            headers["Content-Encoding"] = "gzip"
        if self.disposition:
            headers["Content-Disposition"] = self.disposition
        return Response(self.packed if packs else self.body, headers=headers, media_type=self.media_type)


def has_already(request: Request, tag: str) -> bool:
    """Does If-None-Match name this tag, weakly compared (RFC 9110 §13.1.2)?"""
    said = request.headers.get("if-none-match", "")
    return said.strip() == "*" or tag in {one.strip().removeprefix("W/").strip('"') for one in said.split(",")}


class _Shelf:
    """The last answers given, the one longest not asked for falls off first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: _Key, kept: Kept) -> None:
        if len(kept.body) > _LARGEST:
            return
        with self._lock:
            self._kept[key] = kept
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)


_SHELF = _Shelf()


def answer(visit: Visit, make: Callable[[], Response]) -> Response:
    """The answer of `make`, cached for the public; a signed-in visitor gets an uncached page."""
    if visit.visitor is not None:
        return make()
    with visit.reading() as session:
        size = record.size(session)
    url = visit.request.url
    key = (visit.installation.folder, url.path, url.query, visit.language, size)
    kept = _SHELF.get(key)
    if kept is None:
        made = make()
        disposition = made.headers.get("content-disposition", "")
        kept = Kept.of(bytes(made.body), made.headers["content-type"], disposition=disposition)
        _SHELF.put(key, kept)
    return kept.answer(visit.request)
