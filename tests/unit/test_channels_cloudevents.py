"""Escalations as CloudEvents: the document's own example, every type in both languages, the published schema."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chalicelib.channels import texts
from chalicelib.channels.cloudevents import PREFIX, SEVERITY, TYPES, About, Escalation, cloud_event, encode, escalation
from chalicelib.channels.schema import escalation_schema, published
from chalicelib.core import words
from chalicelib.core.case import Case, CaseId, ClockState, Ledger
from chalicelib.core.events import Subject
from chalicelib.core.transitions import transitions
from chalicelib.core.words import Status

START = datetime(2026, 11, 20, 9, 58, tzinfo=UTC)
DUE = datetime(2026, 11, 22, 10, tzinfo=UTC)
TITLE = {"zh": "按承诺时间发货", "en": "Ship by the promised time"}
ABOUT = About("s-17", "policy", "", TITLE, "", "act", "https://ops.example/explain/1")
ID = CaseId("main", "shop-1", Subject("order", "1001"))

# DESIGN section 5, as it was written down: all that a consumer may rely on.
DESIGN_TYPES = {
    "clock": "started paused resumed warned breached met met_late voided due_changed withdrawn",
    "step": "taken withdrawn",
    "action": "done refused unknown",
    "penalty": "proposed imposed appealed upheld reversed expired",
    "source": "silent recovered unreadable",
    "policy": "activated rolled_back",
}
# The one summary escalation of law 11, which that list leaves without a type.
BEYOND_DESIGN = ["clock.storm"]
ALL_TYPES = sorted(
    [*(f"{group}.{name}" for group, names in DESIGN_TYPES.items() for name in names.split()), *BEYOND_DESIGN]
)
DATA_FIELDS = """case seller rule clock version basis cite status previous start due stop zone severity mode incident
    sequence summary explain"""


def case(status: Status, version: int = 1, end: datetime | None = None) -> Case:
    state = ClockState(status, START, DUE, date(2026, 11, 22), end, "demo@3", "Asia/Shanghai", "UTC")
    return Case(ID, ledger=Ledger(clocks={"ship-by": state}), version=version)


def told(**changed: Any) -> Escalation:
    [transition] = transitions(case(Status.RUNNING), case(Status.BREACHED, 2), DUE + timedelta(hours=1))
    return replace(escalation(case(Status.BREACHED, 2), transition, ABOUT), **changed)


def sent(event: Escalation) -> dict[str, Any]:
    return json.loads(encode(cloud_event(event)))


SCHEMA: dict[str, Any] = json.loads(published())


def test_a_breach_reads_as_the_document_says() -> None:
    event = cloud_event(told())
    sequence = told().sequence
    assert event == {
        "specversion": "1.0",
        "id": f"main:shop-1:order/1001|ship-by|{sequence}",
        "source": "redress/main/shop-1",
        "type": "redress.clock.breached",
        "subject": "order/1001",
        "time": "2026-11-22T10:00:00.000Z",
        "datacontenttype": "application/json",
        "data": {
            "case": "shop-1:order/1001",
            "seller": "s-17",
            "rule": "ship-by",
            "clock": "ship-by",
            "version": "demo@3",
            "basis": "policy",
            "cite": "",
            "status": "breached",
            "previous": "running",
            "start": "2026-11-20T09:58:00.000Z",
            "due": "2026-11-22T10:00:00.000Z",
            "stop": None,
            "zone": "Asia/Shanghai",
            "severity": "error",
            "mode": "act",
            "incident": "shop-1:order/1001|ship-by",
            "sequence": sequence,
            "summary": {
                "zh": "订单 1001：“按承诺时间发货”已逾期，未在 2026-11-22 18:00 (Asia/Shanghai) 前完成（商家 s-17）。",
                "en": "Order 1001: “Ship by the promised time” was not done by 2026-11-22 18:00 (Asia/Shanghai)"
                " (seller s-17).",
            },
            "explain": "https://ops.example/explain/1",
        },
    }


@pytest.mark.parametrize(
    ("status", "stop"),
    [(Status.MET, True), (Status.MET_LATE, True), (Status.VOID, False), (Status.PAUSED, False)],
)
def test_stop_is_when_the_thing_was_done_and_nothing_else(status: Status, stop: bool) -> None:
    after = case(status, 2, end=START + timedelta(hours=1))
    [transition] = transitions(case(Status.RUNNING), after, DUE)
    assert escalation(after, transition, ABOUT).stop == (START + timedelta(hours=1) if stop else None)


def test_a_clock_that_runs_per_occurrence_keeps_its_rule_apart() -> None:
    state = replace(case(Status.RUNNING).ledger.clocks["ship-by"])
    after = Case(ID, ledger=Ledger(clocks={"reply#round.2": state}), version=1)
    [transition] = transitions(None, after, START)
    event = escalation(after, transition, ABOUT)
    assert (event.rule, event.clock, event.previous) == ("reply", "reply#round.2", None)
    assert event.type == "clock.started"


def test_the_types_are_those_of_the_document_and_the_one_for_a_storm() -> None:
    assert sorted(TYPES) == ALL_TYPES
    assert SCHEMA["properties"]["type"] == {"enum": [PREFIX + kind for kind in ALL_TYPES]}


@pytest.mark.parametrize("kind", ALL_TYPES)
@pytest.mark.parametrize("subject", ["order/1001", "seller/s-17", "connection/shop-1", "policy/demo"])
def test_every_type_speaks_both_languages_and_fits_the_published_schema(kind: str, subject: str) -> None:
    for event in (
        told(type=kind, subject=subject, step="breach", action="refund", key="ship-by|breach|0|0", reason="no_lever"),
        Escalation("x", kind, "main", "", subject, DUE, 0, "x", version="demo@3"),
    ):
        made = sent(event)
        Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(made)
        said = made["data"]["summary"]
        assert said["zh"] != said["en"]
        assert said["zh"].endswith("。") and said["en"].endswith(".")
        assert "{" not in said["zh"] + said["en"]
        assert made == cloud_event(event)


def test_the_schema_asks_for_what_the_document_shows() -> None:
    data = SCHEMA["properties"]["data"]
    assert data["required"] == DATA_FIELDS.split()
    assert data["properties"].keys() - set(data["required"]) == {"step", "action", "key", "reason"}
    assert set(cloud_event(told())) == set(SCHEMA["required"])


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("type",), "redress.clock.exploded", "a type of nobody"),
        (("time",), "2026-11-22T10:00:00Z", "an instant of another width"),
        (("time",), None, "no time"),
        (("id",), "", "an empty id"),
        (("source",), "elsewhere", "another source"),
        (("data", "status"), "late", "a status of nobody"),
        (("data", "severity"), "", "no severity"),
        (("data", "sequence"), -1, "a sequence below nought"),
        (("data", "due"), "tomorrow", "a due that is no instant"),
        (("data", "summary"), {"zh": "x"}, "one language only"),
    ],
)
def test_the_schema_refuses(path: tuple[str, ...], value: object, why: str) -> None:
    event = sent(told())
    place = event
    for name in path[:-1]:
        place = place[name]
    assert Draft202012Validator(SCHEMA).is_valid(event)
    place[path[-1]] = value
    assert not Draft202012Validator(SCHEMA).is_valid(event)


def test_the_schema_is_a_schema_and_its_file_is_what_the_function_makes() -> None:
    Draft202012Validator.check_schema(escalation_schema())
    file = Path(__file__).parents[2] / "docs" / "schemas" / "escalation.schema.json"
    assert file.read_text(encoding="utf-8") == published(), (
        "write it anew: python -m chalicelib.channels.schema > docs/schemas/escalation.schema.json"
    )


def test_an_unknown_type_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match=r"clock\.exploded"):
        cloud_event(told(type="clock.exploded"))


@pytest.mark.parametrize(
    ("kind", "asked", "severity"),
    [
        ("clock.breached", "", "error"),
        ("clock.breached", "critical", "critical"),
        ("clock.warned", "", "warning"),
        ("clock.met", "", "info"),
        ("action.unknown", "", "error"),
        ("source.silent", "", "error"),
    ],
)
def test_severity_is_that_of_the_alert_or_else_of_the_type(kind: str, asked: str, severity: str) -> None:
    event = sent(told(type=kind, severity=asked))
    assert event["data"]["severity"] == severity


def test_every_severity_by_type_is_one_of_ours() -> None:
    assert SEVERITY.keys() <= TYPES
    assert set(SEVERITY.values()) <= set(words.SEVERITIES)


def test_every_kind_and_action_has_a_word_in_both_languages() -> None:
    assert texts.KINDS.keys() == words.KINDS
    assert texts.ACTIONS.keys() == words.ACTIONS.keys()


SUMMARIES = [
    ({"title": {"en": "Ship"}}, "zh", "“Ship”", "the other language's title before none"),
    ({"title": {}}, "en", "“ship-by”", "the rule's id where it has no title"),
    ({"zone": "Mars/Olympus"}, "en", "2026-11-22 10:00 (UTC)", "an unknown zone is told in UTC"),
    ({"zone": "../../etc/passwd"}, "en", "(UTC)", "a zone that is a path"),
    ({"zone": ""}, "en", "(UTC)", "no zone"),
    ({"due": None}, "zh", "尚未确定的时间", "no due"),
    ({"subject": "seller/s-17"}, "zh", "商家 s-17：", "a seller's own case names the seller once"),
    ({"subject": "order/{rule}{0}"}, "en", "Order {rule}{0}:", "braces in an id are only braces"),
    ({"due": datetime.max.replace(tzinfo=UTC)}, "en", "9999-12-31 23:59 (UTC)", "the last instant there is"),
]


@pytest.mark.parametrize(("changed", "language", "part", "why"), SUMMARIES, ids=[row[3] for row in SUMMARIES])
def test_summary(changed: dict[str, object], language: str, part: str, why: str) -> None:
    assert part in sent(told(**changed))["data"]["summary"][language]


def test_a_sellers_own_case_does_not_name_the_seller_twice() -> None:
    said = sent(told(subject="seller/s-17"))["data"]["summary"]["en"]
    assert said.count("s-17") == 1


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.sampled_from(ALL_TYPES))
def test_any_id_of_a_shop_makes_an_event_that_reads_back(ident: str, kind: str) -> None:
    event = cloud_event(told(type=kind, subject=f"order/{ident}", seller=ident, reason=ident))
    assert json.loads(encode(event)) == event
