"""Checks of free text, equal for both databases: PostgreSQL refuses some text that SQLite would store."""

import unicodedata
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from rules.refusal import Refusal

LONGEST = 20_000  # characters of a text that no column limits
_LINES = frozenset("\n\r\t")


def fault(text: str, most: int = LONGEST) -> str | None:
    """`too_long`, or `control_characters` for what no keyboard writes (NUL, escapes, half a surrogate pair); else None."""
    if len(text) > most:
        return "too_long"
    if text.isprintable():  # nearly always, and without a look at each character
        return None
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _LINES for char in text):
        return "control_characters"
    return None


def check(what: str, text: str | None, most: int = LONGEST) -> None:
    """Raise Refusal `too_long` or `control_characters` when a text cannot be kept as it is; `what` names it."""
    code = fault(text, most) if text else None
    if code == "too_long":
        raise Refusal(code, f"{what} dài quá {most} ký tự. Hãy viết ngắn lại.")
    if code is not None:
        raise Refusal(code, f"{what} có ký tự điều khiển không hiện được. Hãy gõ lại đoạn đó.")


def faults(columns: sa.ColumnCollection[str, sa.Column[Any]], values: Mapping[str, object]) -> list[tuple[str, str]]:
    """(column, fault) for each text that its column could not keep."""
    found = []
    for name, value in values.items():
        if isinstance(value, str):
            code = fault(value, getattr(columns[name].type, "length", None) or LONGEST)
            if code is not None:
                found.append((name, code))
    return found
