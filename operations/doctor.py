"""Is this installation well? Each check says in a sentence what is wrong and what to do."""

import shutil
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from operations import outbox
from operations.installation import Installation
from rules.refusal import Refusal, Unreadable


def examine(installation: Installation) -> dict[str, Any]:
    """The contract's `doctor`: {"database", "prefect_database", "ledger_size", "checks"}."""
    checks: list[dict[str, Any]] = []

    def check(name: str, test: Callable[[], str | None]) -> None:
        try:
            problem = test()
        except (Refusal, Unreadable) as refusal:
            problem = refusal.message
        except (sa.exc.SQLAlchemyError, OSError) as error:
            problem = f"{type(error).__name__}"
        checks.append({"name": name, "ok": problem is None, "message": problem or "tốt"})

    check("database", lambda: None if installation.ready() else "Không đọc được cơ sở dữ liệu.")
    check("ledger_key", lambda: _key(installation))
    check("disk", lambda: _disk(installation))
    check("letters", lambda: _letters(installation))
    size = 0
    if installation.ready():
        with installation.database.read() as session:
            size = session.execute(sa.text("SELECT size FROM ledger_head")).scalar_one()
    prefect_database = installation.folder / "prefect" / "prefect.db"
    return {
        "database": installation.database.url.render_as_string(hide_password=True),
        "prefect_database": str(prefect_database) if prefect_database.exists() else None,
        "ledger_size": size,
        "checks": checks,
    }


def _key(installation: Installation) -> str | None:
    return None if installation.signer.vkey else "Không có khóa sổ cái."


def _disk(installation: Installation) -> str | None:
    free = shutil.disk_usage(installation.folder).free // 2**20
    return None if free > 200 else f"Ổ đĩa chỉ còn {free} MB; hãy dọn bớt trước khi hệ thống ngừng ghi."


def _letters(installation: Installation) -> str | None:
    with installation.database.read() as session:
        failed = outbox.status(session)["failed"]
    return f"{failed} thư bị máy chủ từ chối; xem `vinhdanh notifications status`." if failed else None
