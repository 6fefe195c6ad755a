"""From the raw events of Lambda to the plain values that the flow works on, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.flow.messages import failures

Consumer = Callable[[Sequence[tuple[str, str]]], list[str]]


def consume(consumer: Consumer, event: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Run a queue's consumer over an SQS event; only what failed comes again (partial batch response). What came most
    often goes first: where there is no time for all, nothing is left over until it counts as dead."""
    records = sorted(event["Records"], key=_received, reverse=True)
    return failures(consumer([(record["messageId"], record["body"]) for record in records]))


def _received(record: Mapping[str, Any]) -> int:
    return int((record.get("attributes") or {}).get("ApproximateReceiveCount", 1))
