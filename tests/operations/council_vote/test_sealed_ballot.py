"""The sealed box from its key to its erasure: opening, shares, altered envelopes, other forms of vote, repeating a count."""

import itertools
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from documents import papers
from ledger import sealing
from operations import access
from operations.chairman_signature import paper_facts
from operations.council_vote import (
    ballot_box,
    ballot_check,
    ballot_memory,
    counting,
    recusals,
    sessions,
    share_files,
    vote,
)
from rules import regulation
from rules.lifecycle import State
from rules.refusal import Refusal, Unreadable

MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))
TELLERS = ("tv04", "tv10", "tv11")


def regulated(ballot: str = "secret", more: str = "", **changed: str) -> str:
    """The sample regulation with another form of vote or other numbers."""
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', f'ballot = "{ballot}"')
    for name, value in changed.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text, count=1)
        assert found == 1
    return f"{text}\n{more}"


def refusal(act: Any, *given: Any, **words: Any) -> str:
    with pytest.raises(Refusal) as refused:
        act(*given, **words)
    return refused.value.code


def cast(office: Any, session: str, username: str, choices: dict[str, str]) -> str:
    answer = office.act(vote.cast, session, choices=choices, actor=office.actor(username))
    return str(answer["receipt"])


def close(office: Any, session: str, by: str = "thuky") -> Any:
    return office.act(vote.close_ballot, session, actor=office.actor(by), now=office.now)


def tally(office: Any, session: str, shares: Any = (), by: str = "tv04") -> Any:
    return office.act(counting.tally_ballot, session, shares=shares, actor=office.actor(by), now=office.now)


def prospect(office: Any, session: str, **words: Any) -> vote.Prospect:
    found: vote.Prospect = office.look(vote.prospect, session, actor=office.thuky, **words)
    return found


def closed(office: Any, count: int = 2, voters: tuple[str, ...] = MEMBERS, **words: Any) -> tuple[str, list[str]]:
    """A closed ballot in which the first nomination is approved by all and the others by the first eight."""
    round_ = office.open_round(**words)
    codes = round_.to(State.ELIGIBLE, count)
    session = round_.ballot()
    for number, member in enumerate(voters):
        cast(office, session, member, dict.fromkeys(codes, "approve" if number < 8 else "disapprove"))
    close(office, session)
    return session, codes


# Opening -------------------------------------------------------------------------------------------------------------


