"""Answers about the ledger and the letters."""

from typing import Annotated

from pydantic import Field

from web.api.schemas.shared import Answer


class Ledger(Answer):
    """`checkpoint` is the newest signed note (C2SP tlog-checkpoint); null before the first."""

    size: int
    origin: str
    vkey: str
    checkpoint: str | None


class Proof(Answer):
    number: str
    proof: Annotated[str, Field(description="C2SP tlog-proof@v1, to be checked offline.")]


class Letters(Answer):
    queued: int
    accepted: int
    failed: int
    waiting: int
