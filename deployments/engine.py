"""The engine's process: one loop over the dispatcher (outbox → flow runs) and the runner (flow runs → child processes).

It registers the deployments of `prefect.yaml`, takes their scheduled runs and gives them to the runner. On a Prefect
server of one's own (VINHDANH_PREFECT_API_URL) deployments that `prefect deploy` put into a work pool are left to its
workers. Nothing here is the truth: kill it at any moment, and the next start finds every row and every stage as they
stand.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import RRuleSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_REQUEST_TIMEOUT, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled

from deployments import deployed
from deployments.deployed import LETTERS, Deployed
from deployments.dispatch import ENGINE_AWAY, Dispatcher
from deployments.log import log
from deployments.runner import Runner, cut_off, mark
from models.database import NoAnswer
from operations import outbox
from tasks.runtime import installation

POLL = 0.4  # seconds between looks at the outbox and at the schedule
LOOK_AROUND = 30.0  # seconds between looks at open ballots and at what Prefect still knows of us
TAG = "vinhdanh"


class Engine:
    """One process; `run()` returns when it is told to stop."""

    def __init__(self) -> None:
        self.runner = Runner()
        self.dispatcher = Dispatcher(self.runner)
        self._stop = threading.Event()
        self._ours: dict[UUID, str] = {}  # deployments whose runs are taken here
        self._looked_at = time.monotonic()

    def stop(self, *_: Any) -> None:
        self._stop.set()

    def run(self) -> None:
        # Only here: this process holds the folder alone and has no sender yet, so every lease is a dead one's.
        with installation().database.begin_unrecorded() as session:
            outbox.reclaim(session)
        away = False
        while not self._stop.is_set():
            try:
                with connected() as client:
                    self.register(client)
                    self.take_over(client)
                    away = False
                    print(json.dumps({"engine": "ready"}), flush=True)  # noqa: T201 -- the launcher reads this line
                    while not self._stop.is_set():
                        self._stop.wait(0.05 if self.turn(client) else POLL)
            except (httpx.HTTPError, PrefectException, OSError, NoAnswer) as error:
                if not away:
                    log.warning("engine_away", error=f"{type(error).__name__}: {error}"[:200])
                away = True
                self.dispatcher.ended(self.runner.look(None))
                self.dispatcher.letters(None)
                if time.monotonic() - self._looked_at > LOOK_AROUND:
                    self._looked_at = time.monotonic()
                    installation().keeper.look()
                self._stop.wait(2)
        self.runner.stop()

    def register(self, client: SyncPrefectClient) -> None:
        """Create or update our deployments, and drop those of earlier versions; the same names give the same ids."""
        has_workers = "PREFECT_API_URL" in installation().settings
        known: dict[str, UUID] = {}
        self._ours = {}
        for one in deployed.listed():
            given = _in_a_work_pool(client, one.name) if has_workers else None
            known[one.name] = given or _create(client, one)
            if given is None:
                self._ours[known[one.name]] = one.name
        self.dispatcher.deployments = known
        self._show_ready(client)
        tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
        for old in client.read_deployments(deployment_filter=tagged):
            if old.id not in known.values() and old.work_pool_name is None:
                client.delete_deployment(old.id)

    def take_over(self, client: SyncPrefectClient) -> None:
        """Take over from a killed predecessor: mark its running runs as crashed, skip missed times, look at every waiting stage."""
        left = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=list(self._ours)),
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
            ),
        )
        for run in client.read_flow_runs(flow_run_filter=left):
            if run.id not in self.runner and run.deployment_id is not None:
                mark(client, self._ours[run.deployment_id], run.id, cut_off())
        self._skip_missed(client)
        self.dispatcher.at_start(client)

    def _skip_missed(self, client: SyncPrefectClient) -> None:
        """Cancel all but the latest of the scheduled times that passed while no engine ran."""
        for one in deployed.listed():
            if one.rrule is None or self.dispatcher.deployments[one.name] not in self._ours:
                continue
            missed = FlowRunFilter(
                deployment_id=FlowRunFilterDeploymentId(any_=[self.dispatcher.deployments[one.name]]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
                expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
            )
            runs = client.read_flow_runs(flow_run_filter=missed, sort=FlowRunSort.EXPECTED_START_TIME_DESC)
            for run in runs[1:]:
                message = "Hệ thống không chạy vào giờ này; lượt gần nhất làm thay."
                client.set_flow_run_state(run.id, Cancelled(name="Bỏ qua", message=message), force=True)

    def turn(self, client: SyncPrefectClient) -> bool:
        """One look at everything; True when there was something to do.

        A server whose database is busy (503) is asked again at the next turn, until it is as good as away.
        """
        try:
            did_something = self._turn(client)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 503 or time.monotonic() - self.dispatcher.seen_at > ENGINE_AWAY:
                raise
            return False
        self.dispatcher.seen_at = time.monotonic()
        return did_something

    def _turn(self, client: SyncPrefectClient) -> bool:
        if time.monotonic() - self._looked_at > LOOK_AROUND:
            self._looked_at = time.monotonic()
            self.look_around(client)
        dispatched = self.dispatcher.rows(client)
        self.dispatcher.ended(self.runner.look(client))
        self.dispatcher.letters(client)
        return self._take_runs(client) or dispatched

    def look_around(self, client: SyncPrefectClient) -> None:
        """Open ballots; does Prefect still know us (raises ObjectNotFound)? What waits for a signature is signed here too."""
        installation().keeper.look()
        client.read_deployment(self.dispatcher.deployments[LETTERS])
        self._show_ready(client)
        self.dispatcher.ballots(client)

    def _show_ready(self, client: SyncPrefectClient) -> None:
        """Prefect's page calls a deployment ready for a minute after a runner's poll.

        The poll of each turn is a plain reading of runs instead: a runner's has Prefect write into its database, and
        two writes a second made a busy SQLite refuse those of the runs.
        """
        if self._ours:
            client.get_scheduled_flow_runs_for_deployments(list(self._ours), limit=1)

    def _take_runs(self, client: SyncPrefectClient) -> bool:
        names = {name for name in self._ours.values() if self.runner.free(name)}
        places = sum(self.runner.free(name) for name in {LETTERS if name == LETTERS else "" for name in names})
        if not places:
            return False
        waiting = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[one for one, name in self._ours.items() if name in names]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(
                before_=datetime.now(UTC) + timedelta(seconds=1)
            ),
        )
        scheduled = client.read_flow_runs(
            flow_run_filter=waiting, sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC, limit=places
        )
        taken = False
        for run in scheduled:
            name = self._ours.get(run.deployment_id) if run.deployment_id else None
            if name is not None and run.id not in self.runner and self.runner.free(name):
                self.runner.start(name, run.id)
                taken = True
        return taken


@contextmanager
def connected() -> Iterator[SyncPrefectClient]:
    """A client for the loop, which asks again by itself; only flows wait out a restart of the server."""
    patience = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 15.0}
    with temporary_settings(patience), get_client(sync_client=True) as client:
        yield client


def _create(client: SyncPrefectClient, one: Deployed) -> UUID:
    flow = deployed.flow(one.name)
    times = [RRuleSchedule(rrule=one.rrule, timezone=one.timezone)] if one.rrule else []
    return client.create_deployment(
        flow_id=client.create_flow_from_name(flow.name),
        name=one.name,
        entrypoint=one.entrypoint,
        description=flow.description,
        parameter_openapi_schema=flow.parameters.model_dump_for_openapi(),
        schedules=[DeploymentScheduleCreate(schedule=time_) for time_ in times],
        tags=[TAG],
    )


def _in_a_work_pool(client: SyncPrefectClient, name: str) -> UUID | None:
    try:
        known = client.read_deployment_by_name(f"{deployed.flow(name).name}/{name}")
    except ObjectNotFound:
        return None
    return known.id if known.work_pool_name else None


def main() -> int:
    engine = Engine()
    signal.signal(signal.SIGTERM, engine.stop)
    signal.signal(signal.SIGINT, engine.stop)
    started = time.monotonic()
    engine.run()
    log.info("stopped", seconds=round(time.monotonic() - started))
    return 0


if __name__ == "__main__":
    sys.exit(main())
