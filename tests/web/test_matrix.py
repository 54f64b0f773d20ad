"""The authorisation matrix: every person × every route × their own and somebody else's object, over HTTP.

What is expected stands in the tables below, drawn from docs/contract.md §8 and docs/law.md, not from the policy's
code. A new route needs its row: the first two tests fail and say so.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from operations.people import tokens
from tests.conftest import Templates
from tests.web.busy_site import Places, busy, places
from tests.web.conftest import Site
from tests.web.site_map import CHANGING, routes
from web.api.app import PREFIX
from web.visit import LOOPBACK_COOKIE, csrf_token

# One letter a person: N nobody · O, H officer and head of XA01 · F officer of XA02 · R reviewer · S secretary ·
# M member (stands aside from XA02's eligible nomination) · T member and teller · C chairman · D deputy (for LDTT,
# GK_HUYEN, CSTDCS) · I inspector · A administrator.
PEOPLE = {
    "O": "canbo.xa01", "H": "truong.xa01", "F": "canbo.xa02", "R": "chuyenvien1", "S": "thuky", "M": "tv05", "T": "tv04",
    "C": "chutich", "D": "phochutich", "I": "thanhtra", "A": "quantri",
}  # fmt: skip
EVERYBODY = "NOHFRSMTCDIA"
SIGNED_IN = "OHFRSMTCDIA"
WORKERS = "OHFRSMTCDI"
OFFICE = "RSCDI"
COUNCIL = "RSMTCDI"  # the office and the members
READERS = "OHRSMTCDI"  # of a nomination of XA01
SEATS = "MTCD"

Answers = dict[str, int]  # people → status; whoever is not named: nobody to /login (pages) or 401 (API), others 403

PAGES: dict[str, Answers] = {
    # Public
    "/": {EVERYBODY: 200},
    "/?list=people&text=zq": {EVERYBODY: 200},
    "/register.csv": {EVERYBODY: 200},
    "/register.json": {EVERYBODY: 200},
    "/decisions/{p.decision}": {EVERYBODY: 200},
    "/decisions/{p.unpublished}": {EVERYBODY: 404},  # signed, not published: not even the office finds it here
    "/decisions/{p.decision}.pdf": {EVERYBODY: 404},  # no paper was rendered here
    "/decisions/{p.unpublished}.pdf": {EVERYBODY: 404},
    "/decisions/{p.decision}/revoke": {"CD": 200},
    "/decisions/{p.decision}.tlog-proof": {EVERYBODY: 200},
    "/decisions/{p.unpublished}.tlog-proof": {EVERYBODY: 404},
    "/ledger/checkpoint": {EVERYBODY: 200},
    "/ledger/vkey": {EVERYBODY: 200},
    "/verify": {EVERYBODY: 200},
    "/verify.py": {EVERYBODY: 200},
    "/petitions/new": {EVERYBODY: 200},
    "/petitions/status": {EVERYBODY: 200},
    "/petitions/received": {EVERYBODY: 303},  # a receipt is shown to its own form only
    "/idle": {EVERYBODY: 200},
    "/healthz": {EVERYBODY: 200},
    "/readyz": {EVERYBODY: 200},
    "/metrics": {EVERYBODY: 404},  # for this machine only; the test's client is not on it
    "/login": {"N": 200, SIGNED_IN: 303},
    "/login/outside": {EVERYBODY: 404},  # no provider is set
    "/login/outside/back": {EVERYBODY: 404},
    "/first/khong-co": {EVERYBODY: 409},  # used up, expired or never there: not said which
    # One's own
    "/confirm": {SIGNED_IN: 200},
    "/typed": {SIGNED_IN: 303},  # nothing waits for them
    "/account": {SIGNED_IN: 200},
    "/account/second-factor": {SIGNED_IN: 200},
    "/inbox": {SIGNED_IN: 200},
    "/inbox/counts": {SIGNED_IN: 200},
    # Rounds
    "/rounds": {WORKERS: 200},
    "/rounds/{p.round}": {WORKERS: 200},
    "/rounds/{p.round}/live": {WORKERS: 200},
    "/rounds/new": {"S": 200},
    "/rounds/{p.round}/extend": {"S": 200},
    "/rounds/{p.round}/advance": {"S": 200},
    "/rounds/{p.round}/disclose?paper={p.unpublished}": {"RS": 200},
    "/rounds/{p.round}/letters/{p.letter}": {"RS": 200},
    "/rounds/{p.round}/intake": {"OFS": 200},
    "/rounds/{p.round}/intake/template.xlsx": {"OFS": 200},
    "/rounds/{p.round}/intake/khong-co-tep": {"OFS": 404},  # an upload is its owner's alone
    "/rounds/{p.round}/intake/khong-co-tep/loi.xlsx": {"OFS": 404},
    # Nominations: their own unit's, another unit's, one from which M stands aside
    "/nominations": {WORKERS: 200},
    "/nominations/new": {"OFS": 200},
    "/nominations/{p.own[draft]}": {READERS: 200},
    "/nominations/{p.own[paused]}": {READERS: 200},
    "/nominations/{p.own[disclosed]}": {READERS: 200},
    "/nominations/{p.foreign[submitted]}": {"FRSMTCDI": 200},
    "/nominations/{p.foreign[disclosed]}": {"FRSMTCDI": 200},
    "/nominations/{p.foreign[eligible]}": {"FRSTCDI": 200},
    "/nominations/DN-2024-999999": {WORKERS: 404},
    "/nominations/{p.own[draft]}/mend": {"OS": 200},
    "/nominations/{p.foreign[draft]}/mend": {"FS": 200},
    "/nominations/{p.own[draft]}/attach": {"OS": 200},
    "/nominations/{p.foreign[draft]}/attach": {"FS": 200},
    "/nominations/{p.own[disclosed]}/attach": {"OS": 409},  # passed long ago
    "/nominations/{p.own[draft]}/attachments/1": {READERS: 200},
    "/nominations/{p.own[draft]}/attachments/2": {READERS: 404},
    "/nominations/{p.foreign[draft]}/attachments/1": {"FRSMTCDI": 200},
    "/nominations/{p.own[draft]}/attachments/1/remove": {"OS": 200},
    "/nominations/{p.foreign[draft]}/attachments/1/remove": {"FS": 200},
    "/nominations/{p.own[draft]}/submit": {"OS": 200},
    "/nominations/{p.foreign[draft]}/submit": {"FS": 200},
    "/nominations/{p.own[submitted]}/withdraw": {"O": 200},
    "/nominations/{p.foreign[submitted]}/withdraw": {"F": 200},
    "/nominations/{p.own[submitted]}/decline": {"ORS": 200},
    "/nominations/{p.foreign[submitted]}/decline": {"FRS": 200},
    "/nominations/{p.own[submitted]}/correct": {"RS": 200},
    "/nominations/{p.own[submitted]}/pass": {"R": 200},
    "/nominations/{p.own[submitted]}/return": {"R": 200},
    "/nominations/{p.own[submitted]}/ineligible": {"R": 200},
    "/nominations/{p.own[submitted]}/pause": {"RS": 200},
    "/nominations/{p.own[paused]}/resume": {"RS": 200},
    # The council
    "/council": {WORKERS: 200},
    "/council/new": {"S": 200},
    "/council/members": {"SA": 200},
    "/council/{p.convened}": {COUNCIL: 200},
    "/council/{p.open}": {COUNCIL: 200},
    "/council/{p.tallied}": {COUNCIL: 200},
    "/council/{p.convened}/reschedule": {"S": 200},
    "/council/{p.convened}/conflicts": {COUNCIL: 200},
    "/council/{p.convened}/open": {"ST": 200},
    "/council/{p.open}/ballot": {SEATS: 200},
    "/council/{p.open}/receipt": {SEATS: 200},
    "/council/{p.open}/share": {"T": 200},
    "/council/{p.open}/count": {"T": 409},  # not a paper ballot
    "/council/{p.open}/tally": {"ST": 409},  # still open
    "/council/{p.open}/annul": {"S": 200},
    "/council/{p.open}/batch.json": {COUNCIL: 409},
    "/council/{p.open}/minutes.pdf": {COUNCIL: 409},
    "/council/{p.tallied}/batch.json": {COUNCIL: 200},
    "/council/{p.tallied}/minutes.pdf": {COUNCIL: 200},
    "/council/{p.tallied}/verify": {COUNCIL: 200},
    # Signing
    "/sign": {"CD": 200},
    "/sign/{p.round}/decide/LDTT": {"CD": 200},
    "/sign/{p.round}/decide/LDTT/check?whole=1": {"CD": 200},
    "/sign/{p.round}/decide/LDTT/preview.pdf": {"CD": 200},
    "/sign/{p.round}/decide/BK_TINH": {"CD": 404},
    # Petitions
    "/petitions": {"RSCI": 200},
    "/petitions/{p.petition}": {"RSCI": 200},
    "/petitions/{p.aside}": {"RSCI": 200},
    # The system
    "/dashboard": {"RSCDIA": 200},
    "/dashboard/live": {"RSCDIA": 200},
    "/administration": {"A": 200},
    "/administration/accounts": {"A": 200},
    "/administration/accounts/tv05": {"A": 200},
    "/administration/accounts/khong-co": {"A": 403},
    "/administration/units": {"A": 200},
    "/administration/authorisations": {"C": 200},
    "/administration/authorisations/end?document=authorisation.document": {"C": 200},
    "/administration/requests/1": {"SC": 200},
    "/administration/requests/khong-co": {"SC": 404},
    "/administration/security": {"IA": 200},
    # The API
    "/api/v1/openapi.json": {EVERYBODY: 200},
    "/api/v1/register": {SIGNED_IN: 200},
    "/api/v1/register/papers": {SIGNED_IN: 200},
    "/api/v1/register/papers/{p.decision}": {SIGNED_IN: 200},
    "/api/v1/register/papers/{p.unpublished}": {SIGNED_IN: 404},
    "/api/v1/rules/packs": {SIGNED_IN: 200},
    "/api/v1/deadlines/compute?from=2024-12-20&days=3": {SIGNED_IN: 200},
    "/api/v1/cash/compute?award=LDTT&subject=individual&on=2024-12-20": {SIGNED_IN: 200},
    "/api/v1/rounds": {WORKERS: 200},
    "/api/v1/rounds/{p.round}": {WORKERS: 200},
    "/api/v1/nominations": {WORKERS: 200},
    "/api/v1/nominations/{p.own[draft]}": {READERS: 200},
    "/api/v1/nominations/{p.foreign[submitted]}": {"FRSMTCDI": 200},
    "/api/v1/nominations/{p.foreign[eligible]}": {"FRSTCDI": 200},
    "/api/v1/nominations/{p.own[draft]}/attachments": {READERS: 200},
    "/api/v1/nominations/{p.foreign[eligible]}/attachments": {"FRSTCDI": 200},
    "/api/v1/nominations/{p.own[draft]}/attachments/1": {READERS: 200},
    "/api/v1/nominations/{p.foreign[draft]}/attachments/1": {"FRSMTCDI": 200},
    "/api/v1/sessions/{p.open}": {COUNCIL: 200},
    "/api/v1/sessions/{p.open}/members": {COUNCIL: 200},
    "/api/v1/sessions/{p.convened}/conflicts": {COUNCIL: 200},
    "/api/v1/sessions/{p.open}/ballot/results": {COUNCIL: 200},
    "/api/v1/sessions/{p.tallied}/ballot/results": {COUNCIL: 200},
    "/api/v1/decisions": {WORKERS: 200},
    "/api/v1/decisions/{p.decision}": {WORKERS: 200},
    "/api/v1/decisions/{p.unpublished}": {OFFICE: 200, "OHFMT": 404},
    "/api/v1/petitions": {"RSCI": 200},
    "/api/v1/petitions/{p.petition}": {"RSCI": 200},
    "/api/v1/ledger": {"SCIA": 200},
    "/api/v1/ledger/proofs/{p.decision}": {"SCIA": 200},
    "/api/v1/notifications": {"RSCDIA": 200},
}

# Changing routes: who gets further than 403 with this object. Public ones have no wrong person.
ACTS: dict[str, str] = {
    "/login": EVERYBODY,
    "/logout": EVERYBODY,
    "/language": EVERYBODY,
    "/first/khong-co": EVERYBODY,
    "/verify": EVERYBODY,
    "/petitions/new": EVERYBODY,
    "/petitions/status": EVERYBODY,
    "/confirm": SIGNED_IN,
    "/account/password": SIGNED_IN,
    "/account/sessions": SIGNED_IN,
    "/account/second-factor": SIGNED_IN,
    "/account/second-factor/off": SIGNED_IN,
    "/account/tokens": SIGNED_IN,
    "/account/tokens/revoke": SIGNED_IN,
    "/inbox/acts": SIGNED_IN,
    "/administration/accounts": "A",
    "/administration/accounts/tv05/invite": "A",
    "/administration/accounts/tv05/do": "A",
    "/administration/accounts/tv05/roles": "A",
    "/administration/units": "A",
    "/administration/units/XA01/end": "A",
    "/administration/authorisations": "C",
    "/administration/authorisations/end": "C",
    "/administration/requests/1": "SC",
    "/rounds": "S",
    "/rounds/{p.round}/acts": "RS",
    "/rounds/{p.round}/advance": "S",
    "/rounds/{p.round}/extend": "S",
    "/rounds/{p.round}/run": "S",
    "/rounds/{p.round}/disclose": "RS",
    "/rounds/{p.round}/letters/{p.letter}": "RS",
    "/rounds/{p.round}/intake": "OFS",
    "/rounds/{p.round}/intake/khong-co-tep": "OFS",
    "/nominations/new": "OFS",
    "/nominations/{p.own[draft]}/comments": "OHRSMTCD",
    "/nominations/{p.foreign[eligible]}/comments": "FRSTCD",
    "/nominations/{p.own[draft]}/attach": "OS",
    "/nominations/{p.foreign[draft]}/attach": "FS",
    "/nominations/{p.own[draft]}/attachments/1/remove": "OS",
    "/nominations/{p.foreign[draft]}/attachments/1/remove": "FS",
    "/nominations/{p.own[draft]}/mend": "OS",
    "/nominations/{p.foreign[draft]}/mend": "FS",
    "/nominations/{p.own[draft]}/submit": "OS",
    "/nominations/{p.foreign[draft]}/submit": "FS",
    "/nominations/{p.own[submitted]}/withdraw": "O",
    "/nominations/{p.foreign[submitted]}/withdraw": "F",
    "/nominations/{p.own[submitted]}/decline": "ORS",
    "/nominations/{p.foreign[submitted]}/decline": "FRS",
    "/nominations/{p.own[submitted]}/correct": "RS",
    "/nominations/{p.own[submitted]}/pass": "R",
    "/nominations/{p.own[submitted]}/return": "R",
    "/nominations/{p.own[submitted]}/ineligible": "R",
    "/nominations/{p.own[submitted]}/pause": "RS",
    "/nominations/{p.own[paused]}/resume": "RS",
    "/council": "S",
    "/council/members/set-up": "SA",
    "/council/members/appoint": "SA",
    "/council/members/dismiss": "SA",
    "/council/{p.convened}/attendance": "S",
    "/council/{p.convened}/reschedule": "S",
    "/council/{p.convened}/cancel": "S",
    "/council/{p.convened}/conflicts/look": "S",
    "/council/{p.convened}/conflicts/declare": SEATS,
    "/council/{p.convened}/conflicts/deny": SEATS,
    "/council/{p.convened}/conflicts/waive": "S",
    "/council/{p.convened}/conflicts/recuse": "S" + SEATS,
    "/council/{p.convened}/open": "ST",
    "/council/{p.open}/ballot": SEATS,
    "/council/{p.open}/ballot/cast": SEATS,
    "/council/{p.open}/roll": "ST",
    "/council/{p.open}/share": "T",
    "/council/{p.open}/count": "T",
    "/council/{p.open}/close": "ST",
    "/council/{p.open}/tally": "ST",
    "/council/{p.open}/annul": "S",
    "/council/{p.tallied}/verify": COUNCIL,
    "/sign/{p.round}/decide/LDTT": "CD",
    "/decisions/{p.decision}/revoke": "CD",
    "/petitions": "RS",
    "/petitions/{p.petition}/take": "RS",
    "/petitions/{p.petition}/dismiss": "RS",
    "/petitions/{p.petition}/answer": "RS",
    "/dashboard/verify": "SCIA",
    "/api/v1/petitions": SIGNED_IN,
    "/api/v1/rules/evaluate": SIGNED_IN,
    "/api/v1/rounds": "S",
    "/api/v1/rounds/{p.round}/advance": "S",
    "/api/v1/rounds/{p.round}/extend": "S",
    "/api/v1/rounds/{p.round}/run": "S",
    "/api/v1/nominations": "OFS",
    "/api/v1/nominations/import": "OFS",
    "/api/v1/nominations/{p.own[draft]}/attachments": "OS",
    "/api/v1/nominations/{p.foreign[draft]}/attachments": "FS",
    "/api/v1/nominations/{p.own[draft]}/attachments/1/remove": "OS",
    "/api/v1/nominations/{p.foreign[draft]}/attachments/1/remove": "FS",
    "/api/v1/nominations/{p.own[draft]}/mend": "OS",
    "/api/v1/nominations/{p.foreign[draft]}/mend": "FS",
    "/api/v1/nominations/submit": "OFS",
    "/api/v1/nominations/{p.own[draft]}/submit": "OS",
    "/api/v1/nominations/{p.foreign[draft]}/submit": "FS",
    "/api/v1/nominations/withdraw": "OF",
    "/api/v1/nominations/{p.own[submitted]}/withdraw": "O",
    "/api/v1/nominations/{p.foreign[submitted]}/withdraw": "F",
    "/api/v1/nominations/decline": "OFRS",
    "/api/v1/nominations/{p.own[submitted]}/decline": "ORS",
    "/api/v1/nominations/{p.foreign[submitted]}/decline": "FRS",
    "/api/v1/nominations/{p.own[submitted]}/correct": "RS",
    "/api/v1/nominations/pass": "R",
    "/api/v1/nominations/{p.own[submitted]}/pass": "R",
    "/api/v1/nominations/return": "R",
    "/api/v1/nominations/{p.own[submitted]}/return": "R",
    "/api/v1/nominations/ineligible": "R",
    "/api/v1/nominations/{p.own[submitted]}/ineligible": "R",
    "/api/v1/nominations/pause": "RS",
    "/api/v1/nominations/{p.own[submitted]}/pause": "RS",
    "/api/v1/nominations/resume": "RS",
    "/api/v1/nominations/{p.own[paused]}/resume": "RS",
    "/api/v1/sessions": "S",
    "/api/v1/sessions/{p.convened}/attend": "S",
    "/api/v1/sessions/{p.convened}/recuse": "S" + SEATS,
    "/api/v1/sessions/{p.convened}/reschedule": "S",
    "/api/v1/sessions/{p.convened}/cancel": "S",
    "/api/v1/sessions/{p.convened}/conflicts/look": "S",
    "/api/v1/sessions/{p.convened}/conflicts/declare": SEATS,
    "/api/v1/sessions/{p.convened}/conflicts/deny": SEATS,
    "/api/v1/sessions/{p.convened}/conflicts/waive": "S",
    "/api/v1/sessions/{p.convened}/ballot/open": "ST",
    "/api/v1/sessions/{p.open}/ballot/cast": SEATS,
    "/api/v1/sessions/{p.open}/ballot/sign-roll": "ST",
    "/api/v1/sessions/{p.open}/ballot/close": "ST",
    "/api/v1/sessions/{p.open}/ballot/annul": "S",
    "/api/v1/sessions/{p.open}/ballot/count": "T",
    "/api/v1/sessions/{p.open}/ballot/tally": "ST",
    "/api/v1/sessions/{p.tallied}/ballot/verify": COUNCIL,
    "/api/v1/decisions/sign": "CD",
    "/api/v1/decisions/send-back": "CD",
    "/api/v1/decisions/refuse": "CD",
    "/api/v1/decisions/{p.unpublished}/disclose": "RS",
    "/api/v1/decisions/{p.decision}/revoke": "CD",
    "/api/v1/submission-letters/{p.letter}/answer": "RS",
    "/api/v1/petitions/dismiss": "RS",
    "/api/v1/petitions/{p.petition}/take": "RS",
    "/api/v1/petitions/{p.petition}/answer": "RS",
}
# Bodies without which a request of the API is unreadable (422) before its object is looked at.
BODIES: dict[str, dict[str, Any]] = {
    "mend": {"initiative": "x"},
    "withdraw": {"reason": "x"}, "decline": {"reason": "x"}, "correct": {"reason": "x", "person": {"position": "x"}}, "return": {"reason": "x"}, "ineligible": {"reason": "x"}, "resume": {"reason": "x"},
    "pause": {"reason": "x", "ground": "complaint"},
    "recuse": {"member": "tv06", "nomination": "DN-2024-000009", "ground": "x"},
    "declare": {"nomination": "DN-2024-000009", "kind": "other", "note": "x"},
    "deny": {"nominations": ["DN-2024-000009"], "reason": "x"},
    "cast": {"choices": {}, "password": "mat-khau-cua-mau"},
    "sign-roll": {"members": ["tv05"]}, "count": {"counts": {}}, "tally": {"shares": []},
}  # fmt: skip
# A page of the office whose form needs a field before its object is looked at.
FORMS = {"/comments": {"text": "x"}, "/conflicts/declare": {"nomination": "DN-2024-000009", "kind": "other", "note": "x"},
         "/conflicts/deny": {"asked": "DN-2024-000009", "row": "1", "reason-1": "x"},
         "/conflicts/recuse": {"member": "tv06", "nomination": "DN-2024-000009", "of": "DN-2024-000009", "ground": "x"},
         "/roll": {"member": "tv05"}, "/withdraw": {"reason": "x", "step": "do"}, "/decline": {"reason": "x", "step": "do"}, "/submit": {"step": "do"}}  # fmt: skip


def pattern(path: str) -> str:
    """The route of a row: its fields are nameless."""
    return re.sub(r"\{[^}]+\}", "*", path.partition("?")[0])


def _rows_of(name: str, table: dict[str, Any], paths: list[str]) -> list[str]:
    """Routes without a row. A row may stand for a field by its own words (`/first/khong-co`)."""
    shapes = [re.compile(re.escape(pattern(path)).replace(r"\*", r"[^/]+") + "$") for path in paths]
    asked = [re.sub(r"\{[^}]+\}", "0", row.partition("?")[0]) for row in table]
    fitting = {row: next((n for n, shape in enumerate(shapes) if shape.match(row)), None) for row in asked}
    assert [row for row, n in fitting.items() if n is None] == [], f"rows of {name} that no route has any more"
    return [path for n, path in enumerate(paths) if n not in fitting.values()]


@pytest.mark.parametrize(
    ("name", "table", "methods"), [("PAGES", PAGES, {"GET"}), ("ACTS", ACTS, CHANGING)], ids=["PAGES", "ACTS"]
)
def test_every_route_has_a_row(name: str, table: dict[str, Any], methods: frozenset[str]) -> None:
    missing = _rows_of(name, table, [route.path for route in routes() if route.method in methods])
    assert missing == [], f"add to {name} of {__name__}, with an object and who may: {missing}"


# The people at their browsers and programs -------------------------------------------------------------------------


class _Lazily(dict[str, TestClient]):
    """Each person's client, made when first asked for: a password takes a tenth of a second."""

    def __init__(self, make: Callable[[str], TestClient]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, letter: str) -> TestClient:
        return self.setdefault(letter, self._make(letter))


