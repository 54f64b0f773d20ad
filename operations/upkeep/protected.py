"""What the ledger commits to of each table: its rows read the way the operations recorded them.

Each column is an aspect of an entry, or `Derived` from such, or a `Version`, or stands in `UNPROTECTED` with the reason why
not. `operations.upkeep.verification` compares.
"""

import hashlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

import models
from models.types import table
from operations import binding, past_duties, record, regulations, rounds, security_log
from operations.chairman_signature import signature
from operations.council_vote import (
    ballot_box,
    conflicts_found,
    council,
    counting,
    recusals,
    sessions,
    vote,
    waiting_shares,
)
from operations.home_affairs_review import comments, review
from operations.people import accounts, authorisations, four_eyes, roles, second_factor, tokens, units
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import attachments, nominees, proposal
from operations.upkeep import deadlines
from rules import lifecycle, likeness, names


@dataclass(frozen=True, slots=True)
class Derived:
    """A column that is no aspect, because its value follows from others that are: what it holds and what follows."""

    held: Any
    follows: Any


@dataclass(frozen=True, slots=True)
class Formerly:
    """An aspect that entries once named otherwise: compared under the old name where there is no new one.

    `was` is what it would then be, where that is not the same; `of` whose entry said it, where that was another's.
    """

    name: str
    held: Any
    was: Any = None
    of: tuple[str, str] | None = None  # source and subject


@dataclass(frozen=True, slots=True)
class Since:
    """A column that entries mention only since a later version: compared where an entry mentions it."""

    held: Any


@dataclass(frozen=True, slots=True)
class Version:
    """A row's version counter: each change adds one to it, and one entry to the ledger."""

    held: int


