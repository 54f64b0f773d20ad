"""C2SP signed notes (signed-note v1.0.0) and log checkpoints (tlog-checkpoint), with Ed25519 keys."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger import merkle, unproven

_ED25519 = b"\x01"
_KEY_ID_LENGTH = 4
_KEY_LENGTH = 32
_SIGNATURE_MARK = "— "
_PRIVATE_MARK = "PRIVATE+KEY+"
# The specification asks for at least 16; a bound keeps a hostile note from costing more than it is worth.
_MOST_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


class Signer:
    """The log's private key under its name. Nothing prints the key: it is in no repr and no attribute shows it."""

    def __init__(self, origin: str, seed: bytes) -> None:
        self.origin = _key_name(origin)
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        self._id = _key_id(origin, public)
        self.vkey = f"{origin}+{self._id.hex()}+{b64encode(_ED25519 + public).decode()}"

    def __repr__(self) -> str:
        return f"Signer({self.vkey!r})"

    def sign(self, text: str) -> str:
        """The signed note over `text`, which ends in a newline and holds no other control character (ValueError)."""
        if not text.endswith("\n") or not _may_be_noted(text):
            raise ValueError("the text of a note ends in a newline and holds no other control character")
        signature = b64encode(self._id + self._key.sign(text.encode())).decode()
        return f"{text}\n{_SIGNATURE_MARK}{self.origin} {signature}\n"


def generate(origin: str) -> bytes:
    """A fresh key as file content: one line `PRIVATE+KEY+name+id+base64`, as Go's sumdb/note writes it.

    ValueError when `origin` is empty or holds a space, a plus sign or a control character.
    """
    _key_name(origin)
    key = Ed25519PrivateKey.generate()
    key_id = _key_id(origin, key.public_key().public_bytes_raw())
    secret = b64encode(_ED25519 + key.private_bytes_raw()).decode()
    return f"{_PRIVATE_MARK}{origin}+{key_id.hex()}+{secret}\n".encode()


def load(content: bytes) -> Signer:
    """The signer of a key file written by `generate`. ValueError for anything else, never quoting the content."""
    try:
        text = content.decode().removesuffix("\n")
        if not text.startswith(_PRIVATE_MARK):
            raise ValueError("no mark")
        origin, key_id, packed = text.removeprefix(_PRIVATE_MARK).split("+", 2)
        secret = _from_base64(packed)
        if secret[:1] != _ED25519 or len(secret) != 1 + _KEY_LENGTH:
            raise ValueError("no Ed25519 key")
        signer = Signer(origin, secret[1:])
    except ValueError:
        # Without the cause: the messages of the decoders may repeat pieces of the key.
        raise ValueError("not a ledger key file") from None
    if signer.vkey.split("+")[1] != key_id:
        raise ValueError("the ledger key file's key id does not belong to its key")
    return signer


def checkpoint(signer: Signer, size: int, root: bytes) -> str:
    """The signed checkpoint: origin, size, base64 root; no extension lines."""
    if size < 0 or len(root) != merkle.HASH_LENGTH:
        raise ValueError("a checkpoint has a size from 0 and a root of 32 bytes")
    return signer.sign(f"{signer.origin}\n{size}\n{b64encode(root).decode()}\n")


def open_checkpoint(note: str, vkey: str) -> Checkpoint:
    """The checkpoint of a note signed by the key `vkey` names. Signatures of other keys (witnesses) are ignored.

    Raises unproven.Unproven: `vkey`, `format`, `signature`, `checkpoint`.
    """
    origin, _ = read_vkey(vkey)
    lines = open_note(note, vkey).split("\n")
    # The text ends in a newline, so a body of three lines splits into four.
    if len(lines) != 4 or lines[0] != origin or not is_decimal(lines[1]):
        raise unproven.Unproven("checkpoint", "Điểm kiểm không gồm đúng ba dòng: tên sổ cái, số bản ghi, mã gốc.")
    try:
        root = _from_base64(lines[2])
    except ValueError:
        root = b""
    if len(root) != merkle.HASH_LENGTH:
        raise unproven.Unproven("checkpoint", "Mã gốc của điểm kiểm không phải 32 byte viết bằng base64.")
    return Checkpoint(origin=origin, size=int(lines[1]), root=root)


def open_note(note: str, vkey: str) -> str:
    """The text of a signed note, with its final newline, once a signature by `vkey` holds.

    Raises unproven.Unproven: `vkey`, `format`, `signature`.
    """
    name, public = read_vkey(vkey)
    key_id = _key_id(name, public)
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or not _may_be_noted(note):
        raise unproven.Unproven("format", "Văn bản không phải một bản ghi có chữ ký (signed note).")
    text += "\n"
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise unproven.Unproven("format", f"Bản ghi có quá {_MOST_SIGNATURES} chữ ký.")
    signed = False
    for line in lines:
        signer, signature = _read_signature(line)
        if (signer, signature[:_KEY_ID_LENGTH]) != (name, key_id):
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature[_KEY_ID_LENGTH:], text.encode())
        except InvalidSignature:
            raise unproven.Unproven("signature", f"Chữ ký của {name} không đúng với nội dung.") from None
        signed = True
    if not signed:
        raise unproven.Unproven("signature", f"Không có chữ ký của {name} bằng khóa đã cho.")
    return text


def read_vkey(vkey: str) -> tuple[str, bytes]:
    """(key name, Ed25519 public key) of a verifier key `name+id+base64`. Raises unproven.Unproven: `vkey`."""
    try:
        name, key_id, packed = vkey.strip().split("+", 2)
        _key_name(name)
        public = _from_base64(packed)
        held = public[:1] == _ED25519 and len(public) == 1 + _KEY_LENGTH and key_id == _key_id(name, public[1:]).hex()
    except ValueError:
        held = False
    if not held:
        raise unproven.Unproven("vkey", "Khóa kiểm tra không phải khóa Ed25519 dạng tên+mã+base64.")
    return name, public[1:]


def is_decimal(text: str) -> bool:
    """Whether `text` is an ASCII decimal without leading zeroes, short enough for any size of a log."""
    return text.isascii() and text.isdecimal() and (text == "0" or text[0] != "0") and len(text) <= 19


def _read_signature(line: str) -> tuple[str, bytes]:
    name, _, packed = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    try:
        signature = _from_base64(packed)
    except ValueError:
        signature = b""
    if not line.startswith(_SIGNATURE_MARK) or not name or len(signature) <= _KEY_ID_LENGTH:
        raise unproven.Unproven("format", "Một dòng chữ ký không đúng dạng «— tên base64».")
    return name, signature


def _from_base64(text: str) -> bytes:
    data = b64decode(text, validate=True)
    # Spare bits and padding could otherwise be altered unseen.
    if b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def _key_name(name: str) -> str:
    if not name or "+" in name or any(sign.isspace() or ord(sign) < 0x20 for sign in name):
        raise ValueError("a key name is not empty and holds no space, plus sign or control character")
    name.encode()
    return name


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_KEY_ID_LENGTH]


def _may_be_noted(text: str) -> bool:
    """No control character but newline, and no lone surrogate (which UTF-8 cannot carry)."""
    return not any((sign < " " and sign != "\n") or "\ud800" <= sign <= "\udfff" for sign in text)
