"""Files that are no readable workbook: each is refused with its own code and harms nobody."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.unit_proposal.workbook import child, reading, sheet
from rules.refusal import Unreadable
from tests.conftest import budget
from tests.operations.unit_proposal.workbook import building
from tests.operations.unit_proposal.workbook.building import (
    HEADER,
    MAIN,
    ONE,
    parts,
    row,
    table,
    zipped,
)

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
GOOD = parts(table(ONE))
TYPES = "[Content_Types].xml"
SHEET = "xl/worksheets/sheet1.xml"


def with_part(name: str, content: str | bytes) -> dict[str, str | bytes]:
    return {**GOOD, name: content}


def rows(xml: str) -> dict[str, str | bytes]:
    return parts(building.sheet(xml))


def lying_bomb() -> bytes:
    """A part of 60 MB whose directory entry says 10 bytes."""
    honest = zipped({**GOOD, "xl/media/a.bin": bytes(60 * 1024 * 1024)})
    size = (60 * 1024 * 1024).to_bytes(4, "little")
    assert honest.count(size) >= 2
    return honest.replace(size, (10).to_bytes(4, "little"))


def encrypted_part() -> bytes:
    content = bytearray(zipped(GOOD))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def doubled_part() -> bytes:
    memory = io.BytesIO(zipped(GOOD))
    with zipfile.ZipFile(memory, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, table(("Người Khác", *ONE[1:])))
    return memory.getvalue()


HEADLESS = row(1, ["Họ và tên", "Ghi chú"]) + row(2, ["Giàng A Páo", "x"])
DTD = f'<!DOCTYPE worksheet [<!ENTITY a "b">]><worksheet xmlns="{MAIN}"/>'
EXTERNAL = f'<!DOCTYPE worksheet [<!ENTITY a SYSTEM "file:///etc/hostname">]><worksheet xmlns="{MAIN}"/>'
TOO_WIDE = row(1, [*HEADER, *(f"Cột {n}" for n in range(16_381))])
MANY = row(1, HEADER) + "".join(row(n, ["A"]) for n in range(2, 20_004))

CASES = {
    "nothing at all": (b"", "empty_file"),
    "old xls": (OLE + b"W\0o\0r\0k\0b\0o\0o\0k\0", "xls_file"),
    "encrypted": (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_workbook"),
    "csv": ("Tên,Phân loại\nGiàng A Páo,cá nhân\n".encode(), "csv_file"),
    "csv that starts like a zip": (b"PK,Ten\n1,A\n", "csv_file"),
    "html": (b"\xef\xbb\xbf\n<html><table></table></html>", "html_file"),
    "random bytes": (bytes(range(256)), "not_a_workbook"),
    "truncated": (zipped(GOOD)[:-60], "truncated_workbook"),
    "a zip of something else": (zipped({"a.txt": "b"}), "not_a_workbook"),
    "an empty zip": (b"PK\x05\x06" + bytes(18), "not_a_workbook"),
    "over 10 MB": (zipped(GOOD) + bytes(10 * 1024 * 1024), "file_too_large"),
    "zip bomb": (with_part("xl/media/a.bin", bytes(51 * 1024 * 1024)), "unpacked_too_large"),
    "zip bomb with a lying directory": (lying_bomb(), "unreadable_workbook"),
    "encrypted part": (encrypted_part(), "unreadable_workbook"),
    "two parts of one name": (doubled_part(), "unreadable_workbook"),
    "macro part": (with_part("xl/vbaProject.bin", b"x"), "macro_workbook"),
    "macro type": (
        with_part(
            TYPES, '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
        ),
        "macro_workbook",
    ),
    "Excel 4 macro sheet": (
        with_part(TYPES, '<Types><Override ContentType="application/vnd.ms-excel.macrosheet+xml"/></Types>'),
        "macro_workbook",
    ),
    "DTD": (with_part(SHEET, DTD), "dtd_in_workbook"),
    "external entity": (with_part(SHEET, EXTERNAL), "dtd_in_workbook"),
    "DTD in UTF-16": (
        with_part(SHEET, f'<?xml version="1.0" encoding="UTF-16"?>{DTD}'.encode("utf-16")),
        "dtd_in_workbook",
    ),
    "DTD in a part nobody reads": (with_part("docProps/app.xml", DTD), "dtd_in_workbook"),
    "DTD in a part of another name": (with_part("xl/media/picture.dat", DTD.encode("utf-16")), "dtd_in_workbook"),
    "DTD behind a long comment": (with_part("docProps/app.xml", f"<!--{'x' * 200_000}-->{DTD}"), "dtd_in_workbook"),
    "unknown encoding": (with_part(SHEET, b'<?xml version="1.0" encoding="UTF-7"?><a/>'), "unreadable_workbook"),
    "16,384 heads": (rows(TOO_WIDE), "too_wide"),
    "a value far right in a row": (rows(row(1, HEADER) + row(2, [*ONE, building.cell("XFD2", "x")])), "too_wide"),
    "no rows": (rows(""), "header_missing"),
    "heads below the first rows": (rows(row(16, HEADER) + row(17, ONE)), "header_missing"),
    "other heads": (rows(HEADLESS), "header_missing"),
    "a required head missing": (rows(row(1, HEADER[:2]) + row(2, ONE[:2])), "header_missing"),
    "merged title over the header": (
        parts(table(ONE, after='<mergeCells><mergeCell ref="A1:C1"/></mergeCells>')),
        "header_merged",
    ),
    "header over two rows": (
        parts(table(ONE, after='<mergeCells><mergeCell ref="B1:B2"/></mergeCells>')),
        "header_merged",
    ),
    "a head twice": (parts(table(ONE, header=[*HEADER, HEADER[0].upper()])), "header_doubled"),
    "the header again in the middle": (parts(table(ONE, HEADER)), "header_doubled"),
    "20,001 rows and more": (rows(MANY), "too_many_rows"),
    "shared string out of range": (
        rows(row(1, HEADER) + '<row r="2"><c r="A2" t="s"><v>7</v></c></row>'),
        "unreadable_workbook",
    ),
    "shared string below zero": (rows('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'), "unreadable_workbook"),
    "row 0": (rows('<row r="0"/>'), "unreadable_workbook"),
    "row -5": (rows('<row r="-5"/>'), "unreadable_workbook"),
    "row beyond the sheet": (rows('<row r="1048577"/>'), "unreadable_workbook"),
    "row of 5,000 digits": (rows(f'<row r="{"9" * 5000}"/>'), "unreadable_workbook"),
    "one row twice": (rows(row(1, HEADER) + row(2, ONE) + row(2, ONE)), "unreadable_workbook"),
    "a cell of another row": (
        rows(row(1, HEADER) + f'<row r="2">{building.cell("A3", "x")}</row>'),
        "unreadable_workbook",
    ),
    "one cell twice": (rows(row(1, [*HEADER, building.cell("A1", "x")])), "unreadable_workbook"),
    "a number that is none": (rows('<row r="1"><c r="A1"><v>1_0</v></c></row>'), "unreadable_workbook"),
    "deep nesting": (rows("<x>" * 100_000), "unreadable_workbook"),
    "broken XML": (rows("<row"), "unreadable_workbook"),
    "overlapping merges": (
        parts(table(ONE, after='<mergeCells><mergeCell ref="A2:A9"/><mergeCell ref="A5:A12"/></mergeCells>')),
        "unreadable_workbook",
    ),
}


@pytest.mark.parametrize(("content", "code"), CASES.values(), ids=CASES)
def test_a_file_that_is_no_workbook_is_refused_by_its_code(tmp_path, content, code):
    path = building.save(tmp_path, content)
    with pytest.raises(Unreadable) as refused:
        reading.read(path, catalogue=building.CATALOGUE)
    assert refused.value.code == code
    assert refused.value.where["file"] == "danh-sach.xlsx"
    assert refused.value.message.endswith(".")


def test_every_refusal_of_the_child_has_a_sentence():
    codes = {code for _, code in CASES.values()}
    assert codes - set(sheet._MESSAGES) == {"header_doubled"}


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Unreadable) as refused:
        reading.read(tmp_path / "khong-co.xlsx", catalogue=building.CATALOGUE)
    assert refused.value.as_json()["error"]["code"] == "file_not_found"


def test_a_shared_string_named_by_every_cell_does_not_fill_the_memory(tmp_path):
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'
    header = row(1, [*HEADER, *(f"Cột {n}" for n in range(60))])
    lines = "".join(
        f'<row r="{n}">'
        + "".join(f'<c r="{building.letters(c)}{n}" t="s"><v>0</v></c>' for c in range(1, 60))
        + "</row>"
        for n in range(2, 100)
    )
    path = building.save(tmp_path, parts(building.sheet(header + lines), strings=strings))
    with pytest.raises(Unreadable) as refused:
        reading.read(path, catalogue=building.CATALOGUE)
    assert refused.value.code == "unpacked_too_large"


def test_a_child_that_takes_too_long_is_ended(tmp_path):
    path = building.save(tmp_path, GOOD)
    with pytest.raises(Unreadable) as refused:
        reading.read(path, catalogue=building.CATALOGUE, timeout=0.001)
    assert (refused.value.code, refused.value.where) == (
        "unreadable_workbook",
        {"file": "danh-sach.xlsx", "what": "child"},
    )


@pytest.mark.parametrize("last_act", ["os.kill(os.getpid(), 11)", "sys.exit(0)", "print('{')", "b'x' * (2 << 30)"])
def test_a_child_that_dies_does_not_hurt_the_parent(tmp_path, monkeypatch, last_act):
    dying = tmp_path / "dying.py"
    dying.write_text(
        "import os, sys, resource\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)\n"
        f"sys.stdin.buffer.read()\n{last_act}\n"
    )
    monkeypatch.setattr(sheet, "_CHILD", dying)
    with pytest.raises(Unreadable) as refused:
        reading.read(building.save(tmp_path, GOOD), catalogue=building.CATALOGUE)
    assert refused.value.code == "unreadable_workbook"


def run_locked(act: str) -> str:
    """What becomes of one act in a process under the child's limits."""
    program = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('child', {str(Path(child.__file__))!r})\n"
        "child = importlib.util.module_from_spec(spec); spec.loader.exec_module(child)\n"
        "import socket, subprocess\n"
        "child._lock_down(memory=1 << 30, seconds=5)\n"
        f"try:\n    {act}\n    print('done')\nexcept BaseException as error:\n    print(type(error).__name__)\n"
    )
    command = [sys.executable, "-I", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("1 + 1", "done"),
        ("socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("subprocess.run(['true'])", "PermissionError"),
        ("b'x' * (2 << 30)", "MemoryError"),
    ],
)
def test_the_child_has_no_network_no_programs_and_little_memory(act, outcome):
    assert run_locked(act) == outcome


