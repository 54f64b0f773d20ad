"""Requests and answers of the public register and of petitions."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from rules import vocabulary
from rules.vocabulary import AwardState, DecisionState, NomineeKind, PetitionKind
from web.api.schemas.shared import Answer, Body, Code, Date, Password, Text


class Awardee(Answer):
    name: str
    kind: NomineeKind
    position: str | None
    workplace: str | None
    unit: str
    award: str
    award_name: str
    achievement: str | None
    number: str | None
    date: Date | None
    code: str
    state: AwardState
    decided_by: str | None


class Paper(Answer):
    code: str
    number: str | None
    date: Date | None
    title: str
    award: str | None
    award_name: str | None
    state: DecisionState
    decided_by: str | None
    published_on: Date
    nominations: int


class WholePaper(Paper):
    no_longer: Annotated[int, Field(description="How many of them it honours no more.")]
    revoked_on: Date | None
    posted_until: Date | None
    paper_sha256: str | None


class NewPetition(Body):
    kind: PetitionKind = PetitionKind.COMPLAINT
    text: Text
    nomination: Code | None = None
    decision: Annotated[str | None, Field(max_length=40)] = None
    sender: Annotated[str | None, Field(max_length=300)] = None


class PetitionReceived(Answer):
    """`receipt` stands in this one answer: whoever holds it sees how the petition stands."""

    code: str
    receipt: str
    due_on: date


class ListedPetition(Answer):
    code: str
    kind: str
    nomination: str | None
    decision: str | None
    decision_number: str | None
    received_at: datetime
    due_on: date
    state: vocabulary.PetitionState
    answered_at: datetime | None
    days_left: int
    overdue: bool


class Petition(ListedPetition):
    text: str
    sender: str | None
    answer: str | None
    taken_as: Literal[PetitionKind.COMPLAINT, PetitionKind.DENUNCIATION] | None
    handled_by: str | None
    handled_at: datetime | None
    version: int


class PetitionAnswer(Password):
    answer: Text


class PetitionTaken(Password):
    taken_as: Literal[PetitionKind.COMPLAINT, PetitionKind.DENUNCIATION]


class PetitionsDismissed(Password):
    codes: Annotated[list[Code], Field(min_length=1, max_length=5_000)]
    reason: Text


class PetitionDone(Answer):
    code: str
    state: vocabulary.PetitionState


class PetitionsPutAside(Answer):
    dismissed: int
