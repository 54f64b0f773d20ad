"""One real Prefect server a test session; flows run in this process against it, on a data folder of one's own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments import up
from deployments.environment import ROOT, prefect_environment, server_environment
from deployments.serve import PREFECT
from operations.installation import Installation
from tests.conftest import eventually

AUTH = "vinhdanh:bai-thu"


@dataclass
class Server:
    """The test server's API, as anybody with its credentials sees it."""

    url: str
    folder: Path

    def post(self, path: str, **body: Any) -> Any:
        user, _, password = AUTH.partition(":")
        answer = httpx.post(f"{self.url}/{path}", json=body, auth=(user, password), timeout=20, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def runs(self, tag: str | None = None) -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"tags": {"all_": [tag]}}} if tag else {}
        found: list[dict[str, Any]] = self.post("flow_runs/filter", sort="START_TIME_ASC", **wanted)
        return found

    def logs(self, run: str, *, at_least: int = 1) -> list[str]:
        """What a person reads on the run's page; lines arrive in batches."""
        wanted = {"logs": {"flow_run_id": {"any_": [run]}}}
        found: list[str] = eventually(
            lambda: [line["message"] for line in self.post("logs/filter", **wanted) if line["name"] == "vinhdanh"],
            lambda lines: len(lines) >= at_least,
        )
        return found

    def children(self, parent: Any) -> list[dict[str, Any]]:
        """The runs below a run, in the order in which they began."""
        below = {"flow_runs": {"parent_flow_run_id": {"any_": [str(parent)]}}}
        found: list[dict[str, Any]] = self.post("flow_runs/filter", sort="START_TIME_ASC", **below)
        return found

    def artifacts(self, key: str | None = None) -> list[dict[str, Any]]:
        """What runs laid to their pages: the newest under a key, or every one."""
        if key is not None:
            found: list[dict[str, Any]] = self.post("artifacts/latest/filter", artifacts={"key": {"any_": [key]}})
        else:
            found = self.post("artifacts/filter")
        return found


@pytest.fixture(scope="module")  # idle, it costs a tenth of a processor
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("prefect")
    bound = up._bind("127.0.0.1", 0)
    url = f"http://{up._address(bound)}/api"
    environment = prefect_environment(folder, api_url=url, auth=AUTH)
    environment["PREFECT_LOGGING_TO_API_BATCH_INTERVAL"] = "0.2"
    environment["PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS"] = "3"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.serve", str(bound.fileno()), PREFECT],
            env=server_environment(environment),
            cwd=ROOT,
            pass_fds=[bound.fileno()],
            stdout=log,
            stderr=log,
        )
    found = Server(url, folder)
    before = dict(os.environ)
    os.environ.update({name: value for name, value in environment.items() if name.startswith("PREFECT_")})
    from prefect import context
    from prefect.logging.configuration import setup_logging

    context.refresh_global_settings_context()
    setup_logging(incremental=False)
    eventually(lambda: _counts(found), seconds=180)
    yield found
    os.environ.clear()
    os.environ.update(before)
    process.terminate()
    process.wait(20)
    bound.close()


def _counts(server: Server) -> bool:
    try:
        return int(server.post("flows/count")) >= 0
    except httpx.HTTPError:
        return False


@pytest.fixture
def here(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The installation that tasks work for, as `init --sample` leaves it, at the business time of the test office."""
    from tasks import runtime

    monkeypatch.setenv("VINHDANH_DATA", str(installation.folder))
    monkeypatch.setenv("VINHDANH_NOW", "2024-11-01T08:00:00+07:00")
    runtime.installation.cache_clear()
    yield runtime.installation()
    runtime.installation().database.close()
    runtime.installation.cache_clear()


@pytest.fixture
def office(here: Installation, small_office: Any) -> Any:
    """The sample office of that installation at work."""
    return type(small_office)(here.database, here.signer)
