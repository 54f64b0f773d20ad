"""Is the database what the ledger says? Every entry is read again, the tree rebuilt, the state folded and compared.

A violation names the SQL table, the code of the nomination, decision … (else the primary key) and what differs. Each
column of each table is compared with what the ledger commits to, or recomputed from that, or stands in `UNPROTECTED` with
the reason why not.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

import models
from ledger import commitment, entry, merkle, note, unproven
from models import Checkpoint, LedgerEntry, LedgerHead, LedgerOpening
from models.types import by_first, table
from operations import duties, record, rounds
from operations.chairman_signature import signature
from operations.council_vote import ballot_box, conflicts_found, convening, counting, recusals, vote
from operations.home_affairs_review import comments, review
from operations.people import account_requests, accounts, second_factor, tokens
from operations.public_disclosure import petitions
from operations.unit_proposal import attachments, proposal
from operations.upkeep import deadlines
from rules import lifecycle, names


@dataclass(slots=True)
class Verdict:
    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    checked_tables: list[str] = field(default_factory=list)
    violations: list[dict[str, str]] = field(default_factory=list)

    def add(self, table: str, key: object, what: str) -> None:
        self.violations.append({"table": table, "key": str(key), "what": what})


@dataclass(slots=True)
class Said:
    """What the ledger says of one subject: in how many entries, and of each aspect the newest (index, commitment)."""

    entries: int = 0
    aspects: dict[str, tuple[int, str]] = field(default_factory=dict)


Fold = dict[str, dict[str, Said]]  # source → subject → what is said of it


@dataclass(frozen=True, slots=True)
class Derived:
    """A column that is no aspect, because its value follows from others that are: what it holds and what follows."""

    held: Any
    follows: Any


@dataclass(frozen=True, slots=True)
class Version:
    """A row's version counter: each change adds one to it, and one entry to the ledger."""

    held: int


def verify(session: Session, *, vkey: str) -> Verdict:
    """Read everything again. Nothing is repaired; violations are listed, the ledger's own first."""
    verdict = Verdict()
    _triggers(session, verdict)
    compare(session, read_entries(session, verdict, vkey=vkey), verdict)
    return verdict


def compare(session: Session, fold: Fold, verdict: Verdict) -> None:
    """Hold every state table against the folded ledger."""
    salts = _Openings(session, verdict)
    for source, protected in TABLES.items():
        try:
            _compare(session, protected, fold.get(source, {}), salts, verdict)
        except ValueError as reason:  # no operation writes what the column types cannot read again
            verdict.add(protected.name, "?", f"có giá trị không đọc được: {reason}")
        verdict.checked_tables.append(protected.name)
    _compare_counters(session, fold, verdict)
    verdict.checked_tables.append(COUNTER)
    for source in sorted(fold.keys() - TABLES.keys()):
        verdict.add("ledger_entry", source, "bản ghi sổ cái nói về một loại đối tượng không có trong hệ thống")


def _triggers(session: Session, verdict: Verdict) -> None:
    """The database's own guard must still stand."""
    if session.get_bind().dialect.name == "sqlite":
        query, verbs = "SELECT name FROM sqlite_master WHERE type = 'trigger'", ["update", "delete"]
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        verbs = ["update", "delete", "truncate"]
    present = set(session.execute(sa.text(query)).scalars())
    for guarded in (
        "ledger_entry",
        "checkpoint",
        "security_event",
        "appraisal",
        "comment",
        "ledger_opening",
        "ledger_head",
    ):
        for verb in verbs:
            if f"{guarded}_no_{verb}" not in present:
                verdict.add(guarded, f"{guarded}_no_{verb}", "mất trigger chặn sửa, xóa")


