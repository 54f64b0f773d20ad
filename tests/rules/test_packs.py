"""Packs as data: dates, authority, names, dossiers, and what a broken pack is refused for."""

import shutil
from datetime import date, timedelta

import pytest

from rules import catalogue, pack_files
from rules.refusal import Citation, Unreadable

A, B, C = catalogue.packs()
AWARDS = list(A.awards.values())


def test_the_packs_cover_every_day_from_the_law_s_first_without_overlap():
    assert [(one.id, one.valid_from, one.valid_to, one.level, one.complete) for one in catalogue.packs()] == [
        ("A_2024_HUYEN", date(2024, 1, 1), date(2025, 6, 30), "district", True),
        ("B_2025_XA", date(2025, 7, 1), date(2026, 9, 30), "commune", True),
        ("C_2026_SUADOI", date(2026, 10, 1), None, "commune", False),
    ]
    assert [one.replaces for one in catalogue.packs()] == [None, "A_2024_HUYEN", "B_2025_XA"]


@pytest.mark.parametrize(
    ("day", "pack"),
    [
        ("2023-12-31", None),
        ("2024-01-01", "A_2024_HUYEN"),
        ("2025-06-30", "A_2024_HUYEN"),
        ("2025-07-01", "B_2025_XA"),
        ("2026-09-30", "B_2025_XA"),
        ("2026-10-01", "C_2026_SUADOI"),
    ],
)
def test_the_day_chooses_the_pack(day, pack):
    found = catalogue.pack_on(date.fromisoformat(day))
    assert (found.id if found else None) == pack


def test_a_dossier_received_before_the_amendment_stays_under_the_earlier_pack():
    day = date(2026, 10, 15)
    received = [date(2026, 9, 30), date(2026, 10, 1)]
    assert [catalogue.pack_on(day, received_for_appraisal=one) for one in received] == [B, C]


def test_every_award_of_the_catalogue_is_in_both_packs():
    assert (set(A.awards), set(B.awards), set(C.awards)) == (
        set(pack_files.award_ids()),
        set(pack_files.award_ids()),
        set(),
    )


def test_titles_and_commendation_forms_are_the_law_s_two_families():
    assert {award.id for award in AWARDS if not award.is_title} == {
        "GK_HUYEN", "GK_XA", "BK_TINH", "BK_TTG", "HCLD_3", "KNC_TINH",
    }  # fmt: skip
    assert {award.id for award in AWARDS if award.is_title} == {
        one for one in pack_files.award_ids() if pack_files.is_title(one)
    }


@pytest.mark.parametrize("award", AWARDS, ids=lambda award: award.id)
def test_before_2025_every_award_has_a_known_decider_whoever_asks(award):
    levels = ("commune", "district", "province")
    found = [catalogue.authority(A, award.id, level) for level in levels]
    assert [(one.verified, one.decided_by is not None) for one in found] == [(True, True)] * 3


def test_after_the_district_is_gone_it_may_do_nothing():
    found = {catalogue.authority(B, award.id, "district").role for award in AWARDS}
    assert found == {"none"}


def test_deciders_nobody_has_read_are_marked_and_only_suggested():
    unread = {
        (award.id, level): (stated.role, stated.decided_by, stated.suggested, stated.rule)
        for award in B.awards.values()
        for level, stated in award.decided_by.items()
        if not stated.verified
    }
    assert unread == {
        ("CSTDCS", "commune"): ("none", None, "CT_UBND_XA", "cstdcs.decider"),
        ("TTLDTT", "commune"): ("none", None, "CT_UBND_XA", "ttldtt.decider"),
        ("THON_VH", "commune"): ("none", None, "CT_UBND_XA", "thon_vh.decider"),
    }


def papers(award: str, **facts) -> list[str]:
    return [part.id for part in catalogue.dossier_parts(A.awards[award], **facts)]


def test_papers_follow_the_family_the_route_and_what_is_relied_on():
    assert {
        "title": papers("LDTT"),
        "no certificate for a rating": papers("CSTDCS", relies_on={"combat"}),
        "certificate": papers("CSTDCS", relies_on={"research"}),
        "certificate only for fighters": papers("LDTT", relies_on={"initiative"}),
        "form": papers("GK_HUYEN"),
        "simplified": papers("GK_HUYEN", route="simplified"),
        "contribution": papers("BK_TINH", relies_on={"contribution"}),
        "state": papers("HCLD_3"),
        "state title": papers("CO_CP"),
    } == {
        "title": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_binh_xet"],
        "no certificate for a rating": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_binh_xet"],
        "certificate": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_binh_xet", "xac_nhan_sang_kien"],
        "certificate only for fighters": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_binh_xet"],
        "form": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_xet_khen_thuong"],
        "simplified": ["to_trinh", "bao_cao_thanh_tich"],
        "contribution": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_xet_khen_thuong", "xac_nhan_thanh_tich"],
        "state": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_xet_khen_thuong", "y_kien"],
        "state title": ["to_trinh", "bao_cao_thanh_tich", "bien_ban_binh_xet", "y_kien"],
    }


