"""TCVN3 and VNI: every Vietnamese letter, recognition by font and by text, and what must never be taken for them."""

import unicodedata
from itertools import product

import pytest

from operations.unit_proposal.workbook import heads, legacy
from tests.operations.unit_proposal.workbook.building import (
    HEADER,
    MAIN,
    PERSON,
    brief,
    cell,
    read,
    row,
    sheet,
    styles,
    table,
)

BASES = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
SMALL = sorted(
    {unicodedata.normalize("NFC", base + tone) for base, tone in product(BASES, TONES)} - set("aeiouy") | {"đ"}
)
BIG = [letter.upper() for letter in SMALL]
TO_TCVN3 = {letter: code for code, letter in legacy.TCVN3.items() if code != "\u03bc"}
# Where VNI has two writings of a capital (mark small or capital), the one in capitals.
TO_VNI = {letter: written for written, letter in sorted(legacy.VNI.items(), reverse=True)}

# Written out by hand from the two standards, independent of the tables under test.
KNOWN = [
    ("NguyÔn V¨n Hïng", ".VnTime", "Nguyễn Văn Hùng"),
    ("Uû ban nh©n d©n huyÖn Phong Thæ", ".VnArial", "Uỷ ban nhân dân huyện Phong Thổ"),
    ("Céng hoµ x· héi chñ nghÜa ViÖt Nam", ".vntime", "Cộng hoà xã hội chủ nghĩa Việt Nam"),
    ("§éc lËp - Tù do - H¹nh phóc", ".VnTime", "Độc lập - Tự do - Hạnh phúc"),
    ("tr­êng tiÓu häc", ".VnTimeH", "TRƯỜNG TIỂU HỌC"),
    ("NGUYÔN V¡N HïNG", ".VnTime", "NGUYỄN VĂN HÙNG"),
    ("Nguyeãn Vaên Huøng", "VNI-Times", "Nguyễn Văn Hùng"),
    ("UÛy ban nhaân daân huyeän", "VNI-Times", "Ủy ban nhân dân huyện"),
    ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "VNI-Helve", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
    ("Ñoäc laäp - Töï do - Haïnh phuùc", "vni-times", "Độc lập - Tự do - Hạnh phúc"),
    ("TRÖÔØNG TIEÅU HOÏC", "VNI-Times", "TRƯỜNG TIỂU HỌC"),
]
UNICODE = [
    *("Lê Anh", "H'Hen Niê", "Hoàng Bé", "Siu Blô", "Ksor Hlê", "Thào A Páo", "Vàng Seo Lìn", "Sùng A Sà"),
    *("Má A Tô", "Tòng Bé Phà", "Lò Tùng", "Hoà", "Søn", "Müller", "Muñoz", "José", "Microsoft®", "Trần Văn Đức"),
    *("Êban Y Phu", "Công ty A © 2024", "diện tích 30 m²", "Hà Lê Tòng", "Ân", "Ôn Gia"),
]


def test_there_are_134_letters():
    assert (len(SMALL), len(set(SMALL + BIG))) == (67, 134)


@pytest.mark.parametrize("letter", SMALL)
def test_tcvn3_small_letters_go_round_and_capitals_by_the_h_fonts(letter):
    written = TO_TCVN3[letter]
    assert legacy.convert(written, encoding="tcvn3") == letter
    assert legacy.convert(written, encoding="tcvn3", capitals=True) == letter.upper()


@pytest.mark.parametrize("letter", "ĂÂÊÔƠƯĐ")
def test_tcvn3_capitals_of_its_own_go_round(letter):
    assert legacy.convert(TO_TCVN3[letter], encoding="tcvn3") == letter


@pytest.mark.parametrize("letter", SMALL + BIG)
def test_vni_letters_go_round_alone_and_in_a_word(letter):
    assert legacy.convert(TO_VNI[letter], encoding="vni") == letter
    assert legacy.convert(f"n{TO_VNI[letter]}ng", encoding="vni") == f"n{letter}ng"


def test_tables_hold_exactly_the_vietnamese_letters():
    assert set(legacy.TCVN3.values()) == {*SMALL, *"ĂÂÊÔƠƯĐ"}
    assert set(legacy.VNI.values()) == {*SMALL, *BIG}