class Party:
    """Everybody once: signed in with a browser, and a program with a writing token."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.places: Places = places(site.office)
        self.browsers = _Lazily(lambda letter: site.client() if letter == "N" else site.sign_in(PEOPLE[letter]))
        self.programs = _Lazily(self._program)

    def _program(self, letter: str) -> TestClient:
        program, office = self.site.client(), self.site.office
        if letter != "N":
            actor = office.actor(PEOPLE[letter])
            token = office.act(tokens.issue, scope="write", days=30, actor=actor, now=office.now)
            program.headers["Authorization"] = f"Bearer {token}"
        return program

    def all_here(self) -> "Party":
        """Everybody signed in: what is looked at afterwards changes by nobody's coming."""
        for letter in PEOPLE:
            self.browsers[letter], self.programs[letter]
        return self

    def at(self, path: str) -> str:
        return path.format(p=self.places)

    def get(self, letter: str, path: str) -> httpx.Response:
        people = self.programs if path.startswith(PREFIX) else self.browsers
        return people[letter].get(self.at(path))

    def post(self, letter: str, path: str) -> httpx.Response:
        there = self.at(path)
        if path.startswith(PREFIX):
            said = self._own(letter, BODIES.get(there.rsplit("/", 1)[1], {}))
            form = {"round": self.places.round, "unit": "XA01", "part": "other"}
            sent = {"files": {"file": ("a.xlsx", b"x")}, "data": form}
            return self.programs[letter].post(
                there, **(sent if there.endswith(("import", "attachments")) else {"json": said})
            )
        browser = self.browsers[letter]
        token = browser.cookies.get(LOOPBACK_COOKIE)
        said = next((fields for end, fields in FORMS.items() if there.endswith(end)), {})
        return browser.post(there, data={"csrf": csrf_token(token) if token else "", **self._own(letter, said)})

    def _own(self, letter: str, said: dict[str, Any]) -> dict[str, Any]:
        """A member stands aside for themselves; only the secretary enters it for others."""
        return said | {"member": PEOPLE[letter]} if "member" in said and letter in SEATS else said

    def traces(self) -> dict[str, str]:
        """What every table holds, but the security log, when a session or a token was last seen, and keys on offer."""
        return {name: said for name, said in self.site.office.digests().items() if name not in SEEN}


