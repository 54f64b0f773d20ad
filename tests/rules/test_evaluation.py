"""Verdicts, authority, route and boundaries, case by case."""

import json
import unicodedata
from datetime import date

import pytest

from rules import catalogue, evaluation, pack_files, regulation
from rules.refusal import Citation, Unreadable

PERSON = {"kind": "individual", "worker_group": "civil_servant", "employed_months": 12, "foreign": False}
BASE = {
    "award": "LDTT",
    "level": "district",
    "kind": "CONG_TRANG",
    "nominee": PERSON,
    "year": 2024,
    "ratings": {"2024": "HTTNV"},
    "pending": [],
}


def judge(on: str = "2024-12-20", under=None, **changes) -> evaluation.Evaluation:
    facts = {key: value for key, value in (BASE | changes).items() if value is not None}
    return evaluation.evaluate(evaluation.read(facts), on=date.fromisoformat(on), regulation=under)


def finding(judged: evaluation.Evaluation, rule: str) -> evaluation.Finding:
    return next(one for one in judged.findings if one.rule == rule)


def held(award: str, *years: int) -> list[dict]:
    return [{"award": award, "year": year} for year in years]


def regulated(text: str) -> regulation.Regulation:
    return regulation.parse(f'document = "Quy chế"\nnumber = "01/QC"\ndate = 2024-02-15\n{text}')


def test_the_answer_has_exactly_the_shape_of_the_contract():
    judged = judge(award="CSTDCS", ratings={"2024": "HTXSNV"}).as_json()
    merit = next(one for one in judged["findings"] if one["rule"] == "cstdcs.merit")
    assert {key: value for key, value in judged.items() if key != "findings"} == {
        "award": "CSTDCS",
        "pack": "A_2024_HUYEN",
        "on": "2024-12-20",
        "verdict": "eligible",
        "authority": "decide",
        "decided_by": "CT_UBND_HUYEN",
        "route": "full",
        "missing_parameters": [],
    }
    assert merit == {
        "rule": "cstdcs.merit",
        "verdict": "met",
        "found": "HTXSNV",
        "citation": {"document": "06/2022/QH15", "article": "23", "clause": "2", "point": None},
        "status": "V1",
        "message": "Có một trong các thành tích cần thiết: hoàn thành xuất sắc nhiệm vụ.",
    }


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"on": "2023-12-31"}, "no_pack"),
        ({"on": "2026-10-01"}, "no_pack"),
        ({"award": "GDVH", "nominee": PERSON, "pending": ["complaint"]}, "wrong_authority"),
        ({"ratings": {"2024": "HTNV"}, "pending": ["complaint"]}, "ineligible"),
        ({"ratings": {}, "pending": ["complaint"]}, "paused"),
        ({"ratings": {}}, "unknown"),
        ({"pending": None}, "unknown"),
        ({}, "eligible"),
    ],
)
def test_the_first_verdict_that_applies_wins(changes, verdict):
    assert judge(**changes).verdict == verdict


def test_without_a_complete_pack_nothing_is_concluded_and_what_is_missing_is_said():
    judged = judge(on="2026-10-01")
    assert (judged.pack, judged.route, judged.decided_by, judged.missing_documents) == (
        None,
        None,
        None,
        ("Toàn văn Luật 06/2026/QH16 và nghị định hướng dẫn (câu hỏi mở số 3)",),
    )


@pytest.mark.parametrize("pending", ["complaint", "denunciation", "inspection", "investigation", "discipline"])
def test_an_open_matter_pauses_and_never_rejects(pending):
    judged = judge(pending=[pending])
    assert (judged.verdict, [one.verdict for one in judged.findings if one.verdict == "not_met"]) == ("paused", [])


DECIDES = {"LDTT", "LDTT_ND", "CSTDCS", "TTLDTT", "THON_VH", "GK_HUYEN"}
NOTHING = {"CSTT", "DVTT", "DVQT", "GDVH", "GK_XA"}


