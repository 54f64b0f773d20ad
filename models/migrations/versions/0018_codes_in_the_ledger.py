"""Accounts and conflicts bear a code, so that the ledger's published part names nobody.

An account of before keeps its username as its code until the program gives it one and says so in the ledger
(`operations.coding`), which a migration cannot write.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.add_column("account", sa.Column("code", text(length=80), nullable=False, server_default=""))
    op.execute("UPDATE account SET code = username")
    op.create_index(op.f("ix_account_code"), "account", ["code"], unique=True)
    op.add_column("conflict", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE conflict SET number = (SELECT count(*) FROM conflict AS earlier WHERE earlier.session_id = conflict.session_id"
        " AND earlier.username = conflict.username AND earlier.nomination_id = conflict.nomination_id AND earlier.id <= conflict.id)"
    )


def downgrade() -> None:
    op.drop_column("conflict", "number")
    op.drop_index(op.f("ix_account_code"), table_name="account")
    op.drop_column("account", "code")
