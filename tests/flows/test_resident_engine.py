"""The engine's own turns against a real Prefect server: dispatch, runs in this process, letters, take-over."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from deployments import deployed
from deployments.environment import ROOT
from notifications.loopback import LoopbackServer
from operations import identity, outbox
from rules.lifecycle import STAGES, State

pytestmark = pytest.mark.engine


class Turns:
    """An engine whose loop the test turns by hand."""

    def __init__(self, client: Any) -> None:
        from deployments import engine

        self.engine = engine.Engine()
        self.client = client
        self.engine.register(client)

    def until(self, good: Any, *, seconds: float = 150.0) -> Any:
        ends = time.monotonic() + seconds
        while not (found := good()):
            assert time.monotonic() < ends, "the engine did not come to it"
            self.engine.turn(self.client)
            time.sleep(0.1)
        return found

    def for_seconds(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > ends, seconds=seconds + 20)


@pytest.fixture
def turns(server: Any, office: Any) -> Iterator[Turns]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield Turns(client)


@pytest.fixture
def mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    with LoopbackServer(tmp_path / "mail") as found:
        use_mail(monkeypatch, found.url)
        yield found


def use_mail(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    from tasks import runtime

    monkeypatch.setenv("VINHDANH_SMTP_URL", url)
    runtime.installation.cache_clear()


def runs_of(server: Any, name: str, since: str) -> list[dict[str, Any]]:
    wanted = {"deployments": {"name": {"any_": [name]}}, "flow_runs": {"expected_start_time": {"after_": since}}}
    found: list[dict[str, Any]] = server.post("flow_runs/filter", **wanted)
    return found


def moment() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()


def test_a_committed_act_becomes_one_run_with_its_log(turns: Turns, server: Any, office: Any) -> None:
    since = moment()
    round_ = office.open_round()
    round_.file(3)
    round_.file(2)
    done = turns.until(
        lambda: [one for one in runs_of(server, "home_affairs_review", since) if one["state"]["type"] == "COMPLETED"]
    )
    assert [(one["name"], one["state"]["name"]) for one in done] == [
        (f"Phòng Nội vụ thẩm định {round_.code}", "5 hồ sơ chờ thẩm định")
    ]
    assert {round_.code, "home_affairs_review"} <= set(done[0]["tags"])
    assert server.logs(done[0]["id"]) == ["Đã đối chiếu 5 hồ sơ với tiêu chuẩn: 5 đủ điều kiện."]
    assert office.one("SELECT count(*) FROM outbox_message WHERE kind = 'stage_entered' AND state <> 'accepted'") == 0


def test_a_flow_that_raises_fails_in_prefect_and_the_engine_goes_on(turns: Turns, server: Any, office: Any) -> None:
    since = moment()
    deployment = turns.engine.dispatcher.deployments["unit_proposal"]
    turns.client.create_flow_run_from_deployment(deployment, parameters={"round_code": "DX-2099-77"})
    code = office.open_round().code
    states = turns.until(
        lambda: [
            found
            for found in [{one["state"]["type"] for one in runs_of(server, "unit_proposal", since)}]
            if found == {"FAILED", "COMPLETED"}
        ]
    )
    assert states == [{"FAILED", "COMPLETED"}]
    failed = [one for one in runs_of(server, "unit_proposal", since) if one["state"]["type"] == "FAILED"]
    assert ["DX-2099-77" in one["state"]["message"] for one in failed] == [True]
    assert f"Đơn vị đề nghị {code}" in {one["name"] for one in runs_of(server, "unit_proposal", since)}


def test_a_run_that_vanished_with_prefects_database_holds_up_nobody(
    turns: Turns, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deployments import runner

    code = office.open_round().code
    with monkeypatch.context() as broken:
        broken.setattr("tasks.progress.due.of_round", lambda *_, **__: time.sleep(600))
        gone = call(turns, "unit_proposal", code)
        turns.until(lambda: turns.client.read_flow_run(gone).state.type == "RUNNING")
    turns.client.delete_flow_run(gone)
    turns.engine.runner._children[gone].process.kill()
    turns.until(lambda: gone not in turns.engine.runner._children)
    runner.mark(turns.client, "unit_proposal", gone, runner.cut_off())
    turns.for_seconds(runner.ANSWERS + 1)
    assert gone not in turns.engine.runner
    after = call(turns, "unit_proposal", code)
    turns.until(lambda: ended(turns, after))
    assert (turns.client.read_flow_run(after).state.type, told(office)) == ("COMPLETED", [])


def test_what_a_dead_process_left_running_is_crashed_and_blocks_nothing(turns: Turns, server: Any, office: Any) -> None:
    from prefect.states import Running

    code = office.open_round().code
    since = moment()
    left = turns.client.create_flow_run_from_deployment(
        turns.engine.dispatcher.deployments["unit_proposal"], parameters={"round_code": code}
    )
    turns.client.set_flow_run_state(left.id, Running(), force=True)
    turns.engine.take_over(turns.client)
    turns.until(lambda: any(one["state"]["type"] == "COMPLETED" for one in runs_of(server, "unit_proposal", since)))
    assert turns.client.read_flow_run(left.id).state.message == "Tiến trình chạy lượt này đã dừng; lượt sau làm tiếp."
    assert turns.client.read_flow_run(left.id).state.type == "CRASHED"


def test_a_run_of_this_process_is_not_taken_for_a_dead_one(
    turns: Turns, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.progress.due.of_round", lambda *_, **__: time.sleep(600))
    run = call(turns, "unit_proposal", office.open_round().code)
    turns.until(lambda: turns.client.read_flow_run(run).state.type == "RUNNING")
    turns.engine.take_over(turns.client)
    assert turns.client.read_flow_run(run).state.type == "RUNNING"
    turns.engine.runner.stop()


def test_a_run_asks_a_busy_server_again_though_the_loop_does_not(
    turns: Turns, office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES

    from deployments.engine import connected
    from operations.views import due

    real = due.of_round

    def of_round(*given: Any, **named: Any) -> Any:
        (tmp_path / "retries").write_text(str(PREFECT_CLIENT_MAX_RETRIES.value()))
        return real(*given, **named)

    monkeypatch.setattr("tasks.progress.due.of_round", of_round)
    run = call(turns, "unit_proposal", office.open_round().code)
    with connected():
        turns.until((tmp_path / "retries").exists)
        assert PREFECT_CLIENT_MAX_RETRIES.value() == 0
    turns.until(lambda: ended(turns, run))
    assert (tmp_path / "retries").read_text() == "5"


def call(turns: Turns, name: str, round_code: str) -> Any:
    """Ask for a run as Prefect's own page does; its id."""
    return turns.client.create_flow_run_from_deployment(
        turns.engine.dispatcher.deployments[name], parameters={"round_code": round_code}
    ).id


