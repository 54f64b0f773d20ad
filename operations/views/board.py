"""The round's board: where every dossier stands, for whom it waits, what is due, and when the round may be over."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from models import Deadline, Nomination, Nominee, Pause, ReviewRound, Unit
from models.types import as_mapping, table
from operations import access, paging, rounds, transition, visibility
from operations.access import Actor
from rules import deadlines
from rules.lifecycle import STAGE_NAMES, STAGES, STATE_NAMES, STATE_ROWS, WAITING, Stage, State, has_begun, stage_of
from rules.refusal import Refusal

_ORDER = {state: place for place, state in enumerate(State)}
_N, _P, _U = table(Nomination).c, table(Nominee).c, table(Unit).c


@dataclass(frozen=True, slots=True)
class Forecast:
    """The day on which the round may be over, if every stage left takes the time it has; and how that was counted."""

    finish: date | None
    planned: date | None
    late_days: int  # working days after the plan; 0 when in time
    sentence: str


@dataclass(frozen=True, slots=True)
class Board:
    """`stages`, `states`, `blockers` count the whole round; `rows` are one page of its nominations, with `next_key`."""

    code: str
    title: str
    kind: str
    year: int
    stage: str
    closed: bool
    total: int
    deadlines: tuple[dict[str, Any], ...]
    stages: dict[str, int]
    states: dict[str, int]
    blockers: tuple[dict[str, Any], ...]
    forecast: Forecast
    rows: tuple[dict[str, Any], ...]
    next_key: str | None


def of_round(
    session: Session,
    code: str,
    *,
    now: datetime,
    actor: Actor | None = None,
    stage: str | None = None,
    state: str | None = None,
    unit: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Board:
    """The board of a round. With `actor`, rows, counts and blockers are of what this person may read (`visibility`).

    Raises Refusal `unknown_round`, `unknown_stage`, `unknown_state`; Unreadable `bad_page_key`.
    """
    round_ = rounds.by_code(session, code)
    if stage is not None and stage not in set(Stage):
        raise Refusal("unknown_stage", f"Không có khâu «{stage}»; dùng một trong: {', '.join(STAGES)}.")
    if state is not None and state not in set(State):
        raise Refusal("unknown_state", f"Không có trạng thái «{state}»; dùng một trong: {', '.join(State)}.")
    seen = [_N.round_id == round_.id, *(visibility.conditions(actor) if actor is not None else [])]
    today = access.local_date(now)
    dues = _dues(session, round_)
    states = _states(session, seen)
    wanted = [
        one
        for one in State
        if states.get(one) and state in (None, one.value) and (stage is None or stage_of(one).value == stage)
    ]
    found, next_key = _rows(session, seen, wanted, unit=unit, after=after, limit=limit)
    return Board(
        code=round_.code,
        title=round_.title,
        kind=round_.kind,
        year=round_.year,
        stage=round_.stage,
        closed=round_.closed_at is not None,
        total=sum(states.values()),
        deadlines=tuple(
            _deadline(dues[one], round_, today, waits=_waits(states, one)) for one in STAGES if one in dues
        ),
        stages=_stages(states),
        states=states,
        blockers=tuple(_blockers(session, seen, states, dues, today)),
        forecast=forecast(round_, dues, states, today),
        rows=tuple(_row(row, dues, today) for row in found),
        next_key=next_key,
    )


def units(session: Session) -> list[tuple[str, str]]:
    """(code, name) of every unit, by code: for the board's filter."""
    return [(row.code, row.name) for row in session.execute(sa.select(_U.code, _U.name).order_by(_U.code))]


def silent(session: Session, round_: ReviewRound, *, actor: Actor, now: datetime) -> list[tuple[str, str, int]]:
    """The units that have not proposed yet, while there is time; for the office, which urges them."""
    if round_.stage != Stage.UNIT_PROPOSAL or not actor.holds(*visibility.OFFICE):
        return []
    return rounds.not_proposed(session, round_, today=access.local_date(now))


def status(session: Session, code: str, *, actor: Actor) -> dict[str, Any]:
    """`rounds.status`, its counts of what this person may read: how a stranger's dossiers stand is nobody else's matter."""
    round_ = rounds.by_code(session, code)
    states = _states(session, [_N.round_id == round_.id, *visibility.conditions(actor)])
    return rounds.status(session, code) | {"counts": _stages(states), "states": states}


