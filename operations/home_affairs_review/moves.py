"""The moves of nominations, single or in bulk, without signing: one table for addresses, commands, pages and tests.

Each move is done to one nomination or to many, and each nomination has its own result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session

from operations.access import Actor
from operations.home_affairs_review import declining, review
from operations.transition import Result
from operations.unit_proposal import proposal
from rules.lifecycle import Action
from rules.policy import Permission
from rules.refusal import Citation


@dataclass(frozen=True, slots=True)
class Move:
    """One act: its word in addresses and commands, the operation behind it, and what it asks of whoever does it."""

    action: Action
    word: str
    verb: Callable[..., list[Result]]
    summary: str
    reason: Literal["required", "optional", "late", "none"] = "none"  # late: asked after the deadline, and optional
    ground: bool = False
    cites: bool = False  # a provision may be named beside the reason
    document: bool = False  # a paper of the nominee may be named beside the reason

    @property
    def act(self) -> Permission:
        """The policy's name of it."""
        return Permission(self.action.value)

    def do(
        self,
        session: Session,
        codes: Sequence[str],
        *,
        actor: Actor,
        now: datetime,
        versions: dict[str, int] | None = None,
        reason: str | None = None,
        ground: str | None = None,
        citation: Citation | None = None,
        document: str | None = None,
    ) -> list[Result]:
        """Do it to these nominations, each with its own result. What it does not ask for is left out."""
        asked: dict[str, Any] = {}
        if self.reason != "none":
            asked["reason"] = reason
        if self.ground:
            asked["ground"] = ground
        if self.cites:
            asked["citation"] = citation
        if self.document:
            asked["document"] = document
        return self.verb(session, codes, actor=actor, now=now, versions=versions, **asked)


MOVES: dict[Action, Move] = {
    move.action: move
    for move in (
        Move(Action.SUBMIT, "submit", proposal.submit, "Hand in a draft, or a mended nomination again", reason="late"),
        Move(Action.WITHDRAW, "withdraw", proposal.withdraw, "A unit takes its nomination back", reason="required"),
        Move(
            Action.DECLINE,
            "decline",
            declining.decline,
            "Record that the nominee does not want the award, at any stage",
            reason="required",
            document=True,
        ),
        Move(Action.PASS, "pass", review.pass_review, "Pass a nomination that meets the standards", reason="optional"),
        Move(
            Action.RETURN,
            "return",
            review.return_for_supplement,
            "Give a nomination back to be mended",
            reason="required",
            cites=True,
        ),
        Move(
            Action.FIND_INELIGIBLE,
            "ineligible",
            review.find_ineligible,
            "Conclude that a nomination is ineligible",
            reason="required",
            cites=True,
        ),
        Move(
            Action.PAUSE,
            "pause",
            review.pause,
            "Stop a nomination's clock while a case is open",
            reason="required",
            ground=True,
        ),
        Move(Action.RESUME, "resume", review.resume, "Take a paused nomination up again", reason="required"),
    )
}
