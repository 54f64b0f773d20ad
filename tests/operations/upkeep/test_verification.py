"""`verification.verify` says nothing after lawful acts and names table and key after every unlawful one."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session

import models
from ledger import canonical, note
from models.database import BESIDE, Database
from models.types import UtcDateTime, as_mapping
from operations import binding, files, idempotency, ledger_book, regulations, rounds, seal, security_log
from operations.council_vote import conflicts_answered, council, recusals, vote, waiting_shares
from operations.home_affairs_review import comments, review
from operations.people import (
    account_requests,
    accounts,
    authorisations,
    identities,
    links,
    passwords,
    second_factor,
    tokens,
)
from operations.public_disclosure import disclosure, petitions
from operations.unit_proposal import attachments, mending, uploads
from operations.upkeep import checkpoints, deadlines, protected, sample, verification
from operations.views import board
from rules import regulation
from rules.lifecycle import State
from rules.refusal import Refusal
from tests.conftest import NOW, SIGNER, Office

pytestmark = pytest.mark.both_databases

# Tables whose rows are vouched for with those of another.
WITHIN = {"second_factor": "account", "outside_identity": "account", "ballot_receipt": "ballot"}
LEDGER = ("ledger_entry", "ledger_opening", "ledger_head", "ledger_act", "checkpoint")
SOURCES = {guarded.name: source for source, guarded in protected.TABLES.items()}
METADATA = models.SQLModel.metadata.tables
EARLY = datetime.min.replace(tzinfo=UTC)  # a session of hours makes no tail too old
REASON = "mưa lũ ở Nậm Mạ, cán bộ phải đi cứu dân"


def live(office: Any) -> None:
    """A round with every turn of the story, so that every table has something to lose."""
    now, reviewer, secretary = office.now, office.chuyenvien1, office.thuky
    round_ = office.open_round()
    revoked = round_.to(State.REVOKED)
    round_.to(State.CLOSED)
    disclosed = round_.to(State.DISCLOSED, 2)
    (forwarded,) = round_.to(State.FORWARDED)
    office.act(
        disclosure.record_answer,
        office.letter_of(forwarded),
        number="88/QĐ-UBND",
        on=date(2024, 11, 1),
        actor=reviewer,
        now=now,
    )
    office.act(disclosure.attach_paper, office.decision_of(revoked[0]), _stored(office, "a"))
    office.act(disclosure.attach_paper, office.letter_of(forwarded), _stored(office, "b"))
    eligible = round_.to(State.ELIGIBLE, 2, unit="XA02")
    session = round_.session()
    for member in ("tv05", "tv06"):
        office.act(
            recusals.recuse,
            session,
            member=member,
            nomination=eligible[0],
            ground=f"con gái của {member}",
            actor=secretary,
            now=now,
        )
    office.act(conflicts_answered.declare, session, nomination=eligible[1], kind="kinship", actor=office.tv07, now=now)
    ballot = office.open_round()
    ballot.to(State.ELIGIBLE, 2, unit="XA06")
    voting = ballot.ballot()
    for member in ("tv05", "tv06"):
        office.act(vote.cast, voting, choices={}, actor=office.actor(member))
    with tempfile.TemporaryDirectory() as folder:
        texts = {"tv04": "mảnh thứ nhất", "tv10": "mảnh thứ hai"}
        office.act(waiting_shares.keep, Path(folder), voting, texts, by="thuky")
        office.act(waiting_shares.take, Path(folder), voting, actor=office.tv04, now=now)
    for form in ("open", "paper"):
        other = office.open_round(
            regulation_text=regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace("secret", form)
        )
        other.to(State.NOT_RECOMMENDED, unit="XA05")
    paused = round_.to(State.PAUSED, 2)
    office.act(review.resume, paused[:1], reason="đơn không có cơ sở", actor=reviewer, now=now + timedelta(days=3))
    drafts = round_.to(State.DRAFT, unit="XA03")
    office.act(mending.mend, drafts[0], actor=office.officer("XA03"), now=now, achievement="thành tích khác")
    office.act(mending.mend, drafts[0], actor=office.thuky, now=now, field="giáo dục")  # a second proposer: a duty
    for number, whole in enumerate((False, True, False), start=1):
        stored = files.row(str(number) * 64, size=number, media_type="application/pdf", name=f"{number}.pdf")
        office.act(attachments.add, drafts[0], part="other", stored=stored, whole=whole, actor=secretary, now=now)
    office.act(attachments.remove, drafts[0], 1, actor=office.officer("XA03"), now=now)
    for about in ({"nomination": disclosed[0]}, {"decision": office.decision_of(disclosed[0])}):
        code = office.act(petitions.file, text="Tôi không đồng ý.", sender="Một công dân", now=now, **about)
    for text in ("Đã xem.", "Cần thêm giấy."):
        office.act(comments.write, disclosed[0], text=text, actor=reviewer, now=now)
    office.act(petitions.answer, code.code, answer="Đã xem xét.", actor=reviewer, now=now)
    office.act(
        rounds.extend,
        round_.code,
        stage="unit_proposal",
        until=date(2024, 11, 8),
        reason=REASON,
        actor=secretary,
        now=now,
    )
    office.act(deadlines.sweep, now=now + timedelta(days=12))
    office.act(
        authorisations.authorise,
        deputy="phochutich",
        document="04/UQ-UBND (mẫu)",
        scope="BK_TINH",
        valid_from=date(2024, 1, 1),
        valid_to=date(2024, 12, 31),
        actor=office.chutich,
        now=now,
    )
    _signed_in(office)
    handed_in: dict[str, Any] = {"round_code": round_.code, "unit": "XA03", "sha256": "0" * 64, "name": "a.xlsx"}
    office.act(files.count, office.officer("XA03"), 4096)
    office.act(uploads.keep, "k", convert=False, actor=office.officer("XA03"), now=now, **handed_in)
    once = partial(idempotency.once, key="k", verb="x", actor=secretary, now=now, act=dict)
    office.act(once)
    office.act(tokens.issue, scope="read", days=30, actor=reviewer, now=now)
    office.act(
        council.set_up, code="HD-2", name="Hội đồng", decision_number="2", valid_from=date(2030, 1, 1), actor=secretary
    )
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace("01/QC", "02/QC")
    office.act(regulations.register, text, now=now, by="thuky")
    office.open_round("DOT_XUAT")
    office.seal()
    round_.file(unit="XA04")


def _signed_in(office: Any) -> None:
    """Everything that signing in leaves: a second factor and one not confirmed, an identity, sessions, tries, links."""
    wall = datetime.now(UTC)
    key = bytes(32)
    for username, confirmed in (("chutich", True), ("tv05", False)):
        account = office.look(accounts.named, username)
        offer = office.act(second_factor.set_up, account, key=key)
        if confirmed:
            code = pyotp.TOTP(offer.secret).at(wall)
            office.act(second_factor.confirm, account, code=code, key=key, wall=wall)
    asking: dict[str, Any] = {"actor": office.quantri, "now": office.now}
    office.act(identities.link, "tv05", issuer="https://sso.example", subject="tv05", **asking)
    office.act(links.invite, "tv05", **asking)
    for username in ("thuky", "chutich"):
        office.act(passwords.set_password, office.look(accounts.named, username), "$argon2id$1", by=username)
    office.act(links.invite, "chutich", **asking)
    identity = {"issuer": "https://sso.example", "subject": "chutich"}
    number = office.act(identities.link, "chutich", **identity, **asking).number
    office.act(account_requests.confirm, number, actor=office.thuky, now=office.now)
    reach: dict[str, Any] = {"actor": "tv05", "verb": "sign", "subject": "x", "refusal": Refusal("not_your_role", "x")}
    office.act(lambda session: security_log.reach(session, **reach))
    office.act(security_log.digest)
    times = dict.fromkeys(("created_at", "seen_at", "confirmed_at", "ends_at"), wall)
    session = models.WebSession(token_sha256="c" * 64, account_id=account.id, **times)
    attempt = models.SignInAttempt(who="d" * 64, window=1, count=1)
    office.act(lambda session_: session_.add_all([session, attempt]))


def _stored(office: Any, name: str) -> str:
    sha256 = name * 64
    row = models.StoredFile(sha256=sha256, size=1, media_type="application/pdf", name=name, stored_at=office.now)
    office.act(lambda session: session.add(row))
    return sha256


@pytest.fixture
def lived_office(kind: str, furnish: Any) -> Any:
    return furnish(kind, "lived", live)


def protected_columns(name: str) -> list[sa.Column[Any]]:
    excused = protected.UNPROTECTED.get(name, {})
    return [column for column in METADATA[name].columns if column.name not in excused]


def test_every_table_is_read_or_each_of_its_columns_is_excused() -> None:
    read = {*SOURCES, *WITHIN, *LEDGER, verification.COUNTER}
    assert {name for name in METADATA if protected_columns(name)} == read
    excused = {(name, column) for name, columns in protected.UNPROTECTED.items() for column in columns}
    assert excused - {(name, column.name) for name, table in METADATA.items() for column in table.columns} == set()
    assert [one for columns in protected.UNPROTECTED.values() for one in columns.values() if len(one) < 20] == []


def test_lawful_acts_verify(lived_office: Any) -> None:
    office = lived_office
    empty = [name for name in METADATA if not office.one(f'SELECT count(*) FROM "{name}"')]
    assert empty == []
    verdict = office.verdict()
    assert (verdict.violations, verdict.size) == ([], office.one("SELECT size FROM ledger_head"))
    assert verdict.checked_tables == [*SOURCES, verification.COUNTER]
    office.seal()
    assert office.violations() == []


def test_a_regulation_with_windows_line_ends_verifies(small_office: Any) -> None:
    text = regulation.SAMPLE_PATH.read_text(encoding="utf-8").replace("01/QC", "03/QC").replace("\n", "\r\n")
    small_office.open_round(regulation_text=text)
    assert small_office.violations() == []


def test_a_petition_about_a_decision_by_its_symbol_verifies(small_office: Any) -> None:
    small_office.open_round().to(State.DISCLOSED)
    small_office.act(petitions.file, text="Sai tên.", decision="01/QĐ-UBND", now=small_office.now)
    assert small_office.one("SELECT decision_id FROM petition") == 1
    assert small_office.violations() == []


def test_an_answer_that_refuses_without_a_reason_is_not_half_recorded(small_office: Any) -> None:
    (code,) = small_office.open_round().to(State.FORWARDED)
    clean = small_office.digests()
    with pytest.raises(Refusal) as refused:
        small_office.act(
            disclosure.record_answer,
            small_office.letter_of(code),
            number="88/QĐ-UBND",
            on=date(2024, 11, 1),
            all_refused=True,
            actor=small_office.chuyenvien1,
            now=small_office.now,
        )
    assert refused.value.code == "reason_required"
    assert small_office.digests() == clean


def test_why_a_deadline_was_moved_is_told_inside_and_never_published(lived_office: Any, tmp_path: Path) -> None:
    office = lived_office
    office.seal()
    office.look(ledger_book.export, tmp_path / "out", office.signer)
    published = (tmp_path / "out" / "openings.jsonl").read_text(encoding="utf-8")
    openings = [json.loads(text) for (text,) in office.rows("SELECT openings FROM ledger_opening")]
    reasons = {opened["reason"][1] for opened in openings if opened.get("reason", ["", ""])[1]}
    assert REASON in reasons
    assert [reason for reason in reasons if reason in published] == []
    ((code, stage, computed),) = office.rows(
        "SELECT r.code, d.stage, d.computed FROM deadline d JOIN review_round r ON r.id = d.round_id"
        " WHERE d.reason IS NOT NULL"
    )
    assert computed == "Hết ngày 08/11/2024, gia hạn."
    shown = f"Hết ngày 08/11/2024, gia hạn: {REASON}."
    assert [one["computed"] for one in office.look(rounds.status, code)["deadlines"] if one["stage"] == stage] == [
        shown
    ]
    found = office.look(board.of_round, code, now=office.now)
    assert [one["computed"] for one in found.deadlines if one["stage"] == stage] == [shown]


# Tampering --------------------------------------------------------------------------------------------------------


def disarm(office: Any) -> None:
    """What the owner of the database can do: no triggers, no constraints, no foreign keys."""
    engine = office.database.engine
    if office.database.is_sqlite:
        engine.dispose()

        def lawless(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")

        event.listen(engine, "connect", lawless)
        for (name,) in office.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            office.write(f"DROP TRIGGER {name}")
        return
    for table, name in office.rows(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('c', 'f')"
        " AND connamespace = 'public'::regnamespace"
    ):
        office.write(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for table, name in office.rows("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"):
        office.write(f'DROP TRIGGER "{name}" ON {table}')


class Tampered:
    """A transaction in which somebody tampers and verification looks; taken back at the end."""

    def __init__(self, session: Session, office: Any) -> None:
        self.session = session
        self.connection = session.connection()
        self._vkey = office.signer.vkey
        self._memory = seal.remembered(office.memory, self._vkey)

    def rows(self, table: str) -> dict[str, str]:
        """Subject → what the state table says of it now."""
        return {key: repr(said) for key, said in protected.TABLES[SOURCES[table]].rows(self.session)}

    def entries(self) -> verification.Fold:
        """What the ledger says now, for many looks at state tables while it stays as it is."""
        outside = checkpoints.Outside(self._vkey, self._memory, (), EARLY)
        return verification.read_entries(self.session, verification.Verdict(), outside)

    def violations(self, fold: verification.Fold | None = None, *told: str) -> list[tuple[str, str]]:
        """(table, key) of every violation but the missing triggers, which stand for the whole test.

        With the ledger's `fold` the state tables alone are held against it, with `told` these of them.
        """
        self.session.expire_all()
        if fold is None:
            found = verification.verify(self.session, vkey=self._vkey, memory=self._memory, wall=EARLY).violations
        else:
            verdict = verification.Verdict()
            verification.compare(self.session, fold, verdict, sources=[SOURCES[name] for name in told])
            found = verdict.violations
        return [(one["table"], one["key"]) for one in found if "_no_" not in one["key"]]


@contextmanager
def tampering(office: Any) -> Iterator[Tampered]:
    with Session(office.database.engine, info={BESIDE: office.database.beside}) as session:
        yield Tampered(session, office)
        session.rollback()


def others(column: sa.Column[Any], value: Any, connection: Any) -> list[Any]:
    """Other values that this column could hold; the first that no unique constraint refuses will do."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        query = sa.select(key.column).where(key.column != value if value is not None else sa.true())
        if len(column.table.primary_key) == 1 and column.primary_key:
            query = query.where(key.column.not_in(sa.select(column)))
        nobody = [999_999] if isinstance(column.type, sa.Integer) else []
        return [*connection.execute(query.order_by(key.column).limit(50)).scalars(), *nobody]
    return [_other(column, value)]


