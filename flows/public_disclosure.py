"""Stage 5, publication: the papers of what was signed, a checkpoint over the ledger, postings whose days are over.

Publishing is an act of Phòng Nội vụ.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from rules.lifecycle import Stage
from tasks import deadlines, progress, upkeep
from tasks import public_disclosure as disclosure
from tasks.hooks import HOOKS

STAGE = Stage.PUBLIC_DISCLOSURE


@flow(
    name="Công khai",
    flow_run_name="Công khai {round_code}",
    description=(
        "Khâu 5. Kết xuất văn bản đã ký, ký điểm kiểm sổ cái; đóng hồ sơ đã niêm yết đủ ngày. "
        "Công khai là việc của Phòng Nội vụ."
    ),
    timeout_seconds=1200,
    **HOOKS,
)
def public_disclosure(round_code: str, urge: bool = True) -> State:
    """Stage 5: papers, checkpoint, postings that are over."""
    disclosure.render_papers(round_code)
    upkeep.sign_checkpoint()
    if urge:
        deadlines.close_due(round_code, STAGE)
        deadlines.remind(round_code, STAGE)
        deadlines.escalate(round_code, STAGE)
    return progress.conclude(round_code, STAGE)