SEEN = frozenset(
    {"security_event", "web_session", "api_token", "second_factor"}
)  # /account/second-factor keeps the key it shows


@pytest.fixture(scope="module")
def party(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Party]:
    folder = tmp_path_factory.mktemp("matrix") / "site"
    with busy(templates, folder, "plain", str) as site:
        yield Party(site).all_here()


def expected_of(letter: str, path: str, answers: Answers) -> int:
    found = [status for people, status in answers.items() if letter in people]
    assert len(found) <= 1, f"{path} names {letter} twice"
    if found:
        return found[0]
    return 403 if letter != "N" else 401 if path.startswith(PREFIX) else 303


def shown(answer: httpx.Response) -> int | str:
    """A status; of somebody sent to sign in, where."""
    where = answer.headers.get("location", "")
    return f"303 {where}" if where.startswith("/login?") else answer.status_code


@pytest.mark.parametrize("letter", EVERYBODY)
def test_everybody_gets_at_every_address_what_is_theirs(party: Party, letter: str) -> None:
    before = party.traces()
    found, wanted = {}, {}
    for path, answers in PAGES.items():
        status: int | str = expected_of(letter, path, answers)
        if status == 303 and letter not in "".join(answers):
            status = f"303 /login?next={_quoted(party.at(path))}"
        wanted[path], found[path] = status, shown(party.get(letter, path))
    assert {path: said for path, said in found.items() if said != wanted[path]} == {}, (
        "the answers that differ from the table"
    )
    assert party.traces() == before  # a look changes nothing


