"""Signing in to the web: password, second factor, sessions on the server, one-time links, outside identities.

Passwords are verified outside of any transaction (Argon2id is slow on purpose), tries are counted before they are made.
Sessions live by the wall clock, roles by the business clock. A session is kept as the SHA-256 of its token.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models import Account, OutsideIdentity, Receipt, RoleGrant, SecondFactor, WebSession
from models.database import Database
from models.types import table
from operations import access
from operations.access import Actor
from operations.installation import Installation
from operations.people import account_requests, accounts, rate_limit, second_factor, tokens
from rules.refusal import Refusal

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
CONFIRMED_FOR = timedelta(minutes=5)  # voting and signing ask for the password again after this
NOTED_EVERY = timedelta(minutes=5)  # a page view writes nothing
KEPT = timedelta(days=30)  # ended sessions, for whoever asks when somebody was signed in

_W, _A, _G, _F = (table(model).c for model in (WebSession, Account, RoleGrant, SecondFactor))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, with the roles of today, and how it stands with the session."""

    actor: Actor
    signed_in_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    ends_at: datetime
    has_second_factor: bool

    def confirmed(self, wall: datetime | None = None) -> bool:
        """Was the password entered within the last five minutes?"""
        return (wall or datetime.now(UTC)) - self.confirmed_at < CONFIRMED_FOR

    def require_confirmed(self, wall: datetime | None = None) -> None:
        """Raise Refusal `confirmation_needed` unless the password was entered lately: before voting and signing."""
        if not self.confirmed(wall):
            raise Refusal(
                "confirmation_needed",
                "Bỏ phiếu và ký cần nhập lại mật khẩu: lần nhập gần nhất đã quá 5 phút. Hãy nhập lại để tiếp tục.",
            )


# Every request ----------------------------------------------------------------------------------------------------


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
    """Who comes with this token; None when the session is unknown, ended, idle too long, or its account disabled."""
    wall = wall or datetime.now(UTC)
    today = access.local_date(now)
    rows = session.connection().execute(_lookup(), {"token": _digest(token), "today": today}).all()
    if not rows:
        return None
    row = rows[0]
    if wall >= row.ends_at or wall - row.seen_at >= idle or (row.disabled_at is not None and row.disabled_at <= now):
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
    statement = sa.update(WebSession).where(_W.token_sha256 == _digest(token), _W.revoked_at.is_(None))
    with database.begin_unrecorded() as session:
        session.execute(statement.values(**values))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


# In and out -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    account_id: int
    username: str
    password_hash: str | None
    disabled: bool
    sealed_secret: str | None


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
    with _proven(office, username, password, code, counters, now=now, wall=wall) as (session, known):
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
    username = _whose(office.database, token, now=now, wall=wall)
    counters = rate_limit.of_confirmation(username)
    with _proven(office, username, password, code, counters, now=now, wall=wall) as (session, _):
        session.execute(
            sa.update(WebSession).where(_W.token_sha256 == _digest(token)).values(confirmed_at=wall, seen_at=wall)
        )


def prove(
    office: Installation,
    username: str,
    *,
    password: str,
    code: str | None = None,
    now: datetime,
    wall: datetime | None = None,
) -> None:
    """The same for a program's single act (a vote, a signature), which has no session. Raises what `enter` raises."""
    counters = rate_limit.of_confirmation(username)
    with _proven(office, username, password, code, counters, now=now, wall=wall or datetime.now(UTC)):
        return


def leave(database: Database, token: str, *, wall: datetime | None = None) -> None:
    """End a session on the server."""
    _update(database, token, revoked_at=wall or datetime.now(UTC))


def leave_elsewhere(database: Database, token: str, *, now: datetime, wall: datetime | None = None) -> int:
    """End every other session of this session's account; returns how many. Raises Refusal `signed_out`."""
    wall = wall or datetime.now(UTC)
    username = _whose(database, token, now=now, wall=wall)
    with database.begin_unrecorded() as session:
        return revoke_all(session, accounts.account_named(session, username).id or 0, but=token, wall=wall)


def revoke_all(session: Session, account_id: int, *, but: str | None = None, wall: datetime | None = None) -> int:
    """End every session of an account (but the one of this token); returns how many."""
    statement = sa.update(WebSession).where(_W.account_id == account_id, _W.revoked_at.is_(None))
    if but is not None:
        statement = statement.where(_W.token_sha256 != _digest(but))
    return int(session.connection().execute(statement.values(revoked_at=wall or datetime.now(UTC))).rowcount)


