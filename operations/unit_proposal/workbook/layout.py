"""The list's place on the sheet: its heads within the first rows, and rows that are no records.

An office's list is a printed page: the office's name and a title above the heads, sections («I. Tập thể»), a total, the
place and day, signatures below. None of these is a record with faults; they are told in one sentence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from operations.unit_proposal.workbook import cleaning, heads, legacy, sheet
from operations.unit_proposal.workbook.heads import Head

HEAD_ROWS = 15
DATA_ROWS = 20_000


@dataclass(frozen=True)
class List:
    """The list on a sheet. `columns`: column number to head; `rows`: the records; `passed_over`: (row, what it is)."""

    columns: dict[int, Head]
    rows: tuple[sheet.SheetRow, ...]
    passed_over: tuple[tuple[int, str], ...]


def find(raw: sheet.Sheet, *, file: str) -> List:
    """The list of a sheet. Raises Unreadable `header_missing`, `header_merged`, `header_doubled`, `too_many_rows`."""
    at, columns = _heads(raw, file=file)
    if at in raw.merged:
        raise sheet.unreadable("header_merged", file=file, row=at)
    below = [line for line in raw.rows if line.number > at and _holds_anything(line, columns)]
    if len(below) > DATA_ROWS:
        raise sheet.unreadable("too_many_rows", file=file, row=below[DATA_ROWS].number)
    for line in below:
        if _repeats(line, columns):
            raise sheet.unreadable(
                "header_doubled",
                file=file,
                message=f"Dòng {line.number} lặp lại dòng tiêu đề. Hãy xóa dòng đó rồi nộp lại.",
                row=line.number,
            )
    last = max((place for place, line in enumerate(below) if _is_whole(line, columns)), default=len(below))
    rows, passed_over, foot = [], [], False
    for place, line in enumerate(below):
        what = _what(line, columns)
        foot = foot or (place > last and what in _ENDS)
        if what is None and foot and not _is_whole(line, columns):
            what = "chữ ký"
        if what is None:
            rows.append(line)
        else:
            passed_over.append((line.number, what))
    return List(columns, tuple(rows), tuple(passed_over))


def _heads(raw: sheet.Sheet, *, file: str) -> tuple[int, dict[int, Head]]:
    """The row of the heads and its columns: the first with all required ones, else the fault of the nearest to it."""
    best: tuple[int, dict[int, Head]] = (0, {})
    for line in raw.rows:
        if line.number > HEAD_ROWS:
            break
        found = _columns(line, file=file)
        if _missing(found) == []:
            return line.number, found
        if len(found) > len(best[1]):
            best = (line.number, found)
    if best[0] in raw.merged or (not best[1] and 1 in raw.merged):
        raise sheet.unreadable("header_merged", file=file, row=best[0] or 1)
    missing = _missing(best[1])
    where = f"Dòng {best[0]}" if best[1] else f"{HEAD_ROWS} dòng đầu"
    raise sheet.unreadable(
        "header_missing",
        file=file,
        message=f"{where} của trang đầu tiên thiếu cột bắt buộc: {', '.join(f'“{name}”' for name in missing)}. "
        "Hãy dùng mẫu của hệ thống, giữ nguyên tên cột.",
        columns=missing,
    )


def _missing(columns: Mapping[int, Head]) -> list[str]:
    return [name for name in heads.REQUIRED if name not in {head.name for head in columns.values()}]


_BY_KEY = {heads.fold(head.name): head for head in heads.HEADS}


def _columns(line: sheet.SheetRow, *, file: str) -> dict[int, Head]:
    """Column number to head. Raises Unreadable `header_doubled`; unknown heads are left out."""
    found: dict[int, Head] = {}
    for column, cell in line.cells.items():
        shown = legacy.decode(list(cell.segments)) or cell.text
        head = _BY_KEY.get(heads.fold(cell.text)) or _BY_KEY.get(heads.fold(shown))
        if head is None:
            continue
        if head in found.values():
            raise sheet.unreadable(
                "header_doubled",
                file=file,
                message=f"Tiêu đề cột “{head.name}” xuất hiện hai lần. Hãy giữ lại một cột rồi nộp lại.",
                column=head.name,
            )
        found[column] = head
    return found


def _holds_anything(line: sheet.SheetRow, columns: Mapping[int, Head]) -> bool:
    """Rows that only carry a running number were numbered in advance and left empty."""
    return any(
        cell.kind != "s" or cleaning.clean(cell.text).text
        for column, cell in line.cells.items()
        if column in columns and columns[column].name != heads.NUMBER
    )


def _repeats(line: sheet.SheetRow, columns: Mapping[int, Head]) -> bool:
    return all(
        column in line.cells and heads.fold(line.cells[column].text) == heads.fold(head.name)
        for column, head in columns.items()
        if head.required
    )


def _texts(line: sheet.SheetRow, columns: Mapping[int, Head]) -> dict[str, str]:
    """The line's words by head, cleaned, in small letters and single spaces; empty cells left out."""
    return {
        columns[column].name: words
        for column, cell in line.cells.items()
        if column in columns and (words := _small(legacy.decode(list(cell.segments)) or cell.text))
    }


