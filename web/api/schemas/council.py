"""Requests and answers of council sessions and their ballots."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from rules.vocabulary import (
    BallotKind,
    Choice,
    ConflictGround,
    ConflictSource,
    ConflictState,
    ConflictStrength,
    SessionState,
)
from web.api.schemas.shared import Answer, Body, Code, Moment, Password, Reason, Word


class Convening(Body):
    round: Code
    at: Moment
    place: Word


class Rescheduling(Body):
    """Fields that are not given stay."""

    at: Moment | None = None
    place: Word | None = None
    reason: Reason


class Because(Body):
    reason: Reason


class Annulling(Password):
    reason: Reason


class Members(Body):
    members: Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]], Field(min_length=1, max_length=200)]


class SigningRoll(Members, Password):
    pass


class Attending(Members, Password):
    present: StrictBool = True


Nominations = Annotated[list[Code], Field(min_length=1, max_length=1000)]


class Declaring(Password):
    nomination: Code
    kind: Literal[
        ConflictGround.KINSHIP,
        ConflictGround.OWN_NOMINATION,
        ConflictGround.DIRECT_SUPERIOR,
        ConflictGround.CO_AUTHOR,
        ConflictGround.OTHER,
    ]
    note: Annotated[str, Field(max_length=500)] = ""


class Denying(Body):
    nominations: Nominations
    reason: Annotated[str, Field(max_length=500)]


class Waiving(Denying, Password):
    member: Annotated[str, Field(min_length=1, max_length=80)]


class Recusing(Password):
    member: Annotated[str, Field(min_length=1, max_length=80)]
    nomination: Code
    ground: Annotated[str, Field(max_length=500)]


class SessionCode(Answer):
    session: str


class Convened(SessionCode):
    """What the regulation's `[composition]` misses in the council, and how many conflicts the data ask about."""

    missing_bodies: list[str]
    warnings: list[str]
    conflicts: int


class Rescheduled(SessionCode):
    at: datetime
    place: str
    sequence: int


class Conflict(Answer):
    """`nominee` and `message` are null to who stands aside; `message` is for the office alone."""

    member: str
    username: str
    name: str
    nomination: str
    nominee: str | None
    award: str
    ground: str
    ground_name: str
    source: ConflictSource
    strength: ConflictStrength
    state: ConflictState
    message: str | None
    reason: str | None
    settled_by: str | None
    settled_at: datetime | None
    found_at: datetime


class Found(SessionCode):
    found: int


class Settled(SessionCode):
    settled: int


class Declared(Answer):
    member: str
    nomination: str
    ground: str
    reason: str
    citation: str


class CouncilSession(Answer):
    session: str
    round: str
    at: datetime
    place: str
    state: SessionState
    regulation_sha256: str
    frozen: str | None
    agenda: list[str]


class Member(Answer):
    member: str
    username: str
    teller: bool
    attended: bool


class Present(SessionCode):
    present: int
    warnings: list[str]


class Recused(SessionCode):
    member: str
    nomination: str


class Opening(Password):
    shares_needed: Annotated[StrictInt | None, Field(ge=2, le=255)] = None


class Opened(Answer):
    """A secret ballot's shares wait for its tellers, who take theirs on the pages or at the command line."""

    agenda: list[str]
    frozen: str
    ballot: BallotKind
    key: str | None
    left: list[str]
    warnings: list[str]


class Cast(Password):
    choices: Annotated[dict[Code, Choice], Field(max_length=50_000, repr=False)]


class Receipt(Answer):
    receipt: str


class Closed(Answer):
    roll: int
    envelopes: int


class Signers(SessionCode):
    roll: int


class Waiting(Answer):
    waiting: list[str]


class HandCount(Password):
    counts: Annotated[
        dict[
            Code,
            Annotated[list[Annotated[StrictInt, Field(ge=0, le=1000)]], Field(min_length=3, max_length=3)],
        ],
        Field(max_length=50_000, description="Code → [approve, disapprove, abstain]."),
    ]


class Counted(SessionCode):
    counts: int


class Tallying(Password):
    shares: list[Annotated[str, Field(max_length=20_000)]] = Field(
        [], max_length=255, repr=False, description="Tellers' files."
    )


class Result(Answer):
    code: str
    approve: int
    disapprove: int
    abstain: int
    base: int
    base_name: str
    needed: int
    outcome: str
    why: str


class Tally(Answer):
    """Without the rows of nominations from which the reader stands aside."""

    results: list[Result]
    batch: list[dict[str, Choice]]


class BallotResults(Answer):
    results: list[Result]


class Violation(Answer):
    table: str
    key: str
    what: str


class Verifying(Body):
    receipt: Annotated[str | None, Field(min_length=1, max_length=80, repr=False)] = None


class Verified(Answer):
    matches: bool
    counted: bool
    receipt: Literal["included"] | None
    violations: list[Violation]
