"""One answer to one question: whoever asks, at whichever door, whether somebody may do something with a nomination.

Every person × every act × every relation × every state, once on the page, by the API and at the command line. Nothing is
written twice here: `tests/rules/test_policy.py` says who may; this says that nobody answers differently.
"""

import contextlib
import dataclasses
import html
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.orm.exc import DetachedInstanceError
from sqlmodel import select as sqlmodel_select

import cli.ballot
import cli.decisions
import cli.nominations
from cli.door import DOOR
from models import (
    Account,
    AgendaItem,
    Authorisation,
    Conflict,
    CouncilSession,
    Duty,
    Recusal,
    RoleGrant,
    SessionMember,
)
from models.database import LAST_WRITES, Database
from operations import rights, transition, visibility
from operations.chairman_signature import to_sign
from operations.home_affairs_review import comments
from operations.home_affairs_review.moves import MOVES
from operations.installation import Installation
from operations.people import browser_sessions, tokens
from operations.unit_proposal import attachments, mending
from operations.views import inbox
from rules import policy
from rules.lifecycle import Action, Role, State
from rules.policy import Permission
from rules.refusal import Refusal, Unreadable
from tests.conftest import NOW, Office, Templates
from tests.web.conftest import PASSWORD, Site, opened
from web import act_pages
from web.visit import LOOPBACK_COOKIE, csrf_token

REASON = "vì lý do của bài thử"
# One person a role, an officer of another unit, and one of many parts as a small office has.
PEOPLE = (
    "canbo.xa01", "truong.xa01", "canbo.xa02", "chuyenvien1", "chuyenvien2", "thuky", "tv05", "tv04", "chutich", "phochutich",
    "thanhtra", "quantri", "tv09",
)  # fmt: skip
MANY = "tv09"
SEATLESS = "khongghe"  # a teller whom no session called
# Everybody is so related to one nomination in every state. What bars nobody stands beside what bars.
RELATED = (
    "none", "recused", "tied", "tied and denied", "tied and waived", "asked", "proposed too", "reviewed before", "counted",
    "teller", "teller of a session that was called off",
)  # fmt: skip
BARRED = {"recused", "tied", "tied and denied"}
# Refusals of the person or of the state; what else is refused is refused for what the dossier says.
OF_RIGHTS = {
    "not_your_role", "not_your_unit", "recused_from", "separation_of_duties", "no_authorisation", "wrong_state",
}  # fmt: skip
OF_SEATS = {"not_a_member", "not_a_teller"}
UP = "BK_TINH"  # decided above: not in the deputy's authorisation


def furnish(office: Office) -> None:
    """A round with a nomination in every state for every relation; then everybody is given each relation."""
    round_ = office.open_round()
    round_.to(State.RECOMMENDED, award=UP)
    later = [State.DISCLOSED, State.ON_BALLOT, State.ELIGIBLE]  # a sweep and a ballot take along what they find
    made: dict[State, list[str]] = {}
    for state in [*(one for one in State if one not in later), *later]:
        made[state] = round_.to(state, len(RELATED))
        if state in {State.DRAFT, State.RETURNED, State.SUBMITTED, State.ELIGIBLE}:  # where a unit acts
            round_.to(state, unit="XA02")
    convened = round_.session()
    elsewhere = office.open_round("DOT_XUAT").code
    with office.database.begin_unrecorded() as session:
        _relate(session, made, convened=convened, round_code=elsewhere)


