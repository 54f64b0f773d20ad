"""English as the second language: no sentence of any page is missing in the catalogue, and none is left over."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from ledger.kinds import Kind
from operations.people import four_eyes
from operations.views import inbox
from rules import lifecycle
from rules.vocabulary import BallotKind, Choice, ConflictState, Outcome, RoundKind, SessionState
from tests.web.conftest import Site
from web import language

WEB = Path(language.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "words": None}


def shown() -> set[str]:
    """Every sentence that a page may show through `_`."""
    found = {
        str(message)
        for _, _, message, _, _ in extract_from_dir(
            WEB, METHODS, keywords=KEYWORDS, options_map={"**": {"encoding": "utf-8"}}
        )
    }
    named = (lifecycle.STATE_NAMES, lifecycle.STAGE_NAMES, lifecycle.ROLE_NAMES)
    for names in (*named, inbox.KINDS, four_eyes.ACTS):
        found |= set(names.values())
    spoken = (Kind, SessionState, BallotKind, Choice, Outcome, ConflictState, RoundKind)
    found |= {one.word for words in spoken for one in words}
    return found


def test_every_sentence_has_its_english() -> None:
    assert sorted(shown() - set(language.english())) == []


def test_no_english_without_its_sentence() -> None:
    assert sorted(set(language.english()) - shown()) == []


def test_placeholders_are_the_same() -> None:
    wrong = [
        sentence
        for sentence, said in language.english().items()
        if sorted(re.findall(r"%\(\w+\)s|\{\w*\}", sentence)) != sorted(re.findall(r"%\(\w+\)s|\{\w*\}", said))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", ["/", "/login", "/verify", "/petitions/new"])
def test_a_page_changes_its_language_and_back(site: Site, path: str) -> None:
    browser = site.client()
    assert '<html lang="vi">' in browser.get(path).text
    answer = browser.post("/language", data={"to": "en", "next": path})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert '<html lang="en">' in browser.get(path).text
    browser.post("/language", data={"to": "vi", "next": path})
    assert '<html lang="vi">' in browser.get(path).text


# Refusals ------------------------------------------------------------------------------------------------------------


def refused() -> set[str]:
    """The codes of all refusals that the program writes out, also where one of two stands in the call."""
    found: set[str] = set()
    for folder in ("rules", "operations", "web"):
        for path in (WEB.parent / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                    said = node.args[0]
                    chosen = (said.body, said.orelse) if isinstance(said, ast.IfExp) else (said,)
                    found |= {str(one.value) for one in chosen if isinstance(one, ast.Constant)}
    return found


def test_every_refusal_has_its_gist_in_english() -> None:
    written = refused()
    assert len(written) > 120
    assert sorted(written - set(language.gists())) == []
    # Named by what they are about, not where they are raised.
    assert sorted(set(language.gists()) - written) == ["control_characters"]


def test_an_english_page_says_what_a_refusal_comes_to(site: Site) -> None:
    browser = site.sign_in("thuky")
    path = "/nominations/DN-2024-999999"
    gist = "There is no such nomination."
    assert gist not in browser.get(path).text
    browser.cookies.set(language.COOKIE, language.ENGLISH)
    text = browser.get(path).text
    assert f'<p class="lead">{gist}</p>' in text
    assert '<p lang="vi">Không có hồ sơ đề nghị mang mã' in text
