"""Scanned papers of a dossier: of one nomination or of the unit's whole tờ trình, until the dossier is passed.

The content lies in the files folder under its hash. A paper that should not have come (another person's, a wrong page) can
be taken out as long as nobody has relied on it: name, hash and content go, the ledger's opening of them as well; the line
with who added it and who took it out stays.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PureWindowsPath
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Account, Attachment, Decision, Dossier, Nomination, ReviewRound, StoredFile, SubmissionLetter
from models.types import as_mapping, chunks, table
from operations import (
    announce,
    files,
    free_text,
    past_duties,
    record,
    rights,
    visibility,
)
from operations.access import Actor
from operations.unit_proposal import intake, proposal
from rules import lifecycle, way_back
from rules.lifecycle import Stage, State
from rules.policy import OPEN_TO_PAPERS, Permission
from rules.refusal import Citation, Refusal

LIMIT = 10 * 1024 * 1024  # bytes a file
MOST = 30  # files of one nomination, and of one dossier as a whole
OTHER = "other"
PARTS = {**dict(reversed(intake.PART_NAMES.items())), OTHER: "Giấy tờ khác"}
Part = StrEnum("Part", {part: part for part in PARTS})  # type: ignore[misc] # -- from the list above
KINDS = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
_ARTICLE = Citation(document=lifecycle.LAW, article="84")
_A = col(Attachment.id)


def media_type(content: bytes) -> str:
    """The media type of a scan by its first bytes, whatever its name. Raises Refusal `not_a_scan`, `file_too_large`."""
    if len(content) > LIMIT:
        raise Refusal(
            "file_too_large", "Tệp lớn hơn 10 MB. Hãy quét lại ở độ phân giải thấp hơn (200–300 dpi) hoặc chia nhỏ."
        )
    for kind, start in KINDS.items():
        if content.startswith(start):
            return kind
    raise Refusal("not_a_scan", "Tệp này không phải bản quét PDF, JPEG hay PNG. Hãy quét hoặc lưu lại thành PDF.")


def file_name(said: str | None) -> str:
    """The sender's file name, safe to store and show: without folders, 200 characters, nothing invisible."""
    name = PureWindowsPath(said or "").name  # as browsers of either kind send it
    return "".join(sign for sign in unicodedata.normalize("NFC", name) if sign.isprintable())[-200:] or "giay-to"


def read(folder: Path, found: dict[str, Any]) -> bytes:
    """The content of a scan as `one` found it. Raises Refusal `attachment_damaged` where the disk has lost or changed it."""
    try:
        return files.read(folder, found["sha256"])
    except (OSError, ValueError):
        raise Refusal(
            "attachment_damaged",
            f"Tệp «{found['name']}» trên máy chủ bị mất hoặc bị hỏng nên không được đưa ra. "
            "Hãy báo quản trị hệ thống để khôi phục từ bản sao lưu.",
        ) from None


def add(
    session: Session, code: str, *, part: str, stored: StoredFile, whole: bool = False, actor: Actor, now: datetime
) -> Attachment:
    """Lay a scan to a nomination, or with `whole` to every nomination of its dossier; its content is kept already.

    Raises Refusal `unknown_part`, `wrong_state` (also of all where one of them was passed on), `already_attached`,
    `too_many`, what `visibility.require` raises.
    """
    row = require_open(session, code, actor=actor)
    if part not in PARTS:
        raise Refusal("unknown_part", f"Không có loại giấy tờ «{part}»; dùng một trong: {', '.join(PARTS)}.")
    free_text.check("Tên tệp", stored.name, 200)
    touched = _touched(session, row, whole=whole)
    for one in touched:
        if one.state not in OPEN_TO_PAPERS:
            raise _beyond(one, "kèm thêm cho cả tờ trình", "Hãy kèm riêng cho từng hồ sơ chưa thẩm định xong.")
    here = [one for one in _rows(session, row) if (one.nomination_id is None) == whole and one.sha256 is not None]
    twin = next((one for one in here if one.sha256 == stored.sha256 and one.part == part), None)
    if twin is not None:
        raise Refusal("already_attached", f"Đúng tệp này đã được kèm theo với tên «{twin.name}».")
    if len(here) >= MOST:
        raise Refusal("too_many", f"Đã có {MOST} tệp. Hãy gộp các trang của một giấy tờ vào một tệp PDF.")
    files.note(session, stored)
    last = session.execute(
        sa.select(sa.func.max(col(Attachment.number))).where(col(Attachment.dossier_id) == row.dossier_id)
    ).scalar_one()
    attachment = Attachment(
        dossier_id=row.dossier_id,
        number=(last or 0) + 1,
        nomination_id=None if whole else row.id,
        part=part,
        sha256=stored.sha256,
        name=stored.name,
        added_by=actor.username,
        added_at=now,
    )
    session.add(attachment)
    session.flush()
    _changed(session, touched, Kind.ATTACHMENT_ADDED, attachment, actor=actor)
    return attachment


