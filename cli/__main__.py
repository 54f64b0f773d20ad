"""`vinhdanh`: parse, call one operation, answer. Nothing here decides."""

import io
import os
import signal
import sys
from pathlib import Path
from typing import Any

from cli.door import DOOR, Finished, why
from operations import modes
from rules.refusal import Refusal, Unreadable

# These stand before or after the command, as people type them; everything else is the command's own.
_ANYWHERE = {"--data": "said_folder", "--now": "said_now", "--as": "username"}


def main() -> None:
    modes.keep_private()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale; a name that is no text is shown, not fatal
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Carry out one command line; returns the exit code. No traceback reaches a user."""
    DOOR.enter(as_json="--json" in arguments)
    try:
        return _dispatch(_take_options(arguments))
    except Finished as finished:
        if finished.answer is not None:
            DOOR.say(finished.answer)
        return finished.code
    except Refusal as refusal:
        because = f"\nCăn cứ: {refusal.citation}." if refusal.citation else ""
        _explain(refusal.as_json(), f"Không thực hiện được: {refusal.message}{because}")
        return 1
    except Unreadable as unreadable:
        where = ", ".join(f"{key} {value}" for key, value in unreadable.where.items())
        _explain(unreadable.as_json(), f"{unreadable.message}{f' ({where})' if where else ''}")
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 -- last line before the user: a sentence, and the log keeps the rest
        return _broken(error)
    finally:
        DOOR.leave()


def _dispatch(arguments: list[str]) -> int:
    import typer
    from typer.main import get_command

    from cli import usage
    from cli.app import app

    try:
        answer = get_command(app).main(arguments, prog_name="vinhdanh", standalone_mode=False)
    except usage.UsageError as error:
        said, known = usage.sentence(error)
        _explain(
            {"error": {"code": "usage", "message": said, "where": known}},
            said if usage.is_help(error) else f"{said}\nXem `vinhdanh --help`.",
        )
        return 2
    except typer.Abort:
        return 130
    return answer if isinstance(answer, int) else 0


def _take_options(arguments: list[str]) -> list[str]:
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, separator, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *waiting]
        elif argument == "--json":
            continue
        elif argument == "--password-stdin":
            DOOR.password_from_stdin = True
        elif name in _ANYWHERE:
            given = value if separator else next(waiting, None)
            if not given:
                raise Unreadable("usage", f"Thiếu giá trị sau {name}.", where={"option": name})
            setattr(DOOR, _ANYWHERE[name], Path(given) if name == "--data" else given)
            if name == "--now":
                DOOR.now()  # a bad time is refused by every command, also by those that need none
        else:
            rest.append(argument)
    return rest


def _explain(answer: Any, said: str) -> None:
    """Report a failure: with --json the document on stdout, else the sentence on stderr."""
    if DOOR.as_json:
        DOOR.say(answer)
    else:
        sys.stderr.write(said + "\n")


def _broken(error: Exception) -> int:
    from models import database

    if os.environ.get("VINHDANH_TRACEBACK"):
        raise error
    if database.broken(error):
        message = "Không kết nối, đọc hoặc ghi được cơ sở dữ liệu; kiểm tra máy chủ, ổ đĩa và VINHDANH_DATABASE_URL."
        _explain({"missing": {"component": "database", "hint": message}}, message)
        return 4
    if isinstance(error, OSError):
        message = f"Không đọc hoặc ghi được tệp {error.filename or ''}: {why(error)}."
        where = {"file": str(error.filename or "")}
        _explain({"error": {"code": "file", "message": message, "where": where}}, message)
        return 2
    message = f"Lỗi của chương trình ({type(error).__name__}); việc đang làm đã được hủy, dữ liệu không đổi."
    _explain({"missing": {"component": "vinhdanh", "hint": message}}, message)
    return 4


if __name__ == "__main__":
    main()