def _other(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, int):
        return value + 1_000_000
    if isinstance(value, bytes):
        return value + b"x"
    if isinstance(value, str) and value:
        return value[:-1] + ("x" if value[-1] != "x" else "y")
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat("2024-11-30T00:00:00+00:00")
    if isinstance(column.type, sa.Date):
        return date(2024, 11, 30)
    return 7 if isinstance(column.type, sa.Integer) else "x"


def identity(table: sa.Table, row: Any) -> Any:
    return sa.and_(*(column == row._mapping[column] for column in table.primary_key.columns))


def alter(tampered: Tampered, column: sa.Column[Any], row: Any) -> Any:
    """Write another value into one row's column; returns the value."""
    for value in others(column, row._mapping[column], tampered.connection):
        try:
            with tampered.connection.begin_nested():
                tampered.connection.execute(
                    column.table.update().where(identity(column.table, row)).values({column: value})
                )
        except sa.exc.IntegrityError:
            continue  # the owner's other row stands in the way
        return value
    raise AssertionError(f"nothing else fits into {column}")


def two_rows(rows: list[Any], column: sa.Column[Any]) -> list[Any]:
    """The first row where this column says something, and the first where it says nothing."""
    says = next((row for row in rows if row._mapping[column] is not None), None)
    silent = next((row for row in rows if row._mapping[column] is None), None)
    return [row for row in (says, silent) if row is not None]


