"""Ties between the members of a session and the nominees before it: found in the data, written down, asked about.

The data only ask (`rules.conflicts`); what follows is decided by people (`conflicts_of_interest`). The Law says nothing
of standing aside, so the office's own regulation is what stands behind it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from ledger.kinds import Kind
from models import (
    Account,
    Authorisation,
    Conflict,
    CouncilMember,
    CouncilSession,
    Nomination,
    Nominee,
    Recusal,
    ReviewRound,
    RoleGrant,
    SessionMember,
    Unit,
)
from models.types import as_mapping, chunks, table
from operations import access, announce, recipients, record, regulations, transition
from rules import conflicts, names
from rules.award_history import Past
from rules.conflicts import Finding, Member, Person
from rules.lifecycle import Role, State
from rules.refusal import Citation, Refusal
from rules.vocabulary import ConflictGround, ConflictSource, ConflictState, ConflictStrength, NomineeKind

LONGEST_MESSAGE = 1000
_UNIT_ROLES = (Role.UNIT_OFFICER.value, Role.UNIT_HEAD.value)
# What an earlier round ended in for somebody who was honoured, or proposed upward by this office.
_AWARDED = (State.SIGNED.value, State.FORWARDED.value, State.DISCLOSED.value, State.CLOSED.value)
_SETTLING = {
    ConflictState.RECUSED: ((ConflictState.OPEN, ConflictState.DENIED, ConflictState.WAIVED), Kind.CONFLICT_RECUSED),
    ConflictState.DENIED: ((ConflictState.OPEN,), Kind.CONFLICT_DENIED),
    ConflictState.WAIVED: (conflicts.UNCLEARED, Kind.CONFLICT_WAIVED),
}
_C, _N, _P, _U, _A, _R, _G, _M = (
    table(model).c
    for model in (Conflict, Nomination, Nominee, Unit, Account, ReviewRound, RoleGrant, SessionMember)
)  # fmt: skip


def basis(session: Session, sitting: CouncilSession) -> Citation:
    """The legal basis of a recusal in this session: the office's regulation, by its number and date."""
    parsed = regulations.of_round(session, session.get_one(ReviewRound, sitting.round_id))
    return Citation(document=f"Quy chế số {parsed.number} ngày {parsed.date:%d/%m/%Y}")


def look(session: Session, sitting: CouncilSession, *, by: str, now: datetime) -> list[Conflict]:
    """Look at the data again and write down what was not known yet; the member and the secretary are asked by letter.

    Nothing that people have settled is opened again; a question still open becomes certain when the data now say so.
    """
    known = {
        (row.username, row.nomination_id, row.ground): row
        for row in session.exec(select(Conflict).where(Conflict.session_id == sitting.id))
    }
    aside = set(
        session.exec(select(Recusal.username, Recusal.nomination_id).where(Recusal.session_id == sitting.id)).all()
    )
    findings, ids = _detect(session, sitting)
    fresh, surer = [], []
    for found in findings:
        key = (found.member, ids[found.nomination], found.ground.value)
        row = known.get(key)
        if key[:2] in aside:
            continue
        if row is None:
            fresh.append(_row(sitting, found, key[1], now=now))
        elif row.strength != found.strength and found.strength == ConflictStrength.CERTAIN:
            row.strength, row.message = found.strength, found.sentence[:LONGEST_MESSAGE]
            surer.append(row)
    number(known.values(), fresh)
    session.add_all([*fresh, *surer])
    session.flush()
    index = write_down(session, sitting, [*fresh, *surer], Kind.CONFLICT_DETECTED, by=by)
    _ask(session, sitting, [*fresh, *surer], about=str(index), now=now)
    return fresh


def _row(sitting: CouncilSession, found: Finding, nomination_id: int, *, now: datetime) -> Conflict:
    return Conflict(
        session_id=sitting.id or 0,
        username=found.member,
        nomination_id=nomination_id,
        ground=found.ground.value,
        source=ConflictSource.DETECTED.value,
        strength=found.strength,
        message=found.sentence[:LONGEST_MESSAGE],
        found_at=now,
    )


def number(known: Iterable[Conflict], fresh: Sequence[Conflict]) -> None:
    """Number new conflicts after those that the same member has with the same nomination."""
    last = Counter((row.username, row.nomination_id) for row in known)
    for row in fresh:
        last[row.username, row.nomination_id] += 1
        row.number = last[row.username, row.nomination_id]


