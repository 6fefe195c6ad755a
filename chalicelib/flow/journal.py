"""The journal read back: the evidence that it alone gives of some cases, so that it can be compared with what the cases
hold. Memory is bounded by the part of the cases that is asked for; the whole journal is read for each part."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.core.evidence import NOTHING, Evidence, join, merge
from chalicelib.core.wire import read_event
from chalicelib.core.words import Vocabulary
from chalicelib.flow.rulebook import Rulebook
from chalicelib.flow.shelves import lines_of, objects
from chalicelib.ports.keys import shard_of
from chalicelib.ports.ports import Ports

DAY = timedelta(days=1)


@dataclass(slots=True)
class Told:
    """What the journal of an account tells of the cases whose key falls into one of `parts`."""

    account: str
    part: int
    parts: int
    evidence: dict[str, Evidence] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def lacks(self, case: Case) -> bool:
        """Whether the case holds anything that the journal does not tell. It may tell more: a case that is full."""
        if shard_of(str(case.id), self.parts) != self.part:
            return False
        told = self.evidence.get(str(case.id), NOTHING)
        return join(told, case.evidence) != told

    def read(self, ports: Ports, days: Sequence[str] = ("",)) -> None:
        """Read what it says of these days (`2026-11-20`; "": of all), but for what was read before. Raises ValueError
        for a line that is none."""
        words, recent = Rulebook(ports).get(self.account).words, min(_recent(ports))
        for key in (key for day in days for key in objects(ports, self.account, day)):
            if key in self._known:
                continue
            for line in lines_of(ports, key):
                self._take(json.loads(line), words)
            if key.split("/")[2] >= recent:
                self._known.add(key)

    def catch_up(self, ports: Ports) -> None:
        """Read what was written since. All of that carries today's date, or that of the day before."""
        self.read(ports, _recent(ports))

    def _take(self, data: dict[str, Any], words: Vocabulary) -> None:
        subject = Subject(data["subject"]["kind"], data["subject"]["id"])
        case = str(CaseId(self.account, data.pop("connection"), subject))
        if shard_of(case, self.parts) == self.part:
            self.evidence[case] = merge(self.evidence.get(case, NOTHING), read_event(data, words))


def _recent(ports: Ports) -> tuple[str, str]:
    now = ports.clock.now()
    return f"{now - DAY:%Y-%m-%d}", f"{now:%Y-%m-%d}"


def is_short(ports: Ports, account: str, most: int) -> bool:
    """Whether the journal of an account has at most so many objects."""
    return sum(1 for _ in islice(objects(ports, account), most + 1)) <= most


def told_of(ports: Ports, account: str, part: int = 0, parts: int = 1) -> Told:
    """Read the journal of an account. Raises ValueError for a line that is none."""
    told = Told(account, part, parts)
    told.read(ports)
    return told
