"""Compiled rules: immutable data that `evaluate` runs. What people write is read into these by `chalicelib.rules`.

Each part of the language is one small dataclass of a union, so that a new ability is a new class and one branch.
Durations are in seconds; a day in a limit is a calendar day of the clock's zone (DESIGN section 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from chalicelib.core.conditions import Condition
from chalicelib.core.schedule import Kind
from chalicelib.core.words import FactWord

Pick: TypeAlias = Literal["first", "last", "each"]
FirstDay: TypeAlias = Literal["excluded", "included"]
Basis: TypeAlias = Literal["law", "platform", "policy"]

ROUND = "."
"""Stands between a step's id and the number of its second and later rounds."""


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


@dataclass(frozen=True, slots=True)
class AllOf:
    """The instant at which a mark has occurred as often as a number fact says, each occurrence counted once."""

    mark: str
    count: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class LaterOf:
    """The latest of several moments, once all of them have come."""

    moments: tuple["Moment", ...]
    offset: int = 0


@dataclass(frozen=True, slots=True)
class EarlierOf:
    """The earliest of several moments."""

    moments: tuple["Moment", ...]
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """The due instant of another rule's clock on the same case that passed without an act: silence as an answer."""

    rule: str
    offset: int = 0


Moment: TypeAlias = Point | Reaches | AllOf | LaterOf | EarlierOf | Silence


@dataclass(frozen=True, slots=True)
class Pause:
    """Time between `begin` and `end`, paired by `of`, does not count; an open pause holds the clock.

    `floor`: after its end, at least so much time is left.
    """

    begin: str
    end: str
    floor: "Limit | None" = None


@dataclass(frozen=True, slots=True)
class Roll:
    """A last day that is no working day moves; `over`: the kinds of day that do (calendar words), empty for all."""

    direction: Literal["forward", "backward"] = "forward"
    over: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Span:
    """A limit of so many seconds of real time; `next_full`: from the next full hour of the zone on."""

    seconds: int
    first_hour: Literal["now", "next_full"] = "now"


@dataclass(frozen=True, slots=True)
class WorkingSpan:
    """A limit of so many seconds in which the calendar is open."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Days:
    """A limit of calendar days: due at 24:00 of the last one in the clock's zone.

    `least_working`: the period holds at least so many working days, or is longer.
    """

    days: int
    first_day: FirstDay = "excluded"
    roll: Roll | None = None
    least_working: int = 0


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A limit of working days of the calendar: due at 24:00 of the last one."""

    days: int
    first_day: FirstDay = "excluded"


@dataclass(frozen=True, slots=True)
class Months:
    """A limit of calendar months (a year is twelve): due at 24:00 of the day with the same number, or the last."""

    months: int
    first_day: FirstDay = "excluded"
    roll: Roll | None = None


@dataclass(frozen=True, slots=True)
class OnDate:
    """A fixed date of each year: due at 24:00 of the next one that is not before the day of the start."""

    month: int
    day: int
    roll: Roll | None = None


