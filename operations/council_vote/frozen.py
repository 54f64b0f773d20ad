"""What froze when a ballot opened, held against what the rows say now: before every cast, closing and count.

Who can write the database, and nothing beside it, could exchange a ballot's key, its members or its agenda around a cast
and put everything back before anybody looks. So each of these acts reads the rows anew and holds them against the ledger's
two entries on the opening and against the data folder's memory (`ballot_memory`), and uses what was remembered.
"""

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import commitment, entry, sealing
from ledger.canonical import dumps
from ledger.kinds import Kind
from models import (
    AgendaItem,
    Ballot,
    Council,
    CouncilSession,
    LedgerEntry,
    LedgerOpening,
    Nomination,
    Recusal,
    Regulation,
    ReviewRound,
)
from models.types import table
from operations import record
from operations.council_vote import ballot_box, ballot_memory, sessions
from operations.council_vote.ballot_box import COUNCIL
from rules.refusal import Refusal
from rules.vocabulary import BallotKind, SessionState

Facts = Mapping[str, Any]

# Of each part: the table that holds it, and its word.
_PARTS = {
    "session": ("council_session", "đợt xét, Hội đồng, giờ và nơi họp"),
    "regulation": ("regulation", "Quy chế"),
    "members": ("session_member", "thành viên và người có mặt"),
    "recusals": ("recusal", "việc tránh"),
    "agenda": ("agenda_item", "chương trình"),
    "ballot": ("ballot", "khóa hòm phiếu và cách mở"),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A member as the ballot opened."""

    member: str
    username: str
    name: str
    email: str | None
    chairs: bool
    teller: bool
    attended: bool


@dataclass(frozen=True)
class Frozen:
    """A ballot as it opened. Whatever counts in an act is taken from here, never from a row."""

    facts: Facts

    @cached_property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(
            Seat(member, username, name, email or None, bool(chairs), bool(teller), bool(attended))
            for member, username, name, email, chairs, teller, attended in self.facts["members"]
        )

    @cached_property
    def awards(self) -> dict[str, str]:
        """The award of each nomination on the agenda, in order."""
        return dict(self.facts["agenda"])

    @cached_property
    def agenda(self) -> tuple[str, ...]:
        return tuple(self.awards)

    def aside(self, username: str) -> frozenset[str]:
        """The nominations from which this member stands aside."""
        return frozenset(code for who, code, _, _ in self.facts["recusals"] if who == username)

    @cached_property
    def _away(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for who, code, _, _ in self.facts["recusals"]:
            found.setdefault(code, set()).add(who)
        return found

    def away(self, code: str) -> frozenset[str]:
        """Usernames of the members who stand aside from this nomination."""
        return frozenset(self._away.get(code, ()))

    @property
    def session(self) -> str:
        return str(self.facts["session"][0])

    @property
    def kind(self) -> str:
        return str(self.facts["ballot"][0])

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that seal a secret ballot."""
        return urlsafe_b64decode(f"{self.facts['ballot'][1]}=")

    @property
    def fingerprint(self) -> str | None:
        """The name of a secret ballot's key, for people to compare; None where nothing is sealed."""
        return sealing.fingerprint(self.public_key) if self.kind == BallotKind.SECRET else None

    @property
    def shares_needed(self) -> int:
        return int(self.facts["ballot"][2] or 0)

    @cached_property
    def digest(self) -> str:
        """The hash to which every envelope is bound, and which the ledger has of the opening."""
        facts = self.facts
        kind, key, needed, _ = facts["ballot"]
        return hashlib.sha256(
            dumps(
                {
                    "session": self.session,
                    "members": [[one.member, one.username, int(one.attended)] for one in self.seats],
                    "recusals": sorted([who, code] for who, code, _, _ in facts["recusals"]),
                    "regulation": facts["regulation"][0],
                    "agenda": list(self.agenda),
                    "ballot": [kind, key or "", needed or 0],
                }
            )
        ).hexdigest()


def facts(session: Session, sitting: CouncilSession, ballot: Ballot) -> Facts:
    """The present content of all rows that an opening freezes."""
    round_ = session.get_one(ReviewRound, sitting.round_id)
    rules = session.get_one(Regulation, round_.regulation_id)
    text = hashlib.sha256(rules.text.replace("\r\n", "\n").encode()).hexdigest()  # as rules.regulation reads it
    council = session.get_one(Council, sitting.council_id)
    i, n, r = table(AgendaItem).c, table(Nomination).c, table(Recusal).c
    agenda = session.execute(
        sa.select(n.code, n.award)
        .join_from(AgendaItem, Nomination, i.nomination_id == n.id)
        .where(i.session_id == sitting.id)
        .order_by(n.code)
    )
    recusals = session.execute(
        sa.select(r.username, n.code, r.ground, r.at)
        .join_from(Recusal, Nomination, r.nomination_id == n.id)
        .where(r.session_id == sitting.id)
        .order_by(r.username, n.code)
    )
    members = [
        [one.member, one.username, one.name, one.email, one.chairs, one.teller, one.attended]
        for one in sessions.members_of(session, sitting)
    ]
    opened_at = sitting.opened_at
    found = {
        "session": [sitting.code, round_.code, council.code, sitting.held_at, sitting.place, opened_at],
        "regulation": [sitting.regulation_sha256, rules.sha256, text],
        "members": members,
        "recusals": [list(row) for row in recusals],
        "agenda": [list(row) for row in agenda],
        "ballot": [ballot.kind, ballot.public_key, ballot.shares_needed, ballot.opened_by],
    }
    return {name: record.plain(value) for name, value in found.items()}


def require(session: Session, sitting: CouncilSession) -> Frozen:
    """The ballot as it opened. Raises Refusal `ballot_closed` before that, `frozen_changed` where anything differs now."""
    found = list(differences(session, sitting))
    memory = ballot_memory.recall(session, sitting.code)
    if found or memory is None:
        said = "; ".join(f"{key}: {what}" for _, key, what in found[:5])
        more = f" và {len(found) - 5} chỗ nữa" if len(found) > 5 else ""
        raise Refusal(
            "frozen_changed",
            f"Phiên {sitting.code}: điều đã chốt khi mở phiếu không còn như lúc mở ({said}{more}). Không nhận phiếu, không "
            "đóng, không kiểm phiếu được; hãy lập biên bản, báo thanh tra và hủy cuộc bỏ phiếu ở trang phiên họp để bỏ "
            "phiếu lại (dòng lệnh: `vinhdanh ballot annul`).",
            citation=COUNCIL,
            details={"changed": [f"{name}/{key}" for name, key, _ in found]},
            reach=True,
        )
    return Frozen(memory.facts)


def differences(session: Session, sitting: CouncilSession) -> Iterator[tuple[str, str, str]]:
    """(table, key, what) of everything in which a ballot's rows, ledger and memory do not agree on its opening."""
    ballot = ballot_box.require(session, sitting)
    memory = _memory(session, sitting)
    if memory is None:
        yield "ballot", sitting.code, "thư mục dữ liệu không nhớ việc mở phiếu này (ballots/)"
        return
    opened = Frozen(memory.facts)
    try:
        now = facts(session, sitting, ballot)
    except (sa.exc.NoResultFound, ValueError):
        yield "council_session", sitting.code, "có giá trị không đọc được"
        return
    for part, (name, word) in _PARTS.items():
        if now[part] != memory.facts[part]:
            yield name, _where(sitting.code, part, now[part], memory.facts[part]), f"{word}: khác lúc mở phiếu"
    if sitting.frozen_sha256 != opened.digest:
        yield "council_session", sitting.code, "dấu của những điều đã chốt: khác lúc mở phiếu"
    if ledger_of(session, sitting.code) != (memory.entries, opened.digest, list(memory.facts["ballot"])):
        yield "ledger_entry", sitting.code, "sổ cái nói khác về việc mở phiếu"
    closed = [ballot.box_sha256] if sitting.state in {SessionState.CLOSED, SessionState.TALLIED} else []
    if sitting.state != SessionState.CANCELLED and closed != [
        box for _, box in said(session, Kind.BALLOT_CLOSED, sitting.code, "box")
    ]:
        yield "council_session", sitting.code, "đang mở hay đã đóng phiếu, và hòm lúc đóng: sổ cái nói khác"


def every_difference(session: Session) -> Iterator[tuple[str, str, str]]:
    """`differences` of every ballot that was opened; one that is remembered and has no row was deleted."""
    rows = session.exec(select(CouncilSession).join(Ballot, col(Ballot.session_id) == col(CouncilSession.id))).all()
    for sitting in rows:
        yield from differences(session, sitting)
    for code in sorted({*ballot_memory.of_all(session)} - {sitting.code for sitting in rows}):
        yield "ballot", code, "đã mở phiếu theo thư mục dữ liệu, nhưng không còn trong cơ sở dữ liệu"


def _where(code: str, part: str, now: Any, then: Any) -> str:
    """Which row differs: the first of a list of rows, by what names it."""
    if part not in {"members", "recusals", "agenda"}:
        return code
    strangers = [row for row in (*then, *now) if row not in now or row not in then]
    named = strangers[0][:2] if part == "recusals" else strangers[0][:1] if strangers else []
    return "/".join([code, *map(str, named)])


def ledger_of(session: Session, code: str) -> tuple[tuple[int, ...], Any, Any]:
    """An opening as recorded in the ledger: indexes of its entries, digest, kind of vote and of opening."""
    digest, how = (said(session, kind, code, field) for kind, field in _ENTRIES)
    return (
        tuple(index for index, _ in (*digest, *how)),
        digest[0][1] if digest else None,
        how[0][1] if how else None,
    )


_ENTRIES = ((Kind.SESSION_BALLOT_OPENED, "frozen"), (Kind.BALLOT_OPENED, "how"))


def said(session: Session, kind: Kind, subject: str, field: str) -> list[tuple[int, Any]]:
    """(index, value) of each entry of this kind on this subject; a value that its commitment does not open is None."""
    written = session.exec(
        select(LedgerEntry.index, LedgerEntry.leaf, LedgerOpening.openings)
        .join(LedgerOpening, col(LedgerOpening.index) == col(LedgerEntry.index))
        .where(LedgerEntry.subject == subject, LedgerEntry.kind == str(kind))
        .order_by(col(LedgerEntry.index))
    )
    now = [(one[0], one[3], one[4]) for one in record.unwritten(session) if one[1:3] == (str(kind), subject)]
    return [(index, _opened(leaf, openings, kind, subject, field)) for index, leaf, openings in (*written, *now)]


def _opened(leaf: str, openings: str, kind: Kind, subject: str, field: str) -> Any:
    try:
        salt, value = json.loads(openings)[field]
        read = entry.decode(leaf.encode())
        opens = commitment.opens(read.commitments[field], commitment.salt_from_text(salt), value)
    except (ValueError, KeyError, TypeError):
        return None
    return value if opens and (read.kind, read.subject) == (str(kind), subject) else None


# Remembering ---------------------------------------------------------------------------------------------------------


def remember(session: Session, opened: Frozen, ballot: Ballot, entries: tuple[int, int]) -> None:
    """Write down an opening in the data folder, for whoever acts on the ballot later.

    Raises Refusal `ballot_opened` for a session whose opening is in force already, whatever its rows say now.
    """
    place = ballot_memory.folder(session)
    if not place.exists():
        _adopt(session, but=opened.session)
    if ballot_memory.recall(session, opened.session) is not None:
        raise Refusal(
            "ballot_opened",
            f"Phiên {opened.session} đã mở phiếu từ trước theo thư mục dữ liệu, dù cơ sở dữ liệu nói khác. Hãy báo thanh "
            "tra; muốn bỏ phiếu, hãy triệu tập một phiên mới.",
            citation=COUNCIL,
            reach=True,
        )
    memory = ballot_memory.Memory(entries, opened.facts, (ballot.box_sha256 or "",))
    ballot_memory.begin(session, opened.session, memory)


def _memory(session: Session, sitting: CouncilSession) -> ballot_memory.Memory | None:
    folder = ballot_memory.folder(session)
    if not folder.exists():
        _adopt(session)
    memory = ballot_memory.recall(session, sitting.code)
    if memory is None:
        # The process died between the commit of the opening and its note: the ledger tells whether it was committed.
        begun = ballot_memory.begun(session, sitting.code)
        if begun is not None and ledger_of(session, sitting.code)[0] == begun.entries:
            ballot_memory.settle(folder, sitting.code)
            memory = begun
    return memory


def _adopt(session: Session, *, but: str = "") -> None:
    """Once, in a folder of an earlier version: remember each ballot whose rows agree with the ledger, except `but`.

    From then on no ballot is acted on that this folder did not see opened.
    """
    ballot_memory.folder(session).mkdir(mode=0o700)
    rows = session.exec(
        select(Ballot, CouncilSession)
        .join(CouncilSession, col(CouncilSession.id) == col(Ballot.session_id))
        .where(CouncilSession.code != but)
    ).all()
    for ballot, sitting in rows:
        found = facts(session, sitting, ballot)
        entries, digest, how = ledger_of(session, sitting.code)
        if (digest, how) == (Frozen(found).digest, found["ballot"]) and len(entries) == len(_ENTRIES):
            memory = ballot_memory.Memory((entries[0], entries[1]), found, (ballot.box_sha256 or "",))
            ballot_memory.keep(session, sitting.code, memory)
