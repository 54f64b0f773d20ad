"""A round driven at random: a small model says what must happen, or by which code it is refused."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from operations import rounds
from operations.chairman_signature import signature
from operations.home_affairs_review import review
from operations.public_disclosure import disclosure
from operations.unit_proposal import proposal
from operations.upkeep import deadlines
from rules.lifecycle import Role
from rules.refusal import Refusal
from tests.conftest import budget

REASON = "vì lý do của bài thử"
OFFICER, REVIEWER, SECRETARY = "unit_officer", "reviewer", "secretary"
CHAIRMAN, DEPUTY, MEMBER, INSPECTOR = "chairman", "deputy", "council_member", "inspector"
ROLES: dict[str, set[str]] = {
    "canbo.xa01": {OFFICER},
    "canbo.xa02": {OFFICER},
    "chuyenvien1": {REVIEWER},
    "chuyenvien2": {REVIEWER, OFFICER},  # also XA01's officer: may not review what they proposed
    "thuky": {SECRETARY},
    "chutich": {CHAIRMAN, MEMBER, REVIEWER},  # may not sign what they reviewed
    "phochutich": {DEPUTY, MEMBER},  # authorised for LDTT and GK_HUYEN
    "thanhtra": {INSPECTOR},
}
UNITS = {"canbo.xa01": {"XA01"}, "canbo.xa02": {"XA02"}, "chuyenvien2": {"XA01"}}
COVERED = {"LDTT"}

# Written here by hand, not taken from the table it is to be compared with: verb → (from, by whom).
MAY: dict[str, tuple[set[str], set[str]]] = {
    "submit": ({"draft", "returned"}, {OFFICER, SECRETARY}),
    "withdraw": ({"draft", "returned", "submitted", "eligible"}, {OFFICER}),
    "return": ({"submitted"}, {REVIEWER}),
    "pass": ({"submitted"}, {REVIEWER}),
    "ineligible": ({"submitted"}, {REVIEWER}),
    "pause": ({"submitted", "eligible", "recommended"}, {REVIEWER, SECRETARY}),
    "resume": ({"paused"}, {REVIEWER, SECRETARY}),
    "sign": ({"recommended"}, {CHAIRMAN, DEPUTY}),
    "send_back": ({"recommended"}, {CHAIRMAN, DEPUTY}),
    "refuse": ({"recommended"}, {CHAIRMAN, DEPUTY}),
}
TARGET = {
    "submit": "submitted",
    "withdraw": "withdrawn",
    "return": "returned",
    "pass": "eligible",
    "ineligible": "ineligible",
    "pause": "paused",
    "resume": "submitted",
    "send_back": "submitted",
    "refuse": "refused",
}
VERBS: dict[str, Any] = {
    "submit": proposal.submit,
    "withdraw": proposal.withdraw,
    "return": review.return_for_supplement,
    "pass": review.pass_review,
    "ineligible": review.find_ineligible,
    "pause": review.pause,
    "resume": review.resume,
    "sign": signature.sign,
    "send_back": signature.send_back,
    "refuse": signature.refuse,
}
REASONED = {"withdraw", "return", "ineligible", "pause", "resume", "send_back", "refuse"}
STAGES = ["unit_proposal", "home_affairs_review", "council_vote", "chairman_signature", "public_disclosure", "ended"]
WAITS = {"draft": 0, "returned": 0, "submitted": 1, "eligible": 2, "on_ballot": 2, "recommended": 3, "signed": 4}


@dataclass
class Known:
    """A nomination as the model has it."""

    award: str
    unit: str
    proposer: str
    state: str
    reviewer: str | None = None
    paper: str | None = None
    # Who handed in what somebody else had drafted; who reviewed it before its last reviewer.
    proposers: set[str] = field(default_factory=set)
    reviewers: set[str] = field(default_factory=set)


class RoundMachine(RuleBasedStateMachine):
    office: Any

    def __init__(self) -> None:
        super().__init__()
        self.office = self.furnish()  # type: ignore[attr-defined] -- given to the subclass that the test makes
        office = self.office
        office.grant("chuyenvien2", Role.UNIT_OFFICER, unit="XA01")
        office.grant("chutich", Role.REVIEWER)
        self.round = office.open_round()
        self.actors = {username: office.actor(username) for username in ROLES}
        self.known: dict[str, Known] = {}
        self.papers: dict[str, str] = {}  # decision or tờ trình → in_force, revoked, unanswered, answered
        self.stage = 0

    # What the model expects --------------------------------------------------------------------------------------

    def expected(self, verb: str, code: str, username: str) -> str | None:
        known, (sources, roles) = self.known[code], MAY[verb]
        held = ROLES[username]
        if OFFICER in roles and SECRETARY not in held and known.unit not in UNITS.get(username, set()):
            return "not_your_unit"
        proposed, reviewed = {known.proposer, *known.proposers}, {known.reviewer, *known.reviewers}
        if verb in {"pass", "return", "ineligible"} and username in proposed:
            return "separation_of_duties"
        if verb in {"sign", "send_back", "refuse"} and username in proposed | reviewed:
            return "separation_of_duties"
        if known.state not in sources:
            return "wrong_state"
        if verb == "submit" and self.stage > 0 and known.state == "draft":
            return "round_frozen"
        return None

    def try_act(self, act: Any, *given: Any, **words: Any) -> Any:
        try:
            return self.office.act(act, *given, **words)
        except Refusal as refusal:
            return refusal.code

    # Verbs -------------------------------------------------------------------------------------------------------

    @initialize()
    def two_units_propose(self) -> None:
        self.file("canbo.xa01", "XA01", "LDTT", 3, True)
        self.file("chuyenvien2", "XA01", "BK_TINH", 2, True)
        self.file("canbo.xa02", "XA02", "LDTT", 2, False)

    @precondition(lambda self: len(self.known) < 12)
    @rule(
        username=st.sampled_from(sorted(ROLES)),
        unit=st.sampled_from(["XA01", "XA02"]),
        award=st.sampled_from(["LDTT", "LDTT", "BK_TINH"]),
        count=st.integers(1, 3),
        submit=st.booleans(),
    )
    def propose(self, username: str, unit: str, award: str, count: int, submit: bool) -> None:
        self.file(username, unit, award, count, submit)

    def file(self, username: str, unit: str, award: str, count: int, submit: bool) -> None:
        wanted = None
        if not ROLES[username] & {OFFICER, SECRETARY}:
            wanted = "not_your_role"
        elif SECRETARY not in ROLES[username] and unit not in UNITS[username]:
            wanted = "not_your_unit"
        elif self.stage > 0:
            wanted = "round_closed" if STAGES[self.stage] == "ended" else "round_frozen"
        answer = self.try_act(
            proposal.file,
            round_code=self.round.code,
            unit_code=unit,
            proposals=self.round.proposals(count, award=award),
            actor=self.actors[username],
            now=self.office.now,
            submit=submit,
        )
        if wanted is not None:
            assert answer == wanted
            return
        assert len(answer.codes) == count
        for code in answer.codes:
            self.known[code] = Known(award, unit, username, "submitted" if submit else "draft")

    @rule(data=st.data(), verb=st.sampled_from(sorted(VERBS)), username=st.sampled_from(sorted(ROLES)))
    def act_on_some(self, data: Any, verb: str, username: str) -> None:
        codes = data.draw(st.lists(st.sampled_from(sorted(self.known)), min_size=1, max_size=4, unique=True))
        self.attempt(verb, codes, username)

    @rule(data=st.data())
    def a_likely_step(self, data: Any) -> None:
        """Somebody who may, on all that is ready: by chance alone nothing would ever reach the end."""
        states = {known.state for known in self.known.values()}
        ready = sorted(verb for verb, (sources, _) in MAY.items() if sources & states)
        forward = [verb for verb in ready if verb in {"submit", "pass", "resume", "sign"}]
        if not ready:
            return
        verb = data.draw(st.sampled_from(forward * 4 + ready))
        state = data.draw(st.sampled_from(sorted(MAY[verb][0] & states)))
        username = data.draw(st.sampled_from(sorted(who for who in ROLES if ROLES[who] & MAY[verb][1])))
        codes = sorted(code for code, known in self.known.items() if known.state == state)
        self.attempt(verb, codes[: None if verb in forward else 1], username)

    def attempt(self, verb: str, codes: list[str], username: str) -> None:
        words: dict[str, Any] = {"reason": REASON} if verb in REASONED else {}
        if verb == "pause":
            words["ground"] = "complaint"
        answer = self.try_act(VERBS[verb], codes, actor=self.actors[username], now=self.office.now, **words)
        if not ROLES[username] & MAY[verb][1]:
            assert answer == "not_your_role"
            return
        deputed = DEPUTY in ROLES[username] and verb in {"sign", "send_back", "refuse"}
        if deputed and not {self.known[code].award for code in codes} <= COVERED:
            assert answer == "no_authorisation"
            return
        results = answer.results if verb == "sign" else answer
        wanted = {code: self.expected(verb, code, username) for code in codes}
        assert {one.code: one.refusal.code if one.refusal else None for one in results} == wanted
        done = [code for code in codes if wanted[code] is None]
        for code in done:
            known = self.known[code]
            if verb == "sign":
                known.state = "signed" if known.award == "LDTT" else "forwarded"
            else:
                known.state = TARGET[verb]
            if verb == "submit":
                known.proposers.add(username)
            if verb in {"pass", "return", "ineligible"} and known.reviewer is not None:
                known.reviewers.add(known.reviewer)
            if verb in {"pass", "ineligible"}:
                known.reviewer = username
        if verb == "sign":
            self.papers |= dict.fromkeys(answer.decisions, "in_force") | dict.fromkeys(answer.letters, "unanswered")
            for code in done:
                (self.known[code].paper,) = answer.decisions if self.known[code].state == "signed" else answer.letters

    @precondition(lambda self: any(known.state == "eligible" for known in self.known.values()))
    @rule(choice=st.sampled_from(["approve", "approve", "disapprove"]))
    def the_council_votes(self, choice: str) -> None:
        waiting = [known for known in self.known.values() if known.state == "eligible"]
        counted = self.round.vote(choice)
        assert len(counted["results"]) == len(waiting)
        for known in waiting:
            known.state = "recommended" if choice == "approve" else "not_recommended"

    @precondition(lambda self: self.papers)
    @rule(data=st.data(), username=st.sampled_from(["chuyenvien1", "thuky", "chuyenvien1", "canbo.xa01"]))
    def disclose(self, data: Any, username: str) -> None:
        paper = data.draw(st.sampled_from(sorted(self.papers)))
        of_paper = [known for known in self.known.values() if known.paper == paper]
        waiting = [known for known in of_paper if known.state in {"signed", "forwarded"}]
        wanted: Any = len(waiting)
        if not ROLES[username] & {REVIEWER, SECRETARY}:
            wanted = "not_your_role"
        elif self.papers[paper] == "revoked":
            wanted = "revoked"
        elif self.papers[paper] in {"unanswered", "refused"}:
            wanted = "no_answer"
        elif not waiting:
            wanted = "already_disclosed"
        url = "https://congkhai.nammau.example/"
        answer = self.try_act(disclosure.disclose, paper, actor=self.actors[username], now=self.office.now, url=url)
        assert answer == wanted
        if answer == len(waiting):
            for known in waiting:
                known.state = "disclosed"

    @precondition(lambda self: "unanswered" in self.papers.values())
    @rule(data=st.data(), username=st.sampled_from(sorted(ROLES)))
    def the_superior_answers(self, data: Any, username: str) -> None:
        letter = data.draw(st.sampled_from(sorted(paper for paper in self.papers if paper.startswith("TTr-"))))
        waiting = sorted(c for c, known in self.known.items() if known.paper == letter and known.state == "forwarded")
        refused = data.draw(st.lists(st.sampled_from(waiting), unique=True)) if waiting else []
        wanted = None
        if not ROLES[username] & {REVIEWER, SECRETARY}:
            wanted = "not_your_role"
        elif self.papers[letter] != "unanswered":
            wanted = "already_answered"
        answer = self.try_act(
            disclosure.record_answer,
            letter,
            number="88/QĐ-UBND",
            on=date(2024, 11, 1),
            refused=refused,
            reason=REASON,
            actor=self.actors[username],
            now=self.office.now,
        )
        if wanted is not None:
            assert answer == wanted
            return
        self.papers[letter] = "refused" if len(refused) == len(waiting) else "answered"
        assert answer.answer == ("refused" if len(refused) == len(waiting) else "partly" if refused else "granted")
        for code in refused:
            self.known[code].state = "refused"

    @precondition(lambda self: any(not paper.startswith("TTr-") for paper in self.papers))
    @rule(data=st.data(), username=st.sampled_from(["chutich", "phochutich", "thuky", "chuyenvien1"]))
    def revoke(self, data: Any, username: str) -> None:
        paper = data.draw(st.sampled_from(sorted(paper for paper in self.papers if not paper.startswith("TTr-"))))
        answer = self.try_act(
            disclosure.revoke,
            paper,
            ground="93.2.a",
            reason=REASON,
            actor=self.actors[username],
            now=self.office.now,
        )
        if not ROLES[username] & {CHAIRMAN, DEPUTY}:
            assert answer == "not_your_role"
        elif self.papers[paper] == "revoked":
            assert answer == "already_revoked"
        else:
            assert answer.state == "revoked"
            self.papers[paper] = "revoked"
            for known in self.known.values():
                if known.paper == paper:
                    known.state = "revoked"

    @precondition(lambda self: any(known.state == "disclosed" for known in self.known.values()))
    @rule()
    def a_month_goes_by(self) -> None:
        posted = [known for known in self.known.values() if known.state == "disclosed"]
        done = self.office.act(deadlines.sweep, now=self.office.now + timedelta(days=31))
        assert done["closed"] == len(posted)
        for known in posted:
            known.state = "closed"

    @rule(username=st.sampled_from(["thuky", "thuky", "thuky", "chutich"]))
    def advance(self, username: str) -> None:
        answer = self.try_act(rounds.advance, self.round.code, actor=self.actors[username], now=self.office.now)
        if username != "thuky":
            assert answer == "not_your_role"
        elif STAGES[self.stage] == "ended":
            assert answer == "round_closed"
        elif any(WAITS.get(known.state, 9) <= self.stage for known in self.known.values()):
            assert answer == "stage_not_done"
        else:
            self.stage += 1
            assert answer.stage == STAGES[self.stage]

    # What must hold after every step -------------------------------------------------------------------------------

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        rows = self.office.rows("SELECT code, state, proposed_by, reviewed_by FROM nomination")
        assert {code: tuple(rest) for code, *rest in rows} == {
            code: (known.state, known.proposer, known.reviewer) for code, known in self.known.items()
        }
        status = self.office.look(rounds.status, self.round.code)
        assert sum(status["counts"].values()) == sum(status["states"].values()) == len(self.known)
        assert status["stage"] == STAGES[self.stage]

    @invariant()
    def papers_are_numbered_without_gap(self) -> None:
        for table in ("decision", "submission_letter"):
            numbers = [number for (number,) in self.office.rows(f"SELECT number FROM {table} ORDER BY number")]
            assert numbers == list(range(1, len(numbers) + 1))

    def teardown(self) -> None:
        self.office.seal()
        assert self.office.violations() == []
        self.office.database.close()


def test_a_round_at_random(furnish: Any) -> None:
    class Furnished(RoundMachine):
        @staticmethod
        def furnish() -> Any:
            return furnish("sqlite")

    run_state_machine_as_test(
        Furnished,
        settings=settings(
            max_examples=budget(12),
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
