"""Units as the administrator keeps them: registered, ended, listed."""

import re
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Unit
from models.organisation import LEVELS
from models.types import as_mapping
from operations import access, record
from operations.access import Actor
from operations.people import typed
from rules.lifecycle import Role
from rules.refusal import Refusal

_UNIT_CODE = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,14}")  # both stand in the subject of a ledger entry: 80 characters


def add(
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
    typed.require(
        _UNIT_CODE.fullmatch(code), "bad_code", "Mã đơn vị gồm chữ in hoa không dấu, số, dấu chấm, gạch ngang.", code
    )
    typed.require(level in LEVELS, "bad_level", f"Cấp của đơn vị là một trong: {', '.join(LEVELS)}.", level)
    name, email = typed.text("Tên đơn vị", name), typed.address(email)
    if session.exec(select(Unit).where(Unit.code == code)).first() is not None:
        raise Refusal("already_exists", f"Đã có đơn vị mang mã {code}.")
    if is_office and _offices(session, valid_from):
        raise Refusal(
            "office_exists",
            "Đã khai báo cơ quan có Hội đồng; hãy kết thúc cơ quan đó trước, ở trang Đơn vị (dòng lệnh: `vinhdanh unit end`).",
        )
    return _insert(
        session, code=code, name=name, level=level, email=email, valid_from=valid_from, is_office=is_office,
        by=actor.username,
    )  # fmt: skip


def _offices(session: Session, day: date) -> bool:
    query = select(Unit.id).where(col(Unit.is_office), col(Unit.valid_to).is_(None) | (col(Unit.valid_to) > day))
    return session.exec(query).first() is not None


def end(session: Session, code: str, *, on: date, successor: str | None = None, actor: Actor) -> Unit:
    """A unit ceases on a day; `successor` takes over. Raises Refusal `unknown_unit`, `already_ended`, `bad_date`."""
    access.require(actor, Role.ADMINISTRATOR)
    unit = named(session, code)
    if unit.valid_to is not None:
        raise Refusal("already_ended", f"Đơn vị {code} đã kết thúc từ {unit.valid_to:%d/%m/%Y}.")
    if on <= unit.valid_from:
        raise Refusal("bad_date", f"Đơn vị {code} có từ {unit.valid_from:%d/%m/%Y}; ngày kết thúc phải sau ngày đó.")
    heir = named(session, successor) if successor else None
    if heir is not None and heir.id == unit.id:
        raise Refusal("bad_successor", "Đơn vị kế thừa phải là đơn vị khác.")
    unit.valid_to = on
    unit.successor_id = heir.id if heir else None
    session.add(unit)
    session.flush()
    record.record(session, Kind.UNIT_ENDED, [(code, aspects(unit))], by=actor.username)
    return unit


def lineage(session: Session, unit_id: int) -> frozenset[int]:
    """A unit, every unit that became part of it, and every unit that it became part of."""
    following = as_mapping(
        session.execute(sa.select(col(Unit.id), col(Unit.successor_id)).where(col(Unit.successor_id).is_not(None)))
    )
    found = {unit_id}
    heir = following.get(unit_id)
    while heir is not None and heir not in found:
        found.add(heir)
        heir = following.get(heir)
    while grown := {before for before, after in following.items() if after in found} - found:
        found |= grown
    return frozenset(found)


def named(session: Session, code: str) -> Unit:
    """The unit of this code. Raises Refusal `unknown_unit`."""
    found = session.exec(select(Unit).where(Unit.code == code)).one_or_none()
    if found is None:
        raise Refusal(
            "unknown_unit",
            f"Không có đơn vị mang mã «{code}». Hãy xem danh sách đơn vị (dòng lệnh: `vinhdanh unit list`).",
        )
    return found


def listing(session: Session) -> list[dict[str, Any]]:
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


def _insert(
    session: Session,
    *,
    code: str,
    name: str,
    level: str,
    email: str | None,
    valid_from: date,
    is_office: bool = False,
    by: str,
) -> Unit:
    unit = Unit(code=code, name=name, level=level, email=email, valid_from=valid_from, is_office=is_office)
    session.add(unit)
    session.flush()
    record.record(session, Kind.UNIT_REGISTERED, [(code, aspects(unit))], by=by)
    return unit


def aspects(unit: Unit) -> dict[str, Any]:
    about = [unit.id, unit.name, unit.level, unit.is_office, unit.valid_from, unit.valid_to]
    return {"about": [*about, unit.salary_fund_owner_id, unit.successor_id], "email": unit.email}
