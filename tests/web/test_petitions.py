"""Petitions over HTTP: filed once by anybody, followed by their receipt, answered by the office, never told on."""

import re
import time
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from operations.chairman_signature import signature
from operations.public_disclosure import petitions
from tests.web.conftest import Site, hidden
from web.floods import Flood
from web.routes import petitions as pages

TEXT = "Ông ấy không làm việc ở đó trong năm 2024."
SENDER = "Bà Lò Thị Kín, bản Kín, 0900 000 000"
PATHS = ("/petitions", "/petitions/PA-2024-0001")


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FILED", Flood(pages.FILED.most, 3600, ""))
    monkeypatch.setattr(pages, "FILED_TODAY", Flood(pages.FILED_TODAY.most, 86_400, ""))
    monkeypatch.setattr(pages, "ASKED", Flood(pages.ASKED.most, 3600, ""))


def form(site: Site, **said: str) -> dict[str, Any]:
    known = hidden(site.public.get("/petitions/new"), "/petitions/new")
    return known | {"kind": "complaint", "about": "1-2024", "text": TEXT, "sender": SENDER} | said


def file(site: Site, **said: str) -> str:
    """File one; its receipt."""
    answer = site.public.post("/petitions/new", data=form(site, **said))
    assert answer.status_code == 303, answer.text
    return receipt(site.public.get(answer.headers["location"]))


