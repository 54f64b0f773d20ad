"""`python -m deployments.up`: Prefect server, engine and web as one supervised command on one data folder.

Every child stays in this command's process group and dies with it. A folder is held by a lock on `run/up.lock`, which
the system gives back when the process ends, however it ends: a stale file never blocks a start. Prefect's database is
disposable: when it is gone or broken the server starts again on a fresh one, and the engine registers anew.
"""

import argparse
import base64
import contextlib
import ctypes
import fcntl
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import httpx

from deployments.environment import ROOT, auth_string, prefect_environment, server_environment
from deployments.serve import PREFECT
from operations import modes
from operations.hold import Hold
from operations.installation import Installation
from rules.refusal import Refusal, Unreadable

STEADY = 300.0  # seconds a part must have lived for its earlier falls to be forgotten
EXAMINE = 5.0  # seconds between looks at Prefect's health
MISSES = 4  # looks in a row that it answers wrongly before the server is started again
SILENCE = 120.0  # seconds without any answer before it is: a busy machine makes a sound server slow, never wrong
START = 600.0  # seconds that a start may take: on a machine that does other things as well, Prefect needs minutes
FALLS = 3  # of a part before the first readiness: what falls that often does not come up by waiting
STOP = 6.0  # seconds that a part has to end by itself
LOG_BYTES = 5_000_000

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with(parent: int) -> None:
    # SIGKILL: every part is made to be killed, and one that lingers would work beside its successor.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the line above
        os._exit(1)


@dataclass
class Part:
    """One child process: how it is started, and how it has fared."""

    name: str
    command: list[str]
    environment: dict[str, str]
    bound: socket.socket | None = None
    speaks: bool = False
    child: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    falls: int = 0

    def lives(self) -> bool:
        return self.child is not None and self.child.poll() is None


