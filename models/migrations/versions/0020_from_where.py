"""The security log says from where; its lines are by the wall clock from here on"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: on SQLite that would make the table anew, without its triggers.
    op.add_column("security_event", sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True))


def downgrade() -> None:
    op.execute(sa.text("ALTER TABLE security_event DROP COLUMN address"))
