"""Which paper a number names: with its year or day always one; without them only where a single paper fits.

Numbers begin anew each year (NĐ 30/2020 Art. 15): 01/QĐ-UBND is another decision in 2025 than in 2024. What fits several
is asked back with all of them; nobody is answered about the newest.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from models import Decision, SubmissionLetter
from rules import names
from rules.refusal import Refusal

_CALLED = r"(?:(?:quyết định|tờ trình)\s+)?(?:số\s*:?\s*)?"
_DAY = (
    r"(?P<y1>\d{4})-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})|(?P<d2>\d{1,2})[/.-](?P<m2>\d{1,2})[/.-](?P<y2>\d{4})"
    r"|(?P<d3>\d{1,2}) tháng (?P<m3>\d{1,2}) năm (?P<y3>\d{4})|(?P<y4>\d{4})"
)
_CODE = re.compile(rf"{_CALLED}(?P<letter>TTr-)?0*(?P<number>\d{{1,9}})-(?P<year>\d{{4}})", re.ASCII | re.IGNORECASE)
_SYMBOL = re.compile(
    rf"{_CALLED}0*(?P<number>[0-9]{{1,9}})\s*/\s*(?:(?P<y0>[0-9]{{4}})(?:\s*/\s*|\b(?!-)))?(?P<symbol>[^\W\d_][^\s/,(]*)?"
    rf"\s*[,(]?\s*(?:(?:ký )?ngày|năm|of)?\s*(?:{_DAY})?\)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """What was typed: number and symbol, with a year or the very day where somebody gave one."""

    number: int
    symbol: str | None = None  # folded: qd-ubnd
    year: int | None = None
    day: date | None = None
    code: bool = False  # typed as the code of this system, 1-2024
    letter: bool = False

    def names(self, symbol: str | None, day: date | None) -> bool:
        """Is it the number of a paper with this symbol, of this day?"""
        other = read(symbol or "")
        return (
            other is not None
            and other.number == self.number
            and (self.code or other.symbol == self.symbol)
            and (self.year is None or (day is not None and day.year == self.year))
            and (self.day is None or day == self.day)
        )


def read(text: str) -> Number | None:
    """1-2024, TTr-1-2024, 01/QĐ-UBND, 1/QĐ-UBND năm 2024, 01/QĐ-UBND ngày 20/12/2024, 01/2024/QĐ-UBND; else None."""
    said = " ".join(unicodedata.normalize("NFC", text).split())
    if found := _CODE.fullmatch(said):
        return Number(int(found["number"]), year=int(found["year"]), code=True, letter=bool(found["letter"]))
    found = _SYMBOL.fullmatch(said)
    if found is None or not (found["symbol"] or found["y0"]):
        return None
    parts = {
        name: int(value) for name, value in found.groupdict().items() if value and name not in ("symbol", "number")
    }
    day = None
    for one in "123":
        if f"d{one}" in parts:
            try:
                day = date(parts[f"y{one}"], parts[f"m{one}"], parts[f"d{one}"])
            except ValueError:
                return None
    symbol = names.fold(found["symbol"]) if found["symbol"] else None
    return Number(
        int(found["number"]),
        symbol=symbol,
        year=day.year if day else parts.get("y0") or parts.get("y4"),
        day=day,
        code=symbol is None,
        letter=bool(symbol and symbol.startswith("ttr")),
    )


def is_letter(text: str) -> bool:
    """Is it the number of a tờ trình rather than of a decision?"""
    asked = read(text)
    return asked is not None and asked.letter


def dated(symbol: str, day: date | None) -> str:
    """A number as it may stand by itself, for years: 01/QĐ-UBND ngày 20/12/2024."""
    return f"{symbol} ngày {day:%d/%m/%Y}" if day else symbol


def decision(session: Session, text: str) -> Decision:
    """The one decision of this number. Raises Refusal `unknown_decision`, `ambiguous_number`."""
    asked = read(text)
    rows = (
        []
        if asked is None or asked.letter
        else session.exec(select(Decision).where(Decision.number == asked.number).order_by(col(Decision.id))).all()
    )
    fitting = [row for row in rows if asked and asked.names(row.symbol, row.signed_on)]
    if not fitting:
        raise unknown_decision(text)
    if len(fitting) > 1:
        raise ambiguous(text, [(row.code, row.symbol, row.signed_on) for row in fitting])
    return fitting[0]


def submission_letter(session: Session, text: str) -> SubmissionLetter:
    """The one tờ trình of this number. Raises Refusal `unknown_letter`, `ambiguous_number`."""
    asked = read(text)
    rows = (
        []
        if asked is None or not asked.letter
        else session.exec(
            select(SubmissionLetter).where(SubmissionLetter.number == asked.number).order_by(col(SubmissionLetter.id))
        ).all()
    )
    fitting = [row for row in rows if asked and asked.names(row.symbol, row.signed_on)]
    if not fitting:
        raise Refusal(
            "unknown_letter", f"Không có tờ trình số «{text}». Hãy gõ như 01/TTr-UBND năm 2024, hoặc TTr-1-2024."
        )
    if len(fitting) > 1:
        raise ambiguous(text, [(row.code, row.symbol, row.signed_on) for row in fitting])
    return fitting[0]


def paper(session: Session, text: str) -> Decision | SubmissionLetter:
    """The one decision or tờ trình of this number."""
    return submission_letter(session, text) if is_letter(text) else decision(session, text)


def unknown_decision(text: str) -> Refusal:
    return Refusal("unknown_decision", f"Không có quyết định số «{text}». Hãy gõ như 01/QĐ-UBND năm 2024, hoặc 1-2024.")


def ambiguous(text: str, papers: Sequence[tuple[str, str, date | None]]) -> Refusal:
    """The question back: every paper (code, number, day) that the number may mean."""
    listed = "; ".join(f"{code} ({dated(symbol, day)})" for code, symbol, day in papers)
    return Refusal(
        "ambiguous_number",
        f"Số «{text}» là của {len(papers)} văn bản: {listed}. Số đánh lại từ 01 mỗi năm; hãy gõ kèm năm, như {papers[0][0]}.",
        details={"candidates": [code for code, _, _ in papers]},
    )
