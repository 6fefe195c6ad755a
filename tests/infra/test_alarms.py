"""Someone is told when a deadline may be missed: which alarms exist, and that they look at what they are named for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.flow import breaker
from infra.package import ROOT

OfType = Callable[[str], dict[str, dict[str, Any]]]

QUEUES = ("InboxQueue", "WakesQueue", "LateQueue", "ActionsQueue")
DEAD_LETTERS = ("InboxDlq", "WakesDlq", "LateDlq", "ActionsDlq", "ProjectDlq")
FUNCTIONS = ("Hook", "Apply", "Wake", "Late", "Act", "Sweep", "Project", "Audit", "Sellers", "APIHandler")


@pytest.fixture
def alarms(of_type: OfType) -> list[dict[str, Any]]:
    return list(of_type("AWS::CloudWatch::Alarm").values())


def _watched(alarm: dict[str, Any]) -> set[tuple[str, str]]:
    """The pairs of metric and resource that an alarm looks at."""
    metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    return {
        (metric["MetricName"], each["Value"].get("Ref") or each["Value"]["Fn::GetAtt"][0])
        for metric in metrics
        for each in metric.get("Dimensions", [])
        if isinstance(each["Value"], dict)
    }


@pytest.mark.parametrize("queue", DEAD_LETTERS)
def test_one_dead_letter_is_enough(alarms: list[dict[str, Any]], queue: str) -> None:
    (alarm,) = [each for each in alarms if ("ApproximateNumberOfMessagesVisible", queue) in _watched(each)]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_that_is_not_worked_off_is_noticed(alarms: list[dict[str, Any]], queue: str) -> None:
    assert [each for each in alarms if ("ApproximateAgeOfOldestMessage", queue) in _watched(each)]


def test_a_delayed_message_is_not_taken_for_a_waiting_one(alarms: list[dict[str, Any]]) -> None:
    for queue in ("WakesQueue", "ActionsQueue"):
        (alarm,) = [each for each in alarms if ("ApproximateAgeOfOldestMessage", queue) in _watched(each)]
        assert ("ApproximateNumberOfMessagesVisible", queue) in _watched(alarm)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_errors_and_throttles_of_a_function_are_noticed(
    alarms: list[dict[str, Any]], function: str, metric: str
) -> None:
    assert [each for each in alarms if (metric, function) in _watched(each)]


def test_a_throttled_index_is_noticed_before_it_stops_the_intake(alarms: list[dict[str, Any]]) -> None:
    (alarm,) = [each for each in alarms if "GlobalSecondaryIndexName" in json.dumps(each)]
    assert alarm["MetricName"] == "WriteThrottleEvents"
    names = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert names == {"TableName": {"Ref": "CasesTable"}, "GlobalSecondaryIndexName": "wakes"}
    assert [each for each in alarms if _watched(each) == {("WriteThrottleEvents", "CasesTable")}], "the table too"


def test_a_sweep_that_does_not_run_is_noticed(alarms: list[dict[str, Any]]) -> None:
    (alarm,) = [each for each in alarms if ("Invocations", "Sweep") in _watched(each)]
    assert alarm["TreatMissingData"] == "breaching", "no run gives no data"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] < 14 * 60, "the sweep looks 14 minutes ahead"


def test_a_lagging_projection_and_failed_actions_are_noticed(alarms: list[dict[str, Any]], of_type: OfType) -> None:
    assert [each for each in alarms if ("IteratorAge", "Project") in _watched(each)]
    (failed,) = [each for each in alarms if each.get("MetricName") == "ActionsFailed"]
    (metric,) = of_type("AWS::Logs::MetricFilter")["ActionsFailedFilter"]["MetricTransformations"]
    assert (metric["MetricNamespace"], metric["MetricName"]) == (failed["Namespace"], failed["MetricName"])


def test_a_full_case_is_noticed_whoever_finds_it(alarms: list[dict[str, Any]], of_type: OfType) -> None:
    (alarm,) = [each for each in alarms if each.get("MetricName") == "CasesFull"]
    filters = [each for each in of_type("AWS::Logs::MetricFilter").values() if "case_full" in each["FilterPattern"]]
    assert {each["LogGroupName"]["Ref"] for each in filters} == {"ApplyLog", "WakeLog", "LateLog", "ActLog"}
    for each in filters:
        (metric,) = each["MetricTransformations"]
        assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("GivenUp", {"ApplyLog": "inbox_dropped", "ActLog": "look_given_up", "ProjectLog": "project_over"}),
        ("OpsFailed", {"APIHandlerLog": "ops_error"}),
    ],
)
def test_what_ends_without_an_error_of_its_function_is_noticed(
    alarms: list[dict[str, Any]], of_type: OfType, metric: str, words: dict[str, str]
) -> None:
    (alarm,) = [each for each in alarms if each.get("MetricName") == metric]
    assert alarm["TreatMissingData"] == "notBreaching"
    filters = of_type("AWS::Logs::MetricFilter").values()
    mine = [each for each in filters if each["MetricTransformations"][0]["MetricName"] == metric]
    assert {each["LogGroupName"]["Ref"]: each["FilterPattern"].strip('"') for each in mine} == words
    sources = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    assert all(f'"{word}"' in sources for word in words.values())


def test_a_shop_that_gives_no_answer_for_long_is_noticed(alarms: list[dict[str, Any]], of_type: OfType) -> None:
    (alarm,) = [each for each in alarms if each.get("MetricName") == "PlatformDown"]
    (counted,) = [each for each in of_type("AWS::Logs::MetricFilter").values() if "platform_down" in str(each)]
    (metric,) = counted["MetricTransformations"]
    assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
    assert alarm["Period"] > breaker.LONGEST.total_seconds(), "it is told again at each trial, so it stays alarmed"
    assert '"platform_down"' in Path(breaker.__file__).read_text()


@pytest.mark.parametrize("nightly", ["Audits", "Sellers"])
def test_a_nightly_round_that_finds_something_and_one_that_does_not_end_are_noticed(
    alarms: list[dict[str, Any]], of_type: OfType, nightly: str
) -> None:
    filters = of_type("AWS::Logs::MetricFilter")
    for name, missing in ((f"{nightly}Failed", "notBreaching"), (f"{nightly}Clean", "breaching")):
        (alarm,) = [each for each in alarms if each.get("MetricName") == name]
        assert alarm["TreatMissingData"] == missing
        counters = [each["MetricTransformations"][0]["MetricName"] for each in filters.values()]
        assert counters.count(name) == 1


def test_every_alarm_tells_the_topic_where_there_is_one(alarms: list[dict[str, Any]]) -> None:
    wanted = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert all(each["AlarmActions"] == each["OKActions"] == wanted for each in alarms)
    assert all(each["AlarmDescription"] for each in alarms)
