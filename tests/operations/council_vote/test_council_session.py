"""The council as its decision made it, who must sit in it, and its meetings as members' calendars see them."""

import email
import email.policy
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest

from notifications import letters, message
from operations.council_vote import convening, council, sessions
from rules import regulation
from rules.lifecycle import State
from rules.refusal import Refusal

SAMPLE = regulation.SAMPLE_PATH.read_text(encoding="utf-8")
LATER = date(2024, 11, 1)


def refusal(act: Any, *given: Any, **words: Any) -> str:
    with pytest.raises(Refusal) as refused:
        act(*given, **words)
    return refused.value.code


def set_up(office: Any, *members: tuple[str, str], since: date = LATER) -> None:
    """A younger council than the sample's, of (username, body)."""
    office.act(
        council.set_up,
        code="HD-MOI",
        name="Hội đồng mới",
        decision_number="99/QĐ",
        valid_from=since,
        actor=office.thuky,
    )
    for username, body in members:
        office.act(
            council.appoint, council_code="HD-MOI", username=username, title="Ủy viên", body=body, valid_from=since,
            chairs=username == "chutich", actor=office.thuky, now=office.now,
        )  # fmt: skip


def convene(office: Any, round_code: str, at: datetime | None = None) -> str:
    when = at or office.now
    code: str = office.act(
        convening.convene, round_code=round_code, at=when, place="Hội trường", actor=office.thuky, now=office.now
    ).code
    return code


# The council --------------------------------------------------------------------------------------------------------


def test_the_sample_office_satisfies_its_own_regulation(office: Any) -> None:
    round_ = office.open_round()
    session = convene(office, round_.code)
    assert office.look(lambda s: sessions.representation(s, sessions.by_code(s, session))) == {
        "missing_bodies": [],
        "warnings": [],
    }


