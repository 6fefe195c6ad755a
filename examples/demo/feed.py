"""What happened, as the live view and the plain log show it: webhooks sent, calls received, escalations received.

Threads of the storefront put entries in; one reader takes them out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any


@dataclass(frozen=True, slots=True)
class Sent:
    """A webhook that a shop sent. `status`: what it was answered; 0: nobody answered. `fine`: as it should be."""

    at: datetime
    shop: str
    scene: str
    subject: str
    what: str
    how: str
    status: int
    fine: bool


@dataclass(frozen=True, slots=True)
class Called:
    """A call of Redress that a shop received. `changed`: whether it changed something there."""

    at: datetime
    shop: str
    what: str
    subject: str
    answer: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An escalation that the subscriber received; `refusal`: why its signature does not hold, or nothing."""

    at: datetime
    event: Mapping[str, Any]
    refusal: str


Entry = Sent | Called | Told


class Feed:
    """A queue of entries."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Entry] = SimpleQueue()

    def put(self, entry: Entry) -> None:
        self._queue.put(entry)

    def drain(self) -> Iterator[Entry]:
        """What came since it was last asked."""
        while True:
            try:
                yield self._queue.get_nowait()
            except Empty:
                return
