"""Facts of official papers, gathered from the tables as plain values: the minutes, decisions, submission letters."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger import sealing
from ledger.kinds import Kind
from models import (
    Account,
    Ballot,
    CouncilMember,
    CouncilSession,
    Decision,
    Nomination,
    Recusal,
    ReviewRound,
    SessionMember,
    SubmissionLetter,
    Unit,
)
from models.types import table
from operations import access, recipients, regulations, rounds, transition
from operations.council_vote import ballot_box, ballot_check, counting, sessions, vote
from rules import catalogue, regulation, tally
from rules.lifecycle import Role
from rules.refusal import Refusal
from rules.vocabulary import BallotKind, Outcome, Route, SessionState

_N = table(Nomination).c


def of_session(session: Session, code: str) -> dict[str, Any]:
    """A tallied session as the minutes need it. Raises Refusal `not_tallied`."""
    sitting = sessions.by_code(session, code)
    if sitting.state != SessionState.TALLIED or sitting.opened_at is None or sitting.closed_at is None:
        raise Refusal("not_tallied", f"Phiên {code} chưa kiểm phiếu nên chưa lập biên bản được.")
    round_ = session.get_one(ReviewRound, sitting.round_id)
    office = rounds.issuing_authority(session)
    members = sessions.members_of(session, sitting)
    seats = _seats(session, sitting)
    parsed = regulations.of_round(session, round_)
    results = counting.results_of(session, sitting)
    snapshots = transition.snapshots(session, [result["code"] for result in results])
    awards = sorted({row.award for row in snapshots.values()})
    rule = parsed.vote_rule(awards[0])
    ballot = ballot_box.of(session, sitting)  # None for a session from before ballots were sealed
    voted = ballot_box.voted(session, sitting)
    secretary = recipients.holders(session, Role.SECRETARY, today=access.local_date(sitting.held_at))
    attended = [member for member in members if member.attended]
    chair = next((member for member in members if member.chairs), attended[0])
    return {
        "superior": office.name,
        "issuer": "Hội đồng\nThi đua - Khen thưởng",
        "symbol": "BB-HĐTĐKT",
        "place": _place(office),
        "year": round_.year,
        "about": f"họp xét {round_.title}",
        "prepared_at": sitting.closed_at,
        "opened_at": sitting.opened_at,
        "closed_at": sitting.closed_at,
        "venue": sitting.place,
        "chair": _described(chair, seats),
        "secretary": {"name": secretary[0][1] if secretary else "Thư ký Hội đồng", "position": "Thư ký Hội đồng"},
        "tellers": [_described(member, seats) for member in members if member.teller],
        "attendees": [_attendee(member, seats) for member in attended],
        "absentees": [
            {
                "name": member.name,
                "position": _described(member, seats)["position"],
                "written_opinion": member.username in voted,
            }
            for member in members
            if not member.attended
        ],
        "quorum": {
            "members": len(members),
            "present": len(attended),
            "needed": tally.quorum_needed(members=len(members), rule=rule),
            "met": True,
            "source": parsed.number,
        },
        "recusals": [
            {
                "member": next((m.name for m in members if m.username == username), username),
                "nomination": nomination,
                "ground": ground,
            }
            for username, nomination, ground in _recusals(session, sitting.id or 0)
        ],
        "proceedings": _proceedings(session, sitting, ballot, members, len(results)),
        "voting_rules": _voting_rules(parsed, awards),
        "open_votes": _open_votes(session, sitting, members) if ballot and ballot.kind == BallotKind.OPEN else [],
        "results": [
            {
                "code": result["code"],
                "name": snapshots[result["code"]].nominee,
                "award": transition.award_name(snapshots[result["code"]].award),
                "approve": result["approve"],
                "disapprove": result["disapprove"],
                "abstain": result["abstain"],
                "base": result["base"],
                "needed": result["needed"],
                "passed": result["outcome"] == Outcome.RECOMMENDED,
            }
            for result in results
        ],
        "recipients": ["Chủ tịch UBND", "Lưu: VT, NV"],
    }


_FORMS = {"secret": "bỏ phiếu kín", "open": "biểu quyết công khai", "paper": "bỏ phiếu giấy kín"}


def _voting_rules(parsed: regulation.Regulation, awards: Sequence[str]) -> list[str]:
    """One sentence a rule; awards that share a rule share its sentence."""
    by_rule: dict[regulation.VoteRule, list[str]] = {}
    for award in awards:
        by_rule.setdefault(parsed.vote_rule(award), []).append(transition.award_name(award))
    return [
        f"{', '.join(names)}: {_FORMS[rule.ballot]}, cần đạt {rule.threshold[0]}/{rule.threshold[1]} "
        f"{tally.BASE_NAMES[rule.base]} (theo {parsed.number})"
        for rule, names in by_rule.items()
    ]


def _proceedings(
    session: Session, sitting: CouncilSession, ballot: Ballot | None, members: Sequence[SessionMember], items: int
) -> list[str]:
    """What happened at the box, from the same records as the numbers: whoever has the minutes can check them."""
    if ballot is None:
        return []
    names = {member.username: member.name for member in members}
    roll = len(ballot_box.voted(session, sitting))
    said = [f"Hội đồng {_FORMS[ballot.kind]} đối với {items} hồ sơ; {roll} thành viên đã bỏ phiếu và ký danh sách."]
    if ballot.kind == BallotKind.SECRET:
        brought = ballot_check.committed(session, Kind.BALLOT_COUNTED, sitting.code, "counted_by") or []
        tellers = [member for member in members if member.teller]
        said += [
            f"Hòm phiếu được niêm phong bằng khóa có dấu {sealing.fingerprint(ballot_box.public_key(ballot))}, chia cho "
            f"{len(tellers)} người kiểm phiếu, cần {ballot.shares_needed} mảnh mới mở được; khi đóng phiếu, dấu của hòm "
            f"phiếu là {ballot.box_sha256}.",
            f"Hòm phiếu được mở bằng mảnh khóa của {', '.join(names.get(one, one) for one in brought)}; phiếu đã được "
            f"trộn và công bố (SHA-256 {sitting.batch_sha256}), phong bì đã được xóa.",
        ]
    elif ballot.kind == BallotKind.PAPER:
        counted = [names.get(username, username) for username, _ in counting.hand_counts(session, sitting)]
        said.append(f"Phiếu do {', '.join(counted)} đếm độc lập, kết quả khớp nhau.")
    return said


def _open_votes(session: Session, sitting: CouncilSession, members: Sequence[SessionMember]) -> list[dict[str, Any]]:
    names = {member.username: member.name for member in members}
    found = []
    for cast in ballot_box.open_votes(session, sitting):
        choices = json.loads(cast.choices)
        said = {choice: [code for code, chosen in choices.items() if chosen == choice] for choice in vote.CHOICES}
        found.append({"member": names.get(cast.username, cast.username), **said})
    return found


def _place(office: Unit) -> str:
    return office.name.removeprefix("UBND ").removeprefix("huyện ").removeprefix("xã ").removeprefix("tỉnh ").strip()


def _seats(session: Session, sitting: CouncilSession) -> dict[str, tuple[str, str]]:
    """Username → (title in the council, body stood for), by the seat held on the day of the session."""
    day = access.local_date(sitting.held_at)
    rows = session.exec(
        select(Account.username, CouncilMember.title, CouncilMember.body)
        .join(CouncilMember, col(CouncilMember.account_id) == col(Account.id))
        .where(CouncilMember.council_id == sitting.council_id, CouncilMember.valid_from <= day)
        .order_by(col(CouncilMember.valid_from))  # an earlier seat of the same person gives way to the later one
    )
    return {username: (title, body) for username, title, body in rows}


def _described(member: SessionMember, seats: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {"name": member.name, "position": ", ".join(seats.get(member.username, ()))}


def _attendee(member: SessionMember, seats: dict[str, tuple[str, str]]) -> dict[str, str]:
    """A line of the list of those present: the body stood for, and what the member does in the council."""
    title, body = seats.get(member.username, ("", ""))
    duties = [title, "kiểm phiếu"] if member.teller else [title]
    return {"name": member.name, "position": body, "role": ", ".join(duty for duty in duties if duty)}


def _recusals(session: Session, session_id: int) -> list[tuple[str, str, str]]:
    return list(
        session.exec(
            select(Recusal.username, Nomination.code, Recusal.ground)
            .join(Nomination, col(Nomination.id) == col(Recusal.nomination_id))
            .where(Recusal.session_id == session_id)
        )
    )


def _named(session: Session, condition: Any) -> list[dict[str, str]]:
    rows = session.execute(
        sa.select(_N.name, _N.position, col(Unit.name), _N.award)
        .join_from(Nomination, Unit, _N.unit_id == col(Unit.id))
        .where(condition)
        .order_by(_N.award, _N.id)
    )
    return [
        {"name": name, "position": position or "", "unit": unit, "award": award} for name, position, unit, award in rows
    ]


def _signer(session: Session, username: str, authorisation_id: int | None) -> dict[str, Any]:
    account = session.exec(select(Account).where(Account.username == username)).one()
    if authorisation_id is None:
        return {"name": account.display_name, "office": "Chủ tịch", "capacity": "head"}
    return {"name": account.display_name, "office": "Phó Chủ tịch", "capacity": "deputy", "head_office": "Chủ tịch"}


def _heading(office: Unit) -> dict[str, Any]:
    body, _, rest = office.name.partition(" ")
    issuer = f"Ủy ban nhân dân\n{rest}" if body == "UBND" else office.name
    return {"issuer": issuer, "place": _place(office)}


def of_decision(session: Session, row: Decision, *, chosen: Any = None) -> dict[str, Any]:
    """A signed decision as its paper needs it; with `chosen`, one not signed yet over these nominations."""
    named = _N.decision_id == row.id if chosen is None else chosen
    office = rounds.issuing_authority(session)
    round_ = session.get_one(ReviewRound, row.round_id)
    award = catalogue.pack(row.pack).awards[row.award]
    people = _named(session, named)
    verb = "công nhận danh hiệu" if award.is_title else "tặng"
    return {
        **_heading(office),
        "symbol": "QĐ-UBND",
        "number": str(row.number),
        "dated": row.signed_on,
        "year": row.year,
        "about": f"Về việc {verb} {award.name} ({round_.title})",
        "prepared_at": row.signed_at,
        "authority": f"Chủ tịch {office.name}",
        "grounds": _grounds(award, council_sat=not _is_simplified(session, named)),
        "articles": [
            {
                "paragraphs": [
                    f"{verb[0].upper()}{verb[1:]} {award.name} cho {len(people)} trường hợp (có danh sách kèm theo)."
                ]
            },
            {"paragraphs": ["Tiền thưởng trích từ quỹ thi đua, khen thưởng theo quy định hiện hành."]},
            {
                "paragraphs": [
                    "Chánh Văn phòng, Trưởng phòng Nội vụ, thủ trưởng các đơn vị liên quan và các trường hợp có tên "
                    "tại Điều 1 chịu trách nhiệm thi hành Quyết định này"
                ]
            },
        ],
        "signer": _signer(session, row.signed_by, row.authorisation_id),
        "recipients": ["Như Điều 3", "Lưu: VT, NV"],
        "annexes": [
            {
                "title": f"Danh sách được {verb} {award.name}",
                "awardees": [{k: person[k] for k in ("name", "position", "unit")} for person in people],
            }
        ],
    }


def _is_simplified(session: Session, named: Any) -> bool:
    found = session.execute(sa.select(sa.func.count()).where(named, _N.route == Route.FULL)).scalar_one()
    return bool(found == 0)


def _grounds(award: catalogue.Award, *, council_sat: bool) -> list[str]:
    provision = award.article.model_copy(update={"document": "Luật Thi đua, khen thưởng ngày 15 tháng 6 năm 2022"})
    grounds = [
        "Căn cứ Luật Tổ chức chính quyền địa phương",
        f"Căn cứ {provision}",
    ]
    if council_sat:
        grounds.append("Căn cứ kết quả họp Hội đồng Thi đua - Khen thưởng")
    return [*grounds, "Theo đề nghị của Trưởng phòng Nội vụ"]


def of_letter(session: Session, row: SubmissionLetter, *, chosen: Any = None) -> dict[str, Any]:
    """A tờ trình to the superior as its paper needs it; with `chosen`, one not signed yet over these nominations."""
    office = rounds.issuing_authority(session)
    round_ = session.get_one(ReviewRound, row.round_id)
    people = _named(session, _N.submission_letter_id == row.id if chosen is None else chosen)
    by_award: dict[str, list[dict[str, str]]] = {}
    for person in people:
        by_award.setdefault(person["award"], []).append({k: person[k] for k in ("name", "position", "unit")})
    superior = catalogue.DECIDER_NAMES.get(row.superior, row.superior)
    return {
        **_heading(office),
        "symbol": "TTr-UBND",
        "number": str(row.number),
        "dated": row.signed_on,
        "year": row.year,
        "about": f"Về việc đề nghị {superior} khen thưởng ({round_.title})",
        "prepared_at": row.signed_at,
        "addressees": [
            superior if superior.startswith("Chủ tịch UBND") else f"Chủ tịch UBND cấp tỉnh (để trình {superior})"
        ],
        "paragraphs": [
            "Thực hiện Luật Thi đua, khen thưởng năm 2022, sau khi Phòng Nội vụ thẩm định và Hội đồng Thi đua - Khen "
            f"thưởng họp xét, {office.name} kính đề nghị {superior} xem xét khen thưởng {len(people)} trường hợp, gồm "
            + "; ".join(f"{transition.award_name(award)}: {len(listed)}" for award, listed in by_award.items()),
            "Kính đề nghị xem xét, quyết định",
        ],
        "signer": _signer(session, row.signed_by, row.authorisation_id),
        "recipients": ["Như trên", "Lưu: VT, NV"],
        "annexes": [
            {"title": f"Danh sách đề nghị {transition.award_name(award)}", "awardees": listed}
            for award, listed in by_award.items()
        ],
    }


def unrendered(session: Session, round_code: str) -> list[str]:
    """Codes of the round's signed papers whose PDF is not there yet."""
    of_round = rounds.by_code(session, round_code).id
    decisions = session.exec(
        select(Decision.code)
        .where(col(Decision.paper_sha256).is_(None), Decision.round_id == of_round)
        .order_by(col(Decision.id))
    )
    letters = session.exec(
        select(SubmissionLetter.code)
        .where(col(SubmissionLetter.paper_sha256).is_(None), SubmissionLetter.round_id == of_round)
        .order_by(col(SubmissionLetter.id))
    )
    return [*decisions, *letters]
