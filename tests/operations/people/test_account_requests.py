"""Four eyes: the administrator opens no account that decides without a secretary or chairman who says so."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.council_vote import convening, council
from operations.people import account_requests, accounts, four_eyes, identities, links, passwords, roles, second_factor
from operations.views import inbox
from rules.lifecycle import Role, State
from rules.refusal import Refusal
from tests.operations.people.test_sign_in import HASH, WALL, House

ISSUER = "https://sso.nammau.example"
ACTS = ("link", "second_factor", "identity")
NEW = "một câu hoàn toàn khác"
WEEK = timedelta(days=7)


@pytest.fixture
def house(office: Any, tmp_path: Path) -> House:
    return House(office, tmp_path / "house")


@pytest.fixture
def small_house(small_office: Any, tmp_path: Path) -> House:
    return House(small_office, tmp_path / "house")


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


def ask(house: House, act: str, username: str = "tv05", subject: str = "s-1") -> Any:
    """What the administrator's verb answers; for a link (link, until, what it waits for)."""
    by = {"actor": house.quantri, "now": house.now, "wall": WALL}
    if act == "link":
        return house.office.act(links.invite, username, **by)
    if act == "second_factor":
        return house.office.act(second_factor.reset, username, **by)
    return house.office.act(identities.link, username, issuer=ISSUER, subject=subject, **by)


def asked(house: House, act: str, username: str = "tv05") -> four_eyes.Waiting:
    answer = ask(house, act, username)
    waits = answer[2] if act == "link" else answer
    assert isinstance(waits, four_eyes.Waiting)
    return waits


def settle(house: House, number: int, by: str = "thuky", *, how: str = "confirm", at: Any = WALL) -> Any:
    verb = account_requests.confirm if how == "confirm" else account_requests.decline
    return house.office.act(verb, number, actor=house.office.actor(by), now=house.now, wall=at)


def redeem(house: House, link: str) -> str:
    return links.redeem(house.database, link, password=NEW, now=house.now, wall=WALL)


def kinds(house: House, start: int) -> list[str]:
    return [
        row[0]
        for row in house.office.rows('SELECT kind FROM ledger_entry WHERE "index" >= :s ORDER BY "index"', s=start)
    ]


def size(house: House) -> int:
    return int(house.office.one("SELECT size FROM ledger_head"))


def stored(house: House) -> list[tuple[Any, ...]]:
    return house.office.rows("SELECT act, asked_by, state, settled_by FROM account_request ORDER BY id")


def letters(house: House) -> list[tuple[str, str]]:
    """(kind, username) of each letter: a key ends with whom it is for."""
    rows = house.office.rows("SELECT topic, key FROM outbox_message WHERE kind = 'letter' ORDER BY id")
    return [(topic, key.rsplit("/", 1)[1]) for topic, key in rows]


# What happens -----------------------------------------------------------------------------------------------------

DONE = {
    "link": "account:invited",
    "second_factor": "account:second_factor_removed",
    "identity": "account:identity_linked",
}


@pytest.mark.parametrize("act", ACTS)
def test_nothing_happens_before_somebody_else_confirms(house: House, act: str) -> None:
    house.enrol("tv05")
    token, start = house.enter("thuky"), size(house)
    watched = ("account", "second_factor", "outside_identity", "web_session")
    before = {name: said for name, said in house.office.digests().items() if name in watched}
    number = asked(house, act).number
    assert {name: said for name, said in house.office.digests().items() if name in watched} == before
    assert kinds(house, start) == ["account_request:asked"]
    assert stored(house) == [(act, "quantri", "asked", None)]
    settle(house, number)
    assert kinds(house, start)[1:] == ["account_request:confirmed", DONE[act]]
    assert stored(house) == [(act, "quantri", "confirmed", "thuky")]
    factor = house.office.one("SELECT count(*) FROM second_factor")
    identities = house.office.rows("SELECT issuer, subject FROM outside_identity")
    assert (factor, identities) == (int(act != "second_factor"), [(ISSUER, "s-1")] if act == "identity" else [])
    assert house.who(token) == "thuky"
    assert house.office.violations() == []


