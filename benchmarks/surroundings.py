"""What a figure was measured on: processor, memory, system, versions. Never a host's name."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def describe() -> str:
    """One paragraph to stand above every figure."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    kilobytes = int(Path("/proc/meminfo").read_text(encoding="utf-8").split()[1])
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    libraries = ", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "sqlmodel", "prefect", "pydantic"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {len(os.sched_getaffinity(0))} cores ({processor}), "
        f"{kilobytes / 2**20:.0f} GB · {system} · Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{libraries} · load {os.getloadavg()[0]:.1f} at the start"
    )
