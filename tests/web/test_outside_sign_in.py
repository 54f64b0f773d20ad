"""Signing in with the agency's identity provider, against a real one on loopback that can misbehave."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from operations.people import account_requests, identities
from tests.web.conftest import Site, hidden
from tests.web.identity_provider import CLIENT, SECRET, Provider
from web import visit
from web.routes import identity_provider


@pytest.fixture
def provider(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    found = Provider()
    for name, value in (("ISSUER", found.issuer), ("CLIENT_ID", CLIENT), ("CLIENT_SECRET", SECRET)):
        monkeypatch.setenv(f"VINHDANH_OIDC_{name}", value)
    visit.installation.cache_clear()
    identity_provider._KNOWN.clear()
    by = {"actor": site.office.actor("quantri"), "now": site.office.now}
    asked = site.office.act(identities.link, "thuky", issuer=found.issuer, subject="s-001", **by)
    site.office.act(account_requests.confirm, asked.number, actor=site.office.actor("chutich"), now=site.office.now)
    yield found
    found.close()


def come_back(site: Site, provider: Provider, **changes: str) -> Any:
    """Go to the provider, agree there, come back; `changes` are made to the address one comes back to."""
    browser = site.client()
    away = browser.get("/login/outside?next=/rounds")
    assert away.status_code == 303
    back = provider.agree(away.headers["location"])
    for old, new in changes.items():
        back = back.replace(old, new)
    return browser, browser.get(back)


def test_a_linked_person_comes_in_and_goes_on(site: Site, provider: Provider) -> None:
    browser, answer = come_back(site, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/rounds")
    assert "thuky" in browser.get("/account").text
    assert "Đăng nhập bằng tài khoản của cơ quan" in site.client().get("/login").text


def test_voting_still_asks_for_the_password(site: Site, provider: Provider) -> None:
    come_back(site, provider)
    rows = site.office.rows("SELECT confirmed_at < created_at FROM web_session")
    assert rows == [(1,)]


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "khác"},
        {"aud": "người khác"},
        {"aud": [CLIENT, "người khác"], "azp": "người khác"},
        {"iss": "https://khac.example"},
        {"exp": int(time.time()) - 3600},
        {"sub": ""},
    ],
    ids=["nonce", "audience", "two-audiences", "issuer", "expired", "nobody"],
)
def test_a_wrong_token_opens_nothing(site: Site, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    _, answer = come_back(site, provider)
    assert answer.status_code in {404, 409}
    assert site.office.one("SELECT count(*) FROM web_session") == 0


def test_a_token_signed_by_somebody_else_opens_nothing(site: Site, provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "k1"})
    _, answer = come_back(site, provider)
    assert (answer.status_code, site.office.one("SELECT count(*) FROM web_session")) == (409, 0)


def test_a_stranger_of_the_provider_is_a_stranger_here(site: Site, provider: Provider) -> None:
    provider.subject = "s-002"
    _, answer = come_back(site, provider)
    assert (answer.status_code, site.office.one("SELECT count(*) FROM web_session")) == (404, 0)


@pytest.mark.parametrize("changed", [{"state=": "state=x"}, {"code=": "code=x"}], ids=["state", "code"])
def test_an_address_that_was_changed_opens_nothing(site: Site, provider: Provider, changed: dict[str, str]) -> None:
    _, answer = come_back(site, provider, **changed)
    assert (answer.status_code, site.office.one("SELECT count(*) FROM web_session")) == (409, 0)


def test_an_answer_brought_to_another_browser_opens_nothing(site: Site, provider: Provider) -> None:
    away = site.client().get("/login/outside")
    answer = site.client().get(provider.agree(away.headers["location"]))
    assert (answer.status_code, site.office.one("SELECT count(*) FROM web_session")) == (409, 0)


def test_a_provider_that_says_it_is_another_is_not_believed(site: Site, provider: Provider) -> None:
    provider.says_issuer = "https://khac.example"
    assert site.client().get("/login/outside").status_code == 409


def test_a_provider_that_is_away_is_said_so(site: Site, provider: Provider) -> None:
    provider.close()
    answer = site.client().get("/login/outside")
    assert (answer.status_code, "không liên lạc được" in answer.text) == (409, True)


def test_nothing_of_it_without_the_setting(site: Site) -> None:
    assert "tài khoản của cơ quan" not in site.client().get("/login").text
    assert site.client().get("/login/outside").status_code == 404


# Over HTTPS ----------------------------------------------------------------------------------------------------------


def secure(site: Site) -> Any:
    """A browser that reached the site over HTTPS, as people do."""
    browser = site.client()
    browser.base_url = "https://127.0.0.1"
    return browser


def test_nobody_is_signed_in_as_the_attacker(site: Site, provider: Provider) -> None:
    """Sign-in CSRF: a neighbour's site under our domain sets its own sign-in's cookie, and sends the victim to come back."""
    attacker = secure(site)
    away = attacker.get("/login/outside")
    back = provider.agree(away.headers["location"])
    (kept,) = [cookie for cookie in attacker.cookies.jar if "outside" in cookie.name]
    assert kept.name == "__Host-vinhdanh_outside"
    assert kept.secure
    victim = secure(site)
    # What a neighbour can set: any name without the mark, for our whole domain.
    for name in ("vinhdanh_outside", "__Secure-vinhdanh_outside", "vinhdanh", "vinhdanh_receipt_PH-2024-01"):
        victim.cookies.set(name, str(kept.value), domain="127.0.0.1")
    answer = victim.get(back)
    assert (answer.status_code, site.office.one("SELECT count(*) FROM web_session")) == (409, 0)
    assert attacker.get(back).status_code == 303  # the code was still good


def test_what_must_come_back_is_written_by_this_server_alone(site: Site, provider: Provider) -> None:
    """The plain cookie of a loopback too: a state, nonce and verifier of one's own making open nothing."""
    browser = site.client()
    back = provider.agree(browser.get("/login/outside").headers["location"])
    state = parse_qs(urlsplit(back).query)["state"][0]
    forged = base64.urlsafe_b64encode(json.dumps([state, "n", "v", "/inbox"]).encode()).decode()
    for value in (forged, "", "a.b.c.d.e"):
        victim = site.client()
        victim.cookies.set("vinhdanh_outside", value, domain="127.0.0.1")
        assert victim.get(back).status_code == 409
    assert site.office.one("SELECT count(*) FROM web_session") == 0


