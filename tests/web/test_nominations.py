"""Nominations over HTTP: who sees which and what of it, the list's filters, proposing, mending, the acts of each stage."""

import re
from typing import Any

import httpx
import pytest

from operations.home_affairs_review import comments, review
from operations.public_disclosure import petitions
from operations.unit_proposal import proposal
from rules import lifecycle, policy
from rules.lifecycle import Action, State
from tests.conftest import NOW
from tests.web.conftest import STATES, Site, hidden

# The words of docs/contract.md for the acts on one nomination's page.
ACTS = {
    "submit": Action.SUBMIT, "pass": Action.PASS, "return": Action.RETURN, "ineligible": Action.FIND_INELIGIBLE,
    "pause": Action.PAUSE, "resume": Action.RESUME, "withdraw": Action.WITHDRAW,
    "decline": Action.DECLINE,
}  # fmt: skip
PEOPLE = ("canbo.xa01", "truong.xa01", "canbo.xa02", "chuyenvien1", "thuky", "chutich", "phochutich", "tv05", "tv04",
          "thanhtra", "quantri")  # fmt: skip


def listed(page: httpx.Response) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="/nominations/(DN-[\d-]+)"', page.text)))


def version(site: Site, code: str) -> int:
    return int(site.office.one("SELECT version FROM nomination WHERE code = :c", c=code))


def state(site: Site, code: str) -> str:
    return site.office.states([code])[0]


# Who sees which ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", PEOPLE)
def test_everybody_sees_exactly_their_nominations(site: Site, username: str) -> None:
    """Each person × every stored nomination: the page answers as the list shows."""
    browser = site.sign_in(username)
    every = [row[0] for row in site.office.rows("SELECT code FROM nomination ORDER BY id DESC")]
    own = {"canbo.xa02": [site.foreign], "quantri": []}
    expected = own.get(username, [code for code in every if code != site.foreign or not username.endswith("xa01")])
    page = browser.get("/nominations")
    assert (page.status_code, listed(page)) == ((200, expected) if username != "quantri" else (403, []))
    answers = {code: browser.get(f"/nominations/{code}").status_code for code in every}
    assert answers == {code: 200 if code in expected else 403 for code in every}


def test_a_reach_for_a_foreign_page_is_noted_and_shows_nothing_of_it(site: Site) -> None:
    name = site.office.one(
        "SELECT p.name FROM nominee p JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :c", c=site.foreign
    )
    page = site.sign_in("canbo.xa01").get(f"/nominations/{site.foreign}")
    assert page.status_code == 403
    assert name not in page.text
    assert site.office.rows("SELECT actor, code FROM security_event WHERE code <> 'done'") == [
        ("canbo.xa01", "not_your_unit")
    ]


def test_whoever_stands_aside_sees_neither_the_dossier_nor_its_row(site: Site) -> None:
    code = site.codes[State.NOT_RECOMMENDED]
    site.office.write(
        "INSERT INTO recusal (session_id, username, nomination_id, ground, at) SELECT s.id, 'tv05', n.id, 'x', '2024-11-01'"
        " FROM council_session s, nomination n WHERE n.code = :c LIMIT 1",
        c=code,
    )
    browser = site.sign_in("tv05")
    before = len(site.office.rows("SELECT 1 FROM nomination"))
    page = browser.get(f"/nominations/{code}")
    assert page.status_code == 403
    assert "tránh hồ sơ" in page.text
    rows = listed(browser.get("/nominations"))
    assert (code in rows, len(rows)) == (False, before - 1)


def test_an_unknown_nomination_is_not_found(site: Site) -> None:
    assert site.sign_in("thuky").get("/nominations/DN-2024-999999").status_code == 404


PERSONAL = {"canbo.xa01": True, "truong.xa01": True, "chuyenvien1": True, "thuky": True, "thanhtra": True,
            "chutich": False, "phochutich": False, "tv05": False, "tv04": False}  # fmt: skip


