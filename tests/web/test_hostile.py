"""Hostile text in every field: stored or refused, never a fault; and on no page anything but text."""

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import DATABASES, LONG, Templates
from tests.web.busy_site import Places, busy, places
from tests.web.conftest import Site
from tests.web.site_map import Route, routes
from tests.web.test_matrix import EVERYBODY, PEOPLE, Party
from tests.web.test_random_walk import LEFT_ALONE, PAPERS, Form, Reader, addresses

# All that may be kept, in one; short enough for a name.
EVIL = (
    "<vd-evil onclick=alert(1)>\"'><img src=x onerror=alert(1)></textarea></title>{{7654321*1234567}}'; DROP TABLE nominee;--"
    "\u202e&lt;javascript:alert(1)\u00a0\u200b🏅👩\u200d👩\u200d👧 "
)
FORMULA = "=cmd|' /C calc'!A0"
STRINGS = {
    "evil": EVIL,
    "script": "<script>alert(1)</script>",
    "template": "{{7654321*1234567}}${7654321*1234567}{% raw %}",
    "sql": "'; DROP TABLE nominee; --",
    "formula": FORMULA,
    "javascript": "javascript:alert(1)",
    "nul": "a\x00b",
    "escapes": "\x1b[2J\x07\x85",
    "half_a_pair": b"\xed\xa0\x80",
    "no_utf8": b"\xff\xfe\xc0",
    "rtl": "\u202ehcaeR\u2066",
    "long": "x" * 10_000,
    "digits": "9" * 5_000,  # int() of more than 4,300 raises
    "other_digits": "²٣",  # isdigit() and isdecimal() without being a number of ours
    "spaces": "\u00a0\u2003\u200b",
}
# `evil` holds what these hold: each stands alone in test-long.
HELD = ("script", "template", "sql", "javascript", "rtl", "spaces")
AT_ONCE = {name: text for name, text in STRINGS.items() if name not in HELD}
EACH = ("evil", "formula", "nul", "half_a_pair", "no_utf8", "long", "digits", "other_digits")
# The statuses of something kept, looked at, or refused in order.
LAWFUL = frozenset({200, 303, 403, 404, 405, 409, 413, 422, 429})


def evil(what: str) -> str:
    return FORMULA if what in {"nominee.position", "nomination.achievement"} else EVIL + what


# Shown -------------------------------------------------------------------------------------------------------------


