"""The compiled form: what was read comes back from JSON, in a process that knows neither YAML nor pydantic."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.compiled import FORM, NewerForm, dump, load, sealed
from chalicelib.core.rules import (
    Days,
    Do,
    FromDue,
    FromStart,
    OwnLimit,
    Pause,
    Point,
    Policy,
    Reaches,
    Rule,
    Share,
    Span,
    Step,
    Until,
)
from chalicelib.core.words import ACTIONS, FACTS, KINDS, MARKS, FactType, FactWord
from chalicelib.rules.reader import read_file

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "examples" / "policies" / "house.yaml"

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
marks = st.sampled_from(sorted(MARKS))
seconds = st.integers(0, 10**9)
points = st.builds(Point, marks, st.sampled_from(["first", "last", "each"]), st.integers(-(10**6), 10**6))
days = st.builds(Days, st.integers(1, 400), st.sampled_from(["excluded", "included"]))
limits = st.builds(Span, seconds) | days | st.builds(Until, st.sampled_from(sorted(FACTS)))
places = (
    st.builds(FromStart, seconds)
    | st.builds(FromDue, st.integers(-(10**6), 10**6))
    | st.builds(Share, st.integers(1, 1000))
    | st.builds(OwnLimit, st.builds(Span, seconds) | days)
)
does = st.builds(Do, st.sampled_from(sorted(ACTIONS)), st.dictionaries(names, names | st.integers(0, 999), max_size=2))
steps = st.builds(Step, names, places, st.lists(does, max_size=2).map(tuple), st.none() | seconds)
rules = st.builds(
    Rule,
    id=names,
    applies_to=st.sampled_from(sorted(KINDS)),
    start=points,
    stop=st.lists(points | st.builds(Reaches, marks, names), max_size=2).map(tuple),
    limit=limits,
    void=st.lists(points, max_size=2).map(tuple),
    pause=st.lists(st.builds(Pause, marks, marks), max_size=2).map(tuple),
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
