"""Judging one nomination against the law of a day: a pure function whose every outcome explains itself.

    evaluate(read(facts), on=date(2024, 12, 20)).as_json()

The verdict is the first that applies of `no_pack`, `wrong_authority`, `ineligible`, `paused`, `unknown`,
`eligible`. It is `ineligible` exactly when a finding is `not_met`, and `eligible` only when every finding is `met`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from rules import catalogue, pack_files
from rules.case import Case, decode, read, read_json
from rules.catalogue import Pack, Rule
from rules.pack_files import is_title
from rules.refusal import Citation
from rules.regulation import Regulation
from rules.standards.facts import MET, NOT_MET, Facts, spoken
from rules.vocabulary import Authority, FindingVerdict, Route, Status, Verdict

__all__ = ["Case", "Evaluation", "Finding", "decode", "evaluate", "read", "read_json", "relied_on"]

# By what a rule answers: no, nobody knows, yes.
VERDICTS = (FindingVerdict.NOT_MET, FindingVerdict.UNKNOWN, FindingVerdict.MET)

NO_PACK = Citation(document="06/2022/QH15", article="94", clause="1")
_NOTHING: Mapping[str, str] = {}


class Finding(NamedTuple):
    """What one rule says of one nomination, the value it found and the provision behind it."""

    rule: str
    verdict: FindingVerdict
    found: str | None
    citation: Citation
    status: Status
    message: str

    def as_json(self) -> dict[str, Any]:
        citation = self.citation
        return {
            "rule": self.rule,
            "verdict": self.verdict,
            "found": self.found,
            "citation": {
                "document": citation.document,
                "article": citation.article,
                "clause": citation.clause,
                "point": citation.point,
            },
            "status": self.status,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of one nomination on one day. `missing_documents` names the paper behind each missing parameter."""

    award: str
    pack: str | None
    pack_sha256: str | None
    on: date
    verdict: Verdict
    authority: Authority
    decided_by: str | None
    route: Route | None
    findings: tuple[Finding, ...]
    missing_parameters: tuple[str, ...]
    missing_documents: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "award": self.award,
            "pack": self.pack,
            "on": self.on.isoformat(),
            "verdict": self.verdict,
            "authority": self.authority,
            "decided_by": self.decided_by,
            "route": self.route,
            "findings": [finding.as_json() for finding in self.findings],
            "missing_parameters": list(self.missing_parameters),
        }


def evaluate(case: Case, *, on: date, pack: Pack | None = None, regulation: Regulation | None = None) -> Evaluation:
    """Judge `case` under the law of `on`, or under `pack` when a replay names one.

    Standards known from memory only (MEM) are left out unless `regulation` confirms them; those from secondary
    sources (SEC) are applied unless it sets them aside; those a province must set (PARAM) stay unknown and are
    named in `missing_parameters` until it names the document.
    """
    governing = pack or catalogue.pack_on(on)
    if governing is None or not governing.complete:
        return _no_pack(case, on=on, governing=governing)
    if case.award not in governing.awards:
        return _unheard_of(case, on=on, governing=governing)
    award = governing.awards[case.award]
    confirmed, aside, parameters = _regulated(case, regulation)
    facts = Facts(case, parameters=parameters)
    authority = catalogue.authority(governing, case.award, case.level, confirmed=confirmed)
    findings = [_authority_finding(governing, award, case.level, authority)]
    missing: list[Rule] = []
    paused = False
    if case.nominee.kind in award.kinds:
        for rule in (*governing.standards[case.award, case.nominee.kind], *governing.exclusions):
            # A rule from memory speaks only once confirmed; one from a secondary source until set aside.
            if (rule.status == "MEM" and rule.id not in confirmed) or (rule.status == "SEC" and rule.id in aside):
                continue
            if rule.id == "principle.one_award" and case.achievement is None:
                continue  # no achievement is named, so nothing can be said of it
            answer = rule.test.check(facts)
            findings.append(_finding(rule, answer, facts))
            if rule.parameter is not None and rule.parameter not in parameters:
                missing.append(rule)
            paused = paused or (rule.pauses and answer != MET and bool(rule.test.found(facts)))
    else:
        findings += _unfit(governing, award, case.nominee.kind)
    return Evaluation(
        award=case.award,
        pack=governing.id,
        pack_sha256=governing.sha256,
        on=on,
        verdict=_verdict(authority, findings, paused=paused),
        authority=authority.role,
        decided_by=authority.decided_by,
        route=catalogue.route(award, case.kind, case.simplified_ground),
        findings=tuple(findings),
        missing_parameters=tuple(dict.fromkeys(rule.parameter for rule in missing if rule.parameter)),
        missing_documents=tuple(dict.fromkeys(rule.document for rule in missing if rule.document)),
    )