def test_a_link_opens_when_it_is_confirmed_and_says_before_who_must(house: House) -> None:
    link, _, waits = ask(house, "link")
    for look in (
        lambda: house.office.look(links.owner, link, now=house.now, wall=WALL),
        lambda: redeem(house, link),
    ):
        with pytest.raises(Refusal) as refusal:
            look()
        assert refusal.value.code == "link_unconfirmed"
        assert "(chutich), " in refusal.value.message
        assert "(thuky)" in refusal.value.message
    assert house.who(house.enter("tv05")) == "tv05"
    settle(house, waits.number, "chutich")
    assert redeem(house, link) == "tv05"
    assert house.refused("tv05") == "wrong_password"
    assert house.office.violations() == []


def test_a_confirmed_removal_ends_the_sessions_of_the_account(house: House) -> None:
    code = house.enrol("tv05").at(WALL + timedelta(minutes=1))
    token = house.enter("tv05", at=WALL + timedelta(minutes=1), code=code)
    number = asked(house, "second_factor").number
    assert house.who(token) == "tv05"
    settle(house, number)
    assert house.who(token) is None
    assert house.who(house.enter("tv05")) == "tv05"


@pytest.mark.parametrize("act", ACTS)
def test_what_is_declined_never_happens(house: House, act: str) -> None:
    house.enrol("tv05")
    start = size(house)
    answer = ask(house, act)
    number = (answer[2] if act == "link" else answer).number
    settle(house, number, how="decline")
    assert kinds(house, start) == ["account_request:asked", "account_request:refused"]
    assert stored(house) == [(act, "quantri", "refused", "thuky")]
    if act == "link":
        assert refused(lambda: redeem(house, answer[0])) == "link_invalid"
    for how in ("confirm", "decline"):
        assert refused(lambda how=how: settle(house, number, "chutich", how=how)) == "request_settled"  # type: ignore[misc] -- a default binds the loop's value
    assert house.office.violations() == []


def test_a_request_lapses_with_its_link(house: House) -> None:
    number = asked(house, "link").number
    assert refused(lambda: settle(house, number, at=WALL + WEEK)) == "request_lapsed"
    assert house.office.look(four_eyes.waiting, now=house.now, wall=WALL + WEEK) == []
    settle(house, number, at=WALL + WEEK - timedelta(seconds=1))
    assert stored(house) == [("link", "quantri", "confirmed", "thuky")]


def test_who_asks_again_withdraws_what_waited(house: House) -> None:
    (old, _, first), (new, _, second) = ask(house, "link"), ask(house, "link")
    other = asked(house, "identity").number
    assert stored(house) == [
        ("link", "quantri", "withdrawn", "quantri"), ("link", "quantri", "asked", None), ("identity", "quantri", "asked", None),
    ]  # fmt: skip
    assert refused(lambda: settle(house, first.number)) == "request_settled"
    settle(house, second.number)
    settle(house, other)
    assert refused(lambda: redeem(house, old)) == "link_invalid"
    assert redeem(house, new) == "tv05"
    assert house.office.violations() == []


# Who must and who may -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("owner", "other"), [("thuky", "chutich"), ("chutich", "thuky")])
def test_the_owner_does_not_confirm_and_the_other_office_does(house: House, owner: str, other: str) -> None:
    waits = asked(house, "link", owner)
    assert [username for username, _ in waits.others] == [other]
    assert refused(lambda: settle(house, waits.number, owner)) == "four_eyes"
    settle(house, waits.number, other)
    assert stored(house) == [("link", "quantri", "confirmed", other)]


@pytest.mark.parametrize("how", ["confirm", "decline"])
def test_nobody_else_settles_a_request(small_house: House, how: str) -> None:
    house = small_house
    number = asked(house, "link").number
    before = house.office.digests()
    for who in ("quantri", "chuyenvien1", "phochutich", "tv05", "tv04", "thanhtra", "canbo.xa01"):
        assert refused(lambda who=who: settle(house, number, who, how=how)) == "not_your_role"  # type: ignore[misc] -- as above
    for unknown in (0, -1, number + 1, 10**30):
        assert refused(lambda number=unknown: settle(house, number, how=how)) == "unknown_request"  # type: ignore[misc] -- as above
    assert house.office.digests() == before


def test_who_confirms_has_a_password_and_is_not_locked_out(small_house: House) -> None:
    house = small_house
    now = {"actor": house.quantri, "now": house.now}
    give(house, "tv06", Role.SECRETARY)  # has no password
    waits = asked(house, "link")
    assert [username for username, _ in waits.others] == ["chutich", "thuky"]
    assert refused(lambda: settle(house, waits.number, "tv06")) == "four_eyes"
    house.office.act(accounts.disable, "chutich", **now)
    assert [username for username, _ in asked(house, "identity").others] == ["thuky"]


