"""A queue in memory with the manners of Amazon SQS: delays, visibility, redelivery, dead letters, and on request
duplicates and disorder. Deterministic: what is random comes from the `Random` it is given.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from threading import RLock

from chalicelib.ports.keys import check_message
from chalicelib.ports.stores import Clock, Held, Message

MOST = 10
"""Messages that one receive brings at most."""
DUPLICATE_WITHIN = 20_000
"""Milliseconds within which a duplicate turns up."""


@dataclass(slots=True)
class _Entry:
    id: str
    body: str
    receives: int = 0
    receipt: str = ""
    deleted: bool = False


class MemoryQueue:
    """Both ends of a queue. `max_receives`: a message that came so often goes to `dead` instead of coming again.

    `duplicates`: the chance that a message comes twice. `shuffle`: what is there comes in any order.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        visibility: timedelta = timedelta(seconds=30),
        max_receives: int = 5,
        dead: "MemoryQueue | None" = None,
        rng: Random | None = None,
        duplicates: float = 0.0,
        shuffle: bool = False,
    ) -> None:
        self.duplicates, self.shuffle = duplicates, shuffle
        self._clock, self._visibility = clock, visibility
        self._max_receives, self._dead = max_receives, dead
        self._rng = rng or Random(0)
        self._later: list[tuple[datetime, int, _Entry]] = []
        self._ready: deque[_Entry] = deque()
        self._held: dict[str, _Entry] = {}
        self._count = 0
        self._lock = RLock()

    def send(self, messages: Iterable[Message]) -> None:
        taken = [check_message(message) for message in messages]
        with self._lock:
            now = self._clock.now()
            for message in taken:
                at = now + timedelta(seconds=message.delay)
                ident = f"m{self._count}"
                self._schedule(at, _Entry(ident, message.body))
                if self.duplicates and self._rng.random() < self.duplicates:
                    again = at + timedelta(milliseconds=self._rng.randrange(DUPLICATE_WITHIN))
                    self._schedule(again, _Entry(ident, message.body))

    def receive(self, most: int = MOST) -> Sequence[Held]:
        with self._lock:
            self._arrive()
            found: list[Held] = []
            while self._ready and len(found) < min(most, MOST):
                entry = self._next()
                self._held.pop(entry.receipt, None)
                if entry.deleted:
                    continue
                if self._dead is not None and entry.receives >= self._max_receives:
                    self._dead.send([Message(entry.body)])
                    continue
                entry.receives += 1
                entry.receipt = f"{entry.id}.{self._count}"
                self._held[entry.receipt] = entry
                self._schedule(self._clock.now() + self._visibility, entry)
                found.append(Held(entry.id, entry.body, entry.receipt, entry.receives))
            return found

    def delete(self, held: Held) -> None:
        """With the receipt of its newest receive; an older one does nothing, and the message comes again."""
        with self._lock:
            entry = self._held.pop(held.receipt, None)
            if entry is not None:
                entry.deleted = True

    def release(self, held: Held) -> None:
        with self._lock:
            entry = self._held.pop(held.receipt, None)
            if entry is not None:
                entry.deleted = True
                self._ready.append(_Entry(entry.id, entry.body, entry.receives))

    def waiting(self) -> int:
        with self._lock:
            self._arrive()
            return sum(not entry.deleted for entry in self._ready)

    def next_at(self) -> datetime | None:
        """The instant from which a receive can bring something; None for an empty queue."""
        with self._lock:
            if self.waiting():
                return self._clock.now()
            while self._later and self._later[0][2].deleted:
                heappop(self._later)
            return self._later[0][0] if self._later else None

    def __len__(self) -> int:
        """All messages: waiting, delayed and held."""
        with self._lock:
            return self.waiting() + sum(not entry.deleted for _, _, entry in self._later)

    def _schedule(self, at: datetime, entry: _Entry) -> None:
        self._count += 1
        heappush(self._later, (at, self._count, entry))

    def _arrive(self) -> None:
        now = self._clock.now()
        while self._later and self._later[0][0] <= now:
            self._ready.append(heappop(self._later)[2])

    def _next(self) -> _Entry:
        if self.shuffle:
            chosen = self._rng.randrange(len(self._ready))
            self._ready[0], self._ready[chosen] = self._ready[chosen], self._ready[0]
        return self._ready.popleft()
