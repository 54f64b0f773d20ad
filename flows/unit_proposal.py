"""Stage 1: who has proposed, what is still a draft or came back.

Reconciles: does what is due now, is safe to run any number of times, and ends with what is waited for.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import progress


@flow(name="unit-proposal", flow_run_name="unit-proposal {round_code}")
def unit_proposal(round_code: str) -> State:
    """Stage 1: who has proposed, what is still a draft or came back."""
    return Completed(name=progress.show(round_code, "unit_proposal"))
