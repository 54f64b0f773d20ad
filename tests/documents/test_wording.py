from datetime import UTC, date, datetime

import pytest

from documents import wording


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2024, 1, 9), "ngày 09 tháng 01 năm 2024"),
        (date(2024, 2, 10), "ngày 10 tháng 02 năm 2024"),
        (date(2024, 3, 1), "ngày 01 tháng 3 năm 2024"),
        (date(2024, 12, 31), "ngày 31 tháng 12 năm 2024"),
    ],
)
def test_days_below_ten_and_the_first_two_months_carry_a_zero(day, written):
    assert wording.written_date(day) == written


def test_a_moment_is_told_in_vietnamese_time():
    assert wording.moment(datetime(2024, 12, 31, 18, 5, tzinfo=UTC)) == (
        "01 giờ 05 phút, Thứ Tư, ngày 01 tháng 01 năm 2025"
    )


@pytest.mark.parametrize(
    ("items", "closed"),
    [
        ([], []),
        (["Như Điều 3."], ["Như Điều 3."]),
        (["Như trên", "Sở Nội vụ;", "Lưu: VT, NV"], ["Như trên;", "Sở Nội vụ;", "Lưu: VT, NV."]),
    ],
)
def test_a_list_closes_with_a_full_stop(items, closed):
    assert wording.closed_list(items) == closed


@pytest.mark.parametrize("sentence", ["Thi hành", "Thi hành.", "Thi hành./.", "Thi hành; "])
def test_a_paper_ends_once(sentence):
    assert wording.ended(sentence) == "Thi hành./."


def test_annexes_are_counted_in_roman_numerals():
    assert [wording.roman(number) for number in (1, 4, 9, 14, 40, 99)] == ["I", "IV", "IX", "XIV", "XL", "XCIX"]


@pytest.mark.parametrize(
    ("number", "written"), [("5", "Số: 05/QĐ-UBND"), ("1234", "Số: 1234/QĐ-UBND"), (None, f"Số:{chr(160) * 7}/QĐ-UBND")]
)
def test_a_number_below_ten_carries_a_zero_and_none_leaves_a_gap(number, written):
    assert wording.number_and_symbol(number, "QĐ-UBND") == written


def test_counts_carry_group_dots_and_small_ones_a_zero():
    assert [wording.padded(count) for count in (0, 9, 10, 1780)] == ["00", "09", "10", "1.780"]


def test_line_breaks_are_unified_and_tabs_become_spaces():
    assert wording.printable("a\r\nb\rc\td") == "a\nb\nc d"
