"""Task: what a person sees on the run's page — counts by stage and what is waited for. Counts and codes only."""

from prefect import task
from prefect.artifacts import create_markdown_artifact

from operations import rounds
from rules.lifecycle import STAGE_NAMES, STATE_NAMES, WAITING, Stage, State, stage_of
from tasks.office import installation


@task(name="show progress", task_run_name="progress {round_code}")
def show(round_code: str, stage: str) -> str:
    """A markdown artifact `<round>-<stage>`; returns what the stage waits for, as a state name people understand."""
    with installation().database.read() as session:
        status = rounds.status(session, round_code)
    lines = [
        f"## {status['title']} ({round_code})",
        "",
        "| Khâu | Số hồ sơ | Hạn |",
        "|---|---:|---|",
    ]
    due = {deadline["stage"]: deadline["due"] for deadline in status["deadlines"]}
    lines += [
        f"| {STAGE_NAMES[one]} | {status['counts'][one.value]} | {due.get(one.value, '–')} |" for one in Stage
    ]
    lines += ["", "| Trạng thái | Số hồ sơ |", "|---|---:|"]
    lines += [f"| {STATE_NAMES[State(state)]} | {count} |" for state, count in sorted(status["states"].items())]
    create_markdown_artifact(
        key=f"{round_code}-{stage}".lower().replace("_", "-"),
        markdown="\n".join(lines),
        description=f"{STAGE_NAMES[Stage(stage)]}: {round_code}",
    )
    waiting = {
        state: status["states"].get(state.value, 0) for state in State if state in WAITING and stage_of(state) == stage
    }
    return _sentence(Stage(stage), {state: count for state, count in waiting.items() if count})


_WORDS = {
    State.DRAFT: "drafts",
    State.RETURNED: "returned dossiers",
    State.SUBMITTED: "to review",
    State.ELIGIBLE: "for the council",
    State.ON_BALLOT: "on the ballot",
    State.RECOMMENDED: "to sign",
    State.SIGNED: "to disclose",
}


def _sentence(stage: Stage, waiting: dict[State, int]) -> str:
    if not waiting:
        return "Nothing waits"
    return "Waiting: " + ", ".join(f"{count} {_WORDS[state]}" for state, count in waiting.items())