def ended(turns: Turns, run: Any) -> bool:
    return bool(turns.client.read_flow_run(run).state.is_final())


def told(office: Any) -> list[tuple[str, str]]:
    """Which runs the administrators were told of, and how they ended."""
    rows = office.rows("SELECT context FROM outbox_message WHERE topic = 'run_failed' ORDER BY id")
    return [(said["run_name"], said["how"]) for said in (json.loads(context) for (context,) in rows)]


def test_the_schedule_runs_every_open_round_as_a_parent_with_five_stages(
    turns: Turns, server: Any, office: Any
) -> None:
    codes = [office.open_round(title=f"Đợt {number}").code for number in range(2)]
    since = moment()
    turns.client.create_flow_run_from_deployment(turns.engine.dispatcher.deployments["escalate_deadlines"])
    parents = turns.until(
        lambda: [
            one
            for found in [runs_of(server, "review_round", since)]
            if len(found) == 2 and {one["state"]["type"] for one in found} == {"COMPLETED"}
            for one in found
        ]
    )
    assert sorted(one["parameters"]["round_code"] for one in parents) == codes
    for parent in parents:
        code = parent["parameters"]["round_code"]
        below = server.children(parent["id"])
        assert [one["state"]["type"] for one in below] == ["COMPLETED"] * 5
        assert [set(one["tags"]) for one in below] == [{code, stage, office.look(identity.of)} for stage in STAGES]
    pages = dict(office.rows("SELECT topic, reply FROM outbox_message WHERE kind = 'round_run'"))
    assert {one["parameters"]["round_code"]: one["id"] for one in parents} == {
        code: page.rpartition("/")[2] for code, page in pages.items()
    }


