"""The resident runner: each flow run is a child process forked from this one, which has imported everything already.

A run so costs tenths of a second, not the seconds of a fresh interpreter. As the child's main thread it can be ended:
Prefect's own time limit rings an alarm there, and what does not hear it (a call that never returns) is killed here. A
thread could be neither. Nobody waits for the rest of the way: the database rolls back, the next run starts from it.

Forking needs a process of one thread that holds no database connection: the engine's loop is one, and `start` lets go
of the connections.
"""

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import Abort, ObjectNotFound
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Crashed, Failed, Pending
from prefect.utilities.engine import propose_state_sync

from deployments import deployed
from deployments.log import log
from models.database import NoAnswer
from tasks import alarm, delivery
from tasks.runtime import installation

WORKERS = 3  # runs at a time; one more for letters, which wait for no stage
GRACE = 30.0  # seconds after a flow's own limit before its process is killed
ANSWERS = 3.0  # seconds in which the server still answers what a killed child asked
STOP = 3.0  # seconds that children have to end when the engine stops
WITHOUT_PREFECT = UUID(int=0)  # the delivery that no flow run stands for

_OPEN = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)
_FORK = multiprocessing.get_context("fork")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class _Child:
    name: str
    process: BaseProcess
    ends: float  # on the monotonic clock


class Runner:
    """The children that run flows."""

    def __init__(self) -> None:
        self._children: dict[UUID, _Child] = {}
        # How runs ended that could not say so, since when: told to Prefect, and once more when its answer to the
        # child's last question, which may still have been on its way, can no longer come between.
        self._unsaid: dict[UUID, tuple[str, State, float]] = {}

    def __contains__(self, run: UUID | None) -> bool:
        return run in self._children or run in self._unsaid

    def free(self, name: str) -> int:
        """How many more runs of this deployment may start now."""
        busy = sum((child.name == deployed.LETTERS) == (name == deployed.LETTERS) for child in self._children.values())
        return (1 if name == deployed.LETTERS else WORKERS) - busy

    def start(self, name: str, run: UUID) -> None:
        self._fork(name, run, _run_flow, name, run)

    def send_letters(self) -> None:
        """Letters without Prefect: it is away, or has not given us the run it took."""
        self._fork(deployed.LETTERS, WITHOUT_PREFECT, _send_letters)

    def _fork(self, name: str, run: UUID, work: Callable[..., None], *given: Any) -> None:
        installation().database.close()  # no connection crosses the fork: parent and child open their own
        process = _FORK.Process(target=_as_child, args=(os.getpid(), work, *given), name=f"vinhdanh {name}")
        process.start()
        self._children[run] = _Child(name, process, time.monotonic() + limit(name) + GRACE)

    def look(self, client: SyncPrefectClient | None) -> list[UUID]:
        """Bury the children that ended, kill those that are over their time. Returns whose runs are over."""
        over = []
        for run, child in list(self._children.items()):
            hung = child.process.is_alive() and time.monotonic() > child.ends
            if hung:
                child.process.kill()
                child.process.join()
            if child.process.is_alive():
                continue
            child.process.join()
            del self._children[run]
            over.append(run)
            if child.process.exitcode != 0 and run != WITHOUT_PREFECT:
                log.warning("run_killed" if hung else "run_fell", flow=child.name, run=str(run))
                self._unsaid[run] = (child.name, too_long() if hung else cut_off(), time.monotonic())
        if client is not None:
            for run, (name, state, since) in list(self._unsaid.items()):
                try:
                    mark(client, name, run, state)
                except NoAnswer:  # another hung run still holds the database: told at the next look, when it is killed
                    break
                if time.monotonic() - since > ANSWERS:
                    del self._unsaid[run]
        return over

    def stop(self) -> None:
        """End the children: those still at work are cut off, and the next start does what they left."""
        ends = time.monotonic() + STOP
        for child in self._children.values():
            child.process.join(max(0.0, ends - time.monotonic()))
            if child.process.is_alive():
                child.process.kill()
                child.process.join()


def limit(name: str) -> float:
    """Seconds that a run of this deployment may take; a round's run takes what its stages may."""
    own = deployed.flow(name).timeout_seconds
    if own is not None:
        return float(own)
    from flows.review_round import STAGES

    return float(sum(stage.timeout_seconds or 0 for stage in STAGES))


def too_long() -> State:
    state: State = Failed(name="TimedOut", message="Quá thời gian cho phép; tiến trình đã bị dừng.")
    return state


def cut_off() -> State:
    state: State = Crashed(message="Tiến trình chạy lượt này đã dừng; lượt sau làm tiếp.")
    return state


def mark(client: SyncPrefectClient, name: str, run: UUID, state: State) -> None:
    """Write down how a run ended that could not say so itself, and the stages below it; tell the administrators."""
    try:
        found = client.read_flow_run(run)
    except ObjectNotFound:  # of a database that is gone: nothing to write down, and no reason to hold up the engine
        return
    last = found.state
    if last is not None and not last.is_final():
        client.set_flow_run_state(run, state, force=True)
        last = state
    # A child killed between its last state and the hook after it has not told: the letter goes once in any case.
    if last is not None and (last.is_failed() or last.is_crashed()) and last.name != alarm.STAGE_FAILED:
        code = found.parameters.get("round_code")
        label = f"{deployed.flow(name).name} {code or ''}".rstrip()  # a run that never began has a name of Prefect's
        alarm.tell(run, name=label, how=alarm.how(last), round_code=code)
    below = FlowRunFilter(
        parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_OPEN))),
    )
    for child in client.read_flow_runs(flow_run_filter=below):
        client.set_flow_run_state(child.id, state, force=True)


# In the child -------------------------------------------------------------------------------------------------------


def _as_child(parent: int, work: Callable[..., None], *given: Any) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the line above
        os._exit(1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    # In a context of its own: with the loop's settings (it asks Prefect once and looks again) the first busy answer of
    # the server would fail the run.
    Context().run(_at_work, work, *given)


def _at_work(work: Callable[..., None], *given: Any) -> None:
    # No heartbeats: the parent sees a child's death itself, and a flow's end would wait a second for their thread.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        work(*given)


def _run_flow(name: str, run_id: UUID) -> None:
    """One flow run; its own failure is its state, never the runner's."""
    try:
        with get_client(sync_client=True) as client:
            if not propose_state_sync(client, Pending(), flow_run_id=run_id).is_pending():
                return
            run = client.read_flow_run(run_id)
        run_flow(deployed.flow(name), flow_run=run, return_type="state")
    except Abort:
        return


def _send_letters() -> None:
    log.warning("letters_without_engine", **delivery.send_due(installation(), seconds=delivery.LONGEST_RUN))
