"""Stage 4, the chairman signs: the signers are told what waits. Nothing here signs."""

from prefect import flow
from prefect.client.schemas.objects import State

from rules.lifecycle import Stage
from tasks import chairman_signature as signature
from tasks import deadlines, progress
from tasks.hooks import HOOKS

STAGE = Stage.CHAIRMAN_SIGNATURE


@flow(
    name="Chủ tịch ký",
    flow_run_name="Chủ tịch ký {round_code}",
    description="Khâu 4. Báo người có thẩm quyền những gì chờ ký; nhắc trước hạn, đôn đốc quá hạn. Máy không ký thay ai.",
    timeout_seconds=600,
    **HOOKS,
)
def chairman_signature(round_code: str, urge: bool = True) -> State:
    """Stage 4: tell the signers what waits."""
    signature.notify_signers(round_code)
    if urge:
        deadlines.remind(round_code, STAGE)
        deadlines.escalate(round_code, STAGE)
    return progress.conclude(round_code, STAGE)
