"""Signing in and one's own account over HTTP."""

import re
import time
from typing import Any

import httpx
import pyotp
import pytest
from fastapi.testclient import TestClient

from operations.installation import Installation
from operations.people import account_requests, accounts, links, own_account
from tests.web.conftest import PASSWORD, Site, hidden
from web.routes.sign_in import inside


def send(browser: Any, path: str, page: httpx.Response, action: str, **fields: Any) -> httpx.Response:
    """Fill a page's form and send it, as a browser would."""
    answer: httpx.Response = browser.post(path, data=hidden(page, action) | fields)
    return answer


def test_a_password_opens_the_inbox_and_leaving_closes_it(site: Site) -> None:
    browser = site.sign_in("thuky")
    assert browser.get("/account").status_code == 200
    assert browser.post("/logout", data=hidden(browser.get("/account"), "/logout")).headers["location"] == "/login"
    again = browser.get("/account")
    assert (again.status_code, again.headers["location"]) == (303, "/login?next=/account")


def test_a_stolen_cookie_is_of_no_use_after_leaving(site: Site) -> None:
    browser = site.sign_in("thuky")
    stolen = {"vinhdanh": browser.cookies["vinhdanh"]}
    browser.post("/logout", data=hidden(browser.get("/account"), "/logout"))
    other = site.client()
    other.cookies.update(stolen)
    assert other.get("/account").status_code == 303


def test_cookies_are_for_this_host_and_no_script(site: Site) -> None:
    answer = site.client().post("/login", data={"username": "thuky", "password": PASSWORD})
    cookies = sorted(answer.headers.get_list("set-cookie"))
    kept = [re.sub(r"^([\w-]+)=[^;]+;", r"\1=…;", one) for one in cookies]
    assert kept == [
        "__Host-vinhdanh=…; HttpOnly; Path=/; SameSite=lax; Secure",
        "vinhdanh=…; HttpOnly; Path=/; SameSite=lax",
    ]


def test_only_loopback_without_tls_gets_the_plain_cookie(site: Site) -> None:
    answer = site.client().post("https://localhost/login", data={"username": "thuky", "password": PASSWORD})
    assert [one.partition("=")[0] for one in answer.headers.get_list("set-cookie")] == ["__Host-vinhdanh"]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"username": "", "password": ""}, {"username", "password"}),
        ({"username": "thuky", "password": ""}, {"password"}),
        ({"username": "thuky", "password": "sai mật khẩu"}, {"username"}),
        ({"username": "khongco", "password": PASSWORD}, {"username"}),
        ({"username": "a'b\"<c>", "password": "mậtkhẩusai"}, {"username"}),
    ],
    ids=["nothing", "no-password", "wrong", "nobody", "hostile"],
)
def test_what_will_not_do_is_said_at_its_field_and_kept(site: Site, given: dict[str, str], wrong: set[str]) -> None:
    answer = site.client().post("/login", data=given)
    assert answer.status_code == 422
    assert set(re.findall(r'id="(\w+)-error"', answer.text)) == wrong
    assert set(re.findall(r'<li><a href="#(\w+)"', answer.text)) == wrong
    assert given["username"] in answer.text or "&" in answer.text
    assert given["password"] == "" or given["password"] not in answer.text
    assert site.office.one("SELECT count(*) FROM web_session") == 0


def test_an_unknown_account_and_a_wrong_password_read_alike(site: Site) -> None:
    texts = [
        site.client().post("/login", data={"username": name, "password": "một câu không đúng"}).text.replace(name, "…")
        for name in ("thuky", "khongco")
    ]
    assert texts[0] == texts[1]


