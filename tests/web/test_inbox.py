"""The inbox over HTTP: what waits for whom, counts, and acts on many at once with a result for each."""

import re
from typing import Any

import pytest

from operations.home_affairs_review import review
from rules.lifecycle import State
from tests.conftest import Round
from tests.web.conftest import Site, hidden


def listed(text: str) -> list[str]:
    """The nominations a page links to, in order, each once."""
    return list(dict.fromkeys(re.findall(r'href="/nominations/(DN-[\d-]+)"', text)))


def evaluate(site: Site) -> None:
    site.office.act(review.evaluate, now=site.office.now)


# What waits --------------------------------------------------------------------------------------------------------

WAITS: dict[str, list[State | str]] = {
    "canbo.xa01": [State.RETURNED, State.DRAFT],
    "canbo.xa02": [],
    "truong.xa01": [State.RETURNED, State.DRAFT],
    "chuyenvien1": [State.SUBMITTED, "foreign", State.PAUSED],
    "thuky": [State.PAUSED],
    "chutich": [],  # piles, not dossiers
    "phochutich": [],
    "tv05": [],
    "tv04": [],
    "thanhtra": [],
    "quantri": [],
}


@pytest.mark.parametrize("username", sorted(WAITS))
def test_the_inbox_lists_exactly_what_waits_for_this_person(site: Site, username: str) -> None:
    page = site.sign_in(username).get("/inbox")
    expected = [site.foreign if one == "foreign" else site.codes[one] for one in WAITS[username]]
    assert (page.status_code, sorted(listed(page.text))) == (200, sorted(expected))


def test_without_a_session_the_inbox_is_behind_the_sign_in(site: Site) -> None:
    answer = site.public.get("/inbox?kind=draft")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/inbox%3Fkind%3Ddraft")


def test_counts_of_a_kind_show_only_that_kind(site: Site) -> None:
    browser = site.sign_in("canbo.xa01")
    counts = browser.get("/inbox/counts").text
    assert re.findall(r'href="/inbox\?kind=(\w+)".*?<span class="count">(\d+)</span>', counts) == [
        ("returned", "1"),
        ("draft", "1"),
    ]
    assert listed(browser.get("/inbox?kind=draft").text) == [site.codes[State.DRAFT]]


def test_the_poll_swaps_the_counts_and_nothing_that_can_be_ticked(site: Site) -> None:
    browser = site.sign_in("chuyenvien1")
    assert 'hx-get="/inbox/counts?kind="' in browser.get("/inbox").text
    assert "<input" not in browser.get("/inbox/counts").text


def test_a_page_of_the_inbox_ends_and_goes_on_after_its_last_row(site: Site) -> None:
    round_ = Round(site.office, site.round)
    round_.office._people = iter(range(1000, 2000))
    more = round_.file(60, unit="XA03")
    browser = site.sign_in("chuyenvien1")
    first = browser.get("/inbox?kind=submitted")
    following = re.search(r'href="(/inbox\?[^"]*after=[^"]*)"', first.text)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&"))
    assert listed(first.text) + listed(second.text) == [site.codes[State.SUBMITTED], site.foreign, *more]


def test_a_bad_page_key_is_a_clear_page(site: Site) -> None:
    assert site.sign_in("chuyenvien1").get("/inbox?after=x").status_code == 422


# Acts on many ------------------------------------------------------------------------------------------------------


def bulk(site: Site, username: str, act: str, codes: list[str], **more: Any) -> tuple[Any, Any]:
    """Tick, choose, fill in, check, confirm; returns the browser and the last answer."""
    browser = site.sign_in(username)
    page = browser.get("/inbox")
    versions = dict(site.office.rows("SELECT code, version FROM nomination"))
    said = {**hidden(page, "/inbox/acts"), "act": act, "code": [f"{code}:{versions[code]}" for code in codes]}
    asked = browser.post("/inbox/acts", data=said)
    assert asked.status_code == 200, asked.text
    said = {**hidden(asked, "/inbox/acts"), "code": said["code"], **more}
    if more:
        checked = browser.post("/inbox/acts", data={**said, "step": "check"})
        assert checked.status_code == 200, checked.text
        said = {**hidden(checked, "/inbox/acts"), "code": said["code"], **more}
    return browser, browser.post("/inbox/acts", data={**said, "step": "do"})


def test_many_are_passed_at_once_each_with_its_own_result(site: Site) -> None:
    evaluate(site)
    clean, paused = [site.codes[State.SUBMITTED], site.foreign], site.codes[State.PAUSED]
    browser, answer = bulk(site, "chuyenvien1", "pass_review", [*clean, paused])
    assert answer.status_code == 303
    receipt = browser.get(answer.headers["location"]).text
    assert "Đã kết luận đủ điều kiện 2 trong 3 hồ sơ" in receipt
    assert site.office.states([*clean, paused]) == ["eligible", "eligible", "paused"]


