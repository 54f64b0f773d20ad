"""Who administers the office as data: what each verb writes and refuses, and that four duties stay with four people."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from operations import access, rights, rounds
from operations.chairman_signature import signature, to_sign
from operations.council_vote import convening, vote
from operations.home_affairs_review import review
from operations.people import accounts, authorisations, identities, links, roles, units
from rules.lifecycle import Action, Role, State
from rules.refusal import Refusal, Unreadable

SINCE = date(2024, 6, 1)
REASON = "vì lý do của bài thử"
PEOPLE = ("thuky", "chuyenvien1", "thanhtra", "chutich", "phochutich", "tv04", "tv05", "canbo.xa01", "truong.xa01")

Verb = Callable[..., Any]
# Each administrator's verb with words that are in order.
VERBS: dict[str, tuple[Verb, dict[str, Any]]] = {
    "add_unit": (units.add, {"code": "TH98", "name": "Trường Mẫu", "level": "district", "email": None, "valid_from": SINCE}),
    "end_unit": (units.end, {"code": "XA12", "on": date(2025, 1, 1), "successor": "XA11"}),
    "add_account": (accounts.add, {"username": "moi", "name": "Lò Thị Mới", "email": "moi@nammau.example"}),
    "invite": (links.invite, {"username": "tv06", "now": "now"}),
    "disable": (accounts.disable, {"username": "tv06", "now": "now"}),
    "link_identity": (identities.link, {"username": "tv06", "issuer": "https://sso.example", "subject": "1", "now": "now"}),
    "grant": (roles.grant, {"username": "tv06", "role": "inspector", "document": "5/QĐ", "valid_from": SINCE, "now": "now"}),
    "end_grant": (roles.end, {"username": "tv06", "role": "council_member", "on": SINCE, "now": "now"}),
}  # fmt: skip


def run(office: Any, verb_name: str, /, by: str = "quantri", **other: Any) -> Any:
    verb, words = VERBS[verb_name]
    given = {key: office.now if value == "now" else value for key, value in words.items()} | other
    return office.act(verb, actor=office.actor(by), **given)


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises((Refusal, Unreadable)) as refusal:
        act()
    return refusal.value.code


def last_entry(office: Any) -> tuple[Any, ...]:
    """The newest entry, an account's code in it written as its username."""
    kind, subject = office.rows('SELECT kind, subject FROM ledger_entry ORDER BY "index" DESC LIMIT 1')[0]
    names = dict(office.rows("SELECT code, username FROM account"))
    assert not any(name in subject.split("/") for name in names.values())
    return kind, "/".join(names.get(part, part) for part in subject.split("/"))


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("add_unit", ("unit:registered", "TH98")),
        ("end_unit", ("unit:ended", "XA12")),
        ("add_account", ("account:created", "moi")),
        ("invite", ("account:invited", "tv06")),
        ("disable", ("account:disabled", "tv06")),
        ("link_identity", ("account:identity_linked", "tv06")),
        ("grant", ("role:granted", "tv06/inspector//2024-06-01")),
        ("end_grant", ("role:ended", "tv06/council_member//2024-01-01")),
    ],
)
def test_each_verb_stands_in_the_ledger_with_who_did_it(office: Any, name: str, entry: tuple[str, str]) -> None:
    run(office, name)
    assert last_entry(office) == entry
    opened = office.one('SELECT openings FROM ledger_opening ORDER BY "index" DESC LIMIT 1')
    assert '"quantri"' in opened
    assert office.violations() == []


