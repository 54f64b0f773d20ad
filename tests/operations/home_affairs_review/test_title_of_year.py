"""The same title of a year twice: judged against the register, over rounds, units, spellings and the earlier one's state."""

import json
from datetime import date
from typing import Any

import pytest

from operations.home_affairs_review import review
from operations.people import units
from operations.unit_proposal import proposal
from rules.lifecycle import State
from tests.conftest import Office, Round

HERE = {"workplace": "Trường Tiểu học số 1"}
HELD, ASKED, SILENT = ("ineligible", "not_met"), ("unknown", "unknown"), ("eligible", None)


def one(name: str, **words: Any) -> proposal.Proposed:
    words = {"kind": "individual", "award": "LDTT", "position": "Giáo viên", "rating": "HTTNV", "object_class": "Công chức",
             "facts": {"employed_months": 12}} | HERE | words  # fmt: skip
    return proposal.Proposed(name=name, row=1, **words)


def file(round_: Round, who: proposal.Proposed, *, unit: str = "XA01") -> str:
    office = round_.office
    filed = office.act(
        proposal.file,
        round_code=round_.code,
        unit_code=unit,
        proposals=[who],
        actor=office.officer(unit),
        now=office.now,
    )
    return str(filed.codes[0])


def judged(office: Office, code: str) -> tuple[str, str | None]:
    """The verdict and what the finding says, if it is there; as the reviewer's page and the bulk pass have it."""
    office.act(review.evaluate, now=office.now, codes=[code])
    verdict, finding = found(office, code)
    return verdict, finding.get("verdict")


def found(office: Office, code: str) -> tuple[str, dict[str, Any]]:
    appraisal = office.look(review.latest, [code])[code]
    return appraisal.verdict, next(
        (each for each in json.loads(appraisal.findings) if each["rule"] == "nominee.title_of_year"), {}
    )


def carry(round_: Round, code: str, state: State) -> None:
    """An earlier nomination to a state, by the steps of `Round.to`."""
    office = round_.office
    path = {
        State.SUBMITTED: (),
        State.ELIGIBLE: (State.ELIGIBLE,),
        State.SIGNED: (State.ELIGIBLE, State.RECOMMENDED, State.SIGNED),
    }
    decided = path[State.SIGNED]
    path |= {
        State.DISCLOSED: (*decided, State.DISCLOSED),
        State.CLOSED: (*decided, State.DISCLOSED, State.CLOSED),
        State.REVOKED: (*decided, State.REVOKED),
        State.REFUSED: (State.ELIGIBLE, State.RECOMMENDED, State.REFUSED),
        State.NOT_RECOMMENDED: (State.ELIGIBLE, State.NOT_RECOMMENDED),
    }
    for step in path.get(state, (state,)):
        round_._step(step, [code], "XA01")
    assert office.states([code]) == [state.value]


@pytest.mark.parametrize(
    ("state", "same", "alike"),
    [
        (State.SIGNED, HELD, ASKED),
        (State.DISCLOSED, HELD, ASKED),
        (State.CLOSED, HELD, ASKED),
        (State.SUBMITTED, ASKED, ASKED),
        (State.RETURNED, ASKED, ASKED),
        (State.PAUSED, ASKED, ASKED),
        (State.ELIGIBLE, ASKED, ASKED),
        (State.REVOKED, SILENT, SILENT),
        (State.DECLINED, SILENT, SILENT),
        (State.WITHDRAWN, SILENT, SILENT),
        (State.INELIGIBLE, SILENT, SILENT),
        (State.NOT_RECOMMENDED, SILENT, SILENT),
        (State.REFUSED, SILENT, SILENT),
    ],
)
def test_the_earlier_ones_state_by_who_is_proposed_again(
    small_office: Office, state: State, same: tuple[str, str | None], alike: tuple[str, str | None]
) -> None:
    office = small_office
    first = office.open_round()
    carry(first, file(first, one("Lò Thị Thuý")), state)
    again = office.open_round(title="Đợt hai")
    code = file(again, one("Lò Thị Thuý"))
    assert judged(office, code) == same
    by = {"actor": office.officer("XA01"), "now": office.now, "reason": "nhầm"}
    office.act(proposal.withdraw, [code], **by)
    assert judged(office, file(again, one("Lò Thị Thúy", another=True))) == alike


