"""One person's tasks, due first: the same rows for the page, the counts beside the menu and the bulk acts.

Work on nominations comes in piles — one state of one round, all due alike — of which only the page's rows are read;
everything else (sessions, papers, petitions) is few. Nothing is listed that its own page would refuse (`rights`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from models import (
    Appraisal,
    Ballot,
    BallotRoll,
    Conflict,
    CouncilSession,
    Deadline,
    Decision,
    Disclosure,
    HandCount,
    Nomination,
    Nominee,
    Petition,
    ReviewRound,
    SessionMember,
    SubmissionLetter,
    Unit,
)
from models.types import table
from operations import access, paging, rights, transition
from operations.access import Actor
from operations.chairman_signature import to_sign
from operations.people import four_eyes
from operations.public_disclosure import paper_numbers, petitions
from rules import deadlines, lifecycle, policy
from rules.lifecycle import STAGE_NAMES, STAGES, STATE_ROWS, WAITING, Action, Role, Stage, State, stage_of
from rules.policy import Relation
from rules.vocabulary import (
    BallotKind,
    ConflictState,
    DecisionState,
    PetitionState,
    SessionState,
    SuperiorAnswer,
    Verdict,
)
from rules.wording import thousands

# kind → what the page calls the pile; the order is the order of what is due on the same day.
KINDS: dict[str, str] = {
    "account": "Xác nhận việc với tài khoản",
    "conflict": "Trả lời về xung đột lợi ích",
    "ballot": "Bỏ phiếu",
    "meeting": "Họp Hội đồng",
    "count": "Kiểm phiếu",
    "returned": "Bị trả lại, cần bổ sung",
    "draft": "Bản nháp chưa nộp",
    "propose": "Đang nhận đề nghị",
    "submitted": "Chờ thẩm định",
    "sign": "Chờ ký",
    "petition": "Phản ánh, kiến nghị chờ trả lời",
    "disclose": "Chờ công khai",
    "answer": "Chờ cấp trên trả lời",
    "convene": "Cần triệu tập Hội đồng",
    "session": "Phiên họp Hội đồng",
    "advance": "Có thể chuyển khâu",
    "paused": "Đang tạm dừng, chờ kết luận",
}
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}
# States whose nominations are listed one by one; the kind of such a pile is its state's own word.
_PILES: tuple[State, ...] = tuple(State(kind) for kind in KINDS if kind in set(State) and STATE_ROWS[State(kind)].desks)
MOST_PETITIONS = 20  # unread ones, each in a line of its own
MOST_AT_ONCE = 5_000  # nominations in one act on a whole list: some five seconds in which nobody else acts
_NEVER = date(9999, 12, 31)  # no day is set: after everything that is due
_N, _P, _U, _A, _R, _S, _M = (
    table(model).c for model in (Nomination, Nominee, Unit, Appraisal, ReviewRound, CouncilSession, SessionMember)
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits. `link` is the page's address in parts; `acts` what may be done with many of them at once."""

    kind: str
    code: str
    link: tuple[str, ...]
    title: str
    round: str | None = None
    nominee: str | None = None
    award: str | None = None  # id; its name is `award_name`
    unit: str | None = None
    state: str | None = None
    verdict: str | None = None  # of the present version; None: not yet evaluated
    version: int | None = None
    since: datetime | None = None
    due: date | None = None
    overdue: bool = False
    days_left: int | None = None  # working days; negative by those it is late
    acts: tuple[str, ...] = ()

    @property
    def award_name(self) -> str | None:
        return transition.award_name(self.award) if self.award else None


@dataclass(frozen=True, slots=True)
class _Pile:
    """Things due alike. `rows` reads some of them, after (unit, nomination)."""

    kind: str
    code: str
    due: date | None
    count: int
    rows: Callable[[tuple[int, int], int], list[tuple[tuple[int, int], Item]]]

    @property
    def place(self) -> tuple[str, int, str]:
        return (self.due or _NEVER).isoformat(), _RANK[self.kind], self.code


def counts(session: Session, actor: Actor, *, now: datetime, verdict: str | None = None) -> dict[str, int]:
    """How much of each kind waits for this person; kinds of which nothing waits are left out."""
    found: dict[str, int] = {}
    for pile in _piles(session, actor, now=now, verdict=verdict):
        found[pile.kind] = found.get(pile.kind, 0) + pile.count
    return {kind: found[kind] for kind in KINDS if found.get(kind)}


