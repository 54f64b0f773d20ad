"""Stage 3, council_vote: open the ballot, cast, close, tally.

Roll (who voted) and box (what was voted) are separate tables without a link, time or order: the box is rewritten
whole, with fresh random keys, at every cast. What is published is dealt anew nomination by nomination, so no row of
the published batch is one person's ballot — not even the ballot of a member who stood aside from one nomination.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.canonical import dumps
from models import AgendaItem, BallotBox, BallotRoll, CouncilSession, Nomination, ReviewRound, SessionMember
from models.types import table
from operations import access, announce, council, record, rounds, transition
from operations.access import Actor
from operations.review import not_approved
from rules import lifecycle, regulation, tally
from rules.lifecycle import Action, Role, Stage, State
from rules.refusal import Citation, Refusal

CHOICES = ("approve", "disapprove", "abstain")
_COUNCIL = Citation(document=lifecycle.LAW, article="90", clause="4")
_N = table(Nomination).c
_I = table(AgendaItem).c


def open_ballot(session: Session, session_code: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Freeze members, attendance, recusals, rules and agenda, and open the box.

    The agenda is every nomination of the round that waits for the council. Raises Refusal `not_quorate`,
    `empty_agenda`, `missing_parameter`. Returns {"agenda": codes, "frozen": sha256}.
    """
    access.require(actor, Role.SECRETARY, Role.TELLER)
    sitting = council.by_code(session, session_code)
    if sitting.state != "convened":
        raise Refusal("ballot_closed", f"Phiên {session_code} đã mở phiếu hoặc đã kết thúc.", citation=_COUNCIL)
    round_ = session.get_one(ReviewRound, sitting.round_id)
    parsed = rounds.regulation_of(session, round_)
    members = council.members_of(session, sitting)
    agenda = council.waiting_for_council(session, sitting)
    if not agenda:
        raise Refusal("empty_agenda", f"Đợt {round_.code} chưa có hồ sơ nào chờ Hội đồng; chưa mở phiếu được.")
    awards = sorted({row[0] for row in session.execute(
        sa.select(_N.award).where(_N.round_id == round_.id, _N.state == State.ELIGIBLE.value).distinct()
    )})  # fmt: skip
    rules_of = {award: parsed.vote_rule(award) for award in awards}
    present = sum(member.attended for member in members)
    for award, rule in rules_of.items():
        require_quorum(present, len(members), rule, award=award)
    frozen = hashlib.sha256(
        dumps(
            {
                "session": sitting.code,
                "members": [[m.member, m.username, int(m.attended)] for m in members],
                "recusals": sorted([list(pair) for pair in council.recusals(session, sitting)]),
                "regulation": sitting.regulation_sha256,
                "agenda": agenda,
            }
        )
    ).hexdigest()
    on_ballot = Actor(actor.username, actor.name, frozenset({Role.SECRETARY}), actor.units, actor.account_id)
    moved, _, _ = transition.move(session, Action.PUT_ON_BALLOT, agenda, actor=on_ballot, now=now, kind="put_on_ballot")
    session.connection().execute(
        sa.insert(table(AgendaItem)), [{"session_id": sitting.id, "nomination_id": row.id} for row in moved]
    )
    sitting.state = "open"
    sitting.frozen_sha256 = frozen
    sitting.opened_at = now
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(
        session, "session:ballot_opened", [(sitting.code, {"state": sitting.state, "frozen": frozen})]
    )
    record.record(
        session, "agenda:set", [(f"{sitting.code}/{row.code}", {"result": result_aspect({})}) for row in moved]
    )
    announce.stage(session, round_.code, Stage.COUNCIL_VOTE, index=index)
    return {"agenda": agenda, "frozen": frozen}


