"""Requests and answers of review rounds."""

from datetime import date
from typing import Annotated

from pydantic import Field, StrictInt

from rules.lifecycle import Stage
from rules.vocabulary import RoundKind
from web.api.schemas.shared import Answer, Body, Day, Reason, Word


class NewRound(Body):
    kind: RoundKind
    year: Annotated[StrictInt, Field(ge=2000, le=2100)]
    title: Word
    regulation: Annotated[str | None, Field(max_length=200_000, description="The regulation's text (TOML).")] = None
    proposals_due: Day | None = None


class Extension(Body):
    stage: Stage
    until: Day
    reason: Reason


class RoundCode(Answer):
    code: str


class RoundStage(Answer):
    code: str
    stage: Stage


class Round(Answer):
    code: str
    kind: str
    year: int
    title: str
    stage: Stage


class StageDue(Answer):
    stage: Stage
    due: date
    computed: str


class RoundStatus(Round):
    counts: dict[str, int]
    states: dict[str, int]
    deadlines: list[StageDue]


class Extended(Answer):
    code: str
    stage: Stage
    due: date
    computed: str
