"""Reading the cases table's stream again where a range of it was given up: what Lambda leaves of it in the dead letters
is its place alone (shard, first and last sequence number, times), and the stream keeps a day.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client, code

PAGE = 1000
MOST = 50
"""Pages read for one letter: a batch has a hundred records, those of other batches lie between, and pages may be empty
although more is to come."""
_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


class Over(Exception):
    """The stream does not hold this range any more."""


class Unread(Exception):
    """The range is longer than what is read for one letter: it stays a letter."""


def is_letter(record: Mapping[str, Any]) -> bool:
    """Whether a record of Lambda's event is such a letter, come by a queue."""
    return record.get("eventSource") == "aws:sqs"


def read_letter(body: str) -> Mapping[str, Any]:
    """The place that a letter names. Raises ValueError for what is none."""
    told = json.loads(body)
    place = told.get("DDBStreamBatchInfo") if isinstance(told, dict) else None
    wanted = ("streamArn", "shardId", "startSequenceNumber", "endSequenceNumber")
    if not isinstance(place, dict) or not all(isinstance(place.get(name), str) for name in wanted):
        raise ValueError("not a letter about a range of a stream")
    return place


def given_up(body: str) -> Iterator[Mapping[str, Any]]:
    """The records from the first to the last that a letter names, as Lambda would give them; of a range that is partly
    forgotten, what is left. Raises Over where nothing is, Unread where the last was not reached, ValueError for what is
    no such letter."""
    place = read_letter(body)
    last, streams = int(place["endSequenceNumber"]), client("dynamodbstreams")
    where = {"StreamArn": place["streamArn"], "ShardId": place["shardId"]}
    start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": place["startSequenceNumber"]}
    try:
        iterator = _iterator(streams, where, start)
    except ClientError as error:
        if code(error) not in _GONE:
            raise
        try:
            iterator = _iterator(streams, where, {"ShardIteratorType": "TRIM_HORIZON"})
        except ClientError as other:
            if code(other) not in _GONE:
                raise
            raise Over(place["shardId"]) from None
    found = False
    for record in _records(streams, iterator):
        number = int(record["dynamodb"]["SequenceNumber"])
        if number <= last:
            found = True
            yield record
        if number >= last:
            # An open shard has a next page for ever.
            break
    if not found:
        raise Over(place["shardId"])


def _records(streams: Any, iterator: str | None) -> Iterator[Mapping[str, Any]]:
    """A shard from a place on. Raises Unread where more is to come than may be read."""
    seen = False
    for _ in range(MOST):
        if not iterator:
            return
        page = streams.get_records(ShardIterator=iterator, Limit=PAGE)
        yield from page["Records"]
        seen, iterator = seen or bool(page["Records"]), page.get("NextShardIterator")
    if iterator and seen:
        raise Unread(f"more than {MOST} pages")


def _iterator(streams: Any, where: Mapping[str, str], start: Mapping[str, str]) -> str:
    return str(streams.get_shard_iterator(**where, **start)["ShardIterator"])
