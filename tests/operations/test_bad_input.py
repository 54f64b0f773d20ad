"""What cannot be kept or cannot be is refused by a typed answer, alike on both databases, and leaves no trace."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from operations import rounds
from operations.chairman_signature import signature
from operations.council_vote import convening, recusals
from operations.home_affairs_review import review
from operations.installation import moment
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import mending, proposal
from rules.lifecycle import State
from rules.refusal import Refusal, Unreadable


def answer(office: Any, act: Callable[..., Any], *given: Any, **words: Any) -> str:
    """The code of the refusal; of a single result, its refusal's."""
    try:
        done = office.act(act, *given, **words)
    except proposal.RowErrors as refusal:
        return ",".join(error["code"] for error in refusal.checked.errors)
    except (Refusal, Unreadable) as refusal:
        return refusal.code
    results = done if isinstance(done, list) else getattr(done, "results", [])
    return ",".join(result.refusal.code for result in results if result.refusal)


@pytest.mark.parametrize(
    ("text", "code", "lookup"),
    [
        pytest.param("x" * 30_000, "too_long", None, id="long"),
        pytest.param("a\x00b", "control_characters", "unstorable_text", id="NUL"),
        pytest.param("a\x1bb", "control_characters", None, id="escape"),
        pytest.param("a\ud800b", "control_characters", "unstorable_text", id="half a pair"),
    ],
)
def test_a_text_that_cannot_be_kept(text: str, code: str, lookup: str | None, office: Any) -> None:
    round_ = office.open_round()
    (submitted,) = round_.file()
    (draft,) = round_.file(submit=False)
    (forwarded,) = round_.to(State.FORWARDED)
    (signed,) = round_.to(State.SIGNED)
    officer, reviewer, secretary, chairman = office.officer("XA01"), office.chuyenvien1, office.thuky, office.chutich
    now = office.now
    session = round_.session()
    letter, decision = office.letter_of(forwarded), office.decision_of(signed)
    clean = office.digests()
    office.now = now
    row = {"kind": "individual", "award": "LDTT"}
    file = {"round_code": round_.code, "unit_code": "XA01", "actor": officer, "now": now}
    day = date(2024, 11, 20)
    answers = {
        "reason": answer(office, review.return_for_supplement, [submitted], reason=text, actor=reviewer, now=now),
        "title": answer(office, rounds.open_round, kind="CONG_TRANG", year=2024, title=text, actor=secretary, now=now),
        "extension": answer(
            office, rounds.extend, round_.code, stage="council_vote", until=day, reason=text, actor=secretary, now=now
        ),
        "place": answer(
            office, convening.convene, round_code=round_.code, at=now, place=text, actor=secretary, now=now
        ),
        "ground": answer(
            office, recusals.recuse, session, member="tv05", nomination=draft, ground=text, actor=secretary, now=now
        ),
        "petition": answer(office, petitions.file, text=text, now=now),
        "sender": answer(office, petitions.file, text="Tôi không đồng ý.", sender=text, now=now),
        "answer's number": answer(
            office, disclosure.record_answer, letter, number=text, on=day, actor=reviewer, now=now
        ),
        "revocation": answer(
            office, disclosure.revoke, decision, ground="93.2.a", reason=text, actor=chairman, now=now
        ),
        "mended": answer(office, mending.mend, draft, actor=officer, now=now, achievement=text),
        "name": answer(office, proposal.file, proposals=[proposal.Proposed(name=text, **row)], **file),
        "rating": answer(office, proposal.file, proposals=[proposal.Proposed(name="A", rating=text, **row)], **file),
    }
    assert answers == dict.fromkeys(answers, code)
    # What is only looked for is unknown, or cannot even be asked for; never a crash.
    looked = {
        answer(office, proposal.submit, [text], actor=officer, now=now),
        answer(office, rounds.advance, text, actor=secretary, now=now),
        answer(office, convening.attend, text, ["tv05"], actor=secretary),
        answer(office, disclosure.disclose, text, actor=reviewer, now=now, url="https://x.example/"),
    }
    assert looked - {lookup} <= {"unknown_nomination", "unknown_round", "unknown_session", "unknown_decision"}
    assert office.digests() == clean


