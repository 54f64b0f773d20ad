"""Citizens' petitions: taken by anybody with a receipt, due by their own legal clock, answered by the office.

Who sent one is never published and stands in no list (Luật Tố cáo 25/2018/QH14).
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import kinds
from ledger.kinds import Kind
from models import Decision, Nomination, Petition, PetitionReceipt
from models.types import table
from operations import (
    access,
    announce,
    free_text,
    numbering,
    paging,
    recipients,
    record,
    rights,
    transition,
)
from operations.access import Actor
from operations.public_disclosure import disclosure
from rules import deadlines
from rules.lifecycle import Role
from rules.refusal import Refusal

ANSWER_DAYS = 15  # Luật TCTT 104/2016 Art. 22: answered within 15 days of receipt
KINDS = {"feedback": "phản ánh, kiến nghị", "complaint": "khiếu nại", "denunciation": "tố cáo"}
# The law that a kind is handled by; the first one's clock is the day that this system watches for all of them.
LAWS = {
    "feedback": "Điều 22 Luật Tiếp cận thông tin 104/2016/QH13",
    "complaint": "Luật Khiếu nại 02/2011/QH13",
    "denunciation": "Luật Tố cáo 25/2018/QH14",
}
STATES = {"received": "đã tiếp nhận, đang xem xét", "answered": "đã trả lời"}
# Who acts when a citizen does: nobody's account, for the keys of `idempotency`.
CITIZEN = Actor(username="", name="công dân", roles=frozenset())
READERS = (Role.REVIEWER, Role.SECRETARY, Role.CHAIRMAN, Role.INSPECTOR)
_P = table(Petition).c
_ANSWERED = sa.case((_P.state == "answered", 1), else_=0)


@dataclass(frozen=True, slots=True)
class Received:
    """What the sender takes home: the petition's code and the receipt that alone opens its state."""

    code: str
    receipt: str
    due_on: date


def file(
    session: Session,
    *,
    text: str,
    kind: str = "feedback",
    nomination: str | None = None,
    decision: str | None = None,
    sender: str | None = None,
    receipt: str | None = None,
    now: datetime,
) -> Received:
    """Take a citizen's objection: receipt, its own legal clock, and word to Phòng Nội vụ. Never says who sent it.

    `receipt` is one from `receipt_from`, for a door that must show the same one again; else a fresh one.

    A code that is no nomination's stays in the text. Raises Refusal `missing_text`, `unknown_ground`, `unknown_decision`.
    """
    if not text.strip():
        raise Refusal("missing_text", "Hãy viết nội dung phản ánh, kiến nghị.")
    free_text.check("Nội dung phản ánh", text)
    free_text.check("Tên người gửi", sender, 300)
    if kind not in KINDS:
        raise Refusal("unknown_ground", f"Loại đơn phải là một trong: {', '.join(KINDS)}.")
    about = transition.standings(session, [nomination]).get(nomination) if nomination else None
    if nomination and about is None:
        # Neither confirmed nor denied: a citizen may name what is not public yet, and learns nothing by trying.
        text = f"{text.strip()}\n\n(Hồ sơ được nêu: {nomination[:40]})"
        free_text.check("Mã hồ sơ", nomination, 40)
    decided = disclosure.decision_by_code(session, decision) if decision else None
    today = access.local_date(now)
    number = numbering.take(session, f"petition/{today.year}")[0]
    row = Petition(
        code=f"PA-{today.year}-{number:04d}",
        kind=kind,
        nomination_id=about.id if about else None,
        decision_id=decided.id if decided else None,
        text=text.strip(),
        sender=(sender or "").strip() or None,
        received_at=now,
        due_on=deadlines.compute(today, ANSWER_DAYS, "calendar").due,
    )
    session.add(row)
    receipt = receipt or _receipt(secrets.token_bytes(10))
    # The receipt itself is kept nowhere: its hash finds the petition.
    session.add(PetitionReceipt(receipt_sha256=_receipt_key(receipt), petition=row.code, at=now))
    session.flush()
    record.record(
        session,
        Kind.PETITION_RECEIVED,
        [(row.code, aspects(row, nomination, decided.code if decided else None))],
        by=kinds.CITIZEN,
    )
    announce.notices(
        session,
        [
            announce.Notice(
                kind="petition_received",
                about=row.code,
                to=email,
                recipient=username,
                context={
                    "petition_code": row.code,
                    "petition_kind": KINDS[kind],
                    "recipient_name": name,
                    "due": row.due_on.isoformat(),
                },
            )
            for username, name, email in recipients.holders(session, Role.SECRETARY, Role.REVIEWER, today=today)
        ],
    )
    return Received(row.code, receipt, row.due_on)


