"""What people did in earlier rounds, as far as it ties a council member to a nominee.

Who proposed whom, in whole names: the two of one another, one of them the other for years, or both within a group that
passes awards around. A pattern is never more than a question.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rules import names
from rules.vocabulary import ConflictGround

REPEATED_YEARS = 3  # the same proposer and winner in so many …
REPEATED_WINDOW = 5  # … of so many years
GROUP_SIZE = 3  # people who pass awards around among themselves
GROUP_YEARS = 2  # years in which two of them must have dealt with each other for their tie to count
GROUP_STEPS = 8  # proposals from the member to the nominee and back; a longer round is chance, not a group


@dataclass(frozen=True, slots=True)
class Past:
    """An award of an earlier round, by full names. `unit` is the winner's.

    With `proposer_unit` two proposers of one name are told apart; without it the name alone stands for the proposer.
    """

    year: int
    proposer: str
    winner: str
    unit: str
    proposer_unit: str | None = None


class Party(NamedTuple):
    """One of the two people of a tie: the name as written, then whole name and unit in the spelling of `names`."""

    written: str
    name: str
    unit: str


Tie = tuple[ConflictGround, str]  # what ties the two, and the sentence for the member


class History:
    """Earlier awards by who proposed whom, in whole names; somebody who proposed a namesake tells nothing."""

    def __init__(self, past: Sequence[Past]) -> None:
        self.between: dict[tuple[str, str], list[Past]] = defaultdict(list)
        for row in past:
            proposer, winner = names.whole(row.proposer), names.whole(row.winner)
            if proposer and winner and proposer != winner:
                self.between[proposer, winner].append(row)


def _won_here(rows: Iterable[Past], unit: str) -> bool:
    return any(names.spelling(row.unit) == unit != "" for row in rows)


def _proposed_here(rows: Iterable[Past], unit: str) -> bool:
    """Whether a proposer's unit agrees; where it was not written, the winner's unit stands in for it."""
    return any(
        names.spelling(row.unit if row.proposer_unit is None else row.proposer_unit) == unit != "" for row in rows
    )


def _may_have_proposed(rows: Sequence[Past], unit: str) -> bool:
    return any(row.proposer_unit is None for row in rows) or _proposed_here(rows, unit)


def _listed(years: Iterable[int]) -> str:
    return ", ".join(str(one) for one in sorted(set(years)))


def past_ties(
    member: Party, nominee: Party, history: History, *, year: int | None, proposes_now: bool
) -> Iterable[Tie]:
    """Proposals of the two for one another. `proposes_now`: the member proposes the nominee in this round."""
    if not member.name or not nominee.name:
        return
    gave = history.between.get((member.name, nominee.name), ())
    got = history.between.get((nominee.name, member.name), ())
    if not gave and not got:
        return
    if _is_reciprocal(member, nominee, gave, got, year=year, proposes_now=proposes_now):
        years = _listed(row.year for row in gave)
        parts = [*([years] if years else []), *(["đợt này"] if proposes_now else [])]
        sentence = (
            f"{member.written} đề nghị khen thưởng {nominee.written} ({', '.join(parts)}), "
            f"{nominee.written} đề nghị khen thưởng {member.written} ({_listed(row.year for row in got)})."
        )
        yield ConflictGround.RECIPROCAL, sentence
    for rows, proposer, winner, sure in (
        (
            gave,
            member.written,
            nominee.written,
            _may_have_proposed(gave, member.unit) and _won_here(gave, nominee.unit),
        ),
        (got, nominee.written, member.written, _may_have_proposed(got, nominee.unit) and _won_here(got, member.unit)),
    ):
        often = _often({row.year for row in rows}, year) if sure else []
        if often:
            sentence = (
                f"{proposer} đã đề nghị khen thưởng {winner} trong {len(often)} năm ({_listed(often)}), "
                f"xét trong {REPEATED_WINDOW} năm liền."
            )
            yield ConflictGround.REPEATED_PAIR, sentence


def _is_reciprocal(
    member: Party, nominee: Party, gave: Sequence[Past], got: Sequence[Past], *, year: int | None, proposes_now: bool
) -> bool:
    """A for B in one year, B for A in another; this round's proposal counts as one of the two.

    Each of the two must be known by unit somewhere in these rows, else two namesakes of theirs may be meant.
    """
    if not got or not _may_have_proposed(got, nominee.unit):
        return False
    back = {row.year for row in got}
    if proposes_now and back != {year} and _won_here(got, member.unit):
        return True
    there = {row.year for row in gave}
    return (
        bool(there)
        and len(there | back) > 1
        and _may_have_proposed(gave, member.unit)
        and (_proposed_here(gave, member.unit) or _won_here(got, member.unit))
        and (_won_here(gave, nominee.unit) or _proposed_here(got, nominee.unit))
    )


def _often(years: set[int], year: int | None) -> list[int]:
    """The years that make a pair a repeated one: most of them in one window, the latest window first; else none."""
    ends = sorted(years, reverse=True) if year is None else [year - 1]
    windows = [[one for one in sorted(years) if end - REPEATED_WINDOW < one <= end] for end in ends]
    often = max(windows, key=len, default=[])
    return often if len(often) >= REPEATED_YEARS else []


_Person = tuple[str, str]  # whole name and unit
Walks = Mapping[_Person, Sequence[_Person]]  # the round of proposals to each other person and back
_Node = tuple[str, str, str]


class Groups:
    """People who propose one another: strongly connected components of "proposed", over ties of two years or more.

    A winner is a name in a unit. A proposer whose unit nobody wrote may be any winner of that name, so each step goes
    from the winner over a node "proposing under this name" to the next winner.
    """

    def __init__(self, history: History) -> None:
        self.rows = history.between
        forward: dict[_Node, set[_Node]] = defaultdict(set)
        for (proposer, winner), rows in history.between.items():
            back = history.between.get((winner, proposer), ())
            if len({row.year for row in (*rows, *back)}) < GROUP_YEARS:
                continue
            for row in rows:
                won = ("won", winner, names.spelling(row.unit))
                if row.proposer_unit is None:
                    forward["any", proposer, ""].add(won)
                else:
                    forward["at", proposer, names.spelling(row.proposer_unit)].add(won)
        for won in {won for winners in forward.values() for won in winners}:
            for proposing in (("any", won[1], ""), ("at", won[1], won[2])):
                if proposing in forward:
                    forward[won].add(proposing)
        self.forward = {node: sorted(following) for node, following in forward.items()}
        backward: dict[_Node, list[_Node]] = defaultdict(list)
        for node in sorted(self.forward):
            for following in self.forward[node]:
                backward[following].append(node)
        self.backward = dict(backward)
        self.group: dict[_Node, list[str]] = {}
        for component in components(self.forward):
            group = sorted({node[1] for node in component})
            if len(group) >= GROUP_SIZE:
                self.group.update(dict.fromkeys(component, group))

    def closed_walks(self, person: Party) -> Walks:
        """The shortest round of proposals from `person` over each other one and back, where it is short enough."""
        start: _Node = ("won", person.name, person.unit)
        if start not in self.group:
            return {}
        there, back = self._steps(start, self.forward), self._steps(start, self.backward)
        walks: dict[_Person, list[_Person]] = {}
        for node in sorted(there.keys() & back.keys()):
            if node[0] == "won" and node[1] != start[1]:
                outward = self._trace(node, there)[::-1]
                walk = [*outward, *self._trace(node, back)[1:]]
                if len(walk) - 1 <= GROUP_STEPS:
                    walks[node[1], node[2]] = walk
        return walks

    def _steps(self, start: _Node, arcs: Mapping[_Node, Sequence[_Node]]) -> dict[_Node, _Node | None]:
        """Every node of the group within reach, with the one before it."""
        before: dict[_Node, _Node | None] = {start: None}
        depth = {start: 0}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            if depth[node] == 2 * GROUP_STEPS:
                break
            for following in arcs.get(node, ()):
                if following not in before and self.group.get(following) is self.group[start]:
                    before[following], depth[following] = node, depth[node] + 1
                    queue.append(following)
        return before

    def _trace(self, node: _Node, before: Mapping[_Node, _Node | None]) -> list[_Person]:
        walk, at = [], node
        while True:
            if at[0] == "won":
                walk.append((at[1], at[2]))
            previous = before[at]
            if previous is None:
                return walk
            at = previous

    def ties(self, member: Party, nominee: Party, code: str, walks: Walks) -> Iterable[Tie]:
        walk = walks.get((nominee.name, nominee.unit))
        if walk is None:
            return
        steps = []
        for (proposer, _), (winner, unit) in pairwise(walk):
            rows = [row for row in self.rows[proposer, winner] if names.spelling(row.unit) == unit]
            # The same whole name may stand in several spellings; the first in order keeps the sentence stable.
            giver, taker = min((row.proposer, row.winner) for row in rows)
            steps.append(f"{giver} đề nghị {taker} ({_listed(row.year for row in rows)})")
        size = len(self.group["won", member.name, member.unit])
        sentence = (
            f"{member.written} và {nominee.written} (hồ sơ {code}) thuộc một nhóm {size} người "
            f"đề nghị khen thưởng lẫn nhau qua nhiều năm: {'; '.join(steps)}."
        )
        yield ConflictGround.CLIQUE, sentence


def components(arcs: Mapping[_Node, Sequence[_Node]]) -> list[list[_Node]]:
    """The strongly connected components of a directed graph (Tarjan 1972), without recursion."""
    index: dict[_Node, int] = {}
    low: dict[_Node, int] = {}
    open_nodes: list[_Node] = []
    is_open: set[_Node] = set()
    found: list[list[_Node]] = []
    for root in sorted(arcs):
        if root in index:
            continue
        index[root] = low[root] = len(index)
        open_nodes.append(root)
        is_open.add(root)
        work = [(root, iter(arcs.get(root, ())))]
        while work:
            node, following = work[-1]
            for other in following:
                if other not in index:
                    index[other] = low[other] = len(index)
                    open_nodes.append(other)
                    is_open.add(other)
                    work.append((other, iter(arcs.get(other, ()))))
                    break
                if other in is_open:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = open_nodes.pop()
                        is_open.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    found.append(component)
    return found