def of(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    kind: str | None = None,
    verdict: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[Item], str | None]:
    """The person's tasks, due first: (items, next key); `kind` and `verdict` filter them.

    Raises Unreadable `bad_page_key`.
    """
    piles = sorted(_piles(session, actor, now=now, verdict=verdict), key=lambda pile: pile.place)
    start, row = ("", 0, ""), (0, 0)
    if after is not None:
        due, rank, code, unit_id, row_id = paging.read(after, str, paging.number, str, paging.number, paging.number)
        start, row = (due, rank, code), (unit_id, row_id)
    found: list[tuple[_Pile, tuple[int, int], Item]] = []
    for pile in piles:
        if pile.place < start or (kind is not None and pile.kind != kind):
            continue
        begin = row if pile.place == start else (0, 0)
        found += [(pile, key, item) for key, item in pile.rows(begin, limit + 1 - len(found))]
        if len(found) > limit:
            break
    items = [_timed(item, pile.due, now) for pile, _, item in found[:limit]]
    if len(found) <= limit:
        return items, None
    pile, key, _ = found[limit - 1]
    return items, paging.write(*pile.place, *key)


def versions(
    session: Session, actor: Actor, *, now: datetime, kind: str, act: str, verdict: str | None = None
) -> dict[str, int]:
    """Code → version of all that waits of this kind and may have this act done with it, due first; at most 5,000."""
    found: dict[str, int] = {}
    piles = [pile for pile in _piles(session, actor, now=now, verdict=verdict) if pile.kind == kind]
    for pile in sorted(piles, key=lambda pile: pile.place):
        if len(found) < MOST_AT_ONCE:
            items = (item for _, item in pile.rows((0, 0), MOST_AT_ONCE - len(found)))
            found |= {item.code: item.version for item in items if item.version is not None and act in item.acts}
    return found


def _timed(item: Item, due: date | None, now: datetime) -> Item:
    if due is None:
        return item
    today = access.local_date(now)
    return replace(item, due=due, overdue=today > due, days_left=deadlines.days_left(today, due))


def _single(item: Item, due: date | None) -> _Pile:
    def rows(after: tuple[int, int], limit: int) -> list[tuple[tuple[int, int], Item]]:
        return [((0, 1), item)] if after < (0, 1) and limit > 0 else []

    return _Pile(item.kind, item.code, due, 1, rows)


# Piles -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rounds:
    """The rounds that wait for somebody, with their stages' due days: open ones, closed ones with a dossier left."""

    by_id: dict[int, Any]
    due: dict[tuple[int, str], date]

    def due_of(self, round_id: int, stage: Stage) -> date | None:
        return self.due.get((round_id, stage.value))


def _rounds(session: Session) -> _Rounds:
    d = table(Deadline).c
    left = [state.value for state in (*WAITING, State.PAUSED)]
    rows = session.execute(
        sa.select(_R.id, _R.code, _R.title, _R.stage, _R.frozen_at)
        .where(_R.closed_at.is_(None) | sa.exists().where(_N.round_id == _R.id, _N.state.in_(left)))
        .order_by(_R.id)
    ).all()
    dues = session.execute(sa.select(d.round_id, d.stage, d.due_on).where(d.round_id.in_([row.id for row in rows])))
    return _Rounds({row.id: row for row in rows}, {(row.round_id, row.stage): row.due_on for row in dues})


def _piles(session: Session, actor: Actor, *, now: datetime, verdict: str | None = None) -> Iterator[_Pile]:
    wanted = [state for state in _PILES if actor.holds(*STATE_ROWS[state].desks)]
    office = actor.holds(Role.REVIEWER, Role.SECRETARY)
    if not (wanted or office or actor.holds(Role.COUNCIL_MEMBER, Role.TELLER, Role.CHAIRMAN, Role.DEPUTY)):
        return
    rounds = _rounds(session)
    if actor.holds(Role.UNIT_OFFICER):
        yield from _to_propose(session, actor, rounds)
    if actor.holds(Role.CHAIRMAN, Role.DEPUTY):
        yield from _to_sign(session, actor, now=now)
    if actor.holds(*policy.CONFIRMING):
        yield from _to_confirm(session, actor, now=now)
    if wanted:
        yield from _nomination_piles(session, actor, rounds, wanted, verdict=verdict)
    if office:
        yield from _petitions(session, actor)
        yield from _papers(session, rounds)
    if actor.holds(Role.SECRETARY):
        yield from _secretary(session, rounds, today=access.local_date(now))
    if actor.holds(Role.COUNCIL_MEMBER, Role.TELLER):
        yield from _council(session, actor, rounds)


