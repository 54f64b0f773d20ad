"""Files by their SHA-256 in the data folder: written once, found by content, never changed."""

import hashlib
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, select

from models import StoredFile

# A content lies there before its row is committed; a preview is imported the same day or handed in again.
KEPT_UNNAMED = timedelta(days=7)


def place(folder: Path, sha256: str) -> Path:
    return folder / "files" / sha256[:2] / sha256


def keep(folder: Path, content: bytes) -> str:
    """Write content under its hash, durably, before any row names it. Returns the hash."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = place(folder, sha256)
    if target.exists():
        os.utime(target)  # nobody's so far, perhaps: `sweep` counts from now
        return sha256
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    Path(handle.name).replace(target)  # a crash before this line leaves a nameless file and no row
    return sha256


def row(sha256: str, *, size: int, media_type: str, name: str) -> StoredFile:
    return StoredFile(sha256=sha256, size=size, media_type=media_type, name=name[:200], stored_at=datetime.now(UTC))


def note(session: Session, stored: StoredFile) -> None:
    """Have the row in the database; the same content is one row."""
    if session.get(StoredFile, stored.sha256) is None:
        session.add(stored)
        session.flush()


def read(folder: Path, sha256: str) -> bytes:
    """The content, checked against its name. Raises ValueError when the file was altered."""
    content = place(folder, sha256).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"file {sha256} was altered")
    return content


def release(session: Session, folder: Path, sha256: str) -> None:
    """Delete a content whose row has gone, unless a row names it again."""
    if session.get(StoredFile, sha256) is None:
        place(folder, sha256).unlink(missing_ok=True)


def sweep(session: Session, folder: Path, *, wall: datetime | None = None) -> int:
    """Delete contents that no row has named for a week: previews that nobody imported. Returns how many.

    Where they are more than those that have a name, the database is not the one these files belong to (one is being
    restored, say): then nothing is deleted.
    """
    before = ((wall or datetime.now(UTC)) - KEPT_UNNAMED).timestamp()
    old = [path for path in (folder / "files").glob(f"??/{'[0-9a-f]' * 64}") if path.stat().st_mtime < before]
    known = set(session.exec(select(StoredFile.sha256))) if old else set()
    nobodys = [path for path in old if path.name not in known]
    if len(nobodys) > len(known):
        return 0
    swept = 0
    for path in nobodys:
        if path.stat().st_mtime < before:  # nor handed in again meanwhile
            path.unlink()
            swept += 1
    return swept
