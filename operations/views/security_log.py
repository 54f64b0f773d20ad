"""The security log as inspectors and administrators read it: who signed in and out, and who reached beyond their rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlmodel import Session, col, select

from models import SecurityEvent
from operations import access, paging
from operations.security_log import DONE


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of whom, refused or not, what, from where, between which days in Vietnam; nothing said: all."""

    actor: str = ""
    outcome: str = ""  # refused | done
    verb: str = ""
    address: str = ""
    since: date | None = None
    until: date | None = None


def page(
    session: Session, wanted: Wanted | None = None, *, after: str | None = None, limit: int = 100
) -> tuple[Sequence[SecurityEvent], str | None]:
    """Events, the newest first, and the key of the next page. Raises Unreadable `bad_page_key`."""
    wanted = wanted or Wanted()
    query = select(SecurityEvent).order_by(col(SecurityEvent.id).desc()).limit(limit + 1)
    for column, said in (
        (SecurityEvent.actor, wanted.actor),
        (SecurityEvent.verb, wanted.verb),
        (SecurityEvent.address, wanted.address),
    ):
        if said:
            query = query.where(column == said)
    if wanted.outcome:
        done = col(SecurityEvent.code) == DONE
        query = query.where(done if wanted.outcome == DONE else ~done)
    if wanted.since is not None:
        query = query.where(col(SecurityEvent.at) >= datetime.combine(wanted.since, time(), tzinfo=access.LOCAL))
    if wanted.until is not None:
        query = query.where(col(SecurityEvent.at) < access.end_of_day(wanted.until))
    if after:
        (last,) = paging.read(after, paging.number)
        query = query.where(col(SecurityEvent.id) < last)
    rows = session.exec(query).all()
    return rows[:limit], paging.write(rows[limit - 1].id) if len(rows) > limit else None
