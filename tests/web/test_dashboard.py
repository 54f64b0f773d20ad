"""The dashboard: runs from Prefect or the plain word that it is away, letters, deadlines, the ledger read again."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from operations import outbox, rounds
from operations.upkeep import deadlines
from operations.views import due
from rules import ladder
from tests.web.conftest import Site, hidden
from web import charts, ledger_check, prefect_runs

ROLES = {
    "thuky": 200, "chuyenvien1": 200, "chutich": 200, "phochutich": 200, "thanhtra": 200, "quantri": 200,
    "canbo.xa01": 403, "truong.xa01": 403, "tv05": 403, "tv10": 403,
}  # fmt: skip
VERIFIERS = {"thuky", "chutich", "thanhtra", "quantri"}


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect_runs, "_known", {})
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)


Answers = Callable[[str, dict[str, Any]], tuple[int, bytes]]


@contextmanager
def server(answers: Answers) -> Iterator[tuple[str, list[str]]]:
    """Something that speaks HTTP where Prefect should be; what it was asked, and with which credentials."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(f"{self.path} {self.headers.get('Authorization', '')}")
            status, content = answers(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}/api", asked
        finally:
            listening.shutdown()
            thread.join()


def run(
    number: int, state: str, kind: str, round_: str | None = "DX-2024-01", deployment: str = "d1"
) -> dict[str, Any]:
    """A run as Prefect 3.9 writes it, as far as it is read."""
    return {
        "id": f"00000000-0000-0000-0000-{number:012d}", "name": f"run {number}", "deployment_id": deployment,
        "state_type": kind, "state_name": state, "start_time": "2024-11-01T01:00:00.000000Z",
        "expected_start_time": "2024-11-01T01:00:00Z", "total_run_time": 0.4,
        "parameters": {"round_code": round_} if round_ else {},
    }  # fmt: skip


def test_who_watches(site: Site) -> None:
    statuses, verifies = {}, {}
    for username in ROLES:
        browser = site.sign_in(username)
        page = browser.get("/dashboard")
        statuses[username] = page.status_code
        assert browser.get("/dashboard/live").status_code == page.status_code
        verifies[username] = "/dashboard/verify" in page.text
        if username not in VERIFIERS:
            csrf = hidden(browser.get("/account"), "/logout")["csrf"]
            assert browser.post("/dashboard/verify", data={"csrf": csrf}).status_code == 403
    assert statuses == ROLES
    assert {name for name, shown in verifies.items() if shown} == VERIFIERS
    assert site.public.get("/dashboard").headers["location"] == "/login?next=/dashboard"


def test_without_prefect_the_page_stands_and_says_so(site: Site) -> None:
    page = site.sign_in("thuky").get("/dashboard")
    assert (page.status_code, "mà không có máy chủ Prefect" in page.text) == (200, True)


def test_runs_by_stage_and_round_with_links_to_prefects_own_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [
        run(1, "Trễ 3 ngày: đã có 7/9 phiếu", "COMPLETED"),
        run(2, "Running", "RUNNING"),
        run(3, "Late", "SCHEDULED"),
        run(4, "Failed", "FAILED"),
        run(5, "3 thư máy chủ đã nhận", "COMPLETED", None, "d2"),
        run(6, "Completed", "COMPLETED", deployment="") | {"tags": ["DX-2024-01", "chairman_signature"]},
    ]

    def answers(path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if path == "/api/deployments/filter":
            found: Any = [{"id": "d1", "name": "council_vote"}, {"id": "d2", "name": "deliver_notifications"}]
        else:
            wanted = body["flow_runs"]["state"].get("type", {}).get("any_")
            found = [one for one in runs if wanted is None or one["state_type"] in wanted]
        return 200, json.dumps(found).encode()

    with server(answers) as (url, asked):
        monkeypatch.setenv("PREFECT_API_URL", url)
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "vinhdanh:x")
        browser = site.sign_in("thuky")
        page = browser.get("/dashboard").text
        browser.get("/dashboard/live")  # a moment later nobody asks again
        assert asked == [
            "/api/deployments/filter Basic dmluaGRhbmg6eA==",
            *["/api/flow_runs/filter Basic dmluaGRhbmg6eA=="] * 2,
        ]
    table = re.search(r"<caption>Theo khâu và đợt, trong 6 lần.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    assert table is not None
    cells = [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table[1], re.DOTALL)
    ]
    assert cells == [
        ["Hội đồng bỏ phiếu", "DX-2024-01", "1", "1", "1", "1", "08:00 01/11/2024 Trễ 3 ngày: đã có 7/9 phiếu"],
        ["Chủ tịch ký", "DX-2024-01", "1", "0", "0", "0", "08:00 01/11/2024 Xong"],
        ["Gửi thư", "–", "1", "0", "0", "0", "08:00 01/11/2024 3 thư máy chủ đã nhận"],
    ]
    assert f'href="{url.removesuffix("/api")}/runs/flow-run/00000000-0000-0000-0000-000000000004"' in page


@pytest.mark.parametrize(
    ("status", "content", "says"),
    [
        (401, b"{}", "Prefect từ chối"),
        (500, b"", "Prefect không trả lời"),
        (200, b"<html>", "Prefect không trả lời"),
        (200, b'[{"id": 1}]', "Prefect không trả lời"),
        (200, b"[1, 2]", "Prefect không trả lời"),
    ],
)
def test_a_prefect_that_answers_nonsense(
    site: Site, monkeypatch: pytest.MonkeyPatch, status: int, content: bytes, says: str
) -> None:
    with server(lambda _path, _body: (status, content)) as (url, _):
        monkeypatch.setenv("PREFECT_API_URL", url)
        page = site.sign_in("thuky").get("/dashboard")
    assert (page.status_code, says in page.text) == (200, True)


