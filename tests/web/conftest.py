"""The whole site on a sample office with a round in every state, as a browser would find it.

`site` is a fresh copy for each test (SQLite); `site.sign_in("thuky")` is a client with that person's session.
"""

import html
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from models.database import Database
from operations.installation import Installation
from operations.people import passwords
from operations.upkeep import sample
from rules.lifecycle import State
from tests.conftest import NOW, Office, Round, Templates, begin_ledger, write_key
from web import app as site_app
from web import visit
from web.routes import identity_provider, petitions

PASSWORD = "mat-khau-cua-mau"
# Later ones first: a council session takes with it whatever waits for the council.
STATES = (
    State.DISCLOSED, State.SIGNED, State.FORWARDED, State.RECOMMENDED, State.NOT_RECOMMENDED, State.ELIGIBLE,
    State.PAUSED, State.RETURNED, State.INELIGIBLE, State.SUBMITTED, State.DRAFT,
)  # fmt: skip


# A hash says what it cost: signing in takes a millisecond here, a tenth of a second outside of the tests.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def set_up(database: Database) -> None:
    begin_ledger(database)
    with database.begin() as session, pytest.MonkeyPatch.context() as hashing:
        hashing.setattr(passwords, "_HASHER", CHEAP)
        sample.set_up(session, now=NOW, password=PASSWORD)


class Browser(TestClient):
    """A browser, or a program, whose person gives the password when asked for it, unless `silent`."""

    silent = False

    def post(self, url: Any, **words: Any) -> httpx.Response:
        answer: httpx.Response = super().post(url, **words)
        if self.silent or answer.status_code != 422:
            return answer
        if 'id="ask-again"' in answer.text:
            answer = super().post(url, **words | {"data": {**(words.get("data") or {}), "password": PASSWORD}})
        elif (
            answer.headers["content-type"] == "application/problem+json"
            and '"body' in answer.text
            and "files" not in words
        ):
            answer = super().post(url, **words | {"json": {**(words.get("json") or {}), "password": PASSWORD}})
        return answer


class Site:
    """The running application, its office and its round. `codes[state]` is one nomination of XA01 in each state."""

    def __init__(self, office: Office, folder: Path, client: TestClient) -> None:
        self.office = office
        self.folder = folder
        self.public = client
        rows = office.rows(
            "SELECT n.state, n.code FROM nomination n JOIN unit u ON u.id = n.unit_id WHERE u.code = 'XA01' ORDER BY n.id DESC"
        )
        self.codes: dict[str, str] = {str(state): str(code) for state, code in rows}
        self.round: str = office.one("SELECT code FROM review_round ORDER BY id LIMIT 1")
        self.session: str = office.one("SELECT code FROM council_session ORDER BY id DESC LIMIT 1")
        self.decision: str = office.one("SELECT code FROM decision WHERE state = 'in_force' ORDER BY id LIMIT 1")
        # A nomination of another unit, for whoever must not see it.
        self.foreign: str = office.one(
            "SELECT n.code FROM nomination n JOIN unit u ON u.id = n.unit_id WHERE u.code = 'XA02' ORDER BY n.id LIMIT 1"
        )

    def client(self) -> Browser:
        """A browser of its own, not signed in."""
        browser = Browser(
            self.public.app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=True
        )
        browser.portal = self.public.portal  # the running application's thread, else one is started for each request
        return browser

    def shares(self, session: str) -> dict[str, str]:
        """Each teller takes the own share on the own page; what the pages showed."""
        tellers = self.office.rows(
            "SELECT m.username FROM session_member m JOIN council_session s ON s.id = m.session_id "
            "WHERE s.code = :code AND m.teller ORDER BY m.id",
            code=session,
        )
        found = {}
        for (teller,) in tellers:
            browser = self.sign_in(teller)
            place = f"/council/{session}/share"
            shown = browser.post(place, data=hidden(browser.get(place), place)).text
            (text,) = re.findall(r"<textarea[^>]*readonly>(.*?)</textarea>", shown, re.DOTALL)
            found[teller] = html.unescape(text)
        return found

    def sign_in(self, username: str, password: str = PASSWORD) -> Browser:
        browser = self.client()
        answer = browser.post("/login", data={"username": username, "password": password})
        assert (answer.status_code, answer.headers.get("location")) == (303, "/inbox"), answer.text
        return browser


def hidden(page: httpx.Response, action: str = "") -> dict[str, Any]:
    """The hidden fields of a page's form (the first one whose action ends so): what a browser would send along."""
    forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", page.text, re.DOTALL)
    for attributes, inside in forms:
        if f'action="{action}' in attributes or (not action and 'class="plain"' not in inside):
            fields = re.findall(r"<input\b([^>]*)>", inside)
            pairs = [dict(re.findall(r'([\w-]+)="([^"]*)"', one)) for one in fields]
            return {one["name"]: one.get("value", "") for one in pairs if one.get("type") == "hidden"}
    raise AssertionError(f"no form {action!r} on {page.url}: {page.text[:2000]}")


def furnish_site(office: Office) -> None:
    """One round with a nomination of XA01 in every state that people meet, and one of XA02."""
    round_: Round = office.open_round()
    for state in STATES:
        round_.to(state)
    round_.to(State.SUBMITTED, unit="XA02")
    round_.session()


@contextmanager
def opened(
    templates: Templates,
    folder: Path,
    *,
    kind: str = "sqlite",
    name: str = "site",
    furnish: Callable[[Office], object] = furnish_site,
) -> Iterator[Site]:
    """The site on its own copy of the office as `furnish` leaves it; `name` says which of these it is."""
    for part in ("files", "run", "prefect"):
        (folder / part).mkdir(parents=True)
    signer = write_key(folder)
    templates.build(kind, "migrated", on=None, acts=Database.migrate)
    templates.build(kind, "site-office", on="migrated", acts=set_up)
    templates.build(kind, name, on="site-office", acts=lambda own: furnish(Office(own, signer)))
    database, drop = templates.copy(kind, name, folder)
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("VINHDANH_DATA", str(folder))
        settings.setenv("VINHDANH_NOW", NOW.isoformat())
        if kind != "sqlite":
            url = database.engine.url.set(drivername=kind)
            settings.setenv("VINHDANH_DATABASE_URL", url.render_as_string(hide_password=False))
        visit.installation.cache_clear()
        for limit in (
            petitions.FILED,
            petitions.FILED_TODAY,
            petitions.ASKED,
            identity_provider.BEGUN,
        ):  # counted in this process: each site begins anew
            limit.clear()
        with TestClient(site_app.create_app(), base_url="http://127.0.0.1", follow_redirects=False) as client:
            yield Site(Office(database, signer), folder, client)
        visit.installation.cache_clear()
    drop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(templates: Templates, tmp_path: Path) -> Iterator[Site]:
    with opened(templates, tmp_path / "site") as found:
        yield found


@pytest.fixture
def site_installation(site: Site) -> Installation:
    return Installation.at(site.folder)
