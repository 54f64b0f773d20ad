"""One file that holds everything the truth needs: database, files, key, settings. Prefect's folder is disposable."""

import shutil
import sqlite3
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from operations.installation import Installation
from rules.refusal import Refusal, Unreadable


def write(installation: Installation, target: Path) -> dict[str, Any]:
    """Back up while the system runs: SQLite's own online copy. PostgreSQL is backed up by pg_dump (refused here)."""
    if not installation.database.is_sqlite:
        raise Refusal(
            "use_pg_dump", "Cơ sở dữ liệu là PostgreSQL: hãy dùng pg_dump, và chép thư mục files/ cùng ledger.key."
        )
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(folder) / "vinhdanh.sqlite3"
        source = sqlite3.connect(installation.folder / "vinhdanh.sqlite3")
        destination = sqlite3.connect(copy)
        try:
            source.backup(destination)
        finally:
            destination.close()
            source.close()
        packed = Path(folder) / "backup.tar"
        with tarfile.open(packed, "w") as archive:
            archive.add(copy, "vinhdanh.sqlite3")
            for name in ("ledger.key", "vinhdanh.toml", "files"):
                if (installation.folder / name).exists():
                    archive.add(installation.folder / name, name)
        packed.chmod(0o600)
        shutil.move(packed, target)
    return {"file": str(target), "bytes": target.stat().st_size}


def read(source: Path, folder: Path) -> dict[str, Any]:
    """Restore into an empty folder. Raises Refusal `folder_not_empty`, Unreadable for a file that is no backup."""
    if folder.exists() and any(folder.iterdir()):
        raise Refusal("folder_not_empty", f"Thư mục {folder} không trống; chỉ khôi phục vào thư mục trống.")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(source) as archive:
            if "vinhdanh.sqlite3" not in archive.getnames() or "ledger.key" not in archive.getnames():
                raise Unreadable("not_a_backup", f"{source} không phải tệp sao lưu của hệ thống.")
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise Unreadable("not_a_backup", f"{source} không đọc được: {type(error).__name__}.") from None
    (folder / "ledger.key").chmod(0o600)
    for name in ("run", "prefect", "files"):
        (folder / name).mkdir(exist_ok=True)
    return {"data": str(folder)}
