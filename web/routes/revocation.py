"""Revoking a decision, or the awards of some whom it names (Law 06/2022 Art. 93): ground and reason, checked with the password, then for good."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import rights, rounds, transition
from operations.access import Actor
from operations.public_disclosure import disclosure, paper_numbers
from rules.policy import Permission, Relation
from rules.refusal import Refusal
from rules.vocabulary import DecisionState
from web import act_pages, pages, reauthentication
from web.forms import Submitted
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Revoker = Annotated[Visit, Depends(Permit(Permission.REVOKE))]


def offered(session: Session, visit: Visit, award: str | None) -> bool:
    """May this visitor revoke a decision on that award today? For showing the way there; the operation decides again."""
    if visit.visitor is None or award is None:
        return False
    scope = rights.signs_for(session, visit.actor, now=visit.now)
    relation = frozenset({Relation.AUTHORISED}) if scope is None or award in scope else frozenset[Relation]()
    return visit.may(Permission.REVOKE, relation=relation)


@router.get("/decisions/{number}/revoke")
def form(visit: Revoker, number: str, nomination: str = "") -> Response:
    """What revoking needs: a ground, the reason, and whose award it is unless the whole decision's."""
    return _page(visit, number, {"ground": "", "reason": "", "nominations": nomination[:40]}, {}, checking=False)


def _page(visit: Visit, number: str, typed: Mapping[str, str], errors: dict[str, str], *, checking: bool) -> Response:
    with visit.reading() as session:
        decision, _ = disclosure.revocable(session, number, actor=visit.actor, now=visit.now)
        honoured = disclosure.honoured(session, decision)
        if checking:
            honoured, _ = disclosure.revocation_of(session, decision, typed["ground"], typed["nominations"].split())
        letters = len({row.unit_code for row in honoured})
    return pages.render(
        visit,
        "revocation/revoke.html",
        status=422 if errors else 200,
        decision=decision,
        count=len(honoured),
        named=honoured[: act_pages.MOST_LISTED],
        letters=letters,
        award_name=transition.award_name(decision.award),
        grounds=disclosure.REVOCATION_GROUNDS,
        whole=not typed["nominations"].split(),
        typed=typed,
        errors=errors,
        checking=checking,
        asks_password=reauthentication.asks(visit),
    )


@router.post("/decisions/{number}/revoke")
def revoke(visit: Revoker, number: str, form: Submitted) -> Response:
    """Each step: what was typed is checked, shown with the password to be typed, done. 303 with the confirmation."""
    step = form.text("step")
    with visit.reading() as session:
        decision = paper_numbers.decision(session, number)
        place = f"/rounds/{rounds.code_of(session, decision.round_id)}"
    code = decision.code
    if pages.sent_before(visit, form):
        return pages.done(place, form.once)
    typed = {name: form.text(name) for name in ("ground", "reason", "nominations")}
    if step == "change":
        return _page(visit, code, typed, {}, checking=False)
    if typed["ground"] not in disclosure.REVOCATION_GROUNDS:
        form.errors["ground"] = words("Hãy chọn căn cứ hủy bỏ.")
    form.text(
        "reason",
        required=words("Hãy ghi lý do: lý do được gửi cho đơn vị và còn trong sổ cái."),
        longest=transition.LONGEST_REASON,
    )
    try:
        with visit.reading() as session:
            if "ground" not in form.errors:
                disclosure.revocation_of(session, decision, typed["ground"], typed["nominations"].split())
    except Refusal as refusal:
        form.errors["nominations"] = refusal.message
    if form.errors:
        return _page(visit, code, typed, form.errors, checking=False)
    if step != "do":
        return _page(visit, code, typed, {}, checking=True)
    reauthentication.check(visit, form)
    if form.errors:
        return _page(visit, code, typed, form.errors, checking=True)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = disclosure.revoke(
            session, code, ground=typed["ground"], reason=typed["reason"], nominations=typed["nominations"].split(),
            actor=actor, now=visit.now,
        )  # fmt: skip
        named = paper_numbers.dated(row.symbol, row.signed_on)
        whole = row.state == DecisionState.REVOKED
        return {
            "message": f"Đã hủy bỏ quyết định {named}"
            if whole
            else f"Đã hủy bỏ khen thưởng của một số người trong quyết định {named}",
            "details": "Thư báo đã được xếp gửi tới các đơn vị.",
        }

    visit.act("decisions.revoke", code, change, once=form.once)
    return pages.done(place, form.once)
