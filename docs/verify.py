"""Kiểm tra ngoại tuyến một tệp chứng minh `.tlog-proof` / check a `.tlog-proof` file offline.

    python verify.py FILE --vkey FILE

Exit code 0: proven; 1: not proven, or a file cannot be read. Needs Python 3.11 and the `cryptography` package, nothing
else: no network and no part of the system that made the proof, so that whoever doubts that system can read this one
file and run it elsewhere. Formats: C2SP tlog-proof@v1, tlog-checkpoint, signed-note; RFC 6962 §2.1 (tree),
RFC 8785 (canonical JSON), RFC 8032 (Ed25519).
"""

import argparse
import hashlib
import io
import json
import re
import sys
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER = "c2sp.org/tlog-proof@v1"
ENTRY_KEYS = {"v", "index", "at", "kind", "subject", "commitments"}
LARGEST_ENTRY = 65_535
LARGEST_INTEGER = 2**53 - 1


class NotProven(Exception):  # noqa: N818 -- the answer of a check, not a fault of the program
    def __init__(self, vietnamese: str, english: str) -> None:
        super().__init__(english)
        self.vietnamese = vietnamese
        self.english = english


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def from_base64(text: str) -> bytes:
    """Standard base64, refused unless spelled the one canonical way: nothing in a proof may be altered unseen."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = None
    if data is None or b64encode(data).decode() != text:
        raise NotProven("Một dòng không phải base64 chuẩn.", "A line is not canonical base64.")
    return data


def decimal(text: str) -> int:
    if not re.fullmatch(r"(0|[1-9][0-9]{0,18})", text):
        raise NotProven("Một số không viết đúng dạng thập phân.", "A number is not a plain decimal.")
    return int(text)


def canonical(value: Any) -> bytes:
    """RFC 8785 JSON of the values a ledger holds; floats and integers beyond ±(2^53-1) have no place in it."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return b"{" + b",".join(canonical(key) + b":" + canonical(item) for key, item in ordered) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(canonical(item) for item in value) + b"]"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
        raise ValueError("a number that a ledger cannot hold")
    return json.dumps(value, ensure_ascii=False).encode()


def read_vkey(vkey: str) -> tuple[str, bytes, bytes]:
    """(name, key id, Ed25519 public key) of `name+id+base64`."""
    name, _, rest = vkey.partition("+")
    key_id, _, packed = rest.partition("+")
    key = from_base64(packed)
    known = sha256(name.encode() + b"\n" + key)[:4]
    if not name or len(key) != 33 or key[:1] != b"\x01" or known.hex() != key_id:
        raise NotProven("Khóa kiểm tra không phải khóa Ed25519 dạng tên+mã+base64.", "The vkey is not an Ed25519 key.")
    return name, known, key[1:]


def open_checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """(origin, size, root) of a checkpoint signed by the key; signatures of other keys are ignored."""
    name, key_id, public = read_vkey(vkey)
    body, blank, tail = note.rpartition("\n\n")
    text = body + "\n"
    if not blank or not tail.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise NotProven("Điểm kiểm không có dạng văn bản có chữ ký.", "The checkpoint is not a signed note.")
    signed = False
    for line in tail.removesuffix("\n").split("\n"):
        parts = re.fullmatch("— ([^ ]+) ([^ ]+)", line)
        signature = from_base64(parts[2]) if parts else b""
        if not parts or len(signature) <= 4:
            raise NotProven("Một dòng chữ ký không đúng dạng.", "A signature line is malformed.")
        if (parts[1], signature[:4]) == (name, key_id):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())
            except InvalidSignature:
                raise NotProven("Chữ ký trên điểm kiểm không đúng.", "The checkpoint's signature is false.") from None
            signed = True
    if not signed:
        raise NotProven("Điểm kiểm không có chữ ký của khóa đã cho.", "The checkpoint is not signed by the given key.")
    lines = text.split("\n")
    if len(lines) != 4 or lines[0] != name or len(root := from_base64(lines[2])) != 32:
        raise NotProven("Điểm kiểm không gồm đúng ba dòng.", "The checkpoint has not exactly three lines.")
    return name, decimal(lines[1]), root


