"""Everything that leaves the house bears the installation's own name: two that did the same acts share no identity.

Nor do one installation and itself as a backup of it goes on, whose numbers begin again where the backup was made.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import note
from models.database import Database
from notifications import letters, message
from operations import binding, identity
from operations.council_vote import convening
from operations.installation import Installation
from operations.upkeep import sample
from rules.lifecycle import State
from tests.conftest import NOW, SIGNER, Furnish, Office, Templates

HEAD = letters.Letterhead(authority="UBND", office="Phòng Nội vụ", base_url="https://vinhdanh.example")


def begun(code: str) -> Callable[[Database], None]:
    def acts(database: Database) -> None:
        with database.begin() as session:
            binding.begin(session, SIGNER, code)
        with database.begin() as session:
            sample.set_up(session, now=NOW, passwords_for=[])

    return acts


def same_acts(office: Office) -> None:
    round_ = office.open_round()
    round_.to(State.RETURNED)
    round_.to(State.DISCLOSED)
    round_.to(State.FORWARDED)
    office.act(convening.reschedule, round_.session(), at=NOW.replace(hour=3, day=20), reason="đổi lịch",
               actor=office.thuky, now=NOW)  # fmt: skip


def outward(office: Office) -> dict[str, set[str]]:
    """Every identity in what goes to mail servers, calendars and the engine."""
    found: dict[str, set[str]] = {"Message-ID": set(), "X-Vinhdanh-Key": set(), "UID": set(), "engine": set()}
    rows = office.rows("SELECT key, kind, topic, recipient, context FROM outbox_message")
    for key, kind, topic, recipient, context in rows:
        if kind != "letter":
            found["engine"].add(key)
            continue
        rendered = letters.render(topic, json.loads(context), letterhead=HEAD)
        data = message.compose(
            key=key, sender="a@ubnd.example", recipient=recipient, rendered=rendered, at=NOW, domain="ubnd.example"
        ).decode()
        for name in ("Message-ID", "X-Vinhdanh-Key"):
            found[name] |= set(re.findall(rf"^{name}: (.*)\r$", data, re.MULTILINE))
        if rendered.calendar is not None:
            found["UID"] |= set(
                re.findall(r"UID:(.*)", rendered.calendar.decode().replace("\r\n ", "").replace("\r", ""))
            )
    return found


def test_two_installations_and_a_restored_one_share_nothing(
    templates: Templates, furnish: Furnish, tmp_path: Path
) -> None:
    furnish("sqlite")  # what the templates stand on
    offices = []
    for name in ("vdmotmotmot1", "vdhaihaihai2", "vdmotmotmot1"):
        templates.build("sqlite", name, on="migrated", acts=begun(name))
        folder = tmp_path / str(len(offices))
        folder.mkdir()
        offices.append(Office(templates.copy("sqlite", name, folder)[0], SIGNER))
    offices[2].write("UPDATE installation SET generation = generation + 1")
    for office in offices:
        same_acts(office)
    one, other, restored = map(outward, offices)
    assert {name: len(found) > 1 for name, found in one.items()} == dict.fromkeys(one, True)
    assert [len(office["Message-ID"]) for office in (one, other, restored)] == [len(one["X-Vinhdanh-Key"])] * 3
    for name in one:
        assert not one[name] & other[name], name
        assert not one[name] & restored[name], name
    # A session has one UID: its invitation, and its change.
    assert len(one["UID"]) == offices[0].one("SELECT count(*) FROM council_session")


def test_what_was_told_before_a_restore_is_told(office: Office) -> None:
    before = office.look(identity.of)
    assert re.fullmatch("vd[a-z0-9]{10}", before)
    office.write("UPDATE installation SET generation = 2")
    assert office.look(identity.of) == f"{before}.2"
    assert office.look(identity.every) == [f"{before}.2", f"{before}.1", before]


@pytest.mark.parametrize("site", ["", "https://khenthuong.example"])
def test_two_ledgers_of_one_site_have_two_names(tmp_path: Path, site: str) -> None:
    found = set()
    for name in ("a", "b"):
        made = Installation.at(tmp_path / name, {"VINHDANH_BASE_URL": site})
        made.create()
        with made.database.read() as session:
            code = session.execute(sa.text("SELECT code FROM installation")).scalar_one()
        made.database.close()
        assert made.signer.origin.endswith(f"/{code}")
        found.add(note.load((made.folder / "ledger.key").read_bytes()).origin)
    assert len(found) == 2
