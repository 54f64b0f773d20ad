"""Shares are counted from what is written, unknown apart, and no small cell is published."""

from typing import Any

import pytest

from operations.chairman_signature import signature
from operations.home_affairs_review import review
from operations.unit_proposal import proposal
from operations.views import equity

pytestmark = pytest.mark.both_databases


def propose(office: Any, *people: dict[str, Any], unit: str = "XA01", sign: int = 0) -> str:
    """A round on the simplified route with these nominees, the first `sign` of them awarded; its code."""
    round_ = office.open_round("DOT_XUAT")
    proposals = [
        proposal.Proposed(
            row=row, name=f"Lò {unit} {row}", achievement=f"{round_.code}, việc {row}", rating="HTTNV",
            **({"kind": "individual", "award": "GK_HUYEN"} | person),
        )
        for row, person in enumerate(people, 1)
    ]  # fmt: skip
    filed = office.act(
        proposal.file, round_code=round_.code, unit_code=unit, proposals=proposals, actor=office.officer(unit),
        now=office.now,
    )  # fmt: skip
    codes = list(filed.codes)[:sign]
    if codes:
        office.act(review.pass_review, codes, actor=office.chuyenvien1, now=office.now)
        signed = office.act(signature.sign, codes, actor=office.chutich, now=office.now)
        assert [one.refusal for one in signed.results] == [None] * sign
    return str(round_.code)


def figures(shares: list[equity.Share]) -> dict[str, tuple[Any, ...]]:
    return {one.group: (one.nominees.count, one.nominees.unknown, one.nominees.total) for one in shares}


def test_what_is_not_written_is_unknown(office: Any) -> None:
    code = propose(
        office,
        {"gender": "Nữ", "ethnicity": "Thái", "object_class": "Công chức"},
        {"gender": "nu", "ethnicity": "kinh", "object_class": "Công chức lãnh đạo"},
        {"gender": "Nam", "ethnicity": "Kinh (Việt)", "object_class": "Nông dân"},
        {"gender": "x", "object_class": "Viên chức trực tiếp giảng dạy"},
        {},
        {"kind": "household", "object_class": "Nông dân"},
        {"kind": "household"},
        {"kind": "enterprise", "award": "BK_TINH"},
        {"kind": "collective", "facts": {"collective": {"members": 9}}},
        sign=0,
    )
    assert figures(office.look(equity.of_round, code)) == {
        "direct_workers": (2, 2, 5),
        "women": (2, 2, 5),
        "minorities": (1, 2, 5),
        "communes": (9, 0, 9),
        "farmers": (2, 2, 7),
        "enterprises": (1, 0, 9),
    }


def test_nominees_once_awards_each_rounds_apart_and_together(office: Any) -> None:
    woman = {"gender": "Nữ", "object_class": "Công chức"}
    first = propose(office, woman, {"gender": "Nam", "object_class": "Công chức"}, sign=1)
    second = propose(office, woman, unit="XA01", sign=1)  # the same woman again
    propose(office, woman, unit="CQ01")
    of_first = {one.group: one for one in office.look(equity.of_round, first)}["women"]
    assert (of_first.nominees.count, of_first.nominees.total, of_first.awards.count, of_first.awards.total) == (
        1,
        2,
        1,
        1,
    )
    assert (of_first.nominees.permille, of_first.nominees.text) == (500, "1 (50,0 %)")
    overall = {one.group: one for one in office.look(equity.overall)}
    assert (overall["women"].nominees.count, overall["women"].nominees.total, overall["women"].awards.count) == (
        2,
        3,
        2,
    )
    assert (overall["communes"].nominees.count, overall["communes"].nominees.total) == (2, 3)
    assert figures(office.look(equity.overall, year=2024)) == figures(list(overall.values()))
    assert set(figures(office.look(equity.overall, year=2023)).values()) == {(0, 0, 0)}
    assert second != first


def test_drafts_and_withdrawn_are_nobodys_nominees(small_office: Any) -> None:
    round_ = small_office.open_round()
    round_.file(submit=False)
    (gone,) = round_.file()
    small_office.act(proposal.withdraw, [gone], reason="rút", actor=small_office.officer("XA01"), now=small_office.now)
    assert figures(small_office.look(equity.of_round, round_.code))["communes"] == (0, 0, 0)


def test_figures_follow_every_act(small_office: Any) -> None:
    round_ = small_office.open_round()
    counted = []
    for _ in range(3):
        round_.file()
        counted.append(figures(small_office.look(equity.of_round, round_.code))["communes"][0])
    assert counted == [1, 2, 3]


@pytest.mark.parametrize(
    ("women", "men", "unknown", "said"),
    [
        (0, 0, 0, (None, None, None, "chưa rõ")),
        (4, 9, 0, (None, None, None, "ít hơn 5")),
        (0, 9, 7, (None, None, None, "ít hơn 5")),
        (9, 4, 0, (None, None, None, "tất cả, trừ ít hơn 5")),
        (5, 5, 0, (5, 0, 500, "5 (50,0 %)")),
        (5, 10, 4, (5, None, 333, "5 (33,3 %)")),
        (5, 10, 5, (5, 5, 333, "5 (33,3 %)")),
        (0, 0, 7, (None, 7, None, "chưa rõ")),
    ],
)
def test_small_cells_are_not_published(women: int, men: int, unknown: int, said: tuple[Any, ...]) -> None:
    part = equity._part([(True, women), (False, men), (None, unknown), (equity._APART, 99)], public=True)
    assert (part.count, part.unknown, part.permille, part.text) == said
    assert part.total == women + men + unknown


def test_a_public_page_has_no_count_below_five(small_office: Any) -> None:
    code = propose(small_office, *[{"gender": "Nữ"}] * 4, *[{"gender": "Nam"}] * 6)
    shares = small_office.look(equity.of_round, code, public=True)
    shown = [part.count for one in shares for part in (one.nominees, one.awards) if part.count is not None]
    assert [count for count in shown if count < 5] == []
