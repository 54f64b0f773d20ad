"""One letter as the bytes that go to the server: an RFC 5322 message with one recipient and a closed set of headers.

The bytes are written here line by line and then read again by Python's own parser before anyone may send them, so
nothing that stands in a name, a reason or a title can become a header, a recipient or a part.
"""

import base64
import binascii
import email
import email.header
import email.message
import email.policy
import email.utils
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from notifications import invitations
from notifications.letters import Rendered, fold

REQUIRED_HEADERS = frozenset(
    {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Auto-Submitted",
        "X-Vinhdanh-Key",
    }
)
OPTIONAL_HEADERS = frozenset(
    {"Content-Transfer-Encoding", "Reply-To", "In-Reply-To", "References", "Content-Language", "List-Id"}
)
LINE_LIMIT = 998  # octets without CRLF, RFC 5322 §2.1.1

# dot-atom of RFC 5322 §3.2.3 and host names of RFC 1123 §2.1; quoted local parts, literals and non-ASCII are refused:
# no official mailbox needs them and every trick with addresses does.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z", re.ASCII)
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z", re.ASCII)
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f\x41-\x7e]+@[A-Za-z0-9.-]+>\Z", re.ASCII)
_PLAIN_WORDS = re.compile(r"[\x20-\x7e]*\Z", re.ASCII)
_ENCODED_OCTETS = 45  # 60 base64 characters and 12 of `=?utf-8?b??=` stay under the 75 of RFC 2047 §2

# One boundary for all: bodies are base64 and can hold no line that begins with two hyphens. A boundary of each letter's
# own would make the parser compile a new expression for every letter, a third of the time.
_BOUNDARY = "=_vinh_danh"


class UnsafeLetter(ValueError):  # noqa: N818 -- named for what it is, as Unreadable is
    """These bytes must not be sent: an address, a key or a header is not what it should be."""


def check_address(address: str) -> str:
    """The address itself when it is one bare addr-spec in ASCII, else UnsafeLetter. RFC 5321 §4.5.3.1 lengths."""
    local_part, _, domain = address.rpartition("@")
    if (
        len(address) > 254
        or len(local_part) > 64
        or not _LOCAL_PART.match(local_part)
        or not _DOMAIN.match(domain)
        or "=?" in local_part
    ):
        raise UnsafeLetter("An address is not a single plain mailbox.")
    return address


def check_key(key: str) -> str:
    """The key itself when it may stand in a header as it is: 1 to 255 visible ASCII characters, else UnsafeLetter."""
    if not _KEY.match(key) or "=?" in key:
        raise UnsafeLetter("A letter's key must be 1 to 255 visible ASCII characters without '=?'.")
    return key


def address_of(sender: str) -> str:
    """The bare address of `name@domain` or `Display name <name@domain>` (VINHDANH_MAIL_FROM), for the envelope."""
    return _read_sender(sender)[1]


def message_id(*, key: str, domain: str) -> str:
    """The Message-ID of the letter with this key: a letter sent twice has one identity."""
    if not _DOMAIN.match(domain):
        raise UnsafeLetter("The domain of a Message-ID is not a host name.")
    return f"<{_digest(key)}@{domain}>"


def compose(
    *,
    key: str,
    sender: str,
    recipient: str,
    rendered: Rendered,
    at: datetime,
    domain: str,
    in_reply_to: str | None = None,
) -> bytes:
    """The message's final bytes, 7-bit, CRLF, the same for the same input. Raises UnsafeLetter rather than guess.

    `at` is aware and becomes Date; `sender` may have a display name, `recipient` may not; `in_reply_to` is the
    Message-ID of an earlier letter. Sources: RFC 5322, RFC 2046 §5.1.4, RFC 2047, RFC 3834 §5, RFC 6047.
    """
    draft = prepare(
        key=key,
        sender=sender,
        recipient=recipient,
        rendered=rendered,
        at=at,
        domain=domain,
        in_reply_to=in_reply_to,
    )
    data = write(draft)
    check(data, draft)
    return data


@dataclass(frozen=True, slots=True)
class Draft:
    """The expected form of a message: headers as written, and the values that a reader finds in them."""

    headers: dict[str, str]
    subject: str
    sender: tuple[str, str]
    recipient: str
    parts: list[tuple[str, bytes]]


