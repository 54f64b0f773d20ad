"""Sealed ballots: one envelope a member for the whole agenda (HPKE, RFC 9180), one key a session, split among tellers.

What this gives: whoever holds the database, every log and fewer than `needed` shares reads no choice, before or after
the count. What it does not give: whoever has envelopes *and* `needed` shares reads each envelope, and who stands aside
from what marks an opened ballot as its author's. So the box is opened once, rows that would name
somebody are dealt before anybody sees them, and envelopes and shares are destroyed afterwards.
"""

import secrets
from base64 import b32decode, b32encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ledger import canonical, merkle, note

# RFC 9180 in base mode. ChaCha20-Poly1305 runs in constant time on machines without AES instructions as well.
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_OVERHEAD = 32 + 16  # bytes: the ephemeral public key and the tag
_KEY_LENGTH = 32
_HALF = 16  # bytes; the library splits 128-bit secrets, so a key is two of them under the same index
_MOST_TELLERS = 255
_RECEIPT_LENGTH = 20  # bytes: 160 bits, 32 letters to write down
_FINGERPRINT_LENGTH = 10
_CHECK_LENGTH = 5
_BLOCK = "VINH DANH TELLER SHARE"
_BEGIN = f"-----BEGIN {_BLOCK}-----"
_END = f"-----END {_BLOCK}-----"
_HEADERS = ("Session", "Teller", "Index", "Tellers", "Needed", "Key")
_CHECK = "Check"
_LONGEST_SHARE = 20_000  # characters; a share has about 1,200

_STANDS_ASIDE = 0
_BYTE_OF = {"approve": 1, "disapprove": 2, "abstain": 3}
_CHOICE_OF = {byte: choice for choice, byte in _BYTE_OF.items()}
CHOICES = tuple(_BYTE_OF)


class Unopened(Exception):  # noqa: N818 -- the answer "the box stays shut", not a fault of the program
    """The box stays shut. `reason` is stable and machine-readable; `message` is a Vietnamese sentence for a person.

    Neither ever quotes a share's value or a choice.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class BadShare(Unopened):
    """A text is no share to be used here: `not_a_share`, `altered`, `other_session`, `other_key`."""


class TooFewShares(Unopened):
    """Fewer shares than the key was split to need: `too_few`, with `brought` and `needed` (0: no share names it)."""

    def __init__(self, *, brought: int, needed: int) -> None:
        required = f"cần {needed} mảnh" if needed else "cần đủ số mảnh đã định khi mở phiếu"
        super().__init__("too_few", f"Mới có {brought} mảnh khóa, {required} mới mở được hòm phiếu.")
        self.brought = brought
        self.needed = needed


class WrongShares(Unopened):
    """The shares do not give this session's key: `other_session`, `other_key`, `doubled`, `disagree`, `altered`."""


class BadEnvelope(Unopened):
    """An envelope stops the count: `wrong_length`, `duplicate`, `sealed_otherwise`, `unlawful`; `receipt` names it."""

    def __init__(self, reason: str, message: str, *, receipt: str) -> None:
        super().__init__(reason, f"{message} (biên nhận {receipt}). Không phiếu nào được mở.")
        self.receipt = receipt


@dataclass(frozen=True, slots=True)
class Share:
    """One teller's part of a session's private key. The value is in no repr."""

    session: str
    teller: str
    index: int
    tellers: int
    needed: int
    key: str
    value: bytes = field(repr=False)


def new_key(*, session: str, needed: int, tellers: Sequence[str]) -> tuple[bytes, dict[str, str]]:
    """A fresh key for one session: (public key of 32 bytes, {teller: share text, one file each}).

    `needed` of the tellers open the box; fewer learn nothing of the key (Shamir over GF(2^128), each half of the key).
    ValueError unless 2 ≤ needed ≤ tellers ≤ 255, the tellers differ, and all names are printable ASCII.

    The private key is returned nowhere and no object keeps it. Python cannot wipe it: its bytes, and the texts
    returned here, stay in this process's memory until that memory is used again, and may reach swap or a core dump.
    Run this in a process that ends soon, write each text to its teller only, and keep no copy.
    """
    if not 2 <= needed <= len(tellers) <= _MOST_TELLERS:
        raise ValueError(f"a key is split 2 ≤ needed ≤ tellers ≤ {_MOST_TELLERS}, not {needed} of {len(tellers)}")
    if len(set(tellers)) != len(tellers) or not all(_is_name(name) for name in (session, *tellers)):
        raise ValueError("a session and its tellers have different names of printable ASCII without outer spaces")
    public_key, values = _split_fresh_key(needed, len(tellers))
    key = fingerprint(public_key)
    shares = {
        teller: _write_share(Share(session, teller, index, len(tellers), needed, key, value))
        for index, (teller, value) in enumerate(zip(tellers, values, strict=True), start=1)
    }
    return public_key, shares


