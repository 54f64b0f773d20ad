"""Accounts as the administrator keeps them: made, locked, unlocked, listed. What opens one is in `links` and `identities`."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, RoleGrant, Unit
from operations import access, given, record
from operations.access import Actor
from operations.people import endings, four_eyes, typed
from rules.lifecycle import Role
from rules.refusal import Refusal

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,29}")
# Names in the ledger and the security log of actors without an account; no account may imitate them.
_RESERVED = frozenset(
    {access.ENGINE.username, access.INSTALLER.username, "he-thong", "system", "citizen", "cong-dan", "nobody"}
)


def add(
    session: Session,
    *,
    username: str,
    name: str,
    email: str | None,
    actor: Actor,
    password_hash: str | None = None,
    os_user: str | None = None,
) -> Account:
    """An account without roles. Raises Refusal `already_exists`, Unreadable for bad input.

    With a password, or bound to a user of the operating system, only by whoever installs the system.
    """
    access.require(actor, Role.ADMINISTRATOR)
    if (password_hash or os_user) and actor != access.INSTALLER:
        raise ValueError("only the installer opens an account with a password or to a user of the server")
    typed.require(
        _USERNAME.fullmatch(username),
        "bad_username",
        "Tên đăng nhập có 2–30 ký tự: chữ thường không dấu, số, dấu chấm, gạch ngang, gạch dưới.",
        username,
    )
    typed.require(
        username not in _RESERVED,
        "bad_username",
        f"«{username}» là tên dành cho hệ thống hoặc cho người không có tài khoản. Hãy chọn tên đăng nhập khác.",
        username,
    )
    name, email = typed.text("Họ và tên", name), typed.address(email)
    if session.exec(select(Account).where(Account.username == username)).first() is not None:
        raise Refusal("already_exists", f"Đã có tài khoản «{username}».")
    return _insert(
        session,
        username=username,
        display_name=name,
        email=email,
        password_hash=password_hash,
        os_user=os_user,
        by=actor.username,
    )


def _insert(
    session: Session,
    *,
    username: str,
    display_name: str,
    email: str | None,
    password_hash: str | None = None,
    os_user: str | None = None,
    by: str,
) -> Account:
    account = Account(
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash,
        os_user=os_user,
    )
    session.add(account)
    session.flush()
    record.record(session, Kind.ACCOUNT_CREATED, [(account.code, aspects(account) | {"username": username})], by=by)
    return account


def aspects(account: Account) -> dict[str, Any]:
    return {
        "who": [account.id, account.display_name, account.email],
        "password": account.password_hash,
        "os_user": account.os_user,
        "disabled": account.disabled_at,
    }


def named(session: Session, username: str) -> Account:
    """The account. Raises Refusal `unknown_account`."""
    found = session.exec(select(Account).where(Account.username == username)).one_or_none()
    if found is None:
        raise Refusal("unknown_account", f"Không có tài khoản «{username}». Hãy kiểm tra lại tên đăng nhập.")
    return found


def bound_to(session: Session, os_user: str) -> Account | None:
    """The account bound to an operating-system user by `init`."""
    return session.exec(select(Account).where(Account.os_user == os_user)).one_or_none()


def listing(session: Session, *, now: datetime) -> list[dict[str, Any]]:
    """Every account with its roles of today."""
    today = access.local_date(now)
    held: dict[int, list[str]] = {}
    query = (
        select(RoleGrant.account_id, RoleGrant.role, Unit.code)
        .outerjoin(Unit, col(Unit.id) == col(RoleGrant.unit_id))
        .where(RoleGrant.valid_from <= today, col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > today))
        .order_by(col(RoleGrant.id))
    )
    for account_id, role, unit in session.exec(query):
        held.setdefault(account_id, []).append(f"{role}@{unit}" if unit else role)
    return [
        {
            "username": account.username,
            "name": account.display_name,
            "email": account.email,
            "roles": held.get(account.id or 0, []),
            "password": account.password_hash is not None,
            "disabled": account.disabled_at,
        }
        for account in session.exec(select(Account).order_by(Account.username))
    ]


def disable(session: Session, username: str, *, actor: Actor, now: datetime, wall: datetime | None = None) -> None:
    """Lock an account, by the wall clock: its sessions end and its tokens are void. Raises Refusal `last_administrator`, `account_disabled`."""
    access.require(actor, Role.ADMINISTRATOR)
    account = named(session, username)
    if account.disabled_at is not None:
        raise Refusal("account_disabled", f"Tài khoản «{username}» đã bị khóa từ trước.")
    keep_an_administrator(session, account, now=now)
    account.disabled_at = wall or datetime.now(UTC)
    session.add(account)
    session.flush()
    endings.sessions(session, account.id or 0)
    _record_account(session, Kind.ACCOUNT_DISABLED, account, actor)
    four_eyes.tell(session, account, "Tài khoản vừa bị khóa.", four_eyes.Doer(actor.username), now=now)


def enable(session: Session, username: str, *, actor: Actor, now: datetime) -> None:
    """Unlock an account. Raises Refusal `not_disabled`."""
    access.require(actor, Role.ADMINISTRATOR)
    account = named(session, username)
    if account.disabled_at is None:
        raise Refusal("not_disabled", f"Tài khoản «{username}» không bị khóa.")
    account.disabled_at = None
    session.add(account)
    session.flush()
    _record_account(session, Kind.ACCOUNT_ENABLED, account, actor)
    four_eyes.tell(session, account, "Tài khoản vừa được mở khóa.", four_eyes.Doer(actor.username), now=now)


def _record_account(session: Session, kind: Kind, account: Account, actor: Actor) -> None:
    record.record(session, kind, [(account.code, {"disabled": account.disabled_at})], by=actor.username)
    given.note(session)


def keep_an_administrator(session: Session, but: Account, *, now: datetime) -> None:
    """Raise Refusal `last_administrator` when nobody else could administer."""
    today = access.local_date(now)
    others = session.exec(
        select(Account.id)
        .join(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
        .where(
            RoleGrant.role == Role.ADMINISTRATOR.value,
            Account.id != but.id,
            col(Account.disabled_at).is_(None),
            RoleGrant.valid_from <= today,
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > today),
        )
    ).first()
    if others is None and access.holds(session, but, Role.ADMINISTRATOR, today=today):
        raise Refusal(
            "last_administrator", "Đây là quản trị hệ thống cuối cùng; hãy cấp vai trò này cho người khác trước."
        )
