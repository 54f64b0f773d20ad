"""The board counts every dossier once, says for whom it waits and since when, and foretells by addition only."""

from datetime import date, timedelta
from typing import Any

import pytest

from operations import rounds
from operations.chairman_signature import signature
from operations.council_vote import recusals
from operations.home_affairs_review import review
from operations.views import board
from rules import lifecycle
from rules.lifecycle import STAGES, WAITING, State, stage_of
from rules.refusal import Refusal, Unreadable

DUE = date(2024, 11, 8)


def at_work(office: Any) -> Any:
    """A simplified round with something in most states, from two units."""
    round_ = office.open_round("DOT_XUAT", proposals_due=DUE)
    by = {"actor": office.chuyenvien1, "now": office.now}
    round_.file(2, award="GK_HUYEN", submit=False)
    round_.file(1, unit="XA02", award="GK_HUYEN", submit=False)
    returned = round_.file(1, award="GK_HUYEN")
    later = office.now + timedelta(hours=5)
    office.act(review.return_for_supplement, returned, reason="thiếu", actor=office.chuyenvien1, now=later)
    round_.file(3, unit="XA02", award="GK_HUYEN")
    paused = round_.file(1, unit="XA02", award="GK_HUYEN")
    office.act(review.pause, paused, ground="complaint", reason="có đơn", **by)
    ready = round_.file(3, award="GK_HUYEN")
    office.act(review.pass_review, ready, **by)
    office.act(signature.sign, ready[:1], actor=office.chutich, now=office.now)
    return round_


def look(office: Any, code: str, **words: Any) -> board.Board:
    found: board.Board = office.look(board.of_round, code, **({"now": office.now} | words))
    return found


def test_everything_is_counted_once(office: Any) -> None:
    round_ = at_work(office)
    seen = look(office, round_.code)
    assert seen.states == {"draft": 3, "returned": 1, "submitted": 3, "paused": 1, "recommended": 2, "signed": 1}
    assert seen.stages == {
        "unit_proposal": 4, "home_affairs_review": 4, "council_vote": 0, "chairman_signature": 2,
        "public_disclosure": 1, "ended": 0,
    }  # fmt: skip
    assert (seen.total, len(seen.rows), seen.next_key) == (11, 11, None)
    assert [row["state"] for row in seen.rows] == ["draft"] * 3 + ["returned"] + ["submitted"] * 3 + ["paused"] + [
        "recommended"
    ] * 2 + ["signed"]
    assert seen.stages == office.look(rounds.status, round_.code)["counts"]


def test_who_blocks_how_many_since_when(office: Any) -> None:
    round_ = at_work(office)
    later = office.now + timedelta(hours=5)
    seen = look(office, round_.code, now=office.now + timedelta(days=12))
    said = [
        (row["waits_for"], row["unit"], row["state"], row["count"], row["since"], row["overdue"])
        for row in seen.blockers
    ]
    assert said == [
        ("UBND xã Nậm Pục", "XA01", "draft", 2, office.now, True),
        ("UBND xã Sin Chải", "XA02", "draft", 1, office.now, True),
        ("UBND xã Nậm Pục", "XA01", "returned", 1, later, True),
        ("Phòng Nội vụ", None, "submitted", 3, office.now, False),
        ("kết luận của cơ quan có thẩm quyền", None, "paused", 1, office.now, False),
        ("Chủ tịch", None, "recommended", 2, office.now, False),
        ("Phòng Nội vụ công khai", None, "signed", 1, office.now, False),
    ]
    paused = next(row for row in seen.rows if row["state"] == "paused")
    assert (paused["paused_since"], paused["due"]) == (office.now, None)
    first = seen.rows[0]
    assert (first["waits_for"], first["due"], first["days_left"], first["overdue"]) == (
        "UBND xã Nậm Pục",
        DUE,
        -3,
        True,
    )


def test_filters_and_pages_agree_with_the_whole(office: Any) -> None:
    round_ = at_work(office)
    whole = [row["code"] for row in look(office, round_.code).rows]
    for size in (1, 2, 3, 10, 11):
        paged, after = [], None
        while True:
            page = look(office, round_.code, limit=size, after=after)
            paged += [row["code"] for row in page.rows]
            after = page.next_key
            if after is None:
                break
        assert paged == whole
    by_state = [row["code"] for state in State for row in look(office, round_.code, state=state.value).rows]
    by_stage = [row["code"] for stage in lifecycle.Stage for row in look(office, round_.code, stage=stage.value).rows]
    by_unit = [row["code"] for unit in ("XA01", "XA02", "XA03") for row in look(office, round_.code, unit=unit).rows]
    assert by_state == whole
    assert by_stage == whole
    assert sorted(by_unit) == sorted(whole)
    assert [row["unit"] for row in look(office, round_.code, unit="XA02", state="submitted").rows] == ["XA02"] * 3
    assert look(office, round_.code, stage="ended", state="draft").rows == ()


