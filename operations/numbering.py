"""Numbers without gaps, taken inside the act that uses them (NĐ 30/2020 Art. 15 for papers)."""

import sqlalchemy as sa
from sqlmodel import Session

from models import Counter
from models.types import table
from operations import given

_C = table(Counter).c
_TAKE = (
    sa.update(table(Counter))
    .where(_C.name == sa.bindparam("of"))
    .values(value=_C.value + sa.bindparam("count"))
    .returning(_C.value)
)
_BEGIN = sa.insert(table(Counter))


def take(session: Session, name: str, count: int = 1) -> range:
    """The next `count` numbers of this series, from 1. Rolled back with the act: no number is ever lost."""
    connection = session.connection()
    last = connection.execute(_TAKE, {"of": name, "count": count}).scalar_one_or_none()
    if last is None:
        connection.execute(_BEGIN, {"name": name, "value": count})
        last = count
    given.note(session)
    return range(last - count + 1, last + 1)


# Which part of a code, split at «-», is its year; codes end in their number.
_YEARS = {
    "round": 1, "dossier": 1, "nomination": 1, "session": 1, "petition": 1, "decision": 1, "submission_letter": 2,
}  # fmt: skip


def series(source: str, code: str) -> tuple[str, int] | None:
    """The series and the number of a code of the ledger: (`decision/2024`, 12). None for what has no number."""
    parts = code.split("-")
    try:
        if source == "nominee":
            return source, int(parts[-1])
        if source in {"decision", "submission_letter"}:  # 12-2024, TTr-12-2024
            return f"{source}/{int(parts[-1])}", int(parts[-2])
        return (f"{source}/{int(parts[_YEARS[source]])}", int(parts[-1])) if source in _YEARS else None
    except (ValueError, IndexError):
        return None


def skip_to(session: Session, name: str, last: int) -> tuple[int, int] | None:
    """Have the next number of a series come after `last`; returns (was, is) where that skips any."""
    held = session.connection().execute(sa.select(_C.value).where(_C.name == name)).scalar_one_or_none()
    if last <= (held or 0):
        return None
    if held is None:
        session.connection().execute(_BEGIN, {"name": name, "value": last})
    else:
        session.connection().execute(sa.update(table(Counter)).where(_C.name == name).values(value=last))
    given.note(session)
    return held or 0, last
