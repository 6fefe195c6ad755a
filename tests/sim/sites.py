"""The places at which a simulated run can break: every call of a port, and what may happen to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from chalicelib.ports.faults import Crash, Fault, TimedOut, Unreachable
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.stores import Conflict, QueueFailed

QUEUES = ("inbox", "wakes", "late", "actions")
WRITES = frozenset(["put", "send", "add", "delete"])

Plan: TypeAlias = Callable[["Site"], str]
"""What happens to a call: empty for nothing, or one of `KINDS`."""
KINDS = ("refused", "failed", "timed out", "crash before", "crash after")
_REFUSED: Mapping[tuple[str, str], Callable[[], BaseException]] = {
    ("cases", "put"): Conflict, ("records", "put"): Conflict, ("http", "send"): lambda: Unsent("refused"),
    **{(queue, "send"): QueueFailed for queue in QUEUES}, ("bus", "put"): QueueFailed,
}  # fmt: skip


@dataclass(slots=True)
class Site:
    """One call of a port: who makes it, what it asks, the how-manieth it is in this run.

    `first`: the first call of its function's run. `given`: how many things it gave, where it gives them one by one."""

    function: str
    port: str
    method: str
    number: int
    first: bool = False
    given: int | None = None

    @property
    def writes(self) -> bool:
        return self.method in WRITES

    def __str__(self) -> str:
        return f"{self.function}: {self.port}.{self.method} (call {self.number})"


def fault(kind: str, site: Site) -> Fault:
    """The fault of a kind as this port shows it."""
    http = site.port == "http"
    if kind == "refused":
        return Fault(_REFUSED.get((site.port, site.method), Unreachable))
    if kind == "failed":
        return Fault((lambda: Uncertain("lost on its way")) if http else Unreachable)
    if kind == "timed out":
        return Fault((lambda: Uncertain("no answer")) if http else TimedOut, after=True)
    return Fault(Crash, after=kind == "crash after")


def never(site: Site) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Odds:
    """Chances. `crash`, `unacked`: a run of a function; `fault`: one call, split over refused, failed and timed out.

    `sweep_lost`, `sweep_dies`: one run of the sweep. `stall`: a call during which time passes and others
    work; `race`: the same before a write of a case, for a moment.
    `lag`: a minute in which the index lags by up to `lag_most` seconds.
    """

    crash: float = 0.0
    unacked: float = 0.0
    fault: float = 0.0
    stall: float = 0.0
    race: float = 0.0
    sweep_lost: float = 0.0
    sweep_dies: float = 0.0
    duplicates: float = 0.0
    lag: float = 0.0
    lag_most: float = 400.0


QUIET = Odds()
HEAVY = Odds(0.02, 0.01, 0.01, 0.01, 0.1, 0.02, 0.05, 0.005, 0.05)
"""The heavy mix of the sheet on timers, with its 1 % of lost sends at every call of every port instead."""


class Run(Protocol):
    """The simulation, as its ports see it."""

    def touch(self, port: str, method: str) -> Site | None: ...

    def judge(self, site: Site) -> str: ...


class Tap:
    """Stands before a port: each call of a method is put before the simulation. One that gives things one by one, page
    by page in the cloud, may also fail half-way: that is how it times out."""

    __slots__ = ("_name", "_port", "_sim")

    def __init__(self, port: object, name: str, sim: Run) -> None:
        self._port, self._name, self._sim = port, name, sim

    def __getattr__(self, method: str) -> Any:
        target, sim, name = getattr(self._port, method), self._sim, self._name

        def call(*args: Any, **kwargs: Any) -> Any:
            site = sim.touch(name, method)
            if site is None:
                return target(*args, **kwargs)
            kind = sim.judge(site)
            if not kind:
                result = target(*args, **kwargs)
                if isinstance(result, Iterator):
                    found = list(result)
                    site.given = len(found)
                    return iter(found)
                return result
            made = fault(kind, site)
            if made.after:
                result = target(*args, **kwargs)
                if isinstance(result, Iterator) and kind == "timed out":
                    return _half(list(result), made)
            raise made.error()

        return call


def _half(found: list[Any], made: Fault) -> Iterator[Any]:
    yield from found[: len(found) // 2]
    raise made.error()
