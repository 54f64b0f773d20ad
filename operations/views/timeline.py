"""One nomination with everything that happened to it, read from the ledger; and the ledger's kinds in words."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import entry, kinds
from ledger.kinds import Kind
from models import Account, Appraisal, Decision, LedgerEntry, LedgerOpening, Nomination, SubmissionLetter
from models.types import as_mapping, table
from operations import access, rights, transition, visibility
from operations.access import Actor
from operations.home_affairs_review import correcting, review
from operations.unit_proposal import attachments, nominees
from operations.views import nominations
from rules import policy, vocabulary
from rules.vocabulary import Verdict

VERDICTS = vocabulary.names(Verdict)
# What happened to something of a nomination's: an appraisal, a paper that lies with it.
_BESIDE = (Kind.APPRAISAL_FOUND, Kind.ATTACHMENT_ADDED, Kind.ATTACHMENT_REMOVED)
_HELD = frozenset({Kind.NOMINATION_PAUSED, Kind.NOMINATION_RESUMED})  # the reason can identify a complainant
_GROUNDS: dict[str, str] = {**review.PAUSE_GROUNDS, **vocabulary.names(vocabulary.Ground)}
_E, _O = table(LedgerEntry).c, table(LedgerOpening).c


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: in words, when (Vietnam's clock), by whom where the ledger says it, and why."""

    index: int
    kind: str
    words: str
    at: datetime
    who: str | None
    detail: str | None
    reason: str | None


def words(kind: str) -> str:
    """A ledger kind as people call it; one of another version of the program stays as it is."""
    known = kinds.known(kind)
    return known.word if known else kind


def events(session: Session, code: str, *, actor: Actor) -> list[Event]:
    """A nomination's events, oldest first, for somebody who may read it.

    The grounds of a pause are for staff only: they can identify a complainant (Luật Tố cáo 25/2018/QH14). Raises the
    refusals of `visibility.require`.
    """
    row = visibility.require(session, code, actor=actor)
    appraised = session.exec(select(Appraisal.sequence).where(Appraisal.nomination_id == row.id))
    subjects = [code, *(f"{code}/{sequence}" for sequence in appraised), *attachments.subjects(session, row)]
    query = (
        sa.select(_E.index.label("place"), _E.kind, _E.leaf, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index, isouter=True)
        .where(
            _E.subject.in_(subjects),
            (_E.subject == code) | _E.kind.in_(_BESIDE),
            _E.kind != Kind.NOMINATION_PAPERS_CHANGED,  # the paper's own entry says more
        )
        .order_by(_E.index)
    )
    found = [(said, _opened(said.openings)) for said in session.execute(query)]
    signers = _signers(session, {str(opened["paper"]) for _, opened in found if opened.get("paper")})
    names = _names(session, {who for _, opened in found if (who := _who(opened, signers))})
    inside = visibility.knows_why_paused(actor)
    return [
        Event(
            index=said.place,
            kind=said.kind,
            words=words(said.kind),
            at=entry.decode(said.leaf.encode()).at.astimezone(access.LOCAL),
            who=names.get(_who(opened, signers) or ""),
            detail=_detail(opened),
            reason=_reason(opened) if inside or said.kind not in _HELD else None,
        )
        for said, opened in found
    ]


def _opened(text: str | None) -> dict[str, Any]:
    """The stored fields of an entry; erased ones are absent."""
    return {name: value for name, (_, value) in json.loads(text or "{}").items()}


def _who(opened: dict[str, Any], signers: dict[str, str]) -> str | None:
    """The actor of an entry; entries of earlier versions name the actor in their own ways, or not at all."""
    by = opened.get("by")
    if isinstance(by, str):
        return None if by in kinds.UNNAMED else by
    if opened.get("reviewed_by"):
        return str(opened["reviewed_by"])
    if any(opened.get("removed", ())):  # when, who took the paper out again
        return str(opened["removed"][-1])
    if "who" in opened:  # nominee, unit, dossier, round, who drafted it; of a paper: when, who added it
        return str(opened["who"][-1])
    return signers.get(str(opened.get("paper")))


