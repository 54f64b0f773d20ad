"""A unit's workbook: handed in, previewed, its bad rows to take away, then imported — the same file, nothing typed again.

Between preview and import a file lies in the files folder under its hash; who handed it in, for which unit and how to
read it stands in `upload`, whose key is the preview's address. Nobody else can open it.
"""

import re
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from models.database import Session
from operations import access, files, rounds
from operations.access import Actor
from operations.unit_proposal import intake, uploads
from operations.unit_proposal.proposal import Checked, RowErrors
from operations.unit_proposal.workbook import sheet
from operations.unit_proposal.workbook.reading import Workbook
from operations.views import nominations
from rules.policy import Permission
from rules.refusal import Unreadable
from web import pages
from web.forms import Submitted, SubmittedFiles, fresh_key
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Importer = Annotated[Visit, Depends(Permit(Permission.IMPORT_WORKBOOK))]
_SHOWN = 50  # rows, errors and warnings of a preview: the whole list is in the file of the bad rows
_KEY = re.compile(r"[A-Za-z0-9_-]{8,80}")


@router.get("/rounds/{code}/intake")
def blank(visit: Importer, code: str) -> Response:
    """The form for a workbook."""
    return _hand_in(visit, code, unit="", errors={})


def _hand_in(visit: Visit, code: str, *, unit: str, errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        round_ = rounds.by_code(session, code)
        units = nominations.units(session, actor=visit.actor, on=access.local_date(visit.now))
    return pages.render(
        visit,
        "intake/upload.html",
        status=422 if errors else 200,
        round=round_,
        open=round_.closed_at is None and round_.frozen_at is None,
        units=units,
        unit=unit or (units[0][0] if len(units) == 1 else ""),
        errors=errors,
    )


@router.get("/rounds/{code}/intake/template.xlsx")
def template(visit: Importer, code: str) -> Response:
    """The workbook to fill, with lists to choose from."""
    with visit.reading() as session:
        stored = rounds.by_code(session, code).code
    return _made(intake.template, f"mau-de-nghi-{stored}.xlsx")


def _made(write: Any, name: str) -> Response:
    """A workbook written for this answer alone."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as handle:
        path = Path(handle.name)
    try:
        write(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path, media_type=intake.MEDIA_TYPE, filename=name, background=BackgroundTask(path.unlink, missing_ok=True)
    )


@router.post("/rounds/{code}/intake")
def hand_in(visit: Importer, code: str, form: SubmittedFiles) -> Response:
    """Keep the file and go to its preview; a file that is no workbook is an error of the form."""
    with visit.reading() as session:
        rounds.by_code(session, code)
        units = dict(nominations.units(session, actor=visit.actor, on=access.local_date(visit.now)))
    unit = form.text("unit", required=words("Hãy chọn đơn vị đề nghị."))
    if unit and unit not in units:
        form.errors["unit"] = words("Hãy chọn đơn vị trong danh sách.")
    upload = form.file("file", required=words("Hãy chọn một tệp Excel (.xlsx)."))
    if form.errors or upload is None:
        return _hand_in(visit, code, unit=unit, errors=form.errors)
    content = upload.file.read(sheet.FILE_LIMIT + 1)
    try:
        _judged(content)
    except Unreadable as error:
        return _hand_in(visit, code, unit=unit, errors={"file": error.message})
    about = {
        "unit": unit,
        "sha256": files.digest(content),
        "name": Path(upload.filename or "").name[:200],
        "convert": False,
    }
    return _to_preview(visit, code, about, form.once, content)


def _to_preview(visit: Visit, code: str, about: dict[str, Any], once: str, content: bytes = b"") -> Response:
    """Note what was handed in, keep its bytes where they are new, and show it."""
    key = once if _KEY.fullmatch(once) else fresh_key()

    def keep(session: Session, actor: Actor) -> dict[str, Any]:
        uploads.keep(session, key, round_code=code, actor=actor, now=visit.now, **about)
        if content:
            files.count(session, actor, len(content))
            files.keep(visit.installation.folder, content)
        return {}

    visit.act("nominations.preview", code, keep)
    return RedirectResponse(f"/rounds/{quote(code)}/intake/{key}", status_code=303)


_BOOKS: OrderedDict[tuple[str, bool], Workbook] = (
    OrderedDict()
)  # read lately: preview, its file and the import read once
_READING = threading.Lock()


def _judged(content: bytes) -> Workbook:
    """A workbook that somebody hands in, read before anything of it is kept. Raises Unreadable."""
    if len(content) > sheet.FILE_LIMIT:
        raise sheet.unreadable("file_too_large", file="")
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as offered:
        offered.write(content)
        offered.flush()
        return _remembered(files.digest(content), Path(offered.name), convert=False)


def _read(folder: Path, sha256: str, *, convert: bool) -> Workbook:
    """The same bytes read the same way are the same rows."""
    return _remembered(sha256, files.place(folder, sha256), convert=convert)


def _remembered(sha256: str, path: Path, *, convert: bool) -> Workbook:
    key = (sha256, convert)
    with _READING:
        known = _BOOKS.get(key)
    if known is None:
        known = intake.read(path, convert_legacy=convert)
    with _READING:
        _BOOKS[key] = known
        _BOOKS.move_to_end(key)
        if len(_BOOKS) > 8:
            _BOOKS.popitem(last=False)
    return known


def _handed_in(visit: Visit, session: Session, code: str, key: str) -> dict[str, Any]:
    """The visitor's upload of that key. Raises Refusal `unknown_upload`."""
    found = uploads.of(session, key, round_code=code, actor=visit.actor)
    return {"unit": found.unit, "sha256": found.sha256, "name": found.name, "convert": found.convert}


def _checked(visit: Visit, code: str, key: str) -> tuple[dict[str, Any], Workbook, Checked]:
    """The upload, its rows, and what the database says of them today."""
    with visit.reading() as session:
        about = _handed_in(visit, session, code, key)
        book = _read(visit.installation.folder, about["sha256"], convert=about["convert"])
        checked = intake.check(
            session, book, round_code=code, unit_code=about["unit"], actor=visit.actor, now=visit.now
        )
    return about, book, checked


@router.get("/rounds/{code}/intake/{key}")
def preview(visit: Importer, code: str, key: str) -> Response:
    """The preview, row by row, with the errors of each row."""
    about, book, checked = _checked(visit, code, key)
    return _preview(visit, code, key, about, book, checked)


def _preview(visit: Visit, code: str, key: str, about: dict[str, Any], book: Workbook, checked: Checked) -> Response:
    answer = intake.answer(book, checked)
    errors, warnings = answer["errors"], answer["warnings"]
    with visit.reading() as session:
        round_ = rounds.by_code(session, code)
        units = dict(nominations.units(session, actor=visit.actor, on=access.local_date(visit.now)))
    return pages.render(
        visit,
        "intake/preview.html",
        status=422 if errors else 200,
        round=round_,
        key=key,
        about=about,
        unit_name=units.get(about["unit"], about["unit"]),
        rows=book.rows[:_SHOWN],
        count=answer["rows"],
        good=len({row.row for row in book.rows} - {error["row"] for error in errors}),
        bad=len({error["row"] for error in errors}),
        errors_found=errors[:_SHOWN],
        error_count=len(errors),
        warnings=warnings[:_SHOWN],
        warning_count=len(warnings),
        legacy=not about["convert"] and any(error["code"] == "legacy_encoding" for error in errors),
        award_names={award.id: award.name for award in intake.award_names()},
        shown=_SHOWN,
    )


@router.get("/rounds/{code}/intake/{key}/loi.xlsx")
def bad_rows(visit: Importer, code: str, key: str) -> Response:
    """The bad rows as they stand in the file, with what is wrong with each: mended, they are handed in as they are."""
    about, book, checked = _checked(visit, code, key)
    source = files.place(visit.installation.folder, about["sha256"])
    stem = re.sub(r"[^\w.-]+", "-", Path(about["name"]).stem)[:80] or "tep"
    return _made(lambda path: intake.bad_rows(path, book, source, checked), f"{stem}-loi.xlsx")


@router.post("/rounds/{code}/intake/{key}")
def confirm(visit: Importer, code: str, key: str, form: Submitted) -> Response:
    """Import the file of this preview (once, however often it is sent), or read it again by its old character table."""
    step = form.text("step")
    with visit.reading() as session:
        about = _handed_in(visit, session, code, key)
    if step == "convert":
        return _to_preview(visit, code, {**about, "convert": True}, form.once)
    folder = visit.installation.folder
    book = _read(folder, about["sha256"], convert=about["convert"])

    def store(session: Session, actor: Actor) -> dict[str, Any]:
        filed = intake.store(
            session,
            book,
            files.place(folder, about["sha256"]),
            round_code=code,
            unit_code=about["unit"],
            actor=actor,
            now=visit.now,
            keep=lambda content: files.keep(folder, content),
            submit=step != "draft",
            name=about["name"],
        )
        did = "Đã lưu bản nháp" if step == "draft" else "Đã nộp"
        return {
            "message": f"{did} {len(filed.codes)} hồ sơ của tệp «{about['name']}»",
            "details": f"Mã tờ trình của đơn vị: {filed.dossier}.",
            "dossier": filed.dossier,
        }

    try:
        said = visit.act("nominations.import", f"{code}/{about['unit']}", store, once=f"import/{key}")
    except RowErrors as only:
        return _preview(visit, code, key, about, book, only.checked)
    return pages.done(f"/nominations?dossier={said['dossier']}", f"import/{key}")
