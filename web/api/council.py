"""Council sessions and their ballots.

Of a vote nothing is kept beside who cast it: casting takes no Idempotency-Key, and repeated is refused `already_voted`.
No teller's share leaves here: each teller takes the own one on the pages or at the command line.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from models.database import Session
from operations.access import Actor
from operations.council_vote import (
    conflicts_answered,
    convening,
    counting,
    recusals,
    sessions,
    share_files,
    vote,
    waiting_shares,
)
from operations.views import agenda
from operations.views.agenda import Sitting
from rules.policy import Permission
from rules.vocabulary import BallotKind, SessionState
from web.api.caller import Bearer, Call, Change
from web.api.schemas import council as schemas
from web.api.schemas.shared import After, InPath, Limit, Page, Password, page

router = APIRouter(prefix="/sessions", tags=["council"])
See = Annotated[Call, Depends(Bearer(Permission.SEE_SESSION))]


def _sitting(session: Session, code: str, call: Call, act: Permission) -> Sitting:
    """The session, for somebody who may see this of it."""
    return agenda.require(session, code, act, actor=call.actor)


@router.post("", response_model=schemas.Convened, status_code=201)
def convene(call: Annotated[Call, Depends(Change(Permission.CONVENE))], said: schemas.Convening) -> Any:
    """Call the council for a round and send the invitations."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = convening.convene(session, round_code=said.round, at=said.at, place=said.place, actor=actor, now=call.now)
        asked = len(conflicts_answered.listing(session, row.code))
        return {"session": row.code} | sessions.representation(session, row) | {"conflicts": asked}

    return call.act(change, said=said)


@router.get("/{code}", response_model=schemas.CouncilSession)
def show_session(call: See, code: InPath) -> Any:
    """One session: when, where, how far it is, what is on its agenda."""
    with call.reading() as session:
        sitting = _sitting(session, code, call, Permission.SEE_SESSION)
        row = sitting.row
        return {
            "session": row.code,
            "round": sitting.round.code,
            "at": row.held_at,
            "place": row.place,
            "state": row.state,
            "regulation_sha256": row.regulation_sha256,
            "frozen": row.frozen_sha256,
            "agenda": sessions.agenda_codes(session, row),
        }


@router.get("/{code}/members", response_model=Page[schemas.Member])
def list_members(call: See, code: InPath, after: After = None, limit: Limit = 50) -> Any:
    """Its members, as they were called."""
    with call.reading() as session:
        rows = [
            {"member": one.member, "username": one.username, "teller": one.teller, "attended": one.attended}
            for one in _sitting(session, code, call, Permission.SEE_SESSION).members
        ]
    return page(rows, after, limit, key="member")


@router.post("/{code}/attend", response_model=schemas.Present)
def attend(call: Annotated[Call, Depends(Change(Permission.ATTEND))], code: InPath, said: schemas.Attending) -> Any:
    """Note who is present, before the ballot opens."""
    return call.act(
        lambda session, actor: {
            "session": code,
            "present": convening.attend(session, code, said.members, actor=actor, present=said.present),
            "warnings": sessions.early(sessions.by_code(session, code), call.now) if said.present else [],
        },
        said=said,
    )


@router.post("/{code}/recuse", response_model=schemas.Recused)
def recuse(call: Annotated[Call, Depends(Change(Permission.RECUSE))], code: InPath, said: schemas.Recusing) -> Any:
    """A member stands aside from a nomination."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        recusals.recuse(
            session,
            code,
            member=said.member,
            nomination=said.nomination,
            ground=said.ground,
            actor=actor,
            now=call.now,
        )
        return {"session": code, "member": said.member, "nomination": said.nomination}

    return call.act(change, said=said)


@router.get("/{code}/conflicts", response_model=Page[schemas.Conflict])
def list_conflicts(call: See, code: InPath, after: After = None, limit: Limit = 50) -> Any:
    """Questions from the data and members' declarations; a member sees only their own."""
    with call.reading() as session:
        sitting = _sitting(session, code, call, Permission.SEE_SESSION)
        rows = agenda.conflicts(session, sitting)
    for row in rows:
        row["key"] = f"{row['member']}/{row['nomination']}/{row['ground']}"
    return page(rows, after, limit, key="key")


