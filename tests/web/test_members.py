"""The council in the browser: set up, appointed and dismissed by dated decisions; who is missing is named."""

import re

import httpx
from fastapi.testclient import TestClient

from tests.web.conftest import Site, hidden
from tests.web.test_rounds import PEOPLE, post, said

PLACE = "/council/members"
SEATS = (
    "SELECT c.code, a.username, m.title, m.body, m.chairs, m.teller, m.valid_from, m.valid_to FROM council_member m"
    " JOIN council c ON c.id = m.council_id JOIN account a ON a.id = m.account_id"
)
ROLES = (
    "SELECT g.role, g.valid_from, g.valid_to, g.document_number FROM role_grant g JOIN account a ON a.id = g.account_id"
    " WHERE a.username = :u ORDER BY g.id"
)


def missing(page: httpx.Response) -> list[str]:
    """The bodies that the page says nobody stands for, one text a council."""
    return re.findall(r"còn thiếu đại diện của: <strong>(.*?)</strong>", page.text)


def amiss(page: httpx.Response) -> list[str]:
    """The fields named by the page's summary of errors."""
    return [name for name in re.findall(r'<a href="#([\w-]+)">', page.text) if name != "main"]


def appoint(browser: TestClient, page: httpx.Response, **typed: str) -> httpx.Response:
    member = {"council": "HD-2024", "member": "canbo.xa01", "title": "Ủy viên", "body": "UBND xã", "from": "2024-11-05"}
    return post(browser, page, f"{PLACE}/appoint", **member | typed)


def test_who_may_set_up_the_council(site: Site) -> None:
    for username in PEOPLE:
        browser = site.sign_in(username)
        allowed = username in {"thuky", "quantri"}
        assert browser.get(PLACE).status_code == (200 if allowed else 403), username
        if username != "quantri":
            assert (f'href="{PLACE}"' in browser.get("/council").text) is (username == "thuky"), username


def test_the_page_names_everybody_and_who_is_missing(site: Site) -> None:
    secretary = site.sign_in("thuky")
    page = secretary.get(PLACE)
    seated = site.office.rows(f"{SEATS} ORDER BY m.id")
    shown = re.findall(
        r'<tr><td>[^<]+<br><span class="hint">([\w.]+)</span></td><td>([^<]+?) ?(?:<span|</td>)', page.text
    )
    assert shown == [(row[1], row[2]) for row in seated]
    assert missing(page) == []
    site.office.write("UPDATE council_member SET body = 'Hội Nông dân' WHERE body LIKE '%Liên đoàn Lao động%'")
    assert missing(secretary.get(PLACE)) == ["Liên đoàn Lao động"]


def test_a_member_is_appointed_once_with_the_roles_of_the_seat(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(PLACE)
    offered = re.findall(r'<option value="([\w.]+)">', re.split(r'name="member"', page.text)[1].split("</select>")[0])
    assert "thuky" not in offered  # nobody appoints themselves
    assert "quantri" not in offered
    assert "canbo.xa01" in offered
    answers = [appoint(browser, page, teller="1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert said(browser.get(answers[1].headers["location"])) == ["Đã cử «canbo.xa01» vào Hội đồng HD-2024"]
    assert site.office.rows(f"{SEATS} WHERE a.username = 'canbo.xa01'") == [
        ("HD-2024", "canbo.xa01", "Ủy viên", "UBND xã", 0, 1, "2024-11-05", None)
    ]
    document = site.office.one("SELECT decision_number FROM council")
    assert [row for row in site.office.rows(ROLES, u="canbo.xa01") if row[3] == document] == [
        ("council_member", "2024-11-05", None, document),
        ("teller", "2024-11-05", None, document),
    ]
    assert site.office.violations() == []


def test_what_will_not_do_is_said_at_its_field(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(PLACE)
    before = site.office.rows(SEATS)
    answers = [
        appoint(browser, page, member="", title="", body="", **{"from": "x"}),
        appoint(browser, page, member="tv05"),
        appoint(browser, page, chairs="1"),
        appoint(browser, page, **{"from": "2020-01-01"}),
        appoint(browser, page, member="quantri"),
        appoint(browser, page, member="thuky"),
        post(browser, page, f"{PLACE}/dismiss", seat="", until=""),
        post(browser, page, f"{PLACE}/dismiss", seat="tv05", until="2020-01-01"),
        post(browser, page, f"{PLACE}/set-up", code="", name="", decision="", begins="32/13/2024"),
        post(browser, page, f"{PLACE}/set-up", code="HD-2024", name="x", decision="1/QĐ", begins="2024-11-02"),
    ]
    assert [(answer.status_code, amiss(answer)) for answer in answers] == [
        (422, ["member", "title", "body", "from"]),
        (422, ["member"]),
        (422, ["chairs"]),
        (422, ["from"]),
        (422, ["member"]),
        (422, ["member"]),
        (422, ["seat", "until"]),
        (422, ["until"]),
        (422, ["code", "name", "decision", "begins"]),
        (422, ["code"]),
    ]
    for answer in answers:  # every error leads to a field that is there
        assert [name for name in amiss(answer) if answer.text.count(f'id="{name}"') != 1] == []
    assert site.office.rows(SEATS) == before
    assert site.office.one("SELECT count(*) FROM council") == 1


def test_a_member_is_dismissed_and_loses_the_seats_roles(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(appoint(browser, browser.get(PLACE)).headers["location"])
    assert hidden(page, f"{PLACE}/dismiss")["seat_of"] == "HD-2024"
    answers = [post(browser, page, f"{PLACE}/dismiss", seat="canbo.xa01", until="2024-11-10") for _ in range(2)]
    assert said(browser.get(answers[1].headers["location"])) == ["Đã cho «canbo.xa01» thôi tham gia Hội đồng HD-2024"]
    assert [row[-1] for row in site.office.rows(f"{SEATS} WHERE a.username = 'canbo.xa01'")] == ["2024-11-10"]
    assert [row[:3] for row in site.office.rows(ROLES, u="canbo.xa01") if row[0] == "council_member"] == [
        ("council_member", "2024-11-05", "2024-11-10")
    ]
    assert site.office.violations() == []


def test_a_council_is_set_up_to_follow_and_its_members_appointed_before_it_begins(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(PLACE)
    made = post(
        browser, page, f"{PLACE}/set-up", code="HD-2025", name="Hội đồng mới", decision="9/QĐ-UBND", begins="01/01/2025"
    )
    page = browser.get(made.headers["location"])
    assert said(page) == ["Đã khai báo Hội đồng HD-2025"]
    assert re.findall(r"<h2>(Hội đồng[^<]*)</h2>", page.text)[0] == "Hội đồng mới"
    assert missing(page) == ["UBND huyện; Huyện ủy; Mặt trận Tổ quốc; Liên đoàn Lao động; Hội Liên hiệp Phụ nữ"]
    done = appoint(browser, page, council="HD-2025", member="tv05", body="Huyện ủy", **{"from": "2025-01-01"})
    page = browser.get(done.headers["location"])
    assert missing(page) == ["UBND huyện; Mặt trận Tổ quốc; Liên đoàn Lao động; Hội Liên hiệp Phụ nữ"]
    assert site.office.rows(f"{SEATS} WHERE c.code = 'HD-2025'") == [
        ("HD-2025", "tv05", "Ủy viên", "Huyện ủy", 0, 0, "2025-01-01", None)
    ]
