"""How the site holds under load: `python benchmarks/web_load.py [--nominations 50000] [--seconds 60] [--folder DIR]`.

Three figures, each from open-loop arrivals (a slow answer does not slow the asking down), on one machine with the load
generator beside the server:
  signed in     1,000 people, each a page every 30 s on average (33.3 requests/s), over the pages they use
  register      200 requests/s on the public register and its searches
  deadline      1,000 submits through the API at once, 50 connections; how long until all are in
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlmodel import select
from surroundings import describe

from cli import simulate
from models import Account, Nomination, ReviewRound
from operations import access, rounds
from operations.installation import Installation
from operations.people import browser_sessions, tokens
from operations.unit_proposal import proposal

NOW = "2024-12-31T08:00:00+07:00"
STAFF = ("thuky", "chuyenvien1", "chuyenvien2", "chutich", "phochutich", "thanhtra", "tv03", "tv04", "tv05", "tv10")


@dataclass
class Seen:
    """Latencies in seconds and statuses of one kind of request."""

    took: list[float] = field(default_factory=list)
    status: dict[int, int] = field(default_factory=dict)
    largest: int = 0

    def note(self, took: float, status: int, size: int) -> None:
        self.took.append(took)
        self.status[status] = self.status.get(status, 0) + 1
        self.largest = max(self.largest, size)

    def line(self) -> str:
        ordered = sorted(self.took) or [0.0]
        at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.95, 0.99)]
        return (
            f"{len(self.took):6d} requests  p50 {at[0]:7.1f} ms  p95 {at[1]:7.1f} ms  p99 {at[2]:7.1f} ms"
            f"  largest {self.largest / 1024:.0f} KB  {self.status}"
        )


class Connections:
    """Kept-alive HTTP/1.1 connections on plain sockets: the generator must cost less than the server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, headers: str = "", body: bytes = b"") -> tuple[int, int]:
        """(status, size). A connection that the server closed meanwhile is replaced once."""
        for attempt in (1, 2):
            reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
            try:
                return await self._ask(reader, writer, method, path, headers, body)
            except (ConnectionError, asyncio.IncompleteReadError):
                writer.close()
                if attempt == 2:
                    return 0, 0
        return 0, 0

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        method: str,
        path: str,
        headers: str,
        body: bytes,
    ) -> tuple[int, int]:
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept-Encoding: gzip\r\n{length}{headers}\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        size = 0
        if "transfer-encoding: chunked" in head:
            while (chunk := int(await reader.readline(), 16)) > 0:
                size += chunk
                await reader.readexactly(chunk + 2)
            await reader.readexactly(2)
        else:
            size = int(head.split("content-length: ")[1].split("\r\n")[0]) if "content-length: " in head else 0
            await reader.readexactly(size)
        self.idle.append((reader, writer))
        return status, size


async def arrivals(per_second: float, seconds: float, act: Callable[[], asyncio.Future | object]) -> None:
    """Start `act` at Poisson moments whatever became of the earlier ones; end when all have ended."""
    chance = random.Random(1)
    ends, at, tasks = time.perf_counter() + seconds, time.perf_counter(), []
    while at < ends:
        at += chance.expovariate(per_second)
        await asyncio.sleep(max(0, at - time.perf_counter()))
        tasks.append(asyncio.ensure_future(act()))  # type: ignore[arg-type]  # -- a coroutine function
    await asyncio.gather(*tasks)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The web application as `vinhdanh up` starts it, alone."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = listening.getsockname()[1]
    environment = os.environ | {"VINHDANH_DATA": str(folder), "VINHDANH_NOW": NOW}
    process = subprocess.Popen(
        [sys.executable, "-m", "deployments.serve", str(listening.fileno()), "web.app:app"],
        env=environment,
        pass_fds=[listening.fileno()],
    )
    listening.close()
    try:
        for _ in range(200):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def people(office: Installation, count: int) -> list[tuple[str, str]]:
    """(username, session token) of so many browsers: every officer and everybody of the office, again and again."""
    with office.database.read() as session:
        officers = [name for name in session.exec(select(Account.username)) if name.startswith("canbo.")]
    found = []
    now = datetime.now(UTC)
    for number in range(count):
        username = STAFF[number % len(STAFF)] if number % 4 == 0 else officers[number % len(officers)]
        found.append((username, browser_sessions.begin(office.database, username, now=now)))
    return found


def pages(office: Installation) -> dict[str, list[str]]:
    """What each kind of person looks at, in the proportions of a working day."""
    with office.database.read() as session:
        round_code = session.exec(select(ReviewRound.code)).first()
        units = {
            username: list(session.exec(select(Nomination.code).where(Nomination.unit_id == unit).limit(200)))
            for username, unit in session.exec(_officers())
        }
        some = list(session.exec(select(Nomination.code).limit(2000)))
    own = {
        username: ["/inbox"] * 4 + [f"/nominations/{code}" for code in codes[:6]] for username, codes in units.items()
    }
    office_pages = (
        ["/inbox"] * 4 + [f"/rounds/{round_code}"] * 3 + ["/nominations", "/dashboard", "/council", "/rounds"]
    )
    return own | {name: office_pages + [f"/nominations/{code}" for code in some[:8]] for name in STAFF}


