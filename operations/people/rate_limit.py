"""How often somebody may try a password: counted before the attempt, so that a thousand at once gain nothing.

Fixed windows of fifteen minutes. One address has few tries at one account, more at all accounts; one account has at
most a hundred from everywhere (NIST SP 800-63B 5.2.2), so that a stranger does not lock a colleague out with ten typos.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from models import SignInAttempt
from models.database import Database
from models.types import as_mapping, table
from operations import security_log
from rules.refusal import Refusal

WINDOW = 900  # seconds
MOST_OF_ADDRESS = 100  # at all accounts: an office is one address
MOST_OF_PAIR = 10
MOST_OF_ACCOUNT = 100
MOST_CODES = 10  # one-time codes, from everywhere: whoever tries them has the password

_T = table(SignInAttempt).c
_COUNT = sa.text(
    'INSERT INTO sign_in_attempt (who, "window", count) VALUES (:who, :window, 1) '
    'ON CONFLICT (who, "window") DO UPDATE SET count = sign_in_attempt.count + 1 RETURNING count'
)
_UNCOUNT = sa.text('UPDATE sign_in_attempt SET count = count - 1 WHERE who = :who AND "window" = :window AND count > 0')
_CLEAR = sa.text('DELETE FROM sign_in_attempt WHERE who = :who AND "window" = :window')
_FORGET = sa.text('DELETE FROM sign_in_attempt WHERE "window" < :window')


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing that is counted, under a hash, and how often it may happen in a window."""

    who: str
    most: int


def of_password(username: str, address: str) -> tuple[Counter, ...]:
    """The limits that one password attempt counts towards; the address first, so that one address cannot exhaust all accounts."""
    where = place(address)
    return (
        Counter(_hash("address", where), MOST_OF_ADDRESS),
        Counter(_hash("pair", username, where), MOST_OF_PAIR),
        Counter(_hash("account", username), MOST_OF_ACCOUNT),
    )


def of_confirmation(username: str) -> tuple[Counter, ...]:
    """The limits that a password attempt inside a session counts towards; the session is already proven."""
    return (Counter(_hash("confirmation", username), MOST_OF_PAIR),)


def of_code(username: str) -> tuple[Counter, ...]:
    """The limits that one attempt of a one-time code counts towards."""
    return (Counter(_hash("code", username), MOST_CODES),)


def place(address: str) -> str:
    """One subscriber: an IPv4 address, the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        # On a socket for both, an IPv4 address comes as ::ffff:192.0.2.1; a /64 of those would be all of IPv4.
        return str(found.ipv4_mapped or ipaddress.ip_network((found.packed, 64), strict=False))
    return str(found)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def take(database: Database, counters: Sequence[Counter], *, username: str, wall: datetime) -> None:
    """Count a try that is about to be made. Raises Refusal `too_many_attempts` with `wait_seconds`.

    What is beyond a limit already is refused after a look: a flood of tries holds up nobody who writes.
    """
    window, since = divmod(int(wall.timestamp()), WINDOW)
    wait = WINDOW - since
    refusal: Refusal | None = None
    if _over(database, counters, window):  # a flood takes no lock and writes nothing
        raise _too_many(wait)
    with database.begin_unrecorded() as session:
        for counter in counters:
            count = session.execute(_COUNT, {"who": counter.who, "window": window}).scalar_one()
            if count == 1:
                session.execute(_FORGET, {"window": window - 1})
            if count > counter.most:
                refusal = _too_many(wait)
                if count == counter.most + 1:  # once a window: a flood must not fill the log
                    security_log.reach(session, actor=username, verb="sign_in", subject="", refusal=refusal, wall=wall)
                break
    if refusal is not None:
        raise refusal


def _over(database: Database, counters: Sequence[Counter], window: int) -> bool:
    """Was one of these counted past its most already, and the reach noted?"""
    with database.read() as session:
        query = sa.select(_T.who, _T["count"]).where(_T.window == window, _T.who.in_([one.who for one in counters]))
        counts = as_mapping(session.execute(query))
    return any(counts.get(one.who, 0) > one.most for one in counters)


def _too_many(wait: int) -> Refusal:
    return Refusal(
        "too_many_attempts",
        f"Đã nhập sai quá nhiều lần. Hãy đợi {-(-wait // 60)} phút rồi thử lại, hoặc đề nghị quản trị hệ thống "
        "cấp lại đường dẫn đặt mật khẩu.",
        details={"wait_seconds": wait},
    )


def settle(session: Session, counters: Iterable[Counter], *, wall: datetime) -> None:
    """A try that was right: it no longer counts, and earlier ones of this person at this place are forgiven."""
    window = int(wall.timestamp()) // WINDOW
    for counter in counters:
        shared = counter.most in {MOST_OF_ADDRESS, MOST_OF_ACCOUNT}
        session.execute(_UNCOUNT if shared else _CLEAR, {"who": counter.who, "window": window})
