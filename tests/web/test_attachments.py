"""Scans over HTTP: handed in, looked at, taken out; by form, by program, at the command line."""

from typing import Any

import httpx
import pytest

from operations import files
from operations.people import tokens
from operations.unit_proposal import attachments
from tests.web.conftest import Site, hidden
from web.api.app import PREFIX

PDF = b"%PDF-1.7 quy\xe1\xba\xbft"
LINES = "SELECT number, nomination_id IS NULL, part, name FROM attachment WHERE sha256 IS NOT NULL ORDER BY id"


def hand_in(
    browser: Any, code: str, *, content: bytes = PDF, name: str = "tờ trình.pdf", **typed: str
) -> tuple[dict[str, str], httpx.Response]:
    path = f"/nominations/{code}/attach"
    said = {**hidden(browser.get(path), path), "part": "to_trinh"} | typed
    return said, browser.post(path, data=said, files={"file": (name, content, "text/html")})


def test_handed_in_once_shown_and_read_as_it_was(site: Site) -> None:
    code, browser = site.codes["draft"], site.sign_in("canbo.xa01")
    said, answer = hand_in(browser, code)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, f"/nominations/{code}")
    again = browser.post(f"/nominations/{code}/attach", data=said, files={"file": ("tờ trình.pdf", PDF)})
    assert again.status_code == 303
    assert site.office.rows(LINES) == [(1, False, "to_trinh", "tờ trình.pdf")]
    page = site.sign_in("chuyenvien1").get(f"/nominations/{code}").text
    assert f'href="/nominations/{code}/attachments/1">tờ trình.pdf</a>' in page
    assert "Kèm giấy tờ" in page
    assert "/attachments/1/remove" not in page  # the reviewer reads it
    read = site.sign_in("tv06").get(f"/nominations/{code}/attachments/1")
    assert (read.status_code, read.content, read.headers["content-type"]) == (200, PDF, "application/pdf")
    assert (read.headers["x-content-type-options"], read.headers["cache-control"]) == ("nosniff", "private, no-store")
    assert site.office.violations() == []


def test_what_is_no_scan_is_an_error_at_its_field(site: Site) -> None:
    code, browser = site.codes["draft"], site.sign_in("canbo.xa01")
    for content, words in ((b"PK\x03\x04", "không phải bản quét"), (b"", "không phải bản quét")):
        _, answer = hand_in(browser, code, content=content)
        assert (answer.status_code, words in answer.text, 'href="#file"' in answer.text) == (422, True, True)
    path = f"/nominations/{code}/attach"
    empty = browser.post(path, data=hidden(browser.get(path), path) | {"part": "lạ"})
    assert empty.status_code == 422
    assert ('href="#file"' in empty.text, 'href="#part"' in empty.text) == (True, True)
    _, large = hand_in(browser, code, content=b"%PDF-" + bytes(10 * 1024 * 1024))
    assert (large.status_code, "10 MB" in large.text) == (422, True)
    assert site.office.rows(LINES) == []
    assert list((site.folder / "files").iterdir()) == []


def test_what_is_refused_leaves_nothing_on_the_disk(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """By form and by program: passed on already, the same paper twice, too many of them, the day's room used up."""
    code, passed = site.codes["draft"], site.codes["eligible"]
    browser, program = site.sign_in("canbo.xa01"), site.client()
    actor = site.office.actor("canbo.xa01")
    token = site.office.act(tokens.issue, scope="write", days=1, actor=actor, now=site.office.now)
    program.headers["Authorization"] = f"Bearer {token}"

    def send(to: str, content: bytes) -> tuple[int, int]:
        said = hidden(browser.get(f"/nominations/{code}/attach"), f"/nominations/{code}/attach") | {"part": "to_trinh"}
        paper = {"file": ("giay-to.pdf", content)}
        by_form = browser.post(f"/nominations/{to}/attach", data=said, files=paper)
        by_program = program.post(f"{PREFIX}/nominations/{to}/attachments", data={"part": "to_trinh"}, files=paper)
        return by_form.status_code, by_program.status_code

    assert send(passed, b"%PDF-passed") == (409, 409)
    assert list((site.folder / "files").iterdir()) == []
    hand_in(browser, code)
    kept = sorted((site.folder / "files").rglob("*"))
    assert send(code, PDF) == (409, 409)
    monkeypatch.setattr(attachments, "MOST", 1)
    assert send(code, b"%PDF-one-more") == (409, 409)
    monkeypatch.setattr(attachments, "MOST", 30)
    monkeypatch.setattr(files, "MOST_FILES_A_DAY", 1)
    assert send(code, b"%PDF-tomorrow") == (429, 429)
    assert sorted((site.folder / "files").rglob("*")) == kept
    assert len(site.office.rows(LINES)) == 1


def test_taken_out_after_being_asked(site: Site) -> None:
    code, browser = site.codes["draft"], site.sign_in("canbo.xa01")
    hand_in(browser, code)
    path = f"/nominations/{code}/attachments/1/remove"
    page = browser.get(path)
    assert "Nội dung tệp bị xóa" in page.text
    assert browser.post(path, data=hidden(page, path)).status_code == 303
    assert browser.get(f"/nominations/{code}/attachments/1").status_code == 404
    assert site.office.rows(LINES) == []
    assert "Rút giấy tờ đã kèm" in browser.get(f"/nominations/{code}").text


def test_a_file_that_the_disk_lost_is_said(site: Site) -> None:
    code, browser = site.codes["draft"], site.sign_in("canbo.xa01")
    hand_in(browser, code)
    (kept,) = (site.folder / "files").glob("??/*")
    kept.write_bytes(b"%PDF-1.7 khac")
    answer = browser.get(f"/nominations/{code}/attachments/1")
    assert (answer.status_code, "bị mất hoặc bị hỏng" in answer.text) == (409, True)


@pytest.mark.parametrize("path", ["attachments/99999999999999999999", "attachments/0", "attachments/-1"])
def test_a_number_that_is_none(site: Site, path: str) -> None:
    assert site.sign_in("canbo.xa01").get(f"/nominations/{site.codes['draft']}/{path}").status_code == 404


def test_a_program_hands_in_lists_reads_and_takes_out(site: Site) -> None:
    office = site.office
    token = office.act(tokens.issue, scope="write", days=1, actor=office.officer("XA01"), now=office.now)
    program = site.client()
    program.headers.update({"Authorization": f"Bearer {token}"})
    place = f"{PREFIX}/nominations/{site.codes['draft']}/attachments"
    form: dict[str, Any] = {"data": {"part": "to_trinh"}, "files": {"file": ("a.pdf", PDF)}}
    key = {"Idempotency-Key": "k1"}
    added = program.post(place, headers=key, **form)
    assert (added.status_code, added.json()["number"]) == (201, 1)
    assert program.post(place, headers=key, **form).json() == added.json()
    assert [(one["name"], one["size"]) for one in program.get(place).json()["items"]] == [("a.pdf", len(PDF))]
    assert program.get(f"{place}/1").content == PDF
    refused = program.post(place, data={"part": "to_trinh"}, files={"file": ("a.pdf", b"MZ")})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_scan")
    assert program.post(f"{place}/1/remove").json()["sha256"] is None
    assert program.get(f"{place}/1").json()["code"] == "unknown_attachment"
