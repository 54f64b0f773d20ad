"""Deadlines watched: remind before, climb the ladder after, close what is due. Done by the sweep, once a fact.

The ladder: officer → head of unit → secretariat → chairman, one step for each working day overdue. A second sweep at
the same time, or a minute later, finds every step taken (unique in the database) and does nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import CouncilSession, Deadline, Escalation, ReviewRound, Unit
from operations import announce, recipients, record, rounds
from operations.access import ENGINE, local_date
from operations.council_vote import sessions, vote
from operations.public_disclosure import disclosure
from operations.views import due
from rules import deadlines
from rules.lifecycle import STAGE_NAMES, Role, Stage
from rules.refusal import Refusal

REMIND_WITHIN = 2  # working days before the due day

# Who is urged at each of the four steps; at a unit's own stage the first two are that unit's people.
_STEPS: dict[Stage, tuple[tuple[Role, ...], ...]] = {
    Stage.UNIT_PROPOSAL: ((Role.UNIT_OFFICER,), (Role.UNIT_HEAD,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    Stage.HOME_AFFAIRS_REVIEW: ((Role.REVIEWER,), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    Stage.COUNCIL_VOTE: ((Role.SECRETARY,), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    Stage.CHAIRMAN_SIGNATURE: ((Role.CHAIRMAN, Role.DEPUTY), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
    Stage.PUBLIC_DISCLOSURE: ((Role.REVIEWER,), (Role.SECRETARY,), (Role.SECRETARY,), (Role.CHAIRMAN,)),
}


def sweep(session: Session, *, now: datetime) -> dict[str, int]:
    """Do everything that time asks for, once: {"reminded", "escalated", "closed"}. Nobody's decision is taken."""
    return {
        "reminded": _remind(session, now=now),
        "escalated": _escalate(session, now=now),
        "closed": _close_ballots(session, now=now) + disclosure.close_posted(session, now=now),
    }


def _recipients(
    session: Session, stage: Stage, subject: str, step: int, *, today: date
) -> Sequence[tuple[str, str, str]]:
    roles = _STEPS[stage][step]
    if subject == due.OFFICE or step > 1:
        return recipients.holders(session, *roles, today=today)
    unit = session.exec(select(Unit).where(Unit.code == subject)).one()
    people = recipients.holders(session, *roles, today=today, unit_id=unit.id)
    return people or ([(unit.code, unit.name, unit.email)] if unit.email else [])


def _remind(session: Session, *, now: datetime) -> int:
    today = local_date(now)
    reminded = 0
    for deadline, round_ in due.open_deadlines(session):
        stage = Stage(deadline.stage)
        if deadline.reminded_at is not None or deadline.due_at <= now or not due.has_begun(round_, stage):
            continue
        left = deadlines.days_left(today, deadline.due_on)
        late = due.waiting(session, round_.id or 0, stage)
        if left > REMIND_WITHIN or not late:
            continue
        deadline.reminded_at = now
        deadline.version += 1
        session.add(deadline)
        session.flush()
        record.record(
            session, Kind.DEADLINE_REMINDED, [(f"{round_.code}/{stage}", {"reminded": now})], by=ENGINE.username
        )
        letters = [
            announce.Notice(
                kind="deadline_reminder",
                about=f"{round_.code}/{stage}/{deadline.due_on.isoformat()}/{subject}",
                to=email,
                recipient=username,
                context={
                    "recipient_name": name,
                    "stage_name": STAGE_NAMES[stage],
                    "round_title": round_.title,
                    "due": deadline.due_on.isoformat(),
                    "days_left": left,
                    "waiting": count,
                },
            )
            for subject, count in late.items()
            for username, name, email in _recipients(session, stage, subject, 0, today=today)
        ]
        announce.notices(session, letters)
        reminded += len(late)
    return reminded


