"""Tasks of council_vote: remind those who have not voted, count what needs no shares."""

from prefect import task

from operations.access import ENGINE
from operations.council_vote import counting
from operations.upkeep import deadlines
from operations.views import progress
from tasks.runtime import AGAIN, installation, minutes, now


@task(name="Nhắc thành viên bỏ phiếu", task_run_name="Nhắc thành viên bỏ phiếu {round_code}", **AGAIN)
def remind_voters(round_code: str) -> int:
    """Remind members with an open ballot, once; says nothing of what or how many others voted."""
    with installation().database.begin() as session:
        reminded = deadlines.reminders_to_vote(session, round_code=round_code)
    if reminded:
        minutes.info("Đã nhắc %d thành viên chưa bỏ phiếu.", reminded)
    return reminded


@task(name="Kiểm phiếu công khai", task_run_name="Kiểm phiếu công khai {round_code}", **AGAIN)
def count_open_ballots(round_code: str) -> int:
    """Count every closed ballot of the round that waits for no teller; one already counted is left alone."""
    with installation().database.read() as session:
        codes = progress.closed_ballots(session, round_code)
    for code in codes:
        with installation().database.begin() as session:
            counted = counting.tally_without_shares(session, code, actor=ENGINE, now=now())
        if counted:
            minutes.info("Đã kiểm phiếu phiên %s: %d hồ sơ.", code, len(counted))
    return len(codes)
