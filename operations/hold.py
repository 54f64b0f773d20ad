"""One engine a database: two of them would do each other's work, and sign it in turns."""

import fcntl
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from models.database import Database

_ONE_ENGINE = 0x76696E6864616E68  # an advisory lock's number, the same in every PostgreSQL database


class Hold:
    """A database for the one `up` of a folder: an advisory lock of a PostgreSQL session, held while it is connected.

    An SQLite file in the folder is held with the folder; for one elsewhere a file beside it is locked.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        place = Path(str(database.url.database)).absolute()
        self._beside = place.with_name(f"{place.name}.up") if database.is_sqlite and place.parent != folder else None
        self._connection: sa.Connection | None = None
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Take the database; False when another process holds it."""
        if not self._database.is_sqlite:
            return self._lock_session()
        if self._beside is None:
            return True
        self._file = self._beside.open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def stands(self) -> bool:
        """Is it still ours? A server that was restarted has forgotten it: it is taken again, unless another was faster."""
        if self._database.is_sqlite:
            return True
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))
                return True
            return self._lock_session()
        except sa.exc.DBAPIError:  # it does not answer, so nobody else gets the lock either
            self.release()
            return True

    def release(self) -> None:
        """Give it back."""
        if self._connection is not None:
            self._connection.invalidate()  # ends the session, and its lock with it
            self._connection.close()
            self._connection = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lock_session(self) -> bool:
        self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = self._connection.execute(
            sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_ENGINE}
        ).scalar_one()
        if not taken:
            self.release()
        return bool(taken)
