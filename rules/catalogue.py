"""Awards and rule packs: the law as dated data, read once from `rules/packs/` and checked while reading.

A pack is a folder of YAML, valid between two dates. `based_on` lets a later pack say only what changed; its
hash then covers both folders, so that the hash stored with a decision pins every byte the decision rests on.
"""

import hashlib
import itertools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rules import case, predicates
from rules.refusal import Citation, Unreadable

PACKS = Path(__file__).parent / "packs"

Status = Literal["V1", "V2", "SEC", "MEM", "PARAM"]
Route = Literal["full", "simplified"]
Role = Literal["decide", "propose", "none"]
Decider = Literal[
    "CT_UBND_XA",
    "CT_UBND_HUYEN",
    "CT_UBND_TINH",
    "THU_TRUONG_SO",
    "GIAM_DOC_DN",
    "THU_TUONG",
    "CHINH_PHU",
    "CHU_TICH_NUOC",
    "BO_QUOC_PHONG_BO_CONG_AN",
]

DECIDER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "CT_UBND_XA": "Chủ tịch UBND cấp xã",
        "CT_UBND_HUYEN": "Chủ tịch UBND cấp huyện",
        "CT_UBND_TINH": "Chủ tịch UBND cấp tỉnh",
        "THU_TRUONG_SO": "Thủ trưởng cơ quan chuyên môn thuộc UBND cấp tỉnh",
        "GIAM_DOC_DN": "Giám đốc doanh nghiệp, hợp tác xã",
        "THU_TUONG": "Thủ tướng Chính phủ",
        "CHINH_PHU": "Chính phủ",
        "CHU_TICH_NUOC": "Chủ tịch nước",
        "BO_QUOC_PHONG_BO_CONG_AN": "Bộ Quốc phòng, Bộ Công an quy định",
    }
)
LEVEL_NAMES: Mapping[str, str] = MappingProxyType(
    {"commune": "cấp xã", "district": "cấp huyện", "province": "cấp tỉnh"}
)
KIND_NAMES: Mapping[str, str] = MappingProxyType(
    {"individual": "cá nhân", "collective": "tập thể", "household": "hộ gia đình", "enterprise": "doanh nghiệp"}
)

# Law 06/2022 Art. 85.1: b and d are the kinds themselves, a, c and đ are grounds the proposal names.
SIMPLIFIED_KINDS = frozenset({"DOT_XUAT", "CONG_HIEN", "NIEN_HAN", "DOI_NGOAI"})
SIMPLIFIED_GROUNDS = frozenset({"85.1.a", "85.1.c", "85.1.đ"})


@dataclass(frozen=True, slots=True)
class Part:
    """One paper a dossier must hold, and when."""

    id: str
    name: str
    condition: str | None
    citation: Citation
    status: Status


@dataclass(frozen=True, slots=True)
class Authority:
    """What a level may do with an award. Unverified: nobody may act on it until the regulation confirms `rule`."""

    role: Role
    decided_by: str | None
    citation: Citation
    verified: bool
    status: Status = "V1"
    rule: str | None = None
    suggested: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Award:
    id: str
    name: str
    short: str
    aliases: tuple[str, ...]
    is_title: bool
    kinds: frozenset[str]
    article: Citation
    period: str
    state_level: bool
    decided_by: Mapping[str, Authority]  # by level; a level that is absent neither decides nor proposes
    decider: str | None  # who decides in the end, whatever the level that asks
    decision_citation: Citation
    also_decided_by: tuple[tuple[str, Citation], ...]
    parts: tuple["PartRule", ...]

    @property
    def dossier(self) -> tuple[Part, ...]:
        """Every paper this award may ask for, with its condition."""
        return tuple(part.named(None) for part in self.parts)


@dataclass(frozen=True, slots=True)
class PartRule:
    id: str
    name: str
    name_by_kind: tuple[tuple[str, str], ...]
    condition: str | None
    citation: Citation
    status: Status
    routes: frozenset[str]
    relies_on: frozenset[str]

    def named(self, kind: str | None) -> Part:
        name = dict(self.name_by_kind).get(kind or "", self.name)
        return Part(self.id, name, self.condition, self.citation, self.status)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a standard: a boolean expression over facts, its provision and its three sentences."""

    id: str
    citation: Citation
    status: Status
    test: predicates.Test
    met: str
    not_met: str
    unknown: str
    pauses: bool = False
    parameter: str | None = None
    document: str | None = None
    asks: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One dated rule set. `complete` is false for a shell: it can finalise nothing and `missing` says why."""

    id: str
    valid_from: date
    valid_to: date | None
    level: str
    complete: bool
    sha256: str
    law: str
    awards: Mapping[str, Award]
    standards: Mapping[tuple[str, str], tuple[Rule, ...]]  # (award, nominee kind)
    exclusions: tuple[Rule, ...]
    levels_abolished: Mapping[str, tuple[Citation, str, Status]]
    missing: tuple[str, ...]
    replaces: str | None
    transition: tuple[date, str] | None  # dossiers received for appraisal before the date stay under the pack
    fit: Citation | None  # the provision that an award must suit its subject

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "from": self.valid_from.isoformat(),
            "to": self.valid_to.isoformat() if self.valid_to else None,
            "level": self.level,
            "complete": self.complete,
            "sha256": self.sha256,
        }


