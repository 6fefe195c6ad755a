"""From what people wrote to what the core runs: one branch for each ability of the language."""

from typing import assert_never

from chalicelib.core import rules as core
from chalicelib.core.compiled import sealed
from chalicelib.core.words import FactWord
from chalicelib.rules import models
from chalicelib.rules.actions import action_of


def policy_of(model: models.Policy, number: int) -> core.Policy:
    """The compiled policy, with its digest."""
    told = model.declare.facts if model.declare else {}
    facts = {name: FactWord(word.type, word.unit or "", word.personal) for name, word in told.items()}
    marks = frozenset(model.declare.marks if model.declare else ())
    rules = tuple(rule_of(rule, model.calendar or "UTC") for rule in model.rules)
    return sealed(core.Policy(model.policy, number, "", rules, marks, facts))


def rule_of(rule: models.Rule, calendar: str = "UTC") -> core.Rule:
    """The compiled rule; `calendar` is the policy's own, where the rule names none."""
    clock = rule.clock
    title = rule.title.model_dump(exclude_none=True) if rule.title else {}
    return core.Rule(
        id=rule.id,
        applies_to=rule.applies_to,
        start=_point(clock.start),
        stop=tuple(_stop(stop) for stop in clock.stop),
        limit=_limit(clock.limit),
        void=tuple(_point(void) for void in clock.void),
        pause=tuple(core.Pause(pause.begin, pause.end) for pause in clock.pause),
        steps=tuple(_step(step) for step in rule.steps),
        calendar=rule.calendar or calendar,
        title=title,
        basis=rule.basis,
        cite=rule.cite or "",
        obliged=rule.obliged,
        when=rule.when,
    )


def _point(point: models.Start) -> core.Point:
    match point:
        case models.First():
            return core.Point(point.first, "first", point.offset)
        case models.Last():
            return core.Point(point.last, "last", point.offset)
        case models.Each():
            return core.Point(point.each, "each", point.offset)
        case _:
            assert_never(point)


def _stop(stop: models.Stop) -> core.Point | core.Reaches:
    if isinstance(stop, models.Reaches):
        return core.Reaches(stop.sum, stop.reaches)
    return _point(stop)


def _limit(limit: models.Limit) -> core.Limit:
    if isinstance(limit, models.Until):
        return core.Until(limit.until)
    return _length(limit)


def _length(limit: models.Seconds | models.Minutes | models.Hours | models.Days) -> core.Span | core.Days:
    match limit:
        case models.Seconds():
            return core.Span(limit.seconds)
        case models.Minutes():
            return core.Span(limit.minutes * 60)
        case models.Hours():
            return core.Span(limit.hours * 3600)
        case models.Days():
            return core.Days(limit.days, limit.first_day)
        case _:
            assert_never(limit)


def step_id(step: models.Step) -> str:
    """A step's own id, else the text of its `at`."""
    if step.id is not None:
        return step.id
    if isinstance(step.at, models.At):
        return step.at.at.text
    written = step.at.model_dump(exclude_unset=True)
    return "{" + ", ".join(f"{key}: {value}" for key, value in written.items()) + "}"


def _step(step: models.Step) -> core.Step:
    do = tuple(core.Do(*action_of(do)) for do in step.do)
    return core.Step(step_id(step), _at(step.at), do, step.late_ok)


def _at(at: models.StepAt) -> core.At:
    if not isinstance(at, models.At):
        return core.OwnLimit(_length(at))
    place = at.at
    if place.anchor == "percent":
        return core.Share(place.amount)
    return core.FromStart(place.amount) if place.anchor == "start" else core.FromDue(place.amount)
