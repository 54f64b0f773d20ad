"""The council's sessions as one reader meets them: agenda, results, conflicts, published ballots.

One rule of secrecy: of a nomination from which the reader stands aside nothing is told but its code; no number, no name.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import (
    AgendaItem,
    Ballot,
    CouncilSession,
    Nomination,
    Nominee,
    ReviewRound,
    SessionMember,
    Unit,
)
from models.types import as_mapping, table
from operations import paging, transition
from operations.access import Actor
from operations.council_vote import ballot_box, ballot_check, conflicts_answered, counting, recusals, sessions
from rules import lifecycle, policy
from rules.lifecycle import State
from rules.policy import Permission, Relation
from rules.refusal import Citation, Refusal
from rules.vocabulary import ConflictState, SessionState

_I, _N, _P, _U, _S, _M, _R = (
    table(model).c for model in (AgendaItem, Nomination, Nominee, Unit, CouncilSession, SessionMember, ReviewRound)
)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session, and how its reader is related to it."""

    row: CouncilSession
    round: ReviewRound
    members: tuple[SessionMember, ...]
    ballot: Ballot | None
    reader: Actor
    relation: frozenset[Relation]
    aside: frozenset[str]  # codes of what this reader must not see

    @property
    def code(self) -> str:
        return self.row.code

    @property
    def sees_all_conflicts(self) -> bool:
        """May this reader look at every conflict of the session? A seat alone shows one's own."""
        if self.relation:
            return policy.may(self.reader.roles, Permission.WAIVE, relation=self.relation)
        return policy.may(self.reader.roles, Permission.SEE_SESSION)


def of(session: Session, code: str, *, actor: Actor) -> Sitting:
    """The session of this code for this reader; whether they may see it the caller decides by its `relation`.

    Raises Refusal `unknown_session`.
    """
    row = sessions.by_code(session, code)
    members = tuple(sessions.members_of(session, row))
    return Sitting(
        row,
        session.get_one(ReviewRound, row.round_id),
        members,
        ballot_box.of(session, row),
        actor,
        sessions.relation_of(members, actor),
        frozenset(recusals.barred(session, actor.username)),
    )


def require(session: Session, code: str, act: Permission, *, actor: Actor) -> Sitting:
    """The session, for somebody whom the policy lets do this with it. Raises what `sessions.require` raises."""
    found = of(session, code, actor=actor)
    sessions.require(found.row, act, actor=actor, relation=found.relation)
    return found


# Sessions and rounds ------------------------------------------------------------------------------------------------


def listing(session: Session, *, actor: Actor) -> Sequence[Any]:
    """Sessions, the newest first: all for the office, their own for members."""
    query = (
        sa.select(_S.code, _S.held_at, _S.place, _S.state, _R.code.label("round"), _R.title)
        .join_from(CouncilSession, ReviewRound, _S.round_id == _R.id)
        .where(*_open_to(actor))
        .order_by(_S.held_at.desc(), _S.id.desc())
        .limit(200)
    )
    return session.execute(query).all()


def of_round(session: Session, round_: ReviewRound, *, actor: Actor) -> Sequence[Any]:
    """A round's sessions that this reader may open, the newest first."""
    query = (
        sa.select(_S.code, _S.held_at, _S.place, _S.state)
        .where(_S.round_id == round_.id, *_open_to(actor))
        .order_by(_S.id.desc())
    )
    return session.execute(query).all()


def _open_to(actor: Actor) -> list[Any]:
    """A seat opens its own session; a unit's officer has none."""
    if policy.may(actor.roles, Permission.SEE_SESSION):
        return []
    return [sa.exists().where(_M.session_id == _S.id, _M.username == actor.username)]


def rounds_to_convene(session: Session) -> list[tuple[str, str]]:
    """(code, title) of the rounds that the council may be called for: open ones, and closed ones with something left."""
    left = sa.exists().where(_N.round_id == _R.id, _N.state == State.ELIGIBLE.value)
    query = sa.select(_R.code, _R.title).where(_R.closed_at.is_(None) | left).order_by(_R.id.desc())
    return [(row.code, row.title) for row in session.execute(query)]


# The agenda ---------------------------------------------------------------------------------------------------------


def _of(sitting: Sitting) -> list[Any]:
    """Conditions on nominations: on the agenda; before there is one, what would come on it."""
    if sitting.row.state == SessionState.CONVENED:
        return [_N.round_id == sitting.row.round_id, _N.state == State.ELIGIBLE.value]
    listed = sa.select(_I.nomination_id).where(_I.session_id == sitting.row.id)
    return [_N.id.in_(listed)]


def _asked(sitting: Sitting, *, award: str, outcome: str) -> list[Any]:
    """Conditions of a filter. It leaves out what the reader stands aside from: by being found it would tell of itself."""
    found: list[Any] = []
    if award:
        found.append(_N.award == award)
    if outcome and sitting.row.state == SessionState.TALLIED:
        counted = sa.select(_I.nomination_id).where(_I.session_id == sitting.row.id, _I.outcome == outcome)
        found.append(_N.id.in_(counted))
    return [*found, _N.code.not_in(sorted(sitting.aside))] if found else []


