"""The only place where a nomination's state changes: one action, many nominations, each with its own result."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.kinds import Kind
from models import Dossier, Nomination, Nominee, ReviewRound, Unit
from models.types import chunks, table
from operations import access, announce, free_text, record, rights, succession
from operations.access import Actor
from rules import catalogue, lifecycle, policy
from rules.lifecycle import Action, Role, Stage, State, Transition
from rules.policy import Relation
from rules.refusal import Refusal
from rules.vocabulary import Route

LONGEST_REASON = 2000

# The ledger's kind of each action on a nomination.
KINDS: dict[Action, Kind] = {
    Action.PROPOSE: Kind.NOMINATION_DRAFTED,
    Action.SUBMIT: Kind.NOMINATION_SUBMITTED,
    Action.WITHDRAW: Kind.NOMINATION_WITHDRAWN,
    Action.DECLINE: Kind.NOMINATION_DECLINED,
    Action.RETURN: Kind.NOMINATION_RETURNED,
    Action.PASS: Kind.NOMINATION_PASSED_REVIEW,
    Action.FIND_INELIGIBLE: Kind.NOMINATION_FOUND_INELIGIBLE,
    Action.PAUSE: Kind.NOMINATION_PAUSED,
    Action.RESUME: Kind.NOMINATION_RESUMED,
    Action.PUT_ON_BALLOT: Kind.NOMINATION_PUT_ON_BALLOT,
    Action.TAKE_OFF_BALLOT: Kind.NOMINATION_TAKEN_OFF_BALLOT,
    Action.RECOMMEND: Kind.NOMINATION_RECOMMENDED,
    Action.NOT_RECOMMEND: Kind.NOMINATION_NOT_RECOMMENDED,
    Action.SIGN: Kind.NOMINATION_SIGNED,
    Action.FORWARD: Kind.NOMINATION_FORWARDED,
    Action.SEND_BACK: Kind.NOMINATION_SENT_BACK,
    Action.REFUSE: Kind.NOMINATION_REFUSED,
    Action.RECORD_REFUSAL_ABOVE: Kind.NOMINATION_REFUSED_ABOVE,
    Action.DISCLOSE: Kind.NOMINATION_DISCLOSED,
    Action.CLOSE: Kind.NOMINATION_CLOSED,
    Action.REVOKE: Kind.NOMINATION_REVOKED,
}
ACTIONS: dict[str, Action] = {kind: action for action, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One nomination as it stands, with what letters and rules need to name it."""

    id: int
    code: str
    state: State
    version: int
    award: str
    role: str
    route: str
    unit_id: int
    unit_code: str
    unit_name: str
    unit_email: str | None
    nominee_id: int
    nominee: str
    nominee_kind: str
    nominee_email: str | None
    round_id: int
    round_code: str
    round_title: str
    round_kind: str
    round_frozen: bool
    dossier_code: str
    proposed_by: str
    reviewed_by: str | None
    parts: str
    decision_id: int | None
    submission_letter_id: int | None
    reasoned: bool  # a reason is written on it


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one nomination: its new state, or the refusal."""

    code: str
    state: State | None = None
    refusal: Refusal | None = None


def _snapshot_query() -> Any:
    n, u, p, r, d = (table(model).c for model in (Nomination, Unit, Nominee, ReviewRound, Dossier))
    return (
        sa.select(
            n.id, n.code, n.state, n.version, n.award, n.role, n.route,
            u.id, u.code, u.name, u.email,
            p.id, n.name, p.kind, n.email,
            r.id, r.code, r.title, r.kind, r.frozen_at,
            d.code, n.proposed_by, n.reviewed_by, n.parts, n.decision_id, n.submission_letter_id,
            n.reason.is_not(None),
        )
        .join_from(Nomination, Unit, n.unit_id == u.id)
        .join(Nominee, n.nominee_id == p.id)
        .join(ReviewRound, n.round_id == r.id)
        .join(Dossier, n.dossier_id == d.id)
    )  # fmt: skip


_QUERY = _snapshot_query()
_N = table(Nomination).c
_BY_CODES = _QUERY.where(_N.code.in_(sa.bindparam("codes", expanding=True)))


def _as_snapshot(row: Any) -> Snapshot:
    values = list(row)
    values[2] = State(values[2])
    values[19] = values[19] is not None
    values[26] = bool(values[26])
    return Snapshot(*values)


def snapshots(session: Session, codes: Sequence[str]) -> dict[str, Snapshot]:
    """These nominations as they stand, by code; an unknown code is missing from the answer."""
    found: dict[str, Snapshot] = {}
    for chunk in chunks(codes):
        for row in session.connection().execute(_BY_CODES, {"codes": list(chunk)}):
            snapshot = _as_snapshot(row)
            found[snapshot.code] = snapshot
    return found


def snapshots_where(session: Session, *conditions: Any, limit: int | None = None) -> list[Snapshot]:
    """Nominations that meet these column conditions, oldest first."""
    query = _QUERY.where(*conditions).order_by(_N.id)
    if limit is not None:
        query = query.limit(limit)
    return [_as_snapshot(row) for row in session.connection().execute(query)]


@cache
def award_name(award: str) -> str:
    """The award's Vietnamese name, from the newest pack that contains it."""
    for pack in reversed(catalogue.packs()):
        if award in pack.awards:
            return pack.awards[award].name
    return award


