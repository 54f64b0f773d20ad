"""Workbooks made by hand, part by part, so that a test can break exactly one thing."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from operations.unit_proposal.workbook import heads, reading

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def _award(code: str, name: str, kinds: str, *aliases: str) -> reading.AwardName:
    letters = {"c": "individual", "t": "collective", "h": "household", "d": "enterprise"}
    return reading.AwardName(code, name, aliases, frozenset(letters[kind] for kind in kinds))


CATALOGUE = (
    _award("LDTT", "Lao động tiên tiến", "c", "LĐTT"),
    _award("LDTT_ND", "Lao động tiên tiến (công nhân, nông dân, NLĐ khác)", "c"),
    _award("CSTDCS", "Chiến sĩ thi đua cơ sở", "c", "CSTĐCS", "CSTĐ cơ sở"),
    _award("CSTD_TINH", "Chiến sĩ thi đua cấp tỉnh", "c"),
    _award("TTLDTT", "Tập thể lao động tiên tiến", "t", "TTLĐTT"),
    _award("TTLDXS", "Tập thể lao động xuất sắc", "t"),
    _award("CO_TINH", "Cờ thi đua của tỉnh", "t"),
    _award("THON_VH", "Thôn, tổ dân phố văn hóa", "t"),
    _award("GK_HUYEN", "Giấy khen của CT UBND huyện", "cth", "Giấy khen"),
    _award("BK_TINH", "Bằng khen của UBND tỉnh", "cthd"),
    _award("BK_TTG", "Bằng khen của Thủ tướng", "cthd"),
)
HEADER = (heads.NAME, heads.KIND, heads.AWARD)
PERSON = "Khen thưởng cá nhân"
ONE = ("Giàng A Páo", PERSON, "Lao động tiên tiến")


def letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def cell(reference: str, text: str, *, style: int = 0) -> str:
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def row(number: int, values: Sequence[str], *, attributes: str = "") -> str:
    """A row of texts; a value that starts with `<c` is taken as a cell as it stands."""
    cells = "".join(
        value if value.startswith("<c") else cell(f"{letters(column)}{number}", value)
        for column, value in enumerate(values, start=1)
        if value
    )
    return f'<row r="{number}"{attributes}>{cells}</row>'


def sheet(rows: str, *, after: str = "", before: str = "", namespace: str = MAIN) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{namespace}">{before}'
        f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def table(*lines: Sequence[str], header: Sequence[str] = HEADER, after: str = "") -> str:
    return sheet("".join(row(number, line) for number, line in enumerate([header, *lines], start=1)), after=after)


def styles(*cells: tuple[str, str]) -> str:
    """Cell styles of (font, number format code), numbered from 0."""
    fonts = "".join(f"<font><name val={quoteattr(font)}/></font>" for font, _ in cells)
    formats = "".join(f'<numFmt numFmtId="{200 + n}" formatCode={quoteattr(f)}/>' for n, (_, f) in enumerate(cells))
    styled = "".join(f'<xf numFmtId="{200 + n}" fontId="{n}"/>' for n in range(len(cells)))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><fonts>{fonts}</fonts>'
        f"<cellXfs>{styled}</cellXfs></styleSheet>"
    )


def parts(sheet_xml: str | bytes, **further: str | bytes) -> dict[str, str | bytes]:
    """The parts of a workbook with one sheet; `strings` and `styled` add their parts."""
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        f'<sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{RELATIONS}/styles" Target="/xl/styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet_xml,
    }
    names = {"strings": "xl/sharedStrings.xml", "styled": "xl/styles.xml"}
    return made | {names[name]: content for name, content in further.items()}


def zipped(made: Mapping[str, str | bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.items():
            archive.writestr(name, content)
    return memory.getvalue()


def save(folder: Path, content: bytes | Mapping[str, str | bytes], *, name: str = "danh-sach.xlsx") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else zipped(content))
    return path


def read(folder: Path, sheet_xml: str | bytes, *, convert_legacy: bool = False, **further: str) -> reading.Workbook:
    path = save(folder, parts(sheet_xml, **further))
    return reading.read(path, catalogue=CATALOGUE, convert_legacy=convert_legacy)


def brief(notes: Sequence[Mapping[str, object]]) -> list[tuple[object, object, object]]:
    """(row, column, code) of errors or warnings."""
    return [(note["row"], note["column"], note["code"]) for note in notes]