def _tallies(session: Session, rounds: _Rounds, *conditions: Any) -> dict[tuple[int, str], int]:
    query = (
        sa.select(_N.round_id, _N.state, sa.func.count().label("n"))
        .where(_N.round_id.in_(list(rounds.by_id)), *conditions)
        .group_by(_N.round_id, _N.state)
    )
    return {(row.round_id, row.state): row.n for row in session.execute(query)}


def _nomination_piles(
    session: Session,
    actor: Actor,
    rounds: _Rounds,
    wanted: Sequence[State],
    *,
    verdict: str | None,
) -> Iterator[_Pile]:
    own = _N.unit_id.in_(sorted(actor.units))
    for state in wanted:
        conditions: list[Any] = [_N.state == state.value]
        if stage_of(state) is Stage.UNIT_PROPOSAL:
            conditions.append(own)
        if verdict is not None:
            judged = sa.exists().where(
                _A.nomination_id == _N.id, _A.nomination_version == _N.version, _A.verdict == verdict
            )
            conditions.append(judged.correlate(Nomination))
        tallies = _tallies(session, rounds, *conditions)
        if not tallies:
            continue
        barred = session.execute(
            sa.select(_N.round_id, _N.id).where(_N.id.in_(rights.barred(actor.username)), *conditions)
        ).all()
        for (round_id, _), count in sorted(tallies.items()):
            seen = count - sum(row.round_id == round_id for row in barred)
            if seen <= 0:
                continue
            found = rounds.by_id[round_id]
            yield _Pile(
                state.value,
                found.code,
                rounds.due_of(round_id, stage_of(state)) if state in WAITING else None,
                seen,
                _reader(session, actor, state, found, tuple(conditions)),
            )


def _reader(
    session: Session, actor: Actor, state: State, round_: Any, conditions: tuple[Any, ...]
) -> Callable[[tuple[int, int], int], list[tuple[tuple[int, int], Item]]]:
    def rows(after: tuple[int, int], limit: int) -> list[tuple[tuple[int, int], Item]]:
        if limit <= 0:
            return []
        key: tuple[Any, ...] = after
        query = (
            sa.select(
                _N.id, _N.unit_id, _N.round_id, _N.code, _N.award, _N.version, _N.proposed_by, _N.reviewed_by,
                _N.entered_stage_at, _N.name, _U.name.label("unit"), _A.verdict,
            )
            .join_from(Nomination, Nominee, _N.nominee_id == _P.id)
            .join(Unit, _N.unit_id == _U.id)
            .join(
                Appraisal,
                (_A.nomination_id == _N.id) & (_A.nomination_version == _N.version),
                isouter=True,
            )
            .where(
                _N.round_id == round_.id,
                *conditions,
                _N.id.not_in(rights.barred(actor.username)),
                sa.tuple_(_N.unit_id, _N.id) > sa.tuple_(*key),
            )
            .order_by(_N.unit_id, _N.id)  # as the index of states has them: a page is one short walk
            .limit(limit)
        )  # fmt: skip
        found = session.execute(query).all()
        relation = rights.relations(session, found, actor=actor, asked=_ASKED)
        return [
            (
                (row.unit_id, row.id),
                _nomination(row, _acts(row, actor, relation[row.id], state), state, round_.code),
            )
            for row in found
        ]

    return rows


def _nomination(row: Any, acts: tuple[str, ...], state: State, round_code: str) -> Item:
    return Item(
        kind=state.value,
        code=row.code,
        link=("nominations", row.code),
        title=KINDS[state],
        round=round_code,
        nominee=row.name,
        award=row.award,
        unit=row.unit,
        state=state.value,
        verdict=row.verdict,
        version=row.version,
        since=row.entered_stage_at,
        acts=acts,
    )


