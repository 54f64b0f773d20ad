"""A round's run is asked for through the outbox"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _kinds("kind IN ('letter', 'stage_entered', 'round_run')")


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM outbox_message WHERE kind = 'round_run'"))
    _kinds("kind IN ('letter', 'stage_entered')")


def _kinds(condition: str) -> None:
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_message_kind_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_message_kind_known"), condition)
