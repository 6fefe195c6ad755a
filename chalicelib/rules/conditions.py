"""Reads a rule's `when`: text of our subset of CEL into a checked `Condition`, against the words in force.

Names and types are decided here, when the file is read, so that a condition that runs can be wrong about nothing but
what is not known yet. Every mistake is a `ConditionError` with its place, what was found and what was wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from chalicelib.core.condition_tree import (
    MAX_DEPTH,
    MAX_NODES,
    RELATIONS,
    SEARCHES,
    TYPE_OF,
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
    comparable,
    parts,
    sum_type,
    type_of,
    walk,
)
from chalicelib.core.conditions import CURRENCY, Condition
from chalicelib.core.facts import read_fact, read_money
from chalicelib.core.words import FactType, Vocabulary
from chalicelib.rules.condition_hints import FUNCTIONS, INSTEAD, NO_FIELDS, REFUSED, RESERVED, A, near, short
from chalicelib.rules.condition_words import ConditionError, Kind, Token, read_span, read_timestamp, tokens

__all__ = ["ConditionError", "parse"]

_T = TypeVar("_T")


def parse(text: str, vocabulary: Vocabulary, kind: str) -> Condition:
    """The condition in a text, for rules that apply to subjects of `kind`. Raises ConditionError."""
    return _Reader(text, vocabulary, kind).condition()


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression, where it stands in the text and how deep it is."""

    node: Node
    at: int
    end: int
    depth: int

    @property
    def type(self) -> Type:
        return type_of(self.node)


