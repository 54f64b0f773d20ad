"""C2SP tlog-tiles: the log as static files that anybody can host, fetch and check. The only module with a folder.

Besides `checkpoint`, `tile/…` and `tile/entries/…` of the specification the folder holds `vkey` (the verifier key)
and `openings.jsonl` (the published fields).
"""

import fcntl
import os
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ledger import canonical, entry, merkle, note, unproven

WIDTH = 256  # leaves of an entry bundle, hashes of a tile
_TILE_HEIGHT = 8
_OPENING_KEYS = frozenset({"index", "field", "salt", "value"})
# Hidden, and inside the folder so that every rename stays on one file system.
_STAGING = ".export"
_ALTERED = "Tệp không khớp với điểm kiểm đã ký: đã bị sửa."


class TamperedExport(unproven.Unproven):
    """A file of an export is not what the log says; `part` is its path."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """`tile/<level>/x001/x234/067`, with `.p/<width>` when partial; level `entries` is a bundle of entries."""
    thousands = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        thousands = f"x{index % 1000:03d}/{thousands}"
    return f"tile/{level}/{thousands}" + (f".p/{width}" if width < WIDTH else "")


def layout(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, index, width) of every tile of a tree of `size` leaves."""
    level = 0
    while count := size >> (_TILE_HEIGHT * level):
        for index in range(-(-count // WIDTH)):
            yield level, index, min(WIDTH, count - index * WIDTH)
        level += 1


def bundle(leaves: Iterable[bytes]) -> bytes:
    """An entry bundle: each leaf after its length as big-endian uint16. ValueError for a leaf over 65,535 bytes."""
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > entry.LARGEST:
            raise ValueError(f"a leaf has at most {entry.LARGEST} bytes, not {len(leaf)}")
        parts += (struct.pack(">H", len(leaf)), leaf)
    return b"".join(parts)


def export(
    folder: Path, leaves: Iterable[bytes], checkpoint: str, vkey: str, openings: Iterable[Mapping[str, canonical.Json]]
) -> None:
    """Write the log into `folder`, or add to the export it holds: `leaves` are all leaves from the first.

    Every file is compared with one already there, or written beside and renamed; the checkpoint comes last, so a
    reader meets the old export or the new one. Tiles that the export's earlier checkpoint needs stay.

    Raises unproven.Unproven when `checkpoint` is not signed by `vkey`, TamperedExport naming the file when the leaves
    are not those of `checkpoint`, or when a file in the folder is not a beginning of this log. Nothing is then
    changed. ValueError for an opening whose keys are not exactly `index`, `field`, `salt`, `value`.
    """
    signed = note.open_checkpoint(checkpoint, vkey)
    _open_folders(folder)
    with _alone_in(folder):
        earlier = _earlier_checkpoint(folder, vkey)
        if earlier.size > signed.size:
            raise TamperedExport("checkpoint", "Bản xuất đang có dài hơn sổ cái: không được xuất lùi.")
        pending = _Pending(folder)
        tree = merkle.Tree()
        for index, group in enumerate(_in_groups(leaves)):
            tree.extend(map(merkle.leaf_hash, group))
            pending.put(tile_path("entries", index, len(group)), bundle(group))
            at_earlier = earlier.size - index * WIDTH
            if 0 < at_earlier < len(group):
                pending.put(tile_path("entries", index, at_earlier), bundle(group[:at_earlier]))
        if (tree.size, tree.root()) != (signed.size, signed.root):
            raise TamperedExport("checkpoint", "Các bản ghi không cho ra số lượng và mã gốc của điểm kiểm.")
        if tree.root(earlier.size) != earlier.root:
            raise TamperedExport("checkpoint", "Điểm kiểm đã xuất trước đây không phải phần đầu của sổ cái này.")
        for size in (earlier.size, signed.size):
            for level, index, width in layout(size):
                if size == signed.size or width < WIDTH:
                    pending.put(tile_path(level, index, width), _tile(tree, level, index, width))
        pending.put("openings.jsonl", b"".join(map(_opening_line, openings)), mutable=True)
        pending.put("vkey", vkey.strip().encode() + b"\n")
        pending.put("checkpoint", checkpoint.encode(), mutable=True)
        pending.settle()


def read(folder: Path, vkey: str) -> list[bytes]:
    """All leaves of an export, once they and every tile are what its signed checkpoint says.

    Raises unproven.Unproven for the checkpoint, TamperedExport naming the file that is missing or altered.
    """
    signed = note.open_checkpoint(_text_of(folder / "checkpoint", "checkpoint"), vkey)
    leaves: list[bytes] = []
    for start in range(0, signed.size, WIDTH):
        leaves += _read_bundle(folder, start // WIDTH, min(WIDTH, signed.size - start))
    tree = merkle.Tree(map(merkle.leaf_hash, leaves))
    honest = tree.root() == signed.root
    for level, index, width in layout(signed.size):
        path, data = _read_tile(folder, level, index, width)
        if data == _tile(tree, level, index, width):
            continue
        if honest:
            raise TamperedExport(path, _ALTERED)
        if level == 0:
            # The leaves do not lead to the signed root: the bundle, not the tile it differs from, is suspect.
            raise TamperedExport(tile_path("entries", index, width), _ALTERED)
    if not honest:
        raise TamperedExport("tile/entries", "Các bản ghi không cho ra mã gốc của điểm kiểm.")
    return leaves


class _Pending:
    """Files to be put in place together: staged beside, compared with what is there, renamed in order of `put`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staging = folder / _STAGING
        self._paths: dict[str, None] = {}  # an ordered set: two checkpoints may need the same tile

    def put(self, path: str, content: bytes, *, mutable: bool = False) -> None:
        target = self._folder / path
        if target.exists():
            if target.read_bytes() == content:
                return
            if not mutable:
                raise TamperedExport(path, "Tệp đã xuất khác với sổ cái: bản xuất đã bị sửa.")
        staged = self._staging / path
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(content)
        staged.chmod(0o644)  # made to be published, whatever the mask of who makes it
        self._paths[path] = None

    def settle(self) -> None:
        # One flush for all: without it a power cut could leave a renamed but empty tile, which the next export
        # would have to call tampered.
        os.sync()
        for path in self._paths:
            target = self._folder / path
            _open_folders(target.parent)
            (self._staging / path).replace(target)


def _open_folders(folder: Path) -> None:
    """The folder and what is missing above it, for everybody to read."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        one.chmod(0o755)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One export at a time; at its end nothing staged remains, neither its own nor what a killed one left."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield
        finally:
            shutil.rmtree(folder / _STAGING, ignore_errors=True)
    finally:
        os.close(held)


def _earlier_checkpoint(folder: Path, vkey: str) -> note.Checkpoint:
    path = folder / "checkpoint"
    if not path.exists():
        return note.Checkpoint(origin="", size=0, root=merkle.EMPTY_ROOT)
    try:
        return note.open_checkpoint(_text_of(path, "checkpoint"), vkey)
    except unproven.Unproven as reason:
        raise TamperedExport("checkpoint", f"Điểm kiểm đã xuất trước đây không đọc được: {reason.message}") from reason


def _in_groups(leaves: Iterable[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    for leaf in leaves:
        group.append(leaf)
        if len(group) == WIDTH:
            yield group
            group = []
    if group:
        yield group


def _tile(tree: merkle.Tree, level: int, index: int, width: int) -> bytes:
    return tree.subtrees(_TILE_HEIGHT * level, index * WIDTH, index * WIDTH + width)


def _opening_line(opening: Mapping[str, canonical.Json]) -> bytes:
    if opening.keys() != _OPENING_KEYS:
        raise ValueError(f"an opening has exactly the keys {', '.join(sorted(_OPENING_KEYS))}")
    return canonical.dumps(dict(opening)) + b"\n"


def _read_either(folder: Path, level: int | str, index: int, width: int) -> tuple[str, int, bytes]:
    """(path, its width, content): a partial tile may be removed once the full one is there (C2SP tlog-tiles)."""
    for held in (width, WIDTH):
        path = tile_path(level, index, held)
        if (folder / path).is_file():
            return path, held, (folder / path).read_bytes()
    raise TamperedExport(tile_path(level, index, width), "Thiếu tệp này trong bản xuất.")


def _read_tile(folder: Path, level: int, index: int, width: int) -> tuple[str, bytes]:
    path, held, data = _read_either(folder, level, index, width)
    if len(data) != held * merkle.HASH_LENGTH:
        raise TamperedExport(path, f"Tệp không chứa đúng {held} mã băm.")
    return path, data[: width * merkle.HASH_LENGTH]


def _read_bundle(folder: Path, index: int, width: int) -> list[bytes]:
    path, held, data = _read_either(folder, "entries", index, width)
    leaves: list[bytes] = []
    start = 0
    while start + 2 <= len(data):
        (length,) = struct.unpack_from(">H", data, start)
        leaves.append(data[start + 2 : start + 2 + length])
        start += 2 + length
    if start != len(data) or len(leaves) != held:
        raise TamperedExport(path, f"Gói bản ghi không chứa đúng {held} bản ghi.")
    return leaves[:width]


def _text_of(path: Path, part: str) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise TamperedExport(part, "Thiếu tệp này trong bản xuất.") from None
    except UnicodeDecodeError:
        raise TamperedExport(part, "Tệp không phải văn bản UTF-8.") from None
