"""What every test may stand on: both databases, the sample office, and a round carried to any state by real acts.

Nothing here is a mock: PostgreSQL is started on a private socket, each test works on its own copy of a template.
"""

import base64
import hashlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings

import models
import models.database as database_module
from ledger import note, sealing
from models.database import Database, sqlite_url
from operations import access, binding, outbox, rounds, seal
from operations.access import Actor
from operations.chairman_signature import signature
from operations.council_vote import ballot_box, ballot_memory, convening, counting, sessions, vote
from operations.home_affairs_review import declining, review
from operations.installation import Installation, moment
from operations.people import roles
from operations.public_disclosure import disclosure
from operations.unit_proposal import proposal
from operations.upkeep import deadlines, sample, verification
from rules.lifecycle import Role, State

NOW = moment("2024-11-01T08:00:00")
TABLES = tuple(sorted(models.SQLModel.metadata.tables))
MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))
DATABASES = ("sqlite", "postgresql")
LONG = os.environ.get("TEST_LONG") == "1"  # every test on both databases, property tests at length: `make test-long`
QUICK = os.environ.get("QUICK") == "1"  # SQLite alone: `make quick`
# As PostgreSQL below: nothing here must outlive a power cut, and flushing every act to disk is a third of the suite's time.
# Commands that tests run as processes keep FULL (tests/models/test_constraints.py looks).
database_module._PRAGMAS["synchronous"] = ("OFF", 0)
# What the tellers hold, by public key: outside of every database, as in life.
SHARES: dict[str, list[str]] = {}


def budget(examples: int) -> int:
    """How many examples a property test draws: `examples`, ten times as many in `make test-long`."""
    return examples * 10 if LONG else examples


settings.register_profile("short", deadline=None, max_examples=budget(40))
settings.load_profile("short")


def databases_of(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    """The engines that a test runs on: both where the second can break it, or where everything is run at length."""
    both = LONG or metafunc.definition.get_closest_marker("both_databases") is not None
    return DATABASES if both and not QUICK else DATABASES[:1]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    by_itself = any("kind" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "kind" in metafunc.fixturenames and not by_itself:
        metafunc.parametrize("kind", databases_of(metafunc), indirect=True, scope="function")


def slow_tests() -> frozenset[str]:
    """The tests that `make quick` leaves out, as `file::name`."""
    lines = (Path(__file__).parent / "slow.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if QUICK:
        slow = slow_tests()
        left_out = [item for item in items if item.nodeid.partition("[")[0] in slow]
        items[:] = [item for item in items if item.nodeid.partition("[")[0] not in slow]
        config.hook.pytest_deselected(items=left_out)


def eventually(look: Callable[[], Any], good: Callable[[Any], bool] = bool, seconds: float = 30.0) -> Any:
    """What a look finds as soon as it is good. Fails after so many seconds without."""
    ends = time.monotonic() + seconds
    while not good(found := look()):
        assert time.monotonic() < ends, f"after {seconds:.0f} s still {found!r}"
        time.sleep(0.2)
    return found


def component(name: str, found: object) -> str:
    """A real component that a test needs: its place, or a skip with its name; VINHDANH_REQUIRE=all makes that a failure."""
    if found:
        return str(found)
    message = f"{name} is not installed"
    if os.environ.get("VINHDANH_REQUIRE") == "all":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session", name="component")
def _component() -> Callable[[str, object], str]:
    return component


# PostgreSQL ------------------------------------------------------------------------------------------------------


class Cluster:
    """A PostgreSQL of our own: private socket, no network, nothing synced; gone with the test session."""

    def __init__(self, binaries: Path) -> None:
        # Not under pytest's folder: a socket's path has at most 107 bytes, and `postgres` must be able to enter.
        self.folder = Path(tempfile.mkdtemp(prefix="vinhdanh-pg-"))
        data = self.folder / "data"
        # PostgreSQL refuses to run as root.
        other: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            other = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "vinhdanh", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **other,
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "max_connections": 100,
            "shared_buffers": "64MB",
        }
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"-c{name}={value}" for name, value in settings.items())],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **other,
            )
        self._admin = self._connect()

    def _connect(self) -> psycopg.Connection[Any]:
        until = time.monotonic() + 30
        while True:
            try:
                return psycopg.connect(host=str(self.folder), user="vinhdanh", dbname="postgres", autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def url(self, name: str) -> str:
        return f"postgresql://vinhdanh@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template0") -> str:
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def stop(self) -> None:
        self._admin.close()
        self._process.send_signal(signal.SIGINT)  # "fast": sessions are ended, then the server
        self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    places += [Path(on_path).resolve().parent] if on_path else []
    binaries = next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)
    cluster = Cluster(Path(component("PostgreSQL", binaries)))
    yield cluster
    cluster.stop()


