"""The functions of the deployment as a simulation starts them, each a fresh process, and what a run may replace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.case import Case
from chalicelib.flow.act import Actor
from chalicelib.flow.advance import Advance
from chalicelib.flow.apply import Apply
from chalicelib.flow.audit import Audit
from chalicelib.flow.hook import Hook
from chalicelib.flow.nightly import Nightly
from chalicelib.flow.project import Project
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.flow.silence import Watch
from chalicelib.flow.sweep import Sweep
from chalicelib.flow.tell import Teller
from chalicelib.flow.wake import Wake
from chalicelib.ports.memory import CaseTable, ManualClock, MemoryBus, MemoryCases, MemoryQueue, MemoryWakeIndex
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict
from chalicelib.sellers.nights import Nights

if TYPE_CHECKING:
    from tests.sim.engine import Sim

VISIBILITY = {"inbox": 30, "wakes": 30, "late": 30, "actions": 360}
LIMIT = {
    "hook": 5, "inbox": 5, "wakes": 5, "late": 5, "actions": 60, "sweep": 50, "project": 30,
    "silence": 50, "audit": 840, "sellers": 840, "ops": 29,
}  # fmt: skip
"""Seconds that a function may run, and seconds after which a message comes again: as the template has them. The watch
over silence is part of the sweep's function; here it runs for itself."""
BEAT = "https://beat.example/redress"


class WatchedCases(MemoryCases):
    """Tells who watches of each write that took effect."""

    __slots__ = ("_sim",)

    def __init__(self, account: str, sim: "Sim") -> None:
        super().__init__(account, sim.table)
        self._sim = sim

    def put(self, case: Case) -> Case:
        try:
            written = super().put(case)
        except Conflict:
            self._sim.counts["lost races"] += 1
            raise
        for watch in self._sim.watchers:
            watch(written, self._sim.clock.now())
        return written


@dataclass
class Parts:
    """What a run may replace: a negative control takes a rule away here, at a port or in a consumer."""

    advance: Callable[[Ports, Shops, Rulebook], Advance] = Advance
    table: Callable[..., CaseTable] = CaseTable
    cases: Callable[[str, "Sim"], object] = WatchedCases
    index: Callable[[CaseTable, ManualClock], object] = lambda table, clock: MemoryWakeIndex(table)
    bus: Callable[[], MemoryBus] = MemoryBus
    queue: Callable[..., MemoryQueue] = MemoryQueue
    sweep: Callable[[Ports], Sweep] = Sweep


def build(function: str, ports: Ports, parts: Parts) -> Any:
    """A fresh process: nothing of an earlier one's memory. For `ops`, what its calls work with: the ports."""
    if function == "ops":
        return ports
    if function == "sweep":
        return parts.sweep(ports)
    if function == "sellers":
        return Nights(ports, ["main"])
    shops, rulebook, teller = Shops(ports), Rulebook(ports), Teller(ports)
    if function == "hook":
        return Hook(ports, shops)
    if function == "silence":
        return Watch(ports, shops, teller)
    if function == "project":
        return Project(ports, shops, rulebook, teller)
    if function == "audit":
        return Nightly(ports, Audit(ports, shops, rulebook, Project(ports, shops, rulebook, teller)), ["main"], BEAT)
    advance = parts.advance(ports, shops, rulebook)
    if function == "inbox":
        return Apply(ports, shops, rulebook, advance, teller)
    if function == "actions":
        return Actor(ports, shops, rulebook, advance)
    return Wake(ports, advance)