@router.post("/{code}/conflicts/look", response_model=schemas.Found)
def look_for_conflicts(call: Annotated[Call, Depends(Change(Permission.WAIVE))], code: InPath) -> Any:
    """Look at the data again, for nominations that came after the convening."""
    return call.act(
        lambda session, actor: {
            "session": code,
            "found": len(conflicts_answered.look_again(session, code, actor=actor, now=call.now)),
        }
    )


@router.post("/{code}/conflicts/declare", response_model=schemas.Declared)
def declare(call: Annotated[Call, Depends(Change(Permission.RECUSE))], code: InPath, said: schemas.Declaring) -> Any:
    """A member says why they stand aside from a nomination, and does."""
    return call.act(
        lambda session, actor: conflicts_answered.declare(
            session, code, nomination=said.nomination, kind=said.kind, note=said.note, actor=actor, now=call.now
        ),
        said=said,
    )


@router.post("/{code}/conflicts/deny", response_model=schemas.Settled)
def deny(
    call: Annotated[Call, Depends(Change(Permission.ANSWER_CONFLICT))], code: InPath, said: schemas.Denying
) -> Any:
    """A member answers that what the data ask does not concern them, and why."""
    return call.act(
        lambda session, actor: {
            "session": code,
            "settled": conflicts_answered.deny(
                session, code, said.nominations, reason=said.reason, actor=actor, now=call.now
            ),
        },
        said=said,
    )


@router.post("/{code}/conflicts/waive", response_model=schemas.Settled)
def waive(call: Annotated[Call, Depends(Change(Permission.WAIVE))], code: InPath, said: schemas.Waiving) -> Any:
    """The secretary finds that a member may vote all the same, and why."""
    return call.act(
        lambda session, actor: {
            "session": code,
            "settled": conflicts_answered.waive(
                session,
                code,
                said.nominations,
                member=said.member,
                reason=said.reason,
                actor=actor,
                now=call.now,
            ),
        },
        said=said,
    )


@router.post("/{code}/reschedule", response_model=schemas.Rescheduled)
def reschedule(
    call: Annotated[Call, Depends(Change(Permission.RESCHEDULE))], code: InPath, said: schemas.Rescheduling
) -> Any:
    """Another time or place, before the ballot opens; every member's calendar entry is changed."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = convening.reschedule(
            session, code, at=said.at, place=said.place, reason=said.reason, actor=actor, now=call.now
        )
        return {"session": code, "at": row.held_at.isoformat(), "place": row.place, "sequence": row.invitation_sequence}

    return call.act(change, said=said)


@router.post("/{code}/cancel", response_model=schemas.SessionCode)
def cancel(
    call: Annotated[Call, Depends(Change(Permission.CANCEL_SESSION))], code: InPath, said: schemas.Because
) -> Any:
    """Call a session off before its ballot opens."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        convening.cancel(session, code, reason=said.reason, actor=actor, now=call.now)
        return {"session": code}

    return call.act(change, said=said)


# The ballot ---------------------------------------------------------------------------------------------------------


@router.post("/{code}/ballot/open", response_model=schemas.Opened)
def open_ballot(
    call: Annotated[Call, Depends(Change(Permission.OPEN_BALLOT))], code: InPath, said: schemas.Opening
) -> Any:
    """Freeze list, rules and agenda and open the ballot; a secret one's shares wait for the tellers (`/council/{code}/share`)."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        _sitting(session, code, call, Permission.OPEN_BALLOT)
        plan = vote.prospect(session, code, actor=actor, shares_needed=said.shares_needed)
        if plan.kind != BallotKind.SECRET:
            return vote.open_ballot(session, code, actor=actor, now=call.now)
        public_key, made = plan.new_key()
        key: dict[str, Any] = {"public_key": public_key, "shares_needed": plan.needed}
        opened = vote.open_ballot(session, code, actor=actor, now=call.now, **key)
        waiting_shares.keep(session, call.office.folder, code, made, by=actor.username)
        return opened

    return call.act(change, said=said)


@router.post("/{code}/ballot/cast", response_model=schemas.Receipt)
def cast(call: Annotated[Call, Depends(Bearer(Permission.CAST))], code: InPath, said: schemas.Cast) -> Any:
    """Cast one's ballot for the whole agenda; a line left out is an abstention."""
    return call.act(
        lambda session, actor: vote.cast(session, code, choices=said.choices, actor=actor),
        said=said,
        repeatable=False,
    )


