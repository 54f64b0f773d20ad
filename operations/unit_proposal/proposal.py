"""Stage 1, unit_proposal: a unit proposes by workbook or one by one, submits, withdraws."""

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from ledger.canonical import dumps
from ledger.kinds import Kind
from models import Deadline, Dossier, Nomination, ReviewRound, StoredFile, Unit
from models.types import as_mapping, chunks, table
from operations import (
    access,
    announce,
    free_text,
    numbering,
    past_duties,
    record,
    regulations,
    rights,
    rounds,
    transition,
)
from operations.access import Actor
from operations.transition import Result, Snapshot
from operations.unit_proposal import alike, nominees
from rules import birth_date, catalogue, email_address, lifecycle, names
from rules.lifecycle import Action, Stage, State
from rules.refusal import Refusal, Unreadable

_N = table(Nomination).c
_D = table(Dossier).c


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One nomination as a unit writes it down; `row` is where it stood in the workbook."""

    name: str
    kind: str
    award: str
    row: int = 0
    honorific: str | None = None
    position: str | None = None
    workplace: str | None = None
    object_class: str | None = None
    field: str | None = None
    achievement: str | None = None
    rating: str | None = None
    initiative: str | None = None
    gender: str | None = None
    ethnicity: str | None = None
    birth_date: date | None = None
    another: bool = False  # said to be another person than those whom the name is like
    prior_decision: str | None = None
    email: str | None = None
    facts: Mapping[str, Any] = dataclasses.field(
        default_factory=dict
    )  # keys of a case that no column has: ratings, titles, grounds …
    parts: tuple[str, ...] | None = None  # None: the unit's tờ trình attests that the dossier is whole


@dataclass(frozen=True, slots=True)
class Filed:
    """The result of filing: the dossier, its nominations' codes, and warnings."""

    dossier: str
    codes: tuple[str, ...]
    warnings: tuple[dict[str, Any], ...] = ()
    index: int = -1


