"""Every flow, for real against a Prefect server: what a clerk reads on the run's page, and that running again is safe."""

import sqlite3
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from notifications.loopback import LoopbackServer
from operations import outbox
from operations.council_vote import sessions, vote
from rules import regulation
from rules.lifecycle import State

pytestmark = pytest.mark.engine
PRESENT = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 10)))  # nine of eleven


def run(name: str, *parameters: str) -> Any:
    """The final state of one run of a flow of `flows/`."""
    return getattr(import_module(f"flows.{name}"), name)(*parameters, return_state=True)


@pytest.fixture(autouse=True)
def _server(server: Any) -> None:
    """Every flow here runs against it."""


def cast(office: Any, session: str, *members: str) -> None:
    agenda = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, session)))
    for member in members:
        office.act(vote.cast, session, choices=dict.fromkeys(agenda, "approve"), actor=office.actor(member))


def test_unit_proposal_says_how_many_units_have_proposed(office: Any) -> None:
    round_ = office.open_round()
    called = office.one("SELECT count(*) FROM unit WHERE NOT is_office AND email IS NOT NULL")
    assert run("unit_proposal", round_.code).name == f"Waiting: 0 of {called} units"
    round_.file(2, unit="XA01", submit=False)
    round_.file(1, unit="XA02")
    assert run("unit_proposal", round_.code).name == f"Waiting: 1 of {called} units, 2 drafts"
    round_.to(State.RETURNED, 3, unit="XA03")
    assert run("unit_proposal", round_.code).name == f"Waiting: 2 of {called} units, 2 drafts, 3 returned dossiers"


def test_home_affairs_review_evaluates_what_was_submitted(office: Any) -> None:
    round_ = office.open_round()
    round_.file(5)
    assert office.one("SELECT count(*) FROM appraisal") == 0
    assert run("home_affairs_review", round_.code).name == "Waiting: 5 to review"
    assert office.rows("SELECT verdict, count(*) FROM appraisal GROUP BY verdict") == [("eligible", 5)]


def test_council_vote_says_how_many_have_voted_and_waits_for_the_shares(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 3)
    assert run("council_vote", round_.code).name == "Waiting: 3 for the council"
    session = round_.ballot(PRESENT)
    assert run("council_vote", round_.code).name == "Waiting: 0 of 9 ballots"
    cast(office, session, *PRESENT[:7])
    assert run("council_vote", round_.code).name == "Waiting: 7 of 9 ballots"
    cast(office, session, *PRESENT[7:])
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    assert run("council_vote", round_.code).name == f"Waiting: tellers' shares ({session})"
    assert office.states(codes) == ["on_ballot"] * 3
    office.tally(session)
    assert run("council_vote", round_.code).name == "Nothing waits"
    assert office.states(codes) == ["recommended"] * 3


def test_council_vote_counts_an_open_ballot_that_was_closed(office: Any) -> None:
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', 'ballot = "open"')
    round_ = office.open_round(regulation_text=text)
    codes = round_.to(State.ELIGIBLE, 3)
    session = round_.ballot(PRESENT)
    cast(office, session, *PRESENT)
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    assert run("council_vote", round_.code).name == "Nothing waits"
    assert office.states(codes) == ["recommended"] * 3


