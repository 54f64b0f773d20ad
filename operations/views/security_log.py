"""The security log as inspectors and administrators read it: who reached beyond their rights."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from models import SecurityEvent
from operations import paging


def page(session: Session, *, after: str | None, limit: int = 100) -> tuple[Sequence[SecurityEvent], str | None]:
    """Events, the newest first, and the key of the next page. Raises Unreadable `bad_page_key`."""
    query = select(SecurityEvent).order_by(col(SecurityEvent.id).desc()).limit(limit + 1)
    if after:
        (last,) = paging.read(after, paging.number)
        query = query.where(col(SecurityEvent.id) < last)
    rows = session.exec(query).all()
    return rows[:limit], paging.write(rows[limit - 1].id) if len(rows) > limit else None
