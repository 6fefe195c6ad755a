"""The shapes of moments: the instants that a rule names by what happens on the case."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag

from chalicelib.rules.fields import MarkName, MoneyFact, NumberFact, RuleName, Shape, Signed, keyed, tagged


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


class AllOf(Shape):
    """When a mark has occurred as often as a number fact says."""

    all: MarkName
    count: NumberFact
    offset: Signed = 0


class LaterOf(Shape):
    """The latest of several moments, once all have come."""

    later_of: Annotated[list["Moment"], Field(min_length=2, max_length=8)]
    offset: Signed = 0


class EarlierOf(Shape):
    """The earliest of several moments."""

    earlier_of: Annotated[list["Moment"], Field(min_length=2, max_length=8)]
    offset: Signed = 0


class Silence(Shape):
    """When another rule's clock on the same case passed its due without an act: silence taken as an answer."""

    silence: RuleName
    offset: Signed = 0


_MOMENT = ("first", "last", "sum", "all", "later_of", "earlier_of", "silence")
_WANTED = (
    "a mark, or one of {first|last: MARK}, {sum: MARK, reaches: FACT}, {all: MARK, count: FACT}, {later_of: [...]}"
)
Moment: TypeAlias = Annotated[
    Annotated[First, Tag("<first>")]
    | Annotated[Last, Tag("<last>")]
    | Annotated[Reaches, Tag("<sum>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[LaterOf, Tag("<later_of>")]
    | Annotated[EarlierOf, Tag("<earlier_of>")]
    | Annotated[Silence, Tag("<silence>")],
    Discriminator(tagged(*_MOMENT)),
    BeforeValidator(
        keyed(*_MOMENT, bare="first", what=_WANTED),
        json_schema_input_type=First | Last | Reaches | AllOf | LaterOf | EarlierOf | Silence | str,
    ),
]
_START = (*_MOMENT, "each")
Start: TypeAlias = Annotated[
    Annotated[First, Tag("<first>")]
    | Annotated[Last, Tag("<last>")]
    | Annotated[Each, Tag("<each>")]
    | Annotated[Reaches, Tag("<sum>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[LaterOf, Tag("<later_of>")]
    | Annotated[EarlierOf, Tag("<earlier_of>")]
    | Annotated[Silence, Tag("<silence>")],
    Discriminator(tagged(*_START)),
    BeforeValidator(
        keyed(*_START, bare="first", what=_WANTED),
        json_schema_input_type=First | Last | Each | Reaches | AllOf | LaterOf | EarlierOf | Silence | str,
    ),
]
LaterOf.model_rebuild()
EarlierOf.model_rebuild()
