"""Requests and answers of decisions and submission letters."""

from datetime import date
from typing import Annotated

from pydantic import Field

from rules import vocabulary
from rules.lifecycle import State
from rules.vocabulary import AwardState, DecisionState, Ground, NomineeKind
from web.api.schemas.shared import Answer, Body, Code, Day, Done, Many, NotDone, Password, Reason, Versions


class Signing(Password):
    codes: Many
    versions: Versions = None


class SendingBack(Signing):
    reason: Reason


class Signed(Answer):
    decisions: list[str]
    submission_letters: list[str]
    done: list[Done]
    not_done: list[NotDone]


class Revocation(Answer):
    ground: str | None
    reason: str | None


class Decision(Answer):
    code: str
    number: str
    award: str
    title: str
    signed_on: date
    signed_by: str
    state: DecisionState
    pack: str
    pack_sha256: str
    paper_sha256: str | None
    revoked: Revocation | None


class ListedDecision(Decision):
    nominations: int


class DecisionAwardee(Answer):
    code: str
    name: str
    kind: NomineeKind
    position: str | None
    workplace: str | None
    unit: str
    award: str
    state: State


class WholeDecision(Decision):
    awardees: list[DecisionAwardee]


class PublicDecision(Answer):
    """A decision as in the public register: without the inner signers and the reason of a revocation."""

    code: str
    number: str
    award: str
    title: str
    signed_on: date
    state: DecisionState
    nominations: int


class PublicAwardee(Answer):
    name: str
    kind: NomineeKind
    position: str | None
    workplace: str | None
    unit: str
    award: str
    state: AwardState


class WholePublicDecision(PublicDecision):
    awardees: list[PublicAwardee]


class Disclosed(Answer):
    number: str
    disclosed: int


class Revoking(Password):
    ground: Ground
    reason: Reason
    nominations: list[Code] = Field([], max_length=5000, description="Only these; empty: the whole decision.")


class RecordingAnswer(Body):
    number: Annotated[str, Field(max_length=80)]
    on: Day
    refused: list[Code] = Field([], max_length=50_000)
    reason: Annotated[str, Field(max_length=2000)] = ""


class Answered(Answer):
    letter: str
    answer: vocabulary.SuperiorAnswer
