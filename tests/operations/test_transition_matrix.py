"""The whole table: every action, from every state, by every role. A row leads to its target; all else leaves no trace."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from models.database import LAST_WRITES
from operations import transition
from operations.access import Actor
from operations.chairman_signature import signature
from operations.council_vote import counting, sessions, vote
from operations.home_affairs_review import review
from operations.home_affairs_review.moves import MOVES, Move
from operations.people import authorisations
from operations.public_disclosure import disclosure
from operations.unit_proposal import mending, proposal
from rules.lifecycle import TRANSITIONS, Action, Role, Stage, State, roles_of, stage_of
from rules.refusal import Refusal

REASON = "vì lý do của bài thử"
URL = "https://congkhai.nammau.example/"
UP = "BK_TINH"  # decided above: signed as a tờ trình
# In the gallery: state → code of the nomination that stands there; further ones by a name of their own.
Gallery = dict[str, str]


def hang(office: Any) -> None:
    """One nomination in every state, one recommended for a superior, one on the simplified route; nothing unsent."""
    office.act(
        authorisations.authorise,
        deputy="phochutich",
        document="03/UQ-UBND (mẫu)",
        scope="all",
        valid_from=date(2024, 1, 1),
        valid_to=date(2024, 12, 31),
        actor=office.chutich,
        now=office.now,
    )
    round_ = office.open_round()
    # A sweep closes whatever is disclosed and a ballot takes whatever is eligible: those come last.
    later = [State.DISCLOSED, State.ON_BALLOT, State.ELIGIBLE]
    round_.to(State.RECOMMENDED, award=UP)
    for state in [*(state for state in State if state not in later), *later]:
        round_.to(state)
    office.open_round("DOT_XUAT").to(State.SUBMITTED, award="GK_HUYEN")
    round_.session()  # convened, for what becomes eligible later
    office.settle_outbox()


@pytest.fixture
def gallery_office(kind: str, furnish: Any) -> Any:
    return furnish(kind, "gallery", hang)


def codes_of(office: Any) -> Gallery:
    found: Gallery = {}
    for code, state, award, route in office.rows("SELECT code, state, award, route FROM nomination ORDER BY id"):
        found[route if route == "simplified" else f"up/{state}" if award == UP else state] = code
    found["forwarded"] = found.pop("up/forwarded")
    assert set(found) == {*State, "up/recommended", "simplified"}
    return found


def actor_of(office: Any, role: Role) -> Actor:
    """Somebody who holds this one role, for the unit of the gallery, and never touched these nominations before."""
    unit = office.one("SELECT id FROM unit WHERE code = 'XA01'")
    account = office.one("SELECT id FROM account WHERE username = 'phochutich'")
    # A teller counts with a seat of the session's own; everybody else is a stranger to it.
    username = "tv10" if role is Role.TELLER else f"nguoi.{role}"
    return Actor(username, "người thử", frozenset({role}), frozenset({unit}), account)


# Verbs that take codes -----------------------------------------------------------------------------------------------

Verb = Callable[..., Any]


def _moved(move: Move, session: Any, codes: list[str], actor: Actor, now: Any) -> list[transition.Result]:
    reason = REASON if move.reason == "required" else None
    return move.do(session, codes, actor=actor, now=now, reason=reason, ground="complaint")


BULK: dict[Action, Callable[[Any, list[str], Actor, Any], list[transition.Result]]] = {
    **{action: partial(_moved, move) for action, move in MOVES.items()},
    Action.SIGN: lambda s, codes, actor, now: list(signature.sign(s, codes, actor=actor, now=now).results),
    Action.FORWARD: lambda s, codes, actor, now: list(signature.sign(s, codes, actor=actor, now=now).results),
    Action.SEND_BACK: lambda s, codes, actor, now: signature.send_back(s, codes, reason=REASON, actor=actor, now=now),
    Action.REFUSE: lambda s, codes, actor, now: signature.refuse(s, codes, reason=REASON, actor=actor, now=now),
}


def attempt(session: Any, action: Action, codes: list[str], actor: Actor, now: Any) -> list[transition.Result]:
    """The verb itself where it takes codes; else the one place through which every verb moves."""
    if action in BULK:
        return BULK[action](session, codes, actor, now)
    return transition.move(session, action, codes, actor=actor, now=now, reason=REASON)[1]


def sources(action: Action, role: Role) -> set[State | None]:
    return {row.source for row in TRANSITIONS if row.action is action and role in row.roles}


def shown(gallery: Gallery, action: Action) -> dict[str, State]:
    """The gallery as one action can meet it: signing is for what is decided here, forwarding for what is not."""
    states = {
        code: State(name.removeprefix("up/")) if name != "simplified" else State.SUBMITTED
        for name, code in gallery.items()
    }
    if action is Action.SIGN:
        states.pop(gallery["up/recommended"])
    if action is Action.FORWARD:
        states.pop(gallery["recommended"])
    return states


def test_whatever_has_no_row_is_refused_and_leaves_no_trace(gallery_office: Any) -> None:
    office = gallery_office
    gallery = codes_of(office)
    clean = office.digests()
    wrong: list[str] = []
    tried = 0
    for action in [one for one in Action if one is not Action.PROPOSE]:
        for role in Role:
            actor = actor_of(office, role)
            states = shown(gallery, action)
            codes = [code for code, state in states.items() if state not in sources(action, role)]
            if role not in roles_of(action):
                expected = dict.fromkeys(codes, "not_your_role")
            else:
                rows = {row.source for row in TRANSITIONS if row.action is action}
                expected = {code: "not_your_role" if states[code] in rows else "wrong_state" for code in codes}
                if role is Role.TELLER:  # no seat in a session of that round
                    expected |= dict.fromkeys({gallery["simplified"]} & set(codes), "not_your_role")
            try:
                results = office.act(attempt, action, codes, actor, office.now)
                answered = {result.code: result.refusal.code for result in results if result.refusal}
            except Refusal as refusal:
                answered = dict.fromkeys(codes, refusal.code)
            tried += len(codes)
            wrong += [
                f"{action} of {states[code]} by {role}: {answered.get(code)}, not {expected[code]}"
                for code in codes
                if answered.get(code) != expected[code]
            ]
            changed = {name for name, digest in office.digests().items() if digest != clean[name]}
            if changed:
                wrong.append(f"{action} by {role} left a trace in {sorted(changed)}")
                clean = office.digests()
    assert wrong == []
    assert tried > 3000


# What each verb says -------------------------------------------------------------------------------------------------


def _record_answer(session: Any, office: Any, actor: Actor, code: str, *, refused: bool) -> None:
    disclosure.record_answer(
        session,
        office.letter_of(code),
        number="99/QĐ-UBND",
        on=date(2024, 11, 1),
        refused=[code] if refused else [],
        reason=REASON,
        actor=actor,
        now=office.now,
    )


def _disclose(session: Any, office: Any, actor: Actor, code: str) -> None:
    if office.states([code]) == [State.FORWARDED]:
        _record_answer(session, office, actor, code, refused=False)
        disclosure.disclose(session, office.letter_of(code), actor=actor, now=office.now, url=URL)
    else:
        disclosure.disclose(session, office.decision_of(code), actor=actor, now=office.now, url=URL)


def _close(session: Any, office: Any, actor: Actor, code: str) -> None:
    if actor.holds(Role.ENGINE):
        query = "SELECT r.code FROM review_round r JOIN nomination n ON n.round_id = r.id WHERE n.code = :code"
        (round_code,) = session.execute(sa.text(query), {"code": code}).one()
        assert disclosure.close_posted(session, round_code, now=office.now + timedelta(days=31)) == 1
    else:
        transition.move(session, Action.CLOSE, [code], actor=actor, now=office.now)


def _revoke(session: Any, office: Any, actor: Actor, code: str) -> None:
    disclosure.revoke(session, office.decision_of(code), ground="93.2.a", reason=REASON, actor=actor, now=office.now)


def _open(session: Any, office: Any, actor: Actor, code: str) -> None:
    sitting = office.one("SELECT max(code) FROM council_session WHERE state = 'convened'")
    public_key, _ = vote.prospect(session, sitting, actor=actor).new_key()
    assert vote.open_ballot(session, sitting, public_key=public_key, actor=actor, now=office.now)["agenda"] == [code]


def _take_off(session: Any, office: Any, actor: Actor, code: str) -> None:
    sitting = office.one("SELECT code FROM council_session WHERE state = 'open'")
    assert vote.annul_ballot(session, sitting, reason=REASON, actor=actor, now=office.now) == {"waiting": [code]}


def _count(choice: str) -> Callable[[Any, Any, Actor, str], None]:
    def count(session: Any, office: Any, actor: Actor, code: str) -> None:
        sitting = office.one("SELECT code FROM council_session WHERE state = 'open'")
        for member in sessions.members_of(session, sessions.by_code(session, sitting)):
            voter = Actor(member.username, member.name, frozenset({Role.COUNCIL_MEMBER}))
            vote.cast(session, sitting, choices={code: choice}, actor=voter)
        vote.close_ballot(session, sitting, actor=office.thuky, now=office.now)
        shares = office.shares(sitting)
        counting.tally_ballot(session, sitting, shares=shares, actor=actor, now=office.now)

    return count


DONE: dict[Action, Callable[[Any, Any, Actor, str], None]] = {
    Action.RECORD_REFUSAL_ABOVE: lambda s, o, actor, code: _record_answer(s, o, actor, code, refused=True),
    Action.DISCLOSE: _disclose,
    Action.CLOSE: _close,
    Action.REVOKE: _revoke,
    Action.PUT_ON_BALLOT: _open,
    Action.TAKE_OFF_BALLOT: _take_off,
    Action.RECOMMEND: _count("approve"),
    Action.NOT_RECOMMEND: _count("disapprove"),
}
REVIEWERS, SECRETARIES, MEMBERS, TELLERS, CHAIRMEN = 2, 1, 11, 3, 1
CLOSED = [*["tellers_called"] * TELLERS, *["receipts_published"] * MEMBERS]
RESULT = ["award_result_unit", "award_result_nominee", *["disclosure_published"] * SECRETARIES]
LETTERS: dict[tuple[Action, State | None] | Action, list[str]] = {
    Action.SUBMIT: ["dossier_received"],
    Action.WITHDRAW: [],
    **{(Action.DECLINE, state): ["nomination_declined", "award_declined_nominee"] for state in State},
    **{
        (Action.DECLINE, state): ["nomination_declined", "award_declined_nominee", *["nomination_declined"] * CHAIRMEN]
        for state in (State.SIGNED, State.FORWARDED, State.DISCLOSED, State.CLOSED)
    },
    Action.RETURN: ["dossier_returned"],
    Action.PASS: ["appraisal_result"],
    Action.FIND_INELIGIBLE: ["not_approved"],
    Action.PAUSE: ["nomination_paused"],
    Action.RESUME: ["nomination_resumed"],
    Action.PUT_ON_BALLOT: [],
    Action.TAKE_OFF_BALLOT: ["ballot_annulled"] * MEMBERS,
    # The ballot is closed on the way.
    Action.RECOMMEND: CLOSED,
    Action.NOT_RECOMMEND: ["not_approved", *CLOSED],
    Action.SIGN: [],
    Action.FORWARD: ["forwarded_to_superior"],
    Action.SEND_BACK: ["sent_back_by_chairman"] * REVIEWERS,
    Action.REFUSE: ["not_approved"],
    Action.RECORD_REFUSAL_ABOVE: ["superior_answer", "not_approved"],
    (Action.DISCLOSE, State.SIGNED): RESULT,
    (Action.DISCLOSE, State.FORWARDED): ["superior_answer", *RESULT],
    Action.CLOSE: [],
    Action.REVOKE: ["decision_revoked", "award_revoked_nominee"],
}


def _after(session: Any, code: str, size: int, outbox: int) -> dict[str, Any]:
    """What an act did to one nomination, read inside its own transaction after its last writes."""
    session.flush()
    for write in session.info.pop(LAST_WRITES, ()):
        write(session)

    def rows(sql: str, **words: Any) -> list[Any]:
        return [tuple(row) for row in session.execute(sa.text(sql), words)]

    ((state, stage, version),) = rows("SELECT state, stage, version FROM nomination WHERE code = :code", code=code)
    entries = rows('SELECT kind FROM ledger_entry WHERE subject = :code AND "index" >= :size', code=code, size=size)
    queued = rows("SELECT kind, topic FROM outbox_message WHERE id > :last ORDER BY id", last=outbox)
    return {
        "state": state,
        "stage": stage,
        "version": version,
        "entries": len([kind for (kind,) in entries if kind.startswith("nomination:")]),
        "letters": sorted(topic for kind, topic in queued if kind == "letter"),
        "stages": {topic.split("/", 1)[1] for kind, topic in queued if kind == "stage_entered"},
    }


class _Undo(Exception):  # noqa: N818 -- not an error: the act was looked at and is taken back
    pass


def undo() -> None:
    raise _Undo


def _case(gallery: Gallery, action: Action, source: State, target: State) -> str:
    if action is Action.PASS and target is State.RECOMMENDED:
        return gallery["simplified"]
    if action is Action.FORWARD:
        return gallery["up/recommended"]
    return gallery[source]


def test_every_row_leads_to_its_target_with_one_entry_and_its_letters(gallery_office: Any) -> None:
    office = gallery_office
    gallery = codes_of(office)
    clean = office.digests()
    size = office.one("SELECT size FROM ledger_head")
    outbox = office.one("SELECT max(id) FROM outbox_message")
    versions = dict(office.rows("SELECT code, version FROM nomination"))
    wrong: list[str] = []
    for row in TRANSITIONS:
        if row.source is None:
            continue
        code = _case(gallery, row.action, row.source, row.target)
        entered = stage_of(row.target)
        expected = {
            "state": row.target,
            "stage": entered,
            "version": versions[code] + 1,
            "entries": 1,
            "letters": sorted(LETTERS[row.action if row.action in LETTERS else (row.action, row.source)]),
            "stages": {entered.value} - {stage_of(row.source).value, Stage.ENDED.value},
        }
        if row.action in {Action.PUT_ON_BALLOT, Action.TAKE_OFF_BALLOT, Action.RECOMMEND, Action.NOT_RECOMMEND}:
            expected["stages"].add(Stage.COUNCIL_VOTE.value)  # the session itself has news for its stage
        if row.action is Action.RESUME:
            expected["stages"].add(Stage.HOME_AFFAIRS_REVIEW.value)  # it is judged again
        for role in sorted(row.roles):
            actor = actor_of(office, role)
            found: dict[str, Any] = {}
            try:
                with office.database.begin() as session:
                    if row.action in BULK:
                        found = {"results": BULK[row.action](session, [code], actor, office.now)}
                    else:
                        DONE[row.action](session, office, actor, code)
                    found = _after(session, code, size, outbox)
                    undo()
            except _Undo:
                pass
            except Refusal as refusal:
                found = {"refused": refusal.code}
            if found != expected:
                wrong.append(f"{row.action} {row.source} → {row.target} by {role}: {found}, not {expected}")
    assert wrong == []
    assert office.digests() == clean


def test_proposing_is_for_officers_and_the_secretary(gallery_office: Any) -> None:
    office = gallery_office
    round_code = office.one("SELECT min(code) FROM review_round")
    clean = office.digests()
    answers: dict[str, str] = {}
    for role in Role:
        try:
            with office.database.begin() as session:
                proposal.file(
                    session,
                    round_code=round_code,
                    unit_code="XA01",
                    proposals=[proposal.Proposed(name="Vàng A Mẫu", kind="individual", award="LDTT")],
                    actor=actor_of(office, role),
                    now=office.now,
                    submit=False,
                )
                answers[role] = "filed"
                undo()
        except _Undo:
            pass
        except Refusal as refusal:
            answers[role] = refusal.code
    allowed = {Role.UNIT_OFFICER, Role.SECRETARY}
    assert answers == {role: "filed" if role in allowed else "not_your_role" for role in Role}
    assert office.digests() == clean


def test_another_units_officer_is_refused_as_a_reach(gallery_office: Any) -> None:
    office = gallery_office
    gallery = codes_of(office)
    clean = office.digests()
    stranger = office.officer("XA02")
    answers = {}
    for action, name in ((Action.SUBMIT, "draft"), (Action.SUBMIT, "returned"), (Action.WITHDRAW, "submitted")):
        (result,) = office.act(attempt, action, [gallery[name]], stranger, office.now)
        answers[action, name] = (result.refusal.code, result.refusal.reach)
    assert set(answers.values()) == {("not_your_unit", True)}
    with pytest.raises(Refusal) as refused:
        office.act(mending.mend, gallery["draft"], actor=stranger, now=office.now, rating="HTTNV")
    assert (refused.value.code, refused.value.reach) == ("not_your_unit", True)
    with pytest.raises(Refusal) as refused:
        office.act(
            proposal.file,
            round_code=office.one("SELECT min(code) FROM review_round"),
            unit_code="XA01",
            proposals=[proposal.Proposed(name="Vàng A Mẫu", kind="individual", award="LDTT")],
            actor=stranger,
            now=office.now,
        )
    assert (refused.value.code, refused.value.reach) == ("not_your_unit", True)
    assert office.digests() == clean


def test_a_reason_is_asked_for_where_the_table_asks(gallery_office: Any) -> None:
    office = gallery_office
    gallery = codes_of(office)
    clean = office.digests()
    wrong = []
    for row in TRANSITIONS:
        if not row.needs_reason or row.source is None:
            continue
        code = _case(gallery, row.action, row.source, row.target)
        actor = actor_of(office, min(row.roles))
        for reason in (None, "", " \n\t"):
            _, (result,), _ = office.act(
                transition.move, row.action, [code], actor=actor, now=office.now, reason=reason
            )
            if result.refusal is None or result.refusal.code != "reason_required":
                wrong.append(f"{row.action} {row.source} with {reason!r}: {result}")
    assert wrong == []
    assert office.digests() == clean


def test_one_person_does_not_do_two_steps_of_one_nomination(gallery_office: Any) -> None:
    office = gallery_office
    gallery = codes_of(office)
    clean = office.digests()
    proposer = office.one("SELECT proposed_by FROM nomination WHERE code = :code", code=gallery["submitted"])
    reviewer = office.one("SELECT reviewed_by FROM nomination WHERE code = :code", code=gallery["recommended"])
    assert (proposer, reviewer) == ("canbo.xa01", "chuyenvien1")
    doubles = [
        (Action.RETURN, "submitted", proposer, Role.REVIEWER),
        (Action.FIND_INELIGIBLE, "submitted", proposer, Role.REVIEWER),
        *((action, "recommended", who, Role.CHAIRMAN)
          for action in (Action.SIGN, Action.SEND_BACK, Action.REFUSE) for who in (proposer, reviewer)),
        *((Action.FORWARD, "up/recommended", who, Role.CHAIRMAN) for who in (proposer, reviewer)),
    ]  # fmt: skip
    answers = []
    for action, name, username, role in doubles:
        actor = Actor(username, "người thử", frozenset({role}))
        (result,) = office.act(attempt, action, [gallery[name]], actor, office.now)
        answers.append((result.refusal.code, result.refusal.reach))
    assert answers == [("separation_of_duties", True)] * len(doubles)
    assert office.digests() == clean
    # The rules may look at a dossier at any time: only the appraisal, which is the machine's, stays.
    (result,) = office.act(
        attempt, Action.PASS, [gallery["submitted"]], Actor(proposer, "", frozenset({Role.REVIEWER})), office.now
    )
    assert result.refusal.code == "separation_of_duties"
    assert office.states([gallery["submitted"]]) == ["submitted"]


def test_a_stale_page_is_refused_with_what_it_is_now(gallery_office: Any) -> None:
    office = gallery_office
    gallery = codes_of(office)
    clean = office.digests()
    old = {gallery["submitted"]: 1, gallery["recommended"]: 1, gallery["draft"]: 7}
    answers = [
        office.act(verb, [gallery[name]], actor=actor_of(office, role), now=office.now, versions=old, **words)
        for verb, name, role, words in (
            (proposal.submit, "draft", Role.UNIT_OFFICER, {}),
            (review.return_for_supplement, "submitted", Role.REVIEWER, {"reason": REASON}),
        )
    ]
    signed = signature.Signed((), (), (), -1)
    signed = office.act(signature.sign, [gallery["recommended"]], actor=office.chutich, now=office.now, versions=old)
    refused = [result.refusal.code for (result,) in [*answers, signed.results]]
    assert refused == ["stale"] * 3
    assert office.digests() == clean


def test_a_deputy_signs_only_what_an_authorisation_in_force_covers(office: Any) -> None:
    round_ = office.open_round()
    (here,) = round_.to(State.RECOMMENDED)
    (above,) = round_.to(State.RECOMMENDED, award=UP)
    clean = office.digests()
    deputy = office.phochutich  # authorised for LDTT and GK_HUYEN until 31 December 2024
    for code, now in ((above, office.now), (here, office.now + timedelta(days=90))):
        for verb, words in (
            (signature.sign, {}),
            (signature.send_back, {"reason": REASON}),
            (signature.refuse, {"reason": REASON}),
        ):
            with pytest.raises(Refusal) as refused:
                office.act(verb, [code], actor=deputy, now=now, **words)
            assert (refused.value.code, refused.value.reach) == ("no_authorisation", True)
    assert office.digests() == clean
    signed = office.act(signature.sign, [here], actor=deputy, now=office.now)
    assert (signed.decisions, signed.letters) == (("1-2024",), ())
    assert office.rows("SELECT signed_by, authorisation_id IS NOT NULL FROM decision") == [("phochutich", 1)]