@pytest.mark.parametrize("name", sorted(VERBS))
def test_each_verb_is_the_administrators_alone(small_office: Any, name: str) -> None:
    before = small_office.digests()
    assert {refused(lambda who=who: run(small_office, name, by=who)) for who in PEOPLE} == {"not_your_role"}  # type: ignore[misc] -- a default binds the loop's value
    assert small_office.digests() == before


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("add_unit", {"code": "xa-thường"}, "bad_code"),
        ("add_unit", {"code": "A" * 16}, "bad_code"),
        ("add_unit", {"level": "huyện"}, "bad_level"),
        ("add_unit", {"name": "  "}, "missing_value"),
        ("add_unit", {"name": "x" * 201}, "too_long"),
        ("add_unit", {"name": "a\x07b"}, "control_characters"),
        ("add_unit", {"email": "không phải"}, "bad_email"),
        ("add_unit", {"code": "XA01"}, "already_exists"),
        ("add_unit", {"is_office": True}, "office_exists"),
        ("end_unit", {"code": "XA99"}, "unknown_unit"),
        ("end_unit", {"on": date(2024, 1, 1)}, "bad_date"),
        ("end_unit", {"successor": "XA12"}, "bad_successor"),
        ("add_account", {"username": "Có Dấu"}, "bad_username"),
        ("add_account", {"username": "a" * 31}, "bad_username"),
        ("add_account", {"username": "engine"}, "bad_username"),  # would pass for the system's own acts
        ("add_account", {"username": "he-thong"}, "bad_username"),
        ("add_account", {"username": "citizen"}, "bad_username"),
        ("add_account", {"username": "thuky"}, "already_exists"),
        ("add_account", {"name": ""}, "missing_value"),
        ("add_account", {"email": "a@b@c.d"}, "bad_email"),
        ("add_account", {"email": "a@b.c\nBcc: x@y.z"}, "bad_email"),
        ("invite", {"username": "khongco"}, "unknown_account"),
        ("disable", {"username": "quantri"}, "last_administrator"),
        ("disable", {"username": "khongco"}, "unknown_account"),
        ("grant", {"role": "vua"}, "bad_role"),
        ("grant", {"role": "engine"}, "bad_role"),
        ("grant", {"role": "unit_officer"}, "unit_needed"),
        ("grant", {"unit": "XA01"}, "unit_needed"),
        ("grant", {"role": "unit_officer", "unit": "XA99"}, "unknown_unit"),
        ("grant", {"document": " "}, "document_required"),
        ("grant", {"document": "x" * 81}, "too_long"),
        ("grant", {"role": "council_member"}, "already_granted"),
        ("grant", {"role": "administrator"}, "separation_of_duties"),
        ("grant", {"username": "khongco"}, "unknown_account"),
        ("end_grant", {"role": "chairman"}, "no_such_grant"),
        ("end_grant", {"on": date(2024, 1, 1)}, "bad_date"),
        ("end_grant", {"username": "quantri", "role": "administrator"}, "last_administrator"),
    ],
)
def test_what_is_not_in_order_changes_nothing(small_office: Any, name: str, words: dict[str, Any], code: str) -> None:
    before = small_office.digests()
    assert refused(lambda: run(small_office, name, **words)) == code
    assert small_office.digests() == before


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ENGINE}))
def test_an_administrator_gets_no_role_from_anybody(small_office: Any, role: Role) -> None:
    """Not from oneself, and not from a second administrator."""
    office = small_office
    run(office, "add_account", username="quantri2")
    unit = {"unit": "XA01"} if role in (Role.UNIT_OFFICER, Role.UNIT_HEAD) else {}
    assert refused(lambda: run(office, "grant", username="quantri", role=role.value, **unit)) == "separation_of_duties"
    run(office, "grant", username="quantri2", role="administrator")
    again = {"username": "quantri", "role": role.value, "by": "quantri2", **unit}
    expected = "already_granted" if role is Role.ADMINISTRATOR else "separation_of_duties"
    assert refused(lambda: run(office, "grant", **again)) == expected
    assert office.quantri.roles == {Role.ADMINISTRATOR}


