"""Workbooks that go out: the template to fill, lists written in bulk, the rows to mend."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from operations.unit_proposal.workbook import heads, layout, reading, sheet

if TYPE_CHECKING:  # openpyxl takes 0.4 s to import and most commands write no workbook
    from openpyxl.worksheet.worksheet import Worksheet

FIRST_SHEET = "Danh sách đề nghị"
GUIDE_SHEET = "Hướng dẫn"
LISTS_SHEET = "Danh mục"
ROW_HEAD = "Dòng trong tệp gốc"
ERROR_HEAD = "Lỗi"
_FAULTY = "FFFFC7CE"  # the red with which spreadsheets mark what is bad
LAST_LISTED_ROW = 20_001
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")

_GUIDE = (
    ("Cách điền", True),
    ("1. Mỗi dòng là một cá nhân, tập thể, hộ gia đình hoặc doanh nghiệp với một danh hiệu hay hình thức.", False),
    ("2. Dòng 1 là tiêu đề: giữ nguyên tên cột, không gộp ô, không thêm dòng tên biểu phía trên.", False),
    (f"3. Cột chữ đậm là bắt buộc: {'; '.join(heads.REQUIRED)}.", False),
    ("4. Các cột khác điền khi có; thứ tự cột tùy ý.", False),
    ("5. Ngày sinh ghi dd/mm/yyyy, ví dụ 05/09/1985.", False),
    ("6. Hồ sơ kèm theo: liệt kê tên giấy tờ, cách nhau bằng dấu chấm phẩy (;).", False),
    ("7. Gõ chữ bằng phông Unicode (Times New Roman, Arial…), không dùng .VnTime hay VNI-Times.", False),
    (
        "8. Không dùng công thức trong cột tên; không đặt mật khẩu, không kèm macro. Tệp tối đa 10 MB, 20.000 dòng.",
        False,
    ),
    ("9. Nếu một dòng có lỗi thì cả tệp chưa được nhận: sửa theo thông báo rồi nộp lại.", False),
    (
        "10. Dữ kiện: viết «mục: giá trị», cách nhau bằng dấu chấm phẩy. Cá nhân: Tháng công tác: 12; Xếp loại 2023: HTTNV; "
        "Danh hiệu: CSTDCS 2023, CSTDCS 2022; Khen thưởng: BK_TINH 2019; Sáng kiến: 2024 cơ sở; Đề tài: 2023 tỉnh; "
        "Kỷ luật: khiển trách 2024. Tập thể: Số người: 20; Số LĐTT: 15; Số hoàn thành: 20; Số CSTĐCS: 1; "
        "Kỷ luật từ cảnh cáo: 0; Thành lập: 2010. Thiếu dữ kiện thì Phòng Nội vụ chưa kết luận được.",
        False,
    ),
    ("11. Căn cứ đề nghị: điều.khoản.điểm của Luật Thi đua, khen thưởng mà hồ sơ dựa vào, ví dụ 74.1.a.", False),
)


def template(path: Path, *, catalogue: Sequence[reading.AwardName]) -> None:
    """Write the workbook that a unit fills: heads, drop-down lists of the catalogue's names, a guide in Vietnamese."""
    import openpyxl

    book = openpyxl.Workbook()
    first = book.worksheets[0]
    first.title = FIRST_SHEET
    for column, head in enumerate(heads.HEADS, start=1):
        _dress_head(first, column, head)
    first.row_dimensions[1].height = 45
    first.freeze_panes = "A2"
    _write_guide(book.create_sheet(GUIDE_SHEET), catalogue)
    lists = book.create_sheet(LISTS_SHEET)
    lists.sheet_state = "hidden"
    choices = {
        heads.KIND: list(heads.KIND_WORDS.values()),
        heads.AWARD: list(dict.fromkeys(award.name for award in catalogue)),
        heads.RATING: list(heads.RATING_WORDS.values()),
        heads.GENDER: list(heads.GENDER_WORDS),
    }
    for place, (name, values) in enumerate(choices.items(), start=1):
        _offer(first, lists, place=place, head=name, values=values)
    book.save(path)


def write(path: Path, rows: Iterable[Mapping[str, str | int | date | None]]) -> None:
    """Write rows, keyed by the heads of `heads.HEADS`, under the full header. Text stays text, even after a `=`.

    Streams: memory does not grow with the rows. Raises KeyError for a key that is no head.
    """
    _write_table(path, [head.name for head in heads.HEADS], rows)


def bad_rows(
    path: Path,
    workbook: reading.Workbook,
    source_path: Path,
    *,
    further: Iterable[Mapping[str, Any]] = (),
    timeout: float = 60,
) -> None:
    """Write the erroneous rows of the file that `workbook` was read from, as they stand there, each faulty cell coloured.

    Two columns follow: the row's number there, and `Lỗi`. `further` are errors that only the database could tell, of
    the same form. The reader passes over both columns: the file is mended and handed in as it is. Raises Unreadable
    `source_changed` if the file is no longer the one that was read.
    """
    raw = sheet.extract(source_path, timeout=timeout)
    if raw.sha256 != workbook.sha256:
        raise sheet.unreadable(
            "source_changed",
            file=source_path.name,
            message="Tệp đã thay đổi từ lần đọc trước. Hãy kiểm tra lại tệp rồi xuất danh sách lỗi.",
        )
    errors: dict[int, list[Mapping[str, Any]]] = {}
    for error in (*workbook.errors, *further):
        errors.setdefault(error["row"], []).append(error)
    columns = layout.find(raw, file=source_path.name).columns
    rows = (_bad_row(line, columns, errors[line.number]) for line in raw.rows if line.number in errors)
    _write_table(path, [*(columns[column].name for column in sorted(columns)), ROW_HEAD, ERROR_HEAD], rows)