def aspects(row: Petition, nomination: str | None, decision: str | None) -> dict[str, Any]:
    """A petition as the ledger commits to it."""
    return {
        "about": [nomination, decision, row.kind, row.received_at, row.due_on],
        "sender": row.sender,
        "text": row.text,
        **_answer_aspects(row),
    }


def _answer_aspects(row: Petition) -> dict[str, Any]:
    return {"state": row.state, "answer": row.answer, "answered": row.answered_at}


def receipt_from(key: str) -> str:
    """The receipt that belongs to a form's own random key: a second submit shows it again, and nothing keeps it."""
    return _receipt(hashlib.sha256(b"vinhdanh/petition/1/" + key.encode()).digest()[:10])


def _receipt(bits: bytes) -> str:
    """80 random bits in groups of four letters and digits, easy to read out and to copy by hand."""
    said = base64.b32encode(bits).decode()
    return "-".join(said[start : start + 4] for start in range(0, len(said), 4))


def _receipt_key(receipt: str) -> str:
    said = "".join(char for char in receipt.upper() if char.isalnum())
    return hashlib.sha256(said.encode()).hexdigest()


def answer(session: Session, code: str, *, answer: str, actor: Actor, now: datetime) -> Petition:
    """Answer a petition; whoever holds its receipt reads the answer.

    Raises Refusal `unknown_petition`, `recused_from`, `already_answered`, `missing_text`.
    """
    access.require(actor, Role.REVIEWER, Role.SECRETARY)
    row = _by_code(session, code)
    _require_not_aside(session, row, actor)
    if row.state == "answered":
        raise Refusal("already_answered", f"Phản ánh {code} đã được trả lời.")
    if not answer.strip():
        raise Refusal("missing_text", "Hãy viết nội dung trả lời.")
    free_text.check("Nội dung trả lời", answer)
    row.state = "answered"
    row.answer = answer.strip()
    row.answered_at = now
    row.version += 1
    session.add(row)
    session.flush()
    record.record(session, Kind.PETITION_ANSWERED, [(row.code, _answer_aspects(row))], by=actor.username)
    return row


def _by_code(session: Session, code: str) -> Petition:
    row = session.exec(select(Petition).where(Petition.code == code)).one_or_none()
    if row is None:
        raise Refusal("unknown_petition", f"Không có phản ánh mang mã «{code}».")
    return row


def by_receipt(session: Session, receipt: str) -> dict[str, Any]:
    """How a petition stands, for whoever holds its receipt; not its text, not its sender. Raises `unknown_receipt`."""
    kept = session.get(PetitionReceipt, _receipt_key(receipt))
    if kept is None:
        raise Refusal("unknown_receipt", "Không có phản ánh nào mang mã biên nhận này. Hãy kiểm tra lại từng ký tự.")
    row = _by_code(session, kept.petition)
    return {
        "code": row.code,
        "kind": row.kind,
        "kind_name": KINDS.get(row.kind, row.kind),
        "received_at": row.received_at,
        "due_on": row.due_on,
        "state": row.state,
        "state_name": STATES[row.state],
        "answer": row.answer,
        "answered_at": row.answered_at,
    }


