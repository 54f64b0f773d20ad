"""A real office is set up by commands alone, from `init` to an open round; and each command's manner of answering."""

from pathlib import Path
from typing import Any

import pytest

from operations.installation import Installation
from operations.people import accounts, passwords
from rules import regulation
from tests.cli.conftest import Line

PASSWORD = "một câu dài dễ nhớ"
DOCUMENT = ("--document", "15/QĐ-UBND")
SINCE = ("--from", "2024-11-01")


def refused_rows(line: Line) -> Any:
    return [row["roles"] for row in line("account", "list", by="quantri").done if row["roles"]]


def test_a_real_office_comes_to_an_open_round_by_commands(
    nowhere: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = nowhere
    made = line("init", by=None).done
    monkeypatch.setenv("VINHDANH_PASSWORD", PASSWORD)
    assert line("account", "redeem", made["first_sign_in"], by=None).done == {"username": "quantri"}
    assert line("account", "redeem", made["first_sign_in"], by=None).refused == "link_invalid"

    def admin(*words: object) -> Any:
        return line(*words, by="quantri").done

    assert admin(
        "unit", "add", "--code", "HUYEN", "--name", "UBND huyện Mẫu", "--level", "district", *SINCE, "--office"
    ) == {"unit": "HUYEN"}
    admin(
        "unit",
        "add",
        "--code",
        "XA01",
        "--name",
        "UBND xã Một",
        "--level",
        "commune",
        *SINCE,
        "--email",
        "xa01@mau.example",
    )
    people = {
        "thuky": ["secretary"],
        "chuyenvien": ["reviewer"],
        "chutich": ["chairman", "council_member"],
        "pho": ["deputy", "council_member"],
        "tv3": ["council_member", "teller"],
        "canbo": ["unit_officer"],
    }
    for username, roles in people.items():
        admin(
            "account",
            "add",
            "--username",
            username,
            "--name",
            f"Người {username}",
            "--email",
            f"{username}@mau.example",
        )
        for role in roles:
            unit = ("--unit", "XA01") if role == "unit_officer" else ()
            admin("role", "grant", "--account", username, "--role", role, *unit, *DOCUMENT, *SINCE)
    invited = admin("account", "invite", "thuky")
    assert set(invited) == {"username", "first_sign_in", "expires"}
    assert invited["first_sign_in"].startswith("http://127.0.0.1:8000/first/")
    assert line("account", "redeem", invited["first_sign_in"].rsplit("/", 1)[1], by=None).done == {"username": "thuky"}

    given = ("--deputy", "pho", "--document", "3/UQ-UBND", "--scope", "LDTT", *SINCE, "--to", "2024-12-31")
    monkeypatch.delenv("VINHDANH_PASSWORD")  # the administrator's; the chairman has none yet
    assert line("authorise", "--principal", "chutich", *given, by="chutich").done == {
        "deputy": "pho",
        "document": "3/UQ-UBND",
        "scope": "LDTT",
        "from": "2024-11-01",
        "to": "2024-12-31",
    }
    assert line("authorise", "end", "3/UQ-UBND", by="chutich").done == {"document": "3/UQ-UBND", "to": "2024-11-04"}
    assert [row["to"] for row in line("authorise", "list", by=None).done] == ["2024-11-04"]

    rules = tmp_path / "quy-che.toml"
    rules.write_text(regulation.SAMPLE_PATH.read_text(encoding="utf-8"), encoding="utf-8")
    opened = line(
        "round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "Năm 2024", "--regulation", rules
    ).done  # fmt: skip
    assert line("round", "status", opened["code"]).done["stage"] == "unit_proposal"
    assert line("ledger", "verify", by=None).code == 0
    assert refused_rows(line) == [
        ["unit_officer@XA01"],
        ["chairman", "council_member"],
        ["reviewer"],
        ["deputy", "council_member"],
        ["administrator"],
        ["secretary"],
        ["council_member", "teller"],
    ]


def test_the_administrator_is_kept_out_of_every_duty(office: Line) -> None:
    def grant(account: str, role: str, by: str = "quantri") -> str:
        return office("role", "grant", "--account", account, "--role", role, *DOCUMENT, *SINCE, by=by).refused

    assert grant("quantri", "chairman") == "separation_of_duties"
    assert grant("thuky", "administrator") == "separation_of_duties"
    assert grant("tv05", "teller", by="thuky") == "not_your_role"
    assert grant("thuky", "chairman", by="thuky") == "not_your_role"


def test_disabling_and_ending(office: Line) -> None:
    assert office("account", "disable", "tv05", by="quantri").done == {"username": "tv05", "disabled": True}
    assert office("token", "create", "--scope", "read", "--days", 3, by="tv05").refused == "account_disabled"
    assert office("account", "enable", "tv05", by="quantri").done == {"username": "tv05", "disabled": False}
    ended = ("--account", "tv05", "--role", "council_member", "--on", "2024-11-05")
    assert office("role", "end", *ended, by="quantri").done["to"] == "2024-11-05"
    assert office("role", "end", *ended, by="quantri").refused == "no_such_grant"
    assert office("unit", "end", "XA12", "--on", "2025-07-01", "--successor", "XA11", by="quantri").code == 0
    assert [row["to"] for row in office("unit", "list", by=None).done if row["to"]] == ["2025-07-01"]
    assert office("account", "reset-second-factor", "tv05", by="quantri").refused == "no_second_factor"
    given = ("--issuer", "https://sso.example", "--subject", "7")
    assert office("account", "link-identity", "tv05", *given, by="quantri").code == 0
    assert office("account", "link-identity", "tv06", *given, by="quantri").refused == "identity_taken"
    assert office("account", "unlink-identities", "tv05", by="quantri").code == 0


def test_an_account_that_decides_is_opened_by_two(
    office: Line, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installation.database.begin() as session:
        for username in ("thuky", "tv05"):
            passwords.set_password(
                session, accounts.named(session, username), passwords.hash_password(PASSWORD), by=username
            )
    invited = office("account", "invite", "tv05", by="quantri").done
    number = invited["request"]
    assert invited["waits_for"] == ["thuky"]
    given = ("--issuer", "https://sso.example", "--subject", "7")
    linked = office("account", "link-identity", "tv05", *given, by="quantri").done
    assert (linked["request"], linked["waits_for"]) == (number + 1, ["thuky"])
    listed = office("account", "requests").done
    assert [(row["request"], row["act"], row["username"]) for row in listed] == [
        (number, "link", "tv05"),
        (number + 1, "identity", "tv05"),
    ]
    for verb in ("confirm", "decline"):  # the server's command line alone is nobody's consent
        assert office("account", verb, number).refused == "password_required"
    monkeypatch.setenv("VINHDANH_PASSWORD", "sai")
    assert office("account", "confirm", number).refused == "wrong_password"
    monkeypatch.setenv("VINHDANH_PASSWORD", PASSWORD)
    assert office("account", "confirm", number, by="tv05").refused == "not_your_role"
    assert office("account", "redeem", invited["first_sign_in"], by=None).refused == "link_unconfirmed"
    assert office("account", "confirm", number).done == {
        "request": number, "act": "link", "username": "tv05", "confirmed": True,
    }  # fmt: skip
    assert office("account", "decline", number + 1).done["confirmed"] is False
    assert office("account", "confirm", number + 1).refused == "request_settled"
    assert office("account", "requests").done == []
    assert office("account", "redeem", invited["first_sign_in"], by=None).done == {"username": "tv05"}
    assert office("ledger", "verify", by=None).code == 0


def test_a_role_that_decides_is_given_by_two(
    office: Line, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installation.database.begin() as session:
        for username in ("thuky", "chutich"):
            hashed = passwords.hash_password(PASSWORD)
            passwords.set_password(session, accounts.named(session, username), hashed, by=username)
    given = ("role", "grant", "--account", "canbo.xa01", "--role", "reviewer", *DOCUMENT, *SINCE)
    asked = office(*given, by="quantri").done
    assert asked["waits_for"] == ["chutich", "thuky"]
    assert office("account", "disable", "thuky", by="quantri").code == 0
    asked = office(*given, by="quantri").done
    assert asked["waits_for"] == ["chutich"]
    (listed,) = office("account", "requests", by="quantri").done
    assert (listed["request"], listed["act"], listed["role"], listed["document"]) == (
        asked["request"], "role", "reviewer", "15/QĐ-UBND",
    )  # fmt: skip
    assert ["unit_officer@XA01"] in refused_rows(office)
    seat = ("--council", "HD-2024", "--member", "canbo.xa01", "--title", "Ủy viên", "--body", "Huyện đoàn", *SINCE)
    assert office("council", "appoint", *seat, by="quantri").refused == "four_eyes"
    monkeypatch.setenv("VINHDANH_PASSWORD", PASSWORD)
    assert office("account", "confirm", asked["request"], by="chutich").done["act"] == "role"
    assert ["unit_officer@XA01", "reviewer"] in refused_rows(office)
    assert office("ledger", "verify", by=None).code == 0


def test_tokens_are_shown_once_and_revoked(office: Line) -> None:
    said = office("token", "create", "--scope", "write", "--days", 30).done
    assert set(said) == {"token"}
    assert said["token"].startswith("vd_")
    (listed,) = office("token", "list").done
    assert (listed["id"], listed["scope"]) == (1, "write")
    assert said["token"] not in str(listed)
    assert office("token", "revoke", 1, by="tv05").refused == "unknown_token"
    assert office("token", "revoke", 1).done == {"id": 1, "revoked": True}
    assert office("token", "list").done == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("token", "create", "--scope", "admin", "--days", 1), "bad_scope"),
        (("token", "create", "--scope", "read", "--days", 0), "bad_days"),
        (("token", "create", "--scope", "read", "--days", 367), "bad_days"),
        (("token", "create", "--scope", "read"), "usage"),
        (("token", "create", "--scope", "read", "--days", "x"), "usage"),
        (("authorise", "--deputy", "phochutich"), "usage"),
        (("authorise", "--deputy", "p", "--document", "1", "--scope", "all", "--from", "?", "--to", "?"), "bad_date"),
        (("account", "redeem", "x"), "usage"),
        (("unit", "add", "--code", "x y", "--name", "a", "--level", "district", *SINCE), "bad_code"),
        (("unit", "end", "XA12", "--on", "mai"), "bad_date"),
        (("role", "grant", "--account", "tv05", "--role", "vua", *DOCUMENT, *SINCE), "bad_role"),
        (("account", "add", "--username", "Có dấu", "--name", "a"), "bad_username"),
    ],
)
def test_what_cannot_be_read_is_said(office: Line, words: tuple[object, ...], error: str) -> None:
    assert office(*words, by="quantri").error == error


def test_a_reach_beyond_ones_role_is_logged(office: Line) -> None:
    import sqlite3

    assert office("account", "disable", "chutich", by="canbo.xa01").refused == "not_your_role"
    rows = sqlite3.connect(office.folder / "vinhdanh.sqlite3").execute(
        "SELECT actor, verb, code FROM security_event WHERE code <> 'done'"
    )
    assert rows.fetchall() == [("canbo.xa01", "account.disable", "not_your_role")]


def test_an_act_under_a_set_clock_says_so(office: Line) -> None:
    import json
    import sqlite3

    assert office("account", "disable", "tv05", by="quantri", now="2024-12-20T08:00:00").code == 0
    query = 'SELECT openings FROM ledger_opening ORDER BY "index" DESC LIMIT 1'
    ((text,),) = sqlite3.connect(office.folder / "vinhdanh.sqlite3").execute(query)
    assert json.loads(text)["business_clock"][1] == "2024-12-20T08:00:00"
    assert office("ledger", "verify", by=None).done["clock_set_back"] == []
    (said,) = [one for one in office("doctor", by=None).done["checks"] if one["name"] == "business_clock"]
    assert "Đồng hồ nghiệp vụ đang đặt" in said["message"]
