"""What everybody may see: the register as page, CSV and JSON, one decision, its paper and its proof, and no more."""

import csv
import io
import json
import re
from datetime import date

import httpx
import pytest
from fastapi.testclient import TestClient

from ledger import merkle, proof
from operations import files, ledger_book
from operations.installation import Installation
from operations.public_disclosure import disclosure
from operations.unit_proposal import proposal
from rules.lifecycle import State
from tests.conftest import Round
from tests.web.conftest import Site

HOSTILE = '<script>alert("x")</script>'


def rows(page: httpx.Response) -> list[list[str]]:
    """The cells of the first table's body, tags taken away."""
    body = re.search(r"<tbody>(.*?)</tbody>", page.text, re.DOTALL)
    assert body is not None, page.text[:3000]
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL)
    ]


def disclosed(site: Site, *people: proposal.Proposed) -> str:
    """A published decision of these people; its code."""
    office, round_ = site.office, Round(site.office, site.round)
    by = {"actor": office.officer("XA01"), "now": office.now}
    codes = office.act(
        proposal.file, round_code=site.round, unit_code="XA01", proposals=list(people), submit=True, **by
    ).codes
    for state in (State.ELIGIBLE, State.RECOMMENDED, State.SIGNED, State.DISCLOSED):
        round_._step(state, list(codes), "XA01")
    return office.decision_of(codes[0])


def person(name: str, row: int = 1, **words: object) -> proposal.Proposed:
    facts = {"kind": "individual", "award": "LDTT", "rating": "HTTNV", "object_class": "Công chức"}
    return proposal.Proposed(name=name, row=row, facts={"employed_months": 12}, **(facts | words))  # type: ignore[arg-type] -- fields by name


def test_the_register_lists_what_was_published_and_nothing_else(site: Site) -> None:
    assert rows(site.public.get("/")) == [
        [
            "01/QĐ-UBND",
            "01/11/2024",
            "Về việc công nhận danh hiệu Lao động tiên tiến — Khen thưởng năm 2024",
            "1",
            "còn hiệu lực",
        ]
    ]
    assert site.office.one("SELECT count(*) FROM decision") == 2  # the other one is signed, not published
    assert rows(site.public.get("/?list=people"))[0][:2] == ["Lò Thị Mẫu 1 cá nhân", "UBND xã Nậm Pục"]


def test_as_data_the_register_has_exactly_its_public_fields(site: Site) -> None:
    (decision,) = site.public.get("/register.json").json()
    assert decision == {
        "code": "1-2024",
        "number": "01/QĐ-UBND",
        "award": "LDTT",
        "award_name": "Lao động tiên tiến",
        "title": "Về việc công nhận danh hiệu Lao động tiên tiến — Khen thưởng năm 2024",
        "signed_on": "2024-11-01",
        "state": "in_force",
        "nominations": 1,
        "decided_by": None,
        "published_on": "2024-11-01",
        "url": "http://127.0.0.1:8000/decisions/1-2024",
    }
    (awardee,) = site.public.get("/register.json?list=people").json()
    assert sorted(awardee) == [
        "achievement", "award", "award_name", "code", "date", "decided_by", "kind", "name", "number", "position", "state",
        "unit", "workplace",
    ]  # fmt: skip
    answer = site.public.get("/register.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (head[:4], line[:4]) == (
        ["Số quyết định", "Ngày", "Danh hiệu, hình thức", "Họ tên, tên gọi"],
        ["01/QĐ-UBND", "2024-11-01", "Lao động tiên tiến", "Lò Thị Mẫu 1"],
    )


def test_personal_data_is_on_no_public_page(site: Site) -> None:
    code = disclosed(
        site,
        person("Giàng A Kín", gender="Nữ", ethnicity="Hmông-kín", birth_date=date(1987, 6, 5), email="kin@kin.example"),
    )
    for path in (
        "/",
        "/?list=people",
        "/?text=giang",
        f"/decisions/{code}",
        "/register.csv",
        "/register.json?list=people",
    ):
        text = site.public.get(path).text
        for secret in ("Hmông-kín", "1987", "kin@kin.example", "Nữ", "DN-2024", "canbo.", "chutich", "HTTNV"):
            assert secret not in text, (path, secret)


SEARCHES = {
    "text=dang+thi+hoa": ["Đặng Thị Hoa"],
    "text=Đặng": ["Đặng Thị Hoa"],
    "text=hoa": ["Lý Thị Hòa", "Đặng Thị Hoa"],
    "text=Hòa": ["Lý Thị Hòa"],
    "text=zzz": [],
    "kind=collective": [],
    "unit=XA01&text=thi": ["Lò Thị Mẫu 1", "Lý Thị Hòa", "Đặng Thị Hoa"],
    "unit=XA02": [],
    "year=2024&text=hoa": ["Lý Thị Hòa", "Đặng Thị Hoa"],
    "year=2023&text=hoa": [],
    "award=BK_TINH&text=hoa": [],
    "state=revoked&text=hoa": [],
    "state=nonsense&text=dang": ["Đặng Thị Hoa"],
    "kind=nonsense&text=dang": ["Đặng Thị Hoa"],
    "year=x&text=dang": ["Đặng Thị Hoa"],
}


