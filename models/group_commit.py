"""Acts that wait for the same turn, done in one transaction.

The ledger lets one transaction write at a time. When a thousand acts come within seconds, each would wait for the disk
behind all before it: whoever gets the turn takes along all that wait, and each still has its own answer.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlmodel import Session

MOST = 200  # in one transaction, so that a reader on SQLite does not wait long for the commit

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


@dataclass(eq=False)
class _Waiting(Generic[Wish, Answer]):
    wish: Wish
    answer: "Future[Answer]" = field(default_factory=Future)


class GroupCommit(Generic[Wish, Answer]):
    """The wishes of one kind at one database. `do` answers each of them in order, with an exception for one it refuses.

    A refused wish must have written nothing; what `do` itself raises is everybody's answer, and nothing is stored.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Session]],
        do: Callable[[Session, Sequence[Wish]], Sequence[Answer | Exception]],
    ) -> None:
        self._begin = begin
        self._do = do
        self._waiting: deque[_Waiting[Wish, Answer]] = deque()
        self._turn = threading.Lock()

    def join(self, wish: Wish) -> Answer:
        """Have one wish done, with whichever others wait. Raises what was its answer."""
        mine = _Waiting[Wish, Answer](wish)
        self._waiting.append(mine)
        while not mine.answer.done():
            with self._turn:
                if not mine.answer.done():
                    self._together([self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))])
        return mine.answer.result()

    def _together(self, waiting: "Sequence[_Waiting[Wish, Answer]]") -> None:
        try:
            with self._begin() as session:
                answers = list(self._do(session, [one.wish for one in waiting]))
            found = list(zip(waiting, answers, strict=True))
        except BaseException as error:
            for one in waiting:  # nothing is stored, and each requester must hear of it
                one.answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for one, answer in found:
            if isinstance(answer, Exception):
                one.answer.set_exception(answer)
            else:
                one.answer.set_result(answer)
