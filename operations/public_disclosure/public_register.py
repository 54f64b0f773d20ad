"""The public register: published papers and whom they honour, with the fields that may be public and no other.

A paper is a decision of this office, or a superior's that answered one of its tờ trình. Its address is its code and
stays. One that was revoked stays too, with its awardees, and says so: what was published wrongly is corrected in the
same form (Luật TCTT 104/2016 Art. 22; Law 06/2022 Art. 93.2). Why, and on whose account, is not published (Luật Tố cáo 25/2018/QH14).
"""

import csv
import heapq
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from models import Decision, Disclosure, Nomination, Nominee, SubmissionLetter, Unit
from models.database import Database
from models.types import as_mapping, table
from operations import (
    access,
    paging,
    transition,
)
from operations.public_disclosure import disclosure, paper_numbers
from rules import catalogue, names, vocabulary
from rules.catalogue import KIND_NAMES
from rules.lifecycle import State
from rules.vocabulary import AwardState, DecisionState, NomineeKind

IN_FORCE, REVOKED = DecisionState
STATE_NAMES = vocabulary.names(DecisionState)
AWARD_STATE_NAMES = vocabulary.names(AwardState)
_SHOWN = tuple(state.value for state in (State.DISCLOSED, State.CLOSED, State.REVOKED, State.DECLINED))
_LINE = 200  # characters of an achievement: one line
_MOST_WORDS = 8
_FEW = 400  # so many namesakes are looked up one by one; more of them are met soon enough on the way
_NUMBER = re.compile(r"(?:TTr-)?0*([0-9]{1,9})\s*(?:([-/]).*)?", re.ASCII | re.IGNORECASE)
_X, _N, _P, _U, _D, _L = (
    table(model).c for model in (Disclosure, Nomination, Nominee, Unit, Decision, SubmissionLetter)
)
_Page = tuple[list[dict[str, Any]], str | None]


# Papers ------------------------------------------------------------------------------------------------------------