@pytest.mark.parametrize("award", pack_files.award_ids())
def test_what_the_district_may_do_with_each_award(award):
    expected = "decide" if award in DECIDES else "none" if award in NOTHING else "propose"
    judged = judge(award=award)
    assert (judged.authority, judged.verdict == "wrong_authority") == (expected, expected == "none")


@pytest.mark.parametrize(
    ("on", "level", "award", "expected"),
    [
        ("2024-12-20", "commune", "CSTDCS", ("propose", "CT_UBND_HUYEN", "eligible", "83.1")),
        ("2024-12-20", "province", "CSTDCS", ("decide", "THU_TRUONG_SO", "eligible", "80.1")),
        ("2025-06-30", "district", "CSTDCS", ("decide", "CT_UBND_HUYEN", "eligible", "80.2")),
        ("2025-07-01", "district", "CSTDCS", ("none", None, "wrong_authority", "None.None")),
        ("2025-07-01", "commune", "CSTDCS", ("none", None, "unknown", "None.None")),
        ("2025-07-01", "commune", "LDTT", ("decide", "CT_UBND_XA", "eligible", "80.3")),
        ("2025-07-01", "district", "LDTT", ("none", "CT_UBND_XA", "wrong_authority", "None.None")),
        ("2024-12-20", "province", "GK_HUYEN", ("none", "CT_UBND_HUYEN", "wrong_authority", "80.2")),
    ],
)
def test_authority_follows_the_day_and_the_level(on, level, award, expected):
    judged = judge(on=on, level=level, award=award, ratings={"2024": "HTXSNV"})
    cited = finding(judged, f"{award.lower()}.authority").citation
    assert (judged.authority, judged.decided_by, judged.verdict, f"{cited.article}.{cited.clause}") == expected


def test_a_decider_from_memory_acts_only_once_a_named_person_confirms_it():
    confirmed = regulated('[[confirmed]]\nrule = "cstdcs.decider"\nby = "Nguyễn Thị Mẫu"\ndocument = "NĐ 152/2025"')
    judged = judge(on="2025-08-01", level="commune", award="CSTDCS", ratings={"2024": "HTXSNV"}, under=confirmed)
    assert (judged.verdict, judged.authority, judged.decided_by) == ("eligible", "decide", "CT_UBND_XA")
    assert finding(judged, "cstdcs.authority").status == "MEM"


def test_discipline_is_a_rule_from_memory_and_speaks_only_once_confirmed():
    facts = {"disciplines": [{"year": 2024, "form": "khien_trach"}]}
    confirmed = regulated('[[confirmed]]\nrule = "exclusion.discipline"\nby = "Nguyễn Thị Mẫu"\ndocument = "NĐ 90"')
    unconfirmed = judge(**facts)
    assert (unconfirmed.verdict, [one.rule for one in unconfirmed.findings if one.status == "MEM"]) == ("eligible", [])
    assert judge(**facts, under=confirmed).verdict == "ineligible"
    assert judge(disciplines=[{"year": 2023, "form": "canh_cao"}], under=confirmed).verdict == "eligible"
    assert judge(disciplines=None, under=confirmed).verdict == "unknown"


def test_a_rule_from_a_secondary_source_can_be_set_aside_by_the_office_and_no_other_can():
    recruit = {"nominee": PERSON | {"employed_months": 5}}
    aside = '[[set_aside]]\nrule = "{}"\nby = "Nguyễn Thị Mẫu"\ndocument = "Quy định của tỉnh"'
    assert [
        judge(**recruit).verdict,
        judge(**recruit, under=regulated(aside.format("ldtt.months"))).verdict,
        judge(ratings={"2024": "HTNV"}, under=regulated(aside.format("ldtt.rating"))).verdict,
    ] == ["ineligible", "eligible", "ineligible"]


