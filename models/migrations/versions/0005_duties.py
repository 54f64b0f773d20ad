"""Who has had a part in a nomination"""

import sqlalchemy as sa
from alembic import op
import sqlmodel

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("username", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("duty", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.CheckConstraint("duty IN ('proposed', 'reviewed', 'counted')", name=op.f("ck_duty_duty_known")),
        sa.ForeignKeyConstraint(["nomination_id"], ["nomination.id"], name=op.f("fk_duty_nomination_id")),
        sa.PrimaryKeyConstraint("nomination_id", "username", "duty", name=op.f("pk_duty")),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.create_index("ix_duty_username", ["username"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.drop_index("ix_duty_username")
    op.drop_table("duty")