def read_entries(session: Session, verdict: Verdict, *, vkey: str) -> Fold:
    """Read the ledger itself: every entry, opening, checkpoint and its head. Returns what it says of every subject."""
    fold: Fold = {}
    frontier = merkle.Frontier()
    notes = {row.size: row.note for row in session.exec(select(Checkpoint))}
    hashes: list[bytes] = []
    last_at = ""
    expected = 0
    e, o, h = table(LedgerEntry).c, table(LedgerOpening).c, table(LedgerHead).c
    query = sa.select(e.index, e.kind, e.subject, e.leaf, o.openings).outerjoin_from(
        LedgerEntry, LedgerOpening, e.index == o.index
    )
    rows = session.execute(query.order_by(e.index)).yield_per(2000)
    for index, kind, subject, text, openings in rows:
        if index != expected:
            verdict.add("ledger_entry", expected, f"thiếu bản ghi từ {expected} đến {index - 1}")
            return fold
        expected += 1
        leaf = text.encode()
        hashes.append(merkle.leaf_hash(leaf))
        try:
            said = entry.decode(leaf)
        except ValueError:
            verdict.add("ledger_entry", index, "nội dung bản ghi không đọc được")
            continue
        at = said.at.isoformat(timespec="microseconds")
        if (said.index, said.kind, said.subject) != (index, kind, subject):
            verdict.add("ledger_entry", index, "số thứ tự, loại hoặc đối tượng không khớp nội dung đã ghi")
        if at < last_at:
            verdict.add("ledger_entry", index, "thời gian lùi so với bản ghi trước")
        last_at = at
        _check_opening(index, openings, said.commitments, verdict)
        source = fold.setdefault(said.kind.split(":", 1)[0], {})
        known = source.get(said.subject)
        if known is None:
            known = source[said.subject] = Said()
        known.entries += 1
        for name, value in said.commitments.items():
            known.aspects[name] = (index, value)
        if expected in notes or len(hashes) >= 4096:
            frontier, hashes = frontier.extend(hashes), []
            if expected in notes:
                _check_note(notes.pop(expected), vkey, frontier, verdict)
    frontier = frontier.extend(hashes)
    verdict.size, verdict.root = frontier.size, frontier.root()
    for size, text in notes.items():
        if size == frontier.size:
            _check_note(text, vkey, frontier, verdict)
        else:
            verdict.add("checkpoint", size, f"điểm kiểm cho {size} bản ghi nhưng sổ cái chỉ có {frontier.size}")
    head = session.execute(sa.select(h.size, h.frontier, h.last_at).where(h.id == 1)).one_or_none()
    if head is None:
        verdict.add("ledger_head", 1, "mất dòng đầu sổ")
    elif head.size != frontier.size or (head.size and head.frontier != frontier.to_text()):
        verdict.add("ledger_head", 1, f"đầu sổ ghi {head.size} bản ghi, không khớp {frontier.size} bản ghi đọc được")
    elif head.last_at is not None and head.last_at.isoformat(timespec="microseconds") != last_at:
        verdict.add("ledger_head", 1, "thời gian ở đầu sổ không phải của bản ghi cuối")
    return fold


