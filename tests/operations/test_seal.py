"""The key remembers what it signed last: who can only write the database gets nothing signed that does not continue it."""

import json
import re
import shutil
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from ledger import canonical, commitment, entry, merkle, note
from models import Checkpoint
from models.database import BESIDE
from operations import binding, ledger_book, seal
from operations.access import INSTALLER
from operations.installation import Installation
from operations.people import units
from operations.upkeep import verification
from rules.refusal import Refusal, Unreadable
from tests.cli.conftest import Line
from tests.conftest import SIGNER, Office

GUARD = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def _lawless(office: Any) -> list[str]:
    """Take the triggers away; returns what puts them back."""
    if office.database.is_sqlite:
        found = office.rows(GUARD)
        for name, _, _ in found:
            office.write(f"DROP TRIGGER {name}")
        return [sql for _, _, sql in found]
    found = office.rows(
        "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    )
    for name, table, _ in found:
        office.write(f"DROP TRIGGER {name} ON {table}")
    return [definition for _, _, definition in found]


def forge(office: Any, *, drop_checkpoints: bool = True) -> None:
    """Give a unit another name from the beginning on, as its owner of the database can: entry, opening, row, tree, head.

    Everything agrees afterwards and the triggers stand again. Only signatures are beyond them: they go.
    """
    guards = _lawless(office)
    index, leaf, text = office.rows(
        'SELECT e."index", leaf, openings FROM ledger_entry e JOIN ledger_opening o ON o."index" = e."index"'
        " WHERE kind = 'unit:registered' AND subject = 'XA01'"
    )[0]
    opened = json.loads(text)
    about = [opened["about"][1][0], "Xã Giả", *opened["about"][1][2:]]
    commitments, fresh = commitment.commit_fields({"about": about})
    said = entry.decode(leaf.encode())
    forged = entry.encode(index, said.at, said.kind, said.subject, {**said.commitments, **commitments}).decode()
    office.write("UPDATE unit SET name = 'Xã Giả' WHERE code = 'XA01'")
    office.write('UPDATE ledger_entry SET leaf = :leaf WHERE "index" = :i', leaf=forged, i=index)
    openings = canonical.dumps(opened | fresh).decode()
    office.write('UPDATE ledger_opening SET openings = :text WHERE "index" = :i', text=openings, i=index)
    leaves = office.rows('SELECT leaf FROM ledger_entry ORDER BY "index"')
    frontier = merkle.Frontier().extend(merkle.leaf_hash(one.encode()) for (one,) in leaves)
    office.write("UPDATE ledger_head SET frontier = :frontier", frontier=frontier.to_text())
    if drop_checkpoints:
        office.write("DELETE FROM checkpoint")
    for guard in guards:
        office.write(guard)


pytestmark = pytest.mark.both_databases


def test_a_rewritten_ledger_is_found_and_never_signed(office: Any, tmp_path: Path) -> None:
    forge(office)
    assert {(one["table"], one["key"]) for one in office.violations()} == {
        ("checkpoint", str(office_size(office, office.memory))),
        ("checkpoint", "0"),
    }
    before = office.memory.read_bytes()
    with pytest.raises(Refusal) as refused:
        office.seal()
    assert refused.value.code == "ledger_not_continued"
    assert (office.memory.read_bytes(), office.one("SELECT count(*) FROM checkpoint")) == (before, 0)
    with pytest.raises(Refusal) as refused:
        office.look(ledger_book.export, tmp_path / "out", office.signer)
    assert (refused.value.code, (tmp_path / "out").exists()) == ("no_checkpoint", False)


def office_size(office: Any, memory: Path) -> int:
    found = seal.remembered(memory, office.signer.vkey)
    assert found is not None
    return found.frontier.size


def test_a_rewritten_ledger_is_found_by_a_checkpoint_kept_elsewhere(office: Any) -> None:
    """The folder's own memory gone as well: what an inspector was sent says it."""
    kept = office.one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
    forge(office)
    office.memory.unlink()
    named = [one["what"] for one in office.verdict(known=[kept]).violations]
    assert [what for what in named if "giữ ở nơi khác không khớp" in what] != []
    assert [what for what in named if "không có điểm kiểm" in what] != []
    honest = [one for one in office.verdict(known=["x"]).violations if one["key"] == "--checkpoint"]
    assert len(honest) == 1


def test_an_honest_ledger_agrees_with_each_checkpoint_ever_kept(office: Any) -> None:
    kept = [office.one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")]
    for number in range(3):
        add_unit(office, f"XB{number}")
        office.seal()
        kept.append(office.one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"))
    assert office.verdict(known=kept).violations == []


def add_unit(office: Any, code: str) -> None:
    said = {"name": code, "level": "commune", "email": None, "valid_from": date(2024, 1, 1)}
    office.act(units.add, code=code, actor=INSTALLER, **said)


def test_no_checkpoint_can_be_altered_left_out_or_put_in(office: Any) -> None:
    for number in range(3):
        add_unit(office, f"XB{number}")
        office.seal()
    clean = office.violations()
    sizes = [size for (size,) in office.rows("SELECT size FROM checkpoint ORDER BY size")]
    guards = _lawless(office)
    missed = []
    for size in sizes:
        for change in (
            "DELETE FROM checkpoint WHERE size = :size",
            "UPDATE checkpoint SET size = size + 1000 WHERE size = :size",
            "UPDATE checkpoint SET note = note || 'x' WHERE size = :size",
            "UPDATE checkpoint SET at = '2020-01-01 00:00:00.000000+00:00' WHERE size = :size",
        ):
            with office.database.engine.connect() as connection:
                connection.execute(sa.text(change), {"size": size})
                with Session(connection, info={BESIDE: office.database.beside}) as session:
                    memory = seal.remembered(office.memory, office.signer.vkey)
                    wall = datetime.min.replace(tzinfo=UTC)
                    found = verification.verify(session, vkey=office.signer.vkey, memory=memory, wall=wall).violations
                    named = {one["table"] for one in found if "_no_" not in one["key"]}
                connection.rollback()
            if named != {"checkpoint"}:
                missed.append((change, size, named))
    for guard in guards:
        office.write(guard)
    assert (clean, missed, len(sizes)) == ([], [], 5)


def test_entries_of_more_than_an_hour_without_a_signature_are_named(office: Any) -> None:
    add_unit(office, "XB1")
    now = datetime.now(UTC)
    verdict = office.verdict(wall=now + timedelta(minutes=50))
    assert (verdict.violations, verdict.size - verdict.sealed, verdict.tail_from is not None) == ([], 1, True)
    (late,) = office.verdict(wall=now + timedelta(hours=2)).violations
    assert (late["table"], late["key"]) == ("checkpoint", str(verdict.sealed))
    office.seal()
    verdict = office.verdict(wall=LATER)
    assert (verdict.violations, verdict.tail_from) == ([], None)


def test_what_is_signed_is_on_disk_for_the_owner_alone_before_it_is_in_the_database(office: Any) -> None:
    add_unit(office, "XB1")
    with pytest.raises(ZeroDivisionError), office.database.begin() as session:
        seal.seal(session, office.signer, office.memory)
        1 / 0  # noqa: B018 -- the power fails before the commit
    assert stat.S_IMODE(office.memory.stat().st_mode) == 0o600
    kept = seal.remembered(office.memory, office.signer.vkey)
    assert kept is not None
    assert office.one("SELECT max(size) FROM checkpoint") < kept.frontier.size
    office.seal()  # the next start puts it where it belongs
    assert office.rows("SELECT note FROM checkpoint WHERE size = :size", size=kept.frontier.size) == [(kept.note,)]
    add_unit(office, "XB2")
    office.seal()
    assert office.violations() == []
    assert [one.name for one in office.memory.parent.iterdir() if one.name.startswith(f".{seal.MEMORY}")] == []


def test_a_database_that_lost_its_last_entries_is_not_signed(office: Any, tmp_path: Path) -> None:
    kept = tmp_path / "signed"
    add_unit(office, "XB1")
    office.seal()
    shutil.copy(office.memory, kept)
    guards = _lawless(office)
    last = office.one("SELECT size FROM ledger_head") - 1
    office.write('DELETE FROM ledger_opening WHERE "index" = :i', i=last)
    office.write("DELETE FROM ledger_act WHERE first = :i", i=last)
    office.write('DELETE FROM ledger_entry WHERE "index" = :i', i=last)
    office.write("DELETE FROM checkpoint WHERE size > :i", i=last)
    leaves = office.rows('SELECT leaf FROM ledger_entry ORDER BY "index"')
    frontier = merkle.Frontier().extend(merkle.leaf_hash(one.encode()) for (one,) in leaves)
    office.write("UPDATE ledger_head SET size = :i, frontier = :f", i=last, f=frontier.to_text())
    for guard in guards:
        office.write(guard)
    keeper = seal.Keeper(office.database, office.signer, office.memory)
    for step in (office.seal, lambda: binding.bind(office.database, keeper)):
        with pytest.raises(Refusal) as refused:
            step()
        assert refused.value.code == "ledger_not_continued"
        assert (refused.value.details, office.memory.read_bytes()) == (
            {"signed": last + 1, "size": last},
            kept.read_bytes(),
        )


def test_another_key_acts_on_no_ledger_and_signs_none(office: Any, tmp_path: Path) -> None:
    other = note.Signer("vinhdanh.example/so-cai", bytes(32))
    keeper = seal.Keeper(office.database, other, tmp_path / seal.MEMORY)
    clean = office.digests()
    for step in (lambda: binding.bind(office.database, keeper), keeper.now):
        with pytest.raises(Refusal) as refused:
            step()
        assert refused.value.code == "foreign_ledger_key"
    office.database.owner = other.vkey  # a process that was started before the database was exchanged
    with pytest.raises(Refusal) as refused:
        add_unit(office, "XB1")
    assert (refused.value.code, office.digests()) == ("foreign_ledger_key", clean)
    found = office.look(verification.verify, vkey=other.vkey).violations
    assert {one["table"] for one in found} == {"installation", "checkpoint"}


def test_the_memory_of_another_key_or_a_broken_one_stops_the_signature(office: Any) -> None:
    whole = office.memory.read_text()
    other = note.Signer(SIGNER.origin, bytes(32))
    kept = json.loads(whole)
    size, root = int(kept["note"].split("\n")[1]), merkle.Frontier.from_text(kept["frontier"]).root()
    for text, code in (
        ("", "bad_ledger_memory"),
        (whole[:-10], "bad_ledger_memory"),
        (json.dumps(kept | {"frontier": "0:"}), "bad_ledger_memory"),
        (json.dumps(kept | {"note": note.checkpoint(other, size, root)}), "foreign_ledger_key"),
    ):
        office.memory.write_text(text)
        with pytest.raises((Refusal, Unreadable)) as stopped:
            office.seal()
        assert stopped.value.code == code  # type: ignore[attr-defined] -- both have one
    office.memory.write_text(whole)
    office.seal()


def test_a_folder_without_memory_takes_it_from_the_last_checkpoint(office: Any) -> None:
    """Of before this version, or copied by hand: from then on it remembers."""
    office.memory.unlink()
    add_unit(office, "XB1")
    office.seal()
    assert office.violations() == []
    forge(office, drop_checkpoints=False)
    office.memory.unlink()
    with pytest.raises(Refusal) as refused:
        office.seal()
    assert refused.value.code == "ledger_not_continued"


def test_a_note_is_read_out_of_a_letter_the_memory_or_its_own_file(office: Any) -> None:
    signed = office.one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
    quoted = "\r\n".join(f"> {line}" for line in signed.split("\n"))
    letter = f"Kính gửi thanh tra,\r\n\r\nĐiểm kiểm mới nhất:\r\n\r\n{quoted}\r\n\r\nTrân trọng.\r\n"
    for text in (signed, letter, office.memory.read_text(), "  " + signed.replace("\n", "\n  ")):
        assert seal.read_note(text) == signed


# The doors -------------------------------------------------------------------------------------------------------


@pytest.fixture
def line(installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    for name in ("DATA", "NOW", "DATABASE_URL", "BASE_URL"):
        monkeypatch.delenv(f"VINHDANH_{name}", raising=False)
    installation.database.close()
    return Line(installation.folder, capsys)


def the_office(line: Line) -> Office:
    installation = Installation.at(line.folder, {})
    return Office(installation.database, installation.signer)


def test_acts_of_the_command_line_are_signed_when_it_ends(line: Line) -> None:
    open_round = ("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "Năm 2024")
    assert line(*open_round).code == 0
    said = line("ledger", "verify").done
    assert said["tail"] == {"sealed": said["size"], "entries": 0, "since": None}


def test_the_attack_through_the_doors(line: Line, tmp_path: Path) -> None:
    export, forged = tmp_path / "export", tmp_path / "forged"
    assert line("ledger", "export", export).code == 0
    office = the_office(line)
    forge(office)
    office.database.close()
    said = line("ledger", "verify")
    assert (said.code, {one["table"] for one in said.answer["violations"]}) == (3, {"checkpoint"})
    assert line("ledger", "verify", "--checkpoint", export / "checkpoint").code == 3
    assert (line("ledger", "export", forged).refused, forged.exists()) == ("ledger_not_continued", False)
    memory = line.folder / seal.MEMORY
    memory.unlink()
    assert line("ledger", "verify", "--checkpoint", export / "checkpoint").code == 3


def test_another_key_is_refused_by_every_act_and_named_by_verify(line: Line) -> None:
    (line.folder / "ledger.key").unlink()
    ledger_book.create_key(line.folder / "ledger.key", "vinhdanh.example/khac")
    open_round = ("round", "open", "--kind", "CONG_TRANG", "--year", 2024, "--title", "Năm 2024")
    for command in (open_round, ("ledger", "export", line.folder / "out"), ("backup", line.folder / "b.tar")):
        assert line(*command).refused == "foreign_ledger_key"
    said = line("ledger", "verify")
    assert (said.code, {one["table"] for one in said.answer["violations"]}) == (3, {"installation", "checkpoint"})


def test_two_installations_never_share_a_name_or_a_database(line: Line, tmp_path: Path) -> None:
    names = set()
    for number in range(2):
        other = Line(tmp_path / str(number), line._capsys)
        assert other("init").code == 0
        names.add(other("ledger", "key").done["origin"])
    assert len(names) == 2
    named = Line(tmp_path / "named", line._capsys)
    assert named("init", "--origin", "khenthuong.huyen.example/so-cai").code == 0
    assert named("ledger", "key").done["origin"] == "khenthuong.huyen.example/so-cai"
    assert Line(tmp_path / "bad", line._capsys)("init", "--origin", "a b+c").error == "bad_origin"
    assert not (tmp_path / "bad").exists()


def test_the_origin_is_the_sites_own_name(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VINHDANH_BASE_URL", "https://khenthuong.huyen.example:8443/")
    other = Line(tmp_path / "site", line._capsys)
    assert other("init").code == 0
    origin = other("ledger", "key").done["origin"]
    assert re.fullmatch(r"khenthuong\.huyen\.example/ledger/vd[a-z0-9]{10}", origin)


def test_a_second_folder_on_a_database_in_use_is_refused(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VINHDANH_DATABASE_URL", f"sqlite:///{line.folder}/vinhdanh.sqlite3")
    other = Line(tmp_path / "other", line._capsys)
    assert other("init").refused == "foreign_database"
    assert not (tmp_path / "other" / "ledger.key").exists()


def test_reading_everything_again_needs_no_disk_to_write(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an inspector mounts a copy: nothing in the folder can be written."""
    assert line("ledger", "verify").code == 0
    everything = [line.folder, *line.folder.rglob("*")]
    before = {path: path.stat().st_mode for path in everything}
    monkeypatch.setattr("os.access", lambda path, mode: mode == 4 or str(line.folder) not in str(path))
    for path in everything:
        path.chmod(before[path] & 0o555)
    try:
        said = line("ledger", "verify")
    finally:
        for path in everything:
            path.chmod(before[path])
    assert (said.code, said.answer["violations"] if said.code else []) == (0, [])


def test_a_checkpoint_is_a_row_of_its_own_size() -> None:
    """The chain over checkpoints tells any two sequences of rows apart."""
    when = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [Checkpoint(size=size, note=f"n{size}", at=when) for size in (1, 2, 3)]
    chains = [seal.chain_of(one) for one in (rows, rows[:2], rows[1:], [rows[1], rows[0], rows[2]], [])]
    assert len(set(chains)) == 5
