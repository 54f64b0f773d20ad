"""The council over HTTP: sessions, conflicts, ballots of all three kinds from opening to verification; who sees what when."""

import html
import itertools
import json
import re
from base64 import urlsafe_b64decode
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from ledger import sealing
from operations.council_vote import recusals, sessions, vote, waiting_shares
from rules import regulation
from rules.lifecycle import State
from tests.conftest import MEMBERS, Round
from tests.web.conftest import PASSWORD, Site, hidden
from tests.web.test_rounds import PEOPLE, post, said
from web.visit import LOOPBACK_COOKIE, csrf_token

TELLERS = ("tv04", "tv10", "tv11")
PATHS = ("", "/conflicts", "/open", "/ballot", "/receipt", "/reschedule", "/tally", "/count", "/annul", "/verify", "/batch.json",
         "/minutes.pdf")  # fmt: skip


def state(site: Site) -> str:
    return str(site.office.one("SELECT state FROM council_session WHERE code = :c", c=site.session))


def place(site: Site) -> str:
    return f"/council/{site.session}"


def more(site: Site, count: int) -> list[str]:
    """Further nominations that wait for the council."""
    round_ = Round(site.office, site.round)
    round_.office._people = itertools.count(100)
    return round_.to(State.ELIGIBLE, count)


def agenda(site: Site) -> list[str]:
    found: list[str] = site.office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, site.session)))
    return found


def opened(site: Site, by: str = "thuky") -> dict[str, str]:
    """Open the session's ballot through its page; the shares by teller, as each one's own page showed it."""
    browser = site.sign_in(by)
    page = post(browser, browser.get(f"{place(site)}/open"), f"{place(site)}/open")
    assert (page.status_code, state(site)) == (303, "open"), page.text
    assert "TELLER SHARE" not in browser.get(page.headers["location"]).text
    shares = site.shares(site.session)
    assert {sealing.read_share(text).teller for text in shares.values()} == set(shares)
    return shares


def slip(site: Site, browser: TestClient, default: str = "approve", **choices: str) -> httpx.Response:
    """The page on which a filled-in ballot is checked."""
    page = browser.get(f"{place(site)}/ballot")
    assert page.status_code == 200, page.text
    typed = {"default": default, "to": "check"} | {f"choice.{code}": choice for code, choice in choices.items()}
    return post(browser, page, f"{place(site)}/ballot", **typed)


def cast(site: Site, username: str, default: str = "approve", **choices: str) -> str:
    """One member votes; returns the receipt."""
    browser = site.sign_in(username)
    sent = post(browser, slip(site, browser, default, **choices), f"{place(site)}/ballot/cast", password=PASSWORD)
    assert (sent.status_code, sent.headers.get("location")) == (303, f"{place(site)}/receipt"), sent.text
    return receipt(browser.get(sent.headers["location"]))


def receipt(page: httpx.Response) -> str:
    found = re.search(r'<strong class="mono">([A-Z2-7-]+)</strong>', page.text)
    return found[1] if found else ""


def others_vote(site: Site, *, but: tuple[str, ...], choices: dict[str, str]) -> None:
    """Everybody else votes alike, without a browser."""
    for member in MEMBERS:
        if member not in but:
            site.office.act(vote.cast, site.session, choices=choices, actor=site.office.actor(member))


def close(site: Site) -> None:
    browser = site.sign_in("thuky")
    done = post(browser, browser.get(place(site)), f"{place(site)}/close")
    assert (done.status_code, state(site)) == (303, "closed"), done.text


def tally(site: Site, texts: list[str], by: str = "tv04") -> httpx.Response:
    browser = site.sign_in(by)
    fields = {f"share-{number}": text for number, text in enumerate(texts, start=1)}
    return post(browser, browser.get(f"{place(site)}/tally"), f"{place(site)}/tally", password=PASSWORD, **fields)


# Who may ------------------------------------------------------------------------------------------------------------


