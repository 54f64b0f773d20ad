"""Tasks of every stage: what time asks for. Remind before it is due, climb the ladder after, close what is due."""

from prefect import task

from operations.upkeep import deadlines
from rules.lifecycle import STAGE_ROWS, Stage
from tasks.runtime import AGAIN, installation, minutes, now


@task(name="Nhắc trước hạn", task_run_name="Nhắc trước hạn {round_code}", **AGAIN)
def remind(round_code: str, stage: str) -> int:
    """Remind those who still have dossiers in the stage, once a due day. Returns how many units or desks."""
    with installation().database.begin() as session:
        reminded = deadlines.remind(session, round_code, Stage(stage), now=now())
    if reminded:
        minutes.info("Đã nhắc trước hạn %d nơi còn hồ sơ.", reminded)
    return reminded


@task(name="Đôn đốc quá hạn", task_run_name="Đôn đốc quá hạn {round_code}", **AGAIN)
def escalate(round_code: str, stage: str) -> int:
    """Take today's step of the ladder for everybody late in the stage. Returns how many steps."""
    with installation().database.begin() as session:
        steps = deadlines.escalate(session, round_code, Stage(stage), now=now())
    if steps:
        minutes.info("Đã đôn đốc %d nơi quá hạn, báo lên một cấp.", steps)
    return steps


@task(name="Đóng việc đã hết hạn", task_run_name="Đóng việc đã hết hạn {round_code}", **AGAIN)
def close_due(round_code: str, stage: str) -> int:
    """Close the stage's ballots or postings whose time is over. Returns how many."""
    with installation().database.begin() as session:
        closed = deadlines.close_due(session, round_code, Stage(stage), now=now())
    if closed:
        minutes.info("Đã đóng %d %s đến hạn.", closed, STAGE_ROWS[Stage(stage)].closes)
    return closed
