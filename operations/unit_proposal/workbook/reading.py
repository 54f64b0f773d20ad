"""From a workbook to proposals: every row either clean or with its errors named, nothing guessed.

Codes, heads and outcomes are those of docs/contract.md §6.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from operations.unit_proposal.workbook import cleaning, facts, heads, layout, legacy, sheet
from operations.unit_proposal.workbook.heads import Head
from rules import birth_date, email_address, names
from rules.award_names import AwardNames
from rules.refusal import Unreadable
from rules.vocabulary import NomineeKind as Kind
from rules.vocabulary import Rating


@dataclass(frozen=True)
class AwardName:
    """An award's names in a workbook, and the kinds of nominees. `level_note` explains it in the guide sheet."""

    id: str
    name: str
    aliases: tuple[str, ...]
    kinds: frozenset[str]
    level_note: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One proposal as read; `row` is the sheet's row number, absent texts are empty."""

    row: int
    name: str
    kind: Kind
    award: str
    honorific: str = ""
    title: str = ""
    workplace: str = ""
    object_class: str = ""
    field: str = ""
    achievement: str = ""
    rating: Rating | None = None
    initiative: str = ""
    gender: str = ""
    ethnicity: str = ""
    birth_date: date | None = None
    another: bool = False
    prior_decision: str = ""
    email: str = ""
    attachments: tuple[str, ...] = ()
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """The result of reading. `rows` holds the rows without errors; `row_count` counts all rows that hold anything.

    Errors and warnings are `{"row", "column", "code", "message"}`; `sha256` is of the file as read, in hex.
    """

    rows: tuple[Row, ...]
    errors: tuple[dict[str, Any], ...]
    warnings: tuple[dict[str, Any], ...]
    row_count: int
    sha256: str


def read(path: Path, *, catalogue: Sequence[AwardName], convert_legacy: bool = False, timeout: float = 60) -> Workbook:
    """Read the first sheet of an .xlsx. Raises Unreadable for a file that is no such workbook; never anything else.

    `convert_legacy` accepts TCVN3 and VNI text, converted. `timeout` in seconds; the parsing runs in a child process.
    """
    raw = sheet.extract(path, timeout=timeout)
    return interpret(raw, file=path.name, catalogue=catalogue, convert_legacy=convert_legacy)


def interpret(raw: sheet.Sheet, *, file: str, catalogue: Sequence[AwardName], convert_legacy: bool = False) -> Workbook:
    """Give the raw cells their meaning. Raises Unreadable where none of the first rows heads a list of proposals."""
    listed = layout.find(raw, file=file)
    return of_list(listed, catalogue=catalogue, convert_legacy=convert_legacy, sha256=raw.sha256)


