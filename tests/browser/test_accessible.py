"""Every page and state for people who see little, use no mouse, or read on a small screen (WCAG 2.2 AA).

The site is walked over HTTP for every person, where a page's outline is checked; whatever shows something new is opened
in the browser for axe-core and for a screen of 320 px.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from operations.chairman_signature import to_sign
from operations.council_vote import sessions, vote
from operations.home_affairs_review import review
from operations.people import links
from operations.unit_proposal import proposal
from rules import policy, regulation
from rules.lifecycle import State
from tests.browser.conftest import Person, Town, served
from tests.conftest import MEMBERS, NOW, Office, Templates
from tests.operations.unit_proposal.workbook import building
from tests.web import busy_site, site_map
from tests.web.conftest import PASSWORD, opened

pytestmark = pytest.mark.browser

NOBODY = ""  # the public
PEOPLE = (
    NOBODY,
    "canbo.xa01",
    "truong.xa01",
    "chuyenvien1",
    "thuky",
    "chutich",
    "phochutich",
    "tv04",
    "tv05",
    "thanhtra",
    "quantri",
)
LONG = "một lời dài để trang phải xuống dòng trên màn hình hẹp của điện thoại"


def furnish(office: Office) -> None:
    """Everything has happened once; besides, ballots that are closed, and on paper."""
    busy_site.furnish(office, lambda name: f"{name.replace('.', ' ')} {LONG}")
    sealed = office.open_round(title="Đợt có phiếu kín chờ kiểm")
    sealed.to(State.ELIGIBLE, unit="XA03")
    session = sealed.ballot()
    agenda = office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, session)))
    for member in MEMBERS:
        office.act(vote.cast, session, choices=dict.fromkeys(agenda, "approve"), actor=office.actor(member))
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace('ballot = "secret"', 'ballot = "paper"')
    for unit, closes in (("XA04", True), ("XA05", False)):
        paper = office.open_round(title=f"Đợt bỏ phiếu giấy {unit}", regulation_text=text)
        paper.to(State.ELIGIBLE, unit=unit)
        session = paper.ballot()
        if closes:
            office.act(vote.sign_roll, session, MEMBERS, actor=office.thuky)
            office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    # A question that the data ask a member, not answered yet.
    called = office.one("SELECT code FROM council_session WHERE state = 'convened'")
    office.write(
        "INSERT INTO conflict (session_id, username, nomination_id, ground, source, strength, message, found_at, state)"
        " SELECT s.id, 'tv07', n.id, 'same_unit', 'detected', 'certain', 'Cùng đơn vị.', s.held_at, 'open'"
        " FROM council_session s, nomination n WHERE s.code = :s AND n.state = 'eligible'", s=called,
    )  # fmt: skip


@dataclass
class Streets:
    """The busy site, who walks it, and what there is to see: the same for every test here, so nobody changes it."""

    town: Town
    places: busy_site.Places
    sessions: dict[str, str]
    link: str  # with which an account's first password is chosen
    walkers: dict[str, Person] = field(default_factory=dict)

    def walker(self, username: str) -> Person:
        if username not in self.walkers:
            person = self.walkers[username] = self.town.person()
            if username:
                person.sign_in(username)
        return self.walkers[username]

    def addresses(self, username: str) -> Iterator[tuple[str, str]]:
        """(route, address) of whatever this person might ask for."""
        office, here = self.town.site.office, self.places
        roles = office.actor(username).roles if username else frozenset()
        own = [*here.own.values(), here.foreign["eligible"], here.foreign["draft"], "DN-1999-000001"]
        revoked = office.one("SELECT code FROM decision WHERE state = 'revoked'")
        codes = {
            "nominations": own,
            "rounds": [here.round, "X"],
            "council": list(self.sessions.values()),
            "petitions": [here.petition, here.aside],
        }
        for route in site_map.routes():
            act = route.permits[0].act if route.permits else None
            if route.method != "GET" or route.for_programs or (act is not None and not policy.ever(roles, act)):
                continue
            head = route.path.split("/")[1]
            if head == "metrics":  # numbers for programs; a page only for those who may not have them
                continue
            if "{round_code}" in route.path:
                piles = office.look(to_sign.piles, office.actor(username), now=NOW)
                values = [f"{pile.round}/{pile.role}/{pile.paper}" for pile in piles]
                shape = route.path.replace("{round_code}/{role}/{paper}", "{code}")
            else:
                values = codes.get(head, [])
                shape = route.path
            named = {
                "code": values,
                "number": [here.decision, revoked, here.unpublished, "1"],
                "username": ["tv05", "nguoimoi"],
                "letter": [here.letter],
                "link": [self.link, "0" * 48],
                "key": [],
            }
            found = [shape]
            for name in re.findall(r"{(\w+)}", shape):
                found = [one.replace(f"{{{name}}}", value) for one in found for value in named[name]]
            yield from ((route.path, one) for one in found)
        yield from ((path.partition("?")[0], path) for path in ASKED)
        yield ("refused", "/administration/accounts")
        yield ("nowhere", "/khong-co-trang-nay")


# Lists with nothing in them, searches, receipts that are not there, an act to be checked.
ASKED = (
    "/?text=khongcoai&list=people", "/?list=people", "/?state=revoked", "/nominations?text=khongcoai", "/login?next=/sign",
    "/inbox?kind=submitted", "/verify?number=1-1999", "/petitions?state=answered", "/petitions/received?receipt=x",
)  # fmt: skip


class Outline(HTMLParser):
    """What a page is made of, without a browser."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language = self.title = ""
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.shapes: set[tuple[Any, ...]] = set()
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.language = said.get("lang") or "" if tag == "html" else self.language
        self._in_title = tag == "title"
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        if "id" in said:
            self.ids.append(said["id"] or "")
        words = {name: value if name in {"class", "role", "type", "scope"} else "" for name, value in attrs}
        self.shapes.add((tag, tuple(sorted(words.items()))))

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def faults(self) -> list[str]:
        found = []
        if self.language != "vi":
            found.append(f"lang {self.language!r}")
        if not re.fullmatch(r"\S.* – Vinh Danh", self.title):
            found.append(f"title {self.title!r}")
        if self.headings.count(1) != 1:
            found.append(f"{self.headings.count(1)} h1")
        if any(later > earlier + 1 for earlier, later in zip(self.headings, self.headings[1:], strict=False)):
            found.append(f"headings {self.headings}")
        found += [f"id {one!r} stands twice" for one in sorted({one for one in self.ids if self.ids.count(one) > 1})]
        return found


