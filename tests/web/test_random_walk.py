"""Who reads which text: a canary stands in every field that is not everybody's, and each person's pages are searched.

First every address there is, for exactly the canaries that the whitelist of `rules.policy` lets each person see; then
a walk at random, following links and sending forms, that must meet no other and no fault of the server.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.conftest import LONG, Templates
from tests.web.busy_site import BORN, STATES, UNITS, Places, busy, places
from tests.web.conftest import PASSWORD
from tests.web.test_matrix import COUNCIL, EVERYBODY, OFFICE, PAGES, PEOPLE, WORKERS, Party

STEPS = 300 if LONG else 60
PAPERS = (".pdf", ".xlsx")  # slow to make; the matrix asks for each
PUBLISHED = {"disclosed", "revoked"}


def canary(what: str) -> str:
    return f"ZQ-{what}-QZ"


def _readers() -> dict[str, str]:
    """Canary → who may ever read it."""
    found = {
        "round.title": EVERYBODY,
        # Of awards already published, and of each unit's own: in a page of everybody.
        **dict.fromkeys(("nominee.position", "nominee.workplace", "nomination.achievement"), EVERYBODY),
        "nominee.honorific": WORKERS,
        "nomination.field": WORKERS,  # on the nomination's own page
        "session.place": COUNCIL,
        "conflict.note": "RSI",  # its sentence names the nominee, whom the member no more sees
        "deadline.reason": WORKERS,
        "decision.reason": WORKERS,  # on the pages of its nominations; the register says revoked, and by which article
        "petition.text": "RSCI",
        "petition.sender": "RSCI",
        "petition.answer": "RSCI",
        "unit.name": EVERYBODY,
        "account.name": "AS",  # the secretary appoints members from among them
        "account.email": "",  # for letters alone
        "authorisation.document": "CD",
    }
    for unit, own in (("XA01", "OH"), ("XA02", "F")):
        whole = own + COUNCIL
        for state in STATES:
            # M stands aside from XA02's eligible nomination: not even its name.
            aside = (unit, state.value) == ("XA02", "eligible")
            readers = EVERYBODY if state.value in PUBLISHED else whole.replace("M", "") if aside else whole
            found[f"{unit}.name.{state.value}"] = readers
        found |= {
            f"{unit}.gender": whole,
            f"{unit}.paper": whole,
            f"{unit}.ethnicity": whole,
            f"{unit}.initiative": whole,
            f"{unit}.prior_decision": whole,
            f"{unit}.birth_date": own + "RSI",
            f"{unit}.email": own + "RSI",
            f"{unit}.comment": whole.replace("M", "") if unit == "XA02" else whole,
            f"{unit}.reason.paused": OFFICE,  # it may point at who complained
            **{f"{unit}.reason.{why}": whole for why in ("withdrawn", "returned", "ineligible", "refused")},
        }
    return found


READERS = _readers()


def seen_in(answer: httpx.Response) -> set[str]:
    """The canaries in an answer, head lines included."""
    if answer.headers.get("content-type", "").startswith(("application/pdf", "application/vnd")):
        return set()  # papers have their own tests
    text = f"{answer.headers} {answer.text}"
    found = set(re.findall(r"ZQ-([\w.]+?)-QZ", text))
    for unit in UNITS:
        born = BORN[unit]
        if f"{born:%d/%m/%Y}" in text or born.isoformat() in text:
            found.add(f"{unit}.birth_date")
        if f"zq{unit.lower()}." in text.lower():
            found.add(f"{unit}.email")
    return found | ({"account.email"} if "zqmoi@" in text else set())


@pytest.fixture(scope="module")
def party(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Party]:
    folder = tmp_path_factory.mktemp("walk") / "site"
    with busy(templates, folder, "canaries", canary) as site:
        yield Party(site)


def addresses(at: Places) -> list[str]:
    """Every address with every object."""
    found = [path.format(p=at) for path in PAGES]
    codes = [*at.own.values(), *at.foreign.values()]
    found += [f"{prefix}/nominations/{code}" for code in codes for prefix in ("", "/api/v1")]
    found += [
        f"/council/{session}{end}"
        for session in (at.convened, at.open, at.tallied)
        for end in ("", "/conflicts", "/verify")
    ]
    found += [f"/decisions/{n}-2024" for n in range(1, 5)] + [f"/petitions/{at.petition}", f"/petitions/{at.aside}"]
    found += [
        "/?list=people",
        "/?list=people&text=zq",
        "/nominations?text=zq",
        "/api/v1/nominations?limit=500",
        "/api/v1/register?limit=500",
    ]
    found += [
        f"/inbox?kind={kind}"
        for kind in ("draft", "returned", "submitted", "sign", "paused", "petition", "disclose", "answer")
    ]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("letter", EVERYBODY)
def test_everybody_reads_exactly_what_the_whitelist_lets_them(party: Party, letter: str) -> None:
    seen: dict[str, str] = {}
    for path in addresses(party.places):
        answer = party.get(letter, path)
        seen |= dict.fromkeys(seen_in(answer) - set(seen), path)
    wanted = {what for what, people in READERS.items() if letter in people}
    foreign = {what: path for what, path in seen.items() if what not in wanted}
    assert foreign == {}, "read by somebody who may not"
    assert wanted - set(seen) == set(), "in the table, and on no page: a stale row, or a page that hides too much"


# At random -----------------------------------------------------------------------------------------------------------


@dataclass
class Form:
    """One form of a page, with what a browser would send for each of its fields."""

    action: str
    method: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)  # name, type, value
    options: dict[str, list[str]] = field(default_factory=dict)


class Reader(HTMLParser):
    """The links and forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        for name in ("href", "hx-get"):
            if said.get(name, "").startswith(("/", "?", "#")):
                self.links.append(said[name])
        if tag == "form":
            self._form = Form(said.get("action", ""), said.get("method", "get"))
            self.forms.append(self._form)
        elif self._form is not None and tag in {"input", "button", "textarea"} and said.get("name"):
            self._form.fields.append(
                (said["name"], said.get("type", "button" if tag == "button" else "text"), said.get("value", ""))
            )
        elif self._form is not None and tag == "select":
            self._select = said["name"]
            self._form.options[self._select] = []
        elif self._form is not None and tag == "option":
            self._form.options[self._select].append(said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


# Ends the walk, or works out a slow password hash for nothing.
LEFT_ALONE = frozenset({"/logout", "/login", "/confirm", "/account/password", "/account/second-factor/off"})


class Walker:
    """Somebody who clicks at random; what they see is gathered with where."""

    def __init__(self, browser: TestClient, chance: random.Random, guesses: list[str]) -> None:
        self.browser = browser
        self.chance = chance
        self.guesses = guesses
        self.at = "/inbox"
        self.seen: dict[str, str] = {}
        self.faults: list[str] = []
        self.sent = 0

    def walk(self, steps: int) -> None:
        page = self._go("GET", "/inbox")
        for _ in range(steps):
            reader = Reader(page.text if page.headers.get("content-type", "").startswith("text/html") else "")
            forms = [form for form in reader.forms if form.action.partition("?")[0] not in LEFT_ALONE]
            if len(forms) > 1:  # the choice of language stands on every page
                forms = [form for form in forms if form.action != "/language"]
            turn = self.chance.random()
            if turn < 0.2 or not (reader.links or forms):
                page = self._go("GET", self.chance.choice(self.guesses))
            elif turn < 0.6 and forms:
                page = self._send(self.chance.choice(forms))
            else:
                pages = [link for link in reader.links if not link.partition("?")[0].endswith(PAPERS)]
                page = self._go("GET", self.chance.choice(pages or ["/"]))

    def _send(self, form: Form) -> httpx.Response:
        self.sent += 1
        data: dict[str, list[str]] = {}
        buttons = [(name, value) for name, kind, value in form.fields if kind in {"button", "submit"}]
        for name, kind, value in form.fields:
            if kind == "hidden":
                data.setdefault(name, []).append(value)
            elif kind == "password":
                data[name] = [PASSWORD]
            elif kind == "checkbox" and self.chance.random() < 0.5:
                data.setdefault(name, []).append(value)
            elif kind == "radio" and (name not in data or self.chance.random() < 0.4):
                data[name] = [value]
            elif kind not in {"checkbox", "radio", "file", "button", "submit"}:
                data[name] = [
                    self.chance.choice((value, "", "thử", "1", "2024-12-20", "08:00", "1-2024", "24.1.a", "x" * 300))
                ]
        for name, values in form.options.items():
            data[name] = [self.chance.choice(values)] if values else []
        if buttons:
            name, value = self.chance.choice(buttons)
            data.setdefault(name, []).append(value)
        return self._go(form.method.upper(), form.action or self.at, data)

    def _go(self, method: str, path: str, data: dict[str, Any] | None = None) -> httpx.Response:
        for _ in range(4):
            if path.startswith(("?", "#")):
                path = self.at + (path if path.startswith("?") else "")
            path = path.partition("#")[0]
            said = {"params": data} if method == "GET" and data else {"data": data} if data else {}
            answer = self.browser.request(method, path, **said)
            self.seen |= dict.fromkeys(seen_in(answer) - set(self.seen), f"{method} {path}")
            if answer.status_code >= 500:
                self.faults.append(f"{answer.status_code} {method} {path} {data}")
            if answer.status_code != 303:
                break
            method, path, data = "GET", answer.headers["location"], None
        self.at = str(answer.url.path)
        return answer


@pytest.mark.parametrize("letter", EVERYBODY)
def test_a_walk_at_random_meets_nothing_foreign_and_no_fault(templates: Templates, tmp_path: Any, letter: str) -> None:
    with busy(templates, tmp_path / "site", "canaries", canary) as site:
        browser = site.client() if letter == "N" else site.sign_in(PEOPLE[letter])
        guesses = [path for path in addresses(places(site.office)) if not path.endswith(PAPERS)]
        walker = Walker(browser, random.Random(f"walk {letter}"), guesses)
        walker.walk(STEPS)
        assert walker.faults == []
        assert walker.sent > STEPS / 12
        may_not = {what: where for what, where in walker.seen.items() if letter not in READERS[what]}
        assert may_not == {}
        assert site.office.violations() == []  # whatever was sent, the ledger still tells the same


def test_the_canaries_are_where_they_should_be(party: Party) -> None:
    """A canary that was never planted would prove nothing."""
    office = party.site.office
    stored = {row[0] for row in office.rows("SELECT name FROM nominee")}
    assert {canary(f"{unit}.name.{state.value}") for unit in UNITS for state in STATES} == stored
