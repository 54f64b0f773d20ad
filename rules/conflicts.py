"""Conflicts of interest between council members and nominees: what a member declares, what the data suggest.

The Law is silent on recusal (only Art. 15 of 06/2022/QH15 forbids abuse of office), so nothing is decided here: a
finding asks the member and the secretary, and the council's own regulation says what follows.

Vietnamese names carry little: two people in five are called Nguyễn, most men Văn, most women Thị. A name therefore
counts only whole, with its marks, and next to a second fact (unit, birth year, a number in the register); a shared
family, middle or given name is no fact at all.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Literal

from rules import names
from rules.refusal import Refusal, Unreadable

Strength = Literal["certain", "ask"]

UNCLEARED = ("open", "denied")  # states of a found tie that bar the member until somebody settles it
REPEATED_YEARS = 3  # the same proposer and winner in so many …
REPEATED_WINDOW = 5  # … of so many years
GROUP_SIZE = 3  # people who pass awards around among themselves
GROUP_YEARS = 2  # years in which two of them must have dealt with each other for their tie to count
GROUP_STEPS = 8  # proposals from the member to the nominee and back; a longer round is chance, not a group


class Ground(StrEnum):
    OWN_NOMINATION = "own_nomination"
    KINSHIP = "kinship"
    DIRECT_SUPERIOR = "direct_superior"
    CO_AUTHOR = "co_author"
    PROPOSER = "proposer"
    SAME_UNIT = "same_unit"
    RECIPROCAL = "reciprocal"
    REPEATED_PAIR = "repeated_pair"
    CLIQUE = "clique"
    OTHER = "other"


NAMES: Mapping[Ground, str] = {
    Ground.OWN_NOMINATION: "Hồ sơ của chính mình",
    Ground.KINSHIP: "Quan hệ gia đình, thân thích",
    Ground.DIRECT_SUPERIOR: "Cấp trên, cấp dưới trực tiếp",
    Ground.CO_AUTHOR: "Đồng tác giả sáng kiến",
    Ground.PROPOSER: "Là người đề nghị",
    Ground.SAME_UNIT: "Cùng đơn vị",
    Ground.RECIPROCAL: "Đề nghị lẫn nhau qua các năm",
    Ground.REPEATED_PAIR: "Một người đề nghị cho cùng một người nhiều năm",
    Ground.CLIQUE: "Nhóm người đề nghị khen thưởng lẫn nhau",
    Ground.OTHER: "Lý do khác",
}

DECLARABLE: Mapping[Ground, str] = {
    Ground.KINSHIP: "có quan hệ gia đình, thân thích với người được đề nghị",
    Ground.OWN_NOMINATION: "là người được đề nghị trong hồ sơ này",
    Ground.DIRECT_SUPERIOR: "là cấp trên hoặc cấp dưới trực tiếp của người được đề nghị",
    Ground.CO_AUTHOR: "là đồng tác giả sáng kiến nêu trong hồ sơ",
    Ground.OTHER: "có lý do khác để không tham gia",
}


# Shorter words for the same, as somebody types them.
SHORT: Mapping[str, Ground] = {"own": Ground.OWN_NOMINATION, "superior": Ground.DIRECT_SUPERIOR}


@dataclass(frozen=True, slots=True)
class Person:
    """`superiors` are direct ones, each by `Person.id` or, where the register knows none, by full name."""

    id: str
    name: str
    unit: str
    birth_year: int | None = None
    superiors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    username: str
    person: Person


@dataclass(frozen=True, slots=True)
class Nominee:
    """`proposer`, `co_authors` and `superiors` name people by `Person.id`, username or full name.

    `kind`: individual, collective, household or enterprise.
    """

    code: str
    name: str
    unit: str
    proposer: str
    kind: str
    co_authors: frozenset[str] = frozenset()
    birth_year: int | None = None
    superiors: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class Finding:
    """`certain`: two facts agree on who it is. `ask`: the data only suggest it; the member knows, the data do not."""

    member: str
    nomination: str
    ground: Ground
    strength: Strength
    sentence: str


def declared(kind: str, *, member: Member, nominee: Nominee, note: str = "") -> Finding:
    """What a member says of himself or herself, as the sentence that is shown and recorded.

    Raises Unreadable `unknown_ground` for a kind that cannot be declared, Refusal `reason_required` for `other`
    without a note. Kinship needs none: family matters stay the member's own (Luật TCTT 104/2016 Art. 7.2).
    """
    kind = SHORT.get(kind, kind)
    if kind not in DECLARABLE:
        known = ", ".join(DECLARABLE)
        raise Unreadable(
            "unknown_ground", f"Không có căn cứ «{kind}»; khai được một trong: {known}.", where={"ground": kind}
        )
    ground, note = Ground(kind), " ".join(note.split())
    if ground is Ground.OTHER and not note:
        raise Refusal("reason_required", "Căn cứ «Lý do khác» cần ghi rõ lý do.")
    said = f": {note.rstrip('.')}" if note else ""
    sentence = f"{member.person.name} khai {DECLARABLE[ground]}{said} (hồ sơ {nominee.code}, người được đề nghị {nominee.name})."
    return Finding(member.username, nominee.code, ground, "certain", sentence)


def detect(
    members: Iterable[Member], nominees: Iterable[Nominee], past: Iterable[Past], *, year: int | None = None
) -> list[Finding]:
    """What the data suggest, one finding a member, nomination and ground, in the order of these three.

    `year` is the round's: later rows of `past` are left out, and "the last five years" are the five before it;
    without it any five years running count. The order of the inputs does not matter, and a further row of the past
    never takes a finding away.
    """
    council = [_Seat(member) for member in members]
    register: dict[str, list[Person]] = defaultdict(list)  # a person of two units stands there once for each
    for seat in council:
        register[seat.person.id].append(seat.person)
    history = _History([row for row in past if year is None or row.year <= year])
    groups = _Groups(history)
    walks = {seat.node: groups.closed_walks(seat.node) for seat in council}
    reach = _Reach(council, register, history, walks)
    best: dict[tuple[str, str, Ground], Finding] = {}
    for nominee in nominees:
        dossier = _Dossier(nominee)
        for seat in reach.seats(dossier):
            for ground, strength, sentence in (
                *_present_ties(seat, dossier, register),
                *_past_ties(seat, dossier, history, year),
                *groups.ties(seat, dossier, walks[seat.node]),
            ):
                key = (seat.member.username, nominee.code, ground)
                found = Finding(*key, strength, sentence)
                known = best.get(key)
                if known is None or _rank(found) < _rank(known):
                    best[key] = found
    order = {ground: place for place, ground in enumerate(Ground)}
    return sorted(best.values(), key=lambda found: (found.member, found.nomination, order[found.ground]))


def _rank(found: Finding) -> tuple[bool, str]:
    return found.strength != "certain", found.sentence


class _Seat:
    """A member with the spellings worked out once."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.person = member.person
        self.references = frozenset({member.username, member.person.id})
        self.name = names.whole(member.person.name)
        self.plain = names.without_marks(self.name)
        self.unit = names.spelling(member.person.unit)
        self.node = (self.name, self.unit)


