"""Rule packs as files: the YAML of `rules/packs/`, checked strictly, later packs laid over those they are based on."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rules.refusal import Unreadable
from rules.vocabulary import Authority, Decider, Level, NomineeKind, Route, Status

PACKS = Path(__file__).parent / "packs"

# The form of an award's id; the database's columns hold 20 characters.
AwardCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$", max_length=20)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    document: str
    title: str
    status: Status


class _Abolished(_Strict):
    level: Level
    from_: date = Field(alias="from")
    at: str
    status: Status
    says: str


class _Transition(_Strict):
    received_before: date
    pack: str
    status: Status


class PackFile(_Strict):
    id: str
    from_: date = Field(alias="from")
    to: date | None
    level: Level
    complete: bool
    law: str
    based_on: str | None = None
    sources: tuple[_Source, ...]
    missing: tuple[str, ...]
    levels_abolished: tuple[_Abolished, ...]
    transition: _Transition | None = None


class AwardFile(_Strict):
    id: AwardCode
    name: str
    short: str
    aliases: tuple[str, ...]
    title: bool
    kinds: frozenset[NomineeKind]
    article: str
    period: str
    state_level: bool = False
    decider: tuple[Decider, str] | None
    also_decided_by: tuple[tuple[Decider, str], ...] = ()
    authority: dict[Level, tuple[Literal[Authority.DECIDE, Authority.PROPOSE], Decider, str, Status]]


class _AwardsFile(_Strict):
    awards: tuple[AwardFile, ...]


class _Override(_Strict):
    id: AwardCode
    decider: tuple[Decider, str] | None = None
    authority: dict[Level, tuple[Literal[Authority.DECIDE, Authority.PROPOSE], Decider, str, Status]] | None = None


class _OverridesFile(_Strict):
    """What a later pack changes in the awards of the one it is based on, and the awards that are new in it."""

    overrides: tuple[_Override, ...] = ()
    awards: tuple[AwardFile, ...] = ()


class PartFile(_Strict):
    id: str
    of: Literal["title", "form"]
    name: str
    name_by_kind: dict[NomineeKind, str] = {}
    at: str
    status: Status
    condition: str | None = None
    awards: frozenset[AwardCode] | None = None
    state_level: bool = False
    routes: frozenset[Route] = frozenset(Route)
    relies_on: frozenset[Literal["initiative", "research", "combat", "special_achievement", "contribution"]] = (
        frozenset()
    )


class _Copies(_Strict):
    at: str
    status: Literal["PARAM"]


class DossierFile(_Strict):
    parts: tuple[PartFile, ...]
    copies: _Copies


class RuleFile(_Strict):
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
    standards: dict[AwardCode, dict[NomineeKind, tuple[RuleFile, ...]]]
    fit: str | None = None
    exclusions: tuple[RuleFile, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a pack after its changes were laid over the pack it is based on."""

    awards: dict[str, AwardFile]
    dossier: DossierFile | None
    standards: dict[tuple[str, str], tuple[RuleFile, ...]]
    exclusions: tuple[RuleFile, ...]
    fit: str | None
    digest: bytes


def read(folder: Path) -> Iterator[tuple[Path, PackFile, Parts]]:
    """Each pack of a folder in the order of its name, with its files as they stand after its changes.

    Raises Unreadable `bad_pack` naming file and key.
    """
    seen: dict[str, Parts] = {}
    for home in sorted(path for path in folder.iterdir() if (path / "pack.yaml").is_file()):
        head = _read(home / "pack.yaml", PackFile)
        if head.id != home.name:
            raise bad_pack(home, f"id “{head.id}” khác tên thư mục")
        base = seen.get(head.based_on) if head.based_on else None
        if head.based_on and base is None:
            raise bad_pack(home, f"dựa vào gói chưa có: {head.based_on}")
        seen[head.id] = parts = _parts(home, base)
        yield home, head, parts


def bad_pack(home: Path, message: str) -> Unreadable:
    return Unreadable("bad_pack", f"Gói luật hỏng: {message}.", where={"file": home.name})


def _parts(home: Path, base: Parts | None) -> Parts:
    awards = dict(base.awards) if base else {}
    dossier = base.dossier if base else None
    standards = dict(base.standards) if base else {}
    exclusions = base.exclusions if base else ()
    fit = base.fit if base else None
    if (home / "awards.yaml").exists():
        if base:
            later = _read(home / "awards.yaml", _OverridesFile)
            for change in later.overrides:
                stated = change.model_dump(exclude_unset=True)
                awards[change.id] = AwardFile.model_validate(awards[change.id].model_dump() | stated)
            for added in later.awards:
                if added.id in awards:
                    raise bad_pack(home, f"{added.id} đã có ở gói trước; ghi phần đổi khác vào `overrides`")
                awards[added.id] = added
        else:
            awards = {award.id: award for award in _read(home / "awards.yaml", _AwardsFile).awards}
    if (home / "dossier.yaml").exists():
        dossier = _read(home / "dossier.yaml", DossierFile)
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
    return Parts(awards, dossier, standards, exclusions, fit, _digest(home, base))


def _digest(home: Path, base: Parts | None) -> bytes:
    """SHA-256 over the base's digest, then each file's name and text with line ends as LF, in order of name."""
    running = hashlib.sha256(base.digest if base else b"")
    for path in sorted(home.glob("*.yaml")):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        running.update(path.name.encode() + b"\0" + str(len(text)).encode() + b"\0" + text)
    return running.digest()


@cache
def _stated(folder: Path) -> dict[str, AwardFile]:
    """Every award of a folder's packs, each as the newest pack describes it, in the order of first appearance."""
    found: dict[str, AwardFile] = {}
    for _, _, parts in read(folder):
        found |= parts.awards
    return found


def award_ids() -> tuple[str, ...]:
    """Every award of any pack. Raises Unreadable `bad_pack`."""
    return tuple(_stated(PACKS))


def is_title(award: str) -> bool:
    """A danh hiệu thi đua, no hình thức khen thưởng; what no pack knows is none."""
    stated = _stated(PACKS).get(award)
    return stated is not None and stated.title


@cache
def _spoken(folder: Path) -> dict[str, str]:
    return {award.id: award.name.partition(" (")[0] for award in _stated(folder).values()}


def spoken() -> dict[str, str]:
    """Award → its name in a sentence, without what a bracket adds."""
    return _spoken(PACKS)