@pytest.mark.parametrize(
    ("award", "kind", "ground", "route"),
    [
        ("GK_HUYEN", "CONG_TRANG", None, "full"),
        ("GK_HUYEN", "PHONG_TRAO", None, "full"),
        ("GK_HUYEN", "PHONG_TRAO", "85.1.a", "simplified"),
        ("GK_HUYEN", "CONG_TRANG", "85.1.c", "simplified"),
        ("BK_TINH", "CONG_TRANG", "85.1.đ", "simplified"),
        ("GK_HUYEN", "CONG_TRANG", "85.1.b", "full"),
        ("GK_HUYEN", "DOT_XUAT", None, "simplified"),
        ("BK_TINH", "CONG_HIEN", None, "simplified"),
        ("BK_TTG", "NIEN_HAN", None, "simplified"),
        ("HCLD_3", "DOI_NGOAI", None, "simplified"),
        ("CSTDCS", "DOT_XUAT", "85.1.a", "full"),
    ],
)
def test_the_simplified_route_is_for_commendations_never_for_titles(award, kind, ground, route):
    assert judge(award=award, kind=kind, simplified_ground=ground).route == route


@pytest.mark.parametrize("award", ["LDTT", "CSTDCS"])
@pytest.mark.parametrize("kind", ["collective", "household", "enterprise"])
def test_an_unfit_subject_is_ineligible_by_the_principle_and_by_the_award_s_own_article(award, kind):
    judged = judge(award=award, nominee={"kind": kind})
    cited = [str(one.citation) for one in judged.findings if one.verdict == "not_met"]
    own = {"LDTT": "khoản 1 Điều 24 Luật số 06/2022/QH15", "CSTDCS": "Điều 23 Luật số 06/2022/QH15"}[award]
    assert (judged.verdict, cited) == ("ineligible", ["điểm b khoản 2 Điều 5 Luật số 06/2022/QH15", own])


@pytest.mark.parametrize(
    ("members", "ldtt", "verdict"),
    [(20, 14, "met"), (20, 13, "not_met"), (10, 7, "met"), (3, 2, "not_met"), (10000, 6999, "not_met"), (1, 1, "met")],
)
def test_seventy_percent_is_counted_in_whole_people(members, ldtt, verdict):
    crowd = {"members": members, "ldtt": ldtt, "disciplined_from_canh_cao": 0, "rating": "HTTNV"}
    judged = judge(award="TTLDTT", nominee={"kind": "collective"}, ratings=None, collective=crowd)
    share = finding(judged, "ttldtt.share")
    assert (share.verdict, share.found) == (verdict, f"{ldtt}/{members}")


def test_an_excellent_collective_has_no_discipline_clause_of_its_own():
    crowd = {
        "members": 20,
        "ldtt": 20,
        "completed": 20,
        "cstdcs": 1,
        "disciplined_from_canh_cao": 1,
        "rating": "HTXSNV",
    }
    facts = {"nominee": {"kind": "collective"}, "ratings": None, "collective": crowd}
    assert [judge(award=award, **facts).verdict for award in ("TTLDTT", "TTLDXS")] == ["ineligible", "eligible"]


@pytest.mark.parametrize(
    "merit",
    [
        {"ratings": {"2024": "HTXSNV"}},
        {"initiatives": [{"year": 2024, "scope": "base"}]},
        {"research": [{"year": 2024, "scope": "nation"}]},
        {"combat": [{"year": 2024, "scope": "base"}]},
    ],
)
def test_one_merit_suffices_for_a_grassroots_title(merit):
    assert judge(award="CSTDCS", **merit).verdict == "eligible"


def test_an_initiative_of_another_year_is_not_this_year_s_merit():
    facts = {"initiatives": [{"year": 2023, "scope": "base"}], "research": []}
    assert judge(award="CSTDCS", **facts).verdict == "ineligible"


