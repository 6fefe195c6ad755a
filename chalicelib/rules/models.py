"""The shape of a policy file: one small model for each ability of the language (DESIGN section 4).

A model says which keys stand together and what each may hold; `compile` turns it into the core's rules. A new ability
is a new model in its union here and a branch there.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from chalicelib.core.words import CORE, KINDS, FactType
from chalicelib.rules import grammar
from chalicelib.rules.actions import Do
from chalicelib.rules.fields import (
    CalendarName,
    Choice,
    Code,
    Duration,
    Flag,
    InstantFact,
    MarkName,
    MoneyFact,
    Name,
    PolicyName,
    Shape,
    Signed,
    StepName,
    Text,
    When,
    Whole,
    keyed,
    one_or_many,
    tagged,
    wanted,
)
from chalicelib.rules.problems import meant


class First(Shape):
    """The first occurrence of a mark."""

    first: MarkName
    offset: Signed = 0


class Last(Shape):
    """The last occurrence of a mark."""

    last: MarkName
    offset: Signed = 0


class Each(Shape):
    """Every occurrence of a mark: one clock for each."""

    each: MarkName
    offset: Signed = 0


class Reaches(Shape):
    """When the values of a mark, added up, reach a money fact."""

    sum: MarkName
    reaches: MoneyFact


class Pause(Shape):
    """Time from one mark to another, paired by `of`, that does not count."""

    begin: MarkName = Field(alias="from")
    end: MarkName = Field(alias="to")


_START = ("first", "last", "each")
Start: TypeAlias = Annotated[
    Annotated[First, Tag("<first>")] | Annotated[Last, Tag("<last>")] | Annotated[Each, Tag("<each>")],
    Discriminator(tagged(*_START)),
    BeforeValidator(
        keyed(*_START, text="first", what="a mark, or {first|last|each: MARK}"),
        json_schema_input_type=First | Last | Each | str,
    ),
]
_POINT = ("first", "last")
Point: TypeAlias = Annotated[
    Annotated[First, Tag("<first>")] | Annotated[Last, Tag("<last>")],
    Discriminator(tagged(*_POINT)),
    BeforeValidator(
        keyed(*_POINT, text="first", what="a mark, or {first|last: MARK}"),
        json_schema_input_type=First | Last | str,
    ),
]
_STOP = ("first", "last", "sum")
Stop: TypeAlias = Annotated[
    Annotated[First, Tag("<first>")] | Annotated[Last, Tag("<last>")] | Annotated[Reaches, Tag("<sum>")],
    Discriminator(tagged(*_STOP)),
    BeforeValidator(
        keyed(*_STOP, text="first", what="a mark, {first|last: MARK} or {sum: MARK, reaches: FACT}"),
        json_schema_input_type=First | Last | Reaches | str,
    ),
]

Length: TypeAlias = Annotated[Whole, Field(ge=1, le=grammar.MAX_SECONDS)]


class Seconds(Shape):
    """A limit of seconds of counted time."""

    seconds: Length


class Minutes(Shape):
    """A limit of minutes of counted time."""

    minutes: Annotated[Whole, Field(ge=1, le=grammar.MAX_SECONDS // 60)]


class Hours(Shape):
    """A limit of hours of counted time."""

    hours: Annotated[Whole, Field(ge=1, le=grammar.MAX_SECONDS // 3600)]


class Days(Shape):
    """A limit of calendar days; due at 24:00 of the last one in the clock's zone."""

    days: Annotated[Whole, Field(ge=1, le=36_600)]
    first_day: Annotated[Literal["excluded", "included"], Choice] = "excluded"


class Until(Shape):
    """A limit that somebody else set: the instant in a fact, or the end of the day that it names."""

    until: InstantFact


_LIMIT = ("seconds", "minutes", "hours", "days", "until")
Limit: TypeAlias = Annotated[
    Annotated[Seconds, Tag("<seconds>")]
    | Annotated[Minutes, Tag("<minutes>")]
    | Annotated[Hours, Tag("<hours>")]
    | Annotated[Days, Tag("<days>")]
    | Annotated[Until, Tag("<until>")],
    Discriminator(tagged(*_LIMIT)),
    BeforeValidator(
        keyed(*_LIMIT, what="a limit such as {hours: 48} or {until: ship_by}"),
        json_schema_input_type=Seconds | Minutes | Hours | Days | Until,
    ),
]


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


