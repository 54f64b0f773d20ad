"""One round, whole: its five stages in their legal order, each a run of its own below this one.

The schedule asks for it for every open round, the secretary for one (page of the round, `vinhdanh round run`, Prefect's
own page). A stage that fails or hangs ends by itself and keeps none of the others from their turn. Bounded by their
time limits: a limit of its own would take the one alarm that a process has, and theirs could not end a blocked call.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.chairman_signature import chairman_signature
from flows.council_vote import council_vote
from flows.home_affairs_review import home_affairs_review
from flows.public_disclosure import public_disclosure
from flows.unit_proposal import unit_proposal
from tasks import progress
from tasks.hooks import HOOKS

STAGES = (unit_proposal, home_affairs_review, council_vote, chairman_signature, public_disclosure)


@flow(
    name="Đợt xét",
    flow_run_name="Đợt xét {round_code}",
    description="Cả đợt xét: năm khâu theo thứ tự luật định, mỗi khâu một lượt chạy con.",
    **HOOKS,
)
def review_round(round_code: str) -> State:
    """The five stages of a round."""
    progress.open_page(round_code)
    ended = [stage(round_code, return_state=True) for stage in STAGES]
    return progress.conclude_round(round_code, ended)
