"""Authorisations to sign: the chairman's, in writing, for a time and a content (NĐ 30/2020 Art. 13.3)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, Authorisation, RoleGrant
from operations import access, free_text, record
from operations.access import Actor
from operations.people import accounts, typed
from rules import catalogue, near_days
from rules.lifecycle import ROLE_NAMES, Role, not_your_role
from rules.refusal import Refusal


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
        raise not_your_role(f"chính người ủy quyền («{principal}»)", citation=typed.WRITTEN)
    chosen = accounts.named(session, deputy)
    today = access.local_date(now)
    near_days.judge("Ngày bắt đầu ủy quyền", valid_from, today=today)
    near_days.judge("Ngày hết hạn ủy quyền", valid_to, today=today)
    if not access.actor(session, deputy, now=max(now, _noon(valid_from))).holds(Role.DEPUTY):
        raise Refusal(
            "not_a_deputy",
            f"«{deputy}» không giữ vai trò {ROLE_NAMES[Role.DEPUTY]} vào ngày đó; cấp phó mới được ký thay.",
            citation=typed.WRITTEN,
        )
    if valid_to < valid_from:
        raise Refusal("bad_date", "Ngày hết hạn ủy quyền phải từ ngày bắt đầu trở đi.", citation=typed.WRITTEN)
    if valid_to < today:
        raise Refusal(
            "bad_date",
            f"Ủy quyền này đã hết hạn ngày {valid_to:%d/%m/%Y}. Hãy ghi ngày hết hạn từ hôm nay trở đi.",
            citation=typed.WRITTEN,
        )
    return _insert(
        session,
        principal=accounts.named(session, actor.username),
        deputy=chosen,
        document_number=typed.document(document),
        scope=_scope(scope),
        valid_from=valid_from,
        valid_to=valid_to,
        by=actor.username,
    )


def _insert(
    session: Session,
    *,
    principal: Account,
    deputy: Account,
    document_number: str,
    scope: str,
    valid_from: date,
    valid_to: date,
    by: str,
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
    record.record(session, Kind.AUTHORISATION_GIVEN, [(str(row.id), aspects(row))], by=by)
    return row


def aspects(row: Authorisation) -> dict[str, Any]:
    return {"about": [row.principal_id, row.deputy_id, row.document_number, row.scope, row.valid_from, row.valid_to]}


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


def end(session: Session, document: str, *, on: date | None = None, actor: Actor, now: datetime) -> Authorisation:
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
    record.record(session, Kind.AUTHORISATION_ENDED, [(str(row.id), aspects(row))], by=actor.username)
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


def running(session: Session, document: str, *, now: datetime) -> dict[str, Any]:
    """The authorisation that ending this document would end, as listed. Raises Refusal `unknown_authorisation`."""
    return _listed(session, [_running(session, document, now=now)])[0]


def listing(session: Session) -> list[dict[str, Any]]:
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


def of(session: Session, account: Account, *, on: date) -> list[dict[str, Any]]:
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
