"""`up` with its real processes: what is killed comes back by itself, and people's acts never wait for it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.__main__ import run
from deployments.environment import ROOT
from notifications.loopback import LoopbackServer
from operations import identity, outbox
from operations.installation import Installation
from operations.views import due
from rules.lifecycle import STAGE_NAMES, STAGES
from tests.conftest import eventually

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
NOW = "2024-11-01T08:00:00+07:00"
SLOW = max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))  # a machine with other work: seconds count for less
START = 180  # seconds: a Prefect server starts in 16 on a quiet machine, in 60 on one that does three other things


class Up:
    """One `up` on a data folder, and what its children are."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deployments.up", "--data", str(folder), "--port", "0", "--json"],
            cwd=ROOT,
            env={**os.environ, "VINHDANH_NOW": NOW, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def child(self, word: str) -> int | None:
        """The process of a part, by a word of its command line."""
        for pid in self.children():
            try:
                if word in Path(f"/proc/{pid}/cmdline").read_text():
                    return pid
            except OSError:
                continue
        return None

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in tasks.read_text().split()] if tasks.exists() else []

    def prefect(self, path: str, **body: Any) -> Any:
        url = f"http://127.0.0.1:{(self.folder / 'run' / 'prefect.port').read_text()}/api/{path}"
        user, _, password = (self.folder / "run" / "prefect.auth").read_text().partition(":")
        try:
            answer = httpx.post(url, json=body, auth=(user, password), timeout=10, trust_env=False)
        except httpx.HTTPError:
            return []
        return answer.json() if answer.is_success else []

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.prefect("flow_runs/filter", deployments={"id": {"any_": [deployment]}})
        return found

    def stages_of(self, parent: str) -> list[dict[str, Any]]:
        """The runs below a round's run, in the order in which they began, once it and they have ended."""
        one = {"flow_runs": {"id": {"any_": [parent]}}}
        below = {"flow_runs": {"parent_flow_run_id": {"any_": [parent]}}}
        eventually(
            lambda: [found["state"]["type"] for found in self.prefect("flow_runs/filter", **one)],
            lambda found: found in (["COMPLETED"], ["FAILED"], ["CRASHED"]),
            seconds=START,
        )
        found: list[dict[str, Any]] = self.prefect("flow_runs/filter", sort="START_TIME_ASC", **below)
        return found

    def finished(self, tag: str, stage: str) -> list[str]:
        """The final states of a round's runs of one stage."""
        wanted = {"tags": {"all_": [tag, stage]}, "state": {"type": {"any_": ["COMPLETED"]}}}
        return [one["state"]["name"] for one in self.prefect("flow_runs/filter", flow_runs=wanted)]


def keys_of(office: Any) -> list[str]:
    return [row[0] for row in office.rows("SELECT key FROM outbox_message WHERE kind = 'letter'")]


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() and not _is_zombie(pid) for pid in pids)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackServer]:
    with LoopbackServer(tmp_path_factory.mktemp("mail")) as found:
        yield found


@pytest.fixture(scope="module")
def house(_sample_folder: Path, tmp_path_factory: pytest.TempPathFactory, mail: LoopbackServer) -> Iterator[Up]:
    """One `up` for all tests of this file, in their order; the last one stops it."""
    folder = tmp_path_factory.mktemp("up") / "data"
    shutil.copytree(_sample_folder, folder)
    up = Up(folder, VINHDANH_SMTP_URL=mail.url)
    yield up
    if up.process.poll() is None:
        up.stop()


@pytest.fixture
def office(house: Up, small_office: Any) -> Iterator[Any]:
    """The office of that folder, whose people act while `up` serves it."""
    installation = Installation.at(house.folder, {})
    yield type(small_office)(installation.database, installation.signer)
    installation.database.close()


def test_it_says_when_it_is_ready(house: Up) -> None:
    said = house.ready()
    assert (said["ready"], said["pid"]) == (True, house.process.pid)
    assert httpx.get(f"{said['web']}/readyz", trust_env=False).status_code == 200
    assert httpx.post(f"{said['prefect']}/api/flows/count", json={}, trust_env=False).status_code == 401


def test_pages_of_other_sites_read_nothing_of_prefect(house: Up) -> None:
    port = (house.folder / "run" / "prefect.port").read_text()
    own = f"http://127.0.0.1:{port}"

    def allowed(origin: str) -> tuple[str | None, ...]:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answers = (
            httpx.options(f"{own}/api/flows/count", headers=asked, trust_env=False),
            httpx.get(f"{own}/api/health", headers={"Origin": origin}, trust_env=False),
        )
        return tuple(answer.headers.get("access-control-allow-origin") for answer in answers)

    assert allowed("https://evil.example") == (None, None)
    assert allowed("null") == (None, None)
    assert allowed(own) == (own, own)


def test_the_graph_of_prefects_page_draws_vietnamese_letters(house: Up) -> None:
    """Its bundle is Prefect's: when a later version draws otherwise, this says that somebody has to look."""
    port = (house.folder / "run" / "prefect.port").read_text()
    scripts = [path.name for path in (house.folder / "prefect" / "ui" / "v1" / "assets").glob("*.js")]
    served = [httpx.get(f"http://127.0.0.1:{port}/assets/{name}", trust_env=False, timeout=60).text for name in scripts]
    drawn = [letters for text in served for letters in re.findall(r"chars:(?:\[\.\.\.)?[\w$]+\.ASCII.{20}", text)]
    assert [letters.rpartition("ASCII")[2] for letters in drawn] == [r',["\u00c0","\u01b0"]']


