"""A list as an office prints it: titles above the heads, sections, a total, place and day, signatures below."""

import pytest

from operations.unit_proposal.workbook import heads
from rules.refusal import Unreadable
from tests.operations.unit_proposal.workbook import building
from tests.operations.unit_proposal.workbook.test_workbook_reading import LDTT, PERSON, read, table

HEADER = ["STT", "Tên gọi (Ông/Bà/Chức danh)", heads.NAME, "Chức vụ", heads.KIND, heads.AWARD]
PEOPLE = [["1", "Ông", "Lường Văn Kiên", "Giáo viên", PERSON, LDTT], ["2", "Bà", "Hạng Thị Yến", "", PERSON, LDTT]]


def sheet_of(*lines: list[str], above: tuple[list[str], ...] = ()) -> str:
    return building.sheet("".join(building.row(n, line) for n, line in enumerate([*above, HEADER, *lines], 1) if line))


@pytest.mark.parametrize("above", range(15))
def test_the_heads_stand_in_one_of_the_first_fifteen_rows(tmp_path, above):
    titles = tuple([f"ỦY BAN NHÂN DÂN XÃ, dòng {n}"] for n in range(above))
    workbook = read(tmp_path, sheet_of(*PEOPLE, above=titles))
    assert [(line.row, line.name) for line in workbook.rows] == [
        (above + 2, "Lường Văn Kiên"),
        (above + 3, "Hạng Thị Yến"),
    ]
    assert workbook.errors == ()


def test_heads_further_down_are_not_looked_for(tmp_path):
    with pytest.raises(Unreadable) as refused:
        read(tmp_path, sheet_of(*PEOPLE, above=tuple([f"dòng {n}"] for n in range(15))))
    assert refused.value.code == "header_missing"


PASSED_OVER = {
    "tên mục": (["I", "Tập thể"], ["", "", "I. TẬP THỂ"], ["", "", "II. CÁ NHÂN:"], ["A", "Khối trường học"], ["", "", "1. Tập thể"],
                ["III", "", "Hộ gia đình (02)"], ["", "Cá nhân"], ["", "", "B. Danh hiệu Lao động tiên tiến"], ["b)", "", "cá nhân"]),
    "tổng cộng": (["", "Tổng cộng: 03"], ["", "", "TỔNG SỐ", "03"], ["", "", "Cộng: 2 cá nhân"], ["", "", "Danh sách này gồm 02 cá nhân"],
                  ["Tổng cộng"], ["", "", "Ấn định danh sách: 02 người"]),
    "ngày tháng": (["", "", "", "", "", "Nậm Pục, ngày 04 tháng 11 năm 2024"], ["", "", "Nậm Pục, ngày   tháng   năm 2024"]),
    "chữ ký": (["", "NGƯỜI LẬP BIỂU", "", "", "", "CHỦ TỊCH"], ["", "", ["TM", "ỦY BAN NHÂN DÂN"][0] + "."], ["", "", "Thủ trưởng đơn vị"],
               ["", "", "(Ký, ghi rõ họ tên)"], ["", "", "Nơi nhận:"]),
}  # fmt: skip


@pytest.mark.parametrize(("what", "line"), [(what, line) for what, lines in PASSED_OVER.items() for line in lines])
def test_a_line_that_is_no_record_is_told_and_hurts_nobody(tmp_path, what, line):
    workbook = read(tmp_path, sheet_of(*PEOPLE, line))
    if line == ["Tổng cộng"]:  # the running number alone: an empty row
        assert workbook.warnings == ()
    else:
        (warning,) = workbook.warnings
        assert (warning["code"], warning["row"]) == ("not_a_record", 4)
        assert f"dòng 4 ({what})" in warning["message"]
    assert (len(workbook.rows), workbook.row_count, workbook.errors) == (2, 2, ())


def test_sections_stand_between_records_and_what_follows_the_last_is_the_foot(tmp_path):
    workbook = read(
        tmp_path,
        sheet_of(["I", "Tập thể"], PEOPLE[0], ["II", "Cá nhân"], PEOPLE[1], ["", "Tổng cộng: 02"],
                 ["", "", "", "", "", "Nậm Pục, ngày 04 tháng 11 năm 2024"], ["", "NGƯỜI LẬP", "", "", "", "CHỦ TỊCH"],
                 ["", "Mùa Thị Oanh", "", "", "", "Tẩn A Lâm"]),
    )  # fmt: skip
    (warning,) = workbook.warnings
    assert [word in warning["message"] for word in ("dòng 2 (", "dòng 4 (", "dòng 6 (", "dòng 9 (chữ ký)")] == [
        True
    ] * 4
    assert (len(workbook.rows), workbook.errors) == (2, ())


@pytest.mark.parametrize(
    "line",
    [["3", "Ông", "Lý A Sử"], ["3", "", "Lý A Sử", "", PERSON], ["3", "Ông", "", "Giáo viên", PERSON, LDTT],
     ["3", "", "Lý A Sử", "", "", LDTT], ["", "", "I. Lý A Sử", "Giáo viên", PERSON], ["3", "", "Tập thể", "", PERSON, LDTT]],
)  # fmt: skip
def test_a_faulty_record_is_no_section(tmp_path, line):
    """Somebody is proposed here, badly: the row's errors are told, nothing is passed over in silence."""
    workbook = read(tmp_path, sheet_of(*PEOPLE, line))
    assert [warning["code"] for warning in workbook.warnings] == []
    assert {error["row"] for error in workbook.errors} | {row.row for row in workbook.rows if row.row == 4} == {4}


def test_a_record_after_a_total_is_still_a_record(tmp_path):
    workbook = read(tmp_path, sheet_of(PEOPLE[0], ["", "Tổng cộng: 01"], PEOPLE[1], ["3", "", "Lý A Sử"]))
    assert [row.name for row in workbook.rows] == ["Lường Văn Kiên", "Hạng Thị Yến"]
    assert {error["row"] for error in workbook.errors} == {5}


def test_a_merged_title_above_the_heads_is_no_fault(tmp_path):
    merged = '<mergeCells><mergeCell ref="A1:F1"/><mergeCell ref="A2:F2"/></mergeCells>'
    lines = [["ỦY BAN NHÂN DÂN XÃ NẬM PỤC"], ["DANH SÁCH ĐỀ NGHỊ KHEN THƯỞNG NĂM 2024"], HEADER, *PEOPLE]
    workbook = read(tmp_path, table(*lines[1:], header=lines[0], after=merged))
    assert (len(workbook.rows), workbook.errors) == (2, ())
