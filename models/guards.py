"""The database's own guards as they were shipped: triggers that keep evidence from being changed, on both engines.

A migration makes them; `ledger verify` and `doctor` compare what stands there with what is written here, to the word.
"""

from collections.abc import Iterator

import sqlalchemy as sa

APPEND_ONLY = ("ledger_entry", "ledger_act", "checkpoint", "security_event", "appraisal", "comment")
# Erasing a salt shortens an opening; nothing else may change there, and the head only grows.
GUARDED = {
    "ledger_opening": ("length(NEW.openings) >= length(OLD.openings)", "an opening may only be erased"),
    "ledger_head": ("NEW.size < OLD.size", "the ledger only grows"),
}
_FUNCTION = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"


def differences(connection: sa.Connection) -> Iterator[tuple[str, str, str]]:
    """(table, name, what) of each guard that is gone, is not as it was shipped, or was put in by somebody else."""
    sqlite = connection.dialect.name == "sqlite"
    found = _on_sqlite(connection) if sqlite else _on_postgresql(connection)
    for table in (*APPEND_ONLY, *GUARDED):
        for verb in ("update", "delete", *(() if sqlite else ("truncate",))):
            name = f"{table}_no_{verb}"
            text = found.pop(name, None)
            if text is None:
                yield table, name, "mất trigger chặn sửa, xóa"
            elif _plain(text[1]) != _plain(_shipped(table, verb, sqlite=sqlite)):
                yield table, name, "trigger chặn sửa, xóa đã bị tắt hoặc đổi nội dung"
    for name, (table, _) in sorted(found.items()):
        yield table, name, "có trigger hoặc quy tắc lạ mà hệ thống không đặt"


def _shipped(table: str, verb: str, *, sqlite: bool) -> str:
    condition, message = GUARDED.get(table, ("", f"{table} is append-only"))
    when = f"WHEN ({condition}) " if condition and verb == "update" else ""
    head = f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}"
    if sqlite:
        return f"{head} {when}BEGIN SELECT RAISE(ABORT, '{message}'); END"
    each = "STATEMENT" if verb == "truncate" else "ROW"
    return f"{head} FOR EACH {each} {when}EXECUTE FUNCTION refuse_change() O {_FUNCTION}"


_BRACKETS = str.maketrans("", "", "()")


def _plain(text: str) -> str:
    """Without what the engine writes in its own way: case, spaces, its own brackets and casts, the schema's name."""
    return "".join(text.lower().replace("public.", "").replace("::text", "").translate(_BRACKETS).split())


def _on_sqlite(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
    return {name: (table, text) for name, table, text in connection.execute(sa.text(query))}


def _on_postgresql(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    """Each with whether it is on and what its function does; rules too, which could answer in a trigger's place."""
    query = (
        "SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text || ' ' || p.prosrc"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT r.rulename, c.relname, 'rule' FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
    )
    return {name: (table, text) for name, table, text in connection.execute(sa.text(query))}
