"""`vinhdanh restore` told what others know of the ledger: what is lost, which numbers must not come again."""

import json
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

from tests.cli.conftest import Line


def test_where_nothing_is_lost_nothing_is_skipped(published: Any, tmp_path: Path) -> None:
    line: Line = published.line
    packed, export = tmp_path / "late.tar", tmp_path / "export"
    assert line("backup", packed).code == 0
    assert line("ledger", "export", export).code == 0
    size = line("ledger", "verify").done["size"]
    line.folder = tmp_path / "again"
    said = line("restore", packed, "--checkpoint", export).done
    assert (said["checkpoint"], said["generation"], said["skipped"], said["ask"]) == (size, 1, {}, [])
    assert said["lost"] == {"entries": 0, "papers": [], "kinds": {}}
    assert line("ledger", "verify").code == 0


def test_the_newest_checkpoint_names_what_is_lost(annual: Any, tmp_path: Path) -> None:
    line: Line = annual.line
    packed, export = tmp_path / "b.tar", tmp_path / "export"
    assert line("backup", packed).code == 0
    before = line("ledger", "verify").done["size"]
    codes = annual.propose(1, award="Bằng khen của UBND tỉnh", **{"Căn cứ đề nghị": "74.1.b"})
    assert line("account", "disable", "tv03", by="quantri").code == 0
    assert line("role", "end", "--account", "tv11", "--role", "teller", "--on", "2025-01-01", by="quantri").code == 0
    assert line("ledger", "export", export).code == 0
    size = line("ledger", "verify").done["size"]
    original = line.folder
    # A bare note: how many are lost, and as many numbers are skipped.
    note = tmp_path / "note.txt"
    note.write_text((export / "checkpoint").read_text())
    line.folder = tmp_path / "bare"
    said = line("restore", packed, "--checkpoint", note).done
    lost = size - before
    assert (said["checkpoint"], said["lost"]["entries"], len(said["ask"])) == (size, lost, 2)
    assert said["skipped"]["round/2024"] == [1, 1 + lost]
    assert line("ledger", "verify").code == 0
    # An export: what they were.
    line.folder = tmp_path / "exact"
    said = line("restore", packed, "--checkpoint", export / "checkpoint").done
    assert (said["lost"]["entries"], said["locked"]) == (lost, ["tv03"])
    assert said["ask"] == ["Việc sau lúc sao lưu nay đã mất, hãy làm lại: Thôi giao vai trò: tv11/teller/2024-01-01."]
    assert said["lost"]["kinds"]["account:disabled"] == 1
    assert said["skipped"]["nomination/2024"] == [0, len(codes)]
    assert line("ledger", "verify").code == 0
    assert line("doctor").code == 0
    # The former folder: the same, by its own memory.
    line.folder = tmp_path / "memory"
    said = line("restore", packed, "--checkpoint", original).done
    assert (said["lost"]["entries"], said["locked"], said["ask"]) == (lost, ["tv03"], [])
    # Another ledger's note, and one that contradicts the backup, restore nothing.
    line.folder = tmp_path / "other"
    assert line("init").code == 0
    line("ledger", "export", tmp_path / "foreign")
    line.folder = tmp_path / "never"
    assert line("restore", packed, "--checkpoint", tmp_path / "foreign").code == 3
    line.folder = tmp_path / "exact"
    assert line("restore", packed, "--checkpoint", export).refused == "folder_not_empty"
    annual_two = Line(tmp_path / "exact", line._capsys)
    assert annual_two("ledger", "export", tmp_path / "second-life").code == 0
    line.folder = original
    assert line("backup", tmp_path / "first-life.tar").code == 0
    line.folder = tmp_path / "never"
    assert line("restore", tmp_path / "first-life.tar", "--checkpoint", tmp_path / "second-life").code == 3
    assert not (tmp_path / "never").exists()
    assert line("restore", packed, "--last", "abc").error == "bad_number"
    assert line("restore", packed, "--lock", "khongco").refused == "unknown_account"
    assert line("restore").error == "usage"
    assert not (tmp_path / "never").exists()


def test_a_backup_of_a_newer_program_is_said_to_be_one(office: Any, tmp_path: Path) -> None:
    line: Line = office
    database = sqlite3.connect(line.folder / "vinhdanh.sqlite3")
    with database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert line("round", "list").error == "newer_database"
    with tarfile.open(tmp_path / "newer.tar", "w") as archive:
        for name in ("vinhdanh.sqlite3", "ledger.key", "files"):
            archive.add(line.folder / name, name)
    line.folder = tmp_path / "never"
    assert line("restore", tmp_path / "newer.tar").error == "newer_database"
    assert not line.folder.exists()


def test_every_backup_holds_what_the_key_signed_last(published: Any, tmp_path: Path) -> None:
    line: Line = published.line
    assert line("backup", tmp_path / "b.tar").code == 0
    with tarfile.open(tmp_path / "b.tar") as archive:
        kept = archive.extractfile("ledger.signed")
        assert kept is not None
        (tmp_path / "ledger.signed").write_bytes(kept.read())
    assert line("ledger", "verify", "--checkpoint", tmp_path / "ledger.signed").code == 0
    size = json.loads((tmp_path / "ledger.signed").read_text())["note"].split("\n")[1]
    assert int(size) == line("ledger", "verify").done["size"]
