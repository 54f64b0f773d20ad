"""Pages for acts on one or many nominations: request, check, result for each nomination.

GOV.UK's "check answers" and "complete multiple tasks": the first POST names the act and the nominations as their
reader saw them (`code` = `DN-2024-000001:3`, code and version), the second what the act asks for, the third does it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi.responses import Response

from models.database import Session
from operations import transition, visibility
from operations.access import Actor
from operations.home_affairs_review import review
from operations.home_affairs_review.moves import MOVES, Move
from operations.transition import Result
from operations.unit_proposal import proposal
from operations.views import timeline
from rules import catalogue, lifecycle, policy
from rules.lifecycle import Action, State
from rules.policy import Relation
from rules.refusal import Citation, Refusal
from rules.vocabulary import FindingVerdict
from web import language, pages
from web.forms import Form
from web.language import words
from web.visit import Visit


@dataclass(frozen=True, slots=True)
class Deed:
    """One move: how its page and its confirmation call it."""

    action: Action
    name: str
    did: str
    tells: str  # what happens then
    grave: bool = False
    first: bool = False  # what moves the nomination on: the one act that stands out among the others

    @property
    def move(self) -> Move:
        """The act's effect and its input."""
        return MOVES[self.action]

    @property
    def weight(self) -> str:
        """The class of its button: what is grave is never the most inviting one of a row."""
        return "grave" if self.grave else "" if self.first else "second"


DEEDS: dict[str, Deed] = {
    deed.action.value: deed
    for deed in (
        Deed(
            Action.SUBMIT,
            words("Nộp cho Phòng Nội vụ"),
            "Đã nộp",
            words("Hồ sơ được chuyển đến Phòng Nội vụ thẩm định; đơn vị không sửa được nữa trừ khi được trả lại."),
            first=True,
        ),
        Deed(
            Action.PASS,
            words("Kết luận đủ điều kiện"),
            "Đã kết luận đủ điều kiện",
            words("Hồ sơ được chuyển đến Hội đồng, hoặc trình ký nếu theo thủ tục đơn giản."),
            first=True,
        ),
        Deed(
            Action.RETURN,
            words("Trả lại để bổ sung"),
            "Đã trả lại",
            words("Đơn vị nhận thư nêu lý do và điều khoản, sửa rồi nộp lại."),
        ),
        Deed(
            Action.FIND_INELIGIBLE,
            words("Kết luận không đủ điều kiện"),
            "Đã kết luận không đủ điều kiện",
            words("Hồ sơ kết thúc. Đơn vị nhận thư nêu lý do và cách khiếu nại."),
            grave=True,
        ),
        Deed(
            Action.PAUSE,
            words("Tạm dừng"),
            "Đã tạm dừng",
            words("Thời hạn ngừng tính cho đến khi có kết luận. Đơn vị được báo là hồ sơ tạm dừng."),
        ),
        Deed(
            Action.RESUME,
            words("Xem xét tiếp"),
            "Đã xem xét tiếp",
            words("Hồ sơ trở lại khâu thẩm định và được đánh giá lại."),
            first=True,
        ),
        Deed(
            Action.DECLINE,
            words("Ghi nhận xin không nhận"),
            "Đã ghi nhận xin không nhận",
            words(
                "Người được đề nghị không nhận khen thưởng: hồ sơ kết thúc, đơn vị và người đó được báo bằng thư. Quyết định đã "
                "ký vẫn có hiệu lực với những người khác."
            ),
            grave=True,
        ),
        Deed(
            Action.WITHDRAW,
            words("Rút hồ sơ"),
            "Đã rút",
            words("Hồ sơ kết thúc trong đợt này; muốn đề nghị lại phải lập hồ sơ mới."),
            grave=True,
        ),
    )
}
MOST_LISTED = 200  # nominations that a check page names, and lines of a confirmation; what was refused comes first
_UNSETTLED = "unknown"  # the verdict of which only a person's reason makes a pass


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole list, also what its page did not show: the filter as hidden fields, and the list as it is by then."""

    fields: dict[str, str]
    versions: Callable[[Session, Actor], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One nomination of an act, as its page names it."""

    code: str
    version: int
    name: str
    award: str
    unit: str
    state: str
    verdict: str | None
    late: bool = False  # handed in now, it comes after the deadline


def chosen(form: Form) -> dict[str, int]:
    """Code → version as the page showed it; a version that cannot be read fits no nomination."""
    found: dict[str, int] = {}
    for said in form.texts("code"):
        code, _, version = said.partition(":")
        found[code[:40]] = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
    return found


