from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ledger import commitment, entry, note

ORIGIN = "vinhdanh.example/so-cai"
SEED = bytes(range(32))


@pytest.fixture(scope="session")
def signer() -> note.Signer:
    return note.Signer(ORIGIN, SEED)


@pytest.fixture(scope="session")
def make_entry() -> Callable[..., bytes]:
    def make(index: int, commitments: dict[str, str] | None = None) -> bytes:
        at = datetime(2024, 12, 20, 1, tzinfo=UTC) + timedelta(microseconds=index)
        made = {"award": commitment.commit("LDTT", bytes(16))} if commitments is None else commitments
        return entry.encode(index, at, "nomination:submitted", f"KT-2024-{index:05d}", made)

    return make
