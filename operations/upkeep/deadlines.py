"""Deadlines watched: remind before, climb the ladder after, close what is due. Done by the sweep, once a fact.

The ladder: officer → head of unit → secretariat → chairman, one step for each working day overdue. A second sweep at
the same time, or a minute later, finds every step taken (unique in the database) and does nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import CouncilSession, Deadline, Escalation, Nomination, ReviewRound, Unit
from models.types import as_mapping, table
from operations import announce, recipients, record, rounds
from operations.access import ENGINE, local_date
from operations.council_vote import sessions, vote
from operations.public_disclosure import disclosure
from rules import deadlines
from rules.lifecycle import STAGE_NAMES, STAGES, WAITING, Role, Stage, stage_of
from rules.refusal import Refusal

REMIND_WITHIN = 2  # working days before the due day
LADDER = ("cán bộ phụ trách", "thủ trưởng đơn vị", "thư ký Hội đồng", "Chủ tịch")
OFFICE = "office"
_N = table(Nomination).c

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


def _open_deadlines(session: Session) -> list[tuple[Deadline, ReviewRound]]:
    rows = session.exec(
        select(Deadline, ReviewRound)
        .join(ReviewRound, col(Deadline.round_id) == col(ReviewRound.id))
        .where(col(ReviewRound.closed_at).is_(None))
        .order_by(col(Deadline.id))
    ).all()
    return [(deadline, round_) for deadline, round_ in rows]


def waiting(session: Session, round_id: int, stage: Stage) -> dict[str, int]:
    """How many nominations wait in a stage: by unit code in the units' own stage, else under 'office'."""
    states = [state.value for state in WAITING if stage_of(state) is stage]
    query = (
        sa.select(col(Unit.code), sa.func.count())
        .join_from(Nomination, Unit, _N.unit_id == col(Unit.id))
        .where(_N.round_id == round_id, _N.state.in_(states))
        .group_by(col(Unit.code))
    )
    by_unit = as_mapping(session.execute(query))
    if stage is Stage.UNIT_PROPOSAL:
        return by_unit
    total = sum(by_unit.values())
    return {OFFICE: total} if total else {}


def _recipients(
    session: Session, stage: Stage, subject: str, step: int, *, today: date
) -> Sequence[tuple[str, str, str]]:
    roles = _STEPS[stage][step]
    if subject == OFFICE or step > 1:
        return recipients.holders(session, *roles, today=today)
    unit = session.exec(select(Unit).where(Unit.code == subject)).one()
    people = recipients.holders(session, *roles, today=today, unit_id=unit.id)
    return people or ([(unit.code, unit.name, unit.email)] if unit.email else [])


def _remind(session: Session, *, now: datetime) -> int:
    today = local_date(now)
    reminded = 0
    for deadline, round_ in _open_deadlines(session):
        stage = Stage(deadline.stage)
        if deadline.reminded_at is not None or deadline.due_at <= now or not _has_begun(round_, stage):
            continue
        left = deadlines.days_left(today, deadline.due_on)
        late = waiting(session, round_.id or 0, stage)
        if left > REMIND_WITHIN or not late:
            continue
        deadline.reminded_at = now
        deadline.version += 1
        session.add(deadline)
        session.flush()
        record.record(session, Kind.DEADLINE_REMINDED, [(f"{round_.code}/{stage}", {"reminded": now})])
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


def _has_begun(round_: ReviewRound, stage: Stage) -> bool:
    """A stage's own time runs once the round has reached it; the plan for later stages is no deadline yet."""
    return STAGES.index(stage) <= STAGES.index(Stage(round_.stage))