def test_the_child_writes_no_file(tmp_path):
    target = tmp_path / "written"
    assert run_locked(f"open({str(target)!r}, 'w').write('x' * 100_000)") != "done"
    assert target.stat().st_size == 0


def test_the_child_imports_nothing_of_ours_and_starts_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the current folder')")
    path = building.save(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "PYTHONPATH", str(tmp_path))
    assert len(reading.read(path, catalogue=building.CATALOGUE).rows) == 1


VALID = zipped(
    parts(table(ONE, ("Lý Mẩy", building.PERSON, "Giấy khen")), styled=building.styles(("Arial", "General")))
)
STORED = {name: content.encode() if isinstance(content, str) else content for name, content in GOOD.items()}
CHANGES = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8)


def outcome_of(content: bytes) -> str:
    """`read` or the code; anything else raises. In this process: the child's function itself."""
    answer = child.extract(content)
    if "refused" in answer:
        assert answer["refused"] in sheet._MESSAGES
        return answer["refused"]
    raw = sheet.Sheet(
        rows=tuple(sheet.SheetRow(number=n, hidden=h, cells=sheet._cells(cells)) for n, h, cells in answer["rows"]),
        sha256="",
        merged=frozenset(answer["merged"]),
    )
    try:
        reading.interpret(raw, file="x", catalogue=building.CATALOGUE)
    except Unreadable as refused:
        return refused.code
    return "read"