def _officers():
    from models import RoleGrant

    return (
        select(Account.username, RoleGrant.unit_id)
        .join(RoleGrant, RoleGrant.account_id == Account.id)  # type: ignore[arg-type]  # -- a column expression
        .where(RoleGrant.role == "unit_officer")
    )


async def signed_in(
    port: int, browsers: list[tuple[str, str]], wanted: dict[str, list[str]], seconds: float
) -> dict[str, Seen]:
    connections, chance, seen = Connections(port), random.Random(2), {"all": Seen()}

    async def one() -> None:
        username, token = chance.choice(browsers)
        path = chance.choice(wanted[username])
        if username.startswith("tv") and path.startswith(("/dashboard",)):
            path = "/inbox"
        began = time.perf_counter()
        status, size = await connections.ask("GET", path, f"Cookie: vinhdanh={token}\r\n")
        took = time.perf_counter() - began
        seen["all"].note(took, status, size)
        seen.setdefault(path.split("/")[1], Seen()).note(took, status, size)

    await arrivals(len(browsers) / 30, seconds, one)
    return seen


async def register(port: int, seconds: float) -> Seen:
    connections, chance, seen = Connections(port), random.Random(3), Seen()
    # What people look for differs; the first page is what most of them see.
    words = ["nguyen", "Lò Thị", "giang a", "tran van", "Sùng", "2024", "truong", "LDTT"]
    paths = ["/"] * 12 + [f"/?text={word.replace(' ', '+')}" for word in ("nguyen", "tran van", "giang a", "truong")]
    del words

    async def one() -> None:
        began = time.perf_counter()
        status, size = await connections.ask("GET", chance.choice(paths))
        seen.note(time.perf_counter() - began, status, size)

    await arrivals(200, seconds, one)
    return seen


def drafts(office: Installation, count: int) -> list[tuple[str, str]]:
    """(code, bearer token) of so many drafts of twelve units, each to be submitted by its own officer."""
    when = datetime.fromisoformat(NOW)
    found: list[tuple[str, str]] = []
    with office.database.begin() as session:
        code = rounds.open_round(
            session,
            actor=access.actor(session, "thuky", now=when),
            now=when,
            kind="CONG_TRANG",
            year=2024,
            title="Đợt đo tải",
        ).code
    for number in range(12):
        unit = f"XA{number + 1:02d}"
        with office.database.begin() as session:
            officer = access.actor(session, f"canbo.{unit.lower()}", now=when)
            filed = proposal.file(
                session,
                round_code=code,
                unit_code=unit,
                proposals=[
                    proposal.Proposed(
                        name=f"Người Thử {unit} {row}", kind="individual", award="LDTT", row=row, achievement=f"thành tích {row}",
                        rating="HTTNV", object_class="Công chức", facts={"employed_months": 12},
                    )
                    for row in range(count // 12 + 1)
                ],
                actor=officer,
                now=when,
                submit=False,
            )  # fmt: skip
            token = tokens.issue(session, scope="write", days=1, actor=officer, now=when)
        found += [(one, token) for one in filed.codes]
    return found[:count]


async def deadline(port: int, wanted: list[tuple[str, str]]) -> tuple[float, Seen]:
    connections, seen = Connections(port), Seen()
    queue = list(wanted)
    began = time.perf_counter()

    async def clerk() -> None:
        while queue:
            code, token = queue.pop()
            started = time.perf_counter()
            status, size = await connections.ask(
                "POST", f"/api/v1/nominations/{code}/submit",
                f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n", b"{}",
            )  # fmt: skip
            seen.note(time.perf_counter() - started, status, size)

    await asyncio.gather(*(clerk() for _ in range(50)))
    return time.perf_counter() - began, seen


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nominations", type=int, default=50_000)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--folder", type=Path)
    said = arguments.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as scratch:
        folder = said.folder or Path(scratch) / "data"
        if not (folder / "ledger.key").exists():
            answer = simulate.run(
                nominations=said.nominations, seed=1, one_by_one=False, database_url=None, folder=folder
            )
            print("stored", json.dumps(answer["by_state"]))
        office = Installation.at(folder)
        browsers, wanted, submits = people(office, 1000), pages(office), drafts(office, 1000)
        office.database.close()
        with served(folder) as port:
            for kind, seen in sorted(asyncio.run(signed_in(port, browsers, wanted, said.seconds)).items()):
                print(f"signed in  {kind:12s} {seen.line()}")
            print(f"register                {asyncio.run(register(port, said.seconds / 2)).line()}")
            took, seen = asyncio.run(deadline(port, submits))
            print(f"deadline   {took:.2f} s for 1,000 {seen.line()}")
        office = Installation.at(folder)
        with office.database.read() as session:
            stored = len(session.exec(select(Nomination.code).where(Nomination.state == "submitted")).all())
        print(f"submitted afterwards, by the database: {stored}")


if __name__ == "__main__":
    main()
