"""The migrations give exactly the tables of `models`, up and down, on both databases."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlmodel import select

import models
from models.database import Database, alembic_config
from rules.refusal import Unreadable

pytestmark = pytest.mark.both_databases

TABLES = set(models.SQLModel.metadata.tables)
VERSION = {"alembic_version"}


def tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def left_over(database: Database) -> list[tuple[Any, ...]]:
    """Triggers and functions of ours."""
    if database.is_sqlite:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_up_down_and_up_again(empty_database: Database) -> None:
    database = empty_database
    assert tables(database) - VERSION == set()
    for _ in range(2):
        database.migrate()
        assert tables(database) == TABLES | VERSION
        with database.engine.connect() as connection:
            assert connection.execute(sa.text("SELECT id, size, frontier FROM ledger_head")).all() == [(1, 0, "0:")]
        with database.engine.connect() as connection:
            command.downgrade(alembic_config(connection), "base")
        assert tables(database) == VERSION
        assert left_over(database) == []


def test_each_step_goes_back_by_itself(empty_database: Database) -> None:
    with empty_database.engine.connect() as connection:
        steps = list(ScriptDirectory.from_config(alembic_config(connection)).walk_revisions())
    for step in reversed(steps):
        for direction, to in ((command.upgrade, step.revision), (command.downgrade, "-1"), (command.upgrade, "+1")):
            with empty_database.engine.connect() as connection:
                direction(alembic_config(connection), to)
    assert tables(empty_database) == TABLES | VERSION


def test_a_ledger_that_vouches_for_less_is_refused_and_left_as_it_is(empty_database: Database) -> None:
    with empty_database.engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0003")
    with empty_database.begin() as session:
        session.execute(sa.text("UPDATE ledger_head SET size = 1"))
    with pytest.raises(Unreadable) as refused:
        empty_database.migrate()
    assert refused.value.code == "older_database"
    with empty_database.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).all() == [("0003",)]
    assert "reason" not in {column["name"] for column in sa.inspect(empty_database.engine).get_columns("deadline")}


def test_models_and_migrations_are_equal(database: Database) -> None:
    with database.engine.connect() as connection:
        command.check(alembic_config(connection))


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.begin() as session:
        session.execute(sa.text("INSERT INTO counter (name, value) VALUES ('decision/2024', 7)"))
    database.migrate()
    with database.read() as session:
        assert session.execute(sa.text("SELECT name, value FROM counter")).all() == [("decision/2024", 7)]


def test_the_constraints_of_the_models_stand_in_the_database(database: Database) -> None:
    """`alembic check` does not compare CHECK constraints: their names are compared here."""
    found = sa.inspect(database.engine)
    expected = {
        table.name: {
            str(constraint.name) for constraint in table.constraints if isinstance(constraint, sa.CheckConstraint)
        }
        for table in models.SQLModel.metadata.tables.values()
    }
    assert {name: {check["name"] for check in found.get_check_constraints(name)} for name in TABLES} == expected


@pytest.mark.parametrize("url", ["mysql://u:geheim@h/db", "nicht eine url", "oracle://geheim"])
def test_a_bad_url_is_refused_without_showing_its_secret(url: str) -> None:
    with pytest.raises(Unreadable) as refused:
        Database(url)
    assert refused.value.code == "bad_database_url"
    assert "geheim" not in refused.value.message


OLD = """INSERT INTO receipt (key, verb, actor, answer, at) VALUES
 ('once/{a}', 'round.open', 'thuky', '{{"body": "x", "answer": {{"code": "DX-2024-01"}}}}', '2024-11-01 01:00:00.000000'),
 ('once/{b}', 'nominations.preview', 'canbo.xa01', '{{"body": "{nothing}", "answer": {{"round": "DX-2024-01", "unit": "XA01", "sha256": "{c}", "name": "đề nghị.xlsx", "convert": true}}}}', '2024-11-01 02:00:00.000000'),
 ('first/{a}', 'first_sign_in', 'tv05', '2026-03-09T08:00:00+00:00', '2024-11-01 03:00:00.000000'),
 ('first/{b}', 'first_sign_in', 'tv06', 'used', '2024-11-01 04:00:00.000000'),
 ('petition/{a}', 'petition', '', 'PA-2024-0001', '2024-11-01 05:00:00.000000')"""


def test_receipts_become_four_tables_and_one_again(empty_database: Database) -> None:
    """What a folder of the version before holds is there afterwards, up and down."""
    nothing = hashlib.sha256(b"").hexdigest()
    said = OLD.format(a="a" * 64, b="b" * 64, c="c" * 64, nothing=nothing).replace(":", "\\:")

    def step(direction: Any, to: str) -> None:
        with empty_database.engine.connect() as connection:
            direction(alembic_config(connection), to)

    def rows(name: str) -> list[tuple[str, ...]]:
        with empty_database.engine.connect() as connection:
            columns = [column["name"] for column in sa.inspect(connection).get_columns(name)]
            found = connection.execute(sa.text(f"SELECT {', '.join(columns)} FROM {name}"))
            return sorted(tuple(str(one)[:64] if one is not None else "" for one in row) for row in found)

    step(command.upgrade, "0009")
    with empty_database.begin() as session:
        session.execute(sa.text(said))
    before = rows("receipt")
    step(command.upgrade, "0010")
    assert [len(rows(name)) for name in ("idempotent_answer", "one_time_link", "petition_receipt", "upload")] == [
        1,
        2,
        1,
        1,
    ]
    with empty_database.read() as session:
        links = {link.username: link for link in session.exec(select(models.OneTimeLink))}
        assert [(name, link.ended) for name, link in sorted(links.items())] == [("tv05", False), ("tv06", True)]
        assert links["tv05"].valid_until == datetime(2026, 3, 9, 8, tzinfo=UTC)
        upload = session.exec(select(models.Upload)).one()
        assert (upload.key, upload.unit, upload.convert, upload.name) == ("b" * 64, "XA01", True, "đề nghị.xlsx")
        assert session.exec(select(models.PetitionReceipt.petition)).one() == "PA-2024-0001"
        assert session.exec(select(models.IdempotentAnswer.verb)).one() == "round.open"
    step(command.downgrade, "0009")
    assert rows("receipt") == before


# A folder of the version before: a round still open, one nomination published, one before the council, and of two people
# of one name and birth date each at another workplace.


def old_folder(database: Database) -> None:
    """Rows put in by the columns that they had then; what is not named is what a column needs to be filled with."""
    metadata = sa.MetaData()
    with database.engine.begin() as connection:
        metadata.reflect(connection)

        def put(into: str, /, **values: Any) -> None:
            table = metadata.tables[into]
            for column in table.columns:
                if column.name not in values and not column.nullable and column.server_default is None:
                    kind = column.type.python_type
                    values[column.name] = {int: 1, str: "x", bool: False}.get(kind, datetime(2024, 11, 1, tzinfo=UTC))
            values = {
                key: value.date() if table.c[key].type.python_type is date and isinstance(value, datetime) else value
                for key, value in values.items()
            }
            connection.execute(sa.insert(table), values)

        put("unit", id=1, code="XA01", level="commune")
        put("regulation", id=1)
        put("review_round", id=1, year=2024, kind="CONG_TRANG", level="district", stage="council_vote", regulation_id=1)
        put("dossier", id=1, round_id=1, unit_id=1)
        people = {
            1: ("Hạng Thị Ánh", "Giáo viên", "Trường THCS", date(1989, 4, 3)),
            2: ("Giàng A Páo", "Giáo viên", "Trường THCS", date(1985, 1, 1)),
            3: ("Giàng A Páo", "Y sĩ", "Trạm Y tế", date(1985, 1, 1)),
        }
        for number, (name, position, workplace, born) in people.items():
            put("nominee", id=number, code=f"NN-{number:06d}", unit_id=1, kind="individual", name=name, name_key=f"khóa {number}",
                identity=f"individual|{name.casefold()}|{workplace.casefold()}|{born}", honorific="Bà", position=position,
                workplace=workplace, gender="Nữ", ethnicity="Mông", birth_date=born, email=f"{number}@xa.example")  # fmt: skip
        put("decision", id=1, year=2024, round_id=1, state="in_force")
        for number, (nominee, state) in enumerate([(1, "disclosed"), (1, "eligible"), (2, "draft"), (3, "draft")], 1):
            stage = {"disclosed": "public_disclosure", "eligible": "council_vote"}.get(state, "unit_proposal")
            put("nomination", id=number, code=f"DN-{number}", round_id=1, dossier_id=1, unit_id=1, nominee_id=nominee,
                award=f"A{number}", role="decide", route="full", stage=stage, state=state, decision_id=1 if number == 1 else None)  # fmt: skip


def test_what_is_said_of_a_nominee_moves_to_each_nomination_and_back(empty_database: Database) -> None:
    """Published ones go on saying what they said; whoever was told apart stays apart, though the workplace tells no more."""

    def step(direction: Any, to: str) -> None:
        with empty_database.engine.connect() as connection:
            direction(alembic_config(connection), to)

    def rows(query: str) -> list[tuple[Any, ...]]:
        with empty_database.engine.connect() as connection:
            return [tuple(str(one) for one in row) for row in connection.execute(sa.text(query))]

    step(command.upgrade, "0015")
    old_folder(empty_database)
    nominees = "SELECT id, name, name_key, honorific, position, workplace, gender, ethnicity, birth_date, email FROM nominee ORDER BY id"
    before, identities = rows(nominees), rows("SELECT identity FROM nominee ORDER BY id")
    step(command.upgrade, "0016")
    said = "n.name, n.name_key, n.honorific, n.position, n.workplace, n.gender, n.ethnicity, n.birth_date, n.email"
    assert rows(f"SELECT n.nominee_id, {said} FROM nomination n ORDER BY n.id") == [
        before[0],
        before[0],
        before[1],
        before[2],
    ]
    assert rows("SELECT identity, namesake FROM nominee ORDER BY id") == [
        ("individual|hạng thị ánh|1989-04-03|1", "1"),
        ("individual|giàng a páo|1985-01-01|1", "1"),
        ("individual|giàng a páo|1985-01-01|2", "2"),
    ]
    assert rows("SELECT id, state, version FROM nomination ORDER BY id")[1] == ("2", "eligible", "1")
    step(command.downgrade, "0015")
    assert (rows(nominees), rows("SELECT identity FROM nominee ORDER BY id")) == (before, identities)
