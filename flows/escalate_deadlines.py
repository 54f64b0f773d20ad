"""Twice a working day: ask for the run of every open round, then tidy up."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks import upkeep
from tasks.hooks import HOOKS


@flow(
    name="Nhắc hạn, đôn đốc",
    flow_run_name="Nhắc hạn, đôn đốc",
    description="Gọi lượt xử lý của mọi đợt xét đang mở: mỗi đợt một lượt chạy riêng, đợt này không chờ đợt kia.",
    timeout_seconds=300,
    **HOOKS,
)
def escalate_deadlines() -> State:
    """Ends with how many rounds were called. Each runs by itself: one that hangs holds up no other."""
    called = upkeep.call_rounds()
    upkeep.tidy()
    return Completed(name=f"Đã gọi {len(called)} đợt xét" if called else "Không có đợt xét nào đang mở")
