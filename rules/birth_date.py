"""The one judge of dates of birth: a real day, at an age at which somebody is honoured; a year alone is asked about."""

import re
from datetime import date

from rules.refusal import Unreadable

YOUNGEST, OLDEST = 6, 110  # years; what lies beyond is a slip of the pen until somebody shows a paper

_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SHORT_YEAR = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{2})")
_YEAR_ALONE = re.compile(r"(?:(?:0{1,2}[/.\-]){1,2}|[0-9]{1,2}[/.\-])?((?:19|20)[0-9]{2})")


def read(text: str) -> date:
    """The day written as dd/mm/yyyy or ISO. Raises Unreadable `bad_date` with what to write instead."""
    said = " ".join(text.split())
    if found := _DAY_FIRST.fullmatch(said):
        day, month, year = (int(part) for part in found.groups())
    elif found := _YEAR_FIRST.fullmatch(said):
        year, month, day = (int(part) for part in found.groups())
    elif found := _YEAR_ALONE.fullmatch(said):
        raise _bad(f"“{said}” chỉ có năm sinh {found[1]}. Biết đủ thì ghi ngày/tháng/năm; không thì để trống ô này.")
    elif found := _SHORT_YEAR.fullmatch(said):
        raise _bad(f"“{said}” ghi năm bằng hai chữ số. Hãy ghi đủ, ví dụ {found[1]}/{found[2]}/19{found[3]}.")
    else:
        raise _bad(f"“{said[:120]}” không phải là ngày có thật. Hãy ghi dd/mm/yyyy, hoặc để trống nếu không rõ.")
    try:
        if not 1900 <= year <= 2100:
            raise ValueError(year)
        return date(year, month, day)
    except ValueError:
        if 0 in (day, month):
            raise _bad(
                f"“{said}” chỉ có năm sinh {year}. Biết đủ thì ghi ngày/tháng/năm; không thì để trống ô này."
            ) from None
        raise _bad(f"“{said}” không phải là ngày có thật. Hãy ghi dd/mm/yyyy, hoặc để trống nếu không rõ.") from None


def judge(day: date, *, today: date) -> date:
    """The same day, if somebody of that age can be honoured today. Raises Unreadable `bad_date`."""
    shown = f"{day:%d/%m/%Y}"
    age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    if day > today:
        earlier = f"{day:%d/%m}/{day.year - 100}"
        raise _bad(f"Ngày sinh {shown} ở sau hôm nay ({today:%d/%m/%Y}). Có phải {earlier}? Hãy sửa, hoặc để trống.")
    if age < YOUNGEST:
        raise _bad(
            f"Ngày sinh {shown}: người này mới {age} tuổi. Hãy xem lại có ghi nhầm ngày lập hồ sơ, hoặc để trống."
        )
    if age > OLDEST:
        raise _bad(f"Ngày sinh {shown}: người này {age} tuổi. Hãy xem lại năm sinh, hoặc để trống.")
    return day


def of_cell(day: date) -> date:
    """The day of a date cell. Raises Unreadable `bad_date`, also for a year typed into it: 1980 shows as 02/06/1905."""
    year = (day - date(1899, 12, 30)).days
    if 1900 <= year <= 2100:
        raise _bad(
            f"Ô ngày hiểu số {year} là {day:%d/%m/%Y}. Nếu chỉ biết năm sinh {year}, hãy để trống ô này; "
            "biết đủ thì ghi ngày/tháng/năm."
        )
    return day


def _bad(message: str) -> Unreadable:
    return Unreadable("bad_date", message, where={"field": "birth_date"})
