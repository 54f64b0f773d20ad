"""The raw first sheet of a workbook file, read by a child process so that no file can hurt this one."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from rules.refusal import Unreadable

FILE_LIMIT = 10 * 1024 * 1024
MEMORY_LIMIT = 1024 * 1024 * 1024
_CHILD = Path(__file__).with_name("child.py")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")

_RESAVE = "Hãy mở tệp bằng Excel hoặc LibreOffice, lưu lại dạng .xlsx (Excel Workbook) rồi nộp lại."
_MESSAGES = {
    "file_not_found": "Không mở được tệp. Hãy kiểm tra đường dẫn và quyền đọc tệp.",
    "empty_file": "Tệp rỗng (0 byte). Hãy chọn đúng tệp rồi nộp lại.",
    "file_too_large": "Tệp lớn hơn 10 MB. Hãy bỏ hình ảnh và trang thừa, hoặc chia thành nhiều tệp rồi nộp lại.",
    "xls_file": f"Tệp ở định dạng Excel cũ (.xls). {_RESAVE}",
    "encrypted_workbook": "Tệp được đặt mật khẩu mở. Hãy gỡ mật khẩu (Tệp › Thông tin › Bảo vệ) rồi nộp lại.",
    "html_file": f"Tệp là trang web hoặc XML, không phải bảng tính .xlsx dù tên tệp có thể là như vậy. {_RESAVE}",
    "csv_file": f"Tệp là văn bản thuần (csv), không phải bảng tính .xlsx. {_RESAVE}",
    "not_a_workbook": f"Tệp không phải bảng tính .xlsx. {_RESAVE}",
    "truncated_workbook": "Tệp bị cụt, có thể do tải lên hoặc sao chép dở dang. Hãy chép lại từ bản gốc rồi nộp lại.",
    "unpacked_too_large": "Nội dung tệp khi giải nén vượt 50 MB. Hãy xóa định dạng, hình ảnh và trang thừa rồi nộp lại.",
    "macro_workbook": "Tệp có macro. Hãy lưu lại dạng Excel Workbook (.xlsx), không kèm macro, rồi nộp lại.",
    "dtd_in_workbook": f"Tệp chứa khai báo DTD hoặc thực thể ngoài, không an toàn nên không đọc. {_RESAVE}",
    "too_wide": "Bảng rộng hơn 256 cột có dữ liệu. Hãy xóa các cột thừa bên phải rồi nộp lại.",
    "too_many_rows": "Bảng có hơn 20.000 dòng dữ liệu. Hãy chia thành nhiều tệp rồi nộp lại.",
    "header_missing": "15 dòng đầu của trang đầu tiên không có dòng tiêu đề cột. Hãy dùng mẫu của hệ thống.",
    "header_merged": "Dòng tiêu đề cột có ô bị gộp. Hãy bỏ gộp để mỗi tiêu đề đứng trong một ô của một dòng.",
    "unreadable_workbook": f"Tệp bị hỏng, không đọc được. {_RESAVE}",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell. `kind`: `s` text, `n` number, `d` ISO date, `b` boolean, `e` error value, `f` formula without value.

    `segments` holds [(text, font)] where a legacy font is used, else one pair without a font.
    """

    kind: str
    segments: tuple[tuple[str, str], ...]
    formula: bool = False
    merged: bool = False

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.segments)


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    number: int
    hidden: bool
    cells: Mapping[int, Cell]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Every row that holds something, which of the first rows have merged cells, the SHA-256 of the bytes read."""

    rows: tuple[SheetRow, ...]
    sha256: str
    merged: frozenset[int] = frozenset()


def unreadable(code: str, *, file: str, message: str = "", **where: Any) -> Unreadable:
    return Unreadable(code, message or _MESSAGES[code], where={"file": file, **where})


def extract(path: Path, *, timeout: float) -> Sheet:
    """The first sheet of the file. Raises Unreadable, whatever the file does to the process that reads it.

    `timeout` is in seconds of wall clock and bounds the child's processor time too.
    """
    content = _content(path)
    answer = _ask_child(content, file=path.name, timeout=timeout)
    if "refused" in answer:
        raise unreadable(answer["refused"], file=path.name, **answer["where"])
    return Sheet(
        rows=tuple(
            SheetRow(number=number, hidden=hidden, cells=_cells(cells)) for number, hidden, cells in answer["rows"]
        ),
        sha256=hashlib.sha256(content).hexdigest(),
        merged=frozenset(answer["merged"]),
    )


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(FILE_LIMIT + 1)
    except OSError as error:
        raise unreadable("file_not_found", file=path.name) from error
    if len(content) > FILE_LIMIT:
        raise unreadable("file_too_large", file=path.name)
    if not content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise unreadable(_what_else(content), file=path.name)
    return content


def _what_else(content: bytes) -> str:
    """The apparent type of a file that is no zip, so that the message can suggest a remedy."""
    if not content:
        return "empty_file"
    if content.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in content
        return "encrypted_workbook" if encrypted else "xls_file"
    start = content[:1024].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start.startswith(b"<"):
        return "html_file"
    # A table of zeros or of random bytes is no text; Vietnamese text in any old encoding is.
    binary = sum(byte < 9 or 13 < byte < 32 for byte in start)
    return "csv_file" if start and binary == 0 else "not_a_workbook"


def _ask_child(content: bytes, *, file: str, timeout: float) -> dict[str, Any]:
    # -I -S: no site-packages, no user settings, nothing from the current folder; the environment (with its secrets)
    # stays here. The limits are set by the child itself: a hook between fork and exec is unsafe in a threaded server.
    command = [sys.executable, "-I", "-S", str(_CHILD), str(MEMORY_LIMIT), str(max(1, ceil(timeout)))]
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 -- our own program by a fixed list; the file's bytes go to its stdin
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            env=environment,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError, RecursionError) as error:
        raise unreadable("unreadable_workbook", file=file, what="child") from error
    if not isinstance(answer, dict):
        raise unreadable("unreadable_workbook", file=file, what="child")
    return answer


def _cells(cells: list[list[Any]]) -> dict[int, Cell]:
    return {column: _cell(*cell) for column, cell in cells}


def _cell(kind: str, value: Any, flags: int) -> Cell:
    if isinstance(value, list):
        segments = tuple((text, font) for text, font in value)
    else:
        shown = ("TRUE" if value else "FALSE") if isinstance(value, bool) else value
        segments = ((shown, ""),)
    return Cell(kind=kind, segments=segments, formula=bool(flags & 1), merged=bool(flags & 2))
