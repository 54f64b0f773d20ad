"""Why a deadline was moved stands by itself, and the ledger vouches for every column"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from rules.refusal import Unreadable

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Entries made before commit to fewer columns: each of their rows would look as if somebody had altered it.
    if op.get_bind().execute(sa.text("SELECT size FROM ledger_head")).scalar_one():
        raise Unreadable(
            "older_database",
            "Dữ liệu này do bản thử trước lập, sổ cái của nó không ghi đủ các cột mà bản này kiểm. Hãy khởi tạo thư mục "
            "dữ liệu mới (vinhdanh init), hoặc dùng tiếp bản cũ với dữ liệu cũ.",
        )
    op.add_column("deadline", sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True))


def downgrade() -> None:
    op.drop_column("deadline", "reason")
