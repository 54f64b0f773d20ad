"""Every act names who did it: in its entries, in its own row, at every door; verification finds another name."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.kinds import CITIZEN, ENGINE, INSTALLER, UNNAMED, Kind
from operations import record
from operations.chairman_signature import signature
from operations.council_vote import convening
from operations.home_affairs_review import review
from operations.upkeep import doers

ROOT = Path(__file__).parents[2]
# Transactions that no door's `act` opens, and whose act each is.
APART = {
    "web/visit.py": "the door of the pages",
    "web/api/caller.py": "the door of programs",
    "cli/door.py": "the door of the command line",
    "web/api/group_commit.py": "submits of several people, each through the door of programs",
    "web/routes/petitions.py": "a citizen's: no account",
    "web/api/register.py": "as above, by a program",
    "cli/system.py": "the first set-up, the sweep of deadlines",
    "cli/simulate.py": "scripted people, each through a verb with its actor",
    "cli/demo/stage.py": "as above",
    "cli/demo/people.py": "as above",
}


def last_act(office: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = office.rows("SELECT by, on_behalf_of FROM ledger_act ORDER BY first DESC LIMIT 1")[0]
    return found


@pytest.mark.parametrize("by", ["", *sorted(UNNAMED)])
def test_an_entry_that_names_nobody_is_rolled_back_with_its_act(small_office: Any, by: str) -> None:
    clean = small_office.digests()
    with pytest.raises(TypeError):
        small_office.act(lambda session: record.record(session, Kind.SESSION_CONVENED, [("x", {})], by=by))
    assert small_office.digests() == clean


def test_a_door_lets_nobody_act_under_another_name(small_office: Any) -> None:
    round_ = small_office.open_round()
    clean = small_office.digests()

    def act(session: Any) -> None:
        with record.naming(session, "chuyenvien1"):
            convening.convene(
                session, round_code=round_.code, at=small_office.now, place="Hội trường", actor=small_office.thuky,
                now=small_office.now,
            )  # fmt: skip

    with pytest.raises(TypeError):
        small_office.act(act)
    assert small_office.digests() == clean


def test_every_door_names_who_acts() -> None:
    opened = {
        path.relative_to(ROOT).as_posix()
        for folder in ("web", "cli")
        for path in (ROOT / folder).rglob("*.py")
        if {"database.begin()", "database.together("} & set(re.findall(r"database\.\w+\(\)?", path.read_text("utf-8")))
    }
    assert opened == set(APART)
    for door in ("web/visit.py", "web/api/caller.py", "cli/door.py"):
        assert "with record.naming(session, " in (ROOT / door).read_text("utf-8"), door


def test_no_kind_lets_more_than_one_nameless_doer() -> None:
    assert {kind.unnamed for kind in Kind} <= {None, ENGINE, INSTALLER, CITIZEN}


def test_a_deputy_acts_for_the_chairman(office: Any) -> None:
    (code,) = office.open_round("DOT_XUAT").file(award="GK_HUYEN")
    office.act(review.pass_review, [code], actor=office.chuyenvien1, now=office.now)
    deputy = office.phochutich
    assert deputy.represents == "chutich"
    assert [one.refusal for one in office.act(signature.sign, [code], actor=deputy, now=office.now).results] == [None]
    assert last_act(office) == ("phochutich", "chutich")
    opened = {
        kind: {field: value for field, (_, value) in json.loads(openings).items()}
        for kind, openings in office.rows(
            'SELECT e.kind, o.openings FROM ledger_entry e JOIN ledger_opening o ON o."index" = e."index" '
            "WHERE e.kind IN ('decision:signed', 'nomination:signed')"
        )
    }
    assert {kind: (said["by"], said["on_behalf_of"]) for kind, said in opened.items()} == {
        "decision:signed": ("phochutich", "chutich"),
        "nomination:signed": ("phochutich", "chutich"),
    }
    assert office.violations() == []


def test_who_did_what_before_names_were_kept_stays_unknown(small_office: Any) -> None:
    """The entries of an earlier program have no act; from the first one of this program on, each must."""
    found: list[str] = []

    def look(session: Any) -> None:
        session.execute(sa.text("DROP TRIGGER ledger_act_no_delete"))
        session.execute(sa.text("DELETE FROM ledger_act"))
        doing = doers.Doers(session, lambda _table, key, what: found.append(f"{key}: {what}"))
        named = ({"by": "c"}, {"by": ["s", "quantri"]})
        doing.entry(0, Kind.ROUND_OPENED, {}, {})
        doing.entry(1, Kind.ROLE_GRANTED, *named)
        doing.entry(2, Kind.APPRAISAL_FOUND, {"by": "c"}, {"by": ["s", ["A_2024_HUYEN"]]})
        assert found == []
        doing.entry(3, Kind.ROUND_ADVANCED, *named)
        doing.entry(4, Kind.ROUND_ADVANCED, {}, {})
        session.rollback()

    with small_office.database.engine.connect() as connection, sa.orm.Session(connection) as session:
        look(session)
    assert found == ["3: mất dòng nói ai đã làm bản ghi này", "4: bản ghi không nêu ai làm"]
