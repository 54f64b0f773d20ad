"""Task: what a person sees on the run's page — counts by stage and what is waited for. Counts and codes only."""

from typing import Any

import sqlalchemy as sa
from prefect import task
from prefect.artifacts import create_markdown_artifact
from sqlmodel import Session, col, select

from models import CouncilSession, Nomination, ReviewRound, Unit
from operations import rounds
from operations.council_vote import counting, sessions, vote
from rules.lifecycle import STAGE_NAMES, STATE_NAMES, WAITING, Stage, State, stage_of
from tasks.runtime import AGAIN, installation


@task(name="show progress", task_run_name="progress {round_code}", **AGAIN)
def show(round_code: str, stage: str) -> str:
    """A markdown artifact `<round>-<stage>`; returns what the stage waits for, as a state name people understand."""
    with installation().database.read() as session:
        status = rounds.status(session, round_code)
        waiting = _waiting(session, status, Stage(stage))
    sentence = "Waiting: " + ", ".join(waiting) if waiting else "Nothing waits"
    create_markdown_artifact(
        key=f"{round_code}-{stage}".lower().replace("_", "-"),
        markdown=_markdown(status, sentence),
        description=f"{STAGE_NAMES[Stage(stage)]}: {round_code}",
    )
    return sentence


def _markdown(status: dict[str, Any], sentence: str) -> str:
    due = {deadline["stage"]: deadline["due"] for deadline in status["deadlines"]}
    lines = [f"## {status['title']} ({status['code']})", "", sentence, ""]
    lines += ["| Khâu | Số hồ sơ | Hạn |", "|---|---:|---|"]
    lines += [f"| {STAGE_NAMES[one]} | {status['counts'][one.value]} | {due.get(one.value, '–')} |" for one in Stage]
    lines += ["", "| Trạng thái | Số hồ sơ |", "|---|---:|"]
    lines += [f"| {STATE_NAMES[State(state)]} | {count} |" for state, count in sorted(status["states"].items())]
    return "\n".join(lines)


_WORDS = {
    State.DRAFT: "drafts",
    State.RETURNED: "returned dossiers",
    State.SUBMITTED: "to review",
    State.ELIGIBLE: "for the council",
    State.ON_BALLOT: "to count",
    State.RECOMMENDED: "to sign",
    State.SIGNED: "to disclose",
}


def _waiting(session: Session, status: dict[str, Any], stage: Stage) -> list[str]:
    counts = {state: status["states"].get(state.value, 0) for state in State if state in WAITING}
    waiting = [f"{count} {_WORDS[state]}" for state, count in counts.items() if count and stage_of(state) is stage]
    if stage is Stage.UNIT_PROPOSAL and status["stage"] == stage:
        proposed, called = units(session, status["code"])
        if proposed < called:
            waiting.insert(0, f"{proposed} of {called} units")
    if stage is Stage.COUNCIL_VOTE:
        open_ballot = ballots(session, status["code"])
        shut = [f"tellers' {what} ({code})" for code, what in shut_boxes(session, status["code"])]
        ballots_out = [f"{open_ballot[0]} of {open_ballot[1]} ballots"] if open_ballot else []
        waiting = [*ballots_out, *shut] or waiting
    return waiting


def units(session: Session, round_code: str) -> tuple[int, int]:
    """How many units have proposed in the round, of how many that were called."""
    round_ = rounds.by_code(session, round_code)
    called = set(session.exec(select(Unit.id).where(col(Unit.is_office).is_(False), col(Unit.email).is_not(None))))
    proposed = session.execute(
        sa.select(col(Nomination.unit_id))
        .where(col(Nomination.round_id) == round_.id, col(Nomination.state) != State.DRAFT.value)
        .distinct()
    ).scalars()
    return len(called & set(proposed)), len(called)


def shut_boxes(session: Session, round_code: str) -> list[tuple[str, str]]:
    """(session, "shares" or "counts") of every closed ballot that only its tellers can count."""
    closed = session.exec(
        select(CouncilSession)
        .join(ReviewRound, col(ReviewRound.id) == col(CouncilSession.round_id))
        .where(ReviewRound.code == round_code, CouncilSession.state == "closed")
        .order_by(col(CouncilSession.id))
    ).all()
    found = ((sitting.code, counting.waits_for(session, sitting)) for sitting in closed)
    return [(code, what) for code, what in found if what is not None]


def ballots(session: Session, round_code: str) -> tuple[int, int] | None:
    """How many of the members present have voted, of how many; None while no ballot is open. Never who or what."""
    round_ = rounds.by_code(session, round_code)
    cast, expected = 0, 0
    for sitting in session.exec(
        select(CouncilSession).where(CouncilSession.round_id == round_.id, CouncilSession.state == "open")
    ).all():
        present = {member.username for member in sessions.members_of(session, sitting) if member.attended}
        cast += len(present & vote.voted(session, sitting))
        expected += len(present)
    return (cast, expected) if expected else None
