"""The bus of escalations on EventBridge. An event's source and type become the entry's, so that rules can match them;
the detail is the whole CloudEvent. Like a queue's batch, the answer is read entry by entry.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.aws.clients import client
from chalicelib.ports.keys import batches
from chalicelib.ports.stores import QueueFailed

BATCH = 10
BYTES = 240 * 1024
"""Of one PutEvents, kept under its limit of 256 KB."""


class EventBus:
    """One bus, by name or ARN."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def put(self, events: Sequence[Mapping[str, Any]]) -> None:
        entries = [self._entry(event) for event in events]
        left: list[str] = []
        for batch in batches(((one, _size(one)) for one in entries), BATCH, BYTES):
            failed = _put(batch)
            if failed:
                failed = _put([entry for entry, _ in failed])
            left += [reason for _, reason in failed]
        if left:
            raise QueueFailed(f"{len(left)} of {len(entries)} events were not taken: {', '.join(sorted(set(left)))}")

    def _entry(self, event: Mapping[str, Any]) -> dict[str, str]:
        detail = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return {"EventBusName": self._name, "Source": event["source"], "DetailType": event["type"], "Detail": detail}


def _size(entry: Mapping[str, str]) -> int:
    return sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


def _put(entries: Sequence[dict[str, str]]) -> list[tuple[dict[str, str], str]]:
    """The entries that were not taken, with the reason's code. The answer has one result an entry, in their order."""
    answer = client("events").put_events(Entries=entries)
    if not answer.get("FailedEntryCount"):
        return []
    results = zip(entries, answer["Entries"], strict=True)
    return [(entry, result["ErrorCode"]) for entry, result in results if result.get("ErrorCode")]
