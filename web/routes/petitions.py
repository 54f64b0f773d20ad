"""Petitions: anybody files one and follows it by its receipt; the office sees what is due and answers."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from models.database import Session
from operations import idempotency, transition
from operations.access import Actor
from operations.people import rate_limit
from operations.public_disclosure import petitions, public_register
from rules.policy import Permission
from rules.refusal import Refusal
from rules.vocabulary import PetitionState
from web import cookies, pages
from web.floods import Flood
from web.forms import Form, Submitted, SubmittedList, SubmittedLong, fresh_key
from web.language import words
from web.routes.public import address
from web.visit import Permit, Visit

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]
Office = Annotated[Visit, Depends(Permit(Permission.SEE_PETITIONS))]
Handler = Annotated[Visit, Depends(Permit(Permission.ANSWER_PETITION))]
_CODE = re.compile("DN-[0-9]{4}-[0-9]{1,9}")
_VERB = "petitions.file"
_LONGEST = 20_000
_RECEIVED, _COOKIE, _SHOWN_FOR = "/petitions/received", "vinhdanh_petition", 600  # seconds: time to print it
_OURS = re.compile(r"[A-Za-z0-9_-]{24,80}")  # what `fresh_key` makes, or longer
KIND_WORDS = {
    "feedback": words(
        "Phản ánh, kiến nghị: thông tin công khai sai, việc xét cần xem lại, đề nghị của tôi với cơ quan"
    ),
    "complaint": words("Khiếu nại: quyết định hoặc việc xét trái quy định, xâm phạm quyền, lợi ích của tôi"),
    "denunciation": words("Tố cáo: báo việc làm vi phạm pháp luật, gian dối trong khen thưởng"),
}


_TOO_MANY = (
    "Từ địa chỉ mạng này vừa gửi quá nhiều lần. Hãy thử lại {again}, hoặc gửi đơn trực tiếp hay qua bưu điện đến cơ quan; thời hạn "
    "giải quyết không khác nhau."
)
FILED = Flood(20, 3600, _TOO_MANY.format(again="sau một giờ"))
FILED_TODAY = Flood(60, 86_400, _TOO_MANY.format(again="ngày mai"))
ASKED = Flood(60, 3600, _TOO_MANY.format(again="sau một giờ"))  # guesses at receipts


# The sender ----------------------------------------------------------------------------------------------------------


@router.get("/petitions/new")
def new(visit: Public) -> Response:
    """The form, with the legal clocks of what it begins."""
    said = visit.request.query_params
    about = said.get("decision") or said.get("nomination") or ""
    return _form(visit, {"about": about[:80], "kind": "feedback", "text": "", "sender": ""})


def _form(visit: Visit, said: dict[str, str], errors: dict[str, str] | None = None) -> Response:
    return pages.render(
        visit,
        "petitions/new.html",
        status=422 if errors else 200,
        said=said,
        errors=errors or {},
        kinds=KIND_WORDS,
        longest=_LONGEST,
    )


@router.post("/petitions/new")
def file(visit: Public, form: Submitted) -> Response:
    """Take it once, however often the form is sent, and show the receipt."""
    said = {
        "kind": form.text("kind"),
        "about": form.text("about", longest=80),
        "text": form.text("text", required=words("Hãy viết nội dung phản ánh, kiến nghị."), longest=_LONGEST),
        "sender": form.text("sender", longest=300),
    }
    if said["kind"] not in KIND_WORDS:
        form.errors["kind"] = words("Hãy chọn loại đơn.")
    if form.text("website"):  # no person sees this field
        form.errors["website"] = words("Hãy để trống ô này.")
    about: dict[str, str] = {}
    if said["about"] and "about" not in form.errors:
        try:
            with visit.reading() as session:
                about = _about(session, said["about"])
        except Refusal as refusal:  # the number of several years: the sender says which
            form.errors["about"] = refusal.message
        if not about and "about" not in form.errors:
            form.errors["about"] = words(
                "Không có quyết định hay hồ sơ nào mang số hoặc mã này; để trống nếu không nhớ."
            )
    if form.errors:
        order = ("kind", "about", "text", "sender", "website")
        return _form(visit, said, {name: form.errors[name] for name in order if name in form.errors})
    # A program's own short key could be somebody else's too, and would show them this receipt.
    once = form.once if _OURS.fullmatch(form.once) else fresh_key()
    database = visit.installation.database
    with database.read() as session:
        known = idempotency.answer_to(session, key=once, actor=petitions.CITIZEN)
    if known is None:
        for limit in (FILED_TODAY, FILED):
            limit.take(rate_limit.place(address(visit.request)))
    with database.begin() as session:
        idempotency.once(
            session,
            key=once,
            verb=_VERB,
            actor=petitions.CITIZEN,
            now=visit.now,
            body="\0".join(said.values()),  # written anew after a step back: not the same petition
            act=lambda: _file(session, said, about, once, visit),
        )
    response = RedirectResponse(_RECEIVED, status_code=303)
    # Not in the address, which logs, histories and the next page's server see: whoever has the key has the receipt.
    cookies.keep(response, visit.request, _COOKIE, once, seconds=_SHOWN_FOR)
    return response


def _file(session: Session, said: dict[str, str], about: dict[str, str], once: str, visit: Visit) -> dict[str, Any]:
    received = petitions.file(
        session,
        text=said["text"],
        kind=said["kind"],
        sender=said["sender"] or None,
        receipt=petitions.receipt_from(once),
        now=visit.now,
        **about,
    )
    # Without the receipt: it is nowhere but with its sender.
    return {"code": received.code, "due_on": received.due_on.isoformat(), "kind": said["kind"]}


def _about(session: Session, said: str) -> dict[str, str]:
    """What is meant by a number or a code: {"decision": …} or {"nomination": …}; {} for neither.

    Only a published decision is one, and every code that reads like a nomination's is taken: the form tells nobody
    what is inside. Raises Refusal `ambiguous_number`.
    """
    code = said.upper()
    if _CODE.fullmatch(code):
        return {"nomination": code}
    try:
        return {"decision": public_register.disclosed_decision(session, said).code}
    except Refusal as refusal:
        if refusal.code == "ambiguous_number":
            raise
        return {}


@router.get(_RECEIVED)
def received(visit: Public) -> Response:
    """The receipt, for the browser that has just sent the form."""
    once = cookies.kept(visit.request, _COOKIE)[:80]
    with visit.reading() as session:
        known = idempotency.answer_to(session, key=once, actor=petitions.CITIZEN) if once else None
    if known is None:
        return RedirectResponse("/petitions/status", status_code=303)
    return pages.render(
        visit,
        "petitions/received.html",
        code=known["code"],
        due_on=known["due_on"],
        law=petitions.LAWS[known.get("kind", "feedback")],
        receipt=petitions.receipt_from(once),
    )


@router.get("/petitions/status")
def ask(visit: Public) -> Response:
    """The form by which a sender asks for the state of a petition."""
    return pages.render(visit, "petitions/status.html", errors={}, said="", found=None)


@router.post("/petitions/status")
def status(visit: Public, form: Submitted) -> Response:
    """How it stands, for whoever holds its receipt. By POST: a receipt belongs in no log and no history."""
    said = form.text("receipt", required=words("Hãy gõ mã biên nhận ghi trên giấy biên nhận."), longest=40)
    found = None
    if not form.errors:
        ASKED.take(rate_limit.place(address(visit.request)))
        try:
            with visit.reading() as session:
                found = petitions.by_receipt(session, said)
        except Refusal as refusal:
            form.errors["receipt"] = refusal.message
    code = 422 if form.errors else 200
    return pages.render(visit, "petitions/status.html", status=code, errors=form.errors, said=said, found=found)


# The office ----------------------------------------------------------------------------------------------------------


@router.get("/petitions")
def listing(visit: Office) -> Response:
    """The petitions: open ones first, the earliest due first."""
    return _listing(visit)


def _listing(visit: Visit, *, form: Form | None = None) -> Response:
    said = visit.request.query_params if form is None else form.data
    state = str(said.get("state")) if said.get("state") in petitions.STATES else ""
    round_code = str(said.get("round") or "")[:40]
    after = str(said.get("after") or "")[:80]
    with visit.reading() as session:
        rows, key = petitions.listing(
            session,
            actor=visit.actor,
            now=visit.now,
            state=state or None,
            round_code=round_code or None,
            after=after or None,
        )
    return pages.render(
        visit,
        "petitions/list.html",
        status=422 if form else 200,
        rows=rows,
        next_key=key,
        filters={"state": state, "round": round_code, "after": after},
        states=petitions.STATES,
        may_handle=visit.may(Permission.ANSWER_PETITION),
        ticked=form.texts("code") if form else [],
        said=form.text("reason") if form else "",
        errors=form.errors if form else {},
        longest=transition.LONGEST_REASON,
    )


@router.post("/petitions")
def put_aside(visit: Handler, form: SubmittedList) -> Response:
    """Put aside those that were ticked, or keep those and put aside every other unread one: one reason for all."""
    reason = form.text(
        "reason",
        required=words("Hãy ghi lý do không thụ lý; người gửi đọc được bằng mã biên nhận."),
        longest=transition.LONGEST_REASON,
    )
    ticked, rest = form.texts("code"), form.text("act") == "dismiss_rest"
    if not ticked and not rest:
        form.errors["items"] = words("Hãy đánh dấu ít nhất một đơn.")
    if form.errors:
        return _listing(visit, form=form)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        chosen = ticked
        if rest:
            unread = petitions.new_ones(session, actor=actor, round_code=form.text("round") or None)
            chosen = [code for code in unread if code not in set(ticked)]
        count = petitions.dismiss(session, chosen, reason=reason, actor=actor, now=visit.now)
        return {"message": f"Không thụ lý {count} đơn", "details": "Người gửi đọc được lý do bằng mã biên nhận của họ."}

    visit.act("petitions.dismiss", f"{len(ticked)}{' giữ lại' if rest else ''}", change, once=form.once)
    return pages.done("/petitions", form.once)


@router.get("/petitions/{code}")
def one(visit: Office, code: str) -> Response:
    """One petition whole, and its answer or the form for it."""
    return _one(visit, code)


def _one(visit: Visit, code: str, *, said: str = "", form: Form | None = None) -> Response:
    with visit.reading() as session:
        found = petitions.one(session, code, actor=visit.actor, now=visit.now)
    return pages.render(
        visit,
        "petitions/petition.html",
        status=422 if form else 200,
        petition=found,
        law=petitions.LAWS.get(found["kind"], ""),
        said=said,
        reason=form.text("reason") if form else "",
        errors=form.errors if form else {},
        may_answer=found["state"] in petitions.OPEN and visit.may(Permission.ANSWER_PETITION),
        may_take=found["state"] in {PetitionState.RECEIVED, PetitionState.DISMISSED}
        and visit.may(Permission.ANSWER_PETITION),
        taken_as={one: petitions.KINDS[one] for one in petitions.TAKEN_AS},
        longest=_LONGEST,
        longest_reason=transition.LONGEST_REASON,
    )


@router.post("/petitions/{code}/take")
def take_up(visit: Handler, code: str, form: Submitted) -> Response:
    """Take it up as what its reader finds it to be; what it is about waits for the answer."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        row = petitions.take_up(session, code, taken_as=form.text("taken_as"), actor=actor, now=visit.now)
        return {
            "message": f"Đã thụ lý đơn {row.code} là {petitions.KINDS[row.taken_as or 'complaint']}",
            "details": "Hồ sơ được nêu trong đơn chưa ký được cho đến khi đơn được trả lời."
            if row.nomination_id
            else f"Đơn chờ trả lời, hạn {row.due_on:%d/%m/%Y}; đơn không giữ lại hồ sơ nào.",
        }

    visit.act("petitions.take", code, change, once=form.once)
    return pages.done(f"/petitions/{code}", form.once)


