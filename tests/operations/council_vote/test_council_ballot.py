"""The ballot: roll and box apart, nobody votes twice or for what they stood aside from, the count is the law's."""

import math
import random
from base64 import urlsafe_b64decode
from collections import Counter
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import models
from ledger import sealing
from operations.access import Actor
from operations.chairman_signature import signature
from operations.council_vote import convening, counting, recusals, vote
from operations.people import accounts
from rules import regulation
from rules.lifecycle import Role, State
from rules.refusal import Refusal

MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))
METADATA = models.SQLModel.metadata.tables


def refusal(act: Any, *given: Any, **words: Any) -> tuple[str, bool]:
    with pytest.raises(Refusal) as refused:
        act(*given, **words)
    return refused.value.code, refused.value.reach


def opened(office: Any, count: int = 1, **words: Any) -> tuple[Any, str, list[str]]:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, count)
    return round_, round_.ballot(**words), codes


def cast(office: Any, session: str, username: str, **choices: str) -> Any:
    return office.act(vote.cast, session, choices=choices, actor=office.actor(username))


def box(office: Any) -> list[bytes]:
    """The envelopes, in the order in which the engine reads them."""
    return [bytes(row[0]) for row in office.rows("SELECT envelope FROM ballot_box")]


def close(office: Any, session: str, by: str = "thuky") -> Any:
    return office.act(vote.close_ballot, session, actor=office.actor(by), now=office.now)


def tally(office: Any, session: str, shares: Any = (), by: str = "tv04") -> Any:
    return office.act(counting.tally_ballot, session, shares=shares, actor=office.actor(by), now=office.now)


# Secrecy -------------------------------------------------------------------------------------------------------------


def test_roll_and_box_share_nothing_but_the_session() -> None:
    roll, box = (set(METADATA[name].columns.keys()) for name in ("ballot_roll", "ballot_box"))
    assert (roll, box) == ({"session_id", "username"}, {"session_id", "envelope"})


def test_every_cast_writes_the_whole_box_anew_in_the_order_of_its_random_bytes(office: Any) -> None:
    """What the engine stores is a function of what is inside, not of who came when."""
    _, session, codes = opened(office, 4)
    inside: set[bytes] = set()
    for number, member in enumerate(MEMBERS, start=1):
        cast(office, session, member, **dict.fromkeys(codes, vote.CHOICES[number % 3]))
        found = box(office)
        assert (found, len(found), inside < set(found)) == (sorted(found), number, True)
        assert {len(envelope) for envelope in found} == {48 + len(codes)}
        inside = set(found)


def test_the_receipt_is_of_the_envelope_and_in_no_table_until_the_closing(office: Any) -> None:
    _, session, (code,) = opened(office)
    answer = cast(office, session, "tv05", **{code: "disapprove"})
    key = office.one("SELECT public_key FROM ballot")
    assert answer == {
        "receipt": sealing.receipt(box(office)[0]),
        "key": sealing.fingerprint(urlsafe_b64decode(f"{key}=")),
    }
    assert office.rows("SELECT kind, subject FROM ledger_entry WHERE kind = 'roll:signed'") == [
        ("roll:signed", f"{session}/TV05")
    ]
    assert [name for name, text in everything(office) if answer["receipt"] in text or "disapprove" in text] == []
    for member in MEMBERS[:8]:
        if member != "tv05":
            cast(office, session, member, **{code: "approve"})
    close(office, session)
    assert [name for name, text in everything(office) if answer["receipt"] in text] == ["ballot_receipt"]


def everything(office: Any) -> list[tuple[str, str]]:
    """(table, all that stands in it as text)."""
    return [(name, repr(office.rows(f'SELECT * FROM "{name}"'))) for name in sorted(METADATA)]


@given(
    st.lists(st.dictionaries(st.sampled_from("abcde"), st.sampled_from(vote.CHOICES)), max_size=12),
)
def test_dealing_keeps_every_column_and_invents_nothing(ballots: list[dict[str, str]]) -> None:
    dealt = counting.deal(ballots, list("abcde"))
    assert len(dealt) == len(ballots)
    for code in "abcde":
        assert Counter(hand.get(code) for hand in dealt) == Counter(ballot.get(code) for ballot in ballots)


