"""Stage 3, council_vote: open the ballot, cast, sign for paper, close; or annul what cannot be counted.

A secret ballot is sealed where it is cast (`ledger.sealing`): the public key is in the database, the private key
nowhere but in the tellers' shares, so nobody — not this program either — reads a choice before the count. The
regulation may ask for an open vote or for paper slips instead; the strictest form among the awards goes first.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger import sealing
from ledger.canonical import dumps
from ledger.kinds import Kind
from models import AgendaItem, Ballot, BallotRoll, CouncilSession, Nomination, OpenVote, ReviewRound, SessionMember
from models.types import table
from operations import (
    access,
    announce,
    free_text,
    record,
    regulations,
    rights,
    transition,
)
from operations.access import Actor
from operations.council_vote import (
    ballot_box,
    ballot_memory,
    conflicts_found,
    counting,
    frozen,
    recusals,
    sessions,
    waiting_shares,
)
from operations.council_vote.ballot_box import COUNCIL
from rules import regulation, tally
from rules.lifecycle import Action, Role, Stage, State
from rules.policy import Permission
from rules.refusal import Refusal
from rules.vocabulary import BallotKind, SessionState

CHOICES = sealing.CHOICES
KINDS = (BallotKind.SECRET, BallotKind.PAPER, BallotKind.OPEN)  # the strictest first
FEW = 3  # so few voters on one nomination, and its numbers nearly name them
voted = ballot_box.voted
_N = table(Nomination).c
_I = table(AgendaItem).c


@dataclass(frozen=True, slots=True)
class Prospect:
    """A preview of opening the ballot now. `tellers` and `needed` are for a secret ballot's key, else empty and 0."""

    session: str
    kind: str
    tellers: tuple[str, ...]
    needed: int
    agenda: tuple[str, ...]
    left: tuple[str, ...]
    warnings: tuple[str, ...]

    def new_key(self) -> tuple[bytes, dict[str, str]]:
        """A fresh key for this secret ballot: (public key, {teller's username: share}). See `sealing.new_key`."""
        return sealing.new_key(session=self.session, needed=self.needed, tellers=self.tellers)


def prospect(session: Session, session_code: str, *, actor: Actor, shares_needed: int | None = None) -> Prospect:
    """What the ballot would be about, how it would be sealed and what its result may give away. Changes nothing.

    The agenda is every waiting nomination of the round whose award is voted on in the strictest form that any of them
    asks for; the others wait for a further session. Raises Refusal `ballot_closed`, `empty_agenda`,
    `missing_parameter`, `not_quorate`, `too_few_tellers`, `shares_against_regulation`, `members_changed`,
    `council_not_representative`, `conflict_unsettled`.
    """
    return _prospect(session, _convened(session, session_code, actor), shares_needed)


def _convened(session: Session, session_code: str, actor: Actor) -> CouncilSession:
    sitting = sessions.by_code(session, session_code)
    sessions.require_for(session, sitting, Permission.OPEN_BALLOT, actor=actor)
    if sitting.state != SessionState.CONVENED:
        raise Refusal("ballot_closed", f"Phiên {session_code} đã mở phiếu hoặc đã kết thúc.", citation=COUNCIL)
    return sitting


def _prospect(session: Session, sitting: CouncilSession, shares_needed: int | None) -> Prospect:
    round_ = session.get_one(ReviewRound, sitting.round_id)
    parsed = regulations.of_round(session, round_)
    waiting = session.execute(
        sa.select(_N.code, _N.award).where(_N.round_id == round_.id, _N.state == State.ELIGIBLE.value).order_by(_N.code)
    ).all()
    if not waiting:
        raise Refusal("empty_agenda", f"Đợt {round_.code} chưa có hồ sơ nào chờ Hội đồng; chưa mở phiếu được.")
    rules = {award: parsed.vote_rule(award) for award in sorted({row.award for row in waiting})}
    kind = next(kind for kind in KINDS if any(rule.ballot == kind for rule in rules.values()))
    rules = {award: rule for award, rule in rules.items() if rule.ballot == kind}
    members = sessions.members_of(session, sitting)
    present = sum(member.attended for member in members)
    for award, rule in rules.items():
        require_quorum(present, len(members), rule, award=award)
    tellers, needed = _tellers(members, rules.values(), shares_needed) if kind == BallotKind.SECRET else ((), 0)
    agenda = {row.code: rules[row.award] for row in waiting if row.award in rules}
    rights.require_other_tellers(session, [member.username for member in members if member.teller], list(agenda))
    return Prospect(
        session=sitting.code,
        kind=kind,
        tellers=tellers,
        needed=needed,
        agenda=tuple(agenda),
        left=tuple(row.code for row in waiting if row.award not in rules),
        warnings=(
            *sessions.require_representative(session, sitting),
            *conflicts_found.require_cleared(session, sitting),
            *_warnings(session, sitting, members, agenda, kind),
        ),
    )


