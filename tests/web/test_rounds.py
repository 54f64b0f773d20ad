"""Rounds over HTTP: opening, the board, deadlines, acts on many, papers published and answered; each role × each route."""

import re
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient

from rules.lifecycle import State
from tests.web.conftest import Site, hidden
from web import language

PEOPLE = ("canbo.xa01", "chuyenvien1", "thuky", "chutich", "phochutich", "tv05", "tv04", "thanhtra", "quantri")
WORKERS = tuple(person for person in PEOPLE if person != "quantri")


def listed(page: httpx.Response) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="/nominations/(DN-[\d-]+)"', page.text)))


def listed_codes(page: httpx.Response) -> list[str]:
    return re.findall(r"<td>(DN-[\d-]+)</td>", page.text)


def picked(page: httpx.Response, code: str) -> str:
    """The value of a nomination's box: its code and version as shown."""
    found = re.search(rf'value="({code}:\d+)"', page.text)
    assert found, page.text[:3000]
    return found[1]


def post(browser: TestClient, page: httpx.Response, action: str, **typed: Any) -> httpx.Response:
    """Send a page's form as a browser would, with what was typed."""
    return browser.post(action, data=hidden(page, action) | typed)


def said(page: httpx.Response) -> list[str]:
    """What the receipt on a page says."""
    title = re.search(r'id="done-title">(.*?)</h2>', page.text)
    return [title[1]] if title else []


# Who may ------------------------------------------------------------------------------------------------------------


def test_each_role_opens_exactly_its_pages(site: Site) -> None:
    office = {"thuky"}
    letter = site.office.one("SELECT code FROM submission_letter LIMIT 1")
    here = f"/rounds/{site.round}"
    expected = {
        "/rounds": WORKERS,
        here: WORKERS,
        f"{here}/live": WORKERS,
        "/rounds/new": office,
        f"{here}/extend": office,
        f"{here}/advance": office,
        f"{here}/letters/{letter}": {"thuky", "chuyenvien1"},
    }
    for username in PEOPLE:
        browser = site.sign_in(username)
        answers = {path: browser.get(path).status_code for path in expected}
        assert answers == {path: 200 if username in people else 403 for path, people in expected.items()}, username


def test_what_belongs_to_the_secretary_is_refused_to_others_and_changes_nothing(site: Site) -> None:
    before = (
        site.office.rows("SELECT stage, version FROM review_round"),
        site.office.rows("SELECT due_on FROM deadline"),
    )
    here = f"/rounds/{site.round}"
    forms: dict[str, dict[str, str]] = {
        "/rounds": {"kind": "CONG_TRANG", "year": "2024", "title": "x"},
        f"{here}/advance": {},
        f"{here}/extend": {"stage": "council_vote", "until": "2024-12-30", "reason": "x"},
    }
    for username in PEOPLE:
        browser = site.sign_in(username)
        token = hidden(browser.get("/inbox"), "/logout")["csrf"]
        answers = {
            path: browser.post(path, data={"csrf": token, "once": path, **typed}).status_code
            for path, typed in forms.items()
            if username != "thuky"
        }
        assert set(answers.values()) <= {403}, (username, answers)
    after = site.office.rows("SELECT stage, version FROM review_round"), site.office.rows("SELECT due_on FROM deadline")
    assert after == before


def test_nobody_signed_in_is_sent_to_the_form_and_comes_back(site: Site) -> None:
    answer = site.public.get(f"/rounds/{site.round}?stage=council_vote")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/login?next=/rounds/{site.round}%3Fstage%3Dcouncil_vote",
    )


def test_a_unit_sees_its_own_rows_only(site: Site) -> None:
    shown = listed(site.sign_in("canbo.xa01").get(f"/rounds/{site.round}"))
    own = site.office.rows(
        "SELECT n.code FROM nomination n JOIN unit u ON u.id = n.unit_id WHERE u.code = 'XA01' ORDER BY n.code"
    )
    assert sorted(shown) == [row[0] for row in own]


# Opening ------------------------------------------------------------------------------------------------------------


