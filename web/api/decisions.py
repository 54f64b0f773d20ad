"""Decisions and submission letters: sign, send back, refuse, publish, record the superior's answer, revoke."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from models.database import Session
from operations.access import Actor
from operations.chairman_signature import signature
from operations.public_disclosure import disclosure, paper_numbers
from operations.views import papers
from rules.policy import Permission
from web.api.caller import Bearer, Call, Change
from web.api.schemas import decisions as schemas
from web.api.schemas.shared import After, InPath, Limit, Page, Password, Results, page, results

router = APIRouter(tags=["decisions"])
See = Annotated[Call, Depends(Bearer(Permission.SEE_ROUND))]


@router.get("/decisions", response_model=Page[schemas.ListedDecision | schemas.PublicDecision])
def list_decisions(call: See, after: After = None, limit: Limit = 50) -> Any:
    """Decisions, oldest first. For who is not of the office: those published, with what the register says of them."""
    with call.reading() as session:
        rows = papers.decisions(session, actor=call.actor)
    return page(rows, after, limit)


@router.get("/decisions/{number}", response_model=schemas.WholeDecision | schemas.WholePublicDecision)
def show_decision(call: See, number: InPath) -> Any:
    """One decision (123/QĐ-UBND of 2024 is 123-2024) and whom it honours; as in the list, by who asks."""
    with call.reading() as session:
        return papers.decision(session, number, actor=call.actor)


@router.post("/decisions/sign", response_model=schemas.Signed)
def sign(call: Annotated[Call, Depends(Change(Permission.SIGN))], said: schemas.Signing) -> Any:
    """Sign what this office decides, one decision an award; forward what a superior decides, one tờ trình a superior."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        codes = list(dict.fromkeys(said.codes))
        signed = signature.sign(session, codes, actor=actor, now=call.now, versions=said.versions)
        return {
            "decisions": list(signed.decisions),
            "submission_letters": list(signed.letters),
            **results(signed.results),
        }

    return call.act(change, said=said)


@router.post("/decisions/send-back", response_model=Results)
def send_back(call: Annotated[Call, Depends(Change(Permission.SEND_BACK))], said: schemas.SendingBack) -> Any:
    """Give recommended nominations back to Phòng Nội vụ."""
    return _each(call, said, signature.send_back)


@router.post("/decisions/refuse", response_model=Results)
def refuse(call: Annotated[Call, Depends(Change(Permission.REFUSE))], said: schemas.SendingBack) -> Any:
    """The chairman does not award what the council recommended."""
    return _each(call, said, signature.refuse)


def _each(call: Call, said: schemas.SendingBack, move: Any) -> dict[str, Any]:
    codes = list(dict.fromkeys(said.codes))
    return call.act(
        lambda session, actor: results(
            move(session, codes, reason=said.reason, actor=actor, now=call.now, versions=said.versions)
        ),
        said=said,
    )


@router.post("/decisions/{number}/disclose", response_model=schemas.Disclosed)
def disclose(call: Annotated[Call, Depends(Change(Permission.DISCLOSE))], number: InPath, said: Password) -> Any:
    """Publish a decision, or what a superior granted on a tờ trình (TTr-1-2024)."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        code = paper_numbers.paper(session, number).code
        url = f"{call.office.base_url}/decisions/{code}"
        return {
            "number": code,
            "disclosed": disclosure.disclose(session, code, actor=actor, now=call.now, url=url),
        }

    return call.act(change, said=said)


@router.post("/decisions/{number}/revoke", response_model=schemas.Decision)
def revoke(call: Annotated[Call, Depends(Change(Permission.REVOKE))], number: InPath, said: schemas.Revoking) -> Any:
    """Revoke a decision whole (Law 06/2022 Art. 93), or with `nominations` these alone: the others stand."""
    return call.act(
        lambda session, actor: disclosure.summary(
            disclosure.revoke(
                session,
                number,
                ground=said.ground,
                reason=said.reason,
                nominations=said.nominations,
                actor=actor,
                now=call.now,
            )
        ),
        said=said,
    )


@router.post("/submission-letters/{code}/answer", response_model=schemas.Answered)
def record_answer(
    call: Annotated[Call, Depends(Change(Permission.RECORD_ANSWER))], code: InPath, said: schemas.RecordingAnswer
) -> Any:
    """Record what the superior answered to a tờ trình."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = disclosure.record_answer(
            session,
            code,
            number=said.number,
            on=said.on,
            refused=said.refused,
            reason=said.reason,
            actor=actor,
            now=call.now,
        )
        return {"letter": row.code, "answer": row.answer}

    return call.act(change, said=said)
