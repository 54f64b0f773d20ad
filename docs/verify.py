"""Kiểm tra ngoại tuyến một tệp chứng minh `.tlog-proof` / check a `.tlog-proof` file offline.

    python verify.py FILE --vkey FILE               # of a decision / của một quyết định
    python verify.py FILE --vkey FILE --log FOLDER  # … held against a whole export of the log / đối chiếu cả bản xuất
    python verify.py FILE --vkey FILE --entry       # of any entry of the log / của một bản ghi bất kỳ

A proof lists what came later for the decision, up to its checkpoint: each event it lists is proven, that it lists all of
them is only proven together with the log (`vinhdanh ledger export`).

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
LATER_KEYS = {"entry", "openings", "path"}
LARGEST_PROOF = 1_000_000  # characters
LARGEST_ENTRY = 65_535  # bytes
DEEPEST = 32  # levels of lists and objects
MOST_SIGNATURES = 100
WIDTH = 256  # entries of a bundle (C2SP tlog-tiles)
LARGEST_INTEGER = 2**53 - 1
STATES = {"in_force": "còn hiệu lực / in force", "revoked": "ĐÃ BỊ HỦY BỎ / REVOKED"}


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


def is_deep(document: Any) -> bool:
    """Nested deeper than anything a ledger holds."""
    level = [document]
    for _ in range(DEEPEST):
        level = [
            item
            for one in level
            if isinstance(one, (dict, list))
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def read_vkey(vkey: str) -> tuple[str, bytes, bytes]:
    """(name, key id, Ed25519 public key) of `name+id+base64`."""
    name, _, rest = vkey.strip().partition("+")
    key_id, _, packed = rest.partition("+")
    bad = not name or any(sign.isspace() or ord(sign) < 0x20 or "\ud800" <= sign <= "\udfff" for sign in name)
    key = b"" if bad else from_base64(packed)
    known = b"" if bad else sha256(name.encode() + b"\n" + key)[:4]
    if len(key) != 33 or key[:1] != b"\x01" or known.hex() != key_id:
        raise NotProven("Khóa kiểm tra không phải khóa Ed25519 dạng tên+mã+base64.", "The vkey is not an Ed25519 key.")
    return name, known, key[1:]


def open_checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """(origin, size, root) of a checkpoint signed by the key; signatures of other keys are ignored."""
    name, key_id, public = read_vkey(vkey)
    body, blank, tail = note.rpartition("\n\n")
    text = body + "\n"
    signatures = tail.removesuffix("\n").split("\n")
    if not blank or not tail.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]", note):
        raise NotProven("Điểm kiểm không có dạng văn bản có chữ ký.", "The checkpoint is not a signed note.")
    if len(signatures) > MOST_SIGNATURES:
        raise NotProven("Điểm kiểm có quá nhiều chữ ký.", "The checkpoint has too many signatures.")
    signed = False
    for line in signatures:
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


def read_extra(data: bytes) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
    """(entry, openings, later); `later` is None in proofs of before there was such a thing."""
    try:
        extra = json.loads(data.decode())
        exact = not is_deep(extra) and canonical(extra) == data
    except (ValueError, RecursionError):
        exact = False
    if not exact or not isinstance(extra, dict) or extra.keys() - {"later"} != {"entry", "openings"}:
        raise NotProven("Phần kèm theo không phải JSON chuẩn RFC 8785.", "The extra data is not RFC 8785 JSON as due.")
    entry, openings, later = extra["entry"], extra["openings"], extra.get("later")
    if not isinstance(openings, list) or ("later" in extra and not isinstance(later, list)) or not is_entry(entry):
        raise NotProven("Bản ghi không đúng dạng.", "The entry is malformed.")
    return entry, openings, later


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
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", entry["at"]):
        return False
    try:
        datetime.fromisoformat(entry["at"])
    except ValueError:
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


def require_inclusion(entry: dict[str, Any], path: list[Any], size: int, root: bytes) -> None:
    if not all(type(line) is str for line in path):
        raise NotProven("Đường dẫn của một bản ghi không đúng dạng.", "The path of an entry is malformed.")
    hashes = [from_base64(line) for line in path]
    if root_from(entry["index"], size, sha256(b"\x00" + canonical(entry)), hashes) != root:
        raise NotProven("Bản ghi không nằm trong sổ cái đã ký.", "The entry is not in the signed log.")


def check_later(entry: dict[str, Any], later: list[Any], size: int, root: bytes) -> None:
    """Each event that came later on the same subject, in its order and in its place under the same checkpoint."""
    before = entry["index"]
    source = entry["kind"].partition(":")[0]
    for one in later:
        if not isinstance(one, dict) or one.keys() != LATER_KEYS or not is_entry(one["entry"]):
            raise NotProven("Một sự kiện về sau không đúng dạng.", "A later event is malformed.")
        event, openings, path = one["entry"], one["openings"], one["path"]
        if not isinstance(openings, list) or not isinstance(path, list):
            raise NotProven("Một sự kiện về sau không đúng dạng.", "A later event is malformed.")
        same = event["subject"] == entry["subject"] and event["kind"].partition(":")[0] == source
        if event["index"] <= before or not same:
            raise NotProven("Một sự kiện không phải việc về sau.", "An event is not a later one of the same subject.")
        before = event["index"]
        require_inclusion(event, path, size, root)
        check_openings(event, openings)


def verify(text: str, vkey: str) -> tuple[dict[str, Any], list[Any], str, int, list[Any] | None]:
    """(entry, openings, origin, size, later) of a proof that holds; raises NotProven."""
    if len(text) > LARGEST_PROOF:
        raise NotProven("Tệp quá lớn so với một bằng chứng.", "The file is too large for a proof.")
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or lines[0] != HEADER:
        raise NotProven(f"Tệp không có dạng {HEADER}.", f"The file is not of the form {HEADER}.")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise NotProven("Tệp thiếu dòng «extra» hoặc «index».", "The file lacks its 'extra' or 'index' line.")
    index = decimal(lines[2].removeprefix("index "))
    origin, size, root = open_checkpoint(note, vkey)
    entry, openings, later = read_extra(from_base64(lines[1].removeprefix("extra ")))
    if entry["index"] != index:
        raise NotProven("Số thứ tự của bản ghi không khớp.", "The entry's index is not the proof's.")
    require_inclusion(entry, lines[3:], size, root)
    check_openings(entry, openings)
    check_later(entry, later or [], size, root)
    return entry, openings, origin, size, later


def require_decision(entry: dict[str, Any], openings: list[Any]) -> None:
    """A true entry is no decision yet: it must be a signed one, and say which."""
    if entry["kind"] != "decision:signed":
        raise NotProven(
            f"Đây không phải bằng chứng của một quyết định mà của bản ghi loại «{entry['kind']}» (xem --entry).",
            f"This proves no decision but an entry of kind '{entry['kind']}' (see --entry).",
        )
    if all(opening["field"] != "about" for opening in openings):
        raise NotProven(
            "Bằng chứng không mở mục nào nói đó là quyết định nào.", "The proof discloses not which decision it is."
        )


def bundle_path(index: int, width: int) -> str:
    """Where a bundle of entries lies in an export: `tile/entries/x001/x234/067[.p/W]`."""
    thousands = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        thousands = f"x{index % 1000:03d}/{thousands}"
    return f"tile/entries/{thousands}" + (f".p/{width}" if width < WIDTH else "")


def read_log(folder: Path, vkey: str) -> tuple[list[bytes], int]:
    """All entries of an export and how many there are, once they lead to its signed checkpoint."""
    _, size, root = open_checkpoint(read_text(folder / "checkpoint"), vkey)
    leaves: list[bytes] = []
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        path = folder / bundle_path(first // WIDTH, width)
        try:
            data = path.read_bytes() if path.exists() else (folder / bundle_path(first // WIDTH, WIDTH)).read_bytes()
        except OSError as reason:
            raise NotProven(f"Không đọc được tệp {path}.", f"Cannot read {path}: {reason}.") from None
        at = 0
        for _ in range(width):
            length = int.from_bytes(data[at : at + 2], "big")
            leaves.append(data[at + 2 : at + 2 + length])
            at += 2 + length
    if tree_root([sha256(b"\x00" + leaf) for leaf in leaves]) != root:
        raise NotProven("Bản xuất của sổ cái đã bị sửa.", "The export of the log was altered.")
    return leaves, size


def tree_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1, level by level: an odd one at the end goes up as it is."""
    while len(hashes) > 1:
        pairs = [sha256(b"\x01" + hashes[at] + hashes[at + 1]) for at in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(hashes) & ~1 :]
    return hashes[0] if hashes else sha256(b"")


