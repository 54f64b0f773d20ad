"""The command line parser's errors, in Vietnamese."""

import re
from typing import Any, cast

import typer

# The exception that every usage error of the parser shares; typer does not name it.
UsageError = cast(type[Exception], typer.BadParameter.__mro__[1])

_SENTENCES = (
    (r"No such command '(.*)'", "Không có lệnh «{0}»."),
    (r"Missing command", "Thiếu tên lệnh."),
    (r"Got unexpected extra argument\(?s?\)? ?\((.*)\)", "Thừa tham số: {0}."),
    (r"Option '?(.*?)'? does not take a value", "Tùy chọn {0} không nhận giá trị."),
    (r"Option '?(.*?)'? requires an? ", "Thiếu giá trị sau {0}."),
    (r"valid (integer|number)", "phải là một số."),
    (r"greater than or equal to (-?\d+)", "phải từ {0} trở lên."),
    (r"less than or equal to (-?\d+)", "phải từ {0} trở xuống."),
)


def is_help(error: Any) -> bool:
    """A group was called without a command: its help is the answer."""
    return type(error).__name__ == "NoArgsIsHelpError"


def sentence(error: Any) -> tuple[str, dict[str, str]]:
    """The complaint as a sentence, and what it is about."""
    option = getattr(error, "option_name", None)
    param = getattr(error, "param", None)
    about = option or (param.opts[-1] if param is not None else None)
    where = {"option": str(about)} if about else {}
    if is_help(error):
        return str(error.message), where
    kind = type(error).__name__
    if kind == "NoSuchOption":
        near = ", ".join(error.possibilities or ())
        return f"Không có tùy chọn {option}{f'; có phải {near}?' if near else '.'}", where
    if kind == "MissingParameter":
        name = about if str(about).startswith("-") else str(about).upper()
        return f"Thiếu {name}.", where
    said = str(error.message)
    for pattern, words in _SENTENCES:
        found = re.search(pattern, said)
        if found:
            said = words.format(*found.groups())
            break
    return (f"{about}: {said}" if about and str(about) not in said else said), where
