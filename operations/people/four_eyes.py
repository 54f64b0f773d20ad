"""Four eyes on what opens an account that decides: the administrator asks, a secretary or chairman confirms.

Whoever runs the system could else become the chairman, a member or a teller by a role given to a puppet, a one-time link, a
second factor taken away or an identity of their own (docs/decisions/0014). Here stands what waits and who is told; who must
be asked stands in `confirmers`, the verbs are in `roles`, `links`, `identities` and `second_factor`. Requests lapse by the wall clock, as links do; roles count by the business clock.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, AccountRequest
from operations import access, announce, record
from operations.access import Actor
from operations.people import confirmers, notices
from rules.lifecycle import ROLE_NAMES, Role
from rules.policy import CONFIRMING
from rules.refusal import Refusal

ACTS: dict[str, str] = {
    "role": "trao một vai trò có quyền quyết định",
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
    gives: Mapping[str, str]  # of a role: which, for which unit, by which document, from when

    @property
    def who(self) -> str:
        """The possible confirmers, in words."""
        return named(self.others) or (
            "thư ký hoặc chủ tịch; hiện chưa ai xác nhận được, vì tài khoản đang bị khóa, đã thôi vai trò hoặc giữ vai trò "
            "chưa đủ 30 ngày"
        )

    @property
    def since(self) -> date | None:
        """The first day of a role."""
        return date.fromisoformat(self.gives["from"]) if self.gives else None

    @property
    def what(self) -> str:
        """The request, in words."""
        role = self.gives.get("role")
        return f"{ACTS[self.act]}: {ROLE_NAMES[Role(role)]}" if role else ACTS[self.act]


def named(people: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({username})" for username, name in people)


_SETTLED_AS = {
    "confirmed": Kind.ACCOUNT_REQUEST_CONFIRMED,
    "refused": Kind.ACCOUNT_REQUEST_REFUSED,
    "withdrawn": Kind.ACCOUNT_REQUEST_WITHDRAWN,
}


def require_open(session: Session, account: Account, key: str, *, now: datetime, wall: datetime | None = None) -> None:
    """Raise Refusal `link_unconfirmed` for a one-time link (by its key) that another has yet to confirm."""
    row = session.exec(select(AccountRequest).where(AccountRequest.link == key)).one_or_none()
    if row is not None and row.state not in _SETTLED:
        who = shown(session, row, account, now=now).who
        raise Refusal(
            "link_unconfirmed",
            f"Đường dẫn này chưa mở được: phải có người xác nhận trước ({who}). "
            "Hãy liên hệ trực tiếp người đó rồi mở lại đường dẫn.",
        )
    if row is None and confirmers.decides(session, account, now=now, wall=wall):
        raise Refusal(
            "link_unconfirmed",
            "Với tài khoản này, mỗi đường dẫn nay phải có người thứ hai xác nhận, mà đường dẫn này thì chưa. "
            "Hãy đề nghị quản trị hệ thống cấp đường dẫn mới; thư ký hoặc chủ tịch sẽ xác nhận.",
        )


# Asking and settling ----------------------------------------------------------------------------------------------


def ask(
    session: Session,
    account: Account,
    act: str,
    *,
    link: str | None = None,
    identity: tuple[str, str] = ("", ""),
    gives: Mapping[str, str] | None = None,
    actor: Actor,
    now: datetime,
    wall: datetime | None = None,
) -> AccountRequest | None:
    """Note what the administrator wants; an earlier wish for the same is withdrawn.

    None where nobody need confirm it; else a request that waits, or one in the state `alone`: nobody is there who could.
    `gives` says which role is to be given: one that decides always needs somebody.
    """
    told = json.dumps(gives, ensure_ascii=False, sort_keys=True) if gives is not None else None
    _withdraw(session, account, act, told, actor=actor, now=now)
    if gives is None and not confirmers.decides(session, account, now=now, wall=wall):
        return None
    there = confirmers.somebody_there(session, account, asked_by=actor.username, now=now, wall=wall)
    issuer, subject = identity if act == "identity" else (None, None)
    row = AccountRequest(
        account_id=account.id or 0, act=act, link=link, issuer=issuer, subject=subject, asked_by=actor.username,
        asked_at=now, valid_until=until(wall), state="asked" if there else "alone", gives=told,
    )  # fmt: skip
    session.add(row)
    session.flush()
    kind = Kind.ACCOUNT_REQUEST_ASKED if there else Kind.ACCOUNT_REQUEST_DONE_ALONE
    index = record.record(session, kind, [(str(row.id), aspects(row, account.username))], by=actor.username)
    if there:
        _letters(session, shown(session, row, account, now=now), account, index=index, now=now)
    return row


def until(wall: datetime | None) -> datetime:
    """When a request, and the link it is for, lapses."""
    return (wall or datetime.now(UTC)) + LINK_VALID


def _withdraw(session: Session, account: Account, act: str, gives: str | None, *, actor: Actor, now: datetime) -> None:
    query = select(AccountRequest).where(
        AccountRequest.account_id == account.id,
        AccountRequest.act == act,
        AccountRequest.gives == gives,
        AccountRequest.state == "asked",
    )
    for row in session.exec(query).all():
        settle(session, row, account, "withdrawn", actor=actor, now=now)


def settle(session: Session, row: AccountRequest, account: Account, how: str, *, actor: Actor, now: datetime) -> None:
    """Close the request as `confirmed`, `refused` or `withdrawn`, and record who closed it."""
    row.state, row.settled_by, row.settled_at = how, actor.username, now
    session.add(row)
    session.flush()
    record.record(session, _SETTLED_AS[how], [(str(row.id), aspects(row, account.username))], by=actor.username)


def aspects(row: AccountRequest, username: str) -> dict[str, Any]:
    return {
        "about": [username, row.act, row.asked_by, row.asked_at, row.valid_until],
        "opens": [row.link, row.issuer, row.subject],
        "state": [row.state, row.settled_by, row.settled_at],
    } | ({} if row.gives is None else {"gives": row.gives})


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
    if actor.username not in {one.username for one in _who(session, row, account, now=now)}:
        raise Refusal(
            "four_eyes",
            "Chủ tài khoản và người yêu cầu không tự xác nhận; người xác nhận phải có mật khẩu riêng và đã là thư ký hoặc chủ "
            "tịch từ ít nhất 30 ngày trước yêu cầu. Hãy để thư ký hoặc chủ tịch khác xác nhận.",
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
    who = _who(session, row, account, now=now)
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
        gives=json.loads(row.gives or "{}"),
    )


def _who(session: Session, row: AccountRequest, account: Account, *, now: datetime) -> list[Account]:
    asked_at = row.valid_until - LINK_VALID  # by the wall clock
    return confirmers.eligible(session, account, asked_by=row.asked_by, asked_at=asked_at, now=now)


WATCHING = (*CONFIRMING, Role.INSPECTOR)


def _letters(session: Session, asked: Waiting, account: Account, *, index: int, now: datetime) -> None:
    """To the owner, who may never have wished it, to whom may confirm it, and to whom may see that it was asked for."""
    told = {
        "username": asked.username,
        "what": asked.what,
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
    may = {username for username, _ in asked.others}
    watching = confirmers.holders(session, *WATCHING, today=access.local_date(now))
    who = [one for one in watching if one.username in may]
    letters += [
        announce.Notice(
            kind="account_asked",
            about=str(index),
            to=one.email,
            recipient=one.username,
            context=told | {"recipient_name": one.display_name, "others": asked.who},
        )
        for one in watching
        if one.username not in {account.username, *may}
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
    """Letters about an opened account, so that no administrator opens one unseen: to its owner.

    Of one that decides, secretaries, chairmen and inspectors learn too, locked out or not.
    """
    index = record.size(session) - 1
    if doer.confirmed_by is not None:
        what += f" Người xác nhận: {doer.confirmed_by.name} ({doer.confirmed_by.username})."
    if doer.alone:
        what += " Không có thư ký hay chủ tịch nào khác xác nhận được, nên quản trị hệ thống đã làm một mình."
    notices.account_changed(session, account, what, by=doer.by, index=index)
    if doer.alone or confirmers.decides(session, account, now=now):
        for one in confirmers.holders(session, *WATCHING, today=access.local_date(now)):
            if one.username != account.username:
                to = (one.username, one.display_name, one.email)
                notices.account_changed(session, account, what, by=doer.by, index=index, to=to)
