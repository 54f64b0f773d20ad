"""The ledger as people use it: its key, its export, its proofs. What is signed, and when: `operations.seal`."""

import json
import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger import kinds, merkle, note, proof, tiles
from ledger.kinds import Kind
from models import Checkpoint, LedgerEntry, LedgerOpening
from models.database import Database
from models.types import table
from operations import seal
from rules.refusal import Refusal, Unreadable

_E = table(LedgerEntry).c
_O = table(LedgerOpening).c


def checked_origin(name: str) -> str:
    """The name under which a ledger signs. Raises Unreadable `bad_origin`."""
    try:
        note.generate(name)
    except ValueError:
        raise Unreadable(
            "bad_origin",
            "Tên sổ cái (--origin) không được trống, không có dấu cách, dấu + hay ký tự điều khiển; ví dụ "
            "khenthuong.huyen.gov.vn/ledger.",
            where={"origin": name},
        ) from None
    return name


def create_key(path: Path, origin: str) -> note.Signer:
    """A new ledger key in the data folder, readable by its owner only."""
    content = note.generate(origin)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return note.load(content)


def load_key(path: Path) -> note.Signer:
    """The ledger's signer. Raises Unreadable when others may read the key or the file is no key."""
    if not path.exists():
        raise Unreadable("no_ledger_key", "Thư mục dữ liệu chưa có khóa sổ cái; chạy `vinhdanh init` trước.")
    if path.stat().st_mode & 0o077:
        raise Unreadable(
            "key_is_readable", "Khóa sổ cái đang để người khác đọc được; hãy chạy chmod 600 rồi khởi động lại."
        )
    try:
        return note.load(path.read_bytes())
    except ValueError:
        raise Unreadable("bad_ledger_key", "Tệp khóa sổ cái bị hỏng; hãy khôi phục từ bản sao lưu.") from None


def _leaves(session: Session, size: int) -> Iterator[bytes]:
    query = sa.select(_E.leaf).where(_E.index < size).order_by(_E.index)
    for row in session.execute(query).yield_per(2000):
        yield row.leaf.encode()


def _published(session: Session, size: int) -> Iterator[dict[str, Any]]:
    """Openings of fields that may be public, in order of the ledger."""
    query = (
        sa.select(_E.index, _E.kind, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index)
        .where(_E.index < size)
        .order_by(_E.index)
    )
    for row in session.execute(query).yield_per(2000):
        kind = kinds.known(row.kind)
        if kind is None or not kind.public:
            continue
        for name, (salt, value) in sorted(json.loads(row.openings).items()):
            if name in kind.public:
                yield {"index": row.index, "field": name, "salt": salt, "value": value}


def export(session: Session, folder: Path, signer: note.Signer) -> dict[str, Any]:
    """Write the ledger as static C2SP tiles under the newest checkpoint; a second export adds to the first."""
    newest = seal.newest(session)
    if newest is None:
        raise Refusal("no_checkpoint", "Sổ cái chưa có điểm kiểm nào được ký.")
    tiles.export(folder, _leaves(session, newest.size), newest.note, signer.vkey, _published(session, newest.size))
    return {"size": newest.size, "folder": str(folder)}


def prove(session: Session, decision: str) -> str:
    """A C2SP tlog-proof of the entry that signed a decision, and of all that came later for it up to the checkpoint.

    Fields that may be public are opened. Raises Refusal `not_sealed`.
    """
    newest = seal.newest(session)
    tree = merkle.Tree(merkle.leaf_hash(one) for one in _leaves(session, newest.size)) if newest else merkle.Tree()
    return _proof(session, decision, newest, tree)


def _proof(session: Session, decision: str, newest: Checkpoint | None, tree: merkle.Tree) -> str:
    row = session.execute(
        sa.select(_E.index, _E.leaf, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index)
        .where(_E.subject == decision, _E.kind == Kind.DECISION_SIGNED)
    ).one_or_none()
    if row is None or newest is None or row[0] >= newest.size:
        raise Refusal(
            "not_sealed", f"Quyết định {decision} chưa nằm dưới một điểm kiểm đã ký; hãy chạy lại sau ít phút."
        )
    index, leaf, opened = row
    later = session.execute(
        sa.select(_E.index, _E.kind, _E.leaf, _O.openings)
        .join_from(LedgerEntry, LedgerOpening, _E.index == _O.index)
        .where(_E.subject == decision, _E.kind.like("decision:%"), _E.index > index, _E.index < newest.size)
        .order_by(_E.index)
    )
    events = [
        (after.encode(), _open(kind, text), tree.inclusion_proof(at, newest.size)) for at, kind, after, text in later
    ]
    told = proof.extra(leaf.encode(), _open(str(Kind.DECISION_SIGNED), opened), events)  # noqa: S610 -- no query set
    return proof.write(index, tree.inclusion_proof(index, newest.size), told, newest.note)


def _open(kind: str, openings: str) -> list[dict[str, Any]]:
    """The fields of an entry that may be published."""
    known = kinds.known(kind)
    return [
        {"field": name, "salt": salt, "value": value}
        for name, (salt, value) in sorted(json.loads(openings).items())
        if known is not None and name in known.public
    ]


# For a process that is asked for proofs again and again: the tree, kept and grown by what is new.
_TREES: dict[str, merkle.Tree] = {}
_GROWING = threading.Lock()
_STRETCH = 20_000  # entries


def prove_kept(database: Database, decision: str) -> str:
    """As `prove`, from a tree that this process keeps (64 bytes an entry): only new entries are read and hashed.

    They are read in batches: one long read would hold up every writer and whoever waits behind it.
    """
    with database.read() as session:
        newest = seal.newest(session)
    if newest is None:
        with database.read() as session:
            return _proof(session, decision, None, merkle.Tree())
    place = str(database.url)
    with _GROWING:
        tree = _grow(database, _TREES.setdefault(place, merkle.Tree()), newest.size)
        if b64encode(tree.root(newest.size)).decode() != newest.note.split("\n")[2]:
            # Another ledger lies at this place now (restored from a backup): begin again.
            tree = _TREES[place] = _grow(database, merkle.Tree(), newest.size)
    with database.read() as session:
        return _proof(session, decision, newest, tree)


def _grow(database: Database, tree: merkle.Tree, size: int) -> merkle.Tree:
    while tree.size < size:
        with database.read() as session:
            query = sa.select(_E.leaf).where(_E.index >= tree.size, _E.index < size).order_by(_E.index).limit(_STRETCH)
            found = [merkle.leaf_hash(leaf.encode()) for leaf in session.execute(query).scalars()]
        if not found:
            break
        tree.extend(found)
    return tree
