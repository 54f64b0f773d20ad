"""What holds for every case: monotone in merits, order of facts irrelevant, deterministic, no float anywhere."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules import catalogue, evaluation, pack_files
from rules.standards import logic
from rules.vocabulary import RoundKind
from tests.conftest import budget

ON = date(2024, 12, 20)
YEARS = st.integers(2015, 2024)
RANK = {"not_met": 0, "unknown": 1, "met": 2}
RATINGS = ("KHTNV", "HTNV", "HTTNV", "HTXSNV")

# The award's own earlier grant is left out of the merits: whether a run counts again after it is an open question.
HELD = st.fixed_dictionaries(
    {"award": st.sampled_from(["LDTT", "CSTDCS", "TTLDXS", "CO_TINH", "CO_CP", "BK_TTG"]), "year": YEARS}
)
MERIT = st.fixed_dictionaries({"year": YEARS, "scope": st.sampled_from(["base", "province", "nation"])})


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    award = draw(st.sampled_from(pack_files.award_ids()))
    kinds = sorted(catalogue.pack("A_2024_HUYEN").awards[award].kinds)
    members = draw(st.integers(1, 30))
    return {
        "award": award,
        "level": draw(st.sampled_from(["commune", "district", "province"])),
        "kind": draw(st.sampled_from(RoundKind).map(str)),
        "nominee": {
            "kind": draw(st.sampled_from(kinds)),
            "worker_group": draw(maybe(st.sampled_from(["civil_servant", "farmer", "worker", "armed_forces"]))),
            "employed_months": draw(maybe(st.integers(0, 24))),
        },
        "year": 2024,
        "ratings": draw(maybe(st.dictionaries(YEARS.map(str), st.sampled_from(RATINGS)))),
        "titles": draw(maybe(st.lists(HELD, max_size=8))),
        "commendations": draw(maybe(st.lists(HELD, max_size=4))),
        "initiatives": draw(maybe(st.lists(MERIT, max_size=4))),
        "research": draw(maybe(st.lists(MERIT, max_size=4))),
        "grounds": draw(maybe(st.lists(st.sampled_from(["26.1", "74.1.a", "73.4.d", "44.1.c"]), max_size=3))),
        "pending": draw(maybe(st.lists(st.sampled_from(["complaint", "inspection"]), max_size=2))),
        "collective": {
            "members": members,
            "ldtt": draw(maybe(st.integers(0, members))),
            "completed": draw(maybe(st.integers(0, members))),
            "cstdcs": draw(maybe(st.integers(0, members))),
            "disciplined_from_canh_cao": draw(maybe(st.integers(0, 2).map(lambda count: min(count, members)))),
        },
    }


def judge(facts: dict[str, Any]) -> evaluation.Evaluation:
    return evaluation.evaluate(evaluation.read(facts), on=ON)


def ranks(facts: dict[str, Any]) -> dict[str, int]:
    return {finding.rule: RANK[finding.verdict] for finding in judge(facts).findings}


@given(cases(), st.data())
@settings(deadline=None, max_examples=budget(80))
def test_more_merit_never_makes_any_finding_worse(facts, data):
    better = dict(facts)
    merit = data.draw(st.sampled_from(["rating", "titles", "initiatives", "research", "ldtt", "cstdcs", "grounds"]))
    if merit == "rating":
        ratings = dict(facts["ratings"] or {})
        year = data.draw(YEARS.map(str))
        worst = RATINGS.index(ratings[year]) if year in ratings else None
        if worst is None:
            return
        better["ratings"] = ratings | {year: RATINGS[data.draw(st.integers(worst, 3))]}
    elif merit in {"titles", "initiatives", "research"}:
        if facts[merit] is None:
            return
        better[merit] = [*facts[merit], data.draw(HELD if merit == "titles" else MERIT)]
    elif merit == "grounds":
        if facts[merit] is None:
            return
        better[merit] = [*facts[merit], "74.1.b"]
    else:
        counts = dict(facts["collective"])
        if counts[merit] is None:
            return
        counts[merit] = data.draw(st.integers(counts[merit], counts["members"]))
        better["collective"] = counts
    before, after = ranks(facts), ranks(better)
    assert {rule: rank for rule, rank in after.items() if rank < before[rule]} == {}


@given(cases(), st.data())
@settings(deadline=None, max_examples=budget(60))
def test_a_fact_that_is_learned_settles_what_was_unknown_and_nothing_else(facts, data):
    key = data.draw(st.sampled_from(["ratings", "titles", "commendations", "initiatives", "research", "grounds"]))
    known, silent = ranks(facts), ranks(facts | {key: None})
    # Without the list an answer may become unknown; it never turns from no to yes or back.
    assert {rule: (known[rule], rank) for rule, rank in silent.items() if rank not in {known[rule], 1}} == {}


@given(cases(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=budget(60))
def test_the_order_of_facts_is_irrelevant_and_the_answer_is_always_the_same(facts, random):
    shuffled: dict[str, Any] = {}
    for key in random.sample(sorted(facts), len(facts)):
        value = facts[key]
        if isinstance(value, list):
            value = random.sample(value, len(value))
        elif isinstance(value, dict):
            value = {name: value[name] for name in random.sample(sorted(value), len(value))}
        shuffled[key] = value
    assert judge(shuffled).as_json() == judge(facts).as_json() == judge(facts).as_json()


@given(cases())
@settings(deadline=None, max_examples=budget(60))
def test_ineligible_means_a_finding_says_no_and_eligible_that_all_say_yes(facts):
    judged = judge(facts)
    verdicts = {finding.verdict for finding in judged.findings}
    if judged.verdict != "wrong_authority":
        assert (judged.verdict == "ineligible") == ("not_met" in verdicts)
    assert (judged.verdict == "eligible") == (verdicts == {"met"})


def floats(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [one for pair in value.items() for part in pair for one in floats(part)]
    if isinstance(value, list | tuple):
        return [one for part in value for one in floats(part)]
    return [value] if isinstance(value, float) else []


@given(cases())
@settings(deadline=None, max_examples=budget(40))
def test_no_answer_holds_a_float_and_every_message_is_finished(facts):
    judged = judge(facts)
    assert floats(judged.as_json()) == []
    assert [one.message for one in judged.findings if "{" in one.message or not one.message.endswith(".")] == []


def test_every_question_a_pack_may_ask_is_asked_somewhere():
    asked = " ".join(
        rule.asks
        for pack in catalogue.packs()
        for rule in (*pack.exclusions, *(one for rules in pack.standards.values() for one in rules))
    )
    assert {name for name in logic.QUESTIONS if f"{name}(" not in asked} == set()
