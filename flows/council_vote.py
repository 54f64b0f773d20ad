"""Stage 3: remind who has not voted, count what needs no shares. A sealed box waits for its tellers.

Reconciles: does what is due now, is safe to run any number of times, and ends with what is waited for.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import council, progress


@flow(name="council-vote", flow_run_name="council-vote {round_code}")
def council_vote(round_code: str) -> State:
    """Stage 3: remind who has not voted, count what needs no shares. A sealed box waits for its tellers."""
    council.invite(round_code)
    council.tally(round_code)
    return Completed(name=progress.show(round_code, "council_vote"))
