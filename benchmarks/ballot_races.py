"""Fifteen members, every act of a ballot sent five times at once: is there exactly the lawful number of ballots?

    .venv/bin/python benchmarks/ballot_races.py [--nominations 300] [--seeds 50] [--database URL]

Each seed is a session of its own: five openings, then each member's ballot five times, shuffled with five early closings
and five early counts, then five closings and five counts. Nothing but a Refusal may come back to those who lost.
"""

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlmodel import select

from models import Council
from models.database import Database, sqlite_url
from operations import access, rounds
from operations.access import INSTALLER, Actor
from operations.council_vote import convening, council, counting, share_files, vote
from operations.home_affairs_review import review
from operations.installation import moment
from operations.people import accounts
from operations.unit_proposal import proposal
from operations.upkeep import sample
from rules.refusal import Refusal

NOW = moment("2024-11-01T08:00:00+07:00")
TIMES = 5
SECRETARY, REVIEWER, TELLER = "thuky", "chuyenvien1", "tv04"


def add_members(database: Database) -> tuple[str, ...]:
    """Four more members to the sample's eleven; everybody's username."""
    since = date(2024, 1, 1)
    with database.begin() as session:
        body = session.exec(select(Council)).one()
        for number in range(12, 16):
            username = f"tv{number}"
            accounts.add(session, username=username, name=f"Thành viên Mẫu {number}", email=None, actor=INSTALLER)
            council.appoint(
                session, council_code=body.code, username=username, title="Ủy viên", body="Cơ quan mẫu",
                valid_from=since, actor=INSTALLER, now=NOW,
            )  # fmt: skip
    return ("chutich", "phochutich", *(f"tv{number:02d}" for number in range(3, 16)))


def open_round(database: Database) -> str:
    """A round of its own for the races."""
    with database.begin() as session:
        secretary = access.actor(session, SECRETARY, now=NOW)
        return rounds.open_round(
            session, kind="CONG_TRANG", year=2024, title="Đợt thử tranh chấp", actor=secretary, now=NOW
        ).code


def convene(database: Database, round_code: str, members: Sequence[str], seed: int, nominations: int) -> str:
    """So many nominations before the council, and its session with everybody present."""
    chance = random.Random(seed)
    with database.begin() as session:
        filed = proposal.file(
            session,
            round_code=round_code,
            unit_code="XA01",
            proposals=[_proposal(chance, seed, number) for number in range(nominations)],
            actor=access.actor(session, "canbo.xa01", now=NOW),
            now=NOW,
        )
        review.pass_review(session, filed.codes, actor=access.actor(session, REVIEWER, now=NOW), now=NOW)
        secretary = access.actor(session, SECRETARY, now=NOW)
        code = convening.convene(
            session, round_code=round_code, at=NOW, place="Hội trường", actor=secretary, now=NOW
        ).code
        convening.attend(session, code, members, actor=secretary)
    return code


def _proposal(chance: random.Random, seed: int, number: int) -> proposal.Proposed:
    return proposal.Proposed(
        row=number + 2,
        name=f"Lò Thị Mẫu {seed}-{number}",
        kind="individual",
        award="LDTT",
        rating="HTTNV",
        object_class="Công chức",
        facts={"employed_months": 12},
        achievement="Hoàn thành nhiệm vụ",
        birth_date=date(1980, 1, chance.randint(1, 28)),
    )


