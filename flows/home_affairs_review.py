"""Stage 2: the rules' findings for what was submitted.

Reconciles: does what is due now, is safe to run any number of times, and ends with what is waited for.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import progress, review


@flow(name="home-affairs-review", flow_run_name="home-affairs-review {round_code}")
def home_affairs_review(round_code: str) -> State:
    """Stage 2: the rules' findings for what was submitted."""
    review.evaluate(round_code)
    return Completed(name=progress.show(round_code, "home_affairs_review"))