def write_down(session: Session, sitting: CouncilSession, rows: Sequence[Conflict], kind: Kind, *, by: str) -> int:
    """The ledger's entries of these conflicts as they stand now. Returns the index of the first."""
    if not rows:
        return record.size(session)
    numbers = as_mapping(session.execute(sa.select(_M.username, _M.member).where(_M.session_id == sitting.id)))
    codes = codes_of(session, {row.nomination_id for row in rows})
    return record.record(
        session,
        kind,
        [
            (f"{sitting.code}/{numbers[row.username]}/{codes[row.nomination_id]}/{row.number}", aspects(row))
            for row in rows
        ],
        by=by,
    )


def settle(
    session: Session,
    sitting: CouncilSession,
    username: str,
    nominations: Sequence[int],
    *,
    state: str,
    by: str,
    reason: str,
    now: datetime,
) -> list[Conflict]:
    """Settle what was asked of a member about these nominations. Returns the rows that changed.

    A recusal settles everything, a denial what is open, a waiver also what the member denied.
    """
    before, kind = _SETTLING[ConflictState(state)]
    rows = [
        row
        for chunk in chunks(sorted(nominations))
        for row in session.exec(
            select(Conflict)
            .where(
                Conflict.session_id == sitting.id,
                Conflict.username == username,
                col(Conflict.nomination_id).in_(chunk),
                col(Conflict.state).in_(before),
            )
            .order_by(col(Conflict.id))
        )
    ]
    for row in rows:
        row.state, row.settled_by, row.settled_at, row.reason = state, by, now, reason.strip()
    session.add_all(rows)
    session.flush()
    write_down(session, sitting, rows, kind, by=by)
    return rows


def aspects(row: Conflict) -> dict[str, Any]:
    return {
        "ground": row.ground,
        "found": [row.source, row.strength, row.message, row.found_at],
        "settled": [row.state, row.settled_by, row.settled_at, row.reason],
    }