def test_a_secret_ballot_does_not_open_without_a_key(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session()
    clean = office.digests()
    assert refusal(office.act, vote.open_ballot, session, actor=office.thuky, now=office.now) == "key_required"
    assert office.digests() == clean


def test_what_the_opening_answers(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.session()
    plan = prospect(office, session)
    assert (plan.kind, plan.tellers, plan.needed, plan.agenda, plan.left) == ("secret", TELLERS, 2, tuple(codes), ())
    public_key, shares = plan.new_key()
    assert set(shares) == set(TELLERS)
    answer = office.act(vote.open_ballot, session, public_key=public_key, actor=office.thuky, now=office.now)
    assert answer == {
        "agenda": codes,
        "frozen": office.one("SELECT frozen_sha256 FROM council_session"),
        "ballot": "secret",
        "key": sealing.fingerprint(public_key),
        "left": [],
        "warnings": list(plan.warnings),
    }
    assert office.rows("SELECT kind, public_key, shares_needed, opened_by, closed_by, batch FROM ballot") == [
        ("secret", ballot_box.public_key_text(public_key), 2, "thuky", None, None)
    ]
    assert office.violations() == []


@pytest.mark.parametrize(
    ("changed", "asked", "expected"),
    [
        ({}, None, 2),
        ({}, 2, 2),
        ({}, 3, 3),
        ({}, 1, "shares_against_regulation"),
        ({}, 4, "shares_against_regulation"),
        ({}, 0, "shares_against_regulation"),
        ({"shares_needed": "3"}, None, 3),
        ({"shares_needed": "3"}, 2, "shares_against_regulation"),
        ({"shares_needed": "1"}, None, 2),
        ({"tellers": "4"}, None, "too_few_tellers"),
        ({"tellers": "1", "shares_needed": "1"}, None, 2),
    ],
    ids=lambda value: str(value).replace("'", ""),
)
def test_how_many_shares_open_the_box(small_office: Any, changed: Any, asked: int | None, expected: Any) -> None:
    round_ = small_office.open_round(regulation_text=regulated(**changed))
    round_.to(State.ELIGIBLE)
    session = round_.session()
    if isinstance(expected, str):
        clean = small_office.digests()
        assert refusal(prospect, small_office, session, shares_needed=asked) == expected
        words = {"public_key": bytes(32), "shares_needed": asked, "actor": small_office.thuky, "now": small_office.now}
        assert refusal(small_office.act, vote.open_ballot, session, **words) == expected
        assert small_office.digests() == clean
    else:
        assert prospect(small_office, session, shares_needed=asked).needed == expected


def test_the_strictest_form_goes_first_and_the_others_wait(small_office: Any) -> None:
    more = '[vote.CSTDCS]\nballot = "open"\n[vote.GK_HUYEN]\nballot = "paper"\n'
    round_ = small_office.open_round(regulation_text=regulated(more=more))
    secret = round_.to(State.ELIGIBLE, 2)
    paper = round_.to(State.ELIGIBLE, 1, award="GK_HUYEN")
    for kind, agenda, left in (("secret", secret, paper), ("paper", paper, [])):
        session = round_.session()
        plan = prospect(small_office, session)
        assert (plan.kind, list(plan.agenda), list(plan.left)) == (kind, agenda, left)
        assert small_office.open_ballot(session)["left"] == left
        assert small_office.states(left) == ["eligible"] * len(left)


def test_everything_that_is_frozen_changes_the_hash(small_office: Any) -> None:
    office = small_office
    seen = set()

    def frozen(present: tuple[str, ...] = MEMBERS, recuse: bool = False, key: Any = None, count: int = 1, **words: Any) -> None:  # fmt: skip
        round_ = office.open_round(**words)
        codes = round_.to(State.ELIGIBLE, count)
        session = round_.session(present)
        if recuse:
            office.act(recusals.recuse, session, member="tv05", nomination=codes[0], ground="em", actor=office.thuky,
                       now=office.now)  # fmt: skip
        opening = {"actor": office.thuky, "now": office.now} | (key or office.key(session))
        seen.add(office.act(vote.open_ballot, session, **opening)["frozen"])

    frozen()
    frozen(MEMBERS[:-1])
    frozen(recuse=True)
    frozen(count=2)
    frozen(regulation_text=regulated(threshold="[8, 10]"))
    frozen(regulation_text=regulated("open"))
    assert len(seen) == 6


def test_what_the_numbers_may_give_away_is_said_before(small_office: Any) -> None:
    office = small_office
    round_ = office.open_round(regulation_text=regulated(quorum="[1, 10]", absent='"counts_against"'))
    few, many = round_.to(State.ELIGIBLE, 2)
    session = round_.session(MEMBERS[:4])
    (always, whole, absent) = prospect(office, session).warnings
    assert ("giống nhau" in always, "nguyên từng phiếu" in whole, "vắng mặt" in absent) == (True, True, True)
    office.act(recusals.recuse, session, member="tv03", nomination=few, ground="em", actor=office.thuky, now=office.now)
    _, warned, absent = prospect(office, session).warnings  # with somebody aside the batch is dealt
    assert (few in warned, many in warned, "3 người" in warned) == (True, False, True)
    assert "vắng mặt" in absent


# Shares on disk ------------------------------------------------------------------------------------------------------


def test_shares_are_files_of_their_tellers_alone(tmp_path: Path) -> None:
    folder = tmp_path / "shares"
    _, first = sealing.new_key(session="PH-1", needed=2, tellers=["a", "b/../c"])
    (other,) = share_files.write(folder, "PH-0", {"a": "another session's"})
    share_files.write(folder, "PH-1", first)
    _, second = sealing.new_key(session="PH-1", needed=2, tellers=["a", "b/../c"])
    paths = share_files.write(folder, "PH-1", second)  # the first opening was never committed
    assert sorted(folder.iterdir()) == sorted([other, *paths])
    assert [stat.S_IMODE(path.stat().st_mode) for path in [folder, *paths]] == [0o700, 0o600, 0o600]
    assert [path.read_text() for path in paths] == list(second.values())


@pytest.mark.parametrize("text", ["", "không phải mảnh khóa", "\x00" * 50, "A" * 100_000], ids=range(4))
def test_what_is_no_share_is_a_wrong_share(text: str) -> None:
    assert refusal(share_files.parse, [text], "PH-1") == "wrong_shares"


# Shares at the tally -------------------------------------------------------------------------------------------------


def test_shares_that_do_not_open_this_box_change_nothing(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.session()
    strangers = prospect(office, session).new_key()[1]  # an opening that was never committed
    office.open_ballot(session)
    for member in MEMBERS:
        cast(office, session, member, dict.fromkeys(codes, "approve"))
    close(office, session)
    own = office.shares(session, 3)
    foreign, _ = closed(office, year=2024, title="Đợt khác")
    public_key, outsiders = sealing.new_key(session=session, needed=2, tellers=["tv05", "tv06"])
    del public_key
    other_key = [sealing.read_share(text) for text in strangers.values()]
    not_tellers = [sealing.read_share(text) for text in outsiders.values()]
    altered = sealing.Share(own[1].session, own[1].teller, own[1].index, own[1].tellers, own[1].needed, own[1].key,
                            bytes(32))  # fmt: skip
    clean = office.digests()
    answers = {
        "none": refusal(tally, office, session),
        "one": refusal(tally, office, session, own[:1]),
        "one twice": refusal(tally, office, session, [own[0], own[0]]),
        "another session's": refusal(tally, office, session, office.shares(foreign)),
        "one of another session": refusal(tally, office, session, [own[0], office.shares(foreign)[1]]),
        "another key's": refusal(tally, office, session, other_key),
        "one of another key": refusal(tally, office, session, [own[0], other_key[1]]),
        "of people who are no tellers": refusal(tally, office, session, not_tellers),
        "one altered": refusal(tally, office, session, [own[0], altered]),
        "a spare one altered": refusal(tally, office, session, [own[0], altered, own[2]]),
        "by the engine": refusal(office.act, counting.tally_ballot, session, actor=access.ENGINE, now=office.now),
    }
    wrong, few = "wrong_shares", "too_few_shares"
    assert answers == {
        "none": few,
        "one": few,
        "one twice": few,
        "another session's": wrong,
        "one of another session": wrong,
        "another key's": wrong,
        "one of another key": wrong,
        "of people who are no tellers": wrong,
        "one altered": wrong,
        "a spare one altered": wrong,
        "by the engine": few,
    }
    assert office.look(lambda s: counting.tally_without_shares(s, session, actor=access.ENGINE, now=office.now)) == []
    assert office.digests() == clean


def test_a_share_brought_twice_counts_once(office: Any) -> None:
    session, codes = closed(office)
    own = office.shares(session, 2)
    with pytest.raises(Refusal) as refused:
        tally(office, session, [own[0]] * 3)
    assert (refused.value.code, refused.value.details) == ("too_few_shares", {"brought": 1, "needed": 2})
    counted = tally(office, session, [own[0], own[1], own[0]])
    assert [one["code"] for one in counted["results"]] == codes
    assert office.one("SELECT state FROM council_session WHERE code = :code", code=session) == "tallied"


@pytest.mark.parametrize("brought", [*itertools.combinations(range(3), 2), (0, 1, 2)], ids=str)
def test_any_tellers_in_sufficient_number_open_it(small_office: Any, brought: tuple[int, ...]) -> None:
    session, codes = closed(small_office)
    every = small_office.shares(session, 3)
    counted = tally(small_office, session, [every[n] for n in brought], by="thuky")
    assert [(one["code"], one["approve"], one["disapprove"]) for one in counted["results"]] == [
        (code, 8, 3) for code in codes
    ]
    said = json.loads(
        small_office.one(
            'SELECT openings FROM ledger_opening o JOIN ledger_entry e ON e."index" = o."index" '
            "WHERE kind = 'ballot:counted'"
        )
    )
    assert said["counted_by"][1] == [TELLERS[n] for n in brought]
    assert small_office.rows("SELECT * FROM ballot_box") == []
    assert small_office.violations() == []


def test_all_that_the_server_has_and_one_share_too_few_open_nothing(office: Any) -> None:
    """Everything in the database, tried as the key and as the missing share."""
    session, codes = closed(office)
    (one,) = office.shares(session, 1)
    sitting = office.look(sessions.by_code, session)
    ballot = office.look(lambda s: ballot_box.require(s, sitting))
    inside = office.look(lambda s: ballot_box.envelopes(s, sitting, ballot))
    words = {
        "public_key": ballot_box.public_key(ballot),
        "session": session,
        "frozen": sitting.frozen_sha256,
        "agenda": codes,
    }
    with pytest.raises(sealing.TooFewShares):
        sealing.open_box(inside, shares=[one], **words)
    material = {envelope[start : start + 32] for envelope in inside for start in range(len(envelope) - 31)}
    material |= {ballot_box.public_key(ballot), bytes.fromhex(sitting.frozen_sha256), one.value}
    for value in sorted(material):
        guess = sealing.Share(session, "tv10", 2, one.tellers, one.needed, one.key, value)
        with pytest.raises(sealing.WrongShares):
            sealing.open_box(inside, shares=[one, guess], **words)


def test_nothing_but_box_roll_and_ledger_moves_while_the_ballot_is_open(office: Any) -> None:
    """No count, state, letter or message anywhere from which a partial result could be read."""
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.ballot()
    ledger = {"ledger_act", "ledger_entry", "ledger_head", "ledger_opening"}
    for number, member in enumerate(MEMBERS):
        before = office.digests()
        cast(office, session, member, dict.fromkeys(codes, vote.CHOICES[number % 3]))
        after = office.digests()
        assert {name for name in after if after[name] != before[name]} == {
            "ballot",
            "ballot_box",
            "ballot_roll",
            *ledger,
        }
    before = office.digests()
    close(office, session)
    after = office.digests()
    assert {name for name in after if after[name] != before[name]} <= {
        "ballot", "ballot_receipt", "council_session", "outbox_message", *ledger,
    }  # fmt: skip
    assert set(office.rows("SELECT approve, disapprove, abstain, outcome FROM agenda_item")) == {(None,) * 4}


# Altered boxes -------------------------------------------------------------------------------------------------------


def envelope_of(office: Any, session: str, choices: dict[str, str]) -> bytes:
    """What anybody who reads the database can make: rightly sealed with the public key."""
    sitting = office.look(sessions.by_code, session)
    ballot = office.look(lambda s: ballot_box.require(s, sitting))
    return sealing.seal(
        choices,
        agenda=list(choices),
        aside=(),
        public_key=ballot_box.public_key(ballot),
        session=session,
        frozen=sitting.frozen_sha256,
    )


def tamper(office: Any, session: str, how: str, envelope: bytes) -> None:
    sitting = office.one("SELECT id FROM council_session WHERE code = :c", c=session)
    first = office.rows("SELECT envelope FROM ballot_box WHERE session_id = :s ORDER BY envelope", s=sitting)[0][0]
    drop = "DELETE FROM ballot_box WHERE session_id = :s AND envelope = :e"
    put = "INSERT INTO ballot_box (session_id, envelope) VALUES (:s, :e)"
    match how:
        case "added":
            office.write(put, s=sitting, e=envelope)
        case "dropped":
            office.write(drop, s=sitting, e=first)
        case "replaced":
            office.write(drop, s=sitting, e=first)
            office.write(put, s=sitting, e=envelope)
        case "duplicated":
            second = office.rows("SELECT envelope FROM ballot_box WHERE session_id = :s ORDER BY envelope", s=sitting)[
                1
            ][0]
            office.write(drop, s=sitting, e=first)
            flipped = bytes([second[0] ^ 1]) + bytes(second[1:])  # the same slip once more, as far as the key allows
            office.write(put, s=sitting, e=flipped)
        case "roll signed without a ballot":
            office.write("INSERT INTO ballot_roll (session_id, username) VALUES (:s, 'nguoila')", s=sitting)
        case "roll forgotten":
            office.write("DELETE FROM ballot_roll WHERE session_id = :s AND username = 'tv05'", s=sitting)


ALTERED = ("added", "dropped", "replaced", "duplicated", "roll signed without a ballot", "roll forgotten")


@pytest.mark.parametrize("how", ALTERED)
def test_a_box_altered_after_the_closing_is_not_counted(office: Any, how: str) -> None:
    session, codes = closed(office)
    tamper(office, session, how, envelope_of(office, session, dict.fromkeys(codes, "disapprove")))
    clean = office.digests()
    with pytest.raises(Refusal) as refused:
        tally(office, session, office.shares(session))
    assert (refused.value.code, refused.value.reach) == ("roll_mismatch", True)
    assert office.digests() == clean
    assert [one["table"] for one in office.look(ballot_check.verify, session)] != []


@pytest.mark.parametrize("how", ALTERED)
def test_a_box_altered_while_it_is_open_takes_no_more_and_is_not_closed(small_office: Any, how: str) -> None:
    office = small_office
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.ballot()
    for member in MEMBERS[:9]:
        cast(office, session, member, dict.fromkeys(codes, "approve"))
    tamper(office, session, how, envelope_of(office, session, dict.fromkeys(codes, "disapprove")))
    clean = office.digests()
    assert refusal(close, office, session) == "roll_mismatch"
    assert refusal(cast, office, session, "tv11", dict.fromkeys(codes, "approve")) == "roll_mismatch"
    assert office.digests() == clean
    waiting = office.act(vote.annul_ballot, session, reason="Hòm phiếu bị sửa", actor=office.thuky, now=office.now)
    assert waiting == {"waiting": codes}


def test_whoever_also_mends_the_digest_is_found_by_the_key_or_by_the_ledger(office: Any) -> None:
    """Somebody with the database's password replaces an envelope and rewrites every digest that stands in a table."""
    session, codes = closed(office)
    sitting = office.look(sessions.by_code, session)
    for seal in (
        lambda: bytes(48 + len(codes)),  # no envelope of this key
        lambda: envelope_of(office, session, dict.fromkeys(codes, "disapprove")),
    ):
        tamper(office, session, "replaced", seal())
        ballot = office.look(lambda s: ballot_box.require(s, sitting))
        inside = office.look(lambda s, b=ballot: ballot_box.envelopes(s, sitting, b))
        office.write("UPDATE ballot SET box_sha256 = :d", d=sealing.box_digest(inside))
        office.write("DELETE FROM ballot_receipt")
        for envelope in inside:
            office.write("INSERT INTO ballot_receipt VALUES (:s, :r)", s=sitting.id, r=sealing.receipt(envelope))
        assert ("ballot", session) in [(one["table"], one["key"]) for one in office.violations()]
        named = {one["table"] for one in office.look(ballot_check.verify, session)}
        assert named == {"council_session", "ballot_box", "ballot_receipt"}
        assert refusal(tally, office, session, office.shares(session)) == "frozen_changed"


def test_an_envelope_that_votes_where_its_member_stood_aside_stops_the_count(small_office: Any) -> None:
    """Put in past this program, rightly sealed, with every digest mended, the data folder's too: it does not fit the roll."""
    office = small_office
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.session()
    office.act(
        recusals.recuse, session, member="tv05", nomination=codes[0], ground="em", actor=office.thuky, now=office.now
    )
    office.open_ballot(session)
    sitting = office.look(sessions.by_code, session)
    ballot = office.look(lambda s: ballot_box.require(s, sitting))
    for member in MEMBERS:
        if member != "tv05":
            cast(office, session, member, dict.fromkeys(codes, "approve"))
    before = set(office.look(lambda s: ballot_box.envelopes(s, sitting, ballot)))
    cast(office, session, "tv05", {codes[1]: "approve"})
    own = set(office.look(lambda s: ballot_box.envelopes(s, sitting, ballot))) - before
    forged = envelope_of(office, session, dict.fromkeys(codes, "disapprove"))
    office.write("UPDATE ballot_box SET envelope = :new WHERE envelope = :old", new=forged, old=own.pop())
    inside = office.look(lambda s: ballot_box.envelopes(s, sitting, ballot))
    digest = sealing.box_digest(inside)
    office.write("UPDATE ballot SET box_sha256 = :d", d=digest)
    office.act(ballot_memory.note_box, session, digest, digest)
    close(office, session)
    clean = office.digests()
    assert refusal(tally, office, session, office.shares(session)) == "roll_mismatch"
    assert office.digests() == clean


# Annulled ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["open", "closed"])
def test_a_ballot_whose_shares_are_lost_is_annulled_and_held_again(office: Any, at: str) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.ballot()
    for member in MEMBERS[:9]:
        cast(office, session, member, dict.fromkeys(codes, "disapprove"))
    if at == "closed":
        close(office, session)
    stages = office.one("SELECT count(*) FROM outbox_message WHERE kind = 'stage_entered'")
    office.settle_outbox()
    assert office.act(vote.annul_ballot, session, reason="Mất hai mảnh khóa", actor=office.thuky, now=office.now) == {
        "waiting": codes
    }
    assert office.states(codes) == ["eligible"] * 2
    assert office.one("SELECT count(*) FROM outbox_message WHERE kind = 'stage_entered'") == stages + 1
    assert office.rows("SELECT * FROM ballot_box") == []
    assert office.rows("SELECT state FROM council_session") == [("cancelled",)]
    assert office.rows("SELECT kind FROM ledger_entry WHERE kind IN ('session:ballot_annulled', 'nomination:taken_off_ballot') ORDER BY 1") == [
        ("nomination:taken_off_ballot",), ("nomination:taken_off_ballot",), ("session:ballot_annulled",)
    ]  # fmt: skip
    assert office.violations() == []
    for late in (
        lambda: cast(office, session, "tv11", {}),
        lambda: close(office, session),
        lambda: tally(office, session, office.shares(session)),
        lambda: office.open_ballot(session),
    ):
        assert refusal(late) in {"ballot_closed", "ballot_open"}
    round_.vote("approve")
    assert office.states(codes) == ["recommended"] * 2
    assert office.violations() == []


# Minutes -------------------------------------------------------------------------------------------------------------


def test_the_minutes_say_what_each_member_does_in_the_council(small_office: Any) -> None:
    office = small_office
    office.write("UPDATE council_member SET valid_from = '2024-03-01' WHERE title = 'Chủ tịch Hội đồng'")
    office.write(  # a seat of before and one of after the session are not this session's
        "INSERT INTO council_member (council_id, account_id, title, body, chairs, teller, valid_from, valid_to)"
        " SELECT council_id, account_id, 'Ủy viên Thường trực', 'Phòng Nội vụ', false, false, '2024-01-01', '2024-03-01'"
        " FROM council_member WHERE title = 'Chủ tịch Hội đồng' UNION ALL"
        " SELECT council_id, account_id, 'Ủy viên', 'Huyện ủy', false, false, '2025-01-01', NULL"
        " FROM council_member WHERE title = 'Chủ tịch Hội đồng'"
    )
    session, _ = closed(office)
    tally(office, session, office.shares(session))
    facts = office.look(paper_facts.of_session, session)
    assert [(one["position"], one["role"]) for one in facts["attendees"]][:5] == [
        ("UBND huyện", "Chủ tịch Hội đồng"),
        ("UBND huyện", "Phó Chủ tịch Hội đồng"),
        ("Ủy ban Mặt trận Tổ quốc huyện", "Phó Chủ tịch Hội đồng"),
        ("Liên đoàn Lao động huyện", "Ủy viên, kiểm phiếu"),
        ("Hội Liên hiệp Phụ nữ huyện", "Ủy viên"),
    ]
    assert facts["chair"]["position"] == "Chủ tịch Hội đồng, UBND huyện"
    assert papers.MinutesPaper.model_validate(facts).attendees[3].role == "Ủy viên, kiểm phiếu"


# Open votes ----------------------------------------------------------------------------------------------------------


def test_an_open_vote_is_by_name_and_counted_by_another_pair_of_eyes(office: Any) -> None:
    session, codes = closed(office, regulation_text=regulated("open"))
    assert office.rows("SELECT kind, public_key, shares_needed FROM ballot") == [("open", None, None)]
    assert office.rows("SELECT * FROM ballot_box") == []
    clean = office.digests()
    assert refusal(tally, office, session, by="thuky") == "four_eyes"  # closed it
    assert office.digests() == clean
    counted = tally(office, session)
    assert [(one["approve"], one["disapprove"]) for one in counted["results"]] == [(8, 3)] * 2
    facts = office.look(paper_facts.of_session, session)
    assert papers.MinutesPaper.model_validate(facts).open_votes[0].sentence().endswith("đồng ý 2 hồ sơ")
    assert [(one["member"], one["approve"], one["disapprove"]) for one in facts["open_votes"]][-1] == (
        office.one("SELECT name FROM session_member WHERE username = 'tv11'"), [], codes,
    )  # fmt: skip
    assert office.violations() == []


def test_the_engine_counts_an_open_vote_that_it_closed(small_office: Any) -> None:
    office = small_office
    round_ = office.open_round(regulation_text=regulated("open"))
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot()
    for member in MEMBERS:
        cast(office, session, member, {code: "approve"})
    office.act(vote.close_ballot, session, actor=access.ENGINE, now=office.now)
    (result,) = office.act(counting.tally_without_shares, session, actor=access.ENGINE, now=office.now)
    assert (result["code"], result["approve"], result["outcome"]) == (code, 11, "recommended")


def test_an_open_vote_changed_in_its_table_is_not_counted(small_office: Any) -> None:
    session, _ = closed(small_office, regulation_text=regulated("open"))
    small_office.write(
        "UPDATE open_vote SET choices = replace(choices, 'disapprove', 'approve') WHERE username = 'tv11'"
    )
    assert refusal(tally, small_office, session) == "roll_mismatch"


# Paper ---------------------------------------------------------------------------------------------------------------


def on_paper(office: Any) -> tuple[Any, str, list[str]]:
    round_ = office.open_round(regulation_text=regulated("paper"))
    codes = round_.to(State.ELIGIBLE, 2)
    session = round_.session()
    office.act(
        recusals.recuse, session, member="tv05", nomination=codes[0], ground="em", actor=office.thuky, now=office.now
    )
    office.open_ballot(session)
    return round_, session, codes


def count(office: Any, session: str, by: str, *numbers: list[int]) -> int:
    codes = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, session)))
    entered: int = office.act(
        counting.enter_count, session, counts=dict(zip(codes, numbers, strict=False)), actor=office.actor(by),
        now=office.now,
    )  # fmt: skip
    return entered


