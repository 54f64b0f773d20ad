"""The ledger and the letters."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from operations import ledger_book, outbox, record, seal
from operations.public_disclosure import paper_numbers
from rules.policy import Permission
from web.api.caller import Bearer, Call
from web.api.schemas import system as schemas
from web.api.schemas.shared import InPath

router = APIRouter(tags=["system"])


@router.get("/ledger", response_model=schemas.Ledger)
def show_ledger(call: Annotated[Call, Depends(Bearer(Permission.SEE_LEDGER))]) -> Any:
    """How long the ledger is, whose signature to expect, and the newest checkpoint."""
    signer = call.office.signer
    with call.reading() as session:
        newest = seal.newest(session)
        return {
            "size": record.size(session),
            "origin": signer.origin,
            "vkey": signer.vkey,
            "checkpoint": newest.note if newest else None,
        }


@router.get("/ledger/proofs/{number}", response_model=schemas.Proof)
def prove_decision(call: Annotated[Call, Depends(Bearer(Permission.SEE_LEDGER))], number: InPath) -> Any:
    """The proof of a decision; `not_sealed` until a checkpoint covers it."""
    with call.reading() as session:
        code = paper_numbers.decision(session, number).code
        return {"number": code, "proof": ledger_book.prove(session, code)}


@router.get("/notifications", response_model=schemas.Letters)
def notifications(call: Annotated[Call, Depends(Bearer(Permission.SEE_DASHBOARD))]) -> Any:
    """How many letters were queued, accepted, failed, and wait."""
    with call.reading() as session:
        return outbox.status(session)
