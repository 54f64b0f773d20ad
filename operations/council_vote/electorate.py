"""Everything that a session's arithmetic rests on, as it was frozen when the ballot opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from models import CouncilSession, ReviewRound
from operations import (
    regulations,
)
from operations.council_vote import ballot_box, frozen
from rules import regulation, tally

Numbers = tuple[int, int, int]  # approve, disapprove, abstain


@dataclass(frozen=True, slots=True)
class Electorate:
    """Everything that a session's arithmetic rests on, as it was frozen when the ballot opened."""

    session: str
    awards: Mapping[str, str]  # of each code on the agenda, in order
    members: Sequence[frozen.Seat]
    aside: Mapping[str, frozenset[str]]  # code → usernames
    roll: frozenset[str]
    rules: Mapping[str, regulation.VoteRule]

    @classmethod
    def of(cls, session: Session, sitting: CouncilSession, opened: frozen.Frozen) -> "Electorate":
        parsed = regulations.of_round(session, session.get_one(ReviewRound, sitting.round_id))
        return cls(
            opened.session,
            opened.awards,
            opened.seats,
            {code: opened.away(code) for code in opened.agenda},
            frozenset(ballot_box.voted(session, sitting)),
            {award: parsed.vote_rule(award) for award in set(opened.awards.values())},
        )

    def voters(self, code: str) -> int:
        """How many of those on the roll had a vote on this nomination."""
        return len(self.roll - self.aside.get(code, frozenset()))

    def columns(self, ballots: Sequence[Mapping[str, str]]) -> dict[str, Numbers]:
        """Each nomination's numbers. Raises Refusal `roll_mismatch` where more or fewer voted than may."""
        found = {}
        for code in self.awards:
            votes = [ballot[code] for ballot in ballots if code in ballot]
            found[code] = (votes.count("approve"), votes.count("disapprove"), votes.count("abstain"))
        self.require_fitting(found)
        return found

    def require_fitting(self, numbers: Mapping[str, Numbers]) -> None:
        for code in self.awards:
            counted = sum(numbers[code])
            if counted != self.voters(code):
                raise ballot_box.mismatch(
                    self.session,
                    f"hồ sơ {code} có {counted} phiếu trong khi {self.voters(code)} người được bỏ phiếu cho hồ sơ này "
                    "đã ký.",
                    roll=self.voters(code),
                    envelopes=counted,
                )

    def results(self, numbers: Mapping[str, Numbers]) -> list[dict[str, Any]]:
        """The regulation's arithmetic, one a nomination."""
        present = {member.username for member in self.members if member.attended}
        written = self.roll - present
        found = []
        for code, award in self.awards.items():
            recused = self.aside.get(code, frozenset())
            approve, disapprove, abstain = numbers[code]
            counted = tally.outcome(
                approve=approve,
                disapprove=disapprove,
                abstain=abstain,
                members=len(self.members),
                attendees=len(present),
                recused=len(recused),
                recused_attending=len(recused & present),
                written=len(written - recused),
                rule=self.rules[award],
            )
            found.append({"code": code} | counted.as_json())
        return found
