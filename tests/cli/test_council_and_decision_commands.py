"""`vinhdanh council|ballot|decisions|ledger …`, held to docs/contract.md."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from operations import ledger_book
from operations.installation import Installation
from operations.people import accounts, passwords

ROOT = Path(__file__).parents[2]
MEMBERS = ("chutich", "phochutich", *(f"tv{number:02d}" for number in range(3, 12)))


def convene(annual: Any) -> tuple[str, list[str]]:
    """Two nominations before the council, and its session."""
    line = annual.line
    codes = annual.propose(2)
    line("nominations", "pass", *codes, "--reason", "Đã đối chiếu", by="chuyenvien1")
    said = line("council", "convene", "--round", annual.round, "--at", "2024-11-20T08:00", "--place", "Hội trường")
    assert said.done == {"session": said.done["session"], "missing_bodies": [], "warnings": [], "conflicts": 0}
    return said.done["session"], codes


def attend(line: Any, session: str, members: tuple[str, ...]) -> None:
    assert line("council", "attend", session, *(word for name in members for word in ("--member", name))).code == 0


def write(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_convening_a_session(annual: Any) -> None:
    line = annual.line
    words = ("council", "convene", "--round", annual.round, "--at")
    assert line(*words, "tám giờ", "--place", "P").error == "bad_time"
    assert line(*words, "2024-11-20T08:00", "--place", " ").refused == "missing_place"
    assert line(*words, "2024-11-20T08:00", "--place", "P", by="tv03").refused == "not_your_role"
    assert line("council", "convene", "--round", "DX-0", *words[4:], "2024-11-20", "--place", "P").refused == (
        "unknown_round"
    )
    session, _ = convene(annual)
    members = line("council", "members", session).done
    assert [member["username"] for member in members] == list(MEMBERS)
    assert {frozenset(member) for member in members} >= {frozenset({"member", "username", "teller", "attended"})}
    assert [member["username"] for member in members if member["teller"]] == ["tv04", "tv10", "tv11"]
    assert line("council", "members", "PH-0").refused == "unknown_session"
    assert line("council", "attend", session, "--member", "nguoila").refused == "not_a_member"
    assert line("council", "attend", session).error == "usage"


def test_acting_before_the_day_of_the_meeting_is_asked_about_and_stops_nothing(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, _ = convene(annual)
    asked = "Giấy mời ghi phiên họp ngày 20/11/2024, hôm nay mới là ngày 05/11/2024"
    everybody = [word for name in MEMBERS for word in ("--member", name)]
    present = line("council", "attend", session, *everybody).done
    assert (present["present"], [said.split(":")[0] for said in present["warnings"]]) == (len(MEMBERS), [asked])
    assert line("council", "attend", session, *everybody, now="2024-11-20T07:00:00").done["warnings"] == []
    shares = ("--shares", tmp_path / "shares")
    opened = line("ballot", "open", session, *shares).done["warnings"]
    assert [said.split(":")[0] for said in opened if said.startswith("Giấy mời")] == [asked]
    assert line("ballot", "annul", session, "--reason", "mở nhầm ngày").code == 0  # as the warning says


def test_every_refusal_of_the_ballot(annual: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = annual.line
    session, (one, two) = convene(annual)
    full = dict.fromkeys((one, two), "approve")
    choices = write(tmp_path / "choices.json", full)
    cast = ("ballot", "cast", session, "--choices", choices)
    shares = tmp_path / "shares"
    assert line("ballot", "open", session, "--shares", shares).refused == "not_quorate"
    assert not shares.exists()
    attend(line, session, MEMBERS[:-1])
    assert line(*cast, by="tv03").refused == "ballot_closed"
    recuse = ("council", "recuse", session, "--member", "tv05", "--nomination")
    assert line(*recuse, "DN-0", "--ground", "Người thân").refused == "unknown_nomination"
    assert line(*recuse, one, "--ground", " ").refused == "reason_required"
    assert line(*recuse, one, "--ground", "Người thân", by="tv03").refused == "not_your_role"
    assert line(*recuse, one, "--ground", "Người thân").code == 0
    assert line("ballot", "open", session, "--shares", shares, "--k", 1).refused == "shares_against_regulation"
    assert line("ballot", "open", session, "--shares", shares, "--k", 4).refused == "shares_against_regulation"
    opened = line("ballot", "open", session, "--shares", shares).done
    assert (sorted(opened["agenda"]), len(opened["frozen"])) == (sorted((one, two)), 64)
    assert line("ballot", "open", session, "--shares", shares).refused == "ballot_closed"
    assert line(*cast, by="tv05").refused == "recused"
    assert line(*cast, by="thuky").refused == "not_a_member"
    for value, code in (
        ({**full, "DN-0": "approve"}, "not_on_agenda"),
        ({**full, one: "maybe"}, "unknown_choice"),
        ([one], "bad_ballot"),
        ("{", "bad_json"),
        ("[" * 50_000, "bad_json"),
        (f'{{"{one}": "approve", "{one}": "disapprove"}}', "duplicate_key"),
    ):
        said = line("ballot", "cast", session, "--choices", write(tmp_path / "bad.json", value), by="tv03")
        assert code in {said.answer.get("error", {}).get("code"), said.answer.get("refused", {}).get("code")}
    assert line("ballot", "cast", session).error == "usage"
    assert line(*cast, "--batch", choices).error == "usage"
    monkeypatch.setenv("VINHDANH_PASSWORD", "không phải")
    assert line(*cast, by="tv03").refused == "wrong_password"
    monkeypatch.delenv("VINHDANH_PASSWORD")
    assert set(line(*cast, by="tv03").done) >= {"receipt"}
    assert line(*cast, by="tv03").refused == "already_voted"
    assert line("ballot", "tally", session, by="tv04").refused == "ballot_open"
    assert line("ballot", "close", session).refused == "not_quorate"
    for name in MEMBERS[3:10]:
        mine = {code: choice for code, choice in full.items() if (name, code) != ("tv05", one)}
        assert line("ballot", "cast", session, "--choices", write(tmp_path / "c.json", mine), by=name).code == 0
    assert line("ballot", "close", session).done == {"roll": 8, "envelopes": 8}
    assert line(*cast, by="chutich").refused == "ballot_closed"
    assert line("ballot", "tally", session, by="tv03").refused == "not_your_role"
    assert line("ballot", "tally", session, by="tv04").refused == "too_few_shares"
    first, second, _ = opened["shares"]
    assert line("ballot", "tally", session, "--share", first, by="tv04").refused == "too_few_shares"
    twice = line("ballot", "tally", session, "--share", first, "--share", first, by="tv04")
    assert twice.refused == "too_few_shares"
    assert twice.answer["refused"]["message"].startswith("Mới có 1 mảnh khóa khác nhau, cần 2")
    noise = tmp_path / "noise.share"
    noise.write_bytes(bytes(range(256)))
    assert line("ballot", "tally", session, "--share", first, "--share", noise, by="tv04").refused == "wrong_shares"
    assert line("ballot", "tally", session, "--share", tmp_path / "none", by="tv04").error == "unreadable_file"
    assert line("ballot", "tally", session, "--share", first, "--share", second, by="thuky").code == 0


def test_a_batch_goes_on_after_a_refused_line_and_may_be_run_again(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    session, (one, two) = convene(annual)
    attend(line, session, MEMBERS)
    shares = line("ballot", "open", session, "--shares", tmp_path / "shares").done["shares"]
    full = dict.fromkeys((one, two), "approve")
    lines = [json.dumps({"as": name, "choices": full}) for name in (*MEMBERS[:3], "nguoila", *MEMBERS[3:])]
    batch = write(tmp_path / "batch.jsonl", "\n".join(lines) + "\n")
    broken = write(tmp_path / "broken.jsonl", lines[0] + "\nnot json\n")
    assert line("ballot", "cast", session, "--batch", broken).answer["error"]["where"] == {"line": 2}
    mark = tmp_path / "marks"
    said = line("ballot", "cast", session, "--batch", batch, "--after-each", f"echo x >> {mark}; echo noise")
    assert said.refused == "unknown_account"
    assert [entry["as"] for entry in said.answer["ballots"] if "receipt" in entry] == list(MEMBERS)
    assert mark.read_text() == "x\n" * len(MEMBERS)
    again = line("ballot", "cast", session, "--batch", batch)
    assert {entry["refused"]["code"] for entry in again.answer["ballots"]} == {"already_voted", "unknown_account"}
    assert line("ballot", "close", session).done == {"roll": 11, "envelopes": 11}
    tally = line("ballot", "tally", session, "--share", shares[0], "--share", shares[2], by="tv04").done
    assert {frozenset(result) for result in tally["results"]} == {
        frozenset({"code", "approve", "disapprove", "abstain", "base", "base_name", "needed", "outcome", "why"})
    }
    assert [(result["approve"], result["base"], result["outcome"]) for result in tally["results"]] == [
        (11, 11, "recommended")
    ] * 2
    assert sorted(tally["batch"], key=str) == [full] * 11
    assert line("ballot", "tally", session, by="tv04").refused == "already_tallied"
    minutes = tmp_path / "bien-ban.pdf"
    assert line("council", "minutes", session, "--out", minutes).code == 0
    assert minutes.read_bytes()[:5] == b"%PDF-"
    assert line("council", "minutes", session, "--out", tmp_path / "no" / "m.pdf").error == "file"


def test_the_chairman_signs_refuses_and_sends_back(annual: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = annual.line
    codes = annual.propose(4) + annual.propose(1, award="Bằng khen của UBND tỉnh", **{"Căn cứ đề nghị": "74.1.b"})
    line("nominations", "pass", *codes, "--reason", "Đã đối chiếu", by="chuyenvien1")
    annual.vote()
    one, two, three, four, upward = codes
    chairman: dict[str, Any] = {"by": "chutich"}
    assert {row["code"] for row in line("decisions", "waiting", "--round", annual.round).done} == set(codes)
    assert line("decisions", "sign", one).refused == "not_your_role"
    assert line("decisions", "refuse", two, "--reason", " ", **chairman).refused == "reason_required"
    assert line("decisions", "refuse", two, "--reason", "Chưa tiêu biểu", **chairman).done["done"] == [
        {"code": two, "state": "refused"}
    ]
    assert line("decisions", "send-back", three, "--reason", "Xem lại", **chairman).code == 0
    assert annual.state(three) == "submitted"
    database = Installation.at(line.folder, {}).database
    with database.begin_unrecorded() as opened:
        accounts.named(opened, "chutich").password_hash = passwords.hash_password("mật khẩu thử")
        opened.commit()
    database.close()
    for verb in (["sign", one], ["refuse", one, "--reason", "x"], ["send-back", one, "--reason", "x"]):
        assert line("decisions", *verb, **chairman).refused == "password_required"
    monkeypatch.setenv("VINHDANH_PASSWORD", "không phải")
    assert line("decisions", "sign", one, **chairman).refused == "wrong_password"
    monkeypatch.setenv("VINHDANH_PASSWORD", "mật khẩu thử")
    signed = line("decisions", "sign", *codes, **chairman).done
    assert (signed["decisions"], signed["submission_letters"]) == (["1-2024"], ["TTr-1-2024"])
    assert [annual.state(code) for code in codes] == ["signed", "refused", "submitted", "signed", "forwarded"]
    assert line("decisions", "sign", one, **chairman).refused == "wrong_state"
    answer = ("decisions", "answer", "TTr-1-2024", "--number", "99/QĐ-UBND", "--on")
    assert line("decisions", "disclose", "TTr-1-2024", by="chuyenvien1").refused == "no_answer"
    assert line(*answer, "mai", by="chuyenvien1").error == "bad_date"
    assert line(*answer, "2024-11-05", "--refused", one, by="chuyenvien1").refused == "not_in_letter"
    assert line(*answer, "2024-11-05", by="chuyenvien1").done == {"letter": "TTr-1-2024", "answer": "granted"}
    monkeypatch.delenv("VINHDANH_PASSWORD")  # the chairman's, who acts no more
    assert line("decisions", "disclose", "TTr-1-2024", by="chuyenvien1").done["disclosed"] == 1
    assert (annual.state(upward), four != one) == ("disclosed", True)


def test_decisions_in_public_and_revoked(published: Any) -> None:
    line, number = published.line, published.disclosed
    listed = line("decisions", "list").done
    assert [(row["code"], row["award"], row["state"]) for row in listed] == [(number, "LDTT", "in_force")]
    symbol = listed[0]["number"]
    shown = line("decisions", "show", symbol).done
    assert {awardee["state"] for awardee in shown["awardees"]} == {"disclosed"}
    assert published.nomination in {awardee["code"] for awardee in shown["awardees"]}
    assert line("decisions", "show", "9999-2024").refused == "unknown_decision"
    assert line("decisions", "disclose", symbol, by="chuyenvien1").refused == "already_disclosed"
    assert line("decisions", "disclose", "9999-2024", by="chuyenvien1").refused == "unknown_decision"
    revoke = ("decisions", "revoke", number, "--reason", "Gian dối thành tích", "--ground")
    later: dict[str, Any] = {"now": "2024-12-02T08:00:00"}
    assert line(*revoke, "93.2.z", by="chutich", **later).refused == "unknown_ground"
    assert line(*revoke, "93.2.a", by="chuyenvien1", **later).refused == "not_your_role"
    assert line(*revoke, "93.2.a", by="chutich", **later).done["state"] == "revoked"
    assert line(*revoke, "93.2.a", by="chutich", **later).refused == "already_revoked"
    assert line("ledger", "verify").code == 0


# --- the ledger ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "table", "key"),
    [
        ("UPDATE nomination SET award = 'CSTDCS' WHERE code = :nomination", "nomination", "nomination"),
        ("DELETE FROM disclosure", "disclosure", None),
        ("UPDATE decision SET title = 'Khác' WHERE code = :disclosed", "decision", "disclosed"),
        ("UPDATE agenda_item SET approve = 0", "agenda_item", None),
    ],
)
def test_what_was_altered_in_the_tables_is_named(sql: str, table: str, key: str | None, published: Any) -> None:
    line = published.line
    with sqlite3.connect(line.folder / "vinhdanh.sqlite3") as raw:
        names = {"nomination": published.nomination, "disclosed": published.disclosed}
        assert raw.execute(sql, {name: value for name, value in names.items() if f":{name}" in sql}).rowcount > 0
    raw.close()
    said = line("ledger", "verify")
    assert said.code == 3
    assert {frozenset(violation) for violation in said.answer["violations"]} == {frozenset({"table", "key", "what"})}
    first = said.answer["violations"][0]
    assert first["table"] == table
    assert key is None or first["key"] == names[key]


def test_the_ledger_is_verified_exported_and_proved(published: Any, tmp_path: Path) -> None:
    line = published.line
    verified = line("ledger", "verify").done
    assert set(verified) == {"size", "root", "checked_tables", "seconds", "tail", "clock_set_back"}
    key = line("ledger", "key").done
    assert set(key) == {"vkey", "origin"}
    out = tmp_path / "out"
    assert line("ledger", "export", out).done["size"] == verified["size"]
    assert (out / "vkey").read_text().strip() == key["vkey"]
    first = (out / "checkpoint").read_text()
    assert first.splitlines()[:2] == [key["origin"], str(verified["size"])]
    line("round", "open", "--kind", "DOT_XUAT", "--year", 2024, "--title", "Mưa lũ")
    larger = line("ledger", "export", out).done["size"]
    assert larger > verified["size"]
    assert (out / "checkpoint").read_text().splitlines()[1] == str(larger)
    assert len((out / "openings.jsonl").read_text().splitlines()) > 0
    proof = tmp_path / "1.tlog-proof"
    assert line("ledger", "prove", "9999-2024", "--out", proof).refused == "unknown_decision"
    assert line("ledger", "prove", published.disclosed, "--out", proof).code == 0
    checked = line("ledger", "check", proof).done
    assert set(checked) == {"index", "size", "origin", "openings", "kind", "subject", "at", "state", "later"}
    assert (checked["subject"], checked["state"]) == (published.disclosed, "in_force")
    shutil.rmtree(line.folder / "files")
    (line.folder / "vinhdanh.sqlite3").unlink()  # a proof needs no database
    assert line("ledger", "check", proof, "--vkey", out / "vkey").done == checked
    outside = subprocess.run(
        [sys.executable, ROOT / "docs" / "verify.py", "--vkey", out / "vkey", proof],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outside.returncode, outside.stderr) == (0, "")
    lines = proof.read_text().splitlines()
    forged = tmp_path / "forged.tlog-proof"
    forged.write_text("\n".join([*lines[:-1], lines[-1][:-8] + "AAAAAAA="]) + "\n")
    said = line("ledger", "check", forged, "--vkey", out / "vkey")
    assert (said.code, said.answer["violations"][0]["table"]) == (3, "proof")
    forged.write_bytes(b"\xff\xff")
    assert line("ledger", "check", forged, "--vkey", out / "vkey").error == "unreadable_file"
    assert line("ledger", "check", proof, "--vkey", proof).error == "bad_vkey"


# --- letters, backup, doctor -----------------------------------------------------------------------------------------------


def test_letters_go_out_once_and_a_missing_server_is_said(published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.loopback import LoopbackServer

    line = published.line
    waiting = line("notifications", "status").done
    assert waiting == {"queued": waiting["queued"], "accepted": 0, "failed": 0, "waiting": waiting["queued"]}
    said = line("notifications", "drain")
    assert (said.code, said.answer["missing"]["component"]) == (4, "mail server")
    monkeypatch.setenv("VINHDANH_SMTP_URL", "carrier-pigeon")
    assert line("notifications", "drain").error == "bad_smtp_url"
    with LoopbackServer() as server:
        monkeypatch.setenv("VINHDANH_SMTP_URL", server.url)
        done = line("notifications", "drain").done
        assert done == {**waiting, "accepted": waiting["queued"], "waiting": 0}
        assert line("notifications", "drain").done == done
        keys = [letter.key for letter in server.received]
    assert (len(keys), len(set(keys))) == (waiting["queued"], waiting["queued"])


def test_a_server_that_is_down_is_missing_and_loses_no_letter(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    office("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "T")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses every connection
        monkeypatch.setenv("VINHDANH_SMTP_URL", f"smtp://127.0.0.1:{taken.getsockname()[1]}?tls=none")
        said = office("notifications", "drain")
    assert (said.code, said.answer["missing"]["component"]) == (4, "mail server")
    assert said.answer["waiting"] == said.answer["queued"] > 0
    assert office("notifications", "status").done["waiting"] == said.answer["queued"]


def test_a_backup_brings_everything_back(published: Any, tmp_path: Path) -> None:
    from cli.door import DOOR

    line = published.line
    packed = tmp_path / "sao-luu.tar"
    said = line("backup", packed).done
    assert (said["file"], said["bytes"], packed.stat().st_mode & 0o777) == (
        str(packed), packed.stat().st_size, 0o600,
    )  # fmt: skip
    assert line("backup", tmp_path).error == "not_a_file"
    assert line("backup", tmp_path / "no" / "b.tar").error == "no_folder"
    verified = line("ledger", "verify").done
    original = line.folder
    assert line("restore", packed).refused == "folder_not_empty"
    line.folder = tmp_path / "elsewhere"
    (tmp_path / "noise.tar").write_bytes(b"noise" * 1000)
    (tmp_path / "cut.tar").write_bytes(packed.read_bytes()[: said["bytes"] // 2])
    for name in ("noise.tar", "cut.tar", "not-there.tar"):
        assert line("restore", tmp_path / name).error == "not_a_backup"
        assert not line.folder.exists()
    line.folder.mkdir()
    restored = line("restore", packed).done
    assert (restored["data"], restored["ballots_to_annul"], restored["generation"]) == (str(line.folder), [], 1)
    assert (line.folder / "ledger.key").stat().st_mode & 0o777 == 0o600
    again = line("ledger", "verify").done
    assert again["size"] == verified["size"] + 1  # that it was restored
    assert line("ledger", "verify", "--checkpoint", original / "ledger.signed").code == 0
    kept = {path.name: path.read_bytes() for path in (original / "files").rglob("*") if path.is_file()}
    assert kept != {}
    assert {path.name: path.read_bytes() for path in (line.folder / "files").rglob("*") if path.is_file()} == kept
    assert line("doctor").code == 0
    assert DOOR.as_json is True


def test_a_backup_may_not_reach_outside_the_folder(nowhere: Any, tmp_path: Path) -> None:
    import io
    import tarfile

    evil = tmp_path / "evil.tar"
    for stranger in ("../outside", "/outside", "run/x"):
        with tarfile.open(evil, "w") as archive:
            for name in ("vinhdanh.sqlite3", "ledger.key", stranger):
                member = tarfile.TarInfo(name)
                member.size = 3
                archive.addfile(member, io.BytesIO(b"abc"))
        assert nowhere("restore", evil).error == "not_a_backup"
        assert [path.name for path in tmp_path.iterdir()] == ["evil.tar"]


def test_the_doctor_names_what_is_wrong(published: Any) -> None:
    line = published.line
    well = line("doctor").done
    assert set(well) == {"database", "prefect_database", "ledger_size", "checks"}
    assert {frozenset(check) for check in well["checks"]} == {frozenset({"name", "ok", "message"})}
    assert {check["ok"] for check in well["checks"]} == {True}
    shutil.rmtree(line.folder / "files")
    (line.folder / "ledger.key").chmod(0o640)
    ill = line("doctor")
    assert (ill.code, [check["name"] for check in ill.answer["checks"] if not check["ok"]]) == (
        4, ["ledger_key", "folder", "files"],
    )  # fmt: skip
    assert ill.answer["missing"]["component"] == "ledger_key"


def test_a_database_of_an_older_revision_is_migrated(nowhere: Any) -> None:
    from alembic import command

    from models.database import alembic_config

    nowhere.folder.mkdir()
    installation = Installation.at(nowhere.folder, {})
    with installation.database.engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0001")
    installation.database.close()
    ledger_book.create_key(nowhere.folder / "ledger.key", "vinhdanh.example/so-cai")
    assert nowhere("round", "list").done == []
    assert nowhere("ledger", "verify").done["size"] == 1  # whose ledger it is


def test_simulate_on_both_databases(nowhere: Any, postgresql: Any) -> None:
    wanted = {"nominations", "seconds", "per_second", "peak_rss_mb", "by_state", "ledger", "evaluation_seconds"}
    url = postgresql.create("simulated")
    for words in ((), ("--database", url)):
        line = nowhere
        line.folder = line.folder.parent / f"sim{len(words)}"
        said = line("simulate", "--nominations", 24, "--seed", 3, *words).done
        assert set(said) == wanted
        assert (said["nominations"], sum(said["by_state"].values()), said["ledger"]["verified"]) == (24, 24, True)
    assert nowhere("simulate", "--nominations", 24, "--database", url).refused == "folder_not_empty"
    nowhere.folder = nowhere.folder.parent / "another"
    assert nowhere("simulate", "--nominations", 24, "--database", url).refused == "folder_not_empty"
    assert nowhere("simulate", "--nominations", 24, "--database", "mysql://x").code in {1, 2}
    postgresql.drop("simulated")


def test_conflicts_and_the_councils_own_commands(annual: Any) -> None:
    line = annual.line
    session, (one, two) = convene(annual)
    declare = ("council", "declare", session, "--nomination", one, "--kind")
    assert line(*declare, "bạn", by="tv05").error == "unknown_ground"
    assert line(*declare, "kinship").refused == "not_a_member"
    assert line(*declare, "kinship", by="tv05").done["ground"] == "kinship"
    listed = line("council", "conflicts", session, "--look").done
    assert [(row["username"], row["nomination"], row["state"]) for row in listed] == [("tv05", one, "recused")]
    assert line("council", "conflicts", session, "--mine", by="tv06").done == []
    answer = ("--nomination", two, "--reason", "không quen")
    assert line("council", "deny", session, *answer, by="tv05").refused == "no_conflict"
    assert line("council", "waive", session, "--member", "tv05", *answer).refused == "no_conflict"
    assert line("council", "reschedule", session, "--reason", "mưa", "--place", "Phòng 2").done["sequence"] == 1
    attend(line, session, MEMBERS[:3])
    assert line("council", "attend", session, "--member", "tv03", "--absent").done["present"] == 2
    made = ("council", "set-up", "--code", "HD-9", "--name", "Hội đồng", "--decision", "9/QĐ", "--from")
    assert line(*made, "mai").error == "bad_date"
    assert line(*made, "2030-01-01", by="tv03").refused == "not_your_role"
    assert line(*made, "2030-01-01", by="quantri").code == 0
    seat = ("--council", "HD-9", "--member", "tv03")
    words = ("--title", "Chủ tịch Hội đồng", "--body", "UBND huyện", "--from", "2030-01-01", "--chairs", "--teller")
    assert line("council", "appoint", *seat, *words).code == 0
    assert line("council", "dismiss", *seat, "--to", "2030-01-01").refused == "bad_dates"
    assert line("council", "dismiss", *seat, "--to", "2031-01-01").code == 0
    assert {row["code"]: len(row["members"]) for row in line("council", "list").done} == {"HD-9": 0, "HD-2024": 11}