def _check_opening(index: int, text: str | None, commitments: Mapping[str, str], verdict: Verdict) -> None:
    """What is kept to open an entry must open it; a field that was erased is simply not there any more."""
    if text is None:
        verdict.add("ledger_opening", index, "mất dòng mở cam kết của bản ghi")
        return
    try:
        opened = json.loads(text)
        good = all(
            commitment.opens(commitments[name], commitment.salt_from_text(salt), value)
            for name, (salt, value) in opened.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good:
        verdict.add("ledger_opening", index, "muối hoặc giá trị không mở được cam kết của bản ghi")


def _check_note(text: str, vkey: str, frontier: merkle.Frontier, verdict: Verdict) -> None:
    try:
        signed = note.open_checkpoint(text, vkey)
    except unproven.Unproven as reason:
        verdict.add("checkpoint", frontier.size, f"chữ ký điểm kiểm không hợp lệ: {reason}")
        return
    if (signed.size, signed.root) != (frontier.size, frontier.root()):
        verdict.add("checkpoint", frontier.size, "điểm kiểm đã ký không khớp các bản ghi: sổ cái đã bị sửa")


class _Openings:
    """Salts by entry, read in blocks: entries are mostly asked for in order."""

    def __init__(self, session: Session, verdict: Verdict) -> None:
        self._session = session
        self._verdict = verdict
        self._blocks: dict[int, dict[int, str]] = {}

    def salt(self, index: int, name: str) -> bytes | None:
        block = index // 4096
        if block not in self._blocks:
            if len(self._blocks) >= 24:
                self._blocks.pop(next(iter(self._blocks)))
            o = table(LedgerOpening).c
            rows = self._session.execute(
                sa.select(o.index, o.openings).where(o.index.between(block * 4096, block * 4096 + 4095))
            )
            self._blocks[block] = by_first(rows)
        text = self._blocks[block].get(index)
        if text is None:
            return None
        try:
            return commitment.salt_from_text(json.loads(text)[name][0])
        except (ValueError, KeyError, TypeError, IndexError):
            return None


def _compare(
    session: Session,
    table: "Table",
    said: dict[str, Said],
    salts: _Openings,
    verdict: Verdict,
) -> None:
    seen: set[str] = set()
    for subject, aspects in table.rows(session):
        known = said.get(subject)
        if known is None or subject in seen:
            verdict.add(table.name, subject, "có trong cơ sở dữ liệu nhưng sổ cái không ghi nhận")
            continue
        seen.add(subject)
        for name, value in aspects.items():
            if isinstance(value, (Derived, Version)):
                if value.held != (known.entries if isinstance(value, Version) else value.follows):
                    verdict.add(table.name, subject, f"{name}: khác với giá trị tính lại từ những gì sổ cái ghi")
                continue
            if name not in known.aspects:
                if value != "":
                    verdict.add(table.name, subject, f"{name}: sổ cái chưa từng ghi nhận giá trị này")
                continue
            index, committed = known.aspects[name]
            salt = salts.salt(index, name)
            if salt is None:
                verdict.add("ledger_opening", index, f"mất muối của «{name}» ({table.name} {subject})")
            elif not commitment.opens(committed, salt, value):
                verdict.add(table.name, subject, f"{name}: khác với bản ghi {index} của sổ cái")
    for subject in sorted(said.keys() - seen):
        newest = max((index for index, _ in said[subject].aspects.values()), default="?")
        verdict.add(table.name, subject, f"đã bị xóa: sổ cái có ở bản ghi {newest}")


# Series of gapless numbers (operations.numbering): which part of a code, split at «-», is its year.
COUNTER = "counter"
_YEARS = {
    "round": 1, "dossier": 1, "nomination": 1, "session": 1, "petition": 1, "decision": 1, "submission_letter": 2,
}  # fmt: skip


def _compare_counters(session: Session, fold: Fold, verdict: Verdict) -> None:
    """A series has as many numbers as the ledger has subjects of it: none is skipped, none comes twice."""
    used = Counter(
        f"{source}/{subject.split('-')[part]}" for source, part in _YEARS.items() for subject in fold.get(source, {})
    )
    used["nominee"] = len(fold.get("nominee", {}))
    held = by_first(session.execute(sa.select(table(models.Counter).c.name, table(models.Counter).c.value)))
    for name in sorted(used.keys() | held.keys()):
        if used[name] != held.get(name, 0):
            verdict.add(COUNTER, name, f"số cuối là {held.get(name, 0)}, sổ cái đã dùng {used[name]} số")


@dataclass(frozen=True, slots=True)
class Table:
    """A state table: how to read its rows as (subject, aspects) the way the operations recorded them.

    What is no aspect in the ledger, yet follows from it, comes as `Derived` or `Version`.
    """

    name: str
    read: Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]

    def rows(self, session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        for subject, aspects in self.read(session):
            yield (
                subject,
                {
                    name: value if isinstance(value, (Derived, Version)) else record.plain(value)
                    for name, value in aspects.items()
                },
            )


def _nominations(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    n, p, u, d, q, t, r = (
        table(model).c
        for model in (
            models.Nomination, models.Nominee, models.Unit, models.Dossier, models.Decision, models.SubmissionLetter,
            models.ReviewRound,
        )
    )  # fmt: skip
    query = (
        sa.select(
            n.code, n.award, n.role, n.route, n.state, n.stage, n.reason, n.reviewed_by, p.code.label("nominee"),
            u.code.label("unit"), d.code.label("dossier"), q.code.label("decision"), t.code.label("letter"),
            n.proposed_by, r.code.label("round"), n.achievement, n.rating, n.initiative, n.object_class, n.field,
            n.prior_decision, n.parts, n.facts, n.achievement_key, n.entered_stage_at, n.version,
        )
        .join_from(models.Nomination, models.Nominee, n.nominee_id == p.id)
        .join(models.Unit, n.unit_id == u.id)
        .join(models.Dossier, n.dossier_id == d.id)
        .join(models.ReviewRound, n.round_id == r.id)
        .outerjoin(models.Decision, n.decision_id == q.id)
        .outerjoin(models.SubmissionLetter, n.submission_letter_id == t.id)
        .order_by(n.id)
    )  # fmt: skip
    for row in session.execute(query).yield_per(2000):
        aspects: dict[str, Any] = {
            "award": [row.award, row.role, row.route],
            "who": [row.nominee, row.unit, row.dossier, row.round, row.proposed_by],
            "state": [row.state, row.entered_stage_at],
            "stage": Derived(row.stage, _stage_of(row.state)),
            "case": proposal.case_aspect(row),
            "achievement_key": Derived(row.achievement_key, proposal.achievement_key(row.achievement)),
            # A nomination has one paper: two match no entry.
            "paper": f"{row.decision}/{row.letter}" if row.decision and row.letter else row.decision or row.letter,
            "reviewed_by": row.reviewed_by,
            "reason": row.reason,
            "version": Version(row.version),
        }
        yield row.code, aspects


def _stage_of(state: str) -> str:
    return lifecycle.stage_of(lifecycle.State(state)).value if state in set(lifecycle.State) else ""


def _simple(
    model: Any, key: str, aspects: Callable[[Any], dict[str, Any]]
) -> Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]:
    def read(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in session.exec(select(model).execution_options(yield_per=2000)):
            yield str(getattr(row, key)), aspects(row)

    return read


def _nominees(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    p, u = table(models.Nominee).c, table(models.Unit).c
    query = (
        sa.select(
            p.code, p.name, p.position, p.workplace, p.kind, p.honorific, p.gender, p.ethnicity, p.birth_date, p.email,
            p.name_key, p.identity, u.code.label("unit"),
        )
        .join_from(models.Nominee, models.Unit, p.unit_id == u.id)
        .order_by(p.id)
    )  # fmt: skip
    for row in session.execute(query).yield_per(2000):
        yield (
            row.code,
            {
                "name": row.name,
                "position": [row.position, row.workplace],
                "person": [row.unit, row.kind, row.honorific, row.gender, row.ethnicity, row.birth_date, row.email],
                # Who is found by name, and who counts as the same person.
                "name_key": Derived(row.name_key, names.fold(row.name)),
                "identity": Derived(row.identity, proposal.identity(row)),
            },
        )


def _joined(
    query: Any, shape: Callable[[Any], tuple[str, dict[str, Any]]]
) -> Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]:
    def read(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in session.execute(query).yield_per(2000):
            yield shape(row)

    return read


def _sessions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.CouncilSession, models.ReviewRound.code, models.Council.code)
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.CouncilSession.round_id))
        .join(models.Council, col(models.Council.id) == col(models.CouncilSession.council_id))
    )
    for row, round_code, council_code in session.exec(query):
        yield (
            row.code,
            {
                "of": [round_code, council_code],
                "when": [row.held_at, row.place],
                "regulation": row.regulation_sha256,
                "state": row.state,
                "invited": row.invitation_sequence,
                "frozen": row.frozen_sha256,
                "opened": row.opened_at,
                "closed": row.closed_at,
                "batch": row.batch_sha256,
                "version": Version(row.version),
            },
        )