def check_complete(text: str, vkey: str, folder: Path) -> list[dict[str, Any]]:
    """What the log says of the proof's subject after its checkpoint; raises NotProven for an event left out before it."""
    entry, _, _, size, later = verify(text, vkey)
    _, _, root = open_checkpoint(text.partition("\n\n")[2], vkey)
    leaves, length = read_log(folder, vkey)
    if length < size or tree_root([sha256(b"\x00" + leaf) for leaf in leaves[:size]]) != root:
        raise NotProven(
            "Bản xuất và bằng chứng không cùng một sổ cái.", "The export does not continue the proof's log."
        )
    source = entry["kind"].partition(":")[0]
    found = [json.loads(leaf) for leaf in leaves[entry["index"] + 1 :]]
    same = [one for one in found if one["subject"] == entry["subject"] and one["kind"].partition(":")[0] == source]
    told = [event["entry"] for event in later or []]
    if later is not None and [one for one in same if one["index"] < size] != told:
        raise NotProven("Bằng chứng bỏ sót việc về sau của quyết định.", "The proof leaves out what came later.")
    return [one for one in same if one["index"] >= size or later is None]


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


def say(entry: dict[str, Any], openings: list[Any], later: list[Any] | None, size: int) -> None:
    """Which decision, when, and how it stood at that size of the log."""
    about = next(opening["value"] for opening in openings if opening["field"] == "about")
    print(f"ĐÚNG: quyết định {shown(entry['subject'])} nằm trong sổ cái đã ký; các giá trị công khai là thật.")
    print(f"PROVEN: decision {shown(entry['subject'])} stands in the signed log; the disclosed values are genuine.")
    print(f"  Quyết định / decision: {shown(about)}")
    if later is None:
        print("  Bằng chứng kiểu cũ: không nói gì về những việc sau khi ký.")
        print("  A proof of the old form: it says nothing of what came after the signature.")
        return
    state = None
    for opened in (openings, *(event["openings"] for event in later)):
        state = next((opening["value"] for opening in opened if opening["field"] == "state"), state)
    print(f"  Tình trạng khi sổ cái có {size} bản ghi / state when the log had {size} entries: {said_state(state)}")
    for opening in (one for event in later for one in event["openings"] if one["field"] == "partly"):
        print(f"  Trừ hồ sơ / except for: {shown(opening['value'])}")
    for event in later:
        print(f"  Về sau / later: {event['entry']['index']}, {event['entry']['at']}, {event['entry']['kind']}")
        for opening in event["openings"]:
            print(f"    {shown(opening['field'])}: {shown(opening['value'])}")


