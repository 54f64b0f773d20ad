"""Conflicts of interest between council members and nominees: what a member declares, what the data suggest.

The Law is silent on recusal (only Art. 15 of 06/2022/QH15 forbids abuse of office), so nothing is decided here: a
finding asks the member and the secretary, and the council's own regulation says what follows.

Vietnamese names carry little: two people in five are called Nguyễn, most men Văn, most women Thị. A name therefore
counts only whole, with its marks, and next to a second fact (unit, birth year, a number in the register); a shared
family, middle or given name is no fact at all. A member's own whole name on a nominee, with nothing against it, asks softly.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rules import award_history, likeness, names
from rules.award_history import Party, Past
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import ConflictGround, ConflictState, ConflictStrength, NomineeKind

# States of a found tie that bar the member until somebody settles it.
UNCLEARED = (ConflictState.OPEN, ConflictState.DENIED)


DECLARABLE: Mapping[ConflictGround, str] = {
    ConflictGround.KINSHIP: "có quan hệ gia đình, thân thích với người được đề nghị",
    ConflictGround.OWN_NOMINATION: "là người được đề nghị trong hồ sơ này",
    ConflictGround.DIRECT_SUPERIOR: "là cấp trên hoặc cấp dưới trực tiếp của người được đề nghị",
    ConflictGround.CO_AUTHOR: "là đồng tác giả sáng kiến nêu trong hồ sơ",
    ConflictGround.OTHER: "có lý do khác để không tham gia",
}


# Shorter words for the same, as somebody types them.
SHORT: Mapping[str, ConflictGround] = {"own": ConflictGround.OWN_NOMINATION, "superior": ConflictGround.DIRECT_SUPERIOR}


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
class Finding:
    """`certain`: two facts agree on who it is. `ask`: the data only suggest it; the member knows, the data do not."""

    member: str
    nomination: str
    ground: ConflictGround
    strength: ConflictStrength
    sentence: str


def declared(kind: str, *, member: Member, nominee: Nominee, note: str = "") -> Finding:
    """A member's own declaration, as the sentence that is shown and recorded.

    Raises Unreadable `unknown_ground` for a kind that cannot be declared, Refusal `reason_required` for `other`
    without a note. Kinship needs none: family matters stay the member's own (Luật TCTT 104/2016 Art. 7.2).
    """
    kind = SHORT.get(kind, kind)
    if kind not in DECLARABLE:
        known = ", ".join(DECLARABLE)
        raise Unreadable(
            "unknown_ground", f"Không có căn cứ «{kind}»; khai được một trong: {known}.", where={"ground": kind}
        )
    ground, note = ConflictGround(kind), " ".join(note.split())
    if ground is ConflictGround.OTHER and not note:
        raise Refusal("reason_required", "Căn cứ «Lý do khác» cần ghi rõ lý do.")
    said = f": {note.rstrip('.')}" if note else ""
    sentence = f"{member.person.name} khai {DECLARABLE[ground]}{said} (hồ sơ {nominee.code}, người được đề nghị {nominee.name})."
    return Finding(member.username, nominee.code, ground, ConflictStrength.CERTAIN, sentence)


def detect(
    members: Iterable[Member], nominees: Iterable[Nominee], past: Iterable[Past], *, year: int | None = None
) -> list[Finding]:
    """Findings of the data, one a member, nomination and ground, sorted by these three.

    `year` is the round's: later rows of `past` are left out, and "the last five years" are the five before it;
    without it any five years running count. The order of the inputs does not matter, and a further row of the past
    never takes a finding away.
    """
    council = [_Seat(member) for member in members]
    register: dict[str, list[Person]] = defaultdict(list)  # a person of two units stands there once for each
    for seat in council:
        register[seat.person.id].append(seat.person)
    history = award_history.History([row for row in past if year is None or row.year <= year])
    groups = award_history.Groups(history)
    walks = {seat.party: groups.closed_walks(seat.party) for seat in council}
    reach = _Reach(council, register, history, walks)
    best: dict[tuple[str, str, ConflictGround], Finding] = {}
    for nominee in nominees:
        dossier = _Dossier(nominee)
        for seat in reach.seats(dossier):
            for ground, strength, sentence in (
                *_present_ties(seat, dossier, register),
                *_past_ties(seat, dossier, history, year),
                *_asked(groups.ties(seat.party, dossier.party, nominee.code, walks[seat.party])),
            ):
                key = (seat.member.username, nominee.code, ground)
                found = Finding(*key, strength, sentence)
                known = best.get(key)
                if known is None or _rank(found) < _rank(known):
                    best[key] = found
    order = {ground: place for place, ground in enumerate(ConflictGround)}
    return sorted(best.values(), key=lambda found: (found.member, found.nomination, order[found.ground]))


def _rank(found: Finding) -> tuple[bool, str]:
    return found.strength != ConflictStrength.CERTAIN, found.sentence


class _Seat:
    """A member with the spellings worked out once."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.person = member.person
        self.references = frozenset({member.username, member.person.id})
        self.name = names.whole(member.person.name)
        self.plain = names.without_marks(self.name)
        self.alike = likeness.key(member.person.name) if self.name else ""
        self.unit = names.spelling(member.person.unit)
        self.party = Party(member.person.name, self.name, self.unit)