@dataclass(frozen=True, slots=True)
class Until:
    """A limit that somebody else set: the instant in a fact, or the end of the day that it names."""

    fact: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A limit counted back from an instant or day in a fact: so many clear days, or so much time, ahead of it."""

    fact: str
    limit: "Span | WorkingSpan | Days | WorkingDays | Months"


@dataclass(frozen=True, slots=True)
class After:
    """A limit counted from an instant or day in a fact, in place of the start."""

    fact: str
    limit: "Limit"


@dataclass(frozen=True, slots=True)
class Least:
    """The limit among several that ends first."""

    limits: tuple["Limit", ...]


@dataclass(frozen=True, slots=True)
class Most:
    """The limit among several that ends last."""

    limits: tuple["Limit", ...]


Given: TypeAlias = Until | Ahead | After
"""Limits whose end a fact decides: no pause moves them."""
Limit: TypeAlias = Span | WorkingSpan | Days | WorkingDays | Months | OnDate | Given | Least | Most


@dataclass(frozen=True, slots=True)
class Extension:
    """An act in time makes the limit longer: `to`, counted from the same start, holds instead."""

    on: Point
    to: Limit


@dataclass(frozen=True, slots=True)
class ByPlace:
    """The calendar that the first of these facts with a known code names, else `otherwise`."""

    facts: tuple[str, ...]
    otherwise: str = "UTC"


@dataclass(frozen=True, slots=True)
class FromStart:
    """A step so many seconds of counted time after the start."""

    seconds: int


@dataclass(frozen=True, slots=True)
class FromDue:
    """A step so many seconds after (or, below zero, before) the due instant."""

    seconds: int


@dataclass(frozen=True, slots=True)
class OnCalendar:
    """A step so many working days, seconds of open time, or months after the start, or after (below zero, before) the
    due. Days and months keep the time of day; counted on from a midnight they end with a day, as limits do."""

    anchor: Literal["start", "due"]
    unit: Literal["working_days", "working_seconds", "months"]
    count: int


@dataclass(frozen=True, slots=True)
class FromStep:
    """A step so many seconds after an earlier step of the same rule."""

    step: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Share:
    """A step when this many per cent of the counted time have passed."""

    percent: int


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """A step with a limit of its own from the same start."""

    limit: Limit


At: TypeAlias = FromStart | FromDue | OnCalendar | FromStep | Share | OwnLimit


@dataclass(frozen=True, slots=True)
class Do:
    """One action of a step with its parameters."""

    action: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Actions set at an offset of the clock; `late_ok` (seconds) overrides the action's own.

    `when`: the step is taken only where this holds at its instant. `every` (seconds) and `times`: it is taken again.
    """

    id: str
    at: At
    do: tuple[Do, ...]
    late_ok: int | None = None
    when: Condition | None = None
    every: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """One duty: which cases, which clock, which steps, on which article.

    `restart`: an act in time begins the clock anew. `extend`: an act in time makes the limit longer. `cap`: the due is
    never later than this, whatever paused or extended it. `again`: a new clock each so many months or days after the
    last, until it is void. `valid_from`, `valid_to`: the first and last day on which a start makes a clock.
    """

    id: str
    applies_to: str
    start: Moment
    stop: tuple[Moment, ...]
    limit: Limit
    void: tuple[Moment, ...] = ()
    pause: tuple[Pause, ...] = ()
    steps: tuple[Step, ...] = ()
    calendar: str | ByPlace = "UTC"
    title: Mapping[str, str] = field(default_factory=dict)
    basis: Basis = "policy"
    cite: str = ""
    obliged: str = "seller"
    when: Condition | None = None
    restart: tuple[Point, ...] = ()
    extend: tuple[Extension, ...] = ()
    cap: Limit | None = None
    again: Days | Months | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def each(self) -> bool:
        """Whether it runs one clock for each occurrence of its start."""
        return isinstance(self.start, Point) and self.start.pick == "each"

    def step(self, step_id: str) -> Step | None:
        """The step of an id, with or without the number of its round (`half.2`)."""
        for step in self.steps:
            if step.id == step_id:
                return step
        base, _, number = step_id.rpartition(ROUND)
        return next((step for step in self.steps if step.id == base), None) if number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Policy:
    """A versioned set of rules. `number` grows with each version of the same name; `digest` is of its content."""

    name: str
    number: int
    digest: str
    rules: tuple[Rule, ...]
    marks: frozenset[str] = frozenset()
    facts: Mapping[str, FactWord] = field(default_factory=dict)
    retroactive: bool = field(default=False, compare=False)
    """Its file asks for it to judge clocks anew that started before. How a version comes into force is no content."""

    @property
    def version(self) -> str:
        """As it stands beside keys and in events: `name@number`."""
        return f"{self.name}@{self.number}"

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)
