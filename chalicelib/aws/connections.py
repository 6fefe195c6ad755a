"""Connections on DynamoDB: one item each, written on condition of its version; secrets in it are sealed bytes.

Item: `key` "account:name"; `v` form; `n` version; `data` JSON; `secrets` a list of {`sealed` bytes, `until` ms or
absent}; `credentials` bytes; `hook` bytes, absent on what was stored before it was known. Beside them one item an
account, `key` "account", lists the `names`: it is written first, so it may name a connection that was never written,
and never lacks one that was. Reads are consistent; whoever wants a cache keeps it himself.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Item, client, lost_condition
from chalicelib.core.instants import from_ms, to_ms
from chalicelib.ports.keys import check_account, check_name
from chalicelib.ports.stores import Conflict, Connection, Newer, SealedSecret

FORM = 1


class DynamoConnections:
    """The connections of all accounts."""

    __slots__ = ("_table",)

    def __init__(self, table: str) -> None:
        self._table = table

    def get(self, account: str, name: str) -> Connection | None:
        item = self._item(f"{check_account(account)}:{check_name(name)}")
        return _read(account, name, item) if item else None

    def put(self, connection: Connection) -> Connection:
        account, name = check_account(connection.account), check_name(connection.name)
        if not connection.version:
            client("dynamodb").update_item(
                TableName=self._table,
                Key={"key": {"S": account}},
                UpdateExpression="ADD #names :names",
                ExpressionAttributeNames={"#names": "names"},
                ExpressionAttributeValues={":names": {"SS": [name]}},
            )
        written = replace(connection, version=connection.version + 1)
        values: dict[str, Any] = {
            ":v": {"N": str(FORM)},
            ":n": {"N": str(written.version)},
            ":data": {"S": _write(connection)},
            ":secrets": {"L": [_write_secret(one) for one in connection.secrets]},
            ":credentials": {"B": connection.credentials},
            ":hook": {"B": connection.hook},
        }
        if connection.version:
            values[":read"] = {"N": str(connection.version)}
        fields = ("v", "n", "data", "secrets", "credentials", "hook")
        try:
            client("dynamodb").update_item(
                TableName=self._table,
                Key={"key": {"S": f"{account}:{name}"}},
                UpdateExpression="SET " + ", ".join(f"#{one} = :{one}" for one in fields),
                ConditionExpression="#n = :read" if connection.version else "attribute_not_exists(#n)",
                ExpressionAttributeNames={f"#{one}": one for one in fields},
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if lost_condition(error):
                raise Conflict(f"{account}:{name}") from None
            raise
        return written

    def names(self, account: str) -> Iterator[str]:
        listed = self._item(check_account(account)) or {}
        return (name for name in sorted(listed.get("names", {}).get("SS", ())) if self._item(f"{account}:{name}"))

    def _item(self, key: str) -> Item | None:
        answer = client("dynamodb").get_item(TableName=self._table, Key={"key": {"S": key}}, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item


def _write(one: Connection) -> str:
    data = {
        "platform": one.platform,
        "token_hash": one.token_hash,
        "address": one.address,
        "mapping": {name: list(values) for name, values in one.mapping.items()},
        "options": dict(one.options),
        "modes": dict(one.modes),
        "acts_from": None if one.acts_from is None else to_ms(one.acts_from),
        "active": one.active,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _write_secret(one: SealedSecret) -> dict[str, Any]:
    until = {} if one.until is None else {"until": {"N": str(to_ms(one.until))}}
    return {"M": {"sealed": {"B": one.sealed}, **until}}


def _read_secret(item: Item) -> SealedSecret:
    until = from_ms(int(item["until"]["N"])) if "until" in item else None
    return SealedSecret(bytes(item["sealed"]["B"]), until)


def _read(account: str, name: str, item: Item) -> Connection:
    form = int(item["v"]["N"])
    if form > FORM:
        raise Newer(f"connection {account}:{name} is stored in form {form}, this program reads up to {FORM}")
    data = json.loads(item["data"]["S"])
    return Connection(
        account=account,
        name=name,
        platform=data["platform"],
        token_hash=data["token_hash"],
        secrets=tuple(_read_secret(one["M"]) for one in item["secrets"]["L"]),
        credentials=bytes(item["credentials"]["B"]),
        address=data["address"],
        mapping={key: tuple(values) for key, values in data["mapping"].items()},
        options=data["options"],
        modes=data["modes"],
        acts_from=None if data["acts_from"] is None else from_ms(data["acts_from"]),
        active=data["active"],
        version=int(item["n"]["N"]),
        hook=bytes(item["hook"]["B"]) if "hook" in item else b"",
    )
