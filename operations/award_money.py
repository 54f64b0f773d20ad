"""What an award pays, where the law as read so far says so; None where a multiplier is an open question."""

from collections.abc import Collection
from datetime import date
from functools import lru_cache

from rules import cash
from rules.refusal import Refusal, Unreadable


def amount(award: str, kind: str, on: date, *, confirmed: Collection[str] = ()) -> int | None:
    """Đồng for one award to one subject by the base salary of the decision's day (NĐ 98/2023 Art. 54 and later)."""
    return _amount(award, kind, on, frozenset(confirmed))


@lru_cache(maxsize=4096)
def _amount(award: str, kind: str, on: date, confirmed: frozenset[str]) -> int | None:
    try:
        return cash.compute(award, kind, on, confirmed=confirmed).amount
    except (Refusal, Unreadable):
        return None