@pytest.fixture(scope="module")
def streets(templates: Templates, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streets]:
    folder = tmp_path_factory.mktemp("streets") / "site"
    with opened(templates, folder, name="streets", furnish=furnish) as found, served(found, chromium) as town:
        office = found.office
        kinds = office.rows(
            "SELECT coalesce(b.kind || ' ', '') || s.state, s.code FROM council_session s"
            " LEFT JOIN ballot b ON b.session_id = s.id ORDER BY s.id DESC"
        )
        link, _, _ = office.act(links.invite, "nguoimoi", actor=office.quantri, now=NOW)
        yield Streets(town, busy_site.places(office), dict(kinds), link)


@dataclass
class Walk:
    """What each person sees that nobody before them has; and what is wrong with any page's outline."""

    views: dict[str, list[str]]
    faults: dict[str, list[str]]


@pytest.fixture(scope="module")
def walk(streets: Streets) -> Walk:
    seen_shapes: set[Any] = set()
    seen_kinds: set[Any] = set()
    faults: dict[str, list[str]] = {}
    views: dict[str, list[str]] = {}
    for username in PEOPLE:
        site = streets.town.site
        client = site.sign_in(username) if username else site.client()
        for route, path in streets.addresses(username):
            answer = client.get(path)
            if not answer.headers.get("content-type", "").startswith("text/html") or "<html" not in answer.text:
                continue
            outline = Outline(answer.text)
            if outline.faults():
                faults[f"{username} {path}"] = outline.faults()
            kind = (route, answer.status_code)
            if kind not in seen_kinds or outline.shapes - seen_shapes:
                views.setdefault(username, []).append(path)
            seen_kinds.add(kind)
            seen_shapes |= outline.shapes
    return Walk(views, faults)


def test_every_page_has_one_title_one_language_and_headings_in_order(walk: Walk) -> None:
    assert walk.faults == {}


@pytest.mark.parametrize("username", PEOPLE, ids=[one or "public" for one in PEOPLE])
def test_every_view_is_accessible(streets: Streets, walk: Walk, username: str) -> None:
    walker = streets.walker(username)
    found = {}
    for path in walk.views.get(username, []):
        walker.go(path)
        if wrong := [*walker.serious(), *walker.beyond()]:
            found[path] = wrong
    assert found == {}


