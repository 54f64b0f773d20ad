"""Stage 3, council_vote, after the closing: the tellers bring their shares or their counts, the numbers are published.

Shares are brought together in one act and stored nowhere: before it nobody can count, after it nobody need
(docs/decisions/0011). What is published are the ballots without name or order; where a member stood aside from one
nomination, whose ballot would be known by its gap, each nomination's choices are dealt anew among the rows (0007).
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import sealing
from ledger.canonical import dumps
from ledger.kinds import Kind
from models import AgendaItem, Ballot, CouncilSession, HandCount, Nomination, ReviewRound
from models.types import table
from operations import (
    announce,
    past_duties,
    record,
    rights,
    transition,
)
from operations.access import Actor
from operations.council_vote import ballot_box, frozen, sessions, waiting_shares
from operations.council_vote.ballot_box import COUNCIL
from operations.council_vote.electorate import Electorate, Numbers
from operations.home_affairs_review.review import not_approved
from operations.transition import Result
from rules import lifecycle
from rules.lifecycle import Action, Role, Stage, State
from rules.policy import Permission
from rules.refusal import Refusal
from rules.vocabulary import BallotKind, SessionState

RESULT_COLUMNS = ("approve", "disapprove", "abstain", "base", "base_name", "needed", "outcome", "why")
_N = table(Nomination).c
_I = table(AgendaItem).c


def result_aspect(row: Mapping[str, Any]) -> list[Any]:
    """An agenda item's result as the ledger commits to it."""
    return [row.get(name) for name in RESULT_COLUMNS]


def require_all(results: Iterable[Result]) -> None:
    """Raise the first refusal: an agenda moves whole or not at all."""
    for result in results:
        if result.refusal is not None:
            raise result.refusal


def tally_ballot(
    session: Session, session_code: str, *, shares: Sequence[sealing.Share] = (), actor: Actor, now: datetime
) -> dict[str, Any]:
    """Count a closed ballot, publish the dealt batch and the numbers, move each nomination, erase the envelopes.

    A secret ballot is opened with `shares` of as many tellers as its key needs; a paper one when two tellers counted
    the same; an open one by somebody other than who closed it. All or nothing: a refusal leaves everything shut.
    Raises Refusal `ballot_open`, `already_tallied`, `frozen_changed`, `wrong_shares`, `too_few_shares`, `roll_mismatch`, `four_eyes`,
    `counts_missing`, `counts_differ`. The council advises; the chairman decides.
    Returns {"results": one a nomination, "batch": the published rows}.
    """
    sitting = sessions.by_code(session, session_code)
    sessions.require_for(session, sitting, Permission.TALLY, actor=actor)
    if sitting.state == SessionState.TALLIED:
        raise Refusal("already_tallied", f"Phiên {session_code} đã kiểm phiếu; xem kết quả ở biên bản.")
    if sitting.state != SessionState.CLOSED:
        raise Refusal("ballot_open", f"Phiên {session_code} chưa đóng phiếu nên chưa kiểm được.", citation=COUNCIL)
    ballot = ballot_box.require(session, sitting)
    opened = frozen.require(session, sitting)
    inside = ballot_box.unaltered(session, sitting, ballot)
    electorate = Electorate.of(session, sitting, opened)
    if ballot.kind == BallotKind.PAPER:
        numbers, batch, said = _by_hand(session, sitting, electorate)
    else:
        if ballot.kind == BallotKind.SECRET:
            ballots, said = _unseal(opened, inside, electorate, shares)
        else:
            rights.require_other_tellers(session, [actor.username], list(electorate.awards))
            ballots, said = _read_openly(session, sitting, ballot, actor)
            _note_counter(session, sitting, electorate, actor)
        numbers = electorate.columns(ballots)
        batch = published(ballots, list(electorate.awards))
    results = electorate.results(numbers)
    _store_results(session, sitting, results)
    ballot_box.empty(session, sitting)
    waiting_shares.drop(session, sitting)
    ballot.batch = dumps(batch).decode()
    sitting.state = SessionState.TALLIED.value
    sitting.batch_sha256 = batch_digest(ballot.batch)
    sitting.version += 1
    session.add_all([sitting, ballot])
    session.flush()
    record.record(
        session, Kind.SESSION_TALLIED, [(sitting.code, sessions.aspects(sitting, "state", "batch"))], by=actor.username
    )
    record.record(
        session,
        Kind.BALLOT_COUNTED,
        [(sitting.code, {"batch": sitting.batch_sha256, "counted_by": said})],
        by=actor.username,
    )
    record.record(
        session,
        Kind.AGENDA_COUNTED,
        [(f"{sitting.code}/{result['code']}", {"result": result_aspect(result)}) for result in results],
        by=actor.username,
    )
    _move_by_outcome(session, results, actor=actor, now=now)
    return {"results": results, "batch": batch}


