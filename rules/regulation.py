"""The office's own regulation (Quy chế, Quy định của tỉnh): what no law text sets, signed off as one TOML file.

Nothing here has a silent default. An unset parameter is None until a step asks for it; then the step is refused
with `missing_parameter`, naming what is missing and which document would supply it.
"""

import datetime as dt
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)

from rules import case, names, pack_files
from rules.lifecycle import Stage
from rules.refusal import Citation, Refusal, Unreadable
from rules.vocabulary import BallotKind, RoundKind

SAMPLE_PATH = Path(__file__).parent / "data" / "sample_regulation.toml"

LAW = "06/2022/QH15"
COUNCIL = "Quy chế làm việc của Hội đồng Thi đua - Khen thưởng"
STAGES = ("unit_proposal", "home_affairs_review", "council_vote", "chairman_signature", "public_disclosure")
QUOTA_SUFFIX = "_percent_of_ldtt"

Ballot = BallotKind
Base = Literal["all_members", "attendees", "ballots_cast"]
Absent = Literal["written_opinion", "counts_against"]
Recusal = Literal["leaves_base", "stays_in_base"]
Fraction = tuple[int, int]

NAMES: Mapping[str, str] = {
    "ballot": "hình thức biểu quyết",
    "threshold": "tỷ lệ phiếu cần đạt",
    "base": "tỷ lệ tính trên số nào",
    "quorum": "số thành viên tối thiểu để họp",
    "absent": "cách xử lý thành viên vắng mặt",
    "recusal": "cách tính khi thành viên không tham gia biểu quyết",
    "tellers": "số người kiểm phiếu",
    "shares_needed": "số người kiểm phiếu cần có để mở phiếu",
}


@dataclass(frozen=True, slots=True)
class VoteRule:
    """How the council votes on one award. Fractions are (numerator, denominator); tellers only where ballots are sealed."""

    ballot: Ballot
    threshold: Fraction
    base: Base
    quorum: Fraction
    absent: Absent
    recusal: Recusal
    tellers: int | None = None
    shares_needed: int | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_Fraction = Annotated[
    tuple[Annotated[StrictInt, Field(ge=1)], Annotated[StrictInt, Field(ge=1, le=1000)]], BeforeValidator(_pair)
]
_Said = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


def _known(award: str) -> str:
    if award != "default" and award not in pack_files.award_ids():
        raise ValueError("không phải danh hiệu, hình thức nào")
    return award


_Scope = Annotated[str, AfterValidator(_known)]
_Days = Annotated[StrictInt, Field(ge=1, le=365)]


