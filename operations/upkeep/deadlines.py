"""Acts due by time in a stage of a round: remind before the deadline, escalate after it, close what is due.

Each is one function of a round and a stage, done once a fact: a second call at the same time finds nothing left to do.
Nobody's decision is taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import CouncilSession, Deadline, Escalation, ReviewRound, Unit
from operations import announce, recipients, record, rounds, succession
from operations.access import ENGINE, local_date
from operations.council_vote import sessions, vote
from operations.public_disclosure import disclosure
from operations.views import due
from operations.views.due import OFFICE
from rules import deadlines, ladder
from rules.ladder import LADDER
from rules.lifecycle import STAGE_NAMES, STAGE_ROWS, STAGES, Role, Stage, has_begun
from rules.refusal import Refusal
from rules.vocabulary import SessionState

LISTED = 30  # units that a letter names; more are counted


def sweep(session: Session, *, now: datetime) -> dict[str, int]:
    """The acts due by time in every round, at once: {"reminded", "escalated", "closed"}."""
    every = [(code, stage) for code in rounds.at_work(session) for stage in STAGES]
    return {
        "closed": sum(close_due(session, code, stage, now=now) for code, stage in every),
        "reminded": sum(remind(session, code, stage, now=now) for code, stage in every),
        "escalated": sum(escalate(session, code, stage, now=now) for code, stage in every),
    }


# Remind --------------------------------------------------------------------------------------------------------------


def remind(session: Session, round_code: str, stage: Stage, *, now: datetime) -> int:
    """Tell those who still have dossiers here that the stage is due, once a due day. Returns how many units or desks."""
    today = local_date(now)
    round_, deadline = _running(session, round_code, stage)
    if deadline is None or deadline.reminded_at is not None or deadline.due_at <= now:
        return 0
    left = deadlines.days_left(today, deadline.due_on)
    late = due.waiting(session, round_, stage)
    if left > ladder.REMIND_WITHIN or not late:
        return 0
    deadline.reminded_at = now
    deadline.version += 1
    session.add(deadline)
    session.flush()
    reminded = [(f"{round_.code}/{stage}", {"reminded": now})]
    record.record(session, Kind.DEADLINE_REMINDED, reminded, by=ENGINE.username)
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
        for username, name, email in _urged(session, stage, subject, 1, today=today)
    ]
    announce.notices(session, letters)
    return len(late)


def _running(session: Session, round_code: str, stage: Stage) -> tuple[ReviewRound, Deadline | None]:
    """The round, and the stage's deadline while it runs: the plan for a stage that has not begun is no deadline yet."""
    round_ = rounds.by_code(session, round_code)
    if round_.closed_at is not None or not has_begun(stage, Stage(round_.stage)):
        return round_, None
    found = session.exec(select(Deadline).where(Deadline.round_id == round_.id, Deadline.stage == stage.value))
    return round_, found.one_or_none()


def _urged(session: Session, stage: Stage, subject: str, step: int, *, today: date) -> Sequence[tuple[str, str, str]]:
    """(username, name, address) of those whom a step of the ladder reaches."""
    roles = STAGE_ROWS[stage].urged[step - 1]
    if stage is Stage.CHAIRMAN_SIGNATURE and Role.CHAIRMAN in roles:
        found = recipients.responsible(session, stage, today=today)
        further = [role for role in roles if role not in {Role.CHAIRMAN, Role.DEPUTY}]
        return found + [one for one in recipients.holders(session, *further, today=today) if one not in found]
    if subject == OFFICE or step > 2:
        return recipients.holders(session, *roles, today=today)
    unit = session.exec(select(Unit).where(Unit.code == subject)).one()
    heir = succession.heirs(session, today).get(unit.id or 0)
    unit_id, code, name, email = (
        (heir.id, heir.code, heir.name, heir.email) if heir else (unit.id or 0, unit.code, unit.name, unit.email)
    )
    people = recipients.holders(session, *roles, today=today, unit_id=unit_id)
    return people or ([(code, name, email)] if email else [])


# Escalate ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """One step that is due today: who is late with how much, and whom it reaches."""

    subject: str
    level: int
    waiting: int
    handed_in_late: int
    people: Sequence[tuple[str, str, str]]


def escalate(session: Session, round_code: str, stage: Stage, *, now: datetime) -> int:
    """Take the step of the ladder that is due today for everybody who is late, in one letter a person and step.

    Returns how many steps. After days without a look the ladder goes on from where it stood, one step a working day.
    """
    today = local_date(now)
    round_, deadline = _running(session, round_code, stage)
    if deadline is None or deadline.due_at > now:
        return 0
    late = max(ladder.days_late(today, deadline.due_on), 1)
    taken = _taken(session, deadline)
    handed_in_late = due.handed_in_late(session, round_) if stage is Stage.UNIT_PROPOSAL else {}
    steps: list[_Step] = []
    for subject, count in due.waiting(session, round_, stage).items():
        level = ladder.next_step(taken.get(subject, {}), late, today)
        if level is not None:
            people = _urged(session, stage, subject, level, today=today)
            steps.append(_Step(subject, level, count, handed_in_late.get(subject, 0), people))
    for level in sorted({step.level for step in steps}):
        of_level = [step for step in steps if step.level == level]
        index = _note(session, deadline, round_, of_level, now=now)
        _write(session, deadline, round_, of_level, late=late, index=index)
    return len(steps)