# What the piles' states let somebody do with many nominations at once.
# Declining is one person's word: it is written down on that person's page.
_MANY = tuple(
    dict.fromkeys(
        row.action
        for row in lifecycle.TRANSITIONS
        if row.source in _PILES and row.action is not lifecycle.Action.DECLINE
    )
)
_ASKED = frozenset[Relation]().union(*(policy.asked(policy.PERMISSION_FOR[action]) for action in _MANY))


def _acts(row: Any, actor: Actor, relation: frozenset[Relation], state: State) -> tuple[str, ...]:
    """The bulk acts open to this actor for this nomination."""
    return tuple(
        action.value
        for action in _MANY
        if policy.may(actor.roles, policy.PERMISSION_FOR[action], relation=relation, state=state)
        # Only what the rules found clean is passed in bulk.
        and (action is not Action.PASS or row.verdict == Verdict.ELIGIBLE)
    )


# The rest: few ------------------------------------------------------------------------------------------------------


def _to_propose(session: Session, actor: Actor, rounds: _Rounds) -> Iterator[_Pile]:
    """Rounds that take proposals and have none yet of this officer's units."""
    began = set(
        session.execute(
            sa.select(_N.round_id).where(_N.round_id.in_(list(rounds.by_id)), _N.unit_id.in_(sorted(actor.units)))
        ).scalars()
    )
    for round_id, row in rounds.by_id.items():
        if row.frozen_at is not None or round_id in began or not actor.units:
            continue
        due = rounds.due_of(round_id, Stage.UNIT_PROPOSAL)
        until = f" đến {due:%d/%m/%Y}" if due else ""
        yield _single(
            Item(
                kind="propose",
                code=row.code,
                link=("rounds", row.code, "intake"),
                title=f"Đợt «{row.title}» đang nhận đề nghị{until}",
                round=row.code,
            ),
            due,
        )


def _to_sign(session: Session, actor: Actor, *, now: datetime) -> Iterator[_Pile]:
    """As on the page for signing: one pile, one paper, however many names it holds."""
    for pile in to_sign.piles(session, actor, now=now):
        count = thousands(pile.count)
        yield _single(
            Item(
                kind="sign",
                code=f"{pile.round}/{pile.role}/{pile.paper}",
                link=("sign", pile.round, pile.role, pile.paper),
                title=f"{pile.title}, {count} hồ sơ",
                round=pile.round,
                since=pile.since,
            ),
            pile.due,
        )


def _to_confirm(session: Session, actor: Actor, *, now: datetime) -> Iterator[_Pile]:
    """Administrators' requests about others' accounts. Dated by the wall clock, as the title says."""
    for asked in four_eyes.waiting(session, now=now):
        if actor.username in dict(asked.others):
            until = access.local_date(asked.until)
            what = f"{asked.what}, tài khoản {asked.username}"
            yield _single(
                Item(
                    kind="account",
                    code=str(asked.number),
                    link=("administration", "requests", str(asked.number)),
                    title=f"Xác nhận hoặc từ chối: {what} (đến {until:%d/%m/%Y})",
                    since=asked.asked_at,
                ),
                None,
            )


def _petitions(session: Session, actor: Actor) -> Iterator[_Pile]:
    """Each open petition; one link to their list when more than a page of them are unread."""
    p = table(Petition).c
    query = (
        sa.select(p.code, p.kind, p.due_on, p.received_at, p.state)
        .where(
            p.state.in_(petitions.OPEN),
            p.nomination_id.is_(None) | p.nomination_id.not_in(rights.barred(actor.username)),
        )
        .order_by(p.due_on, p.id)
    )
    rows = session.execute(query).all()
    unread = [row for row in rows if row.state == PetitionState.RECEIVED]
    if len(unread) > MOST_PETITIONS:
        first = unread[0]
        title = f"Xem, thụ lý hoặc không thụ lý {len(unread)} đơn"
        item = Item(kind="petition", code=first.code, link=("petitions",), title=title, since=first.received_at)
        yield replace(_single(item, first.due_on), count=len(unread))
        rows = [row for row in rows if row.state != PetitionState.RECEIVED]
    for row in rows:
        title = (
            f"{'Trả lời' if row.state == PetitionState.TAKEN else 'Xem'} đơn {petitions.KINDS.get(row.kind, row.kind)}"
        )
        yield _single(
            Item(kind="petition", code=row.code, link=("petitions", row.code), title=title, since=row.received_at),
            row.due_on,
        )