def said_state(state: Any) -> str:
    return STATES.get(state, shown(state)) if isinstance(state, str) else "không rõ / not disclosed"


def main() -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra tệp .tlog-proof ngoại tuyến / check a .tlog-proof offline")
    parser.add_argument("file", type=Path, metavar="FILE", help="tệp chứng minh / the proof")
    parser.add_argument("--vkey", type=Path, required=True, metavar="FILE", help="tệp khóa kiểm tra / the verifier key")
    parser.add_argument("--log", type=Path, metavar="FOLDER", help="bản xuất của sổ cái / an export of the log")
    parser.add_argument("--entry", action="store_true", help="một bản ghi bất kỳ / an entry of any kind")
    asked = parser.parse_args()
    # A Windows console is often not UTF-8; the answer must come out all the same.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    since: list[dict[str, Any]] = []
    try:
        text, vkey = read_text(asked.file), read_text(asked.vkey).strip()
        entry, openings, origin, size, later = verify(text, vkey)
        if not asked.entry:
            require_decision(entry, openings)
        if asked.log is not None:
            since = check_complete(text, vkey, asked.log)
    except NotProven as reason:
        print(f"KHÔNG ĐÚNG: {reason.vietnamese}")
        print(f"NOT PROVEN: {reason.english}")
        return 1
    if asked.entry:
        print("ĐÚNG: bản ghi nằm trong sổ cái đã ký và các giá trị công khai là thật.")
        print("PROVEN: the entry stands in the signed log and the disclosed values are genuine.")
    else:
        say(entry, openings, later, size)
    print(f"  Sổ cái / log: {origin} ({size} bản ghi / entries)")
    print(f"  Bản ghi / entry: {entry['index']}, {entry['at']}, {entry['kind']}, {shown(entry['subject'])}")
    for opening in openings:
        print(f"  {shown(opening['field'])}: {shown(opening['value'])}")
    for one in since:
        print(f"  CÒN CÓ VỀ SAU / AND LATER STILL: {one['index']}, {one['at']}, {one['kind']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
