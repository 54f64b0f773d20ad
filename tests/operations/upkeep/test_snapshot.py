"""`snapshot.taken`: a long look at which nobody waits, and of which nothing is left."""

import json
import stat
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.__main__ import run
from models.database import Database
from operations.access import INSTALLER
from operations.council_vote import vote
from operations.installation import Installation
from operations.people import units
from operations.upkeep import snapshot, verification
from rules.lifecycle import State

pytestmark = pytest.mark.both_databases

NAMES = sa.text("SELECT count(*) FROM unit")


def add_unit(database: Database, code: str) -> None:
    with database.begin() as session:
        units.add(
            session, code=code, name=code, level="commune", email=None, valid_from=date(2024, 1, 1), actor=INSTALLER
        )


def opened(folder: Path) -> list[tuple[str, int]]:
    """(name, mode) of what this process holds open in a folder."""
    found = []
    for handle in Path("/proc/self/fd").iterdir():
        try:
            name = str(handle.readlink())
            if name.startswith(f"{folder}/"):
                found.append((name, stat.S_IMODE(handle.stat().st_mode)))
        except FileNotFoundError:  # the handle of this very listing
            continue
    return found


def test_writers_go_on_while_somebody_looks_and_the_look_stays_as_it_was(installation: Installation) -> None:
    database, run_folder = installation.database, installation.folder / "run"
    with snapshot.taken(installation) as session:
        before = session.execute(NAMES).scalar_one()
        streamed = session.execute(sa.text("SELECT leaf FROM ledger_entry")).yield_per(10)
        next(streamed)
        took = time.perf_counter()
        add_unit(database, "XA77")
        took = time.perf_counter() - took
        assert session.execute(NAMES).scalar_one() == before
        ((name, mode),) = opened(run_folder)
        assert (name.endswith("vinhdanh.sqlite3 (deleted)"), mode) == (True, 0o600)
        assert list(run_folder.iterdir()) == []
        streamed.close()
        assert verification.verify(session, vkey=installation.signer.vkey).violations == []
    assert took < 10  # a writer that is held up waits for thirty seconds, then fails
    assert opened(run_folder) == []
    with snapshot.taken(installation) as session:
        assert session.execute(NAMES).scalar_one() == before + 1
        assert verification.verify(session, vkey=installation.signer.vkey).violations == []


def test_a_copy_waits_for_a_writer_and_sees_all_or_nothing_of_an_act(installation: Installation) -> None:
    began, done = threading.Event(), threading.Event()
    with installation.database.read() as session:
        before = session.execute(NAMES).scalar_one()

    def write() -> None:
        with installation.database.begin() as session:
            for number in range(20):
                units.add(
                    session,
                    code=f"XB{number}",
                    name="x",
                    level="commune",
                    email=None,
                    valid_from=date(2024, 1, 1),
                    actor=INSTALLER,
                )
                session.flush()
                began.set()
                time.sleep(0.01)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert began.wait(10)
    with snapshot.taken(installation) as session:
        assert session.execute(NAMES).scalar_one() in {before, before + 20}
        assert verification.verify(session, vkey=installation.signer.vkey).violations == []
    writer.join()
    assert done.is_set()


def test_nothing_is_left_when_the_look_fails(installation: Installation) -> None:
    run_folder = installation.folder / "run"
    with pytest.raises(ZeroDivisionError), snapshot.taken(installation):
        1 / 0  # noqa: B018 -- the look fails
    assert (list(run_folder.iterdir()), opened(run_folder)) == ([], [])


def test_nothing_is_left_when_the_copy_fails(installation: Installation) -> None:
    run_folder = installation.folder / "run"
    file = installation.folder / "vinhdanh.sqlite3"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(sa.exc.OperationalError), snapshot.taken(installation):
        raise AssertionError
    file.unlink()
    with pytest.raises(sa.exc.OperationalError), snapshot.taken(installation):
        raise AssertionError
    assert (list(run_folder.iterdir()), opened(run_folder)) == ([], [])


def test_no_envelope_is_in_the_copy(furnish: Any) -> None:
    def voting(office: Any) -> None:
        round_ = office.open_round()
        round_.to(State.ELIGIBLE, 2)
        session = round_.ballot()
        office.act(vote.cast, session, choices={}, actor=office.tv05)

    office = furnish("sqlite", "voting", voting)
    folder = Path(office.database.url.database).parent
    boxes = sa.text("SELECT count(*) FROM ballot_box")
    assert office.one(boxes.text) == 1
    with snapshot.taken(Installation.at(folder, {})) as session:
        assert session.execute(boxes).scalar_one() == 0
        assert verification.verify(session, vkey=office.signer.vkey).violations == []
    assert office.one(boxes.text) == 1


def test_postgresql_needs_no_copy(furnish: Any, tmp_path: Path) -> None:
    office = furnish("postgresql")
    url = office.database.url.render_as_string(hide_password=False)
    installation = Installation.at(tmp_path / "data", {"VINHDANH_DATABASE_URL": url})
    with snapshot.taken(installation) as session:
        before = session.execute(NAMES).scalar_one()
        add_unit(office.database, "XA77")
        assert session.execute(NAMES).scalar_one() == before
        assert verification.verify(session, vkey=office.signer.vkey).violations == []
    assert not (tmp_path / "data").exists()
    installation.database.close()
    assert office.one(NAMES.text) == before + 1


def test_the_command_leaves_nothing_behind(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--json", "--data", str(installation.folder), "ledger", "verify"]
    (installation.folder / "run").rmdir()
    assert run(words) == 0
    with installation.database.begin_unrecorded() as session:
        session.execute(sa.text("UPDATE unit SET name = 'Khác' WHERE code = 'XA01'"))
    assert run(words) == 3
    assert '{"table": "unit", "key": "XA01"' in capsys.readouterr().out
    assert list((installation.folder / "run").iterdir()) == []


def test_a_ledger_on_a_disk_that_cannot_be_written_is_verified(installation: Installation, tmp_path: Path) -> None:
    """In a mount name space of its own, where the folder is read-only: evidence is looked at, not changed."""
    installation.database.close()
    folder = installation.folder
    mounted = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mounted], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount in a name space of their own")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    command = f"{mounted} && exec {sys.executable} -m cli --json --data {folder} ledger verify"
    said = subprocess.run(["unshare", "-rm", "sh", "-c", command], check=False, capture_output=True, text=True)
    assert (said.returncode, json.loads(said.stdout)["size"] > 0) == (0, True), said.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
