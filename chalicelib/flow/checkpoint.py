"""How far the sweep is with a shard, and which buckets it owes there: pure arithmetic over minutes since 1970.

A bucket is read ahead of its time. What a standstill left unread is a gap: it is walked twice, for what the law waits
for and then for the rest (`Wake.law_at`), so that no reminder is worked before a legal deadline, however long the gap.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core.instants import EPOCH
from chalicelib.ports.stores import Wake

LEAD = 14
"""Minutes ahead: a sweep that stands still for so long makes nothing late."""
AGES = tuple(2**power for power in range(1, 17))
"""Minutes back at which a bucket is looked at again: 2, 4, 8 ... 65,536."""
PUT_OFF = 360
"""Minutes for which a backlog may last: so long the rescue waits for it at most, so that a lane nobody works off hides
no lost wake for ever; and a legal deadline that passes in it is the law's like those that have passed."""
CHUNK = 60
PIECES = 12
MINUTE = timedelta(minutes=1)

Order = tuple[bool, datetime]
"""The law's before the rest (false before true), the oldest first."""


def order_of(wake: Wake, until: int) -> Order:
    """The wake's turn in a backlog that began before the minute `until`."""
    if wake.law_at is not None and wake.law_at < EPOCH + (until + PUT_OFF) * MINUTE:
        return False, wake.law_at
    return True, wake.wake_at


class Gap(NamedTuple):
    """Buckets below `until`. `law`, `rest`: the next one to read for what the law waits for, and for the rest.

    Who belongs where is a matter of the gap alone, never of when it is walked; so nobody is left out between the two.
    """

    law: int
    rest: int
    until: int

    def left(self, law: bool, most: int | None = None) -> range:
        """What is to be read of it, below `most`."""
        return range(self.law if law else self.rest, self.until if most is None else min(most, self.until))

    def read(self, law: bool, up_to: int) -> "Gap | None":
        """The gap when all below `up_to` has been sent; None when nothing is left of it."""
        if law:
            return self._replace(law=up_to)
        return self._replace(rest=up_to) if up_to < self.until else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`done`: all buckets up to here were read ahead of their time, or belong to `gap`. `last`: the aged buckets of all
    minutes up to here were read again."""

    done: int
    last: int
    gap: Gap | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any] | None, minute: int) -> "Checkpoint":
        """From what was stored; of a shard that was never swept, as if it had been a minute ago."""
        if data is None:
            return cls(minute - 1, minute - 1)
        gap = data.get("gap")
        return cls(int(data["done"]), int(data["last"]), Gap(*map(int, gap)) if gap else None)

    def written(self) -> Mapping[str, Any]:
        return {"done": self.done, "last": self.last} | ({"gap": list(self.gap)} if self.gap else {})

    def in_time(self, minute: int) -> range:
        """The buckets that the run of `minute` sends first."""
        return range(max(self.done + 1, minute - AGES[0]), minute + LEAD + 1)

    def ahead(self, minute: int) -> "Checkpoint":
        """When those are sent: what lies before them is a gap, and one that is not yet over grows by it."""
        missed = range(self.done + 1, minute - AGES[0])
        gap = self.gap
        if missed:
            start = gap.rest if gap else missed.start
            gap = Gap(start, start, missed.stop)
        return replace(self, done=max(self.done, minute + LEAD), gap=gap)

    def aged(self, minute: int, read: Collection[Collection[int]]) -> Iterator[tuple[tuple[int, ...], int]]:
        """The aged buckets that the run of `minute` owes, but for those it has `read`, in pieces, each with the `last`
        that holds once they are sent.

        A piece that fails is owed again whole: a short gap is walked minute by minute, a long one in larger pieces.
        """
        piece = min(CHUNK, max(1, (minute - self.last) // PIECES))
        taken: set[int] = set()
        for start in range(self.last + 1, minute + 1, piece):
            missed = range(start, min(start + piece, minute + 1))
            # Each bucket once in a run, however many missed minutes owe it.
            found = {one - age for one in missed for age in AGES} - taken
            taken |= found
            due = (one for one in found if one >= 0 and not any(one in seen for seen in read))
            yield tuple(sorted(due)), missed.stop - 1