@pytest.mark.parametrize("username", sorted(PERSONAL))
def test_personal_fields_stand_only_on_the_pages_of_those_who_need_them(site: Site, username: str) -> None:
    """Domain §8: date of birth and address are the unit's and the office's, not the council's."""
    code = site.codes[State.ELIGIBLE]
    site.office.write("UPDATE nomination SET birth_date = '1985-09-05', email = 'rieng@nammau.example', gender = 'Nữ'")
    text = site.sign_in(username).get(f"/nominations/{code}").text
    assert ["05/09/1985" in text, "rieng@nammau.example" in text, "Nữ" in text] == [PERSONAL[username]] * 2 + [True]


def test_why_it_was_paused_is_the_offices_alone(site: Site) -> None:
    code, said = site.codes[State.PAUSED], "vì lý do của bài thử"
    seen = {name: said in site.sign_in(name).get(f"/nominations/{code}").text for name in ("canbo.xa01", "chuyenvien1")}
    assert seen == {"canbo.xa01": False, "chuyenvien1": True}


def test_findings_stand_with_verdict_message_and_article(site: Site) -> None:
    code = site.codes[State.SUBMITTED]
    site.office.write("UPDATE nomination SET parts = 'to_trinh' WHERE code = :c", c=code)
    site.office.act(review.evaluate, now=NOW, codes=[code])
    text = site.sign_in("chuyenvien1").get(f"/nominations/{code}").text
    assert "Thiếu báo cáo thành tích" in text
    assert "điểm b khoản 1 Điều 84 Luật số 06/2022/QH15" in text
    assert text.index("Thiếu báo cáo thành tích") < text.index("Có tờ trình")


def test_every_state_has_a_page_with_its_acts_as_the_table_of_transitions_says(site: Site) -> None:
    """Each state × officer, reviewer and secretary: the links are exactly the transitions they may make."""
    found: dict[tuple[str, str], list[str]] = {}
    expected: dict[tuple[str, str], list[str]] = {}
    roles = {"canbo.xa01": "unit_officer", "chuyenvien1": "reviewer", "thuky": "secretary"}
    for username, role in roles.items():
        browser = site.sign_in(username)
        for one in STATES:
            code = site.codes[one]
            text = browser.get(f"/nominations/{code}").text
            found[username, one] = sorted(
                set(re.findall(rf'href="/nominations/{code}/(\w+)"', text)) - {"mend", "attach"}
            )
            lawful = {row.action for row in lifecycle.TRANSITIONS if row.source is one and role in row.roles}
            corrects = ["correct"] if role != "unit_officer" and one in policy.CORRECTABLE else []
            expected[username, one] = sorted([*(word for word, action in ACTS.items() if action in lawful), *corrects])
    assert found == expected


# The list ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("state=paused", [State.PAUSED]),
        ("state=nonsense", []),
        ("award=BK_TINH", [State.FORWARDED]),
        ("unit=XA02", ["foreign"]),
        ("round=DX-1999-01", []),
        ("text=lo+thi+mau+12", ["foreign"]),
        ("text=L%C3%B2+Th%E1%BB%8B+M%E1%BA%ABu+12", ["foreign"]),
        ("text=dn-2024-000012", ["foreign"]),
        ("text=100%25", []),
        ("text=%00lo+thi%0Amau+12", ["foreign"]),
        ("unit=XA01&state=draft&text=mau", [State.DRAFT]),
    ],
)
def test_filters_leave_exactly_what_they_say(site: Site, query: str, wanted: list[Any]) -> None:
    expected = [site.foreign if one == "foreign" else site.codes[one] for one in wanted]
    assert listed(site.sign_in("chuyenvien1").get(f"/nominations?{query}")) == expected


def test_a_filter_never_widens_what_an_officer_sees(site: Site) -> None:
    assert listed(site.sign_in("canbo.xa01").get("/nominations?unit=XA02")) == []


