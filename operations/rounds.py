"""Review rounds (đợt xét): open, look, advance, extend a deadline. The secretary's verbs."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Deadline, Nomination, Regulation, ReviewRound, Unit
from models.types import as_mapping, table
from operations import access, announce, free_text, numbering, recipients, record, regulations
from operations.access import Actor
from rules import calendar, deadlines, lifecycle, near_days, regulation
from rules.lifecycle import STAGE_NAMES, STAGES, WAITING, Role, Stage
from rules.refusal import Refusal
from rules.vocabulary import RoundKind

_N = table(Nomination).c


def by_code(session: Session, code: str) -> ReviewRound:
    """The round of this code. Raises Refusal `unknown_round`."""
    found = session.exec(select(ReviewRound).where(ReviewRound.code == code)).one_or_none()
    if found is None:
        raise Refusal(
            "unknown_round",
            f"Không có đợt xét mang mã «{code}». Hãy xem danh sách các đợt xét (dòng lệnh: `vinhdanh round list`).",
        )
    return found


def code_of(session: Session, round_id: int) -> str:
    """The code of a round that some row refers to."""
    return session.get_one(ReviewRound, round_id).code


def issuing_authority(session: Session) -> Unit:
    """The People's Committee this installation works for. Raises Refusal `no_office`."""
    found = session.exec(select(Unit).where(col(Unit.is_office).is_(True)).order_by(col(Unit.id).desc())).first()
    if found is None:
        raise Refusal(
            "no_office",
            "Chưa khai báo cơ quan có Hội đồng. Quản trị hệ thống hãy khai báo ở trang Đơn vị "
            "(dòng lệnh: `vinhdanh unit add --office`, hoặc `vinhdanh init --sample` khi dùng thử).",
        )
    return found


def open_round(
    session: Session,
    *,
    kind: str,
    year: int,
    title: str,
    actor: Actor,
    now: datetime,
    regulation_text: str | None = None,
    proposals_due: date | None = None,
) -> ReviewRound:
    """Open a round and call the units for proposals. Raises Refusal `missing_regulation`, `unknown_kind`."""
    access.require(actor, Role.SECRETARY)
    if kind not in set(RoundKind):
        raise Refusal(
            "unknown_kind", f"Loại hình khen thưởng «{kind}» không có; dùng một trong: {', '.join(RoundKind)}."
        )
    latest_year = access.local_date(now).year + near_days.AHEAD
    if not 2000 <= year <= latest_year:
        raise Refusal("bad_year", f"Năm xét «{year}» không hợp lý. Hãy ghi một năm từ 2000 đến {latest_year}.")
    if not title.strip():
        raise Refusal("missing_title", "Đợt xét phải có tên để các đơn vị nhận ra.")
    free_text.check("Tên đợt xét", title, 300)
    if proposals_due is not None and proposals_due < access.local_date(now):
        raise Refusal(
            "date_in_the_past",
            f"Hạn nhận đề nghị {proposals_due:%d/%m/%Y} đã qua; hãy chọn một ngày từ hôm nay trở đi.",
        )
    at_office = issuing_authority(session)
    if regulation_text is not None:
        rules_row = regulations.register(session, regulation_text, now=now, by=actor.username)
    else:
        latest = regulations.in_use(session)
        if latest is None:
            raise Refusal(
                "missing_regulation",
                "Chưa có Quy chế làm việc của Hội đồng nên không mở được đợt xét: Luật không quy định ngưỡng phiếu và "
                "thời hạn từng khâu. Hãy nạp tệp Quy chế khi mở đợt (dòng lệnh: thêm --regulation TỆP).",
            )
        rules_row = latest
    parsed = regulation.parse(rules_row.text)
    parsed.require_for_round(kind)
    number = numbering.take(session, f"round/{year}")[0]
    row = ReviewRound(
        code=f"DX-{year}-{number:02d}",
        kind=kind,
        year=year,
        title=title.strip(),
        level=at_office.level,
        stage=Stage.UNIT_PROPOSAL,
        regulation_id=rules_row.id or 0,
        opened_at=now,
        opened_by=actor.username,
    )
    session.add(row)
    session.flush()
    index = record.record(
        session, Kind.ROUND_OPENED, [(row.code, round_aspects(row, rules_row.sha256))], by=actor.username
    )
    _plan(session, row, parsed, today=access.local_date(now), proposals_due=proposals_due, by=actor.username)
    due = next((d.due_on for d in _deadlines(session, row) if d.stage == Stage.UNIT_PROPOSAL), None)
    units = recipients.units(session, today=access.local_date(now))
    announce.notices(
        session,
        [
            announce.Notice(
                kind="call_for_proposals",
                about=str(index),
                to=unit.email,
                recipient=unit.code,
                context={
                    "round_code": row.code,
                    "round_title": row.title,
                    "due": due.isoformat() if due else None,
                    "unit_name": unit.name,
                    "office": at_office.name,
                },
            )
            for unit in units
        ],
    )
    announce.stage(session, row.code, Stage.UNIT_PROPOSAL, index=index)
    return row


