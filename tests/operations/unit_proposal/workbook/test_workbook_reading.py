"""What rows of a workbook mean, and which of them are errors or warnings."""

from datetime import date

import pytest

from operations.unit_proposal.workbook import heads, reading
from tests.operations.unit_proposal.workbook import building
from tests.operations.unit_proposal.workbook.building import (
    HEADER,
    MAIN,
    ONE,
    PERSON,
    brief,
    cell,
    read,
    row,
    sheet,
    table,
)

NAME, KIND, AWARD = HEADER
GROUP = "Khen thưởng tập thể"
LDTT = "Lao động tiên tiến"
ALL = [head.name for head in heads.HEADS]


def names(workbook: reading.Workbook) -> list[str]:
    return [line.name for line in workbook.rows]


def full(**values: str) -> list[str]:
    """A row over all heads, by field."""
    given = {"name": ONE[0], "kind": PERSON, "award": LDTT, **values}
    return [given.get(head.field, "") for head in heads.HEADS]


def test_a_full_row_is_read_into_every_field(tmp_path):
    values = {
        "honorific": "Ông",
        "title": "Giáo viên",
        "workplace": "Trường Tiểu học số 1",
        "object_class": "Viên chức",
        "field": "Giáo dục",
        "achievement": "Dạy giỏi\n  Chủ nhiệm  lớp",
        "rating": "hoàn thành xuất sắc nhiệm vụ",
        "initiative": "Học qua trò chơi",
        "gender": "nam",
        "ethnicity": "Mông",
        "birth_date": "5/9/1985",
        "prior_decision": "12/QĐ-UBND",
        "email": "pao@example.vn",
        "attachments": "Báo cáo thành tích; Giấy xác nhận;",
    }
    workbook = read(tmp_path, table(full(**values), header=ALL))
    assert workbook.errors == workbook.warnings == ()
    assert workbook.rows == (
        reading.Row(
            row=2,
            name="Giàng A Páo",
            kind="individual",
            award="LDTT",
            honorific="Ông",
            title="Giáo viên",
            workplace="Trường Tiểu học số 1",
            object_class="Viên chức",
            field="Giáo dục",
            achievement="Dạy giỏi\nChủ nhiệm lớp",
            rating="HTXSNV",
            initiative="Học qua trò chơi",
            gender="Nam",
            ethnicity="Mông",
            birth_date=date(1985, 9, 5),
            prior_decision="12/QĐ-UBND",
            email="pao@example.vn",
            attachments=("Báo cáo thành tích", "Giấy xác nhận"),
        ),
    )


def test_names_of_all_peoples_are_names(tmp_path):
    given = [
        "H'Hen Niê",
        "Y Blih",
        "Giàng A Páo",
        "Thào",
        "lò thị mỷ",
        "Kpă Klơng",
        "K’Bội",
        "Ksor H’Bê",
        "Tổ 3",
        "Êban",
    ]
    workbook = read(tmp_path, table(*((name, "cá nhân", "LĐTT") for name in given)))
    assert (names(workbook), workbook.errors, workbook.warnings) == (given, (), ())


def test_heads_match_in_any_order_case_space_and_composition(tmp_path):
    header = [
        "Ghi chú",
        AWARD.upper(),
        "tên  tập\u00a0thể/cá nhân/ hộ gia đình ",
        "Pha\u0302n loại\nkhen thưởng",
        "Ghi chú",
    ]
    workbook = read(tmp_path, table(["bỏ qua", LDTT, "Lý Mẩy", PERSON], header=header))
    assert (names(workbook), workbook.warnings) == (["Lý Mẩy"], ())


@pytest.mark.parametrize(
    ("written", "kind", "award"),
    [
        ("LAO ĐỘNG  TIÊN TIẾN", "individual", "LDTT"),
        ("ldtt", "individual", "LDTT"),
        ("CSTĐ cơ sở", "individual", "CSTDCS"),
        ("Thôn, tổ dân phố văn hoá", "collective", "THON_VH"),
        ("Giấy khen", "household", "GK_HUYEN"),
        ("Bằng khen của UBND tỉnh", "enterprise", "BK_TINH"),
    ],
)
def test_awards_match_by_name_alias_and_abbreviation(tmp_path, written, kind, award):
    workbook = read(tmp_path, table(["Bản Lang", heads.KIND_NAMES[kind], written]))
    assert [(line.kind, line.award) for line in workbook.rows] == [(kind, award)]


