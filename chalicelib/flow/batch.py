"""From the raw events of Lambda to the plain values that the flow works on, and back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.flow.messages import failures

Consumer = Callable[[Sequence[tuple[str, str]]], list[str]]


def consume(consumer: Consumer, event: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Run a queue's consumer over an SQS event; only what failed comes again (partial batch response)."""
    return failures(consumer([(record["messageId"], record["body"]) for record in event["Records"]]))
