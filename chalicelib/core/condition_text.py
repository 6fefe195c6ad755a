"""A condition written down: as canonical text, and as JSON for compiled rules.

The text is CEL that means the same to any CEL tool; reading it again gives an equal tree. The JSON is read back here
without parsing any text of the language, and a form that does not fit together is refused.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from chalicelib.core import instants
from chalicelib.core.condition_tree import (
    MAX_DEPTH,
    MAX_NODES,
    RELATIONS,
    SEARCHES,
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
    parts,
    type_of,
    walk,
)

Json: TypeAlias = "bool | int | str | list[Json]"

_UNITS = (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_CHOICE, _SOME, _EVERY, _RELATION, _SUM, _UNARY, _MEMBER = range(7)


def show_node(node: Node) -> str:
    """The canonical text of an expression."""
    return _show(node, _CHOICE)


def _show(node: Node, tight: int) -> str:
    """The text of a node where an operator that binds as `tight` needs it; parentheses only where they must be."""
    text, binds = _bare(node)
    return f"({text})" if binds < tight else text


def _bare(node: Node) -> tuple[str, int]:
    match node:
        case Literal(kind, value):
            return _literal(kind, value), _MEMBER if not isinstance(value, (int, Decimal)) or value >= 0 else _UNARY
        case Fact(subject, name):
            return f"{subject}.{name}", _MEMBER
        case Mark(name):
            return name, _MEMBER
        case Money(amount, currency):
            money = quote(currency) if isinstance(currency, str) else show_node(currency)
            return f"money('{plain(amount)}', {money})", _MEMBER
        case Has(of):
            return f"has({show_node(of)})", _MEMBER
        case Size(of):
            return f"size({show_node(of)})", _MEMBER
        case Find(op, target, part):
            return f"{_show(target, _MEMBER)}.{op}({show_node(part)})", _MEMBER
        case Not(of):
            return f"!{_show(of, _UNARY)}", _UNARY
        case Minus(of):
            return f"-{_show(of, _UNARY)}", _UNARY
        case Sum(op, left, right):
            return f"{_show(left, _SUM)} {op} {_show(right, _UNARY)}", _SUM
        case Compare(op, left, right):
            return f"{_show(left, _SUM)} {op} {_show(right, _SUM)}", _RELATION
        case Among(item, among):
            return f"{_show(item, _SUM)} in [{', '.join(show_node(one) for one in among)}]", _RELATION
        case Every(all_of):
            return " && ".join(_show(one, _RELATION) for one in all_of), _EVERY
        case Some(any_of):
            return " || ".join(_show(one, _EVERY) for one in any_of), _SOME
        case Choice(test, then, other):
            return f"{_show(test, _SOME)} ? {_show(then, _SOME)} : {_show(other, _CHOICE)}", _CHOICE


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def plain(number: Decimal) -> str:
    """Decimal digits without an exponent and without zeros that say nothing."""
    return f"{number.normalize() + 0:f}"


def show_duration(span: timedelta) -> str:
    """As CEL's `duration()` reads it: `48h`, `1h30m`, `-1s500ms`."""
    left = span // instants.MILLISECOND
    sign, left = ("-", -left) if left < 0 else ("", left)
    found = ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        found += f"{count}{unit}" if count else ""
    return sign + (found or "0s")


def _literal(kind: Type, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Decimal):
        text = plain(value)
        return text if "." in text else f"{text}.0"
    if isinstance(value, datetime):
        return f"timestamp('{instants.show(value)}')"
    if isinstance(value, timedelta):
        return f"duration('{show_duration(value)}')"
    return str(value)


def dump_node(node: Node) -> list[Json]:
    """The JSON form: a list that begins with the name of the node."""
    match node:
        case Literal(kind, value):
            return ["literal", kind.value, _dump_value(value)]
        case Fact(subject, name, kind, default):
            return ["fact", subject, name, kind.value, *([] if default is None else [_dump_value(default)])]
        case Mark(name):
            return ["mark", name]
        case Money(amount, currency):
            return ["money", str(amount), currency if isinstance(currency, str) else dump_node(currency)]
        case Compare(op, left, right) | Sum(op, left, right):
            return [op, dump_node(left), dump_node(right)]
        case Find(op, target, part):
            return [op, dump_node(target), dump_node(part)]
        case _:
            return [_NAMES[type(node)], *map(dump_node, parts(node))]


