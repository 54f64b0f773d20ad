"""Task: record the audit trail's state — a signed checkpoint over everything that was committed."""

from prefect import task

from operations import ledger_book
from tasks.runtime import AGAIN, installation, log


@task(name="record audit", task_run_name="record audit", **AGAIN)
def record_audit() -> int:
    """Sign the ledger as it stands; returns its size."""
    office = installation()
    with office.database.begin() as session:
        size = ledger_book.seal(session, office.signer).size
    log.info("sealed", size=size)
    return size
