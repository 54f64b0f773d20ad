"""Task of every stage: what the run's page and its final state say. Counts and codes only."""

from prefect import task
from prefect.artifacts import create_table_artifact

from operations.views import due
from rules.lifecycle import STAGE_NAMES, Stage
from tasks.runtime import AGAIN, installation, now


@task(name="show progress", task_run_name="progress {round_code}", **AGAIN)
def show(round_code: str, stage: str) -> str:
    """A table artifact `<round>-<stage>`; returns what the stage waits for, as the name of the run's final state."""
    with installation().database.read() as session:
        rows = due.table_of(session, round_code, now=now())
        standing = due.of_stage(session, round_code, Stage(stage), now=now())
    page = f"{installation().base_url}/rounds/{round_code}"
    create_table_artifact(
        key=f"{round_code}-{stage}".lower().replace("_", "-"),
        table=rows,
        description=f"**{STAGE_NAMES[Stage(stage)]}** – [{round_code}]({page}): {standing.sentence}",
    )
    return standing.sentence
