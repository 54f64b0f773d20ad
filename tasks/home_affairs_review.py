"""Task of home_affairs_review: the rules' findings for what was submitted."""

from prefect import task

from operations.home_affairs_review import review
from operations.views import progress
from rules.lifecycle import State
from rules.vocabulary import Verdict
from tasks.progress import Gauge
from tasks.runtime import AGAIN, installation, minutes, now

BATCH = 300  # one transaction; a reviewer waits no longer than this for the database


@task(name="Đối chiếu tiêu chuẩn", task_run_name="Đối chiếu tiêu chuẩn {round_code}", **AGAIN)
def evaluate(round_code: str) -> dict[str, int]:
    """Evaluate every submitted nomination of the round that has no appraisal yet: {verdict: n}."""
    verdicts: dict[str, int] = {}
    with installation().database.read() as session:
        submitted = len(progress.codes(session, round_code, State.SUBMITTED))
    gauge = Gauge(submitted, step=BATCH, what=f"Đối chiếu tiêu chuẩn {round_code}")
    while True:
        with installation().database.begin() as session:
            found = review.evaluate(session, now=now(), round_code=round_code, limit=BATCH)
        for _, verdict in found:
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
        gauge.add(len(found))
        if len(found) < BATCH:
            break
    gauge.end()
    if verdicts:
        said = ", ".join(f"{count} {Verdict(verdict).word}" for verdict, count in sorted(verdicts.items()))
        minutes.info("Đã đối chiếu %d hồ sơ với tiêu chuẩn: %s.", sum(verdicts.values()), said)
    return verdicts
