"""Stage 4: tell the signers what waits. Nothing here signs.

Reconciles: does what is due now, is safe to run any number of times, and ends with what is waited for.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import progress, signature


@flow(name="chairman-signature", flow_run_name="chairman-signature {round_code}")
def chairman_signature(round_code: str) -> State:
    """Stage 4: tell the signers what waits. Nothing here signs."""
    signature.notify_signers(round_code)
    return Completed(name=progress.show(round_code, "chairman_signature"))