# Forms that will not do ----------------------------------------------------------------------------------------------

# Every error in the summary, with what its field says (by aria-describedby): the same words.
SUMMARY = """() => [...document.querySelectorAll('.errors a')].map(link => {
  const field = document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const by = field?.getAttribute('aria-describedby') ? field : field?.closest('fieldset');
  const said = (by?.getAttribute('aria-describedby') || '').split(' ').map(id => document.getElementById(id))
    .filter(one => one?.classList.contains('error'))
    .map(one => { const only = one.cloneNode(true); only.querySelectorAll('.hide').forEach(hidden => hidden.remove()); return only.textContent.trim(); });
  return [link.textContent.trim(), said.join(' ')];
})"""


def press(words: str) -> Callable[[Person], object]:
    return lambda person: person.press(words)


def _typed(field: str, text: str, words: str) -> Callable[[Person], object]:
    def fill(person: Person) -> None:
        person.page.fill(field, text)
        person.press(words)

    return fill


def _votes_without_password(person: Person) -> None:
    person.page.select_option("#default", "approve")
    person.press("Kiểm tra phiếu")
    person.press("Bỏ phiếu")


def _ticks_nothing(person: Person) -> None:
    for box in person.page.locator("main [name=code]").all():
        box.uncheck()
    person.click(person.page.locator("main fieldset button").first)


def _signs_without_password(person: Person) -> None:
    person.press("Ký…")
    person.click(person.page.locator("main form button"))


def _refuses_without_reason(person: Person) -> None:
    person.press("Không khen thưởng…")
    person.click(person.page.locator("main form button"))


def _answers_a_question(person: Person) -> None:
    person.click(person.page.locator("main section.card button").first)


def _answers_in_part(person: Person) -> None:
    person.page.select_option("#outcome", "partly")
    person.press("Ghi trả lời")


