"""Keyset pages: the key of the last row shown, as one opaque text for addresses and forms."""

from collections.abc import Callable
from typing import Any

from rules.refusal import Unreadable

_BETWEEN = "~"
_MOST_DIGITS = 15  # what both databases hold as a number, whatever somebody writes into an address


def write(*parts: Any) -> str:
    """The key after which the next page begins."""
    return _BETWEEN.join(str(part) for part in parts)


def number(text: str) -> int:
    """A row's number within a key."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(text)
    return int(text)


def read(key: str, *kinds: Callable[[str], Any]) -> tuple[Any, ...]:
    """The parts of a key, each read by its kind. Raises Unreadable `bad_page_key`."""
    parts = key.split(_BETWEEN)
    try:
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except ValueError:
        raise Unreadable(
            "bad_page_key", "Dấu trang không đọc được; hãy mở lại danh sách từ đầu.", where={"after": key[:80]}
        ) from None
