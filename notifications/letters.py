"""The letters this office writes: one model and three templates (subject, text, html) for each kind.

A kind's model is the whole contract of its context: a missing or unknown key is an error when the letter is queued,
not when it is sent. Templates show what they are given and decide nothing.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from notifications import invitations
from rules.refusal import Citation
from rules.wording import thousands

LOCAL = invitations.LOCAL
ROWS_SHOWN = 50
LINE_LENGTH = 500
PROSE_LENGTH = 5000
SUBJECT_LENGTH = 200

# Control and format characters, line and paragraph separators can only forge a line or reorder what is read in a name
# or a subject (RFC 5322 §2.2, Unicode TR 36); a lone surrogate cannot be sent at all.
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Cs")


class BadContext(ValueError):  # noqa: N818 -- named for what is wrong, as Unreadable is
    """A letter's context does not fit its kind. Names the keys, never their values: they are personal data."""


def fold(text: str) -> str:
    """The text as one line: control characters, line separators and runs of white space become one space each."""
    if text.isprintable():  # the usual case, without a look at each character
        return " ".join(text.split())
    return " ".join("".join(" " if unicodedata.category(char) in _INVISIBLE else char for char in text).split())


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _read_line(value: Any) -> Any:
    return _shorten(fold(value), LINE_LENGTH) if isinstance(value, str) else value