def unknown(code: str) -> Refusal:
    return Refusal(
        "unknown_nomination",
        f"Không có hồ sơ đề nghị mang mã «{code}». Hãy kiểm tra lại mã trong danh sách của đợt xét.",
    )


def move(
    session: Session,
    action: Action,
    codes: Sequence[str],
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    check: Callable[[Snapshot], None] | None = None,
    columns: dict[str, Any] | None = None,
    aspects: dict[str, Any] | None = None,
    versions: dict[str, int] | None = None,
    aspects_each: Callable[[Snapshot], dict[str, Any]] | None = None,
    target: Callable[[Snapshot], State] | None = None,
    known: Mapping[str, Snapshot] | None = None,
) -> tuple[list[Snapshot], list[Result], int]:
    """Move each nomination along its row of the transition table, or say why not.

    `columns` further columns set on all, `aspects` what the ledger says of them (under the action's kind in `KINDS`);
    `versions` what the caller's page showed (a stale one is refused `stale`); `check` may raise a Refusal for one;
    `known` how they stand, where the same act has just read it.
    Returns the nominations moved (as they stood before), a result for each code in order, and the first ledger index.
    """
    lifecycle.require_role(action, actor.roles)
    free_text.check("Lý do", reason, LONGEST_REASON)
    found = known if known is not None else snapshots(session, codes)
    results: dict[str, Result] = {}
    groups: dict[State, list[Snapshot]] = {}
    relation = relations(session, found.values(), action, actor=actor, now=now)
    for code in dict.fromkeys(codes):
        snapshot = found.get(code)
        try:
            if snapshot is None:
                raise unknown(code)
            row = decide(
                snapshot, action, actor=actor, relation=relation[snapshot.id], reason=reason, versions=versions
            )
            if check is not None:
                check(snapshot)
        except Refusal as refusal:
            results[code] = Result(code, refusal=refusal)
            continue
        goal = target(snapshot) if target else row.target
        groups.setdefault(goal, []).append(snapshot)
        results[code] = Result(code, state=goal)
    moved = [snapshot for rows in groups.values() for snapshot in rows]
    index = -1
    if moved:
        _write(session, groups, now=now, reason=reason, columns=columns or {})
        entered = record.plain(now)
        goals = {snapshot.code: [goal.value, entered] for goal, rows in groups.items() for snapshot in rows}
        changes = []
        for snapshot in moved:
            said: dict[str, Any] = {"state": goals[snapshot.code], **(aspects or {})}
            if reason or snapshot.reasoned:
                said["reason"] = reason
            if aspects_each is not None:
                said.update(aspects_each(snapshot))
            changes.append((snapshot.code, said))
        behalf = actor.represents if Role.DEPUTY in lifecycle.roles_of(action) else None
        index = record.record(session, KINDS[action], changes, by=actor.username, on_behalf_of=behalf)
        _announce(session, groups, index)
    return moved, list(results.values()), index


def relations(
    session: Session, rows: Iterable[Snapshot], action: Action, *, actor: Actor, now: datetime
) -> dict[int, frozenset[Relation]]:
    """Nomination's id → how this actor is related to it, as far as the action asks."""
    return rights.relations(session, rows, actor=actor, asked=policy.asked(policy.PERMISSION_FOR[action]), now=now)


def require(session: Session, code: str, action: Action, *, actor: Actor, now: datetime) -> Snapshot:
    """The nomination as it stands, for somebody who may move it so now, for whatever reason. Raises what `decide` raises."""
    snapshot = snapshots(session, [code]).get(code)
    if snapshot is None:
        raise unknown(code)
    relation = relations(session, [snapshot], action, actor=actor, now=now)[snapshot.id]
    decide(snapshot, action, actor=actor, relation=relation, reason="?", versions=None)
    return snapshot