def test_silence_about_combat_means_none_except_in_the_armed_forces():
    facts = {"award": "CSTDCS", "initiatives": [], "research": []}
    soldier = PERSON | {"worker_group": "armed_forces"}
    assert [judge(**facts).verdict, judge(**facts, nominee=soldier).verdict] == ["ineligible", "unknown"]


def test_a_title_that_the_rating_excludes_is_a_contradiction_for_a_person():
    judged = judge(award="CSTDCS", ratings={"2024": "HTNV"}, titles=held("LDTT", 2024), initiatives=[], research=[])
    base = finding(judged, "cstdcs.base")
    assert (base.verdict, "trái với xếp loại" in base.message) == ("unknown", True)


@pytest.mark.parametrize(
    ("titles", "verdict"),
    [
        (held("CSTDCS", 2022, 2023, 2024), "met"),
        (held("CSTDCS", 2021, 2022, 2023, 2024), "met"),
        (held("CSTDCS", 2021, 2022, 2023), "not_met"),
        (held("CSTDCS", 2022, 2024), "not_met"),
        (held("LDTT", 2022, 2023, 2024), "not_met"),
        ([*held("CSTDCS", 2022, 2023, 2024), *held("CSTD_TINH", 2021)], "met"),
        ([*held("CSTDCS", 2022, 2023, 2024), *held("CSTD_TINH", 2022)], "unknown"),
        (None, "unknown"),
    ],
)
def test_three_times_in_a_row_has_no_gap_and_ends_in_the_year(titles, verdict):
    assert finding(judge(award="CSTD_TINH", titles=titles), "cstd_tinh.chain").verdict == verdict


@pytest.mark.parametrize(
    ("ratings", "initiatives", "verdict"),
    [
        ({"2023": "HTXSNV", "2024": "HTXSNV"}, [2023, 2024], "met"),
        ({"2023": "HTXSNV", "2024": "HTXSNV"}, [2024, 2024], "met"),
        ({"2023": "HTXSNV", "2024": "HTXSNV"}, [2022, 2024], "unknown"),
        ({"2022": "HTTNV", "2023": "HTXSNV", "2024": "HTXSNV"}, [2022, 2024], "not_met"),
        ({"2022": "HTXSNV", "2023": "HTXSNV", "2024": "HTXSNV"}, [2022, 2024], "met"),
        ({"2023": "HTTNV", "2024": "HTXSNV"}, [2023, 2024], "not_met"),
        ({"2024": "HTXSNV"}, [2023, 2024], "unknown"),
    ],
)
def test_two_excellent_years_with_two_initiatives_within_them(ratings, initiatives, verdict):
    facts = {"titles": [], "grounds": [], "research": [], "ratings": ratings}
    listed = [{"year": year, "scope": "base"} for year in initiatives]
    assert finding(judge(award="BK_TINH", **facts, initiatives=listed), "bk_tinh.ground").verdict == verdict


FIVE = {str(year): "HTXSNV" for year in range(2020, 2025)}
LEADING = {
    "nominee": {"kind": "collective"},
    "grounds": [],
    "ratings": FIVE,
    "commendations": held("BK_TINH", 2019),
    "titles": held("CO_TINH", 2022),
}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "met"),
        ({"commendations": held("BK_TINH", 2020)}, "not_met"),
        ({"commendations": held("BK_TINH", 2019, 2021, 2023), "titles": []}, "met"),
        ({"commendations": held("BK_TINH", 2019, 2021), "titles": []}, "not_met"),
        ({"titles": held("CO_TINH", 2019)}, "not_met"),
        ({"ratings": FIVE | {"2022": "HTTNV"}}, "not_met"),
        ({"ratings": FIVE | {"2022": "HTTNV"}, "titles": [*held("CO_TINH", 2022), *held("TTLDXS", 2022)]}, "met"),
        ({"ratings": FIVE | {"2022": "HTTNV"}, "titles": None}, "unknown"),
        ({"ratings": {"2024": "HTXSNV"}}, "unknown"),
        # A certificate listed among titles proves itself, not that there is no earlier one.
        ({"commendations": None, "titles": [*held("CO_TINH", 2022), *held("BK_TINH", 2021)]}, "unknown"),
    ],
)
def test_five_excellent_years_after_the_provincial_certificate(changes, verdict):
    judged = judge(award="BK_TTG", **(LEADING | changes))
    assert finding(judged, "bk_ttg.ground").verdict == verdict