def test_a_sign_in_that_took_too_long_begins_again(site: Site, provider: Provider, monkeypatch: Any) -> None:
    browser = site.client()
    back = provider.agree(browser.get("/login/outside").headers["location"])
    monkeypatch.setattr(identity_provider, "_UNDER_WAY_FOR", -1)
    assert (browser.get(back).status_code, site.office.one("SELECT count(*) FROM web_session")) == (409, 0)


def test_a_crowd_of_strangers_is_one_question_to_the_provider(site: Site, provider: Provider) -> None:
    answers = [site.client().get("/login/outside").status_code for _ in range(40)]
    assert (answers.count(303), set(answers[30:])) == (30, {429})
    assert provider.discovered == 1
    identity_provider.BEGUN.clear()
    identity_provider._KNOWN.clear()
    provider.close()
    assert {site.client().get("/login/outside").status_code for _ in range(5)} == {409}


def test_every_cookie_that_decides_something_is_this_hosts_alone(site: Site, provider: Provider) -> None:
    browser = secure(site)
    back = provider.agree(browser.get("/login/outside").headers["location"])
    assert browser.get(back).status_code == 303
    once = hidden(browser.get("/petitions/new"), "/petitions/new")
    browser.post("/petitions/new", data=once | {"kind": "feedback", "text": "Cảm ơn"})
    found = {cookie.name: (cookie.secure, cookie.path, cookie.domain_specified) for cookie in browser.cookies.jar}
    assert set(found) == {"__Host-vinhdanh", "__Host-vinhdanh_petition"}
    assert set(found.values()) == {(True, "/", False)}
