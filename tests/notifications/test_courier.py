"""Delivery against servers that behave badly: each letter gets one outcome, nothing is raised, nothing waits long."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from notifications import loopback, smtp
from rules.refusal import Unreadable

pytestmark = pytest.mark.both_databases

DROP, HANG, RESET = object(), object(), object()


@dataclass
class HostileServer:
    """Speaks SMTP except where `script` says otherwise: verb → answer, or list of answers, the last one repeating.

    An answer is text, raw bytes, DROP (close), RESET, HANG, or a (delay, text) that is dripped byte by byte.
    Verbs are those of SMTP, `GREETING`, and `.` for the end of data.
    """

    script: dict = field(default_factory=dict)
    extensions: tuple = ()
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    most_connections: int = 100
    accepts: int = 0
    commands: list = field(default_factory=list)
    taken: list = field(default_factory=list)
    seen: Counter = field(default_factory=Counter)
    busy: set = field(default_factory=set)

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls if self.implicit else None)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in list(self.busy):
            task.cancel()
        await asyncio.gather(*self.busy, return_exceptions=True)

    def url(self, *, tls="none", user=""):
        return f"smtp://{user}127.0.0.1:{self.port}?tls={tls}"

    def answer(self, verb, otherwise):
        self.seen[verb] += 1
        scripted = self.script.get(verb, otherwise)
        if isinstance(scripted, list):
            return scripted[min(self.seen[verb], len(scripted)) - 1]
        return scripted

    async def say(self, writer, answer):
        """Whether the conversation goes on."""
        if answer is HANG:
            await asyncio.sleep(60)
        if answer is RESET:
            writer.transport.abort()
            return False
        if answer is DROP:
            return False
        if isinstance(answer, tuple):
            for octet in answer[1].encode() + b"\r\n":
                await asyncio.sleep(answer[0])
                writer.write(bytes([octet]))
            return True
        writer.write(answer if isinstance(answer, bytes) else answer.encode() + b"\r\n")
        await writer.drain()
        return not (isinstance(answer, str) and answer.startswith("421"))

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.busy.add(task)
        self.accepts += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                if len(self.busy) > self.most_connections:
                    await self.say(writer, "421 too many connections")
                else:
                    await self.converse(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self.busy.discard(task)
            writer.transport.abort()

    async def converse(self, reader, writer):
        if not await self.say(writer, self.answer("GREETING", "220 ready")):
            return
        ehlo = "\r\n".join(f"250-{extension}" for extension in ("localhost", *self.extensions)) + "\r\n250 HELP"
        usual = {"EHLO": ehlo, "AUTH": "235 ok", "DATA": "354 go", "QUIT": "221 bye", "STARTTLS": "220 go"}
        recipient = ""
        while line := (await reader.readline()).decode().strip():
            self.commands.append(line)
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "RCPT":
                recipient = line.partition("<")[2].rstrip(">")
            answer = self.answer(verb, usual.get(verb, "250 ok"))
            if not await self.say(writer, answer) or verb == "QUIT":
                return
            if verb == "STARTTLS" and self.tls is not None and answer == usual[verb]:
                await writer.start_tls(self.tls)
            if verb == "DATA" and answer == usual[verb]:
                await reader.readuntil(b"\r\n.\r\n")
                answer = self.answer(".", "250 taken")
                if answer == "250 taken":
                    self.taken.append(recipient)
                if not await self.say(writer, answer):
                    return


def write_letters(count, *, start=0):
    return [
        smtp.Letter(
            key=f"L/{number}",
            sender="office@phongtho.example",
            recipient=f"unit{number}@phongtho.example",
            data=f"Subject: {number}\r\n\r\n.\r\nbody\r\n".encode(),
        )
        for number in range(start, start + count)
    ]


def deliver(server, letters, *, url=None, timeout=0.5, **options):
    """Outcomes by key, and how long it took."""
    outcomes = []

    async def run():
        async with server:
            settings = smtp.SmtpSettings.from_url(url(server) if url else server.url())
            async with smtp.Courier(settings, timeout=timeout, **options) as courier:
                begun = time.monotonic()
                await courier.deliver(letters, outcomes.append)
                return time.monotonic() - begun

    seconds = asyncio.run(run())
    assert sorted(outcome.key for outcome in outcomes) == sorted(letter.key for letter in letters)
    return {outcome.key: outcome for outcome in outcomes}, seconds


def courier_to(server, **options):
    return smtp.Courier(smtp.SmtpSettings.from_url(server.url()), timeout=5, **options)


def statuses(outcomes):
    return [(outcome.status, outcome.code) for _, outcome in sorted(outcomes.items())]


RETRY, FAILED, TAKEN = ("retry", None), ("failed", 550), ("accepted", 250)

ONE_CONNECTION = {
    "all is well": ({}, [TAKEN] * 3),
    "greets with 421": ({"GREETING": "421 closing"}, [("retry", 421)] * 3),
    "greets with 554": ({"GREETING": "554 no mail here"}, [("retry", 554)] * 3),
    "greets with garbage": ({"GREETING": b"\xff\xfe\x00nonsense\r\n"}, [RETRY] * 3),
    "greets without end": ({"GREETING": b"220-" + b"x" * 100_000 + b"\r\n"}, [RETRY] * 3),
    "hangs before the greeting": ({"GREETING": HANG}, [RETRY] * 3),
    "closes at once": ({"GREETING": DROP}, [RETRY] * 3),
    "knows HELO only": ({"EHLO": "502 what"}, [TAKEN] * 3),
    "knows neither EHLO nor HELO": ({"EHLO": "502 what", "HELO": "502 what"}, [("retry", 502)] * 3),
    "refuses one recipient": ({"RCPT": ["550 no such user", "250 ok"]}, [FAILED, TAKEN, TAKEN]),
    "is short of storage": ({"RCPT": ["250 ok", "452 later", "250 ok"]}, [TAKEN, ("retry", 452), TAKEN]),
    "refuses the sender": ({"MAIL": "550 not you"}, [FAILED] * 3),
    "wants a login first": ({"MAIL": "530 authenticate"}, [("retry", 530)] * 3),
    "greylists": ({".": ["451 greylisted", "250 taken"]}, [("retry", 451), TAKEN, TAKEN]),
    "refuses content": ({".": ["554 spam", "250 taken"]}, [("failed", 554), TAKEN, TAKEN]),
    "refuses DATA": ({"DATA": ["550 no", "354 go"]}, [FAILED, TAKEN, TAKEN]),
    "drops after the data": ({".": [DROP, "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "resets after the data": ({".": [RESET, "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "says 421 after the data": ({".": ["421 bye", "250 taken"]}, [("retry", 421), TAKEN, TAKEN]),
    "answers the data with garbage": ({".": [b"\x80\x81 what\r\n", "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "answers the data with 99": ({".": ["99 hm", "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "answers the data with 354": ({".": ["354 more", "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "hangs after the data": ({".": [HANG, "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "drips its answer": ({".": [(0.2, "250 taken"), "250 taken"]}, [RETRY, TAKEN, TAKEN]),
    "accepts slowly": ({".": [(0.005, "250 taken"), "250 taken"]}, [TAKEN] * 3),
    "hangs at MAIL": ({"MAIL": [HANG, "250 ok"]}, [RETRY, TAKEN, TAKEN]),
    "ends a kept connection politely": ({"MAIL": ["250 ok", "421 enough", "250 ok"]}, [TAKEN] * 3),
    "ends a kept connection rudely": ({"MAIL": ["250 ok", DROP, "250 ok"]}, [TAKEN] * 3),
    "ends every connection after one letter": ({"RSET": DROP, ".": "250 taken"}, [TAKEN] * 3),
    "refuses and then cannot reset": ({"RCPT": ["550 no", "250 ok"], "RSET": DROP}, [FAILED, TAKEN, TAKEN]),
    "refuses and then hangs on reset": ({"RCPT": ["550 no", "250 ok"], "RSET": HANG}, [FAILED, TAKEN, TAKEN]),
    "answers one command twice": ({"MAIL": "250 ok\r\n250 and again"}, [RETRY] * 3),
}


@pytest.mark.parametrize(("script", "expected"), ONE_CONNECTION.values(), ids=ONE_CONNECTION)
def test_every_letter_has_the_outcome_its_server_gave_it(script, expected):
    outcomes, seconds = deliver(HostileServer(script=script), write_letters(3), connections=1)
    assert statuses(outcomes) == expected
    assert seconds < 6


def test_accepted_is_only_what_the_server_took():
    server = HostileServer(script={".": ["250 taken", DROP, "550 no", "250 taken"]})
    outcomes, _ = deliver(server, write_letters(5), connections=1)
    assert server.taken == [f"unit{n}@phongtho.example" for n in (0, 3, 4)]
    assert [outcome.status for _, outcome in sorted(outcomes.items())] == [
        "accepted",
        "retry",
        "failed",
        "accepted",
        "accepted",
    ]


def test_a_refused_letter_is_reset_before_the_next():
    server = HostileServer(script={"RCPT": ["550 no", "250 ok"]})
    deliver(server, write_letters(2), connections=1)
    assert [line.split(" ")[0].split(":")[0] for line in server.commands][1:] == (
        ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]
    )


def test_two_hundred_letters_go_over_four_connections():
    server = HostileServer()
    outcomes, _ = deliver(server, write_letters(200), timeout=10)
    assert (set(statuses(outcomes)), server.accepts, len(set(server.taken))) == ({TAKEN}, 4, 200)


def test_connections_are_kept_between_batches():
    outcomes = []

    async def run():
        async with HostileServer() as server, courier_to(server, connections=2) as courier:
            for batch in range(5):
                await courier.deliver(write_letters(6, start=6 * batch), outcomes.append)
            return server.accepts

    assert (asyncio.run(run()), len(outcomes), {o.status for o in outcomes}) == (2, 30, {"accepted"})


def test_a_server_that_allows_fewer_connections_still_gets_everything():
    server = HostileServer(most_connections=1)
    outcomes, seconds = deliver(server, write_letters(60), timeout=5)
    assert (set(statuses(outcomes)), len(server.taken)) == ({TAKEN}, 60)
    assert seconds < 6


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_hung_server_costs_a_few_time_outs_not_one_for_each_letter(verb):
    outcomes, seconds = deliver(HostileServer(script={verb: HANG}), write_letters(300), timeout=0.5)
    assert set(statuses(outcomes)) == {RETRY}
    assert seconds < 6


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "."])
def test_a_server_that_drops_everything_is_left_alone_soon(verb):
    server = HostileServer(script={verb: RESET})
    outcomes, _ = deliver(server, write_letters(300))
    assert set(statuses(outcomes)) == {RETRY}
    assert server.accepts <= 8


def test_a_server_that_is_not_there_returns_everything_at_once():
    server = HostileServer()

    def gone(server):
        server.server.close()
        return server.url()

    outcomes, seconds = deliver(server, write_letters(2000), url=gone, timeout=5)
    assert set(statuses(outcomes)) == {RETRY}
    assert seconds < 6


def test_a_letter_with_an_unsafe_recipient_never_reaches_the_server():
    server = HostileServer()
    letters = [
        smtp.Letter("L/0", "a@x.example>\r\nRCPT TO:<b@x.example", "o@x.example", b"\r\n"),
        smtp.Letter("L/1", "a@x.example", "o@x.example, p@x.example", b"\r\n"),
        *write_letters(1, start=2),
    ]
    outcomes, _ = deliver(server, letters, connections=1)
    assert (statuses(outcomes), server.taken) == ([("failed", None)] * 2 + [TAKEN], ["unit2@phongtho.example"])


def test_starttls_that_is_not_offered_is_never_replaced_by_plain_text():
    server = HostileServer()
    outcomes, _ = deliver(server, write_letters(20), url=lambda s: s.url(tls="starttls", user="u:secret@"))
    assert set(statuses(outcomes)) == {RETRY}
    assert {line.split(" ")[0] for line in server.commands} == {"EHLO"}
    assert server.accepts == 1
    assert {o.reply for o in outcomes.values()} == {"Máy chủ không có STARTTLS; thư không được gửi khi chưa mã hóa."}


def test_starttls_that_is_offered_and_then_refused_is_never_replaced_by_plain_text():
    server = HostileServer(extensions=("STARTTLS",), script={"STARTTLS": "454 not now"})
    outcomes, _ = deliver(server, write_letters(3), url=lambda s: s.url(tls="starttls"), connections=1)
    assert statuses(outcomes) == [("retry", 454)] * 3
    assert {line.split(" ")[0] for line in server.commands} == {"EHLO", "STARTTLS"}


def test_a_wrong_password_is_tried_once_and_never_repeated_to_us():
    echo = "535 5.7.8 bad: AHUAc8OqY3JldA== sêcret"
    server = HostileServer(extensions=("AUTH PLAIN",), script={"AUTH": echo})
    outcomes, _ = deliver(server, write_letters(20), url=lambda s: s.url(user="u:s%C3%AAcret@"))
    assert set(statuses(outcomes)) == {("retry", 535)}
    assert [line.split(" ")[0] for line in server.commands].count("AUTH") == 1
    assert {o.reply for o in outcomes.values()} == {"Máy chủ từ chối đăng nhập: 5.7.8 bad: ••• •••"}


@pytest.mark.parametrize("challenge", ["334 ***not base64***", "334 gA==", "334"])
def test_a_senseless_login_challenge_is_an_outcome(challenge):
    server = HostileServer(extensions=("AUTH CRAM-MD5",), script={"AUTH": challenge})
    outcomes, _ = deliver(server, write_letters(2), url=lambda s: s.url(user="u:secret@"), connections=1)
    assert [outcome.status for outcome in outcomes.values()] == ["retry"] * 2


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Server and client contexts of a certificate for 127.0.0.1 that no system trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    today = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=folder / "cert.pem")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_letters_and_password_go_encrypted(authority, tls):
    extensions = ("STARTTLS", "AUTH PLAIN") if tls == "starttls" else ("AUTH PLAIN",)
    server = HostileServer(extensions=extensions, tls=authority[0], implicit=tls == "implicit")
    outcomes, _ = deliver(
        server,
        write_letters(3),
        url=lambda s: s.url(tls=tls, user="u:p%40ss@"),
        tls_context=authority[1],
        timeout=5,
        connections=1,
    )
    verbs = [line.split(" ")[0] for line in server.commands]
    before_login = ["EHLO", "STARTTLS", "EHLO", "AUTH"] if tls == "starttls" else ["EHLO", "AUTH"]
    assert (statuses(outcomes), verbs[: len(before_login)]) == ([TAKEN] * 3, before_login)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_nobody_vouches_for_gets_no_letter(authority, tls):
    server = HostileServer(extensions=("STARTTLS",), tls=authority[0], implicit=tls == "implicit")
    outcomes, _ = deliver(server, write_letters(5), url=lambda s: s.url(tls=tls), timeout=5)
    assert (set(statuses(outcomes)), server.taken) == ({RETRY}, [])


def test_what_reporting_raises_ends_the_delivery():
    async def run():
        async with HostileServer() as server, courier_to(server) as courier:

            def report(outcome):
                raise LookupError(outcome.status)

            with pytest.raises(LookupError, match="accepted"):
                await courier.deliver(write_letters(50), report)
            later = []
            await courier.deliver(write_letters(3), later.append)
            return [outcome.status for outcome in later]

    assert asyncio.run(run()) == ["accepted"] * 3


def test_letters_may_come_from_an_asynchronous_source_and_reports_are_awaited_one_by_one():
    reported, at_once = [], []

    async def source():
        for letter in write_letters(20):
            await asyncio.sleep(0)
            yield letter

    async def report(outcome):
        at_once.append(outcome)
        assert len(at_once) == 1
        await asyncio.sleep(0.001)
        reported.append(at_once.pop().status)

    async def run():
        async with HostileServer() as server, courier_to(server) as courier:
            await courier.deliver(source(), report)

    asyncio.run(run())
    assert reported == ["accepted"] * 20


def test_the_loopback_server_keeps_what_it_accepts(tmp_path):
    outcomes = []
    data = b"From: a@x.example\r\nMessage-ID: <m%d@x.example>\r\nX-Vinhdanh-Key: K/%d\r\n\r\nFrom here\r\n"
    letters = [smtp.Letter(f"K/{n}", f"u{n}@x.example", "a@x.example", data % (n, n)) for n in range(50)]
    with loopback.LoopbackServer(tmp_path) as server:

        async def run():
            async with smtp.Courier(smtp.SmtpSettings.from_url(server.url)) as courier:
                await courier.deliver(letters, outcomes.append)

        asyncio.run(run())
        received, accepts = server.received, server.accepts
    assert {o.status for o in outcomes} == {"accepted"}
    assert accepts == 4
    assert sorted(received, key=lambda r: int(r.key[2:])) == [
        loopback.Received(f"<m{n}@x.example>", f"K/{n}", f"u{n}@x.example") for n in range(50)
    ]
    spool = (tmp_path / "letters.mbox").read_bytes()
    assert (spool.count(b"From vinhdanh "), spool.count(b"\n>From here\n")) == (50, 50)


def test_a_loopback_port_that_is_taken_is_an_error_at_the_start():
    with loopback.LoopbackServer() as first, pytest.raises(OSError, match="in use"):
        loopback.LoopbackServer(port=first.port).__enter__()


def test_pauses_grow_to_about_two_days_and_then_end():
    pauses = [smtp.back_off(attempt) for attempt in range(1, smtp.MAX_ATTEMPTS)]
    minutes = [pause.total_seconds() / 60 for pause in pauses]
    assert minutes == [1, 5, 15, 60, 240, 240, 360, 360, 480, 480, 480]
    assert dt.timedelta(hours=40) < sum(pauses, dt.timedelta()) < dt.timedelta(hours=50)
    assert smtp.back_off(smtp.MAX_ATTEMPTS) is None


READABLE = {
    "smtp://127.0.0.1:2525?tls=none": ("127.0.0.1", 2525, "none", None, None),
    "smtp://127.0.0.1:2525": ("127.0.0.1", 2525, "none", None, None),
    "smtp://localhost": ("localhost", 25, "none", None, None),
    "smtp://[::1]:25/?tls=none": ("::1", 25, "none", None, None),
    "smtp://u:p@localhost:25?tls=none": ("localhost", 25, "none", "u", "p"),
    "smtp://mail.example": ("mail.example", 587, "starttls", None, None),
    "smtp://mail.example?tls=implicit": ("mail.example", 465, "implicit", None, None),
    "smtp://a%40b.example:p%3A%2F%23%C3%AA@mail.example:587?tls=starttls": (
        "mail.example",
        587,
        "starttls",
        "a@b.example",
        "p:/#ê",
    ),
}


@pytest.mark.parametrize("url", READABLE)
def test_a_url_is_read(url):
    settings = smtp.SmtpSettings.from_url(url)
    assert (settings.host, settings.port, settings.tls, settings.username, settings.password) == READABLE[url]


UNREADABLE = {
    "": "scheme",
    "mail.example:25": "scheme",
    "http://mail.example": "scheme",
    "smtps://mail.example": "scheme",
    "smtp://": "host",
    "smtp://:25": "host",
    "smtp://mail.example:0": "port",
    "smtp://mail.example:99999": "url",
    "smtp://mail.example:abc": "url",
    "smtp://mail.example/path": "path",
    "smtp://mail.example#x": "path",
    "smtp://u:hunter2#x@mail.example": "url",
    "smtp://mail.example?tls=maybe": "tls",
    "smtp://mail.example?tls=none&tls=starttls": "query",
    "smtp://mail.example?tsl=none": "query",
    "smtp://mail.example?tls": "url",
    "smtp://u@mail.example": "user",
    "smtp://:hunter2@mail.example": "user",
    "smtp://u:hunter2@mail.example?tls=none": "tls",
    "smtp://u:hunter2%zz@mail.example": "password",
    "smtp://u:hunter2%ff@mail.example": "password",
    "smtp://u:hunter2%0d%0aQUIT@mail.example": "password",
    "smtp://u:hunter2@mail.example\r\n": "url",
    "smtp://u:hunter2@mail.example ": "url",
    "smtp://[::1": "url",
}


@pytest.mark.parametrize("url", UNREADABLE)
def test_an_unreadable_url_is_named_without_its_password(url):
    with pytest.raises(Unreadable) as caught:
        smtp.SmtpSettings.from_url(url)
    assert (caught.value.code, caught.value.where) == (
        "bad_smtp_url",
        {"setting": "VINHDANH_SMTP_URL", "part": UNREADABLE[url]},
    )
    assert "hunter2" not in str(caught.value.as_json())


def test_settings_hide_their_credentials():
    settings = smtp.SmtpSettings.from_url("smtp://boss:hunter2@mail.example")
    assert f"{settings} {settings!r}".count("hunter2") + f"{settings} {settings!r}".count("boss") == 0