def root_from(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root to which the path leads (RFC 9162 §2.1.3.2); empty when the path has not the right length."""
    if not 0 <= index < size or any(len(sibling) != 32 for sibling in path):
        return b""
    position, last, digest = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return b""
        if position & 1 or position == last:
            digest = sha256(b"\x01" + sibling + digest)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            digest = sha256(b"\x01" + digest + sibling)
        position, last = position >> 1, last >> 1
    return digest if last == 0 else b""


def read_extra(data: bytes) -> tuple[dict[str, Any], list[Any]]:
    try:
        extra = json.loads(data.decode())
        exact = canonical(extra) == data
    except (ValueError, RecursionError):
        exact = False
    if not exact or not isinstance(extra, dict) or extra.keys() != {"entry", "openings"}:
        raise NotProven("Phần kèm theo không phải JSON chuẩn RFC 8785.", "The extra data is not RFC 8785 JSON as due.")
    entry, openings = extra["entry"], extra["openings"]
    if not isinstance(openings, list) or not is_entry(entry):
        raise NotProven("Bản ghi không đúng dạng.", "The entry is malformed.")
    return entry, openings


def is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or entry.keys() != ENTRY_KEYS or len(canonical(entry)) > LARGEST_ENTRY:
        return False
    texts = [entry["at"], entry["kind"], entry["subject"]]
    numbers = [entry["v"], entry["index"]]
    commitments = entry["commitments"]
    if not all(type(text) is str and text for text in texts) or not all(type(number) is int for number in numbers):
        return False
    if entry["v"] != 1 or not isinstance(commitments, dict):
        return False
    if not all(
        type(made) is str and re.fullmatch("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", made) for made in commitments.values()
    ):
        return False
    try:
        datetime.strptime(entry["at"], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 -- only its form is asked
    except ValueError:
        return False
    if len(entry["at"]) != 27 or not entry["at"].isascii():
        return False
    return re.fullmatch(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*", entry["kind"]) is not None


def check_openings(entry: dict[str, Any], openings: list[Any]) -> None:
    seen: set[str] = set()
    for opening in openings:
        if not isinstance(opening, dict) or opening.keys() != {"field", "salt", "value"}:
            raise NotProven("Một phần công khai không đúng dạng.", "An opening is malformed.")
        field, text = opening["field"], opening["salt"]
        if type(field) is not str or field in seen or type(text) is not str:
            raise NotProven("Một phần công khai không đúng dạng.", "An opening is malformed.")
        seen.add(field)
        try:
            salt = urlsafe_b64decode(text + "==")
        except ValueError:
            salt = b""
        if len(salt) != 16 or urlsafe_b64encode(salt).decode().rstrip("=") != text:
            raise NotProven(f"Muối của trường «{field}» không đọc được.", f"The salt of field '{field}' is malformed.")
        made = urlsafe_b64encode(sha256(salt + b"\x00" + canonical(opening["value"]))).decode().rstrip("=")
        if entry["commitments"].get(field) != made:
            raise NotProven(
                f"Giá trị của trường «{field}» không đúng với cam kết.",
                f"The value of field '{field}' is not the one committed to.",
            )


def verify(text: str, vkey: str) -> tuple[dict[str, Any], list[Any], str, int]:
    """(entry, openings, origin, size) of a proof that holds; raises NotProven."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or lines[0] != HEADER:
        raise NotProven(f"Tệp không có dạng {HEADER}.", f"The file is not of the form {HEADER}.")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise NotProven("Tệp thiếu dòng «extra» hoặc «index».", "The file lacks its 'extra' or 'index' line.")
    index = decimal(lines[2].removeprefix("index "))
    path = [from_base64(line) for line in lines[3:]]
    origin, size, root = open_checkpoint(note, vkey)
    entry, openings = read_extra(from_base64(lines[1].removeprefix("extra ")))
    if entry["index"] != index:
        raise NotProven("Số thứ tự của bản ghi không khớp.", "The entry's index is not the proof's.")
    if root_from(index, size, sha256(b"\x00" + canonical(entry)), path) != root:
        raise NotProven("Bản ghi không nằm trong sổ cái đã ký.", "The entry is not in the signed log.")
    check_openings(entry, openings)
    return entry, openings, origin, size


def read_text(path: Path) -> str:
    try:
        # Bytes, not read_text: a carriage return is an alteration, not another way to end a line.
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as reason:
        raise NotProven(f"Không đọc được tệp {path}.", f"Cannot read {path}: {reason}.") from None


def shown(value: Any) -> str:
    """As JSON, so that no value can print a line of its own or steer the terminal."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra tệp .tlog-proof ngoại tuyến / check a .tlog-proof offline")
    parser.add_argument("file", type=Path, metavar="FILE", help="tệp chứng minh / the proof")
    parser.add_argument("--vkey", type=Path, required=True, metavar="FILE", help="tệp khóa kiểm tra / the verifier key")
    asked = parser.parse_args()
    # A Windows console is often not UTF-8; the answer must come out all the same.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        entry, openings, origin, size = verify(read_text(asked.file), read_text(asked.vkey).strip())
    except NotProven as reason:
        print(f"KHÔNG ĐÚNG: {reason.vietnamese}")
        print(f"NOT PROVEN: {reason.english}")
        return 1
    print("ĐÚNG: bản ghi nằm trong sổ cái đã ký và các giá trị công khai là thật.")
    print("PROVEN: the entry stands in the signed log and the disclosed values are genuine.")
    print(f"  Sổ cái / log: {origin} ({size} bản ghi / entries)")
    print(f"  Bản ghi / entry: {entry['index']}, {entry['at']}, {entry['kind']}, {shown(entry['subject'])}")
    for opening in openings:
        print(f"  {shown(opening['field'])}: {shown(opening['value'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
