"""Comparison of each entry's committed actor with the row of its act."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger import kinds
from ledger.kinds import Kind
from models import LedgerAct
from models.types import table

Add = Callable[[str, object, str], None]

# Kinds that named their doer before every entry did: one of them alone does not tell which program wrote it.
_NAMED_BEFORE = frozenset(
    {
        Kind.UNIT_REGISTERED, Kind.UNIT_ENDED, Kind.ACCOUNT_CREATED, Kind.ACCOUNT_DISABLED, Kind.ACCOUNT_ENABLED,
        Kind.ACCOUNT_IDENTITIES_UNLINKED, Kind.ACCOUNT_IDENTITY_LINKED, Kind.ACCOUNT_SECOND_FACTOR_REMOVED,
        Kind.ROLE_GRANTED, Kind.ROLE_ENDED, Kind.COUNCIL_SET_UP, Kind.COUNCIL_MEMBER_APPOINTED,
        Kind.COUNCIL_MEMBER_DISMISSED, Kind.AUTHORISATION_GIVEN, Kind.AUTHORISATION_ENDED, Kind.API_TOKEN_REVOKED,
        Kind.SESSION_RESCHEDULED, Kind.SESSION_CANCELLED, Kind.REGULATION_REGISTERED, Kind.APPRAISAL_FOUND,
    }
)  # fmt: skip
_NAMES = ("by", "on_behalf_of")


class Doers:
    """The acts, walked along with the entries in their order.

    From the first entry that only a program which names every doer can have written, each entry commits to its doer
    and lies in an act; before that, who did it is unknown unless the entry says so.
    """

    def __init__(self, session: Session, add: Add) -> None:
        self._add = add
        columns = table(LedgerAct).c
        self._acts = list(
            session.execute(
                sa.select(columns.first, columns.last, columns.by, columns.on_behalf_of).order_by(columns.first)
            )
        )
        self._place = 0
        self._began = False

    def entry(self, index: int, kind: str, commitments: Mapping[str, str], opened: Mapping[str, Any]) -> None:
        """Look at the next entry; `opened` holds what its opening row says, salt and value a field."""
        act = self._act(index)
        named = "by" in commitments
        who = opened["by"][1] if "by" in opened else ""
        unnamed = isinstance(who, str) and who in kinds.UNNAMED  # never written by an earlier program
        self._began = self._began or unnamed or (named and kind not in _NAMED_BEFORE)
        if not named:
            if self._began:
                self._add("ledger_entry", index, "bản ghi không nêu ai làm")
            if act is not None:
                self._add("ledger_act", act.first, f"nêu người làm bản ghi {index}, bản ghi đó không nêu")
            return
        if act is None:
            if self._began:
                self._add("ledger_act", index, "mất dòng nói ai đã làm bản ghi này")
            return
        for name, held in zip(_NAMES, (act.by, act.on_behalf_of), strict=True):
            if name in commitments and name not in opened:
                continue  # erased: whether an entry says so is looked at with every other field
            said = opened[name][1] if name in commitments else None
            if said != held:
                what = "người làm" if name == "by" else "người được đại diện"
                self._add("ledger_act", act.first, f"{what} khác với bản ghi {index} của sổ cái")

    def _act(self, index: int) -> Any:
        """The act in which an entry lies. One that overlaps the next is found at the entry they share."""
        while self._place < len(self._acts) and self._acts[self._place].last < index:
            self._place += 1
        if self._place < len(self._acts) and self._acts[self._place].first <= index:
            return self._acts[self._place]
        return None

    def end(self, size: int) -> None:
        """After the last entry: no act lies beyond it, and no two share an entry."""
        before = -1
        for act in self._acts:
            if act.first <= before or act.last >= size:
                self._add("ledger_act", act.first, "dòng nói ai làm chồng lên dòng khác hoặc vượt quá sổ cái")
            before = act.last
