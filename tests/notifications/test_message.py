"""The bytes of a letter, read by a stranger: closed headers, one recipient, nothing injected."""

import dataclasses
import datetime as dt
import email
import email.policy
import hashlib

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications import letters, message
from tests.notifications import samples

AT = dt.datetime(2024, 12, 20, 8, 0, tzinfo=dt.UTC)
SENDER = "Phòng Nội vụ, UBND <thidua@phongtho.example>"
RENDERED = letters.Rendered(subject="Mời họp", text="Kính gửi\n", html="<p>Kính gửi</p>")
BASE = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
    "Auto-Submitted",
    "X-Vinhdanh-Key",
]


VALUES = {
    "key": "DX-2024-01/7/unit",
    "sender": SENDER,
    "recipient": "don.vi@phongtho.example",
    "at": AT,
    "domain": "phongtho.example",
}


def compose(rendered=RENDERED, **changes):
    return message.compose(rendered=rendered, **{**VALUES, **changes})


def read(data):
    return email.message_from_bytes(data, policy=email.policy.default)


@pytest.mark.parametrize("kind", sorted(letters.KINDS))
def test_every_kind_becomes_a_message_that_reads_back_whole(kind):
    rendered = letters.render(kind, samples.SAMPLES[kind], letterhead=samples.LETTERHEAD)
    data = compose(rendered, key=f"{kind}/1")
    parsed = read(data)
    types = ["text/plain", "text/html"] + (["text/calendar"] if rendered.calendar else [])
    assert parsed.keys() == BASE
    assert (parsed["Subject"], parsed["X-Vinhdanh-Key"]) == (rendered.subject, f"{kind}/1")
    assert (parsed.get_content_type(), [part.get_content_type() for part in parsed.iter_parts()]) == (
        "multipart/alternative",
        types,
    )
    assert [parsed.get_body(["plain"]).get_content(), parsed.get_body(["html"]).get_content()] == [
        rendered.text,
        rendered.html,
    ]
    assert {name for part in parsed.iter_parts() for name in part.keys()} == {  # noqa: SIM118 -- not a mapping
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    assert max(map(len, data.split(b"\r\n"))) <= 76 + len("Content-Type: ")
    assert compose(rendered, key=f"{kind}/1") == data


def test_the_headers_of_a_letter():
    parsed = read(compose(in_reply_to="<earlier@phongtho.example>"))
    digest = hashlib.sha256(b"DX-2024-01/7/unit").hexdigest()[:32]
    assert dict(parsed.items()) == {
        "From": '"Phòng Nội vụ, UBND" <thidua@phongtho.example>',
        "To": "don.vi@phongtho.example",
        "Subject": "Mời họp",
        "Date": "Fri, 20 Dec 2024 15:00:00 +0700",
        "Message-ID": f"<{digest}@phongtho.example>",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_vinh_danh"',
        "Content-Language": "vi",
        "Auto-Submitted": "auto-generated",
        "X-Vinhdanh-Key": "DX-2024-01/7/unit",
        "In-Reply-To": "<earlier@phongtho.example>",
        "References": "<earlier@phongtho.example>",
    }
    assert message.message_id(key="DX-2024-01/7/unit", domain="phongtho.example") == f"<{digest}@phongtho.example>"


def test_an_invitation_carries_its_calendar_with_the_method_it_says():
    for cancelled, method in ((False, "REQUEST"), (True, "CANCEL")):
        context = {**samples.SAMPLES["council_invitation"], "cancelled": cancelled}
        parsed = read(compose(letters.render("council_invitation", context)))
        part = list(parsed.iter_parts())[-1]
        (event,) = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
        assert dict(part["Content-Type"].params) == {"charset": "utf-8", "method": method}
        assert (str(event["ORGANIZER"]), str(event["ATTENDEE"])) == (
            "mailto:thidua@phongtho.example",
            "mailto:don.vi@phongtho.example",
        )


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.text(alphabet='\r\n\x0b\x0c\x85\u2028\u2029 \t:=?_<>,;@"\\().ab', max_size=120),
    st.lists(
        st.sampled_from(
            [
                "\r\nBcc: evil@x.example",
                "\nX-Evil: 1",
                "\r\n\r\nbody",
                "=?utf-8?q?H=C3=A0_N=E1=BB=99i?=",
                "=?utf-8?b?",
                "?=",
                "--=_vinh_danh",
                "\x00",
                "\x7f",
                "\ufeff",
                "\u202e",
                "ệ",
                "🎖️",
                "Lò Thị Mẫu",
                " " * 90,
                "w" * 400,
            ]
        ),
        max_size=8,
    ).map("".join),
)