def test_an_office_sets_up_its_council(office: Any) -> None:
    set_up(office, ("chutich", "UBND huyện"), ("tv03", "Huyện ủy"))
    office.act(
        council.appoint, council_code="HD-MOI", username="canbo.xa01", title="Ủy viên", body="Huyện đoàn",
        valid_from=LATER, teller=True, actor=office.quantri, now=office.now,
    )  # fmt: skip
    office.act(council.dismiss, council_code="HD-MOI", username="tv03", until=date(2024, 12, 1), actor=office.thuky)
    rows = office.look(council.listing, on=date(2024, 11, 20))
    assert [(seat["username"], seat["body"], seat["teller"]) for seat in rows[0]["members"]] == [
        ("chutich", "UBND huyện", False),
        ("tv03", "Huyện ủy", False),
        ("canbo.xa01", "Huyện đoàn", True),
    ]
    assert [row["code"] for row in rows] == ["HD-MOI", "HD-2024"]
    assert [seat["username"] for seat in office.look(council.listing, on=date(2024, 12, 1))[0]["members"]] == [
        "chutich",
        "canbo.xa01",
    ]
    assert {"council_member", "teller", "unit_officer"} <= {str(role) for role in office.actor("canbo.xa01").roles}
    office.act(
        council.dismiss, council_code="HD-MOI", username="canbo.xa01", until=date(2025, 1, 1), actor=office.thuky
    )
    assert office.rows(
        "SELECT g.role, g.valid_to IS NULL FROM role_grant g JOIN account a ON a.id = g.account_id"
        " WHERE a.username = 'canbo.xa01' ORDER BY g.role"
    ) == [("council_member", False), ("teller", False), ("unit_officer", True)]
    round_ = office.open_round()
    assert [
        office.look(lambda s, code=code: [m.username for m in sessions.members_of(s, sessions.by_code(s, code))])
        for code in (convene(office, round_.code), convene(office, round_.code, datetime(2024, 12, 2, tzinfo=UTC)))
    ] == [["chutich", "tv03", "canbo.xa01"], ["chutich", "canbo.xa01"]]
    office.seal()
    assert office.violations() == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"actor": "tv03"}, "not_your_role"),
        ({"council_code": "HD-0"}, "unknown_council"),
        ({"username": "ai"}, "unknown_account"),
        ({"title": " "}, "missing_value"),
        ({"body": ""}, "missing_value"),
        ({"body": "x" * 201}, "too_long"),
        ({"valid_from": date(2023, 12, 31)}, "before_the_council"),
        ({"username": "tv03"}, "already_a_member"),
        ({"chairs": True}, "already_chaired"),
        ({"username": "quantri"}, "administrator_cannot_sit"),
        ({"username": "thuky"}, "separation_of_duties"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_seat_that_cannot_be_given(small_office: Any, words: dict[str, Any], code: str) -> None:
    clean = small_office.digests()
    given = {
        "council_code": "HD-2024", "username": "canbo.xa01", "title": "Ủy viên", "body": "Huyện đoàn",
        "valid_from": LATER, "actor": "thuky", "now": small_office.now,
    } | words  # fmt: skip
    given["actor"] = small_office.actor(given["actor"])
    assert refusal(small_office.act, council.appoint, **given) == code
    assert small_office.digests() == clean


def test_a_council_or_a_dismissal_that_cannot_be(small_office: Any) -> None:
    office, by = small_office, {"actor": small_office.thuky}
    clean = office.digests()
    made = {"code": "HD-2", "name": "Hội đồng", "decision_number": "2", "valid_from": LATER}
    ended = {"council_code": "HD-2024", "username": "tv03", "until": LATER}
    assert [
        refusal(office.act, council.set_up, **made | words, **by)
        for words in ({"code": "HD-2024"}, {"code": " "}, {"name": ""}, {"decision_number": "\x00"})
    ] == ["code_taken", "missing_value", "missing_value", "control_characters"]
    assert refusal(office.act, council.set_up, **made, actor=office.chutich) == "not_your_role"
    assert refusal(office.act, council.dismiss, **ended, actor=office.tv03) == "not_your_role"
    assert [
        refusal(office.act, council.dismiss, **ended | words, **by)
        for words in ({"council_code": "HD-0"}, {"username": "canbo.xa01"}, {"until": date(2024, 1, 1)})
    ] == ["unknown_council", "not_a_member", "bad_dates"]
    assert office.digests() == clean
    office.act(council.dismiss, **ended, **by)
    assert refusal(office.act, council.dismiss, **ended, **by) == "not_a_member"


# Who must sit ---------------------------------------------------------------------------------------------------------


def test_a_body_that_must_sit_and_does_not_stops_the_opening(office: Any) -> None:
    text = SAMPLE.replace('"Mặt trận Tổ quốc"', '"Hội Nông dân"')
    round_ = office.open_round(regulation_text=text)
    round_.to(State.ELIGIBLE)
    session = round_.session()
    assert office.look(lambda s: sessions.representation(s, sessions.by_code(s, session)))["missing_bodies"] == [
        "Hội Nông dân"
    ]
    clean = office.digests()
    with pytest.raises(Refusal) as refused:
        office.open_ballot(session)
    assert (refused.value.code, refused.value.details, str(refused.value.citation)) == (
        "council_not_representative",
        {"missing_bodies": ["Hội Nông dân"]},
        "Quy chế số 01/QC-HĐTĐKT ngày 15/02/2024",
    )
    assert office.digests() == clean


def test_other_differences_from_the_regulation_are_said_and_stop_nothing(small_office: Any) -> None:
    text = SAMPLE.replace("members = 11", "members = 12").replace("deputies = 2", "deputies = 1")
    round_ = small_office.open_round(regulation_text=text)
    round_.to(State.ELIGIBLE)
    opened = small_office.open_ballot(round_.session())
    assert [said for said in opened["warnings"] if "Quy chế" in said] == [
        "Hội đồng có 11 thành viên, Quy chế quy định 12.",
        "Hội đồng có 2 Phó Chủ tịch, Quy chế quy định 1.",
    ]


def test_who_was_dismissed_after_the_invitation_has_no_seat(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session()
    office.act(council.dismiss, council_code="HD-2024", username="tv09", until=date(2024, 10, 31), actor=office.thuky)
    with pytest.raises(Refusal) as refused:
        office.open_ballot(session)
    assert (refused.value.code, refused.value.details) == ("members_changed", {"changed": ["tv09"]})
    office.act(convening.cancel, session, reason="đổi thành viên", actor=office.thuky, now=office.now)
    assert len(office.open_ballot(round_.session(tuple(m for m in MEMBERS if m != "tv09")))["agenda"]) == 1


MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))


@pytest.mark.parametrize(
    ("wanted", "represented", "missing"),
    [
        (["Mặt trận Tổ quốc"], ["Ủy ban MẶT TRẬN  Tổ quốc huyện"], []),
        (["Mặt trận Tổ quốc"], ["Mặt trận Tổ quốc"], []),
        (["Mặt trận Tổ quốc"], ["Mat tran To quoc", "Mặt trận"], ["Mặt trận Tổ quốc"]),
        (["Huyện ủy"], ["UBND huyện", "Ủy ban Mặt trận Tổ quốc huyện"], ["Huyện ủy"]),
        (["Hội Phụ nữ"], ["Hội Phụ nữa"], ["Hội Phụ nữ"]),
        (["Hoà giải"], ["Hòa giải"], []),
        ([], [], []),
    ],
)
def test_a_body_is_known_by_its_whole_name(wanted: list[str], represented: list[str], missing: list[str]) -> None:
    bodies = json.dumps(wanted, ensure_ascii=False)
    head = 'document = "Quy chế"\nnumber = "1"\ndate = 2024-02-15\n'
    read = regulation.parse(f"{head}[composition]\nbodies = {bodies}\n")
    assert list(read.composition.missing_bodies(represented)) == missing


# The meeting ----------------------------------------------------------------------------------------------------------


