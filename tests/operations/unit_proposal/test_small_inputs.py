"""Small inputs that real use brings, each with what a user expects; each stands for a kind."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from operations.unit_proposal import intake
from operations.unit_proposal.proposal import RowErrors
from operations.views import timeline

HEADS = ("STT", "Tên gọi (Ông/Bà/Chức danh)", "Tên tập thể/cá nhân/hộ gia đình", "Chức vụ", "Đơn vị công tác",
         "Phân loại khen thưởng", "Danh hiệu thi đua/Hình thức khen thưởng", "Phân loại đối tượng", "Lĩnh vực hoạt động",
         "Xếp loại")  # fmt: skip
UNIT, ONE, LDTT, GOOD = "UBND xã Nậm Pục", "Khen thưởng cá nhân", "Lao động tiên tiến", "Hoàn thành tốt nhiệm vụ"
SCHOOL = (1, None, "Trường Tiểu học số 9", None, UNIT, "Khen thưởng tập thể", "Tập thể lao động tiên tiến", None, None)
KIEN = (1, "Ông", "Lường Văn Kiên", "Giáo viên", UNIT, ONE, LDTT, None, None)
YEN = (2, "Bà", "Hạng Thị Yến", "Kế toán", UNIT, ONE, LDTT, None, None)
FOOT = [
    (None, "Tổng cộng: 03"), (), (None,) * 6 + ("Nậm Pục, ngày 04 tháng 11 năm 2024",),
    (None, "NGƯỜI LẬP BIỂU", None, None, None, None, "CHỦ TỊCH"), (), (None, "Mùa Thị Oanh", None, None, None, None, "Tẩn A Lâm"),
]  # fmt: skip


def person(
    number: int, name: str, position: str, *further: Any, title: str = "Ông", place: str = UNIT
) -> tuple[Any, ...]:
    return (number, title, name, position, place, ONE, LDTT, None, None, GOOD, *further)


class Desk:
    """A unit's officer who hands in lists."""

    def __init__(self, office: Any, folder: Path) -> None:
        self.office, self.folder, self.round, self.files = office, folder, office.open_round(), 0

    def hand_in(self, rows: list[Any], *, round_: Any = None) -> dict[str, Any]:
        self.files += 1
        path = self.folder / f"{self.files}.xlsx"
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(list(row))
        book.save(path)
        read, office = intake.read(path), self.office
        try:
            found = office.act(
                intake.store, read, path, keep=lambda _: None, submit=True, round_code=(round_ or self.round).code,
                unit_code="XA01", actor=office.officer("XA01"), now=office.now,
            )  # fmt: skip
        except RowErrors as only:
            found = only.checked
        return intake.answer(read, found)

    def errors(self, rows: list[Any]) -> list[tuple[int, str, str]]:
        """What is wrong with a list of which nothing may be kept."""
        before = self.office.one("SELECT count(*) FROM nomination")
        answer = self.hand_in(rows)
        assert (answer["committed"], self.office.one("SELECT count(*) FROM nomination")) == (False, before)
        return [(one["row"], one["code"], one["message"]) for one in answer["errors"]]


@pytest.fixture
def desk(small_office: Any, tmp_path: Path) -> Desk:
    return Desk(small_office, tmp_path)


def test_somebody_promoted_says_so_this_time_and_not_the_last(desk: Desk) -> None:
    heads = (*HEADS, "Ngày sinh", "Thư điện tử", "Dân tộc")
    school = "Trường THCS Nậm Pục"
    then = person(1, "Hạng Thị Ánh", "Giáo viên", "03/04/1989", "anh.cu@xa.example.vn", title="Bà", place=school)
    now = person(
        1, "Hạng Thị Ánh", "Phó Hiệu trưởng", "03/04/1989", "anh.moi@xa.example.vn", "Mông", title="Bà", place=school
    )
    codes = [
        *desk.hand_in([heads[:-1], then])["codes"],
        *desk.hand_in([heads, now], round_=desk.office.open_round(year=2025, title="Năm sau"))["codes"],
    ]
    said = [desk.office.look(timeline.of_nomination, code, actor=None)["nominee"] for code in codes]
    assert [(one["position"], one["email"], one["workplace"], one["ethnicity"]) for one in said] == [
        ("Giáo viên", "anh.cu@xa.example.vn", school, None), ("Phó Hiệu trưởng", "anh.moi@xa.example.vn", school, "Mông")
    ]  # fmt: skip
    assert desk.office.one("SELECT count(*) FROM nominee") == 1


def test_another_spelling_the_next_day_is_asked_about_and_the_answer_ends_it(desk: Desk) -> None:
    assert desk.hand_in([HEADS, person(1, "Lò Thị Thuý", "Văn thư", title="Bà")])["committed"]
    row = person(1, "Lò Thị Thúy", "Văn thư", title="Bà")
    ((at, code, message),) = desk.errors([HEADS, row])
    assert (at, code, "Người khác" in message) == (2, "duplicate_row", True)
    assert desk.hand_in([(*HEADS, "Trùng tên"), (*row, "Người khác")])["committed"]
    assert desk.office.one("SELECT count(*) FROM nominee") == 2


