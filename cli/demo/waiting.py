"""The engine as the demo's child, and waiting for what machines do: evaluate, render, deliver, end their runs."""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from cli.demo.people import Office
from cli.door import Finished, progress
from models.database import Session
from operations import outbox

ENGINE_SECONDS = 25.0  # how long people wait for the engine before they do its work by hand
_AWAY = "Máy chủ Prefect không chạy; xem nhật ký trong run/ của thư mục dữ liệu rồi chạy lại lệnh này để đi tiếp."


class Engine:
    """The same supervisor that `vinhdanh up` is; its children end with this process."""

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "deployments.up", "--data", str(folder), "--json"]
        command += ["--port", str(port), "--with", str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603 -- our own program by fixed arguments
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._ready: dict[str, Any] | None = None

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def ready(self) -> dict[str, Any]:
        """Its addresses; waits for its start. Raises Finished through the door when it cannot start."""
        if self._ready is None:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            answer: dict[str, Any] = json.loads(line) if line.strip() else {}
            if not answer.get("ready"):
                raise Finished(4, {"missing": {"component": "engine", "hint": _AWAY}})
            self._ready = answer
            progress(f"Prefect: {answer['prefect']}")
        return self._ready

    def patiently(self, office: Office, done: Callable[[Session], bool], by_hand: Callable[[], object]) -> None:
        """Leave a machine's work to the engine; a person does it only when the engine has not, for long."""
        self.ready()
        ends = time.monotonic() + ENGINE_SECONDS
        while time.monotonic() < ends:
            if office.look(done):
                return
            time.sleep(0.15)
        by_hand()

    def count_runs(self, *types: str) -> int:
        """Flow runs in one of these states."""
        return self._count({"operator": "and_", "state": {"type": {"any_": list(types)}}})

    def wait_for_runs(self) -> None:
        """Until every run that was begun or is due has its end; a minute at most."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends and self.count_runs("PENDING", "RUNNING") + self._overdue_runs():
            time.sleep(0.4)

    def _overdue_runs(self) -> int:
        now = datetime.now().astimezone().isoformat()
        scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}, "next_scheduled_start_time": {"before_": now}}
        return self._count(scheduled)

    def _count(self, wanted: dict[str, Any]) -> int:
        return int(self._prefect("flow_runs/count", {"flow_runs": wanted}))

    def _prefect(self, path: str, body: dict[str, Any]) -> Any:
        auth = (self.folder / "run" / "prefect.auth").read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Basic {b64encode(auth.encode()).decode()}"}
        url, ends = f"{self.ready()['prefect']}/api/{path}", time.monotonic() + 90
        while True:
            try:
                answer = httpx.post(url, json=body, headers=headers, timeout=20, trust_env=False)
                answer.raise_for_status()
                return answer.json()
            except httpx.HTTPError:  # the supervisor is starting it again, on the same port
                if time.monotonic() > ends:
                    raise Finished(4, {"missing": {"component": "Prefect", "hint": _AWAY}}) from None
                time.sleep(1)


def for_letters(office: Office) -> None:
    """Until every letter has its answer, or waits for its back-off; ten minutes at most."""
    ends = time.monotonic() + 600
    while time.monotonic() < ends:
        if office.look(outbox.status)["waiting"] == 0:
            return
        if office.look(outbox.unsent_now) == 0:
            return  # what is left waits for its back-off: the mail server said "later"
        time.sleep(0.3)
