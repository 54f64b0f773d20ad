"""Browser sessions on the server: begun by signing in, looked up at every request, ended.

Sessions live by the wall clock, roles by the business clock. A session is kept as the SHA-256 of its token.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Account, RoleGrant, SecondFactor, WebSession
from models.database import Database
from models.types import table
from operations import access, security_log
from operations.access import Actor
from operations.installation import Installation
from operations.people import endings, proof, rate_limit
from operations.people.endings import digest
from rules.refusal import Refusal

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
CONFIRMED_FOR = timedelta(minutes=5)  # voting and signing ask for the password again after this
NOTED_EVERY = timedelta(minutes=5)  # a page view writes nothing
KEPT = timedelta(days=30)  # ended sessions, for whoever asks when somebody was signed in
_W, _A, _G, _F = (table(model).c for model in (WebSession, Account, RoleGrant, SecondFactor))


@dataclass(frozen=True, slots=True)
class Visitor:
    """The signed-in person, with the roles of today, and the state of the session."""

    actor: Actor
    signed_in_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    ends_at: datetime
    has_second_factor: bool

    def confirmed(self, wall: datetime | None = None) -> bool:
        """Was the password entered within the last five minutes?"""
        return (wall or datetime.now(UTC)) - self.confirmed_at < CONFIRMED_FOR


# Every request ---------------------------------------------------------------------------------------------------------


@cache
def _lookup() -> Any:
    today = sa.bindparam("today", type_=sa.Date)
    return (
        sa.select(
            _W.created_at, _W.seen_at, _W.confirmed_at, _W.ends_at, _A.id, _A.username, _A.display_name,
            _A.disabled_at, _F.confirmed_at.is_not(None).label("has_second_factor"), _G.role, _G.unit_id,
        )
        .join_from(WebSession, Account, _W.account_id == _A.id)
        .outerjoin(SecondFactor, _F.account_id == _A.id)
        .outerjoin(
            RoleGrant,
            (_G.account_id == _A.id) & (_G.valid_from <= today) & (_G.valid_to.is_(None) | (_G.valid_to > today)),
        )
        .where(_W.token_sha256 == sa.bindparam("token"), _W.revoked_at.is_(None))
    )  # fmt: skip


def visitor(
    session: Session, token: str, *, now: datetime, idle: timedelta = IDLE, wall: datetime | None = None
) -> Visitor | None:
    """The owner of this token; None when the session is unknown, ended, idle too long, or its account disabled."""
    wall = wall or datetime.now(UTC)
    today = access.local_date(now)
    rows = session.connection().execute(_lookup(), {"token": digest(token), "today": today}).all()
    if not rows:
        return None
    row = rows[0]
    if wall >= row.ends_at or wall - row.seen_at >= idle or row.disabled_at is not None:
        return None
    grants = [(found.role, found.unit_id) for found in rows if found.role is not None]
    return Visitor(
        actor=access.in_roles(
            session, account_id=row.id, username=row.username, name=row.display_name, grants=grants, now=now
        ),
        signed_in_at=row.created_at,
        seen_at=row.seen_at,
        confirmed_at=row.confirmed_at,
        ends_at=row.ends_at,
        has_second_factor=bool(row.has_second_factor),
    )


def recognise(
    database: Database, token: str, *, now: datetime, idle: timedelta = IDLE, wall: datetime | None = None
) -> Visitor | None:
    """The whole look at a request: `visitor`, and now and then `touch`."""
    wall = wall or datetime.now(UTC)
    with database.read() as session:
        found = visitor(session, token, now=now, idle=idle, wall=wall)
    if found is not None and wall - found.seen_at >= NOTED_EVERY:
        touch(database, token, wall=wall)
    return found


def touch(database: Database, token: str, *, wall: datetime | None = None) -> None:
    """Note that the session is in use: the idle limit counts from now."""
    _update(database, token, seen_at=wall or datetime.now(UTC))


def _update(database: Database, token: str, **values: Any) -> None:
    statement = sa.update(WebSession).where(_W.token_sha256 == digest(token), _W.revoked_at.is_(None))
    with database.begin_unrecorded() as session:
        session.execute(statement.values(**values))


# In and out ------------------------------------------------------------------------------------------------------------


def enter(
    office: Installation,
    *,
    username: str,
    password: str,
    code: str | None = None,
    address: str,
    now: datetime,
    wall: datetime | None = None,
) -> str:
    """Sign in from a network address; returns the session's token.

    Raises Refusal `wrong_password` (same words and time for unknown accounts), `account_disabled`,
    `second_factor_needed`, `wrong_code`, `too_many_attempts` (details: `wait_seconds`). What belongs into the security
    log stands there already.
    """
    wall = wall or datetime.now(UTC)
    counters = rate_limit.of_password(username, address)
    with proof.proven(office, username, password, code, counters, now=now, wall=wall) as (session, known):
        security_log.note(session, actor=known.username, verb="sign_in", wall=wall)
        return _begin(session, known.account_id, wall=wall, confirmed_at=wall)


def confirm(
    office: Installation,
    token: str,
    *,
    password: str,
    code: str | None = None,
    now: datetime,
    wall: datetime | None = None,
) -> None:
    """Enter the password (and code) again in a session: good for voting and signing for five minutes.

    Raises what `enter` raises, and Refusal `signed_out` when the session has ended meanwhile.
    """
    wall = wall or datetime.now(UTC)
    username = whose(office.database, token, now=now, wall=wall)
    counters = rate_limit.of_confirmation(username)
    with proof.proven(office, username, password, code, counters, now=now, wall=wall) as (session, _):
        session.execute(
            sa.update(WebSession).where(_W.token_sha256 == digest(token)).values(confirmed_at=wall, seen_at=wall)
        )


def leave(database: Database, token: str, *, wall: datetime | None = None) -> None:
    """End a session on the server."""
    wall = wall or datetime.now(UTC)
    with database.begin_unrecorded() as session:
        owner = sa.select(_A.username).join_from(WebSession, Account, _W.account_id == _A.id)
        username = session.execute(owner.where(_W.token_sha256 == digest(token), _W.revoked_at.is_(None))).scalar()
        if username is not None:
            security_log.note(session, actor=username, verb="sign_out", wall=wall)
            session.execute(sa.update(WebSession).where(_W.token_sha256 == digest(token)).values(revoked_at=wall))


def leave_elsewhere(database: Database, token: str, *, now: datetime, wall: datetime | None = None) -> int:
    """End every other session of this session's account; returns how many. Raises Refusal `signed_out`."""
    wall = wall or datetime.now(UTC)
    username = whose(database, token, now=now, wall=wall)
    with database.begin_unrecorded() as session:
        security_log.note(session, actor=username, verb="sign_out_elsewhere", wall=wall)
        return endings.sessions(session, access.actor(session, username, now=now).account_id or 0, but=token, wall=wall)


