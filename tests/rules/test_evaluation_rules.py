"""Every rule of pack A: a case that meets it, one that does not, one that leaves it unknown."""

from datetime import date

import pytest

from rules import catalogue, evaluation, regulation

ON = date(2024, 12, 20)
PACK = catalogue.pack("A_2024_HUYEN")
PERSON = {"kind": "individual", "worker_group": "civil_servant", "employed_months": 12, "foreign": False}
SOLDIER = PERSON | {"worker_group": "armed_forces"}
FARMER = PERSON | {"worker_group": "farmer"}
GROUP = {"kind": "collective"}
FIRM = {"kind": "enterprise"}
HOME = {"kind": "household"}
TWENTY = {
    "members": 20,
    "ldtt": 14,
    "completed": 20,
    "cstdcs": 1,
    "disciplined_from_canh_cao": 0,
    "rating": "HTXSNV",
    "founded": 2010,
}


def held(award: str, *years: int) -> list[dict]:
    return [{"award": award, "year": year} for year in years]


def rated(rating: str, first: int, last: int = 2024) -> dict:
    return {str(year): rating for year in range(first, last + 1)}


def but(facts: dict, **changes: object) -> dict:
    """The collective's facts with changes; None takes a fact away."""
    return {key: value for key, value in (facts | changes).items() if value is not None}


NO_MERIT = {"initiatives": [], "research": [], "combat": []}
NONE_HELD = {"titles": [], "commendations": [], "grounds": [], "initiatives": [], "research": []}