Wrong = tuple[str, Callable[[Streets], str], Callable[[Person], object]]
WRONG: dict[str, Wrong] = {
    "sign in": (NOBODY, lambda _: "/login", press("Đăng nhập")),
    "first password": (NOBODY, lambda s: f"/first/{s.link}", press("Đặt mật khẩu và đăng nhập")),
    "petition": (NOBODY, lambda _: "/petitions/new", press("Gửi đơn")),
    "petition status": (NOBODY, lambda _: "/petitions/status", press("Xem kết quả")),
    "verify": (NOBODY, lambda _: "/verify", press("Kiểm tra")),
    "password": ("canbo.xa01", lambda _: "/account", press("Đổi mật khẩu")),
    "token": ("canbo.xa01", lambda _: "/account", _typed("#days", "x", "Cấp mã truy cập")),
    "second factor": ("canbo.xa01", lambda _: "/account/second-factor", press("Bật mã xác thực")),
    "confirm": ("canbo.xa01", lambda _: "/confirm", press("Xác nhận")),
    "propose": ("canbo.xa01", lambda _: "/nominations/new", press("Tiếp tục")),
    "mend": ("canbo.xa01", lambda s: f"/nominations/{s.places.own['returned']}/mend", press("Tiếp tục")),
    "attach": ("canbo.xa01", lambda s: f"/nominations/{s.places.own['draft']}/attach", press("Kèm tệp")),
    "withdraw": ("canbo.xa01", lambda s: f"/nominations/{s.places.own['draft']}/withdraw", press("Tiếp tục")),
    "intake": ("thuky", lambda s: f"/rounds/{s.places.round}/intake", press("Xem trước")),
    "inbox": ("chuyenvien1", lambda _: "/inbox?kind=submitted", _ticks_nothing),
    "return": ("chuyenvien1", lambda s: f"/nominations/{s.places.own['submitted']}/return",
               _typed("#citation", "khoản nào đó", "Tiếp tục")),
    "pause": ("chuyenvien1", lambda s: f"/nominations/{s.places.own['submitted']}/pause", press("Tiếp tục")),
    "comment": ("chuyenvien1", lambda s: f"/nominations/{s.places.own['submitted']}", press("Ghi ý kiến")),
    "answer a petition": ("chuyenvien1", lambda s: f"/petitions/{s.places.aside}", press("Gửi trả lời")),
    "dismiss a petition": ("chuyenvien1", lambda s: f"/petitions/{s.places.aside}", press("Không thụ lý")),
    "board": ("chuyenvien1", lambda s: f"/rounds/{s.places.round}", _ticks_nothing),
    "open a round": ("thuky", lambda _: "/rounds/new", press("Mở đợt xét và gửi thư mời")),
    "extend": ("thuky", lambda s: f"/rounds/{s.places.round}/extend", press("Gia hạn và báo cho người đang chờ")),
    "letter": ("thuky", lambda s: f"/rounds/{s.places.round}/letters/{s.places.letter}", _answers_in_part),
    "convene": ("thuky", lambda _: "/council/new", press("Triệu tập và gửi giấy mời")),
    "reschedule": ("thuky", lambda s: f"/council/{s.places.convened}/reschedule", _typed("#place", "", "Đổi lịch và gửi lại giấy mời")),
    "cancel": ("thuky", lambda s: f"/council/{s.places.convened}/reschedule", press("Hủy phiên họp")),
    "declare": ("tv04", lambda s: f"/council/{s.places.convened}/conflicts", press("Tôi tránh hồ sơ này")),
    "deny": ("tv07", lambda s: f"/council/{s.places.convened}/conflicts", _answers_a_question),
    "waive": ("thuky", lambda s: f"/council/{s.places.convened}/conflicts", _answers_a_question),
    "recuse": ("thuky", lambda s: f"/council/{s.places.convened}/conflicts", press("Ghi việc tránh")),
    "ballot": ("tv05", lambda s: f"/council/{s.places.open}/ballot", press("Kiểm tra phiếu")),
    "vote": ("tv05", lambda s: f"/council/{s.places.open}/ballot", _votes_without_password),
    "annul": ("thuky", lambda s: f"/council/{s.places.open}/annul", press("Hủy cuộc bỏ phiếu")),
    "shares": ("tv04", lambda s: f"/council/{s.sessions['secret closed']}/tally", press("Mở hòm và kiểm phiếu")),
    "count by hand": ("tv04", lambda s: f"/council/{s.sessions['paper closed']}/count", press("Nhập bản đếm")),
    "receipt": ("thuky", lambda s: f"/council/{s.places.tallied}/verify", _typed("#receipt", "xyz", "Kiểm tra")),
    "pile": ("chutich", lambda _: PILE, _ticks_nothing),
    "sign": ("chutich", lambda _: PILE, _signs_without_password),
    "refuse": ("chutich", lambda _: PILE, _refuses_without_reason),
    "authorise": ("chutich", lambda _: "/administration/authorisations", press("Ghi ủy quyền")),
    "confirm for an account": ("thuky", lambda _: "/administration/requests/1", press("Xác nhận")),
    "account": ("quantri", lambda _: "/administration/accounts", press("Thêm tài khoản")),
    "role": ("quantri", lambda _: "/administration/accounts/tv05", press("Cấp vai trò")),
    "unit": ("quantri", lambda _: "/administration/units", press("Thêm đơn vị")),
}  # fmt: skip
PILE = "/sign"  # and from there to the first pile


@pytest.mark.parametrize("name", WRONG)
def test_an_error_is_told_at_the_top_and_at_its_field(streets: Streets, name: str) -> None:
    username, where, act = WRONG[name]
    person = streets.walker(username)
    page = person.go(where(streets))
    if person.path == PILE:
        person.click(page.locator("main tbody a").first)
    act(person)
    assert page.title().startswith("Lỗi: ")
    person.stands_at(".errors")
    told = page.evaluate(SUMMARY)
    assert told != []
    assert [at_field for _, at_field in told] == [at_top for at_top, _ in told]
    assert [*person.serious(), *person.beyond()] == []
    first = page.locator(".errors a").first
    field = (first.get_attribute("href") or "")[1:]
    first.click()
    person.stands_at(f'[id="{field}"]')


def test_a_workbook_with_bad_rows(streets: Streets) -> None:
    person = streets.walker("canbo.xa01")
    page = person.go(f"/rounds/{streets.places.round}/intake")
    rows = building.zipped(building.parts(building.table(("Lò Thị Mai", "Khen thưởng cá nhân", "Giấy gì đó"))))
    page.get_by_label("Tệp Excel").set_input_files({"name": "a.xlsx", "mimeType": "application/zip", "buffer": rows})
    person.press("Xem trước")
    assert page.title().startswith("Lỗi: ")
    person.stands_at(".errors")
    assert [*person.serious(), *person.beyond()] == []
    page.get_by_role("link", name="Xem từng lỗi").click()
    person.stands_at("#errors-table")


