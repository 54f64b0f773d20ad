"""Every flow, for real against a Prefect server: what a clerk reads on the run's page, and that running again is safe."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from notifications.loopback import LoopbackServer
from operations import identity, outbox, rounds
from operations.council_vote import sessions, vote
from operations.views import due
from rules import regulation
from rules.lifecycle import STAGE_NAMES, State
from rules.lifecycle import STAGES as LEGAL_ORDER

pytestmark = pytest.mark.engine
PRESENT = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 10)))  # nine of eleven


def run(name: str, *parameters: str) -> Any:
    """The final state of one run of a flow of `flows/`; in a thread of its own, because the browser's tests may have
    left an event loop running in this one.
    """
    flow = getattr(import_module(f"flows.{name}"), name)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(copy_context().run, flow, *parameters, return_state=True).result()


def clock(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Another business time for the flows."""
    from tasks import runtime

    monkeypatch.setenv("VINHDANH_NOW", at)
    runtime.installation().database.close()
    runtime.installation.cache_clear()


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
    assert run("unit_proposal", round_.code).name == f"Đã có 0/{called} đơn vị đề nghị"
    round_.file(2, unit="XA01", submit=False)
    round_.file(1, unit="XA02")
    assert run("unit_proposal", round_.code).name == f"Đã có 1/{called} đơn vị đề nghị, 2 hồ sơ nháp"
    round_.to(State.RETURNED, 3, unit="XA03")
    assert (
        run("unit_proposal", round_.code).name
        == f"Đã có 2/{called} đơn vị đề nghị, 2 hồ sơ nháp, 3 hồ sơ trả lại chờ bổ sung"
    )


def test_home_affairs_review_evaluates_what_was_submitted(office: Any) -> None:
    round_ = office.open_round()
    round_.file(5)
    assert office.one("SELECT count(*) FROM appraisal") == 0
    assert run("home_affairs_review", round_.code).name == "5 hồ sơ chờ thẩm định"
    assert office.rows("SELECT verdict, count(*) FROM appraisal GROUP BY verdict") == [("eligible", 5)]


def test_council_vote_says_how_many_have_voted_and_waits_for_the_shares(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 3)
    assert run("council_vote", round_.code).name == "3 hồ sơ chờ Hội đồng"
    session = round_.ballot(PRESENT)
    assert run("council_vote", round_.code).name == "Đã có 0/9 phiếu"
    cast(office, session, *PRESENT[:7])
    assert run("council_vote", round_.code).name == "Đã có 7/9 phiếu"
    cast(office, session, *PRESENT[7:])
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    assert run("council_vote", round_.code).name == f"Chờ mảnh khóa của ban kiểm phiếu ({session})"
    assert office.states(codes) == ["on_ballot"] * 3
    office.tally(session)
    assert run("council_vote", round_.code).name == "Không có việc chờ"
    assert office.states(codes) == ["recommended"] * 3


def test_council_vote_counts_an_open_ballot_that_was_closed(office: Any) -> None:
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', 'ballot = "open"')
    round_ = office.open_round(regulation_text=text)
    codes = round_.to(State.ELIGIBLE, 3)
    session = round_.ballot(PRESENT)
    cast(office, session, *PRESENT)
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    assert run("council_vote", round_.code).name == "Không có việc chờ"
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
    assert run("chairman_signature", round_.code).name == "12 hồ sơ chờ ký"
    run("chairman_signature", round_.code)
    told = office.rows("SELECT recipient FROM outbox_message WHERE topic = 'waiting_for_signature' ORDER BY recipient")
    signers = "SELECT email FROM account WHERE username IN ('chutich', 'phochutich') ORDER BY email"
    assert told == office.rows(signers)  # the chairman and the deputy with an authorisation, once each


def test_public_disclosure_renders_the_papers_of_what_was_signed(office: Any, here: Any) -> None:
    round_ = office.open_round()
    code = office.decision_of(round_.to(State.SIGNED, 2)[0])
    assert run("public_disclosure", round_.code).name == "2 hồ sơ chờ công khai"
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
        assert run("deliver_notifications").name == f"{queued} thư máy chủ đã nhận"
        assert run("deliver_notifications").name == "Không có thư đến hạn"
    assert office.look(outbox.status) == {"queued": queued, "accepted": queued, "failed": 0, "waiting": 0}


def test_the_schedule_asks_for_a_run_of_every_open_round_once(office: Any) -> None:
    codes = [office.open_round(title=f"Đợt {number}").code for number in range(2)]
    assert run("escalate_deadlines").name == "Đã gọi 2 đợt xét"
    assert run("escalate_deadlines").name == "Đã gọi 2 đợt xét"  # the first call still waits: it is enough
    rows = office.rows("SELECT topic, context FROM outbox_message WHERE kind = 'round_run' ORDER BY id")
    assert [(topic, json.loads(context)) for topic, context in rows] == [
        (code, {"round": code, "by": "engine"}) for code in codes
    ]


def test_a_round_is_one_parent_with_its_five_stages_in_order(office: Any, server: Any) -> None:
    code = busy(office)
    own = office.look(identity.of)
    state = run("review_round", code)
    assert (state.type, state.name) == ("COMPLETED", state_names(office, code)[0])
    children = server.children(state.state_details.flow_run_id)
    assert [(one["name"], set(one["tags"])) for one in children] == [
        (f"{STAGE_NAMES[stage]} {code}", {code, stage, own}) for stage in STAGES
    ]
    assert [one["state"]["name"] for one in children] == state_names(office, code)[1:]
    [link] = server.artifacts(f"{own}-{code}-page".lower())
    assert f"/rounds/{code}" in link["data"]


