"""Proposer, reviewer, counter and signer of one nomination are different people, also those whose part is no column."""

from typing import Any

import pytest

from operations.chairman_signature import signature
from operations.council_vote import counting, vote
from operations.home_affairs_review import review
from operations.unit_proposal import mending, proposal
from rules import regulation
from rules.lifecycle import Role, State
from rules.refusal import Refusal
from tests.conftest import MEMBERS, NOW

SINCE = NOW.date()


def also(office: Any, username: str, role: Role, unit: str | None = None) -> None:
    """This person holds a further role, as small offices have it."""

    office.grant(username, role, unit=unit, since=SINCE)


def refusals(results: Any) -> list[str | None]:
    return [one.refusal.code if one.refusal else None for one in results]


def test_whoever_mends_or_hands_in_a_colleagues_draft_proposes_it_too(office: Any) -> None:
    also(office, "chuyenvien1", Role.UNIT_OFFICER, "XA01")
    mended, handed_in, untouched = office.open_round().file(3, submit=False)
    reviewer = office.chuyenvien1
    office.act(mending.mend, mended, actor=reviewer, now=office.now, field="giáo dục")
    office.act(proposal.submit, [mended, untouched], actor=office.officer("XA01"), now=office.now)
    office.act(proposal.submit, [handed_in], actor=reviewer, now=office.now)
    results = office.act(review.pass_review, [mended, handed_in, untouched], actor=reviewer, now=office.now)
    assert refusals(results) == ["separation_of_duties", "separation_of_duties", None]
    assert office.rows(
        "SELECT n.code, d.username, d.duty FROM duty d JOIN nomination n ON n.id = d.nomination_id ORDER BY 1"
    ) == [
        (mended, "chuyenvien1", "proposed"),
        (handed_in, "chuyenvien1", "proposed"),
    ]
    assert office.violations() == []


def test_a_reviewer_stays_one_when_another_reviews_again(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.RECOMMENDED)
    also(office, "chuyenvien1", Role.CHAIRMAN)
    office.act(signature.send_back, [code], reason="xem lại", actor=office.chutich, now=office.now)
    office.act(review.pass_review, [code], actor=office.chuyenvien2, now=office.now)
    round_.vote("approve")
    assert office.rows("SELECT reviewed_by FROM nomination WHERE code = :c", c=code) == [("chuyenvien2",)]
    signed = office.act(signature.sign, [code], actor=office.chuyenvien1, now=office.now)
    assert (refusals(signed.results), office.states([code])) == (["separation_of_duties"], ["recommended"])
    assert office.violations() == []


def test_who_counts_an_open_vote_neither_proposed_it_nor_signs_it(office: Any) -> None:
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', 'ballot = "open"')
    round_ = office.open_round(regulation_text=text)
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot()
    for member in MEMBERS:
        office.act(vote.cast, session, choices={code: "approve"}, actor=office.actor(member))
    office.act(vote.close_ballot, session, actor=office.actor("tv04"), now=office.now)
    also(office, "thuky", Role.CHAIRMAN)
    office.act(counting.tally_ballot, session, actor=office.thuky, now=office.now)
    signed = office.act(signature.sign, [code], actor=office.thuky, now=office.now)
    assert (refusals(signed.results), office.states([code])) == (["separation_of_duties"], ["recommended"])
    assert office.violations() == []


def test_whoever_proposed_does_not_count(office: Any) -> None:
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', 'ballot = "open"')
    round_ = office.open_round(regulation_text=text)
    (code,) = round_.file(1, submit=False)
    office.act(proposal.submit, [code], actor=office.thuky, now=office.now)
    office.act(review.pass_review, [code], actor=office.chuyenvien1, now=office.now)
    session = round_.ballot()
    for member in MEMBERS:
        office.act(vote.cast, session, choices={code: "approve"}, actor=office.actor(member))
    office.act(vote.close_ballot, session, actor=office.actor("tv04"), now=office.now)
    with pytest.raises(Refusal) as caught:
        office.act(counting.tally_ballot, session, actor=office.thuky, now=office.now)
    assert caught.value.code == "separation_of_duties"
    assert office.tally(session, by="tv10")["results"][0]["outcome"] == "recommended"


# The route -----------------------------------------------------------------------------------------------------------

GROUNDS = '{"employed_months":12,"grounds":["74.1.a"]}'


def simplified(office: Any) -> tuple[Any, str]:
    """A draft for which the unit asks for the simplified procedure of Art. 85."""
    round_ = office.open_round()
    facts = {"employed_months": 12, "grounds": ["74.1.a"], "simplified_ground": "85.1.a"}
    (code,) = round_.file(1, submit=False, award="BK_TINH", facts=facts)
    assert route(office, code) == "simplified"
    return round_, code


def route(office: Any, code: str) -> str:
    return str(office.one("SELECT route FROM nomination WHERE code = :c", c=code))


def test_a_ground_that_is_mended_away_takes_its_route_along(office: Any) -> None:
    """Else a dossier without any ground would pass the council by."""
    _, code = simplified(office)
    office.act(mending.mend, code, actor=office.officer("XA01"), now=office.now, facts=GROUNDS)
    assert route(office, code) == "full"
    office.act(proposal.submit, [code], actor=office.officer("XA01"), now=office.now)
    office.act(review.pass_review, [code], actor=office.chuyenvien1, now=office.now)
    assert office.states([code]) == ["eligible"]
    assert office.violations() == []


def test_a_units_own_word_takes_no_dossier_past_the_council_in_bulk(office: Any) -> None:
    round_, code = simplified(office)
    office.act(proposal.submit, [code], actor=office.officer("XA01"), now=office.now)
    (other,) = round_.file(1)
    by = {"actor": office.chuyenvien1, "now": office.now}
    assert refusals(office.act(review.pass_review, [code, other], **by)) == ["not_eligible", None]
    assert refusals(office.act(review.pass_review, [code], **by)) == ["not_eligible"]
    found = office.look(review.latest, [code])[code]
    assert (found.verdict, '"rule":"route.simplified_ground"' in found.findings) == ("unknown", True)
    office.act(review.pass_review, [code], reason="Có quyết định khen đột xuất kèm theo.", **by)
    assert office.states([code]) == ["recommended"]
    assert (
        office.one("SELECT reason FROM nomination WHERE code = :c", c=code) == "Có quyết định khen đột xuất kèm theo."
    )
    assert office.violations() == []
