"""What a nomination says of its nominee is its own: mended in place, told apart from the others, known to the ledger."""

from datetime import date
from typing import Any

import pytest

from operations.chairman_signature import paper_facts, signature
from operations.home_affairs_review import review
from operations.public_disclosure import paper_numbers, public_register
from operations.unit_proposal import mending, proposal
from operations.views import timeline
from rules.lifecycle import State
from rules.refusal import Refusal

WHO = (
    "SELECT n.name, n.name_key, p.identity, n.honorific, n.position, n.workplace, n.birth_date FROM nominee p"
    " JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :code"
)
OF = "SELECT p.code FROM nominee p JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :code"


def mend(office: Any, code: str, *, by: str = "XA01", another: bool = False, **person: Any) -> None:
    office.act(mending.mend, code, actor=office.officer(by), now=office.now, person=person, another=another)


def refused(office: Any, code: str, **person: Any) -> tuple[str, dict[str, Any]]:
    before = office.digests()
    with pytest.raises(Refusal) as found:
        mend(office, code, **person)
    assert office.digests() == before
    return found.value.code, dict(found.value.details or {})


@pytest.mark.parametrize("state", [State.DRAFT, State.RETURNED])
def test_name_and_particulars_are_mended_and_the_ledger_still_verifies(office: Any, state: State) -> None:
    (code,) = office.open_round().to(state)
    mend(office, code, name=" Lò Thị Đúng ", honorific="Bà", position="Giáo viên", workplace="Trường Mầm non",
         birth_date=date(1985, 9, 5))  # fmt: skip
    assert [tuple(str(one) for one in row) for row in office.rows(WHO, code=code)] == [
        ("Lò Thị Đúng", "lo thi dung", "individual|lò thị đúng|1985-09-05|1", "Bà", "Giáo viên",
         "Trường Mầm non", "1985-09-05")
    ]  # fmt: skip
    assert office.rows("SELECT count(*) FROM ledger_entry WHERE kind = 'nominee:mended'") == [(1,)]
    mend(office, code, honorific="", birth_date=None)
    assert [row[2:4] for row in office.rows(WHO, code=code)] == [("individual|lò thị đúng||1", None)]
    assert office.violations() == []


