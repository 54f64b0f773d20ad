"""The one judge of rights: how somebody is related to nominations, found in bulk, and what `rules.policy` says to it.

Verbs, pages, lists, API and command line ask here and decide nothing themselves. `visibility` says of lists, in SQL
and from the same sources, what this says of single nominations.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

import sqlalchemy as sa
from sqlmodel import Session

from models import (
    AgendaItem,
    Authorisation,
    Conflict,
    CouncilSession,
    Duty,
    Nomination,
    Recusal,
    SessionMember,
    Unit,
)
from models.types import chunks, table
from operations import access
from operations.access import Actor
from rules import conflicts, lifecycle, policy
from rules.lifecycle import Role
from rules.policy import Permission, Relation
from rules.refusal import Citation, Refusal
from rules.vocabulary import ConflictStrength, SessionState

_N, _R, _C, _S, _M, _I, _D = (
    table(model).c for model in (Nomination, Recusal, Conflict, CouncilSession, SessionMember, AgendaItem, Duty)
)
# A duty in a nomination → its value in the table `duty`, and its words in a sentence.
_DUTIES: Mapping[str, Relation] = {
    "proposed": Relation.PROPOSER,
    "reviewed": Relation.REVIEWER,
    "counted": Relation.COUNTER,
}
DID: Mapping[Relation, str] = {
    Relation.PROPOSER: "đề nghị",
    Relation.REVIEWER: "thẩm định",
    Relation.COUNTER: "kiểm phiếu cho",
}
EVERYTHING = frozenset(Relation)


class Related(Protocol):
    """A nomination, or what is known of one: enough to say how somebody is related to it."""

    @property
    def id(self) -> int | None: ...
    @property
    def code(self) -> str: ...
    @property
    def unit_id(self) -> int: ...
    @property
    def round_id(self) -> int: ...
    @property
    def award(self) -> str: ...
    @property
    def proposed_by(self) -> str: ...
    @property
    def reviewed_by(self) -> str | None: ...


# Sources: what the database knows of one person ---------------------------------------------------------------------


def _recused(username: Any) -> Any:
    return sa.select(_R.nomination_id).where(_R.username == username)


def _tied(username: Any) -> Any:
    return (
        sa.select(_C.nomination_id)
        .join_from(Conflict, CouncilSession, _C.session_id == _S.id)
        .where(
            _C.username == username,
            _C.strength == ConflictStrength.CERTAIN,
            _C.state.in_(conflicts.UNCLEARED),
            _S.state == SessionState.CONVENED,
        )
    )


def _counted(username: Any) -> Any:
    return (
        sa.select(_I.nomination_id)
        .join_from(AgendaItem, CouncilSession, _I.session_id == _S.id)
        .join(SessionMember, _M.session_id == _S.id)
        .where(_M.username == username, _M.teller.is_(True), _S.state == SessionState.TALLIED)
    )


def barred(username: str) -> Any:
    """Ids of the nominations that this person neither reads, nor judges, nor sees counted.

    Those from which they stand aside, in whatever session, and those to which the data tie them for certain while a
    convened session waits for somebody to settle it.
    """
    return sa.union(_recused(username), _tied(username))


def called_to(username: str, *, as_teller: bool = False) -> Any:
    """Ids of the rounds to whose council this person was called."""
    seats = sa.select(_S.round_id).join_from(SessionMember, CouncilSession, _M.session_id == _S.id)
    return seats.where(_M.username == username, *([_M.teller.is_(True)] if as_teller else []))


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


# Relations: one person and many nominations --------------------------------------------------------------------------


@cache
def _query(asked: frozenset[Relation]) -> Any:
    """(nomination's id, word of the relation) for the person `who` and the nominations `ids`; None: nothing to look up."""
    who: Any = sa.bindparam("who")
    ids: Any = sa.bindparam("ids", expanding=True)

    def said(source: Any, column: Any, word: str) -> Any:
        return source.where(column.in_(ids)).add_columns(sa.literal(word).label("word"))

    parts = []
    if Relation.BARRED in asked:
        parts += [
            said(_recused(who), _R.nomination_id, Relation.BARRED),
            said(_tied(who), _C.nomination_id, Relation.BARRED),
        ]
    if Relation.COUNTER in asked:
        parts.append(said(_counted(who), _I.nomination_id, Relation.COUNTER))
    words = [word for word, relation in _DUTIES.items() if relation in asked]
    if words:
        parts.append(
            sa.select(_D.nomination_id, _D.duty.label("word")).where(
                _D.username == who, _D.duty.in_(words), _D.nomination_id.in_(ids)
            )
        )
    return sa.union_all(*parts) if parts else None


def relations(
    session: Session,
    rows: Iterable[Related],
    *,
    actor: Actor,
    asked: frozenset[Relation] = EVERYTHING,
    now: datetime | None = None,
) -> dict[int, frozenset[Relation]]:
    """Nomination's id → how this actor is related to it, as far as `asked`: at most one statement a chunk, and three more.

    Without `now` nothing is said of a deputy's authorisation.
    """
    rows = list(rows)
    found: dict[int, set[Relation]] = {row.id or 0: set() for row in rows}
    query = _query(asked)
    for chunk in chunks(list(found)) if query is not None else ():
        for id_, word in session.connection().execute(query, {"who": actor.username, "ids": list(chunk)}):
            found[id_].add(_DUTIES.get(word) or Relation(word))
    seats: dict[Relation, set[int]] = {}
    for seat in asked & {Relation.MEMBER, Relation.TELLER}:
        called = called_to(actor.username, as_teller=seat is Relation.TELLER)
        seats[seat] = set(session.connection().execute(called).scalars())
    awards: set[str] | None = set()
    if Relation.AUTHORISED in asked and now is not None and actor.holds(Role.DEPUTY):
        awards = signs_for(session, actor, now=now)
    for row in rows:
        said = {
            Relation.OWN_UNIT: row.unit_id in actor.units,
            Relation.PROPOSER: row.proposed_by == actor.username,
            Relation.REVIEWER: row.reviewed_by == actor.username,
            Relation.MEMBER: row.round_id in seats.get(Relation.MEMBER, ()),
            Relation.TELLER: row.round_id in seats.get(Relation.TELLER, ()),
            Relation.AUTHORISED: awards is None or row.award in awards,
        }
        found[row.id or 0] |= {relation for relation, is_so in said.items() if is_so and relation in asked}
    return {id_: frozenset(related) for id_, related in found.items()}


# Decisions: the policy's answer in words -----------------------------------------------------------------------------


def refusal(row: Related, act: Permission, *, actor: Actor, relation: frozenset[Relation]) -> Refusal | None:
    """Why this actor, so related to it, may not do this with a nomination, whatever its state; None: they may.

    One of `not_your_role`, `recused_from`, `separation_of_duties`, `not_your_unit`, `no_authorisation`.
    """
    refused = policy.decide(actor.roles, act, relation=relation)
    if refused is None:
        return None
    match refused.code, refused.relation:
        case "recused_from", _:
            return Refusal(
                "recused_from",
                f"Bạn đã tránh hồ sơ {row.code}, hoặc có quan hệ với người được đề nghị mà phiên họp Hội đồng chưa giải "
                "quyết xong, nên không xem, không xử lý hồ sơ này. Hãy để người khác có thẩm quyền làm; nếu phiên họp "
                "còn hỏi bạn về hồ sơ này thì trả lời ở trang Xung đột lợi ích của phiên.",
                citation=Citation(document=lifecycle.LAW, article="90"),
                reach=True,
            )
        case "separation_of_duties", Relation() as did:
            return separation(f"Chính bạn đã {DID[did]} hồ sơ {row.code}")
        case "not_related", Relation.OWN_UNIT if actor.holds(Role.UNIT_OFFICER, Role.UNIT_HEAD):
            return _not_your_unit(f"Hồ sơ {row.code} là của đơn vị khác", actor)
        case "not_related", Relation.AUTHORISED:
            return access.no_authorisation(actor)
    return policy.not_your_role(act)


def require_unit(actor: Actor, unit: Unit, *, act: Permission = Permission.PROPOSE) -> None:
    """Raise Refusal `not_your_role` or `not_your_unit` unless this actor may do this for a unit."""
    relation = frozenset({Relation.OWN_UNIT}) if unit.id in actor.units else frozenset[Relation]()
    refused = policy.decide(actor.roles, act, relation=relation)
    if refused is None:
        return
    if refused.code == "not_related":
        raise _not_your_unit(f"Việc này là của {unit.name}", actor)
    raise policy.not_your_role(act)


def _not_your_unit(whose: str, actor: Actor) -> Refusal:
    return Refusal(
        "not_your_unit",
        f"{whose}; tài khoản «{actor.username}» không thuộc đơn vị đó. "
        "Việc đề nghị do đơn vị quản lý tổ chức, cán bộ, quỹ lương thực hiện.",
        citation=Citation(document=lifecycle.LAW, article="83", clause="1"),
        reach=True,
    )


def separation(what: str) -> Refusal:
    """The refusal of a second duty in the same nomination; `what` names the first."""
    return Refusal(
        "separation_of_duties",
        f"{what}; một người không làm hai khâu của cùng một hồ sơ. Hãy chuyển cho người khác có thẩm quyền.",
        citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="a"),
        reach=True,
    )


def require_other_tellers(session: Session, tellers: Collection[str], codes: Sequence[str]) -> None:
    """Raise Refusal `separation_of_duties` when a designated counter proposed or reviewed a nomination of the agenda."""
    early = ("proposed", "reviewed")
    for chunk in chunks(codes):
        did = sa.union_all(
            *(
                sa.select(_N.code, column.label("who"), sa.literal(word).label("duty")).where(
                    _N.code.in_(chunk), column.in_(tellers)
                )
                for word, column in zip(early, (_N.proposed_by, _N.reviewed_by), strict=True)
            ),
            sa.select(_N.code, _D.username.label("who"), _D.duty)
            .join_from(Duty, Nomination, _D.nomination_id == _N.id)
            .where(_N.code.in_(chunk), _D.username.in_(tellers), _D.duty.in_(early)),
        ).subquery()
        first = session.connection().execute(sa.select(did).order_by(did.c.code, did.c.duty).limit(1)).one_or_none()
        if first is not None:
            raise separation(f"Người kiểm phiếu «{first.who}» đã {DID[_DUTIES[first.duty]]} hồ sơ {first.code}")
