"""Counting deadlines by the Civil Code, each with the way it was computed.

First day excluded (BLDS 91/2015 Điều 147), last day rolled to the end of the next working day (Điều 148.5),
clock-stop intervals not counted. Pure: the calendar comes in, the reasons come out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rules import calendar as working_calendar
from rules.calendar import Calendar, Reason
from rules.refusal import Unreadable

Unit = Literal["working", "calendar"]
MOST_DAYS = 3_660
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
ONE_DAY = timedelta(days=1)
UNIT_WORDS: dict[str, str] = {"working": "ngày làm việc", "calendar": "ngày"}
WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
WHOLE_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
PAUSE = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)  # beyond these a date is a slip of the pen
MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due day and everything that moved it. The right ends at 24:00 of `due` in Hà Nội (BLDS Điều 148.6)."""

    start: date
    days: int
    unit: Unit
    due: date
    skipped: tuple[Reason, ...]
    made_up: tuple[Reason, ...]
    paused: tuple[tuple[date, date], ...]
    rolled: bool
    provisional: bool
    unsettled: tuple[Reason, ...]
    calendar_version: str

    @property
    def explanation(self) -> str:
        return _explain(self)

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.start.isoformat(),
            "days": self.days,
            "unit": self.unit,
            "due": self.due.isoformat(),
            "skipped": [
                {"date": reason.day.isoformat(), "reason": reason.name, "source": reason.source}
                for reason in self.skipped
            ],
            "made_up": [{"date": reason.day.isoformat(), "source": reason.source} for reason in self.made_up],
            "paused": [{"from": first.isoformat(), "to": last.isoformat()} for first, last in self.paused],
            "rolled": self.rolled,
            "provisional": self.provisional,
            "explanation": self.explanation,
        }


def compute(
    start: date,
    days: int,
    unit: Unit,
    *,
    pauses: Sequence[tuple[date, date]] = (),
    calendar: Calendar | None = None,
) -> Deadline:
    """The day on which a deadline of `days` from `start` ends, and how it was counted.

    `unit` "working" counts working days (make-up Saturdays included), "calendar" every day. Pauses stop the clock on
    each of their days, both ends included; overlapping ones are merged. Raises Unreadable for days that are not a
    whole number from 1 to 3,660, an unknown unit or a pause that ends before it starts.
    BLDS 91/2015 Điều 147.2–147.3, 148.1, 148.5, 148.6.
    """
    calendar = calendar or working_calendar.shipped()
    _refuse_unreadable(start, days, unit)
    stops = merge(pauses)
    skipped: list[Reason] = []
    made_up: list[Reason] = []
    unsettled: list[Reason] = []
    counted = 0
    rolled = False
    touched: list[tuple[date, date]] = []
    day = start
    pending = iter(stops)
    stop = next(pending, None)
    while True:
        day += ONE_DAY
        while stop is not None and stop[1] < day:
            stop = next(pending, None)
        if stop is not None and stop[0] <= day:
            touched.append(stop)
            day = stop[1]
            continue
        working = calendar.is_working(day)
        if unit == "calendar":
            counted += 1
            if counted < days:
                continue  # a day on the way counts whatever it is; only the last one is looked at
        elif working:
            counted += 1
        if calendar.is_provisional(day):
            unsettled.append(calendar.reason(day))
        if not working:
            skipped.append(calendar.reason(day))
            rolled = unit == "calendar"
            continue
        if day.weekday() >= 5:
            made_up.append(calendar.reason(day))
        if counted >= days:
            break
    return Deadline(
        start=start,
        days=days,
        unit=unit,
        due=day,
        skipped=tuple(skipped),
        made_up=tuple(made_up),
        paused=tuple(touched),
        rolled=rolled,
        provisional=bool(unsettled),
        unsettled=tuple(unsettled),
        calendar_version=calendar.version,
    )


def _refuse_unreadable(start: date, days: int, unit: str) -> None:
    _refuse_date(start, "from")
    if isinstance(days, bool) or not isinstance(days, int):
        raise Unreadable("days_not_whole", "Số ngày phải là số nguyên.", where={"days": str(days)})
    if not 1 <= days <= MOST_DAYS:
        raise Unreadable("days_out_of_range", f"Số ngày phải từ 1 đến {MOST_DAYS}.", where={"days": days})
    if unit not in UNIT_WORDS:
        raise Unreadable(
            "unknown_unit",
            "Đơn vị tính phải là working (ngày làm việc) hoặc calendar (ngày).",
            where={"unit": str(unit)},
        )