def _dues(session: Session, round_: ReviewRound) -> dict[Stage, Deadline]:
    rows = session.exec(select(Deadline).where(Deadline.round_id == round_.id))
    return {Stage(row.stage): row for row in rows}


def _waits(states: dict[str, int], stage: Stage) -> bool:
    """Does anything still wait in this stage, be it sent back from a later one?"""
    return any(count for state, count in states.items() if State(state) in WAITING and stage_of(State(state)) is stage)


def _deadline(row: Deadline, round_: ReviewRound, today: date, *, waits: bool) -> dict[str, Any]:
    stage = Stage(row.stage)
    runs = round_.closed_at is None and stage == round_.stage
    return {
        "stage": row.stage,
        "name": STAGE_NAMES[stage],
        "due": row.due_on,
        "days_left": deadlines.days_left(today, row.due_on),
        "overdue": (runs or (waits and has_begun(stage, Stage(round_.stage)))) and today > row.due_on,
        "planned": not has_begun(stage, Stage(round_.stage)),
        "done": not waits and (round_.closed_at is not None or (has_begun(stage, Stage(round_.stage)) and not runs)),
        "computed": rounds.explained(row),
    }


def _states(session: Session, seen: list[Any]) -> dict[str, int]:
    found = session.execute(sa.select(_N.state, sa.func.count()).where(*seen).group_by(_N.state))
    counted = as_mapping(found)
    return {state.value: counted[state.value] for state in State if state.value in counted}


def _stages(states: dict[str, int]) -> dict[str, int]:
    stages = dict.fromkeys((s.value for s in Stage), 0)
    for name, count in states.items():
        stages[stage_of(State(name)).value] += count
    return stages


def _blockers(
    session: Session,
    seen: list[Any],
    states: dict[str, int],
    dues: dict[Stage, Deadline],
    today: date,
) -> list[dict[str, Any]]:
    """The parties that nominations wait for, with number and earliest day: units for their own, staff for the rest."""
    blocking = [state for state, row in STATE_ROWS.items() if row.waits_for and states.get(state)]
    if not blocking:
        return []
    of_units = [state.value for state in blocking if stage_of(state) is Stage.UNIT_PROPOSAL]
    of_office = [state.value for state in blocking if state.value not in of_units]
    # Both in the order of the index of states: nothing is sorted. At the office it does not matter whose a dossier is.
    said = (sa.func.count().label("n"), sa.func.min(_N.entered_stage_at).label("since"))
    by_unit = sa.select(_N.state, _N.unit_id, *said).where(*seen, _N.state.in_(of_units)).group_by(_N.state, _N.unit_id)
    by_state = sa.select(_N.state, *said).where(*seen, _N.state.in_(of_office)).group_by(_N.state)
    units = {row.id: row for row in session.execute(sa.select(_U.id, _U.code, _U.name))} if of_units else {}
    groups: list[tuple[Any, Any]] = [(row, units[row.unit_id]) for row in session.execute(by_unit)] if of_units else []
    groups += [(row, None) for row in session.execute(by_state)] if of_office else []
    found = [
        {
            "state": row.state,
            "state_name": STATE_NAMES[State(row.state)],
            "stage": stage_of(State(row.state)).value,
            "waits_for": unit.name if unit else STATE_ROWS[State(row.state)].waits_for,
            "unit": unit.code if unit else None,
            "count": row.n,
            "since": row.since,
        }
        | _time(State(row.state), dues, today)
        for row, unit in groups
    ]
    return sorted(found, key=lambda row: (_ORDER[State(row["state"])], -row["count"], row["waits_for"]))


def _time(state: State, dues: dict[Stage, Deadline], today: date) -> dict[str, Any]:
    due = dues.get(stage_of(state)) if state in WAITING else None
    return {
        "due": due.due_on if due else None,
        "days_left": deadlines.days_left(today, due.due_on) if due else None,
        "overdue": due is not None and today > due.due_on,
    }