def race(database: Database, round_code: str, members: Sequence[str], *, seed: int, nominations: int) -> list[str]:
    """One session raced through; what was not lawful, as sentences. None is how it should be."""
    code = convene(database, round_code, members, seed, nominations)
    chance = random.Random(seed)
    with database.read() as session:
        actors = {name: access.actor(session, name, now=NOW) for name in (SECRETARY, TELLER, *members)}
        plan = vote.prospect(session, code, actor=actors[SECRETARY])
    secretary, teller = actors[SECRETARY], actors[TELLER]
    keys = [plan.new_key() for _ in range(TIMES)]
    opened = _at_once(
        database,
        [lambda s, key=key: vote.open_ballot(s, code, public_key=key, actor=secretary, now=NOW) for key, _ in keys],
    )
    wrong = _expect("open", opened, {"opened": 1, "ballot_closed": TIMES - 1}, "opened")
    winner = next(number for number, answer in enumerate(opened) if isinstance(answer, dict))
    shares = share_files.parse(list(keys[winner][1].values()), code)
    agenda = opened[winner]["agenda"]
    said = {name: {item: chance.choice(vote.CHOICES) for item in agenda} for name in members}

    def cast(actor: Actor) -> Callable[[Any], Any]:
        return lambda s: vote.cast(s, code, choices=said[actor.username], actor=actor)

    def close(session: Any) -> Any:
        return vote.close_ballot(session, code, actor=secretary, now=NOW)

    def tally(session: Any) -> Any:
        return counting.tally_ballot(session, code, shares=shares, actor=teller, now=NOW)

    acts: list[tuple[str, Callable[[Any], Any]]] = [
        (name, cast(actors[name])) for name in members for _ in range(TIMES)
    ]
    acts += [("tally", tally)] * TIMES
    chance.shuffle(acts)
    answers = _at_once(database, [act for _, act in acts])
    by_name: dict[str, list[Any]] = {}
    for (name, _), answer in zip(acts, answers, strict=True):
        by_name.setdefault(name, []).append(answer)
    for name in members:
        wrong += _expect(f"cast by {name}", by_name[name], {"cast": 1, "already_voted": TIMES - 1}, "cast")
    wrong += _expect("early count", by_name["tally"], {"ballot_open": TIMES}, "tallied")
    closed = _at_once(database, [close] * TIMES + [cast(actors[members[0]])])
    wrong += _expect("late cast", closed[TIMES:], closed_or_voted(closed[TIMES:]), "cast")
    wrong += _expect("close", closed[:TIMES], {"closed": 1, "ballot_closed": TIMES - 1}, "closed")
    tallied = _at_once(database, [tally] * TIMES)
    wrong += _expect("tally", tallied, {"tallied": 1, "already_tallied": TIMES - 1}, "tallied")
    counted = next((answer for answer in tallied if isinstance(answer, dict)), {"results": [], "batch": []})
    for result in counted["results"]:
        by_hand = Counter(choices[result["code"]] for choices in said.values())
        if any(by_hand[choice] != result[choice] for choice in vote.CHOICES):
            wrong.append(f"{result['code']}: counted {result}, cast {dict(by_hand)}")
    if (len(counted["results"]), len(counted["batch"])) != (nominations, len(members)):
        wrong.append(f"{len(counted['batch'])} ballots over {len(counted['results'])} nominations")
    return [f"seed {seed}: {one}" for one in wrong]


def closed_or_voted(answers: Sequence[Any]) -> dict[str, int]:
    """Whoever voted and comes once more is told one of two things, by whether the closing was first."""
    return dict(Counter(answer.code for answer in answers if isinstance(answer, Refusal)))


def _at_once(database: Database, acts: Sequence[Callable[[Any], Any]]) -> list[Any]:
    """Every act in a thread and a transaction of its own; its answer, or the exception it ended with."""

    def one(act: Callable[[Any], Any]) -> Any:
        try:
            with database.begin() as session:
                return act(session)
        except Exception as error:  # noqa: BLE001 -- what came is what is measured
            return error

    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(one, acts))


def _expect(what: str, answers: Sequence[Any], expected: dict[str, int], done: str) -> list[str]:
    found = Counter(
        answer.code if isinstance(answer, Refusal) else repr(answer) if isinstance(answer, Exception) else done
        for answer in answers
    )
    return [] if found == expected else [f"{what}: {dict(found)}, not {expected}"]


def main() -> None:
    from surroundings import describe

    parser = argparse.ArgumentParser()
    parser.add_argument("--nominations", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--database", help="postgresql://…, an empty database; SQLite in a temporary folder without")
    given = parser.parse_args()
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory(prefix="vinhdanh-") as folder:
        database = Database(given.database or sqlite_url(Path(folder)))
        database.migrate()
        with database.begin() as session:
            sample.set_up(session, now=NOW, passwords_for=[])
        members = add_members(database)
        round_code = open_round(database)
        started, wrong = perf_counter(), []
        for seed in range(given.seeds):
            wrong += race(database, round_code, members, seed=seed, nominations=given.nominations)
        seconds = perf_counter() - started
        database.close()
    print(
        f"{given.seeds} sessions of {len(members)} members over {given.nominations} nominations, every act {TIMES} times "
        f"at once on {'PostgreSQL' if given.database else 'SQLite'}: {len(wrong)} wrong, {seconds:.0f} s"
    )
    for one in wrong:
        print(one)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
