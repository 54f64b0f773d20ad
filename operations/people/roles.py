"""Roles, each given by a numbered document: none for oneself, no other beside the administrator's.

One that decides is given by two people: it waits as a one-time link does (docs/decisions/0014).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, RoleGrant, Unit
from operations import access, record
from operations.access import Actor
from operations.people import accounts, confirmers, endings, four_eyes, typed, units
from operations.people.four_eyes import Waiting
from rules import lifecycle, near_days, policy
from rules.lifecycle import ROLE_NAMES, Role
from rules.refusal import Citation, Refusal, Unreadable

_OF_A_UNIT = (Role.UNIT_OFFICER, Role.UNIT_HEAD)


def grant(
    session: Session,
    username: str,
    role: str,
    *,
    unit: str | None = None,
    document: str,
    valid_from: date,
    actor: Actor,
    now: datetime,
    wall: datetime | None = None,
) -> Waiting | None:
    """Give somebody else a role from a day on, by a document; what must be confirmed first, where it must.

    Raises Refusal `separation_of_duties` (for oneself, or administering beside another role), `document_required`,
    `already_granted`, `unknown_account`, `unknown_unit`; Unreadable `bad_role`, `unit_needed`.
    """
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.named(session, username)
    wanted = _role(role)
    if account.id == actor.account_id:
        raise _separate("Không ai tự cấp vai trò cho mình")
    place = _place(session, wanted, unit)
    document = typed.document(document)
    near_days.judge("Ngày bắt đầu vai trò", valid_from, today=access.local_date(now))
    require_new(session, account, wanted, place, valid_from=valid_from)
    if wanted in policy.DECIDING and actor != access.INSTALLER:
        gives = {"role": wanted.value, "document": document, "from": valid_from.isoformat()}
        asked = four_eyes.ask(session, account, "role", gives=gives, actor=actor, now=now, wall=wall)
        if asked is not None and asked.state == "asked":
            return four_eyes.shown(session, asked, account, now=now)
        given(session, account, gives, four_eyes.Doer(actor.username, alone=True), now=now)
        return None
    _insert(session, account, wanted, valid_from=valid_from, unit=place, document_number=document, by=actor.username)
    return None


def given(session: Session, account: Account, gives: Mapping[str, str], doer: four_eyes.Doer, *, now: datetime) -> None:
    """A role that decides comes to its holder; raises what `require_new` raises by now.

    What opened the account until then may be in one administrator's hand: it ends, where somebody else confirms the role.
    """
    role, since = Role(gives["role"]), date.fromisoformat(gives["from"])
    require_new(session, account, role, None, valid_from=since)
    what = f"Tài khoản vừa được trao vai trò {ROLE_NAMES[role]} từ {since:%d/%m/%Y}, theo {gives['document']}."
    if doer.confirmed_by is not None and close(session, account, by=doer.acting, now=now):
        what += CLOSED
    _insert(session, account, role, valid_from=since, document_number=gives["document"], by=doer.acting)
    four_eyes.tell(session, account, what, doer, now=now)


CLOSED = (
    " Mật khẩu và cách đăng nhập trước đây do quản trị hệ thống cấp một mình nên hết hiệu lực: cần một đường dẫn đặt mật khẩu "
    "mới, có người thứ hai xác nhận."
)


def close(session: Session, account: Account, *, by: str, now: datetime) -> bool:
    """End what opens an account that has decided nothing yet and that one administrator opened; did it have to?"""
    if confirmers.decides(session, account, now=now) or not confirmers.opened_alone(session, account):
        return False
    endings.ways_in(session, account, by=by)
    return True


def require_new(session: Session, account: Account, wanted: Role, place: Unit | None, *, valid_from: date) -> None:
    """Raise Refusal `separation_of_duties`, `already_granted` where this role cannot come to this account from that day."""
    username = account.username
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


def grant_with_seat(
    session: Session, account: Account, role: Role, *, document: str, valid_from: date, actor: Actor
) -> RoleGrant:
    """The role that a seat in the council needs, by the decision that filled the seat; an earlier one stays."""
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    if account.id == actor.account_id or role not in policy.SEATED:
        raise _separate("Không ai tự cấp vai trò cho mình")
    return _insert(session, account, role, valid_from=valid_from, document_number=document, by=actor.username)


def _insert(
    session: Session,
    account: Account,
    role: Role,
    *,
    valid_from: date,
    unit: Unit | None = None,
    document_number: str | None = None,
    by: str,
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
        session, Kind.ROLE_GRANTED, [(subject(account.code, row, unit.code if unit else ""), aspects(row))], by=by
    )
    return row


subject = confirmers.grant_subject


def aspects(row: RoleGrant) -> dict[str, Any]:
    return {"until": row.valid_to, "document": row.document_number}


def end(
    session: Session, username: str, role: str, *, unit: str | None = None, on: date, actor: Actor, now: datetime
) -> RoleGrant:
    """A role ends: `on` is the first day without it. Raises Refusal `no_such_grant`, `bad_date`, `last_administrator`."""
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.named(session, username)
    wanted = _role(role)
    place = units.named(session, unit) if unit else None
    near_days.judge("Ngày thôi vai trò", on, today=access.local_date(now))
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
        accounts.keep_an_administrator(session, account, now=now)
    row.valid_to = on
    session.add(row)
    session.flush()
    record.record(
        session,
        Kind.ROLE_ENDED,
        [(subject(account.code, row, place.code if place else ""), aspects(row))],
        by=actor.username,
    )
    if wanted in policy.DECIDING:
        what = f"Vai trò {ROLE_NAMES[wanted]} của tài khoản vừa được cho thôi từ {on:%d/%m/%Y}."
        four_eyes.tell(session, account, what, four_eyes.Doer(actor.username), now=now)
    return row


def of(session: Session, account: Account, *, on: date) -> list[dict[str, Any]]:
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


def _role(said: str) -> Role:
    if said not in set(policy.PEOPLE):
        words = ", ".join(role.value for role in Role if role in policy.PEOPLE)
        raise Unreadable("bad_role", f"Vai trò là một trong: {words}.", where={"role": said})
    return Role(said)


def _place(session: Session, role: Role, unit: str | None) -> Unit | None:
    if (role in _OF_A_UNIT) != (unit is not None):
        said = "phải ghi đơn vị" if unit is None else "không gắn với đơn vị"
        raise Unreadable("unit_needed", f"Vai trò {ROLE_NAMES[role]} {said}.", where={"unit": unit or ""})
    return units.named(session, unit) if unit else None


def _separate(why: str) -> Refusal:
    return Refusal(
        "separation_of_duties",
        f"{why}: người vận hành hệ thống không đề nghị, thẩm định, bỏ phiếu, kiểm phiếu hay ký. Hãy chọn người khác.",
        citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="a"),
        reach=True,
    )