def items(
    session: Session,
    sitting: Sitting,
    *,
    after: str | None = None,
    limit: int,
    codes: Collection[str] | None = None,
    award: str = "",
    outcome: str = "",
) -> tuple[list[dict[str, Any]], str | None]:
    """Items by code, and the key of the next page; one from which the reader stands aside shows its code only."""
    results = [_I[name] for name in counting.RESULT_COLUMNS]
    query = (
        sa.select(_N.code, _N.award, _N.name, _N.late, _U.name.label("unit"), *results)
        .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
        .join(Unit, _N.unit_id == _U.id)
        .join(AgendaItem, (_I.nomination_id == _N.id) & (_I.session_id == sitting.row.id), isouter=True)
        .where(*_of(sitting), *_asked(sitting, award=award, outcome=outcome))
        .order_by(_N.code)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(_N.code > paging.read(after, str)[0])
    if codes is not None:
        query = query.where(_N.code.in_(codes))
    found = session.execute(query).mappings().all()
    rows: list[dict[str, Any]] = [
        {"code": row["code"], "aside": True}
        if row["code"] in sitting.aside
        else {**row, "aside": False, "award_name": transition.award_name(row["award"])}
        for row in found[:limit]
    ]
    return rows, paging.write(rows[-1]["code"]) if len(found) > limit else None


def size(session: Session, sitting: Sitting, *, award: str = "", outcome: str = "") -> int:
    """How many items there are; with a filter, how many of those that the reader sees."""
    asked = _asked(sitting, award=award, outcome=outcome)
    query = sa.select(sa.func.count()).select_from(Nomination).where(*_of(sitting), *asked)
    return int(session.execute(query).scalar_one())


def awards_seen(session: Session, sitting: Sitting) -> list[str]:
    """The awards of what the reader sees of the agenda."""
    query = sa.select(_N.award).where(*_of(sitting), _N.code.not_in(sorted(sitting.aside)))
    return list(session.execute(query.distinct().order_by(_N.award)).scalars())


def awards(session: Session, sitting: Sitting) -> dict[str, str]:
    """Code → award of the whole agenda: for the ballot's form, which names no award of what its voter stands aside from."""
    return as_mapping(session.execute(sa.select(_N.code, _N.award).where(*_of(sitting))))


# What it came to ----------------------------------------------------------------------------------------------------


def without_aside(sitting: Sitting, rows: Sequence[dict[str, Any]], *, key: str = "code") -> list[dict[str, Any]]:
    """Rows about nominations, without those from which the reader stands aside."""
    return [row for row in rows if row[key] not in sitting.aside]


def results(session: Session, sitting: Sitting) -> list[dict[str, Any]]:
    """The numbers of a counted session as its reader sees them; none before the count."""
    if sitting.row.state != SessionState.TALLIED:
        return []
    return without_aside(sitting, counting.results_of(session, sitting.row))


def batch_seen(sitting: Sitting, batch: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Published ballots without the columns from which the reader stands aside."""
    return [{code: choice for code, choice in row.items() if code not in sitting.aside} for row in batch]


def batch(session: Session, sitting: Sitting) -> tuple[list[dict[str, str]], list[str]]:
    """(the published ballots as this reader sees them, the codes that are withheld)."""
    withheld = sorted(sitting.aside.intersection(sessions.agenda_codes(session, sitting.row)))
    rows = json.loads((sitting.ballot.batch if sitting.ballot else None) or "[]")
    return batch_seen(sitting, rows), withheld


def require_whole(session: Session, sitting: Sitting) -> None:
    """The minutes hold every number: raise Refusal `recused_from` to a reader who stands aside from one of the items."""
    withheld = sitting.aside.intersection(sessions.agenda_codes(session, sitting.row))
    if withheld:
        raise Refusal(
            "recused_from",
            f"Biên bản có kết quả của hồ sơ mà bạn đã tránh ({', '.join(sorted(withheld)[:5])}) nên không hiện cho bạn. "
            "Kết quả các hồ sơ khác xem ở trang phiên họp.",
            citation=Citation(document=lifecycle.LAW, article="90"),
        )


def violations(
    session: Session, sitting: Sitting, *, receipt: str | None = None, batch: Any = None
) -> list[dict[str, str]]:
    """What `ballot_check.verify` finds, without what it says in numbers of nominations that this reader must not see."""
    return without_aside(sitting, ballot_check.verify(session, sitting.code, receipt=receipt, batch=batch), key="key")


# Conflicts ----------------------------------------------------------------------------------------------------------


def conflicts(session: Session, sitting: Sitting) -> list[dict[str, Any]]:
    """What the data ask and what members declared, as this reader may know it: everybody's, or one's own only.

    A question put to the reader names its nominee, until they stand aside; anybody's that is about a nomination from
    which the reader stands aside names nobody.
    """
    me = sitting.reader.username
    rows = conflicts_answered.listing(session, sitting.code, only=None if sitting.sees_all_conflicts else me)
    recused = {code for username, code in recusals.of(session, sitting.row) if username == me}
    recused |= {row["nomination"] for row in rows if row["username"] == me and row["state"] == ConflictState.RECUSED}
    for row in rows:
        hidden = recused if row["username"] == me else sitting.aside
        if row["nomination"] in hidden:
            row["nominee"] = row["message"] = row["reason"] = None  # the sentences name the nominee
    return rows


def questions(session: Session, sitting: Sitting) -> int:
    """How many conflicts wait for an answer: those put to this reader; to whoever may waive, everybody's."""
    may_waive = policy.may(sitting.reader.roles, Permission.WAIVE, relation=sitting.relation)
    rows = conflicts_answered.listing(session, sitting.code, only=None if may_waive else sitting.reader.username)
    return sum(row["state"] == ConflictState.OPEN for row in rows)


def stand_asides(session: Session, sitting: Sitting) -> list[tuple[str, str]]:
    """(username, code) of the session's recusals that this reader may know of."""
    return [
        (username, code)
        for username, code in sorted(recusals.of(session, sitting.row))
        if sitting.sees_all_conflicts or username == sitting.reader.username
    ]
