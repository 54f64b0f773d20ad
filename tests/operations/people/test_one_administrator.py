"""One administrator, while another secretary or chairman is there: comes to no deciding role, link, factor, identity or seat."""

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli import administration
from cli import council as council_commands
from operations.council_vote import council
from operations.people import account_requests, accounts, identities, links, passwords, roles, second_factor, units
from operations.people.four_eyes import Waiting
from rules import policy
from rules.lifecycle import Role
from rules.refusal import Refusal, Unreadable
from tests.conftest import budget
from tests.operations.people.test_account_requests import (
    ISSUER,
    NEW,
    kinds,
    letters,
    refused,
    set_password,
    size,
)
from tests.operations.people.test_sign_in import CHEAP, House

SINCE = date(2024, 11, 1)
DECIDING = sorted(policy.DECIDING)
MONTH = timedelta(days=31)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)


@pytest.fixture
def house(office: Any, tmp_path: Path) -> House:
    return House(office, tmp_path / "house")


@pytest.fixture
def small_house(small_office: Any, tmp_path: Path) -> House:
    return House(small_office, tmp_path / "house")


def give(house: House, username: str, role: str, **words: Any) -> Any:
    words = {"document": "9/QĐ", "valid_from": SINCE, "actor": house.quantri, "now": house.now} | words
    return house.office.act(roles.grant, username, role, **words)


def puppet(house: House, username: str = "conroi") -> str:
    by = {"actor": house.quantri}
    house.office.act(accounts.add, username=username, name="Lò Thị Rối", email="roi@nammau.example", **by)
    return username


def confirm(house: House, number: int, by: str = "thuky", wall: datetime | None = None) -> Any:
    return house.office.act(account_requests.confirm, number, actor=house.office.actor(by), now=house.now, wall=wall)


# Roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
@pytest.mark.parametrize("role", DECIDING)
def test_a_role_that_decides_waits_and_everybody_concerned_is_told(house: House, role: Role) -> None:
    username, start, done = puppet(house), size(house), len(letters(house))
    waits = give(house, username, role)
    assert isinstance(waits, Waiting)
    assert house.office.actor(username).roles == frozenset()
    assert kinds(house, start) == ["account_request:asked"]
    assert letters(house)[done:] == [
        ("account_asked", "conroi"), ("account_asked", "thanhtra"), ("account_request", "chutich"), ("account_request", "thuky"),
    ]  # fmt: skip
    assert refused(lambda: confirm(house, waits.number, "quantri")) == "not_your_role"
    confirm(house, waits.number, "chutich")
    assert house.office.actor(username).roles == {role}
    assert kinds(house, start) == ["account_request:asked", "account_request:confirmed", "role:granted"]
    assert letters(house)[done + 4 :] == [
        ("account_changed", who) for who in ("conroi", "chutich", "thanhtra", "thuky")
    ]
    assert house.office.one("SELECT by FROM ledger_act ORDER BY first DESC LIMIT 1") == "chutich"
    assert house.office.violations() == []


@pytest.mark.parametrize("role", sorted(policy.PEOPLE - policy.DECIDING - {Role.ADMINISTRATOR}))
def test_a_role_that_decides_nothing_needs_nobody(small_house: House, role: Role) -> None:
    unit = {"unit": "XA01"} if role in (Role.UNIT_OFFICER, Role.UNIT_HEAD) else {}
    assert give(small_house, puppet(small_house), role, **unit) is None
    assert small_house.office.actor("conroi").roles == {role}


def test_which_roles_decide_follows_from_the_policy() -> None:
    assert {
        Role.REVIEWER, Role.SECRETARY, Role.COUNCIL_MEMBER, Role.TELLER, Role.CHAIRMAN, Role.DEPUTY,
    } == policy.DECIDING  # fmt: skip
    assert (
        set(policy.CONFIRMING)
        == {Role.SECRETARY, Role.CHAIRMAN}
        == set(policy.RULES[policy.Permission.CONFIRM_ACCOUNT].ways)
    )


def test_what_is_declined_or_asked_anew_never_comes(small_house: House) -> None:
    house, username = small_house, puppet(small_house)
    first, other, second = (give(house, username, role) for role in ("chairman", "deputy", "chairman"))
    assert refused(lambda: confirm(house, first.number)) == "request_settled"
    given = {"actor": house.office.thuky, "now": house.now}
    house.office.act(account_requests.decline, second.number, **given)
    confirm(house, other.number)
    assert house.office.actor(username).roles == {Role.DEPUTY}
    assert house.office.violations() == []


