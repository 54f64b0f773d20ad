"""Four eyes on what opens an account that decides: the administrator asks, a secretary or chairman confirms.

Whoever runs the system could else become the chairman, a member or a teller by a one-time link, a second factor taken
away or an identity of their own (docs/decisions/0014). Here stands who must be asked and what waits; the verbs are
in `roles`, `links`, `identities` and `second_factor`. Requests lapse by the wall clock, as links do; roles count by the business clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import (
    Account,
    AccountRequest,
    CouncilMember,
    CouncilSession,
    LedgerEntry,
    OutsideIdentity,
    RoleGrant,
    SessionMember,
)
from operations import access, announce, recipients, record
from operations.access import Actor
from operations.people import accounts
from rules.lifecycle import Role
from rules.refusal import Refusal
from rules.vocabulary import SessionState

DECIDING = frozenset({Role.REVIEWER, Role.SECRETARY, Role.COUNCIL_MEMBER, Role.TELLER, Role.CHAIRMAN, Role.DEPUTY})
CONFIRMING = (Role.SECRETARY, Role.CHAIRMAN)
ACTS: dict[str, str] = {
    "link": "đặt lại mật khẩu bằng đường dẫn dùng một lần",
    "second_factor": "gỡ xác nhận hai lớp",
    "identity": "gắn một danh tính bên ngoài để đăng nhập",
}
LINK_VALID = timedelta(days=7)
_SETTLED = frozenset({"confirmed", "alone"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits: what for, whose account, who asked, and who may confirm it (username, name)."""

    number: int
    act: str
    username: str
    name: str
    issuer: str | None
    subject: str | None
    asked_by: str
    asked_at: datetime
    until: datetime
    others: tuple[tuple[str, str], ...]

    @property
    def who(self) -> str:
        """Those who may confirm it, in words."""
        return named(self.others)


def named(people: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({username})" for username, name in people)


# Who must be asked ------------------------------------------------------------------------------------------------


# A role or seat that ended so lately still counts: ended today, it could be given back tomorrow.
_LATELY = timedelta(days=30)
_SETTLED_AS = {
    "confirmed": Kind.ACCOUNT_REQUEST_CONFIRMED,
    "refused": Kind.ACCOUNT_REQUEST_REFUSED,
    "withdrawn": Kind.ACCOUNT_REQUEST_WITHDRAWN,
}
_WAYS_IN = (Kind.ACCOUNT_PASSWORD_SET, Kind.ACCOUNT_IDENTITY_LINKED)


def needed(session: Session, account: Account, *, today: date) -> bool:
    """Has somebody signed in as this account, and does it decide something, lately, today or later?

    A seat votes without its role, and whoever was called to a session that is not over votes in it without a seat.
    """
    if account.password_hash is None and not _has_identity(session, account):
        used = select(LedgerEntry.index).where(
            LedgerEntry.subject == account.username, col(LedgerEntry.kind).in_(_WAYS_IN)
        )
        if session.exec(used).first() is None:
            return False  # its first way in: nobody has been that person here yet
    since = today - _LATELY
    role = select(RoleGrant.id).where(
        RoleGrant.account_id == account.id,
        col(RoleGrant.role).in_([role.value for role in DECIDING]),
        col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > since),
    )
    seat = select(CouncilMember.id).where(
        CouncilMember.account_id == account.id,
        col(CouncilMember.valid_to).is_(None) | (col(CouncilMember.valid_to) > since),
    )
    called = (
        select(SessionMember.id)
        .join(CouncilSession, col(CouncilSession.id) == col(SessionMember.session_id))
        .where(
            SessionMember.username == account.username,
            col(CouncilSession.state).not_in((SessionState.TALLIED, SessionState.CANCELLED)),
        )
    )
    return any(session.exec(query).first() is not None for query in (role, seat, called))


def others(session: Session, account: Account, *, asked_by: str, now: datetime) -> list[Account]:
    """Who may confirm: a secretary or chairman of today with a password, neither the owner nor who asked."""
    found = holders(session, *CONFIRMING, today=access.local_date(now))
    return [
        one
        for one in found
        if one.password_hash is not None
        and one.username not in (account.username, asked_by)
        and (one.disabled_at is None or one.disabled_at > now)
        and access.actor(session, one.username, now=now).holds(*CONFIRMING)  # an administrator holds nothing else
    ]


