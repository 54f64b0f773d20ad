"""A whole round through the real operations: nominations a second, growth from 2,000 to 20,000, one act at a time.

    .venv/bin/python benchmarks/simulate.py [--pairs 3] [--database URL]

Small and large runs alternate, so that a busy machine slows both alike; ratios are taken within a pair. Each run is a
process of its own (`vinhdanh simulate`), on a new folder; a PostgreSQL URL must name an empty database and allows one
run only (`--pairs 1 --only 2000`).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from surroundings import describe

SMALL, LARGE, SINGLE = 2_000, 20_000, 500


def run(count: int, *options: str) -> dict:
    """One simulation; its answer, with the processor seconds it took."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "cli", "simulate", "--json", "--nominations", str(count), *options],
        stdout=subprocess.PIPE,
        check=True,
    )
    after = os.times()
    answer = json.loads(done.stdout)
    answer["cpu"] = after.children_user + after.children_system - before.children_user - before.children_system
    if not answer["ledger"]["verified"]:
        sys.exit(f"the ledger of {count} does not verify")
    return answer


def show(name: str, answer: dict) -> None:
    print(
        f"{name:>12}  {answer['per_second']:>8.1f}/s  {answer['seconds']:>7.2f} s  "
        f"cpu with start and verification {answer['cpu']:>6.1f} s  peak {answer['peak_rss_mb']:>4} MB  "
        f"ledger {answer['ledger']['size']:>7}  rules {answer['evaluation_seconds']:.2f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--database")
    parser.add_argument("--only", type=int)
    given = parser.parse_args()
    more = ["--database", given.database] if given.database else []
    print(describe(), flush=True)
    if given.only:
        show(f"{given.only:,}", run(given.only, *more))
        return
    small, large, single = [], [], []
    for seed in range(1, given.pairs + 1):
        small.append(run(SMALL, "--seed", str(seed), *more))
        show(f"{SMALL:,}", small[-1])
        large.append(run(LARGE, "--seed", str(seed), *more))
        show(f"{LARGE:,}", large[-1])
        single.append(run(SINGLE, "--one-by-one", "--seed", str(seed), *more))
        show(f"{SINGLE} singly", single[-1])
    print(
        f"\nbest of {given.pairs}: {SMALL:,} {_best(small):.0f}/s · {LARGE:,} {_best(large):.0f}/s · "
        f"{SINGLE} one by one {_best(single):.0f}/s (what the code can do when nothing else runs)"
    )
    ratios = [(b["seconds"] / LARGE) / (a["seconds"] / SMALL) for a, b in zip(small, large, strict=True)]
    print(
        f"median of {given.pairs}: {SMALL:,} {_median(small):.0f}/s · {LARGE:,} {_median(large):.0f}/s · "
        f"{SINGLE} one by one {_median(single):.0f}/s\n"
        f"time a nomination, {LARGE:,} against {SMALL:,}: median {statistics.median(ratios):.2f}×, "
        f"each pair {', '.join(f'{ratio:.2f}' for ratio in ratios)}\n"
        f"peak memory at {LARGE:,}: {max(answer['peak_rss_mb'] for answer in large)} MB"
    )


def _best(answers: list[dict]) -> float:
    return max(answer["per_second"] for answer in answers)


def _median(answers: list[dict]) -> float:
    return statistics.median(answer["per_second"] for answer in answers)


if __name__ == "__main__":
    main()