class _Dossier:
    """A nominee with the spellings worked out once."""

    def __init__(self, nominee: Nominee) -> None:
        self.nominee = nominee
        self.of_person = nominee.kind not in {NomineeKind.COLLECTIVE, NomineeKind.ENTERPRISE}
        self.name = names.whole(nominee.name)
        self.plain = names.without_marks(self.name)
        self.alike = likeness.key(nominee.name) if self.name else ""
        self.unit = names.spelling(nominee.unit)
        self.party = Party(nominee.name, self.name, self.unit)


class _Reach:
    """Which seats a dossier can be tied to at all. Of a large round nearly nobody: the rest is not looked at further."""

    def __init__(
        self,
        council: Sequence[_Seat],
        register: Mapping[str, Sequence[Person]],
        history: award_history.History,
        walks: Mapping[Party, award_history.Walks],
    ) -> None:
        self.council = council
        self.by_reference: dict[str, set[int]] = defaultdict(set)
        self.by_unit: dict[str, set[int]] = defaultdict(set)
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.by_own_name: dict[str, set[int]] = defaultdict(set)
        self.by_likeness: dict[str, set[int]] = defaultdict(set)
        partners: dict[str, set[str]] = defaultdict(set)
        for proposer, winner in history.between:
            partners[proposer].add(winner)
            partners[winner].add(proposer)
        for place, seat in enumerate(council):
            for reference in seat.references:
                self.by_reference[reference].add(place)
            self.by_unit[seat.unit].add(place)
            self.by_own_name[seat.plain].add(place)
            self.by_likeness[seat.alike].add(place)
            below = (
                person.name for persons in register.values() for person in persons if seat.person.id in person.superiors
            )
            above = (
                person.name
                for superior in seat.person.superiors
                for person in register.get(superior, (Person("", superior, ""),))
            )
            around = (name for name, _ in walks[seat.party])
            for name in {seat.person.name, *below, *above, *partners.get(seat.name, ()), *around}:
                self.by_name[names.without_marks(names.whole(name))].add(place)
        for known in (self.by_unit, self.by_name, self.by_own_name, self.by_likeness):
            known.pop("", None)

    def seats(self, dossier: _Dossier) -> list[_Seat]:
        """The seats in their order; whoever is missing has no tie to this dossier."""
        nominee = dossier.nominee
        places = self.by_name.get(dossier.plain, set()) | self.by_unit.get(dossier.unit, set())
        if dossier.of_person:
            places |= self.by_likeness.get(dossier.alike, set())
        else:
            places |= self.by_unit.get(names.spelling(nominee.name), set())
        for reference in (nominee.proposer, *nominee.co_authors, *nominee.superiors):
            if reference in self.by_reference:
                places |= self.by_reference[reference]
            else:
                places |= self.by_own_name.get(names.without_marks(names.whole(reference)), set())
        return [self.council[place] for place in sorted(places)]


_Tie = tuple[ConflictGround, ConflictStrength, str]


def _same_person(person: Person, dossier: _Dossier) -> tuple[ConflictStrength, str] | None:
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
    return ConflictStrength.CERTAIN if sure else ConflictStrength.ASK, ", ".join(facts) + (
        f", tuy {', '.join(but)}" if but else ""
    )


