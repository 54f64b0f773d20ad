from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import cash
from rules.refusal import Citation, Refusal, Unreadable

BASES = (1_800_000, 2_340_000, 2_530_000)
ON = {1_800_000: date(2024, 6, 30), 2_340_000: date(2026, 6, 30), 2_530_000: date(2026, 7, 1)}
PERIODS = (date(2024, 3, 1), date(2024, 7, 1), date(2025, 7, 1), date(2026, 7, 1))
SUBJECTS = tuple(cash.SUBJECT_NAMES)
EVERYTHING = cash.shipped().rules_to_confirm

VECTORS = [
    (15, (270_000, 360_000, 380_000)),
    (30, (540_000, 710_000, 760_000)),
    (80, (1_440_000, 1_880_000, 2_030_000)),
    (100, (1_800_000, 2_340_000, 2_530_000)),
    (150, (2_700_000, 3_510_000, 3_800_000)),
    (300, (5_400_000, 7_020_000, 7_590_000)),
    (350, (6_300_000, 8_190_000, 8_860_000)),
    (450, (8_100_000, 10_530_000, 11_390_000)),
]


def answer(award, subject, on, confirmed=()):
    """The amount, or the code (and open question) of the refusal."""
    try:
        return cash.compute(award, subject, on, confirmed=confirmed).amount
    except Refusal as refusal:
        return (refusal.code, refusal.details.get("open_question"))


@pytest.mark.parametrize(("hundredths", "amounts"), VECTORS)
def test_the_published_vectors(hundredths, amounts):
    assert tuple(cash.amount(base, multiplier_hundredths=hundredths) for base in BASES) == amounts


@pytest.mark.parametrize(
    ("award", "subject", "hundredths"),
    [
        ("LDTT", "individual", 30),
        ("TTLDTT", "collective", 80),
        ("CSTDCS", "individual", 100),
        ("TTLDXS", "collective", 150),
        ("CSTD_TINH", "individual", 300),
        ("CSTD_TQ", "individual", 450),
    ],
)
def test_the_vectors_by_award_and_date(award, subject, hundredths):
    amounts = dict(VECTORS)[hundredths]
    assert tuple(cash.compute(award, subject, ON[base]).amount for base in BASES) == amounts