def test_of_awards_sharing_an_alias_the_one_for_this_kind_is_taken():
    catalogue = (
        reading.AwardName("A", "Giấy khen cá nhân", ("Giấy khen",), frozenset({"individual"})),
        reading.AwardName("B", "Giấy khen tập thể", ("Giấy khen",), frozenset({"collective"})),
    )
    known = reading._Catalogue(catalogue)
    found = {kind: [award.id for award in known.find("giấy khen", kind=kind)] for kind in heads.KIND_NAMES}
    assert found == {"individual": ["A"], "collective": ["B"], "household": ["A", "B"], "enterprise": ["A", "B"]}


def test_what_fits_two_awards_is_asked_back(tmp_path):
    (error,) = read(tmp_path, table(["Lý Mẩy", PERSON, "Chiến sĩ thi đua"])).errors
    assert (error["code"], error["message"]) == (
        "unknown_award",
        "“Chiến sĩ thi đua” có thể là “Chiến sĩ thi đua cơ sở”, “Chiến sĩ thi đua cấp tỉnh”. Hãy ghi rõ tên nào.",
    )


def test_an_unknown_award_names_the_three_nearest(tmp_path):
    workbook = read(tmp_path, table(["Lý Mẩy", PERSON, "Chien si thi dua co so"]))
    assert workbook.errors == (
        {
            "row": 2,
            "column": AWARD,
            "code": "unknown_award",
            "message": "Không có “Chien si thi dua co so” trong danh mục. Tên gần nhất: “Chiến sĩ thi đua cơ sở”, "
            "“Chiến sĩ thi đua cấp tỉnh”, “Cờ thi đua của tỉnh”.",
        },
    )


def test_each_row_error_has_its_code_row_and_column(tmp_path):
    lines = [
        ["", PERSON, LDTT],
        ["Lý Mẩy", "", LDTT],
        ["Lý Mẩy", PERSON, ""],
        ["Lý Mẩy", PERSON, "Anh hùng"],
        ["Lý Mẩy", "Khen thưởng nhóm", LDTT],
        ["Trạm Y tế", GROUP, LDTT],
        ["12-3 / 4", PERSON, LDTT],
        ["=A1", PERSON, LDTT],
        ['<c r="A10"><v>42</v></c>', PERSON, LDTT],
        ['<c r="A11" t="b"><v>1</v></c>', PERSON, LDTT],
        ['<c r="A12" t="str"><f>B1</f><v>Lý Mẩy</v></c>', PERSON, LDTT],
        ['<c r="A13"><f>B1</f><v></v></c>', PERSON, LDTT],
        ["Lý Mẩy", PERSON, '<c r="C14"><f>B1</f></c>'],
        ["Lý Mẩy", PERSON, '<c r="C15" t="e"><f>B1</f><v>#REF!</v></c>'],
        ["Lý _x0007_ Mẩy", PERSON, LDTT],
        ["Lý \ufffd Mẩy", PERSON, LDTT],
        ["Lý" * 101, PERSON, LDTT],
    ]
    workbook = read(tmp_path, table(*lines))
    assert brief(workbook.errors) == [
        (2, NAME, "missing_value"),
        (3, KIND, "missing_value"),
        (4, AWARD, "missing_value"),
        (5, AWARD, "unknown_award"),
        (6, KIND, "wrong_kind"),
        (7, KIND, "wrong_kind"),
        (8, NAME, "not_a_name"),
        (9, NAME, "formula"),
        (10, NAME, "not_a_name"),
        (11, NAME, "not_a_name"),
        (12, NAME, "formula"),
        (13, NAME, "formula"),
        (14, AWARD, "formula"),
        (15, AWARD, "formula"),
        (16, NAME, "control_characters"),
        (17, NAME, "control_characters"),
        (18, NAME, "too_long"),
    ]
    assert (workbook.rows, workbook.row_count) == ((), 17)


