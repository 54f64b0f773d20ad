"""Who may be one person under two records: asked at every door and in the reviewer's finding, joined by nobody here.

The rule is `rules.likeness`; this finds whom it is about. A unit hears of its own and of the units it took over; of
other units' only the office does, and only with something more in common than a name.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Nomination, Nominee, ReviewRound, Unit
from models.types import as_mapping, chunks, table
from operations.people import units
from operations.unit_proposal import nominees
from rules import likeness
from rules.lifecycle import State
from rules.vocabulary import NomineeKind

ANSWER, COLUMN = "Người khác", "Trùng tên"
ENDED = (State.WITHDRAWN.value,)
_N, _P, _U, _R = (table(model).c for model in (Nomination, Nominee, Unit, ReviewRound))


@dataclass(frozen=True, slots=True)
class Proposed:
    """A nomination that stands on somebody alike."""

    code: str
    round_id: int
    round: str
    award: str
    achievement_key: str
    state: str
    position: str | None
    workplace: str | None


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody already known who may be the one in question, and what their records differ in."""

    nominee: int
    code: str
    kind: str
    name: str
    birth_date: date | None
    namesake: int
    unit: str
    unit_name: str
    differs: tuple[str, ...]
    nominations: list[Proposed] = field(default_factory=list)

    @property
    def said(self) -> str:
        """The difference, as a question says it."""
        return (
            f"khác nhau ở {', '.join(self.differs)}"
            if self.differs
            else "cùng tên" + (f", cùng ngày sinh {self.birth_date:%d/%m/%Y}" if self.birth_date else "")
        )


def known(
    session: Session, wanted: Sequence[Any], *, unit_id: int | None = None, but: Collection[int] = ()
) -> list[list[Alike]]:
    """For each of those wanted (`rules.likeness.Who`) who may be the same, among the nominees of a unit and of those it
    took over; of every unit where none is named.
    """
    by_key: dict[tuple[str, str], list[Alike]] = defaultdict(list)
    rows: dict[int, Alike] = {}
    within = units.lineage(session, unit_id) if unit_id is not None else None
    for chunk in chunks(sorted({likeness.key(who.name) for who in wanted})):
        query = (
            sa.select(_P.id, _P.code, _P.kind, _P.name, _P.birth_date, _P.namesake, _P.alike_key, _U.code.label("unit"),
                      _U.name.label("unit_name"))
            .join_from(Nominee, Unit, _P.unit_id == _U.id)
            .where(_P.alike_key.in_(chunk))
            .order_by(_P.id)
        )  # fmt: skip
        if within is not None:
            query = query.where(_P.unit_id.in_(within))
        for row in session.execute(query):
            one = Alike(row.id, row.code, row.kind, row.name, row.birth_date, row.namesake, row.unit, row.unit_name, ())
            by_key[row.kind, row.alike_key].append(one)
            rows[row.id] = one
    _with_nominations(session, rows, but)
    found = []
    for who in wanted:
        alike = []
        for one in by_key.get((who.kind, likeness.key(who.name)), []):
            differs = likeness.why(who, one)
            if differs is not None:
                alike.append(
                    Alike(one.nominee, one.code, one.kind, one.name, one.birth_date, one.namesake, one.unit,
                          one.unit_name, tuple(differs), one.nominations)
                )  # fmt: skip
        found.append(alike)
    return found


def _with_nominations(session: Session, rows: dict[int, Alike], but: Collection[int]) -> None:
    for part in chunks(list(rows)):
        query = (
            sa.select(_N.nominee_id, _N.id, _N.code, _N.round_id, _R.code.label("round"), _N.award, _N.achievement_key,
                      _N.state, _N.position, _N.workplace)
            .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
            .where(_N.nominee_id.in_(part))
            .order_by(_N.id)
        )  # fmt: skip
        for row in session.execute(query):
            if row.id not in but:
                rows[row.nominee_id].nominations.append(
                    Proposed(
                        row.code,
                        row.round_id,
                        row.round,
                        row.award,
                        row.achievement_key,
                        row.state,
                        row.position,
                        row.workplace,
                    )
                )


