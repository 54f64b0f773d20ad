"""A new award is data: a pack in a folder brings it, and it goes from a workbook to a published decision like any other."""

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from documents import papers
from notifications import letters
from operations.chairman_signature import paper_facts
from operations.public_disclosure import paper_numbers, public_register
from rules import cash, catalogue, evaluation, pack_files, reference
from rules.refusal import Refusal

NAME = "Giấy khen Người lao động sáng tạo"
PACK = {
    "pack.yaml": """
        id: A_2024_THEM
        from: 2024-07-01
        to: 2025-06-30
        level: district
        complete: true
        law: 06/2022/QH15
        based_on: A_2024_HUYEN
        sources: [{document: 01/2024/QĐ-UBND, title: "Quy định của huyện (bài thử)", status: V1}]
        missing: []
        levels_abolished: []
    """,
    "awards.yaml": f"""
        awards:
          - id: GK_SANG_TAO
            name: "{NAME}"
            short: "GKST"
            aliases: ["Giấy khen sáng tạo"]
            title: false
            kinds: [individual]
            article: "75"
            period: "hằng năm"
            decider: [CT_UBND_HUYEN, "75.2"]
            authority:
              district: [decide, CT_UBND_HUYEN, "75.2", V1]
    """,
    "standards.yaml": """
        standards:
          GK_SANG_TAO:
            individual:
              - rule: gk_sang_tao.merit
                at: "75.1"
                status: V1
                when: {initiative: {scope: base, years: 1}}
                met: "Có {found}."
                not_met: "Không có sáng kiến trong năm."
    """,
    "cash.yaml": """
        awards:
          GK_SANG_TAO:
            name: "Giấy khen Người lao động sáng tạo"
            subjects: [individual]
            law: {article: "75"}
            factor: own
            multipliers:
              nd98: {hundredths: 30, source: "Quy định của huyện (bài thử)", status: V2}
              nd152: {open_question: 6, what: "bài thử"}
    """,
}


def dedented(text: str) -> str:
    lines = text.strip("\n").split("\n")
    return "\n".join(line[8:] for line in lines)


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped packs, the first ended in June, and one after it that brings an award."""
    folder = shutil.copytree(pack_files.PACKS, tmp_path / "packs")
    first = folder / "A_2024_HUYEN" / "pack.yaml"
    first.write_text(first.read_text("utf-8").replace("to: 2025-06-30", "to: 2024-06-30"), "utf-8")
    (folder / "A_2024_THEM").mkdir()
    for name, text in PACK.items():
        (folder / "A_2024_THEM" / name).write_text(dedented(text), "utf-8")
    monkeypatch.setattr(pack_files, "PACKS", folder)
    return folder


@pytest.mark.usefixtures("packs")
def test_a_new_award_goes_from_the_workbook_to_a_published_decision(annual: Any, installation: Any) -> None:
    line = annual.line
    codes = annual.propose(
        2, award="GKST", **{"Dữ kiện": "Tháng công tác: 12; Sáng kiến: 2024 cơ sở", "Sáng kiến": "Máy tẽ ngô"}
    )
    shown = line("nominations", "show", codes[0]).done
    assert (shown["award"], shown["state"]) == ("GK_SANG_TAO", "submitted")
    line("nominations", "pass", *codes, "--reason", "Đã đối chiếu hồ sơ gốc", by="chuyenvien1")
    judged = line("nominations", "show", codes[0]).done
    assert (judged["state"], judged["pack"], [one["rule"] for one in judged["findings"]][:3]) == (
        "eligible",
        "A_2024_THEM",
        ["gk_sang_tao.authority", "gk_sang_tao.merit", "exclusion.pending"],
    )
    for _ in range(2):
        line("round", "advance", annual.round)
    annual.vote()
    line("round", "advance", annual.round)
    (number,) = line("decisions", "sign", *codes, by="chutich", now="2024-11-21T08:00:00").done["decisions"]
    with installation.database.read() as session:
        paper = papers.DecisionPaper.model_validate(
            paper_facts.of_decision(session, paper_numbers.decision(session, number))
        )
    assert NAME in paper.model_dump_json()
    assert papers.render(paper).startswith(b"%PDF")
    line("decisions", "disclose", number, by="chuyenvien1", now="2024-11-22T08:00:00")

    # What people read of it.
    with installation.database.read() as session:
        rows, _ = public_register.search(session, award="GK_SANG_TAO")
        listed = "".join(public_register.csv_lines(session))
        told = [
            letters.render(topic, json.loads(context)).text
            for topic, context in session.connection().exec_driver_sql(
                "SELECT topic, context FROM outbox_message WHERE kind = 'letter' AND topic LIKE 'award_result%'"
            )
        ]
    assert [row["award_name"] for row in rows] == [NAME, NAME]
    assert [row for row in csv.reader(io.StringIO(listed)) if NAME in row]
    assert told
    assert [text for text in told if NAME not in text] == []
    assert line("nominations", "list", "--round", annual.round).done[0]["award"] == "GK_SANG_TAO"
    assert line("decisions", "show", number).done["award"] == "GK_SANG_TAO"
    assert line("ledger", "verify").code == 0


def test_its_money_and_its_law_come_with_the_pack(packs: Path) -> None:
    on = date(2024, 11, 21)
    assert cash.compute("GK_SANG_TAO", "individual", on).amount == 710_000
    assert catalogue.route(catalogue.pack_on(on).awards["GK_SANG_TAO"], "CONG_TRANG") == "full"
    page = reference.page()
    assert f"## {NAME} (`GK_SANG_TAO`)" in page
    assert "gk_sang_tao.merit" in page
    (packs / "A_2024_THEM" / "cash.yaml").unlink()
    cash._of_packs.cache_clear()
    with pytest.raises(Refusal) as refused:
        cash.compute("GK_SANG_TAO", "individual", on)
    assert refused.value.code == "unknown_multiplier"


@pytest.mark.usefixtures("packs")
def test_a_day_s_law_shows_it(annual: Any) -> None:
    assert annual.line("rules", "show", "GK_SANG_TAO", "--on", "2024-11-21").done["name"] == NAME
    assert annual.line("rules", "show", "GK_SANG_TAO", "--on", "2024-01-21").code == 2


@pytest.mark.usefixtures("packs")
def test_under_a_pack_without_it_nobody_gives_it() -> None:
    facts = {
        "award": "GK_SANG_TAO", "level": "district", "kind": "CONG_TRANG", "year": 2024, "nominee": {"kind": "individual"},
    }  # fmt: skip
    found = evaluation.evaluate(evaluation.read(facts), on=date(2024, 3, 1))
    assert (found.verdict, found.pack, [one.rule for one in found.findings]) == (
        "wrong_authority", "A_2024_HUYEN", ["gk_sang_tao.authority"],
    )  # fmt: skip
