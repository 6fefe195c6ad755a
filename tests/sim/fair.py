"""A queue that is fair between groups, as SQS is for standard queues with message groups: whoever waits is served in
turn by group, so a flood of one group delays that group alone. Round robin stands for the service's own measure."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from chalicelib.ports.memory_queue import MemoryQueue
from chalicelib.ports.stores import Message


class FairQueue(MemoryQueue):
    """See the module."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._groups: dict[str, str] = {}
        self._served: Counter[str] = Counter()

    def send(self, messages: Iterable[Message]) -> None:
        taken = list(messages)
        self._groups |= {message.body: message.group for message in taken}
        super().send(taken)

    def _next(self) -> Any:
        first: dict[str, int] = {}
        for place, entry in enumerate(self._ready):
            first.setdefault(self._groups.get(entry.body, ""), place)
        group = min(first, key=lambda one: self._served[one])
        self._served[group] += 1
        self._ready.rotate(-first[group])
        entry = self._ready.popleft()
        self._ready.rotate(first[group])
        return entry
