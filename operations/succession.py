"""Whose work a unit's is after it was merged or ended: who acts for it, sees it and is written to. One answer for all three.

A unit that ended and named a successor is that one's from the day it ended, its nominations too; their own words and
papers keep the unit's name as it was. A unit that ended without one keeps its people, lest nobody could act at all.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from models import Unit
from models.types import table

_U = table(Unit).c
_Row = TypeVar("_Row", bound=Any)


@dataclass(frozen=True, slots=True)
class Heir:
    id: int
    code: str
    name: str
    email: str | None


def heirs(session: Session, on: date) -> dict[int, Heir]:
    """By the id of each unit that another one stands for on this day: that other one, the last of the chain."""
    following = {
        row.id: row.successor_id
        for row in session.execute(
            sa.select(_U.id, _U.successor_id).where(_U.successor_id.is_not(None), _U.valid_to <= on)
        )
    }
    if not following:
        return {}
    last: dict[int, int] = {}
    for unit in following:
        at, met = unit, {unit}
        while (after := following.get(at)) is not None and after not in met:
            met.add(after)
            at = after
        last[unit] = at
    rows = session.execute(sa.select(_U.id, _U.code, _U.name, _U.email).where(_U.id.in_(sorted({*last.values()}))))
    known = {row.id: Heir(row.id, row.code, row.name, row.email) for row in rows}
    return {unit: known[heir] for unit, heir in last.items() if heir != unit}


def acts_for(session: Session, units: Iterable[int], on: date) -> frozenset[int]:
    """The units for which somebody acts who was given a role in these: their own, and what became part of them."""
    given = frozenset(units)
    if not given:
        return given
    found = heirs(session, on)
    return frozenset(unit for unit in given if unit not in found) | frozenset(
        unit for unit, heir in found.items() if heir.id in given
    )


def addressed(session: Session, rows: Sequence[_Row], on: date) -> list[_Row]:
    """Snapshots with the unit that is written to about them today, where theirs has ended."""
    found = heirs(session, on)
    return [
        row
        if (heir := found.get(row.unit_id)) is None
        else dataclasses.replace(row, unit_id=heir.id, unit_code=heir.code, unit_name=heir.name, unit_email=heir.email)
        for row in rows
    ]