class _Dossier:
    """A nominee with the spellings worked out once."""

    def __init__(self, nominee: Nominee) -> None:
        self.nominee = nominee
        self.of_person = nominee.kind not in {"collective", "enterprise"}
        self.name = names.whole(nominee.name)
        self.plain = names.without_marks(self.name)
        self.unit = names.spelling(nominee.unit)
        self.node = (self.name, self.unit)


class _Reach:
    """Which seats a dossier can be tied to at all. Of a large round nearly nobody: the rest is not looked at further."""

    def __init__(
        self,
        council: Sequence[_Seat],
        register: Mapping[str, Sequence[Person]],
        history: "_History",
        walks: Mapping["_Person", Mapping["_Person", object]],
    ) -> None:
        self.council = council
        self.by_reference: dict[str, set[int]] = defaultdict(set)
        self.by_unit: dict[str, set[int]] = defaultdict(set)
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.by_own_name: dict[str, set[int]] = defaultdict(set)
        partners: dict[str, set[str]] = defaultdict(set)
        for proposer, winner in history.between:
            partners[proposer].add(winner)
            partners[winner].add(proposer)
        for place, seat in enumerate(council):
            for reference in seat.references:
                self.by_reference[reference].add(place)
            self.by_unit[seat.unit].add(place)
            self.by_own_name[seat.plain].add(place)
            below = (
                person.name for persons in register.values() for person in persons if seat.person.id in person.superiors
            )
            above = (
                person.name
                for superior in seat.person.superiors
                for person in register.get(superior, (Person("", superior, ""),))
            )
            around = (name for name, _ in walks[seat.node])
            for name in {seat.person.name, *below, *above, *partners.get(seat.name, ()), *around}:
                self.by_name[names.without_marks(names.whole(name))].add(place)
        for known in (self.by_unit, self.by_name, self.by_own_name):
            known.pop("", None)

    def seats(self, dossier: _Dossier) -> list[_Seat]:
        """The seats in their order; whoever is missing has no tie to this dossier."""
        nominee = dossier.nominee
        places = self.by_name.get(dossier.plain, set()) | self.by_unit.get(dossier.unit, set())
        if not dossier.of_person:
            places |= self.by_unit.get(names.spelling(nominee.name), set())
        for reference in (nominee.proposer, *nominee.co_authors, *nominee.superiors):
            if reference in self.by_reference:
                places |= self.by_reference[reference]
            else:
                places |= self.by_own_name.get(names.without_marks(names.whole(reference)), set())
        return [self.council[place] for place in sorted(places)]