def relied_on(case: Case) -> frozenset[str]:
    """What the proposal stands on, as `catalogue.dossier_parts` asks: papers are due only for what is relied on.

    Chiến sĩ thi đua cơ sở by a rating of HTXSNV relies on no initiative even if there is one.
    """
    held = {
        name
        for name, listed in (("initiative", case.initiatives), ("research", case.research), ("combat", case.combat))
        if listed
    }
    if case.award == "CSTDCS" and (case.ratings or {}).get(case.year) == "HTXSNV":
        return frozenset()
    if not is_title(case.award) and case.grounds:
        held.add("contribution")
    return frozenset(held)


def _regulated(case: Case, regulation: Regulation | None) -> tuple[frozenset[str], frozenset[str], Mapping[str, str]]:
    """Rules confirmed, rules set aside, and standards named by the regulation; the case's own win over it."""
    confirmed, aside, parameters = (
        _regulated_by(_Same(regulation)) if regulation else (frozenset(), frozenset(), _NOTHING)
    )
    if case.regulation:
        own = {f"{award}.standard": given.standard for award, given in case.regulation.items() if given.standard}
        parameters = {**parameters, **own}
    return confirmed, aside, parameters


@lru_cache(maxsize=64)
def _regulated_by(regulation: "_Same") -> tuple[frozenset[str], frozenset[str], Mapping[str, str]]:
    stated = regulation.stated
    return (
        stated.confirmed_rules,
        stated.rules_set_aside,
        {f"{award}.standard": document for award, document in stated.standards.items()},
    )


class _Same:
    """One regulation object as a cache key: a pydantic model with mappings has no hash of its own."""

    __slots__ = ("stated",)

    def __init__(self, stated: Regulation) -> None:
        self.stated = stated

    def __hash__(self) -> int:
        return id(self.stated)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.stated is self.stated


def _verdict(authority: catalogue.Authority, findings: list[Finding], *, paused: bool) -> Verdict:
    if authority.verified and authority.role == Authority.NONE:
        return Verdict.WRONG_AUTHORITY
    answers = {finding.verdict for finding in findings}
    if FindingVerdict.NOT_MET in answers:
        return Verdict.INELIGIBLE
    if paused:
        return Verdict.PAUSED
    return Verdict.UNKNOWN if FindingVerdict.UNKNOWN in answers else Verdict.ELIGIBLE


def _finding(rule: Rule, answer: int, facts: Facts) -> Finding:
    found = rule.test.found(facts)
    if answer == MET:
        template = rule.met
    elif answer == NOT_MET or (rule.pauses and found):
        template = rule.not_met
    else:
        template = rule.unknown
    message = template
    if "{" in template:
        lacks = rule.test.lacks(facts) if "{lacks}" in template else None
        message = template.format(found=spoken(found), year=facts.year, lacks=lacks or "thông tin")
    return Finding(rule.id, VERDICTS[answer], found, rule.citation, rule.status, message)


