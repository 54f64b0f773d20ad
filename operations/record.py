"""The ledger's one writer: what changed, as salted commitments, in the same transaction as the change.

`record()` is called by every operation beside its change; `operations.upkeep.verification` folds the entries back into
the state tables. What kinds of entries there are stands in `ledger.kinds`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger import commitment, entry, kinds, merkle
from ledger.canonical import dumps
from ledger.kinds import Kind
from models import InstallationRow, LedgerAct, LedgerEntry, LedgerHead, LedgerOpening
from models.database import AT_ONCE, BUSINESS_CLOCK, LAST_WRITES, OWNER, RECORDED, gone
from models.types import table
from rules.refusal import Refusal

_H = table(LedgerHead).c
Plain = str | int | list[Any]


def plain(value: Any) -> Plain:
    """A column's value as the ledger commits to it: strings, integers and lists of them; nothing is ''."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (str, int)):
        return value if type(value) in (str, int) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [item if type(item) is str else plain(item) for item in value]
    raise TypeError(f"not a ledger value: {value!r}")


_HEAD = sa.select(
    _H.size, _H.frontier, _H.last_at, sa.select(table(InstallationRow).c.vkey).scalar_subquery().label("owner")
)
_INSERT_ENTRY = sa.insert(table(LedgerEntry))
_INSERT_OPENING = sa.insert(table(LedgerOpening))
_INSERT_ACT = sa.insert(table(LedgerAct))
_UPDATE_HEAD = sa.update(table(LedgerHead)).values(
    size=sa.bindparam("new_size"), frontier=sa.bindparam("new_frontier"), last_at=sa.bindparam("new_last_at")
)


# A clock that goes back by less is only being set right; the time of the last entry stands until it has passed.
SET_RIGHT = timedelta(minutes=5)


def wall() -> datetime:
    """The machine's clock, as the ledger reads it."""
    return datetime.now(UTC)


class _Pending:
    """The entries of one act: encoded at once, written together at the end of the act, before its commit."""

    __slots__ = ("acts", "at", "clock", "frontier", "hashes", "kinds", "leaves", "openings", "size")

    def __init__(self, session: Session) -> None:
        head = session.connection().execute(_HEAD).one()
        if session.info.get(OWNER) not in {None, head.owner}:
            raise foreign_key()
        self.size: int = head.size
        self.frontier: str = head.frontier
        self.at = wall()
        said = session.info.get(BUSINESS_CLOCK)
        self.clock: dict[str, Plain] = {"business_clock": said} if said else {}
        set_back = None
        if head.last_at is not None and self.at < head.last_at:
            if head.last_at - self.at < SET_RIGHT:
                self.at = head.last_at
            else:
                set_back = head.last_at
        self.acts: list[dict[str, Any]] = []
        self.kinds: set[Kind] = set()
        self.hashes: list[bytes] = []
        self.leaves: list[dict[str, Any]] = []
        self.openings: list[dict[str, Any]] = []
        if set_back is not None:  # the clock was wrong before, or is now: said once, and no later entry is held to it
            self.add(Kind.CLOCK_SET_BACK, "ledger", {"was": set_back, "now": self.at}, kinds.ENGINE, None)

    def add(self, kind: Kind, subject: str, aspects: Mapping[str, Any], who: str, on_behalf_of: str | None) -> None:
        """One entry."""
        values = {name: plain(value) for name, value in aspects.items()} | self.clock
        values["by"] = who
        if on_behalf_of is not None:
            values["on_behalf_of"] = on_behalf_of
        self.done_by(who, on_behalf_of)
        commitments, opened = commitment.commit_fields(values)
        self.kinds.add(kind)
        leaf = entry.encode(self.size, self.at, str(kind), subject, commitments)
        self.hashes.append(merkle.leaf_hash(leaf))
        self.leaves.append({"index": self.size, "kind": str(kind), "subject": subject, "leaf": leaf.decode()})
        self.openings.append({"index": self.size, "openings": dumps(opened).decode()})
        self.size += 1

    def done_by(self, by: str, on_behalf_of: str | None) -> None:
        """The entry of this index is this person's."""
        last = self.acts[-1] if self.acts else None
        if last is not None and (last["by"], last["on_behalf_of"]) == (by, on_behalf_of):
            last["last"] = self.size
        else:
            self.acts.append({"first": self.size, "last": self.size, "by": by, "on_behalf_of": on_behalf_of})

    def write(self, session: Session) -> None:
        session.info.pop(_PENDING, None)
        if not self.leaves:  # an act that found everything done already
            return
        connection = session.connection()
        connection.execute(_INSERT_ENTRY, self.leaves)
        connection.execute(_INSERT_OPENING, self.openings)
        connection.execute(_INSERT_ACT, self.acts)
        frontier = merkle.Frontier.from_text(self.frontier).extend(self.hashes)
        connection.execute(
            _UPDATE_HEAD,
            {"new_size": self.size, "new_frontier": frontier.to_text(), "new_last_at": self.at},
        )
        session.info[RECORDED] = True


_PENDING = "ledger_pending"