def test_a_rounds_run_is_one_parent_with_its_five_stages_by_command_and_by_schedule(
    house: Up, office: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What docs/contract.md §14 promises of the embedded engine: two rounds, since one would not show "every"."""
    called = office.open_round()
    called.file(2)
    other = office.open_round(kind="PHONG_TRAO", title="Thi đua chuyên đề")
    capsys.readouterr()
    began = time.monotonic()
    code = run(["round", "run", called.code, "--json", "--data", str(house.folder), "--as", "thuky", "--now", NOW])
    said = json.loads(capsys.readouterr().out)
    assert (code, said["code"], said["page"].rpartition("/")[2]) == (0, called.code, said["run"]), said
    below = house.stages_of(said["run"])
    seconds = time.monotonic() - began
    now = office.now
    assert [(one["name"], one["state"]["type"], one["state"]["name"]) for one in below] == [
        (f"{STAGE_NAMES[one.stage]} {called.code}", "COMPLETED", one.sentence)
        for one in office.look(due.of_round, called.code, now=now)
    ]
    own = office.look(identity.of)
    assert [set(one["tags"]) for one in below] == [{called.code, stage, own} for stage in STAGES]
    # The schedule's own deployment, as at 7:00 and 13:00.
    deployments = {one["name"]: one["id"] for one in house.prefect("deployments/filter")}
    before = [one["id"] for one in house.runs(deployments["review_round"])]
    assert before == [said["run"]]
    house.prefect(f"deployments/{deployments['escalate_deadlines']}/create_flow_run")
    parents = eventually(
        lambda: [one for one in house.runs(deployments["review_round"]) if one["id"] not in before],
        lambda found: len(found) == 2,
        seconds=START,
    )
    assert sorted(one["parameters"]["round_code"] for one in parents) == [called.code, other.code]
    for parent in parents:
        assert [one["state"]["type"] for one in house.stages_of(parent["id"])] == ["COMPLETED"] * 5
    assert seconds <= 20 * SLOW, f"the round's run took {seconds:.1f} s"


def test_a_second_one_on_the_folder_and_one_on_the_port_are_refused(house: Up, tmp_path: Path) -> None:
    def refused(folder: Path, port: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "deployments.up", "--data", str(folder), "--port", port, "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout)["refused"]["code"]

    port = (house.folder / "run" / "prefect.port").read_text()
    assert refused(house.folder, "0") == (1, "folder_in_use")
    assert refused(tmp_path, port) == (1, "port_in_use")


def test_prefect_killed_and_its_database_deleted_loses_nothing(house: Up, office: Any) -> None:
    round_ = office.open_round()
    eventually(lambda: house.finished(round_.code, "unit_proposal"), seconds=START)
    database = house.folder / "prefect" / "prefect.db"
    server = house.child("prefect_page")
    assert server is not None
    database.unlink()
    os.kill(server, signal.SIGKILL)
    round_.file(2)  # people go on
    eventually(lambda: house.finished(round_.code, "home_affairs_review"), seconds=START)
    eventually(
        lambda: house.finished(round_.code, "home_affairs_review"),
        lambda ends: "2 hồ sơ chờ thẩm định" in ends,
        seconds=START,
    )
    eventually(lambda: house.finished(round_.code, "unit_proposal"), seconds=START)  # looked at again on the fresh one
    eventually(lambda: office.look(outbox.status)["waiting"], lambda waiting: waiting == 0, seconds=START)


def test_a_database_deleted_under_a_living_server_is_noticed(house: Up, office: Any) -> None:
    before = house.child("prefect_page")
    (house.folder / "prefect" / "prefect.db").unlink()
    eventually(lambda: house.child("prefect_page"), lambda pid: pid not in {None, before}, seconds=60)
    round_ = office.open_round(kind="PHONG_TRAO", title="Thi đua chuyên đề")
    eventually(lambda: house.finished(round_.code, "unit_proposal"), seconds=START)
    # A run killed between the server's 250 and its record sends again: the next test kills none in the middle.
    eventually(lambda: office.look(outbox.status)["waiting"], lambda waiting: waiting == 0, seconds=START)


def test_an_engine_killed_comes_back_and_takes_over(house: Up, office: Any, mail: LoopbackServer) -> None:
    engine = house.child("deployments.engine")
    assert engine is not None
    os.kill(engine, signal.SIGSTOP)  # it holds what was announced meanwhile, and dies with it
    round_ = office.open_round(kind="DOT_XUAT", title="Khen thưởng đột xuất")
    office.write("UPDATE outbox_message SET state = 'leased', lease = 'of the dead' WHERE state = 'queued'")
    os.kill(engine, signal.SIGKILL)
    eventually(lambda: house.finished(round_.code, "unit_proposal"), seconds=START)
    eventually(lambda: office.look(outbox.status)["waiting"], lambda waiting: waiting == 0, seconds=START)
    sent = office.look(outbox.status)
    assert (sent["accepted"], sent["failed"]) == (sent["queued"], 0)
    assert sorted(letter.key for letter in mail.received) == sorted(keys_of(office))  # each once, over all these tests


def test_it_stops_with_all_its_children_within_ten_seconds(house: Up) -> None:
    children = house.children()
    assert len(children) == 3
    began = time.monotonic()
    assert house.stop() == 0
    assert gone(children)
    assert time.monotonic() - began < 10


def test_its_children_die_with_it_however_it_dies(house: Up) -> None:
    again = Up(house.folder)
    children = eventually(again.children, lambda found: len(found) >= 2, seconds=60)
    again.stop(signal.SIGKILL)
    eventually(lambda: gone(children), seconds=5)