Q = "unknown_multiplier"
MATRIX = {
    # award, subject: decided 03/2024, 07/2024, 07/2025, 07/2026
    ("LDTT", "individual"): (540_000, 710_000, 710_000, 760_000),
    ("LDTT_ND", "individual"): (540_000, 710_000, 710_000, 760_000),
    ("CSTT", "individual"): (540_000, 710_000, 710_000, 760_000),
    ("CSTDCS", "individual"): (1_800_000, 2_340_000, 2_340_000, 2_530_000),
    ("CSTD_TINH", "individual"): (5_400_000, 7_020_000, 7_020_000, 7_590_000),
    ("CSTD_TQ", "individual"): (8_100_000, 10_530_000, 10_530_000, 11_390_000),
    ("TTLDTT", "collective"): (1_440_000, 1_880_000, 1_880_000, 2_030_000),
    ("DVTT", "collective"): (1_440_000, 1_880_000, 1_880_000, 2_030_000),
    ("TTLDXS", "collective"): (2_700_000, 3_510_000, 3_510_000, 3_800_000),
    ("DVQT", "collective"): (2_700_000, 3_510_000, 3_510_000, 3_800_000),
    ("CO_TINH", "collective"): (14_400_000, 18_720_000, 18_720_000, 20_240_000),
    ("CO_CP", "collective"): (21_600_000, 28_080_000, 28_080_000, 30_360_000),
    ("XA_TB", "collective"): (3_600_000, 4_680_000, 4_680_000, 5_060_000),
    ("THON_VH", "collective"): (2_700_000, 3_510_000, 3_510_000, 3_800_000),
    ("GDVH", "household"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("GK_HUYEN", "individual"): ((Q, 6), (Q, 6), (Q, 2), (Q, 2)),
    ("GK_HUYEN", "collective"): ((Q, 6), (Q, 6), (Q, 2), (Q, 2)),
    ("GK_HUYEN", "household"): ((Q, 6), (Q, 6), (Q, 2), (Q, 2)),
    ("GK_XA", "individual"): ((Q, 6), (Q, 6), (Q, 2), (Q, 2)),
    ("GK_XA", "collective"): ((Q, 6), (Q, 6), (Q, 2), (Q, 2)),
    ("GK_XA", "household"): ((Q, 6), (Q, 6), (Q, 2), (Q, 2)),
    ("BK_TINH", "individual"): ((Q, 6), (Q, 6), 3_510_000, 3_800_000),
    ("BK_TINH", "collective"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("BK_TINH", "household"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("BK_TINH", "enterprise"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("BK_TTG", "individual"): ((Q, 6), (Q, 6), 8_190_000, 8_860_000),
    ("BK_TTG", "collective"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("BK_TTG", "household"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("BK_TTG", "enterprise"): ((Q, 6), (Q, 6), (Q, 6), (Q, 6)),
    ("HCLD_3", "individual"): ((Q, 1), (Q, 1), 10_530_000, 11_390_000),
    ("HCLD_3", "collective"): ((Q, 1), (Q, 1), 21_060_000, 22_770_000),
    ("HCLD_3", "enterprise"): ((Q, 1), (Q, 1), (Q, 1), (Q, 1)),
    ("KNC_TINH", "individual"): ((Q, 4), (Q, 4), (Q, 4), (Q, 4)),
}


@pytest.mark.parametrize(("award", "subject"), sorted(product(cash.shipped().awards, SUBJECTS)))
def test_the_whole_matrix_of_awards_subjects_and_dates(award, subject):
    expected = MATRIX.get((award, subject), (("wrong_subject", None),) * 4)
    assert tuple(answer(award, subject, on) for on in PERIODS) == expected


@pytest.mark.parametrize(
    ("award", "subject", "confirmed", "expected"),
    [
        ("GK_HUYEN", "individual", {"gk_huyen.cash"}, 540_000),
        ("GK_HUYEN", "collective", {"gk_huyen.cash"}, (Q, 6)),
        ("GK_HUYEN", "collective", {"tap_the.cash"}, (Q, 6)),
        ("GK_HUYEN", "collective", {"gk_huyen.cash", "tap_the.cash"}, 1_080_000),
        ("GK_HUYEN", "household", {"gk_huyen.cash", "ho_gia_dinh.cash"}, 810_000),
        ("GK_HUYEN", "household", {"gk_huyen.cash", "tap_the.cash"}, (Q, 6)),
        ("GK_XA", "individual", {"gk_xa.cash"}, 270_000),
        ("BK_TINH", "individual", {"bk_tinh.cash"}, 2_700_000),
        ("BK_TTG", "individual", {"bk_ttg.cash"}, 6_300_000),
        ("BK_TINH", "enterprise", set(EVERYTHING), (Q, 6)),
        ("GDVH", "household", set(EVERYTHING), (Q, 6)),
        ("KNC_TINH", "individual", set(EVERYTHING), (Q, 4)),
    ],
)
def test_remembered_figures_apply_only_when_each_is_confirmed(award, subject, confirmed, expected):
    assert answer(award, subject, date(2024, 3, 1), confirmed) == expected


def test_a_collective_commendation_of_the_province_needs_only_the_factor_confirmed():
    assert answer("BK_TINH", "collective", date(2025, 7, 1), {"tap_the.cash"}) == 7_020_000


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2023, 6, 30), (Q, 6)),
        (date(2023, 12, 31), (Q, 6)),
        (date(2024, 1, 1), 1_800_000),
        (date(2024, 6, 30), 1_800_000),
        (date(2024, 7, 1), 2_340_000),
        (date(2026, 6, 30), 2_340_000),
        (date(2026, 7, 1), 2_530_000),
        (date(2027, 2, 28), 2_530_000),
        (date(2027, 3, 1), (Q, 17)),
    ],
)
def test_the_days_on_which_the_figures_change(on, expected):
    assert answer("CSTDCS", "individual", on) == expected


def test_the_whole_answer():
    assert cash.compute("CSTDCS", "individual", date(2024, 7, 1)).as_json() == {
        "award": "CSTDCS",
        "subject": "individual",
        "on": "2024-07-01",
        "base_salary": 2_340_000,
        "multiplier_hundredths": 100,
        "factor_hundredths": 100,
        "amount": 2_340_000,
        "sources": [
            {"what": "base_salary", "source": "Nghị định 73/2024/NĐ-CP", "status": "V2"},
            {"what": "multiplier", "source": "Nghị định 98/2023/NĐ-CP, Điều 54 khoản 1 điểm c", "status": "V2"},
            {"what": "factor", "source": "Hệ số ấn định riêng cho từng danh hiệu", "status": "V2"},
            {
                "what": "rounding",
                "source": "Nghị định 98/2023/NĐ-CP (tiền thưởng làm tròn lên hàng chục nghìn đồng; "
                "Cổng TTĐT Chính phủ 07/01/2024)",
                "status": "V2",
            },
        ],
    }


def test_a_confirmed_figure_says_which_rule_was_confirmed():
    found = cash.compute("GK_HUYEN", "individual", date(2024, 3, 1), confirmed=["gk_huyen.cash"])
    assert [(source.what, source.status, source.rule) for source in found.sources] == [
        ("base_salary", "V2", None),
        ("multiplier", "MEM", "gk_huyen.cash"),
        ("factor", "V2", None),
        ("rounding", "V2", None),
    ]


def test_an_unknown_multiplier_says_what_is_missing_and_what_could_be_confirmed():
    with pytest.raises(Refusal) as caught:
        cash.compute("GK_HUYEN", "individual", date(2024, 3, 1))
    assert caught.value.as_json() == {
        "refused": {
            "code": "unknown_multiplier",
            "message": "Chưa xác định được tiền thưởng “Giấy khen của Chủ tịch Ủy ban nhân dân huyện” tại ngày "
            "01/03/2024: hệ số giấy khen của huyện mới đọc được ở Nghị định 91/2017/NĐ-CP, chưa đọc ở Nghị định "
            "98/2023/NĐ-CP (câu hỏi mở số 6). Người có thẩm quyền đối chiếu văn bản rồi xác nhận quy tắc trong quy chế "
            "của cơ quan.",
            "citation": {"document": "06/2022/QH15", "article": "11", "clause": "5", "point": None},
            "open_question": 6,
            "to_confirm": [
                {
                    "rule": "gk_huyen.cash",
                    "hundredths": 30,
                    "source": "Nghị định 91/2017/NĐ-CP, Điều 73 (đã hết hiệu lực)",
                }
            ],
        }
    }


def test_a_title_for_individuals_is_refused_to_a_collective():
    with pytest.raises(Refusal) as caught:
        cash.compute("LDTT", "collective", date(2024, 3, 1))
    assert (caught.value.code, caught.value.message, caught.value.citation) == (
        "wrong_subject",
        "“Lao động tiên tiến” chỉ tặng cho cá nhân (Điều 19 Luật 06/2022/QH15), không tặng cho tập thể.",
        Citation(document="06/2022/QH15", article="5", clause="2", point="b"),
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("HUY_CHUONG", "individual", date(2024, 3, 1)), "unknown_award"),
        (("ldtt", "individual", date(2024, 3, 1)), "unknown_award"),
        (("LDTT", "person", date(2024, 3, 1)), "unknown_subject"),
        (("LDTT", "individual", datetime(2024, 3, 1, tzinfo=UTC)), "not_a_date"),
        (("LDTT", "individual", "2024-03-01"), "not_a_date"),
    ],
)
def test_unreadable_questions(arguments, code):
    with pytest.raises(Unreadable) as caught:
        cash.compute(*arguments)
    assert caught.value.code == code


