"""The stored form of a case: nothing lost, small, refused when it is of a later program, and frozen once published."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.case import Action, Case, CaseId, ClockState, Ledger, StepState
from chalicelib.core.events import Link, Subject
from chalicelib.core.evidence import Evidence, FactRegister, MarkRegister, Order
from chalicelib.core.instants import from_ms, to_ms
from chalicelib.core.words import ActionState, Status
from chalicelib.ports import forms
from chalicelib.ports.forms import FORM, decode, encode, over_limit
from chalicelib.ports.stores import Newer

ID = CaseId("main", "shop-1", Subject("order", "5183749201773"))
PLACED = datetime(2026, 11, 20, 9, 58, tzinfo=UTC)


def order_case() -> Case:
    """An order as the commonest platform sends it: 4 marks, 5 facts, 2 clocks, one step with an action."""
    push: Order = (1, to_ms(PLACED), False, 1)
    later: Order = (1, to_ms(PLACED) + 90_061_123, False, 1)
    due, shipped = PLACED + timedelta(days=2), PLACED + timedelta(hours=25)
    return Case(
        ID,
        Evidence(
            {
                ("order.placed", ""): MarkRegister(PLACED, None, "platform", push),
                ("order.paid", ""): MarkRegister(PLACED + timedelta(seconds=41), Decimal("199.00"), "platform", push),
                ("order.part_shipped", "4781230956"): MarkRegister(shipped, None, "platform", later),
                ("order.shipped", ""): MarkRegister(shipped, None, "derived", later),
            },
            {
                ("country", "platform"): FactRegister("CN", push),
                ("currency", "platform"): FactRegister("CNY", push),
                ("amount", "platform"): FactRegister(Decimal("199.00"), push),
                ("seller", "platform"): FactRegister("vendor-2291", push),
                ("ship_by", "platform"): FactRegister(due, later),
            },
            {},
            frozenset({Link("basket", "order", "5183749201")}),
        ),
        Ledger(
            {
                "ship-by": ClockState(
                    Status.MET, PLACED, due, None, shipped, "cn-consumer@3", "Asia/Shanghai", "CN@9f2c1a"
                ),
                "deliver-by": ClockState(
                    Status.RUNNING, PLACED, due + timedelta(days=5), date(2026, 11, 27), None,
                    "cn-consumer@3", "Asia/Shanghai", "CN@9f2c1a",
                ),
            },
            {("ship-by", "eve"): StepState(due - timedelta(days=1), 1, "cn-consumer@3")},
            {"ship-by|eve|1|0": Action("remind_seller", ActionState.DONE, "cn-consumer@3", due - timedelta(days=1), 1)},
        ),
        due + timedelta(days=5),
        7,
    )  # fmt: skip


text = st.text(max_size=12)
names = st.one_of(st.sampled_from(["order.placed", "amount", "ship-by", "a|b.c", "名", ""]), text)
moments = st.one_of(
    st.integers(to_ms(datetime(2020, 1, 1, tzinfo=UTC)), to_ms(datetime(2030, 1, 1, tzinfo=UTC))),
    st.integers(to_ms(datetime(1, 1, 1, tzinfo=UTC)), to_ms(datetime(9999, 12, 31, tzinfo=UTC))),
).map(from_ms)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
orders = st.one_of(
    st.tuples(st.just(1), moments.map(to_ms), st.booleans(), st.integers(0, 9)),
    st.tuples(st.just(0), st.integers(0, 2**63), st.booleans(), st.integers(0, 9)),
)
sources = st.sampled_from(["platform", "storefront", "derived", "decision"])
values = st.one_of(st.none(), text, decimals, moments, st.dates(), st.booleans())
evidences = st.builds(
    Evidence,
    st.dictionaries(
        st.tuples(names, text),
        st.builds(MarkRegister, st.none() | moments, st.none() | decimals, sources, orders),
        max_size=5,
    ),
    st.dictionaries(st.tuples(names, sources), st.builds(FactRegister, values, orders), max_size=6),
    st.dictionaries(st.tuples(names, sources), orders, max_size=3),
    st.frozensets(st.builds(Link, text, text, text), max_size=3),
)
clocks = st.builds(
    ClockState, st.sampled_from(Status), moments, st.none() | moments, st.none() | st.dates(), st.none() | moments,
    text, text, text,
)  # fmt: skip
steps = st.builds(StepState, moments, st.integers(1, 99), text, st.booleans(), st.booleans())
actions = st.builds(
    Action, text, st.sampled_from(ActionState), text, moments, st.integers(0, 99), st.none() | moments, text, text,
    text, st.booleans(), st.booleans(),
)  # fmt: skip
ledgers = st.builds(
    Ledger,
    st.dictionaries(names, clocks, max_size=3),
    st.dictionaries(st.tuples(names, names), steps, max_size=3),
    st.dictionaries(names, actions, max_size=3),
    st.booleans(),
)
cases = st.builds(Case, st.just(ID), evidences, ledgers, st.none() | moments, st.integers(0, 10**6))


def kept(case: Case) -> Case:
    return decode(encode(case), case.id, case.version, case.wake_at)


@given(cases)
@settings(max_examples=400, deadline=None)
def test_a_case_comes_back_as_it_was_stored(case: Case) -> None:
    again = kept(case)
    assert again == case
    # Equality alone would take 1.0 for 1.
    assert sorted(map(repr, again.evidence.facts.items())) == sorted(map(repr, case.evidence.facts.items()))
    assert sorted(map(repr, again.evidence.marks.items())) == sorted(map(repr, case.evidence.marks.items()))


def turn(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(reversed(list(mapping.items())))


@given(cases)
@settings(max_examples=100, deadline=None)
def test_bytes_do_not_depend_on_the_order_in_which_a_case_was_built(case: Case) -> None:
    evidence, ledger = case.evidence, case.ledger
    turned = replace(
        case,
        evidence=Evidence(
            turn(evidence.marks), turn(evidence.facts), turn(evidence.wholes),
            frozenset(reversed(list(evidence.links))),
        ),
        ledger=Ledger(
            turn(ledger.clocks), turn(ledger.steps), turn(ledger.actions), ledger.full,
        ),
    )  # fmt: skip
    assert encode(turned) == encode(case)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (True, "a flag is not the number 1"),
        (False, "nor absent"),
        (None, "what was taken back is not what was never said"),
        ("", "empty text is not what was taken back"),
        (Decimal("1.50"), "the zero at the end is kept"),
        (Decimal("1E+3"), "an exponent too"),
        (date(2026, 11, 20), "a day is not its midnight"),
        (datetime(2026, 11, 20, tzinfo=UTC), "nor the midnight the day"),
        (PLACED, "an instant equal to the base"),
        (datetime(2026, 11, 20, 9, 58, 0, 1000, tzinfo=UTC), "one millisecond"),
        ("2026-11-20", "text that looks like a day stays text"),
        ("名\U0001f4e6\u0000\"\\", "any text"),
    ],
)  # fmt: skip
def test_a_fact_keeps_its_type(value: object, why: str) -> None:
    case = order_case()
    register = FactRegister(value, (0, 3, True, 2))  # type: ignore[arg-type]
    case = replace(case, evidence=replace(case.evidence, facts={("x", "decision"): register}))
    again = kept(case).evidence.facts["x", "decision"]
    assert (again, type(again.value), repr(again)) == (register, type(value), repr(register)), why


def test_a_value_of_a_foreign_type_is_refused_not_stored() -> None:
    case = Case(ID, Evidence({}, {("amount", "platform"): FactRegister(1.5, (0, 1, False, 0))}))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fact amount: found float"):
        encode(case)


def test_an_order_fits_well_into_one_write_unit() -> None:
    """The item has a body, its key twice (once in the wake) and the names of six attributes: 1,024 bytes in all."""
    beside = 2 * len(str(ID)) + len("keynbodywake_bucketwake_at") + len("29386120#63") + 14 + 4
    assert len(encode(order_case())) + beside < 600


def test_a_long_life_still_fits_into_one_write_unit() -> None:
    """Every step of both clocks taken, each with an action that has its outcome: a case at the 95th percentile."""
    case = order_case()
    steps, actions = dict(case.ledger.steps), dict(case.ledger.actions)
    for clock in ("ship-by", "deliver-by"):
        for number, step in enumerate(("half", "eve", "due", "fine-line")):
            steps[clock, step] = StepState(PLACED + timedelta(days=number), 1, "cn-consumer@3", False, number == 3)
            actions[f"{clock}|{step}|1|0"] = Action(
                "remind_seller", ActionState.DONE, "cn-consumer@3", PLACED + timedelta(milliseconds=number), 1,
                handle=f"gid://shopify/Refund/{90817236450 + 7919 * number}",
            )  # fmt: skip
    grown = replace(case, ledger=replace(case.ledger, steps=steps, actions=actions))
    assert len(encode(grown)) + 180 < 1024


@pytest.mark.parametrize("form", [FORM + 1, 255])
def test_a_later_form_goes_back_to_the_queue(form: int) -> None:
    with pytest.raises(Newer, match=str(form)):
        decode(bytes([form]) + b"whatever a later program writes", ID, 1, None)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "nothing stored"),
        (b"\x00" + encode(order_case())[1:], "form 0 was never written"),
        (bytes([FORM]), "no payload"),
        (encode(order_case())[:-20], "cut off"),
        (bytes([FORM]) + zlib.compress(b"[1]"), "not deflated as ours"),
    ],
)
def test_what_is_no_form_is_an_error_that_names_the_case(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match="main:shop-1:order/5183749201773"):
        decode(body, ID, 1, None)


def test_bytes_written_by_the_first_program_are_still_read() -> None:
    """If this fails, form 1 changed and stored cases are lost: give the new layout a new number instead."""
    stored = json.dumps(
        [1795168680,
         [["platform", 60.5, 5, [["order.placed", 0], ["order.paid", None, "x", "9.90"]], [["ship_by", [3]]], []]],
         [["basket", "order", "7"]], [["r#1", "paused", 0, 10, 2, 5, "p@1", "UTC"]], [["r#1", "due", 10, 2, "p@1", 3]],
         [["r#1|due|2|0", "refund", "sending", "p@1", 10, 1, 70]], True]
    ).encode()  # fmt: skip
    deflate = zlib.compressobj(9, zlib.DEFLATED, -13, zdict=forms._COMMON)
    base = from_ms(1795168680000)
    assert zlib.crc32(forms._COMMON) == 2671967215
    order: Order = (1, to_ms(base) + 60_500, True, 1)
    assert decode(b"\x01" + deflate.compress(stored) + deflate.flush(), ID, 4, base) == Case(
        ID,
        Evidence(
            {
                ("order.placed", ""): MarkRegister(base, None, "platform", order),
                ("order.paid", "x"): MarkRegister(None, Decimal("9.90"), "platform", order),
            },
            {("ship_by", "platform"): FactRegister(base.date() + timedelta(days=3), order)},
            {},
            frozenset({Link("basket", "order", "7")}),
        ),
        Ledger(
            {"r#1": ClockState(Status.PAUSED, base, base + timedelta(seconds=10), base.date() + timedelta(days=2),
                               base + timedelta(seconds=5), "p@1", "UTC", "")},
            {("r#1", "due"): StepState(base + timedelta(seconds=10), 2, "p@1", True, True)},
            {"r#1|due|2|0": Action("refund", ActionState.SENDING, "p@1", base + timedelta(seconds=10), 1,
                                   base + timedelta(seconds=70))},
            True,
        ),
        base,
        4,
    )  # fmt: skip


def marks(count: int) -> Case:
    order: Order = (0, 1, False, 0)
    return Case(
        ID,
        Evidence({("order.part_shipped", str(n)): MarkRegister(PLACED, None, "platform", order) for n in range(count)}),
    )


def facts(count: int) -> Case:
    return Case(ID, Evidence({}, {(f"f{n}", "platform"): FactRegister("x", (0, 1, False, 0)) for n in range(count)}))


def links(size: int) -> Case:
    """Links that hardly compress."""
    noise = b"".join(zlib.crc32(str(n).encode()).to_bytes(4, "big") for n in range(size // 4)).hex()
    return Case(ID, Evidence(links=frozenset({Link("basket", "order", noise)})))


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (marks(256), None),
        (marks(257), "257 marks"),
        (facts(128), None),
        (facts(129), "129 facts"),
        (links(50_000), None),
        (links(80_000), "bytes, at most 65536"),
    ],
)
def test_a_case_beyond_a_limit_says_which(case: Case, reason: str | None) -> None:
    found = over_limit(case)
    assert found is None if reason is None else found is not None and reason in found
