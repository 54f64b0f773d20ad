"""The working calendar as data: holidays, swapped days and make-up Saturdays, each line with its source document.

Two non-working weekdays come from Quyết định 188/1999/QĐ-TTg (40-hour week of offices); everything else is a line of
`data/calendar.csv` or of the office's own overrides. Swaps are never computed: each year they are announced.
"""

import csv
import functools
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

from rules.refusal import Unreadable

FIRST_YEAR, LAST_YEAR = 2024, 2027
STATUSES = ("V1", "V2", "SEC", "PARAM", "provisional")  # PARAM: the office's own notice
COLUMNS = ("date", "is_working", "name", "source", "status")
SHIPPED = Path(__file__).parent / "data" / "calendar.csv"
CULTURE_DAY = Path(__file__).parent / "data" / "calendar_culture_day.csv"
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

WEEKEND_NAMES = {5: "Thứ Bảy", 6: "Chủ nhật"}
WEEKEND_SOURCE = "Quyết định 188/1999/QĐ-TTg, Điều 1 (tuần làm việc 40 giờ)"
LABOUR_CODE = "Bộ luật Lao động 45/2019/QH14"
FIXED_HOLIDAYS = (
    (1, 1, "Tết Dương lịch", "a"),
    (4, 30, "Ngày Chiến thắng", "c"),
    (5, 1, "Ngày Quốc tế Lao động", "d"),
    (9, 2, "Quốc khánh", "đ"),
)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One day that differs from the plain week, or that nobody has settled yet (`provisional`)."""

    day: date
    is_working: bool
    name: str
    source: str
    status: str

    @property
    def is_provisional(self) -> bool:
        return self.status == "provisional"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a day is (not) a working day, in words for an official, and where that is written."""

    day: date
    is_working: bool
    name: str
    source: str
    status: str

    @property
    def is_outside(self) -> bool:
        """Is the day's year missing from the data?"""
        return not FIRST_YEAR <= self.day.year <= LAST_YEAR

    @property
    def is_plain_weekend(self) -> bool:
        return not self.is_working and self.source == WEEKEND_SOURCE


def read_day(text: str, *, name: str = "date") -> date:
    """A day written YYYY-MM-DD and in no other form. Raises Unreadable naming the field."""
    try:
        if ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Unreadable("not_a_date", f"“{text}” không phải ngày có thật dạng NNNN-TT-NN.", where={name: text})


def read_cells(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, str]:
    """The named cells of one CSV line as trimmed NFC text. Raises Unreadable when a column lacks or cells are left over.

    `csv` puts left-over cells under the key None and fills missing ones with None.
    """
    lacking = [column for column in columns if row.get(column) is None]
    if lacking or None in row:
        raise Unreadable(
            "columns",
            f"Dòng phải có đúng các cột {', '.join(columns)}" + (f"; thiếu {', '.join(lacking)}." if lacking else "."),
            where={"columns": list(columns)},
        )
    return {column: unicodedata.normalize("NFC", str(row[column])).strip() for column in columns}


def on_line(problem: Unreadable, line: int, *, file: str | None = None) -> Unreadable:
    """The same problem, saying on which line (header = 1) of which file it is."""
    spot: dict[str, Any] = {"line": line} if file is None else {"file": file, "line": line}
    return Unreadable(problem.code, f"Dòng {line}: {problem.message}", where={**spot, **problem.where})


