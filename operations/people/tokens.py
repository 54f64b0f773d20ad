"""Bearer tokens of programs: each acts as its account, within a scope, until a day. Kept as SHA-256 only.

Tokens live by the wall clock; what their account may do is asked at every request, by the business clock.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, ApiToken
from models.database import Database
from models.types import table
from operations import access, record, security_log
from operations.access import Actor
from rules.lifecycle import Role
from rules.refusal import Refusal, Unreadable

PREFIX = "vd_"  # secret scanners know a token by it
SCOPES = ("read", "write")
MOST_DAYS = 366
_T, _A = table(ApiToken).c, table(Account).c


def issue(session: Session, *, scope: str, days: int, actor: Actor, now: datetime, wall: datetime | None = None) -> str:
    """A token for the actor's own account; the answer is the only place where it ever stands.

    Nobody gets one that acts as somebody else. Raises Unreadable `bad_scope`, `bad_days`.
    """
    del now  # roles are asked at every request
    if scope not in SCOPES:
        raise Unreadable("bad_scope", "Phạm vi phải là read hoặc write.", where={"scope": scope})
    if not 1 <= days <= MOST_DAYS:
        raise Unreadable("bad_days", f"Thời hạn từ 1 đến {MOST_DAYS} ngày.", where={"days": days})
    if actor.account_id is None:
        raise Refusal("unknown_account", f"«{actor.username}» không có tài khoản nên không có mã truy cập.")
    wall = wall or datetime.now(UTC)
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        token_sha256=_digest(token),
        account_id=actor.account_id,
        scope=scope,
        created_at=wall,
        expires_at=wall + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    record.record(session, Kind.API_TOKEN_ISSUED, [(str(row.id), aspects(row, actor.username))], by=actor.username)
    return token


def aspects(row: ApiToken, username: str) -> dict[str, Any]:
    """A token's content in the ledger: owner, scope, last day and hash; never the token."""
    return {
        "of": [username, row.scope, row.created_at, row.expires_at],
        "token": row.token_sha256,
        "revoked": row.revoked_at,
    }


def bearer(session: Session, token: str, *, now: datetime, wall: datetime | None = None) -> tuple[Actor, str] | None:
    """Whose request this is and its scope; None for a token that is unknown, expired, revoked, or of a disabled account."""
    wall = wall or datetime.now(UTC)
    found = session.execute(
        sa.select(_T.scope, _A.username)
        .join_from(ApiToken, Account, _T.account_id == _A.id)
        .where(_T.token_sha256 == _digest(token), _T.revoked_at.is_(None), _T.expires_at > wall)
    ).one_or_none()
    if found is None:
        return None
    try:
        return access.actor(session, found.username, now=now), found.scope
    except Refusal:
        return None


# Uses noted today by this process: programs ask often, and each request would otherwise be a write.
_NOTED: set[tuple[str, str, str]] = set()
_MOST_NOTED = 10_000


def note_use(database: Database, token: str, actor: Actor, *, wall: datetime | None = None) -> None:
    """Write into the security log that a token was used: the first time of a day from each address."""
    wall = wall or datetime.now(UTC)
    digest = _digest(token)
    seen = (f"{database.url}/{digest}", security_log.CALLER.get(), access.local_date(wall).isoformat())
    if seen in _NOTED:
        return
    if len(_NOTED) >= _MOST_NOTED:
        _NOTED.clear()
    with database.begin_unrecorded() as session:
        number = session.execute(sa.select(_T.id).where(_T.token_sha256 == digest)).scalar_one()
        security_log.note(session, actor=actor.username, verb="token_used", subject=str(number), wall=wall)
    _NOTED.add(seen)


def of(session: Session, actor: Actor, *, now: datetime, wall: datetime | None = None) -> list[dict[str, Any]]:
    """The actor's own tokens that are good today, newest last."""
    del now
    wall = wall or datetime.now(UTC)
    rows = session.exec(
        select(ApiToken)
        .where(ApiToken.account_id == actor.account_id, col(ApiToken.revoked_at).is_(None), ApiToken.expires_at > wall)
        .order_by(col(ApiToken.id))
    )
    return [
        {"id": row.id, "scope": row.scope, "created_at": row.created_at, "expires_at": row.expires_at} for row in rows
    ]


def revoke(session: Session, number: int, *, actor: Actor, now: datetime, wall: datetime | None = None) -> None:
    """End a token: its owner, or an administrator. A second time does nothing. Raises Refusal `unknown_token`."""
    del now
    row = session.get(ApiToken, number)
    if row is None or (row.account_id != actor.account_id and not actor.holds(Role.ADMINISTRATOR)):
        raise Refusal("unknown_token", f"Bạn không có mã truy cập số {number}.")
    if row.revoked_at is not None:
        return
    row.revoked_at = wall or datetime.now(UTC)
    session.add(row)
    session.flush()
    record.record(session, Kind.API_TOKEN_REVOKED, [(str(row.id), {"revoked": row.revoked_at})], by=actor.username)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