def _in_words(key: str, people: dict[str, str]) -> str:
    """The key of a violation as people read it: accounts by their usernames."""
    return "/".join(people.get(part, part) for part in key.split("/"))


def check(
    wrong: list[str],
    what: str,
    table: str,
    tampered: Tampered,
    before: dict[str, str],
    fold: verification.Fold,
) -> None:
    """Every subject of this table that says something else now must be named, with its table."""
    after = tampered.rows(table)
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    named = {key for found, key in tampered.violations(fold, table) if found == table}
    people = as_mapping(tampered.connection.execute(sa.text("SELECT code, username FROM account")))
    changed, named = ({_in_words(key, people) for key in keys} for keys in (changed, named))
    if not changed or not changed <= named:
        wrong.append(f"{what}: {sorted(changed)} changed, {sorted(named)} named")


def test_each_altered_column_is_named(lived_office: Any) -> None:
    """Every column of every table, each in a row where it says something and in one where it says nothing."""
    office = lived_office
    disarm(office)
    wrong: list[str] = []
    tried = set()
    with tampering(office) as tampered:
        fold = tampered.entries()
        assert tampered.violations() == []
    for name, table in METADATA.items():
        told = WITHIN.get(name, name)
        with tampering(office) as tampered:
            before = tampered.rows(told) if told in SOURCES else {}
            rows = list(tampered.connection.execute(sa.select(table).order_by(*table.primary_key.columns)))
        for column in protected_columns(name):
            for row in two_rows(rows, column):
                with tampering(office) as tampered:
                    new = alter(tampered, column, row)
                    what = f"{name}.{column.name} {row._mapping[column]!r} → {new!r}"
                    if told in SOURCES:
                        check(wrong, what, told, tampered, before, fold)
                    elif not tampered.violations(fold if name == verification.COUNTER else None):
                        wrong.append(f"{what}: nothing named")
                tried.add((name, column.name))
    assert wrong == []
    assert tried == {(name, column.name) for name in METADATA for column in protected_columns(name)}


