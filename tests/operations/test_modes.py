"""Nobody else on the machine reads an installation's files: made so, mended by `up`, told by `doctor`."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.environment import ROOT
from operations import modes
from operations.installation import Installation
from operations.upkeep import backup, doctor


@pytest.fixture
def careless() -> Iterator[None]:
    """A mask as most machines have it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_ones(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder.parent)) for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077
    )


def said(installation: Installation) -> tuple[bool, str]:
    (check,) = [one for one in doctor.examine(installation)["checks"] if one["name"] == "folder"]
    return check["ok"], check["message"]


@pytest.mark.usefixtures("careless")
@pytest.mark.parametrize("existing", [True, False])
def test_setting_up_closes_the_folder_and_what_is_in_it(tmp_path: Path, existing: bool) -> None:
    folder = tmp_path / "data"
    if existing:
        folder.mkdir(mode=0o755)
        (folder / "vinhdanh.toml").write_text('mail_from = "a@b.example"\n', encoding="utf-8")
    installation = Installation.at(folder, {})
    installation.create()
    installation.database.close()
    assert modes.open_to_others(folder) == []
    assert {path.name for path in folder.iterdir()} >= {"vinhdanh.sqlite3", "ledger.key", "files", "run", "prefect"}
    assert said(installation) == (True, "tốt")


@pytest.mark.process
def test_whatever_the_commands_write_is_closed(tmp_path: Path) -> None:
    """As processes, whose mask is theirs: into a folder that exists, a backup, what is restored from it."""
    folder, copy, again = tmp_path / "data", tmp_path / "backup.tar", tmp_path / "again"
    folder.mkdir(mode=0o755)

    def run(*arguments: Any) -> None:
        command = [sys.executable, "-m", "cli", "--data", str(arguments[0]), *map(str, arguments[1:])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, umask=0o022, check=False)
        assert done.returncode == 0, done.stderr

    run(folder, "init")
    run(folder, "backup", copy)
    run(again, "restore", copy)
    assert open_ones(folder) + open_ones(again) == []
    assert copy.stat().st_mode & 0o077 == 0
    run(folder, "ledger", "export", tmp_path / "public")  # this one is made to be published
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in (tmp_path / "public").rglob("*"))


@pytest.mark.process
def test_up_closes_what_an_older_version_left_open_and_says_so(installation: Installation) -> None:
    folder = installation.folder
    for name in ("", "vinhdanh.sqlite3", "files", "run"):
        (folder / name).chmod(0o755)
    ok, message = said(installation)
    assert (ok, "chmod -R go-rwx" in message, "vinhdanh.sqlite3" in message) == (False, True, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "deployments.up", "--data", str(folder), "--port", str(port), "--json"],
            cwd=ROOT, capture_output=True, text=True, umask=0o022, check=False, timeout=60,
        )  # fmt: skip
    assert json.loads(done.stdout)["refused"]["code"] == "port_in_use"
    assert done.stderr.count("trước đây người khác trên máy này đọc được") == 4
    assert open_ones(folder) == []
    assert said(installation) == (True, "tốt")


@pytest.mark.usefixtures("careless")
def test_a_backup_of_an_open_folder_is_restored_closed(installation: Installation, tmp_path: Path) -> None:
    (installation.folder / "vinhdanh.sqlite3").chmod(0o644)
    backup.write(installation, tmp_path / "b.tar")
    backup.read(tmp_path / "b.tar", tmp_path / "again")
    assert modes.open_to_others(tmp_path / "again") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file that is somebody else's")
def test_what_is_not_ours_to_close_is_refused(installation: Installation) -> None:
    installation.folder.chmod(0o755)
    shutil.chown(installation.folder, "nobody")
    command = (
        "import os, sys; from pathlib import Path; from operations import modes; from rules.refusal import Refusal\n"
        "os.setgroups([]); os.setuid(1)\n"
        "try: modes.mend(Path(sys.argv[1]))\nexcept Refusal as refusal: print(refusal.code)"
    )
    # Of another user of the machine: the folder is readable on the way to it.
    for parent in installation.folder.parents[:-2]:
        parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", command, installation.folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "readable_by_others", done.stderr
