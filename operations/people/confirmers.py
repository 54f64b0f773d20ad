"""Deciding accounts, possible confirmers of an administrator's request, and whether there are any (decision 0014).

Whoever runs the system also sets its business clock and writes the days of roles: what counts here is when something was
entered in the ledger, by the wall clock.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session, col, select

from ledger import entry
from ledger.kinds import INSTALLER, Kind
from models import (
    Account,
    AccountRequest,
    Council,
    CouncilMember,
    CouncilSession,
    LedgerEntry,
    LedgerOpening,
    OutsideIdentity,
    RoleGrant,
    SessionMember,
)
from operations import access
from rules.lifecycle import Role
from rules.policy import CONFIRMING, DECIDING
from rules.vocabulary import SessionState

# Ended today, a role could be given back tomorrow; given today, its holder could confirm the rest tomorrow.
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What the ledger says of something: when, by the wall clock, and by whom."""

    at: datetime
    by: str


def _noted(session: Session, subjects: Sequence[str], *kinds: Kind) -> list[_Noted]:
    """The entries of these kinds about a subject, by any name that the ledger has for it, oldest first."""
    rows = session.exec(
        select(LedgerEntry.leaf, LedgerOpening.openings)
        .join(LedgerOpening, col(LedgerOpening.index) == col(LedgerEntry.index))
        .where(col(LedgerEntry.subject).in_(subjects), col(LedgerEntry.kind).in_(kinds))
        .order_by(col(LedgerEntry.index))
    )
    return [
        _Noted(entry.decode(leaf.encode()).at, str(json.loads(opened).get("by", ("", ""))[1])) for leaf, opened in rows
    ]


@dataclass(frozen=True, slots=True)
class _Clocks:
    """The business day and the hour on the wall: something is over for good when it is by both."""

    today: date
    wall: datetime

    def gone(self, session: Session, valid_to: date | None, subjects: Sequence[str], kind: Kind) -> bool:
        """Did this end more than thirty days ago, and was its end entered so long ago?"""
        days = min(self.today, access.local_date(self.wall)) - LATELY
        if valid_to is None or valid_to > days:
            return False
        return all(one.at <= self.wall - LATELY for one in _noted(session, subjects, kind)[-1:])


def _clocks(now: datetime, wall: datetime | None) -> _Clocks:
    return _Clocks(access.local_date(now), wall or datetime.now(UTC))


def grant_subject(account: str, row: RoleGrant, unit: str) -> str:
    """A grant as the ledger names it: by the code of its account."""
    return f"{account}/{row.role}/{unit}/{row.valid_from.isoformat()}"


def _names(account: Account, row: RoleGrant) -> tuple[str, str]:
    """A grant as the ledger names it, and as it did when it knew accounts by their usernames."""
    return grant_subject(account.code, row, ""), grant_subject(account.username, row, "")


def _grants(session: Session, account: Account, roles: Sequence[Role] | frozenset[Role]) -> list[RoleGrant]:
    query = select(RoleGrant).where(
        RoleGrant.account_id == account.id, col(RoleGrant.role).in_([role.value for role in roles])
    )
    return list(session.exec(query))


def decides(session: Session, account: Account, *, now: datetime, wall: datetime | None = None) -> bool:
    """Does this account decide something, lately, today or later?

    A seat votes without its role, and whoever was called to a session that is not over votes in it without a seat.
    """
    clocks = _clocks(now, wall)
    for row in _grants(session, account, DECIDING):
        if not clocks.gone(session, row.valid_to, _names(account, row), Kind.ROLE_ENDED):
            return True
    seats = session.exec(
        select(CouncilMember, Council.code)
        .join(Council, col(Council.id) == col(CouncilMember.council_id))
        .where(CouncilMember.account_id == account.id)
    )
    for seat, council in seats.all():
        since = seat.valid_from.isoformat()
        subjects = [f"{council}/{name}/{since}" for name in (account.code, account.username)]
        if not clocks.gone(session, seat.valid_to, subjects, Kind.COUNCIL_MEMBER_DISMISSED):
            return True
    called = (
        select(SessionMember.id)
        .join(CouncilSession, col(CouncilSession.id) == col(SessionMember.session_id))
        .where(
            SessionMember.username == account.username,
            col(CouncilSession.state).not_in((SessionState.TALLIED, SessionState.CANCELLED)),
        )
    )
    return session.exec(called).first() is not None


