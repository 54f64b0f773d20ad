"""A teller's share waits until the teller takes it; an open ballot's tellers hold theirs already"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from models.types import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_share",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("username", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("taken_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["council_session.id"], name=op.f("fk_waiting_share_session_id")),
        sa.PrimaryKeyConstraint("session_id", "username", name=op.f("pk_waiting_share")),
    )


def downgrade() -> None:
    op.drop_table("waiting_share")
