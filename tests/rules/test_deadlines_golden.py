"""The golden table of deadlines 2024–2027: every line must come out to the day.

Lines marked `hand` were reasoned on paper (the note says how). Lines marked `walk` come from the slow method in this
file, which shares nothing with `rules`: its own list of days off, a set of paused days, one day after another. Run the
file as a script to write the table again after a change of the law; a test fails while table and method disagree.
"""

import csv
import io
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from rules import deadlines

TABLE = Path(__file__).parent / "data" / "golden_deadlines.csv"
COLUMNS = ["from", "days", "unit", "pauses", "due", "rolled", "provisional", "method", "note"]

# Days off that are not simply a Saturday or Sunday, written out from the announcements of each year.
OFF_BY_YEAR = {
    2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
    2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02",
    2027: "01-01 02-04 02-05 02-08 02-09 02-10 04-16 04-30 05-03 09-02 09-03",
}
OFF = {f"{year}-{day}" for year, days in OFF_BY_YEAR.items() for day in days.split()}
WORKED_SATURDAYS = {"2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"}
NOT_SETTLED = {
    "2026-11-24",
    "2027-02-04",
    "2027-02-05",
    "2027-02-08",
    "2027-02-09",
    "2027-02-10",
    "2027-09-03",
    "2027-11-24",
}

