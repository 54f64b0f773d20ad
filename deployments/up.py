"""`python -m deployments.up`: Prefect server, engine and web as one supervised command on one data folder.

Every child stays in this command's process group and dies with it. A folder is held by a lock on `run/up.lock`, which
the system gives back when the process ends, however it ends: a stale file never blocks a start.
"""

import argparse
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import httpx

from deployments.environment import ROOT, auth_string, prefect_environment

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Starts the parts, restarts one that falls, stops all."""

    def __init__(self, folder: Path, *, host: str, port: int) -> None:
        self.folder = folder
        self.host = host
        self.port = port
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._starts: dict[str, Callable[[], subprocess.Popen[str]]] = {}
        self._stopping = threading.Event()
        self._engine_ready = threading.Event()
        self._lock: IO[str] | None = None
        external = os.environ.get("VINHDANH_PREFECT_API_URL")
        self.prefect_port = None if external else _free_port()
        self.api_url = external or f"http://127.0.0.1:{self.prefect_port}/api"
        auth = os.environ.get("PREFECT_API_AUTH_STRING") if external else auth_string(folder)
        self.environment = prefect_environment(folder, api_url=self.api_url, auth=auth)
        self._auth = auth

    def hold_folder(self) -> bool:
        """Take the folder; False when another `up` has it."""
        path = self.folder / "run" / "up.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
        return True

    def start(self) -> None:
        if self.prefect_port is not None:
            self._spawn(
                "prefect",
                [
                    sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app",
                    "--host", "127.0.0.1", "--port", str(self.prefect_port), "--log-level", "error",
                    "--timeout-keep-alive", "30",
                ],
            )  # fmt: skip
        self._spawn(
            "web",
            [
                sys.executable, "-m", "uvicorn", "web.app:app", "--host", self.host, "--port", str(self.port),
                "--log-level", "error",
            ],
        )  # fmt: skip

    def _spawn(self, name: str, command: list[str], *, reads: bool = False) -> None:
        log = (self.folder / "run" / f"{name}.log").open("ab")

        def start() -> subprocess.Popen[str]:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if reads else log,
                stderr=log,
                text=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 -- one C call, no threads' locks in it
            )
            if reads:
                threading.Thread(target=self._listen, args=(child,), daemon=True).start()
            return child

        self._starts[name] = start
        self._children[name] = start()

    def _listen(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            if '"engine"' in line:
                self._engine_ready.set()

    def prefect_healthy(self) -> bool:
        headers = {}
        if self._auth:
            import base64

            headers["Authorization"] = f"Basic {base64.b64encode(self._auth.encode()).decode()}"
        return _answers(f"{self.api_url}/health", headers)

    def wait_ready(self, seconds: float) -> bool:
        """Web answers and the engine has its deployments."""
        ends = time.monotonic() + seconds
        url = f"http://{self.host}:{self.port}/readyz"
        while time.monotonic() < ends and not self._stopping.is_set():
            # Started by this thread and no other: the kernel ends a child when the thread that started it ends.
            if "engine" not in self._children and self.prefect_healthy():
                self._spawn("engine", [sys.executable, "-m", "deployments.engine"], reads=True)
            if self._engine_ready.is_set() and _answers(url, {}):
                return True
            if "web" in self._children and self._children["web"].poll() is not None:
                return False
            time.sleep(0.2)
        return False

    def watch(self) -> None:
        """Until told to stop: a part that fell is started again, more slowly each time."""
        falls: dict[str, int] = {}
        while not self._stopping.wait(1.0):
            for name, child in list(self._children.items()):
                if child.poll() is not None:
                    falls[name] = falls.get(name, 0) + 1
                    self._stopping.wait(min(30, falls[name] ** 2))
                    if not self._stopping.is_set():
                        self._children[name] = self._starts[name]()

    def stop(self, *_: Any) -> None:
        self._stopping.set()

    def end(self) -> None:
        self._stopping.set()
        for name in ("engine", "web", "prefect"):
            child = self._children.get(name)
            if child is not None and child.poll() is None:
                child.terminate()
        ends = time.monotonic() + 8
        for child in self._children.values():
            try:
                child.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _answers(url: str, headers: dict[str, str]) -> bool:
    try:
        return httpx.get(url, headers=headers, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _refuse(as_json: bool, code: int, answer: dict[str, Any], sentence: str) -> int:
    if as_json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stderr.write(sentence + "\n")
    return code


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="vinhdanh up")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--json", action="store_true", dest="as_json")
    given = parser.parse_args(arguments)
    supervisor = Supervisor(given.data.absolute(), host=given.host, port=given.port)
    if not supervisor.hold_folder():
        message = f"Thư mục {given.data} đang được một `vinhdanh up` khác dùng; hãy dừng nó trước hoặc chọn thư mục khác."
        return _refuse(
            given.as_json, 1, {"refused": {"code": "folder_in_use", "message": message, "citation": None}}, message
        )
    if _taken(given.host, given.port):
        message = f"Cổng {given.port} trên {given.host} đang được dùng; thêm --port với một cổng khác."
        return _refuse(
            given.as_json, 1, {"refused": {"code": "port_in_use", "message": message, "citation": None}}, message
        )
    signal.signal(signal.SIGTERM, supervisor.stop)
    signal.signal(signal.SIGINT, supervisor.stop)
    try:
        supervisor.start()
        if not supervisor.wait_ready(90):
            if supervisor._stopping.is_set():  # noqa: SLF001 -- the same module's own flag
                return 0
            message = f"Hệ thống không khởi động được; xem nhật ký trong {given.data}/run/."
            return _refuse(given.as_json, 4, {"missing": {"component": "engine", "hint": message}}, message)
        web = f"http://{given.host}:{given.port}"
        ready = {"ready": True, "web": web, "prefect": supervisor.api_url.removesuffix("/api"), "pid": os.getpid()}
        if given.as_json:
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
        else:
            sys.stderr.write(f"Sẵn sàng: {web} — Prefect: {ready['prefect']} (Ctrl-C để dừng)\n")
        supervisor.watch()
    finally:
        supervisor.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