@dataclass(frozen=True, slots=True)
class Table:
    """A state table: how to read its rows as (subject, aspects) the way the operations recorded them.

    What is no aspect in the ledger, yet follows from it, comes as `Derived` or `Version`.
    """

    name: str
    read: Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]

    def rows(self, session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        for subject, aspects in self.read(session):
            yield (
                subject,
                {
                    name: value if isinstance(value, (Derived, Formerly, Since, Version)) else record.plain(value)
                    for name, value in aspects.items()
                },
            )


def _nominations(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    n, p, u, d, q, t, r = (
        table(model).c
        for model in (
            models.Nomination, models.Nominee, models.Unit, models.Dossier, models.Decision, models.SubmissionLetter,
            models.ReviewRound,
        )
    )  # fmt: skip
    home = table(models.Unit).alias("home")
    h = home.c
    query = (
        sa.select(
            n.code, n.award, n.role, n.route, n.state, n.stage, n.reason, n.late, n.reviewed_by, p.code.label("nominee"),
            u.code.label("unit"), d.code.label("dossier"), q.code.label("decision"), t.code.label("letter"),
            n.proposed_by, r.code.label("round"), n.achievement, n.rating, n.initiative, n.object_class, n.field,
            n.prior_decision, n.parts, n.facts, n.achievement_key, n.entered_stage_at, n.version,
            n.name, n.name_key, n.honorific, n.position, n.workplace, n.gender, n.ethnicity, n.birth_date, n.email,
            p.kind, h.code.label("home"),
        )
        .join_from(models.Nomination, models.Nominee, n.nominee_id == p.id)
        .join(home, p.unit_id == h.id)
        .join(models.Unit, n.unit_id == u.id)
        .join(models.Dossier, n.dossier_id == d.id)
        .join(models.ReviewRound, n.round_id == r.id)
        .outerjoin(models.Decision, n.decision_id == q.id)
        .outerjoin(models.SubmissionLetter, n.submission_letter_id == t.id)
        .order_by(n.id)
    )  # fmt: skip
    for row in session.execute(query).yield_per(2000):
        aspects: dict[str, Any] = {
            **proposal.nomination_aspects(row),
            **_said_of_nominee(row),
            "name_key": Derived(row.name_key, names.fold(row.name)),
            "who": [row.nominee, row.unit, row.dossier, row.round, row.proposed_by],
            "state": [row.state, row.entered_stage_at],
            "stage": Derived(row.stage, _stage_of(row.state)),
            "achievement_key": Derived(row.achievement_key, proposal.achievement_key(row.achievement)),
            # A nomination has one paper: two match no entry.
            "paper": f"{row.decision}/{row.letter}" if row.decision and row.letter else row.decision or row.letter,
            "reviewed_by": row.reviewed_by,
            "reason": row.reason,
            "late": row.late,
            "version": Version(row.version),
        }
        yield row.code, aspects


def _said_of_nominee(row: Any) -> dict[str, Any]:
    """What a nomination says of its nominee. Once the nominee's own entries said it, for all nominations together."""
    once = {
        "name": row.name,
        "position": [row.position, row.workplace],
        "person": [row.home, row.kind, row.honorific, row.gender, row.ethnicity, row.birth_date, row.email],
    }
    return {
        name: Formerly(name, held, once[name], ("nominee", row.nominee))
        for name, held in nominees.said_aspects(row).items()
    }


def _stage_of(state: str) -> str:
    return lifecycle.stage_of(lifecycle.State(state)).value if state in set(lifecycle.State) else ""


def _simple(
    model: Any, key: str, aspects: Callable[[Any], dict[str, Any]]
) -> Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]:
    def read(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in session.exec(select(model).execution_options(yield_per=2000)):
            yield str(getattr(row, key)), aspects(row)

    return read


def _nominees(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    p, u, n = (table(model).c for model in (models.Nominee, models.Unit, models.Nomination))
    first = sa.select(n.nominee_id, sa.func.min(n.id).label("id")).group_by(n.nominee_id).subquery("first").c
    query = (
        sa.select(
            p.code, p.name, p.kind, p.birth_date, p.namesake, p.name_key, p.alike_key, p.identity, u.code.label("unit"),
            n.honorific, n.gender, n.ethnicity, n.email,
        )
        .join_from(models.Nominee, models.Unit, p.unit_id == u.id)
        .outerjoin(first.id.table, first.nominee_id == p.id)
        .outerjoin(models.Nomination, n.id == first.id)
        .order_by(p.id)
    )  # fmt: skip
    for row in session.execute(query).yield_per(2000):
        said = nominees.aspects(row, row.unit)
        once = [row.unit, row.kind, row.honorific, row.gender, row.ethnicity, row.birth_date, row.email]
        yield (
            row.code,
            {
                "called": Formerly("name", said["called"], said["called"]),
                "identity": Formerly("person", said["identity"], once),
                # Who is found by name, and who counts as the same person.
                "name_key": Derived(row.name_key, names.fold(row.name)),
                "alike": Derived(row.alike_key, likeness.key(row.name)),
                "same": Derived(row.identity, nominees.identity(row)),
            },
        )


def _sessions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.CouncilSession, models.ReviewRound.code, models.Council.code)
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.CouncilSession.round_id))
        .join(models.Council, col(models.Council.id) == col(models.CouncilSession.council_id))
    )
    for row, round_code, council_code in session.exec(query):
        yield (
            row.code,
            {
                "of": [round_code, council_code],
                **sessions.aspects(row),
                "version": Version(row.version),
            },
        )


def _appraisals(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    a, n = table(models.Appraisal).c, table(models.Nomination).c
    query = sa.select(
        n.code,
        a.sequence,
        a.verdict,
        a.pack,
        a.pack_sha256,
        a.regulation_sha256,
        a.on_date,
        a.findings,
        a.nomination_version,
        a.at,
    ).join_from(models.Appraisal, models.Nomination, a.nomination_id == n.id)
    for row in session.execute(query).yield_per(1000):
        said = review.appraisal_aspects(row)
        yield f"{row.code}/{row.sequence}", said | {"law": Formerly("by", said["law"])}


def _members(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.SessionMember, models.CouncilSession.code).join(
        models.CouncilSession, col(models.CouncilSession.id) == col(models.SessionMember.session_id)
    )
    for row, code in session.exec(query):
        yield f"{code}/{row.member}", sessions.seat_aspects(row)


def _roll(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.CouncilSession.code, models.SessionMember.member)
        .join_from(
            models.BallotRoll, models.CouncilSession, col(models.CouncilSession.id) == col(models.BallotRoll.session_id)
        )
        .outerjoin(
            models.SessionMember,
            (col(models.SessionMember.session_id) == col(models.BallotRoll.session_id))
            & (col(models.SessionMember.username) == col(models.BallotRoll.username)),
        )
    )
    for code, member in session.exec(query):
        yield f"{code}/{member}", {"voted": 1}


