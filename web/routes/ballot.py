"""The ballot of a council session: opened, cast, closed, counted, annulled, checked by whoever wants to.

Nobody is shown a number before the tally, and nobody the number of a nomination from which they stand aside. A member's
choices travel in form bodies only and are kept nowhere; the receipt stays in the member's own browser, since a copy on
the server would link a person to an envelope.
"""

import base64
import collections
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from models.database import Session
from operations import transition
from operations.access import Actor
from operations.chairman_signature import paper_facts
from operations.council_vote import (
    ballot_box,
    counting,
    sessions,
    share_files,
    vote,
    waiting_shares,
)
from operations.views import agenda
from operations.views.agenda import Sitting
from rules import vocabulary
from rules.policy import Permission
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import BallotKind, Choice, Outcome, SessionState
from web import cookies, pages, reauthentication
from web.council_pages import KINDS, PAGE, STATES, fingerprint_of, sitting_of
from web.forms import Form, Submitted, SubmittedFiles, SubmittedList, SubmittedLong
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Opener = Annotated[Visit, Depends(Permit(Permission.OPEN_BALLOT))]
Holder = Annotated[Visit, Depends(Permit(Permission.TAKE_SHARE))]
Voter = Annotated[Visit, Depends(Permit(Permission.CAST))]
Roller = Annotated[Visit, Depends(Permit(Permission.SIGN_ROLL))]
Counter = Annotated[Visit, Depends(Permit(Permission.COUNT_BY_HAND))]
Closer = Annotated[Visit, Depends(Permit(Permission.CLOSE_BALLOT))]
Teller = Annotated[Visit, Depends(Permit(Permission.TALLY))]
Annuller = Annotated[Visit, Depends(Permit(Permission.ANNUL_BALLOT))]
Result = Annotated[Visit, Depends(Permit(Permission.SEE_RESULT))]
Verifier = Annotated[Visit, Depends(Permit(Permission.VERIFY_BALLOT))]

CHOICES = vocabulary.names(Choice)


# Opening ----------------------------------------------------------------------------------------------------------


@router.get("/council/{code}/open")
def opening(visit: Opener, code: str) -> Response:
    """A preview of opening the ballot now, with warnings about secrecy. Refused when it cannot be opened."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.OPEN_BALLOT)
        plan = vote.prospect(session, code, actor=visit.actor)
    names = {member.username: member.name for member in sitting.members}
    return pages.render(
        visit,
        "ballot/open.html",
        session=sitting.row,
        round=sitting.round,
        plan=plan,
        warnings=[*sessions.early(sitting.row, visit.now), *plan.warnings],
        kinds=KINDS,
        tellers=[names[username] for username in plan.tellers],
        present=sum(member.attended for member in sitting.members),
        members=len(sitting.members),
    )


@router.post("/council/{code}/open")
def open_ballot(visit: Opener, code: str, form: Submitted) -> Response:
    """Open it. A secret ballot's shares wait for its tellers: whoever opens sees none."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        sitting_of(session, visit, code, Permission.OPEN_BALLOT)
        plan = vote.prospect(session, code, actor=actor)
        public_key, shares = plan.new_key() if plan.kind == BallotKind.SECRET else (None, {})
        opened = vote.open_ballot(
            session, code, public_key=public_key, shares_needed=plan.needed or None, actor=actor, now=visit.now
        )
        waits = ""
        if shares:
            waiting_shares.keep(session, visit.installation.folder, code, shares, by=actor.username)
            waits = " Từng người kiểm phiếu tự nhận mảnh khóa của mình ở trang phiên họp."
        left = f" Còn {len(opened['left'])} hồ sơ để phiên sau." if opened["left"] else ""
        return {
            "message": f"Đã mở phiếu phiên {code}: {len(opened['agenda'])} hồ sơ",
            "details": f"Danh sách, Quy chế và chương trình đã chốt; dấu {opened['frozen']}.{left}{waits}",
        }

    visit.act("ballot.open", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


@router.get("/council/{code}/share")
def share(visit: Holder, code: str) -> Response:
    """Does the visitor's own share wait?"""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.TAKE_SHARE)
        taken = waiting_shares.taken(session, sitting.row)
    mine = visit.actor.username
    return pages.render(
        visit, "ballot/share.html", session=sitting.row, waits=mine in taken, taken=taken.get(mine), text="", errors={}
    )


