"""Workbooks that go out come back in without an error, and open in the usual programs."""

from datetime import date

import openpyxl
import pytest

from operations.unit_proposal.workbook import heads, reading, writing
from rules.refusal import Unreadable
from tests.operations.unit_proposal.workbook import building
from tests.operations.unit_proposal.workbook.building import CATALOGUE, HEADER, ONE, PERSON, brief

NAMES = [head.name for head in heads.HEADS]


def test_the_template_filled_in_is_imported_without_an_error(tmp_path):
    path = tmp_path / "mau.xlsx"
    writing.template(path, catalogue=CATALOGUE)
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    filled = 0
    for award in CATALOGUE:
        for kind in sorted(award.kinds):
            filled += 1
            values = {
                "STT": filled,
                heads.NAME: f"Hộ hoặc người thứ {filled}",
                heads.KIND: heads.KIND_WORDS[kind],
                heads.AWARD: award.name,
                heads.RATING: "Hoàn thành tốt nhiệm vụ",
                heads.GENDER: "Nữ",
                heads.BIRTH_DATE: date(1990, 1, 31),
                heads.EMAIL: "a@example.vn",
                heads.ATTACHMENTS: "Báo cáo",
            }
            for name, value in values.items():
                page.cell(row=1 + filled, column=1 + NAMES.index(name), value=value)
    book.save(path)
    workbook = reading.read(path, catalogue=CATALOGUE)
    assert (workbook.row_count, len(workbook.rows), workbook.errors, workbook.warnings) == (filled, filled, (), ())
    assert {line.birth_date for line in workbook.rows} == {date(1990, 1, 31)}


def test_an_empty_template_has_no_rows_and_no_errors(tmp_path):
    path = tmp_path / "mau.xlsx"
    writing.template(path, catalogue=CATALOGUE)
    workbook = reading.read(path, catalogue=CATALOGUE)
    assert (workbook.row_count, workbook.errors) == (0, ())


def test_the_template_shows_heads_lists_and_guide(tmp_path):
    path = tmp_path / "mau.xlsx"
    writing.template(path, catalogue=CATALOGUE)
    book = openpyxl.load_workbook(path)
    first, guide, lists = book.worksheets
    assert [cell.value for cell in first[1]] == NAMES
    assert [cell.value for cell in first[1] if cell.font.b] == list(heads.REQUIRED)
    assert first.freeze_panes == "A2"
    assert (guide.title, lists.title, lists.sheet_state) == ("Hướng dẫn", "Danh mục", "hidden")
    offered = {}
    for rule in first.data_validations.dataValidation:
        source = rule.formula1.partition("!")[2].replace("$", "")
        head = first[f"{str(rule.sqref).split(':')[0].rstrip('2')}1"].value
        offered[head] = [cell.value for (cell,) in lists[source]]
    assert offered == {
        heads.KIND: list(heads.KIND_WORDS.values()),
        heads.AWARD: [award.name for award in CATALOGUE],
        heads.RATING: list(heads.RATING_WORDS.values()),
        heads.GENDER: ["Nam", "Nữ"],
    }
    assert guide["A1"].value == "Cách điền"


def test_a_list_written_in_bulk_comes_back_whole(tmp_path):
    path = tmp_path / "danh-sach.xlsx"
    rows = [
        {"STT": n, heads.NAME: f"Lý {n}", heads.KIND: PERSON, heads.AWARD: "LĐTT", heads.BIRTH_DATE: date(1980, 1, 1)}
        for n in range(1, 2690)
    ]
    writing.write(path, iter(rows))
    workbook = reading.read(path, catalogue=CATALOGUE)
    assert (workbook.errors, workbook.warnings) == ((), ())
    assert [(line.name, line.birth_date) for line in workbook.rows] == [
        (row[heads.NAME], date(1980, 1, 1)) for row in rows
    ]


def test_text_after_an_equals_sign_is_written_as_text(tmp_path):
    path = tmp_path / "danh-sach.xlsx"
    row = dict(zip(HEADER, ONE, strict=True)) | {"Thành tích": "=HYPERLINK(1)"}
    writing.write(path, [row, {**row, heads.NAME: "=1+1"}])
    page = openpyxl.load_workbook(path).worksheets[0]
    cell = page.cell(row=2, column=1 + NAMES.index("Thành tích"))
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=HYPERLINK(1)", "s", True)
    workbook = reading.read(path, catalogue=CATALOGUE)
    assert [line.achievement for line in workbook.rows] == ["=HYPERLINK(1)"]
    assert brief(workbook.errors) == [(3, heads.NAME, "formula")]


def test_a_key_that_is_no_head_is_a_mistake(tmp_path):
    with pytest.raises(KeyError, match="Tuổi"):
        writing.write(tmp_path / "danh-sach.xlsx", [{"Tuổi": 3}])


