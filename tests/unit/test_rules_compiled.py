"""The compiled form: what was read comes back from JSON, in a process that knows neither YAML nor pydantic."""

import json
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import rules as core_rules
from chalicelib.core.compiled import CLASSES, FORM, NewerForm, dump, load, sealed
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
from chalicelib.core.words import ACTIONS, CORE, KINDS, MARKS, FactType, FactWord
from chalicelib.rules.conditions import parse
from chalicelib.rules.reader import read_file

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "examples" / "policies" / "house.yaml"

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
marks = st.sampled_from(sorted(MARKS))
seconds = st.integers(0, 10**9)
points = st.builds(Point, marks, st.sampled_from(["first", "last", "each"]), st.integers(-(10**6), 10**6))
simple = points | st.builds(Reaches, marks, names) | st.builds(AllOf, marks, names) | st.builds(Silence, names)
pairs = st.lists(simple, min_size=2, max_size=2).map(tuple)
moments = simple | st.builds(LaterOf, pairs) | st.builds(EarlierOf, pairs)
first_days = st.sampled_from(["excluded", "included"])
kinds = st.frozensets(st.sampled_from(["weekend", "holiday"]))
rolls = st.none() | st.builds(Roll, st.sampled_from(["forward", "backward"]), kinds)
days = st.builds(Days, st.integers(1, 400), first_days, rolls, st.integers(0, 9))
months = st.builds(Months, st.integers(1, 99), first_days, rolls)
lengths = (
    st.builds(Span, seconds, st.sampled_from(["now", "next_full"]))
    | st.builds(WorkingSpan, seconds)
    | st.builds(WorkingDays, st.integers(1, 99), first_days)
    | days
    | months
)
told = (
    st.builds(Until, names)
    | st.builds(Ahead, names, lengths)
    | st.builds(After, names, lengths)
    | st.builds(OnDate, st.just(2), st.integers(1, 29), rolls)
)
both = st.lists(lengths | told, min_size=2, max_size=3).map(tuple)
limits = lengths | told | st.builds(Least, both) | st.builds(Most, both)
conditions = st.sampled_from(
    [parse(text, CORE, "refund") for text in ("refund.exempt", "refund.country == 'CN' && !refund.exempt")]
)
places = (
    st.builds(FromStart, seconds)
    | st.builds(FromDue, st.integers(-(10**6), 10**6))
    | st.builds(
        OnCalendar,
        st.sampled_from(["start", "due"]),
        st.sampled_from(["working_days", "working_seconds", "months"]),
        st.integers(-9, 9),
    )
    | st.builds(FromStep, names, seconds)
    | st.builds(Share, st.integers(1, 1000))
    | st.builds(OwnLimit, limits)
)
does = st.builds(Do, st.sampled_from(sorted(ACTIONS)), st.dictionaries(names, names | st.integers(0, 999), max_size=2))
steps = st.builds(
    Step, names, places, st.lists(does, max_size=2).map(tuple), st.none() | seconds, st.none() | conditions,
    st.integers(0, 9), st.integers(1, 9),
)  # fmt: skip
rules = st.builds(
    Rule,
    id=names,
    applies_to=st.sampled_from(sorted(KINDS)),
    start=moments,
    stop=st.lists(moments, max_size=2).map(tuple),
    limit=limits,
    void=st.lists(moments, max_size=2).map(tuple),
    pause=st.lists(st.builds(Pause, marks, marks, st.none() | limits), max_size=2).map(tuple),
    calendar=names | st.builds(ByPlace, st.lists(names, min_size=1, max_size=2).map(tuple), names),
    when=st.none() | conditions,
    restart=st.lists(points, max_size=1).map(tuple),
    extend=st.lists(st.builds(Extension, points, limits), max_size=1).map(tuple),
    cap=st.none() | limits,
    again=st.none() | days | months,
    valid_from=st.none() | st.dates(),
    valid_to=st.none() | st.dates(),
    steps=st.lists(steps, max_size=2).map(tuple),
    title=st.dictionaries(st.sampled_from(["zh", "en"]), names),
    basis=st.sampled_from(["law", "platform", "policy"]),
    cite=st.just("") | names,
)
policies = st.builds(
    Policy,
    name=names,
    number=st.integers(1, 999),
    digest=st.just(""),
    rules=st.lists(rules, max_size=3).map(tuple),
    marks=st.frozensets(names, max_size=2),
    facts=st.dictionaries(names, st.builds(FactWord, st.sampled_from(FactType), st.just("") | names, st.booleans())),
).map(sealed)


@given(policies)
def test_what_is_dumped_is_loaded_again(policy: Policy) -> None:
    assert load(json.loads(json.dumps(dump(policy)))) == policy


def test_the_digest_is_of_the_content_and_not_of_the_number() -> None:
    one, other = read_file(HOUSE, number=1), read_file(HOUSE, number=2)
    assert one.digest == other.digest
    assert one != other


def test_the_digest_tells_any_change_of_content() -> None:
    policy = read_file(HOUSE)
    rule = policy.rules[0]
    changed = Policy(policy.name, 1, "", (Rule(**{**_fields(rule), "cite": "x"}), *policy.rules[1:]))
    assert sealed(changed).digest != policy.digest


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__dataclass_fields__}


def test_a_default_that_is_not_used_is_not_written() -> None:
    data = dump(read_file(HOUSE))
    assert data["rules"][0]["limit"] == {"is": "span", "seconds": 172_800}
    assert "late_ok" not in data["rules"][0]["steps"][0]
    assert "pause" not in data["rules"][0]


def test_every_class_of_the_language_has_a_compiled_form() -> None:
    beside = {"Policy", "Activation", "InForce", "Versions"}
    classes = {
        name for name, one in vars(core_rules).items() if is_dataclass(one) and one.__module__ == core_rules.__name__
    }
    assert classes - beside == {one.__name__ for one in CLASSES.values()}


BROKEN = [
    ({"rules": 3}, "rules that are none"),
    ({"rules": [{"is": "point", "mark": "order.paid"}]}, "a point in place of a rule"),
    ({"rules": [{"is": "rule", "id": "a"}]}, "a rule with half of its parts"),
    ({"rules": [{"is": "phase"}]}, "a class that nobody knows"),
    ({"name": 3}, "a name that is no text"),
    ({"facts": {"a": {"type": "colour"}}}, "a type of fact that nobody knows"),
    ({"name": "other"}, "content that is not what the digest says"),
]


@pytest.mark.parametrize(("change", "why"), BROKEN, ids=[row[1] for row in BROKEN])
def test_what_is_broken_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        load({**dump(read_file(HOUSE)), **change})


def test_a_newer_form_is_left_alone() -> None:
    with pytest.raises(NewerForm):
        load({**dump(read_file(HOUSE)), "v": FORM + 1})
    with pytest.raises(ValueError, match="an object"):
        load([])


def test_loads_without_yaml_and_pydantic() -> None:
    code = (
        "import sys, json; from chalicelib.core.compiled import load; load(json.load(sys.stdin));"
        "bad = {'yaml', 'pydantic'} & set(sys.modules); sys.exit(f'imports {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(dump(read_file(HOUSE))), text=True, cwd=ROOT, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, "")
