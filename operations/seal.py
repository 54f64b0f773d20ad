"""The ledger's seal: a key that remembers what it signed last, and signs nothing that does not continue it.

The memory lies beside the key (`ledger.signed`, mode 600), outside of the database: whoever can write the database and
no more can neither sign a rewritten ledger nor make the key forget the true one.
"""

import json
import logging
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from time import monotonic

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import canonical, merkle, note, unproven
from models import Checkpoint, InstallationRow, LedgerEntry, LedgerHead
from models.database import Database, NoAnswer
from models.types import table
from operations import record, security_log
from rules.refusal import Refusal, Unreadable

MEMORY = "ledger.signed"
NO_CHAIN = ""  # before the first checkpoint
EVERY = 1800.0  # seconds between two signatures while people act
AGAIN = 60.0  # seconds until the next try of one that failed

log = logging.getLogger("vinhdanh")

_E = table(LedgerEntry).c
_H = table(LedgerHead).c


@dataclass(frozen=True, slots=True)
class Memory:
    """The newest signed note, when it was signed, the tree's right edge under it, and a hash over every checkpoint."""

    note: str
    at: datetime
    frontier: merkle.Frontier
    chain: str

    def row(self) -> Checkpoint:
        return Checkpoint(size=self.frontier.size, note=self.note, at=self.at)


def link(chain: str, row: Checkpoint) -> str:
    """The chain after one more checkpoint: no row can be altered, left out or put in without changing every later link."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return sha256(f"{chain}\n{row.size}\n{at}\n{row.note}".encode()).hexdigest()


def chain_of(rows: Iterable[Checkpoint]) -> str:
    """The chain over these checkpoints, smallest first."""
    chain = NO_CHAIN
    for row in rows:
        chain = link(chain, row)
    return chain


def remembered(place: Path, vkey: str) -> Memory | None:
    """The latest signature of this folder's key; None if it has signed nothing yet.

    Raises Unreadable `bad_ledger_memory`, Refusal `foreign_ledger_key` for what another key has signed.
    """
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise _broken(place) from None
    try:
        kept = json.loads(text)
        found = Memory(
            note=kept["note"],
            at=datetime.fromisoformat(kept["at"]),
            frontier=merkle.Frontier.from_text(kept["frontier"]),
            chain=kept["chain"],
        )
        signed = note.open_checkpoint(found.note, vkey)
    except unproven.Unproven as reason:
        if reason.part in {"signature", "checkpoint"}:
            raise record.foreign_key() from None
        raise _broken(place) from None
    except (ValueError, KeyError, TypeError):
        raise _broken(place) from None
    if (signed.size, signed.root) != (found.frontier.size, found.frontier.root()) or found.at.tzinfo is None:
        raise _broken(place)
    return found


def _broken(place: Path) -> Unreadable:
    return Unreadable(
        "bad_ledger_memory",
        f"Tệp {place.name} (điểm kiểm được ký gần nhất) bị hỏng nên chưa ký tiếp. Hãy lấy lại tệp này từ bản sao lưu gần nhất.",
        where={"file": str(place)},
    )


def not_continued(signed: int, size: int) -> Refusal:
    """The ledger in the database (`size` entries) does not continue what this key signed last (`signed` entries)."""
    if size < signed:
        said = f"Khóa đã ký sổ cái có {signed} bản ghi, cơ sở dữ liệu chỉ còn {size} bản ghi"
    elif signed:
        said = f"Sổ cái trong cơ sở dữ liệu ({size} bản ghi) không nối tiếp {signed} bản ghi mà khóa đã ký"
    else:
        said = f"Đầu sổ trong cơ sở dữ liệu không khớp {size} bản ghi của sổ cái"
    return Refusal(
        "ledger_not_continued",
        f"{said}, nên không ký gì thêm. Hãy giữ nguyên một bản sao thư mục dữ liệu, chạy `vinhdanh ledger verify` và báo "
        "thanh tra. Nếu cơ sở dữ liệu vừa được khôi phục từ bản sao lưu thì chạy `vinhdanh restore --in-place`.",
        details={"signed": signed, "size": size},
    )


def read_note(text: str) -> str:
    """The signed note of a checkpoint in a text: the note's own file, the key's memory, or a letter that quotes it."""
    if text.lstrip().startswith("{"):
        try:
            return str(json.loads(text)["note"])
        except (ValueError, KeyError, TypeError):
            return text
    lines = [line.strip().removeprefix(">").strip() for line in text.replace("\r\n", "\n").split("\n")]
    for start in range(len(lines) - 4):
        origin, size, root, blank, signature = lines[start : start + 5]
        if size.isdecimal() and len(root) == 44 and not blank and signature.startswith(f"— {origin} "):
            signatures = list(takewhile(lambda line: line.startswith("— "), lines[start + 4 :]))
            return "\n".join([origin, size, root, "", *signatures]) + "\n"
    return text


def keep(place: Path, memory: Memory) -> None:
    """Have the memory on disk, whole, before the signature is shown to anybody."""
    text = canonical.dumps(
        {
            "note": memory.note,
            "at": memory.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "frontier": memory.frontier.to_text(),
            "chain": memory.chain,
        }
    )
    handle, staged = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")  # mode 600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(staged).replace(place)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def seal(session: Session, signer: note.Signer, place: Path) -> Checkpoint:
    """Sign the tree as it was committed; the same size is signed once. An act of its own: nothing is recorded in it.

    The new tree is grown from the remembered one, so what is signed continues it whatever the database says of the
    entries before. Raises Refusal `foreign_ledger_key`, `ledger_not_continued`, Unreadable `bad_ledger_memory`.
    """
    if record.pending(session):
        raise RuntimeError("only what is committed is signed")
    require_owner(session, signer.vkey)
    head = session.execute(sa.select(_H.size, _H.frontier)).one()
    memory = remembered(place, signer.vkey) or _adopted(session, signer.vkey)
    tree = grown(session, memory.frontier if memory else merkle.Frontier(), head.size)
    if tree is None or tree.to_text() != head.frontier:
        raise not_continued(memory.frontier.size if memory else 0, head.size)
    if memory is None or memory.frontier.size < tree.size:
        row = Checkpoint(size=tree.size, note=note.checkpoint(signer, tree.size, tree.root()), at=datetime.now(UTC))
        memory = Memory(row.note, row.at, tree, link(memory.chain if memory else NO_CHAIN, row))
    keep(place, memory)
    # A power cut between the two lines above and below leaves a note that is remembered and not in its table: the next
    # seal of the same tree puts it there.
    known = session.get(Checkpoint, memory.frontier.size)
    if known is None:
        known = memory.row()
        session.add(known)
        session.flush()
    return known


class Keeper:
    """Has what is acted signed in time, whoever acts and whether the engine runs or not.

    Called after each act that was committed: signs when the last signature is half an hour old, or `at_once` where the
    act asks for it. `now` signs in any case.
    """

    def __init__(self, database: Database, signer: note.Signer, place: Path) -> None:
        self.signer = signer
        self.place = place
        self._database = database
        self._due_at: float | None = None  # on the monotonic clock
        self.unsigned = False  # acted since the last signature of this process

    def remembered(self) -> Memory | None:
        """The latest signature of this key."""
        return remembered(self.place, self.signer.vkey)

    def __call__(self, at_once: bool = False) -> None:
        """An act was committed, and stays: what hinders the signature is written to the log and seen by `doctor`."""
        self.unsigned = True
        if at_once:
            self.try_now()
            return
        if self._due_at is None:
            with self._database.read() as session:
                last = newest(session)
            age = (datetime.now(UTC) - last.at).total_seconds() if last else EVERY
            self._due_at = monotonic() + EVERY - min(max(age, 0.0), EVERY)
        if monotonic() >= self._due_at:
            self.try_now()

    def look(self) -> None:
        """Sign what has waited for half an hour, whoever acted: for a process that looks from time to time."""
        try:
            with self._database.read() as session:
                last, size = newest(session), record.size(session)
        except NoAnswer:
            return
        if last is None or (size > last.size and not 0 <= (datetime.now(UTC) - last.at).total_seconds() < EVERY):
            self.try_now()  # also where the last one is of a clock that was wrong

    def try_now(self) -> None:
        """Sign if it can be done; else say in the log why not, and try again after a minute."""
        self._due_at = monotonic() + AGAIN
        try:
            self.now()
        except (Refusal, Unreadable, OSError, sa.exc.SQLAlchemyError) as reason:
            log.warning("ledger not sealed: %s", getattr(reason, "code", type(reason).__name__))

    def now(self) -> Checkpoint:
        """Sign the tree as it stands. Raises what `seal` raises."""
        with self._database.read() as session:
            due = security_log.due(session)
        if due:  # a part of what is signed
            with self._database.begin() as session:
                security_log.digest(session)
        with self._database.begin() as session:
            signed = seal(session, self.signer, self.place)
        self._due_at, self.unsigned = monotonic() + EVERY, False
        return signed


def require_owner(session: Session, vkey: str) -> None:
    """Raise Refusal `foreign_ledger_key` unless this database's ledger began with this key."""
    owner = session.execute(sa.select(table(InstallationRow).c.vkey)).scalar_one_or_none()
    if owner != vkey:
        raise record.foreign_key()


