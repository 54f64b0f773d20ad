"""What is due: the deadlines of the open rounds, who is late by how much, and the last steps up the ladder."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import Deadline, Escalation, Nomination, ReviewRound, Unit
from models.types import as_mapping, table
from operations.access import local_date
from rules import deadlines
from rules.lifecycle import STAGES, WAITING, Stage, stage_of

OFFICE = "office"
_N = table(Nomination).c
LADDER = ("cán bộ phụ trách", "thủ trưởng đơn vị", "thư ký Hội đồng", "Chủ tịch")


def open_deadlines(session: Session) -> list[tuple[Deadline, ReviewRound]]:
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


def has_begun(round_: ReviewRound, stage: Stage) -> bool:
    """A stage's own time runs once the round has reached it; the plan for later stages is no deadline yet."""
    return STAGES.index(stage) <= STAGES.index(Stage(round_.stage))


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
    for deadline, round_ in open_deadlines(session):
        stage = Stage(deadline.stage)
        if not has_begun(round_, stage):
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
