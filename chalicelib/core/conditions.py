"""The `when` of a rule: a checked condition that runs over a case, in three values.

What a condition cannot tell is `Missing`, with the reasons, never a guess: as CEL has it, `false && missing` is false,
`true || missing` is true, all else that needs a missing value is missing. Nothing here parses text, and no value that
evidence may hold makes it raise.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from chalicelib.core.condition_text import Json, dump_node, load_node, show_node
from chalicelib.core.condition_tree import (
    Among,
    Choice,
    Compare,
    Every,
    Fact,
    Find,
    Has,
    Literal,
    Mark,
    Minus,
    Money,
    Node,
    Not,
    Size,
    Some,
    Sum,
    Type,
    Value,
    type_of,
    walk,
)
from chalicelib.core.events import FactValue


@dataclass(frozen=True, slots=True)
class Missing:
    """Neither true nor false, and why: `fact country is missing`."""

    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.reasons)

    def __bool__(self) -> bool:
        raise TypeError("what is missing is neither true nor false: ask `is True` or `is False`")

    def with_(self, other: "Missing") -> "Missing":
        """Both, each reason once."""
        return self if other is self else Missing(tuple(dict.fromkeys(self.reasons + other.reasons)))


class Known(Protocol):
    """What a condition may ask about a case."""

    def fact(self, name: str) -> FactValue | None:
        """The value of a fact, or None; a date alone stands for an instant only once the caller has made it one."""

    def mark(self, name: str) -> datetime | None:
        """The instant of the first occurrence of a mark, or None."""


Found: TypeAlias = Value | FactValue | Missing
Run: TypeAlias = Callable[[Known], Found]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that has been checked. Equal trees are equal conditions. Raises ValueError for a tree that does not
    fit together, or does not give true or false."""

    tree: Node
    facts: frozenset[str] = field(init=False, compare=False, repr=False)
    marks: frozenset[str] = field(init=False, compare=False, repr=False)
    """The facts and marks that it reads."""
    _run: Run = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if type_of(self.tree) is not Type.BOOL:
            raise ValueError("a condition is true or false")
        inside = tuple(walk(self.tree))
        facts = {one.name for one in inside if isinstance(one, Fact)}
        if any(isinstance(one, Money) for one in inside):
            facts.add(CURRENCY)
        object.__setattr__(self, "facts", frozenset(facts))
        object.__setattr__(self, "marks", frozenset(one.name for one in inside if isinstance(one, Mark)))
        object.__setattr__(self, "_run", _compile(self.tree))

    def __reduce__(self) -> tuple[type["Condition"], tuple[Node]]:
        # What runs is made of closures, which do not travel between processes.
        return Condition, (self.tree,)


CURRENCY = "currency"
"""The fact that says which currency the money of a case is in."""


def evaluate(condition: Condition, known: Known) -> bool | Missing:
    """Whether the condition holds, as far as is known."""
    found = condition._run(known)
    assert isinstance(found, (bool, Missing)), "the type was checked when the condition was made"
    return found


def show(condition: Condition) -> str:
    """Canonical text: reading it again gives an equal condition."""
    return show_node(condition.tree)


def dump(condition: Condition) -> list[Json]:
    """The form that compiled rules carry as JSON."""
    return dump_node(condition.tree)


def load(form: object) -> Condition:
    """The condition that was dumped. Raises ValueError."""
    return Condition(load_node(form))


# The tree is typed before it runs; `Any` below is a value whose type the tree already vouches for.
_PYTHON: Mapping[Type, type] = {
    Type.BOOL: bool,
    Type.STRING: str,
    Type.INT: int,
    Type.NUMBER: Decimal,
    Type.MONEY: Decimal,
    Type.TIMESTAMP: datetime,
    Type.DURATION: timedelta,
}

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
}

_FROM_THE_RIGHT: Mapping[str, str] = {
    "==": "__eq__",
    "!=": "__ne__",
    "<": "__gt__",
    "<=": "__ge__",
    ">": "__lt__",
    ">=": "__le__",
}
"""A literal on the right is asked itself, which costs one call into Python less."""