def round_aspects(row: ReviewRound, regulation_sha256: str) -> dict[str, Any]:
    """A round as the ledger commits to it."""
    return {
        "about": [row.kind, row.year, row.title, row.level],
        "opened": [row.opened_at, row.opened_by],
        "regulation": regulation_sha256,
        **_stage_aspects(row),
    }


def _stage_aspects(row: ReviewRound) -> dict[str, Any]:
    return {"stage": row.stage, "frozen": row.frozen_at, "closed": row.closed_at}


def _plan(
    session: Session,
    row: ReviewRound,
    parsed: regulation.Regulation,
    *,
    today: date,
    proposals_due: date | None,
    by: str,
) -> None:
    """A deadline for each stage the regulation limits; later ones are recomputed when the round reaches them."""
    start = today
    closing = proposals_due or parsed.closing.get(RoundKind(row.kind))
    for stage in STAGES:
        if stage is Stage.UNIT_PROPOSAL and closing is not None and closing >= today:
            because = "do thư ký ấn định khi mở đợt" if proposals_due else f"theo {parsed.number}"
            start = _set_fixed(session, row, stage, closing, today=today, because=because, by=by).due_on
            continue
        days = parsed.time(stage)
        if days is not None:
            start = _set_computed(session, row, stage, start, days, number=parsed.number, by=by).due_on


def _set_computed(
    session: Session, row: ReviewRound, stage: Stage, start: date, days: int, *, number: str, by: str
) -> Deadline:
    computed = deadlines.compute(start, days, "working")
    values: dict[str, Any] = {
        "starts_on": start,
        "days": days,
        "unit": "working",
        "due_on": computed.due,
        "due_at": deadlines.due_at(computed),
        "calendar_version": computed.calendar_version,
        "computed": f"{computed.explanation} (thời hạn theo {number})",
        "reason": None,
    }
    return _store_deadline(session, row, stage, values, Kind.DEADLINE_COMPUTED, by=by)


def _set_fixed(
    session: Session,
    row: ReviewRound,
    stage: Stage,
    until: date,
    *,
    today: date,
    because: str,
    by: str,
    reason: str | None = None,
) -> Deadline:
    near_days.judge("Hạn", until, today=today)
    values: dict[str, Any] = {
        "starts_on": today,
        "days": None,
        "unit": "fixed",
        "due_on": until,
        "due_at": access.end_of_day(until),
        "calendar_version": calendar.shipped().version,
        "computed": f"Hết ngày {until:%d/%m/%Y}, {because}.",
        "reason": reason,
    }
    return _store_deadline(session, row, stage, values, Kind.DEADLINE_FIXED, by=by)


def _store_deadline(
    session: Session, row: ReviewRound, stage: Stage, values: dict[str, Any], kind: Kind, *, by: str
) -> Deadline:
    found = session.exec(select(Deadline).where(Deadline.round_id == row.id, Deadline.stage == stage)).one_or_none()
    if found is None:
        found = Deadline(round_id=row.id or 0, stage=stage, **values)
    else:
        for name, value in values.items():
            setattr(found, name, value)
        found.reminded_at = None
        found.version += 1
    session.add(found)
    session.flush()
    record.record(session, kind, [(f"{row.code}/{stage}", deadline_aspects(found))], by=by)
    return found


def deadline_aspects(row: Deadline) -> dict[str, Any]:
    return {
        "due_on": row.due_on,
        "due_at": row.due_at,
        "counted": [row.starts_on, row.days, row.unit, row.calendar_version],
        "computed": row.computed,
        "reason": row.reason,
        "reminded": row.reminded_at,
    }


def explained(row: Deadline) -> str:
    """How a deadline came about, with why it was moved: for who is signed in. The ledger publishes `computed` alone."""
    return row.computed if row.reason is None else f"{row.computed.removesuffix('.')}: {row.reason}."


def _deadlines(session: Session, row: ReviewRound) -> list[Deadline]:
    rows = session.exec(select(Deadline).where(Deadline.round_id == row.id)).all()
    return sorted(rows, key=lambda deadline: STAGES.index(Stage(deadline.stage)))