def _escalate(session: Session, *, now: datetime) -> int:
    today = local_date(now)
    taken = 0
    for deadline, round_ in _open_deadlines(session):
        stage = Stage(deadline.stage)
        if deadline.due_at > now or not _has_begun(round_, stage):
            continue
        over = max(-deadlines.days_left(today, deadline.due_on), 1)
        for subject, count in waiting(session, round_.id or 0, stage).items():
            done = set(
                session.exec(
                    select(Escalation.level).where(
                        Escalation.deadline_id == deadline.id,
                        Escalation.subject == subject,
                        Escalation.due_on == deadline.due_on,
                    )
                )
            )
            for level in range(1, min(over, len(LADDER)) + 1):
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
    record.record(session, Kind.ESCALATION_RAISED, [(key, escalation_aspects(row))])
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
                    "level_name": LADDER[level - 1],
                    "stage_name": STAGE_NAMES[stage],
                    "round_title": round_.title,
                    "due": deadline.due_on.isoformat(),
                    "days_over": over,
                    "waiting": count,
                    "previous_levels": list(LADDER[: level - 1]),
                },
            )
            for username, name, email in people
        ],
    )


def escalation_aspects(row: Escalation) -> dict[str, Any]:
    return {"to": row.to_accounts, "at": row.at}


def overview(session: Session, *, now: datetime) -> list[dict[str, Any]]:
    """Every deadline of the open rounds that runs or is over with dossiers still waiting, the most urgent first."""
    today = local_date(now)
    steps = as_mapping(
        session.execute(
            sa.select(col(Escalation.deadline_id), sa.func.max(col(Escalation.level)))
            .join_from(Escalation, Deadline, col(Escalation.deadline_id) == col(Deadline.id))
            .where(col(Escalation.due_on) == col(Deadline.due_on))
            .group_by(col(Escalation.deadline_id))
        )
    )
    rows: list[dict[str, Any]] = []
    for deadline, round_ in _open_deadlines(session):
        stage = Stage(deadline.stage)
        if not _has_begun(round_, stage):
            continue
        late = waiting(session, round_.id or 0, stage)
        if not late and stage != round_.stage:
            continue
        step = steps.get(deadline.id or 0)
        rows.append(
            {
                "round": round_.code,
                "title": round_.title,
                "stage": deadline.stage,
                "due_on": deadline.due_on,
                "days_left": deadlines.days_left(today, deadline.due_on),
                "waiting": sum(late.values()),
                "units": len(late) if stage is Stage.UNIT_PROPOSAL else None,
                "step": LADDER[step - 1] if step else None,
            }
        )
    return sorted(rows, key=lambda row: (row["due_on"], row["round"]))


def escalations(session: Session, *, limit: int = 20) -> list[dict[str, Any]]:
    """The last steps up the ladder, newest first: round, stage, who is late (a unit's name; None: the office), step."""
    rows = session.execute(
        sa.select(
            col(ReviewRound.code), col(Deadline.stage), col(Unit.name), col(Escalation.level), col(Escalation.due_on),
            col(Escalation.at),
        )
        .join_from(Escalation, Deadline, col(Escalation.deadline_id) == col(Deadline.id))
        .join(ReviewRound, col(Deadline.round_id) == col(ReviewRound.id))
        .join(Unit, col(Escalation.subject) == col(Unit.code), isouter=True)
        .order_by(col(Escalation.id).desc())
        .limit(limit)
    )  # fmt: skip
    return [
        {"round": code, "stage": stage, "late": unit, "step": LADDER[level - 1], "due_on": due_on, "at": at}
        for code, stage, unit, level, due_on, at in rows
    ]


def _close_ballots(session: Session, *, now: datetime) -> int:
    """Close each open ballot whose stage is over and that is quorate; one that is not climbs the ladder instead.

    A ballot opened after the due day, or before the round reached its council, is for a person to close.
    """
    closed = 0
    due = (
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
    for code, round_ in session.exec(due).all():
        if not _has_begun(round_, Stage.COUNCIL_VOTE):
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
    due = rounds.due_of(session, round_.id or 0, Stage.COUNCIL_VOTE)
    reminded = 0
    for sitting in session.exec(
        select(CouncilSession).where(CouncilSession.round_id == round_.id, CouncilSession.state == "open")
    ).all():
        voted = vote.voted(session, sitting)
        letters: list[Any] = [
            announce.Notice(
                kind="ballot_reminder",
                about=f"{sitting.code}/{due}",
                to=member.email,
                recipient=member.member,
                context={"member_name": member.name, "session_code": sitting.code, "due": due},
            )
            for member in sessions.members_of(session, sitting)
            if member.attended and member.username not in voted
        ]
        reminded += announce.notices_once(session, letters)
    return reminded
