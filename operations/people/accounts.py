"""Units, accounts, roles, councils: set up by audited verbs, each with its entry in the ledger."""

import hashlib
import threading
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, Authorisation, Council, CouncilMember, OutsideIdentity, Receipt, RoleGrant, Unit
from operations import access, announce, free_text, record
from rules.lifecycle import Role
from rules.refusal import Refusal

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200  # more would only cost computing time
LINK_VALID = timedelta(days=7)
_HASHER = PasswordHasher()
_AT_ONCE = threading.BoundedSemaphore(4)  # each hash takes 64 MB: a rush of sign-ins must not take them all at once


def _by(username: str | None) -> dict[str, Any]:
    """Who did it, where somebody did: the sample and the first set-up have no actor."""
    return {} if username is None else {"by": username}


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
    by: str | None = None,
) -> Unit:
    unit = Unit(
        code=code, name=name, level=level, email=email, valid_from=valid_from, valid_to=valid_to, is_office=is_office
    )
    session.add(unit)
    session.flush()
    record.record(session, Kind.UNIT_REGISTERED, [(code, unit_aspects(unit) | _by(by))])
    return unit


def unit_aspects(unit: Unit) -> dict[str, Any]:
    about = [unit.id, unit.name, unit.level, unit.is_office, unit.valid_from, unit.valid_to]
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
    by: str | None = None,
) -> Account:
    account = Account(
        username=username,
        display_name=display_name,
        email=email,
        password_hash=password_hash or (hash_password(password) if password else None),
        os_user=os_user,
    )
    session.add(account)
    session.flush()
    record.record(session, Kind.ACCOUNT_CREATED, [(username, account_aspects(account) | _by(by))])
    return account


def account_aspects(account: Account) -> dict[str, Any]:
    return {
        "who": [account.id, account.display_name, account.email],
        "password": account.password_hash,
        "os_user": account.os_user,
        "disabled": account.disabled_at,
    }


def hash_password(password: str) -> str:
    """Argon2id (RFC 9106) with the library's defaults, over the text in NFC: two keyboards type «ế» in two ways."""
    with _AT_ONCE:
        return _HASHER.hash(unicodedata.normalize("NFC", password))


def matches(stored: str | None, password: str) -> bool:
    """Is this the password behind the hash? Without a hash it takes the same time and is not. Holds no transaction."""
    try:
        with _AT_ONCE:
            _HASHER.verify(stored or _DUMMY, unicodedata.normalize("NFC", password))
    except (VerifyMismatchError, UnicodeEncodeError):
        return False
    return stored is not None


def check_password(session: Session, username: str, password: str) -> None:
    """Raise Refusal `wrong_password` unless this is the account's password; unknown accounts take the same time."""
    account = session.exec(select(Account).where(Account.username == username)).one_or_none()
    if not matches(account.password_hash if account else None, password):
        raise Refusal("wrong_password", "Tên đăng nhập hoặc mật khẩu không đúng.", reach=True)


_DUMMY = _HASHER.hash("no account has this password")


def require_good_password(username: str, password: str) -> None:
    """Raise Refusal `weak_password` for a chosen password that is short, endless, monotonous or the username.

    NIST SP 800-63B 5.1.1.2: length counts, rules about kinds of characters do not.
    """
    free_text.check("Mật khẩu", password, LONGEST_PASSWORD)
    if len(password) < SHORTEST_PASSWORD:
        raise Refusal("weak_password", f"Mật khẩu phải có ít nhất {SHORTEST_PASSWORD} ký tự; một câu ngắn là tốt.")
    if password.strip().casefold() == username.casefold() or len(set(password)) < 5:
        raise Refusal(
            "weak_password", "Mật khẩu không được là tên đăng nhập hay vài ký tự lặp lại. Hãy chọn một câu khó đoán."
        )