def counts(session: Session, row: ReviewRound) -> dict[str, dict[str, int]]:
    """How many nominations stand in each stage and in each state."""
    states = as_mapping(
        session.execute(sa.select(_N.state, sa.func.count()).where(_N.round_id == row.id).group_by(_N.state))
    )
    stages = {stage.value: 0 for stage in Stage}
    for state, count in states.items():
        stages[lifecycle.stage_of(lifecycle.State(state))] += count
    return {"stages": stages, "states": states}


def status(session: Session, code: str) -> dict[str, Any]:
    """Counts by stage and deadlines of the round: `round status` of docs/contract.md §2."""
    row = by_code(session, code)
    found = counts(session, row)
    return {
        "code": row.code,
        "title": row.title,
        "kind": row.kind,
        "year": row.year,
        "stage": row.stage,
        "counts": found["stages"],
        "states": found["states"],
        "deadlines": [
            {"stage": deadline.stage, "due": deadline.due_on.isoformat(), "computed": explained(deadline)}
            for deadline in _deadlines(session, row)
        ],
    }


def listing(session: Session) -> list[dict[str, Any]]:
    rows = session.exec(select(ReviewRound).order_by(col(ReviewRound.id))).all()
    return [
        {"code": row.code, "kind": row.kind, "year": row.year, "title": row.title, "stage": row.stage} for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Ending:
    """A preview of closing a round's present stage: the next stage, the nominations that go on, the obstacles."""

    stage: Stage
    following: Stage
    going_on: dict[str, int]  # by state
    refusal: Refusal | None


def ending(session: Session, row: ReviewRound) -> Ending:
    """A preview of closing the round's present stage. Raises Refusal `round_closed`."""
    stage = Stage(row.stage)
    if stage is Stage.ENDED:
        raise Refusal("round_closed", f"Đợt xét {row.code} đã đóng từ trước.")
    found = counts(session, row)
    blocking = {
        state.value: found["states"].get(state, 0)
        for state in lifecycle.State
        if state in WAITING and found["states"].get(state, 0) and _not_after(lifecycle.stage_of(state), stage)
    }
    refusal = None
    if blocking or not sum(found["states"].values()):
        waits = ", ".join(f"{n} hồ sơ «{lifecycle.STATE_NAMES[lifecycle.State(s)]}»" for s, n in blocking.items())
        refusal = Refusal(
            "stage_not_done",
            f"Chưa kết thúc được khâu «{STAGE_NAMES[stage]}» của đợt {row.code}: "
            f"{waits or 'chưa có hồ sơ nào được nộp'}. Hãy xử lý xong rồi chuyển khâu.",
            details={"counts": found["stages"], "waiting": blocking},
        )
    following = STAGES[STAGES.index(stage) + 1] if stage is not STAGES[-1] else Stage.ENDED
    going_on = {
        state.value: found["states"][state]
        for state in lifecycle.State
        if found["states"].get(state) and lifecycle.stage_of(state) is not Stage.ENDED
    }
    return Ending(stage, following, going_on, refusal)


def not_proposed(session: Session, row: ReviewRound, *, today: date) -> list[tuple[str, str, int]]:
    """(code, name, drafts) of each unit of today that has handed nothing in for the round; a draft is not handed in."""
    u = table(Unit).c
    of_round = (_N.round_id == row.id, _N.unit_id == u.id)
    apart = (lifecycle.State.DRAFT.value, lifecycle.State.WITHDRAWN.value)
    handed_in = sa.exists().where(*of_round, _N.state.not_in(apart))
    drafts = sa.select(sa.func.count()).where(*of_round, _N.state == lifecycle.State.DRAFT.value).scalar_subquery()
    found = session.execute(
        sa.select(u.code, u.name, drafts)
        .where(
            u.is_office.is_(False), u.valid_from <= today, u.valid_to.is_(None) | (u.valid_to > today), ~handed_in
        )
        .order_by(u.code)
    )  # fmt: skip
    return [(code, name, int(count)) for code, name, count in found]


def advance(session: Session, code: str, *, actor: Actor, now: datetime) -> ReviewRound:
    """Close the round's current stage and begin the next. Raises Refusal `stage_not_done` with the counts."""
    access.require(actor, Role.SECRETARY)
    row = by_code(session, code)
    found = ending(session, row)
    if found.refusal is not None:
        raise found.refusal
    stage, following = found.stage, found.following
    row.stage = following
    row.version += 1
    if stage is Stage.UNIT_PROPOSAL:
        row.frozen_at = now
    if following is Stage.ENDED:
        row.closed_at = now
    session.add(row)
    session.flush()
    index = record.record(session, Kind.ROUND_ADVANCED, [(row.code, _stage_aspects(row))], by=actor.username)
    if following is not Stage.ENDED:
        deadline = next((d for d in _deadlines(session, row) if d.stage == following), None)
        if deadline is not None and deadline.unit == "working" and deadline.days is not None:
            number = session.get_one(Regulation, row.regulation_id).number
            _set_computed(
                session, row, following, access.local_date(now), deadline.days, number=number, by=actor.username
            )
        announce.stage(session, row.code, following, index=index)
    return row


def _not_after(stage: Stage, current: Stage) -> bool:
    return STAGES.index(stage) <= STAGES.index(current)


def extend(
    session: Session, code: str, *, stage: str, until: date, reason: str, actor: Actor, now: datetime
) -> Deadline:
    """Move a stage's deadline, with a reason that everyone who waits is told."""
    access.require(actor, Role.SECRETARY)
    row = by_code(session, code)
    if stage not in set(STAGES):
        raise Refusal("unknown_stage", f"Không có khâu «{stage}»; dùng một trong: {', '.join(STAGES)}.")
    if row.closed_at is not None:
        raise Refusal("round_closed", f"Đợt xét {code} đã đóng; không gia hạn được nữa.")
    if not reason.strip():
        raise Refusal("reason_required", "Gia hạn phải nêu lý do, vì lý do được gửi cho mọi đơn vị đang chờ.")
    free_text.check("Lý do gia hạn", reason, 2000)
    today = access.local_date(now)
    if until < today:
        raise Refusal("date_in_the_past", f"Ngày {until:%d/%m/%Y} đã qua; hãy chọn một ngày từ hôm nay trở đi.")
    deadline = _set_fixed(
        session, row, Stage(stage), until, today=today, because="gia hạn", by=actor.username, reason=reason.strip()
    )
    index = record.size(session)
    announce.notices(
        session,
        [
            announce.Notice(
                kind="deadline_extended",
                about=f"{row.code}/{stage}/{index}",
                to=email,
                recipient=name,
                context={
                    "recipient_name": display,
                    "round_title": row.title,
                    "stage_name": STAGE_NAMES[Stage(stage)],
                    "due": until.isoformat(),
                    "reason": reason.strip(),
                },
            )
            for name, display, email in recipients.responsible(session, Stage(stage), today=today)
        ],
    )
    announce.stage(session, row.code, Stage(stage), index=index)
    return deadline


def due_of(session: Session, round_id: int, stage: Stage) -> str | None:
    """The day by which a stage of the round is due, ISO; None where the regulation sets none."""
    deadline = session.exec(
        select(Deadline).where(Deadline.round_id == round_id, Deadline.stage == stage.value)
    ).one_or_none()
    return deadline.due_on.isoformat() if deadline else None


def waiting_stages(session: Session) -> list[tuple[str, str]]:
    """(round code, stage) of every round where something waits, an open one's own stage always: what a start looks at.

    A nomination taken up again after its round was closed waits as any other.
    """
    waits = _N.state.in_([state.value for state in WAITING])
    rows = session.execute(
        sa.select(col(ReviewRound.code), _N.stage)
        .join_from(Nomination, ReviewRound, _N.round_id == col(ReviewRound.id))
        .where(waits | (_N.stage != Stage.ENDED.value) & col(ReviewRound.closed_at).is_(None))
        .distinct()
    )
    found = {(code, stage) for code, stage in rows}
    found |= {
        (code, stage)
        for code, stage in session.exec(
            select(ReviewRound.code, ReviewRound.stage).where(col(ReviewRound.closed_at).is_(None))
        )
    }
    return sorted(found)


def at_work(session: Session) -> list[str]:
    """Rounds in which time still asks for something: the open ones, and closed ones with dossiers taken up again or posted."""
    moving = [state.value for state in (*WAITING, lifecycle.State.DISCLOSED)]
    after = sa.exists().where(_N.round_id == table(ReviewRound).c.id, _N.state.in_(moving))
    query = select(ReviewRound.code).where(col(ReviewRound.closed_at).is_(None) | after).order_by(col(ReviewRound.id))
    return list(session.exec(query))


def call_run(session: Session, code: str, *, actor: Actor) -> str:
    """Ask for a run of the round's five stages now: the same that the schedule asks for. Returns the request's key.

    Nothing of the round changes by it. Raises Refusal `unknown_round`, `round_closed`.
    """
    if not actor.holds(Role.ENGINE):
        access.require(actor, Role.SECRETARY)
    row = by_code(session, code)
    if row.closed_at is not None and code not in at_work(session):
        raise Refusal("round_closed", f"Đợt xét {code} đã đóng, không còn việc gì để xử lý; kết quả ở sổ công khai.")
    return announce.round_run(session, row.code, by=actor.username)
