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
from operations import announce, free_text, record, rights
from operations.access import Actor
from rules import catalogue, lifecycle, policy
from rules.lifecycle import Action, Role, Stage, State, Transition
from rules.policy import Relation
from rules.refusal import Refusal

LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Standing:
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
    """What came of one nomination: its new state, or why not."""

    code: str
    state: State | None = None
    refusal: Refusal | None = None


def _standing_query() -> Any:
    n, u, p, r, d = (table(model).c for model in (Nomination, Unit, Nominee, ReviewRound, Dossier))
    return (
        sa.select(
            n.id, n.code, n.state, n.version, n.award, n.role, n.route,
            u.id, u.code, u.name, u.email,
            p.id, p.name, p.kind, p.email,
            r.id, r.code, r.title, r.kind, r.frozen_at,
            d.code, n.proposed_by, n.reviewed_by, n.parts, n.decision_id, n.submission_letter_id,
            n.reason.is_not(None),
        )
        .join_from(Nomination, Unit, n.unit_id == u.id)
        .join(Nominee, n.nominee_id == p.id)
        .join(ReviewRound, n.round_id == r.id)
        .join(Dossier, n.dossier_id == d.id)
    )  # fmt: skip


_QUERY = _standing_query()
_N = table(Nomination).c
_BY_CODES = _QUERY.where(_N.code.in_(sa.bindparam("codes", expanding=True)))


def _as_standing(row: Any) -> Standing:
    values = list(row)
    values[2] = State(values[2])
    values[19] = values[19] is not None
    values[26] = bool(values[26])
    return Standing(*values)


def standings(session: Session, codes: Sequence[str]) -> dict[str, Standing]:
    """These nominations as they stand, by code; an unknown code is missing from the answer."""
    found: dict[str, Standing] = {}
    for chunk in chunks(codes):
        for row in session.connection().execute(_BY_CODES, {"codes": list(chunk)}):
            standing = _as_standing(row)
            found[standing.code] = standing
    return found


def standings_where(session: Session, *conditions: Any, limit: int | None = None) -> list[Standing]:
    """Nominations that meet these column conditions, oldest first."""
    query = _QUERY.where(*conditions).order_by(_N.id)
    if limit is not None:
        query = query.limit(limit)
    return [_as_standing(row) for row in session.connection().execute(query)]


@cache
def award_name(award: str) -> str:
    """The award's Vietnamese name, from the newest pack that has it."""
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
    kind: Kind,
    check: Callable[[Standing], None] | None = None,
    columns: dict[str, Any] | None = None,
    aspects: dict[str, Any] | None = None,
    versions: dict[str, int] | None = None,
    aspects_each: Callable[[Standing], dict[str, Any]] | None = None,
    target: Callable[[Standing], State] | None = None,
    known: Mapping[str, Standing] | None = None,
) -> tuple[list[Standing], list[Result], int]:
    """Move each nomination along its row of the transition table, or say why not.

    `kind` is the ledger's for it; `columns` further columns set on all, `aspects` what the ledger says of them;
    `versions` what the caller's page showed (a stale one is refused `stale`); `check` may raise a Refusal for one;
    `known` how they stand, where the same act has just read it.
    Returns the nominations moved (as they stood before), a result for each code in order, and the first ledger index.
    """
    lifecycle.require_role(action, actor.roles)
    free_text.check("Lý do", reason, LONGEST_REASON)
    found = known if known is not None else standings(session, codes)
    results: dict[str, Result] = {}
    groups: dict[State, list[Standing]] = {}
    relation = relations(session, found.values(), action, actor=actor, now=now)
    for code in dict.fromkeys(codes):
        standing = found.get(code)
        try:
            if standing is None:
                raise unknown(code)
            row = decide(
                standing, action, actor=actor, relation=relation[standing.id], reason=reason, versions=versions
            )
            if check is not None:
                check(standing)
        except Refusal as refusal:
            results[code] = Result(code, refusal=refusal)
            continue
        goal = target(standing) if target else row.target
        groups.setdefault(goal, []).append(standing)
        results[code] = Result(code, state=goal)
    moved = [standing for rows in groups.values() for standing in rows]
    index = -1
    if moved:
        _write(session, groups, now=now, reason=reason, columns=columns or {})
        entered = record.plain(now)
        goals = {standing.code: [goal.value, entered] for goal, rows in groups.items() for standing in rows}
        changes = []
        for standing in moved:
            said: dict[str, Any] = {"state": goals[standing.code], **(aspects or {})}
            if reason or standing.reasoned:
                said["reason"] = reason
            if aspects_each is not None:
                said.update(aspects_each(standing))
            changes.append((standing.code, said))
        behalf = actor.represents if Role.DEPUTY in lifecycle.roles_of(action) else None
        index = record.record(session, kind, changes, by=actor.username, on_behalf_of=behalf)
        _announce(session, groups, index)
    return moved, list(results.values()), index


