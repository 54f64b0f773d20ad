"""The demo's later years, without the engine: every nomination says what was true in its year, and the ledger verifies."""

from datetime import date
from typing import Any

from cli.demo.people import Office as People
from cli.demo.years import LATER, Years
from operations.installation import Installation
from operations.views import nominations, timeline
from rules.lifecycle import State
from tests.conftest import NOW, Office

BORN = date(1985, 9, 5)


def test_three_years_with_the_same_people(installation: Installation) -> None:
    office = Office(installation.database, installation.signer)
    first = office.open_round()
    known = {
        "position": "Giáo viên",
        "workplace": "Trường THCS",
        "honorific": "Bà",
        "ethnicity": "Thái",
        "birth_date": BORN,
    }
    codes = first.to(State.DISCLOSED, 3, **known) + first.to(State.DISCLOSED, 3, unit="XA02", **known)
    story = Years(People(installation, NOW), len(LATER) + 1)
    story.play()
    rows = {row["code"]: row for row in office.look(nominations.listing)}

    def said(code: str) -> dict[str, Any]:
        return dict(office.look(timeline.of_nomination, code, actor=None)["nominee"])

    assert [said(code)["position"] for code in codes] == ["Giáo viên"] * 6
    assert [(one["year"], one["nominations"]) for one in story.stories] == [(2025, 6), (2026, 6)]
    for number, one in enumerate(story.stories, 1):
        assert (said(one["promoted"])["position"], rows[one["promoted"]]["state"]) == (
            f"Phó Hiệu trưởng {number}",
            "disclosed",
        )
        assert said(one["moved"])["workplace"] == f"Trường THCS số {number}"
        assert (said(one["corrected"])["position"], rows[one["corrected"]]["state"]) == ("Giáo viên", "disclosed")
        assert [rows[one[name]]["state"] for name in ("declined", "revoked")] == ["declined", "revoked"]
    merged = story.stories[1]["merged"]
    assert ({rows[code]["unit"] for code in merged}, story.stories[0]["merged"]) == ({"XA02"}, [])
    assert office.rows("SELECT count(*) FROM decision WHERE state = 'in_force'") == [(4,)]
    story.play()  # an interrupted demo goes on: what is done is done
    assert office.look(nominations.listing) == list(rows.values())
    installation.keeper.now()
    assert office.verdict(memory=None).violations == []
