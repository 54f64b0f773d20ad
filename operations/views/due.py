"""Each stage's open work and lateness, in the words that Prefect's page and our own pages share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import Deadline, Dossier, Escalation, Nomination, ReviewRound, Unit
from models.types import as_mapping, table
from operations import rounds
from operations.access import local_date
from operations.views import progress
from rules import deadlines
from rules.ladder import LADDER, days_late
from rules.lifecycle import STAGE_NAMES, STAGES, STATE_ROWS, WAITING, Stage, State, has_begun, stage_of

OFFICE = "office"  # who is late in a stage of the office's own
_N, _U, _D, _E = table(Nomination).c, table(Unit).c, table(Deadline).c, table(Escalation).c

_SHUT = {"shares": "chờ mảnh khóa của ban kiểm phiếu", "counts": "chờ hai bản kiểm phiếu giấy khớp nhau"}
NOTHING_WAITS = "Không có việc chờ"


@dataclass(frozen=True, slots=True)
class Standing:
    """One stage of a round as it stands: its deadline if it runs, and what it waits for."""

    round: str
    stage: Stage
    count: int  # nominations that wait here
    due_on: date | None  # None: no deadline, or its time has not begun
    days_left: int | None  # working days; negative when late
    late: int  # working days after the due day while something waits; 0 otherwise
    waits_for: tuple[str, ...]
    handed_in_late: int  # after the units' deadline; in the units' own stage only

    @property
    def sentence(self) -> str:
        """`Trễ 3 ngày: 7 hồ sơ chờ thẩm định`: the name of the run's final state, and what our pages say."""
        after = f" ({self.handed_in_late} hồ sơ nộp sau hạn)" if self.handed_in_late else ""
        if not self.waits_for:
            return NOTHING_WAITS + after
        said = ", ".join(self.waits_for) + after
        if self.late:
            return f"Trễ {self.late} ngày: {said}"
        if self.days_left is None:
            return said[0].upper() + said[1:]
        return f"Còn {self.days_left} ngày: {said}" if self.days_left else f"Hạn hôm nay: {said}"


def of_round(session: Session, round_code: str, *, now: datetime) -> list[Standing]:
    """The five stages of a round. Raises Refusal `unknown_round`."""
    round_ = rounds.by_code(session, round_code)
    counts = rounds.counts(session, round_)["states"]
    dues = {
        Stage(row.stage): row.due_on for row in session.exec(select(Deadline).where(Deadline.round_id == round_.id))
    }
    return [_standing(session, round_, stage, counts, dues.get(stage), local_date(now)) for stage in STAGES]


def _standing(
    session: Session, round_: ReviewRound, stage: Stage, counts: dict[str, int], due_on: date | None, today: date
) -> Standing:
    if round_.closed_at is not None or not has_begun(stage, Stage(round_.stage)):
        due_on = None
    waits_for = _waits_for(session, round_, stage, counts)
    return Standing(
        round=round_.code,
        stage=stage,
        count=sum(n for state, n in counts.items() if State(state) in WAITING and stage_of(State(state)) is stage),
        due_on=due_on,
        days_left=deadlines.days_left(today, due_on) if due_on else None,
        late=days_late(today, due_on) if due_on and waits_for else 0,
        waits_for=tuple(waits_for),
        handed_in_late=sum(handed_in_late(session, round_).values()) if stage is Stage.UNIT_PROPOSAL else 0,
    )


def _waits_for(session: Session, round_: ReviewRound, stage: Stage, counts: dict[str, int]) -> list[str]:
    waiting = {state: counts.get(state.value, 0) for state in State if state in WAITING}
    said = [
        f"{count} {STATE_ROWS[state].counted}" for state, count in waiting.items() if count and stage_of(state) is stage
    ]
    if stage is Stage.UNIT_PROPOSAL and round_.stage == stage:
        proposed, called = progress.units(session, round_.code)
        if proposed < called:
            said.insert(0, f"đã có {proposed}/{called} đơn vị đề nghị")
    if stage is Stage.COUNCIL_VOTE:
        out = progress.ballots(session, round_.code)
        ballots_out = [f"đã có {out[0]}/{out[1]} phiếu"] if out else []
        shut = [f"{_SHUT[what]} ({code})" for code, what in progress.shut_boxes(session, round_.code)]
        said = [*ballots_out, *shut] or said
    if round_.stage == stage and not said and not any(waiting.values()):
        return ["chờ thư ký kết thúc khâu"]
    return said


