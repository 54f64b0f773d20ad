"""Answers to repeated clicks, one-time links, petitions' receipts and uploads between preview and import: a table each"""

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
import sqlmodel
from alembic import op

from models.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_LINK_VALID = timedelta(days=7)  # for links from before they had an end
_PREVIEW = "nominations.preview"


def _receipt() -> sa.Table:
    return sa.table("receipt", *(sa.column(name) for name in ("key", "verb", "actor", "answer")),
                    sa.column("at", UtcDateTime(timezone=True)))  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "idempotent_answer",
        sa.Column("key", _TEXT(length=64), nullable=False),
        sa.Column("verb", _TEXT(length=60), nullable=False),
        sa.Column("actor", _TEXT(length=80), nullable=False),
        sa.Column("answer", _TEXT(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotent_answer")),
    )
    op.create_table(
        "one_time_link",
        sa.Column("key", _TEXT(length=80), nullable=False),
        sa.Column("username", _TEXT(length=80), nullable=False),
        sa.Column("issued_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("valid_until", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_one_time_link")),
    )
    with op.batch_alter_table("one_time_link", schema=None) as batch_op:
        batch_op.create_index("ix_one_time_link_username", ["username"], unique=False)
    op.create_table(
        "petition_receipt",
        sa.Column("receipt_sha256", _TEXT(length=64), nullable=False),
        sa.Column("petition", _TEXT(length=40), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("receipt_sha256", name=op.f("pk_petition_receipt")),
    )
    op.create_table(
        "upload",
        sa.Column("key", _TEXT(length=64), nullable=False),
        sa.Column("actor", _TEXT(length=80), nullable=False),
        sa.Column("round", _TEXT(length=40), nullable=False),
        sa.Column("unit", _TEXT(length=40), nullable=False),
        sa.Column("sha256", _TEXT(length=64), nullable=False),
        sa.Column("name", _TEXT(length=200), nullable=False),
        sa.Column("convert", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_upload")),
    )
    _carry_up()
    op.drop_table("receipt")


def _carry_up() -> None:
    bind = op.get_bind()
    metadata = sa.MetaData()
    answers, links, petitions, uploads = (
        sa.Table(name, metadata, autoload_with=bind)
        for name in ("idempotent_answer", "one_time_link", "petition_receipt", "upload")
    )
    at = UtcDateTime(timezone=True)
    for table, column in ((answers, "at"), (links, "issued_at"), (links, "valid_until"), (petitions, "at"), (uploads, "at")):
        table.c[column].type = at
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in metadata.tables}
    for key, verb, actor, answer, moment in bind.execute(sa.select(*_receipt().c)):
        kind, _, digest = key.partition("/")
        if kind == "first":
            until = moment + _LINK_VALID if answer in {"", "used"} else datetime.fromisoformat(answer)
            rows["one_time_link"].append(
                {"key": key, "username": actor, "issued_at": moment, "valid_until": until, "ended": answer == "used"}
            )
        elif kind == "petition":
            rows["petition_receipt"].append({"receipt_sha256": digest, "petition": answer, "at": moment})
        elif verb == _PREVIEW:
            said = json.loads(answer)["answer"]
            rows["upload"].append({"key": digest, "actor": actor, "at": moment, **said})
        else:
            rows["idempotent_answer"].append(
                {"key": digest, "verb": verb, "actor": actor, "answer": answer, "at": moment}
            )
    for name, found in rows.items():
        if found:
            bind.execute(sa.insert(metadata.tables[name]), found)


def downgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("key", _TEXT(length=200), nullable=False),
        sa.Column("verb", _TEXT(length=60), nullable=False),
        sa.Column("actor", _TEXT(length=80), nullable=False),
        sa.Column("answer", _TEXT(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_receipt")),
    )
    bind = op.get_bind()
    old: list[dict[str, object]] = []
    at = UtcDateTime(timezone=True)

    def read(name: str, *columns: str, moments: tuple[str, ...] = ("at",)) -> sa.Result:
        return bind.execute(
            sa.select(*(sa.column(one, at) if one in moments else sa.column(one) for one in columns)).select_from(
                sa.table(name)
            )
        )

    for key, verb, actor, answer, moment in read("idempotent_answer", "key", "verb", "actor", "answer", "at"):
        old.append({"key": f"once/{key}", "verb": verb, "actor": actor, "answer": answer, "at": moment})
    dates = ("issued_at", "valid_until")
    for key, username, issued, until, ended in read(
        "one_time_link", "key", "username", "issued_at", "valid_until", "ended", moments=dates
    ):
        answer = "used" if ended else until.isoformat()
        old.append({"key": key, "verb": "first_sign_in", "actor": username, "answer": answer, "at": issued})
    for digest, petition, moment in read("petition_receipt", "receipt_sha256", "petition", "at"):
        old.append({"key": f"petition/{digest}", "verb": "petition", "actor": "", "answer": petition, "at": moment})
    about = ("round", "unit", "sha256", "name", "convert")
    for key, actor, moment, *said in read("upload", "key", "actor", "at", *about):
        answer = json.dumps({"body": _NO_BODY, "answer": dict(zip(about, said, strict=True))}, ensure_ascii=False)
        old.append({"key": f"once/{key}", "verb": _PREVIEW, "actor": actor, "answer": answer, "at": moment})
    if old:
        bind.execute(sa.insert(_receipt()), old)
    op.drop_table("upload")
    op.drop_table("petition_receipt")
    with op.batch_alter_table("one_time_link", schema=None) as batch_op:
        batch_op.drop_index("ix_one_time_link_username")
    op.drop_table("one_time_link")
    op.drop_table("idempotent_answer")


_NO_BODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing
