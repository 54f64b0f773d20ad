"""What pages of nominations read: a preview that writes nothing, facts in words, lists that hide what pages refuse."""

from datetime import timedelta
from typing import Any

import pytest

from operations.home_affairs_review import review
from operations.unit_proposal import intake, proposal
from operations.unit_proposal.workbook import facts
from operations.views import nominations, timeline
from rules.lifecycle import State
from rules.refusal import Refusal
from tests.conftest import Office

pytestmark = pytest.mark.both_databases


def test_a_check_says_what_filing_would_say_and_leaves_no_trace(office: Office) -> None:
    round_ = office.open_round()
    proposals = round_.proposals(2)
    given: dict[str, Any] = {
        "round_code": round_.code,
        "unit_code": "XA01",
        "actor": office.officer("XA01"),
        "now": office.now,
    }
    assert office.look(proposal.check, proposals=proposals, **given).errors == ()
    office.act(proposal.file, proposals=proposals, **given)
    before = office.digests()
    again = [*proposals, *round_.proposals(1, award="KHONG_CO")]
    checked = office.look(proposal.check, proposals=again, **given)
    assert [error["code"] for error in checked.errors] == ["unknown_award", "duplicate_row", "duplicate_row"]
    with pytest.raises(proposal.RowErrors) as refused:
        office.act(proposal.file, proposals=again, **given)
    assert (refused.value.checked, refused.value.code) == (checked, "unknown_award")
    assert office.digests() == before


def test_a_check_refuses_another_units_officer_as_filing_does(small_office: Office) -> None:
    round_ = small_office.open_round()
    with pytest.raises(Refusal) as refused:
        small_office.look(
            proposal.check,
            round_code=round_.code,
            unit_code="XA01",
            proposals=round_.proposals(1),
            actor=small_office.officer("XA02"),
            now=small_office.now,
        )
    assert refused.value.code == "not_your_unit"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tháng công tác: 12",
        "Xếp loại 2023: HTTNV; Danh hiệu: CSTDCS 2023; Danh hiệu: CSTDCS 2022; Khen thưởng: BK_TINH 2019",
        "Sáng kiến: 2024 cơ sở; Đề tài: 2023 tỉnh; Kỷ luật: khiển trách 2024",
        "Số người: 20; Số LĐTT: 15; Số hoàn thành: 20; Số CSTĐCS: 1; Kỷ luật từ cảnh cáo: 0; Thành lập: 2010",
        "Không chứng thực: 74.1.a, 74.1.b; Thủ tục đơn giản: 85.1.a",
    ],
)
def test_facts_are_written_as_they_are_read(text: str) -> None:
    assert facts.write(facts.parse(text)) == text


@pytest.mark.parametrize(
    "found", [{"pending": ["complaint"]}, {"ratings": 3}, {"employed_months": "x"}, {"titles": [{"award": "?"}]}]
)
def test_facts_that_have_no_words_are_not_written(found: dict[str, Any]) -> None:
    assert facts.write(found) is None


def test_what_is_typed_is_read_by_the_rules_of_a_row() -> None:
    book = intake.typed({"name": "Đặng  Thị Hoa ", "kind": "cá nhân", "award": "lđtt", "birth_date": "05/09/1985"})
    assert [(row.name, row.award, str(row.birth_date)) for row in book.rows] == [("Đặng Thị Hoa", "LDTT", "1985-09-05")]
    book = intake.typed({"name": "=1+1", "kind": "người máy", "award": "?"})
    assert sorted(error["code"] for error in book.errors) == ["formula", "unknown_award", "wrong_kind"]


def test_pages_of_a_search_join_without_a_gap(office: Office) -> None:
    round_ = office.open_round()
    codes = round_.file(7)
    foreign = round_.to(State.SUBMITTED, unit="XA02")
    actor = office.officer("XA01")
    found: list[str] = []
    key = None
    while True:
        rows, key = office.look(nominations.search, actor=actor, after=key, limit=3)
        found += [row["code"] for row in rows]
        if key is None:
            break
    assert found == codes[::-1]
    assert [row["code"] for row in office.look(nominations.search, actor=office.chuyenvien1)[0]] == [
        *foreign,
        *codes[::-1],
    ]
    rows, _ = office.look(nominations.search, actor=office.chuyenvien1, text="LÒ THI mẫu 8")
    assert [row["code"] for row in rows] == foreign


def test_why_a_nomination_was_paused_and_resumed_is_told_to_the_office_alone(office: Office) -> None:
    """It may point at who complained (Luật Tố cáo 25/2018/QH14); other reasons are the unit's to read."""
    round_ = office.open_round()
    (code,) = round_.file()
    readers = {"officer": office.officer("XA01"), "reviewer": office.chuyenvien1, "nobody": None}

    def told() -> dict[str, str | None]:
        return {
            name: office.look(timeline.of_nomination, code, actor=actor)["reason"] for name, actor in readers.items()
        }

    why = {"officer": None, "reviewer": "theo đơn của ông A", "nobody": None}
    office.act(
        review.pause,
        [code],
        ground="denunciation",
        reason="theo đơn của ông A",
        actor=office.chuyenvien1,
        now=office.now,
    )
    assert told() == why
    office.act(review.resume, [code], reason="đơn của ông A sai", actor=office.chuyenvien1, now=office.now)
    assert told() == why | {"reviewer": "đơn của ông A sai"}
    assert office.look(timeline.told, code, actor=office.officer("XA01"), now=office.now)["reason"] is None
    later = office.now + timedelta(hours=1)
    office.act(review.return_for_supplement, [code], reason="thiếu biên bản", actor=office.chuyenvien1, now=later)
    assert set(told().values()) == {"thiếu biên bản"}
