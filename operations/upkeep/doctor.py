"""Is this installation well? Each check says in a sentence what is wrong and what to do."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from ledger.kinds import Kind
from models import Account, CouncilSession, LedgerEntry, LedgerHead, OutsideIdentity, RoleGrant, guards
from models.types import table
from operations import files, modes, outbox, record, security_log
from operations.access import LOCAL
from operations.council_vote import ballot_box, frozen
from operations.installation import Installation
from rules import policy
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import SessionState

WAITS_TOO_LONG = timedelta(days=1)  # a letter that has waited longer than this is late: mail tries again within hours


class Fine(str):
    """A check's remark although nothing is wrong."""

    __slots__ = ()


def examine(installation: Installation) -> dict[str, Any]:
    """`doctor` of docs/contract.md §2: {"database", "prefect_database", "ledger_size", "checks"}. Nothing is made or mended."""
    checks: list[dict[str, Any]] = []
    reachable = lost(installation) is None and installation.ready()

    def check(name: str, test: Callable[[], str | None]) -> None:
        try:
            problem = test()
        except (Refusal, Unreadable) as refusal:
            problem = refusal.message
        except (sa.exc.SQLAlchemyError, OSError):
            problem = "Không kiểm được vì không đọc được cơ sở dữ liệu hoặc tệp."
        well = problem is None or isinstance(problem, Fine)
        checks.append({"name": name, "ok": well, "message": problem or "tốt"})

    check("database", lambda: _database(installation, reachable=reachable))
    check("ledger_key", lambda: _key(installation))
    check("folder", lambda: _folder(installation))
    check("disk", lambda: _disk(installation))
    check("business_clock", lambda: _business_clock(installation))
    if reachable:
        check("letters", lambda: _letters(installation))
        check("files", lambda: _files(installation))
        check("ballots", lambda: _ballots(installation))
        check("accounts", lambda: _accounts(installation))
        check("ledger_clock", lambda: _ledger_clock(installation))
        check("security_log", lambda: _security_log(installation))
    size = 0
    if reachable:
        with installation.database.read() as session:
            size = session.execute(sa.text("SELECT size FROM ledger_head")).scalar_one()
    prefect_database = installation.folder / "prefect" / "prefect.db"
    return {
        "database": installation.database.url.render_as_string(hide_password=True),
        "prefect_database": str(prefect_database) if prefect_database.exists() else None,
        "ledger_size": size,
        "checks": checks,
    }


def lost(installation: Installation) -> str | None:
    """Advice when the SQLite file of a folder that was set up is gone; None while it is there, or elsewhere."""
    path = installation.database.url.database
    if not installation.database.is_sqlite or path is None or Path(path).exists():
        return None
    return (
        f"Tệp cơ sở dữ liệu {path} không còn, dù thư mục đã được khởi tạo. "
        "Hãy khôi phục bản sao lưu vào một thư mục trống bằng `vinhdanh restore`."
    )


def _database(installation: Installation, *, reachable: bool) -> str | None:
    gone = lost(installation)
    if gone is not None:
        return gone
    return None if reachable else "Không đọc được cơ sở dữ liệu; kiểm tra máy chủ, ổ đĩa và VINHDANH_DATABASE_URL."


def _key(installation: Installation) -> str | None:
    return None if installation.signer.vkey else "Không có khóa sổ cái."


def _folder(installation: Installation) -> str | None:
    if not os.access(installation.folder, os.W_OK):
        return f"Không ghi được vào {installation.folder}; hãy chạy bằng người dùng sở hữu thư mục."
    found = modes.open_to_others(installation.folder)
    if found:
        named = ", ".join(path.name for path in found[:5])
        return f"Người khác trên máy này đọc được {named}; hãy chạy: chmod -R go-rwx {installation.folder}"
    return None


def _accounts(installation: Installation) -> str | None:
    """Accounts without a password, as which anybody with the server's command line can act."""
    account, grant, identity = (table(model).c for model in (Account, RoleGrant, OutsideIdentity))
    query = (
        sa.select(account.username)
        .where(account.password_hash.is_(None), account.disabled_at.is_(None))
        .where(account.id.not_in(sa.select(identity.account_id)))
        .where(
            account.id.in_(
                sa.select(grant.account_id).where(
                    grant.role.in_([role.value for role in policy.DECIDING]), grant.valid_to.is_(None)
                )
            )
        )
        .order_by(account.username)
    )
    with installation.database.read() as session:
        names = session.execute(query).scalars().all()
    if not names:
        return None
    some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return Fine(
        f"{len(names)} tài khoản có quyền quyết định chưa có mật khẩu ({some}): người dùng được dòng lệnh của máy chủ làm được thay họ. "
        "Hãy cấp đường dẫn đặt mật khẩu (vinhdanh account invite), hoặc khóa tài khoản."
    )


def _disk(installation: Installation) -> str | None:
    free = shutil.disk_usage(installation.folder).free // 2**20
    return None if free > 200 else f"Ổ đĩa chỉ còn {free} MB; hãy dọn bớt trước khi hệ thống ngừng ghi."


def _business_clock(installation: Installation) -> str | None:
    """Set, it decides deadlines and which law holds: said, lest a trial's setting stay."""
    said = installation.business_clock
    if said is None:
        return None
    return Fine(
        f"Đồng hồ nghiệp vụ đang đặt ở {said.astimezone(LOCAL):%H:%M ngày %d/%m/%Y} (--now, VINHDANH_NOW hoặc NOW trong "
        "vinhdanh.toml), không phải giờ thật: thời hạn, vai trò và luật áp dụng theo giờ đó, mỗi bản ghi sổ cái ghi rõ điều "
        "này. Khi làm việc thật, hãy bỏ thiết lập đó rồi khởi động lại."
    )


