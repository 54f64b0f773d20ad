"""The register shows what was published, every word of it findable, and no field that is nobody's business."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from operations.chairman_signature import signature
from operations.home_affairs_review import review
from operations.public_disclosure import disclosure, paper_numbers, public_register
from operations.unit_proposal import proposal
from rules.refusal import Refusal, Unreadable

PUBLIC = {"name", "kind", "position", "workplace", "unit", "award", "award_name", "achievement", "number", "date",
          "code", "state", "decided_by"}  # fmt: skip
SECRET = ("Sùng Bí Mật", "bimat@nammau.example", "Hà Nhì", "1999-09-19")


def proposed(name: str, row: int, **words: Any) -> proposal.Proposed:
    given: dict[str, Any] = {
        "kind": "individual", "award": "GK_HUYEN", "position": "Chuyên viên", "workplace": "Tổ 1", "gender": "Nữ",
        "ethnicity": "Hà Nhì", "birth_date": date(1999, 9, 19), "email": "bimat@nammau.example", "rating": "HTTNV",
        "object_class": "Công chức", "achievement": f"Việc tốt\nthứ {row}", "facts": {"employed_months": 12},
    }  # fmt: skip
    return proposal.Proposed(name=name, row=row, **(given | words))


def sign(office: Any, people: Sequence[proposal.Proposed], *, unit: str = "XA01", year: int = 2024) -> list[str]:
    """Nominations on the simplified route, passed and signed; their codes."""
    round_ = office.open_round("DOT_XUAT", year=year)
    filed = office.act(
        proposal.file,
        round_code=round_.code,
        unit_code=unit,
        proposals=people,
        actor=office.officer(unit),
        now=office.now,
    )
    codes = list(filed.codes)
    for act, who in ((review.pass_review, office.chuyenvien1), (signature.sign, office.chutich)):
        done = office.act(act, codes, actor=who, now=office.now)
        assert [one.refusal for one in getattr(done, "results", done)] == [None] * len(codes)
    return codes


def publish(office: Any, people: Sequence[proposal.Proposed], **words: Any) -> str:
    codes = sign(office, people, **words)
    paper = office.decision_of(codes[0])
    office.act(disclosure.disclose, paper, actor=office.chuyenvien1, now=office.now, url="https://x.example/")
    return str(paper)


def grant(office: Any, people: Sequence[proposal.Proposed], *, refused: int = 0) -> str:
    """A tờ trình answered by the superior, and published."""
    codes = sign(office, people)
    letter = office.letter_of(codes[0])
    office.act(
        disclosure.record_answer,
        letter,
        number="88/QĐ-UBND",
        on=date(2024, 11, 1),
        refused=codes[:refused],
        reason="không đạt",
        actor=office.chuyenvien1,
        now=office.now,
    )
    office.act(disclosure.disclose, letter, actor=office.chuyenvien1, now=office.now, url="https://x.example/")
    return str(letter)


def revoke(office: Any, paper: str) -> None:
    office.act(
        disclosure.revoke, paper, ground="93.2.a", reason="Sùng Bí Mật kê khai gian dối", actor=office.chutich,
        now=office.now,
    )  # fmt: skip


def names(office: Any, **words: Any) -> list[str]:
    rows, following = office.look(public_register.search, **words)
    assert following is None
    return [row["name"] for row in rows]


def test_only_what_was_published_is_in_it(office: Any) -> None:
    first = publish(office, [proposed("Lò Văn A", 1), proposed("Lò Văn B", 2)])
    sign(office, [proposed("Lò Văn C", 3)])  # signed, not yet published
    letter = grant(office, [proposed("Lò Văn D", 4, award="BK_TINH", facts={"grounds": ["74.1.b"]}),
                            proposed("Lò Văn E", 5, award="BK_TINH", facts={"grounds": ["74.1.b"]})], refused=1)  # fmt: skip
    assert names(office) == ["Lò Văn E", "Lò Văn A", "Lò Văn B"]
    rows, following = office.look(public_register.papers)
    assert [(row["code"], row["number"], row["decided_by"], row["nominations"]) for row in rows] == [
        (letter, "88/QĐ-UBND", "Chủ tịch UBND cấp tỉnh", 1),
        (first, "01/QĐ-UBND", None, 2),
    ]
    assert following is None
    for code in ("2-2024", "2/QĐ-UBND", "TTr-9-2024", "x"):
        with pytest.raises(Refusal) as refused:
            office.look(public_register.paper, code)
        assert refused.value.code == "unknown_decision"


def test_a_row_has_the_public_fields_and_nothing_else(office: Any) -> None:
    paper = publish(
        office,
        [
            proposed("Lò Văn A", 1),
            proposed("Hộ ông Lò Văn Hộ", 2, kind="household", workplace="bản Mới, xã Nậm Pục", position="Phó bản",
                     achievement="x" * 500),
        ],
    )  # fmt: skip
    rows, _ = office.look(public_register.search)
    assert [set(row) for row in rows] == [PUBLIC, PUBLIC]
    assert rows[0] == {
        "name": "Lò Văn A",
        "kind": "individual",
        "position": "Chuyên viên",
        "workplace": "Tổ 1",
        "unit": "UBND xã Nậm Pục",
        "award": "GK_HUYEN",
        "award_name": "Giấy khen của Chủ tịch UBND huyện",
        "achievement": "Việc tốt thứ 1",
        "number": "01/QĐ-UBND",
        "date": "2024-11-01",
        "code": paper,
        "state": "in_force",
        "decided_by": None,
    }
    household = rows[1]
    assert (household["position"], household["workplace"]) == (None, "bản Mới, xã Nậm Pục")
    assert len(household["achievement"]) == 200
    said = json.dumps([rows, office.look(public_register.papers), office.look(public_register.paper, paper)])
    assert [word for word in SECRET if word in said or json.dumps(word)[1:-1] in said] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dang thi hoa", ["Đặng Thị Hoa", "Đăng Thị Hòa"]),
        ("DANG  HOA", ["Đặng Thị Hoa", "Đăng Thị Hòa"]),
        ("Đặng", ["Đặng Thị Hoa"]),
        ("đặng thi", ["Đặng Thị Hoa"]),
        ("Đa\u0323\u0306ng", ["Đặng Thị Hoa"]),  # as some keyboards write it: NFD
        ("ĐẶNG", ["Đặng Thị Hoa"]),
        ("Hòa", ["Đăng Thị Hòa"]),
        ("Hoà", ["Đăng Thị Hòa"]),  # the other school of tone placement
        ("hoa", ["Đặng Thị Hoa", "Đăng Thị Hòa"]),
        ("oa", []),  # words are found from their beginning
        ("thị hoa đặng", ["Đặng Thị Hoa"]),
        ("100%", ["Tổ 100% sạch"]),
        ("%", []),
        ("_", []),
        ("", ["Đặng Thị Hoa", "Đăng Thị Hòa", "Tổ 100% sạch"]),
        ("  ", ["Đặng Thị Hoa", "Đăng Thị Hòa", "Tổ 100% sạch"]),
        ("01/QĐ-UBND", ["Đặng Thị Hoa", "Đăng Thị Hòa", "Tổ 100% sạch"]),
        ("1/qđ-ubnd", ["Đặng Thị Hoa", "Đăng Thị Hòa", "Tổ 100% sạch"]),
        ("1", ["Đặng Thị Hoa", "Đăng Thị Hòa", "Tổ 100% sạch"]),
        ("001-2024", ["Đặng Thị Hoa", "Đăng Thị Hòa", "Tổ 100% sạch"]),
        ("1-2023", []),
        ("2/QĐ-UBND", []),
        ("1/QĐ-KHAC", []),
        ("9" * 50, []),
    ],
    ids=str,
)
def test_a_search_by_words(kind: str, furnish: Any, text: str, found: list[str]) -> None:
    office = furnish(kind, "searched", _published)
    assert names(office, text=text) == found


def _published(office: Any) -> None:
    publish(
        office,
        [
            proposed("Đặng Thị Hoa", 1),
            proposed("Đăng Thị Hòa", 2),
            proposed("Tổ 100% sạch", 3, kind="collective", facts={"collective": {"members": 9}}),
        ],
    )


def test_filters(office: Any) -> None:
    publish(office, [proposed("Lò Một", 1)])
    publish(office, [proposed("Lò Hai", 1), proposed("Hộ Lò Ba", 2, kind="household")], unit="XA02")
    revoke(office, "1-2024")
    found = {
        str(words): names(office, **words)
        for words in (
            {"award": "GK_HUYEN"}, {"award": "LDTT"}, {"year": 2024}, {"year": 2023}, {"year": 0}, {"unit": "XA02"},
            {"unit": "XA99"}, {"kind": "household"}, {"kind": "enterprise"}, {"state": "revoked"},
            {"state": "in_force"}, {"paper": "2-2024", "text": "hai"}, {"text": "lo", "unit": "XA01"},
        )
    }  # fmt: skip
    second = ["Lò Hai", "Hộ Lò Ba"]
    assert list(found.values()) == [
        [*second, "Lò Một"], [], [*second, "Lò Một"], [], [], second, [], ["Hộ Lò Ba"], [], ["Lò Một"], second,
        ["Lò Hai"], ["Lò Một"],
    ]  # fmt: skip
    papers = {
        str(words): [row["code"] for row in office.look(public_register.papers, **words)[0]]
        for words in ({"award": "GK_HUYEN"}, {"award": "LDTT"}, {"year": 2024}, {"year": 2023}, {"state": "revoked"},
                      {"state": "in_force"})
    }  # fmt: skip
    assert list(papers.values()) == [["2-2024", "1-2024"], [], ["2-2024", "1-2024"], [], ["1-2024"], ["2-2024"]]
    offered = office.look(public_register.choices)
    assert (offered["years"], offered["awards"]) == ([2024], [("GK_HUYEN", "Giấy khen của Chủ tịch UBND huyện")])
    assert ("XA02", "UBND xã Sin Chải") in offered["units"]


def test_a_revoked_decision_stays_and_says_so_without_the_reason(office: Any) -> None:
    paper = publish(office, [proposed("Lò Một", 1)])
    shown = office.look(public_register.paper, paper)
    assert (shown["state"], shown["revoked_on"], shown["posted_until"]) == ("in_force", None, "2024-12-01")
    revoke(office, paper)
    shown = office.look(public_register.paper, "1/QĐ-UBND")
    assert (shown["state"], shown["revoked_on"], shown["nominations"]) == ("revoked", "2024-11-01", 1)
    rows, _ = office.look(public_register.search)
    assert [(row["name"], row["state"]) for row in rows] == [("Lò Một", "revoked")]
    assert "gian dối" not in repr([shown, rows])


def test_revoked_before_it_was_published_is_not_in_it(office: Any) -> None:
    (code,) = sign(office, [proposed("Lò Một", 1)])
    revoke(office, office.decision_of(code))
    assert names(office) == []
    assert office.look(public_register.papers) == ([], None)


def test_pages_hold_everything_once_and_in_order(office: Any) -> None:
    for paper in range(3):
        publish(office, [proposed(f"Lò Văn {paper}{n}", n) for n in range(1, 5)])
    whole = names(office, limit=50)
    assert whole == [f"Lò Văn {paper}{n}" for paper in (2, 1, 0) for n in range(1, 5)]
    for size in range(1, 13):
        paged, after = [], None
        while True:
            rows, after = office.look(public_register.search, after=after, limit=size)
            paged += [row["name"] for row in rows]
            if after is None:
                break
        assert paged == whole
    codes, after = [], None
    while True:
        rows, after = office.look(public_register.papers, after=after, limit=1)
        codes += [row["code"] for row in rows]
        if after is None:
            break
    assert codes == ["3-2024", "2-2024", "1-2024"]


@pytest.mark.parametrize("after", ["", "x", "1", "1~2~3", "1~-2", "1~" + "9" * 16, "1~٢"])
def test_a_page_key_of_somebodys_own_making(small_office: Any, after: str) -> None:
    with pytest.raises(Unreadable) as refused:
        small_office.look(public_register.search, after=after)
    assert refused.value.code == "bad_page_key"


def test_csv_opens_as_a_table_and_runs_nothing(office: Any) -> None:
    publish(
        office,
        [
            proposed('Lò, Văn "A"', 1, workplace="=HYPERLINK(1)", achievement="-2+3"),
            proposed("@SUM(1)", 2, position="+84", achievement="bình thường"),
        ],
    )  # fmt: skip
    text = "".join(office.look(lambda session: list(public_register.csv_lines(session))))
    assert text.startswith("\ufeffSố quyết định,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [(row["Họ tên, tên gọi"], row["Chức vụ"], row["Nơi công tác, thôn xã"], row["Thành tích"], row["Tình trạng"],
             row["Loại"]) for row in rows] == [
        ('Lò, Văn "A"', "Chuyên viên", "'=HYPERLINK(1)", "'-2+3", "còn hiệu lực", "cá nhân"),
        ("'@SUM(1)", "'+84", "Tổ 1", "bình thường", "còn hiệu lực", "cá nhân"),
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_begins_with_a_formula_whatever_separates_them(small_office: Any, delimiter: str) -> None:
    """Excel under Vietnamese settings opens it with «;»: it cuts inside our quoted cells too."""
    evil = ("=1+1", "a;=cmd|' /C calc'!A0", 'a;"=1+1', 'a, "b";""@SUM(1)', "a;+84;-2", ";=1", "việc tốt; - có")
    publish(
        small_office, [proposed(f"Lò {n};=HYPERLINK(1)", n, achievement=text) for n, text in enumerate(evil, start=1)]
    )
    text = "".join(small_office.look(lambda session: list(public_register.csv_lines(session)))).removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    if delimiter == ",":
        achievements = [dict(zip(rows[0], row, strict=True))["Thành tích"] for row in rows[1:]]
        assert achievements == [
            "'=1+1", "a;'=cmd|' /C calc'!A0", "a;\"'=1+1", 'a, "b";""\'@SUM(1)', "a;'+84;'-2", ";'=1", "việc tốt; - có",
        ]  # fmt: skip


@pytest.mark.parametrize("typed", ["1/QĐ-UBND", "01/QĐ-UBND", "0001/QĐ-UBND", " 1/QĐ-UBND ", "1-2024", "01-2024"])
def test_a_decision_is_found_however_many_zeros_it_is_typed_with(small_office: Any, typed: str) -> None:
    sign(small_office, [proposed("Lò Một", 1)])
    assert small_office.look(paper_numbers.decision, typed).code == "1-2024"