def at(session: Session, size: int) -> Checkpoint | None:
    """The signed tree head of this size."""
    return session.get(Checkpoint, size)


def newest(session: Session) -> Checkpoint | None:
    """The last tree head that was signed."""
    return session.exec(select(Checkpoint).order_by(col(Checkpoint.size).desc())).first()


def _adopted(session: Session, vkey: str) -> Memory | None:
    """Create the memory of a folder without one: of an earlier version, or set up around a restored database."""
    rows = session.exec(select(Checkpoint).order_by(col(Checkpoint.size))).all()
    if not rows:
        return None
    last = rows[-1]
    try:
        signed = note.open_checkpoint(last.note, vkey)
    except unproven.Unproven:
        raise record.foreign_key() from None
    frontier = grown(session, merkle.Frontier(), signed.size)
    if frontier is None or (last.size, frontier.root()) != (signed.size, signed.root):
        raise not_continued(signed.size, record.size(session))
    return Memory(last.note, last.at, frontier, chain_of(rows))


def grown(session: Session, start: merkle.Frontier, size: int) -> merkle.Frontier | None:
    """The tree of `size` entries, grown from `start` by what the database holds; None where entries are missing."""
    query = sa.select(_E.index, _E.leaf).where(_E.index >= start.size, _E.index < size).order_by(_E.index)
    expected, frontier, hashes = start.size, start, []
    for index, leaf in session.execute(query).yield_per(2000):
        if index != expected:
            return None
        expected += 1
        hashes.append(merkle.leaf_hash(leaf.encode()))
        if len(hashes) >= 4096:
            frontier, hashes = frontier.extend(hashes), []
    frontier = frontier.extend(hashes)
    return frontier if frontier.size == size else None
