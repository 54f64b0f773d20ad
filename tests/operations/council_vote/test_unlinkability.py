"""An adversary with every file after every vote, and the published result: does it guess who voted how?

It knows the roll's order, which envelope came with which member (it compares snapshots), where each lies in the file's
pages, every ledger entry with its openings, the sizes of everything and how long each act took. The truth is told to
its learning half, as if members had talked. What it may reach is what the published numbers alone allow: with the
columns known, a guess is a draw without replacement, so its hits have a known mean and variance.
"""

import json
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from operations.council_vote import vote
from rules.lifecycle import State
from tests.conftest import LONG

MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))
SESSIONS, ITEMS = 100 if LONG else 25, 3
WORDS = tuple(word.encode() for word in vote.CHOICES)
Vote = dict[str, Any]  # everything the adversary saw of one act, and the truth under "said"


def files_of(office: Any) -> dict[str, bytes]:
    folder = Path(office.database.url.database).parent
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def cast_watched(office: Any, session: str, member: str, choices: dict[str, str], known: set[bytes]) -> Vote:
    """One vote; the adversary copies the journal just before the commit and every file right after it."""
    actor = office.actor(member)
    started = time.perf_counter()
    with office.database.begin() as act:
        answer = vote.cast(act, session, choices=choices, actor=actor)
        act.flush()
        written = Path(f"{office.database.url.database}-journal")
        journal = written.read_bytes() if written.exists() else b""
    seconds = time.perf_counter() - started
    after = files_of(office)
    inside = [bytes(row[0]) for row in office.rows("SELECT envelope FROM ballot_box")]
    (fresh,) = set(inside) - known
    known.add(fresh)
    database = after["vinhdanh.sqlite3"]
    leaf, openings = office.rows(
        'SELECT leaf, openings FROM ledger_entry NATURAL JOIN ledger_opening ORDER BY "index" DESC LIMIT 1'
    )[0]
    return {
        "member": member,
        "envelope": fresh,
        "receipt": answer["receipt"],
        "place in the file": database.rfind(fresh),
        "place in the box": inside.index(fresh),
        "seconds": seconds,
        "files": {name: len(content) for name, content in after.items()},
        "journal": journal,
        "leaf": leaf,
        "openings": openings,
        "plain": [
            (name, text)
            for name, content in {**after, "journal": journal}.items()
            for text in (f'{code}":"{choice}'.encode() for code, choice in choices.items())
            if text in content
        ],
        "words": Counter({word: sum(content.count(word) for content in after.values()) for word in WORDS}),
    }


def watched_session(office: Any, round_: Any, chance: random.Random) -> tuple[list[Vote], list[list[str]]]:
    """A whole session under the adversary's eyes: its votes in their order, and the published rows."""
    codes = round_.to(State.ELIGIBLE, ITEMS)
    session = round_.ballot()
    known: set[bytes] = set()
    votes = []
    for member in chance.sample(MEMBERS, len(MEMBERS)):
        choices = {code: chance.choices(vote.CHOICES, (5, 4, 2))[0] for code in codes}
        votes.append(cast_watched(office, session, member, choices, known) | {"said": [choices[c] for c in codes]})
    office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)
    batch = office.tally(session)["batch"]
    return votes, [[row[code] for code in codes] for row in batch]


# Guessing ------------------------------------------------------------------------------------------------------------


class Score:
    """Hits of a guesser against what the same guesses would hit if members and choices were shuffled."""

    def __init__(self) -> None:
        self.hits = self.mean = self.variance = 0.0

    def add(self, guesses: list[str], truth: list[str]) -> None:
        """One column: a guess for each member, and what each chose."""
        n = len(truth)
        match = [[float(guess == said) for said in truth] for guess in guesses]
        rows = [sum(row) / n for row in match]
        columns = [sum(column) / n for column in zip(*match, strict=True)]
        grand = sum(rows) / n
        self.hits += sum(match[i][i] for i in range(n))
        self.mean += grand * n
        # The variance of a sum along a random permutation (Hoeffding 1951).
        self.variance += sum((match[i][j] - rows[i] - columns[j] + grand) ** 2 for i in range(n) for j in range(n)) / (
            n - 1
        )

    @property
    def deviations(self) -> float:
        return (self.hits - self.mean) / math.sqrt(self.variance) if self.variance else 0.0


