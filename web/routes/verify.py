"""Checking a decision: its number, its PDF, or its proof. Nothing is kept of what is uploaded."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from ledger import kinds, proof
from ledger.unproven import Unproven
from operations.public_disclosure import public_register
from rules.refusal import Refusal
from web import limits, page_cache, pages
from web.forms import Form, Submission
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]
Paper = Annotated[Form, Depends(Submission(limits.ONE_FILE))]
_PROGRAM = Path(__file__).resolve().parents[2] / "docs" / "verify.py"
_HEAD = 64  # bytes that tell what a file is
_PIECE = 1024 * 1024  # bytes read at once
FIELDS = {
    "about": words("Số, danh hiệu, trích yếu"),
    "signature": words("Ngày ký, mã người ký"),
    "signed": words("Ngày ký, người ký"),
    "pack": words("Bộ quy định đã áp dụng"),
    "state": words("Tình trạng lúc ký"),
    "partly": words("Không còn hiệu lực với hồ sơ"),
    "paper": words("Mã băm của bản PDF"),
}


@router.get("/verify")
def show(visit: Public) -> Response:
    """The form, and how to check without this site."""
    return page_cache.answer(visit, lambda: _page(visit, said=visit.request.query_params.get("number", "")[:80]))


@router.get("/verify.py")
def program(visit: Public) -> Response:
    """The checking program: one file, none of this system's code."""
    kept = page_cache.Kept.of(
        _PROGRAM.read_bytes(), "text/x-python; charset=utf-8", disposition='attachment; filename="verify.py"'
    )
    return kept.answer(visit.request)


@router.post("/verify")
def check(visit: Public, form: Paper) -> Response:
    """Say of a proof, a PDF or a number whether it holds, and how the decision stands today."""
    number, file = form.text("number", longest=80), form.file("file")
    head = file.file.read(_HEAD) if file is not None else b""
    if file is not None and not head:
        form.errors["file"] = words("Tệp này trống; hãy chọn lại tệp.")
    if file is None and not number:
        form.errors["number"] = words("Hãy gõ số quyết định, hoặc chọn tệp PDF hay tệp bằng chứng.")
    result: dict[str, Any] | None = None
    if not form.errors:
        if file is None:
            result = _by_number(visit, number)
        elif head.startswith(b"%PDF-"):
            digest = hashlib.sha256(head)
            while piece := file.file.read(_PIECE):
                digest.update(piece)
            result = _by_pdf(visit, digest.hexdigest())
        elif head.startswith(b"c2sp.org/tlog-proof"):
            result = _by_proof(visit, head + file.file.read(4 * proof.LARGEST))
        else:
            form.errors["file"] = words(
                "Tệp này không phải bản PDF của quyết định, cũng không phải tệp bằng chứng .tlog-proof; hãy chọn lại."
            )
    return _page(visit, said=number, errors=form.errors, result=result, status=422 if form.errors else 200)


def _page(
    visit: Visit,
    *,
    said: str = "",
    errors: dict[str, str] | None = None,
    result: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    return pages.render(
        visit,
        "verify/verify.html",
        status=status,
        said=said,
        errors=errors or {},
        result=result,
        fields=FIELDS,
        vkey=visit.installation.signer.vkey,
    )


def _published(visit: Visit, code: str) -> dict[str, Any] | None:
    try:
        with visit.reading() as session:
            return public_register.paper(session, code)
    except Refusal:
        return None


def _by_number(visit: Visit, number: str) -> dict[str, Any]:
    """The paper of this number; several where it is one of each year: whoever holds one knows its day, and says it."""
    with visit.reading() as session:
        found = public_register.called(session, number)
    one = found[0] if len(found) == 1 else None
    return {"what": "number", "holds": one is not None, "number": number, "decision": one, "candidates": found}


def _by_pdf(visit: Visit, sha256: str) -> dict[str, Any]:
    with visit.reading() as session:
        found = public_register.of_pdf(session, sha256)
    return {"what": "pdf", "holds": found is not None, "sha256": sha256, "decision": found}


def _by_proof(visit: Visit, content: bytes) -> dict[str, Any]:
    result: dict[str, Any] = {"what": "proof", "holds": False, "decision": None}
    try:
        proven = proof.verify(content.decode(), visit.installation.signer.vkey)
        proof.require_decision(proven)
    except UnicodeDecodeError:
        return result | {"why": "Tệp không phải văn bản UTF-8."}
    except Unproven as reason:
        return result | {"why": reason.message}
    return result | {
        "holds": True,
        "code": proven.entry.subject,
        "kind": proven.entry.kind,
        "index": proven.entry.index,
        "size": proven.checkpoint.size,
        "origin": proven.checkpoint.origin,
        "openings": [(one["field"], _flat(one["value"])) for one in proven.openings],
        "later": None if proven.later is None else [_event(one) for one in proven.later],
        "state": proven.opened("state"),
        "decision": _published(visit, proven.entry.subject),
    }


def _event(event: proof.Event) -> dict[str, Any]:
    """Later events of the decision, in the page's words."""
    kind = kinds.known(event.entry.kind)
    return {
        "index": event.entry.index,
        "at": event.entry.at,
        "what": kind.word if kind is not None else event.entry.kind,
        "openings": [(one["field"], _flat(one["value"])) for one in event.openings],
    }


def _flat(value: Any) -> str:
    """An opened value on one line."""
    return " · ".join(_flat(one) for one in value if one is not None) if isinstance(value, list) else str(value)
