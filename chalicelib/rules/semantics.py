"""What only the whole of a policy can tell: rules that wait for each other, calendars that cannot do what a rule asks
of them, and what a rule of law may not take.

A rule with `basis: law` takes no house calendar (a promotion's, say, or one of opening hours), no limit of working
hours (quiet hours: the law's hours run through nights), and no extension that names no article of its own (a house
exemption may lift a rule by `unless`, never lengthen it): DESIGN section 4.
"""

import re
from collections.abc import Iterable, Iterator

from chalicelib.core import rules as core
from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.core.condition_tree import MAX_DEPTH, MAX_NODES, Node, parts, walk
from chalicelib.core.conditions import Condition
from chalicelib.core.zones import DAY
from chalicelib.rules import models
from chalicelib.rules.lines import Document, Path
from chalicelib.rules.problems import Problem

_PLACE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,4})?|ECB", re.ASCII)
"""The code of a country's calendar, of a part of one, or of the days on which TARGET settles."""
MAX_WAITING = 16
"""Rules that wait one for the silence of the next: each is judged within the one before."""
MAX_LIMITS = 32
"""Limits of a rule, its steps' own and inner ones too: each is counted anew for each pause of a case."""
MAX_STEPS = 256
"""Steps of a rule with their repetitions: a case may have many clocks of it, each with as many rounds."""


def of_policy(
    document: Document, model: models.Policy, compiled: core.Policy, calendars: Calendars
) -> Iterator[Problem]:
    """Mistakes between the rules of a policy whose rules are each fine."""
    kinds = {rule.id: rule.applies_to for rule in compiled.rules}
    awaited = {rule.id: set(_silences(_moments(rule))) for rule in compiled.rules}
    depths = _depths(awaited)
    for index, rule in enumerate(compiled.rules):
        path: Path = ("rules", index)
        for other in sorted(awaited[rule.id]):
            if kinds[other] != rule.applies_to:
                wanted = f"the silence of a rule about the same kind: {other} is about {kinds[other]}"
                yield document.problem((*path, "clock", "start"), wanted)
        if rule.id in _reach(rule.id, awaited):
            yield document.problem((*path, "clock"), "no circle of rules that wait for each other's silence")
        if depths.get(rule.id) == MAX_WAITING:
            wanted = f"at most {MAX_WAITING} rules in a row that wait for each other's silence"
            yield document.problem((*path, "clock"), wanted)
        if isinstance(rule.calendar, str):
            yield from _of_calendar(document, path, rule, calendars.get(rule.calendar))
        if rule.basis == "law":
            yield from _of_law(document, path, model.rules[index], rule, calendars)


def of_clock(document: Document, path: Path, rule: core.Rule) -> Iterator[Problem]:
    """Mistakes between the parts of one clock."""
    clock = (*path, "clock")
    for name, moments in (("stop", rule.stop), ("void", rule.void)):
        for index, moment in enumerate(moments):
            if any(one.offset < 0 for one in _within(moment) if not isinstance(one, core.Reaches)):
                # Known only afterwards, it would undo what was rightly done in the meantime.
                yield document.problem((*clock, name, index), "an offset that does not lie before its mark")
    if rule.again is not None and rule.each:
        yield document.problem((*clock, "again"), "a start that is not `each`: one or the other makes several clocks")
    if _shorter(rule.cap, rule.limit):
        yield document.problem((*clock, "cap"), "a cap that is not shorter than the limit")
    for index, extension in enumerate(rule.extend):
        if _shorter(extension.to, rule.limit) or extension.to == rule.limit:
            yield document.problem((*clock, "extend", index, "to"), "a limit longer than the one it extends")
    count = sum(1 for _ in _limits(rule))
    if count > MAX_LIMITS:
        yield document.problem(path, f"at most {MAX_LIMITS} limits in a rule, not {count}: those of steps count too")
    if sum(step.times for step in rule.steps) > MAX_STEPS:
        yield document.problem((*path, "steps"), f"at most {MAX_STEPS} steps, each as often as it is taken again")
    whens = [((*path, "when"), rule.when)]
    whens += [((*path, "steps", index, "when"), step.when) for index, step in enumerate(rule.steps)]
    for where, when in whens:
        if when is not None and not _fits(when):
            yield document.problem(where, f"`when` and `unless` of at most {MAX_DEPTH} levels and {MAX_NODES} parts")


def _fits(condition: Condition) -> bool:
    return _depth(condition.tree) <= MAX_DEPTH and sum(1 for _ in walk(condition.tree)) <= MAX_NODES


def _depth(node: Node) -> int:
    return 1 + max((_depth(one) for one in parts(node)), default=0)


def _within(moment: core.Moment) -> Iterator[core.Moment]:
    yield moment
    if isinstance(moment, (core.LaterOf, core.EarlierOf)):
        for one in moment.moments:
            yield from _within(one)


def _moments(rule: core.Rule) -> Iterator[core.Moment]:
    for moment in (rule.start, *rule.stop, *rule.void):
        yield from _within(moment)


