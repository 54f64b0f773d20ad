"""A slip corrected without a new vote; an award that is not wanted; one person's award taken back, the others standing."""

import json
from datetime import date
from typing import Any

import pytest

from ledger import proof
from operations import ledger_book
from operations.chairman_signature import paper_facts, signature
from operations.council_vote import counting
from operations.home_affairs_review import correcting, declining
from operations.public_disclosure import disclosure, public_register
from operations.views import timeline
from rules import slips
from rules.lifecycle import State
from rules.policy import CORRECTABLE
from rules.refusal import Refusal

REASON = "viết sai so với quyết định bổ nhiệm"
SAID = "SELECT name, position, version, state FROM nomination WHERE code = :code"


def correct(office: Any, code: str, *, by: str = "chuyenvien2", reason: str = REASON, **person: Any) -> list[str]:
    changed: list[str] = office.act(
        correcting.correct, code, person=person, reason=reason, actor=office.actor(by), now=office.now
    )
    return changed


def refused(office: Any, act: Any, *args: Any, **words: Any) -> str:
    before = office.digests()
    with pytest.raises(Refusal) as found:
        act(office, *args, **words)
    assert office.digests() == before
    return found.value.code


# Correcting ----------------------------------------------------------------------------------------------------------


def test_a_slip_is_corrected_after_the_vote_without_a_new_one(office: Any) -> None:
    round_ = office.open_round()
    (code,) = round_.to(State.RECOMMENDED, position="Giáo viện")
    name, _, version, _ = office.rows(SAID, code=code)[0]
    right = name.replace("Mẫu", "Mầu")
    assert correct(office, code, name=right, position="Giáo viên", birth_date=date(1985, 9, 5)) == [
        "birth_date", "name", "position"
    ]  # fmt: skip
    assert office.rows(SAID, code=code) == [(right, "Giáo viên", version + 1, "recommended")]
    told = office.rows("SELECT topic, context FROM outbox_message WHERE kind = 'letter' ORDER BY id")[-1]
    assert (told[0], [one["what"] for one in json.loads(told[1])["changes"]]) == (
        "nomination_corrected", ["ngày sinh", "tên", "chức vụ"]
    )  # fmt: skip
    stale = office.act(signature.sign, [code], actor=office.chutich, now=office.now, versions={code: version})
    assert [one.refusal.code for one in stale.results] == ["stale"]  # the signer read another version
    office.act(signature.sign, [code], actor=office.chutich, now=office.now)
    paper = office.look(
        lambda s: paper_facts.of_decision(s, disclosure.paper_numbers.decision(s, office.decision_of(code)))
    )
    assert [(one["name"], one["position"]) for one in paper["annexes"][0]["awardees"]] == [(right, "Giáo viên")]
    assert office.one("SELECT name FROM nominee") == right  # found again next year
    events = office.look(timeline.events, code, actor=office.thuky)
    assert [(one.detail, one.reason) for one in events if one.kind == "nomination:corrected"] == [
        ("tên, chức vụ, ngày sinh", REASON)
    ]
    assert office.violations() == []


@pytest.mark.parametrize("state", sorted(set(State) - {State.ON_BALLOT}))
def test_only_between_submission_and_signature(small_office: Any, state: State) -> None:
    (code,) = small_office.open_round().to(state)
    if state in CORRECTABLE:
        assert correct(small_office, code, position="Công chức địa chính") == ["position"]
        assert small_office.states([code]) == [state]
    else:
        assert refused(small_office, correct, code, position="Công chức địa chính") == "wrong_state"
    assert small_office.violations() == []


def test_what_was_found_before_a_correction_is_found_again(small_office: Any) -> None:
    (code,) = small_office.open_round().to(State.SUBMITTED)
    correct(small_office, code, email="moi@xa.example")
    judged = "SELECT max(a.nomination_version), n.version FROM appraisal a JOIN nomination n ON n.id = a.nomination_id"
    assert len(set(small_office.rows(judged)[0])) == 1


def test_a_correction_while_the_ballot_is_open_leaves_the_vote_as_it_is(small_office: Any) -> None:
    round_ = small_office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    session = round_.ballot()
    correct(small_office, code, position="Giáo viên")
    round_.vote("approve", session=session)
    assert small_office.states([code]) == ["recommended"]
    assert small_office.violations() == []


