"""The documents beside the code: what a comment points at is in the repository, what a page shows exists."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
SOURCES = [ROOT / name for name in TRACKED if name.endswith((".py", ".typ", ".html", ".yaml", ".toml", ".css"))]
PAGES = [ROOT / name for name in TRACKED if name.endswith(".md")]
# Papers of the founders' desk that readers of the repository do not have.
_ELSEWHERE = re.compile(
    r"(?<!docs/)\b(contract|domain|design|house|style)\.md\b|\b(contract|domain|design|house) (§|D\d)|(?<!docs/)\bshared/"
    r"|\boutward contract\b|\bseed letter\b|\bthe design\b|\bthe contract\b|\bcontract's\b"
)

_PAGE = re.compile(r"\b(docs/[\w/.-]+\.(?:md|py|svg|png))\b")


def lines(sources: list[Path]) -> list[tuple[str, str]]:
    """(place, line) of these files, this one left out."""
    texts = [(one, one.read_text(encoding="utf-8")) for one in sources if one.exists() and one != Path(__file__)]
    return [
        (f"{one.relative_to(ROOT)}:{n}", line) for one, text in texts for n, line in enumerate(text.splitlines(), 1)
    ]


def test_no_comment_points_at_a_paper_that_is_not_here() -> None:
    assert [(place, line.strip()) for place, line in lines(SOURCES) if _ELSEWHERE.search(line)] == []


def test_a_page_that_a_comment_names_exists() -> None:
    named = [(place, name) for place, line in lines(SOURCES) for name in _PAGE.findall(line)]
    assert [(place, name) for place, name in named if not (ROOT / name).exists()] == []
    assert len(named) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = {target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target}
    assert sorted(target for target in linked if not (page.parent / target).exists()) == []
    if page.name != "CHANGELOG.md":
        coded = re.findall(
            r"`((?:web|cli|operations|rules|ledger|models|tasks|flows|deployments|documents|notifications|tests|docs)"
            r"/[\w./-]+\.(?:py|md|yaml|toml|csv|html|typ))`",
            text,
        )
        assert sorted({name for name in coded if not (ROOT / name).exists()}) == []


def test_decisions_are_in_the_index_with_their_day() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("0*.md"))
    assert [record.name for record in records if f"({record.name})" not in index] == []
    assert [record.name for record in records
            if not re.search(r"^20\d\d-\d\d-\d\d · Status: ", record.read_text(encoding="utf-8"), re.MULTILINE)] == []  # fmt: skip


def public_classes(folder: str) -> set[str]:
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        if "migrations" not in path.parts:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"}
    return found


@pytest.mark.parametrize("folder", ["rules", "models"])
def test_the_glossary_has_every_public_name(folder: str) -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`(\w+)(?:\.\w+)?`", page))
    assert sorted(public_classes(folder) - words) == []


def test_the_glossary_names_nothing_that_is_gone() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    classes = set(re.findall(r"`([A-Z]\w+[a-z]\w*)`", page))
    assert sorted(classes - public_classes("rules") - public_classes("models")) == []