def _quoted(path: str) -> str:
    return path.replace("?", "%3F").replace("=", "%3D").replace("&", "%26")


@pytest.mark.parametrize("letter", EVERYBODY)
def test_who_may_not_changes_nothing(party: Party, letter: str) -> None:
    before = party.traces()
    found: dict[str, int | str] = {}
    for path, people in ACTS.items():
        if letter in people:
            continue
        answer = party.post(letter, path)
        refused = (
            401 if letter == "N" and path.startswith(PREFIX) else "303 /login?next=/inbox" if letter == "N" else 403
        )
        if shown(answer) != refused:
            found[path] = shown(answer)
        assert "Biểu mẫu này thuộc một phiên" not in answer.text, "refused for its form, not for the person"
    assert found == {}, "the wrong person got further than the table says"
    assert party.traces() == before


def test_a_form_of_another_session_changes_nothing(party: Party) -> None:
    """The right person with no token, a torn one, or a colleague's: 403 everywhere."""
    before = party.traces()
    got_in = []
    for path, people in ACTS.items():
        letter = people[-1]
        if path.startswith(PREFIX):
            continue
        browser = party.browsers[letter]
        others = csrf_token(str(party.browsers["S" if letter != "S" else "R"].cookies.get(LOOPBACK_COOKIE)))
        torn = csrf_token(str(browser.cookies.get(LOOPBACK_COOKIE)))[:-1] + "~"
        said = [browser.post(party.at(path), data={"csrf": token}).status_code for token in ("", torn, others)]
        if said != [403, 403, 403]:
            got_in.append((path, letter, said))
    assert got_in == []
    assert party.traces() == before


