"""The only code that opens the inside of a workbook; runs alone in a child process.

Input: the bytes of an .xlsx on stdin. Output: one JSON document on stdout, either
`{"merged": [number], "rows": [[number, hidden, [[column, cell]]]]}` or `{"refused": code, "where": {…}}`.
A cell is `[kind, value, flags]`: kind `s` text (or `[[text, font]]` where a legacy Vietnamese font is used),
`n` number as text, `d` ISO date, `b` boolean, `e` error such as #REF!, `f` formula that no program has calculated.
Source: ECMA-376 Part 1 §18 (SpreadsheetML), Part 2 (packages).

Standard library only and executed by its path with `-I -S`: it must start fast and owe nothing to site-packages.
Whatever a hostile file does to this process (memory, time, a crash of the parser), the parent outlives it.
"""

import io
import json
import posixpath
import re
import resource
import struct
import sys
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from xml.parsers import expat

UNPACKED_LIMIT = 50 * 1024 * 1024
COLUMN_LIMIT = 256
ROW_LIMIT = 20_000
HEAD_ROWS = 15  # the heads of a list stand in one of these: titles of the office may stand above them
SHEET_ROWS = 1_048_576
PART_LIMIT = 10_000
DEPTH_LIMIT = 64
MERGE_LIMIT = 100_000
TEXT_LIMIT = 32_767  # characters of one cell (Excel's own limit)
ANSWER_LIMIT = 32 * 1024 * 1024  # characters: a shared string may be named by every cell of the sheet
CHUNK = 1 << 16

FORMULA = 1
MERGED = 2

Cell = list[Any]
Text = str | list[tuple[str, str]]
Attributes = dict[str, str]

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",  # "strict" files
)
_TAGS = {
    f"{namespace} {tag}": tag
    for namespace in _MAIN
    for tag in (
        *("row", "c", "f", "v", "is", "si", "r", "rPr", "rFont", "t", "rPh", "mergeCell"),
        *("sheet", "workbookPr", "font", "name", "fonts", "cellXfs", "xf", "numFmt"),
    )
}
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?|[+-]?\.[0-9]+([eE][+-]?[0-9]{1,3})?")
_ISO_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FORMAT_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_BUILT_IN_DATES = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58})
_XML_NAMES = (".xml", ".rels", ".vml")


class Refused(Exception):  # noqa: N818 -- an answer to the parent, not a bug
    def __init__(self, code: str, **where: Any) -> None:
        super().__init__(code)
        self.code = code
        self.where = where


class _RootReached(Exception):  # noqa: N818 -- ends the reading of a prolog
    pass


def damaged(what: str, **where: Any) -> Refused:
    return Refused("unreadable_workbook", what=what, **where)


