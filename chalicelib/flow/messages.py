"""The messages on the queues, as small JSON texts. A message never carries authority: it says where to look, or
brings what was received; all decisions are made from the stored case."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.case import CaseId
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import from_ms, to_ms
from chalicelib.core.wire import write_event
from chalicelib.ports.keys import MAX_BODY, batches

INLINE_BYTES = 150_000
"""A larger body goes to the blob store and travels as a pointer (a message may hold 256 KB in all)."""
KEYS = Subject("connection", "keys")
"""What to look at, to have the keys fetched anew that a platform publishes."""
_dumps = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Received:
    """An authentic delivery on its way to `apply`. `blob`: where the body lies, if not here."""

    account: str
    connection: str
    id: str
    received_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Events in wire form that a look brought back, on their way to `apply`."""

    account: str
    connection: str
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Have a look taken; for the door, which may write to no other queue than the inbox."""

    account: str
    connection: str
    subject: Subject


def write_ask(message: Ask) -> str:
    ask = [message.subject.kind, message.subject.id]
    return _dumps({"a": message.account, "c": message.connection, "ask": ask})


def write_received(message: Received) -> str:
    data: dict[str, Any] = {
        "a": message.account,
        "c": message.connection,
        "id": message.id,
        "at": to_ms(message.received_at),
        "h": dict(message.headers),
    }
    if message.blob:
        return _dumps({**data, "k": message.blob})
    # Nothing in base64 needs an escape, and looking for one in all of it costs more than all the rest.
    return f'{_dumps(data)[:-1]},"b":"{base64.b64encode(message.body).decode()}"}}'


def write_told(account: str, connection: str, events: Iterable[Event]) -> str:
    (body,) = write_all_told(account, connection, events)
    return body


def write_all_told(account: str, connection: str, events: Iterable[Event], most: int = 100) -> list[str]:
    """As many messages as it takes: of `most` events each at most, and of no more bytes than a queue takes."""
    head = _dumps({"a": account, "c": connection})[:-1] + ',"events":['
    told = ((text, len(text) + 1) for text in (_dumps(write_event(event)) for event in events))
    return [f"{head}{','.join(some)}]}}" for some in batches(told, most, MAX_BODY - len(head) - 2)]


def read_inbox(text: str) -> Received | Told | Ask:
    data = json.loads(text)
    if "ask" in data:
        return Ask(data["a"], data["c"], Subject(*data["ask"]))
    if "events" in data:
        return Told(data["a"], data["c"], tuple(data["events"]))
    body = base64.b64decode(data["b"]) if "b" in data else b""
    return Received(data["a"], data["c"], data["id"], from_ms(data["at"]), data["h"], body, data.get("k", ""))


def group_of(account: str, connection: str) -> str:
    """The group in which a store's messages share a queue with all others, so that its flood delays no other store."""
    return f"{account}:{connection}"


def write_wake(case_id: CaseId, wake_at: datetime | None) -> str:
    """Look at a case because its `wake_at` has come; None: whatever it waits for, because its rules have changed."""
    return _dumps({"case": str(case_id), "at": to_ms(wake_at) if wake_at else None})


def read_wake(text: str) -> tuple[CaseId, datetime | None]:
    data = json.loads(text)
    return CaseId.parse(data["case"]), None if data["at"] is None else from_ms(data["at"])


@dataclass(frozen=True, slots=True)
class Act:
    """Carry out one action of a case."""

    case_id: CaseId
    key: str


@dataclass(frozen=True, slots=True)
class LookAt:
    """Ask the platform about a subject; the answer goes to the inbox."""

    account: str
    connection: str
    subject: Subject
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """Send one escalation to one subscriber. `not_before`: for waits longer than a queue can delay."""

    account: str
    subscriber: str
    event: str
    attempt: int = 0
    not_before: datetime | None = None


def write_task(task: Act | LookAt | Post) -> str:
    data: dict[str, Any]
    if isinstance(task, Act):
        data = {"case": str(task.case_id), "key": task.key}
    elif isinstance(task, LookAt):
        data = {
            "a": task.account,
            "c": task.connection,
            "look": [task.subject.kind, task.subject.id],
            "n": task.attempt,
        }
    else:
        at = to_ms(task.not_before) if task.not_before else None
        data = {"a": task.account, "post": task.subscriber, "event": task.event, "n": task.attempt, "at": at}
    return _dumps(data)


def read_task(text: str) -> Act | LookAt | Post:
    data = json.loads(text)
    if "key" in data:
        return Act(CaseId.parse(data["case"]), data["key"])
    if "look" in data:
        return LookAt(data["a"], data["c"], Subject(*data["look"]), data["n"])
    at = from_ms(data["at"]) if data["at"] is not None else None
    return Post(data["a"], data["post"], data["event"], data["n"], at)


def failures(failed: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """The partial batch response: only these messages come again."""
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
