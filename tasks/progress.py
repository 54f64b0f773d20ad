"""Task: what a person sees on the run's page — counts by stage and what is waited for. Counts and codes only."""

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from models.database import Session
from operations import rounds
from operations.views import progress
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
        proposed, called = progress.units(session, status["code"])
        if proposed < called:
            waiting.insert(0, f"{proposed} of {called} units")
    if stage is Stage.COUNCIL_VOTE:
        open_ballot = progress.ballots(session, status["code"])
        shut = [f"tellers' {what} ({code})" for code, what in progress.shut_boxes(session, status["code"])]
        ballots_out = [f"{open_ballot[0]} of {open_ballot[1]} ballots"] if open_ballot else []
        waiting = [*ballots_out, *shut] or waiting
    return waiting
