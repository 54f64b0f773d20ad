"""Stage 5, public_disclosure: publish, record the superior's answer, close, revoke."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Decision, Disclosure, Nomination, Nominee, SubmissionLetter, Unit
from models.types import as_mapping, table
from operations import (
    access,
    announce,
    free_text,
    recipients,
    record,
    regulations,
    rounds,
    transition,
)
from operations.access import ENGINE, Actor
from operations.chairman_signature import signature
from operations.home_affairs_review.review import HOW_TO_COMPLAIN, not_approved
from operations.public_disclosure import paper_numbers, title_money
from operations.transition import Snapshot
from rules import cash, lifecycle, vocabulary
from rules.lifecycle import Action, Role, State
from rules.refusal import Citation, Refusal
from rules.vocabulary import AwardState, DecisionState, Ground, SuperiorAnswer

_N = table(Nomination).c
POSTING_DAYS = 30  # Luật TCTT 104/2016 Art. 21.2: posted at least 30 days
# How it stands with somebody whom a paper names and no longer honours.
NO_LONGER: Mapping[str, AwardState] = {
    State.REVOKED.value: AwardState.REVOKED,
    State.DECLINED.value: AwardState.DECLINED,
}
REVOCATION_GROUNDS: Mapping[str, str] = vocabulary.names(Ground)


def ground_citation(ground: str) -> Citation:
    """The provision a revocation on this ground rests on."""
    if ground == Ground.ERROR:  # content is changed by a paper of equal form
        return Citation(document="30/2020/NĐ-CP", article="18", clause="3")
    if ground == Ground.DECLINED:  # by whoever awarded
        return Citation(document=lifecycle.LAW, article="93", clause="8")
    return Citation(document=lifecycle.LAW, article="93", clause="2", point=ground.rsplit(".", 1)[1])


@dataclass(frozen=True, slots=True)
class Publishable:
    """A paper that may be published now: the number and day under which it is, and whom it honours."""

    code: str
    number: str
    on: date
    title: str
    round_id: int
    link: dict[str, int]
    waiting: list[Snapshot]


def publishable(session: Session, paper: str) -> Publishable:
    """A preview of publishing this paper.

    Raises Refusal `already_disclosed`, `no_answer`, `revoked`, `unknown_decision`, `unknown_letter`.
    """
    named = paper_numbers.paper(session, paper)
    paper = named.code
    if isinstance(named, SubmissionLetter):
        letter = named
        if letter.answer not in {SuperiorAnswer.GRANTED, SuperiorAnswer.PARTLY}:
            raise Refusal(
                "no_answer",
                f"Cấp trên chưa trả lời tờ trình {paper_numbers.dated(letter.symbol, letter.signed_on)} nên chưa có gì để công khai.",
            )
        condition, link = _N.submission_letter_id == letter.id, {"submission_letter_id": letter.id or 0}
        number, on = letter.answer_number or "", letter.answered_on or letter.signed_on
        title, round_id = letter.title, letter.round_id
    else:
        decision = named
        if decision.state == DecisionState.REVOKED:
            raise Refusal(
                "revoked",
                f"Quyết định {paper_numbers.dated(decision.symbol, decision.signed_on)} đã bị hủy bỏ; không công khai nữa.",
            )
        condition, link = _N.decision_id == decision.id, {"decision_id": decision.id or 0}
        number, on = decision.symbol, decision.signed_on
        title, round_id = decision.title, decision.round_id
    waiting = transition.snapshots_where(session, condition, _N.state.in_([State.SIGNED.value, State.FORWARDED.value]))
    if not waiting:
        raise Refusal("already_disclosed", f"«{paper}» đã được công khai, không còn hồ sơ nào chờ.")
    return Publishable(paper, number, on, title, round_id, link, waiting)


def disclose(session: Session, paper: str, *, actor: Actor, now: datetime, url: str) -> int:
    """Publish a decision (or a superior's recorded grant): register now, notice board for 30 days, results by letter.

    `url` is where the public register shows it. Raises Refusal `already_disclosed`, `no_answer`, `unknown_decision`.
    Returns how many nominations were disclosed.
    """
    lifecycle.require_role(Action.DISCLOSE, actor.roles)
    found = publishable(session, paper)
    paper, number, on, waiting = found.code, found.number, found.on, found.waiting
    until = access.local_date(now) + timedelta(days=POSTING_DAYS)
    postings = [
        Disclosure(channel="register", published_at=now, until_on=None, **found.link),
        Disclosure(channel="notice_board", published_at=now, until_on=until, **found.link),
    ]
    session.add_all(postings)
    session.flush()
    record.record(
        session,
        Kind.DISCLOSURE_PUBLISHED,
        [(f"{paper}/{row.channel}", posting_aspects(row)) for row in postings],
        by=actor.username,
    )
    moved, _, _ = transition.move(
        session,
        Action.DISCLOSE,
        [row.code for row in waiting],
        actor=actor,
        now=now,
        known={row.code: row for row in waiting},
    )
    announce.notices(session, _result_letters(session, moved, number=number, on=on, url=url, about=paper, now=now))
    announce.notices(
        session, _published(session, moved, number=number, on=on, url=url, until=until, about=paper, now=now)
    )
    return len(moved)


def posting_aspects(row: Disclosure) -> dict[str, Any]:
    """A posting as the ledger commits to it."""
    return {"when": [row.published_at, row.until_on]}


def _result_letters(
    session: Session, moved: Sequence[Snapshot], *, number: str, on: date, url: str, about: str, now: datetime
) -> list[announce.Notice]:
    if not moved:
        return []
    office = rounds.issuing_authority(session).name
    round_ = rounds.by_code(session, moved[0].round_code)
    confirmed = regulations.of_round(session, round_).confirmed_rules
    beside = title_money.notes(session, moved, year=round_.year, on=on, confirmed=confirmed)
    letters = [
        announce.Notice(
            kind="award_result_unit",
            about=about,
            to=rows[0].unit_email,
            recipient=rows[0].unit_code,
            context={
                "unit_name": rows[0].unit_name,
                "round_title": rows[0].round_title,
                "decision_number": number,
                "decision_date": on.isoformat(),
                "items": [
                    named
                    | {"money": cash.known_amount(row.award, row.nominee_kind, on, confirmed=confirmed)}
                    | ({"beside": beside[row.code]} if row.code in beside else {})
                    for row, named in zip(rows, signature.named(rows), strict=True)
                ],
                "url": url,
            },
        )
        for rows in transition.by_unit(session, moved, now=now).values()
    ]
    letters += [
        announce.Notice(
            kind="award_result_nominee",
            about=about,
            to=row.nominee_email,
            recipient=row.code,
            context={
                "nominee": row.nominee,
                "award": transition.award_name(row.award),
                "decision_number": number,
                "decision_date": on.isoformat(),
                "office": office,
                "url": url,
            },
        )
        for row in moved
    ]
    return letters


def _published(
    session: Session,
    moved: Sequence[Snapshot],
    *,
    number: str,
    on: date,
    url: str,
    until: date,
    about: str,
    now: datetime,
) -> list[announce.Notice]:
    if not moved:
        return []
    return [
        announce.Notice(
            kind="disclosure_published",
            about=about,
            to=email,
            recipient=username,
            context={
                "office_name": name,
                "decision_number": number,
                "decision_date": on.isoformat(),
                "url": url,
                "until": until.isoformat(),
            },
        )
        for username, name, email in recipients.holders(session, Role.SECRETARY, today=access.local_date(now))
    ]


def record_answer(
    session: Session,
    letter_code: str,
    *,
    number: str,
    on: date,
    refused: Sequence[str] = (),
    all_refused: bool = False,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> SubmissionLetter:
    """Record the superior's answer to a tờ trình: its document number, and the nominations not granted."""
    lifecycle.require_role(Action.RECORD_REFUSAL_ABOVE, actor.roles)
    letter = paper_numbers.submission_letter(session, letter_code)
    if letter.answer is not None:
        raise Refusal(
            "already_answered",
            f"Tờ trình {paper_numbers.dated(letter.symbol, letter.signed_on)} đã ghi nhận trả lời số "
            f"{paper_numbers.dated(letter.answer_number or '', letter.answered_on)}.",
        )
    if not number.strip():
        raise Refusal("missing_number", "Phải ghi số văn bản trả lời của cấp trên.")
    free_text.check("Số văn bản trả lời", number, 80)
    if on > access.local_date(now):
        raise Refusal(
            "answered_in_future",
            f"Ngày trả lời {on:%d/%m/%Y} sau hôm nay ({access.local_date(now):%d/%m/%Y}). Hãy ghi đúng ngày của văn bản "
            "trả lời; văn bản chưa đến thì chưa ghi.",
        )
    if on < letter.signed_on:
        raise Refusal(
            "answered_before_asked",
            f"Ngày trả lời {on:%d/%m/%Y} trước ngày ký tờ trình {letter.symbol} ({letter.signed_on:%d/%m/%Y}). "
            "Hãy kiểm tra lại ngày của văn bản.",
        )
    waiting = transition.snapshots_where(
        session, _N.submission_letter_id == letter.id, _N.state == State.FORWARDED.value
    )
    codes = [row.code for row in waiting if all_refused or row.code in set(refused)]
    strangers = set(refused) - {row.code for row in waiting}
    if strangers:
        raise Refusal("not_in_letter", f"Không có trong tờ trình {letter.symbol}: {', '.join(sorted(strangers))}.")
    if codes and not reason.strip():
        raise Refusal(
            "reason_required",
            f"Phải ghi lý do cấp trên không khen thưởng {len(codes)} hồ sơ của tờ trình {letter.symbol}.",
        )
    answer = (
        SuperiorAnswer.REFUSED
        if len(codes) == len(waiting)
        else SuperiorAnswer.PARTLY
        if codes
        else SuperiorAnswer.GRANTED
    )
    letter.answer = answer.value
    letter.answer_number = number.strip()
    letter.answered_on = on
    letter.version += 1
    session.add(letter)
    session.flush()
    index = record.record(
        session,
        Kind.SUBMISSION_LETTER_ANSWERED,
        [(letter.code, {"answer": [letter.answer, letter.answer_number, letter.answered_on]})],
        by=actor.username,
    )
    announce.notices(
        session,
        [
            announce.Notice(
                kind="superior_answer",
                about=f"{letter.code}/{index}",
                to=rows[0].unit_email,
                recipient=rows[0].unit_code,
                context={
                    "unit_name": rows[0].unit_name,
                    "items": [
                        item
                        | {
                            "outcome": "không được khen thưởng" if item["code"] in codes else "được khen thưởng",
                            "reason": reason if item["code"] in codes else None,
                        }
                        for item in signature.named(rows)
                    ],
                    "answer_number": letter.answer_number,
                    "answer_date": on.isoformat(),
                    "letter_number": letter.symbol,
                    "letter_date": letter.signed_on.isoformat(),
                },
            )
            for rows in transition.by_unit(session, waiting, now=now).values()
        ],
    )
    if codes:
        moved, _, index = transition.move(
            session,
            Action.RECORD_REFUSAL_ABOVE,
            codes,
            actor=actor,
            now=now,
            reason=reason,
        )
        announce.notices(
            session,
            not_approved(
                session,
                moved,
                "Cấp trên quyết định",
                reason,
                str(Citation(document=lifecycle.LAW, article="79")),
                index,
                now=now,
            ),
        )
    return letter


def close_posted(session: Session, round_code: str, *, now: datetime) -> int:
    """Close what has been posted long enough in the round; returns how many nominations were closed."""
    posted = table(Disclosure).c
    over = posted.until_on < access.local_date(now)
    codes = session.execute(
        sa.select(_N.code)
        .where(
            _N.round_id == rounds.by_code(session, round_code).id,
            _N.state == State.DISCLOSED.value,
            _N.decision_id.in_(sa.select(posted.decision_id).where(over))
            | _N.submission_letter_id.in_(sa.select(posted.submission_letter_id).where(over)),
        )
        .order_by(_N.id)
    ).scalars()
    closed = list(codes)
    if closed:
        transition.move(session, Action.CLOSE, closed, actor=ENGINE, now=now)
    return len(closed)


def revocable(session: Session, code: str, *, actor: Actor, now: datetime) -> tuple[Decision, int | None]:
    """A decision in force that this actor may revoke today, and by which authorisation; None: by their own office.

    Raises Refusal `not_your_role`, `unknown_decision`, `already_revoked`, `no_authorisation`.
    """
    lifecycle.require_role(Action.REVOKE, actor.roles)
    decision = paper_numbers.decision(session, code)
    if decision.state == DecisionState.REVOKED:
        raise Refusal(
            "already_revoked",
            f"Quyết định {paper_numbers.dated(decision.symbol, decision.signed_on)} đã bị hủy bỏ từ trước.",
        )
    return decision, access.authorisation(session, actor, awards={decision.award}, now=now)


def honoured(session: Session, decision: Decision) -> list[Snapshot]:
    """The nominations that a decision still honours and its revocation takes with it, oldest first."""
    return transition.snapshots_where(
        session,
        _N.decision_id == decision.id,
        _N.state.in_([State.SIGNED.value, State.DISCLOSED.value, State.CLOSED.value]),
    )


def _require_ground(ground: str) -> None:
    if ground not in REVOCATION_GROUNDS:
        raise Refusal(
            "unknown_ground",
            f"Căn cứ hủy bỏ phải là một trong: {', '.join(REVOCATION_GROUNDS)}.",
            citation=Citation(document=lifecycle.LAW, article="93", clause="2"),
        )


def revocation_of(
    session: Session, decision: Decision, ground: str, nominations: Sequence[str] = ()
) -> tuple[list[Snapshot], bool]:
    """Whom a revocation on this ground takes the award from, and whether nobody is left whom the decision honours.

    Raises Refusal `unknown_ground`, `not_in_decision`, `nomination_required`.
    """
    _require_ground(ground)
    rows = honoured(session, decision)
    named = paper_numbers.dated(decision.symbol, decision.signed_on)
    wanted = list(dict.fromkeys(code.strip().upper() for code in nominations if code.strip()))
    strangers = sorted(set(wanted) - {row.code for row in rows})
    if strangers:
        raise Refusal(
            "not_in_decision",
            f"Quyết định {named} không khen thưởng (hoặc không còn khen thưởng) hồ sơ: {', '.join(strangers)}. Hãy xem "
            "danh sách của quyết định rồi ghi đúng mã hồ sơ.",
            details={"nominations": strangers},
        )
    if ground == Ground.DECLINED and not wanted and len(rows) > 1:
        raise Refusal(
            "nomination_required",
            f"Không nhận khen thưởng là việc của từng người: hãy nêu mã hồ sơ của người không nhận trong quyết định {named}.",
            citation=ground_citation(ground),
        )
    taken = [row for row in rows if not wanted or row.code in set(wanted)]
    return taken, len(taken) == len(rows)


def revoke(
    session: Session,
    code: str,
    *,
    ground: str,
    reason: str,
    actor: Actor,
    now: datetime,
    nominations: Sequence[str] = (),
) -> Decision:
    """Take a decision back whole, or with `nominations` the awards of these alone; the others stand.

    History stays: the decision's entry says what was taken back, each unit and each nominee is told. Raises what
    `revocable` and `revocation_of` raise, Refusal `reason_required`.
    """
    lifecycle.require_role(Action.REVOKE, actor.roles)
    _require_ground(ground)
    if not reason.strip():
        raise Refusal("reason_required", "Hủy bỏ quyết định khen thưởng phải nêu lý do.")
    free_text.check("Lý do hủy bỏ", reason, transition.LONGEST_REASON)
    decision, deputed = revocable(session, code, actor=actor, now=now)
    rows, whole = revocation_of(session, decision, ground, nominations)
    if whole:
        decision.state = DecisionState.REVOKED.value
        decision.revoked_at = now
        decision.revoked_ground = ground
        decision.revoked_reason = reason.strip()
    decision.version += 1
    session.add(decision)
    session.flush()
    said: dict[str, Any] = {"state": decision.state, "acted": [actor.username, deputed]}
    said |= (
        {"revoked": signature.revoked_aspect(decision)}
        if whole
        else {"partly": [row.code for row in rows], "why": [ground, reason.strip()]}
    )
    index = record.record(
        session,
        Kind.DECISION_REVOKED if whole else Kind.DECISION_PARTLY_REVOKED,
        [(decision.code, said)],
        by=actor.username,
        on_behalf_of=actor.represents,
    )
    declined = ground == Ground.DECLINED
    moved, results, _ = transition.move(
        session,
        Action.REVOKE,
        [row.code for row in rows],
        actor=actor,
        now=now,
        reason=reason,
        aspects={"ground": ground},
        target=(lambda _: State.DECLINED) if declined else None,
    )
    for result in results:
        if result.refusal is not None:
            raise result.refusal
    announce.notices(
        session, _revocation_letters(session, moved, decision, ground, reason.strip(), index, whole=whole, now=now)
    )
    return decision


def _revocation_letters(
    session: Session,
    moved: Sequence[Snapshot],
    decision: Decision,
    ground: str,
    reason: str,
    index: int,
    *,
    whole: bool,
    now: datetime,
) -> list[announce.Notice]:
    about = decision.code if whole else f"{decision.code}/{index}"
    citation = str(ground_citation(ground))
    number, day = decision.symbol, decision.signed_on.isoformat()
    office = rounds.issuing_authority(session).name
    taken_back = Ground(ground).value.startswith("93.2")
    letters = [
        announce.Notice(
            kind="decision_revoked",
            about=about,
            to=of_unit[0].unit_email,
            recipient=of_unit[0].unit_code,
            context={
                "unit_name": of_unit[0].unit_name,
                "decision_number": number,
                "decision_date": day,
                "reason": reason,
                "citation": citation,
                "items": signature.named(of_unit),
                "others_stand": not whole,
                "taken_back": taken_back,
            },
        )
        for of_unit in transition.by_unit(session, moved, now=now).values()
    ]
    return letters + [
        announce.Notice(
            kind="award_revoked_nominee",
            about=about,
            to=row.nominee_email,
            recipient=row.code,
            context={
                "nominee": row.nominee,
                "award": transition.award_name(row.award),
                "decision_number": number,
                "decision_date": day,
                "reason": reason,
                "citation": citation,
                "office": office,
                "taken_back": taken_back,
                "how_to_complain": HOW_TO_COMPLAIN,
            },
        )
        for row in moved
    ]


def attach_paper(session: Session, code: str, sha256: str) -> None:
    """Note the rendered paper of a decision or submission letter; a paper once attached stays."""
    row = paper_numbers.paper(session, code)
    if row.paper_sha256 is None:
        row.paper_sha256 = sha256
        row.version += 1
        session.add(row)
        session.flush()
        letter = isinstance(row, SubmissionLetter)
        kind = Kind.SUBMISSION_LETTER_PAPER_RENDERED if letter else Kind.DECISION_PAPER_RENDERED
        record.record(session, kind, [(row.code, {"paper": sha256})], by=ENGINE.username)


def decisions(session: Session) -> list[dict[str, Any]]:
    """Every decision with its counts, newest last."""
    counts = as_mapping(
        session.execute(
            sa.select(_N.decision_id, sa.func.count()).where(_N.decision_id.is_not(None)).group_by(_N.decision_id)
        )
    )
    return [
        summary(row) | {"nominations": counts.get(row.id, 0)}
        for row in session.exec(select(Decision).order_by(col(Decision.id)))
    ]


def summary(row: Decision) -> dict[str, Any]:
    return {
        "code": row.code,
        "number": row.symbol,
        "award": row.award,
        "title": row.title,
        "signed_on": row.signed_on.isoformat(),
        "signed_by": row.signed_by,
        "state": row.state,
        "pack": row.pack,
        "pack_sha256": row.pack_sha256,
        "paper_sha256": row.paper_sha256,
        "revoked": {"ground": row.revoked_ground, "reason": row.revoked_reason}
        if row.state == DecisionState.REVOKED
        else None,
    }


def awardees(session: Session, decision: Decision, *, public: bool = False) -> list[dict[str, Any]]:
    """Whom a decision honours, with the fields that may be public (docs/law.md, «Công khai») and no other.

    Not `public`: with each one's nomination, by which the office finds its dossier.
    """
    p, u = table(Nominee).c, table(Unit).c
    rows = session.execute(
        sa.select(_N.code, _N.name, p.kind, _N.position, _N.workplace, u.name.label("unit"), _N.award, _N.state)
        .join_from(Nomination, Nominee, _N.nominee_id == p.id)
        .join(Unit, _N.unit_id == u.id)
        .where(_N.decision_id == decision.id)
        .order_by(_N.id)
    )
    found = [dict(row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's documented row mapping
    if not public:
        return found
    return [
        {name: value for name, value in row.items() if name != "code"}
        | {"state": NO_LONGER.get(row["state"], AwardState.IN_FORCE)}
        for row in found
    ]
