"""Comparison of signatures, in the database and outside of it, with the entries as they are read again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from ledger import merkle, note, unproven
from models import Checkpoint
from operations import seal

Blame = Callable[[str, object, str], None]  # table, key, what
LONGEST_TAIL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outside:
    """Knowledge from outside the database: the key, its memory, notes kept by others, and the hour."""

    vkey: str
    memory: seal.Memory | None
    known: tuple[str, ...]
    wall: datetime


@dataclass(slots=True)
class Signed:
    """The signed tree heads that wait for their size to be reached; `newest` is the largest of the database's own."""

    newest: int = 0
    waiting: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)  # size → (what it is, root)
    tail_from: datetime | None = None  # of the first entry that no checkpoint covers

    def compare(self, frontier: merkle.Frontier, blame: Blame) -> None:
        """Compare the checkpoint signed for this size with the root over the entries read."""
        for what, root in self.waiting.pop(frontier.size, ()):
            if root != frontier.root():
                blame("checkpoint", frontier.size, f"{what} không khớp các bản ghi: sổ cái đã bị sửa")

    def end(self, size: int, blame: Blame, wall: datetime) -> None:
        """At the end of the ledger (`size` entries): checkpoints of a longer ledger, and entries without a signature."""
        for signed, several in sorted(self.waiting.items()):
            for what, _ in several:
                blame("checkpoint", signed, f"{what} cho {signed} bản ghi nhưng sổ cái chỉ có {size}")
        if size and not self.newest:
            blame("checkpoint", 0, f"sổ cái có {size} bản ghi mà không có điểm kiểm nào được ký")
        elif self.tail_from is not None and wall - self.tail_from > LONGEST_TAIL:
            blame(
                "checkpoint",
                self.newest,
                f"{size - self.newest} bản ghi từ số {self.newest} (ghi lúc {self.tail_from.isoformat(timespec='seconds')}) "
                "quá một giờ chưa có điểm kiểm: hệ thống đã dừng đột ngột, hoặc việc ký bị chặn",
            )


def look(session: Session, outside: Outside, blame: Blame) -> Signed:
    """Read every checkpoint: its signature, that none is missing, and what is known of them outside of the database."""
    rows = session.exec(select(Checkpoint).order_by(col(Checkpoint.size))).all()
    found = Signed()
    for row in rows:
        try:
            signed = note.open_checkpoint(row.note, outside.vkey)
        except unproven.Unproven as reason:
            blame("checkpoint", row.size, f"chữ ký điểm kiểm không hợp lệ: {reason}")
            continue
        if signed.size != row.size:
            blame("checkpoint", row.size, f"điểm kiểm này được ký cho {signed.size} bản ghi")
            continue
        found.waiting.setdefault(row.size, []).append(("điểm kiểm đã ký", signed.root))
        found.newest = row.size
    if outside.memory is not None:
        _remembered(rows, outside.memory, found, blame)
    for text in outside.known:
        try:
            signed = note.open_checkpoint(text, outside.vkey)
        except unproven.Unproven as reason:
            blame(
                "checkpoint",
                "--checkpoint",
                f"điểm kiểm giữ ở nơi khác không do khóa của sổ cái này ký: {reason.message}",
            )
            continue
        found.waiting.setdefault(signed.size, []).append(("điểm kiểm giữ ở nơi khác", signed.root))
    return found


def _remembered(rows: Sequence[Checkpoint], memory: seal.Memory, found: Signed, blame: Blame) -> None:
    size = memory.frontier.size
    found.waiting.setdefault(size, []).append(("điểm kiểm mà khóa đã ký lần cuối", memory.frontier.root()))
    if all((row.size, row.note) != (size, memory.note) for row in rows):
        blame("checkpoint", size, "mất điểm kiểm mà khóa đã ký lần cuối")
    elif seal.chain_of(rows) != memory.chain:
        blame(
            "checkpoint",
            size,
            "các điểm kiểm trong cơ sở dữ liệu không còn như khi ký: có điểm kiểm bị sửa, xóa hoặc thêm",
        )