def _refuse_date(day: date, name: str) -> None:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise Unreadable("not_a_date", "Phải là một ngày (không kèm giờ).", where={name: str(day)})
    if not EARLIEST <= day <= LATEST:
        raise Unreadable(
            "date_out_of_range",
            f"Ngày {_spoken(day)} nằm ngoài khoảng {_spoken(EARLIEST)} đến {_spoken(LATEST)}.",
            where={name: day.isoformat()},
        )


def merge(pauses: Sequence[tuple[date, date]]) -> tuple[tuple[date, date], ...]:
    """Clock stops in order, overlapping and adjoining ones joined. Raises Unreadable when one ends before it starts."""
    merged: list[tuple[date, date]] = []
    for first, last in pauses:
        _refuse_date(first, "pause")
        _refuse_date(last, "pause")
    for first, last in sorted(pauses):
        if last < first:
            raise Unreadable(
                "pause_backwards",
                f"Khoảng tạm dừng kết thúc ({_spoken(last)}) trước khi bắt đầu ({_spoken(first)}).",
                where={"pause": f"{first.isoformat()}..{last.isoformat()}"},
            )
        if merged and first.toordinal() <= merged[-1][1].toordinal() + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def due_at(deadline: Deadline) -> datetime:
    """The moment the deadline ends, 24:00 of the due day in Asia/Ho_Chi_Minh, in UTC (BLDS 91/2015 Điều 148.6)."""
    return datetime.combine(deadline.due + ONE_DAY, datetime.min.time(), tzinfo=HANOI).astimezone(UTC)


def working_days_between(first: date, last: date, *, calendar: Calendar | None = None) -> int:
    """Working days after `first` up to and with `last` (first day excluded, Điều 147); 0 when `last` is not later."""
    calendar = calendar or working_calendar.shipped()
    return sum(
        calendar.is_working(date.fromordinal(ordinal)) for ordinal in range(first.toordinal() + 1, last.toordinal() + 1)
    )


def days_left(today: date, due: date, *, calendar: Calendar | None = None) -> int:
    """Working days left after today up to the due day; negative by the working days it is overdue."""
    if due >= today:
        return working_days_between(today, due, calendar=calendar)
    return -working_days_between(due, today, calendar=calendar)


def read_pause(text: str) -> tuple[date, date]:
    """A clock stop written A..B (both days included). Raises Unreadable."""
    found = PAUSE.fullmatch(text.strip())
    if found is None:
        raise Unreadable(
            "pause_unreadable",
            "Khoảng tạm dừng phải viết dạng NNNN-TT-NN..NNNN-TT-NN.",
            where={"pause": text},
        )
    first, last = (working_calendar.read_day(day, name="pause") for day in found.groups())
    merge([(first, last)])
    return first, last


def batch(lines: Iterable[Mapping[str, Any]], *, calendar: Calendar | None = None) -> Iterator[dict[str, Any]]:
    """Lines `from,days,unit` (as text, header = line 1; no unit means working), each with its `due` added.

    Raises Unreadable naming the line that cannot be read.
    """
    for number, line in enumerate(lines, start=2):
        try:
            cells = working_calendar.read_cells({"unit": "", **line}, ("from", "days", "unit"))
            deadline = compute(
                working_calendar.read_day(cells["from"], name="from"),
                read_days(cells["days"]),
                read_unit(cells["unit"] or "working"),
                calendar=calendar,
            )
        except Unreadable as problem:
            raise working_calendar.on_line(problem, number) from None
        yield {**line, "due": deadline.due.isoformat()}


def read_days(text: str) -> int:
    """A whole number in plain digits. Raises Unreadable; `compute` says which numbers are possible."""
    if not WHOLE_NUMBER.fullmatch(text):
        raise Unreadable("days_not_whole", "Số ngày phải là số nguyên.", where={"days": text})
    return int(text)


def read_unit(text: str) -> Unit:
    """`working` or `calendar`. Raises Unreadable."""
    if text == "working":
        return "working"
    if text == "calendar":
        return "calendar"
    raise Unreadable(
        "unknown_unit",
        "Đơn vị tính phải là working (ngày làm việc) hoặc calendar (ngày).",
        where={"unit": text},
    )


