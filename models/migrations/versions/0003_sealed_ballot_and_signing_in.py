"""The sealed ballot, conflicts of interest, and signing in"""

import sqlalchemy as sa
from alembic import op
import models.types
import sqlmodel

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    under_way = op.get_bind().execute(
        sa.text("SELECT code FROM council_session WHERE state IN ('open', 'closed')")
    ).scalars().all()
    if under_way:
        raise RuntimeError(f"Phiên {', '.join(under_way)} đang bỏ phiếu: hãy kiểm phiếu bằng bản cũ rồi mới nâng cấp.")
    # An unsealed box is empty once counted: nothing is lost with it.
    op.drop_table("ballot_box")
    op.create_table(
        "ballot_box",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["council_session.id"], name=op.f("fk_ballot_box_session_id")),
        sa.PrimaryKeyConstraint("session_id", "envelope", name=op.f("pk_ballot_box")),
        sqlite_with_rowid=False,
    )
    op.create_table('sign_in_attempt',
    sa.Column('who', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('window', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('who', 'window', name=op.f('pk_sign_in_attempt'))
    )
    op.create_table('api_token',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_sha256', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('scope', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('created_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', models.types.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("scope IN ('read', 'write')", name=op.f('ck_api_token_scope_known')),
    sa.CheckConstraint('expires_at > created_at', name=op.f('ck_api_token_validity')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_api_token_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('token_sha256', name=op.f('uq_api_token_token_sha256'))
    )
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_token_account_id'), ['account_id'], unique=False)

    op.create_table('outside_identity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('issuer', sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_outside_identity_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outside_identity')),
    sa.UniqueConstraint('issuer', 'subject', name=op.f('uq_outside_identity_issuer_subject'))
    )
    with op.batch_alter_table('outside_identity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outside_identity_account_id'), ['account_id'], unique=False)

    op.create_table('second_factor',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('sealed_secret', sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
    sa.Column('confirmed_at', models.types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_second_factor_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_second_factor'))
    )
    op.create_table('web_session',
    sa.Column('token_sha256', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('created_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', models.types.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_web_session_account_id')),
    sa.PrimaryKeyConstraint('token_sha256', name=op.f('pk_web_session'))
    )
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_web_session_account_id'), ['account_id'], unique=False)

    op.create_table('ballot',
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('public_key', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
    sa.Column('shares_needed', sa.Integer(), nullable=True),
    sa.Column('opened_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('closed_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
    sa.Column('box_sha256', sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
    sa.Column('batch', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint("kind <> 'secret' OR (public_key IS NOT NULL AND shares_needed >= 2)", name=op.f('ck_ballot_sealed_has_its_key')),
    sa.CheckConstraint("kind IN ('secret', 'open', 'paper')", name=op.f('ck_ballot_kind_known')),
    sa.ForeignKeyConstraint(['session_id'], ['council_session.id'], name=op.f('fk_ballot_session_id')),
    sa.PrimaryKeyConstraint('session_id', name=op.f('pk_ballot'))
    )
    op.create_table('ballot_receipt',
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('receipt', sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['council_session.id'], name=op.f('fk_ballot_receipt_session_id')),
    sa.PrimaryKeyConstraint('session_id', 'receipt', name=op.f('pk_ballot_receipt')),
    sqlite_with_rowid=False
    )
    op.create_table('hand_count',
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('counted_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('counts', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['council_session.id'], name=op.f('fk_hand_count_session_id')),
    sa.PrimaryKeyConstraint('session_id', 'counted_by', name=op.f('pk_hand_count'))
    )
    op.create_table('open_vote',
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('username', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('choices', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['council_session.id'], name=op.f('fk_open_vote_session_id')),
    sa.PrimaryKeyConstraint('session_id', 'username', name=op.f('pk_open_vote'))
    )
    op.create_table('comment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('nomination_id', sa.Integer(), nullable=False),
    sa.Column('author', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('author_name', sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
    sa.Column('text', sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
    sa.Column('at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['nomination_id'], ['nomination.id'], name=op.f('fk_comment_nomination_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_comment'))
    )
    with op.batch_alter_table('comment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_comment_nomination_id'), ['nomination_id'], unique=False)

    op.create_table('conflict',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('username', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
    sa.Column('nomination_id', sa.Integer(), nullable=False),
    sa.Column('ground', sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('strength', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('message', sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
    sa.Column('found_at', models.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
    sa.Column('settled_by', sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
    sa.Column('settled_at', models.types.UtcDateTime(timezone=True), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
    sa.CheckConstraint("(state = 'open') = (settled_by IS NULL)", name=op.f('ck_conflict_settled_says_by_whom')),
    sa.CheckConstraint("source IN ('detected', 'declared')", name=op.f('ck_conflict_source_known')),
    sa.CheckConstraint("state IN ('open', 'recused', 'denied', 'waived')", name=op.f('ck_conflict_state_known')),
    sa.CheckConstraint("strength IN ('certain', 'ask')", name=op.f('ck_conflict_strength_known')),
    sa.ForeignKeyConstraint(['nomination_id'], ['nomination.id'], name=op.f('fk_conflict_nomination_id')),
    sa.ForeignKeyConstraint(['session_id'], ['council_session.id'], name=op.f('fk_conflict_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conflict')),
    sa.UniqueConstraint('session_id', 'username', 'nomination_id', 'ground', name=op.f('uq_conflict_session_id_username_nomination_id_ground'))
    )
    with op.batch_alter_table('conflict', schema=None) as batch_op:
        batch_op.create_index('ix_conflict_nomination', ['nomination_id'], unique=False)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for verb in ("update", "delete"):
        if sqlite:
            op.execute(
                f"CREATE TRIGGER comment_no_{verb} BEFORE {verb} ON comment "
                "BEGIN SELECT RAISE(ABORT, 'comment is append-only'); END"
            )
        else:
            op.execute(
                f"CREATE TRIGGER comment_no_{verb} BEFORE {verb} ON comment "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
    if not sqlite:
        op.execute(
            "CREATE TRIGGER comment_no_truncate BEFORE TRUNCATE ON comment "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    with op.batch_alter_table('conflict', schema=None) as batch_op:
        batch_op.drop_index('ix_conflict_nomination')

    op.drop_table('conflict')
    with op.batch_alter_table('comment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_comment_nomination_id'))

    op.drop_table('comment')
    op.drop_table('open_vote')
    op.drop_table('hand_count')
    op.drop_table('ballot_receipt')
    op.drop_table('ballot')
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_web_session_account_id'))

    op.drop_table('web_session')
    op.drop_table('second_factor')
    with op.batch_alter_table('outside_identity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outside_identity_account_id'))

    op.drop_table('outside_identity')
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_token_account_id'))

    op.drop_table('api_token')
    op.drop_table('sign_in_attempt')
    op.drop_table("ballot_box")
    op.create_table(
        "ballot_box",
        sa.Column("slip", sa.String(length=43), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("choices", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["council_session.id"], name=op.f("fk_ballot_box_session_id")),
        sa.PrimaryKeyConstraint("slip", name=op.f("pk_ballot_box")),
        sqlite_with_rowid=False,
    )
