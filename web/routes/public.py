"""The public pages: the register, one decision with its paper and its proof, the register as data."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import QueryParams

from operations import files, identity, ledger_book, record, seal
from operations.public_disclosure import public_register
from rules.catalogue import KIND_NAMES
from rules.refusal import Refusal
from rules.vocabulary import DecisionState, NomineeKind
from web import language, page_cache, pages
from web.language import words
from web.routes import revocation
from web.visit import Permit, Visit

router = APIRouter()
Public = Annotated[Visit, Depends(Permit(None))]
_LONGEST = 200  # characters that somebody may search for
_FILTERS = ("text", "award", "year", "unit", "kind", "state")
_PAPER_FILTERS = ("award", "year", "state")
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. Of people, when it searches or filters for what only they have; else of decisions."""

    filters: dict[str, Any]
    people: bool
    after: str | None

    @classmethod
    def of(cls, said: QueryParams) -> "Asked":
        found: dict[str, Any] = {
            name: value
            for name in ("text", "award", "unit", "kind", "state")
            # No name has a control character, and PostgreSQL takes no NUL.
            if (value := "".join(char if char.isprintable() else " " for char in said.get(name, "")).strip()[:_LONGEST])
        }
        year = said.get("year", "")
        if year.isascii() and year.isdecimal() and len(year) == 4:
            found["year"] = int(year)
        # A value that no list offers filters nothing.
        if found.get("state") not in public_register.STATE_NAMES:
            found.pop("state", None)
        if found.get("kind") not in set(NomineeKind):
            found.pop("kind", None)
        people = said.get("list") == "people" or any(name in found for name in ("text", "unit", "kind"))
        return cls(found, people, said.get("after") or None)

    @property
    def query(self) -> str:
        """The query part of the address, without the page number."""
        return urlencode(({"list": "people"} if self.people else {}) | self.filters)

    @property
    def of_papers(self) -> dict[str, Any]:
        return {name: value for name, value in self.filters.items() if name in _PAPER_FILTERS}


@router.get("/")
def home(visit: Public) -> Response:
    """The register: decisions, or whom they honour."""

    def make() -> Response:
        asked = Asked.of(visit.request.query_params)
        with visit.reading() as session:
            found: list[dict[str, Any]] = []
            if asked.people:
                rows, key = public_register.search(session, **asked.filters, after=asked.after)
                if text := asked.filters.get("text"):
                    found = public_register.called(session, text)
            else:
                rows, key = public_register.papers(session, **asked.of_papers, after=asked.after)
            offered = public_register.choices(session)
            office = public_register.office_on(session)
        return pages.render(
            visit,
            "public/register.html",
            office=office,
            rows=rows,
            next_key=key,
            asked=asked,
            said=dict.fromkeys(_FILTERS, "") | asked.filters,
            found=found,
            offered=offered,
            kinds=KIND_NAMES,
            state_words=public_register.AWARD_STATE_NAMES,
            years=[(year, year) for year in offered["years"]],
            kind_options=_options(visit, dict(KIND_NAMES)),
            state_options=_options(
                visit, public_register.AWARD_STATE_NAMES if asked.people else public_register.STATE_NAMES
            ),
            papers_query=urlencode(asked.of_papers),
            people_query=urlencode({"list": "people"} | asked.filters),
        )

    return page_cache.answer(visit, make)


def _options(visit: Visit, names: dict[str, str]) -> list[tuple[str, str]]:
    say = language.says(visit.language)
    return [("", say(words("Tất cả"))), *((key, say(name)) for key, name in names.items())]


@router.get("/register.json")
def as_json(visit: Public) -> Response:
    """The list that the same question shows on the page, whole: decisions, or whom they honour."""
    asked = Asked.of(visit.request.query_params)
    if asked.people:
        rows = public_register.every_apart(visit.installation.database, **asked.filters)
        return _download(visit, "application/json", _as_json(rows))
    return page_cache.answer(visit, lambda: JSONResponse(_papers(visit, asked)))


def _papers(visit: Visit, asked: Asked) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        with visit.reading() as session:
            rows, after = public_register.papers(session, **asked.of_papers, after=after, limit=500)
        for row in rows:
            row["signed_on"] = row.pop("date")
            row["url"] = f"{visit.installation.base_url}/decisions/{row['code']}"
        found += rows
        if after is None:
            return found


def _as_json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    joint = "["
    for row in rows:
        yield joint + json.dumps(row, ensure_ascii=False)
        joint = ",\n"
    yield "]" if joint != "[" else "[]"


@router.get("/register.csv")
def as_csv(visit: Public) -> Response:
    """Whom published decisions honour, one a line, with the filters of the page."""
    asked = Asked.of(visit.request.query_params)
    rows = public_register.every_apart(visit.installation.database, **asked.filters)
    return _download(visit, "text/csv; charset=utf-8", public_register.csv_of(rows), name="so-cong-khai.csv")


