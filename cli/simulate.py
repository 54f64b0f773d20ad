"""`vinhdanh simulate`: a whole round through the real operations, without Prefect and mail, and what it cost."""

import random
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

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
from operations import rounds
from operations.chairman_signature import signature
from operations.council_vote import convening, counting, share_files, vote
from operations.home_affairs_review import review
from operations.installation import Installation, moment
from operations.public_disclosure import disclosure
from operations.unit_proposal import proposal
from operations.upkeep import sample, verification
from rules.refusal import Refusal
from rules.vocabulary import Outcome, Rating

BATCH = 500  # what a person selects and passes in one act
BEGIN = moment("2024-11-01T08:00:00+07:00")


def run(
    *, nominations: int, seed: int, one_by_one: bool, database_url: str | None, folder: Path | None
) -> dict[str, Any]:
    """The `simulate` answer of docs/contract.md. Raises Refusal `folder_not_empty`, RuntimeError when an act was refused."""
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vinhdanh-")))
        environment = {"VINHDANH_DATABASE_URL": database_url} if database_url else {}
        installation = Installation.at(home, environment)
        if (home / "ledger.key").exists() or (home.exists() and any(home.iterdir()) and folder is not None):
            raise Refusal("folder_not_empty", f"Thư mục {home} không trống; hãy chọn thư mục khác.")
        stack.callback(installation.database.close)
        try:
            installation.create()
        except Refusal as refusal:
            if refusal.code != "foreign_database":
                raise
            raise Refusal(
                "folder_not_empty", "Cơ sở dữ liệu này đã có dữ liệu; hãy dùng một cơ sở dữ liệu trống."
            ) from None
        return _simulate(installation, nominations, random.Random(seed), one_by_one=one_by_one)


