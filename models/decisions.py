"""Papers that bind: decisions, submission letters and their answers, disclosure, petitions."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of
from rules.vocabulary import DecisionState, PetitionState, SuperiorAnswer


class Decision(SQLModel, table=True):
    """Quyết định khen thưởng: numbered from 01 within a year, without gaps (NĐ 30/2020 Art. 15)."""

    __table_args__ = (
        UniqueConstraint("year", "number"),
        one_of("state", DecisionState),
        check("number_positive", "number > 0"),
        check(
            "revoked_has_reason", "state <> 'revoked' OR (revoked_reason IS NOT NULL AND revoked_ground IS NOT NULL)"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40, description="123/QĐ-UBND of 2024 → 123-2024")
    year: int
    number: int
    symbol: str = Field(max_length=60, description="e.g. 123/QĐ-UBND")
    round_id: int = Field(foreign_key="review_round.id", index=True)
    award: str = Field(max_length=20)
    title: str = Field(max_length=500)
    signed_on: date
    signed_at: datetime = Field(sa_type=UtcDateTime)
    signed_by: str = Field(max_length=80)
    authorisation_id: int | None = Field(default=None, foreign_key="authorisation.id")
    pack: str = Field(max_length=40)
    pack_sha256: str = Field(max_length=64)
    state: str = Field(default=DecisionState.IN_FORCE.value, max_length=10)
    paper_sha256: str | None = Field(default=None, foreign_key="stored_file.sha256")
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_ground: str | None = Field(default=None, max_length=20)
    revoked_reason: str | None = Field(default=None, max_length=2000)
    version: int = 1


class SubmissionLetter(SQLModel, table=True):
    """Tờ trình to the authority that decides; its answer is recorded when it comes."""

    __tablename__ = "submission_letter"
    __table_args__ = (
        UniqueConstraint("year", "number"),
        one_of("answer", SuperiorAnswer, optional=True),
        check("answer_is_documented", "(answer IS NULL) = (answer_number IS NULL)"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    year: int
    number: int
    symbol: str = Field(max_length=60)
    round_id: int = Field(foreign_key="review_round.id", index=True)
    superior: str = Field(max_length=40, description="who decides, e.g. CT_UBND_TINH")
    title: str = Field(max_length=500)
    signed_on: date
    signed_at: datetime = Field(sa_type=UtcDateTime)
    signed_by: str = Field(max_length=80)
    authorisation_id: int | None = Field(default=None, foreign_key="authorisation.id")
    paper_sha256: str | None = Field(default=None, foreign_key="stored_file.sha256")
    answer: str | None = Field(default=None, max_length=10)
    answer_number: str | None = Field(default=None, max_length=80)
    answered_on: date | None = None
    version: int = 1


class Disclosure(SQLModel, table=True):
    """The place and the period of a decision's publication (Luật TCTT 104/2016 Art. 17, 18.4, 21.2)."""

    __table_args__ = (
        UniqueConstraint("decision_id", "channel"),
        UniqueConstraint("submission_letter_id", "channel"),
        one_of("channel", ("register", "notice_board")),
        check("one_paper", "(decision_id IS NULL) <> (submission_letter_id IS NULL)"),
        Index("ix_disclosure_until", "until_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    decision_id: int | None = Field(default=None, foreign_key="decision.id")
    submission_letter_id: int | None = Field(default=None, foreign_key="submission_letter.id")
    channel: str = Field(max_length=20)
    published_at: datetime = Field(sa_type=UtcDateTime)
    until_on: date | None = None


class Petition(SQLModel, table=True):
    """A citizen's objection. Who sent it is never published (Luật Tố cáo 25/2018)."""

    __table_args__ = (
        one_of("state", PetitionState),
        check("taken_as_something", "(taken_as IS NOT NULL) = (state = 'taken') OR state = 'answered'"),
        check("handled_by_somebody", "(handled_by IS NULL) = (handled_at IS NULL)"),
        check("handled_unless_new", "handled_by IS NOT NULL OR state NOT IN ('taken', 'dismissed')"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    kind: str = Field(max_length=20)
    nomination_id: int | None = Field(default=None, foreign_key="nomination.id", index=True)
    decision_id: int | None = Field(default=None, foreign_key="decision.id")
    text: str
    sender: str | None = Field(default=None, max_length=300)
    received_at: datetime = Field(sa_type=UtcDateTime)
    arrived_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, index=True, description="by the wall clock: what a day's limit counts"
    )
    due_on: date
    state: str = Field(default=PetitionState.RECEIVED.value, max_length=10)
    taken_as: str | None = Field(default=None, max_length=20)
    handled_by: str | None = Field(default=None, max_length=80)
    handled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answer: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class PetitionReceipt(SQLModel, table=True):
    """The sender's key to a petition: the hash of the receipt; the receipt itself is stored nowhere."""

    __tablename__ = "petition_receipt"

    receipt_sha256: str = Field(primary_key=True, max_length=64)
    petition: str = Field(max_length=40, description="its code")
    at: datetime = Field(sa_type=UtcDateTime)