def _appraisals(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    a, n = table(models.Appraisal).c, table(models.Nomination).c
    query = sa.select(
        n.code,
        a.sequence,
        a.verdict,
        a.pack,
        a.pack_sha256,
        a.regulation_sha256,
        a.on_date,
        a.findings,
        a.nomination_version,
        a.at,
    ).join_from(models.Appraisal, models.Nomination, a.nomination_id == n.id)
    for row in session.execute(query).yield_per(1000):
        yield (
            f"{row.code}/{row.sequence}",
            {
                "verdict": row.verdict,
                "by": [row.pack, row.pack_sha256, row.regulation_sha256, row.on_date, row.nomination_version, row.at],
                "findings": review.findings_digest(row.findings),
            },
        )


def _members(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.SessionMember, models.CouncilSession.code).join(
        models.CouncilSession, col(models.CouncilSession.id) == col(models.SessionMember.session_id)
    )
    for row, code in session.exec(query):
        yield f"{code}/{row.member}", convening.seat_aspects(row)


def _roll(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.CouncilSession.code, models.SessionMember.member)
        .join_from(
            models.BallotRoll, models.CouncilSession, col(models.CouncilSession.id) == col(models.BallotRoll.session_id)
        )
        .outerjoin(
            models.SessionMember,
            (col(models.SessionMember.session_id) == col(models.BallotRoll.session_id))
            & (col(models.SessionMember.username) == col(models.BallotRoll.username)),
        )
    )
    for code, member in session.exec(query):
        yield f"{code}/{member}", {"voted": 1}


