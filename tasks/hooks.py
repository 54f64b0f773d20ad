"""The hooks of every flow: tags of round and stage on its run, a letter when it fails."""

from typing import Any

from prefect.client.orchestration import get_client

from rules.lifecycle import STAGES
from tasks import alarm, runtime


def bear_tags(flow: Any, run: Any, _state: Any) -> None:
    """Tag the run with its round's code, its stage and this installation's own, whoever started it.

    Not by `prefect.tags` around the call: the tasks below would bear them too, and for each tag of a task Prefect asks
    its server for a concurrency limit, with a write that a busy SQLite refuses.
    """
    code = run.parameters.get("round_code")
    if code is None:  # of the whole office
        return
    own = {code, runtime.own(), *({flow.fn.__name__} & set(STAGES))}
    if not own <= set(run.tags):
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.id, tags=sorted({*run.tags, *own}))


def tell(_flow: Any, run: Any, state: Any) -> None:
    """Write to the administrators, unless a stage below the run has done so already."""
    if state.name != alarm.STAGE_FAILED:
        alarm.tell(run.id, name=run.name, how=alarm.how(state), round_code=run.parameters.get("round_code"))


# For @flow.
HOOKS: dict[str, Any] = {"on_running": [bear_tags], "on_failure": [tell], "on_crashed": [tell]}
