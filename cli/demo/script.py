"""`vinhdanh demo`: one whole round by scripted people, on the engine, database and mail that production uses.

Each step looks at what waits and does it, so a demo that was killed goes on where it stood. The steps are the five
stages; what machines do (evaluate, tally, render, deliver) is left to the flows, with a person stepping in only when
the engine is away.
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from cli.demo import data
from cli.demo.people import (
    CHAIRMAN,
    MEMBERS,
    REVIEWER,
    SECRETARY,
    Office,
    ballot,
    groups,
    peak_rss_mb,
)
from cli.door import DOOR, Finished, progress
from notifications.loopback import LoopbackServer
from operations import files, outbox, rounds
from operations.chairman_signature import paper_facts, signature
from operations.council_vote import convening, counting, recusals, sessions, share_files, vote
from operations.home_affairs_review import review
from operations.installation import Installation, moment
from operations.people import tokens
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import intake, mending, proposal
from operations.unit_proposal.workbook import reading
from operations.upkeep import deadlines, sample, verification
from operations.views import nominations
from rules import lifecycle
from rules.refusal import Refusal, Unreadable

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
ENGINE_SECONDS = 25.0  # how long people wait for the engine before they do its work by hand
BATCH = 300
# What SQLite leaves beside a database whose making was cut off; the next opening mends it.
_CUT_OFF = ("vinhdanh.sqlite3-journal", "vinhdanh.sqlite3-wal", "vinhdanh.sqlite3-shm")
STAGES = ("import", *(stage.value for stage in lifecycle.STAGES))
_AWAY = "Máy chủ Prefect không chạy; xem nhật ký trong run/ của thư mục dữ liệu rồi chạy lại lệnh này để đi tiếp."
SIGN_IN = (
    "thuky",
    "chuyenvien1",
    "chutich",
    "phochutich",
    "tv04",
    "tv06",
    "canbo.xa01",
    "truong.xa01",
    "thanhtra",
    "quantri",
)


def run(*, folder: Path | None, scale: str, seed: int, port: int, acks: Path | None, serve: bool) -> dict[str, Any]:
    """Carry the demo to its end; the answer of docs/contract.md §3. Raises Refusal `demo_finished`, `folder_not_empty`."""
    if scale not in {"district", "small", "province"}:
        raise Unreadable("usage", "Quy mô phải là district, small hoặc province.", where={"scale": scale})
    home = folder or Path("data") / f"demo-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"  # noqa: DTZ005 -- a folder's name
    resumed = _enter(home, scale, seed)
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: the engine is stopped on the way out
        signal.signal(number, _interrupt)
    with ExitStack() as stack:
        acknowledge = _acknowledger(acks, stack)
        demo = Demo(home.absolute(), scale, seed, acknowledge, resumed=resumed, stack=stack)
        answer = demo.play(port)
        (home / "demo.json").write_text(json.dumps({"scale": scale, "seed": seed, "finished": True}), encoding="utf-8")
        _table(answer)
        if serve:
            demo.serve()
        return answer


def _enter(home: Path, scale: str, seed: int) -> bool:
    """Take the folder for this demo; True when an unfinished one goes on."""
    mark = home / "demo.json"
    if mark.exists():
        said = json.loads(mark.read_text(encoding="utf-8"))
        if said.get("finished"):
            raise Refusal("demo_finished", f"Đợt chạy mẫu trong {home} đã xong; hãy chọn thư mục khác.")
        if (said.get("scale"), said.get("seed")) == (scale, seed):
            return True
    if home.exists() and any(home.iterdir()):
        raise Refusal("folder_not_empty", f"Thư mục {home} không trống; hãy chọn một thư mục mới.")
    home.mkdir(parents=True, exist_ok=True)
    draft = home / "demo.json.new"
    draft.write_text(json.dumps({"scale": scale, "seed": seed, "finished": False}), encoding="utf-8")
    draft.replace(mark)
    return False


def _acknowledger(path: Path | None, stack: ExitStack) -> Callable[[str, str, int], None] | None:
    if path is None:
        return None
    stream = stack.enter_context(path.open("a", encoding="utf-8"))

    def acknowledge(verb: str, code: str, index: int) -> None:
        stream.write(json.dumps({"verb": verb, "code": code, "index": index}) + "\n")
        stream.flush()
        os.fsync(stream.fileno())

    return acknowledge


@dataclass
class Demo:
    folder: Path
    scale: str
    seed: int
    acknowledge: Callable[[str, str, int], None] | None
    resumed: bool
    stack: ExitStack
    seconds: dict[str, float] = field(default_factory=dict)
    accounts: list[dict[str, Any]] = field(default_factory=list)

    def play(self, port: int) -> dict[str, Any]:
        started = perf_counter()
        self.wanted = data.draw(self.scale, self.seed)
        self._set_up()
        self._start(port)
        self.round = self._open("CONG_TRANG", TITLE)
        self.sudden = self._open("DOT_XUAT", SUDDEN_TITLE)
        for name, step in (
            ("import", self._import),
            ("unit_proposal", self._mend),
            ("home_affairs_review", self._review),
            ("council_vote", self._vote),
            ("chairman_signature", self._sign),
            ("public_disclosure", self._disclose),
        ):
            begun = perf_counter()
            step()
            self.seconds[name] = round(self.seconds.get(name, 0) + perf_counter() - begun, 2)
            progress(f"{name}: {self.seconds[name]:.1f} s")
        self._settle()
        return self._answer(perf_counter() - started)

    # --- the house -------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        url = os.environ.get("VINHDANH_SMTP_URL")
        if not url:
            server = self.stack.enter_context(LoopbackServer(self.folder / "mail"))
            url = server.url
        self.environment = {**os.environ, "VINHDANH_SMTP_URL": url, "VINHDANH_NOW": SIGNED.isoformat()}
        self.installation = Installation.at(self.folder, self.environment)
        if not (self.folder / "ledger.key").exists():
            self.installation.create(beside={"demo.json", "demo.json.new", "mail", "workbooks", *_CUT_OFF})
        self.office = Office(self.installation, OPENED, self.acknowledge)
        database = self.installation.database
        with database.begin() as session:
            if session.execute(sa.text("SELECT count(*) FROM account")).scalar_one() == 0:
                answer = sample.set_up(session, now=OPENED, seed=self.seed, passwords_for=SIGN_IN)
                self.accounts = [one for one in answer["accounts"] if one["password"]]
                self._keep_sign_ins()  # before the commit: passwords that nobody kept would be lost for good

    def _keep_sign_ins(self) -> None:
        """The demo's own passwords, for the one who tries it: readable by nobody else."""
        path = self.folder / "run" / "sign-ins.json"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(self.accounts, stream)

    def _start(self, port: int) -> None:
        """The same supervisor that `vinhdanh up` is; its children end with this process."""
        command = [sys.executable, "-m", "deployments.up", "--data", str(self.folder), "--json"]
        command += ["--port", str(port), "--with", str(os.getpid())]
        self.engine = subprocess.Popen(  # noqa: S603 -- our own program by fixed arguments
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.stack.callback(self._stop)
        self._ready: dict[str, Any] | None = None

    def _stop(self) -> None:
        if self.engine.poll() is None:
            self.engine.send_signal(signal.SIGTERM)
            try:
                self.engine.wait(15)
            except subprocess.TimeoutExpired:
                self.engine.kill()

    def ready(self) -> dict[str, Any]:
        """The engine's addresses; waits for its start. Raises Finished through the door when it cannot start."""
        if self._ready is None:
            assert self.engine.stdout is not None
            line = self.engine.stdout.readline()
            answer: dict[str, Any] = json.loads(line) if line.strip() else {}
            if not answer.get("ready"):
                raise Finished(4, {"missing": {"component": "engine", "hint": _AWAY}})
            self._ready = answer
            progress(f"Prefect: {answer['prefect']}")
        return self._ready

    def _patiently(self, done: Callable[[Session], bool], by_hand: Callable[[], object]) -> None:
        """Leave a machine's work to the engine; a person does it only when the engine has not, for long."""
        self.ready()
        ends = time.monotonic() + ENGINE_SECONDS
        while time.monotonic() < ends:
            if self.office.look(done):
                return
            time.sleep(0.15)
        by_hand()

    # --- stage 1: units propose -------------------------------------------------------------------------------------

    def _open(self, kind: str, title: str) -> str:
        known = [one for one in self.office.look(rounds.listing) if one["title"] == title]
        if known:
            return str(known[0]["code"])
        due = PROPOSALS_DUE if kind == "CONG_TRANG" else None
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
                if not self._filed(round_code, book):
                    self._file(round_code, unit, path, book)

    def _filed(self, round_code: str, book: reading.Workbook) -> bool:
        query = sa.text(
            "SELECT count(*) FROM dossier d JOIN review_round r ON r.id = d.round_id "
            "WHERE r.code = :round AND d.workbook_sha256 = :sha"
        )
        return self.office.look(
            lambda s: bool(s.execute(query, {"round": round_code, "sha": book.sha256}).scalar_one())
        )

    def _file(self, round_code: str, unit: str, path: Path, book: reading.Workbook) -> None:
        officer = self.office.actor(f"canbo.{unit.lower()}")
        filed = self.office.act(
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
                keep=lambda content: files.keep(self.installation.folder, content),
            ),
        )
        if filed.errors:
            raise RuntimeError(f"{path.name}: {filed.errors[0]}")

    def _evaluated(self, session: Session) -> bool:
        """Has every submitted nomination an appraisal of its present version?"""
        query = sa.text(
            "SELECT count(*) FROM nomination n WHERE n.state = 'submitted' AND NOT EXISTS (SELECT 1 FROM appraisal a "
            "WHERE a.nomination_id = n.id AND a.nomination_version = n.version)"
        )
        return bool(session.execute(query).scalar_one() == 0)

    def _evaluate_by_hand(self) -> None:
        while self.office.act("evaluate", "", lambda s: review.evaluate(s, now=self.office.now, limit=BATCH)):
            pass

    def _mend(self) -> None:
        """The reviewer returns what is incomplete; units mend it, one of them late."""
        self._patiently(self._evaluated, self._evaluate_by_hand)
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
        late = self._late_unit()
        for unit, _, _ in sample.proposing_units():
            if unit != late:
                self._mend_unit(unit)
        self.office.act("deadlines.sweep", "", lambda s: deadlines.sweep(s, now=OVERDUE))
        if late is not None:
            self._mend_unit(late)

    def _incomplete(self) -> dict[str, list[str]]:
        """Submitted nominations with a missing paper, by what is missing, in the reviewer's words."""
        query = sa.text(
            "SELECT n.code, a.findings FROM nomination n JOIN appraisal a ON a.nomination_id = n.id "
            "AND a.nomination_version = n.version WHERE n.state = 'submitted' AND a.verdict = 'unknown' ORDER BY n.id"
        )
        found: dict[str, list[str]] = {}
        for code, findings in self.office.look(lambda s: s.execute(query).all()):
            missing = [
                f for f in json.loads(findings) if f["verdict"] == "not_met" and f["rule"].startswith("dossier.")
            ]
            if missing:
                reason = " ".join(f["message"] for f in missing) + " Đề nghị bổ sung."
                found.setdefault(reason, []).append(code)
        return found

    def _late_unit(self) -> str | None:
        """The unit that mends last: the one with the fewest returned dossiers of the annual round."""
        query = sa.text(
            "SELECT u.code FROM nomination n JOIN unit u ON u.id = n.unit_id JOIN review_round r ON r.id = n.round_id "
            "WHERE n.state = 'returned' AND r.code = :round GROUP BY u.code ORDER BY count(*), u.code LIMIT 1"
        )
        return self.office.look(lambda s: s.execute(query, {"round": self.round}).scalar_one_or_none())

    def _mend_unit(self, unit: str) -> None:
        officer = self.office.actor(f"canbo.{unit.lower()}")
        query = sa.text(
            "SELECT n.code, n.award, p.kind, n.route FROM nomination n JOIN unit u ON u.id = n.unit_id "
            "JOIN nominee p ON p.id = n.nominee_id WHERE n.state = 'returned' AND u.code = :unit ORDER BY n.id"
        )
        returned = self.office.look(lambda s: s.execute(query, {"unit": unit}).all())

        def mend(session: Session) -> None:
            for code, award, kind, route in returned:
                parts = ",".join(data.whole(award, kind, route))
                mending.mend(session, code, actor=officer, now=OVERDUE, parts=parts)
            _must(proposal.submit(session, [row.code for row in returned], actor=officer, now=OVERDUE))

        if returned:
            self.office.act("nominations.submit", unit, mend)

    # --- stage 2: the review ----------------------------------------------------------------------------------------

    def _review(self) -> None:
        self.office.now = REVIEWED
        self._patiently(self._evaluated, self._evaluate_by_hand)
        reviewer = self.office.actor(REVIEWER)
        if self.office.look(lambda s: s.execute(sa.text("SELECT count(*) FROM petition")).scalar_one()) == 0:
            waiting = self.office.codes(self.round, "submitted")
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
            verdicts = self._verdicts(round_code)
            for group in groups([code for code, verdict in verdicts if verdict == "eligible"], BATCH):
                self.office.act(
                    "nominations.pass",
                    group[0],
                    partial(_done, act=review.pass_review, codes=group, actor=reviewer, now=REVIEWED),
                )
            for code, verdict in verdicts:
                reason = self._why_not(code)
                if verdict == "unknown":  # the rules leave it to a person, who looks at the papers and says so
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
                elif verdict != "eligible":
                    self.office.act(
                        "nominations.ineligible",
                        code,
                        partial(
                            _done, act=review.find_ineligible, codes=[code], reason=reason, actor=reviewer, now=REVIEWED
                        ),
                    )
            self._advance(round_code, "unit_proposal")
            self._advance(round_code, "home_affairs_review")

    def _verdicts(self, round_code: str) -> list[tuple[str, str]]:
        query = sa.text(
            "SELECT n.code, a.verdict FROM nomination n JOIN review_round r ON r.id = n.round_id "
            "JOIN appraisal a ON a.nomination_id = n.id AND a.nomination_version = n.version "
            "WHERE r.code = :round AND n.state = 'submitted' ORDER BY n.id"
        )
        return [(row[0], row[1]) for row in self.office.look(lambda s: s.execute(query, {"round": round_code}).all())]

    def _why_not(self, code: str) -> str:
        found = self.office.look(lambda s: review.latest(s, [code]))[code]
        against = [f["message"] for f in json.loads(found.findings) if f["verdict"] != "met"]
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
        sitting = self._session()
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
        if state == "convened":
            present = [member for member in MEMBERS if member != ABSENT]
            self.office.act("council.attend", code, lambda s: convening.attend(s, code, present, actor=secretary))
            kin = self.office.codes(self.round, "eligible")[0]
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
        if state == "open":
            self._cast_all(code)
            self.office.act("ballot.close", code, lambda s: vote.close_ballot(s, code, actor=secretary, now=SAT))
            state = "closed"
        if state == "closed":
            self._count_ballots(code)
        shutil.rmtree(self._hands(), ignore_errors=True)  # as tellers destroy their shares after the count
        for round_code in (self.round, self.sudden):
            self._advance(round_code, "council_vote")

    def _hands(self) -> Path:
        """Where the tellers of the demo keep their shares; in an office each has their own in their pocket."""
        return self.folder / "tellers"

    def _count_ballots(self, code: str) -> None:
        texts = [path.read_text(encoding="utf-8") for path in sorted(self._hands().glob(f"{code}.*.share"))]
        brought, teller = share_files.parse(texts[:2], code), self.office.actor(TELLER)
        self.office.act(
            "ballot.tally",
            code,
            lambda s: counting.tally_ballot(s, code, shares=brought, actor=teller, now=SAT),
        )

    def _session(self) -> tuple[str, str] | None:
        query = sa.text(
            "SELECT s.code, s.state FROM council_session s JOIN review_round r ON r.id = s.round_id WHERE r.code = :round"
        )
        row = self.office.look(lambda s: s.execute(query, {"round": self.round}).one_or_none())
        return (row[0], row[1]) if row else None

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
        refused = sum(len(self.office.codes(code, "refused")) for code in (self.round, self.sudden))
        waiting = self.office.codes(self.round, "recommended")
        if refused == 0 and waiting:
            doubtful = next(code for code in reversed(waiting) if self._role(code) == "decide")
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
        for codes in (waiting, self.office.codes(self.sudden, "recommended")):
            if codes:
                signed = self.office.act(
                    "decisions.sign", codes[0], partial(signature.sign, codes=codes, actor=chairman, now=SIGNED)
                )
                _must(signed.results)
        self._patiently(lambda s: not paper_facts.unrendered(s), lambda: None)
        for round_code in (self.round, self.sudden):
            self._advance(round_code, "chairman_signature")

    def _role(self, code: str) -> str:
        return str(
            self.office.look(
                lambda s: s.execute(sa.text("SELECT role FROM nomination WHERE code = :c"), {"c": code}).scalar_one()
            )
        )

    # --- stage 5: publication ---------------------------------------------------------------------------------------

    def _disclose(self) -> None:
        self.office.now = PUBLISHED
        reviewer = self.office.actor(REVIEWER)
        signed = sa.text(
            "SELECT DISTINCT d.code FROM decision d JOIN nomination n ON n.decision_id = d.id WHERE n.state = 'signed' "
            "ORDER BY d.code"
        )
        for code in self.office.look(lambda s: s.execute(signed).scalars().all()):
            url = f"{self.installation.base_url}/decisions/{code}"
            self.office.act(
                "decisions.disclose",
                code,
                partial(disclosure.disclose, paper=code, actor=reviewer, now=PUBLISHED, url=url),
            )
        for round_code in (self.round, self.sudden):
            self._advance(round_code, "public_disclosure")

    def _settle(self) -> None:
        """Until every letter has its answer and every run its end; then the ledger is sealed once more."""
        self._wait_for_letters()
        self._wait_for_runs()
        self.installation.keeper.now()

    def _wait_for_letters(self) -> None:
        ends = time.monotonic() + 600
        while time.monotonic() < ends:
            if self.office.look(outbox.status)["waiting"] == 0:
                return
            if self.office.look(outbox.unsent_now) == 0:
                return  # what is left waits for its back-off: the mail server said "later"
            time.sleep(0.3)

    def _prefect(self, path: str, body: dict[str, Any]) -> Any:
        auth = (self.folder / "run" / "prefect.auth").read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Basic {b64encode(auth.encode()).decode()}"}
        url, ends = f"{self.ready()['prefect']}/api/{path}", time.monotonic() + 90
        while True:
            try:
                answer = httpx.post(url, json=body, headers=headers, timeout=20, trust_env=False)
                answer.raise_for_status()
                return answer.json()
            except httpx.HTTPError:  # the supervisor is starting it again, on the same port
                if time.monotonic() > ends:
                    raise Finished(4, {"missing": {"component": "Prefect", "hint": _AWAY}}) from None
                time.sleep(1)

    def _sample(self) -> str:
        """A nomination that every sign-in printed beside it may read: one of the officer's own unit, where there is one."""
        rows = self.office.look(lambda s: nominations.listing(s, round_code=self.round))
        return str(next((row for row in rows if row["unit"] == "XA01"), rows[0])["code"])

    def _count(self, *types: str) -> int:
        started = {"operator": "and_", "state": {"type": {"any_": list(types)}}}
        return int(self._prefect("flow_runs/count", {"flow_runs": started}))

    def _wait_for_runs(self) -> None:
        ends = time.monotonic() + 60
        while time.monotonic() < ends and self._count("PENDING", "RUNNING") + self._overdue_runs():
            time.sleep(0.4)

    def _overdue_runs(self) -> int:
        now = datetime.now().astimezone().isoformat()
        scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}, "next_scheduled_start_time": {"before_": now}}
        return int(self._prefect("flow_runs/count", {"flow_runs": scheduled}))

    # --- the answer -------------------------------------------------------------------------------------------------

    def _answer(self, total: float) -> dict[str, Any]:
        letters = self.office.look(outbox.status)
        with self.installation.database.read() as session:
            verdict = verification.verify(session, vkey=self.installation.signer.vkey)
        largest = max(peak_rss_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
        rows = self.office.look(nominations.listing)
        kinds: dict[str, Counter[str]] = {}
        for row in rows:
            kinds.setdefault(row["award"], Counter())[row["nominee"]["kind"]] += 1
        return {
            "scale": self.scale,
            "seed": self.seed,
            "resumed": self.resumed,
            "data": str(self.folder),
            "round": self.round,
            "nominations": {
                "total": len(rows),
                "by_award": dict(Counter(row["award"] for row in rows)),
                "by_award_and_kind": {award: dict(count) for award, count in kinds.items()},
                "by_state": dict(Counter(row["state"] for row in rows)),
            },
            "acts": self.office.look(_acts),
            "letters": letters,
            "flow_runs": {
                "completed": self._count("COMPLETED"),
                "failed": self._count("FAILED"),
                "crashed": self._count("CRASHED"),
            },
            "ledger": {
                "size": verdict.size,
                "root": b64encode(verdict.root).decode(),
                "verified": not verdict.violations,
            },
            "seconds": {"total": round(total, 1), **{stage: self.seconds.get(stage, 0.0) for stage in STAGES}},
            "peak_rss_mb": largest,
        }

    def serve(self) -> NoReturn:
        """Say where everything is and stay until Ctrl-C."""
        sign_ins = [
            {"role": one["role"], "username": one["username"], "password": one["password"], "totp": None}
            for one in json.loads((self.folder / "run" / "sign-ins.json").read_text(encoding="utf-8"))
        ]
        decisions = self.office.look(disclosure.decisions)
        session = self._session()
        secretary = self.office.actor(SECRETARY)
        with self.installation.database.begin() as act:
            token = tokens.issue(act, scope="write", days=30, actor=secretary, now=self.office.now)
        DOOR.say(
            {
                "ready": True,
                "web": self.ready()["web"],
                "sign_ins": sign_ins,
                "samples": {
                    "round": self.round,
                    "nomination": self._sample(),
                    "session": session[0] if session else None,
                    "decision": decisions[0]["code"] if decisions else None,
                },
                "api_token": token,
            }
        )
        try:
            self.engine.wait()
        except KeyboardInterrupt:
            progress("Đang dừng…")
        raise Finished(0, None)


def _acts(session: Session) -> dict[str, int]:
    def count(query: str) -> int:
        return int(session.execute(sa.text(query)).scalar_one())

    return {
        "returned": count("SELECT count(*) FROM ledger_entry WHERE kind = 'nomination:returned'"),
        "recused": count("SELECT count(*) FROM recusal"),
        "refused_by_chairman": count("SELECT count(*) FROM ledger_entry WHERE kind = 'nomination:refused'"),
        "paused": count("SELECT count(*) FROM ledger_entry WHERE kind = 'nomination:paused'"),
        "escalated": count("SELECT count(*) FROM escalation"),
        "submission_letters": count("SELECT count(*) FROM submission_letter"),
        "decisions": count("SELECT count(*) FROM decision"),
    }


def _done(session: Session, act: Callable[..., Any], **given: Any) -> None:
    """An act on a list whose every item must succeed."""
    _must(act(session, **given))


def _must(results: Any) -> None:
    for result in results:
        if result.refusal is not None:
            raise RuntimeError(f"{result.code}: {result.refusal.message}")


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _table(answer: dict[str, Any]) -> None:
    """The summary a person reads, on stderr."""
    from operations.transition import award_name

    progress("")
    progress(f"{'Danh hiệu, hình thức':<58}{'Số hồ sơ':>10}")
    for award, count in answer["nominations"]["by_award"].items():
        progress(f"{award_name(award):<58}{count:>10}")
    progress("")
    for state, count in answer["nominations"]["by_state"].items():
        progress(f"{lifecycle.STATE_NAMES[lifecycle.State(state)]:<58}{count:>10}")
    progress("")
    letters, ledger = answer["letters"], answer["ledger"]
    progress(f"Thư: {letters['accepted']}/{letters['queued']} được máy chủ nhận. "
             f"Sổ cái: {ledger['size']} bản ghi, {'khớp' if ledger['verified'] else 'KHÔNG KHỚP'}. "
             f"Luồng Prefect: {answer['flow_runs']['completed']} hoàn thành. "
             f"{answer['seconds']['total']} giây, {answer['peak_rss_mb']} MB. Dữ liệu: {answer['data']}")  # fmt: skip