def decide(
    snapshot: Snapshot,
    action: Action,
    *,
    actor: Actor,
    relation: frozenset[Relation],
    reason: str | None,
    versions: Mapping[str, int] | None,
) -> Transition:
    """The transition this actor, so related to it, may make now with this nomination.

    Raises the Refusal that says why not: of the person (`rights.refusal`), then `stale`, `wrong_state`,
    `reason_required`. Who may not hears nothing of how it stands.
    """
    refused = rights.refusal(snapshot, policy.PERMISSION_FOR[action], actor=actor, relation=relation)
    if refused is not None:
        raise refused
    if versions is not None and versions.get(snapshot.code, snapshot.version) != snapshot.version:
        raise Refusal(
            "stale",
            f"Hồ sơ {snapshot.code} vừa được người khác xử lý (nay là «{lifecycle.STATE_NAMES[snapshot.state]}»). "
            "Hãy tải lại trang rồi quyết định trên nội dung mới.",
            details={"state": snapshot.state.value, "version": snapshot.version},
        )
    row = lifecycle.transition(action, snapshot.state, simplified=snapshot.route == Route.SIMPLIFIED)
    if not policy.may(actor.roles, policy.PERMISSION_FOR[action], relation=relation, state=snapshot.state):
        raise lifecycle.not_your_role(lifecycle.named(row.roles), citation=row.citation)
    lifecycle.require_reason(row, reason)
    return row


@cache
def _update_of(names: tuple[str, ...]) -> Any:
    nominations = table(Nomination)
    return (
        sa.update(nominations)
        .where(_N.id.in_(sa.bindparam("ids", expanding=True)))
        .values({"version": _N.version + 1} | {name: sa.bindparam(f"new_{name}") for name in names})
    )


def _write(
    session: Session,
    groups: dict[State, list[Snapshot]],
    *,
    now: datetime,
    reason: str | None,
    columns: dict[str, Any],
) -> None:
    for goal, rows in groups.items():
        values: dict[str, Any] = {
            "state": goal.value,
            "stage": lifecycle.stage_of(goal).value,
            "entered_stage_at": now,
            "reason": reason,  # why it stands where it stands; an older reason has done its work
            **columns,
        }
        update = _update_of(tuple(values))
        given = {f"new_{name}": value for name, value in values.items()}
        for chunk in chunks(rows):
            session.connection().execute(update, {"ids": [row.id for row in chunk], **given})
    for loaded in session.identity_map.values():  # the bulk UPDATE bypassed the identity map: expire stale copies
        if isinstance(loaded, Nomination):
            session.expire(loaded)


def _announce(session: Session, groups: dict[State, list[Snapshot]], index: int) -> None:
    entered: set[tuple[str, Stage]] = set()
    for goal, rows in groups.items():
        to = lifecycle.stage_of(goal)
        if to is not Stage.ENDED:
            entered |= {(row.round_code, to) for row in rows if to is not lifecycle.stage_of(row.state)}
    for round_code, to in sorted(entered):
        announce.stage(session, round_code, to, index=index)


def fingerprint(versions: Mapping[str, int]) -> str:
    """A list as its reader saw it, in one word: another nomination or version gives another word."""
    listed = "\n".join(f"{code}:{version}" for code, version in sorted(versions.items()))
    return hashlib.sha256(listed.encode()).hexdigest()[:32]


def require_unchanged(versions: Mapping[str, int], seen: str) -> None:
    """Raise Refusal `pile_changed` unless this is the list as its reader saw it."""
    if fingerprint(versions) != seen:
        raise Refusal(
            "pile_changed",
            f"Danh sách vừa thay đổi (nay có {len(versions)} hồ sơ), khác với danh sách bạn đã xem nên chưa có gì được "
            "thực hiện. Hãy mở lại danh sách, xem rồi quyết định.",
        )


def only_result(results: Iterable[Result]) -> Result:
    """The single result of a single act; its refusal is raised."""
    (result,) = results
    if result.refusal is not None:
        raise result.refusal
    return result


def by_unit(session: Session, rows: Sequence[Snapshot], *, now: datetime) -> dict[int, list[Snapshot]]:
    """Grouped for letters: one letter to a unit, or to the one that stands for it today, not one a nomination."""
    grouped: dict[int, list[Snapshot]] = {}
    for row in succession.addressed(session, rows, access.local_date(now)):
        grouped.setdefault(row.unit_id, []).append(row)
    return grouped
