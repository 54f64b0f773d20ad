"""Who did each entry of the ledger: one row an act, beside what the entries themselves commit to"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = "ledger_act"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("first", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("on_behalf_of", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.CheckConstraint("last >= first", name=op.f("ck_ledger_act_in_order")),
        sa.ForeignKeyConstraint(["first"], ["ledger_entry.index"], name=op.f("fk_ledger_act_first")),
        sa.ForeignKeyConstraint(["last"], ["ledger_entry.index"], name=op.f("fk_ledger_act_last")),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_ledger_act")),
        sa.UniqueConstraint("last", name=op.f("uq_ledger_act_last")),
    )
    with op.batch_alter_table(TABLE, schema=None) as batch_op:
        batch_op.create_index("ix_ledger_act_by", ["by", "first"], unique=False)
    # Entries written before have no row: who did them is unknown here, and what their openings say stays valid.
    sqlite = op.get_bind().dialect.name == "sqlite"
    for verb in ("UPDATE", "DELETE"):
        name = f"{TABLE}_no_{verb.lower()}"
        if sqlite:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
    if not sqlite:
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for verb in ("update", "delete", *(() if sqlite else ("truncate",))):
        op.execute(f"DROP TRIGGER {TABLE}_no_{verb}" + ("" if sqlite else f" ON {TABLE}"))
    op.drop_table(TABLE)
