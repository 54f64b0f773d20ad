"""Letters to the administrators about the machine itself: a run of the engine that failed or hung."""

from datetime import UTC, datetime

from sqlmodel import Session

from operations import announce, recipients
from operations.access import local_date
from rules.lifecycle import Role


def run_failed(session: Session, *, run_id: str, run_name: str, how: str, round_code: str | None, page: str) -> int:
    """Queue one letter to each administrator about a run of the engine, once. Returns how many were queued.

    It names the run and the round, never what the failure said: that may hold a name, and stands on the run's page.
    """
    at = datetime.now(UTC)  # the machine's time: a business clock set for a trial says nothing of when it failed
    letters = [
        announce.Notice(
            kind="run_failed",
            about=run_id,
            to=email,
            recipient=username,
            context={
                "recipient_name": name,
                "run_name": run_name,
                "how": how,
                "round_code": round_code,
                "at": at.isoformat(timespec="seconds"),
                "run_page": page,
            },
        )
        for username, name, email in recipients.holders(session, Role.ADMINISTRATOR, today=local_date(at))
    ]
    return announce.notices_once(session, letters)