def shown(session: Session, wanted: dict[str, int], *, actor: Actor, now: datetime) -> list[Shown]:
    """What the page says of each. Raises what `visibility.require` raises for one that this actor may not read."""
    snapshots = transition.snapshots(session, list(wanted))
    readable = visibility.readable(session, list(wanted), actor=actor)
    appraisals = review.latest(session, list(wanted))
    late = proposal.late(session, snapshots.values(), now=now)
    found: list[Shown] = []
    for code, version in wanted.items():
        if code not in readable:
            visibility.require(session, code, actor=actor)
        row = snapshots[code]
        award = transition.award_name(row.award)
        said = appraisals.get(code)
        verdict = said.verdict if said is not None and said.nomination_version == row.version else None
        found.append(Shown(code, version, row.nominee, award, row.unit_name, row.state.value, verdict, code in late))
    return found


def offered(actor: Actor, relation: frozenset[Relation], state: State) -> list[Deed]:
    """The acts open to somebody with this relation to a nomination now: the buttons of its page."""
    return [deed for deed in DEEDS.values() if policy.may(actor.roles, deed.move.act, relation=relation, state=state)]


def ask(visit: Visit, deed: Deed, code: str) -> Response:
    """The act's own page for one nomination. Raises what forbids it now."""
    with visit.reading() as session:
        standing = transition.require(session, code, deed.action, actor=visit.actor, now=visit.now)
        wanted = {code: standing.version}
        rows = shown(session, wanted, actor=visit.actor, now=visit.now)
        typed = _suggested(session, deed, code)
    page = _Page(visit, deed, rows, place_of(deed, code), wanted, None, transition.fingerprint(wanted))
    return page.show(typed=typed, checking=not _asks(deed, rows))


def place_of(deed: Deed, code: str) -> tuple[str, str]:
    """The address of the act's form for one nomination, and of its confirmation."""
    return f"/nominations/{code}/{deed.move.word}", f"/nominations/{code}"


def _suggested(session: Session, deed: Deed, code: str) -> dict[str, str]:
    """The failed findings as a first draft of the reason, which the reviewer edits."""
    appraisal = review.latest(session, [code]).get(code) if deed.move.cites else None
    if appraisal is None:
        return {}
    amiss = [one for one in json.loads(appraisal.findings) if one["verdict"] != FindingVerdict.MET]
    if not amiss:
        return {}
    return {"reason": " ".join(one["message"] for one in amiss)[:2000], "citation": _as_typed(amiss[0]["citation"])}


def _as_typed(said: dict[str, str | None]) -> str:
    place = ".".join(said[key] or "" for key in ("article", "clause", "point") if said[key])
    return (
        place
        if said["document"] == lifecycle.LAW
        else f"{said['document']}#{place}"
        if place
        else f"{said['document']}"
    )


def _asks(deed: Deed, rows: Sequence[Shown]) -> bool:
    """Is there anything to fill in?"""
    if deed.move.reason == "optional":
        return len(rows) == 1 and rows[0].verdict in {None, _UNSETTLED}
    if deed.move.reason == "late":
        return any(row.late for row in rows)
    return deed.move.reason != "none"


def handle(
    visit: Visit,
    deed: Deed,
    form: Form,
    wanted: dict[str, int],
    *,
    place: tuple[str, str],
    bulk: bool = False,
    whole: Whole | None = None,
) -> Response:
    """Each step of the act: what it asks for, check, do. `place` is where its form goes and where its confirmation stands.

    A `whole` list is done as it was checked, or not at all (Refusal `pile_changed`).
    """
    step = form.text("step")
    with visit.reading() as session:
        rows = shown(session, dict(list(wanted.items())[:MOST_LISTED]), actor=visit.actor, now=visit.now)
    typed = {name: form.text(name) for name in ("reason", "ground", "citation", "document")}
    page = _Page(visit, deed, rows, place, wanted, whole, form.text("seal") or transition.fingerprint(wanted))
    if not step:
        return page.show(typed={}, checking=not _asks(deed, rows))
    if step == "change":
        return page.show(typed=typed)
    citation = _read(deed, form, rows)
    if form.errors:
        return page.show(typed=typed, errors=form.errors)
    if step != "do":
        return page.show(typed=typed, checking=True, citation=citation)

    reaching: list[Refusal] = []

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        versions = whole.versions(session, actor) if whole else wanted
        if whole:
            transition.require_unchanged(versions, form.text("seal"))
        results = deed.move.do(
            session,
            list(versions),
            actor=actor,
            now=visit.now,
            versions=versions,
            reason=typed["reason"] or None,
            ground=typed["ground"],
            citation=citation,
            document=typed["document"] or None,
        )
        reaching.extend(one.refusal for one in results if one.refusal is not None and one.refusal.reach)
        if not bulk:
            transition.only_result(results)
        return confirmation(deed, results)

    verb, subject = f"nominations.{deed.action}", ",".join(list(wanted)[:5])
    try:
        visit.act(verb, subject, change, once=form.once)
    except Refusal as refusal:
        if refusal.code == "stale" and not bulk:
            return stale(visit, next(iter(wanted)), next(iter(wanted.values())), refusal, typed)
        raise
    for reach in reaching:
        visit.note(verb, subject, reach)
    return pages.done(place[1], form.once)