def test_optional_cells_are_checked_too(tmp_path):
    lines = [
        full(name="Lý A", achievement="x" * 2001),
        full(name="Lý B", rating="Xuất sắc"),
        full(name="Lý C", email="pao tại example.vn"),
        full(name="Lý D", achievement="x" * 2000, rating="httnv", gender="nữ"),
    ]
    workbook = read(tmp_path, table(*lines, header=ALL))
    assert brief(workbook.errors) == [
        (2, "Thành tích", "too_long"),
        (3, "Xếp loại", "missing_value"),
        (4, "Thư điện tử", "missing_value"),
    ]
    assert [(line.name, line.rating, line.gender) for line in workbook.rows] == [("Lý D", "HTTNV", "Nữ")]


def test_dates_as_cells_and_as_text(tmp_path):
    styled = building.styles(("Arial", "General"), ("Arial", 'dd"ngày"/mm/yyyy'), ("Arial", "[Red]0.0"))
    written = {
        "Lý A": ("05/09/1985", date(1985, 9, 5)),
        "Lý B": ("1985-09-05", date(1985, 9, 5)),
        "Lý C": ("<c r='B4' s='1'><v>31295</v></c>", date(1985, 9, 5)),
        "Lý D": ("<c r='B5' t='d'><v>1985-09-05T00:00:00</v></c>", date(1985, 9, 5)),
        "Lý E": ("<c r='B6' s='1'><v>59</v></c>", date(1900, 2, 28)),
        "Lý F": ("<c r='B7' s='1'><v>61</v></c>", date(1900, 3, 1)),
        "Lý G": ("31/02/2024", None),
        "Lý H": ("01/01/2101", None),
        "Lý I": ("31/12/1899", None),
        "Lý K": ("1985", None),
        "Lý L": ("<c r='B12'><v>1985</v></c>", None),
        "Lý M": ("<c r='B13' s='1'><v>60</v></c>", None),
        "Lý N": ("<c r='B14' s='2'><v>31295</v></c>", None),
        "Lý O": ("<c r='B15' s='1'><v>-3</v></c>", None),
        "Lý P": ("hôm qua", None),
    }
    lines = [[name, day, PERSON, LDTT] for name, (day, _) in written.items()]
    workbook = read(tmp_path, table(*lines, header=[NAME, "Ngày sinh", KIND, AWARD]), styled=styled)
    assert {line.name: line.birth_date for line in workbook.rows} == {n: day for n, (_, day) in written.items() if day}
    assert brief(workbook.errors) == [(number, "Ngày sinh", "bad_date") for number in range(8, 17)]


def test_dates_of_the_1904_calendar(tmp_path):
    xml = table([*ONE, "<c r='D2' s='0'><v>29833</v></c>"], header=[*HEADER, "Ngày sinh"])
    made = building.parts(xml, styled=building.styles(("Arial", "yyyy")))
    book = made["xl/workbook.xml"]
    assert isinstance(book, str)
    made["xl/workbook.xml"] = book.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    workbook = reading.read(building.save(tmp_path, made), catalogue=building.CATALOGUE)
    assert [line.birth_date for line in workbook.rows] == [date(1985, 9, 5)]


def test_numbers_dates_and_booleans_in_text_columns_are_shown_as_people_see_them(tmp_path):
    lines = [
        [*ONE, '<c r="D2"><v>123</v></c>'],
        ["Lý A", *ONE[1:], '<c r="D3" s="1"><v>45646</v></c>'],
        ["Lý B", *ONE[1:], '<c r="D4"><v>1.5E0</v></c>'],
        ["Lý C", *ONE[1:], '<c r="D5" t="str"><f>"12"&amp;"/QĐ"</f><v>12/QĐ</v></c>'],
    ]
    styled = building.styles(("Arial", "General"), ("Arial", "m/d/yy"))
    workbook = read(tmp_path, table(*lines, header=[*HEADER, "Số quyết định trước"]), styled=styled)
    assert [line.prior_decision for line in workbook.rows] == ["123", "20/12/2024", "1.5", "12/QĐ"]