def set_password(session: Session, account: Account, password_hash: str) -> None:
    """Another password for the account; who calls this has proven who asks for it. Its owner is told by letter."""
    again = account.password_hash is not None
    account.password_hash = password_hash
    session.add(account)
    session.flush()
    index = record.record(session, Kind.ACCOUNT_PASSWORD_SET, [(account.username, {"password": password_hash})])
    if again:
        tell(session, account, "Mật khẩu của tài khoản vừa được đổi.", by=account.username, index=index)


def tell(
    session: Session,
    account: Account,
    what: str,
    *,
    by: str,
    index: int,
    to: tuple[str, str, str | None] | None = None,
) -> None:
    """A letter to whom the account belongs (or `to`: username, name, address): what was done with it, and by whom."""
    username, name, email = to or (account.username, account.display_name, account.email)
    announce.notices(
        session,
        [
            announce.Notice(
                kind="account_changed",
                about=str(index),
                to=email,
                recipient=username,
                context={
                    "recipient_name": name,
                    "username": account.username,
                    "what": what,
                    "by": by,
                    "at": datetime.now(UTC).isoformat(),
                },
            )
        ],
    )


USED = "used"
_LINK = "first_sign_in"


def link_key(link: str) -> str:
    """The receipt's key under which a one-time link is known: its hash."""
    return f"first/{hashlib.sha256(link.encode('utf-8', 'replace')).hexdigest()}"


def issue_link(session: Session, account: Account, *, link: str, valid_until: datetime, now: datetime) -> None:
    """Let whoever holds this link set the account's password, once; earlier links of the account end."""
    end_links(session, account)
    session.add(Receipt(key=link_key(link), verb=_LINK, actor=account.username, answer=valid_until.isoformat(), at=now))


def end_links(session: Session, account: Account) -> None:
    """No one-time link of the account opens any more."""
    session.execute(
        sa.update(Receipt).where(col(Receipt.verb) == _LINK, col(Receipt.actor) == account.username).values(answer=USED)
    )


