"""What a refusal advises is tried: following it leads on. What no test can follow is listed with the reason."""

import ast
import hashlib
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import operations.access
from operations import files, rounds
from operations.chairman_signature import signature
from operations.council_vote import convening, council
from operations.home_affairs_review import correcting, review
from operations.people import authorisations
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import attachments, mending, proposal
from rules import way_back
from rules.lifecycle import State
from rules.policy import CORRECTABLE, OPEN_TO_PAPERS
from rules.refusal import Refusal

ROOT = Path(operations.access.__file__).parents[1]
R = "vì lý do của bài thử"
A = Callable[[Any, Any], None]
TRIED: dict[str, A] = {}
PROVOKED: set[str] = set()  # by the case that runs


def tries(*codes: str) -> Callable[[A], A]:
    """This follows the advice of these refusals."""

    def note(case: A) -> A:
        TRIED.update(dict.fromkeys(codes, case))
        return case

    return note


def refused(office: Any, code: str, act: Callable[..., Any], *given: Any, **words: Any) -> str:
    """The sentence of the refusal, of that code."""
    with pytest.raises(Refusal) as found:
        done(office, act, *given, **words)
    assert found.value.code == code
    PROVOKED.add(code)
    return found.value.message


def done(office: Any, act: Callable[..., Any], *given: Any, **words: Any) -> Any:
    """What the act gives; a refusal of a single nomination is raised."""
    found = office.act(act, *given, **words)
    for result in [*(found if isinstance(found, list) else []), *getattr(found, "results", [])]:
        if getattr(result, "refusal", None) is not None:
            raise result.refusal
    return found


def mend(office: Any, code: str, **words: Any) -> Any:
    words = {"achievement": "nội dung khác"} | words
    return office.act(mending.mend, code, actor=office.officer("XA01"), now=office.now, **words)


def back_to_unit(office: Any, code: str, state: State) -> None:
    """What `rules.way_back` tells the unit to ask for, done by those who can."""
    by: dict[str, Any] = {"reason": R, "now": office.now}
    if state is State.PAUSED:
        done(office, review.resume, [code], actor=office.chuyenvien1, **by)
    if state is State.RECOMMENDED:
        done(office, signature.send_back, [code], actor=office.chutich, **by)
    if state is State.ELIGIBLE:
        done(office, proposal.withdraw, [code], actor=office.officer("XA01"), **by)
    else:
        done(office, review.return_for_supplement, [code], actor=office.chuyenvien1, **by)


@pytest.mark.parametrize("state", [*sorted(CORRECTABLE), State.SIGNED, State.WITHDRAWN])
def test_what_may_not_be_changed_any_more(small_office: Any, state: State) -> None:
    """Mending, papers, correcting: the advice is of the state, and whoever follows it comes to change what it says."""
    office, advice = small_office, way_back.to_change(state)
    (code,) = office.open_round().to(state)
    assert advice in refused(office, "wrong_state", lambda s: mending.mend(
        s, code, actor=office.officer("XA01"), now=office.now, achievement="x"))  # fmt: skip
    row = files.row(hashlib.sha256(b"%PDF").hexdigest(), size=4, media_type="application/pdf", name="to-trinh.pdf")

    def attach(session: Any) -> object:
        return attachments.add(session, code, part="to_trinh", stored=row, actor=office.officer("XA01"), now=office.now)

    if state not in OPEN_TO_PAPERS:
        assert advice in refused(office, "wrong_state", attach)
    words = {"reason": R, "actor": office.chuyenvien2, "now": office.now}
    if state not in CORRECTABLE:
        assert advice in refused(office, "wrong_state", correcting.correct, code, person={"position": "x"}, **words)
        return
    other = refused(office, "another_person", correcting.correct, code, person={"name": "Sùng A Dính"}, **words)
    assert way_back.to_name_another(state) in other
    assert done(office, correcting.correct, code, person={"position": "Giáo viên"}, **words) == ["position"]
    if state is not State.ON_BALLOT:
        back_to_unit(office, code, state)
    if state not in {State.ON_BALLOT, State.ELIGIBLE}:
        mend(office, code, person={"name": "Sùng A Dính"})
        assert office.one("SELECT name FROM nomination") == "Sùng A Dính"


