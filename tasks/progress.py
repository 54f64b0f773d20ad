"""The display of every stage's run: a table of the round, a progress bar for long work, the closing sentence."""

from collections.abc import Sequence
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_link_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from operations import rounds
from operations.views import due
from rules.lifecycle import STAGE_NAMES, STAGES, Stage
from tasks.alarm import STAGE_FAILED
from tasks.runtime import AGAIN, installation, now, own, round_page


def conclude(round_code: str, stage: str) -> State:
    """The run's final state: named by what the stage waits for, its message the address of the round's page."""
    return Completed(name=show(round_code, stage), message=f"Bảng theo dõi đợt xét: {round_page(round_code)}")


@task(name="Ghi tình hình", task_run_name="Ghi tình hình {round_code}", **AGAIN)
def show(round_code: str, stage: str) -> str:
    """A table artifact `<installation>-<round>-<stage>` with counts and lateness of all stages; returns this stage's sentence."""
    with installation().database.read() as session:
        found = due.of_round(session, round_code, now=now())
    said = next(one.sentence for one in found if one.stage == stage)
    create_table_artifact(
        key=_key(round_code, stage),
        table=due.as_table(found),
        description=f"**{STAGE_NAMES[Stage(stage)]}**: {said} – [đợt xét {round_code}]({round_page(round_code)})",
    )
    return said


@task(name="Mở đợt xét", task_run_name="Mở đợt xét {round_code}", **AGAIN)
def open_page(round_code: str) -> None:
    """Lay a link to the round's page to the run. Raises Refusal `unknown_round`: then no stage is tried."""
    with installation().database.read() as session:
        title = rounds.by_code(session, round_code).title
    create_link_artifact(
        key=_key(round_code, "page"),
        link=round_page(round_code),
        link_text=f"Bảng theo dõi đợt xét {round_code}",
        description=title,
    )


def _key(round_code: str, what: str) -> str:
    """An artifact's key: small letters, digits and hyphens, as Prefect has them."""
    return f"{own()}-{round_code}-{what}".lower().replace("_", "-").replace(".", "-")


def conclude_round(round_code: str, ended: Sequence[State]) -> State:
    """The final state of a round's run: what is late, else what the present stage waits for; or which stages failed."""
    failed = [STAGE_NAMES[stage] for stage, state in zip(STAGES, ended, strict=True) if not state.is_completed()]
    if failed:
        return Failed(name=STAGE_FAILED, message=f"Khâu lỗi: {', '.join(failed)}. Các khâu khác đã chạy xong.")
    with installation().database.read() as session:
        said = due.in_short(session, round_code, now=now())
    return Completed(name=said, message=f"Bảng theo dõi đợt xét: {round_page(round_code)}")


class Gauge:
    """A progress artifact for work of more than one step of its kind; none for less: each update is a request."""

    def __init__(self, total: int, *, step: int, what: str) -> None:
        self._total, self._done = total, 0
        self._artifact: UUID | None = None
        if total > step:
            found = create_progress_artifact(progress=0.0, description=what)
            assert isinstance(found, UUID)  # not a coroutine: tasks here are synchronous
            self._artifact = found

    def add(self, count: int) -> None:
        self._done += count
        self._show(min(100.0, 100 * self._done / self._total) if self._total else 100.0)

    def end(self) -> None:
        """Show the work as complete; others may have done part of it meanwhile."""
        self._show(100.0)

    def _show(self, percent: float) -> None:
        if self._artifact is not None:
            update_progress_artifact(artifact_id=self._artifact, progress=percent)