@dataclass(frozen=True, slots=True)
class Checked:
    """Errors and warnings of rows, each as {"row", "column", "code", "message"}."""

    errors: tuple[dict[str, Any], ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()


class RowErrors(Refusal):
    """Rows that cannot be filed, with every error of every row: all rows are stored or none."""

    def __init__(self, errors: Iterable[dict[str, Any]], warnings: Iterable[dict[str, Any]] = ()) -> None:
        self.checked = Checked(tuple(errors), tuple(warnings))
        first = self.checked.errors[0]
        super().__init__(first["code"], first["message"], details={"errors": list(self.checked.errors)})


def file(
    session: Session,
    *,
    round_code: str,
    unit_code: str,
    proposals: Sequence[Proposed],
    actor: Actor,
    now: datetime,
    workbook: StoredFile | None = None,
    submit: bool = True,
    reason: str | None = None,
) -> Filed:
    """File one dossier of a unit: all its nominations or none. With `submit` it goes to Phòng Nội vụ at once,
    after the deadline marked late with the `reason`.

    Raises Refusal `not_your_role`, `not_your_unit`, `round_closed`, `round_frozen`, `empty_dossier`; RowErrors of
    single rows (`duplicate_row`, `unknown_award`, `wrong_kind`).
    """
    round_, unit = _may_propose(session, round_code, unit_code, actor=actor, now=now)
    pack = catalogue.pack_on(access.local_date(now))
    found = _look_over(session, round_, unit, proposals, pack, today=access.local_date(now))
    if found.errors:
        raise RowErrors(found.errors, found.warnings)
    if workbook is not None and session.get(StoredFile, workbook.sha256) is None:
        session.add(workbook)
        session.flush()
    number = numbering.take(session, f"dossier/{round_.year}")[0]
    dossier = Dossier(
        code=f"HS-{round_.year}-{number:04d}",
        round_id=round_.id or 0,
        unit_id=unit.id or 0,
        workbook_sha256=workbook.sha256 if workbook else None,
        filed_by=actor.username,
        filed_at=now,
    )
    session.add(dossier)
    session.flush()
    record.record(
        session,
        Kind.DOSSIER_FILED,
        [(dossier.code, dossier_aspects(dossier, round_.code, unit.code))],
        by=actor.username,
    )
    nominees.register(session, unit, found.fresh, by=actor.username)
    codes = _draft(session, round_, unit, dossier, proposals, found.who, pack, actor=actor, now=now)
    index = _submit(session, codes, actor=actor, now=now, reason=reason)[1] if submit else -1
    return Filed(dossier.code, tuple(codes), found.warnings, index)


def dossier_aspects(row: Dossier, round_code: str, unit_code: str) -> dict[str, Any]:
    """A dossier as the ledger commits to it when it is filed; when it was received comes later."""
    return {"of": [round_code, unit_code, row.filed_by, row.filed_at], "workbook": row.workbook_sha256}


def check(
    session: Session,
    *,
    round_code: str,
    unit_code: str,
    proposals: Sequence[Proposed],
    actor: Actor,
    now: datetime,
) -> Checked:
    """A preview of `file` for these rows: nothing is written. Raises its refusals."""
    round_, unit = _may_propose(session, round_code, unit_code, actor=actor, now=now)
    pack = catalogue.pack_on(access.local_date(now))
    found = _look_over(session, round_, unit, proposals, pack, today=access.local_date(now))
    return Checked(found.errors, found.warnings)


def _may_propose(
    session: Session, round_code: str, unit_code: str, *, actor: Actor, now: datetime
) -> tuple[ReviewRound, Unit]:
    lifecycle.require_role(Action.PROPOSE, actor.roles)
    round_ = rounds.by_code(session, round_code)
    unit = _unit(session, unit_code, on=access.local_date(now))
    rights.require_unit(actor, unit)
    _require_open(round_)
    return round_, unit


@dataclass(frozen=True, slots=True)
class _LookedOver(Checked):
    """Rows that were checked, for each who it is, and those whom this unit never proposed before."""

    who: Sequence[nominees.Known] = ()
    fresh: nominees.Fresh = dataclasses.field(default_factory=list)


def _look_over(
    session: Session,
    round_: ReviewRound,
    unit: Unit,
    proposals: Sequence[Proposed],
    pack: catalogue.Pack | None,
    *,
    today: date,
) -> _LookedOver:
    """Errors, warnings, and who is proposed."""
    if not proposals:
        raise Refusal("empty_dossier", "Tệp không có hồ sơ nào. Hãy điền ít nhất một dòng rồi nộp lại.")
    errors, warnings = _check_rows(proposals, pack, level=round_.level, today=today)
    who: list[nominees.Known] = []
    fresh: nominees.Fresh = []
    if not any(error["code"] == "control_characters" for error in errors):  # such a name cannot even be looked for
        who, fresh = nominees.assign(proposals, nominees.roll(session, unit.id or 0, proposals))
        errors += _already_proposed(session, round_, proposals, who)
        stopped = {error["row"] for error in errors if error["code"] == "duplicate_row"}
        stop, mind = alike.questions(session, unit.id or 0, round_.id or 0, proposals, who, achievement_key)
        errors += [
            problem(proposals[place].row, NAME_HEAD, "duplicate_row", said)
            for place, said in stop
            if proposals[place].row not in stopped
        ]
        warnings += [problem(proposals[place].row, NAME_HEAD, "maybe_same_person", said) for place, said in mind]
    return _LookedOver(tuple(errors), tuple(warnings), who, fresh)


def _unit(session: Session, code: str, *, on: date) -> Unit:
    unit = session.exec(select(Unit).where(Unit.code == code)).one_or_none()
    if unit is None:
        raise Refusal("unknown_unit", f"Không có đơn vị mang mã «{code}». Hãy kiểm tra mã đơn vị trong danh mục.")
    if unit.valid_to is not None and unit.valid_to <= on:
        successor = session.get(Unit, unit.successor_id) if unit.successor_id else None
        heir = f" Hãy đề nghị qua {successor.name} ({successor.code})." if successor else ""
        raise Refusal("unit_ended", f"{unit.name} đã kết thúc hoạt động từ {unit.valid_to:%d/%m/%Y}.{heir}")
    return unit


_LATE = "Hãy đề nghị trong đợt khác còn nhận đề nghị; chưa có đợt nào thì đề nghị thư ký Hội đồng mở đợt mới."


def _require_open(round_: ReviewRound) -> None:
    if round_.closed_at is not None:
        raise Refusal("round_closed", f"Đợt xét {round_.code} đã đóng; hãy đề nghị trong đợt sau.")
    if round_.frozen_at is not None:
        raise Refusal(
            "round_frozen",
            f"Đợt xét {round_.code} đã hết hạn nhận đề nghị từ {access.local_date(round_.frozen_at):%d/%m/%Y}. {_LATE}",
        )


def known_award(award: str, pack: catalogue.Pack | None) -> catalogue.Award | None:
    """The award from this pack, else from the newest pack that contains it: intake reads names, review judges."""
    for one in (pack, *reversed(catalogue.packs())):
        if one is not None and award in one.awards:
            return one.awards[award]
    return None


def _check_rows(
    proposals: Sequence[Proposed], pack: catalogue.Pack | None, *, level: str, today: date
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    errors: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    for proposed in proposals:
        errors += _unkeepable(proposed)
        errors += _beyond_sense(proposed, today)
        award = known_award(proposed.award, pack)
        if award is None:
            errors.append(
                problem(proposed.row, AWARD_HEAD, "unknown_award", f"Không có danh hiệu, hình thức «{proposed.award}» "
                        "trong bộ quy định đang áp dụng.")
            )  # fmt: skip
            continue
        if proposed.kind not in award.kinds:
            errors.append(
                problem(proposed.row, KIND_HEAD, "wrong_kind", f"«{award.name}» không dành cho "
                        f"{catalogue.KIND_NAMES.get(proposed.kind, proposed.kind)} ({award.article}).")
            )  # fmt: skip
        elif pack is not None and award.id in pack.awards and _role(pack, award.id, level) == "none":
            warnings.append(
                problem(proposed.row, AWARD_HEAD, "wrong_level", f"«{award.name}» không do cấp này quyết định hoặc "
                        "trình; Phòng Nội vụ sẽ phải kết luận không đủ điều kiện.")
            )  # fmt: skip
    return errors, warnings


def _beyond_sense(proposed: Proposed, today: date) -> list[dict[str, Any]]:
    """A birth that cannot be, an address that no letter reaches: judged at every door by the same rules."""
    found = []
    try:
        if proposed.birth_date is not None:
            birth_date.judge(proposed.birth_date, today=today)
    except Unreadable as error:
        found.append(problem(proposed.row, BIRTH_HEAD, "bad_date", error.message))
    try:
        address = email_address.read(proposed.email) if proposed.email else None
        if address != proposed.email:
            raise Unreadable("bad_email", f"Hãy ghi địa chỉ là «{address}».", where={})
    except Unreadable as error:
        found.append(problem(proposed.row, EMAIL_HEAD, "missing_value", error.message))
    return found


_TEXTS = (
    *(name for name in nominees.SAID if name != "birth_date"),
    *("achievement", "rating", "initiative", "object_class", "field", "prior_decision"),
)


def _unkeepable(proposed: Proposed) -> list[dict[str, Any]]:
    """Texts of a row that no column could keep: the workbook's reader has its own look, other doors have none."""
    found = free_text.faults(_N, {name: getattr(proposed, name) for name in _TEXTS})
    return [
        problem(
            proposed.row,
            name,
            code,
            f"«{name}» "
            + ("dài quá giới hạn; hãy viết ngắn lại." if code == "too_long" else "có ký tự điều khiển; hãy gõ lại."),
        )
        for name, code in found
    ]


def _role(pack: catalogue.Pack, award: str, level: str, *, confirmed: Collection[str] = ()) -> str:
    found = catalogue.authority(pack, award, level, confirmed=confirmed)
    return found.role if found.verified else "unverified"


NAME_HEAD = "Tên tập thể/cá nhân/hộ gia đình"
KIND_HEAD = "Phân loại khen thưởng"
AWARD_HEAD = "Danh hiệu thi đua/Hình thức khen thưởng"
BIRTH_HEAD = "Ngày sinh"
EMAIL_HEAD = "Thư điện tử"


def problem(row: int, column: str, code: str, message: str) -> dict[str, Any]:
    return {"row": row, "column": column, "code": code, "message": message}


def achievement_key(text: str | None) -> str:
    """Which achievement: the same words are the same achievement (Law 06/2022 Art. 5.2.c)."""
    said = nominees.same_text(text)
    return hashlib.sha256(said.encode()).hexdigest() if said else ""


def _already_proposed(
    session: Session, round_: ReviewRound, proposals: Sequence[Proposed], who: Sequence[nominees.Known]
) -> list[dict[str, Any]]:
    """The same nominee, award and achievement twice: in this filing or earlier in this round."""
    errors: list[dict[str, Any]] = []
    by_id = {one.id: one for one in who if one.id}
    earlier: dict[tuple[int, str, str], str] = {}
    for chunk in chunks(list(by_id)):
        query = sa.select(_N.nominee_id, _N.award, _N.achievement_key, _N.code).where(
            _N.round_id == round_.id, _N.nominee_id.in_(chunk)
        )
        earlier |= {(id(by_id[row[0]]), row[1], row[2]): row[3] for row in session.execute(query)}
    for proposed, one in zip(proposals, who, strict=True):
        key = (id(one), proposed.award, achievement_key(proposed.achievement))
        if key in earlier:
            errors.append(
                problem(
                    proposed.row,
                    NAME_HEAD,
                    "duplicate_row",
                    f"«{proposed.name}» đã được đề nghị danh hiệu/hình thức này trong đợt ({earlier[key]}). "
                    "Một thành tích chỉ khen một lần (điểm c khoản 2 Điều 5 Luật 06/2022/QH15). "
                    + (
                        "Nếu vẫn là người khác nữa, hãy ghi chức vụ, đơn vị công tác cụ thể hơn để phân biệt."
                        if proposed.another
                        else f"Nếu là một người, hãy bỏ dòng này; nếu là hai người, hãy ghi «{alike.ANSWER}» vào mục "
                        f"«{alike.COLUMN}»."
                    ),
                )
            )
        earlier.setdefault(key, f"dòng {proposed.row}")
    return errors


def _draft(
    session: Session,
    round_: ReviewRound,
    unit: Unit,
    dossier: Dossier,
    proposals: Sequence[Proposed],
    who: Sequence[nominees.Known],
    pack: catalogue.Pack | None,
    *,
    actor: Actor,
    now: datetime,
) -> list[str]:
    numbers = numbering.take(session, f"nomination/{round_.year}", len(proposals))
    rows: list[dict[str, Any]] = []
    changes: list[tuple[str, dict[str, Any]]] = []
    roles: dict[tuple[str, str | None], tuple[str, str]] = {}
    confirmed = regulations.of_round(session, round_).confirmed_rules
    drafted = [State.DRAFT.value, record.plain(now)]
    for number, proposed, nominee in zip(numbers, proposals, who, strict=True):
        ground = proposed.facts.get("simplified_ground")
        if (proposed.award, ground) not in roles:
            roles[proposed.award, ground] = authority(pack, proposed.award, round_, confirmed, ground)
        role, route = roles[proposed.award, ground]
        row: dict[str, Any] = {
            "code": f"DN-{round_.year}-{number:06d}",
            "round_id": round_.id,
            "dossier_id": dossier.id,
            "unit_id": unit.id,
            "nominee_id": nominee.id,
            **{name: getattr(proposed, name) for name in nominees.SAID},
            "name_key": names.fold(proposed.name),
            "award": proposed.award,
            "role": role,
            "route": route,
            "stage": Stage.UNIT_PROPOSAL.value,
            "state": State.DRAFT.value,
            "achievement": proposed.achievement,
            "achievement_key": achievement_key(proposed.achievement),
            "rating": proposed.rating,
            "initiative": proposed.initiative,
            "object_class": proposed.object_class,
            "field": proposed.field,
            "prior_decision": proposed.prior_decision,
            "parts": ",".join(proposed.parts) if proposed.parts is not None else ATTESTED,
            "facts": dumps(dict(proposed.facts)).decode(),
            "proposed_by": actor.username,
            "entered_stage_at": now,
            "version": 1,
        }
        rows.append(row)
        changes.append(
            (
                row["code"],
                {
                    **nomination_aspects(SimpleNamespace(**row)),
                    **nominees.said_aspects(proposed),
                    "who": [nominee.code, unit.code, dossier.code, round_.code, actor.username],
                    "state": drafted,
                },
            )
        )
    session.connection().execute(sa.insert(table(Nomination)), rows)
    record.record(session, transition.KINDS[Action.PROPOSE], changes, by=actor.username)
    return [row["code"] for row in rows]


ATTESTED = "*"  # the unit's tờ trình attests every part that the award asks for


def nomination_aspects(row: Any) -> dict[str, Any]:
    """The award and its grounds, as the ledger commits to them; nominee and state are recorded separately."""
    return {
        "award": [row.award, row.role, row.route],
        "case": [
            row.achievement, row.rating, row.initiative, row.object_class, row.field, row.prior_decision, row.parts,
            row.facts,
        ],
    }  # fmt: skip


def authority(
    pack: catalogue.Pack | None, award_id: str, round_: ReviewRound, confirmed: Collection[str], ground: str | None
) -> tuple[str, str]:
    """(role, route): whether the round's level decides or proposes this award, and on which route."""
    if pack is None or award_id not in pack.awards:
        return "unverified", "full"
    role = _role(pack, award_id, round_.level, confirmed=confirmed)
    return role, catalogue.route(pack.awards[award_id], round_.kind, ground)


def submit(
    session: Session,
    codes: Sequence[str],
    *,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
    reason: str | None = None,
) -> list[Result]:
    """Hand nominations to Phòng Nội vụ; a mended one after the closing day is still taken (it was returned).

    One first handed in after the round's deadline is taken and marked late, with the `reason` for it.
    """
    return _submit(session, codes, actor=actor, now=now, versions=versions, reason=reason)[0]


def late(session: Session, rows: Iterable[Snapshot], *, now: datetime, reason: str | None = None) -> dict[str, str]:
    """Code → what is said of it, for those that would be handed in for the first time after their round's deadline."""
    drafts = [row for row in rows if row.state is State.DRAFT]
    due = table(Deadline).c
    query = sa.select(due.round_id, due.due_on).where(
        due.round_id.in_(sorted({row.round_id for row in drafts})),
        due.stage == Stage.UNIT_PROPOSAL.value,
        due.due_at < now,
    )
    over = as_mapping(session.execute(query)) if drafts else {}
    why = " ".join((reason or "").split()).rstrip(".")
    return {
        row.code: f"Nộp ngày {access.local_date(now):%d/%m/%Y}, sau hạn {over[row.round_id]:%d/%m/%Y}; "
        + (f"lý do: {why}." if why else "không nêu lý do.")
        for row in drafts
        if row.round_id in over
    }


def _submit(
    session: Session,
    codes: Sequence[str],
    *,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
    reason: str | None = None,
) -> tuple[list[Result], int]:
    known = transition.snapshots(session, codes)
    marked = late(session, known.values(), now=now, reason=reason)

    def in_time(snapshot: Snapshot) -> None:
        if snapshot.round_frozen and snapshot.state is State.DRAFT:
            raise Refusal(
                "round_frozen",
                f"Đợt xét {snapshot.round_code} đã hết hạn nhận đề nghị; bản nháp {snapshot.code} chưa nộp kịp. "
                f"{_LATE}",
            )

    moved, results, index = transition.move(
        session,
        Action.SUBMIT,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        check=in_time,
        versions=versions,
        aspects_each=lambda row: {"late": marked[row.code]} if row.code in marked else {},
        known=known,
    )
    _mark(session, {row.id: marked[row.code] for row in moved if row.code in marked})
    past_duties.note_proposers(session, [(row.id, row.code, row.proposed_by) for row in moved], actor)
    _receive(session, {row.dossier_code for row in moved}, by=actor.username, now=now)
    letters: list[announce.Notice] = []
    for rows in transition.by_unit(session, moved, now=now).values():
        first = rows[0]
        tally: dict[str, int] = {}
        for row in rows:
            tally[row.award] = tally.get(row.award, 0) + 1
        letters.append(
            announce.Notice(
                kind="dossier_received",
                about=f"{first.dossier_code}/{index}",
                to=first.unit_email,
                recipient=first.unit_code,
                context={
                    "unit_name": first.unit_name,
                    "dossier_code": first.dossier_code,
                    "count": len(rows),
                    "round_title": first.round_title,
                    "by_award": [{"name": transition.award_name(a), "count": n} for a, n in sorted(tally.items())],
                    "due": rounds.due_of(session, first.round_id, Stage.HOME_AFFAIRS_REVIEW),
                },
            )
        )
    announce.notices(session, letters)
    return results, index


def _mark(session: Session, said: Mapping[int, str]) -> None:
    """Directly after the move, which has expired what the session holds of them."""
    by_sentence: dict[str, list[int]] = {}
    for nomination_id, sentence in said.items():
        by_sentence.setdefault(sentence, []).append(nomination_id)
    for sentence, ids in by_sentence.items():
        for chunk in chunks(ids):
            statement = sa.update(table(Nomination)).where(table(Nomination).c.id.in_(chunk)).values(late=sentence)
            session.connection().execute(statement)


def _receive(session: Session, dossiers: Collection[str], *, by: str, now: datetime) -> None:
    """A dossier is received for appraisal when the first of its nominations is; that day says which law applies."""
    received: list[str] = []
    for chunk in chunks(sorted(dossiers)):
        statement = (
            sa.update(table(Dossier))
            .where(_D.code.in_(chunk), _D.received_for_appraisal_at.is_(None))
            .values(received_for_appraisal_at=now)
            .returning(_D.code)
        )
        received += session.connection().execute(statement).scalars()
    if received:
        session.expire_all()
        record.record(session, Kind.DOSSIER_RECEIVED, [(code, {"received": now}) for code in sorted(received)], by=by)


def withdraw(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """A unit takes its nominations back, with a reason."""
    return transition.move(
        session,
        Action.WITHDRAW,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        versions=versions,
    )[1]