def _ballots(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.Ballot, models.CouncilSession).join(
        models.CouncilSession, col(models.CouncilSession.id) == col(models.Ballot.session_id)
    )
    for ballot, sitting in session.exec(query).all():
        receipts = ballot_box.receipts(session, sitting)
        yield (
            sitting.code,
            {
                "how": vote.how_aspect(ballot),
                **vote.closed_aspects(ballot, receipts),
                "batch": None if ballot.batch is None else counting.batch_digest(ballot.batch),
            },
        )


def _seats(
    model: Any, username: str, aspects: Callable[[Any], dict[str, Any]]
) -> Callable[[Session], Iterator[tuple[str, dict[str, Any]]]]:
    """Rows of a session and a member, known in the ledger by the member's number."""

    def read(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
        query = (
            select(model, models.CouncilSession.code, models.SessionMember.member)
            .join(models.CouncilSession, col(models.CouncilSession.id) == model.session_id)
            .outerjoin(
                models.SessionMember,
                (col(models.SessionMember.session_id) == model.session_id)
                & (col(models.SessionMember.username) == getattr(model, username)),
            )
        )
        for row, code, member in session.exec(query):
            yield f"{code}/{member}", aspects(row)

    return read


def _agenda(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    i, n, s = (table(model).c for model in (models.AgendaItem, models.Nomination, models.CouncilSession))
    query = (
        sa.select(s.code.label("session"), n.code, *(i[name] for name in counting.RESULT_COLUMNS))
        .join_from(models.AgendaItem, models.Nomination, i.nomination_id == n.id)
        .join(models.CouncilSession, i.session_id == s.id)
    )
    for row in session.execute(query).yield_per(2000):
        yield f"{row.session}/{row.code}", {"result": counting.result_aspect(dict(row._mapping))}  # noqa: SLF001 -- documented row mapping


def _duties(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Nomination.code, models.Account.code, models.Duty.username, models.Duty.duty)
        .join_from(models.Duty, models.Nomination, col(models.Duty.nomination_id) == col(models.Nomination.id))
        .outerjoin(models.Account, col(models.Account.username) == col(models.Duty.username))
    )
    for code, account, username, duty in session.exec(query):
        yield past_duties.subject(code, account or username, duty), {"had": 1}


def _recusals(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Recusal, models.CouncilSession.code, models.SessionMember.member, models.Nomination.code)
        .join(models.CouncilSession, col(models.CouncilSession.id) == col(models.Recusal.session_id))
        .join(
            models.SessionMember,
            (col(models.SessionMember.session_id) == col(models.Recusal.session_id))
            & (col(models.SessionMember.username) == col(models.Recusal.username)),
        )
        .join(models.Nomination, col(models.Nomination.id) == col(models.Recusal.nomination_id))
    )
    for row, session_code, member, code in session.exec(query):
        yield f"{session_code}/{member}/{code}", recusals.recusal_aspects(row)


def _conflicts(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Conflict, models.CouncilSession.code, models.SessionMember.member, models.Nomination.code)
        .join(models.CouncilSession, col(models.CouncilSession.id) == col(models.Conflict.session_id))
        .outerjoin(
            models.SessionMember,
            (col(models.SessionMember.session_id) == col(models.Conflict.session_id))
            & (col(models.SessionMember.username) == col(models.Conflict.username)),
        )
        .join(models.Nomination, col(models.Nomination.id) == col(models.Conflict.nomination_id))
    )
    for row, session_code, member, code in session.exec(query):
        yield f"{session_code}/{member}/{code}/{row.number}", conflicts_found.aspects(row)


def _rounds(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.ReviewRound, models.Regulation.sha256).join(
        models.Regulation, col(models.Regulation.id) == col(models.ReviewRound.regulation_id)
    )
    for row, sha256 in session.exec(query):
        yield row.code, rounds.round_aspects(row, sha256) | {"version": Version(row.version)}


def _deadlines(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.Deadline, models.ReviewRound.code).join(
        models.ReviewRound, col(models.ReviewRound.id) == col(models.Deadline.round_id)
    )
    for row, code in session.exec(query):
        yield f"{code}/{row.stage}", rounds.deadline_aspects(row) | {"version": Version(row.version)}


