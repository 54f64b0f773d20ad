"""One door a verb: whatever changes a row of this room asks who does it, or proves it."""

import ast
from pathlib import Path

ROOM = Path(__file__).parents[3] / "operations" / "people"
# Parameters that say who acts (asked by the verb), or prove it.
WHO = {"actor", "by", "doer"}
PROOF = {"token", "link", "password"}
# Public functions that write without either: each part of a verb that has asked.
ALLOWED = {
    "browser_sessions.begin": "for whom an identity provider has proven",
    "browser_sessions.unconfirm": "takes away what a session had proven",
    "endings.sessions": "ends, opens nothing",
    "endings.links": "ends, opens nothing",
    "identities.enter": "the provider has proven who it is; unknown identities are logged",
    "rate_limit.take": "counts tries of somebody not yet known",
    "second_factor.set_up": "of no force until its owner confirms it with the password",
    "second_factor.confirm": "its code is the proof; the password was asked before",
    "second_factor.use": "spends a code that was right",
    "installer.first_administrator": "acts as the installer, whom nobody could have appointed",
}


def functions() -> dict[str, ast.FunctionDef]:
    return {
        f"{path.stem}.{node.name}": node
        for path in sorted(ROOM.glob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def writes(node: ast.FunctionDef) -> bool:
    """Does it add, delete, update or record by itself?"""
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)):
        whose = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
        if (call.func.attr, whose) in {("record", "record"), ("notices", "announce")}:
            return True
        if whose == "session" and call.func.attr in {"add", "delete"}:
            return True
        if whose == "sa" and call.func.attr in {"update", "delete", "insert"}:
            return True
        if whose == "session" and call.func.attr == "execute" and isinstance(call.args[0], ast.Name):
            return True
    return False


def calls(name: str, node: ast.FunctionDef, known: set[str]) -> set[str]:
    """Functions of this room that it calls."""
    own = name.partition(".")[0]
    found = set()
    for call in (one.func for one in ast.walk(node) if isinstance(one, ast.Call)):
        if isinstance(call, ast.Name):
            found.add(f"{own}.{call.id}")
        elif isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
            found.add(f"{call.value.id}.{call.attr}")
    return found & known


def writers() -> set[str]:
    """Functions that write, by themselves or through others of this room."""
    every = functions()
    found = {name for name, node in every.items() if writes(node)}
    while True:
        more = {name for name, node in every.items() if calls(name, node, set(every)) & found} - found
        if not more:
            return found
        found |= more


def test_every_public_verb_asks_who_acts_or_proves_it() -> None:
    every = functions()
    public = {name for name in writers() if not name.partition(".")[2].startswith("_")}
    unguarded = set()
    for name in public:
        given = {one.arg for one in (*every[name].args.args, *every[name].args.kwonlyargs)}
        if not given & (WHO | PROOF):
            unguarded.add(name)
    assert unguarded == set(ALLOWED)
    assert len(public) > 30
