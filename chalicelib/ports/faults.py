"""Faults on request around any port: a call may be refused, fail, take effect and yet time out, or be the last thing
that its process does. A plan decides, so a run with the same plan is the same run.

The fault that finds the most errors is `TIMED_OUT`: the call took effect, and its caller does not know.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from random import Random
from typing import Any, TypeAlias, TypeVar, cast

from chalicelib.ports.stores import Conflict, QueueFailed

P = TypeVar("P")


class Unreachable(Exception):
    """The call never got there."""


class TimedOut(Exception):
    """No answer came; whether the call took effect is unknown."""


class Crash(BaseException):
    """The process dies here. Not an Exception, so no code under test can survive it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call: `error` makes what is raised, `after` the call took effect or instead of it."""

    error: Callable[[], BaseException]
    after: bool = False


FAILED = Fault(Unreachable)
TIMED_OUT = Fault(TimedOut, after=True)
CRASH_BEFORE = Fault(Crash)
CRASH_AFTER = Fault(Crash, after=True)
CONFLICT = Fault(Conflict)
NOT_TAKEN = Fault(QueueFailed)

Plan: TypeAlias = Callable[[str, str, int], Fault | None]
"""(name of the port, method, which call of that method: 1, 2, ...) -> what happens to it."""


def faulty(port: P, name: str, plan: Plan) -> P:
    """The port, with every call put before the plan."""
    return cast(P, _Faulty(port, name, plan))


class _Faulty:
    """Stands in for a port of any type. An iterator counts as called when it is asked for, not when it is read."""

    def __init__(self, port: object, name: str, plan: Plan) -> None:
        self._port, self._name, self._plan = port, name, plan
        self._calls: Counter[str] = Counter()

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._port, method)
        if not callable(target):
            return target

        @wraps(target)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls[method] += 1
            fault = self._plan(self._name, method, self._calls[method])
            if fault is None:
                return target(*args, **kwargs)
            if fault.after:
                target(*args, **kwargs)
            raise fault.error()

        return call


def at(name: str, method: str, which: int, fault: Fault) -> Plan:
    """One fault, at the `which`-th call of one method of one port."""

    def plan(port: str, called: str, number: int) -> Fault | None:
        return fault if (port, called, number) == (name, method, which) else None

    return plan


class AtCall:
    """A plan with one fault at the `which`-th call over all ports, 1 and up: a test walks through every place at which
    a run can break, until `calls` stays below `which`."""

    def __init__(self, which: int, fault: Fault) -> None:
        self.calls = 0
        self._which, self._fault = which, fault

    def __call__(self, port: str, method: str, number: int) -> Fault | None:
        self.calls += 1
        return self._fault if self.calls == self._which else None


def chances(rng: Random, weights: Mapping[Fault, float]) -> Plan:
    """Each fault with its own chance at every call, from one seed."""

    def plan(port: str, method: str, number: int) -> Fault | None:
        drawn = rng.random()
        for fault, chance in weights.items():
            drawn -= chance
            if drawn < 0:
                return fault
        return None

    return plan
