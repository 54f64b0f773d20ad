"""Submits that wait for the same turn are done in one transaction.

At a deadline a thousand come within seconds, and the ledger lets one transaction write at a time: each would wait for
the disk behind all before it. Whoever gets the turn takes along all that wait; each still has its own answer.
"""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from models.database import Session
from operations import access
from operations.installation import Installation
from operations.unit_proposal import proposal
from rules.refusal import Refusal
from web.api.caller import Call
from web.api.schemas.shared import single

MOST = 200  # so that a page's reader on SQLite does not wait long for the commit


@dataclass(eq=False)
class _Wish:
    call: Call
    code: str
    version: int | None
    done: Future[dict[str, Any]] = field(default_factory=Future)

    def alone(self, session: Session) -> dict[str, Any]:
        return self.call.change(session, self._submit, said=f"{self.version}")

    def _submit(self, session: Session, actor: access.Actor) -> dict[str, Any]:
        versions = None if self.version is None else {self.code: self.version}
        return single(proposal.submit(session, [self.code], actor=actor, now=self.call.now, versions=versions))


_waiting: deque[_Wish] = deque()
_turn = threading.Lock()


def submit(call: Call, code: str, version: int | None) -> dict[str, Any]:
    """Submit one nomination, with whichever others wait. Raises what a submit alone would raise."""
    mine = _Wish(call, code, version)
    _waiting.append(mine)
    while not mine.done.done():
        with _turn:
            if not mine.done.done():
                _do([_waiting.popleft() for _ in range(min(len(_waiting), MOST))], call.office)
    return mine.done.result()


def _do(wishes: list[_Wish], office: Installation) -> None:
    try:
        with office.database.begin() as session:
            answers = _bulk(session, wishes)
            for wish in wishes:
                if wish not in answers:
                    try:
                        answers[wish] = wish.alone(session)
                    except Refusal as refusal:  # a refused submit has written nothing
                        answers[wish] = refusal
    except Exception as error:  # noqa: BLE001 -- nothing is stored then, and each requester must hear of it
        for wish in wishes:
            wish.done.set_exception(error)
        return
    for wish, answer in answers.items():
        if isinstance(answer, Refusal):
            wish.done.set_exception(answer)
        else:
            wish.done.set_result(answer)


def _bulk(session: Session, wishes: list[_Wish]) -> dict[_Wish, dict[str, Any] | Refusal]:
    """Everything that one person submits, in one act; those with an Idempotency-Key, and the same code twice, are left."""
    of_person: dict[str, dict[str, _Wish]] = {}
    for wish in wishes:
        if wish.call.key is None:
            of_person.setdefault(wish.call.actor.username, {}).setdefault(wish.code, wish)
    answers: dict[_Wish, dict[str, Any] | Refusal] = {}
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