def _escalate(session: Session, *, now: datetime) -> int:
    today = local_date(now)
    taken = 0
    for deadline, round_ in due.open_deadlines(session):
        stage = Stage(deadline.stage)
        if deadline.due_at > now or not due.has_begun(round_, stage):
            continue
        over = max(-deadlines.days_left(today, deadline.due_on), 1)
        for subject, count in due.waiting(session, round_.id or 0, stage).items():
            done = set(
                session.exec(
                    select(Escalation.level).where(
                        Escalation.deadline_id == deadline.id,
                        Escalation.subject == subject,
                        Escalation.due_on == deadline.due_on,
                    )
                )
            )
            for level in range(1, min(over, len(due.LADDER)) + 1):
                if level not in done:
                    _step(session, deadline, round_, stage, subject, level, count=count, over=over, now=now)
                    taken += 1
    return taken


def _step(
    session: Session,
    deadline: Deadline,
    round_: ReviewRound,
    stage: Stage,
    subject: str,
    level: int,
    *,
    count: int,
    over: int,
    now: datetime,
) -> None:
    people = _recipients(session, stage, subject, level - 1, today=local_date(now))
    row = Escalation(
        deadline_id=deadline.id or 0,
        subject=subject,
        level=level,
        due_on=deadline.due_on,
        at=now,
        to_accounts=",".join(username for username, _, _ in people),
    )
    session.add(row)
    session.flush()
    key = f"{round_.code}/{stage}/{deadline.due_on.isoformat()}/{subject}/{level}"
    record.record(session, Kind.ESCALATION_RAISED, [(key, escalation_aspects(row))], by=ENGINE.username)
    announce.notices(
        session,
        [
            announce.Notice(
                kind="deadline_escalation",
                about=key,
                to=email,
                recipient=username,
                context={
                    "recipient_name": name,
                    "level_name": due.LADDER[level - 1],
                    "stage_name": STAGE_NAMES[stage],
                    "round_title": round_.title,
                    "due": deadline.due_on.isoformat(),
                    "days_over": over,
                    "waiting": count,
                    "previous_levels": list(due.LADDER[: level - 1]),
                },
            )
            for username, name, email in people
        ],
    )


def escalation_aspects(row: Escalation) -> dict[str, Any]:
    return {"to": row.to_accounts, "at": row.at}


def _close_ballots(session: Session, *, now: datetime) -> int:
    """Close each open ballot whose stage is over and that is quorate; one that is not climbs the ladder instead.

    A ballot opened after the due day, or before the round reached its council, is for a person to close.
    """
    closed = 0
    voting = (
        select(CouncilSession.code, ReviewRound)
        .join(Deadline, (col(Deadline.round_id) == col(CouncilSession.round_id)))
        .join(ReviewRound, (col(ReviewRound.id) == col(CouncilSession.round_id)))
        .where(
            CouncilSession.state == "open",
            Deadline.stage == Stage.COUNCIL_VOTE.value,
            Deadline.due_at <= now,
            col(CouncilSession.opened_at) < col(Deadline.due_at),
        )
    )
    for code, round_ in session.exec(voting).all():
        if not due.has_begun(round_, Stage.COUNCIL_VOTE):
            continue
        try:
            vote.close_ballot(session, code, actor=ENGINE, now=now)
        except Refusal as refusal:
            if refusal.code not in {"not_quorate", "roll_mismatch"}:
                raise
        else:
            closed += 1
    return closed


def reminders_to_vote(session: Session, *, round_code: str) -> int:
    """Remind, once for each session and due day, those present who have not voted yet."""
    round_ = rounds.by_code(session, round_code)
    day = rounds.due_of(session, round_.id or 0, Stage.COUNCIL_VOTE)
    reminded = 0
    for sitting in session.exec(
        select(CouncilSession).where(CouncilSession.round_id == round_.id, CouncilSession.state == "open")
    ).all():
        voted = vote.voted(session, sitting)
        letters: list[Any] = [
            announce.Notice(
                kind="ballot_reminder",
                about=f"{sitting.code}/{day}",
                to=member.email,
                recipient=member.member,
                context={"member_name": member.name, "session_code": sitting.code, "due": day},
            )
            for member in sessions.members_of(session, sitting)
            if member.attended and member.username not in voted
        ]
        reminded += announce.notices_once(session, letters)
    return reminded