def _bad_row(
    line: sheet.SheetRow, columns: Mapping[int, heads.Head], errors: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    faulty = {error["column"] for error in errors}
    row: dict[str, Any] = {}
    for column, head in columns.items():
        value = _value(line.cells[column]) if column in line.cells else None
        row[head.name] = _Faulty(value) if head.name in faulty else value
    said = (f"{error['column']}: {error['message']}" for error in errors)
    return row | {ROW_HEAD: line.number, ERROR_HEAD: "\n".join(said)}


def _value(cell: sheet.Cell) -> "str | int | date | _InFont":
    if cell.kind == "d":
        return date.fromisoformat(cell.text)
    if cell.kind == "n" and cell.text.isdecimal() and len(cell.text) <= 15:
        return int(cell.text)
    # XML cannot hold controls: they are what the error is about, and are shown as the mark of a lost character.
    text = _NOT_IN_XML.sub("\ufffd", cell.text)
    font = next((font for _, font in cell.segments if font), "")
    return _InFont(text, font) if font else text


class _InFont(NamedTuple):
    """Legacy text keeps the font that alone makes it readable."""

    text: str
    font: str


class _Faulty(NamedTuple):
    """The wrong or missing cells, shown in colour."""

    value: "str | int | date | _InFont | None"


def _write_table(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    import openpyxl
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook(write_only=True)
    page: Any = book.create_sheet(FIRST_SHEET)  # the stubs of the write-only sheet know neither widths nor panes
    page.freeze_panes = "A2"
    widths = {head.name: head.width for head in heads.HEADS} | {ROW_HEAD: 12}
    for column, name in enumerate(names, start=1):
        page.column_dimensions[get_column_letter(column)].width = widths.get(name, 60)
    places = {name: place for place, name in enumerate(names)}
    try:
        page.append([_cell(page, name, bold=name in heads.REQUIRED) for name in names])
        for row in rows:
            line: list[Any] = [None] * len(names)
            for name, value in row.items():
                line[places[name]] = _cell(page, value)
            page.append(line)
    except BaseException:
        page.close()  # openpyxl writes as it goes; a sheet left open complains when it is collected
        raise
    book.save(path)


def _cell(page: Any, value: Any, *, bold: bool = False) -> Any:
    """A value or a dressed cell; only what needs dress gets it, cells are slow to make."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill

    faulty = isinstance(value, _Faulty)
    if faulty:
        value = value.value
    text, font = value if isinstance(value, _InFont) else (value, "")
    is_formula_like = isinstance(text, str) and text.startswith("=")
    if not (font or bold or faulty or is_formula_like or isinstance(text, date)):
        return text
    cell: Any = WriteOnlyCell(page)
    cell.value = text
    if bold or font:
        cell.font = Font(bold=bold, name=font or "Calibri")
    if faulty:
        cell.fill = PatternFill("solid", start_color=_FAULTY)
    if is_formula_like:
        cell.data_type = "s"
        cell.quotePrefix = True  # so that it stays text when somebody edits the cell
    if isinstance(text, date):
        cell.number_format = "dd/mm/yyyy"
    return cell


def _dress_head(page: "Worksheet", column: int, head: heads.Head) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    cell = page.cell(row=1, column=column, value=head.name)
    cell.font = Font(bold=head.required)
    cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    cell.fill = PatternFill("solid", start_color="FFE9F0F7" if head.required else "FFF5F5F5")
    dimension = page.column_dimensions[get_column_letter(column)]
    dimension.width = head.width
    # Text format keeps "12/2023" of a decision's number from becoming a date.
    dimension.number_format = {heads.NUMBER: "0", heads.BIRTH_DATE: "dd/mm/yyyy"}.get(head.name, "@")


def _offer(first: "Worksheet", lists: "Worksheet", *, place: int, head: str, values: Sequence[str]) -> None:
    """A drop-down list for one column, its values on the hidden sheet (a list within the rule ends at 255 characters)."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    lists.cell(row=1, column=place, value=head)
    for row, value in enumerate(values, start=2):
        lists.cell(row=row, column=place, value=value)
    source = get_column_letter(place)
    rule = DataValidation(
        type="list",
        formula1=f"'{LISTS_SHEET}'!${source}$2:${source}${max(2, len(values) + 1)}",
        allow_blank=True,
        showErrorMessage=True,
        # A warning, not a stop: abbreviations and other accepted words may be typed.
        errorStyle="warning",
        errorTitle="Không có trong danh mục",
        error="Giá trị này không có trong danh sách chọn. Hãy kiểm tra lại.",
    )
    target = get_column_letter(1 + [known.name for known in heads.HEADS].index(head))
    rule.add(f"{target}2:{target}{LAST_LISTED_ROW}")
    first.add_data_validation(rule)


def _write_guide(page: "Worksheet", catalogue: Sequence[reading.AwardName]) -> None:
    from openpyxl.styles import Alignment, Font

    page.column_dimensions["A"].width = 110
    lines = [*_GUIDE, ("Danh hiệu thi đua, hình thức khen thưởng trong danh mục", True)]
    for award in catalogue:
        kinds = ", ".join(name for key, name in heads.KIND_NAMES.items() if key in award.kinds)
        note = f" — {award.level_note}" if award.level_note else ""
        lines.append((f"{award.name} ({kinds}){note}", False))
    for row, (line, bold) in enumerate(lines, start=1):
        cell = page.cell(row=row, column=1, value=line)
        cell.font = Font(bold=bold)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