def _escalations(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Escalation, models.Deadline.stage, models.ReviewRound.code)
        .join(models.Deadline, col(models.Deadline.id) == col(models.Escalation.deadline_id))
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.Deadline.round_id))
    )
    for row, stage, code in session.exec(query):
        yield f"{code}/{stage}/{row.due_on.isoformat()}/{row.subject}/{row.level}", deadlines.escalation_aspects(row)


def _dossiers(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Dossier, models.ReviewRound.code, models.Unit.code)
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.Dossier.round_id))
        .join(models.Unit, col(models.Unit.id) == col(models.Dossier.unit_id))
    )
    for row, round_code, unit_code in session.exec(query):
        yield (
            row.code,
            {
                **proposal.dossier_aspects(row, round_code, unit_code),
                "received": row.received_for_appraisal_at,
            },
        )


def _disclosures(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Disclosure, models.Decision.code, models.SubmissionLetter.code)
        .outerjoin(models.Decision, col(models.Decision.id) == col(models.Disclosure.decision_id))
        .outerjoin(
            models.SubmissionLetter, col(models.SubmissionLetter.id) == col(models.Disclosure.submission_letter_id)
        )
    )
    for row, decision, letter in session.exec(query):
        paper = "+".join(code for code in (decision, letter) if code)  # one of them; both match no entry
        yield f"{paper}/{row.channel}", disclosure.posting_aspects(row)


def _decisions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Decision, models.ReviewRound.code, models.Account.code)
        .join(models.ReviewRound, col(models.ReviewRound.id) == col(models.Decision.round_id))
        .outerjoin(models.Account, col(models.Account.username) == col(models.Decision.signed_by))
    )
    for row, round_code, signer in session.exec(query):
        yield (
            row.code,
            {
                **signature.decision_aspects(row, round_code),
                "signature": Since(signature.signature_aspect(row, signer or "")),
                "number": Derived(f"{row.number}-{row.year}", row.code),
                "paper": row.paper_sha256,
                "version": Version(row.version),
            },
        )


def _letters(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.SubmissionLetter, models.ReviewRound.code).join(
        models.ReviewRound, col(models.ReviewRound.id) == col(models.SubmissionLetter.round_id)
    )
    for row, round_code in session.exec(query):
        yield (
            row.code,
            {
                **signature.submission_letter_aspects(row, round_code),
                "number": Derived(f"TTr-{row.number}-{row.year}", row.code),
                "paper": row.paper_sha256,
                "version": Version(row.version),
            },
        )


def _petitions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Petition, models.Nomination.code, models.Decision.code)
        .outerjoin(models.Nomination, col(models.Nomination.id) == col(models.Petition.nomination_id))
        .outerjoin(models.Decision, col(models.Decision.id) == col(models.Petition.decision_id))
    )
    for row, nomination, decision in session.exec(query):
        yield row.code, petitions.aspects(row, nomination, decision) | {"version": Version(row.version)}


def _comments(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Comment, models.Nomination.code)
        .join(models.Nomination, col(models.Nomination.id) == col(models.Comment.nomination_id))
        .order_by(col(models.Comment.id))
    )
    seen: dict[str, int] = {}
    for row, code in session.exec(query):
        seen[code] = seen.get(code, 0) + 1
        yield f"{code}/{seen[code]}", comments.aspects(row)


def _attachments(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Attachment, models.Dossier.code, models.Nomination.code)
        .join(models.Dossier, col(models.Dossier.id) == col(models.Attachment.dossier_id))
        .outerjoin(models.Nomination, col(models.Nomination.id) == col(models.Attachment.nomination_id))
    )
    for row, dossier, nomination in session.exec(query):
        yield f"{dossier}/{row.number}", attachments.aspects(row, nomination or "")


def _pauses(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.Pause, models.Nomination.code)
        .join(models.Nomination, col(models.Nomination.id) == col(models.Pause.nomination_id))
        .order_by(col(models.Pause.id))
    )
    seen: dict[str, int] = {}
    for row, code in session.exec(query):
        seen[code] = seen.get(code, 0) + 1
        yield f"{code}/{seen[code]}", review.pause_aspects(row)


