"""The council, its sessions, who attended, who stood aside, who voted — and, apart from that, what was voted."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of
from rules.vocabulary import BallotKind, ConflictSource, ConflictState, ConflictStrength, Outcome, SessionState


class Council(SQLModel, table=True):
    """Hội đồng Thi đua – Khen thưởng as set up by one decision (Law 06/2022 Art. 90)."""

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str = Field(max_length=300)
    decision_number: str = Field(max_length=80)
    valid_from: date
    valid_to: date | None = None


class CouncilMember(SQLModel, table=True):
    __tablename__ = "council_member"
    __table_args__ = (sa.UniqueConstraint("council_id", "account_id", "valid_from"),)

    id: int | None = Field(default=None, primary_key=True)
    council_id: int = Field(foreign_key="council.id")
    account_id: int = Field(foreign_key="account.id")
    title: str = Field(max_length=200, description="e.g. Chủ tịch Hội đồng, Phó Chủ tịch, Ủy viên")
    body: str = Field(max_length=200, description="the body the member stands for")
    chairs: bool = False
    teller: bool = False
    valid_from: date
    valid_to: date | None = None


class CouncilSession(SQLModel, table=True):
    __tablename__ = "council_session"
    __table_args__ = (
        one_of("state", SessionState),
        check("frozen_when_open", "state IN ('convened', 'cancelled') OR frozen_sha256 IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    round_id: int = Field(foreign_key="review_round.id", index=True)
    council_id: int = Field(foreign_key="council.id")
    held_at: datetime = Field(sa_type=UtcDateTime)
    place: str = Field(max_length=300)
    state: str = Field(max_length=12)
    uid: str | None = Field(
        default=None, max_length=120, description="what calendars know it by; none: convened before it had one"
    )
    invitation_sequence: int = 0
    regulation_sha256: str = Field(max_length=64)
    frozen_sha256: str | None = Field(default=None, max_length=64)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    batch_sha256: str | None = Field(default=None, max_length=64)
    version: int = 1


class SessionMember(SQLModel, table=True):
    """The member list as it was when the session was convened."""

    __tablename__ = "session_member"
    __table_args__ = (sa.UniqueConstraint("session_id", "username"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="council_session.id")
    member: str = Field(max_length=20, description="number of the member in this session: TV01 …")
    username: str = Field(max_length=80)
    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254)
    chairs: bool = False
    teller: bool = False
    attended: bool = False


class Recusal(SQLModel, table=True):
    """A member stands aside from one nomination; the ground is named, the dossier is not shown to them."""

    __table_args__ = (sa.UniqueConstraint("session_id", "username", "nomination_id"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="council_session.id")
    username: str = Field(max_length=80)
    nomination_id: int = Field(foreign_key="nomination.id")
    ground: str = Field(max_length=500)
    at: datetime = Field(sa_type=UtcDateTime)


class AgendaItem(SQLModel, table=True):
    """One nomination on one session's agenda, and — after the count only — its numbers."""

    __tablename__ = "agenda_item"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "nomination_id"),
        sa.Index("ix_agenda_nomination", "nomination_id"),
        one_of("outcome", Outcome, optional=True),
        check("counts", "approve >= 0 AND disapprove >= 0 AND abstain >= 0"),
    )

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="council_session.id")
    nomination_id: int = Field(foreign_key="nomination.id")
    approve: int | None = None
    disapprove: int | None = None
    abstain: int | None = None
    base: int | None = None
    base_name: str | None = Field(default=None, max_length=20)
    needed: int | None = None
    outcome: str | None = Field(default=None, max_length=20)
    why: str | None = None


class Ballot(SQLModel, table=True):
    """A session's ballot from its opening on: how it votes, the key that seals it, what was published of it."""

    __table_args__ = (
        one_of("kind", BallotKind),
        check("sealed_has_its_key", "kind <> 'secret' OR (public_key IS NOT NULL AND shares_needed >= 2)"),
    )

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    kind: str = Field(max_length=10, description="secret, open or paper, as the regulation says")
    public_key: str | None = Field(default=None, max_length=64, description="base64url; the private key is nowhere")
    shares_needed: int | None = None
    opened_by: str = Field(max_length=80)
    closed_by: str | None = Field(default=None, max_length=80)
    box_sha256: str | None = Field(default=None, max_length=64, description="over the sorted receipts, at the closing")
    batch: str | None = Field(default=None, description="the published rows of code → choice, canonical JSON")


class BallotRoll(SQLModel, table=True):
    """One row a member who has voted; it holds nothing of the choice."""

    __tablename__ = "ballot_roll"

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    username: str = Field(primary_key=True, max_length=80)


class BallotBox(SQLModel, table=True):
    """Sealed envelopes: no time, no user, no sequence, no row order (WITHOUT ROWID; rewritten at every cast)."""

    __tablename__ = "ballot_box"
    __table_args__ = ({"sqlite_with_rowid": False},)

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    envelope: bytes = Field(sa_type=sa.LargeBinary, primary_key=True)


class BallotReceipt(SQLModel, table=True):
    """The receipts of every envelope, published when the ballot closes; they outlive the erased envelopes."""

    __tablename__ = "ballot_receipt"
    __table_args__ = ({"sqlite_with_rowid": False},)

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    receipt: str = Field(primary_key=True, max_length=60)


class WaitingShare(SQLModel, table=True):
    """A teller's share between the opening and the moment its teller takes it; sealed, its key lies in the data folder."""

    __tablename__ = "waiting_share"

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    username: str = Field(primary_key=True, max_length=80)
    sealed: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OpenVote(SQLModel, table=True):
    """A member's choices where the regulation asks for an open vote: by name, read out in the minutes."""

    __tablename__ = "open_vote"

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    username: str = Field(primary_key=True, max_length=80)
    choices: str


class HandCount(SQLModel, table=True):
    """One teller's count of the paper slips; the tally needs two tellers with equal numbers (four eyes)."""

    __tablename__ = "hand_count"

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    counted_by: str = Field(primary_key=True, max_length=80)
    counts: str = Field(description="code → [approve, disapprove, abstain], canonical JSON")
    at: datetime = Field(sa_type=UtcDateTime)


class Conflict(SQLModel, table=True):
    """A reason why a member may have to stand aside from a nomination: detected or declared, then settled by people."""

    __table_args__ = (
        sa.UniqueConstraint("session_id", "username", "nomination_id", "ground"),
        sa.Index("ix_conflict_nomination", "nomination_id"),
        one_of("source", ConflictSource),
        one_of("strength", ConflictStrength),
        one_of("state", ConflictState),
        check("settled_says_by_whom", "(state = 'open') = (settled_by IS NULL)"),
    )

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="council_session.id")
    username: str = Field(max_length=80)
    nomination_id: int = Field(foreign_key="nomination.id")
    ground: str = Field(max_length=40)
    number: int = Field(default=1, description="among those of this member and nomination: how the ledger names it")
    source: str = Field(max_length=10)
    strength: str = Field(max_length=10)
    message: str = Field(max_length=1000)
    found_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(default=ConflictState.OPEN.value, max_length=10)
    settled_by: str | None = Field(default=None, max_length=80)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = Field(default=None, max_length=500)