def record(
    session: Session,
    kind: Kind,
    changes: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    by: str,
    on_behalf_of: str | None = None,
) -> int:
    """Append one entry a change (subject, changed aspects); returns the index of the first.

    `by` is the username of whoever does it, or the name of whoever may do this kind without an account; `on_behalf_of`
    the chairman for whom a deputy does it. Both stand in each entry and in the act's own row.

    Time is the wall clock, never the business clock; where that one was set, each entry says to what. It never goes
    backwards but at an entry that says from when to when (`clock:set_back`): one wrong hour of the machine does not hold
    all later entries to it. The rows are written when the act ends, in its transaction: an act whose ledger cannot be
    written is rolled back whole.
    """
    pending: _Pending | None = session.info.get(_PENDING)
    if pending is None:
        pending = session.info[_PENDING] = _Pending(session)
        session.info.setdefault(LAST_WRITES, []).append(pending.write)
    first = pending.size
    for subject, aspects in changes:
        pending.add(kind, subject, aspects, _doer(kind, by), on_behalf_of)
    return first


def _doer(kind: Kind, by: str) -> str:
    """The person named by an entry. An act without one is a fault of the program and is rolled back whole."""
    if not by:
        raise TypeError(f"{kind}: an entry says who did it")
    if by in kinds.UNNAMED and by != kind.unnamed:
        raise TypeError(f"{kind} is a person's act, not done by «{by}»")
    return by


@contextmanager
def naming(session: Session, username: str) -> Iterator[None]:
    """One person's act at a door: whatever it adds to the ledger names that person, and nobody else who has an account.

    An act that does not is a mistake of the program: it is rolled back whole.
    """
    before: _Pending | None = session.info.get(_PENDING)
    first = before.size if before else 0
    yield
    pending: _Pending | None = session.info.get(_PENDING)
    if pending is None or not pending.leaves or pending.size == first:  # it found everything done already
        return
    named = {act["by"] for act in pending.acts if act["last"] >= first} - kinds.UNNAMED
    if named != {username}:
        raise TypeError(f"an act of «{username}» is recorded as done by {sorted(named)}")


def erase(session: Session, kind: Kind, subject: str, field: str, *, ground: str, by: str) -> None:
    """Forget what these entries said in a field: its salt and value go, the commitment stays and every proof with it.

    An entry says for each that it was erased, on what ground and by whom: what is missing without one was destroyed.
    """
    e, o = table(LedgerEntry).c, table(LedgerOpening).c
    rows = session.execute(
        sa.select(o.index, o.openings)
        .join_from(LedgerOpening, LedgerEntry, o.index == e.index)
        .where(e.subject == subject, e.kind == str(kind))
        .order_by(o.index)
    ).all()
    for index, text in rows:
        opened = json.loads(text)
        if opened.pop(field, None) is not None:
            gone(session)
            session.execute(sa.update(LedgerOpening).where(o.index == index).values(openings=dumps(opened).decode()))
            note_erased(session, [(index, field)], ground=ground, by=by)


def note_erased(session: Session, fields: Sequence[tuple[int, str]], *, ground: str, by: str) -> None:
    """The entries that say of each (index, field) that it was erased."""
    record(session, Kind.OPENING_ERASED, [(erased(*one), {"ground": ground}) for one in fields], by=by)


def erased(index: int, field: str) -> str:
    """A field of an entry as the ledger names it where it was erased."""
    return f"{index}/{field}"


def sign_at_once(session: Session) -> None:
    """Have the key sign, and remember, the ledger with this act in it, as soon as the act is committed."""
    session.info[AT_ONCE] = True


def unwritten(session: Session) -> list[tuple[int, str, str, str, str]]:
    """(index, kind, subject, leaf, openings) of this act's entries, which are in no table before its end."""
    pending: _Pending | None = session.info.get(_PENDING)
    if pending is None:
        return []
    return [
        (leaf["index"], leaf["kind"], leaf["subject"], leaf["leaf"], opening["openings"])
        for leaf, opening in zip(pending.leaves, pending.openings, strict=True)
    ]


def kinds_of(session: Session) -> frozenset[Kind]:
    """The kinds of entries that this act is about to commit."""
    pending: _Pending | None = session.info.get(_PENDING)
    return frozenset(pending.kinds) if pending else frozenset()


def size(session: Session) -> int:
    """How many entries the ledger has, this act's own included."""
    pending: _Pending | None = session.info.get(_PENDING)
    return pending.size if pending else session.connection().execute(_HEAD).one().size


def pending(session: Session) -> bool:
    """Has this act entries that are not in their table yet?"""
    return _PENDING in session.info


def foreign_key() -> Refusal:
    """The key in the data folder is not the one with which the ledger in this database began."""
    return Refusal(
        "foreign_ledger_key",
        "Khóa ledger.key trong thư mục dữ liệu không phải khóa của sổ cái này. Hãy đặt lại đúng tệp ledger.key (bản sao lưu "
        "có giữ khóa), hoặc đặt VINHDANH_DATABASE_URL về đúng cơ sở dữ liệu của thư mục.",
    )


def written(session: Session, start: int, end: int) -> list[tuple[int, str]]:
    """(index, subject) of the entries from `start` up to, not including, `end`."""
    e = table(LedgerEntry).c
    found = session.execute(sa.select(e.index, e.subject).where(e.index >= start, e.index < end).order_by(e.index))
    return [(index, subject) for index, subject in found]