def test_a_paper_ballot_is_counted_when_two_tellers_counted_the_same(office: Any) -> None:
    _, session, codes = on_paper(office)
    assert refusal(cast, office, session, "tv03", dict.fromkeys(codes, "approve")) == "paper_ballot"
    assert office.act(vote.sign_roll, session, MEMBERS[:8], actor=office.thuky) == 8
    assert refusal(office.act, vote.sign_roll, session, ["tv03"], actor=office.tv04) == "already_voted"
    assert refusal(office.act, vote.sign_roll, session, ["nguoila"], actor=office.tv04) == "not_a_member"
    assert office.act(vote.sign_roll, session, ["TV09", "tv09"], actor=office.tv04) == 9
    assert refusal(count, office, session, "tv04", [8, 0, 0], [9, 0, 0]) == "ballot_open"
    assert close(office, session) == {"roll": 9, "envelopes": 9}
    assert refusal(tally, office, session) == "counts_missing"
    assert refusal(count, office, session, "tv04", [8, 0, 0]) == "counts_missing"
    assert refusal(count, office, session, "tv04", [9, 0, 0], [9, 0, 0]) == "roll_mismatch"  # tv05 stood aside
    assert refusal(count, office, session, "chutich", [8, 0, 0], [9, 0, 0]) == "not_your_role"
    assert count(office, session, "tv04", [8, 0, 0], [7, 1, 1]) == 1
    assert refusal(tally, office, session) == "counts_missing"
    assert count(office, session, "tv10", [8, 0, 0], [7, 2, 0]) == 2
    clean = office.digests()
    with pytest.raises(Refusal) as refused:
        tally(office, session)
    assert (refused.value.code, refused.value.details) == ("counts_differ", {"nomination": codes[1]})
    assert office.look(lambda s: counting.tally_without_shares(s, session, actor=access.ENGINE, now=office.now)) == []
    assert office.digests() == clean
    assert count(office, session, "tv10", [8, 0, 0], [7, 1, 1]) == 2  # counted again
    counted = tally(office, session)
    assert counted["batch"] == []
    assert [(one["approve"], one["disapprove"], one["abstain"]) for one in counted["results"]] == [(8, 0, 0), (7, 1, 1)]
    assert office.look(ballot_check.verify, session) == []
    assert office.violations() == []


