"""People's earlier duties in a nomination, besides the first proposer and the last reviewer in its own row.

Proposing, reviewing, counting and signing one nomination are four people's (Law 06/2022 Art. 5.2.a: impartial). Whoever
mends or hands in a colleague's draft proposes it too; a reviewer whose dossier was reviewed again by another stays its
reviewer; who counts an open vote counts it like a teller.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session

from ledger.kinds import Kind
from models import Account, Duty
from models.types import as_mapping, table
from operations import record
from operations.access import Actor
from rules import vocabulary
from rules.lifecycle import Role

_A, _D = table(Account).c, table(Duty).c


def note_proposers(session: Session, rows: Sequence[tuple[int, str, str]], actor: Actor) -> None:
    """Record the actor, who mended or submitted these nominations, as a further proposer. `rows`: (id, code, first proposer)."""
    _note(
        session,
        [(id_, code, actor.username) for id_, code, first in rows if first != actor.username],
        vocabulary.NominationDuty.PROPOSED,
        by=actor.username,
    )


def note_reviewers(session: Session, rows: Sequence[tuple[int, str, str | None]], actor: Actor) -> None:
    """Record earlier reviewers of nominations that the actor reviews now. `rows`: (id, code, latest reviewer)."""
    _note(
        session,
        [(id_, code, last) for id_, code, last in rows if last not in {None, actor.username}],
        vocabulary.NominationDuty.REVIEWED,
        by=actor.username,
    )


def note_counter(session: Session, rows: Sequence[tuple[int, str]], actor: Actor) -> None:
    """`rows`: (id, code). This actor counted them without a teller's seat; the engine is no person."""
    if not actor.holds(Role.ENGINE):
        _note(
            session,
            [(id_, code, actor.username) for id_, code in rows],
            vocabulary.NominationDuty.COUNTED,
            by=actor.username,
        )


def _note(session: Session, wanted: Sequence[tuple[int, str, str | None]], duty: str, *, by: str) -> None:
    found: list[tuple[int, str, str]] = [(id_, code, username) for id_, code, username in wanted if username]
    known: set[tuple[int, str]] = set()
    for start in range(0, len(found), 400):
        ids = [id_ for id_, _, _ in found[start : start + 400]]
        query = sa.select(_D.nomination_id, _D.username).where(_D.nomination_id.in_(ids), _D.duty == duty)
        known |= {(row.nomination_id, row.username) for row in session.execute(query)}
    fresh = [one for one in found if (one[0], one[2]) not in known]
    if not fresh:
        return
    session.connection().execute(
        sa.insert(table(Duty)),
        [{"nomination_id": id_, "username": username, "duty": duty} for id_, _, username in fresh],
    )
    codes = as_mapping(session.execute(sa.select(_A.username, _A.code)))
    record.record(
        session,
        Kind.DUTY_NOTED,
        [(subject(code, codes.get(username, username), duty), {"had": 1}) for _, code, username in fresh],
        by=by,
    )


def subject(code: str, account: str, duty: str) -> str:
    """A duty as the ledger names it: by the code of the account that had it."""
    return f"{code}/{duty}/{account}"
