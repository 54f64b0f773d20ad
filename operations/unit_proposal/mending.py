"""Stage 1, unit_proposal: change what a draft or returned nomination says, and who is proposed in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from ledger.canonical import dumps
from ledger.kinds import Kind
from models import Nomination, Nominee, ReviewRound, Unit
from models.types import table
from operations import (
    access,
    free_text,
    past_duties,
    record,
    regulations,
    visibility,
)
from operations.access import Actor
from operations.unit_proposal import proposal
from operations.unit_proposal.workbook import facts
from operations.unit_proposal.workbook.heads import RATING_WORDS
from rules import birth_date, catalogue, email_address, lifecycle, names
from rules.lifecycle import State
from rules.policy import Permission
from rules.refusal import Citation, Refusal, Unreadable

_N = table(Nomination).c
_P = table(Nominee).c
MENDABLE = ("achievement", "rating", "initiative", "object_class", "field", "prior_decision", "parts", "facts")
MENDABLE_PERSON = ("name", "honorific", "position", "workplace", "birth_date", "email")


def mend(
    session: Session,
    code: str,
    *,
    actor: Actor,
    now: datetime,
    version: int | None = None,
    person: Mapping[str, str | date | None] | None = None,
    **changes: str | None,
) -> None:
    """Change what a draft or returned nomination says; its route and who decides follow from what it says now.

    `person` changes who is proposed (MENDABLE_PERSON), for every nomination of that nominee.
    Raises what `rights.refusal` says of the person, Refusal `stale`, `wrong_state`; of who is proposed `nominee_in_use`,
    `already_a_nominee`, `missing_value`.
    """
    unknown_fields = set(changes) - set(MENDABLE)
    if unknown_fields:
        raise TypeError(f"not mendable: {sorted(unknown_fields)}")
    row = visibility.require(session, code, actor=actor, act=Permission.MEND)
    if version is not None and version != row.version:
        raise Refusal(
            "stale",
            f"Hồ sơ {code} vừa được người khác sửa. Hãy tải lại rồi sửa trên nội dung mới.",
            details={"state": row.state, "version": row.version},
        )
    _require_mendable(row)
    _check_mended(changes)
    if person:
        _mend_person(session, row, person, by=actor.username, today=access.local_date(now))
    for name, value in changes.items():
        setattr(row, name, value if value is not None else _EMPTY.get(name))
    if "achievement" in changes:
        row.achievement_key = proposal.achievement_key(row.achievement)
        _require_no_twin(session, row)
    round_ = session.get_one(ReviewRound, row.round_id)
    row.role, row.route = proposal.authority(
        catalogue.pack_on(access.local_date(now)),
        row.award,
        round_,
        regulations.of_round(session, round_).confirmed_rules,
        json.loads(row.facts).get("simplified_ground"),
    )
    row.version += 1
    session.add(row)
    past_duties.note_proposers(session, [(row.id or 0, code, row.proposed_by)], actor)
    session.flush()
    record.record(session, Kind.NOMINATION_MENDED, [(code, proposal.nomination_aspects(row))], by=actor.username)


def mendable(session: Session, code: str, *, actor: Actor) -> "Written":
    """The nomination, for somebody who may mend it now. Raises what `mend` raises before it looks at the changes."""
    found = written(session, code, actor=actor)
    _require_mendable(found.row)
    return found


def _require_mendable(row: Nomination) -> None:
    if row.state not in {State.DRAFT, State.RETURNED}:
        raise Refusal(
            "wrong_state",
            f"Hồ sơ {row.code} đang «{lifecycle.STATE_NAMES[State(row.state)]}» nên không sửa được; "
            "muốn sửa, đề nghị Phòng Nội vụ trả lại.",
            citation=Citation(document=lifecycle.LAW, article="84"),
        )


@dataclass(frozen=True, slots=True)
class Written:
    """A nomination as its unit wrote it, whom it proposes, and the other nominations that hold this nominee as written."""

    row: Nomination
    nominee: Nominee
    holding: list[str]


def written(session: Session, code: str, *, actor: Actor) -> Written:
    """What mending begins with. Raises what `visibility.require` raises of `Permission.MEND`."""
    row = visibility.require(session, code, actor=actor, act=Permission.MEND)
    return Written(row, session.get_one(Nominee, row.nominee_id), holding_nominee(session, row))


def changes_of(was: Written, proposed: proposal.Proposed) -> dict[str, str | None]:
    """What a form read as `proposed` changes in the nomination. Facts that a form has no words for stay as they are."""
    said: dict[str, Any] = json.loads(was.row.facts)
    typed = dict(proposed.facts)
    if facts.write(said) is None:
        typed = {name: value for name, value in said.items() if name != "grounds"} | {
            name: value for name, value in typed.items() if name == "grounds"
        }
    wanted = {name: getattr(proposed, name) for name in MENDABLE if name not in {"parts", "facts"}}
    wanted["parts"] = ",".join(proposed.parts) if proposed.parts is not None else proposal.ATTESTED
    changes = {name: value for name, value in wanted.items() if (value or None) != (getattr(was.row, name) or None)}
    return changes if typed == said else {**changes, "facts": dumps(typed).decode()}


def changes_of_person(was: Written, proposed: proposal.Proposed) -> dict[str, str | date | None]:
    """What a form read as `proposed` changes in who is proposed."""
    wanted = {name: getattr(proposed, name) for name in MENDABLE_PERSON}
    return {name: value for name, value in wanted.items() if (value or None) != (getattr(was.nominee, name) or None)}


def holding_nominee(session: Session, row: Nomination) -> list[str]:
    """Codes of the other nominations for which this one's nominee stays as written: whatever was handed in once."""
    query = sa.select(_N.code).where(
        _N.nominee_id == row.nominee_id,
        _N.id != row.id,
        _N.state.not_in((State.DRAFT.value, State.RETURNED.value)),
    )
    return list(session.execute(query.order_by(_N.id)).scalars())