# Repeating the count -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["secret", "open"])
def test_anybody_repeats_the_count_from_what_was_published(office: Any, form: str) -> None:
    session, _ = closed(office, regulation_text=regulated(form))
    counted = tally(office, session, office.shares(session))
    for batch in (None, counted, counted["batch"], json.loads(json.dumps(counted))):
        assert office.look(ballot_check.verify, session, batch=batch) == []


def test_a_published_batch_that_was_altered_does_not_match(office: Any) -> None:
    session, codes = closed(office)
    rows = tally(office, session, office.shares(session))["batch"]
    flipped = [dict(row) for row in rows]
    flipped[0][codes[0]] = "abstain" if rows[0][codes[0]] == "approve" else "approve"
    shuffled = rows[1:] + rows[:1]
    if shuffled == rows:
        shuffled = []
    found = {
        "flipped": {one["table"] for one in office.look(ballot_check.verify, session, batch=flipped)},
        "shorter": {one["table"] for one in office.look(ballot_check.verify, session, batch=rows[:-1])},
        "foreign line": {
            one["table"] for one in office.look(ballot_check.verify, session, batch=[{**rows[0], "X": "approve"}, *rows[1:]])
        },
        "empty": {one["table"] for one in office.look(ballot_check.verify, session, batch=[])},
    }  # fmt: skip
    assert found == {
        "flipped": {"batch", "agenda_item"},
        "shorter": {"batch", "ballot", "agenda_item"},
        "foreign line": {"batch"},
        "empty": {"batch", "ballot", "agenda_item"},
    }
    for batch in ({}, {"batch": "x"}, [1], [{"a": 1}], "x", 7):
        with pytest.raises(Unreadable, match="batch"):
            office.look(ballot_check.verify, session, batch=batch)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE agenda_item SET approve = approve + 1", "agenda_item"),
        ("UPDATE agenda_item SET approve = approve + 1, disapprove = disapprove - 1", "agenda_item"),
        ("UPDATE agenda_item SET approve = 500", "agenda_item"),
        ("UPDATE agenda_item SET needed = 1", "agenda_item"),
        ("UPDATE agenda_item SET outcome = 'not_recommended'", "agenda_item"),
        ("UPDATE ballot SET batch = replace(batch, 'disapprove', 'approve')", "ballot"),
        ("UPDATE ballot SET batch = '[]'", "ballot"),
        ("UPDATE council_session SET batch_sha256 = 'x'", "ballot"),
        ("DELETE FROM ballot_receipt", "ballot_receipt"),
        ("UPDATE ballot SET box_sha256 = 'x'", "ballot_receipt"),
        ("DELETE FROM ballot_roll WHERE username = 'tv05'", "ballot_roll"),
        ("UPDATE session_member SET attended = NOT attended WHERE username = 'tv05'", "session_member"),
        ("INSERT INTO recusal (session_id, username, nomination_id, ground, at) SELECT 1, 'tv05', nomination_id, 'x', "
         "'2024-11-01 00:00:00' FROM agenda_item LIMIT 1", "agenda_item"),
    ],
)  # fmt: skip
def test_numbers_altered_in_the_database_are_named(small_office: Any, statement: str, table: str | None) -> None:
    session, _ = closed(small_office)
    tally(small_office, session, small_office.shares(session))
    assert small_office.look(ballot_check.verify, session) == []
    assert small_office.write(statement) > 0
    named = {one["table"] for one in small_office.look(ballot_check.verify, session)}
    assert (table in named) if table else named == set()  # attendance is no part of this regulation's base
    assert small_office.violations() != []


