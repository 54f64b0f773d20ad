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
from models import Dossier, Nomination, Nominee, ReviewRound, Unit
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
from operations.unit_proposal import alike, nominees, proposal
from operations.unit_proposal.workbook import facts
from operations.unit_proposal.workbook.heads import RATING_WORDS
from rules import birth_date, catalogue, email_address, lifecycle, likeness, names, way_back
from rules.lifecycle import State
from rules.policy import Permission
from rules.refusal import Citation, Refusal, Unreadable

_N = table(Nomination).c
MENDABLE = ("achievement", "rating", "initiative", "object_class", "field", "prior_decision", "parts", "facts")
MENDABLE_PERSON = nominees.SAID


def mend(
    session: Session,
    code: str,
    *,
    actor: Actor,
    now: datetime,
    version: int | None = None,
    person: Mapping[str, str | date | None] | None = None,
    another: bool = False,
    **changes: str | None,
) -> None:
    """Change what a draft or returned nomination says; its route and who decides follow from what it says now.

    `person` changes what it says of its nominee (MENDABLE_PERSON), in this nomination alone; `another` says that this is
    somebody else than those whom the new name is like. Raises Refusal `maybe_same_person`, what `rights.refusal` says of the person, Refusal `stale`, `wrong_state`, `already_proposed`; of what it says
    of its nominee `missing_value`, `too_long`, `control_characters`.
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
    said: dict[str, Any] = {}
    for name, value in changes.items():
        setattr(row, name, value if value is not None else _EMPTY.get(name))
    if "achievement" in changes:
        row.achievement_key = proposal.achievement_key(row.achievement)
    if person:
        said = say_of_nominee(session, row, person, by=actor.username, today=access.local_date(now), another=another)
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
    record.record(session, Kind.NOMINATION_MENDED, [(code, proposal.nomination_aspects(row) | said)], by=actor.username)


def mendable(session: Session, code: str, *, actor: Actor) -> "Written":
    """The nomination, for somebody who may mend it now. Raises what `mend` raises before it looks at the changes."""
    found = written(session, code, actor=actor)
    _require_mendable(found.row)
    return found


def _require_mendable(row: Nomination) -> None:
    if row.state not in {State.DRAFT, State.RETURNED}:
        raise Refusal(
            "wrong_state",
            f"Hồ sơ {row.code} đang «{lifecycle.STATE_NAMES[State(row.state)]}» nên không sửa được. "
            f"{way_back.to_change(State(row.state))}",
            citation=Citation(document=lifecycle.LAW, article="84"),
        )


@dataclass(frozen=True, slots=True)
class Written:
    """A nomination as its unit wrote it, and of what kind whom it proposes is."""

    row: Nomination
    kind: str


def written(session: Session, code: str, *, actor: Actor) -> Written:
    """The data to begin mending with. Raises the refusals of `visibility.require` for `Permission.MEND`."""
    row = visibility.require(session, code, actor=actor, act=Permission.MEND)
    return Written(row, session.get_one(Nominee, row.nominee_id).kind)


def changes_of(was: Written, proposed: proposal.Proposed) -> dict[str, str | None]:
    """The changes of the nomination by a form read as `proposed`. Facts without a field in the form stay."""
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
    """The changes of the nominee's details by a form read as `proposed`."""
    wanted = {name: getattr(proposed, name) for name in MENDABLE_PERSON}
    return {name: value for name, value in wanted.items() if (value or None) != (getattr(was.row, name) or None)}


def say_of_nominee(
    session: Session,
    row: Nomination,
    given: Mapping[str, str | date | None],
    *,
    by: str,
    today: date,
    another: bool = False,
) -> dict[str, Any]:
    """Write what this nomination says of its nominee. Returns what the ledger's entry of the nomination says of it.

    Another name or birth date may be somebody else's: then the nomination is that nominee's from here on.
    """
    values = checked(given, today=today)
    renamed = any(
        name in values
        and nominees.same_text(str(values[name] or "")) != nominees.same_text(str(getattr(row, name) or ""))
        for name in ("name", "birth_date")
    )
    for field, value in values.items():
        setattr(row, field, value)
    if not row.name:
        raise Refusal("missing_value", "Phải ghi tên cá nhân, tập thể, hộ gia đình được đề nghị.")
    row.name_key = names.fold(row.name)
    with session.no_autoflush:  # the caller has not looked yet whether the nomination may stand so
        return nominees.said_aspects(row) | (_whose(session, row, by=by, another=another) if renamed or another else {})


