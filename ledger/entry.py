"""One leaf of the log: what happened to what, when, and commitments to the particulars."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger import canonical

VERSION = 1
LARGEST = 65_535  # bytes; entry bundles carry the length as uint16 (C2SP tlog-tiles)

_KEYS = frozenset({"v", "index", "at", "kind", "subject", "commitments"})
_KIND = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")
# 43 characters carry 258 bits for 256: the last one may only be of those that leave the two spare bits zero.
_COMMITMENT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    index: int
    at: datetime  # UTC
    kind: str  # source:past_tense, as nomination:submitted
    subject: str
    commitments: Mapping[str, str]


def encode(index: int, at: datetime, kind: str, subject: str, commitments: Mapping[str, str]) -> bytes:
    """The leaf bytes of an entry: RFC 8785 JSON, at most 65,535 bytes, time in UTC with six fraction digits.

    Raises ValueError for a negative index, a naive time, a kind that is not `source:past_tense`, an empty subject,
    a commitment that is not 43 characters of base64url, or an entry too long.
    """
    if type(index) is not int or index < 0:
        raise ValueError("an entry's index is an integer from 0")
    if at.utcoffset() is None:
        raise ValueError("an entry's time carries its offset")
    if not _KIND.fullmatch(kind):
        raise ValueError(f"an entry's kind is source:past_tense, not {kind!r}")
    if not subject:
        raise ValueError("an entry has a subject")
    for field, commitment in commitments.items():
        if not _COMMITMENT.fullmatch(commitment):
            raise ValueError(f"the commitment of {field!r} is not 43 characters of base64url")
    when = at if at.tzinfo is UTC else at.astimezone(UTC)
    leaf = canonical.dumps(
        {
            "v": VERSION,
            "index": index,
            "at": when.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
            "kind": kind,
            "subject": subject,
            "commitments": commitments if type(commitments) is dict else dict(commitments),
        }
    )
    if len(leaf) > LARGEST:
        raise ValueError(f"an entry has at most {LARGEST} bytes, not {len(leaf)}")
    return leaf


def decode(leaf: bytes) -> Entry:
    """The entry of a leaf, accepted only byte for byte as `encode` writes it; else ValueError."""
    if len(leaf) > LARGEST:
        raise ValueError(f"an entry has at most {LARGEST} bytes, not {len(leaf)}")
    try:
        document = json.loads(leaf.decode())
    except RecursionError as reason:
        raise ValueError("an entry is not nested") from reason
    if type(document) is not dict or document.keys() != _KEYS:
        raise ValueError(f"an entry has exactly the keys {', '.join(sorted(_KEYS))}")
    if type(document["v"]) is not int or document["v"] != VERSION:
        raise ValueError(f"an entry's version is {VERSION}")
    for key in ("at", "kind", "subject"):
        if type(document[key]) is not str:
            raise ValueError(f"an entry's {key} is a string")
    commitments = document["commitments"]
    if type(commitments) is not dict or not all(type(text) is str for text in commitments.values()):
        raise ValueError("an entry's commitments are an object of strings")
    if not _AT.fullmatch(document["at"]):
        raise ValueError("an entry's time is written YYYY-MM-DDTHH:MM:SS.ffffffZ")
    entry = Entry(
        index=document["index"],
        at=datetime.fromisoformat(document["at"]),
        kind=document["kind"],
        subject=document["subject"],
        commitments=commitments,
    )
    # Writing it again refuses doubled keys, other spacing, other escapes, another order and all that encode refuses.
    if encode(entry.index, entry.at, entry.kind, entry.subject, entry.commitments) != leaf:
        raise ValueError("an entry is written as RFC 8785 JSON")
    return entry
