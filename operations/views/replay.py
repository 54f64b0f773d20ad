"""The same round under another law, quota or budget: what would change. Nothing is written; the round is untouched."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import AgendaItem, Appraisal, CouncilSession, Nomination, Nominee, SessionMember, Unit
from models.types import table
from operations import access, regulations, rounds
from operations.home_affairs_review import cases
from rules import cash, catalogue, compare, quotas, regulation
from rules.lifecycle import State
from rules.refusal import Refusal, Unreadable
from rules.vocabulary import SessionState

_N = table(Nomination).c
_A = table(Appraisal).c
_U = table(Unit).c


def replay(session: Session, round_code: str, *, pack: str, regulation_text: str | None = None) -> dict[str, Any]:
    """Re-evaluate a round under another pack (and regulation): each changed outcome with the provision that changed it.

    Each nomination is judged on the day of its first appraisal. {"round", "pack", "evaluated", "unreadable", "changed"}.
    """
    round_ = rounds.by_code(session, round_code)
    own = regulations.of_round(session, round_)
    other = regulation.parse(regulation_text) if regulation_text is not None else own
    days = _days(session, round_.id or 0)
    known = cases.of(session, list(days))
    readable = [(code, facts, days[code]) for code, facts in known.items() if not isinstance(facts, Unreadable)]
    changes = compare.outcomes(
        readable,
        before=compare.Law(regulation=own),
        after=compare.Law(pack=catalogue.pack(pack), regulation=other),
    )
    return {
        "round": round_code,
        "pack": pack,
        "regulation": other.number,
        "evaluated": len(readable),
        "unreadable": sorted(code for code, facts in known.items() if isinstance(facts, Unreadable)),
        "changed": [change.as_json() for change in changes],
    }


def _days(session: Session, round_id: int) -> dict[str, date]:
    """The day on which each appraised nomination was first judged."""
    query = (
        sa.select(_N.code, sa.func.min(_A.on_date))
        .join_from(Nomination, Appraisal, _A.nomination_id == _N.id)
        .where(_N.round_id == round_id)
        .group_by(_N.code)
        .order_by(_N.code)
    )
    return {code: day if isinstance(day, date) else date.fromisoformat(day) for code, day in session.execute(query)}


def what_if(
    session: Session, round_code: str, *, regulation_text: str, budget: int | None = None, on: date | None = None
) -> dict[str, Any]:
    """The changes under another threshold, quota or budget: who would enter or leave, and the cost for each unit.

    Rests on the published numbers of the council's ballots. Raises Refusal `not_tallied` before there are any.
    """
    round_ = rounds.by_code(session, round_code)
    before = regulations.of_round(session, round_)
    after = regulation.parse(regulation_text)
    day = on or access.local_date(round_.opened_at)
    candidates = _candidates(session, round_.id or 0, on=day, confirmed=after.confirmed_rules)
    if not candidates:
        raise Refusal("not_tallied", f"Đợt xét {round_code} chưa có kết quả kiểm phiếu để so sánh.")
    answer = compare.what_if(candidates, before=before, after=after, budget_after=budget)
    return {"round": round_code, "candidates": len(candidates), **answer.as_json()}


def _candidates(session: Session, round_id: int, *, on: date, confirmed: frozenset[str]) -> list[compare.Candidate]:
    i, s, p = table(AgendaItem).c, table(CouncilSession).c, table(Nominee).c
    sittings = {
        row.session_id: (row.members, row.present)
        for row in session.execute(
            sa.select(
                table(SessionMember).c.session_id,
                sa.func.count().label("members"),
                sa.func.sum(sa.cast(table(SessionMember).c.attended, sa.Integer)).label("present"),
            ).group_by(table(SessionMember).c.session_id)
        )
    }
    rows = session.execute(
        sa.select(_N.code, _U.code.label("unit"), _N.award, p.kind, i.session_id, i.approve, i.disapprove, i.abstain)
        .join_from(AgendaItem, Nomination, i.nomination_id == _N.id)
        .join(CouncilSession, i.session_id == s.id)
        .join(Unit, _N.unit_id == _U.id)
        .join(Nominee, _N.nominee_id == p.id)
        .where(_N.round_id == round_id, s.state == SessionState.TALLIED)
        .order_by(_N.code)
    )
    found: list[compare.Candidate] = []
    for row in rows:
        members, present = sittings[row.session_id]
        cast = row.approve + row.disapprove + row.abstain
        found.append(
            compare.Candidate(
                code=row.code,
                unit=row.unit,
                award=row.award,
                approve=row.approve,
                disapprove=row.disapprove,
                abstain=row.abstain,
                members=members,
                attendees=max(int(present), cast),
                amount=cash.known_amount(row.award, row.kind, on, confirmed=confirmed),
            )
        )
    return found


def over_quota(session: Session, round_code: str) -> list[dict[str, Any]]:
    """Which units, and whether the round, propose more than a quota of the regulation allows, and by how much."""
    round_ = rounds.by_code(session, round_code)
    counts: dict[str, dict[str, int]] = {}
    query = (
        sa.select(_U.code, _N.award, sa.func.count())
        .join_from(Nomination, Unit, _N.unit_id == _U.id)
        .where(
            _N.round_id == round_.id,
            _N.state.not_in([State.WITHDRAWN, State.INELIGIBLE, State.NOT_RECOMMENDED, State.REFUSED, State.REVOKED]),
        )
        .group_by(_U.code, _N.award)
    )
    for unit, award, count in session.execute(query):
        counts.setdefault(unit, {})[award] = count
    return [excess.as_json() for excess in quotas.over_quota(counts, regulations.of_round(session, round_))]
