"""One person under two records: asked at import, form, mending and in the finding; joined by nobody; the answer ends it."""

from datetime import date
from typing import Any

import pytest

from operations.home_affairs_review import review
from operations.people import units
from operations.unit_proposal import intake, mending, nominees, proposal
from operations.unit_proposal.proposal import Proposed, RowErrors
from operations.views import nominations
from rules.refusal import Refusal
from tests.conftest import Office, Round

BORN = date(1985, 1, 1)


def one(name: str, row: int = 1, **words: Any) -> Proposed:
    words = {"award": "LDTT", "kind": "individual", "position": "Giáo viên", "workplace": "Trường THCS", "rating": "HTTNV",
             "object_class": "Công chức", "facts": {"employed_months": 12}} | words  # fmt: skip
    return Proposed(name=name, row=row, **words)


def file(round_: Round, *proposals: Proposed, unit: str = "XA01") -> proposal.Filed:
    office = round_.office
    filed: proposal.Filed = office.act(
        proposal.file,
        round_code=round_.code,
        unit_code=unit,
        proposals=proposals,
        actor=office.officer(unit),
        now=office.now,
    )
    return filed


def stopped(round_: Round, *proposals: Proposed, unit: str = "XA01") -> list[tuple[int, str]]:
    before = round_.office.digests()
    with pytest.raises(RowErrors) as refused:
        file(round_, *proposals, unit=unit)
    assert round_.office.digests() == before
    return [(error["row"], error["code"]) for error in refused.value.checked.errors]


SPELT = [
    ("Lò Thị Thuý", "Lò Thị Thúy"), ("Lý A Páo", "Lí A Páo"), ("Bà Lò Thị Mai", "Lò Thị Mai"), ("Lò ThịMai", "Lò Thị Mai"),
    ("LÒ THỊ MAI", "Lò Thị Mai"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "then"), SPELT)
def test_another_spelling_is_asked_about_within_one_list_and_over_two(
    small_office: Office, first: str, then: str
) -> None:
    round_ = small_office.open_round()
    assert stopped(round_, one(first), one(then, 2)) == [(2, "duplicate_row")]
    file(round_, one(first))
    assert stopped(round_, one(then)) == [(1, "duplicate_row")]
    of_one_name = first.casefold() == then.casefold()  # then the post tells them apart
    filed = file(round_, one(then, another=True, **({"position": "Y sĩ"} if of_one_name else {})))
    assert (len(filed.codes), filed.warnings) == (1, ())
    assert small_office.one("SELECT count(*) FROM nominee") == 2


def test_the_same_person_and_award_twice_in_a_list(small_office: Office) -> None:
    round_ = small_office.open_round()
    other_place = {"workplace": "Xã 2", "position": None}
    born = {"birth_date": date(1980, 1, 1)}
    rows = [
        one("Lý A", 2), one("LÝ  A", 3), one("Lý A", 4, **other_place), one("Lý A", 5, award="CSTDCS"),
        one("Lý A", 6, award="GK_HUYEN", kind="household"), one("Lý A", 7, award="GK_HUYEN"), one("Lý B", 8, **born),
        one("Lý B", 9, birth_date=date(1980, 1, 2)), one("Lý B", 10, **born), one("Lý B", 11),
    ]  # fmt: skip
    assert sorted(stopped(round_, *rows)) == [(3, "duplicate_row"), (10, "duplicate_row"), (11, "duplicate_row")]


def test_two_posts_of_one_name_are_minded_not_stopped(small_office: Office) -> None:
    round_ = small_office.open_round()
    filed = file(round_, one("Lò Thị Mai"), one("Lò Thị Mai", 2, position="Y sĩ"))
    assert [(found["row"], found["code"]) for found in filed.warnings] == [(2, "maybe_same_person")]
    again = file(round_, one("Lò Thị Mai", position="Kế toán"))
    assert [found["code"] for found in again.warnings] == ["maybe_same_person"]


def test_two_people_of_one_name_and_one_birthday_stay_two(small_office: Office) -> None:
    """The question is asked once: the answer holds for the years that follow."""
    teacher = one("Giàng A Páo", birth_date=BORN)
    nurse = one("Giàng A Páo", 2, birth_date=BORN, position="Y sĩ", workplace="Trạm Y tế")
    round_ = small_office.open_round()
    assert stopped(round_, teacher, nurse) == [(2, "duplicate_row")]
    file(round_, teacher, one("Giàng A Páo", 2, birth_date=BORN, position="Y sĩ", workplace="Trạm Y tế", another=True))
    assert small_office.rows("SELECT namesake, birth_date FROM nominee ORDER BY id") == [(1, str(BORN)), (2, str(BORN))]
    later = small_office.open_round(year=2025, title="Năm 2025")
    filed = file(later, teacher, nurse)
    assert filed.warnings == ()
    assert small_office.rows("SELECT nominee_id, count(*) FROM nomination GROUP BY nominee_id") == [(1, 2), (2, 2)]


def test_two_of_one_post_too(small_office: Office) -> None:
    round_ = small_office.open_round()
    file(round_, one("Giàng A Páo", birth_date=BORN), one("Giàng A Páo", 2, birth_date=BORN, another=True))
    assert small_office.one("SELECT count(DISTINCT nominee_id) FROM nomination") == 2


