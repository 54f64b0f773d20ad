"""Letters of the outbox to the mail server: the only sender."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import delivery
from tasks.hooks import HOOKS


@flow(
    name="Gửi thư",
    flow_run_name="Gửi thư",
    description="Gửi các thư đến hạn trong hàng chờ tới máy chủ thư.",
    timeout_seconds=1200,
    **HOOKS,
)
def deliver_notifications() -> State:
    """Ends with how many the server accepted, how many go again later, how many it will never take."""
    return Completed(name=delivery.deliver_letters())