def test_search_and_filters(site: Site) -> None:
    disclosed(site, person("Đặng Thị Hoa"), person("Lý Thị Hòa", 2))
    found, as_data = {}, {}
    for query in SEARCHES:
        page = site.public.get(f"/?{query}")
        found[query] = sorted(row[0].removesuffix(" cá nhân") for row in rows(page) if len(row) > 1)
        as_data[query] = sorted(one["name"] for one in site.public.get(f"/register.json?{query}").json())
    assert found == as_data == SEARCHES


def test_a_number_finds_its_decision_however_it_was_typed(site: Site) -> None:
    for typed in ("1/QĐ-UBND", "01/QĐ-UBND", "001/QĐ-UBND", "1-2024"):
        assert 'href="/decisions/1-2024"' in site.public.get("/", params={"text": typed}).text
    assert site.public.get("/decisions/01-2024").status_code == 200


def test_long_lists_come_in_pages_that_hold_everybody_once(site: Site) -> None:
    code = disclosed(site, *(person(f"Sùng A {number:03d}", number) for number in range(1, 121)))
    for beginning in ("/?text=sung", f"/decisions/{code}"):
        names: list[str] = []
        path = beginning
        while path:
            page = site.public.get(path)
            assert len(page.content) < 100_000
            names += [row[0].removesuffix(" cá nhân") for row in rows(page)]
            more = re.search(r'<a class="button second" href="([^"]+after=[^"]+)"', page.text)
            path = more[1].replace("&amp;", "&") if more else ""
        assert names == [f"Sùng A {number:03d}" for number in range(1, 121)]
    assert site.public.get("/?after=nonsense").status_code == 422


def test_the_public_gets_no_cookie_and_an_answer_it_may_keep(site: Site) -> None:
    for path in ("/", "/register.json", "/register.csv", "/decisions/1-2024", "/verify", "/ledger/vkey"):
        answer = site.public.get(path)
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False), path
        assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
        again = site.public.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        plain = site.public.get(path, headers={"Accept-Encoding": "identity"})
        assert (plain.content, plain.headers["etag"]) == (answer.content, answer.headers["etag"])


def test_what_is_kept_ends_with_the_next_act(site: Site) -> None:
    before = site.public.get("/")
    assert len(rows(before)) == 1
    signed = site.office.decision_of(site.codes["signed"])
    Round(site.office, site.round).disclose(site.codes["signed"])
    after = site.public.get("/", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, len(rows(after))) == (200, 2)
    assert site.public.get(f"/decisions/{signed}").status_code == 200


def test_somebody_signed_in_gets_their_own_page_that_nobody_keeps(site: Site) -> None:
    staff = site.sign_in("thuky")
    answer = staff.get("/")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "Đăng xuất" in answer.text
    assert "Đăng xuất" not in site.public.get("/").text


def test_what_is_not_published_is_not_there(site: Site) -> None:
    signed = site.office.decision_of(site.codes["signed"])
    for path in ("", ".pdf", ".tlog-proof"):
        answer = site.public.get(f"/decisions/{signed}{path}")
        assert answer.status_code == 404
        assert site.public.get(f"/decisions/999-2024{path}").text.replace("999-2024", signed) == answer.text


def test_a_revoked_decision_stays_and_says_so_but_not_why(site: Site) -> None:
    office = site.office
    office.act(
        disclosure.revoke, "1-2024", ground="93.2.a", reason="gian dối rất kín", actor=office.chutich, now=office.now
    )
    page = site.public.get("/decisions/1-2024")
    assert "Quyết định này đã bị hủy bỏ" in page.text
    assert "khoản 2 Điều 93 Luật 06/2022/QH15" in page.text
    assert rows(page)[0][0] == "Lò Thị Mẫu 1 đã bị hủy bỏ"
    assert [one["state"] for one in site.public.get("/register.json").json()] == ["revoked"]
    for path in ("/", "/decisions/1-2024", "/register.csv", "/register.json?list=people"):
        assert "gian dối" not in site.public.get(path).text


def test_the_paper_comes_as_it_was_kept_or_not_at_all(site: Site) -> None:
    assert site.public.get("/decisions/1-2024.pdf").status_code == 404  # not rendered yet
    content = b"%PDF-1.7 the paper"
    sha256 = files.keep(site.folder, content)
    with site.office.database.begin() as session:
        files.note(session, files.row(sha256, size=len(content), media_type="application/pdf", name="1-2024.pdf"))
        disclosure.attach_paper(session, "1-2024", sha256)
    answer = site.public.get("/decisions/1-2024.pdf")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, "application/pdf")
    assert answer.headers["etag"] == f'"{sha256}"'
    assert sha256 in site.public.get("/decisions/1-2024").text
    files.place(site.folder, sha256).write_bytes(b"%PDF-1.7 another")
    assert site.public.get("/decisions/1-2024.pdf").status_code == 409
    files.place(site.folder, sha256).unlink()
    assert site.public.get("/decisions/1-2024.pdf").status_code == 409


