from datetime import date, timedelta

import holidays
import pytest

from rules import calendar
from rules.calendar import Calendar, Line
from rules.refusal import Unreadable

YEARS = range(2024, 2028)
SHIPPED = Calendar.load()
HEADER = "date,is_working,name,source,status\n"


def days_of(year):
    first = date(year, 1, 1)
    return [first + timedelta(days=step) for step in range((date(year + 1, 1, 1) - first).days)]


def weekdays_off(year):
    return [str(day)[5:] for day in days_of(year) if day.weekday() < 5 and not SHIPPED.is_working(day)]


def weekend_days_worked(year):
    return [str(day)[5:] for day in days_of(year) if day.weekday() >= 5 and SHIPPED.is_working(day)]


@pytest.mark.parametrize(
    ("year", "off", "worked"),
    [
        (2024, "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03", ["05-04"]),
        (2025, "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02", ["04-26"]),
        (
            2026,
            "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02",
            ["01-10", "08-22"],
        ),
        (2027, "01-01 02-04 02-05 02-08 02-09 02-10 04-16 04-30 05-03 09-02 09-03", []),
    ],
)
def test_the_weekdays_off_and_the_weekend_days_worked_of_each_year(year, off, worked):
    assert (weekdays_off(year), weekend_days_worked(year)) == (off.split(), worked)


@pytest.mark.parametrize("year", YEARS)
def test_lunar_holidays_agree_with_an_independent_conversion(year):
    known = dict(holidays.VN(years=year, observed=False, language="vi").items())
    first_of_tet = [day for day, name in known.items() if name == "Tết Nguyên Đán"]
    kings = [day for day, name in known.items() if name == "Ngày Giỗ Tổ Hùng Vương"]
    ours = {line.name: line.day for line in SHIPPED.lines if line.day.year == year}
    assert ([ours["Tết Âm lịch (mùng 1)"]], [ours["Giỗ Tổ Hùng Vương (10/3 âm lịch)"]]) == (first_of_tet, kings)


@pytest.mark.parametrize("year", YEARS)
def test_every_swapped_day_off_has_its_worked_saturday(year):
    swapped = [line for line in SHIPPED.lines if line.day.year == year and line.name.startswith("Nghỉ hoán đổi")]
    assert len(swapped) == len(weekend_days_worked(year))


def test_every_line_says_how_sure_it_is_and_where_it_is_written():
    assert [line for line in SHIPPED.lines if not line.source or line.status not in calendar.STATUSES] == []


def test_what_nobody_here_has_read_is_provisional():
    assert [str(line.day) for line in SHIPPED.lines if line.is_provisional] == [
        *("2026-11-24", "2027-02-04", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-09-03"),
        "2027-11-24",
    ]


def test_24_november_is_a_working_day_until_the_office_configures_it():
    day = date(2026, 11, 24)
    configured = Calendar.load(overrides=calendar.culture_day())
    assert (SHIPPED.is_working(day), SHIPPED.is_provisional(day)) == (True, True)
    assert (configured.is_working(day), configured.is_provisional(day)) == (False, False)


def test_an_override_replaces_its_day_and_changes_the_version():
    office = Line(date(2027, 9, 3), True, "Ngày làm việc", "Thông báo 1/TB-UBND", "PARAM")
    changed = Calendar.load(overrides=[office])
    assert changed.is_working(date(2027, 9, 3))
    assert len(changed.lines) == len(SHIPPED.lines)
    assert changed.version != SHIPPED.version
    assert Calendar.load().version == SHIPPED.version == calendar.shipped().version
    assert len(SHIPPED.version) == 12


@pytest.mark.parametrize(
    ("day", "working", "name", "status"),
    [
        ("2024-05-04", True, "Làm bù cho thứ Hai 29/4/2024", "V2"),
        ("2024-05-05", False, "Chủ nhật", "V1"),
        ("2024-05-06", True, "Ngày làm việc", "V1"),
        ("2026-02-17", False, "Tết Âm lịch (mùng 1)", "SEC"),
        ("2028-01-01", False, "Tết Dương lịch", "provisional"),
        ("2028-01-03", False, "Nghỉ bù Tết Dương lịch", "provisional"),
        ("2028-01-08", False, "Thứ Bảy", "provisional"),
    ],
)
def test_the_reason_of_a_day(day, working, name, status):
    reason = SHIPPED.reason(date.fromisoformat(day))
    assert (reason.is_working, reason.name, reason.status) == (working, name, status)


def test_years_outside_the_data_keep_fixed_holidays_and_days_in_lieu():
    off = [str(day)[5:] for day in days_of(2033) if day.weekday() < 5 and not SHIPPED.is_working(day)]
    # 2033: 1/1 and 30/4 fall on Saturday, 1/5 on Sunday, 2/9 on Friday.
    assert off == ["01-03", "05-02", "05-03", "09-02"]
    assert [SHIPPED.covers(date(year, 6, 1)) for year in (2023, 2024, 2027, 2028)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("date,is_working\n2024-01-01,0\n", "columns", {"line": 1}),
        ("", "columns", {"line": 1}),
        (HEADER + "2024-02-30,0,Tết,NĐ,V1\n", "not_a_date", {"line": 2, "date": "2024-02-30"}),
        (HEADER + "20240101,0,Tết,NĐ,V1\n", "not_a_date", {"line": 2, "date": "20240101"}),
        (HEADER + "2024-01-01,0,Tết,NĐ,V1\n2024-01-01,1,Tết,NĐ,V1\n", "repeated_day", {"line": 3}),
        (HEADER + "2024-01-01,yes,Tết,NĐ,V1\n", "is_working", {"line": 2, "is_working": "yes"}),
        (HEADER + "2024-01-01,0,Tết,NĐ,chắc\n", "status", {"line": 2, "status": "chắc"}),
        (HEADER + "2024-01-01,0,Tết,,V1\n", "source", {"line": 2, "date": "2024-01-01"}),
        (HEADER + "2024-01-01,0,Tết,NĐ,V1,thừa\n", "columns", {"line": 2, "columns": list(calendar.COLUMNS)}),
        (HEADER + "2024-01-01,0,Tết\n", "columns", {"line": 2, "columns": list(calendar.COLUMNS)}),
        (HEADER + '2024-01-01,0,"Tết\n', "not_csv", {"line": 2}),
    ],
)
def test_a_calendar_that_cannot_be_read_names_its_line(text, code, where):
    with pytest.raises(Unreadable) as caught:
        calendar.read_lines(text, where="office.csv")
    assert (caught.value.code, caught.value.where) == (code, {"file": "office.csv", **where})


def test_decomposed_text_is_read_as_composed():
    decomposed = "Te\u0302\u0301t"
    (line,) = calendar.read_lines(HEADER + f"2024-01-01,0,{decomposed},ND,V1\n")
    assert line.name == "Tết"