@given(name=HOSTILE, reason=HOSTILE)
@example(name="=?utf-8?q?Nguy=E1=BB=85n?=", reason="=?utf-8?q?x?=")
@example(name="Lò\r\nBcc: a@x.example\u2028To: b@x.example\x85X: y", reason="--=_vinh_danh--\r\n")
def test_nothing_in_a_name_or_a_reason_becomes_a_header_a_recipient_or_a_part(name, reason):
    context = {"unit_name": name, "code": name, "nominee": name, "award": name, "reason_public": reason}
    rendered = letters.render("nomination_paused", context)
    parsed = read(compose(rendered))
    assert (parsed.keys(), parsed["Subject"], parsed["To"]) == (BASE, rendered.subject, "don.vi@phongtho.example")
    assert [part.get_content() for part in parsed.iter_parts()] == [rendered.text, rendered.html]
    shown = letters.fold(name)[:400]
    assert f"- Cá nhân, tập thể, hộ gia đình: {shown}" in rendered.text


@given(subject=HOSTILE)
def test_a_subject_that_no_template_folded_is_folded_or_refused(subject):
    data = compose(dataclasses.replace(RENDERED, subject=subject))
    assert (read(data).keys(), read(data)["Subject"]) == (BASE, letters.fold(subject))


def test_an_encoded_word_in_a_subject_reads_as_its_letters():
    data = compose(dataclasses.replace(RENDERED, subject="=?utf-8?q?H=C3=A0_N=E1=BB=99i?="))
    assert b"Subject: =?utf-8?b?" in data
    assert (
        email.header.make_header(email.header.decode_header(email.message_from_bytes(data)["Subject"]))
        == "=?utf-8?q?H=C3=A0_N=E1=BB=99i?="
    )


BAD_ADDRESSES = [
    "",
    "a",
    "@x.example",
    "a@",
    "a@x.example\r\nBcc: b@x.example",
    "a@x.example\n",
    "a@x.example\x00",
    "a@x.example, b@x.example",
    "a@x.example;b@x.example",
    "a@x.example b@x.example",
    "a b@x.example",
    "group: a@x.example;",
    "undisclosed-recipients:;",
    "Tên <a@x.example>",
    "<a@x.example>",
    '"a@y.example" <b@x.example>',
    '"a b"@x.example',
    "a@x.example (chú thích)",
    "a(b)@x.example",
    "a@b@x.example",
    "a..b@x.example",
    ".a@x.example",
    "a.@x.example",
    "trần@x.example",
    "a@phòng.example",
    "a@x..example",
    "a@-x.example",
    "a@x_y.example",
    "a@[127.0.0.1]",
    "=?utf-8?q?a?=@x.example",
    "a%0d%0a\r@x.example",
    f"{'a' * 65}@x.example",
    f"a@{'x' * 64}.example",
    f"a@{'x.' * 130}example",
    "ａ@x.example",
    "a@x.example\u2028",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_not_one_plain_mailbox_is_refused(address):
    with pytest.raises(message.UnsafeLetter):
        compose(recipient=address)
    with pytest.raises(message.UnsafeLetter):
        compose(sender=f"Tên <{address}>")


@pytest.mark.parametrize(
    "address", ["a@localhost", "a.b+tag@x-y.example", "o'brien@x.example", f"{'a' * 64}@x.example"]
)
def test_plain_mailboxes_are_taken(address):
    assert read(compose(recipient=address))["To"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("a@x.example", "", "a@x.example"),
        ("Ban  TD <a@x.example>", "Ban TD", "a@x.example"),
        ('"Phòng Nội vụ" <a@x.example>', "Phòng Nội vụ", "a@x.example"),
        ("=?utf-8?q?x?= <a@x.example>", "=?utf-8?q?x?=", "a@x.example"),
        ("A, B; C: D. (E) <a@x.example>", "A, B; C: D. (E)", "a@x.example"),
    ],
)
def test_a_sender_may_have_a_name(sender, name, address):
    (found,) = read(compose(sender=sender))["From"].addresses
    assert (found.display_name, found.addr_spec, message.address_of(sender)) == (name, address, address)


