"""Citizens' petitions: received from anybody with a receipt, due by their own legal clock, answered by the office.

One stands in no nomination's way until an officer has read it and taken it up as a complaint or a denunciation: else
whoever guesses a code could keep it from being signed.
Who sent one is never published and stands in no list (Luật Tố cáo 25/2018/QH14).
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import kinds
from ledger.kinds import Kind
from models import Decision, Nomination, Petition, PetitionReceipt, ReviewRound
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
from operations.public_disclosure import paper_numbers, public_register
from rules import deadlines, vocabulary
from rules.lifecycle import Role
from rules.refusal import Refusal
from rules.vocabulary import PetitionKind, PetitionState

ANSWER_DAYS = 15  # Luật TCTT 104/2016 Art. 22: answered within 15 days of receipt
KINDS = vocabulary.names(PetitionKind)
# The law that a kind is handled by; the first one's clock is the day that this system watches for all of them.
LAWS: dict[str, str] = {
    PetitionKind.FEEDBACK: "Điều 22 Luật Tiếp cận thông tin 104/2016/QH13",
    PetitionKind.COMPLAINT: "Luật Khiếu nại 02/2011/QH13",
    PetitionKind.DENUNCIATION: "Luật Tố cáo 25/2018/QH14",
}
STATES = vocabulary.names(PetitionState)
OPEN = (PetitionState.RECEIVED, PetitionState.TAKEN)
TAKEN_AS = (PetitionKind.COMPLAINT, PetitionKind.DENUNCIATION)
MANY_A_DAY = 50  # beyond: one alarm instead of a letter each
MOST_A_DAY = 300
# The actor of citizens' acts: no account, for the keys of `idempotency`.
CITIZEN = Actor(username="", name="công dân", roles=frozenset())
READERS = (Role.REVIEWER, Role.SECRETARY, Role.CHAIRMAN, Role.INSPECTOR)
_P = table(Petition).c
_ENDED = sa.case((_P.state.in_(OPEN), 0), else_=1)


@dataclass(frozen=True, slots=True)
class Received:
    """The sender's part: the petition's code and the receipt, the only key to its state."""

    code: str
    receipt: str
    due_on: date


def file(
    session: Session,
    *,
    text: str,
    kind: str = PetitionKind.FEEDBACK,
    nomination: str | None = None,
    decision: str | None = None,
    sender: str | None = None,
    receipt: str | None = None,
    now: datetime,
) -> Received:
    """Take a citizen's objection: receipt, its own legal clock, and word to Phòng Nội vụ. Never says who sent it.

    `receipt` is one from `receipt_from`, for a door that must show the same one again; else a fresh one.

    A code that is no nomination's stays in the text. Raises Refusal `missing_text`, `unknown_ground`, `unknown_decision`,
    `ambiguous_number`, `too_many_today`.
    """
    if not text.strip():
        raise Refusal("missing_text", "Hãy viết nội dung phản ánh, kiến nghị.")
    free_text.check("Nội dung phản ánh", text)
    free_text.check("Tên người gửi", sender, 300)
    if kind not in KINDS:
        raise Refusal("unknown_ground", f"Loại đơn phải là một trong: {', '.join(KINDS)}.")
    about = transition.snapshots(session, [nomination]).get(nomination) if nomination else None
    if nomination and about is None:
        # Neither confirmed nor denied: a citizen may name what is not public yet, and learns nothing by trying.
        text = f"{text.strip()}\n\n(Hồ sơ được nêu: {nomination[:40]})"
        free_text.check("Mã hồ sơ", nomination, 40)
    decided = public_register.disclosed_decision(session, decision) if decision else None  # no other is known outside
    today, wall = access.local_date(now), datetime.now(UTC)
    earlier = received_on(session, access.local_date(wall))
    if earlier >= MOST_A_DAY:
        raise Refusal(
            "too_many_today",
            f"Hôm nay cơ quan đã nhận {earlier} đơn qua mạng, là mức nhiều nhất trong một ngày. Hãy gửi lại ngày mai, hoặc gửi "
            "trực tiếp hay qua bưu điện đến cơ quan; thời hạn giải quyết không khác nhau.",
        )
    number = numbering.take(session, f"petition/{today.year}")[0]
    row = Petition(
        code=f"PA-{today.year}-{number:04d}",
        kind=kind,
        nomination_id=about.id if about else None,
        decision_id=decided.id if decided else None,
        text=text.strip(),
        sender=(sender or "").strip() or None,
        received_at=now,
        arrived_at=wall,
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
    _tell(session, row, earlier + 1, today=today, wall=wall)
    return Received(row.code, receipt, row.due_on)


def received_on(session: Session, day: date) -> int:
    """How many came on this day of the wall clock, which nobody sets."""
    begins, ends = access.end_of_day(day - timedelta(days=1)), access.end_of_day(day)
    query = sa.select(sa.func.count()).where(_P.arrived_at >= begins, _P.arrived_at < ends)
    return int(session.execute(query).scalar_one())


def _tell(session: Session, row: Petition, count: int, *, today: date, wall: datetime) -> None:
    """A letter for each to those who answer; on a day of many, one to them and to who administers the system."""
    roles = (Role.SECRETARY, Role.REVIEWER) if count <= MANY_A_DAY else (Role.SECRETARY, Role.ADMINISTRATOR)
    people = recipients.holders(session, *roles, today=today)
    if count <= MANY_A_DAY:
        about = {"petition_code": row.code, "petition_kind": KINDS[row.kind], "due": row.due_on.isoformat()}
        announce.notices(
            session,
            [
                announce.Notice("petition_received", row.code, email, username, about | {"recipient_name": name})
                for username, name, email in people
            ],
        )
        return
    day = access.local_date(wall).isoformat()
    alarm = {"day": day, "count": MANY_A_DAY, "most": MOST_A_DAY}
    announce.notices_once(
        session,
        [
            announce.Notice("petitions_many", day, email, username, alarm | {"recipient_name": name})
            for username, name, email in people
        ],
    )


def aspects(row: Petition, nomination: str | None, decision: str | None) -> dict[str, Any]:
    """A petition as the ledger commits to it."""
    return {
        "about": [nomination, decision, row.kind, row.received_at, row.due_on],
        "sender": row.sender,
        "text": row.text,
        "handled": _handling(row),
        **_answer_aspects(row),
    }


def _handling(row: Petition) -> list[Any] | None:
    said = [row.taken_as, row.handled_by, row.handled_at]
    return None if said == [None, None, None] else said


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


# The office ---------------------------------------------------------------------------------------------------------


def take_up(session: Session, code: str, *, taken_as: str, actor: Actor, now: datetime) -> Petition:
    """Take a petition up as a complaint or a denunciation, one put aside too: what it is about waits for the answer.

    Raises Refusal `unknown_petition`, `recused_from`, `already_answered`, `already_taken`, `unknown_ground`.
    """
    access.require(actor, Role.REVIEWER, Role.SECRETARY)
    row = _open(session, code, actor)
    if taken_as not in TAKEN_AS:
        raise Refusal("unknown_ground", f"Đơn được thụ lý là một trong: {', '.join(KINDS[one] for one in TAKEN_AS)}.")
    if row.state == PetitionState.TAKEN:
        raise Refusal("already_taken", f"Đơn {code} đã được thụ lý là {KINDS.get(row.taken_as or '', '')}.")
    row.state, row.taken_as = PetitionState.TAKEN.value, taken_as
    row.answer = row.answered_at = None
    _handled(session, [row], Kind.PETITION_TAKEN, actor, now)
    return row


def dismiss(session: Session, codes: Sequence[str], *, reason: str, actor: Actor, now: datetime) -> int:
    """Put petitions aside with one reason, which their senders read by their receipts; all of them or none.

    Returns how many. Raises Refusal `nothing_chosen`, `reason_required`, `unknown_petition`, `recused_from`,
    `already_answered`, `already_taken`.
    """
    access.require(actor, Role.REVIEWER, Role.SECRETARY)
    if not reason.strip():
        raise Refusal("reason_required", "Hãy ghi lý do không thụ lý; người gửi đọc được lý do bằng mã biên nhận.")
    free_text.check("Lý do không thụ lý", reason, transition.LONGEST_REASON)
    if not codes:
        raise Refusal("nothing_chosen", "Chưa chọn đơn nào. Hãy đánh dấu ít nhất một đơn.")
    rows = [_open(session, code, actor) for code in dict.fromkeys(codes)]
    for row in rows:
        if row.state == PetitionState.TAKEN:
            raise Refusal("already_taken", f"Đơn {row.code} đã được thụ lý; hãy giải quyết và trả lời.")
        row.state, row.answer, row.answered_at = PetitionState.DISMISSED.value, reason.strip(), now
    _handled(session, rows, Kind.PETITION_DISMISSED, actor, now)
    return len(rows)


def new_ones(session: Session, *, actor: Actor, round_code: str | None = None) -> list[str]:
    """Codes of the petitions that nobody has read into a state yet, of one round or of all, oldest first."""
    access.require(actor, Role.REVIEWER, Role.SECRETARY)
    query = (
        sa.select(_P.code)
        .where(_P.state == PetitionState.RECEIVED, *_not_of(actor), *_of_round(round_code))
        .order_by(_P.id)
    )
    return list(session.execute(query).scalars())


def _of_round(code: str | None) -> list[Any]:
    if code is None:
        return []
    n, r = table(Nomination).c, table(ReviewRound).c
    return [
        _P.nomination_id.in_(
            sa.select(n.id).join_from(Nomination, ReviewRound, n.round_id == r.id).where(r.code == code)
        )
    ]


def _open(session: Session, code: str, actor: Actor) -> Petition:
    row = _by_code(session, code)
    _require_not_aside(session, row, actor)
    if row.state == PetitionState.ANSWERED:
        raise Refusal("already_answered", f"Phản ánh {code} đã được trả lời.")
    return row


def _handled(session: Session, rows: Sequence[Petition], kind: Kind, actor: Actor, now: datetime) -> None:
    for row in rows:
        row.handled_by, row.handled_at = actor.username, now
        row.version += 1
        session.add(row)
    session.flush()
    changes = [
        (row.code, {"handled": [row.taken_as, row.handled_by, row.handled_at], **_answer_aspects(row)}) for row in rows
    ]
    record.record(session, kind, changes, by=actor.username)


def answer(session: Session, code: str, *, answer: str, actor: Actor, now: datetime) -> Petition:
    """Answer a petition; whoever holds its receipt reads the answer.

    Raises Refusal `unknown_petition`, `recused_from`, `already_answered`, `missing_text`.
    """
    access.require(actor, Role.REVIEWER, Role.SECRETARY)
    row = _open(session, code, actor)
    if not answer.strip():
        raise Refusal("missing_text", "Hãy viết nội dung trả lời.")
    free_text.check("Nội dung trả lời", answer)
    row.state = PetitionState.ANSWERED.value
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
    round_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[dict[str, Any]], str | None]:
    """Petitions for the office, open ones first and among them those due first: (rows, next key).

    A row says what it is about and when it is due, never what was written or by whom: that is `one`'s.
    """
    access.require(actor, *READERS)
    n, d = table(Nomination).c, table(Decision).c
    query = (
        sa.select(
            _P.id, _P.code, _P.kind, _P.state, _P.received_at, _P.due_on, _P.answered_at, _ENDED.label("ended"),
            n.code.label("nomination"), d.code.label("decision"), d.symbol, d.signed_on,
        )
        .join_from(Petition, Nomination, _P.nomination_id == n.id, isouter=True)
        .join(Decision, _P.decision_id == d.id, isouter=True)
        .order_by(_ENDED, _P.due_on, _P.id)
        .limit(limit + 1)
    )  # fmt: skip
    for condition in (_P.state == state if state else None, *_not_of(actor), *_of_round(round_code)):
        if condition is not None:
            query = query.where(condition)
    if after is not None:
        ended, due, row_id = paging.read(after, paging.number, date.fromisoformat, paging.number)
        query = query.where(sa.tuple_(_ENDED, _P.due_on, _P.id) > sa.tuple_(ended, due, row_id))
    found = list(session.execute(query))
    today = access.local_date(now)
    rows = [
        {
            "code": row.code,
            "kind": row.kind,
            "kind_name": KINDS.get(row.kind, row.kind),
            "nomination": row.nomination,
            "decision": row.decision,
            "decision_number": paper_numbers.dated(row.symbol, row.signed_on) if row.symbol else None,
            "received_at": row.received_at,
            "due_on": row.due_on,
            "state": row.state,
            "state_name": STATES[row.state],
            "answered_at": row.answered_at,
            "days_left": (row.due_on - today).days,  # calendar days, as the clock of Art. 22 counts them
            "overdue": row.state in OPEN and today > row.due_on,
        }
        for row in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return rows, paging.write(last.ended, last.due_on, last.id) if last is not None else None


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
        "decision_number": paper_numbers.dated(decision.symbol, decision.signed_on) if decision else None,
        "text": row.text,
        "sender": row.sender,
        "received_at": row.received_at,
        "due_on": row.due_on,
        "days_left": (row.due_on - today).days,
        "overdue": row.state in OPEN and today > row.due_on,
        "state": row.state,
        "state_name": STATES[row.state],
        "answer": row.answer,
        "answered_at": row.answered_at,
        "taken_as": row.taken_as,
        "handled_by": row.handled_by,
        "handled_at": row.handled_at,
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