def _simulate(installation: Installation, count: int, chance: random.Random, *, one_by_one: bool) -> dict[str, Any]:
    office = Office(installation, BEGIN)
    database = installation.database
    with database.begin() as session:
        sample.set_up(session, now=BEGIN, passwords_for=[])
    units = [code for code, _, _ in sample.proposing_units()]
    proposals = {
        unit: _proposals(chance, count * (n + 1) // len(units) - count * n // len(units), one_by_one)
        for n, unit in enumerate(units)
    }
    started = perf_counter()
    secretary = office.actor(SECRETARY)
    round_code = office.act(
        "open_round",
        "",
        lambda s: rounds.open_round(
            s, kind="CONG_TRANG", year=2024, title="Khen thưởng năm 2024", actor=secretary, now=office.now
        ),
    ).code
    size = 1 if one_by_one else BATCH
    codes: list[str] = []
    for unit, wanted in proposals.items():
        officer = office.actor(f"canbo.{unit.lower()}")
        for group in groups(wanted, size):
            codes += office.act(
                "file",
                unit,
                partial(
                    proposal.file, round_code=round_code, unit_code=unit, proposals=group, actor=officer, now=office.now
                ),
            ).codes
    evaluation_seconds = 0.0
    for batch in groups(codes, size):
        if not one_by_one:  # alone, the reviewer's act evaluates by itself; in bulk the stage's flow has done it before
            begun = perf_counter()
            office.act("evaluate", "", partial(review.evaluate, now=office.now, codes=batch, limit=len(batch)))
            evaluation_seconds += perf_counter() - begun
        _must(
            office.act(
                "pass",
                "",
                partial(review.pass_review, codes=batch, actor=office.actor(REVIEWER), now=office.now),
            )
        )
    office.act("advance", round_code, lambda s: rounds.advance(s, round_code, actor=secretary, now=office.now))
    office.act("advance", round_code, lambda s: rounds.advance(s, round_code, actor=secretary, now=office.now))
    recommended = _vote(office, round_code, chance)
    office.act("advance", round_code, lambda s: rounds.advance(s, round_code, actor=secretary, now=office.now))
    office.now += timedelta(days=7)
    chairman = office.actor(CHAIRMAN)
    papers: list[str] = []
    for pile in [[code] for code in recommended] if one_by_one else [recommended]:
        signed = office.act("sign", "", partial(signature.sign, codes=pile, actor=chairman, now=office.now))
        _must(signed.results)
        papers += signed.decisions
    for paper in papers:
        office.act(
            "disclose",
            paper,
            partial(
                disclosure.disclose,
                paper=paper,
                actor=office.actor(REVIEWER),
                now=office.now,
                url=f"{installation.base_url}/decisions/{paper}",
            ),
        )
    installation.keeper.now()
    seconds = perf_counter() - started
    with database.read() as session:
        states = rounds.status(session, round_code)["states"]
        verdict = verification.verify(session, vkey=installation.signer.vkey)
    return {
        "nominations": count,
        "seconds": round(seconds, 3),
        "per_second": round(count / seconds, 1),
        "peak_rss_mb": peak_rss_mb(),
        "by_state": states,
        "ledger": {"size": verdict.size, "verified": not verdict.violations},
        "evaluation_seconds": round(evaluation_seconds, 3),
    }


def _proposals(chance: random.Random, count: int, one_by_one: bool) -> list[proposal.Proposed]:  # noqa: ARG001 -- the same people either way
    awards = ("LDTT",) * 12 + ("CSTDCS",) * 2 + ("GK_HUYEN",) * 2 + ("BK_TINH",)
    made = []
    for number in range(count):
        someone = sample.person(chance)
        made.append(
            proposal.Proposed(
                row=number + 2,
                name=someone.name,
                kind="individual",
                award=chance.choice(awards),
                position="Chuyên viên",
                gender=someone.gender,
                ethnicity=someone.ethnicity,
                birth_date=someone.birth_date,
                workplace=f"Tổ {number + 1}",
                rating=Rating.HTXSNV,
                object_class="Công chức",
                facts={"employed_months": 12, "grounds": ["74.1.a"]},
                achievement="Hoàn thành xuất sắc nhiệm vụ năm 2024",
                email=f"nn{chance.randrange(10**9)}@{sample.DOMAIN}",
            )
        )
    return made


def _vote(office: Office, round_code: str, chance: random.Random) -> list[str]:
    secretary = office.actor(SECRETARY)
    held = office.now + timedelta(days=3)
    code = office.act(
        "convene",
        round_code,
        lambda s: convening.convene(
            s, round_code=round_code, at=held, place="Hội trường UBND huyện", actor=secretary, now=office.now
        ),
    ).code
    office.act("attend", code, lambda s: convening.attend(s, code, MEMBERS, actor=secretary))
    public_key, shares = office.look(lambda s: vote.prospect(s, code, actor=secretary)).new_key()
    agenda = office.act(
        "open_ballot",
        code,
        lambda s: vote.open_ballot(s, code, public_key=public_key, actor=secretary, now=office.now),
    )["agenda"]
    against = frozenset(chance.sample(agenda, len(agenda) // 100))
    for member in MEMBERS:
        choices = ballot(chance, agenda, against=against, leave_out=frozenset())
        office.act(
            "cast",
            member,
            partial(vote.cast, session_code=code, choices=choices, actor=office.actor(member)),
        )
    office.act("close_ballot", code, lambda s: vote.close_ballot(s, code, actor=secretary, now=office.now))
    brought = share_files.parse(list(shares.values())[:2], code)
    results = office.act(
        "tally",
        code,
        lambda s: counting.tally_ballot(s, code, shares=brought, actor=office.actor("tv04"), now=office.now),
    )["results"]
    return [result["code"] for result in results if result["outcome"] == Outcome.RECOMMENDED]


def _must(results: Any) -> None:
    for result in results:
        if result.refusal is not None:
            raise RuntimeError(f"{result.code}: {result.refusal.message}")