class Watcher(HTMLParser):
    """What a browser would do with a page beyond showing text."""

    OURS = re.compile(r"/static/[\w.-]+\?[0-9a-f]{12}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.amiss: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in {"vd-evil", "iframe", "object", "embed", "base", "style"}:
            self.amiss.append(f"<{tag}>")
        if tag in {"script", "img"} and not self.OURS.fullmatch(said.get("src", "")):
            self.amiss.append(f"<{tag} src={said.get('src')!r}>")
        for name, value in said.items():
            if name.startswith("on") or name in {"srcdoc", "style"}:
                self.amiss.append(f"{tag} {name}={value!r}")
            if name in {"href", "src", "action", "formaction", "hx-get"} and not value.startswith(
                ("/", "#", "?", "data:")
            ):
                self.amiss.append(f"{tag} {name}={value!r}")
            if name in {"href", "action", "hx-get"} and value.startswith(("//", "/\\")):
                self.amiss.append(f"{tag} {name}={value!r}")


def amiss_in(answer: httpx.Response) -> list[str]:
    """What of an answer is more than text: tags, handlers, templates carried out, formulas for a spreadsheet."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    found = [] if answer.headers.get("x-content-type-options") == "nosniff" else ["may be sniffed"]
    if "9449772114007" in answer.text:
        found.append("a template of a visitor's was carried out")
    if kind == "text/html":
        return found + Watcher(answer.text).amiss
    if kind == "text/csv":
        cells = [cell for cut in ",;" for row in csv.reader(io.StringIO(answer.text), delimiter=cut) for cell in row]
        return found + [f"formula {cell[:30]!r}" for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    allowed = {"application/json", "application/problem+json", "application/pdf", "text/plain", "text/x-python", ""}
    return found + ([] if kind in allowed or kind.startswith("application/vnd.openxml") else [f"served as {kind}"])


@pytest.fixture(scope="module")
def party(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Party]:
    with busy(templates, tmp_path_factory.mktemp("hostile") / "site", "hostile", evil) as site:
        yield Party(site)


@pytest.mark.parametrize("letter", EVERYBODY)
def test_stored_text_is_text_on_every_page(party: Party, letter: str) -> None:
    found: dict[str, list[str]] = {}
    shows = 0
    for path in addresses(party.places):
        if path.endswith(PAPERS):
            continue
        answer = party.get(letter, path)
        shows += "&lt;vd-evil" in answer.text or "<vd-evil" in answer.text  # the latter in JSON and CSV
        if amiss := amiss_in(answer):
            found[path] = amiss
    assert found == {}
    assert shows >= (5 if letter in "NA" else 50), "too few pages show the text: this would prove nothing"


# Sent --------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=DATABASES if LONG else DATABASES[-1:])
def plain(request: pytest.FixtureRequest, templates: Templates, tmp_path: Any) -> Iterator[Site]:
    """On PostgreSQL, the stricter: it refuses a NUL that SQLite keeps; at length on both."""
    with busy(templates, tmp_path / "site", "plain", str, kind=request.param) as site:
        yield site


def forms_of(site: Site, at: Places, letter: str) -> tuple[Any, list[tuple[str, Form]]]:
    browser = site.client() if letter == "N" else site.sign_in(PEOPLE[letter])
    found = []
    for path in addresses(at):
        if path.endswith(PAPERS) or path.startswith("/api/"):
            continue
        answer = browser.get(path)
        if answer.headers.get("content-type", "").startswith("text/html"):
            found += [(path, form) for form in Reader(answer.text).forms if form.action not in LEFT_ALONE]
    return browser, found


def shape(form: Form) -> tuple[str, str, tuple[str, ...]]:
    """Forms of one kind: codes in their addresses and names are whichever."""
    names = {re.sub(r"\d+", "0", name) for name, kind, _ in form.fields if kind not in {"button", "submit"}}
    return (
        form.method,
        re.sub(r"[A-Z]{2,3}\d?-\d[\d-]*|canbo\.\w+|truong\.\w+|tv\d\d", "*", form.action),
        tuple(sorted(names | set(form.options))),
    )


def test_every_field_of_every_form_keeps_or_refuses_it(plain: Site) -> None:
    """Each hostile text in all fields at once; at length, and on PostgreSQL, also field by field with the others as they were."""
    at = places(plain.office)
    one_by_one = LONG and "postgresql" in str(plain.office.database.engine.url)
    known: set[Any] = set()
    sent = 0
    faults: dict[str, str] = {}
    for letter in "SORTCAN":  # the other five have no form that none of these has
        browser, forms = forms_of(plain, at, letter)
        browser._transport.raise_server_exceptions = False  # a fault is an answer here, as it is for people
        for page, form in forms:
            if shape(form) in known:
                continue
            known.add(shape(form))
            for what, said in _tries(form, one_by_one=one_by_one):
                answer = browser.request(form.method.upper(), form.action or page, **_carried(form.method, said))
                sent += 1
                amiss = [] if answer.status_code in LAWFUL else [answer.status_code]
                if amiss := amiss or amiss_in(answer):
                    faults[f"{letter} {form.method} {form.action} {what}"] = str(amiss)
    assert faults == {}
    assert len(known) > 40
    assert sent > len(known) * len(STRINGS if LONG else AT_ONCE) / 2
    assert plain.office.violations() == []


def _tries(form: Form, *, one_by_one: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is sent of one form: (in which field which string, all its fields)."""
    usual: dict[str, Any] = {
        name: value or "thử" for name, kind, value in form.fields if kind not in {"checkbox", "file"}
    }
    usual |= {name: (values or [""])[-1] for name, values in form.options.items()}
    texts = {name for name in usual if _is_text(form, name)}
    if not one_by_one:
        said = STRINGS if LONG else AT_ONCE
        yield from ((f"texts={label}", usual | dict.fromkeys(texts, text)) for label, text in said.items())
        everything = dict.fromkeys(set(usual) - {"csrf"}, STRINGS["evil"])
        yield "everything=evil", usual | everything
        return
    for name in sorted(set(usual) - {"csrf"}):
        # Codes and buttons are no text fields: one string that no database takes, and one that no number is.
        labels = EACH if name in texts else ("nul", "digits")
        yield from ((f"{name}={label}", {**usual, name: STRINGS[label]}) for label in labels)


def _is_text(form: Form, name: str) -> bool:
    return any(one == name and kind not in {"hidden", "radio", "button", "submit"} for one, kind, _ in form.fields)


def _carried(method: str, said: dict[str, Any]) -> dict[str, Any]:
    """As a browser sends it; bytes that are no UTF-8 go as they are."""
    coded = "&".join(f"{quote(name)}={quote(value)}" for name, value in said.items())
    if method == "get":
        return {"params": coded}
    return {"content": coded, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


# Query fields that pages read without declaring them.
ASKED = ("text", "award", "unit", "kind", "state", "year", "list", "after", "done", "round", "decision", "nomination", "number",
         "code", "verb", "page")  # fmt: skip


def test_every_address_takes_it_or_refuses_it(plain: Site) -> None:
    """In each part of each path and in each query field, for somebody who may go there."""
    party = Party(plain)
    faults: dict[str, str] = {}
    for route in routes():
        if route.method != "GET":
            continue
        letter = "A" if "/administration" in route.path else "C" if "/sign" in route.path else "S"
        client = (party.programs if route.for_programs else party.browsers)[letter]
        client._transport.raise_server_exceptions = False
        for path in _odd(route, _there(route.path, party.places), one_by_one=LONG):
            answer = client.get(path)
            amiss = [] if answer.status_code in LAWFUL | {400} else [answer.status_code]
            if amiss := amiss or amiss_in(answer):
                faults[path[:120]] = str(amiss)
    assert faults == {}


def _odd(route: Route, there: str, *, one_by_one: bool) -> Iterator[str]:
    names = [one.alias for one in route.api.dependant.query_params] or list(ASKED)
    for label in ("evil", "nul", "half_a_pair", "no_utf8", "long", "digits", "other_digits"):
        coded = quote(STRINGS[label], safe="")[:4500]  # a number that long is one too many for int()
        if "{" in route.path:
            yield route.filled(coded)
        yield f"{there}?{'&'.join(f'{name}={coded[:3000]}' for name in names)}"
    # One at a time: another field's error would hide what this one does.
    for name in names if one_by_one else ():
        yield f"{there}?{name}=a%00b"
        yield f"{there}?{name}={'9' * 4500}"


def _there(path: str, at: Places) -> str:
    known = {"/nominations/{code}": at.own["submitted"], "/rounds/{code}": at.round, "/sessions/{code}": at.open,
             "/council/{code}": at.tallied, "/petitions/{code}": at.petition}  # fmt: skip
    for start, code in known.items():
        if start in path:
            path = path.replace("{code}", code, 1)
    return re.sub(r"\{[^}]+\}", "x", path.replace("{number}", at.decision).replace("{letter}", at.letter))


# Bodies that no browser of ours sends -----------------------------------------------------------------------------

CHARSETS = (
    "utf-7",
    "utf-16",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "idna",
    "punycode",
    "hex",
    "rot13",
    "no-such",
    "",
)


@pytest.mark.parametrize("charset", CHARSETS, ids=lambda one: one or "none")
def test_a_form_in_an_odd_character_table_is_no_fault(party: Party, charset: str) -> None:
    """Half a surrogate pair comes in by UTF-7 or an escape: a text that no database and no page can hold."""
    browser = party.site.client()
    browser._transport.raise_server_exceptions = False
    fields = {
        "kind": "complaint",
        "text": "+2AA- \\ud800 \\x00",
        "sender": "+2AA-",
        "about": "+2AA-",
        "username": "+2AA-",
        "password": "x" * 12,
    }
    body = (
        "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n' for name, said in fields.items()
        )
        + "--b--\r\n"
    )
    kind = f"multipart/form-data; boundary=b; charset={charset}"
    for path in ("/petitions/new", "/login", "/petitions/status", "/verify", "/language"):
        answer = browser.post(path, content=body.encode(), headers={"Content-Type": kind})
        assert answer.status_code in LAWFUL | {400}, (path, answer.status_code)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"%"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(70_000))),
        ("application/x-www-form-urlencoded", b"csrf=%00&once=%00&next=//evil.example&to=en"),
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=" + "b" * 3000, b"--b--"),
        ("application/json", b'{"text":"x"}'),
        ("text/plain", b"text=x"),
        ("", b"x"),
    ],
    ids=[
        "percent",
        "too_many_fields",
        "nul_keys",
        "no_boundary",
        "cut_off",
        "nameless",
        "long_boundary",
        "json",
        "plain",
        "no_type",
    ],
)
def test_a_body_that_is_no_form_is_no_fault(party: Party, kind: str, body: bytes) -> None:
    browser = party.site.client()
    browser._transport.raise_server_exceptions = False
    for path in ("/petitions/new", "/login", "/verify", "/language"):
        answer = browser.post(path, content=body, headers={"Content-Type": kind} if kind else {})
        assert answer.status_code in LAWFUL | {400}, (path, answer.status_code)
        assert answer.headers.get("location", "/").startswith("/")
        assert not answer.headers.get("location", "/").startswith("//")