def test_a_prefect_that_hangs_holds_the_page_up_for_two_seconds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    with server(lambda _path, _body: (done.wait(20), (200, b"[]"))[1]) as (url, _):
        monkeypatch.setenv("PREFECT_API_URL", url)
        browser = site.sign_in("thuky")
        began = time.monotonic()
        page = browser.get("/dashboard")
        took = time.monotonic() - began
        done.set()
    assert ("Prefect không trả lời" in page.text, took < 8) == (True, True)


def test_the_folders_own_server_is_found_by_its_port_and_credentials(site: Site, site_installation: Any) -> None:
    assert prefect_runs.address(site_installation) is None
    (site.folder / "run" / "prefect.port").write_text("4200")
    (site.folder / "run" / "prefect.auth").write_text("vinhdanh:y")
    assert prefect_runs.address(site_installation) == ("http://127.0.0.1:4200/api", "vinhdanh:y")


def test_letters_that_failed_are_listed_with_the_servers_words(site: Site) -> None:
    with site.office.database.begin_unrecorded() as session:
        first, second = outbox.claim(session, kind="letter", limit=2)
        outbox.settle(
            session,
            [
                {"key": first.key, "state": "failed", "reply": "550 <b>no such user</b>"},
                {"key": second.key, "state": "accepted", "reply": "250 ok"},
            ],
        )
    page = site.sign_in("thuky").get("/dashboard").text
    assert "550 &lt;b&gt;no such user&lt;/b&gt;" in page
    counts = re.findall(r'<dd class="count">([\d.]+)</dd>', page)[:4]
    total = site.office.one("SELECT count(*) FROM outbox_message WHERE kind = 'letter'")
    assert counts == [str(total), "1", str(total - 2), "1"]


def test_deadlines_and_steps_of_the_ladder(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    office = site.office
    until = (office.now + timedelta(days=4)).date()
    office.act(
        rounds.extend, site.round, stage="unit_proposal", until=until, reason="lũ", actor=office.thuky, now=office.now
    )
    late = office.now + timedelta(days=7)
    office.act(deadlines.sweep, now=late)
    monkeypatch.setenv("VINHDANH_NOW", late.isoformat())
    (row, *_) = office.look(due.overview, now=late)
    steps = office.look(due.escalations)
    assert (row["round"], row["stage"], row["due_on"], row["waiting"], row["units"]) == (
        site.round, "unit_proposal", until, 2, 1,
    )  # fmt: skip
    assert row["step"] == ladder.LADDER[len(steps) - 1]
    # The page has the very words in which a run of the stage ends (tests/flows/test_stage_flows.py).
    (row, *_) = office.look(due.overview, now=office.now)
    assert f"{row['sentence']}</td>" in site.sign_in("thuky").get("/dashboard").text


def verified(site: Site) -> str:
    """Press the button and wait for the result; the live part's text."""
    browser = site.sign_in("thanhtra")
    page = browser.get("/dashboard")
    answer = browser.post("/dashboard/verify", data=hidden(page, "/dashboard/verify"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard#ledger")
    ends = time.monotonic() + 90
    while "Đang đọc lại toàn bộ" in (live := browser.get("/dashboard/live").text):
        assert time.monotonic() < ends
        time.sleep(0.2)
    return live


def test_the_ledger_is_read_again_by_a_button_and_what_was_altered_is_named(site: Site, site_installation: Any) -> None:
    assert "khớp" in verified(site)
    found = ledger_check.last(site_installation)
    assert found is not None
    assert (found["holds"], found["size"]) == (True, site.office.one("SELECT size FROM ledger_head"))
    code = site.codes["disclosed"]
    site.office.write("UPDATE nomination SET award = 'CSTDCS' WHERE code = :code", code=code)
    live = verified(site)
    assert re.findall(r'class="mono">nomination</td><td[^>]* class="mono">(.*?)</td>', live) == [code]
    assert [path.name for path in (site.folder / "run").iterdir()] == ["ledger-check.json"]  # the copy is gone


def test_equity_figures_stand_beside_their_bars(site: Site) -> None:
    page = site.sign_in("thuky").get(f"/dashboard?round={site.round}").text
    assert page.count('<svg class="bars"') == 1
    assert f'value="{site.round}" selected' in page
    assert page.count('<rect class="bar"') == 1  # everybody is of a commune; of the rest nothing is known, or nobody is
    assert site.sign_in("thuky").get("/dashboard?round=nonsense").status_code == 200


def test_bars_are_as_long_as_they_say_and_carry_no_markup_of_others() -> None:
    picture = charts.bars(
        "<t>",
        [charts.Row("<b>", ((500, 250, "50 %"), (0, 1000, "chưa rõ"))), charts.Row("c", ((2000, 9, "x"), (0, 0, "0")))],
    )
    # What is not known stands behind what is, and both together are never more than the whole.
    assert re.findall(r'<rect class="([^"]+)" x="([^"]+)" y="(\d+)" width="([^"]+)"', picture) == [
        ("bar", "0.00%", "20", "35.00%"),
        ("unknown", "35.00%", "20", "17.50%"),
        ("unknown", "0.00%", "36", "70.00%"),
        ("bar", "0.00%", "84", "70.00%"),
    ]
    assert ("<b>" in picture, "&lt;b&gt;" in picture, "&lt;t&gt;" in picture) == (False, True, True)