def begin(database: Database, username: str, *, now: datetime, wall: datetime | None = None) -> str:
    """A session for somebody whose identity was proven elsewhere; voting and signing still ask for the password.

    Raises Refusal `unknown_account`, `account_disabled`.
    """
    wall = wall or datetime.now(UTC)
    with database.begin_unrecorded() as session:
        account_id = access.actor(session, username, now=now).account_id
        security_log.note(session, actor=username, verb="sign_in_outside", wall=wall)
        return _begin(session, account_id or 0, wall=wall, confirmed_at=wall - CONFIRMED_FOR)


def _begin(session: Session, account_id: int, *, wall: datetime, confirmed_at: datetime) -> str:
    session.execute(sa.delete(WebSession).where(_W.account_id == account_id, _W.ends_at < wall - KEPT))
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_sha256=digest(token),
            account_id=account_id,
            created_at=wall,
            seen_at=wall,
            confirmed_at=confirmed_at,
            ends_at=wall + LONGEST,
        )
    )
    session.flush()
    return token


def whose(database: Database, token: str, *, now: datetime, wall: datetime) -> str:
    with database.read() as session:
        found = visitor(session, token, now=now, wall=wall)
    if found is None:
        raise signed_out()
    return found.actor.username


def signed_out() -> Refusal:
    return Refusal("signed_out", "Phiên làm việc đã kết thúc. Hãy đăng nhập lại.")


def unconfirm(session: Session, account_id: int, *, wall: datetime) -> None:
    """After a change of the second factor each session must confirm anew.

    Else a sign-in by password alone would pass for one by code as soon as a factor is set (web.reauthentication).
    """
    session.execute(
        sa.update(WebSession)
        .where(_W.account_id == account_id, _W.revoked_at.is_(None), _W.confirmed_at > wall - CONFIRMED_FOR)
        .values(confirmed_at=wall - CONFIRMED_FOR)
    )