def test_the_api_keeps_or_refuses_it(plain: Site) -> None:
    """JSON can say half a surrogate pair outright (`"\\ud800"`)."""
    party = Party(plain)
    at = party.places
    found = {}
    for label, text in {"nul": "a\x00b", "half_a_pair": "\ud800", "evil": EVIL, "long": "x" * 30_000}.items():
        bodies: dict[tuple[str, str], dict[str, Any]] = {
            ("O", "nominations"): {"round": at.round, "unit": "XA01", "name": text, "kind": "individual", "award": "LDTT",
                                   "position": text, "achievement": text, "initiative": text, "ethnicity": text},
            ("O", f"nominations/{at.own['draft']}/mend"): {"initiative": text, "achievement": text},
            ("O", f"nominations/{at.own['submitted']}/withdraw"): {"reason": text},
            ("R", f"nominations/{at.foreign['submitted']}/return"): {"reason": text},
            ("R", f"petitions/{at.aside}/answer"): {"answer": text},
            ("S", "petitions"): {"text": text, "kind": "complaint", "sender": text},
            ("S", "rounds"): {"kind": "DOT_XUAT", "year": 2024, "title": text},
            ("S", "sessions"): {"round": at.round, "at": "2024-12-02T08:00:00+07:00", "place": text},
            ("C", "decisions/sign"): {"codes": [text], "password": text},
        }  # fmt: skip
        for (letter, path), body in bodies.items():
            program = party.programs[letter]
            program._transport.raise_server_exceptions = False
            headers = {"Content-Type": "application/json", "Idempotency-Key": f"{label}-{path}"}
            answer = program.post(f"/api/v1/{path}", content=json.dumps(body), headers=headers)
            if answer.status_code not in LAWFUL | {201}:
                found[path, label] = answer.status_code
    assert found == {}
    assert plain.office.violations() == []


def test_a_refusal_leads_back_to_the_page_of_this_site_it_came_from(site: Site) -> None:
    browser = site.sign_in("canbo.xa01")

    def back(referer: str) -> list[str]:
        page = browser.get("/dashboard", headers={"referer": referer})
        return re.findall(r'<a class="button" href="([^"]+)">Quay lại', page.text)

    assert back("http://127.0.0.1/nominations?text=x") == ["/nominations"]
    assert [back(one) for one in ("", "https://evil.example/x", "http://127.0.0.1//evil.example")] == [[], [], []]
