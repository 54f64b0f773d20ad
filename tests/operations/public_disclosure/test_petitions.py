"""A petition has a receipt and a clock; who sent it is nobody's but the office's."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from notifications import letters
from operations import idempotency
from operations.chairman_signature import signature
from operations.council_vote import recusals
from operations.home_affairs_review import review
from operations.public_disclosure import petitions
from rules.lifecycle import Role, State
from rules.refusal import Refusal

SENDER = "Một công dân ở bản Mới"


def file(office: Any, **words: Any) -> petitions.Received:
    given = {"text": "Tôi không đồng ý.", "sender": SENDER, "now": office.now} | words
    received: petitions.Received = office.act(petitions.file, **given)
    return received


def refused(act: Any) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def test_the_receipt_alone_opens_its_state(office: Any) -> None:
    received, other = file(office), file(office)
    assert (received.code, received.due_on) == ("PA-2024-0001", date(2024, 11, 18))  # the 16th is a Saturday
    shown = office.look(petitions.by_receipt, received.receipt)
    assert (shown["code"], shown["state"], shown["answer"]) == ("PA-2024-0001", "received", None)
    assert SENDER not in repr(shown)
    assert "không đồng ý" not in repr(shown)
    as_copied = received.receipt.lower().replace("-", " ")
    assert office.look(petitions.by_receipt, as_copied) == shown
    for wrong in (received.code, "", "AAAA-AAAA-AAAA-AAAA", received.receipt[:-1]):
        assert refused(lambda wrong=wrong: office.look(petitions.by_receipt, wrong)) == "unknown_receipt"
    office.act(petitions.answer, received.code, answer="Đã xem xét.", actor=office.chuyenvien1, now=office.now)
    shown = office.look(petitions.by_receipt, received.receipt)
    assert (shown["state"], shown["answer"], shown["answered_at"]) == ("answered", "Đã xem xét.", office.now)
    assert office.look(petitions.by_receipt, other.receipt)["state"] == "received"
    assert office.violations() == []


def test_no_receipt_stands_in_the_database(small_office: Any) -> None:
    received = file(small_office)
    said = repr([small_office.rows(f'SELECT * FROM "{name}"') for name in small_office.digests()])
    assert received.receipt not in said
    assert received.receipt.replace("-", "") not in said


def test_a_form_sent_twice_is_one_petition(small_office: Any) -> None:
    def send(session: Any) -> Any:
        def act() -> dict[str, Any]:
            made = petitions.file(session, text="Sai tên.", now=small_office.now)
            return {"code": made.code, "receipt": made.receipt}

        return idempotency.once(
            session, key="form", verb="petition", actor=petitions.CITIZEN, now=small_office.now, act=act
        )

    assert small_office.act(send) == small_office.act(send)
    assert small_office.one("SELECT count(*) FROM petition") == 1


def test_the_office_sees_those_due_first_and_no_sender_in_the_list(office: Any) -> None:
    (code,) = office.open_round().file()
    for days, about in enumerate(({}, {"nomination": code}, {"kind": "denunciation"})):
        file(office, now=office.now + timedelta(days=days), **about)
    office.act(petitions.answer, "PA-2024-0001", answer="Đã xem.", actor=office.thuky, now=office.now)
    late = office.now + timedelta(days=18)
    rows, following = office.look(petitions.listing, actor=office.chuyenvien1, now=late)
    assert [(row["code"], row["nomination"], row["overdue"], row["days_left"]) for row in rows] == [
        ("PA-2024-0002", code, True, -1),
        ("PA-2024-0003", None, True, -1),
        ("PA-2024-0001", None, False, -1),
    ]
    assert following is None
    assert SENDER not in repr(rows)
    assert "không đồng ý" not in repr(rows)
    paged, after = [], None
    while True:
        page, after = office.look(petitions.listing, actor=office.thanhtra, now=late, after=after, limit=1)
        paged += page
        if after is None:
            break
    assert paged == rows
    waiting, _ = office.look(petitions.listing, actor=office.thuky, now=late, state="received")
    assert [row["code"] for row in waiting] == ["PA-2024-0002", "PA-2024-0003"]
    one = office.look(petitions.one, "PA-2024-0002", actor=office.thuky, now=late)
    assert (one["sender"], one["text"], one["nomination"]) == (SENDER, "Tôi không đồng ý.", code)
    assert [row["code"] for row in office.look(petitions.about, code)] == ["PA-2024-0002"]


@pytest.mark.parametrize("username", ["canbo.xa01", "truong.xa01", "phochutich", "tv03", "tv04", "quantri"])
def test_others_see_and_answer_none(small_office: Any, username: str) -> None:
    file(small_office)
    actor, now = small_office.actor(username), small_office.now
    clean = small_office.digests()
    assert [
        refused(lambda: small_office.look(petitions.listing, actor=actor, now=now)),
        refused(lambda: small_office.look(petitions.one, "PA-2024-0001", actor=actor, now=now)),
        refused(lambda: small_office.act(petitions.answer, "PA-2024-0001", answer="x", actor=actor, now=now)),
        refused(
            lambda: small_office.act(petitions.take_up, "PA-2024-0001", taken_as="complaint", actor=actor, now=now)
        ),
        refused(lambda: small_office.act(petitions.dismiss, ["PA-2024-0001"], reason="x", actor=actor, now=now)),
        refused(lambda: small_office.look(petitions.new_ones, actor=actor)),
    ] == ["not_your_role"] * 6
    assert small_office.digests() == clean


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"text": "  "}, "missing_text"),
        ({"text": "\0"}, "control_characters"),
        ({"sender": "x" * 301}, "too_long"),
        ({"kind": "investigation"}, "unknown_ground"),  # what only an authority can open
        ({"decision": "9/QĐ-UBND"}, "unknown_decision"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_petition(small_office: Any, words: dict[str, Any], code: str) -> None:
    clean = small_office.digests()
    assert refused(lambda: file(small_office, **words)) == code
    assert small_office.digests() == clean


def test_a_code_that_is_no_nominations_is_taken_and_neither_confirmed_nor_denied(small_office: Any) -> None:
    known = small_office.open_round().file(1)[0]
    said = [file(small_office, nomination=code) for code in (known, "DN-2024-999999")]
    assert [sorted(one.__slots__) for one in said] == [["code", "due_on", "receipt"]] * 2
    assert small_office.rows(
        "SELECT n.code, p.text FROM petition p LEFT JOIN nomination n ON n.id = p.nomination_id ORDER BY p.id"
    ) == [
        (known, "Tôi không đồng ý."),
        (None, "Tôi không đồng ý.\n\n(Hồ sơ được nêu: DN-2024-999999)"),
    ]


def test_a_petition_stops_its_nomination_once_an_officer_has_taken_it_up(office: Any) -> None:
    """Whoever guesses a code files what they like: it stands in nobody's way until somebody has read it."""
    round_ = office.open_round()
    (about, other), (recommended, flooded) = round_.file(2), round_.to(State.RECOMMENDED, count=2)
    office.act(review.evaluate, now=office.now)
    first, second = file(office, nomination=about), file(office, nomination=recommended, kind="denunciation")
    file(office, nomination=flooded)
    by = {"actor": office.chuyenvien1, "now": office.now}
    signed = office.act(signature.sign, [flooded], actor=office.chutich, now=office.now)
    assert [one.refusal for one in signed.results] == [None]
    for received, taken_as in ((first, "complaint"), (second, "denunciation")):
        office.act(petitions.take_up, received.code, taken_as=taken_as, **by)
    results = office.act(review.pass_review, [about, other], **by)
    assert [one.refusal and one.refusal.code for one in results] == ["petition_open", None]
    signed = office.act(signature.sign, [recommended], actor=office.chutich, now=office.now)
    assert [one.refusal and one.refusal.code for one in signed.results] == ["petition_open"]
    # A person who read it goes on: by a reason of their own, or by answering it.
    (passed,) = office.act(review.pass_review, [about], reason="Đơn không có căn cứ.", **by)
    assert (passed.refusal, office.states([about])) == (None, ["eligible"])
    office.act(petitions.answer, second.code, answer="Không có căn cứ.", **by)
    office.act(signature.sign, [recommended], actor=office.chutich, now=office.now)
    assert office.states([recommended]) == ["signed"]
    assert office.rows("SELECT code, state, taken_as, handled_by FROM petition ORDER BY id") == [
        ("PA-2024-0001", "taken", "complaint", "chuyenvien1"),
        ("PA-2024-0002", "answered", "denunciation", "chuyenvien1"),
        ("PA-2024-0003", "received", None, None),
    ]
    assert office.violations() == []