def begin(database: Database, username: str, *, now: datetime, wall: datetime | None = None) -> str:
    """A session for somebody whose identity was proven elsewhere; voting and signing still ask for the password.

    Raises Refusal `unknown_account`, `account_disabled`.
    """
    wall = wall or datetime.now(UTC)
    with database.begin_unrecorded() as session:
        account_id = access.actor(session, username, now=now).account_id
        return _begin(session, account_id or 0, wall=wall, confirmed_at=wall - CONFIRMED_FOR)


def _begin(session: Session, account_id: int, *, wall: datetime, confirmed_at: datetime) -> str:
    session.execute(sa.delete(WebSession).where(_W.account_id == account_id, _W.ends_at < wall - KEPT))
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_sha256=_digest(token),
            account_id=account_id,
            created_at=wall,
            seen_at=wall,
            confirmed_at=confirmed_at,
            ends_at=wall + LONGEST,
        )
    )
    session.flush()
    return token


@contextmanager
def _proven(
    office: Installation,
    username: str,
    password: str,
    code: str | None,
    counters: tuple[rate_limit.Counter, ...],
    *,
    now: datetime,
    wall: datetime,
    password_only: bool = False,
) -> Iterator[tuple[Session, _Known]]:
    """A transaction in which this person is proven to be who they say; a wrong try stays counted and is logged."""
    database = office.database
    known = _look(database, username, now=now)
    who = known.username if known else "?"  # people type their password one field too high: it must not be kept
    rate_limit.take(database, counters, username=who, now=now, wall=wall)
    step: int | None = None
    try:
        if not accounts.matches(known.password_hash if known else None, password) or known is None:
            raise Refusal("wrong_password", "Tên đăng nhập hoặc mật khẩu không đúng.")
        if known.disabled:
            raise Refusal("account_disabled", f"Tài khoản «{username}» đã bị khóa; hãy liên hệ quản trị hệ thống.")
        sealed = None if password_only else known.sealed_secret
        if sealed is not None and code:
            of_code = rate_limit.of_code(username)
            rate_limit.take(database, of_code, username=who, now=now, wall=wall)
            counters += of_code
            step = second_factor.step_of(sealed, username, code, key=office.sealing_key, wall=wall)
        with database.begin_unrecorded() as session:
            if step is not None:
                second_factor.use(session, known.account_id, step)
            rate_limit.settle(session, counters, wall=wall)
            if sealed is None or step is not None:
                yield session, known
                return
        raise Refusal("second_factor_needed", "Tài khoản này có xác nhận hai lớp: hãy nhập mã trên thiết bị của bạn.")
    except Refusal as refusal:
        if refusal.code in _LOGGED:
            with database.begin_unrecorded() as session:
                access.log_reach(session, actor=who, verb="sign_in", subject="", refusal=refusal, now=now)
        raise


_LOGGED = frozenset({"wrong_password", "wrong_code", "account_disabled"})


def _look(database: Database, username: str, *, now: datetime) -> _Known | None:
    with database.read() as session:
        row = session.execute(
            sa.select(_A.id, _A.username, _A.password_hash, _A.disabled_at, _F.sealed_secret, _F.confirmed_at)
            .outerjoin_from(Account, SecondFactor, _F.account_id == _A.id)
            .where(_A.username == username)
        ).one_or_none()
    if row is None:
        return None
    disabled = row.disabled_at is not None and row.disabled_at <= now
    sealed = row.sealed_secret if row.confirmed_at is not None else None
    return _Known(row.id, row.username, row.password_hash, disabled, sealed)


def _whose(database: Database, token: str, *, now: datetime, wall: datetime) -> str:
    with database.read() as session:
        found = visitor(session, token, now=now, wall=wall)
    if found is None:
        raise _signed_out()
    return found.actor.username


def _signed_out() -> Refusal:
    return Refusal("signed_out", "Phiên làm việc đã kết thúc. Hãy đăng nhập lại.")


# One's own account ------------------------------------------------------------------------------------------------