def _silences(moments: Iterable[core.Moment]) -> Iterator[str]:
    return (one.rule for one in moments if isinstance(one, core.Silence))


def _reach(rule: str, awaited: dict[str, set[str]]) -> set[str]:
    """The rules that a rule waits for, however far around."""
    found: set[str] = set()
    left = [*awaited[rule]]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left.extend(awaited.get(one, ()))
    return found


def _depths(awaited: dict[str, set[str]]) -> dict[str, int]:
    """How many rules each one waits for in a row; those in a circle, or behind one, are left out."""
    depths: dict[str, int] = {}
    level = 0
    while ready := [rule for rule, others in awaited.items() if rule not in depths and others <= depths.keys()]:
        depths.update(dict.fromkeys(ready, level))
        level += 1
    return depths


def _shorter(one: core.Limit | None, other: core.Limit) -> bool:
    """Whether one limit is shorter than another of the same sort."""
    if isinstance(one, core.Span) and isinstance(other, core.Span):
        return one.seconds < other.seconds
    if isinstance(one, core.WorkingSpan) and isinstance(other, core.WorkingSpan):
        return one.seconds < other.seconds
    if isinstance(one, core.Months) and isinstance(other, core.Months):
        return one.months < other.months
    same = isinstance(one, core.Days) and isinstance(other, core.Days)
    working = isinstance(one, core.WorkingDays) and isinstance(other, core.WorkingDays)
    if (same or working) and isinstance(one, (core.Days, core.WorkingDays)):
        return one.days < getattr(other, "days", 0)
    return False


def _limits(rule: core.Rule) -> Iterator[tuple[Path, core.Limit]]:
    """Every limit of a rule's clock and steps, inner ones too, and where it stands."""
    told: list[tuple[Path, core.Limit | None]] = [
        (("limit",), rule.limit),
        (("cap",), rule.cap),
        (("again",), rule.again),
    ]
    told += [(("pause", index, "floor"), pause.floor) for index, pause in enumerate(rule.pause)]
    told += [(("extend", index, "to"), extension.to) for index, extension in enumerate(rule.extend)]
    for path, limit in told:
        if limit is not None:
            yield from ((("clock", *path), one) for one in _inner(limit))
    for index, step in enumerate(rule.steps):
        if isinstance(step.at, core.OwnLimit):
            yield from ((("steps", index, "at"), one) for one in _inner(step.at.limit))


def _inner(limit: core.Limit) -> Iterator[core.Limit]:
    yield limit
    if isinstance(limit, (core.Least, core.Most)):
        for one in limit.limits:
            yield from _inner(one)
    elif isinstance(limit, core.Ahead):
        yield limit.limit
    elif isinstance(limit, core.After):
        yield from _inner(limit.limit)


def _of_calendar(document: Document, path: Path, rule: core.Rule, calendar: Calendar) -> Iterator[Problem]:
    """What asks for working time, in a calendar in which every hour of every day counts."""
    if not calendar.plan.always():
        return
    wanted = f"a calendar with days of rest, such as CN: in {rule.calendar} every day and every hour counts"
    asked: dict[Path, None] = {}
    for where, limit in _limits(rule):
        rolls = isinstance(limit, (core.Days, core.Months, core.OnDate)) and limit.roll is not None
        least = isinstance(limit, core.Days) and limit.least_working > 0
        if rolls or least or isinstance(limit, (core.WorkingDays, core.WorkingSpan)):
            asked[where] = None
    for index, step in enumerate(rule.steps):
        if isinstance(step.at, core.OnCalendar) and step.at.unit != "months":
            asked["steps", index, "at"] = None
    yield from (document.problem((*path, *where), wanted) for where in asked)


def _of_law(
    document: Document, path: Path, model: models.Rule, rule: core.Rule, calendars: Calendars
) -> Iterator[Problem]:
    for where, limit in _limits(rule):
        if isinstance(limit, core.WorkingSpan) and where[0] == "clock":
            yield document.problem((*path, *where), "no working hours: the law's hours run through nights and holidays")
    for index, extension in enumerate(model.clock.extend):
        if extension.cite is None:
            wanted = "`cite`: the article that allows it (a house exemption lengthens no deadline of the law)"
            yield document.problem((*path, "clock", "extend", index), wanted)
    codes = (rule.calendar,) if isinstance(rule.calendar, str) else (rule.calendar.otherwise,)
    for code in codes:
        if _house(calendars.get(code)):
            where = (*path, "calendar") if model.calendar is not None else ("calendar",)
            yield document.problem(where, "the calendar of a place, or a time zone: the law knows no opening hours")


def _house(calendar: Calendar) -> bool:
    """Whether a calendar is one of a house: its days have opening hours, or its code names no place."""
    plan = calendar.plan
    hours = any(window != (0, DAY) for windows in (*plan.week, *plan.dates.values()) for window in windows)
    return hours or not (plan.always() or _PLACE.fullmatch(calendar.code))
