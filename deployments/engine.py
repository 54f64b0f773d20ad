"""The engine's process: dispatcher and flow runner, resident, so that a run costs tenths of a second, not seconds.

Dispatcher: the only reader of the outbox's `stage_entered` rows; each becomes one flow run under the row's key as
idempotency key. It also starts `deliver_notifications` when letters are due; when Prefect cannot be reached, letters
go without it. Runner: takes scheduled runs of our deployments and runs them in this process. On a Prefect server of
one's own (VINHDANH_PREFECT_API_URL) deployments that `prefect deploy` put into a work pool are left to its workers.

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
from prefect.client.schemas.schedules import RRuleSchedule
from prefect.exceptions import Abort, ObjectNotFound, PrefectException
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_API_REQUEST_TIMEOUT, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Crashed, Pending
from prefect.utilities.engine import propose_state_sync

from deployments import deployed as catalogue
from models.database import NoAnswer
from operations import outbox, rounds
from operations.views import progress
from rules.lifecycle import Stage
from tasks import delivery
from tasks.runtime import installation

POLL = 0.4  # seconds between looks at the outbox and at the schedule
WORKERS = 3
ENGINE_AWAY = 20.0  # seconds; then letters go without Prefect
LETTERS_APART = 3.0  # seconds between two deliveries of new letters …
RETRIES_APART = 60.0  # … and before one of letters that were tried before: a silent mail server makes few runs
LOOK_AROUND = 60.0  # seconds between looks at open ballots and at what Prefect still knows of us

_WITHOUT_PREFECT = UUID(int=0)  # the delivery that no flow run stands for
log = structlog.get_logger("vinhdanh.engine")


class Engine:
    """One process; `run()` returns when it is told to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="flow")
        self._running: dict[UUID, Future[None]] = {}
        self._deployments: dict[str, UUID] = {}
        self._ours: dict[UUID, str] = {}  # those that run in this process
        self._delivery: UUID | None = None
        self._asked_at = -RETRIES_APART
        self._asked_for: int | None = None
        self._seen_at = time.monotonic()
        self._looked_at = time.monotonic()
        self._boot = secrets.token_hex(4)

    def stop(self, *_: Any) -> None:
        self._stop.set()

    def run(self) -> None:
        # Only here: this process holds the folder alone and has no sender yet, so every lease is a dead one's.
        with installation().database.begin_unrecorded() as session:
            outbox.reclaim(session)
        away = False
        while not self._stop.is_set():
            try:
                # The loop asks again by itself; only flows in the pool wait out a restart of the server.
                with (
                    temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 15.0}),
                    get_client(sync_client=True) as client,
                ):
                    self._register(client)
                    self._take_over(client)
                    away = False
                    print(json.dumps({"engine": "ready"}), flush=True)  # noqa: T201 -- the launcher reads this line
                    while not self._stop.is_set():
                        busy = self._turn(client)
                        self._seen_at = time.monotonic()
                        self._stop.wait(POLL if not busy else 0.05)
            except (httpx.HTTPError, PrefectException, OSError, NoAnswer) as error:
                if not away:
                    log.warning("engine_away", error=f"{type(error).__name__}: {error}"[:200])
                away = True
                self._dispatch_letters(None)
                self._stop.wait(2)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _register(self, client: SyncPrefectClient) -> None:
        """Create or update our deployments; the same names give the same ids."""
        has_workers = "PREFECT_API_URL" in installation().settings
        self._deployments, self._ours = {}, {}
        for deployed in catalogue.DEPLOYED:
            given = _in_a_work_pool(client, deployed.name) if has_workers else None
            made = given or _create(client, deployed)
            self._deployments[deployed.name] = made
            if given is None:
                self._ours[made] = deployed.name

    def _take_over(self, client: SyncPrefectClient) -> None:
        """What a killed predecessor left: runs that nobody runs, stages that nobody looked at."""
        left = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=list(self._ours)),
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
            ),
        )
        for run in client.read_flow_runs(flow_run_filter=left):
            if run.id not in self._running:
                client.set_flow_run_state(run.id, Crashed(message="the process that ran this is gone"), force=True)
        with installation().database.read() as session:
            waiting = rounds.waiting_stages(session)
        # An engine that comes and goes looks at the stages again at most every ten minutes.
        bucket = datetime.now(UTC).strftime("%Y%m%d%H%M")[:-1]
        for round_code, stage in waiting:
            self._trigger(client, round_code, stage, f"start/{self._boot}/{bucket}/{round_code}/{stage}")

    def _turn(self, client: SyncPrefectClient) -> bool:
        if time.monotonic() - self._looked_at > LOOK_AROUND:
            self._looked_at = time.monotonic()
            self._look_around(client)
        dispatched = self._dispatch_stages(client)
        self._dispatch_letters(client)
        return self._take_runs(client) or dispatched

    def _look_around(self, client: SyncPrefectClient) -> None:
        """Show how many have voted, and notice when Prefect has forgotten us (raises ObjectNotFound)."""
        client.read_deployment(self._deployments[catalogue.DEPLOYED[0].name])
        with installation().database.read() as session:
            voting = progress.voting(session)
        for code, (cast, expected) in voting.items():
            self._trigger(client, code, Stage.COUNCIL_VOTE, f"ballots/{code}/{cast}/{expected}")

    def _dispatch_stages(self, client: SyncPrefectClient) -> bool:
        database = installation().database
        with database.read() as session:
            if not outbox.due(session, kind="stage_entered"):
                return False
        with database.begin_unrecorded() as session:
            claimed = outbox.claim(session, kind="stage_entered", limit=20)
        # What several rows say of one stage, one run does: it starts after all of them were committed.
        stages: dict[tuple[str, str], list[str]] = {}
        for message in claimed:
            said = json.loads(message.context)
            stages.setdefault((said["round"], said["stage"]), []).append(message.key)
        for (round_code, stage), keys in stages.items():
            try:
                # A finished run under this key is of before (a restored backup, another house on this server).
                if self._trigger(client, round_code, stage, keys[-1]):
                    self._trigger(client, round_code, stage, f"{keys[-1]}/{secrets.token_hex(4)}")
            except Exception:
                # The engine does not answer: the rows are due again at once, not after their lease.
                with database.begin_unrecorded() as session:
                    outbox.release(session, [message.key for message in claimed])
                raise
            # A crash before this line triggers again: flows may run any number of times.
            with database.begin_unrecorded() as session:
                outbox.settle(session, [{"key": key, "state": "accepted"} for key in keys])
        return bool(claimed)

    def _trigger(self, client: SyncPrefectClient, round_code: str, stage: str, key: str) -> bool:
        """Have one run under this key; True when it is there and finished already."""
        run = client.create_flow_run_from_deployment(
            self._deployments[stage],
            name=f"{stage.replace('_', '-')} {round_code}",
            parameters={"round_code": round_code},
            tags=[round_code, stage],
            idempotency_key=key,
        )
        return run.state is not None and run.state.is_final()

    def _dispatch_letters(self, client: SyncPrefectClient | None) -> None:
        """Start a delivery when letters are due and none is under way; without Prefect once it is away for long.

        A letter queued while a delivery ends is seen by the next look. Leases keep two deliveries apart in any case.
        """
        self._forget_done()
        since = time.monotonic() - self._asked_at
        if self._delivery in self._running or (self._delivery is not None and since < ENGINE_AWAY):
            return
        newest = self._newest_letter()
        # New since the last delivery began; one that a delivery left untouched (bad settings) waits its minute.
        is_new = newest is not None and newest != self._asked_for and since > LETTERS_APART
        if not installation().settings.get("SMTP_URL") or not (is_new or self._retry_waits(since)):
            return
        if client is not None and self._delivery is None:
            run = client.create_flow_run_from_deployment(
                self._deployments["deliver_notifications"], name="deliver notifications"
            )
            self._delivery = run.id
        elif time.monotonic() - self._seen_at > ENGINE_AWAY or self._delivery is not None:
            # Prefect is away, or has not given us the run it took: letters do not wait for an engine.
            self._running[_WITHOUT_PREFECT] = self._pool.submit(_send_without_prefect)
            self._delivery = _WITHOUT_PREFECT
        else:
            return
        self._asked_at, self._asked_for = time.monotonic(), newest

    def _newest_letter(self) -> int | None:
        """The last letter that no delivery has tried."""
        with installation().database.read() as session:
            return outbox.newest_untried(session)

    def _retry_waits(self, since: float) -> bool:
        if since < RETRIES_APART:
            return False
        with installation().database.read() as session:
            return outbox.due_batch(session) is not None

    def _take_runs(self, client: SyncPrefectClient) -> bool:
        self._forget_done()
        free = WORKERS - len(self._running)
        if free <= 0 or not self._ours:
            return False
        scheduled = client.get_scheduled_flow_runs_for_deployments(
            list(self._ours), scheduled_before=datetime.now(UTC) + timedelta(seconds=1), limit=free
        )
        taken = False
        for run in scheduled:
            name = self._ours.get(run.deployment_id) if run.deployment_id else None
            if name is not None and run.id not in self._running:
                self._running[run.id] = self._pool.submit(_run_one, name, run)
                taken = True
        return taken

    def _forget_done(self) -> None:
        for run in [run for run, future in self._running.items() if future.done()]:
            del self._running[run]
            if run == self._delivery:
                self._delivery = None


def _create(client: SyncPrefectClient, deployed: catalogue.Deployed) -> UUID:
    flow = catalogue.flow(deployed.name)
    return client.create_deployment(
        flow_id=client.create_flow_from_name(flow.name),
        name=deployed.name,
        entrypoint=f"flows/{deployed.name}.py:{deployed.name}",
        description=(flow.fn.__doc__ or "").strip(),
        parameter_openapi_schema=flow.parameters.model_dump_for_openapi(),
        schedules=[DeploymentScheduleCreate(schedule=RRuleSchedule(rrule=deployed.rrule, timezone=catalogue.TIMEZONE))]
        if deployed.rrule
        else [],
        tags=["vinhdanh"],
    )


def _in_a_work_pool(client: SyncPrefectClient, name: str) -> UUID | None:
    try:
        known = client.read_deployment_by_name(f"{catalogue.flow(name).name}/{name}")
    except ObjectNotFound:
        return None
    return known.id if known.work_pool_name else None


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


def _send_without_prefect() -> None:
    try:
        log.warning("letters_without_engine", **delivery.send_due(installation()))
    except Exception:
        log.exception("letters_failed")


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