def _tellers(
    members: Sequence[SessionMember], rules: Iterable[regulation.VoteRule], asked: int | None
) -> tuple[tuple[str, ...], int]:
    """The tellers who get a share and the number that opens the box: at least the regulation's, and never one."""
    rules = list(rules)
    tellers = tuple(member.username for member in members if member.teller)
    lawful = max(2, *(rule.tellers or 0 for rule in rules))
    if len(tellers) < lawful:
        raise Refusal(
            "too_few_tellers",
            f"Phiên họp có {len(tellers)} người kiểm phiếu, phải có ít nhất {lawful} người mới chia được khóa hòm "
            "phiếu theo Quy chế. Hãy cử thêm người kiểm phiếu cho Hội đồng rồi triệu tập lại phiên họp.",
            citation=COUNCIL,
            details={"tellers": len(tellers), "needed": lawful},
        )
    least = max(2, *(rule.shares_needed or 0 for rule in rules))
    needed = least if asked is None else asked
    if not least <= needed <= len(tellers):
        raise Refusal(
            "shares_against_regulation",
            f"Số mảnh khóa cần để mở hòm phiếu phải từ {least} (theo Quy chế) đến {len(tellers)} (số người kiểm phiếu), "
            f"không phải {needed}.",
            citation=COUNCIL,
            details={"least": least, "most": len(tellers)},
        )
    return tellers, needed


def _warnings(
    session: Session,
    sitting: CouncilSession,
    members: Sequence[SessionMember],
    agenda: Mapping[str, regulation.VoteRule],
    kind: str,
) -> list[str]:
    """Warnings, before anybody votes, that the numbers alone would reveal individual votes."""
    if kind == BallotKind.OPEN:
        return []
    aside = recusals.of(session, sitting)
    few = []
    for code, rule in agenda.items():
        away = {username for username, about in aside if about == code}
        entitled = [m for m in members if m.username not in away and (m.attended or rule.absent == "written_opinion")]
        if len(entitled) <= FEW:
            few.append(code)
    said = [
        "Hồ sơ nào được mọi người bỏ phiếu giống nhau thì kết quả cho biết phiếu của từng người; "
        "không hình thức bỏ phiếu kín nào tránh được điều đó."
    ]
    if few:
        said.append(
            f"Chỉ có tối đa {FEW} người được bỏ phiếu cho {', '.join(few)}: số phiếu dễ làm lộ lựa chọn của từng người. "
            "Hãy cân nhắc bổ sung thành viên dự họp trước khi mở phiếu."
        )
    if kind == BallotKind.SECRET and len(agenda) > 1 and not aside:
        said.append(
            "Bảng phiếu công bố giữ nguyên từng phiếu, không tên và không thứ tự: ai nói ra một lựa chọn khác mọi người "
            "của mình có thể để lộ cả phiếu."
        )
    missing = [member.name for member in members if member.teller and not member.attended]
    if kind == BallotKind.SECRET and missing:
        said.append(f"Người kiểm phiếu vắng mặt, hãy giao tận tay mảnh khóa: {', '.join(missing)}.")
    return said


