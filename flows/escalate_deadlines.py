"""On a schedule: remind before a deadline, climb the ladder after it, close what is due; then tidy up."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import deadlines, housekeeping


@flow(name="escalate-deadlines", flow_run_name="escalate deadlines")
def escalate_deadlines() -> State:
    """{"reminded", "escalated", "closed"} as the final state's name."""
    done = deadlines.sweep()
    housekeeping.tidy()
    return Completed(name=", ".join(f"{count} {what}" for what, count in done.items()))