_NAMES: dict[type, str] = {
    Has: "has", Not: "!", Minus: "minus", Every: "&&", Some: "||", Among: "in", Size: "size", Choice: "?",
}  # fmt: skip


def _dump_value(value: Value) -> Json:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, datetime):
        return instants.to_ms(value)
    if isinstance(value, timedelta):
        return value // instants.MILLISECOND
    return str(value) if isinstance(value, Decimal) else value


def load_node(form: object) -> Node:
    """The tree of a JSON form; `dump_node` of it is equal. Raises ValueError for any other form."""
    try:
        node = _load(form, MAX_DEPTH)
        count = sum(1 for _ in walk(node))
        if count > MAX_NODES:
            raise ValueError(f"more than {MAX_NODES} parts")
        type_of(node)
    except ValueError as error:
        raise ValueError(f"not a compiled condition: {error}") from None
    return node


def _load(form: object, depth: int) -> Node:
    if not isinstance(form, list) or not form or not depth:
        raise ValueError(f"a list of at most {MAX_DEPTH} levels is wanted")
    match form:
        case ["literal", str(kind), value]:
            return Literal(Type(kind), _load_value(Type(kind), value))
        case ["fact", str(subject), str(fact), str(kind)]:
            return Fact(subject, fact, Type(kind))
        case ["fact", str(subject), str(fact), str(kind), default]:
            return Fact(subject, fact, Type(kind), _load_value(Type(kind), default))
        case ["mark", str(mark)]:
            return Mark(mark)
        case ["money", str(amount), str(code)]:
            return Money(_decimal(amount), code)
        case ["money", str(amount), currency]:
            currency = _load(currency, depth - 1)
            if isinstance(currency, Fact) and currency.type is Type.STRING:
                return Money(_decimal(amount), currency)
        case ["has", asked]:
            asked = _load(asked, depth - 1)
            if isinstance(asked, (Fact, Mark)):
                return Has(asked)
        case [str(name), *rest]:
            return _build(name, [_load(one, depth - 1) for one in rest])
    raise ValueError(f"no such node as {str(form[0])[:20]!r}")


_PLAIN: dict[tuple[str, int], Callable[..., Node]] = {
    ("!", 1): Not,
    ("minus", 1): Minus,
    ("size", 1): Size,
    ("?", 3): Choice,
}


def _build(name: str, of: list[Node]) -> Node:
    plain_node = _PLAIN.get((name, len(of)))
    if plain_node is not None:
        return plain_node(*of)
    if len(of) == 2 and name in ("+", "-"):
        return Sum("+" if name == "+" else "-", of[0], of[1])
    if len(of) == 2 and (relation := next((one for one in RELATIONS if one == name), None)):
        return Compare(relation, of[0], of[1])
    if len(of) == 2 and (search := next((one for one in SEARCHES if one == name), None)):
        return Find(search, of[0], of[1])
    if len(of) >= 2 and name == "in":
        return Among(of[0], tuple(of[1:]))
    if len(of) >= 2 and name in ("&&", "||"):
        return Every(tuple(of)) if name == "&&" else Some(tuple(of))
    raise ValueError(f"no such node as {name[:20]!r} of {len(of)}")


def _load_value(kind: Type, value: object) -> Value:
    match kind, value:
        case Type.BOOL, bool(flag):
            return flag
        case Type.STRING, str(text):
            return text
        case ((Type.NUMBER | Type.MONEY), str(text)):
            return _decimal(text)
        case _, bool():
            pass
        case Type.INT, int(count):
            return count
        case Type.TIMESTAMP, int(ms) if abs(ms) < 10**15:
            return instants.from_ms(ms)
        case Type.DURATION, int(ms) if abs(ms) < 10**15:
            return timedelta(milliseconds=ms)
    raise ValueError(f"a {kind} is wanted")


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or len(text) > 40:
        raise ValueError("a decimal number is wanted")
    return number
