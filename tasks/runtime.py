"""The installation a flow works for, opened once a process, and the log that becomes the run's log."""

import logging
import os
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from models.database import NoAnswer
from operations.installation import Installation

# Prefect sends what goes to the logger `vinhdanh` to the run's own page (PREFECT_LOGGING_EXTRA_LOGGERS), from INFO on.
logging.getLogger("vinhdanh").setLevel(logging.INFO)
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(key_order=["event"], drop_missing=True),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
log: structlog.stdlib.BoundLogger = structlog.get_logger("vinhdanh")


@cache
def installation() -> Installation:
    """The installation of VINHDANH_DATA. Its database keeps one pool for the whole process."""
    office = Installation.at(Path(os.environ.get("VINHDANH_DATA") or "./data"))
    office.bind()
    return office


def now() -> datetime:
    """The business clock, as every door reads it."""
    return installation().now()


def _is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Did the database not answer (locked, restarted)? Everything else would fail again the same way."""
    return isinstance(state.result(raise_on_failure=False), NoAnswer)


# For @task: every task here is one transaction or a row of them, so doing it again is safe.
AGAIN: dict[str, Any] = {"retries": 3, "retry_delay_seconds": [1, 5, 15], "retry_condition_fn": _is_transient}
