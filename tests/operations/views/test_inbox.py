"""The inbox lists what waits for this person and nobody else, due first, and its counts are the lengths of its lists."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from operations import rounds
from operations.access import Actor
from operations.chairman_signature import signature
from operations.council_vote import convening, recusals
from operations.home_affairs_review import review
from operations.people import authorisations
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import proposal
from operations.views import inbox
from rules.lifecycle import STATE_ROWS, State
from rules.refusal import Unreadable

DUE = date(2024, 11, 8)
EVERYBODY = ("canbo.xa01", "truong.xa01", "canbo.xa02", "truong.xa02", "canbo.xa03", "chuyenvien1", "chuyenvien2",
             "thuky", "chutich", "phochutich", "tv03", "tv04", "thanhtra", "quantri")  # fmt: skip


def at_work(office: Any) -> None:
    """Two rounds, the simplified one with something in every pile that needs no ballot."""
    by = {"actor": office.chuyenvien1, "now": office.now}
    annual = office.open_round(proposals_due=DUE)
    annual.file(2)
    annual.file(1, unit="XA02", submit=False)
    simple = office.open_round("DOT_XUAT")
    simple.proposals(20)  # other people than the first round's
    ready = simple.file(4, award="GK_HUYEN")
    ready += simple.file(1, award="BK_TINH")
    ready += simple.file(1, unit="XA02", award="BK_TINH")
    simple.file(2, award="GK_HUYEN", submit=False)
    back = simple.file(1, unit="XA02", award="GK_HUYEN")
    office.act(review.return_for_supplement, back, reason="thiếu", **by)
    held = simple.file(1, award="GK_HUYEN")
    office.act(review.pause, held, ground="complaint", reason="có đơn", **by)
    office.act(review.pass_review, ready, **by)
    office.act(signature.sign, [ready[0], ready[4]], actor=office.chutich, now=office.now)
    dirty = annual.file(1, rating="KHTNV")
    office.act(review.evaluate, now=office.now, codes=[*dirty])
    office.act(petitions.file, text="Sai.", nomination=held[0], now=office.now)
    office.act(petitions.file, text="Sai nữa.", now=office.now + timedelta(days=1))


@pytest.fixture
def busy(kind: str, furnish: Any) -> Any:
    return furnish(kind, "busy_inbox", at_work)


def items(office: Any, username: str, **words: Any) -> list[inbox.Item]:
    """Everything, page after page."""
    found: list[inbox.Item] = []
    for page in pages(office, office.actor(username), **words):
        found += page
    return found


def pages(office: Any, actor: Actor, **words: Any) -> Iterator[list[inbox.Item]]:
    after = None
    given = {"now": office.now, "limit": 50} | words
    while True:
        page, after = office.look(inbox.of, actor, after=after, **given)
        yield page
        if after is None:
            return


def counts(office: Any, username: str) -> dict[str, int]:
    found: dict[str, int] = office.look(inbox.counts, office.actor(username), now=office.now)
    return found


def test_what_waits_for_whom(busy: Any) -> None:
    office_work = {"petition": 2, "disclose": 1, "answer": 1}
    assert {username: counts(busy, username) for username in EVERYBODY} == {
        "canbo.xa01": {"draft": 2},
        "truong.xa01": {"draft": 2},
        "canbo.xa02": {"returned": 1, "draft": 1},
        "truong.xa02": {"returned": 1, "draft": 1},
        "canbo.xa03": {"propose": 2},
        "chuyenvien1": {"submitted": 3, **office_work, "paused": 1},
        "chuyenvien2": {"submitted": 3, **office_work, "paused": 1},
        "thuky": {**office_work, "paused": 1},
        "chutich": {"sign": 2},  # one decision, one tờ trình
        "phochutich": {"sign": 1},  # authorised for LDTT and GK_HUYEN only
        "tv03": {},
        "tv04": {},
        "thanhtra": {},
        "quantri": {},
    }


def test_counts_are_the_lengths_of_the_lists_and_pages_hold_each_once(busy: Any) -> None:
    for username in EVERYBODY:
        whole = items(busy, username)
        by_kind: dict[str, int] = {}
        for item in whole:
            by_kind[item.kind] = by_kind.get(item.kind, 0) + 1
        assert by_kind == counts(busy, username)
        for size in (1, 2, 3, 5):
            assert items(busy, username, limit=size) == whole
        for kind in by_kind:
            assert items(busy, username, kind=kind, limit=2) == [item for item in whole if item.kind == kind]


def test_due_first_and_what_no_day_is_set_for_last(busy: Any) -> None:
    whole = items(busy, "chuyenvien1")
    days = [item.due or date.max for item in whole]
    assert days == sorted(days)
    assert {item.kind for item in whole if item.due is None} == {"answer", "paused"}
    late = items(busy, "canbo.xa02", now=busy.now + timedelta(days=12))  # 13 November, three working days later
    assert [(item.kind, item.due, item.overdue, item.days_left) for item in late] == [
        ("draft", DUE, True, -3),
        ("returned", None, False, None),
    ]
    on_time = items(busy, "canbo.xa02", now=busy.now + timedelta(days=7))
    assert [(item.overdue, item.days_left) for item in on_time if item.due] == [(False, 0)]


def test_an_item_names_its_nomination_and_what_may_be_done_with_many(busy: Any) -> None:
    by_verdict = {}
    for item in items(busy, "chuyenvien1", kind="submitted"):
        by_verdict.setdefault(item.verdict, set()).add(item.acts)
    judging = ("return_for_supplement", "find_ineligible", "pause")
    assert by_verdict == {None: {judging}, "ineligible": {judging}}
    codes = [item.code for item in items(busy, "chuyenvien1", kind="submitted")]
    busy.act(review.evaluate, now=busy.now, codes=codes)
    clean = items(busy, "chuyenvien1", kind="submitted", verdict="eligible")
    assert [(item.verdict, item.acts, item.nominee, item.award_name, item.unit, item.link) for item in clean] == [
        ("eligible", ("return_for_supplement", "pass_review", "find_ineligible", "pause"), "Lò Thị Mẫu " + str(n),
         "Lao động tiên tiến", "UBND xã Nậm Pục", ("nominations", f"DN-2024-00000{n}"))
        for n in (1, 2)
    ]  # fmt: skip
    assert {(item.acts, item.version is not None) for item in items(busy, "canbo.xa02")} == {
        (("submit", "withdraw"), True)
    }
    assert {item.acts for item in items(busy, "truong.xa02")} == {()}
    code = busy.one("SELECT code FROM review_round WHERE kind = 'DOT_XUAT'")
    assert [(item.title, item.link) for item in items(busy, "chutich")] == [
        ("Quyết định: Giấy khen của Chủ tịch UBND huyện, 3 hồ sơ", ("sign", code, "decide", "GK_HUYEN")),
        ("Tờ trình Chủ tịch UBND cấp tỉnh, 1 hồ sơ", ("sign", code, "propose", "CT_UBND_TINH")),
    ]


def test_nobody_judges_what_they_proposed(busy: Any) -> None:
    busy.write("UPDATE nomination SET proposed_by = 'chuyenvien1'")
    assert {item.acts for item in items(busy, "chuyenvien1", kind="submitted")} == {("pause",)}
    assert {item.acts for item in items(busy, "chutich", kind="sign")} == {()}  # a pile asks on its own page


def test_another_units_and_a_withdrawn_role_show_nothing(busy: Any) -> None:
    mine = {item.code for item in items(busy, "canbo.xa01")}
    theirs = {item.code for item in items(busy, "canbo.xa02")}
    assert mine & theirs == set()
    busy.write("UPDATE role_grant SET valid_to = '2024-11-01' WHERE role IN ('unit_officer', 'reviewer')")
    assert (counts(busy, "canbo.xa01"), counts(busy, "chuyenvien1")) == ({}, {})


def test_a_deputys_scope_and_days(busy: Any) -> None:
    assert {item.link[-1] for item in items(busy, "phochutich")} == {"GK_HUYEN"}
    for scope, found in (("BK_TINH", {"CT_UBND_TINH"}), ("all", {"CT_UBND_TINH", "GK_HUYEN"})):
        busy.act(
            authorisations.authorise,
            deputy="phochutich",
            document=f"9/{scope}",
            scope=scope,
            valid_from=date(2024, 11, 2),
            valid_to=date(2024, 11, 3),
            actor=busy.chutich,
            now=busy.now,
        )
        later = busy.now + timedelta(days=2)
        assert {item.link[-1] for item in items(busy, "phochutich", now=later)} >= found
    assert {item.link[-1] for item in items(busy, "phochutich")} == {"GK_HUYEN"}  # not yet
    busy.write("UPDATE authorisation SET valid_to = '2024-11-01', valid_from = '2024-01-01'")
    assert items(busy, "phochutich", now=busy.now + timedelta(days=1)) == []


def test_what_one_stands_aside_from_is_in_no_list(busy: Any) -> None:
    waiting = busy.one("SELECT code FROM nomination WHERE state = 'recommended' AND award = 'GK_HUYEN' LIMIT 1")
    held = busy.one("SELECT code FROM nomination WHERE state = 'paused'")
    round_ = busy.one("SELECT r.code FROM review_round r WHERE r.kind = 'DOT_XUAT'")
    session = busy.act(
        convening.convene, round_code=round_, at=busy.now, place="Hội trường", actor=busy.thuky, now=busy.now
    ).code
    for code in (waiting, held):
        busy.act(
            recusals.recuse,
            session,
            member="chutich",
            nomination=code,
            ground="con gái",
            actor=busy.thuky,
            now=busy.now,
        )
    assert next(item.title for item in items(busy, "chutich", kind="sign")).endswith(", 2 hồ sơ")
    busy.write("UPDATE recusal SET username = 'chuyenvien1'")
    assert counts(busy, "chuyenvien1") == {"submitted": 3, "petition": 1, "disclose": 1, "answer": 1}
    assert len(items(busy, "chuyenvien1")) == 6


def test_papers_leave_when_they_are_published_or_answered(busy: Any) -> None:
    by = {"actor": busy.chuyenvien1, "now": busy.now}
    letter = busy.one("SELECT code FROM submission_letter")
    busy.act(disclosure.record_answer, letter, number="8/QĐ-UBND", on=date(2024, 11, 1), **by)
    assert [(item.code, item.acts) for item in items(busy, "thuky", kind="disclose")] == [
        ("1-2024", ("disclose",)),
        (letter, ("disclose",)),
    ]
    for paper in ("1-2024", letter):
        busy.act(disclosure.disclose, paper, url="https://x.example/", **by)
    busy.act(petitions.answer, "PA-2024-0001", answer="Đã xem.", **by)
    assert counts(busy, "thuky") == {"petition": 1, "paused": 1}


# The round and the council ----------------------------------------------------------------------------------------


def test_the_secretary_is_told_when_a_stage_is_done(office: Any) -> None:
    round_ = office.open_round(proposals_due=DUE)
    assert counts(office, "thuky") == {}
    codes = round_.file(2)
    (done,) = items(office, "thuky")
    assert (done.kind, done.code, done.due, done.state) == ("advance", round_.code, DUE, "unit_proposal")
    units = office.one("SELECT count(*) FROM unit WHERE NOT is_office")
    assert done.title == f"Đã có 1/{units} đơn vị đề nghị; kết thúc nhận đề nghị của đợt {round_.code}?"
    draft = round_.file(1, submit=False)
    assert counts(office, "thuky") == {}
    office.act(proposal.submit, draft, actor=office.officer("XA01"), now=office.now)
    office.act(review.pass_review, codes, actor=office.chuyenvien1, now=office.now)
    found = items(office, "thuky")
    assert [(item.kind, item.code) for item in found] == [("advance", round_.code), ("convene", round_.code)]
    assert "2 hồ sơ" in found[1].title


def test_a_session_waits_for_each_in_its_turn(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.file(2)
    office.act(review.pass_review, codes, actor=office.chuyenvien1, now=office.now)
    held = office.now + timedelta(days=3)
    session = office.act(
        convening.convene, round_code=round_.code, at=held, place="Hội trường", actor=office.thuky, now=office.now
    ).code

    def seen(username: str) -> list[tuple[str, str]]:
        return [(item.kind, item.code) for item in items(office, username) if item.kind != "advance"]

    assert seen("thuky") == [("session", session)]
    (convened,) = items(office, "thuky", kind="session")
    assert (convened.state, convened.due) == ("convened", date(2024, 11, 4))
    assert seen("tv03") == [("meeting", session)]
    session_id = office.one("SELECT id FROM council_session")
    nomination = office.one("SELECT id FROM nomination WHERE code = :code", code=codes[0])
    for ground in ("same_name", "same_body"):
        office.write(
            "INSERT INTO conflict (session_id, username, nomination_id, ground, source, strength, message, found_at, state)"
            " VALUES (:session, 'tv03', :nomination, :ground, 'detected', 'ask', 'x', '2024-11-01 01:00:00+00:00', 'open')",
            session=session_id, nomination=nomination, ground=ground,
        )  # fmt: skip
    # Two grounds, one question.
    assert seen("tv03") == [("conflict", f"{session}/{codes[0]}"), ("meeting", session)]
    assert seen("tv04") == [("meeting", session)]
    office.write("UPDATE conflict SET state = 'denied', settled_by = 'tv03'")
    assert seen("tv03") == [("meeting", session)]
    office.write("UPDATE council_session SET state = 'open', frozen_sha256 = 'x', opened_at = held_at")
    office.write(
        "INSERT INTO ballot (session_id, kind, opened_by, public_key, shares_needed) VALUES (:id, 'secret', 'thuky', 'k', 2)",
        id=session_id,
    )
    office.write("INSERT INTO ballot_roll (session_id, username) VALUES (:id, 'tv04')", id=session_id)
    assert {username: seen(username) for username in ("tv03", "tv04", "thuky", "canbo.xa01")} == {
        "tv03": [("ballot", session)],
        "tv04": [],
        "thuky": [("session", session)],
        "canbo.xa01": [],
    }
    office.write("UPDATE ballot SET kind = 'paper'")
    assert seen("tv03") == []  # slips are cast in the room
    office.write("UPDATE council_session SET state = 'closed'")
    assert {username: seen(username) for username in ("tv03", "tv04", "tv10", "thuky")} == {
        "tv03": [],
        "tv04": [("count", session)],
        "tv10": [("count", session)],
        "thuky": [("session", session)],
    }
    office.write(
        "INSERT INTO hand_count (session_id, counted_by, counts, at) VALUES (:id, 'tv10', '{}', '2024-11-01 01:00:00+00:00')",
        id=session_id,
    )
    assert (seen("tv04"), seen("tv10")) == ([("count", session)], [])
    office.write("UPDATE council_session SET state = 'tallied'")
    assert [seen(username) for username in ("tv04", "thuky")] == [[], [("convene", round_.code)]]


def test_a_closed_round_waits_only_for_what_was_paused(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.CLOSED)
    held = round_.to(State.PAUSED)
    for _ in range(5):
        office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
    assert [counts(office, who) for who in ("canbo.xa01", "chuyenvien1", "thuky", "chutich")] == [
        {}, {"paused": 1}, {"paused": 1}, {},
    ]  # fmt: skip
    office.act(review.resume, held, reason="đơn sai", actor=office.chuyenvien1, now=office.now)
    assert [counts(office, who) for who in ("chuyenvien1", "thuky")] == [{"submitted": 1}, {}]


@pytest.mark.parametrize("after", ["x", "a~b~c~d~e", "2024-11-08~1~DX~1", "2024~1~DX~" + "9" * 30 + "~1"])
def test_a_page_key_of_somebodys_own_making(small_office: Any, after: str) -> None:
    with pytest.raises(Unreadable) as refused:
        small_office.look(inbox.of, small_office.chuyenvien1, now=small_office.now, after=after)
    assert refused.value.code == "bad_page_key"


def test_every_kind_has_its_words() -> None:
    assert set(inbox._PILES) == {state for state, row in STATE_ROWS.items() if row.desks} < set(inbox.KINDS)
