"""What an administrator asks for with an account that decides waits for somebody else"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from models.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("act", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("link", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.Column("asked_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("valid_until", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("settled_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("settled_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("act IN ('link', 'second_factor', 'identity')", name=op.f("ck_account_request_act_known")),
        sa.CheckConstraint(
            "state IN ('asked', 'alone', 'confirmed', 'refused', 'withdrawn')",
            name=op.f("ck_account_request_state_known"),
        ),
        sa.CheckConstraint(
            "(settled_by IS NULL) = (state IN ('asked', 'alone'))",
            name=op.f("ck_account_request_who_settled_it"),
        ),
        sa.CheckConstraint(
            "(settled_by IS NULL) = (settled_at IS NULL)", name=op.f("ck_account_request_settled_at_an_hour")
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'refused') OR settled_by <> asked_by",
            name=op.f("ck_account_request_two_people"),
        ),
        sa.CheckConstraint(
            "(act = 'identity') = (issuer IS NOT NULL AND subject IS NOT NULL)",
            name=op.f("ck_account_request_identity_named"),
        ),
        sa.CheckConstraint("(act = 'link') = (link IS NOT NULL)", name=op.f("ck_account_request_link_named")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_request_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_request")),
        sa.UniqueConstraint("link", name=op.f("uq_account_request_link")),
    )
    with op.batch_alter_table("account_request", schema=None) as batch_op:
        batch_op.create_index("ix_account_request_account_id", ["account_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("account_request", schema=None) as batch_op:
        batch_op.drop_index("ix_account_request_account_id")
    op.drop_table("account_request")
