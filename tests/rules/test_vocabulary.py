"""A closed list is read by its names: no code compares a state, a kind or an answer with a bare string."""

import ast
from collections.abc import Iterator
from pathlib import Path

from rules import vocabulary
from rules.lifecycle import Action, Role, Stage, State
from rules.vocabulary import Word

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "rules",
    "ledger",
    "models",
    "operations",
    "documents",
    "notifications",
    "tasks",
    "flows",
    "deployments",
    "web",
    "cli",
)
# Columns and fields that hold a word of a closed list, whatever the row they stand in is called.
HOLDS = frozenset(
    [
        "state",
        "stage",
        "kind",
        "role",
        "route",
        "outcome",
        "verdict",
        "answer",
        "strength",
        "source",
        "ground",
        "choice",
        "level",
        "action",
        "rating",
    ]
)
# These say the same words of something else.
APART = {
    "operations/unit_proposal/workbook/child.py",  # runs alone, in a process that has no package of ours
}


def lists() -> list[type[Word]]:
    return [
        one for one in vars(vocabulary).values() if isinstance(one, type) and issubclass(one, Word) and one is not Word
    ]


def values() -> frozenset[str]:
    words: list[type] = [*lists(), Stage, State, Role, Action]
    return frozenset(str(value) for one in words for value in one)  # type: ignore[attr-defined] # -- each is an enum


def named(node: ast.expr) -> str | None:
    """The last name of `row.state`, `row["state"]`, `found.get("state")`, `state`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return None


def strings(node: ast.expr) -> list[ast.Constant]:
    if isinstance(node, ast.IfExp):
        return [*strings(node.body), *strings(node.orelse)]
    nodes = node.elts if isinstance(node, ast.Set | ast.Tuple | ast.List) else [node]
    return [one for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)]


# Where a keyword of this name takes a word of a closed list; `kind` is also what a pile, a letter, an act is called.
KEYWORDS = HOLDS - {"kind", "action", "level", "source", "answer", "ground", "choice"}


def said(tree: ast.AST) -> Iterator[ast.Constant]:
    """Bare strings that a field is compared with, looked for in, or set to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and named(node.left) in HOLDS:
            yield from (one for other in node.comparators for one in strings(other))
        elif isinstance(node, ast.Call):
            yield from (one for word in node.keywords if word.arg in KEYWORDS for one in strings(word.value))
            of = node.func
            if isinstance(of, ast.Attribute) and of.attr in {"in_", "not_in"} and named(of.value) in HOLDS:
                yield from (one for given in node.args for one in strings(given))


def test_no_word_of_a_closed_list_is_written_as_a_bare_string() -> None:
    known, bare = values(), []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place not in APART and "/migrations/" not in place:
            found = said(ast.parse(path.read_text(encoding="utf-8")))
            bare += [f"{place}:{one.lineno} {one.value}" for one in found if one.value in known]
    assert bare == []


def test_every_list_has_words_and_none_is_without_a_reader() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "vocabulary.py"
    ]
    for one in lists():
        assert all(value.word for value in one), one
        assert any(one.__name__ in text for text in texts), one
