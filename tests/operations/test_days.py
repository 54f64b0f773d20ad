"""Every day that a verb is given, against today, its neighbours and sense: what cannot be meant leaves no trace."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from operations import rounds
from operations.council_vote import convening, council
from operations.people import authorisations, roles
from operations.public_disclosure import disclosure
from operations.unit_proposal import mending
from rules.lifecycle import State
from rules.refusal import Refusal, Unreadable

TODAY = date(2024, 11, 1)
YESTERDAY, TOMORROW = TODAY - timedelta(1), TODAY + timedelta(1)
LONG_AGO, FAR = date(1905, 6, 2), date(2058, 6, 2)


def _at(office: Any, day: date) -> Any:
    return office.now + (day - TODAY)


INPUTS: dict[str, Callable[..., Any]] = {
    "birth": lambda s, o, r, d: mending.mend(s, o.codes[0], person={"birth_date": d}, actor=o.officer("XA01"), now=o.now),
    "authorisation begins": lambda s, o, r, d: authorisations.authorise(
        s, deputy="phochutich", document="7/UQ", scope="all", valid_from=d, valid_to=max(d, TODAY), actor=o.chutich, now=o.now),
    "authorisation ends": lambda s, o, r, d: authorisations.authorise(
        s, deputy="phochutich", document="7/UQ", scope="all", valid_from=TODAY, valid_to=d, actor=o.chutich, now=o.now),
    "role begins": lambda s, o, r, d: roles.grant(
        s, "canbo.xa01", "inspector", document="7/QĐ", valid_from=d, actor=o.actor("quantri"), now=o.now),
    "role ends": lambda s, o, r, d: roles.end(
        s, "canbo.xa01", "unit_officer", unit="XA01", on=d, actor=o.actor("quantri"), now=o.now),
    "seat begins": lambda s, o, r, d: council.appoint(
        s, council_code="HD-2024", username="canbo.xa01", title="Ủy viên", body="Huyện đoàn", valid_from=d, actor=o.thuky,
        now=o.now),
    "meeting": lambda s, o, r, d: convening.convene(
        s, round_code=r.code, at=_at(o, d), place="Hội trường", actor=o.thuky, now=o.now),
    "proposals due": lambda s, o, r, d: rounds.open_round(
        s, kind="CONG_TRANG", year=2024, title="x", proposals_due=d, actor=o.thuky, now=o.now),
    "deadline": lambda s, o, r, d: rounds.extend(
        s, r.code, stage="unit_proposal", until=d, reason="x", actor=o.thuky, now=o.now),
    "round's year": lambda s, o, r, d: rounds.open_round(
        s, kind="CONG_TRANG", year=d.year, title="x", actor=o.thuky, now=o.now),
    "answer": lambda s, o, r, d: disclosure.record_answer(
        s, o.letter_of(o.codes[1]), number="1/QĐ", on=d, actor=o.chuyenvien1, now=o.now),
}  # fmt: skip
OK = ""
# Said of 1905, yesterday, today, tomorrow, 2058.
SAID: dict[str, tuple[str, str, str, str, str]] = {
    "birth": ("bad_date", "bad_date", "bad_date", "bad_date", "bad_date"),
    "authorisation begins": ("bad_date", OK, OK, OK, "bad_date"),
    "authorisation ends": ("bad_date", "bad_date", OK, OK, "bad_date"),
    "role begins": ("bad_date", OK, OK, OK, "bad_date"),
    "role ends": ("bad_date", OK, OK, OK, "bad_date"),
    "seat begins": ("bad_date", OK, OK, OK, "bad_date"),
    "meeting": ("bad_date", "date_in_the_past", OK, OK, "bad_date"),
    "proposals due": ("date_in_the_past", "date_in_the_past", OK, OK, "bad_date"),
    "deadline": ("date_in_the_past", "date_in_the_past", OK, OK, "bad_date"),
    "round's year": ("bad_year", OK, OK, OK, "bad_year"),
    "answer": ("answered_before_asked", "answered_before_asked", OK, "answered_in_future", "answered_in_future"),
}


class _Undone(Exception):  # noqa: N818 -- no error: the act is tried and taken back
    """The end of an act that is only tried."""


def test_every_day_of_every_verb(small_office: Any) -> None:
    office, round_ = small_office, small_office.open_round()
    office.codes = [*round_.to(State.RETURNED), *round_.to(State.FORWARDED)]
    round_.to(State.ELIGIBLE)
    clean, found = office.digests(), {}
    for name, act in INPUTS.items():
        said = []
        for day in (LONG_AGO, YESTERDAY, TODAY, TOMORROW, FAR):
            try:
                with office.database.begin() as session:
                    act(session, office, round_, day)
                    raise _Undone
            except _Undone:
                said.append(OK)
            except (Refusal, Unreadable) as refusal:
                said.append(refusal.code)
        found[name] = tuple(said)
    assert found == SAID
    assert office.digests() == clean
