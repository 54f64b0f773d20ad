"""Which acts ask for the person again follows from what they change: a new act, and a new kind of entry, must say so."""

from ledger.kinds import SOURCES, Kind
from operations.people import asking
from rules import lifecycle, policy
from rules.lifecycle import Stage
from rules.policy import Changes, Permission

# Sources of entries that decide nothing by themselves.
WORK = frozenset(
    {"account", "api_token", "appraisal", "attachment", "clock", "comment", "deadline", "dossier", "duty", "escalation",
     "counter", "installation", "nominee", "opening", "pause", "regulation", "role", "round", "security_log", "unit"}
)  # fmt: skip
# Moves past the council that only write down what somebody else decided, or that time does.
WRITTEN_DOWN = {Permission.RECORD_ANSWER, Permission.CLOSE, Permission.DECLINE}  # what others said or time did


def test_every_act_says_what_it_changes() -> None:
    assert set(policy.CHANGES) == set(Permission)
    assert {act for act in Permission if policy.CHANGES[act] in policy.DECISIVE} == policy.CONFIRMED


def test_an_act_that_moves_a_nomination_from_the_council_on_is_decisive() -> None:
    late = (Stage.COUNCIL_VOTE, Stage.CHAIRMAN_SIGNATURE, Stage.PUBLIC_DISCLOSURE)
    moves = {
        policy.PERMISSION_FOR[row.action]
        for row in lifecycle.TRANSITIONS
        if row.source is not None and lifecycle.stage_of(row.source) in late and row.action in policy.PERMISSION_FOR
    }
    assert moves - policy.CONFIRMED - WRITTEN_DOWN - {Permission.PAUSE, Permission.RESUME, Permission.WITHDRAW} == set()


def test_what_only_reads_is_what_a_reading_token_may() -> None:
    assert {act for act in Permission if policy.CHANGES[act] is Changes.NOTHING} == policy.READING


def test_every_source_of_entries_is_of_one_kind() -> None:
    """A new source fails here until somebody says whether it decides; a new kind of a deciding one asks by itself."""
    assert (SOURCES, frozenset()) == (asking.DECIDING | WORK, asking.DECIDING & WORK)
    assert {kind.source for kind in asking.PREPARING} <= asking.DECIDING
    assert {kind for kind in Kind if asking.asks(kind)} == {
        kind for kind in Kind if kind.source in asking.DECIDING
    } - asking.PREPARING
