"""Letters of the outbox to the mail server: the only sender."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import letters


@flow(name="deliver-notifications", flow_run_name="deliver notifications")
def deliver_notifications() -> State:
    """Ends with how many the server accepted, how many go again later, how many it will never take."""
    sent = letters.deliver()
    return Completed(name=", ".join(f"{count} {what}" for what, count in sent.items()))
