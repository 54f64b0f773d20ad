"""A typo in who is proposed is mended in place, as long as nothing handed in stands on the name; the ledger knows it."""

from datetime import date
from typing import Any

import pytest

from operations.unit_proposal import mending, proposal
from rules.lifecycle import State
from rules.refusal import Refusal

WHO = (
    "SELECT p.name, p.name_key, p.identity, p.honorific, p.position, p.workplace, p.birth_date FROM nominee p"
    " JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :code"
)


def mend(office: Any, code: str, *, by: str = "XA01", **person: Any) -> None:
    office.act(mending.mend, code, actor=office.officer(by), now=office.now, person=person)


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
        ("Lò Thị Đúng", "lo thi dung", "individual|lò thị đúng|trường mầm non|1985-09-05", "Bà", "Giáo viên",
         "Trường Mầm non", "1985-09-05")
    ]  # fmt: skip
    assert office.rows("SELECT count(*) FROM ledger_entry WHERE kind = 'nominee:mended'") == [(1,)]
    mend(office, code, honorific="", birth_date=None)
    assert [row[2:4] for row in office.rows(WHO, code=code)] == [("individual|lò thị đúng|trường mầm non|", None)]
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


def test_nobody_is_renamed_under_a_nomination_that_was_handed_in(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.file(submit=False)
    (name,) = office.rows("SELECT name FROM nominee")[0]

    def again(award: str, *, submit: bool) -> str:
        filed = office.act(
            proposal.file, round_code=round_.code, unit_code="XA01", actor=office.officer("XA01"), now=office.now,
            proposals=[proposal.Proposed(name=name, kind="individual", award=award, rating="HTTNV")], submit=submit,
        )  # fmt: skip
        return str(filed.codes[0])

    draft = again("CSTDCS", submit=False)
    mend(office, code, position="Giáo viên")  # shared with a draft only: mended for both
    assert [row[4] for one in (code, draft) for row in office.rows(WHO, code=one)] == ["Giáo viên"] * 2
    submitted = again("GK_HUYEN", submit=True)
    assert refused(office, code, name="Khác") == ("nominee_in_use", {"nominations": [submitted]})
    office.act(mending.mend, code, actor=office.officer("XA01"), now=office.now, achievement="vẫn sửa được việc khác")
    assert office.violations() == []


def test_nobody_becomes_somebody_whom_the_unit_already_proposes(office: Any) -> None:
    round_ = office.open_round()
    first, second = round_.file(2, submit=False)
    (other,) = round_.file(unit="XA02", submit=False)
    (taken,) = [row[0] for row in office.rows(WHO, code=second)]
    twin = office.one(
        "SELECT p.code FROM nominee p JOIN nomination n ON n.nominee_id = p.id WHERE n.code = :c", c=second
    )
    assert refused(office, first, name=taken.upper()) == ("already_a_nominee", {"nominee": twin})
    assert refused(office, first, name="  ") == ("missing_value", {})
    assert refused(office, first, name="a\x00b") == ("control_characters", {})
    assert refused(office, first, workplace="x" * 501) == ("too_long", {})
    mend(office, first, name=taken, birth_date=date(1990, 1, 1))  # told apart
    mend(office, other, by="XA02", name=taken)  # another unit's people are its own
    assert office.violations() == []
