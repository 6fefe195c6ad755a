"""Cases and their wake index on DynamoDB. One case is one item, written whole on condition of its version.

Item: `key` the case's id; `n` version; `body` the stored form (`ports.forms`, which opens with its form's number).
Only while a wake exists: `wake_bucket` "<minute>#<shard>" and `wake_at` (`ports.keys.wake_sort`), the keys of the
sparse index `wakes`, KEYS_ONLY, so that a write which leaves the wake alone costs no index write.
"""

import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Item, client, lost_condition
from chalicelib.core.case import Case, CaseId, new_case
from chalicelib.ports.forms import decode, encode
from chalicelib.ports.keys import (
    check_account,
    check_case,
    check_segment,
    minute_of,
    read_wake,
    shard_of,
    wake_bucket,
    wake_of,
    wake_sort,
)
from chalicelib.ports.stores import Conflict, Wake

INDEX = "wakes"
BATCH = 100
"""Keys of one BatchGetItem at most."""
ROUNDS = 6
"""Times that keys which the table did not get to are asked for again, waiting 0.05 s and twice as long each time."""


class DynamoCases:
    """The cases of one account."""

    __slots__ = ("_account", "_shards", "_table")

    def __init__(self, account: str, table: str, shards: int) -> None:
        self._account, self._table, self._shards = check_account(account), table, shards

    def get(self, case_id: CaseId) -> Case:
        key = check_case(self._account, case_id)
        answer = client("dynamodb").get_item(TableName=self._table, Key={"key": {"S": key}}, ConsistentRead=True)
        return _case(case_id, answer["Item"]) if "Item" in answer else new_case(case_id)

    def get_many(self, case_ids: Sequence[CaseId]) -> Mapping[CaseId, Case]:
        wanted = {check_case(self._account, case_id): case_id for case_id in case_ids}
        found = {case_id: new_case(case_id) for case_id in case_ids}
        keys = list(wanted)
        for first in range(0, len(keys), BATCH):
            for item in self._batch(keys[first : first + BATCH]):
                case_id = wanted[item["key"]["S"]]
                found[case_id] = _case(case_id, item)
        return found

    def put(self, case: Case) -> Case:
        key = check_case(self._account, case.id)
        written = replace(case, version=case.version + 1)
        item: dict[str, Any] = {"key": {"S": key}, "n": {"N": str(written.version)}, "body": {"B": encode(case)}}
        if (wake := wake_of(case)) is not None:
            bucket = wake_bucket(minute_of(wake.wake_at), shard_of(key, self._shards))
            item |= {"wake_bucket": {"S": bucket}, "wake_at": {"S": wake_sort(wake)}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(n)"}
        if case.version:
            condition = {
                "ConditionExpression": "n = :read",
                "ExpressionAttributeValues": {":read": {"N": str(case.version)}},
            }
        try:
            client("dynamodb").put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if lost_condition(error):
                raise Conflict(key) from None
            raise
        return written

    def scan(self, segment: int, total: int, after: CaseId | None = None) -> Iterator[Case]:
        check_segment(segment, total)
        # Filtering saves no reading, only what another account's cases would weigh on the way.
        page: dict[str, Any] = {
            "TableName": self._table,
            "Segment": segment,
            "TotalSegments": total,
            "FilterExpression": "begins_with(#key, :mine)",
            "ExpressionAttributeNames": {"#key": "key"},
            "ExpressionAttributeValues": {":mine": {"S": f"{self._account}:"}},
        }
        if after is not None:
            page["ExclusiveStartKey"] = {"key": {"S": check_case(self._account, after)}}
        while True:
            answer = client("dynamodb").scan(**page)
            for item in answer["Items"]:
                yield _case(CaseId.parse(item["key"]["S"]), item)
            if not answer.get("LastEvaluatedKey"):
                return
            page["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _batch(self, keys: Sequence[str]) -> Iterator[Item]:
        left: Mapping[str, Any] = {
            self._table: {"Keys": [{"key": {"S": key}} for key in keys], "ConsistentRead": True}
        }  # fmt: skip
        for again in range(ROUNDS):
            answer = client("dynamodb").batch_get_item(RequestItems=left)
            yield from answer["Responses"].get(self._table, ())
            left = answer.get("UnprocessedKeys") or {}
            if not left:
                return
            time.sleep(0.05 * 2**again)
        raise TimeoutError(f"{self._table}: {len(left[self._table]['Keys'])} of {len(keys)} cases were not read")


class DynamoWakeIndex:
    """The wakes of all accounts, by minute and shard."""

    __slots__ = ("_table",)

    def __init__(self, table: str) -> None:
        self._table = table

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": "wake_bucket = :bucket",
            "ExpressionAttributeValues": {":bucket": {"S": wake_bucket(minute, shard)}},
        }
        while True:
            page = client("dynamodb").query(**query)
            for item in page["Items"]:
                yield read_wake(item["wake_at"]["S"])
            if not page.get("LastEvaluatedKey"):
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def image(item: Item) -> Case:
    """The case in an image of the table's stream. Lambda spells bytes as base64, the stream's own API does not."""
    return _case(CaseId.parse(item["key"]["S"]), item)


def _case(case_id: CaseId, item: Item) -> Case:
    body = item["body"]["B"]
    stored, version = b64decode(body) if isinstance(body, str) else bytes(body), int(item["n"]["N"])
    if "wake_at" not in item:
        return decode(stored, case_id, version, None)
    wake = read_wake(item["wake_at"]["S"])
    return decode(stored, case_id, version, wake.wake_at, wake.law_at)
