"""Task of deliver_notifications: send what is due."""

from prefect import task

from tasks import delivery
from tasks.runtime import AGAIN, installation


@task(name="notify", task_run_name="notify", **AGAIN)
def deliver() -> dict[str, int]:
    """Send every letter that is due: {"accepted", "retry", "failed"}."""
    return delivery.send_due(installation())
