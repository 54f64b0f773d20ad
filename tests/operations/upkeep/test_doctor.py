"""What `doctor` says of the letters: how many wait and for what, and when that is too long."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from operations import announce
from operations.access import LOCAL
from operations.installation import Installation
from operations.upkeep import doctor

SMTP = {"VINHDANH_SMTP_URL": "smtp://mail.example:25"}
NO_SERVER = "chưa đặt VINHDANH_SMTP_URL nên không thư nào được gửi."
LOOK = "hãy xem `vinhdanh up` có đang chạy và máy chủ thư có nhận thư không."


def letters(office: Any, folder: Path, settings: dict[str, str] | None = None) -> tuple[bool, str]:
    url = office.database.url.render_as_string(hide_password=False)
    installation = Installation.at(folder, {"VINHDANH_DATABASE_URL": url, **(settings or {})})
    (check,) = [one for one in doctor.examine(installation)["checks"] if one["name"] == "letters"]
    installation.database.close()
    return check["ok"], check["message"]


def queue(office: Any, count: int) -> None:
    office.act(announce.notices, [announce.Notice("x", str(n), f"a{n}@nammau.example", "a", {}) for n in range(count)])


def wait(office: Any, time: timedelta) -> str:
    """Let all that is queued have waited so long already; since when, in words."""
    since = datetime.now(UTC) - time
    office.write("UPDATE outbox_message SET queued_at = :since", since=since.strftime("%Y-%m-%d %H:%M:%S+00:00"))
    return f"lâu nhất từ {since.astimezone(LOCAL):%H:%M ngày %d/%m/%Y}"


def test_letters_that_wait_are_counted_and_a_missing_mail_server_is_named(office: Any, tmp_path: Path) -> None:
    assert letters(office, tmp_path) == (True, "tốt")
    queue(office, 3)
    since = wait(office, timedelta(hours=23))
    assert letters(office, tmp_path) == (True, f"3 thư đang chờ gửi, {since}: {NO_SERVER}")
    assert letters(office, tmp_path, SMTP) == (True, f"3 thư đang chờ gửi, {since}; {LOOK}")


def test_letters_that_wait_longer_than_a_day_are_wrong(office: Any, tmp_path: Path) -> None:
    queue(office, 2)
    since = wait(office, timedelta(hours=25))
    assert letters(office, tmp_path) == (False, f"2 thư đang chờ gửi, {since}: {NO_SERVER}")
    assert letters(office, tmp_path, SMTP) == (False, f"2 thư đang chờ gửi, {since}; {LOOK}")
    office.settle_outbox()
    assert letters(office, tmp_path) == (True, "tốt")


def test_letters_that_failed_are_said_beside_those_that_wait(office: Any, tmp_path: Path) -> None:
    queue(office, 2)
    since = wait(office, timedelta(hours=1))
    office.write("UPDATE outbox_message SET state = 'failed' WHERE key LIKE '%x/0/a'")
    refused = "1 thư bị máy chủ từ chối; xem `vinhdanh notifications status`."
    assert letters(office, tmp_path) == (False, f"{refused} 1 thư đang chờ gửi, {since}: {NO_SERVER}")
