"""Administration over HTTP: audited commands, and nobody else's door."""

import re
from typing import Any

import httpx
import pyotp
import pytest

from operations.installation import Installation
from operations.people import own_account
from rules import regulation
from tests.web.conftest import PASSWORD, Site, hidden


def send(browser: Any, path: str, page_path: str, **fields: Any) -> httpx.Response:
    answer: httpx.Response = browser.post(path, data=hidden(browser.get(page_path), path) | fields)
    return answer


PAGES = ("/administration", "/administration/accounts", "/administration/accounts/thuky", "/administration/units")
EVERYBODY = ("thuky", "chuyenvien1", "thanhtra", "chutich", "phochutich", "tv03", "tv04", "canbo.xa01", "truong.xa01")


@pytest.mark.parametrize("username", EVERYBODY)
def test_only_the_administrator_administers(site: Site, username: str) -> None:
    browser = site.sign_in(username)
    assert [browser.get(path).status_code for path in PAGES] == [403] * len(PAGES)
    assert site.office.one(
        "SELECT count(*) FROM security_event WHERE code <> 'done' AND actor = :who", who=username
    ) == len(PAGES)


def test_a_newcomer_gets_an_account_a_role_and_a_link(site: Site) -> None:
    browser = site.sign_in("quantri")
    made = send(
        browser,
        "/administration/accounts",
        "/administration/accounts",
        username="canbo.moi",
        name="Lò Thị Mới",
        email="",
    )
    assert made.status_code == 303, made.text
    page = "/administration/accounts/canbo.moi"
    given = send(
        browser,
        f"{page}/roles",
        page,
        role="unit_officer",
        unit="XA01",
        document="12/QĐ-UBND",
        **{"from": "2024-10-01"},
    )
    assert given.status_code == 303, given.text
    assert "Đã cấp vai trò" in browser.get(given.headers["location"]).text
    shown = send(browser, f"{page}/invite", page)
    (link,) = re.findall(r"/first/([\w-]+)</code>", shown.text)
    other = site.client()
    new = "một câu dài cho cán bộ"
    assert other.post(f"/first/{link}", data={"password": new, "again": new}).status_code == 303
    assert other.get("/inbox").status_code == 200
    assert site.office.violations() == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"username": "", "name": ""}, {"username", "name"}),
        ({"username": "Có Dấu", "name": "A"}, {"username"}),
        ({"username": "thuky", "name": "A"}, {"username"}),
        ({"username": "moi1", "name": "A", "email": "không phải thư"}, {"email"}),
    ],
    ids=["nothing", "marks", "taken", "email"],
)
def test_what_will_not_do_is_said_at_its_field(site: Site, fields: dict[str, str], wrong: set[str]) -> None:
    browser = site.sign_in("quantri")
    before = site.office.one("SELECT count(*) FROM account")
    answer = send(browser, "/administration/accounts", "/administration/accounts", **{"email": "", **fields})
    assert answer.status_code == 422
    assert set(re.findall(r'id="(\w+)-error"', answer.text)) == wrong
    assert site.office.one("SELECT count(*) FROM account") == before


def test_a_second_submit_shows_the_same_receipt_and_does_nothing(site: Site) -> None:
    browser = site.sign_in("quantri")
    data = hidden(browser.get("/administration/units"), "/administration/units") | {
        "code": "XA99", "name": "UBND xã Thử", "level": "commune", "email": "", "from": "2024-01-01",
    }  # fmt: skip
    first, second = (browser.post("/administration/units", data=data) for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, second.headers["location"])
    assert site.office.one("SELECT count(*) FROM unit WHERE code = 'XA99'") == 1
    assert "Đã khai báo đơn vị UBND xã Thử" in browser.get(second.headers["location"]).text


def test_the_administrator_gives_themselves_nothing(site: Site) -> None:
    browser = site.sign_in("quantri")
    page = "/administration/accounts/quantri"
    answer = send(browser, f"{page}/roles", page, role="reviewer", unit="", document="1/QĐ", **{"from": "2024-10-01"})
    assert (answer.status_code, "Không ai tự cấp vai trò" in answer.text) == (403, True)


def test_a_locked_account_is_out_at_once(site: Site) -> None:
    admin, officer = site.sign_in("quantri"), site.sign_in("canbo.xa01")
    page = "/administration/accounts/canbo.xa01"
    assert send(admin, f"{page}/do", page, do="disable").status_code == 303
    assert officer.get("/inbox").status_code == 303
    assert site.client().post("/login", data={"username": "canbo.xa01", "password": PASSWORD}).status_code == 422
    assert site.office.violations() == []


