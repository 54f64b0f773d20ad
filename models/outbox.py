"""The outbox: messages to people and to the engine, written with the act and sent after it."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of

_STAGE_WAITS = "kind = 'stage_entered' AND state = 'queued'"
STATES = ("queued", "leased", "accepted", "failed")


class OutboxMessage(SQLModel, table=True):
    __tablename__ = "outbox_message"
    __table_args__ = (
        one_of("kind", ("letter", "stage_entered", "round_run")),
        one_of("state", STATES),
        Index("ix_outbox_due", "kind", "state", "due_at"),
        Index("ix_outbox_stage_waiting", "topic", sqlite_where=text(_STAGE_WAITS), postgresql_where=text(_STAGE_WAITS)),
        check("letters_have_a_recipient", "kind <> 'letter' OR recipient IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=200)
    kind: str = Field(max_length=20)
    topic: str = Field(max_length=60, description="letter kind, round/stage, or round")
    recipient: str | None = Field(default=None, max_length=254)
    context: str = Field(default="{}", description="JSON; what the letter says, which round and stage, or who asked")
    state: str = Field(default="queued", max_length=10)
    attempts: int = 0
    queued_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease: str | None = Field(default=None, max_length=40, index=True)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reply: str | None = Field(default=None, max_length=500)
