"""The acts of the demo's scripted people in the five stages of one round.

Each step looks at what waits and does it, so a demo that was killed goes on where it stood. What machines do (evaluate,
tally, render, deliver) is left to the flows, with a person stepping in only when the engine is away.
"""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from cli.demo import data
from cli.demo.people import CHAIRMAN, MEMBERS, REVIEWER, SECRETARY, Office, ballot, groups
from cli.demo.waiting import Engine
from cli.door import progress
from models.database import Session
from operations import files, rounds, transition
from operations.access import Actor
from operations.chairman_signature import paper_facts, signature
from operations.council_vote import convening, counting, recusals, sessions, share_files, vote
from operations.home_affairs_review import review
from operations.installation import moment
from operations.public_disclosure import disclosure, petitions
from operations.transition import Snapshot
from operations.unit_proposal import intake, mending, proposal
from operations.unit_proposal.workbook import reading
from operations.upkeep import deadlines
from operations.views import agenda, papers
from operations.views import progress as done
from rules.lifecycle import STAGES, State
from rules.vocabulary import Authority, FindingVerdict, RoundKind, SessionState, Verdict

TITLE, SUDDEN_TITLE = "Khen thưởng công trạng năm 2024", "Khen thưởng đột xuất mưa lũ tháng 9 năm 2024"
OPENED = moment("2024-11-04T08:00:00+07:00")
FILED = moment("2024-11-12T09:00:00+07:00")
PROPOSALS_DUE = date(2024, 11, 20)
OVERDUE = moment("2024-11-21T09:00:00+07:00")  # one working day late: the first step of the ladder
REVIEWED = moment("2024-11-27T09:00:00+07:00")
SAT = moment("2024-12-05T08:00:00+07:00")
SIGNED = moment("2024-12-10T09:00:00+07:00")
PUBLISHED = moment("2024-12-11T09:00:00+07:00")
ABSENT, RECUSED, TELLER = "tv07", "tv05", "tv04"
BATCH = 300


