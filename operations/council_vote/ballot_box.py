"""The ballot box and the roll of one session: envelopes without time, user or order, apart from who has voted.

Roll and box are separate tables without a link. The box is rewritten whole, sorted by its random bytes, at every cast:
how it lies in the database's pages is a function of what is in it, never of who came when (docs/decisions/0007).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import sealing
from ledger.canonical import dumps
from ledger.kinds import Kind
from models import (
    Ballot,
    BallotBox,
    BallotReceipt,
    BallotRoll,
    CouncilSession,
    LedgerEntry,
    OpenVote,
    SessionMember,
)
from models.database import gone
from models.types import table
from operations import record
from operations.council_vote import ballot_memory
from rules import lifecycle
from rules.refusal import Citation, Refusal
from rules.vocabulary import BallotKind

COUNCIL = Citation(document=lifecycle.LAW, article="90", clause="4")
_B = table(BallotBox).c
_R = table(BallotReceipt).c
_M = table(SessionMember).c
_E = table(LedgerEntry).c


def of(session: Session, sitting: CouncilSession) -> Ballot | None:
    """The session's ballot from its opening on."""
    return session.get(Ballot, sitting.id)


def require(session: Session, sitting: CouncilSession) -> Ballot:
    """The session's ballot. Raises Refusal `ballot_closed` while there is none."""
    found = of(session, sitting)
    if found is None:
        raise Refusal("ballot_closed", f"Phiên {sitting.code} chưa mở phiếu.", citation=COUNCIL)
    return found


def public_key_text(key: bytes) -> str:
    return urlsafe_b64encode(key).rstrip(b"=").decode()


def public_key(ballot: Ballot) -> bytes:
    """The 32 bytes that seal a secret ballot."""
    return urlsafe_b64decode(f"{ballot.public_key}=")


def voted(session: Session, sitting: CouncilSession) -> set[str]:
    """Usernames on the roll: who voted, never what."""
    return set(session.exec(select(BallotRoll.username).where(BallotRoll.session_id == sitting.id)))


def envelopes(session: Session, sitting: CouncilSession, ballot: Ballot) -> list[bytes]:
    """The content of the box: sealed envelopes, or the open votes written out. Empty for paper ballots."""
    if ballot.kind == BallotKind.SECRET:
        return sorted(session.execute(sa.select(_B.envelope).where(_B.session_id == sitting.id)).scalars())
    return sorted(open_slip(sitting, vote.username, vote.choices) for vote in open_votes(session, sitting))


def open_votes(session: Session, sitting: CouncilSession) -> Sequence[OpenVote]:
    query = select(OpenVote).where(OpenVote.session_id == sitting.id).order_by(col(OpenVote.username))
    return session.exec(query).all()


def open_slip(sitting: CouncilSession, username: str, choices: str) -> bytes:
    """An open vote as the bytes that its receipt is of."""
    return dumps([sitting.code, username, choices])


def put_in(session: Session, sitting: CouncilSession, ballot: Ballot, envelope: bytes) -> None:
    """Add one envelope: all are deleted and written again, sorted, so no order survives on any engine."""
    before = ballot.box_sha256 or ""
    inside = sorted([*unaltered(session, sitting, ballot), envelope])
    empty(session, sitting)
    session.connection().execute(
        sa.insert(table(BallotBox)), [{"session_id": sitting.id, "envelope": one} for one in inside]
    )
    note(ballot, inside)
    ballot_memory.note_box(session, sitting.code, before, ballot.box_sha256 or "")


def note(ballot: Ballot, inside: Iterable[bytes]) -> None:
    """Remember what the box holds, so that whoever alters it past this door is found out."""
    ballot.box_sha256 = sealing.box_digest(inside)


def unaltered(session: Session, sitting: CouncilSession, ballot: Ballot) -> list[bytes]:
    """The box as the last cast left it: as many envelopes as names on the roll, the same digest in row and data folder.

    The roll is the one that the ledger saw signed. Raises Refusal `roll_mismatch`; then nothing may be counted.
    """
    inside = envelopes(session, sitting, ballot)
    on_roll = voted(session, sitting)
    roll = len(on_roll)
    if ballot.kind != BallotKind.PAPER and roll != len(inside):
        raise mismatch(
            sitting.code,
            f"{roll} người đã ký bỏ phiếu nhưng hòm có {len(inside)} phiếu.",
            roll=roll,
            envelopes=len(inside),
        )
    memory = ballot_memory.recall(session, sitting.code)
    kept = (ballot.box_sha256,) if memory is None else memory.boxes
    if ballot.box_sha256 != sealing.box_digest(inside) or ballot.box_sha256 not in kept:
        raise mismatch(sitting.code, "có phiếu trong hòm đã bị thay, thêm hoặc bớt.", roll=roll, envelopes=len(inside))
    if on_roll != _signed(session, sitting):
        raise mismatch(sitting.code, "danh sách đã ký bỏ phiếu khác sổ cái.", roll=roll, envelopes=len(inside))
    return inside


def _signed(session: Session, sitting: CouncilSession) -> set[str]:
    """Usernames that the ledger has on the roll."""
    members = sa.select(_M.member, _M.username).where(_M.session_id == sitting.id)
    numbers = {f"{sitting.code}/{number}": username for number, username in session.execute(members)}
    entries = sa.select(_E.subject).where(_E.subject.in_(list(numbers)), _E.kind == str(Kind.ROLL_SIGNED))
    now = [one[2] for one in record.unwritten(session) if one[1] == str(Kind.ROLL_SIGNED)]
    return {numbers[subject] for subject in (*session.execute(entries).scalars(), *now) if subject in numbers}


def mismatch(session_code: str, said: str, *, roll: int, envelopes: int) -> Refusal:
    """The refusal that stops a count: box and roll do not belong together."""
    return Refusal(
        "roll_mismatch",
        f"Phiên {session_code}: {said} Không được kiểm phiếu; hãy lập biên bản, báo thanh tra và hủy cuộc bỏ phiếu "
        "ở trang phiên họp để bỏ phiếu lại (dòng lệnh: `vinhdanh ballot annul`).",
        citation=COUNCIL,
        details={"roll": roll, "envelopes": envelopes},
        reach=True,
    )


def publish_receipts(session: Session, sitting: CouncilSession, inside: Iterable[bytes]) -> list[str]:
    receipts = sorted(map(sealing.receipt, inside))
    if receipts:
        session.connection().execute(
            sa.insert(table(BallotReceipt)), [{"session_id": sitting.id, "receipt": one} for one in receipts]
        )
    return receipts


def receipts(session: Session, sitting: CouncilSession) -> list[str]:
    """The published receipts, sorted; none before the ballot closes."""
    return sorted(session.execute(sa.select(_R.receipt).where(_R.session_id == sitting.id)).scalars())


def empty(session: Session, sitting: CouncilSession) -> None:
    """Erase the envelopes (SQLite's `secure_delete` overwrites them, `gone` the pages in its journal)."""
    gone(session)
    session.connection().execute(sa.delete(table(BallotBox)).where(_B.session_id == sitting.id))
