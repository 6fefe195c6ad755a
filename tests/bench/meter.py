"""What is asked of AWS, and what that is billed as: requests by operation, DynamoDB's units by the sizes of items.

Sizes and units as the developer guide has them: an item is the bytes of its names and values; a write is billed by the
larger of the item before and after, in whole kilobytes, a consistent read in whole 4 KB, each item by itself. An index
is written where its keys change: one unit to come or to go, two to move. A queue bills each 64 KB of a request.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import process_time
from typing import Any

INDEX_KEYS = ("wake_bucket", "wake_at")
CHUNK = 65_536


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item as DynamoDB counts it."""
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def _bytes(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "B":
        return len(held)
    return len(held) // 2 + 2 if kind == "N" else len(str(held))


class Meter:
    """Counts what these clients are asked, while it is on; and keeps what they sent and wrote, for whom it is meant."""

    def __init__(self, clients: Iterable[Any]) -> None:
        self.calls: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self.sizes: list[int] = []
        """Bytes of each case that was written."""
        self.sent: dict[str, list[str]] = defaultdict(list)
        """Bodies by the name of their queue."""
        self.written: list[tuple[Mapping[str, Any] | None, Mapping[str, Any]]] = []
        """Cases before and after, as the table's stream would bring them."""
        self.answering = 0.0
        """Seconds of CPU that the stand-in for AWS took, which are none of ours."""
        self._items: dict[str, Mapping[str, Any]] = {}
        self._on = True
        self._began = 0.0
        for client in clients:
            client.meta.events.register("provide-client-params.*.*", self._asked)
            client.meta.events.register_first("before-send", self._begin)
            client.meta.events.register_last("before-send", self._end)

    @contextmanager
    def off(self) -> Iterator[None]:
        self._on, was = False, self._on
        yield
        self._on = was

    def reset(self) -> None:
        self.calls.clear()
        self.units.clear()
        self.sizes.clear()

    def take(self, queue: str, most: int = 10) -> list[str]:
        """The oldest bodies that were sent to a queue, which lie there no more."""
        taken, self.sent[queue] = self.sent[queue][:most], self.sent[queue][most:]
        return taken

    def _begin(self, **_: Any) -> None:
        self._began = process_time()

    def _end(self, **_: Any) -> None:
        self.answering += process_time() - self._began

    def _asked(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        operation, calls, units = model.name, Counter[str](), Counter[str]()
        about = params.get("TableName", "")
        if operation == "PutItem":
            self._put(params, units)
        elif operation in ("UpdateItem", "DeleteItem"):
            units[f"write {about}"] += 1
        elif operation == "GetItem":
            units[f"read {about}"] += 1
        elif operation == "BatchGetItem":
            for about, wanted in params["RequestItems"].items():
                units[f"read {about}"] += len(wanted["Keys"])
        elif operation == "Query":
            # Half a unit for the eventually consistent read of an index with little in it, one for a table.
            units[f"read {about}"] += 1
        elif operation == "SendMessageBatch":
            about = params["QueueUrl"].rpartition("/")[2]
            bodies = [entry["MessageBody"] for entry in params["Entries"]]
            self.sent[about] += bodies
            units["queue"] += -(-sum(len(body.encode()) for body in bodies) // CHUNK)
            units["fair"] += any("MessageGroupId" in entry for entry in params["Entries"])
        calls[f"{model.service_model.service_name}:{operation} {about}".strip()] += 1
        if self._on:
            self.calls.update(calls)
            self.units.update({name: count for name, count in units.items() if count})

    def _put(self, params: Mapping[str, Any], units: Counter[str]) -> None:
        table, item = params["TableName"], params["Item"]
        key = f"{table} {item['key']} {item.get('sort')}"
        before, self._items[key] = self._items.get(key), item
        size = max(item_bytes(item), item_bytes(before) if before else 0)
        units[f"write {table}"] += -(-size // 1024)
        units["write index"] += _moved(before or {}, item)
        if table == "cases":
            self.written.append((before, item))
            if self._on:
                self.sizes.append(item_bytes(item))


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    old, new = (tuple(one.get(name, {}).get("S") for name in INDEX_KEYS) for one in (before, after))
    return 0 if old == new else (old[0] is not None) + (new[0] is not None)