def _rows(
    session: Session,
    seen: list[Any],
    wanted: list[State],
    *,
    unit: str | None,
    after: str | None,
    limit: int,
) -> tuple[list[Any], str | None]:
    """State after state in the order of the stages, within one as its index has them: unit, then nomination."""
    begin: tuple[Any, ...] = (-1, 0, 0)
    if after is not None:
        begin = paging.read(after, paging.number, paging.number, paging.number)
    paused = table(Pause).c
    since = (
        sa.select(sa.func.max(paused.started_at))
        .where(paused.nomination_id == _N.id, paused.ended_at.is_(None))
        .scalar_subquery()
    )
    query = (
        sa.select(
            _N.id, _N.unit_id, _N.code, _N.award, _N.role, _N.route, _N.state, _N.stage, _N.version, _N.entered_stage_at,
            _N.name, _P.kind, _U.code.label("unit"), _U.name.label("unit_name"), since.label("paused_since"),
        )
        .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
        .join(Unit, _N.unit_id == _U.id)
        .where(*seen)
        .order_by(_N.unit_id, _N.id)
    )  # fmt: skip
    if unit is not None:
        query = query.where(_N.unit_id == sa.select(_U.id).where(_U.code == unit).scalar_subquery())
    found: list[Any] = []
    for state in wanted:
        if _ORDER[state] < begin[0]:
            continue
        of_state = query.where(_N.state == state.value)
        if _ORDER[state] == begin[0]:
            of_state = of_state.where(sa.tuple_(_N.unit_id, _N.id) > sa.tuple_(*begin[1:]))
        found += session.execute(of_state.limit(limit + 1 - len(found)))
        if len(found) > limit:
            last = found[limit - 1]
            return found[:limit], paging.write(_ORDER[State(last.state)], last.unit_id, last.id)
    return found, None


def _row(row: Any, dues: dict[Stage, Deadline], today: date) -> dict[str, Any]:
    state = State(row.state)
    return {
        "code": row.code,
        "nominee": row.name,
        "nominee_kind": row.kind,
        "award": row.award,
        "award_name": transition.award_name(row.award),
        "unit": row.unit,
        "unit_name": row.unit_name,
        "stage": row.stage,
        "state": row.state,
        "state_name": STATE_NAMES[state],
        "version": row.version,
        "waits_for": row.unit_name if stage_of(state) is Stage.UNIT_PROPOSAL else STATE_ROWS[state].waits_for,
        "since": row.entered_stage_at,
        "paused_since": row.paused_since,
    } | _time(state, dues, today)


def forecast(round_: ReviewRound, dues: dict[Stage, Deadline], states: dict[str, int], today: date) -> Forecast:
    """When the round may be over: the present stage to its due day (today when that has passed), each later one in full.

    No more than addition: it knows nothing of how fast people are. Paused nominations and superiors' answers are left
    out, they hold no round up.
    """
    planned = dues[STAGES[-1]].due_on if STAGES[-1] in dues else None
    if round_.closed_at is not None:
        return Forecast(None, planned, 0, "Đợt xét đã kết thúc.")
    present = Stage(round_.stage)
    due = dues.get(present)
    finish = max(due.due_on, today) if due else today
    if due is None:
        said = [f"khâu «{STAGE_NAMES[present]}» không có thời hạn, tính xong trong hôm nay"]
    elif due.due_on < today:
        said = [f"khâu «{STAGE_NAMES[present]}» đã quá hạn {due.due_on:%d/%m/%Y}, tính xong trong hôm nay"]
    else:
        said = [f"khâu «{STAGE_NAMES[present]}» đến hạn {due.due_on:%d/%m/%Y}"]
    for stage in STAGES[STAGES.index(present) + 1 :]:
        later = dues.get(stage)
        if later is None:
            said.append(f"khâu «{STAGE_NAMES[stage]}» không có thời hạn")
        elif later.days is None:
            finish = max(finish, later.due_on)
            said.append(f"khâu «{STAGE_NAMES[stage]}» ấn định {later.due_on:%d/%m/%Y}")
        else:
            finish = deadlines.compute(finish, later.days, "working").due
            said.append(f"{later.days} ngày làm việc cho khâu «{STAGE_NAMES[stage]}»")
    late = max(-deadlines.days_left(finish, planned), 0) if planned else 0
    verdict = (
        f"chậm {late} ngày làm việc so với kế hoạch {planned:%d/%m/%Y}"
        if planned and late
        else f"kịp kế hoạch {planned:%d/%m/%Y}"
        if planned
        else "chưa có kế hoạch để so"
    )
    held = [
        f"{states[state]} hồ sơ {words}"
        for state, words in ((State.PAUSED, "đang tạm dừng"), (State.FORWARDED, "chờ cấp trên"))
        if states.get(state)
    ]
    without = f" Chưa tính {' và '.join(held)}." if held else ""
    return Forecast(
        finish, planned, late, f"Dự báo xong ngày {finish:%d/%m/%Y}, {verdict}: {'; '.join(said)}.{without}"
    )
