"""A restored database brings nothing back that had ended, and gives no number out twice."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from models import Account
from notifications import letters
from operations import announce, given, identity, seal
from operations.installation import Installation
from operations.people import accounts, browser_sessions, links, tokens
from operations.upkeep import restoring
from rules.lifecycle import State
from rules.refusal import Refusal
from tests.conftest import Furnish, Office, write_key


def _folder(office: Office, place: Path) -> Installation:
    """A data folder around this office's database, with its key and what the key signed last."""
    write_key(place)
    if office.memory != place / seal.MEMORY and office.memory.exists():
        shutil.copy(office.memory, place / seal.MEMORY)
    url = office.database.engine.url.render_as_string(hide_password=False)
    return Installation.at(place, {"VINHDANH_DATABASE_URL": url.replace("postgresql+psycopg", "postgresql")})


def _signed(office: Office, state: State = State.SIGNED) -> tuple[str, str]:
    """A paper of each kind, signed; returns their numbers."""
    round_ = office.open_round()
    decision = office.decision_of(round_.to(state)[0])
    letter = office.letter_of(round_.to(State.FORWARDED)[0])
    return decision, letter


@pytest.fixture
def two_lives(kind: str, furnish: Furnish) -> tuple[Office, Office]:
    """The office that went on after the backup, and the backup as it lies in the database again."""
    return furnish(kind), furnish(kind)


@pytest.mark.both_databases
def test_numbers_given_out_after_the_backup_do_not_come_again(two_lives: tuple[Office, Office]) -> None:
    lived, restored = two_lives
    first = _signed(lived)
    lived.act(accounts.disable, "thanhtra", actor=lived.quantri, now=lived.now)
    lived.seal()
    before = restored.one("SELECT size FROM ledger_head")
    # The folder stayed; the database under it is the one of the backup.
    place = Path(str(restored.database.beside))
    installation = _folder(restored, place)
    shutil.copy(lived.memory, place / seal.MEMORY)
    shutil.copy(Path(str(lived.database.beside)) / given.PLACE, place / given.PLACE)
    said = restoring.in_place(installation, restoring.Elsewhere())
    installation.database.close()
    assert (said["generation"], said["locked"], said["ask"]) == (1, ["thanhtra"], [])
    assert said["lost"]["entries"] == lived.one("SELECT size FROM ledger_head") - before
    assert said["skipped"]["decision/2024"] == [0, 1]
    assert set(said["lost"]["papers"]) == set(first)
    restored.memory = place / seal.MEMORY
    second = _signed(restored)
    assert (first, second) == (("1-2024", "TTr-1-2024"), ("2-2024", "TTr-2-2024"))
    assert not set(lived.rows("SELECT code FROM nomination")) & set(restored.rows("SELECT code FROM nomination"))
    restored.seal()
    assert restored.violations() == []
    assert restored.look(identity.of) == lived.look(identity.of) + ".1"
    assert restored.one("SELECT disabled_at FROM account WHERE username = 'thanhtra'") is not None
    assert (place / f"{seal.MEMORY}.0").read_text() == lived.memory.read_text()


def test_a_skipped_number_needs_its_entry(two_lives: tuple[Office, Office]) -> None:
    _, restored = two_lives
    known = restoring.Elsewhere()
    restoring.last_number(known, "7-2024")
    restored.act(restoring.settle, known)
    restored.seal()
    assert restored.violations() == []
    assert restored.one("SELECT value FROM counter WHERE name = 'decision/2024'") == 7
    restored.write("UPDATE counter SET value = 3 WHERE name = 'decision/2024'")
    assert [(one["table"], one["key"]) for one in restored.violations()] == [("counter", "decision/2024")]


@pytest.mark.both_databases
def test_sessions_tokens_and_links_of_the_backup_are_over(two_lives: tuple[Office, Office]) -> None:
    _, restored = two_lives
    wall = datetime.now(UTC)
    token = restored.act(tokens.issue, scope="write", days=30, actor=restored.chutich, now=restored.now, wall=wall)
    cookie = browser_sessions.begin(restored.database, "chutich", now=restored.now, wall=wall)
    at = {"now": restored.now, "wall": wall + timedelta(seconds=2)}
    assert restored.look(browser_sessions.visitor, cookie, **at) is not None
    assert restored.look(tokens.bearer, token, **at) is not None
    link, _, _ = restored.act(links.invite, "tv04", actor=restored.quantri, now=restored.now)
    said = restored.act(restoring.settle, restoring.Elsewhere(), wall=wall + timedelta(seconds=1))
    assert said["ended"] == {"sessions": 1, "tokens": 1, "links": 1}
    assert restored.look(browser_sessions.visitor, cookie, **at) is None
    assert restored.look(tokens.bearer, token, **at) is None
    with pytest.raises(Refusal) as refused:
        restored.look(links.owner, link, **at)
    assert refused.value.code == "link_invalid"
    assert len(said["ask"]) == 2  # for a checkpoint, and for who was locked meanwhile
    restored.seal()
    assert restored.violations() == []


def _tell(session: Session, account: Account) -> None:
    context = {
        "recipient_name": account.display_name, "username": account.username, "what": "Một việc.", "by": "quantri",
        "at": "2024-11-01T08:00:00+07:00",
    }  # fmt: skip
    notice = announce.Notice(
        kind="account_changed", about="1", to=account.email, recipient=account.username, context=context
    )
    announce.notices(session, [notice])


def test_a_letter_to_an_inspector_is_a_checkpoint_kept_elsewhere(two_lives: tuple[Office, Office]) -> None:
    """Whole, or quoted in an answer; everybody else's letter says nothing of the ledger."""
    lived, restored = two_lives
    _signed(lived)
    lived.seal()
    for username in ("thanhtra", "thuky"):
        account = lived.look(accounts.named, username)
        lived.act(_tell, account)
    texts = [
        letters.render("account_changed", json.loads(context)).text
        for (context,) in lived.rows("SELECT context FROM outbox_message WHERE topic = 'account_changed' ORDER BY id")
    ]
    assert ["ledger verify" in text for text in texts] == [True, False]
    quoted = "> " + texts[0].replace("\n", "\r\n> ")
    for text in (texts[0], quoted):
        known = restoring.Elsewhere()
        restoring.learn(known, Path("thu.txt"), text, lived.signer.vkey)
        assert known.size == lived.one("SELECT max(size) FROM checkpoint")
        assert known.numbers["decision/2024"] == known.numbers["submission_letter/2024"] == 1
        assert lived.verdict(known=[seal.read_note(text)]).violations == []
    said = restored.act(restoring.settle, known)
    assert (said["skipped"]["decision/2024"], said["lost"]["entries"] > 0) == ([0, 1], True)
    assert restored.verdict(known=[seal.read_note(texts[0])]).violations != []
