"""The signer's page: nominations in piles, one paper each; signed, sent back or refused, each with its result."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import transition
from operations.access import Actor
from operations.chairman_signature import signature, to_sign
from operations.chairman_signature.to_sign import Pile
from operations.public_disclosure import paper_numbers
from operations.transition import Result
from rules.lifecycle import STATE_NAMES, Role
from rules.policy import Permission
from rules.refusal import Refusal
from rules.vocabulary import Authority
from web import act_pages, pages, reauthentication
from web.forms import Form, SubmittedList
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Signer = Annotated[Visit, Depends(Permit(Permission.SIGN))]

_PAGE = 100
# The acts on a pile: button, words of the confirmation, need of a reason.
VERBS: Mapping[str, tuple[str, str, bool]] = {
    "sign": (words("Ký"), "Đã ký", False),
    "send_back": (words("Trả lại Phòng Nội vụ"), "Đã trả lại Phòng Nội vụ", True),
    "refuse": (words("Không khen thưởng"), "Đã quyết định không khen thưởng", True),
}


@router.get("/sign")
def index(visit: Signer) -> Response:
    """The piles that this visitor may sign today; a deputy's by which authorisation."""
    with visit.reading() as session:
        piles = to_sign.piles(session, visit.actor, now=visit.now)
        held = [] if visit.actor.holds(Role.CHAIRMAN) else to_sign.mandates(session, visit.actor, now=visit.now)
    return pages.render(
        visit,
        "signing/list.html",
        piles=piles,
        mandates=held,
        deputy=not visit.actor.holds(Role.CHAIRMAN),
        award_name=transition.award_name,
    )


@router.get("/sign/{round_code}/{role}/{paper}")
def show(visit: Signer, round_code: str, role: str, paper: str, after: str = "") -> Response:
    """One pile: its nominations, to be ticked, or the whole."""
    return _pile(visit, (round_code, role, paper), after=after, errors={})


