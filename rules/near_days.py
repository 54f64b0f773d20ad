"""The one judge of days that open or end something: a seat, a role, an authorisation, a meeting, a deadline.

A day of long ago or far ahead is a slip of the pen in the year. Dates of birth have a judge of their own.
"""

from datetime import date

from rules.refusal import Refusal

BACK, AHEAD = 60, 10  # years


def judge(what: str, day: date, *, today: date, ahead: int = AHEAD) -> date:
    """The same day, if it is near enough to be meant. Raises Refusal `bad_date`."""
    if not today.year - BACK <= day.year <= today.year + ahead:
        where = f"quá {ahead} năm sau" if day > today else f"quá {BACK} năm trước"
        raise Refusal(
            "bad_date",
            f"{what} {day:%d/%m/}{day.year:04d} {where} hôm nay ({today:%d/%m/%Y}). Hãy xem lại năm rồi ghi đúng ngày.",
        )
    return day