def holders(session: Session, *roles: Role, today: date) -> list[Account]:
    """Accounts that were given one of these roles for today, locked ones too."""
    query = (
        select(Account)
        .join(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
        .where(
            col(RoleGrant.role).in_([role.value for role in roles]),
            RoleGrant.valid_from <= today,
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > today),
        )
        .distinct()
        .order_by(Account.username)
    )
    return list(session.exec(query))


def require_open(session: Session, account: Account, key: str, *, now: datetime) -> None:
    """Raise Refusal `link_unconfirmed` for a one-time link (by its key) that another has yet to confirm."""
    row = session.exec(select(AccountRequest).where(AccountRequest.link == key)).one_or_none()
    if row is not None and row.state not in _SETTLED:
        who = named(
            (one.username, one.display_name) for one in others(session, account, asked_by=row.asked_by, now=now)
        )
        raise Refusal(
            "link_unconfirmed",
            f"Đường dẫn này chưa mở được: phải có người xác nhận trước ({who or 'thư ký hoặc chủ tịch'}). "
            "Hãy liên hệ trực tiếp người đó rồi mở lại đường dẫn.",
        )
    if row is None and needed(session, account, today=access.local_date(now)):
        raise Refusal(
            "link_unconfirmed",
            "Với tài khoản này, mỗi đường dẫn nay phải có người thứ hai xác nhận, mà đường dẫn này thì chưa. "
            "Hãy đề nghị quản trị hệ thống cấp đường dẫn mới; thư ký hoặc chủ tịch sẽ xác nhận.",
        )


def _has_identity(session: Session, account: Account) -> bool:
    query = select(OutsideIdentity.id).where(OutsideIdentity.account_id == account.id)
    return session.exec(query).first() is not None


# Asking and settling ----------------------------------------------------------------------------------------------


def ask(
    session: Session,
    account: Account,
    act: str,
    *,
    link: str | None = None,
    identity: tuple[str, str] = ("", ""),
    until: datetime,
    actor: Actor,
    now: datetime,
) -> AccountRequest | None:
    """Note what the administrator wants; an earlier wish of the same kind is withdrawn.

    None where nobody need confirm it; else a request that waits, or one in the state `alone`: nobody could confirm it.
    """
    _withdraw(session, account, act, actor=actor, now=now)
    if not needed(session, account, today=access.local_date(now)):
        return None
    who = others(session, account, asked_by=actor.username, now=now)
    issuer, subject = identity if act == "identity" else (None, None)
    row = AccountRequest(
        account_id=account.id or 0, act=act, link=link, issuer=issuer, subject=subject, asked_by=actor.username,
        asked_at=now, valid_until=until, state="asked" if who else "alone",
    )  # fmt: skip
    session.add(row)
    session.flush()
    kind = Kind.ACCOUNT_REQUEST_ASKED if who else Kind.ACCOUNT_REQUEST_DONE_ALONE
    index = record.record(session, kind, [(str(row.id), aspects(row, account.username))], by=actor.username)
    if who:
        _letters(session, shown(session, row, account, now=now), account, who, index=index)
    return row


def until(wall: datetime | None) -> datetime:
    """When a request, and the link it is for, lapses."""
    return (wall or datetime.now(UTC)) + LINK_VALID


def _withdraw(session: Session, account: Account, act: str, *, actor: Actor, now: datetime) -> None:
    query = select(AccountRequest).where(
        AccountRequest.account_id == account.id, AccountRequest.act == act, AccountRequest.state == "asked"
    )
    for row in session.exec(query).all():
        settle(session, row, account, "withdrawn", actor=actor, now=now)


def settle(session: Session, row: AccountRequest, account: Account, how: str, *, actor: Actor, now: datetime) -> None:
    """It waits no more: `confirmed`, `refused` or `withdrawn`, and by whom."""
    row.state, row.settled_by, row.settled_at = how, actor.username, now
    session.add(row)
    session.flush()
    record.record(session, _SETTLED_AS[how], [(str(row.id), aspects(row, account.username))], by=actor.username)


def aspects(row: AccountRequest, username: str) -> dict[str, Any]:
    return {
        "about": [username, row.act, row.asked_by, row.asked_at, row.valid_until],
        "opens": [row.link, row.issuer, row.subject],
        "state": [row.state, row.settled_by, row.settled_at],
    }


