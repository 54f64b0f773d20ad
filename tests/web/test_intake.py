"""Excel intake over HTTP: upload, preview, the bad rows to take away, confirm the same file; whose upload it is."""

import io
import re
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from operations.unit_proposal.workbook import heads, writing
from rules.lifecycle import Stage
from tests.operations.unit_proposal.workbook import building
from tests.web.conftest import Site, hidden

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GOOD = {heads.NAME: "Tẩn Láo Sử", heads.KIND: "Khen thưởng cá nhân", heads.AWARD: "Lao động tiên tiến"}


def workbook(tmp_path: Path, *rows: dict[str, Any]) -> bytes:
    path = tmp_path / "danh-sach.xlsx"
    writing.write(path, rows)
    return path.read_bytes()


def upload(
    site: Site, content: bytes, *, username: str = "canbo.xa01", unit: str = "XA01", name: str = "danh-sach.xlsx"
) -> tuple[Any, httpx.Response]:
    browser = site.sign_in(username)
    path = f"/rounds/{site.round}/intake"
    said = {**hidden(browser.get(path), path), "unit": unit}
    return browser, browser.post(path, data=said, files={"file": (name, content, MEDIA)})


def preview(browser: Any, answer: httpx.Response) -> tuple[str, httpx.Response]:
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    return path, browser.get(path)


def confirm(browser: Any, path: str, page: httpx.Response, step: str = "submit") -> httpx.Response:
    answer: httpx.Response = browser.post(path, data={**hidden(page, path), "step": step})
    return answer


def filed(site: Site) -> list[tuple[Any, ...]]:
    return site.office.rows(
        "SELECT p.name, n.state FROM nomination n JOIN nominee p ON p.id = n.nominee_id WHERE p.name NOT LIKE 'Lò Thị Mẫu%' ORDER BY n.id"
    )


# A good file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "state"), [("submit", "submitted"), ("draft", "draft")])
def test_a_good_file_is_previewed_then_imported_once(site: Site, tmp_path: Path, step: str, state: str) -> None:
    content = workbook(tmp_path, GOOD, {**GOOD, heads.NAME: "Pờ Xè Nam"})
    size = site.office.one("SELECT size FROM ledger_head")
    browser, answer = upload(site, content)
    path, page = preview(browser, answer)
    assert (page.status_code, "Tẩn Láo Sử" in page.text, "Pờ Xè Nam" in page.text) == (200, True, True)
    assert site.office.one("SELECT size FROM ledger_head") == size
    answers = [confirm(browser, path, page, step) for _ in range(3)]
    assert len({(one.status_code, one.headers["location"]) for one in answers}) == 1
    assert filed(site) == [("Tẩn Láo Sử", state), ("Pờ Xè Nam", state)]
    assert site.office.rows(
        "SELECT name, size FROM stored_file WHERE sha256 IN (SELECT workbook_sha256 FROM dossier)"
    ) == [("danh-sach.xlsx", len(content))]
    shown = browser.get(answers[0].headers["location"]).text
    assert "2 hồ sơ của tệp «danh-sach.xlsx»" in shown
    assert len(set(re.findall(r'href="/nominations/(DN-[\d-]+)"', shown))) == 2
    assert site.office.violations() == []


def test_the_secretary_imports_for_any_unit(site: Site, tmp_path: Path) -> None:
    browser, answer = upload(site, workbook(tmp_path, GOOD), username="thuky", unit="TH01")
    path, page = preview(browser, answer)
    assert confirm(browser, path, page).status_code == 303
    assert (
        site.office.one("SELECT u.code FROM dossier d JOIN unit u ON u.id = d.unit_id ORDER BY d.id DESC LIMIT 1")
        == "TH01"
    )


def test_the_template_is_a_workbook_with_every_head(site: Site) -> None:
    answer = site.sign_in("canbo.xa01").get(f"/rounds/{site.round}/intake/template.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], [cell.value for cell in book.worksheets[0][1]]) == (
        MEDIA,
        [head.name for head in heads.HEADS],
    )


# Bad rows ----------------------------------------------------------------------------------------------------------