def test_a_round_is_opened_once_however_often_the_form_is_sent(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get("/rounds/new")
    typed = {"kind": "DOT_XUAT", "year": "2024", "title": "Mưa lũ tháng 9", "due": "20/11/2024"}
    locations = {post(browser, page, "/rounds", **typed).headers["location"] for _ in range(2)}
    assert len(locations) == 1
    assert site.office.rows("SELECT code, kind, title FROM review_round WHERE kind = 'DOT_XUAT'") == [
        ("DX-2024-02", "DOT_XUAT", "Mưa lũ tháng 9")
    ]
    assert said(browser.get(locations.pop())) == ["Đã mở đợt xét DX-2024-02"]


def test_what_will_not_do_is_said_at_its_field_and_nothing_typed_is_lost(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = post(
        browser, browser.get("/rounds/new"), "/rounds", kind="DOT_XUAT", year="hai nghìn", title="", due="32/13/2024"
    )
    assert page.status_code == 422
    assert "<title>Lỗi: Mở một đợt xét" in page.text
    assert re.findall(r'href="#(\w+)"', page.text) == ["main", "title", "year", "due"]
    assert 'value="hai nghìn"' in page.text
    assert 'value="32/13/2024"' in page.text
    assert site.office.one("SELECT count(*) FROM review_round") == 1


# The board ----------------------------------------------------------------------------------------------------------


def test_the_board_counts_every_dossier_once(site: Site) -> None:
    page = site.sign_in("thuky").get(f"/rounds/{site.round}")
    stages = dict(site.office.rows("SELECT stage, count(*) FROM nomination GROUP BY stage"))
    shown = {
        name: int(count)
        for name, count in re.findall(r'\?stage=(\w+)#dossiers".*?<td class="n"[^>]*>(\d+)</td>', page.text, re.DOTALL)
    }
    assert {name: count for name, count in shown.items() if count} == stages
    assert "Dự báo" in page.text


def test_filters_show_exactly_what_they_say(site: Site) -> None:
    browser = site.sign_in("thuky")
    for query, where in (
        ("stage=council_vote", "stage = 'council_vote'"),
        ("state=paused", "state = 'paused'"),
        ("unit=XA02", "unit_id = (SELECT id FROM unit WHERE code = 'XA02')"),
    ):
        expected = [row[0] for row in site.office.rows(f"SELECT code FROM nomination WHERE {where} ORDER BY code")]
        assert sorted(listed(browser.get(f"/rounds/{site.round}?{query}"))) == expected
    assert browser.get(f"/rounds/{site.round}?stage=nowhere").status_code == 404
    assert browser.get(f"/rounds/{site.round}?after=x").status_code == 422
    assert browser.get("/rounds/DX-1999-01").status_code == 404


def test_what_is_asked_for_every_15_seconds_is_the_counts_and_the_table_alone(site: Site) -> None:
    browser = site.sign_in("thuky")
    whole, part = browser.get(f"/rounds/{site.round}"), browser.get(f"/rounds/{site.round}/live")
    assert f'hx-get="/rounds/{site.round}/live?' in whole.text
    assert "<html" not in part.text
    assert listed(part) == listed(whole)
    assert part.text.count('hx-swap-oob="true"') == 1


# Acts ---------------------------------------------------------------------------------------------------------------


def test_a_stage_that_is_not_done_is_not_closed(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(f"/rounds/{site.round}/advance")
    assert f'action="/rounds/{site.round}/advance"' not in page.text
    token = hidden(page, "/logout")["csrf"]
    answer = browser.post(f"/rounds/{site.round}/advance", data={"csrf": token, "once": "k1"})
    assert answer.status_code == 409
    assert "1 hồ sơ «Bản nháp»" in answer.text
    assert site.office.one("SELECT stage FROM review_round") == "unit_proposal"


def units_named(page: httpx.Response) -> list[str]:
    """Units that the page says have not proposed yet."""
    return re.findall(r'<li>[^<]+ <span class="hint">\((\w+)', page.text)


def test_the_office_sees_which_units_have_not_proposed_while_there_is_time(site: Site) -> None:
    board = f"/rounds/{site.round}"
    silent = [
        row[0]
        for row in site.office.rows(
            "SELECT code FROM unit WHERE NOT is_office AND code NOT IN ('XA01', 'XA02') ORDER BY code"
        )
    ]
    assert silent
    site.office.write(
        "UPDATE nomination SET state = 'draft', stage = 'unit_proposal' WHERE unit_id ="
        " (SELECT id FROM unit WHERE code = 'XA02')"
    )
    secretary = site.sign_in("thuky")
    assert units_named(secretary.get(board)) == sorted([*silent, "XA02"])
    assert "(XA02; 1 bản nháp chưa nộp)" in secretary.get(board).text
    assert units_named(secretary.get(f"{board}/advance")) == sorted([*silent, "XA02"])
    assert units_named(site.sign_in("canbo.xa01").get(board)) == []  # another unit's silence is the office's matter
    site.office.write("UPDATE unit SET valid_to = '2024-06-30' WHERE code = :c", c=silent[0])
    assert units_named(secretary.get(board)) == sorted([*silent[1:], "XA02"])
    site.office.write("UPDATE review_round SET stage = 'home_affairs_review'")
    assert units_named(secretary.get(board)) == []


def test_what_is_checked_before_a_stage_is_closed(site: Site) -> None:
    browser = site.sign_in("thuky")
    early = browser.get(f"/rounds/{site.round}/advance")
    assert "1 hồ sơ «Bản nháp»" in early.text
    assert f'action="/rounds/{site.round}/advance"' not in early.text
    site.office.write(
        "UPDATE nomination SET state = 'submitted', stage = 'home_affairs_review' WHERE stage = 'unit_proposal'"
    )
    going_on = site.office.one("SELECT count(*) FROM nomination WHERE stage != 'ended'")
    page = browser.get(f"/rounds/{site.round}/advance")
    assert re.findall(r"<dt>Hồ sơ đi tiếp</dt><dd>(\d+)", page.text) == [str(going_on)]
    assert hidden(page, f"/rounds/{site.round}/advance")["from_stage"] == "unit_proposal"
    assert site.office.one("SELECT stage FROM review_round") == "unit_proposal"


def test_a_stage_that_is_done_is_closed_once(site: Site) -> None:
    site.office.write(
        "UPDATE nomination SET state = 'submitted', stage = 'home_affairs_review' WHERE stage = 'unit_proposal'"
    )
    browser = site.sign_in("thuky")
    page = browser.get(f"/rounds/{site.round}/advance")
    answers = [post(browser, page, f"/rounds/{site.round}/advance") for _ in range(2)]
    assert {answer.headers.get("location") for answer in answers} == {answers[0].headers["location"]}
    assert site.office.one("SELECT stage FROM review_round") == "home_affairs_review"


def test_a_deadline_is_extended_with_a_reason(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(f"/rounds/{site.round}/extend")
    wrong = post(browser, page, f"/rounds/{site.round}/extend", stage="council_vote", until="2024-10-01", reason="")
    assert wrong.status_code == 422
    assert re.findall(r'href="#(until|reason|stage)"', wrong.text) == ["reason", "until"]
    done = post(
        browser, page, f"/rounds/{site.round}/extend", stage="council_vote", until="2024-12-30", reason="mưa lũ"
    )
    assert done.status_code == 303
    assert site.office.rows("SELECT due_on, computed FROM deadline WHERE stage = 'council_vote'") == [
        ("2024-12-30", "Hết ngày 30/12/2024, gia hạn.")
    ]
    assert said(browser.get(done.headers["location"])) == [
        "Đã gia hạn khâu «Hội đồng bỏ phiếu» đến hết ngày 30/12/2024"
    ]


def test_many_are_paused_from_the_board_with_a_result_for_each(site: Site) -> None:
    browser = site.sign_in("thuky")
    submitted, eligible = site.codes[State.SUBMITTED], site.codes[State.ELIGIBLE]
    acts = f"/rounds/{site.round}/acts"
    page = browser.get(f"/rounds/{site.round}")
    codes = [picked(page, submitted), picked(page, eligible)]
    form = post(browser, page, acts, act="pause", code=codes)
    assert form.status_code == 200
    checked = post(browser, form, acts, code=codes, step="check", reason="có đơn", ground="complaint")
    assert site.office.states([submitted, eligible]) == ["submitted", "eligible"]
    done = post(browser, checked, acts, code=codes, step="do", reason="có đơn", ground="complaint")
    assert (done.status_code, done.headers["location"].split("?")[0]) == (303, f"/rounds/{site.round}")
    assert site.office.states([submitted, eligible]) == ["paused", "paused"]
    assert site.office.rows("SELECT ground FROM pause WHERE ended_at IS NULL ORDER BY id")[-2:] == [
        ("complaint",),
        ("complaint",),
    ]


def test_nothing_ticked_is_said_and_the_filter_stays(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(f"/rounds/{site.round}?state=submitted")
    again = post(browser, page, f"/rounds/{site.round}/acts", act="pause")
    assert again.status_code == 422
    assert listed(again) == listed(page)
    assert "Hãy đánh dấu ít nhất một hồ sơ." in again.text


def test_the_secretary_may_pause_but_not_return(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(f"/rounds/{site.round}")
    assert re.findall(r'name="act" value="(\w+)"', page.text) == ["pause", "resume"]
    answer = post(
        browser,
        page,
        f"/rounds/{site.round}/acts",
        act="return_for_supplement",
        code=picked(page, site.codes[State.SUBMITTED]),
    )
    assert answer.status_code == 403
    reviewer = site.sign_in("chuyenvien1").get(f"/rounds/{site.round}")
    assert re.findall(r'name="act" value="(\w+)"', reviewer.text) == ["return_for_supplement", "pause", "resume"]


# Papers -------------------------------------------------------------------------------------------------------------


def test_a_signed_decision_is_published_once(site: Site) -> None:
    browser = site.sign_in("thuky")
    signed = site.codes[State.SIGNED]
    board = browser.get(f"/rounds/{site.round}")
    paper = site.office.decision_of(signed)
    assert re.findall(r'href="(/rounds/[^"]+/disclose[^"]*)"', board.text) == [
        f"/rounds/{site.round}/disclose?paper={paper}"
    ]
    page = browser.get(f"/rounds/{site.round}/disclose?paper={paper}")
    assert re.findall(r"<dt>Số hồ sơ</dt><dd>(\d+)", page.text) == ["1"]
    assert site.office.one("SELECT symbol FROM decision WHERE code = :c", c=paper) in page.text
    assert listed_codes(page) == [signed]
    assert site.office.states([signed]) == ["signed"]  # a look publishes nothing
    assert hidden(page, f"/rounds/{site.round}/disclose")["paper"] == paper
    assert browser.get(f"/rounds/DX-2024-99/disclose?paper={paper}").status_code == 404
    answers = [post(browser, page, f"/rounds/{site.round}/disclose") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert site.office.states([signed]) == ["disclosed"]
    symbol = site.office.one("SELECT symbol FROM decision WHERE code = :c", c=paper)
    assert said(browser.get(answers[1].headers["location"])) == [f"Đã công khai {symbol} ngày 01/11/2024: 1 hồ sơ"]
    assert site.public.get(f"/decisions/{paper}").status_code == 200


def test_the_superiors_answer_is_recorded_for_each(site: Site) -> None:
    browser = site.sign_in("chuyenvien1")
    forwarded = site.codes[State.FORWARDED]
    letter = site.office.letter_of(forwarded)
    place = f"/rounds/{site.round}/letters/{letter}"
    page = browser.get(place)
    wrong = post(browser, page, place, number="", on="2024-11-01", outcome="partly", reason="")
    assert wrong.status_code == 422
    assert re.findall(r'href="#(number|refused|reason|on|outcome)"', wrong.text) == ["number", "refused", "reason"]
    done = post(
        browser, page, place, number="88/QĐ-UBND", on="2024-11-01", outcome="refused", reason="chưa đủ điều kiện"
    )
    assert done.status_code == 303
    assert site.office.rows("SELECT answer, answer_number FROM submission_letter") == [("refused", "88/QĐ-UBND")]
    assert site.office.states([forwarded]) == ["refused"]
    assert browser.get(f"/rounds/DX-2024-99/letters/{letter}").status_code == 404


def test_a_round_says_what_became_of_its_letters(site: Site) -> None:
    """Queued is not sent; without a mail server nothing goes out at all."""
    browser = site.sign_in("thuky")
    typed = {"kind": "DOT_XUAT", "year": "2024", "title": "Khen đột xuất"}
    to = post(browser, browser.get("/rounds/new"), "/rounds", **typed).headers["location"]
    assert "đã xếp gửi, nhưng chưa đặt máy chủ thư" in browser.get(to).text


def test_the_council_is_called_for_what_a_closed_round_has_left(site: Site) -> None:
    office = site.office
    office.write("UPDATE review_round SET closed_at = opened_at, frozen_at = opened_at, stage = 'ended'")
    browser = site.sign_in("thuky")
    place, choice = f"/council/new?round={site.round}", f'<option value="{site.round}"'
    assert (place in browser.get(f"/rounds/{site.round}").text, choice in browser.get(place).text) == (True, True)
    office.write("UPDATE nomination SET state = 'withdrawn', stage = 'ended' WHERE state = 'eligible'")
    assert (place in browser.get(f"/rounds/{site.round}").text, choice in browser.get(place).text) == (False, False)


def test_a_paused_one_of_a_closed_round_is_taken_up_from_the_board(site: Site) -> None:
    site.office.write("UPDATE review_round SET closed_at = opened_at, frozen_at = opened_at, stage = 'ended'")
    paused, here = site.codes[State.PAUSED], f"/rounds/{site.round}"
    browser = site.sign_in("chuyenvien1")
    page = browser.get(f"{here}?state=paused")
    acts, code = f"{here}/acts", [picked(page, paused)]
    form = post(browser, page, acts, act="resume", code=code)
    checked = post(browser, form, acts, code=code, step="check", reason="đơn không có cơ sở")
    done = post(browser, checked, acts, code=code, step="do", reason="đơn không có cơ sở")
    assert (done.status_code, site.office.states([paused])) == (303, ["submitted"])


def test_every_form_of_a_page_has_its_own_key(site: Site) -> None:
    """Going back and pressing another button is another act; in one form, however many buttons, it is the same."""
    page = site.sign_in("thuky").get(f"/rounds/{site.round}").text
    keys = re.findall(r'name="once" value="([^"]+)"', page)
    assert (len(keys) > 1, len(set(keys))) == (True, len(keys))
    written = [
        path.name
        for path in (Path(language.__file__).parent / "templates").rglob("*.html")
        if 'name="once"' in path.read_text("utf-8")
    ]
    assert written == ["_parts.html"]
