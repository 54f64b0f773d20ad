"""RFC 8785 JSON (JCS), for the values a ledger may hold."""

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

# Read-only container types, so that a dict[str, str] is accepted where a Json is asked for.
Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | None

# Beyond these a reader with IEEE 754 numbers (a browser) would see another value than the one committed to.
_LARGEST_INTEGER = 2**53 - 1

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False, allow_nan=False
).encode
_encode_as_ordered = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=False, check_circular=False, allow_nan=False
).encode


def dumps(value: Json) -> bytes:
    """The RFC 8785 bytes of `value`: dicts with string keys, lists, strings, integers, booleans, None.

    Raises ValueError for what has no exact form here: floats, integers beyond ±(2^53-1), lone surrogates, keys that
    are not strings, any other type, nesting too deep to walk.
    """
    if type(value) is str:
        return encode_basestring(value).encode()
    if type(value) is list and all([type(item) is str for item in value]):  # noqa: C419 -- a list is the faster here
        return f"[{','.join(map(encode_basestring, value))}]".encode()  # most of what entries commit to
    try:
        # The standard encoder escapes exactly as RFC 8785 asks; it sorts keys by code point where the RFC sorts by
        # UTF-16 code unit. The two orders differ only when a key lies beyond the Basic Multilingual Plane.
        text = _encode_as_ordered(_in_utf16_order(value)) if _has_astral_key(value) else _encode(value)
    except RecursionError as reason:
        raise ValueError("nested too deep for canonical JSON") from reason
    return text.encode()


def _has_astral_key(value: object) -> bool:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return False
    if isinstance(value, dict):
        found = False
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"a key of canonical JSON must be a string, not {type(key).__name__}")  # noqa: TRY004 -- one documented error type
            if not key.isascii() and max(key) > "\uffff":
                found = True
            if type(item) is not str and _has_astral_key(item):
                found = True
        return found
    if isinstance(value, int):
        if not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
            raise ValueError("an integer of canonical JSON must lie within ±(2^53-1)")
        return False
    if isinstance(value, (list, tuple)):
        # A list, not a generator: every item must be looked at, not only those before the first astral key.
        return any([_has_astral_key(item) for item in value])  # noqa: C419 -- see above
    if isinstance(value, str):
        return False
    raise ValueError(f"canonical JSON has no form for {kind.__name__}")


def _in_utf16_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_utf16_order(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, (list, tuple)):
        return [_in_utf16_order(item) for item in value]
    return value