def test_bad_rows_are_named_and_the_file_of_them_is_mended_and_handed_in(site: Site, tmp_path: Path) -> None:
    content = workbook(
        tmp_path, GOOD, {**GOOD, heads.NAME: "Lý U Sơn", heads.AWARD: "Lao dong tien"}, {**GOOD, heads.NAME: None}
    )
    browser, answer = upload(site, content)
    path, page = preview(browser, answer)
    assert page.status_code == 422
    assert "2 trên 3 dòng cần sửa; chưa dòng nào được lưu" in page.text
    taken = browser.get(f"{path}/loi.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(taken.content))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert [len(rows), rows[0][-1], rows[1][-1].split(":")[0], rows[2][-1].split(":")[0]] == [
        3,
        "Lỗi",
        heads.AWARD,
        heads.NAME,
    ]
    for number, (name, award) in enumerate(
        [("Lý U Sơn", "Lao động tiên tiến"), ("Sùng A Páo", "Lao động tiên tiến")], start=2
    ):
        for column, value in ((rows[0].index(heads.NAME), name), (rows[0].index(heads.AWARD), award)):
            book.worksheets[0].cell(row=number, column=column + 1).value = value
    mended = io.BytesIO()
    book.save(mended)
    browser, answer = upload(site, mended.getvalue())
    path, page = preview(browser, answer)
    assert confirm(browser, path, page).status_code == 303
    assert filed(site) == [("Lý U Sơn", "submitted"), ("Sùng A Páo", "submitted")]


def test_what_only_the_database_knows_is_a_row_error_too(site: Site, tmp_path: Path) -> None:
    content = workbook(tmp_path, GOOD)
    browser, answer = upload(site, content)
    path, page = preview(browser, answer)
    confirm(browser, path, page)
    browser, answer = upload(site, content)
    path, page = preview(browser, answer)
    assert (page.status_code, "đã được đề nghị" in page.text) == (422, True)
    book = openpyxl.load_workbook(io.BytesIO(browser.get(f"{path}/loi.xlsx").content))
    assert book.worksheets[0].max_row == 2
    # Sent all the same, nothing is stored and the errors are shown.
    shown = browser.get("/account")
    answer = browser.post(path, data={**hidden(shown, "/logout"), "step": "submit"})
    assert (answer.status_code, len(filed(site))) == (422, 1)


def test_many_errors_make_a_short_page(site: Site, tmp_path: Path) -> None:
    content = workbook(tmp_path, *({**GOOD, heads.NAME: f"Người {n}", heads.AWARD: "?"} for n in range(3000)))
    browser, answer = upload(site, content)
    _, page = preview(browser, answer)
    assert (page.status_code, len(page.content) < 100_000) == (422, True)


# Old letters -------------------------------------------------------------------------------------------------------


def test_text_in_an_old_table_is_converted_only_when_somebody_said_so(site: Site) -> None:
    written = building.zipped(
        building.parts(
            building.table(
                (building.cell("A2", "NguyÔn V¨n Hïng", style=1), "Khen thưởng cá nhân", "Lao động tiên tiến")
            ),
            styled=building.styles(("Calibri", "General"), (".VnTime", "General")),
        )
    )
    browser, answer = upload(site, written)
    path, page = preview(browser, answer)
    assert (page.status_code, "Nguyễn Văn Hùng" in page.text) == (422, True)
    path, page = preview(browser, confirm(browser, path, page, "convert"))
    assert (page.status_code, "Nguyễn Văn Hùng" in page.text) == (200, True)
    assert confirm(browser, path, page).status_code == 303
    assert filed(site) == [("Nguyễn Văn Hùng", "submitted")]


# Files that are none -----------------------------------------------------------------------------------------------

UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "rỗng"),
    "csv": (b"ten,loai\na,b\n", "csv"),
    "html": (b"<html><table></table></html>", "trang web"),
    "old excel": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), ".xls"),
    "cut off": (b"PK\x03\x04" + bytes(40), "Hãy"),
    "too large": (b"PK\x03\x04" + bytes(10 * 1024 * 1024), "10 MB"),
    "no heads": (building.zipped(building.parts(building.table(header=("a", "b", "c")))), "thiếu cột"),
}


