"""A role that decides is asked for and confirmed, as a one-time link is"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account_request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gives", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.drop_constraint(op.f("ck_account_request_act_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_account_request_act_known"), "act IN ('link', 'second_factor', 'identity', 'role')"
        )
        batch_op.create_check_constraint(op.f("ck_account_request_role_named"), "(act = 'role') = (gives IS NOT NULL)")


def downgrade() -> None:
    # The older program has no place for such a request. Its ledger entries stay, and its `ledger verify` names them.
    op.execute(sa.text("DELETE FROM account_request WHERE act = 'role'"))
    with op.batch_alter_table("account_request", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_account_request_role_named"), type_="check")
        batch_op.drop_constraint(op.f("ck_account_request_act_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_account_request_act_known"), "act IN ('link', 'second_factor', 'identity')"
        )
        batch_op.drop_column("gives")
