"""Nominations: list, show, propose, import; submit, withdraw, mend, return, pass, find ineligible, pause, resume.

Each move stands at one nomination (`/nominations/{code}/pass`) and for many at once (`/nominations/pass`), where each
has its own result.
"""

import hashlib
import json
import shutil
import tempfile
from keyword import iskeyword
from pathlib import Path, PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile

from models.database import Session
from operations import files, visibility
from operations.access import Actor
from operations.home_affairs_review import correcting
from operations.home_affairs_review.moves import MOVES, Move
from operations.unit_proposal import attachments, intake, mending, proposal
from operations.unit_proposal.proposal import Checked, Proposed, RowErrors
from operations.unit_proposal.workbook.reading import Workbook
from operations.views import nominations, timeline
from rules.lifecycle import Action, State, stage_of
from rules.policy import Permission
from rules.refusal import Refusal
from web.api import group_commit
from web.api.caller import Bearer, Call, Change
from web.api.schemas import nominations as schemas
from web.api.schemas.shared import CODE, After, Done, Filter, InPath, Limit, Number, Page, Results, results, single
from web.api.uploads import UploadRoute

router = APIRouter(route_class=UploadRoute, prefix="/nominations", tags=["nominations"])


@router.get("", response_model=Page[schemas.Listed])
def list_nominations(
    call: Annotated[Call, Depends(Bearer(Permission.SEE_NOMINATION))],
    round: Filter = None,  # noqa: A002 -- the name in docs/contract.md
    unit: Filter = None,
    award: Filter = None,
    state: State | None = None,
    text: Annotated[str | None, Query(max_length=200, description="A code, or part of a name.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Any:
    """The nominations that this account may read, newest first."""
    with call.reading() as session:
        rows, following = nominations.search(
            session,
            actor=call.actor,
            round_code=round,
            unit=unit,
            award=award,
            state=state.value if state else None,
            text=text,
            after=after,
            limit=limit,
        )
    items = [
        {
            "code": row["code"],
            "award": row["award"],
            "nominee": {"kind": row["kind"], "name": row["name"]},
            "unit": row["unit"],
            "round": row["round"],
            "stage": stage_of(State(row["state"])),
            "state": row["state"],
        }
        for row in rows
    ]
    return {"items": items, "next": following}


@router.post("", response_model=schemas.Filed, status_code=201)
def propose(call: Annotated[Call, Depends(Change(Permission.PROPOSE))], said: schemas.NewNomination) -> Any:
    """Propose one nominee: a dossier of one nomination, a draft unless `submit`."""
    fields = said.model_dump(exclude={"round", "unit", "submit", "facts", "parts"})
    proposed = Proposed(
        **fields,
        row=1,
        facts=said.facts.model_dump(mode="json", exclude_none=True) if said.facts else {},
        parts=None if said.parts is None else tuple(said.parts),
    )

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        filed = proposal.file(
            session,
            round_code=said.round,
            unit_code=said.unit,
            proposals=[proposed],
            actor=actor,
            now=call.now,
            submit=said.submit,
        )
        return {
            "code": filed.codes[0],
            "dossier": filed.dossier,
            "state": State.SUBMITTED if said.submit else State.DRAFT,
            "warnings": list(filed.warnings),
        }

    return call.act(change, said=said)


@router.post("/import", response_model=schemas.Imported)
def import_workbook(
    call: Annotated[Call, Depends(Change(Permission.IMPORT_WORKBOOK))],
    file: Annotated[UploadFile, File(description="An .xlsx workbook, at most 10 MB.")],
    round: Annotated[str, Form(pattern=CODE)],  # noqa: A002 -- the name in docs/contract.md
    unit: Annotated[str, Form(pattern=CODE)],
    dry_run: Annotated[bool, Form()] = False,
    convert_legacy: Annotated[bool, Form()] = False,
    draft: Annotated[bool, Form()] = False,
) -> Any:
    """File a unit's workbook: all rows or none. With errors it is refused `workbook_errors`, a dry run lists them."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as kept:
        shutil.copyfileobj(file.file, kept)
        kept.flush()
        path = Path(kept.name)
        book = intake.read(path, convert_legacy=convert_legacy)
        if dry_run or book.errors:
            with call.reading() as session:
                checked = intake.check(session, book, round_code=round, unit_code=unit, actor=call.actor, now=call.now)
            if not dry_run:
                raise _errors(book, checked)
            return intake.answer(book, checked)
        name = PurePath(file.filename or "").name or "workbook.xlsx"

        def change(session: Session, actor: Actor) -> dict[str, Any]:
            filed = intake.store(
                session,
                book,
                path,
                round_code=round,
                unit_code=unit,
                actor=actor,
                now=call.now,
                keep=lambda content: files.keep(call.office.folder, content),
                submit=not draft,
                name=name,
            )
            files.count(session, actor, path.stat().st_size)
            return intake.answer(book, filed)

        asked = json.dumps([_sha256(path), round, unit, convert_legacy, draft])
        try:
            return call.act(change, said=asked)
        except RowErrors as only:
            raise _errors(book, only.checked) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _errors(book: Workbook, checked: Checked) -> Refusal:
    answer = intake.answer(book, checked)
    return Refusal(
        "workbook_errors",
        f"Tệp có {len(answer['errors'])} lỗi nên chưa dòng nào được lưu. Hãy sửa rồi gửi lại cả tệp.",
        details={name: answer[name] for name in ("rows", "errors", "warnings")},
    )


@router.get("/{code}", response_model=schemas.Nomination)
def show_nomination(call: Annotated[Call, Depends(Bearer(Permission.SEE_NOMINATION))], code: InPath) -> Any:
    """One nomination: what the unit wrote, what the rules found, and everything that happened to it."""
    with call.reading() as session:
        return timeline.told(session, code, actor=call.actor, now=call.now)


@router.post("/{code}/mend", response_model=schemas.Mended)
def mend(call: Annotated[Call, Depends(Change(Permission.MEND))], code: InPath, said: schemas.Mending) -> Any:
    """Change what a draft or a returned nomination says, also whom it proposes (`person`)."""
    given: dict[str, Any] = {
        name: getattr(said, name) for name in said.model_fields_set - {"version", "person", "another"}
    }
    person = {name: getattr(said.person, name) for name in said.person.model_fields_set} if said.person else {}
    if given.get("parts") is not None:
        given["parts"] = ",".join(given["parts"])
    if given.get("facts") is not None:
        given["facts"] = json.dumps(given["facts"].model_dump(mode="json", exclude_none=True), ensure_ascii=False)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        mending.mend(
            session, code, actor=actor, now=call.now, version=said.version, person=person, another=said.another, **given
        )
        mended = sorted([*given, *person])
        return {"code": code, "mended": mended, "version": visibility.require(session, code, actor=actor).version}

    return call.act(change, said=said.model_dump_json(exclude_unset=True))  # what is left out is not what is emptied


@router.post("/{code}/correct", response_model=schemas.Corrected)
def correct(call: Annotated[Call, Depends(Change(Permission.CORRECT))], code: InPath, said: schemas.Correcting) -> Any:
    """Correct a slip in what a nomination says of its nominee, after it was handed in and before it is signed."""
    person = {name: getattr(said.person, name) for name in said.person.model_fields_set}

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        changed = correcting.correct(
            session, code, person=person, reason=said.reason, version=said.version, actor=actor, now=call.now
        )
        return {"code": code, "corrected": changed, "version": visibility.require(session, code, actor=actor).version}

    return call.act(change, said=said.model_dump_json(exclude_unset=True))


# Scans ---------------------------------------------------------------------------------------------------------------


@router.get("/{code}/attachments", response_model=schemas.Attachments)
def list_attachments(call: Annotated[Call, Depends(Bearer(Permission.SEE_PAPERS))], code: InPath) -> Any:
    """The scans that lie with a nomination, its dossier's as well, oldest first."""
    with call.reading() as session:
        return {"items": attachments.of(session, code, actor=call.actor)}


@router.post("/{code}/attachments", response_model=schemas.Attached, status_code=201)
def attach(
    call: Annotated[Call, Depends(Change(Permission.ATTACH))],
    code: InPath,
    file: Annotated[UploadFile, File(description="A PDF, JPEG or PNG, at most 10 MB.")],
    part: Annotated[attachments.Part, Form(description="Which part of the dossier it is.")],
    whole_dossier: Annotated[bool, Form(description="It belongs to every nomination of the dossier.")] = False,
) -> Any:
    """Lay a scan to a nomination that nobody has passed yet."""
    content = file.file.read(attachments.LIMIT + 1)
    sha256 = files.digest(content)

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        attachments.require_open(session, code, actor=actor)  # who may not is told so, whatever the file is
        kind, name = attachments.media_type(content), attachments.file_name(file.filename)
        stored = files.row(sha256, size=len(content), media_type=kind, name=name)
        added = attachments.add(session, code, part=part, stored=stored, whole=whole_dossier, actor=actor, now=call.now)
        files.count(session, actor, len(content))
        files.keep(call.office.folder, content)  # the last thing: what is refused leaves nothing on the disk
        return {"code": code, "number": added.number, "sha256": sha256}

    return call.act(change, said=json.dumps([sha256, part, whole_dossier]))


@router.get(
    "/{code}/attachments/{number}",
    response_class=Response,
    responses={
        200: {"description": "The scan as it was handed in.", "content": {kind: {} for kind in attachments.KINDS}}
    },
)
def read_attachment(
    call: Annotated[Call, Depends(Bearer(Permission.SEE_PAPERS))], code: InPath, number: Number
) -> Response:
    """One scan, exactly as it was handed in."""
    with call.reading() as session:
        found = attachments.one(session, code, number, actor=call.actor)
    return Response(attachments.read(call.office.folder, found), media_type=found["media_type"])


@router.post("/{code}/attachments/{number}/remove", response_model=schemas.Attached)
def remove_attachment(call: Annotated[Call, Depends(Change(Permission.ATTACH))], code: InPath, number: Number) -> Any:
    """Remove a scan: its content is erased, its row stays."""

    def change(session: Session, actor: Actor) -> dict[str, Any]:
        gone.append(attachments.remove(session, code, number, actor=actor, now=call.now))
        return {"code": code, "number": number, "sha256": None}

    gone: list[str] = []
    answer = call.act(change)
    with call.reading() as session:
        for sha256 in gone:
            files.release(session, call.office.folder, sha256)
    return answer


# Moves: one nomination or many --------------------------------------------------------------------------------------

# By what a move asks for: of one nomination, of many. A reason to pass what the rules left open is of one alone.
_BODIES: dict[str, tuple[type[schemas.One], type[schemas.Several]]] = {
    "none": (schemas.One, schemas.Several),
    "late": (schemas.OneSubmitted, schemas.SeveralSubmitted),
    "optional": (schemas.OnePassed, schemas.Several),
    "required": (schemas.OneBecause, schemas.SeveralBecause),
    "ground": (schemas.OnePaused, schemas.SeveralPaused),
    "document": (schemas.OneDeclined, schemas.SeveralDeclined),
}


def _one(call: Call, code: str, said: schemas.One, move: Move) -> dict[str, Any]:
    if move.action is Action.SUBMIT:
        return group_commit.submit(call, code, said.version, getattr(said, "reason", None))
    versions = None if said.version is None else {code: said.version}
    further = said.model_dump(exclude={"version"})
    return call.act(
        lambda session, actor: single(
            move.do(session, [code], actor=actor, now=call.now, versions=versions, **further)
        ),
        said=said,
    )


def _many(call: Call, said: schemas.Several, move: Move) -> dict[str, Any]:
    codes = list(dict.fromkeys(said.codes))
    further = said.model_dump(exclude={"codes", "versions"})
    return call.act(
        lambda session, actor: results(
            move.do(session, codes, actor=actor, now=call.now, versions=said.versions, **further)
        ),
        said=said,
    )


def _offer(move: Move) -> None:
    """One address for one nomination, one for many."""
    of_one, of_many = _BODIES["ground" if move.ground else "document" if move.document else move.reason]
    caller = Annotated[Call, Depends(Change(move.act))]

    def one(call: caller, code: InPath, said: of_one) -> Any:  # type: ignore[valid-type] # -- what the move asks for
        return _one(call, code, said, move)

    def plain(call: caller, code: InPath, said: of_one | None = None) -> Any:  # type: ignore[valid-type] # -- as above
        return _one(call, code, said or of_one(), move)

    def many(call: caller, said: of_many) -> Any:  # type: ignore[valid-type] # -- as above
        return _many(call, said, move)

    name = f"{move.word}_" if iskeyword(move.word) else move.word
    router.add_api_route(
        f"/{{code}}/{move.word}",
        one if move.reason == "required" else plain,
        methods=["POST"],
        name=name,
        description=f"{move.summary}.",
        response_model=Done,
    )
    router.add_api_route(
        f"/{move.word}",
        many,
        methods=["POST"],
        name=f"{move.word}_many",
        description=f"{move.summary}: many at once.",
        response_model=Results,
    )


for _move in MOVES.values():
    _offer(_move)