HAND = [
    # from, days, unit, pauses, due, rolled, provisional, how it was reasoned
    ("2024-02-07", 1, "working", "", "2024-02-15", 0, 0, "Tết 08–14/02 off, Thu 15 is first"),
    ("2024-02-05", 3, "working", "", "2024-02-15", 0, 0, "6, 7, then 15 after Tết"),
    ("2024-02-01", 20, "working", "", "2024-03-07", 0, 0, "2;5-7;15-16;19-23;26-1;4-7 = 1+3+2+5+5+4"),
    ("2024-04-17", 1, "working", "", "2024-04-19", 0, 0, "Thu 18 is Giỗ Tổ"),
    ("2024-04-26", 1, "working", "", "2024-05-02", 0, 0, "27-28 weekend, 29 swapped, 30 and 1 off"),
    ("2024-04-26", 3, "working", "", "2024-05-04", 0, 0, "2, 3, and the worked Saturday 4"),
    ("2024-04-26", 4, "working", "", "2024-05-06", 0, 0, "2, 3, Sat 4, Mon 6"),
    ("2024-05-03", 1, "working", "", "2024-05-04", 0, 0, "the very next day is the worked Saturday"),
    ("2024-05-04", 1, "working", "", "2024-05-06", 0, 0, "from the worked Saturday to Monday"),
    ("2024-04-22", 7, "calendar", "", "2024-05-02", 1, 0, "Mon 29 is swapped off, then 30 and 1"),
    ("2024-04-27", 7, "calendar", "", "2024-05-04", 0, 0, "ends on the worked Saturday: no roll"),
    ("2024-04-28", 7, "calendar", "", "2024-05-06", 1, 0, "ends on Sunday 5"),
    ("2024-08-30", 1, "working", "", "2024-09-04", 0, 0, "weekend, 2 and 3 September"),
    ("2024-08-23", 10, "calendar", "", "2024-09-04", 1, 0, "ends on 2 September, 3 is off too"),
    ("2024-12-31", 1, "working", "", "2025-01-02", 0, 0, "over New Year"),
    ("2025-01-24", 1, "working", "", "2025-02-03", 0, 0, "Tết 25/01–02/02"),
    ("2025-01-22", 5, "working", "", "2025-02-05", 0, 0, "23, 24, 3, 4, 5"),
    ("2025-01-15", 14, "calendar", "", "2025-02-03", 1, 0, "ends on the first of Tết"),
    ("2025-04-04", 1, "working", "", "2025-04-08", 0, 0, "Giỗ Tổ on Monday 7"),
    ("2025-04-25", 1, "working", "", "2025-04-26", 0, 0, "worked Saturday"),
    ("2025-04-25", 5, "working", "", "2025-05-06", 0, 0, "Sat 26, 28, 29, then 5 and 6 May"),
    ("2025-04-19", 7, "calendar", "", "2025-04-26", 0, 0, "ends on the worked Saturday: no roll"),
    ("2025-04-25", 7, "calendar", "", "2025-05-05", 1, 0, "ends on the swapped Friday 2 May"),
    ("2025-08-29", 1, "working", "", "2025-09-03", 0, 0, "weekend, 1 and 2 September"),
    ("2025-12-31", 2, "working", "", "2026-01-06", 0, 0, "1 off, 2 swapped off, weekend, 5, 6"),
    ("2026-01-09", 1, "working", "", "2026-01-10", 0, 0, "worked Saturday for 2 January"),
    ("2026-02-13", 1, "working", "", "2026-02-23", 0, 0, "Tết 14–22/02"),
    ("2026-02-10", 20, "working", "", "2026-03-17", 0, 0, "11-13;23-27;2-6;9-13;16-17 = 3+5+5+5+2"),
    ("2026-02-07", 10, "calendar", "", "2026-02-23", 1, 0, "ends on the first of Tết"),
    ("2026-04-24", 1, "working", "", "2026-04-28", 0, 0, "Giỗ Tổ on Sunday, Monday 27 in lieu"),
    ("2026-04-24", 3, "working", "", "2026-05-04", 0, 0, "28, 29, then Mon 4 May"),
    ("2026-08-21", 1, "working", "", "2026-08-22", 0, 0, "worked Saturday"),
    ("2026-08-21", 7, "working", "", "2026-09-03", 0, 0, "Sat 22, 24-28, then 3 after 29/8–2/9"),
    ("2026-08-15", 7, "calendar", "", "2026-08-22", 0, 0, "ends on the worked Saturday: no roll"),
    ("2026-08-21", 10, "calendar", "", "2026-09-03", 1, 0, "ends on the swapped Monday 31"),
    ("2026-11-23", 1, "working", "", "2026-11-24", 0, 1, "24/11 is open: counted, and said so"),
    ("2027-02-03", 1, "working", "", "2027-02-11", 0, 1, "Tết 04–10/02 by an announcement not read"),
    ("2027-04-15", 1, "working", "", "2027-04-19", 0, 0, "Giỗ Tổ on Friday 16"),
    ("2027-04-29", 1, "working", "", "2027-05-04", 0, 0, "30/4, 1/5 on Saturday, Monday 3 in lieu"),
    ("2027-09-01", 1, "working", "", "2027-09-06", 0, 1, "2 off, 3 off by an announcement not read"),
    ("2024-03-04", 5, "working", "2024-03-06..2024-03-07", "2024-03-13", 0, 0, "5, 8, 11, 12, 13"),
    ("2024-02-05", 3, "working", "2024-02-07..2024-02-16", "2024-02-20", 0, 0, "6, then 19 and 20: stop over Tết"),
    (
        "2025-03-03",
        10,
        "calendar",
        "2025-03-05..2025-03-07 2025-03-06..2025-03-10",
        "2025-03-19",
        0,
        0,
        "4, then 11-19",
    ),
    (
        "2025-03-10",
        5,
        "calendar",
        "2025-03-17..2025-03-18",
        "2025-03-19",
        1,
        0,
        "Sat 15 rolls, the stop holds Mon and Tue",
    ),
]

EVENTS = [
    *("2024-01-31", "2024-02-05", "2024-02-07", "2024-02-10", "2024-04-12", "2024-04-24", "2024-05-03", "2024-08-28"),
    *("2025-01-15", "2025-01-24", "2025-01-29", "2025-04-01", "2025-04-25", "2025-04-26", "2025-08-27", "2025-12-26"),
    *("2026-01-08", "2026-02-06", "2026-02-13", "2026-02-17", "2026-04-20", "2026-08-14", "2026-08-21", "2026-11-16"),
    *("2027-01-20", "2027-02-03", "2027-02-06", "2027-04-12", "2027-04-28", "2027-08-30", "2027-11-12"),
]
STOPS = [
    ("2024-02-01", 10, "working", "2024-02-06..2024-02-20"),
    ("2024-04-22", 8, "working", "2024-05-04..2024-05-05"),
    ("2024-04-22", 8, "working", "2024-04-24..2024-04-25 2024-05-02..2024-05-02"),
    ("2025-01-20", 5, "working", "2025-01-27..2025-02-07"),
    ("2025-04-21", 10, "working", "2025-04-26..2025-04-26"),
    ("2025-06-02", 30, "calendar", "2025-06-10..2025-06-19"),
    ("2026-02-09", 10, "working", "2026-02-01..2026-02-11"),
    ("2026-08-17", 12, "working", "2026-08-20..2026-08-24"),
    ("2026-08-17", 12, "calendar", "2026-08-29..2026-09-10"),
    ("2027-02-01", 6, "working", "2027-02-15..2027-02-17"),
]