@router.post("/council/{code}/share")
def take_share(visit: Holder, code: str, form: Submitted) -> Response:
    """The visitor's own share, after the password: in this one answer, then nowhere."""
    folder = visit.installation.folder

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        sitting_of(session, visit, code, Permission.TAKE_SHARE)
        return {"text": waiting_shares.take(session, folder, code, actor=actor, now=visit.now)}

    # No answer of the form is kept (no `once`): it would be the share.
    text: str = visit.act("ballot.share", code, change)["text"]
    waiting_shares.forget(folder, code, visit.actor.username)
    del form
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.TAKE_SHARE)
    return pages.render(
        visit,
        "ballot/share.html",
        session=sitting.row,
        waits=True,
        taken=visit.now,
        text=text,
        file=f"{code}.{visit.actor.username}.share",
        data="data:text/plain;charset=utf-8;base64," + base64.b64encode(text.encode()).decode(),
        key=fingerprint_of(sitting),
        needed=sitting.ballot.shares_needed if sitting.ballot else 0,
        errors={},
    )


# Voting -----------------------------------------------------------------------------------------------------------


def _slip(session: Session, visit: Visit, code: str) -> tuple[Sitting, vote.Slip]:
    sitting = sitting_of(session, visit, code, Permission.CAST)
    return sitting, vote.slip(session, code, actor=visit.actor)


@router.get("/council/{code}/ballot")
def ballot(visit: Voter, code: str) -> Response:
    """An empty ballot of the whole agenda."""
    with visit.reading() as session:
        try:
            sitting, slip = _slip(session, visit, code)
        except Refusal as refusal:
            if refusal.code == "already_voted" and _receipt(visit, code):
                return RedirectResponse(f"/council/{code}/receipt", status_code=303)
            raise
        return _ballot(
            session, visit, sitting, slip, _Filled({}, "", {}, agenda.awards(session, sitting)), page=1, errors={}
        )


@dataclass(frozen=True, slots=True)
class _Filled:
    """A ballot as far as it is filled in: one by one, for what is left blank, and for the blank ones of an award."""

    chosen: Mapping[str, str]
    default: str
    by_award: Mapping[str, str]
    awards: Mapping[str, str]  # of every nomination on the agenda

    def if_blank(self, code: str) -> str:
        """The default for nominations without a choice of their own; "" if none was given."""
        return self.by_award.get(self.awards[code]) or self.default

    def choice(self, code: str) -> str:
        return self.chosen.get(code) or self.if_blank(code)


