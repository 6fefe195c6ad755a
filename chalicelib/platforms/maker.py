"""Events under way: facts read after their declared types, events numbered so that each id is unique and stable.

Must never let through what the wire would refuse: a value that does not fit its fact's type is left out and named.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject, Version
from chalicelib.core.facts import ID_BYTES, read_fact, read_money
from chalicelib.core.instants import to_ms
from chalicelib.core.words import FACTS, FactType

_LONGEST_ID = 190


class Facts:
    """Facts of one event."""

    def __init__(self) -> None:
        self.values: dict[str, FactValue | None] = {}
        self.dropped: list[str] = []

    def put(self, name: str, value: object) -> None:
        """A fact; nothing for None and for empty text, which say nothing."""
        if value is None or value == "":
            return
        try:
            self.values[name] = _read(FACTS[name].type, value)
        except ValueError:
            self.dropped.append(name)

    def told(self, name: str, value: object) -> None:
        """As `put`, where None is itself a statement: there is none (any more)."""
        if value is None:
            self.values[name] = None
        else:
            self.put(name, value)


def _read(kind: FactType, value: object) -> FactValue:
    if kind is FactType.MONEY and isinstance(value, Decimal):
        return read_money(f"{value:f}")
    if kind is FactType.INSTANT and isinstance(value, date):
        return value
    return read_fact(kind, " ".join(value.split()) if isinstance(value, str) else value)


class Maker:
    """Makes the events of one delivery or one look."""

    def __init__(self, source_id: str, reading: int, look: bool = False) -> None:
        self._source_id, self._reading, self._look = source_id[:_LONGEST_ID], reading, look
        self.events: list[Event] = []

    def add(
        self,
        subject: Subject,
        version: Version,
        occurred_at: datetime,
        marks: Iterable[Mark] = (),
        facts: Facts | None = None,
        links: Iterable[Link] = (),
        whole: Iterable[str] = (),
        source: str = "platform",
    ) -> None:
        """One more event; nothing where it would say nothing, or where the subject's id is longer than ids may be."""
        marks, links, whole = tuple(marks), tuple(links), frozenset(whole)
        values: Mapping[str, FactValue | None] = facts.values if facts else {}
        if not (marks or values or links or whole) or len(subject.id.encode()) > ID_BYTES or not subject.id:
            return
        self.events.append(
            Event(
                f"{self._source_id}:{len(self.events)}", subject, occurred_at, version, source, self._look,
                self._reading, tuple(map(_fitting, marks)), values, whole, links, tuple(facts.dropped) if facts else (),
            )
        )  # fmt: skip

    def done(self) -> tuple[Event, ...]:
        return tuple(self.events)


def _fitting(mark: Mark) -> Mark:
    """A sum may leave the range in which money is told; the mark stands without it."""
    if mark.value is None:
        return mark
    try:
        read_money(f"{mark.value:f}")
    except ValueError:
        return Mark(mark.name, mark.at, mark.of, mark.version)
    return mark


def look_id(platform: str, subject: Subject, version: datetime, *answers: bytes) -> str:
    """Equal answers give equal ids; another answer of the same version is another event."""
    digest = hashlib.sha256(b"\0".join(answers)).hexdigest()[:16]
    return f"{platform}:look:{to_ms(version)}:{digest}:{subject}"
