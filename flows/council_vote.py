"""Stage 3, the council votes: who has not voted is reminded, a ballot whose time is over is closed, what needs no shares
is counted. A sealed box waits for its tellers.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from rules.lifecycle import Stage
from tasks import council_vote as council
from tasks import deadlines, progress
from tasks.hooks import HOOKS

STAGE = Stage.COUNCIL_VOTE


@flow(
    name="Hội đồng bỏ phiếu",
    flow_run_name="Hội đồng bỏ phiếu {round_code}",
    description=(
        "Khâu 3. Nhắc ai chưa bỏ phiếu; đóng hòm phiếu đã hết hạn và đủ túc số; kiểm phiếu công khai. "
        "Hòm phiếu kín chờ ban kiểm phiếu."
    ),
    timeout_seconds=600,
    **HOOKS,
)
def council_vote(round_code: str, urge: bool = True) -> State:
    """Stage 3: remind voters, close and count what is due."""
    council.remind_voters(round_code)
    if urge:
        deadlines.close_due(round_code, STAGE)
    council.count_open_ballots(round_code)
    if urge:
        deadlines.remind(round_code, STAGE)
        deadlines.escalate(round_code, STAGE)
    return progress.conclude(round_code, STAGE)
