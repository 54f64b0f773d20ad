"""Task of escalate_deadlines: remind, climb the ladder, close what is due."""

from prefect import task

from operations.upkeep import deadlines
from tasks.runtime import AGAIN, installation, log, now


@task(name="sweep deadlines", task_run_name="sweep deadlines", **AGAIN)
def sweep() -> dict[str, int]:
    """{"reminded", "escalated", "closed"}; a second sweep finds nothing left to do."""
    with installation().database.begin() as session:
        done = deadlines.sweep(session, now=now())
    log.info("swept", **done)
    return done