def _download(visit: Visit, media_type: str, lines: Iterator[str], *, name: str = "") -> Response:
    """A long list in pieces; 304 when the client's copy is as of the present ledger."""
    with visit.reading() as session:
        size, own = record.size(session), identity.of(session)
    url = visit.request.url
    tag = hashlib.sha256(f"{own}|{size}|{url.path}|{url.query}".encode()).hexdigest()[:32]
    headers = {"Cache-Control": page_cache.REVALIDATE, "ETag": f'W/"{tag}"', "Vary": "Accept-Encoding"}
    if page_cache.has_already(visit.request, tag):
        return Response(status_code=304, headers=headers)
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return StreamingResponse(_pieces(lines), media_type=media_type, headers=headers)


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    piece: list[str] = []
    for number, line in enumerate(lines, start=1):
        piece.append(line)
        if number % 500 == 0:
            yield "".join(piece).encode()
            piece.clear()
    yield "".join(piece).encode()


# One decision ------------------------------------------------------------------------------------------------------


@router.get("/decisions/{number}.pdf")
def paper(visit: Public, number: str) -> Response:
    """The paper of a published decision, exactly as it was signed. 404 until it is there."""
    with visit.reading() as session:
        found = public_register.paper(session, number)
    sha256 = found["paper_sha256"]
    if sha256 is None:
        raise Refusal(
            "unknown_paper", f"Bản PDF của quyết định {found['number']} chưa có ở đây; hãy thử lại sau ít phút."
        )
    headers = {"Cache-Control": page_cache.REVALIDATE, "ETag": f'"{sha256}"'}
    if page_cache.has_already(visit.request, sha256):
        return Response(status_code=304, headers=headers)
    try:
        content = files.read(visit.installation.folder, sha256)
    except (OSError, ValueError):
        raise Refusal(
            "paper_damaged",
            f"Bản PDF của quyết định {found['number']} trên máy chủ bị mất hoặc bị hỏng nên không được đưa ra. "
            "Hãy báo cơ quan ban hành để khôi phục từ bản sao lưu.",
        ) from None
    headers["Content-Disposition"] = f'inline; filename="quyet-dinh-{found["code"]}.pdf"'
    return Response(content, media_type=_PDF, headers=headers)


@router.get("/decisions/{number}.tlog-proof")
def proof(visit: Public, number: str) -> Response:
    """The C2SP tlog-proof of a published decision under the newest checkpoint."""

    def make() -> Response:
        with visit.reading() as session:
            code = public_register.paper(session, number)["code"]
        # Named by the code as it is stored: an address may hold whatever no header can.
        return Response(
            ledger_book.prove_kept(visit.installation.database, code),
            media_type="text/plain; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="quyet-dinh-{code}.tlog-proof"'},
        )

    return page_cache.answer(visit, make)


@router.get("/decisions/{number}")
def decision(visit: Public, number: str) -> Response:
    """One published decision: its state, its paper and proof, and whom it honours."""

    def make() -> Response:
        after = visit.request.query_params.get("after") or None
        with visit.reading() as session:
            found = public_register.paper(session, number)
            people, key = public_register.search(session, paper=found["code"], after=after, limit=100)
            day = date.fromisoformat(found["date"]) if found["date"] else None
            issuer = found["decided_by"] or public_register.office_on(session, day)
            by_law = public_register.revoked_by_law(session, found["code"])
            revoke = found["state"] == DecisionState.IN_FORCE and revocation.offered(session, visit, found["award"])
        return pages.render(
            visit,
            "public/decision.html",
            decision=found,
            issuer=issuer,
            people=people,
            next_key=key,
            first=after is None,
            may_revoke=revoke,
            by_law=by_law,
            kinds=KIND_NAMES,
            state_words=public_register.AWARD_STATE_NAMES,
        )

    return page_cache.answer(visit, make)


# The ledger, for who checks it themselves --------------------------------------------------------------------------


@router.get("/ledger/checkpoint")
def checkpoint(visit: Public) -> Response:
    """The newest signed tree head (C2SP tlog-checkpoint). A witness that keeps it can tell if history is rewritten."""
    with visit.reading() as session:
        newest = seal.newest(session)
    if newest is None:
        raise Refusal("unknown_checkpoint", "Sổ cái chưa có điểm kiểm nào được ký; hãy thử lại sau ít phút.")
    kept = page_cache.Kept.of(newest.note.encode(), "text/plain; charset=utf-8")
    return kept.answer(visit.request)


@router.get("/ledger/vkey")
def vkey(visit: Public) -> Response:
    """The key that checks the ledger's signatures."""
    kept = page_cache.Kept.of(f"{visit.installation.signer.vkey}\n".encode(), "text/plain; charset=utf-8")
    return kept.answer(visit.request)


def address(request: Request) -> str:
    """A request's origin, for limits."""
    return request.client.host if request.client else "?"