def _is_named(reference: str, seat: _Seat, dossier: _Dossier) -> tuple[ConflictStrength, str] | None:
    """Whether a name or number in the dossier means the member: the whole name, surely only within one unit."""
    if reference in seat.references:
        return ConflictStrength.CERTAIN, ""
    name = names.whole(reference)
    if not name or not seat.name:
        return None
    here = seat.unit == dossier.unit != ""
    if name == seat.name:
        return (
            (ConflictStrength.CERTAIN, "")
            if here
            else (ConflictStrength.ASK, " (trùng họ tên; hai đơn vị khác nhau, cần xác nhận)")
        )
    if here and names.without_marks(name) == seat.plain:
        return ConflictStrength.ASK, f" (trùng họ tên không kể dấu: {reference})"
    return None


def _namesakes(seat: _Seat, dossier: _Dossier) -> bool:
    """Whether a nominee's whole name, marks included, is the member's (Lý or Lí), with no birth year against it."""
    years = (seat.person.birth_year, dossier.nominee.birth_year)
    if not dossier.of_person or (None not in years and years[0] != years[1]):
        return False
    return seat.alike == dossier.alike != ""


def _present_ties(seat: _Seat, dossier: _Dossier, register: Mapping[str, Sequence[Person]]) -> Iterable[_Tie]:
    member, nominee = seat.person.name, dossier.nominee
    same = _same_person(seat.person, dossier)
    if same is not None:
        yield (
            ConflictGround.OWN_NOMINATION,
            same[0],
            f"{member} và người được đề nghị trong hồ sơ {nominee.code} trùng {same[1]}: có thể là hồ sơ của chính mình.",
        )
    elif _namesakes(seat, dossier):
        yield (
            ConflictGround.OWN_NOMINATION,
            ConflictStrength.ASK,
            f"{member} và người được đề nghị trong hồ sơ {nominee.code} ({nominee.name}, {nominee.unit}) trùng họ tên, "
            "không có thông tin nào khác để phân biệt: có phải cùng một người không?",
        )
    if seat.unit and (
        seat.unit == dossier.unit or (not dossier.of_person and seat.unit == names.spelling(nominee.name))
    ):
        yield (
            ConflictGround.SAME_UNIT,
            ConflictStrength.ASK,
            f"{member} và {nominee.name} (hồ sơ {nominee.code}) cùng đơn vị: {seat.person.unit}.",
        )
    yield from _rank_ties(seat, dossier, register)
    for author in sorted(nominee.co_authors):
        named = _is_named(author, seat, dossier)
        if named is not None and same is None:
            yield (
                ConflictGround.CO_AUTHOR,
                named[0],
                f"{member} có tên trong các đồng tác giả sáng kiến của {nominee.name} (hồ sơ {nominee.code}){named[1]}.",
            )
    named = _is_named(nominee.proposer, seat, dossier)
    if named is not None:
        yield (
            ConflictGround.PROPOSER,
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
                    yield ConflictGround.DIRECT_SUPERIOR, is_chief[0], f"{above} (trùng {is_chief[1]})."
        elif names.whole(superior) and names.whole(superior) == dossier.name:
            here = seat.unit == dossier.unit != ""
            doubt = "" if here else " (trùng họ tên; hai đơn vị khác nhau, cần xác nhận)"
            yield (
                ConflictGround.DIRECT_SUPERIOR,
                ConflictStrength.CERTAIN if here else ConflictStrength.ASK,
                f"{above}{doubt}.",
            )
    below = f"{member} là cấp trên trực tiếp của {nominee.name} (hồ sơ {nominee.code})"
    for superior in sorted(nominee.superiors):
        named = _is_named(superior, seat, dossier)
        if named is not None:
            yield ConflictGround.DIRECT_SUPERIOR, named[0], f"{below}{named[1]}."
    for known in (person for persons in register.values() for person in persons):
        if seat.person.id in known.superiors:
            is_known = _same_person(known, dossier)
            if is_known is not None:
                yield ConflictGround.DIRECT_SUPERIOR, is_known[0], f"{below} (trùng {is_known[1]})."


def _past_ties(seat: _Seat, dossier: _Dossier, history: award_history.History, year: int | None) -> Iterable[_Tie]:
    proposes_now = _is_named(dossier.nominee.proposer, seat, dossier) is not None
    return _asked(award_history.past_ties(seat.party, dossier.party, history, year=year, proposes_now=proposes_now))


def _asked(ties: Iterable[award_history.Tie]) -> Iterable[_Tie]:
    """Ties from the past are never more than a question."""
    return ((ground, ConflictStrength.ASK, sentence) for ground, sentence in ties)