def tally_without_shares(session: Session, session_code: str, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """For a flow that runs again and again: count what is closed and waits for nobody, else do nothing."""
    sitting = sessions.by_code(session, session_code)
    if sitting.state != SessionState.CLOSED or waits_for(session, sitting) is not None:
        return []
    results: list[dict[str, Any]] = tally_ballot(session, session_code, actor=actor, now=now)["results"]
    return results


def waits_for(session: Session, sitting: CouncilSession) -> str | None:
    """The missing input of a closed ballot: "shares" or "counts" of paper slips; None when it can be counted."""
    ballot = ballot_box.require(session, sitting)
    if ballot.kind == BallotKind.SECRET:
        return "shares"
    if ballot.kind == BallotKind.PAPER and len({count.counts for count in _hand_counts(session, sitting)}) != 1:
        return "counts"
    if ballot.kind == BallotKind.PAPER and len(_hand_counts(session, sitting)) < 2:
        return "counts"
    return None


def batch_digest(text: str) -> str:
    """The hash that the ledger commits to, of a batch as canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()


def repeated(session: Session, sitting: CouncilSession, numbers: Mapping[str, Numbers]) -> list[dict[str, Any]]:
    """The results that these numbers give by the regulation: what an outsider computes again."""
    opened = frozen.Frozen(frozen.facts(session, sitting, ballot_box.require(session, sitting)))
    return Electorate.of(session, sitting, opened).results(numbers)


# Secret --------------------------------------------------------------------------------------------------------------


def _unseal(
    opened: frozen.Frozen,
    inside: Sequence[bytes],
    electorate: Electorate,
    shares: Sequence[sealing.Share],
) -> tuple[list[dict[str, str]], list[str]]:
    """The opened ballots, for counting and dealing only, and the tellers whose shares opened them.

    A share that is brought twice counts once.
    """
    shares = list(dict.fromkeys(shares))
    tellers = {member.username for member in electorate.members if member.teller}
    for share in shares:
        if share.session == opened.session and share.teller not in tellers:
            raise wrong_shares(f"«{share.teller}» không phải người kiểm phiếu của phiên {opened.session}.")
    brought = sorted({share.teller for share in shares})
    if len(brought) != len(shares):
        raise wrong_shares("Có người kiểm phiếu nộp hai mảnh khóa khác nhau; mỗi người nộp một mảnh của mình.")
    if any(share.needed != opened.shares_needed for share in shares):
        raise wrong_shares(f"Phiên {opened.session} cần {opened.shares_needed} mảnh khóa; có mảnh ghi một số khác.")
    if not shares:
        raise _too_few(0, opened.shares_needed)
    try:
        return (
            sealing.open_box(
                inside,
                shares=shares,
                public_key=opened.public_key,
                session=opened.session,
                frozen=opened.digest,
                agenda=opened.agenda,
            ),
            brought,
        )
    except sealing.TooFewShares as few:
        raise _too_few(few.brought, few.needed) from None
    except sealing.WrongShares as wrong:
        raise wrong_shares(wrong.message) from None
    except sealing.BadEnvelope as bad:
        raise ballot_box.mismatch(
            opened.session, bad.message, roll=len(electorate.roll), envelopes=len(inside)
        ) from None


def wrong_shares(said: str) -> Refusal:
    """The box stays shut; somebody brought what does not belong to it."""
    return Refusal("wrong_shares", f"{said} Hòm phiếu vẫn niêm phong.", citation=COUNCIL, reach=True)


def _too_few(brought: int, needed: int) -> Refusal:
    return Refusal(
        "too_few_shares",
        f"Mới có {brought} mảnh khóa khác nhau, cần {needed} mảnh của {needed} người kiểm phiếu khác nhau mới mở được hòm phiếu. "
        "Hãy mời thêm người kiểm phiếu mang mảnh khóa tới (dòng lệnh: thêm --share TỆP).",
        citation=COUNCIL,
        details={"brought": brought, "needed": needed},
    )


def published(ballots: Sequence[Mapping[str, str]], codes: Sequence[str]) -> list[dict[str, str]]:
    """The batch as everybody may see it: the opened ballots in random order, or dealt where a row would name somebody.

    Who stood aside from one nomination is known by name, and a ballot without that line would be that member's. Then
    no row is anybody's ballot (`deal`).
    """
    if any(len(ballot) != len(codes) for ballot in ballots):
        return deal(ballots, codes)
    rows = [{code: ballot[code] for code in codes} for ballot in ballots]
    secrets.SystemRandom().shuffle(rows)
    return rows


def deal(ballots: Sequence[Mapping[str, str]], codes: Sequence[str]) -> list[dict[str, str]]:
    """As many ballots as were cast, with each nomination's choices dealt among them at random.

    Every column adds up to what was cast; no row is what one person wrote.
    """
    chance = secrets.SystemRandom()
    dealt: list[dict[str, str]] = [{} for _ in ballots]
    for code in codes:
        votes = [ballot[code] for ballot in ballots if code in ballot]
        for hand, choice in zip(chance.sample(range(len(dealt)), len(votes)), votes, strict=True):
            dealt[hand][code] = choice
    return dealt


# Open and paper ------------------------------------------------------------------------------------------------------


def _read_openly(
    session: Session, sitting: CouncilSession, ballot: Ballot, actor: Actor
) -> tuple[list[dict[str, str]], list[str]]:
    if actor.username == ballot.closed_by and not actor.holds(Role.ENGINE):
        raise Refusal(
            "four_eyes",
            f"Chính bạn đã đóng phiếu phiên {sitting.code}; phiếu phải do người khác kiểm. "
            "Hãy mời một người kiểm phiếu làm việc này.",
            citation=COUNCIL,
            reach=True,
        )
    votes = ballot_box.open_votes(session, sitting)
    return [json.loads(vote.choices) for vote in votes], [actor.username]


def _note_counter(session: Session, sitting: CouncilSession, electorate: Electorate, actor: Actor) -> None:
    """Whoever counts without a teller's seat is barred from reviewing and signing these as a teller is."""
    if any(member.username == actor.username and member.teller for member in electorate.members):
        return
    rows = session.execute(
        sa.select(_N.id, _N.code)
        .join_from(AgendaItem, Nomination, _I.nomination_id == _N.id)
        .where(_I.session_id == sitting.id)
    )
    past_duties.note_counter(session, [(row.id, row.code) for row in rows], actor)


def enter_count(
    session: Session, session_code: str, *, counts: Mapping[str, Sequence[int]], actor: Actor, now: datetime
) -> int:
    """Enter what one teller counted of the paper slips, again if need be until the tally. Returns how many counted.

    An empty or spoilt slip is an abstention. Raises Refusal `not_paper`, `ballot_open`, `already_tallied`,
    `not_a_teller`, `not_on_agenda`, `counts_missing`, `roll_mismatch` where the slips are not as many as signed.
    """
    sitting = sessions.by_code(session, session_code)
    sessions.require_for(session, sitting, Permission.COUNT_BY_HAND, actor=actor)
    if sitting.state == SessionState.TALLIED:
        raise Refusal("already_tallied", f"Phiên {session_code} đã kiểm phiếu; xem kết quả ở biên bản.")
    if sitting.state != SessionState.CLOSED:
        raise Refusal("ballot_open", f"Phiên {session_code} chưa đóng phiếu nên chưa kiểm được.", citation=COUNCIL)
    if ballot_box.require(session, sitting).kind != BallotKind.PAPER:
        raise Refusal("not_paper", f"Phiên {session_code} không bỏ phiếu giấy nên không có gì để đếm tay.")
    seat = sessions.seat_of(session, sitting, actor)
    electorate = Electorate.of(session, sitting, frozen.require(session, sitting))
    _require_whole(counts, electorate)
    numbers = {code: _numbers(counts[code]) for code in electorate.awards}
    electorate.require_fitting(numbers)
    row = session.get(HandCount, (sitting.id, actor.username)) or HandCount(
        session_id=sitting.id or 0, counted_by=actor.username, counts="", at=now
    )
    row.counts = dumps({code: list(one) for code, one in numbers.items()}).decode()
    row.at = now
    session.add(row)
    session.flush()
    record.record(
        session,
        Kind.HAND_COUNT_ENTERED,
        [(f"{sitting.code}/{seat.member}", hand_count_aspects(row))],
        by=actor.username,
    )
    round_code = session.get_one(ReviewRound, sitting.round_id).code
    announce.stage(session, round_code, Stage.COUNCIL_VOTE, index=record.size(session) - 1)
    return len(_hand_counts(session, sitting))


def hand_count_aspects(row: HandCount) -> dict[str, Any]:
    return {"counts": hashlib.sha256(row.counts.encode()).hexdigest(), "at": row.at}


def _require_whole(counts: Mapping[str, Any], electorate: Electorate) -> None:
    for code in counts:
        if code not in electorate.awards:
            raise Refusal("not_on_agenda", f"Hồ sơ {code} không có trong chương trình của phiên này.")
    for code in electorate.awards:
        if code not in counts:
            raise Refusal("counts_missing", f"Bản đếm phiếu thiếu hồ sơ {code}; hãy đếm đủ chương trình.")


def _numbers(counted: Sequence[int]) -> Numbers:
    approve, disapprove, abstain = counted
    return approve, disapprove, abstain


def _hand_counts(session: Session, sitting: CouncilSession) -> Sequence[HandCount]:
    query = select(HandCount).where(HandCount.session_id == sitting.id).order_by(col(HandCount.counted_by))
    return session.exec(query).all()


def hand_counts(session: Session, sitting: CouncilSession) -> list[tuple[str, dict[str, list[int]]]]:
    """(teller, code → [approve, disapprove, abstain]) of every teller who counted the slips."""
    return [(count.counted_by, json.loads(count.counts)) for count in _hand_counts(session, sitting)]


def _by_hand(
    session: Session, sitting: CouncilSession, electorate: Electorate
) -> tuple[dict[str, Numbers], list[dict[str, str]], list[str]]:
    """The numbers that two tellers counted alike. There is no batch: the slips themselves are kept sealed on paper."""
    counted = _hand_counts(session, sitting)
    if len(counted) < 2:
        raise Refusal(
            "counts_missing",
            f"Phiên {sitting.code} mới có {len(counted)} bản đếm phiếu; phải có hai người kiểm phiếu đếm độc lập "
            "rồi mỗi người nhập bản đếm của mình ở trang phiên họp (dòng lệnh: `vinhdanh ballot count`).",
            citation=COUNCIL,
            details={"counts": len(counted)},
        )
    first, *others = (json.loads(count.counts) for count in counted)
    for other in others:
        for code in electorate.awards:
            if other[code] != first[code]:
                raise Refusal(
                    "counts_differ",
                    f"Hai bản đếm phiếu khác nhau, bắt đầu từ hồ sơ {code}. Hãy đếm lại và nhập lại bản đếm.",
                    citation=COUNCIL,
                    details={"nomination": code},
                )
    numbers = {code: _numbers(first[code]) for code in electorate.awards}
    electorate.require_fitting(numbers)
    return numbers, [], [count.counted_by for count in counted]


# Published -----------------------------------------------------------------------------------------------------------


def _store_results(session: Session, sitting: CouncilSession, results: Sequence[Mapping[str, Any]]) -> None:
    ids = {
        row.code: row.id
        for row in session.execute(
            sa.select(_N.code, _I.id)
            .join_from(AgendaItem, Nomination, _I.nomination_id == _N.id)
            .where(_I.session_id == sitting.id)
        )
    }
    statement = (
        table(AgendaItem)
        .update()
        .where(_I.id == sa.bindparam("item"))
        .values({name: sa.bindparam(f"new_{name}") for name in RESULT_COLUMNS})
    )
    updates = [
        {"item": ids[result["code"]]} | {f"new_{name}": result[name] for name in RESULT_COLUMNS} for result in results
    ]
    session.connection().execute(statement, updates)


def on_ballot(session: Session, codes: Sequence[str]) -> list[str]:
    """The codes of the agenda without those declined meanwhile: their votes are counted, but their state stays."""
    known = transition.snapshots(session, codes)
    return [code for code in codes if code not in known or known[code].state is not State.DECLINED]


def _move_by_outcome(session: Session, results: Sequence[Mapping[str, Any]], *, actor: Actor, now: datetime) -> None:
    for action, outcome in ((Action.RECOMMEND, "recommended"), (Action.NOT_RECOMMEND, "not_recommended")):
        codes = on_ballot(session, [result["code"] for result in results if result["outcome"] == outcome])
        if not codes:
            continue
        moved, done, index = transition.move(session, action, codes, actor=actor, now=now)
        require_all(done)
        if action is Action.NOT_RECOMMEND:
            announce.notices(
                session,
                not_approved(
                    session,
                    moved,
                    lifecycle.STAGE_NAMES[Stage.COUNCIL_VOTE],
                    "Không đạt tỷ lệ phiếu theo Quy chế của Hội đồng.",
                    str(COUNCIL),
                    index,
                    now=now,
                ),
            )


def results_of(session: Session, sitting: CouncilSession) -> list[dict[str, Any]]:
    """The published numbers of a tallied session."""
    rows = session.execute(
        sa.select(_N.code, *(_I[name] for name in RESULT_COLUMNS))
        .join_from(AgendaItem, Nomination, _I.nomination_id == _N.id)
        .where(_I.session_id == sitting.id)
        .order_by(_N.code)
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's documented row mapping