def test_no_column_is_excused_that_is_found_anyway(lived_office: Any) -> None:
    """An excuse is for what cannot be vouched for. Numbers of rows are apart: most are found through what refers to them."""
    office = lived_office
    disarm(office)
    found = []
    with tampering(office) as tampered:
        fold = tampered.entries()
    for name, excuses in protected.UNPROTECTED.items():
        table = METADATA[name]
        with tampering(office) as tampered:
            rows = list(tampered.connection.execute(sa.select(table).order_by(*table.primary_key.columns)))
        for column in (table.columns[excused] for excused, why in excuses.items() if why != protected._NUMBER):
            with tampering(office) as tampered:
                alter(tampered, column, two_rows(rows, column)[0])
                named = tampered.violations(None if name in LEDGER else fold)
                found += [f"{name}.{column.name}: {named}"] if named else []
    assert found == []


def test_each_deleted_row_is_named(lived_office: Any) -> None:
    office = lived_office
    disarm(office)
    wrong: list[str] = []
    for name in set(SOURCES) - {"security_event"}:  # many lines under one digest: tests/operations/test_security_log.py
        table = METADATA[name]
        with tampering(office) as tampered:
            before, fold = tampered.rows(name), tampered.entries()
            row = tampered.connection.execute(sa.select(table).order_by(*table.primary_key.columns)).first()
            tampered.connection.execute(table.delete().where(identity(table, row)))
            check(wrong, f"{name} without its first row", name, tampered, before, fold)
    assert wrong == []


