"""The installation a flow works for, opened once a process, and the log that becomes the run's log."""

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import structlog

from operations.installation import Installation, moment

# Prefect shows what goes to the logger `vinhdanh` as the run's own log (PREFECT_LOGGING_EXTRA_LOGGERS).
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.EventRenamer("event"),
        structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
log: structlog.stdlib.BoundLogger = structlog.get_logger("vinhdanh")


@cache
def installation() -> Installation:
    """The installation of VINHDANH_DATA. Its database keeps one pool for the whole process."""
    return Installation.at(Path(os.environ.get("VINHDANH_DATA") or "./data"))


def now() -> datetime:
    """The business clock: VINHDANH_NOW or the wall clock."""
    said = os.environ.get("VINHDANH_NOW")
    return moment(said) if said else datetime.now(UTC)
