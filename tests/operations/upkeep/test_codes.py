"""What anybody may read of the ledger names nobody; a ledger that once did goes on under codes and stays verifiable."""

import base64
import re
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ledger import entry, tiles
from operations import ledger_book
from operations.council_vote import conflicts_answered
from operations.people import accounts
from operations.unit_proposal import mending
from rules.lifecycle import State
from rules.vocabulary import ConflictGround
from tests.cli.conftest import Line
from tests.conftest import Office
from tests.operations.upkeep.test_verification import lived_office

__all__ = ["lived_office"]

ROOT = Path(__file__).parents[3]
OLD = (
    ROOT / "tests" / "data" / "office-0.2.0.tar.xz"
)  # an office as 0.2.0 left it: names in subjects, no installation row


def _clear(folder: Path) -> str:
    """Everything that an export shows: leaves and published openings."""
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in sorted(folder.rglob("*")) if path.is_file())


def _people(rows: list[tuple[Any, ...]]) -> set[str]:
    return {str(value) for row in rows for value in row if value}


def leaked(office: Any, text: str) -> set[str]:
    """Which usernames, names of people, addresses and grounds of this office stand in a text."""
    said = _people(office.rows("SELECT username, display_name, email FROM account"))
    said |= _people(office.rows("SELECT name, email FROM nomination")) | _people(
        office.rows("SELECT name FROM nominee")
    )
    said |= _people(office.rows("SELECT ground, message, reason FROM conflict")) | _people(
        office.rows("SELECT ground FROM recusal")
    )
    said |= {ground.value for ground in ConflictGround}
    return {word for word in said if re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text)}


def _lived(office: Office) -> None:
    round_ = office.open_round()
    round_.to(State.DISCLOSED)
    (code,) = round_.to(State.RETURNED, unit="XA02")
    office.act(mending.mend, code, achievement="đã sửa", actor=office.thuky, now=office.now)
    (before,) = round_.to(State.ELIGIBLE)
    session = round_.session()
    office.act(
        conflicts_answered.declare,
        session,
        nomination=before,
        kind="kinship",
        note="em ruột",
        actor=office.tv05,
        now=office.now,
    )
    office.act(accounts.disable, "tv11", actor=office.quantri, now=office.now)
    office.seal()


def test_an_export_names_nobody(small_office: Any, tmp_path: Path) -> None:
    office = small_office
    _lived(office)
    assert office.one("SELECT count(*) FROM conflict") > 0
    assert office.one("SELECT count(*) FROM duty") > 0
    office.look(ledger_book.export, tmp_path / "export", office.signer)
    assert leaked(office, _clear(tmp_path / "export")) == set()
    assert office.violations() == []


def test_whatever_was_done_the_export_names_nobody(lived_office: Any, tmp_path: Path) -> None:
    """An office in which every kind of row has been written: what is shown of it are codes."""
    office = lived_office
    office.seal()
    office.look(ledger_book.export, tmp_path / "export", office.signer)
    assert leaked(office, _clear(tmp_path / "export")) == set()


def test_a_proof_names_nobody(small_office: Any) -> None:
    office = small_office
    _lived(office)
    text = office.look(ledger_book.prove, office.one("SELECT code FROM decision"))
    opened = base64.b64decode(text.split("\n")[1].removeprefix("extra ")).decode()
    assert '"signature"' in opened
    assert leaked(office, opened) == set()


@pytest.fixture
def old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path, filter="data")
    return Line(tmp_path / "data", capsys)


def test_an_old_ledger_goes_on_under_codes_and_stays_verifiable(old: Line, tmp_path: Path) -> None:
    database = sqlite3.connect(old.folder / "vinhdanh.sqlite3")
    (size,) = database.execute("SELECT size FROM ledger_head").fetchone()
    database.close()
    assert old("ledger", "verify", "--checkpoint", tmp_path / "export" / "checkpoint").code == 0
    # A proof handed out before, by both readers.
    vkey = tmp_path / "export" / "vkey"
    assert old("ledger", "check", tmp_path / "qd.tlog-proof", "--vkey", vkey).code == 0
    outside = [sys.executable, ROOT / "docs" / "verify.py", tmp_path / "qd.tlog-proof", "--vkey", vkey]
    assert subprocess.run(outside, check=False, capture_output=True).returncode == 0
    # The old export is continued; what came before says names, what comes after does not.
    old("account", "disable", "tv10", by="quantri")
    old("role", "end", "tv10", "--role", "teller", "--on", "2025-01-01", by="quantri")
    assert old("ledger", "export", tmp_path / "export").code == 0
    assert old("ledger", "verify").code == 0
    subjects = [entry.decode(leaf).subject for leaf in tiles.read(tmp_path / "export", vkey.read_text().strip())]
    assert any("thuky" in subject for subject in subjects[:size])
    assert not any(re.search(r"thuky|tv\d\d|quantri|kinship", subject) for subject in subjects[size:])
    assert old("ledger", "prove", "1-2024", "--out", tmp_path / "again.tlog-proof").code == 0
    assert "chutich" not in (tmp_path / "again.tlog-proof").read_text()
    # Opened again, nothing more is carried over.
    again = old("ledger", "verify").done["size"]
    assert old("ledger", "verify").done["size"] == again


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE account SET username = 'kegian' WHERE username = 'tv03'",
        "UPDATE account SET display_name = 'Kẻ Gian' WHERE username = 'tv03'",
        "UPDATE account SET code = 'TK-AAAAAAAAAA' WHERE username = 'tv03'",
        "UPDATE role_grant SET valid_to = '2030-01-01' WHERE id = 3",
        "UPDATE conflict SET ground = 'work'",
        "UPDATE conflict SET number = 2",
        "UPDATE duty SET username = 'tv03'",
        "DELETE FROM duty",
        "DELETE FROM conflict",
        "DELETE FROM role_grant WHERE id = 3",
    ],
)
def test_what_was_carried_over_is_still_compared(old: Line, change: str) -> None:
    assert old("account", "list").code == 0  # carried over
    database = sqlite3.connect(old.folder / "vinhdanh.sqlite3")
    with database:
        assert database.execute(change).rowcount >= 1
    database.close()
    assert old("ledger", "verify").code == 3
