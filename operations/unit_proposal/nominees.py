"""Nominees of a unit: persons, collectives, households that it proposed before, and new ones.

A nominee is only who it is. What is said of them (post, workplace, address …) belongs to each nomination: a promotion
changes nothing that was said, published or signed before. Nobody is joined on likeness: that is for people to say.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.kinds import Kind
from models import Nomination, Nominee, Unit
from models.types import chunks, table
from operations import numbering, record
from rules import likeness, names
from rules.vocabulary import NomineeKind

# Details of a nominee that belong to the nomination with which they were submitted.
SAID = ("name", "honorific", "position", "workplace", "gender", "ethnicity", "birth_date", "email")
_N = table(Nomination).c
_P = table(Nominee).c


def same_text(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


def called(who: Any) -> str:
    """Kind, name with its marks and birth date: what namesakes share."""
    return "|".join([who.kind, same_text(who.name), who.birth_date.isoformat() if who.birth_date else ""])


def identity(who: Any) -> str:
    """The key by which a nominee is the same within a unit."""
    return f"{called(who)}|{who.namesake}"


def post(who: Any, kind: str) -> str:
    """Post and workplace: they distinguish namesakes without birth dates."""
    position = same_text(who.position) if kind == NomineeKind.INDIVIDUAL else ""
    return f"{position}|{same_text(who.workplace)}"


@dataclass(slots=True)
class Known:
    """A nominee of the unit: those of the namesakes' posts that its nominations say, the newest last."""

    id: int
    code: str
    namesake: int
    posts: dict[str, None]


Roll = dict[str, list[Known]]  # by what namesakes share, the earliest first


def roll(session: Session, unit_id: int, wanted: Sequence[Any], *, but: int | None = None) -> Roll:
    """Whom this unit proposed before under these names and birth dates; `but` is a nomination that is not looked at."""
    found: Roll = defaultdict(list)
    by_id: dict[int, tuple[Known, str]] = {}
    asked = {called(who) for who in wanted}
    for chunk in chunks(sorted({names.fold(who.name) for who in wanted})):
        query = sa.select(_P.id, _P.code, _P.kind, _P.name, _P.birth_date, _P.namesake).where(
            _P.unit_id == unit_id, _P.name_key.in_(chunk)
        )
        for row in session.execute(query.order_by(_P.namesake)):
            if (name := called(row)) in asked:
                known = Known(row.id, row.code, row.namesake, {})
                found[name].append(known)
                by_id[row.id] = known, row.kind
    for part in chunks(list(by_id)):
        said = sa.select(_N.nominee_id, _N.position, _N.workplace).where(_N.nominee_id.in_(part), _N.id != (but or 0))
        for row in session.execute(said.order_by(_N.id)):
            known, kind = by_id[row.nominee_id]
            where = post(row, kind)
            known.posts.pop(where, None)
            known.posts[where] = None
    return found


def known_as(known: Mapping[str, list[Known]], who: Any) -> Known | None:
    """Which of them this is; None: nobody yet.

    A birth date tells who it is whatever the post has become; without one only the same post does. Of several whom a
    birth date does not tell apart either, it is the one who stood there last.
    """
    namesakes = known.get(called(who), [])
    if who.birth_date is not None and len(namesakes) == 1:
        return namesakes[0]
    where = post(who, who.kind)
    return next((one for one in reversed(namesakes) if where in one.posts), None)


Fresh = list[tuple[Known, Any]]


def assign(wanted: Sequence[Any], known: Roll) -> tuple[list[Known], Fresh]:
    """For each of those wanted who it is, and those who are new; `known` knows them from here on, without a number."""
    fresh: Fresh = []
    found: list[Known] = []
    for who in wanted:
        one = _another(known.get(called(who), []), who, found) if who.another else known_as(known, who)
        if one is None:
            namesakes = known.setdefault(called(who), [])
            one = Known(0, "", max((other.namesake for other in namesakes), default=0) + 1, {})
            namesakes.append(one)
            fresh.append((one, who))
        one.posts[post(who, who.kind)] = None
        found.append(one)
    return found, fresh


def _another(namesakes: Sequence[Known], who: Any, taken: Sequence[Known]) -> Known | None:
    """Which namesake somebody is who is said to be another than all the others of the list."""
    where = post(who, who.kind)
    return next((one for one in reversed(namesakes) if where in one.posts and all(one is not it for it in taken)), None)


def register(session: Session, unit: Unit, fresh: Fresh, *, by: str) -> None:
    """Number those who are new, store them, and write them into the ledger."""
    if not fresh:
        return
    rows = []
    # The series is this table's own: its number is the row's id.
    for number, (one, who) in zip(numbering.take(session, "nominee", len(fresh)), fresh, strict=True):
        one.id, one.code = number, f"NN-{number:06d}"
        rows.append(
            {
                "id": number,
                "code": one.code,
                "unit_id": unit.id,
                "kind": who.kind,
                "name": who.name,
                "name_key": names.fold(who.name),
                "alike_key": likeness.key(who.name),
                "identity": f"{called(who)}|{one.namesake}",
                "namesake": one.namesake,
                "birth_date": who.birth_date,
            }
        )
    session.connection().execute(sa.insert(table(Nominee)), rows)
    record.record(
        session,
        Kind.NOMINEE_REGISTERED,
        [(row["code"], aspects(SimpleNamespace(**row), unit.code)) for row in rows],
        by=by,
    )


def aspects(row: Any, unit_code: str) -> dict[str, Any]:
    """A nominee as the ledger commits to it."""
    return {"called": row.name, "identity": [unit_code, row.kind, row.birth_date, row.namesake]}


def said_aspects(row: Any) -> dict[str, Any]:
    """A nomination's details of its nominee, as the ledger commits to them."""
    return {
        "name": row.name,
        "position": [row.position, row.workplace],
        "person": [row.honorific, row.gender, row.ethnicity, row.birth_date, row.email],
    }
