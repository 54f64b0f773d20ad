"""The sweep: reminds before, climbs one step a working day after, closes what is due; each once, nobody's decision taken."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from notifications import letters
from operations import rounds
from operations.council_vote import convening, vote
from operations.home_affairs_review import review
from operations.installation import moment
from operations.unit_proposal import proposal
from operations.upkeep import deadlines
from operations.views import due
from rules.lifecycle import State
from rules.refusal import Refusal
from tests.notifications import samples

MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))
NOTHING = {"reminded": 0, "escalated": 0, "closed": 0}


def sweep(office: Any, day: str, at: str = "08:00") -> dict[str, int]:
    done: dict[str, int] = office.act(deadlines.sweep, now=moment(f"{day}T{at}:00"))
    return done


def urged(office: Any) -> list[tuple[Any, ...]]:
    return office.rows("SELECT subject, level, to_accounts FROM escalation ORDER BY id")  # type: ignore[no-any-return] -- Office is Any


def test_the_ladder_is_climbed_a_step_a_working_day_and_each_step_once(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    round_.file(2, unit="XA01", submit=False)
    round_.file(unit="XA02")  # handed in: nobody there is late
    told: dict[str, dict[str, int]] = {}
    for day in range(1, 16):
        for hour in ("08:00", "17:00"):
            done = sweep(office, f"2024-11-{day:02d}", hour)
            if done != NOTHING:
                told[f"{day} {hour}"] = {name: count for name, count in done.items() if count}
    assert told == {
        "4 08:00": {"reminded": 1},  # Monday: two working days left
        "7 08:00": {"escalated": 1},
        "8 08:00": {"escalated": 1},
        "11 08:00": {"escalated": 1},  # after the weekend
        "12 08:00": {"escalated": 1},
    }
    assert urged(office) == [
        ("XA01", 1, "canbo.xa01"),
        ("XA01", 2, "truong.xa01"),
        ("XA01", 3, "thuky"),
        ("XA01", 4, "chutich"),
    ]
    assert [kind for kind in office.letters() if kind.startswith("deadline_")] == [
        "deadline_reminder",
        *["deadline_escalation"] * 4,
    ]
    assert office.violations() == []


def test_the_due_day_lasts_until_midnight_in_vietnam(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    round_.file(submit=False)
    sweep(office, "2024-11-06", "08:00")
    assert sweep(office, "2024-11-06", "23:59") == NOTHING
    assert sweep(office, "2024-11-07", "00:00") == NOTHING | {"escalated": 1}


def contexts(office: Any, topic: str) -> list[dict[str, Any]]:
    rows = office.rows("SELECT context FROM outbox_message WHERE topic = :topic ORDER BY id", topic=topic)
    return [json.loads(context) for (context,) in rows]


def test_after_days_without_a_look_the_ladder_takes_one_step_a_working_day_and_its_letter_says_so(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    round_.file(unit="XA01", submit=False)
    round_.file(2, unit="XA02", submit=False)
    told = {day: sweep(office, f"2024-12-{day:02d}") for day in range(19, 28) for _ in range(2) if day}
    assert {day: done for day, done in told.items() if done != NOTHING} == {}  # the second look of each day
    assert [(subject, level, to) for subject, level, to in urged(office)] == [
        ("XA01", 1, "canbo.xa01"), ("XA02", 1, "canbo.xa02"),
        ("XA01", 2, "truong.xa01"), ("XA02", 2, "truong.xa02"),
        ("XA01", 3, "thuky"), ("XA02", 3, "thuky"),
        ("XA01", 4, "chutich"), ("XA02", 4, "chutich"),
    ]  # fmt: skip
    days = office.rows("SELECT level, at FROM escalation WHERE subject = 'XA01' ORDER BY id")
    assert [(level, str(at)[:10]) for level, at in days] == [
        (1, "2024-12-19"), (2, "2024-12-20"), (3, "2024-12-23"), (4, "2024-12-24"),
    ]  # fmt: skip
    letters = contexts(office, "deadline_escalation")
    assert [(one["step"], one["behind"], one["waiting"], [unit["waiting"] for unit in one["units"]]) for one in letters] == [
        (1, 3, 1, [1]), (1, 3, 2, [2]), (2, 2, 1, [1]), (2, 2, 2, [2]), (3, 1, 3, [1, 2]), (4, 0, 3, [1, 2]),
    ]  # fmt: skip
    assert office.violations() == []


def test_what_was_handed_in_after_the_deadline_is_a_fact_the_ladder_reports(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    round_.file(unit="XA01")  # in time
    (draft, *_) = round_.file(3, unit="XA02", submit=False)
    late = office.now + timedelta(days=6)  # the 7th
    office.act(proposal.submit, [draft], actor=office.officer("XA02"), now=late)
    assert sweep(office, "2024-11-07", "09:00") == NOTHING | {"escalated": 1}
    (letter,) = contexts(office, "deadline_escalation")
    assert (letter["handed_in_late"], letter["waiting"]) == (1, 2)
    assert (
        letters.render("deadline_escalation", letter, letterhead=samples.LETTERHEAD).text.count("Nộp sau hạn: 1 hồ sơ")
        == 1
    )
    standing = office.look(due.of_round, round_.code, now=moment("2024-11-07T09:00:00"))[0]
    called = office.one("SELECT count(*) FROM unit WHERE NOT is_office AND email IS NOT NULL")
    assert standing.sentence == f"Trễ 1 ngày: đã có 2/{called} đơn vị đề nghị, 2 hồ sơ nháp (1 hồ sơ nộp sau hạn)"


def test_an_extension_starts_the_ladder_anew(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    (code,) = round_.file(submit=False)
    assert sweep(office, "2024-11-07") == sweep(office, "2024-11-08") == NOTHING | {"escalated": 1}
    extend = {
        "stage": "unit_proposal",
        "until": date(2024, 11, 20),
        "reason": "mưa lũ",
        "now": moment("2024-11-08T09:00:00"),
    }
    with pytest.raises(Refusal) as refused:
        office.act(rounds.extend, round_.code, actor=office.chuyenvien1, **extend)
    assert (refused.value.code, refused.value.reach) == ("not_your_role", True)
    office.act(rounds.extend, round_.code, actor=office.thuky, **extend)
    assert office.letters().count("deadline_extended") == 24
    told = {day: sweep(office, f"2024-11-{day:02d}") for day in range(9, 28)}
    assert {day: done for day, done in told.items() if done != NOTHING} == {
        18: NOTHING | {"reminded": 1},
        21: NOTHING | {"escalated": 1},
        22: NOTHING | {"escalated": 1},
        25: NOTHING | {"escalated": 1},
        26: NOTHING | {"escalated": 1},
    }
    assert [level for _, level, _ in urged(office)] == [1, 2, 1, 2, 3, 4]
    assert office.states([code]) == [State.DRAFT]
    assert office.violations() == []


def test_who_has_acted_is_left_alone(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    (code,) = round_.file(submit=False)
    assert sweep(office, "2024-11-07") == NOTHING | {"escalated": 1}
    office.act(proposal.submit, [code], actor=office.officer("XA01"), now=office.now)
    assert sweep(office, "2024-11-12") == NOTHING


def test_a_stage_that_has_not_begun_is_not_late_and_a_pause_waits_for_nobody(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.file(2)
    assert sweep(office, "2024-12-20") == NOTHING  # the round stands in its first stage
    office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
    paused = {"ground": "complaint", "reason": "đơn tố cáo", "actor": office.chuyenvien1, "now": office.now}
    office.act(review.pause, codes, **paused)
    assert sweep(office, "2024-12-17") == NOTHING
    office.act(review.resume, codes[:1], reason="không có cơ sở", actor=office.chuyenvien1, now=office.now)
    for day in (18, 19, 20, 23):
        assert sweep(office, f"2024-12-{day}") == NOTHING | {"escalated": 1}
    assert [(subject, to) for subject, _, to in urged(office)] == [
        ("office", "chuyenvien1,chuyenvien2"),
        ("office", "thuky"),
        ("office", "thuky"),
        ("office", "chutich"),
    ]


@pytest.fixture
def voting(office: Any) -> Callable[..., tuple[Any, str, str]]:
    """A ballot open in a round that stands in its council stage: (round, session, nomination)."""

    def open_at(opened: datetime | None = None) -> tuple[Any, str, str]:
        round_ = office.open_round()
        (code,) = round_.to(State.ELIGIBLE)
        for _ in range(2):
            office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
        session = round_.session()
        office.open_ballot(session, now=opened)
        return round_, session, code

    return open_at


def cast(office: Any, session: str, code: str, *members: str) -> None:
    for member in members:
        office.act(vote.cast, session, choices={code: "approve"}, actor=office.actor(member))


def state_of(office: Any, session: str) -> str:
    return str(office.one("SELECT state FROM council_session WHERE code = :code", code=session))


def test_a_quorate_ballot_is_closed_when_its_time_is_over(office: Any, voting: Any) -> None:
    _, session, code = voting()  # seven working days from 1 November: due on the 12th
    cast(office, session, code, *MEMBERS[:8])
    assert sweep(office, "2024-11-12", "23:59")["closed"] == 0
    assert state_of(office, session) == "open"
    assert sweep(office, "2024-11-13", "00:00")["closed"] == 1
    assert state_of(office, session) == "closed"
    assert sweep(office, "2024-11-13", "00:00")["closed"] == 0
    assert office.violations() == []


def test_a_ballot_that_is_not_quorate_stays_open_and_climbs(office: Any, voting: Any) -> None:
    _, session, code = voting()
    cast(office, session, code, *MEMBERS[:7])
    assert sweep(office, "2024-11-13") == NOTHING | {"escalated": 1}
    assert state_of(office, session) == "open"


def test_a_ballot_opened_after_the_due_day_is_for_a_person_to_close(office: Any, voting: Any) -> None:
    _, session, code = voting(moment("2024-11-20T08:00:00"))
    cast(office, session, code, *MEMBERS[:8])
    assert sweep(office, "2024-11-20", "09:00")["closed"] == 0
    assert state_of(office, session) == "open"


def test_a_ballot_of_a_round_that_is_not_there_yet_stays_open(office: Any) -> None:
    """The due day of a later stage is a plan, until the round reaches that stage."""
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot()
    cast(office, session, code, *MEMBERS[:8])
    assert sweep(office, "2025-01-10") == NOTHING
    assert state_of(office, session) == "open"


def test_those_who_have_not_voted_are_reminded_once(office: Any, voting: Any) -> None:
    round_, session, code = voting()
    cast(office, session, code, *MEMBERS[:8])
    assert office.act(deadlines.reminders_to_vote, round_code=round_.code) == 3
    assert office.act(deadlines.reminders_to_vote, round_code=round_.code) == 0
    assert office.rows("SELECT recipient FROM outbox_message WHERE topic = 'ballot_reminder' ORDER BY 1") == [
        (f"tv{n:02d}@nammau.example",) for n in (9, 10, 11)
    ]


def test_what_is_posted_thirty_days_is_closed(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.DISCLOSED)  # on 1 November: posted until 1 December
    assert sweep(office, "2024-12-01") == NOTHING
    assert sweep(office, "2024-12-02") == NOTHING | {"closed": 1}
    assert sweep(office, "2024-12-03") == NOTHING
    assert office.states([code]) == [State.CLOSED]
    assert office.violations() == []


def test_a_closed_round_is_left_in_peace(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    round_.to(State.DISCLOSED)
    for _ in range(5):
        office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now + timedelta(days=1))
    assert office.rows("SELECT stage FROM review_round") == [("ended",)]
    assert sweep(office, "2024-11-30") == NOTHING
    with pytest.raises(Refusal) as refused:
        office.act(
            convening.convene, round_code=round_.code, at=office.now, place="x", actor=office.thuky, now=office.now
        )
    assert refused.value.code == "round_closed"
