"""Every page with hostile text in every field, in a real browser: no dialog, no CSP report, no request off the machine.

`town` gathers all three from every person's browser and fails at its end if there was any.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import Person, Town
from tests.conftest import Templates
from tests.web.busy_site import busy, places
from tests.web.conftest import Site
from tests.web.test_hostile import EVIL, evil
from tests.web.test_matrix import PAGES, PEOPLE

pytestmark = pytest.mark.browser
# What a browser downloads, or shows as it is.
FILES = (
    ".pdf",
    ".xlsx",
    ".csv",
    ".json",
    ".py",
    ".tlog-proof",
    "/checkpoint",
    "/vkey",
    "/healthz",
    "/readyz",
    "/metrics",
    "/attachments/1",
)


@pytest.fixture
def site(templates: Templates, tmp_path: Path) -> Iterator[Site]:
    with busy(templates, tmp_path / "site", "hostile", evil) as found:
        yield found


def visits() -> dict[str, list[str]]:
    """Person → the pages that they open: each page once, by each of those who may in turn."""
    found: dict[str, list[str]] = {}
    pages = {
        path: "".join(people for people, status in answers.items() if status == 200)
        for path, answers in PAGES.items()
        if not path.startswith("/api/") and not path.partition("?")[0].endswith(FILES)
    }
    for number, (path, people) in enumerate(pages.items()):
        if people:
            found.setdefault(people[number % len(people)], []).append(path)
    return found


def test_no_page_does_more_than_show_it(town: Town) -> None:
    at = places(town.site.office)
    shows, opened = 0, 0
    for letter, paths in visits().items():
        person = town.person()
        if letter != "N":
            person.sign_in(PEOPLE[letter])
        for path in paths:
            page = person.go(path.format(p=at))
            opened += 1
            assert page.evaluate("document.querySelectorAll('vd-evil, img[src=x], main script').length") == 0, path
            shows += EVIL[:8] in page.content().replace("&lt;", "<")
            assert person.noted == [], (letter, path)
    assert opened > 60
    assert shows > 30


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_typed_and_shown_again_it_stays_text(town: Town, javascript: bool) -> None:
    citizen, officer = town.person(javascript=javascript), town.person(javascript=javascript)
    _petition(citizen)
    citizen.go("/")
    citizen.page.fill("[name=text]", EVIL)
    citizen.page.press("[name=text]", "Enter")
    citizen.page.wait_for_url("**/?*")
    assert citizen.page.input_value("[name=text]").startswith("<vd-evil")
    officer.sign_in(PEOPLE["O"])
    officer.go(f"/nominations/{places(town.site.office).own['returned']}")
    officer.page.fill("textarea[name=text]", EVIL)
    officer.page.click("form[action$='/comments'] button")
    said = officer.page.locator("#thread ~ ol .said").last.inner_text()
    assert said.strip() == EVIL.strip()
    stored = town.site.office.one("SELECT text FROM comment ORDER BY id DESC LIMIT 1")
    assert stored == EVIL.strip()


def _petition(person: Person) -> None:
    """About a decision that is not there: the form comes back with what was typed, and the error summary has the focus."""
    page = person.go("/petitions/new")
    page.fill("[name=text]", EVIL)
    page.fill("[name=about]", "99/QĐ-UBND")
    page.fill("[name=sender]", EVIL)
    page.click("main form button")
    assert page.title().startswith("Lỗi: ")
    assert page.input_value("[name=sender]") == EVIL.strip()