def papers(
    session: Session,
    *,
    award: str | None = None,
    year: int | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> _Page:
    """Published papers, the last published first: (rows, next key).

    A row: code, number, date, title, award, award_name, state, decided_by (None: this office), published_on, nominations.
    """
    query = _papers().order_by(_X.id.desc()).limit(limit + 1)
    if after is not None:
        (last,) = paging.read(after, paging.number)
        query = query.where(_X.id < last)
    if award is not None:
        of_letter = sa.exists().where(_N.submission_letter_id == _L.id, _N.award == award, _N.state.in_(_SHOWN))
        query = query.where(sa.or_(_D.award == award, of_letter))
    if year is not None:
        query = query.where(sa.or_(*(_in_year(column, year) for column in (_D.signed_on, _L.answered_on))))
    if state is not None:
        query = query.where(_D.state == REVOKED if state == REVOKED else _D.id.is_(None) | (_D.state == IN_FORCE))
    found = list(session.execute(query))
    rows = [_paper(row) for row in found[:limit]]
    _count(session, found[:limit], rows)
    return rows, paging.write(found[limit - 1].x) if len(found) > limit else None


def paper(session: Session, code: str) -> dict[str, Any]:
    """One published paper as `papers` lists it, with revoked_on, posted_until and paper_sha256 (its PDF).

    `code` may be the permanent one, or a number as it stands on the paper. Raises Refusal `unknown_decision`,
    `ambiguous_number`.
    """
    fitting = _fitting(session, code)
    if not fitting:
        raise paper_numbers.unknown_decision(code)
    if len(fitting) > 1:
        said = [_paper(row) for row in fitting]
        raise paper_numbers.ambiguous(code, [(one["code"], one["number"], _day(one["date"])) for one in said])
    return _whole(session, fitting[0])


def _whole(session: Session, row: Any) -> dict[str, Any]:
    """A paper with all that its page says."""
    board = _X.decision_id == row.decision_id if row.decision_id else _X.submission_letter_id == row.letter_id
    until = session.execute(sa.select(_X.until_on).where(board, _X.channel == "notice_board")).scalar_one_or_none()
    found = _paper(row)
    _count(session, [row], [found])
    taken = sa.select(sa.func.count()).where(
        _N.decision_id == row.decision_id, _N.state.in_(list(disclosure.NO_LONGER))
    )
    return found | {
        "no_longer": int(session.execute(taken).scalar_one()) if row.decision_id else 0,
        "revoked_on": access.local_date(row.revoked_at).isoformat() if row.revoked_at else None,
        "posted_until": until.isoformat() if until else None,
        "paper_sha256": row.paper_sha256,
    }


def called(session: Session, text: str) -> list[dict[str, Any]]:
    """Every published paper that a typed number may mean, oldest first: several where it names no year."""
    return [_whole(session, row) for row in _fitting(session, text)]


def _fitting(session: Session, text: str) -> list[Any]:
    """Published papers of this number, a superior's own among them: only what is public is asked back about."""
    asked = paper_numbers.read(text)
    if asked is None:
        return []
    if asked.letter:
        query = _papers().where(_L.number == asked.number)
        return [row for row in session.execute(query) if asked.names(row.letter_symbol, row.letter_signed_on)]
    own = _D.number == asked.number
    others = sa.false() if asked.code else _L.answer_number.contains(str(asked.number), autoescape=True)
    return [
        row
        for row in session.execute(_papers().where(own | others).order_by(_X.id))
        if (
            asked.names(row.symbol, row.signed_on)
            if row.decision_id
            else asked.names(row.answer_number, row.answered_on)
        )
    ]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def revoked_by_law(session: Session, code: str) -> bool:
    """Was this decision revoked on a ground of Law 06/2022 Art. 93.2? On which of them is not for everybody."""
    ground = session.execute(sa.select(_D.revoked_ground).where(_D.code == code)).scalar_one_or_none()
    return bool(ground and ground.startswith("93.2"))


def office_on(session: Session, day: date | None = None) -> str | None:
    """Whose register it is, or whose it was on that day: an office is ended and another one takes its work over."""
    query = sa.select(_U.name).where(_U.is_office).order_by(_U.id.desc()).limit(1)
    then = query.where(_U.valid_from <= day, _U.valid_to.is_(None) | (_U.valid_to > day)) if day else query
    return session.execute(then).scalar_one_or_none() or session.execute(query).scalar_one_or_none()


def of_pdf(session: Session, sha256: str) -> dict[str, Any] | None:
    """The published decision whose PDF has this hash, as `papers` lists it; None where none has."""
    row = session.execute(_papers().where(_D.paper_sha256 == sha256).limit(1)).first()
    if row is None:
        return None
    return _whole(session, row)


def _papers() -> Any:
    return (
        sa.select(
            _X.id.label("x"), _X.published_at, _X.decision_id, _X.submission_letter_id.label("letter_id"),
            _D.code, _D.symbol, _D.signed_on, _D.title, _D.award, _D.state, _D.revoked_at, _D.paper_sha256,
            _L.code.label("letter"), _L.answer_number, _L.answered_on, _L.symbol.label("letter_symbol"),
            _L.signed_on.label("letter_signed_on"), _L.superior,
        )
        .join_from(Disclosure, Decision, _X.decision_id == _D.id, isouter=True)
        .join(SubmissionLetter, _X.submission_letter_id == _L.id, isouter=True)
        .where(_X.channel == "register")
    )  # fmt: skip


def _paper(row: Any) -> dict[str, Any]:
    own = row.decision_id is not None
    day = row.signed_on if own else row.answered_on
    superior = catalogue.DECIDER_NAMES.get(row.superior, row.superior)
    return {
        "code": row.code if own else row.letter,
        "number": row.symbol if own else row.answer_number,
        "date": day.isoformat() if day else None,
        # A superior's decision has a subject of its own, which is not stored: what it answered is said instead.
        "title": row.title if own else f"{superior} khen thưởng theo Tờ trình số {row.letter_symbol}",
        "award": row.award,
        "award_name": transition.award_name(row.award) if own else None,
        "state": row.state if own else IN_FORCE,
        "decided_by": None if own else superior,
        "published_on": access.local_date(row.published_at).isoformat(),
    }


def _count(session: Session, found: Sequence[Any], rows: Sequence[dict[str, Any]]) -> None:
    def counted(column: Any, ids: list[int], *conditions: Any) -> dict[int, int]:
        query = sa.select(column, sa.func.count()).where(column.in_(ids), *conditions).group_by(column)
        return as_mapping(session.execute(query)) if ids else {}

    # All awards of a published decision are disclosed; of a tờ trình the superior may have refused some.
    decided = counted(_N.decision_id, [row.decision_id for row in found if row.decision_id])
    granted = counted(_N.submission_letter_id, [row.letter_id for row in found if row.letter_id], _N.state.in_(_SHOWN))
    for row, said in zip(found, rows, strict=True):
        said["nominations"] = decided.get(row.decision_id, 0) if row.decision_id else granted.get(row.letter_id, 0)


def _in_year(column: Any, year: int) -> Any:
    if not 1 <= year <= 9998:
        return sa.false()
    return sa.and_(column >= date(year, 1, 1), column < date(year + 1, 1, 1))


# Awardees ----------------------------------------------------------------------------------------------------------


def search(
    session: Session,
    *,
    text: str | None = None,
    paper: str | None = None,
    award: str | None = None,
    year: int | None = None,
    unit: str | None = None,
    kind: str | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> _Page:
    """Whom published papers honour, the last published first and within a paper in its order: (rows, next key).

    `text` is a decision's number (1/QĐ-UBND finds 01/QĐ-UBND) or words that a name has, each from its beginning: a word
    typed without marks finds every marking of it, one typed with marks only that. `paper` is a paper's code; `unit` a
    unit's code; `kind` a NomineeKind; `state` in_force or revoked.
    A row: name, kind, position, workplace, unit, award, award_name, achievement, number, date, code, state, decided_by.
    """
    conditions: list[Any] = [_N.state.in_(_SHOWN)]
    if unit is not None:
        conditions.append(_U.code == unit)
    if state is not None:
        ended = {str(word): held for held, word in disclosure.NO_LONGER.items()}
        conditions.append(_N.state == ended[state] if state in ended else _N.state.not_in(list(disclosure.NO_LONGER)))
    numbered = _NUMBER.fullmatch(text.strip()) if text else None
    conditions += _of_nominee(session, None if numbered else text, kind)
    streams = []
    for own in (True, False):
        if state == REVOKED and not own:
            continue
        query = _awardees(own).where(*conditions)
        if paper is not None:
            query = query.where((_D if own else _L).code == paper)
        if award is not None:
            # A decision is about one award: the others are not even looked at. Of a letter's nominations each is; that
            # is no reason to begin with every nomination of this award, as a planner without statistics would.
            query = query.where(_D.award == award if own else sa.func.coalesce(_N.award, "") == award)
        if year is not None:
            query = query.where(_in_year(_D.signed_on if own else _L.answered_on, year))
        if numbered:
            query = query.where(_of_number(numbered, text or "", own=own))
        streams.append(_from(session, query, after, limit + 1))
    found = list(heapq.merge(*streams, key=lambda row: (-row.x, row.n)))[: limit + 1]
    rows = [_awardee(row) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return rows, paging.write(last.x, last.n) if last is not None else None


def _awardees(own: bool) -> Any:
    """The join for this office's decisions, or for superiors' answers."""
    paper, link, mine = (
        (Decision, _X.decision_id == _D.id, _N.decision_id == _X.decision_id)
        if own
        else (SubmissionLetter, _X.submission_letter_id == _L.id, _N.submission_letter_id == _X.submission_letter_id)
    )
    said = (
        (_D.symbol.label("number"), _D.signed_on.label("day"), _D.code, _D.state, sa.null().label("superior"))
        if own
        else (_L.answer_number.label("number"), _L.answered_on.label("day"), _L.code, sa.null().label("state"),
              _L.superior)
    )  # fmt: skip
    return (
        sa.select(
            _X.id.label("x"), _N.id.label("n"), _N.name, _P.kind, _N.position, _N.workplace, _U.name.label("unit"),
            _N.award, _N.achievement, _N.state.label("standing"), *said,
        )
        .join_from(Disclosure, paper, link)
        .join(Nomination, mine)
        .join(Nominee, _N.nominee_id == _P.id)
        .join(Unit, _N.unit_id == _U.id)
        .where(_X.channel == "register", *([] if own else [_honoured_above()]))
        .order_by(_X.id.desc(), _N.id)
    )  # fmt: skip


def _honoured_above() -> Any:
    """Of a tờ trình's nominations those that the superior honours: whoever declined before the answer was never named."""
    return (_N.state != State.DECLINED.value) | (_N.entered_stage_at >= _X.published_at)


def _from(session: Session, query: Any, after: str | None, limit: int) -> list[Any]:
    if after is None:
        return list(session.execute(query.limit(limit)))
    x, n = paging.read(after, paging.number, paging.number)
    # Two questions, each one walk along an index: what is left of this paper, then the papers before it.
    found = list(session.execute(query.where(x == _X.id, n < _N.id).limit(limit)))
    if len(found) < limit:
        found += session.execute(query.where(x > _X.id).limit(limit - len(found)))
    return found


def _of_nominee(session: Session, text: str | None, kind: str | None) -> list[Any]:
    """Conditions for a nominee whose name has all these words and who is of this kind."""
    words = unicodedata.normalize("NFC", text or "").split()[:_MOST_WORDS]
    of_kind = [] if kind is None else [_P.kind == kind]
    exact: list[Any] = []
    for word in words:
        if names.fold(word) != word.casefold():  # typed with marks
            spelt = dict.fromkeys(
                cased for one in names.spellings(word.casefold()) for cased in (one, one.capitalize(), one.upper())
            )
            exact.append(sa.or_(*(_begins_a_word(_N.name, one) for one in spelt)))
    if not words:
        return of_kind
    # The narrow index of folded names says whose row is worth a look.
    index = table(Nomination).alias("by_name").c
    probe = sa.select(index.id).where(*(_folded(index.name_key, word) for word in words))
    if exact:
        probe = probe.join(Nomination, index.id == _N.id).where(*exact)
    few = list(session.execute(probe.limit(_FEW + 1)).scalars())
    if len(few) <= _FEW:
        return [_N.id.in_(few), *of_kind]
    return [*(_folded(_N.name_key, word) for word in words), *exact, *of_kind]


def _folded(column: Any, word: str) -> Any:
    """A name with a word that begins so without marks; y for i only where it is the whole word: «my» is no «Minh»."""
    folded = names.fold(word)
    ways = [_begins_a_word(column, folded)]
    ways += [
        (sa.literal(" ") + column + " ").contains(f" {one} ", autoescape=True)
        for one in names.spellings(folded)
        if one != folded
    ]
    return sa.or_(*ways)


def _begins_a_word(column: Any, word: str) -> Any:
    return (sa.literal(" ") + column).contains(f" {word}", autoescape=True)


def _of_number(numbered: re.Match[str], text: str, *, own: bool) -> Any:
    asked = paper_numbers.read(text)
    if asked is not None and (asked.year is not None or asked.letter):
        return _of_paper(asked, own=own)
    number, joint = int(numbered[1]), numbered[2]
    said = f"{number:02d}{unicodedata.normalize('NFC', text.strip()).lstrip('0123456789')}" if joint else ""
    if own:
        if joint == "-":
            return sa.false()
        same = _D.number == number
        return same & sa.func.upper(_D.symbol).startswith(said.upper(), autoescape=True) if joint else same
    if joint == "-":
        return sa.false()
    beginnings = (said, text.strip()) if joint else (f"{number}/", f"{number:02d}/")
    return sa.or_(*(_L.answer_number.startswith(one, autoescape=True) for one in dict.fromkeys(beginnings)))


def _of_paper(asked: paper_numbers.Number, *, own: bool) -> Any:
    """The one paper of a number with its year or day, or a whole tờ trình."""
    if own:
        same = [_D.number == asked.number, _in_year(_D.signed_on, asked.year) if asked.year else sa.true()]
        return sa.and_(*same, _D.signed_on == asked.day if asked.day else sa.true()) if not asked.letter else sa.false()
    if asked.letter:
        return sa.and_(_L.number == asked.number, _in_year(_L.signed_on, asked.year) if asked.year else sa.true())
    if asked.code:
        return sa.false()
    begins = sa.or_(*(_L.answer_number.startswith(one) for one in (f"{asked.number}/", f"{asked.number:02d}/")))
    same_day = _L.answered_on == asked.day if asked.day else _in_year(_L.answered_on, asked.year or 0)
    return sa.and_(begins, same_day)


def _awardee(row: Any) -> dict[str, Any]:
    household = row.kind == NomineeKind.HOUSEHOLD
    return {
        "name": row.name,
        "kind": row.kind,
        "position": None if household else row.position,  # of a household: its head, village and commune
        "workplace": row.workplace,
        "unit": row.unit,
        "award": row.award,
        "award_name": transition.award_name(row.award),
        "achievement": _one_line(row.achievement),
        "number": row.number,
        "date": row.day.isoformat() if row.day else None,
        "code": row.code,
        "state": AwardState.REVOKED.value
        if row.state == REVOKED
        else disclosure.NO_LONGER.get(row.standing, AwardState.IN_FORCE).value,
        "decided_by": catalogue.DECIDER_NAMES.get(row.superior, row.superior) if row.superior else None,
    }


def _one_line(text: str | None) -> str | None:
    said = " ".join((text or "").split())
    return f"{said[: _LINE - 1].rstrip()}…" if len(said) > _LINE else said or None


def choices(session: Session) -> dict[str, list[Any]]:
    """The values of the filters: years and awards of published papers, units as (code, name)."""
    own = session.execute(
        sa.select(_D.signed_on, _D.award).join_from(Disclosure, Decision, _X.decision_id == _D.id).distinct()
    ).all()
    letters = session.execute(
        sa.select(_L.id, _L.answered_on).join_from(Disclosure, SubmissionLetter, _X.submission_letter_id == _L.id)
    ).all()
    granted = session.execute(
        sa.select(_N.award)
        .where(_N.submission_letter_id.in_([row.id for row in letters]), _N.state.in_(_SHOWN))
        .distinct()
    ).scalars()
    days = {*(row.signed_on for row in own), *(row.answered_on for row in letters)}
    awards = sorted({*(row.award for row in own), *granted}, key=transition.award_name)
    return {
        "years": sorted({day.year for day in days if day}, reverse=True),
        "awards": [(award, transition.award_name(award)) for award in awards],
        "units": [
            (row.code, row.name)
            for row in session.execute(sa.select(_U.code, _U.name).where(_U.is_office.is_(False)).order_by(_U.name))
        ],
    }


# As data -----------------------------------------------------------------------------------------------------------


def every(session: Session, **filters: Any) -> Iterator[dict[str, Any]]:
    """Every row of `search` with these filters, page after page: memory does not grow with the register."""
    after: str | None = None
    while True:
        rows, after = search(session, **filters, after=after, limit=1000)
        yield from rows
        if after is None:
            return


def every_apart(database: Database, **filters: Any) -> Iterator[dict[str, Any]]:
    """As `every`, each page a look of its own: a slow download never holds up those who write."""
    after: str | None = None
    while True:
        with database.read() as session:
            rows, after = search(session, **filters, after=after, limit=1000)
        yield from rows
        if after is None:
            return


COLUMNS = {
    "number": "Số quyết định",
    "date": "Ngày",
    "award_name": "Danh hiệu, hình thức",
    "name": "Họ tên, tên gọi",
    "kind": "Loại",
    "position": "Chức vụ",
    "workplace": "Nơi công tác, thôn xã",
    "unit": "Đơn vị đề nghị",
    "achievement": "Thành tích",
    "state": "Tình trạng",
    "decided_by": "Cấp trên quyết định",
    "code": "Mã quyết định",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Spreadsheets with «;» as list separator (the default of Vietnamese Windows) split a cell there, quoted or not.
_CUT_OFF = re.compile(r'(?<=[;\t\r\n])("*)(?=[=+@-])')


def csv_lines(session: Session, **filters: Any) -> Iterator[str]:
    """The rows of `every` as lines of CSV: see `csv_of`."""
    return csv_of(every(session, **filters))


def csv_of(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Rows of `search` as lines of CSV (RFC 4180), to be encoded as UTF-8; the first begins with a BOM for Excel.

    What a spreadsheet would take for a formula gets an apostrophe before its sign (OWASP, CSV injection), wherever in a cell
    another separator than ours would begin one.
    """
    yield "\ufeff" + _csv(COLUMNS.values())
    for row in rows:
        said = row | {"kind": KIND_NAMES[row["kind"]], "state": AWARD_STATE_NAMES[row["state"]]}
        yield _csv(_harmless(said[name]) for name in COLUMNS)


def _csv(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _harmless(cell: str | None) -> str:
    said = _CUT_OFF.sub(r"\1'", cell or "")
    return f"'{said}" if said.startswith(_FORMULA) else said


# Of one published decision ---------------------------------------------------------------------------------------

# What everybody may know of a published decision: nothing of who signed inside, nor why it was revoked (docs/law.md, «Công khai»).
PUBLIC_FIELDS = ("code", "number", "award", "title", "signed_on", "state")


def register(session: Session) -> list[dict[str, Any]]:
    """Disclosed decisions for the public: number, date, title, state, how many; nothing of who signed inside."""
    published = set(session.exec(select(Disclosure.decision_id).where(Disclosure.channel == "register")))
    ids = {row.code: row.id for row in session.exec(select(Decision))}
    public = (*PUBLIC_FIELDS, "nominations")
    return [
        {name: row[name] for name in public} for row in disclosure.decisions(session) if ids[row["code"]] in published
    ]


def registered(session: Session, code: str) -> dict[str, Any]:
    """One disclosed decision as `register` lists it, with whom it honours. Raises Refusal `unknown_decision`."""
    row = disclosed_decision(session, code)
    said, honoured = disclosure.summary(row), disclosure.awardees(session, row, public=True)
    return {name: said[name] for name in PUBLIC_FIELDS} | {"nominations": len(honoured), "awardees": honoured}


def disclosed_decision(session: Session, code: str) -> Decision:
    """A decision that the public may read. Raises Refusal `unknown_decision`, `ambiguous_number` among those published."""
    found = paper(session, code)
    row = session.exec(select(Decision).where(Decision.code == found["code"])).one_or_none()
    if row is None:  # a superior's: in the register, and no decision of this office
        raise paper_numbers.unknown_decision(code)
    return row