def _compile(node: Node) -> Run:
    match node:
        case Literal(_, value):
            return lambda known: value
        case Fact():
            return _fact(node)
        case Mark(name):
            return _mark(name)
        case Money():
            return _money(node)
        case Has(of):
            return _has(of)
        case Not(of):
            return _unary(operator.not_, of)
        case Minus(of):
            return _unary(operator.neg, of)
        case Size(of):
            return _unary(len, of)
        case Every(of):
            return _logic(tuple(map(_compile, of)), False)
        case Some(of):
            return _logic(tuple(map(_compile, of)), True)
        case Choice(test, then, other):
            return _choice(_compile(test), _compile(then), _compile(other))
        case Among(item, of):
            return _among(item, of)
        case Sum(op, left, right):
            return _sum(_OPERATORS[op], _compile(left), _compile(right))
        case Compare(op, left, right) | Find(op, left, right):
            return _binary(op, left, right)


def _fact(fact: Fact, apply: Callable[[Any], Any] | None = None) -> Run:
    """A fact, or at once what is made of it."""
    name, default = fact.name, fact.default
    wanted: Any = _PYTHON[fact.type]
    absent = Missing((f"fact {name} is missing",))
    # Evidence outlives the policy that declared the type of a fact.
    other = Missing((f"fact {name} is not a {fact.type}",))

    def run(known: Known) -> Found:
        value: Any = known.fact(name)
        if value is None and default is not None:
            value = default
        if type(value) is not wanted:
            return absent if value is None else other
        made: Found = value if apply is None else apply(value)
        return made

    return run


def _mark(name: str) -> Run:
    absent = Missing((f"mark {name} is missing",))

    def run(known: Known) -> Found:
        at = known.mark(name)
        return absent if at is None else at

    return run


def _has(of: Fact | Mark) -> Run:
    name = of.name
    if isinstance(of, Fact):
        return lambda known: known.fact(name) is not None
    return lambda known: known.mark(name) is not None


def _money(money: Money) -> Run:
    amount, currency = money.amount, money.currency
    absent = Missing((f"fact {CURRENCY} is missing",))

    def run(known: Known) -> Found:
        found = known.fact(CURRENCY)
        if found == currency:
            return amount
        if found is None:
            return absent
        if type(currency) is not str:
            return amount
        return Missing((f"fact {CURRENCY} is not {currency}",))

    return run


def _unary(apply: Callable[[Any], Any], of: Node) -> Run:
    if isinstance(of, Fact):
        return _fact(of, apply)
    inner = _compile(of)

    def run(known: Known) -> Found:
        value = inner(known)
        return value if type(value) is Missing else apply(value)

    return run


def _logic(of: tuple[Run, ...], decides: bool) -> Run:
    """`&&` and `||`: whichever operand decides does so wherever it stands; else what is missing is missing."""
    other = not decides

    def run(known: Known) -> Found:
        missing: Missing | None = None
        for one in of:
            value = one(known)
            if value is decides:
                return decides
            if type(value) is Missing:
                missing = value if missing is None else missing.with_(value)
        return other if missing is None else missing

    return run


def _choice(test: Run, then: Run, other: Run) -> Run:
    def run(known: Known) -> Found:
        value = test(known)
        if type(value) is Missing:
            return value
        return then(known) if value else other(known)

    return run


def _binary(op: str, left: Node, right: Node) -> Run:
    if isinstance(right, Literal) and op in _FROM_THE_RIGHT:
        return _unary(getattr(right.value, _FROM_THE_RIGHT[op]), left)
    apply, first, second = _OPERATORS[op], _compile(left), _compile(right)

    def run(known: Known) -> Found:
        one, two = first(known), second(known)
        if type(one) is Missing:
            return one.with_(two) if type(two) is Missing else one
        return two if type(two) is Missing else apply(one, two)

    return run


def _sum(apply: Callable[[Any, Any], Any], first: Run, second: Run) -> Run:
    beyond = Missing(("an instant is outside the years 1 to 9999",))

    def run(known: Known) -> Found:
        one, two = first(known), second(known)
        if type(one) is Missing:
            return one.with_(two) if type(two) is Missing else one
        if type(two) is Missing:
            return two
        try:
            total: Value = apply(one, two)
        except OverflowError:
            return beyond
        return total

    return run


def _among(item: Node, of: tuple[Node, ...]) -> Run:
    values = frozenset(one.value for one in of if isinstance(one, Literal))
    if all(isinstance(one, Literal) for one in of):
        return _unary(values.__contains__, item)
    first, rest = _compile(item), tuple(map(_compile, of))

    def run(known: Known) -> Found:
        missing: Missing | None = None
        value, *others = [one(known) for one in (first, *rest)]
        for one in (value, *others):
            if type(one) is Missing:
                missing = one if missing is None else missing.with_(one)
        return value in others if missing is None else missing

    return run
