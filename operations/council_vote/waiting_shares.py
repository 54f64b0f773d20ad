"""A teller's share waits here from the opening until that teller takes it, once, with the own password.

What lies in the database is sealed (AES-256-GCM) under a key of its own, which lies in the data folder and goes when the
share is taken: copies of the database, backups among them, open nothing. Until then whoever reads both, on the server,
could gather the shares: tellers should take theirs at once, and the session's page says who has.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import CouncilSession, WaitingShare
from models.database import gone
from operations import announce, files, record
from operations.access import Actor
from operations.council_vote import sessions
from rules.refusal import Refusal

FOLDER = "shares"


def keep(session: Session, folder: Path, session_code: str, shares: Mapping[str, str], *, by: str) -> None:
    """Seal each teller's share and tell the tellers. In the transaction that opens the ballot."""
    sitting = sessions.by_code(session, session_code)
    seats = {member.username: member for member in sessions.members_of(session, sitting)}
    rows = []
    for username, text in shares.items():
        key, nonce = os.urandom(32), os.urandom(12)
        _write(_place(folder, sitting, username), key)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(sitting, username))
        rows.append(WaitingShare(session_id=sitting.id or 0, username=username, sealed=sealed))
    session.add_all(rows)
    session.flush()
    index = record.record(
        session,
        Kind.BALLOT_SHARE_KEPT,
        [(f"{sitting.code}/{seats[row.username].member}", aspects(row)) for row in rows],
        by=by,
    )
    announce.notices(
        session,
        [
            announce.Notice(
                kind="share_waits",
                about=f"{sitting.code}/{index}",
                to=seats[row.username].email,
                recipient=seats[row.username].member,
                context={"member_name": seats[row.username].name, "session_code": sitting.code},
            )
            for row in rows
        ],
    )


def take(session: Session, folder: Path, session_code: str, *, actor: Actor, now: datetime) -> str:
    """The actor's own share, for the first and last time. The door has asked for the password; it calls `forget` after.

    Raises Refusal `not_a_member`, `not_a_teller`, `no_share`, `share_taken`, `share_lost`.
    """
    sitting = sessions.by_code(session, session_code)
    seat = sessions.seat_of(session, sitting, actor)
    if not seat.teller:
        raise Refusal(
            "not_a_teller", f"Bạn không ở trong tổ kiểm phiếu của phiên {sitting.code} nên không có mảnh khóa.",
            reach=True,
        )  # fmt: skip
    row = session.get(WaitingShare, (sitting.id, seat.username))
    if row is None:
        raise Refusal(
            "no_share",
            f"Phiên {sitting.code} không có mảnh khóa nào chờ bạn: chưa mở phiếu kín, hoặc các mảnh đã được giao tận tay "
            "tại máy chủ khi mở phiếu. Hãy hỏi thư ký Hội đồng.",
        )
    if row.taken_at is not None or row.sealed is None:
        raise Refusal(
            "share_taken",
            f"Mảnh khóa của bạn ở phiên {sitting.code} đã được lấy hoặc không còn cần đến; máy chủ không giữ bản nào. "
            "Nếu không phải bạn lấy, hãy báo ngay thư ký và thanh tra để hủy cuộc bỏ phiếu.",
        )
    try:
        key = _place(folder, sitting, seat.username).read_bytes()
        text = AESGCM(key).decrypt(row.sealed[:12], row.sealed[12:], _bound(sitting, seat.username)).decode()
    except (FileNotFoundError, InvalidTag, ValueError):
        raise Refusal(
            "share_lost",
            f"Mảnh khóa của bạn ở phiên {sitting.code} không mở được nữa (máy chủ đã được khôi phục hoặc bị sửa). Nếu các "
            "mảnh còn lại không đủ, hãy hủy cuộc bỏ phiếu để bỏ phiếu lại (dòng lệnh: `vinhdanh ballot annul`).",
        ) from None
    gone(session)
    row.sealed, row.taken_at = None, now
    session.add(row)
    session.flush()
    record.record(
        session, Kind.BALLOT_SHARE_TAKEN, [(f"{sitting.code}/{seat.member}", aspects(row))], by=actor.username
    )
    return text


def drop(session: Session, sitting: CouncilSession) -> None:
    """The ballot is counted or annulled: shares that nobody took are erased; `sweep` removes their keys."""
    gone(session)
    for row in session.exec(select(WaitingShare).where(WaitingShare.session_id == sitting.id)).all():
        row.sealed = None
        session.add(row)
    session.flush()


def taken(session: Session, sitting: CouncilSession) -> dict[str, datetime | None]:
    """Teller's username → when the share was taken, None: it waits. Empty where shares were handed over at the server."""
    query = select(WaitingShare).where(WaitingShare.session_id == sitting.id).order_by(col(WaitingShare.username))
    return {row.username: row.taken_at for row in session.exec(query)}


def aspects(row: WaitingShare) -> dict[str, Any]:
    return {"taken": row.taken_at}


def forget(folder: Path, session_code: str, username: str) -> None:
    """Remove the key of a share that was taken: what is left of it anywhere opens nothing. After the commit."""
    files.shred(folder / FOLDER / _name(session_code, username))


def sweep(session: Session, folder: Path) -> int:
    """Remove keys without a waiting share (after a crash, or because the ballot is over). Returns the number."""
    waiting = {
        _name(code, username)
        for code, username in session.exec(
            select(CouncilSession.code, WaitingShare.username)
            .join(WaitingShare, col(WaitingShare.session_id) == col(CouncilSession.id))
            .where(col(WaitingShare.sealed).is_not(None))
        )
    }
    found = [path for path in (folder / FOLDER).glob("*.key") if path.name not in waiting]
    for path in found:
        files.shred(path)
    return len(found)


def _place(folder: Path, sitting: CouncilSession, username: str) -> Path:
    return folder / FOLDER / _name(sitting.code, username)


def _name(session_code: str, username: str) -> str:
    return f"{session_code}.{quote(username, safe='')}.key"


def _bound(sitting: CouncilSession, username: str) -> bytes:
    return f"vinhdanh/share/1/{sitting.code}/{username}".encode()


def _write(place: Path, key: bytes) -> None:
    """On the disk before the row is: a share that waits can be opened."""
    place.parent.mkdir(mode=0o700, exist_ok=True)
    draft = place.with_name(place.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(place)
    handle = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
