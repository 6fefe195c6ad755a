"""Each minute: send the wakes of the next 14 minutes with their exact delay, then what a standstill left, then what was
missed before.

Works on the scheduled minute, never on the local time; each shard has its own checkpoint, so a crash repeats only what
was unfinished, and after a gap the union of the missed duties is walked once (timers.md rules 3 and 4). Over all shards
what is in time goes first, then the legal deadlines that were missed, the oldest first, then the rest by its wake.
While a backlog waits in the lanes nothing is rescued: those wakes are not lost, and a copy of each would only make the
backlog longer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from chalicelib.core.instants import EPOCH
from chalicelib.flow.advance import wake_message
from chalicelib.flow.checkpoint import CHUNK, LEAD, PUT_OFF, Checkpoint, order_of
from chalicelib.flow.log import fault, log
from chalicelib.flow.lot import Lot
from chalicelib.ports.ports import SYSTEM, Ports
from chalicelib.ports.stores import Lane, Message, Wake

LATE = timedelta(minutes=2)
"""What is overdue by more goes to the lane of its own, so that a backlog never delays what is still in time."""
BACKLOG = 10_000
"""Messages that may wait in the two lanes while the rescue goes on; a lane of a hundred a second is done with them in
under two minutes. No queue tells the age of its oldest message when asked, so their number stands for it."""
READS = 24_000
"""Buckets of a gap that are read at most before what they held is sent in order and noted: six hours of 64 shards, a
third of the time that a run has."""
KIND = "sweep"
WORKERS = 8
"""Shards swept at once: the time goes into waiting for answers."""
BATCH = 500

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class _Run:
    """One minute's run. `read`: the buckets that each shard has read in it, or will before the rescue."""

    minute: int
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    read: dict[int, tuple[range, ...]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    def trying(self, work: Callable[[int], int]) -> Callable[[int], int]:
        """A shard that fails keeps no other from being swept; it has no further part in this run."""

        def tried(shard: int) -> int:
            try:
                return work(shard)
            except Exception as error:
                log("sweep_failed", level="error", key=str(shard), reason=fault(error))
                self.errors.append(error)
                self.checkpoints.pop(shard, None)
                return 0

        return tried


class Sweep:
    """One run for one scheduled minute, over all shards. `backlog`: see `BACKLOG`."""

    def __init__(self, ports: Ports, backlog: int = BACKLOG) -> None:
        self._ports, self._backlog = ports, backlog

    def __call__(self, scheduled: datetime) -> int:
        """Sweep as of a scheduled instant; the number of wakes sent. Raises what the ports raise: the next run
        repeats what was not finished."""
        run, lot = _Run((scheduled - EPOCH) // timedelta(minutes=1)), Lot(self._post, self._note)
        behind = self._behind()
        sent = sum(self._each(run.trying(partial(self._ahead, run)), range(self._ports.shards)))
        for law in (True, False):
            self._gap(run, lot, law)
        self._rescue(run, lot, behind)
        for error in run.errors:
            raise error
        return sent + lot.sent

    def _each(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        if len(items) <= 1 or self._ports.shards == 1:
            return [work(one) for one in items]
        with ThreadPoolExecutor(min(WORKERS, len(items))) as pool:
            return list(pool.map(work, items))

    def _behind(self) -> bool:
        """Whether a backlog waits. Where nobody can tell, none does: a copy too many costs one read."""
        try:
            waiting = self._ports.wakes.waiting() + self._ports.late.waiting()
        except Exception as error:
            log("waiting_unknown", level="warning", reason=fault(error))
            return False
        if waiting > self._backlog:
            log("rescue_put_off", level="warning", count=waiting)
        return waiting > self._backlog

    def _ahead(self, run: _Run, shard: int) -> int:
        """What is in time."""
        record = self._ports.records(SYSTEM).get(KIND, _sort(shard))
        before = Checkpoint.read(record.data if record else None, run.minute)
        buckets, after = before.in_time(run.minute), before.ahead(run.minute)
        sent = sum(self._stream(self._ports.wake_index.bucket(bucket, shard)) for bucket in buckets)
        if after != before:
            self._save((shard, after))
        run.checkpoints[shard] = after
        run.read[shard] = (buckets, range(after.gap.rest, after.gap.until)) if after.gap else (buckets,)
        return sent

    def _stream(self, wakes: Iterable[Wake]) -> int:
        """Send a bucket as it is read: in time, its order is that of its delays."""
        held: list[Wake] = []
        sent = 0
        for wake in wakes:
            held.append(wake)
            if len(held) == BATCH:
                self._post(held)
                sent += len(held)
                held.clear()
        self._post(held)
        return sent + len(held)

    def _gap(self, run: _Run, lot: Lot, law: bool) -> None:
        """What a standstill left for the law, or for the rest, the oldest buckets of all shards first."""
        reads = 0
        while owed := {shard: one.gap for shard, one in run.checkpoints.items() if one.gap and one.gap.left(law)}:
            end = min(gap.left(law).start for gap in owed.values()) + CHUNK
            here = {shard: buckets for shard, gap in owed.items() if (buckets := gap.left(law, end))}
            self._each(run.trying(partial(self._walk, run, lot, law, end)), list(here))
            reads += sum(map(len, here.values()))
            if reads >= READS:
                lot.flush()
                reads = 0
        lot.flush()

    def _walk(self, run: _Run, lot: Lot, law: bool, end: int, shard: int) -> int:
        checkpoint = run.checkpoints[shard]
        gap = checkpoint.gap
        assert gap is not None, "only a shard with a gap is asked"
        buckets = gap.left(law, end)
        for bucket in buckets:
            found = ((order_of(wake, gap.until), wake) for wake in self._ports.wake_index.bucket(bucket, shard))
            lot.add(one for one in found if one[0][0] is not law)
        self._noted(run, lot, shard, replace(checkpoint, gap=gap.read(law, buckets.stop)))
        return 0

    def _rescue(self, run: _Run, lot: Lot, behind: bool) -> None:
        """The aged buckets. While a backlog waits they stay owed, to the next run that finds none."""
        owed = {
            shard: list(one.aged(run.minute, run.read[shard]))
            for shard, one in run.checkpoints.items()
            if not behind or run.minute - one.last > PUT_OFF
        }
        for number in range(max(map(len, owed.values()), default=0)):
            shards = [shard for shard, pieces in owed.items() if shard in run.checkpoints and number < len(pieces)]

            def again(shard: int, number: int = number) -> int:
                buckets, last = owed[shard][number]
                for bucket in buckets:
                    found = self._ports.wake_index.bucket(bucket, shard)
                    lot.add((order_of(wake, run.minute), wake) for wake in found)
                self._noted(run, lot, shard, replace(run.checkpoints[shard], last=last))
                return 0

            self._each(run.trying(again), shards)
            lot.flush()

    def _noted(self, run: _Run, lot: Lot, shard: int, checkpoint: Checkpoint) -> None:
        run.checkpoints[shard] = checkpoint
        lot.note(shard, checkpoint)

    def _note(self, checkpoints: Mapping[int, Checkpoint]) -> None:
        self._each(self._save, list(checkpoints.items()))

    def _save(self, noted: tuple[int, Checkpoint]) -> None:
        shard, checkpoint = noted
        self._ports.records(SYSTEM).put(KIND, _sort(shard), checkpoint.written())

    def _post(self, wakes: Sequence[Wake]) -> None:
        """Send in order: as far as a lane takes several batches at once, and as queues keep order at all."""
        now = self._ports.clock.now()
        live: list[Message] = []
        late: list[Message] = []
        for wake in wakes:
            lane = live if _in_time(wake, now) else late
            lane.append(wake_message(wake.case_id, wake.wake_at, now))
        batches = [*_batches(self._ports.wakes, live), *_batches(self._ports.late, late)]
        self._each(lambda one: one[0].send(one[1]), batches)


def _in_time(wake: Wake, now: datetime) -> bool:
    """Whether a moment more would make it late: the wake itself, or, where it was a reminder that is overdue, the legal
    deadline that comes behind it."""
    if wake.wake_at >= now - LATE:
        return True
    return wake.law_at is not None and now - LATE <= wake.law_at < now + timedelta(minutes=LEAD)


def _batches(lane: Lane, messages: Sequence[Message]) -> Iterable[tuple[Lane, Sequence[Message]]]:
    return ((lane, messages[start : start + BATCH]) for start in range(0, len(messages), BATCH))


def _sort(shard: int) -> str:
    return f"{shard:05d}"
