"""One file that holds everything the truth needs: database, files, key, settings. Prefect's folder is disposable.

Sealed envelopes are in no backup: copies of a box from before and after a vote would tell which envelope came with it,
and a copy outlives the count. A ballot that was under way is annulled after a restore, and held again.
"""

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from models.database import Database, sqlite_url
from operations import files, ledger_book, modes, seal
from operations.installation import Installation
from operations.upkeep import restoring
from rules.refusal import Refusal, Unreadable

DATABASE, KEY = "vinhdanh.sqlite3", "ledger.key"
_KEPT = (KEY, "vinhdanh.toml", "files", "ballots")
_TRIES = 5


def write(installation: Installation, target: Path) -> dict[str, Any]:
    """Back up while the system runs: SQLite's own online copy. PostgreSQL is backed up by pg_dump (refused here).

    The target is replaced at once and whole: a backup that was cut off leaves the former one. Raises Unreadable
    `not_a_file` for a target that is a folder.
    """
    place = installation.database.url.database
    if not installation.database.is_sqlite or place is None:
        raise Refusal(
            "use_pg_dump",
            "Cơ sở dữ liệu là PostgreSQL: hãy dùng pg_dump (trừ bảng ballot_box), và chép thư mục files/, ballots/ cùng ledger.key, "
            "ledger.signed, given.json. Sau pg_restore, báo hệ thống biết (dòng lệnh: `vinhdanh restore --in-place`).",
        )
    if target.is_dir():
        raise Unreadable("not_a_file", f"{target} là một thư mục; hãy ghi tên tệp.", where={"file": str(target)})
    if not target.absolute().parent.is_dir():
        raise Unreadable("no_folder", f"Không có thư mục {target.parent}.", where={"file": str(target)})
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".vinhdanh-backup-") as folder:
        copy = Path(folder) / DATABASE
        memory = _copy_with_memory(installation, Path(place), copy)
        packed = Path(folder) / "backup.tar"
        # The files come after the database: a row's file was written before the row, so none can be missing.
        with os.fdopen(os.open(packed, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w") as archive:
                archive.add(copy, DATABASE)
                if memory is not None:
                    archive.add(memory, seal.MEMORY)
                for name in _KEPT:
                    if (installation.folder / name).exists():
                        archive.add(installation.folder / name, name)
            stream.flush()
            os.fsync(stream.fileno())
        packed.replace(target)
    return {"file": str(target), "bytes": target.stat().st_size}


def _copy_with_memory(installation: Installation, place: Path, copy: Path) -> Path | None:
    """A copy of the database, and the note that the key signed last of what is in it."""
    installation.keeper.try_now()
    memory = copy.parent / seal.MEMORY
    for _ in range(_TRIES):  # somebody may sign between the two
        with suppress(FileNotFoundError):
            shutil.copyfile(installation.folder / seal.MEMORY, memory)
        copy.unlink(missing_ok=True)
        copy_database(place, copy)
        if memory.exists() and seal.read_note(memory.read_text(encoding="utf-8")) == _newest_note(copy):
            return memory
    return None


def _newest_note(copy: Path) -> str | None:
    database = sqlite3.connect(copy)
    try:
        row = database.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    finally:
        database.close()
    return str(row[0]) if row else None


def copy_database(place: Path, copy: Path) -> None:
    """SQLite's own online copy, consistent while others write."""
    destination = sqlite3.connect(copy)
    try:
        copy_into(place, destination)
    finally:
        destination.close()


def copy_into(place: Path, destination: sqlite3.Connection) -> None:
    """The same copy into an open database, which is replaced by it. In one step: others write before it or after it."""
    source = sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)
    try:
        source.backup(destination)
    finally:
        source.close()
    destination.execute("PRAGMA journal_mode = MEMORY")  # pages as they were would lie on disk otherwise
    destination.execute("PRAGMA secure_delete = ON")  # overwritten, not only unlinked
    destination.execute("DELETE FROM ballot_box")
    destination.commit()


def read(source: Path, folder: Path, learn: Callable[[str], restoring.Elsewhere] | None = None) -> dict[str, Any]:
    """Restore into an empty folder, and end what was made with earlier secrets (`operations.upkeep.restoring`).

    `learn` tells, of the verifier key in the backup, what is known of its ledger elsewhere. Raises Refusal
    `folder_not_empty`, Unreadable for a file that is no backup, unproven.Unproven for one that contradicts what is known.
    Everything is unpacked, looked at and settled beside the folder first: a bad file leaves the folder as it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal("folder_not_empty", f"Thư mục {folder} không trống; chỉ khôi phục vào thư mục trống.")
    if not source.is_file():
        raise Unreadable("not_a_backup", f"Không có tệp {source}.", where={"file": str(source)})
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    unpacked = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=".vinhdanh-restore-"))
    try:
        _unpack(source, unpacked)
        for name in ("run", "prefect", "files"):
            (unpacked / name).mkdir(exist_ok=True)
        (unpacked / "files" / files.MARKER).unlink(missing_ok=True)  # written while the copy was made: it may be ahead
        (unpacked / KEY).chmod(0o600)
        modes.mend(unpacked)
        signer = ledger_book.load_key(unpacked / KEY)
        known = learn(signer.vkey) if learn else restoring.Elsewhere()
        database = Database(sqlite_url(unpacked))
        try:
            answer = restoring.begin_again(database, seal.Keeper(database, signer, unpacked / seal.MEMORY), known)
        finally:
            database.close()
        modes.mend(unpacked)
        unpacked.replace(folder)  # onto nothing, or onto an empty folder
    except BaseException:
        shutil.rmtree(unpacked, ignore_errors=True)
        raise
    return {"data": str(folder)} | answer


def _unpack(source: Path, folder: Path) -> None:
    bad = Unreadable(
        "not_a_backup", f"{source} không phải tệp sao lưu của hệ thống, hoặc đã hỏng.", where={"file": str(source)}
    )
    try:
        with tarfile.open(source, "r:") as archive:
            members = archive.getmembers()
            if not {DATABASE, KEY} <= {member.name for member in members}:
                raise bad
            if any(member.name.split("/")[0] not in {DATABASE, seal.MEMORY, *_KEPT} for member in members):
                raise bad
            archive.extractall(folder, members, filter="data")
    except (tarfile.TarError, EOFError, ValueError):
        raise bad from None
    try:
        database = sqlite3.connect(f"{(folder / DATABASE).as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        raise bad from None
    try:
        sound = database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        database.execute("SELECT size FROM ledger_head").fetchone()
    except sqlite3.Error:
        sound = False
    finally:
        database.close()
    if not sound:
        raise bad
