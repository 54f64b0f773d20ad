"""The facts of one nomination, as docs/contract.md §4 names them. Nothing here judges; it only reads.

A list that is present is complete, an absent list is unknown. What cannot be true (14 of 13 members) is
refused as `impossible_facts`, an unknown key as `unknown_key`: both are unreadable input, never a guess.
"""

import json
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)

from rules import pack_files
from rules.refusal import Unreadable
from rules.vocabulary import DisciplineForm, Level, NomineeKind, Pending, Rating, RoundKind, Scope, WorkerGroup

SimplifiedGround = Literal["85.1.a", "85.1.b", "85.1.c", "85.1.d", "85.1.đ"]


def _known_award(award: str) -> str:
    if award not in pack_files.award_ids():
        raise ValueError("không gói luật nào có danh hiệu, hình thức này")
    return award


AwardId = Annotated[str, AfterValidator(_known_award)]  # the packs say which there are


def _year_key(value: Any) -> Any:
    """JSON object keys are texts: exactly four digits, so that two spellings of one year cannot stand side by side."""
    if isinstance(value, str):
        if len(value) == 4 and value.isascii() and value.isdigit():
            return int(value)
        raise ValueError("năm phải viết bằng bốn chữ số")
    return value


def _composed(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return unicodedata.normalize("NFC", value)
    return value


Year = Annotated[StrictInt, Field(ge=1945, le=2100)]
YearKey = Annotated[int, BeforeValidator(_year_key), Field(strict=True, ge=1945, le=2100)]
Text = Annotated[str, BeforeValidator(_composed), Field(min_length=1, max_length=200)]
Provision = Annotated[
    str, BeforeValidator(_composed), Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2}(\.[a-zđ])?)?$", max_length=9)
]


class Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NomineeFacts(Facts):
    kind: NomineeKind
    worker_group: WorkerGroup | None = None
    employed_months: Annotated[StrictInt, Field(ge=0, le=1200)] | None = None
    foreign: StrictBool | None = None


class HeldAward(Facts):
    award: AwardId
    year: Year


class Merit(Facts):
    year: Year
    scope: Literal[Scope.BASE, Scope.PROVINCE, Scope.NATION]


class CombatMerit(Facts):
    year: Year
    scope: Literal[Scope.BASE, Scope.FORCE, Scope.NATION]


class Discipline(Facts):
    year: Year
    form: DisciplineForm


class Achievement(Facts):
    id: Text | None = None
    already_awarded: tuple[AwardId, ...] | None = None


class CollectiveFacts(Facts):
    """Counts of people; `ldtt` counts Lao động tiên tiến (Chiến sĩ tiên tiến in the armed forces)."""

    members: StrictInt | None = None
    ldtt: StrictInt | None = None
    completed: StrictInt | None = None
    cstdcs: StrictInt | None = None
    disciplined_from_canh_cao: StrictInt | None = None
    rating: Rating | None = None
    founded: StrictInt | None = None


class CaseParameters(Facts):
    """Parameters of the office's regulation given with the case; a round's regulation file is the usual source."""

    quota_percent_of_ldtt: Annotated[StrictInt, Field(ge=0, le=100)] | None = None
    standard: Text | None = None


class Case(Facts):
    """Everything the rules may ask about one nomination. Keys are those of docs/contract.md §4; anything else is refused."""

    award: AwardId
    level: Level
    kind: RoundKind
    simplified_ground: Annotated[SimplifiedGround, BeforeValidator(_composed)] | None = None
    nominee: NomineeFacts
    year: Year
    ratings: dict[YearKey, Rating] | None = None
    titles: tuple[HeldAward, ...] | None = None
    commendations: tuple[HeldAward, ...] | None = None
    initiatives: tuple[Merit, ...] | None = None
    research: tuple[Merit, ...] | None = None
    combat: tuple[CombatMerit, ...] | None = None
    grounds: tuple[Provision, ...] | None = None
    not_attested: tuple[Provision, ...] | None = None
    disciplines: tuple[Discipline, ...] | None = None
    pending: tuple[Pending, ...] | None = None
    achievement: Achievement | None = None
    collective: CollectiveFacts | None = None
    regulation: dict[AwardId, CaseParameters] | None = None

    def model_post_init(self, _context: Any, /) -> None:
        if self.collective is not None:
            _refuse_impossible(self.collective, year=self.year, ratings=self.ratings or {})


