"""Task of chairman_signature: tell the signers what waits, once a state of the pile."""

from prefect import task

from operations.chairman_signature import signature
from tasks.runtime import AGAIN, installation, log, now


@task(name="notify signers", task_run_name="notify signers {round_code}", **AGAIN)
def notify_signers(round_code: str) -> int:
    """One letter a signer for what waits now; the same pile is announced once. Returns how many nominations wait."""
    with installation().database.begin() as session:
        waiting = signature.announce_waiting(session, round_code, now=now())
    log.info("waiting_for_signature", round=round_code, nominations=waiting)
    return waiting
