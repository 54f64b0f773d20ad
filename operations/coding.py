"""Codes instead of names in the ledger; a ledger begun by an earlier version goes on under codes.

What it said under names stays as it was signed; an entry a row says which name a code goes on from (`formerly`), and
whoever reads the ledger again joins the two (`operations.upkeep.verification`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import kinds
from ledger.kinds import Kind
from models import (
    Account,
    Conflict,
    Council,
    CouncilMember,
    CouncilSession,
    Duty,
    LedgerEntry,
    LedgerOpening,
    Nomination,
    RoleGrant,
    SessionMember,
    Unit,
)
from models.organisation import account_code
from models.types import table
from operations import past_duties, record

_A, _D, _N = (table(model).c for model in (Account, Duty, Nomination))
_E, _O = table(LedgerEntry).c, table(LedgerOpening).c


def needed(session: Session) -> bool:
    """Is there an account that still goes by its username?"""
    return session.execute(sa.select(_A.id).where(_A.code == _A.username).limit(1)).first() is not None


def carry_over(session: Session) -> None:
    """Give every account without a code one, and record the change in the ledger: one act, once."""
    known = _codes_given(session)
    rows = session.exec(select(Account).where(Account.code == Account.username).order_by(col(Account.id))).all()
    codes = {row.username: known.get(row.username) or account_code() for row in rows}
    for row in rows:
        row.code = codes[row.username]
        session.add(row)
    session.flush()
    _record(
        session,
        Kind.ACCOUNT_CODED,
        {code: {"formerly": name, "username": name} for name, code in codes.items() if name not in known},
    )
    of = {row.id: row for row in rows}
    _record(session, Kind.ROLE_CODED, {new: {"formerly": old} for old, new in _roles(session, of)})
    _record(session, Kind.COUNCIL_MEMBER_CODED, {new: {"formerly": old} for old, new in _seats(session, of)})
    _record(session, Kind.DUTY_CODED, {new: {"formerly": old} for old, new in _duties(session, codes)})
    _record(session, Kind.CONFLICT_CODED, dict(_conflicts(session, codes)))


def _record(session: Session, kind: Kind, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """An entry each, where the ledger has none under that code yet."""
    subjects = set(session.execute(sa.select(_E.subject).where(_E.kind.like(f"{kind.source}:%"))).scalars())
    fresh = [(subject, aspects) for subject, aspects in sorted(changes.items()) if subject not in subjects]
    if fresh:
        record.record(session, kind, fresh, by=kinds.INSTALLER)


def _codes_given(session: Session) -> dict[str, str]:
    """The codes that an earlier run of this program gave, by username: it was gone back from, and is here again."""
    rows = session.execute(
        sa.select(_E.subject, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index)
        .where(_E.kind.in_((str(Kind.ACCOUNT_CODED), str(Kind.ACCOUNT_CREATED))))
    )
    found = ((subject, json.loads(text).get("username")) for subject, text in rows)
    return {opened[1]: subject for subject, opened in found if opened}


def _roles(session: Session, of: Mapping[int | None, Account]) -> Iterator[tuple[str, str]]:
    query = select(RoleGrant, Unit.code).outerjoin(Unit, col(Unit.id) == col(RoleGrant.unit_id))
    for row, unit in session.exec(query):
        if row.account_id in of:
            rest = f"{row.role}/{unit or ''}/{row.valid_from.isoformat()}"
            yield f"{of[row.account_id].username}/{rest}", f"{of[row.account_id].code}/{rest}"


def _seats(session: Session, of: Mapping[int | None, Account]) -> Iterator[tuple[str, str]]:
    query = select(CouncilMember, Council.code).join(Council, col(Council.id) == col(CouncilMember.council_id))
    for row, council in session.exec(query):
        if row.account_id in of:
            who, since = of[row.account_id], row.valid_from.isoformat()
            yield f"{council}/{who.username}/{since}", f"{council}/{who.code}/{since}"


def _duties(session: Session, codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    query = sa.select(_N.code, _D.username, _D.duty).join_from(Duty, Nomination, _D.nomination_id == _N.id)
    for nomination, username, duty in session.execute(query):
        if username in codes:
            yield (
                past_duties.subject(nomination, username, duty),
                past_duties.subject(nomination, codes[username], duty),
            )


def _conflicts(session: Session, codes: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(Conflict, CouncilSession.code, SessionMember.member, Nomination.code)
        .join(CouncilSession, col(CouncilSession.id) == col(Conflict.session_id))
        .join(
            SessionMember,
            (col(SessionMember.session_id) == col(Conflict.session_id))
            & (col(SessionMember.username) == col(Conflict.username)),
        )
        .join(Nomination, col(Nomination.id) == col(Conflict.nomination_id))
    )
    for row, sitting, member, nomination in session.exec(query):
        if row.username in codes:
            place = f"{sitting}/{member}/{nomination}"
            yield f"{place}/{row.number}", {"formerly": f"{place}/{row.ground}", "ground": row.ground}
