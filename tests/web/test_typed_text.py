"""What was typed comes back: after the session ended, after signing in in another tab, after a refusal; to its writer alone."""

import html
from typing import Any

import pytest

from operations.unit_proposal import proposal
from rules.lifecycle import State
from tests.web.conftest import PASSWORD, Site, hidden
from web import typed_text

LONG = "Làm rõ thành tích với số liệu của cả năm, từng tháng một; " * 18  # about 1,000 characters


def forms(site: Site) -> dict[str, tuple[str, str, str, dict[str, str]]]:
    """Who, the page with the form, where it is sent, what is typed into it."""
    submitted, returned = site.codes[State.SUBMITTED], site.codes[State.RETURNED]
    return {
        "return": ("chuyenvien1", f"/nominations/{submitted}/return", f"/nominations/{submitted}/return", {"reason": LONG}),
        "pause": ("chuyenvien1", f"/nominations/{submitted}/pause", f"/nominations/{submitted}/pause", {"reason": LONG, "ground": "complaint"}),
        "new": ("canbo.xa01", "/nominations/new", "/nominations/new", {"round": site.round, "unit": "XA01", "kind": "individual", "name": "Lò Thị Mới",
                "award": "LDTT", "achievement": LONG[:1500], "step": "submit"}),
        "mend": ("canbo.xa01", f"/nominations/{returned}/mend", f"/nominations/{returned}/mend", {"achievement": LONG[:1500], "step": "save"}),
        "revoke": ("chutich", f"/decisions/{site.decision}/revoke", f"/decisions/{site.decision}/revoke", {"reason": LONG, "ground": "93.2.a", "step": "check"}),
        "round": ("thuky", "/rounds/new", "/rounds", {"title": LONG[:250], "kind": "CONG_TRANG", "year": "2024"}),
    }  # fmt: skip


FORMS = ("return", "pause", "new", "mend", "revoke", "round")


def fill(site: Site, name: str) -> tuple[Any, str, dict[str, str], str]:
    """A browser with the form open: (browser, where to send, fields, the long text)."""
    username, page, place, typed = forms(site)[name]
    browser = site.sign_in(username)
    fields = hidden(browser.get(page), place) | typed
    return browser, place, fields, next(said for said in typed.values() if len(said) > 200)


def shown(answer: Any) -> str:
    return " ".join(html.unescape(answer.text).split())


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("how", ["ended", "cookie gone"])
@pytest.mark.parametrize("name", FORMS)
def test_after_the_session_ended(site: Site, name: str, how: str) -> None:
    username = forms(site)[name][0]
    browser, place, fields, text = fill(site, name)
    before = site.office.digests()
    if how == "ended":
        site.office.write("UPDATE web_session SET revoked_at = '2024-11-01 00:00:00'")
    else:
        browser.cookies.clear()
    answer = browser.post(place, data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={typed_text.PAGE}")
    changed = {table for table, digest in site.office.digests().items() if before[table] != digest}
    assert changed <= {"web_session"}
    sign_in = browser.get(answer.headers["location"])
    assert said(text)[:60] not in shown(sign_in)
    assert "Nội dung bạn vừa gõ được giữ lại" in sign_in.text
    back = browser.post(
        "/login", data=hidden(sign_in, "/login") | {"username": username, "password": PASSWORD, "next": typed_text.PAGE}
    )
    assert back.headers["location"] == typed_text.PAGE
    page = browser.get(typed_text.PAGE)
    assert said(text) in shown(page)
    assert fields["csrf"] not in page.text
    again = hidden(page, place)
    assert {name: again[name] for name in fields if name in again and name not in {"csrf", "once"}} == {
        name: said for name, said in fields.items() if name in again and name not in {"csrf", "once"}
    }


@pytest.mark.parametrize("name", FORMS)
def test_after_signing_in_in_another_tab(site: Site, name: str) -> None:
    browser, place, fields, text = fill(site, name)
    elsewhere = hidden(browser.get("/account"), "/logout")
    assert browser.post("/logout", data=elsewhere).status_code == 303
    username = forms(site)[name][0]
    assert browser.post("/login", data={"username": username, "password": PASSWORD}).status_code == 303
    answer = browser.post(place, data=fields)
    assert answer.status_code == 403
    assert said(text) in shown(answer)


@pytest.mark.parametrize("name", FORMS)
def test_another_account_sees_nothing_of_it(site: Site, name: str) -> None:
    browser, place, fields, text = fill(site, name)
    other = "thuky" if forms(site)[name][0] != "thuky" else "chutich"
    site.office.write("UPDATE web_session SET revoked_at = '2024-11-01 00:00:00'")
    assert browser.post(place, data=fields).status_code == 303
    assert browser.post("/login", data={"username": other, "password": PASSWORD}).status_code == 303
    assert browser.get(typed_text.PAGE).headers["location"] == "/inbox"
    answer = browser.post(place, data=fields)  # the form of the one, in the session of the other
    assert answer.status_code == 403
    assert said(text)[:60] not in shown(answer)


@pytest.mark.parametrize("name", ["return", "pause"])
def test_after_a_refusal_and_on_a_stale_page(site: Site, name: str) -> None:
    browser, place, fields, text = fill(site, name)
    code = site.codes[State.SUBMITTED]
    office = site.office
    office.act(proposal.withdraw, [code], actor=office.officer("XA01"), now=office.now, reason="rút")
    answer = browser.post(place, data=fields | {"step": "do"})
    assert answer.status_code in {200, 303, 409, 422}
    if answer.status_code == 303:
        answer = browser.get(answer.headers["location"])
    assert said(text) in shown(answer)


@pytest.mark.parametrize("name", ["new", "mend", "revoke", "round"])
def test_after_an_error_of_one_field(site: Site, name: str) -> None:
    browser, place, fields, text = fill(site, name)
    wrong = {
        "new": {"birth_date": "31/02/1990"},
        "mend": {"email": "a@"},
        "revoke": {"ground": "93.9"},
        "round": {"year": "x"},
    }[name]
    answer = browser.post(place, data=fields | wrong)
    assert answer.status_code == 422
    assert said(text) in shown(answer)


def test_what_is_secret_is_never_kept(site: Site) -> None:
    browser = site.sign_in("thuky")
    csrf = hidden(browser.get("/account"), "/logout")["csrf"]
    site.office.write("UPDATE web_session SET revoked_at = '2024-11-01 00:00:00'")
    for place in ("/account/password", f"/council/{site.session}/ballot", f"/council/{site.session}/tally"):
        answer = browser.post(place, data={"csrf": csrf, "reason": LONG, "password": "bi-mat-dai-lam"})
        assert answer.headers["location"] == "/login?next=/inbox"
    answer = browser.post("/rounds", data={"csrf": "0" * 80 + "1." + "0" * 64, "title": LONG})
    assert answer.headers["location"] == "/login?next=/inbox"  # nobody's form


def test_a_page_warns_before_its_session_ends(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get("/inbox").text
    assert f'hx-get="/idle" hx-trigger="load delay:{30 * 60 - 420}s"' in page
    assert "còn khoảng" in browser.get("/idle", headers={"HX-Request": "true"}).text
    assert "/idle" not in site.public.get("/").text
    site.office.write("UPDATE web_session SET revoked_at = '2024-11-01 00:00:00'")
    assert "nội dung đã gõ sẽ hiện lại" in browser.get("/idle", headers={"HX-Request": "true"}).text
