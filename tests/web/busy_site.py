"""A site on which everything there is has happened once, in words of one's choosing.

`furnish(office, say)` carries a round through real acts; `say("petition.sender")` gives the text of each free field. The
tests of rights ask who may read which text; the tests of hostile strings ask what such a text does to a page.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from operations import files, rounds
from operations.chairman_signature import signature
from operations.council_vote import conflicts_answered, convening, recusals, vote
from operations.home_affairs_review import comments, review
from operations.people import accounts, authorisations, links, units
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import attachments, proposal
from rules.lifecycle import State
from tests.conftest import MEMBERS, Office, Round, Templates
from tests.web.conftest import Site, opened

Say = Callable[[str], str]
UNITS = ("XA01", "XA02")
BORN = {"XA01": date(1971, 3, 17), "XA02": date(1969, 7, 23)}
# What is carried through the council's first session, and what through its second.
APPROVED = (State.DISCLOSED, State.REVOKED, State.SIGNED, State.FORWARDED, State.REFUSED, State.RECOMMENDED)
DISAPPROVED = (State.NOT_RECOMMENDED,)
STATES = (
    *APPROVED, *DISAPPROVED, State.ON_BALLOT, State.ELIGIBLE, State.PAUSED, State.RETURNED, State.INELIGIBLE,
    State.WITHDRAWN, State.SUBMITTED, State.DRAFT,
)  # fmt: skip
SCAN = b"%PDF-1.7 a scan"
ASIDE = "tv05"  # stands aside from XA02's eligible nomination


@contextmanager
def busy(templates: Templates, folder: Path, name: str, say: Say, *, kind: str = "sqlite") -> Iterator[Site]:
    """The site so furnished, its ledger sealed by its own key."""
    with opened(templates, folder, kind=kind, name=f"busy-{name}", furnish=lambda office: furnish(office, say)) as site:
        site.office.seal()
        files.keep(site.folder, SCAN)
        yield site


def furnish(office: Office, say: Say) -> None:
    """One round in all its states for two units, four council sessions, petitions, remarks, an authorisation."""
    now, by = office.now, {"now": office.now}
    round_ = office.open_round(title=say("round.title"))
    codes = {unit: _file(office, round_, unit, say) for unit in UNITS}

    def of(*states: State) -> list[str]:
        return [codes[unit][state] for unit in UNITS for state in states]

    reviewer, chairman, secretary = office.chuyenvien1, office.chutich, office.thuky
    for unit in UNITS:
        mine = codes[unit]
        office.act(
            proposal.withdraw,
            [mine[State.WITHDRAWN]],
            reason=say(f"{unit}.reason.withdrawn"),
            actor=office.officer(unit),
            **by,
        )
        for state, verb, more in (
            (State.RETURNED, review.return_for_supplement, {}),
            (State.INELIGIBLE, review.find_ineligible, {}),
            (State.PAUSED, review.pause, {"ground": "denunciation"}),
        ):
            office.act(verb, [mine[state]], reason=say(f"{unit}.reason.{state.value}"), actor=reviewer, **by, **more)
    office.act(review.pass_review, of(*APPROVED), actor=reviewer, **by)
    round_.vote("approve")
    office.act(review.pass_review, of(*DISAPPROVED), actor=reviewer, **by)
    round_.vote("disapprove")
    for unit in UNITS:
        mine = codes[unit]
        office.act(signature.refuse, [mine[State.REFUSED]], reason=say(f"{unit}.reason.refused"), actor=chairman, **by)
    for state in (State.DISCLOSED, State.REVOKED, State.FORWARDED, State.SIGNED):
        office.act(signature.sign, of(state), actor=chairman, **by)
    for state in (State.DISCLOSED, State.REVOKED):
        round_.disclose(codes["XA01"][state])
    revoked = office.decision_of(codes["XA01"][State.REVOKED])
    office.act(disclosure.revoke, revoked, ground="93.2.a", reason=say("decision.reason"), actor=chairman, **by)
    # Two sessions under way: one votes, one is called.
    office.act(review.pass_review, of(State.ON_BALLOT), actor=reviewer, **by)
    voting = round_.ballot()
    agenda = of(State.ON_BALLOT)
    office.act(vote.cast, voting, choices=dict.fromkeys(agenda, "approve"), actor=office.tv09)
    office.act(review.pass_review, of(State.ELIGIBLE), actor=reviewer, **by)
    called = office.act(
        convening.convene,
        round_code=round_.code,
        at=now + timedelta(days=2),
        place=say("session.place"),
        actor=secretary,
        **by,
    ).code
    office.act(convening.attend, called, MEMBERS, actor=secretary)
    office.act(
        conflicts_answered.declare, called, nomination=codes["XA02"][State.ELIGIBLE], kind="other",
        note=say("conflict.note"), actor=office.actor(ASIDE), **by,
    )  # fmt: skip
    office.act(
        recusals.recuse, called, member="tv06", nomination=codes["XA01"][State.ELIGIBLE], ground=say("recusal.ground"),
        actor=secretary, **by,
    )  # fmt: skip
    until = date(2025, 3, 31)
    office.act(
        rounds.extend,
        round_.code,
        stage="chairman_signature",
        until=until,
        reason=say("deadline.reason"),
        actor=secretary,
        **by,
    )
    for unit, state in (("XA01", State.RETURNED), ("XA02", State.ELIGIBLE)):
        text = say(f"{unit}.comment")
        office.act(comments.write, codes[unit][state], text=text, actor=reviewer, **by)
    for unit, state in (("XA01", State.DRAFT), ("XA02", State.DRAFT), ("XA01", State.SUBMITTED)):
        sha256, name = hashlib.sha256(SCAN).hexdigest(), attachments.file_name(say(f"{unit}.paper"))
        stored = files.row(sha256, size=len(SCAN), media_type="application/pdf", name=name)
        office.act(
            attachments.add, codes[unit][state], part="bao_cao_thanh_tich", stored=stored, whole=state != State.DRAFT,
            actor=office.officer(unit), **by,
        )  # fmt: skip
    about: tuple[dict[str, Any], ...] = (
        {"decision": office.decision_of(codes["XA01"][State.DISCLOSED])}, {"nomination": codes["XA02"][State.ELIGIBLE]},
    )  # fmt: skip
    for what in about:
        office.act(petitions.file, text=say("petition.text"), sender=say("petition.sender"), now=now, **what)
    first = office.one("SELECT code FROM petition ORDER BY id LIMIT 1")
    office.act(petitions.answer, first, answer=say("petition.answer"), actor=reviewer, now=now)
    administrator = office.quantri
    office.act(links.invite, "tv05", actor=administrator, now=now)  # waits for the secretary or the chairman
    office.act(
        units.add, code="MOI", name=say("unit.name"), level="commune", email=None, valid_from=date(2024, 1, 1),
        actor=administrator,
    )  # fmt: skip
    office.act(
        accounts.add,
        username="nguoimoi",
        name=say("account.name"),
        email="zqmoi@nammau.example",
        actor=administrator,
    )
    office.act(
        authorisations.authorise, deputy="phochutich", document=say("authorisation.document")[:80], scope="CSTDCS",
        valid_from=date(2024, 1, 1), valid_to=date(2024, 12, 31), actor=chairman, now=now,
    )  # fmt: skip


def _file(office: Office, round_: Round, unit: str, say: Say) -> dict[State, str]:
    found = {}
    for state in STATES:
        award = {State.FORWARDED: "BK_TINH", State.ELIGIBLE: "GK_HUYEN"}.get(state, "LDTT")
        facts = {"employed_months": 12} | ({"grounds": ["74.1.b"]} if award == "BK_TINH" else {})
        person = proposal.Proposed(
            name=say(f"{unit}.name.{state.value}"), kind="individual", award=award, row=1, rating="HTTNV", facts=facts,
            object_class="Công chức", honorific=say("nominee.honorific"), position=say("nominee.position"),
            workplace=say("nominee.workplace"), gender=say(f"{unit}.gender"), ethnicity=say(f"{unit}.ethnicity"),
            birth_date=BORN[unit], email=f"zq{unit.lower()}.{state.value}@nammau.example",
            achievement=say("nomination.achievement"), initiative=say(f"{unit}.initiative"),
            field=say("nomination.field"), prior_decision=say(f"{unit}.prior_decision"),
        )  # fmt: skip
        filed = office.act(
            proposal.file, round_code=round_.code, unit_code=unit, proposals=[person], actor=office.officer(unit),
            now=office.now, submit=state is not State.DRAFT,
        )  # fmt: skip
        found[state] = filed.codes[0]
    return found


@dataclass(frozen=True)
class Places:
    """What stands where, for addresses: `own["draft"]` is XA01's draft, `foreign["draft"]` is XA02's."""

    own: dict[str, str]
    foreign: dict[str, str]
    round: str
    convened: str
    open: str
    tallied: str
    decision: str
    unpublished: str
    letter: str
    petition: str
    aside: str  # a petition about what tv05 stands aside from


def places(office: Office) -> Places:
    def by_state(unit: str) -> dict[str, str]:
        rows = office.rows(
            "SELECT n.state, n.code FROM nomination n JOIN unit u ON u.id = n.unit_id WHERE u.code = :u", u=unit
        )
        return {str(state): str(code) for state, code in rows}

    sessions = dict(office.rows("SELECT state, code FROM council_session ORDER BY id DESC"))
    own, foreign = by_state("XA01"), by_state("XA02")
    return Places(
        own,
        foreign,
        office.one("SELECT code FROM review_round"),
        sessions["convened"],
        sessions["open"],
        sessions["tallied"],
        office.decision_of(own["disclosed"]),
        office.decision_of(own["signed"]),
        office.letter_of(own["forwarded"]),
        *(row[0] for row in office.rows("SELECT code FROM petition ORDER BY id")),
    )