def test_each_role_opens_exactly_its_pages_before_the_ballot(site: Site) -> None:
    members, readers = (
        {"chutich", "phochutich", "tv04", "tv05"},
        {"thuky", "chuyenvien1", "chutich", "phochutich", "thanhtra"},
    )
    see, secretary = members | readers, {"thuky"}
    expected: dict[str, dict[str, int]] = {
        "": dict.fromkeys(see, 200),
        "/conflicts": dict.fromkeys(see, 200),
        "/open": dict.fromkeys(("thuky", "tv04"), 200),
        "/ballot": dict.fromkeys(members, 409),
        "/receipt": dict.fromkeys(members, 200),
        "/reschedule": dict.fromkeys(secretary, 200),
        "/tally": dict.fromkeys(("thuky", "tv04"), 409),
        "/count": dict.fromkeys(("tv04",), 409),
        "/annul": dict.fromkeys(secretary, 409),
        "/verify": dict.fromkeys(see, 200),
        "/batch.json": dict.fromkeys(see, 409),
        "/minutes.pdf": dict.fromkeys(see, 409),
    }
    for username in PEOPLE:
        browser = site.sign_in(username)
        answers = {path: browser.get(f"{place(site)}{path}").status_code for path in PATHS}
        assert answers == {path: people.get(username, 403) for path, people in expected.items()}, username
        listed = browser.get("/council")
        wanted = (403 if username == "quantri" else 200, username in see)
        assert (listed.status_code, site.session in listed.text) == wanted, username


CHANGES: dict[str, dict[str, Any]] = {
    "/attendance": {"member": "TV01"},
    "/reschedule": {"day": "2024-12-01", "hour": "09:00", "place": "x", "reason": "x"},
    "/cancel": {"cancel_reason": "x"},
    "/conflicts/look": {},
    "/conflicts/waive": {"asked": "x", "asked_member": "TV01", "row": "1", "reason-1": "x"},
    "/open": {},
    "/close": {},
    "/roll": {"member": "TV01"},
    "/annul": {"reason": "x"},
    "/tally": {},
    "/count": {},
    "/ballot": {"to": "check", "default": "approve"},
    "/ballot/cast": {"default": "approve", "password": PASSWORD},
    "/conflicts/declare": {"nomination": "x", "kind": "kinship"},
    "/conflicts/deny": {"asked": "x", "row": "1", "reason-1": "x"},
}
OWN = {
    "canbo.xa01": (), "chuyenvien1": (), "thanhtra": (), "quantri": (),
    "tv05": ("/ballot", "/ballot/cast", "/conflicts/declare", "/conflicts/deny"),
}  # fmt: skip


def test_nobody_does_anothers_work(site: Site) -> None:
    """403 for every act that is somebody else's, and nothing changed."""
    watched = (
        "council_session",
        "session_member",
        "recusal",
        "conflict",
        "ballot",
        "ballot_roll",
        "ballot_box",
        "nomination",
    )
    before = {name: digest for name, digest in site.office.digests().items() if name in watched}
    for username, own in OWN.items():
        browser = site.sign_in(username)
        token = hidden(browser.get("/inbox"), "/logout")["csrf"]
        refused = [path for path in CHANGES if path not in own]
        answers = {
            path: browser.post(f"{place(site)}{path}", data={"csrf": token, "once": path, **CHANGES[path]}).status_code
            for path in refused
        }
        assert answers == dict.fromkeys(refused, 403), username
    assert {name: digest for name, digest in site.office.digests().items() if name in watched} == before


# Before the ballot --------------------------------------------------------------------------------------------------


