"""`vinhdanh ballot …`, held to docs/contract.md: passwords, shares, receipts, repeating a count, what is written."""

import json
import random
import stat
import subprocess
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger import sealing
from operations.installation import Installation
from operations.people import accounts, passwords
from rules import regulation

MEMBERS = ("chutich", "phochutich", *(f"tv{number:02d}" for number in range(3, 12)))
CHOICES = ("approve", "disapprove", "abstain")


def write(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def convened(annual: Any, count: int = 2) -> tuple[str, list[str]]:
    line = annual.line
    codes = annual.propose(count)
    line("nominations", "pass", *codes, "--reason", "Đã đối chiếu", by="chuyenvien1")
    session = line(
        "council", "convene", "--round", annual.round, "--at", "2024-11-20T08:00", "--place", "Hội trường"
    ).done["session"]
    line("council", "attend", session, *(word for name in MEMBERS for word in ("--member", name)))
    return session, codes


def cast_all(annual: Any, session: str, choices: Any, folder: Path) -> list[str]:
    lines = [json.dumps({"as": name, "choices": choices(name)}) for name in MEMBERS]
    said = annual.line("ballot", "cast", session, "--batch", write(folder / "batch.jsonl", "\n".join(lines)))
    return [entry["receipt"] for entry in said.done]


def share_words(shares: list[str], count: int = 2) -> list[str]:
    return [word for path in shares[:count] for word in ("--share", path)]


def test_shares_lie_in_the_folder_one_a_teller(annual: Any, tmp_path: Path) -> None:
    session, _ = convened(annual)
    folder = tmp_path / "shares"
    said = annual.line("ballot", "open", session, "--shares", folder).done
    assert set(said) == {"agenda", "frozen", "ballot", "key", "left", "warnings", "shares"}
    assert [Path(path).name for path in said["shares"]] == [f"{session}.{name}.share" for name in ("tv04", "tv10", "tv11")]  # fmt: skip
    assert sorted(folder.iterdir()) == sorted(map(Path, said["shares"]))
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    for path in said["shares"]:
        share = sealing.read_share(Path(path).read_text(), session=session)
        assert (share.key, share.needed, share.tellers) == (said["key"], 2, 3)


def test_two_openings_at_once_leave_the_shares_of_the_one_that_opened(annual: Any, tmp_path: Path) -> None:
    """Whoever comes second is refused and has not touched the folder."""
    line = annual.line
    session, codes = convened(annual)
    folder = tmp_path / "shares"
    running = [line.start("ballot", "open", session, "--shares", folder) for _ in range(3)]
    answers = [json.loads(one.communicate(timeout=60)[0]) for one in running]
    assert sorted(one.get("refused", {}).get("code", "opened") for one in answers) == ["ballot_closed"] * 2 + ["opened"]
    shares = next(one["shares"] for one in answers if "shares" in one)
    cast_all(annual, session, lambda _: dict.fromkeys(codes, "approve"), tmp_path)
    line("ballot", "close", session)
    assert line("ballot", "tally", session, *share_words(shares), by="tv04").code == 0


def test_a_member_says_the_password_once_more(annual: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = annual.line
    session, codes = convened(annual)
    line("ballot", "open", session, "--shares", tmp_path / "shares")
    database = Installation.at(line.folder, {}).database
    with database.begin_unrecorded() as opened:
        accounts.named(opened, "tv03").password_hash = passwords.hash_password("mật khẩu thử")
        opened.commit()
    database.close()
    choices = write(tmp_path / "c.json", dict.fromkeys(codes, "approve"))
    words = ("ballot", "cast", session, "--choices", choices)
    assert line(*words, by="tv03").refused == "password_required"
    monkeypatch.setenv("VINHDANH_PASSWORD", "không phải")
    assert line(*words, by="tv03").refused == "wrong_password"
    said = line.process(*words, "--password-stdin", by="tv03", input="sai\n")
    assert said.refused == "wrong_password"
    said = line.process(*words, "--password-stdin", by="tv03", input="mật khẩu thử\n")
    assert set(said.done) == {"receipt", "key"}
    monkeypatch.setenv("VINHDANH_PASSWORD", "mật khẩu thử")
    assert line(*words, by="tv03").refused == "already_voted"


def test_anybody_verifies_a_count_and_a_receipt(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, codes = convened(annual)
    assert line("ballot", "verify", session, by=None).refused == "ballot_closed"
    shares = line("ballot", "open", session, "--shares", tmp_path / "shares").done["shares"]
    receipts = cast_all(annual, session, lambda _: dict.fromkeys(codes, "approve"), tmp_path)
    assert line("ballot", "verify", session, "--receipt", receipts[3], by=None).done["matches"] is True
    line("ballot", "close", session)
    counted = line("ballot", "tally", session, *share_words(shares), by="tv04").done
    whole, rows = write(tmp_path / "tally.json", counted), write(tmp_path / "batch.json", counted["batch"])
    for words in ((), ("--batch", whole), ("--batch", rows), ("--receipt", receipts[0].lower())):
        assert line("ballot", "verify", session, *words, by=None).done["matches"] is True
    forged = [{**counted["batch"][0], codes[0]: "disapprove"}, *counted["batch"][1:]]
    said = line("ballot", "verify", session, "--batch", write(tmp_path / "forged.json", forged), by=None)
    assert (said.code, {one["table"] for one in said.answer["violations"]}) == (3, {"batch", "agenda_item"})
    assert line("ballot", "verify", session, "--receipt", "-".join(["AAAA"] * 8), by=None).refused == "foreign_receipt"
    assert line("ballot", "verify", session, "--receipt", "biên nhận", by=None).error == "bad_receipt"
    assert line("ballot", "verify", session, "--batch", write(tmp_path / "x.json", "{}"), by=None).error == "bad_batch"
    assert line("ballot", "verify", session, "--batch", write(tmp_path / "x.json", "{"), by=None).error == "bad_json"
    assert line("ledger", "verify").code == 0


def test_a_ballot_without_its_shares_is_annulled_and_held_again(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, codes = convened(annual)
    line("ballot", "open", session, "--shares", tmp_path / "shares")
    cast_all(annual, session, lambda _: dict.fromkeys(codes, "approve"), tmp_path)
    assert line("ballot", "annul", session, by="thuky").error == "usage"
    assert line("ballot", "annul", session, "--reason", "Mất mảnh khóa", by="tv04").refused == "not_your_role"
    assert line("ballot", "annul", session, "--reason", "Mất mảnh khóa").done == {"waiting": codes}
    assert [annual.state(code) for code in codes] == ["eligible"] * 2
    annual.vote()
    assert [annual.state(code) for code in codes] == ["recommended"] * 2


def test_a_paper_ballot_through_its_commands(office: Any, tmp_path: Path, annual: Any) -> None:
    line = annual.line
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('"secret"', '"paper"', 1)
    path = write(tmp_path / "quy-che.toml", text)
    annual.round = line(
        "round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "Phiếu giấy", "--regulation", path
    ).done["code"]
    session, codes = convened(annual)
    assert line("ballot", "open", session).done["ballot"] == "paper"
    members = [word for name in MEMBERS for word in ("--member", name)]
    assert line("ballot", "sign-roll", session, *members).done == {"session": session, "roll": 11}
    assert line("ballot", "close", session).done == {"roll": 11, "envelopes": 11}
    numbers = write(tmp_path / "counts.json", {code: [9, 1, 1] for code in codes})
    for bad in ({codes[0]: [1, 2]}, {codes[0]: [1, 2, -3]}, [1], {codes[0]: "x"}, {codes[0]: [1.5, 1, 1]}):
        said = line("ballot", "count", session, "--counts", write(tmp_path / "bad.json", bad), by="tv04")
        assert said.error == "bad_counts"
    assert line("ballot", "count", session, "--counts", numbers, by="tv04").done == {"session": session, "counts": 1}
    assert line("ballot", "tally", session, by="tv04").refused == "counts_missing"
    assert line("ballot", "count", session, "--counts", numbers, by="tv11").done == {"session": session, "counts": 2}
    counted = line("ballot", "tally", session, by="tv04").done
    assert [(one["approve"], one["disapprove"], one["abstain"]) for one in counted["results"]] == [(9, 1, 1)] * 2
    assert line("ballot", "verify", session).done["matches"] is True
    minutes = tmp_path / "bien-ban.pdf"
    assert line("council", "minutes", session, "--out", minutes).code == 0


def test_nothing_that_is_written_holds_a_choice_or_outlives_the_count(annual: Any, tmp_path: Path) -> None:
    """Data folder, letters, answers, log lines, backup — with ballots so long that their content cannot be there by chance."""
    line, chance = annual.line, random.Random(1)
    session, codes = convened(annual, 40)
    agenda = sorted(codes)
    shares = line("ballot", "open", session, "--shares", tmp_path / "shares").done["shares"]
    said = {name: {code: chance.choice(CHOICES) for code in agenda} for name in MEMBERS}
    contents = {bytes(1 + CHOICES.index(said[name][code]) for code in agenda) for name in MEMBERS}

    def words(packed: bytes) -> Counter[str]:
        return Counter({word: packed.count(word.encode()) for word in CHOICES})

    def kept() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in line.folder.rglob("*") if path.is_file()}

    before = words(b"".join(kept().values()))
    outputs = []
    for name in MEMBERS:
        choices = write(tmp_path / "c.json", said[name])
        done = line("ballot", "cast", session, "--choices", choices, by=name)
        outputs.append(json.dumps(done.done) + done.stderr)
    line("deadlines", "sweep")
    assert line("backup", tmp_path / "open.tar").code == 0
    inside = kept()
    assert words(b"".join(inside.values())) == before
    assert [word for word in (*CHOICES, *codes) for output in outputs if word in output] == []
    database = Installation.at(line.folder, {}).database
    with database.read() as reading:
        envelopes = [bytes(row[0]) for row in reading.connection().exec_driver_sql("SELECT envelope FROM ballot_box")]
        letters = reading.connection().exec_driver_sql("SELECT context FROM outbox_message").scalars().all()
    database.close()
    assert len(envelopes) == len(MEMBERS)
    assert [word for word in CHOICES for letter in letters if word in letter] == []
    with tarfile.open(tmp_path / "open.tar") as archive:
        packed = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}  # type: ignore[union-attr] -- a file
    assert [
        name for name, content in packed.items() for one in envelopes if one[:16] in content or one[-16:] in content
    ] == []
    everywhere = b"".join([*inside.values(), *packed.values(), *(output.encode() for output in outputs)])
    assert [content for content in contents if content in everywhere] == []

    line("ballot", "close", session)
    assert line("ballot", "tally", session, *share_words(shares), by="tv04").code == 0
    after = b"".join(kept().values())
    assert [one for one in envelopes if one[:16] in after or one[-16:] in after] == []  # erased, not only unlinked
    assert [content for content in contents if content in after] == []
    values = [sealing.read_share(Path(path).read_text()).value for path in shares]
    assert [value for value in values if value[:16] in after or value[16:] in after] == []


def test_a_ballot_under_way_is_annulled_after_a_restore(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, codes = convened(annual)
    shares = line("ballot", "open", session, "--shares", tmp_path / "shares").done["shares"]
    cast_all(annual, session, lambda _: dict.fromkeys(codes, "approve"), tmp_path)
    line("backup", tmp_path / "b.tar")
    line.folder = tmp_path / "restored"
    assert line("restore", tmp_path / "b.tar").done["ballots_to_annul"] == [session]
    ill = line("doctor").answer["checks"]
    assert [check["name"] for check in ill if not check["ok"]] == ["ballots"]
    assert line("ballot", "close", session).refused == "roll_mismatch"
    assert line("ballot", "tally", session, *share_words(shares), by="tv04").refused == "ballot_open"
    assert line("ballot", "annul", session, "--reason", "Khôi phục từ bản sao lưu").code == 0
    assert line("doctor").code == 0
    assert line("ledger", "verify").code == 0
    annual.vote()
    assert [annual.state(code) for code in codes] == ["recommended"] * 2


def test_after_each_is_run_by_a_shell_after_every_commit(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, codes = convened(annual)
    line("ballot", "open", session, "--shares", tmp_path / "shares")
    lines = [json.dumps({"as": name, "choices": dict.fromkeys(codes, "approve")}) for name in MEMBERS]
    roll = f"sqlite3 {line.folder}/vinhdanh.sqlite3 'select count(*) from ballot_roll'"
    if subprocess.run(["which", "sqlite3"], capture_output=True, check=False).returncode:
        roll = (
            f"python3 -c \"import sqlite3; print(sqlite3.connect('{line.folder}/vinhdanh.sqlite3')"
            ".execute('select count(*) from ballot_roll').fetchone()[0])\""
        )
    batch = write(tmp_path / "batch.jsonl", "\n".join(lines))
    assert line("ballot", "cast", session, "--batch", batch, "--after-each", f"{roll} >> {tmp_path}/seen").code == 0
    assert (tmp_path / "seen").read_text().split() == [str(number) for number in range(1, 12)]


def test_a_command_after_a_ballot_that_fails_stops_the_batch_there(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, codes = convened(annual)
    line("ballot", "open", session, "--shares", tmp_path / "shares")
    lines = [json.dumps({"as": name, "choices": dict.fromkeys(codes, "approve")}) for name in ("nguoila", *MEMBERS)]
    batch = write(tmp_path / "batch.jsonl", "\n".join(lines))
    fails_at_the_second = f'echo x >> {tmp_path}/seen; test "$(wc -l < {tmp_path}/seen)" -ne 2 || exit 7'
    words = ("ballot", "cast", session, "--batch", batch, "--after-each")
    said = line(*words, fails_at_the_second)
    assert said.error == "after_each_failed"
    assert said.answer["error"]["where"] == {"as": "phochutich", "exit": 7}
    assert [(entry["as"], set(entry) - {"as"}) for entry in said.answer["ballots"]] == [
        ("nguoila", {"refused"}), ("chutich", {"receipt", "key"}), ("phochutich", {"receipt", "key"}),
    ]  # fmt: skip
    again = line(*words, "true")
    assert [entry["as"] for entry in again.answer["ballots"] if "receipt" in entry] == list(MEMBERS[2:])
    assert line("ballot", "close", session).done == {"roll": 11, "envelopes": 11}