TRIED |= dict.fromkeys(("wrong_state", "another_person"), test_what_may_not_be_changed_any_more)  # type: ignore[arg-type] -- tried above


@tries("round_frozen")
def _late(office: Any, round_: Any) -> None:
    round_.file()
    office.act(rounds.advance, round_.code, actor=office.thuky, now=office.now)
    words: dict[str, Any] = {"actor": office.officer("XA01"), "now": office.now}
    refused(office, "round_frozen", lambda s: proposal.file(
        s, round_code=round_.code, unit_code="XA01", proposals=round_.proposals(), **words))  # fmt: skip
    assert office.states(office.open_round().file()) == ["submitted"]


@tries("petition_open")
def _petition(office: Any, round_: Any) -> None:
    words: dict[str, Any] = {"actor": office.chuyenvien1, "now": office.now}
    (one,), (two,) = round_.to(State.RECOMMENDED), round_.to(State.SUBMITTED)
    for code in (one, two):
        about = office.act(petitions.file, text="Tôi không đồng ý.", nomination=code, now=office.now).code
        office.act(petitions.take_up, about, taken_as="complaint", **words)
    chairman: dict[str, Any] = {"actor": office.chutich, "now": office.now}
    refused(office, "petition_open", signature.sign, [one], **chairman)
    refused(office, "petition_open", review.pass_review, [two], **words)
    done(office, signature.send_back, [one], reason=R, **chairman)
    done(office, review.pass_review, [two], reason=R, **words)


@tries("already_a_member", "code_taken", "before_the_council")
def _seats(office: Any, round_: Any) -> None:
    (code, since), *_ = office.rows("SELECT code, valid_from FROM council")
    words: dict[str, Any] = {"council_code": code, "username": "tv03", "title": "Ủy viên", "body": "Liên đoàn Lao động",
                             "actor": office.thuky, "now": office.now}  # fmt: skip
    today = date(2024, 11, 1)
    refused(office, "already_a_member", council.appoint, valid_from=today, **words)
    office.act(council.dismiss, council_code=code, username="tv03", until=today, actor=office.thuky)
    refused(office, "before_the_council", council.appoint, valid_from=date.fromisoformat(since) - timedelta(1), **words)
    office.act(council.appoint, valid_from=today, **words)
    new = {"name": "Hội đồng", "decision_number": "9/QĐ", "valid_from": today, "actor": office.thuky}
    refused(office, "code_taken", lambda s: council.set_up(s, code=code, **new))
    office.act(council.set_up, code=f"{code}2", **new)


@tries("already_answered", "answered_in_future", "answered_before_asked", "no_answer")
def _answer(office: Any, round_: Any) -> None:
    (code,) = round_.to(State.FORWARDED)
    letter, today = office.letter_of(code), date(2024, 11, 1)
    words: dict[str, Any] = {"number": "12/QĐ-TTg", "actor": office.chuyenvien1, "now": office.now}
    for day, said in ((today + timedelta(1), "answered_in_future"), (today - timedelta(1), "answered_before_asked")):
        refused(office, said, disclosure.record_answer, letter, on=day, **words)
    published: dict[str, Any] = {"actor": office.thuky, "now": office.now, "url": "https://van-ban.test/"}
    refused(office, "no_answer", disclosure.disclose, letter, **published)
    office.act(disclosure.record_answer, letter, on=today, **words)
    refused(office, "already_answered", disclosure.record_answer, letter, on=today, **words)
    assert office.act(disclosure.disclose, letter, **published) == 1


