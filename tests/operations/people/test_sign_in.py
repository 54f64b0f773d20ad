"""Signing in: what a password, a code, a link, a provider and a token open, for how long, and what a wrong one leaves."""

import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from operations import access, ledger_book
from operations.installation import Installation
from operations.people import (
    account_requests,
    accounts,
    browser_sessions,
    identities,
    installer,
    links,
    own_account,
    passwords,
    rate_limit,
    second_factor,
    tokens,
)
from operations.people.four_eyes import Waiting
from rules import policy
from rules.lifecycle import Role
from rules.policy import Permission
from rules.refusal import Refusal, Unreadable

WALL = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
PASSWORD = "một câu dài dễ nhớ"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = CHEAP.hash(unicodedata.normalize("NFC", PASSWORD))
HERE = "192.0.2.7"


class House:
    """The sample office with its key; «thuky», «chutich» and «tv05» have a password."""

    def __init__(self, office: Any, folder: Path) -> None:
        folder.mkdir()
        ledger_book.create_key(folder / "ledger.key", "vinhdanh.example/thu")
        self.office = office
        self.installation = Installation(folder, {})
        self.installation.__dict__["database"] = office.database
        self.database = office.database
        self.now = office.now
        for username in ("thuky", "chutich", "tv05"):
            account = office.look(accounts.named, username)
            office.act(passwords.set_password, account, HASH, by=username)
        self.quantri = office.quantri

    def enter(self, username: str = "thuky", password: str = PASSWORD, *, at: datetime = WALL, **words: Any) -> str:
        given = {"address": HERE, "now": self.now, "wall": at} | words
        return browser_sessions.enter(self.installation, username=username, password=password, **given)

    def refused(self, *given: Any, **words: Any) -> str:
        with pytest.raises(Refusal) as refusal:
            self.enter(*given, **words)
        return refusal.value.code

    def who(self, token: str, at: datetime = WALL) -> str | None:
        found = browser_sessions.recognise(self.database, token, now=self.now, wall=at)
        return found.actor.username if found else None

    def visitor(self, token: str, at: datetime = WALL) -> browser_sessions.Visitor:
        found = browser_sessions.recognise(self.database, token, now=self.now, wall=at)
        assert found is not None
        return found

    def enrol(self, username: str = "thuky", at: datetime = WALL) -> pyotp.TOTP:
        actor = self.office.actor(username)
        totp = pyotp.TOTP(own_account.second_factor_offer(self.installation, actor).secret)
        own_account.second_factor_on(
            self.installation, actor, password=PASSWORD, code=totp.at(at), now=self.now, wall=at
        )
        return totp

    def confirm(self, asked: Waiting | None, at: datetime = WALL) -> None:
        """What an administrator asked for is confirmed by the first who may."""
        if asked is not None:
            other = self.office.actor(asked.others[0][0])
            self.office.act(account_requests.confirm, asked.number, actor=other, now=self.now, wall=at)

    def log(self) -> list[tuple[str, str]]:
        return [
            (row[0], row[1])
            for row in self.office.rows("SELECT actor, code FROM security_event WHERE code <> 'done' ORDER BY id")
        ]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same Argon2id, quicker: what it costs is tested below."""
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    monkeypatch.setattr(passwords, "_DUMMY", CHEAP.hash("?"))


def test_passwords_are_kept_as_the_owasp_list_asks() -> None:
    """Argon2id with at least 19 MiB and two passes (OWASP Password Storage Cheat Sheet)."""
    kept = extract_parameters(PasswordHasher().hash("x"))
    assert kept.type is Type.ID
    assert (kept.memory_cost >= 19 * 1024, kept.time_cost >= 2) == (True, True)


@pytest.fixture
def house(office: Any, tmp_path: Path) -> House:
    return House(office, tmp_path / "house")


@pytest.fixture
def small_house(small_office: Any, tmp_path: Path) -> House:
    return House(small_office, tmp_path / "house")


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


# Sessions ---------------------------------------------------------------------------------------------------------


def test_a_password_opens_a_session_with_the_roles_of_today(house: House) -> None:
    found = house.visitor(house.enter())
    assert found.actor == house.office.thuky
    assert (found.signed_in_at, found.seen_at, found.confirmed_at) == (WALL, WALL, WALL)
    assert found.ends_at == WALL + timedelta(hours=12)
    assert not found.has_second_factor


def test_the_database_does_not_hold_the_token(house: House) -> None:
    token = house.enter()
    ((kept,),) = house.office.rows("SELECT token_sha256 FROM web_session")
    assert kept != token
    assert len(kept) == 64
    assert house.who(kept) is None


@pytest.mark.parametrize("token", ["", "x", "đ" * 40, "\udc80", "0" * 64])
def test_another_text_is_nobody(small_house: House, token: str) -> None:
    small_house.enter()
    assert small_house.who(token) is None


def test_a_session_ends_when_idle_and_at_its_absolute_limit(house: House) -> None:
    token = house.enter()
    assert house.who(token, WALL + 30 * MINUTE - SECOND) == "thuky"  # which touches it
    assert house.who(token, WALL + 60 * MINUTE - 2 * SECOND) == "thuky"
    assert house.who(token, WALL + 91 * MINUTE) is None
    token = house.enter()
    for step in range(1, 36):
        assert house.who(token, WALL + step * 20 * MINUTE) == "thuky"
    assert house.who(token, WALL + 12 * 60 * MINUTE - SECOND) == "thuky"
    assert house.who(token, WALL + 12 * 60 * MINUTE) is None


def test_use_is_noted_at_most_every_five_minutes(house: House) -> None:
    token = house.enter()
    house.who(token, WALL + 5 * MINUTE - SECOND)
    assert house.visitor(token).seen_at == WALL
    house.who(token, WALL + 5 * MINUTE)
    assert house.visitor(token, WALL + 5 * MINUTE).seen_at == WALL + 5 * MINUTE


def test_the_office_may_set_another_idle_limit(small_house: House) -> None:
    token = small_house.enter()
    idle = Installation(small_house.installation.folder, {"IDLE_MINUTES": "10"}).idle
    assert (
        browser_sessions.recognise(small_house.database, token, now=small_house.now, idle=idle, wall=WALL + 10 * MINUTE)
        is None
    )
    for said in ("5", "721", "x", "-1", "²"):
        with pytest.raises(Unreadable):
            _ = Installation(small_house.installation.folder, {"IDLE_MINUTES": said}).idle


def test_roles_are_those_of_the_business_day(house: House) -> None:
    token = house.enter("chutich")
    house.office.write(
        "UPDATE role_grant SET valid_to = '2024-12-01' WHERE role = 'chairman' AND account_id ="
        " (SELECT id FROM account WHERE username = 'chutich')"
    )
    for now, held in ((house.now, True), (house.now + timedelta(days=60), False)):
        found = browser_sessions.recognise(house.database, token, now=now, wall=WALL)
        assert found is not None
        assert found.actor.holds(Role.CHAIRMAN) is held


def test_signing_out_ends_this_session_or_the_others(house: House) -> None:
    one, two, three, other = house.enter(), house.enter(), house.enter(), house.enter("tv05")
    browser_sessions.leave(house.database, one, wall=WALL)
    assert [house.who(token) for token in (one, two, three)] == [None, "thuky", "thuky"]
    assert browser_sessions.leave_elsewhere(house.database, two, now=house.now, wall=WALL) == 1
    assert [house.who(token) for token in (one, two, three, other)] == [None, "thuky", None, "tv05"]
    assert (
        code_of(lambda: browser_sessions.leave_elsewhere(house.database, three, now=house.now, wall=WALL))
        == "signed_out"
    )


def test_a_disabled_account_is_out_at_once(house: House) -> None:
    token = house.enter("tv05")
    house.office.act(accounts.disable, "tv05", actor=house.quantri, now=house.now)
    assert house.who(token) is None
    assert house.refused("tv05") == "account_disabled"
    assert house.refused("tv05", "sai") == "wrong_password"  # who does not know it learns nothing
    house.office.act(accounts.enable, "tv05", actor=house.quantri, now=house.now)
    assert house.who(token) is None
    assert house.who(house.enter("tv05")) == "tv05"


def test_old_sessions_are_forgotten_after_a_month(small_house: House) -> None:
    small_house.enter()
    small_house.enter(at=WALL + timedelta(days=29))
    small_house.enter(at=WALL + timedelta(days=31))
    assert small_house.office.one("SELECT count(*) FROM web_session") == 2


def test_a_visit_costs_less_than_a_millisecond_among_a_thousand(small_house: House) -> None:
    names = [row[0] for row in small_house.office.rows("SELECT username FROM account")]
    all_tokens = [
        browser_sessions.begin(small_house.database, names[n % len(names)], now=small_house.now, wall=WALL)
        for n in range(1000)
    ]
    best = 1.0
    for start in range(0, 1000, 100):
        began = time.perf_counter()
        for token in all_tokens[start : start + 100]:
            policy.may(small_house.visitor(token).actor.roles, Permission.SEE_NOMINATION)
        best = min(best, (time.perf_counter() - began) / 100)
    assert best <= 0.001


# Wrong passwords --------------------------------------------------------------------------------------------------


def test_an_unknown_account_and_a_wrong_password_sound_the_same(house: House) -> None:
    said = []
    for username in ("thuky", "khongco", "chuyenvien1"):  # the last one has no password yet
        with pytest.raises(Refusal) as refusal:
            house.enter(username, "sai")
        said.append((refusal.value.code, refusal.value.message, refusal.value.details))
    assert said == [("wrong_password", "Tên đăng nhập hoặc mật khẩu không đúng.", {})] * 3
    # A password typed one field too high must not lie in the log.
    assert house.log() == [("thuky", "wrong_password"), ("?", "wrong_password"), ("chuyenvien1", "wrong_password")]
    assert house.office.one("SELECT count(*) FROM web_session") == 0


def test_ten_wrong_tries_in_a_quarter_of_an_hour(house: House) -> None:
    assert [house.refused(password="sai") for _ in range(12)] == ["wrong_password"] * 10 + ["too_many_attempts"] * 2
    assert house.refused() == "too_many_attempts"  # nor the right one
    assert house.who(house.enter("tv05")) == "tv05"  # a colleague at the same address
    assert house.who(house.enter(address="198.51.100.9")) == "thuky"  # the owner elsewhere
    assert house.who(house.enter(at=WALL + 15 * MINUTE)) == "thuky"
    assert Counter(house.log()) == {("thuky", "wrong_password"): 10, ("thuky", "too_many_attempts"): 1}


def test_too_many_says_how_long_to_wait(small_house: House) -> None:
    for _ in range(10):
        small_house.refused(password="sai", at=WALL + 14 * MINUTE)
    with pytest.raises(Refusal) as refusal:
        small_house.enter(at=WALL + 14 * MINUTE)
    assert refusal.value.details == {"wait_seconds": 60}
    assert "đợi 1 phút" in refusal.value.message


def test_success_forgives_what_went_before(small_house: House) -> None:
    for _ in range(3):
        assert [small_house.refused(password="sai") for _ in range(9)] == ["wrong_password"] * 9
        small_house.enter()
    kept = dict(small_house.office.rows("SELECT who, count FROM sign_in_attempt"))
    place, pair, account = rate_limit.of_password("thuky", HERE)
    assert kept == {place.who: 27, account.who: 27}
    assert pair.who not in kept


def test_a_hundred_tries_from_one_address_at_whatever_accounts(small_house: House) -> None:
    def take(username: str, address: str = HERE) -> None:
        counters = rate_limit.of_password(username, address)
        rate_limit.take(small_house.database, counters, username="?", wall=WALL)

    for number in range(100):
        take(f"ai{number}")
    assert code_of(lambda: take("ai100")) == "too_many_attempts"
    before = small_house.office.rows("SELECT who, count FROM sign_in_attempt WHERE count < 101 ORDER BY who")
    assert code_of(lambda: take("thuky")) == "too_many_attempts"  # which does not use up thuky's own tries
    assert small_house.office.rows("SELECT who, count FROM sign_in_attempt WHERE count < 101 ORDER BY who") == before
    take("thuky", "2001:db8::1")
    assert rate_limit.of_password("thuky", "2001:db8::1") == rate_limit.of_password("thuky", "2001:db8::ffff:1")
    assert rate_limit.of_password("thuky", "2001:db8::1") != rate_limit.of_password("thuky", "2001:db8:0:1::1")


def test_a_hundred_tries_at_one_account_from_everywhere(small_house: House) -> None:
    def take(number: int) -> None:
        counters = rate_limit.of_password("thuky", f"198.51.100.{number}")
        rate_limit.take(small_house.database, counters, username="thuky", wall=WALL)

    for number in range(100):
        take(number)
    assert code_of(lambda: take(100)) == "too_many_attempts"


def test_windows_that_are_over_are_forgotten(small_house: House) -> None:
    small_house.refused(password="sai")
    small_house.refused(password="sai", at=WALL + 60 * MINUTE)
    assert small_house.office.one('SELECT count(DISTINCT "window") FROM sign_in_attempt') == 1


def test_thirty_tries_at_once_gain_nothing(house: House) -> None:
    with ThreadPoolExecutor(30) as pool:
        said = Counter(pool.map(lambda _: house.refused(password="sai"), range(30)))
    assert said == {"wrong_password": 10, "too_many_attempts": 20}


def test_a_password_is_the_same_however_the_keyboard_composes_it(small_house: House) -> None:
    assert small_house.who(small_house.enter(password=unicodedata.normalize("NFD", PASSWORD))) == "thuky"


@pytest.mark.parametrize("password", ["", "\0", "x" * 100_000, "\udc80"])
def test_strange_passwords_are_wrong_passwords(small_house: House, password: str) -> None:
    assert small_house.refused(password=password) == "wrong_password"


# Confirmation -----------------------------------------------------------------------------------------------------


def test_voting_and_signing_ask_again_after_five_minutes(house: House) -> None:
    token = house.enter("chutich")
    found = house.visitor(token)
    assert [found.confirmed(WALL + 5 * MINUTE - SECOND), found.confirmed(WALL + 5 * MINUTE)] == [True, False]
    later = WALL + 20 * MINUTE
    wrong = {"password": "sai", "now": house.now, "wall": later}
    assert code_of(lambda: browser_sessions.confirm(house.installation, token, **wrong)) == "wrong_password"
    assert not house.visitor(token, later).confirmed(later)
    browser_sessions.confirm(house.installation, token, password=PASSWORD, now=house.now, wall=later)
    assert house.visitor(token, later).confirmed(later)
    assert not house.visitor(house.enter("chutich"), WALL).confirmed(later)  # another session of the same person


def test_a_stolen_session_has_ten_tries_at_the_password(small_house: House) -> None:
    token = small_house.enter()

    def guess() -> None:
        browser_sessions.confirm(small_house.installation, token, password="sai", now=small_house.now, wall=WALL)

    assert [code_of(guess) for _ in range(11)] == ["wrong_password"] * 10 + ["too_many_attempts"]
    assert small_house.who(small_house.enter()) == "thuky"  # the owner signs in all the same


def test_an_ended_session_confirms_nothing(small_house: House) -> None:
    token = small_house.enter()
    browser_sessions.leave(small_house.database, token, wall=WALL)
    given = {"password": PASSWORD, "now": small_house.now, "wall": WALL}
    assert code_of(lambda: browser_sessions.confirm(small_house.installation, token, **given)) == "signed_out"


def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    one, two = house.enter(), house.enter()
    new = "một câu khác hẳn câu trước"

    def change(old: str, to: str) -> None:
        own_account.change_password(house.installation, one, old=old, new=to, now=house.now, wall=WALL)

    assert code_of(lambda: change("sai", new)) == "wrong_password"
    assert code_of(lambda: change(PASSWORD, "ngắn")) == "weak_password"
    change(PASSWORD, new)
    assert [house.who(token) for token in (one, two)] == ["thuky", None]
    assert house.refused() == "wrong_password"
    assert house.who(house.enter(password=new)) == "thuky"
    assert house.office.violations() == []


# The second factor ------------------------------------------------------------------------------------------------


def test_codes_are_those_of_rfc_6238(small_house: House) -> None:
    key = bytes(32)
    sealed = second_factor._seal("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "a", key)  # "12345678901234567890"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        wall = datetime.fromtimestamp(seconds, UTC)
        assert second_factor.step_of(sealed, "a", code, key=key, wall=wall) == seconds // 30
        assert second_factor.step_of(sealed, "a", f" {code[:3]} {code[3:]} ", key=key, wall=wall) == seconds // 30


def test_a_code_is_asked_for_once_the_factor_is_confirmed(house: House) -> None:
    actor = house.office.thuky
    offer = own_account.second_factor_offer(house.installation, actor)
    assert offer.uri.startswith("otpauth://totp/Vinh%20Danh:thuky%40vd")
    house.enter()  # an offer alone changes nothing
    assert own_account.second_factor_offer(house.installation, actor, again=True) == offer
    totp = pyotp.TOTP(offer.secret)

    def on(code: str, password: str = PASSWORD) -> None:
        own_account.second_factor_on(house.installation, actor, password=password, code=code, now=house.now, wall=WALL)

    assert code_of(lambda: on("000000")) == "wrong_code"
    assert code_of(lambda: on(totp.at(WALL), "sai")) == "wrong_password"
    house.enter()  # neither was of any force
    on(totp.at(WALL))
    assert house.refused() == "second_factor_needed"
    assert house.refused(code=totp.at(WALL)) == "wrong_code"  # it has done its work
    later = WALL + MINUTE
    assert house.visitor(house.enter(code=totp.at(later), at=later), later).has_second_factor
    assert house.office.violations() == []


@pytest.mark.parametrize(("off", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_may_be_one_step_early_or_late(small_house: House, off: int, good: bool) -> None:
    totp = small_house.enrol()
    later = WALL + 10 * MINUTE
    code = totp.at(later + off * 30 * SECOND)
    if good:
        assert small_house.who(small_house.enter(code=code, at=later), later) == "thuky"
    else:
        assert small_house.refused(code=code, at=later) == "wrong_code"


def test_a_code_is_good_once_even_for_two_at_once(house: House) -> None:
    later = WALL + MINUTE
    code = house.enrol().at(later)

    def enter(_: int) -> str:
        try:
            house.enter(code=code, at=later)
        except Refusal as refusal:
            return refusal.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(enter, range(8))) == {"in": 1, "wrong_code": 7}
    assert house.office.one("SELECT count(*) FROM web_session") == 1


def test_codes_cannot_be_tried_through(small_house: House) -> None:
    later = WALL + MINUTE
    totp = small_house.enrol()
    said = [small_house.refused(code="000000", at=later, address=f"198.51.100.{n}") for n in range(11)]
    assert said == ["wrong_code"] * 10 + ["too_many_attempts"]
    assert small_house.refused(code=totp.at(later), at=later) == "too_many_attempts"


def test_the_secret_is_sealed_under_the_key_of_the_folder(small_house: House, tmp_path: Path) -> None:
    totp = small_house.enrol()
    ((sealed,),) = small_house.office.rows("SELECT sealed_secret FROM second_factor")
    assert totp.secret not in sealed
    database = Path(str(small_house.database.url.database)).read_bytes()
    assert totp.secret.encode() not in database
    stranger = House.__new__(House)
    stranger.__dict__ |= small_house.__dict__
    folder = tmp_path / "other"
    folder.mkdir()
    ledger_book.create_key(folder / "ledger.key", "vinhdanh.example/khac")
    stranger.installation = Installation(folder, {})
    stranger.installation.__dict__["database"] = small_house.database
    assert stranger.refused(code="123456") == "second_factor_lost"


def test_a_second_device_needs_the_first_one_removed(house: House) -> None:
    house.enrol()
    actor = house.office.thuky
    assert code_of(lambda: own_account.second_factor_offer(house.installation, actor)) == "second_factor_set"

    def off(password: str) -> None:
        own_account.second_factor_off(house.installation, actor, password=password, now=house.now, wall=WALL)

    assert code_of(lambda: off("sai")) == "wrong_password"
    off(PASSWORD)
    house.enter()
    assert code_of(lambda: off(PASSWORD)) == "no_second_factor"
    house.enrol()
    assert house.office.violations() == []


@pytest.mark.parametrize("change", ["password", "factor on", "factor off", "factor reset", "link"])
def test_whatever_was_made_with_the_old_secret_ends(house: House, change: str) -> None:
    """Sessions, tokens and open links: else whoever knew the old one keeps what they made with it."""
    office, later = house.office, WALL + MINUTE
    if change in {"factor off", "factor reset"}:
        house.enrol("tv05")
    mine, elsewhere, other = (
        browser_sessions.begin(house.database, name, now=house.now, wall=WALL) for name in ("tv05", "tv05", "thuky")
    )
    token, others = issue(house, "tv05", "write"), issue(house, "thuky")
    link = invite(house, "tv05", at=WALL)
    actor, given = office.tv05, {"now": house.now, "wall": later}
    if change == "password":
        own_account.change_password(house.installation, mine, old=PASSWORD, new="một câu hoàn toàn khác", **given)
    elif change == "factor on":
        totp = pyotp.TOTP(own_account.second_factor_offer(house.installation, actor).secret)
        given |= {"code": totp.at(later), "token": mine}
        own_account.second_factor_on(house.installation, actor, password=PASSWORD, **given)
    elif change == "factor off":
        own_account.second_factor_off(house.installation, actor, password=PASSWORD, token=mine, **given)
    elif change == "factor reset":
        house.confirm(office.act(second_factor.reset, "tv05", actor=house.quantri, **given), later)
    else:
        redeem(house, link, "một câu hoàn toàn khác", at=later)
    kept = "tv05" if change in {"password", "factor on", "factor off"} else None
    assert [house.who(one, later) for one in (mine, elsewhere, other)] == [kept, None, "thuky"]
    assert kept is None or not house.visitor(mine, later).confirmed(later)
    assert [bearer(house, one) is None for one in (token, others)] == [True, False]
    assert code_of(lambda: redeem(house, link, at=later)) == "link_invalid"
    assert office.violations() == []


def test_the_session_that_changed_the_factor_confirms_anew(house: House) -> None:
    """A sign-in by password alone must not pass for one by code: voting and signing would ask for nothing."""
    mine = house.enter("chutich")
    actor, given = house.office.chutich, {"password": PASSWORD, "now": house.now, "token": mine}
    totp = pyotp.TOTP(own_account.second_factor_offer(house.installation, actor).secret)
    own_account.second_factor_on(house.installation, actor, code=totp.at(WALL), wall=WALL, **given)
    assert not house.visitor(mine).confirmed(WALL)
    later = WALL + MINUTE
    again = {"password": PASSWORD, "now": house.now, "wall": later}
    browser_sessions.confirm(house.installation, mine, code=totp.at(later), **again)
    assert house.visitor(mine, later).confirmed(later)
    own_account.second_factor_off(house.installation, actor, wall=later, **given)
    assert not house.visitor(mine, later).confirmed(later)


def test_an_administrator_resets_a_lost_device_and_the_ledger_says_so(house: House) -> None:
    house.enrol()
    token = house.enter("tv05")
    by = {"actor": house.quantri, "now": house.now, "wall": WALL}
    house.confirm(house.office.act(second_factor.reset, "thuky", **by))
    assert house.who(house.enter()) == "thuky"
    assert house.who(token) == "tv05"
    kinds = [
        row[0]
        for row in house.office.rows(
            "SELECT kind FROM ledger_entry WHERE subject = (SELECT code FROM account WHERE username = 'thuky') ORDER BY \"index\""
        )
    ]
    assert kinds[-2:] == ["account:second_factor_set", "account:second_factor_removed"]
    assert house.office.violations() == []


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE second_factor SET sealed_secret = 'khác'",
        "DELETE FROM second_factor",
        "INSERT INTO outside_identity (account_id, issuer, subject) SELECT id, 'https://x', '1' FROM account WHERE username = 'thuky'",
        "UPDATE account SET password_hash = 'khác' WHERE username = 'thuky'",
    ],
    ids=["secret", "removed", "identity", "password"],
)
def test_another_way_in_put_in_by_hand_is_found(house: House, swap: str) -> None:
    house.enrol()
    house.office.write(swap)
    assert [(v["table"], v["key"]) for v in house.office.violations()] == [("account", "thuky")]


# One-time links ---------------------------------------------------------------------------------------------------


def invite(house: House, username: str = "tv06", at: datetime = WALL) -> str:
    link, _, asked = house.office.act(links.invite, username, actor=house.quantri, now=house.now, wall=at)
    house.confirm(asked, at)
    return str(link)


def redeem(house: House, link: str, password: str = PASSWORD, at: datetime = WALL) -> str:
    return links.redeem(house.database, link, password=password, now=house.now, wall=at)


def test_a_link_sets_a_password_once(house: House) -> None:
    link = invite(house)
    assert house.office.look(links.owner, link, now=house.now, wall=WALL) == "tv06"
    assert redeem(house, link) == "tv06"
    assert house.who(house.enter("tv06")) == "tv06"
    assert code_of(lambda: redeem(house, link, "một câu khác nữa")) == "link_invalid"
    assert house.who(house.enter("tv06")) == "tv06"
    assert house.office.violations() == []


def test_a_link_is_good_for_seven_days_and_the_newest_counts(house: House) -> None:
    old, new = invite(house), invite(house)
    assert code_of(lambda: redeem(house, old)) == "link_invalid"
    assert code_of(lambda: redeem(house, new, at=WALL + timedelta(days=7))) == "link_invalid"
    redeem(house, new, at=WALL + timedelta(days=7) - SECOND)


def test_two_clicks_at_once_set_one_password(house: House) -> None:
    link = invite(house)

    def click(number: int) -> str:
        try:
            return redeem(house, link, f"{PASSWORD} {number}")
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(5) as pool:
        assert Counter(pool.map(click, range(5))) == {"tv06": 1, "link_invalid": 4}


def test_a_link_ends_the_sessions_of_its_account(house: House) -> None:
    token = house.enter("tv05")
    redeem(house, invite(house, "tv05"), "một câu hoàn toàn khác")
    assert house.who(token) is None


def test_a_link_ends_the_programs_tokens_of_its_account(house: House) -> None:
    """Whoever knew the password that was lost would keep what they made with it."""
    made, older, other = issue(house, "tv05", "write"), issue(house, "tv05"), issue(house, "thuky")
    house.office.act(tokens.revoke, 2, actor=house.office.tv05, now=house.now, wall=WALL)
    redeem(house, invite(house, "tv05"), "một câu hoàn toàn khác", at=WALL + MINUTE)
    assert [bearer(house, one) is None for one in (made, older, other)] == [True, True, False]
    assert house.office.rows(
        "SELECT subject FROM ledger_entry WHERE kind = 'api_token:revoked' ORDER BY \"index\""
    ) == [("2",), ("1",)]
    assert house.office.violations() == []


def test_the_first_link_of_an_installation_lives_by_the_wall_clock(database: Any, signer: Any) -> None:
    with database.begin() as session:
        link = installer.first_administrator(session, os_user="ai", now=datetime(2024, 1, 1, tzinfo=UTC), wall=WALL)
    now = datetime(2024, 1, 2, tzinfo=UTC)
    assert links.redeem(database, link, password=PASSWORD, now=now, wall=WALL) == "quantri"


@pytest.mark.parametrize(
    "password",
    ["", "mười một ký", "aaaaaaaaaaaaaaaa", "121212121212", "x" * 201, "tv06tv06tv06\0", "có\x1bđủ dài mà"],
    ids=["empty", "short", "one-letter", "two-letters", "endless", "nul", "escape"],
)
def test_bad_passwords_are_not_taken(small_house: House, password: str) -> None:
    link = invite(small_house)
    before = small_house.office.digests()
    assert code_of(lambda: redeem(small_house, link, password)) in {"weak_password", "too_long", "control_characters"}
    assert small_house.office.digests() == before


def test_a_password_is_not_the_username() -> None:
    assert code_of(lambda: passwords.require_good("canbo.xa01.moi", "CANBO.xa01.moi ")) == "weak_password"
    passwords.require_good("canbo.xa01", "mười hai ký tự")


@pytest.mark.parametrize("link", ["", "x", "\udc80", "first/x", "đ" * 300])
def test_other_links_open_nothing(small_house: House, link: str) -> None:
    invite(small_house)
    assert code_of(lambda: redeem(small_house, link)) == "link_invalid"


# Outside identities -----------------------------------------------------------------------------------------------

ISSUER = "https://sso.nammau.example"


def outside(house: House, subject: str = "s-1", issuer: str = ISSUER) -> str:
    return identities.enter(house.database, issuer=issuer, subject=subject, now=house.now, wall=WALL)


def link_identity(house: House, username: str = "tv05", subject: str = "s-1") -> None:
    by = {"actor": house.quantri, "now": house.now, "wall": WALL}
    house.confirm(house.office.act(identities.link, username, issuer=ISSUER, subject=subject, **by))


def test_a_linked_identity_signs_in_but_votes_only_after_proving_itself_again(house: House) -> None:
    link_identity(house)
    token = outside(house)
    found = house.visitor(token)
    assert found.actor.username == "tv05"
    assert not found.confirmed(WALL)
    browser_sessions.confirm(house.installation, token, password=PASSWORD, now=house.now, wall=WALL)
    assert house.visitor(token).confirmed(WALL)
    assert house.office.violations() == []


def test_an_identity_belongs_to_one_account(house: House) -> None:
    link_identity(house)
    link_identity(house)  # a second click changes nothing
    assert code_of(lambda: link_identity(house, "tv06")) == "identity_taken"
    assert code_of(lambda: outside(house, "s-9")) == "unknown_identity"
    assert code_of(lambda: outside(house, issuer="https://other")) == "unknown_identity"
    assert house.log() == [("?", "unknown_identity")] * 2
    token = outside(house)
    house.office.act(identities.unlink, "tv05", actor=house.quantri, now=house.now)
    assert house.who(token) is None
    assert code_of(lambda: outside(house)) == "unknown_identity"
    assert house.office.violations() == []


# Tokens of programs -----------------------------------------------------------------------------------------------


def issue(house: House, username: str = "thuky", scope: str = "read", days: int = 30) -> str:
    return str(
        house.office.act(
            tokens.issue, scope=scope, days=days, actor=house.office.actor(username), now=house.now, wall=WALL
        )
    )


def bearer(house: House, token: str, at: datetime = WALL) -> Any:
    return house.office.look(tokens.bearer, token, now=house.now, wall=at)


def test_a_token_acts_as_its_account_until_its_day(house: House) -> None:
    token = issue(house, scope="write", days=2)
    assert token.startswith("vd_")
    assert bearer(house, token, WALL + timedelta(days=2) - SECOND) == (house.office.thuky, "write")
    assert bearer(house, token, WALL + timedelta(days=2)) is None
    assert bearer(house, token[:-1]) is None
    stored = str(house.office.rows("SELECT * FROM api_token")) + str(house.office.rows("SELECT * FROM ledger_opening"))
    assert token not in stored
    assert house.office.violations() == []


def test_a_token_ends_with_its_account_or_by_its_owner(house: House) -> None:
    mine, other = issue(house), issue(house, "tv05")
    assert [row["id"] for row in house.office.look(tokens.of, house.office.thuky, now=house.now, wall=WALL)] == [1]
    stranger = lambda: house.office.act(tokens.revoke, 2, actor=house.office.thuky, now=house.now)  # noqa: E731 -- one line
    assert code_of(stranger) == "unknown_token"
    house.office.act(tokens.revoke, 1, actor=house.office.thuky, now=house.now)
    house.office.act(tokens.revoke, 1, actor=house.office.thuky, now=house.now)
    assert bearer(house, mine) is None
    house.office.act(accounts.disable, "tv05", actor=house.quantri, now=house.now)
    assert bearer(house, other) is None
    house.office.act(accounts.enable, "tv05", actor=house.quantri, now=house.now)
    assert bearer(house, other) is not None
    house.office.act(tokens.revoke, 2, actor=house.quantri, now=house.now)
    assert bearer(house, other) is None
    assert house.office.violations() == []


@pytest.mark.parametrize(("scope", "days"), [("admin", 1), ("", 1), ("read", 0), ("read", -1), ("read", 367)])
def test_a_token_has_a_known_scope_and_an_end(small_house: House, scope: str, days: int) -> None:
    before = small_house.office.digests()
    with pytest.raises(Unreadable):
        issue(small_house, scope=scope, days=days)
    assert small_house.office.digests() == before


def test_a_longer_token_made_by_hand_is_found(house: House) -> None:
    issue(house)
    house.office.write("UPDATE api_token SET scope = 'write'")
    assert [(v["table"], v["key"]) for v in house.office.violations()] == [("api_token", "1")]


def test_ones_own_account_in_one_look(house: House) -> None:
    token, other = house.enter("chutich"), house.enter("chutich")
    about = house.office.look(own_account.about, house.office.chutich, token=token, now=house.now, wall=WALL)
    assert [row["role"] for row in about["roles"]] == ["chairman", "council_member"]
    assert [(row["deputy"], row["scope"]) for row in about["authorisations"]] == [("phochutich", "LDTT,GK_HUYEN")]
    assert sorted(row["this"] for row in about["sessions"]) == [False, True]
    assert (about["second_factor"], about["identities"]) == (False, [])
    assert house.who(other) == "chutich"


def test_a_deputy_is_known_to_act_for_somebody_while_the_paper_is_in_force(house: House) -> None:
    assert house.office.phochutich.acting_for == "chutich"
    with house.database.read() as session:
        later = access.actor(session, "phochutich", now=house.now + timedelta(days=90))
    assert later.acting_for is None