def test_many_are_returned_with_one_reason(site: Site) -> None:
    codes = [site.codes[State.SUBMITTED], site.foreign]
    bulk(site, "chuyenvien1", "return_for_supplement", codes, reason="Thiếu biên bản", citation="84.1.c")
    rows = site.office.rows("SELECT state, reason FROM nomination WHERE code IN (:a, :b)", a=codes[0], b=codes[1])
    assert rows == [("returned", "Thiếu biên bản"), ("returned", "Thiếu biên bản")]


def test_an_officer_submits_what_waits(site: Site) -> None:
    codes = [site.codes[State.DRAFT], site.codes[State.RETURNED]]
    bulk(site, "canbo.xa01", "submit", codes)
    assert site.office.states(codes) == ["submitted", "submitted"]


def test_confirming_twice_acts_once_and_shows_the_same_receipt(site: Site) -> None:
    code = site.codes[State.DRAFT]
    browser = site.sign_in("canbo.xa01")
    said = {**hidden(browser.get("/inbox"), "/inbox/acts"), "act": "submit", "code": [f"{code}:1"]}
    said = {**hidden(browser.post("/inbox/acts", data=said), "/inbox/acts"), "code": said["code"], "step": "do"}
    answers = [browser.post("/inbox/acts", data=said) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert (
        site.office.one(
            "SELECT count(*) FROM ledger_entry WHERE subject = :c AND kind = 'nomination:submitted'", c=code
        )
        == 1
    )


def test_nothing_ticked_is_an_error_at_the_list(site: Site) -> None:
    browser = site.sign_in("canbo.xa01")
    page = browser.get("/inbox")
    answer = browser.post("/inbox/acts", data={**hidden(page, "/inbox/acts"), "act": "submit"})
    assert answer.status_code == 422
    assert '<a href="#items">' in answer.text
    assert "<title>Lỗi: " in answer.text


def test_a_reason_that_is_missing_is_asked_for_and_nothing_is_lost(site: Site) -> None:
    browser = site.sign_in("chuyenvien1")
    said = {**hidden(browser.get("/inbox"), "/inbox/acts"), "act": "return_for_supplement"}
    said["code"] = [f"{site.codes[State.SUBMITTED]}:2"]
    answer = browser.post("/inbox/acts", data={**said, "step": "check", "reason": " ", "citation": "84.1.c"})
    assert answer.status_code == 422
    assert 'href="#reason"' in answer.text
    assert 'value="84.1.c"' in answer.text
    assert site.office.states([site.codes[State.SUBMITTED]]) == ["submitted"]


def test_a_stale_one_among_many_is_told_and_the_others_go(site: Site) -> None:
    browser = site.sign_in("canbo.xa01")
    fresh, stale = site.codes[State.DRAFT], site.codes[State.RETURNED]
    version = site.office.one("SELECT version FROM nomination WHERE code = :c", c=stale)
    said = {**hidden(browser.get("/inbox"), "/inbox/acts"), "act": "submit", "step": "do"}
    said["code"] = [f"{fresh}:1", f"{stale}:{version - 1}"]
    answer = browser.post("/inbox/acts", data=said)
    receipt = browser.get(answer.headers["location"]).text
    assert "Đã nộp 1 trong 2 hồ sơ" in receipt
    assert "vừa được người khác xử lý" in receipt
    assert site.office.states([fresh, stale]) == ["submitted", "returned"]


def test_a_foreign_nomination_in_a_bulk_act_is_refused_and_noted(site: Site) -> None:
    browser = site.sign_in("canbo.xa01")
    said = {**hidden(browser.get("/inbox"), "/inbox/acts"), "act": "withdraw", "step": "do", "reason": "x"}
    before = site.office.digests()
    answer = browser.post("/inbox/acts", data={**said, "code": [f"{site.foreign}:2"]})
    assert answer.status_code == 403
    changed = {name for name, digest in site.office.digests().items() if digest != before[name]}
    assert changed <= {"security_event", "web_session"}
    assert site.office.rows("SELECT actor, code FROM security_event WHERE code <> 'done'") == [
        ("canbo.xa01", "not_your_unit")
    ]


@pytest.mark.parametrize("username", ["thuky", "tv05", "thanhtra", "quantri", "canbo.xa01"])
def test_an_act_of_another_role_is_forbidden(site: Site, username: str) -> None:
    browser = site.sign_in(username)
    said = hidden(browser.get("/account"), "/logout")
    answer = browser.post(
        "/inbox/acts", data={**said, "act": "pass_review", "step": "do", "code": [f"{site.codes[State.SUBMITTED]}:2"]}
    )
    assert answer.status_code == 403
    assert site.office.states([site.codes[State.SUBMITTED]]) == ["submitted"]


def test_an_unknown_act_and_a_form_of_another_session_are_refused(site: Site) -> None:
    browser = site.sign_in("chuyenvien1")
    said = hidden(browser.get("/inbox"), "/inbox/acts")
    assert browser.post("/inbox/acts", data={**said, "act": "sign"}).status_code == 404
    assert browser.post("/inbox/acts", data={**said, "csrf": "0" * 80, "act": "submit"}).status_code == 403


# A whole list ------------------------------------------------------------------------------------------------------


def whole(site: Site, act: str = "pass_review") -> tuple[Any, dict[str, Any]]:
    """A reviewer asks for an act on all that the rules found clean; returns browser and the check page's form."""
    round_ = Round(site.office, site.round)
    round_.office._people = iter(range(1000, 2000))
    round_.file(60, unit="XA03")
    evaluate(site)
    browser = site.sign_in("chuyenvien1")
    page = browser.get("/inbox?kind=submitted&verdict=eligible")
    assert "Cả danh sách: 62 hồ sơ" in page.text
    asked = browser.post("/inbox/acts", data={**hidden(page, "/inbox/acts"), "act": act, "whole": "1"})
    assert asked.status_code == 200, asked.text
    return browser, hidden(asked, "/inbox/acts")


def test_a_whole_list_is_passed_in_one_act_also_what_its_page_did_not_show(site: Site) -> None:
    browser, said = whole(site)
    answers = [browser.post("/inbox/acts", data={**said, "step": "do"}) for _ in range(2)]
    assert {one.headers["location"] for one in answers} == {
        f"/inbox?kind=submitted&verdict=eligible&done={said['once']}"
    }
    assert "Đã kết luận đủ điều kiện 62 trong 62 hồ sơ" in browser.get(answers[0].headers["location"]).text
    assert site.office.rows(
        "SELECT count(*), count(DISTINCT subject) FROM ledger_entry WHERE kind = 'nomination:passed_review'"
        " AND subject IN (SELECT code FROM nomination WHERE state = 'eligible')"
    ) == [(63, 63)]  # one of them was passed before


def test_a_whole_list_that_changed_since_it_was_checked_is_left_alone(site: Site) -> None:
    browser, said = whole(site)
    site.office.act(
        review.return_for_supplement, [site.foreign], actor=site.office.chuyenvien1, now=site.office.now, reason="Thiếu"
    )
    before = site.office.rows("SELECT state, count(*) FROM nomination GROUP BY state ORDER BY state")
    answer = browser.post("/inbox/acts", data={**said, "step": "do"})
    assert (answer.status_code, "Danh sách vừa thay đổi (nay có 61 hồ sơ)" in answer.text) == (409, True)
    assert site.office.rows("SELECT state, count(*) FROM nomination GROUP BY state ORDER BY state") == before


def test_a_whole_list_holds_only_what_the_act_may_be_done_with(site: Site) -> None:
    """The filter may be left away: what the rules did not find clean is passed one by one, with a reason."""
    browser, _ = whole(site)
    unclean = Round(site.office, site.round).file(1, unit="XA03", rating="HTNV")
    evaluate(site)
    page = browser.get("/inbox?kind=submitted")
    asked = browser.post("/inbox/acts", data={**hidden(page, "/inbox/acts"), "act": "pass_review", "whole": "1"})
    assert "62 hồ sơ (cả danh sách)" in asked.text
    browser.post("/inbox/acts", data={**hidden(asked, "/inbox/acts"), "step": "do"})
    assert site.office.rows("SELECT code FROM nomination WHERE state = 'submitted'") == [(unclean[0],)]


def test_no_column_stands_empty(site: Site) -> None:
    """Petitions and letters have no award and no unit: their columns are not drawn."""
    heads = re.findall(r'<th scope="col">([^<]*)</th>', site.sign_in("thuky").get("/inbox?kind=answer").text)
    assert heads == ["Việc", "Hạn", "Đợt"]


def test_the_menu_marks_one_place(site: Site) -> None:
    page = site.sign_in("quantri").get("/administration/security")
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page.text) == ["/administration/security"]


