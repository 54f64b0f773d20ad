"""What holds for every command: options anywhere, the environment, exit codes, who acts, settings, a light start."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import argon2
import pytest
import sqlalchemy as sa

from operations.installation import Installation

ROOT = Path(__file__).parents[2]


def events(line: Any) -> list[tuple[str, str, str]]:
    installation = Installation.at(line.folder, {})
    with installation.database.read() as session:
        rows = session.execute(
            sa.text("SELECT actor, verb, code FROM security_event WHERE code <> 'done' ORDER BY id")
        ).all()
    installation.database.close()
    return [tuple(row) for row in rows]


# --- init --------------------------------------------------------------------------------------------------------------


def test_init_sample_answers_with_units_accounts_and_a_regulation_that_opens_a_round(nowhere: Any) -> None:
    made = nowhere("init", "--sample", by=None).done
    assert sorted(made) == ["accounts", "regulation", "units"]
    assert {tuple(sorted(unit)) for unit in made["units"]} == {("code", "level", "name")}
    assert {tuple(sorted(account)) for account in made["accounts"]} == {("password", "role", "unit", "username")}
    assert {account["role"] for account in made["accounts"]} == {
        "secretary", "reviewer", "inspector", "administrator", "chairman", "deputy", "council_member", "teller",
        "unit_officer", "unit_head",
    }  # fmt: skip
    assert {account["unit"] for account in made["accounts"]} == {unit["code"] for unit in made["units"]} | {"HUYEN"}
    installation = Installation.at(nowhere.folder, {})
    with installation.database.read() as session:
        hashes = dict(session.execute(sa.text("SELECT username, password_hash FROM account")).all())
    installation.database.close()
    first, last = made["accounts"][0], made["accounts"][-1]
    hasher = argon2.PasswordHasher()
    assert hasher.verify(hashes[first["username"]], first["password"])
    assert hasher.verify(hashes[last["username"]], last["password"])
    modes = {stat.S_IMODE((nowhere.folder / name).stat().st_mode) for name in ("ledger.key", "ledger.signed")}
    assert modes == {0o600}
    assert sorted(path.name for path in nowhere.folder.iterdir()) == [
        "ballots", "files", "ledger.key", "ledger.signed", "prefect", "run", "vinhdanh.sqlite3",
    ]  # fmt: skip
    assert nowhere("round", "list").done == []
    words = ("--kind", "CONG_TRANG", "--year", 2024, "--title", "Năm 2024", "--regulation", made["regulation"])
    # who `init` bound to this machine's user acts without --as
    assert nowhere("round", "open", *words, by=None).done == {"code": "DX-2024-01"}
    assert nowhere("init").refused == "already_initialised"
    assert nowhere("init", "--sample").refused == "already_initialised"


def test_plain_init_gives_the_first_administrator_a_link_and_nothing_else(nowhere: Any) -> None:
    made = nowhere("init", by=None).done
    assert sorted(made) == ["data", "first_sign_in"]
    assert made["first_sign_in"].startswith("http://127.0.0.1:8000/first/")
    secret = made["first_sign_in"].rsplit("/", 1)[1]
    assert len(secret) >= 32
    assert secret.encode() not in (nowhere.folder / "vinhdanh.sqlite3").read_bytes()
    words = ("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "T")
    assert nowhere(*words, by=None).refused == "not_your_role"


def test_init_refuses_a_folder_that_holds_something_else(nowhere: Any) -> None:
    nowhere.folder.mkdir()
    (nowhere.folder / "thesis.docx").write_text("mine")
    assert nowhere("init").refused == "folder_not_empty"
    assert [path.name for path in nowhere.folder.iterdir()] == ["thesis.docx"]


def test_a_bad_time_stops_init_before_anything_is_made(nowhere: Any) -> None:
    assert nowhere("init", "--sample", now="hôm qua").error == "bad_time"
    assert not nowhere.folder.exists()


def test_a_folder_that_was_not_set_up_is_refused(nowhere: Any) -> None:
    assert nowhere("round", "list").refused == "not_initialised"
    assert nowhere("doctor").refused == "not_initialised"
    assert not nowhere.folder.exists()


# --- settings ----------------------------------------------------------------------------------------------------------


def test_a_secret_that_others_can_read_stops_every_start(office: Any) -> None:
    settings = office.folder / "vinhdanh.toml"
    settings.write_text('smtp_url = "smtp://user:secret@mail.example:25"\n')
    settings.chmod(0o644)
    said = office("round", "list")
    assert said.error == "secret_is_readable"
    assert "secret@" not in json.dumps(said.answer)
    assert office("up").error == "secret_is_readable"
    settings.chmod(0o600)
    assert office("round", "list").done == []


@pytest.mark.parametrize("text", ['colour = "red"\n', "not toml ["])
def test_settings_that_cannot_be_read(text: str, office: Any) -> None:
    (office.folder / "vinhdanh.toml").write_text(text)
    assert office("round", "list").error == "bad_settings"


def test_a_ledger_key_that_others_can_read(office: Any) -> None:
    (office.folder / "ledger.key").chmod(0o644)
    assert office("ledger", "key").error == "key_is_readable"


def test_the_clock_may_be_set_by_option_environment_or_settings(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "T", "--due", "2024-11-10")
    (office.folder / "vinhdanh.toml").write_text('now = "2024-11-20T08:00:00"\n')
    assert office(*words, now=None).refused == "date_in_the_past"
    monkeypatch.setenv("VINHDANH_NOW", "2024-11-09T08:00:00+07:00")
    assert office(*words, now=None).code == 0
    assert office(*words, now="2024-11-11").refused == "date_in_the_past"
    monkeypatch.setenv("VINHDANH_NOW", "sớm")
    assert office(*words, now=None).error == "bad_time"


@pytest.mark.parametrize("said", ["garbage", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "2024-13-01", ""])
def test_a_bad_time_is_wrong_usage_for_every_command(said: str, office: Any) -> None:
    assert office("round", "list", f"--now={said}", now=None).error in {"bad_time", "usage"}


def test_the_folder_and_the_database_may_come_from_the_environment(
    office: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.__main__ import run

    monkeypatch.setenv("VINHDANH_DATA", str(office.folder))
    assert run(["--json", "round", "list"]) == 0
    assert capsys.readouterr().out == "[]\n"
    monkeypatch.setenv("VINHDANH_DATABASE_URL", f"postgresql://nobody@/nothing?host={tmp_path}")
    said = office("round", "list")
    assert (said.code, said.answer["missing"]["component"]) == (4, "database")
    monkeypatch.setenv("VINHDANH_DATABASE_URL", "mysql://user:geheim@host/db")
    said = office("round", "list")
    assert said.error == "bad_database_url"
    assert "geheim" not in json.dumps(said.answer)


def test_a_database_that_is_gone_is_missed_and_never_made_anew(office: Any) -> None:
    database = office.folder / "vinhdanh.sqlite3"
    database.unlink()
    for words in (("round", "list"), ("ledger", "verify"), ("deadlines", "sweep"), ("up",)):
        said = office(*words)
        assert (said.code, said.answer["missing"]["component"]) == (4, "database")
    assert not database.exists()
    database.write_bytes(b"not a database" * 1000)
    assert (office("round", "list").code, office("doctor").code) == (4, 4)


# --- usage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["abracadabra"], "Không có lệnh «abracadabra»."),
        (["round", "abracadabra"], "Không có lệnh «abracadabra»."),
        (["round", "status"], "Thiếu CODE."),
        (["round", "open", "--kind", "CONG_TRANG"], "Thiếu --year."),
        (["round", "open", "--kind"], "Thiếu giá trị sau --kind."),
        (["round", "open", "--year", "abc"], "--year: phải là một số."),
        (["round", "list", "--colour"], "Không có tùy chọn --colour."),
        (["round", "list", "more"], "Thừa tham số: more."),
        (["up", "--port", "99999"], "--port: phải từ 65535 trở xuống."),
        (["simulate", "--nominations", "0"], "--nominations phải từ 1 trở lên."),
        (["demo", "--scale", "huge"], "Quy mô phải là district, small hoặc province."),
        (["round", "list", "--as"], "Thiếu giá trị sau --as."),
        (["deadline", "compute", "--from", "2024-12-20"], "Cần --from và --days, hoặc --batch TỆP."),
    ],
)
def test_wrong_usage_is_said_in_vietnamese(words: list[str], message: str, office: Any, capsys: Any) -> None:
    from cli.__main__ import run

    code = run(["--json", *words])
    answer = json.loads(capsys.readouterr().out)
    assert (code, answer["error"]["code"], answer["error"]["message"]) == (2, "usage", message)


def test_without_json_the_answer_is_on_stdout_and_the_refusal_on_stderr(office: Any) -> None:
    assert office.text("round", "list") == (0, "(không có)\n", "")
    code, stdout, stderr = office.text("round", "status", "DX-0000-00")
    assert (code, stdout) == (1, "")
    assert stderr.startswith("Không thực hiện được: Không có đợt xét mang mã «DX-0000-00».")
    assert office.text("round", "abracadabra") == (
        2, "", "Không có lệnh «abracadabra».\nXem `vinhdanh --help`.\n",
    )  # fmt: skip
    code, stdout, stderr = office.text("ledger", "key")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("vkey: vinhdanh.local/vd")


def test_names_that_are_no_text_are_refused_and_not_fatal(office: Any) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}
    for words in ((b"round", b"status", b"\xff\xfe"), (b"rules", b"evaluate", b"/nowhere/\xff.json")):
        done = subprocess.run(
            [sys.executable.encode(), b"-m", b"cli", *words, b"--json", b"--data", bytes(office.folder)],
            capture_output=True,
            check=False,
            env=environment,
            cwd=ROOT,
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == 2
        assert json.loads(done.stdout)["error"]["message"] != ""


# --- who acts ----------------------------------------------------------------------------------------------------------


def test_a_wrong_role_is_refused_and_stands_in_the_security_log(annual: Any) -> None:
    line, code = annual.line, annual.round
    wrong = ("canbo.xa01", "truong.xa01", "chuyenvien1", "chutich", "phochutich", "tv03", "tv04", "thanhtra", "quantri")
    for username in wrong:
        assert line("round", "advance", code, by=username).refused == "not_your_role"
    assert line("round", "advance", code, by="nguoila").refused == "unknown_account"
    assert events(line) == [
        *((username, "round.advance", "not_your_role") for username in wrong),
        ("nguoila", "round.advance", "unknown_account"),
    ]
    assert line("round", "advance", code).refused == "stage_not_done"  # a lawful no is no reach
    assert len(events(line)) == len(wrong) + 1


# --- a light start -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["rules", "packs"],
        ["deadline", "compute", "--from", "2024-12-20", "--days", "8"],
        ["cash", "compute", "--award", "LDTT", "--subject", "individual", "--on", "2024-12-20"],
    ],
)
def test_commands_of_the_law_load_no_database(words: list[str]) -> None:
    program = (
        "import sys\nfrom cli.__main__ import run\n"
        f"code = run({words!r})\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'alembic', 'prefect', 'fastapi', 'openpyxl', 'jinja2', 'rich'}\n"
        "sys.exit(code or repr(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == "[]\n"


def test_help_names_every_command() -> None:
    done = subprocess.run([sys.executable, "-m", "cli", "--help"], capture_output=True, text=True, check=True, cwd=ROOT)
    listed = [text.split()[0] for text in done.stdout.partition("Các lệnh:\n")[2].splitlines() if text.strip()]
    assert listed == [
        "init", "up", "demo", "simulate", "doctor", "backup", "restore", "round", "nominations", "rules", "deadline",
        "cash", "council", "ballot", "decisions", "ledger", "notifications", "deadlines", "unit", "account", "role",
        "authorise", "token",
    ]  # fmt: skip