def memory_of(database: Database) -> Path:
    """Where the key keeps what it signed last of this database: beside an SQLite file, or the cluster's folder."""
    url = database.engine.url
    if database.is_sqlite:
        return Path(str(url.database)).with_name(seal.MEMORY)
    return Path(str(url.query["host"])) / f"{url.database}.signed"


# Templates: built once, copied for each test -----------------------------------------------------------------------


class Templates:
    """Databases as they are after some acts, by name; `copy` gives a test one of its own in milliseconds."""

    def __init__(self, folder: Path, cluster: Callable[[], Cluster]) -> None:
        self.folder = folder
        self._cluster = cluster
        self._numbers = itertools.count(1)
        self._known: set[tuple[str, str]] = set()
        self._broken: set[tuple[str, str]] = set()

    def build(self, kind: str, name: str, *, on: str | None, acts: Callable[[Database], object]) -> None:
        """Have the template `name`: a copy of the template `on` after these acts. Done once a session."""
        if (kind, name) in self._known:
            return
        if (kind, name) in self._broken:
            pytest.fail(f"the template {name} could not be built; the first test that asked for it says why")
        self._broken.add((kind, name))
        if kind == "sqlite":
            (self.folder / name).mkdir()
            if on is not None:
                shutil.copy(self._file(on), self._file(name))
            database = Database(sqlite_url(self.folder / name))
        else:
            database = Database(self._cluster().create(name, on or "template0"))
        if on is not None:
            self._copy_memory(kind, on, memory_of(database))
        database.beside = self._beside(kind, name)
        if on is not None:
            self._copy_beside(kind, on, database.beside)
        acts(database)
        database.close()
        self._known.add((kind, name))

    def copy(self, kind: str, name: str, folder: Path) -> tuple[Database, Callable[[], None]]:
        """A database of one's own, and how to throw it away."""
        if kind == "sqlite":
            shutil.copy(self._file(name), folder / "vinhdanh.sqlite3")
            database = Database(sqlite_url(folder))
            self._copy_memory(kind, name, memory_of(database))
            self._copy_beside(kind, name, folder)
            return database, database.close
        own = f"test_{next(self._numbers)}"
        cluster = self._cluster()
        database = Database(cluster.create(own, name))
        self._copy_memory(kind, name, memory_of(database))
        database.beside = folder
        self._copy_beside(kind, name, folder)

        def drop() -> None:
            database.close()
            cluster.drop(own)

        return database, drop

    def _copy_memory(self, kind: str, name: str, to: Path) -> None:
        """What the key signed last goes with its database."""
        kept = (
            self._file(name).with_name(seal.MEMORY) if kind == "sqlite" else self._cluster().folder / f"{name}.signed"
        )
        if kept.exists():
            shutil.copy(kept, to)

    def _beside(self, kind: str, name: str) -> Path:
        """The data folder of a template, for what an installation keeps outside of its database."""
        found = self._file(name).parent if kind == "sqlite" else self.folder / f"{name}.postgresql"
        found.mkdir(exist_ok=True)
        return found

    def _copy_beside(self, kind: str, name: str, to: Path) -> None:
        kept = self._beside(kind, name) / ballot_memory.FOLDER
        if kept.exists():
            shutil.copytree(kept, to / ballot_memory.FOLDER)

    def _file(self, name: str) -> Path:
        return self.folder / name / "vinhdanh.sqlite3"


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"), lambda: request.getfixturevalue("postgresql"))


