"""Reading the whole ledger again, asked for by a button: in a process of its own, within a bounded time.

What came of it is kept in the folder's `run/` until the next time.
"""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations.installation import Installation

LONGEST = 300.0  # seconds
_MOST_SHOWN = 50  # violations
_ROOT = Path(__file__).resolve().parent.parent
_running: dict[Path, tuple[datetime, threading.Thread]] = {}
_lock = threading.Lock()


def start(office: Installation, *, by: str) -> bool:
    """Begin unless one is under way; False when one is."""
    with _lock:
        if running(office) is not None:
            return False
        thread = threading.Thread(target=_check, args=(office, by), daemon=True, name="ledger-check")
        _running[office.folder] = (datetime.now(UTC), thread)
        thread.start()
    return True


def running(office: Installation) -> datetime | None:
    """Since when one is under way."""
    since, thread = _running.get(office.folder, (None, None))
    return since if thread is not None and thread.is_alive() else None


def last(office: Installation) -> dict[str, Any] | None:
    """The last check's result: {"at", "by", "holds", …}; None if there was none."""
    try:
        found: dict[str, Any] = json.loads(_place(office).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _place(office: Installation) -> Path:
    return office.folder / "run" / "ledger-check.json"


def _check(office: Installation, by: str) -> None:
    began = datetime.now(UTC)
    try:
        code, said = _verify(office)
    except subprocess.TimeoutExpired:
        code, said = -1, {"fault": "timeout"}
    except (OSError, ValueError, subprocess.SubprocessError):
        code, said = -1, {"fault": "not_run"}
    violations = said.get("violations", [])
    answer = {
        "at": began.isoformat(),
        "by": by,
        "holds": code == 0 if code in {0, 3} else None,
        "fault": None if code in {0, 3} else said.get("fault", "not_run"),
        "took": round((datetime.now(UTC) - began).total_seconds(), 1),
        "size": said.get("size"),
        "root": said.get("root"),
        "tables": len(said.get("checked_tables", [])),
        "count": len(violations),
        "violations": violations[:_MOST_SHOWN],
    }
    fresh = _place(office).with_suffix(".new")
    with suppress(OSError):  # a full disk: the former result stays, with its own date
        fresh.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
        fresh.replace(_place(office))


def _verify(office: Installation) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(  # noqa: S603 -- our own command line, no shell
        [sys.executable, "-m", "cli", "--json", "--data", str(office.folder), "ledger", "verify"],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONGEST,
        check=False,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, said
