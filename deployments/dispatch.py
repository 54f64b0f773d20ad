"""The dispatcher: what the outbox asks the engine for becomes flow runs, each under its row's key.

The only reader of `stage_entered` and `round_run` rows. It also starts `deliver_notifications` when letters are due;
when Prefect cannot be reached, letters go without it. A crash loses nothing: rows that are not settled come due again,
and flows may run any number of times.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.utilities.urls import url_for

from deployments import deployed
from deployments.runner import WITHOUT_PREFECT, Runner
from operations import outbox, rounds
from operations.outbox import Claimed
from operations.views import progress
from rules.lifecycle import STAGE_NAMES, Stage
from tasks.runtime import installation, own

ENGINE_AWAY = 20.0  # seconds; then letters go without Prefect
LETTERS_APART = 3.0  # seconds between two deliveries of new letters …
RETRIES_APART = 60.0  # … and before one of letters that were tried before: a silent mail server makes few runs
CLAIMED = 20  # rows at a time


class Dispatcher:
    """From rows to runs, over whatever connection to Prefect there is at the moment."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.deployments: Mapping[str, UUID] = {}
        self.seen_at = time.monotonic()  # when Prefect last answered
        self.delivery: UUID | None = None
        self.asked_at = -RETRIES_APART
        self.asked_for: int | None = None
        self._boot = secrets.token_hex(4)

    def at_start(self, client: SyncPrefectClient) -> None:
        """Look at every stage that holds work, whatever became of the rows that told of it."""
        with installation().database.read() as session:
            waiting = rounds.waiting_stages(session)
        # An engine that comes and goes looks at the stages again at most every ten minutes.
        bucket = datetime.now(UTC).strftime("%Y%m%d%H%M")[:-1]
        for round_code, stage in waiting:
            self._stage(client, round_code, stage, f"start/{self._boot}/{bucket}/{round_code}/{stage}")

    def rows(self, client: SyncPrefectClient) -> bool:
        """Runs for what the outbox asks for; True when there was anything."""
        return self._stages(client) | self._rounds(client)

    def _claim(self, kind: str) -> list[Claimed]:
        database = installation().database
        with database.read() as session:
            if not outbox.due(session, kind=kind):
                return []
        with database.begin_unrecorded() as session:
            return outbox.claim(session, kind=kind, limit=CLAIMED)

    def _stages(self, client: SyncPrefectClient) -> bool:
        claimed = self._claim("stage_entered")
        # One run serves all rows about one stage: it starts after all of them were committed.
        stages: dict[tuple[str, str], list[str]] = {}
        for message in claimed:
            asked = json.loads(message.context)
            stages.setdefault((asked["round"], asked["stage"]), []).append(message.key)
        for (round_code, stage), keys in stages.items():
            with _given_back(claimed):
                run = self._stage(client, round_code, stage, keys[-1])
                if _is_over(run):  # a run that was lost with its row
                    run = self._stage(client, round_code, stage, f"{keys[-1]}/{secrets.token_hex(4)}")
            _settle(keys, run)
        return bool(claimed)

    def _rounds(self, client: SyncPrefectClient) -> bool:
        claimed = self._claim("round_run")
        for message in claimed:
            round_code = json.loads(message.context)["round"]
            with _given_back(claimed):
                run = self._round(client, round_code, message.key)
                if _is_over(run):
                    run = self._round(client, round_code, f"{message.key}/{secrets.token_hex(4)}")
            _settle([message.key], run)
        return bool(claimed)

    def ballots(self, client: SyncPrefectClient) -> None:
        """Show how many have voted where a ballot is open: nobody's act tells of it."""
        with installation().database.read() as session:
            voting = progress.voting(session)
        for code, (cast, expected) in voting.items():
            self._stage(client, code, Stage.COUNCIL_VOTE, f"{own()}/ballots/{code}/{cast}/{expected}")

    def _stage(self, client: SyncPrefectClient, round_code: str, stage: str, key: str) -> FlowRun:
        return client.create_flow_run_from_deployment(
            self.deployments[stage],
            name=f"{STAGE_NAMES[Stage(stage)]} {round_code}",
            parameters={"round_code": round_code, "urge": False},
            tags=[round_code, stage, own()],
            idempotency_key=key,
        )

    def _round(self, client: SyncPrefectClient, round_code: str, key: str) -> FlowRun:
        return client.create_flow_run_from_deployment(
            self.deployments[deployed.ROUND],
            name=f"Đợt xét {round_code}",
            parameters={"round_code": round_code},
            tags=[round_code, own()],
            idempotency_key=key,
        )

    # Letters ---------------------------------------------------------------------------------------------------------

    def ended(self, runs: Sequence[UUID]) -> None:
        if self.delivery in runs:
            self.delivery = None

    def letters(self, client: SyncPrefectClient | None) -> None:
        """Start a delivery when letters are due and none is under way; without Prefect once it is away for long.

        A letter queued while a delivery ends is seen by the next look. Leases keep two deliveries apart in any case.
        """
        since = time.monotonic() - self.asked_at
        if self.delivery in self.runner or (self.delivery is not None and since < ENGINE_AWAY):
            return
        with installation().database.read() as session:
            newest = outbox.newest_untried(session)
        # New since the last delivery began; one that a delivery left untouched (bad settings) waits its minute.
        is_new = newest is not None and newest != self.asked_for and since > LETTERS_APART
        if not installation().settings.get("SMTP_URL") or not (is_new or self._retry_waits(since)):
            return
        if client is not None and self.delivery is None:
            run = client.create_flow_run_from_deployment(self.deployments[deployed.LETTERS], name="Gửi thư")
            self.delivery = run.id
        elif (time.monotonic() - self.seen_at > ENGINE_AWAY or self.delivery is not None) and self.runner.free(
            deployed.LETTERS
        ):
            self.runner.send_letters()
            self.delivery = WITHOUT_PREFECT
        else:
            return
        self.asked_at, self.asked_for = time.monotonic(), newest

    def _retry_waits(self, since: float) -> bool:
        if since < RETRIES_APART:
            return False
        with installation().database.read() as session:
            return outbox.due_batch(session) is not None


def _is_over(run: FlowRun) -> bool:
    """Was a run under this key finished already?"""
    return run.state is not None and run.state.is_final()


@contextmanager
def _given_back(claimed: Sequence[Claimed]) -> Iterator[None]:
    """When Prefect does not answer, the rows are due again at once, not after their lease."""
    try:
        yield
    except Exception:
        with installation().database.begin_unrecorded() as session:
            outbox.release(session, [message.key for message in claimed])
        raise


def _settle(keys: Sequence[str], run: FlowRun) -> None:
    # A crash before this line triggers again.
    page = url_for("flow-run", run.id)
    with installation().database.begin_unrecorded() as session:
        outbox.settle(session, [{"key": key, "state": "accepted", "reply": page} for key in keys])
