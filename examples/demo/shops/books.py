"""The books of a demo shop: what it knows of each order, return and complaint, and what was done to it from outside.

Everything in them is JSON, so that a stopped demo goes on where it was.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.calls import Reply
from chalicelib.core.instants import parse_instant, show
from examples.demo.letters import Address, Letter
from examples.demo.scenes import Kind

AMOUNT = "49.90"
PAST = timedelta(days=3)
"""How long ago the order was placed that a return or a complaint is about."""
FAST = timedelta(seconds=5)
"""That order was shipped so soon after it was paid that no clock of it is late."""
KEPT = 400
"""Stories in the books of a shop; the oldest are forgotten."""


@dataclass(slots=True)
class Story:
    """One scene as it stands in a shop's books. `known`: happening -> when it happened; `changed`: the last change."""

    number: int
    scene: str
    kind: Kind
    seller: str
    began: datetime
    changed: datetime
    known: dict[str, datetime] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    refunds: list[dict[str, str]] = field(default_factory=list)
    sent: dict[str, Letter] = field(default_factory=dict)

    def learn(self, what: str, at: datetime, now: datetime) -> None:
        """The shop comes to know of a happening. Changes are a second apart, as most platforms date them so."""
        self.known[what] = at
        self.touch(now)

    def touch(self, now: datetime) -> None:
        self.changed = max(second(now), self.changed + timedelta(seconds=1))

    @property
    def ordered(self) -> datetime:
        """When the order was placed and paid: for a return or a complaint that was days ago."""
        return self.known.get("paid", self.began) if self.kind is Kind.ORDER else self.began - PAST

    @property
    def shipped(self) -> datetime | None:
        return self.known.get("shipped") if self.kind is Kind.ORDER else self.ordered + FAST

    def data(self) -> dict[str, Any]:
        return {
            "number": self.number, "scene": self.scene, "kind": self.kind.value, "seller": self.seller,
            "began": show(self.began), "changed": show(self.changed),
            "known": {what: show(at) for what, at in self.known.items()},
            "tags": self.tags, "notes": self.notes, "refunds": self.refunds,
            "sent": {
                what: [letter.topic, base64.b64encode(letter.body).decode()] for what, letter in self.sent.items()
            },
        }  # fmt: skip

    @staticmethod
    def of(data: Mapping[str, Any]) -> "Story":
        """The reverse of `data`. Raises KeyError, ValueError or TypeError."""
        return Story(
            int(data["number"]), data["scene"], Kind(data["kind"]), data["seller"], parse_instant(data["began"]),
            parse_instant(data["changed"]), {what: parse_instant(at) for what, at in data["known"].items()},
            list(data["tags"]), list(data["notes"]), list(data["refunds"]),
            {what: Letter(topic, base64.b64decode(body)) for what, (topic, body) in data["sent"].items()},
        )  # fmt: skip


def second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Request:
    """A call that a shop receives. Header names are in lower case; `path` has the query with it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """How a shop answered a call: what it was about, in words for the view, and whether it changed anything.

    `echo`: a story whose change the shop tells by a webhook of its own, and the happening that it tells.
    """

    reply: Reply
    what: str
    subject: str = ""
    changed: bool = False
    echo: tuple[Story, str] | None = None


class DemoShop:
    """What all demo shops have. A platform adds how it writes its webhooks and answers calls."""

    platform = ""

    def __init__(
        self, name: str, address: Address, credentials: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self.name, self.address, self.credentials, self.now = name, address, credentials, now
        self.books: dict[int, Story] = {}
        self.suspended: set[str] = set()
        self.hooks: dict[int, tuple[str, str]] = {}
        """Webhooks that were made from outside: topic and address. Its own are not among them."""

    def begin(self, number: int, scene: str, kind: Kind, at: datetime) -> Story:
        story = Story(number, scene, kind, self.seller_of(number), second(at), second(at))
        self.books[number] = story
        while len(self.books) > KEPT:
            del self.books[min(self.books)]
        return story

    def newest(self) -> list[Story]:
        """Orders of the books, as a list of a shop begins."""
        found = [story for story in self.books.values() if story.kind is Kind.ORDER]
        return sorted(found, key=lambda story: story.number, reverse=True)

    def webhooks(self, topics: tuple[str, ...]) -> list[tuple[int, str, str]]:
        """Number, topic and address of each: its own of these topics, and those that were made."""
        own = [(number, topic, self.address.url) for number, topic in enumerate(topics, 1)]
        return own + [(number, *made) for number, made in self.hooks.items()]

    def add_webhook(self, topic: str, url: str) -> int:
        number = max(self.hooks, default=100) + 1
        self.hooks[number] = (topic, url)
        return number

    def seller_of(self, number: int) -> str:
        """The seller whose order it is; nothing in a shop that sells by itself."""
        return ""

    def subject(self, story: Story) -> str:
        """The case that Redress keeps of a story, `KIND/ID`."""
        raise NotImplementedError

    def letter(self, story: Story, what: str) -> Letter:
        """The webhook that tells a happening, as of now."""
        raise NotImplementedError

    def garbled(self, story: Story) -> Letter:
        """A webhook that is signed but cannot be read."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answered:
        """The answer to a call of Redress."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a webhook names. None of it may ever be seen in Redress."""

    first: str = "Ada"
    last: str = "Brontë"
    email: str = "ada.bronte@example.org"
    street: str = "12 Demo Lane"


BUYER = Person()
