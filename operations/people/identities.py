"""Identities of an outside provider (OpenID Connect): linked to an account, and signing in as one."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, OutsideIdentity
from models.database import Database
from operations import access, free_text, record, security_log
from operations.access import Actor
from operations.people import accounts, browser_sessions, endings, four_eyes, typed
from operations.people.four_eyes import Waiting
from rules.lifecycle import Role
from rules.refusal import Refusal


def link(
    session: Session,
    username: str,
    *,
    issuer: str,
    subject: str,
    actor: Actor,
    now: datetime,
    wall: datetime | None = None,
) -> Waiting | None:
    """Let an account sign in as this identity of a provider. Raises Refusal `identity_taken`.

    What must be confirmed first, where it must.
    """
    access.require(actor, Role.ADMINISTRATOR)
    issuer, subject = typed.text("Nơi cấp danh tính", issuer, 300), typed.text("Danh tính", subject, 300)
    account = accounts.named(session, username)
    if not is_new(session, account, issuer=issuer, subject=subject):
        return None
    asked = four_eyes.ask(session, account, "identity", identity=(issuer, subject), actor=actor, now=now, wall=wall)
    if asked is not None and asked.state == "asked":
        return four_eyes.shown(session, asked, account, now=now)
    given(session, account, issuer, subject, four_eyes.Doer(actor.username, alone=asked is not None), now=now)
    return None


def given(
    session: Session, account: Account, issuer: str, subject: str, doer: four_eyes.Doer, *, now: datetime
) -> None:
    if _insert(session, account, issuer=issuer, subject=subject, by=doer.acting):
        four_eyes.tell(
            session, account, "Tài khoản vừa được gắn với một danh tính bên ngoài để đăng nhập.", doer, now=now
        )


def unlink(session: Session, username: str, *, actor: Actor, now: datetime) -> None:
    """Let an account sign in with its password only; its sessions end, and its owner learns of it."""
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.named(session, username)
    _remove(session, account, by=actor.username)
    what = "Tài khoản vừa được gỡ khỏi danh tính bên ngoài: từ nay chỉ đăng nhập bằng mật khẩu."
    four_eyes.tell(session, account, what, four_eyes.Doer(actor.username), now=now)
    endings.sessions(session, account.id or 0)


def is_new(session: Session, account: Account, *, issuer: str, subject: str) -> bool:
    """Is this identity of a provider nobody's yet? False where it is the account's own. Raises `identity_taken`."""
    free_text.check("Nơi cấp danh tính", issuer, 300)
    free_text.check("Danh tính", subject, 300)
    known = session.exec(
        select(OutsideIdentity).where(OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject)
    ).one_or_none()
    if known is not None and known.account_id != account.id:
        raise Refusal("identity_taken", "Danh tính này đã gắn với một tài khoản khác; phải gỡ ở tài khoản đó trước.")
    return known is None


def _insert(session: Session, account: Account, *, issuer: str, subject: str, by: str) -> bool:
    """The account may sign in as this identity of a provider; False where it could already. Raises `identity_taken`."""
    if not is_new(session, account, issuer=issuer, subject=subject):
        return False
    session.add(OutsideIdentity(account_id=account.id or 0, issuer=issuer, subject=subject))
    session.flush()
    told = {"identities": of(session, account)}
    record.record(session, Kind.ACCOUNT_IDENTITY_LINKED, [(account.code, told)], by=by)
    return True


def _remove(session: Session, account: Account, *, by: str) -> None:
    """The account signs in with its password only."""
    session.execute(sa.delete(OutsideIdentity).where(col(OutsideIdentity.account_id) == account.id))
    record.record(session, Kind.ACCOUNT_IDENTITIES_UNLINKED, [(account.code, {"identities": None})], by=by)


def of(session: Session, account: Account) -> list[list[str]] | None:
    """[issuer, subject] of each identity of the account, as the ledger commits to it; None without any."""
    rows = session.exec(
        select(OutsideIdentity.issuer, OutsideIdentity.subject).where(OutsideIdentity.account_id == account.id)
    )
    return sorted([issuer, subject] for issuer, subject in rows) or None


def enter(database: Database, *, issuer: str, subject: str, now: datetime, wall: datetime | None = None) -> str:
    """Sign in whom the identity provider named; returns the token. Raises Refusal `unknown_identity`, `account_disabled`."""
    return browser_sessions.begin(database, _outsider(database, issuer, subject), now=now, wall=wall)


def _outsider(database: Database, issuer: str, subject: str) -> str:
    with database.begin_unrecorded() as session:
        username = session.exec(
            select(Account.username)
            .join(OutsideIdentity, col(OutsideIdentity.account_id) == col(Account.id))
            .where(OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject)
        ).one_or_none()
        if username is None:
            security_log.reach(session, actor="?", verb="sign_in", subject=issuer, refusal=_unknown_identity())
    if username is None:
        raise _unknown_identity()
    return username


def _unknown_identity() -> Refusal:
    return Refusal(
        "unknown_identity",
        "Danh tính này chưa được gắn với tài khoản nào. "
        "Hãy đăng nhập bằng mật khẩu rồi gắn, hoặc liên hệ quản trị hệ thống.",
    )