def _copied(table: sa.Table, row: Any, connection: Any) -> None:
    """Another row like this one, as far as the table's unique constraints allow."""
    values = dict(row._mapping)
    if "id" in values:
        values["id"] = 10_000
    candidates = [column for column in table.columns if column.name != "id"]
    for width in range(len(candidates) + 1):
        for column in candidates[:width]:
            values[column.name] = others(column, row._mapping[column], connection)[0]
        try:
            with connection.begin_nested():
                connection.execute(table.insert().values(values))
        except sa.exc.IntegrityError:
            continue
        return
    raise AssertionError(f"no second row fits into {table.name}")


def test_each_inserted_row_is_named(lived_office: Any) -> None:
    office = lived_office
    disarm(office)
    wrong: list[str] = []
    for name in set(SOURCES) - {"security_event"}:  # many lines under one digest: tests/operations/test_security_log.py
        table = METADATA[name]
        with tampering(office) as tampered:
            before, fold = tampered.rows(name), tampered.entries()
            row = tampered.connection.execute(sa.select(table).order_by(*table.primary_key.columns)).first()
            _copied(table, row, tampered.connection)
            named = [key for found, key in tampered.violations(fold, name) if found == name]
            after = [key for key, _ in protected.TABLES[SOURCES[name]].rows(tampered.session)]
            if len(after) != len(before) + 1 or not named:
                wrong.append(f"{name}: {len(before)} → {len(after)} rows, {named} named")
    assert wrong == []


