"""The typed tree of a condition: its nodes, their types, and what fits what.

The language is a subset of CEL (docs/conditions.md). Both the reader of rule files and the loader of compiled rules
decide by the tables here, so that no tree is ever run whose parts do not fit each other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal as Only
from typing import TypeAlias

from chalicelib.core.words import FactType

MAX_TEXT, MAX_DEPTH, MAX_NODES = 2_000, 32, 256


class Type(StrEnum):
    """What an expression gives. `NUMBER` and `MONEY` are exact decimals, `INT` is what `size` counts."""

    BOOL = "bool"
    STRING = "string"
    INT = "int"
    NUMBER = "number"
    MONEY = "money"
    TIMESTAMP = "timestamp"
    DURATION = "duration"


TYPE_OF: Mapping[FactType, Type] = {
    FactType.CODE: Type.STRING,
    FactType.ID: Type.STRING,
    FactType.COUNTRY: Type.STRING,
    FactType.CURRENCY: Type.STRING,
    FactType.ZONE: Type.STRING,
    FactType.MONEY: Type.MONEY,
    FactType.INSTANT: Type.TIMESTAMP,
    FactType.NUMBER: Type.NUMBER,
    FactType.FLAG: Type.BOOL,
}

Value: TypeAlias = bool | str | int | Decimal | datetime | timedelta
Relation: TypeAlias = Only["==", "!=", "<", "<=", ">", ">="]
Search: TypeAlias = Only["startsWith", "endsWith", "contains"]
RELATIONS: tuple[Relation, ...] = ("==", "!=", "<", "<=", ">", ">=")
SEARCHES: tuple[Search, ...] = ("startsWith", "endsWith", "contains")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written down."""

    type: Type
    value: Value


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the case; `default` stands in where no source gives it."""

    subject: str
    name: str
    type: Type
    default: Value | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The instant of the first occurrence of a mark, up to the one that starts the clock."""

    name: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, known only where that is the case's; with a `Fact`, in the case's own."""

    amount: Decimal
    currency: str | Fact


@dataclass(frozen=True, slots=True)
class Has:
    """Whether somebody gives the fact, or the mark was seen."""

    of: Fact | Mark


@dataclass(frozen=True, slots=True)
class Not:
    of: "Node"


@dataclass(frozen=True, slots=True)
class Minus:
    of: "Node"


@dataclass(frozen=True, slots=True)
class Every:
    """`&&`: false if any is false, whatever the others are."""

    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """`||`: true if any is true, whatever the others are."""

    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    op: Relation
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Among:
    """`in`."""

    item: "Node"
    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Sum:
    op: Only["+", "-"]
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Find:
    """A search in a string."""

    op: Search
    target: "Node"
    part: "Node"


@dataclass(frozen=True, slots=True)
class Size:
    """The number of characters of a string."""

    of: "Node"


@dataclass(frozen=True, slots=True)
class Choice:
    test: "Node"
    then: "Node"
    other: "Node"


Node: TypeAlias = (
    Literal | Fact | Mark | Money | Has | Not | Minus | Every | Some | Compare | Among | Sum | Find | Size | Choice
)

_SUMS: Mapping[tuple[str, Type, Type], Type] = {
    **{(op, of, of): of for op in "+-" for of in (Type.INT, Type.NUMBER, Type.MONEY, Type.DURATION)},
    ("+", Type.TIMESTAMP, Type.DURATION): Type.TIMESTAMP,
    ("+", Type.DURATION, Type.TIMESTAMP): Type.TIMESTAMP,
    ("-", Type.TIMESTAMP, Type.DURATION): Type.TIMESTAMP,
    ("-", Type.TIMESTAMP, Type.TIMESTAMP): Type.DURATION,
}


def sum_type(op: str, left: Type, right: Type) -> Type | None:
    """What `left op right` gives, or None where they do not add up."""
    return _SUMS.get((op, left, right))


def comparable(op: str, left: Type, right: Type) -> bool:
    """Whether the relation holds between these types: like with like, and true or false have no order."""
    return left is right and (op in ("==", "!=") or left is not Type.BOOL)


def parts(node: Node) -> tuple[Node, ...]:
    """The expressions directly inside one."""
    match node:
        case Every(of) | Some(of):
            return of
        case Compare(_, left, right) | Sum(_, left, right) | Find(_, left, right):
            return (left, right)
        case Among(item, of):
            return (item, *of)
        case Choice(test, then, other):
            return (test, then, other)
        case Not(of) | Minus(of) | Size(of) | Has(of):
            return (of,)
        case Money(_, Fact() as currency):
            return (currency,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The expression and all inside it."""
    yield node
    for part in parts(node):
        yield from walk(part)


def type_of(node: Node) -> Type:
    """The type of an expression. Raises ValueError where its parts do not fit each other."""
    match node:
        case Literal(of) | Fact(_, _, of):
            return of
        case Mark():
            return Type.TIMESTAMP
        case Money():
            return Type.MONEY
        case Has():
            return Type.BOOL
        case Size(of):
            _want(of, Type.STRING)
            return Type.INT
        case Minus(of):
            return _want(of, Type.INT, Type.NUMBER)
        case Sum(op, left, right):
            total = sum_type(op, type_of(left), type_of(right))
            if total is None:
                raise ValueError(f"no sum of {type_of(left)} and {type_of(right)}")
            return total
        case Choice(test, then, other):
            _want(test, Type.BOOL)
            return _want(other, type_of(then))
        case Compare(op, left, right):
            if not comparable(op, type_of(left), type_of(right)):
                raise ValueError(f"no {op} between {type_of(left)} and {type_of(right)}")
        case Among(item, of):
            for one in of:
                _want(one, type_of(item))
        case Find(_, target, part):
            _want(target, Type.STRING)
            _want(part, Type.STRING)
        case Not(of):
            _want(of, Type.BOOL)
        case Every(of) | Some(of):
            for one in of:
                _want(one, Type.BOOL)
    return Type.BOOL


def _want(node: Node, *wanted: Type) -> Type:
    found = type_of(node)
    if found not in wanted:
        raise ValueError(f"{found} where {' or '.join(wanted)} is wanted")
    return found