def told_apart(who: Any, its: Any, one: Alike) -> bool:
    """Were these two told apart before: namesakes of one unit, each with a record of its own?"""
    return bool(its.id) and nominees.called(who) == nominees.called(one) and its.namesake != one.namesake


def questions(
    session: Session,
    unit_id: int,
    round_id: int,
    proposals: Sequence[Any],
    who: Sequence[nominees.Known],
    achievement_key: Any,
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """What to ask of rows that somebody hands in: (stop and answer, to be minded), each (place in the list, question).

    A row that says «Người khác» has answered.
    """
    stop: list[tuple[int, str]] = []
    mind: list[tuple[int, str]] = []
    done: set[int] = set()
    for place, earlier, differs, close in _among(proposals, who):
        row, other = proposals[place], proposals[earlier]
        where = f"dòng {other.row}" if other.row else "hồ sơ khác"
        said = _differ(differs, row)
        if close and row.award == other.award:
            stop.append((place, f"«{row.name}» đã có ở {where} («{other.name}», {said}) với cùng danh hiệu, hình thức. "
                         f"Nếu là một người, hãy xóa một dòng. {_if_two()}"))  # fmt: skip
            done.add(place)
        else:
            mind.append(
                (
                    place,
                    f"«{row.name}» và «{other.name}» ở {where} có thể là một người ({said}). {_if_one()} {_if_two()}",
                )
            )
            done.add(place)
    for place, alike in enumerate(known(session, proposals, unit_id=unit_id)):
        row, its = proposals[place], who[place]
        others = [one for one in alike if one.nominee != its.id and not told_apart(row, its, one)]
        if row.another or place in done or not others:
            continue
        key = achievement_key(row.achievement)
        same = [
            (one, nomination)
            for one in others
            for nomination in one.nominations
            if (nomination.round_id, nomination.award, nomination.achievement_key) == (round_id, row.award, key)
            and nomination.state not in ENDED
            and (bool(row.birth_date and one.birth_date) or one_post(row, nomination))
        ]
        if same and not its.id:
            one, nomination = same[0]
            stop.append((place, f"«{row.name}» có thể là «{one.name}» đã được đề nghị cùng danh hiệu, hình thức trong đợt "
                         f"({nomination.code}; {one.said}). Nếu là một người, hãy bỏ hồ sơ này. {_if_two()}"))  # fmt: skip
        elif not its.id:
            one = others[-1]
            last = one.nominations[-1].code if one.nominations else one.code
            mind.append((place, f"«{row.name}» có thể là «{one.name}» mà đơn vị ({one.unit}) đã đề nghị trước đây ({last}; "
                         f"{one.said}). {_if_one()} {_if_two()}"))  # fmt: skip
    return stop, mind


def _if_two() -> str:
    return f"Nếu là hai người, hãy ghi «{ANSWER}» vào mục «{COLUMN}» của dòng này."


def _if_one() -> str:
    return "Hệ thống không tự gộp: nếu là một người, hãy ghi tên và ngày sinh như lần trước."


def _differ(differs: Sequence[str], row: Any) -> str:
    if differs:
        return f"khác nhau ở {', '.join(differs)}"
    return f"cùng ngày sinh {row.birth_date:%d/%m/%Y}" if row.birth_date else "cùng tên"


def one_post(one: Any, other: Any) -> bool:
    """May they stand in one post: nothing of post and workplace differs that both say?"""
    said = [
        {nominees.same_text(getattr(who, name)) for who in (one, other)} - {""} for name in ("position", "workplace")
    ]
    return all(len(values) < 2 for values in said)


def _among(proposals: Sequence[Any], who: Sequence[nominees.Known]) -> Iterable[tuple[int, int, list[str], bool]]:
    """Rows of one list that may name one person: (the later one's place, the earlier one's, what differs, surely enough).

    Not surely where two posts are said and nothing else: that is for people to know.
    """
    met: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(proposals):
        earlier = met[row.kind, likeness.key(row.name)]
        for other in () if row.another else earlier:
            before = proposals[other]
            differs = likeness.why(row, before)
            apart = bool(who[place].id and who[other].id) and who[place] is not who[other]
            if differs is None or apart or (row.award != before.award and not differs):
                continue
            close = bool(row.birth_date and before.birth_date) or one_post(row, before)
            if close or row.kind == NomineeKind.INDIVIDUAL:
                yield place, other, differs, close
                break
        earlier.append(place)


@dataclass(frozen=True, slots=True)
class Candidate:
    """For a nomination in review: somebody who may be its nominee; `namesake`, where name and birth date are the same
    to the letter within the unit and those it became or took over, and only the post told them apart.
    """

    one: Alike
    namesake: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """For a nomination in review: records of possibly the same person, and whether they have the same award in this round."""

    one: Alike
    nomination: Proposed
    twice: bool


def candidates(session: Session, rows: Sequence[Any]) -> dict[int, list[Candidate]]:
    """By nomination id, for snapshots of the office's own: everybody alike, over all units.

    Of another unit only with the same birth date or the same workplace: a name alone is many people's.
    """
    said = {
        row.id: row
        for part in chunks([row.id for row in rows])
        for row in session.execute(
            sa.select(_N.id, _N.name, _N.birth_date, _N.workplace, _N.award, _N.round_id, _N.nominee_id, _N.unit_id, _P.kind,
                      _P.namesake, _P.code)
            .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
            .where(_N.id.in_(part))
        )
    }  # fmt: skip
    wanted = list(said.values())
    lineages: dict[int, Collection[int]] = {}
    unit_ids = as_mapping(session.execute(sa.select(_U.code, _U.id)))
    found: dict[int, list[Candidate]] = {}
    for row, alike in zip(wanted, known(session, wanted), strict=True):
        near = lineages.setdefault(row.unit_id, units.lineage(session, row.unit_id))
        for one in alike:
            if one.nominee == row.nominee_id:
                continue
            namesake = unit_ids[one.unit] in near and nominees.called(row) == nominees.called(one)
            if (
                unit_ids[one.unit] not in near
                and not (row.birth_date and one.birth_date)
                and not any(
                    nominees.same_text(said.workplace) == nominees.same_text(row.workplace) != ""
                    for said in one.nominations
                )
            ):
                continue
            found.setdefault(row.id, []).append(Candidate(one, namesake))
    return found


def asked(rows: Sequence[Any], alike: Mapping[int, Sequence[Candidate]]) -> dict[int, list[Asked]]:
    """By nomination id what the reviewer is asked of `candidates`; not of namesakes whom the unit told apart."""
    found: dict[int, list[Asked]] = {}
    for row in rows:
        for candidate in alike.get(row.id, ()):
            one = candidate.one
            standing = [each for each in one.nominations if each.state not in ENDED]
            twice = [each for each in standing if (each.round_id, each.award) == (row.round_id, row.award)]
            if standing and not candidate.namesake:
                found.setdefault(row.id, []).append(Asked(one, (twice or standing)[-1], bool(twice)))
    return found


def finding(about: Sequence[Asked]) -> dict[str, Any]:
    """The reviewer's finding: `unknown` where one person may be proposed twice for one award, else a hint."""
    twice = next((one for one in about if one.twice), None)
    said = twice or about[0]
    what = "cùng danh hiệu, hình thức trong đợt này" if twice else f"trong đợt {said.nomination.round}"
    return {
        "rule": "nominee.alike",
        "verdict": "unknown" if twice else "met",
        "found": said.nomination.code,
        "citation": {"document": "06/2022/QH15", "article": "5", "clause": "2", "point": "c"},
        "status": "V1",
        "message": f"Có thể là cùng người với «{said.one.name}» ({said.nomination.code}, {said.one.unit_name}) được đề nghị {what}: "
        f"{said.one.said}. Hãy đối chiếu với đơn vị; hệ thống không tự gộp.",
    }