_AT = ("at", "seconds", "minutes", "hours", "days")
StepAt: TypeAlias = Annotated[
    Annotated[At, Tag("<at>")]
    | Annotated[Seconds, Tag("<seconds>")]
    | Annotated[Minutes, Tag("<minutes>")]
    | Annotated[Hours, Tag("<hours>")]
    | Annotated[Days, Tag("<days>")],
    Discriminator(tagged(*_AT)),
    BeforeValidator(
        keyed(*_AT, text="at", what=grammar.AT_WANTED),
        json_schema_input_type=Seconds | Minutes | Hours | Days | str,
    ),
]


class Step(Shape):
    """Actions set at an offset of the clock."""

    id: StepName | None = None
    at: StepAt
    do: Annotated[
        list[Do],
        Field(min_length=1, max_length=16),
        BeforeValidator(one_or_many, json_schema_input_type=Annotated[list[Do], Field(min_length=1)] | Do),
    ]
    late_ok: Duration | None = None


class Clock(Shape):
    """When the duty starts, what fulfils it, what lifts it, what holds it, how long it may take."""

    start: Start
    stop: Annotated[
        list[Stop], Field(max_length=32), BeforeValidator(one_or_many, json_schema_input_type=list[Stop] | Stop)
    ]
    void: Annotated[
        list[Point],
        Field(default_factory=list, max_length=32),
        BeforeValidator(one_or_many, json_schema_input_type=list[Point] | Point),
    ]
    pause: Annotated[
        list[Pause],
        Field(default_factory=list, max_length=32),
        BeforeValidator(one_or_many, json_schema_input_type=list[Pause] | Pause),
    ]
    limit: Limit


class Title(Shape):
    """A title for people, in Chinese, in English, or both."""

    zh: Text | None = None
    en: Text | None = None

    @model_validator(mode="after")
    def _some(self) -> "Title":
        if self.zh is None and self.en is None:
            raise wanted("a title in zh, en or both")
        return self


def _kind(value: str) -> str:
    if value not in KINDS:
        raise wanted(f"one of {', '.join(sorted(KINDS))}{meant(value, KINDS)}")
    return value


class Rule(Shape):
    """One duty."""

    id: Name
    title: Title | None = None
    basis: Annotated[Literal["law", "platform", "policy"], Choice] = "policy"
    cite: Text | None = None
    obliged: Code = "seller"
    applies_to: Annotated[str, Choice, AfterValidator(_kind), WithJsonSchema({"type": "string", "enum": sorted(KINDS)})]
    when: When | None = None
    calendar: CalendarName | None = None
    clock: Clock
    steps: Annotated[list[Step], Field(default_factory=list, max_length=64)]


def _new_mark(value: object) -> str:
    if not isinstance(value, str) or not grammar.MARK.fullmatch(value):
        raise wanted("the name of a new mark, such as order.packed")
    if value in CORE.marks:
        raise wanted("a mark that the table does not have yet")
    return str(value)


def _fact_type(value: object) -> FactType:
    try:
        return FactType(str(value))
    except ValueError:
        raise wanted(f"one of {', '.join(FactType)}{meant(str(value), FactType)}") from None


class FactShape(Shape):
    """A fact that the policy declares: its type, its unit, whether it is personal data."""

    type: Annotated[FactType, BeforeValidator(_fact_type), WithJsonSchema({"enum": [*FactType]})]
    unit: Code | None = None
    personal: Flag = False


def _new_fact(value: object) -> str:
    if not isinstance(value, str) or not grammar.FACT.fullmatch(value):
        raise wanted("the name of a new fact, such as loyalty_tier")
    if value in CORE.facts:
        raise wanted("a fact that the table does not have yet")
    return str(value)


class Declare(Shape):
    """Words beside those of the table."""

    marks: Annotated[list[Annotated[str, BeforeValidator(_new_mark)]], Field(default_factory=list, max_length=256)]
    facts: Annotated[
        dict[
            Annotated[str, BeforeValidator(_new_fact)],
            Annotated[
                FactShape,
                BeforeValidator(
                    lambda value: {"type": value} if isinstance(value, str) else value,
                    json_schema_input_type=FactShape | str,
                ),
            ],
        ],
        Field(default_factory=dict, max_length=256),
    ]


class Policy(Shape):
    """A policy file."""

    policy: PolicyName
    title: Title | None = None
    calendar: CalendarName | None = None
    declare: Declare | None = None
    rules: Annotated[list[Rule], Field(min_length=1, max_length=500)]
