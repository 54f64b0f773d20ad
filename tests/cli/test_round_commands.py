"""`vinhdanh round …` and intake, held to docs/contract.md."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

OPEN = ("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "Năm 2024")


@pytest.mark.parametrize("kind", ["CONG_TRANG", "DOT_XUAT", "PHONG_TRAO", "CONG_HIEN", "NIEN_HAN", "DOI_NGOAI"])
def test_a_round_of_each_kind(kind: str, office: Any) -> None:
    said = office("round", "open", "--kind", kind, "--year", 2024, "--title", "Một đợt").done
    assert said == {"code": "DX-2024-01"}
    assert office("round", "list").done == [
        {"code": "DX-2024-01", "kind": kind, "year": 2024, "title": "Một đợt", "stage": "unit_proposal"}
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--kind", "THI_DUA", "--year", 2024, "--title", "T"], "unknown_kind"),
        (["--kind", "CONG_TRANG", "--year", 20, "--title", "T"], "bad_year"),
        (["--kind", "CONG_TRANG", "--year", 2024, "--title", " "], "missing_title"),
        (["--kind", "CONG_TRANG", "--year", 2024, "--title", "T" * 301], "too_long"),
        (["--kind", "CONG_TRANG", "--year", 2024, "--title", "T", "--due", "2024-11-01"], "date_in_the_past"),
    ],
)
def test_a_round_that_may_not_be_opened(words: list[object], code: str, office: Any) -> None:
    assert office("round", "open", *words).refused == code
    assert office("round", "list").done == []


def test_a_regulation_without_its_parameters_names_each(office: Any, tmp_path: Path) -> None:
    path = tmp_path / "quy-che.toml"
    path.write_text('document = "Quy chế"\nnumber = "02/QC"\ndate = 2024-02-15\n\n[time]\ncouncil_vote = 7\n')
    said = office(*OPEN, "--regulation", path)
    assert said.refused == "missing_parameter"
    assert said.answer["refused"]["missing"][:2] == ["time.home_affairs_review", "time.chairman_signature"]
    for text, code in (("number = 1", "missing_key"), ("[", "bad_toml"), ('colour = "red"', "unknown_key")):
        path.write_text(text)
        assert office(*OPEN, "--regulation", path).error in {code, "bad_value"}
    assert office(*OPEN, "--regulation", tmp_path / "no.toml").error == "unreadable_file"
    assert office(*OPEN, "--due", "20/11/2024").error == "bad_date"


def test_status_and_its_deadlines(office: Any) -> None:
    code = office(*OPEN, "--due", "2024-11-15").done["code"]
    status = office("round", "status", code).done
    assert set(status) >= {"code", "stage", "counts", "deadlines"}
    assert status["stage"] == "unit_proposal"
    assert status["counts"] == dict.fromkeys(
        ("unit_proposal", "home_affairs_review", "council_vote", "chairman_signature", "public_disclosure", "ended"), 0
    )
    assert [set(deadline) for deadline in status["deadlines"]] == [{"stage", "due", "computed"}] * 5
    assert (status["deadlines"][0]["stage"], status["deadlines"][0]["due"]) == ("unit_proposal", "2024-11-15")
    assert office("round", "status", "DX-1").refused == "unknown_round"


def test_extending_a_stage(office: Any) -> None:
    code = office(*OPEN).done["code"]
    extend = ("round", "extend", code)
    good = ("--stage", "council_vote", "--until", "2024-12-20", "--reason", "Mưa lũ, đường bị chia cắt")
    assert office(*extend, "--stage", "tea", *good[2:]).refused == "unknown_stage"
    assert office(*extend, "--stage", "ended", *good[2:]).refused == "unknown_stage"
    assert office(*extend, *good[:3], "2024-11-04", *good[4:]).refused == "date_in_the_past"
    assert office(*extend, *good[:3], "mai", *good[4:]).error == "bad_date"
    assert office(*extend, *good[:5], "  ").refused == "reason_required"
    assert office(*extend, *good[:4]).error == "usage"
    assert office(*extend, *good, by="chutich").refused == "not_your_role"
    before = office("notifications", "status").done["queued"]
    said = office(*extend, *good).done
    assert (said["stage"], said["due"]) == ("council_vote", "2024-12-20")
    assert "Mưa lũ" in said["computed"]
    assert office("notifications", "status").done["queued"] > before


def test_a_stage_ends_when_nothing_waits_in_it(annual: Any) -> None:
    line, code = annual.line, annual.round
    said = line("round", "advance", code)
    assert said.refused == "stage_not_done"
    assert sum(said.answer["refused"]["counts"].values()) == 0
    (one, two) = annual.propose(2)
    line("nominations", "return", two, "--reason", "Thiếu báo cáo", by="chuyenvien1")
    said = line("round", "advance", code)
    assert said.refused == "stage_not_done"
    assert said.answer["refused"]["waiting"] == {"returned": 1}
    assert line("nominations", "withdraw", two, "--reason", "Rút", by="canbo.xa01").code == 0
    assert line("round", "advance", code).done == {"code": code, "stage": "home_affairs_review"}
    assert line("round", "advance", code).refused == "stage_not_done"
    assert line("nominations", "pass", one, "--reason", "Đã đối chiếu", by="chuyenvien1").code == 0
    assert line("round", "advance", code).done["stage"] == "council_vote"


def test_the_template_filled_in_becomes_a_dossier(annual: Any) -> None:
    line = annual.line
    from_rows = [{"name": "Lò Thị Một"}, {"name": "Giàng A Hai"}]
    conftest_row = annual.row
    path = annual.book([conftest_row(row["name"]) for row in from_rows])
    words = ("nominations", "import", path, "--round", annual.round, "--unit", "XA01")
    dry = line(*words, "--dry-run", by="canbo.xa01").done
    assert (dry["rows"], dry["accepted"], dry["errors"], dry["committed"]) == (2, 2, [], False)
    assert line("nominations", "list").done == []
    stored = list((line.folder / "files").rglob("*"))
    assert stored == []
    said = line(*words, by="canbo.xa01").done
    assert {name: said[name] for name in ("rows", "accepted", "errors", "warnings", "committed")} == {
        "rows": 2, "accepted": 2, "errors": [], "warnings": [], "committed": True,
    }  # fmt: skip
    listed = line("nominations", "list", "--round", annual.round).done
    assert listed == [
        {
            "code": code,
            "award": "LDTT",
            "nominee": {"kind": "individual", "name": row["name"]},
            "unit": "XA01",
            "round": annual.round,
            "stage": "home_affairs_review",
            "state": "submitted",
        }
        for code, row in zip(said["codes"], from_rows, strict=True)
    ]
    shown = line("nominations", "show", said["codes"][0]).done
    assert [event["kind"] for event in shown["timeline"]] == ["nomination:drafted", "nomination:submitted"]
    assert {frozenset(event) for event in shown["timeline"]} == {frozenset({"index", "kind", "at"})}
    again = line(*words, by="canbo.xa01")
    assert (again.code, {error["code"] for error in again.answer["errors"]}) == (1, {"duplicate_row"})
    assert len(line("nominations", "list").done) == 2
    assert line("nominations", "show", "DN-0").refused == "unknown_nomination"
    assert line("nominations", "list", "--round", "DX-0").refused == "unknown_round"


def test_one_bad_row_and_nothing_is_stored(annual: Any) -> None:
    line, row = annual.line, annual.row
    size = line("ledger", "verify").done["size"]
    path = annual.book(
        [
            row("Lò Thị Tốt"),
            row("Lò Thị Lạ", award="Danh hiệu không có"),
            row(None, **{"Chức vụ": "Giáo viên"}),
            row("=1+1"),
            row("Lò Thị Sai", kind="Khen thưởng tập thể"),
            row("Lò Thị Tốt"),
            row("12345"),
            row("Lò Thị Ngày", **{"Ngày sinh": "31/02/1990"}),
            row("L" * 5000),
        ]
    )
    said = line("nominations", "import", path, "--round", annual.round, "--unit", "XA01", by="canbo.xa01")
    assert (said.code, said.answer["accepted"], said.answer["committed"]) == (1, 0, False)
    assert {frozenset(error) for error in said.answer["errors"]} == {frozenset({"row", "column", "code", "message"})}
    assert [(error["row"], error["code"]) for error in said.answer["errors"]] == [
        (3, "unknown_award"), (4, "missing_value"), (5, "formula"), (6, "wrong_kind"), (7, "duplicate_row"),
        (8, "not_a_name"), (9, "bad_date"), (10, "too_long"),
    ]  # fmt: skip
    assert line("nominations", "list").done == []
    assert line("ledger", "verify").done["size"] == size


def test_files_that_are_no_workbook(annual: Any, tmp_path: Path) -> None:
    line = annual.line
    good = annual.book([annual.row("Lò Thị Tốt")]).read_bytes()
    contents = {
        "csv.xlsx": b"STT,T\xc3\xaan\n1,A\n",
        "html.xlsx": b"<html><table></table></html>",
        "xls.xlsx": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000),
        "cut.xlsx": good[: len(good) // 2],
        "empty.xlsx": b"",
        "large.xlsx": b"PK\x03\x04" + bytes(11 * 2**20),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in [*contents, "not-there.xlsx", "."]:
        said = line(
            "nominations", "import", tmp_path / name, "--round", annual.round, "--unit", "XA01", by="canbo.xa01"
        )
        assert said.code == 2, (name, said)
    assert line("nominations", "list").done == []
    assert line("nominations", "template", tmp_path / "mau.xls").error == "bad_name"
    assert line("nominations", "template", tmp_path / "no" / "mau.xlsx").error == "file"


def test_whose_dossiers_and_when(annual: Any) -> None:
    line = annual.line
    path = annual.book([annual.row("Lò Thị Một")])

    def send(*, unit: str = "XA01", by: str = "canbo.xa01", code: str = annual.round) -> Any:
        return line("nominations", "import", path, "--round", code, "--unit", unit, by=by)

    assert send(unit="XA02").refused == "not_your_unit"
    assert send(by="tv03").refused == "not_your_role"
    assert send(unit="XA99").refused == "unknown_unit"
    assert send(code="DX-0").refused == "unknown_round"
    (one,) = annual.propose()
    assert line("nominations", "mend", one, "--achievement", "x", by="canbo.xa02").refused in {
        "not_your_unit", "wrong_state",
    }  # fmt: skip
    assert line("nominations", "withdraw", one, "--reason", "r", by="canbo.xa02").refused == "not_your_unit"
    line("nominations", "pass", one, "--reason", "Đã đối chiếu", by="chuyenvien1")
    line("round", "advance", annual.round)
    assert send().refused == "round_frozen"


def test_a_scan_is_attached_listed_and_taken_out(annual: Any, tmp_path: Path) -> None:
    line, (one, two) = annual.line, annual.propose(2)
    officer: dict[str, Any] = {"by": "canbo.xa01"}
    scan = tmp_path / "tờ trình.pdf"
    assert line("nominations", "attach", one, scan, **officer).error == "unreadable_file"
    scan.write_bytes(b"%PDF-1.7")
    given = ("nominations", "attach", one, scan, "--part", "to_trinh", "--whole-dossier")
    assert line(*given, by="chuyenvien1").refused == "not_your_role"
    added = line(*given, **officer).done
    assert (added["code"], added["number"], len(added["sha256"])) == (one, 1, 64)
    assert line(*given, **officer).refused == "already_attached"
    (listed,) = line("nominations", "attachments", two, **officer).done
    assert (listed["name"], listed["part"], listed["whole_dossier"]) == ("tờ trình.pdf", "to_trinh", True)
    assert line("nominations", "detach", two, 1, **officer).done == {"code": two, "removed": 1}
    assert line("nominations", "attachments", one, **officer).done == []
    assert line("ledger", "verify").code == 0


def test_the_reviewers_acts_and_what_follows_each(annual: Any) -> None:
    line = annual.line
    one, two, three, four = annual.propose(4)
    reviewer: dict[str, Any] = {"by": "chuyenvien1"}
    officer: dict[str, Any] = {"by": "canbo.xa01"}
    assert line("nominations", "return", one, **reviewer).error == "usage"
    assert line("nominations", "return", one, "--reason", " ", **reviewer).refused == "reason_required"
    returned = line("nominations", "return", one, "--reason", "Thiếu báo cáo", **reviewer).done
    assert returned == {"done": [{"code": one, "state": "returned"}], "not_done": []}
    assert line("nominations", "mend", one, **officer).error == "usage"
    named = line("nominations", "mend", one, "--name", "Lò Thị Sửa", "--birth-date", "1985-09-05", **officer)
    assert named.done == {"code": one, "mended": ["birth_date", "name"]}
    assert line("nominations", "mend", one, "--achievement", "Đã bổ sung", **officer).done == {
        "code": one, "mended": ["achievement"],
    }  # fmt: skip
    assert line("nominations", "submit", one, **officer).done["done"] == [{"code": one, "state": "submitted"}]
    assert line("nominations", "submit", one, **officer).refused == "wrong_state"
    assert line("nominations", "ineligible", two, "--reason", "Bị kỷ luật", **reviewer).code == 0
    assert line("nominations", "pause", three, "--ground", "rain", "--reason", "r", **reviewer).refused == (
        "unknown_ground"
    )
    assert line("nominations", "pause", three, "--ground", "complaint", "--reason", "Có đơn", **reviewer).code == 0
    asked = [line("nominations", "show", three, **who).done["reason"] for who in ({"by": "canbo.xa01"}, reviewer)]
    assert asked == [None, "Có đơn"]
    assert line("nominations", "pass", three, **reviewer).refused == "wrong_state"
    assert line("nominations", "resume", three, "--reason", "Đơn sai", **reviewer).code == 0
    assert line("nominations", "withdraw", four, "--reason", "Trùng", **officer).code == 0
    assert line("nominations", "pass", one, by="canbo.xa01").refused == "not_your_role"
    said = line("nominations", "pass", one, two, three, four, "DN-0", "--reason", "Đã đối chiếu", **reviewer).done
    assert said["done"] == [{"code": one, "state": "eligible"}, {"code": three, "state": "eligible"}]
    assert [(refused["code"], refused["why"]["code"]) for refused in said["not_done"]] == [
        (two, "wrong_state"), (four, "wrong_state"), ("DN-0", "unknown_nomination"),
    ]  # fmt: skip
    assert line("nominations", "pass", two, four, **reviewer).refused == "wrong_state"
    assert [annual.state(code) for code in (one, two, three, four)] == [
        "eligible", "ineligible", "eligible", "withdrawn",
    ]  # fmt: skip
    shown = line("nominations", "show", one).done
    assert {"rule", "verdict", "found", "citation", "status", "message"} == set(shown["findings"][0])
    assert [event["index"] for event in shown["timeline"]] == sorted(event["index"] for event in shown["timeline"])


def test_two_at_once_on_one_dossier_and_one_of_them_wins(annual: Any) -> None:
    line = annual.line
    (code,) = annual.propose()
    rivals = [
        line.start("nominations", "pass", code, "--reason", "Đã đối chiếu", by="chuyenvien1"),
        line.start("nominations", "ineligible", code, "--reason", "Không đủ", by="chuyenvien2"),
    ]
    ends = [(*rival.communicate(timeout=60), rival.returncode) for rival in rivals]
    assert sorted(end for _, _, end in ends) == [0, 1]
    loser = next(json.loads(stdout) for stdout, _, end in ends if end == 1)
    assert loser["refused"]["code"] == "wrong_state"
    assert line("ledger", "verify").code == 0


def test_two_sweeps_at_once_remind_nobody_twice(annual: Any) -> None:
    line = annual.line
    annual.propose()
    line("round", "advance", annual.round)
    now = "2024-12-30T08:00:00"
    quiet = line("deadlines", "sweep").done
    assert quiet == {"reminded": 0, "escalated": 0, "closed": 0}
    rivals = [line.start("deadlines", "sweep", now=now) for _ in range(2)]
    answers = [json.loads(rival.communicate(timeout=60)[0]) for rival in rivals]
    assert sorted(sum(answer.values()) > 0 for answer in answers) == [False, True]
    assert line("deadlines", "sweep", now=now).done == {"reminded": 0, "escalated": 0, "closed": 0}


# --- the law, without a database -----------------------------------------------------------------------------------------

CASE = {
    "award": "LDTT",
    "level": "district",
    "kind": "CONG_TRANG",
    "nominee": {"kind": "individual", "worker_group": "civil_servant", "employed_months": 12},
    "year": 2024,
    "ratings": {"2024": "HTTNV"},
    "disciplines": [],
    "pending": [],
}


def test_evaluating_one_case_and_many(nowhere: Any, tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    one.write_text("\ufeff" + json.dumps(CASE), encoding="utf-8")
    found = nowhere("rules", "evaluate", one, "--on", "2024-12-20").done
    assert set(found) == {
        "award", "pack", "on", "verdict", "authority", "decided_by", "route", "findings", "missing_parameters",
    }  # fmt: skip
    assert (found["verdict"], found["pack"], found["on"]) == ("eligible", "A_2024_HUYEN", "2024-12-20")
    lines = [
        json.dumps({"name": "dòng\u2028một", "on": "2024-12-20", "case": CASE}, ensure_ascii=False),
        json.dumps({"name": "lạ", "on": "2024-12-20", "case": {**CASE, "colour": 1}}),
        json.dumps({"name": "ngày", "on": 20241220, "case": CASE}),
        "not json",
        "[" * 50_000,
        json.dumps({"name": "số", "on": "2024-12-20", "case": None}),
    ]
    many = tmp_path / "many.jsonl"
    many.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answers = nowhere("rules", "evaluate", many).done
    assert [(answer["name"], answer.get("error", {}).get("code")) for answer in answers] == [
        ("dòng\u2028một", None), ("lạ", "unknown_key"), ("ngày", "bad_date"), ("line 4", "bad_json"),
        ("line 5", "bad_json"), ("số", answers[5]["error"]["code"]),
    ]  # fmt: skip
    summary = nowhere("rules", "evaluate", many, "--summary").done
    assert set(summary) == {"cases", "seconds", "per_second", "verdicts"}
    assert (summary["cases"], summary["verdicts"]) == (6, {"eligible": 1, "error": 5})
    for text in ("", "[" * 50_000, '{"year": ' + "1" * 5000 + "}", '{"award": "LDTT", "award": "CSTDCS"}', "[1]"):
        one.write_text(text)
        assert nowhere("rules", "evaluate", one).code == 2
    assert nowhere("rules", "evaluate", tmp_path / "no.json").error == "unreadable_file"


def test_packs_and_awards(nowhere: Any) -> None:
    packs = nowhere("rules", "packs").done
    assert {frozenset(pack) for pack in packs} == {frozenset({"id", "from", "to", "level", "complete", "sha256"})}
    shown = nowhere("rules", "show", "CSTDCS", "--on", "2024-12-20").done
    assert (shown["award"], shown["pack"], shown["authority"]["district"]["decided_by"]) == (
        "CSTDCS", "A_2024_HUYEN", "CT_UBND_HUYEN",
    )  # fmt: skip
    assert nowhere("rules", "show", "CSTDCS", "--on", "1990-01-01").refused == "no_pack"
    assert nowhere("rules", "show", "CSTDCS", "--on", "nay").error == "bad_date"


def test_deadlines_and_cash_one_by_one_and_in_batches(nowhere: Any, tmp_path: Path) -> None:
    words = ("deadline", "compute", "--from", "2024-12-20", "--days")
    found = nowhere(*words, 8).done
    assert set(found) == {
        "from", "days", "unit", "due", "skipped", "made_up", "paused", "rolled", "provisional", "explanation",
    }  # fmt: skip
    assert found["due"] == "2025-01-02"
    assert nowhere(*words, 0).error == "days_out_of_range"
    assert nowhere(*words, "nhiều").error == "days_not_whole"
    assert nowhere(*words, 8, "--unit", "giờ").error == "unknown_unit"
    assert nowhere(*words, 8, "--pause", "2024-12-25..2024-12-24").error == "pause_backwards"
    table = tmp_path / "days.csv"
    table.write_text("\ufefffrom,days,unit\r\n2024-12-20,8,working\r\n2024-12-20,8,calendar\r\n", encoding="utf-8")
    batch = ("deadline", "compute", "--batch", table)
    assert [row["due"] for row in nowhere(*batch).done] == ["2025-01-02", "2024-12-30"]
    code, stdout, _ = nowhere.text(*batch)
    assert (code, [row["due"] for row in csv.DictReader(stdout.splitlines())]) == (0, ["2025-01-02", "2024-12-30"])
    for text in ("from,days\n1,2\n", 'from,days,unit\n2024-12-20,"8\n', "from,days,unit\nmai,8,working\n"):
        table.write_text(text)
        assert nowhere(*batch).code == 2
    cash = ("cash", "compute", "--award", "LDTT", "--subject")
    found = nowhere(*cash, "individual", "--on", "2024-12-20").done
    assert set(found) == {
        "award", "subject", "on", "base_salary", "multiplier_hundredths", "factor_hundredths", "amount", "sources",
    }  # fmt: skip
    assert found["amount"] == 710_000
    assert nowhere(*cash, "dog", "--on", "2024-12-20").error == "unknown_subject"
    said = nowhere("cash", "compute", "--award", "GK_HUYEN", "--subject", "individual", "--on", "2024-12-20")
    assert said.refused == "unknown_multiplier"
    table.write_text("award,subject,on\nLDTT,individual,2024-12-20\nGK_HUYEN,individual,2024-12-20\n")
    paid, unpaid = nowhere("cash", "compute", "--batch", table).done
    assert (paid["amount"], unpaid["refused"]["code"]) == (710_000, "unknown_multiplier")


def test_a_run_is_asked_for_a_round_that_is_at_work_and_waits_for_the_engine(
    office: Any, annual: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it runs: tests/deployments/test_up.py."""
    monkeypatch.setattr("cli.rounds.PATIENCE", 0.1)
    code = annual.round
    assert office("round", "run", "DX-2099-01").refused == "unknown_round"
    assert [office("round", "run", code, by=who).refused for who in ("canbo.xa01", "chuyenvien1", "quantri")] == [
        "not_your_role"
    ] * 3
    for _ in range(2):  # the first call still waits: it is enough
        said = office("round", "run", code)
        assert (said.code, said.answer["missing"]["component"], said.answer["run"]) == (4, "engine", None)
    (proposed,) = annual.propose(1)
    assert office("nominations", "withdraw", proposed, "--reason", "nhầm", by="canbo.xa01").code == 0
    for _ in range(5):
        assert office("round", "advance", code).code == 0
    assert office("round", "run", code).refused == "round_closed"
    assert "đã đóng" in office("round", "run", code).answer["refused"]["message"]
