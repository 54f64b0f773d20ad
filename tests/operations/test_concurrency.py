"""Two people, two senders, two sweeps at once: real threads on both databases, each thing is done once."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from benchmarks import ballot_races
from operations import outbox
from operations.chairman_signature import signature
from operations.council_vote import vote
from operations.home_affairs_review import review
from operations.unit_proposal import proposal
from operations.upkeep import deadlines
from rules.lifecycle import State
from rules.refusal import Refusal

pytestmark = pytest.mark.both_databases

THREADS = 8
MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of `count` threads answered or raised, all started at the same moment."""
    start = threading.Barrier(count)
    answers: list[Any] = [None] * count

    def run(number: int) -> None:
        start.wait(20)
        try:
            answers[number] = act(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return answers


def outcomes(answers: list[Any], codes: list[str]) -> dict[str, Counter[str]]:
    """For each code, how often the act succeeded and how often each refusal was the answer."""
    found: dict[str, Counter[str]] = {code: Counter() for code in codes}
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        for result in getattr(answer, "results", answer):
            found[result.code]["done" if result.refusal is None else result.refusal.code] += 1
    return found


def test_eight_people_at_once_move_each_nomination_once(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.file(6, submit=False)
    officer, reviewer, chairman = office.officer("XA01"), office.chuyenvien1, office.chutich
    now = office.now
    once = {code: Counter({"wrong_state": THREADS - 1, "done": 1}) for code in codes}

    def together(verb: Callable[..., Any], actor: Any) -> dict[str, Counter[str]]:
        # Everybody takes them in another order, as people do.
        return outcomes(
            at_once(THREADS, lambda n: office.act(verb, codes[n % 6 :] + codes[: n % 6], actor=actor, now=now)), codes
        )

    assert together(proposal.submit, officer) == once
    assert together(review.pass_review, reviewer) == once
    round_.vote("approve")
    assert together(signature.sign, chairman) == once
    assert office.states(codes) == [State.SIGNED] * 6
    assert set(office.rows("SELECT version FROM nomination")) == {(6,)}  # drafted and five steps
    assert office.rows("SELECT code FROM decision") == [("1-2024",)]
    assert office.one("SELECT count(*) FROM ledger_entry WHERE kind = 'nomination:signed'") == 6
    assert office.violations() == []


def test_one_by_one_at_once_numbers_have_no_gap_and_no_twin(office: Any) -> None:
    round_ = office.open_round()
    proposals = [round_.proposals(3) for _ in range(THREADS)]
    filed = at_once(
        THREADS,
        lambda n: office.act(
            proposal.file,
            round_code=round_.code,
            unit_code=f"XA0{n + 1}",
            proposals=proposals[n],
            actor=office.officer(f"XA0{n + 1}"),
            now=office.now,
        ),
    )
    codes = sorted(code for one in filed for code in one.codes)
    assert codes == [f"DN-2024-{n:06d}" for n in range(1, 25)]
    assert sorted(one.dossier for one in filed) == [f"HS-2024-{n:04d}" for n in range(1, 9)]
    office.act(review.pass_review, codes, actor=office.chuyenvien1, now=office.now)
    round_.vote("approve")
    at_once(
        THREADS, lambda n: office.act(signature.sign, codes[n * 3 : n * 3 + 3], actor=office.chutich, now=office.now)
    )
    assert office.rows("SELECT number, code FROM decision ORDER BY number") == [
        (n, f"{n}-2024") for n in range(1, THREADS + 1)
    ]
    assert office.rows('SELECT "index" FROM ledger_entry ORDER BY "index"') == [
        (n,) for n in range(office.one("SELECT size FROM ledger_head"))
    ]
    assert office.violations() == []


def test_a_refused_act_loses_no_number(office: Any) -> None:
    round_ = office.open_round()
    (first,) = round_.to(State.RECOMMENDED)

    class _CrashError(Exception):
        pass

    def crash(session: Any) -> None:
        signature.sign(session, [first], actor=office.chutich, now=office.now)
        raise _CrashError

    with pytest.raises(_CrashError):
        office.act(crash)
    office.act(signature.sign, [first], actor=office.chutich, now=office.now)
    assert office.rows("SELECT code FROM decision") == [("1-2024",)]


def test_two_sweeps_at_once_do_it_once(office: Any) -> None:
    round_ = office.open_round(proposals_due=date(2024, 11, 6))
    round_.file(unit="XA01", submit=False)
    round_.file(unit="XA02", submit=False)
    late = office.now + timedelta(days=7)  # Friday after Wednesday: two working days
    done = at_once(2, lambda _: office.act(deadlines.sweep, now=late))
    nothing = {"reminded": 0, "escalated": 0, "closed": 0}
    assert sorted(done, key=lambda one: one["escalated"]) == [nothing, nothing | {"escalated": 2}]
    assert office.rows("SELECT subject, level, count(*) FROM escalation GROUP BY subject, level ORDER BY 1, 2") == [
        ("XA01", 1, 1), ("XA02", 1, 1)
    ]  # fmt: skip
    assert office.letters().count("deadline_escalation") == 2
    assert office.act(deadlines.sweep, now=late) == nothing


def test_casting_twice_at_once_is_one_ballot(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 3)
    session = round_.ballot()
    member = office.tv05
    answers = at_once(
        THREADS, lambda n: office.act(vote.cast, session, choices=dict.fromkeys(codes, "approve"), actor=member)
    )
    refused = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert refused == ["already_voted"] * (THREADS - 1)
    assert office.rows("SELECT username FROM ballot_roll") == [("tv05",)]
    assert office.one("SELECT count(*) FROM ballot_box") == 1
    assert office.one("SELECT count(*) FROM ledger_entry WHERE kind = 'roll:signed'") == 1


def test_the_whole_council_casts_at_once(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot()
    actors = [office.actor(member) for member in MEMBERS]
    answers = at_once(
        len(actors),
        lambda n: office.act(vote.cast, session, choices={code: "approve" if n < 8 else "disapprove"}, actor=actors[n]),
    )
    assert len({answer["receipt"] for answer in answers}) == len(MEMBERS)
    counted = round_.vote("approve", session=session, voters=())
    (result,) = counted["results"]
    assert (result["approve"], result["disapprove"], result["abstain"]) == (8, 3, 0)
    assert office.violations() == []


def test_close_and_cast_at_once_agree(office: Any) -> None:
    """Whoever comes second is refused; box and roll agree whatever the order was."""
    round_ = office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot()
    actors = [office.actor(member) for member in MEMBERS]
    for actor in actors[:9]:
        office.act(vote.cast, session, choices={code: "approve"}, actor=actor)
    secretary = office.thuky

    def act(n: int) -> Any:
        if n == 0:
            return office.act(vote.close_ballot, session, actor=secretary, now=office.now)
        return office.act(vote.cast, session, choices={code: "approve"}, actor=actors[8 + n])

    answers = at_once(3, act)
    late = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert late == ["ballot_closed"] * len(late)
    assert answers[0] == {"roll": 11 - len(late), "envelopes": 11 - len(late)}


def test_the_same_workbook_rows_at_once_are_filed_once(office: Any) -> None:
    round_ = office.open_round()
    proposals = round_.proposals(4)
    officer = office.officer("XA01")
    answers = at_once(
        THREADS,
        lambda _: office.act(
            proposal.file,
            round_code=round_.code,
            unit_code="XA01",
            proposals=proposals,
            actor=officer,
            now=office.now,
        ),
    )
    refused = [answer for answer in answers if isinstance(answer, proposal.RowErrors)]
    assert [len(answer.codes) for answer in answers if answer not in refused] == [4]
    assert {error["code"] for answer in refused for error in answer.checked.errors} == {"duplicate_row"}
    assert office.one("SELECT count(*) FROM nomination") == 4
    assert office.violations() == []


# The outbox ----------------------------------------------------------------------------------------------------------


def test_two_claimers_share_the_letters(office: Any) -> None:
    office.open_round()  # one call for proposals a unit
    queued = {key for (key,) in office.rows("SELECT key FROM outbox_message WHERE kind = 'letter'")}

    def claim_all(_: int) -> list[str]:
        mine: list[str] = []
        while True:
            with office.database.begin_unrecorded() as session:
                claimed = outbox.claim(session, kind="letter", limit=3)
            if not claimed:
                return mine
            mine += [one.key for one in claimed]

    answers = at_once(4, claim_all)
    assert sorted(key for mine in answers for key in mine) == sorted(queued)
    assert len(queued) == 24


def test_a_claim_does_not_wait_for_another_one(furnish: Any) -> None:
    """PostgreSQL: SKIP LOCKED. The second claimer takes the next letters while the first is still at it."""
    office = furnish("postgresql")
    office.open_round()
    with office.database.begin_unrecorded() as first, office.database.begin_unrecorded() as second:
        mine = [one.key for one in outbox.claim(first, kind="letter", limit=20)]
        theirs = [one.key for one in outbox.claim(second, kind="letter", limit=20)]
    assert (len(mine), len(theirs), set(mine) & set(theirs)) == (20, 4, set())


def test_an_act_does_not_wait_for_the_sender(furnish: Any) -> None:
    """PostgreSQL: while letters are being claimed, people go on working."""
    office = furnish("postgresql")
    round_ = office.open_round()
    with office.database.begin_unrecorded() as sender:
        assert len(outbox.claim(sender, kind="letter", limit=20)) == 20
        assert len(round_.file(2)) == 2


def test_a_lease_that_ended_is_claimed_again_with_the_same_key(office: Any) -> None:
    office.open_round()
    at = datetime.now(UTC)

    def claim(when: datetime) -> list[tuple[str, int]]:
        with office.database.begin_unrecorded() as session:
            return [(one.key, one.attempts) for one in outbox.claim(session, kind="letter", limit=100, at=when)]

    first = claim(at)
    assert [attempts for _, attempts in first] == [1] * 24
    assert claim(at + outbox.LEASE - timedelta(seconds=1)) == []
    assert claim(at + outbox.LEASE) == [(key, 2) for key, _ in first]


def test_a_settled_letter_is_settled_once(office: Any) -> None:
    office.open_round()
    with office.database.begin_unrecorded() as session:
        keys = [one.key for one in outbox.claim(session, kind="letter", limit=100)]
    later = datetime.now(UTC) + timedelta(hours=1)
    with office.database.begin_unrecorded() as session:
        outbox.settle(
            session,
            [
                {"key": keys[0], "state": "accepted", "reply": "250 OK"},
                {"key": keys[1], "state": "failed", "reply": "550 " + "x" * 600},
                {"key": keys[2], "state": "queued", "reply": "451 busy", "due_at": later},
            ],
        )
        outbox.release(session, keys[3:])
    assert office.look(outbox.status) == {"queued": 24, "accepted": 1, "failed": 1, "waiting": 22}
    assert office.look(outbox.due, kind="letter") == 21
    assert [(one["key"], len(one["reply"])) for one in office.look(outbox.failures)] == [(keys[1], 500)]
    with office.database.begin_unrecorded() as session:  # a late answer of a sender that was given up
        outbox.settle(session, [{"key": keys[0], "state": "queued"}, {"key": keys[1], "state": "accepted"}])
    assert office.look(outbox.status)["accepted"] == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_ballot_with_every_act_five_times_at_once(office: Any, seed: int) -> None:
    """The benchmark of fifty seeds and 300 nominations, small."""
    members = ballot_races.add_members(office.database)
    round_code = ballot_races.open_round(office.database)
    assert ballot_races.race(office.database, round_code, members, seed=seed, nominations=12) == []
    assert office.rows("SELECT count(*) FROM ballot_roll UNION ALL SELECT count(*) FROM ballot_receipt") == [
        (15,),
        (15,),
    ]
    assert office.one("SELECT count(*) FROM ballot_box") == 0
    assert office.violations() == []