# (award, kind): facts under which every rule is met; then per rule the change that breaks it and the one that
# takes away what it needs. Rules absent here are attestations and parameters, which have their own tests.
TABLE: dict[tuple[str, str], tuple[dict, dict[str, tuple[dict, dict]]]] = {
    ("LDTT", "individual"): (
        {"nominee": PERSON, "ratings": {"2024": "HTTNV"}},
        {
            "ldtt.group": ({"nominee": FARMER}, {"nominee": SOLDIER}),
            "ldtt.rating": ({"ratings": {"2024": "HTNV"}}, {"ratings": {"2023": "HTTNV"}}),
            "ldtt.months": (
                {"nominee": PERSON | {"employed_months": 5}},
                {"nominee": {"kind": "individual", "worker_group": "worker"}},
            ),
        },
    ),
    ("LDTT_ND", "individual"): (
        {"nominee": FARMER},
        {"ldtt_nd.group": ({"nominee": PERSON}, {"nominee": {"kind": "individual"}})},
    ),
    ("CSTT", "individual"): (
        {"nominee": SOLDIER, "ratings": {"2024": "HTTNV"}},
        {
            "cstt.group": ({"nominee": PERSON}, {"nominee": {"kind": "individual"}}),
            "cstt.rating": ({"ratings": {"2024": "HTNV"}}, {"ratings": {}}),
        },
    ),
    ("CSTDCS", "individual"): (
        {"nominee": PERSON, "ratings": {"2024": "HTXSNV"}},
        {
            "cstdcs.base": ({"ratings": {"2024": "HTNV"}, "titles": []}, {"ratings": {}, "titles": []}),
            "cstdcs.merit": (
                {"ratings": {"2024": "HTTNV"}, **NO_MERIT},
                {"ratings": {"2024": "HTTNV"}, "initiatives": []},
            ),
            "cstdcs.months": (
                {"nominee": PERSON | {"employed_months": 5}, "titles": []},
                {"nominee": PERSON | {"employed_months": 5}},
            ),
        },
    ),
    ("CSTD_TINH", "individual"): (
        {
            "nominee": PERSON,
            "titles": held("CSTDCS", 2022, 2023, 2024),
            "initiatives": [{"year": 2023, "scope": "province"}],
        },
        {
            "cstd_tinh.chain": (
                {"titles": held("CSTDCS", 2021, 2022, 2024)},
                {"titles": [*held("CSTDCS", 2022, 2023, 2024), *held("CSTD_TINH", 2023)]},
            ),
            "cstd_tinh.merit": (
                {"initiatives": [{"year": 2024, "scope": "base"}], "research": []},
                {"initiatives": [{"year": 2019, "scope": "province"}], "research": []},
            ),
        },
    ),
    ("CSTD_TQ", "individual"): (
        {
            "nominee": PERSON,
            "titles": held("CSTD_TINH", 2023, 2024),
            "research": [{"year": 2024, "scope": "nation"}],
        },
        {
            "cstd_tq.chain": ({"titles": held("CSTD_TINH", 2022, 2024)}, {"titles": held("CSTD_TINH", 2021, 2024)}),
            "cstd_tq.merit": (
                {"initiatives": [], "research": [{"year": 2024, "scope": "province"}]},
                {"initiatives": [], "research": [{"year": 2015, "scope": "nation"}]},
            ),
        },
    ),
    ("TTLDTT", "collective"): (
        {"nominee": GROUP, "collective": TWENTY},
        {
            "ttldtt.rating": ({"collective": but(TWENTY, rating="HTNV")}, {"collective": but(TWENTY, rating=None)}),
            "ttldtt.share": ({"collective": but(TWENTY, ldtt=13)}, {"collective": but(TWENTY, ldtt=None)}),
            "ttldtt.discipline": (
                {"collective": but(TWENTY, disciplined_from_canh_cao=1)},
                {"collective": but(TWENTY, disciplined_from_canh_cao=None)},
            ),
        },
    ),
    ("DVTT", "collective"): (
        {"nominee": GROUP, "collective": TWENTY},
        {
            "dvtt.rating": ({"collective": but(TWENTY, rating="HTNV")}, {"collective": but(TWENTY, rating=None)}),
            "dvtt.share": ({"collective": but(TWENTY, ldtt=13)}, {"collective": but(TWENTY, members=None)}),
            "dvtt.discipline": (
                {"collective": but(TWENTY, disciplined_from_canh_cao=1)},
                {"collective": but(TWENTY, disciplined_from_canh_cao=None)},
            ),
        },
    ),
    ("TTLDXS", "collective"): (
        {"nominee": GROUP, "collective": TWENTY},
        {
            "ttldxs.rating": ({"collective": but(TWENTY, rating="HTTNV")}, {"collective": but(TWENTY, rating=None)}),
            "ttldxs.completed": ({"collective": but(TWENTY, completed=19)}, {"collective": but(TWENTY, completed=None)}),
            "ttldxs.share": ({"collective": but(TWENTY, ldtt=13)}, {"collective": but(TWENTY, ldtt=None)}),
            "ttldxs.cstdcs": ({"collective": but(TWENTY, cstdcs=0)}, {"collective": but(TWENTY, cstdcs=None)}),
        },
    ),
    ("DVQT", "collective"): (
        {"nominee": GROUP, "collective": TWENTY},
        {
            "dvqt.rating": ({"collective": but(TWENTY, rating="HTTNV")}, {"collective": but(TWENTY, rating=None)}),
            "dvqt.completed": ({"collective": but(TWENTY, completed=19)}, {"collective": but(TWENTY, completed=None)}),
            "dvqt.share": ({"collective": but(TWENTY, ldtt=13)}, {"collective": but(TWENTY, ldtt=None)}),
            "dvqt.cstdcs": ({"collective": but(TWENTY, cstdcs=0)}, {"collective": but(TWENTY, cstdcs=None)}),
        },
    ),
    ("CO_TINH", "collective"): (
        {"nominee": GROUP, "grounds": ["26.1"]},
        {
            "co_tinh.lead": ({"grounds": []}, {"grounds": None}),
            "co_tinh.targets": ({"not_attested": ["26.1.a"]}, {"not_attested": ["26.1.a"], "grounds": None}),
            "co_tinh.clean": ({"not_attested": ["26.1.b"]}, {"not_attested": ["26.1.b"], "grounds": None}),
        },
    ),
    ("CO_CP", "collective"): (
        {"nominee": GROUP, "grounds": ["25.1"]},
        {
            "co_cp.lead": ({"grounds": ["26.1"]}, {"grounds": None}),
            "co_cp.targets": ({"not_attested": ["25.1.a"]}, {"not_attested": ["25.1.a"], "grounds": None}),
            "co_cp.clean": ({"not_attested": ["25.1.b"]}, {"not_attested": ["25.1.b"], "grounds": None}),
        },
    ),
    ("XA_TB", "collective"): (
        {"nominee": GROUP, "grounds": ["29.1"]},
        {"xa_tb.lead": ({"grounds": []}, {"grounds": None})},
    ),
    ("THON_VH", "collective"): ({"nominee": GROUP}, {}),
    ("GDVH", "household"): ({"nominee": HOME}, {}),
    ("GK_HUYEN", "individual"): ({"nominee": PERSON}, {}),
    ("GK_HUYEN", "collective"): ({"nominee": GROUP}, {}),
    ("GK_HUYEN", "household"): ({"nominee": HOME}, {}),
    ("GK_XA", "individual"): ({"nominee": PERSON}, {}),
    ("GK_XA", "collective"): ({"nominee": GROUP}, {}),
    ("GK_XA", "household"): ({"nominee": HOME}, {}),
    ("KNC_TINH", "individual"): ({"nominee": PERSON}, {}),
    ("BK_TINH", "individual"): (
        {"nominee": PERSON, "titles": held("CSTDCS", 2023, 2024)},
        {
            "bk_tinh.conduct": (
                {"not_attested": ["74.1"]},
                {"not_attested": ["74.1"], "nominee": PERSON | {"worker_group": "entrepreneur"}, "grounds": None},
            ),
            "bk_tinh.ground": (NONE_HELD | {"ratings": {"2023": "HTTNV", "2024": "HTXSNV"}}, {"titles": None}),
        },
    ),
    ("BK_TINH", "collective"): (
        {"nominee": GROUP, "ratings": rated("HTXSNV", 2023)},
        {"bk_tinh.ground": (NONE_HELD | {"ratings": rated("HTTNV", 2023)}, {"ratings": {"2024": "HTXSNV"}})},
    ),
    ("BK_TINH", "household"): (
        {"nominee": HOME, "grounds": ["74.5"]},
        {"bk_tinh.ground": ({"grounds": []}, {"grounds": None})},
    ),
    ("BK_TINH", "enterprise"): (
        {"nominee": FIRM, "grounds": ["74.4"]},
        {"bk_tinh.ground": (NONE_HELD | {"ratings": rated("HTTNV", 2023)}, {"grounds": None})},
    ),
    ("BK_TTG", "individual"): (
        {
            "nominee": PERSON,
            "ratings": rated("HTTNV", 2020),
            "commendations": held("BK_TINH", 2019),
            "titles": held("CSTDCS", 2020, 2022, 2024),
        },
        {
            "bk_ttg.ground": (
                {"grounds": [], "titles": held("CSTDCS", 2018, 2022, 2024), "ratings": rated("HTTNV", 2020) | {"2019": "HTNV"}},
                {"titles": None},
            )
        },
    ),
    ("BK_TTG", "collective"): (
        {
            "nominee": GROUP,
            "ratings": rated("HTXSNV", 2020),
            "commendations": held("BK_TINH", 2019, 2021, 2023),
            "titles": [],
        },
        {
            "bk_ttg.ground": (
                {"nominee": GROUP | {"foreign": False}, "grounds": [], "commendations": held("BK_TINH", 2020, 2021)},
                {"commendations": held("BK_TINH", 2019), "titles": None},
            )
        },
    ),
    ("BK_TTG", "household"): (
        {"nominee": HOME, "grounds": ["73.6"]},
        {"bk_ttg.ground": ({"grounds": []}, {"grounds": None})},
    ),
    ("BK_TTG", "enterprise"): (
        {"nominee": FIRM, "grounds": ["73.5"]},
        {"bk_ttg.ground": (NONE_HELD, {"grounds": None})},
    ),
    ("HCLD_3", "individual"): (
        {
            "nominee": PERSON,
            "ratings": rated("HTTNV", 2020) | {"2023": "HTXSNV"},
            "commendations": held("BK_TTG", 2019),
            "titles": held("CSTDCS", 2020, 2022, 2024),
        },
        {"hcld_3.ground": ({"ratings": rated("HTTNV", 2020), "grounds": []}, {"ratings": rated("HTTNV", 2021)})},
    ),
    ("HCLD_3", "collective"): (
        {
            "nominee": GROUP,
            "collective": {"founded": 2014},
            "ratings": rated("HTXSNV", 2020),
            "commendations": held("BK_TTG", 2019),
            "titles": held("CO_TINH", 2021, 2022),
        },
        {
            "hcld_3.ground": (
                {"collective": {"founded": 2015}, "grounds": []},
                {"titles": [], "commendations": [*held("BK_TTG", 2019), *held("BK_TINH", 2021, 2022)], "grounds": []},
            )
        },
    ),
    ("HCLD_3", "enterprise"): (
        {"nominee": FIRM, "grounds": ["44.4.b"]},
        {"hcld_3.ground": (NONE_HELD, {"grounds": None})},
    ),
}  # fmt: skip

