"""Decisions and tờ trình as the office's pages and programs read them.

One rule of secrecy: what was signed and is not published yet is the office's; everybody else sees the public register.
"""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Decision, Disclosure, Nomination, ReviewRound, SubmissionLetter
from models.types import table
from operations import rounds, transition, visibility
from operations.access import Actor
from operations.public_disclosure import disclosure, paper_numbers, public_register
from operations.public_disclosure.disclosure import Publishable
from operations.transition import Snapshot
from rules.lifecycle import State
from rules.refusal import Refusal

_D, _T, _X, _N = (table(model).c for model in (Decision, SubmissionLetter, Disclosure, Nomination))


def _sees_unpublished(actor: Actor) -> bool:
    return actor.holds(*visibility.OFFICE)


def of_round(session: Session, round_: ReviewRound, *, actor: Actor) -> dict[str, list[dict[str, Any]]]:
    """The round's signed papers, as {"decisions", "letters"}: decisions to publish, letters that await an answer."""
    signed = (
        sa.select(sa.func.count())
        .where(_N.decision_id == _D.id, _N.state == State.SIGNED.value)
        .correlate(Decision)
        .scalar_subquery()
    )
    forwarded = (
        sa.select(sa.func.count())
        .where(_N.submission_letter_id == _T.id, _N.state == State.FORWARDED.value)
        .correlate(SubmissionLetter)
        .scalar_subquery()
    )
    published = sa.exists().where(_X.decision_id == _D.id)
    decisions = (
        sa.select(
            _D.code, _D.symbol, _D.title, _D.award, _D.signed_on, _D.state, signed.label("waiting"),
            published.label("published"),
        )
        .where(_D.round_id == round_.id)
        .order_by(_D.id)
    )  # fmt: skip
    if not _sees_unpublished(actor):
        found = session.execute(decisions.where(published)).mappings()
        return {"decisions": [dict(row) for row in found], "letters": []}
    letters = (
        sa.select(
            _T.code, _T.symbol, _T.title, _T.signed_on, _T.answer, _T.answer_number, _T.answered_on,
            forwarded.label("waiting"),
        )
        .where(_T.round_id == round_.id)
        .order_by(_T.id)
    )  # fmt: skip
    return {
        "decisions": [dict(row) for row in session.execute(decisions).mappings()],
        "letters": [dict(row) for row in session.execute(letters).mappings()],
    }


def decisions(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Every decision for the office, else those of the public register."""
    return disclosure.decisions(session) if _sees_unpublished(actor) else public_register.register(session)


def decision(session: Session, number: str, *, actor: Actor) -> dict[str, Any]:
    """One decision and whom it honours; as in the list, by who asks. Raises Refusal `unknown_decision`."""
    if not _sees_unpublished(actor):
        return public_register.registered(session, number)
    row = paper_numbers.decision(session, number)
    return disclosure.summary(row) | {"awardees": disclosure.awardees(session, row)}


def symbol(session: Session, code: str) -> str:
    """A paper's number as it stands on it, with its day: 01/QĐ-UBND ngày 20/12/2024."""
    row = paper_numbers.paper(session, code)
    return paper_numbers.dated(row.symbol, row.signed_on)


def publishable(session: Session, paper: str, *, round_code: str) -> Publishable:
    """`disclosure.publishable` for a paper of this round. Raises `unknown_decision` also for one of another round."""
    found = disclosure.publishable(session, paper)
    if rounds.code_of(session, found.round_id) != round_code:
        raise Refusal("unknown_decision", f"Không có văn bản số «{paper}» trong đợt {round_code}.")
    return found


def letter(session: Session, code: str, *, round_code: str) -> tuple[SubmissionLetter, list[Snapshot]]:
    """A tờ trình of this round and the nominations of it that wait for the superior. Raises Refusal `unknown_letter`."""
    row = paper_numbers.submission_letter(session, code)
    if rounds.code_of(session, row.round_id) != round_code:
        raise Refusal("unknown_letter", f"Không có tờ trình số «{code}» trong đợt {round_code}.")
    waiting = transition.snapshots_where(session, _N.submission_letter_id == row.id, _N.state == State.FORWARDED.value)
    return row, waiting