def _small(text: str) -> str:
    return " ".join(cleaning.clean(text).text.casefold().split())


def _is_whole(line: sheet.SheetRow, columns: Mapping[int, Head]) -> bool:
    """Name, kind and award are filled in: whatever else is wrong, somebody is proposed here."""
    return set(heads.REQUIRED) <= set(_texts(line, columns))


_TOTAL = re.compile(r"(tổng cộng|tổng số|cộng|tổng|ấn định danh sách|danh sách (này )?(gồm|có))\b.*")
_DAY = re.compile(r".*\bngày\b.{0,12}\btháng\b.{0,12}\bnăm\b.*")
_SIGNS = re.compile(
    r"(người lập( biểu| danh sách)?|thủ trưởng( đơn vị)?|(phó )?(chủ tịch|hiệu trưởng|giám đốc|trưởng phòng)|tm\.?|kt\.?|tl\.?|"
    r"xác nhận.*|nơi nhận.*|\(?ký.*|đại diện.*|kế toán|văn thư)[\s:.,]*"
)
_SECTION = re.compile(r"(?:(?:[ivx]{1,5}|[a-hđ]|\d{1,2})\s*[.)\-:/]\s*)(?!\d).+")
_SECTION_NUMBER = re.compile(r"[ivx]{1,5}\.?|[a-hđ][.)]?")
_GROUP = re.compile(
    r"(danh sách |đề nghị |khen thưởng )*(tập thể|cá nhân|hộ gia đình|doanh nghiệp|khối .*|cụm .*|danh hiệu .*|hình thức .*)"
    r"[\s:.,()\d]*"
)
_ENDS = frozenset({"tổng cộng", "ngày tháng", "chữ ký"})


def _what(line: sheet.SheetRow, columns: Mapping[int, Head]) -> str | None:
    """The kind of a line that is no record; None for a record, whole or faulty."""
    texts = _texts(line, columns)
    number = texts.pop(heads.NUMBER, "")
    if heads.KIND in texts or len(texts) > 2:  # whoever says the kind proposes somebody
        return None
    words: Sequence[str] = list(texts.values())
    if any(_DAY.fullmatch(one) for one in words):
        return "ngày tháng"
    if any(_TOTAL.fullmatch(one) for one in words) or (not words and _TOTAL.fullmatch(number)):
        return "tổng cộng"
    if words and all(_SIGNS.fullmatch(one) for one in words):
        return "chữ ký"
    if len(words) == 1 and heads.AWARD not in texts:
        (only,) = words
        if _GROUP.fullmatch(only) or _SECTION_NUMBER.fullmatch(number):
            return "tên mục"
        if (found := _SECTION.fullmatch(only)) and (
            only.split()[0].rstrip(".)-:/") in _ROMAN or _GROUP.search(found[0])
        ):
            return "tên mục"
    return None


_ROMAN = frozenset(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "a", "b", "c", "d", "đ", "e"))