def test_a_puppet_secretary_confirms_nothing_for_thirty_days(house: House) -> None:
    """The puppet got the role lawfully, and would now confirm the rest."""
    before = give(house, puppet(house, "dichac"), "reviewer")
    confirm(house, give(house, puppet(house), "secretary").number)
    set_password(house, "conroi")
    after = give(house, "dichac", "chairman")
    for waits in (before, after):
        assert [who for who, _ in waits.others] == ["chutich", "thuky"]
        assert refused(lambda waits=waits: confirm(house, waits.number, "conroi")) == "four_eyes"  # type: ignore[misc] -- a default binds the loop's value
    wall = datetime.now(UTC)
    at = {"wall": wall + MONTH}
    late = give(house, "dichac", "deputy", **at)
    assert [who for who, _ in late.others] == ["chutich", "conroi", "thuky"]
    soon = give(house, "dichac", "teller", wall=wall + timedelta(days=29))
    assert [who for who, _ in soon.others] == ["chutich", "thuky"]
    confirm(house, late.number, "conroi", **at)
    assert house.office.actor("dichac").holds(Role.DEPUTY)


def test_the_business_clock_makes_no_secretary_older(small_house: House) -> None:
    house = small_house
    confirm(house, give(house, puppet(house), "secretary", valid_from=date(2023, 1, 1)).number)
    set_password(house, "conroi")
    house.now += timedelta(days=700)
    waits = give(house, puppet(house, "dichac"), "chairman")
    assert refused(lambda: confirm(house, waits.number, "conroi")) == "four_eyes"


def test_the_first_secretary_is_made_by_one_and_confirms_at_once(small_office: Any, tmp_path: Path) -> None:
    """Where nobody is there who could confirm it: told by letters and by the ledger."""
    house = House(small_office, tmp_path / "house")
    house.office.write("UPDATE account SET password_hash = NULL WHERE username IN ('thuky', 'chutich')")
    start, done = size(house), len(letters(house))
    assert give(house, puppet(house), "secretary") is None
    assert kinds(house, start) == ["account:created", "account_request:done_alone", "role:granted"]
    assert letters(house)[done:] == [("account_changed", who) for who in ("conroi", "chutich", "thanhtra", "thuky")]
    set_password(house, "conroi")
    waits = give(house, puppet(house, "chumoi"), "chairman")
    assert [who for who, _ in waits.others] == ["conroi"]
    confirm(house, waits.number, "conroi")
    assert house.office.actor("chumoi").roles == {Role.CHAIRMAN}


@pytest.mark.parametrize("way", ["password", "identity"])
def test_what_one_administrator_opened_before_ends_when_the_role_comes(house: House, way: str) -> None:
    """The first link kept and used before anybody knew what the account would become."""
    username = puppet(house)
    if way == "password":
        link, _, waits = house.office.act(links.invite, username, actor=house.quantri, now=house.now)
        assert (waits, links.redeem(house.database, link, password=NEW, now=house.now)) == (None, username)
    else:
        given = {"issuer": ISSUER, "subject": "9", "actor": house.quantri, "now": house.now}
        assert house.office.act(identities.link, username, **given) is None
    confirm(house, give(house, username, "chairman").number)
    assert house.office.rows("SELECT * FROM outside_identity") == []
    assert house.office.one("SELECT password_hash FROM account WHERE username = 'conroi'") is None
    link, _, waits = house.office.act(links.invite, username, actor=house.quantri, now=house.now)
    assert refused(lambda: links.redeem(house.database, link, password=NEW, now=house.now)) == "link_unconfirmed"
    confirm(house, waits.number)
    assert links.redeem(house.database, link, password=NEW, now=house.now) == username
    assert house.office.violations() == []


def test_a_seat_is_the_secretarys_to_give(house: House) -> None:
    seat = {"council_code": "HD-2024", "username": puppet(house), "title": "Ủy viên", "body": "Huyện đoàn"}
    words = {"valid_from": SINCE, "now": house.now}
    before = house.office.digests()
    assert refused(lambda: house.office.act(council.appoint, actor=house.quantri, **seat, **words)) == "four_eyes"
    assert house.office.digests() == before
    done = len(letters(house))
    house.office.act(council.appoint, actor=house.office.thuky, **seat, **words)
    assert {who for kind, who in letters(house)[done:]} == {"conroi", "chutich", "thanhtra", "thuky"}


# Any verb, any order ----------------------------------------------------------------------------------------------

