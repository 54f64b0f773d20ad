"""One-time links: whoever holds one chooses the account's password, once. They live by the wall clock, as sessions do."""

import hashlib
import secrets
from datetime import UTC, datetime

from sqlmodel import Session

from ledger.kinds import Kind
from models import Account, OneTimeLink
from models.database import Database
from operations import access, record, security_log
from operations.access import Actor
from operations.people import accounts, endings, four_eyes, passwords
from operations.people.four_eyes import Waiting
from rules.lifecycle import Role
from rules.refusal import Refusal


def invite(
    session: Session, username: str, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> tuple[str, datetime, Waiting | None]:
    """A one-time link to choose the account's password, until when it is good, and what it waits for before it opens.

    An earlier link ends.
    """
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.named(session, username)
    access.actor(session, username, now=now)
    link = secrets.token_hex(24)  # no sign that a command line or a mail program would take for its own
    until = four_eyes.until(wall)
    _issue(session, account, link=link, valid_until=until, now=now)
    asked = four_eyes.ask(session, account, "link", link=key(link), actor=actor, now=now, wall=wall)
    if asked is not None and asked.state == "asked":
        return link, until, four_eyes.shown(session, asked, account, now=now)
    invited(session, account, until, four_eyes.Doer(actor.username, alone=asked is not None), now=now)
    return link, until, None


def invited(session: Session, account: Account, until: datetime, doer: four_eyes.Doer, *, now: datetime) -> None:
    record.record(session, Kind.ACCOUNT_INVITED, [(account.code, {"invited": [doer.by, until]})], by=doer.acting)
    if account.password_hash is not None or doer.alone or doer.confirmed_by is not None:
        four_eyes.tell(session, account, "Một đường dẫn để đặt mật khẩu của tài khoản vừa được cấp.", doer, now=now)


def key(link: str) -> str:
    """The key under which a one-time link is known: its hash."""
    return f"first/{hashlib.sha256(link.encode('utf-8', 'replace')).hexdigest()}"


def _issue(session: Session, account: Account, *, link: str, valid_until: datetime, now: datetime) -> None:
    """Let whoever holds this link set the account's password, once; earlier links of the account end."""
    endings.links(session, account)
    session.add(OneTimeLink(key=key(link), username=account.username, issued_at=now, valid_until=valid_until))


def owner(session: Session, link: str, *, now: datetime, wall: datetime | None = None) -> str:
    """Whose password this link would set.

    Raises Refusal `link_invalid` (unknown, used, too old), `link_unconfirmed` (somebody else has to confirm it first).
    """
    return _linked(session, link, now=now, wall=wall or datetime.now(UTC)).username


def redeem(database: Database, link: str, *, password: str, now: datetime, wall: datetime | None = None) -> str:
    """Set the account's password by a one-time link; every session and token of it ends. Returns the username.

    Whoever knew the lost password may have made themselves a token with it.

    Raises Refusal `link_invalid`, `link_unconfirmed`, `weak_password`, `account_disabled`.
    """
    wall = wall or datetime.now(UTC)
    with database.read() as session:
        passwords.require_good(_linked(session, link, now=now, wall=wall).username, password)
    hashed = passwords.hash_password(password)
    with database.begin() as session:
        row = _linked(session, link, now=now, wall=wall)  # two clicks at once: the second one finds it used
        access.actor(session, row.username, now=now)
        account = accounts.named(session, row.username)
        passwords.set_password(session, account, hashed, by=account.username)
        security_log.note(session, actor=account.username, verb="password_by_link", wall=wall)
        endings.everything(session, account, by=account.username, wall=wall)
        row.ended = True
        session.add(row)
        return account.username


def _linked(session: Session, link: str, *, now: datetime, wall: datetime) -> OneTimeLink:
    """A link that opens."""
    row = session.get(OneTimeLink, key(link))
    if row is None or row.ended or row.valid_until <= wall:
        raise Refusal(
            "link_invalid",
            "Đường dẫn đặt mật khẩu không đúng, đã dùng hoặc đã quá hạn. "
            "Hãy đề nghị quản trị hệ thống cấp đường dẫn mới.",
        )
    four_eyes.require_open(session, accounts.named(session, row.username), row.key, now=now, wall=wall)
    return row
