"""Telling the world: every escalation goes to the bus, and to each subscriber that asked for its type.

At least once: ids are stable, so telling again is harmless. A subscriber's secret is not opened here; `act` signs.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.channels.cloudevents import Escalation, cloud_event, encode
from chalicelib.core.actions import escape
from chalicelib.core.instants import to_ms
from chalicelib.flow.messages import Post, write_task
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message

KIND = "subscribers"
KEPT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told what. `types`: beginnings of types (`clock.breached`, `penalty`); none takes all."""

    name: str
    url: str
    types: tuple[str, ...] = ()
    active: bool = True
    secrets: bytes = b""

    def wants(self, kind: str) -> bool:
        return self.active and (not self.types or kind.startswith(self.types))


def write_subscription(one: Subscription) -> Mapping[str, Any]:
    sealed = base64.b64encode(one.secrets).decode()
    return {"url": one.url, "types": list(one.types), "active": one.active, "secrets": sealed}


def read_subscription(name: str, data: Mapping[str, Any]) -> Subscription:
    sealed = base64.b64decode(data["secrets"])
    return Subscription(name, data["url"], tuple(data["types"]), data["active"], sealed)


class Teller:
    """Tells escalations of any account."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._kept: dict[str, tuple[datetime, tuple[Subscription, ...]]] = {}

    def tell(self, account: str, escalations: Sequence[Escalation]) -> None:
        """Put them on the bus and queue one post for each subscriber that wants it. Raises what the ports raise."""
        if not escalations:
            return
        events = [(one.type, cloud_event(one)) for one in escalations]
        self._ports.bus.put([event for _, event in events])
        for subscription in self._subscriptions(account):
            wanted = [encode(event).decode() for kind, event in events if subscription.wants(kind)]
            self.post(account, subscription.name, wanted)

    def post(self, account: str, subscriber: str, events: Sequence[str]) -> None:
        """Queue encoded events for one subscriber."""
        if events:
            self._ports.actions.send(
                Message(write_task(Post(account, subscriber, event)), group=account) for event in events
            )

    def unreadable(self, account: str, connection: str, delivery: str, field: str) -> None:
        """A delivery went to quarantine."""
        now = self._ports.clock.now()
        subject = f"connection/{connection}"
        ident = escape(f"{account}:{connection}:{subject}") + "|unreadable|" + escape(delivery)
        self.tell(
            account,
            [
                Escalation(
                    ident,
                    "source.unreadable",
                    account,
                    connection,
                    subject,
                    now,
                    to_ms(now),
                    f"{connection}:{subject}|unreadable",
                    case=f"{connection}:{subject}",
                    reason=field,
                )
            ],
        )

    def _subscriptions(self, account: str) -> tuple[Subscription, ...]:
        now = self._ports.clock.now()
        kept = self._kept.get(account)
        if kept is None or kept[0] + KEPT <= now:
            found = self._ports.records(account).query(KIND)
            kept = self._kept[account] = (now, tuple(read_subscription(one.sort, one.data) for one in found))
        return kept[1]
