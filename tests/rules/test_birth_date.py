"""Dates of birth: a real day at an age that can be; whoever knows the year alone is told what to do."""

from datetime import date

import pytest

from rules import birth_date
from rules.refusal import Unreadable

TODAY = date(2024, 11, 4)


def said(text: str) -> date | str:
    try:
        return birth_date.judge(birth_date.read(text), today=TODAY)
    except Unreadable as error:
        assert error.code == "bad_date"
        return error.message


@pytest.mark.parametrize(
    ("text", "day"),
    [("05/09/1985", date(1985, 9, 5)), ("5-9-1985", date(1985, 9, 5)), ("5.9.1985", date(1985, 9, 5)),
     ("1985-09-05", date(1985, 9, 5)), (" 29/02/2000 ", date(2000, 2, 29)), ("04/11/2018", date(2018, 11, 4)),
     ("05/11/1913", date(1913, 11, 5))],
)  # fmt: skip
def test_a_real_day_at_a_sensible_age(text: str, day: date) -> None:
    assert said(text) == day


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("1980", "chỉ có năm sinh 1980"), ("6/1980", "chỉ có năm sinh 1980"), ("00/00/1980", "chỉ có năm sinh 1980"),
        ("0/0/1980", "chỉ có năm sinh 1980"), ("00/1980", "chỉ có năm sinh 1980"), ("05/00/1980", "chỉ có năm sinh 1980"),
        ("05/06/80", "05/06/1980"), ("không rõ", "để trống"), ("31/02/1980", "không phải là ngày có thật"),
        ("hôm qua", "dd/mm/yyyy"), ("05/06/2058", "05/06/1958"), ("05/11/2024", "sau hôm nay"), ("04/11/2024", "mới 0 tuổi"),
        ("01/11/2024", "mới 0 tuổi"), ("05/11/2018", "mới 5 tuổi"), ("27/06/1905", "119 tuổi"), ("04/11/1913", "111 tuổi"),
        ("31/12/1899", "không phải là ngày có thật"), ("01/01/2101", "không phải là ngày có thật"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_what_to_write_instead(text: str, word: str) -> None:
    message = said(text)
    assert isinstance(message, str)
    assert word in message
    assert "để trống" in message or "Hãy ghi đủ" in message or "sửa" in message


@pytest.mark.parametrize("year", range(1900, 2025, 4))
def test_a_year_typed_into_a_date_cell_is_known_by_its_day(year: int) -> None:
    """Excel shows the number 1985 in a date cell as 07/06/1905."""
    cell = date.fromordinal(date(1899, 12, 30).toordinal() + year)
    with pytest.raises(Unreadable, match=f"chỉ biết năm sinh {year}"):
        birth_date.of_cell(cell)


def test_a_date_cell_of_a_living_person_is_taken() -> None:
    assert birth_date.of_cell(date(1985, 9, 5)) == date(1985, 9, 5)