def test_what_was_put_aside_says_why_and_may_be_taken_up_later(office: Any) -> None:
    received, other = file(office), file(office)
    by = {"actor": office.thuky, "now": office.now}
    assert office.act(petitions.dismiss, [received.code, other.code], reason="Đơn trùng nhau.", **by) == 2
    shown = office.look(petitions.by_receipt, received.receipt)
    assert (shown["state"], shown["answer"], shown["answered_at"]) == ("dismissed", "Đơn trùng nhau.", office.now)
    office.act(petitions.take_up, received.code, taken_as="complaint", **by)
    shown = office.look(petitions.by_receipt, received.receipt)
    assert (shown["state"], shown["answer"]) == ("taken", None)
    assert office.rows("SELECT kind FROM ledger_entry WHERE subject = 'PA-2024-0001' ORDER BY \"index\"") == [
        ("petition:received",), ("petition:dismissed",), ("petition:taken",),
    ]  # fmt: skip
    assert office.violations() == []


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda o, by: petitions.take_up(o, "PA-2024-0001", taken_as="feedback", **by), "unknown_ground"),
        (lambda o, by: petitions.take_up(o, "PA-2024-0002", taken_as="complaint", **by), "already_taken"),
        (lambda o, by: petitions.take_up(o, "PA-2024-0003", taken_as="complaint", **by), "already_answered"),
        (lambda o, by: petitions.take_up(o, "PA-2024-0009", taken_as="complaint", **by), "unknown_petition"),
        (lambda o, by: petitions.dismiss(o, ["PA-2024-0001", "PA-2024-0002"], reason="x", **by), "already_taken"),
        (lambda o, by: petitions.dismiss(o, ["PA-2024-0001", "PA-2024-0003"], reason="x", **by), "already_answered"),
        (lambda o, by: petitions.dismiss(o, [], reason="x", **by), "nothing_chosen"),
        (lambda o, by: petitions.dismiss(o, ["PA-2024-0001"], reason=" ", **by), "reason_required"),
    ],
    ids=[
        "feedback", "taken twice", "answered", "unknown", "one of them taken", "one of them answered", "none", "no reason",
    ],
)  # fmt: skip
def test_what_cannot_be_taken_up_or_put_aside(small_office: Any, act: Any, code: str) -> None:
    for _ in range(3):
        file(small_office)
    by = {"actor": small_office.thuky, "now": small_office.now}
    small_office.act(petitions.take_up, "PA-2024-0002", taken_as="complaint", **by)
    small_office.act(petitions.answer, "PA-2024-0003", answer="Đã xem.", **by)
    clean = small_office.digests()
    assert refused(lambda: small_office.act(act, by)) == code
    assert small_office.digests() == clean