@dataclass
class Script:
    """One round by the people of an office; `wanted` are the nominations of the story."""

    office: Office
    engine: Engine
    wanted: list[data.Wanted]
    seed: int
    round: str = ""
    sudden: str = ""
    seconds: dict[str, float] = field(default_factory=dict)  # step → what it took

    @property
    def folder(self) -> Path:
        return self.office.installation.folder

    def play(self) -> None:
        """Both rounds from their opening to the publication of their decisions."""
        self.round = self._open("CONG_TRANG", TITLE)
        self.sudden = self._open("DOT_XUAT", SUDDEN_TITLE)
        steps = (self._import, self._mend, self._review, self._vote, self._sign, self._disclose)
        for name, step in zip(("import", *(stage.value for stage in STAGES)), steps, strict=True):
            begun = perf_counter()
            step()
            self.seconds[name] = round(perf_counter() - begun, 2)
            progress(f"{name}: {self.seconds[name]:.1f} s")

    # --- stage 1: units propose -------------------------------------------------------------------------------------

    def _open(self, kind: str, title: str) -> str:
        known = [one for one in self.office.look(rounds.listing) if one["title"] == title]
        if known:
            return str(known[0]["code"])
        due = PROPOSALS_DUE if kind == RoundKind.CONG_TRANG else None
        actor = self.office.actor(SECRETARY)
        return self.office.act(
            "round.open",
            title,
            lambda s: rounds.open_round(
                s, kind=kind, year=data.YEAR, title=title, actor=actor, now=OPENED, proposals_due=due
            ),
        ).code

    def _import(self) -> None:
        self.office.now = FILED
        for sudden, round_code in ((False, self.round), (True, self.sudden)):
            for unit, path in data.workbooks(self.folder / "workbooks", self.wanted, sudden=sudden):
                book = intake.read(path)
                if book.errors:
                    raise RuntimeError(f"{path.name}: {book.errors[0]}")
                if not self.office.look(partial(intake.filed, round_code=round_code, sha256=book.sha256)):
                    self._file(round_code, unit, path, book)

    def _file(self, round_code: str, unit: str, path: Path, book: reading.Workbook) -> None:
        officer = self.office.actor(f"canbo.{unit.lower()}")
        self.office.act(
            "nominations.import",
            f"{round_code}/{unit}",
            lambda s: intake.store(
                s,
                book,
                path,
                round_code=round_code,
                unit_code=unit,
                actor=officer,
                now=FILED,
                keep=lambda content: files.keep(self.office.installation.folder, content),
            ),
        )

    def _evaluated(self, session: Session) -> bool:
        """Has every submitted nomination an appraisal of its present version?"""
        return review.unjudged(session) == 0

    def _evaluate_by_hand(self) -> None:
        while self.office.act("evaluate", "", lambda s: review.evaluate(s, now=self.office.now, limit=BATCH)):
            pass

    def _mend(self) -> None:
        """The reviewer returns what is incomplete; units mend it, one of them late."""
        self.engine.patiently(self.office, self._evaluated, self._evaluate_by_hand)
        reviewer = self.office.actor(REVIEWER)
        for reason, codes in self._incomplete().items():
            for group in groups(codes, BATCH):
                self.office.act(
                    "nominations.return",
                    group[0],
                    partial(
                        _done, act=review.return_for_supplement, codes=group, reason=reason, actor=reviewer, now=FILED
                    ),
                )
        returned = self._returned()
        late = self._late(returned)
        for unit in sorted(returned.keys() - {late}):
            self._mend_unit(unit, returned[unit])
        self.office.act("deadlines.sweep", "", lambda s: deadlines.sweep(s, now=OVERDUE))
        if late is not None:
            self._mend_unit(late, returned[late])

    def _incomplete(self) -> dict[str, list[str]]:
        """Submitted nominations with a missing paper, by what is missing, in the reviewer's words."""
        codes = [code for code, verdict in self.office.look(review.judged) if verdict == Verdict.UNKNOWN]
        found: dict[str, list[str]] = {}
        appraisals = self.office.look(lambda s: review.latest(s, codes))
        for code in codes:
            missing = [
                f
                for f in json.loads(appraisals[code].findings)
                if f["verdict"] == FindingVerdict.NOT_MET and f["rule"].startswith("dossier.")
            ]
            if missing:
                reason = " ".join(f["message"] for f in missing) + " Đề nghị bổ sung."
                found.setdefault(reason, []).append(code)
        return found

    def _returned(self) -> dict[str, list[Snapshot]]:
        """The returned nominations of each unit."""
        found: dict[str, list[Snapshot]] = {}
        for round_code in (self.round, self.sudden):
            codes = self.office.codes(round_code, State.RETURNED)
            rows = self.office.look(partial(transition.snapshots, codes=codes))
            for row in (rows[code] for code in codes):
                found.setdefault(row.unit_code, []).append(row)
        return found

    def _late(self, returned: dict[str, list[Snapshot]]) -> str | None:
        """The unit that mends last: the one with the fewest returned dossiers of the annual round."""
        counts = {unit: sum(row.round_code == self.round for row in rows) for unit, rows in returned.items()}
        return min(
            (unit for unit, count in counts.items() if count), key=lambda unit: (counts[unit], unit), default=None
        )

    def _mend_unit(self, unit: str, returned: list[Snapshot]) -> None:
        officer = self.office.actor(f"canbo.{unit.lower()}")

        def mend(session: Session) -> None:
            for row in returned:
                parts = ",".join(data.whole(row.award, row.nominee_kind, row.route))
                mending.mend(session, row.code, actor=officer, now=OVERDUE, parts=parts)
            _must(proposal.submit(session, [row.code for row in returned], actor=officer, now=OVERDUE))

        self.office.act("nominations.submit", unit, mend)

    # --- stage 2: the review ----------------------------------------------------------------------------------------

    def _review(self) -> None:
        self.office.now = REVIEWED
        self.engine.patiently(self.office, self._evaluated, self._evaluate_by_hand)
        reviewer = self.office.actor(REVIEWER)
        if self.office.look(done.acts)["paused"] == 0:
            waiting = self.office.codes(self.round, State.SUBMITTED)
            target = waiting[len(waiting) // 3]

            def complain(session: Session) -> None:
                petitions.file(
                    session, text="Đề nghị xem lại thành tích của trường hợp này.", nomination=target, now=REVIEWED
                )
                _must(
                    review.pause(
                        session, [target], ground="complaint", reason="Có đơn khiếu nại, chờ xác minh",
                        actor=reviewer, now=REVIEWED,
                    )
                )  # fmt: skip

            self.office.act("nominations.pause", target, complain)
        for round_code in (self.round, self.sudden):
            verdicts = self.office.look(partial(review.judged, round_code=round_code))
            for group in groups([code for code, verdict in verdicts if verdict == Verdict.ELIGIBLE], BATCH):
                self.office.act(
                    "nominations.pass",
                    group[0],
                    partial(_done, act=review.pass_review, codes=group, actor=reviewer, now=REVIEWED),
                )
            for code, verdict in verdicts:
                if verdict == Verdict.UNKNOWN:  # the rules leave it to a person, who looks at the papers and says so
                    self.office.act(
                        "nominations.pass",
                        code,
                        partial(
                            _done,
                            act=review.pass_review,
                            codes=[code],
                            actor=reviewer,
                            now=REVIEWED,
                            reason="Đã đối chiếu hồ sơ gốc, đủ tiêu chuẩn",
                        ),
                    )
                elif verdict != Verdict.ELIGIBLE:
                    self.office.act(
                        "nominations.ineligible",
                        code,
                        partial(
                            _done,
                            act=review.find_ineligible,
                            codes=[code],
                            reason=self._why_not(code),
                            actor=reviewer,
                            now=REVIEWED,
                        ),
                    )
            self._advance(round_code, "unit_proposal")
            self._advance(round_code, "home_affairs_review")

    def _why_not(self, code: str) -> str:
        found = self.office.look(lambda s: review.latest(s, [code]))[code]
        against = [f["message"] for f in json.loads(found.findings) if f["verdict"] != FindingVerdict.MET]
        return against[0] if against else "Không đủ điều kiện theo quy định."

    def _advance(self, round_code: str, stage: str) -> None:
        actor = self.office.actor(SECRETARY)
        if self.office.look(lambda s: rounds.by_code(s, round_code).stage) == stage:
            self.office.act(
                "round.advance", round_code, lambda s: rounds.advance(s, round_code, actor=actor, now=self.office.now)
            )

    # --- stage 3: the council ---------------------------------------------------------------------------------------

    def _vote(self) -> None:
        self.office.now = SAT
        secretary = self.office.actor(SECRETARY)
        sitting = self.session()
        if sitting is None:
            code = self.office.act(
                "council.convene",
                self.round,
                lambda s: convening.convene(
                    s, round_code=self.round, at=SAT, place="Hội trường UBND huyện", actor=secretary, now=REVIEWED
                ),
            ).code
            sitting = (code, "convened")
        code, state = sitting
        if state == SessionState.CONVENED:
            present = [member for member in MEMBERS if member != ABSENT]
            self.office.act("council.attend", code, lambda s: convening.attend(s, code, present, actor=secretary))
            kin = self.office.codes(self.round, State.ELIGIBLE)[0]
            self.office.act(
                "council.recuse",
                code,
                lambda s: recusals.recuse(
                    s, code, member=RECUSED, nomination=kin, ground="Là người thân của người được đề nghị",
                    actor=self.office.actor(RECUSED), now=SAT,
                ),
            )  # fmt: skip
            plan = self.office.look(lambda s: vote.prospect(s, code, actor=secretary))
            public_key, shares = plan.new_key()
            share_files.write(
                self._hands(), code, shares
            )  # before the opening: a ballot whose shares nobody has is lost
            self.office.act(
                "ballot.open",
                code,
                lambda s: vote.open_ballot(s, code, public_key=public_key, actor=secretary, now=SAT),
            )
            state = "open"
        if state == SessionState.OPEN:
            self._cast_all(code)
            self.office.act("ballot.close", code, lambda s: vote.close_ballot(s, code, actor=secretary, now=SAT))
            state = "closed"
        if state == SessionState.CLOSED:
            self._count_ballots(code)
        shutil.rmtree(self._hands(), ignore_errors=True)  # as tellers destroy their shares after the count
        for round_code in (self.round, self.sudden):
            self._advance(round_code, "council_vote")

    def _hands(self) -> Path:
        """The demo tellers' folder of shares; in an office each teller keeps the own one."""
        return self.folder / "tellers"

    def _count_ballots(self, code: str) -> None:
        texts = [path.read_text(encoding="utf-8") for path in sorted(self._hands().glob(f"{code}.*.share"))]
        brought, teller = share_files.parse(texts[:2], code), self.office.actor(TELLER)
        self.office.act(
            "ballot.tally",
            code,
            lambda s: counting.tally_ballot(s, code, shares=brought, actor=teller, now=SAT),
        )

    def session(self) -> tuple[str, str] | None:
        """Code and state of the annual round's session."""
        secretary = self.office.actor(SECRETARY)
        rows = self.office.look(lambda s: agenda.of_round(s, rounds.by_code(s, self.round), actor=secretary))
        return (rows[0].code, rows[0].state) if rows else None

    def _cast_all(self, code: str) -> None:
        agenda, aside, voted = self.office.look(
            lambda s: (
                sessions.agenda_codes(s, sessions.by_code(s, code)),
                recusals.of(s, sessions.by_code(s, code)),
                vote.voted(s, sessions.by_code(s, code)),
            )
        )
        chance = random.Random(f"{self.seed}/ballot")
        against = frozenset(chance.sample(agenda[1:], max(1, len(agenda) // 250)))
        for member in MEMBERS:
            mine = ballot(chance, agenda, against=against, leave_out=frozenset(c for who, c in aside if who == member))
            if member not in voted:
                actor = self.office.actor(member)
                self.office.act("ballot.cast", member, partial(vote.cast, session_code=code, choices=mine, actor=actor))

    # --- stage 4: the chairman --------------------------------------------------------------------------------------

    def _sign(self) -> None:
        self.office.now = SIGNED
        chairman = self.office.actor(CHAIRMAN)
        refused = sum(len(self.office.codes(code, State.REFUSED)) for code in (self.round, self.sudden))
        waiting = self.office.codes(self.round, State.RECOMMENDED)
        if refused == 0 and waiting:
            snapshots = self.office.look(lambda s: transition.snapshots(s, waiting))
            doubtful = next(code for code in reversed(waiting) if snapshots[code].role == Authority.DECIDE)
            self.office.act(
                "decisions.refuse",
                doubtful,
                lambda s: _must(
                    signature.refuse(
                        s, [doubtful], reason="Thành tích chưa tiêu biểu so với mặt bằng chung của đơn vị",
                        actor=chairman, now=SIGNED,
                    )
                ),
            )  # fmt: skip
            waiting.remove(doubtful)
        for codes in (waiting, self.office.codes(self.sudden, State.RECOMMENDED)):
            if codes:
                signed = self.office.act(
                    "decisions.sign", codes[0], partial(signature.sign, codes=codes, actor=chairman, now=SIGNED)
                )
                _must(signed.results)
        self.engine.patiently(
            self.office,
            lambda s: not any(paper_facts.unrendered(s, code) for code in (self.round, self.sudden)),
            lambda: None,
        )
        for round_code in (self.round, self.sudden):
            self._advance(round_code, "chairman_signature")

    # --- stage 5: publication ---------------------------------------------------------------------------------------

    def _disclose(self) -> None:
        self.office.now = PUBLISHED
        reviewer = self.office.actor(REVIEWER)
        for code in self._unpublished(reviewer):
            url = f"{self.office.installation.base_url}/decisions/{code}"
            self.office.act(
                "decisions.disclose",
                code,
                partial(disclosure.disclose, paper=code, actor=reviewer, now=PUBLISHED, url=url),
            )
        for round_code in (self.round, self.sudden):
            self._advance(round_code, "public_disclosure")

    def _unpublished(self, actor: Actor) -> list[str]:
        """Decisions of both rounds with something still to publish."""

        def signed(session: Session) -> list[str]:
            return [
                decision["code"]
                for code in (self.round, self.sudden)
                for decision in papers.of_round(session, rounds.by_code(session, code), actor=actor)["decisions"]
                if decision["waiting"]
            ]

        return self.office.look(signed)


def _done(session: Session, act: Callable[..., Any], **given: Any) -> None:
    """An act on a list whose every item must succeed."""
    _must(act(session, **given))


def _must(results: Any) -> None:
    for result in results:
        if result.refusal is not None:
            raise RuntimeError(f"{result.code}: {result.refusal.message}")
