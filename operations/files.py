"""Files by their SHA-256 in the data folder: written once, found by content, never changed.

A content is written when all else has been judged, as the last thing before its row is committed: what is refused
leaves nothing on the disk. What somebody may hand in on a day is bounded.
"""

import hashlib
import json
import os
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, select

from models import LedgerEntry, StoredFile, UploadDay
from models.types import table
from operations import access
from operations.access import Actor
from rules.refusal import Refusal

# A content lies there before its row is committed; a preview is imported the same day or handed in again.
KEPT_UNNAMED = timedelta(days=7)
MOST_FILES_A_DAY = 1_000  # of one person
MOST_BYTES_A_DAY = 2 * 1024**3
MARKER = "database.json"  # in files/: which database they belong to
_E, _D = table(LedgerEntry).c, table(UploadDay).c


def place(folder: Path, sha256: str) -> Path:
    return folder / "files" / sha256[:2] / sha256


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def keep(folder: Path, content: bytes) -> str:
    """Write content under its hash, durably, before any row names it. Returns the hash."""
    sha256 = digest(content)
    target = place(folder, sha256)
    if target.exists():
        os.utime(target)  # may still be unreferenced: touch it, so that `sweep` waits a week
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
    if digest(content) != sha256:
        raise ValueError(f"file {sha256} was altered")
    return content


def release(session: Session, folder: Path, sha256: str) -> None:
    """Delete a content whose row has gone, unless a row names it again."""
    if session.get(StoredFile, sha256) is None:
        shred(place(folder, sha256))


# How much a day ---------------------------------------------------------------------------------------------------


def count(session: Session, actor: Actor, size: int, *, wall: datetime | None = None) -> None:
    """Count a file that this person hands in, in the act that keeps it. Raises Refusal `too_many_files_today`.

    By the wall clock's day: nobody sets that.
    """
    day = access.local_date(wall or datetime.now(UTC))
    row = session.get(UploadDay, (actor.username, day)) or UploadDay(username=actor.username, day=day)
    row.files, row.size = row.files + 1, row.size + size
    if row.files > MOST_FILES_A_DAY or row.size > MOST_BYTES_A_DAY:
        raise Refusal(
            "too_many_files_today",
            f"Hôm nay bạn đã gửi lên {row.files - 1} tệp, {(row.size - size) // 2**20} MB: đến mức nhiều nhất của một người "
            "trong một ngày. Hãy gộp các trang thành ít tệp hơn, hoặc gửi tiếp vào ngày mai.",
        )
    session.add(row)
    session.flush()


def forget_counts(session: Session, *, today: date) -> int:
    """Drop counts of earlier days. Returns how many."""
    return int(session.connection().execute(sa.delete(UploadDay).where(_D.day < today)).rowcount)


def shred(path: Path) -> None:
    """Overwrite a file, then remove it: nothing where there is none. On the disk's own blocks, as far as it has any."""
    try:
        with path.open("r+b") as stream:
            stream.write(bytes(os.fstat(stream.fileno()).st_size))
            stream.flush()
            os.fsync(stream.fileno())
    except FileNotFoundError:
        return
    path.unlink(missing_ok=True)


# Unreferenced files ---------------------------------------------------------------------------------------


def sweep(session: Session, folder: Path, *, wall: datetime | None = None) -> int:
    """Delete contents that no row has named for a week: previews that nobody imported. Returns how many.

    Only where `belongs`: of another database, or of a former state of this one, these files may be all that is left.
    """
    if not belongs(session, folder):
        return 0
    before = ((wall or datetime.now(UTC)) - KEPT_UNNAMED).timestamp()
    swept = 0
    old = [path for path in (folder / "files").glob("??/*") if path.is_file() and path.stat().st_mtime < before]
    known = set(session.exec(select(StoredFile.sha256))) if old else set()
    for path in old:  # writing that was cut off leaves a file without such a name
        if path.name not in known and path.stat().st_mtime < before:  # nor handed in again meanwhile
            shred(path)
            swept += 1
    _mark(session, folder)
    return swept


def belongs(session: Session, folder: Path, *, mark: bool = True) -> bool:
    """Does this database go on from the entry of the ledger that the folder's marker names? With `mark` it is named first."""
    path = folder / "files" / MARKER
    if not path.exists():
        if mark:
            _mark(session, folder)
        return path.exists() or not mark
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        entry, sha256 = int(said["entry"]), str(said["leaf_sha256"])
    except (ValueError, KeyError, TypeError):
        return False
    leaf = session.execute(sa.select(_E.leaf).where(_E.index == entry)).scalar_one_or_none()
    return leaf is not None and digest(leaf.encode()) == sha256


def _mark(session: Session, folder: Path) -> None:
    """Name the newest entry of the ledger; nothing while it has none."""
    newest = session.execute(sa.select(_E.index, _E.leaf).order_by(_E.index.desc()).limit(1)).one_or_none()
    if newest is None:
        return
    path = folder / "files" / MARKER
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"entry": newest.index, "leaf_sha256": digest(newest.leaf.encode())}), encoding="utf-8")
    fresh.replace(path)