def test_each_reader_sees_the_board_of_what_they_may_read(office: Any) -> None:
    round_ = at_work(office)
    of_unit = look(office, round_.code, actor=office.officer("XA02"))
    assert (of_unit.total, {row["unit"] for row in of_unit.rows}) == (5, {"XA02"})
    assert {row["unit"] for row in of_unit.blockers} == {"XA02", None}
    assert look(office, round_.code, actor=office.quantri).total == 0
    assert look(office, round_.code, actor=office.thanhtra).total == 11
    code = of_unit.rows[0]["code"]
    session = round_.session()
    office.act(
        recusals.recuse,
        session,
        member="chutich",
        nomination=code,
        ground="con gái",
        actor=office.thuky,
        now=office.now,
    )
    seen = look(office, round_.code, actor=office.chutich)
    assert (seen.total, code in {row["code"] for row in seen.rows}) == (10, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [({"stage": "x"}, "unknown_stage"), ({"state": "x"}, "unknown_state"), ({"after": "x"}, "bad_page_key")],
    ids=["stage", "state", "key"],
)
def test_what_no_board_has(small_office: Any, words: dict[str, str], code: str) -> None:
    round_ = small_office.open_round()
    with pytest.raises((Refusal, Unreadable)) as refused:
        look(small_office, round_.code, **words)
    assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        look(small_office, "DX-2024-99")
    assert refused.value.code == "unknown_round"


# The forecast -----------------------------------------------------------------------------------------------------


def test_the_forecast_adds_the_stages_own_times(small_office: Any) -> None:
    code = small_office.open_round(proposals_due=DUE).code
    # 8 November; 8 working days → 20th; 7 → 29th; 3 → 4 December; 2 → 6 December.
    seen = look(small_office, code).forecast
    assert (seen.finish, seen.planned, seen.late_days) == (date(2024, 12, 6), date(2024, 12, 6), 0)
    assert seen.sentence == (
        "Dự báo xong ngày 06/12/2024, kịp kế hoạch 06/12/2024: khâu «Đơn vị đề nghị» đến hạn 08/11/2024; "
        "8 ngày làm việc cho khâu «Phòng Nội vụ thẩm định»; 7 ngày làm việc cho khâu «Hội đồng bỏ phiếu»; "
        "3 ngày làm việc cho khâu «Chủ tịch ký»; 2 ngày làm việc cho khâu «Công khai»."
    )
    late = look(small_office, code, now=small_office.now + timedelta(days=12)).forecast  # 13 November
    assert (late.finish, late.late_days) == (date(2024, 12, 11), 3)
    assert "đã quá hạn 08/11/2024" in late.sentence
    assert "chậm 3 ngày làm việc so với kế hoạch 06/12/2024" in late.sentence


def test_the_forecast_says_what_it_left_out_and_knows_the_end(small_office: Any) -> None:
    round_ = at_work(small_office)
    assert "Chưa tính 1 hồ sơ đang tạm dừng." in look(small_office, round_.code).forecast.sentence
    small_office.write("UPDATE review_round SET stage = 'ended', closed_at = '2024-12-01 01:00:00'")
    seen = look(small_office, round_.code)
    assert (seen.forecast.finish, seen.forecast.sentence, seen.closed) == (None, "Đợt xét đã kết thúc.", True)
    # What still waits, taken up again after the end, keeps its stage open.
    waiting = {str(stage_of(State(state))) for state in seen.states if State(state) in WAITING}
    assert {row["stage"] for row in seen.deadlines if not row["done"]} == waiting != set()


def test_a_stage_with_a_case_that_was_sent_back_is_not_done(small_office: Any) -> None:
    round_ = small_office.open_round()
    (code,) = round_.to(State.RECOMMENDED)
    small_office.write("UPDATE review_round SET stage = 'chairman_signature'")

    def done() -> dict[str, bool]:
        return {row["stage"]: row["done"] for row in look(small_office, round_.code).deadlines}

    assert done()["home_affairs_review"]
    by = {"actor": small_office.chutich, "now": small_office.now, "reason": "làm rõ thành tích"}
    small_office.act(signature.send_back, [code], **by)
    assert not done()["home_affairs_review"]
    assert done()["council_vote"]


def test_a_deadline_is_late_only_in_its_own_stage(small_office: Any) -> None:
    code = small_office.open_round(proposals_due=DUE).code
    seen = look(small_office, code, now=small_office.now + timedelta(days=60))
    assert [(row["stage"], row["overdue"], row["planned"], row["done"]) for row in seen.deadlines] == [
        (stage.value, place == 0, place > 0, False) for place, stage in enumerate(STAGES)
    ]
    assert [row["days_left"] < 0 for row in seen.deadlines] == [True] * 5