def packs() -> tuple[Pack, ...]:
    """Every pack, oldest first, read and checked once. Raises Unreadable `bad_pack` naming file and key."""
    return _packs(PACKS)


def pack(pack_id: str) -> Pack:
    """The pack of that id. Raises Unreadable `unknown_pack`."""
    for one in packs():
        if one.id == pack_id:
            return one
    raise Unreadable("unknown_pack", f"Không có gói luật “{pack_id}”.", where={"pack": pack_id})


def pack_on(day: date, *, received_for_appraisal: date | None = None) -> Pack | None:
    """The pack that governs a decision of that day, or None; a shell is returned too, with `complete` false.

    A dossier received for appraisal before the day the law changed stays under the earlier pack where the
    later one says so (transition of Law 06/2026/QH16; secondary source, so it is data of that pack).
    """
    for one in packs():
        if one.covers(day):
            if one.transition and received_for_appraisal and received_for_appraisal < one.transition[0]:
                return pack(one.transition[1])
            return one
    return None


def decision_citation(award: Award) -> Citation:
    return award.decision_citation


def authority(pack: Pack, award: str, level: str, *, confirmed: Collection[str] = ()) -> Authority:
    """What `level` may do with the award: decide, propose or none, who decides and by which provision.

    A decider that no text read so far names (status MEM) is returned unverified with role "none" and the
    suggestion apart, unless the regulation confirms the rule `<award>.decider`. Raises Unreadable
    `unknown_award`.
    """
    found = find(pack, award)
    abolished = pack.levels_abolished.get(level)
    if abolished:
        return Authority("none", found.decider, abolished[0], verified=True, status=abolished[2])
    stated = found.decided_by.get(level)
    if stated is None:
        return Authority("none", found.decider, found.decision_citation, verified=True)
    if stated.verified or stated.rule not in confirmed:
        return stated
    return Authority("decide", stated.suggested, stated.citation, verified=True, status="MEM", rule=stated.rule)


def find(pack: Pack, award: str) -> Award:
    """The award of that id in the pack. Raises Unreadable `unknown_award`."""
    try:
        return pack.awards[award]
    except KeyError:
        raise Unreadable(
            "unknown_award", f"Gói {pack.id} không có danh hiệu, hình thức “{award}”.", where={"award": award}
        ) from None


def describe(pack: Pack, award: str) -> dict[str, Any]:
    """An award under a pack as JSON: who decides at each level, every rule, every paper, each with its provision."""
    found = find(pack, award)
    return {
        "award": found.id,
        "name": found.name,
        "pack": pack.id,
        "title": found.is_title,
        "kinds": [kind for kind in KIND_NAMES if kind in found.kinds],
        "citation": found.article.model_dump(),
        "authority": {
            level: {
                "role": stated.role,
                "decided_by": stated.decided_by,
                "citation": stated.citation.model_dump(),
                "status": stated.status,
                "verified": stated.verified,
            }
            for level in LEVEL_NAMES
            for stated in [authority(pack, award, level)]
        },
        "standards": {
            kind: [
                {"rule": rule.id, "asks": rule.asks, "citation": rule.citation.model_dump(), "status": rule.status}
                for rule in (*pack.standards[award, kind], *pack.exclusions)
            ]
            for kind in KIND_NAMES
            if kind in found.kinds
        },
        "dossier": [
            {
                "part": part.id,
                "name": part.name,
                "condition": part.condition,
                "citation": part.citation.model_dump(),
                "status": part.status,
            }
            for part in found.dossier
        ],
    }


def route(award: Award, kind: str, simplified_ground: str | None = None) -> Route:
    """Full or simplified procedure (Law 06/2022 Art. 85.1): never for a title, else by kind or named ground."""
    if award.is_title:
        return "full"
    return "simplified" if kind in SIMPLIFIED_KINDS or simplified_ground in SIMPLIFIED_GROUNDS else "full"