class _Vote(_Strict):
    ballot: Ballot | None = None
    threshold: _Fraction | None = None
    base: Base | None = None
    quorum: _Fraction | None = None
    absent: Absent | None = None
    recusal: Recusal | None = None
    tellers: Annotated[StrictInt, Field(ge=1, le=15)] | None = None
    shares_needed: Annotated[StrictInt, Field(ge=1, le=15)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in ("threshold", "quorum"):
            fraction = getattr(self, name)
            if fraction is not None and fraction[0] > fraction[1]:
                raise ValueError(f"{name}: tỷ lệ lớn hơn 1")
        return self


class _Time(_Strict):
    unit_proposal: _Days | None = None
    home_affairs_review: _Days | None = None
    council_vote: _Days | None = None
    chairman_signature: _Days | None = None
    public_disclosure: _Days | None = None


class _Composition(_Strict):
    """Who sits in the council. `bodies`: those that must be represented, each as the office calls it."""

    chairman: _Said | None = None
    deputies: Annotated[StrictInt, Field(ge=0, le=20)] | None = None
    members: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    secretary: _Said | None = None
    bodies: tuple[_Said, ...] = ()

    def missing_bodies(self, represented: Iterable[str]) -> tuple[str, ...]:
        """The bodies that nobody stands for: a body is represented where its whole name stands in a member's."""
        present = [f" {names.spelling(body)} " for body in represented]
        return tuple(body for body in self.bodies if not any(f" {names.spelling(body)} " in other for other in present))


class Confirmation(_Strict):
    """A rule known from memory only, which a named officer has confirmed against a document."""

    rule: Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")]
    by: _Said
    document: _Said


class Regulation(_Strict):
    """One regulation file, checked. Use `parse`; `sha256` pins the text it was read from."""

    document: _Said
    number: _Said
    date: Annotated[dt.date, Field(strict=True)]
    sample: StrictBool = False
    vote: dict[_Scope, _Vote] = {}
    times: Annotated[_Time, Field(alias="time")] = _Time()
    quota: dict[str, Annotated[StrictInt, Field(ge=0, le=100)]] = {}
    standards: dict[case.AwardId, _Said] = {}
    copies: dict[_Scope, Annotated[StrictInt, Field(ge=1, le=20)]] = {}
    closing: dict[RoundKind, Annotated[dt.date, Field(strict=True)]] = {}
    composition: _Composition = _Composition()
    confirmed: tuple[Confirmation, ...] = ()
    set_aside: tuple[Confirmation, ...] = ()
    sha256: str = ""

    def vote_rule(self, award: str) -> VoteRule:
        """The rule for that award, `[vote.default]` filling what `[vote.<award>]` leaves out.

        Refused `missing_parameter` where anything the vote needs is unset, each named in `details`.
        """
        values, missing = self._vote_values(award)
        if missing:
            raise missing_parameter(
                [f"vote.{award}.{name}" for name in missing],
                f"Chưa có {', '.join(NAMES[name] for name in missing)}",
                document=COUNCIL,
                citation=Citation(document=LAW, article="90", clause="5"),
            )
        return VoteRule(**values)

    def _vote_values(self, award: str) -> tuple[dict[str, Any], list[str]]:
        own = self.vote.get(award, _Vote())
        general = self.vote.get("default", _Vote())
        values = {}
        for name in NAMES:
            stated = getattr(own, name)
            values[name] = getattr(general, name) if stated is None else stated
        # Shares of a key exist only where ballots are sealed.
        optional = () if values["ballot"] in {None, BallotKind.SECRET} else ("tellers", "shares_needed")
        return values, [name for name in NAMES if values[name] is None and name not in optional]

    def time(self, stage: str) -> int | None:
        """Working days the office gives itself for a stage, None where it has set none. Raises Unreadable."""
        if stage not in STAGES:
            raise Unreadable("unknown_stage", f"Không có bước “{stage}”.", where={"stage": stage})
        value: int | None = getattr(self.times, stage)
        return value

    def quota_percent_of_ldtt(self, award: str) -> int | None:
        """Highest share of an award in percent of Lao động tiên tiến, None where no regulation sets one."""
        return self.quota.get(f"{award.lower()}{QUOTA_SUFFIX}")

    def copies_of(self, award: str) -> int | None:
        stated = self.copies.get(award)
        return self.copies.get("default") if stated is None else stated

    @property
    def confirmed_rules(self) -> frozenset[str]:
        """Ids of the rules from memory that a named officer confirmed, as `catalogue.authority` and `cash` ask."""
        return frozenset(one.rule for one in self.confirmed)

    @property
    def rules_set_aside(self) -> frozenset[str]:
        """Ids of the rules from secondary sources that the office does not apply, each with its document."""
        return frozenset(one.rule for one in self.set_aside)

    def missing_for_round(self, kind: str) -> tuple[str, ...]:
        """The parameters required to open a round of this kind: times of its stages and, with a council vote, the vote."""
        simplified = kind in {RoundKind.DOT_XUAT, RoundKind.CONG_HIEN, RoundKind.NIEN_HAN, RoundKind.DOI_NGOAI}
        stages = [stage for stage in STAGES[1:] if not (simplified and stage == Stage.COUNCIL_VOTE)]
        missing = [f"time.{stage}" for stage in stages if self.time(stage) is None]
        if not simplified:
            missing += [f"vote.default.{name}" for name in self._vote_values("default")[1]]
        return tuple(missing)

    def require_for_round(self, kind: str) -> None:
        """Refused `missing_parameter` where `missing_for_round` names anything."""
        missing = self.missing_for_round(kind)
        if missing:
            raise missing_parameter(
                missing, "Chưa đủ quy định để mở đợt xét", document=f"{COUNCIL}, phân bổ thời gian của cơ quan"
            )


def missing_parameter(
    missing: list[str] | tuple[str, ...], message: str, *, document: str, citation: Citation | None = None
) -> Refusal:
    """The refusal of a step whose parameter no law text sets; `document` is what the office must supply."""
    names = list(missing)
    return Refusal(
        "missing_parameter",
        f"{message} ({', '.join(names)}). Văn bản cần bổ sung: {document}.",
        citation=citation,
        details={"missing": names, "document": document},
    )


def parse(text: str) -> Regulation:
    """The regulation of a TOML text.

    Raises Unreadable: `bad_toml` with the line, `unknown_key` with the key, `bad_value`, `impossible_facts`.
    """
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise Unreadable("bad_toml", f"Không đọc được tệp quy chế: {broken}.", where={"toml": str(broken)}) from broken
    for key in stated.keys() & {"sha256", "times"}:  # names of the model, not of the file
        raise Unreadable("unknown_key", f"Khóa không được biết đến: “{key}”.", where={"key": key})
    digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
    try:
        read = Regulation.model_validate({**stated, "sha256": digest})
    except ValidationError as invalid:
        raise case.unreadable(invalid) from invalid
    known = {f"{award.lower()}{QUOTA_SUFFIX}" for award in pack_files.award_ids()}
    for key in read.quota:
        if key not in known:
            raise Unreadable("unknown_key", f"Khóa không được biết đến: “quota.{key}”.", where={"key": f"quota.{key}"})
    for award in read.vote:
        values, _ = read._vote_values(award)  # noqa: SLF001 -- the same module's own model
        if values["tellers"] and values["shares_needed"] and values["shares_needed"] > values["tellers"]:
            key = f"vote.{award}.shares_needed"
            raise Unreadable("impossible_facts", f"“{key}” lớn hơn số người kiểm phiếu.", where={"key": key})
    return read


def sample() -> Regulation:
    """The shipped sample: for trying out only, without legal force."""
    return parse(SAMPLE_PATH.read_text("utf-8"))
