"""The second factor: time-based one-time passwords (RFC 6238). A code is good once, one step early or late.

Its secret is sealed (AES-256-GCM) under a key that lies in the data folder, not in the database.
"""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from ledger.kinds import Kind
from models import Account, SecondFactor
from models.types import table
from operations import access, identity, record
from operations.access import Actor
from operations.people import accounts, endings, four_eyes
from operations.people.four_eyes import Waiting
from rules.lifecycle import Role
from rules.refusal import Refusal

STEP = 30  # seconds
ISSUER = "Vinh Danh"
_F = table(SecondFactor).c


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The setup of an authenticator app, shown once: the secret in base32, and as an address for a QR code."""

    secret: str
    uri: str


def set_up(session: Session, account: Account, *, key: bytes, again: bool = False) -> Enrolment:
    """A new secret for the account, of no force until `confirm`; `again`: the pending one. Raises `second_factor_set`."""
    row = session.get(SecondFactor, account.id)
    if row is not None and row.confirmed_at is not None:
        raise Refusal(
            "second_factor_set", "Tài khoản đã có xác nhận hai lớp. Hãy gỡ (cần mật khẩu) trước khi cài thiết bị khác."
        )
    if row is not None and again:
        secret = _unseal(row.sealed_secret, account.username, key)
    else:
        secret = pyotp.random_base32()
        row = row or SecondFactor(account_id=account.id or 0, sealed_secret="")
        row.sealed_secret = _seal(secret, account.username, key)
        session.add(row)
        session.flush()
    # An app knows its entries by issuer and name: those of two installations must not take each other's place.
    name = f"{account.username}@{identity.of(session)}"
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


def confirm(session: Session, account: Account, *, code: str, key: bytes, wall: datetime) -> None:
    """The app shows the right code: from now on each sign-in asks for one. Raises Refusal `wrong_code`, `no_second_factor`."""
    row = session.get(SecondFactor, account.id)
    if row is None or row.confirmed_at is not None:
        raise Refusal("no_second_factor", "Chưa có thiết bị nào đang chờ xác nhận; hãy bắt đầu cài đặt lại.")
    row.last_step = step_of(row.sealed_secret, account.username, code, key=key, wall=wall)
    row.confirmed_at = wall
    session.add(row)
    session.flush()
    record.record(session, Kind.ACCOUNT_SECOND_FACTOR_SET, [(account.code, aspects(row))], by=account.username)


def remove(session: Session, account: Account, *, by: str) -> None:
    """Take the second factor away: by its owner with the password, or by an administrator. Raises `no_second_factor`."""
    row = session.get(SecondFactor, account.id)
    if row is None:
        raise Refusal("no_second_factor", f"Tài khoản «{account.username}» không có xác nhận hai lớp.")
    was_set = row.confirmed_at is not None
    session.delete(row)
    session.flush()
    if was_set:
        record.record(session, Kind.ACCOUNT_SECOND_FACTOR_REMOVED, [(account.code, aspects(None))], by=by)


def aspects(row: SecondFactor | None) -> dict[str, Any]:
    """Its content in the ledger: the day it was set, and a digest that reveals an exchanged secret."""
    if row is None or row.confirmed_at is None:  # one that waits for its first code is of no force
        return {"second_factor": None}
    return {"second_factor": [hashlib.sha256(row.sealed_secret.encode()).hexdigest(), row.confirmed_at]}


def step_of(sealed: str, username: str, code: str, *, key: bytes, wall: datetime) -> int:
    """The time step whose code this is: now, one before or one after. Raises Refusal `wrong_code`."""
    totp = pyotp.TOTP(_unseal(sealed, username, key))
    typed = "".join(code.split()).encode("utf-8", "replace")
    now = int(wall.timestamp()) // STEP
    fits = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(step).encode(), typed)]
    if not fits:
        raise wrong_code()
    return fits[0]


def use(session: Session, account_id: int, step: int) -> None:
    """Spend the code of this step. Raises Refusal `wrong_code` when it, or a later one, was used before."""
    statement = sa.update(SecondFactor).where(_F.account_id == account_id, _F.last_step < step).values(last_step=step)
    if session.connection().execute(statement).rowcount != 1:
        raise wrong_code()


def wrong_code() -> Refusal:
    return Refusal(
        "wrong_code",
        "Mã xác nhận không đúng, đã hết hạn hoặc đã dùng. Hãy đợi mã mới trên thiết bị (30 giây) rồi nhập lại.",
    )


def _seal(secret: str, username: str, key: bytes) -> str:
    nonce = os.urandom(12)
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, secret.encode(), username.encode())).decode()


def _unseal(sealed: str, username: str, key: bytes) -> str:
    raw = urlsafe_b64decode(sealed)
    try:
        return AESGCM(key).decrypt(raw[:12], raw[12:], username.encode()).decode()
    except InvalidTag:
        raise Refusal(
            "second_factor_lost",
            "Khóa của xác nhận hai lớp không mở được (khóa trong thư mục dữ liệu đã đổi). "
            "Hãy đề nghị quản trị hệ thống gỡ xác nhận hai lớp rồi cài lại.",
        ) from None


def reset(
    session: Session, username: str, *, actor: Actor, now: datetime, wall: datetime | None = None
) -> Waiting | None:
    """Remove a second factor (a lost phone) and end the account's sessions. Raises Refusal `no_second_factor`.

    Returns the request that a second person must confirm first, or the one already carried out.
    """
    access.require(actor, Role.ADMINISTRATOR)
    account = accounts.named(session, username)
    factor = session.get(SecondFactor, account.id)
    asked = None
    if factor is not None and factor.confirmed_at is not None:  # else there is nothing that guards the account
        asked = four_eyes.ask(session, account, "second_factor", actor=actor, now=now, wall=wall)
    if asked is not None and asked.state == "asked":
        return four_eyes.shown(session, asked, account, now=now)
    taken(session, account, four_eyes.Doer(actor.username, alone=asked is not None), now=now)
    return None


def taken(session: Session, account: Account, doer: four_eyes.Doer, *, now: datetime) -> None:
    remove(session, account, by=doer.acting)
    four_eyes.tell(session, account, "Xác nhận hai lớp của tài khoản vừa được gỡ.", doer, now=now)
    endings.everything(session, account, by=doer.acting)