def test_a_members_link_opens_when_the_secretary_has_confirmed_it(site: Site) -> None:
    admin, secretary = site.sign_in("quantri"), site.sign_in("thuky")
    page = "/administration/accounts/tv05"
    shown = send(admin, f"{page}/invite", page)
    (link,) = re.findall(r"/first/([\w-]+)</code>", shown.text)
    assert "Liên kết chưa mở được" in shown.text
    waiting = admin.get("/administration").text
    for who in ("(thuky)", "(chutich)"):
        assert who in waiting
    new = {"password": "một câu dài cho ủy viên", "again": "một câu dài cho ủy viên"}
    for answer in (site.client().get(f"/first/{link}"), site.client().post(f"/first/{link}", data=new)):
        assert (answer.status_code, "(thuky)" in answer.text) == (409, True)
    (there,) = re.findall(r'href="(/administration/requests/\d+)"', secretary.get("/inbox").text)
    check = secretary.get(there)
    for said in ("(tv05)", "quantri", "Chỉ xác nhận sau khi đã hỏi trực tiếp chủ tài khoản."):
        assert said in check.text
    none, wrong = (send(secretary, there, there, do="confirm", password=said) for said in ("", "sai"))
    assert [(one.status_code, 'id="password-error"' in one.text) for one in (none, wrong)] == [(422, True)] * 2
    done = send(secretary, there, there, do="confirm", password=PASSWORD)
    receipt = secretary.get(done.headers["location"]).text
    assert (done.status_code, "Đã xác nhận: đặt lại mật khẩu" in receipt, there in receipt) == (303, True, False)
    assert secretary.get(there).status_code == 409
    assert "(thuky)" not in admin.get("/administration").text
    assert site.client().post(f"/first/{link}", data=new).status_code == 303
    assert site.office.violations() == []


def test_a_role_that_decides_comes_when_the_secretary_has_confirmed_it(site: Site) -> None:
    browser, page = site.sign_in("quantri"), "/administration/accounts/canbo.xa01"
    given = {"role": "chairman", "unit": "", "document": "77/QĐ-UBND", "from": "2024-11-01"}
    asked = send(browser, f"{page}/roles", page, **given)
    assert "chờ xác nhận của" in browser.get(asked.headers["location"]).text
    assert (
        "Chủ tịch"
        not in re.sub(r"<form.*?</form>", "", browser.get(page).text, flags=re.DOTALL).partition("Vai trò hôm nay")[2]
    )
    secretary = site.sign_in("thuky")
    (there,) = re.findall(r'href="(/administration/requests/\d+)"', secretary.get("/inbox").text)
    shown = secretary.get(there).text
    assert [word for word in ("77/QĐ-UBND", "01/11/2024", "canbo.xa01", "đã thấy văn bản") if word not in shown] == []
    assert send(secretary, there, there, do="confirm").status_code == 422  # without the password
    assert "chairman" not in {role.value for role in site.office.actor("canbo.xa01").roles}
    assert send(secretary, there, there, do="confirm", password=PASSWORD).status_code == 303
    assert {role.value for role in site.office.actor("canbo.xa01").roles} == {"chairman", "unit_officer"}
    assert site.office.violations() == []


def test_the_chairman_declines_what_touches_the_secretarys_account_and_she_cannot(site: Site) -> None:
    admin, secretary, chairman = site.sign_in("quantri"), site.sign_in("thuky"), site.sign_in("chutich")
    page = "/administration/accounts/thuky"
    (link,) = re.findall(r"/first/([\w-]+)</code>", send(admin, f"{page}/invite", page).text)
    there = f"/administration/requests/{site.office.one('SELECT id FROM account_request')}"
    assert (secretary.get(there).status_code, there in secretary.get("/inbox").text) == (403, False)
    done = send(chairman, there, there, do="decline", password=PASSWORD)
    assert (done.status_code, "Đã từ chối" in chairman.get(done.headers["location"]).text) == (303, True)
    assert site.client().get(f"/first/{link}").status_code == 409
    assert site.office.rows("SELECT state, settled_by FROM account_request") == [("refused", "chutich")]
    assert site.office.violations() == []


