"""Signing in with the agency's identity provider, against a real one on loopback that can misbehave."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from operations.people import account_requests, identities
from tests.web.conftest import Site
from tests.web.identity_provider import CLIENT, SECRET, Provider
from web import visit


@pytest.fixture
def provider(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    found = Provider()
    for name, value in (("ISSUER", found.issuer), ("CLIENT_ID", CLIENT), ("CLIENT_SECRET", SECRET)):
        monkeypatch.setenv(f"VINHDANH_OIDC_{name}", value)
    visit.installation.cache_clear()
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