def _ballots(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.Ballot, models.CouncilSession).join(
        models.CouncilSession, col(models.CouncilSession.id) == col(models.Ballot.session_id)
    )
    for ballot, sitting in session.exec(query).all():
        receipts = ballot_box.receipts(session, sitting)
        yield (
            sitting.code,
            {
                "how": vote.how_aspect(ballot),
                **vote.closed_aspects(ballot, receipts),
                "batch": None if ballot.batch is None else counting.batch_digest(ballot.batch),
            },
        )


def _seats(
    model: Any, username: str, aspects: Callable[[Any], dict[str, Any]]
) -> Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]:
    """Rows of a session and a member, known in the ledger by the member's number."""

    def read(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        query = (
            select(model, models.CouncilSession.code, models.SessionMember.member)
            .join(models.CouncilSession, col(models.CouncilSession.id) == model.session_id)
            .outerjoin(
                models.SessionMember,
                (col(models.SessionMember.session_id) == model.session_id)
                & (col(models.SessionMember.username) == getattr(model, username)),
            )
        )
        for row, code, member in session.exec(query):
            yield f"{code}/{member}", aspects(row)

    return read


def _agenda(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    i, n, s = (table(model).c for model in (models.AgendaItem, models.Nomination, models.CouncilSession))
    query = (
        sa.select(s.code.label("session"), n.code, *(i[name] for name in counting.RESULT_COLUMNS))
        .join_from(models.AgendaItem, models.Nomination, i.nomination_id == n.id)
        .join(models.CouncilSession, i.session_id == s.id)
    )
    for row in session.execute(query).yield_per(2000):
        yield f"{row.session}/{row.code}", {"result": counting.result_aspect(dict(row._mapping))}  # noqa: SLF001 -- documented row mapping


def _duties(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.Nomination.code, models.Duty.username, models.Duty.duty).join_from(
        models.Duty, models.Nomination, col(models.Duty.nomination_id) == col(models.Nomination.id)
    )
    for code, username, duty in session.exec(query):
        yield duties.subject(code, username, duty), {"had": 1}


def _recusals(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Recusal, models.CouncilSession.code, models.SessionMember.member, models.Nomination.code)
        .join(models.CouncilSession, col(models.CouncilSession.id) == col(models.Recusal.session_id))
        .join(
            models.SessionMember,
            (col(models.SessionMember.session_id) == col(models.Recusal.session_id))
            & (col(models.SessionMember.username) == col(models.Recusal.username)),
        )
        .join(models.Nomination, col(models.Nomination.id) == col(models.Recusal.nomination_id))
    )
    for row, session_code, member, code in session.exec(query):
        yield f"{session_code}/{member}/{code}", recusals.recusal_aspects(row)


def _conflicts(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Conflict, models.CouncilSession.code, models.SessionMember.member, models.Nomination.code)
        .join(models.CouncilSession, col(models.CouncilSession.id) == col(models.Conflict.session_id))
        .outerjoin(
            models.SessionMember,
            (col(models.SessionMember.session_id) == col(models.Conflict.session_id))
            & (col(models.SessionMember.username) == col(models.Conflict.username)),
        )
        .join(models.Nomination, col(models.Nomination.id) == col(models.Conflict.nomination_id))
    )
    for row, session_code, member, code in session.exec(query):
        yield f"{session_code}/{member}/{code}/{row.ground}", conflicts_found.aspects(row)