def test_mending_into_what_another_one_says_is_refused(office: Any) -> None:
    round_ = office.open_round()
    given: dict[str, Any] = {"name": "Giàng A Mẫu", "kind": "individual", "award": "LDTT"}
    officer = office.officer("XA01")
    first, _ = (
        office.act(
            proposal.file,
            round_code=round_.code,
            unit_code="XA01",
            proposals=[proposal.Proposed(achievement=one, **given)],
            actor=officer,
            now=office.now,
            submit=False,
        ).codes[0]
        for one in ("cứu người", "xây cầu")
    )
    clean = office.digests()
    assert answer(office, mending.mend, first, actor=officer, now=office.now, achievement=" Xây  CẦU ") == (
        "already_proposed"
    )
    assert answer(office, mending.mend, first, actor=officer, now=office.now, facts="{không") == "bad_facts"
    assert answer(office, mending.mend, first, actor=officer, now=office.now, facts="[1]") == "bad_facts"
    assert office.digests() == clean
    office.act(mending.mend, first, actor=officer, now=office.now, achievement="cứu người", parts=None, facts=None)
    assert office.rows("SELECT parts, facts FROM nomination WHERE code = :code", code=first) == [("*", "{}")]
    assert office.violations() == []


def test_days_that_cannot_be(small_office: Any) -> None:
    office = small_office
    round_ = office.open_round()
    (forwarded,) = round_.to(State.FORWARDED)
    now, secretary = office.now, office.thuky
    clean = office.digests()
    yesterday = now - timedelta(days=1)
    answers = [
        answer(
            office, rounds.open_round, kind="CONG_TRANG", year=2024, title="x", actor=secretary, now=now,
            proposals_due=yesterday.date(),
        ),
        answer(office, convening.convene, round_code=round_.code, at=yesterday, place="x", actor=secretary, now=now),
        answer(
            office, rounds.extend, round_.code, stage="council_vote", until=yesterday.date(), reason="x",
            actor=secretary, now=now,
        ),
        answer(
            office, disclosure.record_answer, office.letter_of(forwarded), number="1", on=yesterday.date(),
            actor=office.chuyenvien1, now=now,
        ),
        answer(
            office, disclosure.record_answer, office.letter_of(forwarded), number="1", on=now.date() + timedelta(days=1),
            actor=office.chuyenvien1, now=now,
        ),
    ]  # fmt: skip
    assert answers == [
        "date_in_the_past",
        "date_in_the_past",
        "date_in_the_past",
        "answered_before_asked",
        "answered_in_future",
    ]
    assert office.digests() == clean


@pytest.mark.parametrize("day", [date(2124, 1, 1), date(9999, 12, 31)], ids=str)
def test_no_deadline_beyond_every_calendar(small_office: Any, day: date) -> None:
    """The last day there is has no next one; and somebody would count the working days until then."""
    office = small_office
    round_ = office.open_round()
    now, secretary = office.now, office.thuky
    clean = office.digests()
    words = {"kind": "CONG_TRANG", "year": 2024, "title": "x", "actor": secretary, "now": now}
    assert [
        answer(office, rounds.open_round, proposals_due=day, **words),
        answer(
            office, rounds.extend, round_.code, stage="council_vote", until=day, reason="x", actor=secretary, now=now
        ),
    ] == ["bad_date", "bad_date"]
    assert office.digests() == clean


def test_a_district_signs_nothing_after_june_2025(office: Any) -> None:
    """What was lawfully proposed in 2024 is signed by whoever has the authority on the day of signing."""
    round_ = office.open_round()
    here, above = round_.to(State.RECOMMENDED), round_.to(State.RECOMMENDED, award="BK_TINH")
    clean = office.digests()
    late = moment("2025-07-01T08:00:00")
    signed = office.act(signature.sign, [*here, *above], actor=office.chutich, now=late)
    assert [(one.code, one.refusal.code) for one in signed.results] == [
        (code, "wrong_authority") for code in (*here, *above)
    ]
    assert (signed.decisions, signed.letters) == ((), ())
    assert office.digests() == clean
    signed = office.act(signature.sign, [*here, *above], actor=office.chutich, now=moment("2025-06-30T17:00:00"))
    assert (signed.decisions, signed.letters) == (("1-2025",), ("TTr-1-2025",))


def test_nothing_signed_without_a_whole_pack(small_office: Any) -> None:
    office = small_office
    codes = office.open_round().to(State.RECOMMENDED)
    clean = office.digests()
    late = moment("2027-01-02T08:00:00")
    assert answer(office, signature.sign, codes, actor=office.chutich, now=late) == "pack_incomplete"
    assert office.digests() == clean
