"""So many acts in a while from one place, counted in this process: against floods, not a village."""

import threading
import time
from collections import OrderedDict, deque

from rules.refusal import Refusal

_PLACES = 10_000


class Flood:
    """`most` acts in `seconds` from one place (`rate_limit.place`); `said` is what the next one is told."""

    def __init__(self, most: int, seconds: float, said: str) -> None:
        self.most, self.seconds, self.said = most, seconds, said
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str) -> None:
        """Count one. Raises Refusal `too_many_attempts`."""
        now = time.monotonic()
        with self._lock:
            seen = self._seen.setdefault(who, deque())
            self._seen.move_to_end(who)
            if len(self._seen) > _PLACES:
                self._seen.popitem(last=False)
            while seen and now - seen[0] > self.seconds:
                seen.popleft()
            if len(seen) >= self.most:
                raise Refusal("too_many_attempts", self.said)
            seen.append(now)

    def clear(self) -> None:
        with self._lock:
            self._seen.clear()