def _read_prose(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    lines = [fold(line) for line in re.split(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", value)]
    return _shorten(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), PROSE_LENGTH)


def _read_citation(value: Any) -> Any:
    if isinstance(value, Mapping):
        value = Citation.model_validate(value)
    return _read_line(str(value) if isinstance(value, Citation) else value)


def _read_when(value: Any) -> Any:
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == len("2024-12-20") else datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=LOCAL)
    return value


Line = Annotated[str, BeforeValidator(_read_line)]
Prose = Annotated[str, BeforeValidator(_read_prose)]
Cited = Annotated[str | None, BeforeValidator(_read_citation)]
Url = Annotated[str, Field(pattern=r"""^https?://[^\s\p{C}<>"'\\]+$""", max_length=900)]
Count = Annotated[int, Field(ge=0, strict=True)]
# A date (the whole day) or an instant; without an offset it is local time (docs/contract.md §2). Stored as ISO 8601.
When = Annotated[datetime | date, BeforeValidator(_read_when)]
Instant = Annotated[datetime, BeforeValidator(_read_when)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


LEDGER = "ledger"  # in a letter of any kind to an inspector: what the ledger's key signed last


class LedgerNote(_Strict):
    """The newest signed note, line by line as it was signed, and the last number of each series."""

    note: Annotated[str, Field(max_length=PROSE_LENGTH, pattern=r"^[^\x00-\x09\x0b-\x1f]+$")]
    numbers: Prose


class AwardCount(_Strict):
    name: Line
    count: Count


class Item(_Strict):
    """One nomination as a reader knows it: its code, who, and for which award (written out)."""

    code: Line
    nominee: Line
    award: Line


class ReasonedItem(Item):
    reason: Prose
    citation: Cited


class AppraisedItem(ReasonedItem):
    outcome: Line


class NotApprovedItem(ReasonedItem):
    stage_name: Line


class TiedItem(Item):
    """A nomination to which a member may be tied; `ground` is one word of it, never what it was found from."""

    ground: Line


class FoundTie(Item):
    member: Line
    reason: Prose


class AwardedItem(Item):
    money: Count | None = None
    """Tiền thưởng in đồng."""
    beside: Prose | None = None
    """What it comes to beside other titles of the same year."""


class AnsweredItem(Item):
    outcome: Line
    reason: Prose | None = None


class DigestSection(_Strict):
    title: Line
    lines: list[Line]


class CallForProposals(_Strict):
    round_code: Line
    round_title: Line
    due: When | None
    unit_name: Line
    office: Line


class DossierReceived(_Strict):
    unit_name: Line
    dossier_code: Line
    count: Count
    round_title: Line
    by_award: list[AwardCount]
    due: When | None


class DossierReturned(_Strict):
    unit_name: Line
    dossier_code: Line | None = None
    """The dossier they all are of; None where they are of several."""
    items: list[ReasonedItem]
    round_title: Line
    due: When | None


class AppraisalResult(_Strict):
    unit_name: Line
    round_title: Line
    passed: Count
    open: Count = 0
    items: list[AppraisedItem]


class NominationStopped(_Strict):
    """`reason_public` must not tell who complained, or that somebody did (Luật Tố cáo 25/2018/QH14)."""

    unit_name: Line
    code: Line
    nominee: Line
    award: Line
    reason_public: Prose


class CouncilInvitation(_Strict):
    """`sequence` grows with every change of the meeting; `minutes` is only how long calendars keep it free."""

    member_name: Line
    session_code: Line
    at: Instant
    place: Line
    round_title: Line
    agenda_count: Count
    sequence: Count
    cancelled: bool
    stamped_at: Instant
    minutes: Annotated[int, Field(gt=0, le=24 * 60)] = 120
    uid: Line | None = None
    reason: Prose | None = None
    """Why the meeting was changed or called off."""


class ConflictQuestion(_Strict):
    """To the member: which nominations, and in a word why. The patterns behind it name other people."""

    member_name: Line
    session_code: Line
    at: Instant
    items: list[TiedItem]


class ConflictsFound(_Strict):
    """To the secretary, who decides on waivers: who, which nomination, and what the data say."""

    secretary_name: Line
    session_code: Line
    round_title: Line
    items: list[FoundTie]


class BallotReminder(_Strict):
    member_name: Line
    session_code: Line
    due: When | None


class TellersCalled(_Strict):
    """To each teller of a closed ballot. `needed`: shares that open the box; 0 where paper slips are counted."""

    member_name: Line
    session_code: Line
    needed: Count
    key: Line | None


class ReceiptsPublished(_Strict):
    """To each voter of a closed ballot. `key`: the fingerprint of the key that sealed it; None where votes are open."""

    member_name: Line
    session_code: Line
    key: Line | None


class ShareWaits(_Strict):
    """To each teller when a sealed ballot opens: the own share waits to be taken."""

    member_name: Line
    session_code: Line


class BallotAnnulled(_Strict):
    member_name: Line
    session_code: Line
    round_title: Line
    reason: Prose


class Change(_Strict):
    what: Line
    before: Line
    after: Line


class NominationCorrected(_Strict):
    unit_name: Line
    code: Line
    nominee: Line
    award: Line
    changes: list[Change]
    reason: Prose


class NominationDeclined(_Strict):
    reader_name: Line
    items: list[Item]
    reason: Prose


class AwardDeclinedNominee(_Strict):
    nominee: Line
    award: Line
    code: Line


class WaitingForSignature(_Strict):
    signer_name: Line
    round_title: Line
    decisions: Count
    nominations: Count
    due: When | None


class SentBackByChairman(_Strict):
    office_name: Line
    items: list[Item]
    reason: Prose


class AwardResultUnit(_Strict):
    unit_name: Line
    round_title: Line
    decision_number: Line
    decision_date: When
    items: list[AwardedItem]
    url: Url


class AwardResultNominee(_Strict):
    nominee: Line
    award: Line
    decision_number: Line
    decision_date: When
    office: Line
    url: Url


class NotApproved(_Strict):
    unit_name: Line
    round_title: Line
    items: list[NotApprovedItem]
    how_to_complain: Prose


class ForwardedToSuperior(_Strict):
    unit_name: Line
    items: list[Item]
    letter_number: Line
    letter_date: When | None = None
    superior: Line


class SuperiorAnswer(_Strict):
    unit_name: Line
    items: list[AnsweredItem]
    answer_number: Line
    answer_date: When | None = None
    letter_number: Line | None = None
    letter_date: When | None = None


class DecisionRevoked(_Strict):
    unit_name: Line
    decision_number: Line
    decision_date: When | None = None
    reason: Prose
    citation: Cited
    items: list[Item]
    others_stand: bool = False
    taken_back: bool = True


class AwardRevokedNominee(_Strict):
    nominee: Line
    award: Line
    decision_number: Line
    decision_date: When
    reason: Prose
    citation: Cited
    office: Line
    taken_back: bool
    how_to_complain: Prose


class DisclosurePublished(_Strict):
    office_name: Line
    decision_number: Line
    decision_date: When | None = None
    url: Url
    until: When | None


class DeadlineReminder(_Strict):
    recipient_name: Line
    stage_name: Line
    round_title: Line
    due: When
    days_left: Count
    waiting: Count


class LateUnit(_Strict):
    name: Line
    waiting: Count


class DeadlineEscalation(_Strict):
    """One step of the ladder. Letters that wait since before there were steps and units in it name none."""

    recipient_name: Line
    level_name: Line
    stage_name: Line
    round_title: Line
    due: When
    days_over: Count
    waiting: Count
    previous_levels: list[Line]
    step: Count = 0
    behind: Count = 0  # steps that should have been taken on earlier days
    units: list[LateUnit] = []
    more_units: Count = 0
    handed_in_late: Count = 0


class RunFailed(_Strict):
    """To the administrators: a run of the engine that failed, hung or was cut off."""

    recipient_name: Line
    run_name: Line
    how: Line
    round_code: Line | None
    at: Instant
    run_page: Line


class DeadlineExtended(_Strict):
    recipient_name: Line
    round_title: Line
    stage_name: Line
    due: When
    reason: Prose


class PetitionReceived(_Strict):
    """To the office, never to who sent it. Letters that wait since before there were kinds name none."""

    petition_code: Line
    petition_kind: Line = "phản ánh, kiến nghị"
    recipient_name: Line = "Ông/Bà"
    due: When | None


class PetitionsMany(_Strict):
    """To who answers them and who administers the system: unusually many came today."""

    recipient_name: Line
    day: When
    count: int
    most: int


class PetitionAnswered(_Strict):
    petition_code: Line
    answer: Prose


class AccountChanged(_Strict):
    """To whom an account belongs, and who watches over those that decide, when it changed: `what` and by whom."""

    recipient_name: Line
    username: Line
    what: Line
    by: Line
    at: Instant


class AccountAsked(_Strict):
    """To whom an account belongs, and who watches: what an administrator wants to do with it, who confirms it (`others`)."""

    recipient_name: Line
    username: Line
    what: Line
    by: Line
    until: Instant
    others: Line


class AccountRequest(_Strict):
    """To those who may confirm what an administrator wants to do with somebody else's account."""

    recipient_name: Line
    owner_name: Line
    username: Line
    what: Line
    by: Line
    until: Instant
    number: Line


class Digest(_Strict):
    recipient_name: Line
    sections: list[DigestSection]


@dataclass(frozen=True, slots=True)
class Kind:
    stage: str
    """Folder of the templates: the stage's word, `deadlines`, `upkeep` or `accounts`."""
    context: type[BaseModel]


KINDS: Mapping[str, Kind] = {
    "call_for_proposals": Kind("unit_proposal", CallForProposals),
    "dossier_received": Kind("unit_proposal", DossierReceived),
    "dossier_returned": Kind("unit_proposal", DossierReturned),
    "appraisal_result": Kind("home_affairs_review", AppraisalResult),
    "nomination_paused": Kind("home_affairs_review", NominationStopped),
    "nomination_resumed": Kind("home_affairs_review", NominationStopped),
    "nomination_corrected": Kind("home_affairs_review", NominationCorrected),
    "nomination_declined": Kind("home_affairs_review", NominationDeclined),
    "award_declined_nominee": Kind("home_affairs_review", AwardDeclinedNominee),
    "council_invitation": Kind("council_vote", CouncilInvitation),
    "conflict_question": Kind("council_vote", ConflictQuestion),
    "conflicts_found": Kind("council_vote", ConflictsFound),
    "ballot_reminder": Kind("council_vote", BallotReminder),
    "tellers_called": Kind("council_vote", TellersCalled),
    "receipts_published": Kind("council_vote", ReceiptsPublished),
    "share_waits": Kind("council_vote", ShareWaits),
    "ballot_annulled": Kind("council_vote", BallotAnnulled),
    "waiting_for_signature": Kind("chairman_signature", WaitingForSignature),
    "sent_back_by_chairman": Kind("chairman_signature", SentBackByChairman),
    "award_result_unit": Kind("public_disclosure", AwardResultUnit),
    "award_result_nominee": Kind("public_disclosure", AwardResultNominee),
    "not_approved": Kind("public_disclosure", NotApproved),
    "forwarded_to_superior": Kind("public_disclosure", ForwardedToSuperior),
    "superior_answer": Kind("public_disclosure", SuperiorAnswer),
    "decision_revoked": Kind("public_disclosure", DecisionRevoked),
    "award_revoked_nominee": Kind("public_disclosure", AwardRevokedNominee),
    "disclosure_published": Kind("public_disclosure", DisclosurePublished),
    "petition_received": Kind("public_disclosure", PetitionReceived),
    "petition_answered": Kind("public_disclosure", PetitionAnswered),
    "petitions_many": Kind("public_disclosure", PetitionsMany),
    "deadline_reminder": Kind("deadlines", DeadlineReminder),
    "deadline_escalation": Kind("deadlines", DeadlineEscalation),
    "deadline_extended": Kind("deadlines", DeadlineExtended),
    "digest": Kind("deadlines", Digest),
    "run_failed": Kind("upkeep", RunFailed),
    "account_changed": Kind("accounts", AccountChanged),
    "account_asked": Kind("accounts", AccountAsked),
    "account_request": Kind("accounts", AccountRequest),
}


_SESSION = "/council/{session_code}"
# The page of the system on which a letter's reader does what it asks for; the other letters ask for nothing there.
PLACES: Mapping[str, str] = {
    "call_for_proposals": "/rounds/{round_code}/intake",
    "dossier_returned": "/nominations?dossier={dossier_code}",
    "council_invitation": _SESSION,
    "conflict_question": _SESSION,
    "conflicts_found": _SESSION,
    "ballot_reminder": _SESSION,
    "tellers_called": _SESSION,
    "receipts_published": f"{_SESSION}/verify",
    "share_waits": f"{_SESSION}/share",
    "ballot_annulled": _SESSION,
    "waiting_for_signature": "/sign",
    "petition_received": "/petitions/{petition_code}",
    "petitions_many": "/petitions",
    "run_failed": "/dashboard",
    "account_request": "/administration/requests/{number}",
}
_RETURNED = "/nominations?state=returned"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The sender. Passed in, because the authority is dated data: the huyện of 2024 is gone since 01/07/2025."""

    authority: str = "Hội đồng Thi đua - Khen thưởng"
    office: str = "Cơ quan thường trực Hội đồng"
    base_url: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    calendar: bytes | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows of a list that a letter prints, and how many it leaves out."""

    rows: Sequence[Any]
    more: int
    see_at: str


def read(kind: str, context: Mapping[str, Any]) -> BaseModel:
    """The context as the kind's model. Raises BadContext for an unknown kind and for missing, unknown or wrong keys."""
    if kind not in KINDS:
        raise BadContext(f"There is no letter of kind {kind!r}.")
    try:
        return KINDS[kind].context.model_validate({name: said for name, said in context.items() if name != LEDGER})
    except ValidationError as error:
        keys = sorted(
            {".".join(str(part) for part in fault["loc"]) + f" ({fault['type']})" for fault in error.errors()}
        )
        # `from None`: pydantic's own message repeats the values, and a log is no place for personal data.
        raise BadContext(f"Letter {kind!r}: {', '.join(keys)}.") from None


def validate(kind: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The context as plain JSON values, ready to be queued; call it where the letter is announced.

    Folds names to one line, cuts over-long texts, writes instants as ISO 8601. Idempotent. Raises BadContext.
    """
    found: dict[str, Any] = read(kind, context).model_dump(mode="json")
    return found | ({LEDGER: _ledger(context).model_dump(mode="json")} if LEDGER in context else {})


def _ledger(context: Mapping[str, Any]) -> LedgerNote:
    try:
        return LedgerNote.model_validate(context[LEDGER])
    except ValidationError:
        raise BadContext(f"What is said under {LEDGER!r} is no signed note.") from None


def render(kind: str, context: Mapping[str, Any], *, letterhead: Letterhead | None = None) -> Rendered:
    """One letter, the same for the same input. Raises BadContext as `validate` does.

    Lists longer than `ROWS_SHOWN` are cut and say how many more there are, and where to read them.
    """
    letterhead = letterhead or Letterhead()
    model = read(kind, context)
    values = {name: getattr(model, name) for name in type(model).model_fields}
    page = _page(kind, values, letterhead)
    see_at = values.get("url") or page or letterhead.base_url or "hệ thống Vinh Danh"
    subject_of, text_of, html_of = _templates(kind)
    subject = _shorten(fold(subject_of.render(values)), SUBJECT_LENGTH)
    ledger = _ledger(context) if LEDGER in context else None
    around = {**values, LEDGER: ledger, "subject": subject, "letterhead": letterhead, "see_at": see_at, "page": page}
    calendar = invitations.write(**values, subject=subject) if isinstance(model, CouncilInvitation) else None
    text = re.sub(r"\n{3,}", "\n\n", text_of.render(around)).rstrip() + "\n"
    return Rendered(subject=subject, text=text, html=html_of.render(around), calendar=calendar)


def _page(kind: str, values: Mapping[str, Any], letterhead: Letterhead) -> str | None:
    """The address of the page that the letter speaks of; None where the office told no address, or there is no page."""
    if letterhead.base_url is None or kind not in PLACES:
        return None
    shape = _RETURNED if kind == "dossier_returned" and values["dossier_code"] is None else PLACES[kind]
    codes = {name: quote(value, safe="") for name, value in values.items() if isinstance(value, str)}
    return letterhead.base_url.rstrip("/") + shape.format_map(codes)


def moment(value: datetime | date | None) -> str:
    """dd/mm/yyyy, with HH:MM in local time when the value is an instant."""
    if value is None:
        return "chưa ấn định"
    if isinstance(value, datetime):
        return value.astimezone(LOCAL).strftime("%d/%m/%Y %H:%M")
    return value.strftime("%d/%m/%Y")


def number(value: int) -> str:
    """1780 → 1.780, as Vietnamese writes it."""
    return thousands(value)


def days_left(value: int) -> str:
    return f"còn {value} ngày" if value else "hết hạn trong hôm nay"


@jinja2.pass_context
def _shown(context: jinja2.runtime.Context, rows: Sequence[Any]) -> Shown:
    return Shown(rows=rows[:ROWS_SHOWN], more=max(0, len(rows) - ROWS_SHOWN), see_at=context["see_at"])


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "number": number,
    "days_left": days_left,
    "shown": _shown,
}


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(_FILTERS)
    # Macros as globals: importing them in every template would cost a template call for each letter.
    environment.globals["html"] = environment.get_template("_parts.html.j2").module
    environment.globals["text"] = environment.get_template("_parts.txt.j2").module
    return environment


@functools.cache
def _templates(kind: str) -> tuple[jinja2.Template, jinja2.Template, jinja2.Template]:
    environment, folder = _environment(), KINDS[kind].stage
    return (
        environment.get_template(f"{folder}/{kind}.subject.j2"),
        environment.get_template(f"{folder}/{kind}.txt.j2"),
        environment.get_template(f"{folder}/{kind}.html.j2"),
    )
