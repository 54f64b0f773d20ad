"""Acts done together: each database has its own turn, each wish its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from models.database import Database, Session


def database(folder: Path) -> Database:
    folder.mkdir()
    found = Database(f"sqlite:///{folder / 'one.sqlite3'}")
    with found.begin_unrecorded() as session:
        session.execute(sa.text("CREATE TABLE seen (wish TEXT)"))
    return found


def write(session: Session, wishes: Sequence[str]) -> Sequence[str | Exception]:
    """Every wish is written down, but for one that is refused; `fault` breaks the whole act."""
    session.execute(
        sa.text("INSERT INTO seen VALUES (:wish)"), [{"wish": wish} for wish in wishes if wish != "refused"] or [{}]
    )
    if "fault" in wishes:
        raise RuntimeError("fault")
    return [PermissionError(wish) if wish == "refused" else f"{wish} of {len(wishes)}" for wish in wishes]


def seen(at: Database) -> list[str]:
    with at.read() as session:
        return [row.wish for row in session.execute(sa.text("SELECT wish FROM seen ORDER BY wish"))]


def test_wishes_of_two_databases_never_share_an_act(tmp_path: Path) -> None:
    databases = {name: database(tmp_path / name) for name in ("a", "b")}
    wanted = [(name, f"{name}{number:02}") for number in range(30) for name in databases]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda one: databases[one[0]].together(one[1], write), wanted))
    assert [answer.split()[0] for answer in answers] == [wish for _, wish in wanted]
    for name, at in databases.items():
        assert seen(at) == [f"{name}{number:02}" for number in range(30)]
        at.close()


def test_who_waits_is_taken_along_and_each_has_the_own_answer(tmp_path: Path) -> None:
    at = database(tmp_path / "a")
    sizes: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def slow(session: Session, wishes: Sequence[str]) -> Sequence[str | Exception]:
        begun.set()
        assert go.wait(10)
        sizes.append(len(wishes))
        return write(session, wishes)

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(at.together, "first", slow)
        assert begun.wait(10)
        others = [pool.submit(at.together, wish, slow) for wish in ("x", "refused", "y")]
        (group,) = at._groups.values()
        while len(group._waiting) < len(others):
            threading.Event().wait(0.001)
        go.set()
        assert first.result(10) == "first of 1"
        assert [one.result(10) for one in (others[0], others[2])] == ["x of 3", "y of 3"]
        with pytest.raises(PermissionError):
            others[1].result(10)
    assert sizes == [1, 3]
    assert seen(at) == ["first", "x", "y"]
    at.close()


def test_a_fault_is_everybodys_answer_leaves_no_trace_and_holds_up_nobody(tmp_path: Path) -> None:
    at = database(tmp_path / "a")
    with pytest.raises(RuntimeError, match="fault"):
        at.together("fault", write)
    assert seen(at) == []
    assert at.together("x", write) == "x of 1"
    at.close()
