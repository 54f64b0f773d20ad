"""A lawful "no": what happened, which provision stands behind it, what to do next."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict

# How Vietnamese law calls what a number like these belongs to; a document that already says what it is stays as written.
_CALLED = (
    (re.compile(r"\d+/\d{4}/QH\d+"), "Luật số"),
    (re.compile(r"\d+/\d{4}/NĐ-CP"), "Nghị định số"),
    (re.compile(r"\d+/\d{4}/TT-\w+"), "Thông tư số"),
)


class Citation(BaseModel):
    """One provision of one document, as written in Vietnamese law: Điều (article), khoản (clause), điểm (point)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str
    article: str | None = None
    clause: str | None = None
    point: str | None = None

    def __str__(self) -> str:
        parts = [
            f"điểm {self.point}" if self.point else "",
            f"khoản {self.clause}" if self.clause else "",
            f"Điều {self.article}" if self.article else "",
        ]
        called = next((name for number, name in _CALLED if number.fullmatch(self.document)), "")
        return " ".join(part for part in [*parts, called, self.document] if part)


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer, not an error; bugs are errors
    """The domain says no. `code` is stable and machine-readable; `message` is a Vietnamese sentence for a person.

    `reach` marks an attempt beyond somebody's rights: the door writes it to the security log.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        citation: Citation | None = None,
        reach: bool = False,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.citation = citation
        self.reach = reach
        self.details = details or {}

    def as_json(self) -> dict[str, Any]:
        citation = self.citation.model_dump() if self.citation else None
        # A detail never takes the place of what docs/contract.md promises.
        return {"refused": {**self.details, "code": self.code, "message": self.message, "citation": citation}}


class Unreadable(Exception):  # noqa: N818 -- the input, not the program, is at fault
    """Input that cannot be read at all (wrong file, impossible facts, unknown key): exit code 2, never a guess."""

    def __init__(self, code: str, message: str, *, where: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where or {}

    def as_json(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "where": self.where}}
