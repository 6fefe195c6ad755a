"""Wakes that are sent together, in the order of their turn, and the checkpoints that hold once they are gone.

Bounded: a lot that is full goes out at once. So a backlog of any size is sorted in pieces, never held whole."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from threading import RLock

from chalicelib.flow.checkpoint import Checkpoint, Order
from chalicelib.ports.stores import Wake

MOST = 50_000
"""Wakes of one lot: some 40 MB; at four thousand a second they are gone in a quarter of a run's time."""


class Lot:
    """Filled by many threads. `send` takes the wakes in order, `save` each shard's checkpoint behind them."""

    def __init__(
        self,
        send: Callable[[Sequence[Wake]], None],
        save: Callable[[Mapping[int, Checkpoint]], None],
        most: int = MOST,
    ) -> None:
        self._send, self._save, self._most = send, save, most
        self._wakes: list[tuple[Order, Wake]] = []
        self._checkpoints: dict[int, Checkpoint] = {}
        self._lock = RLock()
        self.sent = 0

    def add(self, wakes: Iterable[tuple[Order, Wake]]) -> None:
        for one in wakes:
            with self._lock:
                self._wakes.append(one)
                if len(self._wakes) >= self._most:
                    self.flush()

    def note(self, shard: int, checkpoint: Checkpoint) -> None:
        """All that the shard's checkpoint promises has been added."""
        with self._lock:
            self._checkpoints[shard] = checkpoint

    def flush(self) -> None:
        """Send what is here. Where that fails, it stays, and no checkpoint moves."""
        with self._lock:
            self._send([wake for _, wake in sorted(self._wakes, key=itemgetter(0))])
            self.sent += len(self._wakes)
            self._wakes.clear()
            self._save(self._checkpoints)
            self._checkpoints.clear()
