"""Evidence: what the world said about one case, as a join of registers (DESIGN law 2).

`merge` is commutative, associative and idempotent: any order, repetition or grouping of a history ends in equal
evidence. Each (mark, `of`) and each (fact, source) is one register that keeps the value with the greatest stamp.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from chalicelib.core.events import Event, FactValue, Link, Version
from chalicelib.core.instants import show, to_ms
from chalicelib.core.words import SOURCES

Order: TypeAlias = tuple[int, int, bool, int]
"""Kind of version (0 integer, 1 instant), its number, a look before a push, the adapter's reading number."""


def order_of(version: Version, look: bool, reading: int) -> Order:
    """The part of a stamp that compares within one source."""
    if isinstance(version, datetime):
        return (1, to_ms(version), look, reading)
    return (0, version, look, reading)


def canonical(value: FactValue | None) -> str:
    """One text for one value; the last resort that makes the choice between equal stamps the same everywhere."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "b:1" if value else "b:0"
    if isinstance(value, Decimal):
        # Not normalized, which would round a number of many digits.
        text = f"{value:f}" if value else "0"
        return f"n:{text.rstrip('0').rstrip('.') if '.' in text else text}"
    if isinstance(value, datetime):
        return f"t:{show(value)}"
    if isinstance(value, date):
        return f"d:{value.isoformat()}"
    return f"s:{value}"


class MarkRegister(NamedTuple):
    """The winning statement about one (mark, `of`). `at` None: taken back."""

    at: datetime | None
    value: Decimal | None
    source: str
    order: Order

    def beats(self, other: "MarkRegister") -> bool:
        """Whether its stamp is the greater: rank first, because versions of different sources do not compare."""
        if self.source != other.source:
            return SOURCES[self.source] > SOURCES[other.source]
        if self.order != other.order:
            return self.order > other.order
        return (canonical(self.at), canonical(self.value)) > (canonical(other.at), canonical(other.value))


class FactRegister(NamedTuple):
    """The winning statement of one source about one fact. `value` None: that source says nothing any more."""

    value: FactValue | None
    order: Order

    def beats(self, other: "FactRegister") -> bool:
        """Whether its stamp is the greater."""
        if self.order != other.order:
            return self.order > other.order
        return canonical(self.value) > canonical(other.value)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All registers of a case. `wholes`: as of which order a source listed every live occurrence of a mark."""

    marks: Mapping[tuple[str, str], MarkRegister] = field(default_factory=dict)
    facts: Mapping[tuple[str, str], FactRegister] = field(default_factory=dict)
    wholes: Mapping[tuple[str, str], Order] = field(default_factory=dict)
    links: frozenset[Link] = frozenset()

    def live(self, name: str, register: MarkRegister) -> bool:
        """False for a mark that was taken back, or left out of a later full list of its source."""
        if register.at is None:
            return False
        floor = self.wholes.get((name, register.source))
        return floor is None or register.order >= floor


NOTHING = Evidence()


def merge(evidence: Evidence, event: Event) -> Evidence:
    """The evidence after one more event."""
    return merge_all(evidence, (event,))


def merge_all(evidence: Evidence, events: Iterable[Event]) -> Evidence:
    """The evidence after all the events, in any order."""
    marks, facts = dict(evidence.marks), dict(evidence.facts)
    wholes, links = dict(evidence.wholes), set(evidence.links)
    for event in events:
        source, order = event.source, order_of(event.version, event.look, event.reading)
        for name, at, of, version, value in event.marks:
            own = order
            if version is not None:
                own = order_of(version, event.look, event.reading)
                # A list vouches for what it lists as of its own version, however old the occurrence itself is.
                if name in event.whole and own < order:
                    own = order
            mark, held = MarkRegister(at, value, source, own), marks.get((name, of))
            if held is None or mark.beats(held):
                marks[name, of] = mark
        for name, said in event.facts.items():
            key = name, source
            told = facts.get(key)
            # What is older loses, whatever it says: most statements are the newest of their source, or older.
            if told is None or order > told.order:
                facts[key] = FactRegister(said, order)
            elif order == told.order:
                fact = FactRegister(said, order)
                if fact.beats(told):
                    facts[key] = fact
        for name in event.whole:
            floor = wholes.get((name, source))
            if floor is None or floor < order:
                wholes[name, source] = order
        if event.links:
            links.update(event.links)
    return Evidence(marks, facts, wholes, frozenset(links))


def join(one: Evidence, other: Evidence) -> Evidence:
    """Two evidences of the same case united; `merge` is this with the evidence of a single event."""
    marks, facts, wholes = dict(one.marks), dict(one.facts), dict(one.wholes)
    for key, register in other.marks.items():
        if key not in marks or register.beats(marks[key]):
            marks[key] = register
    for key, fact in other.facts.items():
        if key not in facts or fact.beats(facts[key]):
            facts[key] = fact
    for key, floor in other.wholes.items():
        if key not in wholes or wholes[key] < floor:
            wholes[key] = floor
    return Evidence(marks, facts, wholes, one.links | other.links)
