"""Scans that lie with a nomination: hand one in, look at one, take one out again."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from models.database import Session
from operations import files
from operations.access import Actor
from operations.unit_proposal import attachments
from operations.views import nominations
from rules.policy import Permission
from rules.refusal import Refusal
from web import pages
from web.forms import Form, Submitted, SubmittedFiles
from web.language import words
from web.visit import Permit, Visit

router = APIRouter()
Reader = Annotated[Visit, Depends(Permit(Permission.SEE_PAPERS))]
Proposer = Annotated[Visit, Depends(Permit(Permission.ATTACH))]
_ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@router.get("/nominations/{code}/attach")
def blank(visit: Proposer, code: str) -> Response:
    """The form for a scan."""
    return _hand_in(visit, code, {}, {})


def _hand_in(visit: Visit, code: str, typed: dict[str, Any], errors: dict[str, str]) -> Response:
    with visit.reading() as session:
        row = attachments.require_open(session, code, actor=visit.actor)
        found = nominations.whole(session, row)
        count = nominations.size(session, row)
    needed = {part["id"]: part["name"] for part in found["parts"]}
    return pages.render(
        visit,
        "attachments/new.html",
        status=422 if errors else 200,
        row=row,
        dossier=found["dossier"],
        count=count,
        # As this award's law calls them; what it asks for first.
        options=[*needed.items(), *((part, name) for part, name in attachments.PARTS.items() if part not in needed)],
        typed={"part": next(iter(needed), ""), "whole": ""} | typed,
        errors=errors,
    )


@router.post("/nominations/{code}/attach")
def hand_in(visit: Proposer, code: str, form: SubmittedFiles) -> Response:
    """Keep the scan and lay it to the nomination, or to its whole dossier."""
    part, whole = form.text("part"), form.text("whole") == "yes"
    if part not in attachments.PARTS:
        form.errors["part"] = words("Hãy chọn loại giấy tờ.")
    content, name = _content(form)
    if form.errors:
        return _hand_in(visit, code, {"part": part, "whole": "yes" if whole else ""}, form.errors)
    stored = files.row(files.digest(content), size=len(content), media_type=attachments.media_type(content), name=name)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        attachments.add(session, code, part=part, stored=stored, whole=whole, actor=actor, now=visit.now)
        files.count(session, actor, len(content))
        files.keep(visit.installation.folder, content)  # the last thing: what is refused leaves nothing on the disk
        return {"message": "Đã kèm tệp vào " + ("mọi hồ sơ của tờ trình" if whole else f"hồ sơ {code}")}

    visit.act("nominations.attach", code, change, once=form.once)
    return pages.done(f"/nominations/{code}", form.once)


def _content(form: Form) -> tuple[bytes, str]:
    upload = form.file("file", required=words("Hãy chọn một tệp PDF, JPEG hoặc PNG."))
    if upload is None:
        return b"", ""
    content = upload.file.read(attachments.LIMIT + 1)
    try:
        attachments.media_type(content)
    except Refusal as refusal:
        form.errors["file"] = refusal.message
    return content, attachments.file_name(upload.filename)


@router.get("/nominations/{code}/attachments/{number}")
def look(visit: Reader, code: str, number: int) -> Response:
    """The scan itself, exactly as it was handed in."""
    with visit.reading() as session:
        found = attachments.one(session, code, number, actor=visit.actor)
    return Response(
        attachments.read(visit.installation.folder, found),
        media_type=found["media_type"],
        headers={
            "Content-Disposition": f'inline; filename="giay-to-{number}.{_ENDINGS[found["media_type"]]}"',
            "Cache-Control": "private, no-store",
        },
    )


@router.get("/nominations/{code}/attachments/{number}/remove")
def ask(visit: Proposer, code: str, number: int) -> Response:
    """The consequences of removing a scan."""
    with visit.reading() as session:
        row = attachments.require_open(session, code, actor=visit.actor)
        found = attachments.one(session, code, number, actor=visit.actor)
        count = nominations.size(session, row)
    return pages.render(visit, "attachments/remove.html", row=row, found=found, count=count)


@router.post("/nominations/{code}/attachments/{number}/remove")
def remove(visit: Proposer, code: str, number: int, form: Submitted) -> Response:
    """Take it out again."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        gone.append(attachments.remove(session, code, number, actor=actor, now=visit.now))
        return {"message": f"Đã rút giấy tờ số {number} khỏi hồ sơ {code}"}

    gone: list[str] = []
    visit.act("nominations.detach", code, change, once=form.once)
    with visit.reading() as session:
        for sha256 in gone:
            files.release(session, visit.installation.folder, sha256)
    return pages.done(f"/nominations/{code}", form.once)
