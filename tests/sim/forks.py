"""Every fault at every place of a run, without playing the run anew each time: at each place the process forks, and the
child goes on with the fault. What a child shows comes back through a pipe; at most two are at work at once."""

import gc
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tests.sim.sites import Site

T = TypeVar("T")
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Struck:
    """One fault: its kind, and the call at which it came about."""

    kind: str
    number: int
    place: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.place}"


@dataclass
class Forks(Generic[T]):
    """A plan that takes every branch. `branches` gives the kinds of fault to try at a place; `found` what each showed.

    The trunk goes on undisturbed. With `depth` 2 a child branches again at the places that come after its own fault.
    """

    branches: Callable[[Site, int], Sequence[str]]
    depth: int = 1
    found: list[tuple[tuple[Struck, ...], T]] = field(default_factory=list)
    taken: tuple[Struck, ...] = ()
    since: int = 0
    _running: list[tuple[int, int, tuple[Struck, ...]]] = field(default_factory=list)
    _report: int = -1

    def plan(self, site: Site) -> str:
        self.since += 1
        if len(self.taken) >= self.depth:
            return ""
        for kind in self.branches(site, self.since):
            if self._fork(site, kind):
                return kind
        return ""

    def _fork(self, site: Site, kind: str) -> bool:
        """True in the child."""
        while len(self._running) >= (AT_ONCE if not self.taken else 1):
            self._collect()
        read, write = os.pipe()
        gc.freeze()  # else the first collection in the child copies every page
        taken = (*self.taken, Struck(kind, site.number, str(site)))
        child = os.fork()
        if child:
            os.close(write)
            self._running.append((child, read, taken))
            return False
        os.close(read)
        self.taken, self.since, self._running, self.found, self._report = taken, 0, [], [], write
        return True

    def _collect(self) -> None:
        child, read, taken = self._running.pop(0)
        with os.fdopen(read, "rb") as pipe:
            data = pipe.read()
        os.waitpid(child, 0)
        if not data:
            raise AssertionError(f"a branch died: {' and '.join(map(str, taken))}")
        self.found += pickle.loads(data)

    def finish(self, shown: T) -> Iterator[tuple[tuple[Struck, ...], T]]:
        """To be called at the end of the run, in trunk and children alike; only the trunk comes back from it."""
        while self._running:
            self._collect()
        if self._report >= 0:
            with os.fdopen(self._report, "wb") as pipe:
                pipe.write(pickle.dumps([(self.taken, shown), *self.found]))
            os._exit(0)
        yield from self.found