@pytest.mark.parametrize(("written", "font", "meant"), KNOWN)
def test_the_font_tells_the_encoding(written, font, meant):
    assert legacy.decode([(written, font)]) == meant


@pytest.mark.parametrize(("written", "font", "meant"), [known for known in KNOWN if known[1] != ".VnTimeH"])
def test_text_that_leaves_no_doubt_needs_no_font(written, font, meant):
    assert legacy.decode([(written, "")]) == meant


@pytest.mark.parametrize("text", UNICODE)
def test_unicode_text_is_never_taken_for_legacy(text):
    assert legacy.decode([(text, "Times New Roman")]) is None


@pytest.mark.parametrize("text", ["Trần Văn Đức", "Lê Hà", "Giàng A Páo", "Sung A Sa", "2024"])
def test_unicode_text_pasted_into_a_cell_of_a_legacy_font_stays(text):
    assert [legacy.decode([(text, ".VnTimeH")]), legacy.decode([(text, "VNI-Times")])] == [None, None]


def test_only_the_runs_in_a_legacy_font_are_converted():
    assert legacy.decode([("Ông ", "Arial"), ("NguyÔn V¨n Hµ", ".VnTime")]) == "Ông Nguyễn Văn Hà"


LEGACY_STYLE = styles(("Arial", "General"), (".VnTime", "General"))


def test_without_consent_the_row_is_an_error_that_shows_the_reading(tmp_path):
    line = f'<row r="2">{cell("A2", "NguyÔn V¨n Hïng", style=1)}{cell("B2", PERSON)}{cell("C2", "LĐTT")}</row>'
    workbook = read(tmp_path, sheet(row(1, HEADER) + line), styled=LEGACY_STYLE)
    assert (workbook.rows, workbook.warnings) == ((), ())
    assert workbook.errors == (
        {
            "row": 2,
            "column": heads.NAME,
            "code": "legacy_encoding",
            "message": "Chữ theo bảng mã cũ (TCVN3/VNI), sẽ được đọc là “Nguyễn Văn Hùng”. "
            "Nếu đúng, hãy nộp lại và chọn chuyển mã; nếu sai, hãy gõ lại bằng Unicode.",
        },
    )


def test_with_consent_a_whole_legacy_file_is_read_even_its_header(tmp_path):
    def written(text: str) -> str:
        return "".join(TO_TCVN3.get(letter, letter) for letter in text)

    values = [*HEADER, "Trường Tiểu học", "Khen thưởng tập thể", "Tập thể lao động tiên tiến"]
    cells = [cell(f"{'ABC'[n % 3]}{1 + n // 3}", written(value), style=1) for n, value in enumerate(values)]
    xml = sheet(f'<row r="1">{"".join(cells[:3])}</row><row r="2">{"".join(cells[3:])}</row>')
    workbook = read(tmp_path, xml, convert_legacy=True, styled=LEGACY_STYLE)
    assert [(line.name, line.kind, line.award) for line in workbook.rows] == [
        ("Trường Tiểu học", "collective", "TTLDTT")
    ]
    assert brief(workbook.warnings) == [(2, head, "legacy_encoding") for head in HEADER]
    refused = read(tmp_path, xml, styled=LEGACY_STYLE)
    assert brief(refused.errors) == [(2, head, "legacy_encoding") for head in HEADER]


def test_the_font_of_a_run_in_a_shared_string_counts(tmp_path):
    strings = f'<sst xmlns="{MAIN}"><si><r><rPr><rFont val="VNI-Times"/></rPr><t>Tuù</t></r></si></sst>'
    line = f'<row r="2"><c r="A2" t="s"><v>0</v></c>{cell("B2", PERSON)}{cell("C2", "LĐTT")}</row>'
    workbook = read(tmp_path, sheet(row(1, HEADER) + line), convert_legacy=True, strings=strings)
    assert [line.name for line in workbook.rows] == ["Tú"]


def test_legacy_text_without_a_font_is_recognised_in_the_file(tmp_path):
    xml = table(["Tr­êng TiÓu häc", "Khen thưởng tập thể", "TTLĐTT"], ["Lê Anh", PERSON, "LĐTT"])
    assert brief(read(tmp_path, xml).errors) == [(2, heads.NAME, "legacy_encoding")]