def to_settle(
    session: Session, number: int, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> tuple[AccountRequest, Account]:
    """A request that waits for this person among others.

    Raises Refusal `not_your_role`, `unknown_request`, `request_settled`, `request_lapsed`, `four_eyes`.
    """
    access.require(actor, *CONFIRMING)
    row = session.get(AccountRequest, number) if 0 < number < 2**31 else None
    if row is None:
        raise Refusal("unknown_request", f"Không có yêu cầu số {number}. Hãy mở lại từ trang Việc của tôi.")
    if row.state != "asked":
        raise Refusal("request_settled", "Yêu cầu này đã có người giải quyết hoặc đã được rút; không cần làm gì thêm.")
    if row.valid_until <= (wall or datetime.now(UTC)):
        raise Refusal(
            "request_lapsed",
            f"Yêu cầu này đã hết hạn ngày {access.local_date(row.valid_until):%d/%m/%Y}. "
            "Nếu vẫn cần, quản trị hệ thống phải yêu cầu lại.",
        )
    account = session.get_one(Account, row.account_id)
    if actor.username not in {one.username for one in others(session, account, asked_by=row.asked_by, now=now)}:
        raise Refusal(
            "four_eyes",
            "Chủ tài khoản và người yêu cầu không tự xác nhận; người xác nhận phải có mật khẩu riêng. "
            "Hãy để thư ký hoặc chủ tịch khác xác nhận.",
            reach=True,
        )
    return row, account


# What waits -------------------------------------------------------------------------------------------------------


def waiting(session: Session, *, now: datetime, wall: datetime | None = None) -> list[Waiting]:
    """Every request that waits and has not lapsed, oldest first."""
    query = (
        select(AccountRequest, Account)
        .join(Account, col(Account.id) == col(AccountRequest.account_id))
        .where(AccountRequest.state == "asked", AccountRequest.valid_until > (wall or datetime.now(UTC)))
        .order_by(col(AccountRequest.id))
    )
    return [shown(session, row, account, now=now) for row, account in session.exec(query).all()]


def shown(session: Session, row: AccountRequest, account: Account, *, now: datetime) -> Waiting:
    """The request with who may confirm it today."""
    who = others(session, account, asked_by=row.asked_by, now=now)
    return Waiting(
        number=row.id or 0,
        act=row.act,
        username=account.username,
        name=account.display_name,
        issuer=row.issuer,
        subject=row.subject,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        until=row.valid_until,
        others=tuple((one.username, one.display_name) for one in who),
    )


def _letters(session: Session, asked: Waiting, account: Account, who: list[Account], *, index: int) -> None:
    """To the owner, who may never have wished it, and to whom may confirm it."""
    told = {
        "username": asked.username,
        "what": ACTS[asked.act],
        "by": asked.asked_by,
        "until": asked.until.isoformat(),
    }
    letters = [
        announce.Notice(
            kind="account_asked",
            about=str(index),
            to=account.email,
            recipient=account.username,
            context=told | {"recipient_name": account.display_name, "others": asked.who},
        )
    ]
    letters += [
        announce.Notice(
            kind="account_request",
            about=str(index),
            to=one.email,
            recipient=one.username,
            context=told | {"recipient_name": one.display_name, "owner_name": asked.name, "number": str(asked.number)},
        )
        for one in who
    ]
    announce.notices(session, letters)


# What was done, told ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doer:
    """The administrator who does something with an account, who confirmed it, or that nobody could (`alone`)."""

    by: str
    confirmed_by: Actor | None = None
    alone: bool = False

    @property
    def acting(self) -> str:
        """Whose act it is now: of whoever confirmed it, else of the administrator."""
        return self.confirmed_by.username if self.confirmed_by else self.by


def tell(session: Session, account: Account, what: str, doer: Doer, *, now: datetime) -> None:
    """Whoever runs the system opens no account unseen: its owner learns of it, and of one that decides the secretary.

    Of what nobody could confirm everybody learns who could have, locked out or not, and the inspectors.
    """
    index, today = record.size(session) - 1, access.local_date(now)
    if doer.confirmed_by is not None:
        what += f" Người xác nhận: {doer.confirmed_by.name} ({doer.confirmed_by.username})."
    if doer.alone:
        what += " Không có thư ký hay chủ tịch nào khác xác nhận được, nên quản trị hệ thống đã làm một mình."
    accounts.tell(session, account, what, by=doer.by, index=index)
    told: list[tuple[str, str, str | None]] = []
    if doer.alone:
        watching = (*CONFIRMING, Role.INSPECTOR)
        found = holders(session, *watching, today=today)
        told = [(one.username, one.display_name, one.email) for one in found]
    elif access.holds(session, account, *DECIDING, today=today):
        told = [*recipients.holders(session, Role.SECRETARY, today=today)]
    for to in told:
        if to[0] != account.username:
            accounts.tell(session, account, what, by=doer.by, index=index, to=to)