def _ledger_clock(installation: Installation) -> str | None:
    """Is the ledger's newest time in the future, and did the machine's clock ever go back?"""
    entries, head = table(LedgerEntry).c, table(LedgerHead).c
    with installation.database.read() as session:
        last = session.execute(sa.select(head.last_at)).scalar()
        back = session.execute(
            sa.select(entries.index).where(entries.kind == Kind.CLOCK_SET_BACK, entries.subject == "ledger")
        ).scalars()
        found = [str(index) for index in back]
    said = []
    if last is not None and last - datetime.now(UTC) > record.SET_RIGHT:
        said.append(
            f"Bản ghi mới nhất của sổ cái mang giờ {last.astimezone(LOCAL):%H:%M ngày %d/%m/%Y}, ở tương lai: đồng hồ máy chủ đang "
            "sai, hoặc đã sai khi ghi. Hãy chỉnh đồng hồ (NTP); bản ghi tiếp theo sẽ nói rõ và mang giờ đúng."
        )
    if found:
        said.append(
            f"Đồng hồ máy chủ từng lùi lại: bản ghi {', '.join(found[-5:])} của sổ cái nói từ giờ nào về giờ nào; giờ của các bản "
            "ghi ngay trước đó có thể sai."
        )
    return " ".join(said) if len(said) > bool(found) else Fine(said[0]) if said else None


def _letters(installation: Installation) -> str | None:
    """Well while none failed and none waits longer than a day; that some wait, and for what, is said in any case."""
    with installation.database.read() as session:
        letters = outbox.status(session)
        since = outbox.waiting_since(session)
    said = []
    if letters["failed"]:
        said.append(f"{letters['failed']} thư bị máy chủ từ chối; xem `vinhdanh notifications status`.")
    if since is not None:
        waits = f"{letters['waiting']} thư đang chờ gửi, lâu nhất từ {since.astimezone(LOCAL):%H:%M ngày %d/%m/%Y}"
        said.append(
            f"{waits}; hãy xem `vinhdanh up` có đang chạy và máy chủ thư có nhận thư không."
            if installation.settings.get("SMTP_URL")
            else f"{waits}: chưa đặt VINHDANH_SMTP_URL nên không thư nào được gửi."
        )
    late = since is not None and datetime.now(UTC) - since > WAITS_TOO_LONG
    if letters["failed"] or late:
        return " ".join(said)
    return Fine(" ".join(said)) if said else None


def _ballots(installation: Installation) -> str | None:
    """Ballots whose frozen content differs now; a box that was altered, or is empty after a restore."""
    broken = []
    with installation.database.read() as session:
        for sitting in session.exec(
            select(CouncilSession).where(col(CouncilSession.state).in_((SessionState.OPEN, SessionState.CLOSED)))
        ).all():
            try:
                frozen.require(session, sitting)
                ballot_box.unaltered(session, sitting, ballot_box.require(session, sitting))
            except Refusal as refusal:
                if refusal.code == "frozen_changed":
                    return refusal.message
                broken.append(sitting.code)
    if not broken:
        return None
    return (
        f"Hòm phiếu của phiên {', '.join(broken)} không khớp danh sách đã ký (đã bị sửa, hoặc vừa khôi phục từ bản sao "
        "lưu, vốn không chứa phiếu); hãy hủy bằng `vinhdanh ballot annul` rồi bỏ phiếu lại."
    )


def _security_log(installation: Installation) -> str | None:
    """The database's own guards as they were shipped, and the security log as its digests in the ledger say."""
    with installation.database.read() as session:
        changed = sorted({name for _, name, _ in guards.differences(session.connection())})
        altered = list(security_log.altered(session)) if not changed else []
    if changed:
        return (
            f"Các trigger bảo vệ chứng cứ không còn như khi cài đặt: {', '.join(changed[:5])}. Có người đã sửa thẳng cơ sở dữ "
            "liệu; hãy giữ một bản sao thư mục dữ liệu, chạy `vinhdanh ledger verify` và báo thanh tra."
        )
    if altered:
        return (
            f"Nhật ký an ninh đã bị sửa hoặc xóa: các dòng được ghi dấu ngày {', '.join(altered[:5])} không còn như cũ. Hãy giữ "
            "một bản sao thư mục dữ liệu, chạy `vinhdanh ledger verify` và báo thanh tra."
        )
    return None


def _files(installation: Installation) -> str | None:
    with installation.database.read() as session:
        known = session.execute(sa.text("SELECT sha256 FROM stored_file")).scalars().all()
        ours = files.belongs(session, installation.folder, mark=False)
    gone = [sha for sha in known if not files.place(installation.folder, sha).exists()]
    said = [f"{len(gone)} tệp có trong cơ sở dữ liệu mà không có trong files/; hãy khôi phục."] if gone else []
    if not ours:
        said.append(
            "Thư mục files/ thuộc về một cơ sở dữ liệu khác hoặc mới hơn (files/database.json) nên không tệp nào được dọn. Hãy "
            "kiểm tra cơ sở dữ liệu vừa khôi phục; nếu đúng, hãy xóa files/database.json."
        )
    return " ".join(said) or None
