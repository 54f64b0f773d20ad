"""What each nominee's name comes to when it is typed otherwise: who may be the same is found by it"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from rules import likeness

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NOMINEE = sa.table("nominee", sa.column("id"), sa.column("name"), sa.column("alike_key"))


def upgrade() -> None:
    op.add_column(
        "nominee",
        sa.Column("alike_key", sqlmodel.sql.sqltypes.AutoString(length=220), nullable=False, server_default=""),
    )
    bind = op.get_bind()
    rows = bind.execute(sa.select(_NOMINEE.c.id, _NOMINEE.c.name)).all()
    if rows:
        bind.execute(
            sa.update(_NOMINEE).where(_NOMINEE.c.id == sa.bindparam("of")).values(alike_key=sa.bindparam("key")),
            [{"of": row.id, "key": likeness.key(row.name)} for row in rows],
        )
    op.create_index("ix_nominee_alike_key", "nominee", ["alike_key"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_nominee_alike_key", table_name="nominee")
    op.drop_column("nominee", "alike_key")
