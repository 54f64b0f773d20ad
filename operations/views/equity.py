"""Equity figures: the share of the groups that the law and the office's own letter name, among nominees and awards.

Law 06/2022 Art. 5.2.d asks for attention to direct workers and to border and extremely difficult areas, Art. 5.3 for
equality of men and women; the letter of March 2024 that this system answers adds, in its paragraph 4, enterprises and farmers. Figures for reports: no rule of
eligibility reads them. What the data does not say is counted as unknown, never guessed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Nomination, Nominee, ReviewRound, Unit
from models.types import table
from operations import record, rounds
from operations.home_affairs_review import cases
from rules import names
from rules.lifecycle import State
from rules.vocabulary import Level, NomineeKind
from rules.wording import thousands

SMALL = 5  # a cell below this could point at a person
LESS, ALL_BUT_LESS, NOT_KNOWN = "ít hơn 5", "tất cả, trừ ít hơn 5", "chưa rõ"
NOT_PROPOSED = (State.DRAFT.value, State.WITHDRAWN.value)
AWARDED = (State.SIGNED.value, State.DISCLOSED.value, State.CLOSED.value)
_N, _P, _U, _R = (table(model).c for model in (Nomination, Nominee, Unit, ReviewRound))


@dataclass(frozen=True, slots=True)
class Part:
    """A group within a total; None where a small cell is suppressed. `text` says it in words for the page."""

    count: int | None
    unknown: int | None
    total: int
    permille: int | None  # of those of whom it is known
    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """One group: its name, how it is told from the data, and its part of nominees and of awards."""

    group: str
    name: str
    definition: str
    nominees: Part
    awards: Part


@dataclass(frozen=True, slots=True)
class _Group:
    group: str
    name: str
    definition: str
    # Of (kind, gender, ethnicity, object_class, unit level): is it one? None: not to be told. A group of whom the
    # question does not ask (a collective has no gender) answers with `_APART`.
    tell: Callable[[Any], Any]


_APART = object()


def _direct(row: Any) -> Any:
    if row.kind != NomineeKind.INDIVIDUAL:
        return _APART
    said = names.fold(row.object_class or "")
    if "truc tiep" in said or cases.worker_group(row.object_class) in {"worker", "farmer"}:
        return True
    if "lanh dao" in said or "quan ly" in said or cases.worker_group(row.object_class) == "entrepreneur":
        return False
    return None


def _woman(row: Any) -> Any:
    if row.kind != NomineeKind.INDIVIDUAL:
        return _APART
    return {"nu": True, "nam": False}.get(names.fold(row.gender or ""))


def _minority(row: Any) -> Any:
    if row.kind != NomineeKind.INDIVIDUAL:
        return _APART
    said = names.fold(row.ethnicity or "")
    return None if not said else not said.startswith("kinh")


def _farmer(row: Any) -> Any:
    if row.kind not in {NomineeKind.INDIVIDUAL, NomineeKind.HOUSEHOLD}:
        return _APART
    group = cases.worker_group(row.object_class)
    return None if group is None else group == "farmer"


GROUPS: tuple[_Group, ...] = (
    _Group(
        "direct_workers",
        "Người trực tiếp lao động, công tác",
        "Cá nhân có «Phân loại đối tượng» ghi trực tiếp, công nhân, người lao động hoặc nông dân; lãnh đạo, quản lý, "
        "doanh nhân không tính (biểu 0603 Thông tư 02/2023/TT-BNV). Chỉ ghi công chức, viên chức thì chưa rõ.",
        _direct,
    ),
    _Group("women", "Phụ nữ", "Cá nhân có «Giới tính» là Nữ (khoản 3 Điều 5 Luật 06/2022/QH15).", _woman),
    _Group("minorities", "Người dân tộc thiểu số", "Cá nhân có «Dân tộc» khác Kinh.", _minority),
    _Group(
        "communes",
        "Cơ sở cấp xã",
        "Do đơn vị cấp xã đề nghị. Dữ liệu chưa ghi xã vùng sâu, vùng xa, biên giới hay đặc biệt khó khăn nên không "
        "tách riêng được (điểm d khoản 2 Điều 5 Luật 06/2022/QH15).",
        lambda row: row.level == Level.COMMUNE,
    ),
    _Group(
        "farmers",
        "Nông dân",
        "Cá nhân, hộ gia đình có «Phân loại đối tượng» là nông dân; không ghi thì chưa rõ.",
        _farmer,
    ),
    _Group(
        "enterprises", "Doanh nghiệp", "Loại khen thưởng doanh nghiệp.", lambda row: row.kind == NomineeKind.ENTERPRISE
    ),
)


def of_round(session: Session, code: str, *, public: bool = False) -> list[Share]:
    """The shares within one round. With `public`, small cells are suppressed. Raises Refusal `unknown_round`."""
    round_ = rounds.by_code(session, code)
    return _shares(session, round_.id, public=public)


def overall(session: Session, *, year: int | None = None, public: bool = False) -> list[Share]:
    """The shares over all rounds, or those of one year."""
    return _shares(session, None, year=year, public=public)


_Known = dict[tuple[str, int | None, int | None], tuple[int, list[Any]]]
_KNOWN: _Known = {}  # the groups as of one size of the ledger: every change of them is an entry in it
_MOST_KNOWN = 16


def _shares(session: Session, round_id: int | None, *, year: int | None = None, public: bool) -> list[Share]:
    """Nominees are counted once however often they are proposed; awards each."""
    rows = _grouped(session, round_id, year)
    return [
        Share(
            one.group,
            one.name,
            one.definition,
            _part([(one.tell(row), row.nominees) for row in rows], public=public),
            _part([(one.tell(row), row.awards) for row in rows], public=public),
        )
        for one in GROUPS
    ]


def _grouped(session: Session, round_id: int | None, year: int | None) -> list[Any]:
    place = (str(session.get_bind().engine.url), round_id, year)
    size = record.size(session)
    known = _KNOWN.get(place)
    if known is not None and known[0] == size:
        return known[1]
    awarded = sa.func.sum(sa.case((_N.state.in_(AWARDED), 1), else_=0))
    each = (
        sa.select(
            _N.nominee_id, sa.func.max(_N.unit_id).label("unit_id"),
            *(sa.func.max(column).label(column.name) for column in (_N.object_class, _N.gender, _N.ethnicity)),
            awarded.label("awards"),
        )
        .where(_N.state.not_in(NOT_PROPOSED))
        .group_by(_N.nominee_id)
    )  # fmt: skip
    if round_id is not None:
        each = each.where(_N.round_id == round_id)
    if year is not None:
        each = each.where(_N.round_id.in_(sa.select(_R.id).where(_R.year == year)))
    one = each.subquery()
    by = (_P.kind, one.c.gender, one.c.ethnicity, one.c.object_class, _U.level)
    query = (
        sa.select(*by, sa.func.count().label("nominees"), sa.func.sum(one.c.awards).label("awards"))
        .join_from(one, Nominee, one.c.nominee_id == _P.id)
        .join(Unit, one.c.unit_id == _U.id)
        .group_by(*by)
    )
    rows = list(session.execute(query))
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[place] = (size, rows)
    return rows


def _part(told: list[tuple[Any, int]], *, public: bool) -> Part:
    asked = [(answer, int(count)) for answer, count in told if answer is not _APART]
    total = sum(count for _, count in asked)
    count = sum(count for answer, count in asked if answer is True)
    unknown = sum(count for answer, count in asked if answer is None)
    others = total - count - unknown
    known = count + others
    if not known:
        return Part(None if public else 0, unknown if not public or unknown >= SMALL else None, total, None, NOT_KNOWN)
    permille = (count * 1000 + known // 2) // known
    # Whoever is not in the group is the total less the group: both cells must be large enough.
    if public and (count < SMALL or others < SMALL):
        return Part(None, None, total, None, LESS if count < SMALL else ALL_BUT_LESS)
    shown = None if public and 0 < unknown < SMALL else unknown
    return Part(count, shown, total, permille, thousands(count) + f" ({permille // 10},{permille % 10} %)")
