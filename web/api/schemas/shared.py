"""Parts shared by several routers' requests and answers. Types are strict: no text becomes a number."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, WithJsonSchema

from operations import transition
from rules.lifecycle import State
from rules.refusal import Citation, Refusal, Unreadable

T = TypeVar("T")
Date = date  # for fields that are called so

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("a moment is written YYYY-MM-DDThh:mm:ss with its offset")
    return value


def _thinkable(value: Any) -> Any:
    """Beyond these years calendars and time zones overflow."""
    if not 1900 <= value.year <= 2200:
        raise ValueError("the year lies between 1900 and 2200")
    return value


# Plain dates only: pydantic alone would take a number for one.
Day = Annotated[
    date,
    BeforeValidator(_day),
    AfterValidator(_thinkable),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_thinkable),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "^(19|20|21)[0-9]{2}-"}),
]

CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
Code = Annotated[str, Field(pattern=CODE)]
InPath = Annotated[str, Path(pattern=CODE)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
Word = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=20_000)]
Many = Annotated[list[Code], Field(min_length=1, max_length=50_000)]
Reason = Annotated[str, Field(max_length=2000, description="A sentence that the unit reads, with the provision.")]

After = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Filter = Annotated[str | None, Query(pattern=CODE)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    pass


class Page(Answer, Generic[T]):
    """A page of a list; `next` is handed back as `after`, null on the last one."""

    items: list[T]
    next: str | None


def page(rows: Sequence[Any], after: str | None, limit: int, *, key: str = "code") -> dict[str, Any]:
    """A page of a list that is short enough to be read whole. Raises Unreadable `bad_page_key`."""
    start = 0
    if after is not None:
        places = [place for place, row in enumerate(rows, start=1) if row[key] == after]
        if not places:
            raise Unreadable(
                "bad_page_key", "Dấu trang không đọc được; hãy mở lại danh sách từ đầu.", where={"after": after[:80]}
            )
        start = places[-1]
    found = list(rows[start : start + limit])
    return {"items": found, "next": found[-1][key] if start + limit < len(rows) else None}


class Finding(Answer):
    rule: str
    verdict: str
    found: Any = None
    citation: Citation
    status: str
    message: str


Version = Annotated[
    StrictInt | None, Field(ge=1, le=2**31, description="What the reader saw; a later one is refused `stale`.")
]
Versions = Annotated[
    dict[Code, Annotated[StrictInt, Field(ge=1, le=2**31)]] | None, Field(description="Code → version, as above.")
]


# Errors --------------------------------------------------------------------------------------------------------------


class Where(Answer):
    field: str
    message: str


class Problem(Answer):
    """RFC 9457. `code` is stable and for programs, `title` a Vietnamese sentence for a person."""

    type: Annotated[str, Field(pattern="^urn:vinhdanh:")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: str
    citation: Citation | None = None
    where: list[Where] | None = None
    details: dict[str, Any] | None = None


class Why(Answer):
    """Why one of many was refused."""

    code: str
    message: str
    citation: Citation | None = None


class NotDone(Answer):
    code: str
    why: Why


class Done(Answer):
    code: str
    state: State


class Results(Answer):
    """Each nomination's result of a bulk act; if none succeeded, the answer is the first refusal."""

    done: list[Done]
    not_done: list[NotDone]


def results(found: Sequence[transition.Result]) -> dict[str, Any]:
    """Raises the first refusal when nothing was done."""
    not_done = refused(found)
    if found and len(not_done) == len(found):
        first = next(one.refusal for one in found if one.refusal is not None)
        raise Refusal(
            first.code,
            first.message,
            citation=first.citation,
            reach=first.reach,
            details=first.details | ({"not_done": not_done} if len(found) > 1 else {}),
        )
    done = [{"code": one.code, "state": one.state} for one in found if one.refusal is None]
    return {"done": done, "not_done": not_done}


def single(found: Sequence[transition.Result]) -> dict[str, Any]:
    """Raises the refusal of a single act."""
    one = transition.only_result(found)
    return {"code": one.code, "state": one.state}


def refused(found: Sequence[transition.Result]) -> list[dict[str, Any]]:
    return [{"code": one.code, "why": one.refusal.as_json()["refused"]} for one in found if one.refusal is not None]


class Password(Body):
    """The person behind the token, once more."""

    password: Annotated[str, Field(min_length=1, max_length=200, repr=False)]
    code: Annotated[
        str | None, Field(max_length=20, repr=False, description="Of the second factor, where one is set.")
    ] = None