def _rounds(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.ReviewRound, models.Regulation.sha256).join(
        models.Regulation, col(models.Regulation.id) == col(models.ReviewRound.regulation_id)
    )
    for row, sha256 in session.exec(query):
        yield row.code, rounds.round_aspects(row, sha256) | {"version": Version(row.version)}


def _deadlines(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.Deadline, models.ReviewRound.code).join(
        models.ReviewRound, col(models.ReviewRound.id) == col(models.Deadline.round_id)
    )
    for row, code in session.exec(query):
        yield f"{code}/{row.stage}", rounds.deadline_aspects(row) | {"version": Version(row.version)}


def _escalations(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Escalation, models.Deadline.stage, models.ReviewRound.code)
        .join(models.Deadline, col(models.Deadline.id) == col(models.Escalation.deadline_id))
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.Deadline.round_id))
    )
    for row, stage, code in session.exec(query):
        yield f"{code}/{stage}/{row.due_on.isoformat()}/{row.subject}/{row.level}", deadlines.escalation_aspects(row)


def _dossiers(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Dossier, models.ReviewRound.code, models.Unit.code)
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.Dossier.round_id))
        .join(models.Unit, col(models.Unit.id) == col(models.Dossier.unit_id))
    )
    for row, round_code, unit_code in session.exec(query):
        yield (
            row.code,
            {
                **proposal.dossier_aspects(row, round_code, unit_code),
                "received": row.received_for_appraisal_at,
            },
        )


def _disclosures(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Disclosure, models.Decision.code, models.SubmissionLetter.code)
        .outerjoin(models.Decision, col(models.Decision.id) == col(models.Disclosure.decision_id))
        .outerjoin(
            models.SubmissionLetter, col(models.SubmissionLetter.id) == col(models.Disclosure.submission_letter_id)
        )
    )
    for row, decision, letter in session.exec(query):
        paper = "+".join(code for code in (decision, letter) if code)  # one of them; both match no entry
        yield f"{paper}/{row.channel}", {"when": [row.published_at, row.until_on]}


def _decisions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.Decision, models.ReviewRound.code).join(
        models.ReviewRound, col(models.ReviewRound.id) == col(models.Decision.round_id)
    )
    for row, round_code in session.exec(query):
        yield (
            row.code,
            {
                **signature.decision_aspects(row, round_code),
                "number": Derived(f"{row.number}-{row.year}", row.code),
                "paper": row.paper_sha256,
                "version": Version(row.version),
            },
        )


def _letters(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.SubmissionLetter, models.ReviewRound.code).join(
        models.ReviewRound, col(models.ReviewRound.id) == col(models.SubmissionLetter.round_id)
    )
    for row, round_code in session.exec(query):
        yield (
            row.code,
            {
                **signature.letter_aspects(row, round_code),
                "number": Derived(f"TTr-{row.number}-{row.year}", row.code),
                "paper": row.paper_sha256,
                "version": Version(row.version),
            },
        )


def _petitions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Petition, models.Nomination.code, models.Decision.code)
        .outerjoin(models.Nomination, col(models.Nomination.id) == col(models.Petition.nomination_id))
        .outerjoin(models.Decision, col(models.Decision.id) == col(models.Petition.decision_id))
    )
    for row, nomination, decision in session.exec(query):
        yield row.code, petitions.aspects(row, nomination, decision) | {"version": Version(row.version)}