def _accounts(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    """An account with how it may sign in: a swapped second factor or a foreign identity would be somebody else's key."""
    query = select(models.Account, models.SecondFactor).outerjoin(
        models.SecondFactor, col(models.SecondFactor.account_id) == col(models.Account.id)
    )
    identities: dict[int, list[list[str]]] = {}
    for row in session.exec(select(models.OutsideIdentity)):
        identities.setdefault(row.account_id, []).append([row.issuer, row.subject])
    for account, factor in session.exec(query):
        yield (
            account.code,
            {
                **accounts.aspects(account),
                "username": Since(account.username),
                **second_factor.aspects(factor),
                "identities": sorted(identities.get(account.id or 0, [])) or None,
            },
        )


def _account_requests(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.AccountRequest, models.Account.username).join(
        models.Account, col(models.Account.id) == col(models.AccountRequest.account_id)
    )
    for row, username in session.exec(query):
        yield str(row.id), four_eyes.aspects(row, username)


def _tokens(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(models.ApiToken, models.Account.username).join(
        models.Account, col(models.Account.id) == col(models.ApiToken.account_id)
    )
    for row, username in session.exec(query):
        yield str(row.id), tokens.aspects(row, username)


def _grants(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.RoleGrant, models.Account.code, models.Unit.code)
        .join(models.Account, col(models.Account.id) == col(models.RoleGrant.account_id))
        .outerjoin(models.Unit, col(models.Unit.id) == col(models.RoleGrant.unit_id))
    )
    for row, account, unit in session.exec(query):
        yield roles.subject(account, row, unit or ""), roles.aspects(row)


def _council_members(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = (
        select(models.CouncilMember, models.Council.code, models.Account.code)
        .join(models.Council, col(models.Council.id) == col(models.CouncilMember.council_id))
        .join(models.Account, col(models.Account.id) == col(models.CouncilMember.account_id))
    )
    for row, code, account in session.exec(query):
        yield f"{code}/{account}/{row.valid_from.isoformat()}", council.member_aspects(row)


def _installation(row: models.InstallationRow) -> dict[str, Any]:
    return binding.aspects(row) | {"id": Derived(row.id, 1)}


def _regulations(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in session.exec(select(models.Regulation)):
        read = hashlib.sha256(row.text.replace("\r\n", "\n").encode()).hexdigest()  # as rules.regulation reads it
        yield (
            row.sha256 if row.sha256 == read else f"{row.sha256} ≠ {read}",
            regulations.aspects(row),
        )


TABLES: dict[str, Table] = {
    "installation": Table("installation", _simple(models.InstallationRow, "code", _installation)),
    "unit": Table("unit", _simple(models.Unit, "code", units.aspects)),
    "account": Table("account", _accounts),
    "account_request": Table("account_request", _account_requests),
    "role": Table("role_grant", _grants),
    "security_log": Table("security_event", security_log.digested),
    "council": Table("council", _simple(models.Council, "code", council.council_aspects)),
    "council_member": Table("council_member", _council_members),
    "api_token": Table("api_token", _tokens),
    "authorisation": Table("authorisation", _simple(models.Authorisation, "id", authorisations.aspects)),
    "regulation": Table("regulation", _regulations),
    "round": Table("review_round", _rounds),
    "deadline": Table("deadline", _deadlines),
    "dossier": Table("dossier", _dossiers),
    "nominee": Table("nominee", _nominees),
    "nomination": Table("nomination", _nominations),
    "appraisal": Table("appraisal", _appraisals),
    "session": Table("council_session", _sessions),
    "member": Table("session_member", _members),
    "recusal": Table("recusal", _recusals),
    "duty": Table("duty", _duties),
    "conflict": Table("conflict", _conflicts),
    "agenda": Table("agenda_item", _agenda),
    "roll": Table("ballot_roll", _roll),
    "ballot": Table("ballot", _ballots),
    "ballot_share": Table("waiting_share", _seats(models.WaitingShare, "username", waiting_shares.aspects)),
    "open_vote": Table("open_vote", _seats(models.OpenVote, "username", vote.open_vote_aspects)),
    "hand_count": Table("hand_count", _seats(models.HandCount, "counted_by", counting.hand_count_aspects)),
    "decision": Table("decision", _decisions),
    "submission_letter": Table("submission_letter", _letters),
    "disclosure": Table("disclosure", _disclosures),
    "petition": Table("petition", _petitions),
    "attachment": Table("attachment", _attachments),
    "comment": Table("comment", _comments),
    "pause": Table("pause", _pauses),
    "escalation": Table("escalation", _escalations),
}


def as_recorded(aspect: str, value: Any, recorded: Container[str]) -> tuple[str, Any]:
    """The name under which an aspect is looked for, and its value."""
    if not isinstance(value, Formerly):
        return aspect, value
    if aspect in recorded:
        return aspect, record.plain(value.held)
    return value.name, record.plain(value.held if value.was is None else value.was)


_NUMBER = "numbers the rows in the order in which they were written; whatever refers to it is compared by code"
_FILE = "a file is found by its hash, which the entries of its dossier, attachment or paper hold, and is checked against it when read"
_BOX = (
    "an entry for each envelope would tell their order (docs/decisions/0007); the next cast, the closing and the count "
    "refuse a box that differs from its digest, and the ledger has that digest from the closing on"
)
_DELIVERY = "delivery, outside of any act: leases, tries, replies. A letter altered while it waits is not found here"
_ONCE = "answers to a repeated click; an act done with one stands in the ledger"
_VISIT = (
    "an entry for each would publish for ever when every official was at work; an act done through a forged session "
    "stands in the ledger under that name"
)
_TRIES = "failed attempts of the last quarter of an hour"

# The columns that nothing above compares, each with the reason. A column of `models` that is neither here nor found when
# it is altered fails tests/operations/upkeep/test_verification.py.
UNPROTECTED: dict[str, dict[str, str]] = {
    **{
        name: {"id": _NUMBER}
        for name in (
            "agenda_item", "appraisal", "attachment", "comment", "conflict", "council", "council_member", "deadline",
            "decision", "disclosure", "dossier", "escalation", "nomination", "nominee", "outside_identity", "pause",
            "recusal", "review_round", "role_grant", "session_member", "submission_letter",
        )
    },
    "council_session": {"id": _NUMBER, "uid": "what calendars call it; nothing here is decided by it"},
    "petition": {"id": _NUMBER, "arrived_at": "by the wall clock, for the day's limit alone; its entry has its own time"},
    "ballot_box": dict.fromkeys(("session_id", "envelope"), _BOX),
    "waiting_share": {
        "sealed": "opens nothing without its key, which is not in the database; an altered one does not open at all"
    },
    "outbox_message": dict.fromkeys(
        ("id", "key", "kind", "topic", "recipient", "context", "state", "attempts", "queued_at", "due_at", "lease",
         "settled_at", "reply"),
        _DELIVERY,
    ),
    "idempotent_answer": dict.fromkeys(("key", "verb", "actor", "answer", "at"), _ONCE),
    "one_time_link": dict.fromkeys(
        ("key", "username", "issued_at", "valid_until", "ended"),
        "hashes of one-time links; what a link of an account that decides may open stands in its request, and a password "
        "that was set with one in the ledger",
    ),
    "petition_receipt": dict.fromkeys(
        ("receipt_sha256", "petition", "at"), "finds a petition for whoever sent it, who must not be traced; a lost one harms nobody else"
    ),
    "upload": dict.fromkeys(
        ("key", "actor", "round", "unit", "sha256", "name", "convert", "at"),
        "a workbook between preview and import; what is imported stands in the ledger",
    ),
    "second_factor": {
        "last_step": "an entry for each code would publish for ever when its owner signed in; a code is good for 90 "
        "seconds, whatever stands here"
    },
    "sign_in_attempt": dict.fromkeys(("who", "window", "count"), _TRIES),
    "stored_file": dict.fromkeys(("sha256", "size", "media_type", "name", "stored_at"), _FILE),
    "upload_day": dict.fromkeys(("username", "day", "files", "size"), "how much was handed in today; dropped tomorrow"),
    "web_session": dict.fromkeys(
        ("token_sha256", "account_id", "created_at", "seen_at", "confirmed_at", "ends_at", "revoked_at"), _VISIT
    ),
}  # fmt: skip