@pytest.mark.parametrize(
    ("ratings", "verdict"),
    [
        ({"2022": "HTXSNV"}, "met"),
        ({"2019": "HTNV"}, "not_met"),
        # The run may go further back, and the excellent year may lie there.
        ({}, "unknown"),
    ],
)
def test_an_excellent_year_within_the_run_for_the_order_third_class(ratings, verdict):
    good = {str(year): "HTTNV" for year in range(2020, 2025)}
    facts = {"commendations": held("BK_TTG", 2015), "titles": held("CSTDCS", 2020, 2022, 2024), "grounds": []}
    judged = judge(award="HCLD_3", ratings=good | ratings, **facts)
    assert finding(judged, "hcld_3.ground").verdict == verdict


@pytest.mark.parametrize(
    ("group", "ground", "verdict"),
    [
        ("worker", "74.1.đ", "met"),
        ("civil_servant", "74.1.đ", "not_met"),
        (None, "74.1.đ", "unknown"),
        ("entrepreneur", "74.2", "met"),
        ("civil_servant", "74.2", "not_met"),
        ("civil_servant", "74.1.b", "met"),
        ("civil_servant", "74.3.b", "not_met"),
    ],
)
def test_a_ground_counts_for_those_it_is_written_for(group, ground, verdict):
    nominee = {"kind": "individual"} | ({"worker_group": group} if group else {})
    judged = judge(award="BK_TINH", nominee=nominee, titles=[], initiatives=[], research=[], grounds=[ground])
    assert finding(judged, "bk_tinh.ground").verdict == verdict


@pytest.mark.parametrize(
    ("award", "already", "verdict"),
    [
        ("BK_TINH", [], "met"),
        ("BK_TINH", ["GK_HUYEN"], "not_met"),
        ("BK_TINH", ["CSTDCS"], "not_met"),
        ("CSTDCS", ["GK_HUYEN"], "not_met"),
        ("CSTDCS", ["CSTDCS"], "not_met"),
        ("CSTDCS", ["LDTT"], "met"),
        ("CSTDCS", None, "unknown"),
    ],
)
def test_one_achievement_is_commended_once(award, already, verdict):
    achievement = {"id": "A1"} | ({} if already is None else {"already_awarded": already})
    judged = finding(judge(award=award, achievement=achievement), "principle.one_award")
    assert (judged.verdict, str(judged.citation)) == (verdict, "điểm c khoản 2 Điều 5 Luật số 06/2022/QH15")


def test_a_fact_that_cannot_change_the_outcome_is_not_needed():
    assert (
        judge(award="BK_TINH", ratings=None, nominee={"kind": "individual"}, grounds=["74.1.a"]).verdict == "eligible"
    )


def test_commune_of_the_year_has_no_district_to_lead_after_it_is_gone():
    facts = {"award": "XA_TB", "level": "commune", "nominee": {"kind": "collective"}}
    stated = {"on": "2025-08-01", "under": regulated('[standards]\nXA_TB = "Quy định của tỉnh"')}
    judged = [
        judge(**facts, grounds=["29.1"]),
        judge(**facts, grounds=["29.1"], on="2025-08-01"),
        judge(**facts, grounds=["29.1"], **stated),
        judge(**facts, grounds=[], **stated),
    ]
    assert [(one.verdict, one.missing_parameters) for one in judged] == [
        ("eligible", ()),
        ("unknown", ("XA_TB.standard",)),
        ("eligible", ()),
        ("ineligible", ()),
    ]