def relations(
    session: Session, rows: Iterable[Standing], action: Action, *, actor: Actor, now: datetime
) -> dict[int, frozenset[Relation]]:
    """Nomination's id → how this actor is related to it, as far as the action asks."""
    return rights.relations(session, rows, actor=actor, asked=policy.asked(policy.PERMISSION_FOR[action]), now=now)


def require(session: Session, code: str, action: Action, *, actor: Actor, now: datetime) -> Standing:
    """The nomination as it stands, for somebody who may move it so now, for whatever reason. Raises what `decide` raises."""
    standing = standings(session, [code]).get(code)
    if standing is None:
        raise unknown(code)
    relation = relations(session, [standing], action, actor=actor, now=now)[standing.id]
    decide(standing, action, actor=actor, relation=relation, reason="?", versions=None)
    return standing


def decide(
    standing: Standing,
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
    refused = rights.refusal(standing, policy.PERMISSION_FOR[action], actor=actor, relation=relation)
    if refused is not None:
        raise refused
    if versions is not None and versions.get(standing.code, standing.version) != standing.version:
        raise Refusal(
            "stale",
            f"Hồ sơ {standing.code} vừa được người khác xử lý (nay là «{lifecycle.STATE_NAMES[standing.state]}»). "
            "Hãy tải lại trang rồi quyết định trên nội dung mới.",
            details={"state": standing.state.value, "version": standing.version},
        )
    row = lifecycle.transition(action, standing.state, simplified=standing.route == "simplified")
    if not policy.may(actor.roles, policy.PERMISSION_FOR[action], relation=relation, state=standing.state):
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
    groups: dict[State, list[Standing]],
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
    for loaded in session.identity_map.values():  # what the session holds of them is of before
        if isinstance(loaded, Nomination):
            session.expire(loaded)


def _announce(session: Session, groups: dict[State, list[Standing]], index: int) -> None:
    entered: set[tuple[str, Stage]] = set()
    for goal, rows in groups.items():
        to = lifecycle.stage_of(goal)
        if to is not Stage.ENDED:
            entered |= {(row.round_code, to) for row in rows if to is not lifecycle.stage_of(row.state)}
    for round_code, to in sorted(entered):
        announce.stage(session, round_code, to, index=index)


def seal(versions: Mapping[str, int]) -> str:
    """A list as its reader saw it, in one word: another nomination or version gives another word."""
    listed = "\n".join(f"{code}:{version}" for code, version in sorted(versions.items()))
    return hashlib.sha256(listed.encode()).hexdigest()[:32]


def require_unchanged(versions: Mapping[str, int], seen: str) -> None:
    """Raise Refusal `pile_changed` unless this is the list as its reader saw it."""
    if seal(versions) != seen:
        raise Refusal(
            "pile_changed",
            f"Danh sách vừa thay đổi (nay có {len(versions)} hồ sơ), khác với danh sách bạn đã xem nên chưa có gì được "
            "thực hiện. Hãy mở lại danh sách, xem rồi quyết định.",
        )


def one(results: Iterable[Result]) -> Result:
    """The single result of a single act; its refusal is raised."""
    (result,) = results
    if result.refusal is not None:
        raise result.refusal
    return result


def by_unit(rows: Iterable[Standing]) -> dict[int, list[Standing]]:
    """Grouped for letters: one letter to a unit, not one a nomination."""
    grouped: dict[int, list[Standing]] = {}
    for row in rows:
        grouped.setdefault(row.unit_id, []).append(row)
    return grouped