# After an act --------------------------------------------------------------------------------------------------------


def test_receipts_refusals_and_stale_pages(town: Town) -> None:
    site = town.site
    office = site.office

    def comes(username: str) -> Person:
        person = town.person()
        person.sign_in(username)
        return person

    def fine(person: Person, panel: str) -> None:
        person.stands_at(panel)
        assert [*person.serious(), *person.beyond()] == []

    # In bulk, one of them changed meanwhile: each with its own result.
    reviewer = comes("chuyenvien1")
    office.act(review.evaluate, now=NOW)
    reviewer.go("/inbox?kind=submitted")
    for box in reviewer.page.locator("main [name=code]").all():
        box.check()
    reviewer.press("Kết luận đủ điều kiện…")
    submitted = site.codes[State.SUBMITTED]
    office.act(proposal.withdraw, [submitted], reason="đơn vị rút", actor=office.officer("XA01"), now=NOW)
    reviewer.press("Kết luận đủ điều kiện")
    assert reviewer.receipt == "Đã kết luận đủ điều kiện 1 trong 2 hồ sơ"
    fine(reviewer, ".panel.done")
    # A page that is out of date.
    returned = site.codes[State.RETURNED]
    officer = comes("canbo.xa01")
    officer.go(f"/nominations/{returned}/submit")
    office.act(proposal.submit, [returned], actor=office.officer("XA01"), now=NOW)
    officer.press("Nộp cho Phòng Nội vụ")
    assert returned in officer.page.inner_text("main")
    fine(officer, ".panel.refused")
    # The ballot: opened, cast.
    secretary = comes("thuky")
    secretary.go(f"/council/{site.session}/open")
    secretary.press("Mở phiếu", password=PASSWORD)
    for summary in secretary.page.locator("main summary").all():
        summary.click()
    assert [*secretary.serious(), *secretary.beyond()] == []
    member = comes("tv05")
    member.go(f"/council/{site.session}/ballot")
    member.page.select_option("#default", "approve")
    member.press("Kiểm tra phiếu")
    assert [*member.serious(), *member.beyond()] == []
    member.page.fill("#password", PASSWORD)
    member.press("Bỏ phiếu")
    fine(member, ".panel.done")
    member.go(f"/council/{site.session}/ballot")
    assert member.path == f"/council/{site.session}/receipt"
    # Secrets that are shown once.
    member.go("/account")
    member.press("Cấp mã truy cập")
    assert [*member.serious(), *member.beyond()] == []
    administrator = comes("quantri")
    administrator.go("/administration/accounts/tv05")
    administrator.press("Cấp liên kết đặt mật khẩu")
    assert [*administrator.serious(), *administrator.beyond()] == []
    # A citizen files a petition and looks a decision up.
    citizen = town.person()
    citizen.go(f"/petitions/new?decision={site.decision}")
    citizen.page.locator("[name=kind]").first.check()
    citizen.page.fill("#text", "Thành tích nêu trong quyết định không đúng.")
    citizen.press("Gửi đơn")
    assert [*citizen.serious(), *citizen.beyond()] == []
    citizen.go("/verify")
    citizen.page.fill("#number", site.decision)
    citizen.press("Kiểm tra")
    fine(citizen, ".panel.done")


def test_english_pages_say_so_and_fit(town: Town) -> None:
    person = town.person()
    person.sign_in("thuky")
    person.click(person.page.get_by_role("button", name="English"))
    for path in (
        "/inbox",
        f"/rounds/{town.site.round}",
        "/council/new",
        f"/nominations/{town.site.codes['draft']}",
        "/",
    ):
        person.go(path)
        assert person.page.locator("html").get_attribute("lang") == "en"
        assert [*person.serious(), *person.beyond()] == []


# Without a mouse -----------------------------------------------------------------------------------------------------

RING = "one => [one === document.activeElement, parseFloat(getComputedStyle(document.activeElement).outlineWidth) > 0]"


