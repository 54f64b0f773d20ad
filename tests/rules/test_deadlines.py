import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import calendar, deadlines
from rules.calendar import Calendar
from rules.refusal import Unreadable

SHIPPED = calendar.shipped()
ONE_DAY = timedelta(days=1)
WEEKEND = "Quyết định 188/1999/QĐ-TTg, Điều 1 (tuần làm việc 40 giờ)"

starts = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))
lengths = st.integers(min_value=1, max_value=90)
units = st.sampled_from(["working", "calendar"])


@st.composite
def stops(draw):
    first = draw(st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31)))
    return first, first + timedelta(days=draw(st.integers(min_value=0, max_value=40)))


def test_the_whole_answer_for_a_span_over_the_worked_saturday():
    found = deadlines.compute(date(2024, 4, 26), 4, "working", pauses=[(date(2024, 5, 3), date(2024, 5, 3))])
    labour = "Bộ luật Lao động 45/2019/QH14, Điều 112 khoản 1 điểm"
    swap = "Công văn 2450/VPCP-KGVX ngày 12/4/2024; Thông báo 1570/TB-LĐTBXH"
    assert found.as_json() == {
        "from": "2024-04-26",
        "days": 4,
        "unit": "working",
        "due": "2024-05-07",
        "skipped": [
            {"date": "2024-04-27", "reason": "Thứ Bảy", "source": WEEKEND},
            {"date": "2024-04-28", "reason": "Chủ nhật", "source": WEEKEND},
            {"date": "2024-04-29", "reason": "Nghỉ hoán đổi (làm bù thứ Bảy 04/5/2024)", "source": swap},
            {"date": "2024-04-30", "reason": "Ngày Chiến thắng", "source": f"{labour} c"},
            {"date": "2024-05-01", "reason": "Ngày Quốc tế Lao động", "source": f"{labour} d"},
            {"date": "2024-05-05", "reason": "Chủ nhật", "source": WEEKEND},
        ],
        "made_up": [{"date": "2024-05-04", "source": swap}],
        "paused": [{"from": "2024-05-03", "to": "2024-05-03"}],
        "rolled": False,
        "provisional": False,
        "explanation": (
            "Thời hạn 4 ngày làm việc từ thứ Sáu ngày 26/04/2024. Ngày này không tính, bắt đầu tính từ ngày tiếp theo "
            "(khoản 2 Điều 147 Bộ luật Dân sự 91/2015/QH13). Tạm dừng tính ngày 03/05/2024. Không tính 3 ngày cuối "
            "tuần; 29/04/2024 là Nghỉ hoán đổi (làm bù thứ Bảy 04/5/2024); 30/04/2024 là Ngày Chiến thắng; 01/05/2024 "
            "là Ngày Quốc tế Lao động. Tính là ngày làm việc: thứ Bảy ngày 04/05/2024 (làm bù cho thứ Hai 29/4/2024). "
            "Thời hạn kết thúc lúc 24 giờ thứ Ba ngày 07/05/2024 (khoản 6 Điều 148)."
        ),
    }


def test_calendar_days_list_only_the_days_rolled_over():
    found = deadlines.compute(date(2026, 2, 7), 10, "calendar")
    assert (str(found.due), [str(reason.day) for reason in found.skipped], found.rolled, found.made_up) == (
        "2026-02-23",
        ["2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20", "2026-02-21", "2026-02-22"],
        True,
        (),
    )
    assert "Ngày cuối rơi vào ngày nghỉ" in found.explanation
    assert "Chưa xác minh nguyên văn: 17/02/2026–20/02/2026 là Tết Âm lịch." in found.explanation


def test_a_calendar_deadline_over_an_open_day_is_settled_when_it_ends_elsewhere():
    assert deadlines.compute(date(2026, 11, 16), 10, "calendar").provisional is False
    assert deadlines.compute(date(2026, 11, 16), 8, "calendar").provisional is True


