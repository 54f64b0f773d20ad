"""Award money (tiền thưởng): multiplier × factor × base salary on the decision's date, integers only.

The figures are dated data (`data/cash.yaml`), each with its source and how sure it is. What nobody has read is refused
with the number of the open question; what is only remembered applies once a named person has confirmed its rule.
"""

import functools
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rules import calendar as working_calendar
from rules import pack_files, vocabulary
from rules.refusal import Citation, Refusal, Unreadable
from rules.vocabulary import NomineeKind

LAW = "06/2022/QH15"
ROUND_TO = 10_000
HUNDREDTHS = 100
SHIPPED = Path(__file__).parent / "data" / "cash.yaml"

SUBJECT_NAMES = vocabulary.names(NomineeKind)
_Subject = Annotated[NomineeKind, Field(strict=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class _Figure(_Strict):
    """A multiplier or factor in hundredths; without a number it is a gap, with status MEM it waits for confirmation."""

    hundredths: int | None = Field(default=None, gt=0)
    source: str | None = None
    status: Literal["V1", "V2", "SEC", "MEM"] | None = None
    rule: str | None = None
    open_question: int | None = Field(default=None, ge=1)
    what: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        known = self.hundredths is not None
        if known != (self.source is not None) or known != (self.status is not None):
            raise ValueError("a number needs its source and status, a gap has neither")
        unsure = not known or self.status == "MEM"
        if unsure != (self.open_question is not None) or unsure != (self.what is not None):
            raise ValueError("open_question and what belong to a gap or a MEM number, and only to those")
        if (self.rule is not None) != (known and unsure):
            raise ValueError("a MEM number, and only that, has a rule id to confirm")
        return self


class _Sourced(_Strict):
    source: str
    status: Literal["V1", "V2", "SEC"]


class _BaseSalary(_Sourced):
    amount: int = Field(gt=0)
    first: date = Field(alias="from")
    last: date | None = Field(alias="to")


class _Regime(_Strict):
    id: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    document: str
    rounding: _Sourced


class _Gap(_Strict):
    open_question: int
    what: str


class _Remembered(_Strict):
    """A rule without a number of its own that applies once a named person has confirmed it."""

    rule: str
    source: str
    status: Literal["MEM"]
    open_question: int = Field(ge=1)
    what: str


class _Provision(_Strict):
    article: str
    clause: str | None = None
    point: str | None = None


class _Award(_Strict):
    name: str
    subjects: list[_Subject] = Field(min_length=1)
    law: _Provision
    factor: str
    multipliers: dict[str, _Figure]


class _Table(_Strict):
    base_salaries: list[_BaseSalary] = Field(min_length=1)
    regimes: list[_Regime] = Field(min_length=1)
    before: _Gap
    after: _Gap
    titles_of_one_year: _Remembered
    factors: dict[str, dict[_Subject, _Figure]]
    awards: dict[str, _Award]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_gaps_in_time([(regime.first, regime.last) for regime in self.regimes])
        _refuse_gaps_in_time([(salary.first, salary.last or date.max) for salary in self.base_salaries])
        names = [regime.id for regime in self.regimes]
        for award_id, award in self.awards.items():
            if sorted(award.multipliers) != sorted(names):
                raise ValueError(f"{award_id}: one multiplier or gap a regime, no other")
            factors = self.factors.get(award.factor)
            if factors is None or not set(award.subjects) <= set(factors):
                raise ValueError(f"{award_id}: no factor of group {award.factor} for each of its subjects")
        return self


def _refuse_gaps_in_time(spans: list[tuple[date, date]]) -> None:
    for (first, last), (following, _) in zip(spans, [*spans[1:], (None, None)], strict=True):
        if last < first or (following is not None and following != last + timedelta(days=1)):
            raise ValueError(f"{first}..{last}: spans must follow each other day by day")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one figure of the sum comes from and how sure it is; `rule` when a named person confirmed it."""

    what: str
    source: str
    status: str
    rule: str | None = None

    def as_json(self) -> dict[str, Any]:
        sourced: dict[str, Any] = {"what": self.what, "source": self.source, "status": self.status}
        return sourced if self.rule is None else {**sourced, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Cash:
    """An award's money in đồng and the figures it was computed from."""

    award: str
    subject: str
    on: date
    base_salary: int
    multiplier_hundredths: int
    factor_hundredths: int
    amount: int
    sources: tuple[Source, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "award": self.award,
            "subject": self.subject,
            "on": self.on.isoformat(),
            "base_salary": self.base_salary,
            "multiplier_hundredths": self.multiplier_hundredths,
            "factor_hundredths": self.factor_hundredths,
            "amount": self.amount,
            "sources": [source.as_json() for source in self.sources],
        }


class Rates:
    """The dated figures of award money. Immutable; build it with `Rates.read`, or take `shipped()`."""

    def __init__(self, table: _Table, *, version: str) -> None:
        self._table = table
        self.version = version

    @classmethod
    def read(cls, text: str, *, where: str = "cash.yaml") -> Self:
        """Validate the figures from YAML text. Raises Unreadable for unknown keys, overlapping dates, lost sources."""
        return cls(_validated(_loaded(text, where), where), version=hashlib.sha256(text.encode()).hexdigest()[:12])

    @classmethod
    def of_packs(cls, folder: Path) -> Self:
        """The shipped figures and those of the awards that packs of this folder bring with them (`cash.yaml` in a pack).

        Raises Unreadable as `read`, and for an award whose figures are there already.
        """
        texts = [SHIPPED.read_text(encoding="utf-8")]
        table = _loaded(texts[0], SHIPPED.name)
        for path in sorted(folder.glob("*/cash.yaml")):
            where = f"{path.parent.name}/{path.name}"
            texts.append(path.read_text(encoding="utf-8"))
            brought = _loaded(texts[-1], where)
            awards = brought.get("awards", {})
            if set(brought) != {"awards"} or not isinstance(awards, dict) or set(awards) & set(table["awards"]):
                raise _unreadable("chỉ có `awards`, của danh hiệu, hình thức chưa có hệ số", where)
            table["awards"] |= awards
            _validated(table, where)
        version = hashlib.sha256("\0".join(texts).encode() if len(texts) > 1 else texts[0].encode()).hexdigest()[:12]
        return cls(_validated(table, SHIPPED.name), version=version)

    @property
    def awards(self) -> tuple[str, ...]:
        return tuple(self._table.awards)

    @property
    def rules_to_confirm(self) -> tuple[str, ...]:
        """Rule ids of remembered figures that a named person may confirm in the office's regulation."""
        groups: list[Iterable[_Figure]] = [award.multipliers.values() for award in self._table.awards.values()]
        groups += [factors.values() for factors in self._table.factors.values()]
        figures = {figure.rule for group in groups for figure in group if figure.rule is not None}
        return tuple(sorted(figures | {self._table.titles_of_one_year.rule}))

    @property
    def titles_of_one_year(self) -> _Remembered:
        """The rule on several titles of one person and one year."""
        return self._table.titles_of_one_year

    def award(self, award: str) -> _Award:
        found = self._table.awards.get(award)
        if found is None and award in pack_files.award_ids():
            raise _unknown(f"{pack_files.spoken()[award]}”", [_Gap(open_question=6, what=_NO_FIGURE)])
        if found is None:
            raise Unreadable("unknown_award", f"Không có danh hiệu, hình thức “{award}”.", where={"award": award})
        return found

    def regime(self, on: date) -> _Regime | _Gap:
        for regime in self._table.regimes:
            if regime.first <= on <= regime.last:
                return regime
        return self._table.before if on < self._table.regimes[0].first else self._table.after

    def base_salary(self, on: date) -> _BaseSalary | None:
        for salary in self._table.base_salaries:
            if salary.first <= on and (salary.last is None or on <= salary.last):
                return salary
        return None

    def factor(self, award: _Award, subject: NomineeKind) -> _Figure:
        return self._table.factors[award.factor][subject]


_NO_FIGURE = "gói luật không kèm hệ số của danh hiệu, hình thức này (tệp cash.yaml trong gói)"


def _loaded(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _unreadable(error, where) from None


def _validated(table: Any, where: str) -> _Table:
    try:
        return _Table.model_validate(table)
    except ValidationError as error:
        raise _unreadable(error, where) from None


def _unreadable(why: object, where: str) -> Unreadable:
    return Unreadable("cash_table", f"Bảng tiền thưởng không đọc được: {why}", where={"file": where})


def shipped() -> Rates:
    """The figures as shipped, with those of the packs; read once."""
    return _of_packs(pack_files.PACKS)


@functools.cache
def _of_packs(folder: Path) -> Rates:
    return Rates.of_packs(folder)


def compute(award: str, subject: str, on: date, *, confirmed: Collection[str] = (), rates: Rates | None = None) -> Cash:
    """The money in đồng that goes with `award` for `subject` when decided on `on`, with the source of each figure.

    `confirmed` holds ids of remembered rules (such as `gk_huyen.cash`) that a named person confirmed in the office's
    regulation. Raises Unreadable for an unknown award or subject, Refusal `wrong_subject` when the award is never
    given to that subject (Luật 06/2022/QH15 Điều 5.2.b) and Refusal `unknown_multiplier` with the open question's
    number when a figure was not read. Nghị định 98/2023/NĐ-CP and 152/2025/NĐ-CP, Điều 54.
    """
    rates = rates or shipped()
    if not isinstance(on, date) or isinstance(on, datetime):
        raise Unreadable("not_a_date", "Ngày quyết định phải là một ngày (không kèm giờ).", where={"on": str(on)})
    entry = rates.award(award)
    known_subject = _known_subject(subject)
    if known_subject not in entry.subjects:
        allowed = ", ".join(SUBJECT_NAMES[name] for name in entry.subjects)
        raise Refusal(
            "wrong_subject",
            f"“{entry.name}” chỉ tặng cho {allowed} (Điều {entry.law.article} Luật {LAW}), "
            f"không tặng cho {SUBJECT_NAMES[known_subject]}.",
            citation=Citation(document=LAW, article="5", clause="2", point="b"),
        )
    regime = rates.regime(on)
    salary = rates.base_salary(on)
    if isinstance(regime, _Gap):
        raise _unknown(f"{entry.name}” tại ngày {on:%d/%m/%Y}", [regime])
    multiplier = entry.multipliers[regime.id]
    factor = rates.factor(entry, known_subject)
    gaps = [figure for figure in (multiplier, factor) if not _usable(figure, confirmed)]
    if gaps or salary is None or multiplier.hundredths is None or factor.hundredths is None:
        raise _unknown(f"{entry.name}” tại ngày {on:%d/%m/%Y}", gaps)
    return Cash(
        award=award,
        subject=known_subject,
        on=on,
        base_salary=salary.amount,
        multiplier_hundredths=multiplier.hundredths,
        factor_hundredths=factor.hundredths,
        amount=amount(salary.amount, multiplier_hundredths=multiplier.hundredths, factor_hundredths=factor.hundredths),
        sources=(
            Source("base_salary", salary.source, salary.status),
            Source("multiplier", multiplier.source or "", multiplier.status or "", multiplier.rule),
            Source("factor", factor.source or "", factor.status or "", factor.rule),
            Source("rounding", regime.rounding.source, regime.rounding.status),
        ),
    )


def known_amount(award: str, subject: str, on: date, *, confirmed: Collection[str] = ()) -> int | None:
    """What `compute` says in đồng, by the shipped rates; None where it refuses."""
    return _known_amount(award, subject, on, frozenset(confirmed), shipped())


@functools.lru_cache(maxsize=4096)
def _known_amount(award: str, subject: str, on: date, confirmed: frozenset[str], rates: Rates) -> int | None:
    try:
        return compute(award, subject, on, confirmed=confirmed, rates=rates).amount
    except (Refusal, Unreadable):
        return None


def of_one_year(amounts: Mapping[str, int], *, confirmed: Collection[str] = (), rates: Rates | None = None) -> int:
    """What one person gets for all titles of one year, from each title's own money (`compute`), in đồng.

    The highest one's money only, once a named person confirmed the rule `danh_hieu.cash`; one title is its own money.
    Raises Refusal `unknown_multiplier` for several titles without that confirmation: nobody has read the rule in force.
    """
    if len(amounts) < 2:
        return sum(amounts.values())
    stated = (rates or shipped()).titles_of_one_year
    if stated.rule not in confirmed:
        names = ", ".join(pack_files.spoken()[award] for award in sorted(amounts))
        raise Refusal(
            "unknown_multiplier",
            f"Chưa xác định được tổng tiền thưởng của một người có nhiều danh hiệu cùng một năm ({names}): {stated.what} "
            f"(câu hỏi mở số {stated.open_question}). Người có thẩm quyền đối chiếu văn bản rồi xác nhận quy tắc "
            f"“{stated.rule}” trong quy chế của cơ quan.",
            citation=Citation(document=LAW, article="11", clause="5"),
            details={
                "open_question": stated.open_question,
                "to_confirm": [{"rule": stated.rule, "source": stated.source}],
            },
        )
    return max(amounts.values())


def amount(base_salary: int, *, multiplier_hundredths: int, factor_hundredths: int = HUNDREDTHS) -> int:
    """Đồng, rounded UP to 10.000. Integers only: Decimal's // truncates toward zero and would round down."""
    return -(-base_salary * multiplier_hundredths * factor_hundredths // (HUNDREDTHS**2 * ROUND_TO)) * ROUND_TO


def batch(
    lines: Iterable[Mapping[str, Any]], *, confirmed: Collection[str] = (), rates: Rates | None = None
) -> Iterator[dict[str, Any]]:
    """Lines `award,subject,on` (as text, header = line 1), each with its `amount` or why it was `refused`.

    Raises Unreadable naming the line that cannot be read.
    """
    for number, line in enumerate(lines, start=2):
        try:
            cells = working_calendar.read_cells(line, ("award", "subject", "on"))
            on = working_calendar.read_day(cells["on"], name="on")
            found = compute(cells["award"], cells["subject"], on, confirmed=confirmed, rates=rates)
        except Refusal as refusal:
            yield {**line, "refused": refusal.as_json()["refused"]}
        except Unreadable as problem:
            raise working_calendar.on_line(problem, number) from None
        else:
            yield {**line, "amount": found.amount}


def _known_subject(subject: str) -> NomineeKind:
    try:
        return NomineeKind(subject)
    except ValueError:
        raise Unreadable(
            "unknown_subject",
            f"Đối tượng “{subject}” không hợp lệ; chỉ nhận {', '.join(NomineeKind)}.",
            where={"subject": subject},
        ) from None


def _usable(figure: _Figure, confirmed: Collection[str]) -> bool:
    if figure.hundredths is None:
        return False
    return figure.status != "MEM" or figure.rule in confirmed


def _unknown(name: str, gaps: list[_Figure] | list[_Gap]) -> Refusal:
    reasons = [str(gap.what) for gap in gaps] or ["chưa có mức lương cơ sở tại ngày này"]
    to_confirm = [
        {"rule": gap.rule, "hundredths": gap.hundredths, "source": gap.source}
        for gap in gaps
        if isinstance(gap, _Figure) and gap.rule is not None
    ]
    question = gaps[0].open_question if gaps else 6
    sentence = f"Chưa xác định được tiền thưởng “{name}: {'; '.join(reasons)} (câu hỏi mở số {question})."
    details: dict[str, Any] = {"open_question": question}
    if to_confirm:
        sentence += " Người có thẩm quyền đối chiếu văn bản rồi xác nhận quy tắc trong quy chế của cơ quan."
        details["to_confirm"] = to_confirm
    return Refusal(
        "unknown_multiplier",
        sentence,
        citation=Citation(document=LAW, article="11", clause="5"),
        details=details,
    )
