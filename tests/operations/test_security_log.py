"""The security log: successes too, from where, by the wall clock; a log that was emptied or edited is found."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from models import guards
from operations import access, seal, security_log
from operations.people import browser_sessions, links, own_account, rate_limit, tokens
from operations.upkeep import doctor
from operations.views import security_log as views
from rules.refusal import Refusal
from tests.operations.people.test_sign_in import HERE, PASSWORD, House, _cheap  # noqa: F401 -- a fixture

DAY = timedelta(days=1)
LINES = "SELECT actor, verb, subject, code, address FROM security_event ORDER BY id"


@pytest.fixture
def house(office: Any, tmp_path: Path) -> House:
    return House(office, tmp_path / "house")


@pytest.fixture
def small_house(small_office: Any, tmp_path: Path) -> House:
    return House(small_office, tmp_path / "house")


def fill(house: House, lines: int = 4) -> None:
    for _ in range(lines):
        with house.database.begin_unrecorded() as session:
            security_log.note(session, actor="tv05", verb="sign_in")


def digest(house: House, after: timedelta = timedelta()) -> bool:
    done: bool = house.office.act(security_log.digest, wall=datetime.now(UTC) + after)
    return done


def lawless(house: House, statement: str) -> None:
    """As somebody with the database's password: the triggers away, the statement, the triggers back to the word."""
    office, database = house.office, house.database
    with database.engine.begin() as connection:
        if database.is_sqlite:
            kept = connection.execute(
                sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'security_event'")
            ).all()
            for name, _ in kept:
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(sa.text("ALTER TABLE security_event DISABLE TRIGGER USER"))
        connection.execute(sa.text(statement))
        if database.is_sqlite:
            for _, text in kept:
                connection.execute(sa.text(text))
        else:
            connection.execute(sa.text("ALTER TABLE security_event ENABLE TRIGGER USER"))
    assert office.look(lambda s: list(guards.differences(s.connection()))) == []


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM security_event",
        "DELETE FROM security_event WHERE id = 2",
        "DELETE FROM security_event WHERE id = 4",
        "UPDATE security_event SET actor = 'x' WHERE id = 1",
        "UPDATE security_event SET address = '192.0.2.9' WHERE id = 3",
        "UPDATE security_event SET code = 'done', verb = 'sign_out' WHERE id = 2",
        "UPDATE security_event SET id = 100 WHERE id = 2",
    ],
)
def test_a_log_that_was_emptied_or_edited_is_found(house: House, statement: str) -> None:
    fill(house)
    assert digest(house)
    fill(house)
    assert house.office.violations() == []
    lawless(house, statement)
    day = access.local_date(datetime.now(UTC)).isoformat()
    assert {(found["table"], found["key"]) for found in house.office.violations()} == {("security_event", day)}


@pytest.mark.both_databases
def test_a_line_put_in_between_is_found(house: House) -> None:
    fill(house)
    lawless(house, "UPDATE security_event SET id = 9 WHERE id = 4")
    assert digest(house)
    lawless(
        house,
        "INSERT INTO security_event (id, at, actor, verb, subject, code) SELECT 5, at, actor, verb, subject, code FROM security_event WHERE id = 1",
    )
    assert {one["table"] for one in house.office.violations()} == {"security_event"}


@pytest.mark.both_databases
def test_once_a_day_and_only_what_is_new(house: House) -> None:
    assert not digest(house)
    fill(house, 2)
    assert [digest(house), digest(house)] == [True, False]
    fill(house, 3)
    assert [digest(house), digest(house, DAY), digest(house, 2 * DAY)] == [False, True, False]
    assert [said["rows"] for _, said in house.office.look(lambda s: list(security_log.digested(s)))] == [
        [1, 2, 2],
        [3, 5, 3],
    ]
    assert house.office.violations() == []


def test_the_ledgers_key_signs_it_along(small_house: House) -> None:
    house = small_house
    fill(house)
    keeper = seal.Keeper(house.database, house.office.signer, house.office.memory)
    signed = keeper.now()
    assert house.office.one("SELECT count(*) FROM ledger_entry WHERE kind = 'security_log:digested'") == 1
    assert signed.size == house.office.one("SELECT size FROM ledger_head")


# The triggers -----------------------------------------------------------------------------------------------------


def swapped(sqlite: bool) -> list[list[str]]:
    if sqlite:
        return [
            ["DROP TRIGGER security_event_no_delete", "CREATE TRIGGER security_event_no_delete BEFORE DELETE ON security_event BEGIN SELECT 1; END"],
            ["DROP TRIGGER ledger_head_no_update", "CREATE TRIGGER ledger_head_no_update BEFORE UPDATE ON ledger_head WHEN (0) BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"],
            ["CREATE TRIGGER quiet AFTER INSERT ON sign_in_attempt BEGIN DELETE FROM sign_in_attempt; END"],
            ["DROP TRIGGER comment_no_update"],
        ]  # fmt: skip
    return [
        ["CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"],
        ["ALTER TABLE security_event DISABLE TRIGGER security_event_no_delete"],
        ["ALTER TABLE security_event ENABLE REPLICA TRIGGER security_event_no_update"],
        ["CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
         "CREATE OR REPLACE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION nothing()"],
        ["CREATE RULE quiet AS ON INSERT TO security_event DO INSTEAD NOTHING"],
        ["DROP TRIGGER comment_no_truncate ON comment"],
    ]  # fmt: skip


