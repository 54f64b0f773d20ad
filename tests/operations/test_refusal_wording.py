"""What a refusal tells people to do next is right at every door: a command stands only where it comes second."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import operations.access

ROOT = Path(operations.access.__file__).parents[1]
# Met before there is any page to show, by whoever runs the machine.
OF_THE_MACHINE = {"operations/installation.py", "operations/ledger_book.py", "operations/seal.py"}
HINT = re.compile(r"\(dòng lệnh: [^()]*\)")
COMMAND = re.compile(r"`|(?<!\w)--\w|\bvinhdanh \w")


def said() -> Iterator[tuple[str, str]]:
    """(file:line, sentence) of every refusal: the words of the call that makes it."""
    for folder in ("rules", "operations", "web"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = getattr(node, "func", None)
                if getattr(called, "id", "") in {"Refusal", "Unreadable", "problem"} and name not in OF_THE_MACHINE:
                    words = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                    # What fills a sentence in is left out; the parts of one stand in their order.
                    yield f"{name}:{node.lineno}", " ".join(word for word in words if isinstance(word, str))


def test_no_refusal_sends_a_web_user_to_the_command_line() -> None:
    sentences = list(said())
    assert len(sentences) > 250
    assert sum(bool(HINT.search(text)) for _, text in sentences) > 10
    assert [(where, text) for where, text in sentences if COMMAND.search(HINT.sub("", text))] == []
