"""A queue with the time that a message takes from sender to consumer and a consumer to read, as the sheet on timers
assumes it for SQS and Lambda: 30 ms and 90 ms on average beyond it; one in a hundred 0.2 to 1.2 s slower."""

from datetime import timedelta
from typing import Any

from chalicelib.ports.memory_queue import MemoryQueue

LEAST, MEAN = 0.03, 0.09
SLOW, SLOW_LEAST, SLOW_MOST = 0.01, 0.2, 1.2


class HoppingQueue(MemoryQueue):
    """See the module."""

    def _schedule(self, at: Any, entry: Any) -> None:
        rng = self._rng
        hop = LEAST + rng.expovariate(1 / MEAN)
        if rng.random() < SLOW:
            hop += rng.uniform(SLOW_LEAST, SLOW_MOST)
        # Whole milliseconds, as the clock has them.
        super()._schedule(at + timedelta(milliseconds=round(1000 * hop)), entry)