def test_four_eyes(small_office: Any) -> None:
    """Never by who proposed it; whoever corrects does not sign; the unit's own people mend, they do not correct."""
    (code,) = small_office.open_round().to(State.RECOMMENDED)
    assert refused(small_office, correct, code, by="canbo.xa01", position="x") == "not_your_role"
    assert refused(small_office, correct, code, by="chutich", position="x") == "not_your_role"
    small_office.write("UPDATE nomination SET proposed_by = 'chuyenvien1'")
    assert refused(small_office, correct, code, by="chuyenvien1", position="x") == "separation_of_duties"
    assert refused(small_office, correct, code, reason=" ", position="x") == "reason_required"
    small_office.write("UPDATE nomination SET proposed_by = 'canbo.xa01'")
    correct(small_office, code, by="chuyenvien2", position="Giáo viên")
    assert small_office.one("SELECT reviewed_by FROM nomination") == "chuyenvien2"
    assert small_office.rows("SELECT username, duty FROM duty") == [("chuyenvien1", "reviewed")]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("Hạng Thị Ánh", "Hạng Thị Anh", True), ("Lò Thị Thuý", "Lò Thị Thúy", True), ("Lò Thị Thúy", "LÒ  THỊ THUÝ", True),
        ("Nguyễn Văn Quyền", "Nguyễn Văn Quyên", True), ("Lý A Páo", "Lí A Páo", True), ("Giàng A Pào", "Giàng A Páo", True),
        ("Nguyen Van An", "Nguyễn Văn Anh", True), ("Vàng Thị Mỹ", "Vàng Thi Mĩ", True), ("Giáo Viên Tên", "Giáo Viên Têm", True),
        ("Hạng Thị Ánh", "Hạng Thị Bình", False), ("Hạng Thị Ánh", "Lò Thị Ánh", False), ("Nguyễn Văn An", "Nguyễn An", False),
        ("Hạng Thị Ánh", "Sùng A Dính", False), ("Lò Văn Nam", "Lò Thị Nam", False), ("Trường THCS số 9", "Trường THCS số 10", False),
    ],
)  # fmt: skip
def test_a_slip_in_a_name(before: str, after: str, same: bool) -> None:
    try:
        slips.require_same_person(name=(before, after), born=(None, None), state=State.SUBMITTED)
        found = True
    except Refusal as refusal:
        found = False
        assert refusal.code == "another_person"
    assert found is same


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (None, date(1985, 9, 5), True), (date(1985, 9, 5), date(1985, 5, 9), True), (date(1985, 9, 5), date(1986, 9, 5), True),
        (date(1985, 9, 5), date(1985, 9, 15), True), (date(1985, 9, 5), date(1990, 1, 1), False), (date(1985, 9, 5), None, False),
    ],
)  # fmt: skip
def test_a_slip_in_a_birth_date(before: date | None, after: date | None, same: bool) -> None:
    try:
        slips.require_same_person(name=("A", "A"), born=(before, after), state=State.SUBMITTED)
        assert same
    except Refusal:
        assert not same


def test_nobody_is_corrected_into_somebody_else(small_office: Any) -> None:
    round_ = small_office.open_round()
    one, other = round_.to(State.SUBMITTED, 2, birth_date=date(1985, 9, 5))
    names = dict(small_office.rows("SELECT code, name FROM nomination"))
    assert refused(small_office, correct, one, name="Sùng A Dính") == "another_person"
    assert refused(small_office, correct, one, name=names[other]) == "another_person"  # one letter apart, and another's
    assert refused(small_office, correct, one, name="  ") == "missing_value"
    assert refused(small_office, correct, one, name=names[one]) == "nothing_corrected"


# Declining -----------------------------------------------------------------------------------------------------------

_STAGES = [State.DRAFT, State.RETURNED, State.SUBMITTED, State.PAUSED, State.ELIGIBLE, State.RECOMMENDED, State.SIGNED,
           State.FORWARDED, State.DISCLOSED, State.CLOSED]  # fmt: skip


@pytest.mark.parametrize("state", _STAGES)
def test_an_award_is_declined_at_any_stage(small_office: Any, state: State) -> None:
    office = small_office
    (code,) = office.open_round().to(state)
    office.settle_outbox()
    office.act(
        declining.decline, [code], reason="Xin nhường", document="Đơn ngày 01/11/2024", actor=office.chuyenvien1, now=office.now
    )  # fmt: skip
    assert office.rows("SELECT state, stage, reason FROM nomination") == [
        ("declined", "ended", "Xin nhường (Văn bản: Đơn ngày 01/11/2024)")
    ]
    told = [
        row[0] for row in office.rows("SELECT topic FROM outbox_message WHERE kind = 'letter' AND state = 'queued'")
    ]
    assert set(told) == {"nomination_declined", "award_declined_nominee"}
    assert office.violations() == []


