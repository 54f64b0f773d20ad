"""The public register, and citizens' petitions."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from models.database import Session
from operations.access import Actor
from operations.public_disclosure import petitions, public_register
from rules.policy import Permission
from rules.vocabulary import DecisionState, NomineeKind, PetitionState
from web.api.caller import Bearer, Call, Change
from web.api.schemas import register as schemas
from web.api.schemas.shared import After, Filter, InPath, Limit, Page

router = APIRouter(tags=["register"])
Anybody = Annotated[Call, Depends(Bearer(None))]
Published = DecisionState
Year = Annotated[int | None, Query(ge=1945, le=2200)]


@router.get("/register", response_model=Page[schemas.Awardee])
def search_register(
    call: Anybody,
    text: Annotated[str | None, Query(max_length=200, description="A decision's number, or words of a name.")] = None,
    paper: Filter = None,
    award: Filter = None,
    year: Year = None,
    unit: Filter = None,
    kind: NomineeKind | None = None,
    state: Published | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Any:
    """Whom published papers honour, the last published first; only what the public may see."""
    with call.reading() as session:
        rows, following = public_register.search(
            session,
            text=text,
            paper=paper,
            award=award,
            year=year,
            unit=unit,
            kind=kind,
            state=state,
            after=after,
            limit=limit,
        )
    return {"items": rows, "next": following}


@router.get("/register/papers", response_model=Page[schemas.Paper])
def list_papers(
    call: Anybody,
    award: Filter = None,
    year: Year = None,
    state: Published | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Any:
    """Published decisions and superiors' grants, the last published first."""
    with call.reading() as session:
        rows, following = public_register.papers(session, award=award, year=year, state=state, after=after, limit=limit)
    return {"items": rows, "next": following}


@router.get("/register/papers/{code}", response_model=schemas.WholePaper)
def show_paper(call: Anybody, code: InPath) -> Any:
    """One published paper."""
    with call.reading() as session:
        return public_register.paper(session, code)


@router.get("/petitions", response_model=Page[schemas.ListedPetition])
def list_petitions(
    call: Annotated[Call, Depends(Bearer(Permission.SEE_PETITIONS))],
    state: PetitionState | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Any:
    """Petitions, unanswered ones first and among them those due first."""
    with call.reading() as session:
        rows, following = petitions.listing(
            session, actor=call.actor, now=call.now, state=state, after=after, limit=limit
        )
    return {"items": rows, "next": following}


@router.post("/petitions", response_model=schemas.PetitionReceived, status_code=201)
def file_petition(call: Annotated[Call, Depends(Bearer(None))], said: schemas.NewPetition) -> Any:
    """Hand in a citizen's objection. Takes no Idempotency-Key: its receipt is kept nowhere, nor who handed it in."""
    with call.office.database.begin() as session:  # a citizen's act, not one of the caller's
        received = petitions.file(
            session,
            text=said.text,
            kind=said.kind,
            nomination=said.nomination,
            decision=said.decision,
            sender=said.sender,
            now=call.now,
        )
    return {"code": received.code, "receipt": received.receipt, "due_on": received.due_on}


@router.get("/petitions/{code}", response_model=schemas.Petition)
def show_petition(call: Annotated[Call, Depends(Bearer(Permission.SEE_PETITIONS))], code: InPath) -> Any:
    """One petition whole, for those who handle it."""
    with call.reading() as session:
        return petitions.one(session, code, actor=call.actor, now=call.now)


@router.post("/petitions/dismiss", response_model=schemas.PetitionsPutAside)
def dismiss_petitions(
    call: Annotated[Call, Depends(Change(Permission.ANSWER_PETITION))], said: schemas.PetitionsDismissed
) -> Any:
    """Put petitions aside with one reason, which their senders read; all of them or none. Each may be taken up later."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        return {"dismissed": petitions.dismiss(session, said.codes, reason=said.reason, actor=actor, now=call.now)}

    return call.act(change, said=said)


@router.post("/petitions/{code}/take", response_model=schemas.PetitionDone)
def take_up_petition(
    call: Annotated[Call, Depends(Change(Permission.ANSWER_PETITION))], code: InPath, said: schemas.PetitionTaken
) -> Any:
    """Take a petition up as a complaint or a denunciation: what it is about is not signed until it was answered."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = petitions.take_up(session, code, taken_as=said.taken_as, actor=actor, now=call.now)
        return {"code": row.code, "state": row.state}

    return call.act(change, said=said)


@router.post("/petitions/{code}/answer", response_model=schemas.PetitionDone)
def answer_petition(
    call: Annotated[Call, Depends(Change(Permission.ANSWER_PETITION))], code: InPath, said: schemas.PetitionAnswer
) -> Any:
    """Answer a petition; whoever holds its receipt reads the answer."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = petitions.answer(session, code, answer=said.answer, actor=actor, now=call.now)
        return {"code": row.code, "state": row.state}

    return call.act(change, said=said)