def listing(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], str | None]:
    """Petitions for the office, unanswered ones first and among them those due first: (rows, next key).

    A row says what it is about and when it is due, never what was written or by whom: that is `one`'s.
    """
    access.require(actor, *READERS)
    n, d = table(Nomination).c, table(Decision).c
    query = (
        sa.select(
            _P.id, _P.code, _P.kind, _P.state, _P.received_at, _P.due_on, _P.answered_at, _ANSWERED.label("answered"),
            n.code.label("nomination"), d.code.label("decision"), d.symbol,
        )
        .join_from(Petition, Nomination, _P.nomination_id == n.id, isouter=True)
        .join(Decision, _P.decision_id == d.id, isouter=True)
        .order_by(_ANSWERED, _P.due_on, _P.id)
        .limit(limit + 1)
    )  # fmt: skip
    for condition in (_P.state == state if state else None, *_not_of(actor)):
        if condition is not None:
            query = query.where(condition)
    if after is not None:
        answered, due, row_id = paging.read(after, paging.number, date.fromisoformat, paging.number)
        query = query.where(sa.tuple_(_ANSWERED, _P.due_on, _P.id) > sa.tuple_(answered, due, row_id))
    found = list(session.execute(query))
    today = access.local_date(now)
    rows = [
        {
            "code": row.code,
            "kind": row.kind,
            "kind_name": KINDS.get(row.kind, row.kind),
            "nomination": row.nomination,
            "decision": row.decision,
            "decision_number": row.symbol,
            "received_at": row.received_at,
            "due_on": row.due_on,
            "state": row.state,
            "state_name": STATES[row.state],
            "answered_at": row.answered_at,
            "days_left": (row.due_on - today).days,  # calendar days, as the clock of Art. 22 counts them
            "overdue": row.state == "received" and today > row.due_on,
        }
        for row in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return rows, paging.write(last.answered, last.due_on, last.id) if last is not None else None


def _not_of(actor: Actor) -> list[Any]:
    """Conditions that leave out what is about a nomination from which this actor stands aside."""
    aside = rights.barred(actor.username)
    return [_P.nomination_id.is_(None) | _P.nomination_id.not_in(aside)]


def _require_not_aside(session: Session, row: Petition, actor: Actor) -> None:
    """Raise Refusal `recused_from` for who stands aside from the nomination that the petition is about."""
    if session.execute(sa.select(_P.id).where(_P.id == row.id, *_not_of(actor))).first() is None:
        raise Refusal(
            "recused_from",
            f"Bạn đã tránh hồ sơ mà phản ánh {row.code} nói đến nên không xem và không trả lời được.",
            reach=True,
        )


def one(session: Session, code: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """One petition whole, for those who handle it. Raises `not_your_role`, `unknown_petition`."""
    access.require(actor, *READERS)
    row = _by_code(session, code)
    _require_not_aside(session, row, actor)
    nomination = session.get(Nomination, row.nomination_id) if row.nomination_id else None
    decision = session.get(Decision, row.decision_id) if row.decision_id else None
    today = access.local_date(now)
    return {
        "code": row.code,
        "kind": row.kind,
        "kind_name": KINDS.get(row.kind, row.kind),
        "nomination": nomination.code if nomination else None,
        "decision": decision.code if decision else None,
        "decision_number": decision.symbol if decision else None,
        "text": row.text,
        "sender": row.sender,
        "received_at": row.received_at,
        "due_on": row.due_on,
        "days_left": (row.due_on - today).days,
        "overdue": row.state == "received" and today > row.due_on,
        "state": row.state,
        "state_name": STATES[row.state],
        "answer": row.answer,
        "answered_at": row.answered_at,
        "version": row.version,
    }


def about(session: Session, nomination: str) -> list[dict[str, Any]]:
    """Petitions about one nomination, oldest first: code, kind, state, due day; nothing of what they say."""
    rows = session.exec(
        select(Petition)
        .join(Nomination, col(Nomination.id) == col(Petition.nomination_id))
        .where(Nomination.code == nomination)
        .order_by(col(Petition.id))
    )
    return [
        {"code": row.code, "kind_name": KINDS.get(row.kind, row.kind), "state": row.state, "due_on": row.due_on}
        for row in rows
    ]