def test_declining_while_the_ballot_is_open_takes_nothing_from_the_vote_on_the_others(office: Any) -> None:
    round_ = office.open_round()
    one, other = round_.to(State.ELIGIBLE, 2)
    session = round_.ballot()
    office.act(declining.decline, [one], reason="Xin nhường", actor=office.thuky, now=office.now)
    round_.vote("approve", session=session)
    assert office.states([one, other]) == ["declined", "recommended"]
    assert office.look(counting.results_of, office.look(lambda s: counting.sessions.by_code(s, session))) != []
    assert office.violations() == []


def test_a_published_decision_stands_for_the_others(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.DISCLOSED, 3)
    office.act(declining.decline, codes[:1], reason="Xin nhường", actor=office.thuky, now=office.now)
    rows, _ = office.look(public_register.search)
    assert [row["state"] for row in rows] == ["declined", "in_force", "in_force"]
    paper = office.look(public_register.paper, office.decision_of(codes[1]))
    assert (paper["state"], paper["nominations"], paper["no_longer"]) == ("in_force", 3, 1)
    assert len(office.look(public_register.search, state="in_force")[0]) == 2


# One person's award --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ground", "state", "cited"),
    [
        ("93.2.a", "revoked", "điểm a khoản 2 Điều 93"),
        ("declined", "declined", "khoản 8 Điều 93"),
        ("error", "revoked", "30/2020/NĐ-CP"),
    ],
)
def test_one_persons_award_is_taken_back_and_the_others_stand(office: Any, ground: str, state: str, cited: str) -> None:
    round_ = office.open_round()
    codes = round_.to(State.DISCLOSED, 3)
    number = office.decision_of(codes[0])
    office.settle_outbox()
    row = office.act(
        disclosure.revoke, number, ground=ground, reason="kết luận số 1", nominations=[codes[1]], actor=office.chutich,
        now=office.now,
    )  # fmt: skip
    assert row.state == "in_force"
    assert office.states(codes) == ["disclosed", state, "disclosed"]
    letters = office.rows(
        "SELECT topic, context FROM outbox_message WHERE kind = 'letter' AND state = 'queued' ORDER BY id"
    )
    assert [topic for topic, _ in letters] == ["decision_revoked", "award_revoked_nominee"]
    unit, person = (json.loads(context) for _, context in letters)
    assert ([one["code"] for one in unit["items"]], unit["others_stand"]) == ([codes[1]], True)
    assert cited in unit["citation"]
    assert cited in person["citation"]
    assert [one["state"] for one in office.look(public_register.search)[0]] == ["in_force", state, "in_force"]
    office.seal()
    proven = proof.verify(office.look(ledger_book.prove, number), office.signer.vkey)
    assert proven.opened("state") == "in_force"
    assert [event.entry.kind for event in proven.later or []][-1] == "decision:partly_revoked"
    assert [one["value"] for one in (proven.later or [])[-1].openings if one["field"] == "partly"] == [[codes[1]]]
    assert office.violations() == []


def test_when_nobody_is_left_the_decision_is_revoked(office: Any) -> None:
    round_ = office.open_round()
    codes = round_.to(State.SIGNED, 2)
    number = office.decision_of(codes[0])

    def revoke(office: Any, *nominations: str, ground: str = "error") -> str:
        about: dict[str, Any] = {"reason": "nhầm", "actor": office.chutich, "now": office.now}
        return str(office.act(disclosure.revoke, number, ground=ground, nominations=nominations, **about).state)

    assert refused(office, revoke, "DN-2024-999999") == "not_in_decision"
    assert refused(office, revoke, ground="declined") == "nomination_required"
    assert refused(office, revoke, ground="93.2.x") == "unknown_ground"
    assert revoke(office, codes[0]) == "in_force"
    assert refused(office, revoke, codes[0]) == "not_in_decision"
    assert revoke(office, codes[1]) == "revoked"
    assert refused(office, revoke, codes[1]) == "already_revoked"
    assert office.violations() == []
