"""Counting a vote under a regulation: integers over a named base."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import regulation, tally
from rules.refusal import Unreadable

RULE = regulation.sample().vote_rule("LDTT")


def count(rule=RULE, **facts) -> tally.Tally:
    known = {"approve": 0, "disapprove": 0, "abstain": 0, "members": 9, "attendees": 9, "recused": 0}
    return tally.outcome(**(known | facts), rule=rule)


@pytest.mark.parametrize(
    ("changes", "facts", "expected"),
    [
        ({}, {"approve": 7, "members": 10, "attendees": 10}, (10, 7, "recommended")),
        ({}, {"approve": 6, "disapprove": 4, "members": 10, "attendees": 10}, (10, 7, "not_recommended")),
        ({}, {"approve": 6}, (9, 7, "not_recommended")),
        ({}, {"approve": 6, "recused": 1}, (8, 6, "recommended")),
        ({"recusal": "stays_in_base"}, {"approve": 6, "recused": 1}, (9, 7, "not_recommended")),
        ({"base": "attendees"}, {"approve": 5, "attendees": 7}, (7, 5, "recommended")),
        ({"base": "attendees"}, {"approve": 5, "attendees": 7, "written": 1}, (8, 6, "not_recommended")),
        ({"base": "attendees"}, {"approve": 6, "attendees": 5}, (6, 5, "recommended")),
        ({"base": "attendees"}, {"approve": 4, "attendees": 6, "recused": 1}, (5, 4, "recommended")),
        (
            {"base": "attendees"},
            {"approve": 5, "attendees": 6, "recused": 1, "recused_attending": 0},
            (6, 5, "recommended"),
        ),
        ({"base": "ballots_cast"}, {"approve": 3, "disapprove": 1}, (4, 3, "recommended")),
        ({"base": "ballots_cast"}, {"approve": 2, "abstain": 1}, (3, 3, "not_recommended")),
        ({"base": "ballots_cast"}, {}, (0, 0, "not_recommended")),
        ({"absent": "counts_against"}, {"approve": 6, "attendees": 6}, (9, 7, "not_recommended")),
        ({"threshold": (9, 10)}, {"approve": 9, "members": 10, "attendees": 10}, (10, 9, "recommended")),
        ({"threshold": (2, 3)}, {"approve": 6}, (9, 6, "recommended")),
        ({}, {"members": 3, "attendees": 3, "recused": 3}, (0, 0, "not_recommended")),
    ],
)
def test_the_base_the_threshold_and_the_recused_decide(changes, facts, expected):
    counted = count(replace(RULE, **changes), **facts)
    assert (counted.base, counted.needed, counted.outcome) == expected


def test_the_reason_stands_in_the_result():
    assert count(approve=6, disapprove=1, abstain=1, recused=1).as_json() == {
        "approve": 6,
        "disapprove": 1,
        "abstain": 1,
        "base": 8,
        "base_name": "all_members",
        "needed": 6,
        "outcome": "recommended",
        "why": "6 phiếu tán thành, đạt mức cần thiết 6 (7/10 trên tổng số 8 – tổng số thành viên Hội đồng, "
        "sau khi trừ 1 người không tham gia biểu quyết).",
    }


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({}, {"approve": 10}),
        ({}, {"approve": 9, "recused": 1}),
        ({}, {"attendees": 10}),
        ({}, {"approve": -1}),
        ({}, {"recused": 10}),
        ({}, {"recused": 1, "recused_attending": 2}),
        ({"absent": "counts_against"}, {"approve": 7, "attendees": 6}),
        ({"absent": "counts_against"}, {"approve": 5, "attendees": 6, "written": 1}),
    ],
)
def test_more_votes_than_voters_cannot_be(changes, facts):
    with pytest.raises(Unreadable) as refused:
        count(replace(RULE, **changes), **facts)
    assert refused.value.code == "impossible_facts"


@pytest.mark.parametrize(
    ("attending", "members", "quorum", "enough"),
    [(6, 9, (2, 3), True), (5, 9, (2, 3), False), (7, 10, (2, 3), True), (6, 10, (2, 3), False), (0, 0, (2, 3), False)],
)
def test_a_quorum_is_counted_in_whole_members(attending, members, quorum, enough):
    assert tally.quorate(attending=attending, members=members, rule=replace(RULE, quorum=quorum)) is enough


def test_a_session_is_counted_code_by_code_under_each_award_s_rule():
    counted = tally.count(
        {"N1": (7, 1, 1), "N2": (7, 1, 0)},
        members=9,
        attendees=9,
        recused={"N2": 1},
        rules={"N1": RULE, "N2": replace(RULE, threshold=(9, 10))},
    )
    assert {code: (one.base, one.needed, one.outcome) for code, one in counted.items()} == {
        "N1": (9, 7, "recommended"),
        "N2": (8, 8, "not_recommended"),
    }


@given(st.integers(0, 500), st.integers(1, 100), st.integers(1, 100))
def test_needed_is_the_least_whole_number_that_reaches_the_fraction(base, numerator, denominator):
    needed = tally.least(base, (numerator, denominator))
    share = Fraction(numerator, denominator) * base
    assert (type(needed), needed >= share, needed - 1 < share) == (int, True, True)


@given(st.integers(1, 30), st.data())
def test_one_more_approval_never_turns_a_recommendation_down(members, data):
    approve = data.draw(st.integers(0, members - 1))
    rest = members - approve - 1
    rule = replace(RULE, base=data.draw(st.sampled_from(sorted(tally.BASE_NAMES))))
    facts = {"members": members, "attendees": members, "abstain": rest}
    before, after = (count(rule, approve=approve + one, disapprove=1 - one, **facts) for one in (0, 1))
    assert (before.outcome, after.outcome) != ("recommended", "not_recommended")