@pytest.mark.parametrize(
    ("written", "clean", "codes"),
    [
        ("Giàng A Páo", "Giàng A Páo", []),
        ("  Giàng  A Páo ", "Giàng A Páo", []),
        ("Gia\u0300ng A Pa\u0301o", "Giàng A Páo", ["normalised"]),
        ("Giàng\u00a0A Páo", "Giàng A Páo", ["normalised"]),
        ("Giàng A\nPáo", "Giàng A Páo", ["normalised"]),
        ("Giàng A\u2028Páo", "Giàng A Páo", ["normalised"]),
        ("Giàng\u200b A Páo\ufeff", "Giàng A Páo", ["invisible_characters"]),
        ("Gi\u00adàng A Páo\u202e", "Giàng A Páo", ["invisible_characters"]),
        ("Gia\u0300ng\u2060 A Páo", "Giàng A Páo", ["invisible_characters", "normalised"]),
    ],
)
def test_cells_are_cleaned_with_a_warning(tmp_path, written, clean, codes):
    workbook = read(tmp_path, table([written, PERSON, LDTT]))
    assert (names(workbook), workbook.errors) == ([clean], ())
    assert brief(workbook.warnings) == [(2, NAME, code) for code in codes]


def test_cleaned_cells_match_awards_kinds_and_duplicates(tmp_path):
    lines = [["Lý A", "Khen thưởng\u00a0cá nhân", "Lao đo\u0323\u0302ng tiên\u200b tiến"], ["Ly\u0301 A", PERSON, LDTT]]
    workbook = read(tmp_path, table(*lines))
    assert workbook.errors == ()
    assert len({row.name for row in workbook.rows}) == 1
    assert brief(workbook.warnings) == [
        (2, KIND, "normalised"),
        (2, AWARD, "invisible_characters"),
        (2, AWARD, "normalised"),
        (3, NAME, "normalised"),
    ]


def test_hidden_rows_are_read_with_a_warning_and_hidden_columns_without(tmp_path):
    lines = [
        row(1, HEADER),
        row(2, ONE, attributes=' hidden="1"'),
        row(3, ["Lý A", PERSON, LDTT], attributes=' ht="0" customHeight="1"'),
        row(4, ["Lý B", PERSON, LDTT]),
        row(5, [], attributes=' hidden="1"'),
    ]
    xml = sheet("".join(lines), before='<cols><col min="1" max="3" hidden="1"/></cols>')
    workbook = read(tmp_path, xml)
    assert names(workbook) == ["Giàng A Páo", "Lý A", "Lý B"]
    assert brief(workbook.warnings) == [(2, NAME, "hidden_row"), (3, NAME, "hidden_row")]


def test_an_empty_formatted_tail_and_a_far_dimension_are_accepted(tmp_path):
    tail = "".join(f'<row r="{n}" s="1" customFormat="1"><c r="A{n}" s="1"/></row>' for n in range(4, 30_000))
    wide = '<row r="3">' + "".join(f'<c r="{building.letters(n)}3" s="1"/>' for n in range(1, 16_385)) + "</row>"
    blank = '<row r="1048576"><c r="XFD1048576" s="1" t="str"><v> </v></c></row>'
    xml = sheet(row(1, HEADER) + row(2, ONE) + wide + tail + blank, before='<dimension ref="A1:XFD1048576"/>')
    workbook = read(tmp_path, xml)
    assert (names(workbook), workbook.row_count, workbook.errors) == (["Giàng A Páo"], 1, ())


def test_rows_that_are_only_numbered_or_whose_formulas_give_nothing_are_empty(tmp_path):
    xml = table(
        ["1", *ONE],
        ["2", '<c r="B3" t="str"><f>IF(A1="","",A1)</f><v></v></c>'],
        ["3", "\u200b"],
        header=["STT", *HEADER],
    )
    workbook = read(tmp_path, xml)
    assert (workbook.row_count, names(workbook), workbook.errors) == (1, ["Giàng A Páo"], ())


def test_exactly_20_000_rows_are_accepted(tmp_path):
    lines = "".join(row(n, [f"Lý {n}", "cá nhân", "LĐTT"]) for n in range(2, 20_002))
    workbook = read(tmp_path, sheet(row(1, HEADER) + lines))
    assert (workbook.row_count, len(workbook.rows), workbook.errors) == (20_000, 20_000, ())


