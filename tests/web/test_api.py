"""The API as a program meets it: tokens, the same verbs, problems, idempotency, pages. The database is asked afterwards."""

import asyncio
import dataclasses
import io
import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.formparsers import MultiPartParser

from operations import access
from operations.people import accounts, passwords, tokens
from operations.public_disclosure import disclosure
from operations.unit_proposal import intake, proposal
from rules import policy
from rules.lifecycle import Role, State
from tests.conftest import MEMBERS, Round
from tests.web.conftest import PASSWORD, Site
from web.api import app as api
from web.api.caller import Bearer
from web.visit import Permit

Client = Callable[..., httpx.Client]


def token_of(site: Site, username: str, *, scope: str = "write", **words: Any) -> str:
    office = site.office
    return office.act(tokens.issue, scope=scope, days=30, actor=office.actor(username), now=office.now, **words)


@pytest.fixture
def client(site: Site) -> Client:
    """`client("thuky")`: a program of the secretary's."""

    def make(username: str, *, scope: str = "write") -> httpx.Client:
        browser = site.client()
        browser.base_url = httpx.URL("http://127.0.0.1/api/v1/")
        browser.headers["Authorization"] = f"Bearer {token_of(site, username, scope=scope)}"
        return browser

    return make


def said(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """A problem's status and code; every one is RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:vinhdanh:{problem['code']}"
    assert problem["title"]
    return answer.status_code, problem["code"]


# Tokens ---------------------------------------------------------------------------------------------------------------


def routes() -> list[APIRoute]:
    return [route for module in api.ROUTERS for route in module.router.routes if isinstance(route, APIRoute)]


def permit(route: APIRoute) -> Permit:
    (found,) = [one.call for one in route.dependant.dependencies if isinstance(one.call, Permit)]
    return found


def test_every_route_declares_its_act() -> None:
    declared = {f"{min(route.methods)} {route.path}": permit(route) for route in routes()}
    assert len(declared) > 50
    for name, one in declared.items():
        assert isinstance(one, Bearer), name
        if name.startswith("GET") and one.act is not None:
            assert one.act in policy.READING, name


def test_without_a_good_token_nothing_is_answered(site: Site) -> None:
    browser = site.client()
    past = datetime.now(UTC) - timedelta(days=31)
    expired = token_of(site, "thuky", wall=past)
    revoked = token_of(site, "thuky")
    number = site.office.one("SELECT max(id) FROM api_token")
    site.office.act(tokens.revoke, number, actor=site.office.thuky, now=site.office.now)
    for header, code, challenge in (
        ({}, "token_needed", 'Bearer realm="vinhdanh"'),
        ({"Authorization": "Bearer vd_nobody"}, "invalid_token", 'Bearer realm="vinhdanh", error="invalid_token"'),
        ({"Authorization": f"Bearer {expired}"}, "invalid_token", 'Bearer realm="vinhdanh", error="invalid_token"'),
        ({"Authorization": f"Bearer {revoked}"}, "invalid_token", 'Bearer realm="vinhdanh", error="invalid_token"'),
        ({"Authorization": "Basic eDp5"}, "invalid_token", 'Bearer realm="vinhdanh", error="invalid_token"'),
    ):
        for route in routes():
            method, path = min(route.methods), route.path.replace("{code}", "X").replace("{number}", "X")
            answer = browser.request(
                method, f"/api/v1{path}", headers=header, params=_least(path), **_body(path, method)
            )
            assert refusal(answer) == (401, code), path
            assert answer.headers["www-authenticate"] == challenge
    assert site.client().get("/api/v1/openapi.json").status_code == 200


def _least(path: str) -> dict[str, str]:
    return {"from": "2024-12-20", "days": "3", "award": "LDTT", "subject": "individual"} if "compute" in path else {}


def _body(path: str, method: str) -> dict[str, Any]:
    if method == "GET":
        return {}
    return (
        {"files": {"file": ("a.xlsx", b"")}, "data": {"round": "X", "unit": "X", "part": "other"}}
        if path.endswith(("import", "attachments"))
        else {"json": {}}
    )


def test_a_reading_token_only_reads(site: Site, client: Client) -> None:
    reader = client("thuky", scope="read")
    before = site.office.digests()
    assert said(reader.get("rounds"))["items"][0]["code"] == site.round
    for route in routes():
        if "POST" in route.methods and permit(route).act not in policy.READING:
            path = route.path.replace("{code}", site.codes["draft"]).replace("{number}", site.decision)
            assert refusal(reader.post(path[1:], **_body(path, "POST"))) == (403, "token_scope"), path
    after = site.office.digests()
    assert {name for name in before if before[name] != after[name]} <= {"api_token", "security_event"}


@pytest.mark.parametrize(
    "username", ["canbo.xa01", "chuyenvien1", "thuky", "tv05", "tv04", "chutich", "phochutich", "thanhtra", "quantri"]
)
def test_a_route_is_for_whom_the_policy_says(site: Site, client: Client, username: str) -> None:
    """What the policy never lets a role do is 403 for every object; the rest gets as far as its body or its object."""
    program = client(username)
    roles = site.office.actor(username).roles
    for route in routes():
        declared = permit(route)
        method, path = min(route.methods), route.path.replace("{code}", "X-0").replace("{number}", "0-1999")
        answer = program.request(method, path[1:], params=_least(path), **_body(path, method))
        if declared.act is not None and not policy.ever(roles, declared.act):
            assert refusal(answer) == (403, "not_your_role"), (username, path)
        else:
            assert answer.status_code in {200, 404, 409, 422} or answer.json()["code"] == "not_your_role", (
                username,
                path,
                answer.text,
            )


def test_roles_are_those_of_now(site: Site, client: Client) -> None:
    program = client("thuky")
    assert program.get("rounds").status_code == 200
    site.office.write("UPDATE account SET disabled_at = '2020-01-01 00:00:00' WHERE username = 'thuky'")
    assert refusal(program.get("rounds")) == (401, "invalid_token")


def test_nobody_reads_a_foreign_dossier(site: Site, client: Client) -> None:
    officer = client("canbo.xa01")
    assert refusal(officer.get(f"nominations/{site.foreign}")) == (403, "not_your_unit")
    assert {row["unit"] for row in said(officer.get("nominations", params={"limit": 500}))["items"]} == {"XA01"}
    assert said(officer.get("nominations", params={"unit": "XA02"})) == {"items": [], "next": None}
    assert refusal(officer.post(f"nominations/{site.foreign}/withdraw", json={"reason": "x"})) == (403, "not_your_unit")
    logged = site.office.rows(
        "SELECT actor, code, subject FROM security_event WHERE code <> 'done' ORDER BY id DESC LIMIT 1"
    )
    assert logged == [("canbo.xa01", "not_your_unit", f"/api/v1/nominations/{site.foreign}/withdraw")]


OUTSIDE = ("canbo.xa01", "truong.xa01", "tv05", "tv04")
INSIDE = ("chuyenvien1", "thuky", "chutich", "phochutich", "thanhtra")


def test_who_is_not_of_the_office_reads_of_a_decision_what_the_register_says(site: Site, client: Client) -> None:
    """Not who signed it, not whose nomination it was, and above all not why it was revoked (docs/law.md, «Công khai»)."""
    office, why = site.office, "Kê khai gian dối thành tích"
    code = site.codes["disclosed"]
    paper = office.decision_of(code)
    office.act(disclosure.revoke, paper, ground="93.2.a", reason=why, actor=office.chutich, now=office.now)
    number, title = office.rows("SELECT symbol, title FROM decision WHERE code = :c", c=paper)[0]
    name, unit = office.rows(
        "SELECT p.name, u.name FROM nomination n JOIN nominee p ON p.id = n.nominee_id JOIN unit u ON u.id = n.unit_id"
        " WHERE n.code = :c",
        c=code,
    )[0]
    public = {"code": paper, "number": number, "award": "LDTT", "title": title, "signed_on": "2024-11-01",
              "state": "revoked", "nominations": 1}  # fmt: skip
    honoured = {"name": name, "kind": "individual", "position": None, "workplace": None, "unit": unit, "award": "LDTT",
                "state": "revoked"}  # fmt: skip
    for username in OUTSIDE:
        program = client(username, scope="read")
        assert said(program.get("decisions"))["items"] == [public], username
        assert said(program.get(f"decisions/{paper}")) == public | {"awardees": [honoured]}, username
    for username in INSIDE:
        program = client(username, scope="read")
        one = said(program.get(f"decisions/{paper}"))
        assert (one["revoked"], one["signed_by"]) == ({"ground": "93.2.a", "reason": why}, "chutich"), username
        assert [row["code"] for row in one["awardees"]] == [code], username
        assert len(said(program.get("decisions"))["items"]) == office.one("SELECT count(*) FROM decision") > 1


def test_a_rounds_counts_are_of_what_one_may_read(site: Site, client: Client) -> None:
    """How another unit's dossiers stand would show in the sums."""
    where = {"canbo.xa01": "u.code = 'XA01'", "truong.xa02": "u.code = 'XA02'", "thuky": "1 = 1", "tv05": "1 = 1"}
    totals = {}
    for username, condition in where.items():
        found = said(client(username, scope="read").get(f"rounds/{site.round}"))
        states = dict(
            site.office.rows(
                "SELECT n.state, count(*) FROM nomination n JOIN unit u ON u.id = n.unit_id"
                f" WHERE {condition} GROUP BY n.state"
            )
        )
        assert found["states"] == states, username
        totals[username] = sum(found["counts"].values())
        assert totals[username] == sum(states.values())
    assert totals["canbo.xa01"] + totals["truong.xa02"] == totals["thuky"] == totals["tv05"]


# Verbs ----------------------------------------------------------------------------------------------------------------


def test_a_nomination_from_proposal_to_disclosure(site: Site, client: Client) -> None:
    """The whole chain over HTTP, each step by its own people."""
    officer, reviewer, secretary, chairman = map(client, ("canbo.xa01", "chuyenvien1", "thuky", "chutich"))
    body = {
        "round": site.round, "unit": "XA01", "name": "Lò Thị Thử", "kind": "individual", "award": "LDTT",
        "object_class": "Công chức", "rating": "HTTNV", "achievement": "việc thử", "facts": {"employed_months": 12},
    }  # fmt: skip
    made = said(officer.post("nominations", json=body), 201)
    code = made["code"]
    assert made["state"] == "draft"
    assert refusal(officer.post("nominations", json=body)) == (409, "duplicate_row")
    shown = said(officer.get(f"nominations/{code}"))
    nothing = ("honorific", "position", "workplace", "gender", "ethnicity", "birth_date", "email")
    assert (shown["nominee"], shown["proposal"]["achievement"]) == (
        {"kind": "individual", "name": "Lò Thị Thử"} | dict.fromkeys(nothing),
        "việc thử",
    )
    mended = said(
        officer.post(f"nominations/{code}/mend", json={"initiative": "sáng kiến", "version": shown["version"]})
    )
    assert mended["mended"] == ["initiative"]
    assert refusal(officer.post(f"nominations/{code}/mend", json={"rating": "HTNV", "version": shown["version"]})) == (
        409,
        "stale",
    )
    assert said(officer.post(f"nominations/{code}/submit")) == {"code": code, "state": "submitted"}
    assert refusal(officer.post(f"nominations/{code}/pass")) == (403, "not_your_role")
    assert said(reviewer.post(f"nominations/{code}/return", json={"reason": "thiếu giấy"}))["state"] == "returned"
    said(officer.post(f"nominations/{code}/submit"))
    pause = {"reason": "có đơn", "ground": "complaint"}
    assert said(reviewer.post(f"nominations/{code}/pause", json=pause))["state"] == "paused"
    assert said(officer.get(f"nominations/{code}"))["reason"] is None
    assert said(reviewer.get(f"nominations/{code}"))["reason"] == "có đơn"
    said(reviewer.post(f"nominations/{code}/resume", json={"reason": "đơn sai"}))
    assert said(reviewer.post(f"nominations/{code}/pass"))["state"] == "eligible"

    at = (site.office.now + timedelta(days=1)).isoformat()
    session = said(secretary.post("sessions", json={"round": site.round, "at": at, "place": "Hội trường"}), 201)[
        "session"
    ]
    here = f"sessions/{session}"
    for _ in range(2):  # who is noted already is noted once
        present = said(secretary.post(f"{here}/attend", json={"members": list(MEMBERS)}))
        assert (present["session"], present["present"], len(present["warnings"])) == (session, 11, 1)  # a day early
    recusing = {"member": "tv05", "nomination": code, "ground": "thân nhân"}
    said(secretary.post(f"{here}/recuse", json=recusing))
    opened = said(secretary.post(f"{here}/ballot/open"))
    assert code in opened["agenda"]
    assert sorted(opened) == ["agenda", "ballot", "frozen", "key", "left", "warnings"]  # no share leaves here
    assert refusal(secretary.post(f"{here}/ballot/open")) == (409, "ballot_closed")
    receipts = []
    for member in MEMBERS:
        program = client(member)
        choices = {one: "approve" for one in opened["agenda"] if not (member == "tv05" and one == code)}
        assert refusal(program.post(f"{here}/ballot/cast", json={"choices": choices, "password": "sai"})) == (
            409,
            "wrong_password",
        )
        receipts.append(
            said(program.post(f"{here}/ballot/cast", json={"choices": choices, "password": PASSWORD}))["receipt"]
        )
    assert refusal(program.post(f"{here}/ballot/cast", json={"choices": choices, "password": PASSWORD})) == (
        409,
        "already_voted",
    )
    assert said(secretary.post(f"{here}/ballot/close")) == {"roll": 11, "envelopes": 11}
    assert said(secretary.get(f"{here}/ballot/results")) == {"results": []}
    shares = list(site.shares(session).values())
    assert refusal(secretary.post(f"{here}/ballot/tally", json={"shares": shares[:1]})) == (409, "too_few_shares")
    assert refusal(secretary.post(f"{here}/ballot/tally", json={"shares": ["x"]})) == (409, "wrong_shares")
    counted = said(secretary.post(f"{here}/ballot/tally", json={"shares": shares}))
    assert [(row["approve"], row["outcome"]) for row in counted["results"] if row["code"] == code] == [
        (10, "recommended")
    ]
    assert len(counted["batch"]) == 11
    assert said(secretary.get(f"{here}/ballot/results"))["results"] == counted["results"]
    assert code not in {row["code"] for row in said(client("tv05").get(f"{here}/ballot/results"))["results"]}
    verified = said(client("tv06").post(f"{here}/ballot/verify", json={"receipt": receipts[0]}))
    assert verified == {"matches": True, "counted": True, "receipt": "included", "violations": []}
    # By GET a receipt would stand in an address, and so in logs; to check changes nothing, so a reading token may.
    assert client("tv06").get(f"{here}/ballot/verify", params={"receipt": receipts[0]}).status_code == 405
    reader = client("tv07", scope="read")
    assert said(reader.post(f"{here}/ballot/verify")) == verified | {"receipt": None}

    chairman.silent = True
    assert refusal(chairman.post("decisions/sign", json={"codes": [code]})) == (422, "invalid_request")
    chairman.silent = False
    assert refusal(chairman.post("decisions/sign", json={"codes": [code], "password": "sai"})) == (
        409,
        "wrong_password",
    )
    signed = said(chairman.post("decisions/sign", json={"codes": [code, "DN-1"], "password": PASSWORD}))
    assert [row["code"] for row in signed["not_done"]] == ["DN-1"]
    (decision,) = signed["decisions"]
    assert refusal(officer.get(f"decisions/{decision}")) == (404, "unknown_decision")
    assert said(secretary.post(f"decisions/{decision}/disclose")) == {"number": decision, "disclosed": 1}
    assert [row["name"] for row in said(officer.get(f"decisions/{decision}"))["awardees"]] == ["Lò Thị Thử"]
    assert [row["code"] for row in said(officer.get("register", params={"text": "lo thi thu"}))["items"]] == [decision]
    assert site.office.violations() == []
    assert site.office.one("SELECT state FROM nomination WHERE code = :code", code=code) == "disclosed"


def test_many_at_once_have_each_their_own_result(site: Site, client: Client) -> None:
    officer = client("canbo.xa01")
    answer = said(
        officer.post("nominations/submit", json={"codes": [site.codes["draft"], site.codes["signed"], "DN-X"]})
    )
    assert answer["done"] == [{"code": site.codes["draft"], "state": "submitted"}]
    assert {row["code"]: row["why"]["code"] for row in answer["not_done"]} == {
        site.codes["signed"]: "wrong_state",
        "DN-X": "unknown_nomination",
    }
    none = officer.post("nominations/submit", json={"codes": [site.codes["draft"], "DN-X"]})
    assert refusal(none) == (409, "wrong_state")
    assert [row["code"] for row in none.json()["details"]["not_done"]] == [site.codes["draft"], "DN-X"]


def test_a_workbook_is_tried_and_then_filed(site: Site, client: Client, tmp_path: Any) -> None:
    path = tmp_path / "mau.xlsx"
    book = _workbook(path, ["Lò Văn Một", "Lò Văn Hai"])
    officer = client("canbo.xa01")
    form = {"round": site.round, "unit": "XA01"}
    before = site.office.one("SELECT count(*) FROM nomination")
    tried = said(officer.post("nominations/import", data=form | {"dry_run": "true"}, files={"file": ("a.xlsx", book)}))
    assert (tried["rows"], tried["accepted"], tried["committed"], tried["codes"]) == (2, 2, False, [])
    assert site.office.one("SELECT count(*) FROM nomination") == before
    key = {"Idempotency-Key": "một-lần".encode().hex()}
    filed = said(officer.post("nominations/import", data=form, files={"file": ("a.xlsx", book)}, headers=key))
    assert (filed["accepted"], filed["committed"], len(filed["codes"])) == (2, True, 2)
    again = said(officer.post("nominations/import", data=form, files={"file": ("a.xlsx", book)}, headers=key))
    assert again == filed
    assert site.office.one("SELECT count(*) FROM nomination") == before + 2
    twice = officer.post("nominations/import", data=form, files={"file": ("a.xlsx", book)})
    assert refusal(twice) == (409, "workbook_errors")
    assert [row["code"] for row in twice.json()["details"]["errors"]] == ["duplicate_row", "duplicate_row"]
    assert refusal(officer.post("nominations/import", data=form, files={"file": ("a.xlsx", b"%PDF-1.7")}))[0] == 422


def _workbook(path: Any, names: list[str]) -> bytes:
    import openpyxl

    intake.template(path)
    opened = openpyxl.load_workbook(path)
    sheet = opened.worksheets[0]
    heads = {cell.value: cell.column for cell in sheet[1]}
    for row, name in enumerate(names, start=2):
        sheet.cell(row, heads["Tên tập thể/cá nhân/hộ gia đình"], name)
        sheet.cell(row, heads["Phân loại khen thưởng"], "Khen thưởng cá nhân")
        sheet.cell(row, heads["Danh hiệu thi đua/Hình thức khen thưởng"], "Lao động tiên tiến")
    kept = io.BytesIO()
    opened.save(kept)
    return kept.getvalue()


def test_what_a_nomination_says_of_its_nominee_is_mended_in_it_alone(site: Site, client: Client) -> None:
    officer = client("canbo.xa01")
    body = {
        "round": site.round, "unit": "XA01", "name": "Lò Thị Thử", "kind": "individual", "award": "LDTT",
        "honorific": "Bà", "position": "Công chức", "birth_date": "1985-09-05", "facts": {"employed_months": 12},
    }  # fmt: skip
    code = said(officer.post("nominations", json=body), 201)["code"]
    person = "SELECT n.name, n.honorific, n.position, n.birth_date FROM nomination n"
    here = f"nominations/{code}/mend"
    mended = said(officer.post(here, json={"person": {"name": "Lò Thị Thứ", "honorific": None}, "rating": "HTNV"}))
    assert mended["mended"] == ["honorific", "name", "rating"]
    assert site.office.rows(f"{person} WHERE n.code = :code", code=code) == [
        ("Lò Thị Thứ", None, "Công chức", "1985-09-05")
    ]
    assert site.office.one("SELECT rating FROM nomination WHERE code = :code", code=code) == "HTNV"
    assert refusal(officer.post(here, json={"person": {"name": None}})) == (409, "missing_value")
    assert refusal(officer.post(here, json={"person": {"kind": "household"}}))[0] == 422
    other = said(
        officer.post("nominations", json=body | {"name": "Lò Thị Thứ", "award": "GK_HUYEN", "submit": True}), 201
    )
    said(officer.post(here, json={"person": {"position": "Chuyên viên", "gender": "Nữ", "ethnicity": "Mông"}}))
    shown = {one: said(officer.get(f"nominations/{one}"))["nominee"] for one in (code, other["code"])}
    assert [
        (one["name"], one["position"], one["gender"], one["ethnicity"], one["birth_date"]) for one in shown.values()
    ] == [
        ("Lò Thị Thứ", "Chuyên viên", "Nữ", "Mông", "1985-09-05"),
        ("Lò Thị Thứ", "Công chức", None, None, "1985-09-05"),
    ]
    assert set(said(client("tv05").get(f"nominations/{other['code']}"))["nominee"].values()) & {"1985-09-05"} == set()
    assert site.office.violations() == []


def test_rounds_petitions_law_ledger_letters(site: Site, client: Client) -> None:
    secretary, officer = client("thuky"), client("canbo.xa01")
    opened = said(secretary.post("rounds", json={"kind": "CONG_TRANG", "year": 2024, "title": "Đợt thử"}), 201)
    assert said(secretary.get(f"rounds/{opened['code']}"))["title"] == "Đợt thử"
    assert refusal(secretary.post(f"rounds/{opened['code']}/advance")) == (409, "stage_not_done")
    until = (site.office.now + timedelta(days=20)).date().isoformat()
    extension = {"stage": "unit_proposal", "until": until, "reason": "bão"}
    assert said(secretary.post(f"rounds/{opened['code']}/extend", json=extension))["due"] == until
    objection = {"kind": "feedback", "text": "không đúng", "nomination": site.foreign}
    filed = said(officer.post("petitions", json=objection), 201)
    assert refusal(officer.get(f"petitions/{filed['code']}")) == (403, "not_your_role")
    assert [(row["code"], row["kind"]) for row in said(secretary.get("petitions"))["items"]] == [
        (filed["code"], "feedback")
    ]
    assert said(secretary.get(f"petitions/{filed['code']}"))["kind"] == "feedback"
    assert said(secretary.post(f"petitions/{filed['code']}/answer", json={"answer": "đã xem"}))["state"] == "answered"
    due = said(
        officer.get("deadlines/compute", params={"from": "2024-12-27", "days": 5, "pause": "2024-12-30..2024-12-31"})
    )
    assert due["due"] == "2025-01-08"
    money = said(officer.get("cash/compute", params={"award": "CSTDCS", "subject": "individual", "on": "2024-12-20"}))
    assert money["amount"] == 2_340_000
    case = {"award": "LDTT", "level": "district", "kind": "CONG_TRANG", "nominee": {"kind": "household"}, "year": 2024}
    judged = said(officer.post("rules/evaluate", json={"case": case, "on": "2024-12-20"}))
    assert (judged["verdict"], judged["pack"]) == ("ineligible", "A_2024_HUYEN")
    assert next(row["id"] for row in said(officer.get("rules/packs"))["items"]) == "A_2024_HUYEN"
    assert refusal(secretary.get(f"ledger/proofs/{site.decision}")) == (409, "not_sealed")
    site.office.seal()
    assert said(secretary.get(f"ledger/proofs/{site.decision}"))["proof"].startswith("c2sp.org/tlog-proof@v1\n")
    ledger = said(secretary.get("ledger"))
    assert ledger["size"] == site.office.one("SELECT size FROM ledger_head")
    assert ledger["vkey"] == site.office.signer.vkey
    letters = said(secretary.get("notifications"))
    assert letters["queued"] == letters["accepted"] + letters["failed"] + letters["waiting"]


# Idempotency, pages, bad input ------------------------------------------------------------------------------------------


def test_an_act_sent_twice_is_done_once(site: Site, client: Client) -> None:
    secretary = client("thuky")
    body = {"kind": "CONG_TRANG", "year": 2024, "title": "Một lần"}
    key = {"Idempotency-Key": "k-1"}
    first = secretary.post("rounds", json=body, headers=key)
    second = secretary.post("rounds", json=body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert refusal(secretary.post("rounds", json=body | {"year": 2025}, headers=key)) == (409, "idempotency_mismatch")
    assert refusal(secretary.post(f"rounds/{site.round}/advance", headers=key)) == (409, "idempotency_mismatch")
    assert site.office.one("SELECT count(*) FROM review_round WHERE title = 'Một lần'") == 1
    assert said(client("thuky").post("rounds", json=body, headers={"Idempotency-Key": "k-2"}), 201) != first.json()


def test_a_vote_leaves_nothing_beside_its_voter(site: Site, client: Client) -> None:
    """A kept receipt, or a hash of the choices, would tie the voter to an envelope."""
    secretary = client("thuky")
    said(secretary.post(f"sessions/{site.session}/ballot/open", headers={"Idempotency-Key": "o"}))
    before = site.office.rows("SELECT * FROM idempotent_answer")
    agenda = said(secretary.get(f"sessions/{site.session}"))["agenda"]
    cast = {"choices": dict.fromkeys(agenda, "approve"), "password": PASSWORD}
    said(client("tv06").post(f"sessions/{site.session}/ballot/cast", json=cast, headers={"Idempotency-Key": "c"}))
    assert site.office.rows("SELECT * FROM idempotent_answer") == before


def test_a_teller_without_a_seat_touches_no_ballot(site: Site, client: Client) -> None:
    """Whoever opens a ballot gets its shares: the role alone, of another council's teller, must not be enough."""
    office = site.office
    with office.database.begin() as session:
        hashed = passwords.hash_password(PASSWORD)
        accounts.add(session, username="khach", name="Khách", email=None, password_hash=hashed, actor=access.INSTALLER)
    office.grant("khach", Role.TELLER)
    stranger, secretary = client("khach"), client("thuky")
    place = f"sessions/{site.session}/ballot"
    assert refusal(stranger.post(f"{place}/open")) == (403, "not_a_member")
    assert office.rows("SELECT actor, code FROM security_event WHERE code <> 'done'") == [("khach", "not_a_member")]
    said(secretary.post(f"{place}/open"))
    shares = site.shares(site.session)
    assert refusal(stranger.post(f"{place}/sign-roll", json={"members": ["TV03"]})) == (403, "not_a_member")
    agenda = said(secretary.get(f"sessions/{site.session}"))["agenda"]
    for member in MEMBERS:
        cast = {"choices": dict.fromkeys(agenda, "approve"), "password": PASSWORD}
        said(client(member).post(f"{place}/cast", json=cast))
    assert refusal(stranger.post(f"{place}/close")) == (403, "not_a_member")
    said(secretary.post(f"{place}/close"))
    assert refusal(stranger.post(f"{place}/tally", json={"shares": list(shares.values())})) == (403, "not_a_member")
    said(client("tv04").post(f"{place}/tally", json={"shares": list(shares.values())}))


def test_ten_wrong_passwords_are_enough(site: Site, client: Client) -> None:
    chairman = client("chutich")
    body = {"codes": [site.codes["recommended"]], "password": "không phải"}
    answers = [refusal(chairman.post("decisions/sign", json=body)) for _ in range(11)]
    assert answers == [(409, "wrong_password")] * 10 + [(429, "too_many_attempts")]
    assert refusal(chairman.post("decisions/sign", json=body | {"password": PASSWORD})) == (429, "too_many_attempts")


def test_pages_together_are_the_list(client: Client) -> None:
    program = client("thuky")
    for path in ("rounds", "nominations", "decisions", "register", "register/papers", "rules/packs"):
        whole = said(program.get(path, params={"limit": 500}))
        assert whole["next"] is None
        for limit in (1, 3):
            found: list[Any] = []
            after: str | None = None
            while after is not None or not found:
                page = said(program.get(path, params={"limit": limit} | ({"after": after} if after else {})))
                assert 1 <= len(page["items"]) <= limit
                found += page["items"]
                after = page["next"]
                if after is None:
                    break
            assert found == whole["items"] != [], path


BAD: dict[str, bytes] = {
    "no JSON": b"{",
    "nothing": b"",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "endless number": b'{"kind": "CONG_TRANG", "title": "x", "year": ' + b"9" * 10_000 + b"}",
    "huge number": b'{"kind": "CONG_TRANG", "title": "x", "year": 99999999999999999999999999}',
    "NaN": b'{"kind": "CONG_TRANG", "title": "x", "year": NaN}',
    "half a surrogate pair": b'{"kind": "CONG_TRANG", "title": "\\ud800", "year": 2024}',
    "half a pair as key": b'{"kind": "CONG_TRANG", "title": "x", "year": 2024, "\\ud800": 1}',
    "NUL": b'{"kind": "CONG_TRANG", "title": "a\\u0000b", "year": 2024}',
    "not UTF-8": b'{"kind": "CONG_TRANG", "title": "\xff\xfe", "year": 2024}',
    "a text as number": b'{"kind": "CONG_TRANG", "title": "x", "year": "2024"}',
    "unknown key": b'{"kind": "CONG_TRANG", "title": "x", "year": 2024, "more": 1}',
    "number as day": b'{"kind": "CONG_TRANG", "title": "x", "year": 2024, "proposals_due": 1}',
}


def test_a_body_that_cannot_be_read_is_the_senders_fault(site: Site, client: Client) -> None:
    program = client("thuky")
    before = site.office.digests()
    for what, body in BAD.items():
        answer = program.post("rounds", content=body, headers={"Content-Type": "application/json"})
        assert refusal(answer)[0] in {409, 422}, what
    assert {**site.office.digests(), "security_event": ""} == {**before, "security_event": ""}


def test_an_address_that_cannot_be_is_no_fault(client: Client) -> None:
    program = client("thuky")
    for path in ("nominations/%00", "nominations/%ff", "nominations/..%2f", "decisions/" + "9" * 400):
        assert refusal(program.get(path))[0] in {404, 422}, path
    for query in (
        {"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"limit": "9" * 5000}, {"after": "x"}, {"after": "9" * 30},
        {"state": "nonsense"}, {"round": "a b"},
    ):  # fmt: skip
        assert refusal(program.get("nominations", params=query))[0] == 422, query
    assert program.get("nominations", params={"text": "\x00"}).status_code in {200, 422}  # PostgreSQL keeps no NUL


def test_what_is_not_there(client: Client) -> None:
    program = client("thuky")
    assert refusal(program.get("nothing")) == (404, "http")
    assert refusal(program.delete("rounds")) == (405, "http")
    assert refusal(program.get("rounds/DX-1999-01")) == (404, "unknown_round")
    assert refusal(program.post("rounds", content=b" " * (13 * 1024 * 1024))) == (413, "too_long")
    chunks = iter([b'{"title": "'] + [b"x" * 1024 * 1024] * 13)
    assert refusal(program.post("rounds", content=chunks, headers={"Content-Type": "application/json"})) == (
        413,
        "too_long",
    )


def test_the_document_names_every_error_of_every_operation() -> None:
    document = json.loads(json.dumps(api.create().openapi()))
    assert document["openapi"] == "3.1.0"
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) == len(routes())
    for operation in operations:
        assert set(map(str, api.ERRORS)) < set(operation["responses"]), operation["operationId"]
        success = [status for status in operation["responses"] if status.startswith("2")]
        assert len(success) == 1
        content = operation["responses"][success[0]]["content"]
        assert "application/pdf" in content or content["application/json"]["schema"]  # a scan comes as it is
        assert operation["summary"]
        assert operation["description"]
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_names_of_schemas_say_nothing_of_python_modules() -> None:
    """`web__api__x__Name` would change with the files: a client made from the document would no longer compile."""
    names = [
        name for name in api.create().openapi()["components"]["schemas"] if not name.startswith(("Page_", "Body_"))
    ]
    assert [name for name in names if not name.isalnum()] == []


def test_who_is_tied_to_a_nominee_says_so_and_stands_aside(site: Site, client: Client) -> None:
    member, secretary = client("tv06"), client("thuky")
    code, here = site.codes["eligible"], f"sessions/{site.session}"
    declared = said(
        member.post(f"{here}/conflicts/declare", json={"nomination": code, "kind": "kinship", "note": "anh ruột"})
    )
    assert (declared["nomination"], declared["ground"]) == (code, "kinship")
    assert said(secretary.post(f"{here}/conflicts/look"))["session"] == site.session
    (own,) = [row for row in said(member.get(f"{here}/conflicts"))["items"] if row["nomination"] == code]
    assert (own["state"], own["nominee"], own["message"]) == ("recused", None, None)
    (seen,) = [row for row in said(secretary.get(f"{here}/conflicts"))["items"] if row["ground"] == "kinship"]
    assert (seen["username"], seen["nominee"] is None) == ("tv06", False)
    assert refusal(member.get(f"nominations/{code}")) == (403, "recused_from")
    assert refusal(client("canbo.xa01").get(f"{here}/conflicts")) == (403, "not_a_member")
    assert refusal(member.post(f"{here}/conflicts/deny", json={"nominations": ["DN-2024-999999"], "reason": "x"}))[
        0
    ] in {404, 409}
    moved = said(secretary.post(f"{here}/reschedule", json={"place": "Phòng họp 2", "reason": "mất điện"}))
    assert (moved["place"], moved["sequence"]) == ("Phòng họp 2", 1)


def test_pages_and_programs_are_told_the_same_of_conflicts(site: Site, client: Client) -> None:
    """A question names its nominee to whoever it is put to, until they stand aside; to others who stand aside nobody."""
    round_ = Round(site.office, site.round)
    round_.office._people = itertools.count(100)
    asked, other = round_.to(State.ELIGIBLE, 2)
    names = {
        code: site.office.one(
            "SELECT p.name FROM nominee p JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :c", c=code
        )
        for code in (asked, other)
    }
    for code, username in ((asked, "tv05"), (other, "tv05"), (other, "tv06")):
        site.office.write(
            "INSERT INTO conflict (session_id, username, nomination_id, ground, source, strength, message, found_at, state)"
            " SELECT s.id, :u, n.id, 'same_unit', 'detected', 'certain', 'Cùng đơn vị.', s.held_at, 'open'"
            " FROM council_session s, nomination n WHERE s.code = :s AND n.code = :c",
            u=username, s=site.session, c=code,
        )  # fmt: skip
    here = f"sessions/{site.session}/conflicts"
    said(client("tv06").post(f"{here}/declare", json={"nomination": other, "kind": "kinship"}))
    told: dict[str, set[str]] = {}
    for username in ("tv05", "tv06", "tv07", "thuky", "thanhtra"):
        rows = said(client(username).get(here))["items"]
        told[username] = {row["nominee"] for row in rows if row["nominee"]} & set(names.values())
        page = site.sign_in(username).get(f"/council/{site.session}/conflicts").text
        assert {name for name in names.values() if name in page} == told[username], username
    everybody = set(names.values())
    assert told == {"tv05": everybody, "tv06": set(), "tv07": set(), "thuky": everybody, "thanhtra": everybody}


@pytest.mark.parametrize("verb", ["send-back", "refuse"])
def test_what_changed_since_it_was_read_is_neither_sent_back_nor_refused(site: Site, client: Client, verb: str) -> None:
    code = site.codes["recommended"]
    version = site.office.one("SELECT version FROM nomination WHERE code = :c", c=code)
    body = {"codes": [code], "reason": "xem lại", "password": PASSWORD}
    chairman = client("chutich")
    before = site.office.digests()
    answer = chairman.post(f"decisions/{verb}", json=body | {"versions": {code: version + 1}})
    changed = {table for table, digest in site.office.digests().items() if digest != before[table]}
    assert (refusal(answer), changed - {"api_token", "security_event"}) == ((409, "stale"), set())
    assert said(chairman.post(f"decisions/{verb}", json=body | {"versions": {code: version}}))["done"]


def test_submits_at_once_are_each_done_once(site: Site, client: Client) -> None:
    """Many programs, each nomination twice: one transaction takes several, and every one has its own answer."""
    office, round_ = site.office, Round(site.office, site.round)
    drafts = [
        (client(f"canbo.{unit.lower()}"), code) for unit in ("XA01", "XA02", "XA03") for code in _draft(round_, unit, 8)
    ]
    before = office.one("SELECT count(*) FROM ledger_entry WHERE kind = 'nomination:submitted'")
    foreign = [(client("canbo.xa01"), site.foreign), (client("thanhtra"), drafts[0][1])]

    def submit(wanted: tuple[httpx.Client, str]) -> tuple[str, int, str]:
        program, code = wanted
        answer = program.post(f"nominations/{code}/submit")
        return code, answer.status_code, answer.json().get("code")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(submit, [*drafts, *drafts, *foreign]))
    done = [code for code, status, _ in answers[:-2] if status == 200]
    assert sorted(done) == sorted(code for _, code in drafts)
    assert {(status, word) for _, status, word in answers[:-2] if status != 200} == {(409, "wrong_state")}
    assert [one[1:] for one in answers[-2:]] == [(403, "not_your_unit"), (403, "not_your_role")]
    assert office.states([code for _, code in drafts]) == ["submitted"] * 24
    assert office.one("SELECT count(*) FROM ledger_entry WHERE kind = 'nomination:submitted'") == before + 24
    assert office.violations() == []


def _draft(round_: Round, unit: str, count: int) -> list[str]:
    names = round_.proposals(count)
    fresh = [dataclasses.replace(one, name=f"{one.name} {unit}", achievement=f"{unit} {one.row}") for one in names]
    office = round_.office
    filed = office.act(
        proposal.file,
        round_code=round_.code,
        unit_code=unit,
        proposals=fresh,
        actor=office.officer(unit),
        now=office.now,
        submit=False,
    )
    return list(filed.codes)


def test_no_form_is_read_on_the_event_loop(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve megabytes of parts would hold up everybody else meanwhile: a worker thread reads them."""
    where: list[bool] = []

    def parse(parser: Any) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            where.append(False)
        else:
            where.append(True)
        return parsed(parser)

    parsed = MultiPartParser.parse
    monkeypatch.setattr(MultiPartParser, "parse", parse)
    officer = client("canbo.xa01")
    code = site.codes[State.DRAFT]
    scan = {"file": ("a.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf")}
    officer.post(f"nominations/{code}/attachments", data={"part": "other"}, files=scan)
    officer.post("nominations/import", data={"round": site.round, "unit": "XA01"}, files=scan)
    assert where == [False, False]
