"""On a schedule: a signed checkpoint over the ledger."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import audit


@flow(name="seal-ledger", flow_run_name="seal ledger")
def seal_ledger() -> State:
    """Ends with the size that was signed."""
    return Completed(name=f"Sealed at {audit.record_audit()}")
