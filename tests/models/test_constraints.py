"""What the database itself refuses: unknown words, papers that are missing, the same thing twice, naive times."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import models
from models.types import table
from operations.council_vote import conflicts_answered
from operations.people import accounts, links, passwords, tokens
from operations.public_disclosure import petitions
from operations.unit_proposal import mending
from operations.upkeep import deadlines
from rules.lifecycle import State

pytestmark = pytest.mark.both_databases

ROOT = Path(models.__file__).parents[1]
METADATA = models.SQLModel.metadata.tables
WORDS = sorted(
    (name, str(constraint.name).removeprefix(f"ck_{name}_").removesuffix("_known"))
    for name, one in METADATA.items()
    for constraint in one.constraints
    if isinstance(constraint, sa.CheckConstraint) and str(constraint.name).endswith("_known")
)


def stood(office: Any) -> None:
    """A round in which every table with words has a line."""
    round_ = office.open_round(proposals_due=date(2024, 11, 29))
    (code,) = round_.to(State.DISCLOSED)
    office.act(petitions.file, text="Tôi không đồng ý.", nomination=code, now=office.now)
    round_.to(State.FORWARDED)
    (draft,) = round_.to(State.DRAFT)
    office.act(mending.mend, draft, actor=office.thuky, now=office.now, field="giáo dục")
    office.act(deadlines.sweep, now=office.now + timedelta(days=90))
    office.act(tokens.issue, scope="read", days=1, actor=office.thuky, now=office.now)
    for username in ("thuky", "chutich"):
        office.act(passwords.set_password, office.look(accounts.named, username), "$argon2id$1", by=username)
    office.act(links.invite, "chutich", actor=office.quantri, now=office.now)
    (eligible,) = round_.to(State.ELIGIBLE)
    office.act(
        conflicts_answered.declare,
        round_.session(),
        nomination=eligible,
        kind="kinship",
        actor=office.tv05,
        now=office.now,
    )


@pytest.fixture
def standing(kind: str, furnish: Any) -> Any:
    return furnish(kind, "stood", stood)


def refused(office: Any, statement: str, **words: Any) -> str:
    """The name of the constraint that refuses this statement; '' when nothing does."""
    try:
        office.write(statement, **words)
    except sa.exc.IntegrityError as error:
        return str(error.orig)
    return ""


def disarmed(office: Any) -> None:
    """Without the triggers, so that it is the constraint that answers."""
    if office.database.is_sqlite:
        office.write("DROP TRIGGER appraisal_no_update")
    else:
        office.write("DROP TRIGGER appraisal_no_update ON appraisal")


def test_a_word_that_is_not_in_the_list_is_refused(standing: Any) -> None:
    disarmed(standing)
    wrong = []
    for name, column in WORDS:
        if name == "escalation":
            continue  # its level is a number, below
        rows = standing.one(f'SELECT count(*) FROM "{name}"')
        further = {"answer": ", answer_number = '1'", "act": ", link = NULL, gives = NULL"}.get(column, "")
        if (name, column) == ("account_request", "state"):  # settled by somebody, as every other word would be
            further = ", settled_by = 'x', settled_at = asked_at"
        said = refused(standing, f'UPDATE "{name}" SET {column} = :word{further}', word="nonsense")
        if not rows or f"ck_{name}_{column}_known" not in said:
            wrong.append((name, column, rows, said))
    assert wrong == []
    assert len(WORDS) > 20


IMPOSSIBLE = [
    ("ck_nomination_signed_names_its_paper", "UPDATE nomination SET state = 'signed' WHERE state = 'draft'"),
    ("ck_nomination_signed_names_its_paper", "UPDATE nomination SET state = 'revoked' WHERE state = 'draft'"),
    ("ck_nomination_disclosed_names_its_paper", "UPDATE nomination SET state = 'closed' WHERE state = 'draft'"),
    ("ck_nomination_forwarded_names_its_paper", "UPDATE nomination SET state = 'forwarded' WHERE state = 'draft'"),
    ("ck_nomination_version_positive", "UPDATE nomination SET version = 0"),
    ("ck_review_round_closed_means_ended", "UPDATE review_round SET stage = 'ended'"),
    ("ck_review_round_closed_means_ended", "UPDATE review_round SET closed_at = opened_at"),
    ("ck_review_round_year_sane", "UPDATE review_round SET year = 1"),
    ("ck_deadline_days_positive", "UPDATE deadline SET days = 0"),
    ("ck_escalation_level_known", "UPDATE escalation SET level = 5"),
    ("ck_unit_validity", "UPDATE unit SET valid_to = valid_from"),
    ("ck_unit_not_its_own_successor", "UPDATE unit SET successor_id = id"),
    ("ck_role_grant_validity", "UPDATE role_grant SET valid_to = valid_from"),
    ("ck_role_grant_unit_roles_name_a_unit", "UPDATE role_grant SET unit_id = NULL"),
    ("ck_authorisation_two_people", "UPDATE authorisation SET deputy_id = principal_id"),
    ("ck_authorisation_validity", "UPDATE authorisation SET valid_to = '2000-01-01'"),
    ("ck_account_request_two_people",
     "UPDATE account_request SET state = 'confirmed', settled_by = asked_by, settled_at = asked_at"),
    ("ck_account_request_who_settled_it", "UPDATE account_request SET state = 'refused'"),
    ("ck_account_request_settled_at_an_hour", "UPDATE account_request SET settled_at = asked_at"),
    ("ck_account_request_link_named", "UPDATE account_request SET link = NULL"),
    ("ck_account_request_role_named", "UPDATE account_request SET gives = '{}'"),
    ("ck_account_request_identity_named", "UPDATE account_request SET issuer = 'a', subject = 'b'"),
    ("ck_council_session_frozen_when_open", "UPDATE council_session SET frozen_sha256 = NULL"),
    ("ck_agenda_item_counts", "UPDATE agenda_item SET approve = -1"),
    ("ck_decision_number_positive", "UPDATE decision SET number = 0"),
    ("ck_decision_revoked_has_reason", "UPDATE decision SET state = 'revoked'"),
    ("ck_submission_letter_answer_is_documented", "UPDATE submission_letter SET answer = 'granted'"),
    ("ck_disclosure_one_paper", "UPDATE disclosure SET decision_id = NULL"),
    ("ck_disclosure_one_paper", "UPDATE disclosure SET submission_letter_id = 1"),
    ("ck_outbox_message_letters_have_a_recipient", "UPDATE outbox_message SET recipient = NULL"),
    ("ck_ledger_entry_index_from_zero",
     "INSERT INTO ledger_entry (\"index\", kind, subject, leaf) VALUES (-1, 'a:b', 's', '{}')"),
]  # fmt: skip


def test_what_cannot_be_is_refused(standing: Any) -> None:
    answers = [(name, statement, refused(standing, statement)) for name, statement in IMPOSSIBLE]
    assert [answer for answer in answers if answer[0] not in answer[2]] == []


UNIQUE = [
    ("nomination", ["round_id", "nominee_id", "award", "achievement_key"]),
    ("nominee", ["unit_id", "identity"]),
    ("decision", ["year", "number"]),
    ("submission_letter", ["year", "number"]),
    ("disclosure", ["decision_id", "channel"]),
    ("deadline", ["round_id", "stage"]),
    ("appraisal", ["nomination_id", "sequence"]),
    ("agenda_item", ["session_id", "nomination_id"]),
    ("session_member", ["session_id", "username"]),
    ("recusal", ["session_id", "username", "nomination_id"]),
    ("escalation", ["deadline_id", "subject", "level", "due_on"]),
    ("ballot_roll", ["session_id", "username"]),
    ("outbox_message", ["key"]),
    *((name, ["code"]) for name in ("unit", "review_round", "dossier", "nominee", "council", "petition")),
    ("account", ["username"]),
    ("regulation", ["sha256"]),
]


def test_the_same_thing_twice_is_refused(standing: Any) -> None:
    wrong = []
    for name, columns in UNIQUE:
        one = METADATA[name]
        with standing.database.read() as session:
            row = session.execute(sa.select(one).order_by(*one.primary_key.columns)).first()
        values = dict(row._mapping)
        for column in one.columns:
            if column.name in columns:
                continue
            if column.name == "id":
                values["id"] = 10_000
            elif column.name in {"code", "identity"}:
                values[column.name] = "other"
            elif column.name == "number" and name != "session_member":
                values["number"] = 10_000
            elif column.name == "os_user":
                values["os_user"] = None
        try:
            with standing.database.begin_unrecorded() as session:
                session.execute(one.insert().values(values))
        except sa.exc.IntegrityError as error:
            said = str(error.orig)
            if not all(column in said for column in columns):
                wrong.append((name, columns, said))
        else:
            wrong.append((name, columns, "stored twice"))
    assert wrong == []


def test_a_line_that_names_nothing_is_refused(standing: Any) -> None:
    """Foreign keys hold on SQLite too, where they are off unless asked for."""
    wrong = []
    for name, column, key in (
        ("nomination", "unit_id", 9999),
        ("nomination", "decision_id", 9999),
        ("decision", "paper_sha256", "f" * 64),
        ("dossier", "workbook_sha256", "f" * 64),
        ("council_session", "round_id", 9999),
    ):
        said = refused(standing, f"UPDATE {name} SET {column} = :key WHERE id = 1", key=key).lower()
        if "foreign key" not in said:
            wrong.append((name, column, said))
    assert wrong == []


def test_a_time_is_aware_and_comes_back_in_utc(database: Any) -> None:
    event = table(models.SecurityEvent)
    said = {"actor": "a", "verb": "v", "subject": "s", "code": "c"}
    with pytest.raises(sa.exc.StatementError, match="naive datetime"), database.begin_unrecorded() as session:
        session.execute(event.insert().values(at=datetime(2024, 11, 1, 8), **said))  # noqa: DTZ001 -- the naive one
    at = datetime.fromisoformat("2024-11-01T08:00:00.000001+07:00")
    with database.begin_unrecorded() as session:
        session.execute(event.insert().values(at=at, **said))
    with database.read() as session:
        found = session.execute(sa.select(event.c.at)).scalar_one()
    assert (found, found.tzinfo) == (at, UTC)


def test_what_is_written_while_reading_is_not_kept(database: Any) -> None:
    unit = models.Unit(code="X", name="X", level="commune", valid_from=date(2024, 1, 1))
    with database.read() as session:
        session.add(unit)
        session.flush()
    with database.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM unit")).scalar_one() == 0


def test_outside_of_the_tests_every_act_is_flushed_to_disk() -> None:
    """tests/conftest.py switches it off for itself; a process of its own has what people have."""
    asked = "from models.database import _PRAGMAS; print(_PRAGMAS['synchronous'])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "('FULL', 2)"
