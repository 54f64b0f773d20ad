"""Shared parts of every command: global options, one act in one transaction, answers and exit codes.

Exit codes: 0 done · 1 refused by the domain · 2 wrong usage or unreadable input · 3 verification failed · 4 a component
is missing or down. With --json exactly one document on stdout; everything else goes to stderr.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from rules.refusal import Refusal, Unreadable

if TYPE_CHECKING:  # the database and its libraries cost a second, and half of the commands need none
    from models.database import Session
    from operations.access import Actor
    from operations.installation import Installation

T = TypeVar("T")


class Finished(Exception):  # noqa: N818 -- the end of a command, not an error
    """A command ends with this exit code and answer."""

    def __init__(self, code: int, answer: Any) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer


class _Asked(Exception):  # noqa: N818 -- rolls an act back, for the person to be asked
    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


class Door:
    """The command line's way in, for one command line at a time: what was said anywhere on it, and who acts."""

    def __init__(self) -> None:
        self.enter(as_json=False)

    def enter(self, *, as_json: bool) -> None:
        """A new command line: nothing of the last one stays."""
        self.as_json = as_json
        self.said_folder: Path | None = None
        self.said_now: str | None = None
        self.username: str | None = None
        self.password_from_stdin = False
        self.code: str | None = None  # of the second factor, for an act that asks
        self.proven = ""  # whose password was given on this command line

    def leave(self) -> None:
        inspected, opened = (self.__dict__.pop(name, None) for name in ("inspected", "installation"))
        if inspected is not None:
            inspected.database.close()
        if opened is not None:
            if opened.keeper.unsigned:  # the engine may not run: what was acted here does not wait for it
                opened.keeper.try_now()
            opened.database.close()

    @property
    def folder(self) -> Path:
        """--data, VINHDANH_DATA, ./data."""
        return self.said_folder or Path(os.environ.get("VINHDANH_DATA") or "data")

    @cached_property
    def installation(self) -> Installation:
        """The installation in the data folder, ready for acts.

        Raises Refusal `not_initialised`, `foreign_ledger_key`, `ledger_not_continued`, Unreadable `bad_ledger_memory`.
        """
        found = self._with_database()
        found.database.migrate()
        found.bind()
        return found

    def _with_database(self) -> Installation:
        from operations.upkeep import doctor

        found = self.opened()
        missing = doctor.lost(found)
        if missing is not None:  # SQLite would make an empty database, and nobody would see that the old one is gone
            self.end(4, {"missing": {"component": "database", "hint": missing}})
        return found

    @cached_property
    def inspected(self) -> Installation:
        """The installation to be looked at, whatever is wrong with it and be it on a disk that cannot be written."""
        if "installation" in self.__dict__:
            return self.installation
        found = self._with_database()
        found.bind_if_possible()
        return found

    def opened(self) -> Installation:
        """The installation as it lies there: nothing is asked of its database. Raises Refusal `not_initialised`."""
        from operations.installation import Installation

        found = Installation.at(self.folder, self.environment)
        found.require_set_up()
        return found

    @property
    def environment(self) -> dict[str, str]:
        """What the settings come from: --now stands where VINHDANH_NOW would, so that every act under it says so."""
        return {**os.environ, "VINHDANH_NOW": self.said_now} if self.said_now else dict(os.environ)

    def now(self) -> datetime:
        """The business clock: --now, VINHDANH_NOW, the folder's settings, the wall clock."""
        from operations.installation import Installation

        return Installation.at(self.folder, self.environment).now()

    def today(self) -> date:
        """The day of the business clock in Vietnam."""
        from operations import access

        return access.local_date(self.now())

    def known(self, session: Session) -> Actor | None:
        """The reader, if known: a command that only shows something asks nobody for their identity."""
        try:
            return self.actor(session)
        except Refusal as refusal:
            if refusal.code != "no_account":
                raise
            return None

    def actor(self, session: Session) -> Actor:
        """The actor: --as, else the account bound to the operating system's user."""
        import getpass

        from operations import access
        from operations.people import accounts

        name = self.username
        if name is None:
            bound = accounts.bound_to(session, getpass.getuser())
            if bound is None:
                raise Refusal(
                    "no_account",
                    f"Không biết bạn là ai: người dùng «{getpass.getuser()}» của máy chưa gắn với tài khoản nào. Thêm --as và "
                    "tên đăng nhập, ví dụ --as thuky; các tên có trong `vinhdanh account list`.",
                )
            name = bound.username
        return access.actor(session, name, now=self.now())

    def act(self, verb: str, subject: str, change: Callable[[Session, Actor], T], *, station: bool = False) -> T:
        """One act, one transaction. A reach beyond somebody's rights is also written to the security log.

        Where it is about to commit what decides something, the person is asked first (`operations.people.asking`), but
        for a vote of the polling station (`station`), which people watch.
        """
        from operations import security_log

        security_log.CALLER.set(security_log.COMMAND_LINE)
        who = self.username or "?"
        try:
            try:
                return self._act(change, station=station)
            except _Asked as asked:
                who = asked.username
                self.prove(self.code)
                return self._act(change, station=station)
        except Refusal as refusal:
            if refusal.reach:
                with self.installation.database.begin_unrecorded() as session:
                    security_log.reach(session, actor=who, verb=verb, subject=subject, refusal=refusal)
            raise

    def _act(self, change: Callable[[Session, Actor], T], *, station: bool) -> T:
        from operations import record
        from operations.people import asking

        with self.installation.database.begin() as session:
            actor = self.actor(session)
            with record.naming(session, actor.username):
                answer = change(session, actor)
            if asking.needed(session) and not station and self.proven != actor.username:
                raise _Asked(actor.username)
            return answer

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.installation.database.read() as session:
            yield session

    def password(self) -> str | None:
        """The member's password: --password-stdin or VINHDANH_PASSWORD; never an argument that `ps` would show."""
        if self.password_from_stdin:
            return sys.stdin.readline().rstrip("\n")
        return os.environ.get("VINHDANH_PASSWORD")

    def prove(self, code: str | None, *, always: bool = False) -> None:
        """Shell access does not prove identity: ask for the account's password.

        Raises Refusal `password_required` (with `always` also for an account without one), and the refusals of `proof.prove`.
        """
        from operations import security_log
        from operations.people import accounts, asking, identities, proof

        security_log.CALLER.set(security_log.COMMAND_LINE)
        with self.reading() as session:
            who = self.actor(session)
            account = accounts.named(session, who.username)
            # Who signs in through the agency's provider alone has nothing to say here: they act on the pages.
            needed = always or account.password_hash is not None or identities.of(session, account) is not None
        password = self.password()
        if password is None and needed:
            raise asking.password_required(who.username)
        if password is not None:
            code = code or os.environ.get("VINHDANH_CODE")
            proof.prove(self.installation, who.username, password=password, code=code, now=self.now())
        self.proven = who.username

    def say(self, answer: Any) -> None:
        """The command's answer: one JSON line, or something a person reads."""
        if self.as_json:
            sys.stdout.write(json.dumps(answer, ensure_ascii=False, default=str) + "\n")
        else:
            sys.stdout.write(readable(answer) + "\n")
        sys.stdout.flush()

    def end(self, code: int, answer: Any) -> NoReturn:
        raise Finished(code, answer)


