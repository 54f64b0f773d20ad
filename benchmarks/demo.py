"""Wall seconds of the demo with `.venv` there already: the embedded Prefect, a real mail server, 2,689 nominations.

.venv/bin/python benchmarks/demo.py [--runs 3] [--scale district]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from surroundings import describe


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", default="district")
    given = parser.parse_args()
    print(describe(), flush=True)
    walls = []
    for number in range(given.runs):
        with tempfile.TemporaryDirectory(prefix="vinhdanh-") as folder:
            command = [sys.executable, "-m", "cli", "demo", "--exit", "--json", "--scale", given.scale]
            started = perf_counter()
            done = subprocess.run(
                [*command, "--data", str(Path(folder) / "demo"), "--seed", str(number + 1)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            walls.append(perf_counter() - started)
            answer = json.loads(done.stdout)
        print(
            f"{walls[-1]:6.1f} s wall · {answer['nominations']['total']} nominations · letters {answer['letters']} · "
            f"flow runs {answer['flow_runs']} · ledger {answer['ledger']['size']} "
            f"{'verified' if answer['ledger']['verified'] else 'NOT VERIFIED'} · peak {answer['peak_rss_mb']} MB\n"
            f"        {', '.join(f'{name} {seconds:.1f}' for name, seconds in answer['seconds'].items())}",
            flush=True,
        )
    print(f"median {statistics.median(walls):.1f} s, worst {max(walls):.1f} s")


if __name__ == "__main__":
    main()