def receipt(page: httpx.Response) -> str:
    assert page.status_code == 200
    found = re.search(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", page.text)
    assert found is not None, page.text
    return found[0]


def stored(site: Site) -> list[tuple[Any, ...]]:
    return site.office.rows(
        "SELECT p.code, p.kind, p.text, p.sender, p.state, d.code, n.code FROM petition p "
        "LEFT JOIN decision d ON d.id = p.decision_id LEFT JOIN nomination n ON n.id = p.nomination_id ORDER BY p.id"
    )


def test_the_form_tells_the_clocks_and_takes_what_it_is_about_from_the_link(site: Site) -> None:
    page = site.public.get("/petitions/new?decision=1-2024")
    assert 'value="1-2024"' in page.text
    for law in ("Điều 22 Luật Tiếp cận thông tin 104/2016/QH13", "02/2011/QH13", "Điều 30 Luật Tố cáo 25/2018/QH14"):
        assert law in page.text


def test_a_petition_is_filed_once_however_often_it_is_sent(site: Site) -> None:
    data = form(site)
    answers = [site.public.post("/petitions/new", data=data) for _ in range(3)]
    assert len({(one.status_code, one.headers["location"]) for one in answers}) == 1
    receipts = {receipt(site.public.get(one.headers["location"])) for one in answers}
    assert len(receipts) == 1
    assert stored(site) == [("PA-2024-0001", "complaint", TEXT, SENDER, "received", "1-2024", None)]
    changed = site.public.post("/petitions/new", data=data | {"text": "khác"})
    assert (changed.status_code, len(stored(site))) == (409, 1)
    assert site.office.violations() == []


def test_a_key_that_is_too_short_to_be_ours_shows_nobody_a_strangers_receipt(site: Site) -> None:
    browsers = [site.client() for _ in range(2)]
    answers = [one.post("/petitions/new", data=form(site, once="1")) for one in browsers]
    shown = [one.get(answer.headers["location"]) for one, answer in zip(browsers, answers, strict=True)]
    assert len({receipt(page) for page in shown}) == 2
    assert len(stored(site)) == 2


def test_the_receipt_is_nowhere_but_with_its_sender(site: Site) -> None:
    said = file(site)
    for name in site.office.digests():
        assert said not in repr(site.office.rows(f'SELECT * FROM "{name}"')), name
    assert site.public.get("/petitions/received?done=x").status_code == 200  # this browser's own
    assert site.client().get("/petitions/received?done=x").headers["location"] == "/petitions/status"


def test_the_receipt_travels_in_no_address(site: Site) -> None:
    """Addresses are kept by logs, histories and proxies: the form's key, which makes the receipt, is in none."""
    data = form(site)
    browser = site.client()
    answer = browser.post("/petitions/new", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/petitions/received")
    assert answer.headers["set-cookie"] == (
        f"vinhdanh_petition={data['once']}; HttpOnly; Max-Age=600; Path=/; SameSite=strict"
    )
    shown = receipt(browser.get("/petitions/received"))
    assert shown == petitions.receipt_from(data["once"])
    browser.cookies.clear()
    assert browser.get("/petitions/received").headers["location"] == "/petitions/status"
    for once in ("ê" * 40, "a;b=c" * 10, "x" * 100):  # no key of ours, nothing for a cookie
        odd = site.client()
        assert odd.post("/petitions/new", data=data | {"once": once}).status_code == 303
        assert odd.get("/petitions/received").status_code == 200


@pytest.mark.parametrize("about", ["", "01/QĐ-UBND", "1-2024", "nomination"])
def test_about_a_decision_a_nomination_or_neither(site: Site, about: str) -> None:
    code = site.codes["submitted"]
    file(site, about=code.lower() if about == "nomination" else about, kind="denunciation", sender="")
    decision = "1-2024" if "UBND" in about or "-2024" in about else None
    assert stored(site) == [
        ("PA-2024-0001", "denunciation", TEXT, None, "received", decision, code if about == "nomination" else None)
    ]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("kind", ""),
        ("kind", "other"),
        ("text", "   "),
        ("text", "x" * 20_001),
        ("sender", "x" * 301),
        ("about", "99/QĐ-UBND"),
        ("about", "unpublished"),
        ("website", "https://spam.example"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(site: Site, field: str, said: str) -> None:
    said = site.office.decision_of(site.codes["signed"]) if said == "unpublished" else said
    answer = site.public.post("/petitions/new", data=form(site, **{field: said}))
    assert answer.status_code == 422
    assert answer.text.count("<title>Lỗi:") == 1
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    if field != "sender":
        assert SENDER in answer.text
    if field != "text":
        assert TEXT in answer.text
    assert stored(site) == []


def test_control_characters_are_a_refusal_and_keep_nothing(site: Site) -> None:
    assert site.public.post("/petitions/new", data=form(site, text="a\x00b")).status_code == 409
    assert stored(site) == []


def test_a_flood_from_one_address_is_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FILED", Flood(3, 3600, "thử lại"))
    statuses = [site.public.post("/petitions/new", data=form(site)).status_code for _ in range(5)]
    assert statuses == [303, 303, 303, 429, 429]
    assert len(stored(site)) == 3


def test_the_addresses_of_one_subscriber_count_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has one IPv6 address has 2^64 of them."""
    monkeypatch.setattr(pages, "FILED", Flood(2, 3600, "thử lại"))
    monkeypatch.setattr(pages, "ASKED", Flood(2, 3600, "thử lại"))
    places = ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1", "::ffff:192.0.2.1",
              "::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.1")  # fmt: skip
    browsers = [TestClient(site.public.app, base_url="http://127.0.0.1", follow_redirects=False, client=(place, 50_000))
                for place in places]  # fmt: skip
    assert [one.post("/petitions/new", data=form(site)).status_code for one in browsers] == [
        *(303, 303, 429, 303),
        *(303, 303, 303, 429),  # of IPv4, written as IPv6 where one socket takes both
    ]
    asked = {"receipt": "AAAA-AAAA-AAAA-AAAA"}
    assert [one.post("/petitions/status", data=asked).status_code for one in browsers] == [
        *(422, 422, 429, 422),
        *(422, 422, 422, 429),
    ]


def test_whoever_holds_the_receipt_sees_the_answer_but_not_the_petition(site: Site) -> None:
    said = file(site)
    page = site.public.post("/petitions/status", data={"receipt": said.lower().replace("-", " ")})
    assert (page.status_code, "đã tiếp nhận" in page.text, "18/11/2024" in page.text) == (200, True, True)
    office = site.sign_in("chuyenvien1")
    shown = office.get("/petitions/PA-2024-0001")
    data = hidden(shown, "/petitions/PA-2024-0001/answer") | {"answer": "Đã kiểm tra, ông ấy có làm việc."}
    answers = [office.post("/petitions/PA-2024-0001/answer", data=data) for _ in range(2)]
    assert {(one.status_code, one.headers["location"]) for one in answers} == {
        (303, f"/petitions/PA-2024-0001?done={data['once']}")
    }
    assert "Đã trả lời đơn PA-2024-0001" in office.get(answers[0].headers["location"]).text
    page = site.public.post("/petitions/status", data={"receipt": said})
    assert "Đã kiểm tra, ông ấy có làm việc." in page.text
    assert TEXT not in page.text
    assert SENDER not in page.text
    assert stored(site)[0][4] == "answered"
    assert site.office.violations() == []
    # A colleague's page is stale: a lawful no, and the first answer stands.
    other = site.sign_in("thuky")
    late = hidden(shown, "/petitions/PA-2024-0001/answer") | {
        "csrf": hidden(other.get("/petitions"), "/logout")["csrf"]
    }
    assert other.post("/petitions/PA-2024-0001/answer", data=late | {"answer": "khác", "once": ""}).status_code == 409


def test_a_wrong_receipt_opens_nothing_and_cannot_be_guessed_for_long(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ASKED", Flood(2, 3600, "thử lại"))
    tried = [site.public.post("/petitions/status", data={"receipt": f"AAAA-AAAA-AAAA-AAA{n}"}) for n in range(3)]
    assert [one.status_code for one in tried] == [422, 422, 429]
    assert site.public.post("/petitions/status", data={"receipt": ""}).status_code == 422


@pytest.mark.parametrize(
    ("username", "reads", "answers"),
    [
        ("thuky", True, True),
        ("chuyenvien1", True, True),
        ("chutich", True, False),
        ("thanhtra", True, False),
        ("phochutich", False, False),
        ("canbo.xa01", False, False),
        ("truong.xa01", False, False),
        ("tv05", False, False),
        ("quantri", False, False),
    ],
)
def test_who_reads_and_who_answers(site: Site, username: str, reads: bool, answers: bool) -> None:
    file(site)
    browser = site.sign_in(username)
    assert {browser.get(path).status_code for path in PATHS} == {200 if reads else 403}
    page = browser.get("/petitions/PA-2024-0001")
    assert ("/answer" in page.text) == answers
    if not answers:
        csrf = hidden(browser.get("/account"), "/logout")["csrf"]
        answer = browser.post("/petitions/PA-2024-0001/answer", data={"csrf": csrf, "answer": "x"})
        assert (answer.status_code, stored(site)[0][4]) == (403, "received")


def test_the_public_is_sent_to_sign_in(site: Site) -> None:
    for path in PATHS:
        assert site.public.get(path).headers["location"] == f"/login?next={path}"
    assert site.public.post("/petitions/PA-2024-0001/answer", data={"answer": "x"}).status_code == 303


def test_the_office_sees_what_is_due_first_and_never_the_sender_in_the_list(site: Site) -> None:
    for text in ("một", "hai", "ba"):
        file(site, text=text)
    browser = site.sign_in("thuky")
    data = hidden(browser.get("/petitions/PA-2024-0001"), "/petitions/PA-2024-0001/answer") | {"answer": "xong"}
    browser.post("/petitions/PA-2024-0001/answer", data=data)
    page = browser.get("/petitions")
    codes = re.findall(r'href="/petitions/(PA-[\d-]+)"', page.text)
    assert codes == ["PA-2024-0002", "PA-2024-0003", "PA-2024-0001"]
    assert "Kín" not in page.text
    assert re.findall(r"PA-[\d-]+(?=\")", browser.get("/petitions?state=answered").text) == ["PA-2024-0001"]
    empty = browser.post(
        "/petitions/PA-2024-0002/answer",
        data=hidden(browser.get("/petitions/PA-2024-0002"), "/petitions/PA-2024-0002/answer") | {"answer": " "},
    )
    assert (empty.status_code, 'href="#answer"' in empty.text) == (422, True)
    assert browser.get("/petitions/PA-2024-0099").status_code == 404


def test_no_public_page_tells_of_a_petition(site: Site) -> None:
    file(site)
    for path in ("/", "/decisions/1-2024", "/register.csv", "/register.json", "/verify"):
        text = site.public.get(path).text
        assert not re.search(r"PA-2024|Kín|không làm việc", text), path


def test_five_hundred_on_a_round_leave_it_signable_and_go_in_one_act(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(petitions, "MOST_A_DAY", 1000)
    about, office = site.codes["recommended"], site.office
    with office.database.begin() as session:
        for n in range(500):
            petitions.file(session, text=f"Đơn {n}", nomination=about, now=office.now)
    assert office.letters().count("petition_received") == petitions.MANY_A_DAY * 3
    signed = office.act(signature.sign, [about], actor=office.chutich, now=office.now)
    assert [one.refusal for one in signed.results] == [None]
    browser = site.sign_in("thuky")
    inbox = browser.get("/inbox")
    assert ("Xem, thụ lý hoặc không thụ lý 500 đơn" in inbox.text, inbox.text.count("/petitions/PA-")) == (True, 0)
    assert "và 490 đơn nữa" in browser.get(f"/nominations/{about}").text
    assert "Hôm nay đã có 500 đơn gửi qua mạng" in browser.get("/dashboard").text
    page = browser.get(f"/petitions?round={site.round}")
    data = hidden(page, "/petitions") | {"code": ["PA-2024-0007"], "act": "dismiss_rest", "reason": " "}
    assert browser.post("/petitions", data=data).status_code == 422
    began = time.process_time()
    answers = [browser.post("/petitions", data=data | {"reason": "Đơn gửi hàng loạt."}) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert time.process_time() - began < 20
    assert "Không thụ lý 499 đơn" in browser.get(answers[0].headers["location"]).text
    assert office.rows("SELECT code FROM petition WHERE state = 'received'") == [("PA-2024-0007",)]
    page = browser.get("/petitions/PA-2024-0007")
    taken = hidden(page, "/petitions/PA-2024-0007/take") | {"taken_as": "denunciation"}
    assert browser.post("/petitions/PA-2024-0007/take", data=taken).status_code == 303
    assert "đã thụ lý, đang giải quyết: tố cáo (thuky" in browser.get("/petitions/PA-2024-0007").text
    assert office.violations() == []


def test_a_sender_reads_why_theirs_was_put_aside(site: Site) -> None:
    said = file(site)
    browser = site.sign_in("chuyenvien1")
    data = hidden(browser.get("/petitions"), "/petitions") | {"act": "dismiss", "reason": "Không có căn cứ."}
    assert browser.post("/petitions", data=data).status_code == 422  # none ticked
    assert browser.post("/petitions", data=data | {"code": "PA-2024-0001"}).status_code == 303
    page = site.public.post("/petitions/status", data={"receipt": said})
    assert ("không thụ lý" in page.text, "Không có căn cứ." in page.text) == (True, True)


def test_the_confirmation_of_taking_up_says_what_waits_for_the_answer(site: Site) -> None:
    browser = site.sign_in("chuyenvien1")
    said = []
    for about in (site.codes["submitted"], ""):
        file(site, about=about)
        place = f"/petitions/PA-2024-{len(said) + 1:04}"
        data = hidden(browser.get(place), f"{place}/take") | {"taken_as": "complaint"}
        shown = browser.get(browser.post(f"{place}/take", data=data).headers["location"]).text
        said.append(("chưa ký được" in shown, "đơn không giữ lại hồ sơ nào" in shown))
    assert said == [(True, False), (False, True)]
