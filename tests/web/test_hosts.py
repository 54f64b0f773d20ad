"""Under which names the site answers, and what a browser may bring it there: names of ours, and cookies of ours."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.web.conftest import Site
from web import app as site_app
from web import visit

OURS = "congkhai.nammau.example"


def known_as(patch: pytest.MonkeyPatch, **settings: str) -> FastAPI:
    """The same site as another process has it, with these settings."""
    for name, value in settings.items():
        patch.setenv(f"VINHDANH_{name}", value)
    visit.installation.cache_clear()
    return site_app.create_app()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("[::1]:8000", 200),
        (OURS, 200),
        (f"{OURS.upper()}:443", 200),
        ("may-chu", 200),  # as in `up --host may-chu`
        ("192.0.2.7:8000", 200),  # the address that was reached
        ("192.0.2.8:8000", 421),
        ("evil.example", 421),
        (f"{OURS}.evil.example", 421),
        (f"{OURS}@evil.example", 421),
        (f"evil.example@{OURS}", 421),
        (f"{OURS}/evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("0.0.0.0", 421),
        ("2130706433", 421),  # 127.0.0.1 as one number
        ("", 421),
    ],
)
def test_the_site_answers_to_its_own_names_only(
    site: Site, monkeypatch: pytest.MonkeyPatch, host: str, status: int
) -> None:
    app = known_as(monkeypatch, BASE_URL=f"https://{OURS}/", BOUND_NAME="may-chu")
    browser = TestClient(app, base_url="http://192.0.2.7:8000", follow_redirects=False)
    for path in ("/", "/healthz", "/api/v1/openapi.json", "/static/office.css"):
        answer = browser.get(path, headers={"Host": host})
        assert answer.status_code == status, path
        if status == 421:
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert "evil.example" not in answer.text
    assert browser.get("/", headers=[("Host", OURS), ("Host", "evil.example")]).status_code == 421


def test_bound_to_every_address_it_answers_on_the_one_that_was_reached(site: Site) -> None:
    with _served(site.public.app, "0.0.0.0") as port:
        answers = {
            host: httpx.get(f"http://127.0.0.2:{port}/healthz", headers={"Host": host}, trust_env=False).status_code
            for host in (f"127.0.0.2:{port}", f"127.0.0.3:{port}", "evil.example", f"localhost:{port}")
        }
    assert list(answers.values()) == [200, 421, 421, 200]


@contextmanager
def _served(app: object, host: str) -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=0, log_level="critical", lifespan="off", ws="none"))  # type: ignore[arg-type] -- an ASGI application
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def test_a_neighbours_cookie_signs_nobody_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site under the same domain may set `vinhdanh` for ours: good on this machine over plain HTTP, nowhere else."""
    token = site.sign_in("thuky").cookies[visit.LOOPBACK_COOKIE]
    app = known_as(monkeypatch, BASE_URL=f"https://{OURS}")
    seen = {}
    for place in ("http://127.0.0.1", "http://localhost", f"http://{OURS}", f"https://{OURS}", "https://127.0.0.1"):
        browser = TestClient(app, base_url=place, follow_redirects=False)
        fixed = browser.get("/account", headers={"Cookie": f"{visit.LOOPBACK_COOKIE}={token}"}).status_code
        own = browser.get("/account", headers={"Cookie": f"{visit.HOST_COOKIE}={token}"}).status_code
        seen[place] = (fixed, own)
    assert list(seen.values()) == [(200, 200), (200, 200), (303, 200), (303, 200), (303, 200)]


def test_figures_are_told_to_this_machine_under_its_own_name_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands before us and forgets to say for whom it asks."""
    app = known_as(monkeypatch, BASE_URL=f"https://{OURS}")
    here = TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000))
    hosts = ("127.0.0.1:8000", "localhost", "[::1]", OURS)
    assert [here.get("/metrics", headers={"Host": host}).status_code for host in hosts] == [200, 200, 200, 404]
    there = TestClient(app, base_url="http://127.0.0.1:8000", client=("203.0.113.7", 50_000))
    assert there.get("/metrics").status_code == 404
