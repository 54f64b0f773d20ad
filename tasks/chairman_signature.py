"""Task of chairman_signature: tell the signers what waits, once a state of the pile."""

from prefect import task

from operations.chairman_signature import signature
from tasks.runtime import AGAIN, installation, minutes, now


@task(name="Báo người ký", task_run_name="Báo người ký {round_code}", **AGAIN)
def notify_signers(round_code: str) -> int:
    """One letter a signer for what waits now; the same pile is announced once. Returns how many nominations wait."""
    with installation().database.begin() as session:
        waiting = signature.announce_waiting(session, round_code, now=now())
    if waiting:
        minutes.info("%d hồ sơ chờ ký; người có thẩm quyền đã được báo.", waiting)
    return waiting
