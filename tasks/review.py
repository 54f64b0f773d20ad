"""Task of home_affairs_review: the rules' findings for what was submitted."""

from prefect import task

from operations.home_affairs_review import review
from tasks.runtime import AGAIN, installation, log, now

BATCH = 300  # one transaction; a reviewer waits no longer than this for the database


@task(name="evaluate", task_run_name="evaluate {round_code}", **AGAIN)
def evaluate(round_code: str) -> dict[str, int]:
    """Evaluate every submitted nomination of the round that has no appraisal yet: {verdict: n}."""
    verdicts: dict[str, int] = {}
    while True:
        with installation().database.begin() as session:
            found = review.evaluate(session, now=now(), round_code=round_code, limit=BATCH)
        for _, verdict in found:
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
        if len(found) < BATCH:
            log.info("evaluated", round=round_code, **verdicts)
            return verdicts
