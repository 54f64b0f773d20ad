"""Whom a letter of the office goes to: who holds a role today, who acts in a stage."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from models import Account, RoleGrant, Unit
from operations import access, rights
from rules.lifecycle import STAGE_ROWS, Role, Stage


def responsible(session: Session, stage: Stage, *, today: date) -> list[tuple[str, str, str]]:
    """(code, name, address) of those who act in a stage: of units those of the day, of deputies those authorised."""
    if stage is Stage.UNIT_PROPOSAL:
        return [(unit.code, unit.name, unit.email or "") for unit in units(session, today=today) if unit.email]
    if stage is Stage.CHAIRMAN_SIGNATURE:
        return signers(session, None, now=access.end_of_day(today) - timedelta(seconds=1))
    return holders(session, *STAGE_ROWS[stage].called, today=today)


def units(session: Session, *, today: date) -> Sequence[Unit]:
    """The units that propose on this day."""
    return session.exec(
        select(Unit)
        .where(col(Unit.is_office).is_(False), col(Unit.valid_to).is_(None) | (col(Unit.valid_to) > today))
        .order_by(col(Unit.id))
    ).all()


def signers(session: Session, awards: Collection[str] | None, *, now: datetime) -> list[tuple[str, str, str]]:
    """(username, name, address) of those who may sign: the chairman, and deputies authorised for one of these awards."""
    today = access.local_date(now)
    found = holders(session, Role.CHAIRMAN, today=today)
    for one in holders(session, Role.DEPUTY, today=today):
        scope = rights.signs_for(session, access.actor(session, one[0], now=now), now=now)
        if one not in found and (scope is None or (scope if awards is None else scope & set(awards))):
            found.append(one)
    return found


def holders(session: Session, *roles: Role, today: date, unit_id: int | None = None) -> list[tuple[str, str, str]]:
    """(username, name, address) of those who hold one of these roles today and have an address."""
    query = (
        select(Account.username, Account.display_name, Account.email)
        .join(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
        .where(
            col(RoleGrant.role).in_([role.value for role in roles]),
            RoleGrant.valid_from <= today,
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > today),
            col(Account.email).is_not(None),
            col(Account.disabled_at).is_(None),
        )
        .distinct()
        .order_by(Account.username)
    )
    if unit_id is not None:
        query = query.where(RoleGrant.unit_id == unit_id)
    return [(username, name, email or "") for username, name, email in session.exec(query)]