def test_beyond_the_data_the_answer_is_provisional_and_says_why():
    found = deadlines.compute(date(2027, 12, 27), 10, "working")
    assert (str(found.due), found.provisional) == ("2028-01-11", True)
    assert "lịch nghỉ năm 2028 chưa có trong dữ liệu" in found.explanation


def test_configuring_24_november_moves_the_deadline():
    configured = Calendar.load(overrides=calendar.culture_day())
    plain = deadlines.compute(date(2026, 11, 20), 5, "working")
    moved = deadlines.compute(date(2026, 11, 20), 5, "working", calendar=configured)
    assert (str(plain.due), plain.provisional) == ("2026-11-27", True)
    assert (str(moved.due), moved.provisional) == ("2026-11-30", False)
    assert plain.calendar_version != moved.calendar_version


def test_the_right_ends_at_midnight_in_hanoi():
    found = deadlines.compute(date(2026, 2, 10), 20, "working")
    assert deadlines.due_at(found) == datetime(2026, 3, 17, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "due", "left"),
    [
        ("2024-05-03", "2024-05-04", 1),
        ("2024-05-03", "2024-05-05", 1),
        ("2024-05-03", "2024-05-03", 0),
        ("2024-02-07", "2024-02-15", 1),
        ("2024-02-15", "2024-02-07", -1),
        ("2025-04-28", "2025-04-25", -2),
    ],
)
def test_working_days_left(today, due, left):
    assert deadlines.days_left(date.fromisoformat(today), date.fromisoformat(due)) == left


@pytest.mark.parametrize("days", [0, -1, 3_661, 10**12])
def test_impossible_numbers_of_days(days):
    with pytest.raises(Unreadable) as caught:
        deadlines.compute(date(2024, 1, 2), days, "working")
    assert (caught.value.code, caught.value.where) == ("days_out_of_range", {"days": days})


@pytest.mark.parametrize("days", [True, 2.0, "5", None])
def test_days_that_are_not_a_whole_number(days):
    with pytest.raises(Unreadable) as caught:
        deadlines.compute(date(2024, 1, 2), days, "working")
    assert caught.value.code == "days_not_whole"


@pytest.mark.parametrize(
    ("arguments", "pauses", "code"),
    [
        ((datetime(2024, 1, 2, tzinfo=UTC), 5, "working"), [], "not_a_date"),
        (("2024-01-02", 5, "working"), [], "not_a_date"),
        ((date(1024, 1, 2), 5, "working"), [], "date_out_of_range"),
        ((date(9999, 12, 30), 5, "working"), [], "date_out_of_range"),
        ((date(2024, 1, 2), 5, "week"), [], "unknown_unit"),
        ((date(2024, 1, 2), 5, "working"), [(date(2024, 1, 9), date(2024, 1, 8))], "pause_backwards"),
        ((date(2024, 1, 2), 5, "working"), [(date(2024, 1, 9), date(9999, 12, 31))], "date_out_of_range"),
        ((date(2024, 1, 2), 5, "working"), [(date(2024, 1, 9), "2024-01-10")], "not_a_date"),
    ],
)
def test_unreadable_questions(arguments, pauses, code):
    with pytest.raises(Unreadable) as caught:
        deadlines.compute(*arguments, pauses=pauses)
    assert caught.value.code == code


def test_overlapping_and_adjoining_pauses_are_one():
    days = [date(2024, 3, day) for day in range(1, 12)]
    assert deadlines.merge([(days[4], days[6]), (days[0], days[1]), (days[5], days[8]), (days[2], days[2])]) == (
        (days[0], days[2]),
        (days[4], days[8]),
    )


@pytest.mark.parametrize(
    "text", ["2024-03-01", "2024-03-01..", "2024-03-01...2024-03-02", "a..b", "2024-02-30..2024-03-01"]
)
def test_a_pause_that_cannot_be_read(text):
    with pytest.raises(Unreadable):
        deadlines.read_pause(text)


def test_a_pause_is_read_with_both_ends():
    assert deadlines.read_pause(" 2024-03-01..2024-03-05 ") == (date(2024, 3, 1), date(2024, 3, 5))


