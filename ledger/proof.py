"""C2SP tlog-proof@v1: one file that shows offline that an entry stands in the log, and what was disclosed of it."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import canonical, commitment, merkle, note, unproven
from ledger import entry as entries

_HEADER = "c2sp.org/tlog-proof@v1"
_OPENING_KEYS = frozenset({"field", "salt", "value"})


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof has shown: the entry, the checkpoint it stands under, and the opened fields."""

    entry: entries.Entry
    checkpoint: note.Checkpoint
    openings: tuple[Mapping[str, Any], ...]  # {"field", "salt", "value"}


def extra(leaf: bytes, openings: Iterable[Mapping[str, canonical.Json]]) -> bytes:
    """The extra data of this log's proofs: RFC 8785 JSON of the entry and of what is disclosed of it.

    `openings` are {"field", "salt", "value"}. Raises unproven.Unproven (`entry`, `opening`) when they do not open
    the entry: a proof that cannot be checked is never handed out.
    """
    opened = [dict(opening) for opening in openings]
    _read_openings(_read_entry(leaf), opened)
    return canonical.dumps({"entry": json.loads(leaf), "openings": opened})


def write(index: int, inclusion: Sequence[bytes], extra: bytes, checkpoint: str) -> str:
    """The proof's text: `inclusion` are the hashes from the leaf's sibling upward, `checkpoint` a signed note."""
    lines = [_HEADER]
    if extra:
        lines.append(f"extra {b64encode(extra).decode()}")
    lines.append(f"index {index}")
    lines.extend(b64encode(digest).decode() for digest in inclusion)
    return "\n".join(lines) + "\n\n" + checkpoint


def check(text: str, vkey: str) -> dict[str, Any]:
    """{"index", "size", "origin", "openings"} of a proof that holds; else unproven.Unproven as `verify` raises it."""
    proven = verify(text, vkey)
    return {
        "index": proven.entry.index,
        "size": proven.checkpoint.size,
        "origin": proven.checkpoint.origin,
        "openings": [dict(opening) for opening in proven.openings],
    }


def verify(text: str, vkey: str) -> Proven:
    """Check the signature, the entry, its place in the tree and every opening.

    Raises unproven.Unproven naming the first part that failed: `vkey`, `format`, `signature`, `checkpoint`, `extra`,
    `entry`, `index`, `inclusion`, `opening`.
    """
    head, blank, signed = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != _HEADER:
        raise unproven.Unproven("format", f"Tệp không bắt đầu bằng dòng {_HEADER}.")
    if len(lines) < 3 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise unproven.Unproven("format", "Tệp thiếu dòng «extra» hoặc dòng «index».")
    if not note.is_decimal(lines[2].removeprefix("index ")):
        raise unproven.Unproven("format", "Số thứ tự ở dòng «index» không phải số thập phân.")
    index = int(lines[2].removeprefix("index "))
    inclusion = [_from_base64(line, "format") for line in lines[3:]]
    checkpoint = note.open_checkpoint(signed, vkey)
    leaf, disclosed = _read_extra(_from_base64(lines[1].removeprefix("extra "), "extra"))
    entry = _read_entry(leaf)
    if entry.index != index:
        raise unproven.Unproven("index", f"Bản ghi mang số {entry.index}, tệp nói số {index}.")
    if not merkle.verify_inclusion(
        index=index, size=checkpoint.size, leaf=merkle.leaf_hash(leaf), proof=inclusion, root=checkpoint.root
    ):
        raise unproven.Unproven("inclusion", "Bản ghi không dẫn tới mã gốc đã ký: không nằm trong sổ cái này.")
    return Proven(entry=entry, checkpoint=checkpoint, openings=_read_openings(entry, disclosed))


def _read_extra(data: bytes) -> tuple[bytes, list[Any]]:
    try:
        document = json.loads(data.decode())
        exact = canonical.dumps(document) == data
    except (ValueError, RecursionError):
        exact = False
    if not exact or type(document) is not dict or document.keys() != {"entry", "openings"}:
        raise unproven.Unproven("extra", "Phần kèm theo không phải JSON chuẩn (RFC 8785) gồm «entry» và «openings».")
    if type(document["openings"]) is not list:
        raise unproven.Unproven("extra", "«openings» không phải một danh sách.")
    return canonical.dumps(document["entry"]), document["openings"]


def _read_entry(leaf: bytes) -> entries.Entry:
    try:
        return entries.decode(leaf)
    except ValueError:
        raise unproven.Unproven("entry", "Bản ghi không đúng dạng một bản ghi của sổ cái.") from None


def _read_openings(entry: entries.Entry, openings: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    seen: set[str] = set()
    for opening in openings:
        if type(opening) is not dict or opening.keys() != _OPENING_KEYS or type(opening["field"]) is not str:
            raise unproven.Unproven("opening", "Một phần công khai không gồm đúng «field», «salt», «value».")
        field = opening["field"]
        if field in seen:
            raise unproven.Unproven("opening", f"Trường «{field}» được công khai hai lần.")
        seen.add(field)
        try:
            salt = commitment.salt_from_text(opening["salt"])
        except (ValueError, TypeError):
            raise unproven.Unproven("opening", f"Muối của trường «{field}» không đọc được.") from None
        if not commitment.opens(entry.commitments.get(field, ""), salt, opening["value"]):
            raise unproven.Unproven("opening", f"Giá trị của trường «{field}» không đúng với cam kết trong bản ghi.")
    return tuple(openings)


def _from_base64(text: str, part: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = None
    # Spare bits and padding could otherwise be altered unseen.
    if data is None or b64encode(data).decode() != text:
        raise unproven.Unproven(part, "Một dòng không phải base64 chuẩn.")
    return data