def test_a_batch_gives_amounts_and_refusals_side_by_side():
    lines = [
        {"award": "LDTT", "subject": "individual", "on": "2024-07-01"},
        {"award": "TTLDTT", "subject": "individual", "on": "2024-07-01"},
        {"award": "GDVH", "subject": "household", "on": "2024-07-01"},
    ]
    answers = list(cash.batch(lines))
    assert answers[0] == {**lines[0], "amount": 710_000}
    assert [answer["refused"]["code"] for answer in answers[1:]] == ["wrong_subject", "unknown_multiplier"]
    assert answers[2]["refused"]["open_question"] == 6


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"award": "XYZ", "subject": "individual", "on": "2024-07-01"}, "unknown_award"),
        ({"award": "LDTT", "subject": "individual", "on": "01/07/2024"}, "not_a_date"),
        ({"award": "LDTT", "on": "2024-07-01"}, "columns"),
    ],
)
def test_a_bad_line_of_a_batch_is_named(line, code):
    with pytest.raises(Unreadable) as caught:
        list(cash.batch([{"award": "LDTT", "subject": "individual", "on": "2024-07-01"}, line]))
    assert (caught.value.code, caught.value.where["line"]) == (code, 3)


@given(st.integers(1, 10**8), st.integers(1, 5_000), st.integers(1, 400))
def test_money_is_rounded_up_to_the_next_ten_thousand_and_never_more(base, multiplier, factor):
    exact = base * multiplier * factor
    found = cash.amount(base, multiplier_hundredths=multiplier, factor_hundredths=factor)
    assert type(found) is int
    assert found % 10_000 == 0
    assert 0 <= found * 10_000 - exact < 10_000 * 10_000


