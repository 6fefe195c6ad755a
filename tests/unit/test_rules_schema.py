"""The published schemas are those of the readers: schema and reader agree on what is fine and what is not."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from chalicelib.core.wire import BadEvent, read_event
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_text
from chalicelib.rules.schema import event_schema, main, policy_schema, published

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"


@pytest.mark.parametrize("name", sorted(published()))
def test_what_is_published_is_current(name: str) -> None:
    told = "run: python -m chalicelib.rules.schema docs/schemas"
    assert (SCHEMAS / name).read_text(encoding="utf-8") == published()[name], told


def test_the_command_writes_them(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(published())
    assert main([]) == 2


POLICY = jsonschema.Draft202012Validator(policy_schema())
EVENT = jsonschema.Draft202012Validator(event_schema())


def test_the_schemas_are_schemas() -> None:
    POLICY.check_schema(POLICY.schema)
    EVENT.check_schema(EVENT.schema)


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "policies").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_validate(path: Path) -> None:
    POLICY.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def rule(**changes: Any) -> dict[str, Any]:
    clock = {"start": "order.paid", "stop": ["order.shipped"], "limit": {"hours": 48}, **changes.pop("clock", {})}
    return {"policy": "p", "rules": [{"id": "r", "applies_to": "order", "clock": clock, **changes}]}


BOTH = [
    (rule(), True, "the least"),
    (rule(clock={"start": {"each": "order.part_shipped", "offset": "-2h"}}), True, "each, moved back"),
    (rule(clock={"start": {"eech": "order.part_shipped"}}), False, "a key misspelt"),
    (rule(clock={"limit": {"hours": 48, "days": 2}}), False, "two limits"),
    (rule(clock={"limit": {"hours": "48"}}), False, "a number in quotes"),
    (rule(clock={"limit": {"until": "ship_by"}, "stop": "order.shipped"}), True, "one thing alone"),
    (rule(steps=[{"at": "due - 1h", "do": ["alert", {"alert": {"severity": "error"}}, {"tag": "late"}]}]), True,
     "steps"),
    (rule(steps=[{"at": {"days": 15}, "do": "remind_seller", "late_ok": "2h"}]), True, "a limit of its own"),
    (rule(steps=[{"at": "due", "do": [{"penalise": {"code": "late"}}]}]), False, "a penalty without points"),
    (rule(steps=[{"at": "due", "do": []}]), False, "nothing to do"),
    (rule(steps=[{"at": "due", "do": ["dance"]}]), False, "no such action"),
    (rule(title={"zh": "发货"}), True, "a title"),
    (rule(title={"fr": "Expédier"}), False, "a title in another language"),
    (rule(basis="habit"), False, "no such basis"),
    ({**rule(), "declare": {"marks": ["order.packed"], "facts": {"tier": "code"}}}, True, "declared words"),
    ({**rule(), "declare": {"facts": {"tier": {"type": "colour"}}}}, False, "a type of fact that is none"),
    ({"policy": "p", "rules": []}, False, "no rules"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "fine", "why"), BOTH, ids=[row[2] for row in BOTH])
def test_schema_and_reader_agree_on_policies(data: dict[str, Any], fine: bool, why: str) -> None:
    assert POLICY.is_valid(data) is fine
    text = yaml.safe_dump(data, allow_unicode=True)
    if fine:
        assert read_text(text).rules
    else:
        with pytest.raises(Mistakes):
            read_text(text)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e", "subject": {"kind": "order", "id": "1"}, "occurred_at": "2026-01-01T00:00:00Z",
        "marks": [{"name": "order.paid", "at": "2026-01-01T00:00:00+08:00"}], **changes,
    }  # fmt: skip


EVENTS = [
    (event(), True, "the least"),
    (event(version=7, source="decision", look=True, reading=2), True, "every stamp"),
    (event(facts={"amount": "199.00", "ship_by": "2026-01-02", "score": 4.5, "exempt": False, "country": None}), True,
     "facts of every form"),
    (event(extra=1), True, "an unknown field is left out"),
    (event(links=[{"rel": "basket", "kind": "order", "id": "B"}], whole=["order.part_shipped"]), True, "links"),
    (event(marks=[{"name": "order.paid", "at": None, "of": "p1", "version": 3, "value": "1.5"}]), True, "taken back"),
    (event(occurred_at="2026-01-01T00:00:00"), False, "no zone"),
    (event(subject={"kind": "basket", "id": "1"}), False, "no such kind"),
    (event(subject={"kind": "order"}), False, "no id"),
    (event(facts={"amount": 199}), False, "money as a number"),
    (event(facts={"exempt": "true"}), False, "a flag as text"),
    (event(version=-1), False, "a version below zero"),
    (event(source="rumour"), False, "no such source"),
    (event(marks=[{"name": "order.paid"}]), False, "a mark without an instant"),
    ({key: value for key, value in event().items() if key != "marks"}, False, "nothing said"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "fine", "why"), EVENTS, ids=[row[2] for row in EVENTS])
def test_schema_and_reader_agree_on_events(data: dict[str, Any], fine: bool, why: str) -> None:
    assert EVENT.is_valid(data) is fine
    raw = json.loads(json.dumps(data), parse_float=str)
    if fine:
        assert read_event(raw).id == "e"
    else:
        with pytest.raises(BadEvent):
            read_event(raw)
