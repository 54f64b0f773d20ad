"""Two clocks: the business clock is said wherever it was set; a wall clock that once ran ahead holds up no later entry."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.database import Database
from operations import record, seal
from operations.installation import Installation
from operations.people import accounts, browser_sessions, passwords, proof
from operations.upkeep import doctor
from rules.refusal import Refusal
from tests.operations.people.test_sign_in import HASH, PASSWORD, _cheap  # noqa: F401 -- a fixture

SET = "2024-12-20T08:00:00+07:00"


def note(office: Any, username: str) -> None:
    by = {"actor": office.quantri}
    office.act(accounts.add, username=username, name="Lò Thị Mẫu", email=None, **by)


def entries(office: Any) -> list[tuple[str, datetime, dict[str, Any]]]:
    """(kind, time, what it says) of each entry."""
    rows = office.rows(
        'SELECT e.kind, e.leaf, o.openings FROM ledger_entry e JOIN ledger_opening o ON o."index" = e."index" ORDER BY e."index"'
    )
    return [
        (
            kind,
            datetime.fromisoformat(json.loads(leaf)["at"]),
            {name: said for name, (_, said) in json.loads(text).items()},
        )
        for kind, leaf, text in rows
    ]


@pytest.fixture
def hour(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the machine's clock, as the ledger reads it."""

    def turn(to: datetime) -> None:
        monkeypatch.setattr(record, "wall", lambda: to)

    return turn


# The machine's clock ----------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_one_wrong_hour_does_not_hold_all_later_entries_to_it(office: Any, hour: Callable[[datetime], None]) -> None:
    before = len(entries(office))
    true, wrong = datetime.now(UTC) + timedelta(seconds=5), datetime(2099, 1, 1, tzinfo=UTC)
    hour(wrong)
    note(office, "mot")
    hour(true)
    note(office, "hai")
    hour(true + timedelta(seconds=1))
    note(office, "ba")
    new = entries(office)[before:]
    assert [(kind, at) for kind, at, _ in new] == [
        ("account:created", wrong), ("clock:set_back", true), ("account:created", true),
        ("account:created", true + timedelta(seconds=1)),
    ]  # fmt: skip
    assert {name: new[1][2][name] for name in ("was", "now", "by")} == {
        "was": wrong.isoformat(timespec="microseconds"), "now": true.isoformat(timespec="microseconds"), "by": "engine",
    }  # fmt: skip
    verdict = office.verdict()
    assert (verdict.violations, verdict.clock_set_back) == ([], [before + 1])
    office.seal()
    assert office.violations() == []


def test_a_clock_that_is_only_set_right_makes_no_entry(small_office: Any, hour: Callable[[datetime], None]) -> None:
    first = datetime.now(UTC) + timedelta(minutes=4)
    hour(first)
    note(small_office, "mot")
    hour(first - timedelta(minutes=4))
    note(small_office, "hai")
    assert [at for _, at, _ in entries(small_office)[-2:]] == [first, first]
    assert small_office.violations() == []


def test_a_key_whose_last_signature_lies_in_the_future_signs_on(small_office: Any) -> None:
    office = small_office
    note(office, "mot")
    office.seal()
    office.write("DROP TRIGGER checkpoint_no_update")
    office.write("UPDATE checkpoint SET at = '2099-01-01 00:00:00'")
    note(office, "hai")
    signed: list[int] = []
    keeper = seal.Keeper(office.database, office.signer, office.memory)
    keeper.try_now = lambda: signed.append(1)  # type: ignore[method-assign] -- looks whether it would
    keeper.look()
    assert signed == [1]


def test_doctor_tells_of_a_clock_that_ran_ahead(installation: Installation, hour: Callable[[datetime], None]) -> None:
    def said() -> dict[str, Any]:
        return next(one for one in doctor.examine(installation)["checks"] if one["name"] == "ledger_clock")

    def add(username: str) -> None:
        with installation.database.begin() as session:
            record.record(session, record.Kind.ACCOUNT_ENABLED, [(username, {"disabled": None})], by="quantri")

    assert said()["message"] == "tốt"
    hour(datetime(2099, 1, 1, tzinfo=UTC))
    add("a")
    assert (said()["ok"], "01/01/2099" in said()["message"]) == (False, True)
    hour(datetime.now(UTC))
    add("b")
    assert (said()["ok"], "từng lùi lại" in said()["message"]) == (True, True)


# The business clock -----------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_every_entry_of_an_act_under_a_set_clock_says_so(office: Any) -> None:
    note(office, "mot")
    office.database.business_clock = SET
    note(office, "hai")
    office.database.business_clock = None
    note(office, "ba")
    assert [said.get("business_clock") for _, _, said in entries(office)[-3:]] == [None, SET, None]
    assert office.violations() == []


def test_doctor_says_so(installation: Installation) -> None:
    def said(office: Installation) -> dict[str, Any]:
        return next(one for one in doctor.examine(office)["checks"] if one["name"] == "business_clock")

    assert said(installation) == {"name": "business_clock", "ok": True, "message": "tốt"}
    other = Installation.at(installation.folder, {"VINHDANH_NOW": SET})
    assert "08:00 ngày 20/12/2024" in said(other)["message"]
    assert other.business_clock == other.now() == datetime.fromisoformat(SET)
    other.database.close()


def test_every_process_reads_the_same_setting(installation: Installation) -> None:
    (installation.folder / "vinhdanh.toml").write_text(f'now = "{SET}"\n')
    for environment in ({}, {"VINHDANH_NOW": "2025-01-01T00:00:00+07:00"}):
        office = Installation.at(installation.folder, environment)
        database: Database = office.database
        assert database.business_clock == environment.get("VINHDANH_NOW", SET)
        assert office.now() == office.business_clock
        database.close()


@pytest.mark.parametrize("days", [-1000, 1000])
def test_the_business_clock_unlocks_nobody_and_ends_no_session(small_office: Any, tmp_path: Any, days: int) -> None:
    office, elsewhere = small_office, small_office.now + timedelta(days=days)
    office.act(passwords.set_password, office.look(accounts.named, "tv05"), HASH, by="tv05")
    house = Installation(tmp_path, {})
    house.__dict__["database"] = office.database
    (tmp_path / "ledger.key").write_bytes(b"x")
    given = {"username": "tv05", "password": PASSWORD, "address": "192.0.2.7"}
    token = browser_sessions.enter(house, now=office.now, **given)
    assert browser_sessions.recognise(office.database, token, now=elsewhere) is not None
    office.act(accounts.disable, "tv05", actor=office.quantri, now=office.now)
    assert browser_sessions.recognise(office.database, token, now=elsewhere) is None
    for act in (
        lambda: browser_sessions.enter(house, now=elsewhere, **given),
        lambda: proof.prove(house, "tv05", password=PASSWORD, now=elsewhere),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "account_disabled"
