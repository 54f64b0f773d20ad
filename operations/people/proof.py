"""Proving who one is: password and second factor.

Passwords are verified outside of any transaction (Argon2id is slow on purpose), tries are counted before they are made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session

from models import Account, SecondFactor
from models.database import Database
from models.types import table
from operations import security_log
from operations.installation import Installation
from operations.people import passwords, rate_limit, second_factor
from rules.refusal import Refusal

_A, _F = table(Account).c, table(SecondFactor).c


@dataclass(frozen=True, slots=True)
class Known:
    account_id: int
    username: str
    password_hash: str | None
    disabled: bool
    sealed_secret: str | None


def prove(
    office: Installation,
    username: str,
    *,
    password: str,
    code: str | None = None,
    now: datetime,
    wall: datetime | None = None,
) -> None:
    """The same for a program's single act (a vote, a signature), which has no session. Raises what `enter` raises."""
    counters = rate_limit.of_confirmation(username)
    with proven(office, username, password, code, counters, now=now, wall=wall or datetime.now(UTC)):
        return


def prove_password(office: Installation, username: str, password: str, *, now: datetime, wall: datetime) -> None:
    """The password alone, for somebody in a session (which the second factor opened)."""
    counters = rate_limit.of_confirmation(username)
    with proven(office, username, password, None, counters, now=now, wall=wall, password_only=True):
        pass


@contextmanager
def proven(
    office: Installation,
    username: str,
    password: str,
    code: str | None,
    counters: tuple[rate_limit.Counter, ...],
    *,
    now: datetime,
    wall: datetime,
    password_only: bool = False,
) -> Iterator[tuple[Session, Known]]:
    """A transaction in which this person is proven to be who they say; a wrong try stays counted and is logged."""
    del now  # accounts are locked and tries counted by the wall clock
    database = office.database
    known = _look(database, username)
    who = known.username if known else "?"  # people type their password one field too high: it must not be kept
    rate_limit.take(database, counters, username=who, wall=wall)
    step: int | None = None
    try:
        if not passwords.matches(known.password_hash if known else None, password) or known is None:
            raise Refusal("wrong_password", "Tên đăng nhập hoặc mật khẩu không đúng.")
        if known.disabled:
            raise Refusal("account_disabled", f"Tài khoản «{username}» đã bị khóa; hãy liên hệ quản trị hệ thống.")
        sealed = None if password_only else known.sealed_secret
        if sealed is not None and code:
            of_code = rate_limit.of_code(username)
            rate_limit.take(database, of_code, username=who, wall=wall)
            counters += of_code
            step = second_factor.step_of(sealed, username, code, key=office.sealing_key, wall=wall)
        with database.begin_unrecorded() as session:
            if step is not None:
                second_factor.use(session, known.account_id, step)
            rate_limit.settle(session, counters, wall=wall)
            if sealed is None or step is not None:
                yield session, known
                return
        raise Refusal("second_factor_needed", "Tài khoản này có xác nhận hai lớp: hãy nhập mã trên thiết bị của bạn.")
    except Refusal as refusal:
        if refusal.code in _LOGGED:
            with database.begin_unrecorded() as session:
                security_log.reach(session, actor=who, verb="sign_in", subject="", refusal=refusal, wall=wall)
        raise


_LOGGED = frozenset({"wrong_password", "wrong_code", "account_disabled"})


def _look(database: Database, username: str) -> Known | None:
    with database.read() as session:
        row = session.execute(
            sa.select(_A.id, _A.username, _A.password_hash, _A.disabled_at, _F.sealed_secret, _F.confirmed_at)
            .outerjoin_from(Account, SecondFactor, _F.account_id == _A.id)
            .where(_A.username == username)
        ).one_or_none()
    if row is None:
        return None
    disabled = row.disabled_at is not None
    sealed = row.sealed_secret if row.confirmed_at is not None else None
    return Known(row.id, row.username, row.password_hash, disabled, sealed)
