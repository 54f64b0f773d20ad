"""Names that may be one person's: a table of what differs, and of what is another name."""

from dataclasses import dataclass
from datetime import date

import pytest

from rules import likeness
from rules.likeness import DIFFERENCES

TONE, Y_I, ADDRESS, SPACING, CASE = (DIFFERENCES[name] for name in ("tone", "y_i", "address", "spacing", "case"))


@dataclass(frozen=True)
class Named:
    name: str
    birth_date: date | None = None
    kind: str = "individual"


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("Lò Thị Thuý", "Lò Thị Thúy", [TONE]),
        ("Hoà Văn Khoẻ", "Hòa Văn Khỏe", [TONE]),
        ("Lý A Páo", "Lí A Páo", [Y_I]),
        ("Mỹ Thị Quý", "Mĩ Thị Quí", [Y_I]),
        ("Lò Quỳnh", "Lò Quình", [Y_I]),
        ("Bà Lò Thị Mai", "Lò Thị Mai", [ADDRESS]),
        ("Đ/c Giàng A Páo", "Giàng A Páo", [ADDRESS]),
        ("TS. Giàng A Páo", "Giàng A Páo", [ADDRESS]),
        ("PGS.TS Giàng A Páo", "Giàng A Páo", [ADDRESS]),
        ("Thầy giáo Giàng A Páo", "Giàng A Páo", [ADDRESS]),
        ("Lò ThịMai", "Lò Thị Mai", [SPACING]),
        ("LÒ THỊ MAI", "Lò Thị Mai", [CASE]),
        ("BÀ LÒ THỊ THUÝ", "Lò Thị Thúy", [ADDRESS, CASE, TONE]),
        ("Lò  Thị Mai", "Lò Thị Mai", []),
        ("H’Bŭk Êban", "H'Bŭk Êban", []),
        ("Lò Thị Mai", "Lò Thị Mai", []),
    ],
)
def test_the_same_name_otherwise_typed(one: str, other: str, differs: list[str]) -> None:
    assert likeness.why(Named(one), Named(other)) == differs
    assert likeness.why(Named(other), Named(one)) == differs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lò Thị Mai", "Lò Thị Mải"), ("Lò Văn Hai", "Lò Văn Hay"), ("Lò Thị Thúy", "Lò Thị Thúi"), ("Lò Thị Mai", "Lo Thi Mai"),
        ("Lò Thị Hoa", "Lo Thị Hoà"), ("Lò Thị Hà", "Lò Thị Hà My"), ("Yến", "Iến"), ("Lò Thị Ánh", "Lò Thị Anh"), ("Hộ Lò A", "Lò B"),
    ],
)  # fmt: skip
def test_another_name(one: str, other: str) -> None:
    assert likeness.why(Named(one), Named(other)) is None


def test_a_name_is_not_taken_for_a_form_of_address() -> None:
    assert likeness.why(Named("Bà Mai"), Named("Mai")) is None


def test_births_tell_apart_or_leave_it_open() -> None:
    one, other, unknown = (Named("Lý A", date(1980, 1, day) if day else None) for day in (1, 2, 0))
    assert likeness.why(one, other) is None
    assert likeness.why(one, unknown) == [likeness.UNKNOWN_BIRTH]
    assert likeness.why(one, one) == []
    assert likeness.why(one, Named("Lý A", kind="household")) is None
