"""What one sealed ballot costs: open, fifteen ballots over 300 nominations, close, tally.

    .venv/bin/python benchmarks/ballot.py [--nominations 300] [--runs 5] [--database URL]

Wall and processor seconds of each step, commits and their flushes to disk included.
"""

import argparse
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from ballot_races import NOW, SECRETARY, TELLER, add_members, convene, open_round
from surroundings import describe

from models.database import Database, sqlite_url
from operations import access
from operations.council_vote import counting, share_files, vote
from operations.upkeep import sample


class Clock:
    """Wall and processor seconds by step."""

    def __init__(self) -> None:
        self.spent: dict[str, tuple[float, float]] = {}

    def time(self, step: str, act: Callable[[], Any]) -> Any:
        wall, processor = perf_counter(), process_time()
        answer = act()
        before = self.spent.get(step, (0.0, 0.0))
        self.spent[step] = (before[0] + perf_counter() - wall, before[1] + process_time() - processor)
        return answer

    @property
    def total(self) -> tuple[float, float]:
        walls, processors = zip(*self.spent.values(), strict=True)
        return sum(walls), sum(processors)


def ballot(database: Database, code: str, members: tuple[str, ...]) -> Clock:
    """One whole ballot of a convened session."""
    clock, chance = Clock(), random.Random(1)
    with database.read() as session:
        actors = {name: access.actor(session, name, now=NOW) for name in (SECRETARY, TELLER, *members)}

    def act(change: Callable[[Any], Any]) -> Any:
        with database.begin() as session:
            return change(session)

    def opening() -> Any:
        plan = act(lambda s: vote.prospect(s, code, actor=actors[SECRETARY]))
        key, shares = plan.new_key()
        answer = act(lambda s: vote.open_ballot(s, code, public_key=key, actor=actors[SECRETARY], now=NOW))
        return answer["agenda"], share_files.parse(list(shares.values())[: plan.needed], code)

    agenda, shares = clock.time("open", opening)
    for name in members:
        choices = {item: chance.choice(vote.CHOICES) for item in agenda}
        clock.time(
            "cast, all members",
            lambda choices=choices, name=name: act(lambda s: vote.cast(s, code, choices=choices, actor=actors[name])),
        )
    clock.time("close", lambda: act(lambda s: vote.close_ballot(s, code, actor=actors[SECRETARY], now=NOW)))
    clock.time(
        "tally", lambda: act(lambda s: counting.tally_ballot(s, code, shares=shares, actor=actors[TELLER], now=NOW))
    )
    return clock


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nominations", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--database")
    given = parser.parse_args()
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory(prefix="vinhdanh-") as folder:
        database = Database(given.database or sqlite_url(Path(folder)))
        database.migrate()
        with database.begin() as session:
            sample.set_up(session, now=NOW, passwords_for=[])
        members = add_members(database)
        round_code = open_round(database)
        clocks = [
            ballot(database, convene(database, round_code, members, seed, given.nominations), members)
            for seed in range(given.runs)
        ]
        database.close()
    print(f"{len(members)} members, {given.nominations} nominations, {given.runs} runs: median seconds (worst)")
    for step in (*clocks[0].spent, "total"):
        walls, processors = zip(
            *(clock.total if step == "total" else clock.spent[step] for clock in clocks), strict=True
        )
        print(
            f"{step:<20} wall {median(walls):6.3f} ({max(walls):.3f})   processor {median(processors):6.3f} "
            f"({max(processors):.3f})"
        )


if __name__ == "__main__":
    main()
