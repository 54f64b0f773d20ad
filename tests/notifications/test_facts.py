"""Every letter of a real round against the record: each fact that it says is what the database says of it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from notifications import letters
from operations import transition
from operations.chairman_signature import signature
from operations.council_vote import convening
from operations.home_affairs_review import review
from operations.public_disclosure import disclosure, petitions
from operations.upkeep import deadlines
from rules.lifecycle import STAGE_NAMES, Stage, State
from tests.conftest import Office

HEAD = letters.Letterhead(authority="UBND", office="Phòng Nội vụ", base_url="https://vinhdanh.example")


def lived(office: Office) -> None:
    """A round in which each act that writes a letter was done."""
    round_ = office.open_round()
    now, by = office.now, {"now": office.now, "reason": "vì lý do của bài thử"}
    reviewer = office.chuyenvien1
    for state in (State.RETURNED, State.INELIGIBLE, State.PAUSED):
        round_.to(state)
    many = round_.to(State.SUBMITTED, 3)
    office.act(review.pass_review, many[:1], actor=reviewer, now=now)
    office.act(review.pass_review, many[1:], actor=reviewer, now=now)
    meeting = round_.session()
    office.act(
        convening.reschedule, meeting, place="Phòng họp số 2", reason="hội trường bận", actor=office.thuky, now=now
    )
    office.open_ballot(meeting)
    round_.vote("approve", session=meeting)
    office.act(signature.announce_waiting, round_.code, now=now)
    office.act(signature.send_back, [many[0]], actor=office.chutich, **by)
    office.act(signature.refuse, [many[1]], actor=office.chutich, **by)
    office.act(signature.sign, [many[2]], actor=office.chutich, now=now)
    paper = office.decision_of(many[2])
    office.act(disclosure.disclose, paper, actor=reviewer, now=now, url=f"https://vinhdanh.example/decisions/{paper}")
    (forwarded,) = round_.to(State.FORWARDED)
    office.act(
        disclosure.record_answer,
        office.letter_of(forwarded),
        number="9/QĐ-UBND",
        on=now.date(),
        actor=reviewer,
        now=now,
    )
    office.act(petitions.file, text="Xem lại", decision=paper, now=now)
    office.act(disclosure.revoke, paper, ground="93.2.a", actor=office.chutich, **by)
    round_.to(State.SUBMITTED)
    office.act(deadlines.sweep, now=now + timedelta(days=60))


@pytest.fixture
def told(furnish: Any) -> tuple[Office, list[tuple[str, str, dict[str, Any]]]]:
    office = furnish("sqlite", "lived-round", lived)
    rows = office.rows("SELECT topic, recipient, context FROM outbox_message WHERE kind = 'letter' ORDER BY id")
    return office, [(topic, to, json.loads(context)) for topic, to, context in rows]


Told = tuple[Office, list[tuple[str, str, dict[str, Any]]]]


def test_each_fact_is_what_the_record_says(told: Told) -> None:
    office, rows = told
    assert {topic for topic, _, _ in rows} >= {
        "call_for_proposals", "dossier_received", "dossier_returned", "not_approved", "nomination_paused", "appraisal_result",
        "council_invitation", "tellers_called", "receipts_published", "waiting_for_signature", "sent_back_by_chairman",
        "award_result_unit", "award_result_nominee", "disclosure_published", "forwarded_to_superior", "superior_answer",
        "petition_received", "decision_revoked",
    }  # fmt: skip
    unit_of = dict(office.rows("SELECT email, name FROM unit"))
    people = dict(office.rows("SELECT email, display_name FROM account"))
    nominees = {
        code: (name, transition.award_name(award))
        for code, name, award in office.rows("SELECT code, name, award FROM nomination")
    }
    titles = {title for (title,) in office.rows("SELECT title FROM review_round")}
    rounds = {code for (code,) in office.rows("SELECT code FROM review_round")}
    decisions = dict(office.rows("SELECT symbol, signed_on FROM decision"))
    papers = decisions | dict(
        office.rows("SELECT answer_number, answered_on FROM submission_letter WHERE answer_number IS NOT NULL")
    )
    tt = dict(office.rows("SELECT symbol, signed_on FROM submission_letter"))
    due = {STAGE_NAMES[Stage(stage)]: day for stage, day in office.rows("SELECT stage, due_on FROM deadline")}
    sessions = dict(office.rows("SELECT code, place FROM council_session"))
    petition = dict(office.rows("SELECT code, due_on FROM petition"))
    # Of which stage the day is that a letter gives.
    of_stage = {
        "call_for_proposals": Stage.UNIT_PROPOSAL, "dossier_returned": Stage.UNIT_PROPOSAL, "dossier_received": Stage.HOME_AFFAIRS_REVIEW,
        "waiting_for_signature": Stage.CHAIRMAN_SIGNATURE,
    }  # fmt: skip
    wrong: list[Any] = []
    for topic, to, said in rows:
        checks = {
            "unit_name": lambda value, to=to: unit_of.get(to) == value,
            "recipient_name": lambda value, to=to: people.get(to) == value,
            "member_name": lambda value, to=to: people.get(to) == value,
            "signer_name": lambda value, to=to: people.get(to) == value,
            "round_title": lambda value: value in titles,
            "round_code": lambda value: value in rounds,
            "code": lambda value: value in nominees,
            "decision_number": lambda value, said=said: papers.get(value) == said["decision_date"],
            "answer_number": lambda value, said=said: papers.get(value) == said["answer_date"],
            "letter_number": lambda value, said=said: tt.get(value) == said["letter_date"],
            "place": lambda value: value in {"Hội trường", "Phòng họp số 2"},
            "session_code": lambda value: value in sessions,
            "petition_code": lambda value, said=said: petition.get(value) == said["due"],
            "stage_name": lambda value: value in STAGE_NAMES.values(),
        }
        wrong += [
            (topic, name, said[name])
            for name, holds in checks.items()
            if said.get(name) is not None and not holds(said[name])
        ]
        if topic in of_stage and said["due"] is not None and said["due"] != due[STAGE_NAMES[of_stage[topic]]]:
            wrong.append((topic, "due", said["due"]))
        if topic == "deadline_escalation" and said["due"] != due[said["stage_name"]]:
            wrong.append((topic, "due", said["due"]))
        for item in said.get("items", []):
            if nominees.get(item["code"]) != (item["nominee"], item["award"]):
                wrong.append((topic, "item", item))
    assert wrong == []


def test_what_is_known_to_the_record_stands_in_the_letters_own_words(told: Told) -> None:
    """The rendered text and page, not only what they were made from: an invitation leads to a room, not to an address."""
    office, rows = told
    for topic, _, said in rows:
        rendered = letters.render(topic, said, letterhead=HEAD)
        for text in (rendered.text, rendered.html):
            assert "None" not in text, topic
            for name in ("place", "round_title", "session_code", "unit_name", "petition_code", "stage_name"):
                value = said.get(name)
                if value is not None and name != "stage_name":
                    assert name in {"round_title", "unit_name", "session_code"} or value in text, (topic, name)
        if topic == "council_invitation":
            where = re.search("Địa điểm: (.*)", rendered.text)
            assert where is not None
            assert where[1] == said["place"]
            assert not where[1].startswith("http")
            assert rendered.calendar is not None
            assert f"LOCATION:{said['place']}" in rendered.calendar.decode()
            assert f"https://vinhdanh.example/council/{said['session_code']}" in rendered.text
    del office


def test_a_unit_is_told_how_much_is_still_open(told: Told) -> None:
    _, rows = told
    said = [(one["passed"], one["open"]) for topic, _, one in rows if topic == "appraisal_result"][:2]
    assert said == [(1, 3), (2, 1)]  # two more and one paused; then the paused one
    first, _ = [letters.render(topic, one) for topic, _, one in rows if topic == "appraisal_result"][:2]
    assert "3 hồ sơ còn đang thẩm định" in first.text
    assert "đã xong" not in first.text