def _relate(session: Any, made: dict[State, list[str]], *, convened: str, round_code: str) -> None:
    ids = {row.code: row.id for row in transition.snapshots_where(session)}
    of = {name: [ids[codes[n]] for codes in made.values()] for n, name in enumerate(RELATED)}
    sitting = session.execute(CouncilSession.__table__.select().where(CouncilSession.code == convened)).one()
    round_id = session.execute(transition.table(transition.ReviewRound).select()).all()[-1].id
    for name, state in (("teller", "tallied"), ("teller of a session that was called off", "cancelled")):
        held = CouncilSession(
            code=f"PH-{state}", round_id=round_id, council_id=sitting.council_id, held_at=NOW, place="Hội trường", state=state,
            regulation_sha256=sitting.regulation_sha256, frozen_sha256="0" * 64,
        )  # fmt: skip
        session.add(held)
        session.flush()
        session.add_all([AgendaItem(session_id=held.id, nomination_id=one) for one in of[name]])
        session.add_all(
            [
                SessionMember(session_id=held.id, member=f"TV{n:02d}", username=who, name=who, teller=True)
                for n, who in enumerate(PEOPLE, 1)
            ]
        )
    for who in PEOPLE:
        session.add_all(
            [
                Recusal(session_id=sitting.id, username=who, nomination_id=one, ground="người thân", at=NOW)
                for one in of["recused"]
            ]
        )
        for name, strength, settled in (
            ("tied", "certain", "open"), ("tied and denied", "certain", "denied"), ("tied and waived", "certain", "waived"),
            ("asked", "ask", "open"),
        ):  # fmt: skip
            session.add_all(
                [
                    Conflict(
                        session_id=sitting.id, username=who, nomination_id=one, ground="kinship", source="detected",
                        strength=strength, message="…", found_at=NOW, state=settled,
                        settled_by=None if settled == "open" else "thuky",
                    )
                    for one in of[name]
                ]
            )  # fmt: skip
        for name, duty in (("proposed too", "proposed"), ("reviewed before", "reviewed"), ("counted", "counted")):
            session.add_all([Duty(nomination_id=one, username=who, duty=duty) for one in of[name]])
    accounts = dict(session.execute(transition.sa.text("SELECT username, id FROM account")).all())
    unit = session.execute(transition.sa.text("SELECT id FROM unit WHERE code = 'XA01'")).scalar_one()
    known = session.exec(sqlmodel_select(Account).where(Account.username == "thuky")).one()
    seatless = Account(
        username=SEATLESS, display_name="người kiểm phiếu ngoài phiên", password_hash=known.password_hash
    )
    session.add(seatless)
    session.flush()
    session.add(RoleGrant(account_id=seatless.id, role=Role.TELLER.value, valid_from=NOW.date()))
    for role in (Role.REVIEWER, Role.CHAIRMAN, Role.TELLER, Role.UNIT_OFFICER):
        place = unit if role is Role.UNIT_OFFICER else None
        session.add(RoleGrant(account_id=accounts[MANY], role=role.value, unit_id=place, valid_from=NOW.date()))
    session.add(
        Authorisation(
            principal_id=accounts["chutich"], deputy_id=accounts["phochutich"], document_number="03/UQ-UBND (mẫu)",
            scope="LDTT", valid_from=NOW.date(), valid_to=NOW.date(),
        )
    )  # fmt: skip


class _Undo(Exception):  # noqa: N818 -- not an error: the act was looked at and is taken back
    pass


@contextlib.contextmanager
def rehearsed(database: Database) -> Iterator[Any]:
    """An act that is done whole, to its last write, and then taken back."""
    with contextlib.suppress(_Undo), _begin(database) as session:
        yield session
        session.flush()
        for write in session.info.pop(LAST_WRITES, ()):
            write(session)
        raise _Undo


_begin = Database.begin
Answers = dict[str, str]  # nomination → "done", or why not


