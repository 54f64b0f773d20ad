"""The tellers' shares as files: written once, before the ballot opens, and read again when it is counted.

They are no part of the installation: the folder is the tellers' (a memory stick each), never the data folder.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ledger import sealing
from operations.council_vote.counting import wrong_shares
from rules.refusal import Unreadable


@contextmanager
def folder_held(folder: Path) -> Iterator[None]:
    """Keep a second opening out of the folder from before its shares are written until the ballot is open.

    Without this, the loser of two openings at once could have overwritten the winner's shares: a box nobody opens.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write(folder: Path, session: str, shares: Mapping[str, str]) -> list[Path]:
    """One file a teller, `<session>.<username>.share`, mode 600, safely on the disk when this returns.

    Call before the transaction that opens the ballot: once it is open, its shares exist. Those of an opening that
    was never committed open nothing and are replaced here; other sessions' files are left alone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = []
    for teller, text in shares.items():
        path = folder / f"{session}.{quote(teller, safe='')}.share"
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
        written.append(path)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return written


def write_one(path: Path, text: str) -> None:
    """A teller's own share into a file that is not there yet, mode 600, safely on the disk when this returns.

    Raises Unreadable `file_exists`, `unwritable_file`.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Unreadable(
            "file_exists", f"Đã có tệp {path}: hãy chọn tên khác để không ghi đè.", where={"file": str(path)}
        ) from None
    except OSError as error:
        raise Unreadable(
            "unwritable_file", f"Không ghi được tệp {path}: {error.strerror}.", where={"file": str(path)}
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def parse(texts: Sequence[str], session: str) -> list[sealing.Share]:
    """The shares of these texts. Raises Refusal `wrong_shares` for one that is none, altered or another session's."""
    try:
        return [sealing.read_share(text, session=session) for text in texts]
    except sealing.BadShare as bad:
        raise wrong_shares(bad.message) from None
