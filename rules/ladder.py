"""The ladder of a late stage: officer → head of unit → secretariat → chairman, one step a working day.

The regulation sets when a stage is due; no law says who is urged afterwards (`lifecycle.STAGE_ROWS` does). What a stopped machine missed is not made up
at once: each look takes one step at most, so that everybody has a working day to answer before the next one hears of it.
"""

from collections.abc import Mapping
from datetime import date

from rules import deadlines

REMIND_WITHIN = 2  # working days before the due day
LADDER = ("cán bộ phụ trách", "thủ trưởng đơn vị", "thư ký Hội đồng", "Chủ tịch")


def days_late(today: date, due: date) -> int:
    """Working days after the due day, at least 1 once it is over; 0 until then."""
    return max(-deadlines.days_left(today, due), 1) if today > due else 0


def next_step(taken: Mapping[int, date], late: int, today: date) -> int | None:
    """The step to take today after those `taken` (step → day), `late` working days after the due day; None: no step."""
    last = max(taken, default=0)
    if last >= min(late, len(LADDER)):
        return None
    rested = last == 0 or (today > taken[last] and deadlines.working_days_between(taken[last], today) > 0)
    return last + 1 if rested else None
