"""The shapes of limits: how long a duty may take, or by when somebody else says that it must be done."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from chalicelib.rules import grammar
from chalicelib.rules.fields import Choice, InstantFact, Shape, Whole, keyed, one_or_many, tagged, text, wanted

FirstDay: TypeAlias = Annotated[Literal["excluded", "included"], Choice]
RestDay: TypeAlias = Annotated[Literal["weekend", "holiday", "closed"], Choice]


class Rolls(Shape):
    """A last day that is no working day may move; `roll_set`: only over these kinds of day."""

    roll: Annotated[Literal["next_working_day", "previous_working_day", "none"], Choice] = "none"
    roll_set: Annotated[list[RestDay], Field(default_factory=list, max_length=3), BeforeValidator(one_or_many)]

    @model_validator(mode="after")
    def _rolls(self) -> "Rolls":
        if self.roll_set and self.roll == "none":
            raise wanted("`roll` beside `roll_set`")
        return self


class Seconds(Shape):
    """A limit of seconds of real time."""

    seconds: Annotated[Whole, Field(ge=1, le=grammar.MAX_SECONDS)]


class Minutes(Shape):
    """A limit of minutes of real time."""

    minutes: Annotated[Whole, Field(ge=1, le=grammar.MAX_SECONDS // 60)]


class Hours(Shape):
    """A limit of hours of real time; `first_hour: next_full` begins with the next full hour."""

    hours: Annotated[Whole, Field(ge=1, le=grammar.MAX_SECONDS // 3600)]
    first_hour: Annotated[Literal["now", "next_full"], Choice] = "now"


class WorkingHours(Shape):
    """A limit of hours in which the calendar is open."""

    working_hours: Annotated[Whole, Field(ge=1, le=100_000)]


class Days(Rolls):
    """A limit of calendar days; due at 24:00 of the last one in the clock's zone."""

    days: Annotated[Whole, Field(ge=1, le=36_600)]
    first_day: FirstDay = "excluded"
    at_least_working_days: Annotated[Whole, Field(ge=0, le=1000)] = 0


class WorkingDays(Shape):
    """A limit of working days of the calendar; due at 24:00 of the last one."""

    working_days: Annotated[Whole, Field(ge=1, le=5000)]
    first_day: FirstDay = "excluded"


class Months(Rolls):
    """A limit of calendar months; due at 24:00 of the day of the same number, or the month's last."""

    months: Annotated[Whole, Field(ge=1, le=1200)]
    first_day: FirstDay = "excluded"


class Years(Rolls):
    """A limit of calendar years."""

    years: Annotated[Whole, Field(ge=1, le=100)]
    first_day: FirstDay = "excluded"


def _date_of_year(value: object) -> str:
    found = text(value)
    try:
        if len(found) == 5:
            # A leap year has them all.
            return date.fromisoformat(f"2024-{found}").isoformat()[5:]
    except ValueError:
        pass
    raise wanted("a date of each year such as 12-31")


class OnDate(Rolls):
    """A fixed date of each year: the next one that is not before the day of the start."""

    date: Annotated[
        str, BeforeValidator(_date_of_year), WithJsonSchema({"type": "string", "pattern": "^[01][0-9]-[0-3][0-9]$"})
    ]


_LESS = ("seconds", "minutes", "hours", "working_hours", "days", "working_days", "months", "years")


class Until(Shape):
    """A limit that somebody else set: the instant in a fact, or the end of the day that it names."""

    until: InstantFact


class Ahead(Shape):
    """A limit counted back: so much time, or so many clear days, ahead of an instant or day in a fact."""

    ahead_of: InstantFact
    seconds: Annotated[Whole, Field(ge=1)] | None = None
    minutes: Annotated[Whole, Field(ge=1)] | None = None
    hours: Annotated[Whole, Field(ge=1)] | None = None
    working_hours: Annotated[Whole, Field(ge=1)] | None = None
    days: Annotated[Whole, Field(ge=1, le=36_600)] | None = None
    working_days: Annotated[Whole, Field(ge=1, le=5000)] | None = None
    months: Annotated[Whole, Field(ge=1, le=1200)] | None = None
    years: Annotated[Whole, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Ahead":
        if len(self.length) != 1:
            raise wanted(f"one of {', '.join(_LESS)} beside `ahead_of`")
        return self

    @property
    def length(self) -> dict[str, int]:
        """The one key that says how long, and its number."""
        told = {key: getattr(self, key) for key in _LESS}
        return {key: value for key, value in told.items() if isinstance(value, int)}


class After(Shape):
    """A limit counted from an instant or day in a fact, in place of the start."""

    after: InstantFact
    limit: "Limit"


class Least(Shape):
    """The limit among several that ends first."""

    min: Annotated[list["Limit"], Field(min_length=2, max_length=8)]


class Most(Shape):
    """The limit among several that ends last."""

    max: Annotated[list["Limit"], Field(min_length=2, max_length=8)]


_LIMIT = ("ahead_of", "after", *_LESS, "date", "until", "min", "max")
_WANTED = "a limit such as {hours: 48} or {until: ship_by}"
_AnyLimit: TypeAlias = (
    Annotated[Seconds, Tag("<seconds>")]
    | Annotated[Minutes, Tag("<minutes>")]
    | Annotated[Hours, Tag("<hours>")]
    | Annotated[WorkingHours, Tag("<working_hours>")]
    | Annotated[Days, Tag("<days>")]
    | Annotated[WorkingDays, Tag("<working_days>")]
    | Annotated[Months, Tag("<months>")]
    | Annotated[Years, Tag("<years>")]
    | Annotated[OnDate, Tag("<date>")]
    | Annotated[Until, Tag("<until>")]
    | Annotated[Ahead, Tag("<ahead_of>")]
    | Annotated[After, Tag("<after>")]
    | Annotated[Least, Tag("<min>")]
    | Annotated[Most, Tag("<max>")]
)
Limit: TypeAlias = Annotated[
    _AnyLimit,
    Discriminator(tagged(*_LIMIT)),
    BeforeValidator(keyed(*_LIMIT, what=_WANTED, alone="ahead_of"), json_schema_input_type=_AnyLimit),
]
After.model_rebuild()
Least.model_rebuild()
Most.model_rebuild()


def _place(value: object) -> grammar.Place:
    if not isinstance(value, str):
        raise wanted(grammar.AT_WANTED)
    try:
        return grammar.place(value)
    except ValueError as error:
        raise wanted(str(error)) from None


class At(Shape):
    """Where a step stands, as text."""

    at: Annotated[grammar.Place, BeforeValidator(_place), WithJsonSchema({"type": "string"})]


_AT = ("at", *_LIMIT)
StepAt: TypeAlias = Annotated[
    Annotated[At, Tag("<at>")] | _AnyLimit,
    Discriminator(tagged(*_AT)),
    BeforeValidator(
        keyed(*_AT, bare="at", what=grammar.AT_WANTED, alone="ahead_of"), json_schema_input_type=Limit | str
    ),
]
_PERIOD = ("days", "months", "years")
Period: TypeAlias = Annotated[
    Annotated[Days, Tag("<days>")] | Annotated[Months, Tag("<months>")] | Annotated[Years, Tag("<years>")],
    Discriminator(tagged(*_PERIOD)),
    BeforeValidator(keyed(*_PERIOD, what="a period such as {months: 1}"), json_schema_input_type=Days | Months | Years),
]
