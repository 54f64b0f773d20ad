"""A nomination as the rules see it: what its unit wrote down, and what the office's own register knows of the nominee."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import Nomination, Nominee, Petition, ReviewRound
from models.types import as_mapping, chunks, table
from rules import case
from rules.lifecycle import State
from rules.pack_files import is_title
from rules.refusal import Unreadable
from rules.vocabulary import PetitionState

_N = table(Nomination).c
_P = table(Nominee).c
_R = table(ReviewRound).c

# «Phân loại đối tượng» as offices write it; what is not here is left out, and the rules then say what they lack.
_GROUPS = (
    ("công chức", "civil_servant"),
    ("viên chức", "public_employee"),
    ("công nhân", "worker"),
    ("người lao động", "worker"),
    ("nông dân", "farmer"),
    ("lực lượng vũ trang", "armed_forces"),
    ("doanh nhân", "entrepreneur"),
    ("trí thức", "intellectual"),
)
GROUP_NAMES = {group: word for word, group in reversed(_GROUPS)}


def worker_group(object_class: str | None) -> str | None:
    """The group of workers that these words name first."""
    said = (object_class or "").casefold()
    return next((group for word, group in _GROUPS if said.startswith(word)), None)


def of(session: Session, codes: Sequence[str]) -> dict[str, case.Case | Unreadable]:
    """A case for each nomination; Unreadable where the unit wrote facts that cannot be."""
    found: dict[str, case.Case | Unreadable] = {}
    for chunk in chunks(codes):
        rows = session.connection().execute(_QUERY, {"codes": list(chunk)}).all()
        held = _held(session, sorted({row.nominee_id for row in rows}))
        for row in rows:
            facts = _facts(row, held.get(row.nominee_id, []))
            try:
                found[row.code] = case.read(facts)
            except Unreadable as error:
                found[row.code] = error
    return found


_QUERY = (
    sa.select(
        _N.id,
        _N.code,
        _N.award,
        _N.nominee_id,
        _N.rating,
        _N.initiative,
        _N.object_class,
        _N.achievement_key,
        _N.facts,
        _P.kind.label("nominee_kind"),
        _R.kind.label("round_kind"),
        _R.year,
        _R.level,
    )
    .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
    .join(ReviewRound, _N.round_id == _R.id)
    .where(_N.code.in_(sa.bindparam("codes", expanding=True)))
)


def _facts(row: Any, held: list[tuple[str, int, str]]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(row.facts)
    nominee: dict[str, Any] = {"kind": row.nominee_kind}
    group = worker_group(row.object_class)
    if group is not None:
        nominee["worker_group"] = group
    if "employed_months" in said:
        nominee["employed_months"] = said["employed_months"]
    facts: dict[str, Any] = {
        "award": row.award,
        "level": row.level,
        "kind": row.round_kind,
        "nominee": nominee,
        "year": row.year,
        # The unit's tờ trình attests that nothing is under way and nobody was disciplined, unless it says otherwise.
        # What a citizen sends in is no complaint under resolution yet: it keeps a dossier from being passed unseen
        # (`review.pass_review`), and a person decides whether to pause it.
        "pending": sorted(said.get("pending", [])),
        "disciplines": said.get("disciplines", []),
    }
    ratings = {str(row.year): row.rating} if row.rating else {}
    ratings |= said.get("ratings", {})
    if ratings:
        facts["ratings"] = ratings
    for name in ("initiatives", "research", "grounds", "not_attested", "simplified_ground"):
        if name in said:
            facts[name] = said[name]
    if row.initiative and "initiatives" not in said:
        facts["initiatives"] = [{"year": row.year, "scope": "base"}]
    for name, of_titles in (("titles", True), ("commendations", False)):
        known = [{"award": award, "year": year} for award, year, _ in held if is_title(award) is of_titles]
        if name in said or known:
            facts[name] = [*said.get(name, []), *(one for one in known if one not in said.get(name, []))]
    earlier = sorted({award for award, _, key in held if key and key == row.achievement_key and not is_title(award)})
    if earlier:
        facts["achievement"] = {"id": row.achievement_key, "already_awarded": earlier}
    if row.nominee_kind == "collective":
        collective = dict(said.get("collective", {}))
        if row.rating:
            collective["rating"] = row.rating
        facts["collective"] = collective
    return facts


def _held(session: Session, nominees: Sequence[int]) -> dict[int, list[tuple[str, int, str]]]:
    """Awards that this office's own decisions gave a nominee: (award, year, achievement), without revoked ones."""
    held: dict[int, list[tuple[str, int, str]]] = {}
    for chunk in chunks(nominees):
        query = (
            sa.select(_N.nominee_id, _N.award, _R.year, _N.achievement_key)
            .join_from(Nomination, ReviewRound, _N.round_id == _R.id)
            .where(
                _N.nominee_id.in_(chunk),
                _N.state.in_([State.SIGNED.value, State.DISCLOSED.value, State.CLOSED.value]),
            )
        )
        for nominee_id, award, year, key in session.connection().execute(query):
            held.setdefault(nominee_id, []).append((award, year, key))
    return held


def complained_of(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Nomination → the first citizen's petition about it that an officer has taken up and nobody answered yet."""
    found: dict[str, str] = {}
    p = table(Petition).c
    for chunk in chunks(codes):
        query = (
            sa.select(_N.code, sa.func.min(p.code))
            .join_from(Petition, Nomination, p.nomination_id == _N.id)
            .where(p.state == PetitionState.TAKEN, _N.code.in_(chunk))
            .group_by(_N.code)
        )
        found |= as_mapping(session.connection().execute(query))
    return found
