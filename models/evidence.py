"""Ledger, checkpoints, files, counters, answers to repeated clicks and the security log."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check


class LedgerEntry(SQLModel, table=True):
    """One leaf of the Merkle tree, exactly the bytes that were hashed. Append-only by trigger."""

    __tablename__ = "ledger_entry"
    __table_args__ = (check("index_from_zero", '"index" >= 0'),)

    index: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(max_length=60)
    subject: str = Field(max_length=80, index=True)
    leaf: str


class LedgerOpening(SQLModel, table=True):
    """Salts and values behind an entry's commitments. Deleting a salt erases; proofs still verify."""

    __tablename__ = "ledger_opening"

    index: int = Field(primary_key=True, foreign_key="ledger_entry.index", sa_column_kwargs={"autoincrement": False})
    openings: str


class LedgerAct(SQLModel, table=True):
    """The actor of the entries from `first` to `last`: one act, or one person's part of it. Append-only by trigger.

    Entries of ledgers begun before acts were kept lie in none: what is known of their doers stands in their openings.
    """

    __tablename__ = "ledger_act"
    __table_args__ = (
        check("in_order", "last >= first"),
        Index("ix_ledger_act_by", "by", "first"),
    )

    first: int = Field(primary_key=True, foreign_key="ledger_entry.index", sa_column_kwargs={"autoincrement": False})
    last: int = Field(foreign_key="ledger_entry.index", unique=True)
    by: str = Field(max_length=80, description="a username, or the name that `ledger.kinds` gives to whoever has none")
    on_behalf_of: str | None = Field(default=None, max_length=80, description="the chairman for whom a deputy acted")


class LedgerHead(SQLModel, table=True):
    """The tree after the last committed act: its size, compact range and last time. Locked first by every writer."""

    __tablename__ = "ledger_head"
    __table_args__ = (check("single", "id = 1"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = 0
    frontier: str = "0:"
    last_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Checkpoint(SQLModel, table=True):
    """A signed tree head (C2SP tlog-checkpoint). Append-only by trigger."""

    size: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    note: str
    at: datetime = Field(sa_type=UtcDateTime)


class InstallationRow(SQLModel, table=True):
    """Whose database this is: written with the ledger's first entry, one row for ever."""

    __tablename__ = "installation"
    __table_args__ = (check("single", "id = 1"), check("restored_from_zero", "generation >= 0"))

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    code: str = Field(max_length=20, description="random; part of every identity that leaves the house")
    vkey: str = Field(max_length=400, description="the one key that signs this ledger")
    generation: int = Field(default=0, description="how many times it was restored from a backup")


class StoredFile(SQLModel, table=True):
    __tablename__ = "stored_file"

    sha256: str = Field(primary_key=True, min_length=64, max_length=64)
    size: int
    media_type: str = Field(max_length=100)
    name: str = Field(max_length=200)
    stored_at: datetime = Field(sa_type=UtcDateTime)


class UploadDay(SQLModel, table=True):
    """How much somebody has handed in on a day of the wall clock. Dropped when the day is over."""

    __tablename__ = "upload_day"

    username: str = Field(primary_key=True, max_length=80)
    day: date = Field(primary_key=True)
    files: int = 0
    size: int = Field(default=0, sa_type=sa.BigInteger, description="bytes of all of them")


class Counter(SQLModel, table=True):
    """Gapless numbers: taken inside the transaction that uses them."""

    name: str = Field(primary_key=True, max_length=60)
    value: int = 0


class IdempotentAnswer(SQLModel, table=True):
    """The answer given to an idempotency key: a second click gets the same answer."""

    __tablename__ = "idempotent_answer"

    key: str = Field(primary_key=True, max_length=64, description="SHA-256 over the actor and the key that was sent")
    verb: str = Field(max_length=60)
    actor: str = Field(max_length=80)
    answer: str
    at: datetime = Field(sa_type=UtcDateTime)


class SecurityEvent(SQLModel, table=True):
    """Somebody signed in or out, used a token, changed a password, or reached beyond their rights. Append-only by trigger."""

    __tablename__ = "security_event"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(
        sa_type=UtcDateTime, description="the wall clock; the business clock in lines of earlier versions"
    )
    actor: str = Field(max_length=80)
    verb: str = Field(max_length=60)
    subject: str = Field(max_length=200)
    code: str = Field(max_length=60, description="of the refusal; `done` for what was not refused")
    address: str | None = Field(
        default=None, max_length=60, description="the caller's; `cli` at the server's command line"
    )
