"""The count against one made person by person: every number of members, every recusal, threshold, base and absence."""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from models import SessionMember
from operations.council_vote.electorate import Electorate
from rules.regulation import VoteRule

# domain facts §7.2: 90 % (CSTĐ tỉnh, toàn quốc), 80 % (bằng khen Thủ tướng), 70 % (general), 50 % — as whole numbers.
THRESHOLDS = ((9, 10), (4, 5), (7, 10), (1, 2), (2, 3))
BASES = ("all_members", "attendees", "ballots_cast")
CHOICES = ("approve", "disapprove", "abstain")


def recusals(n: int) -> Iterator[frozenset[int]]:
    """Every set of members who stand aside, up to eight members; above, some of each size."""
    if n <= 8:
        for size in range(n + 1):
            yield from map(frozenset, itertools.combinations(range(n), size))
        return
    chance = random.Random(n)
    for size in range(n + 1):
        for _ in range(4):
            yield frozenset(chance.sample(range(n), size))


def by_hand(people: list[dict[str, Any]], rule: VoteRule) -> tuple[int, int, int, int, int, str]:
    """As a clerk with a list of people counts: nothing of the program's arithmetic."""
    voting = [one for one in people if one["choice"] is not None]
    if rule.base == "all_members":
        base = [one for one in people if not (one["aside"] and rule.recusal == "leaves_base")]
    elif rule.base == "attendees":
        base = [
            one
            for one in people
            if (one["present"] and not (one["aside"] and rule.recusal == "leaves_base"))
            or (not one["present"] and one["choice"] is not None)
        ]
    else:
        base = voting
    approve, disapprove, abstain = (sum(one["choice"] == choice for one in voting) for choice in CHOICES)
    needed = next(k for k in range(len(base) + 1) if k * rule.threshold[1] >= rule.threshold[0] * len(base))
    outcome = "recommended" if base and approve >= needed else "not_recommended"
    return approve, disapprove, abstain, len(base), needed, outcome


@pytest.mark.parametrize("n", range(5, 16))
def test_every_count_is_what_a_clerk_counts(n: int) -> None:
    chance = random.Random(n)
    members = [SessionMember(session_id=1, member=f"TV{i:02d}", username=f"tv{i}", name=f"tv{i}") for i in range(n)]
    wrong: list[str] = []
    counted = 0
    for aside in recusals(n):
        absent = frozenset(chance.sample(range(n), chance.randint(0, n // 3)))
        for takes_written, recusal in itertools.product(("written_opinion", "counts_against"), ("leaves_base", "stays_in_base")):  # fmt: skip
            for number, member in enumerate(members):
                member.attended = number not in absent
            voters = [i for i in range(n) if takes_written == "written_opinion" or i not in absent]
            voters = [i for i in voters if chance.random() < 0.9]
            entitled = [i for i in voters if i not in aside]
            # One nomination for each number of approvals; the others are against or abstain.
            columns = {
                f"N{approvals:02d}": dict(
                    zip(
                        chance.sample(entitled, len(entitled)),
                        ["approve"] * approvals
                        + [chance.choice(CHOICES[1:]) for _ in range(len(entitled) - approvals)],
                        strict=True,
                    )
                )
                for approvals in range(len(entitled) + 1)
            }
            ballots = [{code: column[i] for code, column in columns.items() if i in column} for i in voters]
            for threshold, base in itertools.product(THRESHOLDS, BASES):
                rule = VoteRule("secret", threshold, base, (2, 3), takes_written, recusal, 3, 2)
                electorate = Electorate(
                    session="PH-1",
                    awards=dict.fromkeys(columns, "LDTT"),
                    members=members,
                    aside=dict.fromkeys(columns, frozenset(f"tv{i}" for i in aside)),
                    roll=frozenset(f"tv{i}" for i in voters),
                    rules={"LDTT": rule},
                )
                for result in electorate.results(electorate.columns(ballots)):
                    people = [
                        {"present": i not in absent, "aside": i in aside, "choice": columns[result["code"]].get(i)}
                        for i in range(n)
                    ]
                    found = tuple(
                        result[name] for name in ("approve", "disapprove", "abstain", "base", "needed", "outcome")
                    )
                    counted += 1
                    if found != by_hand(people, rule):
                        wrong.append(
                            f"{rule} aside {set(aside)} absent {set(absent)}: {found} ≠ {by_hand(people, rule)}"
                        )
    assert wrong == []
    assert counted > 2000