def test_dealing_parts_what_one_member_wrote() -> None:
    """Eleven ballots each with its own pattern: the dealt rows are not them (by chance once in 10^60)."""
    codes = [f"c{n}" for n in range(11)]
    ballots = [{code: "approve" if code == mine else "disapprove" for code in codes} for mine in codes]
    assert sorted(map(str, counting.deal(ballots, codes))) != sorted(map(str, ballots))


def test_ballots_are_published_whole_and_dealt_only_where_a_gap_would_name_somebody() -> None:
    codes = [f"c{n}" for n in range(11)]
    ballots = [{code: "approve" if code == mine else "disapprove" for code in codes} for mine in codes]
    whole = counting.published(ballots, codes)
    assert sorted(map(str, whole)) == sorted(map(str, ballots))
    assert whole != ballots  # by chance once in 4 · 10^7
    gap = [{code: choice for code, choice in ballots[0].items() if code != "c5"}, *ballots[1:]]
    dealt = counting.published(gap, codes)
    assert sorted(map(str, dealt)) != sorted(map(str, gap))
    for code in codes:
        assert Counter(hand.get(code) for hand in dealt) == Counter(ballot.get(code) for ballot in gap)


# Who may -------------------------------------------------------------------------------------------------------------


def test_what_is_no_vote_is_refused_and_leaves_no_trace(office: Any) -> None:
    round_, session, (code, other) = opened(office, 2)
    (elsewhere,) = round_.to(State.DRAFT)
    cast(office, session, "tv03", **{code: "approve"})
    clean = office.digests()
    answers = {
        "nobody": refusal(cast, office, session, "chuyenvien1", **{code: "approve"}),
        "twice": refusal(cast, office, session, "tv03", **{other: "approve"}),
        "not on the agenda": refusal(cast, office, session, "tv04", **{elsewhere: "approve"}),
        "no choice": refusal(cast, office, session, "tv04", **{code: "maybe"}),
        "no session": refusal(cast, office, "PH-2024-99", "tv04", **{code: "approve"}),
        "opened twice": refusal(office.act, vote.open_ballot, session, actor=office.thuky, now=office.now),
        "looked at again": refusal(office.look, vote.prospect, session, actor=office.thuky),
        "counted early": refusal(tally, office, session, office.shares(session)),
        "signed as for paper": refusal(office.act, vote.sign_roll, session, ["tv04"], actor=office.thuky),
        "counted as paper": refusal(
            office.act, counting.enter_count, session, counts={}, actor=office.tv04, now=office.now
        ),
        "annulled without a reason": refusal(
            office.act, vote.annul_ballot, session, reason=" ", actor=office.thuky, now=office.now
        ),
        "annulled by a teller": refusal(
            office.act, vote.annul_ballot, session, reason="x", actor=office.tv04, now=office.now
        ),
        "late attendance": refusal(office.act, convening.attend, session, ["tv03"], actor=office.thuky),
        "late recusal": refusal(
            office.act, recusals.recuse, session, member="tv04", nomination=code, ground="em", actor=office.thuky,
            now=office.now,
        ),
        "opened by a reviewer": refusal(office.act, vote.open_ballot, session, actor=office.chuyenvien1, now=office.now),
        "closed by a member": refusal(office.act, vote.close_ballot, session, actor=office.tv03, now=office.now),
        "counted by a reviewer": refusal(tally, office, session, office.shares(session), by="chuyenvien1"),
    }  # fmt: skip
    assert answers == {
        "nobody": ("not_a_member", True),
        "twice": ("already_voted", False),
        "not on the agenda": ("not_on_agenda", False),
        "no choice": ("unknown_choice", False),
        "no session": ("unknown_session", False),
        "opened twice": ("ballot_closed", False),
        "looked at again": ("ballot_closed", False),
        "counted early": ("ballot_open", False),
        "signed as for paper": ("not_paper", False),
        "counted as paper": ("ballot_open", False),
        "annulled without a reason": ("reason_required", False),
        "annulled by a teller": ("not_your_role", True),
        "late attendance": ("ballot_opened", False),
        "late recusal": ("ballot_opened", False),
        "opened by a reviewer": ("not_your_role", True),
        "closed by a member": ("not_your_role", True),
        "counted by a reviewer": ("not_your_role", True),
    }
    assert office.digests() == clean