def _reason(opened: dict[str, Any]) -> str | None:
    """Why: of a move, or of a correction, which moves nothing."""
    said = opened.get("reason") or opened.get("why")
    return str(said) if said else None


def _detail(opened: dict[str, Any]) -> str | None:
    if "corrected" in opened:
        return ", ".join(correcting.FIELDS.get(str(name), str(name)) for name in opened["corrected"])
    if "verdict" in opened:
        return VERDICTS.get(str(opened["verdict"]), str(opened["verdict"]))
    if "about" in opened and "file" in opened:  # of which nomination, which part; hash, name
        part = str(opened["about"][-1])
        return attachments.PARTS.get(part, part)
    if opened.get("ground"):
        return _GROUNDS.get(str(opened["ground"]), str(opened["ground"]))
    return str(opened["paper"]) if opened.get("paper") else None


def _signers(session: Session, papers: Iterable[str]) -> dict[str, str]:
    wanted = list(papers)
    found: dict[str, str] = {}
    for model in (Decision, SubmissionLetter) if wanted else ():
        columns = table(model).c
        found |= as_mapping(session.execute(sa.select(columns.code, columns.signed_by).where(columns.code.in_(wanted))))
    return found


def _names(session: Session, usernames: Iterable[str]) -> dict[str, str]:
    """Username → name; one who has no account any more keeps the username."""
    wanted = list(usernames)
    known = session.execute(
        sa.select(col(Account.username), col(Account.display_name)).where(col(Account.username).in_(wanted))
    )
    return dict(zip(wanted, wanted, strict=True)) | as_mapping(known)


def of_nomination(session: Session, code: str, *, actor: Actor | None) -> dict[str, Any]:
    """`nominations show` of docs/contract.md; `actor` is None where the command line does not know who asks.

    Raises Refusal `unknown_nomination`.
    """
    rows = [row for row in nominations.listing_of(session, [code]) if row["code"] == code]
    if not rows:
        raise transition.unknown(code)
    nomination = session.exec(select(Nomination).where(Nomination.code == code)).one()
    said = {name: getattr(nomination, name) for name in nominees.SAID}
    appraisal = review.latest(session, [code]).get(code)
    return {
        **rows[0],
        "nominee": rows[0]["nominee"] | said,
        "reason": nominations.reason_seen(session, nomination, actor=actor),
        "late": nomination.late,
        "verdict": appraisal.verdict if appraisal else None,
        "pack": appraisal.pack if appraisal else None,
        "pack_sha256": appraisal.pack_sha256 if appraisal else None,
        "findings": json.loads(appraisal.findings) if appraisal else [],
        "timeline": [
            {"index": said.index, "kind": said.kind, "at": said.at.isoformat()}
            for said in (
                entry.decode(row.leaf.encode())
                for row in session.exec(
                    select(LedgerEntry).where(LedgerEntry.subject == code).order_by(col(LedgerEntry.index))
                )
            )
        ],
    }


def told(session: Session, code: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """`of_nomination` as this reader may know it, with its version and under `proposal` what the unit wrote.

    Raises what `visibility.require` raises.
    """
    row = visibility.require(session, code, actor=actor)
    fields = policy.fields_of_nominee(actor.roles, rights.relations(session, [row], actor=actor, now=now)[row.id or 0])
    found = of_nomination(session, code, actor=actor) | {"version": row.version}
    if "findings" not in fields:
        found |= {"findings": [], "verdict": None}
    found["nominee"] = {
        name: value if name in {"kind", "name"} or name in fields else None for name, value in found["nominee"].items()
    }
    if "reason" not in fields:
        found["reason"] = found["late"] = None
    found["proposal"] = {name: getattr(row, name) if name in fields else None for name in nominations.WRITTEN}
    return found