@pytest.mark.parametrize(
    "sender", ["real@x.example <a@y.example>", "A\r\nBcc: b <a@x.example>", "A <a@x.example> b", "A a@x.example"]
)
def test_a_sender_that_poses_as_another_is_refused(sender):
    with pytest.raises(message.UnsafeLetter):
        compose(sender=sender)


@pytest.mark.parametrize("key", ["", "123/QĐ-UBND", "a b", "a\r\nBcc: x", "a\n", "=?utf-8?q?x?=", "k" * 256])
def test_a_key_that_cannot_stand_in_a_header_is_refused(key):
    with pytest.raises(message.UnsafeLetter):
        compose(key=key)


@pytest.mark.parametrize(
    "changes",
    [
        {"at": dt.datetime.fromisoformat("2024-12-20T08:00:00")},
        {"domain": "x.example>\r\nBcc: a"},
        {"domain": ""},
        {"in_reply_to": "<a@x.example>\r\nBcc: b@x.example"},
        {"in_reply_to": "a@x.example"},
        {"rendered": dataclasses.replace(RENDERED, html="\ud800")},
    ],
)
def test_other_unsafe_values_are_refused(changes):
    with pytest.raises(message.UnsafeLetter):
        compose(**changes)


TAMPERED = {
    "a header too many": (b"MIME-Version", b"Bcc: b@x.example\r\nMIME-Version"),
    "a header twice": (b"Auto-Submitted: auto-generated\r\n", b"Auto-Submitted: auto-generated\r\n" * 2),
    "a header missing": (b"Auto-Submitted: auto-generated\r\n", b""),
    "an unknown header": (b"Content-Language", b"X-Language"),
    "two recipients": (b"don.vi@phongtho.example", b"don.vi@phongtho.example, b@x.example"),
    "another recipient": (b"To: don.vi", b"To: don-vi"),
    "another subject": (b"TeG7nWkgaOG7jXA=", b"TeG7nWkgaOG7jXE="),
    "another sender": (b"<thidua@", b"<thidue@"),
    "another key": (b"Key: DX", b"Key: DY"),
    "a bare line feed": (b"vi\r\nAuto", b"vi\nAuto"),
    "eight bits": (b"Language: vi", "Language: việt".encode()),
    "a long line": (b"Language: vi", b"Language: vi" + b"i" * 998),
    "a part too many": (b"--=_vinh_danh--", b"--=_vinh_danh\r\nContent-Type: text/plain\r\n\r\nx\r\n--=_vinh_danh--"),
    "a part's header": (b"base64\r\n\r\n", b"base64\r\nContent-Disposition: attachment\r\n\r\n"),
    "another body": (b"S8OtbmggZ", b"S8OtbmggY"),
    "no end": (b"--=_vinh_danh--\r\n", b""),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_the_last_look_at_the_bytes_sees_any_change(change):
    draft = message.prepare(rendered=RENDERED, **VALUES)
    data = message.write(draft)
    message.check(data, draft)
    assert change[0] in data
    with pytest.raises(message.UnsafeLetter):
        message.check(data.replace(*change), draft)
