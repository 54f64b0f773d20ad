"""Triggers refuse to change or delete what is evidence, on both databases, whoever asks."""

from typing import Any

import pytest
import sqlalchemy as sa

from models.database import Database
from rules.lifecycle import State

pytestmark = pytest.mark.both_databases

NOW = "2024-11-01 08:00:00+00:00"
FILLED = {
    "ledger_entry": "INSERT INTO ledger_entry (\"index\", kind, subject, leaf) VALUES (0, 'unit:registered', 'X', '{}')",
    "ledger_opening": 'INSERT INTO ledger_opening ("index", openings) VALUES (0, \'{"about": 1}\')',
    "checkpoint": f"INSERT INTO checkpoint (size, note, at) VALUES (1, 'note', '{NOW}')",
    "security_event": (
        f"INSERT INTO security_event (at, actor, verb, subject, code) VALUES ('{NOW}', 'a', 'v', 's', 'not_your_role')"
    ),
}
UPDATES = {
    "ledger_entry": ["leaf = 'x'", "subject = subject", '"index" = 5'],
    "checkpoint": ["note = 'x'"],
    "security_event": ["actor = 'b'"],
    "appraisal": ["verdict = 'eligible'"],
    "ledger_opening": ["openings = replace(openings, 'a', 'b')", "openings = openings || ' '"],
    "ledger_head": ["size = -1"],
}


def write(database: Database, *statements: str) -> None:
    with database.begin() as session:
        for statement in statements:
            session.execute(sa.text(statement))


@pytest.fixture
def filled(office: Any) -> Any:
    """An office with a line in every evidence table, appraisals included."""
    office.open_round().to(State.ELIGIBLE)
    office.seal()
    write(office.database, FILLED["security_event"])
    return office


def test_every_change_is_refused(filled: Any) -> None:
    clean = filled.digests()
    statements = [f"UPDATE {table} SET {values}" for table, edits in UPDATES.items() for values in edits]
    statements += [f"DELETE FROM {table}" for table in UPDATES]
    if not filled.database.is_sqlite:
        statements += [f"TRUNCATE {table} CASCADE" for table in UPDATES]
    allowed = []
    for statement in statements:
        try:
            write(filled.database, statement)
        except sa.exc.DBAPIError as error:
            said = str(error.orig)
            if not any(words in said for words in ("append-only", "only be erased", "only grows")):
                allowed.append(f"{statement}: {said}")
        else:
            allowed.append(statement)
    assert allowed == []
    assert filled.digests() == clean


def test_adding_is_not_refused(database: Database) -> None:
    write(database, *FILLED.values(), "UPDATE ledger_head SET size = 1")
    with database.read() as session:
        counts = {name: session.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() for name in FILLED}
    assert counts == dict.fromkeys(FILLED, 1)


def test_an_opening_may_be_erased(database: Database) -> None:
    write(database, FILLED["ledger_entry"], FILLED["ledger_opening"], "UPDATE ledger_opening SET openings = '{}'")
    with database.read() as session:
        assert session.execute(sa.text("SELECT openings FROM ledger_opening")).scalar_one() == "{}"


def test_there_is_one_head(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        write(database, "INSERT INTO ledger_head (id, size, frontier) VALUES (2, 0, '0:')")
