"""Submits by programs: at a deadline a thousand come within seconds, and those that wait are done in one act.

Each still has its own answer and its own refusal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.database import Session
from operations import access
from operations.unit_proposal import proposal
from rules.refusal import Refusal
from web.api.caller import Call
from web.api.schemas.shared import single

Answers = dict["_Submit", "dict[str, Any] | Refusal"]


@dataclass(frozen=True, eq=False)
class _Submit:
    call: Call
    code: str
    version: int | None
    reason: str | None

    def alone(self, session: Session) -> dict[str, Any] | Refusal:
        try:
            return self.call.change(session, self._do, said=f"{self.version} {self.reason or ''}")
        except Refusal as refusal:  # a refused submit has written nothing
            return refusal

    def _do(self, session: Session, actor: access.Actor) -> dict[str, Any]:
        versions = None if self.version is None else {self.code: self.version}
        return single(
            proposal.submit(session, [self.code], actor=actor, now=self.call.now, versions=versions, reason=self.reason)
        )


def submit(call: Call, code: str, version: int | None, reason: str | None = None) -> dict[str, Any]:
    """Submit one nomination, with whichever others wait. Raises what a submit alone would raise."""
    return call.office.database.together(_Submit(call, code, version, reason), _each)


def _each(session: Session, wishes: Sequence[_Submit]) -> Sequence[dict[str, Any] | Exception]:
    answers = _by_person(session, wishes)
    return [answers[wish] if wish in answers else wish.alone(session) for wish in wishes]


def _by_person(session: Session, wishes: Sequence[_Submit]) -> Answers:
    """Everything that one person submits, in one act; those with an Idempotency-Key or a reason, and the same code twice, are left."""
    of_person: dict[str, dict[str, _Submit]] = {}
    for wish in wishes:
        if wish.call.key is None and wish.reason is None:
            of_person.setdefault(wish.call.actor.username, {}).setdefault(wish.code, wish)
    answers: Answers = {}
    for username, asked in of_person.items():
        now = next(iter(asked.values())).call.now
        versions = {code: wish.version for code, wish in asked.items() if wish.version is not None}
        try:
            actor = access.actor(session, username, now=now)
            results = proposal.submit(session, list(asked), actor=actor, now=now, versions=versions)
        except Refusal as refusal:  # of the person: before anything was written
            answers |= dict.fromkeys(asked.values(), refusal)
            continue
        for one in results:
            answers[asked[one.code]] = one.refusal or {"code": one.code, "state": one.state}
    return answers