def test_two_rows_that_changed_places_are_named(lived_office: Any) -> None:
    office = lived_office
    disarm(office)
    wrong: list[str] = []
    swapped = []
    for name in SOURCES:
        table = METADATA[name]
        unique = {column for index in [*table.indexes, *table.constraints]
                  if getattr(index, "unique", isinstance(index, sa.UniqueConstraint))
                  for column in index.columns}  # fmt: skip
        for column in protected_columns(name):
            if column in unique or column.primary_key or column.unique:
                continue
            with tampering(office) as tampered:
                before, fold = tampered.rows(name), tampered.entries()
                rows = tampered.connection.execute(sa.select(table).order_by(*table.primary_key.columns)).all()
                first = rows[0]
                second = next((row for row in rows if row._mapping[column] != first._mapping[column]), None)
                if second is None:
                    continue
                for row, other in ((first, second), (second, first)):
                    tampered.connection.execute(
                        table.update().where(identity(table, row)).values({column: other._mapping[column]})
                    )
                check(wrong, f"{name}.{column.name} of two rows", name, tampered, before, fold)
            swapped.append(name)
            break
    assert wrong == []
    assert len(swapped) > 15


# The ledger's own tables -------------------------------------------------------------------------------------------


def _edit(table: str, values: str, where: str) -> tuple[str, ...]:
    return (f"UPDATE {table} SET {values} WHERE {where}",)


LAST = '"index" = (SELECT max("index") FROM ledger_entry)'
EDITS: dict[str, tuple[tuple[str, ...], tuple[str, str]]] = {
    "leaf": (
        _edit("ledger_entry", "leaf = replace(leaf, 'nomination:', 'nominatiom:')", "kind = 'nomination:drafted'"),
        ("ledger_entry", "{drafted}"),
    ),
    "leaf made unreadable": (_edit("ledger_entry", "leaf = '{{}}'", '"index" = 5'), ("ledger_entry", "5")),
    "kind": (_edit("ledger_entry", "kind = 'unit:ended'", '"index" = 5'), ("ledger_entry", "5")),
    "subject": (_edit("ledger_entry", "subject = 'XA99'", '"index" = 5'), ("ledger_entry", "5")),
    "index": (_edit("ledger_entry", '"index" = 100000', '"index" = 5'), ("ledger_entry", "5")),
    "entry deleted": (('DELETE FROM ledger_entry WHERE "index" = 5',), ("ledger_entry", "5")),
    "first entry deleted": (('DELETE FROM ledger_entry WHERE "index" = 0',), ("ledger_entry", "0")),
    "last entry deleted": ((f"DELETE FROM ledger_entry WHERE {LAST}",), ("ledger_head", "1")),
    "two leaves changed places": (
        (
            'CREATE TEMPORARY TABLE kept AS SELECT "index" AS i, leaf FROM ledger_entry WHERE "index" IN (5, 6)',
            'UPDATE ledger_entry SET leaf = (SELECT leaf FROM kept WHERE i = 11 - "index") WHERE "index" IN (5, 6)',
        ),
        ("ledger_entry", "5"),
    ),
    "opening deleted": (('DELETE FROM ledger_opening WHERE "index" = 5',), ("ledger_opening", "5")),
    "opening of something else": (
        ('UPDATE ledger_opening SET openings = (SELECT o.openings FROM ledger_opening o WHERE o."index" = 6) WHERE "index" = 5',),
        ("ledger_opening", "5"),
    ),
    "opening emptied while the value stands": (_edit("ledger_opening", "openings = '{{}}'", '"index" = 5'), ("ledger_opening", "5")),
    "opening made unreadable": (_edit("ledger_opening", "openings = 'x'", '"index" = 5'), ("ledger_opening", "5")),
    "head's size": (_edit("ledger_head", "size = size + 1", "id = 1"), ("ledger_head", "1")),
    "head's range": (_edit("ledger_head", "frontier = '0:'", "id = 1"), ("ledger_head", "1")),
    "head's time": (_edit("ledger_head", "last_at = '2099-01-01 00:00:00+00:00'", "id = 1"), ("ledger_head", "1")),
    "head deleted": (("DELETE FROM ledger_head",), ("ledger_head", "1")),
    "checkpoint's note": (_edit("checkpoint", "note = replace(note, '—', '-')", "1 = 1"), ("checkpoint", "{sealed}")),
    "checkpoint's size": (_edit("checkpoint", "size = size - 1", "1 = 1"), ("checkpoint", "{unsealed}")),
    "tail cut off under the checkpoint": (
        (
            'DELETE FROM ledger_opening WHERE "index" >= {unsealed}',
            'DELETE FROM ledger_entry WHERE "index" >= {unsealed}',
        ),
        ("checkpoint", "{sealed}"),
    ),
}  # fmt: skip


