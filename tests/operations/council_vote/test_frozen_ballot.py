"""An attacker who can write the database, with no share and no ledger key: what froze at the opening is what counts."""

import json
import random
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger import commitment, entry, merkle, sealing
from ledger.canonical import dumps
from operations.council_vote import ballot_box, ballot_check, ballot_memory, counting, frozen, recusals, sessions, vote
from operations.installation import Installation
from operations.upkeep import backup, doctor
from rules.lifecycle import State
from rules.refusal import Refusal
from tests.conftest import Office, budget

MEMBERS = ("chutich", "phochutich", *(f"tv{n:02d}" for n in range(3, 12)))


def new_key() -> str:
    raw = X25519PrivateKey.generate().public_key().public_bytes_raw()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def open_one(office: Any) -> None:
    """A ballot on three nominations; tv05 stands aside from the first."""
    round_ = office.open_round()
    codes = round_.to(State.ELIGIBLE, 3)
    session = round_.session()
    office.act(recusals.recuse, session, member="tv05", nomination=codes[0], ground="em", actor=office.thuky,
               now=office.now)  # fmt: skip
    office.open_ballot(session)


@pytest.fixture
def opened(kind: str, furnish: Any) -> tuple[Any, str]:
    office = furnish(kind, "an open ballot", open_one)
    return office, office.one("SELECT code FROM council_session")


def cast(office: Any, session: str, member: str, choice: str = "approve") -> Any:
    slip = office.look(vote.slip, session, actor=office.actor(member))
    choices = dict.fromkeys(set(slip.agenda) - slip.aside, choice)
    return office.act(vote.cast, session, choices=choices, actor=office.actor(member))


def close(office: Any, session: str) -> Any:
    return office.act(vote.close_ballot, session, actor=office.thuky, now=office.now)


def tally(office: Any, session: str) -> Any:
    return office.act(
        counting.tally_ballot, session, shares=office.shares(session), actor=office.actor("tv04"), now=office.now
    )


