"""A slip in what a nomination says of its nominee, corrected after it was handed in and before a paper names it.

The council's vote stands: who it is and what is awarded do not change. What somebody read before is of another version
from then on (the signer's pile, a page left open), and whoever corrects does not sign.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, select

from ledger.kinds import Kind
from models import Nomination, Nominee, Unit
from operations import access, announce, free_text, past_duties, record, succession, transition, visibility
from operations.access import Actor
from operations.home_affairs_review import review
from operations.unit_proposal import mending, nominees, proposal
from rules import lifecycle, names, slips, way_back
from rules.lifecycle import State
from rules.policy import CORRECTABLE, Permission
from rules.refusal import Citation, Refusal

# As people call what can be corrected.
FIELDS: Mapping[str, str] = {
    "name": "tên",
    "honorific": "cách gọi",
    "position": "chức vụ",
    "workplace": "đơn vị công tác",
    "gender": "giới tính",
    "ethnicity": "dân tộc",
    "birth_date": "ngày sinh",
    "email": "thư điện tử",
}


def correct(
    session: Session,
    code: str,
    *,
    person: Mapping[str, str | date | None],
    reason: str,
    actor: Actor,
    now: datetime,
    version: int | None = None,
) -> list[str]:
    """Correct what a nomination says of its nominee, in this nomination alone. Returns the fields that changed.

    Raises what `rights.refusal` says of the person, Refusal `wrong_state`, `stale`, `reason_required`, `another_person`,
    `nothing_corrected`; what mending a nominee raises.
    """
    row = correctable(session, code, actor=actor)
    if version is not None and version != row.version:
        raise Refusal(
            "stale",
            f"Hồ sơ {code} vừa được người khác xử lý. Hãy tải lại rồi đính chính trên nội dung mới.",
            details={"state": row.state, "version": row.version},
        )
    if not reason.strip():
        raise Refusal("reason_required", "Đính chính phải nêu lý do: sai ở đâu, theo giấy tờ nào.")
    free_text.check("Lý do đính chính", reason, transition.LONGEST_REASON)
    given = mending.checked(person, today=access.local_date(now))
    changed = [name for name, value in given.items() if (value or None) != (getattr(row, name) or None)]
    if not changed:
        raise Refusal("nothing_corrected", f"Hồ sơ {code} đã ghi đúng như vậy; không có gì để đính chính.")
    if "name" in given and not given["name"]:
        raise Refusal("missing_value", "Phải ghi tên cá nhân, tập thể, hộ gia đình được đề nghị.")
    before = {name: getattr(row, name) for name in changed}
    after: dict[str, Any] = {name: given[name] for name in changed}
    born = after.get("birth_date", row.birth_date)
    slips.require_same_person(
        name=(row.name, after.get("name", row.name)), born=(row.birth_date, born), state=State(row.state)
    )
    for name, value in after.items():
        setattr(row, name, value)
    row.name_key = names.fold(row.name)
    if {"name", "birth_date"} & set(changed):
        with session.no_autoflush:
            _call(session, row, by=actor.username)
    row.version += 1
    session.add(row)
    session.flush()
    past_duties.note_reviewers(session, [(row.id or 0, code, row.reviewed_by)], actor)
    row.reviewed_by = actor.username
    session.flush()
    index = record.record(
        session,
        Kind.NOMINATION_CORRECTED,
        [
            (
                code,
                nominees.said_aspects(row)
                | {"reviewed_by": row.reviewed_by, "why": reason.strip(), "corrected": changed},
            )
        ],
        by=actor.username,
    )
    found = transition.snapshots(session, [code])[code]
    (snapshot,) = succession.addressed(session, [found], access.local_date(now))
    announce.notices(session, [_letter(snapshot, before, after, reason.strip(), index)])
    if row.state == State.SUBMITTED:  # the rules' findings are of a version: they are found again at once
        review.evaluate(session, now=now, codes=[code])
    return sorted(changed)


def correctable(session: Session, code: str, *, actor: Actor) -> Nomination:
    """The nomination, for somebody who may correct it now. Raises what `correct` raises before it looks at the changes."""
    row = visibility.require(session, code, actor=actor, act=Permission.CORRECT)
    if row.state not in CORRECTABLE:
        raise Refusal(
            "wrong_state",
            f"Hồ sơ {code} đang «{lifecycle.STATE_NAMES[State(row.state)]}» nên không đính chính ở đây được. {way_back.to_change(State(row.state))}",
            citation=Citation(document=lifecycle.LAW, article="84"),
            details={"state": row.state},
        )
    return row


def _call(session: Session, row: Nomination, *, by: str) -> None:
    """The nominee goes by the corrected name, so that it is found again next year. Never by somebody else's."""
    nominee = session.exec(select(Nominee).where(Nominee.id == row.nominee_id).with_for_update()).one()
    who = proposal.Proposed(
        name=row.name, kind=nominee.kind, award=row.award, position=row.position, workplace=row.workplace,
        birth_date=row.birth_date,
    )  # fmt: skip
    namesake = nominee.namesake
    if nominees.called(who) != nominees.called(nominee):
        known = nominees.roll(session, nominee.unit_id, [who], but=row.id)
        if nominees.known_as(known, who) is not None:
            raise slips.another_person(row.name, State(row.state))
        namesake = max((one.namesake for one in known.get(nominees.called(who), [])), default=0) + 1
    mending.call(session, nominee, who, namesake, session.get_one(Unit, nominee.unit_id), by=by)


def _letter(
    row: transition.Snapshot, before: Mapping[str, Any], after: Mapping[str, Any], reason: str, index: int
) -> announce.Notice:
    return announce.Notice(
        kind="nomination_corrected",
        about=f"{row.code}/{index}",
        to=row.unit_email,
        recipient=row.unit_code,
        context={
            "unit_name": row.unit_name,
            "code": row.code,
            "nominee": row.nominee,
            "award": transition.award_name(row.award),
            "changes": [
                {"what": FIELDS[name], "before": shown(before[name]), "after": shown(after[name])}
                for name in sorted(after)
            ],
            "reason": reason,
        },
    )


def shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value) if value else "(để trống)"
