"""Quotas across a unit and a round. Law 06/2022 sets none (the old 15 % ended with NĐ 91/2017): only the office's
regulation can, and without one nothing is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules import pack_files
from rules.regulation import Regulation

# Law 06/2022 Art. 24 clauses 1 and 3 are one title, "Lao động tiên tiến", kept apart here only by whom it is for.
LDTT = ("LDTT", "LDTT_ND")


@dataclass(frozen=True, slots=True)
class Excess:
    """One quota that is exceeded: by a unit, or by the whole round where `unit` is None."""

    unit: str | None
    award: str
    count: int
    ldtt: int
    percent: int
    allowed: int
    over: int
    why: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def allowed(*, ldtt: int, percent: int) -> int:
    """The largest whole number that is not above `percent` of `ldtt`; in integers."""
    return ldtt * percent // 100


def over_quota(counts: Mapping[str, Mapping[str, int]], regulation: Regulation) -> list[Excess]:
    """Who is over a quota of the regulation and by how much: units by code, then the round as a whole.

    `counts` maps a unit to its nominations by award id; an absent award is none.
    """
    total: dict[str, int] = {}
    for by_award in counts.values():
        for award, count in by_award.items():
            total[award] = total.get(award, 0) + count
    found: list[Excess] = []
    for unit, by_award in [*sorted(counts.items()), (None, total)]:
        ldtt = sum(by_award.get(award, 0) for award in LDTT)
        for award in pack_files.award_ids():
            percent, count = regulation.quota_percent_of_ldtt(award), by_award.get(award, 0)
            if percent is None or count <= allowed(ldtt=ldtt, percent=percent):
                continue
            most = allowed(ldtt=ldtt, percent=percent)
            who = f"Đơn vị {unit}" if unit else "Toàn đợt xét"
            why = (
                f"{who} đề nghị {count}, được tối đa {most} ({percent}% của {ldtt} Lao động tiên tiến, "
                f"theo {regulation.number}); vượt {count - most}."
            )
            found.append(Excess(unit, award, count, ldtt, percent, most, count - most, why))
    return found