def require_quorum(present: int, members: int, rule: regulation.VoteRule, *, award: str) -> None:
    """Raise Refusal `not_quorate` unless enough members are present by the office's regulation."""
    if tally.quorate(attending=present, members=members, rule=rule):
        return
    raise Refusal(
        "not_quorate",
        f"Có mặt {present}/{members} thành viên, chưa đủ số tối thiểu {rule.quorum[0]}/{rule.quorum[1]} để bỏ phiếu "
        f"«{transition.award_name(award)}» theo Quy chế. Hãy mời thêm thành viên hoặc họp lại.",
        citation=_COUNCIL,
        details={"present": present, "members": members},
    )


def result_aspect(row: Mapping[str, Any]) -> list[Any]:
    """An agenda item's result as the ledger commits to it."""
    names = ("approve", "disapprove", "abstain", "base", "base_name", "needed", "outcome", "why")
    return [row.get(name) for name in names]


def cast(session: Session, session_code: str, *, choices: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    """Put one member's ballot for the whole agenda into the box and sign the roll. A line left out is an abstention.

    Raises Refusal `not_a_member`, `ballot_closed`, `already_voted`, `recused`, `not_on_agenda`, `unknown_choice`.
    Returns {"receipt": …}, which proves that the member voted and says nothing of what.
    """
    sitting = council.by_code(session, session_code)
    member = council.seat_of(session, sitting, actor)
    if sitting.state != "open":
        raise Refusal(
            "ballot_closed",
            f"Phiên {session_code} {'chưa mở' if sitting.state == 'convened' else 'đã đóng'} phiếu.",
            citation=_COUNCIL,
        )
    if not member.attended:
        _require_written_opinion(session, sitting)
    signed = session.get(BallotRoll, (sitting.id, member.username))
    if signed is not None:
        raise Refusal(
            "already_voted", "Bạn đã bỏ phiếu trong phiên này; mỗi thành viên chỉ bỏ một lần.", citation=_COUNCIL
        )
    agenda = council.agenda_codes(session, sitting)
    aside = {code for username, code in council.recusals(session, sitting) if username == member.username}
    _check_choices(choices, agenda, aside)
    ballot = {code: choices.get(code, "abstain") for code in agenda if code not in aside}
    session.add(BallotRoll(session_id=sitting.id or 0, username=member.username))
    _rewrite_box(session, sitting, ballot)
    session.flush()
    # The roll's line carries no salted receipt secret: the receipt is the entry itself, which anyone can look up.
    index = record.record(session, "roll:signed", [(f"{sitting.code}/{member.member}", {"voted": 1})])
    return {"receipt": f"{sitting.code}/{member.member}/{index}", "index": index}


def _require_written_opinion(session: Session, sitting: CouncilSession) -> None:
    """An absent member may vote only where the regulation takes written opinions."""
    parsed = rounds.regulation_of(session, session.get_one(ReviewRound, sitting.round_id))
    if any(parsed.vote_rule(award).absent != "written_opinion" for award in _awards_on(session, sitting)):
        raise Refusal(
            "not_attending",
            "Bạn không có mặt tại phiên họp và Quy chế không cho lấy ý kiến bằng văn bản; phiếu không được nhận.",
            citation=_COUNCIL,
        )


def _check_choices(choices: Mapping[str, str], agenda: Sequence[str], aside: set[str]) -> None:
    listed = set(agenda)
    for code, choice in choices.items():
        if code in aside:
            raise Refusal(
                "recused",
                f"Bạn đã tránh hồ sơ {code} nên không bỏ phiếu cho hồ sơ này. Hãy bỏ dòng đó.",
                citation=_COUNCIL,
            )
        if code not in listed:
            raise Refusal("not_on_agenda", f"Hồ sơ {code} không có trong chương trình của phiên này.")
        if choice not in CHOICES:
            raise Refusal(
                "unknown_choice",
                f"Lựa chọn «{choice}» của hồ sơ {code} không có; dùng một trong: {', '.join(CHOICES)}.",
            )


def _rewrite_box(session: Session, sitting: CouncilSession, ballot: Mapping[str, str]) -> None:
    """All slips of the session deleted and written again under fresh random keys: no order survives on any engine."""
    slips = list(session.exec(select(BallotBox.choices).where(BallotBox.session_id == sitting.id)))
    slips.append(dumps(dict(ballot)).decode())
    secrets.SystemRandom().shuffle(slips)
    session.execute(sa.delete(BallotBox).where(col(BallotBox.session_id) == sitting.id))
    session.execute(
        sa.insert(BallotBox),
        [{"slip": secrets.token_urlsafe(24), "session_id": sitting.id, "choices": slip} for slip in slips],
    )


def close_ballot(session: Session, session_code: str, *, actor: Actor, now: datetime) -> dict[str, int]:
    """Stop the voting. Raises Refusal `not_quorate` while fewer members voted than the quorum asks for,
    `roll_mismatch` when box and roll differ. Returns {"roll": n, "envelopes": n}.
    """
    access.require(actor, Role.SECRETARY, Role.TELLER, Role.ENGINE)
    sitting = council.by_code(session, session_code)
    if sitting.state != "open":
        raise Refusal("ballot_closed", f"Phiên {session_code} không đang mở phiếu.", citation=_COUNCIL)
    roll, envelopes = _box_counts(session, sitting)
    _match(roll, envelopes, session_code)
    round_ = session.get_one(ReviewRound, sitting.round_id)
    parsed = rounds.regulation_of(session, round_)
    members = council.members_of(session, sitting)
    for award in _awards_on(session, sitting):
        require_quorum(roll, len(members), parsed.vote_rule(award), award=award)
    sitting.state = "closed"
    sitting.closed_at = now
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(session, "session:ballot_closed", [(sitting.code, {"state": sitting.state, "roll": roll})])
    announce.stage(session, round_.code, Stage.COUNCIL_VOTE, index=index)
    return {"roll": roll, "envelopes": envelopes}


def _box_counts(session: Session, sitting: CouncilSession) -> tuple[int, int]:
    roll = session.execute(
        sa.select(sa.func.count()).select_from(BallotRoll).where(col(BallotRoll.session_id) == sitting.id)
    ).scalar_one()
    box = session.execute(
        sa.select(sa.func.count()).select_from(BallotBox).where(col(BallotBox.session_id) == sitting.id)
    ).scalar_one()
    return roll, box


def _match(roll: int, envelopes: int, session_code: str) -> None:
    if roll != envelopes:
        raise Refusal(
            "roll_mismatch",
            f"Phiên {session_code}: {roll} người đã ký bỏ phiếu nhưng hòm có {envelopes} phiếu. "
            "Không được kiểm phiếu; hãy lập biên bản và báo thanh tra.",
            citation=_COUNCIL,
            details={"roll": roll, "envelopes": envelopes},
            reach=True,
        )


def _awards_on(session: Session, sitting: CouncilSession) -> list[str]:
    query = (
        sa.select(_N.award)
        .join_from(AgendaItem, Nomination, _I.nomination_id == _N.id)
        .where(_I.session_id == sitting.id)
        .distinct()
    )
    return sorted(row[0] for row in session.execute(query))


def tally_ballot(session: Session, session_code: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Count a closed ballot, publish the dealt batch and the numbers, move each nomination, empty the box.

    Raises Refusal `ballot_open`, `already_tallied`, `roll_mismatch`. The council advises; the chairman decides.
    """
    access.require(actor, Role.TELLER, Role.ENGINE)
    sitting = council.by_code(session, session_code)
    if sitting.state == "tallied":
        raise Refusal("already_tallied", f"Phiên {session_code} đã kiểm phiếu; xem kết quả ở biên bản.")
    if sitting.state != "closed":
        raise Refusal("ballot_open", f"Phiên {session_code} chưa đóng phiếu nên chưa kiểm được.", citation=_COUNCIL)
    roll, envelopes = _box_counts(session, sitting)
    _match(roll, envelopes, session_code)
    round_ = session.get_one(ReviewRound, sitting.round_id)
    parsed = rounds.regulation_of(session, round_)
    members = council.members_of(session, sitting)
    ballots = [
        json.loads(text) for text in session.exec(select(BallotBox.choices).where(BallotBox.session_id == sitting.id))
    ]
    items = session.execute(
        sa.select(_I.id, _N.code, _N.award)
        .join_from(AgendaItem, Nomination, _I.nomination_id == _N.id)
        .where(_I.session_id == sitting.id)
        .order_by(_N.code)
    ).all()
    results, updates = _count(
        items, ballots, members, council.recusals(session, sitting), voted(session, sitting), parsed
    )
    batch = deal(ballots, [item.code for item in items])
    _store_results(session, updates)
    session.execute(sa.delete(BallotBox).where(col(BallotBox.session_id) == sitting.id))
    sitting.state = "tallied"
    sitting.batch_sha256 = hashlib.sha256(dumps(batch)).hexdigest()
    sitting.version += 1
    session.add(sitting)
    session.flush()
    record.record(
        session,
        "session:tallied",
        [(sitting.code, {"state": sitting.state, "batch": sitting.batch_sha256})],
    )
    record.record(
        session,
        "agenda:counted",
        [(f"{sitting.code}/{result['code']}", {"result": result_aspect(result)}) for result in results],
    )
    _move_by_outcome(session, results, actor=actor, now=now)
    return {"results": results, "batch": batch}


RESULT_COLUMNS = ("approve", "disapprove", "abstain", "base", "base_name", "needed", "outcome", "why")


def _store_results(session: Session, updates: list[dict[str, Any]]) -> None:
    statement = (
        table(AgendaItem)
        .update()
        .where(_I.id == sa.bindparam("item"))
        .values({name: sa.bindparam(f"new_{name}") for name in RESULT_COLUMNS})
    )
    session.connection().execute(statement, updates)


def _count(
    items: Sequence[Any],
    ballots: Sequence[Mapping[str, str]],
    members: Sequence[SessionMember],
    aside: set[tuple[str, str]],
    roll: set[str],
    parsed: regulation.Regulation,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    present = {member.username for member in members if member.attended}
    written = roll - present
    results: list[dict[str, Any]] = []
    updates: list[dict[str, Any]] = []
    for item in items:
        votes = [ballot[item.code] for ballot in ballots if item.code in ballot]
        recused = {username for username, code in aside if code == item.code}
        counted = tally.outcome(
            approve=votes.count("approve"),
            disapprove=votes.count("disapprove"),
            abstain=votes.count("abstain"),
            members=len(members),
            attendees=len(present),
            recused=len(recused),
            recused_attending=len(recused & present),
            written=len(written - recused),
            rule=parsed.vote_rule(item.award),
        )
        results.append({"code": item.code} | counted.as_json())
        updates.append({"item": item.id} | {f"new_{name}": results[-1][name] for name in RESULT_COLUMNS})
    return results, updates


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


def _move_by_outcome(session: Session, results: Sequence[Mapping[str, Any]], *, actor: Actor, now: datetime) -> None:
    for action, outcome, kind in (
        (Action.RECOMMEND, "recommended", "recommended"),
        (Action.NOT_RECOMMEND, "not_recommended", "not_recommended"),
    ):
        codes = [result["code"] for result in results if result["outcome"] == outcome]
        if not codes:
            continue
        moved, _, index = transition.move(session, action, codes, actor=actor, now=now, kind=kind)
        if action is Action.NOT_RECOMMEND:
            announce.letters(
                session,
                not_approved(
                    moved,
                    lifecycle.STAGE_NAMES[Stage.COUNCIL_VOTE],
                    "Không đạt tỷ lệ phiếu theo Quy chế của Hội đồng.",
                    str(_COUNCIL),
                    index,
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


def voted(session: Session, sitting: CouncilSession) -> set[str]:
    """Usernames on the roll: who voted, never what."""
    return set(session.exec(select(BallotRoll.username).where(BallotRoll.session_id == sitting.id)))


def tally_if_closed(session: Session, session_code: str, *, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """For a flow that runs again and again: count when closed, else do nothing. Returns the results."""
    if council.by_code(session, session_code).state != "closed":
        return []
    results: list[dict[str, Any]] = tally_ballot(session, session_code, actor=actor, now=now)["results"]
    return results