def test_two_people_of_one_name_and_birthday_can_both_be_proposed(desk: Desk) -> None:
    heads = (*HEADS, "Ngày sinh", "Trùng tên")
    rows = [
        person(1, "Giàng A Páo", "Giáo viên Trường THCS", "01/01/1985"), person(2, "Giàng A Páo", "Y sĩ Trạm Y tế", "01/01/1985"),
        person(3, "Lò Thị Mẩy", "Văn thư", "02/03/1990", title="Bà"),
    ]  # fmt: skip
    ((at, code, message),) = desk.errors([heads, *rows])
    assert (at, code, "Người khác" in message) == (3, "duplicate_row", True)
    assert desk.hand_in([heads, rows[0], (*rows[1], "Người khác"), rows[2]])["accepted"] == 3
    assert desk.office.rows("SELECT position FROM nomination WHERE name = 'Giàng A Páo' ORDER BY id") == [
        ("Giáo viên Trường THCS",), ("Y sĩ Trạm Y tế",)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("born", "told"),
    [
        ("05/06/2058", "05/06/1958"), ("27/06/1905", "119 tuổi"), (date(1905, 6, 7), "năm sinh 1985"),
        (date(2058, 6, 5), "05/06/1958"), ("1980", "để trống"), (1980, "để trống"), ("05/06/80", "05/06/1980"),
        ("6/1980", "để trống"), ("00/00/1980", "để trống"), ("không rõ", "để trống"),
    ],
)  # fmt: skip
def test_a_birth_that_cannot_be_is_told_with_what_to_write(desk: Desk, born: Any, told: str) -> None:
    ((at, code, message),) = desk.errors([(*HEADS, "Ngày sinh"), person(1, "Quàng Văn Hạnh", "Giáo viên", born)])
    assert (at, code, told in message) == (2, "bad_date", True)


def test_nobody_is_born_on_the_day_of_filing_or_shortly_before(desk: Desk) -> None:
    for days in (0, 3):
        born = f"{desk.office.now - timedelta(days=days):%d/%m/%Y}"
        assert [
            one[1] for one in desk.errors([(*HEADS, "Ngày sinh"), person(1, "Quàng Văn Minh", "Giáo viên", born)])
        ] == ["bad_date"]


@pytest.mark.parametrize(
    "rows",
    [
        [("ỦY BAN NHÂN DÂN XÃ NẬM PỤC",), ("DANH SÁCH ĐỀ NGHỊ KHEN THƯỞNG NĂM 2024",), (), HEADS[:9], ("I", "Tập thể"), SCHOOL,
         ("II", "Cá nhân"), KIEN, YEN, *FOOT],
        [HEADS[:9], ("I", "Tập thể"), SCHOOL, ("II", "Cá nhân"), KIEN, YEN, *FOOT],
        [HEADS[:9], (None, None, "I. TẬP THỂ"), SCHOOL, (None, None, "II. CÁ NHÂN"), KIEN, YEN],
    ],
    ids=["titles above", "sections, total, signature", "sections in the name's column"],
)  # fmt: skip
def test_a_list_as_it_is_printed_is_read(desk: Desk, rows: list[Any]) -> None:
    answer = desk.hand_in(rows)
    assert (answer["accepted"], answer["errors"], [one["code"] for one in answer["warnings"]]) == (
        3,
        [],
        ["not_a_record"],
    )
    assert desk.office.rows("SELECT name FROM nomination ORDER BY id") == [
        ("Trường Tiểu học số 9",), ("Lường Văn Kiên",), ("Hạng Thị Yến",)
    ]  # fmt: skip


def test_an_address_that_no_letter_reaches_is_found_when_it_is_typed(desk: Desk) -> None:
    heads = (*HEADS, "Thư điện tử")
    good = [
        person(1, "Y Ƀhiăn Niê", "Giáo viên", "bhian@tiếngviệt.vn"), person(2, "Rơ Ơ̆r Bhĭp", "Kế toán", "bhip+khenthuong@xa.example.vn"),
        person(3, "Đặng Văn Ạnh", "Giáo viên", None),
    ]  # fmt: skip
    ((at, _, message),) = desk.errors(
        [heads, *good, person(4, "H'Bŭk Êban", "Y sĩ", "lò.thị.búk@xa.example.vn", title="Bà")]
    )
    assert (at, "viết không dấu" in message) == (5, True)
    desk.hand_in([heads, *good])
    assert desk.office.rows("SELECT email FROM nomination ORDER BY id") == [
        ("bhian@xn--tingvit-5t4cyc.vn",), ("bhip+khenthuong@xa.example.vn",), (None,)
    ]  # fmt: skip
