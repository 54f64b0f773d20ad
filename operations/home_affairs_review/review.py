"""Stage 2, home_affairs_review: what the rules find, and the reviewer's pass, return, refusal, pause."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from ledger.canonical import dumps
from ledger.kinds import Kind
from models import Appraisal, Nomination, Pause
from models.types import as_mapping, chunks, table
from operations import (
    access,
    announce,
    past_duties,
    record,
    regulations,
    rounds,
    transition,
)
from operations.access import ENGINE, Actor
from operations.home_affairs_review import cases, title_of_year
from operations.transition import Result, Snapshot
from operations.unit_proposal import alike, attachments
from operations.unit_proposal.proposal import ATTESTED
from rules import case, catalogue, evaluation, lifecycle, regulation
from rules.lifecycle import Action, State
from rules.refusal import Citation, Refusal, Unreadable
from rules.vocabulary import FindingVerdict, Pending, Route, Verdict

_N = table(Nomination).c
_A = table(Appraisal).c

PAUSE_GROUNDS: dict[str, str] = {
    Pending.COMPLAINT: "đang xem xét khiếu nại",
    Pending.DENUNCIATION: "đang xác minh tố cáo",
    Pending.INSPECTION: "đang thanh tra, kiểm tra",
    Pending.INVESTIGATION: "đang điều tra",
    Pending.DISCIPLINE: "đang xem xét kỷ luật",
}


def evaluate(
    session: Session,
    *,
    now: datetime,
    round_code: str | None = None,
    codes: Sequence[str] | None = None,
    limit: int = 500,
) -> list[tuple[str, str]]:
    """Evaluate submitted nominations that have no appraisal of their present version.

    Safe to repeat: a nomination is evaluated once for each version. Returns (code, verdict).
    """
    fresh = sa.exists().where(_A.nomination_id == _N.id, _A.nomination_version == _N.version)
    conditions = [_N.state == State.SUBMITTED.value, ~fresh]
    if round_code is not None:
        conditions.append(_N.round_id == rounds.by_code(session, round_code).id)
    pending: list[Snapshot] = []
    if codes is None:
        pending = transition.snapshots_where(session, *conditions, limit=limit)
    else:
        for chunk in chunks(codes):
            pending += transition.snapshots_where(session, *conditions, _N.code.in_(chunk))
    if not pending:
        return []
    on = access.local_date(now)
    pack = catalogue.pack_on(on)
    numbers = _sequences(session, pending)
    known = cases.of(session, [snapshot.code for snapshot in pending])
    candidates = alike.candidates(session, pending)
    alike_ones = alike.asked(pending, candidates)
    titled = title_of_year.findings(session, pending, candidates)
    scans = attachments.scanned(session, [snapshot.id for snapshot in pending])
    rule_books: dict[int, regulation.Regulation] = {}
    rows: list[dict[str, Any]] = []
    changes: list[tuple[str, dict[str, Any]]] = []
    verdicts: list[tuple[str, str]] = []
    for snapshot in pending:
        if snapshot.round_id not in rule_books:
            round_ = rounds.by_code(session, snapshot.round_code)
            rule_books[snapshot.round_id] = regulations.of_round(session, round_)
        rule_book = rule_books[snapshot.round_id]
        verdict, findings = judge(
            snapshot,
            known[snapshot.code],
            pack,
            on=on,
            rule_book=rule_book,
            scanned=scans.get(snapshot.id, frozenset()),
        )
        if snapshot.id in alike_ones:
            findings.append(alike.finding(alike_ones[snapshot.id]))
            verdict = _with(verdict, findings[-1]["verdict"])
        if snapshot.id in titled:
            findings.append(titled[snapshot.id])
            verdict = _with(verdict, findings[-1]["verdict"])
        sequence = numbers.get(snapshot.id, 0) + 1
        text = dumps(findings).decode()
        rows.append(
            {
                "nomination_id": snapshot.id,
                "sequence": sequence,
                "nomination_version": snapshot.version,
                "at": now,
                "on_date": on,
                "pack": pack.id if pack else None,
                "pack_sha256": pack.sha256 if pack else None,
                "regulation_sha256": rule_book.sha256,
                "verdict": verdict,
                "findings": text,
            }
        )
        changes.append(
            (
                f"{snapshot.code}/{sequence}",
                appraisal_aspects(SimpleNamespace(**rows[-1])),
            )
        )
        verdicts.append((snapshot.code, verdict))
    session.connection().execute(sa.insert(table(Appraisal)), rows)
    record.record(session, Kind.APPRAISAL_FOUND, changes, by=ENGINE.username)
    return verdicts


def _with(verdict: str, further: str) -> str:
    """The verdict after one more finding, in the order that `rules.evaluation` has for them."""
    if further == FindingVerdict.NOT_MET and verdict not in {Verdict.NO_PACK, Verdict.WRONG_AUTHORITY}:
        return Verdict.INELIGIBLE
    return Verdict.UNKNOWN if further == FindingVerdict.UNKNOWN and verdict == Verdict.ELIGIBLE else verdict


def appraisal_aspects(row: Any) -> dict[str, Any]:
    """An appraisal as the ledger commits to it."""
    return {
        "verdict": row.verdict,
        "law": [row.pack, row.pack_sha256, row.regulation_sha256, row.on_date, row.nomination_version, row.at],
        "findings": hashlib.sha256(row.findings.encode()).hexdigest(),
    }


def unjudged(session: Session) -> int:
    """How many submitted nominations have no appraisal of their present version."""
    fresh = sa.exists().where(_A.nomination_id == _N.id, _A.nomination_version == _N.version)
    query = sa.select(sa.func.count()).select_from(Nomination).where(_N.state == State.SUBMITTED.value, ~fresh)
    return int(session.execute(query).scalar_one())


def judged(session: Session, *, round_code: str | None = None) -> list[tuple[str, str]]:
    """(code, verdict) of the submitted nominations whose present version was evaluated, oldest first."""
    query = (
        sa.select(_N.code, _A.verdict)
        .join_from(Nomination, Appraisal, (_A.nomination_id == _N.id) & (_A.nomination_version == _N.version))
        .where(_N.state == State.SUBMITTED.value)
        .order_by(_N.id)
    )
    if round_code is not None:
        query = query.where(_N.round_id == rounds.by_code(session, round_code).id)
    return [(row.code, row.verdict) for row in session.execute(query)]


def _sequences(session: Session, pending: Sequence[Snapshot]) -> dict[int, int]:
    found: dict[int, int] = {}
    for chunk in chunks([snapshot.id for snapshot in pending]):
        query = sa.select(_A.nomination_id, sa.func.max(_A.sequence)).where(_A.nomination_id.in_(chunk))
        found |= as_mapping(session.execute(query.group_by(_A.nomination_id)))
    return found


def judge(
    snapshot: Snapshot,
    facts: case.Case | Unreadable,
    pack: catalogue.Pack | None,
    *,
    on: date,
    rule_book: regulation.Regulation,
    scanned: Collection[str] = (),
) -> tuple[str, list[dict[str, Any]]]:
    """The law's findings for one nomination and those for its dossier: (verdict, findings with their citations).

    `scanned` are the parts of which a scan lies there, whether the unit lists them or not.
    A paper that is missing never makes a nomination ineligible: it is returned to be mended (Art. 84).
    """
    if isinstance(facts, Unreadable):
        where = ", ".join(str(value) for value in facts.where.values())
        return Verdict.UNKNOWN, [_impossible(f"{facts.message} ({where})" if where else facts.message)]
    found = evaluation.evaluate(facts, on=on, pack=pack, regulation=rule_book)
    findings = [finding.as_json() for finding in found.findings]
    verdict: str = found.verdict
    award = pack.awards.get(snapshot.award) if pack is not None else None
    if award is None or verdict in {Verdict.NO_PACK, Verdict.WRONG_AUTHORITY}:
        return verdict, findings
    parts = catalogue.dossier_parts(
        award,
        kind=snapshot.nominee_kind,
        route=Route(snapshot.route),
        relies_on=evaluation.relied_on(facts),
    )
    for part in parts:
        there = snapshot.parts == ATTESTED or part.id in snapshot.parts.split(",") or part.id in scanned
        name = f"{part.name[0].lower()}{part.name[1:]}"
        findings.append(
            {
                "rule": f"dossier.{part.id}",
                "verdict": FindingVerdict.MET if there else FindingVerdict.NOT_MET,
                "found": "attested" if there else "",
                "citation": part.citation.model_dump(),
                "status": part.status,
                "message": f"{'Có' if there else 'Thiếu'} {name}.",
            }
        )
        if not there and verdict == Verdict.ELIGIBLE:
            verdict = Verdict.UNKNOWN
    if facts.simplified_ground in catalogue.SIMPLIFIED_GROUNDS and found.route == Route.SIMPLIFIED:
        # The unit's own word takes the dossier past the council: a person answers for it, one dossier at a time.
        findings.append(_claimed(facts.simplified_ground))
        verdict = Verdict.UNKNOWN if verdict == Verdict.ELIGIBLE else verdict
    if found.missing_parameters and verdict == Verdict.ELIGIBLE:
        verdict = Verdict.UNKNOWN
    return verdict, findings


def _claimed(ground: str) -> dict[str, Any]:
    article, clause, point = ground.split(".")
    return {
        "rule": "route.simplified_ground",
        "verdict": "unknown",
        "found": ground,
        "citation": Citation(document=lifecycle.LAW, article=article, clause=clause, point=point).model_dump(),
        "status": "V1",
        "message": "Đơn vị đề nghị theo thủ tục đơn giản, không qua Hội đồng. Người thẩm định đối chiếu căn cứ rồi "
        "kết luận riêng hồ sơ này, ghi rõ lý do; không có căn cứ thì trả lại để bổ sung.",
    }


def _impossible(message: str) -> dict[str, Any]:
    return {
        "rule": "facts.possible",
        "verdict": "unknown",
        "found": None,
        "citation": Citation(document=lifecycle.LAW, article="84").model_dump(),
        "status": "V1",
        "message": f"Dữ kiện đơn vị kê khai không thể có: {message}.",
    }


def latest(session: Session, codes: Sequence[str]) -> dict[str, Appraisal]:
    """The newest appraisal of each nomination that has one."""
    found: dict[str, Appraisal] = {}
    newest = sa.select(_A.nomination_id, sa.func.max(_A.sequence).label("sequence")).group_by(_A.nomination_id)
    for chunk in chunks(codes):
        inner = newest.join(Nomination, _N.id == _A.nomination_id).where(_N.code.in_(chunk)).subquery()
        query = (
            sa.select(_N.code, Appraisal)
            .join_from(
                Appraisal, inner, (_A.nomination_id == inner.c.nomination_id) & (_A.sequence == inner.c.sequence)
            )
            .join(Nomination, _N.id == _A.nomination_id)
        )
        found |= as_mapping(session.execute(query))
    return found


def _verdicts(session: Session, codes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(verdict, findings) of the present version of each submitted nomination, evaluating what was not yet."""
    found: dict[str, tuple[str, str]] = {}
    for chunk in chunks(codes):
        query = (
            sa.select(_N.code, _A.verdict, _A.findings)
            .join_from(Nomination, Appraisal, (_A.nomination_id == _N.id) & (_A.nomination_version == _N.version))
            .where(_N.code.in_(chunk))
        )
        found |= {row.code: (row.verdict, row.findings) for row in session.execute(query)}
    return found


