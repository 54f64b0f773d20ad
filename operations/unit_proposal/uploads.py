"""A unit's workbook between preview and import: who handed it in, for which unit, how to read it.

The bytes lie in the files folder under their hash; the preview's address is the key, good for its own person only.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from models import Upload
from operations import idempotency
from operations.access import Actor
from rules.refusal import Refusal

KEPT_DAYS = 30


def keep(
    session: Session,
    key: str,
    *,
    round_code: str,
    unit: str,
    sha256: str,
    name: str,
    convert: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Note what was handed in under this key; a second click changes nothing."""
    stored = idempotency.stored_key(key, actor)
    if session.get(Upload, stored) is None:
        session.add(
            Upload(
                key=stored, actor=actor.username, round=round_code, unit=unit, sha256=sha256, name=name[:200],
                convert=convert, at=now,
            )
        )  # fmt: skip
        session.flush()


def of(session: Session, key: str, *, round_code: str, actor: Actor) -> Upload:
    """The person's upload of this key for this round. Raises Refusal `unknown_upload`."""
    found = session.get(Upload, idempotency.stored_key(key, actor))
    if found is None or found.round != round_code:
        raise Refusal("unknown_upload", "Không có tệp nào của bạn ở địa chỉ này. Hãy nộp lại tệp.")
    return found


def forget(session: Session, *, now: datetime) -> int:
    """Drop uploads older than 30 days; returns how many. Their bytes go by `files.sweep`."""
    old = sa.delete(Upload).where(col(Upload.at) < now - timedelta(days=KEPT_DAYS))
    return int(session.connection().execute(old).rowcount)