def test_roles_written_past_every_verb_still_do_nothing(office: Any) -> None:
    """Who has the database's password gives the administrator a seat, a pen and a unit: none of them works."""
    quantri = office.one("SELECT id FROM account WHERE username = 'quantri'")
    for role in ("chairman", "reviewer", "teller", "secretary", "council_member"):
        office.write(
            "INSERT INTO role_grant (account_id, role, valid_from) VALUES (:id, :role, '2024-01-01')",
            id=quantri,
            role=role,
        )
    assert office.quantri.roles == {Role.ADMINISTRATOR}
    office.write(
        "INSERT INTO council_member (council_id, account_id, title, body, chairs, teller, valid_from)"
        " SELECT council_id, :id, 'Ủy viên', body, chairs, teller, valid_from FROM council_member WHERE title = 'Ủy viên' LIMIT 1",
        id=quantri,
    )
    round_ = office.open_round()
    (waiting,) = round_.to(State.RECOMMENDED)
    round_.to(State.ELIGIBLE)
    session = round_.session()
    verbs: list[Callable[[Any], Any]] = [
        lambda s: signature.sign(s, [waiting], actor=office.quantri, now=office.now),
        lambda s: signature.refuse(s, [waiting], reason=REASON, actor=office.quantri, now=office.now),
        lambda s: review.pass_review(s, [waiting], actor=office.quantri, now=office.now),
        lambda s: convening.attend(s, session, ["tv05"], actor=office.quantri),
        lambda s: rounds.open_round(s, kind="DOT_XUAT", year=2024, title="t", actor=office.quantri, now=office.now),
    ]
    assert {refused(lambda verb=verb: office.act(verb)) for verb in verbs} == {"not_your_role"}  # type: ignore[misc] -- as above
    assert refused(lambda: office.act(vote.cast, session, choices={}, actor=office.quantri)) == "separation_of_duties"


def test_a_role_that_ended_is_gone_the_same_day(office: Any) -> None:
    run(office, "end_grant", on=date(2024, 11, 1))
    assert not office.tv06.holds(Role.COUNCIL_MEMBER)
    with office.database.read() as session:
        assert access.actor(session, "tv06", now=office.now - timedelta(days=1)).holds(Role.COUNCIL_MEMBER)
    run(office, "grant", role="council_member", valid_from=date(2024, 11, 1))
    assert office.tv06.holds(Role.COUNCIL_MEMBER)
    assert office.violations() == []


def test_a_second_administrator_lets_the_first_one_go(small_office: Any) -> None:
    office = small_office
    run(office, "add_account", username="quantri2")
    run(office, "grant", username="quantri2", role="administrator")
    run(office, "disable", username="quantri", by="quantri2")
    assert refused(lambda: office.quantri) == "account_disabled"
    assert refused(lambda: run(office, "disable", username="quantri2", by="quantri2")) == "last_administrator"


def test_the_lists_show_what_was_set_up(small_office: Any) -> None:
    office = small_office
    run(office, "add_account")
    run(office, "grant", username="moi", role="unit_officer", unit="XA02")
    listed = {row["username"]: row for row in office.look(accounts.listing, now=office.now)}
    assert listed["moi"] == {
        "username": "moi",
        "name": "Lò Thị Mới",
        "email": "moi@nammau.example",
        "roles": ["unit_officer@XA02"],
        "password": False,
        "disabled": None,
    }
    run(office, "end_unit")
    (ended,) = [row for row in office.look(units.listing) if row["to"]]
    assert (ended["code"], ended["to"]) == ("XA12", date(2025, 1, 1))


# Authorisations ---------------------------------------------------------------------------------------------------


