"""How long one act that a person waits for takes while 50,000 nominations are stored.

    .venv/bin/python benchmarks/act_latency.py [--stored 50000] [--acts 200] [--store DIR]

Builds the store once by `vinhdanh simulate --data DIR` (kept when --store is given, used again when it is there), then
opens a further round in it and times each act from the start of its transaction to the return of its commit.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from surroundings import describe

from cli.demo.people import CHAIRMAN, REVIEWER, SECRETARY, Office
from models import Nomination
from models.types import table
from operations import rounds, transition
from operations.chairman_signature import signature
from operations.home_affairs_review import review
from operations.installation import Installation, moment
from operations.unit_proposal import proposal
from operations.upkeep import sample
from operations.views import timeline
from rules.lifecycle import State

NOW = moment("2024-12-16T08:00:00+07:00")
UNIT = "XA01"


class Clock:
    """Times acts by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def time(self, name: str, act: Callable[[], Any]) -> Any:
        started = perf_counter()
        answer = act()
        self.seconds.setdefault(name, []).append(perf_counter() - started)
        return answer

    def show(self) -> None:
        print(f"{'act':<42}{'n':>5}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}")
        for name, seconds in self.seconds.items():
            ordered = sorted(seconds)
            p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
            print(
                f"{name:<42}{len(ordered):>5}{statistics.median(ordered) * 1e3:>10.1f}{p95 * 1e3:>10.1f}"
                f"{ordered[-1] * 1e3:>10.1f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stored", type=int, default=50_000)
    parser.add_argument("--acts", type=int, default=200)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory(prefix="vinhdanh-") as spare:
        store = given.store or Path(spare) / "store"
        if not (store / "ledger.key").exists():
            command = [sys.executable, "-m", "cli", "simulate", "--json", "--nominations", str(given.stored)]
            subprocess.run([*command, "--data", str(store)], stdout=subprocess.DEVNULL, check=True)
        clock = Clock()
        measure(Installation.at(store, {}), given.acts, clock)
        size = (store / "vinhdanh.sqlite3").stat().st_size
        print(f"{given.stored:,} nominations stored, database {size / 2**20:.0f} MB")
        clock.show()


def measure(installation: Installation, acts: int, clock: Clock) -> None:
    office = Office(installation, NOW)
    secretary, officer = office.actor(SECRETARY), office.actor(f"canbo.{UNIT.lower()}")
    reviewer, chairman = office.actor(REVIEWER), office.actor(CHAIRMAN)
    chance = random.Random(1)
    # The simplified route goes from review to signature: every act of the list on the same nominations.
    round_code = office.act(
        "open",
        "",
        lambda s: rounds.open_round(s, kind="DOT_XUAT", year=2024, title="Đợt đo thời gian", actor=secretary, now=NOW),
    ).code
    codes: list[str] = []
    for number in range(acts):
        filed = partial(
            proposal.file,
            round_code=round_code,
            unit_code=UNIT,
            proposals=[_proposal(chance, number)],
            actor=officer,
            now=NOW,
            submit=False,
        )
        (code,) = clock.time("file one draft", partial(office.act, "file", "", filed)).codes
        codes.append(code)
    paused = set(codes[::4])
    for code in codes:
        _one(clock, office, "submit", partial(proposal.submit, codes=[code], actor=officer, now=NOW))
        evaluate = partial(review.evaluate, now=NOW, codes=[code], limit=1)
        clock.time("evaluate one", partial(office.act, "evaluate", "", evaluate))
        if code in paused:
            _one(
                clock,
                office,
                "pause",
                partial(
                    review.pause,
                    codes=[code],
                    ground="complaint",
                    reason="Có đơn khiếu nại",
                    actor=reviewer,
                    now=NOW,
                ),
            )
        else:
            _one(clock, office, "pass", partial(review.pass_review, codes=[code], actor=reviewer, now=NOW))
    later = NOW + timedelta(days=1)
    for code in codes:
        if code not in paused:
            signed = partial(signature.sign, codes=[code], actor=chairman, now=later)
            answer = clock.time("sign", partial(office.act, "sign", "", signed))
            transition.only_result(answer.results)
    waiting = table(Nomination).c.state == State.PAUSED.value
    for code in codes:
        clock.time(
            "show one with findings and timeline",
            partial(office.look, partial(timeline.of_nomination, code=code, actor=None)),
        )
        clock.time("status of a round", partial(office.look, partial(rounds.status, code=round_code)))
        clock.time(
            "list what waits (50 rows)",
            partial(office.look, lambda s: transition.snapshots_where(s, waiting, limit=50)),
        )


def _one(clock: Clock, office: Office, name: str, change: Callable[..., Any]) -> None:
    transition.only_result(clock.time(name, partial(office.act, name, "", change)))


def _proposal(chance: random.Random, number: int) -> proposal.Proposed:
    someone = sample.person(chance)
    return proposal.Proposed(
        row=number + 2,
        name=someone.name,
        kind="individual",
        award="GK_HUYEN",
        position="Chuyên viên",
        gender=someone.gender,
        ethnicity=someone.ethnicity,
        birth_date=someone.birth_date,
        workplace=f"Tổ đo {number + 1}",
        rating="HTXSNV",
        object_class="Công chức",
        facts={"employed_months": 12, "grounds": ["74.1.a"]},
        achievement="Cứu người trong mưa lũ",
        email=f"do{number}@{sample.DOMAIN}",
    )


if __name__ == "__main__":
    main()
