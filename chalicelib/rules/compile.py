"""From what people wrote to what the core runs: one branch for each ability of the language."""

from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

from chalicelib.core import rules as core
from chalicelib.core.compiled import sealed
from chalicelib.core.condition_tree import Every, Not
from chalicelib.core.conditions import Condition
from chalicelib.rules import lengths, models, moments
from chalicelib.rules.actions import action_of
from chalicelib.rules.written import flow


def policy_of(model: models.Policy, number: int) -> core.Policy:
    """The compiled policy, with its digest."""
    told = model.declare.facts if model.declare else {}
    facts = {name: word.word() for name, word in told.items()}
    marks = frozenset(model.declare.marks if model.declare else ())
    rules = tuple(rule_of(rule, model.calendar) for rule in model.rules)
    return sealed(core.Policy(model.policy, number, "", rules, marks, facts, model.retroactive))


def rule_of(rule: models.Rule, calendar: models.Calendar | None = None) -> core.Rule:
    """The compiled rule; `calendar` is the policy's own, where the rule names none."""
    clock = rule.clock
    return core.Rule(
        id=rule.id,
        applies_to=rule.applies_to,
        start=_moment(clock.start),
        stop=tuple(_moment(stop) for stop in clock.stop),
        limit=_limit(clock.limit),
        void=tuple(_moment(void) for void in clock.void),
        pause=tuple(
            core.Pause(pause.begin, pause.end, _limit(pause.floor) if pause.floor else None) for pause in clock.pause
        ),
        steps=tuple(_step(step) for step in rule.steps),
        calendar=_calendar(rule.calendar or calendar),
        title=rule.title.model_dump(exclude_none=True) if rule.title else {},
        basis=rule.basis,
        cite=rule.cite or "",
        obliged=rule.obliged,
        when=_condition(rule.when, rule.unless),
        restart=tuple(core.Point(mark) for mark in clock.restart),
        extend=tuple(core.Extension(core.Point(one.on), _limit(one.to)) for one in clock.extend),
        cap=_limit(clock.cap) if clock.cap else None,
        again=_period(clock.again) if clock.again else None,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
    )


def _calendar(calendar: models.Calendar | None) -> str | core.ByPlace:
    if calendar is None:
        return "UTC"
    if isinstance(calendar, models.Named):
        return calendar.name
    return core.ByPlace(tuple(calendar.by), calendar.otherwise)


def _condition(when: Condition | None, unless: Condition | None) -> Condition | None:
    if unless is None:
        return when
    negated = Not(unless.tree)
    if when is None:
        return Condition(negated)
    # As the reader of conditions has it: one `&&` however many it joins.
    joined = when.tree.of if isinstance(when.tree, Every) else (when.tree,)
    return Condition(Every((*joined, negated)))


def _moment(moment: moments.Start) -> core.Moment:
    match moment:
        case moments.First():
            return core.Point(moment.first, "first", moment.offset)
        case moments.Last():
            return core.Point(moment.last, "last", moment.offset)
        case moments.Each():
            return core.Point(moment.each, "each", moment.offset)
        case moments.Reaches():
            return core.Reaches(moment.sum, moment.reaches)
        case moments.AllOf():
            return core.AllOf(moment.all, moment.count, moment.offset)
        case moments.LaterOf():
            return core.LaterOf(tuple(_moment(one) for one in moment.later_of), moment.offset)
        case moments.EarlierOf():
            return core.EarlierOf(tuple(_moment(one) for one in moment.earlier_of), moment.offset)
        case moments.Silence():
            return core.Silence(moment.silence, moment.offset)
        case _:
            assert_never(moment)


def _limit(limit: lengths.Limit) -> core.Limit:
    match limit:
        case lengths.OnDate():
            return core.OnDate(int(limit.date[:2]), int(limit.date[3:]), _roll(limit))
        case lengths.Until():
            return core.Until(limit.until)
        case lengths.Ahead():
            ((unit, count),) = limit.length.items()
            return core.Ahead(limit.ahead_of, _AHEAD[unit](count))
        case lengths.After():
            return core.After(limit.after, _limit(limit.limit))
        case lengths.Least():
            return core.Least(tuple(_limit(one) for one in limit.min))
        case lengths.Most():
            return core.Most(tuple(_limit(one) for one in limit.max))
        case _:
            return _length(limit)


_AHEAD: Mapping[str, Callable[[int], core.Span | core.WorkingSpan | core.Days | core.WorkingDays | core.Months]] = {
    "seconds": core.Span,
    "minutes": lambda count: core.Span(count * 60),
    "hours": lambda count: core.Span(count * 3600),
    "working_hours": lambda count: core.WorkingSpan(count * 3600),
    "days": core.Days,
    "working_days": core.WorkingDays,
    "months": core.Months,
    "years": lambda count: core.Months(count * 12),
}


Length: TypeAlias = (
    lengths.Seconds | lengths.Minutes | lengths.Hours | lengths.WorkingHours | lengths.WorkingDays | lengths.Period
)


def _length(limit: Length) -> core.Span | core.WorkingSpan | core.Days | core.WorkingDays | core.Months:
    match limit:
        case lengths.Seconds():
            return core.Span(limit.seconds)
        case lengths.Minutes():
            return core.Span(limit.minutes * 60)
        case lengths.Hours():
            return core.Span(limit.hours * 3600, limit.first_hour)
        case lengths.WorkingHours():
            return core.WorkingSpan(limit.working_hours * 3600)
        case lengths.WorkingDays():
            return core.WorkingDays(limit.working_days, limit.first_day)
        case _:
            return _period(limit)


def _period(limit: lengths.Period) -> core.Days | core.Months:
    match limit:
        case lengths.Days():
            return core.Days(limit.days, limit.first_day, _roll(limit), limit.at_least_working_days)
        case lengths.Months():
            return core.Months(limit.months, limit.first_day, _roll(limit))
        case lengths.Years():
            return core.Months(limit.years * 12, limit.first_day, _roll(limit))
        case _:
            assert_never(limit)


def _roll(limit: lengths.Rolls) -> core.Roll | None:
    if limit.roll == "none":
        return None
    return core.Roll("forward" if limit.roll == "next_working_day" else "backward", frozenset(limit.roll_set))


def step_id(step: models.Step) -> str:
    """A step's own id, else the text of its `at`."""
    if step.id is not None:
        return step.id
    if isinstance(step.at, lengths.At):
        return step.at.at.text
    return flow(step.at.model_dump(mode="json", exclude_unset=True))


def _step(step: models.Step) -> core.Step:
    do = tuple(core.Do(*action_of(do)) for do in step.do)
    when = _condition(step.when, step.unless)
    return core.Step(step_id(step), _at(step.at), do, step.late_ok, when, step.every or 0, step.times or 1)


def _at(at: lengths.StepAt) -> core.At:
    if not isinstance(at, lengths.At):
        return core.OwnLimit(_limit(at))
    place = at.at
    match place.anchor:
        case "percent":
            return core.Share(place.amount)
        case "step":
            return core.FromStep(place.step, place.amount)
        case "start" | "due":
            if place.unit != "seconds":
                return core.OnCalendar(place.anchor, place.unit, place.amount)
            return core.FromStart(place.amount) if place.anchor == "start" else core.FromDue(place.amount)