def test_rows_out_of_order_and_places_left_out_are_understood(tmp_path):
    unplaced = "<row>" + "".join(f'<c t="inlineStr"><is><t>{v}</t></is></c>' for v in ("Lý B", PERSON, LDTT)) + "</row>"
    mixed = '<row r="2"><c r="B2" t="inlineStr"><is><t>cá nhân</t></is></c><c t="inlineStr"><is><t>LĐTT</t></is></c>'
    xml = sheet(row(4, ["Lý A", PERSON, LDTT]) + unplaced + mixed + cell("A2", "Lý C") + "</row>" + row(1, HEADER))
    workbook = read(tmp_path, xml)
    assert [(line.row, line.name) for line in workbook.rows] == [(2, "Lý C"), (4, "Lý A"), (5, "Lý B")]


def test_a_value_merged_down_holds_for_each_row(tmp_path):
    header = [*HEADER, "Đơn vị công tác"]
    lines = [[*ONE, "Xã 1"], ["Lý A", PERSON, LDTT], ["Lý B", PERSON, LDTT], ["Lý C", PERSON, LDTT]]
    workbook = read(tmp_path, table(*lines, header=header, after='<mergeCells><mergeCell ref="D2:D4"/></mergeCells>'))
    assert [line.workplace for line in workbook.rows] == ["Xã 1", "Xã 1", "Xã 1", ""]
    assert brief(workbook.warnings) == [(3, "Đơn vị công tác", "normalised"), (4, "Đơn vị công tác", "normalised")]


def test_shared_strings_with_runs_and_phonetic_guides(tmp_path):
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>Lý _x0041_</t><rPh sb="0" eb="1"><t>đọc</t></rPh></si>'
        '<si><r><t>Lao động </t></r><r><rPr><b/><rFont val="Arial"/></rPr><t>tiên tiến</t></r></si></sst>'
    )
    line = f'<row r="2"><c r="A2" t="s"><v>0</v></c>{cell("B2", PERSON)}<c r="C2" t="s"><v>1</v></c></row>'
    workbook = read(tmp_path, sheet(row(1, HEADER) + line), strings=strings)
    assert [(line.name, line.award) for line in workbook.rows] == [("Lý A", "LDTT")]


def test_files_in_strict_form_are_read(tmp_path):
    strict = "http://purl.oclc.org/ooxml"
    made = {
        name: content.replace(building.RELATIONS, f"{strict}/officeDocument/relationships").replace(
            MAIN, f"{strict}/spreadsheetml/main"
        )
        for name, content in building.parts(table(ONE)).items()
        if isinstance(content, str)
    }
    workbook = reading.read(building.save(tmp_path, made), catalogue=building.CATALOGUE)
    assert names(workbook) == ["Giàng A Páo"]


def test_the_first_visible_sheet_is_read_and_external_links_are_not_followed(tmp_path):
    made = building.parts(table(ONE))
    made["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{building.RELATIONS}"><sheets>'
        '<sheet name="Danh mục" sheetId="3" state="hidden" r:id="r3"/><sheet name="A" sheetId="1" r:id="r1"/>'
        '<sheet name="B" sheetId="2" r:id="r3"/></sheets></workbook>'
    )
    made["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{building.PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{building.RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r3" Type="{building.RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="r4" Type="{building.RELATIONS}/externalLink" Target="http://192.0.2.1/x" TargetMode="External"/>'
        "</Relationships>"
    )
    made["xl/worksheets/sheet2.xml"] = table(["Người Khác", PERSON, LDTT])
    workbook = reading.read(building.save(tmp_path, made), catalogue=building.CATALOGUE)
    assert names(workbook) == ["Giàng A Páo"]


def test_20_000_distinct_unknown_awards_do_not_stall_the_reader():
    known = reading._Catalogue(building.CATALOGUE)
    suggested = [bool(known.nearest(f"Giải thưởng số {n}")) for n in range(1000)]
    assert (sum(suggested), suggested[0], suggested[-1]) == (reading._Catalogue.SUGGESTED_TEXTS, True, False)


@pytest.mark.parametrize("sign", ["@", "+", "-"])
def test_a_name_that_a_spreadsheet_takes_for_a_formula_is_named(tmp_path, sign):
    workbook = read(tmp_path, table([f"{sign}Lò Thị Mai", PERSON, LDTT]))
    (error,) = workbook.errors
    assert (error["row"], error["column"], error["code"]) == (2, NAME, "not_a_name")
    assert f"bắt đầu bằng dấu “{sign}”" in error["message"]