def _refuse_impossible(facts: CollectiveFacts, *, year: int, ratings: Mapping[int, str]) -> None:
    """Raise Unreadable `impossible_facts` for counts of people that no collective can have."""
    if facts.members is not None and facts.members <= 0:
        raise _impossible("collective.members", f"Tập thể có {facts.members} thành viên")
    for name in ("ldtt", "completed", "cstdcs", "disciplined_from_canh_cao"):
        count = getattr(facts, name)
        if count is None:
            continue
        if count < 0:
            raise _impossible(f"collective.{name}", f"Số người âm: {count}")
        if facts.members is not None and count > facts.members:
            raise _impossible(f"collective.{name}", f"{count} trong số {facts.members} thành viên")
    if facts.founded is not None and facts.founded > year:
        raise _impossible("collective.founded", f"Thành lập năm {facts.founded}, sau năm xét {year}")
    stated = ratings.get(year)
    if facts.rating is not None and stated is not None and stated != facts.rating:
        raise _impossible("collective.rating", f"Hai xếp loại cho năm {year}: {stated} và {facts.rating}")


def _impossible(key: str, message: str) -> Unreadable:
    return Unreadable("impossible_facts", f"Dữ kiện không thể có: {message}.", where={"key": key})


def read(facts: Any) -> Case:
    """The case of a decoded JSON value.

    Raises Unreadable: `unknown_key` with the key named, `bad_value`, `impossible_facts`.
    """
    try:
        return Case.model_validate(facts)
    except ValidationError as invalid:
        raise unreadable(invalid) from invalid


def read_json(text: str) -> Case:
    """The case of a JSON text. A key written twice is two values of one fact: `impossible_facts`."""
    return read(decode(text))


def decode(text: str) -> Any:
    """JSON without the two silent losses of `json.loads`: doubled keys and NaN. Raises Unreadable."""
    try:
        return json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_constant)
    except json.JSONDecodeError as broken:
        raise Unreadable(
            "bad_json", f"Không đọc được JSON: {broken.msg}.", where={"line": broken.lineno, "column": broken.colno}
        ) from broken
    except (RecursionError, ValueError):  # nested beyond all sense; a number of thousands of digits
        raise Unreadable("bad_json", "Không đọc được JSON: lồng quá sâu hoặc số quá dài.") from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _impossible(key, f"“{key}” có hai giá trị")
        seen[key] = value
    return seen


def _no_constant(name: str) -> Any:
    raise Unreadable("bad_json", f"“{name}” không phải là số.", where={"value": name})


def unreadable(invalid: ValidationError) -> Unreadable:
    """The first complaint of pydantic as an Unreadable; a stray key wins, because it explains the others."""
    complaints = invalid.errors(include_url=False, include_context=False)
    complaint = next((one for one in complaints if one["type"] == "extra_forbidden"), complaints[0])
    key = ".".join(str(part) for part in complaint["loc"] if part != "[key]")
    if complaint["type"] == "extra_forbidden" or complaint["loc"][-1:] == ("[key]",):
        return Unreadable("unknown_key", f"Khóa không được biết đến: “{key}”.", where={"key": key})
    if complaint["type"] == "missing":
        return Unreadable("missing_key", f"Thiếu khóa bắt buộc: “{key}”.", where={"key": key})
    return Unreadable("bad_value", f"Giá trị của “{key}” không hợp lệ: {complaint['msg']}.", where={"key": key})