@dataclass
class Keyboard:
    """Somebody who has a keyboard only. Wherever the focus stops it must be seen."""

    person: Person

    def to(self, wanted: Locator) -> None:
        """Tab on until the focus is there."""
        for _ in range(150):
            self.press("Tab")
            there, seen = wanted.evaluate(RING)
            assert seen, self.person.page.evaluate("document.activeElement.outerHTML")
            if there:
                return
        raise AssertionError(f"{wanted} is not reached on {self.person.path}")

    def press(self, key: str) -> None:
        self.person.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.person.page.keyboard.type(text)

    def enter(self, wanted: Locator) -> None:
        """Go there and follow or press it; the next page is there afterwards."""
        self.to(wanted)
        with self.person.page.expect_navigation():
            self.press("Enter")

    def field(self, name: str) -> Locator:
        return self.person.page.locator(f"main #{name}")

    def sign_in(self, username: str) -> None:
        self.person.go("/login")
        self.press("Tab")
        self.person.stands_at("a.skip")
        self.press("Enter")
        self.person.stands_at("main")
        self.to(self.field("username"))
        self.write(username)
        self.to(self.field("password"))
        self.write(PASSWORD)
        self.enter(self.person.button("Đăng nhập"))
        assert self.person.path == "/inbox"


@pytest.fixture
def keyboard(town: Town) -> Keyboard:
    return Keyboard(town.person())


def test_sign_in_by_keyboard(keyboard: Keyboard) -> None:
    keyboard.sign_in("thuky")
    page = keyboard.person.page
    keyboard.enter(page.locator("header").get_by_role("button", name="Đăng xuất"))
    assert keyboard.person.path == "/login"


def test_a_dossier_is_passed_by_keyboard(town: Town, keyboard: Keyboard) -> None:
    office, code = town.site.office, town.site.codes[State.SUBMITTED]
    office.act(review.evaluate, now=NOW)
    keyboard.sign_in("chuyenvien1")
    keyboard.person.go("/inbox?kind=submitted")
    row = keyboard.person.page.get_by_role("row").filter(has_text=code)
    keyboard.enter(row.get_by_role("link"))
    keyboard.enter(keyboard.person.link("Kết luận đủ điều kiện"))
    keyboard.enter(keyboard.person.button("Kết luận đủ điều kiện"))
    assert office.states([code]) == ["eligible"]


def test_a_vote_is_cast_by_keyboard(town: Town, keyboard: Keyboard) -> None:
    site = town.site
    site.office.open_ballot(site.session)
    (code,) = site.office.look(lambda s: sessions.agenda_codes(s, sessions.by_code(s, site.session)))
    keyboard.sign_in("tv05")
    keyboard.person.go("/council")
    keyboard.enter(keyboard.person.link(site.session))
    keyboard.enter(keyboard.person.link("Bỏ phiếu"))
    keyboard.to(keyboard.person.page.locator(f'[id="approve.{code}"]'))
    keyboard.press("Space")
    keyboard.press("ArrowDown")
    keyboard.enter(keyboard.person.button("Kiểm tra phiếu"))
    assert "Không tán thành" in keyboard.person.page.inner_text("main tbody")
    keyboard.to(keyboard.field("password"))
    keyboard.write(PASSWORD)
    keyboard.enter(keyboard.person.button("Bỏ phiếu"))
    assert keyboard.person.path == f"/council/{site.session}/receipt"
    assert site.office.rows(
        "SELECT username FROM ballot_roll r JOIN council_session s ON s.id = r.session_id WHERE s.code = :c",
        c=site.session,
    ) == [("tv05",)]


def test_a_decision_is_signed_by_keyboard(town: Town, keyboard: Keyboard) -> None:
    office, code = town.site.office, town.site.codes[State.RECOMMENDED]
    keyboard.sign_in("chutich")
    keyboard.enter(keyboard.person.page.locator("header").get_by_role("link", name="Trình ký"))
    pile = next(one for one in office.look(to_sign.piles, office.chutich, now=NOW) if one.paper == "LDTT")
    keyboard.enter(keyboard.person.link(pile.title))
    keyboard.enter(keyboard.person.button("Ký…"))
    keyboard.to(keyboard.field("password"))
    keyboard.write(PASSWORD)
    keyboard.enter(keyboard.person.button(f"Ký ({pile.count})"))
    assert office.states([code]) == ["signed"]


def test_a_citizen_searches_by_keyboard(town: Town, keyboard: Keyboard) -> None:
    page = keyboard.person.go("/")
    keyboard.to(keyboard.field("text"))
    keyboard.write("lo thi mau")
    with page.expect_navigation():
        keyboard.press("Enter")
    keyboard.enter(keyboard.person.link(re.compile("QĐ-UBND")).first)
    assert keyboard.person.path == f"/decisions/{town.site.decision}"
