"""Rules taken away, one at a time, at a port or in a consumer: what the simulation must find when they are missing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import cast

from chalicelib.core.case import EMPTY, Case, CaseId, Ledger
from chalicelib.core.instants import EPOCH
from chalicelib.flow.advance import Advance
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shops import Shops
from chalicelib.ports.keys import minute_of
from chalicelib.ports.memory import CaseTable, Image, ManualClock, MemoryWakeIndex
from chalicelib.ports.ports import GivenPorts, Ports
from chalicelib.ports.stores import Cases, Wake
from tests.sim.parts import Parts, WatchedCases


class Unconditional(CaseTable):
    """The write condition off: whoever writes last wins."""

    def write(self, image: Image) -> None:
        stored = self.read(str(image.case_id))
        super().write(replace(image, version=(stored.version if stored else 0) + 1))


class Forgetful(Advance):
    """The resend rule off: only what this very run has written is followed by its messages."""

    def __init__(self, ports: Ports, shops: Shops, rulebook: Rulebook) -> None:
        self._wrote: tuple[CaseId, int] | None = None
        noting = cast(Callable[[str], Cases], partial(_Noting, ports, self))
        super().__init__(replace(cast(GivenPorts, ports), cases=noting), shops, rulebook)

    def wrote(self, case: Case) -> None:
        self._wrote = (case.id, case.version)

    def send(self, case: Case, before: Ledger = EMPTY) -> None:
        if self._wrote == (case.id, case.version):
            super().send(case, before)


class _Noting:
    """Cases, telling of each write."""

    def __init__(self, ports: Ports, told: Forgetful, account: str) -> None:
        self._cases, self._told = ports.cases(account), told
        self.get, self.get_many = self._cases.get, self._cases.get_many

    def put(self, case: Case) -> Case:
        written = self._cases.put(case)
        self._told.wrote(written)
        return written


class Onward(MemoryWakeIndex):
    """The rescue off: no bucket of a minute that is past is ever read again."""

    def __init__(self, table: CaseTable, clock: ManualClock) -> None:
        super().__init__(table)
        self._clock = clock

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        return iter(()) if minute < minute_of(self._clock.now()) else super().bucket(minute, shard)


class Unleased(WatchedCases):
    """The lease off: an action that somebody is sending looks as if he had died long ago."""

    __slots__ = ()

    def get(self, case_id: CaseId) -> Case:
        case = super().get(case_id)
        actions = {
            key: replace(action, lease=EPOCH) if action.lease else action for key, action in case.ledger.actions.items()
        }
        return replace(case, ledger=replace(case.ledger, actions=actions))


def no_condition() -> Parts:
    return Parts(table=Unconditional)


def no_resend() -> Parts:
    return Parts(advance=Forgetful)


def no_rescue() -> Parts:
    return Parts(index=Onward)


def no_lease() -> Parts:
    return Parts(cases=Unleased)
