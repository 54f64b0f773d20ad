"""Stage 2, Phòng Nội vụ reviews: the rules' findings for what was submitted; who reviews is reminded and urged."""

from prefect import flow
from prefect.client.schemas.objects import State

from rules.lifecycle import Stage
from tasks import deadlines, progress
from tasks import home_affairs_review as review
from tasks.hooks import HOOKS

STAGE = Stage.HOME_AFFAIRS_REVIEW


@flow(
    name="Phòng Nội vụ thẩm định",
    flow_run_name="Phòng Nội vụ thẩm định {round_code}",
    description="Khâu 2. Đối chiếu hồ sơ đã nộp với tiêu chuẩn; nhắc trước hạn, đôn đốc quá hạn. Kết luận là việc của người.",
    timeout_seconds=1200,  # the longest: fifty thousand dossiers at once
    **HOOKS,
)
def home_affairs_review(round_code: str, urge: bool = True) -> State:
    """Stage 2: findings for what was submitted. Whoever reviews decides."""
    review.evaluate(round_code)
    if urge:
        deadlines.remind(round_code, STAGE)
        deadlines.escalate(round_code, STAGE)
    return progress.conclude(round_code, STAGE)