# Remarks -----------------------------------------------------------------------------------------------------------


def test_a_remark_is_written_once_and_stands_escaped(site: Site) -> None:
    code, text = site.codes[State.SUBMITTED], '<script>alert(1)</script> "ý kiến"'
    browser = site.sign_in("chuyenvien1")
    said = {**hidden(browser.get(f"/nominations/{code}"), f"/nominations/{code}/comments"), "text": text}
    answers = [browser.post(f"/nominations/{code}/comments", data=said) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert site.office.rows("SELECT author, text FROM comment") == [("chuyenvien1", text)]
    page = browser.get(f"/nominations/{code}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("username", "status"),
    [("canbo.xa01", 303), ("chutich", 303), ("tv05", 303), ("thanhtra", 403), ("canbo.xa02", 403), ("quantri", 403)],
)
def test_remarks_are_for_those_who_work_on_it(site: Site, username: str, status: int) -> None:
    browser = site.sign_in(username)
    said = {**hidden(browser.get("/account"), "/logout"), "text": "ý kiến", "once": "k" * 12}
    assert browser.post(f"/nominations/{site.codes[State.SUBMITTED]}/comments", data=said).status_code == status
    assert len(site.office.rows("SELECT 1 FROM comment")) == (status == 303)


@pytest.mark.parametrize("text", [" ", "x" * (comments.LONGEST + 1)], ids=["empty", "too long"])
def test_a_remark_that_will_not_do_is_kept_on_its_page(site: Site, text: str) -> None:
    code = site.codes[State.SUBMITTED]
    browser = site.sign_in("chuyenvien1")
    said = {**hidden(browser.get(f"/nominations/{code}"), f"/nominations/{code}/comments"), "text": text}
    answer = browser.post(f"/nominations/{code}/comments", data=said)
    assert (answer.status_code, 'href="#text"' in answer.text, text.strip() in answer.text) == (422, True, True)
    assert site.office.rows("SELECT 1 FROM comment") == []


# The acts of its stages --------------------------------------------------------------------------------------------

DONE = {
    "submit": ("canbo.xa01", State.DRAFT, {}, "submitted"),
    "pass": ("chuyenvien1", State.SUBMITTED, {}, "eligible"),
    "return": ("chuyenvien1", State.SUBMITTED, {"reason": "Thiếu biên bản"}, "returned"),
    "ineligible": ("chuyenvien1", State.SUBMITTED, {"reason": "Không đạt", "citation": "24.1.a"}, "ineligible"),
    "pause": ("chuyenvien1", State.ELIGIBLE, {"reason": "Có đơn", "ground": "complaint"}, "paused"),
    "resume": ("thuky", State.PAUSED, {"reason": "Đơn không có cơ sở"}, "submitted"),
    "withdraw": ("canbo.xa01", State.ELIGIBLE, {"reason": "Xin rút"}, "withdrawn"),
}


def test_a_draft_after_the_deadline_is_asked_why_and_reviewer_and_council_read_it(site: Site) -> None:
    code = site.codes[State.DRAFT]
    site.office.write(
        "INSERT INTO deadline (round_id, stage, starts_on, unit, due_on, due_at, calendar_version, computed, version) SELECT "
        "round_id, 'unit_proposal', '2024-09-01', 'fixed', '2024-10-01', '2024-10-01 10:00:00.000000', 'x', 'x', 1 "
        "FROM nomination WHERE code = :c",
        c=code,
    )
    path = f"/nominations/{code}/submit"
    browser = site.sign_in("canbo.xa01")
    asked = browser.get(path)
    assert 'name="reason"' in asked.text
    checked = browser.post(path, data={**hidden(asked, path), "reason": "bão số 10", "step": "check"})
    done = browser.post(path, data={**hidden(checked, path), "step": "do"})
    assert (done.status_code, state(site, code)) == (303, "submitted")
    said = site.office.one("SELECT late FROM nomination WHERE code = :c", c=code)
    assert said == f"Nộp ngày {NOW:%d/%m/%Y}, sau hạn 01/10/2024; lý do: bão số 10."
    reviewer = site.sign_in("chuyenvien1")
    assert said in reviewer.get(f"/nominations/{code}").text
    assert "Nộp muộn" in reviewer.get("/nominations").text
    site.office.act(review.pass_review, [code], actor=site.office.chuyenvien1, now=NOW)
    session = site.office.one("SELECT code FROM council_session WHERE state = 'convened'")
    assert said in site.sign_in("thuky").get(f"/council/{session}").text


@pytest.mark.parametrize("act", sorted(DONE))
def test_an_act_is_asked_for_checked_and_done(site: Site, act: str) -> None:
    username, source, typed, target = DONE[act]
    code = site.codes[source]
    path = f"/nominations/{code}/{act}"
    browser = site.sign_in(username)
    said = {**hidden(browser.get(path), path), **typed}
    if typed:
        checked = browser.post(path, data={**said, "step": "check"})
        assert (checked.status_code, state(site, code)) == (200, source.value)
        said = hidden(checked, path)
        assert {name: said[name] for name in typed} == typed
    answers = [browser.post(path, data={**said, "step": "do"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert state(site, code) == target
    assert code in browser.get(answers[0].headers["location"]).text
    assert site.office.violations() == []


@pytest.mark.parametrize("act", ["return", "ineligible", "pause", "resume", "withdraw"])
def test_an_act_without_its_reason_is_asked_again(site: Site, act: str) -> None:
    username, source, typed, _ = DONE[act]
    path = f"/nominations/{site.codes[source]}/{act}"
    browser = site.sign_in(username)
    for step in ("check", "do"):
        answer = browser.post(path, data={**hidden(browser.get(path), path), **typed, "reason": "", "step": step})
        assert (answer.status_code, 'href="#reason"' in answer.text) == (422, True)
    assert state(site, site.codes[source]) == source.value


def test_a_pause_without_a_ground_and_an_article_nobody_can_read_are_errors_of_their_fields(site: Site) -> None:
    browser = site.sign_in("chuyenvien1")
    pausing = f"/nominations/{site.codes[State.ELIGIBLE]}/pause"
    answer = browser.post(pausing, data={**hidden(browser.get(pausing), pausing), "reason": "x", "step": "do"})
    assert (answer.status_code, 'href="#ground"' in answer.text) == (422, True)
    returning = f"/nominations/{site.codes[State.SUBMITTED]}/return"
    said = {**hidden(browser.get(returning), returning), "reason": "x", "citation": "điều nào đó", "step": "do"}
    answer = browser.post(returning, data=said)
    assert (answer.status_code, 'href="#citation"' in answer.text) == (422, True)


def test_what_the_rules_cannot_settle_passes_only_with_a_reason(site: Site) -> None:
    code = site.codes[State.SUBMITTED]
    site.office.write("UPDATE nomination SET parts = 'to_trinh' WHERE code = :c", c=code)
    site.office.act(review.evaluate, now=NOW, codes=[code])
    path = f"/nominations/{code}/pass"
    browser = site.sign_in("chuyenvien1")
    said = hidden(browser.get(path), path)
    assert browser.post(path, data={**said, "step": "do"}).status_code == 422
    assert browser.post(path, data={**said, "reason": "Đã xem bản giấy", "step": "do"}).status_code == 303
    assert state(site, code) == "eligible"


def test_a_stale_page_says_what_changed_and_keeps_what_was_typed(site: Site) -> None:
    code = site.codes[State.SUBMITTED]
    path = f"/nominations/{code}/ineligible"
    browser = site.sign_in("chuyenvien2")
    said = {**hidden(browser.get(path), path), "reason": "Lời đã gõ", "step": "do"}
    site.office.act(
        review.return_for_supplement, [code], reason="Thiếu biên bản", actor=site.office.chuyenvien1, now=NOW
    )
    answer = browser.post(path, data=said)
    assert answer.status_code == 409
    for expected in ("Phòng Nội vụ trả lại để bổ sung", "Thiếu biên bản", "Lời đã gõ", "Trả lại để bổ sung"):
        assert expected in answer.text
    assert "Đơn vị nộp hồ sơ" not in answer.text
    assert state(site, code) == "returned"


def test_an_act_from_the_wrong_state_is_a_lawful_refusal_with_its_article(site: Site) -> None:
    answer = site.sign_in("canbo.xa01").get(f"/nominations/{site.codes[State.SIGNED]}/withdraw")
    assert (answer.status_code, "Việc này không thực hiện được" in answer.text) == (409, True)


@pytest.mark.parametrize("username", PEOPLE)
def test_every_act_of_every_person_ends_as_the_table_says(site: Site, username: str) -> None:
    """Person × act × nomination over HTTP: 200 for a lawful page, 409 for the wrong state, else 403; none is done."""
    browser = site.sign_in(username)
    roles = site.office.actor(username).roles
    before = site.office.rows("SELECT code, state, version FROM nomination")
    for act, action in ACTS.items():
        allowed = lifecycle.roles_of(action) & roles
        for code in (*site.codes.values(), site.foreign):
            sees = username != "quantri" and (
                code == site.foreign
                if username == "canbo.xa02"
                else code != site.foreign or not username.endswith("xa01")
            )
            rows = [row for row in lifecycle.TRANSITIONS if row.action is action and row.source == state(site, code)]
            expected = (
                {403} if not (allowed and sees) else {200} if any(row.roles & roles for row in rows) else {403, 409}
            )
            found = browser.get(f"/nominations/{code}/{act}").status_code
            assert found in expected, (username, act, code)
    assert site.office.rows("SELECT code, state, version FROM nomination") == before


# Proposing one -----------------------------------------------------------------------------------------------------


def proposal_of(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "round": site.round, "unit": "XA01", "kind": "individual", "name": "Đặng Thị Hoa", "award": "LDTT",
        "achievement": "Dạy học vùng cao", "rating": "HTTNV", "object_class": "Viên chức", "birth_date": "05/09/1985",
        "gender": "Nữ", "ethnicity": "Thái", "title": "Giáo viên", "workplace": "Trường mầm non", "email": "hoa@nammau.example",
        "facts": "Tháng công tác: 12", "grounds": "74.1.a", "papers": "all",
    } | more  # fmt: skip


def fill(site: Site, username: str = "canbo.xa01", *, step: str, **typed: Any) -> tuple[Any, httpx.Response]:
    browser = site.sign_in(username)
    said = {**hidden(browser.get("/nominations/new"), "/nominations/new"), **typed}
    return browser, browser.post("/nominations/new", data={**said, "step": step})


@pytest.mark.parametrize(("step", "target"), [("submit", "submitted"), ("draft", "draft")])
def test_a_proposal_is_checked_then_filed(site: Site, step: str, target: str) -> None:
    before = len(site.office.rows("SELECT 1 FROM nomination"))
    browser, checked = fill(site, step="check", **proposal_of(site))
    assert (checked.status_code, "Đặng Thị Hoa" in checked.text) == (200, True)
    assert len(site.office.rows("SELECT 1 FROM nomination")) == before
    said = hidden(checked, "/nominations/new")
    answers = [browser.post("/nominations/new", data={**said, "step": step}) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert site.office.rows(
        "SELECT state, name, position, birth_date, gender, email, award, rating, parts, facts FROM nomination"
        " WHERE name = 'Đặng Thị Hoa'"
    ) == [(target, "Đặng Thị Hoa", "Giáo viên", "1985-09-05", "Nữ", "hoa@nammau.example", "LDTT", "HTTNV", "*",
           '{"employed_months":12,"grounds":["74.1.a"]}')]  # fmt: skip
    assert site.office.violations() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "123"), ("name", "=1+1"), ("name", "x" * 201), ("award", ""), ("award", "KHONG_CO"),
        ("award", "TTLDTT"), ("birth_date", "31/02/1985"), ("email", "không phải thư"), ("facts", "lung tung"),
        ("grounds", "abc"), ("round", ""), ("unit", ""), ("achievement", "a\x07b"), ("kind", "robot"),
    ],
)  # fmt: skip
def test_a_field_that_will_not_do_is_named_and_nothing_typed_is_lost(site: Site, field: str, value: str) -> None:
    before = site.office.one("SELECT size FROM ledger_head")
    typed = proposal_of(site, **{field: value})
    # An award that is for others is said of the kind: one of the two is to be changed.
    named = {"TTLDTT": "kind"}.get(value, field)
    _, answer = fill(site, step="check", **typed)
    assert answer.status_code == 422
    assert re.findall(r'<li><a href="#([\w-]+)">', answer.text)[0] == named
    assert "<title>Lỗi: " in answer.text
    for kept in ("Dạy học vùng cao", "Trường mầm non"):
        assert kept in answer.text or field == "achievement"
    assert site.office.one("SELECT size FROM ledger_head") == before


@pytest.mark.parametrize("step", ["check", "submit"])
def test_the_same_proposal_again_is_told_at_the_name(site: Site, step: str) -> None:
    typed = proposal_of(site)
    fill(site, step="submit", **typed)
    _, again = fill(site, step=step, **typed)
    assert (again.status_code, 'href="#name"' in again.text, "đã được đề nghị" in again.text) == (422, True, True)


def test_a_proposal_for_another_unit_is_refused(site: Site) -> None:
    _, answer = fill(site, step="submit", **proposal_of(site, unit="XA02"))
    assert answer.status_code == 403


# Mending -----------------------------------------------------------------------------------------------------------


def mend(site: Site, code: str, *, step: str, **changes: Any) -> httpx.Response:
    browser = site.sign_in("canbo.xa01")
    page = browser.get(f"/nominations/{code}/mend")
    said = {**hidden(page, f"/nominations/{code}/mend"), "achievement": "thành tích 8", "rating": "HTTNV",
            "object_class": "Công chức", "facts": "Tháng công tác: 12", "papers": "all"}  # fmt: skip
    return browser.post(f"/nominations/{code}/mend", data={**said, **changes, "step": step})


@pytest.mark.parametrize(("step", "target"), [("save", "returned"), ("submit", "submitted")])
def test_a_returned_one_is_mended(site: Site, step: str, target: str) -> None:
    code = site.codes[State.RETURNED]
    checked = mend(site, code, step="check", initiative="Bếp đun ít khói")
    assert ("Bếp đun ít khói" in checked.text, checked.status_code) == (True, 200)
    answer = mend(site, code, step=step, initiative="Bếp đun ít khói", facts="Tháng công tác: 9", grounds="74.1.a")
    assert answer.status_code == 303, answer.text
    assert site.office.rows(
        "SELECT state, initiative, facts, achievement, parts FROM nomination WHERE code = :c", c=code
    ) == [(target, "Bếp đun ít khói", '{"employed_months":9,"grounds":["74.1.a"]}', "thành tích 8", "*")]
    assert site.office.violations() == []


def test_a_misspelt_name_is_mended_without_typing_all_again(site: Site) -> None:
    code = site.codes[State.RETURNED]
    row = "SELECT n.name, n.honorific, n.position, n.birth_date, n.ethnicity FROM nomination n"
    browser = site.sign_in("canbo.xa01")
    place = f"/nominations/{code}/mend"
    page = browser.get(place)
    shown = {
        name: re.findall(rf'<input id="{name}" name="{name}"[^>]*value="([^"]*)"', page.text)
        for name in ("name", "title")
    }
    name = site.office.rows(f"{row} WHERE n.code = :c", c=code)[0][0]
    assert shown == {"name": [name], "title": [""]}
    typed = {"name": "Lò Thị Sửa", "honorific": "Bà", "title": "", "workplace": "", "birth_date": "5/9/1985",
             "ethnicity": "Thái"}  # fmt: skip
    checked = mend(site, code, step="check", **typed)
    assert (checked.status_code, "Lò Thị Sửa" in checked.text) == (200, True)
    kept = hidden(checked, place)
    assert {field: kept[field] for field in typed} == typed
    own = {"csrf": hidden(page, place)["csrf"], "step": "save"}  # `mend` signs in anew
    assert browser.post(place, data=kept | own).status_code == 303
    assert site.office.rows(f"{row} WHERE n.code = :c", c=code) == [("Lò Thị Sửa", "Bà", None, "1985-09-05", "Thái")]
    assert site.office.violations() == []

    wrong = mend(site, code, step="check", **typed | {"name": "", "birth_date": "32/13/1985"})
    assert (wrong.status_code, re.findall(r'href="#(name|birth_date)"', wrong.text)) == (422, ["name", "birth_date"])


def test_another_nomination_of_the_same_person_keeps_what_it_says(site: Site) -> None:
    code, other = site.codes[State.RETURNED], site.codes[State.SUBMITTED]
    site.office.write(
        "UPDATE nomination SET nominee_id = (SELECT nominee_id FROM nomination WHERE code = :c) WHERE code = :o",
        c=code, o=other,
    )  # fmt: skip
    said = "SELECT name, position FROM nomination WHERE code = :c"
    before = site.office.rows(said, c=other)
    assert mend(site, code, step="save", title="Phó Hiệu trưởng").status_code == 303
    assert site.office.rows(said, c=code)[0][1] == "Phó Hiệu trưởng"
    assert site.office.rows(said, c=other) == before


def test_papers_that_are_listed_one_by_one_are_kept(site: Site) -> None:
    code = site.codes[State.RETURNED]
    assert mend(site, code, step="save", papers="some", part=["to_trinh", "y_kien"]).status_code == 303
    assert site.office.one("SELECT parts FROM nomination WHERE code = :c", c=code) == "to_trinh,y_kien"


def test_nothing_mended_is_said(site: Site) -> None:
    code = site.codes[State.RETURNED]
    assert (
        mend(
            site,
            code,
            step="check",
            achievement=site.office.one("SELECT achievement FROM nomination WHERE code = :c", c=code),
        ).status_code
        == 422
    )


def test_facts_without_words_stay_as_they_are(site: Site) -> None:
    code = site.codes[State.RETURNED]
    site.office.write("""UPDATE nomination SET facts = '{"pending":["complaint"]}' WHERE code = :c""", c=code)
    assert mend(site, code, step="save", initiative="mới", facts="", grounds="74.1.a").status_code == 303
    assert (
        site.office.one("SELECT facts FROM nomination WHERE code = :c", c=code)
        == '{"grounds":["74.1.a"],"pending":["complaint"]}'
    )


def test_a_stale_mending_is_kept_on_the_page_and_not_stored(site: Site) -> None:
    code = site.codes[State.RETURNED]
    browser = site.sign_in("canbo.xa01")
    said = hidden(browser.get(f"/nominations/{code}/mend"), f"/nominations/{code}/mend")
    mend(site, code, step="save", initiative="của người khác")
    answer = browser.post(f"/nominations/{code}/mend", data={**said, "initiative": "của tôi", "step": "save"})
    assert (answer.status_code, "của tôi" in answer.text) == (409, True)
    assert site.office.one("SELECT initiative FROM nomination WHERE code = :c", c=code) == "của người khác"


def test_what_was_submitted_cannot_be_mended(site: Site) -> None:
    browser = site.sign_in("canbo.xa01")
    assert browser.get(f"/nominations/{site.codes[State.SUBMITTED]}/mend").status_code == 409
    assert browser.get(f"/nominations/{site.foreign}/mend").status_code == 403


# Where it stands ---------------------------------------------------------------------------------------------------

OVER, HERE, LATER, NEVER = "Đã xong", "Đang ở khâu này", "Chưa đến", "Không đến"
ENDED, BACK = "Hồ sơ đã kết thúc", "Đã trả lại"


@pytest.mark.parametrize(
    ("state_", "wanted"),
    [
        (State.RETURNED, [HERE, BACK, LATER, LATER, LATER]),
        (State.INELIGIBLE, [OVER, ENDED, NEVER, NEVER, NEVER]),
        (State.NOT_RECOMMENDED, [OVER, OVER, ENDED, NEVER, NEVER]),
        (State.RECOMMENDED, [OVER, OVER, OVER, HERE, LATER]),
        (State.DISCLOSED, [OVER, OVER, OVER, OVER, HERE]),
    ],
)
def test_each_stage_says_what_became_of_it(site: Site, state_: State, wanted: list[str]) -> None:
    page = site.sign_in("chuyenvien1").get(f"/nominations/{site.codes[state_]}").text
    tasks = page.split('<ul class="tasks">')[1].split("</ul>")[0]
    assert re.findall(r"</span><span[^>]*>([^<]+)</span></li>", tasks) == wanted


def test_a_withdrawn_one_ended_where_it_stood_and_a_closed_round_waits_for_nothing(site: Site) -> None:
    code, shown = site.codes[State.SUBMITTED], site.codes[State.DISCLOSED]
    site.office.act(proposal.withdraw, [code], reason="rút", actor=site.office.actor("canbo.xa01"), now=NOW)
    site.office.write("UPDATE review_round SET closed_at = opened_at, stage = 'ended'")
    browser = site.sign_in("chuyenvien1")
    for one, wanted in ((code, [OVER, ENDED, NEVER, NEVER, NEVER]), (shown, [OVER] * 5)):
        tasks = browser.get(f"/nominations/{one}").text.split('<ul class="tasks">')[1].split("</ul>")[0]
        assert re.findall(r"</span><span[^>]*>([^<]+)</span></li>", tasks) == wanted


def test_a_paused_one_calls_its_findings_old_and_leads_the_office_to_the_petition(site: Site) -> None:
    code = site.codes[State.PAUSED]
    made = site.office.act(petitions.file, text="Sai.", nomination=code, now=NOW)
    link = f'href="/petitions/{made.code}"'
    assert link in site.sign_in("chuyenvien1").get(f"/nominations/{code}").text
    assert link not in site.sign_in("canbo.xa01").get(f"/nominations/{code}").text


def test_a_slip_is_corrected_in_the_browser(site: Site) -> None:
    code = site.codes[State.ELIGIBLE]
    browser, place = site.sign_in("chuyenvien2"), f"/nominations/{code}/correct"
    assert place in browser.get(f"/nominations/{code}").text
    kept = hidden(browser.get(place), place)
    typed = {"position": "Giáo viên", "reason": "viết thiếu chức vụ"}
    checked = browser.post(place, data=kept | typed | {"step": "check"})
    assert (checked.status_code, "Giáo viên" in checked.text) == (200, True)
    assert browser.post(place, data=hidden(checked, place) | {"step": "do"}).status_code == 303
    said = "SELECT position, state FROM nomination WHERE code = :c"
    assert site.office.rows(said, c=code) == [("Giáo viên", "eligible")]
    other = browser.post(
        place, data=hidden(browser.get(place), place) | {"name": "Sùng A Dính", "reason": "x", "step": "do"}
    )
    assert (other.status_code, site.office.rows(said, c=code)) == (422, [("Giáo viên", "eligible")])
    assert site.office.violations() == []