def dossier_parts(
    award: Award, *, kind: str | None = None, route: Route = "full", relies_on: Collection[str] = ()
) -> tuple[Part, ...]:
    """The papers this dossier must hold (Law 06/2022 Art. 84).

    `kind` is the nominee's kind and only words the report of achievements; `relies_on` is any of `initiative`,
    `research`, `combat`, `special_achievement`, `contribution`: what the proposal stands on.
    """
    return tuple(
        part.named(kind)
        for part in award.parts
        if route in part.routes and (not part.relies_on or not part.relies_on.isdisjoint(relies_on))
    )


_CITED = re.compile(r"^(?:(?P<document>[^#]+)#)?(?P<article>\d+)(?:\.(?P<clause>\d+)(?:\.(?P<point>[a-zđ]))?)?$")


@cache
def cite(text: str, law: str = "06/2022/QH15") -> Citation:
    """`24.1.a` is điểm a khoản 1 Điều 24 of the law; `98/2023/NĐ-CP#4` names another document; a bare number
    with a slash (`152/2025/NĐ-CP`) is a whole document whose article nobody has read.
    """
    if "/" in text and "#" not in text:
        return Citation(document=text)
    found = _CITED.match(text)
    if not found:
        raise ValueError(f"trích dẫn không đúng mẫu: {text}")
    return Citation(
        document=found["document"] or law, article=found["article"], clause=found["clause"], point=found["point"]
    )


# --- reading -----------------------------------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    document: str
    title: str
    status: Status


class _Abolished(_Strict):
    level: case.Level
    from_: date = Field(alias="from")
    at: str
    status: Status
    says: str


class _Transition(_Strict):
    received_before: date
    pack: str
    status: Status


class _PackFile(_Strict):
    id: str
    from_: date = Field(alias="from")
    to: date | None
    level: case.Level
    complete: bool
    law: str
    based_on: str | None = None
    sources: tuple[_Source, ...]
    missing: tuple[str, ...]
    levels_abolished: tuple[_Abolished, ...]
    transition: _Transition | None = None


class _AwardFile(_Strict):
    id: case.AwardId
    name: str
    short: str
    aliases: tuple[str, ...]
    title: bool
    kinds: frozenset[case.NomineeKind]
    article: str
    period: str
    state_level: bool = False
    decider: tuple[Decider, str] | None
    also_decided_by: tuple[tuple[Decider, str], ...] = ()
    authority: dict[case.Level, tuple[Literal["decide", "propose"], Decider, str, Status]]


class _AwardsFile(_Strict):
    awards: tuple[_AwardFile, ...]


class _Override(_Strict):
    id: case.AwardId
    decider: tuple[Decider, str] | None = None
    authority: dict[case.Level, tuple[Literal["decide", "propose"], Decider, str, Status]] | None = None


class _OverridesFile(_Strict):
    overrides: tuple[_Override, ...]


class _PartFile(_Strict):
    id: str
    of: Literal["title", "form"]
    name: str
    name_by_kind: dict[case.NomineeKind, str] = {}
    at: str
    status: Status
    condition: str | None = None
    awards: frozenset[case.AwardId] | None = None
    state_level: bool = False
    routes: frozenset[Route] = frozenset({"full", "simplified"})
    relies_on: frozenset[Literal["initiative", "research", "combat", "special_achievement", "contribution"]] = (
        frozenset()
    )


class _Copies(_Strict):
    at: str
    status: Literal["PARAM"]


class _DossierFile(_Strict):
    parts: tuple[_PartFile, ...]
    copies: _Copies


class _RuleFile(_Strict):
    rule: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    at: str
    status: Status
    when: dict[str, Any] | None = None
    attest: str | None = None
    met: str | None = None
    not_met: str | None = None
    unknown: str = "Chưa đủ thông tin để kết luận: cần {lacks}."
    pauses: bool = False
    parameter: str | None = None
    document: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.attest is None and (self.when is None or self.met is None or self.not_met is None):
            raise ValueError("quy tắc cần `attest`, hoặc `when` cùng `met` và `not_met`")
        if self.attest is not None and (self.met or self.not_met):
            raise ValueError("quy tắc `attest` tự có câu trả lời")
        if (self.status == "PARAM") != (self.parameter is not None and self.document is not None):
            raise ValueError("quy tắc PARAM, và chỉ quy tắc PARAM, nêu `parameter` và `document`")
        return self


