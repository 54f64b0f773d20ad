"""Who may look into which nomination: `conditions` say of lists, in SQL, what the policy says of single ones.

So no list shows what its page would refuse; the sources are those of `rights`.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from models import Nomination
from models.types import chunks, table
from operations import rights, transition
from operations.access import Actor
from rules import policy
from rules.lifecycle import Role
from rules.policy import Permission, Relation

# Roles that work with every unit's nominations; the administrator runs the system and reads none (docs/security.md).
OFFICE = (Role.REVIEWER, Role.SECRETARY, Role.CHAIRMAN, Role.DEPUTY, Role.INSPECTOR)
_N = table(Nomination).c


def knows_why_paused(actor: Actor) -> bool:
    """May this actor read the grounds of a pause? They can identify a complainant (Luật Tố cáo 25/2018/QH14): staff only."""
    return actor.holds(*OFFICE)


def conditions(actor: Actor) -> list[Any]:
    """Conditions on nominations that leave exactly those which this actor may read (`Permission.SEE_NOMINATION`)."""
    way: dict[Relation | None, Any] = {
        None: sa.true(),
        Relation.OWN_UNIT: _N.unit_id.in_(sorted(actor.units)),
        Relation.MEMBER: _N.round_id.in_(rights.called_to(actor.username)),
    }
    needs = policy.ways(actor.roles, Permission.SEE_NOMINATION)
    return [_N.id.not_in(rights.barred(actor.username)), sa.or_(sa.false(), *(way[need] for need in needs))]


def readable(session: Session, codes: Sequence[str], *, actor: Actor) -> set[str]:
    """The subset of these nominations that this actor may read."""
    found: set[str] = set()
    for chunk in chunks(codes):
        found |= set(session.execute(sa.select(_N.code).where(_N.code.in_(chunk), *conditions(actor))).scalars())
    return found


def require(session: Session, code: str, *, actor: Actor, act: Permission = Permission.SEE_NOMINATION) -> Nomination:
    """The nomination, for somebody whom the policy lets do this with it.

    Raises Refusal `unknown_nomination`, `recused_from`, `not_your_unit`, `not_your_role`.
    """
    row = session.exec(select(Nomination).where(Nomination.code == code)).one_or_none()
    if row is None:
        raise transition.unknown(code)
    relation = rights.relations(session, [row], actor=actor, asked=policy.asked(act))[row.id or 0]
    refused = rights.refusal(row, act, actor=actor, relation=relation)
    if refused is not None:
        raise refused
    return row