def test_the_same_person_proposed_anew_is_found_again(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.file(submit=False)
    mend(office, code, name="Lò Thị Đúng")
    office.act(
        proposal.file, round_code=round_.code, unit_code="XA01", actor=office.officer("XA01"), now=office.now,
        proposals=[proposal.Proposed(name="lò  thị ĐÚNG", kind="individual", award="GK_HUYEN")], submit=False,
    )  # fmt: skip
    assert office.one("SELECT count(*) FROM nominee") == 1


def test_each_nomination_says_what_was_handed_in_with_it(office: Any) -> None:
    """Mending one leaves the others of the same person as they are, handed in or not."""
    round_ = office.open_round()
    (code,) = round_.file(submit=False)
    (name,) = office.rows("SELECT name FROM nominee")[0]

    def again(award: str, *, submit: bool) -> str:
        filed = office.act(
            proposal.file, round_code=round_.code, unit_code="XA01", actor=office.officer("XA01"), now=office.now,
            proposals=[proposal.Proposed(name=name, kind="individual", award=award, rating="HTTNV")], submit=submit,
        )  # fmt: skip
        return str(filed.codes[0])

    draft, submitted = again("CSTDCS", submit=False), again("GK_HUYEN", submit=True)
    mend(office, code, position="Giáo viên", ethnicity="Mông", gender="Nữ")
    said = "SELECT name, position, ethnicity, gender FROM nomination WHERE code = :code"
    assert [tuple(office.rows(said, code=one)[0]) for one in (code, draft, submitted)] == [
        (name, "Giáo viên", "Mông", "Nữ"), (name, None, None, None), (name, None, None, None)
    ]  # fmt: skip
    assert len({office.one(OF, code=one) for one in (code, draft, submitted)}) == 1
    mend(office, code, name="Khác Hẳn Rồi")  # somebody else: the others stay whose they were
    assert [office.rows(said, code=one)[0][0] for one in (code, draft, submitted)] == ["Khác Hẳn Rồi", name, name]
    assert office.one(OF, code=code) != office.one(OF, code=draft) == office.one(OF, code=submitted)
    assert office.violations() == []


def test_whoever_is_named_is_whom_the_unit_already_proposes(office: Any) -> None:
    round_ = office.open_round()
    first, second = round_.file(2, submit=False)
    (other,) = round_.file(unit="XA02", submit=False)
    (taken,) = [row[0] for row in office.rows(WHO, code=second)]
    twin, alone = office.one(OF, code=second), office.one(OF, code=first)
    assert refused(office, first, name="  ") == ("missing_value", {})
    assert refused(office, first, name="a\x00b") == ("control_characters", {})
    assert refused(office, first, workplace="x" * 501) == ("too_long", {})
    mend(office, first, name=taken, birth_date=date(1990, 1, 1), another=True)  # told apart
    assert (office.one(OF, code=first), office.rows(WHO, code=first)[0][2]) == (
        alone, f"individual|{taken.casefold()}|1990-01-01|1"
    )  # fmt: skip
    mend(office, first, name=taken.upper(), birth_date=None)  # the same name and post: the same person
    assert office.one(OF, code=first) == twin
    mend(office, other, by="XA02", name=taken)  # another unit's people are its own
    assert office.one(OF, code=other) not in {twin, alone}
    assert office.violations() == []


def test_nobody_is_mended_into_what_was_proposed_already(office: Any) -> None:
    """One award, one achievement, one person: mended into it, the nomination is refused and stays as it was."""
    round_ = office.open_round()
    first, second = round_.file(2, submit=False)
    name, achievement = office.rows("SELECT name, achievement FROM nomination WHERE code = :c", c=second)[0]
    before = office.digests()
    with pytest.raises(Refusal) as found:
        office.act(
            mending.mend, first, actor=office.officer("XA01"), now=office.now, person={"name": name},
            achievement=achievement,
        )  # fmt: skip
    assert (found.value.code, office.digests()) == ("already_proposed", before)


# Promoted, and of one name -----------------------------------------------------------------------------------------


def propose(office: Any, round_: Any, *people: dict[str, Any]) -> list[str]:
    words: dict[str, Any] = {"kind": "individual", "award": "LDTT", "rating": "HTTNV", "facts": {"employed_months": 12}}
    filed = office.act(
        proposal.file, round_code=round_.code, unit_code="XA01", actor=office.officer("XA01"), now=office.now,
        proposals=[proposal.Proposed(row=row, **(words | one)) for row, one in enumerate(people, 1)],
    )  # fmt: skip
    return list(filed.codes)


def test_a_promotion_changes_the_new_nomination_alone(office: Any) -> None:
    """Proposed as a teacher, decided and published; next year as deputy head: each says what was handed in with it."""
    born = date(1989, 4, 3)
    first = office.open_round()
    then: dict[str, Any] = {"name": "Hạng Thị Ánh", "honorific": "Bà", "position": "Giáo viên", "birth_date": born,
                            "workplace": "Trường THCS Nậm Pục", "email": "anh.cu@xa.example.vn"}  # fmt: skip
    now: dict[str, Any] = then | {"position": "Phó Hiệu trưởng", "email": "anh.moi@xa.example.vn", "ethnicity": "Mông",
                                  "workplace": "Trường THCS Nậm Pục số 2", "gender": "Nữ"}  # fmt: skip
    (old,) = propose(office, first, then)
    office.act(review.pass_review, [old], actor=office.chuyenvien1, now=office.now)
    first.vote("approve")
    office.act(signature.sign, [old], actor=office.chutich, now=office.now)
    first.disclose(old)
    office.settle_outbox()
    second = office.open_round(title="Năm sau", year=2025)
    (new,) = propose(office, second, now)
    assert office.one(OF, code=old) == office.one(OF, code=new)
    for code, said in ((old, then), (new, now)):
        shown = office.look(timeline.of_nomination, code, actor=None)["nominee"]
        assert shown == {"kind": "individual", **dict.fromkeys(("gender", "ethnicity")), **said}
    register, _ = office.look(public_register.search)
    assert [(row["name"], row["position"], row["workplace"]) for row in register] == [
        ("Hạng Thị Ánh", "Giáo viên", "Trường THCS Nậm Pục")
    ]
    paper = office.look(lambda s: paper_facts.of_decision(s, paper_numbers.decision(s, office.decision_of(old))))
    assert paper["annexes"][0]["awardees"] == [
        {"name": "Hạng Thị Ánh", "position": "Giáo viên", "unit": office.one("SELECT name FROM unit WHERE code='XA01'")}
    ]
    assert office.violations() == []


def test_namesakes_without_birth_dates_keep_each_their_own_post(office: Any) -> None:
    """Nobody is joined on the name alone: two posts are two people until a person says otherwise."""
    round_ = office.open_round()
    teacher = {"name": "Giàng A Páo", "position": "Giáo viên", "workplace": "UBND xã Nậm Pục"}
    medic = teacher | {"position": "Y sĩ"}
    (one,) = propose(office, round_, teacher)
    other, again = propose(office, round_, medic, teacher | {"award": "CSTDCS"})
    positions = {
        code: office.one("SELECT position FROM nomination WHERE code = :c", c=code) for code in (one, other, again)
    }
    assert positions == {one: "Giáo viên", other: "Y sĩ", again: "Giáo viên"}
    assert office.one(OF, code=one) == office.one(OF, code=again) != office.one(OF, code=other)
    assert office.rows("SELECT identity FROM nominee ORDER BY id") == [
        ("individual|giàng a páo||1",), ("individual|giàng a páo||2",)
    ]  # fmt: skip
    assert office.violations() == []
