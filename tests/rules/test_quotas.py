"""Quotas over a unit and a round: only where the regulation sets one, counted in whole people."""

import pytest

from rules import quotas, regulation

HEAD = 'document = "Quy chế"\nnumber = "01/QC"\ndate = 2024-02-15\n'
FIFTEEN = regulation.parse(HEAD + "[quota]\ncstdcs_percent_of_ldtt = 15\n")


def over(counts, under=FIFTEEN) -> list[tuple]:
    return [(one.unit, one.award, one.count, one.allowed, one.over) for one in quotas.over_quota(counts, under)]


def test_the_law_sets_no_quota_so_without_a_regulation_s_nothing_is_over():
    assert over({"U1": {"LDTT": 1, "CSTDCS": 100}}, regulation.parse(HEAD)) == []


@pytest.mark.parametrize(("ldtt", "allowed"), [(20, 3), (19, 2), (6, 0), (7, 1), (0, 0)])
def test_the_share_is_rounded_down_to_whole_people(ldtt, allowed):
    assert quotas.allowed(ldtt=ldtt, percent=15) == allowed
    assert over({"U1": {"LDTT": ldtt, "CSTDCS": allowed}}) == []
    assert over({"U1": {"LDTT": ldtt, "CSTDCS": allowed + 2}})[0] == ("U1", "CSTDCS", allowed + 2, allowed, 2)


def test_both_branches_of_the_title_are_its_base():
    assert over({"U1": {"LDTT": 10, "LDTT_ND": 10, "CSTDCS": 3}}) == []


def test_a_unit_and_the_round_are_judged_apart():
    assert over({"U2": {"LDTT": 100}, "U1": {"LDTT": 20, "CSTDCS": 5}}) == [("U1", "CSTDCS", 5, 3, 2)]
    assert over({"U2": {"LDTT": 20, "CSTDCS": 4}, "U1": {"LDTT": 20, "CSTDCS": 4}}) == [
        ("U1", "CSTDCS", 4, 3, 1),
        ("U2", "CSTDCS", 4, 3, 1),
        (None, "CSTDCS", 8, 6, 2),
    ]


def test_phong_tho_s_published_year_would_have_broken_the_old_fifteen_percent():
    published = {"PHONG_THO": {"LDTT": 1780, "CSTDCS": 288}}
    assert over(published) == [("PHONG_THO", "CSTDCS", 288, 267, 21), (None, "CSTDCS", 288, 267, 21)]
    assert quotas.over_quota(published, FIFTEEN)[0].why == (
        "Đơn vị PHONG_THO đề nghị 288, được tối đa 267 (15% của 1780 Lao động tiên tiến, theo 01/QC); vượt 21."
    )