def fingerprint(public_key: bytes) -> str:
    """Sixteen letters that name a public key, to compare a share with what the ledger says."""
    return _spell(sha256(b"vinhdanh/ballot-key/1\x00" + public_key).digest()[:_FINGERPRINT_LENGTH])


def read_share(text: str, *, session: str | None = None, public_key: bytes | None = None) -> Share:
    """The share of one file; case, spacing, line ends and anything around the block do not matter.

    Raises BadShare: `not_a_share`, `altered` (or mistyped), and where asked for `other_session`, `other_key`.
    """
    share = _parse_share(text)
    if session is not None and share.session != session:
        raise BadShare("other_session", f"Mảnh khóa này thuộc phiên {share.session}, không phải phiên {session}.")
    if public_key is not None and share.key != fingerprint(public_key):
        raise BadShare("other_key", f"Mảnh khóa này thuộc một khóa khác của phiên {share.session}.")
    return share


def seal(
    choices: Mapping[str, str],
    *,
    agenda: Sequence[str],
    aside: Collection[str],
    public_key: bytes,
    session: str,
    frozen: str,
) -> bytes:
    """One member's envelope: a choice for each item of the agenda but those in `aside`; 48 + len(agenda) bytes.

    `frozen` is the hash of members, rules and agenda when the ballot opened; the envelope opens under no other.
    Every call has its own ephemeral key, so equal ballots look different. ValueError for an incomplete, foreign or
    unknown choice (never quoted), an empty or repeating agenda, a public key that is none.
    """
    info = _info(session=session, frozen=frozen, agenda=agenda)
    away = set(aside)
    if choices.keys() != set(agenda) - away:
        raise ValueError("a ballot has one choice for each item of the agenda its member does not stand aside from")
    if not set(choices.values()) <= _BYTE_OF.keys():
        raise ValueError(f"a choice is one of {', '.join(CHOICES)}")
    content = bytes(_STANDS_ASIDE if code in away else _BYTE_OF[choices[code]] for code in agenda)
    return _SUITE.encrypt(content, X25519PublicKey.from_public_bytes(public_key), info)


def receipt(envelope: bytes) -> str:
    """The member's receipt: 160 bits of the envelope's hash as eight groups of four base32 letters.

    It proves that the envelope is in the box. Of its content it says nothing: the ephemeral key is kept nowhere.
    Two members who are shown the same receipt have been given one envelope, so receipts are there to be compared.
    """
    return _spell(sha256(b"vinhdanh/ballot-receipt/1\x00" + envelope).digest()[:_RECEIPT_LENGTH])


def is_receipt(written: str) -> bool:
    """Whether this reads as a receipt at all, however it was written down."""
    try:
        return len(_unspell(written)) == _RECEIPT_LENGTH
    except ValueError:
        return False


def includes(written: str, receipts: Iterable[str]) -> bool:
    """Whether a receipt as somebody wrote it down (case, spaces, hyphens, 0 for O do not matter) is among `receipts`."""
    try:
        return _spell(_unspell(written)) in set(receipts)
    except ValueError:
        return False


def box_digest(envelopes: Iterable[bytes]) -> str:
    """The hex digest of a box, the same in any order: `receipts_digest` of its envelopes' receipts."""
    return receipts_digest(receipt(envelope) for envelope in envelopes)


def receipts_digest(receipts: Iterable[str]) -> str:
    """The RFC 6962 root, in hex, over the sorted receipts: repeats a box's digest once its envelopes are erased."""
    return merkle.root([merkle.leaf_hash(written.encode()) for written in sorted(receipts)]).hex()


def open_box(
    envelopes: Collection[bytes],
    *,
    shares: Sequence[Share],
    public_key: bytes,
    session: str,
    frozen: str,
    agenda: Sequence[str],
) -> list[dict[str, str]]:
    """Every ballot as {code: choice} without the items its member stands aside from, in random order; or none at all.

    More shares than needed are welcome and all must fit. The rows are for counting and dealing only: show, store or
    log none of them, since who stands aside from what tells whose row it is.
    Raises WrongShares, TooFewShares, BadEnvelope.
    """
    info = _info(session=session, frozen=frozen, agenda=agenda)
    _require_fitting(shares, session=session, key=fingerprint(public_key))
    private = _join(shares, public_key)
    if private is None:
        raise WrongShares(
            "altered", "Các mảnh khóa ghép lại không ra khóa của phiên này: có ít nhất một mảnh đã bị sửa nội dung."
        )
    ordered = sorted(envelopes)
    _require_distinct(ordered, length=_OVERHEAD + len(agenda))
    ballots: list[dict[str, str]] = []
    for envelope in ordered:
        opened = _open(envelope, private, info=info, agenda=agenda)
        if isinstance(opened, BadEnvelope):
            # A traceback keeps this frame's variables, and some loggers print them.
            del ballots, private
            raise opened
        ballots.append(opened)
    # Neither the order of the box nor that of the receipts may survive.
    secrets.SystemRandom().shuffle(ballots)
    return ballots


