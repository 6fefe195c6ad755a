"""What no single field can tell: names that must be unique, and parts of a rule that cannot work together."""

from collections.abc import Iterable, Iterator

from chalicelib.core import rules as core
from chalicelib.rules import lengths, models
from chalicelib.rules.compile import step_id
from chalicelib.rules.lines import Data, Document, Path
from chalicelib.rules.problems import Problem, meant

DAY = 86_400


def of_document(document: Document) -> Iterator[Problem]:
    """Mistakes that show in the bare data, however wrong the rest of a rule is."""
    rules = _mapping(document.root.data).get("rules")
    yield from _twice(document, ("rules",), rules, "an id that no other rule has")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        steps = _mapping(rule).get("steps")
        yield from _twice(document, ("rules", index, "steps"), steps, "an id that no other step of the rule has")


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def _twice(document: Document, path: Path, items: Data, wanted: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, item in enumerate(items if isinstance(items, list) else []):
        name = _mapping(item).get("id")
        if not isinstance(name, str):
            continue
        if name in seen:
            at = (*path, index, "id")
            first = document.line((*path, seen[name], "id"))
            yield document.problem(at, f"{wanted} (line {first} has it)")
        else:
            seen[name] = index


def of_rule(document: Document, path: Path, rule: models.Rule, compiled: core.Rule) -> Iterator[Problem]:
    """Mistakes between the parts of a rule whose fields are all fine."""
    clock = (*path, "clock")
    if rule.basis == "law" and not rule.cite:
        yield document.missing((*path, "cite"), "the article, because the basis is law")
    for name, points in (("stop", compiled.stop), ("void", compiled.void)):
        for index, point in enumerate(points):
            if _comes_with(point, compiled.start):
                yield document.problem((*clock, name, index), "a mark that does not come with the start itself")
    for index, pause in enumerate(compiled.pause):
        if pause.begin == pause.end:
            yield document.problem((*clock, "pause", index), "an end that differs from the beginning")
    if rule.valid_from and rule.valid_to and rule.valid_to < rule.valid_from:
        yield document.problem((*path, "valid_to"), "a day that is not before `valid_from`")
    seen: dict[str, int] = {}
    for index, step in enumerate(rule.steps):
        at = (*path, "steps", index)
        name = step_id(step)
        other = seen.setdefault(name, index)
        if other != index and None in (step.id, rule.steps[other].id):
            # Two written ids that are equal were found in the bare data already.
            line = document.line((*path, "steps", other))
            yield document.problem((*at, "at"), f"an id, because the step of line {line} is called {name!r} already")
        longest = _longest(compiled.limit)
        place = step.at.at if isinstance(step.at, lengths.At) else None
        if place and place.anchor == "step":
            earlier = [step_id(one) for one in rule.steps[:index]]
            if place.step not in earlier:
                yield document.problem((*at, "at"), f"the id of a step above{meant(place.step, earlier)}")
        if (step.every is None) != (step.times is None):
            yield document.problem(at, "`every` and `times` together")
        if longest and place and place.anchor == "due" and place.unit == "seconds" and -place.amount >= longest:
            # It would stand at the start itself: surely not what was meant.
            yield document.problem((*at, "at"), "a step after the start: the limit is shorter than that")


def _comes_with(point: core.Moment, start: core.Moment) -> bool:
    """Whether `point` is seen as soon as the clock starts, so that the clock could never run."""
    if not isinstance(point, core.Point) or not isinstance(start, core.Point):
        return False
    same = point.mark == start.mark and point.pick == "first" and start.pick != "last"
    return same and point.offset <= start.offset


def _longest(limit: core.Limit) -> int | None:
    """The most seconds that a limit can count, where that can be told."""
    if isinstance(limit, core.Span) and limit.first_hour == "now":
        return limit.seconds
    # What rolls, or holds working days, may be longer.
    plain = isinstance(limit, core.Days) and limit.roll is None and not limit.least_working
    return (limit.days + 1) * DAY if plain and isinstance(limit, core.Days) else None


def together(policies: Iterable[tuple[str, core.Policy]]) -> Iterator[Problem]:
    """Mistakes between policies that are used together, each with the name of its file."""
    rules: dict[str, str] = {}
    names: dict[str, str] = {}
    facts: dict[str, tuple[str, object]] = {}
    for file, policy in policies:
        if policy.name in names:
            yield Problem(file, 1, "policy", repr(policy.name), f"another name: {names[policy.name]} has it")
        names.setdefault(policy.name, file)
        for rule in policy.rules:
            if rule.id in rules:
                yield Problem(file, 1, "rules", repr(rule.id), f"another id: {rules[rule.id]} has it")
            rules.setdefault(rule.id, file)
        for name, word in policy.facts.items():
            if name in facts and facts[name][1] != word:
                yield Problem(file, 1, f"declare.facts.{name}", word.type, f"what {facts[name][0]} declares")
            facts.setdefault(name, (file, word))
