"""The checking page: a number, a PDF, a proof; right, altered, of another ledger, or no such thing."""

import base64
import json
import re

import pytest

from ledger import canonical, note
from operations import files, ledger_book
from operations.public_disclosure import disclosure
from tests.web.conftest import Site

PDF = b"%PDF-1.7 the very paper"


def result(site: Site, *, number: str = "", file: bytes | None = None, status: int = 200) -> str:
    """The heading of what the page says, or of its errors."""
    answer = site.public.post(
        "/verify", data={"number": number}, files={"file": ("f", file)} if file is not None else {"file": ("", b"")}
    )
    assert answer.status_code == status, answer.text
    found = re.search(r'<h2 id="(?:result|errors)-title">(.*?)</h2>', answer.text)
    assert found is not None
    assert "set-cookie" not in answer.headers
    return found[1]


@pytest.fixture
def paper(site: Site) -> bytes:
    sha256 = files.keep(site.folder, PDF)
    with site.office.database.begin() as session:
        files.note(session, files.row(sha256, size=len(PDF), media_type="application/pdf", name="1-2024.pdf"))
        disclosure.attach_paper(session, "1-2024", sha256)
    return PDF


def revoke(site: Site) -> None:
    office = site.office
    office.act(disclosure.revoke, "1-2024", ground="93.2.a", reason="gian dối", actor=office.chutich, now=office.now)


def test_a_number(site: Site) -> None:
    for typed in ("1/QĐ-UBND", "01/QĐ-UBND", "1-2024", " 1-2024 "):
        assert result(site, number=typed) == "Có quyết định này trong sổ công khai"
    signed = site.office.decision_of(site.codes["signed"])
    for typed in (signed, "77/QĐ-UBND", "' OR 1=1 --", "<b>"):
        assert result(site, number=typed) == "Không có quyết định nào mang số này trong sổ công khai"
    revoke(site)
    assert result(site, number="1-2024") == "Có quyết định này, nhưng đã bị hủy bỏ"


def test_a_paper(site: Site, paper: bytes) -> None:
    assert result(site, file=paper) == "Đúng nguyên văn bản quyết định đã công khai"
    assert result(site, file=paper + b" ") == "Không trùng với bản quyết định nào đã công khai"
    revoke(site)
    assert result(site, file=paper) == "Đúng nguyên văn, nhưng quyết định đã bị hủy bỏ"


def test_a_proof(site: Site) -> None:
    office = site.office
    office.seal()
    text = site.public.get("/decisions/1-2024.tlog-proof").text
    assert result(site, file=text.encode()) == "Bằng chứng đúng"
    lines = text.split("\n")
    altered = {
        "cut": "\n".join(lines[:-3]),
        "index": text.replace(lines[2], "index 1"),
        "extra": text.replace(lines[1], lines[1][:-8] + "AAAAAAA="),
        "signature": text[:-12] + "AAAAAAAAAA=\n",
        "no text": "c2sp.org/tlog-proof@v1\n\xff",
    }
    for name, said in altered.items():
        content = said.encode("latin-1", "ignore") if name == "no text" else said.encode()
        assert result(site, file=content) == "Bằng chứng không đứng vững", name
    other = note.Signer("vinhdanh.example/so-cai-khac", bytes(range(1, 33)))
    with office.database.begin() as session:
        office_proof = ledger_book.prove(session, "1-2024")
    checkpoint = note.checkpoint(other, 1, bytes(32))
    forged = office_proof.split("\n\n")[0] + "\n\n" + checkpoint
    assert result(site, file=forged.encode()) == "Bằng chứng không đứng vững"
    revoke(site)
    assert result(site, file=text.encode()) == "Bằng chứng đúng, nhưng quyết định về sau đã bị hủy bỏ"
    office.seal()
    text = site.public.get("/decisions/1-2024.tlog-proof").text
    page = site.public.post("/verify", files={"file": ("x", text.encode())}).text
    assert "Hủy bỏ quyết định: " in page
    with office.database.begin() as session:
        shut = ledger_book.prove(session, "1-2024")
    told = json.loads(base64.b64decode(shut.split("\n")[1].removeprefix("extra ")))
    for change in ({"openings": []}, {"openings": told["openings"][1:]}):
        extra = base64.b64encode(canonical.dumps({**told, **change})).decode()
        nothing = shut.replace(shut.split("\n")[1], f"extra {extra}")
        assert result(site, file=nothing.encode()) == "Bằng chứng không đứng vững"


def test_what_cannot_be_checked_is_an_error_at_its_field(site: Site) -> None:
    for file, number in ((None, ""), (b"\x89PNG", ""), (b"hello", "1-2024")):
        assert result(site, file=file, number=number, status=422) == "Có chỗ cần sửa"
    answer = site.public.post("/verify", data={"number": "x" * 81})
    assert (answer.status_code, 'value="' + "x" * 81 in answer.text) == (422, True)


def test_checking_leaves_no_trace(site: Site, paper: bytes) -> None:
    before = site.office.digests()
    result(site, file=paper)
    result(site, number="1-2024")
    assert site.office.digests() == before
    program = site.public.get("/verify.py")
    assert (program.status_code, program.text.startswith('"""')) == (200, True)
