"""What is said of a nominee belongs to each nomination, with the values under which it was decided and published.

A nominee's row could only be changed while nothing handed in stood on it: it holds what each of its nominations showed.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_MOVED = {"honorific": 200, "position": 500, "workplace": 500, "gender": 200, "ethnicity": 200, "email": 254}
_SAID = ("name", "name_key", *_MOVED, "birth_date")
_NOMINEE = sa.table(
    "nominee",
    *(sa.column(name) for name in ("id", "unit_id", "kind", "name", "workplace", "identity", "namesake")),
    sa.column("birth_date", sa.Date()),
)
_N = _NOMINEE.c


def upgrade() -> None:
    for name in ("name", "name_key"):
        op.add_column("nomination", sa.Column(name, _TEXT(length=200), nullable=False, server_default=""))
    for name, length in _MOVED.items():
        op.add_column("nomination", sa.Column(name, _TEXT(length=length), nullable=True))
    op.add_column("nomination", sa.Column("birth_date", sa.Date(), nullable=True))
    op.add_column("nominee", sa.Column("namesake", sa.Integer(), nullable=False, server_default="1"))
    _copy("nomination", "nominee", "nominee.id = nomination.nominee_id", _SAID)
    op.create_index("ix_nomination_name_key", "nomination", ["name_key"], unique=False)
    _identities(_base, lambda base, number: f"{base}|{number}")
    for name in _MOVED:
        op.drop_column("nominee", name)


def downgrade() -> None:
    for name, length in _MOVED.items():
        op.add_column("nominee", sa.Column(name, _TEXT(length=length), nullable=True))
    newest = "nomination.id = (SELECT max(n.id) FROM nomination n WHERE n.nominee_id = nominee.id)"
    _copy("nominee", "nomination", newest, _MOVED)
    _identities(_formerly, lambda base, number: base if number == 1 else f"{base}#{number}")
    op.drop_column("nominee", "namesake")
    op.drop_index("ix_nomination_name_key", table_name="nomination")
    for name in _SAID:
        op.drop_column("nomination", name)


def _copy(to: str, of: str, where: str, columns: Iterable[str]) -> None:
    told = ", ".join(columns)
    if op.get_bind().dialect.name == "sqlite":
        met = f"FROM {of} WHERE {where}"
        op.execute(f"UPDATE {to} SET ({told}) = (SELECT {told} {met}) WHERE EXISTS (SELECT 1 {met})")
    else:
        values = ", ".join(f"{name} = {of}.{name}" for name in columns)
        op.execute(f"UPDATE {to} SET {values} FROM {of} WHERE {where}")


def _folded(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


def _base(row: Any) -> str:
    return "|".join([row.kind, _folded(row.name), row.birth_date.isoformat() if row.birth_date else ""])


def _formerly(row: Any) -> str:
    born = row.birth_date.isoformat() if row.birth_date else ""
    return "|".join([row.kind, _folded(row.name), _folded(row.workplace), born])


def _identities(key: Callable[[Any], str], said: Callable[[str, int], str]) -> None:
    """Write every nominee's identity anew; whoever was told apart stays apart."""
    bind = op.get_bind()
    rows = bind.execute(sa.select(*_N).order_by(_N.unit_id, _N.id)).all()
    # What is not unique for a moment would be refused: first everything is out of the way.
    bind.execute(sa.update(_NOMINEE).values(identity=sa.literal("*") + sa.cast(_N.id, sa.String())))
    met: Counter[Any] = Counter()
    changes: list[dict[str, Any]] = []
    for row in rows:
        base = key(row)
        met[row.unit_id, base] += 1
        number = met[row.unit_id, base]
        changes.append({"at": row.id, "new_identity": said(base, number), "new_namesake": number})
    if changes:
        values = {"identity": sa.bindparam("new_identity"), "namesake": sa.bindparam("new_namesake")}
        bind.execute(sa.update(_NOMINEE).where(_N.id == sa.bindparam("at")).values(values), changes)
