"""What is erased is gone from every file of the folder, and from what the database's journal leaves on the disk."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import models.database as database_module
from ledger.kinds import Kind
from models.database import LAST_WRITES
from operations import files as stored
from operations import record
from operations.council_vote import counting, sessions, vote
from operations.upkeep import backup
from rules.lifecycle import State
from tests.conftest import MEMBERS


def files(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def kept_journal(office: Any, act: Any) -> bytes:
    """What an act's journal holds on the disk after it lost its name: somebody who reads the bare disk finds that."""
    folder = Path(str(office.database.url.database)).parent
    journal, held = folder / "vinhdanh.sqlite3-journal", folder / "undeleted"

    def link(_session: Any) -> None:
        os.link(journal, held)

    with office.database.begin() as session:
        act(session)
        session.flush()
        session.info.setdefault(LAST_WRITES, []).append(link)
    found = held.read_bytes()
    held.unlink()
    assert len(found) > 4096
    return found


def test_a_box_is_nowhere_after_the_count(small_office: Any, tmp_path: Path) -> None:
    office = small_office
    round_ = office.open_round()
    round_.to(State.ELIGIBLE, 3)
    code = round_.ballot()
    agenda = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, code)))
    choices = dict.fromkeys(agenda, "approve")
    seen: set[bytes] = set()
    for member in MEMBERS:
        actor = office.actor(member)
        left = kept_journal(office, lambda session, actor=actor: vote.cast(session, code, choices=choices, actor=actor))
        assert [one for one in seen if one[40:80] in left] == []
        seen |= {bytes(row[0]) for row in office.rows("SELECT envelope FROM ballot_box")}
    assert len(seen) == len(MEMBERS)
    office.act(vote.close_ballot, code, actor=office.thuky, now=office.now)
    before = files(tmp_path)
    assert all(one[40:80] in before for one in seen)  # while the box is closed they are there
    shares = office.shares(code)
    actor = office.tv04
    counted = kept_journal(
        office,
        lambda session: counting.tally_ballot(session, code, shares=shares, actor=actor, now=office.now),
    )
    assert [one for one in seen if one[40:80] in counted] == []
    after = files(tmp_path)
    assert [one for one in seen if one[40:80] in after] == []


def test_an_erased_salt_is_nowhere(small_office: Any, tmp_path: Path) -> None:
    office = small_office
    office.write("DROP TRIGGER ledger_opening_no_update")
    subject, openings = office.rows(
        "SELECT subject, openings FROM ledger_entry NATURAL JOIN ledger_opening WHERE kind = 'unit:registered' LIMIT 1"
    )[0]
    name = "email"
    salt = json.loads(openings)[name][0].encode()
    assert salt in files(tmp_path)
    left = kept_journal(
        office,
        lambda session: record.erase(session, Kind.UNIT_REGISTERED, subject, name, ground="theo đơn", by="quantri"),
    )
    assert (salt in left, salt in files(tmp_path)) == (False, False)


def test_a_copy_leaves_no_box_behind(small_office: Any, tmp_path: Path) -> None:
    office = small_office
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    code = round_.ballot()
    agenda = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, code)))
    office.act(vote.cast, code, choices=dict.fromkeys(agenda, "approve"), actor=office.tv05)
    envelope = bytes(office.one("SELECT envelope FROM ballot_box"))
    copies = tmp_path / "copies"
    copies.mkdir()
    backup.copy_database(Path(str(office.database.url.database)), copies / "copy.sqlite3")
    assert envelope[40:80] not in files(copies)


def test_a_box_is_nowhere_with_a_write_ahead_log(
    small_office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As newer SQLite libraries are used: the log is emptied with the act that erases."""
    monkeypatch.setattr(database_module, "_WAL_IS_SOUND", True)
    monkeypatch.setitem(database_module._PRAGMAS, "journal_mode", ("WAL", "wal"))
    office = small_office
    office.database.engine.dispose()
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    code = round_.ballot()
    agenda = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, code)))
    seen: set[bytes] = set()
    for member in MEMBERS:
        office.act(vote.cast, code, choices=dict.fromkeys(agenda, "approve"), actor=office.actor(member))
        seen |= {bytes(row[0]) for row in office.rows("SELECT envelope FROM ballot_box")}
    office.act(vote.close_ballot, code, actor=office.thuky, now=office.now)
    assert all(one[40:80] in files(tmp_path) for one in seen)
    office.tally(code)
    assert [one for one in seen if one[40:80] in files(tmp_path)] == []


def test_a_removed_file_is_overwritten_before_its_name_goes(tmp_path: Path) -> None:
    """The key of a share that was taken, a scan that should not have come."""
    path, held = tmp_path / "share.key", tmp_path / "undeleted"
    path.write_bytes(b"secret" * 100)
    os.link(path, held)
    stored.shred(path)
    assert (path.exists(), held.read_bytes()) == (False, bytes(600))
    stored.shred(path)  # a second time there is nothing to do