def of_list(
    listed: layout.List, *, catalogue: Sequence[AwardName], convert_legacy: bool = False, sha256: str = ""
) -> Workbook:
    """The rows of a list, each either clean or with its errors."""
    reader = _RowReader(listed.columns, catalogue, convert_legacy=convert_legacy)
    for line in listed.rows:
        reader.read(line)
    if listed.passed_over:
        reader.pass_over(listed.passed_over)
    return Workbook(
        rows=tuple(reader.rows),
        errors=tuple(reader.errors),
        warnings=tuple(reader.warnings),
        row_count=len(listed.rows),
        sha256=sha256,
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


class _Catalogue:
    """Awards by the words of their name, id and aliases, in this order of trust."""

    SUGGESTED_TEXTS = 300  # distinct unknown texts that get suggestions: a hostile file has 20,000 of them

    def __init__(self, catalogue: Sequence[AwardName]) -> None:
        self._awards = {award.id: award for award in catalogue}
        self._names = AwardNames((award.id, (award.name, award.id, *award.aliases)) for award in catalogue)
        self._plain: dict[str, AwardName] = {}
        self._suggested: dict[str, str] = {}
        for called in (
            [(award.name, award) for award in catalogue],
            [(award.id, award) for award in catalogue],
            [(alias, award) for award in catalogue for alias in award.aliases],
        ):
            for name, award in called:
                self._plain.setdefault(names.without_marks(heads.fold(name)), award)

    def find(self, text: str, *, kind: str | None) -> list[AwardName]:
        """The awards of that name; where several share it, those that this kind of nominee may receive."""
        named = [self._awards[award] for award in self._names.find(text)]
        return [award for award in named if kind in award.kinds] or named

    def may_mean(self, text: str, *, kind: str | None) -> list[AwardName]:
        """Awards of whose names the text says only a part, those of this kind of nominee first of all."""
        named = [self._awards[award] for award in self._names.may_mean(text)]
        return [award for award in named if kind in award.kinds] or named

    def nearest(self, text: str) -> str:
        """The three nearest names, quoted, diacritics apart."""
        key = names.without_marks(heads.fold(text))[:100]
        if key not in self._suggested:
            if len(self._suggested) >= self.SUGGESTED_TEXTS:
                return ""
            near = difflib.get_close_matches(key, self._plain, n=len(self._plain) or 1, cutoff=0)
            nearest = dict.fromkeys(self._plain[match].name for match in near)
            self._suggested[key] = _quoted(list(nearest)[:3])
        return self._suggested[key]


class _RowReader:
    """Reads row after row; keeps what was read and what was wrong."""

    def __init__(self, columns: Mapping[int, Head], catalogue: Sequence[AwardName], *, convert_legacy: bool) -> None:
        self.columns = columns
        self.catalogue = _Catalogue(catalogue)
        self.convert_legacy = convert_legacy
        self.rows: list[Row] = []
        self.errors: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []

    def read(self, line: sheet.SheetRow) -> None:
        errors_before = len(self.errors)
        if line.hidden:
            self._warn(line.number, heads.NAME, "hidden_row", "Dòng đang bị ẩn nhưng vẫn được đọc.")
        texts: dict[str, str | None] = {}  # None: the cell has an error and gives no value
        born: date | None = None
        for column, head in self.columns.items():
            cell = line.cells.get(column)
            if not head.field:
                continue
            if head.name == heads.BIRTH_DATE:
                born = self._birth_date(line.number, cell, head)
                continue
            text = "" if cell is None else self._text(line.number, cell, head)
            if text == "" and head.required:
                self._err(line.number, head.name, "missing_value", f"Thiếu “{head.name}”. Hãy điền ô này.")
                text = None
            texts[head.field] = text
        kind = self._kind(line.number, texts["kind"])
        award = self._award(line.number, texts["award"], kind)
        rating = self._rating(line.number, texts.get("rating"))
        email = self._email(line.number, texts.get("email"))
        said = self._facts(line.number, texts)
        another = self._another(line.number, texts.get("another"))
        name = texts["name"]
        if len(self.errors) > errors_before or name is None or kind is None or award is None:
            return
        given = {field: text or "" for field, text in texts.items()}
        self.rows.append(
            Row(
                row=line.number,
                name=name,
                kind=kind,
                award=award.id,
                honorific=given.get("honorific", ""),
                title=given.get("title", ""),
                workplace=given.get("workplace", ""),
                object_class=given.get("object_class", ""),
                field=given.get("field", ""),
                achievement=given.get("achievement", ""),
                rating=rating,
                initiative=given.get("initiative", ""),
                gender=_gender(given.get("gender", "")),
                ethnicity=given.get("ethnicity", ""),
                birth_date=born,
                another=another,
                prior_decision=given.get("prior_decision", ""),
                email=email,
                attachments=_parts(given.get("attachments", "")),
                facts=said,
            )
        )

    def pass_over(self, lines: Sequence[tuple[int, str]]) -> None:
        """Say in one sentence which lines were taken for no record, so that nobody misses one."""
        shown = ", ".join(f"dòng {number} ({what})" for number, what in lines[:8])
        more = f" và {len(lines) - 8} dòng khác" if len(lines) > 8 else ""
        said = (
            f"Không phải hồ sơ nên bỏ qua: {shown}{more}. Nếu có dòng là hồ sơ, hãy điền đủ tên, phân loại, danh hiệu."
        )
        self._warn(lines[0][0], heads.NAME, "not_a_record", said)

    def _facts(self, row: int, texts: Mapping[str, str | None]) -> dict[str, Any]:
        """The content of the columns of facts and grounds, by key of a case."""
        found: dict[str, Any] = {}
        try:
            found = facts.parse(texts.get("facts") or "")
        except ValueError as error:
            self._err(row, heads.FACTS, "missing_value", str(error))
        try:
            grounds = facts.provisions(texts.get("grounds") or "")
        except ValueError as error:
            self._err(row, heads.GROUNDS, "missing_value", str(error))
        else:
            found |= {"grounds": grounds} if grounds else {}
        return found

    def _err(self, row: int, column: str, code: str, message: str) -> None:
        self.errors.append({"row": row, "column": column, "code": code, "message": message})

    def _warn(self, row: int, column: str, code: str, message: str) -> None:
        self.warnings.append({"row": row, "column": column, "code": code, "message": message})

    def _text(self, row: int, cell: sheet.Cell, head: Head) -> str | None:
        """The cell's text, clean; None after an error was noted."""
        err = partial(self._err, row, head.name)
        warn = partial(self._warn, row, head.name)
        is_name = head.name == heads.NAME
        if cell.kind == "f":
            err("formula", "Ô chứa công thức chưa có kết quả. Hãy dán giá trị (Paste Values) thay cho công thức.")
            return None
        if cell.kind == "e":
            err("formula", f"Ô đang báo lỗi {cell.text}. Hãy sửa công thức hoặc gõ giá trị.")
            return None
        if is_name and (cell.formula or cell.text.lstrip().startswith("=")):
            err("formula", "Tên là công thức hoặc bắt đầu bằng dấu “=”. Hãy gõ tên bằng chữ.")
            return None
        if is_name and cell.kind != "s":
            err("not_a_name", f"“{_shown(cell)}” không phải là tên. Hãy điền họ tên hoặc tên tập thể, hộ gia đình.")
            return None
        text = _shown(cell)
        if cell.kind == "s":
            converted = legacy.decode(list(cell.segments))
            if converted is not None:
                text = cleaning.clean(converted, keep_lines=head.limit >= 2000).text
                if not self.convert_legacy:
                    err(
                        "legacy_encoding",
                        f"Chữ theo bảng mã cũ (TCVN3/VNI), sẽ được đọc là “{_short(text)}”. "
                        "Nếu đúng, hãy nộp lại và chọn chuyển mã; nếu sai, hãy gõ lại bằng Unicode.",
                    )
                    return None
                warn("legacy_encoding", f"Đã chuyển từ bảng mã cũ (TCVN3/VNI) thành “{_short(text)}”.")
        cleaned = cleaning.clean(text, keep_lines=head.limit >= 2000)
        if cleaned.controls:
            err("control_characters", "Ô chứa ký tự điều khiển hoặc ký tự hỏng. Hãy xóa và gõ lại nội dung ô.")
            return None
        if cleaned.invisible:
            warn("invisible_characters", "Đã bỏ ký tự ẩn không nhìn thấy trong ô.")
        if cleaned.normalised:
            warn("normalised", "Đã chuẩn hóa Unicode (NFC) và khoảng trắng trong ô.")
        if cell.merged and cleaned.text:
            warn("normalised", f"Ô thuộc vùng gộp; đã lấy giá trị chung “{_short(cleaned.text)}” cho dòng này.")
        if is_name and cleaned.text and not any(letter.isalpha() for letter in cleaned.text):
            err("not_a_name", f"“{_short(cleaned.text)}” không phải là tên. Hãy điền bằng chữ.")
            return None
        if is_name and cleaned.text.startswith(("@", "+", "-")):
            err(
                "not_a_name",
                f"Tên “{_short(cleaned.text)}” bắt đầu bằng dấu “{cleaned.text[0]}”, bảng tính coi là công thức. Hãy bỏ dấu đó.",
            )
            return None
        if len(cleaned.text) > head.limit:
            err("too_long", f"Ô dài {len(cleaned.text)} ký tự, tối đa {head.limit}. Hãy rút gọn.")
            return None
        return cleaned.text

    def _birth_date(self, row: int, cell: sheet.Cell | None, head: Head) -> date | None:
        if cell is None:
            return None
        text = self._text(row, cell, head)
        if not text:
            return None
        try:
            day = birth_date.read(text)
            return birth_date.of_cell(day) if cell.kind == "d" else day
        except Unreadable as error:
            self._err(row, head.name, error.code, error.message)
            return None

    def _kind(self, row: int, text: str | None) -> Kind | None:
        if text is None:
            return None
        kind = _KINDS.get(heads.fold(text))
        if kind is None:
            known = _quoted(list(heads.KIND_WORDS.values()))
            self._err(row, heads.KIND, "wrong_kind", f"Không hiểu “{_short(text)}”. Hãy chọn một trong: {known}.")
        return kind

    def _award(self, row: int, text: str | None, kind: Kind | None) -> AwardName | None:
        if text is None:
            return None
        found = self.catalogue.find(text, kind=kind)
        award = found[0] if len(found) == 1 else None
        if award is None:
            several = found or self.catalogue.may_mean(text, kind=kind)
            if len(several) > 1:
                said = f"“{_short(text)}” có thể là {_quoted([one.name for one in several[:5]])}. Hãy ghi rõ tên nào."
            else:
                near = self.catalogue.nearest(text)
                suggestion = f" Tên gần nhất: {near}." if near else ""
                said = f"Không có “{_short(text)}” trong danh mục.{suggestion}"
            self._err(row, heads.AWARD, "unknown_award", said)
        elif kind is not None and kind not in award.kinds:
            allowed = ", ".join(name for key, name in heads.KIND_NAMES.items() if key in award.kinds)
            self._err(
                row,
                heads.KIND,
                "wrong_kind",
                f"“{award.name}” dành cho {allowed}, không dành cho {heads.KIND_NAMES[kind]}. Hãy sửa một trong hai ô.",
            )
        return award

    def _rating(self, row: int, text: str | None) -> Rating | None:
        if not text:
            return None
        rating = _RATINGS.get(heads.fold(text))
        if rating is None:
            known = _quoted(list(heads.RATING_WORDS.values()))
            self._err(
                row,
                heads.RATING,
                "missing_value",
                f"Không hiểu xếp loại “{_short(text)}”. Hãy chọn một trong: {known}.",
            )
        return rating

    def _email(self, row: int, text: str | None) -> str:
        try:
            return email_address.read(text) if text else ""
        except Unreadable as error:
            self._err(row, heads.EMAIL, "missing_value", error.message)
            return ""

    def _another(self, row: int, text: str | None) -> bool:
        """Is this somebody else than those whom the name is like? The answer to the question that intake asks."""
        if text and heads.fold(text) not in _ANOTHER:
            self._err(
                row,
                heads.ANOTHER,
                "missing_value",
                f"“{_short(text)}” không phải câu trả lời; hãy ghi «{heads.ANOTHER_WORD}» hoặc để trống.",
            )
        return bool(text)


_ANOTHER = {heads.fold(text) for text in (heads.ANOTHER_WORD, "khác người", "hai người", "hai người khác nhau", "khác")}
_KINDS: dict[str, Kind] = {
    heads.fold(words): kind for kind in Kind for words in (heads.KIND_WORDS[kind], heads.KIND_NAMES[kind])
}
_RATINGS: dict[str, Rating] = {
    heads.fold(words): rating for rating in Rating for words in (heads.RATING_WORDS[rating], rating)
}


def _shown(cell: sheet.Cell) -> str:
    """The cell's text as a person sees it; dates the Vietnamese way."""
    if cell.kind == "d":
        year, month, day = cell.text.split("-")
        return f"{day}/{month}/{year}"
    return cell.text


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}…"


def _gender(text: str) -> str:
    """Nam or Nữ however written; any other word as given."""
    return {"nam": "Nam", "nu": "Nữ"}.get(names.without_marks(heads.fold(text)), text)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split("[;\n]", text) if part.strip())