def test_a_session_is_convened_moved_and_called_off(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(f"/council/new?round={site.round}")
    wrong = post(browser, page, "/council", round=site.round, day="hôm nay", hour="25", place="")
    assert (wrong.status_code, re.findall(r'<li><a href="#(\w+)"', wrong.text)) == (422, ["day", "hour", "place"])
    sent = {post(browser, page, "/council", round=site.round, day="2024-11-20", hour="14:00", place="Hội trường A")
            .headers["location"] for _ in range(2)}  # fmt: skip
    (to,) = sent
    code = site.office.one("SELECT code FROM council_session ORDER BY id DESC LIMIT 1")
    assert to.startswith(f"/council/{code}?")
    assert said(browser.get(to)) == [f"Đã triệu tập phiên {code}"]
    meeting = browser.get(f"/council/{code}/reschedule")
    moved = {"day": "2024-11-21", "hour": "09:30", "place": "Hội trường B", "reason": "trùng lịch"}
    assert post(browser, meeting, f"/council/{code}/reschedule", **moved).status_code == 303
    row = "SELECT state, place, invitation_sequence FROM council_session ORDER BY id DESC LIMIT 1"
    assert site.office.rows(row) == [("convened", "Hội trường B", 1)]
    assert post(browser, meeting, f"/council/{code}/cancel", cancel_reason="").status_code == 422
    assert post(browser, meeting, f"/council/{code}/cancel", cancel_reason="mưa lũ").status_code == 303
    assert site.office.rows(row)[0][0] == "cancelled"


def test_ticked_is_present_and_not_ticked_is_not(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(place(site))
    post(browser, page, f"{place(site)}/attendance", member=["TV01", "TV05"])
    present = "SELECT m.member FROM session_member m JOIN council_session s ON s.id = m.session_id WHERE s.code = :c AND m.attended"
    assert site.office.rows(f"{present} ORDER BY m.member", c=site.session) == [("TV01",), ("TV05",)]


def asked(site: Site, username: str, code: str, strength: str = "certain") -> None:
    """As if the data had asked this member about this nomination."""
    site.office.write(
        "INSERT INTO conflict (session_id, username, nomination_id, ground, source, strength, message, found_at, state)"
        " SELECT s.id, :u, n.id, 'same_unit', 'detected', :t, 'Cùng đơn vị với người khác.', s.held_at, 'open'"
        " FROM council_session s, nomination n WHERE s.code = :s AND n.code = :c",
        u=username, t=strength, s=site.session, c=code,
    )  # fmt: skip


def test_a_member_denies_and_the_secretary_waives(site: Site) -> None:
    code = site.codes[State.ELIGIBLE]
    asked(site, "tv05", code)
    member, secretary = site.sign_in("tv05"), site.sign_in("thuky")
    here = f"{place(site)}/conflicts"
    page = member.get(here)
    assert "Cùng đơn vị với người khác." not in page.text  # names others: the secretary's to read
    assert post(member, page, f"{here}/deny").status_code == 422
    assert post(member, page, f"{here}/deny", **{"reason-1": "tôi đã chuyển công tác"}).status_code == 303
    assert secretary.get(f"{place(site)}/open").status_code == 409  # certain: one person's word is not enough
    shown = secretary.get(here)
    assert "Cùng đơn vị với người khác." in shown.text
    assert (
        post(secretary, shown, f"{here}/waive", **{"reason-1": "đã kiểm tra quyết định điều động"}).status_code == 303
    )
    assert site.office.rows("SELECT state, settled_by FROM conflict") == [("waived", "thuky")]
    assert secretary.get(f"{place(site)}/open").status_code == 200


def test_who_declares_stands_aside_and_no_longer_sees_the_dossier(site: Site) -> None:
    code = site.codes[State.ELIGIBLE]
    name = site.office.one(
        "SELECT p.name FROM nominee p JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :c", c=code
    )
    browser = site.sign_in("tv05")
    here = f"{place(site)}/conflicts"
    assert name in browser.get(place(site)).text
    wrong = post(browser, browser.get(here), f"{here}/declare", nomination="", kind="")
    assert re.findall(r'<li><a href="#(\w+)"', wrong.text) == ["nomination", "kind"]
    assert post(browser, browser.get(here), f"{here}/declare", nomination=code, kind="kinship").status_code == 303
    assert site.office.rows("SELECT username FROM recusal") == [("tv05",)]
    for path in ("", "/conflicts"):
        page = browser.get(f"{place(site)}{path}")
        assert (code in page.text, f">{name}<" in page.text) == (True, False)
    others = site.sign_in("tv06").get(here)
    assert code not in others.text  # another member's matter


def test_the_secretary_enters_a_recusal(site: Site) -> None:
    browser = site.sign_in("thuky")
    here = f"{place(site)}/conflicts"
    typed = {"member": "TV05", "of": site.codes[State.ELIGIBLE], "ground": "con gái"}
    assert post(browser, browser.get(here), f"{here}/recuse", **typed).status_code == 303
    assert site.office.rows("SELECT username, ground FROM recusal") == [("tv05", "con gái")]


# The sealed ballot --------------------------------------------------------------------------------------------------


def test_a_sealed_ballot_from_opening_to_verification(site: Site) -> None:
    """The whole journey; meanwhile nobody sees a number, and the member who stands aside never sees dossier or count."""
    aside, first, second = site.codes[State.ELIGIBLE], *more(site, 2)
    name = site.office.one(
        "SELECT p.name FROM nominee p JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :c", c=aside
    )
    site.office.act(
        recusals.recuse,
        site.session,
        member="tv05",
        nomination=aside,
        ground="con gái",
        actor=site.office.thuky,
        now=site.office.now,
    )
    shares = opened(site)
    assert tuple(sorted(shares)) == TELLERS
    assert agenda(site) == [aside, first, second]
    again = site.sign_in("thuky").get(f"{place(site)}/open")
    assert (again.status_code, "VINH DANH TELLER SHARE" in again.text) == (409, False)

    receipts = {
        member: cast(site, member, "approve", **{first: "disapprove"}) for member in ("chutich", "tv05", "tv06")
    }
    assert len(set(receipts.values())) == 3
    others_vote(site, but=tuple(receipts), choices={aside: "approve", first: "disapprove", second: "approve"})
    for username in ("thuky", "tv04", "thanhtra"):
        page = site.sign_in(username).get(place(site)).text
        assert ("án thành" in page, "không ý kiến" in page) == (False, False)
    roll = site.sign_in("thuky").get(place(site)).text
    assert roll.count("đã bỏ phiếu</td>") == len(MEMBERS)
    assert "đã bỏ phiếu</td>" not in site.sign_in("chutich").get(place(site)).text
    assert site.sign_in("tv05").get(f"{place(site)}/batch.json").status_code == 409

    close(site)
    held = list(shares.values())
    few = tally(site, held[:1])
    assert (few.status_code, re.findall(r'<li><a href="#([\w-]+)"', few.text)) == (422, ["share-2"])
    assert html.escape(held[0].split("\n", 1)[0]) in few.text  # nothing pasted is lost
    twice = tally(site, [held[0], held[0]])
    assert (twice.status_code, state(site)) == (409, "closed")
    done = tally(site, held[:2])
    assert (done.status_code, state(site)) == (303, "tallied")
    assert site.office.states([aside, first, second]) == ["recommended", "not_recommended", "recommended"]
    assert site.office.one("SELECT count(*) FROM ballot_box") == 0

    results = site.sign_in("chutich").get(place(site)).text
    assert "10 phiếu tán thành, đạt mức cần thiết 7 (7/10 trên tổng số 10" in results
    assert "0 phiếu tán thành, không đạt mức cần thiết 8 (7/10 trên tổng số 11" in results
    theirs = site.sign_in("tv05")
    page = theirs.get(place(site)).text
    assert (name in page, "10 phiếu tán thành" in page, "11 phiếu tán thành" in page) == (False, False, True)
    published = theirs.get(f"{place(site)}/batch.json").json()
    assert (published["withheld"], {code for row in published["batch"] for code in row}) == ([aside], {first, second})
    assert theirs.get(f"{place(site)}/minutes.pdf").status_code == 403

    whole = site.sign_in("thuky")
    batch = whole.get(f"{place(site)}/batch.json")
    assert len(batch.json()["batch"]) == len(MEMBERS)
    assert whole.get(f"{place(site)}/minutes.pdf").content[:5] == b"%PDF-"
    check = whole.get(f"{place(site)}/verify")
    fields = hidden(check, f"{place(site)}/verify")
    good = whole.post(
        f"{place(site)}/verify",
        data=fields | {"receipt": receipts["tv06"].lower()},
        files={"batch": ("b.json", batch.content)},
    )
    assert (good.status_code, "Mọi thứ khớp" in good.text) == (200, True)
    forged = batch.json()
    forged["batch"][0][first] = "approve"
    bad = whole.post(f"{place(site)}/verify", data=fields, files={"batch": ("b.json", json.dumps(forged))})
    assert "Có chỗ không khớp" in bad.text
    foreign = whole.post(f"{place(site)}/verify", data=fields | {"receipt": sealing.receipt(b"x")})
    assert "Biên nhận không có trong phiên này" in foreign.text
    assert whole.post(f"{place(site)}/verify", data=fields | {"receipt": "abc"}).status_code == 422
    assert site.office.violations() == []


def test_a_second_submit_shows_the_same_receipt_and_the_server_keeps_no_link(site: Site) -> None:
    opened(site)
    browser = site.sign_in("tv06")
    checked = slip(site, browser)
    sent = [post(browser, checked, f"{place(site)}/ballot/cast", password=PASSWORD) for _ in range(2)]
    assert [answer.headers["location"] for answer in sent] == [f"{place(site)}/receipt"] * 2
    shown = browser.get(f"{place(site)}/receipt")
    written = receipt(shown)
    assert written
    # The mark of the key, to be compared with shares, letters and minutes.
    key = site.office.one(
        "SELECT b.public_key FROM ballot b JOIN council_session s ON s.id = b.session_id WHERE s.code = :c",
        c=site.session,
    )
    assert sealing.fingerprint(urlsafe_b64decode(f"{key}=")) in shown.text
    assert site.office.one("SELECT count(*) FROM ballot_roll") == 1 + sum(
        row[0] for row in site.office.rows("SELECT count(*) FROM ballot_roll r JOIN council_session s ON s.id = r.session_id WHERE s.code <> :c", c=site.session)
    )  # fmt: skip
    with site.office.database.read() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        kept = "\n".join(raw.iterdump())
    assert written not in kept
    assert "tv06/ballot" not in kept
    elsewhere = site.sign_in("tv06")  # another browser: nothing to show, and no second ballot
    assert receipt(elsewhere.get(f"{place(site)}/receipt")) == ""
    assert elsewhere.get(f"{place(site)}/ballot").status_code == 409
    name = f"vinhdanh_receipt_{site.session}"
    elsewhere.cookies.set(name, browser.cookies[name], path="/")  # the cookie without its sign-in
    assert receipt(elsewhere.get(f"{place(site)}/receipt")) == ""
    assert browser.post("/logout", data=hidden(browser.get("/inbox"), "/logout")).status_code == 303
    assert [cookie.name for cookie in browser.cookies.jar] == []  # nothing of the ballot outlives the sign-in


@pytest.mark.parametrize("password", ["", "khong-phai-mat-khau"])
def test_no_vote_without_the_password(site: Site, password: str) -> None:
    opened(site)
    browser = site.sign_in("tv06")
    answer = post(browser, slip(site, browser, "disapprove"), f"{place(site)}/ballot/cast", password=password)
    assert (answer.status_code, re.findall(r'<li><a href="#(\w+)"', answer.text)) == (422, ["password"])
    assert 'name="default" value="disapprove"' in answer.text
    assert site.office.one("SELECT count(*) FROM ballot_box") == 0
    done = post(browser, answer, f"{place(site)}/ballot/cast", password=PASSWORD)
    assert done.status_code == 303


def test_what_is_left_blank_needs_a_default(site: Site) -> None:
    first, second = site.codes[State.ELIGIBLE], *more(site, 1)
    opened(site)
    browser = site.sign_in("tv06")
    page = slip(site, browser, "", **{first: "abstain"})
    assert page.status_code == 422
    assert re.findall(r'<li><a href="#(choice\.[\w-]+)"', page.text) == [f"choice.{second}"]
    assert re.findall(r'name="choice\.([\w-]+)" value="(\w+)" checked', page.text) == [(first, "abstain")]
    fields = hidden(page, f"{place(site)}/ballot") | {"password": PASSWORD, f"choice.{first}": "abstain"}
    straight = browser.post(f"{place(site)}/ballot/cast", data=fields)
    assert straight.status_code == 422
    assert site.office.one("SELECT count(*) FROM ballot_box") == 0


def test_choices_travel_over_the_pages_of_a_long_ballot(site: Site) -> None:
    more(site, 120)
    opened(site)
    codes = agenda(site)
    assert len(codes) == 121
    browser = site.sign_in("tv06")
    here = f"{place(site)}/ballot"
    first = browser.get(here)
    assert len(first.content) <= 100_000
    second = post(browser, first, here, to="page-2", default="approve", **{f"choice.{codes[0]}": "disapprove"})
    assert (codes[120] in second.text, f'type="radio" id="approve.{codes[0]}"' in second.text) == (True, False)
    checked = post(browser, second, here, to="check", default="approve", **{f"choice.{codes[120]}": "abstain"})
    shown = re.findall(r"<dd>(\d+) hồ sơ</dd>", checked.text)
    assert shown == ["119", "1", "1"]
    assert post(browser, checked, f"{here}/cast", password=PASSWORD).status_code == 303


def test_one_choice_for_what_is_left_blank_of_an_award(site: Site) -> None:
    """It goes before the choice for everything, behind what was chosen by itself, and travels in the form alone."""
    first, *_ = more(site, 3)
    other = Round(site.office, site.round)
    other.office._people = itertools.count(200)
    (crossed,) = other.to(State.ELIGIBLE, award="GK_HUYEN")
    opened(site)
    awards = dict(site.office.rows("SELECT code, award FROM nomination WHERE state = 'on_ballot'"))
    kinds = sorted(set(awards.values()))
    assert {awards[first], awards[crossed]} <= set(kinds) and len(kinds) == 2
    browser = site.sign_in("tv06")
    here = f"{place(site)}/ballot"
    page = browser.get(here)
    assert re.findall(r'<select id="default\.(\w+)"', page.text) == kinds
    ldtt = f"default.{awards[first]}"
    part = post(browser, page, here, to="check", default="", **{ldtt: "approve"})  # the other award is still blank
    assert part.status_code == 422
    typed = {ldtt: "approve", "default": "abstain", f"choice.{first}": "disapprove"}
    again = post(browser, part, here, to="page-1", **typed)
    assert re.findall(r'<option value="(\w+)" selected', again.text) == ["abstain", "approve"]
    checked = post(browser, again, here, to="check", **typed)
    same = sum(award == awards[first] for award in awards.values())
    shown = re.findall(r"<dd>(\d+) hồ sơ</dd>", checked.text)
    assert shown == [str(same - 1), "1", str(len(awards) - same)]
    assert hidden(checked, f"{here}/cast")[ldtt] == "approve"
    assert site.office.one("SELECT count(*) FROM ballot_box") == 0
    assert post(browser, checked, f"{here}/cast", password=PASSWORD).status_code == 303
    assert site.office.one("SELECT count(*) FROM ballot_box") == 1


def test_agenda_and_result_are_filtered_and_tell_nothing_of_what_one_stands_aside_from(site: Site) -> None:
    other = Round(site.office, site.round)
    other.office._people = itertools.count(200)
    (crossed,) = other.to(State.ELIGIBLE, award="GK_HUYEN")
    (mine, *_) = [code for code in more(site, 2) if code != crossed]
    site.office.act(
        recusals.recuse, site.session, member="tv05", nomination=mine, ground="vợ", actor=site.office.thuky,
        now=site.office.now,
    )  # fmt: skip
    shares = opened(site)
    codes = agenda(site)
    for member in MEMBERS:
        choices = {
            code: "disapprove" if code in {mine, crossed} else "approve"
            for code in codes
            if (member, code) != ("tv05", mine)
        }
        site.office.act(vote.cast, site.session, choices=choices, actor=site.office.actor(member))
    close(site)
    assert tally(site, list(shares.values())[:2]).status_code == 303
    awards = dict(site.office.rows("SELECT code, award FROM nomination"))

    def found(username: str, query: str) -> list[str]:
        page = site.sign_in(username).get(f"{place(site)}?{query}")
        rows = re.findall(r'<span class="hint keep">(DN-[\d-]+)</span></td>|<td colspan="5">(DN-[\d-]+)', page.text)
        return [shown or aside for shown, aside in rows]

    others = sorted(code for code in codes if code not in {mine, crossed})
    assert found("thuky", "outcome=not_recommended") == sorted([mine, crossed])
    assert found("thuky", "outcome=recommended") == others
    assert found("thuky", "award=GK_HUYEN") == [code for code in sorted(codes) if awards[code] == "GK_HUYEN"]
    assert found("thuky", f"award={awards[mine]}&outcome=not_recommended") == [mine]
    assert found("thuky", "outcome=x") == sorted(codes)
    assert found("tv05", "outcome=not_recommended") == [crossed]
    assert found("tv05", f"award={awards[mine]}") == [code for code in others if awards[code] == awards[mine]]
    assert found("tv05", "") == sorted(codes)


def test_a_ballot_that_cannot_be_counted_is_annulled(site: Site) -> None:
    code = site.codes[State.ELIGIBLE]
    opened(site)
    cast(site, "tv06")
    browser = site.sign_in("thuky")
    page = browser.get(f"{place(site)}/annul")
    assert post(browser, page, f"{place(site)}/annul", reason="").status_code == 422
    assert post(browser, page, f"{place(site)}/annul", reason="mất mảnh khóa").status_code == 303
    assert (state(site), site.office.states([code])) == ("cancelled", ["eligible"])
    assert site.office.one("SELECT count(*) FROM ballot_box") == 0


def test_an_opening_sent_twice_opens_once(site: Site) -> None:
    browser = site.sign_in("thuky")
    page = browser.get(f"{place(site)}/open")
    answers = [post(browser, page, f"{place(site)}/open") for _ in range(2)]
    assert [(one.status_code, one.headers["location"].split("?")[0]) for one in answers] == [(303, place(site))] * 2
    assert len(site.shares(site.session)) == 3


def test_a_teller_takes_the_own_share_once_and_nobody_elses(site: Site) -> None:
    """Neither the opener nor another teller ever sees it; the database, its journal and the ledger hold nothing of it."""
    office, here = site.office, f"{place(site)}/share"
    post(browser := site.sign_in("thuky"), browser.get(f"{place(site)}/open"), f"{place(site)}/open")
    waiting = sorted((site.folder / "shares").iterdir())
    assert [(path.name, path.stat().st_mode & 0o777) for path in waiting] == [
        (f"{site.session}.{teller}.key", 0o600) for teller in sorted(TELLERS)
    ]
    for other in ("thuky", "tv05", "chutich", "quantri"):
        assert site.sign_in(other).get(here).status_code == 403
        browser = site.sign_in(other)
        token = csrf_token(str(browser.cookies[LOOPBACK_COOKIE]))
        assert browser.post(here, data={"csrf": token, "password": PASSWORD}).status_code == 403
    assert "chưa nhận" in site.sign_in("thuky").get(place(site)).text
    teller = site.sign_in("tv04")
    teller.silent = True
    fields = hidden(teller.get(here), here)
    clean = office.rows("SELECT username, taken_at, sealed IS NULL FROM waiting_share ORDER BY username")
    for wrong in ({}, {"password": "sai-mat-khau-roi"}):
        assert "TELLER SHARE" not in teller.post(here, data=fields | wrong).text
    assert office.rows("SELECT username, taken_at, sealed IS NULL FROM waiting_share ORDER BY username") == clean
    shown = teller.post(here, data=fields | {"password": PASSWORD}).text
    text = html.unescape(re.findall(r"<textarea[^>]*readonly>(.*?)</textarea>", shown, re.DOTALL)[0])
    assert sealing.read_share(text, session=site.session).teller == "tv04"
    again = teller.post(here, data=fields | {"password": PASSWORD})
    assert (again.status_code, "TELLER SHARE" in again.text) == (409, False)
    assert "TELLER SHARE" not in teller.get(here).text
    assert [path.name for path in sorted((site.folder / "shares").iterdir())] == [one.name for one in waiting[1:]]
    assert office.rows("SELECT username FROM waiting_share WHERE sealed IS NULL AND taken_at IS NOT NULL") == [
        ("tv04",)
    ]
    secret = text.splitlines()[-5][:20]
    assert len(secret) == 20
    files = [path.read_bytes() for path in site.folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in one for one in files)
    assert office.rows("SELECT subject FROM ledger_entry WHERE kind = 'ballot_share:taken'") == [
        (f"{site.session}/TV04",)
    ]
    assert office.violations() == []


def test_shares_that_nobody_took_go_with_the_ballot(site: Site) -> None:
    office = site.office
    post(browser := site.sign_in("thuky"), browser.get(f"{place(site)}/open"), f"{place(site)}/open")
    page = browser.get(f"{place(site)}/annul")
    assert post(browser, page, f"{place(site)}/annul", reason="mời nhầm").status_code == 303
    assert office.one("SELECT count(*) FROM waiting_share WHERE sealed IS NOT NULL") == 0
    assert office.look(waiting_shares.sweep, site.folder) == len(TELLERS)
    assert list((site.folder / "shares").iterdir()) == []
    assert office.violations() == []


# Open and paper -----------------------------------------------------------------------------------------------------


def other_kind(site: Site, kind: str) -> None:
    """A round whose regulation asks for this kind of ballot, with one nomination and its attended session."""
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', f'ballot = "{kind}"')
    round_ = site.office.open_round(title="Đợt khác", regulation_text=text)
    site.codes["other"] = round_.to(State.ELIGIBLE)[0]
    site.session = round_.session()


def test_an_open_vote_is_counted_by_somebody_else(site: Site) -> None:
    other_kind(site, "open")
    browser = site.sign_in("thuky")
    done = post(browser, browser.get(f"{place(site)}/open"), f"{place(site)}/open")
    assert (done.status_code, state(site)) == (303, "open")
    cast(site, "tv05")
    others_vote(site, but=("tv05",), choices={site.codes["other"]: "approve"})
    close(site)
    assert tally(site, [], by="thuky").status_code == 403  # four_eyes
    assert tally(site, [], by="tv04").status_code == 303
    assert site.office.states([site.codes["other"]]) == ["recommended"]


def test_paper_is_counted_by_two_tellers_who_must_agree(site: Site) -> None:
    other_kind(site, "paper")
    code = site.codes["other"]
    secretary = site.sign_in("thuky")
    post(secretary, secretary.get(f"{place(site)}/open"), f"{place(site)}/open")
    assert site.sign_in("tv06").get(f"{place(site)}/ballot").status_code == 409
    page = secretary.get(place(site))
    assert post(secretary, page, f"{place(site)}/roll", member=[f"TV{n:02d}" for n in range(1, 10)]).status_code == 303
    close(site)

    def count(username: str, *numbers: str) -> httpx.Response:
        browser = site.sign_in(username)
        fields = {
            f"{choice}.{code}": said for choice, said in zip(("approve", "disapprove", "abstain"), numbers, strict=True)
        }
        return post(browser, browser.get(f"{place(site)}/count"), f"{place(site)}/count", **fields)

    assert count("tv04", "8", "một", "").status_code == 422
    assert count("tv04", "8", "1", "1").status_code == 409  # more than signed
    assert count("tv04", "8", "1", "0").status_code == 303
    assert tally(site, [], by="tv10").status_code == 409  # counts_missing
    assert count("tv10", "7", "2", "0").status_code == 303
    assert tally(site, [], by="tv10").status_code == 409  # counts_differ
    assert count("tv10", "8", "1", "0").status_code == 303
    assert tally(site, [], by="tv10").status_code == 303
    assert site.office.states([code]) == ["recommended"]
    assert "8 phiếu tán thành" in site.sign_in("tv06").get(place(site)).text