class Doors:
    """The site with everybody's program and command line; whatever is done is taken back."""

    def __init__(self, site: Site) -> None:
        self.site, self.office = site, site.office
        self.installation = Installation.at(site.folder)
        self.actors = {who: site.office.actor(who) for who in (*PEOPLE, SEATLESS)}
        self.tokens = {
            who: site.office.act(tokens.issue, scope="write", days=30, actor=self.actors[who], now=NOW)
            for who in self.actors
        }
        self.rows = {row.code: row for row in site.office.look(transition.snapshots_where)}

    def asked(self, action: Action) -> list[list[str]]:
        """Everything; what is signed by two papers, in two."""
        if action in MOVES:
            return [list(self.rows)]
        return [[code for code, row in self.rows.items() if (row.award == UP) is up] for up in (False, True)]

    def browser(self, who: str) -> TestClient:
        """Signed in without a password's cost, and without a password where the account has none."""
        token = browser_sessions.begin(self.installation.database, who, now=NOW)
        browser = self.site.client()
        browser.cookies.set(LOOPBACK_COOKIE, token, domain="127.0.0.1")
        return browser

    def refused_on(self, browser: TestClient, who: str, place: str, form: dict[str, Any] | None) -> str | None:
        """Why a page, or the form sent to it, refuses this person; None: for their rights it does not."""
        last = self.office.one("SELECT coalesce(max(id), 0) FROM security_event")
        if form is None:
            answer = browser.get(place)
        else:
            sealed = csrf_token(str(browser.cookies.get(LOOPBACK_COOKIE)))
            answer = browser.post(place, data={"csrf": sealed, **form})
        if answer.status_code != 403:
            return None
        return str(
            self.office.one(
                "SELECT code FROM security_event WHERE code <> 'done' AND id > :last AND actor = :who",
                last=last,
                who=who,
            )
        )

    def program(self, who: str, path: str, said: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return self.site.public.post(f"/api/v1/{path}", json=(said or {}) | more, headers=headers).json()

    def line(self, who: str, command: Callable[..., None], *given: Any, **words: Any) -> Any:
        """A command of the command line, and its answer."""
        DOOR.enter(as_json=True)
        DOOR.username, DOOR.said_now = who, NOW.isoformat()
        DOOR.__dict__["installation"] = self.installation
        with contextlib.redirect_stdout(io.StringIO()) as said:
            try:
                command(*given, **words)
            except Refusal as refusal:
                return {"code": refusal.code}
            except (Unreadable, DetachedInstanceError):  # more was asked for; done, and taken back before it was told
                return {}
            finally:
                DOOR.__dict__.pop("installation")
        return json.loads(said.getvalue() or "{}")

    def by_program(self, who: str, action: Action, codes: list[str]) -> Answers:
        if action in MOVES:
            move = MOVES[action]
            asked = {"reason": REASON} if move.reason == "required" else {}
            asked |= {"ground": "complaint"} if move.ground else {}
            answer = self.program(who, f"nominations/{move.word}", codes=codes, **asked)
        else:
            path, asked = _SIGNING[action][0], _SIGNING[action][2]
            answer = self.program(who, f"decisions/{path}", codes=codes, password=PASSWORD, **asked)
        return _each(codes, answer)

    def by_line(self, who: str, action: Action, codes: list[str]) -> Answers:
        if action in MOVES:
            move = MOVES[action]
            asked = {"reason": REASON} if move.reason == "required" else {}
            asked |= {"ground": "complaint"} if move.ground else {}
            answer = self.line(who, _COMMANDS[move.word], codes, **asked)
        else:
            _, command, asked = _SIGNING[action]
            answer = self.line(who, command, codes, **asked)
        return _each(codes, answer)

    def traces(self) -> dict[str, str]:
        """What every table holds, but the security log and when a token was last seen."""
        return {
            name: said for name, said in self.office.digests().items() if name not in {"security_event", "api_token"}
        }

    def by_page(self, who: str) -> dict[Action, set[str]]:
        """What this person's pages offer: the buttons of every nomination they may read, the piles to sign."""
        actor = self.actors[who]
        found: dict[Action, set[str]] = {action: set() for action in (*MOVES, *_SIGNING)}
        with self.office.database.read() as session:
            readable = visibility.readable(session, list(self.rows), actor=actor)
            related = rights.relations(session, self.rows.values(), actor=actor, now=NOW)
            for code in readable:
                row = self.rows[code]
                for deed in act_pages.offered(actor, related[row.id], row.state):
                    found[deed.action].add(code)
            for pile in to_sign.piles(session, actor, now=NOW) if policy.ever(actor.roles, Permission.SIGN) else ():
                listed, following = to_sign.rows(session, actor, pile, now=NOW)
                assert following is None
                for action in _SIGNING:
                    found[action] |= {row["code"] for row in listed if row["barred"] is None}
        return found

    def in_bulk(self, who: str) -> dict[tuple[Action, str], set[str]]:
        """What the list of what waits lets this person do with many at once: of each kind of pile, and all it holds."""
        actor, found = self.actors[who], {}
        with self.office.database.read() as session:
            for kind in ("returned", "draft", "submitted", "paused"):
                for action in MOVES:
                    listed = inbox.versions(session, actor, now=NOW, kind=kind, act=action.value)
                    found[action, kind] = set(listed)
        return found


def _each(codes: list[str], answer: Any) -> Answers:
    if "code" in answer:  # of the person, before anything was looked at
        assert answer["code"] in {"not_your_role", "no_authorisation"}, answer
        return dict.fromkeys(codes, answer["code"])
    not_done = {one["code"]: one["why"]["code"] for one in answer["not_done"]}
    return {code: not_done.get(code, "done") for code in codes}


_COMMANDS: dict[str, Any] = {
    one.name or getattr(one.callback, "__name__", ""): one.callback for one in cli.nominations.app.registered_commands
}
_SIGNING: dict[Action, tuple[str, Any, dict[str, Any]]] = {
    Action.SIGN: ("sign", cli.decisions.sign, {}),
    Action.SEND_BACK: ("send-back", cli.decisions.send_back, {"reason": REASON}),
    Action.REFUSE: ("refuse", cli.decisions.refuse, {"reason": REASON}),
}


@pytest.fixture(scope="module")
def doors(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("rights") / "site"
    with opened(templates, folder, name="rights", furnish=furnish) as site, pytest.MonkeyPatch.context() as seams:
        seams.setenv("VINHDANH_PASSWORD", PASSWORD)
        found = Doors(site)
        seams.setattr(Database, "begin", rehearsed)
        yield found


def test_every_door_answers_alike(doors: Doors) -> None:
    """The whole of person × act × relation × state, each asked on the page, by the API and at the command line.

    Some twenty-five thousand questions in a few seconds: they are asked in bulk, as people ask them.
    """
    differ: list[str] = []
    answers: set[str] = set()
    for who in PEOPLE:
        pages, bulk = doors.by_page(who), doors.in_bulk(who)
        for action, codes in ((one, some) for one in (*MOVES, *_SIGNING) for some in doors.asked(one)):
            program, line = doors.by_program(who, action, codes), doors.by_line(who, action, codes)
            answers |= set(program.values())
            for code in codes:
                about = f"{who}: {action} of {doors.rows[code].state} {code}"
                if program[code] != line[code]:
                    differ.append(f"{about}: {program[code]} by the API, {line[code]} at the command line")
                refused = program[code] in OF_RIGHTS
                if (code in pages[action]) is refused:
                    differ.append(f"{about}: {program[code]}, but the page {'offers' if refused else 'hides'} it")
                if any(code in listed for (of, _), listed in bulk.items() if of is action) and refused:
                    differ.append(f"{about}: {program[code]}, but offered among many")
    assert differ == []
    assert answers == {"done", *OF_RIGHTS}


def test_a_form_refuses_in_the_words_of_the_api(doors: Doors) -> None:
    """Each act in its own state, for every relation, at the page itself: its button, its form and the form's answer."""
    differ: list[str] = []
    first = {row.state: row.code for row in reversed(doors.rows.values())}
    for who in ("canbo.xa01", "canbo.xa02", "thuky", MANY):
        browser = doors.site.sign_in(who)
        sealed = csrf_token(str(browser.cookies.get(LOOPBACK_COOKIE)))
        for row in doors.rows.values():
            moves = [
                move
                for move in MOVES.values()
                # Who never may is refused whatever it is: asked once.
                if row.state is _SHOWN[move.action]
                and (policy.ever(doors.actors[who].roles, move.act) or row.code == first[row.state])
            ]
            if not moves:
                continue
            place = f"/nominations/{row.code}"
            page = browser.get(place)
            for move in moves:
                asked = {"reason": REASON} if move.reason == "required" else {}
                asked |= {"ground": "complaint"} if move.ground else {}
                told = doors.program(who, f"{place[1:]}/{move.word}", **asked)
                refused = told.get("code") if told.get("code") in OF_RIGHTS else None
                form = browser.get(f"{place}/{move.word}")
                sent = {"csrf": sealed, "step": "do", "code": f"{row.code}:{row.version}", **asked}
                done = browser.post(f"{place}/{move.word}", data=sent)
                found = {
                    "button": f'href="{place}/{move.word}"' in page.text,
                    "form": html.escape(told["title"], quote=False) in form.text
                    if refused
                    else form.status_code == 200,
                    "answer": html.escape(told["title"], quote=False) in done.text
                    if refused
                    else done.status_code == 303,
                }
                if found != {"button": refused is None, "form": True, "answer": True}:
                    differ.append(
                        f"{who}: {move.action} of {row.code}, {refused} by the API: {found}, {done.status_code}"
                    )
    assert differ == []


_SHOWN = {
    Action.SUBMIT: State.RETURNED, Action.WITHDRAW: State.RETURNED, Action.DECLINE: State.RETURNED, Action.PASS: State.SUBMITTED,
    Action.RETURN: State.SUBMITTED, Action.FIND_INELIGIBLE: State.SUBMITTED, Action.PAUSE: State.ELIGIBLE,
    Action.RESUME: State.PAUSED,
}  # fmt: skip


def test_papers_and_sessions_are_for_the_same_people_at_every_door(doors: Doors) -> None:
    """Opening, closing, counting, annulling a ballot; publishing, answering, revoking, proposing: by person and door."""
    differ: list[str] = []
    answers: dict[str, set[str | None]] = {}
    for who in (*PEOPLE, SEATLESS):
        browser = doors.browser(who)
        for act, (program, line, page) in _asked_of(doors).items():
            found = {
                "by the API": _of_rights(doors.program(who, *program)),
                "at the command line": _of_rights(doors.line(who, *line)) if line else None,
                "on the page": doors.refused_on(browser, who, *page),
            }
            if not line:
                del found["at the command line"]
            answers.setdefault(act, set()).update(found.values())
            if len(set(found.values())) > 1:
                differ.append(f"{who}: {act}: {found}")
    assert differ == []
    assert [act for act, said in answers.items() if len(said) < 2] == []  # for some, and not for others


def _of_rights(said: Any) -> str | None:
    code = said.get("code") if isinstance(said, dict) else None
    return code if code in OF_RIGHTS | OF_SEATS else None


def _asked_of(
    doors: Doors,
) -> dict[str, tuple[tuple[str, dict[str, Any]], tuple[Any, ...] | None, tuple[str, dict[str, Any] | None]]]:
    """What is asked: of the API (address, body), at the command line (command, words), on the page (address, form)."""
    office = doors.office
    one = {row.state: row.code for row in doors.rows.values() if row.unit_code == "XA01" and row.award != UP}
    up = next(row.code for row in doors.rows.values() if row.state is State.FORWARDED)
    signed, disclosed = office.decision_of(one[State.SIGNED]), office.decision_of(one[State.DISCLOSED])
    letter, round_ = office.letter_of(up), doors.site.round
    sitting = dict(
        office.rows(
            "SELECT state, code FROM council_session WHERE frozen_sha256 IS NULL OR frozen_sha256 <> :no", no="0" * 64
        )
    )
    convened, opened = sitting["convened"], sitting["open"]
    told = {"number": "9/QĐ", "on": "2024-11-01"}
    again = {"password": PASSWORD}
    person = {"round": round_, "unit": "XA01", "name": "Vàng A Mẫu", "kind": "individual", "award": "LDTT"}
    why = {"reason": REASON, "ground": "93.2.a"}
    ballot = f"sessions/{opened}/ballot"
    return {
        "propose": (("nominations", person), None, ("/nominations/new", person | {"step": "draft"})),
        "open": (
            (f"sessions/{convened}/ballot/open", again), (cli.ballot.open_, convened), (f"/council/{convened}/open", None),
        ),
        "close": ((f"{ballot}/close", again), (cli.ballot.close, opened), (f"/council/{opened}/close", {})),
        "tally": ((f"{ballot}/tally", again), (cli.ballot.tally_, opened), (f"/council/{opened}/tally", None)),
        "annul": (
            (f"{ballot}/annul", again | {"reason": REASON}), (cli.ballot.annul, opened, REASON), (f"/council/{opened}/annul", None),
        ),
        "disclose": (
            (f"decisions/{signed}/disclose", again), (cli.decisions.disclose, signed),
            (f"/rounds/{round_}/disclose?paper={signed}", None),
        ),
        "answer": (
            (f"submission-letters/{letter}/answer", told), (cli.decisions.answer, letter, *told.values()),
            (f"/rounds/{round_}/letters/{letter}", None),
        ),
        "revoke": (
            (f"decisions/{disclosed}/revoke", why | again), (cli.decisions.revoke, disclosed, *why.values()),
            (f"/decisions/{disclosed}/revoke", None),
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["tied", "recused"])
def test_whoever_is_barred_from_a_dossier_does_nothing_with_it(doors: Doors, name: str) -> None:
    """A certain tie that nobody settled bars like standing aside: mending, papers and remarks as well."""
    clean = doors.traces()
    of_state = {row.state: [] for row in doors.rows.values()}
    for row in doors.rows.values():
        of_state[row.state].append(row.code)
    draft = of_state[State.DRAFT][RELATED.index(name)]
    verbs: dict[str, Callable[[Any], Any]] = {
        "mend": lambda s: mending.mend(s, draft, actor=doors.actors[MANY], now=NOW, field="giáo dục"),
        "attach": lambda s: attachments.require_open(s, draft, actor=doors.actors[MANY]),
        "comment": lambda s: comments.write(s, draft, text="…", actor=doors.actors[MANY], now=NOW),
        "read": lambda s: visibility.require(s, draft, actor=doors.actors[MANY]),
    }
    found = {}
    for verb, act in verbs.items():
        with pytest.raises(Refusal) as refused:
            doors.office.act(act)
        found[verb] = refused.value.code
    assert found == dict.fromkeys(verbs, "recused_from")
    assert doors.program(MANY, f"nominations/{draft}/mend", field="giáo dục")["code"] == "recused_from"
    assert doors.line(MANY, cli.nominations.mend, draft, initiative="x") == {"code": "recused_from"}
    assert doors.traces() == clean


def test_relations_cost_one_statement_for_four_hundred(doors: Doors) -> None:
    """And three at most beside it, however many nominations one act is about."""
    row = next(iter(doors.rows.values()))
    counted = {}
    for count in (1, 400, 401, 1200):
        statements: list[str] = []
        many = [dataclasses.replace(row, id=number) for number in range(1, count + 1)]
        with doors.office.database.read() as session:
            connection = session.connection()
            event.listen(connection, "before_cursor_execute", lambda *said, heard=statements: heard.append(said[2]))
            assert len(rights.relations(session, many, actor=doors.actors["phochutich"], now=NOW)) == count
        counted[count] = len(statements)
    assert counted == {1: 4, 400: 4, 401: 5, 1200: 6}