def authorise(office: Any, by: str = "chutich", **other: Any) -> Any:
    words = {
        "deputy": "phochutich", "document": "9/UQ-UBND", "scope": "BK_TINH", "valid_from": date(2024, 11, 1),
        "valid_to": date(2024, 11, 30),
    } | other  # fmt: skip
    return office.act(authorisations.authorise, actor=office.actor(by), now=office.now, **words)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"by": "quantri"}, "not_your_role"),
        ({"by": "phochutich"}, "not_your_role"),
        ({"by": "thuky"}, "not_your_role"),
        ({"principal": "phochutich"}, "not_your_role"),
        ({"deputy": "tv05"}, "not_a_deputy"),
        ({"deputy": "chutich"}, "not_a_deputy"),
        ({"deputy": "khongco"}, "unknown_account"),
        ({"document": ""}, "document_required"),
        ({"scope": "LA"}, "unknown_award"),
        ({"scope": ""}, "unknown_award"),
        ({"scope": "all,LDTT"}, "unknown_award"),
        ({"valid_to": date(2024, 10, 31)}, "bad_date"),
        ({"valid_from": date(9999, 12, 31), "valid_to": date(9999, 12, 31)}, "bad_date"),  # has no next day
    ],
)
def test_only_the_chairman_lets_a_deputy_sign(small_office: Any, words: dict[str, Any], code: str) -> None:
    before = small_office.digests()
    assert refused(lambda: authorise(small_office, **words)) == code
    assert small_office.digests() == before


def test_what_a_deputy_does_says_by_which_paper(office: Any) -> None:
    round_ = office.open_round()
    back, no, yes = round_.to(State.RECOMMENDED, 3, award="BK_TINH")
    deputy = office.phochutich
    given = {"reason": REASON, "actor": deputy, "now": office.now}
    assert (
        refused(lambda: office.act(signature.send_back, [back], **given)) == "no_authorisation"
    )  # LDTT, GK_HUYEN only
    row = authorise(office)
    office.act(signature.send_back, [back], **given)
    office.act(signature.refuse, [no], **given)
    signed = office.act(signature.sign, [yes], actor=deputy, now=office.now)
    query = (
        'SELECT e.subject, o.openings FROM ledger_entry e JOIN ledger_opening o ON o."index" = e."index"'
        ' ORDER BY e."index"'
    )
    opened = dict(office.rows(query))  # the newest of each
    for code in (back, no):
        assert f'["phochutich",{row.id}]' in opened[code]
    assert f'"phochutich",{row.id}]' in opened[signed.letters[0]]
    assert office.violations() == []


def test_an_authorisation_that_was_ended_signs_no_more(office: Any) -> None:
    office.act(authorisations.end, "02/UQ-UBND (mẫu)", actor=office.chutich, now=office.now)
    assert office.one("SELECT valid_to FROM authorisation") in ("2024-10-31", date(2024, 10, 31))
    (code,) = office.open_round().to(State.RECOMMENDED)
    sign = lambda: office.act(signature.sign, [code], actor=office.phochutich, now=office.now)  # noqa: E731 -- one line
    assert refused(sign) == "no_authorisation"
    again = {"actor": office.chutich, "now": office.now}
    assert refused(lambda: office.act(authorisations.end, "02/UQ-UBND (mẫu)", **again)) == "unknown_authorisation"
    assert refused(lambda: office.act(authorisations.end, "?", **again)) == "unknown_authorisation"
    assert office.violations() == []


@pytest.mark.parametrize("who", ["quantri", "thuky", "phochutich"])
def test_nobody_else_ends_an_authorisation(small_office: Any, who: str) -> None:
    given = {"actor": small_office.actor(who), "now": small_office.now}
    assert refused(lambda: small_office.act(authorisations.end, "02/UQ-UBND (mẫu)", **given)) == "not_your_role"


