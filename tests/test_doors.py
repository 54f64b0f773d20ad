"""Doors parse, call, render: a session is handed on to operations and asked nothing itself (import-linter sees the rest)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("web", "cli", "deployments", "flows", "tasks")
FILES = sorted(path for door in DOORS for path in (ROOT / door).rglob("*.py"))
# What only a session has, and what other things have too but no door may ask of a session.
OF_A_SESSION = {
    "exec", "execute", "scalar", "scalars", "get_one", "query", "exec_driver_sql", "add_all", "commit",
    "rollback", "merge", "expunge", "connection",
}  # fmt: skip
OF_OTHERS = {"get", "add", "delete", "flush", "refresh"}
SESSIONS = {"session", "s"}


def statements(source: str) -> Iterator[str]:
    """Each call by which a session would be asked or told something."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of, name = node.func.value, node.func.attr
            if name in OF_A_SESSION or (name in OF_OTHERS and isinstance(of, ast.Name) and of.id in SESSIONS):
                yield f"{node.lineno}: {ast.unparse(node.func)}"


def test_no_door_asks_a_session() -> None:
    found = {str(path.relative_to(ROOT)): list(statements(path.read_text(encoding="utf-8"))) for path in FILES}
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert len(FILES) > 100


@pytest.mark.parametrize(
    "line", ["session.get(Nomination, 1)", "s.execute('DELETE FROM account')", "x.exec(y).all()", "session.commit()"]
)
def test_a_statement_would_be_seen(line: str) -> None:
    assert len(list(statements(line))) == 1
