"""Signing over HTTP: piles by paper, the password, one paper a pile, a result for each; a deputy within the scope only."""

import itertools
import re
from typing import Any

import httpx
import pyotp
import pytest

from rules.lifecycle import State
from tests.conftest import Round
from tests.web.conftest import PASSWORD, Site, hidden
from tests.web.test_rounds import PEOPLE, said

LDTT = "/sign/DX-2024-01/decide/LDTT"
ABOVE = "/sign/DX-2024-01/propose/CT_UBND_TINH"


def waiting(site: Site, count: int = 0, **words: Any) -> list[str]:
    """What waits for signature as LDTT, `count` further nominations among it (or of another award beside it)."""
    round_ = Round(site.office, site.round)
    round_.office._people = itertools.count(100)
    if count:
        round_.to(State.RECOMMENDED, count, **words)
    rows = site.office.rows("SELECT code FROM nomination WHERE state = 'recommended' AND award = 'LDTT' ORDER BY id")
    return [row[0] for row in rows]


def boxes(page: httpx.Response) -> list[str]:
    return re.findall(r'type="checkbox" name="code" value="(DN-[\d-]+:\d+)"', page.text)


def checked(
    browser: Any, place: str, verb: str, *, code: list[str] | None = None, whole: bool = False
) -> httpx.Response:
    """The page on which the password is typed."""
    query: dict[str, Any] = {"verb": verb, "code": code or []} | ({"whole": "1"} if whole else {})
    page: httpx.Response = browser.get(f"{place}/check", params=query)
    return page


def act(browser: Any, page: httpx.Response, place: str, code: list[str] | None = None, **typed: Any) -> httpx.Response:
    fields = hidden(page, place) | {"password": PASSWORD} | typed
    answer: httpx.Response = browser.post(place, data=fields | ({"code": code} if code else {}))
    return answer


def test_only_who_signs_opens_the_pages(site: Site) -> None:
    paths = ("/sign", LDTT, f"{LDTT}/preview.pdf", f"{LDTT}/check?verb=sign&whole=1")
    signing = {"verb": "sign", "whole": "1", "password": PASSWORD, "once": "x"}
    for username in PEOPLE:
        browser = site.sign_in(username)
        wanted = 200 if username in {"chutich", "phochutich"} else 403
        answers = {path: browser.get(path).status_code for path in paths}
        assert answers == dict.fromkeys(paths, wanted), username
        if wanted == 403:
            token = hidden(browser.get("/inbox"), "/logout")["csrf"]
            assert browser.post(LDTT, data=signing | {"csrf": token}).status_code == 403, username
    assert site.office.states([site.codes[State.RECOMMENDED]]) == ["recommended"]


def test_a_deputy_sees_on_whose_behalf_and_only_within_the_scope(site: Site) -> None:
    waiting(site, 1, award="BK_TINH")
    own, deputy = site.sign_in("chutich").get("/sign"), site.sign_in("phochutich")
    piles = r'<td[^>]*><a href="(/sign/[\w/-]+)">'
    assert re.findall(piles, own.text) == [LDTT, ABOVE]
    page = deputy.get("/sign")
    assert re.findall(piles, page.text) == [LDTT]
    assert "02/UQ-UBND (mẫu)" in page.text
    assert deputy.get(ABOVE).status_code == 404
    assert deputy.get(f"{ABOVE}/preview.pdf").status_code == 404
    site.office.write("UPDATE authorisation SET valid_to = '2024-10-31'")
    page = deputy.get("/sign")
    assert (re.findall(piles, page.text), "không có văn bản ủy quyền còn hiệu lực" in page.text) == ([], True)


def test_a_pile_is_signed_once_into_one_decision(site: Site) -> None:
    codes = waiting(site, 2)
    browser = site.sign_in("chutich")
    ticked = boxes(browser.get(LDTT))
    assert [one.split(":")[0] for one in ticked] == codes
    page = checked(browser, LDTT, "sign", code=ticked)
    before = site.office.one("SELECT count(*) FROM decision")
    answers = [act(browser, page, LDTT, code=ticked) for _ in range(2)]
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
        (303, answers[0].headers["location"])
    }
    assert site.office.states(codes) == ["signed"] * len(codes)
    assert site.office.one("SELECT count(*) FROM decision") == before + 1
    assert len({site.office.decision_of(code) for code in codes}) == 1
    receipt = browser.get(answers[1].headers["location"])
    assert said(receipt) == [f"Đã ký {len(codes)} hồ sơ"]
    assert re.findall(
        r'<td><a class="keep" href="/nominations/(DN-[\d-]+)">[^<]*</a>[^<]*</td><td>([^<]*)</td>', receipt.text
    ) == [(code, "Đã ký, chờ công khai") for code in codes]


def test_a_deputys_signature_says_so_everywhere(site: Site) -> None:
    browser = site.sign_in("phochutich")
    page = checked(browser, LDTT, "sign", whole=True)
    done = browser.get(act(browser, page, LDTT).headers["location"])
    assert "theo văn bản ủy quyền 02/UQ-UBND (mẫu)" in done.text
    paper = site.office.decision_of(site.codes[State.RECOMMENDED])
    assert site.office.rows("SELECT signed_by, authorisation_id FROM decision WHERE code = :c", c=paper) == [
        ("phochutich", 1)
    ]