def read_lines(text: str, *, where: str = "calendar.csv") -> tuple[Line, ...]:
    """Read calendar lines `date,is_working,name,source,status` (is_working 0 or 1) from CSV text.

    Raises Unreadable naming the line for unknown columns, bad dates, repeated days, an unknown status or no source.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    lines: dict[date, Line] = {}
    try:
        header, rows = tuple(reader.fieldnames or ()), list(reader)
    except csv.Error as error:
        broken = Unreadable("not_csv", f"Không đọc được CSV: {error}.")
        raise on_line(broken, reader.reader.line_num, file=where) from None
    if header != COLUMNS:
        wrong = Unreadable("columns", f"Lịch ngày nghỉ phải có đúng các cột {', '.join(COLUMNS)}.")
        raise on_line(wrong, 1, file=where)
    for number, row in enumerate(rows, start=2):
        try:
            line = _read_line(read_cells(row, COLUMNS))
        except Unreadable as problem:
            raise on_line(problem, number, file=where) from None
        if line.day in lines:
            repeated = Unreadable("repeated_day", f"Ngày {line.day:%d/%m/%Y} ghi hai lần trong lịch.")
            raise on_line(repeated, number, file=where)
        lines[line.day] = line
    return tuple(lines.values())


def _read_line(cells: Mapping[str, str]) -> Line:
    day = read_day(cells["date"])
    if cells["is_working"] not in {"0", "1"}:
        raise Unreadable(
            "is_working",
            "Cột is_working chỉ nhận 0 (nghỉ) hoặc 1 (làm việc).",
            where={"is_working": cells["is_working"]},
        )
    if cells["status"] not in STATUSES:
        raise Unreadable(
            "status", f"Mức xác minh phải là một trong {', '.join(STATUSES)}.", where={"status": cells["status"]}
        )
    if not cells["name"] or not cells["source"]:
        raise Unreadable(
            "source", "Mỗi ngày trong lịch phải có tên và văn bản làm căn cứ.", where={"date": cells["date"]}
        )
    return Line(day, cells["is_working"] == "1", cells["name"], cells["source"], cells["status"])


def culture_day() -> tuple[Line, ...]:
    """Overrides that make 24/11 a holiday from 2026, for an office that has read Nghị quyết 28/2026/QH16."""
    return read_lines(CULTURE_DAY.read_text(encoding="utf-8"), where=CULTURE_DAY.name)


@functools.cache
def _shipped_lines() -> tuple[Line, ...]:
    return read_lines(SHIPPED.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=512)
def _statutory(year: int) -> dict[date, Line]:
    """The fixed-date holidays of a year without an announcement, with days off in lieu (Điều 111.3)."""
    lines: dict[date, Line] = {}
    for month, number, name, point in FIXED_HOLIDAYS:
        day = date(year, month, number)
        lines[day] = Line(day, False, name, f"{LABOUR_CODE}, Điều 112 khoản 1 điểm {point}", "provisional")
    for holiday in list(lines.values()):
        if holiday.day.weekday() < 5:
            continue
        lieu = holiday.day + ONE_DAY
        while lieu.weekday() >= 5 or lieu in lines:
            lieu += ONE_DAY
        lines[lieu] = Line(lieu, False, f"Nghỉ bù {holiday.name}", f"{LABOUR_CODE}, Điều 111 khoản 3", "provisional")
    return lines


class Calendar:
    """Which days are working days, why, and how sure that is. Immutable; build it with `Calendar.load`."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = {line.day: line for line in lines}
        canonical = "\n".join(
            f"{line.day}|{int(line.is_working)}|{line.name}|{line.source}|{line.status}"
            for line in sorted(self._lines.values(), key=lambda line: line.day)
        )
        self.version = hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @classmethod
    def load(cls, *, overrides: Iterable[Line] = ()) -> Self:
        """The shipped lines of 2024–2027 with the office's dated overrides on top; an override replaces its day."""
        return cls([*_shipped_lines(), *overrides])

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(sorted(self._lines.values(), key=lambda line: line.day))

    def covers(self, day: date) -> bool:
        """Whether the year of `day` has its announced holidays in the data; other years are counted provisionally."""
        return FIRST_YEAR <= day.year <= LAST_YEAR

    def line(self, day: date) -> Line | None:
        """The line that settles this day, if any: the data's own, else the statutory one of an uncovered year."""
        found = self._lines.get(day)
        if found is None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            return _statutory(day.year).get(day)
        return found

    def is_working(self, day: date) -> bool:
        line = self.line(day)
        return day.weekday() < 5 if line is None else line.is_working

    def is_provisional(self, day: date) -> bool:
        """Whether no source settles this day: an open line, or a year whose holidays are not announced here."""
        line = self._lines.get(day)
        if line is not None:
            return line.is_provisional
        return not self.covers(day)

    def reason(self, day: date) -> Reason:
        """Why this day is or is not a working day, with the source document."""
        line = self.line(day)
        if line is not None:
            return Reason(day, line.is_working, line.name, line.source, line.status)
        working = day.weekday() < 5
        name = "Ngày làm việc" if working else WEEKEND_NAMES[day.weekday()]
        return Reason(day, working, name, WEEKEND_SOURCE, "V1" if self.covers(day) else "provisional")


@functools.cache
def shipped() -> Calendar:
    """The calendar as shipped, without an office's overrides; read once."""
    return Calendar.load()