def remove(session: Session, code: str, number: int, *, actor: Actor, now: datetime) -> str:
    """Remove a scan: keep its row, erase name and hash; returns the hash, for `files.release` after the commit.

    Refused once a nomination was passed (even if sent back later) or while it is paused; a scan of a whole dossier
    when this holds for any of its nominations. Raises Refusal `unknown_attachment`, `wrong_state`.
    """
    row = require_open(session, code, actor=actor)
    attachment = _numbered(session, row, number)
    touched = _touched(session, row, whole=attachment.nomination_id is None)
    fixed = _relied_on(touched)
    if fixed is not None:
        raise _beyond(fixed, "rút giấy tờ ra", "Giấy tờ đã được xem xét thì giữ nguyên; hãy kèm thêm bản đúng.")
    sha256, attachment.sha256, attachment.name = attachment.sha256 or "", None, None
    attachment.removed_by, attachment.removed_at = actor.username, now
    session.add(attachment)
    session.flush()
    _changed(session, touched, Kind.ATTACHMENT_REMOVED, attachment, actor=actor)
    subject = _subject(session, attachment)
    record.erase(session, Kind.ATTACHMENT_ADDED, subject, "file", ground="rút giấy tờ đã kèm", by=actor.username)
    _forget(session, sha256)
    return sha256


_REMOVABLE = OPEN_TO_PAPERS - {State.PAUSED}


def _relied_on(touched: list[Nomination]) -> Nomination | None:
    """The first of these for which somebody has relied on its papers."""
    return next((one for one in touched if one.state not in _REMOVABLE or one.reviewed_by is not None), None)


def _touched(session: Session, row: Nomination, *, whole: bool) -> list[Nomination]:
    """The nominations that share this scan: this one, or those of its dossier that were not withdrawn."""
    if not whole:
        return [row]
    query = select(Nomination).where(
        Nomination.dossier_id == row.dossier_id,
        (col(Nomination.id) == row.id) | (Nomination.state != State.WITHDRAWN.value),
    )
    return list(session.exec(query.order_by(col(Nomination.id))).all())


def _beyond(one: Nomination, what: str, instead: str) -> Refusal:
    state = lifecycle.STATE_NAMES[State(one.state)]
    seen = ", đã qua thẩm định" if one.reviewed_by is not None else ""
    return Refusal(
        "wrong_state", f"Hồ sơ {one.code} đang «{state}»{seen} nên không {what} được. {instead}", citation=_ARTICLE
    )


def require_open(session: Session, code: str, *, actor: Actor) -> Nomination:
    """The nomination, for somebody who may change its papers. Raises Refusal `wrong_state` once it was passed."""
    row = visibility.require(session, code, actor=actor, act=Permission.ATTACH)
    if row.state not in OPEN_TO_PAPERS:
        raise _beyond(row, "thêm, bớt giấy tờ", way_back.to_change(State(row.state)))
    return row


def _changed(session: Session, touched: list[Nomination], kind: Kind, attachment: Attachment, *, actor: Actor) -> None:
    """Each nomination it is about is another than the one that somebody read: a new version, judged again."""
    past_duties.note_proposers(session, [(one.id or 0, one.code, one.proposed_by) for one in touched], actor)
    of = touched[0].code if attachment.nomination_id is not None else ""
    record.record(session, kind, [(_subject(session, attachment), aspects(attachment, of))], by=actor.username)
    for one in touched:
        one.version += 1
        session.add(one)
    session.flush()
    cases = [(one.code, {"case": proposal.nomination_aspects(one)["case"]}) for one in touched]
    index = record.record(session, Kind.NOMINATION_PAPERS_CHANGED, cases, by=actor.username)
    round_code = session.get_one(ReviewRound, touched[0].round_id).code
    announce.stage(session, round_code, Stage.HOME_AFFAIRS_REVIEW, index=index)


def _subject(session: Session, attachment: Attachment) -> str:
    return f"{session.get_one(Dossier, attachment.dossier_id).code}/{attachment.number}"


def _forget(session: Session, sha256: str) -> None:
    """Drop a file's row when nothing names it any more; its content is then nobody's."""
    named = (
        sa.select(col(Attachment.sha256)).where(col(Attachment.sha256) == sha256),
        sa.select(col(Dossier.workbook_sha256)).where(col(Dossier.workbook_sha256) == sha256),
        sa.select(col(Decision.paper_sha256)).where(col(Decision.paper_sha256) == sha256),
        sa.select(col(SubmissionLetter.paper_sha256)).where(col(SubmissionLetter.paper_sha256) == sha256),
    )
    if session.execute(sa.union_all(*named).limit(1)).first() is None:
        session.execute(sa.delete(StoredFile).where(col(StoredFile.sha256) == sha256))


