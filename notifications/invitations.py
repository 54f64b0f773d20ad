"""Meetings as iCalendar (RFC 5545, invitations by RFC 5546), one event a calendar."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def old_uid(*, session_code: str, round_title: str) -> str:
    """The identity of a meeting whose letters name none: those queued before each installation gave its own."""
    return hashlib.sha256(f"{round_title}\n{session_code}".encode()).hexdigest()[:32] + "@vinhdanh"


def write(
    *,
    subject: str,
    session_code: str,
    round_title: str,
    at: datetime,
    minutes: int,
    place: str,
    agenda_count: int,
    sequence: int,
    cancelled: bool,
    stamped_at: datetime,
    uid: str | None = None,
    **_: Any,
) -> bytes:
    """The event as REQUEST, or CANCEL when `cancelled`; without people, whom `address` adds for each letter.

    `uid` is the meeting's in every calendar: the same for its invitation, its changes and its cancellation.
    `stamped_at` becomes DTSTAMP, so the bytes are the same each time. Times are Asia/Ho_Chi_Minh, without summer time.
    """
    import icalendar  # 0.2 s, and only meetings need it

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Vinh Danh//VI")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "REQUEST")

    standard = icalendar.TimezoneStandard()
    standard.add("dtstart", datetime(1975, 6, 13))  # noqa: DTZ001 -- RFC 5545 §3.6.5 wants local time without zone
    standard.add("tzoffsetfrom", timedelta(hours=8))
    standard.add("tzoffsetto", timedelta(hours=7))
    standard.add("tzname", "+07")
    zone = icalendar.Timezone()
    zone.add("tzid", LOCAL.key)
    zone.add_component(standard)
    calendar.add_component(zone)

    event = icalendar.Event()
    event.add("uid", uid or old_uid(session_code=session_code, round_title=round_title))
    event.add("dtstamp", stamped_at.astimezone(UTC))
    event.add("dtstart", at.astimezone(LOCAL))
    event.add("duration", timedelta(minutes=minutes))
    event.add("sequence", sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("summary", subject)
    event.add("location", place)
    event.add("description", f"{round_title}\nPhiên họp {session_code}, {agenda_count} hồ sơ trong chương trình.")
    calendar.add_component(event)
    return bytes(calendar.to_ical(sorted=False))


def address(calendar: bytes, *, organizer: str, attendee: str) -> bytes:
    """The same calendar with its ORGANIZER and its one ATTENDEE (bare addresses), which RFC 5546 §3.2.2 demands."""
    import icalendar  # as above

    parsed = icalendar.Calendar.from_ical(calendar)
    for event in parsed.walk("VEVENT"):
        event.add("organizer", icalendar.vCalAddress(f"mailto:{organizer}"))
        # No answer is asked for: the letters come from a mailbox that nobody reads.
        invited = icalendar.vCalAddress(f"mailto:{attendee}")
        invited.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
        invited.params["RSVP"] = icalendar.vText("FALSE")
        event.add("attendee", invited, encode=False)
    return bytes(parsed.to_ical(sorted=False))


def method(calendar: bytes) -> str:
    """REQUEST or CANCEL, as the calendar itself says: the MIME parameter must agree with it (RFC 6047 §2.4)."""
    return "CANCEL" if b"\r\nMETHOD:CANCEL\r\n" in calendar else "REQUEST"
