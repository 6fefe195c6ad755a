"""Who changed what: one record for each call that changes state, written before the change and completed after it, so
that no change can go unrecorded. It holds names and settings, never a secret."""

import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.flow.log import fault, log
from chalicelib.ports.ports import Ports

KIND = "audit"
DAY = 86_400_000
"""Milliseconds."""
_ORDER = count()
"""Orders what one process records within a millisecond; the rest of the key tells processes apart."""


@contextmanager
def journalled(ports: Ports, account: str, actor: str, what: str, on: str, **detail: Any) -> Iterator[dict[str, Any]]:
    """Record that `actor` does `what` on `on`. The yielded mapping takes what is only known afterwards."""
    at = to_ms(ports.clock.now())
    sort = f"{at:013d}-{next(_ORDER):06d}-{secrets.token_hex(4)}"
    entry = {"actor": actor, "what": what, "on": on, "at": at, "detail": detail, "outcome": "begun"}
    records = ports.records(account)
    records.put(KIND, sort, entry, expected=0)
    learnt: dict[str, Any] = {}
    try:
        yield learnt
    except Exception as error:
        records.put(KIND, sort, {**entry, "outcome": "failed", "reason": type(error).__name__})
        log("ops_failed", level="warning", account=account, key=actor, action=what, reason=fault(error))
        raise
    records.put(KIND, sort, {**entry, "detail": {**detail, **learnt}, "outcome": "done"})
    log("ops_done", account=account, key=actor, action=what)


def entries(ports: Ports, account: str, limit: int = 100, what: str = "", on: str = "") -> list[Mapping[str, Any]]:
    """The newest `limit` entries, newest first; `what` and `on` are beginnings to look for. Looks back a day, then
    eight times as far and so on, until there are enough."""
    records, now, span = ports.records(account), to_ms(ports.clock.now()), DAY
    while True:
        begin = max(0, now - span)
        newest: deque[Mapping[str, Any]] = deque(maxlen=limit)
        for record in records.query(KIND, after=f"{begin:013d}"):
            if record.data["what"].startswith(what) and record.data["on"].startswith(on):
                newest.append({**record.data, "id": record.sort, "at": show(from_ms(record.data["at"]))})
        if len(newest) == limit or begin == 0:
            return list(reversed(newest))
        span *= 8
