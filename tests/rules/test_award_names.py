"""Awards as offices write them: hundreds of ways, each one award; what fits two is asked back."""

import itertools

import pytest

from rules import catalogue, names
from rules.award_names import AwardNames

PACK = catalogue.pack("A_2024_HUYEN")
KNOWN = AwardNames([(award.id, (award.name, award.id, *award.aliases)) for award in PACK.awards.values()])


def committees(level: str, place: str) -> list[str]:
    """Who signs: the chairman of a People's Committee, written in the ways in use."""
    bodies = ("Ủy ban nhân dân", "Uỷ ban nhân dân", "UBND")
    chairs = ("của Chủ tịch ", "Chủ tịch ", "của ", "của CT ", "")
    wheres = (level, f"cấp {level}", f"{level} {place}")
    return [f"{chair}{body} {where}" for chair, body, where in itertools.product(chairs, bodies, wheres)]


WRITTEN: list[tuple[str, str]] = [
    *((f"Giấy khen {by}", "GK_HUYEN") for by in committees("huyện", "Phong Thổ")),
    *((f"GK {by}", "GK_HUYEN") for by in committees("huyện", "Nậm Mẫu")),
    *((f"Giấy khen {by}", "GK_XA") for by in committees("xã", "Bản Lang")),
    *((f"Bằng khen {by}", "BK_TINH") for by in committees("tỉnh", "Lai Châu")),
    *((f"BK {by}", "BK_TINH") for by in committees("tỉnh", "Lai Châu")),
    *((f"{title}{name}", "CSTDCS") for title in ("", "Danh hiệu ", "danh hiệu: ") for name in (
        "Chiến sĩ thi đua cơ sở", "Chiến sỹ thi đua cơ sở", "Chiến sĩ thi đua cấp cơ sở", "CSTĐCS", "CSTĐ CS", "CSTĐ cơ sở",
        "CSTDCS", "CSTD CS", "CSTĐ cấp cơ sở")),
    *((name, "CSTD_TINH") for name in (
        "Chiến sĩ thi đua cấp tỉnh", "Chiến sỹ thi đua tỉnh", "CSTĐ tỉnh", "CSTĐ cấp tỉnh", "CSTĐ tỉnh Lai Châu",
        "Danh hiệu Chiến sĩ thi đua cấp tỉnh")),
    *((name, "CSTD_TQ") for name in ("Chiến sĩ thi đua toàn quốc", "Chiến sỹ thi đua toàn quốc", "CSTĐ toàn quốc", "CSTĐTQ")),
    *((f"{title}{name}", "LDTT") for title in ("", "Danh hiệu ") for name in (
        "Lao động tiên tiến", "LĐTT", "LDTT", "Lao động Tiên tiến")),
    *((name, "TTLDTT") for name in (
        "Tập thể lao động tiên tiến", "Tập thể LĐTT", "TT LĐTT", "TTLĐTT", "Danh hiệu Tập thể Lao động tiên tiến")),
    *((name, "TTLDXS") for name in (
        "Tập thể lao động xuất sắc", "Tập thể LĐXS", "TT LĐXS", "TTLĐXS", "Danh hiệu Tập thể Lao động xuất sắc")),
    *((name, "BK_TTG") for name in (
        "Bằng khen của Thủ tướng Chính phủ", "Bằng khen Thủ tướng", "BK TTg", "Bằng khen của Thủ tướng", "BK của TTCP")),
    *((name, "CO_TINH") for name in ("Cờ thi đua của tỉnh", "Cờ thi đua cấp tỉnh", "Cờ thi đua UBND tỉnh", "Cờ thi đua tỉnh Lai Châu")),
    *((name, "CO_CP") for name in ("Cờ thi đua của Chính phủ", "Cờ thi đua Chính phủ")),
    *((name, "HCLD_3") for name in ("Huân chương Lao động hạng Ba", "Huân chương Lao động hạng 3", "HCLĐ hạng III")),
    *((name, "GDVH") for name in ("Gia đình văn hóa", "Gia đình văn hoá", "Danh hiệu Gia đình văn hóa")),
    *((name, "THON_VH") for name in ("Thôn văn hóa", "Bản văn hoá", "Tổ dân phố văn hóa", "TDP văn hóa")),
]  # fmt: skip


def test_there_are_three_hundred() -> None:
    assert len({text for text, _ in WRITTEN}) >= 300


@pytest.mark.parametrize("case", [str, str.upper, str.lower, str.title], ids=["as written", "upper", "lower", "title"])
def test_each_way_of_writing_is_one_award(case: object) -> None:
    assert callable(case)
    assert {text: KNOWN.find(case(text)) for text, award in WRITTEN if KNOWN.find(case(text)) != (award,)} == {}


def test_the_order_of_the_parts_does_not_matter() -> None:
    assert KNOWN.find("Cấp huyện: Giấy khen của Chủ tịch Ủy ban nhân dân") == ("GK_HUYEN",)


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("Giấy khen", ("GK_HUYEN", "GK_XA")),
        ("GK của Chủ tịch UBND", ("GK_HUYEN", "GK_XA")),
        ("Bằng khen", ("BK_TINH", "BK_TTG")),
        ("Cờ thi đua", ("CO_TINH", "CO_CP")),
        ("Chiến sĩ thi đua", ("CSTDCS", "CSTD_TINH", "CSTD_TQ")),
    ],
)
def test_what_fits_two_awards_is_asked_back(text: str, several: tuple[str, ...]) -> None:
    assert KNOWN.find(text) == ()
    assert KNOWN.may_mean(text) == several


@pytest.mark.parametrize(
    "text",
    ["Giấy khen của Bộ trưởng", "Huân chương Sao vàng", "Bằng khen của Bộ Nội vụ", "x", "", "…", "khen", "của cấp",
     "Giấy khen của Chủ tịch UBND huyện về thành tích phòng chống lụt bão", "Lao động", "Kỷ niệm chương ngành"],
)  # fmt: skip
def test_what_is_no_award_of_the_pack_is_none(text: str) -> None:
    assert KNOWN.find(text) == ()


def test_marks_tell_words_apart() -> None:
    """Somebody who types marks means them: «cờ sở» is no misspelling of ours to mend."""
    assert KNOWN.find("Chiến sĩ thi đua cờ sở") == ()
    assert KNOWN.find("chien si thi dua co so") == ()
    assert KNOWN.may_mean("chien si thi dua co so") == ("CSTDCS",)
    assert names.without_marks("Chiến sĩ thi đua cờ sở") == names.without_marks("Chiến sĩ thi đua cơ sở")
