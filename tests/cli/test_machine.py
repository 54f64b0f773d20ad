"""The whole system as processes: `up` and `demo`, started, refused, interrupted, killed and started again."""

import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import kill_demo
from rules.vocabulary import ConflictGround

pytestmark = [pytest.mark.machine, pytest.mark.timeout(400)]


def up(line: Any) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
    started = line.start("up", "--port", 0, start_new_session=True)
    ready = json.loads(started.stdout.readline())
    assert (set(ready), ready["ready"], ready["pid"]) == ({"ready", "web", "prefect", "pid"}, True, started.pid)
    return started, ready


@pytest.fixture
def ended() -> Iterator[list["subprocess.Popen[str]"]]:
    """Whatever a test leaves running is killed, by its own group."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for one in started:
        if kill_demo.members(one.pid):
            kill_demo.kill(one)


def test_up_is_alone_in_its_folder_and_stops_whole(office: Any, ended: list[Any], tmp_path: Path) -> None:
    started, ready = up(office)
    ended.append(started)
    assert len(kill_demo.members(started.pid)) >= 4
    assert office("up", "--port", 70_000).error == "usage"
    assert office.process("up", "--port", 0).refused == "folder_in_use"
    other = type(office)(tmp_path / "other", office._capsys)
    assert other("init").code == 0
    port = ready["web"].rsplit(":", 1)[1]
    assert other.process("up", "--port", port).refused == "port_in_use"
    assert kill_demo.kill(started) == []
    again, _ = up(office)  # a stale lock and stale ports never block a start
    ended.append(again)
    assert office("round", "list").done == []
    again.send_signal(signal.SIGINT)
    stdout, stderr = again.communicate(timeout=30)
    assert (again.returncode, stdout, "Traceback" in stderr) == (0, "", False)
    assert kill_demo.survivors(again.pid) == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A small demo that was killed while people acted, then carried to its end."""
    home = tmp_path_factory.mktemp("demo")
    folder, acks = home / "data", home / "acks.jsonl"
    acks.touch()
    first = kill_demo.start(folder, acks, seed=7)
    while first.poll() is None and acks.read_text().count("\n") < 30:
        pass_by(first)
    assert kill_demo.kill(first) == []
    return folder, acks, kill_demo.finish(folder, acks, seed=7)


def pass_by(process: "subprocess.Popen[str]") -> None:
    try:
        process.wait(0.05)
    except subprocess.TimeoutExpired:
        return


def test_a_killed_demo_goes_on_and_loses_nothing(demo: tuple[Path, Path, dict[str, Any]]) -> None:
    folder, acks, answer = demo
    assert kill_demo.faults(folder, acks, answer, None) == []
    assert answer["resumed"] is True


def test_the_demos_export_names_nobody(demo: tuple[Path, Path, dict[str, Any]], nowhere: Any, tmp_path: Path) -> None:
    """No username, no person's name or address, no ground of standing aside: nothing but codes, after a whole round."""
    nowhere.folder = demo[0]
    assert nowhere("ledger", "export", tmp_path / "out").code == 0
    shown = b"".join(path.read_bytes() for path in sorted((tmp_path / "out").rglob("*")) if path.is_file())
    database = sqlite3.connect(f"{(demo[0] / 'vinhdanh.sqlite3').as_uri()}?mode=ro", uri=True)
    words = {
        str(one)
        for query in (
            "SELECT username FROM account",
            "SELECT display_name FROM account",
            "SELECT email FROM account",
            "SELECT name FROM nominee",
            "SELECT name FROM nomination",
            "SELECT email FROM nomination",
            "SELECT ground FROM conflict",
            "SELECT message FROM conflict",
            "SELECT reason FROM conflict",
            "SELECT ground FROM recusal",
            "SELECT name FROM session_member",
        )
        for (one,) in database.execute(query)
        if one
    } | {ground.value for ground in ConflictGround}
    database.close()
    text = shown.decode("utf-8", "replace")
    assert len(words) > 100
    assert [one for one in sorted(words) if re.search(rf"(?<![\w.-]){re.escape(one)}(?![\w-])", text)] == []


def test_the_demos_answer(demo: tuple[Path, Path, dict[str, Any]]) -> None:
    folder, _, answer = demo
    assert list(answer) == [
        "scale", "seed", "resumed", "data", "round", "nominations", "acts", "letters", "flow_runs", "ledger", "seconds",
        "peak_rss_mb",
    ]  # fmt: skip
    assert (answer["scale"], answer["seed"], answer["data"]) == ("small", 7, str(folder))
    nominations = answer["nominations"]
    assert list(nominations) == ["total", "by_award", "by_award_and_kind", "by_state"]
    assert {award: sum(kinds.values()) for award, kinds in nominations["by_award_and_kind"].items()} == (
        nominations["by_award"]
    )
    assert set(nominations["by_state"]) <= {
        "disclosed", "closed", "forwarded", "paused", "refused", "not_recommended", "ineligible", "withdrawn",
        "revoked",
    }  # fmt: skip
    acts = answer["acts"]
    assert {name: acts[name] for name in ("returned", "recused", "refused_by_chairman", "paused", "escalated")} == {
        "returned": 12, "recused": 1, "refused_by_chairman": 1, "paused": 1, "escalated": 1,
    }  # fmt: skip
    assert acts["submission_letters"] >= 2
    letters = answer["letters"]
    assert letters["queued"] == letters["accepted"] + letters["failed"] + letters["waiting"]
    assert set(answer["flow_runs"]) == {"completed", "failed", "crashed"}
    assert answer["flow_runs"]["failed"] == 0
    assert (set(answer["ledger"]), answer["ledger"]["verified"]) == ({"size", "root", "verified"}, True)
    assert list(answer["seconds"]) == [
        "total", "import", "unit_proposal", "home_affairs_review", "council_vote", "chairman_signature",
        "public_disclosure",
    ]  # fmt: skip


def test_a_demo_has_its_folder_for_itself(demo: tuple[Path, Path, dict[str, Any]], nowhere: Any) -> None:
    words = ("demo", "--exit", "--scale", "small", "--seed")
    nowhere.folder.mkdir()
    mark = nowhere.folder / "demo.json"
    mark.write_text(json.dumps({"scale": "small", "seed": 1, "finished": False}))
    assert nowhere(*words, 2).refused == "folder_not_empty"
    assert nowhere("demo", "--exit", "--scale", "district", "--seed", 1).refused == "folder_not_empty"
    mark.rename(nowhere.folder / "letter.docx")
    assert nowhere(*words, 1).refused == "folder_not_empty"
    nowhere.folder = demo[0]
    assert nowhere(*words, 7).refused == "demo_finished"
    assert nowhere("ledger", "verify").done["size"] == demo[2]["ledger"]["size"]