def open_ballot(
    session: Session,
    session_code: str,
    *,
    actor: Actor,
    now: datetime,
    public_key: bytes | None = None,
    shares_needed: int | None = None,
) -> dict[str, Any]:
    """Freeze members, attendance, recusals, rules and agenda, and open the box.

    A secret ballot needs the public key of a key whose shares the tellers hold, or will take (`prospect`, `new_key`; `waiting_shares.keep`).
    What froze is in the ledger and in the data folder's memory. Raises Refusal `key_required` and those of `prospect`.
    Returns {"agenda", "frozen", "ballot", "key" (its fingerprint), "left", "warnings"}.
    """
    sitting = _convened(session, session_code, actor)
    conflicts_found.look(
        session, sitting, by=actor.username, now=now
    )  # nominations may have come since the council was convened
    plan = _prospect(session, sitting, shares_needed)
    sealed = plan.kind == BallotKind.SECRET
    if sealed and public_key is None:
        raise Refusal(
            "key_required",
            "Phiếu kín cần khóa hòm phiếu chia cho người kiểm phiếu trước khi mở. Hãy tải lại trang rồi mở "
            "phiếu để nhận các mảnh khóa (dòng lệnh: thêm --shares THƯ_MỤC).",
            citation=COUNCIL,
        )
    agenda = list(plan.agenda)
    ballot = Ballot(
        session_id=sitting.id or 0,
        kind=plan.kind,
        public_key=ballot_box.public_key_text(public_key) if sealed and public_key else None,
        shares_needed=plan.needed if sealed else None,
        opened_by=actor.username,
    )
    moved, results, _ = transition.move(session, Action.PUT_ON_BALLOT, agenda, actor=actor, now=now)
    counting.require_all(results)
    session.connection().execute(
        sa.insert(table(AgendaItem)), [{"session_id": sitting.id, "nomination_id": row.id} for row in moved]
    )
    sitting.opened_at = now
    opened = frozen.Frozen(frozen.facts(session, sitting, ballot))
    sitting.state = SessionState.OPEN.value
    sitting.frozen_sha256 = opened.digest
    sitting.version += 1
    ballot_box.note(ballot, [])
    session.add_all([sitting, ballot])
    session.flush()
    index = record.record(
        session,
        Kind.SESSION_BALLOT_OPENED,
        [(sitting.code, sessions.aspects(sitting, "state", "frozen", "opened"))],
        by=actor.username,
    )
    how = record.record(session, Kind.BALLOT_OPENED, [(sitting.code, {"how": how_aspect(ballot)})], by=actor.username)
    frozen.remember(session, opened, ballot, (index, how))
    record.sign_at_once(session)
    record.record(
        session,
        Kind.AGENDA_SET,
        [(f"{sitting.code}/{row.code}", {"result": counting.result_aspect({})}) for row in moved],
        by=actor.username,
    )
    announce.stage(session, session.get_one(ReviewRound, sitting.round_id).code, Stage.COUNCIL_VOTE, index=index)
    return {
        "agenda": agenda,
        "frozen": opened.digest,
        "ballot": ballot.kind,
        "key": opened.fingerprint,
        "left": list(plan.left),
        "warnings": [*sessions.early(sitting, now), *plan.warnings],
    }


def how_aspect(ballot: Ballot) -> list[Any]:
    return [ballot.kind, ballot.public_key, ballot.shares_needed, ballot.opened_by]


def require_quorum(present: int, members: int, rule: regulation.VoteRule, *, award: str) -> None:
    """Raise Refusal `not_quorate` unless enough members are present by the office's regulation."""
    if tally.quorate(attending=present, members=members, rule=rule):
        return
    raise Refusal(
        "not_quorate",
        f"Có mặt {present}/{members} thành viên, chưa đủ số tối thiểu {rule.quorum[0]}/{rule.quorum[1]} để bỏ phiếu "
        f"«{transition.award_name(award)}» theo Quy chế. Hãy mời thêm thành viên hoặc họp lại.",
        citation=COUNCIL,
        details={"present": present, "members": members},
    )