_Tie = tuple[Ground, Strength, str]


def _same_person(person: Person, dossier: _Dossier) -> tuple[Strength, str] | None:
    """Whether a person of the register is the nominee, how surely, and which facts agree."""
    nominee, name = dossier.nominee, names.whole(person.name)
    if not dossier.of_person or not name or names.without_marks(name) != dossier.plain:
        return None
    here = names.spelling(person.unit) == dossier.unit != ""
    years = (person.birth_year, nominee.birth_year)
    born = None not in years and years[0] == years[1]
    contradicted = None not in years and years[0] != years[1]
    if not here and not born:
        return None
    facts = [
        "họ tên" if name == dossier.name else f"họ tên không kể dấu ({person.name}, {nominee.name})",
        *([f"đơn vị ({nominee.unit})"] if here else []),
        *([f"năm sinh ({nominee.birth_year})"] if born else []),
    ]
    but = [
        *([] if here else [f"đơn vị ghi khác nhau ({person.unit}; {nominee.unit})"]),
        *([f"năm sinh ghi khác nhau ({years[0]}; {years[1]})"] if contradicted else []),
    ]
    sure = name == dossier.name and not contradicted
    return "certain" if sure else "ask", ", ".join(facts) + (f", tuy {', '.join(but)}" if but else "")


def _is_named(reference: str, seat: _Seat, dossier: _Dossier) -> tuple[Strength, str] | None:
    """Whether a name or number in the dossier means the member: the whole name, surely only within one unit."""
    if reference in seat.references:
        return "certain", ""
    name = names.whole(reference)
    if not name or not seat.name:
        return None
    here = seat.unit == dossier.unit != ""
    if name == seat.name:
        return ("certain", "") if here else ("ask", " (trùng họ tên; hai đơn vị khác nhau, cần xác nhận)")
    if here and names.without_marks(name) == seat.plain:
        return "ask", f" (trùng họ tên không kể dấu: {reference})"
    return None


