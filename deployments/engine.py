"""The engine's process: dispatcher and flow runner, resident, so that a run costs tenths of a second, not seconds.

Dispatcher: the only reader of the outbox's `stage_entered` rows; each becomes one flow run under the row's key as
idempotency key. It also starts `deliver_notifications` when letters are due; when Prefect cannot be reached, letters
go without it. Runner: takes scheduled runs of our deployments and runs them in this process.

Nothing here is the truth: kill it at any moment, and the next start finds every row and every stage as they stand.
"""

import json
import secrets
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import Abort, PrefectException
from prefect.flow_engine import run_flow
from prefect.states import Crashed, Pending
from prefect.utilities.engine import propose_state_sync

from deployments import catalogue
from operations import outbox, rounds
from tasks import delivery
from tasks.office import installation

POLL = 0.4  # seconds between looks at the outbox and at the schedule
WORKERS = 3
ENGINE_AWAY = timedelta(seconds=20)  # then letters go without Prefect

log = structlog.get_logger("vinhdanh.engine")


class Engine:
    """One process; `run()` returns when it is told to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="flow")
        self._running: dict[UUID, Future[None]] = {}
        self._deployments: dict[str, UUID] = {}
        self._delivering: UUID | None = None
        self._last_seen = datetime.now(UTC)
        self._boot = secrets.token_hex(4)

    def stop(self, *_: Any) -> None:
        self._stop.set()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                with get_client(sync_client=True) as client:
                    self._register(client)
                    self._take_over(client)
                    print(json.dumps({"engine": "ready"}), flush=True)  # noqa: T201 -- the launcher reads this line
                    while not self._stop.is_set():
                        busy = self._turn(client)
                        self._last_seen = datetime.now(UTC)
                        self._stop.wait(POLL if not busy else 0.05)
            except (httpx.HTTPError, PrefectException, OSError) as error:
                log.warning("prefect_unreachable", error=type(error).__name__)
                self._deliver_without_prefect()
                self._stop.wait(2)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _register(self, client: SyncPrefectClient) -> None:
        """Create or update our deployments; the same names give the same ids."""
        for deployed in catalogue.DEPLOYED:
            flow_id = client.create_flow_from_name(catalogue.flow(deployed.name).name)
            schedules = (
                [DeploymentScheduleCreate(schedule=CronSchedule(cron=deployed.cron, timezone=catalogue.TIMEZONE))]
                if deployed.cron
                else None
            )
            self._deployments[deployed.name] = client.create_deployment(
                flow_id=flow_id,
                name=deployed.name,
                entrypoint=f"flows/{deployed.name}.py:{deployed.name}",
                schedules=schedules,
                tags=["vinhdanh"],
            )

    def _turn(self, client: SyncPrefectClient) -> bool:
        dispatched = self._dispatch_stages(client)
        self._dispatch_letters(client)
        return self._take_runs(client) or dispatched

    def _dispatch_stages(self, client: SyncPrefectClient) -> bool:
        database = installation().database
        with database.begin_unrecorded() as session:
            claimed = outbox.claim(session, kind="stage_entered", limit=20)
        for message in claimed:
            try:
                self._trigger(client, json.loads(message.context), message.key)
            except Exception:
                # The engine does not answer: the row is due again at once, not after its lease.
                with database.begin_unrecorded() as session:
                    outbox.release(session, [one.key for one in claimed])
                raise
            # A crash before this line triggers again under the same key: Prefect answers with the same run.
            with database.begin_unrecorded() as session:
                outbox.settle(session, [{"key": message.key, "state": "accepted"}])
        return bool(claimed)

    def _trigger(self, client: SyncPrefectClient, said: dict[str, str], key: str) -> None:
        client.create_flow_run_from_deployment(
            self._deployments[said["stage"]],
            parameters={"round_code": said["round"]},
            tags=[said["round"], said["stage"]],
            idempotency_key=key,
        )

    def _take_over(self, client: SyncPrefectClient) -> None:
        """What a killed predecessor left: leases of nobody, runs that nobody runs, stages that nobody looked at."""
        database = installation().database
        with database.begin_unrecorded() as session:
            outbox.reclaim(session)
        ours = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=list(self._deployments.values())),
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
            ),
        )
        for run in client.read_flow_runs(flow_run_filter=ours):
            client.set_flow_run_state(run.id, Crashed(message="the process that ran this is gone"), force=True)
        with database.read() as session:
            waiting = rounds.waiting_stages(session)
        for round_code, stage in waiting:
            self._trigger(client, {"round": round_code, "stage": stage}, f"start/{self._boot}/{round_code}/{stage}")

    def _dispatch_letters(self, client: SyncPrefectClient) -> None:
        if self._delivering is not None and self._delivering in self._running:
            return
        office = installation()
        if not office.settings.get("SMTP_URL"):
            return
        with office.database.read() as session:
            due = outbox.due_batch(session)
        if due is not None:
            run = client.create_flow_run_from_deployment(
                self._deployments["deliver_notifications"], idempotency_key=f"letters/{due}"
            )
            if run.state is not None and run.state.is_final():  # sent before, but more were queued under this number
                run = client.create_flow_run_from_deployment(self._deployments["deliver_notifications"])
            self._delivering = run.id

    def _deliver_without_prefect(self) -> None:
        """Letters do not wait for the engine: after a while they go without a flow run."""
        office = installation()
        if datetime.now(UTC) - self._last_seen > ENGINE_AWAY and office.settings.get("SMTP_URL"):
            delivery.send_due(office)

    def _take_runs(self, client: SyncPrefectClient) -> bool:
        self._running = {run: future for run, future in self._running.items() if not future.done()}
        free = WORKERS - len(self._running)
        if free <= 0:
            return False
        scheduled = client.get_scheduled_flow_runs_for_deployments(
            list(self._deployments.values()), scheduled_before=datetime.now(UTC) + timedelta(seconds=1), limit=free
        )
        taken = False
        for run in scheduled:
            if run.id in self._running or run.deployment_id is None:
                continue
            name = next((n for n, one in self._deployments.items() if one == run.deployment_id), None)
            if name is not None:
                self._running[run.id] = self._pool.submit(_run_one, name, run)
                taken = True
        return taken


def _run_one(name: str, run: Any) -> None:
    """Run one flow run in this process; its own failure is its state, never ours."""
    try:
        with get_client(sync_client=True) as client:
            if not propose_state_sync(client, Pending(), flow_run_id=run.id).is_pending():
                return
        run_flow(catalogue.flow(name), flow_run=run, return_type="state")
    except Abort:
        return
    except Exception:
        log.exception("run_failed", flow=name, run=str(run.id))


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
