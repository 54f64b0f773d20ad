"""Tasks of council_vote: remind those who have not voted, count what was closed."""

from prefect import task

from operations.access import ENGINE
from operations.council_vote import counting
from operations.upkeep import deadlines
from operations.views import progress
from tasks.runtime import AGAIN, installation, log, now


@task(name="invite", task_run_name="invite {round_code}", **AGAIN)
def invite(round_code: str) -> int:
    """Remind members with an open ballot, once; says nothing of what or how many others voted."""
    with installation().database.begin() as session:
        reminded = deadlines.reminders_to_vote(session, round_code=round_code)
    log.info("reminded", round=round_code, letters=reminded)
    return reminded


@task(name="tally", task_run_name="tally {round_code}", **AGAIN)
def tally(round_code: str) -> int:
    """Count every closed ballot of the round that waits for no teller; one already counted is left alone."""
    with installation().database.read() as session:
        codes = progress.closed_ballots(session, round_code)
    for code in codes:
        with installation().database.begin() as session:
            counted = counting.tally_without_shares(session, code, actor=ENGINE, now=now())
        if counted:
            log.info("tallied", session=code, nominations=len(counted))
    return len(codes)
