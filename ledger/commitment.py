"""Salted commitments: a field of an entry can be shown, or forgotten by deleting its salt, while proofs still hold."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from ledger import canonical

SALT_LENGTH = 16  # bytes; 128 bits make guessing a short value (a name, a date) from its commitment hopeless
_SALT_TEXT_LENGTH = 22
_COMMITMENT_TEXT_LENGTH = 43


def commit(value: canonical.Json, salt: bytes) -> str:
    """Unpadded base64url of SHA-256(salt ‖ 0x00 ‖ RFC 8785 JSON of value). ValueError for a salt not of 16 bytes."""
    if len(salt) != SALT_LENGTH:
        raise ValueError(f"a salt has {SALT_LENGTH} bytes, not {len(salt)}")
    digest = sha256(salt + b"\x00" + canonical.dumps(value)).digest()
    return urlsafe_b64encode(digest)[:_COMMITMENT_TEXT_LENGTH].decode()


def commit_fields(fields: Mapping[str, canonical.Json]) -> tuple[dict[str, str], dict[str, list[canonical.Json]]]:
    """Commit to each field under a fresh salt: ({field: commitment}, {field: [salt as base64url, value]}).

    The second part is what opens the first; whoever deletes it has erased the values.
    """
    # One system call for all salts: the call, not the bytes, is what costs.
    salts = os.urandom(SALT_LENGTH * len(fields))
    commitments: dict[str, str] = {}
    openings: dict[str, list[canonical.Json]] = {}
    start = 0
    for field, value in fields.items():
        salt = salts[start : start + SALT_LENGTH]
        start += SALT_LENGTH
        commitments[field] = commit(value, salt)
        openings[field] = [salt_to_text(salt), value]
    return commitments, openings


def opens(commitment: str, salt: bytes, value: canonical.Json) -> bool:
    """Whether `value` under `salt` is what `commitment` was made of. A value without canonical form opens nothing."""
    try:
        return commit(value, salt) == commitment
    except ValueError:
        return False


def salt_to_text(salt: bytes) -> str:
    """Unpadded base64url, as openings carry it."""
    return urlsafe_b64encode(salt)[:_SALT_TEXT_LENGTH].decode()


def salt_from_text(text: str) -> bytes:
    """The 16 bytes written by `salt_to_text`. ValueError for any other spelling."""
    salt = urlsafe_b64decode(text + "==")
    if len(salt) != SALT_LENGTH or salt_to_text(salt) != text:
        raise ValueError("not a salt: 16 bytes as unpadded base64url")
    return salt
