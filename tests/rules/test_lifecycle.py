"""The tables of stages and states: a row each, and no second table anywhere that says of them what a row says."""

import ast
import itertools
from pathlib import Path

import pytest

from rules import ladder, lifecycle
from rules.lifecycle import STAGE_ROWS, STAGES, STATE_ROWS, TRANSITIONS, Action, Role, Stage, State, stage_of

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "rules",
    "ledger",
    "models",
    "operations",
    "documents",
    "notifications",
    "tasks",
    "flows",
    "deployments",
    "web",
    "cli",
)


def test_every_stage_has_its_row() -> None:
    assert list(STAGE_ROWS) == list(Stage)
    for stage, row in STAGE_ROWS.items():
        open_ = stage is not Stage.ENDED
        assert bool(row.name) is True
        assert len(row.urged) == (len(ladder.LADDER) if open_ else 0)
        assert all(row.urged)
        # Of the units, their own addresses; of every other stage, somebody who may act in it.
        assert bool(row.called) is (open_ and stage is not Stage.UNIT_PROPOSAL)
        may = {role for one in TRANSITIONS if one.source and stage_of(one.source) is stage for role in one.roles}
        assert set(row.called) - {Role.COUNCIL_MEMBER} <= may  # a member votes, which moves nothing by itself


def test_every_state_has_its_row_and_waits_for_whom_the_table_lets_act() -> None:
    assert list(STATE_ROWS) == list(State)
    for state, row in STATE_ROWS.items():
        may = {role for one in TRANSITIONS if one.source is state for role in one.roles}
        assert (row.waits_for is None) is (row.stage is Stage.ENDED or state is State.DISCLOSED), state
        assert row.counted is None or row.waits_for is not None
        assert set(row.desks) - {Role.UNIT_HEAD} <= may, state  # the head of a unit looks on
    assert {stage_of(state) for state in lifecycle.WAITING} == set(STAGES)  # each stage has something to wait for


def walks(longest: int) -> list[tuple[list[Action], list[State]]]:
    """Every way through the table from nothing to an end, of at most so many moves: actions and states."""
    found, open_ = [], [([], [])]
    for _ in range(longest):
        grown = [
            ([*actions, row.action], [*states, row.target])
            for actions, states in open_
            for row in TRANSITIONS
            if row.source is (states[-1] if states else None)
        ]
        found += [walk for walk in grown if stage_of(walk[1][-1]) is Stage.ENDED]
        open_ = grown
    return found


def test_what_went_no_further_ended_in_the_stage_where_its_last_move_began() -> None:
    tried = walks(7)
    assert {states[-1] for _, states in tried} == {state for state in State if stage_of(state) is Stage.ENDED}
    gone_on = {State.CLOSED, State.REVOKED}  # these have gone the whole way
    wrong = [
        (actions, states)
        for actions, states in tried
        for routes in [{state for action, state in zip(actions, states, strict=True) if action is Action.PASS}]
        for simplified in [State.RECOMMENDED in routes]
        if states[-1] not in gone_on
        and len(routes) <= 1  # a nomination has one route
        and lifecycle.ended_in(states[-1], actions, simplified=simplified) is not stage_of(states[-2])
    ]
    assert wrong[:3] == []
    assert lifecycle.ended_in(State.WITHDRAWN, []) is Stage.UNIT_PROPOSAL  # a ledger that says nothing of it


@pytest.mark.parametrize(("stage", "present"), list(itertools.product(STAGES, Stage)))
def test_a_stage_has_begun_once_the_round_is_there(stage: Stage, present: Stage) -> None:
    order = list(Stage)
    assert lifecycle.has_begun(stage, present) is (order.index(stage) <= order.index(present))


def test_no_second_table_says_something_of_every_stage_or_state() -> None:
    second = []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "Stage." in text or "State." in text else ():
            keys = node.keys if isinstance(node, ast.Dict) else []
            named = [
                key.value.id if isinstance(key.value, ast.Name) else key.value.attr
                for key in keys
                if isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name | ast.Attribute)
            ]
            if max(named.count("Stage"), named.count("State")) > 2:
                second.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert [place for place in second if not place.startswith("rules/lifecycle.py:")] == []
