"""Every act of `policy.CONFIRMED` asks who one is on the very request that does it, at both doors: no list but the policy's."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from operations.council_vote import council, vote, waiting_shares
from operations.people import links, tokens
from operations.public_disclosure import petitions
from rules import policy
from rules.lifecycle import State
from tests.conftest import MEMBERS, SHARES
from tests.web.conftest import PASSWORD, Site
from tests.web.site_map import CHANGING, routes
from tests.web.test_council import asked, other_kind
from web.api.app import PREFIX
from web.visit import LOOPBACK_COOKIE, csrf_token

ROUTES = {
    route.name
    for route in routes()
    if route.method in CHANGING and any(permit.act in policy.CONFIRMED for permit in route.permits)
}
# Routes that declare such an act and do not do it.
WITHOUT = {
    "POST /council/{code}/ballot": "turns the pages of a ballot and shows it for checking; nothing is kept",
    "POST /council/{code}/conflicts/look": "asks what the data ask; who stands aside is settled by the answers",
    "POST /api/v1/sessions/{code}/conflicts/look": "the same, for a program",
}


def _convened(site: Site, act: str) -> str:
    return f"/council/{site.session}/{act}"


def _open(site: Site, act: str = "") -> str:
    site.office.open_ballot(site.session)
    return f"/council/{site.session}/{act}"


def _voted(site: Site, act: str = "") -> str:
    site.office.open_ballot(site.session)
    agenda = [code for (code,) in site.office.rows(AGENDA, code=site.session)]
    for member in MEMBERS:
        choices = dict.fromkeys(agenda, "approve")
        site.office.act(vote.cast, site.session, choices=choices, actor=site.office.actor(member))
    return f"/council/{site.session}/{act}"


def _closed(site: Site, act: str = "") -> str:
    _voted(site)
    site.office.act(vote.close_ballot, site.session, actor=site.office.thuky, now=site.office.now)
    return f"/council/{site.session}/{act}"


AGENDA = (
    "SELECT n.code FROM nomination n JOIN agenda_item a ON a.nomination_id = n.id "
    "JOIN council_session s ON s.id = a.session_id WHERE s.code = :code"
)


def _shares(site: Site) -> list[str]:
    query = "SELECT b.public_key FROM ballot b JOIN council_session s ON s.id = b.session_id WHERE s.code = :code"
    return SHARES[site.office.one(query, code=site.session)]


def _paper(site: Site, act: str, *, signed: bool = False) -> str:
    """The paper ballot of another round's session."""
    other_kind(site, "paper")
    site.office.open_ballot(site.session)
    if signed:
        members = list(MEMBERS)
        site.office.act(vote.sign_roll, site.session, members, actor=site.office.thuky)
        site.office.act(vote.close_ballot, site.session, actor=site.office.thuky, now=site.office.now)
    return f"/council/{site.session}/{act}"


def _waiting(site: Site) -> str:
    """A share that waits."""
    office = site.office

    def change(session: Any) -> None:
        plan = vote.prospect(session, site.session, actor=office.thuky)
        key, made = plan.new_key()
        words = {"public_key": key, "shares_needed": plan.needed, "actor": office.thuky, "now": office.now}
        vote.open_ballot(session, site.session, **words)
        waiting_shares.keep(session, site.folder, site.session, made, by="thuky")

    office.act(change)
    return f"/council/{site.session}/share"


def _asked_member(site: Site) -> str:
    """A question whether TV05 is tied to the eligible nomination, answered by nobody."""
    code = site.codes[State.ELIGIBLE]
    asked(site, "tv05", code)
    return code


def _petition(site: Site, act: str = "") -> str:
    filed = site.office.act(
        petitions.file, text="Tôi không đồng ý.", nomination=site.codes[State.RECOMMENDED], now=site.office.now
    )
    return f"{filed.code}{act}"


def _set_up(site: Site) -> str:
    site.office.act(
        council.set_up, code="HD-9", name="Hội đồng", decision_number="9/QĐ", valid_from=date(2025, 1, 1),
        actor=site.office.thuky,
    )  # fmt: skip
    return "HD-9"