def _split_fresh_key(needed: int, tellers: int) -> tuple[bytes, list[bytes]]:
    """(public key, one value a teller). A function of its own, so that its references are dropped when it returns."""
    private = X25519PrivateKey.generate()
    secret = _clamp(private.private_bytes_raw())
    halves = [Shamir.split(needed, tellers, half) for half in (secret[:_HALF], secret[_HALF:])]
    values = [first + second for (_, first), (_, second) in zip(*halves, strict=True)]
    return private.public_key().public_bytes_raw(), values


def _join(shares: Sequence[Share], public_key: bytes) -> X25519PrivateKey | None:
    """The private key of `public_key`, or None: with any share altered, even a spare one, they give another."""
    halves = ([(share.index, share.value[start : start + _HALF]) for share in shares] for start in (0, _HALF))
    secret = b"".join(Shamir.combine(half) for half in halves)
    private = X25519PrivateKey.from_private_bytes(secret)
    # X25519 ignores five bits, where an altered share would otherwise go unseen.
    held = secret == _clamp(secret) and private.public_key().public_bytes_raw() == public_key
    return private if held else None


def _clamp(secret: bytes) -> bytes:
    """The one spelling of an X25519 private key (RFC 7748 §5)."""
    return bytes([secret[0] & 0xF8, *secret[1:31], secret[31] & 0x3F | 0x40])


def _require_fitting(shares: Sequence[Share], *, session: str, key: str) -> None:
    for share in shares:
        if share.session != session:
            raise WrongShares(
                "other_session",
                f"Mảnh khóa của {share.teller} thuộc phiên {share.session}, không phải phiên {session}.",
            )
        if share.key != key:
            raise WrongShares("other_key", f"Mảnh khóa của {share.teller} thuộc một khóa khác của phiên {session}.")
    if len({share.index for share in shares}) != len(shares):
        raise WrongShares("doubled", "Có mảnh khóa được nộp hai lần; mỗi người kiểm phiếu nộp một mảnh của mình.")
    if len({(share.needed, share.tellers) for share in shares}) > 1:
        raise WrongShares("disagree", "Các mảnh khóa không ghi cùng một số mảnh cần có: có mảnh đã bị sửa.")
    needed = shares[0].needed if shares else 0
    if not shares or len(shares) < needed:
        raise TooFewShares(brought=len(shares), needed=needed)


def _require_distinct(ordered: Sequence[bytes], *, length: int) -> None:
    for before, envelope in zip([b"", *ordered], ordered, strict=False):
        if len(envelope) != length:
            message = f"Có phong bì dài {len(envelope)} byte, mọi phong bì của phiên này phải dài {length} byte"
            raise BadEnvelope("wrong_length", message, receipt=receipt(envelope))
        if envelope == before:
            raise BadEnvelope("duplicate", "Có phong bì nằm hai lần trong hòm", receipt=receipt(envelope))


def _open(
    envelope: bytes, private: X25519PrivateKey, *, info: bytes, agenda: Sequence[str]
) -> dict[str, str] | BadEnvelope:
    """One ballot, or the reason why it cannot be opened: returned, because a traceback could carry its content."""
    try:
        content = _SUITE.decrypt(envelope, private, info)
    except InvalidTag:
        message = "Có phong bì đã bị sửa hoặc được niêm phong cho phiên, thành phần, quy chế hay chương trình khác"
        return BadEnvelope("sealed_otherwise", message, receipt=receipt(envelope))
    if not set(content) <= {_STANDS_ASIDE, *_CHOICE_OF}:
        # Rightly sealed with the public key, but by another program than `seal`.
        return BadEnvelope("unlawful", "Có phong bì chứa phiếu không đúng mẫu", receipt=receipt(envelope))
    return {code: _CHOICE_OF[byte] for code, byte in zip(agenda, content, strict=True) if byte != _STANDS_ASIDE}


