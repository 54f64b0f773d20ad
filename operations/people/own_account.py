"""One's own account: what it holds, another password, a second factor set or taken away."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from models import SecondFactor, WebSession
from operations import access, security_log
from operations.access import Actor
from operations.installation import Installation
from operations.people import (
    accounts,
    authorisations,
    browser_sessions,
    endings,
    identities,
    passwords,
    proof,
    roles,
    second_factor,
)


def about(session: Session, actor: Actor, *, token: str, now: datetime, wall: datetime | None = None) -> dict[str, Any]:
    """One's own account: roles with their documents, authorisations, open sessions, second factor, identities."""
    wall = wall or datetime.now(UTC)
    account = accounts.named(session, actor.username)
    factor = session.get(SecondFactor, account.id)
    sessions = session.exec(
        select(WebSession)
        .where(
            WebSession.account_id == account.id,
            col(WebSession.revoked_at).is_(None),
            WebSession.ends_at > wall,
            WebSession.seen_at > wall - browser_sessions.IDLE,
        )
        .order_by(col(WebSession.created_at).desc())
    )
    return {
        "username": account.username,
        "name": account.display_name,
        "email": account.email,
        "roles": roles.of(session, account, on=access.local_date(now)),
        "authorisations": authorisations.of(session, account, on=access.local_date(now)),
        "sessions": [
            {"created_at": row.created_at, "seen_at": row.seen_at, "this": row.token_sha256 == endings.digest(token)}
            for row in sessions
        ],
        "second_factor": factor is not None and factor.confirmed_at is not None,
        "identities": identities.of(session, account) or [],
    }


def change_password(
    office: Installation, token: str, *, old: str, new: str, now: datetime, wall: datetime | None = None
) -> None:
    """Choose another password, proving the present one; every other session, each token and open link of the account ends.

    Raises Refusal `wrong_password`, `too_many_attempts`, `weak_password`, `signed_out`.
    """
    wall = wall or datetime.now(UTC)
    username = browser_sessions.whose(office.database, token, now=now, wall=wall)
    passwords.require_good(username, new)
    proof.prove_password(office, username, old, now=now, wall=wall)
    hashed = passwords.hash_password(new)
    with office.database.begin() as session:
        account = accounts.named(session, username)
        passwords.set_password(session, account, hashed, by=account.username)
        security_log.note(session, actor=username, verb="password_changed", wall=wall)
        endings.everything(session, account, by=account.username, but=token, wall=wall)


def second_factor_offer(office: Installation, actor: Actor, *, again: bool = False) -> second_factor.Enrolment:
    """The secret for the app; `again` shows the pending one once more after a wrong code. Raises `second_factor_set`."""
    with office.database.begin_unrecorded() as session:
        account = accounts.named(session, actor.username)
        return second_factor.set_up(session, account, key=office.sealing_key, again=again)


def second_factor_on(
    office: Installation,
    actor: Actor,
    *,
    password: str,
    code: str,
    now: datetime,
    token: str | None = None,
    wall: datetime | None = None,
) -> None:
    """Ask for codes from now on: who has the password has an app that showed a right one.

    Everything made without it ends, but the session of this `token`, which no longer counts as confirmed. Raises Refusal
    `wrong_password`, `too_many_attempts`, `wrong_code`, `no_second_factor`.
    """
    wall = wall or datetime.now(UTC)
    proof.prove_password(office, actor.username, password, now=now, wall=wall)
    with office.database.begin() as session:
        account = accounts.named(session, actor.username)
        second_factor.confirm(session, account, code=code, key=office.sealing_key, wall=wall)
        security_log.note(session, actor=actor.username, verb="second_factor_on", wall=wall)
        browser_sessions.unconfirm(session, account.id or 0, wall=wall)
        endings.everything(session, account, by=account.username, but=token, wall=wall)


def second_factor_off(
    office: Installation,
    actor: Actor,
    *,
    password: str,
    now: datetime,
    token: str | None = None,
    wall: datetime | None = None,
) -> None:
    """Ask for no codes any more, by password; everything made with it ends, but the session of this `token`.

    Raises Refusal `wrong_password`, `too_many_attempts`, `no_second_factor`.
    """
    wall = wall or datetime.now(UTC)
    proof.prove_password(office, actor.username, password, now=now, wall=wall)
    with office.database.begin() as session:
        account = accounts.named(session, actor.username)
        second_factor.remove(session, account, by=actor.username)
        security_log.note(session, actor=actor.username, verb="second_factor_off", wall=wall)
        browser_sessions.unconfirm(session, account.id or 0, wall=wall)
        endings.everything(session, account, by=account.username, but=token, wall=wall)