def _pile(visit: Visit, key: tuple[str, str, str], *, after: str, errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        pile = to_sign.pile(session, visit.actor, *key, now=visit.now)
        rows, next_key = to_sign.rows(session, visit.actor, pile, now=visit.now, after=after or None, limit=_PAGE)
    return pages.render(
        visit,
        "signing/pile.html",
        status=422 if errors else 200,
        pile=pile,
        place="/".join(("/sign", *key)),
        rows=rows,
        next_key=next_key,
        after=after,
        verbs=_verbs(pile),
        errors=errors,
    )


def _verbs(pile: Pile) -> dict[str, tuple[str, str, bool]]:
    """A pile without a verified authority can only be sent back or refused."""
    return {verb: said for verb, said in VERBS.items() if verb != "sign" or pile.role != Authority.UNVERIFIED}


def _chosen(session: Session, visit: Visit, pile: Pile, said: list[str], whole: bool) -> dict[str, int]:
    """Code → version as the page showed it; of a whole pile as it is now."""
    now = to_sign.versions(session, visit.actor, pile)
    if whole:
        return now
    found = {}
    for one in said:
        code, _, version = one.partition(":")
        if code in now:
            found[code] = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
    return found


@router.get("/sign/{round_code}/{role}/{paper}/check")
def check(visit: Signer, round_code: str, role: str, paper: str) -> Response:
    """Check answers: what will be signed, sent back or refused, and by whom for whom."""
    query = visit.request.query_params
    verb, whole = query.get("verb", "sign"), "whole" in query
    key = (round_code, role, paper)
    with visit.reading() as session:
        pile = to_sign.pile(session, visit.actor, *key, now=visit.now)
        chosen = _chosen(session, visit, pile, query.getlist("code"), whole)
    if verb not in _verbs(pile):
        raise Refusal("unknown_act", "Không có việc này với văn bản đang chờ; hãy tải lại trang.")
    if not chosen:
        return _pile(
            visit, key, after=query.get("after", ""), errors={"items": words("Hãy đánh dấu ít nhất một hồ sơ.")}
        )
    return _check(visit, key, pile, verb, chosen, whole=whole, reason="", errors={})


def _check(
    visit: Visit,
    key: tuple[str, str, str],
    pile: Pile,
    verb: str,
    chosen: Mapping[str, int],
    *,
    whole: bool,
    reason: str,
    errors: dict[str, str],
) -> Response:
    with visit.reading() as session:
        standing = transition.snapshots(session, list(chosen)[: act_pages.MOST_LISTED])
    name, _, needs_reason = VERBS[verb]
    return pages.render(
        visit,
        "signing/check.html",
        status=422 if errors else 200,
        pile=pile,
        place="/".join(("/sign", *key)),
        verb=verb,
        name=name,
        needs_reason=needs_reason,
        chosen=chosen,
        standing=standing,
        award_name=transition.award_name,
        whole=whole,
        seal=transition.fingerprint(chosen),
        reason=reason,
        asks_password=reauthentication.asks(visit),
        errors=errors,
    )


@router.get("/sign/{round_code}/{role}/{paper}/preview.pdf")
def preview(visit: Signer, round_code: str, role: str, paper: str) -> Response:
    """The paper as it would be, unnumbered and marked as a draft; `code` limits it to some nominations."""
    from documents import papers

    codes = [one.partition(":")[0] for one in visit.request.query_params.getlist("code")]
    with visit.reading() as session:
        pile = to_sign.pile(session, visit.actor, round_code, role, paper, now=visit.now)
        facts = to_sign.draft(session, visit.actor, pile, codes or None, now=visit.now)
    kind = papers.SubmissionLetterPaper if role == Authority.PROPOSE else papers.DecisionPaper
    return pages.pdf(papers.render(kind.model_validate(facts)), f"du-thao-{pile.round}-{pile.paper}.pdf")


@router.post("/sign/{round_code}/{role}/{paper}")
def act(visit: Signer, round_code: str, role: str, paper: str, form: SubmittedList) -> Response:
    """Sign, send back or refuse what was checked, after the password. 303 to the piles with a result for each."""
    key = (round_code, role, paper)
    verb, whole, seal = form.text("verb"), form.text("whole") == "1", form.text("seal")
    if verb not in VERBS:
        raise Refusal("unknown_act", "Không có việc này với văn bản đang chờ; hãy tải lại trang.")
    if pages.sent_before(visit, form):
        return pages.done("/sign", form.once)
    with visit.reading() as session:
        pile = to_sign.pile(session, visit.actor, *key, now=visit.now)
        chosen = _chosen(session, visit, pile, form.texts("code"), whole)
    if not chosen or verb not in _verbs(pile):
        raise Refusal("unknown_pile", "Các hồ sơ này không còn chờ bạn ký. Hãy mở lại trang trình ký.")
    reason = _reason(form, verb)
    reauthentication.check(visit, form)
    if form.errors:
        return _check(visit, key, pile, verb, chosen, whole=whole, reason=reason, errors=form.errors)
    reaching: list[Refusal] = []

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        now = to_sign.pile(session, actor, *key, now=visit.now)
        versions = to_sign.versions(session, actor, now) if whole else dict(chosen)
        if whole:
            transition.require_unchanged(versions, seal)
        results, papers = _perform(session, verb, versions, reason=reason, actor=actor, visit=visit)
        reaching.extend(one.refusal for one in results if one.refusal is not None and one.refusal.reach)
        if len(results) == 1:
            transition.only_result(results)
        return _confirmation(verb, results, papers, pile)

    visit.act(f"decisions.{verb}", ",".join(list(chosen)[:5]), change, once=form.once)
    for reach in reaching:
        visit.note(f"decisions.{verb}", round_code, reach)
    return pages.done("/sign", form.once)


def _reason(form: Form, verb: str) -> str:
    needed = words("Hãy ghi lý do: lý do được gửi cho người nhận hồ sơ.") if VERBS[verb][2] else ""
    return form.text("reason", required=needed, longest=transition.LONGEST_REASON)


def _perform(
    session: Session, verb: str, versions: dict[str, int], *, reason: str, actor: Actor, visit: Visit
) -> tuple[list[Result], list[str]]:
    codes = list(versions)
    if verb == "sign":
        signed = signature.sign(session, codes, actor=actor, now=visit.now, versions=versions)
        papers = [paper_numbers.paper(session, code) for code in (*signed.decisions, *signed.letters)]
        return list(signed.results), [paper_numbers.dated(row.symbol, row.signed_on) for row in papers]
    operation = signature.send_back if verb == "send_back" else signature.refuse
    return operation(session, codes, reason=reason, actor=actor, now=visit.now, versions=versions), []


def _confirmation(verb: str, results: list[Result], papers: list[str], pile: Pile) -> dict[str, Any]:
    did = VERBS[verb][1]
    listed, refused = act_pages.listed(results)
    count = len(results) - refused
    details = [f"Văn bản: {', '.join(papers)}."] if papers else []
    if pile.mandate:
        details.append(f"Ký thay {pile.mandate.principal} theo văn bản ủy quyền {pile.mandate.document_number}.")
    details += act_pages.unlisted(results)
    return {
        "message": f"{did} {count} trong {len(results)} hồ sơ" if refused else f"{did} {count} hồ sơ",
        "details": " ".join(details),
        "refused": refused,
        "results": [
            {
                "code": one.code,
                "said": one.refusal.message if one.refusal else STATE_NAMES[one.state] if one.state else did,
            }
            for one in listed
        ],
    }
