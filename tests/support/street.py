"""A shop and a subscriber beside a running Redress, for the tests that go through the network."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.aws.clients import forget
from chalicelib.bootstrap import AwsPorts
from chalicelib.cli._local import ports_of
from chalicelib.connections.connect import Request, connect
from chalicelib.core.words import MARKS
from chalicelib.ops import subscribers
from chalicelib.ports.clock import SystemClock
from chalicelib.ports.ports import Ports
from examples.demo.feed import Called, Feed, Sent, Told
from examples.demo.letters import Address, Letter, Post
from examples.demo.scenes import How, Kind
from examples.demo.server import ALERTS, HOST, Storefront
from examples.demo.shops.books import Story
from examples.demo.shops.standard import StandardShop
from examples.demo.stage import Stage
from infra.local import LocalEngine
from infra.stack import Outputs

ALERTS_SECRET = "whsec_" + "ZWlnaHQtYW5kLXR3ZW50eS1ieXRlcy1vZi1hLXRlc3Q="
TRIES = 5
PATIENCE = 120.0
"""Seconds until something is taken for never coming; a slow machine is no failure."""

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Policies are in force from then on: real orders of years past are judged by them too."""

QUICK = """
policy: quick
calendar: UTC
rules:
  - id: ship-by
    title: {zh: 六秒内发货, en: Ship within 6 seconds}
    applies_to: order
    clock: {start: order.paid, stop: [order.shipped], void: [order.cancelled], limit: {seconds: 6}}
    steps:
      - {id: half, at: 50%, do: [remind_seller]}
      - {id: breach, at: due, do: [{alert: {severity: error}}, {tag: late-shipping}]}
      - {id: penalty, at: due + 3s, do: [{penalise: {code: late-shipping, points: 2}}, suspend]}
"""


def eventually(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"never came true: {what}")


def deliver(letter: Letter, to: Address, now: Callable[[], datetime]) -> int:
    """Send a webhook, again where the answer is 5xx, as senders do: a busy machine may start a function too slowly."""
    status = 0
    for _ in range(TRIES):
        status = Post(local=True).send(letter, to, How.ONCE, now())
        if 0 < status < 500:
            break
    return status


@dataclass
class Street:
    """The shop with its books, and all that it and the subscriber have seen."""

    shop: StandardShop
    stage: Stage
    storefront: Storefront
    feed: Feed
    clock: SystemClock
    told: list[Told] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)

    def look(self) -> None:
        for entry in self.feed.drain():
            if isinstance(entry, Told):
                self.told.append(entry)
            elif isinstance(entry, Called):
                self.calls.append(entry)
            else:
                assert isinstance(entry, Sent)

    def begin(self, number: int, at: datetime | None = None) -> Story:
        return self.shop.begin(number, "none", Kind.ORDER, at or self.clock.now())

    def happens(self, story: Story, what: str, at: datetime) -> int:
        """A happening enters the books, and its webhook leaves; the status of the answer."""
        story.learn(what, at, self.clock.now())
        return deliver(self.shop.letter(story, what), self.shop.address, self.clock.now)

    def events(self, story: Story) -> list[Mapping[str, Any]]:
        """What the subscriber was told of a story, in order of sequence."""
        self.look()
        subject = self.shop.subject(story)
        found = [one.event for one in self.told if one.event and one.event["subject"] == subject]
        return sorted(found, key=lambda event: int(event["data"]["sequence"]))

    def kinds(self, story: Story) -> set[str]:
        return {str(event["type"]).removeprefix("redress.") for event in self.events(story)}

    def penalties(self, story: Story) -> set[str]:
        """What became of penalties against the story's seller."""
        self.look()
        events = [one.event for one in self.told if one.event and one.event["data"].get("seller") == story.seller]
        kinds = [str(event["type"]).removeprefix("redress.") for event in events]
        return {kind.removeprefix("penalty.") for kind in kinds if kind.startswith("penalty.")}

    def changes(self, story: Story) -> list[str]:
        """What Redress changed in the shop, in order."""
        self.look()
        return [call.what for call in self.calls if call.subject == self.shop.subject(story) and call.changed]


@contextmanager
def ports_on(engine: LocalEngine, outputs: Outputs) -> Iterator[AwsPorts]:
    """Ports on an engine. The environment speaks of it only for so long: other tests have another one."""
    before = dict(os.environ)
    forget()
    try:
        yield ports_of(outputs, engine.endpoint)
    finally:
        os.environ.clear()
        os.environ.update(before)
        forget()


def open_street(ports: Ports, hook_url: str, street: Street) -> None:
    """Connect the street's shop, which acts, and its subscriber."""
    base, shop = f"http://{HOST}:{street.storefront.port}", street.shop
    options = {"actions_url": f"{base}/{shop.name}/actions", "look_url": f"{base}/{shop.name}/look"}
    made = connect(
        ports, "main", Request(shop.name, "standard", options=options, modes={"all": "act"}), hook_url, MARKS
    )
    shop.address = Address("standard", made.url, base, made.secret)
    subscribers.add(ports, "main", "alerts", base + ALERTS, secret=ALERTS_SECRET)


@contextmanager
def new_street() -> Iterator[Street]:
    """A shop and a subscriber on loopback, not connected yet."""
    clock, feed = SystemClock(), Feed()
    shop = StandardShop("corner", Address("standard", "", "", ALERTS_SECRET), {}, clock.now)
    stage = Stage([shop], Post(local=True), feed, clock.now)
    with Storefront(stage, feed, ALERTS_SECRET, clock.now) as storefront:
        yield Street(shop, stage, storefront, feed, clock)
