"""The end of everything made with an old secret: browser sessions, tokens of programs, one-time links."""

import hashlib
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, ApiToken, OneTimeLink, OutsideIdentity, SecondFactor, WebSession
from models.types import table
from operations import record

_W = table(WebSession).c


def everything(
    session: Session, account: Account, *, by: str, but: str | None = None, wall: datetime | None = None
) -> None:
    """Whatever was made with the secret that was: sessions (but the one of this token), tokens, one-time links.

    Whoever knew the former password, or stood at a device without the second factor, may have made each of them.
    """
    sessions(session, account.id or 0, but=but, wall=wall)
    tokens(session, account, by=by, wall=wall)
    links(session, account)


def sessions(session: Session, account_id: int, *, but: str | None = None, wall: datetime | None = None) -> int:
    """End every session of an account (but the one of this token); returns how many."""
    statement = sa.update(WebSession).where(_W.account_id == account_id, _W.revoked_at.is_(None))
    if but is not None:
        statement = statement.where(_W.token_sha256 != digest(but))
    return int(session.connection().execute(statement.values(revoked_at=wall or datetime.now(UTC))).rowcount)


def tokens(session: Session, account: Account, *, by: str, wall: datetime | None = None) -> int:
    """End every token of an account; returns how many."""
    wall = wall or datetime.now(UTC)
    rows = session.exec(
        select(ApiToken)
        .where(ApiToken.account_id == account.id, col(ApiToken.revoked_at).is_(None))
        .order_by(col(ApiToken.id))
    ).all()
    for row in rows:
        row.revoked_at = wall
        session.add(row)
    session.flush()
    if rows:
        record.record(session, Kind.API_TOKEN_REVOKED, [(str(row.id), {"revoked": wall}) for row in rows], by=by)
    return len(rows)


def digest(token: str) -> str:
    """The hash under which a browser session is kept."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def links(session: Session, account: Account) -> None:
    """No one-time link of the account opens any more."""
    session.execute(sa.update(OneTimeLink).where(col(OneTimeLink.username) == account.username).values(ended=True))


def ways_in(session: Session, account: Account, *, by: str) -> None:
    """Remove every way into the account: password, identities, second factor, and everything made with them."""
    account.password_hash = None
    session.add(account)
    for model in (OutsideIdentity, SecondFactor):
        session.execute(sa.delete(model).where(table(model).c.account_id == account.id))
    session.flush()
    said = {"password": None, "identities": None, "second_factor": None}
    record.record(session, Kind.ACCOUNT_CLOSED, [(account.code, said)], by=by)
    everything(session, account, by=by)
