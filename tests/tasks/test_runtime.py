"""What tasks share with the other doors: one installation, one business clock."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from cli.door import Door
from operations.installation import Installation, moment
from rules.refusal import Unreadable
from tasks import runtime
from web import visit

SET = "2024-12-20T08:00:00+07:00"
OTHER = "2025-01-02T08:00:00+07:00"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    installation = Installation.at(tmp_path_factory.mktemp("home"), {})
    installation.create()
    installation.database.close()
    return installation.folder


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (home / "vinhdanh.toml").unlink(missing_ok=True)
    monkeypatch.setenv("VINHDANH_DATA", str(home))
    monkeypatch.delenv("VINHDANH_NOW", raising=False)
    runtime.installation.cache_clear()
    visit.installation.cache_clear()
    yield home
    runtime.installation().database.close()
    runtime.installation.cache_clear()
    visit.installation.cache_clear()


def clocks() -> set[datetime]:
    """The business time as the command line, the pages and the flows read it."""
    return {Door().now(), visit.installation().now(), runtime.now()}


@pytest.mark.parametrize(
    ("settings", "environment", "expected"),
    [
        (f'now = "{SET}"\n', None, SET),
        ("", SET, SET),
        (f'now = "{OTHER}"\n', SET, SET),
        ('now = "2024-12-20T08:00:00"\n', None, SET),  # without an offset: Vietnam's time
    ],
)
def test_commands_pages_and_flows_read_one_clock(
    folder: Path, monkeypatch: pytest.MonkeyPatch, settings: str, environment: str | None, expected: str
) -> None:
    (folder / "vinhdanh.toml").write_text(settings)
    if environment is not None:
        monkeypatch.setenv("VINHDANH_NOW", environment)
    assert clocks() == {moment(expected)}


def test_without_a_setting_it_is_the_wall_clock(folder: Path) -> None:
    del folder
    first, *_, last = sorted(clocks())
    assert abs((datetime.now(first.tzinfo) - first).total_seconds()) < 60
    assert (last - first).total_seconds() < 60


@pytest.mark.parametrize("said", ["sớm", "1899-12-31T23:59:59", "2201-01-01T00:00:00"])
def test_no_door_takes_a_time_that_calendars_cannot_hold(folder: Path, said: str) -> None:
    (folder / "vinhdanh.toml").write_text(f'now = "{said}"\n', encoding="utf-8")
    for read in (Door().now, visit.installation().now, runtime.now):
        with pytest.raises(Unreadable) as refused:
            read()
        assert refused.value.code == "bad_time"