WHY = {"reason": "vì lý do của bài thử"}
# Route → who asks, the address, and a request that is right but for the password.
Request = Callable[[Site], tuple[str, str, dict[str, Any]]]
REQUESTS: dict[str, Request] = {
    "POST /council/{code}/ballot/cast": lambda site: (
        "tv05", _open(site, "ballot/cast"), {"default": "approve"},
    ),
    "POST /council/{code}/attendance": lambda site: ("thuky", _convened(site, "attendance"), {"member": "TV01"}),
    "POST /council/{code}/conflicts/declare": lambda site: (
        "tv05", _convened(site, "conflicts/declare"),
        {"nomination": site.codes[State.ELIGIBLE], "kind": "kinship"},
    ),
    "POST /council/{code}/conflicts/recuse": lambda site: (
        "thuky", _convened(site, "conflicts/recuse"),
        {"member": "TV05", "of": site.codes[State.ELIGIBLE], "ground": "anh em"},
    ),
    "POST /council/{code}/conflicts/waive": lambda site: (
        "thuky", _convened(site, "conflicts/waive"),
        {"asked": _asked_member(site), "asked_member": "tv05", "row": "1", "reason-1": "khác người, trùng tên"},
    ),
    "POST /council/{code}/open": lambda site: ("thuky", _convened(site, "open"), {}),
    "POST /council/{code}/share": lambda site: ("tv04", _waiting(site), {}),
    "POST /council/{code}/roll": lambda site: ("thuky", _paper(site, "roll"), {"member": "TV01"}),
    "POST /council/{code}/count": lambda site: (
        "tv04", _paper(site, "count", signed=True),
        {f"{choice}.{site.codes['other']}": n for choice, n in (("approve", 11), ("disapprove", 0), ("abstain", 0))},
    ),
    "POST /council/{code}/close": lambda site: ("thuky", _voted(site, "close"), {}),
    "POST /council/{code}/tally": lambda site: (
        "tv04", _closed(site, "tally"), {f"share-{n}": text for n, text in enumerate(_shares(site)[:2], 1)},
    ),
    "POST /council/{code}/annul": lambda site: ("thuky", _open(site, "annul"), WHY),
    "POST /council/members/set-up": lambda _: (
        "thuky", "/council/members/set-up",
        {"code": "HD-9", "name": "Hội đồng", "decision": "9/QĐ-UBND", "begins": "2025-01-01"},
    ),
    "POST /council/members/appoint": lambda site: (
        "thuky", "/council/members/appoint",
        {"council": _set_up(site), "member": "tv05", "title": "Ủy viên", "body": "Huyện đoàn",
         "from": "2025-01-01"},
    ),
    "POST /council/members/dismiss": lambda _: (
        "thuky", "/council/members/dismiss",
        {"seat_of": "HD-2024", "seat": "tv05", "until": "2024-12-31"},
    ),
    "POST /petitions": lambda site: ("chuyenvien1", "/petitions", {"code": _petition(site), "act": "dismiss", **WHY}),
    "POST /petitions/{code}/take": lambda site: (
        "chuyenvien1", f"/petitions/{_petition(site, '/take')}", {"taken_as": "complaint"},
    ),
    "POST /petitions/{code}/dismiss": lambda site: ("chuyenvien1", f"/petitions/{_petition(site, '/dismiss')}", WHY),
    "POST /petitions/{code}/answer": lambda site: (
        "chuyenvien1", f"/petitions/{_petition(site, '/answer')}", {"answer": "Đã xem xét."},
    ),
    "POST /rounds/{code}/disclose": lambda site: (
        "thuky", f"/rounds/{site.round}/disclose", {"paper": _unpublished(site)},
    ),
    "POST /sign/{round_code}/{role}/{paper}": lambda site: (
        "chutich", f"/sign/{site.round}/decide/LDTT", {"verb": "refuse", "code": _shown(site), **WHY},
    ),
    "POST /decisions/{number}/revoke": lambda site: (
        "chutich", f"/decisions/{site.decision}/revoke", {"ground": "93.2.a", "step": "do", **WHY},
    ),
    "POST /administration/authorisations": lambda _: (
        "chutich", "/administration/authorisations",
        {"deputy": "phochutich", "document": "9/UQ-UBND", "scope": "all", "from": "2024-11-01", "to": "2024-11-30"},
    ),
    "POST /administration/authorisations/end": lambda _: (
        "chutich", "/administration/authorisations/end", {"document": "02/UQ-UBND (mẫu)"},
    ),
    "POST /administration/requests/{number}": lambda site: (
        "thuky", f"/administration/requests/{_asked(site)}", {"do": "confirm"},
    ),
    "POST /api/v1/sessions/{code}/ballot/cast": lambda site: (
        "tv05", _api(_open(site, "ballot/cast")), {"choices": {}},
    ),
    "POST /api/v1/sessions/{code}/attend": lambda site: (
        "thuky", _api(_convened(site, "attend")), {"members": ["TV01"], "present": False},
    ),
    "POST /api/v1/sessions/{code}/recuse": lambda site: (
        "thuky", _api(_convened(site, "recuse")),
        {"member": "TV05", "nomination": site.codes[State.ELIGIBLE], "ground": "anh em"},
    ),
    "POST /api/v1/sessions/{code}/conflicts/declare": lambda site: (
        "tv05", _api(_convened(site, "conflicts/declare")),
        {"nomination": site.codes[State.ELIGIBLE], "kind": "kinship"},
    ),
    "POST /api/v1/sessions/{code}/conflicts/waive": lambda site: (
        "thuky", _api(_convened(site, "conflicts/waive")),
        {"nominations": [_asked_member(site)], "member": "tv05", "reason": "khác người, trùng tên"},
    ),
    "POST /api/v1/sessions/{code}/ballot/open": lambda site: ("thuky", _api(_convened(site, "ballot/open")), {}),
    "POST /api/v1/sessions/{code}/ballot/sign-roll": lambda site: (
        "thuky", _api(_paper(site, "ballot/sign-roll")), {"members": ["TV01"]},
    ),
    "POST /api/v1/sessions/{code}/ballot/count": lambda site: (
        "tv04", _api(_paper(site, "ballot/count", signed=True)), {"counts": {site.codes["other"]: [11, 0, 0]}},
    ),
    "POST /api/v1/sessions/{code}/ballot/close": lambda site: ("thuky", _api(_voted(site, "ballot/close")), {}),
    "POST /api/v1/sessions/{code}/ballot/tally": lambda site: (
        "tv04", _api(_closed(site, "ballot/tally")), {"shares": _shares(site)[:2]},
    ),
    "POST /api/v1/sessions/{code}/ballot/annul": lambda site: ("thuky", _api(_open(site, "ballot/annul")), WHY),
    "POST /api/v1/petitions/dismiss": lambda site: (
        "chuyenvien1", f"{PREFIX}/petitions/dismiss", {"codes": [_petition(site)], **WHY},
    ),
    "POST /api/v1/petitions/{code}/take": lambda site: (
        "chuyenvien1", f"{PREFIX}/petitions/{_petition(site, '/take')}", {"taken_as": "complaint"},
    ),
    "POST /api/v1/petitions/{code}/answer": lambda site: (
        "chuyenvien1", f"{PREFIX}/petitions/{_petition(site, '/answer')}", {"answer": "Đã xem xét."},
    ),
    "POST /api/v1/decisions/{number}/disclose": lambda site: (
        "thuky", f"{PREFIX}/decisions/{_unpublished(site)}/disclose", {},
    ),
    "POST /api/v1/decisions/sign": lambda site: ("chutich", f"{PREFIX}/decisions/sign", _codes(site)),
    "POST /api/v1/decisions/send-back": lambda site: (
        "chutich", f"{PREFIX}/decisions/send-back", _codes(site) | WHY,
    ),
    "POST /api/v1/decisions/refuse": lambda site: ("chutich", f"{PREFIX}/decisions/refuse", _codes(site) | WHY),
    "POST /api/v1/decisions/{number}/revoke": lambda site: (
        "chutich", f"{PREFIX}/decisions/{site.decision}/revoke", {"ground": "93.2.a"} | WHY,
    ),
}  # fmt: skip


