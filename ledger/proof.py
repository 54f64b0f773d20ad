"""C2SP tlog-proof@v1: one file that shows offline that an entry stands in the log, and what was disclosed of it.

The extra data of this log's proofs is RFC 8785 JSON {"entry", "openings"} and, where the proof speaks of a decision,
"later": the entries that came after on the same subject, each with its own path to the same checkpoint. What it leaves
out it cannot show to be absent: that takes the whole log (`tiles`).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import canonical, commitment, merkle, note, unproven
from ledger import entry as entries

LARGEST = 1_000_000  # characters; a proof has a few thousand
SIGNED = "decision:signed"  # the entry with which a decision begins
IDENTITY = "about"  # the opened field that says which decision it is

_HEADER = "c2sp.org/tlog-proof@v1"
_OPENING_KEYS = frozenset({"field", "salt", "value"})
_LATER_KEYS = frozenset({"entry", "openings", "path"})
_DEEPEST = 32  # levels of lists and objects
Openings = tuple[Mapping[str, Any], ...]  # {"field", "salt", "value"}


@dataclass(frozen=True, slots=True)
class Event:
    """A later entry on the same subject, with what was opened of it."""

    entry: entries.Entry
    openings: Openings


@dataclass(frozen=True, slots=True)
class Proven:
    """The content of a verified proof: the entry, its checkpoint, the opened fields, and later entries.

    `later` is None for proofs of earlier versions, which do not mention later events.
    """

    entry: entries.Entry
    checkpoint: note.Checkpoint
    openings: Openings
    later: tuple[Event, ...] | None = None

    def opened(self, field: str) -> Any:
        """The newest opened value of a field, as of the checkpoint's size; None where none is opened."""
        for openings in (*(event.openings for event in reversed(self.later or ())), self.openings):
            for opening in openings:
                if opening["field"] == field:
                    return opening["value"]
        return None


def extra(
    leaf: bytes,
    openings: Iterable[Mapping[str, canonical.Json]],
    later: Iterable[tuple[bytes, Iterable[Mapping[str, canonical.Json]], Sequence[bytes]]] | None = None,
) -> bytes:
    """The extra data of a proof: RFC 8785 JSON of the entry, of what is disclosed of it, and of what came later.

    `openings` are {"field", "salt", "value"}; `later` are (leaf, openings, path). Raises unproven.Unproven (`entry`,
    `opening`) when openings do not open their entry: a proof that cannot be checked is never handed out.
    """
    told: dict[str, Any] = _told(leaf, openings)
    if later is not None:
        told["later"] = [
            _told(after, opened) | {"path": [b64encode(digest).decode() for digest in path]}
            for after, opened, path in later
        ]
    return canonical.dumps(told)


def _told(leaf: bytes, openings: Iterable[Mapping[str, canonical.Json]]) -> dict[str, Any]:
    opened = [dict(opening) for opening in openings]
    _read_openings(_read_entry(leaf), opened)
    return {"entry": json.loads(leaf), "openings": opened}


def write(index: int, inclusion: Sequence[bytes], extra: bytes, checkpoint: str) -> str:
    """The proof's text: `inclusion` are the hashes from the leaf's sibling upward, `checkpoint` a signed note."""
    lines = [_HEADER]
    if extra:
        lines.append(f"extra {b64encode(extra).decode()}")
    lines.append(f"index {index}")
    lines.extend(b64encode(digest).decode() for digest in inclusion)
    return "\n".join(lines) + "\n\n" + checkpoint


def check(text: str, vkey: str) -> dict[str, Any]:
    """The content of a valid proof of any entry, as JSON; else unproven.Unproven as `verify` raises it."""
    return shown(verify(text, vkey))


def check_decision(text: str, vkey: str) -> dict[str, Any]:
    """As `check`, for a proof of a decision; raises unproven.Unproven `decision` for a proof of anything else."""
    proven = verify(text, vkey)
    require_decision(proven)
    return shown(proven)


def require_decision(proven: Proven) -> None:
    """Raise unproven.Unproven `decision` unless this proof says which decision was signed."""
    if proven.entry.kind != SIGNED:
        raise unproven.Unproven(
            "decision",
            f"Đây không phải bằng chứng của một quyết định: bản ghi {proven.entry.index} thuộc loại «{proven.entry.kind}».",
        )
    if all(opening["field"] != IDENTITY for opening in proven.openings):
        raise unproven.Unproven(
            "decision", "Bằng chứng không mở mục nào nói đó là quyết định nào nên không chứng minh quyết định nào cả."
        )


