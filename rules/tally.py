"""Counting a council's vote: integers over a named base, with the reason in the result. The council advises
(Law 06/2022 Art. 90.4); what comes out here is a recommendation, never the decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules.refusal import Unreadable
from rules.regulation import Base, VoteRule
from rules.vocabulary import Outcome

BASE_NAMES: Mapping[Base, str] = {
    "all_members": "tổng số thành viên Hội đồng",
    "attendees": "số thành viên dự họp",
    "ballots_cast": "số phiếu đã bỏ",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """The result for one nomination: `approve` of `base` against `needed`, and why, in one sentence."""

    approve: int
    disapprove: int
    abstain: int
    base: int
    base_name: Base
    needed: int
    outcome: Outcome
    why: str

    def as_json(self) -> dict[str, Any]:
        return {
            "approve": self.approve,
            "disapprove": self.disapprove,
            "abstain": self.abstain,
            "base": self.base,
            "base_name": self.base_name,
            "needed": self.needed,
            "outcome": self.outcome,
            "why": self.why,
        }


def outcome(
    *,
    approve: int,
    disapprove: int,
    abstain: int,
    members: int,
    attendees: int,
    recused: int,
    rule: VoteRule,
    written: int = 0,
    recused_attending: int | None = None,
) -> Tally:
    """Whether the council recommends: approve ≥ ⌈base × threshold⌉ over the base the regulation names.

    `attendees` counts everybody present, `recused` the members who must not vote here, `recused_attending` those of them who
    are present, `written` the opinions of absent members, which enter the three counts
    and, where the base is the attendees, the base. Raises Unreadable `impossible_facts`.
    """
    cast = approve + disapprove + abstain
    present_recused = recused_attending
    if present_recused is None:
        # Untold, all of them are present as far as the ballots of the others leave room.
        room = attendees if rule.absent == "written_opinion" else attendees - cast
        present_recused = max(0, min(recused, room))
    numbers = (approve, disapprove, abstain, members, attendees, recused, written, present_recused)
    if min(numbers) < 0 or attendees > members or recused > members or present_recused > min(recused, attendees):
        raise _impossible(f"thành viên {members}, dự họp {attendees}, không tham gia biểu quyết {recused}")
    if written and rule.absent == "counts_against":
        raise _impossible("quy chế không nhận ý kiến bằng văn bản của thành viên vắng mặt")
    entitled = members - recused if rule.absent == "written_opinion" else attendees - present_recused
    if cast > entitled:
        raise _impossible(f"{cast} phiếu trong khi chỉ {entitled} người được biểu quyết")
    # Ballots beyond those present can only be written opinions.
    written = max(written, cast - (attendees - present_recused), 0)
    leaving = rule.recusal == "leaves_base"
    base = {
        "all_members": members - (recused if leaving else 0),
        "attendees": attendees + written - (present_recused if leaving else 0),
        "ballots_cast": cast,
    }[rule.base]
    needed = least(base, rule.threshold)
    # With nobody entitled, nothing is needed and nothing is recommended.
    passed = base > 0 and approve >= needed
    verb = "đạt" if passed else "không đạt"
    left = f", sau khi trừ {recused} người không tham gia biểu quyết" if leaving and recused else ""
    why = (
        f"{approve} phiếu tán thành, {verb} mức cần thiết {needed} "
        f"({rule.threshold[0]}/{rule.threshold[1]} trên tổng số {base} – {BASE_NAMES[rule.base]}{left})."
    )
    return Tally(
        approve,
        disapprove,
        abstain,
        base,
        rule.base,
        needed,
        Outcome.RECOMMENDED if passed else Outcome.NOT_RECOMMENDED,
        why,
    )


def count(
    votes: Mapping[str, tuple[int, int, int]],
    *,
    members: int,
    attendees: int,
    recused: Mapping[str, int],
    rules: Mapping[str, VoteRule],
    written: int = 0,
) -> dict[str, Tally]:
    """The outcome of every nomination: `votes` maps its code to (approve, disapprove, abstain).

    `rules` gives each code its award's rule, `recused` the number of members who must not vote on it.
    """
    return {
        code: outcome(
            approve=approve,
            disapprove=disapprove,
            abstain=abstain,
            members=members,
            attendees=attendees,
            recused=recused.get(code, 0),
            rule=rules[code],
            written=written,
        )
        for code, (approve, disapprove, abstain) in votes.items()
    }


def least(base: int, fraction: tuple[int, int]) -> int:
    """The smallest whole number that is at least `fraction` of `base`."""
    numerator, denominator = fraction
    return -(-base * numerator // denominator)


def quorum_needed(*, members: int, rule: VoteRule) -> int:
    return least(members, rule.quorum)


def quorate(*, attending: int, members: int, rule: VoteRule) -> bool:
    """Whether enough members are present to hold the session; written opinions do not make a quorum."""
    return members > 0 and attending >= quorum_needed(members=members, rule=rule)


def _impossible(message: str) -> Unreadable:
    return Unreadable("impossible_facts", f"Kết quả kiểm phiếu không thể có: {message}.", where={"key": "votes"})
