"""Google's CEL is the oracle of ours: its checker accepts what our reader accepts, its evaluator answers as ours does.

To its checker a subject is a message with a typed, optional field for each fact and mark; money is its `uint`, which
like ours mixes with no other number. To its evaluator a subject is a map with the values that are known, so that an
absent one is an error, which is what we call missing.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.core.condition_tree import TYPE_OF, Type
from chalicelib.core.conditions import Condition, Missing, evaluate, show
from chalicelib.core.events import FactValue
from chalicelib.core.words import CORE
from chalicelib.rules.conditions import ConditionError, parse

WHY = "GOOGLE'S CEL IS NOT HERE, so nothing checks our conditions against it (pip install -r requirements-dev.txt)"
cel: Any = pytest.importorskip("cel_expr_python.cel", reason=WHY)
pb: Any = pytest.importorskip("google.protobuf.descriptor_pb2", reason=WHY)
pools: Any = pytest.importorskip("google.protobuf.descriptor_pool", reason=WHY)
stamps: Any = pytest.importorskip("google.protobuf.timestamp_pb2", reason=WHY)

KIND = "refund"
FIELD = pb.FieldDescriptorProto
FIELDS = {
    Type.BOOL: FIELD.TYPE_BOOL,
    Type.STRING: FIELD.TYPE_STRING,
    Type.NUMBER: FIELD.TYPE_DOUBLE,
    Type.MONEY: FIELD.TYPE_UINT64,
    Type.TIMESTAMP: FIELD.TYPE_MESSAGE,
}
FACTS = {f"{KIND}.{name}": TYPE_OF[word.type] for name, word in CORE.facts.items()}
NAMES = {**dict.fromkeys(sorted(CORE.marks), Type.TIMESTAMP), **FACTS}
GROUPS = sorted({name.partition(".")[0] for name in NAMES} - {"return"})


def money_as(kind: Any) -> Any:
    parameters = [cel.Type.STRING, cel.Type.STRING]
    overload = cel.Overload("money(string,string)", return_type=kind, parameters=parameters, impl=_money)
    return [cel.FunctionDecl("money", [overload])]


case_currency: list[str] = []


def _money(amount: str, currency: str) -> float:
    if case_currency != [currency]:
        raise ValueError("not the currency of the case")
    return float(amount)


def checking() -> Any:
    pool = pools.DescriptorPool()
    pool.AddSerializedFile(stamps.DESCRIPTOR.serialized_pb)
    file = pb.FileDescriptorProto(name="r.proto", package="r", syntax="proto2", dependency=[stamps.DESCRIPTOR.name])
    for group in GROUPS:
        message = file.message_type.add(name=group.title())
        for number, name in enumerate(name for name in NAMES if name.startswith(f"{group}.")):
            kind = FIELDS[NAMES[name]]
            field = message.field.add(
                name=name.partition(".")[2], number=number + 1, type=kind, label=FIELD.LABEL_OPTIONAL
            )
            if kind == FIELD.TYPE_MESSAGE:
                field.type_name = ".google.protobuf.Timestamp"
    pool.Add(file)
    variables = {group: cel.Type(f"r.{group.title()}") for group in GROUPS}
    return cel.NewEnv(pool, variables=variables, functions=money_as(cel.Type.UINT))


CHECKER = checking()
EVALUATOR = cel.NewEnv(
    pools.Default(),
    variables={group: cel.Type.Map(cel.Type.STRING, cel.Type.DYN) for group in GROUPS},
    functions=money_as(cel.Type.DOUBLE),
)


def google_accepts(text: str) -> bool:
    try:
        return bool(CHECKER.compile(text).return_type() == cel.Type.BOOL)
    except RuntimeError:
        return False


class Case:
    """A case as both sides see it."""

    def __init__(self, values: Mapping[str, FactValue]) -> None:
        self.values = values

    def fact(self, name: str) -> FactValue | None:
        return self.values.get(f"{KIND}.{name}")

    def mark(self, name: str) -> datetime | None:
        at = self.values.get(name)
        return at if isinstance(at, datetime) else None

    def google(self, text: str) -> bool | None:
        """What Google's evaluator answers; None for an error."""
        data: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
        for name, value in self.values.items():
            group, _, field = name.partition(".")
            if isinstance(value, datetime):
                stamp = stamps.Timestamp()
                stamp.FromDatetime(value)
                data[group][field] = stamp
            else:
                data[group][field] = float(value) if isinstance(value, Decimal) else value
        currency = self.values.get(f"{KIND}.currency")
        case_currency[:] = [str(currency)] if currency is not None else []
        answer = EVALUATOR.compile(text).eval(data=data)
        if answer.type() == cel.Type.ERROR:
            return None
        assert answer.type() == cel.Type.BOOL, f"{text} is {answer.type().name()} to Google"
        return bool(answer.value())


