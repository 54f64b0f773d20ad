"""What is evidence is only added to: triggers on both databases"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_entry", "checkpoint", "security_event", "appraisal")
# Erasing a salt shortens an opening; nothing else may change there, and the head only grows.
GUARDED = {
    "ledger_opening": ("length(NEW.openings) >= length(OLD.openings)", "an opening may only be erased"),
    "ledger_head": ("NEW.size < OLD.size", "the ledger only grows"),
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            _refuse(sqlite, table, verb, None, f"{table} is append-only")
    for table, (condition, message) in GUARDED.items():
        _refuse(sqlite, table, "UPDATE", condition, message)
        _refuse(sqlite, table, "DELETE", None, message)
    op.execute("INSERT INTO ledger_head (id, size, frontier) VALUES (1, 0, '0:')")


def _refuse(sqlite: bool, table: str, verb: str, condition: str | None, message: str) -> None:
    name = f"{table}_no_{verb.lower()}"
    when = f"WHEN ({condition}) " if condition else ""
    if sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {when}BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION refuse_change()"
        )
        if condition is None and verb == "DELETE":
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in (*APPEND_ONLY, *GUARDED):
        for verb in ("update", "delete"):
            on = "" if sqlite else f" ON {table}"
            op.execute(f"DROP TRIGGER {table}_no_{verb}{on}")
        if not sqlite:
            op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
    if not sqlite:
        op.execute("DROP FUNCTION refuse_change()")
    op.execute(sa.text("DELETE FROM ledger_head"))