PUPPETS = ("conroi", "canbo.xa01", "thanhtra")
REAL = ("thuky", "chutich", "phochutich", "tv05", "tv04", "chuyenvien1")
WHO = st.sampled_from((*PUPPETS, *REAL, "quantri"))
DAYS = st.sampled_from([date(2023, 12, 1), date(2024, 1, 2), date(2024, 11, 1), date(2024, 12, 1), date(2030, 1, 1)])
ROLE = st.sampled_from([role.value for role in sorted(policy.PEOPLE)])
# A command of the groups that administer → its verb and what is drawn for it.
VERBS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "account add": (accounts.add, {"username": st.just("conroi"), "name": st.just("Rối"), "email": st.none()}),
    "account invite": (links.invite, {"username": WHO, "now": ...}),
    "account disable": (accounts.disable, {"username": WHO, "now": ...}),
    "account enable": (accounts.enable, {"username": WHO, "now": ...}),
    "account reset-second-factor": (second_factor.reset, {"username": WHO, "now": ...}),
    "account link-identity": (
        identities.link, {"username": WHO, "issuer": st.just(ISSUER), "subject": st.sampled_from("ab"), "now": ...},
    ),
    "account unlink-identities": (identities.unlink, {"username": WHO, "now": ...}),
    "account confirm": (account_requests.confirm, {"number": st.integers(1, 6), "now": ...}),
    "account decline": (account_requests.decline, {"number": st.integers(1, 6), "now": ...}),
    "role grant": (
        roles.grant,
        {"username": WHO, "role": ROLE, "unit": st.sampled_from([None, "XA01"]), "document": st.just("1"), "valid_from": DAYS, "now": ...},
    ),
    "role end": (roles.end, {"username": WHO, "role": ROLE, "on": DAYS, "now": ...}),
    "unit end": (units.end, {"code": st.just("XA01"), "on": DAYS}),
    "unit add": (
        units.add,
        {"code": st.just("TH9"), "name": st.just("Trường"), "level": st.just("district"), "email": st.none(), "valid_from": DAYS},
    ),
    "council set-up": (
        council.set_up, {"code": st.just("HD-9"), "name": st.just("Hội đồng"), "decision_number": st.just("9"), "valid_from": DAYS},
    ),
    "council appoint": (
        council.appoint,
        {"council_code": st.sampled_from(["HD-2024", "HD-9"]), "username": WHO, "title": st.just("Ủy viên"), "body": st.just("x"),
         "valid_from": DAYS, "teller": st.booleans(), "now": ...},
    ),
    "council dismiss": (council.dismiss, {"council_code": st.just("HD-2024"), "username": WHO, "until": DAYS}),
}  # fmt: skip
# Commands of these groups that are not the administrator's, or only show.
OTHERS = {
    "account requests", "account redeem", "account list", "unit list", "council list", "council convene", "council reschedule",
    "council cancel", "council members", "council attend", "council recuse", "council minutes", "council conflicts",
    "council declare", "council deny", "council waive",
}  # fmt: skip


@st.composite
def steps(draw: Any) -> list[tuple[str, dict[str, Any], int]]:
    """Up to six verbs with their words, each at some distance from today's business day."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(sorted(VERBS)))
        words = {key: ... if what is ... else draw(what) for key, what in VERBS[name][1].items()}
        found.append((name, words, draw(st.sampled_from([0, 0, 0, 45, -45, 800, -800]))))
    return found


def powers(house: House) -> dict[str, Any]:
    """Who decides, and what opens the accounts of those who do."""
    office = house.office
    deciding = "('" + "','".join(DECIDING) + "')"
    held = f"SELECT account_id FROM role_grant WHERE role IN {deciding} UNION SELECT account_id FROM council_member"
    return {
        "roles": set(office.rows(f"SELECT account_id, role, valid_from FROM role_grant WHERE role IN {deciding}")),
        "seats": set(office.rows("SELECT council_id, account_id, valid_from FROM council_member")),
        "passwords": set(office.rows(f"SELECT id, password_hash FROM account WHERE id IN ({held})")),
        "factors": set(
            office.rows(f"SELECT account_id, sealed_secret FROM second_factor WHERE account_id IN ({held})")
        ),
        "identities": set(
            office.rows(f"SELECT account_id, subject FROM outside_identity WHERE account_id IN ({held})")
        ),
    }


def test_the_walk_knows_every_command_that_administers() -> None:
    apps = {
        "unit": administration.unit_app, "account": administration.account_app, "role": administration.role_app,
        "council": council_commands.app,
    }  # fmt: skip
    named = {
        f"{group} {one.name or (one.callback.__name__ if one.callback else '')}"
        for group, app in apps.items()
        for one in app.registered_commands
    }
    assert named - OTHERS == set(VERBS)


@settings(max_examples=budget(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=steps())
def test_no_walk_of_one_administrator_comes_to_power(furnish: Any, tmp_path_factory: Any, walk: Any) -> None:
    house = House(furnish("sqlite"), tmp_path_factory.mktemp("walk") / "house")
    house.enrol("tv05")
    before, kept = powers(house), []
    for name, words, days in walk:
        now = house.now + timedelta(days=days)
        verb, _ = VERBS[name]
        given_ = {key: now if value is ... else value for key, value in words.items()}
        with contextlib.suppress(Refusal, Unreadable):
            answer = house.office.act(verb, actor=house.quantri, **given_)
            kept += [answer[0]] if name == "account invite" else []
        for link in kept:  # whoever has the link tries it at once, by any business clock
            with contextlib.suppress(Refusal):
                links.redeem(house.database, link, password=NEW, now=now)
        after = powers(house)
        assert {key: after[key] - before[key] for key in after} == {key: set() for key in after}, (name, words)
        assert before["factors"] == after["factors"]
