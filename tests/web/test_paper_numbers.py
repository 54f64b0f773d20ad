"""01/QĐ-UBND of 2024 and of 2025: at every door a number names a paper with its year or day, else both are asked back."""

import dataclasses
import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.public_disclosure import disclosure, paper_numbers, petitions, public_register
from operations.views import inbox, papers
from rules.lifecycle import State
from rules.refusal import Refusal
from tests.cli.conftest import Line
from tests.conftest import Office, Templates
from tests.web.conftest import PASSWORD, Site, hidden, opened
from tests.web.test_api import said, token_of

YEAR = timedelta(days=100)  # from November 2024 into 2025
BOTH = ["1-2024", "1-2025"]
FIRST = ("1-2024", "01-2024", "1/QĐ-UBND năm 2024", "01/QĐ-UBND ngày 01/11/2024", "Quyết định số 01/QĐ-UBND, ngày 1 tháng 11 năm 2024",
         "01/2024/QĐ-UBND", "01/qđ-ubnd 2024-11-01", "01/QD-UBND (2024)")  # fmt: skip
SECOND = ("1-2025", "01/QĐ-UBND năm 2025", "01/QĐ-UBND ngày 09/02/2025")
BARE = ("01/QĐ-UBND", "1/QĐ-UBND", "1/qđ-ubnd", "số 01/QĐ-UBND")


def two_years(office: Office) -> None:
    """Published in 2024 and in 2025, both 01; and a tờ trình 01 in each year."""
    for year in (2024, 2025):
        round_ = office.open_round(year=year, title=f"Khen thưởng năm {year}")
        round_.to(State.DISCLOSED)
        round_.to(State.FORWARDED)
        office.now += YEAR
    office.now -= 2 * YEAR


@pytest.fixture
def two(templates: Templates, tmp_path: Path) -> Iterator[Site]:
    with opened(templates, tmp_path / "site", name="two-years", furnish=two_years_of_a_site) as found:
        found.office.now += YEAR
        yield found


def two_years_of_a_site(office: Office) -> None:
    two_years(office)
    round_ = office.open_round(year=2025, title="Chuyên đề")
    round_.session()
    round_.to(State.SUBMITTED, unit="XA02")