class _StandardsFile(_Strict):
    standards: dict[case.AwardId, dict[case.NomineeKind, tuple[_RuleFile, ...]]]
    fit: str | None = None
    exclusions: tuple[_RuleFile, ...] = ()


class _Loader(yaml.SafeLoader):
    """YAML without its traps: a key written twice and a decimal number are refused (23.2 is a provision)."""


def _mapping_once(loader: yaml.Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"khóa lặp: {sorted(map(str, twice))}", node.start_mark)
    return dict(zip(keys, (loader.construct_object(value, deep=True) for _, value in node.value), strict=True))


def _no_float(_loader: yaml.Loader, node: yaml.ScalarNode) -> Any:
    raise yaml.constructor.ConstructorError(
        None, None, f"số thập phân {node.value}: trích dẫn phải để trong ngoặc kép", node.start_mark
    )


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping_once)
_Loader.add_constructor("tag:yaml.org,2002:float", _no_float)


Model = TypeVar("Model", bound=_Strict)


def _read(path: Path, model: type[Model]) -> Model:
    try:
        return model.model_validate(yaml.load(path.read_text("utf-8"), _Loader))  # noqa: S506 -- a safe loader
    except (yaml.YAMLError, ValidationError) as broken:
        raise Unreadable(
            "bad_pack", f"Gói luật hỏng: {broken}", where={"file": f"{path.parent.name}/{path.name}"}
        ) from broken


@cache
def _packs(folder: Path) -> tuple[Pack, ...]:
    read: dict[str, tuple[_PackFile, _Parts]] = {}
    loaded: list[Pack] = []
    for home in sorted(path for path in folder.iterdir() if (path / "pack.yaml").is_file()):
        head = _read(home / "pack.yaml", _PackFile)
        if head.id != home.name:
            raise _bad_pack(home, f"id “{head.id}” khác tên thư mục")
        base = read.get(head.based_on) if head.based_on else None
        if head.based_on and base is None:
            raise _bad_pack(home, f"dựa vào gói chưa có: {head.based_on}")
        parts = _parts(home, base[1] if base else None)
        read[head.id] = (head, parts)
        loaded.append(_assemble(home, head, parts, previous=loaded[-1] if loaded else None))
    for earlier, later in itertools.pairwise(loaded):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise _bad_pack(folder / later.id, f"ngày chồng lên gói {earlier.id}")
    return tuple(loaded)


def _bad_pack(home: Path, message: str) -> Unreadable:
    return Unreadable("bad_pack", f"Gói luật hỏng: {message}.", where={"file": home.name})


@dataclass(frozen=True, slots=True)
class _Parts:
    """The files of a pack after its changes were laid over the pack it is based on."""

    awards: dict[str, _AwardFile]
    dossier: _DossierFile | None
    standards: dict[tuple[str, str], tuple[_RuleFile, ...]]
    exclusions: tuple[_RuleFile, ...]
    fit: str | None
    digest: bytes


def _parts(home: Path, base: _Parts | None) -> _Parts:
    awards = dict(base.awards) if base else {}
    dossier = base.dossier if base else None
    standards = dict(base.standards) if base else {}
    exclusions = base.exclusions if base else ()
    fit = base.fit if base else None
    if (home / "awards.yaml").exists():
        if base:
            for change in _read(home / "awards.yaml", _OverridesFile).overrides:
                stated = change.model_dump(exclude_unset=True)
                awards[change.id] = _AwardFile.model_validate(awards[change.id].model_dump() | stated)
        else:
            awards = {award.id: award for award in _read(home / "awards.yaml", _AwardsFile).awards}
    if (home / "dossier.yaml").exists():
        dossier = _read(home / "dossier.yaml", _DossierFile)
    if (home / "standards.yaml").exists():
        stated_standards = _read(home / "standards.yaml", _StandardsFile)
        for award, by_kind in stated_standards.standards.items():
            for kind, rules in by_kind.items():
                # A later pack restates a single rule by its id; the others of that standard stay.
                changed = {rule.rule: rule for rule in rules}
                kept = standards.get((award, kind), ())
                standards[award, kind] = (*(changed.pop(rule.rule, rule) for rule in kept), *changed.values())
        restated = {rule.rule: rule for rule in stated_standards.exclusions}
        exclusions = (*(restated.pop(rule.rule, rule) for rule in exclusions), *restated.values())
        fit = stated_standards.fit or fit
    return _Parts(awards, dossier, standards, exclusions, fit, _digest(home, base))