def grant(
    session: Session,
    account: Account,
    role: Role,
    *,
    valid_from: date,
    unit: Unit | None = None,
    document_number: str | None = None,
    by: str | None = None,
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
    subject = grant_subject(account.username, row, unit.code if unit else "")
    record.record(session, Kind.ROLE_GRANTED, [(subject, grant_aspects(row) | _by(by))])
    return row


def grant_subject(username: str, row: RoleGrant, unit: str) -> str:
    return f"{username}/{row.role}/{unit}/{row.valid_from.isoformat()}"


def grant_aspects(row: RoleGrant) -> dict[str, Any]:
    return {"until": row.valid_to, "document": row.document_number}


def set_up_council(
    session: Session, *, code: str, name: str, decision_number: str, valid_from: date, by: str | None = None
) -> Council:
    council = Council(code=code, name=name, decision_number=decision_number, valid_from=valid_from)
    session.add(council)
    session.flush()
    record.record(session, Kind.COUNCIL_SET_UP, [(code, council_aspects(council) | _by(by))])
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
    by: str | None = None,
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
        Kind.COUNCIL_MEMBER_APPOINTED,
        [(f"{council.code}/{account.username}/{valid_from.isoformat()}", member_aspects(member) | _by(by))],
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
    by: str | None = None,
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
    record.record(session, Kind.AUTHORISATION_GIVEN, [(str(row.id), authorisation_aspects(row) | _by(by))])
    return row


def authorisation_aspects(row: Authorisation) -> dict[str, Any]:
    return {"about": [row.principal_id, row.deputy_id, row.document_number, row.scope, row.valid_from, row.valid_to]}


def bound_to(session: Session, os_user: str) -> Account | None:
    """The account bound to an operating-system user by `init`."""
    return session.exec(select(Account).where(Account.os_user == os_user)).one_or_none()


def account_named(session: Session, username: str) -> Account:
    """The account. Raises Refusal `unknown_account`."""
    found = session.exec(select(Account).where(Account.username == username)).one_or_none()
    if found is None:
        raise Refusal("unknown_account", f"Không có tài khoản «{username}». Hãy kiểm tra lại tên đăng nhập.")
    return found


def first_administrator(
    session: Session, *, os_user: str, link: str, now: datetime, valid_until: datetime | None = None
) -> Account:
    """The account of whoever set the system up; its password is chosen through the one-time link."""
    account = add_account(session, username="quantri", display_name="Quản trị hệ thống", email=None, os_user=os_user)
    grant(session, account, Role.ADMINISTRATOR, valid_from=access.local_date(now), document_number="init")
    until = valid_until or datetime.now(UTC) + LINK_VALID
    issue_link(session, account, link=link, valid_until=until, now=now)
    return account


def roles_of(session: Session, account: Account, *, on: date) -> list[dict[str, Any]]:
    """The account's roles of this day, with unit, document and days."""
    query = (
        select(RoleGrant, Unit.code)
        .outerjoin(Unit, col(Unit.id) == col(RoleGrant.unit_id))
        .where(RoleGrant.account_id == account.id, RoleGrant.valid_from <= on)
        .where(col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > on))
        .order_by(col(RoleGrant.id))
    )
    return [
        {
            "role": row.role,
            "unit": unit,
            "document_number": row.document_number,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
        for row, unit in session.exec(query)
    ]


def authorisations_of(session: Session, account: Account, *, on: date) -> list[dict[str, Any]]:
    """Authorisations of this day that the account holds or has given."""
    names = {row.id: row.username for row in session.exec(select(Account))}
    query = (
        select(Authorisation)
        .where((Authorisation.deputy_id == account.id) | (Authorisation.principal_id == account.id))
        .where(Authorisation.valid_from <= on, Authorisation.valid_to >= on)
        .order_by(col(Authorisation.id))
    )
    return [
        {
            "id": row.id,
            "principal": names[row.principal_id],
            "deputy": names[row.deputy_id],
            "document_number": row.document_number,
            "scope": row.scope,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
        for row in session.exec(query)
    ]


def identity_is_new(session: Session, account: Account, *, issuer: str, subject: str) -> bool:
    """Is this identity of a provider nobody's yet? False where it is the account's own. Raises `identity_taken`."""
    free_text.check("Nơi cấp danh tính", issuer, 300)
    free_text.check("Danh tính", subject, 300)
    known = session.exec(
        select(OutsideIdentity).where(OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject)
    ).one_or_none()
    if known is not None and known.account_id != account.id:
        raise Refusal("identity_taken", "Danh tính này đã gắn với một tài khoản khác; phải gỡ ở tài khoản đó trước.")
    return known is None


def link_identity(session: Session, account: Account, *, issuer: str, subject: str, by: str) -> bool:
    """The account may sign in as this identity of a provider; False where it could already. Raises `identity_taken`."""
    if not identity_is_new(session, account, issuer=issuer, subject=subject):
        return False
    session.add(OutsideIdentity(account_id=account.id or 0, issuer=issuer, subject=subject))
    session.flush()
    told = {"identities": identities(session, account), "by": by}
    record.record(session, Kind.ACCOUNT_IDENTITY_LINKED, [(account.username, told)])
    return True


def unlink_identities(session: Session, account: Account, *, by: str) -> None:
    """The account signs in with its password only."""
    session.execute(sa.delete(OutsideIdentity).where(col(OutsideIdentity.account_id) == account.id))
    record.record(session, Kind.ACCOUNT_IDENTITIES_UNLINKED, [(account.username, {"identities": None, "by": by})])


def identities(session: Session, account: Account) -> list[list[str]] | None:
    """[issuer, subject] of each identity of the account, as the ledger commits to it; None without any."""
    rows = session.exec(
        select(OutsideIdentity.issuer, OutsideIdentity.subject).where(OutsideIdentity.account_id == account.id)
    )
    return sorted([issuer, subject] for issuer, subject in rows) or None