def _read(deed: Deed, form: Form, rows: Sequence[Shown]) -> Citation | None:
    """Check what was typed; errors go to the form."""
    unsettled = len(rows) == 1 and rows[0].verdict == _UNSETTLED
    needs = deed.move.reason == "required" or (deed.move.reason == "optional" and unsettled)
    form.text(
        "reason",
        required=words("Hãy ghi lý do: người được đề nghị có quyền biết vì sao.") if needs else "",
        longest=transition.LONGEST_REASON,
    )
    if deed.move.document:
        form.text("document", longest=200)
    if deed.move.ground and form.text("ground") not in review.PAUSE_GROUNDS:
        form.errors.setdefault("ground", words("Hãy chọn việc đang chờ kết luận."))
    said = form.text("citation")
    if not (deed.move.cites and said):
        return None
    try:
        return catalogue.cite(said)
    except ValueError:
        form.errors.setdefault(
            "citation", words("Không hiểu điều khoản này; viết điều.khoản.điểm, ví dụ 84 hoặc 24.1.a.")
        )
        return None


def confirmation(deed: Deed, results: Sequence[Result]) -> dict[str, Any]:
    """The page after the act: the number done, and the result of each."""
    done = [one for one in results if one.refusal is None]
    if len(results) == 1 and done:
        state = lifecycle.STATE_NAMES[State(done[0].state or "")]
        return {"message": f"{deed.did} hồ sơ {done[0].code}", "details": f"Hồ sơ nay ở trạng thái «{state}»."}
    named, refused = listed(results)
    return {
        "message": f"{deed.did} {len(done)} trong {len(results)} hồ sơ",
        "details": " ".join(unlisted(results)),
        "refused": refused,
        "results": [
            {
                "code": one.code,
                "said": one.refusal.message
                if one.refusal
                else f"{deed.did} – «{lifecycle.STATE_NAMES[State(one.state or '')]}»",
            }
            for one in named
        ],
    }


def listed(results: Sequence[Result]) -> tuple[list[Result], int]:
    """(the results that a confirmation names, how many were refused): those refused first, and of very many only those."""
    refused = [one for one in results if one.refusal is not None]
    done = [one for one in results if one.refusal is None] if len(results) <= MOST_LISTED else []
    return [*refused[:MOST_LISTED], *done], len(refused)


def unlisted(results: Sequence[Result]) -> list[str]:
    """The summary of the results that a confirmation does not list."""
    if len(results) <= MOST_LISTED:
        return []
    refused = any(one.refusal is not None for one in results)
    return ["Danh sách dưới đây chỉ nêu hồ sơ không thực hiện được." if refused else "Mọi hồ sơ đều thực hiện được."]


def stale(visit: Visit, code: str, version: int, refusal: Refusal, typed: dict[str, str]) -> Response:
    """409: what changed since the page was shown, and what was typed on it, so that nothing is lost."""
    with visit.reading() as session:
        row = visibility.require(session, code, actor=visit.actor)
        # Each change of a nomination is one version and one entry.
        count = max(row.version - version, 1) if version else 1
        events = timeline.events(session, code, actor=visit.actor)
        since = [one for one in events if one.kind.startswith("nomination:")]
    return pages.render(
        visit,
        "nominations/stale.html",
        status=409,
        code=code,
        refusal=refusal,
        state=row.state,
        since=since[-count:],
        typed={name: said for name, said in typed.items() if said},
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The act's page, at whichever step."""

    visit: Visit
    deed: Deed
    rows: Sequence[Shown]
    place: tuple[str, str]
    wanted: dict[str, int]
    whole: Whole | None
    seal: str

    def show(
        self,
        *,
        typed: dict[str, str],
        errors: dict[str, str] | None = None,
        checking: bool = False,
        citation: Citation | None = None,
    ) -> Response:
        says = language.says(self.visit.language)
        return pages.render(
            self.visit,
            "nominations/act.html",
            status=422 if errors else 200,
            deed=self.deed,
            rows=self.rows,
            wanted=self.wanted,
            whole=self.whole,
            seal=self.seal,
            typed={"reason": "", "ground": "", "citation": "", "document": "", **typed},
            errors=errors or {},
            checking=checking,
            asks=_asks(self.deed, self.rows),
            citation=citation,
            grounds=review.PAUSE_GROUNDS,
            grounds_offered=[("", "–"), *((key, says(said)) for key, said in review.PAUSE_GROUNDS.items())],
            target=self.place[0],
            back=self.place[1],
        )
