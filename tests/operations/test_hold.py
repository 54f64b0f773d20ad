"""One engine a database: whoever comes second is told, and a restarted server gives it back to whoever is first."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from models.database import Database
from operations.hold import Hold


def another(database: Database) -> Database:
    return Database(database.url.render_as_string(hide_password=False).replace("+psycopg", ""))


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"], indirect=True)
def test_the_second_is_refused_until_the_first_lets_go(database: Database, tmp_path: Path) -> None:
    second = another(database)
    first, other = Hold(database, tmp_path / "one"), Hold(second, tmp_path / "two")
    assert (first.take(), other.take(), first.stands()) == (True, False, True)
    first.release()
    assert other.take()
    other.release()
    second.close()


def test_a_file_in_the_folder_is_held_with_the_folder(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/vinhdanh.sqlite3")
    hold = Hold(database, tmp_path)
    assert (hold.take(), list(tmp_path.iterdir())) == (True, [])


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_server_that_forgot_it_gives_it_back_unless_another_was_faster(database: Database, tmp_path: Path) -> None:
    second = another(database)
    first, other = Hold(database, tmp_path), Hold(second, tmp_path)
    assert first.take()

    def forget() -> None:
        with second.engine.connect() as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                )
            )

    forget()
    answers: list[Any] = [first.stands(), first.stands(), other.take()]
    assert answers == [True, True, False]
    forget()
    assert (other.take(), first.stands(), first.stands()) == (True, True, False)
    other.release()
    second.close()