def test_an_administrator_with_a_secretarys_role_written_past_every_verb_confirms_nothing(small_house: House) -> None:
    house = small_house
    house.office.write(
        "INSERT INTO role_grant (account_id, role, document_number, valid_from) "
        "SELECT id, 'secretary', '1', '2024-01-02' FROM account WHERE username = 'quantri'"
    )
    set_password(house, "quantri")
    waits = asked(house, "link")
    assert [username for username, _ in waits.others] == ["chutich", "thuky"]
    assert refused(lambda: settle(house, waits.number, "quantri")) == "not_your_role"


def give(house: House, username: str, role: Role, since: date = date(2024, 1, 2)) -> None:
    house.office.grant(username, role, since=since)


def set_password(house: House, username: str) -> None:
    house.office.act(passwords.set_password, house.office.look(accounts.named, username), HASH, by=username)


def test_an_account_that_decides_nothing_needs_nobody(house: House) -> None:
    set_password(house, "thanhtra")
    start = size(house)
    for username in ("canbo.xa01", "thanhtra"):  # an officer's first link; an inspector's second
        link, _, waits = ask(house, "link", username)
        assert waits is None
        assert redeem(house, link) == username
    assert ask(house, "identity", "thanhtra") is None
    assert kinds(house, start) == [
        "account:invited", "account:password_set", "account:invited", "account:password_set", "account:identity_linked",
    ]  # fmt: skip
    assert stored(house) == []


def test_a_first_link_that_the_administrator_keeps_opens_nothing(house: House) -> None:
    """tv06 has never signed in: whoever keeps their first link would be tv06."""
    link, _, waits = ask(house, "link", "tv06")
    assert refused(lambda: redeem(house, link)) == "link_unconfirmed"
    assert asked(house, "identity", "tv06").username == "tv06"
    settle(house, waits.number)
    assert redeem(house, link) == "tv06"


def test_a_role_that_begins_later_counts(small_house: House) -> None:
    set_password(small_house, "thanhtra")
    give(small_house, "thanhtra", Role.CHAIRMAN, since=date(2024, 12, 1))
    assert asked(small_house, "link", "thanhtra").username == "thanhtra"


def test_a_seat_counts_without_its_role(small_house: House) -> None:
    """Ending the role alone would leave the seat, and the seat votes."""
    house = small_house
    by = {"actor": house.quantri, "now": house.now}
    house.office.act(roles.end, "tv05", "council_member", on=date(2024, 11, 1), **by)
    assert not house.office.tv05.holds(Role.COUNCIL_MEMBER)
    assert asked(house, "link").username == "tv05"


def test_who_signs_in_by_an_identity_alone_is_somebody_already(small_house: House) -> None:
    small_house.confirm(ask(small_house, "identity", "tv06"))
    assert asked(small_house, "link", "tv06").username == "tv06"


def test_taking_the_identity_away_makes_nobody_new(small_house: House) -> None:
    """Else an administrator would unlink the chairman's identity and hand out a first link."""
    house = small_house
    house.confirm(ask(house, "identity", "tv06"))
    house.office.act(identities.unlink, "tv06", actor=house.quantri, now=house.now)
    assert ("account_changed", "tv06") in letters(house)
    for act in ACTS[::2]:
        assert asked(house, act, "tv06").username == "tv06"


def test_a_role_and_a_seat_ended_today_still_count(small_house: House) -> None:
    """Else they would be ended, the link opened, and given back."""
    house, today = small_house, date(2024, 11, 1)
    by = {"actor": house.quantri, "now": house.now}
    set_password(house, "tv06")
    house.office.act(roles.end, "tv06", "council_member", on=today, **by)
    house.office.act(council.dismiss, council_code="HD-2024", username="tv06", until=today, actor=house.quantri)
    assert asked(house, "link", "tv06").username == "tv06"


