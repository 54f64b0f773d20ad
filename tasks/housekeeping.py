"""Task of escalate_deadlines: drop what nobody asks for any more."""

from datetime import UTC, datetime

from prefect import task

from operations import access, files, idempotency
from operations.unit_proposal import uploads
from tasks.runtime import AGAIN, installation, log, now


@task(name="tidy up", task_run_name="tidy up", **AGAIN)
def tidy() -> dict[str, int]:
    """{"answers", "uploads", "files"}: answers to repeated clicks and previews after 30 days, contents that no row has named for a week."""
    office = installation()
    with office.database.begin_unrecorded() as session:
        answers = idempotency.forget(session, now=now())
        previews = uploads.forget(session, now=now())
        files.forget_counts(session, today=access.local_date(datetime.now(UTC)))
    with office.database.read() as session:
        gone = files.sweep(session, office.folder)
    done = {"answers": answers, "uploads": previews, "files": gone}
    log.info("tidied", **done)
    return done
