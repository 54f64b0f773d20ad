"""The law as data: packs, a case evaluated, deadlines, award money. Nothing here reads the database."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from operations import access
from rules import cash, catalogue, deadlines, evaluation
from rules.case import AwardId
from rules.vocabulary import NomineeKind
from web.api.caller import Bearer, Call
from web.api.schemas import law as schemas
from web.api.schemas.shared import After, Day, Limit, Page, page

router = APIRouter(tags=["law"])
Anybody = Annotated[Call, Depends(Bearer(None))]


def _on(call: Call, said: date | None) -> date:
    return said or access.local_date(call.now)


@router.get("/rules/packs", response_model=Page[schemas.Pack])
def list_packs(call: Anybody, after: After = None, limit: Limit = 50) -> Any:
    """The packs of rules and when each applies."""
    del call
    return page([pack.as_json() for pack in catalogue.packs()], after, limit, key="id")


@router.post("/rules/evaluate", response_model=schemas.Evaluation)
def evaluate(call: Anybody, said: schemas.Evaluating) -> Any:
    """Evaluate one case under the law of a day (today)."""
    return evaluation.evaluate(said.case, on=_on(call, said.on)).as_json()


@router.get("/deadlines/compute", response_model=schemas.Deadline)
def compute_deadline(
    call: Anybody,
    start: Annotated[Day, Query(alias="from")],
    days: Annotated[int, Query(ge=1, le=deadlines.MOST_DAYS)],
    unit: Literal["working", "calendar"] = "working",
    pause: Annotated[list[str] | None, Query(max_length=50, description="A..B, both days included.")] = None,
) -> Any:
    """The day on which a time limit ends, and how it was counted."""
    del call
    pauses = [deadlines.read_pause(text) for text in pause or []]
    return deadlines.compute(start, days, unit, pauses=pauses).as_json()


@router.get("/cash/compute", response_model=schemas.Cash)
def compute_cash(call: Anybody, award: AwardId, subject: NomineeKind, on: Annotated[Day | None, Query()] = None) -> Any:
    """The money that goes with an award decided on a day (today), with the source of each figure."""
    return cash.compute(award, subject, _on(call, on)).as_json()
