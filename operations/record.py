"""The ledger's one writer: what changed, as salted commitments, in the same transaction as the change.

`record()` is called by every operation beside its change; `operations.verification` folds the entries back into
the state tables. An entry's kind is `<source>:<past tense>`; the source says which table the subject is a key of.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger import commitment, entry, merkle
from ledger.canonical import dumps
from models import LedgerEntry, LedgerHead, LedgerOpening

type_of_value = str | int | list[Any]


def plain(value: Any) -> type_of_value:
    """A column's value as the ledger commits to it: strings, integers and lists of them; nothing is ''."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise TypeError(f"not a ledger value: {value!r}")


def record(session: Session, kind: str, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
    """Append one entry a change (subject, changed aspects); returns the index of the first.

    Time is the wall clock, never the business clock, and never goes backwards.
    """
    head = session.execute(
        sa.select(LedgerHead.size, LedgerHead.frontier, LedgerHead.last_at)  # type: ignore[call-overload] -- SQLModel columns are typed as values
    ).one()
    first, at = head.size, datetime.now(UTC)
    if head.last_at is not None and at < head.last_at:
        at = head.last_at
    leaves: list[dict[str, Any]] = []
    openings: list[dict[str, Any]] = []
    hashes: list[bytes] = []
    for index, (subject, aspects) in enumerate(changes, start=first):
        values = {name: plain(value) for name, value in aspects.items()}
        commitments, opened = commitment.commit_fields(values)
        leaf = entry.encode(index, at, kind, subject, commitments)
        hashes.append(merkle.leaf_hash(leaf))
        leaves.append({"index": index, "kind": kind, "subject": subject, "leaf": leaf.decode()})
        openings.append({"index": index, "openings": dumps(opened).decode()})
    if not leaves:
        return first
    frontier = merkle.Frontier.from_text(head.frontier).extend(hashes)
    session.execute(sa.insert(LedgerEntry), leaves)
    session.execute(sa.insert(LedgerOpening), openings)
    session.execute(
        sa.update(LedgerHead).values(size=first + len(leaves), frontier=frontier.to_text(), last_at=at)
    )
    return first


def record_each(session: Session, kind: str, subjects: Iterable[str], **aspects: Any) -> int:
    """The same change for many subjects."""
    return record(session, kind, [(subject, aspects) for subject in subjects])
