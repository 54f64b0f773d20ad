"""Every act of `policy.CONFIRMED` asks who one is on the very request that does it, at both doors: no list but the policy's."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from operations.people import links, tokens
from rules import policy
from rules.lifecycle import State
from tests.web.conftest import PASSWORD, Site
from tests.web.site_map import CHANGING, routes
from web.api.app import PREFIX
from web.visit import LOOPBACK_COOKIE, csrf_token

ROUTES = {
    route.name
    for route in routes()
    if route.method in CHANGING and any(permit.act in policy.CONFIRMED for permit in route.permits)
}
# Routes that declare such an act and do not do it.
WITHOUT = {"POST /council/{code}/ballot": "turns the pages of a ballot and shows it for checking; nothing is kept"}

WHY = {"reason": "vì lý do của bài thử"}
# Route → who asks, the address, and a request that is right but for the password.
Request = Callable[[Site], tuple[str, str, dict[str, Any]]]
REQUESTS: dict[str, Request] = {
    "POST /council/{code}/ballot/cast": lambda site: (
        "tv05", f"/council/{site.session}/ballot/cast", {"default": "approve"},
    ),
    "POST /sign/{round_code}/{role}/{paper}": lambda site: (
        "chutich", f"/sign/{site.round}/decide/LDTT", {"verb": "refuse", "code": _shown(site), **WHY},
    ),
    "POST /decisions/{number}/revoke": lambda site: (
        "chutich", f"/decisions/{site.decision}/revoke", {"ground": "93.2.a", "step": "do", **WHY},
    ),
    "POST /administration/authorisations": lambda _: (
        "chutich", "/administration/authorisations",
        {"deputy": "phochutich", "document": "9/UQ-UBND", "scope": "all", "from": "2024-11-01", "to": "2024-11-30"},
    ),
    "POST /administration/authorisations/end": lambda _: (
        "chutich", "/administration/authorisations/end", {"document": "02/UQ-UBND (mẫu)"},
    ),
    "POST /administration/requests/{number}": lambda site: (
        "thuky", f"/administration/requests/{_asked(site)}", {"do": "confirm"},
    ),
    "POST /api/v1/sessions/{code}/ballot/cast": lambda site: (
        "tv05", f"{PREFIX}/sessions/{site.session}/ballot/cast", {"choices": {}},
    ),
    "POST /api/v1/decisions/sign": lambda site: ("chutich", f"{PREFIX}/decisions/sign", _codes(site)),
    "POST /api/v1/decisions/send-back": lambda site: (
        "chutich", f"{PREFIX}/decisions/send-back", _codes(site) | WHY,
    ),
    "POST /api/v1/decisions/refuse": lambda site: ("chutich", f"{PREFIX}/decisions/refuse", _codes(site) | WHY),
    "POST /api/v1/decisions/{number}/revoke": lambda site: (
        "chutich", f"{PREFIX}/decisions/{site.decision}/revoke", {"ground": "93.2.a"} | WHY,
    ),
}  # fmt: skip


def _shown(site: Site) -> str:
    code = site.codes[State.RECOMMENDED]
    return f"{code}:{site.office.one('SELECT version FROM nomination WHERE code = :c', c=code)}"


def _asked(site: Site) -> int:
    _, _, waits = site.office.act(links.invite, "tv05", actor=site.office.quantri, now=site.office.now)
    return int(waits.number)


def _codes(site: Site) -> dict[str, Any]:
    return {"codes": [site.codes[State.RECOMMENDED]]}


def test_every_act_of_the_policy_that_asks_who_one_is_has_a_row() -> None:
    assert set(REQUESTS) | set(WITHOUT) == ROUTES


@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_is_done_without_the_password(site: Site, name: str) -> None:
    office = site.office
    office.open_ballot(site.session)
    who, path, fields = REQUESTS[name](site)
    if path.startswith(PREFIX):
        program = site.client()
        token = office.act(tokens.issue, scope="write", days=1, actor=office.actor(who), now=office.now)
        program.headers["Authorization"] = f"Bearer {token}"
    else:
        browser = site.sign_in(who)

    def ask(**password: str) -> httpx.Response:
        if path.startswith(PREFIX):
            return program.post(path, json=fields | password)
        token = str(browser.cookies[LOOPBACK_COOKIE])
        return browser.post(path, data={"csrf": csrf_token(token)} | fields | password)

    # That a try was made is noted; nothing else is.
    noted = {"sign_in_attempt", "security_event", "web_session"}

    def traces() -> dict[str, str]:
        return {table: said for table, said in office.digests().items() if table not in noted}

    before = traces()
    wrong = 409 if path.startswith(PREFIX) else 422
    assert (ask().status_code, ask(password="sai-mat-khau-roi").status_code, traces()) == (422, wrong, before)
    done = ask(password=PASSWORD)
    assert (done.status_code < 400, traces() != before) == (True, True), done.text
    assert office.violations() == []
