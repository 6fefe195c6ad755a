"""Compiled rules in the language of the files: what people read when they ask what a policy has become.

Reading what is written here gives an equal policy; a test holds every pack to that. Only the fields that decide nothing
(quotes, confidence) are gone, because compiled rules do not carry them.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias, assert_never

from chalicelib.core import rules as core
from chalicelib.core.conditions import show
from chalicelib.core.facts import write_fact
from chalicelib.core.words import FactWord
from chalicelib.rules.actions import BARE

Data: TypeAlias = Any
"""Mappings, lists, text and whole numbers."""
_REAL = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_CALENDAR = {"working_days": ("wd", 1), "working_seconds": ("wh", 3600), "months": ("mo", 1)}


def policy(one: core.Policy) -> dict[str, Data]:
    """The policy as plain data."""
    declared: dict[str, Data] = {}
    if one.marks:
        declared["marks"] = sorted(one.marks)
    if one.facts:
        declared["facts"] = {name: _word(word) for name, word in one.facts.items()}
    return _some(policy=one.name, declare=declared, rules=[rule(each) for each in one.rules])


def rule(one: core.Rule) -> dict[str, Data]:
    """A rule as plain data."""
    return _some(
        id=one.id,
        title=dict(one.title),
        basis=one.basis,
        cite=one.cite,
        obliged=one.obliged,
        applies_to=one.applies_to,
        when=show(one.when) if one.when else None,
        calendar=one.calendar if isinstance(one.calendar, str) else _place(one.calendar),
        valid_from=one.valid_from.isoformat() if one.valid_from else None,
        valid_to=one.valid_to.isoformat() if one.valid_to else None,
        clock=clock(one),
        steps=[step(each) for each in one.steps],
    )


def clock(one: core.Rule) -> dict[str, Data]:
    """The clock of a rule as plain data."""
    return {
        "start": moment(one.start),
        # A rule whose start alone begins it anew says that nothing stops it.
        "stop": [moment(each) for each in one.stop],
        **_some(
            void=[moment(each) for each in one.void],
            pause=[
                _some(**{"from": each.begin, "to": each.end, "floor": limit(each.floor) if each.floor else None})
                for each in one.pause
            ],
            limit=limit(one.limit),
            restart=[each.mark for each in one.restart],
            extend=[_some(on=each.on.mark, to=limit(each.to), cite=_cite(one)) for each in one.extend],
            cap=limit(one.cap) if one.cap else None,
            again=limit(one.again) if one.again else None,
        ),
    }


def moment(one: core.Moment) -> Data:
    """A moment as plain data: a mark alone is its first occurrence."""
    if isinstance(one, core.Reaches):
        return {"sum": one.mark, "reaches": one.fact}
    offset = {"offset": real(one.offset)} if one.offset else {}
    match one:
        case core.Point():
            return one.mark if one.pick == "first" and not offset else {one.pick: one.mark, **offset}
        case core.AllOf():
            return {"all": one.mark, "count": one.count, **offset}
        case core.LaterOf():
            return {"later_of": [moment(each) for each in one.moments], **offset}
        case core.EarlierOf():
            return {"earlier_of": [moment(each) for each in one.moments], **offset}
        case core.Silence():
            return {"silence": one.rule, **offset}
        case _:
            assert_never(one)


def limit(one: core.Limit) -> dict[str, Data]:
    """A limit as plain data."""
    match one:
        case core.Span():
            unit, size = next((name, size) for name, size in _LENGTHS if one.seconds % size == 0)
            return {unit: one.seconds // size, **({"first_hour": one.first_hour} if one.first_hour != "now" else {})}
        case core.WorkingSpan():
            return {"working_hours": one.seconds // 3600}
        case core.Days():
            least = {"at_least_working_days": one.least_working} if one.least_working else {}
            return {"days": one.days, **_first(one.first_day), **_roll(one.roll), **least}
        case core.WorkingDays():
            return {"working_days": one.days, **_first(one.first_day)}
        case core.Months():
            return {"months": one.months, **_first(one.first_day), **_roll(one.roll)}
        case core.OnDate():
            return {"date": f"{one.month:02}-{one.day:02}", **_roll(one.roll)}
        case core.Until():
            return {"until": one.fact}
        case core.Ahead():
            return {"ahead_of": one.fact, **limit(one.limit)}
        case core.After():
            return {"after": one.fact, "limit": limit(one.limit)}
        case core.Least():
            return {"min": [limit(each) for each in one.limits]}
        case core.Most():
            return {"max": [limit(each) for each in one.limits]}
        case _:
            assert_never(one)


_LENGTHS = (("hours", 3600), ("minutes", 60), ("seconds", 1))


def step(one: core.Step) -> dict[str, Data]:
    """A step as plain data; its id is always said."""
    return _some(
        id=one.id,
        at=place(one.at),
        when=show(one.when) if one.when else None,
        every=real(one.every) if one.every else None,
        times=one.times if one.every else None,
        late_ok=None if one.late_ok is None else real(one.late_ok),
        do=[action(each) for each in one.do],
    )


def place(one: core.At) -> Data:
    """Where a step stands, as text, or as a limit of its own."""
    match one:
        case core.FromStart():
            return _beside("start", one.seconds)
        case core.FromDue():
            return _beside("due", one.seconds)
        case core.FromStep():
            return _beside(one.step, one.seconds, always=True)
        case core.OnCalendar():
            unit, size = _CALENDAR[one.unit]
            return f"{one.anchor} {'-' if one.count < 0 else '+'} {abs(one.count) // size}{unit}"
        case core.Share():
            return f"{one.percent}%"
        case core.OwnLimit():
            return limit(one.limit)
        case _:
            assert_never(one)


def action(one: core.Do) -> Data:
    """An action, with its parameters where it has some."""
    params: dict[str, Data] = {}
    for name, value in one.params.items():
        outer, dot, inner = name.partition(".")
        if dot:
            params.setdefault(outer, {})[inner] = value
        else:
            params[name] = value
    if list(params) == [BARE.get(one.action)]:
        return {one.action: next(iter(params.values()))}
    return {one.action: params} if params else one.action


def real(seconds: int) -> str:
    """So many seconds as a duration, in the greatest unit that holds it whole."""
    unit, size = next((unit, size) for unit, size in _REAL if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _beside(anchor: str, seconds: int, always: bool = False) -> str:
    return f"{anchor} {'-' if seconds < 0 else '+'} {real(abs(seconds))}" if seconds or always else anchor


def _first(first_day: core.FirstDay) -> dict[str, Data]:
    return {"first_day": first_day} if first_day != "excluded" else {}


def _roll(roll: core.Roll | None) -> dict[str, Data]:
    if roll is None:
        return {}
    told = {"roll": "next_working_day" if roll.direction == "forward" else "previous_working_day"}
    return {**told, "roll_set": sorted(roll.over)} if roll.over else told


def _place(one: core.ByPlace) -> dict[str, Data]:
    return {"by": list(one.facts), "else": one.otherwise}


def _cite(one: core.Rule) -> str | None:
    # Which article allows an extension is for people and is not compiled; a rule of law must name one.
    return one.cite if one.basis == "law" else None


def _word(word: FactWord) -> Data:
    told = _some(unit=word.unit, personal=word.personal)
    if word.default is not None:
        # False says something here.
        told["default"] = write_fact(word.default)
    return {"type": word.type.value, **told} if told else word.type.value


def _some(**told: Data) -> dict[str, Data]:
    """Only what says something."""
    return {name: value for name, value in told.items() if value is not None and value not in ("", [], {}, False)}


def lines(one: Mapping[str, Data]) -> list[str]:
    """A rule as people read it on a terminal: a line for each thing that it says."""
    told = dict(one)
    titles = told.pop("title", {})
    found = [f"{told.pop('id')}  {' / '.join(titles[lang] for lang in ('zh', 'en') if lang in titles)}".rstrip()]
    steps, clock = told.pop("steps", []), told.pop("clock")
    found += [f"  {name}: {flow(value)}" for name, value in {**told, **clock}.items()]
    for each in steps:
        rest = {name: value for name, value in each.items() if name not in ("id", "at", "do")}
        also = f" {flow(rest)}" if rest else ""
        found.append(f"  {each['id']} at {flow(each['at'])}{also}: {', '.join(flow(do) for do in each['do'])}")
    return found


def flow(value: Data) -> str:
    """Plain data on one line, as the files write it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return str(value)
