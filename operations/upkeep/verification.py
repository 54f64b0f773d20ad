"""Is the database what the ledger says? Every entry is read again, the tree rebuilt, the state folded and compared.

A violation names the SQL table, the code of the nomination, decision … (else the primary key) and what differs. Which
column is compared with what is said in `operations.upkeep.protected`.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

import models
from ledger import canonical, commitment, entry, merkle
from ledger.kinds import Kind
from models import LedgerEntry, LedgerHead, LedgerOpening, guards
from models.types import as_mapping, table
from operations import numbering, record, seal
from operations.council_vote import frozen
from operations.upkeep import checkpoints, doers, protected


@dataclass(slots=True)
class Verdict:
    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    sealed: int = 0  # entries under the newest checkpoint
    tail_from: datetime | None = None  # when the first entry after it was made
    checked_tables: list[str] = field(default_factory=list)
    clock_set_back: list[int] = field(default_factory=list)  # entries that say the machine's clock was wrong
    erased: dict[str, int] = field(default_factory=dict)  # index/field → the entry that says it was erased
    formerly: dict[tuple[str, str], str] = field(default_factory=dict)  # (source, code) → the name it goes on from
    skipped: Counter[str] = field(default_factory=Counter)  # series → numbers that restores skipped
    violations: list[dict[str, str]] = field(default_factory=list)

    def add(self, table: str, key: object, what: str) -> None:
        self.violations.append({"table": table, "key": str(key), "what": what})


@dataclass(slots=True)
class Said:
    """One subject in the ledger: the number of entries, and each aspect's newest (index, commitment)."""

    entries: int = 0
    aspects: dict[str, tuple[int, str]] = field(default_factory=dict)


Fold = dict[str, dict[str, Said]]  # source → subject → what is said of it


def verify(
    session: Session,
    *,
    vkey: str,
    memory: seal.Memory | None = None,
    known: Sequence[str] = (),
    wall: datetime | None = None,
) -> Verdict:
    """Read everything again. Nothing is repaired; violations are listed, the ledger's own first.

    `memory` is what the key itself remembers, `known` are signed notes kept elsewhere; `wall` is now.
    """
    verdict = Verdict()
    for name, key, what in guards.differences(session.connection()):
        verdict.add(name, key, what)
    owners = [str(owner) for owner in session.execute(sa.select(table(models.InstallationRow).c.vkey)).scalars()]
    if owners not in ([], [vkey]):
        verdict.add("installation", 1, "sổ cái này bắt đầu với khóa khác, không phải khóa đang kiểm")
    outside = checkpoints.Outside(vkey, memory, tuple(known), wall or datetime.now(UTC))
    compare(session, read_entries(session, verdict, outside), verdict)
    named = {(one["table"], one["key"]) for one in verdict.violations}
    for name, key, what in frozen.every_difference(session):
        if (name, key) not in named:
            verdict.add(name, key, what)
    _name_accounts(session, verdict)
    return verdict


def _name_accounts(session: Session, verdict: Verdict) -> None:
    """Translate account codes of the ledger into usernames for the reader."""
    accounts = table(models.Account).c
    names = as_mapping(session.execute(sa.select(accounts.code, accounts.username)))
    for one in verdict.violations:
        one["key"] = "/".join(names.get(part, part) for part in one["key"].split("/"))


def compare(session: Session, fold: Fold, verdict: Verdict, *, sources: Collection[str] = ()) -> None:
    """Hold every state table against the folded ledger, or those of `sources` alone."""
    _join_former_names(fold, verdict)
    salts = _Openings(session, verdict)
    for source, guarded in protected.TABLES.items():
        if sources and source not in sources:
            continue
        try:
            _compare(session, guarded, source, fold, salts, verdict)
        except ValueError as reason:  # no operation writes what the column types cannot read again
            verdict.add(guarded.name, "?", f"có giá trị không đọc được: {reason}")
        verdict.checked_tables.append(guarded.name)
    _compare_counters(session, fold, verdict)
    verdict.checked_tables.append(COUNTER)
    for source in sorted(
        fold.keys() - protected.TABLES.keys() - {Kind.OPENING_ERASED.source, Kind.CLOCK_SET_BACK.source, COUNTER}
    ):
        verdict.add("ledger_entry", source, "bản ghi sổ cái nói về một loại đối tượng không có trong hệ thống")