def test_a_ballot_before_and_after_is_refused(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.session()
    assert refusal(cast, office, session, "tv03", **{code: "approve"}) == ("ballot_closed", False)
    office.open_ballot(session)
    round_.vote("approve", session=session, voters=MEMBERS[:10])
    assert refusal(cast, office, session, "tv11", **{code: "approve"}) == ("ballot_closed", False)
    assert refusal(tally, office, session, office.shares(session)) == ("already_tallied", False)
    assert refusal(office.act, vote.annul_ballot, session, reason="x", actor=office.thuky, now=office.now) == (
        "ballot_not_open",
        False,
    )


def test_an_account_called_like_a_seat_has_no_seat(small_office: Any) -> None:
    office = small_office
    _, session, (code,) = opened(office)
    office.act(accounts.add, username="nguoila", name="Người lạ", email=None, actor=office.quantri)
    office.write("UPDATE account SET username = 'TV05' WHERE username = 'nguoila'")
    assert refusal(cast, office, session, "TV05", **{code: "approve"}) == ("not_a_member", True)


def test_who_stood_aside_has_no_say_there_and_leaves_the_base(office: Any) -> None:
    round_ = office.open_round()
    first, second = round_.to(State.ELIGIBLE, 2)
    session = round_.session()
    recuse = {"member": "tv05", "nomination": first, "ground": "con gái", "now": office.now}
    assert refusal(office.act, recusals.recuse, session, actor=office.tv06, **recuse) == ("not_your_role", True)
    office.act(recusals.recuse, session, actor=office.tv05, **recuse)
    office.act(recusals.recuse, session, actor=office.thuky, **recuse)  # entered again: once is enough
    assert office.one("SELECT count(*) FROM recusal") == 1
    office.open_ballot(session)
    assert refusal(cast, office, session, "tv05", **{first: "approve"}) == ("recused", False)
    cast(office, session, "tv05", **{second: "approve"})
    for member in [member for member in MEMBERS if member != "tv05"][:7]:
        cast(office, session, member, **{first: "approve", second: "approve"})
    for member in [member for member in MEMBERS if member != "tv05"][7:]:
        cast(office, session, member)  # every line left out: abstentions
    counted = round_.vote("approve", session=session, voters=())
    assert [
        (one["code"], one["approve"], one["abstain"], one["base"], one["needed"], one["outcome"])
        for one in counted["results"]
    ] == [(first, 7, 3, 10, 7, "recommended"), (second, 8, 3, 11, 8, "recommended")]
    assert office.violations() == []


def test_the_quorum_is_asked_for_at_opening_and_at_closing(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.session(MEMBERS[:7])  # 8 of 11 are two thirds
    clean = office.digests()
    assert refusal(office.act, vote.open_ballot, session, actor=office.thuky, now=office.now) == ("not_quorate", False)
    assert office.digests() == clean
    office.act(convening.attend, session, ["TV08"], actor=office.thuky)
    office.open_ballot(session)
    for member in MEMBERS[:7]:
        cast(office, session, member, **{code: "approve"})
    assert refusal(office.act, vote.close_ballot, session, actor=office.thuky, now=office.now) == (
        "not_quorate",
        False,
    )
    cast(office, session, MEMBERS[7], **{code: "approve"})
    assert office.act(vote.close_ballot, session, actor=office.thuky, now=office.now) == {"roll": 8, "envelopes": 8}


def test_an_absent_member_writes_where_the_regulation_takes_it(office: Any) -> None:
    _, session, (code,) = opened(office, present=MEMBERS[:9])
    cast(office, session, "tv11", **{code: "approve"})
    assert office.rows("SELECT username FROM ballot_roll") == [("tv11",)]


def test_an_absent_member_counts_against_where_it_does_not(office: Any) -> None:
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace(
        'absent = "written_opinion"', 'absent = "counts_against"'
    )
    round_ = office.open_round(regulation_text=text)
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot(MEMBERS[:8])
    assert refusal(cast, office, session, "tv11", **{code: "approve"}) == ("not_attending", False)
    counted = round_.vote("approve", session=session, voters=MEMBERS[:8])
    (result,) = counted["results"]
    assert (result["approve"], result["base"], result["needed"], result["outcome"]) == (8, 11, 8, "recommended")


def test_an_empty_agenda_opens_no_ballot(office: Any) -> None:
    round_ = office.open_round()
    session = round_.session()
    assert refusal(office.act, vote.open_ballot, session, actor=office.thuky, now=office.now) == ("empty_agenda", False)


# The count -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_count_is_what_counting_by_hand_gives(seed: int, small_office: Any) -> None:
    office, chance = small_office, random.Random(seed)
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 8)
    present = tuple(chance.sample(MEMBERS, chance.randint(8, 11)))
    session = round_.session(present)
    aside = {(chance.choice(MEMBERS), chance.choice(codes)) for _ in range(chance.randint(0, 6))}
    for member, code in sorted(aside):
        office.act(
            recusals.recuse,
            session,
            member=member,
            nomination=code,
            ground="anh em",
            actor=office.thuky,
            now=office.now,
        )
    office.open_ballot(session)
    voters = chance.sample(MEMBERS, chance.randint(9, 11))
    said = {
        member: {code: chance.choices(vote.CHOICES, (8, 2, 1))[0] for code in codes if (member, code) not in aside}
        for member in voters
    }
    for member, choices in said.items():
        cast(office, session, member, **choices)
    counted = round_.vote("approve", session=session, voters=())
    expected = []
    for code in codes:
        votes = Counter(choices.get(code) for choices in said.values())
        base = len(MEMBERS) - len({member for member, about in aside if about == code})
        needed = math.ceil(base * 7 / 10)
        outcome = "recommended" if votes["approve"] >= needed else "not_recommended"
        expected.append((code, votes["approve"], votes["disapprove"], votes["abstain"], base, needed, outcome))
    names = ("code", "approve", "disapprove", "abstain", "base", "needed", "outcome")
    assert [tuple(result[name] for name in names) for result in counted["results"]] == expected
    assert office.states(codes) == [outcome for *_, outcome in expected]
    for code in codes:
        assert Counter(hand.get(code) for hand in counted["batch"]) == Counter(
            choices.get(code) for choices in said.values()
        )
    assert box(office) == []
    assert office.violations() == []


def test_a_teller_of_no_seat_opens_closes_and_counts_nothing(office: Any) -> None:
    """One account with the role alone would otherwise get every share, and count by itself."""
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    code = round_.session()
    stranger = Actor("la", "Người Lạ", frozenset({Role.TELLER}))
    clean = office.digests()
    for verb in (vote.prospect, partial(vote.open_ballot, now=office.now), partial(vote.close_ballot, now=office.now),
                 partial(counting.tally_ballot, now=office.now)):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            office.act(verb, code, actor=stranger)
        assert refused.value.code == "not_a_member"
    assert office.digests() == clean


def test_who_stands_aside_in_the_council_does_not_sign(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.session()
    office.act(
        recusals.recuse,
        session,
        member="chutich",
        nomination=code,
        ground="Thân nhân",
        actor=office.thuky,
        now=office.now,
    )
    office.open_ballot(session)
    for member in MEMBERS:
        choices = {} if member == "chutich" else {code: "approve"}
        office.act(vote.cast, session, choices=choices, actor=office.actor(member))
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    office.tally(session)
    clean = office.digests()
    signed = office.act(signature.sign, [code], actor=office.chutich, now=office.now)
    assert [result.refusal.code for result in signed.results] == ["recused_from"]
    assert office.digests() == clean
    deputy = office.act(signature.sign, [code], actor=office.phochutich, now=office.now)
    assert [result.state for result in deputy.results] == [State.SIGNED]
