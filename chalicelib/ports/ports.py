"""All ports of the shell in one value: `bootstrap` makes each when it is first used, tests give them from memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chalicelib.ports.http import Http
from chalicelib.ports.stores import Blobs, Bus, Cases, Clock, Connections, Lane, Queue, Records, Vault, WakeIndex

SYSTEM = "system"
"""The account of what belongs to the deployment itself, such as the sweep's checkpoints."""


class Ports(Protocol):
    """`cases` and `records` give the handle of one account. A function that is not given a port fails when it asks."""

    @property
    def clock(self) -> Clock: ...
    @property
    def cases(self) -> Callable[[str], Cases]: ...
    @property
    def records(self) -> Callable[[str], Records]: ...
    @property
    def wake_index(self) -> WakeIndex: ...
    @property
    def connections(self) -> Connections: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def inbox(self) -> Queue: ...
    @property
    def wakes(self) -> Lane: ...
    @property
    def late(self) -> Lane: ...
    @property
    def actions(self) -> Queue: ...
    @property
    def http(self) -> Http: ...
    @property
    def shards(self) -> int: ...


@dataclass(frozen=True, slots=True)
class GivenPorts:
    """Ports that are all there from the start."""

    clock: Clock
    cases: Callable[[str], Cases]
    records: Callable[[str], Records]
    wake_index: WakeIndex
    connections: Connections
    vault: Vault
    blobs: Blobs
    bus: Bus
    inbox: Queue
    wakes: Lane
    late: Lane
    actions: Queue
    http: Http
    shards: int = 1
