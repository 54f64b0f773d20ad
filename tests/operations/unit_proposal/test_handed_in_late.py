"""What is first handed in after its round's deadline is taken, marked late and says why; nothing else is marked."""

from datetime import date, timedelta
from typing import Any

import pytest

from operations.home_affairs_review import review
from operations.unit_proposal import proposal
from operations.views import nominations, timeline

DUE = date(2024, 11, 6)


def marks(office: Any, codes: list[str]) -> list[str | None]:
    return [office.one("SELECT late FROM nomination WHERE code = :c", c=code) for code in codes]


@pytest.mark.parametrize(
    ("days", "reason", "said"),
    [
        (5, "bão số 10", None),  # the 6th, the last day
        (6, " bão số 10. ", "Nộp ngày 07/11/2024, sau hạn 06/11/2024; lý do: bão số 10."),
        (6, None, "Nộp ngày 07/11/2024, sau hạn 06/11/2024; không nêu lý do."),
        (6, "  ", "Nộp ngày 07/11/2024, sau hạn 06/11/2024; không nêu lý do."),
    ],
)
def test_a_draft_after_the_deadline_is_taken_and_marked(office: Any, days: int, reason: str, said: str | None) -> None:
    round_ = office.open_round(proposals_due=DUE)
    codes = round_.file(2, submit=False)
    assert marks(office, codes) == [None, None]
    office.act(
        proposal.submit, codes, actor=office.officer("XA01"), now=office.now + timedelta(days=days), reason=reason
    )
    assert (office.states(codes), marks(office, codes)) == (["submitted"] * 2, [said] * 2)
    assert office.look(timeline.of_nomination, codes[0], actor=None)["late"] == said
    rows, _ = office.look(nominations.search, actor=office.chuyenvien1)
    assert {row["code"]: row["late"] for row in rows} == dict.fromkeys(codes, said)
    assert office.violations() == []


def test_what_was_returned_comes_again_unmarked_and_a_mark_stays(office: Any) -> None:
    round_ = office.open_round(proposals_due=DUE)
    (in_time,), (draft,) = round_.file(), round_.file(submit=False)
    after = {"actor": office.officer("XA01"), "now": office.now + timedelta(days=8)}
    office.act(proposal.submit, [draft], reason="bão", **after)
    back = {"actor": office.chuyenvien1, "now": after["now"], "reason": "thiếu giấy"}
    office.act(review.return_for_supplement, [in_time, draft], **back)
    office.act(proposal.submit, [in_time, draft], reason="đã bổ sung", **after)
    assert marks(office, [in_time, draft]) == [None, "Nộp ngày 09/11/2024, sau hạn 06/11/2024; lý do: bão."]
    office.act(review.pass_review, [draft], actor=office.chuyenvien1, now=after["now"])
    assert marks(office, [draft]) == ["Nộp ngày 09/11/2024, sau hạn 06/11/2024; lý do: bão."]
    assert office.violations() == []


def test_a_mark_changed_or_taken_away_is_seen(office: Any) -> None:
    (draft,) = office.open_round(proposals_due=DUE).file(submit=False)
    office.act(proposal.submit, [draft], actor=office.officer("XA01"), now=office.now + timedelta(days=6))
    office.write("UPDATE nomination SET late = NULL WHERE code = :c", c=draft)
    assert [one["key"] for one in office.violations()] == [draft]
