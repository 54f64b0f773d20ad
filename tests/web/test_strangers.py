"""What a stranger may make this site do: the real server process, every route, bodies that cost more to read than to send.

No session, no token. Each is refused within a second; `/healthz` answers meanwhile, and memory stays where it was.
"""

import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from deployments.environment import ROOT
from tests.conftest import Templates
from tests.web.conftest import opened
from tests.web.site_map import CHANGING, Route, routes

pytestmark = pytest.mark.process
MB = 1024 * 1024
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
BRACKETS = b"[" + b"[]," * (4 * MB) + b"[]]"
# What is sent: (its type, the body); all of it is promised, as much of it sent as the server takes.
BODIES = {
    "12 MB of brackets": (JSON, BRACKETS),
    "60,000 fields": (FORM, b"&".join(b"a%d=1" % n for n in range(60_000))),
    "11 MB of &": (FORM, b"&" * (11 * MB)),
}
REFUSED = frozenset({303, 401, 404, 405, 408, 411, 413, 422, 429})


PULSE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Answered:
    status: int  # 0: ended without an answer
    seconds: float
    text: str = ""


class Server:
    """The web process as `up` starts it, and what it costs."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.socket.getsockname()
        self.log = (folder / "web.log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deployments.serve", str(self.socket.fileno()), "web.app:app"],
            cwd=ROOT,
            env=os.environ | {"VINHDANH_DATA": str(folder)},
            pass_fds=[self.socket.fileno()],
            stdout=self.log,
            stderr=self.log,
        )
        assert self.send(PULSE, patience=60).status == 200

    def send(self, head: bytes, body: bytes = b"", *, patience: float = 5.0, pause: float = 0.0) -> Answered:
        """Send what the server takes until it answers."""
        began = time.monotonic()
        with socket.create_connection(self.address, timeout=patience) as connection:
            connection.sendall(head)
            connection.setblocking(False)
            got, left = b"", memoryview(body)
            while (rest := began + patience - time.monotonic()) > 0:
                readable, writable, _ = select.select([connection], [connection] if left else [], [], rest)
                try:
                    if readable:
                        piece = connection.recv(65536)
                        got += piece
                        if not piece or b"\r\n\r\n" in got:
                            break
                    if writable:
                        left = left[connection.send(left[:65536]) :]
                        time.sleep(pause)
                except OSError:
                    break
        said = re.match(rb"HTTP/1\.1 (\d+)", got)
        return Answered(int(said[1]) if said else 0, time.monotonic() - began, got.decode("utf-8", "replace"))

    def memory(self) -> float:
        """MB that the process has had at most."""
        said = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(said.partition("VmHWM:")[2].split()[0]) / 1024

    def worked(self) -> float:
        """Seconds of a processor that the process has used: what no other program on the machine can change."""
        said = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text(encoding="utf-8")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.socket.close()
        self.log.close()


def shared() -> float:
    """Among how many this machine divides each of its processors now: 1 where it does nothing else."""
    return max(1.0, 1.5 * os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass
class Pulse:
    """Somebody who asks for /healthz all the time, and how long the longest answer took."""

    server: Server
    longest: float = 0.0
    answers: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._memory, self._worked = self.server.memory(), self.server.worked()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()
        return self

    def _beat(self) -> None:
        while not self._done.wait(0.02):
            answer = self.server.send(PULSE)
            self.longest = max(self.longest, answer.seconds)
            self.answers.append(answer.status)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def in_time(self, answers: Iterable[Answered]) -> bool:
        """A second each."""
        return all(one.seconds < 1 * shared() for one in answers)

    def costs(self) -> dict[str, object]:
        """What did not stay within the limits."""
        worked, grown = self.server.worked() - self._worked, self.server.memory() - self._memory
        beyond = {
            "statuses": set(self.answers) - {200},
            "longest": self.longest if self.longest > 0.5 * shared() else None,
            "memory": grown if grown > 50 else None,
            "processor": worked if worked > 6 else None,  # 30 ms a route, /healthz between them
        }
        return {name: value for name, value in beyond.items() if value}


@pytest.fixture(scope="module")
def server(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with opened(templates, tmp_path_factory.mktemp("strangers") / "site") as site:
        running = Server(site.folder)
        yield running
        running.stop()


def head(route: Route, kind: str, length: str, *more: str) -> bytes:
    lines = (f"{route.method} {route.filled('x')} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", length, *more)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize("what", BODIES)
def test_a_costly_body_is_refused_at_its_head_on_every_route(server: Server, what: str) -> None:
    kind, body = BODIES[what]
    for route in routes():  # what a process takes once: modules, pages
        server.send(head(route, kind, "Content-Length: 0"))
    with Pulse(server) as pulse:
        found = {route.name: server.send(head(route, kind, f"Content-Length: {len(body)}"), body) for route in routes()}
    assert {name: one for name, one in found.items() if one.status not in REFUSED} == {}
    assert pulse.in_time(found.values())
    assert pulse.costs() == {}


def test_a_head_and_three_bytes_hold_nothing_on_any_route(server: Server) -> None:
    """Those that take a body all at once, and each ends within a second; the others answer as they would without one."""
    answers: dict[str, Answered] = {}

    def ask(route: Route) -> None:
        answers[route.name] = server.send(head(route, FORM, "Content-Length: 300"), b"a=1")

    changing = [route for route in routes() if route.method in CHANGING]
    threads = [threading.Thread(target=ask, args=[route]) for route in changing]
    with Pulse(server) as pulse:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for route in routes():
            if route not in changing:
                ask(route)
    assert {answers[route.name].status for route in changing} <= REFUSED
    assert all(one.status for one in answers.values())
    assert pulse.in_time(answers.values())
    assert pulse.costs() == {}


LOGIN = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize(
    ("sent", "body", "statuses"),
    [
        pytest.param(b"POST /login HTTP/1.1\r\nHo", b"", {408}, id="a head that does not end"),
        pytest.param(b"\r\n", b"", {400, 408}, id="a line that is nothing"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 20_000, b"", {400}, id="headers"),
        pytest.param(b"GET /?" + b"a=1&" * 50_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", {400}, id="address"),
        pytest.param(LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 500_000, {411}, id="tiny chunks"),
        pytest.param(LOGIN + b"Content-Length: 60000\r\n\r\n", b"&" * 60_000, {422}, id="& within the limit"),
        pytest.param(LOGIN + b"Content-Length: 500000000000\r\n\r\n", b"x" * MB, {413}, id="half a terabyte"),
        pytest.param(LOGIN + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", b"x", {400}, id="a length of digits"),
        pytest.param(
            b"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n",
            b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 250_000, {422}, id="a part a line",
        ),
        pytest.param(
            b"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n",
            b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" + b"\r\n--" * 2_500_000,
            {422}, id="a file of beginnings",
        ),
        pytest.param(
            b"POST /api/v1/nominations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12000000\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer vd_" + b"x" * 60 + b"\r\n\r\n",
            BRACKETS, {401}, id="a token that is none",
        ),
    ],
)  # fmt: skip
def test_other_ways_to_order_work(server: Server, sent: bytes, body: bytes, statuses: set[int]) -> None:
    with Pulse(server) as pulse:
        answer = server.send(sent, body[:10_000_000])
    assert answer.status in statuses, answer.text
    assert pulse.in_time([answer])
    assert pulse.costs() == {}


def test_a_sender_who_leaves_is_one_line_of_the_log(server: Server) -> None:
    before = server.said()
    assert "Traceback" not in before
    for _ in range(3):
        with socket.create_connection(server.address) as connection:
            connection.sendall(LOGIN + b"Content-Length: 6000\r\n\r\n" + b"a" * 1000)
            time.sleep(0.1)
    deadline = time.monotonic() + 5
    while (said := server.said()[len(before) :]).count("\n") < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert said.splitlines() == ["POST /login: the sender left before the body was there"] * 3


def test_a_refused_sender_reads_why_and_a_slow_but_steady_one_is_waited_for(server: Server) -> None:
    refused = server.send(LOGIN + b"Content-Length: 9000000\r\n\r\n", b"x" * 9_000_000, pause=0.001)
    assert refused.status == 413
    assert "connection: close" in refused.text.lower()
    body = b"username=" + b"x" * 1991
    steady = server.send(LOGIN + b"Content-Length: 2000\r\n\r\n" + body[:700], b"", patience=2.0)
    assert steady.status == 0  # nothing yet: more than a packet has come, and the rest may be on its way
