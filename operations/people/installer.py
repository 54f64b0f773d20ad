"""Setting an installation up: the first administrator, whom nobody could have appointed."""

from datetime import datetime

from sqlmodel import Session

from operations import access
from operations.access import INSTALLER
from operations.people import accounts, links, roles
from rules.lifecycle import Role


def first_administrator(session: Session, *, os_user: str, now: datetime, wall: datetime | None = None) -> str:
    """The account of whoever set the system up; returns the one-time link through which its password is chosen."""
    accounts.add(session, username="quantri", name="Quản trị hệ thống", email=None, os_user=os_user, actor=INSTALLER)
    today = access.local_date(now)
    roles.grant(session, "quantri", Role.ADMINISTRATOR, document="init", valid_from=today, actor=INSTALLER, now=now)
    link, _, _ = links.invite(session, "quantri", actor=INSTALLER, now=now, wall=wall)
    return link