def _comments(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Comment, models.Nomination.code)
        .join(models.Nomination, col(models.Nomination.id) == col(models.Comment.nomination_id))
        .order_by(col(models.Comment.id))
    )
    seen: dict[str, int] = {}
    for row, code in session.exec(query):
        seen[code] = seen.get(code, 0) + 1
        yield f"{code}/{seen[code]}", comments.aspects(row)


def _attachments(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Attachment, models.Dossier.code, models.Nomination.code)
        .join(models.Dossier, col(models.Dossier.id) == col(models.Attachment.dossier_id))
        .outerjoin(models.Nomination, col(models.Nomination.id) == col(models.Attachment.nomination_id))
    )
    for row, dossier, nomination in session.exec(query):
        yield f"{dossier}/{row.number}", attachments.aspects(row, nomination or "")


def _pauses(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Pause, models.Nomination.code)
        .join(models.Nomination, col(models.Nomination.id) == col(models.Pause.nomination_id))
        .order_by(col(models.Pause.id))
    )
    seen: dict[str, int] = {}
    for row, code in session.exec(query):
        seen[code] = seen.get(code, 0) + 1
        yield f"{code}/{seen[code]}", {"ground": row.ground, "from": row.started_at, "to": row.ended_at}


def _accounts(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    """An account with how it may sign in: a swapped second factor or a foreign identity would be somebody else's key."""
    query = select(models.Account, models.SecondFactor).outerjoin(
        models.SecondFactor, col(models.SecondFactor.account_id) == col(models.Account.id)
    )
    identities: dict[int, list[list[str]]] = {}
    for row in session.exec(select(models.OutsideIdentity)):
        identities.setdefault(row.account_id, []).append([row.issuer, row.subject])
    for account, factor in session.exec(query):
        yield (
            account.username,
            {
                **accounts.account_aspects(account),
                **second_factor.aspects(factor),
                "identities": sorted(identities.get(account.id or 0, [])) or None,
            },
        )


def _account_requests(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.AccountRequest, models.Account.username).join(
        models.Account, col(models.Account.id) == col(models.AccountRequest.account_id)
    )
    for row, username in session.exec(query):
        yield str(row.id), account_requests.aspects(row, username)


def _tokens(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.ApiToken, models.Account.username).join(
        models.Account, col(models.Account.id) == col(models.ApiToken.account_id)
    )
    for row, username in session.exec(query):
        yield str(row.id), tokens.aspects(row, username)


def _grants(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.RoleGrant, models.Account.username, models.Unit.code)
        .join(models.Account, col(models.Account.id) == col(models.RoleGrant.account_id))
        .outerjoin(models.Unit, col(models.Unit.id) == col(models.RoleGrant.unit_id))
    )
    for row, username, unit in session.exec(query):
        yield accounts.grant_subject(username, row, unit or ""), accounts.grant_aspects(row)


def _council_members(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.CouncilMember, models.Council.code, models.Account.username)
        .join(models.Council, col(models.Council.id) == col(models.CouncilMember.council_id))
        .join(models.Account, col(models.Account.id) == col(models.CouncilMember.account_id))
    )
    for row, code, username in session.exec(query):
        yield f"{code}/{username}/{row.valid_from.isoformat()}", accounts.member_aspects(row)


