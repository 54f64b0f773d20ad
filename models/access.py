"""Signing in: web sessions, second factors, outside identities, tokens of programs, and failed attempts.

No secret is kept that could be used from a copy of the database: sessions and tokens are kept as SHA-256 only, and the
key of a second factor is sealed under a key of the data folder.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of


class WebSession(SQLModel, table=True):
    """One signed-in browser. The cookie holds the token, the database only its hash."""

    __tablename__ = "web_session"

    token_sha256: str = Field(primary_key=True, min_length=64, max_length=64)
    account_id: int = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime, description="idle limit; noted at most once in five minutes")
    confirmed_at: datetime = Field(sa_type=UtcDateTime, description="when the password was last entered")
    ends_at: datetime = Field(sa_type=UtcDateTime, description="absolute limit")
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SecondFactor(SQLModel, table=True):
    """A time-based one-time password (RFC 6238). A code is good once: its step is kept."""

    __tablename__ = "second_factor"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    sealed_secret: str = Field(max_length=300)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_step: int = 0


class OutsideIdentity(SQLModel, table=True):
    """The identity of an account at the office's identity provider (OpenID Connect: issuer and subject)."""

    __tablename__ = "outside_identity"
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    issuer: str = Field(max_length=300)
    subject: str = Field(max_length=300)


class AccountRequest(SQLModel, table=True):
    """An administrator's request about an account with a deciding role (now or soon): effective once a second person confirms.

    `alone`: nobody else was there who could confirm it, and it was done as asked.
    """

    __tablename__ = "account_request"
    __table_args__ = (
        one_of("act", ("link", "second_factor", "identity", "role")),
        one_of("state", ("asked", "alone", "confirmed", "refused", "withdrawn")),
        check("who_settled_it", "(settled_by IS NULL) = (state IN ('asked', 'alone'))"),
        check("settled_at_an_hour", "(settled_by IS NULL) = (settled_at IS NULL)"),
        check("two_people", "state NOT IN ('confirmed', 'refused') OR settled_by <> asked_by"),
        check("identity_named", "(act = 'identity') = (issuer IS NOT NULL AND subject IS NOT NULL)"),
        check("link_named", "(act = 'link') = (link IS NOT NULL)"),
        check("role_named", "(act = 'role') = (gives IS NOT NULL)"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    act: str = Field(max_length=20)
    link: str | None = Field(default=None, max_length=80, unique=True, description="the key of the one-time link")
    issuer: str | None = Field(default=None, max_length=300)
    subject: str | None = Field(default=None, max_length=300)
    gives: str | None = Field(default=None, description="JSON: the role, its unit, its document, from when")
    asked_by: str = Field(max_length=80)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    valid_until: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(default="asked", max_length=10)
    settled_by: str | None = Field(default=None, max_length=80)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneTimeLink(SQLModel, table=True):
    """A one-time link: its holder sets the account's password once. Only the hash of the link is stored."""

    __tablename__ = "one_time_link"

    key: str = Field(primary_key=True, max_length=80)
    username: str = Field(max_length=80, index=True)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    valid_until: datetime = Field(sa_type=UtcDateTime)
    ended: bool = False


class ApiToken(SQLModel, table=True):
    """A program's bearer token: acts as its account, within a scope, until a day."""

    __tablename__ = "api_token"
    __table_args__ = (one_of("scope", ("read", "write")), check("validity", "expires_at > created_at"))

    id: int | None = Field(default=None, primary_key=True)
    token_sha256: str = Field(unique=True, min_length=64, max_length=64)
    account_id: int = Field(foreign_key="account.id", index=True)
    scope: str = Field(max_length=10)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignInAttempt(SQLModel, table=True):
    """Failed attempts by account name or address (hashed) in a window: what the rate limit counts."""

    __tablename__ = "sign_in_attempt"

    who: str = Field(primary_key=True, max_length=80, description="hash of a username or of a network address")
    window: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    count: int = 0


class Comment(SQLModel, table=True):
    """A remark on a nomination among those who may read it. Append-only by trigger."""

    id: int | None = Field(default=None, primary_key=True)
    nomination_id: int = Field(foreign_key="nomination.id", index=True)
    author: str = Field(max_length=80)
    author_name: str = Field(max_length=200)
    text: str = Field(max_length=2000)
    at: datetime = Field(sa_type=UtcDateTime)
