"""Units, accounts, roles, councils: set up by audited verbs, each with its entry in the ledger."""

import hashlib
from datetime import date, datetime
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlmodel import Session, select

from models import Account, Authorisation, Council, CouncilMember, Receipt, RoleGrant, Unit
from operations import record
from rules.lifecycle import Role
from rules.refusal import Refusal

_HASHER = PasswordHasher()


def add_unit(
    session: Session,
    *,
    code: str,
    name: str,
    level: str,
    email: str | None,
    valid_from: date,
    is_office: bool = False,
    valid_to: date | None = None,
) -> Unit:
    unit = Unit(
        code=code, name=name, level=level, email=email, valid_from=valid_from, valid_to=valid_to, is_office=is_office
    )
    session.add(unit)
    session.flush()
    record.record(session, "unit:registered", [(code, unit_aspects(unit))])
    return unit


def unit_aspects(unit: Unit) -> dict[str, Any]:
    about = [unit.name, unit.level, unit.is_office, unit.valid_from, unit.valid_to]
    return {"about": [*about, unit.salary_fund_owner_id, unit.successor_id], "email": unit.email}


def add_account(
    session: Session,
    *,
    username: str,
    display_name: str,
    email: str | None,
    password: str | None = None,
    password_hash: str | None = None,
    os_user: str | None = None,
) -> Account:
    account = Account(
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash or (_HASHER.hash(password) if password else None),
        os_user=os_user,
    )
    session.add(account)
    session.flush()
    record.record(session, "account:created", [(username, account_aspects(account))])
    return account


def account_aspects(account: Account) -> dict[str, Any]:
    return {
        "who": [account.display_name, account.email],
        "password": account.password_hash,
        "os_user": account.os_user,
        "disabled": account.disabled_at,
    }


def hash_password(password: str) -> str:
    """Argon2id (RFC 9106) with the library's defaults."""
    return _HASHER.hash(password)


def check_password(session: Session, username: str, password: str) -> None:
    """Raise Refusal `wrong_password` unless this is the account's password; unknown accounts take the same time."""
    account = session.exec(select(Account).where(Account.username == username)).one_or_none()
    stored = account.password_hash if account and account.password_hash else _DUMMY
    try:
        _HASHER.verify(stored, password)
        matches = account is not None and stored is not _DUMMY
    except VerifyMismatchError:
        matches = False
    if not matches:
        raise Refusal("wrong_password", "Tên đăng nhập hoặc mật khẩu không đúng.", reach=True)


_DUMMY = _HASHER.hash("no account has this password")


def grant(
    session: Session,
    account: Account,
    role: Role,
    *,
    valid_from: date,
    unit: Unit | None = None,
    document_number: str | None = None,
) -> RoleGrant:
    """Give a role from a day on, by a document."""
    row = RoleGrant(
        account_id=account.id or 0,
        role=role.value,
        unit_id=unit.id if unit else None,
        document_number=document_number,
        valid_from=valid_from,
    )
    session.add(row)
    session.flush()
    record.record(
        session, "role:granted", [(grant_subject(account.username, row, unit.code if unit else ""), grant_aspects(row))]
    )
    return row


def grant_subject(username: str, row: RoleGrant, unit: str) -> str:
    return f"{username}/{row.role}/{unit}/{row.valid_from.isoformat()}"


def grant_aspects(row: RoleGrant) -> dict[str, Any]:
    return {"until": row.valid_to, "document": row.document_number}


def set_up_council(session: Session, *, code: str, name: str, decision_number: str, valid_from: date) -> Council:
    council = Council(code=code, name=name, decision_number=decision_number, valid_from=valid_from)
    session.add(council)
    session.flush()
    record.record(session, "council:set_up", [(code, council_aspects(council))])
    return council


def council_aspects(council: Council) -> dict[str, Any]:
    return {"about": [council.name, council.decision_number, council.valid_from, council.valid_to]}


def appoint(
    session: Session,
    council: Council,
    account: Account,
    *,
    title: str,
    body: str,
    valid_from: date,
    chairs: bool = False,
    teller: bool = False,
) -> CouncilMember:
    member = CouncilMember(
        council_id=council.id or 0,
        account_id=account.id or 0,
        title=title,
        body=body,
        chairs=chairs,
        teller=teller,
        valid_from=valid_from,
    )
    session.add(member)
    session.flush()
    record.record(
        session,
        "council_member:appointed",
        [(f"{council.code}/{account.username}/{valid_from.isoformat()}", member_aspects(member))],
    )
    return member


def member_aspects(member: CouncilMember) -> dict[str, Any]:
    return {"as": [member.title, member.body, member.chairs, member.teller, member.valid_to]}


def authorise(
    session: Session,
    *,
    principal: Account,
    deputy: Account,
    document_number: str,
    scope: str,
    valid_from: date,
    valid_to: date,
) -> Authorisation:
    """A written authorisation, limited in time and content (NĐ 30/2020 Art. 13.3)."""
    row = Authorisation(
        principal_id=principal.id or 0,
        deputy_id=deputy.id or 0,
        document_number=document_number,
        scope=scope,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(row)
    session.flush()
    record.record(session, "authorisation:given", [(str(row.id), authorisation_aspects(row))])
    return row


def authorisation_aspects(row: Authorisation) -> dict[str, Any]:
    return {"about": [row.principal_id, row.deputy_id, row.document_number, row.scope, row.valid_from, row.valid_to]}


def bound_to(session: Session, os_user: str) -> Account | None:
    """The account bound to an operating-system user by `init`."""
    return session.exec(select(Account).where(Account.os_user == os_user)).one_or_none()


def account_named(session: Session, username: str) -> Account:
    return session.exec(select(Account).where(Account.username == username)).one()


def first_administrator(session: Session, *, os_user: str, link: str, now: datetime) -> Account:
    """The account of whoever set the system up; its password is chosen through the one-time link."""
    account = add_account(session, username="quantri", display_name="Quản trị hệ thống", email=None, os_user=os_user)
    grant(session, account, Role.ADMINISTRATOR, valid_from=now.date(), document_number="init")
    session.add(Receipt(key=f"first/{hashlib.sha256(link.encode()).hexdigest()}", verb="first_sign_in",
                        actor=account.username, answer="", at=now))  # fmt: skip
    return account
