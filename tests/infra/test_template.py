"""What the deployed template promises, read from what is really deployed: Chalice's output with ours merged in."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.translator.transform import transform

from chalicelib.flow import act, nightly
from chalicelib.sellers import nights
from infra.package import Package
from infra.stack import Outputs, rendered

Properties = dict[str, dict[str, Any]]
OfType = Callable[[str], Properties]

CONSUMERS = {"Apply": "InboxQueue", "Wake": "WakesQueue", "Late": "LateQueue", "Act": "ActionsQueue"}
FUNCTIONS = {*CONSUMERS, "Hook", "Sweep", "Project", "Audit", "Sellers", "APIHandler"}
IN_FLIGHT = 60_000  # half of what SQS allows, as the limit gives no error but silence


@pytest.fixture
def queues(of_type: OfType) -> Properties:
    return of_type("AWS::SQS::Queue")


@pytest.fixture
def functions(of_type: OfType) -> Properties:
    return of_type("AWS::Serverless::Function")


def _source(function: dict[str, Any]) -> dict[str, Any]:
    event = next(iter(function["Events"].values()))
    properties: dict[str, Any] = event["Properties"]
    return properties


def test_every_function_of_the_design_is_there_and_no_other(functions: Properties) -> None:
    assert set(functions) == FUNCTIONS
    handlers = {name: each["Handler"] for name, each in functions.items() if name != "APIHandler"}
    assert handlers == {name: f"chalicelib.entry.{name.lower()}.{name.lower()}" for name in FUNCTIONS - {"APIHandler"}}


@pytest.mark.parametrize("name", [*CONSUMERS, "Project"])
def test_a_batch_fails_message_by_message(functions: Properties, name: str) -> None:
    # Without it Lambda takes any answer for success and deletes the messages that failed.
    assert _source(functions[name])["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("name", "queue"), CONSUMERS.items())
def test_a_consumer_reads_its_own_queue(
    functions: Properties, target_of: Callable[[Any], str], name: str, queue: str
) -> None:
    source = _source(functions[name])["Queue"]
    assert list(source) == ["Fn::Sub"], "two intrinsics in one mapping: the merge kept Chalice's beside ours"
    assert target_of(source) == queue


@pytest.mark.parametrize(("name", "queue"), CONSUMERS.items())
def test_a_message_stays_hidden_for_six_time_outs(
    functions: Properties, queues: Properties, name: str, queue: str
) -> None:
    assert queues[queue]["VisibilityTimeout"] >= 6 * functions[name]["Timeout"]


def test_the_slowest_shop_lets_act_end_in_time(functions: Properties) -> None:
    longest = act.ENOUGH + act.LOOKING + act.PULLING
    assert longest.total_seconds() + 5 < functions["Act"]["Timeout"] < act.LEASE.total_seconds()


def test_a_crash_of_a_quick_function_delays_by_half_a_minute_at_most(queues: Properties) -> None:
    assert {queues[name]["VisibilityTimeout"] for name in ("InboxQueue", "WakesQueue", "LateQueue")} == {30}


def test_messages_in_flight_stay_below_the_silent_limit(functions: Properties, in_cloud: Callable[[Any], Any]) -> None:
    for name in CONSUMERS:
        source = _source(functions[name])
        concurrency = in_cloud(source["ScalingConfig"]["MaximumConcurrency"])
        assert isinstance(concurrency, int)
        assert concurrency * source["BatchSize"] <= IN_FLIGHT, name


def test_the_late_lane_is_narrower_than_the_one_in_time(functions: Properties, in_cloud: Callable[[Any], Any]) -> None:
    late, wake = (
        in_cloud(_source(functions[name])["ScalingConfig"]["MaximumConcurrency"]) for name in ("Late", "Wake")
    )
    assert late < wake


def test_concurrency_is_never_reserved(functions: Properties) -> None:
    # A throttled poll raises the receive count, and healthy messages end among the dead letters.
    assert not [name for name, each in functions.items() if "ReservedConcurrentExecutions" in each]


@pytest.mark.parametrize("queue", CONSUMERS.values())
def test_a_queue_has_dead_letters_of_its_own(queues: Properties, target_of: Callable[[Any], str], queue: str) -> None:
    redrive = queues[queue]["RedrivePolicy"]
    assert target_of(redrive["deadLetterTargetArn"]) == queue.replace("Queue", "Dlq")
    assert redrive["maxReceiveCount"] == 5


def test_dead_letters_live_longer_than_the_queue(queues: Properties) -> None:
    # On a standard queue a message keeps its first time stamp when it moves.
    for name in (name for name in queues if name.endswith("Dlq")):
        assert queues[name]["MessageRetentionPeriod"] == 14 * 86400


def test_every_queue_is_encrypted_and_spares_the_key(queues: Properties, target_of: Callable[[Any], str]) -> None:
    for name, queue in queues.items():
        assert target_of(queue["KmsMasterKeyId"]) == "DataKey", name
        assert queue["KmsDataKeyReusePeriodSeconds"] == 86400, name


def test_the_stream_splits_a_bad_batch_and_keeps_what_it_cannot_project(
    functions: Properties, target_of: Callable[[Any], str]
) -> None:
    source = functions["Project"]["Events"]["ProjectDynamodbEventSource"]["Properties"]
    assert target_of(source["Stream"]) == "CasesTable"
    assert source["BisectBatchOnFunctionError"] is True
    assert target_of(source["DestinationConfig"]["OnFailure"]["Destination"]) == "ProjectDlq"
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["MaximumRetryAttempts"] >= 100, "an outage of the bus costs no escalation"
    assert source["MaximumRecordAgeInSeconds"] < 24 * 3600, "given up before the stream forgets it, so that it is known"


def test_what_the_stream_gave_up_comes_back_by_a_queue_and_ends_where_it_was(
    functions: Properties, queues: Properties, target_of: Callable[[Any], str]
) -> None:
    source = functions["Project"]["Events"]["ProjectAgain"]["Properties"]
    assert target_of(source["Queue"]) == "ProjectAgainQueue" and source["BatchSize"] == 1
    again = queues["ProjectAgainQueue"]
    assert target_of(again["RedrivePolicy"]["deadLetterTargetArn"]) == "ProjectDlq"
    assert again["VisibilityTimeout"] >= 6 * functions["Project"]["Timeout"]


def test_the_wakes_index_projects_nothing_that_changes(of_type: OfType) -> None:
    cases = of_type("AWS::DynamoDB::Table")["CasesTable"]
    (index,) = cases["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("wakes", {"ProjectionType": "KEYS_ONLY"})
    assert [each["AttributeName"] for each in index["KeySchema"]] == ["wake_bucket", "wake_at"]
    assert cases["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_tables_can_be_restored_are_encrypted_and_protected(
    of_type: OfType, in_cloud: Callable[[Any], Any], target_of: Callable[[Any], str]
) -> None:
    for name, table in of_type("AWS::DynamoDB::Table").items():
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert target_of(table["SSESpecification"]["KMSMasterKeyId"]) == "DataKey", name
        assert in_cloud(table["DeletionProtectionEnabled"]) == "true", name
        assert table["BillingMode"] == "PAY_PER_REQUEST", name


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"])
def test_what_holds_data_outlives_the_stack(template: dict[str, Any], kind: str) -> None:
    for name, each in template["Resources"].items():
        if each["Type"] == kind:
            assert (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")) == ("Retain", "Retain"), name


def test_the_archive_is_private_encrypted_and_forgets_raw_deliveries(
    of_type: OfType, in_cloud: Callable[[Any], Any], target_of: Callable[[Any], str]
) -> None:
    bucket = of_type("AWS::S3::Bucket")["ArchiveBucket"]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["BucketKeyEnabled"] is True
    assert target_of(encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "DataKey"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    days = {
        rule["Prefix"]: in_cloud(rule["ExpirationInDays"])
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert days == {"raw/": 30, "inbox/": 14, "quarantine/": 90}, "journal and policies are kept, the rest is not"
    assert "VersioningConfiguration" not in bucket, "a version would outlive what must be forgotten"


def test_the_archive_speaks_tls_only(of_type: OfType) -> None:
    (policy,) = of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_only_the_hook_route_leads_to_the_hook(of_type: OfType, target_of: Callable[[Any], str]) -> None:
    (route,) = of_type("AWS::ApiGatewayV2::Route").values()
    (integration,) = of_type("AWS::ApiGatewayV2::Integration").values()
    assert route["RouteKey"] == "POST /hooks/{token}"
    assert target_of(integration["IntegrationUri"]) == "Hook"
    assert integration["PayloadFormatVersion"] == "2.0"


def test_the_access_log_of_the_hooks_does_not_hold_the_token(of_type: OfType) -> None:
    (stage,) = of_type("AWS::ApiGatewayV2::Stage").values()
    written = stage["AccessLogSettings"]["Format"]
    json.loads(written)
    assert not [word for word in ("path", "Path", "routeKey", "header", "protocol") if f"$context.{word}" in written]


def test_the_rest_api_is_regional(of_type: OfType) -> None:
    (api,) = of_type("AWS::Serverless::Api").values()
    endpoint = api["EndpointConfiguration"]
    assert (endpoint if isinstance(endpoint, str) else endpoint["Type"]) == "REGIONAL"


def test_each_function_logs_json_into_a_group_that_forgets(
    functions: Properties, of_type: OfType, in_cloud: Callable[[Any], Any], target_of: Callable[[Any], str]
) -> None:
    groups = of_type("AWS::Logs::LogGroup")
    used = {name: target_of(each["LoggingConfig"]["LogGroup"]) for name, each in functions.items()}
    assert len(set(used.values())) == len(functions)
    for name, group in used.items():
        assert functions[name]["LoggingConfig"]["LogFormat"] == "JSON"
        assert in_cloud(groups[group]["RetentionInDays"]) == 30


def test_the_runtime_is_the_interpreter_that_packaged(functions: Properties) -> None:
    wanted = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert {each["Runtime"] for each in functions.values()} == {wanted}


def test_chains_through_queues_are_not_taken_for_runaway_loops(functions: Properties) -> None:
    # A wake met too early goes back to its own queue; an action's look comes back through the inbox.
    assert {name for name, each in functions.items() if each.get("RecursiveLoop") == "Allow"} == set(CONSUMERS)


def test_the_sweep_runs_each_minute_and_ends_before_the_next(functions: Properties) -> None:
    assert _source(functions["Sweep"])["Schedule"] == "rate(1 minute)"
    assert functions["Sweep"]["Timeout"] < 60


@pytest.mark.parametrize(("function", "turn"), [("Audit", nightly), ("Sellers", nights)])
def test_a_turn_of_a_nightly_round_ends_before_the_function_and_before_the_next_turn(
    functions: Properties, function: str, turn: Any
) -> None:
    assert _source(functions[function])["Schedule"] == "rate(15 minutes)"
    assert turn.BUDGET.total_seconds() + 60 <= functions[function]["Timeout"] < turn.LEASE.total_seconds() < 15 * 60


def test_the_hook_does_not_wait_longer_than_its_door(functions: Properties, of_type: OfType) -> None:
    (integration,) = of_type("AWS::ApiGatewayV2::Integration").values()
    assert functions["Hook"]["Timeout"] * 1000 < integration["TimeoutInMillis"]


def test_outgoing_calls_reach_no_inner_host_in_the_cloud(functions: Properties, in_cloud: Callable[[Any], Any]) -> None:
    assert in_cloud(functions["Act"]["Environment"]["Variables"]["REDRESS_ALLOW_HOSTS"]) == ""
    others = {name for name, each in functions.items() if "REDRESS_ALLOW_HOSTS" in each["Environment"]["Variables"]}
    assert others == {"Act"}


def test_the_secrets_key_is_named_to_those_who_use_it(functions: Properties) -> None:
    told = {name for name, each in functions.items() if "REDRESS_SECRETS_KEY" in each["Environment"]["Variables"]}
    assert told == {"Hook", "Act", "APIHandler"}


def test_the_template_has_every_output_that_deploy_reads(template: dict[str, Any]) -> None:
    Outputs.read([{"OutputKey": name, "OutputValue": "x"} for name in template["Outputs"]])


def test_cfn_lint_finds_nothing(packaged: Package) -> None:
    lint = Path(sys.executable).parent / "cfn-lint"
    command = [str(lint), "--regions", "us-east-1", "--template", str(packaged.template)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_sam_makes_plain_cloudformation_of_it(packaged: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    plain = transform(json.loads(rendered(packaged, "bucket", "code.zip")), {}, NoManagedPolicies())
    kinds = [each["Type"] for each in plain["Resources"].values()]
    assert not [kind for kind in kinds if kind.startswith("AWS::Serverless")]
    mappings = [
        each["Properties"]["FunctionResponseTypes"]
        for each in plain["Resources"].values()
        if each["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    assert mappings == [["ReportBatchItemFailures"]] * 6
    codes = {
        (each["Properties"]["Code"]["S3Bucket"], each["Properties"]["Code"]["S3Key"])
        for each in plain["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    }
    assert codes == {("bucket", "code.zip")}


def test_the_stack_fits_the_limits_of_cloudformation(packaged: Package) -> None:
    body = rendered(packaged, "bucket", "code.zip")
    assert len(body) < 1_000_000
    assert len(json.loads(body)["Resources"]) + 20 < 500, "SAM adds some"


def test_our_source_patches_only_what_chalice_generates(template: dict[str, Any]) -> None:
    # A mistyped patch becomes a resource of its own, without a Type.
    assert not [name for name, each in template["Resources"].items() if "Type" not in each]


def test_no_mapping_holds_two_intrinsics(template: dict[str, Any]) -> None:
    def look(value: Any, path: str) -> list[str]:
        if isinstance(value, dict):
            mixed = [path] if len(value) > 1 and any(key == "Ref" or key.startswith("Fn::") for key in value) else []
            return mixed + [found for key, each in value.items() for found in look(each, f"{path}.{key}")]
        if isinstance(value, list):
            return [found for index, each in enumerate(value) for found in look(each, f"{path}[{index}]")]
        return []

    assert look(yaml.safe_load(json.dumps(template["Resources"])), "Resources") == []
