"""The ports in memory, for tests and simulations: the contracts of `stores.py`, as strict as the cloud holds them, and
deterministic. Cases and records lie in their stored form, so nothing is shared with the caller by accident; a case,
which nobody can change, is read from it once.

Several handles of different accounts share one table, as they do in the cloud.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock

from chalicelib.core.case import Case, CaseId, new_case
from chalicelib.core.instants import cut
from chalicelib.ports.forms import decode, encode
from chalicelib.ports.keys import (
    check_account,
    check_case,
    check_segment,
    minute_of,
    read_wake,
    shard_of,
    wake_of,
    wake_sort,
)
from chalicelib.ports.memory_queue import MemoryQueue
from chalicelib.ports.memory_stores import (
    MemoryBlobs,
    MemoryBus,
    MemoryConnections,
    MemoryRecords,
    MemoryVault,
    RecordTable,
)
from chalicelib.ports.stores import Clock, Conflict, Wake

__all__ = [
    "CaseTable",
    "Change",
    "ManualClock",
    "MemoryBlobs",
    "MemoryBus",
    "MemoryCases",
    "MemoryConnections",
    "MemoryQueue",
    "MemoryRecords",
    "MemoryVault",
    "MemoryWakeIndex",
    "RecordTable",
]


class ManualClock:
    """A clock that stands still until it is moved."""

    __slots__ = ("_now",)

    def __init__(self, now: datetime) -> None:
        self._now = cut(now)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        return self.set(self._now + by)

    def set(self, now: datetime) -> datetime:
        self._now = cut(now)
        return self._now


@dataclass(frozen=True, slots=True)
class Image:
    """A case as it is stored."""

    case_id: CaseId
    body: bytes
    version: int
    wake: Wake | None
    _read: list[Case] = field(init=False, default_factory=list, repr=False, compare=False)

    @property
    def case(self) -> Case:
        if not self._read:
            at, law = (self.wake.wake_at, self.wake.law_at) if self.wake else (None, None)
            self._read.append(decode(self.body, self.case_id, self.version, at, law))
        return self._read[0]


@dataclass(frozen=True, slots=True)
class Change:
    """One write in the table's stream: the case before (None: it was new) and after."""

    before: Image | None
    after: Image

    @property
    def old(self) -> Case | None:
        return self.before.case if self.before else None

    @property
    def new(self) -> Case:
        return self.after.case


class CaseTable:
    """The cases of all accounts, their wake index, and the stream of their changes in the order of the writes.

    `lag`: how much later than a write the index shows it; it needs a clock. Both may be set while running.
    """

    def __init__(self, shards: int = 1, clock: Clock | None = None, lag: timedelta = timedelta()) -> None:
        self.shards = shards
        self.lag = lag
        self._clock = clock
        self._items: dict[str, Image] = {}
        self._stream: deque[Change] = deque()
        self._late: deque[tuple[datetime, str, Wake | None]] = deque()
        self._indexed: dict[str, Wake] = {}
        self._buckets: dict[tuple[int, int], dict[str, None]] = {}
        self._lock = RLock()

    def read(self, key: str) -> Image | None:
        return self._items.get(key)

    def write(self, image: Image) -> None:
        """Store on condition that the stored version is the one before. Raises Conflict."""
        key = str(image.case_id)
        with self._lock:
            before = self._items.get(key)
            if (before.version if before else 0) != image.version - 1:
                raise Conflict(key)
            self._items[key] = image
            self._stream.append(Change(before, image))
            if self._clock is not None and self.lag:
                self._late.append((self._clock.now() + self.lag, key, image.wake))
            else:
                self._catch_up(everything=True)
                self._index(key, image.wake)

    def keys(self) -> Sequence[str]:
        """Every stored case, for audits."""
        with self._lock:
            return sorted(self._items)

    def pending(self, most: int = 100) -> Sequence[Change]:
        """The oldest changes that nobody has marked as done; asking does not take them away."""
        with self._lock:
            return [self._stream[number] for number in range(min(most, len(self._stream)))]

    def done(self, count: int) -> None:
        """The `count` oldest changes are dealt with."""
        with self._lock:
            for _ in range(count):
                self._stream.popleft()

    def bucket(self, minute: int, shard: int) -> Sequence[Wake]:
        with self._lock:
            self._catch_up(everything=False)
            return [read_wake(sort) for sort in sorted(self._buckets.get((minute, shard), ()))]

    def _catch_up(self, everything: bool) -> None:
        # Strictly in the order of the writes, as the index of a real table is kept up.
        while self._late and (everything or self._clock is None or self._late[0][0] <= self._clock.now()):
            _, key, wake = self._late.popleft()
            self._index(key, wake)

    def _index(self, key: str, wake: Wake | None) -> None:
        was = self._indexed.get(key)
        if was == wake:
            return
        shard = shard_of(key, self.shards)
        if was is not None:
            del self._indexed[key]
            place = (minute_of(was.wake_at), shard)
            del self._buckets[place][wake_sort(was)]
            if not self._buckets[place]:
                del self._buckets[place]
        if wake is not None:
            self._indexed[key] = wake
            self._buckets.setdefault((minute_of(wake.wake_at), shard), {})[wake_sort(wake)] = None


class MemoryCases:
    """The cases of one account."""

    __slots__ = ("_account", "_table")

    def __init__(self, account: str, table: CaseTable | None = None) -> None:
        self._account = check_account(account)
        self._table = table or CaseTable()

    def get(self, case_id: CaseId) -> Case:
        image = self._table.read(check_case(self._account, case_id))
        return image.case if image else new_case(case_id)

    def get_many(self, case_ids: Sequence[CaseId]) -> Mapping[CaseId, Case]:
        return {case_id: self.get(case_id) for case_id in case_ids}

    def put(self, case: Case) -> Case:
        check_case(self._account, case.id)
        written = replace(case, version=case.version + 1)
        self._table.write(Image(case.id, encode(case), written.version, wake_of(case)))
        return written

    def scan(self, segment: int, total: int, after: CaseId | None = None) -> Iterator[Case]:
        check_segment(segment, total)
        behind = check_case(self._account, after) if after else ""
        keys = self._table.keys()
        for key in keys:
            if key.startswith(f"{self._account}:") and key > behind and shard_of(key, total) == segment:
                image = self._table.read(key)
                if image is not None:
                    yield image.case


class MemoryWakeIndex:
    """The wake index of a table."""

    __slots__ = ("_table",)

    def __init__(self, table: CaseTable) -> None:
        self._table = table

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        return iter(self._table.bucket(minute, shard))
