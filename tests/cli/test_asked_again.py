"""At the command line, what decides asks for the person again; a teller takes the own share there too."""

import re
from pathlib import Path
from typing import Any

import pytest

from ledger import sealing
from operations.installation import Installation
from operations.people import accounts, passwords
from tests.cli.test_ballot_commands import cast_all, convened, share_words

SECRET = "mật khẩu thử"


def give_passwords(line: Any, *usernames: str) -> None:
    database = Installation.at(line.folder, {}).database
    hashed = passwords.hash_password(SECRET)
    with database.begin() as opened:
        for username in usernames:
            passwords.set_password(opened, accounts.named(opened, username), hashed, by=username)
    database.close()


def test_a_ballot_asks_at_every_step(annual: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = annual.line
    session, codes = convened(annual)
    folder = tmp_path / "shares"

    def asked(*words: Any, by: str = "thuky") -> Any:
        """Refused without the password and with another one, with no trace; done with it."""
        before = line("ledger", "verify").done["size"]
        monkeypatch.delenv("VINHDANH_PASSWORD", raising=False)
        assert line(*words, by=by).refused == "password_required"
        monkeypatch.setenv("VINHDANH_PASSWORD", "không phải")
        assert line(*words, by=by).refused == "wrong_password"
        assert line("ledger", "verify").done["size"] == before
        monkeypatch.setenv("VINHDANH_PASSWORD", SECRET)
        answer = line(*words, by=by).done
        monkeypatch.delenv("VINHDANH_PASSWORD")
        return answer

    give_passwords(line, "thuky", "tv04", "chuyenvien1")
    asked("council", "attend", session, "--member", "TV09", "--absent")
    asked("council", "attend", session, "--member", "TV09")
    asked("council", "recuse", session, "--member", "TV05", "--nomination", codes[0], "--ground", "anh em")
    opened = asked("ballot", "open", session, "--shares", folder)
    cast_all(
        annual,
        session,
        lambda name: {code: "approve" for code in codes if (name, code) != ("tv05", codes[0])},
        tmp_path,
    )
    asked("ballot", "close", session)
    asked("ballot", "tally", session, *share_words(opened["shares"]), by="tv04")


def test_a_role_that_may_not_is_told_so_and_not_asked(annual: Any) -> None:
    session, _ = convened(annual)
    give_passwords(annual.line, "chuyenvien1")
    assert annual.line("ballot", "open", session, by="chuyenvien1").refused == "not_your_role"


def test_each_teller_takes_the_own_share_once(annual: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = annual.line
    session, codes = convened(annual)
    tellers = ("tv04", "tv10", "tv11")
    give_passwords(line, *tellers)
    opened = line("ballot", "open", session).done
    assert (opened["shares"], opened["ballot"]) == ([], "secret")
    paths = []
    for teller in tellers:
        path = tmp_path / f"{teller}.share"
        words = ("ballot", "share", session, "--out", path)
        monkeypatch.delenv("VINHDANH_PASSWORD", raising=False)
        assert (line(*words, by=teller).refused, path.exists()) == ("password_required", False)
        monkeypatch.setenv("VINHDANH_PASSWORD", SECRET)
        taken = tmp_path / "there already"
        taken.touch()
        assert line("ballot", "share", session, "--out", taken, by=teller).error == "file_exists"
        assert line(*words, by=teller).done == {"session": session, "share": str(path)}
        assert (sealing.read_share(path.read_text()).teller, path.stat().st_mode & 0o777) == (teller, 0o600)
        assert line("ballot", "share", session, "--out", tmp_path / "again", by=teller).refused == "share_taken"
        paths.append(str(path))
    monkeypatch.delenv("VINHDANH_PASSWORD")
    give_passwords(line, "tv05", "thuky")
    monkeypatch.setenv("VINHDANH_PASSWORD", SECRET)
    assert line("ballot", "share", session, "--out", tmp_path / "x", by="tv05").refused == "not_a_teller"
    assert line("ballot", "share", session, "--out", tmp_path / "x", by="thuky").refused == "not_a_member"
    cast_all(annual, session, lambda _: dict.fromkeys(codes, "approve"), tmp_path)
    assert line("ballot", "close", session).code == 0
    assert line("ballot", "tally", session, *share_words(paths), by="tv04").code == 0
    assert line("ledger", "verify").code == 0


def test_revoking_asks_as_signing_does(published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = published.line
    give_passwords(line, "chutich")
    before = line("ledger", "verify").done["size"]
    words = ("decisions", "revoke", published.disclosed, "--reason", "Gian dối", "--ground", "93.2.a")
    monkeypatch.delenv("VINHDANH_PASSWORD", raising=False)
    assert line(*words, by="chutich").refused == "password_required"
    monkeypatch.setenv("VINHDANH_PASSWORD", "không phải")
    assert line(*words, by="chutich").refused == "wrong_password"
    assert line("ledger", "verify").done["size"] == before
    monkeypatch.setenv("VINHDANH_PASSWORD", SECRET)
    assert line(*words, by="chutich").done["state"] == "revoked"
    # The doctor names whoever has the command line could act for.
    told = next(check for check in line("doctor").done["checks"] if check["name"] == "accounts")
    assert (
        told["ok"],
        "chưa có mật khẩu" in told["message"],
        re.search(r"\bchutich\b", told["message"]) is not None,
    ) == (True, True, False)
