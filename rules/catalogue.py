"""Awards and rule packs: the law as dated data, read once from `rules/packs/` and checked while reading.

A pack is a folder of YAML, valid between two dates. `based_on` lets a later pack say only what changed; its
hash then covers both folders, so that the hash stored with a decision pins every byte the decision rests on.
"""

import itertools
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rules import pack_files, vocabulary
from rules.pack_files import AwardFile, DossierFile, PackFile, Parts, RuleFile, bad_pack
from rules.refusal import Citation, Unreadable
from rules.standards import logic
from rules.standards.facts import Test
from rules.vocabulary import Authority as Power
from rules.vocabulary import Decider, Level, NomineeKind, RoundKind, Route, Status

DECIDER_NAMES: Mapping[str, str] = MappingProxyType(vocabulary.names(Decider))
LEVEL_NAMES: Mapping[str, str] = MappingProxyType(vocabulary.names(Level))
KIND_NAMES: Mapping[str, str] = MappingProxyType(vocabulary.names(NomineeKind))

# Law 06/2022 Art. 85.1: b and d are the kinds themselves, a, c and đ are grounds the proposal names.
SIMPLIFIED_KINDS = frozenset({RoundKind.DOT_XUAT, RoundKind.CONG_HIEN, RoundKind.NIEN_HAN, RoundKind.DOI_NGOAI})
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

    role: Power
    decided_by: str | None
    citation: Citation
    verified: bool
    status: Status = Status.V1
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
    test: Test
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
    return _packs(pack_files.PACKS)


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
        return Authority(Power.NONE, found.decider, abolished[0], verified=True, status=abolished[2])
    stated = found.decided_by.get(level)
    if stated is None:
        return Authority(Power.NONE, found.decider, found.decision_citation, verified=True)
    if stated.verified or stated.rule not in confirmed:
        return stated
    return Authority(
        Power.DECIDE, stated.suggested, stated.citation, verified=True, status=Status.MEM, rule=stated.rule
    )


def find(pack: Pack, award: str) -> Award:
    """The award of that id in the pack. Raises Unreadable `unknown_award`."""
    try:
        return pack.awards[award]
    except KeyError:
        raise Unreadable(
            "unknown_award", f"Gói {pack.id} không có danh hiệu, hình thức “{award}”.", where={"award": award}
        ) from None


def describe(pack: Pack, award: str) -> dict[str, Any]:
    """An award under a pack as JSON: who decides at each level, every paper, every rule, each with its provision.

    Raises Unreadable `unknown_award`.
    """
    found = find(pack, award)
    return {
        "award": found.id,
        "name": found.name,
        "pack": pack.id,
        "complete": pack.complete,
        "kinds": sorted(found.kinds),
        "article": str(found.article),
        "authority": {
            level: {
                "role": stated.role,
                "decided_by": stated.decided_by,
                "citation": str(stated.citation),
                "status": stated.status,
            }
            for level, stated in found.decided_by.items()
        },
        "dossier": [
            {"part": part.id, "name": part.name, "condition": part.condition, "citation": str(part.citation)}
            for part in found.dossier
        ],
        "rules": [
            {"rule": rule.id, "kind": kind, "citation": str(rule.citation), "status": rule.status, "says": rule.met}
            for (of, kind), rules in sorted(pack.standards.items())
            if of == award
            for rule in rules
        ],
    }


def route(award: Award, kind: str, simplified_ground: str | None = None) -> Route:
    """Full or simplified procedure (Law 06/2022 Art. 85.1): never for a title, else by kind or named ground."""
    if award.is_title:
        return Route.FULL
    simplified = kind in SIMPLIFIED_KINDS or simplified_ground in SIMPLIFIED_GROUNDS
    return Route.SIMPLIFIED if simplified else Route.FULL


def dossier_parts(
    award: Award, *, kind: str | None = None, route: str = Route.FULL, relies_on: Collection[str] = ()
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


# --- from the files ----------------------------------------------------------------------------------------------


@cache
def _packs(folder: Path) -> tuple[Pack, ...]:
    loaded: list[Pack] = []
    for home, head, parts in pack_files.read(folder):
        loaded.append(_assemble(home, head, parts, previous=loaded[-1] if loaded else None))
    for earlier, later in itertools.pairwise(loaded):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise bad_pack(folder / later.id, f"ngày chồng lên gói {earlier.id}")
    return tuple(loaded)


def _assemble(home: Path, head: PackFile, parts: Parts, *, previous: Pack | None) -> Pack:
    try:
        awards: dict[str, Award] = {award.id: _award(award, head, parts.dossier) for award in parts.awards.values()}
        standards = {
            key: tuple(_rule(rule, head.law) for rule in rules) for key, rules in sorted(parts.standards.items())
        }
        exclusions = tuple(_rule(rule, head.law) for rule in parts.exclusions)
    except ValueError as broken:
        raise bad_pack(home, str(broken)) from broken
    wanted = {(award.id, kind) for award in awards.values() for kind in award.kinds}
    if wanted != set(standards):
        raise bad_pack(home, f"tiêu chuẩn thiếu hoặc thừa: {sorted(wanted ^ set(standards))}")
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
                raise bad_pack(home, f"tên “{name}” thuộc cả {owners[name]} và {award.id}")


def _award(stated: AwardFile, head: PackFile, dossier: DossierFile | None) -> Award:
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


def _authority(award: str, role: Power, by: str, citation: Citation, status: Status) -> Authority:
    if status in {"V1", "V2"}:
        return Authority(role, by, citation, verified=True, status=status)
    return Authority(Power.NONE, None, citation, False, status, rule=f"{award.lower()}.decider", suggested=by)


def _rule(stated: RuleFile, law: str) -> Rule:
    when = stated.when or {"attested": [stated.at]}
    described = stated.attest or ""
    return Rule(
        id=stated.rule,
        citation=cite(stated.at, law),
        status=stated.status,
        test=logic.build(when),
        met=stated.met or f"Đơn vị xác nhận trong tờ trình: {described}.",
        not_met=stated.not_met or f"Đơn vị không xác nhận được: {described}.",
        unknown=stated.unknown,
        pauses=stated.pauses,
        parameter=stated.parameter,
        document=stated.document,
        asks=logic.spell(when),
    )
