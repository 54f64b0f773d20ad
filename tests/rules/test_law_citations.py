"""Every provision the project cites exists in the text of the law. The texts are those of `rules/data/law/`."""

import ast
import re
from pathlib import Path

from rules import catalogue

ROOT = Path(__file__).parents[2]
LAW = ROOT / "rules" / "data" / "law"
TEXTS = {
    "06/2022/QH15": "06-2022-QH15.txt",
    "30/2020/NĐ-CP": "30-2020-ND-CP.txt",
}
PACKAGES = ("rules", "ledger", "models", "operations", "documents", "notifications", "tasks", "flows", "cli", "web")

# The law heads an article "Điều 5."; the codified decree puts "(Điều 13 Nghị định số …" under its title.
ARTICLE = re.compile(r"^\s*(?=Điều \d+\.|\(Điều \d+ Nghị định)\(?Điều (\d+)")
CLAUSE = re.compile(r"^\s*(\d+)\.\s")
POINT = re.compile(r"^\s*([a-zđ])\)\s")
PROVISION = re.compile(r"\b(\d{1,3}\.\d{1,2}(?:\.[a-zđ])?)\b")


def provisions(text: str) -> set[tuple[str | None, ...]]:
    """Every (article, clause, point) of a text; a clause of an article without numbered clauses is None."""
    found: set[tuple[str | None, ...]] = set()
    article = clause = None
    for line in text.splitlines():
        if match := ARTICLE.match(line):
            article, clause = match[1], None
            found.add((article, None, None))
        elif article and (match := CLAUSE.match(line)):
            clause = match[1]
            found.add((article, clause, None))
        elif article and (match := POINT.match(line)):
            found.add((article, clause, match[1]))
    return found


def cited_by_packs() -> dict[tuple[str, ...], str]:
    """(document, article, clause, point) → who cites it."""
    found = {}
    for pack in catalogue.packs():
        citations = [pack.fit, *(gone[0] for gone in pack.levels_abolished.values())]
        rules = [*pack.exclusions, *(rule for rules in pack.standards.values() for rule in rules)]
        citations += [rule.citation for rule in rules]
        for rule in rules:
            citations += [catalogue.cite(text) for text in PROVISION.findall(rule.asks)]
        for award in pack.awards.values():
            citations += [award.article, award.decision_citation, *(one for _, one in award.also_decided_by)]
            citations += [stated.citation for stated in award.decided_by.values()]
            citations += [part.citation for part in award.dossier]
        for citation in citations:
            if citation:
                found[citation.document, citation.article, citation.clause, citation.point] = pack.id
    return found


def cited_in_code() -> dict[tuple[str | None, ...], str]:
    """Every `Citation(document=…, article=…)` written in the program with constants."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            constants = {
                target.id: node.value.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Citation"):
                    continue
                parts = {
                    word.arg: word.value.value
                    if isinstance(word.value, ast.Constant)
                    else constants.get(getattr(word.value, "id", ""), "?")
                    for word in node.keywords
                }
                cited = tuple(parts.get(name) for name in ("document", "article", "clause", "point"))
                if "?" not in cited:
                    found[cited] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def test_every_provision_cited_by_a_pack_exists():
    known = {document: provisions((LAW / file).read_text("utf-8")) for document, file in TEXTS.items()}
    missing = {
        cited: where
        for cited, where in cited_by_packs().items()
        if cited[0] in known and cited[1:] not in known[cited[0]]
    }
    assert missing == {}


def test_every_provision_cited_in_the_program_exists():
    known = {document: provisions((LAW / file).read_text("utf-8")) for document, file in TEXTS.items()}
    missing = {
        cited: where
        for cited, where in cited_in_code().items()
        if cited[0] in known and cited[1] is not None and cited[1:] not in known[cited[0]]
    }
    assert missing == {}


def test_the_reader_of_the_law_sees_what_is_there_and_only_that():
    known = provisions((LAW / TEXTS["06/2022/QH15"]).read_text("utf-8"))
    there = {
        ("23", "2", None),
        ("27", "1", "đ"),
        ("74", "1", "d"),
        ("77", None, None),
        ("93", "2", "d"),
        ("96", None, None),
    }
    absent = {("23", "3", None), ("27", "1", "e"), ("97", None, None), ("77", "1", None)}
    assert (there - known, absent & known) == (set(), set())


def test_other_documents_are_those_the_register_knows():
    documents = {cited[0] for cited in cited_by_packs()}
    assert documents == {
        "06/2022/QH15", "01/2024/TT-BNV", "98/2023/NĐ-CP", "90/2020/NĐ-CP", "152/2025/NĐ-CP", "72/2025/QH15",
    }  # fmt: skip


def test_no_rule_is_without_a_source_and_only_a_text_that_was_read_is_sure():
    sure = [
        rule.id
        for pack in catalogue.packs()
        for rule in (*pack.exclusions, *(one for rules in pack.standards.values() for one in rules))
        if rule.status in {"V1", "V2"} and (rule.citation.document != "06/2022/QH15" or rule.citation.article is None)
    ]
    assert sure == []