SIGNER = note.Signer("vinhdanh.example/so-cai", bytes(range(32)))


@pytest.fixture(scope="session")
def signer() -> note.Signer:
    return SIGNER


def write_key(folder: Path) -> note.Signer:
    """The key of every office of the tests, as the file that a data folder holds."""
    name, key_id, _ = SIGNER.vkey.split("+", 2)
    secret = base64.b64encode(b"\x01" + bytes(range(32))).decode()
    (folder / "ledger.key").write_text(f"PRIVATE+KEY+{name}+{key_id}+{secret}\n")
    (folder / "ledger.key").chmod(0o600)
    return SIGNER


def begin_ledger(database: Database) -> None:
    """What `init` does to a database before the first act: its ledger begins, and is signed."""
    with database.begin() as session:
        binding.begin(session, SIGNER, "vdnhamau0001")
    Office(database, SIGNER).seal()


def set_up_sample(database: Database) -> None:
    begin_ledger(database)
    with database.begin() as session:
        sample.set_up(session, now=NOW, passwords_for=[])
    Office(database, SIGNER).seal()


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """The database engine of a test that asks for `database` or `office`: see `databases_of`."""
    return str(request.param)


@pytest.fixture
def empty_database(kind: str, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """Not even migrated."""
    templates.build(kind, "empty", on=None, acts=lambda own: own.engine.connect().close())
    own, drop = templates.copy(kind, "empty", tmp_path)
    yield own
    drop()


@pytest.fixture
def database(kind: str, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """Migrated, nothing in it."""
    templates.build(kind, "migrated", on=None, acts=Database.migrate)
    own, drop = templates.copy(kind, "migrated", tmp_path)
    yield own
    drop()


Furnish = Callable[..., "Office"]


@pytest.fixture
def furnish(templates: Templates, tmp_path: Path, signer: note.Signer) -> Iterator[Furnish]:
    """Make offices: `furnish(kind)`, or `furnish(kind, "name", acts)` as they are after these acts, done once a session."""
    drops: list[Callable[[], None]] = []

    def make(kind: str, name: str = "office", acts: Callable[["Office"], object] | None = None) -> "Office":
        templates.build(kind, "migrated", on=None, acts=Database.migrate)
        templates.build(kind, "office", on="migrated", acts=set_up_sample)
        if acts is not None:
            templates.build(kind, name, on="office", acts=lambda database: acts(Office(database, signer)))
        folder = tmp_path / f"office-{len(drops)}"
        folder.mkdir()
        own, drop = templates.copy(kind, name, folder)
        drops.append(drop)
        return Office(own, signer)

    yield make
    for drop in drops:
        drop()


@pytest.fixture
def office(kind: str, furnish: Furnish) -> "Office":
    """The sample office, on each database."""
    return furnish(kind)


@pytest.fixture
def small_office(furnish: Furnish) -> "Office":
    """The sample office on SQLite only: for what no engine can change."""
    return furnish("sqlite")


@pytest.fixture(scope="session")
def _sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installation = Installation.at(tmp_path_factory.mktemp("installation") / "data", {})
    installation.create()
    with installation.database.begin() as session:
        sample.set_up(session, now=NOW, passwords_for=[])
    installation.keeper.now()
    installation.database.close()
    return installation.folder


@pytest.fixture
def installation(_sample_folder: Path, tmp_path: Path) -> Iterator[Installation]:
    """A data folder as `init --sample` leaves it, without passwords."""
    folder = tmp_path / "data"
    shutil.copytree(_sample_folder, folder)
    made = Installation.at(folder, {})
    yield made
    made.database.close()


# The office at work ------------------------------------------------------------------------------------------------


class Office:
    """The sample office on one database. `act` is one act, committed as a door commits it; `look` reads."""

    def __init__(self, database: Database, signer: note.Signer) -> None:
        self.database = database
        self.signer = signer
        self.now = NOW
        self.memory = memory_of(database)
        self._people: Iterator[int] | None = None

    @property
    def people(self) -> Iterator[int]:
        """Numbers of people whom no round of this office has proposed: a title is given once a year."""
        if self._people is None:
            self._people = itertools.count(1 + self.one("SELECT count(*) FROM nomination"))
        return self._people

    def __getattr__(self, name: str) -> Actor:
        """`office.thuky`, `office.chutich`: the sample's people as they stand now."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.actor(name)

    def actor(self, username: str) -> Actor:
        with self.database.read() as session:
            return access.actor(session, username, now=self.now)

    def officer(self, unit: str) -> Actor:
        return self.actor(f"canbo.{unit.lower()}")

    def grant(self, username: str, *given: Role, unit: str | None = None, since: date = date(2024, 1, 1)) -> None:
        """Further roles for somebody, as the installation gave the sample its own."""
        words = {
            "unit": unit,
            "document": "09/QĐ-UBND (mẫu)",
            "valid_from": since,
            "actor": access.INSTALLER,
            "now": self.now,
        }
        for role in given:
            self.act(roles.grant, username, role, **words)

    def act(self, verb: Callable[..., Any], *given: Any, **words: Any) -> Any:
        with self.database.begin() as session:
            return verb(session, *given, **words)

    def look(self, query: Callable[..., Any], *given: Any, **words: Any) -> Any:
        with self.database.read() as session:
            return query(session, *given, **words)

    def rows(self, sql: str, **words: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as session:
            return [tuple(row) for row in session.execute(sa.text(sql), words)]

    def one(self, sql: str, **words: Any) -> Any:
        return self.rows(sql, **words)[0][0]

    def write(self, sql: str, **words: Any) -> int:
        """Raw SQL past every operation: what somebody with the database's password could do."""
        with self.database.begin_unrecorded() as session:
            done = session.execute(sa.text(sql), words)
            return int(done.rowcount) if isinstance(done, sa.CursorResult) else 0

    def states(self, codes: list[str]) -> list[str]:
        found = dict(self.rows("SELECT code, state FROM nomination"))
        return [found[code] for code in codes]

    def open_ballot(self, session: str, *, by: str = "thuky", now: datetime | None = None, **words: Any) -> Any:
        """Open a session's ballot; the tellers of a secret one get their shares."""
        words = {"actor": self.actor(by), "now": now or self.now} | self.key(session, by=by) | words
        return self.act(vote.open_ballot, session, **words)

    def key(self, session: str, *, by: str = "thuky") -> dict[str, Any]:
        """A fresh key for a session's secret ballot; nothing where its ballot takes none."""
        plan = self.look(vote.prospect, session, actor=self.actor(by))
        if plan.kind != "secret":
            return {}
        public_key, shares = plan.new_key()
        SHARES[ballot_box.public_key_text(public_key)] = list(shares.values())
        return {"public_key": public_key, "shares_needed": plan.needed}

    def shares(self, session: str, count: int | None = None) -> list[sealing.Share]:
        """As many shares as the session's tellers bring; all that are needed when not said."""
        ballot = self.look(lambda s: ballot_box.require(s, sessions.by_code(s, session)))
        if ballot.public_key is None:
            return []
        texts = SHARES[ballot.public_key][: ballot.shares_needed if count is None else count]
        return [sealing.read_share(text) for text in texts]

    def tally(self, session: str, *, by: str = "tv04") -> dict[str, Any]:
        """The tellers bring their shares and count."""
        shares = self.shares(session)
        counted: dict[str, Any] = self.act(
            counting.tally_ballot, session, shares=shares, actor=self.actor(by), now=self.now
        )
        return counted

    def letters(self) -> list[str]:
        """The kinds of all letters ever queued, in order."""
        return [row[0] for row in self.rows("SELECT topic FROM outbox_message WHERE kind = 'letter' ORDER BY id")]

    def violations(self) -> list[dict[str, str]]:
        return self.verdict().violations

    def verdict(self, **given: Any) -> verification.Verdict:
        """What reading everything again says, with the key's own memory; a long test session makes no tail too old."""
        given = {
            "wall": datetime.min.replace(tzinfo=UTC),
            "memory": seal.remembered(self.memory, self.signer.vkey),
        } | given
        verdict: verification.Verdict = self.look(verification.verify, vkey=self.signer.vkey, **given)
        return verdict

    def seal(self) -> None:
        self.act(seal.seal, self.signer, self.memory)

    def digests(self) -> dict[str, str]:
        """What every table holds, as one hash each: equal before and after means that no trace was left."""
        with self.database.read() as session:
            return {
                name: hashlib.sha256(
                    repr(sorted(map(repr, session.execute(sa.text(f'SELECT * FROM "{name}"'))))).encode()
                ).hexdigest()
                for name in TABLES
            }

    def settle_outbox(self) -> None:
        """As if the dispatcher had sent everything."""
        with self.database.begin_unrecorded() as session:
            for kind in ("letter", "stage_entered"):
                claimed = outbox.claim(session, kind=kind, limit=100_000)
                outbox.settle(session, [{"key": row.key, "state": "accepted"} for row in claimed])

    def decision_of(self, nomination: str) -> str:
        return str(
            self.one(
                "SELECT d.code FROM decision d JOIN nomination n ON n.decision_id = d.id WHERE n.code = :code",
                code=nomination,
            )
        )

    def letter_of(self, nomination: str) -> str:
        return str(
            self.one(
                "SELECT l.code FROM submission_letter l JOIN nomination n ON n.submission_letter_id = l.id"
                " WHERE n.code = :code",
                code=nomination,
            )
        )

    def open_round(self, kind: str = "CONG_TRANG", **words: Any) -> "Round":
        words = {"kind": kind, "year": 2024, "title": "Khen thưởng năm 2024"} | words
        return Round(self, self.act(rounds.open_round, actor=self.thuky, now=self.now, **words).code)


# How a fresh nomination comes to a state: the state before, and the step.
_BEFORE: dict[State, State | None] = {
    State.DRAFT: None,
    State.SUBMITTED: None,
    State.WITHDRAWN: State.SUBMITTED,
    State.DECLINED: State.SUBMITTED,
    State.RETURNED: State.SUBMITTED,
    State.PAUSED: State.SUBMITTED,
    State.INELIGIBLE: State.SUBMITTED,
    State.ELIGIBLE: State.SUBMITTED,
    State.ON_BALLOT: State.ELIGIBLE,
    State.RECOMMENDED: State.ELIGIBLE,
    State.NOT_RECOMMENDED: State.ELIGIBLE,
    State.SIGNED: State.RECOMMENDED,
    State.FORWARDED: State.RECOMMENDED,
    State.REFUSED: State.RECOMMENDED,
    State.DISCLOSED: State.SIGNED,
    State.REVOKED: State.SIGNED,
    State.CLOSED: State.DISCLOSED,
}


class Round:
    """One round of the sample office, carried on by its own people through the real operations, one act a step."""

    def __init__(self, office: Office, code: str) -> None:
        self.office = office
        self.code = code

    def proposals(self, count: int = 1, *, award: str = "LDTT", kind: str = "individual", **words: Any) -> list[Any]:
        """Clean cases: the rules find each of them eligible."""
        facts = {"employed_months": 12} | ({"grounds": ["74.1.b"]} if award == "BK_TINH" else {})
        words = {"rating": "HTTNV", "object_class": "Công chức", "facts": facts} | words
        return [
            proposal.Proposed(
                name=f"Lò Thị Mẫu {number}",
                kind=kind,
                award=award,
                row=number,
                achievement=f"thành tích {number}",
                email=f"mau{number}@nammau.example",
                **words,
            )
            for number in itertools.islice(self.office.people, count)
        ]

    def file(self, count: int = 1, *, unit: str = "XA01", submit: bool = True, **words: Any) -> list[str]:
        office = self.office
        filed = office.act(
            proposal.file,
            round_code=self.code,
            unit_code=unit,
            proposals=self.proposals(count, **words),
            actor=office.officer(unit),
            now=office.now,
            submit=submit,
        )
        return list(filed.codes)

    def to(self, state: State, count: int = 1, *, unit: str = "XA01", **words: Any) -> list[str]:
        """New nominations of a unit, brought to this state. What waits for the council meanwhile is voted on too."""
        words = ({"award": "BK_TINH"} if state is State.FORWARDED else {}) | words
        before = _BEFORE[state]
        if before is None:
            return self.file(count, unit=unit, submit=state is State.SUBMITTED, **words)
        codes = self.to(before, count, unit=unit, **words)
        if self.office.states(codes) != [state.value] * count:
            self._step(state, codes, unit)
        assert self.office.states(codes) == [state.value] * count
        return codes

    def _step(self, state: State, codes: list[str], unit: str) -> None:
        office, now = self.office, self.office.now
        by: dict[str, Any] = {"now": now, "reason": "vì lý do của bài thử"}
        match state:
            case State.WITHDRAWN:
                office.act(proposal.withdraw, codes, actor=office.officer(unit), **by)
            case State.DECLINED:
                office.act(declining.decline, codes, actor=office.chuyenvien1, **by)
            case State.RETURNED:
                office.act(review.return_for_supplement, codes, actor=office.chuyenvien1, **by)
            case State.PAUSED:
                office.act(review.pause, codes, ground="complaint", actor=office.chuyenvien1, **by)
            case State.INELIGIBLE:
                office.act(review.find_ineligible, codes, actor=office.chuyenvien1, **by)
            case State.ELIGIBLE:
                office.act(review.pass_review, codes, actor=office.chuyenvien1, now=now)
            case State.ON_BALLOT:
                self.ballot()
            case State.RECOMMENDED:
                self.vote("approve")
            case State.NOT_RECOMMENDED:
                self.vote("disapprove")
            case State.SIGNED | State.FORWARDED:
                office.act(signature.sign, codes, actor=office.chutich, now=now)
            case State.REFUSED:
                office.act(signature.refuse, codes, actor=office.chutich, **by)
            case State.DISCLOSED:
                self.disclose(codes[0])
            case State.REVOKED:
                paper = office.decision_of(codes[0])
                office.act(disclosure.revoke, paper, ground="93.2.a", actor=office.chutich, **by)
            case State.CLOSED:
                office.act(deadlines.sweep, now=now + timedelta(days=31))

    def session(self, present: tuple[str, ...] = MEMBERS) -> str:
        """A council session, convened and attended."""
        office = self.office
        code = office.act(
            convening.convene,
            round_code=self.code,
            at=office.now,
            place="Hội trường",
            actor=office.thuky,
            now=office.now,
        ).code
        office.act(convening.attend, code, present, actor=office.thuky)
        return str(code)

    def ballot(self, present: tuple[str, ...] = MEMBERS) -> str:
        """A session with its ballot open, about everything that waits for the council."""
        code = self.session(present)
        self.office.open_ballot(code)
        return code

    def vote(self, choice: str, *, session: str | None = None, voters: tuple[str, ...] = MEMBERS) -> dict[str, Any]:
        """Everybody votes alike on everything; the ballot is closed and counted."""
        office = self.office
        code = session or self.ballot()
        agenda = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, code)))
        on_paper = office.look(lambda s: ballot_box.require(s, sessions.by_code(s, code)).kind) == "paper"
        if on_paper:
            office.act(vote.sign_roll, code, voters, actor=office.thuky)
        for member in () if on_paper else voters:
            office.act(vote.cast, code, choices=dict.fromkeys(agenda, choice), actor=office.actor(member))
        office.act(vote.close_ballot, code, actor=office.thuky, now=office.now)
        for teller in ("tv04", "tv10") if on_paper else ():
            counts = {item: [len(voters) * (choice == one) for one in vote.CHOICES] for item in agenda}
            office.act(counting.enter_count, code, counts=counts, actor=office.actor(teller), now=office.now)
        return office.tally(code)

    def disclose(self, nomination: str, *, now: datetime | None = None) -> int:
        office = self.office
        disclosed: int = office.act(
            disclosure.disclose,
            office.decision_of(nomination),
            actor=office.chuyenvien1,
            now=now or office.now,
            url="https://congkhai.nammau.example/",
        )
        return disclosed
