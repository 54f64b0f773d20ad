"""The same title of one year a second time: a nomination against the register, over its rounds, units and spellings.

A danh hiệu thi đua is given for a year, so the year is the achievement that is rewarded once (Law 06/2022 Art. 5.2.c);
giấy khen and bằng khen go by the achievement itself (`principle.one_award`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Decision, Nomination, ReviewRound, SubmissionLetter, Unit
from models.types import chunks, table
from operations import transition
from operations.transition import Snapshot
from operations.unit_proposal.alike import Candidate
from rules import lifecycle
from rules.lifecycle import State
from rules.pack_files import is_title
from rules.refusal import Citation
from rules.vocabulary import FindingVerdict, Status

RULE = "nominee.title_of_year"
HELD = (State.SIGNED, State.FORWARDED, State.DISCLOSED, State.CLOSED)
OPEN = (State.SUBMITTED, State.RETURNED, State.PAUSED, State.ELIGIBLE, State.ON_BALLOT, State.RECOMMENDED)
_N, _R, _U, _D, _L = (table(model).c for model in (Nomination, ReviewRound, Unit, Decision, SubmissionLetter))

Titles = dict[tuple[int, str, int], list[Any]]  # by nominee, award and year


def findings(
    session: Session, rows: Sequence[Snapshot], alike: Mapping[int, Sequence[Candidate]]
) -> dict[int, dict[str, Any]]:
    """By nomination id the finding for those whose title of the year is held or asked for already.

    `not_met` where the nominee itself holds it; `unknown`, for a person to ask, where somebody alike does or where
    another nomination of it is open.
    """
    titles = [row for row in rows if is_title(row.award)]
    people = {row.nominee_id for row in titles}
    people |= {one.one.nominee for row in titles for one in alike.get(row.id, ())}
    years = _years(session, {row.round_id for row in titles})
    stated = _stated(session, people, {row.award for row in titles}, (*HELD, *OPEN))
    found: dict[int, dict[str, Any]] = {}
    for row in titles:
        year = years[row.round_id]
        own = [one for one in stated.get((row.nominee_id, row.award, year), []) if one.id != row.id]
        if held := [one for one in own if one.state in HELD]:
            found[row.id] = _finding(FindingVerdict.NOT_MET, held[0], _held_already(held[0]))
            continue
        # Those of the round itself are asked about by `alike.finding`.
        others = [
            (candidate, one)
            for candidate in alike.get(row.id, ())
            for one in stated.get((candidate.one.nominee, row.award, year), [])
            if one.round_id != row.round_id
        ]
        others.sort(key=lambda pair: pair[1].state not in HELD)
        if own and not (others and others[0][1].state in HELD):
            found[row.id] = _finding(FindingVerdict.UNKNOWN, own[0], _open_already(own[0]))
        elif others:
            candidate, one = others[0]
            found[row.id] = _finding(FindingVerdict.UNKNOWN, one, _alike_has(candidate, one))
    return found


def held(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """By nomination code, for those whose nominee holds the title of the year by now: the sentence that says so."""
    titles = [row for row in transition.snapshots(session, codes).values() if is_title(row.award)]
    years = _years(session, {row.round_id for row in titles})
    stated = _stated(session, {row.nominee_id for row in titles}, {row.award for row in titles}, HELD)
    found: dict[str, str] = {}
    for row in titles:
        for one in stated.get((row.nominee_id, row.award, years[row.round_id]), []):
            if one.id != row.id:
                found[row.code] = _held_already(one)
    return found


def _years(session: Session, rounds: Iterable[int]) -> dict[int, int]:
    return {row.id: row.year for row in session.execute(sa.select(_R.id, _R.year).where(_R.id.in_(sorted(rounds))))}


def _stated(session: Session, people: Iterable[int], awards: Iterable[str], states: Iterable[State]) -> Titles:
    found: Titles = {}
    for chunk in chunks(sorted(people)):
        query = (
            sa.select(
                _N.id,
                _N.code,
                _N.nominee_id,
                _N.name,
                _N.award,
                _N.round_id,
                _N.state,
                _R.year,
                _R.code.label("round"),
                _U.name.label("unit"),
                sa.func.coalesce(_D.symbol, _L.symbol).label("symbol"),
                sa.func.coalesce(_D.signed_on, _L.signed_on).label("signed_on"),
            )
            .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
            .join(Unit, _N.unit_id == _U.id)
            .outerjoin(Decision, _N.decision_id == _D.id)
            .outerjoin(SubmissionLetter, _N.submission_letter_id == _L.id)
            .where(_N.nominee_id.in_(chunk), _N.award.in_(sorted(awards)), _N.state.in_([one.value for one in states]))
            .order_by(_N.id)
        )
        for row in session.connection().execute(query):
            found.setdefault((row.nominee_id, row.award, row.year), []).append(row)
    return found


def _finding(verdict: FindingVerdict, one: Any, message: str) -> dict[str, Any]:
    return {
        "rule": RULE,
        "verdict": verdict,
        "found": one.code,
        "citation": Citation(document=lifecycle.LAW, article="5", clause="2", point="c").model_dump(),
        "status": Status.V1,
        "message": message,
    }


def _paper(one: Any) -> str:
    """The earlier nomination and the paper it stands on, which is named with its day: its number returns each year."""
    kind = "Tờ trình" if one.state == State.FORWARDED else "Quyết định"
    return f"{kind} {one.symbol} ngày {one.signed_on:%d/%m/%Y}, hồ sơ {one.code} của {one.unit}"


_ONCE = "không khen thưởng nhiều lần cho một thành tích (điểm c khoản 2 Điều 5 Luật 06/2022/QH15)"


def _held_already(one: Any) -> str:
    verb = "đã được trình tặng" if one.state == State.FORWARDED else "đã có"
    return (
        f"«{one.name}» {verb} {transition.award_name(one.award)} năm {one.year} ({_paper(one)}): {_ONCE}. "
        "Hãy kết luận không đủ điều kiện, hoặc trả lại để đơn vị sửa nếu đề nghị nhầm."
    )


def _open_already(one: Any) -> str:
    return (
        f"«{one.name}» còn được đề nghị {transition.award_name(one.award)} năm {one.year} ở hồ sơ {one.code} của {one.unit} "
        f"(đợt {one.round}): {_ONCE}. Hãy hỏi đơn vị giữ hồ sơ nào; nếu giữ hồ sơ này, hãy chuyển riêng kèm lý do."
    )


def _alike_has(candidate: Candidate, one: Any) -> str:
    if one.state not in HELD:
        has = f"được đề nghị {transition.award_name(one.award)} năm {one.year} ở đợt {one.round} (hồ sơ {one.code} của {one.unit})"
    else:
        verb = "đã được trình tặng" if one.state == State.FORWARDED else "đã có"
        has = f"{verb} {transition.award_name(one.award)} năm {one.year} ({_paper(one)})"
    differs = "cùng tên, chỉ khác chức vụ, đơn vị công tác" if candidate.namesake else candidate.one.said
    return (
        f"Có thể là cùng người với «{one.name}» {has}; {differs}. Nếu là một người thì {_ONCE}: hãy kết luận không đủ điều "
        "kiện; nếu là hai người, hãy chuyển riêng hồ sơ này kèm lý do. Hệ thống không tự gộp."
    )