def about(session: Session, actor: Actor, *, token: str, now: datetime, wall: datetime | None = None) -> dict[str, Any]:
    """One's own account: roles with their documents, authorisations, open sessions, second factor, identities."""
    wall = wall or datetime.now(UTC)
    account = accounts.account_named(session, actor.username)
    factor = session.get(SecondFactor, account.id)
    sessions = session.exec(
        select(WebSession)
        .where(
            WebSession.account_id == account.id,
            col(WebSession.revoked_at).is_(None),
            WebSession.ends_at > wall,
            WebSession.seen_at > wall - IDLE,
        )
        .order_by(col(WebSession.created_at).desc())
    )
    return {
        "username": account.username,
        "name": account.display_name,
        "email": account.email,
        "roles": accounts.roles_of(session, account, on=access.local_date(now)),
        "authorisations": accounts.authorisations_of(session, account, on=access.local_date(now)),
        "sessions": [
            {"created_at": row.created_at, "seen_at": row.seen_at, "this": row.token_sha256 == _digest(token)}
            for row in sessions
        ],
        "second_factor": factor is not None and factor.confirmed_at is not None,
        "identities": accounts.identities(session, account) or [],
    }


def change_password(
    office: Installation, token: str, *, old: str, new: str, now: datetime, wall: datetime | None = None
) -> None:
    """Choose another password, proving the present one; every other session of the account ends.

    Raises Refusal `wrong_password`, `too_many_attempts`, `weak_password`, `signed_out`.
    """
    wall = wall or datetime.now(UTC)
    username = _whose(office.database, token, now=now, wall=wall)
    accounts.require_good_password(username, new)
    _prove_password(office, username, old, now=now, wall=wall)
    hashed = accounts.hash_password(new)
    with office.database.begin() as session:
        account = accounts.account_named(session, username)
        accounts.set_password(session, account, hashed)
        revoke_all(session, account.id or 0, but=token, wall=wall)


def _prove_password(office: Installation, username: str, password: str, *, now: datetime, wall: datetime) -> None:
    """The password alone, for somebody in a session (which the second factor opened)."""
    counters = rate_limit.of_confirmation(username)
    with _proven(office, username, password, None, counters, now=now, wall=wall, password_only=True):
        pass


def second_factor_offer(office: Installation, actor: Actor, *, again: bool = False) -> second_factor.Enrolment:
    """What the app must be told; `again` shows the pending secret once more after a wrong code. Raises `second_factor_set`."""
    with office.database.begin_unrecorded() as session:
        account = accounts.account_named(session, actor.username)
        return second_factor.set_up(session, account, key=office.sealing_key, again=again)


def second_factor_on(
    office: Installation, actor: Actor, *, password: str, code: str, now: datetime, wall: datetime | None = None
) -> None:
    """Ask for codes from now on: who has the password has an app that showed a right one.

    No session of the account counts as confirmed any more. Raises Refusal `wrong_password`, `too_many_attempts`,
    `wrong_code`, `no_second_factor`.
    """
    wall = wall or datetime.now(UTC)
    _prove_password(office, actor.username, password, now=now, wall=wall)
    with office.database.begin() as session:
        account = accounts.account_named(session, actor.username)
        second_factor.confirm(session, account, code=code, key=office.sealing_key, wall=wall)
        _unconfirm(session, account.id or 0, wall=wall)


def second_factor_off(
    office: Installation, actor: Actor, *, password: str, now: datetime, wall: datetime | None = None
) -> None:
    """Ask for no codes any more, by password; no session of the account counts as confirmed any more.

    Raises Refusal `wrong_password`, `too_many_attempts`, `no_second_factor`.
    """
    wall = wall or datetime.now(UTC)
    _prove_password(office, actor.username, password, now=now, wall=wall)
    with office.database.begin() as session:
        account = accounts.account_named(session, actor.username)
        second_factor.remove(session, account, by=actor.username)
        _unconfirm(session, account.id or 0, wall=wall)


def _unconfirm(session: Session, account_id: int, *, wall: datetime) -> None:
    """What was confirmed before the second factor changed says nothing of it: each session must confirm anew.

    Else a sign-in by password alone would pass for one by code as soon as a factor is set (web.reauthentication).
    """
    session.execute(
        sa.update(WebSession)
        .where(_W.account_id == account_id, _W.revoked_at.is_(None), _W.confirmed_at > wall - CONFIRMED_FOR)
        .values(confirmed_at=wall - CONFIRMED_FOR)
    )


# One-time links ---------------------------------------------------------------------------------------------------


