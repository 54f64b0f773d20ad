"""A petition stands in nobody's way until an officer has taken it up; the day's limit counts by the wall clock"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from models.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_CHECKS = {
    "taken_as_something": "(taken_as IS NOT NULL) = (state = 'taken') OR state = 'answered'",
    "handled_by_somebody": "(handled_by IS NULL) = (handled_at IS NULL)",
    "handled_unless_new": "handled_by IS NOT NULL OR state NOT IN ('taken', 'dismissed')",
}


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    with op.batch_alter_table("petition", schema=None) as batch_op:
        batch_op.add_column(sa.Column("arrived_at", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("taken_as", text(length=20), nullable=True))
        batch_op.add_column(sa.Column("handled_by", text(length=80), nullable=True))
        batch_op.add_column(sa.Column("handled_at", UtcDateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(op.f("ck_petition_state_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_petition_state_known"), "state IN ('received', 'taken', 'dismissed', 'answered')"
        )
        for name, condition in _CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_petition_{name}"), condition)
        batch_op.create_index(batch_op.f("ix_petition_arrived_at"), ["arrived_at"], unique=False)


def downgrade() -> None:
    # What was taken up or put aside is unanswered to the older program; its ledger entries stay.
    op.execute("UPDATE petition SET state = 'received', answer = NULL, answered_at = NULL WHERE state IN ('taken', 'dismissed')")
    with op.batch_alter_table("petition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_petition_arrived_at"))
        for name in _CHECKS:
            batch_op.drop_constraint(op.f(f"ck_petition_{name}"), type_="check")
        batch_op.drop_constraint(op.f("ck_petition_state_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_petition_state_known"), "state IN ('received', 'answered')")
        for name in ("handled_at", "handled_by", "taken_as", "arrived_at"):
            batch_op.drop_column(name)
