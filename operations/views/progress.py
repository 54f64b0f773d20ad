"""How far the work is: what flows, figures and scripted people look at. Counts and codes only, never who or what."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import (
    CouncilSession,
    Decision,
    Escalation,
    LedgerEntry,
    Nomination,
    Recusal,
    ReviewRound,
    SubmissionLetter,
    Unit,
)
from models.types import as_mapping, table
from operations import rounds
from operations.council_vote import counting, sessions, vote
from rules.lifecycle import State
from rules.vocabulary import SessionState

_N, _R = table(Nomination).c, table(ReviewRound).c


def by_stage(session: Session) -> dict[str, int]:
    """Stage → how many nominations of all rounds stand in it."""
    return as_mapping(session.execute(sa.select(_N.stage, sa.func.count()).group_by(_N.stage)))


def codes(session: Session, round_code: str, state: State) -> list[str]:
    """Codes of a round's nominations in a state, oldest first."""
    query = (
        sa.select(_N.code)
        .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
        .where(_R.code == round_code, _N.state == state.value)
        .order_by(_N.id)
    )
    return list(session.execute(query).scalars())


def units(session: Session, round_code: str) -> tuple[int, int]:
    """How many units have proposed in the round, of how many that were called."""
    round_ = rounds.by_code(session, round_code)
    called = set(session.exec(select(Unit.id).where(col(Unit.is_office).is_(False), col(Unit.email).is_not(None))))
    proposed = session.execute(
        sa.select(_N.unit_id).where(_N.round_id == round_.id, _N.state != State.DRAFT.value).distinct()
    ).scalars()
    return len(called & set(proposed)), len(called)


def ballots(session: Session, round_code: str) -> tuple[int, int] | None:
    """How many of the members present have voted, of how many; None while no ballot is open."""
    cast, expected = 0, 0
    for sitting in sessions.of_round(session, round_code, state=SessionState.OPEN):
        present = {member.username for member in sessions.members_of(session, sitting) if member.attended}
        cast += len(present & vote.voted(session, sitting))
        expected += len(present)
    return (cast, expected) if expected else None


def voting(session: Session) -> dict[str, tuple[int, int]]:
    """Round code → how many have voted, of how many: every round with an open ballot."""
    sitting = table(CouncilSession).c
    rounds_ = session.exec(
        select(ReviewRound.code)
        .where(sa.exists().where(sitting.round_id == _R.id, sitting.state == SessionState.OPEN))
        .order_by(col(ReviewRound.id))
    ).all()
    return {code: found for code in rounds_ if (found := ballots(session, code)) is not None}


def shut_boxes(session: Session, round_code: str) -> list[tuple[str, str]]:
    """(session, "shares" or "counts") of every closed ballot that only its tellers can count."""
    closed = sessions.of_round(session, round_code, state=SessionState.CLOSED)
    found = ((sitting.code, counting.waits_for(session, sitting)) for sitting in closed)
    return [(code, what) for code, what in found if what is not None]


def closed_ballots(session: Session, round_code: str) -> list[str]:
    """The round's sessions whose ballot is closed and not counted."""
    return [sitting.code for sitting in sessions.of_round(session, round_code, state=SessionState.CLOSED)]


def acts(session: Session) -> dict[str, int]:
    """How often each notable act was done, over all rounds: the demo's `acts` of docs/contract.md §3."""
    kinds = {
        "returned": Kind.NOMINATION_RETURNED,
        "refused_by_chairman": Kind.NOMINATION_REFUSED,
        "paused": Kind.NOMINATION_PAUSED,
    }
    kind = table(LedgerEntry).c.kind
    written = as_mapping(
        session.execute(
            sa.select(kind, sa.func.count()).where(kind.in_([one.value for one in kinds.values()])).group_by(kind)
        )
    )
    found = {name: int(written.get(one.value, 0)) for name, one in kinds.items()}
    rows = (
        ("recused", Recusal),
        ("escalated", Escalation),
        ("submission_letters", SubmissionLetter),
        ("decisions", Decision),
    )
    for name, model in rows:
        found[name] = int(session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one())
    order = ("returned", "recused", "refused_by_chairman", "paused", "escalated", "submission_letters", "decisions")
    return {name: found[name] for name in order}