def test_who_is_called_to_a_session_that_is_not_over_counts(small_house: House) -> None:
    """The session's own list votes, whoever left the council since."""
    house, office = small_house, small_house.office
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session()
    set_password(house, "tv06")
    office.write(
        "UPDATE role_grant SET valid_to = '2024-01-02' WHERE account_id = (SELECT id FROM account WHERE username = 'tv06')"
    )
    office.write(
        "UPDATE council_member SET valid_to = '2024-01-02' WHERE account_id = (SELECT id FROM account WHERE username = 'tv06')"
    )
    assert asked(house, "link", "tv06").username == "tv06"
    office.act(convening.cancel, session, reason="vì lý do của bài thử", actor=office.thuky, now=office.now)
    assert ask(house, "link", "tv06")[2] is None


def test_a_link_from_before_the_role_opens_no_more(small_house: House) -> None:
    """Else a link kept back until its owner becomes a member would open their account."""
    house = small_house
    set_password(house, "thanhtra")
    link, _, waits = ask(house, "link", "thanhtra")
    assert waits is None
    give(house, "thanhtra", Role.COUNCIL_MEMBER)
    assert refused(lambda: redeem(house, link)) == "link_unconfirmed"


@pytest.mark.parametrize("act", ACTS)
def test_where_nobody_can_confirm_the_administrator_goes_on_and_everybody_is_told(house: House, act: str) -> None:
    house.enrol("chutich")
    hidden = house.office.one("SELECT password_hash FROM account WHERE username = 'thuky'")
    house.office.write("UPDATE account SET password_hash = NULL WHERE username = 'thuky'")
    start = size(house)
    house.office.settle_outbox()
    done = len(letters(house))
    answer = ask(house, act, "chutich")
    assert (answer[2] if act == "link" else answer) is None
    assert kinds(house, start) == ["account_request:done_alone", DONE[act]]
    assert stored(house) == [(act, "quantri", "alone", None)]
    if act == "link":
        assert redeem(house, answer[0]) == "chutich"
    told = [("account_changed", who) for who in ("chutich", "thanhtra", "thuky")]
    assert letters(house)[done : done + 3] == told
    contexts = house.office.rows("SELECT context FROM outbox_message ORDER BY id")[done : done + 3]
    assert {"đã làm một mình" in json.loads(row[0])["what"] for row in contexts} == {True}
    house.office.write("UPDATE account SET password_hash = :p WHERE username = 'thuky'", p=hidden)
    assert house.office.violations() == []


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("how", ["locked", "ended", "ended long ago", "past", "future"])
def test_who_locks_out_everybody_else_still_waits(small_house: House, act: str, how: str) -> None:
    house, office = small_house, small_house.office
    house.enrol("tv05")
    by = {"actor": house.quantri, "now": house.now}
    if how == "locked":
        for username in ("thuky", "chutich"):
            office.act(accounts.disable, username, **by)
    elif how in {"ended", "ended long ago"}:
        day = date(2024, 11, 1) if how == "ended" else date(2024, 1, 2)
        for username, role in (("thuky", "secretary"), ("chutich", "chairman")):
            office.act(roles.end, username, role, on=day, **by)
    else:  # the business clock is the administrator's to set
        house.now += timedelta(days=-700 if how == "past" else 7000)
    waits = asked(house, act)
    assert (waits.others == ()) == (how != "future")
    assert stored(house) == [(act, "quantri", "asked", None)]
    assert "chưa ai xác nhận được" in waits.who or how == "future"


# Who learns of it -------------------------------------------------------------------------------------------------


def test_the_owner_and_who_may_confirm_get_a_letter_and_an_item(house: House) -> None:
    done = len(letters(house))
    _, _, waits = house.office.act(links.invite, "tv05", actor=house.quantri, now=house.now)
    number = waits.number
    assert letters(house)[done:] == [
        ("account_asked", "tv05"),
        ("account_asked", "thanhtra"),
        ("account_request", "chutich"),
        ("account_request", "thuky"),
    ]
    items = {
        username: [item.link for item in house.office.look(inbox.of, house.office.actor(username), now=house.now)[0]]
        for username in ("thuky", "chutich", "tv05", "quantri", "phochutich")
    }
    here = [("administration", "requests", str(number))]
    assert items == {"thuky": here, "chutich": here, "tv05": [], "quantri": [], "phochutich": []}
    settle(house, number, at=None)
    assert letters(house)[done + 4 :] == [("account_changed", who) for who in ("tv05", "chutich", "thanhtra", "thuky")]
    what = json.loads(house.office.rows("SELECT context FROM outbox_message ORDER BY id DESC")[0][0])["what"]
    assert "(thuky)" in what
    assert house.office.look(inbox.of, house.office.thuky, now=house.now)[0] == []
