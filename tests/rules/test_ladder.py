"""The ladder as a pure rule: one step a working day, from wherever it stands."""

from datetime import date, timedelta

import pytest

from rules import ladder

DUE = date(2024, 11, 6)  # a Wednesday


def climbed(first_look: date, days: int, *, every: int = 1) -> dict[int, int]:
    """Day of the month → the step taken, looking each `every` days from `first_look` on."""
    taken: dict[int, date] = {}
    found: dict[int, int] = {}
    for day in range(0, days, every):
        today = first_look + timedelta(days=day)
        for _ in range(3):  # looking again the same day takes no further step
            step = ladder.next_step(taken, ladder.days_late(today, DUE), today)
            if step is not None:
                taken[step] = today
                found[today.day] = step
    return found


@pytest.mark.parametrize(
    ("first_look", "steps"),
    [
        (date(2024, 11, 1), {7: 1, 8: 2, 11: 3, 12: 4}),  # over the weekend
        (date(2024, 11, 18), {18: 1, 19: 2, 20: 3, 21: 4}),  # after days without a look
        (date(2024, 11, 9), {9: 1, 11: 2, 12: 3, 13: 4}),  # the first look on a Saturday
    ],
)
def test_a_step_a_working_day_from_the_first_look(first_look: date, steps: dict[int, int]) -> None:
    assert climbed(first_look, 16) == steps


def test_days_late_are_working_days_and_one_from_the_first_night() -> None:
    assert {day: ladder.days_late(date(2024, 11, day), DUE) for day in (5, 6, 7, 8, 9, 10, 11)} == {
        5: 0, 6: 0, 7: 1, 8: 2, 9: 2, 10: 2, 11: 3,
    }  # fmt: skip
    assert ladder.days_late(date(2024, 11, 9), date(2024, 11, 8)) == 1  # Saturday after a Friday


def test_a_clock_set_back_takes_no_step() -> None:
    assert ladder.next_step({1: date(2024, 11, 12)}, 4, date(2024, 11, 8)) is None
