"""Nominees, dossiers, nominations, appraisals: what a unit proposes and what the review found."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of
from rules.lifecycle import Stage, State
from rules.vocabulary import Authority, NominationDuty, NomineeKind, Route, Verdict


class Nominee(SQLModel, table=True):
    """A nominee: a person, collective, household or enterprise of a unit, without anything that changes over the years.

    Post, workplace, address … belong to each nomination, as they were handed in with it.
    """

    __table_args__ = (
        one_of("kind", NomineeKind),
        UniqueConstraint("unit_id", "identity"),
        Index("ix_nominee_name_key", "name_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    unit_id: int = Field(foreign_key="unit.id")
    kind: str = Field(max_length=20)
    name: str = Field(max_length=200)
    name_key: str = Field(max_length=200, description="folded for search: lower case, without marks")
    alike_key: str = Field(index=True, max_length=220, description="what the name comes to when it is typed otherwise")
    identity: str = Field(max_length=800, description="kind, folded name, birth date, which namesake: who is the same")
    namesake: int = Field(default=1, description="which of the unit's people of this kind, name and birth date, from 1")
    birth_date: date | None = None


class Dossier(SQLModel, table=True):
    """One tờ trình of one unit with its list of nominations."""

    __table_args__ = (UniqueConstraint("round_id", "unit_id", "workbook_sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    round_id: int = Field(foreign_key="review_round.id", index=True)
    unit_id: int = Field(foreign_key="unit.id")
    workbook_sha256: str | None = Field(default=None, foreign_key="stored_file.sha256")
    filed_by: str = Field(max_length=80)
    filed_at: datetime = Field(sa_type=UtcDateTime)
    # Law 06/2026 decides by the day of receipt for appraisal which rules apply: kept from the first entry.
    received_for_appraisal_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Nomination(SQLModel, table=True):
    """One nominee proposed for one award, with all details as submitted."""

    __table_args__ = (
        one_of("state", State),
        one_of("stage", Stage),
        one_of("route", Route),
        one_of("role", Authority),
        # The same nominee is proposed once for one award and one achievement in a round (Law 06/2022 Art. 5.2.c).
        UniqueConstraint("round_id", "nominee_id", "award", "achievement_key"),
        Index("ix_nomination_round_state", "round_id", "state", "unit_id"),
        Index("ix_nomination_unit", "unit_id", "state"),
        Index("ix_nomination_name_key", "name_key"),
        check("version_positive", "version > 0"),
        check("signed_names_its_paper", "state NOT IN ('signed', 'revoked') OR decision_id IS NOT NULL"),
        check(
            "disclosed_names_its_paper",
            "state NOT IN ('disclosed', 'closed') OR decision_id IS NOT NULL OR submission_letter_id IS NOT NULL",
        ),
        check("forwarded_names_its_paper", "state <> 'forwarded' OR submission_letter_id IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    round_id: int = Field(foreign_key="review_round.id")
    dossier_id: int = Field(foreign_key="dossier.id", index=True)
    unit_id: int = Field(foreign_key="unit.id")
    nominee_id: int = Field(foreign_key="nominee.id", index=True)
    name: str = Field(max_length=200)
    name_key: str = Field(max_length=200, description="folded for search: lower case, without marks")
    honorific: str | None = Field(default=None, max_length=200)
    position: str | None = Field(default=None, max_length=500)
    workplace: str | None = Field(default=None, max_length=500)
    gender: str | None = Field(default=None, max_length=200)
    ethnicity: str | None = Field(default=None, max_length=200)
    birth_date: date | None = None
    email: str | None = Field(default=None, max_length=254)
    award: str = Field(max_length=20)
    role: str = Field(max_length=12, description="does this office decide the award or propose it upward")
    route: str = Field(max_length=12)
    stage: str = Field(max_length=30)
    state: str = Field(max_length=20)
    achievement: str | None = Field(default=None, max_length=2000)
    achievement_key: str = Field(default="", max_length=64)
    rating: str | None = Field(default=None, max_length=10)
    initiative: str | None = Field(default=None, max_length=2000)
    object_class: str | None = Field(default=None, max_length=500)
    field: str | None = Field(default=None, max_length=500)
    prior_decision: str | None = Field(default=None, max_length=500)
    parts: str = Field(default="", max_length=500, description="dossier parts present, comma-separated")
    facts: str = Field(default="{}", description="further facts of the case as JSON (ratings, titles, initiatives …)")
    reason: str | None = Field(default=None, max_length=2000, description="why it stands where it stands")
    late: str | None = Field(default=None, max_length=2200, description="handed in after the deadline: when, why")
    decision_id: int | None = Field(default=None, foreign_key="decision.id", index=True)
    submission_letter_id: int | None = Field(default=None, foreign_key="submission_letter.id", index=True)
    proposed_by: str = Field(max_length=80)
    reviewed_by: str | None = Field(default=None, max_length=80)
    entered_stage_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class Duty(SQLModel, table=True):
    """A part somebody had in a nomination beyond its first proposer and last reviewer: it bars them from the others."""

    __table_args__ = (one_of("duty", NominationDuty), Index("ix_duty_username", "username"))

    nomination_id: int = Field(foreign_key="nomination.id", primary_key=True)
    username: str = Field(primary_key=True, max_length=80)
    duty: str = Field(primary_key=True, max_length=10)


class Attachment(SQLModel, table=True):
    """A scanned paper of a dossier: of one nomination, or (none named) of all of them. Taken out, only the line stays."""

    __table_args__ = (
        UniqueConstraint("dossier_id", "number"),
        check("there_or_taken_out", "(sha256 IS NULL) = (removed_at IS NOT NULL)"),
    )

    id: int | None = Field(default=None, primary_key=True)
    dossier_id: int = Field(foreign_key="dossier.id")
    number: int = Field(description="within the dossier, from 1")
    nomination_id: int | None = Field(default=None, foreign_key="nomination.id", index=True)
    part: str = Field(max_length=40, description="which part of the dossier it is (Law 06/2022 Art. 84), or `other`")
    sha256: str | None = Field(default=None, foreign_key="stored_file.sha256", index=True)
    name: str | None = Field(default=None, max_length=200, description="as its sender called it")
    added_by: str = Field(max_length=80)
    added_at: datetime = Field(sa_type=UtcDateTime)
    removed_by: str | None = Field(default=None, max_length=80)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Appraisal(SQLModel, table=True):
    """One evaluation of one nomination: pack, verdict and the findings with their citations, never overwritten."""

    __table_args__ = (
        one_of("verdict", Verdict),
        UniqueConstraint("nomination_id", "sequence"),
    )

    id: int | None = Field(default=None, primary_key=True)
    nomination_id: int = Field(foreign_key="nomination.id")
    sequence: int
    nomination_version: int = Field(description="the version of the nomination that was evaluated")
    at: datetime = Field(sa_type=UtcDateTime)
    on_date: date
    pack: str | None = Field(default=None, max_length=40)
    pack_sha256: str | None = Field(default=None, max_length=64)
    regulation_sha256: str = Field(max_length=64)
    verdict: str = Field(max_length=20)
    findings: str = Field(description="JSON list of findings: rule, verdict, found, citation, status, message")


class Pause(SQLModel, table=True):
    """A clock stop: from when to when the time limits did not run, and why (never who complained)."""

    __table_args__ = (Index("ix_pause_nomination", "nomination_id"),)

    id: int | None = Field(default=None, primary_key=True)
    nomination_id: int = Field(foreign_key="nomination.id")
    ground: str = Field(max_length=40)
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Upload(SQLModel, table=True):
    """A unit's workbook between preview and import: whose it is, for which unit, how to read it."""

    key: str = Field(primary_key=True, max_length=64, description="SHA-256 over the actor and the preview's address")
    actor: str = Field(max_length=80)
    round: str = Field(max_length=40, description="code of the round")
    unit: str = Field(max_length=40, description="code of the unit")
    sha256: str = Field(max_length=64)
    name: str = Field(max_length=200)
    convert: bool = Field(description="read it by its old character table")
    at: datetime = Field(sa_type=UtcDateTime)
