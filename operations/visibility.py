"""Who may look into which nomination, and how somebody is related to it: what the policy asks, found in the database.

`rules.policy` decides; `conditions` say the same of lists, so that none shows what its page would refuse.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from models import AgendaItem, Authorisation, Conflict, CouncilSession, Nomination, Recusal, SessionMember
from models.types import table
from operations import access, transition
from operations.access import Actor
from rules import conflicts, lifecycle, policy
from rules.lifecycle import Role
from rules.policy import Act, Relation
from rules.refusal import Citation, Refusal

# Those whose work is every unit's nominations; the administrator runs the system and reads none (docs/security.md).
OFFICE = (Role.REVIEWER, Role.SECRETARY, Role.CHAIRMAN, Role.DEPUTY, Role.INSPECTOR)
_UNIT = (Role.UNIT_OFFICER, Role.UNIT_HEAD)
_COUNCIL = (Role.COUNCIL_MEMBER, Role.TELLER)
_N = table(Nomination).c


def stood_aside(username: str) -> Any:
    """Ids of the nominations that this person neither reads nor sees counted.

    Those from which they stand aside, in whatever session, and those to which the data tie them for certain while a
    convened session waits for somebody to clear it.
    """
    c, s = table(Conflict).c, table(CouncilSession).c
    uncleared = (
        sa.select(c.nomination_id)
        .join_from(Conflict, CouncilSession, c.session_id == s.id)
        .where(c.username == username, c.strength == "certain", c.state.in_(conflicts.UNCLEARED), s.state == "convened")
    )
    return sa.union(sa.select(table(Recusal).c.nomination_id).where(table(Recusal).c.username == username), uncleared)


def _called_to(username: str) -> Any:
    """Ids of the rounds to whose council this person was called."""
    s, m = table(CouncilSession).c, table(SessionMember).c
    seats = sa.select(s.round_id).join_from(SessionMember, CouncilSession, m.session_id == s.id)
    return seats.where(m.username == username)


def conditions(actor: Actor) -> list[Any]:
    """Conditions on nominations that leave exactly those which this actor may read (`Act.SEE_NOMINATION`)."""
    found = [_N.id.not_in(stood_aside(actor.username))]
    if actor.holds(*OFFICE):
        return found
    ways: list[Any] = [sa.false()]
    if actor.holds(*_UNIT):
        ways.append(_N.unit_id.in_(sorted(actor.units)))
    if actor.holds(*_COUNCIL):
        ways.append(_N.round_id.in_(_called_to(actor.username)))
    return [*found, sa.or_(*ways)]


def relations(session: Session, row: Nomination, *, actor: Actor, now: datetime | None = None) -> frozenset[Relation]:
    """How this actor is related to a nomination. Without `now` nothing is said of a deputy's authorisation."""
    m, i = table(SessionMember).c, table(AgendaItem).c
    counted = (
        sa.select(m.id)
        .join_from(SessionMember, AgendaItem, i.session_id == m.session_id)
        .where(m.username == actor.username, m.teller.is_(True), i.nomination_id == row.id)
    )
    recused, member, teller = session.execute(
        sa.select(
            sa.literal(row.id).in_(stood_aside(actor.username)),
            sa.literal(row.round_id).in_(_called_to(actor.username)),
            counted.exists(),
        )
    ).one()
    scope = signs_for(session, actor, now=now) if now is not None and actor.holds(Role.DEPUTY) else set()
    said = {
        Relation.OWN_UNIT: row.unit_id in actor.units,
        Relation.PROPOSER: row.proposed_by == actor.username,
        Relation.REVIEWER: row.reviewed_by == actor.username,
        Relation.RECUSED: recused,
        Relation.MEMBER: member,
        Relation.TELLER: teller,
        Relation.AUTHORISED: scope is None or row.award in scope,
    }
    return frozenset(relation for relation, is_so in said.items() if is_so)


def signs_for(session: Session, actor: Actor, *, now: datetime) -> set[str] | None:
    """The awards for which this actor may sign on this day; None: all (NĐ 30/2020 Art. 13.3)."""
    if actor.holds(Role.CHAIRMAN):
        return None
    if not actor.holds(Role.DEPUTY):
        return set()
    a = table(Authorisation).c
    scopes = session.execute(sa.select(a.scope).where(a.deputy_id == actor.account_id, *access.in_force(now))).scalars()
    awards = {award for scope in scopes for award in scope.split(",")}
    return None if "all" in awards else awards


def readable(session: Session, codes: Sequence[str], *, actor: Actor) -> set[str]:
    """Those of these nominations which this actor may read."""
    found: set[str] = set()
    for chunk in transition.chunks(codes):
        found |= set(session.execute(sa.select(_N.code).where(_N.code.in_(chunk), *conditions(actor))).scalars())
    return found


def require(session: Session, code: str, *, actor: Actor, act: Act = Act.SEE_NOMINATION) -> Nomination:
    """The nomination, for somebody whom the policy lets do this with it.

    Raises Refusal `unknown_nomination`, `recused_from`, `not_your_unit`, `not_your_role`.
    """
    row = session.exec(select(Nomination).where(Nomination.code == code)).one_or_none()
    if row is None:
        raise transition.unknown(code)
    refused = policy.decide(actor.roles, act, relation=relations(session, row, actor=actor))
    if refused is None:
        return row
    if refused.code == "recused_from":
        raise Refusal(
            "recused_from",
            f"Bạn đã tránh hồ sơ {code} nên không xem hồ sơ và kết quả của hồ sơ này.",
            citation=Citation(document=lifecycle.LAW, article="90"),
            reach=True,
        )
    if refused.code == "not_related" and actor.holds(*_UNIT):
        raise Refusal(
            "not_your_unit",
            f"Hồ sơ {code} là của đơn vị khác; tài khoản «{actor.username}» không thuộc đơn vị đó.",
            citation=Citation(document=lifecycle.LAW, article="83", clause="1"),
            reach=True,
        )
    raise Refusal(
        "not_your_role",
        f"Tài khoản «{actor.username}» không có vai trò để xem hoặc làm việc này với hồ sơ {code}. "
        "Hãy chuyển cho người có thẩm quyền.",
        reach=True,
    )