def _ballot(
    session: Session,
    visit: Visit,
    sitting: Sitting,
    slip: vote.Slip,
    filled: _Filled,
    *,
    page: int,
    errors: dict[str, str],
) -> Response:
    """One page of the ballot; choices made on other pages travel along as hidden fields."""
    last = max(1, -(-len(slip.agenda) // PAGE))
    page = min(max(page, 1), last)
    codes = slip.agenda[(page - 1) * PAGE : page * PAGE]
    items, _ = agenda.items(session, sitting, codes=codes, limit=PAGE)
    chosen = filled.chosen
    return pages.render(
        visit,
        "ballot/ballot.html",
        status=422 if errors else 200,
        session=sitting.row,
        kind=slip.kind,
        kinds=KINDS,
        choices=CHOICES,
        items=items,
        chosen=chosen,
        elsewhere={code: choice for code, choice in chosen.items() if code not in codes},
        default=filled.default,
        by_award=filled.by_award,
        awards=_counted_by_award(slip, filled),
        page=page,
        last=last,
        total=len(slip.agenda),
        aside=len(slip.aside),
        errors=errors,
    )


def _counted_by_award(slip: vote.Slip, filled: _Filled) -> list[tuple[str, str, int]]:
    """(award, its name, how many of it this member votes on), where the ballot has more than one."""
    counted = collections.Counter(filled.awards[code] for code in slip.agenda if code not in slip.aside)
    if len(counted) < 2:
        return []
    return [(award, transition.award_name(award), count) for award, count in sorted(counted.items())]


def _filled(form: Form, slip: vote.Slip, awards: Mapping[str, str]) -> _Filled:
    """The choices, nomination by nomination, and the defaults for blank ones; other fields are left out."""
    chosen = {}
    for code in slip.agenda:
        choice = form.text(f"choice.{code}")
        if choice in CHOICES and code not in slip.aside:
            chosen[code] = choice
    default = form.text("default")
    said = {award: form.text(f"default.{award}") for award in sorted(set(awards.values()))}
    by_award = {award: choice for award, choice in said.items() if choice in CHOICES}
    return _Filled(chosen, default if default in CHOICES else "", by_award, awards)


@router.post("/council/{code}/ballot")
def fill_in(visit: Voter, code: str, form: SubmittedList) -> Response:
    """Another page of the ballot, or check answers. Nothing is kept."""
    to = form.text("to")
    with visit.reading() as session:
        sitting, slip = _slip(session, visit, code)
        filled = _filled(form, slip, agenda.awards(session, sitting))
        page = int(to[5:]) if to.startswith("page-") and to[5:].isascii() and to[5:].isdecimal() and len(to) < 12 else 1
        if to != "check":
            return _ballot(session, visit, sitting, slip, filled, page=page, errors={})
        return _check(session, visit, sitting, slip, filled, form)


def _check(
    session: Session,
    visit: Visit,
    sitting: Sitting,
    slip: vote.Slip,
    filled: _Filled,
    form: Form,
    *,
    status: int = 200,
) -> Response:
    mine = [code for code in slip.agenda if code not in slip.aside]
    unsaid = [code for code in mine if not filled.choice(code)]
    if unsaid:
        page = slip.agenda.index(unsaid[0]) // PAGE + 1
        said = f"Còn {len(unsaid)} hồ sơ chưa chọn, bắt đầu từ {unsaid[0]}. Hãy chọn từng hồ sơ, hoặc chọn chung cho các hồ sơ để trống."
        return _ballot(session, visit, sitting, slip, filled, page=page, errors={f"choice.{unsaid[0]}": said})
    apart = [code for code, choice in filled.chosen.items() if choice != filled.if_blank(code)]
    items, _ = agenda.items(session, sitting, codes=apart[:PAGE], limit=PAGE)
    counted = collections.Counter(filled.choice(code) for code in mine)
    blank = [code for code in mine if code not in filled.chosen]
    of_award = collections.Counter(filled.awards[code] for code in blank)
    return pages.render(
        visit,
        "ballot/check.html",
        status=status,
        session=sitting.row,
        kind=slip.kind,
        choices=CHOICES,
        counted={choice: counted[choice] for choice in CHOICES},
        items=items,
        more=len(apart) - len(items),
        chosen=filled.chosen,
        default=filled.default,
        by_award=filled.by_award,
        for_award=[
            (transition.award_name(award), choice, of_award[award])
            for award, choice in filled.by_award.items()
            if of_award[award]
        ],
        blank=sum(filled.awards[code] not in filled.by_award for code in blank),
        aside=len(slip.aside),
        asks_password=reauthentication.asks(visit),
        errors=form.errors,
    )


@router.post("/council/{code}/ballot/cast")
def cast(visit: Voter, code: str, form: SubmittedList) -> Response:
    """Seal the ballot and put it into the box, after the password. 303 to the receipt, which only this browser keeps."""
    try:
        with visit.reading() as session:
            sitting, slip = _slip(session, visit, code)
            filled = _filled(form, slip, agenda.awards(session, sitting))
            choices = {one: filled.choice(one) for one in slip.agenda if one not in slip.aside}
            if not all(choices.values()):
                return _check(session, visit, sitting, slip, filled, form)
        reauthentication.check(visit, form)
        if form.errors:
            with visit.reading() as session:
                return _check(session, visit, sitting, slip, filled, form, status=422)
        # No receipt of the form is kept (no `once`): it would name a person and an envelope in one row.
        answer = visit.act(
            "ballot.cast",
            code,
            lambda session, actor: vote.cast(session, code, choices=choices, actor=actor),
        )
    except Refusal as refusal:
        if refusal.code == "already_voted" and _receipt(visit, code):
            return RedirectResponse(f"/council/{code}/receipt", status_code=303)
        raise
    response = RedirectResponse(f"/council/{code}/receipt", status_code=303)
    # With the mark of the key that sealed it, as this program knew it then: to be compared with the minutes.
    written = f"{answer['receipt']}.{(answer['key'] or '').encode().hex()}"
    cookies.keep(
        response, visit.request, f"{cookies.RECEIPT}{code}", f"{written}.{_receipt_seal(visit, code, written)}"
    )
    return response


def _receipt_seal(visit: Visit, code: str, written: str) -> str:
    """Ties the cookie to this sign-in: after it, or for somebody else at the same machine, it shows nothing."""
    said = f"vinhdanh/receipt/1/{code}/{written}"
    return hmac.new((visit.token or "").encode(), said.encode(), hashlib.sha256).hexdigest()


def _receipt(visit: Visit, code: str) -> tuple[str, str] | None:
    """The receipt that this browser keeps from this sign-in, and the mark of the key that sealed the ballot."""
    written, _, seal = cookies.kept(visit.request, f"{cookies.RECEIPT}{code}").rpartition(".")
    if not written or not hmac.compare_digest(seal.encode(), _receipt_seal(visit, code, written).encode()):
        return None
    receipt, _, mark = written.partition(".")
    return receipt, bytes.fromhex(mark).decode()


@router.get("/council/{code}/receipt")
def receipt(visit: Voter, code: str) -> Response:
    """The member's receipt, to be printed or written down."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.CAST)
        signed = visit.actor.username in ballot_box.voted(session, sitting.row)
    written, mark = _receipt(visit, code) or (None, "")
    return pages.render(
        visit, "ballot/receipt.html", session=sitting.row, receipt=written, fingerprint=mark, signed=signed
    )


# Paper: who took a slip, what each teller counted -----------------------------------------------------------------


@router.post("/council/{code}/roll")
def sign_roll(visit: Roller, code: str, form: SubmittedLong) -> Response:
    """Enter who took a paper slip and signed the list for it."""
    ticked = form.texts("member")

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        sitting_of(session, visit, code, Permission.SIGN_ROLL)
        if not ticked:
            raise Refusal("nothing_chosen", "Chưa đánh dấu thành viên nào. Hãy đánh dấu người đã nhận phiếu và ký.")
        signed = vote.sign_roll(session, code, ticked, actor=actor)
        return {"message": f"Đã có {signed} thành viên nhận phiếu và ký danh sách"}

    visit.act("ballot.sign_roll", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


@router.get("/council/{code}/count")
def count_form(visit: Counter, code: str) -> Response:
    """One teller's count of the paper slips."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.COUNT_BY_HAND)
        return _count(session, visit, sitting, {}, {})


def _count(
    session: Session, visit: Visit, sitting: Sitting, typed: Mapping[str, str], errors: dict[str, str]
) -> Response:
    if sitting.row.state != SessionState.CLOSED or sitting.ballot is None or sitting.ballot.kind != BallotKind.PAPER:
        raise Refusal(
            "not_paper" if sitting.ballot and sitting.ballot.kind != BallotKind.PAPER else "ballot_open",
            f"Phiên {sitting.code} không có phiếu giấy nào đang chờ đếm.",
            citation=ballot_box.COUNCIL,
        )
    items, _ = agenda.items(session, sitting, limit=10_000)
    return pages.render(
        visit,
        "ballot/count.html",
        status=422 if errors else 200,
        session=sitting.row,
        items=items,
        choices=CHOICES,
        typed=typed,
        errors=errors,
        roll=len(ballot_box.voted(session, sitting.row)),
    )


@router.post("/council/{code}/count")
def count(visit: Counter, code: str, form: SubmittedList) -> Response:
    """Each teller counts alone; the tally compares."""
    if pages.sent_before(visit, form):
        return pages.done(f"/council/{code}", form.once)
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.COUNT_BY_HAND)
        typed: dict[str, str] = {}
        counts: dict[str, list[int]] = {}
        for one in sessions.agenda_codes(session, sitting.row):
            said = [form.text(f"{choice}.{one}") for choice in CHOICES]
            typed |= {f"{choice}.{one}": text for choice, text in zip(CHOICES, said, strict=True)}
            for choice, text in zip(CHOICES, said, strict=True):
                if not (text.isascii() and text.isdecimal() and len(text) < 4):
                    form.errors[f"{choice}.{one}"] = f"{one}: hãy ghi số phiếu (0, 1, 2…)."
            if not any(name.endswith(f".{one}") for name in form.errors):
                counts[one] = [int(text) for text in said]
        if form.errors:
            return _count(session, visit, sitting, typed, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        entered = counting.enter_count(session, code, counts=counts, actor=actor, now=visit.now)
        return {"message": f"Đã nhập bản đếm của bạn; đã có {entered} bản đếm"}

    visit.act("ballot.count", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


# Closing, counting, annulling -------------------------------------------------------------------------------------


@router.post("/council/{code}/close")
def close(visit: Closer, code: str, form: Submitted) -> Response:
    """Stop the voting; the receipts are published."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        sitting_of(session, visit, code, Permission.CLOSE_BALLOT)
        closed = vote.close_ballot(session, code, actor=actor, now=visit.now)
        return {
            "message": f"Đã đóng phiếu phiên {code}",
            "details": f"{closed['roll']} người đã bỏ phiếu, trong hòm có {closed['envelopes']} phiếu.",
        }

    visit.act("ballot.close", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


@router.get("/council/{code}/tally")
def counting_form(visit: Teller, code: str) -> Response:
    """The page on which the tellers enter their shares, at one screen."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.TALLY)
    return _tally(visit, sitting, [], {})


def _tally(visit: Visit, sitting: Sitting, shares: Sequence[str], errors: dict[str, str]) -> Response:
    if sitting.row.state != SessionState.CLOSED or sitting.ballot is None:
        raise Refusal(
            "already_tallied" if sitting.row.state == SessionState.TALLIED else "ballot_open",
            f"Phiên {sitting.code} đang ở trạng thái «{STATES[sitting.row.state]}» nên không kiểm phiếu được.",
            citation=ballot_box.COUNCIL,
        )
    needed = sitting.ballot.shares_needed or 0
    return pages.render(
        visit,
        "ballot/tally.html",
        status=422 if errors else 200,
        session=sitting.row,
        ballot=sitting.ballot,
        kinds=KINDS,
        needed=needed,
        fingerprint=fingerprint_of(sitting),
        shares=[*shares, *[""] * (needed - len(shares))][: max(needed, len(shares))],
        errors=errors,
    )


@router.post("/council/{code}/tally")
def tally(visit: Teller, code: str, form: SubmittedFiles) -> Response:
    """Open the box and count. A share is used here and kept nowhere."""
    if pages.sent_before(visit, form):
        return pages.done(f"/council/{code}", form.once)
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.TALLY)
    texts = _shares(form, (sitting.ballot.shares_needed or 0) if sitting.ballot else 0)
    reauthentication.check(visit, form)  # here: a file that was chosen does not travel along to a page that asks
    if form.errors:
        return _tally(visit, sitting, texts, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        sitting_of(session, visit, code, Permission.TALLY)
        shares = share_files.parse([text for text in texts if text], code)
        counted = counting.tally_ballot(session, code, shares=shares, actor=actor, now=visit.now)["results"]
        for_it = sum(row["outcome"] == Outcome.RECOMMENDED for row in counted)
        return {
            "message": f"Đã kiểm phiếu phiên {code}",
            "details": f"{for_it} hồ sơ được đề nghị khen thưởng, {len(counted) - for_it} hồ sơ không được đề nghị. "
            "Người kiểm phiếu hãy xóa mảnh khóa của mình: không còn cần đến nữa.",
        }

    visit.act("ballot.tally", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


def _shares(form: Form, needed: int) -> list[str]:
    """A share a teller, pasted or as a file."""
    found = []
    for number in range(1, needed + 1):
        file = form.file(f"file-{number}")
        text = file.file.read(40_000).decode("utf-8-sig", errors="replace") if file else form.text(f"share-{number}")
        if not text:
            form.errors[f"share-{number}"] = f"Mảnh khóa thứ {number}: hãy dán nội dung hoặc chọn tệp."
        found.append(text)
    return found


@router.get("/council/{code}/annul")
def annulment(visit: Annuller, code: str) -> Response:
    """The consequences of annulling a ballot."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.ANNUL_BALLOT)
    return _annul(visit, sitting, "", {})


def _annul(visit: Visit, sitting: Sitting, reason: str, errors: dict[str, str]) -> Response:
    if sitting.row.state not in {SessionState.OPEN, SessionState.CLOSED}:
        raise Refusal(
            "ballot_not_open",
            f"Phiên {sitting.code} không có cuộc bỏ phiếu nào đang mở hoặc chờ kiểm; không có gì để hủy.",
            citation=ballot_box.COUNCIL,
        )
    return pages.render(
        visit, "ballot/annul.html", status=422 if errors else 200, session=sitting.row, reason=reason, errors=errors
    )


@router.post("/council/{code}/annul")
def annul(visit: Annuller, code: str, form: Submitted) -> Response:
    """Give up a ballot that is not counted; its nominations wait for the council again."""
    reason = form.text("reason", required=words("Hãy ghi lý do hủy cuộc bỏ phiếu."), longest=transition.LONGEST_REASON)
    if form.errors:
        with visit.reading() as session:
            sitting = sitting_of(session, visit, code, Permission.ANNUL_BALLOT)
        return _annul(visit, sitting, reason, form.errors)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        waiting = vote.annul_ballot(session, code, reason=reason, actor=actor, now=visit.now)["waiting"]
        return {
            "message": f"Đã hủy cuộc bỏ phiếu của phiên {code}",
            "details": f"{len(waiting)} hồ sơ chờ Hội đồng bỏ phiếu lại.",
        }

    visit.act("ballot.annul", code, change, once=form.once)
    return pages.done(f"/council/{code}", form.once)


# Published --------------------------------------------------------------------------------------------------------


@router.get("/council/{code}/batch.json")
def batch(visit: Result, code: str) -> Response:
    """The ballots as the tally published them; columns from which the visitor stands aside are withheld."""
    with visit.reading() as session:
        sitting = _counted(session, visit, code)
        rows, withheld = agenda.batch(session, sitting)
    answer: dict[str, Any] = {"session": code, "sha256": sitting.row.batch_sha256, "batch": rows}
    if withheld:
        answer["withheld"] = withheld
    return Response(
        json.dumps(answer, ensure_ascii=False),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{sitting.code}-batch.json"'},
    )


@router.get("/council/{code}/minutes.pdf")
def minutes(visit: Result, code: str) -> Response:
    """The minutes. They hold every number, so a member who stood aside from any item does not get them here."""
    from documents import papers

    with visit.reading() as session:
        sitting = _counted(session, visit, code)
        agenda.require_whole(session, sitting)
        facts = paper_facts.of_session(session, code)
    return pages.pdf(papers.render(papers.MinutesPaper.model_validate(facts)), f"bien-ban-{sitting.code}.pdf")


def _counted(session: Session, visit: Visit, code: str) -> Sitting:
    sitting = sitting_of(session, visit, code, Permission.SEE_RESULT)
    if sitting.row.state != SessionState.TALLIED:
        raise Refusal("not_tallied", f"Phiên {code} chưa kiểm phiếu nên chưa có kết quả.", citation=ballot_box.COUNCIL)
    return sitting


@router.get("/council/{code}/verify")
def checking(visit: Verifier, code: str) -> Response:
    """Repeat the count; look a receipt up."""
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.VERIFY_BALLOT)
    return _checked(visit, sitting, {}, None, "", {})


def _checked(
    visit: Visit,
    sitting: Sitting,
    typed: Mapping[str, str],
    violations: Sequence[Mapping[str, str]] | None,
    foreign: str,
    errors: dict[str, str],
) -> Response:
    return pages.render(
        visit,
        "ballot/verify.html",
        status=422 if errors else 200,
        session=sitting.row,
        ballot=sitting.ballot,
        receipt=typed.get("receipt", ""),
        violations=violations,
        foreign=foreign,
        errors=errors,
    )


@router.post("/council/{code}/verify")
def verify(visit: Verifier, code: str, form: SubmittedFiles) -> Response:
    """Whether the published count matches ledger and regulation, and whether a receipt is in the box. Changes nothing."""
    written = form.text("receipt", longest=200)
    file = form.file("batch")
    given = None
    if file is not None:
        try:
            given = json.loads(file.file.read(20_000_000))
        except (ValueError, RecursionError):
            form.errors["batch"] = words("Tệp này không phải bảng phiếu (JSON) mà trang này cho tải về.")
    foreign, violations = "", None
    with visit.reading() as session:
        sitting = sitting_of(session, visit, code, Permission.VERIFY_BALLOT)
        if not form.errors:
            try:
                violations = agenda.violations(session, sitting, receipt=written or None, batch=given)
            except Unreadable as unreadable:
                form.errors["receipt" if unreadable.code == "bad_receipt" else "batch"] = unreadable.message
            except Refusal as refusal:
                if refusal.code != "foreign_receipt":
                    raise
                foreign = refusal.message
    return _checked(visit, sitting, {"receipt": written}, violations, foreign, form.errors)