def _join_former_names(fold: Fold, verdict: Verdict) -> None:
    """What was said under a name that a code goes on from is said of the code; the newer entry counts."""
    for (source, subject), name in verdict.formerly.items():
        before, now = fold[source].pop(name, None), fold[source][subject]
        if before is None:
            verdict.add("ledger_entry", subject, f"nối tiếp một tên không có trong sổ cái ({source})")
            continue
        now.entries += before.entries
        now.aspects = before.aspects | now.aspects


def read_entries(session: Session, verdict: Verdict, outside: checkpoints.Outside) -> Fold:
    """Read the ledger itself: every entry, opening, checkpoint and its head. Returns what it says of every subject."""
    fold: Fold = {}
    frontier = merkle.Frontier()
    signed = checkpoints.look(session, outside, verdict.add)
    hashes: list[bytes] = []
    last_at = ""
    expected = 0
    missing: set[str] = set()
    doing = doers.Doers(session, verdict.add)
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
        before, last_at = last_at, at
        if index == signed.newest:
            signed.tail_from = said.at
        opened = _check_opening(index, openings, said.commitments, verdict)
        doing.entry(index, said.kind, said.commitments, opened)
        if said.kind == Kind.CLOCK_SET_BACK:
            verdict.clock_set_back.append(index)
            if opened and [opened[name][1] for name in ("was", "now") if name in opened] != [before, at]:
                verdict.add(
                    "ledger_entry", index, "nói đồng hồ lùi lại nhưng không đúng giờ của bản ghi trước và của chính nó"
                )
        elif at < before:
            verdict.add(
                "ledger_entry", index, "thời gian lùi so với bản ghi trước mà không có bản ghi nào nói đồng hồ lùi lại"
            )
        if openings is not None:
            missing |= {record.erased(index, name) for name in said.commitments.keys() - opened.keys()}
        if said.kind == Kind.OPENING_ERASED:
            verdict.erased[said.subject] = index
        if "formerly" in opened:
            verdict.formerly[said.kind.split(":", 1)[0], said.subject] = str(opened["formerly"][1])
        if said.kind == Kind.COUNTER_RAISED:
            _skipped(said.subject, opened, verdict)
        source = fold.setdefault(said.kind.split(":", 1)[0], {})
        known = source.get(said.subject)
        if known is None:
            known = source[said.subject] = Said()
        known.entries += 1
        for name, value in said.commitments.items():
            known.aspects[name] = (index, value)
        if expected in signed.waiting or len(hashes) >= 4096:
            frontier, hashes = frontier.extend(hashes), []
            signed.compare(frontier, verdict.add)
    frontier = frontier.extend(hashes)
    verdict.size, verdict.root = frontier.size, frontier.root()
    doing.end(frontier.size)
    signed.compare(frontier, verdict.add)
    signed.end(frontier.size, verdict.add, outside.wall)
    verdict.sealed, verdict.tail_from = signed.newest, signed.tail_from
    heads = session.execute(sa.select(h.id, h.size, h.frontier, h.last_at)).all()
    head = next((row for row in heads if row.id == 1), None)
    if head is None or len(heads) > 1:
        verdict.add("ledger_head", 1, f"đầu sổ phải là một dòng duy nhất, đang có {len(heads)} dòng")
    elif head.size != frontier.size or (head.size and head.frontier != frontier.to_text()):
        verdict.add("ledger_head", 1, f"đầu sổ ghi {head.size} bản ghi, không khớp {frontier.size} bản ghi đọc được")
    elif (head.last_at.isoformat(timespec="microseconds") if head.last_at else "") != last_at:
        verdict.add("ledger_head", 1, "thời gian ở đầu sổ không phải của bản ghi cuối")
    if (kept := session.execute(sa.select(sa.func.count()).select_from(LedgerOpening)).scalar_one()) > expected:
        verdict.add("ledger_opening", "?", f"có {kept} dòng mở cam kết cho {expected} bản ghi")
    if "installation" in fold:  # ledgers of earlier versions list what was erased in this entry
        _check_erased(missing, verdict)
    return fold


def _skipped(series: str, opened: Mapping[str, Any], verdict: Verdict) -> None:
    try:
        was, now = opened["skipped"][1]
        verdict.skipped[series] += now - was
    except (KeyError, ValueError, TypeError, IndexError):
        verdict.add(COUNTER, series, "không đọc được các số đã bỏ qua khi khôi phục")