def _whose(session: Session, row: Nomination, *, by: str, another: bool) -> dict[str, Any]:
    """Whose nomination it is by the name and birth date that it says now; what the ledger says where that is another."""
    nominee = session.exec(select(Nominee).where(Nominee.id == row.nominee_id).with_for_update()).one()
    who = proposal.Proposed(
        name=row.name, kind=nominee.kind, award=row.award, position=row.position, workplace=row.workplace,
        birth_date=row.birth_date, another=another,
    )  # fmt: skip
    unit = session.get_one(Unit, nominee.unit_id)
    if not another and (names.spelling(row.name), row.birth_date) != (names.spelling(nominee.name), nominee.birth_date):
        _require_nobody_alike(session, row, nominee, who)
    if nominees.called(who) == nominees.called(nominee):
        call(session, nominee, who, nominee.namesake, unit, by=by)
        return {}
    known = nominees.roll(session, nominee.unit_id, [who], but=row.id)
    (found,), fresh = nominees.assign([who], known)
    others = sa.select(_N.id).where(_N.nominee_id == nominee.id, _N.id != row.id).limit(1)
    if fresh and session.execute(others).first() is None:
        call(session, nominee, who, found.namesake, unit, by=by)
        return {}
    nominees.register(session, unit, fresh, by=by)
    row.nominee_id = found.id
    of = (
        session.get_one(Unit, row.unit_id),
        session.get_one(Dossier, row.dossier_id),
        session.get_one(ReviewRound, row.round_id),
    )
    return {"who": [found.code, *(one.code for one in of), row.proposed_by]}


def _require_nobody_alike(session: Session, row: Nomination, nominee: Nominee, who: proposal.Proposed) -> None:
    """Ask about somebody alike who is proposed for the same award in the round. Raises Refusal `maybe_same_person`."""
    (found,) = alike.known(session, [who], unit_id=row.unit_id, but={row.id or 0})
    for one in found:
        if nominees.called(one) == nominees.called(who):  # looked at by who they are
            continue
        for other in one.nominations:
            if other.state in alike.ENDED:
                continue
            if (other.round_id, other.award) == (row.round_id, row.award) and one.nominee != nominee.id:
                raise Refusal(
                    "maybe_same_person",
                    f"«{row.name}» có thể là «{one.name}» của hồ sơ {other.code} trong cùng đợt, cùng danh hiệu ({one.said}). "
                    f"Nếu là một người, hãy rút một hồ sơ; nếu là hai người, hãy chọn «{alike.ANSWER}» ở mục «{alike.COLUMN}».",
                    citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="c"),
                )


def checked(given: Mapping[str, str | date | None], *, today: date) -> dict[str, str | date | None]:
    """The values as they are kept. Raises what is wrong with them."""
    unknown_fields = set(given) - set(MENDABLE_PERSON)
    if unknown_fields:
        raise TypeError(f"not mendable: {sorted(unknown_fields)}")
    for name, code in free_text.faults(_N, given):
        what = "dài quá giới hạn" if code == "too_long" else "có ký tự điều khiển không hiện được"
        raise Refusal(code, f"Nội dung «{name}» {what}. Hãy viết lại.")
    kept = {name: value.strip() or None if isinstance(value, str) else value for name, value in given.items()}
    born, email = kept.get("birth_date"), kept.get("email")
    if isinstance(born, date):
        birth_date.judge(born, today=today)
    if isinstance(email, str):
        kept["email"] = email_address.read(email)
    return kept


def call(session: Session, nominee: Nominee, who: Any, namesake: int, unit: Unit, *, by: str) -> None:
    """Call a nominee as its nomination now does, so that it is found again."""
    if (nominee.name, nominee.birth_date, nominee.namesake) == (who.name, who.birth_date, namesake):
        return
    nominee.name, nominee.name_key, nominee.birth_date = who.name, names.fold(who.name), who.birth_date
    nominee.alike_key = likeness.key(who.name)
    nominee.namesake = namesake
    nominee.identity = nominees.identity(nominee)
    session.add(nominee)
    record.record(session, Kind.NOMINEE_MENDED, [(nominee.code, nominees.aspects(nominee, unit.code))], by=by)


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
            "khen một lần. Hãy ghi thành tích khác, hoặc rút hồ sơ này.",
            citation=Citation(document=lifecycle.LAW, article="5", clause="2", point="c"),
        )