def _mend_person(
    session: Session, row: Nomination, given: Mapping[str, str | date | None], *, by: str, today: date
) -> None:
    person = dict(given)
    unknown_fields = set(person) - set(MENDABLE_PERSON)
    if unknown_fields:
        raise TypeError(f"not mendable: {sorted(unknown_fields)}")
    for name, code in free_text.faults(_P, person):
        what = "dài quá giới hạn" if code == "too_long" else "có ký tự điều khiển không hiện được"
        raise Refusal(code, f"Nội dung «{name}» {what}. Hãy viết lại.")
    born = person.get("birth_date")
    if isinstance(born, date):
        birth_date.judge(born, today=today)
    if person.get("email"):
        person["email"] = email_address.read(str(person["email"]))
    nominee = session.exec(select(Nominee).where(Nominee.id == row.nominee_id).with_for_update()).one()
    holding = holding_nominee(session, row)
    if holding:
        more = f" và {len(holding) - 5} hồ sơ khác" if len(holding) > 5 else ""
        raise Refusal(
            "nominee_in_use",
            f"«{nominee.name}» còn đứng tên trong hồ sơ {', '.join(holding[:5])}{more} đã nộp, nên không sửa tên và thông "
            "tin của người này ở đây được. Hãy đề nghị trả lại hồ sơ đó, hoặc rút hồ sơ này và lập hồ sơ mới.",
            details={"nominations": holding},
        )
    wanted = person.get("name", nominee.name)
    if not isinstance(wanted, str) or not wanted.strip():
        raise Refusal("missing_value", "Phải ghi tên cá nhân, tập thể, hộ gia đình được đề nghị.")
    for field, value in person.items():
        setattr(nominee, field, value.strip() or None if isinstance(value, str) else value)
    nominee.name_key = names.fold(nominee.name)
    nominee.identity = proposal.identity(nominee)
    with session.no_autoflush:
        same = select(Nominee.code).where(
            Nominee.unit_id == nominee.unit_id, Nominee.identity == nominee.identity, Nominee.id != nominee.id
        )
        twin = session.exec(same).one_or_none()
    if twin is not None:
        raise Refusal(
            "already_a_nominee",
            f"Đơn vị đã đề nghị một «{nominee.name}» khác cùng nơi công tác, cùng ngày sinh ({twin}). Nếu là cùng một "
            "người, hãy rút hồ sơ này và lập hồ sơ mới cho người đó; nếu không, hãy ghi ngày sinh để phân biệt.",
            details={"nominee": twin},
        )
    session.add(nominee)
    session.flush()
    unit = session.get_one(Unit, nominee.unit_id).code
    record.record(session, Kind.NOMINEE_MENDED, [(nominee.code, proposal.nominee_aspects(nominee, unit))], by=by)


_EMPTY = {"parts": proposal.ATTESTED, "facts": "{}"}  # what nothing said means, where the column cannot be empty


def _check_mended(changes: Mapping[str, str | None]) -> None:
    for name, code in free_text.faults(_N, changes):
        what = "dài quá giới hạn" if code == "too_long" else "có ký tự điều khiển không hiện được"
        raise Refusal(code, f"Nội dung «{name}» {what}. Hãy viết lại.")
    rating = changes.get("rating")
    if rating is not None and rating not in RATING_WORDS:
        raise Refusal("unknown_rating", f"Xếp loại «{rating}» không có; dùng một trong: {', '.join(RATING_WORDS)}.")
    facts = changes.get("facts")
    if facts is None:
        return
    try:
        read = json.loads(facts)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Unreadable("bad_facts", "Dữ kiện phải là một đối tượng JSON.", where={"key": "facts"})


def _require_no_twin(session: Session, row: Nomination) -> None:
    """The same nominee, award and achievement stands once in a round (Law 06/2022 Art. 5.2.c)."""
    query = sa.select(_N.code).where(
        _N.round_id == row.round_id,
        _N.nominee_id == row.nominee_id,
        _N.award == row.award,
        _N.achievement_key == row.achievement_key,
        _N.id != row.id,
    )
    with session.no_autoflush:
        twin = session.execute(query).scalar_one_or_none()
    if twin is not None:
        raise Refusal(
            "already_proposed",
            f"Hồ sơ {twin} đã đề nghị cùng người, cùng danh hiệu với đúng thành tích này trong đợt; một thành tích chỉ "
            "khen một lần. Hãy ghi thành tích khác hoặc rút một hồ sơ.",
            citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="c"),
        )
