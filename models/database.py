"""One database, two engines: SQLite in the data folder or PostgreSQL by URL; the same migrations, the same tests.

A write transaction holds the ledger head from its first statement to its commit, on both engines: writers are serial,
so every operation may read and decide without a race, and ledger indexes are gapless (docs/decisions/0004).
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlmodel import Session

from models.group_commit import GroupCommit
from rules.refusal import Unreadable

# Doors take the session's type from here: they know neither SQLAlchemy nor SQLModel.
__all__ = [
    "AT_ONCE", "BESIDE", "BUSINESS_CLOCK", "LAST_WRITES", "OWNER", "RECORDED", "Database", "NoAnswer", "Session", "alembic_config", "broken", "gone",
    "sqlalchemy_url", "sqlite_url",
]  # fmt: skip

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")

# Raised when the database does not answer (locked, restarted, gone): the same act may succeed later.
NoAnswer = sa.exc.OperationalError
# In Session.info: what an act writes once, at its end, before its commit; whose ledger it must be; did it add to it?
LAST_WRITES, OWNER, RECORDED = "last_writes", "owner", "recorded"
# And the data folder, for what must not be known from the database alone; is the act to be signed as soon as it stands?
BESIDE, AT_ONCE = "beside", "at_once"
# And the business clock as it was set, where it was: each entry of an act under it says so.
BUSINESS_CLOCK = "business_clock"
# Does the act take something away that must be gone (`gone`)?
_GONE = "gone"

# Below 3.51.3 a WAL reset can corrupt the file (SQLite's own release notes): the rollback journal is used instead.
_WAL_IS_SOUND = sqlite3.sqlite_version_info >= (3, 51, 3)
_PRAGMAS: dict[str, tuple[str, object]] = {
    "journal_mode": ("WAL", "wal") if _WAL_IS_SOUND else ("DELETE", "delete"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "busy_timeout": ("30000", 30000),
    "secure_delete": ("ON", 1),
    "cache_size": ("-65536", -65536),
    "temp_store": ("MEMORY", 2),
    "trusted_schema": ("OFF", 0),
}


def broken(error: Exception) -> bool:
    """Does this error come from the database's side: not reached, or not able to read or write?"""
    return isinstance(error, sa.exc.DBAPIError) and not isinstance(error, sa.exc.IntegrityError)