def aspects(attachment: Attachment, nomination: str) -> dict[str, Any]:
    """A paper as the ledger commits to it; `nomination` is the code of the one it belongs to, '' for the whole dossier."""
    return {
        "about": [nomination, attachment.part],
        "file": [attachment.sha256, attachment.name],
        "who": [attachment.added_at, attachment.added_by],
        "removed": [attachment.removed_at, attachment.removed_by],
    }


# Looked at ---------------------------------------------------------------------------------------------------------


def _rows(session: Session, row: Nomination) -> list[Attachment]:
    """The scans of a nomination and of its dossier, removed ones included, in order of arrival."""
    query = select(Attachment).where(
        Attachment.dossier_id == row.dossier_id,
        col(Attachment.nomination_id).is_(None) | (col(Attachment.nomination_id) == row.id),
    )
    return list(session.exec(query.order_by(_A)))


def _numbered(session: Session, row: Nomination, number: int) -> Attachment:
    found = next((one for one in _rows(session, row) if one.number == number and one.sha256 is not None), None)
    if found is None:
        raise _gone(row.code, number)
    return found


def of(session: Session, code: str, *, actor: Actor) -> list[dict[str, Any]]:
    """The scans that lie with a nomination now, oldest first, for somebody who may see its papers."""
    row = visibility.require(session, code, actor=actor, act=Permission.SEE_PAPERS)
    rows = [one for one in _rows(session, row) if one.sha256 is not None]
    n = table(Nomination).c
    aside = sa.select(n.id).where(n.dossier_id == row.dossier_id, n.id.in_(rights.barred(actor.username))).limit(1)
    if rows and session.execute(aside).first() is not None:  # a paper of all is also of the one they do not read
        rows = [one for one in rows if one.nomination_id is not None]
    fixed = {
        whole: _relied_on(_touched(session, row, whole=whole)) for whole in {one.nomination_id is None for one in rows}
    }
    stored = {
        one.sha256: one
        for one in session.exec(select(StoredFile).where(col(StoredFile.sha256).in_([one.sha256 for one in rows])))
    }
    names: dict[str, str] = as_mapping(
        session.execute(
            sa.select(col(Account.username), col(Account.display_name)).where(
                col(Account.username).in_({one.added_by for one in rows})
            )
        )
    )
    return [
        {
            "number": one.number,
            "part": one.part,
            "part_name": PARTS.get(one.part, one.part),
            "whole_dossier": one.nomination_id is None,
            "name": one.name,
            "media_type": stored[one.sha256 or ""].media_type,
            "size": stored[one.sha256 or ""].size,
            "sha256": one.sha256,
            "added_by": names.get(one.added_by, one.added_by),
            "added_at": one.added_at,
            "removable": fixed[one.nomination_id is None] is None,
        }
        for one in rows
    ]


def one(session: Session, code: str, number: int, *, actor: Actor) -> dict[str, Any]:
    """One scan that lies with a nomination, as `of` says it. Raises Refusal `unknown_attachment`."""
    found = next((one for one in of(session, code, actor=actor) if one["number"] == number), None)
    if found is None:
        raise _gone(code, number)
    return found


def _gone(code: str, number: int) -> Refusal:
    return Refusal("unknown_attachment", f"Hồ sơ {code} không có giấy tờ số {number}, hoặc giấy tờ ấy đã được rút.")


def scanned(session: Session, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Nomination's id → the parts of which a scan lies with it, its dossier's as well."""
    a, n = table(Attachment).c, table(Nomination).c
    found: dict[int, set[str]] = {}
    for chunk in chunks(ids):
        query = (
            sa.select(n.id, a.part)
            .join_from(
                Attachment,
                Nomination,
                (a.nomination_id == n.id) | a.nomination_id.is_(None) & (a.dossier_id == n.dossier_id),
            )
            .where(n.id.in_(chunk), a.sha256.is_not(None))
        )
        for id_, part in session.execute(query):
            found.setdefault(id_, set()).add(part)
    return {id_: frozenset(parts) for id_, parts in found.items()}


def subjects(session: Session, row: Nomination) -> list[str]:
    """The ledger's subjects of what lies, or lay, with a nomination."""
    dossier = session.get_one(Dossier, row.dossier_id).code
    return [f"{dossier}/{one.number}" for one in _rows(session, row)]