def _present_ties(seat: _Seat, dossier: _Dossier, register: Mapping[str, Sequence[Person]]) -> Iterable[_Tie]:
    member, nominee = seat.person.name, dossier.nominee
    same = _same_person(seat.person, dossier)
    if same is not None:
        yield (
            Ground.OWN_NOMINATION,
            same[0],
            f"{member} và người được đề nghị trong hồ sơ {nominee.code} trùng {same[1]}: có thể là hồ sơ của chính mình.",
        )
    if seat.unit and (
        seat.unit == dossier.unit or (not dossier.of_person and seat.unit == names.spelling(nominee.name))
    ):
        yield (
            Ground.SAME_UNIT,
            "ask",
            f"{member} và {nominee.name} (hồ sơ {nominee.code}) cùng đơn vị: {seat.person.unit}.",
        )
    yield from _rank_ties(seat, dossier, register)
    for author in sorted(nominee.co_authors):
        named = _is_named(author, seat, dossier)
        if named is not None and same is None:
            yield (
                Ground.CO_AUTHOR,
                named[0],
                f"{member} có tên trong các đồng tác giả sáng kiến của {nominee.name} (hồ sơ {nominee.code}){named[1]}.",
            )
    named = _is_named(nominee.proposer, seat, dossier)
    if named is not None:
        yield (
            Ground.PROPOSER,
            named[0],
            f"{member} là người đề nghị khen thưởng {nominee.name} (hồ sơ {nominee.code}){named[1]}.",
        )


def _rank_ties(seat: _Seat, dossier: _Dossier, register: Mapping[str, Sequence[Person]]) -> Iterable[_Tie]:
    member, nominee = seat.person.name, dossier.nominee
    if not dossier.of_person:
        return
    above = f"{nominee.name} (hồ sơ {nominee.code}) là cấp trên trực tiếp của {member}"
    for superior in sorted(seat.person.superiors):
        if superior in register:
            for chief in register[superior]:
                is_chief = _same_person(chief, dossier)
                if is_chief is not None:
                    yield Ground.DIRECT_SUPERIOR, is_chief[0], f"{above} (trùng {is_chief[1]})."
        elif names.whole(superior) and names.whole(superior) == dossier.name:
            here = seat.unit == dossier.unit != ""
            doubt = "" if here else " (trùng họ tên; hai đơn vị khác nhau, cần xác nhận)"
            yield Ground.DIRECT_SUPERIOR, "certain" if here else "ask", f"{above}{doubt}."
    below = f"{member} là cấp trên trực tiếp của {nominee.name} (hồ sơ {nominee.code})"
    for superior in sorted(nominee.superiors):
        named = _is_named(superior, seat, dossier)
        if named is not None:
            yield Ground.DIRECT_SUPERIOR, named[0], f"{below}{named[1]}."
    for known in (person for persons in register.values() for person in persons):
        if seat.person.id in known.superiors:
            is_known = _same_person(known, dossier)
            if is_known is not None:
                yield Ground.DIRECT_SUPERIOR, is_known[0], f"{below} (trùng {is_known[1]})."


# What people did in earlier rounds. A pattern is never more than a question.


class _History:
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