@pytest.mark.parametrize(
    ("who", "unit", "year", "outcome"),
    [
        pytest.param(one("Lý A Páo"), "XA01", 2024, HELD, id="as before"),
        pytest.param(one("Lí A Páo"), "XA01", 2024, ASKED, id="other spelling"),
        pytest.param(one("Ông Lý A Páo"), "XA01", 2024, ASKED, id="form of address"),
        pytest.param(one("LÝ  A  PÁO"), "XA01", 2024, HELD, id="capitals and spaces"),
        pytest.param(one("Lý A Páo", position="Phó Hiệu trưởng"), "XA01", 2024, ASKED, id="promoted"),
        pytest.param(one("Lý A Páo", birth_date=date(1985, 1, 1)), "XA01", 2024, ASKED, id="birth date known later"),
        pytest.param(one("Lý A Páo"), "XA02", 2024, ASKED, id="other unit, same workplace"),
        pytest.param(one("Lý A Páo", workplace="Trạm Y tế"), "XA02", 2024, SILENT, id="a name alone"),
        pytest.param(one("Lý A Páo"), "XA01", 2023, SILENT, id="other year"),
        pytest.param(one("Lý A Pháo"), "XA01", 2024, SILENT, id="other name"),
    ],
)
def test_round_unit_and_spelling(
    small_office: Office, who: proposal.Proposed, unit: str, year: int, outcome: tuple[str, str | None]
) -> None:
    office = small_office
    first = office.open_round()
    carry(first, file(first, one("Lý A Páo")), State.SIGNED)
    again = office.open_round(title="Đợt hai", year=year)
    assert judged(office, file(again, who, unit=unit)) == outcome


def test_a_birth_date_tells_over_units_and_within_one(small_office: Office) -> None:
    office = small_office
    first, born = office.open_round(), {"birth_date": date(1985, 1, 1)}
    carry(first, file(first, one("Lý A Páo", **born)), State.SIGNED)
    again = office.open_round(title="Đợt hai")
    assert judged(office, file(again, one("Lý A Páo", position="Trưởng phòng", **born))) == HELD
    assert judged(office, file(again, one("Lý A Páo", workplace="Trạm Y tế", **born), unit="XA02")) == ASKED
    other = one("Lý A Páo", birth_date=date(1990, 1, 1), workplace="Chợ")
    assert judged(office, file(again, other)) == SILENT


def test_the_unit_that_took_over_asks_about_its_predecessors_people(small_office: Office) -> None:
    office = small_office
    first = office.open_round()
    carry(first, file(first, one("Lý A Páo", workplace=None)), State.SIGNED)
    office.act(units.end, "XA01", on=office.now.date(), successor="XA02", actor=office.quantri)
    again = office.open_round(title="Đợt hai")
    assert judged(office, file(again, one("Lý A Páo", workplace=None), unit="XA02")) == ASKED


@pytest.mark.parametrize(
    ("award", "kind", "words", "outcome"),
    [
        ("TTLDTT", "collective", {"facts": {"collective": {}}}, "not_met"),
        ("GDVH", "household", {}, "not_met"),
        ("LDTT", "individual", {}, "not_met"),
        ("GK_HUYEN", "individual", {"achievement": "việc khác"}, None),  # a form is given for each achievement
    ],
)
def test_titles_of_every_subject_and_no_form(
    small_office: Office, award: str, kind: str, words: dict[str, Any], outcome: str | None
) -> None:
    office = small_office
    first = office.open_round()
    code = file(first, one("Mẫu Một", award=award, kind=kind, achievement="việc"))
    decide(office, code)
    again = office.open_round(title="Đợt hai")
    assert judged(office, file(again, one("Mẫu Một", award=award, kind=kind, **words)))[1] == outcome


def decide(office: Office, code: str) -> None:
    """A paper for what was carried past the acts."""
    office.write(
        "INSERT INTO decision (code, year, number, symbol, round_id, award, title, signed_on, signed_at, signed_by, pack,"
        " pack_sha256, state, version) SELECT '7-2024', 2024, 7, '07/QĐ-UBND', round_id, award, 't', '2024-11-01',"
        " '2024-11-01 08:00:00', 'chutich', 'A', '', 'in_force', 1 FROM nomination WHERE code = :code",
        code=code,
    )
    office.write(
        "UPDATE nomination SET state = 'signed', stage = 'public_disclosure',"
        " decision_id = (SELECT max(id) FROM decision) WHERE code = :code",
        code=code,
    )