def _papers(session: Session, rounds: _Rounds) -> Iterator[_Pile]:
    """Decisions and answers to be published, letters whose answer is still to come."""
    d, letter, x = table(Decision).c, table(SubmissionLetter).c, table(Disclosure).c
    unpublished = sa.select(d.code, d.symbol, d.title, d.round_id, d.signed_at, d.signed_on).where(
        d.state == DecisionState.IN_FORCE, ~sa.exists().where(x.decision_id == d.id)
    )
    for row in session.execute(unpublished):
        yield _single(
            Item(
                kind="disclose",
                code=row.code,
                link=("decisions", row.code),
                title=f"Công khai {paper_numbers.dated(row.symbol, row.signed_on)}: {row.title}",
                round=_code(rounds, row.round_id),
                since=row.signed_at,
                acts=(Action.DISCLOSE.value,),
            ),
            rounds.due_of(row.round_id, Stage.PUBLIC_DISCLOSURE),
        )
    answered = (letter.answer.in_((SuperiorAnswer.GRANTED, SuperiorAnswer.PARTLY))) & ~sa.exists().where(
        x.submission_letter_id == letter.id
    )
    waiting = sa.select(
        letter.code, letter.symbol, letter.title, letter.round_id, letter.signed_at, letter.signed_on, letter.answer
    )
    for row in session.execute(waiting.where(letter.answer.is_(None) | answered)):
        kind = "answer" if row.answer is None else "disclose"
        what = "Ghi trả lời của cấp trên cho" if row.answer is None else "Công khai kết quả của"
        yield _single(
            Item(
                kind=kind,
                code=row.code,
                link=("letters", row.code),
                title=f"{what} tờ trình {paper_numbers.dated(row.symbol, row.signed_on)}: {row.title}",
                round=_code(rounds, row.round_id),
                since=row.signed_at,
                acts=(Action.DISCLOSE.value,) if row.answer else (),
            ),
            rounds.due_of(row.round_id, Stage.PUBLIC_DISCLOSURE) if row.answer else None,
        )


def _code(rounds: _Rounds, round_id: int) -> str | None:
    found = rounds.by_id.get(round_id)
    return found.code if found else None


def _secretary(session: Session, rounds: _Rounds, *, today: date) -> Iterator[_Pile]:
    tallies = _tallies(session, rounds)
    sittings = session.execute(
        sa.select(_S.code, _S.round_id, _S.state, _S.held_at, _S.opened_at).where(
            _S.state.in_((SessionState.CONVENED, SessionState.OPEN, SessionState.CLOSED)),
            _S.round_id.in_(list(rounds.by_id)),
        )
    ).all()
    for row in sittings:
        due = rounds.due_of(row.round_id, Stage.COUNCIL_VOTE)
        title, when = {
            "convened": ("Mở phiếu khi Hội đồng họp", access.local_date(row.held_at)),
            "open": ("Đóng phiếu khi đã bỏ xong", due),
            "closed": ("Chờ ban kiểm phiếu", due),
        }[row.state]
        yield _single(
            Item(
                kind="session",
                code=row.code,
                link=("council", row.code),
                title=f"{title}: phiên {row.code}",
                round=_code(rounds, row.round_id),
                state=row.state,
                since=row.opened_at,
            ),
            when,
        )
    sitting_for = {row.round_id for row in sittings}
    for round_id, row in rounds.by_id.items():
        of_round = {State(state): n for (of, state), n in tallies.items() if of == round_id}
        if of_round.get(State.ELIGIBLE) and round_id not in sitting_for:
            yield _single(
                Item(
                    kind="convene",
                    code=row.code,
                    link=("rounds", row.code),
                    title=f"Triệu tập Hội đồng: {of_round[State.ELIGIBLE]} hồ sơ đủ điều kiện của đợt {row.code}",
                    round=row.code,
                ),
                rounds.due_of(round_id, Stage.COUNCIL_VOTE),
            )
        stage = Stage(row.stage)
        if stage is Stage.ENDED:
            continue
        passed = STAGES[: STAGES.index(stage) + 1]
        if of_round and not any(state in WAITING and stage_of(state) in passed for state in of_round):
            yield _single(
                Item(
                    kind="advance",
                    code=row.code,
                    link=("rounds", row.code),
                    title=_may_advance(session, round_id, row.code, stage, today=today),
                    round=row.code,
                    state=stage.value,
                ),
                rounds.due_of(round_id, stage),
            )