def cast(session: Session, session_code: str, *, choices: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    """Put one member's ballot for the whole agenda into the box and sign the roll. A line left out is an abstention.

    A secret ballot is sealed here, with the key that froze at the opening: no choice is stored, logged or announced, and
    nothing of it comes back. Raises Refusal `not_a_member`, `ballot_closed`, `frozen_changed`, `already_voted`, `recused`,
    `not_on_agenda`, `unknown_choice`, `not_attending`, `paper_ballot`, `roll_mismatch`.
    Returns {"receipt", "key"}: the receipt proves that the envelope is in the box and says nothing of what it holds; the
    key's fingerprint is for comparing (None where nothing is sealed).
    """
    sitting, member, ballot, opened = _voter(session, session_code, actor)
    aside = opened.aside(member.username)
    _check_choices(choices, opened.agenda, aside)
    chosen = {code: choices.get(code, "abstain") for code in opened.agenda if code not in aside}
    if opened.kind == BallotKind.SECRET:
        envelope = sealing.seal(
            chosen,
            agenda=opened.agenda,
            aside=aside,
            public_key=opened.public_key,
            session=opened.session,
            frozen=opened.digest,
        )
        ballot_box.put_in(session, sitting, ballot, envelope)
    else:
        envelope = _vote_openly(session, sitting, ballot, member, chosen, by=actor.username)
    session.add(ballot)
    _sign_the_roll(session, sitting, [member], by=actor.username)
    return {"receipt": sealing.receipt(envelope), "key": opened.fingerprint}


def _voter(
    session: Session, session_code: str, actor: Actor
) -> tuple[CouncilSession, SessionMember, Ballot, frozen.Frozen]:
    """The open ballot and its seat of somebody who may vote in it now, by this door."""
    sitting = sessions.by_code(session, session_code)
    member = sessions.seat_of(session, sitting, actor)
    ballot = _open(session, sitting)
    opened = frozen.require(session, sitting)
    if opened.kind == BallotKind.PAPER:
        raise Refusal(
            "paper_ballot",
            f"Phiên {session_code} bỏ phiếu giấy: hãy nhận phiếu, ký danh sách rồi bỏ phiếu vào hòm tại phòng họp.",
            citation=COUNCIL,
        )
    _require_may_vote(session, sitting, member, opened)
    return sitting, member, ballot, opened


@dataclass(frozen=True, slots=True)
class Slip:
    """An empty ballot of one member: every nomination on it, those from which the member stands aside, the key's name."""

    kind: str
    agenda: tuple[str, ...]
    aside: frozenset[str]
    key: str | None


def slip(session: Session, session_code: str, *, actor: Actor) -> Slip:
    """The agenda on which this member would vote now. Raises the refusals of `cast`."""
    _, member, _, opened = _voter(session, session_code, actor)
    return Slip(opened.kind, opened.agenda, opened.aside(member.username), opened.fingerprint)


def _open(session: Session, sitting: CouncilSession) -> Ballot:
    if sitting.state != SessionState.OPEN:
        raise Refusal(
            "ballot_closed",
            f"Phiên {sitting.code} {'chưa mở' if sitting.state == SessionState.CONVENED else 'đã đóng'} phiếu.",
            citation=COUNCIL,
        )
    return ballot_box.require(session, sitting)


def _require_may_vote(session: Session, sitting: CouncilSession, member: SessionMember, opened: frozen.Frozen) -> None:
    """Once, and present — or absent where the regulation takes written opinions."""
    if session.get(BallotRoll, (sitting.id, member.username)) is not None:
        raise Refusal(
            "already_voted",
            f"{member.name} đã bỏ phiếu trong phiên này; mỗi thành viên chỉ bỏ một lần.",
            citation=COUNCIL,
        )
    if member.attended:
        return
    parsed = regulations.of_round(session, session.get_one(ReviewRound, sitting.round_id))
    if any(parsed.vote_rule(award).absent != "written_opinion" for award in set(opened.awards.values())):
        raise Refusal(
            "not_attending",
            f"{member.name} không có mặt tại phiên họp và Quy chế không cho lấy ý kiến bằng văn bản; phiếu không được "
            "nhận.",
            citation=COUNCIL,
        )


def _check_choices(choices: Mapping[str, str], agenda: Sequence[str], aside: Collection[str]) -> None:
    listed = set(agenda)
    for code, choice in choices.items():
        if code in aside:
            raise Refusal(
                "recused",
                f"Bạn đã tránh hồ sơ {code} nên không bỏ phiếu cho hồ sơ này. Hãy bỏ dòng đó.",
                citation=COUNCIL,
            )
        if code not in listed:
            raise Refusal("not_on_agenda", f"Hồ sơ {code} không có trong chương trình của phiên này.")
        if choice not in CHOICES:
            raise Refusal(
                "unknown_choice",
                f"Có lựa chọn của hồ sơ {code} không đọc được; dùng một trong: {', '.join(CHOICES)}.",
            )


def _vote_openly(
    session: Session,
    sitting: CouncilSession,
    ballot: Ballot,
    member: SessionMember,
    chosen: Mapping[str, str],
    *,
    by: str,
) -> bytes:
    before = ballot_box.unaltered(session, sitting, ballot)
    was = ballot.box_sha256 or ""
    vote = OpenVote(session_id=sitting.id or 0, username=member.username, choices=dumps(dict(chosen)).decode())
    session.add(vote)
    session.flush()
    record.record(session, Kind.OPEN_VOTE_CAST, [(f"{sitting.code}/{member.member}", open_vote_aspects(vote))], by=by)
    slip = ballot_box.open_slip(sitting, vote.username, vote.choices)
    ballot_box.note(ballot, [*before, slip])
    ballot_memory.note_box(session, sitting.code, was, ballot.box_sha256 or "")
    return slip


def open_vote_aspects(vote: OpenVote) -> dict[str, Any]:
    return {"choices": hashlib.sha256(vote.choices.encode()).hexdigest()}


def _sign_the_roll(session: Session, sitting: CouncilSession, members: Sequence[SessionMember], *, by: str) -> None:
    session.add_all([BallotRoll(session_id=sitting.id or 0, username=member.username) for member in members])
    session.flush()
    # The entry says that this member voted, which is no secret; it carries no receipt, which would be a link.
    record.record(
        session, Kind.ROLL_SIGNED, [(f"{sitting.code}/{member.member}", {"voted": 1}) for member in members], by=by
    )


def sign_roll(session: Session, session_code: str, members: Sequence[str], *, actor: Actor) -> int:
    """Enter who took a paper slip and signed the list for it. Returns how many have signed.

    Raises Refusal `not_paper`, `ballot_closed`, `frozen_changed`, `not_a_member`, `already_voted`, `not_attending`.
    """
    sitting = sessions.by_code(session, session_code)
    sessions.require_for(session, sitting, Permission.SIGN_ROLL, actor=actor)
    _open(session, sitting)
    opened = frozen.require(session, sitting)
    if opened.kind != BallotKind.PAPER:
        raise Refusal(
            "not_paper", f"Phiên {session_code} không bỏ phiếu giấy; thành viên tự bỏ phiếu bằng tài khoản của mình."
        )
    signing = {
        found.username: found for found in (sessions.member_named(session, sitting, member) for member in members)
    }
    for member in signing.values():
        _require_may_vote(session, sitting, member, opened)
    _sign_the_roll(session, sitting, list(signing.values()), by=actor.username)
    return len(voted(session, sitting))


def close_ballot(session: Session, session_code: str, *, actor: Actor, now: datetime) -> dict[str, int]:
    """Stop the voting and publish the receipts. Raises Refusal `not_quorate` while fewer members voted than the quorum
    asks for, `frozen_changed`, `roll_mismatch` when box and roll differ. Whoever voted is asked by letter to compare the
    receipt. Returns {"roll": n, "envelopes": n}.
    """
    sitting = sessions.by_code(session, session_code)
    sessions.require_for(session, sitting, Permission.CLOSE_BALLOT, actor=actor)
    if sitting.state != SessionState.OPEN:
        raise Refusal("ballot_closed", f"Phiên {session_code} không đang mở phiếu.", citation=COUNCIL)
    ballot = ballot_box.require(session, sitting)
    opened = frozen.require(session, sitting)
    inside = ballot_box.unaltered(session, sitting, ballot)
    round_ = session.get_one(ReviewRound, sitting.round_id)
    parsed = regulations.of_round(session, round_)
    on_roll = voted(session, sitting)
    roll = len(on_roll)
    for award in sorted(set(opened.awards.values())):
        require_quorum(roll, len(opened.seats), parsed.vote_rule(award), award=award)
    sitting.state = SessionState.CLOSED.value
    sitting.closed_at = now
    sitting.version += 1
    ballot.closed_by = actor.username
    session.add_all([sitting, ballot])
    session.flush()
    receipts = ballot_box.publish_receipts(session, sitting, inside)
    index = record.record(
        session,
        Kind.SESSION_BALLOT_CLOSED,
        [(sitting.code, sessions.aspects(sitting, "state", "closed") | {"roll": roll})],
        by=actor.username,
    )
    record.record(session, Kind.BALLOT_CLOSED, [(sitting.code, closed_aspects(ballot, receipts))], by=actor.username)
    announce.stage(session, round_.code, Stage.COUNCIL_VOTE, index=index)
    record.sign_at_once(session)
    announce.notices(session, _closing_letters(opened, on_roll, about=f"{sitting.code}/{index}"))
    # Of paper, each who signed has put one slip in; whether they are all there the tellers' counts say.
    return {"roll": roll, "envelopes": roll if ballot.kind == BallotKind.PAPER else len(inside)}


def closed_aspects(ballot: Ballot, receipts: Sequence[str]) -> dict[str, Any]:
    """A closed box as recorded in the ledger; empty while it is open."""
    if ballot.closed_by is None:
        return {"closed_by": None, "box": None, "receipts": sealing.receipts_digest(receipts) if receipts else None}
    return {
        "closed_by": ballot.closed_by,
        "box": ballot.box_sha256,
        "receipts": sealing.receipts_digest(receipts),
    }


def _closing_letters(opened: frozen.Frozen, on_roll: Collection[str], *, about: str) -> list[announce.Notice]:
    """The tellers are called; whoever voted is asked to compare receipt and key, which nobody else can do for them."""
    told: list[announce.Notice] = []
    if opened.kind != BallotKind.OPEN:
        told += [
            announce.Notice(
                kind="tellers_called",
                about=about,
                to=seat.email,
                recipient=seat.member,
                context={
                    "member_name": seat.name,
                    "session_code": opened.session,
                    "needed": opened.shares_needed,
                    "key": opened.fingerprint,
                },
            )
            for seat in opened.seats
            if seat.teller
        ]
    if opened.kind != BallotKind.PAPER:
        told += [
            announce.Notice(
                kind="receipts_published",
                about=about,
                to=seat.email,
                recipient=seat.member,
                context={"member_name": seat.name, "session_code": opened.session, "key": opened.fingerprint},
            )
            for seat in opened.seats
            if seat.username in on_roll
        ]
    return told


def annul_ballot(
    session: Session, session_code: str, *, reason: str, actor: Actor, now: datetime
) -> dict[str, list[str]]:
    """Give up a ballot that is not counted yet: its box was altered, shares are lost, members were called wrongly.

    The envelopes are erased unread, the session is over, its nominations wait for the council again; who voted and
    why it came to nothing stays in the ledger. Raises Refusal `reason_required`, `ballot_not_open`.
    Returns {"waiting": codes}.
    """
    access.require(actor, Role.SECRETARY)
    sitting = sessions.by_code(session, session_code)
    if sitting.state not in {SessionState.OPEN, SessionState.CLOSED}:
        raise Refusal(
            "ballot_not_open",
            f"Phiên {session_code} không có cuộc bỏ phiếu nào đang mở hoặc chờ kiểm; không có gì để hủy.",
            citation=COUNCIL,
        )
    if not reason.strip():
        raise Refusal("reason_required", "Hủy cuộc bỏ phiếu phải nêu lý do.")
    free_text.check("Lý do hủy cuộc bỏ phiếu", reason, transition.LONGEST_REASON)
    memory = ballot_memory.recall(session, sitting.code)  # the rows may be what somebody altered
    agenda = list(frozen.Frozen(memory.facts).agenda) if memory else sessions.agenda_codes(session, sitting)
    _, results, _ = transition.move(
        session,
        Action.TAKE_OFF_BALLOT,
        counting.on_ballot(session, agenda),
        actor=actor,
        now=now,
        reason=reason.strip(),
    )
    counting.require_all(results)
    ballot_box.empty(session, sitting)
    waiting_shares.drop(session, sitting)
    sitting.state = SessionState.CANCELLED.value
    sitting.version += 1
    session.add(sitting)
    session.flush()
    index = record.record(
        session,
        Kind.SESSION_BALLOT_ANNULLED,
        [(sitting.code, sessions.aspects(sitting, "state") | {"reason": reason.strip()})],
        by=actor.username,
    )
    round_ = session.get_one(ReviewRound, sitting.round_id)
    announce.stage(session, round_.code, Stage.COUNCIL_VOTE, index=index)
    announce.notices(
        session,
        [
            announce.Notice(
                kind="ballot_annulled",
                about=f"{sitting.code}/{index}",
                to=member.email,
                recipient=member.member,
                context={
                    "member_name": member.name,
                    "session_code": sitting.code,
                    "round_title": round_.title,
                    "reason": reason.strip(),
                },
            )
            for member in sessions.members_of(session, sitting)
        ],
    )
    return {"waiting": agenda}