def test_the_eleventh_try_waits(site: Site) -> None:
    codes = [site.client().post("/login", data={"username": "thuky", "password": "sai"}).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
    assert site.client().post("/login", data={"username": "thuky", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    ("given", "to"),
    [
        ("/rounds/A?x=1", "/rounds/A?x=1"),
        ("//evil.example", "/inbox"),
        ("/\\evil.example", "/inbox"),
        ("https://evil.example", "/inbox"),
        ("javascript:alert(1)", "/inbox"),
        ("", "/inbox"),
        ("/a\r\nSet-Cookie: x=1", "/inbox"),
        ("/\t/evil.example", "/inbox"),
        ("//[", "/inbox"),  # no address at all
    ],
)
def test_after_signing_in_one_stays_here(given: str, to: str) -> None:
    assert inside(given) == to


def test_a_form_of_another_session_is_refused(site: Site) -> None:
    mine, other = site.sign_in("thuky"), site.sign_in("chuyenvien1")
    answer = mine.post("/account/sessions", data=hidden(other.get("/account"), "/account/sessions"))
    assert (answer.status_code, "phiên đăng nhập khác" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_sent_by_another_site_is_refused(site: Site, headers: dict[str, str]) -> None:
    browser = site.sign_in("thuky")
    data = hidden(browser.get("/account"), "/account/sessions")
    assert browser.post("/account/sessions", data=data, headers=headers).status_code == 403


def test_every_answer_has_the_strict_headers(site: Site) -> None:
    for path in ("/", "/login", "/static/office.css", "/nowhere", "/healthz"):
        answer = site.public.get(path)
        policy = answer.headers["content-security-policy"]
        assert ("unsafe" in policy, answer.headers["x-content-type-options"]) == (False, "nosniff"), path


def test_a_new_password_ends_other_sessions(site: Site) -> None:
    one, two = site.sign_in("thuky"), site.sign_in("thuky")
    new = "một câu đủ dài để nhớ"
    answer = send(
        one, "/account/password", one.get("/account"), "/account/password", old=PASSWORD, password=new, again=new
    )
    assert (answer.status_code, one.get("/account").status_code, two.get("/account").status_code) == (303, 200, 303)
    site.sign_in("thuky", new)
    assert site.office.violations() == []


def test_a_second_factor_is_asked_for_and_each_code_works_once(site: Site) -> None:
    browser = site.sign_in("tv04")
    page = browser.get("/account/second-factor")
    secret = re.findall(r"<code>([A-Z2-7]+)</code>", page.text)[0]
    assert "<svg" in page.text
    place = "/account/second-factor"
    wrong = send(browser, place, page, place, code="000000", password=PASSWORD)
    assert wrong.status_code == 422
    code = pyotp.TOTP(secret).now()
    for password in ("", "sai-mat-khau-roi"):  # a session left open is not enough to take an account over
        wrong = send(browser, place, wrong, place, code=code, password=password)
        assert (wrong.status_code, re.findall(r'<li><a href="#(\w+)"', wrong.text)) == (422, ["password"])
    assert site.office.one("SELECT count(*) FROM second_factor WHERE confirmed_at IS NOT NULL") == 0
    assert send(browser, place, wrong, place, code=code, password=PASSWORD).status_code == 303
    without = site.client().post("/login", data={"username": "tv04", "password": PASSWORD})
    assert (without.status_code, 'id="code-error"' in without.text) == (422, True)
    spent = site.client().post("/login", data={"username": "tv04", "password": PASSWORD, "code": code})
    assert spent.status_code == 422
    following = pyotp.TOTP(secret).at(time.time() + 30)
    fresh = site.client().post("/login", data={"username": "tv04", "password": PASSWORD, "code": following})
    assert fresh.status_code == 303
    assert site.office.violations() == []


def test_a_one_time_link_sets_the_first_password_once(site: Site) -> None:
    office = site.office
    with office.database.begin() as session:
        accounts.add(session, username="nguoimoi", name="Người Mới", email=None, actor=office.quantri)
        link, _, _ = links.invite(session, "nguoimoi", actor=office.quantri, now=office.now)
    browser = site.client()
    page = browser.get(f"/first/{link}")
    assert (page.status_code, "nguoimoi" in page.text) == (200, True)
    short = browser.post(f"/first/{link}", data={"password": "ngắn", "again": "ngắn"})
    assert (short.status_code, 'id="password-error"' in short.text) == (422, True)
    unequal = browser.post(f"/first/{link}", data={"password": "một câu đủ dài", "again": "một câu khác"})
    assert (unequal.status_code, 'id="again-error"' in unequal.text) == (422, True)
    done = browser.post(f"/first/{link}", data={"password": "một câu đủ dài", "again": "một câu đủ dài"})
    assert (done.status_code, done.headers["location"]) == (303, "/inbox")
    assert browser.get("/account").status_code == 200
    assert site.client().get(f"/first/{link}").status_code in {404, 409}


def test_a_one_time_link_does_not_stand_for_the_second_factor(site: Site) -> None:
    office, place = site.office, Installation.at(site.folder)
    secret = own_account.second_factor_offer(place, office.actor("tv05")).secret
    code = pyotp.TOTP(secret).now()
    own_account.second_factor_on(place, office.actor("tv05"), password=PASSWORD, code=code, now=office.now)
    link, _, asked = office.act(links.invite, "tv05", actor=office.quantri, now=office.now)
    office.act(account_requests.confirm, asked.number, actor=office.thuky, now=office.now)
    browser = site.client()
    done = browser.post(f"/first/{link}", data={"password": "một câu đủ dài", "again": "một câu đủ dài"})
    assert (done.status_code, done.headers.get("location")) == (303, "/login")
    assert browser.get("/account").status_code == 303


def test_a_token_asked_for_twice_is_one_token(site: Site) -> None:
    browser = site.sign_in("thuky")
    form = hidden(browser.get("/account"), "/account/tokens") | {"scope": "read", "days": "3"}
    first, second = (browser.post("/account/tokens", data=form) for _ in range(2))
    assert (len(re.findall("<code>vd_", first.text)), second.status_code) == (1, 303)
    assert "vd_" not in browser.get(second.headers["location"]).text
    assert site.office.one("SELECT count(*) FROM api_token") == 1


def test_a_token_is_shown_once_and_can_be_revoked(site: Site) -> None:
    browser = site.sign_in("thuky")
    shown = send(browser, "/account/tokens", browser.get("/account"), "/account/tokens", scope="read", days="30")
    token = re.findall(r"<code>(vd_[\w-]+)</code>", shown.text)[0]
    page = browser.get("/account")
    assert token not in page.text
    assert token not in str(site.office.rows("SELECT * FROM api_token"))
    answer = send(browser, "/account/tokens/revoke", page, "/account/tokens/revoke", token="1")
    assert answer.status_code == 303
    assert site.office.rows("SELECT scope, revoked_at IS NOT NULL FROM api_token") == [("read", 1)]
    assert site.office.violations() == []


def test_a_role_that_ended_is_gone_at_once(site: Site) -> None:
    browser = site.sign_in("thuky")
    site.office.write("UPDATE account SET disabled_at = '2024-10-01 00:00:00' WHERE username = 'thuky'")
    assert browser.get("/account").status_code == 303


def test_the_sample_site_is_an_installation(site: Site) -> None:
    assert Installation.at(site.folder).ready()


def test_a_fault_tells_nothing_and_keeps_the_strict_headers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = site.sign_in("thuky")
    site.office.write("ALTER TABLE unit RENAME TO unit_away")
    with TestClient(site.public.app, base_url="http://127.0.0.1", raise_server_exceptions=False) as unlucky:
        unlucky.cookies.update({"vinhdanh": browser.cookies["vinhdanh"]})
        answer = unlucky.get("/nominations")
    assert (answer.status_code, "unit_away" in answer.text, "Traceback" in answer.text) == (500, False, False)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(site: Site) -> None:
    browser = site.sign_in("thuky")
    site.office.write("UPDATE web_session SET seen_at = datetime(seen_at, '-20 minutes')")
    before = site.office.one("SELECT seen_at FROM web_session")
    assert browser.get("/inbox/counts", headers={"HX-Request": "true"}).status_code == 200
    assert site.office.one("SELECT seen_at FROM web_session") == before
    assert browser.get("/inbox").status_code == 200
    assert site.office.one("SELECT seen_at FROM web_session") != before
