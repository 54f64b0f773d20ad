"""The Merkle tree of RFC 6962 §2.1 over SHA-256: roots, inclusion and consistency proofs, and their checks."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_LENGTH = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The state needed to grow a tree and to compute its root: the full subtrees at its right edge, largest first.

    One subtree a set bit of `size`; a new log starts with `Frontier()`.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError("a frontier has one hash for each set bit of its size")
        if any(len(digest) != HASH_LENGTH for digest in self.hashes):
            raise ValueError(f"a hash has {HASH_LENGTH} bytes")

    def extend(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """The frontier after appending these leaf hashes; this one is unchanged."""
        stack = list(self.hashes)
        size = self.size
        for digest in leaf_hashes:
            grown, carry = digest, size
            while carry & 1:
                grown = sha256(b"\x01" + stack.pop() + grown).digest()
                carry >>= 1
            stack.append(grown)
            size += 1
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        digest = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            digest = node_hash(left, digest)
        return digest

    def to_text(self) -> str:
        """`size:base64`, for one column of a table."""
        return f"{self.size}:{b64encode(b''.join(self.hashes)).decode()}"

    @classmethod
    def from_text(cls, text: str) -> "Frontier":
        """Parse the text written by `to_text`; ValueError for any other spelling."""
        size, _, packed = text.partition(":")
        joined = b64decode(packed, validate=True)
        hashes = tuple(joined[start : start + HASH_LENGTH] for start in range(0, len(joined), HASH_LENGTH))
        frontier = cls(int(size), hashes)
        if frontier.to_text() != text:
            raise ValueError("not a frontier as to_text writes it")
        return frontier


class Tree:
    """A tree that remembers every full subtree, so a proof costs as many look-ups as the tree is high.

    64 bytes of memory a leaf. `size` arguments left out mean the whole tree.
    """

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        # Level k holds, end to end, the hashes of the full subtrees of 2^k leaves.
        self._levels: list[bytearray] = [bytearray()]
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        return len(self._levels[0]) // HASH_LENGTH

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaf hashes. ValueError (nothing appended) when one has not 32 bytes."""
        hashes = list(leaf_hashes)
        if any(len(digest) != HASH_LENGTH for digest in hashes):
            raise ValueError(f"a hash has {HASH_LENGTH} bytes")
        self._levels[0] += b"".join(hashes)
        height = 0
        while len(self._levels[height]) >= 2 * HASH_LENGTH:
            if height + 1 == len(self._levels):
                self._levels.append(bytearray())
            below, above = self._levels[height], self._levels[height + 1]
            first, last = 2 * len(above), len(below) - 2 * HASH_LENGTH
            for start in range(first, last + 1, 2 * HASH_LENGTH):
                above += sha256(b"\x01" + below[start : start + 2 * HASH_LENGTH]).digest()
            height += 1

    def subtrees(self, height: int, first: int, last: int) -> bytes:
        """Hashes `first` to `last` (exclusive) of the full subtrees of 2^height leaves, end to end."""
        if not 0 <= first <= last <= self.size >> height:
            raise ValueError("no such full subtrees in this tree")
        return bytes(self._levels[height][first * HASH_LENGTH : last * HASH_LENGTH]) if last else b""

    def root(self, size: int | None = None) -> bytes:
        """The root when the tree had `size` leaves."""
        size = self._known(size)
        return self._hash_of(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """RFC 6962 §2.1.1: PATH(index, D[size]), the leaf's sibling first."""
        size = self._known(size)
        if not 0 <= index < size:
            raise ValueError(f"no leaf {index} in a tree of {size}")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._hash_of(middle, end))
                end = middle
            else:
                path.append(self._hash_of(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """RFC 6962 §2.1.2: PROOF(old, D[new]). Empty from an empty tree and between equal sizes."""
        new = self._known(new)
        if not 0 <= old <= new:
            raise ValueError(f"no consistency proof from {old} to {new}")
        if old in (0, new):
            return []
        path: list[bytes] = []
        start, end = 0, new
        while end != old:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._hash_of(middle, end))
                end = middle
            else:
                path.append(self._hash_of(start, middle))
                start = middle
        if start:
            # The verifier knows the old root, hence the old tree itself; any lesser subtree must be told.
            path.append(self._hash_of(start, end))
        return path[::-1]

    def _known(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")
        return size

    def _hash_of(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]), for a `start` that is a multiple of the smallest power of two ≥ end - start."""
        digest = b""
        # From the right edge: each set bit of the length is one full subtree.
        while start < end:
            height = ((end - start) & -(end - start)).bit_length() - 1
            at = ((end >> height) - 1) * HASH_LENGTH
            full = bytes(self._levels[height][at : at + HASH_LENGTH])
            digest = node_hash(full, digest) if digest else full
            end -= 1 << height
        return digest


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of these leaf hashes."""
    return Frontier().extend(leaf_hashes).root()


def inclusion_proof(index: int, size: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """One proof over the first `size` leaf hashes; keep a `Tree` for many."""
    return Tree(leaf_hashes[:size]).inclusion_proof(index, size)


def consistency_proof(old: int, new: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """One proof that the tree of `old` leaves is a beginning of that of `new`; keep a `Tree` for many."""
    return Tree(leaf_hashes[:new]).consistency_proof(old, new)


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with hash `leaf` stands at `index` of the tree of `size` with `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or any(len(digest) != HASH_LENGTH for digest in (leaf, root, *proof)):
        return False
    position, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            digest = node_hash(sibling, digest)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            digest = node_hash(digest, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and digest == root


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `old_size` is a beginning of that of `new_size` (RFC 9162 §2.1.4.2)."""
    if not 0 <= old_size <= new_size or any(len(digest) != HASH_LENGTH for digest in (old_root, new_root, *proof)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    # The root of a full old tree is left out of the proof: the verifier already holds it.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_digest = new_digest = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_digest = node_hash(sibling, old_digest)
            new_digest = node_hash(sibling, new_digest)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_digest = node_hash(new_digest, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_digest == old_root and new_digest == new_root


def _split(length: int) -> int:
    """The largest power of two smaller than `length` (≥ 2)."""
    return 1 << ((length - 1).bit_length() - 1)