T0 = datetime(2026, 3, 1, tzinfo=UTC)
CODES = ["CN", "DE", "USA", "food/fresh", "é", "it's", 'a"b', "back\\slash"]
quarters = st.integers(-12, 40).map(lambda n: Decimal(n) / 4)
instants = st.integers(-8, 8).map(lambda n: T0 + timedelta(milliseconds=n * 900_500))
VALUES: dict[Type, st.SearchStrategy[FactValue]] = {
    Type.BOOL: st.booleans(),
    Type.STRING: st.sampled_from(CODES),
    Type.NUMBER: quarters,
    Type.MONEY: quarters.map(abs),
    Type.TIMESTAMP: instants,
}
# Few names, so that those of a condition are often those of a case.
READ = {
    name: NAMES[name]
    for name in (
        *("refund.category", "refund.reason", "refund.score", "refund.pieces", "refund.amount", "refund.refunded"),
        *("refund.goods_expected", "refund.ship_by", "refund.respond_by"),
        *("refund.approved", "order.placed", "complaint.opened"),
    )
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    known = draw(st.lists(st.sampled_from(sorted(READ)), unique=True))
    values: dict[str, FactValue] = {name: draw(VALUES[READ[name]]) for name in known}
    currency = draw(st.sampled_from([None, "CNY", "CNY", "USD"]))
    return Case(values if currency is None else {**values, "refund.currency": currency})


def quoted(text: str, mark: str) -> str:
    return mark + text.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark


def leaf(kind: Type, ints: bool) -> st.SearchStrategy[str]:
    """The text of a literal or a name."""
    names = [name for name, of in READ.items() if of is kind]
    match kind:
        case Type.BOOL:
            literals = st.sampled_from(["true", "false", *(f"has({name})" for name in READ)])
        case Type.STRING:
            literals = st.builds(quoted, st.sampled_from(CODES), st.sampled_from("'\""))
        case Type.INT:
            literals = st.integers(0, 9).map(str)
        case Type.NUMBER:
            floats = st.integers(0, 40).map(lambda n: str(n / 4))
            literals = floats | st.integers(0, 9).map(str) if ints else floats
        case Type.MONEY:
            currencies = st.sampled_from(["'CNY'", "'USD'", "refund.currency"])
            literals = st.builds("money('{}', {})".format, st.integers(0, 40).map(lambda n: n / 4), currencies)
        case Type.TIMESTAMP:
            zones = st.sampled_from(["2026-03-01T00:00:00Z", "2026-03-01T08:00:00.500+08:00", "2026-02-28T23:45:00.1Z"])
            literals = zones.map("timestamp('{}')".format)
        case Type.DURATION:
            literals = st.sampled_from(["0s", "15m", "1h30m", "-1h", "900500ms", "2h0m1s"]).map("duration('{}')".format)
    return literals | st.sampled_from(names) if names else literals


@st.composite
def texts(draw: st.DrawFn, kind: Type, depth: int, wrong: bool = False, ints: bool = False, exact: bool = False) -> str:
    """An expression of a type; with `wrong` sometimes of another, here (unless `exact`) or deeper inside."""
    if wrong and not exact and draw(st.integers(0, 19)) == 0:
        kind = draw(st.sampled_from(list(Type)))

    def inner(of: Type, exact: bool = False) -> str:
        text = draw(texts(of, depth - 1, wrong, ints, exact))
        plain = text.replace(".", "").replace("_", "").isalnum()
        return text if plain and draw(st.booleans()) else f"({text})"

    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(leaf(kind, ints))
    shapes: list[str] = ["choice"]
    if kind is Type.BOOL:
        shapes += ["not", "logic", "logic", "order", "equal", "in", "search"]
    elif kind in (Type.INT, Type.NUMBER):
        shapes += ["minus", "sum"] + (["size"] if kind is Type.INT else [])
    elif kind is not Type.STRING:
        shapes += ["sum"]
    match draw(st.sampled_from(shapes)):
        case "choice":
            return f"{inner(Type.BOOL)} ? {inner(kind, exact)} : {inner(kind, exact)}"
        case "not":
            return "!" + inner(Type.BOOL)
        case "minus":
            return "-" + inner(kind)
        case "size":
            return f"size({inner(Type.STRING)})" if draw(st.booleans()) else f"{inner(Type.STRING)}.size()"
        case "logic":
            count = draw(st.integers(2, 3))
            sign = draw(st.sampled_from([" && ", " || ", "||", "  &&\n "]))
            return sign.join(inner(Type.BOOL) for _ in range(count))
        case "order":
            of = draw(st.sampled_from([one for one in Type if one is not Type.BOOL]))
            return f"{inner(of)} {draw(st.sampled_from(['<', '<=', '>', '>=']))} {inner(of)}"
        case "equal":
            of = draw(st.sampled_from(list(Type)))
            return f"{inner(of)} {draw(st.sampled_from(['==', '!=']))} {inner(of)}"
        case "in":
            of = draw(st.sampled_from(list(Type)))
            among = ", ".join(inner(of, exact=True) for _ in range(draw(st.integers(1, 3))))
            return f"{inner(of, exact=True)} in [{among}]"
        case "search":
            how = draw(st.sampled_from(["startsWith", "endsWith", "contains"]))
            return f"{inner(Type.STRING)}.{how}({inner(Type.STRING)})"
        case _:
            ways = {
                Type.TIMESTAMP: [(Type.TIMESTAMP, "+-", Type.DURATION), (Type.DURATION, "+", Type.TIMESTAMP)],
                Type.DURATION: [(Type.DURATION, "+-", Type.DURATION), (Type.TIMESTAMP, "-", Type.TIMESTAMP)],
            }
            left, signs, right = draw(st.sampled_from(ways.get(kind, [(kind, "+-", kind)])))
            return f"{inner(left)} {draw(st.sampled_from(signs))} {inner(right)}"


def ours(text: str) -> Condition | ConditionError:
    try:
        return parse(text, CORE, KIND)
    except ConditionError as error:
        return error


SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
INT = re.compile(r"(?<![\w.])[0-9]+(?![\w.])")
DOCUMENTED = (
    "true and false have no order",  # CEL orders them
    "levels",  # our bound on depth
    "parts",  # our bound on size
)


@SETTINGS
@given(texts(Type.BOOL, 3, wrong=True))
def test_google_accepts_exactly_what_we_accept(text: str) -> None:
    read = ours(text)
    if isinstance(read, ConditionError):
        assume(not any(word in read.wanted for word in DOCUMENTED))
        assert not google_accepts(text), f"{text}\nis refused by us: {read}"
    else:
        # An int literal beside a number, which CEL wants written as 3.0, is the one thing that we take beyond CEL.
        assert google_accepts(text) or (INT.search(text) and google_accepts(show(read))), text


@SETTINGS
@given(texts(Type.BOOL, 3, ints=True), cases())
def test_google_answers_what_we_answer(text: str, case: Case) -> None:
    read = ours(text)
    assume(isinstance(read, Condition))
    assert isinstance(read, Condition)
    canonical = show(read)
    assert google_accepts(canonical), f"{text}\nis shown as {canonical}"
    found = evaluate(read, case)
    assert (None if isinstance(found, Missing) else found) == case.google(canonical), canonical


@SETTINGS
@given(texts(Type.BOOL, 3), cases())
def test_the_text_itself_means_to_google_what_it_means_to_us(text: str, case: Case) -> None:
    read = ours(text)
    assert isinstance(read, Condition), f"{text}\nis refused by us: {read}"
    found = evaluate(read, case)
    assert (None if isinstance(found, Missing) else found) == case.google(text)


decimals = st.decimals(-(10**9), 10**9, places=2) | st.decimals(0, 1, places=9) | st.integers(-999, 999).map(Decimal)


@SETTINGS
@given(decimals, decimals, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.booleans())
def test_decimals_of_fifteen_digits_compare_as_googles_doubles_do(
    value: Decimal, literal: Decimal, op: str, same: bool
) -> None:
    literal = value if same else literal
    number = parse(f"refund.score {op} {literal:.9f}", CORE, KIND)
    money = parse(f"refund.amount {op} money('{literal:.6f}', 'CNY')", CORE, KIND)
    paid = value.quantize(Decimal("0.000001"))
    case = Case({"refund.score": value, "refund.amount": paid, "refund.currency": "CNY"})
    assert evaluate(number, case) == case.google(show(number))
    assert evaluate(money, case) == case.google(show(money))


OUTSIDE = [
    ("return.received == return.received", "return is a word of CEL"),
    ("refund.country == 3", "types"),
    ("refund.nothing", "names"),
    ("refund.amount > 3.0", "money is no number"),
    ("-refund.amount < refund.amount", "money has no sign"),
    ("refund.ship_by + refund.ship_by > refund.ship_by", "instants do not add up"),
    ("refund.pieces", "not true or false"),
    ("has(refund)", "has() asks for a fact"),
]


@pytest.mark.parametrize(("text", "why"), OUTSIDE)
def test_what_google_refuses_we_refuse(text: str, why: str) -> None:
    assert not google_accepts(text), why
    assert isinstance(ours(text), ConditionError), why
