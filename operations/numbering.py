"""Numbers without gaps, taken inside the act that uses them (NĐ 30/2020 Art. 15 for papers)."""

import sqlalchemy as sa
from sqlmodel import Session

from models import Counter
from models.types import table

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
    return range(last - count + 1, last + 1)