def _digest(home: Path, base: _Parts | None) -> bytes:
    """SHA-256 over the base's digest, then each file's name and text with line ends as LF, in order of name."""
    running = hashlib.sha256(base.digest if base else b"")
    for path in sorted(home.glob("*.yaml")):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        running.update(path.name.encode() + b"\0" + str(len(text)).encode() + b"\0" + text)
    return running.digest()


def _assemble(home: Path, head: _PackFile, parts: _Parts, *, previous: Pack | None) -> Pack:
    try:
        awards: dict[str, Award] = {award.id: _award(award, head, parts.dossier) for award in parts.awards.values()}
        standards = {
            key: tuple(_rule(rule, head.law) for rule in rules) for key, rules in sorted(parts.standards.items())
        }
        exclusions = tuple(_rule(rule, head.law) for rule in parts.exclusions)
    except ValueError as broken:
        raise _bad_pack(home, str(broken)) from broken
    wanted = {(award.id, kind) for award in awards.values() for kind in award.kinds}
    if wanted != set(standards):
        raise _bad_pack(home, f"tiêu chuẩn thiếu hoặc thừa: {sorted(wanted ^ set(standards))}")
    if head.complete and set(awards) != set(case.AWARD_IDS):
        raise _bad_pack(home, "gói đủ phải có mọi danh hiệu, hình thức")
    _refuse_shared_names(home, awards.values())
    return Pack(
        id=head.id,
        valid_from=head.from_,
        valid_to=head.to,
        level=head.level,
        complete=head.complete,
        sha256=parts.digest.hex(),
        law=head.law,
        awards=MappingProxyType(awards),
        standards=MappingProxyType(standards),
        exclusions=exclusions,
        levels_abolished=MappingProxyType(
            {gone.level: (cite(gone.at), gone.says, gone.status) for gone in head.levels_abolished}
        ),
        missing=head.missing,
        replaces=previous.id if previous else None,
        transition=(head.transition.received_before, head.transition.pack) if head.transition else None,
        fit=cite(parts.fit, head.law) if parts.fit else None,
    )


def _refuse_shared_names(home: Path, awards: Collection[Award]) -> None:
    """A name that two awards share would let a workbook's row mean either."""
    owners: dict[str, str] = {}
    for award in awards:
        for name in {text.casefold() for text in (award.name, award.short, *award.aliases)}:
            if owners.setdefault(name, award.id) != award.id:
                raise _bad_pack(home, f"tên “{name}” thuộc cả {owners[name]} và {award.id}")


def _award(stated: _AwardFile, head: _PackFile, dossier: _DossierFile | None) -> Award:
    of = "title" if stated.title else "form"
    parts = tuple(
        PartRule(
            part.id,
            part.name,
            tuple(part.name_by_kind.items()),
            part.condition,
            cite(part.at, head.law),
            part.status,
            frozenset(part.routes),
            frozenset(part.relies_on),
        )
        for part in (dossier.parts if dossier else ())
        if part.of == of
        and (part.awards is None or stated.id in part.awards)
        and (not part.state_level or stated.state_level)
    )
    return Award(
        id=stated.id,
        name=stated.name,
        short=stated.short,
        aliases=stated.aliases,
        is_title=stated.title,
        kinds=frozenset(stated.kinds),
        article=cite(stated.article, head.law),
        period=stated.period,
        state_level=stated.state_level,
        decided_by=MappingProxyType(
            {
                level: _authority(stated.id, role, by, cite(at, head.law), status)
                for level, (role, by, at, status) in stated.authority.items()
            }
        ),
        decider=stated.decider[0] if stated.decider else None,
        decision_citation=cite(stated.decider[1] if stated.decider else stated.article, head.law),
        also_decided_by=tuple((by, cite(at, head.law)) for by, at in stated.also_decided_by),
        parts=parts,
    )


def _authority(award: str, role: Role, by: str, citation: Citation, status: Status) -> Authority:
    if status in {"V1", "V2"}:
        return Authority(role, by, citation, verified=True, status=status)
    return Authority("none", None, citation, False, status, rule=f"{award.lower()}.decider", suggested=by)


def _rule(stated: _RuleFile, law: str) -> Rule:
    when = stated.when or {"attested": [stated.at]}
    described = stated.attest or ""
    return Rule(
        id=stated.rule,
        citation=cite(stated.at, law),
        status=stated.status,
        test=predicates.build(when),
        met=stated.met or f"Đơn vị xác nhận trong tờ trình: {described}.",
        not_met=stated.not_met or f"Đơn vị không xác nhận được: {described}.",
        unknown=stated.unknown,
        pauses=stated.pauses,
        parameter=stated.parameter,
        document=stated.document,
        asks=predicates.spell(when),
    )