def extract(content: bytes) -> dict[str, Any]:
    """Answer the raw cells of the first sheet, or why not. Never raises for bad input."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_package(archive)
            return _first_sheet(archive)
    except Refused as refused:
        return {"refused": refused.code, "where": refused.where}
    except zipfile.BadZipFile as error:
        if "not a zip file" in str(error):
            return {"refused": "truncated_workbook", "where": {}}
        return {"refused": "unreadable_workbook", "where": {"what": "zip"}}
    except (zlib.error, struct.error, EOFError, RuntimeError, OSError, LookupError, ValueError, OverflowError):
        # Raised by zipfile and expat for damaged bytes: bad offsets, encryption flags, unknown encodings.
        return {"refused": "unreadable_workbook", "where": {"what": "zip"}}
    except expat.ExpatError:
        return {"refused": "unreadable_workbook", "where": {"what": "xml"}}


# ── the package ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_package(archive: zipfile.ZipFile) -> None:
    """Inflate every part once: count real bytes, compare checksums, look for DTDs and macros."""
    parts = archive.infolist()
    names = [part.filename for part in parts]
    if len(parts) > PART_LIMIT or len(set(names)) != len(names):
        raise damaged("zip")
    if sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise Refused("unpacked_too_large")
    if any(posixpath.basename(name).casefold() == "vbaproject.bin" for name in names):
        raise Refused("macro_workbook")
    unpacked = 0
    for part in parts:
        if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged("zip", part=part.filename[:200])
        with archive.open(part) as stream:
            chunk = stream.read(CHUNK)
            prolog = _Prolog.of(part.filename, chunk)
            while chunk:
                unpacked += len(chunk)
                if unpacked > UNPACKED_LIMIT:
                    raise Refused("unpacked_too_large")
                if prolog is not None:
                    prolog.feed(chunk)
                chunk = stream.read(CHUNK)


class _Prolog:
    """Watches one part up to its first element: a DTD can stand nowhere else. Any encoding that expat knows."""

    def __init__(self, name: str, *, strict: bool) -> None:
        self.name = name
        self.strict = strict
        self.open = True
        self.parser = _parser(name)
        self.parser.StartElementHandler = self._root

    @classmethod
    def of(cls, name: str, chunk: bytes) -> "_Prolog | None":
        if name.casefold().endswith(_XML_NAMES):
            return cls(name, strict=not name.casefold().endswith(".vml"))
        looks_like_xml = chunk[:64].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
        return cls(name, strict=False) if looks_like_xml else None

    def _root(self, _name: str, _attributes: Attributes) -> None:
        raise _RootReached

    def feed(self, chunk: bytes) -> None:
        if not self.open:
            return
        try:
            self.parser.Parse(chunk, False)
        except _RootReached:
            self.open = False
        except expat.ExpatError:
            # Pictures in VML by old programs are not well-formed; nothing here reads them.
            if self.strict:
                raise damaged("xml", part=self.name[:200]) from None
            self.open = False


def _parser(name: str) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = CHUNK

    def refuse(*_: Any) -> None:
        raise Refused("dtd_in_workbook", part=name[:200])

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    # No handler for external references: without a DTD none can be declared, and without a handler none is followed.
    return parser


def _walk(
    archive: zipfile.ZipFile,
    name: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = _parser(name)
    depth = 0

    def started(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_LIMIT:
            raise damaged("xml", part=name[:200])
        start(tag, attributes)

    def ended(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(tag)

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    if text is not None:
        parser.CharacterDataHandler = text
    with archive.open(name) as stream:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _relations(archive: zipfile.ZipFile, source: str) -> list[tuple[str, str, str]]:
    """(id, type's last word, part name) of the internal relations of one part; external ones are never followed."""
    folder, base = posixpath.split(source)
    name = _find(archive, posixpath.join(folder, "_rels", f"{base}.rels"))
    found: list[tuple[str, str, str]] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag.rpartition(" ")[2] == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            kind = attributes.get("Type", "").rpartition("/")[2]
            found.append((attributes.get("Id", ""), kind, posixpath.normpath(path)))

    if name:
        _walk(archive, name, start)
    return found


def _find(archive: zipfile.ZipFile, name: str) -> str:
    """The part of that name, else of that name in other case (part names are case-insensitive), else ""."""
    names = archive.namelist()
    return name if name in names else next((other for other in names if other.casefold() == name.casefold()), "")


def _check_macros(archive: zipfile.ZipFile) -> None:
    types: list[str] = []

    def start(_tag: str, attributes: Attributes) -> None:
        types.append(attributes.get("ContentType", "").casefold())

    name = _find(archive, "[Content_Types].xml")
    if not name:
        raise Refused("not_a_workbook")
    _walk(archive, name, start)
    if any("macro" in kind or "vbaproject" in kind for kind in types):
        raise Refused("macro_workbook")


def _first_sheet(archive: zipfile.ZipFile) -> dict[str, Any]:
    _check_macros(archive)
    main = next((path for _, kind, path in _relations(archive, "") if kind == "officeDocument"), "")
    book = _find(archive, main) if main else ""
    if not book:
        raise Refused("not_a_workbook")
    related = {identity: (kind, _find(archive, path)) for identity, kind, path in _relations(archive, book)}
    sheets: list[tuple[bool, str]] = []
    epochs_1904: list[bool] = []

    def start(tag: str, attributes: Attributes) -> None:
        match _TAGS.get(tag):
            case "workbookPr":
                epochs_1904.append(attributes.get("date1904", "0") in ("1", "true"))
            case "sheet":
                identity = next((value for key, value in attributes.items() if key.endswith(" id")), "")
                kind, path = related.get(identity, ("", ""))
                if kind == "worksheet" and path:
                    sheets.append((attributes.get("state", "visible") == "visible", path))

    _walk(archive, book, start)
    if not sheets:
        raise Refused("not_a_workbook")
    # The first visible sheet: list sheets of drop-downs are often hidden in front.
    path = next((path for visible, path in sheets if visible), sheets[0][1])
    by_kind = {kind: part for kind, part in related.values() if part}
    strings = _Strings()
    if "sharedStrings" in by_kind:
        _walk(archive, by_kind["sharedStrings"], strings.start, strings.end, strings.text)
    styles = _Styles()
    if "styles" in by_kind:
        _walk(archive, by_kind["styles"], styles.start, styles.end)
    sheet = _Sheet(strings.found, styles, epoch_1904=any(epochs_1904))
    _walk(archive, path, sheet.start, sheet.end, sheet.text)
    return sheet.answer()


# ── texts and styles ─────────────────────────────────────────────────────────────────────────────────────────────────


def is_legacy_font(font: str) -> bool:
    """Fonts of the 8-bit Vietnamese encodings: .VnTime, .VnArialH … (TCVN3), VNI-Times … (VNI)."""
    return font.casefold().startswith((".vn", "vni"))


def _unescape(text: str) -> str:
    """`_x000D_` stands for a character that XML cannot hold (ECMA-376 §22.9.2.19); half a pair stays as written."""

    def character(found: re.Match[str]) -> str:
        code = int(found[1], 16)
        return found[0] if 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPE.sub(character, text) if "_x" in text else text


class _RichText:
    """Collects one text, plain or in runs with fonts of their own; phonetic guides are left out."""

    def __init__(self) -> None:
        self.collected: list[str] | None = None
        self.runs: list[tuple[str, str]] = []
        self.font = ""
        self.phonetic = False

    def begin(self) -> None:
        self.collected, self.runs, self.font, self.phonetic = None, [], "", False

    def open_tag(self, tag: str, attributes: Attributes) -> None:
        if tag == "t" and not self.phonetic:
            self.collected = []
        elif tag == "r":
            self.font = ""
        elif tag == "rFont":
            self.font = attributes.get("val", "")[:100]
        elif tag == "rPh":
            self.phonetic = True

    def close_tag(self, tag: str) -> None:
        if tag == "t" and self.collected is not None:
            self.runs.append((_unescape("".join(self.collected)), self.font))
            self.collected = None
        elif tag == "r":
            self.font = ""
        elif tag == "rPh":
            self.phonetic = False

    def text(self, data: str) -> None:
        if self.collected is not None:
            self.collected.append(data)

    def finish(self) -> Text:
        if any(font for _, font in self.runs):
            return self.runs
        return "".join(text for text, _ in self.runs)[:TEXT_LIMIT]


class _Strings:
    def __init__(self) -> None:
        self.found: list[Text] = []
        self.rich = _RichText()
        self.text = self.rich.text

    def start(self, name: str, attributes: Attributes) -> None:
        tag = _TAGS.get(name)
        if tag == "si":
            self.rich.begin()
        elif tag is not None:
            self.rich.open_tag(tag, attributes)

    def end(self, name: str) -> None:
        tag = _TAGS.get(name)
        if tag == "si":
            self.found.append(self.rich.finish())
        elif tag is not None:
            self.rich.close_tag(tag)


class _Styles:
    """For each cell style: its font's name and whether its number format shows a date."""

    def __init__(self) -> None:
        self.fonts: list[str] = []
        self.formats: dict[str, str] = {}
        self.styles: list[tuple[str, str]] = []
        self.inside = ""
        self._known: dict[int, tuple[str, bool]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        tag = _TAGS.get(name)
        if tag in ("fonts", "cellXfs"):
            self.inside = tag
        elif tag == "font" and self.inside == "fonts":
            self.fonts.append("")
        elif tag == "name" and self.inside == "fonts" and self.fonts:
            self.fonts[-1] = attributes.get("val", "")[:100]
        elif tag == "xf" and self.inside == "cellXfs":
            self.styles.append((attributes.get("fontId", "0"), attributes.get("numFmtId", "0")))
        elif tag == "numFmt" and not self.inside:
            # Formats of conditional styles follow later in the file and must not replace these.
            self.formats.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", "")[:255])

    def end(self, name: str) -> None:
        if _TAGS.get(name) == self.inside:
            self.inside = ""

    def of(self, index: str) -> tuple[str, bool]:
        """(font name, is a date) of a cell's `s`; an index out of range is the plain style."""
        number = int(index) if re.fullmatch("[0-9]{1,6}", index) else 0
        if number not in self._known:
            font, form = self.styles[number] if number < len(self.styles) else ("0", "0")
            place = int(font) if re.fullmatch("[0-9]{1,6}", font) else 0
            name = self.fonts[place] if place < len(self.fonts) else ""
            self._known[number] = (name, self._is_date(form))
        return self._known[number]

    def _is_date(self, form: str) -> bool:
        if form in self.formats:
            shown = _FORMAT_LITERALS.sub("", self.formats[form]).casefold()
            return "general" not in shown and ("d" in shown or "y" in shown)
        return re.fullmatch("[0-9]{1,3}", form) is not None and int(form) in _BUILT_IN_DATES


# ── the sheet ────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Sheet:
    def __init__(self, strings: list[Text], styles: _Styles, *, epoch_1904: bool) -> None:
        self.strings = strings
        self.styles = styles
        self.epoch_1904 = epoch_1904
        self.rows: dict[int, tuple[bool, dict[int, Cell]]] = {}
        self.seen: set[int] = set()
        self.merges: list[tuple[int, int, int]] = []
        self.merge_count = 0
        self.merged_heads: set[int] = set()  # of the first rows, those that a merged cell touches
        self.rich = _RichText()
        self.row, self.column, self.hidden = 0, 0, False
        self.cells: dict[int, Cell] = {}
        self.kind, self.style, self.formula = "n", "0", False
        self.value: list[str] | None = None
        self.cached: str | None = None
        self.inline = False
        self.in_value = False
        self.in_row = False
        self.in_cell = False

    def start(self, name: str, attributes: Attributes) -> None:
        tag = _TAGS.get(name)
        if tag == "c":
            self._open_cell(attributes)
        elif tag == "v":
            self.value, self.in_value = [], True
        elif tag == "f":
            self.formula = True
        elif tag == "row":
            self._open_row(attributes)
        elif tag == "is":
            self.inline = True
        elif tag == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif tag is not None and self.inline:
            self.rich.open_tag(tag, attributes)

    def text(self, data: str) -> None:
        if self.in_value and self.value is not None:
            self.value.append(data)
        elif self.inline:
            self.rich.text(data)

    def end(self, name: str) -> None:
        tag = _TAGS.get(name)
        if tag == "c":
            self._close_cell()
        elif tag == "v":
            self.cached, self.in_value = "".join(self.value or ()), False
        elif tag == "row":
            self._close_row()
        elif tag == "is":
            self.inline = False
        elif tag is not None and self.inline:
            self.rich.close_tag(tag)

    def _open_row(self, attributes: Attributes) -> None:
        number = attributes.get("r")
        if number is None:
            self.row += 1
        elif re.fullmatch("[0-9]{1,7}", number):
            self.row = int(number)
        else:
            raise damaged("row_number")
        if self.in_row or not 1 <= self.row <= SHEET_ROWS or self.row in self.seen:
            raise damaged("row_number")
        self.seen.add(self.row)
        self.in_row, self.column, self.cells = True, 0, {}
        no_height = re.fullmatch(r"0+(\.0*)?", attributes.get("ht", "")) is not None
        self.hidden = attributes.get("hidden", "0") in ("1", "true") or no_height

    def _close_row(self) -> None:
        self.in_row = False
        if self.cells:
            self.rows[self.row] = (self.hidden, self.cells)
            if len(self.rows) > ROW_LIMIT + HEAD_ROWS:
                raise Refused("too_many_rows", row=self.row)

    def _open_cell(self, attributes: Attributes) -> None:
        if not self.in_row or self.in_cell:
            raise damaged("cell")
        reference = attributes.get("r")
        if reference is None:
            self.column += 1
        else:
            row, self.column = _place(reference)
            if row != self.row:
                raise damaged("cell")
        self.in_cell = True
        self.kind = attributes.get("t", "n")
        self.style = attributes.get("s", "0")
        self.formula, self.value, self.cached = False, None, None
        self.rich.begin()

    def _close_cell(self) -> None:
        self.in_cell = False
        cell = self._cell()
        if cell is None:
            return
        if self.column > COLUMN_LIMIT:
            raise Refused("too_wide", row=self.row, column=self.column)
        if self.column in self.cells:
            raise damaged("cell")
        self.cells[self.column] = cell

    def _cell(self) -> Cell | None:
        """The cell as sent to the parent; None for an empty one (formatted or not)."""
        flags = FORMULA if self.formula else 0
        if self.kind == "inlineStr":
            return self._text(self.rich.finish(), flags)
        if self.kind == "str" and self.cached is not None:
            return self._text(_unescape(self.cached)[:TEXT_LIMIT], flags)
        raw = (self.cached or "").strip(" \t\r\n")
        if not raw:
            return ["f", "", flags] if self.formula else None
        if self.kind == "s":
            if not re.fullmatch("[0-9]{1,8}", raw) or int(raw) >= len(self.strings):
                raise damaged("shared_string", row=self.row)
            return self._text(self.strings[int(raw)], flags)
        if self.kind == "b":
            return ["b", raw in ("1", "true"), flags]
        if self.kind == "e":
            return ["e", raw[:50], flags]
        if self.kind == "d":
            found = _ISO_DATE.fullmatch(raw)
            return ["d", found[1], flags] if found else ["s", raw[:TEXT_LIMIT], flags]
        if self.kind != "n" or not _NUMBER.fullmatch(raw):
            raise damaged("number", row=self.row)
        return self._number(float(raw), flags)

    def _text(self, text: Text, flags: int) -> Cell | None:
        font = self.styles.of(self.style)[0]
        if isinstance(text, str):
            if not text.strip():
                return None
            return ["s", [[text, font]] if is_legacy_font(font) else text, flags]
        runs = [[part, own or font] for part, own in text]
        plain = "".join(part for part, _ in runs)
        if not plain.strip():
            return None
        if len(plain) <= TEXT_LIMIT and any(is_legacy_font(own) for _, own in runs):
            return ["s", runs, flags]
        return ["s", plain[:TEXT_LIMIT], flags]

    def _number(self, number: float, flags: int) -> Cell:
        if self.styles.of(self.style)[1]:
            day = _day(number, epoch_1904=self.epoch_1904)
            if day is not None:
                return ["d", day.isoformat(), flags]
        whole = abs(number) < 1e15 and number == int(number)
        return ["n", str(int(number)) if whole else repr(number), flags]

    def _merge(self, reference: str) -> None:
        first, _, last = reference.replace("$", "").partition(":")
        self.merge_count += 1
        if self.merge_count > MERGE_LIMIT:
            raise damaged("merge")
        if not last or first == last:
            return
        (top, left), (bottom, right) = _place(first), _place(last)
        if top > bottom or left > right:
            raise damaged("merge")
        self.merged_heads.update(range(top, min(bottom, HEAD_ROWS) + 1))
        if bottom > top:
            self.merges.append((left, top, bottom))

    def answer(self) -> dict[str, Any]:
        numbers = sorted(self.rows)
        # The heads stand in one of the first rows: what lies under none of their columns belongs to nobody.
        wanted = {column for number in numbers if number <= HEAD_ROWS for column in self.rows[number][1]}
        for _, cells in self.rows.values():
            for column in set(cells) - wanted:
                del cells[column]
        self._fill_merged(numbers)
        if sum(_size(cell) for _, cells in self.rows.values() for cell in cells.values()) > ANSWER_LIMIT:
            raise Refused("unpacked_too_large")
        return {
            "merged": sorted(self.merged_heads),
            "rows": [[number, self.rows[number][0], sorted(self.rows[number][1].items())] for number in numbers],
        }

    def _fill_merged(self, numbers: list[int]) -> None:
        """A value merged down over several rows holds for each of them; the file stores it in the first only."""
        previous = (0, 0)
        for column, top, bottom in sorted(self.merges):
            if previous[0] == column and top <= previous[1]:
                raise damaged("merge")
            previous = (column, bottom)
            source = self.rows.get(top, (False, {}))[1].get(column)
            if source is None:
                continue
            for number in numbers[bisect_left(numbers, top + 1) : bisect_right(numbers, bottom)]:
                self.rows[number][1].setdefault(column, [source[0], source[1], source[2] | MERGED])


def _size(cell: Cell) -> int:
    value = cell[1]
    if isinstance(value, list):
        return 16 + sum(len(text) + len(font) for text, font in value)
    return 16 + len(str(value))


def _place(reference: str) -> tuple[int, int]:
    """(row, column) of a reference such as B7, both from 1."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise damaged("cell")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    row = int(found[2])
    if not 1 <= row <= SHEET_ROWS:
        raise damaged("row_number")
    return row, column


def _day(number: float, *, epoch_1904: bool) -> date | None:
    """The day of a serial number (ECMA-376 §18.17.4), None outside 1900..9999 and for the 29/02/1900 that never was."""
    serial = int(number) if abs(number) < 1e7 else 0
    if epoch_1904:
        return date(1904, 1, 1) + timedelta(days=serial) if 0 <= number < 2_957_004 else None
    if not 1 <= serial < 2_958_466 or serial == 60:
        return None
    return date(1899, 12, 30 if serial > 60 else 31) + timedelta(days=serial)


# ── the process ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _lock_down(*, memory: int, seconds: int) -> None:
    """Limits of this process, before it sees one byte: no files written, no sockets, no programs, no core."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.")):
            raise PermissionError(event)

    sys.addaudithook(refuse)


def main() -> None:
    _lock_down(memory=int(sys.argv[1]), seconds=int(sys.argv[2]))
    answer = extract(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