def test_attendance_can_be_taken_back_before_the_opening(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session(MEMBERS[:9])
    office.act(convening.attend, session, ["TV01", "chutich", "tv03"], actor=office.thuky, present=False)
    assert office.one("SELECT count(*) FROM session_member WHERE attended") == 7
    assert refusal(office.open_ballot, session) == "not_quorate"
    assert refusal(office.act, convening.attend, session, ["tv03"], actor=office.tv03) == "not_your_role"
    assert office.act(convening.attend, session, ["TV01", "tv03"], actor=office.thuky) == 9
    office.open_ballot(session)
    assert (
        refusal(office.act, convening.attend, session, ["tv03"], actor=office.thuky, present=False) == "ballot_opened"
    )
    office.seal()
    assert office.violations() == []


def mail(office: Any, recipient: str) -> list[tuple[str, str, Any]]:
    """Every invitation to this address, read from the bytes that go to the server: (subject, text, calendar)."""
    found = []
    for key, context in office.rows(
        "SELECT key, context FROM outbox_message WHERE topic = 'council_invitation' AND recipient = :to ORDER BY id",
        to=recipient,
    ):
        data = message.compose(
            key=key,
            sender="Phòng Nội vụ <vinhdanh@nammau.example>",
            recipient=recipient,
            rendered=letters.render("council_invitation", json.loads(context)),
            at=datetime(2024, 11, 1, tzinfo=UTC),
            domain="nammau.example",
        )
        read = email.message_from_bytes(data, policy=email.policy.default)
        (part,) = [one for one in read.walk() if one.get_content_type() == "text/calendar"]
        calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
        assert part.get_param("method") == str(calendar["METHOD"])
        found.append((read["Subject"], read.get_body(["plain"]).get_content(), calendar))
    return found


def test_a_meeting_is_one_entry_in_the_calendar_from_invitation_to_cancellation(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE, 3)
    session = convene(office, round_.code, office.now + timedelta(days=5))
    moved = office.now + timedelta(days=6)
    by = {"actor": office.thuky, "now": office.now}
    office.act(convening.attend, session, ["tv03"], actor=office.thuky)
    office.act(convening.reschedule, session, place="Phòng họp 2", reason="Hội trường đang sửa", **by)
    assert office.one("SELECT count(*) FROM session_member WHERE attended") == 1
    office.act(convening.reschedule, session, at=moved, reason="Mưa lũ", **by)
    assert office.one("SELECT count(*) FROM session_member WHERE attended") == 0
    office.act(convening.cancel, session, reason="Chưa đủ hồ sơ", **by)
    sent = mail(office, "tv05@nammau.example")
    events = [event for _, _, calendar in sent for event in calendar.walk("VEVENT")]
    assert [str(calendar["METHOD"]) for _, _, calendar in sent] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert len({str(event["UID"]) for event in events}) == 1
    assert [(int(event["SEQUENCE"]), str(event["STATUS"]), str(event["LOCATION"])) for event in events] == [
        (0, "CONFIRMED", "Hội trường"),
        (1, "CONFIRMED", "Phòng họp 2"),
        (2, "CONFIRMED", "Phòng họp 2"),
        (3, "CANCELLED", "Phòng họp 2"),
    ]
    assert [event["DTSTART"].dt for event in events] == [office.now + timedelta(days=5)] * 2 + [moved] * 2
    assert {(str(event["ATTENDEE"]), str(event["ORGANIZER"])) for event in events} == {
        ("mailto:tv05@nammau.example", "mailto:vinhdanh@nammau.example")
    }
    assert [subject.split(" Hội đồng")[0] for subject, _, _ in sent] == [
        "Mời họp",
        "Thay đổi giấy mời họp",
        "Thay đổi giấy mời họp",
        "Hủy phiên họp",
    ]
    reasons = ("Hội trường đang sửa", "Mưa lũ", "Chưa đủ hồ sơ")
    assert [[reason for reason in reasons if reason in text] for _, text, _ in sent] == [
        [],
        *([one] for one in reasons),
    ]
    assert all("Số hồ sơ trong chương trình: 3" in text for _, text, _ in sent)
    assert office.one("SELECT count(*) FROM outbox_message WHERE topic = 'council_invitation'") == 4 * 11
    office.seal()
    assert office.violations() == []


def test_a_meeting_that_cannot_be_moved(office: Any) -> None:
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session()
    clean = office.digests()
    day = timedelta(days=1)

    def move(by: str = "thuky", reason: str = "lý do", **words: Any) -> str:
        return refusal(
            office.act, convening.reschedule, session, reason=reason, actor=office.actor(by), now=office.now, **words
        )

    assert [
        move(by="tv03", place="x"),
        move(reason=" ", place="x"),
        move(),
        move(at=office.now, place="Hội trường"),
        move(place=" "),
        move(place="x" * 301),
        move(at=office.now - day),
    ] == [
        "not_your_role",
        "reason_required",
        "nothing_changed",
        "nothing_changed",
        "missing_place",
        "too_long",
        "date_in_the_past",
    ]
    assert office.digests() == clean
    office.act(council.dismiss, council_code="HD-2024", username="tv09", until=date(2024, 11, 3), actor=office.thuky)
    assert move(at=office.now + 2 * day) == "members_changed"
    office.open_ballot(session)
    assert move(place="x") == "ballot_opened"
