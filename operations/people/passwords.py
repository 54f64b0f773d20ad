"""Passwords: how they are kept, which are good enough, and putting another one in place."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlmodel import Session

from ledger.kinds import Kind
from models import Account
from operations import free_text, record
from operations.people import notices
from rules.refusal import Refusal

SHORTEST = 12
LONGEST = 200  # more would only cost computing time
_HASHER = PasswordHasher()
_AT_ONCE = threading.BoundedSemaphore(4)  # each hash takes 64 MB: a rush of sign-ins must not take them all at once


def hash_password(password: str) -> str:
    """Argon2id (RFC 9106) with the library's defaults, over the text in NFC: two keyboards type «ế» in two ways."""
    with _AT_ONCE:
        return _HASHER.hash(unicodedata.normalize("NFC", password))


def matches(stored: str | None, password: str) -> bool:
    """Is this the password behind the hash? Without a hash it takes the same time and is not. Holds no transaction."""
    try:
        with _AT_ONCE:
            _HASHER.verify(stored or _DUMMY, unicodedata.normalize("NFC", password))
    except (VerifyMismatchError, UnicodeEncodeError):
        return False
    return stored is not None


_DUMMY = _HASHER.hash("no account has this password")


def require_good(username: str, password: str) -> None:
    """Raise Refusal `weak_password` for a chosen password that is short, endless, monotonous or the username.

    NIST SP 800-63B 5.1.1.2: length counts, rules about kinds of characters do not.
    """
    free_text.check("Mật khẩu", password, LONGEST)
    if len(password) < SHORTEST:
        raise Refusal("weak_password", f"Mật khẩu phải có ít nhất {SHORTEST} ký tự; một câu ngắn là tốt.")
    if password.strip().casefold() == username.casefold() or len(set(password)) < 5:
        raise Refusal(
            "weak_password", "Mật khẩu không được là tên đăng nhập hay vài ký tự lặp lại. Hãy chọn một câu khó đoán."
        )


def set_password(session: Session, account: Account, password_hash: str, *, by: str) -> None:
    """Another password for the account; who calls this has proven who asks for it. Its owner is told by letter."""
    again = account.password_hash is not None
    account.password_hash = password_hash
    session.add(account)
    session.flush()
    index = record.record(session, Kind.ACCOUNT_PASSWORD_SET, [(account.code, {"password": password_hash})], by=by)
    if again:
        notices.account_changed(session, account, "Mật khẩu của tài khoản vừa được đổi.", by=by, index=index)