def link_of(session: Session, link: str, *, now: datetime, wall: datetime | None = None) -> str:
    """Whose password this link would set.

    Raises Refusal `link_invalid` (unknown, used, too old), `link_unconfirmed` (somebody else has to confirm it first).
    """
    return _linked(session, link, now=now, wall=wall or datetime.now(UTC)).actor


def redeem(database: Database, link: str, *, password: str, now: datetime, wall: datetime | None = None) -> str:
    """Set the account's password by a one-time link; every session and token of it ends. Returns the username.

    Whoever knew the lost password may have made themselves a token with it.

    Raises Refusal `link_invalid`, `link_unconfirmed`, `weak_password`, `account_disabled`.
    """
    wall = wall or datetime.now(UTC)
    with database.read() as session:
        accounts.require_good_password(_linked(session, link, now=now, wall=wall).actor, password)
    hashed = accounts.hash_password(password)
    with database.begin() as session:
        row = _linked(session, link, now=now, wall=wall)  # two clicks at once: the second one finds it used
        access.actor(session, row.actor, now=now)
        account = accounts.account_named(session, row.actor)
        accounts.set_password(session, account, hashed)
        revoke_all(session, account.id or 0, wall=wall)
        tokens.revoke_all(session, account, wall=wall)
        row.answer = accounts.USED
        session.add(row)
        return account.username


def _linked(session: Session, link: str, *, now: datetime, wall: datetime) -> Receipt:
    """The receipt of a link that opens. Links live by the wall clock, as sessions do."""
    row = session.get(Receipt, accounts.link_key(link))
    if row is None or row.answer == accounts.USED or (row.answer and datetime.fromisoformat(row.answer) <= wall):
        raise Refusal(
            "link_invalid",
            "Đường dẫn đặt mật khẩu không đúng, đã dùng hoặc đã quá hạn. "
            "Hãy đề nghị quản trị hệ thống cấp đường dẫn mới.",
        )
    account_requests.require_open(session, accounts.account_named(session, row.actor), row.key, now=now)
    return row


# Outside identities (OpenID Connect) ------------------------------------------------------------------------------


def enter_from_outside(
    database: Database, *, issuer: str, subject: str, now: datetime, wall: datetime | None = None
) -> str:
    """Sign in whom the identity provider named; returns the token. Raises Refusal `unknown_identity`, `account_disabled`."""
    return begin(database, _outsider(database, issuer, subject, now=now), now=now, wall=wall)


def confirm_from_outside(
    database: Database, token: str, *, issuer: str, subject: str, now: datetime, wall: datetime | None = None
) -> None:
    """The provider has just asked this person again (`prompt=login`): as good as entering the password.

    Raises Refusal `signed_out`; `unknown_identity`, also when it is somebody else.
    """
    wall = wall or datetime.now(UTC)
    if _outsider(database, issuer, subject, now=now) != _whose(database, token, now=now, wall=wall):
        raise _unknown_identity()
    _update(database, token, confirmed_at=wall, seen_at=wall)


def link_identity(
    database: Database, token: str, *, issuer: str, subject: str, now: datetime, wall: datetime | None = None
) -> None:
    """Let one's own account sign in as this identity from now on, in a session whose password was entered lately.

    Raises Refusal `signed_out`, `confirmation_needed`, `identity_taken`.
    """
    wall = wall or datetime.now(UTC)
    with database.read() as session:
        found = visitor(session, token, now=now, wall=wall)
    if found is None:
        raise _signed_out()
    found.require_confirmed(wall)
    with database.begin() as session:
        account = accounts.account_named(session, found.actor.username)
        accounts.link_identity(session, account, issuer=issuer, subject=subject, by=account.username)


def _outsider(database: Database, issuer: str, subject: str, *, now: datetime) -> str:
    with database.begin_unrecorded() as session:
        username = session.exec(
            select(Account.username)
            .join(OutsideIdentity, col(OutsideIdentity.account_id) == col(Account.id))
            .where(OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject)
        ).one_or_none()
        if username is None:
            access.log_reach(session, actor="?", verb="sign_in", subject=issuer, refusal=_unknown_identity(), now=now)
    if username is None:
        raise _unknown_identity()
    return username


def _unknown_identity() -> Refusal:
    return Refusal(
        "unknown_identity",
        "Danh tính này chưa được gắn với tài khoản nào. "
        "Hãy đăng nhập bằng mật khẩu rồi gắn, hoặc liên hệ quản trị hệ thống.",
    )
