"""Stage 1, the units propose: who has proposed, what is still a draft or came back, who is reminded and urged.

Every stage's flow does what is due now, is safe to run any number of times, and ends with what is waited for. `urge`
False (the run after an act): the work alone; what time asks for is left to the two times of the schedule.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from rules.lifecycle import Stage
from tasks import deadlines, progress
from tasks.hooks import HOOKS

STAGE = Stage.UNIT_PROPOSAL


@flow(
    name="Đơn vị đề nghị",
    flow_run_name="Đơn vị đề nghị {round_code}",
    description="Khâu 1. Đơn vị nào đã đề nghị, hồ sơ nào còn nháp hoặc bị trả lại; nhắc trước hạn, đôn đốc quá hạn.",
    timeout_seconds=600,
    **HOOKS,
)
def unit_proposal(round_code: str, urge: bool = True) -> State:
    """Stage 1: who has proposed, who is reminded and urged."""
    if urge:
        deadlines.remind(round_code, STAGE)
        deadlines.escalate(round_code, STAGE)
    return progress.conclude(round_code, STAGE)
