"""Requests and answers of nominations."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from rules import case
from rules.case import AwardId
from rules.lifecycle import Stage, State
from rules.vocabulary import NomineeKind, Pending, Rating
from web.api.schemas.shared import Answer, Body, Code, Day, Finding, Many, Reason, Text, Version, Versions, Word


class Named(Answer):
    kind: NomineeKind
    name: str


class Listed(Answer):
    code: str
    award: str
    nominee: Named
    unit: str
    round: str
    stage: Stage
    state: State


class Event(Answer):
    index: int
    kind: str
    at: datetime


class Proposal(Answer):
    """The unit's own entry; null also where the reader may not see it."""

    achievement: str | None
    rating: str | None
    initiative: str | None
    object_class: str | None
    field: str | None
    prior_decision: str | None


class Proposed(Named):
    """Whom the nomination is about, as handed in with it; null where nothing was said or the reader may not see it."""

    honorific: str | None
    position: str | None
    workplace: str | None
    gender: str | None
    ethnicity: str | None
    birth_date: date | None
    email: str | None


class Nomination(Listed):
    nominee: Proposed
    version: int
    reason: str | None
    late: str | None
    proposal: Proposal
    verdict: str | None
    pack: str | None
    pack_sha256: str | None
    findings: list[Finding]
    timeline: list[Event]


class Held(Body):
    award: AwardId
    year: Annotated[StrictInt, Field(ge=1945, le=2100)]


class Facts(Body):
    """Keys of a case (docs/contract.md §4) that no field has. A list that is present is complete."""

    employed_months: Annotated[StrictInt, Field(ge=0, le=1200)] | None = None
    simplified_ground: case.SimplifiedGround | None = None
    ratings: (
        Annotated[dict[Annotated[str, Field(pattern="^(19|20)[0-9]{2}$")], Rating], Field(max_length=60)] | None
    ) = None
    titles: Annotated[list[Held], Field(max_length=200)] | None = None
    commendations: Annotated[list[Held], Field(max_length=200)] | None = None
    initiatives: Annotated[list[case.Merit], Field(max_length=200)] | None = None
    research: Annotated[list[case.Merit], Field(max_length=200)] | None = None
    grounds: Annotated[list[case.Provision], Field(max_length=50)] | None = None
    not_attested: Annotated[list[case.Provision], Field(max_length=50)] | None = None
    disciplines: Annotated[list[case.Discipline], Field(max_length=50)] | None = None
    pending: Annotated[list[Pending], Field(max_length=20)] | None = None
    collective: case.CollectiveFacts | None = None


Part = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
Parts = Annotated[
    list[Part] | None,
    Field(max_length=30, description="Papers that are enclosed; null: the unit's tờ trình attests all of them."),
]


class Said(Body):
    achievement: Text | None = None
    rating: Rating | None = None
    initiative: Text | None = None
    object_class: Word | None = None
    field: Word | None = None
    prior_decision: Word | None = None
    parts: Parts = None
    facts: Facts | None = None


class NewNomination(Said):
    round: Code
    unit: Code
    name: Word
    kind: NomineeKind
    award: AwardId
    honorific: Word | None = None
    position: Word | None = None
    workplace: Word | None = None
    gender: Word | None = None
    ethnicity: Word | None = None
    birth_date: Day | None = None
    email: Word | None = None
    another: StrictBool = False
    """Another person than those whom the name is like: the answer to `duplicate_row` and `maybe_same_person`."""
    submit: StrictBool = False


class Person(Body):
    """The nomination's own details of its nominee: only named fields are changed; null empties one."""

    name: Word | None = None
    honorific: Word | None = None
    position: Word | None = None
    workplace: Word | None = None
    gender: Word | None = None
    ethnicity: Word | None = None
    birth_date: Day | None = None
    email: Word | None = None


class Mending(Said):
    """Only named fields are changed; null empties one. `version` is the one from `show`: it protects others' changes."""

    person: Person | None = None
    another: StrictBool = False
    version: StrictInt | None = None


class Correcting(Body):
    """Only named fields are corrected. `version` is the one from `show`: it protects others' changes."""

    person: Person
    reason: Reason
    version: StrictInt | None = None


class Corrected(Answer):
    code: str
    corrected: list[str]
    version: int


class Fault(Answer):
    row: int
    column: str
    code: str
    message: str


class Filed(Answer):
    code: str
    dossier: str
    state: State
    warnings: list[Fault]


class Mended(Answer):
    code: str
    mended: list[str]
    version: int


class Attachment(Answer):
    number: int
    part: str
    whole_dossier: bool
    name: str
    media_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime


class Attachments(Answer):
    items: list[Attachment]


class Attached(Answer):
    code: str
    number: int
    sha256: str | None


class Imported(Answer):
    rows: int
    accepted: int
    errors: list[Fault]
    warnings: list[Fault]
    committed: bool
    dossier: str | None
    codes: list[str]


# Moves: one nomination or many -----------------------------------------------------------------------------------------


class One(Body):
    version: Version = None


class OneBecause(One):
    reason: Reason


class OnePassed(One):
    reason: Annotated[str | None, Field(max_length=2000, description="Where the rules could not settle it.")] = None


Late = Annotated[str | None, Field(max_length=2000, description="Why it is handed in after the deadline.")]


class OneSubmitted(One):
    reason: Late = None


class OnePaused(OneBecause):
    ground: Pending


class OneDeclined(OneBecause):
    document: Annotated[str | None, Field(max_length=200, description="The nominee's own letter.")] = None


class Several(Body):
    codes: Many
    versions: Versions = None


class SeveralSubmitted(Several):
    reason: Late = None


class SeveralBecause(Several):
    reason: Reason


class SeveralPaused(SeveralBecause):
    ground: Pending


class SeveralDeclined(SeveralBecause):
    document: Annotated[str | None, Field(max_length=200, description="The nominees' own letter.")] = None
