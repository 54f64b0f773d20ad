"""The review round (đợt xét), the regulation it runs by, its deadlines and who was urged."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of
from rules.lifecycle import STAGES, Stage
from rules.vocabulary import RoundKind


class Regulation(SQLModel, table=True):
    """The office's own regulation (Quy chế), kept as the exact text that was signed off."""

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True, min_length=64, max_length=64)
    document: str = Field(max_length=300)
    number: str = Field(max_length=80)
    issued_on: date
    text: str
    registered_at: datetime = Field(sa_type=UtcDateTime)


class ReviewRound(SQLModel, table=True):
    __tablename__ = "review_round"
    __table_args__ = (
        one_of("kind", RoundKind),
        one_of("stage", Stage),
        check("closed_means_ended", "(closed_at IS NULL) = (stage <> 'ended')"),
        check("year_sane", "year BETWEEN 2000 AND 2100"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    kind: str = Field(max_length=20)
    year: int
    title: str = Field(max_length=300)
    level: str = Field(max_length=20)
    stage: str = Field(max_length=30)
    regulation_id: int = Field(foreign_key="regulation.id")
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_by: str = Field(max_length=80)
    frozen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class Deadline(SQLModel, table=True):
    """When a stage of a round is due, and how that was computed (Civil Code Art. 147–148; the office's regulation)."""

    __table_args__ = (
        one_of("stage", STAGES),
        one_of("unit", ("working", "calendar", "fixed")),
        UniqueConstraint("round_id", "stage"),
        check("days_positive", "days IS NULL OR days > 0"),
    )

    id: int | None = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="review_round.id")
    stage: str = Field(max_length=30)
    starts_on: date
    days: int | None = None
    unit: str = Field(max_length=10)
    due_on: date
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)
    calendar_version: str = Field(max_length=80)
    computed: str = Field(description="the sentence that explains the computation; published with the ledger")
    reason: str | None = Field(default=None, max_length=2000, description="why it was moved; never published")
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class Escalation(SQLModel, table=True):
    """One step up the ladder: officer → head of unit → secretariat → chairman; each step once for each subject."""

    __table_args__ = (
        UniqueConstraint("deadline_id", "subject", "level", "due_on"),
        Index("ix_escalation_deadline", "deadline_id"),
        check("level_known", "level BETWEEN 1 AND 4"),
    )

    id: int | None = Field(default=None, primary_key=True)
    deadline_id: int = Field(foreign_key="deadline.id")
    subject: str = Field(max_length=60, description="code of the unit that is late, or 'office'")
    level: int
    due_on: date = Field(description="the due date it was raised for: an extension starts the ladder anew")
    at: datetime = Field(sa_type=UtcDateTime)
    to_accounts: str = Field(description="usernames, separated by commas")