def _taken(session: Session, deadline: Deadline) -> dict[str, dict[int, date]]:
    """Late unit → step → the day it was taken, for the present deadline."""
    rows = session.exec(
        select(Escalation).where(Escalation.deadline_id == deadline.id, Escalation.due_on == deadline.due_on)
    )
    taken: dict[str, dict[int, date]] = {}
    for row in rows:
        taken.setdefault(row.subject, {})[row.level] = local_date(row.at)
    return taken


def _note(session: Session, deadline: Deadline, round_: ReviewRound, steps: Iterable[_Step], *, now: datetime) -> int:
    """Write the steps down; the ledger index of the first."""
    rows = [
        Escalation(
            deadline_id=deadline.id or 0,
            subject=step.subject,
            level=step.level,
            due_on=deadline.due_on,
            at=now,
            to_accounts=",".join(username for username, _, _ in step.people),
        )
        for step in steps
    ]
    session.add_all(rows)
    session.flush()
    prefix = f"{round_.code}/{deadline.stage}/{deadline.due_on.isoformat()}"
    return record.record(
        session,
        Kind.ESCALATION_RAISED,
        [(f"{prefix}/{row.subject}/{row.level}", escalation_aspects(row)) for row in rows],
        by=ENGINE.username,
    )


def _write(
    session: Session, deadline: Deadline, round_: ReviewRound, steps: Sequence[_Step], *, late: int, index: int
) -> None:
    """One letter a person, naming every late unit that this person has to urge."""
    level = steps[0].level
    stage = Stage(deadline.stage)
    reached = {who[0]: who for step in steps for who in step.people}
    names = {
        unit.code: unit.name
        for unit in session.exec(select(Unit).where(col(Unit.code).in_([step.subject for step in steps])))
    }
    letters = []
    for username, name, email in reached.values():
        mine = [step for step in steps if any(username == one for one, _, _ in step.people)]
        units = [{"name": names[one.subject], "waiting": one.waiting} for one in mine if one.subject != OFFICE]
        letters.append(
            announce.Notice(
                kind="deadline_escalation",
                about=f"{round_.code}/{stage}/{deadline.due_on.isoformat()}/{level}/{index}",
                to=email,
                recipient=username,
                context={
                    "recipient_name": name,
                    "level_name": LADDER[level - 1],
                    "stage_name": STAGE_NAMES[stage],
                    "round_title": round_.title,
                    "due": deadline.due_on.isoformat(),
                    "days_over": late,
                    "waiting": sum(one.waiting for one in mine),
                    "previous_levels": list(LADDER[: level - 1]),
                    "step": level,
                    "behind": min(late, len(LADDER)) - level,
                    "units": units[:LISTED],
                    "more_units": max(len(units) - LISTED, 0),
                    "handed_in_late": sum(one.handed_in_late for one in mine),
                },
            )
        )
    announce.notices(session, letters)


def escalation_aspects(row: Escalation) -> dict[str, Any]:
    return {"to": row.to_accounts, "at": row.at}


# Close ---------------------------------------------------------------------------------------------------------------


def close_due(session: Session, round_code: str, stage: Stage, *, now: datetime) -> int:
    """Close what is over in the stage by itself: ballots of the council, postings of the public register. Returns how many."""
    if stage is Stage.COUNCIL_VOTE:
        return _close_ballots(session, round_code, now=now)
    if stage is Stage.PUBLIC_DISCLOSURE:
        return disclosure.close_posted(session, round_code, now=now)
    return 0


def _close_ballots(session: Session, round_code: str, *, now: datetime) -> int:
    """Close each open ballot whose stage is over and that is quorate; one that is not climbs the ladder instead.

    A ballot opened after the due day, or before the round reached its council, is for a person to close.
    """
    round_, deadline = _running(session, round_code, Stage.COUNCIL_VOTE)
    if deadline is None or deadline.due_at > now:
        return 0
    over = select(CouncilSession.code).where(
        CouncilSession.round_id == round_.id,
        CouncilSession.state == SessionState.OPEN,
        col(CouncilSession.opened_at) < deadline.due_at,
    )
    closed = 0
    for code in session.exec(over).all():
        try:
            vote.close_ballot(session, code, actor=ENGINE, now=now)
        except Refusal as refusal:
            if refusal.code not in {"not_quorate", "roll_mismatch"}:
                raise
        else:
            closed += 1
    return closed


# Ballots still out ---------------------------------------------------------------------------------------------------


def reminders_to_vote(session: Session, *, round_code: str) -> int:
    """Remind, once for each session and due day, those present who have not voted yet."""
    round_ = rounds.by_code(session, round_code)
    day = rounds.due_of(session, round_.id or 0, Stage.COUNCIL_VOTE)
    reminded = 0
    for sitting in session.exec(
        select(CouncilSession).where(CouncilSession.round_id == round_.id, CouncilSession.state == SessionState.OPEN)
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
