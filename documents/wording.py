"""The set phrases of an official Vietnamese paper: dates, numbers, moments, closed lists.

Nghị định 30/2020/NĐ-CP, annex I, sets the forms; nothing here knows about layout.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from documents import typeface
from rules.wording import thousands

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
# Invisible marks that turn the order of what follows: a name could be made to read as another one.
_TURNING_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# The gap a pen fills: no-break spaces, because a run of plain spaces is one space on paper.
_GAP = "\u00a0" * 7


def printable(text: str) -> str:
    """`text` in NFC with every character that the paper cannot show written as its code point, `[U+1F600]`.

    Nothing vanishes silently from an official paper: control characters, marks that reverse the reading order and
    characters that the font lacks become visible. Line breaks stay, a tab becomes a space.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    shown = typeface.coverage()
    return "".join(
        letter if letter == "\n" or (ord(letter) in shown and not _hides(letter)) else f"[U+{ord(letter):04X}]"
        for letter in text
    )


def _hides(letter: str) -> bool:
    return letter in _TURNING_MARKS or unicodedata.category(letter) == "Cc"


def padded(count: int) -> str:
    """A count as official papers write it: below ten with a leading zero."""
    return f"{count:02d}" if count < 10 else thousands(count)


def written_date(day: date) -> str:
    """`ngày 05 tháng 02 năm 2024`: days below ten and the months 1 and 2 carry a zero."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def open_date(year: int) -> str:
    """The date line of a paper that nobody has signed yet: day and month left to the pen."""
    return f"ngày{_GAP}tháng{_GAP}năm\u00a0{year}"


def moment(at: datetime) -> str:
    """`14 giờ 00 phút, Thứ Ba, ngày 05 tháng 11 năm 2024` in Vietnamese time. `at` carries its time zone."""
    local = at.astimezone(VIETNAM)
    return f"{clock(at)}, {_WEEKDAYS[local.weekday()]}, {written_date(local.date())}"


def clock(at: datetime) -> str:
    """`14 giờ 00 phút` in Vietnamese time. `at` carries its time zone."""
    local = at.astimezone(VIETNAM)
    return f"{local.hour:02d} giờ {local.minute:02d} phút"


def number_and_symbol(number: str | None, symbol: str) -> str:
    """`Số: 05/QĐ-UBND`, or a gap for the number while there is none (Article 15: numbered on issue)."""
    if number is None:
        return f"Số:{_GAP}/{symbol}"
    return f"Số: {number.zfill(2)}/{symbol}"


def closed_list(items: Sequence[str]) -> list[str]:
    """The items each ending in a semicolon, the last in a full stop, whatever they ended in before."""
    bare = [item.rstrip(" ;.,") for item in items]
    return [f"{item}{'.' if index == len(bare) - 1 else ';'}" for index, item in enumerate(bare)]


def ended(text: str) -> str:
    """The last sentence of a paper with the mark `./.` that nothing follows."""
    return text.rstrip(" ;.,/") + "./."


def roman(number: int) -> str:
    """A positive whole number in Roman numerals; annexes are numbered so when there are two or more."""
    steps = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    written = ""
    for value, sign in steps:
        while number >= value:
            written += sign
            number -= value
    return written