def in_short(session: Session, round_code: str, *, now: datetime) -> str:
    """The whole round in one sentence: the stages that are late, else the one in which the round stands."""
    round_ = rounds.by_code(session, round_code)
    found = of_round(session, round_code, now=now)
    late = [one for one in found if one.late]
    if late:
        worst = max(one.late for one in late)
        return f"Trễ {worst} ngày: " + ", ".join(STAGE_NAMES[one.stage] for one in late)
    if round_.stage == Stage.ENDED:
        return "Đợt xét đã kết thúc"
    present = found[STAGES.index(Stage(round_.stage))]
    return f"{STAGE_NAMES[present.stage]} – {present.sentence[0].lower()}{present.sentence[1:]}"


# What is counted ------------------------------------------------------------------------------------------------------


def waiting(session: Session, round_: ReviewRound, stage: Stage) -> dict[str, int]:
    """How many nominations wait in a stage: by unit code in the units' own stage, else under `OFFICE`."""
    states = [state.value for state in WAITING if stage_of(state) is stage]
    query = (
        sa.select(_U.code, sa.func.count())
        .join_from(Nomination, Unit, _N.unit_id == _U.id)
        .where(_N.round_id == round_.id, _N.state.in_(states))
        .group_by(_U.code)
        .order_by(_U.code)
    )
    by_unit = as_mapping(session.execute(query))
    if stage is Stage.UNIT_PROPOSAL:
        return by_unit
    total = sum(by_unit.values())
    return {OFFICE: total} if total else {}


def handed_in_late(session: Session, round_: ReviewRound) -> dict[str, int]:
    """Nominations whose dossier was first handed in after the units' deadline, by unit code."""
    received = table(Dossier).c.received_for_appraisal_at
    query = (
        sa.select(_U.code, sa.func.count())
        .join_from(Nomination, Dossier, _N.dossier_id == table(Dossier).c.id)
        .join(Unit, _N.unit_id == _U.id)
        .join(Deadline, (_D.round_id == _N.round_id) & (_D.stage == Stage.UNIT_PROPOSAL.value))
        .where(_N.round_id == round_.id, _N.state != State.DRAFT.value, received > _D.due_at)
        .group_by(_U.code)
    )
    return as_mapping(session.execute(query))


# For the dashboard ----------------------------------------------------------------------------------------------------


def overview(session: Session, *, now: datetime) -> list[dict[str, Any]]:
    """Every deadline of the open rounds that runs or is over with dossiers still waiting, the most urgent first."""
    steps = as_mapping(
        session.execute(
            sa.select(_E.deadline_id, sa.func.max(_E.level))
            .join_from(Escalation, Deadline, _E.deadline_id == _D.id)
            .where(_E.due_on == _D.due_on)
            .group_by(_E.deadline_id)
        )
    )
    ids = {(row.round_id, row.stage): row.id for row in session.exec(select(Deadline))}
    rows: list[dict[str, Any]] = []
    for round_ in session.exec(select(ReviewRound).where(col(ReviewRound.closed_at).is_(None))).all():
        for one in of_round(session, round_.code, now=now):
            if one.due_on is None or (not one.count and one.stage != round_.stage):
                continue
            step = steps.get(ids[round_.id or 0, one.stage.value])
            by_unit = waiting(session, round_, one.stage) if one.stage is Stage.UNIT_PROPOSAL else None
            rows.append(
                {
                    "round": round_.code,
                    "title": round_.title,
                    "stage": one.stage.value,
                    "due_on": one.due_on,
                    "days_left": one.days_left,
                    "late": one.late,
                    "sentence": one.sentence,
                    "waiting": one.count,
                    "units": len(by_unit) if by_unit is not None else None,
                    "step": LADDER[step - 1] if step else None,
                }
            )
    return sorted(rows, key=lambda row: (row["due_on"], row["round"]))


def escalations(session: Session, *, limit: int = 20) -> list[dict[str, Any]]:
    """The last steps up the ladder, newest first: round, stage, who is late (a unit's name; None: the office), step."""
    rows = session.execute(
        sa.select(table(ReviewRound).c.code, _D.stage, _U.name, _E.level, _E.due_on, _E.at)
        .join_from(Escalation, Deadline, _E.deadline_id == _D.id)
        .join(ReviewRound, _D.round_id == table(ReviewRound).c.id)
        .join(Unit, _E.subject == _U.code, isouter=True)
        .order_by(_E.id.desc())
        .limit(limit)
    )
    return [
        {"round": code, "stage": stage, "late": unit, "step": LADDER[level - 1], "due_on": due_on, "at": at}
        for code, stage, unit, level, due_on, at in rows
    ]


def as_table(found: Sequence[Standing]) -> list[dict[str, Any]]:
    """The stages as rows under Vietnamese heads: the table that a run lays to its page."""
    return [
        {
            "Khâu": STAGE_NAMES[one.stage],
            "Số hồ sơ chờ": one.count,
            "Hạn": f"{one.due_on:%d/%m/%Y}" if one.due_on else "–",
            "Tình hình": one.sentence,
        }
        for one in found
    ]
