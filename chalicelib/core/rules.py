"""Compiled rules: immutable data that `evaluate` runs. What people write is read into these by `chalicelib.rules`.

Each part of the language is one small dataclass of a union, so that a new ability is a new class and one branch.
Durations are in seconds; a day in a limit is a calendar day of the clock's zone (DESIGN section 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from chalicelib.core.conditions import Condition
from chalicelib.core.words import FactWord

Pick: TypeAlias = Literal["first", "last", "each"]
Basis: TypeAlias = Literal["law", "platform", "policy"]


@dataclass(frozen=True, slots=True)
class Point:
    """The first, last or each occurrence of a mark, moved by `offset` seconds."""

    mark: str
    pick: Pick = "first"
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Reaches:
    """The instant at which the values of a mark, added up in order of time, reach a money fact."""

    mark: str
    fact: str


Stop: TypeAlias = Point | Reaches


@dataclass(frozen=True, slots=True)
class Pause:
    """Time between `begin` and `end`, paired by `of`, does not count; an open pause holds the clock."""

    begin: str
    end: str


@dataclass(frozen=True, slots=True)
class Span:
    """A limit of so many seconds of counted time."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Days:
    """A limit of calendar days: due at 24:00 of the last one in the clock's zone."""

    days: int
    first_day: Literal["excluded", "included"] = "excluded"


@dataclass(frozen=True, slots=True)
class Until:
    """A limit that somebody else set: the instant in a fact, or the end of the day that it names."""

    fact: str


Limit: TypeAlias = Span | Days | Until


@dataclass(frozen=True, slots=True)
class FromStart:
    """A step so many seconds of counted time after the start."""

    seconds: int


@dataclass(frozen=True, slots=True)
class FromDue:
    """A step so many seconds after (or, below zero, before) the due instant."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Share:
    """A step when this many per cent of the counted time have passed."""

    percent: int


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """A step with a limit of its own from the same start."""

    limit: Span | Days


At: TypeAlias = FromStart | FromDue | Share | OwnLimit


@dataclass(frozen=True, slots=True)
class Do:
    """One action of a step with its parameters."""

    action: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Actions set at an offset of the clock; `late_ok` (seconds) overrides the action's own."""

    id: str
    at: At
    do: tuple[Do, ...]
    late_ok: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One duty: which cases, which clock, which steps, on which article."""

    id: str
    applies_to: str
    start: Point
    stop: tuple[Stop, ...]
    limit: Limit
    void: tuple[Point, ...] = ()
    pause: tuple[Pause, ...] = ()
    steps: tuple[Step, ...] = ()
    calendar: str = "UTC"
    title: Mapping[str, str] = field(default_factory=dict)
    basis: Basis = "policy"
    cite: str = ""
    obliged: str = "seller"
    when: Condition | None = None

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)


@dataclass(frozen=True, slots=True)
class Policy:
    """A versioned set of rules. `number` grows with each version of the same name; `digest` is of its content."""

    name: str
    number: int
    digest: str
    rules: tuple[Rule, ...]
    marks: frozenset[str] = frozenset()
    facts: Mapping[str, FactWord] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """As it stands beside keys and in events: `name@number`."""
        return f"{self.name}@{self.number}"

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass(frozen=True, slots=True)
class Activation:
    """One version coming into force. `at` None: it always was.

    A retroactive version acts as late evidence: from `at` on, it also judges clocks that started before.
    """

    policy: Policy
    at: datetime | None = None
    retroactive: bool = False


@dataclass(frozen=True, slots=True)
class InForce:
    """A version and the start instants that it judges: `since` <= start < `until`; None is open."""

    policy: Policy
    since: datetime | None
    until: datetime | None

    def covers(self, start: datetime) -> bool:
        return (self.since is None or self.since <= start) and (self.until is None or start < self.until)


class Policies:
    """The versions of all policies that were ever in force on a connection, newest last within each name."""

    __slots__ = ("_activations", "_cache")

    def __init__(self, activations: tuple[Activation, ...]) -> None:
        self._activations = activations
        self._cache: dict[int, tuple[tuple[InForce, ...], ...]] = {}

    @classmethod
    def always(cls, *policies: Policy) -> "Policies":
        """Each policy in force for ever, as backtest and tests want it."""
        return cls(tuple(Activation(policy) for policy in policies))

    @property
    def activations(self) -> tuple[Activation, ...]:
        return self._activations

    def by_version(self, version: str) -> Policy | None:
        """The policy with this `name@number`, in force or not."""
        return next((one.policy for one in self._activations if one.policy.version == version), None)

    def windows(self, now: datetime) -> tuple[tuple[InForce, ...], ...]:
        """For each policy name the versions as seen at `now`, oldest first, with the starts each one judges."""
        known = tuple(one for one in self._activations if one.at is None or one.at <= now)
        cached = self._cache.get(len(known))
        if cached is None:
            cached = self._cache[len(known)] = self._build(known)
        return cached

    def next_change(self, now: datetime) -> datetime | None:
        """The next activation after `now`: a retroactive version may move clocks that already run."""
        later = [one.at for one in self._activations if one.at is not None and one.at > now]
        return min(later, default=None)

    @staticmethod
    def _build(known: tuple[Activation, ...]) -> tuple[tuple[InForce, ...], ...]:
        by_name: dict[str, list[Activation]] = {}
        for one in sorted(known, key=lambda one: (one.at is not None, one.at or datetime.min)):
            by_name.setdefault(one.policy.name, []).append(one)
        result = []
        for versions in by_name.values():
            windows: list[InForce] = []
            for one in versions:
                if one.retroactive:
                    windows = [InForce(one.policy, None, None)]
                    continue
                if windows:
                    last = windows.pop()
                    windows.append(InForce(last.policy, last.since, one.at))
                windows.append(InForce(one.policy, one.at, None))
            result.append(tuple(windows))
        return tuple(result)
