"""An event: what a delivery, or a look, says about one subject, in our vocabulary.

Events are statements, never commands. They carry no receipt time: a body without an instant asserts nothing.
They are named tuples: a long history makes millions of them, and a frozen dataclass takes four times as long to make.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

Version: TypeAlias = datetime | int
"""An instant or a non-negative integer; versions compare only within a source."""

FactValue: TypeAlias = str | Decimal | datetime | date | bool
"""Codes and ids are text, money and numbers Decimal, instants aware UTC, a date alone a date, flags bool."""


class Subject(NamedTuple):
    """What an event is about: a kind of `words.KINDS` and the platform's id in its one canonical form."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


class Mark(NamedTuple):
    """A named instant. `at` None takes back; `of` tells pieces or rounds apart; `version` None means the event's."""

    name: str
    at: datetime | None
    of: str = ""
    version: Version | None = None
    value: Decimal | None = None


class Link(NamedTuple):
    """A related subject, such as the basket that an order was split from."""

    rel: str
    kind: str
    id: str


class Event(NamedTuple):
    """One statement. `facts` values of None take back. `whole` names marks whose every live occurrence is listed.

    `look`: the platform was asked, so it beats a push of the same version. `reading`: number of the adapter's way of
    reading, so that a replay after a fix beats the first reading of the same body.
    """

    id: str
    subject: Subject
    occurred_at: datetime
    version: Version
    source: str = "platform"
    look: bool = False
    reading: int = 0
    marks: tuple[Mark, ...] = ()
    facts: Mapping[str, FactValue | None] = MappingProxyType({})
    whole: frozenset[str] = frozenset()
    links: tuple[Link, ...] = ()
    dropped: tuple[str, ...] = ()
    """Names that nobody declared, for the counters."""
