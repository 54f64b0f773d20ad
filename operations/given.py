"""Numbers given out and accounts locked, remembered beside the key: a restored database does not know them.

`given.json` in the data folder: the last number of every series, and the accounts that are locked, by id. It names nobody.
Read after a restore only (`operations.upkeep.restoring`). Writers are serial, so the last one has the whole truth.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Account, Counter
from models.database import BESIDE, LAST_WRITES
from models.types import as_mapping, table

PLACE = "given.json"
_NOTING = "given_noting"
_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """The last number of each series; the ids of locked accounts."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    locked: frozenset[int] = frozenset()


def note(session: Session) -> None:
    """Have this act's numbers and locks written beside the key, before it is committed."""
    if session.info.get(BESIDE) is not None and not session.info.get(_NOTING):
        session.info[_NOTING] = True
        session.info.setdefault(LAST_WRITES, []).append(_write)


def read(folder: Path) -> Given:
    """The memory of a data folder; empty without a readable file."""
    try:
        kept: Any = json.loads((folder / PLACE).read_text(encoding="utf-8"))
        numbers = {str(name): int(value) for name, value in kept["numbers"].items() if 0 < int(value) < _MOST}
        return Given(numbers, frozenset(int(one) for one in kept["locked"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Given()


def _write(session: Session) -> None:
    c, a = table(Counter).c, table(Account).c
    numbers = as_mapping(session.execute(sa.select(c.name, c.value).order_by(c.name)))
    locked = sorted(session.execute(sa.select(a.id).where(a.disabled_at.is_not(None))).scalars())
    folder: Path = session.info[BESIDE]
    # Not flushed to disk: after a power cut the newest signed note still tells how many entries there were.
    with contextlib.suppress(OSError):  # a full disk stops the act elsewhere; before `init` the folder does not exist
        handle, staged = tempfile.mkstemp(dir=folder, prefix=f".{PLACE}-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"numbers": numbers, "locked": locked}, stream)
        Path(staged).replace(folder / PLACE)