def prepare(
    *,
    key: str,
    sender: str,
    recipient: str,
    rendered: Rendered,
    at: datetime,
    domain: str,
    in_reply_to: str | None = None,
) -> Draft:
    """The first of the three steps of `compose`: every value checked and encoded."""
    name, address = _read_sender(sender)
    check_address(recipient)
    check_key(key)
    if at.tzinfo is None:
        raise UnsafeLetter("The time of a letter needs its offset.")
    if in_reply_to is not None and not (_MESSAGE_ID.match(in_reply_to) and len(in_reply_to) < 250):
        raise UnsafeLetter("In-Reply-To is not a Message-ID.")
    subject = fold(rendered.subject)
    headers = {
        "From": f"{_encode(name, len('From: '))} <{address}>" if name else address,
        "To": recipient,
        "Subject": _encode(subject, len("Subject: ")),
        "Date": email.utils.format_datetime(at.astimezone(invitations.LOCAL)),
        "Message-ID": message_id(key=key, domain=domain),
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{_BOUNDARY}"',
        "Content-Language": "vi",
        "Auto-Submitted": "auto-generated",
        "X-Vinhdanh-Key": key,
    }
    if in_reply_to is not None:
        headers["In-Reply-To"] = headers["References"] = in_reply_to
    parts = [
        ('text/plain; charset="utf-8"', _encode_body(rendered.text)),
        ('text/html; charset="utf-8"', _encode_body(rendered.html)),
    ]
    if rendered.calendar is not None:
        calendar = invitations.address(rendered.calendar, organizer=address, attendee=recipient)
        content_type = f'text/calendar; charset="utf-8"; method={invitations.method(calendar)}'
        parts.append((content_type, calendar))
    return Draft(headers=headers, subject=subject, sender=(name, address), recipient=recipient, parts=parts)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _read_sender(sender: str) -> tuple[str, str]:
    """Display name (may be empty) and address. A name that looks like an address is refused: it would pose as one."""
    name, bracket, rest = sender.partition("<")
    if not bracket:
        return "", check_address(sender)
    name = name.strip().removeprefix('"').removesuffix('"')
    if not rest.endswith(">") or not name.isprintable() or "@" in name:
        raise UnsafeLetter("The sender is neither an address nor a name with an address in angle brackets.")
    return fold(name), check_address(rest[:-1])


def _encode(value: str, used: int) -> str:
    """The value as RFC 2047 encoded words, folded, unless it is short plain words that nothing could misread.

    `used` is the length of the header's name, colon and space. Words end between characters, never inside one.
    """
    plain = _PLAIN_WORDS.match(value) and not re.search(r'[()<>\[\]:;@\\,."=?]', value)
    if plain and used + len(value) <= 76:
        return value
    try:
        octets = [char.encode() for char in value]
    except UnicodeEncodeError:
        raise UnsafeLetter("A header holds half a character.") from None
    words, word, limit = [], b"", max(3, (64 - used) // 4 * 3 - 3)
    for char in octets:
        if word and len(word) + len(char) > limit:
            words.append(word)
            word, limit = b"", _ENCODED_OCTETS
        word += char
    words.append(word)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _encode_body(body: str) -> bytes:
    try:
        return body.encode()
    except UnicodeEncodeError:
        raise UnsafeLetter("A body holds half a character.") from None


def _base64_lines(content: bytes) -> bytes:
    return b"".join(
        binascii.b2a_base64(content[start : start + 57], newline=False) + b"\r\n"
        for start in range(0, len(content), 57)
    )


def write(draft: Draft) -> bytes:
    """The second step: the bytes. Bodies are always base64: no line is long, none begins with a dot, nothing is 8-bit."""
    lines = [f"{name}: {value}\r\n".encode() for name, value in draft.headers.items()]
    lines.append(b"\r\n")
    for content_type, content in draft.parts:
        lines.append(f"--{_BOUNDARY}\r\nContent-Type: {content_type}\r\n".encode())
        lines.append(b"Content-Transfer-Encoding: base64\r\n\r\n")
        lines.append(_base64_lines(content))
    lines.append(f"--{_BOUNDARY}--\r\n".encode())
    return b"".join(lines)


def _decode(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))


def check(data: bytes, draft: Draft) -> None:
    """The last step: read the bytes as a stranger would. Raises UnsafeLetter with what differs, never its content."""
    headers = draft.headers
    if not data.isascii() or not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r") or b"\x00" in data:
        raise UnsafeLetter("The bytes are not clean lines of ASCII.")
    if max(map(len, data.split(b"\r\n"))) > LINE_LIMIT:
        raise UnsafeLetter("A line is too long.")
    parsed = email.message_from_bytes(data, policy=email.policy.compat32)
    names = [name for name, _ in parsed.items()]
    if sorted(names) != sorted(headers) or not REQUIRED_HEADERS <= set(names) <= REQUIRED_HEADERS | OPTIONAL_HEADERS:
        raise UnsafeLetter("The headers are not the allowed ones, once each.")
    if _decode(parsed["Subject"]) != draft.subject:
        raise UnsafeLetter("The subject does not read as it was written.")
    if parsed["To"] != draft.recipient or email.utils.getaddresses([parsed["To"]]) != [("", draft.recipient)]:
        raise UnsafeLetter("The letter is not to its one recipient.")
    # Unfolding is the parser's business, decoding a name ours: the order of RFC 2047 §6.1.
    found = email.utils.getaddresses([re.sub(r"\r?\n", "", parsed["From"])])
    if [(_decode(name), address) for name, address in found] != [draft.sender]:
        raise UnsafeLetter("The letter is not from its one sender.")
    for name in ("Message-ID", "X-Vinhdanh-Key", "Date", "Auto-Submitted"):
        if parsed[name] != headers[name]:
            raise UnsafeLetter(f"{name} does not read as it was written.")
    _check_parts(parsed, draft.parts)


def _check_parts(parsed: email.message.Message, parts: list[tuple[str, bytes]]) -> None:
    found = parsed.get_payload()
    if parsed.defects or not isinstance(found, list) or len(found) != len(parts):
        raise UnsafeLetter("The parts are not the ones that were written.")
    for part, (content_type, content) in zip(found, parts, strict=True):
        same = isinstance(part, email.message.Message) and (
            part["Content-Type"] == content_type
            and part.keys() == ["Content-Type", "Content-Transfer-Encoding"]
            and part.get_payload(decode=True) == content
        )
        if not same:
            raise UnsafeLetter("A part does not read as it was written.")
