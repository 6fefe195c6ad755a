"""The shape of a policy file: one small model for each ability of the language (DESIGN section 4).

A model says which keys stand together and what each may hold; `compile` turns it into the core's rules. A new ability
is a new model in its union here and a branch there.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from chalicelib.core.facts import read_fact
from chalicelib.core.words import CORE, KINDS, FactType, FactWord
from chalicelib.rules import grammar
from chalicelib.rules.actions import Do
from chalicelib.rules.fields import (
    CalendarName,
    Choice,
    Code,
    Day,
    Duration,
    Flag,
    MarkName,
    Name,
    PlaceFact,
    PolicyName,
    Shape,
    StepName,
    Text,
    When,
    Whole,
    context,
    keyed,
    one_or_many,
    tagged,
    text,
    wanted,
)
from chalicelib.rules.lengths import Limit, Period, StepAt
from chalicelib.rules.moments import Moment, Start
from chalicelib.rules.problems import meant


class Pause(Shape):
    """Time from one mark to another, paired by `of`, that does not count; `floor`: what is left after it, at least."""

    begin: MarkName = Field(alias="from")
    end: MarkName = Field(alias="to")
    floor: Limit | None = None


class Extension(Shape):
    """An act in time makes the limit longer: `to` holds instead, from the same start."""

    on: MarkName
    to: Limit
    cite: Text | None = None


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
    when: When | None = None
    unless: When | None = None
    every: Annotated[Duration, Field(ge=1)] | None = None
    times: Annotated[Whole, Field(ge=2, le=64)] | None = None


class Clock(Shape):
    """When the duty starts, what fulfils it, what lifts it, what holds it, how long it may take.

    `restart`: marks that begin it anew. `extend`: acts that make the limit longer. `cap`: the due is never later.
    `again`: it comes again each period, until it is void.
    """

    start: Start
    stop: Annotated[
        list[Moment], Field(max_length=32), BeforeValidator(one_or_many, json_schema_input_type=list[Moment] | Moment)
    ]
    void: Annotated[
        list[Moment],
        Field(default_factory=list, max_length=32),
        BeforeValidator(one_or_many, json_schema_input_type=list[Moment] | Moment),
    ]
    pause: Annotated[
        list[Pause],
        Field(default_factory=list, max_length=32),
        BeforeValidator(one_or_many, json_schema_input_type=list[Pause] | Pause),
    ]
    limit: Limit
    restart: Annotated[
        list[MarkName],
        Field(default_factory=list, max_length=8),
        BeforeValidator(one_or_many, json_schema_input_type=list[str] | str),
    ]
    extend: Annotated[
        list[Extension],
        Field(default_factory=list, max_length=8),
        BeforeValidator(one_or_many, json_schema_input_type=list[Extension] | Extension),
    ]
    cap: Limit | None = None
    again: Period | None = None


class ByPlace(Shape):
    """The calendar that the first of these facts with a known code names."""

    by: Annotated[
        list[PlaceFact],
        Field(min_length=1, max_length=4),
        BeforeValidator(one_or_many, json_schema_input_type=list[str] | str),
    ]
    otherwise: CalendarName = Field(alias="else", default="UTC")


class Named(Shape):
    """The calendar of a code, or of a time zone, in which then every hour counts."""

    name: CalendarName


_CALENDAR = ("name", "by")
Calendar: TypeAlias = Annotated[
    Annotated[Named, Tag("<name>")] | Annotated[ByPlace, Tag("<by>")],
    Discriminator(tagged(*_CALENDAR)),
    BeforeValidator(
        keyed(*_CALENDAR, bare="name", what="a calendar, or {by: [FACT, ...], else: CALENDAR}"),
        json_schema_input_type=Named | ByPlace | str,
    ),
]


class Title(Shape):
    """A title for people, in Chinese, in English, or both."""

    zh: Text | None = None
    en: Text | None = None

    @model_validator(mode="after")
    def _some(self) -> "Title":
        if self.zh is None and self.en is None:
            raise wanted("a title in zh, en or both")
        return self


def _kind(value: str, info: ValidationInfo) -> str:
    if value not in KINDS:
        raise wanted(f"one of {', '.join(sorted(KINDS))}{meant(value, KINDS)}")
    context(info).kind = value
    return value


Confidence: TypeAlias = Literal[
    "read in source", "quoted in secondary source", "secondary source", "from memory", "house default"
]
"""How well a rule is known, as the packs tell it."""


class Rule(Shape):
    """One duty.

    `quote`, `jurisdiction`, `confidence` and `review_by` (the day by which somebody must read the source again) are for
    people: they decide nothing and are no part of the compiled rule.
    """

    id: Name
    title: Title | None = None
    basis: Annotated[Literal["law", "platform", "policy"], Choice] = "policy"
    cite: Text | None = None
    obliged: Code = "seller"
    quote: Text | None = None
    jurisdiction: Code | None = None
    confidence: Annotated[Confidence, Choice] | None = None
    review_by: Day | None = None
    applies_to: Annotated[str, Choice, AfterValidator(_kind), WithJsonSchema({"type": "string", "enum": sorted(KINDS)})]
    when: When | None = None
    unless: When | None = None
    calendar: Calendar | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    clock: Clock
    steps: Annotated[list[Step], Field(default_factory=list, max_length=64)]

    @model_validator(mode="before")
    @classmethod
    def _begin(cls, value: object, info: ValidationInfo) -> object:
        context(info).kind = ""
        return value


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
    default: Annotated[str, BeforeValidator(text), WithJsonSchema({"type": ["string", "number", "boolean"]})] | None = (
        None
    )

    @model_validator(mode="after")
    def _fits(self) -> "FactShape":
        self.word()
        return self

    def word(self) -> FactWord:
        """The word, its default read as a value of the fact would be."""
        default = None
        if self.default is not None:
            default = self._default(self.default)
        return FactWord(self.type, self.unit or "", self.personal, default)

    def _default(self, told: str) -> str | Decimal | bool:
        if self.type is FactType.INSTANT:
            raise wanted("no default: an instant has none that fits every case")
        if self.type is FactType.FLAG and told not in ("true", "false"):
            raise wanted("a default of true or false")
        try:
            value = read_fact(self.type, told == "true" if self.type is FactType.FLAG else told)
        except ValueError as error:
            raise wanted(f"a default that is {error}") from None
        assert not isinstance(value, date), "an instant has no default"
        return value


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
    calendar: Calendar | None = None
    retroactive: Flag = False
    declare: Declare | None = None
    rules: Annotated[list[Rule], Field(min_length=1, max_length=500)]
