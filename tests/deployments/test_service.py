"""The unit for systemd that docs/operate.md tells of."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

from deployments.environment import ROOT
from tests.conftest import component

UNIT = ROOT / "deployments" / "vinhdanh.service"


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    there = UNIT.read_text(encoding="utf-8").replace("/opt/vinhdanh", str(ROOT))
    (tmp_path / UNIT.name).write_text(there, encoding="utf-8")
    checked = subprocess.run(
        [component("systemd-analyze", shutil.which("systemd-analyze")), "verify", "--man=no", tmp_path / UNIT.name],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_it_is_shut_in_and_writes_to_its_folder_alone() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign] # -- configparser's own way to keep the case
    unit.read(UNIT, encoding="utf-8")
    service = dict(unit["Service"])
    assert {
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "Restart": "on-failure",
        "TimeoutStopSec": "30",
        "KillMode": "mixed",
    }.items() <= service.items()
    assert f"--data /var/lib/{service['StateDirectory']} up" in service["ExecStart"]
    assert "ReadWritePaths" not in service