def test_the_grave_act_is_not_the_heaviest_button(site: Site) -> None:
    page = site.sign_in("chuyenvien1").get(f"/nominations/{site.codes[State.SUBMITTED]}")
    assert re.findall(r'<a class="button ?([^"]*)"[^>]*>([^<]+)', page.text) == [
        ("", "Kết luận đủ điều kiện"),
        ("second", "Trả lại để bổ sung"),
        ("grave", "Kết luận không đủ điều kiện"),
        ("second", "Tạm dừng"),
        ("grave", "Ghi nhận xin không nhận"),
        ("second", "Đính chính"),
    ]


def test_a_receipt_begins_with_what_was_refused_and_says_whose_it_is(site: Site) -> None:
    evaluate(site)
    clean, paused = site.codes[State.SUBMITTED], site.codes[State.PAUSED]
    browser, answer = bulk(site, "chuyenvien1", "pass_review", [clean, paused])
    rows = re.findall(
        r'href="/nominations/(DN-[\d-]+)">[^<]*</a> ([^<]+)</td>', browser.get(answer.headers["location"]).text
    )
    names = dict(site.office.rows("SELECT n.code, p.name FROM nomination n JOIN nominee p ON p.id = n.nominee_id"))
    assert rows == [(paused, names[paused]), (clean, names[clean])]
