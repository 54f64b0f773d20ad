"""`python benchmarks/kill_demo.py [--kills 20] [--each fresh|same] [--seed 1]`: kill -9 of a whole demo at random moments.

The whole process group is killed, so many times, each time in a fresh folder (`fresh`) or on the way of one demo
(`same`), then the demo runs to its end. What must hold afterwards is checked against an undisturbed run:
every acknowledged act stands in the ledger once, the ledger verifies, no letter is lost, a letter delivered twice
carries the same Message-ID, and the counts are those of the undisturbed run. Prints one JSON line; exit 1 on a fault.
"""

import argparse
import json
import mailbox
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

PROGRAM = [sys.executable, "-m", "cli"]
COUNTED = ("nominations", "acts")


def start(folder: Path, acks: Path, *, seed: int) -> "subprocess.Popen[str]":
    """A small demo as the leader of a process group of its own."""
    words = ("demo", "--exit", "--json", "--scale", "small")
    return subprocess.Popen(
        [*PROGRAM, *words, f"--seed={seed}", f"--data={folder}", f"--acks={acks}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[1],
        env={name: value for name, value in os.environ.items() if not name.startswith("VINHDANH_")},
    )


def kill_after(demo: "subprocess.Popen[str]", seconds: float) -> bool:
    """Kill -9 the whole group at this moment; False when the demo had ended before. Waits until all are gone."""
    try:
        demo.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(demo)
        return True
    return False


def kill(process: "subprocess.Popen[str]") -> list[int]:
    """Kill -9 its whole group; who is still there after ten seconds, if anybody."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return survivors(process.pid)


def survivors(group: int) -> list[int]:
    """Who is still in the group after ten seconds; the kernel needs a moment for a dying one."""
    ends = time.monotonic() + 10
    while members(group) and time.monotonic() < ends:
        time.sleep(0.05)
    return members(group)


def members(group: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, pgid = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
            except (OSError, ValueError):
                continue
            if int(pgid) == group and state != "Z":
                found.append(int(entry.name))
    return found


def finish(folder: Path, acks: Path, *, seed: int) -> dict[str, Any]:
    """Run the demo to its end; its answer. Raises RuntimeError when it does not end well."""
    demo = start(folder, acks, seed=seed)
    stdout, stderr = demo.communicate()
    if demo.returncode != 0:
        raise RuntimeError(f"exit {demo.returncode}: {stdout}{stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(stdout)
    return answer


def faults(folder: Path, acks: Path, answer: dict[str, Any], undisturbed: dict[str, Any] | None) -> list[str]:
    """What does not hold after the end."""
    found = _acknowledged(folder, acks) + _letters(folder, answer)
    if not answer["ledger"]["verified"]:
        found.append("the ledger does not verify")
    totals = answer["nominations"]
    if not sum(totals["by_award"].values()) == sum(totals["by_state"].values()) == totals["total"] == 60:
        found.append(f"sums of nominations: {totals}")
    if undisturbed is not None:
        found += [
            f"{name}: {answer[name]} is not {undisturbed[name]}"
            for name in COUNTED
            if answer[name] != undisturbed[name]
        ]
        if answer["letters"]["queued"] != undisturbed["letters"]["queued"]:
            found.append(f"letters: {answer['letters']} is not {undisturbed['letters']}")
    return found


def _acknowledged(folder: Path, acks: Path) -> list[str]:
    """Every acknowledged (verb, code, index) is one entry of the ledger, about that code, acknowledged once."""
    said = [json.loads(line) for line in acks.read_text(encoding="utf-8").splitlines()]
    database = sqlite3.connect(folder / "vinhdanh.sqlite3")
    subjects = dict(database.execute('SELECT "index", subject FROM ledger_entry'))
    database.close()
    found = [f"not in the ledger: {ack}" for ack in said if ack["index"] not in subjects]
    found += [
        f"entry {ack['index']} is about {subjects[ack['index']]}: {ack}"
        for ack in said
        if ack["index"] in subjects and not f"{subjects[ack['index']]}/".startswith(f"{ack['code']}/")
    ]
    twice = [index for index, times in Counter(ack["index"] for ack in said).items() if times > 1]
    found += [f"acknowledged twice: {index}" for index in twice]
    if sorted(subjects) != list(range(len(subjects))):
        found.append("the ledger has gaps")
    return found


def _letters(folder: Path, answer: dict[str, Any]) -> list[str]:
    """Every letter of the outbox was delivered; a second delivery is recognised by its Message-ID."""
    database = sqlite3.connect(folder / "vinhdanh.sqlite3")
    wanted = {row[0] for row in database.execute("SELECT key FROM outbox_message WHERE kind = 'letter'")}
    database.close()
    delivered: dict[str, set[str]] = {}
    box = mailbox.mbox(folder / "mail" / "letters.mbox", create=False)
    for letter in box:
        delivered.setdefault(letter["X-Vinhdanh-Key"], set()).add(letter["Message-ID"])
    box.close()
    found = [f"never delivered: {key}" for key in sorted(wanted - set(delivered))]
    found += [f"of unknown origin: {key}" for key in sorted(set(delivered) - wanted)]
    found += [f"several Message-IDs: {key}" for key, ids in delivered.items() if len(ids) > 1]
    letters = answer["letters"]
    if letters != {"queued": len(wanted), "accepted": len(wanted), "failed": 0, "waiting": 0}:
        found.append(f"letters: {letters}, in the outbox {len(wanted)}")
    return found


def duplicates(folder: Path) -> int:
    """How many letters the server accepted a second time."""
    box = mailbox.mbox(folder / "mail" / "letters.mbox", create=False)
    times = Counter(letter["X-Vinhdanh-Key"] for letter in box)
    box.close()
    return sum(count - 1 for count in times.values())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--each", choices=("fresh", "same"), default="fresh")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    drawn = int.from_bytes(os.urandom(4), "big")
    chance = random.Random(drawn)
    told: list[str] = []
    killed = repeated = 0
    with tempfile.TemporaryDirectory(prefix="vinhdanh-kill-") as name:
        home = Path(name)
        began = time.monotonic()
        undisturbed = finish(home / "undisturbed", home / "undisturbed.jsonl", seed=given.seed)
        length = time.monotonic() - began
        runs = [1] * given.kills if given.each == "fresh" else [given.kills]
        for number, kills in enumerate(runs):
            folder, acks = home / f"run-{number}", home / f"run-{number}.jsonl"
            acks.touch()
            for _ in range(kills):
                moment = chance.uniform(0.2, length if kills == 1 else max(20.0, length / 3))
                was = kill_after(start(folder, acks, seed=given.seed), moment)
                killed += was
                print(f"run {number}: {'killed' if was else 'had ended'} after {moment:.1f} s", file=sys.stderr)
                if not was:
                    break
            if _finished(folder):
                continue
            answer = finish(folder, acks, seed=given.seed)
            told += [f"run {number}: {fault}" for fault in faults(folder, acks, answer, undisturbed)]
            repeated += duplicates(folder)
    print(json.dumps({"kills": killed, "letters_repeated": repeated, "drawn": drawn, "faults": told}))
    return 1 if told else 0


def _finished(folder: Path) -> bool:
    mark = folder / "demo.json"
    return mark.exists() and bool(json.loads(mark.read_text(encoding="utf-8"))["finished"])


if __name__ == "__main__":
    sys.exit(main())
