"""A nomination handed in after its round's deadline is marked so, with the reason"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("nomination", sa.Column("late", sqlmodel.sql.sqltypes.AutoString(length=2200), nullable=True))


def downgrade() -> None:
    op.drop_column("nomination", "late")