def test_members_who_have_not_voted_are_reminded_once(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    cast(office, round_.ballot(PRESENT), *PRESENT[:7])
    run("council_vote", round_.code)
    run("council_vote", round_.code)
    assert office.letters().count("ballot_reminder") == 2


def test_chairman_signature_tells_the_signers_what_waits(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.RECOMMENDED, 12)
    assert run("chairman_signature", round_.code).name == "Waiting: 12 to sign"
    run("chairman_signature", round_.code)
    assert office.letters().count("waiting_for_signature") == 1


def test_public_disclosure_renders_the_papers_of_what_was_signed(office: Any, here: Any) -> None:
    round_ = office.open_round()
    code = office.decision_of(round_.to(State.SIGNED, 2)[0])
    assert run("public_disclosure", round_.code).name == "Waiting: 2 to disclose"
    sha256 = office.one("SELECT paper_sha256 FROM decision WHERE code = :code", code=code)
    assert [path.read_bytes()[:5] for path in (here.folder / "files").rglob(f"*{sha256[4:]}*")] == [b"%PDF-"]


def test_deliver_notifications_sends_every_letter_once(
    office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.open_round()
    queued = office.look(outbox.status)["queued"]
    with LoopbackServer(tmp_path / "mail") as mail:
        monkeypatch.setenv("VINHDANH_SMTP_URL", mail.url)
        from tasks import runtime as opened

        opened.installation.cache_clear()
        assert run("deliver_notifications").name == f"{queued} accepted, 0 retry, 0 failed"
        assert run("deliver_notifications").name == "0 accepted, 0 retry, 0 failed"
    assert office.look(outbox.status) == {"queued": queued, "accepted": queued, "failed": 0, "waiting": 0}


def test_escalate_deadlines_says_what_it_did(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = office.open_round(proposals_due=(office.now + timedelta(days=4)).date())
    round_.to(State.RETURNED, unit="XA01")
    monkeypatch.setenv("VINHDANH_NOW", "2024-11-06T08:00:00+07:00")
    from tasks import runtime as opened

    opened.installation.cache_clear()
    assert run("escalate_deadlines").name == "0 reminded, 1 escalated, 0 closed"
    assert run("escalate_deadlines").name == "0 reminded, 0 escalated, 0 closed"


def test_seal_ledger_says_what_was_signed(office: Any) -> None:
    size = office.one("SELECT size FROM ledger_head")
    assert run("seal_ledger").name == f"Sealed at {size}"
    assert office.one("SELECT max(size) FROM checkpoint") == size


def busy(office: Any) -> str:
    """A round with something waiting in every stage."""
    round_ = office.open_round()
    for state in (State.SIGNED, State.RECOMMENDED, State.ELIGIBLE, State.SUBMITTED, State.RETURNED, State.DRAFT):
        round_.to(state, 2)
    return str(round_.code)


STAGES = ("unit_proposal", "home_affairs_review", "council_vote", "chairman_signature", "public_disclosure")


def test_running_any_flow_again_changes_nothing(office: Any) -> None:
    code = busy(office)
    flows = [(name, code) for name in STAGES] + [("escalate_deadlines",), ("seal_ledger",)]
    for name, *parameters in flows:
        run(name, *parameters)
    run("seal_ledger")
    before = office.digests()
    for name, *parameters in flows:
        assert run(name, *parameters).is_completed()
    assert office.digests() == before


def test_a_clerk_finds_the_run_its_counts_and_its_log(office: Any, server: Any) -> None:
    from prefect import tags

    code = busy(office)
    marker = f"{code}-{office.one('SELECT max(id) FROM outbox_message')}-find"
    with tags(code, marker):
        for name in STAGES:
            run(name, code)
    runs = server.runs(marker)
    assert [one["name"] for one in runs] == [f"{name.replace('_', '-')} {code}" for name in STAGES]
    assert server.logs(runs[1]["id"]) == [f"event=evaluated round={code} eligible=2"]
    assert "| Phòng Nội vụ thẩm định | 2 |" in server.artifact(f"{code}-home-affairs-review".lower())
    assert {
        name: server.artifact(f"{code}-{name}".lower().replace("_", "-")).splitlines()[2] for name in STAGES
    } == {one["name"].split()[0].replace("-", "_"): one["state"]["name"] for one in runs}  # fmt: skip


def test_a_flow_that_raises_fails_with_its_message(office: Any) -> None:
    state = run("unit_proposal", "DX-2099-77")
    assert (state.name, "DX-2099-77" in state.message) == ("Failed", True)


def test_prefect_holds_no_personal_data(office: Any, server: Any) -> None:
    code = busy(office)
    for name in STAGES:
        run(name, code)
    names = {row[0] for row in office.rows("SELECT name FROM nominee")}
    people = {row[0] for row in office.rows("SELECT display_name FROM account UNION SELECT email FROM account")}
    wanted = [text.encode() for text in {*names, *people} if text]
    assert len(names) == 12
    # In the form that JSON columns keep, too.
    wanted += [text.decode().encode("unicode_escape") for text in wanted]
    held = everything(server.folder)
    assert [text.decode() for text in wanted if text in held] == []
    assert code.encode() in held


def everything(folder: Path) -> bytes:
    """Every cell of Prefect's database."""
    connection = sqlite3.connect(f"file:{folder / 'prefect' / 'prefect.db'}?mode=ro", uri=True)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    cells = [cell for table in tables for row in connection.execute(f'SELECT * FROM "{table}"') for cell in row]
    connection.close()
    return b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)
