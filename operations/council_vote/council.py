"""The standing council (Law 06/2022 Art. 90): set up by a decision, its members appointed and dismissed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import (
    Account,
    Council,
    CouncilMember,
    RoleGrant,
)
from models.types import as_mapping, table
from operations import (
    access,
    free_text,
    record,
    regulations,
)
from operations.access import Actor
from operations.people import accounts, confirmers, four_eyes, roles
from rules import near_days, regulation
from rules.lifecycle import Role
from rules.refusal import Refusal


def set_up(session: Session, *, code: str, name: str, decision_number: str, valid_from: date, actor: Actor) -> Council:
    """Enter a council that a decision has set up; from that day on sessions are of its members.

    Raises Refusal `missing_value`, `code_taken`.
    """
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    for what, text, most in (("Mã", code, 40), ("Tên", name, 300), ("Số quyết định thành lập", decision_number, 80)):
        _require_text(f"{what} Hội đồng", text, most)
    if session.exec(select(Council).where(Council.code == code.strip())).one_or_none() is not None:
        raise Refusal("code_taken", f"Đã có Hội đồng mang mã «{code}». Hãy chọn mã khác.")
    return _insert(
        session,
        code=code.strip(),
        name=name.strip(),
        decision_number=decision_number.strip(),
        valid_from=valid_from,
        by=actor.username,
    )


def appoint(
    session: Session,
    *,
    council_code: str,
    username: str,
    title: str,
    body: str,
    valid_from: date,
    actor: Actor,
    now: datetime,
    chairs: bool = False,
    teller: bool = False,
    wall: datetime | None = None,
) -> CouncilMember:
    """Seat somebody who stands for a body, from a day on; the roles that a seat needs come with it.

    It is the secretary's act: an administrator does it only while neither a secretary nor a chairman is there.

    Raises Refusal `unknown_council`, `unknown_account`, `missing_value`, `before_the_council`, `already_a_member`,
    `already_chaired`, `administrator_cannot_sit`, `separation_of_duties`, `four_eyes`.
    """
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    if actor.username == username:
        raise Refusal("separation_of_duties", "Không ai tự đưa mình vào Hội đồng; hãy để người khác nhập quyết định.")
    council = council_named(session, council_code)
    account = accounts.named(session, username)
    _require_text("Chức danh trong Hội đồng", title, 200)
    _require_text("Cơ quan, tổ chức mà thành viên đại diện", body, 200)
    near_days.judge("Ngày bắt đầu tham gia", valid_from, today=access.local_date(now))
    if valid_from < council.valid_from:
        raise Refusal(
            "before_the_council",
            f"Hội đồng {council.code} được thành lập từ ngày {council.valid_from:%d/%m/%Y}; không cử thành viên từ ngày "
            f"{valid_from:%d/%m/%Y} được.",
        )
    held = {grant["role"] for grant in roles.of(session, account, on=valid_from)}
    if Role.ADMINISTRATOR.value in held:
        raise Refusal(
            "administrator_cannot_sit",
            f"«{username}» là quản trị hệ thống nên không làm thành viên Hội đồng: người vận hành không bỏ phiếu.",
        )
    for seat, name in _seats_from(session, council, valid_from):
        if seat.account_id == account.id:
            raise Refusal(
                "already_a_member",
                f"«{username}» đang là thành viên Hội đồng {council.code}. Muốn đổi chức danh, hãy cho thôi trước.",
            )
        if chairs and seat.chairs:
            raise Refusal("already_chaired", f"Hội đồng {council.code} đã có Chủ tịch Hội đồng: {name}.")
    doer = _seating(session, account, council, valid_from=valid_from, actor=actor, now=now, wall=wall)
    closed = doer is not None and roles.close(session, account, by=actor.username, now=now)
    for role in (Role.COUNCIL_MEMBER, *([Role.TELLER] if teller else [])):
        if role.value not in held:
            roles.grant_with_seat(
                session, account, role, document=council.decision_number, valid_from=valid_from, actor=actor
            )
    seat = _insert_seat(
        session,
        council,
        account,
        title=title.strip(),
        body=body.strip(),
        valid_from=valid_from,
        chairs=chairs,
        teller=teller,
        by=actor.username,
    )
    if doer is not None:
        what = f"Tài khoản vừa được cử vào Hội đồng {council.code} từ {valid_from:%d/%m/%Y}: {title.strip()}."
        four_eyes.tell(session, account, what + (roles.CLOSED if closed else ""), doer, now=now)
    return seat


def _seating(
    session: Session,
    account: Account,
    council: Council,
    *,
    valid_from: date,
    actor: Actor,
    now: datetime,
    wall: datetime | None,
) -> four_eyes.Doer | None:
    """Whose act the seat is, for the letters; None at the first set-up. Raises Refusal `four_eyes`."""
    if actor == access.INSTALLER:
        return None
    if not actor.holds(Role.ADMINISTRATOR):
        return four_eyes.Doer(actor.username)
    if confirmers.somebody_there(session, account, asked_by=actor.username, now=now, wall=wall):
        raise Refusal(
            "four_eyes",
            "Quản trị hệ thống không tự đưa người vào Hội đồng khi đã có thư ký hoặc chủ tịch. Hãy chuyển quyết định cho thư ký "
            "Hội đồng nhập, ở trang Hội đồng và thành viên; nếu chưa có thư ký, hãy xin cấp vai trò thư ký trước.",
            reach=True,
        )
    gives = {"role": Role.COUNCIL_MEMBER.value, "document": council.decision_number, "from": valid_from.isoformat()}
    four_eyes.ask(session, account, "role", gives=gives, actor=actor, now=now, wall=wall)
    return four_eyes.Doer(actor.username, alone=True)


def _insert(session: Session, *, code: str, name: str, decision_number: str, valid_from: date, by: str) -> Council:
    council = Council(code=code, name=name, decision_number=decision_number, valid_from=valid_from)
    session.add(council)
    session.flush()
    record.record(session, Kind.COUNCIL_SET_UP, [(code, council_aspects(council))], by=by)
    return council


def council_aspects(council: Council) -> dict[str, Any]:
    return {"about": [council.name, council.decision_number, council.valid_from, council.valid_to]}


def _insert_seat(
    session: Session,
    council: Council,
    account: Account,
    *,
    title: str,
    body: str,
    valid_from: date,
    chairs: bool = False,
    teller: bool = False,
    by: str,
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
        [(f"{council.code}/{account.code}/{valid_from.isoformat()}", member_aspects(member))],
        by=by,
    )
    return member


def member_aspects(member: CouncilMember) -> dict[str, Any]:
    return {"as": [member.title, member.body, member.chairs, member.teller, member.valid_to]}


def dismiss(session: Session, *, council_code: str, username: str, until: date, actor: Actor) -> CouncilMember:
    """End somebody's seat and the roles that came with it: on the day `until` they are no longer a member.

    Raises Refusal `unknown_council`, `unknown_account`, `not_a_member`, `bad_dates`.
    """
    access.require(actor, Role.SECRETARY, Role.ADMINISTRATOR)
    council = council_named(session, council_code)
    account = accounts.named(session, username)
    seat = session.exec(
        select(CouncilMember).where(
            CouncilMember.council_id == council.id,
            CouncilMember.account_id == account.id,
            col(CouncilMember.valid_to).is_(None),
        )
    ).one_or_none()
    if seat is None:
        raise Refusal("not_a_member", f"«{username}» không phải thành viên đương nhiệm của Hội đồng {council.code}.")
    if until <= seat.valid_from:
        raise Refusal(
            "bad_dates", f"Ngày thôi phải sau ngày bắt đầu ({seat.valid_from:%d/%m/%Y}); đã nhập {until:%d/%m/%Y}."
        )
    grants = session.exec(
        select(RoleGrant).where(
            RoleGrant.account_id == account.id,
            col(RoleGrant.role).in_((Role.COUNCIL_MEMBER.value, Role.TELLER.value)),
            RoleGrant.document_number == council.decision_number,
            RoleGrant.valid_from < until,
            col(RoleGrant.valid_to).is_(None),
        )
    ).all()
    for row in (seat, *grants):
        row.valid_to = until
        session.add(row)
    session.flush()
    record.record(
        session,
        Kind.COUNCIL_MEMBER_DISMISSED,
        [(f"{council.code}/{account.code}/{seat.valid_from.isoformat()}", member_aspects(seat))],
        by=actor.username,
    )
    record.record(
        session,
        Kind.ROLE_ENDED,
        [(roles.subject(account.code, row, ""), roles.aspects(row)) for row in grants],
        by=actor.username,
    )
    return seat


def council_named(session: Session, code: str) -> Council:
    """The council of this code. Raises Refusal `unknown_council`."""
    found = session.exec(select(Council).where(Council.code == code)).one_or_none()
    if found is None:
        raise Refusal(
            "unknown_council",
            f"Không có Hội đồng mang mã «{code}». Hãy kiểm tra lại mã (dòng lệnh: `vinhdanh council list`).",
        )
    return found


def listing(session: Session, *, on: date) -> list[dict[str, Any]]:
    """Every council with its members of a day, newest first."""
    return [
        {
            "code": council.code,
            "name": council.name,
            "decision_number": council.decision_number,
            "valid_from": council.valid_from,
            "valid_to": council.valid_to,
            "members": [
                {
                    "username": account.username,
                    "name": account.display_name,
                    "title": seat.title,
                    "body": seat.body,
                    "chairs": seat.chairs,
                    "teller": seat.teller,
                    "valid_from": seat.valid_from,
                    "valid_to": seat.valid_to,
                }
                for seat, account in people_on(session, council, on)
            ],
        }
        for council in session.exec(select(Council).order_by(col(Council.valid_from).desc(), col(Council.id)))
    ]


def seated(session: Session, *, on: date) -> list[dict[str, Any]]:
    """The council of a day and those set up to follow it, newest first, each with whoever sits from that day on.

    `missing_bodies` and `warnings` hold it against the regulation in use: on this day, or on the day on which it begins.
    """
    in_use = regulations.in_use(session)
    wanted = regulation.parse(in_use.text) if in_use else None
    usernames = as_mapping(session.execute(sa.select(table(Account).c.id, table(Account).c.username)))
    found = []
    standing = col(Council.valid_to).is_(None) | (col(Council.valid_to) > on)
    order = (col(Council.valid_from).desc(), col(Council.id).desc())
    for council in session.exec(select(Council).where(standing).order_by(*order)):
        people = [seat for seat, _ in people_on(session, council, max(on, council.valid_from))]
        held_against = composition_gaps(wanted, people) if wanted else {"missing_bodies": [], "warnings": []}
        members = [
            {
                "username": usernames[seat.account_id],
                "name": name,
                "title": seat.title,
                "body": seat.body,
                "chairs": seat.chairs,
                "teller": seat.teller,
                "valid_from": seat.valid_from,
                "valid_to": seat.valid_to,
            }
            for seat, name in _seats_from(session, council, on)
        ]
        about = {
            "code": council.code,
            "name": council.name,
            "decision_number": council.decision_number,
            "valid_from": council.valid_from,
            "present": council.valid_from <= on,
        }
        found.append(about | {"members": members} | held_against)
        if council.valid_from <= on:
            break  # what stood before it has been replaced
    return found


def candidates(session: Session, *, actor: Actor, on: date) -> list[tuple[str, str]]:
    """(username, name) of those who may be given a seat by this actor: neither an administrator nor oneself."""
    a, g = table(Account).c, table(RoleGrant).c
    administers = sa.exists().where(
        g.account_id == a.id,
        g.role == Role.ADMINISTRATOR.value,
        g.valid_from <= on,
        g.valid_to.is_(None) | (g.valid_to > on),
    )
    query = sa.select(a.username, a.display_name).where(
        a.disabled_at.is_(None), a.username != actor.username, ~administers
    )
    return [(username, name) for username, name in session.execute(query.order_by(a.display_name, a.username))]


def _require_text(what: str, text: str, most: int) -> None:
    if not text.strip():
        raise Refusal("missing_value", f"{what}: chưa ghi.")
    free_text.check(what, text, most)


def _seats_from(session: Session, council: Council, day: date) -> list[tuple[CouncilMember, str]]:
    """Seats that are held on this day or later, with who holds them."""
    return list(
        session.exec(
            select(CouncilMember, Account.display_name)
            .join(Account, col(CouncilMember.account_id) == col(Account.id))
            .where(
                CouncilMember.council_id == council.id,
                col(CouncilMember.valid_to).is_(None) | (col(CouncilMember.valid_to) > day),
            )
            .order_by(col(CouncilMember.id))
        )
    )


def people_on(session: Session, council: Council, day: date) -> list[tuple[CouncilMember, Account]]:
    """The seats of a day, in the order of their appointment."""
    return list(
        session.exec(
            select(CouncilMember, Account)
            .join(Account, col(CouncilMember.account_id) == col(Account.id))
            .where(
                CouncilMember.council_id == council.id,
                CouncilMember.valid_from <= day,
                col(CouncilMember.valid_to).is_(None) | (col(CouncilMember.valid_to) > day),
            )
            .order_by(col(CouncilMember.id))
        )
    )


def standing_on(session: Session, day: date) -> Council | None:
    """The council in office on this day; the newest where two overlap."""
    return session.exec(
        select(Council)
        .where(Council.valid_from <= day, col(Council.valid_to).is_(None) | (col(Council.valid_to) > day))
        .order_by(col(Council.valid_from).desc())
    ).first()


def composition_gaps(rule: regulation.Regulation, people: Sequence[CouncilMember]) -> dict[str, list[str]]:
    """Members held against `[composition]` of the regulation: {"missing_bodies", "warnings"}."""
    wanted = rule.composition
    deputies = sum("phó chủ tịch" in seat.title.casefold() for seat in people)
    warnings = []
    if wanted.members is not None and len(people) != wanted.members:
        warnings.append(f"Hội đồng có {len(people)} thành viên, Quy chế quy định {wanted.members}.")
    if wanted.deputies is not None and deputies != wanted.deputies:
        warnings.append(f"Hội đồng có {deputies} Phó Chủ tịch, Quy chế quy định {wanted.deputies}.")
    if not any(seat.chairs for seat in people):
        warnings.append("Hội đồng chưa có Chủ tịch Hội đồng.")
    return {"missing_bodies": list(wanted.missing_bodies(seat.body for seat in people)), "warnings": warnings}