def _check_erased(missing: set[str], verdict: Verdict) -> None:
    """Check that every missing field was erased by a recorded act, and that every recorded erasure took place."""
    for one in sorted(missing - verdict.erased.keys()):
        index, _, name = one.partition("/")
        verdict.add("ledger_opening", index, f"mục «{name}» bị mất mà không có bản ghi nào nói đã xóa, vì sao và do ai")
    for one, by in sorted(verdict.erased.items()):
        index, _, name = one.partition("/")
        if one not in missing or not index.isdecimal() or int(index) >= by:
            verdict.add("ledger_opening", index, f"mục «{name}»: bản ghi {by} nói đã xóa mà vẫn còn hoặc chưa từng có")


def _check_opening(index: int, text: str | None, commitments: Mapping[str, str], verdict: Verdict) -> dict[str, Any]:
    """Check that every stored opening opens its entry; erased fields are absent."""
    if text is None:
        verdict.add("ledger_opening", index, "mất dòng mở cam kết của bản ghi")
        return {}
    try:
        opened = json.loads(text)
        good = canonical.dumps(opened).decode() == text and all(
            commitment.opens(commitments[name], commitment.salt_from_text(salt), value)
            for name, (salt, value) in opened.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good:
        verdict.add("ledger_opening", index, "muối hoặc giá trị không mở được cam kết của bản ghi")
        return {}
    return dict(opened)


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
            self._blocks[block] = as_mapping(rows)
        text = self._blocks[block].get(index)
        if text is None:
            return None
        try:
            return commitment.salt_from_text(json.loads(text)[name][0])
        except (ValueError, KeyError, TypeError, IndexError):
            return None


def _compare(
    session: Session,
    table: protected.Table,
    source: str,
    fold: Fold,
    salts: _Openings,
    verdict: Verdict,
) -> None:
    said = fold.get(source, {})
    seen: set[str] = set()
    for subject, aspects in table.rows(session):
        known = said.get(subject)
        if known is None or subject in seen:
            verdict.add(table.name, subject, "có trong cơ sở dữ liệu nhưng sổ cái không ghi nhận")
            continue
        seen.add(subject)
        for aspect, held in aspects.items():
            name, value = protected.as_recorded(aspect, held, known.aspects)
            if isinstance(value, protected.Since):
                if name not in known.aspects:
                    continue
                value = record.plain(value.held)
            recorded = known.aspects
            if isinstance(held, protected.Formerly) and held.of is not None and aspect not in recorded:
                theirs = fold.get(held.of[0], {}).get(held.of[1])
                recorded = theirs.aspects if theirs is not None else {}
            if isinstance(value, (protected.Derived, protected.Version)):
                if value.held != (known.entries if isinstance(value, protected.Version) else value.follows):
                    verdict.add(table.name, subject, f"{name}: khác với giá trị tính lại từ những gì sổ cái ghi")
                continue
            if name not in recorded:
                if value != "":
                    verdict.add(table.name, subject, f"{name}: sổ cái chưa từng ghi nhận giá trị này")
                continue
            index, committed = recorded[name]
            salt = salts.salt(index, name)
            if salt is None and record.erased(index, name) in verdict.erased:
                if value != "":
                    verdict.add(table.name, subject, f"{name}: sổ cái đã xóa mà cơ sở dữ liệu còn giữ")
            elif salt is None:
                verdict.add("ledger_opening", index, f"mất muối của «{name}» ({table.name} {subject})")
            elif not commitment.opens(committed, salt, value):
                verdict.add(table.name, subject, f"{name}: khác với bản ghi {index} của sổ cái")
    for subject in sorted(said.keys() - seen):
        newest = max((index for index, _ in said[subject].aspects.values()), default="?")
        verdict.add(table.name, subject, f"đã bị xóa: sổ cái có ở bản ghi {newest}")


COUNTER = "counter"


def _compare_counters(session: Session, fold: Fold, verdict: Verdict) -> None:
    """A series has as many numbers as the ledger has subjects of it, and what a restore skipped: none comes twice."""
    used = Counter(
        found[0]
        for source in (
            "round",
            "dossier",
            "nominee",
            "nomination",
            "session",
            "petition",
            "decision",
            "submission_letter",
        )
        for subject in fold.get(source, {})
        if (found := numbering.series(source, subject)) is not None
    )
    used.update(verdict.skipped)
    held = as_mapping(session.execute(sa.select(table(models.Counter).c.name, table(models.Counter).c.value)))
    for name in sorted(used.keys() | held.keys()):
        if used[name] != held.get(name, 0):
            verdict.add(COUNTER, name, f"số cuối là {held.get(name, 0)}, sổ cái đã dùng {used[name]} số")