TEXT = cash.SHIPPED.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("to: 2024-06-30", "to: 2024-07-01"),  # overlapping base salaries
        ("to: 2024-06-30", "to: 2024-06-29"),  # a day without base salary
        ("to: 2025-06-30", "to: 2025-07-01"),  # overlapping decrees
        ("hundredths: 800,", "hundredths: 8.0,"),
        ("hundredths: 800,", "hundredths: 0,"),
        ("hundredths: 800,", "hundredths: 800, note: x,"),
        ("rule: gk_xa.cash", "what_rule: gk_xa.cash"),
        ("    factor: order", "    factor: orders"),
        ("subjects: [household]", "subjects: [enterprise]"),
        ("      nd98: {open_question: 1,", "      nd99: {open_question: 1,"),
        ("status: MEM\n        rule: bk_ttg.cash", "status: V2\n        rule: bk_ttg.cash"),
        ("base_salaries:", "base_salaries: ["),
    ],
)
def test_a_table_with_a_flaw_is_not_loaded(old, new):
    assert old in TEXT
    with pytest.raises(Unreadable) as caught:
        cash.Rates.read(TEXT.replace(old, new, 1))
    assert (caught.value.code, caught.value.where) == ("cash_table", {"file": "cash.yaml"})


def test_another_table_has_another_version():
    changed = cash.Rates.read(TEXT.replace("amount: 2530000", "amount: 2600000"))
    assert changed.version != cash.shipped().version
    assert cash.compute("CSTDCS", "individual", date(2026, 7, 1), rates=changed).amount == 2_600_000


@pytest.mark.parametrize(
    ("titles", "confirmed", "sum_"),
    [
        ([], False, 0),
        (["LDTT"], False, 710_000),
        (["LDTT", "CSTDCS"], True, 2_340_000),
        (["CSTDCS", "CSTD_TINH", "LDTT"], True, 7_020_000),
        (["LDTT", "CSTDCS"], False, ("danh_hieu.cash", 6)),
    ],
)
def test_several_titles_of_one_person_and_year_are_the_highest_ones_money_once_confirmed(titles, confirmed, sum_):
    rules = ["danh_hieu.cash"] if confirmed else ["gk_huyen.cash"]
    amounts = {title: cash.compute(title, "individual", date(2024, 12, 20)).amount for title in titles}
    try:
        found = cash.of_one_year(amounts, confirmed=rules)
    except Refusal as refusal:
        assert refusal.code == Q
        found = (refusal.details["to_confirm"][0]["rule"], refusal.details["open_question"])
        assert "danh_hieu.cash" in refusal.message
    assert found == sum_
    assert "danh_hieu.cash" in EVERYTHING