@router.post("/petitions/{code}/dismiss")
def dismiss(visit: Handler, code: str, form: Submitted) -> Response:
    """Put it aside with a reason; it may be taken up later."""
    reason = form.text(
        "reason",
        required=words("Hãy ghi lý do không thụ lý; người gửi đọc được bằng mã biên nhận."),
        longest=transition.LONGEST_REASON,
    )
    if form.errors:
        return _one(visit, code, form=form)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        petitions.dismiss(session, [code], reason=reason, actor=actor, now=visit.now)
        return {"message": f"Không thụ lý đơn {code}", "details": "Người gửi đọc được lý do bằng mã biên nhận của họ."}

    visit.act("petitions.dismiss", code, change, once=form.once)
    return pages.done(f"/petitions/{code}", form.once)


@router.post("/petitions/{code}/answer")
def answer(visit: Handler, code: str, form: SubmittedLong) -> Response:
    """Answer it; whoever holds the receipt reads the answer."""
    text = form.text("answer", required=words("Hãy viết nội dung trả lời."), longest=_LONGEST)
    if form.errors:
        return _one(visit, code, said=text, form=form)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        petitions.one(session, code, actor=actor, now=visit.now)  # not what this person stands aside from
        row = petitions.answer(session, code, answer=text, actor=actor, now=visit.now)
        return {
            "message": f"Đã trả lời đơn {row.code}",
            "details": "Người gửi đọc được nội dung trả lời bằng mã biên nhận của họ.",
        }

    visit.act("petitions.answer", code, change, once=form.once)
    return pages.done(f"/petitions/{code}", form.once)
