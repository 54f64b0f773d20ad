"""A unit's workbook becomes its dossier: read by the limited child, checked against the database, all or nothing."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Dossier, ReviewRound
from models.types import table
from operations import files
from operations.access import Actor
from operations.unit_proposal import proposal
from operations.unit_proposal.proposal import Checked, Filed, Proposed, RowErrors
from operations.unit_proposal.workbook import heads, layout, reading, sheet, writing
from operations.unit_proposal.workbook.heads import fold
from rules import catalogue

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Officers' words in «Hồ sơ kèm theo», by their beginning; the papers are those of Law 06/2022 Art. 84.
_PART_WORDS = (
    ("tờ trình", "to_trinh"),
    ("báo cáo thành tích", "bao_cao_thanh_tich"),
    ("biên bản bình xét", "bien_ban_binh_xet"),
    ("biên bản xét", "bien_ban_xet_khen_thuong"),
    ("chứng nhận sáng kiến", "xac_nhan_sang_kien"),
    ("xác nhận sáng kiến", "xac_nhan_sang_kien"),
    ("chứng nhận thành tích", "xac_nhan_thanh_tich"),
    ("xác nhận thành tích", "xac_nhan_thanh_tich"),
    ("ý kiến", "y_kien"),
)
PART_NAMES = {part: word[0].upper() + word[1:] for word, part in reversed(_PART_WORDS)}


def award_names() -> list[reading.AwardName]:
    """Every award of any pack as a workbook may call it; review, not intake, says which law applies."""
    named: dict[str, reading.AwardName] = {}
    for pack in catalogue.packs():
        for award in pack.awards.values():
            named[award.id] = reading.AwardName(
                id=award.id, name=award.name, aliases=(award.short, award.id, *award.aliases), kinds=award.kinds
            )
    return list(named.values())


def read(path: Path, *, convert_legacy: bool = False) -> reading.Workbook:
    """The workbook's rows and row errors. Raises Unreadable for a file that is no such workbook."""
    return reading.read(path, catalogue=award_names(), convert_legacy=convert_legacy)


def template(path: Path) -> None:
    writing.template(path, catalogue=award_names())


def store(
    session: Session,
    book: reading.Workbook,
    path: Path,
    *,
    round_code: str,
    unit_code: str,
    actor: Actor,
    now: datetime,
    keep: Callable[[bytes], str],
    submit: bool = True,
    name: str | None = None,
    reason: str | None = None,
) -> Filed:
    """File the workbook as one dossier, all rows or none.

    The bytes are kept when all rows have been filed: what is refused leaves none. `name` is what its sender called the
    file, where `path` is only where it lies; `reason` why it comes after the deadline. Raises RowErrors with what its reader and the database find amiss, and
    the refusals of `proposal.file`.
    """
    if book.errors:
        checked = check(session, book, round_code=round_code, unit_code=unit_code, actor=actor, now=now)
        raise RowErrors(checked.errors, checked.warnings)
    content = path.read_bytes()
    stored = files.row(files.digest(content), size=len(content), media_type=MEDIA_TYPE, name=name or path.name)
    try:
        filed = proposal.file(
            session,
            round_code=round_code,
            unit_code=unit_code,
            proposals=[proposed(row) for row in book.rows],
            actor=actor,
            now=now,
            workbook=stored,
            submit=submit,
            reason=reason,
        )
    except RowErrors as only:
        raise RowErrors(only.checked.errors, (*book.warnings, *only.checked.warnings)) from None
    keep(content)
    return dataclasses.replace(filed, warnings=(*book.warnings, *filed.warnings))


def filed(session: Session, *, round_code: str, sha256: str) -> bool:
    """Has a workbook of this content been filed in this round?"""
    d, r = table(Dossier).c, table(ReviewRound).c
    query = sa.exists().where(d.round_id == r.id, r.code == round_code, d.workbook_sha256 == sha256)
    return bool(session.execute(sa.select(query)).scalar_one())


def check(
    session: Session, book: reading.Workbook, *, round_code: str, unit_code: str, actor: Actor, now: datetime
) -> Checked:
    """The findings of the workbook's reader and the database in its rows, for a preview: nothing is written.

    Raises the refusals of `proposal.file`.
    """
    found = Checked()
    if book.rows or not book.errors:  # otherwise each row has its own error
        found = proposal.check(
            session,
            round_code=round_code,
            unit_code=unit_code,
            proposals=[proposed(row) for row in book.rows],
            actor=actor,
            now=now,
        )
    return Checked((*book.errors, *found.errors), (*book.warnings, *found.warnings))


def typed(fields: Mapping[str, str]) -> reading.Workbook:
    """One proposal as somebody typed it into a form, read by the very rules of a workbook's row.

    `fields` are keyed by `heads.Head.field`; what is not named is empty.
    """
    cells = {
        place: sheet.Cell(kind="s", segments=((fields[head.field], ""),))
        for place, head in enumerate(heads.HEADS)
        if fields.get(head.field)
    }
    listed = layout.List(dict(enumerate(heads.HEADS)), (sheet.SheetRow(number=2, hidden=False, cells=cells),), ())
    return reading.of_list(listed, catalogue=award_names())


def proposed(row: reading.Row) -> Proposed:
    """A row of the workbook as a proposal."""
    return Proposed(
        row=row.row,
        name=row.name,
        kind=row.kind,
        award=row.award,
        honorific=row.honorific or None,
        position=row.title or None,
        workplace=row.workplace or None,
        object_class=row.object_class or None,
        field=row.field or None,
        achievement=row.achievement or None,
        rating=row.rating,
        initiative=row.initiative or None,
        gender=row.gender or None,
        ethnicity=row.ethnicity or None,
        birth_date=row.birth_date,
        another=row.another,
        prior_decision=row.prior_decision or None,
        email=row.email or None,
        facts=row.facts,
        parts=parts(row.attachments) if row.attachments else None,
    )


def bad_rows(path: Path, book: reading.Workbook, source: Path, checked: Checked) -> None:
    """Write the rows of `source` that have errors: where they stand, and what is wrong.

    Mended, the file is handed in as it is. Raises Unreadable `source_changed` if `source` is not what `book` was read from.
    """
    writing.bad_rows(path, book, source, further=checked.errors[len(book.errors) :])


def parts(attachments: Sequence[str]) -> tuple[str, ...]:
    """Ids of the dossier parts that these words name; words that name none are left to the reviewer."""
    found: list[str] = []
    for text in attachments:
        said = fold(text)
        part = next((part for word, part in _PART_WORDS if said.startswith(fold(word))), None)
        if part is not None and part not in found:
            found.append(part)
    return tuple(found)


def answer(book: reading.Workbook, found: Checked | Filed) -> dict[str, Any]:
    """The `nominations import` answer of docs/contract.md: of rows that were looked at, or that were stored."""
    errors = found.errors if isinstance(found, Checked) else ()
    filed = found if isinstance(found, Filed) else None
    return {
        "rows": book.row_count,
        "accepted": 0 if errors else len(book.rows),
        "errors": sorted(errors, key=lambda problem: problem["row"]),
        "warnings": sorted(found.warnings, key=lambda problem: problem["row"]),
        "committed": filed is not None,
        "dossier": filed.dossier if filed else None,
        "codes": list(filed.codes) if filed else [],
    }