def opened_alone(session: Session, account: Account) -> bool:
    """Can somebody sign in here by what one administrator gave: a link nobody confirmed, an identity?"""
    if account.password_hash is None and not _has_identity(session, account):
        return False
    given = _noted(session, (account.code, account.username), Kind.ACCOUNT_INVITED, Kind.ACCOUNT_IDENTITY_LINKED)
    return any(one.by not in {INSTALLER, account.username} for one in given)


def _has_identity(session: Session, account: Account) -> bool:
    query = select(OutsideIdentity.id).where(OutsideIdentity.account_id == account.id)
    return session.exec(query).first() is not None


def holders(session: Session, *roles: Role, today: date) -> list[Account]:
    """Accounts that were given one of these roles for today, locked ones too."""
    query = (
        select(Account)
        .join(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
        .where(
            col(RoleGrant.role).in_([role.value for role in roles]),
            RoleGrant.valid_from <= today,
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > today),
        )
        .distinct()
        .order_by(Account.username)
    )
    return list(session.exec(query))


def eligible(session: Session, account: Account, *, asked_by: str, asked_at: datetime, now: datetime) -> list[Account]:
    """The accounts that may confirm a request made at an hour of the wall clock.

    A secretary or chairman of today with a password, not locked out, neither the owner nor who asked, and not one whose
    role was given after that hour or within thirty days before it.
    """
    found = holders(session, *CONFIRMING, today=access.local_date(now))
    return [
        one
        for one in found
        if one.password_hash is not None
        and one.username not in (account.username, asked_by)
        and one.disabled_at is None
        and access.actor(session, one.username, now=now).holds(*CONFIRMING)  # an administrator holds nothing else
        and _long_enough(session, one, at=asked_at)
    ]


def _long_enough(session: Session, account: Account, *, at: datetime) -> bool:
    """Has this secretary or chairman been one for thirty days, or was the first of all, or set up with the installation?"""
    for row in _grants(session, account, CONFIRMING):
        given = _noted(session, _names(account, row), Kind.ROLE_GRANTED)[-1:]
        if any(one.by == INSTALLER or one.at <= at - LATELY for one in given):
            return True
        if any(one.at <= at for one in given) and _first_of_all(session, account, row):
            return True
    return False


def _first_of_all(session: Session, account: Account, row: RoleGrant) -> bool:
    """Was this role given when nobody was there who could have confirmed it?"""
    query = select(AccountRequest.gives).where(
        AccountRequest.account_id == account.id, AccountRequest.act == "role", AccountRequest.state == "alone"
    )
    return any(
        (given["role"], given["from"]) == (row.role, row.valid_from.isoformat())
        for given in (json.loads(text or "{}") for text in session.exec(query))
    )


def somebody_there(
    session: Session, account: Account, *, asked_by: str, now: datetime, wall: datetime | None = None
) -> bool:
    """Is there a secretary or chairman with a password, besides owner and asker: today, lately or soon, locked out or not?

    Whoever locks them all out, or ends their roles, or sets the clock back, does not come to act alone by it.
    """
    clocks = _clocks(now, wall)
    others = select(Account).where(
        col(Account.password_hash).is_not(None), col(Account.username).not_in((account.username, asked_by))
    )
    query = others.where(
        col(Account.id).in_(
            select(RoleGrant.account_id).where(col(RoleGrant.role).in_([role.value for role in CONFIRMING]))
        )
    )
    return any(
        not clocks.gone(session, row.valid_to, _names(one, row), Kind.ROLE_ENDED)
        for one in session.exec(query).all()
        for row in _grants(session, one, CONFIRMING)
    )
