"""What is asked of AWS, and what that is billed as: requests by operation, DynamoDB's units by the sizes of items.

Sizes and units as the developer guide has them: an item is the bytes of its names and values; a write is billed by the
larger of the item before and after, in whole kilobytes, a consistent read in whole 4 KB, each item by itself. An index
is written where its keys change: one unit to come or to go, two to move.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

INDEX_KEYS = ("wake_bucket", "wake_at")
INDEX_ENTRY = 150
"""Bytes of an entry of the wakes index and its overhead, about."""


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
    """Counts what these clients are asked, while it is on."""

    def __init__(self, clients: Iterable[Any]) -> None:
        self.calls: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self._items: dict[str, Mapping[str, Any]] = {}
        self._on = True
        for client in clients:
            client.meta.events.register("provide-client-params.*.*", self._asked)

    @contextmanager
    def off(self) -> Iterator[None]:
        self._on, was = False, self._on
        yield
        self._on = was

    def reset(self) -> None:
        self.calls.clear()
        self.units.clear()

    def _asked(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        operation = model.name
        before = self._items.get(_key(params)) if operation == "PutItem" else None
        if operation == "PutItem":
            self._items[_key(params)] = params["Item"]
        if not self._on:
            return
        self.calls[f"{model.service_model.service_name}:{operation}"] += 1
        if operation == "PutItem":
            item = params["Item"]
            size = max(item_bytes(item), item_bytes(before) if before else 0)
            self.units[f"write {params['TableName']}"] += -(-size // 1024)
            self.units["write wakes index"] += _moved(before or {}, item)
        elif operation == "UpdateItem":
            self.units[f"write {params['TableName']}"] += 1
        elif operation == "GetItem":
            self.units[f"read {params['TableName']}"] += 1
        elif operation == "BatchGetItem":
            for table, wanted in params["RequestItems"].items():
                self.units[f"read {table}"] += len(wanted["Keys"])


def _key(params: Mapping[str, Any]) -> str:
    item = params["Item"]
    return f"{params['TableName']} {item['key']} {item.get('sort')}"


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    old, new = (tuple(one.get(name, {}).get("S") for name in INDEX_KEYS) for one in (before, after))
    return 0 if old == new else (old[0] is not None) + (new[0] is not None)