def test_each_edit_of_the_ledger_itself_is_named(lived_office: Any) -> None:
    office = lived_office
    disarm(office)
    sealed = office.one("SELECT max(size) FROM checkpoint")
    words = {
        "sealed": sealed,
        "unsealed": sealed - 1,
        "drafted": office.one("SELECT min(\"index\") FROM ledger_entry WHERE kind = 'nomination:drafted'"),
    }
    missed = []
    for edit, (statements, (table, key)) in EDITS.items():
        with tampering(office) as tampered:
            for statement in statements:
                tampered.connection.exec_driver_sql(statement.format(**words))
            named = tampered.violations()
        if (table, key.format(**words)) not in named:
            missed.append(f"{edit}: {named}")
    assert missed == []


def test_a_value_or_a_salt_changed_in_an_opening_is_named(lived_office: Any) -> None:
    office = lived_office
    disarm(office)
    text = office.one('SELECT openings FROM ledger_opening WHERE "index" = 5')
    salt, value = json.loads(text)["about"]
    for changed in ([salt, [*value[:-1], "khác"]], [("B" if salt[0] == "A" else "A") + salt[1:], value], [salt]):
        with tampering(office) as tampered:
            tampered.connection.execute(
                sa.text('UPDATE ledger_opening SET openings = :text WHERE "index" = 5'),
                {"text": json.dumps(json.loads(text) | {"about": changed})},
            )
            assert ("ledger_opening", "5") in tampered.violations()


def _without(office: Any, kind: str, name: str, *, all_of_it: bool = False) -> int:
    """Cut a field out of the opening of the first entry of this kind, past every operation."""
    index, text = office.rows(
        'SELECT e."index", openings FROM ledger_entry e JOIN ledger_opening o ON o."index" = e."index"'
        ' WHERE kind = :kind ORDER BY e."index"',
        kind=kind,
    )[0]
    kept = {} if all_of_it else {field: opening for field, opening in json.loads(text).items() if field != name}
    kept_text = canonical.dumps(kept).decode()
    office.write('UPDATE ledger_opening SET openings = :text WHERE "index" = :i', text=kept_text, i=index)
    return int(index)


def test_an_erasure_says_what_why_and_by_whom(lived_office: Any) -> None:
    """Erasing is lawful and leaves an entry: the salt goes, the entry and every proof stay."""
    ((subject, text),) = lived_office.rows(
        "SELECT subject, openings FROM ledger_entry JOIN ledger_opening USING (\"index\") WHERE kind = 'opening:erased'"
    )
    index, _, name = subject.partition("/")
    told = lived_office.one('SELECT openings FROM ledger_opening WHERE "index" = :i', i=int(index))
    assert (name, name in json.loads(told)) == ("file", False)
    assert {field: value for field, (_, value) in json.loads(text).items()} == {
        "by": "canbo.xa03",
        "ground": "rút giấy tờ đã kèm",
    }
    assert lived_office.violations() == []


