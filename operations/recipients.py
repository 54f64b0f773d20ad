"""Whom a letter of the office goes to: who holds a role today, who acts in a stage."""

from datetime import date

from sqlmodel import Session, col, select

from models import Account, RoleGrant, Unit
from rules.lifecycle import STAGE_ROWS, Role, Stage


def responsible(session: Session, stage: Stage, *, today: date) -> list[tuple[str, str, str]]:
    """(code, name, address) of those who act in a stage."""
    if stage is Stage.UNIT_PROPOSAL:
        units = session.exec(select(Unit).where(col(Unit.is_office).is_(False))).all()
        return [(unit.code, unit.name, unit.email) for unit in units if unit.email]
    return holders(session, *STAGE_ROWS[stage].called, today=today)


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
