"""A second click gets the first one's answer: kept by the key that a form or a program sends with its act."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import IdempotentAnswer
from models.types import table
from operations.access import Actor
from rules.refusal import Refusal

KEPT_DAYS = 30
_R = table(IdempotentAnswer).c


def once(
    session: Session,
    *,
    key: str,
    verb: str,
    actor: Actor,
    now: datetime,
    act: Callable[[], dict[str, Any]],
    body: bytes | str = "",
) -> dict[str, Any]:
    """Do the act the first time, and ever after answer what it answered then; both stand in one transaction.

    A key belongs to its actor: another actor's equal key is another key. Raises Refusal `idempotency_mismatch` where
    the same key comes with another verb or another `body`; what `act` refuses leaves no answer and may be tried again.
    """
    digest = hashlib.sha256(body.encode() if isinstance(body, str) else body).hexdigest()
    stored = stored_key(key, actor)
    known = session.execute(sa.select(_R.verb, _R.answer).where(_R.key == stored)).one_or_none()
    if known is not None:
        said = json.loads(known.answer)
        if (known.verb, said["body"]) != (verb[:60], digest):
            raise Refusal(
                "idempotency_mismatch",
                "Khóa này đã được dùng cho một yêu cầu khác nên yêu cầu mới không được thực hiện. "
                "Hãy tải lại trang (hoặc dùng khóa mới) rồi gửi lại.",
            )
        answer: dict[str, Any] = said["answer"]
        return answer
    answer = act()
    kept = json.dumps({"body": digest, "answer": answer}, ensure_ascii=False)
    session.add(IdempotentAnswer(key=stored, verb=verb[:60], actor=actor.username, answer=kept, at=now))
    session.flush()
    # As a repeated request will get it: a tuple would come back as a list.
    again: dict[str, Any] = json.loads(kept)["answer"]
    return again


def answer_to(session: Session, *, key: str, actor: Actor) -> dict[str, Any] | None:
    """The answer of the act with this key, for its own actor; None if there was none."""
    known = session.execute(sa.select(_R.answer).where(_R.key == stored_key(key, actor))).scalar_one_or_none()
    return None if known is None else json.loads(known)["answer"]


def forget(session: Session, *, now: datetime) -> int:
    """Drop answers older than 30 days; returns how many."""
    old = sa.delete(IdempotentAnswer).where(_R.at < now - timedelta(days=KEPT_DAYS))
    return int(session.connection().execute(old).rowcount)


def stored_key(key: str, actor: Actor) -> str:
    """A key belongs to its actor: another actor's equal key is another one."""
    return hashlib.sha256(f"{actor.username}\0{key}".encode()).hexdigest()