def _may_advance(session: Session, round_id: int, code: str, stage: Stage, *, today: date) -> str:
    """Only a person knows whether the units that have not proposed will still do so: how many have is said."""
    if stage is not Stage.UNIT_PROPOSAL:
        return f"Đã xong khâu «{STAGE_NAMES[stage]}» của đợt {code}"
    proposed = session.execute(
        sa.select(sa.func.count(sa.distinct(_N.unit_id))).where(_N.round_id == round_id)
    ).scalar_one()
    called = session.execute(
        sa.select(sa.func.count()).where(
            _U.is_office.is_(False), _U.valid_from <= today, _U.valid_to.is_(None) | (_U.valid_to > today)
        )
    ).scalar_one()
    return f"Đã có {proposed}/{max(called, proposed)} đơn vị đề nghị; kết thúc nhận đề nghị của đợt {code}?"


def _council(session: Session, actor: Actor, rounds: _Rounds) -> Iterator[_Pile]:
    """Ballots to cast and boxes to count in this member's sessions; questions of conflict to answer."""
    b, roll, hand = table(Ballot).c, table(BallotRoll).c, table(HandCount).c
    me = actor.username
    seats = session.execute(
        sa.select(
            _S.id, _S.code, _S.round_id, _S.state, _S.held_at, _S.place, _S.opened_at, _S.closed_at, _M.teller, b.kind,
            sa.exists().where(roll.session_id == _S.id, roll.username == me).label("voted"),
            sa.exists().where(hand.session_id == _S.id, hand.counted_by == me).label("counted"),
        )
        .join_from(SessionMember, CouncilSession, _M.session_id == _S.id)
        .join(Ballot, b.session_id == _S.id, isouter=True)
        .where(_M.username == me, _S.state.in_((SessionState.CONVENED, SessionState.OPEN, SessionState.CLOSED)))
    )  # fmt: skip
    for row in seats:
        due = rounds.due_of(row.round_id, Stage.COUNCIL_VOTE)
        kind = None
        if row.state == SessionState.CONVENED:
            at = row.held_at.astimezone(access.LOCAL)
            kind, since, due = "meeting", None, at.date()
            title = f"Họp Hội đồng lúc {at:%H:%M} ngày {at:%d/%m/%Y}, {row.place}: phiên {row.code}"
        elif row.state == SessionState.OPEN and not row.voted and row.kind != BallotKind.PAPER:
            kind, title, since = "ballot", f"Bỏ phiếu phiên {row.code}", row.opened_at
        elif row.state == SessionState.CLOSED and row.teller and actor.holds(Role.TELLER) and not row.counted:
            kind, title, since = "count", f"Kiểm phiếu phiên {row.code}", row.closed_at
        if kind is not None:
            yield _single(
                Item(
                    kind=kind,
                    code=row.code,
                    link=("council", row.code),
                    title=title,
                    round=_code(rounds, row.round_id),
                    state=row.state,
                    since=since,
                ),
                due,
            )
    c = table(Conflict).c
    asked = session.execute(
        sa.select(
            _S.code, _S.round_id, _S.held_at, _N.code.label("nomination"), sa.func.min(c.found_at).label("found_at")
        )
        .join_from(Conflict, CouncilSession, c.session_id == _S.id)
        .join(Nomination, c.nomination_id == _N.id)
        .where(c.username == me, c.state == ConflictState.OPEN, _S.state == SessionState.CONVENED)
        .group_by(_S.code, _S.round_id, _S.held_at, _N.code)
    )
    for row in asked:
        yield _single(
            Item(
                kind="conflict",
                code=f"{row.code}/{row.nomination}",
                link=("council", row.code, "conflicts"),
                title=f"Bạn có phải tránh hồ sơ {row.nomination} trong phiên {row.code}?",
                round=_code(rounds, row.round_id),
                since=row.found_at,
            ),
            access.local_date(row.held_at),
        )