@tries("date_in_the_past", "nothing_changed")
def _meeting(office: Any, round_: Any) -> None:
    round_.to(State.ELIGIBLE)
    words: dict[str, Any] = {"round_code": round_.code, "place": "Hội trường", "actor": office.thuky, "now": office.now}
    refused(office, "date_in_the_past", convening.convene, at=office.now - timedelta(1), **words)
    code = office.act(convening.convene, at=office.now, **words).code
    again: dict[str, Any] = {"reason": R, "actor": office.thuky, "now": office.now}
    refused(office, "nothing_changed", convening.reschedule, code, place=words["place"], **again)
    office.act(convening.reschedule, code, place="Phòng họp số 2", **again)


@tries("stale")
def _stale(office: Any, round_: Any) -> None:
    (code,) = round_.to(State.RETURNED)
    refused(office, "stale", lambda s: mending.mend(
        s, code, version=1, achievement="x", actor=office.officer("XA01"), now=office.now))  # fmt: skip
    mend(office, code, version=office.one("SELECT version FROM nomination"))


@tries("already_proposed")
def _twice(office: Any, round_: Any) -> None:
    (who,) = round_.proposals()
    words: dict[str, Any] = {"round_code": round_.code, "unit_code": "XA01", "actor": office.officer("XA01"),
                             "now": office.now, "submit": False}  # fmt: skip
    office.act(proposal.file, proposals=[who], **words)
    (two,) = office.act(proposal.file, proposals=[who.__class__(**{
        name: getattr(who, name) for name in who.__slots__} | {"achievement": "khác"})], **words).codes  # fmt: skip
    again: dict[str, Any] = {"achievement": who.achievement, "actor": office.officer("XA01"), "now": office.now}
    refused(office, "already_proposed", mending.mend, two, **again)
    mend(office, two, achievement="khác nữa")
    refused(office, "already_proposed", mending.mend, two, **again)
    done(office, proposal.withdraw, [two], reason=R, actor=office.officer("XA01"), now=office.now)


@tries("not_eligible")
def _unsettled(office: Any, round_: Any) -> None:
    (one, two) = round_.to(State.SUBMITTED, 2, parts=())
    words: dict[str, Any] = {"actor": office.chuyenvien1, "now": office.now}
    refused(office, "not_eligible", review.pass_review, [one], **words)
    done(office, review.pass_review, [one], reason=R, **words)
    done(office, review.return_for_supplement, [two], reason=R, **words)


@tries("maybe_same_person")
def _alike(office: Any, round_: Any) -> None:
    for answer in ("withdrawn", "another"):
        one, two = round_.to(State.RETURNED, 2)
        mend(office, one, person={"name": f"Lò Thị Thuý {'A' if answer == 'another' else 'B'}"})
        who = {"name": f"Lò Thị Thúy {'A' if answer == 'another' else 'B'}"}
        unit: dict[str, Any] = {"actor": office.officer("XA01"), "now": office.now}
        refused(
            office, "maybe_same_person", lambda s, two=two, who=who, unit=unit: mending.mend(s, two, person=who, **unit)
        )
        if answer == "withdrawn":
            done(office, proposal.withdraw, [one], reason=R, **unit)
        mend(office, two, person=who, another=answer == "another")


@tries("not_a_deputy", "no_authorisation", "bad_date")
def _deputy(office: Any, round_: Any) -> None:
    codes = round_.to(State.RECOMMENDED)
    now, today = office.now, date(2024, 11, 1)
    for document in office.rows("SELECT document_number FROM authorisation"):
        office.act(authorisations.end, document[0], actor=office.chutich, now=now + timedelta(1))
    office.now = now = now + timedelta(1)
    today += timedelta(1)
    refused(office, "no_authorisation", signature.sign, codes, actor=office.phochutich, now=now)
    words: dict[str, Any] = {"document": "5/UQ-UBND", "scope": "all", "actor": office.chutich, "now": now}
    refused(office, "not_a_deputy", authorisations.authorise, deputy="thuky", valid_from=today, valid_to=today, **words)
    words["deputy"] = "phochutich"
    refused(office, "bad_date", lambda s: authorisations.authorise(
        s, valid_from=today, valid_to=today - timedelta(1), **words))  # fmt: skip
    office.act(authorisations.authorise, valid_from=today, valid_to=today, **words)
    done(office, signature.sign, codes, actor=office.phochutich, now=now)


