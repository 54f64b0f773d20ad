"""What a first view of a page costs somebody on a village connection: at most 100 KB, all of it from this site."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Response

from rules.lifecycle import State
from tests.browser.conftest import Town, served
from tests.conftest import Office, Templates
from tests.web.conftest import opened
from web.visit import LOOPBACK_COOKIE

pytestmark = pytest.mark.browser

LARGEST = 100 * 1024  # bytes transferred, fonts apart: there are none
MANY = 110  # more than any list shows at once


def furnish(office: Office) -> None:
    """Lists longer than a page, in every place that lists nominations."""
    round_ = office.open_round()
    for state in (State.DISCLOSED, State.RECOMMENDED, State.ON_BALLOT, State.SUBMITTED):
        round_.to(state, MANY)
    round_.to(State.SUBMITTED, unit="XA02")


@pytest.fixture(scope="module")
def long_lists(templates: Templates, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("long") / "site"
    with opened(templates, folder, name="long-lists", furnish=furnish) as found, served(found, chromium) as town:
        yield town


PAGES: tuple[tuple[str, str], ...] = (
    ("", "/"), ("", "/?list=people"), ("", "/decisions/{decision}"), ("", "/verify"), ("", "/petitions/new"), ("", "/login"),
    ("canbo.xa01", "/inbox"), ("canbo.xa01", "/nominations"), ("canbo.xa01", "/nominations/new"), ("canbo.xa01", "/nominations/{code}"),
    ("chuyenvien1", "/inbox?kind=submitted"), ("chuyenvien1", "/nominations/{code}"),
    ("thuky", "/inbox"), ("thuky", "/rounds/{round}"), ("thuky", "/council/{session}"), ("thuky", "/dashboard"),
    ("tv05", "/council/{session}/ballot"),
    ("chutich", "/inbox"), ("chutich", "/sign"), ("chutich", "/sign/{round}/decide/LDTT"),
    ("quantri", "/administration/accounts"), ("quantri", "/administration/units"),
)  # fmt: skip


@dataclass(frozen=True)
class Weight:
    """Of one first view: bytes on the wire with headers, whence, and how long its files may be kept."""

    wire: int
    origins: frozenset[str]
    files: dict[str, str]


def weigh(town: Town, token: str, path: str) -> Weight:
    """In a browser that has kept nothing but its session."""
    person = town.person()
    if token:
        person.context.add_cookies([{"name": LOOPBACK_COOKIE, "value": token, "url": town.base}])
    answers: list[Response] = []
    person.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 -- Playwright marks its handlers: a built-in takes no mark
    person.page.goto(town.base + path)
    assert [answer.status for answer in answers] == [200] * len(answers), [answer.url for answer in answers]
    sizes = [answer.request.sizes() for answer in answers]
    found = Weight(
        sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes),
        frozenset(answer.url.removeprefix(town.base)[:1] for answer in answers),
        {answer.url: answer.headers["cache-control"] for answer in answers if "/static/" in answer.url},
    )
    person.context.close()
    return found


def test_every_first_view_weighs_at_most_100_kb(long_lists: Town) -> None:
    site = long_lists.site
    names = {"round": site.round, "session": site.office.one("SELECT code FROM council_session WHERE state = 'open'"),
             "decision": site.decision, "code": site.codes[State.DISCLOSED]}  # fmt: skip
    tokens = {
        username: site.sign_in(username).cookies[LOOPBACK_COOKIE] for username in {one for one, _ in PAGES if one}
    }
    weights = {
        f"{username} {path}": weigh(long_lists, tokens.get(username, ""), path.format(**names))
        for username, path in PAGES
    }
    heavy = {page: weight.wire for page, weight in weights.items() if weight.wire > LARGEST}
    assert heavy == {}
    assert {origin for weight in weights.values() for origin in weight.origins} == {"/"}
    files = {url: said for weight in weights.values() for url, said in weight.files.items()}
    assert len(files) == 4
    assert set(files.values()) == {"public, max-age=31536000, immutable"}


def test_a_file_that_changes_gets_another_address(long_lists: Town) -> None:
    """What a browser keeps for a year is named by its own hash."""
    page = long_lists.person().go("/")
    places = page.evaluate(
        "[...document.querySelectorAll('link[href], script[src], img[src]')].map(one => one.href || one.src)"
    )
    assert [place for place in places if "/static/" in place and len(place.rpartition("?")[2]) != 12] == []
