"""The types of the single fields of a policy: how their text is read, and what is wanted where it cannot be.

Names of marks and facts are checked here against the vocabulary in force, so that one pass over a file finds a wrong
word and a wrong shape alike. Scalars arrive as text (`lines.Plain` where they had no quotes), and stay text unless the
field wants something else.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.core.calendar_data import shipped_calendars, shipped_codes
from chalicelib.core.calendars import Calendars
from chalicelib.core.conditions import Condition
from chalicelib.core.facts import read_money
from chalicelib.core.instants import parse_day
from chalicelib.core.words import CORE, FactType, Vocabulary
from chalicelib.rules import grammar
from chalicelib.rules.conditions import ConditionError, parse
from chalicelib.rules.lines import Block, Plain
from chalicelib.rules.problems import meant


@dataclass(slots=True)
class Context:
    """What the fields of one file are read against.

    `rules`: the ids of its rules. `kind`: what the rule at hand applies to. `keys`: the keys that each mapping (by
    identity) may have.
    """

    words: Vocabulary = CORE
    calendars: Calendars = field(default_factory=shipped_calendars)
    rules: frozenset[str] = frozenset()
    kind: str = ""
    keys: dict[int, list[str]] = field(default_factory=dict)


def context(info: ValidationInfo) -> Context:
    return info.context if isinstance(info.context, Context) else Context()


def wanted(text: str, found: str = "", below: int = 0) -> PydanticCustomError:
    """The error of a field whose value is not what it should be; `found` where the value itself says too little.

    `below`: so many lines below the one on which the value begins.
    """
    return PydanticCustomError("wanted", "{wanted}", {"wanted": text, "found": found, "below": below})


class Shape(BaseModel):
    """A mapping with exactly the keys that it declares."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _know(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, dict):
            context(info).keys[id(value)] = [one.alias or name for name, one in cls.model_fields.items()]
        return value


def tagged(*keys: str) -> Callable[[object], str | None]:
    """The tag of a union member: the one key that only it has. Tags are `<key>`, so that they tell from keys."""

    def pick(value: object) -> str | None:
        there = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Shape) else ()
        return next((f"<{key}>" for key in keys if key in there), None)

    return pick


def keyed(*keys: str, bare: str = "", what: str = "a mapping", alone: str = "") -> Callable[[object], object]:
    """Before a union: exactly one of `keys`, or `alone` with any; bare text stands for the key `bare`."""

    def read(value: object) -> object:
        if bare and isinstance(value, str):
            return {bare: value}
        if not isinstance(value, dict):
            raise wanted(what)
        found = [key for key in value if key in keys]
        if not found:
            near = next((hint for key in value if (hint := meant(key, keys))), "")
            raise wanted(f"one of {', '.join(keys)}{near}")
        if len(found) > 1 and alone not in found:
            raise wanted(f"only one of {', '.join(found)}")
        return value

    return read


def one_or_many(value: object) -> object:
    """A list; one thing alone is a list of one."""
    return [value] if isinstance(value, (str, dict)) else value


def text(value: object) -> str:
    """Text on one line, in NFC, without outer spaces."""
    if not isinstance(value, str):
        raise wanted("text")
    found = unicodedata.normalize("NFC", str(value)).strip()
    if not found or not found.isprintable():
        raise wanted("text without control characters")
    return found


def _matching(pattern: str, what: str) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        found = text(value)
        if not compiled.fullmatch(found):
            raise wanted(what)
        return found

    return read


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Plain) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    raise wanted("a whole number")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value in ("true", "false"):
        return value == "true"
    raise wanted("true or false")


def _read(reader: Callable[[str], int]) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, str):
            raise wanted(grammar.DURATION_WANTED)
        try:
            return reader(value)
        except ValueError as error:
            raise wanted(str(error)) from None

    return read


def _mark(value: str, info: ValidationInfo) -> str:
    marks = context(info).words.marks
    if value not in marks:
        raise wanted(f"a known mark{meant(value, marks)}")
    return value


def _fact(*types: FactType) -> Callable[[str, ValidationInfo], str]:
    def check(value: str, info: ValidationInfo) -> str:
        facts = {name: word for name, word in context(info).words.facts.items() if word.type in types}
        if value not in facts:
            raise wanted(f"a known fact of type {' or '.join(types)}{meant(value, facts)}")
        return value

    return check


@cache
def _codes() -> tuple[str, ...]:
    """The codes of the calendars that ship, and the names of all time zones."""
    zones = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return (*shipped_codes(), *zones)


