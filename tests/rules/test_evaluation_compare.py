"""Replay and what-if: who is judged otherwise under another law, and which provision made the difference."""

from datetime import date
from typing import Any

from rules import catalogue, compare, evaluation, regulation

ON = date(2024, 12, 20)
A, B, C = catalogue.packs()
HEAD = 'document = "Quy chế"\nnumber = "01/QC"\ndate = 2024-02-15\n'


def facts(award: str, **changes: Any) -> evaluation.Case:
    return evaluation.read(
        {
            "award": award,
            "level": "district",
            "kind": "CONG_TRANG",
            "nominee": {"kind": "individual", "worker_group": "civil_servant", "employed_months": 5},
            "year": 2024,
            "ratings": {"2024": "HTXSNV"},
            "pending": [],
        }
        | changes
    )


def changed(cases, **laws: Any) -> list[tuple]:
    return [
        (one.code, one.before.verdict, one.after.verdict, [(why.rule, str(why.citation)) for why in one.because])
        for one in compare.outcomes(cases, **laws)
    ]


def test_another_pack_changes_what_the_district_may_do_and_says_by_which_law():
    cases = [("N1", facts("LDTT", level="commune"), ON), ("N2", facts("CSTD_TINH", titles=[]), ON)]
    assert changed(cases, before=compare.Law(A), after=compare.Law(B)) == [
        ("N2", "ineligible", "wrong_authority", [("cstd_tinh.authority", "Luật số 72/2025/QH15")])
    ]


def test_a_shell_concludes_nothing():
    (one,) = compare.outcomes([("N1", facts("CSTD_TINH", titles=[]), ON)], before=compare.Law(), after=compare.Law(C))
    assert (one.after.verdict, [(why.rule, why.before, why.after) for why in one.because]) == (
        "no_pack",
        [
            ("pack.complete", None, "unknown"),
            ("cstd_tinh.chain", "not_met", None),
            ("cstd_tinh.merit", "unknown", None),
        ],
    )


def test_a_rule_set_aside_lets_its_cases_in_and_names_itself():
    aside = regulation.parse(HEAD + '[[set_aside]]\nrule = "ldtt.months"\nby = "Nguyễn Thị Mẫu"\ndocument = "QĐ"\n')
    cases = [("N1", facts("LDTT"), ON), ("N2", facts("LDTT", ratings={"2024": "HTNV"}), ON)]
    assert changed(cases, before=compare.Law(), after=compare.Law(regulation=aside)) == [
        ("N1", "ineligible", "eligible", [("ldtt.months", "Thông tư số 01/2024/TT-BNV")])
    ]


def test_the_same_law_changes_nothing():
    cases = [(award, facts(award), ON) for award in A.awards]
    assert compare.outcomes(cases, before=compare.Law(A), after=compare.Law()) == []


def test_a_change_reads_as_json():
    (one,) = compare.outcomes([("N1", facts("LDTT"), ON)], before=compare.Law(A), after=compare.Law(C))
    assert one.as_json()["before"] == {
        "pack": "A_2024_HUYEN",
        "verdict": "ineligible",
        "authority": "decide",
        "decided_by": "CT_UBND_HUYEN",
        "route": "full",
    }


VOTE = (
    HEAD
    + """
[vote.default]
ballot = "open"
threshold = [{threshold}, 10]
base = "all_members"
quorum = [2, 3]
absent = "written_opinion"
recusal = "leaves_base"
{quota}
"""
)


def office(threshold: int = 7, quota: int | None = None) -> regulation.Regulation:
    limit = f"[quota]\ncstdcs_percent_of_ldtt = {quota}\n" if quota is not None else ""
    return regulation.parse(VOTE.format(threshold=threshold, quota=limit))


def voted(code: str, approve: int, *, award: str = "CSTDCS", unit: str = "U1", amount: int | None = 2_340_000):
    return compare.Candidate(code, unit, award, approve, 10 - approve, 0, members=10, attendees=10, amount=amount)


LDTT = [voted(f"L{number}", 10, award="LDTT", amount=710_000) for number in range(10)]
FOUR = [voted("N1", 10), voted("N2", 9), voted("N3", 8), voted("N4", 7)]


def test_a_higher_threshold_shows_who_leaves_and_the_cost_by_unit():
    result = compare.what_if([*FOUR, voted("N5", 8, unit="U2", amount=None)], before=office(7), after=office(9))
    assert result.as_json() == {
        "enters": [],
        "leaves": ["N3", "N4", "N5"],
        "tied": [],
        "cost_by_unit": [
            {"unit": "U1", "before": 9_360_000, "after": 4_680_000},
            {"unit": "U2", "before": 0, "after": 0},
        ],
        "without_amount": [],
    }


def test_a_quota_keeps_those_with_most_votes_and_leaves_a_tie_to_a_person():
    tied = [voted("N1", 10), voted("N2", 8), voted("N3", 8)]
    under = office(quota=20)
    assert compare.select([*LDTT, *FOUR], regulation=under).passed - {one.code for one in LDTT} == {"N1", "N2"}
    chosen = compare.select([*LDTT, *tied], regulation=under)
    assert (chosen.passed - {one.code for one in LDTT}, chosen.tied) == ({"N1"}, {"N2", "N3"})


def test_a_wider_quota_shows_who_enters():
    result = compare.what_if([*LDTT, *FOUR], before=office(quota=20), after=office(quota=30))
    assert (result.enters, result.leaves) == (("N3",), ())


def test_a_budget_pays_from_the_most_votes_down_while_it_lasts():
    result = compare.what_if(FOUR, before=office(), after=office(), budget_after=5_000_000)
    assert (result.leaves, result.after.cost_by_unit, result.after.tied) == (
        ("N3", "N4"),
        {"U1": 4_680_000},
        frozenset(),
    )


def test_a_budget_that_ends_among_equal_votes_leaves_the_choice_to_a_person():
    equal = [voted("N1", 10), voted("N2", 8), voted("N3", 8)]
    chosen = compare.select(equal, regulation=office(), budget=5_000_000)
    assert (chosen.passed, chosen.tied) == ({"N1"}, {"N2", "N3"})