@pytest.mark.parametrize("kind", sorted(UNREADABLE))
def test_a_file_that_is_no_such_workbook_is_an_error_of_its_field(site: Site, kind: str) -> None:
    content, said = UNREADABLE[kind]
    size = site.office.one("SELECT size FROM ledger_head")
    _, answer = upload(site, content)
    assert (answer.status_code, 'href="#file"' in answer.text, said in answer.text) == (422, True, True)
    assert 'value="XA01" selected' in answer.text
    assert site.office.one("SELECT size FROM ledger_head") == size
    assert list((site.folder / "files").iterdir()) == []


def test_no_file_and_no_unit_are_errors_of_their_fields(site: Site) -> None:
    browser = site.sign_in("thuky")
    path = f"/rounds/{site.round}/intake"
    answer = browser.post(path, data=hidden(browser.get(path), path))
    assert (answer.status_code, re.findall(r'<li><a href="#(\w+)">', answer.text)) == (422, ["unit", "file"])


def test_a_hostile_file_name_is_only_text(site: Site, tmp_path: Path) -> None:
    browser, answer = upload(site, workbook(tmp_path, GOOD), name='../../<img src=x onerror=alert(1)>"\r\n.xlsx')
    path, page = preview(browser, answer)
    assert "<img src=x" not in page.text
    assert confirm(browser, path, page).status_code == 303
    assert "<img src=x" not in browser.get("/nominations").text


# Whose ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["canbo.xa02", "thuky"])
def test_nobody_else_opens_an_upload(site: Site, tmp_path: Path, username: str) -> None:
    browser, answer = upload(site, workbook(tmp_path, GOOD))
    path, _ = preview(browser, answer)
    other = site.sign_in(username)
    said = {**hidden(other.get("/account"), "/logout"), "step": "submit"}
    answers = [
        other.get(path).status_code,
        other.get(f"{path}/loi.xlsx").status_code,
        other.post(path, data=said).status_code,
    ]
    assert (answers, filed(site)) == ([404, 404, 404], [])


def test_an_upload_belongs_to_its_round(site: Site, tmp_path: Path) -> None:
    browser, answer = upload(site, workbook(tmp_path, GOOD))
    path, _ = preview(browser, answer)
    assert browser.get(path.replace(site.round, "DX-2024-99")).status_code == 404


@pytest.mark.parametrize(
    ("username", "unit"), [("canbo.xa01", "XA02"), ("canbo.xa01", "HUYEN"), ("canbo.xa01", "KHONGCO")]
)
def test_an_officer_hands_in_only_for_their_own_unit(site: Site, tmp_path: Path, username: str, unit: str) -> None:
    _, answer = upload(site, workbook(tmp_path, GOOD), username=username, unit=unit)
    assert (answer.status_code, 'href="#unit"' in answer.text, filed(site)) == (422, True, [])


@pytest.mark.parametrize(
    "username", ["truong.xa01", "chuyenvien1", "chutich", "phochutich", "tv05", "thanhtra", "quantri"]
)
def test_those_who_propose_nothing_find_no_intake(site: Site, username: str) -> None:
    browser = site.sign_in(username)
    path = f"/rounds/{site.round}/intake"
    said = hidden(browser.get("/account"), "/logout")
    answers = [
        browser.get(path),
        browser.get(f"{path}/template.xlsx"),
        browser.post(path, data=said),
        browser.get(f"{path}/abcdefgh"),
    ]
    assert [one.status_code for one in answers] == [403] * 4


def test_a_round_that_froze_after_the_preview_refuses_the_import(site: Site, tmp_path: Path) -> None:
    browser, answer = upload(site, workbook(tmp_path, GOOD))
    path, page = preview(browser, answer)
    site.office.write("UPDATE review_round SET frozen_at = '2024-11-01', stage = :s", s=Stage.HOME_AFFAIRS_REVIEW.value)
    assert (confirm(browser, path, page).status_code, filed(site)) == (409, [])


def test_an_unknown_round_is_not_found(site: Site) -> None:
    assert site.sign_in("thuky").get("/rounds/DX-1999-01/intake").status_code == 404