@pytest.mark.parametrize(("password", "field"), [("", "password"), ("sai-mat-khau-roi", "password")])
def test_without_the_password_nothing_is_signed(site: Site, password: str, field: str) -> None:
    browser = site.sign_in("chutich")
    page = checked(browser, LDTT, "refuse", whole=True)
    answer = act(browser, page, LDTT, password=password, reason="chưa thuyết phục")
    assert answer.status_code == 422
    assert re.findall(r'<li><a href="#(\w+)"', answer.text) == [field]
    assert "chưa thuyết phục</textarea>" in answer.text
    assert password not in answer.text or not password
    assert site.office.states([site.codes[State.RECOMMENDED]]) == ["recommended"]


def test_a_second_factor_set_a_moment_ago_stands_for_no_password(site: Site) -> None:
    """Signed in by password alone, then a factor set within five minutes: no code was given to this session."""
    browser = site.sign_in("chutich")
    page = browser.get("/account/second-factor")
    code = pyotp.TOTP(re.findall(r"<code>([A-Z2-7]+)</code>", page.text)[0]).now()
    fields = hidden(page, "/account/second-factor") | {"code": code, "password": PASSWORD}
    assert browser.post("/account/second-factor", data=fields).status_code == 303
    page = checked(browser, LDTT, "sign", whole=True)
    answer = act(browser, page, LDTT, password="")
    assert (answer.status_code, re.findall(r'<li><a href="#(\w+)"', answer.text)) == (422, ["password"])
    assert site.office.states([site.codes[State.RECOMMENDED]]) == ["recommended"]


@pytest.mark.parametrize(("verb", "state"), [("send_back", "submitted"), ("refuse", "refused")])
def test_sending_back_and_refusing_need_a_reason(site: Site, verb: str, state: str) -> None:
    code = site.codes[State.RECOMMENDED]
    browser = site.sign_in("chutich")
    page = checked(browser, LDTT, verb, code=boxes(browser.get(LDTT)))
    again = act(browser, page, LDTT)
    assert (again.status_code, site.office.states([code])) == (422, ["recommended"])
    done = act(browser, again, LDTT, reason="cần xem lại thành tích")
    assert (done.status_code, site.office.states([code])) == (303, [state])
    assert site.office.one("SELECT reason FROM nomination WHERE code = :c", c=code) == "cần xem lại thành tích"


def test_a_whole_pile_that_changed_meanwhile_is_not_signed(site: Site) -> None:
    browser = site.sign_in("chutich")
    page = checked(browser, LDTT, "sign", whole=True)
    codes = waiting(site, 1)
    answer = act(browser, page, LDTT)
    assert answer.status_code == 409
    assert f"vừa thay đổi (nay có {len(codes)} hồ sơ)" in answer.text
    assert waiting(site) == codes


def test_a_stale_one_is_refused_and_the_others_are_signed(site: Site) -> None:
    codes = waiting(site, 1)
    browser = site.sign_in("chutich")
    ticked = boxes(browser.get(LDTT))
    page = checked(browser, LDTT, "sign", code=ticked)
    site.office.write("UPDATE nomination SET version = version + 1 WHERE code = :c", c=codes[0])
    done = browser.get(act(browser, page, LDTT, code=ticked).headers["location"])
    assert site.office.states(codes) == ["recommended", *["signed"] * (len(codes) - 1)]
    assert said(done) == [f"Đã ký {len(codes) - 1} trong {len(codes)} hồ sơ"]
    assert "vừa được người khác xử lý" in done.text


def test_nothing_ticked_and_unknown_acts_are_said(site: Site) -> None:
    browser = site.sign_in("chutich")
    page = browser.get(f"{LDTT}/check?verb=sign")
    assert (page.status_code, "Hãy đánh dấu ít nhất một hồ sơ." in page.text) == (422, True)
    assert browser.get(f"{LDTT}/check?verb=burn&whole=1").status_code == 404
    assert browser.get("/sign/DX-2024-01/decide/GK_HUYEN").status_code == 404
    assert browser.get("/sign/DX-2024-99/decide/LDTT").status_code == 404


def test_a_preview_is_a_draft_and_leaves_no_trace(site: Site) -> None:
    waiting(site, 1, award="BK_TINH")
    browser = site.sign_in("chutich")
    before = site.office.digests()
    for place in (LDTT, ABOVE):
        paper = browser.get(f"{place}/preview.pdf")
        assert (paper.status_code, paper.headers["content-type"], paper.content[:5]) == (
            200,
            "application/pdf",
            b"%PDF-",
        )
    assert site.office.digests() == before


def test_who_stands_aside_is_not_shown_the_dossier(site: Site) -> None:
    code = site.codes[State.RECOMMENDED]
    site.office.write(
        "INSERT INTO recusal (session_id, username, nomination_id, ground, at)"
        " SELECT s.id, 'chutich', n.id, 'anh em', s.held_at FROM council_session s, nomination n"
        " WHERE s.code = :s AND n.code = :c",
        s=site.session,
        c=code,
    )
    browser = site.sign_in("chutich")
    assert code not in browser.get("/sign").text
    assert browser.get(LDTT).status_code == 404


def test_who_entered_a_proposal_does_not_sign_it(site: Site) -> None:
    code = site.codes[State.RECOMMENDED]
    site.office.write("UPDATE nomination SET proposed_by = 'chutich' WHERE code = :c", c=code)
    browser = site.sign_in("chutich")
    page = browser.get(LDTT)
    assert (boxes(page), "bạn đã đề nghị hồ sơ này" in page.text) == ([], True)
    answer = act(browser, checked(browser, LDTT, "sign", whole=True), LDTT)
    assert (answer.status_code, site.office.states([code])) == (403, ["recommended"])
    assert site.office.rows("SELECT actor, code FROM security_event WHERE code <> 'done'") == [
        ("chutich", "separation_of_duties")
    ]
