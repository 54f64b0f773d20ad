"""Revoking a decision in the browser: only by who may, on one of the law's grounds, with a reason and the password."""

import re

import pytest

from rules.lifecycle import State
from tests.web.conftest import PASSWORD, Site, hidden
from tests.web.test_rounds import PEOPLE, post, said

TYPED = {"ground": "93.2.b", "reason": "Kết luận thanh tra số 5: bản khai sai năm công tác."}


def standing(site: Site, decision: str) -> list[tuple[object, ...]]:
    return site.office.rows(
        "SELECT state, revoked_ground, revoked_reason FROM decision WHERE code = :code", code=decision
    )


def test_only_who_signs_for_the_award_is_shown_the_way(site: Site) -> None:
    decision = site.decision
    award = site.office.one("SELECT award FROM decision WHERE code = :c", c=decision)
    place = f"/decisions/{decision}/revoke"
    for username in PEOPLE:
        browser = site.sign_in(username)
        allowed = username in {"chutich", "phochutich"}
        assert browser.get(place).status_code == (200 if allowed else 403), username
        assert (f'href="{place}"' in browser.get(f"/decisions/{decision}").text) is allowed, username
        if username != "quantri":
            assert (f'href="{place}"' in browser.get(f"/rounds/{site.round}").text) is allowed, username
    assert f'href="{place}"' not in site.public.get(f"/decisions/{decision}").text
    # A deputy whose document names other awards.
    site.office.write("UPDATE authorisation SET scope = 'BK_TINH'")
    deputy = site.sign_in("phochutich")
    assert award != "BK_TINH"
    assert f'href="{place}"' not in deputy.get(f"/decisions/{decision}").text
    assert deputy.get(place).status_code == 403
    token = hidden(deputy.get("/sign"), "/logout")["csrf"]
    sent = TYPED | {"csrf": token, "step": "do", "password": PASSWORD, "once": "k"}
    assert deputy.post(place, data=sent).status_code == 403
    assert standing(site, decision) == [("in_force", None, None)]


def test_a_decision_is_revoked_once_after_ground_reason_check_and_password(site: Site) -> None:
    decision, code = site.decision, site.codes[State.DISCLOSED]
    assert site.office.decision_of(code) == decision
    place = f"/decisions/{decision}/revoke"
    browser = site.sign_in("chutich")
    form = browser.get(place)
    assert re.findall(r'type="radio" id="[^"]+" name="ground" value="([^"]+)"', form.text) == [
        "93.2.a", "93.2.b", "93.2.c", "93.2.d", "declined", "error",
    ]  # fmt: skip
    wrong = post(browser, form, place, step="check")
    assert (wrong.status_code, re.findall(r'href="#(ground|reason)"', wrong.text)) == (422, ["ground", "reason"])
    checked = post(browser, form, place, step="check", **TYPED)
    assert TYPED["reason"] in checked.text
    assert "Cung cấp thông tin sai sự thật" in checked.text
    changed = post(browser, checked, place, step="change")
    assert re.findall(r'value="(93[^"]+)" checked', changed.text) == ["93.2.b"]
    assert standing(site, decision) == [("in_force", None, None)]

    answers = [post(browser, checked, place, step="do", password=PASSWORD) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    symbol = site.office.one("SELECT symbol FROM decision WHERE code = :c", c=decision)
    assert said(browser.get(answers[1].headers["location"])) == [f"Đã hủy bỏ quyết định {symbol} ngày 01/11/2024"]
    assert standing(site, decision) == [("revoked", TYPED["ground"], TYPED["reason"])]
    assert site.office.states([code]) == ["revoked"]
    assert site.office.letters().count("decision_revoked") == 1
    assert "đã bị hủy bỏ" in site.public.get(f"/decisions/{decision}").text
    assert browser.get(place).status_code == 409  # nothing is left to be revoked
    assert site.office.violations() == []


@pytest.mark.parametrize("password", ["", "sai-mat-khau"])
def test_without_the_password_nothing_is_revoked(site: Site, password: str) -> None:
    place = f"/decisions/{site.decision}/revoke"
    browser = site.sign_in("chutich")
    checked = post(browser, browser.get(place), place, step="check", **TYPED)
    before = site.office.one("SELECT count(*) FROM ledger_entry")
    answer = post(browser, checked, place, step="do", password=password)
    assert (answer.status_code, re.findall(r'href="#(password)"', answer.text)) == (422, ["password"])
    assert hidden(answer, place)["reason"] == TYPED["reason"]
    assert standing(site, site.decision) == [("in_force", None, None)]
    assert site.office.one("SELECT count(*) FROM ledger_entry") == before


def test_a_signed_decision_not_yet_public_is_revoked_too(site: Site) -> None:
    signed = site.codes[State.SIGNED]
    decision = site.office.decision_of(signed)
    place = f"/decisions/{decision}/revoke"
    browser = site.sign_in("chutich")
    assert f'href="{place}"' in browser.get(f"/rounds/{site.round}").text
    checked = post(browser, browser.get(place), place, step="check", **TYPED)
    assert post(browser, checked, place, step="do", password=PASSWORD).status_code == 303
    assert site.office.states([signed]) == ["revoked"]