STANDARDS = regulation.parse(
    """
document = "Quy chế"
number = "01/QC"
date = 2024-02-15
[standards]
GK_HUYEN = "Quy định của tỉnh"
GK_XA = "Quy định của tỉnh"
KNC_TINH = "Nghị quyết của tỉnh"
"""
)


def judge(award: str, facts: dict, *, regulation: object = STANDARDS) -> evaluation.Evaluation:
    whole = {"award": award, "level": "district", "kind": "CONG_TRANG", "year": 2024, "pending": []} | facts
    present = {key: value for key, value in whole.items() if value is not None}
    return evaluation.evaluate(evaluation.read(present), on=ON, regulation=regulation)


def answers(judged: evaluation.Evaluation) -> dict[str, str]:
    return {finding.rule: finding.verdict for finding in judged.findings}


def test_the_table_covers_every_standard_and_every_rule():
    described = {
        (key, rule.id)
        for key, rules in PACK.standards.items()
        for rule in rules
        if not rule.asks.startswith(("attested(", "parameter("))
    }
    assert {(key, rule) for key, (_, rules) in TABLE.items() for rule in rules} == described
    assert set(TABLE) == set(PACK.standards)


@pytest.mark.parametrize("key", TABLE)
def test_every_standard_is_met_by_its_good_case(key):
    award, kind = key
    found = answers(judge(award, TABLE[key][0]))
    rules = [rule.id for rule in (*PACK.standards[award, kind], *PACK.exclusions[1:2])]
    assert {rule: found[rule] for rule in rules} == dict.fromkeys(rules, "met")