class _Reader:
    """Recursive descent over the tokens, one method a level of CEL's grammar, loosest first."""

    def __init__(self, text: str, vocabulary: Vocabulary, kind: str) -> None:
        self._text, self._vocabulary, self._kind = text, vocabulary, kind
        self._tokens = tokens(text)
        self._index = self._nested = 0

    def condition(self) -> Condition:
        whole = self._expression()
        if self._next.kind is not Kind.END:
            raise self._unexpected("an operator like && or ==, or the end")
        self._want(whole, Type.BOOL)
        count = sum(1 for _ in walk(whole.node))
        if count > MAX_NODES:
            raise self._error(0, f"{count} parts", f"a condition of at most {MAX_NODES} parts")
        return Condition(whole.node)

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self._tokens[self._index]
        self._index += token.kind is not Kind.END
        return token

    def _sees(self, *signs: str) -> bool:
        return self._next.text in signs and self._next.kind in (Kind.SIGN, Kind.NAME)

    def _sign(self, sign: str, wanted: str = "") -> Token:
        if not self._sees(sign):
            raise self._unexpected(wanted or sign)
        return self._take()

    # Errors

    def _error(self, at: int, found: str, wanted: str) -> ConditionError:
        return ConditionError(self._text, at, found, wanted)

    def _unexpected(self, wanted: str) -> ConditionError:
        token = self._next
        wanted = INSTEAD.get(token.text, wanted)
        return self._error(token.at, short(token.text) or Kind.END.value, wanted)

    def _misfit(self, part: _Part, wanted: str) -> ConditionError:
        return self._error(part.at, f"{self._source(part)} ({part.type})", wanted)

    def _want(self, part: _Part, *wanted: Type) -> _Part:
        if part.type in wanted:
            return part
        raise self._misfit(part, " or ".join(A[one] for one in wanted))

    # Building

    def _part(self, node: Node, at: int, *inside: _Part) -> _Part:
        depth = 1 + max((one.depth for one in inside), default=1 if parts(node) else 0)
        if depth > MAX_DEPTH:
            raise self._error(at, f"{depth} levels", f"at most {MAX_DEPTH} levels")
        return _Part(node, at, self._tokens[self._index - 1].end, depth)

    # Grammar

    def _expression(self) -> _Part:
        self._nested += 1
        if self._nested > MAX_DEPTH:
            raise self._error(self._next.at, f"{self._nested} levels", f"at most {MAX_DEPTH} levels")
        test = self._either()
        if self._sees("?"):
            self._want(test, Type.BOOL)
            self._take()
            then = self._either()
            self._sign(":")
            then, other = _alike(then, self._expression())
            if then.type is not other.type:
                raise self._misfit(other, f"{A[then.type]}, as before the colon")
            test = self._part(Choice(test.node, then.node, other.node), test.at, test, then, other)
        self._nested -= 1
        return test

    def _either(self) -> _Part:
        return self._chain("||", Some, lambda: self._chain("&&", Every, self._relation))

    def _chain(self, sign: str, node: type[Every] | type[Some], operand: Callable[[], _Part]) -> _Part:
        found = [operand()]
        while self._sees(sign):
            self._want(found[-1], Type.BOOL)
            self._take()
            found.append(self._want(operand(), Type.BOOL))
        if len(found) == 1:
            return found[0]
        flat: list[Node] = []
        for one in found:
            flat.extend(one.node.of if isinstance(one.node, node) else (one.node,))
        return self._part(node(tuple(flat)), found[0].at, *found)

    def _relation(self) -> _Part:
        left = self._addition()
        op = next((one for one in RELATIONS if self._sees(one)), None)
        if op is not None:
            self._take()
            left, right = _alike(left, self._addition())
            if left.type is not right.type:
                raise self._misfit(right, f"{A[left.type]}, as {self._source(left)} is")
            if not comparable(op, left.type, right.type):
                raise self._misfit(left, "== or != (true and false have no order)")
            if op in ("==", "!="):
                left, right = self._said(left, right), self._said(right, left)
            left = self._part(Compare(op, left.node, right.node), left.at, left, right)
        elif self._sees("in"):
            left = self._among(left)
        if self._sees("in", *RELATIONS):
            raise self._unexpected("one comparison at a time, joined by &&")
        return left

    def _among(self, item: _Part) -> _Part:
        self._take()
        self._sign("[", "a list, like ['CN', 'SG']")
        among: list[_Part] = []
        while not among or self._sees(","):
            if among:
                self._take()
            among.append(self._expression())
        self._sign("]", ", or ]")
        item, *among = _alike(item, *among)
        for one in among:
            if one.type is not item.type:
                raise self._misfit(one, f"{A[item.type]}, as {self._source(item)} is")
        among = [self._said(one, item) for one in among]
        return self._part(Among(item.node, tuple(one.node for one in among)), item.at, item, *among)

    def _addition(self) -> _Part:
        left = self._unary()
        while self._sees("+", "-"):
            sign = self._take()
            left, right = _alike(left, self._unary())
            if sum_type(sign.text, left.type, right.type) is None:
                raise self._misfit(right, f"what {sign.text} joins to {self._source(left)} ({left.type})")
            left = self._part(Sum("+" if sign.text == "+" else "-", left.node, right.node), left.at, left, right)
        return left

    def _unary(self) -> _Part:
        signs: list[Token] = []
        while self._sees("!", "-"):
            signs.append(self._take())
        found = self._member()
        for sign in reversed(signs):
            node: Node
            if sign.text == "!":
                node = Not(self._want(found, Type.BOOL).node)
            elif isinstance(found.node, Literal) and isinstance(found.node.value, (int, Decimal)):
                self._want(found, Type.INT, Type.NUMBER)
                found = _Part(Literal(found.type, -found.node.value + 0), sign.at, found.end, found.depth)
                continue
            else:
                node = Minus(self._want(found, Type.INT, Type.NUMBER).node)
            found = self._part(node, sign.at, found)
        return found

    def _member(self) -> _Part:
        found = self._primary()
        while self._sees(".", "["):
            if self._take().text == "[":
                raise self._error(self._tokens[self._index - 1].at, "[", "an operator (nothing here has an index)")
            found = self._method(found)
        return found

    def _method(self, target: _Part) -> _Part:
        name = self._take()
        op = next((one for one in SEARCHES if one == name.text), None)
        if op is None and name.text != "size":
            wanted = REFUSED.get(name.text) or f"one of {', '.join(SEARCHES)}, size{near(name.text, SEARCHES)}"
            raise self._error(name.at, short(name.text) or "the end", wanted)
        self._want(target, Type.STRING)
        self._sign("(")
        if op is None:
            self._sign(")")
            return self._part(Size(target.node), target.at, target)
        part = self._want(self._expression(), Type.STRING)
        self._sign(")")
        return self._part(Find(op, target.node, part.node), target.at, target, part)

    def _primary(self) -> _Part:
        token = self._next
        if token.kind is Kind.NAME:
            return self._named()
        if self._sees("("):
            self._take()
            inside = self._expression()
            self._sign(")", "an operator, or )")
            return inside
        if self._sees("["):
            raise self._unexpected("a value (a list stands to the right of `in` only)")
        if token.value is None:
            raise self._unexpected(f"a value, like {self._kind}.country or 'CN'")
        self._take()
        kinds = {Kind.STRING: Type.STRING, Kind.INT: Type.INT, Kind.NUMBER: Type.NUMBER}
        return self._part(Literal(kinds[token.kind], token.value), token.at)

    # Names and functions

    def _named(self) -> _Part:
        name = self._take()
        if name.text in ("true", "false"):
            return self._part(Literal(Type.BOOL, name.text == "true"), name.at)
        if name.text == "null":
            raise self._error(name.at, "null", f"has({self._kind}.country), which asks whether a fact is there")
        if self._sees("("):
            return self._call(name)
        node = self._word(name)
        return self._part(node, name.at)

    def _word(self, group: Token) -> Fact | Mark:
        """The fact or mark whose name begins with this token."""
        facts, full = self._vocabulary.facts, group.text
        if self._sees(".") and self._tokens[self._index + 1].kind is Kind.NAME:
            self._take()
            full = f"{group.text}.{self._take().text}"
        if group.text in RESERVED or full.rpartition(".")[2] in NO_FIELDS:
            raise self._error(group.at, full, "a fact or a mark whose name is free in CEL (this one is its own word)")
        word = facts.get(full.removeprefix(f"{self._kind}."))
        if group.text == self._kind and full != group.text and word is not None:
            if full in self._vocabulary.marks:
                raise self._error(group.at, full, "a name that is not both a fact and a mark")
            return Fact(self._kind, full.partition(".")[2], TYPE_OF[word.type], word.default)
        if full in self._vocabulary.marks:
            return Mark(full)
        known = [f"{self._kind}.{fact}" for fact in facts] + sorted(self._vocabulary.marks)
        instead = f"{self._kind}.{full.rpartition('.')[2]}"
        meant = f"; did you mean {instead}?" if instead in known else near(full, known)
        wanted = INSTEAD.get(full) or REFUSED.get(full) or f"a fact of {self._kind} or a mark{meant}"
        raise self._error(group.at, short(full), wanted)

    def _call(self, name: Token) -> _Part:
        if name.text not in FUNCTIONS:
            wanted = REFUSED.get(name.text) or f"one of {', '.join(FUNCTIONS)}{near(name.text, FUNCTIONS)}"
            raise self._error(name.at, f"{short(name.text)}()", wanted)
        self._sign("(")
        if name.text == "size":
            of = self._want(self._expression(), Type.STRING)
            self._sign(")")
            return self._part(Size(of.node), name.at, of)
        node = {"has": self._has, "money": self._money, "timestamp": self._timestamp, "duration": self._duration}[
            name.text
        ]()
        self._sign(")")
        return self._part(node, name.at)

    def _has(self) -> Node:
        if self._next.kind is not Kind.NAME:
            raise self._unexpected(f"a fact or a mark, like {self._kind}.country")
        return Has(self._word(self._take()))

    def _money(self) -> Node:
        amount = self._read(read_money, 'an amount, like "199.00"')
        self._sign(",", f", and the currency, like 'CNY' or {self._kind}.{CURRENCY}")
        if self._next.kind is Kind.NAME:
            at = self._next.at
            currency = self._word(self._take())
            if isinstance(currency, Mark) or currency.name != CURRENCY:
                raise self._error(
                    at, short(self._text[at : self._tokens[self._index - 1].end]), f"{self._kind}.{CURRENCY}"
                )
            return Money(amount, currency)
        return Money(amount, str(self._read(lambda text: read_fact(FactType.CURRENCY, text), "a currency, like 'CNY'")))

    def _timestamp(self) -> Node:
        return Literal(Type.TIMESTAMP, self._read(read_timestamp, "an instant, like '2026-11-20T10:00:00Z'"))

    def _duration(self) -> Node:
        return Literal(Type.DURATION, self._read(read_span, "a duration, like '48h'"))

    def _read(self, read: Callable[[str], _T], wanted: str) -> _T:
        """The value of a string literal."""
        token = self._next
        if token.kind is not Kind.STRING:
            raise self._unexpected(wanted)
        self._take()
        try:
            return read(str(token.value))
        except ValueError as error:
            raise self._error(token.at, short(token.text), str(error)) from None

    def _source(self, part: _Part) -> str:
        return short(self._text[part.at : part.end])

    def _said(self, literal: _Part, fact: _Part) -> _Part:
        """A string that is compared with a fact, in the one spelling in which the fact may be said."""
        if not isinstance(literal.node, Literal) or not isinstance(fact.node, Fact) or fact.type is not Type.STRING:
            return literal
        word = self._vocabulary.facts[fact.node.name]
        try:
            said = read_fact(word.type, literal.node.value)
        except ValueError as error:
            raise self._error(literal.at, self._source(literal), f"{error}, as {self._source(fact)} is") from None
        assert isinstance(said, str)
        return _Part(Literal(Type.STRING, said), literal.at, literal.end, literal.depth)


def _alike(*found: _Part) -> list[_Part]:
    """Int literals beside a number are numbers."""
    if all(one.type is not Type.NUMBER for one in found):
        return list(found)
    return [_as_number(one) for one in found]


def _as_number(part: _Part) -> _Part:
    if part.type is not Type.INT or not isinstance(part.node, Literal):
        return part
    return _Part(Literal(Type.NUMBER, Decimal(int(str(part.node.value)))), part.at, part.end, part.depth)
