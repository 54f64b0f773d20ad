"""Review rounds."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from operations import rounds
from operations.views import board
from rules.policy import Permission
from web.api.caller import Bearer, Call, Change
from web.api.schemas import rounds as schemas
from web.api.schemas.shared import After, InPath, Limit, Page, page

router = APIRouter(prefix="/rounds", tags=["rounds"])
See = Annotated[Call, Depends(Bearer(Permission.SEE_ROUND))]


@router.get("", response_model=Page[schemas.Round])
def list_rounds(call: See, after: After = None, limit: Limit = 50) -> Any:
    """Rounds, oldest first."""
    with call.reading() as session:
        return page(rounds.listing(session), after, limit)


@router.post("", response_model=schemas.RoundCode, status_code=201)
def open_round(call: Annotated[Call, Depends(Change(Permission.OPEN_ROUND))], said: schemas.NewRound) -> Any:
    """Open a round and call the units for proposals."""
    return call.act(
        lambda session, actor: {
            "code": rounds.open_round(
                session,
                kind=said.kind,
                year=said.year,
                title=said.title,
                actor=actor,
                now=call.now,
                regulation_text=said.regulation,
                proposals_due=said.proposals_due,
            ).code
        },
        said=said,
    )


@router.get("/{code}", response_model=schemas.RoundStatus)
def round_status(call: See, code: InPath) -> Any:
    """The state of a round's dossiers, as far as this account may read them, and its deadlines."""
    with call.reading() as session:
        return board.status(session, code, actor=call.actor)


@router.post("/{code}/advance", response_model=schemas.RoundStage)
def advance_round(call: Annotated[Call, Depends(Change(Permission.ADVANCE_ROUND))], code: InPath) -> Any:
    """Close the present stage and begin the next."""

    def change(session: Any, actor: Any) -> dict[str, Any]:
        row = rounds.advance(session, code, actor=actor, now=call.now)
        return {"code": row.code, "stage": row.stage}

    return call.act(change)


@router.post("/{code}/extend", response_model=schemas.Extended)
def extend_stage(
    call: Annotated[Call, Depends(Change(Permission.EXTEND_ROUND))], code: InPath, said: schemas.Extension
) -> Any:
    """Move a stage's deadline, with a reason that everyone who waits is told."""

    def change(session: Any, actor: Any) -> dict[str, Any]:
        row = rounds.extend(
            session, code, stage=said.stage, until=said.until, reason=said.reason, actor=actor, now=call.now
        )
        return {"code": code, "stage": said.stage, "due": row.due_on.isoformat(), "computed": rounds.explained(row)}

    return call.act(change, said=said)


@router.post("/{code}/run", response_model=schemas.RoundCode, status_code=202)
def run_round(call: Annotated[Call, Depends(Change(Permission.RUN_ROUND))], code: InPath) -> Any:
    """Ask for the machine's part of every stage now: a run of the round's flow, which starts within seconds."""

    def change(session: Any, actor: Any) -> dict[str, Any]:
        rounds.call_run(session, code, actor=actor)
        return {"code": code}

    return call.act(change)
