"""Records on DynamoDB: small documents of one account, written whole on condition, with counters beside.

Item: `key` "account:kind"; `sort`; `v` form; `n` version; `data` JSON text, or gzipped bytes; `i:NAME` each whole
number at the top of the data, so that ADD works in place; `expires` epoch second. Time to live deletes late, so an
expired item is treated as absent wherever it is met.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Item, client, lost_condition
from chalicelib.ports.documents import FORM, pack, unpack
from chalicelib.ports.keys import check_account, check_record, check_sorts, expiry, present
from chalicelib.ports.stores import Clock, Conflict, Newer, Record

NUMBER = "i:"
LAST_CHARACTER = "\U0010ffff"
TRIES = 5
"""Times that a write without a condition of its own looks again, when others write the same record."""

_NAMES = {"#expires": "expires"}
_ABSENT = "attribute_not_exists(n) OR #expires <= :now"
_LIVES = "(attribute_not_exists(#expires) OR #expires > :now)"


class DynamoRecords:
    """The records of one account."""

    __slots__ = ("_account", "_clock", "_table")

    def __init__(self, account: str, table: str, clock: Clock) -> None:
        self._account, self._table, self._clock = check_account(account), table, clock

    def get(self, kind: str, sort: str) -> Record | None:
        key = self._key(kind, sort)
        answer = client("dynamodb").get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return self._record(answer["Item"]) if "Item" in answer else None

    def put(
        self,
        kind: str,
        sort: str,
        data: Mapping[str, Any],
        expected: int | None = None,
        expires: datetime | None = None,
    ) -> int:
        packed, numbers = pack(data)
        item: dict[str, Any] = self._key(kind, sort)
        item["data"] = {"S": packed} if isinstance(packed, str) else {"B": packed}
        item |= {NUMBER + name: {"N": str(value)} for name, value in numbers.items()}
        if expires is not None:
            item["expires"] = {"N": str(expiry(expires))}
        if expected is not None:
            return self._write(item, expected)
        for _ in range(TRIES):
            stored = self.get(kind, sort)
            try:
                return self._write(item, stored.version if stored else 0)
            except Conflict:
                continue
        raise Conflict(f"{kind}/{sort}")

    def add(self, kind: str, sort: str, field: str, amount: int, expires: datetime | None = None) -> int:
        change = "SET v = :form"
        values = {":form": FORM, ":one": 1, ":amount": amount, ":now": present(self._clock)}
        if expires is not None:
            change += ", #expires = :expires"
            values[":expires"] = expiry(expires)
        for _ in range(TRIES):
            try:
                answer = client("dynamodb").update_item(
                    TableName=self._table,
                    Key=self._key(kind, sort),
                    UpdateExpression=f"{change} ADD n :one, #field :amount",
                    ConditionExpression=_LIVES,
                    ExpressionAttributeNames={**_NAMES, "#field": NUMBER + field},
                    ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
                    ReturnValues="ALL_NEW",
                )
                return _int(answer["Attributes"][NUMBER + field])
            except ClientError as error:
                if not lost_condition(error):
                    raise
            # It has expired, and what it counted with it.
            try:
                self.put(kind, sort, {field: amount}, 0, expires)
                return amount
            except Conflict:
                continue
        raise Conflict(f"{kind}/{sort}")

    def query(self, kind: str, prefix: str = "", after: str = "") -> Iterator[Record]:
        check_sorts(prefix, after)
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": {"#key": "key"},
            "ExpressionAttributeValues": {":key": {"S": f"{self._account}:{kind}"}},
            "ConsistentRead": True,
        }
        if after.encode() < prefix.encode():
            after = ""
        # A text may begin so and yet be past the last one that is asked for, as BETWEEN does not bear.
        if after and (not after.startswith(prefix) or (prefix and after >= prefix + LAST_CHARACTER)):
            return
        wanted: dict[str, str] = {}
        if after:
            # A key takes one condition: past `after`, and where there is a prefix up to the last text that begins so.
            query["KeyConditionExpression"] += (
                " AND #sort BETWEEN :after AND :last" if prefix else " AND #sort > :after"
            )
            wanted = {":after": after, ":last": prefix + LAST_CHARACTER} if prefix else {":after": after}
        elif prefix:
            query["KeyConditionExpression"] += " AND begins_with(#sort, :prefix)"
            wanted = {":prefix": prefix}
        if after or prefix:
            query["ExpressionAttributeNames"]["#sort"] = "sort"
            query["ExpressionAttributeValues"] |= {name: {"S": text} for name, text in wanted.items()}
        while True:
            page = client("dynamodb").query(**query)
            for item in page["Items"]:
                record = self._record(item)
                if record is not None and record.sort != after:
                    yield record
            if not page.get("LastEvaluatedKey"):
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def delete(self, kind: str, sort: str, expected: int | None = None) -> None:
        condition: dict[str, Any] = {}
        if expected is not None:
            condition = {
                "ConditionExpression": "attribute_not_exists(n) OR n = :read",
                "ExpressionAttributeValues": {":read": {"N": str(expected)}},
            }
        try:
            client("dynamodb").delete_item(TableName=self._table, Key=self._key(kind, sort), **condition)
        except ClientError as error:
            if lost_condition(error):
                raise Conflict(sort) from None
            raise

    def _key(self, kind: str, sort: str) -> dict[str, dict[str, str]]:
        check_record(kind, sort)
        return {"key": {"S": f"{self._account}:{kind}"}, "sort": {"S": sort}}

    def _write(self, item: Mapping[str, Any], expected: int) -> int:
        values = {":now": present(self._clock)} | ({":read": expected} if expected else {})
        try:
            client("dynamodb").put_item(
                TableName=self._table,
                Item={**item, "n": {"N": str(expected + 1)}, "v": {"N": str(FORM)}},
                ConditionExpression=f"n = :read AND {_LIVES}" if expected else _ABSENT,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
            )
        except ClientError as error:
            if lost_condition(error):
                raise Conflict(item["sort"]["S"]) from None
            raise
        return expected + 1

    def _record(self, item: Item) -> Record | None:
        if "expires" in item and _int(item["expires"]) <= present(self._clock):
            return None
        sort, form = item["sort"]["S"], _int(item["v"])
        if form > FORM:
            raise Newer(f"record {sort} is stored in form {form}, this program reads up to {FORM}")
        numbers = {name.removeprefix(NUMBER): _int(value) for name, value in item.items() if name.startswith(NUMBER)}
        data = item.get("data", {"S": "{}"})
        return Record(sort, unpack(data["S"] if "S" in data else bytes(data["B"]), numbers), _int(item["n"]))


def _int(number: Mapping[str, Any]) -> int:
    return int(Decimal(number["N"]))