def _past_ties(seat: _Seat, dossier: _Dossier, history: _History, year: int | None) -> Iterable[_Tie]:
    if not seat.name or not dossier.name:
        return
    gave = history.between.get((seat.name, dossier.name), ())
    got = history.between.get((dossier.name, seat.name), ())
    if not gave and not got:
        return
    member, nominee = seat.person.name, dossier.nominee
    proposes_now = _is_named(nominee.proposer, seat, dossier) is not None
    if _is_reciprocal(seat, dossier, gave, got, year=year, proposes_now=proposes_now):
        years = _listed(row.year for row in gave)
        parts = [*([years] if years else []), *(["đợt này"] if proposes_now else [])]
        sentence = (
            f"{member} đề nghị khen thưởng {nominee.name} ({', '.join(parts)}), "
            f"{nominee.name} đề nghị khen thưởng {member} ({_listed(row.year for row in got)})."
        )
        yield Ground.RECIPROCAL, "ask", sentence
    for rows, proposer, winner, sure in (
        (gave, seat.person.name, nominee.name, _may_have_proposed(gave, seat.unit) and _won_here(gave, dossier.unit)),
        (got, nominee.name, seat.person.name, _may_have_proposed(got, dossier.unit) and _won_here(got, seat.unit)),
    ):
        often = _often({row.year for row in rows}, year) if sure else []
        if often:
            sentence = (
                f"{proposer} đã đề nghị khen thưởng {winner} trong {len(often)} năm ({_listed(often)}), "
                f"xét trong {REPEATED_WINDOW} năm liền."
            )
            yield Ground.REPEATED_PAIR, "ask", sentence


def _is_reciprocal(
    seat: _Seat, dossier: _Dossier, gave: Sequence[Past], got: Sequence[Past], *, year: int | None, proposes_now: bool
) -> bool:
    """A for B in one year, B for A in another; this round's proposal counts as one of the two.

    Each of the two must be known by unit somewhere in these rows, else two namesakes of theirs may be meant.
    """
    if not got or not _may_have_proposed(got, dossier.unit):
        return False
    back = {row.year for row in got}
    if proposes_now and back != {year} and _won_here(got, seat.unit):
        return True
    there = {row.year for row in gave}
    return (
        bool(there)
        and len(there | back) > 1
        and _may_have_proposed(gave, seat.unit)
        and (_proposed_here(gave, seat.unit) or _won_here(got, seat.unit))
        and (_won_here(gave, dossier.unit) or _proposed_here(got, dossier.unit))
    )


def _often(years: set[int], year: int | None) -> list[int]:
    """The years that make a pair a repeated one: most of them in one window, the latest window first; else none."""
    ends = sorted(years, reverse=True) if year is None else [year - 1]
    windows = [[one for one in sorted(years) if end - REPEATED_WINDOW < one <= end] for end in ends]
    often = max(windows, key=len, default=[])
    return often if len(often) >= REPEATED_YEARS else []


_Person = tuple[str, str]  # whole name and unit
_Node = tuple[str, str, str]


class _Groups:
    """People who propose one another: strongly connected components of "proposed", over ties of two years or more.

    A winner is a name in a unit. A proposer whose unit nobody wrote may be any winner of that name, so each step goes
    from the winner over a node "proposing under this name" to the next winner.
    """

    def __init__(self, history: _History) -> None:
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

    def closed_walks(self, person: _Person) -> dict[_Person, list[_Person]]:
        """The shortest round of proposals from `person` over each other one and back, where it is short enough."""
        start: _Node = ("won", *person)
        if start not in self.group:
            return {}
        there, back = self._steps(start, self.forward), self._steps(start, self.backward)
        walks = {}
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

    def ties(self, seat: _Seat, dossier: _Dossier, walks: Mapping[_Person, list[_Person]]) -> Iterable[_Tie]:
        walk = walks.get(dossier.node)
        if walk is None:
            return
        steps = []
        for (proposer, _), (winner, unit) in pairwise(walk):
            rows = [row for row in self.rows[proposer, winner] if names.spelling(row.unit) == unit]
            # The same whole name may stand in several spellings; the first in order keeps the sentence stable.
            giver, taker = min((row.proposer, row.winner) for row in rows)
            steps.append(f"{giver} đề nghị {taker} ({_listed(row.year for row in rows)})")
        size = len(self.group["won", seat.name, seat.unit])
        sentence = (
            f"{seat.person.name} và {dossier.nominee.name} (hồ sơ {dossier.nominee.code}) thuộc một nhóm {size} người "
            f"đề nghị khen thưởng lẫn nhau qua nhiều năm: {'; '.join(steps)}."
        )
        yield Ground.CLIQUE, "ask", sentence


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