ORDERS: dict[str, Callable[[int, Vote], Any]] = {
    "when they voted": lambda place, seen: place,
    "who voted last": lambda place, seen: -place,
    "names": lambda place, seen: seen["member"],
    "the box, sorted": lambda place, seen: seen["envelope"],
    "the receipts, sorted": lambda place, seen: seen["receipt"],
    "pages of the file": lambda place, seen: seen["place in the file"],
    "time it took": lambda place, seen: seen["seconds"],
    "the ledger's commitments": lambda place, seen: json.loads(seen["leaf"])["commitments"]["voted"],
}
FEATURES: dict[str, Callable[[int, int, Vote], Any]] = {
    "envelope's length": lambda place, item, seen: len(seen["envelope"]),
    "envelope's first bits": lambda place, item, seen: seen["envelope"][0] % 4,
    "envelope's byte of the item": lambda place, item, seen: seen["envelope"][32 + item] % 4,
    "envelope's last bits": lambda place, item, seen: seen["envelope"][-1] % 4,
    "receipt's first letter": lambda place, item, seen: seen["receipt"][0],
    "place in the box": lambda place, item, seen: seen["place in the box"],
    "place in the page": lambda place, item, seen: seen["place in the file"] % 4096 // 256,
    "turn": lambda place, item, seen: place,
    "member": lambda place, item, seen: seen["member"],
    "sizes of the files": lambda place, item, seen: sum(seen["files"].values()) // 4096 % 8,
    "size of the journal": lambda place, item, seen: len(seen["journal"]) // 4096 % 8,
    "length of the leaf": lambda place, item, seen: len(seen["leaf"]),
    "length of the openings": lambda place, item, seen: len(seen["openings"]),
    "milliseconds": lambda place, item, seen: int(seen["seconds"] * 1000),
}


def by_order(sessions: Any, key: Callable[[int, Vote], Any]) -> Score:
    """The published rows, laid beside the members in some order."""
    score = Score()
    for votes, rows in sessions:
        ranked = sorted(range(len(votes)), key=lambda place, votes=votes: key(place, votes[place]))
        row_of = {place: rows[rank] for rank, place in enumerate(ranked)}
        for item in range(ITEMS):
            score.add([row_of[place][item] for place in range(len(votes))], [seen["said"][item] for seen in votes])
    return score


def by_learning(sessions: Any, feature: Callable[[int, int, Vote], Any]) -> Score:
    """What this feature went with in the half whose truth it was told, guessed for the other half."""
    told: dict[Any, Counter[str]] = defaultdict(Counter)
    for votes, _ in sessions[::2]:
        for item in range(ITEMS):
            for place, seen in enumerate(votes):
                told[feature(place, item, seen)][seen["said"][item]] += 1
    score = Score()
    for votes, rows in sessions[1::2]:
        for item in range(ITEMS):
            most = Counter(row[item] for row in rows).most_common(1)[0][0]
            learned = [told.get(feature(place, item, seen)) for place, seen in enumerate(votes)]
            score.add(
                [found.most_common(1)[0][0] if found else most for found in learned],
                [seen["said"][item] for seen in votes],
            )
    return score


def by_majority(sessions: Any) -> Score:
    """The best that the published columns allow."""
    score = Score()
    for votes, rows in sessions:
        for item in range(ITEMS):
            most = Counter(row[item] for row in rows).most_common(1)[0][0]
            score.add([most] * len(votes), [seen["said"][item] for seen in votes])
    return score


def test_whoever_sees_every_file_after_every_vote_guesses_no_better_than_chance(small_office: Any) -> None:
    office = small_office
    round_ = office.open_round()
    chance = random.Random(4)
    sessions = [watched_session(office, round_, chance) for _ in range(SESSIONS)]
    assert sum(len(votes) for votes, _ in sessions) == 11 * SESSIONS

    majority = by_majority(sessions)
    bound = majority.hits + 5 * math.sqrt(majority.hits * (1 - majority.hits / (11 * SESSIONS * ITEMS)))
    scores = {f"rows by {name}": by_order(sessions, key) for name, key in ORDERS.items()}
    scores |= {f"learned from {name}": by_learning(sessions, feature) for name, feature in FEATURES.items()}
    assert {name: round(score.deviations, 1) for name, score in scores.items() if score.deviations > 5} == {}
    assert {name: score.hits for name, score in scores.items() if score.hits > bound} == {}

    # The measure itself: one member in eleven given away is found; in a quarter of the sessions, two.
    leaky = Score()
    given = 1 if LONG else 2
    for votes, _ in sessions:
        for item in range(ITEMS):
            truth = [seen["said"][item] for seen in votes]
            leaky.add([*truth[:given], *(chance.choice(vote.CHOICES) for _ in truth[given:])], truth)
    assert leaky.deviations > 5

    # No choice in plain words: while a ballot is open, what stands in the files of them stays as it was.
    changed = [
        number
        for number, (votes, _) in enumerate(sessions)
        if len({tuple(sorted(seen["words"].items())) for seen in votes}) != 1
    ]
    assert changed == []
    assert [seen["plain"] for votes, _ in sessions for seen in votes if seen["plain"]] == []
    assert [
        seen["member"] for votes, _ in sessions for seen in votes if seen["receipt"].encode() in seen["journal"]
    ] == []