@lru_cache(maxsize=1024)
def _authority_finding(pack: Pack, award: catalogue.Award, level: str, authority: catalogue.Authority) -> Finding:
    rule = f"{award.id.lower()}.authority"
    who = catalogue.DECIDER_NAMES.get(authority.decided_by or "", "cấp có thẩm quyền")
    where = catalogue.LEVEL_NAMES[level]
    if not authority.verified:
        suggested = catalogue.DECIDER_NAMES.get(authority.suggested or "", "")
        message = (
            f"Chưa xác minh được ai quyết định {award.name} theo gói luật này (có thể là {suggested}); "
            f"cần người có tên xác nhận quy tắc “{authority.rule}” trong quy chế."
        )
        return Finding(rule, FindingVerdict.UNKNOWN, None, authority.citation, authority.status, message)
    if authority.role == Authority.NONE:
        gone = pack.levels_abolished.get(level)
        reason = f"{gone[1]}" if gone else f"{where[0].upper()}{where[1:]} không quyết định cũng không đề nghị"
        message = f"{reason}: {award.name}" + (f" do {who} quyết định." if authority.decided_by else ".")
        return Finding(
            rule, FindingVerdict.NOT_MET, authority.decided_by, authority.citation, authority.status, message
        )
    verb = "quyết định" if authority.role == Authority.DECIDE else "trình"
    message = f"{where[0].upper()}{where[1:]} {verb}; người quyết định: {who}."
    return Finding(rule, FindingVerdict.MET, authority.decided_by, authority.citation, authority.status, message)


@lru_cache(maxsize=1024)
def _unfit(pack: Pack, award: catalogue.Award, kind: str) -> tuple[Finding, ...]:
    """The subject does not suit the award: the principle (5.2.b) and the award's own article, a finding each."""
    allowed = ", ".join(name for known, name in catalogue.KIND_NAMES.items() if known in award.kinds)
    message = f"{award.name} dành cho {allowed}, không dành cho {catalogue.KIND_NAMES[kind]} ({award.article})."
    own = Finding(f"{award.id.lower()}.kind", FindingVerdict.NOT_MET, kind, award.article, Status.V1, message)
    return (
        (Finding("principle.fit", FindingVerdict.NOT_MET, kind, pack.fit, Status.V1, message), own)
        if pack.fit
        else (own,)
    )


def _unheard_of(case: Case, *, on: date, governing: Pack) -> Evaluation:
    """Another pack has the award, the one of this day has not: nobody gives or proposes it then."""
    name = pack_files.spoken()[case.award]
    finding = Finding(
        f"{case.award.lower()}.authority",
        FindingVerdict.NOT_MET,
        None,
        Citation(document=governing.law),
        Status.V1,
        f"Gói luật {governing.id} không có {name}: không cấp nào quyết định hay trình vào ngày này.",
    )
    return Evaluation(
        award=case.award,
        pack=governing.id,
        pack_sha256=governing.sha256,
        on=on,
        verdict=Verdict.WRONG_AUTHORITY,
        authority=Authority.NONE,
        decided_by=None,
        route=None,
        findings=(finding,),
        missing_parameters=(),
        missing_documents=(),
    )


def _no_pack(case: Case, *, on: date, governing: Pack | None) -> Evaluation:
    if governing is None:
        what = "Không có gói luật nào áp dụng cho ngày này"
    else:
        what = f"Gói luật {governing.id} chưa đủ: {'; '.join(governing.missing)}"
    finding = Finding(
        "pack.complete",
        FindingVerdict.UNKNOWN,
        governing.id if governing else None,
        Citation(document=governing.law) if governing else NO_PACK,
        Status.SEC if governing else Status.V1,
        f"{what}. Chưa thể kết luận.",
    )
    return Evaluation(
        award=case.award,
        pack=None,
        pack_sha256=None,
        on=on,
        verdict=Verdict.NO_PACK,
        authority=Authority.NONE,
        decided_by=None,
        route=None,
        findings=(finding,),
        missing_parameters=(),
        missing_documents=governing.missing if governing else (),
    )
