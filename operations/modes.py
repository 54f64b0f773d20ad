"""An installation's files are its owner's alone: the mask of every process of ours, and the modes of what lies there.

The database holds every person's details, `run/` the way into Prefect. What is behind a closed folder is closed.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rules.refusal import Refusal

MASK = 0o077
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OURS = ("vinhdanh.*", "ledger.*", "given.json", "ballots", "files", "run", "prefect", "trust")


def keep_private() -> None:
    """Make everything that this process and its children write from now on readable by their user only."""
    os.umask(MASK)


def open_to_others(folder: Path) -> list[Path]:
    """The folder itself and what of ours in it others on this machine may read or write."""
    return [path for path in _ours(folder) if path.lstat().st_mode & _OTHERS and not path.is_symlink()]


def mend(folder: Path) -> list[Path]:
    """Close what is open to others; returns what was. Raises Refusal `readable_by_others` where that is not ours to do."""
    found = open_to_others(folder)
    try:
        for path in found:
            path.chmod(path.stat().st_mode & ~_OTHERS)
    except PermissionError:
        raise Refusal(
            "readable_by_others",
            f"Người khác trên máy này đọc được {found[0]} và tài khoản đang chạy không sở hữu nó nên không đóng lại được. "
            f"Hãy chạy bằng người sở hữu, hoặc: chmod -R go-rwx {folder}",
        ) from None
    return found


def _ours(folder: Path) -> Iterator[Path]:
    if folder.exists():
        yield folder
    for pattern in _OURS:
        yield from sorted(folder.glob(pattern))
