"""Key, database and folder belong together: the ledger's first entry says so, and every door looks before it acts."""

import base64
import json
import os

import sqlalchemy as sa
from sqlmodel import Session

from ledger import kinds, note, unproven
from ledger.kinds import Kind
from models import InstallationRow, LedgerEntry, LedgerOpening
from models.database import Database
from models.types import table
from operations import access, coding, record, seal
from rules.refusal import Refusal

_E, _O = table(LedgerEntry).c, table(LedgerOpening).c


def new_code() -> str:
    """The name of a new installation, in every identity that leaves it: random, so that no two ever share one."""
    return "vd" + base64.b32encode(os.urandom(10)).decode()[:10].lower()


def aspects(row: InstallationRow) -> dict[str, object]:
    return {"key": row.vkey, "generation": row.generation}


def require_free(session: Session) -> None:
    """Raise Refusal `foreign_database` for a database whose ledger another installation began."""
    if session.get(InstallationRow, 1) is not None or record.size(session):
        raise Refusal(
            "foreign_database",
            "Cơ sở dữ liệu này đã thuộc về một hệ thống khác. Hãy tạo một cơ sở dữ liệu trống cho thư mục mới, hoặc dùng đúng "
            "thư mục dữ liệu (có ledger.key) của nó.",
        )


def begin(session: Session, signer: note.Signer, code: str) -> None:
    """Write the ledger's owner once: as the first entry, or as the next one of a ledger begun by an earlier version."""
    if session.get(InstallationRow, 1) is not None:
        return
    began = session.execute(sa.select(_E.index).where(_E.kind == str(Kind.INSTALLATION_BEGUN))).first()
    last = seal.newest(session)
    if began is not None or (last is not None and not _is_signed(last.note, signer.vkey)):
        raise record.foreign_key()
    row = InstallationRow(code=code, vkey=signer.vkey)
    session.add(row)
    session.flush()
    record.record(session, Kind.INSTALLATION_BEGUN, [(row.code, aspects(row))], by=kinds.INSTALLER)
    _carry_over(session)


def _carry_over(session: Session) -> None:
    """The fields erased before erasures had their own entry: listed once, so that a further loss is noticed."""
    rows = session.execute(
        sa.select(_E.index, _E.leaf, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index)
        .order_by(_E.index)
    ).yield_per(2000)
    gone = [
        (index, field)
        for index, leaf, openings in rows
        for field in sorted(json.loads(leaf)["commitments"].keys() - json.loads(openings).keys())
    ]
    if gone:
        record.note_erased(
            session, gone, ground="xóa trước khi sổ cái có bản ghi về việc xóa", by=access.ENGINE.username
        )


def bind(database: Database, keeper: seal.Keeper) -> None:
    """Have this database act for the folder of this key alone, and the key sign what is acted.

    Raises Refusal `foreign_ledger_key`, `ledger_not_continued`, Unreadable `bad_ledger_memory`.
    """
    with database.read() as session:
        known = session.get(InstallationRow, 1) is not None
        if known:
            look(session, keeper)
    if not known:
        with database.begin() as session:
            begin(session, keeper.signer, new_code())
        keeper.now()  # a ledger of an earlier version is signed at once, so that every ledger has a signature
    with database.read() as session:
        named = coding.needed(session)
    if named:
        with database.begin() as session:
            if coding.needed(session):
                coding.carry_over(session)
    database.owner, database.after_act = keeper.signer.vkey, keeper


def look(session: Session, keeper: seal.Keeper) -> None:
    """Is this the ledger that the key signed last? As far as a glance can tell; `ledger verify` reads everything."""
    seal.require_owner(session, keeper.signer.vkey)
    memory = seal.remembered(keeper.place, keeper.signer.vkey)
    if memory is None:
        return
    size, known = record.size(session), seal.at(session, memory.frontier.size)
    if size < memory.frontier.size or (known is not None and known.note != memory.note):
        raise seal.not_continued(memory.frontier.size, size)


def _is_signed(text: str, vkey: str) -> bool:
    try:
        note.open_checkpoint(text, vkey)
    except unproven.Unproven:
        return False
    return True
