"""Stage 4, chairman_signature: sign, forward to the authority above, send back, refuse.

The council advises, the chairman decides and answers for it (Law 06/2022 Art. 90.4, 13.1): nothing here happens
without a person who holds the role, and a deputy needs an authorisation in force (NĐ 30/2020 Art. 13.3).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ledger.kinds import Kind
from models import Decision, Nomination, SubmissionLetter
from models.types import table
from operations import (
    access,
    announce,
    numbering,
    recipients,
    record,
    regulations,
    rounds,
    transition,
)
from operations.access import Actor
from operations.home_affairs_review import cases
from operations.home_affairs_review.review import not_approved
from operations.transition import Result, Snapshot
from rules import catalogue, lifecycle
from rules.lifecycle import Action, Role, Stage, State
from rules.refusal import Citation, Refusal
from rules.vocabulary import Authority

_N = table(Nomination).c
_DECIDES = Citation(document=lifecycle.LAW, article="13", clause="1")


@dataclass(frozen=True, slots=True)
class Signed:
    """The result of one act of signing: papers, and a result for every nomination."""

    decisions: tuple[str, ...]
    letters: tuple[str, ...]
    results: tuple[Result, ...]
    index: int


def sign(
    session: Session, codes: Sequence[str], *, actor: Actor, now: datetime, versions: dict[str, int] | None = None
) -> Signed:
    """Sign what the office decides (one decision an award) and forward what a superior decides (one tờ trình a superior).

    Raises Refusal `not_your_role`, `no_authorisation`, `pack_incomplete`. Single nominations may be refused in results.
    """
    lifecycle.require_role(Action.SIGN, actor.roles)
    on = access.local_date(now)
    pack = catalogue.pack_on(on)
    if pack is None or not pack.complete:
        missing = "; ".join(pack.missing) if pack else "không có bộ quy định cho ngày này"
        raise Refusal(
            "pack_incomplete",
            f"Chưa ký được: quy định áp dụng cho ngày {on:%d/%m/%Y} chưa nạp đủ ({missing}).",
            citation=_DECIDES,
        )
    snapshots = transition.snapshots(session, codes)
    deputed = access.authorisation(session, actor, awards={row.award for row in snapshots.values()}, now=now)
    decisions: list[str] = []
    letters: list[str] = []
    results: dict[str, Result] = {
        code: Result(code, refusal=transition.unknown(code)) for code in codes if code not in snapshots
    }
    index = -1
    groups: dict[tuple[int, str, str], list[Snapshot]] = {}
    lost = _authority_lost(session, snapshots.values(), pack)
    for row in snapshots.values():
        if row.code in lost:
            results[row.code] = Result(row.code, refusal=lost[row.code])
            continue
        # One decision an award; one tờ trình a superior. What nobody may decide here comes back refused.
        paper = row.award if row.role == Authority.DECIDE else _superior(pack, row)
        groups.setdefault((row.round_id, row.role, paper), []).append(row)
    for (_, role, paper), rows in sorted(groups.items(), key=lambda group: group[0]):
        if role == Authority.DECIDE:
            made, outcome, index = _decide(session, rows, paper, pack, actor, deputed, now, versions)
            decisions += made
        elif role == Authority.PROPOSE:
            made, outcome, index = _forward(session, rows, paper, actor, deputed, now, versions)
            letters += made
        else:
            outcome = [Result(row.code, refusal=_unverified(row)) for row in rows]
        results |= {result.code: result for result in outcome}
    return Signed(tuple(decisions), tuple(letters), tuple(results[code] for code in dict.fromkeys(codes)), index)


def _authority_lost(session: Session, rows: Iterable[Snapshot], pack: catalogue.Pack) -> dict[str, Refusal]:
    """Those that this level may not sign as it could when they were proposed: the law of the day of signing decides.

    From 1 July 2025 no district signs anything, whatever was proposed before (Law 72/2025/QH15).
    """
    lost: dict[str, Refusal] = {}
    held: dict[tuple[str, str], catalogue.Authority | None] = {}
    for row in rows:
        if row.role not in {Authority.DECIDE, Authority.PROPOSE}:
            continue  # refused for that already
        key = (row.round_code, row.award)
        if key not in held:
            round_ = rounds.by_code(session, row.round_code)
            confirmed = regulations.of_round(session, round_).confirmed_rules
            known = row.award in pack.awards
            held[key] = catalogue.authority(pack, row.award, round_.level, confirmed=confirmed) if known else None
        found = held[key]
        if found is None or not found.verified or found.role != row.role:
            lost[row.code] = Refusal(
                "wrong_authority",
                f"Theo quy định áp dụng cho ngày ký, cấp này không còn thẩm quyền với hồ sơ {row.code} như khi đề nghị. "
                "Hãy chuyển hồ sơ cho cơ quan đang có thẩm quyền.",
                citation=found.citation if found else _DECIDES,
            )
    return lost


def _superior(pack: catalogue.Pack, row: Snapshot) -> str:
    award = pack.awards.get(row.award)
    return (award.decider if award else None) or "CT_UBND_TINH"


def _unverified(row: Snapshot) -> Refusal:
    return Refusal(
        "authority_unverified",
        f"Chưa xác minh ai có thẩm quyền với hồ sơ {row.code}; không ký được cho đến khi có văn bản quy định.",
        citation=_DECIDES,
    )


def _decide(
    session: Session,
    rows: Sequence[Snapshot],
    award: str,
    pack: catalogue.Pack,
    actor: Actor,
    deputed: int | None,
    now: datetime,
    versions: dict[str, int] | None,
) -> tuple[list[str], list[Result], int]:
    ready, refused = _signable(session, rows, Action.SIGN, actor, now, versions)
    if not ready:
        return [], refused, -1
    first = ready[0]
    on = access.local_date(now)
    number = numbering.take(session, f"decision/{on.year}")[0]
    award_row = pack.awards[award]
    verb = "công nhận danh hiệu" if award_row.is_title else "tặng"
    decision = Decision(
        code=f"{number}-{on.year}",
        year=on.year,
        number=number,
        symbol=f"{number:02d}/QĐ-UBND",
        round_id=first.round_id,
        award=award,
        title=f"Về việc {verb} {award_row.name} — {first.round_title}"[:500],
        signed_on=on,
        signed_at=now,
        signed_by=actor.username,
        authorisation_id=deputed,
        pack=pack.id,
        pack_sha256=pack.sha256,
    )
    session.add(decision)
    session.flush()
    record.record(
        session,
        Kind.DECISION_SIGNED,
        [
            (
                decision.code,
                decision_aspects(decision, first.round_code)
                | {"signature": signature_aspect(decision, access.code_of(session, actor))},
            )
        ],
        by=actor.username,
        on_behalf_of=actor.represents,
    )
    _, results, index = transition.move(
        session,
        Action.SIGN,
        [row.code for row in ready],
        actor=actor,
        now=now,
        columns={"decision_id": decision.id},
        known={row.code: row for row in ready},
        aspects={"paper": decision.code},
    )
    return [decision.code], results + refused, index


def decision_aspects(row: Decision, round_code: str) -> dict[str, object]:
    """A decision as the ledger commits to it; `about`, `pack`, `state` are published with a proof."""
    return {
        "about": [row.symbol, row.award, row.title],
        "signed": [row.signed_on, row.signed_by, row.authorisation_id],
        "made": [round_code, row.signed_at],
        "pack": [row.pack, row.pack_sha256],
        "state": row.state,
        "revoked": revoked_aspect(row),
    }


def signature_aspect(row: Decision, signer: str) -> list[object]:
    """Published: the day, the code of the account that signed (the paper names the person), by which authorisation."""
    return [row.signed_on, signer, row.authorisation_id]


def revoked_aspect(row: Decision) -> list[object]:
    return [row.revoked_ground, row.revoked_reason, row.revoked_at]


def _signable(
    session: Session,
    rows: Sequence[Snapshot],
    action: Action,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None,
) -> tuple[list[Snapshot], list[Result]]:
    """Those that this actor may sign now, and why not for the others: no paper is numbered for nothing."""
    ready: list[Snapshot] = []
    refused: list[Result] = []
    relation = transition.relations(session, rows, action, actor=actor, now=now)
    complained = cases.complained_of(session, [row.code for row in rows])
    for row in rows:
        try:
            transition.decide(row, action, actor=actor, relation=relation[row.id], reason=None, versions=versions)
            if row.code in complained:
                raise Refusal(
                    "petition_open",
                    f"Hồ sơ {row.code} có đơn {complained[row.code]} chưa được trả lời nên chưa ký. Hãy trả lại Phòng "
                    "Nội vụ để xem xét, hoặc ký sau khi đơn đã được trả lời.",
                    citation=_DECIDES,
                    details={"petition": complained[row.code]},
                )
        except Refusal as refusal:
            refused.append(Result(row.code, refusal=refusal))
        else:
            ready.append(row)
    return ready, refused


def _forward(
    session: Session,
    rows: Sequence[Snapshot],
    superior: str,
    actor: Actor,
    deputed: int | None,
    now: datetime,
    versions: dict[str, int] | None,
) -> tuple[list[str], list[Result], int]:
    ready, refused = _signable(session, rows, Action.FORWARD, actor, now, versions)
    if not ready:
        return [], refused, -1
    first = ready[0]
    on = access.local_date(now)
    number = numbering.take(session, f"submission_letter/{on.year}")[0]
    name = catalogue.DECIDER_NAMES.get(superior, superior)
    letter = SubmissionLetter(
        code=f"TTr-{number}-{on.year}",
        year=on.year,
        number=number,
        symbol=f"{number:02d}/TTr-UBND",
        round_id=first.round_id,
        superior=superior,
        title=f"Đề nghị {name} khen thưởng — {first.round_title}"[:500],
        signed_on=on,
        signed_at=now,
        signed_by=actor.username,
        authorisation_id=deputed,
    )
    session.add(letter)
    session.flush()
    record.record(
        session,
        Kind.SUBMISSION_LETTER_SIGNED,
        [(letter.code, submission_letter_aspects(letter, first.round_code))],
        by=actor.username,
        on_behalf_of=actor.represents,
    )
    moved, results, index = transition.move(
        session,
        Action.FORWARD,
        [row.code for row in ready],
        actor=actor,
        now=now,
        columns={"submission_letter_id": letter.id},
        known={row.code: row for row in ready},
        aspects={"paper": letter.code},
    )
    announce.notices(
        session,
        [
            announce.Notice(
                kind="forwarded_to_superior",
                about=letter.code,
                to=of_unit[0].unit_email,
                recipient=of_unit[0].unit_code,
                context={
                    "unit_name": of_unit[0].unit_name,
                    "items": named(of_unit),
                    "letter_number": letter.symbol,
                    "letter_date": on.isoformat(),
                    "superior": name,
                },
            )
            for of_unit in transition.by_unit(session, moved, now=now).values()
        ],
    )
    return [letter.code], results + refused, index


def submission_letter_aspects(row: SubmissionLetter, round_code: str) -> dict[str, object]:
    """A submission letter as the ledger commits to it; `about` and `answer` are published."""
    return {
        "about": [row.symbol, row.superior, row.title],
        "signed": [row.signed_on, row.signed_by, row.authorisation_id],
        "made": [round_code, row.signed_at],
        "answer": [row.answer, row.answer_number, row.answered_on],
    }


def named(rows: Sequence[Snapshot]) -> list[dict[str, str]]:
    """Code, nominee and award, as letters list them."""
    return [{"code": row.code, "nominee": row.nominee, "award": transition.award_name(row.award)} for row in rows]


def _in_whose_place(session: Session, codes: Sequence[str], *, actor: Actor, now: datetime) -> dict[str, object]:
    """What the ledger says of who acted: by name, and for a deputy by which authorisation. Raises `no_authorisation`."""
    if not actor.holds(Role.CHAIRMAN, Role.DEPUTY):
        return {}  # refused in a moment for the role
    awards = {row.award for row in transition.snapshots(session, codes).values()}
    return {"acted": [actor.username, access.authorisation(session, actor, awards=awards, now=now)]}


def send_back(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """Give recommended nominations back to Phòng Nội vụ for another look, with a reason."""
    moved, results, index = transition.move(
        session,
        Action.SEND_BACK,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        aspects=_in_whose_place(session, codes, actor=actor, now=now),
        versions=versions,
    )
    if moved:
        announce.notices(
            session,
            [
                announce.Notice(
                    kind="sent_back_by_chairman",
                    about=str(index),
                    to=email,
                    recipient=username,
                    context={
                        "office_name": name,
                        "items": named(moved),
                        "reason": reason,
                    },
                )
                for username, name, email in recipients.holders(session, Role.REVIEWER, today=access.local_date(now))
            ],
        )
    return results


def refuse(
    session: Session,
    codes: Sequence[str],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    versions: dict[str, int] | None = None,
) -> list[Result]:
    """The chairman does not award what the council recommended; the unit is told the reason and its rights."""
    moved, results, index = transition.move(
        session,
        Action.REFUSE,
        codes,
        actor=actor,
        now=now,
        reason=reason,
        aspects=_in_whose_place(session, codes, actor=actor, now=now),
        versions=versions,
    )
    announce.notices(
        session,
        not_approved(
            session, moved, lifecycle.STAGE_NAMES[Stage.CHAIRMAN_SIGNATURE], reason, str(_DECIDES), index, now=now
        ),
    )
    return results


def announce_waiting(session: Session, round_code: str, *, now: datetime) -> int:
    """Write to the signers what waits for them in a round; one pile is announced once. Returns how many wait."""
    round_ = rounds.by_code(session, round_code)
    rows = transition.snapshots_where(session, _N.round_id == round_.id, _N.state == State.RECOMMENDED.value)
    if not rows:
        return 0
    due = rounds.due_of(session, round_.id or 0, Stage.CHAIRMAN_SIGNATURE)
    announce.notices_once(
        session,
        [
            announce.Notice(
                kind="waiting_for_signature",
                about=f"{round_code}/{max(row.id for row in rows)}-{len(rows)}",
                to=email,
                recipient=username,
                context={
                    "signer_name": name,
                    "round_title": round_.title,
                    "decisions": len({row.award for row in rows}),
                    "nominations": len(rows),
                    "due": due,
                },
            )
            for username, name, email in recipients.signers(session, {row.award for row in rows}, now=now)
        ],
    )
    return len(rows)
