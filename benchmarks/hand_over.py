"""Stage hand-over: from the act's commit to the end of the next stage's flow run, on `vinhdanh up`.

`python benchmarks/hand_over.py [--times 10]` prints machine, versions, every figure, median and maximum; it ends 1 when
the maximum is above 15 seconds. Each time a unit submits a nomination, and the review flow has evaluated it.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from operations import access, rounds  # noqa: E402 -- after the checkout's root is on the path
from operations.installation import Installation, moment  # noqa: E402 -- as above
from operations.unit_proposal import proposal  # noqa: E402 -- as above
from operations.upkeep import sample  # noqa: E402 -- as above

NOW = "2024-11-01T08:00:00+07:00"
LIMIT = 15.0


def finished_runs(api: str, auth: tuple[str, str], tag: str) -> int:
    wanted = {"tags": {"all_": [tag, "home_affairs_review"]}, "state": {"type": {"any_": ["COMPLETED"]}}}
    answer = httpx.post(f"{api}/flow_runs/count", json={"flow_runs": wanted}, auth=auth, timeout=30, trust_env=False)
    answer.raise_for_status()
    return int(answer.json())


def measure(times: int, folder: Path) -> list[float]:
    installation = Installation.at(folder, {})
    installation.create()
    now = moment(NOW)
    with installation.database.begin() as session:
        sample.set_up(session, now=now, passwords_for=[])
    with subprocess.Popen(
        [sys.executable, "-m", "deployments.up", "--data", str(folder), "--port", "0", "--json"],
        cwd=ROOT, env={**os.environ, "VINHDANH_NOW": NOW}, stdout=subprocess.PIPE, text=True,
    ) as up:  # fmt: skip
        try:
            assert up.stdout is not None
            api = json.loads(up.stdout.readline())["prefect"] + "/api"
            user, _, password = (folder / "run" / "prefect.auth").read_text().partition(":")
            with installation.database.begin() as session:
                secretary = access.actor(session, "thuky", now=now)
                officer = access.actor(session, "canbo.xa01", now=now)
                code = rounds.open_round(
                    session, kind="CONG_TRANG", year=2024, title="Đợt đo thời gian", actor=secretary, now=now
                ).code
            time.sleep(5)
            found = []
            for number in range(times):
                before = finished_runs(api, (user, password), code)
                nomination = proposal.Proposed(
                    name=f"Lò Thị Mẫu {number}", kind="individual", award="LDTT", row=1, achievement="thành tích",
                    rating="HTTNV", object_class="Công chức", facts={"employed_months": 12},
                )  # fmt: skip
                with installation.database.begin() as session:
                    proposal.file(
                        session, round_code=code, unit_code="XA01", proposals=[nomination], actor=officer, now=now,
                        submit=True,
                    )  # fmt: skip
                began = time.perf_counter()
                while finished_runs(api, (user, password), code) == before:
                    time.sleep(0.1)
                found.append(time.perf_counter() - began)
                print(f"{number + 1:>3}  {found[-1]:6.2f} s", flush=True)
                time.sleep(1)
            return found
        finally:
            up.terminate()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=10)
    given = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}")
    print(f"Python {platform.python_version()}, Prefect {version('prefect')}, SQLAlchemy {version('sqlalchemy')}, "
          f"SQLite {sqlite3.sqlite_version}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.times, Path(folder) / "data")
    print(f"median {statistics.median(found):.2f} s, maximum {max(found):.2f} s, limit {LIMIT:.0f} s")
    return 0 if max(found) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