def _calendar(value: str, info: ValidationInfo) -> str:
    try:
        context(info).calendars.get(value)
    except ValueError:
        near = meant(value, _codes())
        raise wanted(f"a calendar such as CN, a time zone such as Asia/Shanghai, or UTC{near}") from None
    return value


def _amount(value: str, info: ValidationInfo) -> str:
    if value == "full":
        return value
    if value[:1].isdigit():
        try:
            money = read_money(value)
        except ValueError as error:
            raise wanted(str(error)) from None
        if money > 0:
            return value
        raise wanted("more than nothing")
    facts = [name for name, word in context(info).words.facts.items() if word.type is FactType.MONEY]
    if value not in facts:
        raise wanted(f'full, a money fact, or a decimal such as "12.50"{meant(value, ["full", *facts])}')
    return value


def _rule(value: str, info: ValidationInfo) -> str:
    rules = context(info).rules
    if value not in rules:
        raise wanted(f"the id of a rule of this policy{meant(value, rules)}")
    return value


def _day(value: object) -> date:
    try:
        return parse_day(text(value))
    except ValueError:
        raise wanted("a date such as 2026-11-20") from None


def _when(value: object, info: ValidationInfo) -> Condition:
    if not isinstance(value, str):
        raise wanted("a condition")
    kind = context(info).kind
    if not kind:
        # What the condition is about is wrong already; it cannot be read before that is mended.
        raise wanted("a condition over a kind that is known")
    try:
        return parse(str(value), context(info).words, kind)
    except ConditionError as error:
        # The lines of a literal block (`|`) are lines of the file; of other text over several lines nobody knows that.
        block = isinstance(value, Block)
        where = (
            f"column {error.column}"
            if block or "\n" not in value.strip()
            else f"line {error.line}, column {error.column}"
        )
        raise wanted(error.wanted, f"{error.found} ({where})", error.line if block else 0) from None


_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9])?"

Text: TypeAlias = Annotated[str, BeforeValidator(text), Field(max_length=500)]
Name: TypeAlias = Annotated[
    str,
    BeforeValidator(_matching(_NAME, "a name of letters, digits, - _ and ., at most 80 characters")),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]
PolicyName: TypeAlias = Annotated[
    str,
    BeforeValidator(_matching(r"[a-z0-9-]{1,40}", "a name of a-z, 0-9 and -, at most 40 characters")),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}),
]
StepName: TypeAlias = Annotated[
    str,
    BeforeValidator(_matching(r"[^|#.]{1,80}", "a name without | # and ., at most 80 characters")),
    WithJsonSchema({"type": "string", "pattern": "^[^|#.]{1,80}$"}),
]
Code: TypeAlias = Annotated[
    str,
    BeforeValidator(_matching(r"[^\s,]{1,40}", "a short code without spaces and commas, at most 40 characters")),
    WithJsonSchema({"type": "string", "pattern": r"^[^\s,]{1,40}$"}),
]
Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]
Choice = BeforeValidator(text)
"""Before a Literal of texts."""
Duration: TypeAlias = Annotated[
    int,
    BeforeValidator(_read(grammar.duration)),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,10}[smhd]$", "examples": ["90s", "30m", "48h", "7d"]}),
]
Signed: TypeAlias = Annotated[
    int,
    BeforeValidator(_read(grammar.signed)),
    WithJsonSchema({"type": "string", "pattern": "^[+-]?[0-9]{1,10}[smhd]$", "examples": ["2h", "-1d"]}),
]
MarkName: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_mark)]
InstantFact: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_fact(FactType.INSTANT))]
NumberFact: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_fact(FactType.NUMBER))]
PlaceFact: TypeAlias = Annotated[
    str, BeforeValidator(text), AfterValidator(_fact(FactType.COUNTRY, FactType.CODE, FactType.ZONE))
]
RuleName: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_rule)]
Day: TypeAlias = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
MoneyFact: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_fact(FactType.MONEY))]
CalendarName: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_calendar)]
Subscriber: TypeAlias = Annotated[
    str,
    BeforeValidator(_matching(r"[a-z0-9-]{1,40}", "the name of a subscriber: a-z, 0-9 and -, at most 40 characters")),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9-]{1,40}$"}),
]
Amount: TypeAlias = Annotated[str, BeforeValidator(text), AfterValidator(_amount)]
When: TypeAlias = Annotated[
    InstanceOf[Condition],
    BeforeValidator(_when),
    WithJsonSchema({"type": "string", "maxLength": 2000, "examples": ["refund.country == 'CN' && !refund.exempt"]}),
]
"""After `applies_to` in its rule: it says whose facts the condition reads."""
