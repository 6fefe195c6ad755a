"""Hypothesis strategies: small histories of one order that collide as often as possible, and rules over them that use
every ability of the language."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.core.conditions import Condition
from chalicelib.core.events import Event, Link, Mark, Subject
from chalicelib.core.rules import (
    After,
    Ahead,
    AllOf,
    ByPlace,
    Days,
    Do,
    EarlierOf,
    Extension,
    FromDue,
    FromStart,
    FromStep,
    LaterOf,
    Least,
    Months,
    Most,
    OnCalendar,
    OnDate,
    OwnLimit,
    Pause,
    Point,
    Policy,
    Reaches,
    Roll,
    Rule,
    Share,
    Silence,
    Span,
    Step,
    Until,
    WorkingDays,
    WorkingSpan,
)
from chalicelib.core.versions import Activation, Policies
from chalicelib.core.words import CORE
from chalicelib.rules.conditions import parse

# The Thursday before Spring Festival: 14 February is made up, 15 to 23 February are off.
T0 = datetime(2026, 2, 12, tzinfo=UTC)
SUBJECT = Subject("order", "1001")
MARKS = (
    "order.placed", "order.shipped", "order.cancelled", "inspection.started", "inspection.ended", "refund.paid",
    "order.paid", "order.approved",
)  # fmt: skip
FACTS = ("ship_by", "amount", "country", "region", "channel", "pieces")
OFFICE = Calendar("OFFICE", "Asia/Shanghai", {"mon-fri": ["09:00-12:00", "13:00-18:00"], "sat": ["22:00-06:00"]})
SHORT = Calendar(
    "SHORT", "Europe/Berlin", {"mon-fri": ["00:00-24:00"]}, known_until=(T0 + timedelta(days=2)).date(),
    maybe=[(T0 + timedelta(days=n)).date() for n in (4, 5, 9, 11)],
)  # fmt: skip
CALENDARS = Calendars({"OFFICE": OFFICE, "SHORT": SHORT}, find=shipped)


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
            "region": st.sampled_from(["BY", "DE-BY", "Europe/Berlin"]),
            "channel": st.just("web"),
            "pieces": st.integers(1, 3).map(Decimal),
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
    links=st.sampled_from([(), (), (Link("basket", "order", "B-77"),), (Link("refund", "refund", "R-1"),)]),
    dropped=st.just(()),
)
begun = st.builds(
    lambda marks, version, told: Event(
        "begun", SUBJECT, T0, version, marks=tuple(Mark(name, at) for name, at in marks.items()), facts=told
    ),
    st.fixed_dictionaries({"order.placed": instants}, optional=dict.fromkeys(MARKS[1:], instants)),
    versions,
    st.fixed_dictionaries({}, optional={"ship_by": instants, "amount": amounts, "country": st.just("CN")}),
)
"""What most rules start with, and about half of what may come after it: most random histories say nothing to a rule."""
histories = st.one_of(
    st.lists(events, max_size=8),
    st.builds(lambda first, rest: [first, *rest], begun, st.lists(events, max_size=8)),
    st.builds(lambda first, rest: [*rest, first], begun, st.lists(events, min_size=2, max_size=8)),
)


def _condition(text: str) -> Condition:
    return parse(text, CORE, "order")


conditions = st.sampled_from(
    [
        *[None] * 10,
        *map(
            _condition,
            [
                "order.country == 'CN'",
                "has(order.paid)",
                "!has(order.approved)",
                "has(order.paid) && order.paid - order.placed > duration('5h')",
                "!has(order.ship_by) || order.ship_by > timestamp('2026-02-13T00:00:00Z')",
            ],
        ),
    ]
)

rolls = st.sampled_from([None, Roll(), Roll("backward"), Roll("forward", frozenset({"holiday"}))])
first_days = st.sampled_from(["excluded", "included"])
spans = st.builds(
    Span, st.integers(0, 30).map(lambda h: h * 3600 + 60 * (h % 3)), st.sampled_from(["now", "now", "next_full"])
)
working_spans = st.builds(WorkingSpan, st.integers(0, 30).map(lambda h: h * 3600))
days = st.builds(Days, st.integers(0, 3), first_days, rolls, st.integers(0, 2))
working_days = st.builds(WorkingDays, st.integers(0, 3), first_days)
months = st.builds(Months, st.integers(0, 1), first_days, rolls)
dates = st.builds(OnDate, st.just(2), st.integers(12, 17), rolls)
lengths = st.one_of(spans, working_spans, days, working_days, months)
single_limits = st.one_of(
    lengths,
    spans,
    days,
    working_days,
    dates,
    st.just(Until("ship_by")),
    st.builds(Ahead, st.just("ship_by"), lengths),
    st.builds(After, st.just("ship_by"), lengths),
)
limits = st.recursive(
    single_limits,
    lambda one: st.builds(
        lambda many, how: how(tuple(many)), st.lists(one, min_size=2, max_size=3), st.sampled_from([Least, Most])
    ),
    max_leaves=3,
)

DO = (Do("alert", {"severity": "error"}),)
PENALTY = (Do("penalise", {"code": "late", "points": 4}), Do("tag", {"tag": "late"}))
at_starts = st.one_of(
    st.integers(0, 40).map(lambda h: FromStart(h * 3600)),
    st.builds(OnCalendar, st.just("start"), st.just("working_days"), st.integers(0, 3)),
    st.builds(OnCalendar, st.just("start"), st.just("working_seconds"), st.integers(0, 12).map(lambda h: h * 3600)),
    st.builds(OnCalendar, st.just("start"), st.just("months"), st.integers(0, 1)),
)
at_dues = st.one_of(
    st.integers(-40, 40).map(lambda h: FromDue(h * 3600)),
    st.builds(OnCalendar, st.just("due"), st.just("working_days"), st.integers(-3, 3)),
    st.builds(OnCalendar, st.just("due"), st.just("working_seconds"), st.integers(-12, 12).map(lambda h: h * 3600)),
    st.builds(OnCalendar, st.just("due"), st.just("months"), st.integers(-1, 1)),
)
places = st.one_of(
    at_starts, at_dues, at_dues, st.integers(0, 150).map(Share), st.builds(OwnLimit, limits),
    st.builds(FromStep, st.just("s0"), st.integers(0, 20).map(lambda h: h * 3600)),
)  # fmt: skip


@st.composite
def steps(draw: st.DrawFn) -> tuple[Step, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        at = draw(places if number else at_dues)
        again = draw(st.sampled_from([(0, 1), (0, 1), (0, 1), (3600, 2), (7200, 3)]))
        found.append(
            Step(f"s{number}", at, draw(st.sampled_from([DO, PENALTY])), None, draw(conditions), again[0], again[1])
        )
    return tuple(found)


firsts = st.builds(Point, st.sampled_from(MARKS), st.just("first"), st.sampled_from([0, 0, 7200, -7200]))
counted = st.builds(AllOf, st.sampled_from(MARKS), st.just("pieces"), st.sampled_from([0, 3600]))
both = st.lists(st.one_of(firsts, counted), min_size=2, max_size=2).map(tuple)
starts = st.one_of(
    st.builds(
        Point, st.just("order.placed"), st.sampled_from(["first", "last", "each"]), st.sampled_from([0, 7200, -7200])
    ),
    st.builds(Point, st.just("order.placed"), st.just("each")),
    counted,
    st.builds(LaterOf, both, st.sampled_from([0, 3600])),
    st.builds(EarlierOf, both),
    st.just(Reaches("refund.paid", "amount")),
)
pauses = st.sampled_from(
    [
        (),
        (),
        (Pause("inspection.started", "inspection.ended"),),
        (Pause("inspection.started", "inspection.ended", Span(5 * 3600)),),
        (Pause("inspection.started", "inspection.ended", WorkingDays(1)),),
        (
            Pause("inspection.started", "inspection.ended", Span(5 * 3600)),
            Pause("order.paid", "order.approved", Span(9 * 3600)),
        ),
    ]
)


def _quiet(rule: Rule) -> Rule:
    """What comes again and again only tells, so that the case is not full of actions."""
    return rule if rule.again is None else replace(rule, steps=tuple(replace(step, do=DO) for step in rule.steps))


rules = st.builds(
    Rule,
    id=st.just("ship-by"),
    applies_to=st.just("order"),
    start=starts,
    stop=st.sampled_from(
        [
            (Point("order.shipped"),),
            (Point("order.shipped"),),
            (Reaches("refund.paid", "amount"),),
            (Point("order.shipped", "last"),),
            (AllOf("order.shipped", "pieces"), Point("order.approved")),
            (LaterOf((Point("order.shipped"), Point("order.paid"))),),
            (Point("order.shipped", "first", 7200), EarlierOf((Point("order.approved"), Point("order.paid")), 3600)),
        ]
    ),
    limit=limits,
    void=st.sampled_from(
        [
            (),
            (),
            (Point("order.cancelled"),),
            (Point("order.cancelled"),),
            (Point("order.cancelled", "last", 3600), LaterOf((Point("order.cancelled"), Point("order.paid")))),
            (Reaches("refund.paid", "amount"),),
        ]
    ),
    pause=pauses,
    steps=steps(),
    calendar=st.sampled_from(
        [
            "UTC",
            "Asia/Shanghai",
            "America/New_York",
            "CN",
            "DE",
            "OFFICE",
            "SHORT",
            ByPlace(("region", "country"), "OFFICE"),
        ]
    ),
    when=conditions,
    restart=st.sampled_from([(), (), (Point("order.paid"),), (Point("order.paid"), Point("order.placed"))]),
    extend=st.one_of(
        st.just(()),
        st.builds(lambda to: (Extension(Point("order.approved"), to),), limits),
    ),
    cap=st.one_of(st.none(), st.none(), limits),
    again=st.sampled_from([None, None, None, Days(1), Days(2), Months(1)]),
    valid_from=st.sampled_from([*[None] * 6, T0.date(), (T0 + timedelta(days=1)).date()]),
    valid_to=st.sampled_from([*[None] * 6, (T0 + timedelta(days=2)).date()]),
).map(_quiet)


@st.composite
def chained(draw: st.DrawFn) -> tuple[Rule, ...]:
    """A rule, and perhaps one that begins, ends or is void when the first one's deadline passes in silence."""
    first = draw(rules)
    if not draw(st.booleans()):
        return (first,)
    silent = Silence("ship-by", draw(st.sampled_from([0, 0, 7200])))
    where = draw(st.sampled_from(["start", "stop", "void"]))
    limit, found = draw(limits), draw(steps())
    second = Rule(
        "answer", "order", silent if where == "start" else Point("order.placed"),
        (silent,) if where == "stop" else (Point("order.approved"),), limit,
        void=(silent,) if where == "void" else (), steps=found, calendar=draw(st.sampled_from(["UTC", "CN"])),
    )  # fmt: skip
    return draw(st.sampled_from([(first, second), (second, first)]))


def policy(*found: Rule, number: int = 1) -> Policy:
    return Policy("p", number, f"digest-{number}", found)


def always(*rules: Rule) -> Policies:
    return Policies.always(policy(*rules))


def with_second(first: Rule, second: Rule, at: datetime) -> Policies:
    return Policies((Activation(policy(first)), Activation(policy(second, number=2), at, retroactive=True)))
