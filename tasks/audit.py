"""Task: record the audit trail's state — a signed checkpoint over everything that was committed."""

from prefect import task

from tasks.runtime import AGAIN, installation, log


@task(name="record audit", task_run_name="record audit", **AGAIN)
def record_audit() -> int:
    """Sign the ledger as it stands; returns its size."""
    office = installation()
    size = office.keeper.now().size
    log.info("sealed", size=size)
    return size
