"""Every row of every table of the ledger, checkpoints included: changed, deleted or moved, it is found.

In `make test` some rows of each table; in `make test-long` every one, on both databases.
"""

import random
from typing import Any

import pytest
import sqlalchemy as sa

from operations.upkeep import checkpoints, verification
from tests.conftest import LONG
from tests.operations.upkeep.test_verification import (
    EARLY,
    METADATA,
    Tampered,
    alter,
    disarm,
    identity,
    lived_office,
    tampering,
)

__all__ = ["lived_office"]
TABLES = ("installation", "ledger_entry", "ledger_opening", "ledger_act", "ledger_head", "checkpoint")
SOME = 4


def found(tampered: Tampered) -> bool:
    """Does reading the ledger again find it, or else reading everything?"""
    tampered.session.expire_all()
    verdict = verification.Verdict()
    outside = checkpoints.Outside(tampered._vkey, tampered._memory, (), EARLY)
    verification.read_entries(tampered.session, verdict, outside)
    return bool(verdict.violations) or bool(tampered.violations())


def chosen(rows: list[Any]) -> list[Any]:
    """The first, the last and some between; all of them at length."""
    if LONG or len(rows) <= SOME:
        return rows
    return [rows[0], rows[-1], *random.Random(11).sample(rows[1:-1], SOME - 2)]


def exchange(tampered: Tampered, table: sa.Table, one: Any, other: Any) -> None:
    """Two rows change places: each has what the other said, under its own key."""
    keys = {column.name for column in table.primary_key.columns}
    values = [
        {name: row._mapping[name] for name in (column.name for column in table.columns) if name not in keys}
        for row in (one, other)
    ]
    unique = {c.name: None for c in table.columns if c.unique}
    if unique:  # out of the way first
        away = dict.fromkeys(unique, 10**6)
        tampered.connection.execute(table.update().where(identity(table, one)).values(away))
    tampered.connection.execute(table.update().where(identity(table, other)).values(values[0]))
    tampered.connection.execute(table.update().where(identity(table, one)).values(values[1]))


@pytest.mark.both_databases
@pytest.mark.parametrize("name", TABLES)
def test_every_edit_deletion_and_exchange_of_a_row_is_found(lived_office: Any, name: str) -> None:
    office = lived_office
    office.seal()
    disarm(office)
    table = METADATA[name]
    with tampering(office) as tampered:
        assert not found(tampered)
        rows = list(tampered.connection.execute(sa.select(table).order_by(*table.primary_key.columns)))
    assert len(rows) > (name not in {"installation", "ledger_head"})
    missed = []
    for at, row in enumerate(rows):
        if row not in chosen(rows):
            continue
        for column in table.columns:
            with tampering(office) as tampered:
                new = alter(tampered, column, row)
                if not found(tampered):
                    missed.append(f"{column} of row {at} is {new!r}")
        with tampering(office) as tampered:
            tampered.connection.execute(table.delete().where(identity(table, row)))
            if not found(tampered):
                missed.append(f"row {at} deleted")
        if at + 1 < len(rows) and tuple(row)[1:] != tuple(rows[at + 1])[1:]:
            with tampering(office) as tampered:
                exchange(tampered, table, row, rows[at + 1])
                if not found(tampered):
                    missed.append(f"rows {at} and {at + 1} exchanged")
    assert missed == []
