"""The unit's letter about a title says what its money comes to beside another title of the same person and year."""

import json
from datetime import date

import pytest

from operations.home_affairs_review import review
from operations.public_disclosure import title_money
from operations.unit_proposal import proposal
from rules.lifecycle import State
from tests.conftest import Office

HIGHEST = "chỉ nhận mức cao nhất, tổng cộng 2.340.000 đồng."
OPEN = "nhận cả hay chỉ mức cao nhất thì chưa xác định (quy tắc «danh_hieu.cash» chưa được xác nhận trong quy chế)."


@pytest.mark.parametrize(("confirmed", "says"), [(["danh_hieu.cash"], HIGHEST), ([], OPEN)])
def test_the_letter_says_what_two_titles_of_one_year_come_to(
    small_office: Office, confirmed: list[str], says: str
) -> None:
    office = small_office
    round_ = office.open_round()
    facts = {"employed_months": 12, "titles": [{"award": "LDTT", "year": 2024}]}
    asked = [
        proposal.Proposed(name="Lò Thị Mẫu", kind="individual", award=award, row=row, rating="HTXSNV", position="Giáo viên",
                          object_class="Công chức", facts=facts)
        for row, award in enumerate(("LDTT", "CSTDCS"), 1)
    ]  # fmt: skip
    by = {"actor": office.officer("XA01"), "now": office.now}
    codes = office.act(proposal.file, round_code=round_.code, unit_code="XA01", proposals=asked, **by).codes
    for code in codes:
        office.act(review.pass_review, [code], actor=office.chuyenvien1, now=office.now, reason="đã đối chiếu")
    for step in (State.RECOMMENDED, State.SIGNED):
        round_._step(step, list(codes), "XA01")
    round_.disclose(codes[0])
    letter = office.one("SELECT context FROM outbox_message WHERE context LIKE '%\"beside\"%'")
    said = f"Cùng năm 2024 còn có Chiến sĩ thi đua cơ sở: {OPEN}"
    assert said in json.dumps(json.loads(letter), ensure_ascii=False)

    rows = office.look(lambda s: list(title_money.transition.snapshots(s, codes).values()))
    day = date(2024, 11, 1)
    notes = office.look(title_money.notes, rows, year=2024, on=day, confirmed=confirmed)
    others = dict(zip(codes, ("Chiến sĩ thi đua cơ sở", "Lao động tiên tiến"), strict=True))
    assert notes == {code: f"Cùng năm 2024 còn có {other}: {says}" for code, other in others.items()}
    assert office.look(title_money.notes, rows, year=2023, on=day, confirmed=confirmed) == {}