def pass_review(
    session: Session,
    codes: Sequence[str],
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Pass clean nominations on: to the council, or on the simplified route to signature. Each has its own result.

    One whose findings are not all met is refused `not_eligible`; with a written reason a reviewer may pass one that
    the rules could not settle (`unknown`), never one they settled against.
    """
    lifecycle.require_role(Action.PASS, actor.roles)
    evaluate(session, now=now, codes=codes, limit=len(codes))
    verdicts = _verdicts(session, codes)
    complained = cases.complained_of(session, codes)
    held = title_of_year.held(session, codes)

    def clean(snapshot: Snapshot) -> None:
        if snapshot.code in complained and not (reason and len(codes) == 1):
            raise Refusal(
                "petition_open",
                f"Hồ sơ {snapshot.code} có đơn {complained[snapshot.code]} chưa trả lời. Hãy xem đơn: trả lời, tạm dừng "
                "hồ sơ, hoặc kết luận riêng hồ sơ này kèm lý do.",
                citation=Citation(document=lifecycle.LAW, article="84"),
                details={"petition": complained[snapshot.code]},
            )
        verdict = Verdict(verdicts.get(snapshot.code, (Verdict.UNKNOWN, "[]"))[0])
        if snapshot.code in held and verdict in {Verdict.ELIGIBLE, Verdict.UNKNOWN}:  # decided since it was evaluated
            raise Refusal(
                "not_eligible",
                held[snapshot.code],
                citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="c"),
                details={"verdict": Verdict.INELIGIBLE},
            )
        if verdict == Verdict.ELIGIBLE or (verdict == Verdict.UNKNOWN and reason and len(codes) == 1):
            return
        raise Refusal(
            "no_pack" if verdict == Verdict.NO_PACK else "not_eligible",
            {
                Verdict.NO_PACK: f"Chưa có bộ quy định đầy đủ cho ngày xét nên không kết luận được hồ sơ {snapshot.code}. "
                "Hãy nạp quy định còn thiếu.",
                Verdict.UNKNOWN: f"Hồ sơ {snapshot.code} còn điểm chưa kết luận được; hãy trả lại để bổ sung, hoặc chuyển "
                "riêng hồ sơ này kèm lý do.",
                Verdict.PAUSED: f"Hồ sơ {snapshot.code} đang vướng việc phải chờ kết luận; hãy tạm dừng.",
                Verdict.WRONG_AUTHORITY: f"Cấp này không quyết định và không trình danh hiệu của hồ sơ {snapshot.code}; "
                "hãy kết luận không đủ điều kiện.",
            }.get(verdict, f"Hồ sơ {snapshot.code} không đủ điều kiện; hãy trả lại hoặc kết luận kèm điều khoản."),
            citation=Citation(document=lifecycle.LAW, article="84"),
            details={"verdict": verdict},
        )

    moved, results, index = transition.move(
        session,
        Action.PASS,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        check=clean,
        columns={"reviewed_by": actor.username},
        aspects={"reviewed_by": actor.username},
        versions=versions,
    )
    past_duties.note_reviewers(session, [(row.id, row.code, row.reviewed_by) for row in moved], actor)
    announce.notices(
        session,
        [
            announce.Notice(
                kind="appraisal_result",
                about=str(index),
                to=rows[0].unit_email,
                recipient=rows[0].unit_code,
                context={
                    "unit_name": rows[0].unit_name,
                    "round_title": rows[0].round_title,
                    "passed": len(rows),
                    "open": _open(session, rows),
                    "items": [],
                },
            )
            for rows in transition.by_unit(session, moved, now=now).values()
        ],
    )
    return results


def _open(session: Session, rows: Sequence[Snapshot]) -> int:
    """How many nominations of these rows' unit, as it is written to, are still under review or paused in the round."""
    mine = {row.code: row for row in transition.snapshots(session, [row.code for row in rows]).values()}
    units = {row.unit_id for row in mine.values()} | {row.unit_id for row in rows}
    query = sa.select(sa.func.count()).where(
        _N.round_id == rows[0].round_id,
        _N.unit_id.in_(sorted(units)),
        _N.stage == lifecycle.Stage.HOME_AFFAIRS_REVIEW.value,
    )
    return int(session.execute(query).scalar_one())


def _items(rows: Sequence[Snapshot], reason: str, citation: str, **further: str) -> list[dict[str, Any]]:
    return [
        {
            "code": row.code,
            "nominee": row.nominee,
            "award": transition.award_name(row.award),
            "reason": reason,
            "citation": citation,
            **further,
        }
        for row in rows
    ]


def return_for_supplement(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    citation: Citation | None = None,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Give dossiers back to their units to be mended, saying what is missing and by which article."""
    cited = citation or Citation(document=lifecycle.LAW, article="84")
    moved, results, index = transition.move(
        session,
        Action.RETURN,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        versions=versions,
    )
    past_duties.note_reviewers(session, [(row.id, row.code, row.reviewed_by) for row in moved], actor)
    due = rounds.due_of(session, moved[0].round_id, lifecycle.Stage.UNIT_PROPOSAL) if moved else None
    announce.notices(
        session,
        [
            announce.Notice(
                kind="dossier_returned",
                about=str(index),
                to=rows[0].unit_email,
                recipient=rows[0].unit_code,
                context={
                    "unit_name": rows[0].unit_name,
                    "dossier_code": rows[0].dossier_code if len({row.dossier_code for row in rows}) == 1 else None,
                    "items": _items(rows, reason, str(cited)),
                    "round_title": rows[0].round_title,
                    "due": due,
                },
            )
            for rows in transition.by_unit(session, moved, now=now).values()
        ],
    )
    return results


def find_ineligible(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    citation: Citation | None = None,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Conclude that nominations do not meet the standard; the unit is told why and how to complain."""
    moved, results, index = transition.move(
        session,
        Action.FIND_INELIGIBLE,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        columns={"reviewed_by": actor.username},
        aspects={"reviewed_by": actor.username},
        versions=versions,
    )
    past_duties.note_reviewers(session, [(row.id, row.code, row.reviewed_by) for row in moved], actor)
    announce.notices(
        session,
        not_approved(session, moved, "Phòng Nội vụ thẩm định", reason, str(citation or ""), index, now=now),
    )
    return results


HOW_TO_COMPLAIN = (
    "Nếu không đồng ý, cá nhân, tập thể có quyền khiếu nại trong thời hiệu 90 ngày kể từ ngày nhận được thông báo này "
    "(Điều 9 Luật Khiếu nại 02/2011/QH13)."
)


def not_approved(
    session: Session,
    moved: Sequence[Snapshot],
    stage_name: str,
    reason: str,
    citation: str,
    index: int,
    *,
    now: datetime,
) -> list[announce.Notice]:
    """The letters that tell units which of theirs ended without an award, and why."""
    return [
        announce.Notice(
            kind="not_approved",
            about=str(index),
            to=rows[0].unit_email,
            recipient=rows[0].unit_code,
            context={
                "unit_name": rows[0].unit_name,
                "round_title": rows[0].round_title,
                "items": _items(rows, reason, citation, stage_name=stage_name),
                "how_to_complain": HOW_TO_COMPLAIN,
            },
        )
        for rows in transition.by_unit(session, moved, now=now).values()
    ]


def pause(
    session: Session,
    codes: Sequence[str],
    *,
    ground: str,
    reason: str,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Stop the clock while a complaint, inspection or disciplinary case is open. A person ends it, never time."""
    if ground not in PAUSE_GROUNDS:
        raise Refusal("unknown_ground", f"Lý do tạm dừng phải là một trong: {', '.join(PAUSE_GROUNDS)}.")
    moved, results, index = transition.move(
        session,
        Action.PAUSE,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        aspects={"ground": ground},
        versions=versions,
    )
    for row in moved:
        stop = Pause(nomination_id=row.id, ground=ground, started_at=now)
        session.add(stop)
        session.flush()
        record.record(
            session, Kind.PAUSE_BEGUN, [(_pause_subject(session, row), pause_aspects(stop))], by=actor.username
        )
    announce.notices(
        session, _pause_letters(session, "nomination_paused", moved, PAUSE_GROUNDS[ground], index, now=now)
    )
    return results


def resume(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Take a paused nomination up again, from its review, also when its round has been closed; the conclusion is the reason."""
    moved, results, index = transition.move(
        session,
        Action.RESUME,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        versions=versions,
    )
    for row in moved:
        session.execute(
            sa.update(Pause)
            .where(col(Pause.nomination_id) == row.id, col(Pause.ended_at).is_(None))
            .values(ended_at=now)
        )
        record.record(session, Kind.PAUSE_ENDED, [(_pause_subject(session, row), {"to": now})], by=actor.username)
    for round_code in sorted({row.round_code for row in moved}):  # findings from before the pause are stale
        announce.stage(session, round_code, lifecycle.Stage.HOME_AFFAIRS_REVIEW, index=index)
    announce.notices(
        session,
        _pause_letters(session, "nomination_resumed", moved, "đã có kết luận, hồ sơ được xem xét tiếp", index, now=now),
    )
    return results


def pause_aspects(row: Pause) -> dict[str, Any]:
    """A clock stop as the ledger commits to it; ending it changes `to` alone."""
    return {"ground": row.ground, "from": row.started_at, "to": row.ended_at}


def _pause_subject(session: Session, row: Snapshot) -> str:
    """The newest clock stop of a nomination, by its number: at most one is open."""
    count = session.execute(
        sa.select(sa.func.count()).select_from(Pause).where(table(Pause).c.nomination_id == row.id)
    ).scalar_one()
    return f"{row.code}/{count}"


def _pause_letters(
    session: Session, kind: str, moved: Sequence[Snapshot], said: str, index: int, *, now: datetime
) -> list[announce.Notice]:
    return [
        announce.Notice(
            kind=kind,
            about=f"{row.code}/{index}",
            to=row.unit_email,
            recipient=row.unit_code,
            context={
                "unit_name": row.unit_name,
                "code": row.code,
                "nominee": row.nominee,
                "award": transition.award_name(row.award),
                "reason_public": said,
            },
        )
        for rows in transition.by_unit(session, moved, now=now).values()
        for row in rows
    ]
