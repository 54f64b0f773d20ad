"""What the API takes and answers. A key that is not named here is refused; numbers and texts are not guessed from others."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)

from operations import transition
from rules import case, vocabulary
from rules.case import AwardId
from rules.lifecycle import Stage, State
from rules.refusal import Citation, Refusal, Unreadable
from rules.vocabulary import (
    Authority,
    BallotKind,
    Choice,
    ConflictGround,
    ConflictSource,
    ConflictState,
    ConflictStrength,
    DecisionState,
    NomineeKind,
    Pending,
    PetitionKind,
    Rating,
    RoundKind,
    Route,
    SessionState,
)

T = TypeVar("T")
Date = date  # for fields that are called so

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("a moment is written YYYY-MM-DDThh:mm:ss with its offset")
    return value


def _thinkable(value: Any) -> Any:
    """Beyond these years calendars and time zones overflow."""
    if not 1900 <= value.year <= 2200:
        raise ValueError("the year lies between 1900 and 2200")
    return value


# Plain dates only: pydantic alone would take a number for one.
Day = Annotated[
    date,
    BeforeValidator(_day),
    AfterValidator(_thinkable),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_thinkable),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "^(19|20|21)[0-9]{2}-"}),
]

CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
Code = Annotated[str, Field(pattern=CODE)]
InPath = Annotated[str, Path(pattern=CODE)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
Word = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=20_000)]
Many = Annotated[list[Code], Field(min_length=1, max_length=50_000)]
Reason = Annotated[str, Field(max_length=2000, description="A sentence that the unit reads, with the provision.")]

After = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Filter = Annotated[str | None, Query(pattern=CODE)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    pass


class Page(Answer, Generic[T]):
    """A page of a list; `next` is handed back as `after`, null on the last one."""

    items: list[T]
    next: str | None


def page(rows: Sequence[Any], after: str | None, limit: int, *, key: str = "code") -> dict[str, Any]:
    """A page of a list that is short enough to be read whole. Raises Unreadable `bad_page_key`."""
    start = 0
    if after is not None:
        places = [place for place, row in enumerate(rows, start=1) if row[key] == after]
        if not places:
            raise Unreadable(
                "bad_page_key", "Dấu trang không đọc được; hãy mở lại danh sách từ đầu.", where={"after": after[:80]}
            )
        start = places[-1]
    found = list(rows[start : start + limit])
    return {"items": found, "next": found[-1][key] if start + limit < len(rows) else None}


# Errors -------------------------------------------------------------------------------------------------------------


class Where(Answer):
    field: str
    message: str


class Problem(Answer):
    """RFC 9457. `code` is stable and for programs, `title` a Vietnamese sentence for a person."""

    type: Annotated[str, Field(pattern="^urn:vinhdanh:")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: str
    citation: Citation | None = None
    where: list[Where] | None = None
    details: dict[str, Any] | None = None


class Why(Answer):
    """Why one of many was refused."""

    code: str
    message: str
    citation: Citation | None = None


class NotDone(Answer):
    code: str
    why: Why


class Done(Answer):
    code: str
    state: State


class Results(Answer):
    """What became of each nomination of an act on many; if none was done, the first refusal is the answer instead."""

    done: list[Done]
    not_done: list[NotDone]


def results(found: Sequence[transition.Result]) -> dict[str, Any]:
    """Raises the first refusal when nothing was done."""
    not_done = refused(found)
    if found and len(not_done) == len(found):
        first = next(one.refusal for one in found if one.refusal is not None)
        raise Refusal(
            first.code,
            first.message,
            citation=first.citation,
            reach=first.reach,
            details=first.details | ({"not_done": not_done} if len(found) > 1 else {}),
        )
    done = [{"code": one.code, "state": one.state} for one in found if one.refusal is None]
    return {"done": done, "not_done": not_done}


def single(found: Sequence[transition.Result]) -> dict[str, Any]:
    """Raises the refusal of a single act."""
    one = transition.only_result(found)
    return {"code": one.code, "state": one.state}


def refused(found: Sequence[transition.Result]) -> list[dict[str, Any]]:
    return [{"code": one.code, "why": one.refusal.as_json()["refused"]} for one in found if one.refusal is not None]


class Password(Body):
    """The person behind the token, once more."""

    password: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    code: Annotated[
        str | None, Field(max_length=20, repr=False, description="Of the second factor, where one is set.")
    ] = None


# Rounds -------------------------------------------------------------------------------------------------------------


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


# Nominations --------------------------------------------------------------------------------------------------------


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


class Finding(Answer):
    rule: str
    verdict: str
    found: Any = None
    citation: Citation
    status: str
    message: str


class Event(Answer):
    index: int
    kind: str
    at: datetime


class Proposal(Answer):
    """What the unit wrote down; null too where the reader may not see it."""

    achievement: str | None
    rating: str | None
    initiative: str | None
    object_class: str | None
    field: str | None
    prior_decision: str | None


class Nomination(Listed):
    version: int
    reason: str | None
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
    submit: StrictBool = False


class Person(Body):
    """Who is proposed, in every nomination of that nominee: only what is named is changed; null empties it."""

    name: Word | None = None
    honorific: Word | None = None
    position: Word | None = None
    workplace: Word | None = None
    birth_date: Day | None = None
    email: Word | None = None


class Mending(Said):
    """Only what is named is changed; null empties it. `version` is what `show` said, lest another's change be lost."""

    person: Person | None = None
    version: StrictInt | None = None


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


Version = Annotated[
    StrictInt | None, Field(ge=1, le=2**31, description="What the reader saw; a later one is refused `stale`.")
]
Versions = Annotated[
    dict[Code, Annotated[StrictInt, Field(ge=1, le=2**31)]] | None, Field(description="Code → version, as above.")
]


# The council --------------------------------------------------------------------------------------------------------


class Convening(Body):
    round: Code
    at: Moment
    place: Word


class Rescheduling(Body):
    """What is not named stays."""

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
    shares: Annotated[
        list[Annotated[str, Field(max_length=20_000)]], Field(max_length=255, repr=False, description="Tellers' files.")
    ] = []


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


# Signature and disclosure ---------------------------------------------------------------------------------------------


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
    """What the public register says of a decision: nothing of who signed inside, nor why it was revoked."""

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


class WholePublicDecision(PublicDecision):
    awardees: list[PublicAwardee]


class Disclosed(Answer):
    number: str
    disclosed: int


class Revoking(Password):
    ground: Literal["93.2.a", "93.2.b", "93.2.c", "93.2.d"]
    reason: Reason


class RecordingAnswer(Body):
    number: Annotated[str, Field(max_length=80)]
    on: Day
    refused: Annotated[list[Code], Field(max_length=50_000)] = []
    reason: Annotated[str, Field(max_length=2000)] = ""


class Answered(Answer):
    letter: str
    answer: vocabulary.SuperiorAnswer


# The public register, petitions -----------------------------------------------------------------------------------------


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
    state: DecisionState
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


# The law, the ledger, letters -------------------------------------------------------------------------------------------


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
    verdict: Literal["eligible", "ineligible", "paused", "unknown", "wrong_authority", "no_pack"]
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


class Ledger(Answer):
    """`checkpoint` is the newest signed note (C2SP tlog-checkpoint); null before the first."""

    size: int
    origin: str
    vkey: str
    checkpoint: str | None


class Proof(Answer):
    number: str
    proof: Annotated[str, Field(description="C2SP tlog-proof@v1, to be checked offline.")]


class Letters(Answer):
    queued: int
    accepted: int
    failed: int
    waiting: int
