"""A run that failed or was cut off: one letter to the administrators, by the run's own hook or by the runner."""

from typing import Any
from uuid import UUID

from prefect.utilities.urls import url_for

from operations.upkeep import alarm
from tasks.runtime import installation

STAGE_FAILED = "Có khâu lỗi"  # the name of a round's final state when a stage's own run has told already


def tell(run_id: UUID, *, name: str, how: str, round_code: str | None) -> int:
    """Queue the letter about a run, once however often it is told. Returns how many letters."""
    with installation().database.begin_unrecorded() as session:
        return alarm.run_failed(
            session,
            run_id=str(run_id),
            run_name=name,
            how=how,
            round_code=round_code,
            page=url_for("flow-run", run_id) or "",
        )


def how(state: Any) -> str:
    """How the run ended, in the words of our pages."""
    if state.name == "TimedOut":
        return "quá thời gian cho phép"
    return "bị ngắt giữa chừng" if state.is_crashed() else "lỗi"
