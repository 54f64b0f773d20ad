"""Every verb of every door goes through the one place of its door that names who acts (`record.naming`), or says why not."""

import functools
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from cli import app as command_line
from tests.web import site_map

# The one place of each door: `Visit.act`, `Call.act` and `Call.change`, `Door.act` (tests/operations/test_who_did_it.py).
PLACES = {"act", "change"}
# What changes nothing, or nothing in a person's name, or proves by itself whose act it is.
PAGES = {
    "POST /api/v1/sessions/{code}/ballot/verify": "a look: a receipt stands in no address",
    "POST /api/v1/petitions": "a citizen's, who is never named",
    "POST /api/v1/rules/evaluate": "a look",
    "POST /login": "proves who it is; the security log",
    "POST /logout": "ends a session; the security log",
    "POST /language": "a cookie",
    "POST /first/{link}": "the link proves who it is",
    "POST /confirm": "proves who it is",
    "POST /account/password": "the password proves who it is",
    "POST /account/sessions": "ends sessions; the security log",
    "POST /account/second-factor": "the password proves who it is",
    "POST /account/second-factor/off": "the password proves who it is",
    "POST /council/{code}/ballot": "a look at the choices before they are cast",
    "POST /council/{code}/verify": "a look: a receipt stands in no address",
    "POST /verify": "a look",
    "POST /petitions/new": "a citizen's, who is never named",
    "POST /petitions/status": "a look: a receipt stands in no address",
    "POST /dashboard/verify": "a look",
}
COMMANDS = {
    **dict.fromkeys(
        ("round list", "round status", "nominations template", "nominations list", "nominations show",
         "nominations attachments", "rules packs", "rules show", "rules evaluate", "rules replay", "rules what-if",
         "rules quotas", "deadline compute", "cash compute", "council list", "council members", "council minutes",
         "ballot verify", "decisions list", "decisions show", "decisions waiting", "ledger verify", "ledger export",
         "ledger key", "ledger prove", "ledger check", "notifications status", "unit list", "account list",
         "authorise list", "token list", "doctor"),
        "a look",
    ),
    "notifications drain": "sends letters that were queued by acts",
    "deadlines sweep": "the engine's, once",
    "account redeem": "the link proves who it is",
    "init": "the first set-up, before anybody has an account",
    "up": "starts the engine",
    "demo": "scripted people, each through a verb with its actor",
    "simulate": "the same",
    "backup": "a copy",
    "restore": "the installation's own: operations.upkeep.restoring",
}  # fmt: skip


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _codes(one)


def names(function: Any, room: str, seen: set[Any] | None = None) -> set[str]:
    """Every name that a function of a door uses, itself or through functions of that door."""
    seen = set() if seen is None else seen
    function = getattr(function, "__wrapped__", function)
    function = function.func if isinstance(function, functools.partial) else function
    if (
        not isinstance(function, types.FunctionType)
        or function in seen
        or function.__module__.partition(".")[0] != room
    ):
        return set()
    seen.add(function)
    used = {name for code in _codes(function.__code__) for name in code.co_names}
    known = [function.__globals__.get(name) for name in used]
    rooms = [one for one in known if isinstance(one, types.ModuleType) and one.__name__.partition(".")[0] == room]
    known += [getattr(one, name, None) for one in rooms for name in used]
    known += [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    return used.union(*(names(one, room, seen) for one in known))


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    for group, (place, _) in command_line._GROUPS.items():
        module, _, name = place.partition(":")
        app = getattr(import_module(module), name)
        for one in app.registered_commands:
            yield f"{group} {_name(one)}", one.callback
        if app.registered_callback is not None:
            yield group, app.registered_callback.callback
    for name, (module, _) in command_line._COMMANDS.items():
        for one in import_module(module).app.registered_commands:  # type: ignore[attr-defined] -- each has its app
            if _name(one) == name:
                yield name, one.callback


def _name(one: Any) -> str:
    return str(one.name or one.callback.__name__.rstrip("_").replace("_", "-"))


def test_every_route_that_changes_something_names_who_acts() -> None:
    found = [route for route in site_map.routes() if route.method in site_map.CHANGING]
    assert len(found) > 120
    assert {route.name for route in found if not PLACES & names(route.api.endpoint, "web")} == set(PAGES)


def test_every_command_that_changes_something_names_who_acts() -> None:
    found = dict(commands())
    assert len(found) > 90
    assert {name for name, callback in found.items() if "act" not in names(callback, "cli")} == set(COMMANDS)


@pytest.mark.parametrize("reasons", [PAGES, COMMANDS])
def test_each_exception_has_its_reason(reasons: dict[str, str]) -> None:
    assert [name for name, why in reasons.items() if len(why) < 6] == []
