"""A real browser (Debian's Chromium) before the real site on loopback, with JavaScript and without."""

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    Download,
    Locator,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.web.conftest import PASSWORD, Site, site  # noqa: F401 -- the same fixture, here before a real server

# Nothing of Chromium's own goes out, and it runs as root in a container.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
NARROW: ViewportSize = {"width": 320, "height": 800}  # WCAG 2.2, 1.4.10: 1280 px at 400 %
# What reaches beyond the page's width without standing in a region of its own that scrolls.
WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const culprits = [...document.querySelectorAll('body *')]
    .filter(one => one.getBoundingClientRect().right > root.clientWidth + 1 && !one.closest('.scroll'))
    .map(one => `${one.tagName.toLowerCase()}.${one.className}: ${one.textContent.trim().slice(0, 60)}`);
  return culprits.length ? culprits : [`the page: ${root.scrollWidth} px`];
}"""


@pytest.fixture(scope="module")  # idle, it costs a tenth of a processor
def chromium(component: Callable[[str, object], str]) -> Iterator[Browser]:
    place = component(
        "Chromium", shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    playwright: Playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=place, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Person:
    """One person's browser. Every dialog, page error, CSP report and request off the machine is noted."""

    context: BrowserContext
    page: Page
    base: str
    noted: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def dismiss(self, dialog: Dialog) -> None:
        self.noted.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def path(self) -> str:
        """Where this person stands, without the receipt's key."""
        return self.page.url.removeprefix(self.base).partition("?")[0]

    def sign_in(self, username: str, password: str = PASSWORD) -> Page:
        self.go("/login")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", password)
        self.click(self.page.locator("main button"))
        assert self.page.url == f"{self.base}/inbox", self.page.inner_text("main")
        return self.page

    def click(self, wanted: Locator) -> Page:
        """Click what leads to another page, and be there."""
        with self.page.expect_navigation():
            wanted.click()
        return self.page

    def link(self, words: str | re.Pattern[str]) -> Locator:
        """The link of the page's main part that says so."""
        return self.page.locator("main").get_by_role("link", name=words, exact=True)

    def button(self, words: str) -> Locator:
        """The button of the page's main part that says so."""
        return self.page.locator("main").get_by_role("button", name=words, exact=True)

    def follow(self, words: str) -> Page:
        return self.click(self.link(words))

    def press(self, words: str, *, password: str = "") -> Page:
        """Press a button; with `password` also what it asks for then, on the page or on the next."""
        own = self.page.get_by_label("Mật khẩu của bạn", exact=True)
        if password and own.count():
            own.fill(password)
            return self.click(self.button(words))
        page = self.click(self.button(words))
        if password:
            own.fill(password)
            page = self.click(self.button("Xác nhận và thực hiện"))
        return page

    def download(self, wanted: Locator) -> Download:
        """Click what offers a file, and take it."""
        with self.page.expect_download() as taken:
            wanted.click()
        return taken.value

    def stands_at(self, wanted: str) -> None:
        """The focus is there, as soon as the page has settled."""
        expect(self.page.locator(wanted)).to_be_focused()

    @property
    def receipt(self) -> str:
        """What the page says was done."""
        return self.page.locator("main .panel.done h2").inner_text()

    def serious(self) -> list[str]:
        """What axe-core calls serious or critical on the present page, one line each."""
        self.page.evaluate(AXE_SCRIPT)
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    def beyond(self) -> list[str]:
        """What makes the present page scroll sideways on a screen of 320 px."""
        usual = self.page.viewport_size
        assert usual is not None
        self.page.set_viewport_size(NARROW)
        found: list[str] = self.page.evaluate(WIDE)
        self.page.set_viewport_size(usual)
        return found


@dataclass
class Town:
    """The site on a loopback port and the people who come to it."""

    site: Site
    base: str
    chromium: Browser
    people: list[Person] = field(default_factory=list)

    def person(self, *, javascript: bool = True, width: int = 1280) -> Person:
        context = self.chromium.new_context(
            java_script_enabled=javascript, viewport={"width": width, "height": 900}, locale="vi-VN"
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        person = Person(context, page, self.base)
        page.on("dialog", person.dismiss)
        page.on("pageerror", lambda error: person.noted.append(f"page error: {error}"))
        page.on(
            "console",
            lambda said: (
                person.noted.append(f"console: {said.text}") if "Content Security Policy" in said.text else None
            ),
        )
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith((self.base, "data:", "blob:"))
                else person.noted.append(f"request off the machine: {asked.url}")
            ),
        )
        self.people.append(person)
        return person


@contextmanager
def served(site: Site, chromium: Browser) -> Iterator[Town]:  # noqa: F811 -- a site, of whatever fixture
    """The site behind a real server; at the end nobody may have met a dialog, a CSP report, a request elsewhere."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(site.public.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        found = Town(site, base, chromium)
        try:
            yield found
        finally:
            for person in found.people:
                person.context.close()
            server.should_exit = True
            thread.join(10)
    assert [one for person in found.people for one in person.noted] == []


@pytest.fixture
def town(site: Site, chromium: Browser) -> Iterator[Town]:  # noqa: F811 -- the fixture of the same name
    with served(site, chromium) as found:
        yield found