def test_a_stage_that_hangs_ends_at_its_limit_and_the_others_have_their_turn(
    turns: Turns, server: Any, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.council_vote import council_vote

    monkeypatch.setattr(council_vote, "timeout_seconds", 2.0)
    monkeypatch.setattr("tasks.council_vote.progress.closed_ballots", lambda *_, **__: time.sleep(600))
    code = office.open_round().code
    run = call(turns, "review_round", code)
    turns.until(lambda: ended(turns, run))
    assert [one["state"]["name"] == "TimedOut" for one in server.children(run)] == [False, False, True, False, False]
    assert told(office) == [(f"Hội đồng bỏ phiếu {code}", "quá thời gian cho phép")]


def test_three_runs_that_hear_no_alarm_are_killed_and_hold_up_nobody(
    turns: Turns, server: Any, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deployments import runner
    from flows.unit_proposal import unit_proposal

    def deaf(session: Any, *_: Any, **__: Any) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        session.execute(sa.text("UPDATE unit SET name = 'x'"))  # and holds the database meanwhile
        while True:
            time.sleep(600)

    code = office.open_round().code
    other = office.open_round(title="Khác").code
    office.write("UPDATE outbox_message SET state = 'accepted' WHERE kind = 'stage_entered'")  # no other runs here
    with monkeypatch.context() as broken:
        broken.setattr("tasks.deadlines.deadlines.remind", deaf)
        # Long enough that a slow machine has all three at work before the first is killed.
        broken.setattr(unit_proposal, "timeout_seconds", 5.0)
        broken.setattr(runner, "GRACE", 5.0)
        hung = [call(turns, "unit_proposal", code) for _ in range(runner.WORKERS)]
        turns.until(lambda: turns.engine.runner.free("unit_proposal") == 0)
    after = call(turns, "unit_proposal", other)
    turns.until(lambda: ended(turns, after))
    assert turns.client.read_flow_run(after).state.type == "COMPLETED"
    turns.until(lambda: all(ended(turns, run) for run in hung))
    turns.for_seconds(runner.ANSWERS + 1)
    assert [turns.client.read_flow_run(run).state.name for run in hung] == ["TimedOut"] * 3
    assert told(office) == [(f"Đơn vị đề nghị {code}", "quá thời gian cho phép")] * 3
    assert office.one("SELECT count(*) FROM unit WHERE name = 'x'") == 0


def test_of_the_times_missed_the_last_one_stands_for_all(turns: Turns, server: Any, office: Any) -> None:
    from datetime import UTC, datetime, timedelta

    from prefect.states import Scheduled

    now = datetime.now(UTC)
    missed = [
        turns.client.create_flow_run_from_deployment(
            turns.engine.dispatcher.deployments["escalate_deadlines"],
            state=Scheduled(scheduled_time=now - timedelta(hours=hours)),
        ).id
        for hours in (30, 6, 54)
    ]
    turns.engine.take_over(turns.client)
    turns.until(lambda: all(ended(turns, run) for run in missed))
    assert [turns.client.read_flow_run(run).state.name for run in missed] == [
        "Bỏ qua", "Không có đợt xét nào đang mở", "Bỏ qua",
    ]  # fmt: skip


def test_deployments_of_an_earlier_version_are_dropped(turns: Turns, server: Any, office: Any) -> None:
    old = turns.client.create_deployment(
        flow_id=turns.client.create_flow_from_name("council-vote"), name="council_vote", tags=["vinhdanh"]
    )
    turns.engine.register(turns.client)
    tagged = server.post("deployments/filter", deployments={"tags": {"all_": ["vinhdanh"]}})
    assert str(old) not in {one["id"] for one in tagged}


def test_letters_of_many_acts_go_in_few_runs(
    turns: Turns, server: Any, office: Any, mail: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deployments import dispatch

    def runs() -> int:
        return len(runs_of(server, "deliver_notifications", since))

    # Time stands still for the engine, however slow this machine is: after one delivery comes no other by itself.
    monkeypatch.setattr(dispatch, "LETTERS_APART", 3600.0)
    monkeypatch.setattr(dispatch, "RETRIES_APART", 3600.0)
    since = moment()
    round_ = office.open_round()
    turns.engine.dispatcher.asked_at = float("-inf")
    turns.until(lambda: office.look(outbox.status)["waiting"] == 0)
    for _ in range(8):
        round_.file(1)
        turns.engine.turn(turns.client)
    turns.until(lambda: turns.engine.dispatcher.delivery is None)
    assert (runs(), office.look(outbox.status)["waiting"] > 0) == (1, True)
    turns.engine.dispatcher.asked_at = float("-inf")
    turns.until(lambda: office.look(outbox.status)["waiting"] == 0)
    sent = office.look(outbox.status)
    assert (sent["accepted"], sent["failed"]) == (sent["queued"], 0)
    assert runs() == 2


def test_a_silent_mail_server_makes_few_runs_and_loses_no_letter(
    turns: Turns, server: Any, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mail(monkeypatch, "smtp://127.0.0.1:9?tls=none")
    since = moment()
    office.open_round()
    turns.until(lambda: runs_of(server, "deliver_notifications", since))
    turns.until(lambda: office.look(outbox.unsent_now) == 0)
    # Every letter is due again, one by one: as after a back-off.
    office.write("UPDATE outbox_message SET due_at = '2020-01-01 00:00:00' WHERE kind = 'letter'")
    turns.for_seconds(6)
    queued = office.look(outbox.status)["queued"]
    assert len(runs_of(server, "deliver_notifications", since)) == 1
    assert office.look(outbox.status) == {"queued": queued, "accepted": 0, "failed": 0, "waiting": queued}


def test_letters_go_without_prefect_when_it_is_away_for_long(office: Any, server: Any, mail: LoopbackServer) -> None:
    from deployments import dispatch, engine, runner

    office.open_round()
    alone = engine.Engine()
    alone.dispatcher.letters(None)
    assert office.look(outbox.status)["accepted"] == 0
    alone.dispatcher.seen_at -= dispatch.ENGINE_AWAY
    alone.dispatcher.letters(None)
    alone.dispatcher.letters(None)
    assert runner.WITHOUT_PREFECT in alone.runner
    ends = time.monotonic() + 60
    while runner.WITHOUT_PREFECT in alone.runner:
        assert time.monotonic() < ends
        time.sleep(0.1)
        alone.dispatcher.ended(alone.runner.look(None))
    sent = office.look(outbox.status)
    assert (sent["accepted"], sent["waiting"]) == (sent["queued"], 0)
    assert sent["queued"] > 0


def test_an_open_ballot_shows_how_many_have_voted(turns: Turns, server: Any, office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE, 2)
    round_.ballot()
    since = moment()
    turns.engine.look_around(turns.client)
    turns.engine.look_around(turns.client)
    done = turns.until(
        lambda: [one for one in runs_of(server, "council_vote", since) if one["state"]["type"] == "COMPLETED"]
    )
    assert "Đã có 0/11 phiếu" in {one["state"]["name"] for one in done}


def test_schedules_make_runs_ahead_in_vietnamese_time(turns: Turns, server: Any) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    def ahead() -> list[str]:
        wanted = {"deployments": {"name": {"any_": ["escalate_deadlines"]}}}
        runs = server.post("flow_runs/filter", sort="EXPECTED_START_TIME_ASC", **wanted)
        local = [
            datetime.fromisoformat(one["expected_start_time"]).astimezone(ZoneInfo("Asia/Ho_Chi_Minh")) for one in runs
        ]
        return sorted({f"{one:%H:%M}" for one in local if one.timestamp() > time.time()})

    assert turns.until(ahead) == ["07:00", "13:00"]


def test_registering_again_changes_nothing(turns: Turns, server: Any) -> None:
    def known() -> list[tuple[str, str, int]]:
        found = server.post("deployments/filter", deployments={"tags": {"all_": ["vinhdanh"]}})
        return sorted((one["name"], one["id"], len(one["schedules"])) for one in found)

    before = known()
    turns.engine.register(turns.client)
    assert known() == before
    assert [name for name, _, _ in before] == sorted(one.name for one in deployed.listed())


def test_prefect_forgets_runs_of_long_ago(turns: Turns, server: Any, office: Any) -> None:
    def one_run() -> str:
        run = turns.client.create_flow_run_from_deployment(
            turns.engine.dispatcher.deployments["unit_proposal"], parameters={"round_code": code}
        )
        turns.until(lambda: turns.client.read_flow_run(run.id).state.type == "COMPLETED")
        return str(run.id)

    def known(run: str) -> bool:
        return bool(server.post("flow_runs/filter", flow_runs={"id": {"any_": [run]}}))

    code = office.open_round().code
    old, new = one_run(), one_run()
    with closing(sqlite3.connect(server.folder / "prefect" / "prefect.db", timeout=30)) as prefect_database:
        prefect_database.execute("UPDATE flow_run SET end_time = '2020-01-01 00:00:00' WHERE id = ?", (old,))
        prefect_database.commit()
    turns.until(lambda: not known(old))
    assert known(new)


# `prefect deploy` and a worker: last, because they give the deployments of this server another owner ----------------


def prefect(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_deployed_flows_run_on_a_worker_and_the_engine_leaves_them_to_it(
    server: Any, office: Any, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client

    from deployments import engine
    from tasks import runtime as opened

    server.post("work_pools/", name="vinhdanh", type="process")
    done = prefect("deploy", "--all", "--no-prompt", "--prefect-file", "deployments/prefect.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    found = server.post("deployments/filter", deployments={"tags": {"all_": ["vinhdanh"]}})
    assert {
        one["name"]: (one["work_pool_name"], list(one["parameter_openapi_schema"]["properties"])) for one in found
    } == {
        one.name: (
            "vinhdanh",
            [] if one.name in OFFICE_WIDE else ["round_code", *(() if one.name == deployed.ROUND else ("urge",))],
        )
        for one in deployed.listed()
    }
    assert found[0]["pull_steps"] == [{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}]

    monkeypatch.setenv("VINHDANH_PREFECT_API_URL", server.url)
    opened.installation.cache_clear()
    since = moment()
    code = office.open_round().code
    dispatcher = engine.Engine()
    with get_client(sync_client=True) as client:
        dispatcher.register(client)
        assert dispatcher._ours == {}
        dispatcher.turn(client)
    worker = prefect(
        "worker", "start", "--pool", "vinhdanh", "--run-once", "--type", "process", "--install-policy", "never",
        VINHDANH_DATA=str(here.folder),
    )  # fmt: skip
    assert worker.returncode == 0, worker.stdout + worker.stderr
    [run] = runs_of(server, "unit_proposal", since)
    assert (run["name"], run["state"]["type"]) == (f"Đơn vị đề nghị {code}", "COMPLETED"), worker.stdout + worker.stderr
    assert run["state"]["name"].startswith("Đã có 0/")


OFFICE_WIDE = {"deliver_notifications", "escalate_deadlines", "seal_ledger"}
