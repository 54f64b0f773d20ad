"""The installation a flow works for, opened once a process, and the minutes that a run's page shows."""

import logging
import os
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from models.database import NoAnswer
from operations import identity, modes
from operations.installation import Installation

# Sentences for people. Prefect sends them to the run's own page (PREFECT_LOGGING_EXTRA_LOGGERS), from INFO on: counts
# and codes, never a name.
minutes = logging.getLogger("vinhdanh")
minutes.setLevel(logging.INFO)


@cache
def installation() -> Installation:
    """The installation of VINHDANH_DATA. Its database keeps one pool for the whole process."""
    modes.keep_private()
    office = Installation.at(Path(os.environ.get("VINHDANH_DATA") or "./data"))
    office.bind()
    return office


def now() -> datetime:
    """The business clock, as every door reads it."""
    return installation().now()


def own() -> str:
    """The installation's name: the tag of its runs, and in the keys of its tables, on a server that serves several."""
    with installation().database.read() as session:
        return identity.of(session)


def round_page(code: str) -> str:
    """The address of a round's page."""
    return f"{installation().base_url}/rounds/{code}"


def _is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Did the database not answer (locked, restarted)? Everything else would fail again the same way."""
    return isinstance(state.result(raise_on_failure=False), NoAnswer)


# For @task: every task here is one transaction or a row of them, so doing it again is safe.
AGAIN: dict[str, Any] = {"retries": 4, "retry_delay_seconds": [1, 5, 15, 60], "retry_condition_fn": _is_transient}