def codes_of(session: Session, ids: Collection[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(sorted(ids)):
        found |= as_mapping(session.execute(sa.select(_N.id, _N.code).where(_N.id.in_(chunk))))
    return found


def require_cleared(session: Session, sitting: CouncilSession) -> list[str]:
    """Raise Refusal `conflict_unsettled` while a certain tie to a waiting nomination is neither recused nor waived.

    A member's own denial of a certain tie is not enough: a second person, the secretary, waives it or does not.
    Returns the open questions as warnings; they stop nothing.
    """
    recused = sa.exists().where(
        table(Recusal).c.session_id == _C.session_id,
        table(Recusal).c.username == _C.username,
        table(Recusal).c.nomination_id == _C.nomination_id,
    )
    rows = session.execute(
        sa.select(_C.strength, _C.state, _M.member, _M.name, _N.code, _C.ground)
        .join_from(Conflict, Nomination, _C.nomination_id == _N.id)
        .join(SessionMember, (_M.session_id == _C.session_id) & (_M.username == _C.username))
        .where(
            _C.session_id == sitting.id,
            _C.state.in_(conflicts.UNCLEARED),
            _N.state == State.ELIGIBLE.value,
            sa.not_(recused),
        )
        .order_by(_M.member, _N.code, _C.ground)
    ).all()
    certain = [row for row in rows if row.strength == ConflictStrength.CERTAIN]
    if certain:
        raise Refusal(
            "conflict_unsettled",
            f"Còn {len(certain)} trường hợp có căn cứ rõ về xung đột lợi ích chưa giải quyết: {_names(certain)}. Thành "
            f"viên khai báo tránh, hoặc trả lời không liên quan rồi thư ký xác nhận, ở trang Xung đột lợi ích của phiên "
            f"(dòng lệnh: `vinhdanh council conflicts {sitting.code}`, rồi declare, deny, waive).",
            citation=basis(session, sitting),
            details={
                "conflicts": [{"member": row.member, "nomination": row.code, "ground": row.ground} for row in certain]
            },
        )
    asked = [row for row in rows if row.state == ConflictState.OPEN]
    if not asked:
        return []
    return [
        f"{len(asked)} câu hỏi về xung đột lợi ích chưa được trả lời: {_names(asked)}. Xem `council conflicts {sitting.code}`."
    ]


def _names(rows: Sequence[Any], most: int = 5) -> str:
    pairs = list(dict.fromkeys(f"{row.name} ({row.member}) – {row.code}" for row in rows))
    return "; ".join(pairs[:most]) + (f" và {len(pairs) - most} trường hợp khác" if len(pairs) > most else "")


# Letters: each reader only what is theirs to know --------------------------------------------------------------------


def _ask(session: Session, sitting: CouncilSession, rows: Sequence[Conflict], *, about: str, now: datetime) -> None:
    """The member learns which nominations and why in a word; the patterns name other people and are the secretary's."""
    if not rows:
        return
    snapshots = transition.snapshots(session, list(codes_of(session, {row.nomination_id for row in rows}).values()))
    named = {
        one.id: {"code": one.code, "nominee": one.nominee, "award": transition.award_name(one.award)}
        for one in snapshots.values()
    }
    members = {
        row.username: row
        for row in session.exec(select(SessionMember).where(SessionMember.session_id == sitting.id)).all()
    }
    mine: dict[str, list[Conflict]] = defaultdict(list)
    for row in rows:
        mine[row.username].append(row)
    when = sitting.held_at.astimezone(access.LOCAL).isoformat()
    round_ = session.get_one(ReviewRound, sitting.round_id)
    letters = [
        announce.Notice(
            kind="conflict_question",
            about=f"{sitting.code}/{about}",
            to=members[username].email,
            recipient=members[username].member,
            context={
                "member_name": members[username].name,
                "session_code": sitting.code,
                "at": when,
                "items": [named[row.nomination_id] | {"ground": ConflictGround(row.ground).word} for row in asked],
            },
        )
        for username, asked in mine.items()
    ]
    letters += [
        announce.Notice(
            kind="conflicts_found",
            about=f"{sitting.code}/{about}",
            to=email,
            recipient=username,
            context={
                "secretary_name": name,
                "session_code": sitting.code,
                "round_title": round_.title,
                "items": items,
            },
        )
        for username, name, email in recipients.holders(session, Role.SECRETARY, today=access.local_date(now))
        if (
            items := [
                named[row.nomination_id] | {"member": members[row.username].name, "reason": row.message}
                for row in rows
                if row.username != username  # a secretary who sits in the council is asked like everybody else
            ]
        )
    ]
    announce.notices(session, letters)


# What the tables know ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Homes:
    """Affiliations by username: the units of officers, and for members the body that they represent."""

    units: Mapping[str, Sequence[str]]
    heads: Mapping[int, Sequence[str]]  # unit id → usernames
    acts_for: Mapping[str, Sequence[int]]
    names: Mapping[str, str]


def _detect(session: Session, sitting: CouncilSession) -> tuple[list[Finding], dict[str, int]]:
    """The findings on the nominations that wait for the council, and the ids of those nominations."""
    homes = _homes(session, sitting)
    members = _members(session, sitting, homes)
    units = {names.spelling(member.person.unit) for member in members}
    nominees, ids = _nominees(session, sitting, members, homes, units)
    round_ = session.get_one(ReviewRound, sitting.round_id)
    past = _past(session, round_, members, homes, units)
    return conflicts.detect(members, nominees, past, year=round_.year), ids


def _homes(session: Session, sitting: CouncilSession) -> _Homes:
    day = access.local_date(sitting.held_at)
    seat = table(CouncilMember).c
    units: dict[str, list[str]] = defaultdict(list)
    heads: dict[int, list[str]] = defaultdict(list)
    acts_for: dict[str, list[int]] = defaultdict(list)
    bodies = session.execute(
        sa.select(_A.username, seat.body)
        .join_from(CouncilMember, Account, seat.account_id == _A.id)
        .where(seat.council_id == sitting.council_id, *_in_force(seat, day))
        .order_by(seat.id)
    )
    for username, body in bodies:
        units[username].append(body)
    grants = session.execute(
        sa.select(_A.username, _G.role, _U.id, _U.name)
        .join_from(RoleGrant, Account, _G.account_id == _A.id)
        .join(Unit, _G.unit_id == _U.id)
        .where(_G.role.in_(_UNIT_ROLES), *_in_force(_G, day))
        .order_by(_G.id)
    )
    for username, role, unit_id, name in grants:
        if name not in units[username]:
            units[username].append(name)
        acts_for[username].append(unit_id)
        if role == Role.UNIT_HEAD.value:
            heads[unit_id].append(username)
    names = as_mapping(session.execute(sa.select(_A.username, _A.display_name)))
    return _Homes(units, heads, acts_for, names)


def _in_force(columns: Any, day: date) -> tuple[Any, ...]:
    return columns.valid_from <= day, columns.valid_to.is_(None) | (columns.valid_to > day)


def _members(session: Session, sitting: CouncilSession, homes: _Homes) -> list[Member]:
    """The members, each once for every place they belong to; superiors are heads of their units and who authorised them."""
    seats = session.execute(sa.select(_M.username, _M.name).where(_M.session_id == sitting.id).order_by(_M.id)).all()
    called = {row.username for row in seats}
    above = _principals(session, access.local_date(sitting.held_at))
    found = []
    for row in seats:
        chiefs = {
            *above.get(row.username, ()),
            *(h for u in homes.acts_for.get(row.username, ()) for h in homes.heads.get(u, ())),
        }
        superiors = frozenset(chief if chief in called else homes.names[chief] for chief in chiefs - {row.username})
        found += [
            Member(row.username, Person(row.username, row.name, unit, superiors=superiors))
            for unit in homes.units.get(row.username) or [""]
        ]
    return found


def _principals(session: Session, day: date) -> dict[str, list[str]]:
    a = table(Authorisation).c
    deputy, principal = (table(Account).alias(name) for name in ("deputy", "principal"))
    rows = session.execute(
        sa.select(deputy.c.username, principal.c.username)
        .join_from(Authorisation, deputy, a.deputy_id == deputy.c.id)
        .join(principal, a.principal_id == principal.c.id)
        .where(a.valid_from <= day, a.valid_to >= day)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in rows:
        found[one].append(other)
    return found


def _nominees(
    session: Session, sitting: CouncilSession, members: Sequence[Member], homes: _Homes, units: Collection[str]
) -> tuple[list[conflicts.Nominee], dict[str, int]]:
    """Who waits for the council; once more under the workplace where a member belongs there too."""
    called_names = sorted({member.person.name for member in members})
    called = {member.username for member in members}
    heads = {unit: frozenset(called.intersection(usernames)) for unit, usernames in homes.heads.items()}
    rows = session.execute(
        sa.select(
            _N.id, _N.code, _N.unit_id, _N.proposed_by, _N.initiative, _N.name, _P.kind, _N.birth_date, _N.workplace,
            _U.name.label("unit"),
        )
        .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
        .join(Unit, _N.unit_id == _U.id)
        .where(_N.round_id == sitting.round_id, _N.state == State.ELIGIBLE.value)
    ).all()  # fmt: skip
    nobody: frozenset[str] = frozenset()
    found, ids = [], {}
    for row in rows:
        ids[row.code] = row.id
        places = [row.unit]
        if row.workplace and names.spelling(row.workplace) in units:
            places.append(row.workplace)
        found += [
            conflicts.Nominee(
                code=row.code,
                name=row.name,
                unit=place,
                proposer=row.proposed_by,
                kind=row.kind,
                co_authors=names.mentioned(row.initiative, called_names) if row.initiative else nobody,
                birth_year=row.birth_date.year if row.birth_date else None,
                superiors=heads.get(row.unit_id, nobody),
            )
            for place in places
        ]
    return found, ids


def _past(
    session: Session, round_: ReviewRound, members: Sequence[Member], homes: _Homes, units: Collection[str]
) -> list[Past]:
    """Awards of other rounds that can be part of a pattern: by a member, or of somebody who proposed others.

    A winner who never proposed anybody returns nothing and closes no ring, so most of the past is not even read.
    """
    awarded = (_N.round_id != round_.id, _R.year <= round_.year, _N.state.in_(_AWARDED))
    base = sa.select(_N.proposed_by).join_from(Nomination, ReviewRound, _N.round_id == _R.id).where(*awarded)
    proposers = list(session.execute(base.distinct()).scalars())
    called = {member.username for member in members}
    keys = {names.fold(homes.names[username]) for username in {*proposers, *called} if username in homes.names}
    ways: list[Any] = [_N.proposed_by.in_(sorted(called)), _P.kind == NomineeKind.HOUSEHOLD]
    ways += [_N.name_key.in_(chunk) for chunk in chunks(sorted(keys))]
    found: dict[int, Any] = {}
    for way in ways if proposers else ():
        rows = session.execute(
            sa.select(_N.id, _R.year, _N.proposed_by, _N.name, _N.workplace, _U.name.label("unit"))
            .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
            .join(Unit, _N.unit_id == _U.id)
            .join(ReviewRound, _N.round_id == _R.id)
            .where(*awarded, _P.kind.in_((NomineeKind.INDIVIDUAL, NomineeKind.HOUSEHOLD)), way)
        )
        found |= {row.id: row for row in rows}
    past = []
    for _, row in sorted(found.items()):
        if row.proposed_by not in homes.names:
            continue
        places = [row.unit]
        if row.workplace and names.spelling(row.workplace) in units:
            places.append(row.workplace)
        proposed_from: Sequence[str | None] = homes.units.get(row.proposed_by) or (None,)
        past += [
            Past(row.year, homes.names[row.proposed_by], row.name, place, home)
            for place in places
            for home in proposed_from
        ]
    return past