def test_a_batch_keeps_its_columns_and_adds_due():
    lines = [
        {"from": "2024-04-26", "days": "4", "unit": "working", "mã": "KT-1"},
        {"from": "2024-04-22", "days": "7", "unit": "calendar", "mã": "KT-2"},
        {"from": "2024-05-03", "days": "1", "unit": "", "mã": "KT-3"},
    ]
    assert list(deadlines.batch(lines)) == [
        {**lines[0], "due": "2024-05-06"},
        {**lines[1], "due": "2024-05-02"},
        {**lines[2], "due": "2024-05-04"},
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"from": "2024-13-01", "days": "4", "unit": "working"}, "not_a_date"),
        ({"from": "2024-W01-1", "days": "4", "unit": "working"}, "not_a_date"),
        ({"from": "2024-01-02", "days": "4.0", "unit": "working"}, "days_not_whole"),
        ({"from": "2024-01-02", "days": "-4", "unit": "working"}, "days_not_whole"),
        ({"from": "2024-01-02", "days": "٤", "unit": "working"}, "days_not_whole"),
        ({"from": "2024-01-02", "days": "0", "unit": "working"}, "days_out_of_range"),
        ({"from": "2024-01-02", "days": "4", "unit": "tuần"}, "unknown_unit"),
        ({"from": "2024-01-02", "unit": "working"}, "columns"),
        ({"from": "2024-01-02", "days": "4", "unit": "working", None: ["thừa"]}, "columns"),
    ],
)
def test_a_bad_line_of_a_batch_is_named(line, code):
    good = {"from": "2024-01-02", "days": "4", "unit": "working"}
    answers = deadlines.batch([good, line])
    assert next(answers) == {**good, "due": "2024-01-08"}
    with pytest.raises(Unreadable) as caught:
        next(answers)
    assert (caught.value.code, caught.value.where["line"]) == (code, 3)


@given(starts, lengths, units, st.lists(stops(), max_size=3))
def test_due_is_a_working_day_outside_every_pause_and_the_explanation_names_it(start, days, unit, pauses):
    found = deadlines.compute(start, days, unit, pauses=pauses)
    assert found.due > start
    assert SHIPPED.is_working(found.due)
    assert not any(first <= found.due <= last for first, last in pauses)
    assert f"{found.due:%d/%m/%Y}" in found.explanation
    assert found.as_json()["due"] == found.due.isoformat()


@given(starts, lengths, units, st.lists(stops(), max_size=2))
def test_more_days_or_a_later_start_never_end_earlier(start, days, unit, pauses):
    due = deadlines.compute(start, days, unit, pauses=pauses).due
    longer = deadlines.compute(start, days + 1, unit, pauses=pauses).due
    later = deadlines.compute(start + ONE_DAY, days, unit, pauses=pauses).due
    assert due < longer if unit == "working" else due <= longer
    assert due <= later


@given(starts, lengths, st.integers(min_value=1, max_value=200), st.integers(min_value=0, max_value=40))
def test_a_pause_of_n_working_days_shifts_by_exactly_n(start, days, offset, length):
    plain = deadlines.compute(start, days, "working").due
    first = min(start + timedelta(days=offset), plain)
    last = first + timedelta(days=length)
    held = deadlines.working_days_between(first - ONE_DAY, last)
    paused = deadlines.compute(start, days, "working", pauses=[(first, last)])
    assert paused.due == deadlines.compute(start, days + held, "working").due


@given(starts, lengths)
def test_working_days_between_start_and_due_are_the_days_of_the_deadline(start, days):
    due = deadlines.compute(start, days, "working").due
    assert deadlines.working_days_between(start, due) == days
    assert deadlines.days_left(start, due) == days


def test_twenty_working_days_take_under_a_fifth_of_a_millisecond():
    deadlines.compute(date(2026, 2, 10), 20, "working")
    best = min(_seconds_of_100() for _ in range(5))
    assert best / 100 < 200e-6


def _seconds_of_100():
    began = time.perf_counter()
    for _ in range(100):
        deadlines.compute(date(2026, 2, 10), 20, "working")
    return time.perf_counter() - began
