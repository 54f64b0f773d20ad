"""`vinhdanh`: parse, call one operation, answer. Nothing here decides."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, cast

from cli.door import DOOR, Finished, readable
from rules.refusal import Refusal, Unreadable

# These stand before or after the command, as people type them; everything else is the command's own.
_ANYWHERE = {"--data": "folder", "--now": "said_now", "--as": "username"}


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Carry out one command line; returns the exit code. No traceback reaches a user."""
    DOOR.as_json = "--json" in arguments
    try:
        return _dispatch(_take_options(arguments))
    except Finished as finished:
        _answer(finished.answer)
        return finished.code
    except Refusal as refusal:
        _answer(refusal.as_json(), said=f"Không thực hiện được: {refusal.message}", citation=refusal.citation)
        return 1
    except Unreadable as unreadable:
        where = ", ".join(f"{key} {value}" for key, value in unreadable.where.items())
        _answer(unreadable.as_json(), said=f"{unreadable.message}{f' ({where})' if where else ''}")
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 -- last line before the user: a sentence, and the log keeps the rest
        return _broken(error)


def _dispatch(arguments: list[str]) -> int:
    import typer
    from typer.main import get_command

    from cli.app import app

    # The exception that every usage error of the command line shares.
    usage_error = cast(type[Exception], typer.BadParameter.__mro__[2])
    try:
        answer = get_command(app).main(arguments, prog_name="vinhdanh", standalone_mode=False)
    except usage_error as error:
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        _answer({"error": {"code": "usage", "message": said, "where": {}}}, said=f"{said}\nXem `vinhdanh --help`.")
        return 2
    except typer.Abort:
        return 130
    return answer if isinstance(answer, int) else 0


def _take_options(arguments: list[str]) -> list[str]:
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, separator, value = argument.partition("=")
        if argument == "--json":
            continue
        if argument == "--password-stdin":
            DOOR.password_from_stdin = True
        elif name in _ANYWHERE:
            given = value if separator else next(waiting, None)
            if given is None:
                raise Unreadable("usage", f"Thiếu giá trị sau {name}.")
            setattr(DOOR, _ANYWHERE[name], Path(given) if name == "--data" else given)
        else:
            rest.append(argument)
    return rest


def _answer(answer: Any, *, said: str | None = None, citation: Any = None) -> None:
    if DOOR.as_json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
    elif said is not None:
        sys.stderr.write(said + (f"\nCăn cứ: {citation}." if citation else "") + "\n")
    else:
        sys.stdout.write(readable(answer) + "\n")


def _broken(error: Exception) -> int:
    import sqlalchemy as sa

    if isinstance(error, sa.exc.OperationalError):
        message = "Không kết nối hoặc không ghi được cơ sở dữ liệu; kiểm tra máy chủ, ổ đĩa và VINHDANH_DATABASE_URL."
        _answer({"missing": {"component": "database", "hint": message}}, said=message)
        code = 4
    elif isinstance(error, OSError):
        message = f"Không đọc hoặc ghi được tệp: {error.strerror or error}."
        _answer(
            {"error": {"code": "file", "message": message, "where": {"file": str(error.filename or "")}}}, said=message
        )
        code = 2
    else:
        message = f"Lỗi của chương trình ({type(error).__name__}); việc đang làm đã được hủy, dữ liệu không đổi."
        _answer({"missing": {"component": "vinhdanh", "hint": message}}, said=message)
        code = 4
    if os.environ.get("VINHDANH_TRACEBACK"):
        raise error
    return code


if __name__ == "__main__":
    main()
