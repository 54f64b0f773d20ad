"""Nominations waiting for signature, in piles: each becomes one paper, a decision or a tờ trình to one superior.

A deputy sees only piles that an authorisation in force covers whole; nobody sees what they stand aside from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import (
    Account,
    AgendaItem,
    Authorisation,
    Decision,
    Nomination,
    ReviewRound,
    SubmissionLetter,
    Unit,
)
from models.types import table
from operations import access, paging, rights, rounds, transition, visibility
from operations.access import Actor
from operations.chairman_signature import paper_facts
from operations.transition import Snapshot
from rules import catalogue, deadlines, policy
from rules.lifecycle import Role, Stage, State
from rules.policy import Permission, Relation
from rules.refusal import Refusal
from rules.vocabulary import Authority, Outcome

_N, _U, _R, _I = (table(model).c for model in (Nomination, Unit, ReviewRound, AgendaItem))


@dataclass(frozen=True, slots=True)
class Mandate:
    """A written authorisation in force (NĐ 30/2020 Art. 13.3): whose, which document, for what, until when."""

    principal: str
    document_number: str
    awards: frozenset[str] | None  # None: all
    valid_to: date

    def covers(self, awards: frozenset[str]) -> bool:
        return self.awards is None or awards <= self.awards


@dataclass(frozen=True, slots=True)
class Pile:
    """Nominations of one round that one paper will name. `paper` is the award decided on, or the superior asked."""

    round: str
    round_title: str
    role: str  # decide | propose | unverified: nobody knows yet who decides
    paper: str
    awards: frozenset[str]
    count: int
    since: datetime
    due: date | None
    days_left: int | None
    mandate: Mandate | None  # None: signed in one's own right

    @property
    def title(self) -> str:
        if self.role == Authority.PROPOSE:
            return f"Tờ trình {catalogue.DECIDER_NAMES.get(self.paper, self.paper)}"
        return f"Quyết định: {transition.award_name(self.paper)}"


def mandates(session: Session, actor: Actor, *, now: datetime) -> list[Mandate]:
    """The authorisations that this actor holds today, for whoever signs in another's place."""
    a, p = table(Authorisation).c, table(Account).c
    rows = session.execute(
        sa.select(p.display_name, a.document_number, a.scope, a.valid_to)
        .join_from(Authorisation, Account, a.principal_id == p.id)
        .where(a.deputy_id == actor.account_id, *access.in_force(now))
        .order_by(a.id)
    )
    return [
        Mandate(
            row.display_name,
            row.document_number,
            None if row.scope == "all" else frozenset(row.scope.split(",")),
            row.valid_to,
        )
        for row in rows
    ]


def _waiting(actor: Actor) -> list[Any]:
    return [_N.state == State.RECOMMENDED.value, *visibility.conditions(actor)]


def piles(session: Session, actor: Actor, *, now: datetime) -> list[Pile]:
    """Everything that this actor may sign today, due first."""
    counted = session.execute(
        sa.select(
            _R.id, _R.code, _R.title, _N.role, _N.award,
            sa.func.count().label("n"), sa.func.min(_N.entered_stage_at).label("since"),
        )
        .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
        .where(*_waiting(actor))
        .group_by(_R.id, _R.code, _R.title, _N.role, _N.award)
    ).all()  # fmt: skip
    today = access.local_date(now)
    held = mandates(session, actor, now=now) if not actor.holds(Role.CHAIRMAN) else None
    grouped: dict[tuple[int, str, str], list[Any]] = {}
    for row in counted:
        role = row.role if row.role in {Authority.DECIDE, Authority.PROPOSE} else Authority.UNVERIFIED
        paper = _superior(row.award, today) if role == Authority.PROPOSE else row.award
        grouped.setdefault((row.id, role, paper), []).append(row)
    found = []
    for (round_id, role, paper), rows in grouped.items():
        awards = frozenset(row.award for row in rows)
        mandate = next((one for one in held if one.covers(awards)), None) if held is not None else None
        if held is not None and mandate is None:
            continue
        due = rounds.due_of(session, round_id, Stage.CHAIRMAN_SIGNATURE)
        until = date.fromisoformat(due) if due else None
        found.append(
            Pile(
                rows[0].code,
                rows[0].title,
                role,
                paper,
                awards,
                sum(row.n for row in rows),
                min(row.since for row in rows),
                until,
                deadlines.days_left(today, until) if until else None,
                mandate,
            )
        )
    return sorted(found, key=lambda pile: (pile.due or date.max, pile.round, pile.role, pile.title))