def walk(start, days, unit, pauses):
    """(due, rolled, provisional) by writing down each day; nothing of `rules` is used."""
    paused = set()
    for stop in pauses.split():
        first, last = (date.fromisoformat(day) for day in stop.split(".."))
        paused |= {first + timedelta(days=step) for step in range((last - first).days + 1)}
    run = [date.fromisoformat(start) + timedelta(days=step) for step in range(1, 400)]
    run = [day for day in run if day not in paused]

    def works(day):
        if str(day) in WORKED_SATURDAYS:
            return True
        return day.strftime("%a") not in {"Sat", "Sun"} and str(day) not in OFF

    if unit == "working":
        due = [day for day in run if works(day)][days - 1]
        looked_at = [day for day in run if day <= due]
        rolled = False
    else:
        last = run[days - 1]
        due = next(day for day in run[days - 1 :] if works(day))
        looked_at = [day for day in run if last <= day <= due]
        rolled = due != last
    return str(due), int(rolled), int(any(str(day) in NOT_SETTLED for day in looked_at))


def write_table():
    cases = [(start, days, "working", "") for start in EVENTS for days in (1, 3, 5, 10, 20)]
    cases += [(start, days, "calendar", "") for start in EVENTS for days in (3, 10, 30)]
    cases += [(f"{year}-{month:02d}-01", 15, "working", "") for year in range(2024, 2028) for month in range(1, 12)]
    cases += STOPS
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for *case, note in HAND:
        table.writerow([*case, "hand", note])
    for case in cases:
        table.writerow([*case, *walk(*case), "walk", ""])
    return out.getvalue()


ROWS = list(csv.DictReader(io.StringIO(TABLE.read_text(encoding="utf-8")))) if TABLE.exists() else []


def answered(row):
    stops = [deadlines.read_pause(stop) for stop in row["pauses"].split()]
    found = deadlines.compute(date.fromisoformat(row["from"]), int(row["days"]), row["unit"], pauses=stops)
    return str(found.due), str(int(found.rolled)), str(int(found.provisional))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['from']}+{row['days']}{row['unit'][0]} {row['pauses']}")
def test_each_line_of_the_golden_table(row):
    assert answered(row) == (row["due"], row["rolled"], row["provisional"])


def test_the_table_is_what_the_slow_method_writes():
    assert TABLE.read_text(encoding="utf-8") == write_table()


@pytest.mark.parametrize("case", HAND, ids=lambda case: f"{case[0]}+{case[1]}{case[2][0]}")
def test_the_slow_method_agrees_with_what_was_reasoned_by_hand(case):
    assert walk(*case[:4]) == case[4:7]


def test_the_table_is_large_enough_and_spans_the_hard_days():
    hard = ["2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2024-05-04", "2025-04-26", "2026-08-22"]
    spans = {day: any(row["from"] < day <= row["due"] for row in ROWS) for day in hard}
    by_hand = sum(row["method"] == "hand" for row in ROWS)
    years = {row["from"][:4] for row in ROWS}
    assert (len(ROWS) >= 200, by_hand >= 25, years, spans) == (
        True,
        True,
        {"2024", "2025", "2026", "2027"},
        dict.fromkeys(hard, True),
    )


if __name__ == "__main__":
    TABLE.write_text(write_table(), encoding="utf-8")
    sys.stdout.write(f"{TABLE.name}: {len(write_table().splitlines()) - 1}\n")