def test_the_fuzzed_workbook_is_sound():
    assert outcome_of(VALID) == "read"
    assert outcome_of(zipped(STORED)) == "read"


@given(changes=CHANGES, cut=st.integers(0, 200))
@settings(max_examples=budget(60), deadline=None)
def test_bytes_changed_in_the_file_never_raise_anything_else(changes, cut):
    content = bytearray(VALID)
    for place, byte in changes:
        content[place % len(content)] = byte
    outcome_of(bytes(content[: len(content) - cut]))


@given(name=st.sampled_from(sorted(STORED)), changes=CHANGES)
@settings(max_examples=budget(100), deadline=None)
def test_bytes_changed_inside_a_part_never_raise_anything_else(name, changes):
    content = bytearray(STORED[name])
    for place, byte in changes:
        content[place % len(content)] = byte
    outcome_of(zipped({**STORED, name: bytes(content)}))


@given(changes=CHANGES)
@settings(max_examples=budget(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(tmp_path, changes):
    content = bytearray(VALID)
    for place, byte in changes:
        content[place % len(content)] = byte
    path = building.save(tmp_path, bytes(content))
    try:
        assert isinstance(reading.read(path, catalogue=building.CATALOGUE), reading.Workbook)
    except Unreadable as refused:
        assert refused.where["file"] == "danh-sach.xlsx"
