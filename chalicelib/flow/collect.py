"""The door of queues: platforms that put their messages straight into an SQS queue of ours.

There is one queue for each connection, and its name says which: `STACK_ACCOUNT_CONNECTION` (and `.fifo`). Who may send
to it is the queue's policy, so IAM is the authentication: neither the message nor its attributes say whose it is, but
the queue that Lambda read it from. What is not to be taken fails, and ends among that queue's dead letters.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.instants import from_ms
from chalicelib.flow.log import fault, log
from chalicelib.flow.messages import failures
from chalicelib.flow.receive import receive
from chalicelib.flow.shops import Shops, adapter_of, shop_of
from chalicelib.platforms.base import Collects
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection

VIA = "redress-via"
"""The header that tells `read` which door a delivery came through; over HTTP no adapter keeps it."""


class NotTaken(Exception):
    """A message that this deployment has no use for; the text says why, without any of it."""


def is_collected(event: Mapping[str, Any]) -> bool:
    """Whether Lambda was called for a queue, and not for a request."""
    records = event.get("Records")
    return isinstance(records, list) and bool(records) and records[0].get("eventSource") == "aws:sqs"


class Collect:
    """A batch of messages of such queues in, the failed ones out."""

    def __init__(self, ports: Ports, shops: Shops) -> None:
        self._ports, self._shops = ports, shops

    def __call__(self, event: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
        failed = []
        for record in event["Records"]:
            try:
                self._take(record)
            except Exception as error:
                log("collect_failed", level="error", reason=fault(error), id=record["messageId"])
                failed.append(record["messageId"])
        return failures(failed)

    def _take(self, record: Mapping[str, Any]) -> None:
        connection = self._owner(str(record.get("eventSourceARN", "")))
        adapter = adapter_of(connection)
        if not isinstance(adapter, Collects):
            raise NotTaken(f"{connection.platform} sends to no queue")
        told = _attributes(record.get("messageAttributes") or {})
        refusal = adapter.collected(told, shop_of(connection))
        if refusal is not None:
            raise NotTaken(refusal.reason)
        headers = {header: told[name] for name, header in adapter.attributes.items() if name in told}
        body = str(record.get("body", "")).encode("utf-8", "surrogatepass")
        sent = str((record.get("attributes") or {}).get("SentTimestamp", ""))
        at = from_ms(int(sent)) if sent.isascii() and sent.isdigit() and len(sent) < 15 else self._ports.clock.now()
        ident = receive(self._ports, connection, body, {**headers, VIA: "sqs"}, at)
        log("collected", account=connection.account, connection=connection.name, id=ident, size=len(body))

    def _owner(self, arn: str) -> Connection:
        parts = arn.rsplit(":", 1)[-1].removesuffix(".fifo").rsplit("_", 2)
        found = self._shops.find(parts[1], parts[2]) if len(parts) == 3 else None
        if found is None or not found.active:
            raise NotTaken("no active connection has this queue")
        return found


def _attributes(given: Mapping[str, Any]) -> dict[str, str]:
    """Message attributes of type String; those with a suffix (`String.x`) are none of any platform's that we know."""
    return {
        str(name): str(one["stringValue"])
        for name, one in given.items()
        if isinstance(one, Mapping) and one.get("dataType") == "String" and "stringValue" in one
    }
