"""Remarks on a nomination among those who may read it; added to, never changed (the database refuses it)."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import Comment, Nomination
from operations import free_text, paging, record, visibility
from operations.access import Actor
from rules.policy import Permission
from rules.refusal import Refusal

LONGEST = 2000


def write(session: Session, code: str, *, text: str, actor: Actor, now: datetime) -> Comment:
    """Add a remark to a nomination. Raises `missing_text`, `too_long`, `control_characters`, what `visibility.require` raises."""
    row = visibility.require(session, code, actor=actor, act=Permission.COMMENT)
    if not text.strip():
        raise Refusal("missing_text", "Hãy viết nội dung ý kiến.")
    free_text.check("Ý kiến", text, LONGEST)
    comment = Comment(
        nomination_id=row.id or 0, author=actor.username, author_name=actor.name, text=text.strip(), at=now
    )
    session.add(comment)
    session.flush()
    number = session.execute(
        sa.select(sa.func.count()).select_from(Comment).where(col(Comment.nomination_id) == row.id)
    ).scalar_one()
    record.record(session, Kind.COMMENT_WRITTEN, [(f"{code}/{number}", aspects(comment))], by=actor.username)
    return comment


def aspects(row: Comment) -> dict[str, Any]:
    """A remark as the ledger commits to it."""
    return {"who": [row.author, row.author_name, row.at], "text": row.text}


def of(
    session: Session, code: str, *, actor: Actor, after: str | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], str | None]:
    """The remarks on a nomination, oldest first: (rows of author, author_name, text, at; next key)."""
    visibility.require(session, code, actor=actor)
    query = (
        select(Comment)
        .join(Nomination, col(Nomination.id) == col(Comment.nomination_id))
        .where(Nomination.code == code)
        .order_by(col(Comment.id))
        .limit(limit + 1)
    )
    if after is not None:
        (last,) = paging.read(after, paging.number)
        query = query.where(col(Comment.id) > last)
    found = list(session.exec(query))
    rows = [{"author": c.author, "author_name": c.author_name, "text": c.text, "at": c.at} for c in found[:limit]]
    return rows, paging.write(found[limit - 1].id) if len(found) > limit else None
