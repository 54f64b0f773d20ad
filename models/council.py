"""The council, its sessions, who attended, who stood aside, who voted — and, apart from that, what was voted."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of


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
        one_of("state", ("convened", "open", "closed", "tallied", "cancelled")),
        check("frozen_when_open", "state IN ('convened', 'cancelled') OR frozen_sha256 IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    round_id: int = Field(foreign_key="review_round.id", index=True)
    council_id: int = Field(foreign_key="council.id")
    held_at: datetime = Field(sa_type=UtcDateTime)
    place: str = Field(max_length=300)
    state: str = Field(max_length=12)
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
        one_of("outcome", ("recommended", "not_recommended"), optional=True),
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


class BallotRoll(SQLModel, table=True):
    """Who has voted. Holds nothing of what."""

    __tablename__ = "ballot_roll"

    session_id: int = Field(foreign_key="council_session.id", primary_key=True)
    username: str = Field(primary_key=True, max_length=80)


class BallotBox(SQLModel, table=True):
    """What was voted: no time, no user, no sequence, and no row order (WITHOUT ROWID; rewritten at every cast)."""

    __tablename__ = "ballot_box"
    __table_args__ = ({"sqlite_with_rowid": False},)

    slip: str = Field(primary_key=True, max_length=43, description="random; drawn anew for all slips at every cast")
    session_id: int = Field(foreign_key="council_session.id")
    choices: str
