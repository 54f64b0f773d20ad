"""A long look at everything, for which nobody waits: PostgreSQL's own snapshot, or a copy of an SQLite file.

While somebody reads an SQLite file no writer can commit (journal_mode=DELETE), and reading the whole ledger again takes
minutes in a large office. So it is read in a copy: writers wait while that is made, and no longer.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from models.database import BESIDE
from operations.installation import Installation
from operations.upkeep import backup


@contextmanager
def taken(installation: Installation) -> Iterator[Session]:
    """A session on the database as it stands now. Nothing of a copy is left, however the look ends."""
    place = installation.database.url.database
    if not installation.database.is_sqlite or place is None:
        with installation.database.read() as session:
            yield session
        return
    connection = _copied(Path(place), _scratch(installation.folder / "run"))
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.StaticPool, hide_parameters=True)
    try:
        with Session(engine, info={BESIDE: installation.folder}) as session:
            yield session
    finally:
        engine.dispose()
        connection.close()  # not pooled when reading ended before it began


def _scratch(run: Path) -> Path:
    """The copy's folder: the installation's own `run/`, or this machine's temporary one."""
    with suppress(OSError):
        run.mkdir(exist_ok=True)
    return run if os.access(run, os.W_OK) else Path(tempfile.gettempdir())


def _copied(place: Path, run: Path) -> sqlite3.Connection:
    """The only way to the copy: its file has no name any more, and ends with this connection or with this process."""
    with tempfile.TemporaryDirectory(dir=run, prefix=".snapshot-") as scratch:
        file = Path(scratch) / backup.DATABASE
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = sqlite3.connect(file, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # writers wait for this copy, and nobody keeps it
            backup.copy_into(place, connection)
            connection.execute("PRAGMA journal_mode = MEMORY")  # any other would look for the file by its name
            for pragma in ("trusted_schema = OFF", "cache_size = -65536", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            connection.close()
            raise sa.exc.OperationalError("copy of the database", None, error) from None
    return connection