@pytest.mark.parametrize(
    ("entry", "name"), [("nomination:drafted", "state"), ("decision:revoked", "acted"), ("opening:erased", "by")]
)
def test_a_field_that_is_missing_without_an_erasure_is_named(lived_office: Any, entry: str, name: str) -> None:
    """Forgetting and destroying evidence do not look alike, although the database's trigger lets both through."""
    for all_of_it in (False, True):
        index = _without(lived_office, entry, name, all_of_it=all_of_it)
        found = [one for one in lived_office.violations() if "không có bản ghi nào nói đã xóa" in one["what"]]
        assert {(one["table"], one["key"]) for one in found} == {("ledger_opening", str(index))}
        assert any(f"«{name}»" in one["what"] for one in found)


def test_a_field_that_was_erased_and_put_back_is_named(lived_office: Any) -> None:
    office = lived_office
    disarm(office)
    subject = office.one("SELECT subject FROM ledger_entry WHERE kind = 'opening:erased'")
    index, name = subject.split("/")
    text = office.one('SELECT openings FROM ledger_opening WHERE "index" = :i', i=int(index))
    back = canonical.dumps(json.loads(text) | {name: ["A" * 22, "x"]}).decode()
    office.write('UPDATE ledger_opening SET openings = :text WHERE "index" = :i', text=back, i=int(index))
    assert ("ledger_opening", index) in {(one["table"], one["key"]) for one in office.violations()}


def test_what_was_erased_before_erasing_had_an_entry_is_listed_once(database: Database) -> None:
    """A folder of before: its erasures are carried over by entries, the next one without an entry is found."""
    with database.begin() as session:
        sample.set_up(session, now=NOW, passwords_for=[])
    office = Office(database, SIGNER)
    gone = _without(office, "unit:registered", "email")
    binding.bind(database, seal.Keeper(database, SIGNER, office.memory))
    # Signed at once: a folder of before, in which nobody acts yet, verifies as well.
    assert office.one("SELECT max(size) FROM checkpoint") == office.one("SELECT size FROM ledger_head")
    assert office.rows("SELECT subject FROM ledger_entry WHERE kind = 'opening:erased'") == [(f"{gone}/email",)]
    named = [(one["table"], one["key"]) for one in office.violations()]
    assert (
        "ledger_opening",
        str(gone),
    ) not in named  # the unit's own column is the newest of its kind, and is said still
    index = _without(office, "account:created", "os_user")
    assert ("ledger_opening", str(index)) in [(one["table"], one["key"]) for one in office.violations()]


def test_a_ledger_begins_once(small_office: Any) -> None:
    """Who takes the installation's row out of the database gets no second beginning for it."""
    office = small_office
    disarm(office)
    office.write("DELETE FROM installation")
    clean = office.digests()
    with pytest.raises(Refusal) as refused:
        office.act(binding.begin, office.signer, "vdkhac000001")
    assert (refused.value.code, office.digests()) == ("foreign_ledger_key", clean)


def test_each_dropped_trigger_is_named(lived_office: Any) -> None:
    office = lived_office
    if office.database.is_sqlite:
        names = {name: f"DROP TRIGGER {name}" for (name,) in office.rows(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'")}  # fmt: skip
    else:
        names = {
            name: f"ALTER TABLE {table} DISABLE TRIGGER {name}"
            for table, name in office.rows(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            )
        }
    assert len(names) == (16 if office.database.is_sqlite else 24)
    for name, statement in names.items():
        with Session(office.database.engine, info={BESIDE: office.database.beside}) as session:
            session.connection().exec_driver_sql(statement)
            found = verification.verify(session, vkey=office.signer.vkey, wall=EARLY).violations
            session.rollback()
        assert [(one["table"], one["key"]) for one in found] == [(name.split("_no_")[0], name)]


def test_another_key_does_not_verify(lived_office: Any) -> None:
    office = lived_office
    other = note.Signer("vinhdanh.example/so-cai", bytes(32))
    found = office.look(verification.verify, vkey=other.vkey).violations
    assert {one["table"] for one in found} == {"installation", "checkpoint"}
