"""Scripted people for the demo and the simulation: they look at what waits for them and act, as people do.

Nothing here knows more than its role: each function reads the database, decides like a person, calls the operation
that the web and the commands call, and is safe to run again after a crash.
"""

import random
import re
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from models.database import Session
from operations import access, record
from operations.access import Actor
from operations.installation import Installation
from operations.views import progress
from rules.lifecycle import State

T = TypeVar("T")

REVIEWER, SECRETARY, CHAIRMAN = "chuyenvien1", "thuky", "chutich"
MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))


@dataclass
class Office:
    """One installation as scripted people see it: acts are transactions, and each may be acknowledged."""

    installation: Installation
    now: datetime
    acknowledge: Callable[[str, str, int], None] | None = None
    actors: dict[str, Actor] | None = None

    def actor(self, username: str) -> Actor:
        if self.actors is None:
            self.actors = {}
        if username not in self.actors:
            with self.installation.database.read() as session:
                self.actors[username] = access.actor(session, username, now=self.now)
        return self.actors[username]

    def act(self, verb: str, code: str, change: Callable[[Session], T]) -> T:
        """One act in its own transaction; acknowledged once it is committed."""
        with self.installation.database.begin() as session:
            before = record.size(session)
            answer = change(session)
            size = record.size(session)
        if self.acknowledge is not None and size > before:  # who found nothing left to do acknowledges nothing
            self.acknowledge(verb, *self._entry(code, before, size))
        return answer

    def _entry(self, code: str, start: int, end: int) -> tuple[str, int]:
        """What an act of many entries is known by: its first entry about `code`, else its last one and what that is about."""
        found = self.look(lambda session: record.written(session, start, end))
        for index, subject in found:
            if code and (subject == code or subject.startswith(f"{code}/")):
                return code, index
        index, subject = found[-1]
        return subject, index

    def look(self, question: Callable[[Session], T]) -> T:
        with self.installation.database.read() as session:
            return question(session)

    def codes(self, round_code: str, state: State) -> list[str]:
        """Codes of a round's nominations in a state, oldest first."""
        return self.look(lambda session: progress.codes(session, round_code, state))


def peak_rss_mb() -> int:
    """Peak of this process's own resident memory; getrusage would also remember the process that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) // 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def ballot(
    chance: random.Random, agenda: Iterable[str], *, against: frozenset[str], leave_out: frozenset[str]
) -> dict[str, str]:
    """A member's choices: for nearly everything, against what the council was not convinced of."""
    choices: dict[str, str] = {}
    for code in agenda:
        if code in leave_out:
            continue
        draw = chance.random()
        if code in against:
            choices[code] = "disapprove" if draw < 0.9 else "abstain"
        else:
            choices[code] = "approve" if draw < 0.985 else "abstain"
    return choices
