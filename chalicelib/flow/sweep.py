"""Each minute: send the wakes of the next 14 minutes with their exact delay, and rescue what was missed before.

Works on the scheduled minute, never on the local time; each shard has its own checkpoint, so a crash repeats only what
was unfinished, and after a gap the union of the missed duties is walked once (timers.md rules 3 and 4). While a backlog
waits in the lanes nothing is rescued: those wakes are not lost, and a copy of each would only make the backlog longer.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.instants import EPOCH
from chalicelib.flow.advance import wake_message
from chalicelib.flow.log import fault, log
from chalicelib.ports.ports import SYSTEM, Ports
from chalicelib.ports.stores import Message, Wake

LEAD = 14
"""Minutes ahead: a sweep that stands still for so long makes nothing late."""
AGES = tuple(2**power for power in range(1, 17))
"""Minutes back at which a bucket is looked at again: 2, 4, 8 ... 65,536."""
LATE = timedelta(minutes=2)
"""What is overdue by more goes to the lane of its own, so that a backlog never delays what is still in time."""
BACKLOG = 10_000
"""Messages that may wait in the two lanes while the rescue goes on; a lane of a hundred a second is done with them in
under two minutes. No queue tells the age of its oldest message when asked, so their number stands for it."""
PUT_OFF = 360
"""Minutes for which the rescue waits at most, so that a lane nobody works off hides no lost wake for ever."""
KIND = "sweep"
WORKERS = 8
"""Shards swept at once: the time goes into waiting for answers."""
BATCH = 500
CHUNK = 60
PIECES = 12


class Sweep:
    """One run for one scheduled minute, over all shards. `backlog`: see `BACKLOG`."""

    def __init__(self, ports: Ports, backlog: int = BACKLOG) -> None:
        self._ports, self._backlog = ports, backlog

    def __call__(self, scheduled: datetime) -> int:
        """Sweep as of a scheduled instant; the number of wakes sent. Raises what the ports raise: the next run
        repeats what was not finished."""
        minute = (scheduled - EPOCH) // timedelta(minutes=1)
        behind = self._behind()
        ends = self._each(lambda shard: self._try(shard, minute, behind))
        for end in ends:
            if isinstance(end, Exception):
                raise end
        return sum(end for end in ends if isinstance(end, int))

    def _each(self, work: Callable[[int], int | Exception]) -> list[int | Exception]:
        shards = range(self._ports.shards)
        if len(shards) == 1:
            return [work(0)]
        with ThreadPoolExecutor(min(WORKERS, len(shards))) as pool:
            return list(pool.map(work, shards))

    def _try(self, shard: int, minute: int, behind: bool) -> int | Exception:
        """A shard that fails keeps no other from being swept."""
        try:
            return self._shard(shard, minute, behind)
        except Exception as error:
            log("sweep_failed", level="error", key=str(shard), reason=fault(error))
            return error

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

    def _shard(self, shard: int, minute: int, behind: bool) -> int:
        records, sort = self._ports.records(SYSTEM), f"{shard:05d}"
        record = records.get(KIND, sort)
        done, last = (int(record.data["done"]), int(record.data["last"])) if record else (minute - 1, minute - 1)
        behind = behind and minute - last <= PUT_OFF
        sent = 0
        for duty in duties(done, last, minute):
            if behind and duty.rescues:
                # Not noted as done: the next run that finds no backlog owes it.
                break
            for bucket in duty.buckets:
                sent += self._send(self._ports.wake_index.bucket(bucket, shard))
            done, last = max(done, duty.done), max(last, duty.last)
            records.put(KIND, sort, {"done": done, "last": last})
        return sent

    def _send(self, wakes: Iterable[Wake]) -> int:
        now = self._ports.clock.now()
        live: list[Message] = []
        late: list[Message] = []
        sent = 0
        for wake in wakes:
            lane = late if wake.wake_at < now - LATE else live
            lane.append(wake_message(wake.case_id, wake.wake_at, now))
            if len(lane) >= BATCH:
                sent += self._flush(live, late)
        return sent + self._flush(live, late)

    def _flush(self, live: list[Message], late: list[Message]) -> int:
        number = len(live) + len(late)
        if live:
            self._ports.wakes.send(live)
        if late:
            self._ports.late.send(late)
        live.clear()
        late.clear()
        return number


@dataclass(frozen=True, slots=True)
class Duty:
    """Buckets to read, and the checkpoint that holds once they have been sent.

    `done`: all buckets up to here were read ahead of their time. `last`: the aged buckets of all minutes up to here.
    """

    buckets: tuple[int, ...]
    done: int
    last: int

    @property
    def rescues(self) -> bool:
        """Whether these are aged buckets, all of which were read before."""
        return not self.done


def duties(done: int, last: int, minute: int) -> Iterator[Duty]:
    """What the run of `minute` owes after the checkpoint (`done`, `last`), in the order in which to pay it.

    First what is still in time; then the gap that a standstill left, in chunks, so that a run cut short goes on where
    it stopped; last the aged buckets of this minute and of each minute missed.
    """
    gap = range(done + 1, minute - AGES[0])
    now = tuple(range(max(done + 1, minute - AGES[0]), minute + LEAD + 1))
    read = {*gap, *now}
    if now:
        yield Duty(now, done if gap else minute + LEAD, last)
    for start in range(gap.start, gap.stop, CHUNK):
        chunk = range(start, min(start + CHUNK, gap.stop))
        yield Duty(tuple(chunk), minute + LEAD if chunk.stop == gap.stop else chunk.stop - 1, last)
    # A piece that fails is owed again whole: a short gap is walked minute by minute, a long one in larger pieces.
    piece = min(CHUNK, max(1, (minute - last) // PIECES))
    for start in range(last + 1, minute + 1, piece):
        missed = range(start, min(start + piece, minute + 1))
        # Each bucket once in a run, however many missed minutes owe it.
        aged = {bucket for one in missed for age in AGES if (bucket := one - age) >= 0} - read
        read |= aged
        yield Duty(tuple(sorted(aged)), 0, missed.stop - 1)