@router.post("/{code}/ballot/sign-roll", response_model=schemas.Signers)
def sign_roll(
    call: Annotated[Call, Depends(Change(Permission.SIGN_ROLL))], code: InPath, said: schemas.SigningRoll
) -> Any:
    """Paper ballots: who took a slip and signed for it."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        _sitting(session, code, call, Permission.SIGN_ROLL)
        return {"session": code, "roll": vote.sign_roll(session, code, said.members, actor=actor)}

    return call.act(change, said=said)


@router.post("/{code}/ballot/close", response_model=schemas.Closed)
def close_ballot(call: Annotated[Call, Depends(Change(Permission.CLOSE_BALLOT))], code: InPath, said: Password) -> Any:
    """Stop the voting and publish the receipts."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        _sitting(session, code, call, Permission.CLOSE_BALLOT)
        return vote.close_ballot(session, code, actor=actor, now=call.now)

    return call.act(change, said=said)


@router.post("/{code}/ballot/annul", response_model=schemas.Waiting)
def annul_ballot(
    call: Annotated[Call, Depends(Change(Permission.ANNUL_BALLOT))], code: InPath, said: schemas.Annulling
) -> Any:
    """Give up a ballot that is not counted yet; its nominations wait for the council again."""
    return call.act(
        lambda session, actor: vote.annul_ballot(session, code, reason=said.reason, actor=actor, now=call.now),
        said=said,
    )


@router.post("/{code}/ballot/count", response_model=schemas.Counted)
def count_by_hand(
    call: Annotated[Call, Depends(Change(Permission.COUNT_BY_HAND))], code: InPath, said: schemas.HandCount
) -> Any:
    """Paper ballots: what one teller counted."""
    return call.act(
        lambda session, actor: {
            "session": code,
            "counts": counting.enter_count(session, code, counts=said.counts, actor=actor, now=call.now),
        },
        said=said,
    )


@router.post("/{code}/ballot/tally", response_model=schemas.Tally)
def tally(call: Annotated[Call, Depends(Change(Permission.TALLY))], code: InPath, said: schemas.Tallying) -> Any:
    """Count a closed ballot; a secret one with the shares of as many tellers as its key needs, together in this body."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        sitting = _sitting(session, code, call, Permission.TALLY)
        shares = share_files.parse(said.shares, code)
        counted = counting.tally_ballot(session, code, shares=shares, actor=actor, now=call.now)
        return counted | {
            "results": agenda.without_aside(sitting, counted["results"]),
            "batch": agenda.batch_seen(sitting, counted["batch"]),
        }

    return call.act(change, said=said)


@router.get("/{code}/ballot/results", response_model=schemas.BallotResults)
def results(call: Annotated[Call, Depends(Bearer(Permission.SEE_RESULT))], code: InPath) -> Any:
    """The numbers of a counted ballot; empty before the count."""
    with call.reading() as session:
        sitting = _sitting(session, code, call, Permission.SEE_RESULT)
        return {"results": agenda.results(session, sitting)}


@router.post("/{code}/ballot/verify", response_model=schemas.Verified)
def verify(
    call: Annotated[Call, Depends(Bearer(Permission.VERIFY_BALLOT))],
    code: InPath,
    said: schemas.Verifying | None = None,
) -> Any:
    """Repeat the count from the published batch; with `receipt`, whether that envelope is in the box. Changes nothing.

    By POST: a receipt belongs in no address, which logs and proxies keep.
    """
    receipt = said.receipt if said is not None else None
    with call.reading() as session:
        sitting = _sitting(session, code, call, Permission.VERIFY_BALLOT)
        violations = agenda.violations(session, sitting, receipt=receipt)
    return {
        "matches": not violations,
        "counted": sitting.row.state == SessionState.TALLIED,
        "receipt": "included" if receipt is not None else None,
        "violations": violations,
    }
