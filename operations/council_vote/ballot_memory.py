"""What the data folder remembers of each ballot, outside of the database: how it was opened, and its box.

One file a session, `ballots/<session>.json`, mode 600, beside the ledger's key. Whoever can write the database, and no
more, cannot make it forget. It holds no envelope, no receipt and nothing of who voted.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from ledger.canonical import dumps
from models.database import BESIDE

FOLDER = "ballots"
_BEGUN = ".begun"  # of an opening whose commit is not known yet


@dataclass(frozen=True, slots=True)
class Memory:
    """`entries`: the ledger's two on the opening. `facts`: what froze (`frozen.facts`).

    `boxes`: the digest of the box as the last act left it; two while it is not known whether that act was committed.
    """

    entries: tuple[int, int]
    facts: Mapping[str, Any]
    boxes: tuple[str, ...] = ()


def folder(session: Session) -> Path:
    beside: Path | None = session.info.get(BESIDE)
    if beside is None:
        raise RuntimeError("a ballot needs the data folder of its installation beside the database")
    return beside / FOLDER


def recall(session: Session, code: str) -> Memory | None:
    """The folder's memory of this session's ballot; None if it was not opened here or the file is unreadable."""
    return _read(folder(session) / f"{code}.json")


def begun(session: Session, code: str) -> Memory | None:
    """An opening that was written down, of which nobody heard whether it was committed."""
    return _read(folder(session) / f"{code}{_BEGUN}")


def of_all(session: Session) -> Sequence[str]:
    """Codes of the sessions whose ballot is remembered."""
    return sorted(path.stem for path in folder(session).glob("*.json"))


def begin(session: Session, code: str, memory: Memory) -> None:
    """Remember an opening: on disk before its commit, in force after it. What a cut in between leaves is `begun`."""
    place = folder(session)
    _write(place / f"{code}{_BEGUN}", memory)
    event.listen(session, "after_commit", lambda _: settle(place, code), once=True)


def settle(place: Path, code: str) -> None:
    """An opening that was begun is in force."""
    (place / f"{code}{_BEGUN}").replace(place / f"{code}.json")
    _sync(place)


def keep(session: Session, code: str, memory: Memory) -> None:
    """Remember at once, before any act: for ballots that an earlier version opened."""
    _write(folder(session) / f"{code}.json", memory)


def note_box(session: Session, code: str, was: str, digest: str) -> None:
    """The box as this act leaves it. Until the commit the former one counts as well: the act may still be undone."""
    known = recall(session, code)
    if known is None:
        return
    place = folder(session) / f"{code}.json"
    before: str = session.info.setdefault(f"{FOLDER}/{code}", was)  # as the act found it, however often it adds
    _write(place, replace(known, boxes=(before, digest)))
    event.listen(session, "after_commit", lambda _: _write(place, replace(known, boxes=(digest,))), once=True)


def _read(place: Path) -> Memory | None:
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        first, second = kept["entries"]
        return Memory((first, second), kept["facts"], tuple(kept["boxes"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _write(place: Path, memory: Memory) -> None:
    """On disk and whole when this returns: the former content, or this one."""
    content = dumps({"entries": list(memory.entries), "facts": memory.facts, "boxes": list(memory.boxes)})
    place.parent.mkdir(mode=0o700, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".ballot-")  # mode 600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _sync(place.parent)


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