def test_a_second_factor_is_not_taken_away_before_it_is_confirmed(site: Site, site_installation: Installation) -> None:
    office = site.office
    secret = own_account.second_factor_offer(site_installation, office.tv05).secret
    code = pyotp.TOTP(secret).now()
    own_account.second_factor_on(site_installation, office.tv05, password=PASSWORD, code=code, now=office.now)
    admin, chairman = site.sign_in("quantri"), site.sign_in("chutich")
    page = "/administration/accounts/tv05"
    asked = send(admin, f"{page}/do", page, do="second-factor")
    assert "chờ xác nhận của" in admin.get(asked.headers["location"]).text
    assert office.one("SELECT count(*) FROM second_factor") == 1
    there = f"/administration/requests/{office.one('SELECT id FROM account_request')}"
    assert send(chairman, there, there, do="confirm", password=PASSWORD).status_code == 303
    assert office.one("SELECT count(*) FROM second_factor") == 0
    assert office.violations() == []


def test_the_chairman_authorises_in_writing_and_takes_it_back(site: Site) -> None:
    browser = site.sign_in("chutich")
    path = "/administration/authorisations"
    fields = {
        "deputy": "phochutich",
        "document": "09/UQ-UBND",
        "scope": "all",
        "from": "2024-11-01",
        "to": "2024-11-30",
        "password": PASSWORD,
    }
    page = browser.get(path).text
    offered = re.findall(r'<option value="([\w.]*)"', page)
    deputies = site.office.rows(
        "SELECT DISTINCT a.username FROM account a JOIN role_grant g ON g.account_id = a.id WHERE g.role = 'deputy'"
    )
    assert sorted(offered) == sorted(["", *(row[0] for row in deputies)])
    assert send(browser, path, path, **fields).status_code == 303
    assert "09/UQ-UBND" in browser.get(path).text
    some = fields | {"document": "10/UQ-UBND", "scope": "some", "award": ["LDTT", "GK_HUYEN"]}
    nothing = send(browser, path, path, **some | {"award": []})
    assert (nothing.status_code, 'id="scope-error"' in nothing.text) == (422, True)
    assert send(browser, path, path, **some).status_code == 303
    assert site.office.rows(
        "SELECT document_number, scope FROM authorisation WHERE document_number LIKE '%/UQ-UBND' ORDER BY document_number"
    ) == [("09/UQ-UBND", "all"), ("10/UQ-UBND", "LDTT,GK_HUYEN")]
    wrong = send(browser, path, path, **{**fields, "deputy": "thuky", "to": "2024-10-01"})
    assert (wrong.status_code, 'id="deputy-error"' in wrong.text) == (422, True)
    page = f"{path}/end?document=09/UQ-UBND"
    ended = send(browser, f"{path}/end", page, password=PASSWORD)
    assert (
        ended.status_code,
        "Ủy quyền số 09/UQ-UBND đã kết thúc." in browser.get(ended.headers["location"]).text,
    ) == (
        303,
        True,
    )
    assert browser.get(page).status_code == 200  # it runs to the end of its first day
    assert browser.get(f"{path}/end?document=8").status_code == 404
    assert site.office.violations() == []


def test_inspector_and_administrator_read_the_security_log(site: Site) -> None:
    site.sign_in("thuky").get("/administration")
    for username in ("thanhtra", "quantri"):
        answer = site.sign_in(username).get("/administration/security")
        assert (answer.status_code, "not_your_role" in answer.text) == (200, True)


def test_an_administrator_brings_in_no_regulation(site: Site) -> None:
    browser = site.sign_in("quantri")
    before = site.office.rows("SELECT sha256 FROM regulation")
    data = hidden(browser.get("/account"), "/logout")
    text = regulation.SAMPLE_PATH.read_bytes().replace(b"[7, 10]", b"[1, 100]")
    answers = [
        browser.post(
            path,
            data={**data, "kind": "CONG_TRANG", "year": "2024", "title": "Đợt"},
            files={"regulation": ("q.toml", text)},
        )
        for path in ("/administration/regulation", "/rounds")
    ]
    assert [one.status_code for one in answers] == [404, 403]
    assert site.office.rows("SELECT sha256 FROM regulation") == before


@pytest.mark.parametrize("path", ["/", "/verify", "/petitions/new", "/inbox", "/rounds", "/administration"])
def test_every_page_says_that_the_business_clock_is_set(site: Site, path: str) -> None:
    """The tests' site runs on 1 November 2024."""
    assert (
        "Đồng hồ nghiệp vụ đang đặt ở"
        in site.sign_in("quantri" if path == "/administration" else "thuky").get(path).text
    )
