"""A nomination may end because the person to be honoured does not want it"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_BEFORE = (
    "draft", "returned", "submitted", "paused", "eligible", "on_ballot", "recommended", "signed", "forwarded",
    "disclosed", "withdrawn", "ineligible", "not_recommended", "refused", "closed", "revoked",
)  # fmt: skip
_AFTER = (*_BEFORE[:11], "declined", *_BEFORE[11:])
_NAME = "ck_nomination_state_known"


def upgrade() -> None:
    _allow(_AFTER)


def downgrade() -> None:
    # The older program knows no such end; the nearest is that the unit took it back. The ledger keeps what happened.
    op.execute(sa.text("UPDATE nomination SET state = 'withdrawn' WHERE state = 'declined'"))
    _allow(_BEFORE)


def _allow(states: tuple[str, ...]) -> None:
    condition = f"state IN ({', '.join(repr(state) for state in states)})"
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(_NAME), "nomination", type_="check")
        op.create_check_constraint(op.f(_NAME), "nomination", condition)
        return
    # Half of the tables refer to this one, so it cannot be written anew while they look on. A CHECK changes nothing of
    # what lies on disk: its words are replaced as SQLite's own manual describes (lang_altertable.html §7).
    bind = op.get_bind()
    text = bind.execute(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'nomination'")).scalar_one()
    changed, count = re.subn(rf"(CONSTRAINT {_NAME} CHECK )\(state IN \([^)]*\)\)", lambda found: f"{found[1]}({condition})", text)
    if count != 1:
        raise RuntimeError(f"the table nomination has no constraint {_NAME}")
    version = bind.execute(sa.text("PRAGMA schema_version")).scalar_one()
    bind.execute(sa.text("PRAGMA writable_schema = ON"))
    bind.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = 'nomination'"), {"sql": changed}
    )
    bind.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    bind.execute(sa.text("PRAGMA writable_schema = OFF"))
    if bind.execute(sa.text("PRAGMA quick_check")).scalar_one() != "ok":
        raise RuntimeError("the schema could not be changed")