def _info(*, session: str, frozen: str, agenda: Sequence[str]) -> bytes:
    """The context to which an envelope is bound, as a hash: implementations of HPKE limit the length of `info`."""
    if not agenda or len(set(agenda)) != len(agenda):
        raise ValueError("an agenda has at least one item and none twice")
    bound: canonical.Json = [session, frozen, list(agenda)]
    return b"vinhdanh/ballot/1\x00" + sha256(canonical.dumps(bound)).digest()


def _write_share(share: Share) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in zip(_HEADERS, _labels(share), strict=True))
    groups = _spell(share.value).split("-")
    value = "\n".join(" ".join(groups[start : start + 7]) for start in range(0, len(groups), 7))
    return f"""\
MẢNH KHÓA HÒM PHIẾU – GIỮ KÍN

Phiên họp: {share.session}
Người kiểm phiếu: {share.teller} (mảnh {share.index} trong {share.tellers} mảnh)
Cần {share.needed} mảnh mới mở được hòm phiếu; một mình mảnh này không đọc được phiếu nào.
Dấu của khóa: {share.key} (so với dấu ghi trong biên bản mở phiếu)

Chỉ người có tên trên được giữ tệp này. Không sao chép, không gửi qua thư điện tử hay tin nhắn.
Mang tệp tới khi kiểm phiếu; kiểm phiếu xong thì xóa. Không sửa gì giữa hai dòng gạch dưới đây.

{_BEGIN}
{headers}

{value}

{_CHECK}: {_check(share)}
{_END}
"""


def _parse_share(text: str) -> Share:
    lines = [line.strip() for line in text[:_LONGEST_SHARE].removeprefix("\ufeff").splitlines()]
    if (lines.count(_BEGIN), lines.count(_END)) != (1, 1) or len(text) > _LONGEST_SHARE:
        raise BadShare("not_a_share", "Tệp này không phải một mảnh khóa hòm phiếu (mỗi tệp đúng một mảnh).")
    inside = [line for line in lines[lines.index(_BEGIN) + 1 : lines.index(_END)] if line]
    # The value's letters hold no colon, so what has one is a header.
    parts = [line.partition(":") for line in inside if ":" in line]
    headers = {name.strip(): value.strip() for name, _, value in parts}
    altered = BadShare(
        "altered", "Mảnh khóa đã bị sửa hoặc gõ sai: nội dung không khớp với dòng kiểm tra. Hãy dùng tệp gốc."
    )
    if [name.strip() for name, _, _ in parts] != [*_HEADERS, _CHECK]:
        raise altered
    session, teller, *numbers, key, check = headers.values()
    if not all(note.is_decimal(number) for number in numbers):
        raise altered
    index, tellers, needed = map(int, numbers)
    try:
        value = _unspell("".join(line for line in inside if ":" not in line))
        share = Share(session, teller, index, tellers, needed, _spell(_unspell(key)), value)
        fits = _unspell(check) == _unspell(_check(share))
    except ValueError:
        # Without the cause: the decoder's own words may repeat pieces of the value.
        raise altered from None
    # An index of 0 would ask the polynomial for the key itself; no key of ours is split outside these bounds.
    lawful = 1 <= index <= tellers <= _MOST_TELLERS and 2 <= needed <= tellers and len(value) == _KEY_LENGTH
    if not fits or not lawful:
        raise altered
    return share


def _labels(share: Share) -> tuple[str, ...]:
    """The values of the headers, in their order."""
    return (share.session, share.teller, str(share.index), str(share.tellers), str(share.needed), share.key)


def _check(share: Share) -> str:
    """Forty bits over the whole share: a slip of the pen goes unseen once in 10^12. No protection against intent."""
    content = canonical.dumps([*_labels(share), share.value.hex()])
    return _spell(sha256(b"vinhdanh/teller-share/1\x00" + content).digest()[:_CHECK_LENGTH])


def _spell(data: bytes) -> str:
    """Base32 (RFC 4648 §6) in groups of four: one case, and no 0, 1 or 8 to be taken for O, I or B."""
    letters = b32encode(data).decode().rstrip("=")
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _unspell(text: str) -> bytes:
    """The bytes written by `_spell`, however grouped; 0 is read as O and 1 as I. ValueError for anything else."""
    letters = "".join(text.replace("-", " ").split()).upper().replace("0", "O").replace("1", "I")
    try:
        data = b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        raise ValueError("not base32") from None
    # Spare bits could otherwise be altered unseen.
    if b32encode(data).decode().rstrip("=") != letters:
        raise ValueError("not canonical base32")
    return data


def _is_name(name: str) -> bool:
    return bool(name) and name.isascii() and name.isprintable() and name == name.strip()