class Supervisor:
    """Starts the parts, restarts one that falls, stops all."""

    def __init__(self, folder: Path, web: socket.socket, hold: Hold, *, host: str, as_json: bool) -> None:
        self.folder = folder
        self.held = True  # the database is ours
        self._hold = hold
        self._look_at = 0.0
        self.as_json = as_json
        self.web = f"http://{_address(web)}"
        self._stopping = threading.Event()
        self._engine_ready = threading.Event()
        self._parts: dict[str, Part] = {}
        settings = Installation.at(folder).settings
        external = settings.get("PREFECT_API_URL")
        self._auth = os.environ.get("PREFECT_API_AUTH_STRING") if external else auth_string(folder)
        own = None if external else _loopback(folder / "run" / "prefect.port")
        self.api_url = external or f"http://{_address(own)}/api" if own else str(external)
        environment = prefect_environment(folder, api_url=self.api_url, auth=self._auth)
        if settings.get("NOW"):  # one business clock for every part, also for one that is started again later
            environment["VINHDANH_NOW"] = settings["NOW"]
        if own is not None:
            self._add(
                "prefect", ["deployments.serve", str(own.fileno()), PREFECT], server_environment(environment), own
            )
        known = environment | _bound_name(host)
        self._add("web", ["deployments.serve", str(web.fileno()), "web.app:app"], known, web)
        self._add("engine", ["deployments.engine"], environment, speaks=True)
        # The engine imports for seconds: it starts when there is a Prefect to talk to.
        self._parts["engine"].due_at = float("inf") if own is not None else 0.0
        self._database = folder / "prefect" / "prefect.db"
        self._inode: int | None = None
        self._healthy = False
        self._misses = 0
        self._heard_at = 0.0
        self._examine_at = 0.0

    def _add(
        self,
        name: str,
        module: list[str],
        environment: dict[str, str],
        bound: socket.socket | None = None,
        *,
        speaks: bool = False,
    ) -> None:
        self._parts[name] = Part(name, [sys.executable, "-m", *module], environment, bound, speaks)

    def run(self) -> bool:
        """Start everything, print when it is ready, mend until told to stop. False when it could not be started."""
        ends = time.monotonic() + START
        ready = False
        while not self._stopping.wait(1.0 if ready else 0.2):
            for part in self._parts.values():
                self._mend(part)
            self._examine_prefect()
            self._trim_logs()
            if not self._is_ours():
                return False
            if not ready and self._is_ready():
                ready = True
                self._say_ready()
            if not ready and (time.monotonic() > ends or any(part.falls > FALLS for part in self._parts.values())):
                return False
        return True

    def stop(self, *_: Any) -> None:
        self._stopping.set()

    def _is_ours(self) -> bool:
        """Has nobody taken the database over while its server was away?"""
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + EXAMINE
            self.held = self._hold.stands()
        return self.held

    def end(self) -> None:
        """End every part; one that does not listen is killed."""
        children = [part.child for part in self._parts.values() if part.child is not None]
        for child in children:
            child.terminate()
        ends = time.monotonic() + STOP
        for child in children:
            try:
                child.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    # --- parts -----------------------------------------------------------------------------------------------------

    def _mend(self, part: Part) -> None:
        """Start a part that is due; note a fall: the next start comes at once, later ones more and more slowly."""
        now = time.monotonic()
        if part.child is not None and part.child.poll() is not None:
            part.falls = part.falls + 1 if now - part.started_at < STEADY else 1
            part.due_at = now + min(30, (part.falls - 1) ** 2)
            _note(f"{part.name}: đã dừng (mã {part.child.returncode}), khởi động lại lần {part.falls}")
            part.child = None
            if part.name == "prefect":
                self._prefect_fell(part)
        if part.child is None and now >= part.due_at:
            self._start(part)

    def _start(self, part: Part) -> None:
        # By the main thread and no other: the kernel ends a child when the thread that started it ends.
        with (self.folder / "run" / f"{part.name}.log").open("ab") as log:
            part.child = subprocess.Popen(
                part.command,
                cwd=ROOT,
                env=part.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if part.speaks else log,
                stderr=log,
                text=True,
                pass_fds=[part.bound.fileno()] if part.bound else [],
                preexec_fn=partial(_die_with, os.getpid()),  # noqa: PLW1509 -- two system calls, no threads' locks in them
            )
        part.started_at = time.monotonic()
        if part.speaks:
            threading.Thread(target=self._listen, args=(part.child,), daemon=True).start()

    def _listen(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            if '"engine"' in line:
                self._engine_ready.set()

    # --- Prefect ---------------------------------------------------------------------------------------------------

    def _examine_prefect(self) -> None:
        """End a server that does not answer from its database any more, or whose database is another: `_mend` restarts."""
        part = self._parts.get("prefect")
        now = time.monotonic()
        if part is None or part.child is None or not part.lives() or now < self._examine_at:
            return
        self._examine_at = now + (EXAMINE if self._healthy else 0.5)
        if self._healthy and self._inode != _inode(self._database):
            self._misses = MISSES
        elif (answers := self._prefect_answers()) is True:
            if not self._healthy:
                self._healthy, self._inode = True, _inode(self._database)
                self._parts["engine"].due_at = min(self._parts["engine"].due_at, now)
            self._misses, self._heard_at = 0, now
        elif self._healthy or now - part.started_at > START:
            if answers is False:
                self._misses += 1
            elif now - max(self._heard_at, part.started_at) > SILENCE:
                self._misses = MISSES
        if self._misses >= MISSES:
            part.child.kill()
            part.child.wait()

    def _prefect_answers(self) -> bool | None:
        """Does it answer from its database? None: it says nothing in time, or that the database is busy (503)."""
        headers = {"Authorization": f"Basic {base64.b64encode(self._auth.encode()).decode()}"} if self._auth else {}
        try:  # `/health` says yes without a look at the database
            answer = httpx.post(f"{self.api_url}/flows/count", json={}, headers=headers, timeout=5, trust_env=False)
        except httpx.HTTPError:
            return None
        return None if answer.status_code == 503 else answer.status_code == 200

    def _prefect_fell(self, part: Part) -> None:
        """Refuse connections until the next start, and start on a fresh database when this one is gone or broken."""
        assert part.bound is not None
        with contextlib.suppress(OSError):  # ENOTCONN: it fell before it listened
            part.bound.shutdown(socket.SHUT_RDWR)
        broken = part.falls > 1
        if broken or self._inode != _inode(self._database):
            for name in ("prefect.db-wal", "prefect.db-shm"):  # of a database that is not there any more
                self._database.with_name(name).unlink(missing_ok=True)
        if broken and self._database.exists():
            self._database.replace(self._database.with_name("prefect.db.broken"))
        self._healthy, self._misses, self._inode = False, 0, None

    # --- readiness, logs -------------------------------------------------------------------------------------------

    def _is_ready(self) -> bool:
        """The engine has its deployments and the web, which nobody but our child can answer for, reads its database."""
        if not self._engine_ready.is_set():
            return False
        try:
            return httpx.get(f"{self.web}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _say_ready(self) -> None:
        prefect = self.api_url.removesuffix("/api")
        ready = {"ready": True, "web": self.web, "prefect": prefect, "pid": os.getpid()}
        _say(self.as_json, ready, f"Sẵn sàng: {self.web} — Prefect: {prefect} (Ctrl-C để dừng)")
        if "prefect" in self._parts:
            _note(f"Trang Prefect hỏi chuỗi đăng nhập: dán nội dung tệp {self.folder}/run/prefect.auth")

    def _trim_logs(self) -> None:
        """Keep one log and its predecessor a part. Children append, so a log can be emptied under them."""
        for name in self._parts:
            log = self.folder / "run" / f"{name}.log"
            if log.exists() and log.stat().st_size > LOG_BYTES:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)


def _inode(path: Path) -> int | None:
    return path.stat().st_ino if path.exists() else None


def _note(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bound_name(host: str) -> dict[str, str]:
    """The web answers to the name it was bound by; an address in figures it knows from each connection."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return {"VINHDANH_BOUND_NAME": host}
    return {}


def _reached(bound: socket.socket) -> str:
    """The address by which this machine's own browser reaches the socket, also one bound to every address."""
    host, port = bound.getsockname()[:2]
    return f"127.0.0.1:{port}" if host in {"0.0.0.0", "::"} else _address(bound)  # noqa: S104 -- compared, not bound


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _loopback(memory: Path) -> socket.socket:
    """A loopback port, the same as last time if it is free: browsers keep their sign-in to Prefect by address."""
    try:
        bound = _bind("127.0.0.1", int(memory.read_text()))
    except (OSError, ValueError, OverflowError):
        with _bind("127.0.0.1", 0) as any_free:
            port = any_free.getsockname()[1]
        bound = _bind("127.0.0.1", port)  # asked for by number, it stays ours when the server falls (`_prefect_fell`)
    memory.write_text(str(bound.getsockname()[1]))
    return bound


def _hold(folder: Path) -> IO[str] | None:
    """Lock the folder; None when another `up` holds it. The lock lasts as long as the returned file is open."""
    path = folder / "run" / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _say(as_json: bool, answer: dict[str, Any], sentence: str) -> None:
    if as_json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    _note(sentence)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="vinhdanh up")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--with", type=int, dest="parent", help="the process with which this one ends (the demo)")
    given = parser.parse_args(arguments)
    modes.keep_private()
    if given.parent is not None:
        _die_with(given.parent)
    try:
        return _supervise(given.data.absolute(), given.host, given.port, given.as_json)
    except Refusal as refusal:
        _say(given.as_json, refusal.as_json(), refusal.message)
        return 1
    except Unreadable as unreadable:
        _say(given.as_json, unreadable.as_json(), unreadable.message)
        return 2


def _in_use() -> Refusal:
    return Refusal(
        "database_in_use",
        "Cơ sở dữ liệu này đang được một `vinhdanh up` khác dùng (từ thư mục hoặc máy khác); hãy dừng nó trước.",
    )


def _supervise(folder: Path, host: str, port: int, as_json: bool) -> int:
    lock = _hold(folder)
    if lock is None:
        raise Refusal(
            "folder_in_use",
            f"Thư mục {folder} đang được một `vinhdanh up` khác dùng; hãy dừng nó trước hoặc chọn thư mục khác.",
        )
    for path in modes.mend(folder):
        _note(f"Đã đóng {path}: trước đây người khác trên máy này đọc được.")
    try:
        web = _bind(host, port)
        web.listen(128)
    except OSError:
        raise Refusal(
            "port_in_use", f"Cổng {port} trên {host} không dùng được; thêm --port với một cổng khác."
        ) from None
    office = Installation.at(folder)
    office.database.migrate()
    office.bind()  # a key that others may read stops the start, and one that is not this ledger's
    hold = Hold(office.database, folder)
    if not hold.take():
        raise _in_use()
    office.keeper.try_now()  # what a fallen predecessor left unsigned
    # Letters and registers name the site by this, where no BASE_URL is set.
    (folder / "run" / "web.url").write_text(f"http://{_reached(web)}", encoding="utf-8")
    supervisor = Supervisor(folder, web, hold, host=host, as_json=as_json)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, supervisor.stop)
    try:
        if supervisor.run():
            return 0
    finally:
        supervisor.end()
        office.keeper.try_now()
        hold.release()
    if not supervisor.held:
        raise _in_use()
    hint = f"Hệ thống không khởi động được; xem nhật ký trong {folder}/run/."
    _say(as_json, {"missing": {"component": "engine", "hint": hint}}, hint)
    return 4


if __name__ == "__main__":
    sys.exit(main())