DOOR = Door()


# An option of every command that asks for the person behind the account (`Door.prove`).
Code = Annotated[str | None, typer.Option("--code", help="Mã xác thực, nếu tài khoản đã bật")]


def progress(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def readable(answer: Any, indent: int = 0) -> str:
    """An answer for a person: lists of like rows as columns, mappings as lines."""
    pad = "  " * indent
    if isinstance(answer, dict):
        lines = []
        for key, value in answer.items():
            if isinstance(value, (dict, list)) and value:
                lines += [f"{pad}{key}:", readable(value, indent + 1)]
            else:
                lines.append(f"{pad}{key}: {_cell(value)}")
        return "\n".join(lines)
    if isinstance(answer, list):
        if answer and all(isinstance(row, dict) for row in answer):
            return _columns(answer, pad)
        return "\n".join(f"{pad}- {_cell(item)}" for item in answer) or f"{pad}(không có)"
    return f"{pad}{_cell(answer)}"


def _columns(rows: list[dict[str, Any]], pad: str) -> str:
    heads = list(rows[0])
    cells = [[_cell(row.get(head)) for head in heads] for row in rows]
    widths = [min(60, max(len(head), *(len(row[i]) for row in cells))) for i, head in enumerate(heads)]
    table = [heads, ["─" * width for width in widths], *cells]
    return "\n".join(
        pad + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return str(value)


_WHY = {
    errno.ENOENT: "không có tệp hoặc thư mục này",
    errno.EISDIR: "đây là một thư mục",
    errno.ENOTDIR: "đường dẫn đi qua một tệp không phải thư mục",
    errno.EEXIST: "đã có tệp cùng tên",
    errno.EACCES: "không có quyền",
    errno.EPERM: "không có quyền",
    errno.EROFS: "ổ đĩa chỉ cho đọc",
    errno.ENOSPC: "ổ đĩa đã đầy",
    errno.ENAMETOOLONG: "tên quá dài",
    errno.ECONNREFUSED: "từ chối kết nối",
    errno.ETIMEDOUT: "quá thời gian chờ",
}


def why(error: OSError) -> str:
    """The system's reason in Vietnamese."""
    return _WHY.get(error.errno or 0) or error.strerror or "không mở được"


def read_text(path: Path) -> str:
    """A text file of the user's. Raises Unreadable naming the file."""
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows editors begin a file with U+FEFF
    except (OSError, UnicodeDecodeError) as error:
        reason = "không phải văn bản UTF-8" if isinstance(error, UnicodeDecodeError) else why(error)
        raise Unreadable(
            "unreadable_file", f"Không đọc được tệp {path}: {reason}.", where={"file": str(path)}
        ) from None


def read_bytes(path: Path) -> bytes:
    """Any file of the user's. Raises Unreadable naming the file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(
            "unreadable_file", f"Không đọc được tệp {path}: {why(error)}.", where={"file": str(path)}
        ) from None


def day(text: str) -> date:
    """An ISO day. Raises Unreadable."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable("bad_date", f"«{text}» không phải ngày; viết như 2024-12-20.", where={"date": text}) from None
