"""Nominations as people look for them and look at them: a list with filters, and one with all that belongs to it.

Every answer is for one reader: what `visibility` hides from them is in no row, no count and no page.
"""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import (
    AgendaItem,
    CouncilSession,
    Decision,
    Disclosure,
    Dossier,
    Nomination,
    Nominee,
    Pause,
    ReviewRound,
    SubmissionLetter,
    Unit,
)
from models.types import table
from operations import (
    access,
    paging,
    rounds,
    transition,
    visibility,
)
from operations.access import Actor
from operations.home_affairs_review import cases
from operations.unit_proposal import attachments, proposal
from rules import catalogue, evaluation, likeness, names
from rules.lifecycle import STAGES, Stage, State, ended_in, stage_of
from rules.refusal import Unreadable
from rules.vocabulary import Route

_N, _P, _U, _R, _D = (table(model).c for model in (Nomination, Nominee, Unit, ReviewRound, Dossier))
LONGEST_SEARCH = 200
# The unit's own description of the case.
WRITTEN = ("achievement", "rating", "initiative", "object_class", "field", "prior_decision")
_CODE = re.compile("DN-[0-9]{4}-[0-9]+")


def search(
    session: Session,
    *,
    actor: Actor,
    round_code: str | None = None,
    unit: str | None = None,
    award: str | None = None,
    state: str | None = None,
    dossier: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], str | None]:
    """The nominations this actor may read and these filters leave, newest first: (rows, key of the next page).

    `text` is a code, or part of a name with or without marks. Raises Unreadable `bad_page_key`.
    """
    query = (
        sa.select(
            _N.id, _N.code, _N.award, _N.state, _N.version, _N.entered_stage_at,
            _N.name, _P.kind, _U.code.label("unit"), _U.name.label("unit_name"), _R.code.label("round"), _N.late,
        )
        .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
        .join(Unit, _N.unit_id == _U.id)
        .join(ReviewRound, _N.round_id == _R.id)
        .where(*visibility.conditions(actor))
        .order_by(_N.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    for column, wanted in ((_R.code, round_code), (_U.code, unit), (_N.award, award), (_N.state, state)):
        if wanted:
            query = query.where(column == wanted)
    if dossier:
        query = query.where(_N.dossier_id.in_(sa.select(_D.id).where(_D.code == dossier)))
    said = " ".join("".join(char if char.isprintable() else " " for char in text or "").split())[:LONGEST_SEARCH]
    if _CODE.fullmatch(said.upper()):
        query = query.where(_N.code == said.upper())
    elif said:
        # As typed, or the whole name typed otherwise: Lý or Lí, «Bà …».
        typed = _N.name_key.contains(names.fold(said), autoescape=True)
        query = query.where(typed | (_P.alike_key == likeness.key(said)))
    if after:
        (last,) = paging.read(after, paging.number)
        query = query.where(_N.id < last)
    found = session.connection().execute(query).all()
    rows = [
        {
            "code": row.code,
            "name": row.name,
            "kind": row.kind,
            "award": row.award,
            "award_name": transition.award_name(row.award),
            "unit": row.unit,
            "unit_name": row.unit_name,
            "round": row.round,
            "state": row.state,
            "since": row.entered_stage_at,
            "late": row.late,
        }
        for row in found[:limit]
    ]
    return rows, paging.write(found[limit - 1].id) if len(found) > limit else None


def units(session: Session, *, actor: Actor, on: Any) -> list[tuple[str, str]]:
    """(code, name) of the units whose nominations this actor may look for, those of the day `on`."""
    query = select(Unit.code, Unit.name).where(
        col(Unit.is_office).is_(False), col(Unit.valid_to).is_(None) | (col(Unit.valid_to) > on)
    )
    if not actor.holds(*visibility.OFFICE):
        query = query.where(_U.id.in_(sorted(actor.units)))
    return [(code, name) for code, name in session.exec(query.order_by(_U.code))]


def round_choices(session: Session, *, taking: bool = False) -> list[tuple[str, str]]:
    """(code, title) of the rounds, newest first; with `taking` only those that still take proposals."""
    query = select(ReviewRound.code, ReviewRound.title)
    if taking:
        query = query.where(col(ReviewRound.closed_at).is_(None), col(ReviewRound.frozen_at).is_(None))
    return [(code, title) for code, title in session.exec(query.order_by(_R.id.desc()))]


def reason_seen(session: Session, row: Nomination, *, actor: Actor | None) -> str | None:
    """The reason written on a nomination; why it was paused, and on what conclusion resumed, for the office alone.

    `actor`: who reads; None for somebody whom the command line does not know.
    """
    if actor is not None and visibility.knows_why_paused(actor):
        return row.reason
    resumed = select(Pause.id).where(Pause.nomination_id == row.id, Pause.ended_at == row.entered_stage_at)
    return None if row.state == State.PAUSED or session.exec(resumed).first() is not None else row.reason


def whole(session: Session, row: Nomination) -> dict[str, Any]:
    """Everything the office stores of one nomination, for a page that shows of it what its reader may see.

    The caller has asked `visibility.require`.
    """
    nominee = session.get_one(Nominee, row.nominee_id)
    unit = session.get_one(Unit, row.unit_id)
    round_ = session.get_one(ReviewRound, row.round_id)
    dossier = session.get_one(Dossier, row.dossier_id)
    decision = session.get(Decision, row.decision_id) if row.decision_id else None
    letter = session.get(SubmissionLetter, row.submission_letter_id) if row.submission_letter_id else None
    agenda = session.exec(
        select(AgendaItem, CouncilSession)
        .join(CouncilSession, col(AgendaItem.session_id) == col(CouncilSession.id))
        .where(AgendaItem.nomination_id == row.id)
        .order_by(col(AgendaItem.id).desc())
    ).first()
    paper = col(Disclosure.decision_id) == (decision.id if decision else None)
    if letter is not None and decision is None:
        paper = col(Disclosure.submission_letter_id) == letter.id
    return {
        "row": row,
        "kind": nominee.kind,
        "unit": unit,
        "round": round_,
        "dossier": dossier,
        "award": proposal.known_award(row.award, catalogue.pack_on(access.local_date(dossier.filed_at))),
        "parts": parts(session, row, nominee.kind, dossier),
        "item": agenda[0] if agenda else None,
        "session": agenda[1] if agenda else None,
        "decision": decision,
        "letter": letter,
        "disclosed_on": session.exec(select(sa.func.min(col(Disclosure.published_at))).where(paper)).one()
        if decision or letter
        else None,
        "pauses": session.exec(select(Pause).where(Pause.nomination_id == row.id).order_by(col(Pause.id))).all(),
    }


def places(row: Nomination, round_: ReviewRound, kinds: Sequence[str]) -> dict[str, str]:
    """Stage → done, skipped, current, returned or later; `ended` where it went no further, `never` after that.

    `kinds`: what happened to the nomination, oldest first.
    """
    state, stage = State(row.state), stage_of(State(row.state))
    if state in {State.CLOSED, State.REVOKED} or (state is State.DISCLOSED and round_.closed_at is not None):
        found = dict.fromkeys(STAGES, "done")
    else:
        now, after = "current", "later"
        if stage is Stage.ENDED:
            now, after = "ended", "never"
            done = [transition.ACTIONS[kind] for kind in kinds if kind in transition.ACTIONS]
            stage = ended_in(state, done, simplified=row.route != Route.FULL)
        here = STAGES.index(stage)
        found = {one: "done" if place < here else now if place == here else after for place, one in enumerate(STAGES)}
    if state is State.RETURNED:
        found[Stage.HOME_AFFAIRS_REVIEW] = "returned"
    if row.route != Route.FULL and found[Stage.COUNCIL_VOTE] != "never":
        found[Stage.COUNCIL_VOTE] = "skipped"
    return {one.value: place for one, place in found.items()}


def size(session: Session, row: Nomination) -> int:
    """How many nominations the dossier of this one has."""
    query = sa.select(sa.func.count()).select_from(Nomination).where(_N.dossier_id == row.dossier_id)
    return int(session.execute(query).scalar_one())


def parts(session: Session, row: Nomination, kind: str, dossier: Dossier) -> Sequence[dict[str, Any]]:
    """The papers that this nomination must hold (Law 06/2022 Art. 84), each with whether the unit says it is there."""
    award = proposal.known_award(row.award, catalogue.pack_on(access.local_date(dossier.filed_at)))
    if award is None:
        return []
    case = cases.of(session, [row.code])[row.code]
    relies_on = frozenset[str]() if isinstance(case, Unreadable) else evaluation.relied_on(case)
    found = catalogue.dossier_parts(
        award,
        kind=kind,
        route=Route(row.route),
        relies_on=relies_on,
    )
    attested = row.parts == proposal.ATTESTED
    scanned = attachments.scanned(session, [row.id or 0]).get(row.id or 0, frozenset())
    return [
        {
            "id": part.id,
            "name": part.name,
            "citation": str(part.citation),
            "there": attested or part.id in row.parts.split(",") or part.id in scanned,
            "attested": attested,
        }
        for part in found
    ]


def _listing_query() -> Any:
    return (
        sa.select(_N.code, _N.award, _P.kind, _N.name, _U.code, _R.code, _N.stage, _N.state)
        .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
        .join(Unit, _N.unit_id == _U.id)
        .join(ReviewRound, _N.round_id == _R.id)
        .order_by(_N.id)
    )


def _as_listed(rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "award": award,
            "nominee": {"kind": kind, "name": name},
            "unit": unit,
            "round": round_,
            "stage": stage,
            "state": state,
        }
        for code, award, kind, name, unit, round_, stage, state in rows
    ]


def listing(session: Session, *, round_code: str | None = None) -> list[dict[str, Any]]:
    """Every nomination as `nominations list` of docs/contract.md §2."""
    query = _listing_query()
    if round_code is not None:
        query = query.where(_N.round_id == rounds.by_code(session, round_code).id)
    return _as_listed(session.execute(query))


def listing_of(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """These nominations, as `listing` shows them."""
    return _as_listed(session.execute(_listing_query().where(_N.code.in_(list(codes)))))
