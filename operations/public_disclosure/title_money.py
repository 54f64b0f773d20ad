"""Award money beside other titles of the same person and year: what the unit's letter says of it."""

from collections.abc import Collection, Sequence
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from models import Decision, Nomination, ReviewRound
from models.types import chunks, table
from operations import transition
from operations.transition import Snapshot
from rules import cash
from rules.lifecycle import State
from rules.pack_files import is_title
from rules.refusal import Refusal

_N, _R, _D = (table(model).c for model in (Nomination, ReviewRound, Decision))
_HELD = (State.SIGNED.value, State.DISCLOSED.value, State.CLOSED.value)


def notes(
    session: Session, rows: Sequence[Snapshot], *, year: int, on: date, confirmed: Collection[str]
) -> dict[str, str]:
    """By nomination code, for titles whose nominee has another title of the year: the sum, or that it is not settled.

    An award that a superior decided counts with the money of `on`, the day of the decision that is written about.
    """
    titles = [row for row in rows if is_title(row.award)]
    held: dict[int, dict[str, date]] = {}
    for chunk in chunks(sorted({row.nominee_id for row in titles})):
        query = (
            sa.select(_N.nominee_id, _N.award, _D.signed_on)
            .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
            .outerjoin(Decision, _N.decision_id == _D.id)
            .where(_N.nominee_id.in_(chunk), _R.year == year, _N.state.in_(_HELD))
        )
        for nominee_id, award, signed_on in session.connection().execute(query):
            if is_title(award):
                held.setdefault(nominee_id, {})[award] = signed_on or on
    found: dict[str, str] = {}
    for row in titles:
        days = held.get(row.nominee_id, {}) | {row.award: on}
        if len(days) < 2:
            continue
        amounts = {
            award: cash.known_amount(award, row.nominee_kind, day, confirmed=confirmed) for award, day in days.items()
        }
        others = ", ".join(transition.award_name(award) for award in sorted(days) if award != row.award)
        found[row.code] = f"Cùng năm {year} còn có {others}: {_sum(amounts, confirmed)}"
    return found


def _sum(amounts: dict[str, int | None], confirmed: Collection[str]) -> str:
    known = {award: amount for award, amount in amounts.items() if amount is not None}
    try:
        total = cash.of_one_year(known, confirmed=confirmed) if len(known) == len(amounts) else None
    except Refusal as refusal:
        rule = refusal.details["to_confirm"][0]["rule"]
        return f"nhận cả hay chỉ mức cao nhất thì chưa xác định (quy tắc «{rule}» chưa được xác nhận trong quy chế)."
    if total is None:
        return "chưa xác định được mức cao nhất."
    spoken = f"{total:,}".replace(",", ".")
    return f"chỉ nhận mức cao nhất, tổng cộng {spoken} đồng."