def test_papers_are_due_for_what_the_proposal_relies_on_only():
    award = catalogue.pack("A_2024_HUYEN").awards["CSTDCS"]

    def papers(**changes) -> list[str]:
        case = evaluation.read(BASE | {"award": "CSTDCS"} | changes)
        needed = catalogue.dossier_parts(award, kind="individual", relies_on=evaluation.relied_on(case))
        return [part.id for part in needed]

    plain = ["to_trinh", "bao_cao_thanh_tich", "bien_ban_binh_xet"]
    initiative = {"initiatives": [{"year": 2024, "scope": "base"}]}
    assert [papers(), papers(**initiative), papers(**initiative, ratings={"2024": "HTXSNV"})] == [
        plain,
        [*plain, "xac_nhan_sang_kien"],
        plain,
    ]


@pytest.mark.parametrize(
    ("changes", "code", "key"),
    [
        ({"colour": "red"}, "unknown_key", "colour"),
        ({"nominee": PERSON | {"age": 30}}, "unknown_key", "nominee.age"),
        ({"titles": [{"award": "LDTT", "year": 2024, "by": "x"}]}, "unknown_key", "titles.0.by"),
        ({"regulation": {"CSTDCS": {"quota": 15}}}, "unknown_key", "regulation.CSTDCS.quota"),
        ({"award": "CSTDXS"}, "bad_value", "award"),
        ({"year": 2024.0}, "bad_value", "year"),
        ({"year": "2024"}, "bad_value", "year"),
        ({"ratings": {"2024": "A"}}, "bad_value", "ratings.2024"),
        ({"ratings": {" 2024": "HTTNV"}}, "unknown_key", "ratings. 2024"),
        ({"grounds": ["Điều 74"]}, "bad_value", "grounds.0"),
        ({"nominee": None}, "missing_key", "nominee"),
        ({"collective": {"members": 13, "ldtt": 14}}, "impossible_facts", "collective.ldtt"),
        ({"collective": {"members": 13, "completed": 14}}, "impossible_facts", "collective.completed"),
        ({"collective": {"members": 0}}, "impossible_facts", "collective.members"),
        ({"collective": {"cstdcs": -1}}, "impossible_facts", "collective.cstdcs"),
        ({"collective": {"founded": 2025}}, "impossible_facts", "collective.founded"),
        ({"collective": {"rating": "HTXSNV"}}, "impossible_facts", "collective.rating"),
    ],
)
def test_bad_input_is_refused_with_the_key_named(changes, code, key):
    with pytest.raises(Unreadable) as refused:
        judge(**changes)
    assert (refused.value.code, refused.value.where) == (code, {"key": key})


def test_two_values_of_one_fact_are_impossible():
    text = json.dumps(BASE).replace('"2024": "HTTNV"', '"2024": "HTTNV", "2024": "HTXSNV"')
    with pytest.raises(Unreadable) as refused:
        evaluation.read_json(text)
    assert (refused.value.code, refused.value.where) == ("impossible_facts", {"key": "2024"})


def test_text_in_decomposed_form_is_the_same_case():
    facts = BASE | {"achievement": {"id": "Cứu người", "already_awarded": []}}
    decomposed = json.loads(unicodedata.normalize("NFD", json.dumps(facts, ensure_ascii=False)))
    assert evaluation.read(decomposed) == evaluation.read(facts)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("06/2022/QH15", "Điều 5 Luật số 06/2022/QH15"),
        ("98/2023/NĐ-CP", "Điều 5 Nghị định số 98/2023/NĐ-CP"),
        ("01/2024/TT-BNV", "Điều 5 Thông tư số 01/2024/TT-BNV"),
        ("Luật 06/2022/QH15", "Điều 5 Luật 06/2022/QH15"),
    ],
)
def test_a_citation_says_what_it_cites(document: str, said: str) -> None:
    assert str(Citation(document=document, article="5")) == said
