"""Every kind of letter: complete, one line of subject, nothing unescaped, nothing left of a template."""

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import icalendar
import pytest

from notifications import invitations, letters
from tests.notifications import samples

KINDS = sorted(letters.KINDS)
VOID = {"br", "meta"}


def replace_texts(value, new):
    """The same context with every free text replaced (codes of time and links stay what they are)."""
    if isinstance(value, dict):
        return {key: replace_texts(item, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_texts(item, new) for item in value]
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d|https?://", value):
        return new
    return value


class Balance(HTMLParser):
    """Tags that are opened and not closed, and everything that would be loaded from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.remote, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.remote += [name for name, value in attrs if name in {"src", "srcset", "background"} or "url(" in value]
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_each_kind_has_its_three_templates_and_a_sample_and_nothing_else_lies_there():
    folder = Path(letters.__file__).parent / "templates"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.j2") if path.parent != folder}
    assert found == {
        f"{kind.stage}/{name}.{part}.j2" for name, kind in letters.KINDS.items() for part in ("subject", "txt", "html")
    }
    assert set(samples.SAMPLES) == set(letters.KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_renders(kind):
    rendered = letters.render(kind, samples.SAMPLES[kind], letterhead=samples.LETTERHEAD)
    assert rendered.subject == " ".join(rendered.subject.split()) != ""
    for body in (rendered.subject, rendered.text, rendered.html):
        assert not re.search(r"\{\{|\}\}|\{%|%\}|None|Undefined|<bound|\d{4}-\d\d-\d\d[T ]\d\d", body)
    assert not re.search(r"<(p|table|td|div)\b|&(amp|lt|gt|#)", rendered.text)
    assert rendered.text.count("\n\n\n") == 0
    assert (rendered.calendar is not None) == (kind == "council_invitation")
    balance = Balance()
    balance.feed(rendered.html)
    assert (balance.open, balance.remote) == ([], [])
    place = re.findall(r"^Mở trên hệ thống: (\S+)$", rendered.text, re.MULTILINE)
    assert set(balance.links) <= {samples.SAMPLES[kind].get("url"), *place}


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_that_the_text_shows_is_in_the_html_too(kind):
    rendered = letters.render(kind, replace_texts(samples.SAMPLES[kind], "Ký ức 7"))
    assert rendered.html.count("Ký ức 7") >= rendered.text.count("Ký ức 7") > 0
    whens = set(re.findall(r"\d\d/\d\d/\d{4}(?: \d\d:\d\d)?", rendered.text))
    assert whens <= set(re.findall(r"\d\d/\d\d/\d{4}(?: \d\d:\d\d)?", rendered.html))


@pytest.mark.parametrize("kind", KINDS)
def test_markup_in_any_text_is_only_text(kind):
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}{% raw %}"
    rendered = letters.render(kind, replace_texts(samples.SAMPLES[kind], attack))
    assert not re.search(r"<script|<img", rendered.html)
    assert "{{ 7 * 7 }}" in rendered.html
    assert "&lt;script&gt;" in rendered.html
    balance = Balance()
    balance.feed(rendered.html)
    assert (balance.open, balance.remote) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_queued_is_json_and_renders_the_same(kind):
    queued = letters.validate(kind, samples.SAMPLES[kind])
    read_back = json.loads(json.dumps(queued))
    assert letters.validate(kind, read_back) == queued
    assert letters.render(kind, read_back) == letters.render(kind, samples.SAMPLES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_or_unknown_key_is_an_error_that_names_it_and_no_value(kind):
    sample = dict(samples.SAMPLES[kind])
    required = [name for name, field in letters.KINDS[kind].context.model_fields.items() if field.is_required()]
    for name in required:
        with pytest.raises(letters.BadContext) as caught:
            letters.validate(kind, {key: value for key, value in sample.items() if key != name})
        assert str(caught.value) == f"Letter {kind!r}: {name} (missing)."
    with pytest.raises(letters.BadContext) as caught:
        letters.validate(kind, {**sample, "complainant": "Bà Không Ai Biết"})
    assert str(caught.value) == f"Letter {kind!r}: complainant (extra_forbidden)."


def test_an_unknown_kind_is_an_error():
    with pytest.raises(letters.BadContext):
        letters.render("love_letter", {})


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//x.example", 'https://x.example/" onclick="a', "ftp://x", ""])
def test_only_web_addresses_become_links(url):
    with pytest.raises(letters.BadContext):
        letters.validate("disclosure_published", {**samples.SAMPLES["disclosure_published"], "url": url})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2024-12-20", "20/12/2024"),
        (dt.date(2024, 12, 20), "20/12/2024"),
        ("2024-12-20T17:00:00+07:00", "20/12/2024 17:00"),
        ("2024-12-20T17:00:00", "20/12/2024 17:00"),
        ("2024-12-20T18:30:00Z", "21/12/2024 01:30"),
        (dt.datetime(2024, 12, 20, 10, tzinfo=dt.UTC), "20/12/2024 17:00"),
        (None, "chưa ấn định"),
    ],
)
def test_times_are_local_and_written_the_vietnamese_way(value, shown):
    rendered = letters.render("ballot_reminder", {"member_name": "M", "session_code": "S", "due": value})
    assert f"- Hạn bỏ phiếu: {shown}\n" in rendered.text
    assert f">{shown}</td>" in rendered.html


def test_a_long_list_shows_fifty_rows_and_says_where_the_rest_is():
    item = samples.SAMPLES["award_result_unit"]["items"][0]
    items = [{**item, "code": f"HS-{number:04}"} for number in range(1, 1781)]
    url = "https://vinhdanh.example/decisions/9-2024"
    rendered = letters.render("award_result_unit", {**samples.SAMPLES["award_result_unit"], "items": items, "url": url})
    assert "có 1.780 trường hợp" in rendered.text
    for body in (rendered.text, rendered.html):
        assert re.findall(r"HS-\d{4}", body) == [f"HS-{number:04}" for number in range(1, 51)]
        assert f"… và 1.730 hồ sơ khác, xem tại {url}" in body


def test_a_list_without_an_address_of_its_own_points_to_the_system():
    context = {**samples.SAMPLES["sent_back_by_chairman"]}
    context["items"] = context["items"] * 51
    assert "… và 1 hồ sơ khác, xem tại hệ thống Vinh Danh\n" in letters.render("sent_back_by_chairman", context).text
    at = letters.render("sent_back_by_chairman", context, letterhead=samples.LETTERHEAD)
    assert "… và 1 hồ sơ khác, xem tại https://vinhdanh.example\n" in at.text


def test_a_name_cannot_forge_lines_and_a_reason_keeps_its_own():
    item = {
        "code": "HS-1",
        "nominee": "Lò\r\nThị\x85\u2028Mẫu\u202e\x00",
        "award": "LĐTT",
        "reason": "Dòng một\r\nDòng\x07 hai\n\n\n\nDòng ba",
        "citation": None,
    }
    context = {"unit_name": "Đơn vị", "items": [item], "round_title": "Đợt", "due": None}
    assert "1. HS-1 | Lò Thị Mẫu | LĐTT\n   Lý do: Dòng một\n   Dòng hai\n\n   Dòng ba\n" in (
        letters.render("dossier_returned", context).text
    )


def test_over_long_texts_are_cut_and_a_subject_stays_short():
    context = {**samples.SAMPLES["award_result_nominee"], "award": "x" * 10_000}
    rendered = letters.render("award_result_nominee", context)
    assert (len(rendered.subject), rendered.subject[-1]) == (letters.SUBJECT_LENGTH, "…")
    assert rendered.text.count("x" * (letters.LINE_LENGTH - 1) + "…") == 1


def test_half_a_character_never_reaches_a_letter():
    context = {**samples.SAMPLES["ballot_reminder"], "member_name": "A\ud800B"}
    rendered = letters.render("ballot_reminder", context)
    assert "Kính gửi: A B\n" in rendered.text.encode().decode()


@pytest.mark.parametrize("kind", ["nomination_paused", "nomination_resumed"])
def test_a_pause_says_nothing_of_a_complaint(kind):
    rendered = letters.render(kind, samples.SAMPLES[kind])
    for body in (rendered.subject, rendered.text, rendered.html):
        assert not re.search(r"khiếu nại|tố cáo|phản ánh|đơn thư|người gửi", body.lower())


def test_no_letter_names_an_authority_of_its_own():
    """The huyện is gone since 01/07/2025: who writes is passed in."""
    folder = Path(letters.__file__).parent / "templates"
    assert [path.name for path in folder.rglob("*.j2") if re.search(r"huyện|Phong Thổ", path.read_text())] == []


def read_event(**changes):
    rendered = letters.render("council_invitation", {**samples.SAMPLES["council_invitation"], **changes})
    calendar = icalendar.Calendar.from_ical(rendered.calendar)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_an_invitation_is_a_calendar_request():
    calendar, event = read_event(place="Phòng 2; tầng 3, nhà A\r\nBEGIN:VALARM")
    assert (str(calendar["METHOD"]), str(calendar["VERSION"])) == ("REQUEST", "2.0")
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Asia/Ho_Chi_Minh"]
    assert event["DTSTART"].params["TZID"] == "Asia/Ho_Chi_Minh"
    assert {
        "start": event["DTSTART"].dt.replace(tzinfo=None),
        "offset": event["DTSTART"].dt.utcoffset(),
        "length": event["DURATION"].dt,
        "stamp": event["DTSTAMP"].dt,
        "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]),
        "place": str(event["LOCATION"]),
        "alarms": calendar.walk("VALARM"),
    } == {
        "start": dt.datetime.fromisoformat("2024-12-18T08:00:00"),
        "offset": dt.timedelta(hours=7),
        "length": dt.timedelta(hours=2),
        "stamp": dt.datetime(2024, 12, 10, 2, 30, tzinfo=dt.UTC),
        "sequence": 0,
        "status": "CONFIRMED",
        "place": "Phòng 2; tầng 3, nhà A BEGIN:VALARM",
        "alarms": [],
    }


def test_a_change_and_a_cancellation_are_of_the_same_meeting():
    _, first = read_event()
    _, moved = read_event(sequence=1, at="2024-12-19T08:00:00+07:00", place="Nơi khác", member_name="Người khác")
    calendar, cancelled = read_event(sequence=2, cancelled=True)
    _, other = read_event(session_code="PH-2024-04")
    assert str(first["UID"]) == str(moved["UID"]) == str(cancelled["UID"]) != str(other["UID"])
    assert (str(calendar["METHOD"]), str(cancelled["STATUS"]), int(cancelled["SEQUENCE"])) == ("CANCEL", "CANCELLED", 2)
    assert letters.render(
        "council_invitation", {**samples.SAMPLES["council_invitation"], "cancelled": True}
    ).subject == ("Hủy phiên họp Hội đồng Thi đua - Khen thưởng 18/12/2024 08:00")


def test_an_addressed_calendar_names_both_sides_and_nobody_else():
    plain = letters.render("council_invitation", samples.SAMPLES["council_invitation"]).calendar
    addressed = invitations.address(plain, organizer="office@x.example", attendee="m@x.example")
    (event,) = icalendar.Calendar.from_ical(addressed).walk("VEVENT")
    assert (str(event["ORGANIZER"]), str(event["ATTENDEE"]), event["ATTENDEE"].params["RSVP"]) == (
        "mailto:office@x.example",
        "mailto:m@x.example",
        "FALSE",
    )
    assert (invitations.method(addressed), b"\n" in addressed.replace(b"\r\n", b"")) == ("REQUEST", False)
    assert max(map(len, addressed.split(b"\r\n"))) <= 75


def test_the_contact_sheet_holds_every_kind():
    sheet = samples.contact_sheet()
    assert re.findall(r"<h2>(\w+)</h2>", sheet) == list(samples.SAMPLES)
    assert sheet.count("<iframe sandbox ") == len(letters.KINDS)


@pytest.mark.parametrize(
    ("kind", "more", "path"),
    [
        ("call_for_proposals", {}, "/rounds/DX-2024-01/intake"),
        ("dossier_returned", {"dossier_code": "HS-2024-0007"}, "/nominations?dossier=HS-2024-0007"),
        ("dossier_returned", {"dossier_code": None}, "/nominations?state=returned"),
        ("council_invitation", {"session_code": "PH-2024-01"}, "/council/PH-2024-01"),
        ("conflict_question", {"session_code": "PH-2024-01"}, "/council/PH-2024-01"),
        ("ballot_reminder", {"session_code": "PH 1/2"}, "/council/PH%201%2F2"),
        ("waiting_for_signature", {}, "/sign"),
    ],
)
def test_a_letter_leads_to_the_page_it_speaks_of_when_the_office_has_an_address(kind, more, path):
    context = {**samples.SAMPLES[kind], **more}
    rendered = letters.render(kind, context, letterhead=samples.LETTERHEAD)
    where = f"https://vinhdanh.example{path}"
    assert f"\nMở trên hệ thống: {where}\n" in rendered.text
    read = Balance()
    read.feed(rendered.html)
    assert (read.links, read.open, read.remote) == ([where], [], [])
    without = letters.render(kind, context)
    assert ("Mở trên hệ thống" in without.text, "Mở trên hệ thống" in without.html) == (False, False)


def test_what_a_cut_list_leaves_out_is_on_the_letters_own_page():
    context = {**samples.SAMPLES["dossier_returned"], "dossier_code": "HS-2024-0007"}
    context["items"] = context["items"][:1] * 51
    at = letters.render("dossier_returned", context, letterhead=samples.LETTERHEAD)
    assert "… và 1 hồ sơ khác, xem tại https://vinhdanh.example/nominations?dossier=HS-2024-0007\n" in at.text