def sqlalchemy_url(url: str) -> sa.URL:
    """`postgresql://…` or `sqlite:///…` as SQLAlchemy wants it; a bad URL raises Unreadable without showing it."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise Unreadable("bad_database_url", "VINHDANH_DATABASE_URL không đọc được; xem docs/operate.md.") from None
    if parsed.drivername in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise Unreadable(
            "bad_database_url", f"Chỉ dùng được SQLite hoặc PostgreSQL, không dùng được «{parsed.drivername}»."
        )
    return parsed


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'vinhdanh.sqlite3'}"


class Database:
    """An engine and its two doors: `begin()` for one act, `read()` for looking."""

    def __init__(self, url: str) -> None:
        self.url = sqlalchemy_url(url)
        self.is_sqlite = self.url.drivername == "sqlite"
        self.business_clock: str | None = None  # what it was set to, where it is not the wall clock
        self.owner: str | None = None  # the key of the folder, once it is known: acts on another's ledger are refused
        # Called when an act that added to the ledger is committed; True: to be signed at once.
        self.after_act: Callable[[bool], None] | None = None
        self.beside = Path(self.url.database).absolute().parent if self.is_sqlite and self.url.database else None
        # SQLite's own waiting is polling with longer and longer sleeps: of twenty writers one might wait for seconds
        # while the file lies free. Within a process they queue here; PostgreSQL queues by itself.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()
        self._groups: dict[Any, GroupCommit[Any, Any]] = {}
        if self.is_sqlite:
            self.engine = sa.create_engine(self.url, pool_size=8, max_overflow=32, hide_parameters=True)
            event.listen(self.engine, "connect", _set_pragmas)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(
                self.url, pool_size=8, max_overflow=32, pool_pre_ping=True, hide_parameters=True
            )

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One act: committed when the block ends, rolled back whole when it raises. Serial among writers."""
        with ExitStack() as over, _readable(), self._turn, self._session(self.engine) as session, session.begin():
            if not self.is_sqlite:
                session.execute(sa.text("SELECT size FROM ledger_head FOR UPDATE"))
            session.info[OWNER] = self.owner
            session.info[BUSINESS_CLOCK] = self.business_clock
            yield session
            session.flush()
            for write in session.info.pop(LAST_WRITES, ()):
                write(session)
            if session.info.get(_GONE):
                over.enter_context(self._shredding())
        if self.after_act is not None and session.info.get(RECORDED):
            self.after_act(session.info.get(AT_ONCE, False))

    def together(self, wish: Wish, do: Callable[[Session, Sequence[Wish]], Sequence[Answer | Exception]]) -> Answer:
        """`do` this wish in one act with all that wait for the same at this database (`models.group_commit`)."""
        group: GroupCommit[Wish, Answer] = self._groups.setdefault(do, GroupCommit(self.begin, do))
        return group.join(wish)

    @contextmanager
    def begin_unrecorded(self) -> Iterator[Session]:
        """A write that is no act (outbox leases, security log): does not wait for the ledger on PostgreSQL."""
        with _readable(), self._turn, self._session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot to look at; nothing written in it is kept."""
        engine = self.engine.execution_options(read_only=True)
        if not self.is_sqlite:
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with _readable(), self._session(engine) as session:
            yield session

    @contextmanager
    def _shredding(self) -> Iterator[None]:
        """Around the end of an act: overwrite what SQLite leaves of the pages as they were.

        Its own `secure_delete` is for the database alone. A rollback journal loses its name with the commit, and is held
        meanwhile; one that kept it, because the commit failed, is needed still. A write-ahead log is emptied.
        """
        place = Path(f"{self.url.database}-journal")
        held = None
        if self.is_sqlite and not _WAL_IS_SOUND and place.exists():
            held = os.open(place, os.O_RDWR | os.O_CLOEXEC)
        try:
            yield
        finally:
            if held is not None:
                try:
                    if not (_is(place, held)):
                        os.pwrite(held, bytes(os.fstat(held).st_size), 0)
                        os.fsync(held)
                finally:
                    os.close(held)
            elif self.is_sqlite and _WAL_IS_SOUND:
                connection = sqlite3.connect(str(self.url.database), timeout=30)
                try:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    connection.close()

    def _session(self, engine: sa.Engine) -> Session:
        return Session(engine, expire_on_commit=False, info={BESIDE: self.beside})

    def migrate(self) -> None:
        """Bring the schema to the newest revision (Alembic); one already there is only looked at, without a lock.

        Raises Unreadable `newer_database` for a revision that this program does not know.
        """
        with self.engine.execution_options(read_only=True).connect() as connection:
            known = ScriptDirectory.from_config(alembic_config(connection))
            found = MigrationContext.configure(connection).get_current_revision()
            if found == known.get_current_head():
                return
            if found is not None and found not in {one.revision for one in known.walk_revisions()}:
                raise Unreadable(
                    "newer_database",
                    "Cơ sở dữ liệu hoặc bản sao lưu này do một phiên bản mới hơn của phần mềm ghi. Hãy dùng phiên bản đó.",
                    where={"revision": found},
                )
        with self.engine.connect() as connection:
            command.upgrade(alembic_config(connection), "head")

    def close(self) -> None:
        self.engine.dispose()


def _is(place: Path, handle: int) -> bool:
    """Is the file that is open here still to be found there?"""
    try:
        return os.path.samestat(place.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def gone(session: Session) -> None:
    """Have no trace of what this act takes away in the files of SQLite: an envelope, a salt, a share."""
    session.info[_GONE] = True


@contextmanager
def _readable() -> Iterator[None]:
    """The last look at what people sent: a text that no database can hold is their input's fault, not a crash."""
    try:
        yield
    except (sa.exc.DataError, UnicodeEncodeError):
        raise Unreadable(
            "unstorable_text",
            "Nội dung gửi lên có ký tự hoặc độ dài mà cơ sở dữ liệu không lưu được. Hãy kiểm tra và gõ lại.",
        ) from None


def alembic_config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin ourselves: the driver would begin too late for BEGIN IMMEDIATE
    cursor = connection.cursor()
    for name, (wanted, expected) in _PRAGMAS.items():
        cursor.execute(f"PRAGMA {name} = {wanted}")
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != expected:
            raise RuntimeError(f"SQLite kept {name} = {found!r}, not {expected!r}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A reader that later wants to write would fail with SQLITE_BUSY: writers take the lock at once.
    read_only = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
