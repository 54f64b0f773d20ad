"""Units, accounts, roles and authorisations as people change them: audited verbs with an actor.

The administrator runs the system and has no part in its decisions: no other role beside that one, none for oneself, and
each role by a numbered document. Authorisations are the chairman's (NĐ 30/2020 Art. 13.3).
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, Authorisation, RoleGrant, SecondFactor, Unit
from models.organisation import LEVELS
from operations import access, free_text, recipients, record
from operations.access import Actor
from operations.people import account_requests, accounts, second_factor, sign_in
from operations.people.account_requests import DECIDING, Waiting
from rules import catalogue, lifecycle, policy
from rules.lifecycle import ROLE_NAMES, Role
from rules.refusal import Citation, Refusal, Unreadable

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,29}")
# Who stands in the ledger and the security log where nobody with an account acted: a name like that would pass for them.
_RESERVED = frozenset({access.ENGINE.username, "he-thong", "system", "citizen", "cong-dan", "nobody"})
_UNIT_CODE = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,14}")  # both stand in the subject of a ledger entry: 80 characters
_EMAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\".]+")
_LAST_YEAR = 2200  # beyond it time zones overflow
_OF_A_UNIT = (Role.UNIT_OFFICER, Role.UNIT_HEAD)
_WRITTEN = Citation(document="30/2020/NĐ-CP", article="13", clause="3")


# Units ------------------------------------------------------------------------------------------------------------


def add_unit(
    session: Session,
    *,
    code: str,
    name: str,
    level: str,
    email: str | None,
    valid_from: date,
    is_office: bool = False,
    actor: Actor,
) -> Unit:
    """Register a unit, or the office itself. Raises Refusal `already_exists`, `office_exists`, Unreadable for bad input."""
    access.require(actor, Role.ADMINISTRATOR)
    _require(
        _UNIT_CODE.fullmatch(code), "bad_code", "Mã đơn vị gồm chữ in hoa không dấu, số, dấu chấm, gạch ngang.", code
    )
    _require(level in LEVELS, "bad_level", f"Cấp của đơn vị là một trong: {', '.join(LEVELS)}.", level)
    name, email = _text("Tên đơn vị", name), _address(email)
    if session.exec(select(Unit).where(Unit.code == code)).first() is not None:
        raise Refusal("already_exists", f"Đã có đơn vị mang mã {code}.")
    if is_office and _offices(session, valid_from):
        raise Refusal(
            "office_exists",
            "Đã khai báo cơ quan có Hội đồng; hãy kết thúc cơ quan đó trước, ở trang Đơn vị (dòng lệnh: `vinhdanh unit end`).",
        )
    return accounts.add_unit(
        session, code=code, name=name, level=level, email=email, valid_from=valid_from, is_office=is_office,
        by=actor.username,
    )  # fmt: skip


def _offices(session: Session, day: date) -> bool:
    query = select(Unit.id).where(col(Unit.is_office), col(Unit.valid_to).is_(None) | (col(Unit.valid_to) > day))
    return session.exec(query).first() is not None


def end_unit(session: Session, code: str, *, on: date, successor: str | None = None, actor: Actor) -> Unit:
    """A unit ceases on a day; `successor` takes over. Raises Refusal `unknown_unit`, `already_ended`, `bad_date`."""
    access.require(actor, Role.ADMINISTRATOR)
    unit = unit_named(session, code)
    if unit.valid_to is not None:
        raise Refusal("already_ended", f"Đơn vị {code} đã kết thúc từ {unit.valid_to:%d/%m/%Y}.")
    if on <= unit.valid_from:
        raise Refusal("bad_date", f"Đơn vị {code} có từ {unit.valid_from:%d/%m/%Y}; ngày kết thúc phải sau ngày đó.")
    heir = unit_named(session, successor) if successor else None
    if heir is not None and heir.id == unit.id:
        raise Refusal("bad_successor", "Đơn vị kế thừa phải là đơn vị khác.")
    unit.valid_to = on
    unit.successor_id = heir.id if heir else None
    session.add(unit)
    session.flush()
    record.record(session, Kind.UNIT_ENDED, [(code, {**accounts.unit_aspects(unit), "by": actor.username})])
    return unit


def unit_named(session: Session, code: str) -> Unit:
    """The unit of this code. Raises Refusal `unknown_unit`."""
    found = session.exec(select(Unit).where(Unit.code == code)).one_or_none()
    if found is None:
        raise Refusal(
            "unknown_unit",
            f"Không có đơn vị mang mã «{code}». Hãy xem danh sách đơn vị (dòng lệnh: `vinhdanh unit list`).",
        )
    return found


def units(session: Session) -> list[dict[str, Any]]:
    """Every unit, those that have ended too."""
    return [
        {
            "code": unit.code,
            "name": unit.name,
            "level": unit.level,
            "office": unit.is_office,
            "from": unit.valid_from,
            "to": unit.valid_to,
        }
        for unit in session.exec(select(Unit).order_by(col(Unit.id)))
    ]


# Accounts ---------------------------------------------------------------------------------------------------------


def add_account(session: Session, *, username: str, name: str, email: str | None, actor: Actor) -> Account:
    """An account without roles and without a password. Raises Refusal `already_exists`, Unreadable for bad input."""
    access.require(actor, Role.ADMINISTRATOR)
    _require(
        _USERNAME.fullmatch(username),
        "bad_username",
        "Tên đăng nhập có 2–30 ký tự: chữ thường không dấu, số, dấu chấm, gạch ngang, gạch dưới.",
        username,
    )
    _require(
        username not in _RESERVED,
        "bad_username",
        f"«{username}» là tên dành cho hệ thống hoặc cho người không có tài khoản. Hãy chọn tên đăng nhập khác.",
        username,
    )
    name, email = _text("Họ và tên", name), _address(email)
    if session.exec(select(Account).where(Account.username == username)).first() is not None:
        raise Refusal("already_exists", f"Đã có tài khoản «{username}».")
    return accounts.add_account(session, username=username, display_name=name, email=email, by=actor.username)


def invite(
    session: Session, username: str, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> tuple[str, datetime, Waiting | None]:
    """A one-time link to choose the account's password, until when it is good, and what it waits for before it opens.

    An earlier link ends.
    """
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    access.actor(session, username, now=now)
    link = secrets.token_hex(24)  # no sign that a command line or a mail program would take for its own
    until = _until(wall)
    accounts.issue_link(session, account, link=link, valid_until=until, now=now)
    key = accounts.link_key(link)
    asked = account_requests.ask(session, account, "link", link=key, until=until, actor=actor, now=now)
    if asked is not None and asked.state == "asked":
        return link, until, account_requests.shown(session, asked, account, now=now)
    _invited(session, account, until, _Doer(actor.username, alone=asked is not None), now=now)
    return link, until, None


def _until(wall: datetime | None) -> datetime:
    return (wall or datetime.now(UTC)) + accounts.LINK_VALID


@dataclass(frozen=True, slots=True)
class _Doer:
    """The administrator who does something with an account, who confirmed it, or that nobody could (`alone`)."""

    by: str
    confirmed_by: Actor | None = None
    alone: bool = False


def _invited(session: Session, account: Account, until: datetime, doer: _Doer, *, now: datetime) -> None:
    record.record(session, Kind.ACCOUNT_INVITED, [(account.username, {"invited": [doer.by, until]})])
    if account.password_hash is not None:
        _tell(session, account, "Một đường dẫn để đặt lại mật khẩu của tài khoản vừa được cấp.", doer, now=now)


def _tell(session: Session, account: Account, what: str, doer: _Doer, *, now: datetime) -> None:
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
        watching = (*account_requests.CONFIRMING, Role.INSPECTOR)
        found = account_requests.holders(session, *watching, today=today)
        told = [(one.username, one.display_name, one.email) for one in found]
    elif {Role(row["role"]) for row in accounts.roles_of(session, account, on=today)} & DECIDING:
        told = [*recipients.holders(session, Role.SECRETARY, today=today)]
    for to in told:
        if to[0] != account.username:
            accounts.tell(session, account, what, by=doer.by, index=index, to=to)


def disable(session: Session, username: str, *, actor: Actor, now: datetime) -> None:
    """Lock an account: its sessions end and its tokens are void. Raises Refusal `last_administrator`, `account_disabled`."""
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    if account.disabled_at is not None:
        raise Refusal("account_disabled", f"Tài khoản «{username}» đã bị khóa từ trước.")
    _keep_an_administrator(session, account, now=now)
    account.disabled_at = now
    session.add(account)
    session.flush()
    sign_in.revoke_all(session, account.id or 0)
    _record_account(session, Kind.ACCOUNT_DISABLED, account, actor)


def enable(session: Session, username: str, *, actor: Actor) -> None:
    """Unlock an account. Raises Refusal `not_disabled`."""
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    if account.disabled_at is None:
        raise Refusal("not_disabled", f"Tài khoản «{username}» không bị khóa.")
    account.disabled_at = None
    session.add(account)
    session.flush()
    _record_account(session, Kind.ACCOUNT_ENABLED, account, actor)


def _record_account(session: Session, kind: Kind, account: Account, actor: Actor) -> None:
    told = {"disabled": account.disabled_at, "by": actor.username}
    record.record(session, kind, [(account.username, told)])


def _keep_an_administrator(session: Session, but: Account, *, now: datetime) -> None:
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
    held = accounts.roles_of(session, but, on=today)
    if others is None and any(row["role"] == Role.ADMINISTRATOR.value for row in held):
        raise Refusal(
            "last_administrator", "Đây là quản trị hệ thống cuối cùng; hãy cấp vai trò này cho người khác trước."
        )


def reset_second_factor(
    session: Session, username: str, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> Waiting | None:
    """A lost phone: the account signs in without codes again, and its sessions end. Raises Refusal `no_second_factor`.

    What must be confirmed first, where it must.
    """
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    factor = session.get(SecondFactor, account.id)
    asked = None
    if factor is not None and factor.confirmed_at is not None:  # else there is nothing that guards the account
        asked = account_requests.ask(session, account, "second_factor", until=_until(wall), actor=actor, now=now)
    if asked is not None and asked.state == "asked":
        return account_requests.shown(session, asked, account, now=now)
    _take_second_factor(session, account, _Doer(actor.username, alone=asked is not None), now=now)
    return None


def _take_second_factor(session: Session, account: Account, doer: _Doer, *, now: datetime) -> None:
    second_factor.remove(session, account, by=doer.by)
    _tell(session, account, "Xác nhận hai lớp của tài khoản vừa được gỡ.", doer, now=now)
    sign_in.revoke_all(session, account.id or 0)


def link_identity(
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
    issuer, subject = _text("Nơi cấp danh tính", issuer, 300), _text("Danh tính", subject, 300)
    account = accounts.account_named(session, username)
    if not accounts.identity_is_new(session, account, issuer=issuer, subject=subject):
        return None
    asked = account_requests.ask(
        session, account, "identity", identity=(issuer, subject), until=_until(wall), actor=actor, now=now
    )
    if asked is not None and asked.state == "asked":
        return account_requests.shown(session, asked, account, now=now)
    _give_identity(session, account, issuer, subject, _Doer(actor.username, alone=asked is not None), now=now)
    return None


def _give_identity(
    session: Session, account: Account, issuer: str, subject: str, doer: _Doer, *, now: datetime
) -> None:
    if accounts.link_identity(session, account, issuer=issuer, subject=subject, by=doer.by):
        _tell(session, account, "Tài khoản vừa được gắn với một danh tính bên ngoài để đăng nhập.", doer, now=now)


def confirm_request(
    session: Session, number: int, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> Waiting:
    """Let what an administrator asked for with an account happen; what it was. The door has asked for the password.

    Raises what `account_requests.to_settle` raises, and what the act itself refuses by now.
    """
    row, account = account_requests.to_settle(session, number, actor=actor, now=now, wall=wall)
    asked = account_requests.shown(session, row, account, now=now)
    account_requests.settle(session, row, account, "confirmed", actor=actor, now=now)
    doer = _Doer(row.asked_by, confirmed_by=actor)
    if row.act == "link":
        _invited(session, account, row.valid_until, doer, now=now)
    elif row.act == "second_factor":
        _take_second_factor(session, account, doer, now=now)
    else:
        _give_identity(session, account, row.issuer or "", row.subject or "", doer, now=now)
    return asked


def decline_request(
    session: Session, number: int, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> Waiting:
    """What an administrator asked for with an account does not happen; what it was. Raises as `confirm_request`."""
    row, account = account_requests.to_settle(session, number, actor=actor, now=now, wall=wall)
    asked = account_requests.shown(session, row, account, now=now)
    account_requests.settle(session, row, account, "refused", actor=actor, now=now)
    if row.act == "link":
        accounts.end_links(session, account)
    return asked


def unlink_identities(session: Session, username: str, *, actor: Actor, now: datetime) -> None:
    """Let an account sign in with its password only; its sessions end, and its owner learns of it."""
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    accounts.unlink_identities(session, account, by=actor.username)
    what = "Tài khoản vừa được gỡ khỏi danh tính bên ngoài: từ nay chỉ đăng nhập bằng mật khẩu."
    _tell(session, account, what, _Doer(actor.username), now=now)
    sign_in.revoke_all(session, account.id or 0)


def account_list(session: Session, *, now: datetime) -> list[dict[str, Any]]:
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


# Roles ------------------------------------------------------------------------------------------------------------


def grant(
    session: Session,
    username: str,
    role: str,
    *,
    unit: str | None = None,
    document: str,
    valid_from: date,
    actor: Actor,
) -> RoleGrant:
    """Give somebody else a role from a day on, by a document.

    Raises Refusal `separation_of_duties` (for oneself, or administering beside another role), `document_required`,
    `already_granted`, `unknown_account`, `unknown_unit`; Unreadable `bad_role`, `unit_needed`.
    """
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    wanted = _role(role)
    if account.id == actor.account_id:
        raise _separate("Không ai tự cấp vai trò cho mình")
    place = _place(session, wanted, unit)
    document = _document(document)
    rows = session.exec(
        select(RoleGrant).where(
            RoleGrant.account_id == account.id,
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > valid_from),
        )
    ).all()
    barred = policy.incompatible(wanted, (Role(row.role) for row in rows))
    if barred:
        names = ", ".join(ROLE_NAMES[other] for other in Role if other in barred)
        raise _separate(f"«{username}» đang là {names}; quản trị hệ thống không giữ vai trò nào khác")
    if any((row.role, row.unit_id) == (wanted.value, place.id if place else None) for row in rows):
        raise Refusal("already_granted", f"«{username}» đã có vai trò {ROLE_NAMES[wanted]}.")
    again = session.exec(
        select(RoleGrant.id).where(
            RoleGrant.account_id == account.id,
            RoleGrant.role == wanted.value,
            RoleGrant.unit_id == (place.id if place else None),
            RoleGrant.valid_from == valid_from,
        )
    ).first()
    if again is not None:
        raise Refusal(
            "already_granted", f"Vai trò {ROLE_NAMES[wanted]} từ ngày này đã được ghi một lần; chọn ngày khác."
        )
    return accounts.grant(
        session, account, wanted, valid_from=valid_from, unit=place, document_number=document, by=actor.username
    )


def end_grant(
    session: Session, username: str, role: str, *, unit: str | None = None, on: date, actor: Actor, now: datetime
) -> RoleGrant:
    """A role ends: `on` is the first day without it. Raises Refusal `no_such_grant`, `bad_date`, `last_administrator`."""
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.account_named(session, username)
    wanted = _role(role)
    place = unit_named(session, unit) if unit else None
    row = session.exec(
        select(RoleGrant)
        .where(
            RoleGrant.account_id == account.id,
            RoleGrant.role == wanted.value,
            RoleGrant.unit_id == (place.id if place else None),
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > on),
        )
        .order_by(col(RoleGrant.valid_from))
    ).first()
    if row is None:
        raise Refusal("no_such_grant", f"«{username}» không giữ vai trò {ROLE_NAMES[wanted]} vào ngày đó.")
    if on <= row.valid_from:
        raise Refusal(
            "bad_date",
            f"Vai trò này có từ {row.valid_from:%d/%m/%Y}, sớm nhất kết thúc hôm sau. "
            "Cần dừng ngay thì khóa tài khoản (dòng lệnh: `vinhdanh account disable`).",
        )
    if wanted is Role.ADMINISTRATOR:
        _keep_an_administrator(session, account, now=now)
    row.valid_to = on
    session.add(row)
    session.flush()
    subject = accounts.grant_subject(username, row, place.code if place else "")
    record.record(session, Kind.ROLE_ENDED, [(subject, {**accounts.grant_aspects(row), "by": actor.username})])
    return row


def _role(said: str) -> Role:
    if said not in set(policy.PEOPLE):
        words = ", ".join(role.value for role in Role if role in policy.PEOPLE)
        raise Unreadable("bad_role", f"Vai trò là một trong: {words}.", where={"role": said})
    return Role(said)


def _place(session: Session, role: Role, unit: str | None) -> Unit | None:
    if (role in _OF_A_UNIT) != (unit is not None):
        said = "phải ghi đơn vị" if unit is None else "không gắn với đơn vị"
        raise Unreadable("unit_needed", f"Vai trò {ROLE_NAMES[role]} {said}.", where={"unit": unit or ""})
    return unit_named(session, unit) if unit else None


def _separate(why: str) -> Refusal:
    return Refusal(
        "separation_of_duties",
        f"{why}: người vận hành hệ thống không đề nghị, thẩm định, bỏ phiếu, kiểm phiếu hay ký. Hãy chọn người khác.",
        citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="a"),
        reach=True,
    )


# Authorisations ---------------------------------------------------------------------------------------------------


def authorise(
    session: Session,
    *,
    deputy: str,
    document: str,
    scope: str,
    valid_from: date,
    valid_to: date,
    principal: str | None = None,
    actor: Actor,
    now: datetime,
) -> Authorisation:
    """The chairman lets a deputy sign in his place: by a document, for `all` or some awards, from a day to a day.

    Raises Refusal `not_your_role`, `not_a_deputy`, `bad_date`, `unknown_award`, `document_required`.
    """
    access.require(actor, Role.CHAIRMAN)
    if principal is not None and principal != actor.username:
        raise Refusal(
            "not_your_role",
            "Chỉ chính người ủy quyền mới ghi được việc ủy quyền của mình.",
            citation=_WRITTEN,
            reach=True,
        )
    chosen = accounts.account_named(session, deputy)
    if max(valid_from, valid_to).year > _LAST_YEAR:
        raise Refusal(
            "bad_date", f"Ủy quyền phải có thời hạn: ngày sau năm {_LAST_YEAR} không được nhận.", citation=_WRITTEN
        )
    if not access.actor(session, deputy, now=max(now, _noon(valid_from))).holds(Role.DEPUTY):
        raise Refusal(
            "not_a_deputy",
            f"«{deputy}» không giữ vai trò {ROLE_NAMES[Role.DEPUTY]} vào ngày đó; cấp phó mới được ký thay.",
            citation=_WRITTEN,
        )
    if valid_to < valid_from:
        raise Refusal("bad_date", "Ngày hết hạn ủy quyền phải từ ngày bắt đầu trở đi.", citation=_WRITTEN)
    return accounts.authorise(
        session,
        principal=accounts.account_named(session, actor.username),
        deputy=chosen,
        document_number=_document(document),
        scope=_scope(scope),
        valid_from=valid_from,
        valid_to=valid_to,
        by=actor.username,
    )


def deputies(session: Session, *, on: date) -> list[tuple[str, str]]:
    """(username, name) of those who hold the role of deputy on this day or will: whom the chairman may authorise."""
    query = (
        select(Account.username, Account.display_name)
        .join(RoleGrant, col(RoleGrant.account_id) == col(Account.id))
        .where(
            RoleGrant.role == Role.DEPUTY.value,
            col(RoleGrant.valid_to).is_(None) | (col(RoleGrant.valid_to) > on),
            col(Account.disabled_at).is_(None),
        )
        .distinct()
        .order_by(Account.display_name, Account.username)
    )
    return [(username, name) for username, name in session.exec(query)]


def _noon(day: date) -> datetime:
    return access.end_of_day(day) - timedelta(hours=12)


def _scope(said: str) -> str:
    awards = [award.strip() for award in said.split(",") if award.strip()]
    if awards == ["all"]:
        return "all"
    known = {award for pack in catalogue.packs() for award in pack.awards}
    strange = sorted(set(awards) - known)
    if strange or not awards:
        raise Refusal(
            "unknown_award",
            f"Phạm vi ủy quyền có mã lạ: {', '.join(strange) or 'trống'}. Ghi all hoặc mã các hình thức.",
        )
    scope = ",".join(dict.fromkeys(awards))
    free_text.check("Phạm vi ủy quyền", scope, 200)
    return scope


def end_authorisation(
    session: Session, document: str, *, on: date | None = None, actor: Actor, now: datetime
) -> Authorisation:
    """End an authorisation early; `on` is its last day (yesterday: it is over at once).

    Any acting chairman may: whoever gave it may be gone. Raises Refusal `unknown_authorisation`, `bad_date`.
    """
    access.require(actor, Role.CHAIRMAN)
    today = access.local_date(now)
    row = _running(session, document, now=now)
    last = on or max(today - timedelta(days=1), row.valid_from)
    if not row.valid_from <= last <= row.valid_to:
        raise Refusal(
            "bad_date",
            f"Ủy quyền này từ {row.valid_from:%d/%m/%Y} đến {row.valid_to:%d/%m/%Y}; ngày cuối phải nằm trong khoảng đó.",
        )
    row.valid_to = last
    session.add(row)
    session.flush()
    told = {**accounts.authorisation_aspects(row), "by": actor.username}
    record.record(session, Kind.AUTHORISATION_ENDED, [(str(row.id), told)])
    return row


def _running(session: Session, document: str, *, now: datetime) -> Authorisation:
    row = session.exec(
        select(Authorisation)
        .where(Authorisation.document_number == document, Authorisation.valid_to >= access.local_date(now))
        .order_by(col(Authorisation.id).desc())
    ).first()
    if row is None:
        raise Refusal(
            "unknown_authorisation",
            f"Không có văn bản ủy quyền số «{document}» còn hiệu lực. Hãy xem lại danh sách ủy quyền.",
        )
    return row


def running_authorisation(session: Session, document: str, *, now: datetime) -> dict[str, Any]:
    """The authorisation that ending this document would end, as listed. Raises Refusal `unknown_authorisation`."""
    return _listed(session, [_running(session, document, now=now)])[0]


def authorisations(session: Session) -> list[dict[str, Any]]:
    """Every authorisation ever given, newest last."""
    return _listed(session, session.exec(select(Authorisation).order_by(col(Authorisation.id))))


def _listed(session: Session, rows: Iterable[Authorisation]) -> list[dict[str, Any]]:
    names = {row.id: row.username for row in session.exec(select(Account))}
    return [
        {
            "document": row.document_number,
            "principal": names[row.principal_id],
            "deputy": names[row.deputy_id],
            "scope": row.scope,
            "from": row.valid_from,
            "to": row.valid_to,
        }
        for row in rows
    ]


# What was typed ---------------------------------------------------------------------------------------------------


def _require(good: object, code: str, message: str, said: str) -> None:
    if not good:
        raise Unreadable(code, message, where={"value": said})


def _text(what: str, said: str, most: int = 200) -> str:
    if not said.strip():
        raise Unreadable("missing_value", f"{what} còn trống.")
    free_text.check(what, said, most)
    return said.strip()


def _address(said: str | None) -> str | None:
    if not said:
        return None
    _require(len(said) <= 254 and _EMAIL.fullmatch(said), "bad_email", "Địa chỉ thư điện tử không đúng.", said)
    return said


def _document(said: str) -> str:
    if not said.strip():
        raise Refusal(
            "document_required", "Phải ghi số văn bản làm căn cứ (quyết định, giấy ủy quyền).", citation=_WRITTEN
        )
    free_text.check("Số văn bản", said, 80)
    return said.strip()