@pytest.mark.parametrize("how", ["role ended", "role not begun", "account disabled"])
def test_nobody_signs_in_the_place_of_who_is_chairman_no_more(office: Any, how: str) -> None:
    """The authorisation's own days run on; it counts only while who gave it could sign."""
    (code,) = office.open_round().to(State.RECOMMENDED)
    give(office, "tv05", Role.CHAIRMAN)
    assert office.phochutich.acting_for == "chutich"
    if how == "account disabled":
        office.act(accounts.disable, "chutich", actor=office.quantri, now=office.now)
    else:
        bound = "valid_to" if how == "role ended" else "valid_from"
        day = access.local_date(office.now) + timedelta(days=0 if how == "role ended" else 1)
        office.write(f"UPDATE role_grant SET {bound} = :day WHERE role = 'chairman' AND account_id ="
                     " (SELECT id FROM account WHERE username = 'chutich')", day=day)  # fmt: skip
    deputy, before = office.phochutich, office.digests()
    assert deputy.acting_for is None
    assert refused(lambda: office.act(signature.sign, [code], actor=deputy, now=office.now)) == "no_authorisation"
    given = {"reason": REASON, "actor": deputy, "now": office.now}
    assert refused(lambda: office.act(signature.refuse, [code], **given)) == "no_authorisation"
    assert office.look(to_sign.piles, deputy, now=office.now) == []
    assert office.look(to_sign.mandates, deputy, now=office.now) == []
    assert office.look(rights.signs_for, deputy, now=office.now) == set()
    assert office.digests() == before


def test_another_acting_chairman_ends_what_a_former_one_gave(office: Any) -> None:
    give(office, "tv05", Role.CHAIRMAN)
    office.act(accounts.disable, "chutich", actor=office.quantri, now=office.now)
    office.act(authorisations.end, "02/UQ-UBND (mẫu)", actor=office.tv05, now=office.now)
    assert str(office.one("SELECT valid_to FROM authorisation")) == "2024-10-31"
    assert office.violations() == []


# Four duties, four people -----------------------------------------------------------------------------------------


def give(office: Any, username: str, *roles: Role) -> None:
    office.grant(username, *roles, since=date(2024, 1, 2))


@pytest.mark.parametrize("action", [Action.SIGN, Action.SEND_BACK, Action.REFUSE])
def test_who_counted_a_nomination_does_not_sign_it(office: Any, action: Action) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.RECOMMENDED)
    give(office, "tv04", Role.CHAIRMAN)
    give(office, "tv05", Role.CHAIRMAN)  # voted, did not count
    verbs: dict[Action, Callable[[Any], Any]] = {
        Action.SIGN: lambda who: office.act(signature.sign, [code], actor=who, now=office.now).results,
        Action.SEND_BACK: lambda who: office.act(signature.send_back, [code], reason=REASON, actor=who, now=office.now),
        Action.REFUSE: lambda who: office.act(signature.refuse, [code], reason=REASON, actor=who, now=office.now),
    }
    before = office.digests()
    (result,) = verbs[action](office.tv04)
    assert result.refusal.code == "separation_of_duties"
    assert office.digests() == before
    (result,) = verbs[action](office.tv05)
    assert result.refusal is None


def test_who_counted_a_nomination_does_not_review_it_again(office: Any) -> None:
    (code,) = office.open_round().to(State.RECOMMENDED)
    office.act(signature.send_back, [code], reason=REASON, actor=office.chutich, now=office.now)
    give(office, "tv04", Role.REVIEWER)
    for verb, words in (
        (review.pass_review, {}),
        (review.return_for_supplement, {"reason": REASON}),
        (review.find_ineligible, {"reason": REASON}),
    ):
        (result,) = office.act(verb, [code], actor=office.tv04, now=office.now, **words)
        assert result.refusal.code == "separation_of_duties"
    (result,) = office.act(review.pass_review, [code], actor=office.chuyenvien2, now=office.now)
    assert result.refusal is None


@pytest.mark.parametrize("did", ["proposed_by", "reviewed_by"])
def test_a_ballot_is_not_opened_by_a_teller_who_had_a_part_in_a_nomination(office: Any, did: str) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.session()
    office.write(f"UPDATE nomination SET {did} = 'tv10' WHERE code = :code", code=code)
    with pytest.raises(Refusal) as refusal:
        office.act(vote.prospect, session, actor=office.thuky)
    assert refusal.value.code == "separation_of_duties"
    assert "tv10" in refusal.value.message
    assert code in refusal.value.message
