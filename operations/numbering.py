"""Numbers without gaps, taken inside the act that uses them (NĐ 30/2020 Art. 15 for papers)."""

import sqlalchemy as sa
from sqlmodel import Session

from models import Counter


def take(session: Session, name: str, count: int = 1) -> range:
    """The next `count` numbers of this series, from 1. Rolled back with the act: no number is ever lost."""
    value = session.execute(sa.select(Counter.value).where(Counter.name == name)).scalar_one_or_none()  # type: ignore[call-overload, arg-type] -- SQLModel columns are typed as values
    if value is None:
        session.execute(sa.insert(Counter).values(name=name, value=count))
        return range(1, count + 1)
    session.execute(sa.update(Counter).where(Counter.name == name).values(value=value + count))  # type: ignore[arg-type] -- as above
    return range(value + 1, value + count + 1)