@pytest.mark.parametrize(("key", "rule"), [(key, rule) for key, (_, rules) in TABLE.items() for rule in rules])
def test_every_rule_has_a_case_that_breaks_it_and_one_that_leaves_it_open(key, rule):
    good, rules = TABLE[key]
    breaks, opens = rules[rule]
    assert (
        answers(judge(key[0], good))[rule],
        answers(judge(key[0], good | breaks))[rule],
        answers(judge(key[0], good | opens))[rule],
    ) == ("met", "not_met", "unknown")


ATTESTED = [(key, rule) for key, rules in PACK.standards.items() for rule in rules if rule.asks.startswith("attested(")]


@pytest.mark.parametrize(("key", "rule"), ATTESTED, ids=lambda value: getattr(value, "id", None) or "-".join(value))
def test_conduct_is_attested_by_the_proposal_unless_listed(key, rule):
    provision = rule.asks.removeprefix("attested(").removesuffix(")")
    good = TABLE[key][0]
    judged = judge(key[0], good | {"not_attested": [provision]})
    assert (answers(judge(key[0], good))[rule.id], answers(judged)[rule.id]) == ("met", "not_met")


@pytest.mark.parametrize("award", ["GK_HUYEN", "GK_XA", "KNC_TINH"])
def test_a_standard_the_province_must_set_is_unknown_and_named_until_the_regulation_names_it(award):
    unset = judge(award, {"nominee": PERSON}, regulation=None)
    named = judge(award, {"nominee": PERSON})
    own = judge(award, {"nominee": PERSON, "regulation": {award: {"standard": "QĐ 1"}}}, regulation=None)
    rule = f"{award.lower()}.standard"
    assert [(answers(one)[rule], one.missing_parameters) for one in (unset, named, own)] == [
        ("unknown", (f"{award}.standard",)),
        ("met", ()),
        ("met", ()),
    ]


def test_what_is_missing_names_the_document_to_supply():
    assert judge("KNC_TINH", {"nominee": PERSON}, regulation=None).missing_documents == (
        "Nghị quyết của Hội đồng nhân dân tỉnh về kỷ niệm chương (khoản 2 Điều 71)",
    )
