"""Hypothesis strategies: small histories of one order that collide as often as possible, and rules over them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.rules import (
    Activation,
    Days,
    Do,
    FromDue,
    FromStart,
    Pause,
    Point,
    Policies,
    Policy,
    Reaches,
    Rule,
    Share,
    Span,
    Step,
    Until,
)

T0 = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECT = Subject("order", "1001")
MARKS = ("order.placed", "order.shipped", "order.cancelled", "inspection.started", "inspection.ended", "refund.paid")
FACTS = ("ship_by", "amount", "country", "channel")


def hours(count: int) -> datetime:
    return T0 + timedelta(hours=count)


instants = st.integers(0, 60).map(hours)
versions = st.one_of(st.integers(0, 4), st.integers(0, 4).map(hours))
amounts = st.sampled_from([Decimal("1"), Decimal("2.50"), Decimal("10")])

marks = st.builds(
    Mark,
    name=st.sampled_from(MARKS),
    at=st.one_of(st.none(), instants, instants),
    of=st.sampled_from(["", "", "a", "b"]),
    version=st.one_of(st.none(), st.none(), versions),
    value=st.one_of(st.none(), amounts),
)


@st.composite
def facts(draw: st.DrawFn) -> dict:
    told: dict = {}
    for name in draw(st.sets(st.sampled_from(FACTS), max_size=2)):
        value = {
            "ship_by": st.one_of(instants, instants.map(datetime.date)),
            "amount": amounts,
            "country": st.sampled_from(["CN", "DE"]),
            "channel": st.just("web"),
        }[name]
        told[name] = draw(st.one_of(value, value, st.none()))
    return told


events = st.builds(
    Event,
    id=st.uuids().map(str),
    subject=st.just(SUBJECT),
    occurred_at=instants,
    version=versions,
    source=st.sampled_from(["platform", "platform", "storefront", "decision", "derived"]),
    look=st.booleans(),
    reading=st.integers(0, 1),
    marks=st.lists(marks, max_size=3).map(tuple),
    facts=facts(),
    whole=st.sets(st.sampled_from(MARKS), max_size=1).map(frozenset),
)
histories = st.lists(events, max_size=8)

DO = (Do("alert", {"severity": "error"}),)
PENALTY = (Do("penalise", {"code": "late", "points": 4}), Do("tag", {"tag": "late"}))
steps = st.lists(
    st.builds(
        lambda at, do: (at, do),
        st.one_of(
            st.integers(0, 40).map(lambda h: FromStart(h * 3600)),
            st.integers(-40, 40).map(lambda h: FromDue(h * 3600)),
            st.integers(0, 100).map(Share),
        ),
        st.sampled_from([DO, PENALTY]),
    ),
    max_size=4,
).map(lambda found: tuple(Step(f"s{n}", at, do) for n, (at, do) in enumerate(found)))

rules = st.builds(
    Rule,
    id=st.just("ship-by"),
    applies_to=st.just("order"),
    start=st.builds(
        Point, st.just("order.placed"), st.sampled_from(["first", "last", "each"]), st.sampled_from([0, 7200])
    ),
    stop=st.sampled_from(
        [(Point("order.shipped"),), (Reaches("refund.paid", "amount"),), (Point("order.shipped", "last"),)]
    ),
    limit=st.one_of(
        st.integers(0, 30).map(lambda h: Span(h * 3600)),
        st.integers(0, 2).map(lambda d: Days(d)),
        st.just(Until("ship_by")),
    ),
    void=st.sampled_from([(), (Point("order.cancelled"),)]),
    pause=st.sampled_from([(), (Pause("inspection.started", "inspection.ended"),)]),
    steps=steps,
    calendar=st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
)


def policy(*found: Rule, number: int = 1) -> Policy:
    return Policy("p", number, f"digest-{number}", found)


def always(rule: Rule) -> Policies:
    return Policies.always(policy(rule))


def with_second(first: Rule, second: Rule, at: datetime) -> Policies:
    return Policies((Activation(policy(first)), Activation(policy(second, number=2), at, retroactive=True)))
