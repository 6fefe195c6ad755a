"""What only AWS does: batches that are half taken, keys that were not processed, pages, images of the stream.

Answers that no emulator gives are stubbed on the client itself; the stub also checks what was asked, against the
service's own model.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from chalicelib import bootstrap
from chalicelib.aws import cases as module
from chalicelib.aws.blobs import S3Blobs
from chalicelib.aws.bus import EventBus
from chalicelib.aws.cases import DynamoCases, DynamoWakeIndex, image
from chalicelib.aws.clients import CONFIG, client
from chalicelib.aws.connections import DynamoConnections
from chalicelib.aws.queues import SqsQueue
from chalicelib.aws.records import DynamoRecords
from chalicelib.core.case import Case, CaseId, new_case
from chalicelib.core.events import Subject
from chalicelib.ports.forms import FORM, encode
from chalicelib.ports.keys import minute_of
from chalicelib.ports.stores import Message, Newer, QueueFailed, Wake
from tests.contract.worlds import NOW, SHARDS, World

URL = "https://sqs.eu-central-1.amazonaws.com/1/q"


@pytest.fixture
def stub(aws: World, request: pytest.FixtureRequest) -> Iterator[Stubber]:
    """The client of the service that the test names; every answer must be used up."""
    with Stubber(client(request.param)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def service(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stub", [name], indirect=True)


def order(ident: str, account: str = "main") -> CaseId:
    return CaseId(account, "shop-1", Subject("order", ident))


def key(ident: str) -> dict[str, dict[str, str]]:
    return {"key": {"S": str(order(ident))}}


def item(ident: str, version: int = 1) -> dict[str, Any]:
    return {**key(ident), "n": {"N": str(version)}, "body": {"B": encode(new_case(order(ident)))}}


# ---- queues and bus: what was not taken ------------------------------------------------------------------------------


def entry(number: int) -> dict[str, Any]:
    return {"Id": str(number), "MessageBody": f"body {number}"}


def failed(*numbers: int) -> list[dict[str, Any]]:
    return [{"Id": str(number), "SenderFault": False, "Code": "InternalError"} for number in numbers]


@service("sqs")
def test_only_the_failed_entries_of_a_batch_are_sent_again(stub: Stubber) -> None:
    stub.add_response(
        "send_message_batch",
        {"Successful": [], "Failed": failed(0, 2)},
        {"QueueUrl": URL, "Entries": [entry(0), entry(1), entry(2)]},
    )
    stub.add_response(
        "send_message_batch", {"Successful": [], "Failed": []}, {"QueueUrl": URL, "Entries": [entry(0), entry(2)]}
    )
    SqsQueue(URL).send(Message(f"body {number}") for number in range(3))


@service("sqs")
def test_entries_that_fail_twice_are_reported_after_the_rest_was_sent(stub: Stubber) -> None:
    stub.add_response("send_message_batch", {"Successful": [], "Failed": failed(3)})
    stub.add_response("send_message_batch", {"Successful": [], "Failed": failed(3)})
    stub.add_response("send_message_batch", {"Successful": [], "Failed": []}, {"QueueUrl": URL, "Entries": ANY})
    with pytest.raises(QueueFailed, match="1 of 12 messages were not taken: InternalError") as caught:
        SqsQueue(URL).send(Message("secret body") for _ in range(12))
    assert "secret" not in str(caught.value)


@service("sqs")
@pytest.mark.parametrize(
    ("more", "group", "sent"),
    [({}, "main:shop-1", {"MessageGroupId": "main:shop-1"}), ({}, "", {}), ({"fair": False}, "main:shop-1", {})],
    ids=["as deployed", "without a group", "not fair"],
)
def test_a_queue_is_fair_between_groups(stub: Stubber, more: dict[str, bool], group: str, sent: dict[str, str]) -> None:
    stub.add_response(
        "send_message_batch",
        {"Successful": [], "Failed": []},
        {"QueueUrl": URL, "Entries": [{"Id": "0", "MessageBody": "x", "DelaySeconds": 900, **sent}]},
    )
    SqsQueue(URL, **more).send([Message("x", delay=900, group=group)])


def escalation(number: int, size: int = 0) -> dict[str, Any]:
    return {"id": f"e-{number}", "source": "redress/main/shop-1", "type": "redress.clock.met", "data": "x" * size}


@service("events")
def test_an_event_travels_whole_under_its_source_and_type(stub: Stubber) -> None:
    event = {**escalation(1), "data": {"zh": "逾期"}}
    detail = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    sent = {
        "EventBusName": "b", "Source": "redress/main/shop-1", "DetailType": "redress.clock.met", "Detail": detail,
    }  # fmt: skip
    stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}, {"Entries": [sent]})
    EventBus("b").put([event])


@service("events")
def test_only_the_failed_events_are_put_again(stub: Stubber) -> None:
    bad = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, bad]})
    second = {
        "EventBusName": "b", "Source": "redress/main/shop-1", "DetailType": "redress.clock.met",
        "Detail": json.dumps(escalation(1), separators=(",", ":")),
    }  # fmt: skip
    stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [bad]}, {"Entries": [second]})
    with pytest.raises(QueueFailed, match="1 of 2 events were not taken: ThrottlingException"):
        EventBus("b").put([escalation(0), escalation(1)])


@service("events")
def test_large_events_are_spread_over_several_calls(stub: Stubber) -> None:
    for number in (2, 1):
        answer = {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}] * number}
        stub.add_response("put_events", answer, {"Entries": [ANY] * number})
    EventBus("b").put([escalation(number, 100_000) for number in range(3)])


# ---- cases ----------------------------------------------------------------------------------------------------------


def asked(*idents: str) -> dict[str, Any]:
    return {"RequestItems": {"cases": {"Keys": [key(one) for one in idents], "ConsistentRead": True}}}


@service("dynamodb")
def test_keys_that_were_not_processed_are_asked_for_again(stub: Stubber) -> None:
    left = asked("2")["RequestItems"]
    stub.add_response("batch_get_item", {"Responses": {"cases": [item("1")]}, "UnprocessedKeys": left}, asked("1", "2"))
    stub.add_response("batch_get_item", {"Responses": {"cases": [item("2", 7)]}, "UnprocessedKeys": {}}, asked("2"))
    found = DynamoCases("main", "cases", SHARDS).get_many([order("1"), order("2")])
    assert {case_id.subject.id: case.version for case_id, case in found.items()} == {"1": 1, "2": 7}


@service("dynamodb")
def test_keys_that_are_never_processed_are_an_error_not_new_cases(
    stub: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROUNDS", 2)
    for _ in range(2):
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": asked("1")["RequestItems"]})
    with pytest.raises(TimeoutError, match="1 of 1 cases were not read"):
        DynamoCases("main", "cases", SHARDS).get_many([order("1")])


@service("dynamodb")
def test_a_case_is_read_consistently(stub: Stubber) -> None:
    asked_for = {"TableName": "cases", "Key": key("1"), "ConsistentRead": True}
    stub.add_response("get_item", {"Item": item("1", 3)}, asked_for)
    assert DynamoCases("main", "cases", SHARDS).get(order("1")).version == 3


@service("dynamodb")
def test_a_case_is_one_item_with_wake_keys_only_while_it_has_a_wake(stub: Stubber) -> None:
    case = Case(order("1"), wake_at=NOW + timedelta(milliseconds=7))
    wake = {
        "wake_bucket": {"S": "29919480#1"},
        "wake_at": {"S": f"1795168800007#{case.id}"},
    }
    new = {"ConditionExpression": "attribute_not_exists(n)"}
    over = {"ConditionExpression": "n = :read", "ExpressionAttributeValues": {":read": {"N": "1"}}}
    stub.add_response("put_item", {}, {"TableName": "cases", "Item": {**item("1"), **wake}, **new})
    stub.add_response("put_item", {}, {"TableName": "cases", "Item": item("1", 2), **over})
    cases = DynamoCases("main", "cases", SHARDS)
    cases.put(replace(cases.put(case), wake_at=None))


def test_a_legal_deadline_stands_in_the_keys_of_the_index_and_one_written_without_is_read_as_before(aws: World) -> None:
    cases, case_id = aws.cases(aws.account), order("1", aws.account)
    case = cases.put(Case(case_id, wake_at=NOW, law_at=NOW + timedelta(minutes=5, milliseconds=7)))
    dynamodb, where = client("dynamodb"), {"TableName": "cases", "Key": {"key": {"S": str(case_id)}}}
    stored = dynamodb.get_item(**where)["Item"]
    assert stored["wake_at"] == {"S": f"1795168800000+300007#{case_id}"}
    dynamodb.put_item(TableName="cases", Item={**stored, "wake_at": {"S": f"1795168800000#{case_id}"}})
    assert cases.get(case_id) == replace(case, law_at=None)
    shard = int(stored["wake_bucket"]["S"].partition("#")[2])
    found = aws.wake_index.bucket(minute_of(NOW), shard)
    assert [one for one in found if one.case_id == case_id] == [Wake(case_id, NOW)]


@service("dynamodb")
def test_an_error_that_is_no_lost_condition_stays_what_it_is(stub: Stubber) -> None:
    stub.add_client_error("put_item", "ProvisionedThroughputExceededException")
    with pytest.raises(ClientError, match="ProvisionedThroughputExceeded"):
        DynamoCases("main", "cases", SHARDS).put(Case(order("1")))


@service("dynamodb")
def test_a_bucket_is_read_to_its_last_page(stub: Stubber) -> None:
    def wake(ident: str) -> dict[str, Any]:
        return {**key(ident), "wake_bucket": {"S": "5#1"}, "wake_at": {"S": f"0000000300001#{order(ident)}"}}

    query = {
        "TableName": "cases", "IndexName": "wakes", "KeyConditionExpression": "wake_bucket = :bucket",
        "ExpressionAttributeValues": {":bucket": {"S": "5#1"}},
    }  # fmt: skip
    stub.add_response("query", {"Items": [wake("1")], "LastEvaluatedKey": wake("1")}, query)
    stub.add_response("query", {"Items": [], "LastEvaluatedKey": wake("9")}, {**query, "ExclusiveStartKey": wake("1")})
    stub.add_response("query", {"Items": [wake("2")]}, {**query, "ExclusiveStartKey": wake("9")})
    found = list(DynamoWakeIndex("cases").bucket(5, 1))
    assert [one.case_id.subject.id for one in found] == ["1", "2"]
    assert found[0] == Wake(order("1"), found[0].wake_at)


@pytest.mark.parametrize("spell", [lambda body: body, lambda body: b64encode(body).decode()], ids=["bytes", "base64"])
def test_an_image_of_the_stream_is_a_case(spell: Any) -> None:
    case = Case(order("a/b:c"), wake_at=NOW, version=4)
    stored = {
        "key": {"S": str(case.id)}, "n": {"N": "4"}, "body": {"B": spell(encode(case))},
        "wake_bucket": {"S": "1#0"}, "wake_at": {"S": f"1795168800000#{case.id}"},
    }  # fmt: skip
    assert image(stored) == case


def test_items_of_a_later_program_are_not_touched(aws: World) -> None:
    dynamodb = client("dynamodb")
    later = {**item("1"), "key": {"S": str(order("1", aws.account))}, "body": {"B": bytes([FORM + 1])}}
    dynamodb.put_item(TableName="cases", Item=later)
    dynamodb.put_item(
        TableName="records",
        Item={"key": {"S": f"{aws.account}:k"}, "sort": {"S": "s"}, "v": {"N": "2"}, "n": {"N": "1"}},
    )
    dynamodb.put_item(TableName="connections", Item={"key": {"S": f"{aws.account}:c"}, "v": {"N": "2"}})
    for call in (
        lambda: aws.cases(aws.account).get(order("1", aws.account)),
        lambda: aws.cases(aws.account).get_many([order("1", aws.account)]),
        lambda: aws.records(aws.account).get("k", "s"),
        lambda: aws.records(aws.account).put("k", "s", {}),
        lambda: list(aws.records(aws.account).query("k")),
        lambda: aws.connections.get(aws.account, "c"),
    ):
        with pytest.raises(Newer):
            call()


# ---- the rest -------------------------------------------------------------------------------------------------------


@service("dynamodb")
def test_a_counter_survives_that_time_to_live_deletes_the_expired_record_meanwhile(stub: Stubber, aws: World) -> None:
    lost = "ConditionalCheckFailedException"
    stub.add_client_error("update_item", lost)
    stub.add_client_error("put_item", lost)
    stub.add_response("update_item", {"Attributes": {"i:n": {"N": "3"}}})
    assert DynamoRecords("main", "records", aws.clock).add("k", "s", "n", 3) == 3


@service("dynamodb")
def test_a_write_without_condition_looks_again_when_it_lost_a_race(stub: Stubber, aws: World) -> None:
    stored = {"key": {"S": "main:k"}, "sort": {"S": "s"}, "v": {"N": "1"}, "n": {"N": "4"}, "data": {"S": "{}"}}
    stub.add_response("get_item", {})
    stub.add_client_error("put_item", "ConditionalCheckFailedException")
    stub.add_response("get_item", {"Item": stored})
    stub.add_response("put_item", {})
    assert DynamoRecords("main", "records", aws.clock).put("k", "s", {"a": 1}) == 5


@service("dynamodb")
def test_a_name_without_its_connection_is_left_out(stub: Stubber) -> None:
    stub.add_response("get_item", {"Item": {"key": {"S": "main"}, "names": {"SS": ["b", "a"]}}})
    stub.add_response("get_item", {})
    stub.add_response("get_item", {"Item": {"key": {"S": "main:b"}}})
    assert list(DynamoConnections("connections").names("main")) == ["b"]


@service("s3")
def test_a_refusal_is_not_taken_for_an_absent_blob(stub: Stubber) -> None:
    stub.add_client_error("get_object", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        S3Blobs("b").get("raw/x")


@service("s3")
def test_a_listing_is_read_to_its_last_page(stub: Stubber) -> None:
    first = {"IsTruncated": True, "NextContinuationToken": "t", "Contents": [{"Key": "raw/1"}]}
    stub.add_response("list_objects_v2", first, {"Bucket": "b", "Prefix": "raw/"})
    second = {"Bucket": "b", "Prefix": "raw/", "ContinuationToken": "t"}
    stub.add_response("list_objects_v2", {"IsTruncated": False, "Contents": [{"Key": "raw/2"}]}, second)
    assert list(S3Blobs("b").keys("raw/")) == ["raw/1", "raw/2"]


def test_a_client_is_made_once_and_does_not_wait_long(aws: World) -> None:
    assert client("sqs") is client("sqs")
    assert (CONFIG.connect_timeout, CONFIG.read_timeout) == (1, 3)


def test_ops_ask_every_server_of_a_queue_for_its_dead_letters(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receive that does not wait asks some of them, and may find nothing where letters lie."""
    monkeypatch.setenv("REDRESS_HOOK_URL", "https://hooks.example")
    for name in ("INBOX", "WAKES", "LATE", "ACTIONS", "PROJECT"):
        queue = client("sqs").create_queue(QueueName=f"letters-{name}")["QueueUrl"]
        monkeypatch.setenv(f"REDRESS_{name}_DLQ", queue)
    monkeypatch.setenv("REDRESS_PROJECT_AGAIN", "https://sqs.example/again")
    client("sqs").send_message(QueueUrl=queue, MessageBody="a letter")
    made = (bootstrap.ops, bootstrap.ports)
    for one in made:
        one.cache_clear()
    asked: list[int] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(params["WaitTimeSeconds"])

    events, name = client("sqs").meta.events, "before-parameter-build.sqs.ReceiveMessage"
    events.register(name, note)
    assert len(bootstrap.ops().dead["project"].receive()) == 1
    events.unregister(name, note)
    assert asked and asked[0] > 0
    for one in made:
        one.cache_clear()