def test_the_proof_holds_under_the_newest_checkpoint(site: Site) -> None:
    assert site.public.get("/decisions/1-2024.tlog-proof").status_code == 409  # it was not sealed yet
    assert site.public.get("/ledger/checkpoint").text.split("\n")[1] < str(
        site.office.one("SELECT size FROM ledger_head")
    )
    vkey = site.public.get("/ledger/vkey").text.strip()
    for _ in range(2):
        site.office.seal()
        answer = site.public.get("/decisions/1-2024.tlog-proof")
        shown = proof.check(answer.text, vkey)
        assert [one["field"] for one in shown["openings"]] == ["about", "pack", "signature", "state"]
        assert shown["size"] == site.office.one("SELECT size FROM ledger_head")
        assert site.public.get("/ledger/checkpoint").text == answer.text.split("\n\n", 1)[1]
        site.office.open_round(title="một đợt nữa")  # the tree grows; so does the next proof
    # A tree that this process kept of another ledger at the same place is of no use, and found out.
    ledger_book._TREES[str(Installation.at(site.folder).database.url)] = merkle.Tree([bytes(32)] * 7)
    site.office.seal()
    assert proof.check(site.public.get("/decisions/1-2024.tlog-proof").text, vkey)["size"] > shown["size"]


def test_hostile_names_are_shown_as_they_are_written(site: Site) -> None:
    code = disclosed(site, person(f"Lò {HOSTILE}", position='" onmouseover="x', workplace="=HYPERLINK(1)"))
    for path in ("/?list=people", f"/decisions/{code}", f"/?text={HOSTILE}", f"/?award={HOSTILE}"):
        page = site.public.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert '" onmouseover="' not in page.text
    lines = list(csv.reader(io.StringIO(site.public.get("/register.csv").content.decode("utf-8-sig"))))
    assert lines[1][3:7] == [f"Lò {HOSTILE}", "cá nhân", '" onmouseover="x', "'=HYPERLINK(1)"]


@pytest.mark.parametrize("odd", ["%0a", "%0d%0aSet-Cookie:%20x=1", "%22", "%20", "%00", "%E1%BA%A5"])
def test_a_file_is_named_by_what_is_stored_not_by_the_address(site: Site, odd: str) -> None:
    site.office.seal()
    good = site.public.get(f"/decisions/{site.decision}.tlog-proof")
    name = f'attachment; filename="quyet-dinh-{site.decision}.tlog-proof"'
    assert (good.status_code, good.headers["content-disposition"]) == (200, name)
    for browser in (site.public, site.public, site.sign_in("thuky")):  # made, kept, and made for somebody signed in
        answer = browser.get(f"/decisions/{site.decision}{odd}.tlog-proof")
        assert answer.status_code in {200, 404}
        assert answer.status_code == 404 or answer.headers["content-disposition"] == name
        assert "x=1" not in str(answer.headers)


def test_figures_are_for_this_machine_only(site: Site) -> None:
    assert site.public.get("/metrics").status_code == 404  # the test client is no address of this machine
    here = TestClient(site.public.app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    figures = dict(
        line.rsplit(" ", 1) for line in here.get("/metrics").text.splitlines() if line and not line.startswith("#")
    )
    by_stage = dict(site.office.rows("SELECT stage, count(*) FROM nomination GROUP BY stage"))
    for stage, count in by_stage.items():
        assert float(figures[f'vinhdanh_nominations{{stage="{stage}"}}']) == count
    assert float(figures["vinhdanh_ledger_entries"]) == site.office.one("SELECT size FROM ledger_head")
    assert not [name for name in figures if re.search(r"ballots|approve|recommended", name)]
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert here.get("/metrics", headers={header: "203.0.113.7"}).status_code == 404


def test_json_is_whole_when_it_is_long(site: Site) -> None:
    disclosed(site, *(person(f"Vàng Thị {number:03d}", number) for number in range(1, 31)))
    answer = site.public.get("/register.json?list=people")
    assert len(json.loads(answer.text)) == 31
    assert site.public.get("/register.json?text=zzz").json() == []


def test_the_register_and_its_papers_name_who_issued_them(site: Site) -> None:
    """Also a superior's: under its own name, never with the subject of the tờ trình that asked for it."""
    office = site.office.one("SELECT name FROM unit WHERE is_office")
    letter, symbol = site.office.rows("SELECT code, symbol FROM submission_letter")[0]
    by = {"actor": site.office.chuyenvien1, "now": site.office.now}
    site.office.act(disclosure.record_answer, letter, number="8/QĐ-UBND", on=site.office.now.date(), **by)
    site.office.act(disclosure.disclose, letter, url="https://x.example/", **by)

    def head(path: str) -> list[str]:
        return re.findall(r'<p class="(?:office|lead)">([^<]+)</p>', site.public.get(path).text)

    assert head("/") == [office]
    assert head(f"/decisions/{site.decision}")[0] == office
    superior = "Chủ tịch UBND cấp tỉnh"
    assert head(f"/decisions/{letter}") == [superior, f"{superior} khen thưởng theo Tờ trình số {symbol}"]