def test_a_days_flood_is_one_letter_then_refused_and_ends_in_one_act(
    small_office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(petitions, "MANY_A_DAY", 3)
    monkeypatch.setattr(petitions, "MOST_A_DAY", 6)
    round_ = small_office.open_round()
    (about,) = round_.to(State.RECOMMENDED)
    before = small_office.letters()
    for _ in range(6):
        file(small_office, nomination=about)
    clean = small_office.digests()
    assert refused(lambda: file(small_office)) == "too_many_today"
    assert small_office.digests() == clean
    told = small_office.letters()[len(before) :]
    secretaries, reviewers, administrators = 1, 2, 1
    assert told.count("petition_received") == 3 * (secretaries + reviewers)
    assert told.count("petitions_many") == secretaries + administrators
    [(context,)] = small_office.rows("SELECT context FROM outbox_message WHERE topic = 'petitions_many' LIMIT 1")
    assert "hơn 3 đơn" in letters.render("petitions_many", json.loads(context)).text
    by = {"actor": small_office.thuky, "now": small_office.now}
    unread = small_office.look(petitions.new_ones, actor=small_office.thuky, round_code=round_.code)
    assert small_office.act(petitions.dismiss, unread[1:], reason="Đơn hàng loạt.", **by) == 5
    small_office.act(signature.sign, [about], actor=small_office.chutich, now=small_office.now)
    assert small_office.states([about]) == ["signed"]
    # The limit is the wall clock's day: tomorrow there is room again, whatever the business clock says.
    small_office.write("UPDATE petition SET arrived_at = datetime(arrived_at, '-1 day')")
    file(small_office)


def test_an_answer_is_given_once(small_office: Any) -> None:
    file(small_office)
    by = {"actor": small_office.thuky, "now": small_office.now}
    assert refused(lambda: small_office.act(petitions.answer, "PA-2024-0001", answer=" ", **by)) == "missing_text"
    assert refused(lambda: small_office.act(petitions.answer, "PA-2024-9", answer="x", **by)) == "unknown_petition"
    small_office.act(petitions.answer, "PA-2024-0001", answer="Đã xem.", **by)
    assert refused(lambda: small_office.act(petitions.answer, "PA-2024-0001", answer="x", **by)) == "already_answered"


def test_who_stands_aside_answers_no_petition_about_it(small_office: Any) -> None:
    round_ = small_office.open_round()
    (code,) = round_.to(State.ELIGIBLE)
    sitting = round_.session()
    file(small_office, nomination=code)
    small_office.grant("tv05", Role.REVIEWER)
    by = {"actor": small_office.actor("tv05"), "now": small_office.now}
    small_office.act(recusals.recuse, sitting, member="tv05", nomination=code, ground="Anh em.", **by)
    by["actor"] = small_office.actor("tv05")
    for verb, said in ((petitions.answer, {"answer": "x"}), (petitions.take_up, {"taken_as": "complaint"})):
        assert (
            refused(lambda verb=verb, said=said: small_office.act(verb, "PA-2024-0001", **said, **by)) == "recused_from"
        )
    assert refused(lambda: small_office.act(petitions.dismiss, ["PA-2024-0001"], reason="x", **by)) == "recused_from"
    assert small_office.look(petitions.new_ones, actor=by["actor"]) == []


def test_the_office_is_told_in_the_offices_words(office: Any) -> None:
    """The letter about a new petition goes to those who answer it: what kind, until when, and where to open it."""
    received = office.act(petitions.file, text="Danh sách thiếu tên tôi.", now=office.now)
    [(context,)] = office.rows("SELECT context FROM outbox_message WHERE topic = 'petition_received' LIMIT 1")
    said = json.loads(context)
    assert [said["petition_code"], said["petition_kind"]] == [received.code, "phản ánh, kiến nghị"]