def _regulations(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in session.exec(select(models.Regulation)):
        read = hashlib.sha256(row.text.replace("\r\n", "\n").encode()).hexdigest()  # as rules.regulation reads it
        yield (
            row.sha256 if row.sha256 == read else f"{row.sha256} ≠ {read}",
            rounds.regulation_aspects(row),
        )


TABLES: dict[str, Table] = {
    "unit": Table("unit", _simple(models.Unit, "code", accounts.unit_aspects)),
    "account": Table("account", _accounts),
    "account_request": Table("account_request", _account_requests),
    "role": Table("role_grant", _grants),
    "council": Table("council", _simple(models.Council, "code", accounts.council_aspects)),
    "council_member": Table("council_member", _council_members),
    "api_token": Table("api_token", _tokens),
    "authorisation": Table("authorisation", _simple(models.Authorisation, "id", accounts.authorisation_aspects)),
    "regulation": Table("regulation", _regulations),
    "round": Table("review_round", _rounds),
    "deadline": Table("deadline", _deadlines),
    "dossier": Table("dossier", _dossiers),
    "nominee": Table("nominee", _nominees),
    "nomination": Table("nomination", _nominations),
    "appraisal": Table("appraisal", _appraisals),
    "session": Table("council_session", _sessions),
    "member": Table("session_member", _members),
    "recusal": Table("recusal", _recusals),
    "duty": Table("duty", _duties),
    "conflict": Table("conflict", _conflicts),
    "agenda": Table("agenda_item", _agenda),
    "roll": Table("ballot_roll", _roll),
    "ballot": Table("ballot", _ballots),
    "open_vote": Table("open_vote", _seats(models.OpenVote, "username", vote.open_vote_aspects)),
    "hand_count": Table("hand_count", _seats(models.HandCount, "counted_by", counting.hand_count_aspects)),
    "decision": Table("decision", _decisions),
    "submission_letter": Table("submission_letter", _letters),
    "disclosure": Table("disclosure", _disclosures),
    "petition": Table("petition", _petitions),
    "attachment": Table("attachment", _attachments),
    "comment": Table("comment", _comments),
    "pause": Table("pause", _pauses),
    "escalation": Table("escalation", _escalations),
}

_NUMBER = "numbers the rows in the order in which they were written; whatever refers to it is compared by code"
_FILE = "a file is found by its hash, which the entries of its dossier, attachment or paper hold, and is checked against it when read"
_BOX = (
    "an entry for each envelope would tell their order (docs/decisions/0007); the next cast, the closing and the count "
    "refuse a box that differs from its digest, and the ledger has that digest from the closing on"
)
_DELIVERY = "delivery, outside of any act: leases, tries, replies. A letter altered while it waits is not found here"
_ONCE = "answers to a repeated click, and hashes of one-time links; an act done with one stands in the ledger"
_VISIT = (
    "an entry for each would publish for ever when every official was at work; an act done through a forged session "
    "stands in the ledger under that name"
)
_REACH = (
    "a refusal is no act, and would publish for ever who tried what; only added to, by a trigger that is looked for"
)
_TRIES = "failed attempts of the last quarter of an hour"

# The columns that nothing above compares, each with the reason. A column of `models` that is neither here nor found when
# it is altered fails tests/operations/upkeep/test_verification.py.
UNPROTECTED: dict[str, dict[str, str]] = {
    **{
        name: {"id": _NUMBER}
        for name in (
            "agenda_item", "appraisal", "attachment", "comment", "conflict", "council", "council_member", "council_session", "deadline",
            "decision", "disclosure", "dossier", "escalation", "nomination", "nominee", "outside_identity", "pause",
            "petition", "recusal", "review_round", "role_grant", "session_member", "submission_letter",
        )
    },
    "ballot_box": dict.fromkeys(("session_id", "envelope"), _BOX),
    "checkpoint": {"at": "no part of the signed note; the entries before and after it tell when it was signed"},
    "outbox_message": dict.fromkeys(
        ("id", "key", "kind", "topic", "recipient", "context", "state", "attempts", "queued_at", "due_at", "lease",
         "settled_at", "reply"),
        _DELIVERY,
    ),
    "receipt": dict.fromkeys(("key", "verb", "actor", "answer", "at"), _ONCE),
    "second_factor": {
        "last_step": "an entry for each code would publish for ever when its owner signed in; a code is good for 90 "
        "seconds, whatever stands here"
    },
    "security_event": dict.fromkeys(("id", "at", "actor", "verb", "subject", "code"), _REACH),
    "sign_in_attempt": dict.fromkeys(("who", "window", "count"), _TRIES),
    "stored_file": dict.fromkeys(("sha256", "size", "media_type", "name", "stored_at"), _FILE),
    "web_session": dict.fromkeys(
        ("token_sha256", "account_id", "created_at", "seen_at", "confirmed_at", "ends_at", "revoked_at"), _VISIT
    ),
}  # fmt: skip