def test_a_request_from_another_site_changes_nothing(party: Party) -> None:
    before = party.traces()
    browser = party.browsers["S"]
    for path in ACTS:
        if path.startswith(PREFIX):
            continue
        token = csrf_token(str(browser.cookies.get(LOOPBACK_COOKIE)))
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            assert browser.post(party.at(path), data={"csrf": token}, headers=headers).status_code == 403, (
                path,
                headers,
            )
    assert party.traces() == before


def test_a_cookie_opens_no_api_and_a_token_no_page(party: Party) -> None:
    for path, seen in PAGES.items():
        there = party.at(path)
        if path.startswith(PREFIX) and not path.endswith("openapi.json"):
            assert party.browsers["S"].get(there).status_code == 401, path
        elif "N" not in "".join(seen):
            assert shown(party.programs["S"].get(there)) == f"303 /login?next={_quoted(there)}", path


def test_every_reach_beyond_ones_rights_to_a_dossier_is_in_the_security_log(party: Party) -> None:
    """The wrong person at somebody's dossier is noted with name and address; the public's looks are not."""
    office = party.site.office
    for path in ("/nominations/{p.foreign[submitted]}", "/administration/accounts", "/petitions/{p.petition}"):
        last = office.one("SELECT coalesce(max(id), 0) FROM security_event")
        assert party.get("O", path).status_code == 403
        rows = office.rows("SELECT actor, subject FROM security_event WHERE code <> 'done' AND id > :last", last=last)
        assert rows == [("canbo.xa01", party.at(path))]


# Last: these act -----------------------------------------------------------------------------------------------------


def test_who_may_gets_further_than_403(party: Party) -> None:
    """The table's rights are real: each person named in it meets the form's or the state's own answer."""
    ends_the_session = {"/logout", "/account/password", "/account/sessions", "/login"}
    found = {
        (letter, path): answer.status_code
        for path, people in ACTS.items()
        for letter in people
        if letter != "N" and path not in ends_the_session
        for answer in [party.post(letter, path)]
        if answer.status_code in {401, 403} or answer.status_code >= 500
    }
    assert found == {}