def test_the_report_is_named_for_its_subject():
    report = [catalogue.dossier_parts(A.awards["BK_TINH"], kind=kind)[1].name for kind in catalogue.KIND_NAMES]
    assert report == [f"Báo cáo thành tích của {name}" for name in catalogue.KIND_NAMES.values()]


@pytest.fixture
def copied(tmp_path):
    """A copy of the packs to spoil."""
    return shutil.copytree(pack_files.PACKS, tmp_path / "packs")


def spoil(folder, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")


def test_the_hash_covers_every_byte_and_the_pack_it_is_based_on(copied):
    before = {one.id: one.sha256 for one in catalogue._packs(copied)}
    assert before == {one.id: one.sha256 for one in catalogue.packs()}
    spoil(copied, "A_2024_HUYEN/dossier.yaml", "Báo cáo thành tích", "Bản báo cáo thành tích")
    catalogue._packs.cache_clear()
    after = {one.id: one.sha256 for one in catalogue._packs(copied)}
    assert [one for one in before if before[one] != after[one]] == ["A_2024_HUYEN", "B_2025_XA"]


def test_line_ends_of_another_system_do_not_change_the_hash(copied):
    for path in copied.rglob("*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [one.sha256 for one in catalogue._packs(copied)] == [one.sha256 for one in catalogue.packs()]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("A_2024_HUYEN/pack.yaml", "level: district", "level: district\nlevle: x", "levle"),
        ("A_2024_HUYEN/pack.yaml", "to: 2025-06-30", "to: 2025-07-01", "ngày chồng lên"),
        ("A_2024_HUYEN/pack.yaml", "id: A_2024_HUYEN", "id: A_2024", "khác tên thư mục"),
        ("A_2024_HUYEN/pack.yaml", "complete: true", "complete: true\ncomplete: false", "khóa lặp"),
        ("A_2024_HUYEN/standards.yaml", 'at: "24.1.a"', "at: 24.1", "số thập phân"),
        ("A_2024_HUYEN/standards.yaml", 'at: "24.1.a"', 'at: "24.1.z9"', "trích dẫn không đúng mẫu"),
        ("A_2024_HUYEN/standards.yaml", 'at: "24.1.a"', 'status2: "x"', "status2"),
        ("A_2024_HUYEN/standards.yaml", "{rating_at_least: HTTNV}", "{rating_above: HTTNV}", "rating_above"),
        ("A_2024_HUYEN/standards.yaml", "    status: V1", "    status: SURE", "SURE"),
        ("A_2024_HUYEN/standards.yaml", "  THON_VH:\n    collective:", "  THON_VH:\n    household:", "thiếu hoặc thừa"),
        ("A_2024_HUYEN/awards.yaml", '"Danh hiệu Chiến sĩ tiên tiến"', '"LĐTT"', "thuộc cả"),
        ("B_2025_XA/pack.yaml", "based_on: A_2024_HUYEN", "based_on: A_2023", "chưa có"),
    ],
)
def test_a_broken_pack_is_refused_with_what_is_wrong(copied, file, old, new, says):
    spoil(copied, file, old, new)
    with pytest.raises(Unreadable) as refused:
        catalogue._packs(copied)
    assert (refused.value.code, says in refused.value.message) == ("bad_pack", True)


def test_there_is_no_day_without_a_pack_since_the_law_began():
    days = [date(2024, 1, 1) + timedelta(days=step) for step in range(1200)]
    assert [day for day in days if catalogue.pack_on(day) is None] == []


def test_an_unknown_award_or_pack_is_refused_by_name():
    with pytest.raises(Unreadable) as award:
        catalogue.authority(A, "CSTDXS", "district")
    with pytest.raises(Unreadable) as pack:
        catalogue.pack("Z")
    assert [(one.value.code, one.value.where) for one in (award, pack)] == [
        ("unknown_award", {"award": "CSTDXS"}),
        ("unknown_pack", {"pack": "Z"}),
    ]


def test_an_award_describes_itself_with_every_source():
    described = catalogue.describe(A, "GDVH")
    assert {key: described[key] for key in ("award", "name", "pack", "complete", "kinds")} == {
        "award": "GDVH",
        "name": "Gia đình văn hóa",
        "pack": "A_2024_HUYEN",
        "complete": True,
        "kinds": ["household"],
    }
    assert described["authority"]["commune"] == {
        "role": "decide",
        "decided_by": "CT_UBND_XA",
        "citation": str(Citation(document="06/2022/QH15", article="80", clause="3")),
        "status": "V1",
    }
    assert [rule["rule"] for rule in described["rules"]] == ["gdvh.law", "gdvh.movement", "gdvh.family"]
    assert {part["part"] for part in described["dossier"]} == {part.id for part in A.awards["GDVH"].dossier}
    assert all(one["citation"] for one in (*described["rules"], *described["dossier"]))