def refused(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def test_every_lookup_of_the_operations(furnish: Any) -> None:
    office = furnish("sqlite", "two-years-office", two_years)
    office.now += YEAR
    office_of = {"actor": office.chutich, "now": office.now}
    by_number: dict[str, Callable[[str], Any]] = {
        "decision": lambda said: office.look(paper_numbers.decision, said).code,
        "paper": lambda said: office.look(paper_numbers.paper, said).code,
        "register": lambda said: office.look(public_register.paper, said)["code"],
        "registered": lambda said: office.look(public_register.registered, said)["code"],
        "shown": lambda said: office.look(papers.decision, said, actor=office.chutich)["code"],
        "revocable": lambda said: office.look(disclosure.revocable, said, **office_of)[0].code,
    }
    for name, look in by_number.items():
        assert [look(said) for said in FIRST] == ["1-2024"] * len(FIRST), name
        assert [look(said) for said in SECOND] == ["1-2025"] * len(SECOND), name
        for typed in BARE:
            refusal = refused(lambda look=look, typed=typed: look(typed))  # type: ignore[misc] -- bound at once
            assert (refusal.code, refusal.details["candidates"]) == ("ambiguous_number", BOTH), name
            assert all(code in refusal.message for code in (*BOTH, "01/11/2024", "09/02/2025"))
        assert refused(lambda look=look: look("01/QĐ-UBND năm 2023")).code == "unknown_decision"  # type: ignore[misc] -- bound
    before = office.digests()
    acts: list[Callable[[], Any]] = [
        lambda: office.act(disclosure.revoke, "01/QĐ-UBND", ground="93.2.a", reason="gian dối", **office_of),
        lambda: office.act(petitions.file, text="Xem lại", decision="01/QĐ-UBND", now=office.now),
        lambda: office.act(disclosure.disclose, "1/QĐ-UBND", actor=office.chuyenvien1, now=office.now, url=""),
        lambda: office.act(
            disclosure.record_answer, "01/TTr-UBND", number="9/QĐ-UBND", on=office.now.date(), actor=office.thuky, now=office.now
        ),
    ]  # fmt: skip
    codes = [(one := refused(act)).code for act in acts]
    assert codes == ["ambiguous_number"] * 4
    assert one.details["candidates"] == ["TTr-1-2024", "TTr-1-2025"]
    assert office.digests() == before
    for number, code in (("01/TTr-UBND năm 2024", "TTr-1-2024"), ("ttr-01-2025", "TTr-1-2025")):
        assert office.look(paper_numbers.paper, number).code == code
    # One that only one paper fits is taken; what is not published is no candidate for the public.
    assert {row["code"] for row in office.look(public_register.called, "01/QĐ-UBND")} == set(BOTH)
    assert {row["code"] for row in office.look(public_register.search, text="1/QĐ-UBND năm 2024")[0]} == {"1-2024"}
    office.act(disclosure.revoke, "01/QĐ-UBND ngày 01/11/2024", ground="93.2.a", reason="gian dối", **office_of)
    assert dict(office.rows("SELECT code, state FROM decision")) == {"1-2024": "revoked", "1-2025": "in_force"}


def test_a_superiors_decision_of_the_same_number_is_asked_back_too(furnish: Any) -> None:
    office = furnish("sqlite", "two-years-office", two_years)
    office.now += YEAR
    office.act(
        disclosure.record_answer, "TTr-1-2024", number="01/QĐ-UBND", on=office.now.date(), actor=office.thuky, now=office.now
    )  # fmt: skip
    assert len(office.look(public_register.called, "01/QĐ-UBND")) == 2  # not published yet
    office.act(disclosure.disclose, "TTr-1-2024", actor=office.chuyenvien1, now=office.now, url="https://x.example/")
    refusal = refused(lambda: office.look(public_register.paper, "01/QĐ-UBND"))
    assert refusal.details["candidates"] == [*BOTH, "TTr-1-2024"]
    assert office.look(public_register.paper, "1-2025")["code"] == "1-2025"


def test_letters_and_lists_name_the_day(furnish: Any) -> None:
    office = furnish("sqlite", "two-years-office", two_years)
    office.now += YEAR
    office.act(disclosure.revoke, "1-2025", ground="93.2.a", reason="gian dối", actor=office.chutich, now=office.now)
    told = office.rows("SELECT topic, context FROM outbox_message WHERE kind = 'letter' AND context LIKE '%/QĐ-UBND%'")
    assert {topic for topic, _ in told} >= {
        "award_result_unit",
        "award_result_nominee",
        "disclosure_published",
        "decision_revoked",
    }
    assert [topic for topic, context in told if '"decision_date"' not in context] == []
    forwarded = office.rows("SELECT context FROM outbox_message WHERE topic = 'forwarded_to_superior'")
    assert [one for (one,) in forwarded if '"letter_date"' not in one] == []
    titles = [
        item.title for item in office.look(inbox.of, office.chuyenvien1, now=office.now)[0] if "TTr-UBND" in item.title
    ]
    assert [bool(re.search(r"01/TTr-UBND ngày \d\d/\d\d/202[45]:", title)) for title in titles] == [True, True]


def test_pages_and_programs(two: Site) -> None:
    public = two.public
    for typed in BARE:
        page = public.post("/verify", data={"number": typed}, files={"file": ("", b"")}).text
        assert all(f'href="/decisions/{code}"' in page for code in BOTH), typed
        assert "còn hiệu lực" in page
        assert "01/11/2024" in page
        assert "09/02/2025" in page
    page = public.post("/verify", data={"number": "01/QĐ-UBND năm 2024"}, files={"file": ("", b"")}).text
    assert 'href="/decisions/1-2024"' in page
    assert 'href="/decisions/1-2025"' not in page
    page = public.get("/", params={"text": "01/QĐ-UBND"}).text
    assert [html.unescape(one) for one in re.findall(r'found-title-\d"><a href="/decisions/([\d-]+)"', page)] == BOTH
    form = public.get("/petitions/new")
    sent = hidden(form, "/petitions/new") | {"kind": "feedback", "about": "01/QĐ-UBND", "text": "Xem lại"}
    answer = public.post("/petitions/new", data=sent)
    assert answer.status_code == 422
    assert all(code in answer.text for code in BOTH)
    assert two.office.one("SELECT count(*) FROM petition") == 0
    browser = two.client()
    browser.headers["Authorization"] = f"Bearer {token_of(two, 'chutich')}"
    for method, place, body in (
        ("POST", "petitions", {"text": "Xem lại", "kind": "feedback", "decision": "01/QĐ-UBND"}),
    ):
        problem = said(browser.request(method, f"/api/v1/{place}", json=body), 409)
        assert (problem["code"], problem["details"]["candidates"]) == ("ambiguous_number", BOTH)


def test_the_command_line(two: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = Line(two.folder, capsys)
    now = "2025-02-10T08:00:00"
    revoke = ("--ground", "93.2.a", "--reason", "gian dối")
    doors: dict[tuple[str, ...], dict[str, Any]] = {
        ("decisions", "show", "01/QĐ-UBND"): {},
        ("decisions", "revoke", "01/QĐ-UBND", *revoke): {"by": "chutich"},
        ("decisions", "disclose", "01/QĐ-UBND"): {"by": "chuyenvien1"},
        ("ledger", "prove", "01/QĐ-UBND", "--out", str(tmp_path / "p")): {},
        ("decisions", "answer", "01/TTr-UBND", "--number", "9/QĐ-UBND", "--on", "2025-02-10"): {},
        ("decisions", "disclose", "01/TTr-UBND"): {"by": "chuyenvien1"},
    }
    for words, given in doors.items():
        with pytest.MonkeyPatch.context() as secret:
            secret.setenv("VINHDANH_PASSWORD", PASSWORD)
            answer = line(*words, now=now, **given)
        assert answer.refused == "ambiguous_number", (words, answer)
        letters = "TTr" in words[2]
        assert answer.answer["refused"]["candidates"] == [f"TTr-{code}" if letters else code for code in BOTH]
    assert two.office.rows("SELECT DISTINCT state FROM decision") == [("in_force",)]
    assert line("decisions", "show", "01/QĐ-UBND năm 2024").done["code"] == "1-2024"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1",
        "abc",
        "9/1",
        "1/QĐ-UBND / x",
        "01/QĐ-UBND ngày 31/02/2024",
        "-",
        "1-",
        "1-24",
        "１/QĐ-UBND",
        "1\u0000-2024",
    ],
)
def test_what_is_no_number_names_nothing(typed: str) -> None:
    assert paper_numbers.read(typed) is None


def test_a_number_is_read_with_all_it_says() -> None:
    read = {typed: dataclasses.astuple(paper_numbers.read(typed) or paper_numbers.Number(0)) for typed in FIRST}
    assert {(one[0], one[2]) for one in read.values()} == {(1, 2024)}