def test_rows_with_errors_are_written_with_their_reasons_and_can_be_mended(tmp_path):
    header = ["Ngày sinh", "Ghi chú", *HEADER]
    lines = [
        ["", "x", *ONE],
        ["31/02/2024", "", "Lý\u00a0A", PERSON, "LĐTT"],
        ["", "", "Lý _x0007_ B", "nhóm", "LĐTT"],
        ["", "", "NguyÔn V¨n Hïng", PERSON, "=LĐTT"],
    ]
    styled = building.styles((".VnTime", "General"))
    source = building.save(tmp_path, building.parts(building.table(*lines, header=header), styled=styled))
    workbook = reading.read(source, catalogue=CATALOGUE)
    target = tmp_path / "loi.xlsx"
    writing.bad_rows(target, workbook, source)
    page = openpyxl.load_workbook(target).worksheets[0]
    cells = [[cell.value for cell in line] for line in page.iter_rows()]
    assert [line[:4] for line in cells] == [
        ["Ngày sinh", *HEADER],
        ["31/02/2024", "Lý\u00a0A", PERSON, "LĐTT"],
        [None, "Lý \ufffd B", "nhóm", "LĐTT"],
        [None, "NguyÔn V¨n Hïng", PERSON, "=LĐTT"],
    ]
    assert [line[4] for line in cells] == ["Dòng trong tệp gốc", 3, 4, 5]
    assert cells[0][5] == "Lỗi"
    assert cells[1][5].startswith("Ngày sinh: “31/02/2024” không phải là ngày có thật.")
    assert cells[2][5].count("\n") == 1
    red = [[cell.column for cell in line if cell.fill.fill_type == "solid"] for line in page.iter_rows()]
    columns = {name: place for place, name in enumerate(cells[0], start=1)}
    assert red == [[]] + [
        sorted({columns[column] for row, column, _ in brief(workbook.errors) if row == number}) for number in (3, 4, 5)
    ]
    again = reading.read(target, catalogue=CATALOGUE)
    assert brief(again.errors) == [
        (number - 1, column, code) for number, column, code in brief(workbook.errors) if number > 2
    ]


def test_the_file_of_bad_rows_mended_as_it_is_goes_through(tmp_path):
    lines = [ONE, ["Lý A", PERSON, "LĐTTT"], ["Lý B", PERSON, "LĐTT"], ["Lý C", PERSON, "LĐTT"]]
    source = building.save(tmp_path, building.parts(building.table(*lines)))
    workbook = reading.read(source, catalogue=CATALOGUE)
    known = {"row": 4, "column": heads.NAME, "code": "duplicate_row", "message": "đã được đề nghị trong đợt."}
    target = tmp_path / "loi.xlsx"
    writing.bad_rows(target, workbook, source, further=[known])
    book = openpyxl.load_workbook(target)
    page = book.worksheets[0]
    cells = [[cell.value for cell in line] for line in page.iter_rows()]
    assert [line[0] for line in cells[1:]] == ["Lý A", "Lý B"]
    assert cells[2][-1] == f"{heads.NAME}: đã được đề nghị trong đợt."
    assert cells[1][-1].startswith(f"{heads.AWARD}: Không có “LĐTTT” trong danh mục.")
    page.cell(row=2, column=1 + [cell.value for cell in page[1]].index(heads.AWARD), value="LĐTT")
    page.cell(row=3, column=1, value="Lý B bản Mới")
    book.save(target)
    mended = reading.read(target, catalogue=CATALOGUE)
    assert (mended.errors, mended.warnings, [line.name for line in mended.rows]) == ((), (), ["Lý A", "Lý B bản Mới"])


def test_a_missing_value_is_shown_as_an_empty_cell_in_colour(tmp_path):
    source = building.save(tmp_path, building.parts(building.table(ONE, ["", PERSON, "LĐTT"], ["Lý B", "", ""])))
    target = tmp_path / "loi.xlsx"
    writing.bad_rows(target, reading.read(source, catalogue=CATALOGUE), source)
    page = openpyxl.load_workbook(target).worksheets[0]
    marked = [
        (cell.row, page.cell(row=1, column=cell.column).value, cell.value)
        for line in page.iter_rows()
        for cell in line
        if cell.fill.fill_type == "solid"
    ]
    assert marked == [(2, heads.NAME, None), (3, heads.KIND, None), (3, heads.AWARD, None)]
    again = reading.read(target, catalogue=CATALOGUE)  # handed in without being mended: as wrong as before
    assert [number for number, _, _ in brief(again.errors)] == [2, 3, 3]


def test_rows_of_a_file_that_has_changed_are_not_written(tmp_path):
    source = building.save(tmp_path, building.parts(building.table(["", PERSON, "LĐTT"])))
    workbook = reading.read(source, catalogue=CATALOGUE)
    building.save(tmp_path, building.parts(building.table(ONE)))
    with pytest.raises(Unreadable) as refused:
        writing.bad_rows(tmp_path / "loi.xlsx", workbook, source)
    assert refused.value.code == "source_changed"
    assert not (tmp_path / "loi.xlsx").exists()