def _shown(site: Site) -> str:
    code = site.codes[State.RECOMMENDED]
    return f"{code}:{site.office.one('SELECT version FROM nomination WHERE code = :c', c=code)}"


def _asked(site: Site) -> int:
    _, _, waits = site.office.act(links.invite, "tv05", actor=site.office.quantri, now=site.office.now)
    return int(waits.number)


def _api(path: str) -> str:
    return path.replace("/council/", f"{PREFIX}/sessions/")


def _unpublished(site: Site) -> str:
    return str(
        site.office.one(
            "SELECT d.code FROM decision d LEFT JOIN disclosure p ON p.decision_id = d.id WHERE p.id IS NULL"
        )
    )


def _codes(site: Site) -> dict[str, Any]:
    return {"codes": [site.codes[State.RECOMMENDED]]}


def test_every_act_of_the_policy_that_asks_who_one_is_has_a_row() -> None:
    assert set(REQUESTS) | set(WITHOUT) == ROUTES


@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_is_done_without_the_password(site: Site, name: str) -> None:
    office = site.office
    who, path, fields = REQUESTS[name](site)
    if path.startswith(PREFIX):
        program = site.client()
        program.silent = True
        token = office.act(tokens.issue, scope="write", days=1, actor=office.actor(who), now=office.now)
        program.headers["Authorization"] = f"Bearer {token}"
    else:
        browser = site.sign_in(who)
        browser.silent = True

    def ask(**password: str) -> httpx.Response:
        if path.startswith(PREFIX):
            return program.post(path, json=fields | password)
        token = str(browser.cookies[LOOPBACK_COOKIE])
        return browser.post(path, data={"csrf": csrf_token(token)} | fields | password)

    # That a try was made is noted; nothing else is.
    noted = {"sign_in_attempt", "security_event", "web_session"}

    def traces() -> dict[str, str]:
        return {table: said for table, said in office.digests().items() if table not in noted}

    before = traces()
    wrong = 409 if path.startswith(PREFIX) else 422
    assert (ask().status_code, ask(password="sai-mat-khau-roi").status_code, traces()) == (422, wrong, before)
    done = ask(password=PASSWORD)
    assert (done.status_code < 400, traces() != before) == (True, True), done.text[-2000:]
    if "/waive" not in path:  # the question was written past every verb
        assert office.violations() == []