CASES = [case for case in dict.fromkeys(TRIED.values()) if case is not test_what_may_not_be_changed_any_more]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_following_the_advice_leads_on(small_office: Any, case: A) -> None:
    """Each of the case's refusals happens, and its advice succeeds."""
    PROVOKED.clear()
    case(small_office, small_office.open_round())
    assert {code for code, tried_by in TRIED.items() if tried_by is case} == PROVOKED


# Whose advice no test follows here, and why.
ADVICE_IS_NO_ACT: dict[str, str] = {
    code: reason
    for reason, codes in {
        "to write or name it as asked: taking what is written so is what every other test does": (
            "ambiguous_number bad_year empty_dossier file_too_large idempotency_mismatch missing_text "
            "nomination_required not_a_scan not_in_decision nothing_chosen reason_required too_long too_many "
            "unknown_account unknown_act unknown_authorisation unknown_council unknown_decision "
            "unknown_identity unknown_letter unknown_nomination unknown_receipt unknown_request "
            "unknown_round unknown_unit unknown_upload weak_password workbook_errors "
        ),
        "to come again: the page is loaded anew, or time passes": (
            "not_sealed outside_sign_in_failed password_required pile_changed round_closed "
            "second_factor_needed signed_out stale_form stale_round too_many_attempts too_many_files_today "
            "too_many_today unknown_checkpoint unknown_paper unknown_pile wrong_code "
        ),
        "to leave it to somebody else: who may is the permission matrix's test": (
            "account_disabled four_eyes link_invalid link_unconfirmed no_share not_a_teller not_your_role "
            "own_conflict paper_ballot recused recused_from second_factor_lost separation_of_duties "
            "wrong_authority "
        ),
        "to the machine's operator: tried with backup, restoring and the folder's own tests": (
            "attachment_damaged folder_not_empty foreign_database foreign_ledger_key ledger_not_continued "
            "no_pack paper_damaged readable_by_others use_pg_dump "
        ),
        "to the council's next step: tried with its ballots, which take seconds each": (
            "already_taken ballot_opened council_not_representative counts_differ counts_missing "
            "foreign_receipt frozen_changed key_required members_changed no_council not_quorate "
            "roll_mismatch share_lost share_taken stage_not_done too_few_shares too_few_tellers "
        ),
        "to set up first: tried with the first steps of an office and of an account": (
            "last_administrator missing_regulation no_office no_second_factor office_exists "
            "second_factor_set token_scope "
        ),
    }.items()
    for code in codes.split()
}


def advising() -> set[str]:
    """The codes of the refusals that say what to do next."""
    found = set()
    for folder in ("rules", "operations", "web"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)) if "Refusal(" in text else ():
                if getattr(getattr(node, "func", None), "id", "") != "Refusal" or not node.args:  # type: ignore[attr-defined] -- a call has them
                    continue
                code, *rest = node.args  # type: ignore[attr-defined] -- as above
                said = " ".join(
                    part.value
                    for one in rest
                    for part in ast.walk(one)
                    if isinstance(getattr(part, "value", None), str)
                )
                if ADVICE.search(said):
                    found |= {part.value for part in ast.walk(code) if isinstance(part, ast.Constant)}
    return found


ADVICE = re.compile(r"\b[Hh]ãy\b|\b[Mm]uốn\b|way_back|_LATE|chuyển Chủ tịch|để trống")


def test_every_advice_is_tried_or_is_no_act() -> None:
    assert advising() - set(TRIED) - set(ADVICE_IS_NO_ACT) == set()
    assert set(ADVICE_IS_NO_ACT) & set(TRIED) == set()