def state_names(office: Any, code: str) -> list[str]:
    """What our own pages say of the round and of each stage."""
    now = office.now
    return [
        office.look(due.in_short, code, now=now),
        *(one.sentence for one in office.look(due.of_round, code, now=now)),
    ]


def test_a_stage_made_three_days_late_says_so_and_urges_one_step(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = office.open_round()
    round_.file(7)
    office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
    clock(monkeypatch, "2024-11-18T08:00:00+07:00")  # due on the 13th: three working days before
    assert run("home_affairs_review", round_.code).name == "Trễ 3 ngày: 7 hồ sơ chờ thẩm định"
    assert run("review_round", round_.code).name == "Trễ 3 ngày: Phòng Nội vụ thẩm định"
    assert office.rows("SELECT subject, level FROM escalation") == [("office", 1)]


def test_after_an_act_the_work_is_done_and_nobody_is_urged(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = office.open_round()
    round_.file(7)
    office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
    clock(monkeypatch, "2024-11-18T08:00:00+07:00")
    assert run("home_affairs_review", round_.code, False).name == "Trễ 3 ngày: 7 hồ sơ chờ thẩm định"
    assert office.one("SELECT count(*) FROM appraisal") == 7
    assert office.rows("SELECT subject, level FROM escalation") == []


def test_seal_ledger_says_what_was_signed(office: Any) -> None:
    size = office.one("SELECT size FROM ledger_head")
    assert run("seal_ledger").name == f"Đã ký {size} bản ghi"
    assert office.one("SELECT max(size) FROM checkpoint") == size


def busy(office: Any) -> str:
    """A round with something waiting in every stage."""
    round_ = office.open_round()
    for state in (State.SIGNED, State.RECOMMENDED, State.ELIGIBLE, State.SUBMITTED, State.RETURNED, State.DRAFT):
        round_.to(state, 2)
    return str(round_.code)


STAGES = tuple(stage.value for stage in LEGAL_ORDER)


def test_running_any_flow_again_changes_nothing(office: Any) -> None:
    code = busy(office)
    flows = [("review_round", code), ("escalate_deadlines",), ("seal_ledger",)]
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
    assert [one["name"] for one in runs] == [f"{STAGE_NAMES[name]} {code}" for name in STAGES]
    assert server.logs(runs[1]["id"]) == ["Đã đối chiếu 2 hồ sơ với tiêu chuẩn: 2 đủ điều kiện."]
    for one, stage in zip(runs, STAGES, strict=True):
        [found] = server.artifacts(f"{office.look(identity.of)}-{code}-{stage}".lower().replace("_", "-"))
        rows = {row["Khâu"]: row for row in json.loads(found["data"])}
        assert rows[STAGE_NAMES[stage]]["Tình hình"] == one["state"]["name"]
        assert (list(rows), rows["Phòng Nội vụ thẩm định"]["Số hồ sơ chờ"]) == (
            [STAGE_NAMES[name] for name in STAGES],
            2,
        )
        assert f"/rounds/{code})" in found["description"]


def test_long_work_shows_how_far_it_is(office: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import home_affairs_review

    monkeypatch.setattr(home_affairs_review, "BATCH", 2)
    round_ = office.open_round()
    round_.file(5)
    run("home_affairs_review", round_.code)
    shown = [one for one in server.artifacts() if one["type"] == "progress" and round_.code in one["description"]]
    assert [one["data"] for one in shown] == [100.0]


def test_a_flow_that_raises_fails_with_its_message_and_writes_one_letter(office: Any) -> None:
    state = run("review_round", "DX-2099-77")
    assert (state.name, "DX-2099-77" in state.message) == ("Failed", True)
    [letter] = contexts(office)
    assert (letter["run_name"], letter["how"], letter["round_code"]) == ("Đợt xét DX-2099-77", "lỗi", "DX-2099-77")


def test_a_stage_that_fails_keeps_no_other_from_its_turn_and_writes_one_letter(
    office: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("Lò Thị Mẫu")

    round_ = office.open_round()
    round_.to(State.RECOMMENDED)
    monkeypatch.setattr("tasks.council_vote.progress.closed_ballots", broken)
    state = run("review_round", round_.code)
    assert (state.type, state.name, state.message) == (
        "FAILED",
        "Có khâu lỗi",
        "Khâu lỗi: Hội đồng bỏ phiếu. Các khâu khác đã chạy xong.",
    )
    states = [one["state"]["type"] for one in server.children(state.state_details.flow_run_id)]
    assert states == ["COMPLETED", "COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    [letter] = contexts(office)
    assert (letter["run_name"], letter["how"]) == (f"Hội đồng bỏ phiếu {round_.code}", "lỗi")
    assert "Lò" not in json.dumps(letter, ensure_ascii=False)


def contexts(office: Any) -> list[dict[str, Any]]:
    """What letters about failed runs were queued, and to nobody but administrators."""
    rows = office.rows("SELECT recipient, context FROM outbox_message WHERE topic = 'run_failed'")
    assert {recipient for recipient, _ in rows} <= {"quantri@nammau.example"}
    return [json.loads(context) for _, context in rows]


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
