"""Replay and what-if: the same facts under two laws, or the same votes under two regulations. Nothing is changed;
what comes out says who is judged otherwise, and by which provision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules import evaluation, quotas, tally
from rules.case import Case
from rules.catalogue import Pack
from rules.evaluation import Evaluation, Finding
from rules.refusal import Citation
from rules.regulation import Regulation
from rules.vocabulary import FindingVerdict, Outcome, Status


@dataclass(frozen=True, slots=True)
class Law:
    """The basis of a judgement: a pack (None: the one in force on each case's day) and a regulation."""

    pack: Pack | None = None
    regulation: Regulation | None = None


@dataclass(frozen=True, slots=True)
class Because:
    """One rule that answers differently; None on a side where the rule does not exist."""

    rule: str
    before: str | None
    after: str | None
    citation: Citation
    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    code: str
    before: Evaluation
    after: Evaluation
    because: tuple[Because, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "award": self.after.award,
            "before": _side(self.before),
            "after": _side(self.after),
            "because": [
                {
                    "rule": one.rule,
                    "before": one.before,
                    "after": one.after,
                    "citation": one.citation.model_dump(),
                    "status": one.status,
                    "message": one.message,
                }
                for one in self.because
            ],
        }


def outcomes(cases: Iterable[tuple[str, Case, date]], *, before: Law, after: Law) -> list[Change]:
    """The cases (code, case, day) whose outcome differs between the two laws, in the order given.

    An outcome is the verdict, what the level may do, who decides and by which route.
    """
    changed = []
    for code, one, on in cases:
        first = evaluation.evaluate(one, on=on, pack=before.pack, regulation=before.regulation)
        second = evaluation.evaluate(one, on=on, pack=after.pack, regulation=after.regulation)
        if _outcome(first) != _outcome(second):
            changed.append(Change(code, first, second, because(first, second)))
    return changed


def because(before: Evaluation, after: Evaluation) -> tuple[Because, ...]:
    """The rules that answer differently, those of the later law first; a rule of one side only counts unless met."""
    earlier = {finding.rule: finding for finding in before.findings}
    later = {finding.rule: finding for finding in after.findings}
    found = []
    for rule, finding in later.items():
        was = earlier.get(rule)
        if (was is None and finding.verdict != FindingVerdict.MET) or (was is not None and _differs(was, finding)):
            found.append(_because(finding, was.verdict if was else None, finding.verdict))
    for rule, finding in earlier.items():
        if rule not in later and finding.verdict != FindingVerdict.MET:
            found.append(_because(finding, finding.verdict, None))
    return tuple(found)


def _differs(was: Finding, now: Finding) -> bool:
    # Authority may stay "met" and still pass to somebody else or from deciding to proposing.
    return was.verdict != now.verdict or (
        was.rule.endswith(".authority") and (was.found, was.citation) != (now.found, now.citation)
    )


def _because(finding: Finding, before: str | None, after: str | None) -> Because:
    return Because(finding.rule, before, after, finding.citation, finding.status, finding.message)


def _outcome(one: Evaluation) -> tuple[Any, ...]:
    return (one.verdict, one.authority, one.decided_by, one.route)


def _side(one: Evaluation) -> dict[str, Any]:
    return {
        "pack": one.pack,
        "verdict": one.verdict,
        "authority": one.authority,
        "decided_by": one.decided_by,
        "route": one.route,
    }


@dataclass(frozen=True, slots=True)
class Candidate:
    """One nomination after the vote; `amount` is its award money in đồng, None where it is not known."""

    code: str
    unit: str
    award: str
    approve: int
    disapprove: int
    abstain: int
    members: int
    attendees: int
    recused: int = 0
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Who passes a regulation's threshold, quota and budget. `tied`: equal votes at a limit, a person must choose."""

    passed: frozenset[str]
    tied: frozenset[str]
    cost_by_unit: dict[str, int]
    without_amount: frozenset[str]


@dataclass(frozen=True, slots=True)
class WhatIf:
    before: Selection
    after: Selection
    enters: tuple[str, ...]
    leaves: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        units = sorted(self.before.cost_by_unit.keys() | self.after.cost_by_unit.keys())
        return {
            "enters": list(self.enters),
            "leaves": list(self.leaves),
            "tied": sorted(self.after.tied),
            "cost_by_unit": [
                {
                    "unit": unit,
                    "before": self.before.cost_by_unit.get(unit, 0),
                    "after": self.after.cost_by_unit.get(unit, 0),
                }
                for unit in units
            ],
            "without_amount": sorted(self.after.without_amount),
        }


def what_if(
    candidates: Sequence[Candidate],
    *,
    before: Regulation,
    after: Regulation,
    budget_before: int | None = None,
    budget_after: int | None = None,
) -> WhatIf:
    """Who enters, who leaves and what it costs each unit if the regulation or the budget (đồng) were another."""
    first = select(candidates, regulation=before, budget=budget_before)
    second = select(candidates, regulation=after, budget=budget_after)
    return WhatIf(
        first,
        second,
        tuple(one.code for one in candidates if one.code in second.passed - first.passed),
        tuple(one.code for one in candidates if one.code in first.passed - second.passed),
    )


def select(candidates: Sequence[Candidate], *, regulation: Regulation, budget: int | None = None) -> Selection:
    """Threshold first, then each unit's quota, then the budget, by votes of approval.

    The law ranks nobody: more votes come first, and equal votes at a limit leave the choice to a person, so none
    of them passes. The base of a quota is the unit's own Lao động tiên tiến that pass the threshold.
    """
    rules = {award: regulation.vote_rule(award) for award in {one.award for one in candidates}}
    recommended = [one for one in candidates if _recommended(one, rules[one.award])]
    tied: set[str] = set()
    kept: list[Candidate] = []
    groups: dict[tuple[str, str], list[Candidate]] = {}
    ldtt: dict[str, int] = {}
    for one in recommended:
        groups.setdefault((one.unit, one.award), []).append(one)
        if one.award in quotas.LDTT:
            ldtt[one.unit] = ldtt.get(one.unit, 0) + 1
    for (unit, award), group in groups.items():
        percent = regulation.quota_percent_of_ldtt(award)
        if percent is None:
            kept += group
            continue
        chosen, equal = _first(group, quotas.allowed(ldtt=ldtt.get(unit, 0), percent=percent))
        kept += chosen
        tied |= equal
    if budget is not None:
        kept, equal = _affordable(kept, budget)
        tied |= equal
    costs: dict[str, int] = {}
    for one in kept:
        costs[one.unit] = costs.get(one.unit, 0) + (one.amount or 0)
    return Selection(
        frozenset(one.code for one in kept),
        frozenset(tied),
        costs,
        frozenset(one.code for one in kept if one.amount is None),
    )


def _recommended(one: Candidate, rule: Any) -> bool:
    counted = tally.outcome(
        approve=one.approve,
        disapprove=one.disapprove,
        abstain=one.abstain,
        members=one.members,
        attendees=one.attendees,
        recused=one.recused,
        rule=rule,
    )
    return counted.outcome == Outcome.RECOMMENDED


def _first(group: list[Candidate], most: int) -> tuple[list[Candidate], set[str]]:
    """At most `most` by votes; those with the votes of the first one left out are tied and none of them is chosen."""
    if len(group) <= most:
        return group, set()
    ranked = sorted(group, key=lambda one: -one.approve)
    limit = ranked[most].approve
    equal = (
        {one.code for one in ranked if one.approve == limit} if most and ranked[most - 1].approve == limit else set()
    )
    return [one for one in ranked[:most] if one.code not in equal], equal


def _affordable(kept: list[Candidate], budget: int) -> tuple[list[Candidate], set[str]]:
    """Whole groups of equal votes, from the most, while the money lasts; an unknown amount takes nothing."""
    by_votes: dict[int, list[Candidate]] = {}
    for one in kept:
        by_votes.setdefault(one.approve, []).append(one)
    chosen: list[Candidate] = []
    left = budget
    for votes in sorted(by_votes, reverse=True):
        cost = sum(one.amount or 0 for one in by_votes[votes])
        if cost > left:
            return chosen, {one.code for one in by_votes[votes]} if len(by_votes[votes]) > 1 else set()
        left -= cost
        chosen += by_votes[votes]
    return chosen, set()
