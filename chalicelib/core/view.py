"""What a rule sees of the evidence at an instant: live marks that are not dated later, and the value of each fact
from its highest-ranked source (DESIGN law 2 and the status table)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from chalicelib.core.events import FactValue
from chalicelib.core.evidence import Evidence
from chalicelib.core.words import SOURCES

_BY_RANK = sorted(SOURCES, key=lambda source: -SOURCES[source])


class Seen(NamedTuple):
    """One live occurrence of a mark."""

    at: datetime
    of: str
    value: Decimal | None


class View:
    """Evidence as of `now`, indexed for the clocks. Made anew for each evaluation, never stored."""

    __slots__ = ("_evidence", "next_unseen", "now", "seen")

    def __init__(self, evidence: Evidence, now: datetime) -> None:
        self.now = now
        self._evidence = evidence
        self.seen: dict[str, list[Seen]] = {}
        """The occurrences of each mark that has any, in order of time."""
        self.next_unseen: datetime | None = None
        """The earliest instant at which a mark dated later comes into sight."""
        listed = bool(evidence.wholes)
        found = self.seen
        for (name, of), register in evidence.marks.items():
            at = register.at
            if at is None or (listed and not evidence.live(name, register)):
                continue
            if at > now:
                if self.next_unseen is None or at < self.next_unseen:
                    self.next_unseen = at
                continue
            held = found.get(name)
            if held is None:
                found[name] = [Seen(at, of, register.value)]
            else:
                held.append(Seen(at, of, register.value))
        for seen in found.values():
            if len(seen) > 1:
                seen.sort(key=lambda one: (one.at, one.of))

    def as_of(self, now: datetime) -> "View":
        """The same evidence as of another instant."""
        return View(self._evidence, now)

    def marks(self, name: str, of: str | None = None) -> list[Seen]:
        """The occurrences in order of time; with `of`, those of that occurrence and those that name none."""
        seen = self.seen.get(name, [])
        if of is None:
            return seen
        return [one for one in seen if one.of in ("", of)]

    def fact(self, name: str) -> FactValue | None:
        """The value that the highest-ranked source gives, or None."""
        return fact_of(self._evidence, name)


def fact_of(evidence: Evidence, name: str) -> FactValue | None:
    """The value of a fact that the highest-ranked source gives, or None. Facts are not dated."""
    facts = evidence.facts
    for source in _BY_RANK:
        register = facts.get((name, source))
        if register is not None and register.value is not None:
            return register.value
    return None
