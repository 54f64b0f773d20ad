"""The actor: an account with its roles on the day of the act, and the person whom a deputy represents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from ledger import kinds
from models import Account, Authorisation, RoleGrant
from operations import succession
from rules import lifecycle
from rules.lifecycle import Role
from rules.refusal import Citation, Refusal

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def local_date(moment: datetime) -> date:
    """The calendar day in Vietnam."""
    return moment.astimezone(LOCAL).date()


def end_of_day(day: date) -> datetime:
    """24:00 of this day in Vietnam, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LOCAL).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Actor:
    username: str
    name: str
    roles: frozenset[Role]
    units: frozenset[int] = frozenset()
    account_id: int | None = None
    acting_for: str | None = None  # a deputy with an authorisation of today: the username of who gave it

    @property
    def represents(self) -> str | None:
        """For whom this person does what is the chairman's: a deputy for the chairman who gave the authorisation."""
        return None if self.holds(Role.CHAIRMAN) else self.acting_for

    def holds(self, *roles: Role) -> bool:
        return bool(self.roles & set(roles))


# Whoever sets an installation up at the server's command line: no account, an administrator whom nobody appointed.
INSTALLER = Actor(username=kinds.INSTALLER, name="cài đặt", roles=frozenset({Role.ADMINISTRATOR}))
ENGINE = Actor(username=kinds.ENGINE, name="hệ thống", roles=frozenset({Role.ENGINE}))


def actor(session: Session, username: str, *, now: datetime) -> Actor:
    """The account with its roles of today. Raises Refusal `unknown_account` or `account_disabled`."""
    account = session.exec(select(Account).where(Account.username == username)).one_or_none()
    if account is None:
        raise Refusal(
            "unknown_account",
            f"Không có tài khoản «{username}». Hãy kiểm tra tên đăng nhập hoặc liên hệ quản trị hệ thống.",
            reach=True,
        )
    if account.disabled_at is not None:  # whatever the business clock says: an account is locked when it is locked
        raise Refusal("account_disabled", f"Tài khoản «{username}» đã bị khóa.", reach=True)
    today = local_date(now)
    grants = session.exec(
        select(RoleGrant.role, RoleGrant.unit_id).where(
            RoleGrant.account_id == account.id,
            RoleGrant.valid_from <= today,
            (col(RoleGrant.valid_to).is_(None)) | (col(RoleGrant.valid_to) > today),
        )
    ).all()
    return in_roles(
        session,
        account_id=account.id or 0,
        username=account.username,
        name=account.display_name,
        grants=grants,
        now=now,
    )


def code_of(session: Session, who: Actor) -> str:
    """How the ledger names an actor in clear: the account's code; nothing for whoever has no account."""
    found = session.exec(select(Account.code).where(Account.id == who.account_id)).first()
    return found or ""


def holds(session: Session, account: Account, *roles: Role, today: date) -> bool:
    """Was the account given one of these roles for this day?"""
    query = select(RoleGrant.id).where(
        RoleGrant.account_id == account.id,
        col(RoleGrant.role).in_([role.value for role in roles]),
        RoleGrant.valid_from <= today,
        col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > today),
    )
    return session.exec(query).first() is not None


def in_roles(
    session: Session,
    *,
    account_id: int,
    username: str,
    name: str,
    grants: Iterable[tuple[str, int | None]],
    now: datetime,
) -> Actor:
    """The actor of an account that holds these grants (role, unit) today.

    Who administers the system does nothing else in it: whatever other roles the account was given count for nothing.
    """
    held = [(Role(role), unit) for role, unit in grants]
    roles = frozenset(role for role, _ in held)
    if Role.ADMINISTRATOR in roles:
        return Actor(username, name, frozenset({Role.ADMINISTRATOR}), account_id=account_id)
    return Actor(
        username=username,
        name=name,
        roles=roles,
        units=succession.acts_for(session, (unit for _, unit in held if unit is not None), local_date(now)),
        account_id=account_id,
        acting_for=_principal(session, account_id, now) if Role.DEPUTY in roles else None,
    )


def _principal(session: Session, deputy: int, now: datetime) -> str | None:
    return session.exec(
        select(Account.username)
        .join(Authorisation, col(Authorisation.principal_id) == col(Account.id))
        .where(Authorisation.deputy_id == deputy, *in_force(now))
        .order_by(col(Authorisation.id).desc())
    ).first()


def in_force(now: datetime) -> tuple[Any, ...]:
    """SQL conditions for authorisations in force: within their dates, and given by somebody who is still chairman today
    and not disabled.
    """
    today = local_date(now)
    chairmen = (
        select(RoleGrant.account_id)
        .join(Account, col(Account.id) == col(RoleGrant.account_id))
        .where(
            RoleGrant.role == Role.CHAIRMAN.value,
            RoleGrant.valid_from <= today,
            (col(RoleGrant.valid_to).is_(None)) | (col(RoleGrant.valid_to) > today),
            col(Account.disabled_at).is_(None),
        )
        .correlate(None)  # its accounts are not those of the query around it
    )
    return (
        col(Authorisation.valid_from) <= today,
        col(Authorisation.valid_to) >= today,
        col(Authorisation.principal_id).in_(chairmen),
    )


def require(actor: Actor, *roles: Role) -> None:
    """Raise Refusal `not_your_role` unless the actor holds one of these roles."""
    if actor.roles.isdisjoint(roles):
        raise lifecycle.not_your_role(lifecycle.named(roles))


def bar_administrator(actor: Actor) -> None:
    """Raise Refusal `separation_of_duties` for whoever administers the system: a seat in the council gives no vote."""
    if actor.holds(Role.ADMINISTRATOR):
        raise Refusal(
            "separation_of_duties",
            f"«{actor.username}» là quản trị hệ thống nên không bỏ phiếu, không kiểm phiếu và không ký. "
            "Hãy chuyển cho người khác có thẩm quyền.",
            citation=Citation(document="06/2022/QH15", article="5", clause="2", point="a"),
            reach=True,
        )


def authorisation(session: Session, actor: Actor, *, awards: set[str], now: datetime) -> int | None:
    """None for the chairman; for a deputy the authorisation in force that covers these awards.

    Raises Refusal `no_authorisation` (NĐ 30/2020 Art. 13.3: written, limited in time and content).
    """
    if actor.holds(Role.CHAIRMAN):
        return None
    for row in session.exec(select(Authorisation).where(Authorisation.deputy_id == actor.account_id, *in_force(now))):
        if row.scope == "all" or awards <= set(row.scope.split(",")):
            return row.id
    raise no_authorisation(actor)


def no_authorisation(actor: Actor) -> Refusal:
    """The refusal of a signature in another's place without that person's written authorisation."""
    return Refusal(
        "no_authorisation",
        f"«{actor.username}» không có văn bản ủy quyền còn hiệu lực cho nội dung này do người đang giữ chức Chủ tịch ký. "
        "Chủ tịch phải ủy quyền bằng văn bản, có thời hạn và phạm vi; hãy chuyển Chủ tịch ký.",
        citation=Citation(document="30/2020/NĐ-CP", article="13", clause="3"),
        reach=True,
    )