def _explain(deadline: Deadline) -> str:
    """One plain paragraph: what was not counted and why, where the clock stopped, when it ends, how sure that is."""
    sentences = [
        f"Thời hạn {deadline.days} {UNIT_WORDS[deadline.unit]} từ {_dated(deadline.start)}.",
        "Ngày này không tính, bắt đầu tính từ ngày tiếp theo (khoản 2 Điều 147 Bộ luật Dân sự 91/2015/QH13).",
    ]
    if deadline.paused:
        stops = ", ".join(
            f"ngày {_spoken(first)}" if first == last else f"từ {_spoken(first)} đến hết {_spoken(last)}"
            for first, last in deadline.paused
        )
        sentences.append(f"Tạm dừng tính {stops}.")
    if deadline.unit == "working" and deadline.skipped:
        sentences.append(f"Không tính {_listed(deadline.skipped)}.")
    if deadline.unit == "working" and deadline.made_up:
        days = ", ".join(f"{_dated(reason.day)} ({_lowered(reason.name)})" for reason in deadline.made_up[:MOST_NAMED])
        sentences.append(f"Tính là ngày làm việc: {days}.")
    if deadline.rolled:
        sentences.append(
            f"Ngày cuối rơi vào ngày nghỉ nên chuyển sang ngày làm việc tiếp theo (khoản 5 Điều 148): "
            f"bỏ qua {_listed(deadline.skipped)}."
        )
    elif deadline.unit == "calendar" and deadline.made_up:
        sentences.append(f"Ngày cuối là ngày làm việc: {_lowered(deadline.made_up[0].name)}.")
    sentences.append(f"Thời hạn kết thúc lúc 24 giờ {_dated(deadline.due)} (khoản 6 Điều 148).")
    unverified = [reason for reason in (*deadline.skipped, *deadline.made_up) if reason.status == "SEC"]
    if unverified:
        sentences.append(f"Chưa xác minh nguyên văn: {_listed(unverified)}.")
    if deadline.provisional:
        sentences.append(_provisional(deadline.unsettled))
    return " ".join(sentences)


def _provisional(unsettled: tuple[Reason, ...]) -> str:
    beyond = [reason for reason in unsettled if reason.is_outside]
    open_days = [reason for reason in unsettled if not reason.is_outside]
    parts = []
    if open_days:
        parts.append(f"chưa đọc được nguyên văn văn bản ấn định {_listed(open_days)}")
    if beyond:
        years = ", ".join(str(year) for year in sorted({reason.day.year for reason in beyond}))
        parts.append(
            f"lịch nghỉ năm {years} chưa có trong dữ liệu (chỉ trừ cuối tuần và ngày lễ dương lịch cố định, chưa trừ "
            f"Tết Âm lịch, Giỗ Tổ Hùng Vương, ngày liền kề Quốc khánh và ngày hoán đổi)"
        )
    return f"Kết quả tạm tính vì {'; '.join(parts)}."


def _listed(reasons: Sequence[Reason]) -> str:
    """Weekends as a count, holidays by date and name; a run of days under one name as one entry."""
    weekends = sum(reason.is_plain_weekend for reason in reasons)
    named = [reason for reason in reasons if not reason.is_plain_weekend]
    runs: list[list[Reason]] = []
    for reason in named:
        if runs and reason.day - runs[-1][-1].day == ONE_DAY and _bare(reason) == _bare(runs[-1][-1]):
            runs[-1].append(reason)
        else:
            runs.append([reason])
    parts = [f"{weekends} ngày cuối tuần"] if weekends else []
    for run in runs[:MOST_NAMED]:
        if len(run) == 1:
            parts.append(f"{_spoken(run[0].day)} là {run[0].name}")
        else:
            parts.append(f"{_spoken(run[0].day)}–{_spoken(run[-1].day)} là {_bare(run[0])}")
    if len(runs) > MOST_NAMED:
        parts.append(f"{sum(len(run) for run in runs[MOST_NAMED:])} ngày nghỉ khác")
    return "; ".join(parts)


def _bare(reason: Reason) -> str:
    return reason.name.partition(" (")[0]


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _dated(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} ngày {_spoken(day)}"


def _spoken(day: date) -> str:
    return f"{day:%d/%m/%Y}"
