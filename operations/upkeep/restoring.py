"""Safeguards after a restore: no old sessions, tokens or links, no lost locks, no number given out twice.

A backup knows nothing of what came after it. What others know of that — a signed checkpoint in a letter, an export, the
memory beside the old key — says how much is lost, and which numbers must not come again.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

import models
from ledger import entry, kinds, merkle, note, tiles, unproven
from ledger.kinds import Kind
from models import Account, InstallationRow
from models.database import Database
from models.types import as_mapping, table
from operations import binding, given, numbering, record, seal
from operations.installation import Installation
from operations.people import endings
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import SessionState

_C = table(models.Counter).c
_PAPERS = (Kind.DECISION_SIGNED, Kind.SUBMISSION_LETTER_SIGNED)


@dataclass(slots=True)
class Elsewhere:
    """Knowledge of this ledger from outside the restored database."""

    heads: list[note.Checkpoint] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)  # of the longest export among them
    numbers: Counter[str] = field(default_factory=Counter)
    locked: set[int] = field(default_factory=set)
    lock: set[str] = field(default_factory=set)  # by their usernames, as somebody said
    remembered: bool = False  # by the memory of a data folder, which knows every number and lock

    @property
    def size(self) -> int:
        return max((head.size for head in self.heads), default=0)

    @property
    def exact(self) -> bool:
        """Are the numbers that were given out known, and not only how many entries there were?"""
        return self.remembered or len(self.leaves) >= self.size


def learn(found: Elsewhere, file: Path, text: str, vkey: str) -> None:
    """What a checkpoint kept elsewhere says, and what lies beside it: an export's entries, a data folder's memory.

    Raises unproven.Unproven for one that this ledger's key did not sign.
    """
    head = note.open_checkpoint(seal.read_note(text), vkey)
    found.heads.append(head)
    for name, last in _told(text).items():
        found.numbers[name] = max(found.numbers[name], last)
    beside = given.read(file.parent)
    found.numbers |= Counter(beside.numbers)
    found.locked |= beside.locked
    found.remembered |= bool(beside.numbers)
    if (file.parent / "tile" / "entries").is_dir():
        leaves = tiles.read(file.parent, vkey)
        if len(leaves) > len(found.leaves):
            found.leaves = leaves


def _told(text: str) -> dict[str, int]:
    """The last numbers that a letter to an inspector tells beside the note (`operations.announce`)."""
    said = re.search(r"Số cuối đã cấp:((?:\s|>|[a-z_]+(?:/[0-9]{4})?=[0-9]{1,9};?)+)", text)
    return (
        {name: int(last) for name, last in re.findall(r"([a-z_]+(?:/[0-9]{4})?)=([0-9]{1,9})", said[1])} if said else {}
    )


def last_number(found: Elsewhere, said: str) -> None:
    """The last number of a paper that somebody knows to be given out: `12-2024`, `TTr-3-2024`. Raises Unreadable."""
    source = "submission_letter" if said.startswith("TTr-") else "decision"
    known = numbering.series(source, said)
    if known is None:
        raise Unreadable(
            "bad_number", f"«{said}» không phải số văn bản; viết như 12-2024 hoặc TTr-3-2024.", where={"last": said}
        )
    found.numbers[known[0]] = max(found.numbers[known[0]], known[1])


def differences(session: Session, known: Elsewhere) -> unproven.Unproven | None:
    """Where the restored ledger is not a beginning of what is known elsewhere, nor the other way round."""
    size = record.size(session)
    for head in known.heads:
        if head.size <= size:
            tree = seal.grown(session, merkle.Frontier(), head.size)
            good = tree is not None and tree.root() == head.root
        elif len(known.leaves) >= head.size:
            tree = seal.grown(session, merkle.Frontier(), size)
            good = tree is not None and tree.root() == merkle.Tree(map(merkle.leaf_hash, known.leaves)).root(size)
        else:
            continue  # a signed head alone does not tell what it grew from
        if not good:
            return unproven.Unproven(
                "checkpoint",
                f"Bản sao lưu ({size} bản ghi) và điểm kiểm giữ ở nơi khác ({head.size} bản ghi) không cùng một sổ cái: một "
                "trong hai đã bị viết lại. Chưa khôi phục gì; hãy giữ nguyên cả hai và báo thanh tra.",
            )
    return None


def begin_again(
    database: Database, keeper: seal.Keeper, known: Elsewhere, *, wall: datetime | None = None
) -> dict[str, Any]:
    """The first act on a restored database, and its signature.

    Raises unproven.Unproven where what is known elsewhere contradicts it, and what `settle` and `bind` raise.
    """
    database.migrate()
    binding.bind(database, keeper)
    with database.read() as session:
        contradiction = differences(session, known)
    if contradiction is not None:
        raise contradiction
    with database.begin() as session:
        answer = settle(session, known, wall=wall)
    keeper.now()
    return answer


def in_place(installation: Installation, known: Elsewhere, *, wall: datetime | None = None) -> dict[str, Any]:
    """The same for a database that was restored under a data folder that stayed (PostgreSQL: pg_restore).

    What the key signed last is known elsewhere, then; its memory is kept as `ledger.signed.<generation>`.
    """
    place, following = installation.folder / seal.MEMORY, installation.folder / f"{seal.MEMORY}.next"
    if place.exists():
        learn(known, place, place.read_text(encoding="utf-8"), installation.signer.vkey)
    following.unlink(missing_ok=True)
    keeper = seal.Keeper(installation.database, installation.signer, following)
    answer = begin_again(installation.database, keeper, known, wall=wall)
    if place.exists():
        kept = installation.folder / f"{seal.MEMORY}.{answer['generation'] - 1}"
        kept.unlink(missing_ok=True)
        os.link(place, kept)
    following.replace(place)
    return {"data": str(installation.folder)} | answer


def settle(session: Session, known: Elsewhere, *, wall: datetime | None = None) -> dict[str, Any]:
    """Begin another life of the installation: end what was made with earlier secrets, keep locks, skip numbers.

    An act of its own, recorded. Raises Refusal `not_initialised` for a database that is no installation's,
    `unknown_account` for a name to be locked.
    """
    wall = wall or datetime.now(UTC)
    row = session.get(InstallationRow, 1)
    if row is None:
        raise Refusal("not_initialised", "Cơ sở dữ liệu được khôi phục không phải của một hệ thống đã khởi tạo.")
    size = record.size(session)
    lost = max(known.size - size, 0)
    row.generation += 1
    session.add(row)
    session.flush()
    told = [size, known.size, lost]
    record.record(
        session, Kind.INSTALLATION_RESTORED, [(row.code, binding.aspects(row) | {"restored": told})], by=kinds.INSTALLER
    )
    after = _entries(known.leaves[size:])
    answer = {
        "generation": row.generation,
        "ballots_to_annul": _without_box(session),
        "ended": _end(session, wall),
        "locked": _lock(session, known, after, wall),
        "checkpoint": known.size or None,
    }
    guessed = [name for name in _held(session, wall) if name not in known.numbers] if lost and not known.exact else []
    skipped = _skip(session, known, after, dict.fromkeys(guessed, lost), wall)
    answer["skipped"] = skipped
    answer["lost"] = _lost(lost, after, known, {name: was for name, was in skipped.items() if name not in guessed})
    answer["ask"] = [*_questions(known, lost, guessed), *_undone(session, after)]
    return answer


def _entries(leaves: Sequence[bytes]) -> list[entry.Entry]:
    return [entry.decode(leaf) for leaf in leaves]


def _without_box(session: Session) -> list[str]:
    """No envelope outlives a restore (docs/decisions/0007): ballots that were under way are held again."""
    session.execute(sa.delete(models.BallotBox))
    state = col(models.CouncilSession.state)
    query = (
        select(models.CouncilSession.code)
        .where(state.in_((SessionState.OPEN, SessionState.CLOSED)))
        .order_by(models.CouncilSession.code)
    )
    return list(session.exec(query))


def _end(session: Session, wall: datetime) -> dict[str, int]:
    accounts = session.exec(select(Account).order_by(col(Account.id))).all()
    ended = {"sessions": 0, "tokens": 0, "links": 0}
    link = col(models.OneTimeLink.ended)
    ended["links"] = session.execute(
        sa.select(sa.func.count()).select_from(models.OneTimeLink).where(link.is_(False))
    ).scalar_one()
    for account in accounts:
        ended["sessions"] += endings.sessions(session, account.id or 0, wall=wall)
        ended["tokens"] += endings.tokens(session, account, by=kinds.INSTALLER, wall=wall)
    session.execute(sa.update(models.OneTimeLink).values(ended=True))
    return ended


def _lock(session: Session, known: Elsewhere, after: Sequence[entry.Entry], wall: datetime) -> list[str]:
    """Lock again the accounts that were locked after the backup. Raises Refusal `unknown_account`."""
    rows = session.exec(select(Account).order_by(col(Account.username))).all()
    strangers = known.lock - {row.username for row in rows}
    if strangers:
        raise Refusal(
            "unknown_account",
            f"Trong bản sao lưu không có tài khoản «{min(strangers)}». Hãy bỏ tên này khỏi những tài khoản phải khóa lại.",
        )
    state = {one.subject: one.kind for one in after if one.kind in {Kind.ACCOUNT_DISABLED, Kind.ACCOUNT_ENABLED}}
    chosen = []
    for row in rows:
        again = row.id in known.locked or row.username in known.lock
        if row.disabled_at is None and (
            again or Kind.ACCOUNT_DISABLED in {state.get(row.code), state.get(row.username)}
        ):
            row.disabled_at = wall
            session.add(row)
            chosen.append(row)
    session.flush()
    if chosen:
        changes = [(row.code, {"disabled": row.disabled_at}) for row in chosen]
        record.record(session, Kind.ACCOUNT_DISABLED, changes, by=kinds.INSTALLER)
    return [row.username for row in chosen]


_PAPER_CODES = {"decision": "{}-{}", "submission_letter": "TTr-{}-{}"}


def _lost(
    lost: int, after: Sequence[entry.Entry], known: Elsewhere, skipped: Mapping[str, list[int]]
) -> dict[str, Any] | None:
    """What came after the backup: how many entries, which papers, what else; None where nobody knows.

    `skipped`: the series of which the last number is known, and which numbers of them were given out and are lost.
    """
    if not known.heads and not skipped:
        return None
    papers = [one.subject for one in after if one.kind in _PAPERS]
    for name, (was, last) in skipped.items():
        source, _, year = name.partition("/")
        if source in _PAPER_CODES:
            numbered = (
                _PAPER_CODES[source].format(number, year) for number in range(was + 1, min(last, was + 1000) + 1)
            )
            papers += [code for code in numbered if code not in papers]
    kinds_lost = Counter(one.kind for one in after)
    return {
        "entries": lost if known.heads else None,
        "papers": papers,
        "kinds": dict(sorted(kinds_lost.items())),
    }


def _held(session: Session, wall: datetime) -> dict[str, int]:
    """The last number of each series, and those of a year that may have begun after the backup."""
    held = as_mapping(session.execute(sa.select(_C.name, _C.value)))
    last = session.execute(sa.select(table(models.LedgerHead).c.last_at)).scalar_one()
    if last is not None and last.year < wall.year:
        held = {f"{name.partition('/')[0]}/{wall.year}": 0 for name in held if "/" in name} | held
    return held


def _skip(
    session: Session, known: Elsewhere, after: Sequence[entry.Entry], guessed: Mapping[str, int], wall: datetime
) -> dict[str, list[int]]:
    """No number that was given out comes again. Where only the count of lost entries is known, as many are skipped."""
    floors = Counter(known.numbers)
    for one in after:
        numbered = numbering.series(one.kind.partition(":")[0], one.subject)
        if numbered is not None:
            floors[numbered[0]] = max(floors[numbered[0]], numbered[1])
    for name, value in _held(session, wall).items() if guessed else ():
        floors[name] = max(floors[name], value + guessed.get(name, 0))
    skipped = {}
    for name, last in sorted(floors.items()):
        passed = numbering.skip_to(session, name, last)
        if passed is not None:
            skipped[name] = list(passed)
    if skipped:
        record.record(
            session,
            Kind.COUNTER_RAISED,
            [(name, {"skipped": passed}) for name, passed in skipped.items()],
            by=kinds.INSTALLER,
        )
    return skipped


# What took something away from somebody after the backup, and is undone by it.
_TAKEN = (
    Kind.ROLE_ENDED, Kind.COUNCIL_MEMBER_DISMISSED, Kind.AUTHORISATION_ENDED, Kind.ACCOUNT_PASSWORD_SET,
    Kind.ACCOUNT_SECOND_FACTOR_SET, Kind.ACCOUNT_IDENTITIES_UNLINKED, Kind.ACCOUNT_CLOSED,
)  # fmt: skip


def _undone(session: Session, after: Sequence[entry.Entry]) -> list[str]:
    """Acts of after the backup that somebody has to do again: rights that ended, passwords that were changed."""
    names = as_mapping(session.execute(sa.select(table(Account).c.code, table(Account).c.username)))
    told = dict.fromkeys(
        f"{Kind(one.kind).word}: {'/'.join(names.get(part, part) for part in one.subject.split('/') if part)}"
        for one in after
        if one.kind in _TAKEN
    )
    return [f"Việc sau lúc sao lưu nay đã mất, hãy làm lại: {one}." for one in list(told)[:50]]


def _questions(known: Elsewhere, lost: int, guessed: Sequence[str]) -> list[str]:
    """Questions that only people can answer, each with an advice."""
    asked = []
    if not known.heads:
        asked.append(
            "Điểm kiểm mới nhất mà thanh tra, thư hoặc bản xuất sổ cái còn giữ là điểm nào? Khôi phục lại với "
            "--checkpoint TỆP để biết mất bao nhiêu bản ghi và không cấp lại số đã cấp (hoặc --last 12-2024, --last TTr-3-2024)."
        )
    if guessed:
        asked.append(
            "Chỉ biết mất bao nhiêu bản ghi, không biết mất số nào, nên mỗi dãy số đã bỏ qua chừng ấy số. Muốn bỏ qua đúng các số "
            "đã cấp: khôi phục lại với điểm kiểm trong thư mục xuất, hoặc ledger.signed của thư mục dữ liệu cũ."
        )
    if not known.heads or (lost and not known.exact):
        asked.append(
            "Sau lúc sao lưu có tài khoản nào bị khóa, đổi mật khẩu hay thôi vai trò? Khóa lại bằng --lock TÊN hoặc "
            "`vinhdanh account disable TÊN`."
        )
    return asked