def refused(act: Callable[..., Any], *given: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act(*given)
    return caught.value


# Every column that froze, and a row more and a row less of each table: (what, table named, statement).
CHANGES = {
    "the key": ("ballot", "UPDATE ballot SET public_key = :key"),
    "the form": ("ballot", "UPDATE ballot SET kind = 'open'"),
    "the shares needed": ("ballot", "UPDATE ballot SET shares_needed = 3"),
    "who opened": ("ballot", "UPDATE ballot SET opened_by = 'tv03'"),
    "a member's number": ("session_member", "UPDATE session_member SET member = 'TV99' WHERE member = 'TV07'"),
    "a member's account": ("session_member", "UPDATE session_member SET username = 'canbo.xa01' WHERE member = 'TV07'"),
    "a member's name": ("session_member", "UPDATE session_member SET name = 'Ai Khác' WHERE member = 'TV07'"),
    "a member's address": ("session_member", "UPDATE session_member SET email = 'k@x.example' WHERE member = 'TV07'"),
    "who chairs": ("session_member", "UPDATE session_member SET chairs = NOT chairs WHERE member = 'TV07'"),
    "who counts": ("session_member", "UPDATE session_member SET teller = NOT teller WHERE member = 'TV07'"),
    "who is present": ("session_member", "UPDATE session_member SET attended = NOT attended WHERE member = 'TV07'"),
    "a member less": ("session_member", "DELETE FROM session_member WHERE member = 'TV07'"),
    "a member more": (
        "session_member",
        "INSERT INTO session_member (session_id, member, username, name, chairs, teller, attended)"
        " SELECT id, 'TV12', 'canbo.xa01', 'Ai Khác', FALSE, FALSE, TRUE FROM council_session",
    ),
    "who stands aside": ("recusal", "UPDATE recusal SET username = 'tv06'"),
    "from what": ("recusal", "UPDATE recusal SET nomination_id = nomination_id + 1"),
    "why": ("recusal", "UPDATE recusal SET ground = 'khác'"),
    "since when": ("recusal", "UPDATE recusal SET at = :other_time"),
    "a recusal less": ("recusal", "DELETE FROM recusal"),
    "a recusal more": (
        "recusal",
        "INSERT INTO recusal (session_id, username, nomination_id, ground, at)"
        " SELECT session_id, 'tv06', nomination_id, ground, at FROM recusal",
    ),
    "an item less": ("agenda_item", "DELETE FROM agenda_item WHERE nomination_id = 3"),
    "another item": ("agenda_item", "UPDATE agenda_item SET nomination_id = 4 WHERE nomination_id = 3"),
    "an item's award": ("agenda_item", "UPDATE nomination SET award = 'CSTDCS' WHERE id = 3"),
    "the regulation's text": ("regulation", "UPDATE regulation SET text = replace(text, '[7, 10]', '[1, 10]')"),
    "the regulation's hash": ("regulation", "UPDATE council_session SET regulation_sha256 = '0'"),
    "the round": ("council_session", "UPDATE review_round SET code = 'DX-2024-99' WHERE id = 1"),
    "the council": ("council_session", "UPDATE council SET code = 'HD-X'"),
    "the hour": ("council_session", "UPDATE council_session SET held_at = :other_time"),
    "the place": ("council_session", "UPDATE council_session SET place = 'nơi khác'"),
    "when it opened": ("council_session", "UPDATE council_session SET opened_at = :other_time"),
    "the seal of it all": ("council_session", "UPDATE council_session SET frozen_sha256 = 'x'"),
}


class UndoneError(Exception):
    pass


@contextmanager
def altered(office: Any, statement: str, **words: Any) -> Iterator[Any]:
    """A session in which somebody has written past every operation; nothing of it stays."""
    try:
        with office.database.begin() as session:
            known = {"key": new_key(), "other_time": "2023-01-01 00:00:00.000000"} | words
            used = {name: value for name, value in known.items() if f":{name}" in statement}
            changed: Any = session.execute(sa.text(statement), used)
            assert changed.rowcount > 0
            yield session
            raise UndoneError
    except UndoneError:
        pass


def test_nothing_that_froze_can_be_changed_before_a_cast_the_closing_or_the_count(opened: tuple[Any, str]) -> None:
    office, session = opened
    more = office.open_round().to(State.ELIGIBLE)  # the fourth nomination, for another item on the agenda
    assert office.rows("SELECT id FROM nomination WHERE code = :code", code=more[0]) == [(4,)]
    people = {name: office.actor(name) for name in ("tv06", "thuky", "tv04")}
    choices = dict.fromkeys(office.look(vote.slip, session, actor=people["tv06"]).agenda, "approve")
    shares = office.shares(session)
    acts: dict[str, Callable[[Any], Any]] = {
        "open": partial(vote.cast, session_code=session, choices=choices, actor=people["tv06"]),
        "close": partial(vote.close_ballot, session_code=session, actor=people["thuky"], now=office.now),
        "closed": partial(
            counting.tally_ballot, session_code=session, shares=shares, actor=people["tv04"], now=office.now
        ),
    }
    clean = office.digests()
    answers = {}
    for state, act in acts.items():
        if state == "closed":
            for member in MEMBERS:
                cast(office, session, member)
            close(office, session)
            clean = office.digests()
        for what, (table, statement) in CHANGES.items():
            with altered(office, statement) as session_:
                refusal = refused(act, session_)
                answers[what, state] = (refusal.code, {name.split("/")[0] for name in refusal.details["changed"]})
                assert (table in answers[what, state][1], refusal.reach) == (True, True), what
            assert [name for name, key, _ in office.look(lambda s: [*frozen.every_difference(s)])] == []
    assert {code for code, _ in answers.values()} == {"frozen_changed"}
    assert office.digests() == clean
    assert tally(office, session)["results"][1]["approve"] == 11
    assert office.violations() == []


def test_a_key_swapped_around_a_cast_reads_no_ballot(opened: tuple[Any, str]) -> None:
    """The attack as it was run: the attacker's key before each cast, the tellers' key afterwards."""
    office, session = opened
    true = office.one("SELECT public_key FROM ballot")
    chance = random.Random(5)
    people = {name: office.actor(name) for name in MEMBERS}
    slips = {name: office.look(vote.slip, session, actor=actor) for name, actor in people.items()}
    through = 0
    for _ in range(budget(100)):
        member = chance.choice(MEMBERS)
        choices = dict.fromkeys(set(slips[member].agenda) - slips[member].aside, "approve")
        with altered(office, "UPDATE ballot SET public_key = :key") as swapped:
            try:
                vote.cast(swapped, session, choices=choices, actor=people[member])
                through += 1
            except Refusal as refusal:
                assert refusal.code == "frozen_changed"
    assert through == 0
    for member in MEMBERS[:3]:  # and committed, as the attacker would
        office.write("UPDATE ballot SET public_key = :key", key=new_key())
        assert refused(cast, office, session, member).code == "frozen_changed"
        office.write("UPDATE ballot SET public_key = :key", key=true)
    assert office.rows("SELECT * FROM ballot_roll") == []
    for member in MEMBERS:
        answer = cast(office, session, member)
        assert answer["key"] == office.shares(session)[0].key
    close(office, session)
    assert {row["approve"] for row in tally(office, session)["results"]} == {10, 11}


def rewrite_ledger(office: Any, session: str, key: str) -> None:
    """The opening as the attacker wants it, in every row of the database: entries, openings, head and checkpoints."""
    for trigger in ("ledger_entry_no_update", "ledger_opening_no_update", "checkpoint_no_delete"):
        office.write(
            f"DROP TRIGGER {trigger}"
            if office.database.is_sqlite
            else f"DROP TRIGGER {trigger} ON {trigger.rsplit('_', 2)[0]}"
        )
    office.write("UPDATE ballot SET public_key = :key", key=key)

    def digest(look: Any) -> str:
        sitting = sessions.by_code(look, session)
        return frozen.Frozen(frozen.facts(look, sitting, ballot_box.require(look, sitting))).digest

    values = {"how": ["secret", key, 2, "thuky"], "frozen": office.look(digest)}
    office.write("UPDATE council_session SET frozen_sha256 = :new", new=values["frozen"])
    hashes = []
    for index, kind, was in office.rows('SELECT "index", kind, leaf FROM ledger_entry ORDER BY "index"'):
        leaf = was
        name = {"ballot:opened": "how", "session:ballot_opened": "frozen"}.get(kind)
        if name is not None:
            read = entry.decode(leaf.encode())
            opened = json.loads(office.one('SELECT openings FROM ledger_opening WHERE "index" = :i', i=index))
            made, salts = commitment.commit_fields({name: values[name]})
            leaf = entry.encode(index, read.at, kind, read.subject, read.commitments | made).decode()
            office.write('UPDATE ledger_entry SET leaf = :leaf WHERE "index" = :i', leaf=leaf, i=index)
            opened |= json.loads(dumps(salts))
            office.write(
                'UPDATE ledger_opening SET openings = :o WHERE "index" = :i', o=dumps(opened).decode(), i=index
            )
        hashes.append(merkle.leaf_hash(leaf.encode()))
    frontier = merkle.Frontier().extend(hashes)
    office.write("UPDATE ledger_head SET frontier = :f", f=frontier.to_text())
    office.write("DELETE FROM checkpoint")


def test_a_key_swapped_in_ballot_and_ledger_alike_is_no_key_either(opened: tuple[Any, str]) -> None:
    office, session = opened
    rewrite_ledger(office, session, new_key())
    for member in MEMBERS:
        refusal = refused(cast, office, session, member)
        assert (refusal.code, {name.split("/")[0] for name in refusal.details["changed"]}) == (
            "frozen_changed",
            {"ballot", "council_session", "ledger_entry"},
        )
    assert refused(close, office, session).code == "frozen_changed"
    found = office.look(ballot_check.verify, session)
    assert {(one["table"], one["key"]) for one in found} == {
        ("ballot", session),
        ("council_session", session),
        ("ledger_entry", session),
    }
    waiting = office.act(vote.annul_ballot, session, reason="Khóa bị đổi", actor=office.thuky, now=office.now)
    assert office.states(waiting["waiting"]) == ["eligible"] * 3  # the advice of the refusal can be followed


def test_a_second_opening_is_refused_whatever_the_rows_say(opened: tuple[Any, str]) -> None:
    """The attacker puts the session back to before its ballot and opens it again, with shares of their own."""
    office, session = opened
    for statement in (
        "DELETE FROM ballot",
        "DELETE FROM agenda_item",
        "UPDATE council_session SET state = 'convened', frozen_sha256 = NULL, opened_at = NULL",
        "UPDATE nomination SET state = 'eligible'",
    ):
        office.write(statement)
    before = office.digests()
    refusal = refused(partial(office.open_ballot, session))
    assert (refusal.code, refusal.reach) == ("ballot_opened", True)
    assert office.digests() == before
    assert ("ballot", session) in {(one["table"], one["key"]) for one in office.violations()}


def test_a_session_that_this_folder_never_saw_opened_takes_no_ballot(opened: tuple[Any, str]) -> None:
    """Forged whole, with entries of its own: no member votes in it."""
    office, session = opened
    place = office.look(ballot_memory.folder) / f"{session}.json"
    kept = place.read_bytes()
    place.unlink()
    assert refused(cast, office, session, "tv06").code == "frozen_changed"
    assert [one["table"] for one in office.look(ballot_check.verify, session)] == ["ballot"]
    place.write_bytes(kept)
    cast(office, session, "tv06")


# The box ------------------------------------------------------------------------------------------------------------


def forge(office: Any, session: str) -> None:
    """Every envelope replaced by one of the attacker's, rightly sealed, and every digest of the database mended."""
    opened = office.look(lambda s: frozen.require(s, sessions.by_code(s, session)))
    number = office.one("SELECT count(*) FROM ballot_box")
    office.write("DELETE FROM ballot_box")
    made = []
    for _ in range(number):
        choices = dict.fromkeys(opened.agenda, "approve")
        words = {"agenda": opened.agenda, "aside": (), "public_key": opened.public_key}
        made.append(sealing.seal(choices, session=session, frozen=opened.digest, **words))
    sitting = office.one("SELECT id FROM council_session")
    for envelope in made:
        office.write("INSERT INTO ballot_box VALUES (:s, :e)", s=sitting, e=envelope)
    office.write("UPDATE ballot SET box_sha256 = :d", d=sealing.box_digest(made))


def test_a_box_exchanged_with_its_digest_takes_no_cast_and_is_neither_closed_nor_counted(
    opened: tuple[Any, str],
) -> None:
    office, session = opened
    for member in MEMBERS[:8]:
        cast(office, session, member, "disapprove")
    forge(office, session)
    assert refused(cast, office, session, MEMBERS[8]).code == "roll_mismatch"
    assert refused(close, office, session).code == "roll_mismatch"


def test_a_box_exchanged_after_the_closing_is_not_counted(opened: tuple[Any, str]) -> None:
    office, session = opened
    for member in MEMBERS[:8]:
        cast(office, session, member, "disapprove")
    close(office, session)
    forge(office, session)
    assert refused(tally, office, session).code == "frozen_changed"  # the ledger has the box of the closing


def test_a_name_taken_off_the_roll_does_not_vote_twice(opened: tuple[Any, str]) -> None:
    office, session = opened
    for member in MEMBERS[:2]:
        cast(office, session, member)
    was, _ = office.look(ballot_memory.recall, session).boxes, cast(office, session, "tv06")
    before = office.rows("SELECT envelope FROM ballot_box")
    assert len(before) == 3
    # Everything as before tv06's cast, the data folder's memory included: only the ledger knows better.
    office.write("DELETE FROM ballot_roll WHERE username = 'tv06'")
    for (envelope,) in before:
        rest = [one for (one,) in before if one != envelope]
        if sealing.box_digest(rest) == was[0]:
            office.write("DELETE FROM ballot_box WHERE envelope = :e", e=envelope)
    office.write("UPDATE ballot SET box_sha256 = :d", d=was[0])
    office.act(ballot_memory.note_box, session, was[0], was[0])
    refusal = refused(cast, office, session, "tv06")
    assert (refusal.code, "sổ cái" in refusal.message) == ("roll_mismatch", True)


# What a crash, a restore and an upgrade leave ------------------------------------------------------------------------


def test_a_cast_that_is_rolled_back_leaves_a_box_that_takes_the_next(opened: tuple[Any, str]) -> None:
    office, session = opened
    cast(office, session, "tv06")
    people = {name: office.actor(name) for name in MEMBERS}
    choices = dict.fromkeys(office.look(vote.slip, session, actor=people["tv07"]).agenda, "approve")
    with pytest.raises(RuntimeError, match="power cut"), office.database.begin() as session_:
        vote.cast(session_, session, choices=choices, actor=people["tv07"])
        raise RuntimeError("power cut")
    assert len(office.look(ballot_memory.recall, session).boxes) == 2
    for member in ("tv08", "tv07"):
        cast(office, session, member)
    assert len(office.look(ballot_memory.recall, session).boxes) == 1
    assert office.look(ballot_check.verify, session) == []


def test_a_process_that_dies_between_commit_and_note_leaves_a_ballot_that_votes(opened: tuple[Any, str]) -> None:
    office, session = opened
    folder = office.look(ballot_memory.folder)
    (folder / f"{session}.json").rename(folder / f"{session}.begun")
    cast(office, session, "tv06")
    assert office.look(ballot_memory.of_all) == [session]


def test_an_opening_that_was_not_committed_does_not_hinder_the_next(opened: tuple[Any, str]) -> None:
    office, _ = opened
    round_ = office.open_round()
    round_.to(State.ELIGIBLE)
    session = round_.session()
    words = office.key(session)
    actor = office.actor("thuky")
    with pytest.raises(RuntimeError, match="power cut"), office.database.begin() as session_:
        vote.open_ballot(session_, session, actor=actor, now=office.now, **words)
        raise RuntimeError("power cut")
    assert session not in office.look(ballot_memory.of_all)
    office.open_ballot(session)
    cast(office, session, "tv06")
    assert office.look(ballot_check.verify, session) == []


def test_a_ballot_that_an_earlier_version_opened_goes_on(opened: tuple[Any, str]) -> None:
    """Its data folder has no memory yet: rows and ledger agree, so they are remembered, once."""
    office, session = opened
    cast(office, session, "tv06")
    folder: Path = office.look(ballot_memory.folder)
    kept = json.loads((folder / f"{session}.json").read_text())
    shutil.rmtree(folder)
    cast(office, session, "tv07")
    again = json.loads((folder / f"{session}.json").read_text())
    assert (again["entries"], again["facts"]) == (kept["entries"], kept["facts"])
    assert office.violations() == []


def test_of_an_earlier_version_only_what_its_ledger_confirms_goes_on(opened: tuple[Any, str]) -> None:
    office, session = opened
    shutil.rmtree(office.look(ballot_memory.folder))
    office.write("UPDATE ballot SET public_key = :key", key=new_key())
    assert refused(cast, office, session, "tv06").code == "frozen_changed"


def test_doctor_and_backup_know_what_froze(installation: Installation, tmp_path: Path) -> None:
    office = Office(installation.database, installation.signer)
    open_one(office)
    session = office.one("SELECT code FROM council_session")

    def ballots(at: Installation) -> tuple[bool, str]:
        (one,) = [check for check in doctor.examine(at)["checks"] if check["name"] == "ballots"]
        return one["ok"], one["message"]

    assert ballots(installation) == (True, "tốt")
    backup.write(installation, tmp_path / "backup.tar")
    backup.read(tmp_path / "backup.tar", tmp_path / "restored")
    restored = Installation.at(tmp_path / "restored", {})
    assert ballots(restored) == (True, "tốt")
    restored.database.close()
    office.write("UPDATE ballot SET public_key = :key", key=new_key())
    well, said = ballots(installation)
    assert (well, "khóa hòm phiếu" in said, session in said) == (False, True, True)


def test_the_memory_holds_no_vote_and_is_its_owners_alone(opened: tuple[Any, str]) -> None:
    office, session = opened
    folder: Path = office.look(ballot_memory.folder)
    for member in MEMBERS:
        cast(office, session, member, "disapprove")
    (place,) = folder.iterdir()
    text = place.read_text()
    receipts = [sealing.receipt(envelope) for (envelope,) in office.rows("SELECT envelope FROM ballot_box")]
    assert (place.name, oct(place.stat().st_mode)[-3:]) == (f"{session}.json", "600")
    assert [one for one in (*receipts, "disapprove", *vote.CHOICES) if one in text] == []