def test_a_receipt_is_in_its_own_session_and_in_no_other(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 1)
    session = round_.ballot()
    receipts = [cast(office, session, member, dict.fromkeys(codes, "approve")) for member in MEMBERS]
    other, _ = closed(office, title="Đợt khác")
    for step in ("open", "closed", "tallied"):
        for receipt in receipts:
            for written in (receipt, receipt.lower(), receipt.replace("-", " ")):
                assert office.look(ballot_check.verify, session, receipt=written) == []
        assert refusal(office.look, ballot_check.verify, other, receipt=receipts[0]) == "foreign_receipt"
        assert refusal(office.look, ballot_check.verify, session, receipt="-".join(["AAAA"] * 8)) == "foreign_receipt"
        for unreadable in ("", "x", "AAAA", receipts[0][:-1], receipts[0] + "A", "1" * 40, "đ" * 32):
            with pytest.raises(Unreadable):
                office.look(ballot_check.verify, session, receipt=unreadable)
        if step == "open":
            close(office, session)
        elif step == "closed":
            tally(office, session, office.shares(session))


def test_there_is_nothing_to_repeat_before_there_is_a_ballot(small_office: Any) -> None:
    round_ = small_office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session()
    assert refusal(small_office.look, ballot_check.verify, session) == "ballot_closed"
    small_office.open_ballot(session)
    assert small_office.look(ballot_check.verify, session) == []
    assert refusal(small_office.look, ballot_check.verify, session, batch=[]) == "not_tallied"


def test_the_minutes_say_the_mark_of_the_key(small_office: Any) -> None:
    """What voters have on their receipts, and tellers on their shares, is compared with the signed minutes."""
    session, _ = closed(small_office)
    mark = small_office.shares(session)[0].key
    small_office.tally(session)
    facts = small_office.look(paper_facts.of_session, session)
    assert (
        sum(mark in sentence for value in facts.values() if isinstance(value, list) for sentence in map(str, value))
        == 1
    )
