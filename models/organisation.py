"""Units, people with accounts, dated roles and authorisations. Levels and law are dated data, never columns of a form."""

import base64
import os
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.types import UtcDateTime, check, one_of
from rules.lifecycle import Role

LEVELS = ("commune", "district", "province")


class Unit(SQLModel, table=True):
    """An agency, school, commune … as it is between two dates; reorganisation ends it and names a successor."""

    __table_args__ = (
        one_of("level", LEVELS),
        check("validity", "valid_to IS NULL OR valid_to > valid_from"),
        check("not_its_own_successor", "successor_id IS NULL OR successor_id <> id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40)
    name: str = Field(max_length=200)
    level: str = Field(max_length=20)
    is_office: bool = Field(default=False, description="the office whose council and chairman decide here")
    email: str | None = Field(default=None, max_length=254)
    # Who considers or submits follows who manages the salary fund: Law 06/2022 Art. 83.1.
    salary_fund_owner_id: int | None = Field(default=None, foreign_key="unit.id")
    valid_from: date
    valid_to: date | None = None
    successor_id: int | None = Field(default=None, foreign_key="unit.id")


def account_code() -> str:
    """A fresh code of an account: random, so that it tells nobody whose it is."""
    return "TK-" + base64.b32encode(os.urandom(10)).decode()[:10]


class Account(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(
        default_factory=account_code,
        unique=True,
        index=True,
        max_length=80,
        description="how the ledger names it in clear",
    )
    username: str = Field(unique=True, max_length=80)
    display_name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254)
    password_hash: str | None = Field(default=None, max_length=200)
    os_user: str | None = Field(default=None, max_length=80, unique=True)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RoleGrant(SQLModel, table=True):
    """A role held between two dates, for one unit where the role is a unit's."""

    __tablename__ = "role_grant"
    __table_args__ = (
        one_of("role", Role),
        check("validity", "valid_to IS NULL OR valid_to > valid_from"),
        check("unit_roles_name_a_unit", "role NOT IN ('unit_officer', 'unit_head') OR unit_id IS NOT NULL"),
        sa.UniqueConstraint("account_id", "role", "unit_id", "valid_from"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    role: str = Field(max_length=20)
    unit_id: int | None = Field(default=None, foreign_key="unit.id")
    document_number: str | None = Field(default=None, max_length=80)
    valid_from: date
    valid_to: date | None = None


class Authorisation(SQLModel, table=True):
    """Ủy quyền: a deputy signs for the chairman within dates and a scope (NĐ 30/2020 Art. 13.3)."""

    __table_args__ = (
        check("validity", "valid_to >= valid_from"),
        check("two_people", "deputy_id <> principal_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    principal_id: int = Field(foreign_key="account.id")
    deputy_id: int = Field(foreign_key="account.id", index=True)
    document_number: str = Field(max_length=80)
    scope: str = Field(default="all", max_length=200, description="'all' or award ids separated by commas")
    valid_from: date
    valid_to: date