def test_the_finding_names_the_paper_with_its_day_and_the_article(small_office: Office) -> None:
    office = small_office
    first = office.open_round()
    held = file(first, one("Lý A Páo"))
    carry(first, held, State.DISCLOSED)
    again = office.open_round(title="Đợt hai")
    code = file(again, one("Lý A Páo"))
    office.act(review.evaluate, now=office.now)
    _, finding = found(office, code)
    assert finding["citation"] == {"document": "06/2022/QH15", "article": "5", "clause": "2", "point": "c"}
    assert finding["message"] == (
        f"«Lý A Páo» đã có Lao động tiên tiến năm 2024 (Quyết định 01/QĐ-UBND ngày 01/11/2024, hồ sơ {held} của "
        f"{office.one('SELECT name FROM unit WHERE code = :code', code='XA01')}): không khen thưởng nhiều lần cho một "
        "thành tích (điểm c khoản 2 Điều 5 Luật 06/2022/QH15). Hãy kết luận không đủ điều kiện, hoặc trả lại để đơn vị sửa "
        "nếu đề nghị nhầm."
    )


def test_the_bulk_pass_sends_neither_on_and_a_reason_only_what_was_asked(small_office: Office) -> None:
    office = small_office
    first = office.open_round()
    carry(first, file(first, one("Lò Thị Thuý")), State.SIGNED)
    again = office.open_round(title="Đợt hai")
    same, alike = file(again, one("Lò Thị Thuý")), file(again, one("Lò Thị Thúy", another=True))
    fresh = file(again, one("Vàng A Sử"))

    def passed(*codes: str, **words: Any) -> list[str | None]:
        results = office.act(review.pass_review, codes, actor=office.chuyenvien1, now=office.now, **words)
        return [result.refusal and result.refusal.code for result in results]

    assert passed(same, alike, fresh) == ["not_eligible", "not_eligible", None]
    assert passed(same, reason="vẫn chuyển") == ["not_eligible"]
    assert passed(alike, reason="đã đối chiếu: hai người") == [None]
    assert office.states([same, alike, fresh]) == ["submitted", "eligible", "eligible"]


def test_what_was_decided_since_the_findings_stops_it_too(small_office: Office) -> None:
    office = small_office
    first, again = office.open_round(), office.open_round(title="Đợt hai")
    earlier, later = file(first, one("Lý A Páo")), file(again, one("Lý A Páo"))
    assert judged(office, later) == ASKED
    office.act(review.pass_review, [earlier], actor=office.chuyenvien1, now=office.now, reason="giữ hồ sơ này")
    for step in (State.RECOMMENDED, State.SIGNED):
        first._step(step, [earlier], "XA01")
    before = office.digests()
    (result,) = office.act(
        review.pass_review, [later], actor=office.chuyenvien1, now=office.now, reason="cũng chuyển hồ sơ này"
    )
    assert result.refusal is not None
    assert (result.refusal.code, "01/QĐ-UBND" in result.refusal.message) == ("not_eligible", True)
    assert office.digests() == before


def test_other_words_in_one_round_do_not_help(small_office: Office) -> None:
    office = small_office
    first = office.open_round()
    carry(first, file(first, one("Lý A Páo")), State.SIGNED)
    assert judged(office, file(first, one("Lý A Páo", achievement="lời khác"))) == HELD


def test_a_title_that_was_sent_up_counts_as_held_until_the_superior_refuses(small_office: Office) -> None:
    office = small_office
    first = office.open_round()
    code = file(first, one("Lý A Páo", award="CSTD_TINH"))
    office.write(
        "INSERT INTO submission_letter (code, year, number, symbol, round_id, superior, title, signed_on, signed_at, signed_by,"
        " version) SELECT 'T7-2024', 2024, 7, '07/TTr-UBND', round_id, 'CT_UBND_TINH', 't', '2024-11-01',"
        " '2024-11-01 08:00:00', 'chutich', 1 FROM nomination WHERE code = :code",
        code=code,
    )
    letter = "UPDATE nomination SET state = :state, stage = :stage, submission_letter_id = 1 WHERE code = :code"
    office.write(letter, state="forwarded", stage="public_disclosure", code=code)
    again = office.open_round(title="Đợt hai")
    later = file(again, one("Lý A Páo", award="CSTD_TINH"))
    assert judged(office, later)[1] == "not_met"
    assert "đã được trình tặng" in found(office, later)[1]["message"]
    assert "Tờ trình 07/TTr-UBND ngày 01/11/2024" in found(office, later)[1]["message"]
    office.write(letter, state="refused", stage="ended", code=code)
    third = office.open_round(title="Đợt ba")
    office.act(proposal.withdraw, [later], actor=office.officer("XA01"), now=office.now, reason="nhầm")
    assert judged(office, file(third, one("Lý A Páo", award="CSTD_TINH")))[1] is None
