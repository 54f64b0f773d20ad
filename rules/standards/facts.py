"""One case arranged for asking, and what an answer is, in three-valued logic: not met < unknown < met.

Every question answers three ways: the verdict, the value found, and, where a fact is missing, which fact. All numbers
are integers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rules import pack_files
from rules.case import Case
from rules.vocabulary import DisciplineForm, Pending, Rating, Scope, WorkerGroup

NOT_MET, UNKNOWN, MET = 0, 1, 2

SCOPES: Mapping[str, int] = {Scope.BASE: 0, Scope.PROVINCE: 1, Scope.FORCE: 1, Scope.NATION: 2}
RATINGS: Mapping[str, int] = {rating: rating.rank for rating in Rating}
_SPOKEN: Mapping[str, str] = {
    "attested": "đơn vị xác nhận",
    "not_attested": "đơn vị không xác nhận",
    "foreign": "người nước ngoài",
    **{str(word): word.word for words in (Rating, WorkerGroup, Scope, Pending, DisciplineForm) for word in words},
}
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")


class Facts:
    """One case, arranged for asking. `parameters` are the standards that the office's regulation names."""

    __slots__ = (
        "attested_not",
        "case",
        "collective",
        "grounds",
        "group",
        "held",
        "parameters",
        "rating",
        "ratings",
        "year",
    )

    def __init__(self, case: Case, *, parameters: Mapping[str, str]) -> None:
        self.case = case
        self.year = case.year
        self.ratings = case.ratings or {}
        self.collective = case.collective
        self.group = case.nominee.worker_group
        self.grounds = case.grounds
        self.attested_not = case.not_attested or ()
        self.parameters = parameters
        rating = self.ratings.get(case.year)
        if rating is None and case.collective is not None:
            rating = case.collective.rating
        self.rating = rating
        held: dict[str, set[int]] = {}
        for listed in (case.titles, case.commendations):
            for one in listed or ():
                if one.year <= case.year:
                    held.setdefault(one.award, set()).add(one.year)
        self.held = held

    def lists(self, award: str) -> bool:
        """Whether the list that would name this award is there at all."""
        return (self.case.titles if pack_files.is_title(award) else self.case.commendations) is not None

    def rated(self, year: int) -> str | None:
        return self.rating if year == self.year else self.ratings.get(year)


def spoken(found: str | None) -> str:
    """The value found in words an officer reads: codes replaced by their Vietnamese names."""
    if found is None:
        return "không có"
    awards = pack_files.spoken()
    return _CODE.sub(lambda code: _SPOKEN.get(code[0]) or awards.get(code[0], code[0]), found)


Check = Callable[[Facts], int]
Found = Callable[[Facts], str | None]
Lacks = Callable[[Facts], str | None]


@dataclass(frozen=True, slots=True)
class Test:
    """A question: `check` its verdict, `found` the value it rests on, `lacks` the fact that would settle it."""

    check: Check
    found: Found
    lacks: Lacks


def joined(texts: Iterable[str | None]) -> str | None:
    """The texts that say something, each once."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None