def pile(session: Session, actor: Actor, round_code: str, role: str, paper: str, *, now: datetime) -> Pile:
    """One pile. Raises Refusal `unknown_pile` where nothing of it waits for this actor."""
    for found in piles(session, actor, now=now):
        if (found.round, found.role, found.paper) == (round_code, role, paper):
            return found
    raise Refusal(
        "unknown_pile",
        "Không còn hồ sơ nào của văn bản này chờ bạn ký: có thể đã được ký, trả lại, hoặc không thuộc phạm vi ủy quyền "
        "của bạn. Hãy mở lại trang trình ký.",
    )


def _superior(award: str, on: date) -> str:
    pack = catalogue.pack_on(on)
    known = pack.awards.get(award) if pack else None
    return (known.decider if known else None) or "CT_UBND_TINH"


def _of(found: Pile, actor: Actor) -> list[Any]:
    role = (
        _N.role == found.role
        if found.role != Authority.UNVERIFIED
        else _N.role.not_in((Authority.DECIDE, Authority.PROPOSE))
    )
    return [*_waiting(actor), _R.code == found.round, role, _N.award.in_(sorted(found.awards))]


def rows(
    session: Session, actor: Actor, found: Pile, *, now: datetime, after: str | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the pile, each with the council's result and what keeps this actor from signing it."""
    query = (
        sa.select(
            _N.id, _N.code, _N.unit_id, _N.round_id, _N.award, _N.version, _N.proposed_by, _N.reviewed_by, _N.name, _N.position, _U.name.label("unit"),
            _I.approve, _I.base, _I.why,
        )
        .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
        .join(Unit, _N.unit_id == _U.id)
        .join(AgendaItem, (_I.nomination_id == _N.id) & (_I.outcome == Outcome.RECOMMENDED), isouter=True)
        .where(*_of(found, actor))
        .order_by(_N.id, _I.id)
        .limit(limit + 1)
    )  # fmt: skip
    if after:
        query = query.where(_N.id > paging.read(after, paging.number)[0])
    # Sent back and voted on again, a nomination has two results; the later one counts.
    page = list({row.id: row for row in session.execute(query)}.values())
    shown = page[:limit]
    relation = rights.relations(session, shown, actor=actor, asked=policy.asked(Permission.SIGN), now=now)
    listed = [
        {**row._mapping, "award_name": transition.award_name(row.award), "barred": _barred(actor, relation[row.id])}  # noqa: SLF001 -- SQLAlchemy's documented row mapping
        for row in shown
    ]
    return listed, paging.write(shown[-1].id) if len(page) > limit else None


def _barred(actor: Actor, relation: frozenset[Relation]) -> str | None:
    """The obstacles to this actor's signing of a nomination in a pile within their authority."""
    refused = policy.decide(actor.roles, Permission.SIGN, relation=relation)
    if refused is None:
        return None
    did = rights.DID.get(refused.relation) if refused.relation else None
    return f"bạn đã {did} hồ sơ này" if did else "hồ sơ này không thuộc quyền ký của bạn"


def versions(session: Session, actor: Actor, found: Pile) -> dict[str, int]:
    """Code → version of the whole pile as it is now."""
    query = (
        sa.select(_N.code, _N.version)
        .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
        .where(*_of(found, actor))
        .order_by(_N.id)
    )
    return {row.code: row.version for row in session.execute(query)}


def draft(session: Session, actor: Actor, found: Pile, codes: Sequence[str] | None, *, now: datetime) -> dict[str, Any]:
    """The paper that signing these (None: the whole pile) would make, as its template needs it, unnumbered and a draft."""
    on = access.local_date(now)
    snapshots: list[Snapshot] = transition.snapshots_where(
        session, _N.code.in_(codes) if codes is not None else sa.true(), _N.id.in_(_ids(found, actor))
    )
    pack = catalogue.pack_on(on)
    if not snapshots or pack is None or found.role == Authority.UNVERIFIED:
        raise Refusal("nothing_to_show", "Chưa có văn bản nào để xem trước cho các hồ sơ này.")
    first = snapshots[0]
    chosen = _N.id.in_([row.id for row in snapshots])
    common: dict[str, Any] = {"year": on.year, "number": 0, "symbol": "", "round_id": first.round_id, "title": "", "signed_on": on,
              "signed_at": now, "signed_by": actor.username, "authorisation_id": 0 if found.mandate else None}  # fmt: skip
    if found.role == Authority.DECIDE:
        facts = paper_facts.of_decision(
            session,
            Decision(code="", award=found.paper, pack=pack.id, pack_sha256=pack.sha256, **common),
            chosen=chosen,
        )
    else:
        facts = paper_facts.of_letter(session, SubmissionLetter(code="", superior=found.paper, **common), chosen=chosen)
    return facts | {"number": None, "dated": None, "draft": True}


def _ids(found: Pile, actor: Actor) -> Any:
    return sa.select(_N.id).join_from(Nomination, ReviewRound, _N.round_id == _R.id).where(*_of(found, actor))
