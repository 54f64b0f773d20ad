"""The kinds of the ledger stand in one place: what operations record, what the check reads back, what people are told."""

import ast
import re
from pathlib import Path

from ledger.kinds import SOURCES, Kind
from operations.upkeep import protected

ROOT = Path(__file__).parents[2]
DOORS = ("operations", "cli", "web", "tasks", "deployments")


def sources():
    return [path for folder in DOORS for path in sorted((ROOT / folder).rglob("*.py"))]


def test_every_kind_is_recorded_somewhere_and_no_other():
    named = {
        node.attr
        for path in (ROOT / "operations").rglob("*.py")
        if "/views/" not in path.as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Kind"
    }
    assert named == {kind.name for kind in Kind}


def test_no_kind_is_spelled_out_beside_the_list():
    spelled = [
        (path.relative_to(ROOT).as_posix(), node.value)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in set(Kind)
    ]
    assert spelled == []


def test_what_is_recorded_is_what_is_compared_with_the_state():
    # Said of entries, and of numbers that were skipped: compared while the ledger itself is read.
    within = {"opening", "counter", "clock"}
    assert set(protected.TABLES) == SOURCES - within


def test_a_kind_says_what_happened_to_what_in_words_of_its_own():
    assert [kind for kind in Kind if not re.fullmatch(r"[a-z_]+:[a-z_]+", kind) or not kind.word] == []
    # Closing, opening and counting a ballot are told of the session and of its ballot alike.
    assert len({kind.word for kind in Kind}) >= len(Kind) - 5


def test_reasons_and_persons_stay_shut():
    opened = {field for kind in Kind for field in kind.public}
    assert opened.isdisjoint({"by", "on_behalf_of", "who", "reason", "case", "text", "sender", "password", "ground"})