def test_a_workbook_and_a_form_take_the_answer() -> None:
    said = {"name": "Lò Thị Mai", "kind": "cá nhân", "award": "LĐTT"}
    assert [row.another for row in intake.typed(said | {"another": "Người khác"}).rows] == [True]
    assert [row.another for row in intake.typed(said | {"another": " khác  NGƯỜI"}).rows] == [True]
    (error,) = intake.typed(said | {"another": "không biết"}).errors
    assert (error["column"], error["code"]) == ("Trùng tên", "missing_value")


def test_a_birth_date_known_later_is_minded_and_nobody_is_joined(small_office: Office) -> None:
    file(small_office.open_round(), one("Lò Thị Mai"))
    later = small_office.open_round(year=2025, title="Năm 2025")
    filed = file(later, one("Lò Thị Mai", birth_date=BORN))
    assert [(one["row"], one["code"]) for one in filed.warnings] == [(1, "maybe_same_person")]
    assert "chỉ một bên ghi ngày sinh" in filed.warnings[0]["message"]
    assert file(later, one("Lò Thị Mai", birth_date=BORN, award="CSTDCS")).warnings == ()  # who it is by now
    assert small_office.one("SELECT count(*) FROM nominee") == 2


def test_the_successor_of_a_unit_is_asked_about_its_people(small_office: Office) -> None:
    file(small_office.open_round(), one("Lò Thị Mai", birth_date=BORN))
    small_office.act(units.end, "XA01", on=date(2024, 12, 1), successor="XA02", actor=small_office.actor("quantri"))
    later = small_office.open_round(year=2025, title="Năm 2025")
    filed = file(later, one("Lò Thị Mai", birth_date=BORN), unit="XA02")
    assert [one["code"] for one in filed.warnings] == ["maybe_same_person"]
    assert "XA01" in filed.warnings[0]["message"]
    other = file(later, one("Lò Thị Mai", birth_date=BORN, award="CSTDCS"), unit="XA03")
    assert other.warnings == ()  # a unit hears of no other's people


def test_mending_asks_too(small_office: Office) -> None:
    round_ = small_office.open_round()
    file(round_, one("Lò Thị Thuý"))
    (code,) = small_office.act(
        proposal.file, round_code=round_.code, unit_code="XA01", proposals=[one("Lò Thị Xuân")],
        actor=small_office.officer("XA01"), now=small_office.now, submit=False,
    ).codes  # fmt: skip
    by = {"actor": small_office.officer("XA01"), "now": small_office.now, "person": {"name": "Lò Thị Thúy"}}
    before = small_office.digests()
    with pytest.raises(Refusal) as refused:
        small_office.act(mending.mend, code, **by)
    assert (refused.value.code, small_office.digests()) == ("maybe_same_person", before)
    small_office.act(mending.mend, code, another=True, **by)
    assert small_office.one("SELECT name FROM nomination WHERE code = :code", code=code) == "Lò Thị Thúy"


def test_the_reviewer_hears_that_two_units_proposed_one_person(small_office: Office) -> None:
    round_ = small_office.open_round()
    file(round_, one("Lò Thị Thuý", birth_date=BORN))
    (code,) = file(round_, one("Bà Lò Thị Thúy", birth_date=BORN), unit="XA02").codes
    (stranger,) = file(round_, one("Lò Thị Thúy", workplace="Trạm Y tế"), unit="XA03").codes
    small_office.act(review.evaluate, now=small_office.now)
    said = dict(
        small_office.rows("SELECT n.code, a.findings FROM appraisal a JOIN nomination n ON n.id = a.nomination_id")
    )
    verdicts = dict(
        small_office.rows("SELECT n.code, a.verdict FROM appraisal a JOIN nomination n ON n.id = a.nomination_id")
    )
    assert '"nominee.alike"' in said[code]
    assert verdicts[code] == "unknown"
    assert "UBND xã" in said[code]
    assert '"nominee.alike"' not in said[stranger]  # a name alone is many people's
    assert verdicts[stranger] == "eligible"


def test_search_finds_the_other_spelling(small_office: Office) -> None:
    round_ = small_office.open_round()
    file(round_, one("Lý Thị Thuý"), one("Bà Giàng Thị Mỷ", 2))
    for typed in ("Lí Thị Thúy", "ly thi thuy", "Lý Thị", "thúy"):
        rows, _ = small_office.look(nominations.search, actor=small_office.chuyenvien1, text=typed)
        assert [row["name"] for row in rows] == ["Lý Thị Thuý"], typed
    rows, _ = small_office.look(nominations.search, actor=small_office.chuyenvien1, text="Giàng Thị Mỉ")
    assert [row["name"] for row in rows] == ["Bà Giàng Thị Mỷ"]


def test_the_key_of_everybody_is_found_again(small_office: Office) -> None:
    file(small_office.open_round(), one("Lò Thị Thuý"))
    assert nominees.called(one("A")) == "individual|a|"
    assert small_office.violations() == []
    small_office.write("UPDATE nominee SET alike_key = 'x'")
    assert [found["table"] for found in small_office.violations()] == ["nominee"]