def shown(proven: Proven) -> dict[str, Any]:
    """{"index", "size", "origin", "openings", "kind", "subject", "at", "state", "later"}; `state` as of that size."""
    later = proven.later
    return {
        "index": proven.entry.index,
        "size": proven.checkpoint.size,
        "origin": proven.checkpoint.origin,
        "openings": [dict(opening) for opening in proven.openings],
        "kind": proven.entry.kind,
        "subject": proven.entry.subject,
        "at": _moment(proven.entry),
        "state": proven.opened("state") if later is not None else None,
        "later": None if later is None else [
            {
                "index": event.entry.index,
                "kind": event.entry.kind,
                "at": _moment(event.entry),
                "openings": [dict(opening) for opening in event.openings],
            }
            for event in later
        ],
    }  # fmt: skip


def _moment(entry: entries.Entry) -> str:
    return entry.at.isoformat(timespec="seconds")


def verify(text: str, vkey: str) -> Proven:
    """Check the signature, the entry, its place in the tree, every opening, and the same of each later entry.

    Raises unproven.Unproven naming the first part that failed: `vkey`, `format`, `signature`, `checkpoint`, `extra`,
    `entry`, `index`, `inclusion`, `opening`, `later`.
    """
    if len(text) > LARGEST:
        raise unproven.Unproven("format", "Tệp quá lớn so với một bằng chứng.")
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
    document = _read_extra(_from_base64(lines[1].removeprefix("extra "), "extra"))
    leaf = canonical.dumps(document["entry"])
    entry = _read_entry(leaf)
    if entry.index != index:
        raise unproven.Unproven("index", f"Bản ghi mang số {entry.index}, tệp nói số {index}.")
    _require_inclusion(entry, leaf, inclusion, checkpoint)
    openings = _read_openings(entry, document["openings"])
    later = _read_later(entry, document["later"], checkpoint) if "later" in document else None
    return Proven(entry=entry, checkpoint=checkpoint, openings=openings, later=later)


def _require_inclusion(entry: entries.Entry, leaf: bytes, path: Sequence[bytes], checkpoint: note.Checkpoint) -> None:
    if not merkle.verify_inclusion(
        index=entry.index, size=checkpoint.size, leaf=merkle.leaf_hash(leaf), proof=path, root=checkpoint.root
    ):
        raise unproven.Unproven(
            "inclusion", f"Bản ghi {entry.index} không dẫn tới mã gốc đã ký: không nằm trong sổ cái này."
        )


def _read_extra(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.decode())
        exact = not _is_deep(document) and canonical.dumps(document) == data
    except (ValueError, RecursionError):
        exact = False
    if not exact or type(document) is not dict or document.keys() - {"later"} != {"entry", "openings"}:
        raise unproven.Unproven(
            "extra", "Phần kèm theo không phải JSON chuẩn (RFC 8785) gồm «entry», «openings» và có thể «later»."
        )
    if type(document["openings"]) is not list or type(document.get("later", [])) is not list:
        raise unproven.Unproven("extra", "«openings» hoặc «later» không phải một danh sách.")
    return document


def _is_deep(document: Any) -> bool:
    """Nested deeper than anything a ledger holds: what cannot be walked the same way by every reader is no proof."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            item
            for one in level
            if isinstance(one, (dict, list))
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _read_later(entry: entries.Entry, later: list[Any], checkpoint: note.Checkpoint) -> tuple[Event, ...]:
    """Later entries about the same subject, in their order, each proven under the same checkpoint."""
    found: list[Event] = []
    before = entry.index
    for one in later:
        if type(one) is not dict or one.keys() != _LATER_KEYS or type(one["openings"]) is not list:
            raise unproven.Unproven("later", "Một sự kiện về sau không gồm đúng «entry», «openings», «path».")
        if type(one["path"]) is not list or not all(type(line) is str for line in one["path"]):
            raise unproven.Unproven("later", "«path» của một sự kiện về sau không phải danh sách mã băm.")
        leaf = canonical.dumps(one["entry"])
        event = _read_entry(leaf)
        if event.index <= before or (event.subject, _source(event)) != (entry.subject, _source(entry)):
            raise unproven.Unproven("later", f"Bản ghi {event.index} không phải việc về sau của cùng đối tượng.")
        before = event.index
        _require_inclusion(event, leaf, [_from_base64(line, "later") for line in one["path"]], checkpoint)
        found.append(Event(event, _read_openings(event, one["openings"])))
    return tuple(found)


def _source(entry: entries.Entry) -> str:
    return entry.kind.partition(":")[0]


def _read_entry(leaf: bytes) -> entries.Entry:
    try:
        return entries.decode(leaf)
    except ValueError:
        raise unproven.Unproven("entry", "Bản ghi không đúng dạng một bản ghi của sổ cái.") from None


def _read_openings(entry: entries.Entry, openings: Sequence[Any]) -> Openings:
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
