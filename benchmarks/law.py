"""The law as data: evaluations a second on one core, a district round judged again, a what-if over 5,000.

.venv/bin/python benchmarks/law.py [--cases 20000]
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from surroundings import describe

from operations.installation import Installation
from operations.views import replay
from rules import regulation

DISTRICT, WHAT_IF = 2_689, 5_000
AWARDS = ("LDTT",) * 6 + ("CSTDCS", "GK_HUYEN", "CSTD_TINH", "BK_TINH")
RATINGS = ("HTXSNV", "HTTNV", "HTNV")


def case(chance: random.Random) -> dict:
    """A dossier as units write them: sometimes complete, sometimes not, sometimes not good enough."""
    said: dict = {
        "award": chance.choice(AWARDS),
        "level": "district",
        "kind": "CONG_TRANG",
        "nominee": {
            "kind": "individual",
            "worker_group": chance.choice(("civil_servant", "public_employee", "farmer")),
            "employed_months": chance.choice((4, 8, 12, 12)),
        },
        "year": 2024,
        "ratings": {str(year): chance.choice(RATINGS) for year in (2022, 2023, 2024)},
        "pending": [],
        "disciplines": [],
    }
    if chance.random() < 0.8:
        said["titles"] = [{"award": chance.choice(("LDTT", "CSTDCS")), "year": year} for year in (2022, 2023, 2024)]
        said["initiatives"] = [{"year": 2024, "scope": "base"}] if chance.random() < 0.7 else []
        said["research"], said["combat"], said["commendations"] = [], [], []
    return said


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=20_000)
    given = parser.parse_args()
    print(describe(), flush=True)
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="vinhdanh-") as name:
        folder = Path(name)
        book = folder / "cases.jsonl"
        book.write_text(
            "".join(
                json.dumps({"name": f"c{n}", "on": "2024-12-20", "case": case(chance)}) + "\n"
                for n in range(given.cases)
            ),
            encoding="utf-8",
        )
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        for _ in range(3):
            answer = _command("rules", "evaluate", str(book), "--summary")
            print(f"evaluate: {answer['cases']:,} cases in {answer['seconds']:.2f} s = {answer['per_second']:,}/s "
                  f"{answer['verdicts']}", flush=True)  # fmt: skip
        for count in (DISTRICT, WHAT_IF):
            _command("simulate", "--nominations", str(count), "--data", str(folder / str(count)))
        installation = Installation.at(folder / str(DISTRICT), {})
        for pack in ("A_2024_HUYEN", "B_2025_XA"):
            with installation.database.read() as session:
                started = perf_counter()
                found = replay.replay(session, _round(installation), pack=pack)
                print(f"replay under {pack}: {found['evaluated']:,} nominations, {len(found['changed']):,} changed, "
                      f"{perf_counter() - started:.2f} s", flush=True)  # fmt: skip
        installation = Installation.at(folder / str(WHAT_IF), {})
        other = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace("threshold = [7, 10]", "threshold = [9, 10]")
        with installation.database.read() as session:
            started = perf_counter()
            found = replay.what_if(session, _round(installation), regulation_text=other, budget=1_000_000_000)
            print(f"what-if: {found['candidates']:,} candidates, {perf_counter() - started:.2f} s")


def _command(*arguments: str) -> dict:
    done = subprocess.run([sys.executable, "-m", "cli", "--json", *arguments], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _round(installation: Installation) -> str:
    from operations import rounds

    with installation.database.read() as session:
        return rounds.listing(session)[0]["code"]


if __name__ == "__main__":
    main()