@pytest.mark.both_databases
def test_a_trigger_that_does_nothing_is_found(office: Any) -> None:
    assert office.look(lambda s: list(guards.differences(s.connection()))) == []
    for statements in swapped(office.database.is_sqlite):
        with office.database.engine.connect() as connection:
            for one in statements:
                connection.execute(sa.text(one))
            found = list(guards.differences(connection))
            connection.rollback()
        assert found, statements


def test_doctor_names_it(installation: Any) -> None:
    def said() -> dict[str, bool]:
        return {one["name"]: one["ok"] for one in doctor.examine(installation)["checks"]}

    assert said()["security_log"]
    with installation.database.begin_unrecorded() as session:
        security_log.note(session, actor="tv05", verb="sign_in")
    with installation.database.begin() as session:
        security_log.digest(session)
        session.execute(sa.text("DROP TRIGGER security_event_no_update"))
    assert not said()["security_log"]
    with installation.database.begin() as session:
        session.execute(sa.text(
            "CREATE TRIGGER security_event_no_update BEFORE UPDATE ON security_event BEGIN SELECT RAISE(ABORT, 'security_event is append-only'); END"
        ))  # fmt: skip
    assert said()["security_log"]
    with installation.database.begin() as session:
        session.execute(sa.text("DROP TRIGGER security_event_no_delete"))
        session.execute(sa.text("DELETE FROM security_event"))
        session.execute(sa.text(
            "CREATE TRIGGER security_event_no_delete BEFORE DELETE ON security_event BEGIN SELECT RAISE(ABORT, 'security_event is append-only'); END"
        ))  # fmt: skip
    assert not said()["security_log"]


# What stands in it ------------------------------------------------------------------------------------------------


def test_successes_stand_there_too_with_address_and_wall_clock(house: House) -> None:
    office, wall = house.office, datetime.now(UTC)
    kept = security_log.CALLER.set(HERE)
    token = house.enter("tv05", at=wall)
    house.now += timedelta(days=-900)  # the business clock says nothing here
    assert house.refused("tv05", "sai", at=wall) == "wrong_password"
    house.now += timedelta(days=900)
    own_account.change_password(
        house.installation, token, old=PASSWORD, new="một câu khác hẳn", now=house.now, wall=wall
    )
    browser_sessions.leave(house.database, token, wall=wall)
    browser_sessions.leave(house.database, token, wall=wall)  # signed out already
    link, _, _ = office.act(links.invite, "canbo.xa01", actor=house.quantri, now=house.now, wall=wall)
    links.redeem(house.database, link, password=PASSWORD, now=house.now, wall=wall)
    program = office.act(tokens.issue, scope="read", days=3, actor=office.tv05, now=house.now, wall=wall)
    for _ in range(3):
        tokens.note_use(house.database, program, office.tv05, wall=wall)
    security_log.CALLER.reset(kept)
    assert office.rows(LINES) == [
        ("tv05", "sign_in", "", "done", HERE),
        ("tv05", "sign_in", "", "wrong_password", HERE),
        ("tv05", "password_changed", "", "done", HERE),
        ("tv05", "sign_out", "", "done", HERE),
        ("canbo.xa01", "password_by_link", "", "done", HERE),
        ("tv05", "token_used", "1", "done", HERE),
    ]
    written = {str(at)[:19] for (at,) in office.rows("SELECT at FROM security_event")}
    assert written == {f"{wall:%Y-%m-%d %H:%M:%S}"}


def test_it_is_read_by_who_what_whence_and_when(small_house: House) -> None:
    house = small_house
    house.enter("tv05")
    assert house.refused("thuky", "sai") == "wrong_password"

    def found(**words: Any) -> list[str]:
        return [row.actor for row in house.office.look(views.page, views.Wanted(**words))[0]]

    day = house.visitor(house.enter("chutich")).signed_in_at.date()
    assert found() == ["chutich", "thuky", "tv05"]
    assert found(actor="tv05") == ["tv05"]
    assert (found(outcome="refused"), found(outcome="done")) == (["thuky"], ["chutich", "tv05"])
    assert (found(verb="sign_out"), found(address="198.51.100.1")) == ([], [])
    assert (len(found(since=day, until=day)), found(since=day + DAY), found(until=day - DAY)) == (3, [], [])


def test_a_try_beyond_the_limit_writes_nothing(small_house: House) -> None:
    """Else a flood of tries would hold the one writer's place."""
    house, wall = small_house, datetime.now(UTC).replace(minute=2)
    counters = rate_limit.of_password("tv05", HERE)
    for _ in range(rate_limit.MOST_OF_PAIR + 1):
        try:
            rate_limit.take(house.database, counters, username="tv05", wall=wall)
        except Refusal as refusal:
            assert refusal.code == "too_many_attempts"
    before = house.office.digests()
    with house.database.begin_unrecorded(), pytest.raises(Refusal) as refused:  # somebody is writing
        rate_limit.take(house.database, counters, username="tv05", wall=wall)
    assert refused.value.code == "too_many_attempts"
    assert house.office.digests() == before
