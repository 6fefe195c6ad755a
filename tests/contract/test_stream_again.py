"""What the stream's dead letters name is read from the stream again, and told: from the place in the letter, as Lambda
writes it, to the records."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.aws.clients import client
from chalicelib.aws.stream import MOST, Over, Unread, given_up, is_letter, read_letter
from chalicelib.bootstrap import written_by
from chalicelib.flow import project as journal
from tests.bench.cloud import cloud

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/cases/stream/2026-11-20T10:00:00.000"


SHARD = "shardId-00000001795168800000-0a1b2c3d"


def at(number: int) -> str:
    """A sequence number, as long as they are."""
    return str(10**20 + number)


def letter(first: str, last: str, arn: str = ARN, shard: str = SHARD) -> str:
    place = {
        "shardId": shard, "startSequenceNumber": first, "endSequenceNumber": last, "batchSize": 2, "streamArn": arn,
        "approximateArrivalOfFirstRecord": "2026-11-20T10:00:00Z",
        "approximateArrivalOfLastRecord": "2026-11-20T10:00:01Z",
    }  # fmt: skip
    context = {"requestId": "r", "functionArn": "f", "condition": "RetryAttemptsExhausted"}
    return json.dumps({"requestContext": context, "version": "1.0", "DDBStreamBatchInfo": place})


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    clients.forget()
    with mock_aws():
        yield
    clients.forget()


def test_the_records_from_the_first_to_the_last_are_read_again(engine: None) -> None:
    dynamodb = client("dynamodb")
    made = dynamodb.create_table(
        TableName="cases", KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]  # fmt: skip
    for number in range(5):
        dynamodb.put_item(TableName="cases", Item={"key": {"S": "a"}, "n": {"N": str(number)}})
    arn = made["LatestStreamArn"]
    (shard,) = client("dynamodbstreams").describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = client("dynamodbstreams").get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = client("dynamodbstreams").get_records(ShardIterator=iterator)["Records"]
    numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
    found = list(given_up(letter(numbers[1], numbers[3], arn, shard["ShardId"])))
    assert [one["dynamodb"]["NewImage"]["n"]["N"] for one in found] == ["1", "2", "3"]


@pytest.fixture
def stub(engine: None) -> Iterator[Stubber]:
    with Stubber(client("dynamodbstreams")) as made:
        yield made
        made.assert_no_pending_responses()


def page(*numbers: int, more: str = "") -> dict[str, Any]:
    records = [{"dynamodb": {"SequenceNumber": at(number)}} for number in numbers]
    return {"Records": records, **({"NextShardIterator": more} if more else {})}


def test_an_empty_page_is_no_end(stub: Stubber) -> None:
    stub.add_response(
        "get_shard_iterator",
        {"ShardIterator": "one"},
        {"StreamArn": ARN, "ShardId": SHARD, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": at(7)},
    )
    stub.add_response("get_records", page(more="two"), {"ShardIterator": "one", "Limit": ANY})
    stub.add_response("get_records", page(7, 8, more="three"), {"ShardIterator": "two", "Limit": ANY})
    stub.add_response("get_records", page(10), {"ShardIterator": "three", "Limit": ANY})
    assert [one["dynamodb"]["SequenceNumber"] for one in given_up(letter(at(7), at(9)))] == [at(7), at(8)]


def test_the_last_record_ends_it_though_an_open_shard_has_a_next_page(stub: Stubber) -> None:
    stub.add_response("get_shard_iterator", {"ShardIterator": "one"})
    stub.add_response("get_records", page(7, 9, more="two"), {"ShardIterator": "one", "Limit": ANY})
    assert len(list(given_up(letter(at(7), at(9))))) == 2


def test_a_range_that_is_too_long_is_not_taken_for_told(stub: Stubber) -> None:
    stub.add_response("get_shard_iterator", {"ShardIterator": "0"})
    for number in range(MOST):
        stub.add_response("get_records", page(number, more=str(number + 1)))
    with pytest.raises(Unread):
        list(given_up(letter(at(0), at(10_000))))


def test_of_what_is_partly_forgotten_the_rest_is_read(stub: Stubber) -> None:
    stub.add_client_error("get_shard_iterator", "TrimmedDataAccessException")
    stub.add_response(
        "get_shard_iterator",
        {"ShardIterator": "one"},
        {"StreamArn": ARN, "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"},
    )
    stub.add_response("get_records", page(8, 9, 12), {"ShardIterator": "one", "Limit": ANY})
    assert [one["dynamodb"]["SequenceNumber"] for one in given_up(letter(at(7), at(9)))] == [at(8), at(9)]


def test_what_the_stream_has_forgotten_is_over(stub: Stubber) -> None:
    stub.add_client_error("get_shard_iterator", "TrimmedDataAccessException")
    stub.add_response("get_shard_iterator", {"ShardIterator": "one"})
    stub.add_response("get_records", page(12), {"ShardIterator": "one", "Limit": ANY})
    with pytest.raises(Over):
        list(given_up(letter(at(7), at(9))))
    for _ in range(2):
        stub.add_client_error("get_shard_iterator", "ResourceNotFoundException")
    with pytest.raises(Over):
        list(given_up(letter(at(7), at(9))))


@pytest.mark.parametrize("body", ["{}", "[]", "no", '{"DDBStreamBatchInfo": {"streamArn": 1}}', '{"a": "main"}'])
def test_what_is_no_letter_of_the_stream_says_so(body: str) -> None:
    with pytest.raises(ValueError):
        read_letter(body)


def test_a_letter_is_told_apart_from_a_record_by_where_it_came_from() -> None:
    assert is_letter({"eventSource": "aws:sqs", "body": "{}"})
    assert not is_letter({"eventSource": "aws:dynamodb", "dynamodb": {}}) and not is_letter({"dynamodb": {}})


def test_both_ways_of_telling_the_instant_of_a_write_mean_the_same() -> None:
    begin = datetime(2026, 11, 20, 10, tzinfo=UTC)
    told = [written_by({"ApproximateCreationDateTime": one}) for one in (begin, begin.timestamp())]
    assert told[0] == told[1] > begin


def test_project_tells_what_a_letter_names() -> None:
    with cloud() as made:
        kept = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        client("dynamodb").update_table(TableName="cases", StreamSpecification=kept)
        told = {"id": "e-1", "subject": {"kind": "order", "id": "1"}, "occurred_at": "2026-11-20T09:00:00Z"}
        marks = [{"name": "order.paid", "at": "2026-11-20T09:00:00Z"}]
        facts = {"ship_by": "2026-11-22T10:00:00Z"}
        bootstrap.hook()(made.request({**told, "marks": marks, "facts": facts}))
        bootstrap.apply()(made.batch("inbox"))
        streams = client("dynamodbstreams")
        arn = streams.list_streams(TableName="cases")["Streams"][0]["StreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        first = shard["SequenceNumberRange"]["StartingSequenceNumber"]
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        last = streams.get_records(ShardIterator=iterator)["Records"][-1]["dynamodb"]["SequenceNumber"]
        record = {"eventSource": "aws:sqs", "body": letter(first, last, arn, shard["ShardId"])}
        assert bootstrap.project()({"Records": [record]}) == {}
        (line,) = journal.lines(made.ports, "main")
        assert json.loads(line)["subject"] == {"kind": "order", "id": "1"}
