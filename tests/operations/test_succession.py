"""One list says who acts, who is written to and who sees: after a unit was merged, and where a deputy is authorised."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from operations import recipients, visibility
from operations.chairman_signature import signature
from operations.home_affairs_review import review
from operations.people import authorisations, units
from operations.public_disclosure import disclosure
from operations.unit_proposal import proposal
from rules.lifecycle import Stage, State
from rules.policy import Permission
from rules.refusal import Refusal
from tests.conftest import Office

ENDS = date(2024, 11, 10)


def merged(office: Office) -> None:
    office.act(units.end, "XA01", on=ENDS, successor="XA02", actor=office.actor("quantri"))
    office.now += timedelta(days=10)


def allowed(office: Office, username: str, code: str, act: Permission) -> str:
    try:
        office.look(visibility.require, code, actor=office.actor(username), act=act)
    except Refusal as refusal:
        return refusal.code
    return "allowed"


ACTS = {
    State.DRAFT: Permission.MEND,
    State.RETURNED: Permission.MEND,
    State.SUBMITTED: Permission.SEE_NOMINATION,
    State.RECOMMENDED: Permission.SEE_NOMINATION,
    State.DISCLOSED: Permission.SEE_NOMINATION,
}


@pytest.mark.parametrize("state", list(ACTS))
def test_the_successors_officer_acts_and_sees_and_the_dead_units_does_not(small_office: Office, state: State) -> None:
    (code,) = small_office.open_round().to(state)
    before = {name: allowed(small_office, name, code, ACTS[state]) for name in ("canbo.xa01", "canbo.xa02")}
    assert before == {"canbo.xa01": "allowed", "canbo.xa02": "not_your_unit"}
    merged(small_office)
    after = {
        name: allowed(small_office, name, code, ACTS[state]) for name in ("canbo.xa01", "canbo.xa02", "canbo.xa03")
    }
    assert after == {"canbo.xa01": "not_your_unit", "canbo.xa02": "allowed", "canbo.xa03": "not_your_unit"}


def test_a_unit_that_ended_without_an_heir_keeps_its_officer(small_office: Office) -> None:
    (code,) = small_office.open_round().to(State.RETURNED)
    small_office.act(units.end, "XA01", on=ENDS, actor=small_office.actor("quantri"))
    small_office.now += timedelta(days=10)
    assert allowed(small_office, "canbo.xa01", code, Permission.MEND) == "allowed"


def test_every_letter_of_a_unit_goes_to_its_successor(small_office: Office) -> None:
    """Each kind that units get, by the act that causes it, after the merger."""
    office = small_office
    round_ = office.open_round()
    codes = {state: round_.to(state)[0] for state in (State.DISCLOSED, State.FORWARDED)}
    more = {word: round_.to(State.RECOMMENDED, award="LDTT")[0] for word in ("refused", "signed")}
    paused, returned, ineligible, passed = (round_.to(State.SUBMITTED)[0] for _ in range(4))
    draft = round_.to(State.DRAFT)[0]
    office.settle_outbox()
    first = office.one("SELECT max(id) FROM outbox_message")
    merged(office)
    now, by = office.now, {"now": office.now, "reason": "vì lý do của bài thử"}
    reviewer = office.chuyenvien1
    office.act(review.pause, [paused], ground="complaint", actor=reviewer, **by)
    office.act(review.resume, [paused], actor=reviewer, **by)
    office.act(review.return_for_supplement, [returned], actor=reviewer, **by)
    office.act(review.find_ineligible, [ineligible], actor=reviewer, **by)
    office.act(review.pass_review, [passed], actor=reviewer, now=now)
    office.act(signature.refuse, [more["refused"]], actor=office.chutich, **by)
    office.act(signature.sign, [more["signed"]], actor=office.chutich, now=now)
    office.act(
        disclosure.disclose, office.decision_of(more["signed"]), actor=reviewer, now=now, url="https://x.example/"
    )
    office.act(disclosure.record_answer, office.letter_of(codes[State.FORWARDED]), number="9/QĐ-UBND", on=now.date(),
               actor=reviewer, now=now)  # fmt: skip
    office.act(
        disclosure.revoke, office.decision_of(codes[State.DISCLOSED]), ground="93.2.a", actor=office.chutich, **by
    )
    office.act(proposal.submit, [draft], actor=office.officer("XA02"), now=now)
    heir = office.rows("SELECT email, name FROM unit WHERE code = 'XA02'")[0]
    rows = office.rows(
        "SELECT topic, recipient, context FROM outbox_message WHERE kind = 'letter' AND id > :first AND context LIKE '%unit_name%'",
        first=first,
    )
    assert {topic for topic, _, _ in rows} >= {
        "nomination_paused", "nomination_resumed", "dossier_returned", "not_approved", "appraisal_result", "award_result_unit",
        "superior_answer", "decision_revoked", "dossier_received",
    }  # fmt: skip
    assert {(to, json.loads(context)["unit_name"]) for _, to, context in rows} == {heir}
    called = office.open_round(title="Đợt hai")
    assert called
    calls = office.rows("SELECT recipient FROM outbox_message WHERE topic = 'call_for_proposals' ORDER BY id DESC")
    ended = office.one("SELECT email FROM unit WHERE code = 'XA01'")
    assert calls.count((ended,)) == 1  # the first round's, before it ended
    asked = [code for code, _, _ in office.look(recipients.responsible, Stage.UNIT_PROPOSAL, today=now.date())]
    assert "XA01" not in asked
    assert "XA02" in asked


def signers_told(office: Office, code: str) -> list[str]:
    office.act(signature.announce_waiting, code, now=office.now)
    rows = office.rows("SELECT key FROM outbox_message WHERE topic = 'waiting_for_signature' ORDER BY id")
    return [key.rsplit("/", 1)[1] for (key,) in rows]


@pytest.mark.parametrize(("scope", "told"), [("all", True), ("LDTT", True), ("CSTDCS", False), (None, False)])
def test_an_authorised_deputy_is_written_to_first_too(small_office: Office, scope: str | None, told: bool) -> None:
    office = small_office
    office.write("UPDATE authorisation SET valid_from = '2024-01-01', valid_to = '2024-01-31'")  # the sample's own
    if scope is not None:
        office.act(authorisations.authorise, deputy="phochutich", document="05/UQ-UBND", scope=scope, valid_from=date(2024, 11, 1),
                   valid_to=date(2024, 12, 31), actor=office.chutich, now=office.now)  # fmt: skip
    round_ = office.open_round()
    (code,) = round_.to(State.RECOMMENDED)
    assert signers_told(office, round_.code) == ["chutich", *(["phochutich"] if told else [])]
    deputy: Any = office.phochutich
    may = "allowed"
    try:
        office.act(signature.sign, [code], actor=deputy, now=office.now)
    except Refusal as refusal:
        may = refusal.code
    assert (may == "allowed") == told
