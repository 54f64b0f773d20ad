"""Requests and answers of the law as data."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from rules import case
from rules.vocabulary import Authority, NomineeKind, Route, Verdict
from web.api.schemas.shared import Answer, Body, Date, Day, Finding


class Pack(Answer):
    model_config = ConfigDict(populate_by_name=True)

    id: str
    from_: Annotated[date, Field(alias="from")]
    to: date | None
    level: str
    complete: bool
    sha256: str


class Evaluating(Body):
    case: case.Case
    on: Day | None = None


class Evaluation(Answer):
    award: str
    pack: str | None
    on: date
    verdict: Verdict
    authority: Literal[Authority.DECIDE, Authority.PROPOSE, Authority.NONE]
    decided_by: str | None
    route: Route
    findings: list[Finding]
    missing_parameters: list[str]


class Skipped(Answer):
    date: Date
    reason: str
    source: str


class MadeUp(Answer):
    date: Date
    source: str


class Paused(Answer):
    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[date, Field(alias="from")]
    to: date


class Deadline(Answer):
    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[date, Field(alias="from")]
    days: int
    unit: Literal["working", "calendar"]
    due: date
    skipped: list[Skipped]
    made_up: list[MadeUp]
    paused: list[Paused]
    rolled: Any
    provisional: Any
    explanation: str


class Source(Answer):
    what: str
    source: str
    status: str
    rule: str | None = None


class Cash(Answer):
    award: str
    subject: NomineeKind
    on: date
    base_salary: int
    multiplier_hundredths: int
    factor_hundredths: int
    amount: int
    sources: list[Source]
