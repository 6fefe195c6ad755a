"""The machine's clock: with `memory.ManualClock` the only place that knows what time it is."""

from datetime import UTC, datetime

from chalicelib.core.instants import cut


class SystemClock:
    """The present instant, cut to the millisecond."""

    __slots__ = ()

    def now(self) -> datetime:
        return cut(datetime.now(UTC))
