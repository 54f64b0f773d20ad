"""Column types and constraints that both databases understand alike."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlmodel import SQLModel

T = TypeVar("T")
CHUNK = 400  # bound parameters of one statement stay far below SQLite's limit


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware moment, stored as UTC; a naive datetime is refused at the door of the database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def one_of(column: str, words: type[StrEnum] | tuple[str, ...], *, optional: bool = False) -> sa.CheckConstraint:
    """CHECK that a column holds one of these words; SQLModel tables do not validate, the database does."""
    values = ", ".join(f"'{word!s}'" for word in words)
    condition = f"{column} IN ({values})"
    if optional:
        condition = f"{column} IS NULL OR {condition}"
    return sa.CheckConstraint(condition, name=f"{column}_known")


def check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


Json = dict[str, Any]


def table(model: type[SQLModel]) -> sa.Table:
    """The model's table, for statements that name columns rather than attributes (SQLModel types those as values)."""
    found: sa.Table = model.__dict__["__table__"]
    return found


def as_mapping(rows: Iterable[Any]) -> dict[Any, Any]:
    """Rows of two columns as a mapping from the first to the second."""
    return {row[0]: row[1] for row in rows}


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in parts that one statement can name."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
